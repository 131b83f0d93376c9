"""Expressions to operations: an abstract interpreter over the syntax tree.

What is known at compile time (modules, functions, strings, tuples' lengths, ranks) is evaluated here; the rest becomes
operations through the builder, with their types.
"""

from __future__ import annotations

import builtins
import math
import operator
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import gast
import numpy as np

from s2sad.errors import Location, Unsupported, UnsupportedCall, UnsupportedSyntax, UnsupportedType
from s2sad.frontend.context import Context, NeedsStatic, Variable
from s2sad.frontend.source import Source
from s2sad.frontend.terms import (
    Method,
    Range,
    Record,
    Term,
    flatten,
    is_static,
    open_container,
    same_operand,
    static_value,
    structure,
    to_operand,
)
from s2sad.ir.builder import Builder
from s2sad.ir.effects import FORMAT
from s2sad.ir.primitive import lookup
from s2sad.ir.structure import GETITEM, SHAPE
from s2sad.ir.types import (
    BOTTOM,
    ArrayType,
    ContainerType,
    SequenceType,
    StaticType,
    Type,
    join,
)
from s2sad.ir.values import Constant, If, Operand, Value, constant

BINARY: dict[type, Callable[..., Any]] = {
    gast.Add: np.add,
    gast.Sub: np.subtract,
    gast.Mult: np.multiply,
    gast.Div: np.divide,
    gast.FloorDiv: np.floor_divide,
    gast.Mod: np.remainder,
    gast.Pow: np.power,
    gast.MatMult: np.matmul,
    gast.BitAnd: np.bitwise_and,
    gast.BitOr: np.bitwise_or,
    gast.BitXor: np.bitwise_xor,
    gast.LShift: np.left_shift,
    gast.RShift: np.right_shift,
}
UNARY: dict[type, Callable[..., Any]] = {
    gast.USub: np.negative,
    gast.UAdd: np.positive,
    gast.Invert: np.invert,
    gast.Not: operator.not_,
}
COMPARE: dict[type, Callable[..., Any]] = {
    gast.Eq: np.equal,
    gast.NotEq: np.not_equal,
    gast.Lt: np.less,
    gast.LtE: np.less_equal,
    gast.Gt: np.greater,
    gast.GtE: np.greater_equal,
}
STATIC_COMPARE: dict[type, Callable[[Any, Any], bool]] = {
    gast.Is: operator.is_,
    gast.IsNot: operator.is_not,
    gast.In: lambda a, b: a in b,
    gast.NotIn: lambda a, b: a not in b,
    gast.Eq: operator.eq,
    gast.NotEq: operator.ne,
}


