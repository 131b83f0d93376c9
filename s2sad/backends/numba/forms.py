"""Forms that numba compiles, for operations whose plain spelling it does not: a table, by the name of the primitive.

np.clip(x, 0.0, 1.0)     np.minimum(np.maximum(x, 0.0), 1.0)
np.concatenate([x, y])   np.concatenate((x, y))

Most are for loops over numbers. Those for arrays and lists are what programs without loops need: of functions that
call themselves, and with lists of arrays that grow. What has no form here is left to NumPy.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Sequence
from typing import TypeGuard

import numpy as np

from s2sad.backends.boundary import BOXED
from s2sad.emit.c.checks import cuts, divides, may_raise
from s2sad.emit.expressions import Read, expression, fill, parse
from s2sad.emit.statements import call
from s2sad.ir.containers import EXTRACT, GETITEM, MAKE
from s2sad.ir.primitive import primitive_name
from s2sad.ir.primitives.memory import RESHAPED, TALLY
from s2sad.ir.types import ArrayType, ContainerType, SequenceType, Type
from s2sad.ir.values import Apply

Form = Callable[[Apply, Read], ast.expr | None]
"""From an operation the expression that numba compiles; None where the plain one is compiled."""

FLOATS = frozenset(map(np.dtype, ("float64", "complex128")))

FORMS: dict[str, Form] = {}
"""By the names of primitives."""


def form(*functions: Callable[..., object] | str) -> Callable[[Form], Form]:
    """Enter a form of primitives, which are given by their functions or by their own names."""

    def enter(f: Form) -> Form:
        FORMS.update((g if isinstance(g, str) else primitive_name(g), f) for g in functions)
        return f

    return enter


def numba_expression(op: Apply, read: Read) -> ast.expr:
    """The expression of an operation in a form that numba compiles, where there is one."""
    spelled = FORMS.get(op.primitive.name)
    expr = spelled(op, read) if spelled is not None else None
    plain = expression(op, read) if expr is None else expr
    if all(o.type.is_scalar for o in (op.result, *op.operands)):
        return _of_numbers(op, plain)
    return plain


# numbers


def _of_numbers(op: Apply, plain: ast.expr) -> ast.expr:
    """An operation on numbers: it raises as Python's does, and gives a number of its own dtype."""
    dtype = op.result.type.dtype
    # numba computes in a wider one; and of two truth values it makes an integer
    if dtype is not None and (dtype not in BOXED or (dtype.kind == "b" and isinstance(plain, ast.BinOp))):
        return converted(plain, dtype)
    return raising(op, plain)


def converted(number: ast.expr, dtype: np.dtype[np.generic]) -> ast.expr:
    """`np.float32(x)`."""
    name = parse("bool" if dtype.kind == "b" else f"np.{dtype.name}")
    twice = isinstance(number, ast.Call) and ast.unparse(number.func) == ast.unparse(name)
    return number if twice else ast.Call(name, [number], [])


def raising(op: Apply, made: ast.expr) -> ast.expr:
    """The expression of an operation on Python's numbers with a helper, where these raise and those of NumPy do not."""
    match made:
        case ast.BinOp(left, sign, right) if divides(op) or (isinstance(sign, ast.Pow) and may_raise(op)):
            return call(_RAISING[type(sign)], [left, right])
        case ast.Call(function, [x], []) if cuts(op):
            return ast.Call(function, [call("in_64_bits", [x])], [])
        case ast.Call(function, [x], []) if may_raise(op):
            return call("python_value", [function, x])
        case ast.Call(function, [x, y], []) if may_raise(op):
            return call("python_value_of_two", [function, x, y])
    return made


_RAISING: dict[type[ast.operator], str] = {
    ast.Div: "python_divide",
    ast.FloorDiv: "python_floor_divide",
    ast.Mod: "python_remainder",
    ast.Pow: "python_power",
}


