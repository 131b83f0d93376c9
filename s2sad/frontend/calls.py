"""Calls: functions with a rule, builtins, classes of containers, methods, and the user's own functions."""

from __future__ import annotations

import inspect
import types
from typing import Any, NoReturn

import gast
import numpy as np

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend.builtins import HANDLERS, evaluates_at_compile_time, is_hashable
from s2sad.frontend.context import CalleeNeedsStatic, NeedsStatic
from s2sad.frontend.dependencies import LIBRARIES
from s2sad.frontend.expressions import Expressions
from s2sad.frontend.terms import Method, Record, Term, is_static, record_fields, static_value, to_operand
from s2sad.ir.primitive import Primitive, lookup
from s2sad.ir.types import BOTTOM, ArrayType, is_active_type
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
        "compress",
    ]
)
"""Methods that are the NumPy function of the same name on their receiver."""


class Calls(Expressions):
    """Lowers calls."""

    def call(
        self, function: Term, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        if isinstance(function, Value) and function.type == BOTTOM:
            return function
        if isinstance(function, Method):
            return self.call_method(function, arguments, keywords, node, hint)
        if not is_static(function):
            self.refuse(node, "this value is called", "call a function", UnsupportedCall)
        f = static_value(function)
        if is_hashable(f) and f in HANDLERS:
            return HANDLERS[f](self, arguments, keywords, node)
        if isinstance(f, type) and record_fields(f) is not None:
            return self.make_record(f, arguments, keywords, node)
        if getattr(f, "__s2sad_forward__", None) is not None:
            return self.call_forward(f, arguments, keywords, node, hint)
        primitive = lookup(f)
        if primitive is not None:
            return self.call_primitive(primitive, arguments, keywords, node, hint)
        if (
            all(map(is_static, arguments))
            and all(map(is_static, keywords.values()))
            and (getattr(f, "__s2sad_operator__", False) or evaluates_at_compile_time(f))
        ):
            return constant(f(*map(static_value, arguments), **{k: static_value(v) for k, v in keywords.items()}))
        if isinstance(f, types.MethodType):
            return self.call_function(f.__func__, [constant(f.__self__), *arguments], keywords, node, hint)
        if isinstance(f, types.FunctionType) and (f.__module__ or "").split(".")[0] not in LIBRARIES:
            return self.call_function(f, arguments, keywords, node, hint)
        if getattr(f, "__s2sad_derivative__", False):
            return self.call_function(f, arguments, keywords, node, hint)
        name = getattr(f, "__qualname__", getattr(f, "__name__", repr(f)))
        module = getattr(f, "__module__", None)
        self.refuse(
            node,
            f"there is no derivative rule for {module + '.' if module else ''}{name}",
            "write it with functions that have one, or give its rule",
            UnsupportedCall,
        )

    def call_forward(
        self, jvp: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """`jvp(fun, primals, tangents)` inside a function: a call of the tangent of `fun`."""
        try:
            fun, primals, tangents = inspect.signature(jvp).bind(*arguments, **keywords).args
        except TypeError as e:
            self.refuse(node, f"jvp: {e}", "", UnsupportedCall)
        values = [to_operand(self.builder, t) for t in self.sequence(primals, node)]
        dots = self.sequence(tangents, node)
        active = tuple(k for k, v in enumerate(values) if is_active_type(v.type))
        if len(dots) != len(values) or not active:
            self.refuse(node, f"jvp: {len(values)} primals, {len(active)} of them floats, and {len(dots)} tangents")
        derivative = jvp.__s2sad_forward__(self.static(fun, node), active)
        return self.call_function(derivative, [*values, *(dots[k] for k in active)], {}, node, hint)

    def call_function(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function of the user: its arguments in the order of its parameters."""
        try:
            bound = inspect.signature(f).bind(*arguments, **keywords)
        except TypeError as e:
            self.refuse(node, f"{f.__name__}: {e}", "", UnsupportedCall)
        operands = []
        for name, parameter in inspect.signature(f).parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                self.refuse(node, f"{f.__name__} takes *{name}", "not supported yet: name the parameters")
            term = bound.arguments[name] if name in bound.arguments else constant(parameter.default)
            operands.append(to_operand(self.builder, term))
        return self.call_compiled(f, operands, node, hint)

    def call_method(
        self, method: Method, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        receiver, name = method.receiver, method.name
        if isinstance(receiver, dict) and name in ("items", "keys", "values", "get"):
            if name == "get":
                default = arguments[1] if len(arguments) > 1 else constant(None)
                found: Term = receiver.get(self.static(arguments[0], node), default)
                return found
            if name == "items":
                return [(constant(k), v) for k, v in receiver.items()]
            return [constant(k) for k in receiver] if name == "keys" else list(receiver.values())
        opened = self.open(receiver)
        if isinstance(opened, dict) and opened is not receiver:
            return self.call_method(Method(opened, name), arguments, keywords, node, hint)
        if not (isinstance(receiver, (Value, Constant)) and isinstance(receiver.type, ArrayType)):
            self.refuse(node, f"the method {name} is not supported yet", "", UnsupportedCall)
        if name == "item" and not arguments:
            return self.apply(float, [receiver])
        if name == "flatten":
            name = "ravel"
        if name not in ARRAY_METHODS:
            self.refuse(node, f"there is no derivative rule for the method {name} of arrays", "", UnsupportedCall)
        if name in ("reshape", "transpose") and len(arguments) > 1:
            arguments = [tuple(arguments)]
        function = getattr(np, name)
        primitive = lookup(function)
        if primitive is None:
            self.refuse(node, f"there is no derivative rule for np.{name}", "", UnsupportedCall)
        return self.call_primitive(primitive, [receiver, *arguments], keywords, node, hint)

    def make_record(self, cls: type, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """A NamedTuple or dataclass made in the function."""
        try:
            bound = inspect.signature(cls).bind(*arguments, **keywords)
        except TypeError as e:
            self.refuse(node, f"{cls.__name__}: {e}", "", UnsupportedCall)
        if getattr(cls, "__post_init__", None) is not None:
            self.refuse(node, f"{cls.__name__} has a __post_init__", "not supported yet", UnsupportedCall)
        parameters = inspect.signature(cls).parameters
        return Record(cls, {n: bound.arguments.get(n, constant(p.default)) for n, p in parameters.items()})

    def call_primitive(
        self, primitive: Primitive, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function with a rule."""
        try:
            operands, static = primitive.bind(arguments, keywords)
        except TypeError as e:
            self.refuse(node, f"{primitive.name}: {e}", "leave this argument out", UnsupportedCall)
        known = {k: self.static(v, node) for k, v in static.items()}
        return self.builder.apply(primitive, [to_operand(self.builder, o) for o in operands], known, hint)

    def call_compiled(self, function: Any, operands: list[Operand], node: gast.AST, hint: str | None) -> Term:
        """Another function of the program; operands that it must know are asked of this function's parameters."""
        try:
            callee = self.context.callee(function, operands, self.at(node))
        except CalleeNeedsStatic as e:
            self.need_static(operands[e.position], e.path, node)
        passed = [operands[k] for k in callee.passed]
        for variable in callee.captured:
            if variable.key not in self.captured:
                self.captured[variable.key] = (variable, Value(self.context.captured_type(variable), variable.name))
            passed.append(self.captured[variable.key][1])
        return self.builder.call_function(callee.reference, passed, hint)

    def need_static(self, operand: Operand, path: tuple[object, ...], node: gast.AST) -> NoReturn:
        if isinstance(operand, Value) and operand in self.parameter_paths:
            parameter, before = self.parameter_paths[operand]
            raise NeedsStatic(parameter, before + path, self.at(node))
        self.refuse(node, "the function must know this argument at compile time", "pass a constant", UnsupportedType)