class Expressions:
    """Lowers expressions; `Lowering` adds statements."""

    def __init__(self, source: Source, function: types.FunctionType, builder: Builder, context: Context) -> None:
        self.source = source
        self.function = function
        self.builder = builder
        self.context = context
        self.env: dict[str, Term] = {}
        self.parameter_paths: dict[Value, tuple[int, tuple[object, ...]]] = {}
        self.captured: dict[tuple[int, str], tuple[Variable, Value]] = {}

    # errors

    def at(self, node: gast.AST) -> Location:
        return self.source.location(node)

    def refuse(
        self, node: gast.AST, what: str, instead: str = "", cls: type[Unsupported] = UnsupportedSyntax
    ) -> NoReturn:
        raise cls(what, instead, self.at(node))

    @contextmanager
    def locating(self, node: gast.AST) -> Iterator[None]:
        """Give what is built the node's location; errors of type rules become errors at the node."""
        before, self.builder.location = self.builder.location, self.at(node)
        try:
            yield
        except (TypeError, ValueError, IndexError, KeyError, NotImplementedError) as e:
            if isinstance(e, Unsupported):
                raise
            raise UnsupportedType(str(e) or type(e).__name__, "", self.at(node)) from e
        finally:
            self.builder.location = before

    # what is static

    def static(self, term: Term, node: gast.AST) -> Any:
        """The value of a term that must be known at compile time; asks for a parameter to become static."""
        if is_static(term):
            return static_value(term)
        if isinstance(term, (tuple, list)):
            return type(term)(self.static(t, node) for t in term)
        if isinstance(term, Value):
            if isinstance(term.type, ArrayType) and isinstance(term.type.size, int):
                return term.type.size
            if term in self.parameter_paths:
                raise NeedsStatic(*self.parameter_paths[term], self.at(node))
        self.refuse(
            node, "this must be known at compile time", "pass a constant, or an argument as it is", UnsupportedType
        )

    # expressions

    def eval(self, node: gast.AST, hint: str | None = None) -> Term:
        """The term of an expression; `hint` is the name it is about to be bound to."""
        method = getattr(self, f"_eval_{type(node).__name__}", None)
        if method is None:
            self.refuse(node, f"{type(node).__name__} expressions are not supported yet")
        with self.locating(node):
            return method(node, hint)  # type: ignore[no-any-return]

    def operand(self, node: gast.AST, hint: str | None = None) -> Operand:
        with self.locating(node):
            return to_operand(self.builder, self.eval(node, hint))

    def apply(self, function: Callable[..., Any], operands: list[Operand], hint: str | None = None) -> Operand:
        primitive = lookup(function)
        if primitive is None:
            name = getattr(function, "__name__", repr(function))
            raise UnsupportedCall(f"there is no derivative rule for {name}", "", self.builder.location)
        return self.builder.apply(primitive, operands, None, hint)

    def _eval_Constant(self, node: gast.Constant, hint: str | None) -> Term:
        return constant(node.value)

    def _eval_Name(self, node: gast.Name, hint: str | None) -> Term:
        if node.id in self.env:
            return self.env[node.id]
        if node.id in self.function.__code__.co_varnames:
            self.refuse(
                node,
                f"{node.id} is read before it is bound, or only bound in a loop or branch that may not run",
                "bind it before",
            )
        return self.outer(node)

    def outer(self, node: gast.Name) -> Term:
        """A name of the module, of a closure, or a builtin."""
        function, name = self.function, node.id
        free = function.__code__.co_freevars
        if name in free:
            cell = (function.__closure__ or ())[free.index(name)]
            return self.captured_term(Variable(cell, name), cell.cell_contents, node)
        if name in function.__globals__:
            return self.captured_term(Variable(function.__globals__, name), function.__globals__[name], node)
        if hasattr(builtins, name):
            return constant(getattr(builtins, name))
        self.refuse(node, f"the name {name} is not defined")

    def captured_term(self, variable: Variable, value: Any, node: gast.AST) -> Term:
        """Numbers, functions, modules and strings are constants (guarded); arrays are further parameters."""
        if type(value) in (bool, int, float, complex) or isinstance(value, np.generic):
            self.context.guard(variable.holder, variable.name, value)
            return constant(value, variable.name)
        if not isinstance(value, np.ndarray) and not _holds_arrays(value):
            self.context.guard(variable.holder, variable.name, value)
            return constant(value)
        if variable.key not in self.captured:
            self.captured[variable.key] = (variable, Value(self.context.captured_type(variable), variable.name))
        return self.captured[variable.key][1]

    def _eval_Attribute(self, node: gast.Attribute, hint: str | None) -> Term:
        base = self.eval(node.value)
        if isinstance(base, Value) and base.type == BOTTOM:
            return base
        if isinstance(base, Constant) and isinstance(base.type, StaticType):
            return self.static_attribute(base, node)
        if isinstance(base, (Value, Constant)) and isinstance(base.type, ContainerType):
            base = self.open(base)
        if isinstance(base, Record):
            if node.attr in base.items:
                return base.items[node.attr]
            self.refuse(
                node, f"{base.cls.__name__} has no field {node.attr}", "methods and properties are not supported yet"
            )
        if isinstance(base, (Value, Constant)) and isinstance(base.type, ArrayType):
            return self.array_attribute(base, base.type, node)
        return Method(base, node.attr)

    def static_attribute(self, base: Constant, node: gast.Attribute) -> Term:
        if not hasattr(base.value, node.attr):
            self.refuse(node, f"{getattr(base.value, '__name__', base.value)!s} has no attribute {node.attr}")
        value = getattr(base.value, node.attr)
        if isinstance(base.value, types.ModuleType) and isinstance(value, float):
            return constant(value, _module_constant(base.value, node.attr))
        if isinstance(base.value, types.ModuleType) and isinstance(value, (np.ndarray, int)):
            return self.captured_term(Variable(vars(base.value), node.attr), value, node)
        return constant(value)

    def array_attribute(self, base: Operand, t: ArrayType, node: gast.Attribute) -> Term:
        if node.attr == "shape":
            shape = self.builder.apply(SHAPE, (base,))
            keys = shape.type.keys if isinstance(shape.type, ContainerType) else ()
            return tuple(self.builder.extract(shape, k) for k in keys) if _is_container(shape) else shape
        if node.attr == "ndim" and t.rank is not None:
            return constant(t.rank)
        if node.attr == "dtype" and t.dtype is not None:
            return constant(t.dtype)
        functions: dict[str, Callable[..., Any]] = {
            "T": np.transpose,
            "size": np.size,
            "real": np.real,
            "imag": np.imag,
            "ndim": np.ndim,
        }
        if node.attr in functions:
            return self.apply(functions[node.attr], [base])
        return Method(base, node.attr)

    def _eval_Tuple(self, node: gast.Tuple, hint: str | None) -> Term:
        return tuple(self._items(node.elts))

    def _eval_List(self, node: gast.List, hint: str | None) -> Term:
        return self._items(node.elts)

    def _items(self, nodes: list[gast.AST]) -> list[Term]:
        items: list[Term] = []
        for e in nodes:
            if isinstance(e, gast.Starred):
                items.extend(self.sequence(self.eval(e.value), e))
            else:
                items.append(self.eval(e))
        return items

    def sequence(self, term: Term, node: gast.AST) -> list[Term]:
        """The items of a term whose length is known at compile time."""
        term = self.open(term)
        if isinstance(term, (tuple, list)):
            return list(term)
        if isinstance(term, dict):
            return [constant(k) for k in term]
        if isinstance(term, Record):
            return list(term.items.values())
        if isinstance(term, Value) and isinstance(term.type, ArrayType) and term.type.shape:
            length = term.type.shape[0]
            if isinstance(length, int):
                return [self.builder.apply(GETITEM, (term, constant(k))) for k in range(length)]
        if isinstance(term, Range) and all(isinstance(o, Constant) for o in (term.start, term.stop, term.step)):
            return [constant(k) for k in range(*(o.value for o in (term.start, term.stop, term.step)))]  # type: ignore
        self.refuse(node, "the number of items is not known at compile time", "", UnsupportedType)

    def _eval_Dict(self, node: gast.Dict, hint: str | None) -> Term:
        if None in node.keys:
            self.refuse(node, "** in a dict display is not supported yet")
        return {self.static(self.eval(k), k): self.eval(v) for k, v in zip(node.keys, node.values, strict=True)}

    def _eval_BinOp(self, node: gast.BinOp, hint: str | None) -> Term:
        spine = [node]  # left-deep chains of a thousand terms are walked, not recursed into
        while isinstance(spine[-1].left, gast.BinOp):
            spine.append(spine[-1].left)
        left = self.eval(spine[-1].left)
        for n in reversed(spine):
            with self.locating(n):
                left = self.binary(n, left, self.eval(n.right), hint if n is node else None)
        return left

    def binary(self, node: gast.BinOp, left: Term, right: Term, hint: str | None) -> Term:
        left, right = (self.open(t) for t in (left, right))
        if isinstance(left, (tuple, list)) or isinstance(right, (tuple, list)):
            return self.container_binary(node, left, right)
        if is_static(left) and is_static(right) and not (_is_number(left) and _is_number(right)):
            return constant(_PYTHON_BINARY[type(node.op)](static_value(left), static_value(right)))
        operands = [to_operand(self.builder, t) for t in (left, right)]
        return self.apply(BINARY[type(node.op)], operands, hint)

    def container_binary(self, node: gast.BinOp, left: Term, right: Term) -> Term:
        if isinstance(node.op, gast.Add) and type(left) is type(right) and isinstance(left, (tuple, list)):
            return left + right  # type: ignore[operator]
        if isinstance(node.op, gast.Mult):
            items, times = (left, right) if isinstance(left, (tuple, list)) else (right, left)
            if isinstance(items, (tuple, list)) and isinstance(times, (Value, Constant)):
                return items * int(self.static(times, node))
        arrays = [t if isinstance(t, (Value, Constant)) else to_operand(self.builder, t) for t in (left, right)]
        if any(isinstance(o.type, ArrayType) for o in arrays):
            return self.apply(
                BINARY[type(node.op)],
                [o if isinstance(o.type, ArrayType) else self.apply(np.array, [o]) for o in arrays],
            )
        self.refuse(node, f"unsupported operands: {arrays[0].type} and {arrays[1].type}", "", UnsupportedType)

    def _eval_UnaryOp(self, node: gast.UnaryOp, hint: str | None) -> Term:
        term = self.eval(node.operand)
        if isinstance(node.op, gast.Not) and (is_static(term) or isinstance(term, (tuple, list, dict))):
            return constant(not (static_value(term) if is_static(term) else term))
        return self.apply(UNARY[type(node.op)], [to_operand(self.builder, term)], hint)

    def _eval_Compare(self, node: gast.Compare, hint: str | None) -> Term:
        left = self.eval(node.left)
        return self._compare_chain(node, left, 0)

    def _compare_chain(self, node: gast.Compare, left: Term, k: int) -> Term:
        right = self.eval(node.comparators[k])
        first = self.compare(node, node.ops[k], left, right)
        if k + 1 == len(node.ops):
            return first
        return self.choose(first, lambda: self._compare_chain(node, right, k + 1), lambda: first, node)

    def compare(self, node: gast.AST, op: gast.AST, left: Term, right: Term) -> Term:
        static = is_static(left) and is_static(right)
        if isinstance(op, (gast.Is, gast.IsNot)) and not static:
            if any(isinstance(t, Constant) and isinstance(t.type, StaticType) for t in (left, right)):
                return constant(isinstance(op, gast.IsNot))
            self.refuse(node, "`is` between values of run time", "compare with ==", UnsupportedType)
        if isinstance(op, (gast.In, gast.NotIn)):
            options = self.open(right)
            keys = list(options) if isinstance(options, dict) else self.static(options, node)
            return constant(STATIC_COMPARE[type(op)](self.static(left, node), keys))
        if static and type(op) in STATIC_COMPARE and not (_is_number(left) and _is_number(right)):
            return constant(STATIC_COMPARE[type(op)](static_value(left), static_value(right)))
        operands = [to_operand(self.builder, t) for t in (left, right)]
        if type(op) in (gast.Eq, gast.NotEq) and any(isinstance(o.type, StaticType) for o in operands):
            return constant(isinstance(op, gast.NotEq))
        if all(isinstance(o.type, ContainerType) for o in operands):
            return self._compare_containers(node, op, *operands)
        return self.apply(COMPARE[type(op)], operands)

    def _compare_containers(self, node: gast.AST, op: gast.AST, left: Operand, right: Operand) -> Term:
        """Tuples such as shapes are compared item by item."""
        a, b = (self.sequence(t, node) for t in (left, right))
        if not isinstance(op, (gast.Eq, gast.NotEq)):
            self.refuse(node, "the order of two containers", "compare their items", UnsupportedType)
        if len(a) != len(b):
            return constant(isinstance(op, gast.NotEq))
        same: Term = constant(True)
        for m, n in zip(a, b, strict=True):
            equal = self.compare(node, gast.Eq(), m, n)
            same = self.choose(same, lambda e=equal: e, lambda s=same: s, node)  # type: ignore[misc]
        return same if isinstance(op, gast.Eq) else self.apply(operator.not_, [to_operand(self.builder, same)])

    def _eval_BoolOp(self, node: gast.BoolOp, hint: str | None) -> Term:
        def rest(k: int) -> Term:
            term = self.eval(node.values[k])
            if k + 1 == len(node.values):
                return term
            if isinstance(node.op, gast.And):
                return self.choose(term, lambda: rest(k + 1), lambda: term, node)
            return self.choose(term, lambda: term, lambda: rest(k + 1), node)

        return rest(0)

    def _eval_IfExp(self, node: gast.IfExp, hint: str | None) -> Term:
        return self.choose(
            self.eval(node.test), lambda: self.eval(node.body), lambda: self.eval(node.orelse), node, hint
        )

    def truth(self, term: Term, node: gast.AST) -> bool | Operand:
        """The truth of a term: a bool where it is known at compile time."""
        term = self.open(term)
        if isinstance(term, (tuple, list, dict)):
            return bool(term)
        if isinstance(term, Constant):
            return bool(term.value)
        if isinstance(term, Record):
            return True
        operand = to_operand(self.builder, term)
        if isinstance(operand.type, ArrayType) and operand.type.shape and any(d != 1 for d in operand.type.shape):
            self.refuse(node, "the truth of an array with several elements", "use .any() or .all()", UnsupportedType)
        return operand

    def choose(
        self, test: Term, then: Callable[[], Term], orelse: Callable[[], Term], node: gast.AST, hint: str | None = None
    ) -> Term:
        """A value by a condition; only one side is evaluated."""
        truth = self.truth(test, node)
        if isinstance(truth, bool):
            return then() if truth else orelse()
        outer = self.builder
        sides = []
        for side in (then, orelse):
            self.builder = outer.child()
            sides.append((self.builder, side()))
        self.builder = outer
        merged, results, types_ = self.merge([(b, t) for b, t in sides], node, hint)
        (b1, r1), (b2, r2) = ((b, r) for (b, _), r in zip(sides, results, strict=True))
        values = tuple(Value(t, hint) for t in types_)
        outer.operations.append(If(truth, b1.block((), r1), b2.block((), r2), values, self.at(node)))
        return merged([m if same_operand(m, n) else v for m, n, v in zip(r1, r2, values, strict=True)])

    def merge(
        self, sides: list[tuple[Builder, Term]], node: gast.AST, name: str | None
    ) -> tuple[Callable[..., Term], list[list[Operand]], list[Type]]:
        """The leaves of the two sides of a branch, their joined types, and the term around the results."""
        if structure(sides[0][1]) != structure(sides[1][1]):
            sides = [(b, to_operand(b, t)) for b, t in sides]
        (a, build), (b, _) = (flatten(t, self.at(node)) for _, t in sides)
        joined = [join(m.type, n.type) for m, n in zip(a, b, strict=True)]
        for m, n, t in zip(a, b, joined, strict=True):
            if t is None:
                what = f"{name} is" if name else "this is"
                self.refuse(
                    node,
                    f"{what} {m.type} in one branch and {n.type} in the other",
                    "give both the same kind of value",
                    UnsupportedType,
                )
        return build, [a, b], joined  # type: ignore[return-value]

    # subscripts

    def _eval_Subscript(self, node: gast.Subscript, hint: str | None) -> Term:
        base = self.eval(node.value)
        if isinstance(base, (Value, Constant)) and isinstance(base.type, (ArrayType, SequenceType)):
            index = to_operand(self.builder, self.index(node.slice))
            return self.builder.apply(GETITEM, (base, index), None, hint)
        index_term = self.index(node.slice)
        if isinstance(base, (Value, Constant)) and isinstance(base.type, ContainerType):
            base = self.open(base)
        if isinstance(base, Record) and issubclass(base.cls, tuple):
            base = tuple(base.items.values())
        if isinstance(base, (tuple, list)):
            return base[self.static(index_term, node.slice)]  # type: ignore[no-any-return]
        if isinstance(base, dict):
            key = self.static(index_term, node.slice)
            if key not in base:
                self.refuse(node, f"the dict has no key {key!r}")
            item: Term = base[key]
            return item
        if is_static(base):
            return constant(static_value(base)[self.static(index_term, node.slice)])
        self.refuse(node, "this cannot be indexed", "", UnsupportedType)

    def index(self, node: gast.AST) -> Term:
        if isinstance(node, gast.Slice):
            parts = [constant(None) if p is None else self.operand(p) for p in (node.lower, node.upper, node.step)]
            return self.builder.operand(slice(*parts))
        if isinstance(node, gast.Tuple):
            return tuple(self.index(e) for e in node.elts)
        return self.eval(node)

    # strings

    def _eval_JoinedStr(self, node: gast.JoinedStr, hint: str | None) -> Term:
        parts: list[object] = []
        operands = []
        for part in node.values:
            if isinstance(part, gast.Constant):
                parts.append(part.value)
                continue
            spec = part.format_spec.values[0].value if part.format_spec and part.format_spec.values else ""
            operands.append(self.operand(part.value))
            parts.append((part.conversion, spec))
        return self.builder.apply(FORMAT, operands, {"parts": tuple(parts)})

    # calls

    def _eval_Call(self, node: gast.Call, hint: str | None) -> Term:
        function = self.eval(node.func)
        arguments = self._items(node.args)
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
        raise NotImplementedError

    def open(self, term: Term) -> Term:
        """A container value as a container of terms, one level deep; the paths of parameters are remembered."""
        opened = open_container(self.builder, term)
        if opened is not term and isinstance(term, Value) and term in self.parameter_paths:
            parameter, path = self.parameter_paths[term]
            keys = term.type.keys if isinstance(term.type, ContainerType) else ()
            items = opened.items.values() if isinstance(opened, Record) else opened
            items = opened.values() if isinstance(opened, dict) else items
            for key, item in zip(keys, items, strict=True):  # type: ignore[arg-type]
                self.parameter_paths[item] = (parameter, (*path, key))
        return opened


_PYTHON_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    gast.Add: operator.add,
    gast.Sub: operator.sub,
    gast.Mult: operator.mul,
    gast.Div: operator.truediv,
    gast.FloorDiv: operator.floordiv,
    gast.Mod: operator.mod,
    gast.Pow: operator.pow,
    gast.BitOr: operator.or_,
    gast.BitAnd: operator.and_,
    gast.BitXor: operator.xor,
    gast.MatMult: operator.matmul,
    gast.LShift: operator.lshift,
    gast.RShift: operator.rshift,
}


def _is_number(term: Term) -> bool:
    return isinstance(term, (Value, Constant)) and isinstance(term.type, ArrayType)


def _is_container(operand: Operand) -> bool:
    return isinstance(operand.type, ContainerType)


def _holds_arrays(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(isinstance(v, (np.ndarray, float)) or _holds_arrays(v) for v in value)
    if isinstance(value, dict):
        return any(isinstance(v, (np.ndarray, float)) or _holds_arrays(v) for v in value.values())
    return False


def _module_constant(module: types.ModuleType, name: str) -> str | None:
    """`np.pi` and `math.pi` keep their text; constants of other modules become numbers."""
    return f"{'np' if module is np else 'math'}.{name}" if module in (np, math) else None
