"""Calls: of what is known at compile time, by the first that knows it; of methods; of terms that are functions.

Functions of the user's are the business of `function_calls.py`, those with a rule that of `library/primitives.py`.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import gast
import numpy as np

from s2sad.errors import RuleError, SeveralErrors, Unsupported, UnsupportedCall
from s2sad.frontend.dependencies import Variable
from s2sad.frontend.heeded import Arguments, Keywords, heeded
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import MethodCall, is_pure, meaning_of, method_of
from s2sad.frontend.reading.callables import UserFunction, inner_part
from s2sad.frontend.syntax.function_calls import is_of_user
from s2sad.frontend.syntax.linear_calls import call_forward, call_linear, value_and_linear
from s2sad.frontend.syntax.merging import is_function
from s2sad.frontend.syntax.outside_values import CONTAINERS, ONLY_READ
from s2sad.frontend.syntax.overwriting import check_overwritten
from s2sad.frontend.terms.cells import Evaluated
from s2sad.frontend.terms.closure_targets import ClosureTarget, DerivedTarget, LiftedTarget
from s2sad.frontend.terms.frames import Frame
from s2sad.frontend.terms.terms import (
    Choice,
    Closure,
    Derived,
    Keyed,
    Labelled,
    Linear,
    Method,
    Outside,
    Partial,
    Record,
    Ref,
    SolverFunction,
    Term,
    describe,
    is_array,
    is_number,
    is_static,
    is_static_object,
    static_value,
)
from s2sad.ir.definition import definition_of
from s2sad.ir.installed import is_installed
from s2sad.ir.marks import AtPoint, Forward, Operator, as_inside, is_derivative, mark_of
from s2sad.ir.objects import is_user_class
from s2sad.ir.primitive import lookup
from s2sad.ir.primitives.effects import FORMAT_METHOD
from s2sad.ir.solver import is_rule_text, methods_of, solver_of
from s2sad.ir.types import BOTTOM, STREAM, OpaqueType, is_namedtuple
from s2sad.ir.unruled import refusal_of
from s2sad.ir.user_rules import BlackBox, Custom, plain_box
from s2sad.ir.values import Constant, Value, constant, is_operand


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
        record = self.library_object(function)
        if record is not None:
            return self.call_of_object(record, "__call__", arguments, keywords, node, hint)
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
            case SolverFunction():
                return self.call_given(function, arguments, keywords, node)
            case Linear():
                return call_linear(self, function, arguments, keywords, node, hint)
            case Choice():
                return self.call_choice(function, arguments, keywords, node, hint)
            case Constant(value=ClosureTarget() | LiftedTarget() | DerivedTarget() as target):
                return self.call_target(target, list(map(self.to_operand, arguments)), node, hint)
            case Constant():
                return self.call_static(function.value, arguments, keywords, node, hint)
        if self.is_sparse(function):
            return self.method_of_sparse(function, "__call__", arguments, keywords, node, hint)
        found = self.call_special(function, "__call__", arguments, node) if not keywords else None
        method = self.special(function, "__call__")
        if found is None and method is not None:
            found = self.call_inline(method, [function, *arguments], keywords, node)
        if found is None and isinstance(function, Value) and isinstance(function.type, OpaqueType):
            what = f"one of several objects of {function.type.name}, which one is not known at compile time, is called"
            self.refuse(
                node, what, "write the calls one by one, or make one object of several columns", UnsupportedCall
            )
        if found is None:
            self.refuse(node, f"{describe(function)} is called", "call a function", UnsupportedCall)
        return found

    def call_static(
        self, f: object, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """The call of something known at compile time: by the first that knows what it means."""
        function = as_inside(f)
        if methods_of(function) is not None and solver_of(function) is None:
            return self.make_object(function, arguments, keywords, node)
        found = self.call_sparse(function, arguments, keywords, node, hint)
        if found is not None:
            return found
        found = self.labelled_call(function, arguments, keywords, node, hint)
        if found is not None:
            return found
        check_overwritten(self, function, arguments, keywords, node)
        for answer in (
            self.call_meant,
            self.call_operator,
            self.call_solver,
            self.call_ruled,
            self.call_wrapped,
            self.call_of_user,
        ):
            term = answer(function, arguments, keywords, node, hint)
            if term is not None:
                return term
        if function is None:
            error = TypeError("'NoneType' object is not callable")
            self.fails(node, "None is called, and is no function", error)
        if not callable(function):
            self.refuse(node, f"{describe(constant(function))} is called, and is no function", "", UnsupportedCall)
        known = refusal_of(function)
        if known is not None:
            self.refuse(node, f"{full_name(function)}: {known.why}", known.instead, UnsupportedCall)
        module = getattr(function, "__module__", None)
        owner = type(getattr(function, "__self__", None)).__module__
        if any("random" in (m or "").split(".") for m in (module, owner)):
            self.refuse(
                node,
                f"{called_name(function)} draws random numbers",
                "draw them before, and pass them",
                UnsupportedCall,
            )
        self.refuse(
            node,
            f"there is no derivative rule for {full_name(function)}",
            _instead_of(function),
            UnsupportedCall,
        )

    def call_meant(
        self, f: object, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """A function that the library knows."""
        meaning = meaning_of(f)
        if meaning is None:
            return None
        positional, named = heeded(f, arguments, keywords)
        term = meaning(self, positional, named, node)
        return self.all_heeded(term, called_name(f), positional, named, node)

    def all_heeded(
        self, term: Term | None, name: str, arguments: Arguments, keywords: Keywords, node: gast.AST
    ) -> Term | None:
        """What a meaning gave of a call, whose arguments it has looked at, all of them."""
        if term is None:
            return None
        unread = [f"keyword {k}" for k in keywords.unread] + [f"argument {k + 1}" for k in arguments.unread]
        if unread:
            self.refuse(node, f"{name} with its {unread[0]}", "leave this argument out", UnsupportedCall)
        return term

    def call_operator(
        self,
        f: UserFunction,
        arguments: list[Term],
        keywords: dict[str, Term],
        node: gast.AST,
        hint: str | None,
    ) -> Term | None:
        """A function with a derivative of its own, a class of the user's, an operator of s2sad."""
        if isinstance(f, Custom):
            return self.call_custom(f, arguments, keywords, node, hint)
        if isinstance(f, type) and issubclass(f, Custom):
            self.refuse(node, f"{f.__name__} in a function that is differentiated", "define it outside", RuleError)
        if isinstance(f, type) and (is_user_class(f) or is_namedtuple(f)) and not issubclass(f, BaseException):
            return self.instantiate(f, arguments, keywords, node)
        found = mark_of(f)
        if isinstance(found, Operator) and "fun" in keywords:
            arguments, keywords = [keywords["fun"], *arguments], {k: v for k, v in keywords.items() if k != "fun"}
        match found:
            case Operator() as operator if arguments and not isinstance(arguments[0], Constant):
                return self.derived(f, operator, arguments, keywords, node)
            case Operator() if not arguments:
                return Partial(constant(f), (), keywords)
            case Operator():
                given = [self.static(a, node) for a in arguments]
                return constant(self.evaluated(f, given, {k: self.static(v, node) for k, v in keywords.items()}))
            case Forward() as operator:
                return call_forward(self, operator, f, arguments, keywords, node, hint)
            case AtPoint() as operator:
                return value_and_linear(self, operator, f, arguments, keywords, node, hint)
        return None

    def call_ruled(
        self, f: UserFunction, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """A function with a rule or a definition, or one that can be called now."""
        primitive = lookup(f)
        if isinstance(primitive, BlackBox):
            self.reads.rule(f)
            return self.call_black_box(primitive, arguments, keywords, node, hint)
        text = any(is_static_object(a) for a in arguments)
        known = self.known_arguments(f, arguments, keywords) if primitive is None or text else None
        if known is not None:
            return self.adopt(constant(self.evaluated(f, *known)))
        if primitive is not None:
            return self.call_primitive(primitive, arguments, keywords, node, hint)
        definition = definition_of(f)
        return None if definition is None else self.call_defined(definition, arguments, keywords, node, hint)

    def call_wrapped(
        self, f: object, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
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
        if isinstance(f, types.BuiltinMethodType) and isinstance(f.__self__, CONTAINERS):
            receiver = self.captured_term(Variable(f, "__self__"), f.__self__)
            return self.call_method(Method(receiver, f.__name__), arguments, keywords, node, hint)
        of_class = inspect.getattr_static(type(f), "__call__", None)
        if isinstance(of_class, types.FunctionType) and meaning_of(of_class) is not None:
            return self.call(constant(of_class), [constant(f), *arguments], keywords, node, hint)
        part = inner_part(f)
        if part is not None:
            return self.call(constant(self.reads.part(f, part)), arguments, keywords, node, hint)
        return None

    def call_of_user(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """A function or object of the user's; a function of a library that runs as it is."""
        if is_rule_text(f):
            bound = self.bind_arguments(f.__name__, inspect.signature(f), arguments, keywords, {}, node)
            return self.synthetic(f, bound, node)
        if is_of_user(f) or is_derivative(f):
            with self.as_one_finding(f, node):
                return self.call_function(f, arguments, keywords, node, hint)
        method = self.reads.of_class(self.reads.type_of(f), "__call__")[1] if is_user_class(type(f)) else None
        if isinstance(method, types.FunctionType):
            return self.call_inline(method, [constant(f), *arguments], keywords, node)
        if getattr(f, "__name__", "") == "format" and isinstance(getattr(f, "__self__", None), str) and not keywords:
            return self.builder.apply(FORMAT_METHOD, [constant(f.__self__), *map(self.to_operand, arguments)])
        box = plain_box(f) if isinstance(f, Hashable) else None
        given = box is not None and any(map(_is_called, (*arguments, *keywords.values())))
        if given and refusal_of(f) is None:
            assert box is not None
            self.refuse(
                node,
                f"{box.name} is given a function, and no row of the solvers says what it does with it",
                "call a solver that has one, write out what it computes, or give the function that calls it a "
                "derivative: s2sad.custom_vjp",
                UnsupportedCall,
            )
        return None if box is None or given else self.call_black_box(box, arguments, keywords, node, hint)

    @contextmanager
    def as_one_finding(self, f: UserFunction, node: gast.AST) -> Iterator[None]:
        """Report what is found in the text of a library at the call that led there: no user can change it."""
        if is_installed(_module_of(self.frame)) or not is_installed(getattr(f, "__module__", None)):
            yield
            return
        before = len(self.errors)
        try:
            yield
        except SeveralErrors as e:
            raise self.outside_finding(f, e.errors[0], node) from e
        except Unsupported as e:
            raise self.outside_finding(f, e, node) from e
        if self.errors[before:]:
            self.errors[before:] = [self.outside_finding(f, self.errors[before], node)]

    def outside_finding(self, f: UserFunction, found: Unsupported, node: gast.AST) -> Unsupported:
        if isinstance(found, Evaluated):
            return found
        what = f"{full_name(f)} cannot be differentiated: {found.what} ({found.location})"
        return type(found)(what, "call it outside, or give it a derivative: s2sad.custom_vjp", self.at(node))

    def evaluated(self, f: UserFunction, arguments: list[object], keywords: dict[str, object]) -> object:
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
        self, f: object, arguments: Sequence[Term], keywords: Mapping[str, Term]
    ) -> tuple[list[object], dict[str, object]] | None:
        """The arguments, where the function may be called at compile time and all of them are known."""
        text = isinstance(getattr(f, "__self__", None), (str, bytes)) and not isinstance(f, types.MethodType)
        if not (is_pure(f) or text):
            return None
        values = [self.value_form(a) for a in (*arguments, *keywords.values())]
        if not all(map(is_static, values)):
            return None
        found = [static_value(v) for v in values]
        return found[: len(arguments)], dict(zip(keywords, found[len(arguments) :], strict=True))

    def call_method(
        self, method: Method, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """The call of a method of an array, list, dict, or of an object."""
        receiver, name = method.receiver, method.name
        held = self.held_data(receiver)
        if held is not None:
            return self.method_of_held(held, name, arguments, keywords, node)
        if isinstance(receiver, Record) and receiver.cls is Labelled:
            return self.method_of_labelled(receiver, name, arguments, keywords, node, hint)
        if self.is_sparse(receiver):
            return self.method_of_sparse(receiver, name, arguments, keywords, node, hint)
        record = self.library_object(receiver)
        if record is not None:
            return self.call_of_object(record, name, arguments, keywords, node, hint)
        only_read = name in ONLY_READ or is_array(receiver)
        outside = None if only_read and not isinstance(receiver, Outside) else self.outside_object(receiver)
        if outside is not None:
            return self.call_outside(outside, name, arguments, keywords, node)
        contents = self.open(receiver)
        of_array = is_number(contents)
        number = isinstance(receiver, Constant) and not isinstance(receiver.value, np.ndarray)
        if of_array and number and all(map(is_static, (*arguments, *keywords.values()))):
            assert isinstance(receiver, Constant)
            known = {k: static_value(v) for k, v in keywords.items()}
            result = self.evaluated(getattr(receiver.value, name), list(map(static_value, arguments)), known)
            return self.adopt(constant(result))
        cls = _class_of_methods(receiver, contents)
        meaning = None if cls is None else method_of(cls, name)
        positional, named = Arguments(arguments), Keywords(keywords)
        call = MethodCall(name, receiver, contents, positional, named, node, hint)
        term = None if meaning is None else meaning(self, call)
        term = self.all_heeded(term, f"the method {name}", positional, named, node)
        if term is not None:
            return term
        if is_static_object(receiver):
            return self.call(constant(getattr(receiver.value, name)), arguments, keywords, node, hint)
        if of_array:
            self.refuse(node, f"there is no derivative rule for the method {name} of arrays", "", UnsupportedCall)
        self.refuse(node, f"there is no method {name} of {describe(receiver)}", "", UnsupportedCall)


def _instead_of(function: object) -> str:
    """What to write instead of a function that nobody gave a derivative."""
    name = getattr(function, "__name__", "")
    of_numpy = getattr(np, name, None) if is_installed(getattr(function, "__module__", None) or "builtins") else None
    if callable(of_numpy) and of_numpy is not function:
        return f"write it with functions that have one, as np.{name}, or give its rule: s2sad.defvjp"
    return "call it outside and pass what it gives, or give its rule: s2sad.defvjp"


def called_name(function: object) -> str:
    """A function as messages name it."""
    return str(getattr(function, "__qualname__", getattr(function, "__name__", repr(function))))


def _module_of(frame: Frame) -> str | None:
    """The module whose text is lowered in a frame."""
    while frame.function is None and frame.parent is not None:
        frame = frame.parent
    return getattr(frame.function, "__module__", None)


def _is_called(term: Term) -> bool:
    """Whether an argument is a function; a class may be a dtype."""
    return is_function(term) and not (isinstance(term, Constant) and isinstance(term.value, type))


def full_name(function: object) -> str:
    """A function as messages name it, with its module."""
    module = getattr(function, "__module__", None)
    return f"{module}.{called_name(function)}" if module else called_name(function)


def _class_of_methods(receiver: Term, contents: Term) -> type | None:
    """The class under which the library knows the methods of an object; None where it knows none."""
    if is_number(contents):
        return np.ndarray
    if is_operand(contents) and contents.type == STREAM:
        return np.random.Generator
    if isinstance(contents, Record) and is_namedtuple(contents.cls):
        return tuple
    if isinstance(contents, (Keyed, dict)):
        return dict
    known = isinstance(contents, (list, tuple)) or (isinstance(receiver, Ref) and receiver.cls is list)
    return list if known else None
