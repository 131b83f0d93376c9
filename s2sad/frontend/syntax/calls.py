"""Calls: functions with a rule, builtins, classes, closures, methods, and the user's own functions.

A user's function becomes a function of the emitted module, one for each signature. It is lowered in the place of the
call instead where it takes or gives what has no value at run time (a function, a generator), changes a list or object
that it is given, or is a closure or a method.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import gast
import numpy as np

from s2sad.errors import RuleError, UnsupportedCall, UnsupportedType
from s2sad.frontend.context import CalleeNeedsStatic, NeedsStatic, WrittenArrays
from s2sad.frontend.dependencies import Variable
from s2sad.frontend.library.containers import DICT_METHODS, LIST_METHODS
from s2sad.frontend.library.numpy_joins import JOINS, is_list_of_floats, is_many, is_numbers, join_rows
from s2sad.frontend.library.numpy_keywords import plainly
from s2sad.frontend.library.numpy_writers import WRITERS, WRITING_METHODS, view_of, write_out
from s2sad.frontend.library.python import HANDLERS, evaluates_at_compile_time, is_hashable
from s2sad.frontend.library.type_questions import QUESTIONS, answer
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.syntax.linear_calls import call_forward, call_linear, value_and_linear
from s2sad.frontend.syntax.objects import class_of
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
    is_none,
    is_static,
    static_value,
)
from s2sad.ir.containers import GETITEM, UNDEFINED
from s2sad.ir.definition import Definition, Given, definition_of
from s2sad.ir.objects import LIBRARIES, is_user_class
from s2sad.ir.primitive import Effect, NotByRule, Primitive, lookup, required
from s2sad.ir.primitives.effects import FORMAT_METHOD
from s2sad.ir.types import BOTTOM, ArrayType, ContainerType, SequenceType, StaticType, is_namedtuple, leaves
from s2sad.ir.user_rules import BlackBox, Custom, plain_box
from s2sad.ir.values import Constant, Operand, Value, constant

ARRAY_METHODS = frozenset(
    [
        "sum",
        "mean",
        "prod",
        "max",
        "min",
        "var",
        "std",
        "cumsum",
        "cumprod",
        "reshape",
        "ravel",
        "transpose",
        "swapaxes",
        "squeeze",
        "repeat",
        "dot",
        "trace",
        "diagonal",
        "clip",
        "astype",
        "copy",
        "argmax",
        "argmin",
        "argsort",
        "any",
        "all",
        "ptp",
        "take",
        "round",
        "conj",
        "conjugate",
        "nonzero",
        "searchsorted",
        "argpartition",
        "choose",
    ]
)
"""Methods that are the NumPy function of the same name on their receiver."""


UFUNCS = frozenset(f"np.{name}" for name, f in vars(np).items() if isinstance(f, np.ufunc))
"""The functions whose last positional argument may be `out`."""


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
        """The call of something known at compile time."""
        f = getattr(f, "__s2sad_inside__", f)
        if f in (int, float, complex, bool, str) and not arguments:
            return constant(f())
        if is_hashable(f) and f in QUESTIONS:
            known_answer = answer(f, [self.open(a) for a in arguments], keywords)
            if known_answer is not None:
                return known_answer
        if is_hashable(f) and f in HANDLERS:
            return HANDLERS[f](self, arguments, keywords, node)
        if isinstance(f, Custom):
            return self.call_custom(f, arguments, keywords, node, hint)
        if isinstance(f, type) and issubclass(f, Custom):
            self.refuse(node, f"{f.__name__} in a function that is differentiated", "define it outside", RuleError)
        if is_hashable(f) and f in WRITERS:
            self.need_memory()
            return WRITERS[f](self, arguments, keywords, node)
        if isinstance(f, type) and (is_user_class(f) or is_namedtuple(f)) and not issubclass(f, BaseException):
            return self.instantiate(f, arguments, keywords, node)
        if getattr(f, "__s2sad_transform__", None) is not None and arguments and not isinstance(arguments[0], Constant):
            return self.derived(f, arguments, keywords, node)
        if getattr(f, "__s2sad_forward__", None) is not None:
            return call_forward(self, f, arguments, keywords, node, hint)
        if getattr(f, "__s2sad_linear__", None) is not None:
            return value_and_linear(self, f, arguments, keywords, node, hint)
        primitive = lookup(f)
        if isinstance(primitive, BlackBox):
            self.reads.rule(f)
            return self.call_black_box(primitive, arguments, keywords, node, hint)
        text = any(isinstance(a, Constant) and isinstance(a.type, StaticType) for a in arguments)
        known = self.known_arguments(f, arguments, keywords) if primitive is None or text else None
        if primitive is not None and known is None:
            return self.call_primitive(primitive, arguments, keywords, node, hint)
        if known is not None:
            return self.adopt(constant(self.evaluated(f, *known)))
        definition = definition_of(f)
        if definition is not None:
            return self.call_defined(definition, arguments, keywords, node, hint)
        if isinstance(f, functools.partial):
            first = self.sequence(self.captured_term(Variable(f, "args"), f.args), node)
            more = self.open(self.captured_term(Variable(f, "keywords"), f.keywords))
            assert isinstance(more, dict)
            function = constant(self.reads.part(f, "func"))
            return self.call(function, [*first, *arguments], {**more, **keywords}, node, hint)
        if isinstance(f, np.vectorize):
            made = self.call(constant(np.vectorize), [constant(self.reads.part(f, "pyfunc"))], {}, node, None)
            return self.call(made, arguments, keywords, node, hint)
        if isinstance(f, types.MethodType):
            receiver = self.captured_term(Variable(f, "__self__"), f.__self__)
            return self.call(constant(self.reads.part(f, "__func__")), [receiver, *arguments], keywords, node, hint)
        if isinstance(f, functools._lru_cache_wrapper):
            return self.call(constant(self.reads.part(f, "__wrapped__")), arguments, keywords, node, hint)
        own = isinstance(f, types.FunctionType) and (f.__module__ or "").split(".")[0] not in LIBRARIES
        if own or getattr(f, "__s2sad_derivative__", False):
            return self.call_function(f, arguments, keywords, node, hint)
        method = self.reads.of_class(self.reads.type_of(f), "__call__")[1] if is_user_class(type(f)) else None
        if isinstance(method, types.FunctionType):
            return self.call_inline(method, [constant(f), *arguments], keywords, node)
        if getattr(f, "__name__", "") == "format" and isinstance(getattr(f, "__self__", None), str) and not keywords:
            return self.builder.apply(FORMAT_METHOD, [constant(f.__self__), *map(self.to_operand, arguments)])
        box = plain_box(f) if is_hashable(f) else None
        if box is not None:
            return self.call_black_box(box, arguments, keywords, node, hint)
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
        if not (getattr(f, "__s2sad_operator__", False) or evaluates_at_compile_time(f) or text):
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
        if getattr(f, "__s2sad_derivative__", False) and hasattr(f, "spread"):  # a checkpointed function has none
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
        own = isinstance(f, types.FunctionType) and (f.__module__ or "").split(".")[0] not in LIBRARIES
        if not own or isinstance(lookup(f), BlackBox):
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
        receiver, name = method.receiver, method.name
        opened = self.open(receiver)
        if name in WRITING_METHODS and isinstance(opened, (Value, Constant)) and isinstance(opened.type, ArrayType):
            self.need_memory()
            return WRITING_METHODS[name](self, [receiver, *arguments], keywords, node)
        if isinstance(opened, Record) and is_namedtuple(opened.cls) and name in ("_replace", "_asdict"):
            items = {**opened.items, **keywords}
            return Record(opened.cls, items) if name == "_replace" else self.new(dict, dict(items))
        if isinstance(opened, dict) and name in DICT_METHODS:
            return DICT_METHODS[name](self, receiver, opened, arguments, keywords, node)
        is_list = isinstance(opened, list) or (isinstance(receiver, Ref) and receiver.cls is list)
        if is_list and name == "sort":
            made = self.call(constant(sorted), [receiver], keywords, node, None)
            self.change(receiver, self.open(made), node)  # type: ignore[arg-type]
            return constant(None)
        if (is_list or isinstance(opened, tuple)) and name in LIST_METHODS:
            return LIST_METHODS[name](self, receiver, opened, arguments, node)
        if isinstance(receiver, Constant) and isinstance(receiver.type, StaticType):
            return self.call(constant(getattr(receiver.value, name)), arguments, keywords, node, hint)
        if not (isinstance(opened, (Value, Constant)) and isinstance(opened.type, ArrayType)):
            self.refuse(node, f"there is no method {name} of {describe(receiver)}", "", UnsupportedCall)
        if (
            isinstance(receiver, Constant)
            and not isinstance(receiver.value, np.ndarray)
            and all(map(is_static, arguments))
        ):
            return constant(self.evaluated(getattr(receiver.value, name), list(map(static_value, arguments)), {}))
        if name == "compress" and arguments:
            return self.call(constant(np.compress), [arguments[0], receiver, *arguments[1:]], keywords, node, hint)
        if name in ("item", "tolist", "view") and not keywords:
            found = self.array_method(name, receiver, opened, arguments)
            if found is not None:
                return found
        if name == "flatten":
            name, receiver = "ravel", opened
        if name not in ARRAY_METHODS:
            self.refuse(node, f"there is no derivative rule for the method {name} of arrays", "", UnsupportedCall)
        if name in ("reshape", "transpose") and len(arguments) > 1:
            arguments = [tuple(arguments)]
        return self.call(constant(getattr(np, name)), [receiver, *arguments], keywords, node, hint)

    def array_method(self, name: str, receiver: Term, array: Operand, arguments: list[Term]) -> Term | None:
        """A method of arrays that is no function of NumPy of that name."""
        rank = self.array_type(array).rank
        if name == "view":
            return None if arguments else receiver
        if name == "tolist":
            return self.call(constant(list), [array], {}, self.frame.tree, None) if rank == 1 else None
        return self.sole_item(array, arguments)

    def sole_item(self, array: Operand, arguments: list[Term]) -> Operand:
        """`array.item()` of an array of one item, or the item at an index; a number of Python."""
        t = self.array_type(array)
        item = array
        if len(arguments) == 1 and t.rank != 1 and not isinstance(self.open(arguments[0]), tuple):
            item = self.apply(np.ravel, [array])
        if arguments:
            index = arguments[0] if len(arguments) == 1 else tuple(arguments)
            item = self.builder.apply(GETITEM, (item, self.to_operand(index)))
        elif t.shape:
            if any(d != 1 for d in t.shape):  # NumPy raises where there are more
                item = self.apply(np.reshape, [array, self.to_operand((constant(1),) * len(t.shape))])
            zeros = tuple(constant(0) for _ in t.shape)
            item = self.builder.apply(GETITEM, (item, self.to_operand(zeros if len(zeros) > 1 else zeros[0])))
        return self.apply(complex if t.dtype is not None and t.dtype.kind == "c" else float, [item])

    def call_primitive(
        self, primitive: Primitive, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function with a rule."""
        out = keywords.get("out")
        if out is None and primitive.name in UFUNCS and len(arguments) > primitive.arity > 0:
            *arguments, out = arguments
        if not is_none(out):
            self.need_memory()
            rest = {k: v for k, v in keywords.items() if k != "out"}
            result = self.call_primitive(primitive, arguments, rest, node, None)
            return write_out(self, out, result, node)  # type: ignore[arg-type]
        keywords = {k: v for k, v in keywords.items() if k != "out"}
        arguments = [self.as_argument(a) for a in arguments]
        if primitive.name in JOINS and arguments and (self.is_growing(arguments[0]) or self.is_rows(arguments[0])):
            return join_rows(self, primitive, arguments, keywords, node)
        if primitive.name.startswith("np.") and primitive.name not in ("np.array", "np.asarray"):
            arguments = [self.as_array(a) if self.is_growing(a) else a for a in arguments]
        plain = plainly(self, primitive, arguments, keywords, node)
        if plain is not None:
            return plain
        definition = definition_of(primitive.function)
        try:
            operands, static = primitive.bind(arguments, keywords)
        except TypeError as e:
            if definition is not None:
                return self.call_defined(definition, arguments, keywords, node, hint)
            self.refuse(node, f"{primitive.name}: {e}", "leave this argument out", UnsupportedCall)
        if definition is not None and any(k in definition.operands and is_many(v) for k, v in static.items()):
            return self.call_defined(definition, arguments, keywords, node, hint)
        known = {k: self.static(v, node) for k, v in static.items()}
        if primitive.effect is Effect.VIEW and operands and is_array(operands[0]):
            view = view_of(self, primitive, operands, known)
            if view is not None:
                return view
        given = [self.to_operand(o) for o in operands]
        if definition is not None and any(is_list_of_floats(v.type) for v in given):
            return self.call_defined(definition, arguments, keywords, node, hint)
        try:
            return self.builder.apply(primitive, given, known, hint)
        except NotByRule:
            if definition is not None:
                return self.call_defined(definition, arguments, keywords, node, hint)
            box = plain_box(primitive.function) if primitive.constant else None
            if box is None:
                raise
            return self.call_black_box(box, arguments, keywords, node, hint)
        except TypeError:
            arrays = [self.with_arrays(o, primitive.name in JOINS) for o in given]
            if arrays == given or not primitive.name.startswith("np."):
                raise
        return self.builder.apply(primitive, arrays, known, hint)

    def call_defined(
        self, definition: Definition, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function that is defined by others."""
        further = definition.by_name(arguments)
        arguments, keywords = arguments[: len(arguments) - len(further)], {**further, **keywords}
        values = {k: static_value(v) if is_static(v) else v for k, v in keywords.items()}
        keywords = {k: v for k, v in keywords.items() if k in definition.meant(values)}
        try:
            positional, named = definition.takes_operand(arguments, keywords)
        except TypeError as e:
            self.refuse(node, f"{definition.name}: {e}", "leave this argument out", UnsupportedCall)

        def given(term: Term, name: str | None) -> Any:
            if name is None:
                return self.static(term, node)
            term = self.as_argument(term)
            operand = self.to_operand(self.as_array(term) if self.is_growing(term) else term)
            if name not in definition.lists and isinstance(operand.type, ContainerType) and is_numbers(operand.type):
                operand = self.apply(np.array, [operand])
            return operand.value if isinstance(operand.type, StaticType) else Given(operand)  # type: ignore[union-attr]

        made = [given(a, o) for a, o in zip(arguments, positional, strict=True)]
        primitive, operands = definition.call(made, {k: given(v, named[k]) for k, v in keywords.items()})
        result = self.builder.apply(primitive, operands, None, hint)
        if primitive.effect is Effect.VIEW:
            return self.maybe_view(result, primitive.name, [*arguments, *keywords.values()])
        return self.adopt(result)

    def with_arrays(self, operand: Operand, items: bool) -> Operand:
        """A list or tuple of numbers as an array, or the lists in it; others as they are."""
        t = operand.type
        if not isinstance(t, ContainerType) or t.cls not in (list, tuple) or (items and not t.keys):
            return operand
        if not items:
            return self.as_array(operand)
        parts = [self.builder.extract(operand, k) for k in t.keys]
        made = [self.as_array(p) if isinstance(p.type, ContainerType) else p for p in parts]
        return operand if made == parts else self.builder.make(list, t.keys, made)

    def is_growing(self, term: Term) -> bool:
        """Whether a term is a list of run-time length."""
        opened = self.open(term) if isinstance(term, Ref) else term
        return isinstance(opened, Value) and isinstance(opened.type, SequenceType)

    def is_rows(self, term: Term) -> bool:
        """Whether a term is an array."""
        opened = self.open(term) if isinstance(term, Ref) else term
        return isinstance(opened, (Value, Constant)) and isinstance(opened.type, ArrayType)

    def as_array_term(self, term: Term) -> Term:
        """A list of numbers as an array; other terms as they are."""
        operand = self.to_operand(term)
        return operand if isinstance(operand.type, ArrayType) else self.apply(np.array, [operand])

    def as_array(self, term: Term) -> Operand:
        return self.apply(np.array, [self.to_operand(term)])

    def apply_to(self, function: Any, arguments: list[Term], node: gast.AST) -> Term:
        return self.call_primitive(required(function), arguments, {}, node, None)

    def as_argument(self, term: Term) -> Term:
        """An iterable as the list that a function makes of it; an object that says what array it is."""
        cls = class_of(term)
        if cls is not None and is_user_class(cls):
            for name in ("__array__", "__float__"):
                found = self.call_special(term, name, [], self.frame.tree)
                if found is not None:
                    return found
        return self.listed(term)

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
        self,
        back: WrittenArrays,
        result: Operand,
        arguments: Sequence[Term],
        names: Sequence[str | None],
        node: gast.AST,
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