@form(np.astype)
def astype(op: Apply, read: Read) -> ast.expr | None:
    """`np.float32(x)` of a number."""
    t, given = op.result.type, op.operands[0].type.dtype
    if not t.is_scalar or t.dtype is None:
        return None
    cut = given is not None and given.kind == "c" and t.dtype.kind != "c"
    return converted(fill(parse("_0.real" if cut else "_0"), [read(op.operands[0])]), t.dtype)


@form(np.clip)
def clip(op: Apply, read: Read) -> ast.expr | None:
    """`np.minimum(np.maximum(x, low), high)` of numbers."""
    if not op.result.type.is_scalar or len(op.operands) != 3 or op.static:
        return None
    return fill(parse("np.minimum(np.maximum(_0, _1), _2)"), [read(o) for o in op.operands])


@form(np.fix, math.fmod, math.cbrt)
def in_other_words(op: Apply, read: Read) -> ast.expr:
    """A function of numbers that numba knows by another name."""
    name = {np.fix: "np.trunc"}.get(op.primitive.function, f"np.{op.primitive.noun}")
    return ast.Call(parse(name), [read(o) for o in op.operands], [])


@form(TALLY.name)
def tally(op: Apply, read: Read) -> ast.expr | None:
    """`tally(total, term)` of floats: that of integers is exact in any order."""
    return call("tally", [read(o) for o in op.operands]) if op.result.type.dtype in FLOATS else None


# memory


@form(np.reshape, RESHAPED.name)
def reshaped(op: Apply, read: Read) -> ast.expr:
    """`np.ascontiguousarray(x).reshape(...)`: numba reshapes what lies in order."""
    plain = expression(op, read)
    if isinstance(plain, ast.Call) and isinstance(plain.func, ast.Attribute) and plain.func.attr == "reshape":
        plain.func.value = ast.Call(parse("np.ascontiguousarray"), [plain.func.value], [])
    return plain


@form(GETITEM.name)
def indexed(op: Apply, read: Read) -> ast.expr | None:
    """`x[np.array([i, j])]` for `x[[i, j]]`, and `x[:]` for `x[...]`."""
    plain = expression(op, read)
    return ast.Subscript(plain.value, _place(plain.slice), ast.Load()) if isinstance(plain, ast.Subscript) else None


def _place(index: ast.expr) -> ast.expr:
    match index:
        case ast.Constant(value) if value is Ellipsis:
            return ast.Slice()
        case ast.List():
            return ast.Call(parse("np.array"), [index], [])
        # among other items numba knows an ellipsis
        case ast.Tuple(items):
            return ast.Tuple([_place(e) if isinstance(e, ast.List) else e for e in items], ast.Load())
    return index


@form("unbroadcast")
def unbroadcast(op: Apply, read: Read) -> ast.expr | None:
    """A helper for the ranks of the operands."""
    helpers: dict[tuple[int | None, ...], str] = {
        (1, 1): "unbroadcast_1",
        (2, 1): "unbroadcast_2_1",
        (2, 2): "unbroadcast_2",
    }
    ranks = tuple(o.type.rank for o in op.operands)
    name = helpers.get(ranks)
    return call(name, [read(o) for o in op.operands]) if name else None


@form(np.concatenate)
def joined(op: Apply, read: Read) -> ast.expr:
    """`np.concatenate((x, y))` for a list of arrays."""
    plain = expression(op, read)
    if isinstance(plain, ast.Call) and isinstance(plain.args[0], ast.List):
        plain.args[0] = ast.Tuple(plain.args[0].elts, ast.Load())
    return plain


# containers


def is_record(t: Type) -> TypeGuard[ContainerType]:
    """Whether values of a type are tuples in the emitted text: dicts and objects, whose keys are all known."""
    return isinstance(t, ContainerType) and t.cls not in (tuple, list)


@form(MAKE.name)
def record(op: Apply, read: Read) -> ast.expr | None:
    """`(x, y)` for a dict or an object."""
    return ast.Tuple([read(o) for o in op.operands], ast.Load()) if is_record(op.result.type) else None


