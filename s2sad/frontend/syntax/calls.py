"""Calls: functions with a rule, builtins, classes, closures, methods, and the user's own functions.

A user's function becomes a function of the emitted module, one for each signature. It is lowered in the place of the
call instead where it takes or gives what has no value at run time (a function, a generator), changes a list or object
that it is given, or is a closure or a method.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NoReturn

import gast
import numpy as np

from s2sad.errors import RuleError, UnsupportedCall, UnsupportedType
from s2sad.frontend.context import Back, CalleeNeedsStatic, NeedsStatic
from s2sad.frontend.dependencies import Variable
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import MethodCall, is_pure, meaning_of, method_of
from s2sad.frontend.syntax.linear_calls import call_forward, call_linear, value_and_linear
from s2sad.frontend.terms.cells import Evaluated
from s2sad.frontend.terms.frames import Frame
from s2sad.frontend.terms.terms import (
    Choice,
    Closure,
    Derived,
    Linear,
    Method,
    Partial,
    Record,
    Ref,
    Term,
    describe,
    is_array,
    is_static,
    static_value,
)
from s2sad.ir.containers import UNDEFINED
from s2sad.ir.definition import definition_of
from s2sad.ir.marks import AtPoint, Forward, Operator, as_inside, is_derivative, mark_of
from s2sad.ir.objects import LIBRARIES, is_user_class
from s2sad.ir.primitive import lookup
from s2sad.ir.primitives.effects import FORMAT_METHOD
from s2sad.ir.types import BOTTOM, ArrayType, StaticType, is_namedtuple, leaves
from s2sad.ir.user_rules import BlackBox, Custom, plain_box
from s2sad.ir.values import Constant, Operand, Value, constant


class Calls(Lowering):
    """Lowers calls."""

    def _eval_Call(self, node: gast.Call, hint: str | None) -> Term:
        function = self.eval(node.func)
        arguments = self.items_of(node.args)
        keywords: dict[str, Term] = {}
        for k in node.keywords:
            if k.arg is not None:
                keywords[k.arg] = self.eval(k.value)
                continue
            more = self.open(self.eval(k.value))
            if not isinstance(more, dict):
                self.refuse(node, "** of something that is no dict known at compile time")
            keywords.update(more)
        return self.call(function, arguments, keywords, node, hint)

    def call(
        self, function: Term, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        function = self.given(function)
        match function:
            case Value(type=t) if t == BOTTOM:
                return function
            case Method():
                return self.call_method(function, arguments, keywords, node, hint)
            case Closure():
                return self.call_closure(function, arguments, keywords, node)
            case Partial(function=Constant(value=types.FunctionType() as f), arguments=(Ref() | Record() as owner,)):
                if any(vars(c).get(f.__name__) is f for c in owner.cls.__mro__):
                    return self.call_inline(f, [owner, *arguments], {**function.keywords, **keywords}, node)
                return self.call_function(f, [owner, *arguments], {**function.keywords, **keywords}, node, hint)
            case Partial(function=inner, arguments=first, keywords=more):
                return self.call(inner, [*first, *arguments], {**more, **keywords}, node, hint)
            case Derived():
                return self.call_derived(function, arguments, keywords, node, hint)
            case Linear():
                return call_linear(self, function, arguments, keywords, node, hint)
            case Choice():
                return self.call_choice(function, arguments, keywords, node, hint)
            case Constant():
                return self.call_static(function.value, arguments, keywords, node, hint)
        found = self.call_special(function, "__call__", arguments, node) if not keywords else None
        method = self.special(function, "__call__")
        if found is None and method is not None:
            found = self.call_inline(method, [function, *arguments], keywords, node)
        if found is None:
            self.refuse(node, f"{describe(function)} is called", "call a function", UnsupportedCall)
        return found

    def call_static(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """The call of something known at compile time: by the first that knows what it means."""
        f = as_inside(f)
        for answer in (self.call_meant, self.call_operator, self.call_ruled, self.call_wrapped, self.call_of_user):
            term = answer(f, arguments, keywords, node, hint)
            if term is not None:
                return term
        name = getattr(f, "__qualname__", getattr(f, "__name__", repr(f)))
        module = getattr(f, "__module__", None)
        owner = type(getattr(f, "__self__", None)).__module__
        if any("random" in (m or "").split(".") for m in (module, owner)):
            self.refuse(node, f"{name} draws random numbers", "draw them before, and pass them", UnsupportedCall)
        self.refuse(
            node,
            f"there is no derivative rule for {module + '.' if module else ''}{name}",
            "write it with functions that have one, or give its rule",
            UnsupportedCall,
        )

    def call_meant(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """A function that the library knows."""
        meaning = meaning_of(f)
        return None if meaning is None else meaning(self, arguments, keywords, node)

    def call_operator(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """A function with a derivative of its own, a class of the user's, an operator of s2sad."""
        if isinstance(f, Custom):
            return self.call_custom(f, arguments, keywords, node, hint)
        if isinstance(f, type) and issubclass(f, Custom):
            self.refuse(node, f"{f.__name__} in a function that is differentiated", "define it outside", RuleError)
        if isinstance(f, type) and (is_user_class(f) or is_namedtuple(f)) and not issubclass(f, BaseException):
            return self.instantiate(f, arguments, keywords, node)
        match mark_of(f):
            case Operator() as operator if arguments and not isinstance(arguments[0], Constant):
                return self.derived(f, operator, arguments, keywords, node)
            case Forward() as operator:
                return call_forward(self, operator, f, arguments, keywords, node, hint)
            case AtPoint() as operator:
                return value_and_linear(self, operator, f, arguments, keywords, node, hint)
        return None

    def call_ruled(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """A function with a rule or a definition, or one that can be called now."""
        primitive = lookup(f)
        if isinstance(primitive, BlackBox):
            self.reads.rule(f)
            return self.call_black_box(primitive, arguments, keywords, node, hint)
        text = any(isinstance(a, Constant) and isinstance(a.type, StaticType) for a in arguments)
        known = self.known_arguments(f, arguments, keywords) if primitive is None or text else None
        if known is not None:
            return self.adopt(constant(self.evaluated(f, *known)))
        if primitive is not None:
            return self.call_primitive(primitive, arguments, keywords, node, hint)
        definition = definition_of(f)
        return None if definition is None else self.call_defined(definition, arguments, keywords, node, hint)

    def call_wrapped(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """A function in an object of Python's or NumPy's, made outside: `partial(f, x)`, a bound method."""
        if isinstance(f, functools.partial):
            first = self.sequence(self.captured_term(Variable(f, "args"), f.args), node)
            more = self.open(self.captured_term(Variable(f, "keywords"), f.keywords))
            assert isinstance(more, dict)
            function = constant(self.reads.part(f, "func"))
            return self.call(function, [*first, *arguments], {**more, **keywords}, node, hint)
        if isinstance(f, np.vectorize):
            vectorized = self.call(constant(np.vectorize), [constant(self.reads.part(f, "pyfunc"))], {}, node, None)
            return self.call(vectorized, arguments, keywords, node, hint)
        if isinstance(f, types.MethodType):
            receiver = self.captured_term(Variable(f, "__self__"), f.__self__)
            return self.call(constant(self.reads.part(f, "__func__")), [receiver, *arguments], keywords, node, hint)
        if isinstance(f, functools._lru_cache_wrapper):
            return self.call(constant(self.reads.part(f, "__wrapped__")), arguments, keywords, node, hint)
        return None

    def call_of_user(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """A function or object of the user's; a function of a library that runs as it is."""
        if _is_of_user(f) or is_derivative(f):
            return self.call_function(f, arguments, keywords, node, hint)
        method = self.reads.of_class(self.reads.type_of(f), "__call__")[1] if is_user_class(type(f)) else None
        if isinstance(method, types.FunctionType):
            return self.call_inline(method, [constant(f), *arguments], keywords, node)
        if getattr(f, "__name__", "") == "format" and isinstance(getattr(f, "__self__", None), str) and not keywords:
            return self.builder.apply(FORMAT_METHOD, [constant(f.__self__), *map(self.to_operand, arguments)])
        box = plain_box(f) if isinstance(f, Hashable) else None
        return None if box is None else self.call_black_box(box, arguments, keywords, node, hint)

    def evaluated(self, f: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """What a function gives at compile time."""
        for value in (*arguments, *keywords.values()):
            self.reads.whole(value)
        try:
            return f(*arguments, **keywords)
        except Exception as e:
            error = Evaluated(f"{type(e).__name__}: {e}", "", self.builder.location)
            error.exception = e
            raise error from e

    def known_arguments(
        self, f: Any, arguments: Sequence[Term], keywords: Mapping[str, Term]
    ) -> tuple[list[Any], dict[str, Any]] | None:
        """The arguments, where the function may be called at compile time and all of them are known."""
        text = isinstance(getattr(f, "__self__", None), (str, bytes)) and not isinstance(f, types.MethodType)
        if not (isinstance(mark_of(f), Operator) or is_pure(f) or text):
            return None
        values = [self.value_form(a) for a in (*arguments, *keywords.values())]
        if not all(map(is_static, values)):
            return None
        found = [static_value(v) for v in values]
        return found[: len(arguments)], dict(zip(keywords, found[len(arguments) :], strict=True))

    # functions of the user

    def call_function(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function of the user: compiled for these arguments, or lowered here."""
        box = lookup(f)
        if isinstance(box, BlackBox):
            self.reads.rule(f)
            return self.call_black_box(box, arguments, keywords, node, hint)
        if is_derivative(f) and hasattr(f, "spread"):  # a checkpointed function has none
            arguments = self.with_vectors(f.transform, arguments, node)
            f = f.spread(arguments, keywords)
        signature = inspect.signature(f, follow_wrapped=False)
        bound = self.bind_arguments(f.__name__, signature, arguments, keywords, self.defaults_of(f, signature), node)
        compiled = not isinstance(f, types.FunctionType) or all(map(self.is_value, bound.values()))
        compiled = compiled and not inspect.isgeneratorfunction(f)
        if compiled:
            terms = list(bound.values())
            result = self.call_compiled(f, list(map(self.to_operand, terms)), node, hint, terms)
            if result is not None:
                return self.adopt(result)
        if not isinstance(f, types.FunctionType):
            self.refuse(
                node,
                f"{f.__name__} is marked, or a derivative, and changes a list, object or array that it is given, or "
                "gives a function, or a part of an array that may be written into",
                "return new values, copies of arrays",
                UnsupportedCall,
            )
        return self.lower_here(f, bound, node)

    def call_inline(self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """A method, or what else is lowered in the place of its call; where it calls itself, it is compiled."""
        if not _is_of_user(f) or isinstance(lookup(f), BlackBox):
            return self.call(constant(f), arguments, keywords, node, None)
        frame: Frame | None = self.frame
        while frame is not None:
            if frame.function is f:
                return self.call_function(f, arguments, keywords, node, None)
            frame = frame.caller
        signature = inspect.signature(f, follow_wrapped=False)
        bound = self.bind_arguments(f.__name__, signature, arguments, keywords, self.defaults_of(f, signature), node)
        return self.lower_here(f, bound, node)

    def defaults_of(self, f: Any, signature: inspect.Signature) -> dict[str, Term]:
        """The default values of a function; those that hold arrays, lists or objects belong to the function."""
        if isinstance(f, types.FunctionType):
            self.reads.function(f)
        found: dict[str, Term] = {}
        positional = [
            p for p in signature.parameters.values() if p.kind is not p.KEYWORD_ONLY and p.default is not p.empty
        ]
        for p in signature.parameters.values():
            if p.default is p.empty:
                continue
            if not isinstance(f, types.FunctionType):
                found[p.name] = constant(p.default)
            elif p.kind is p.KEYWORD_ONLY:
                variable = Variable(f.__kwdefaults__, p.name)
                found[p.name] = self.captured_term(variable, p.default)
            else:
                variable = Variable(f.__defaults__, positional.index(p), p.name)
                found[p.name] = self.captured_term(variable, p.default)
        return found

    def call_method(
        self, method: Method, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """The call of a method of an array, list, dict, or of an object."""
        receiver, name = method.receiver, method.name
        contents = self.open(receiver)
        of_array = isinstance(contents, (Value, Constant)) and isinstance(contents.type, ArrayType)
        number = isinstance(receiver, Constant) and not isinstance(receiver.value, np.ndarray)
        if of_array and number and all(map(is_static, arguments)):
            assert isinstance(receiver, Constant)
            return constant(self.evaluated(getattr(receiver.value, name), list(map(static_value, arguments)), {}))
        cls = _class_of_methods(receiver, contents)
        meaning = None if cls is None else method_of(cls, name)
        call = MethodCall(receiver, contents, arguments, keywords, node, hint)
        term = None if meaning is None else meaning(self, call)
        if term is not None:
            return term
        if isinstance(receiver, Constant) and isinstance(receiver.type, StaticType):
            return self.call(constant(getattr(receiver.value, name)), arguments, keywords, node, hint)
        if of_array:
            self.refuse(node, f"there is no derivative rule for the method {name} of arrays", "", UnsupportedCall)
        self.refuse(node, f"there is no method {name} of {describe(receiver)}", "", UnsupportedCall)

    def call_compiled(
        self,
        function: Any,
        operands: list[Operand],
        node: gast.AST,
        hint: str | None,
        arguments: Sequence[Term] = (),
    ) -> Term | None:
        """Another function of the program; operands that it must know are asked of this function's parameters.

        What it hands back goes into the arrays that the `arguments` are. None where it must be lowered in the place of
        the call.
        """
        if any(BOTTOM in leaves(o.type) for o in operands):
            return self.builder.apply(UNDEFINED, (), {"type": BOTTOM}, hint)
        try:
            callee = self.context.callee(function, operands, self.at(node))
        except CalleeNeedsStatic as e:
            self.need_static(operands[e.position], e.path, node)
        if callee is None or (self.memory and callee.aliases and isinstance(function, types.FunctionType)):
            return None
        passed = [operands[k] for k in callee.passed]
        passed += [self.captured_value(variable) for variable in callee.captured]
        if callee.back is None:
            return self.builder.call_function(callee.reference, passed, hint)
        if not arguments:
            return None
        self.need_memory()
        names = [self.shown(a.cell) if isinstance(a := arguments[k], Ref) else None for k in callee.back.written]
        result = self.builder.call_function(callee.reference, passed, names[0] if callee.back.alone else None)
        return self.take_back(callee.back, result, arguments, names, node)

    def take_back(
        self, back: Back, result: Operand, arguments: Sequence[Term], names: Sequence[str | None], node: gast.AST
    ) -> Term:
        """The value of a call, whose further results are put into the arrays that it writes into."""
        cells = {k: {r.cell for r in self.reachable(a)} for k, a in enumerate(arguments)}
        for k in back.written:
            if any(cells[k] & cells[m] for m in cells if m != k):
                self.refuse(
                    node,
                    "a function that calls itself writes into one of two arguments that share memory",
                    "pass a copy",
                    UnsupportedCall,
                )
        items = [result]
        if not back.alone:
            hints = [None] * back.value + list(names)
            items = [self.builder.extract(result, k, name) for k, name in enumerate(hints)]
        left = dict(enumerate(arguments))
        for k, array in zip(back.written, items[back.value :], strict=True):
            if is_array(left[k]):
                self.store(left[k], array, node)
            else:
                left[k] = array
        if back.given is not None:
            return left[back.given]
        return items[0] if back.value else constant(None)

    def need_static(self, operand: Operand, path: tuple[object, ...], node: gast.AST) -> NoReturn:
        if isinstance(operand, Value) and operand in self.parameter_paths:
            parameter, before = self.parameter_paths[operand]
            raise NeedsStatic(parameter, before + path, self.at(node))
        self.refuse(node, "the function must know this argument at compile time", "pass a constant", UnsupportedType)


def _is_of_user(f: Any) -> bool:
    """Whether something is a Python function that no library defines."""
    return isinstance(f, types.FunctionType) and (f.__module__ or "").split(".")[0] not in LIBRARIES


def _class_of_methods(receiver: Term, contents: Term) -> type | None:
    """The class under which the library knows the methods of an object; None where it knows none."""
    if isinstance(contents, (Value, Constant)) and isinstance(contents.type, ArrayType):
        return np.ndarray
    if isinstance(contents, Record) and is_namedtuple(contents.cls):
        return tuple
    if isinstance(contents, dict):
        return dict
    known = isinstance(contents, (list, tuple)) or (isinstance(receiver, Ref) and receiver.cls is list)
    return list if known else None