@form(EXTRACT.name)
def field(op: Apply, read: Read) -> ast.expr | None:
    """`p[0]` for the first item of a dict or an object."""
    t = op.operands[0].type
    if not is_record(t):
        return None
    return ast.Subscript(read(op.operands[0]), ast.Constant(t.keys.index(op.static["key"])), ast.Load())


# lists whose lengths change


@form("nested_items")
def nested_items(op: Apply, read: Read) -> ast.expr | None:
    """A copy of a list of lists."""
    if op.static["depth"] != 2:
        return None
    return fill(parse("[list(_0[k]) for k in range(len(_0))]"), [read(o) for o in op.operands])


def _of_lists(op: Apply, read: Read, text: Callable[[SequenceType], str | None]) -> ast.expr | None:
    """The expression of a text over `_0` and `_1`, lists whose lengths change."""
    t = op.operands[0].type if op.operands else None
    template = text(t) if isinstance(t, SequenceType) and not op.static else None
    return None if template is None else fill(parse(template), [read(o) for o in op.operands])


@form("zero_items")
def zero_items(op: Apply, read: Read) -> ast.expr | None:
    """Zeros of the structure of a list."""
    return _of_lists(op, read, lambda t: _zero_text(t, "_0"))


@form("add_items")
def add_items(op: Apply, read: Read) -> ast.expr | None:
    """The sums of the items of two lists."""
    return _of_lists(op, read, lambda t: _sum_text(t, "_0", "_1"))


@form(np.array)
def array(op: Apply, read: Read) -> ast.expr | None:
    """`x.copy()` of an array; a helper for a list."""
    of_list = _of_lists(op, read, _array_text)
    if of_list is not None:
        return of_list
    if not op.operands[0].type.is_array or op.static:
        return None
    return ast.Call(ast.Attribute(read(op.operands[0]), "copy", ast.Load()), [], [])


def _array_text(t: SequenceType) -> str | None:
    """The array of a list of numbers, of lists of numbers, of vectors or of matrices."""
    item = t.item
    row = item.item if isinstance(item, SequenceType) else None
    if isinstance(row, ArrayType) and row.rank == 0 and row.dtype is not None:
        return f"array_of_lists(_0, np.{row.dtype})"
    if not isinstance(item, ArrayType) or item.rank is None or item.dtype is None:
        return None
    stacked = {1: "array_of_rows", 2: "array_of_matrices"}.get(item.rank)
    return "array_of(_0)" if item.rank == 0 else f"{stacked}(_0, np.{item.dtype})" if stacked else None


def _zero_text(t: Type, x: str, depth: int = 0) -> str | None:
    """A zero of the type of `x`."""
    if isinstance(t, ArrayType) and t.shape is not None and t.dtype is not None:
        return f"np.zeros_like({x})" if t.shape else "0j" if t.dtype.kind == "c" else "0.0"
    if isinstance(t, SequenceType):
        item = _zero_text(t.item, f"x{depth}", depth + 1)
        return item and f"[{item} for x{depth} in {x}]"
    return _tuple_text(t, lambda k, i: _zero_text(i, f"{x}[{k}]", depth))


def _sum_text(t: Type, a: str, b: str, depth: int = 0) -> str | None:
    """The sum of two values of one type."""
    if t.is_numeric:
        return f"{a} + {b}"
    if isinstance(t, SequenceType):
        item = _sum_text(t.item, f"a{depth}", f"b{depth}", depth + 1)
        return item and f"[{item} for a{depth}, b{depth} in zip({a}, {b})]"
    return _tuple_text(t, lambda k, i: _sum_text(i, f"{a}[{k}]", f"{b}[{k}]", depth))


def _tuple_text(t: Type, text: Callable[[int, Type], str | None]) -> str | None:
    """A tuple of the texts for its items; None for what is no tuple."""
    if not isinstance(t, ContainerType) or t.cls is not tuple or not t.items:
        return None
    items: Sequence[str | None] = [text(k, i) for k, i in enumerate(t.items)]
    return None if None in items else f"({', '.join(map(str, items))},)"
