"""Forms that numba compiles, for operations whose plain spelling it does not: a table, by the name of the primitive.

np.sum(x, axis=1, keepdims=True)  np.expand_dims(np.sum(x, axis=1), axis=1)
np.concatenate([x, y])            np.concatenate((x, y))
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeGuard

import numpy as np

from s2sad.emit.expressions import Read, expression, fill, parse
from s2sad.emit.statements import call, integer
from s2sad.ir.containers import EXTRACT, GETITEM, MAKE
from s2sad.ir.primitive import primitive_name, required
from s2sad.ir.types import ArrayType, ContainerType, SequenceType, Type
from s2sad.ir.values import Apply, Constant

Form = Callable[[Apply, Read], ast.expr | None]
"""From an operation the expression that numba compiles; None where the plain one is compiled."""

FORMS: dict[str, list[Form]] = {}
"""By the names of primitives, in the order in which they are asked."""

Adapted = Callable[[Apply, Read, ast.Call], ast.expr | None]

ADAPTED: dict[str, Adapted] = {}
"""What changes the plain call of a function, by the name of its primitive."""


def form(*functions: Callable[..., object] | str) -> Callable[[Form], Form]:
    """Enter a form of primitives, which are given by their functions or by their own names."""

    def enter(f: Form) -> Form:
        for function in functions:
            FORMS.setdefault(_name(function), []).append(f)
        return f

    return enter


def adapted(*functions: Callable[..., object]) -> Callable[[Adapted], Adapted]:
    """Enter what changes the plain calls of functions."""

    def enter(f: Adapted) -> Adapted:
        ADAPTED.update((_name(function), f) for function in functions)
        return f

    return enter


def _name(function: Callable[..., object] | str) -> str:
    return function if isinstance(function, str) else primitive_name(function)


def numba_expression(op: Apply, read: Read) -> ast.expr:
    """The expression of an operation in a form that numba compiles, where there is one."""
    for spelled in FORMS.get(op.primitive.name, ()):
        expr = spelled(op, read)
        if expr is not None:
            return expr
    plain = expression(op, read)
    if not isinstance(plain, ast.Call):
        return plain
    axis = op.static.get("axis")
    # numba knows no keepdims: the axis that is dropped is put in again
    if op.static.get("keepdims") and isinstance(axis, int):
        static = {k: v for k, v in op.static.items() if k != "keepdims"}
        dropped = numba_expression(replace(op, static=static), read)
        return ast.Call(parse("np.expand_dims"), [dropped], [ast.keyword("axis", integer(axis))])
    # a class of Python's is no dtype to numba
    for k in plain.keywords:
        if k.arg == "dtype" and isinstance(k.value, ast.Name) and k.value.id in _DTYPES:
            k.value = parse(_DTYPES[k.value.id])
    change = ADAPTED.get(op.primitive.name)
    return (change and change(op, read, plain)) or plain


_DTYPES = {"bool": "np.bool_", "int": "np.int64", "float": "np.float64"}


# types


def is_record(t: Type) -> TypeGuard[ContainerType]:
    """Whether values of a type are tuples in the emitted text: dicts and objects, whose keys are all known."""
    return isinstance(t, ContainerType) and t.cls not in (tuple, list)


def index_rank(t: Type) -> int | None:
    """The rank of an index array, also one that is given as a list; None for slices and the like."""
    if isinstance(t, ContainerType) and t.cls is list:
        return 1 if all(i.rank == 0 for i in t.items) else None
    return t.rank


def array_of(op: Apply) -> ArrayType | None:
    """The type of the first operand where it is an array or a number."""
    t = op.operands[0].type if op.operands else None
    return t if isinstance(t, ArrayType) else None


# subscripts and containers


def array_index(index: ast.expr) -> ast.expr:
    """A subscript with arrays for the lists in it; `:` for an ellipsis alone."""
    if _is_ellipsis(index):
        return ast.Slice()
    match index:
        case ast.List():
            return ast.Call(parse("np.array"), [index], [])
        # Among other items numba knows an ellipsis.
        case ast.Tuple():
            return ast.Tuple([e if _is_ellipsis(e) else array_index(e) for e in index.elts], ast.Load())
    return index


def _is_ellipsis(index: ast.expr) -> bool:
    return isinstance(index, ast.Constant) and index.value is Ellipsis


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


@form(GETITEM.name)
def indexed(op: Apply, read: Read) -> ast.expr | None:
    """`x[np.array([i, j])]` for `x[[i, j]]`."""
    plain = expression(op, read)
    if not isinstance(plain, ast.Subscript):
        return None
    return ast.Subscript(plain.value, array_index(plain.slice), ast.Load())


# divisions

_DIVISIONS: dict[Callable[..., object], str] = {
    np.divide: "python_divide",
    np.floor_divide: "python_floor_divide",
    np.remainder: "python_remainder",
}


@form(*_DIVISIONS)
def divided(op: Apply, read: Read) -> ast.expr | None:
    """A helper for a division of Python's numbers: by zero it raises, where NumPy's does not."""
    divisor = op.operands[1]
    known = isinstance(divisor, Constant) and divisor.value != 0
    if known or any(o.type.kind != "python" for o in op.operands):
        return None
    return call(_DIVISIONS[op.primitive.function], [read(o) for o in op.operands])


# sums over what was repeated, and stores


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


@form("last_stored")
def last_stored(op: Apply, read: Read) -> ast.expr | None:
    """`last_stored_at(g, index)` of a vector."""
    t = array_of(op)
    if t is None or t.rank != 1 or index_rank(op.operands[1].type) != 1:
        return None
    return call("last_stored_at", [read(op.operands[0]), array_index(read(op.operands[1]))])


# arrays


@form(np.diagonal)
def diagonal(op: Apply, read: Read) -> ast.expr | None:
    """`np.diag(a)` of a matrix."""
    t = array_of(op)
    matrix = t is not None and t.rank == 2 and not op.static
    return ast.Call(parse("np.diag"), [read(op.operands[0])], []) if matrix else None


@form(abs)
def absolute(op: Apply, read: Read) -> ast.expr | None:
    """`np.abs(x)` of an array."""
    return ast.Call(parse("np.abs"), [read(op.operands[0])], []) if op.operands[0].type.is_array else None


@form(np.flip)
def flip(op: Apply, read: Read) -> ast.expr | None:
    """`x[::-1]` of a vector."""
    t = array_of(op)
    if t is None or t.rank != 1:
        return None
    return ast.Subscript(read(op.operands[0]), ast.Slice(None, None, integer(-1)), ast.Load())


@form(np.mean)
def mean(op: Apply, read: Read) -> ast.expr | None:
    """`np.sum(x, axis=k) / x.shape[k]`."""
    t, axis = array_of(op), op.static.get("axis")
    if not isinstance(axis, int) or t is None or t.rank is None:
        return None
    total = numba_expression(replace(op, primitive=required(np.sum)), read)
    shape = ast.Attribute(read(op.operands[0]), "shape", ast.Load())
    return ast.BinOp(total, ast.Div(), ast.Subscript(shape, ast.Constant(axis % t.rank), ast.Load()))


@form(np.max, np.min, np.sum, np.prod, np.mean, np.var, np.std, np.count_nonzero)
def of_vector(op: Apply, read: Read) -> ast.expr | None:
    """`np.max(x)` where the axis is the only one."""
    t = array_of(op)
    if t is None or t.rank != 1 or op.static.get("axis") not in (0, -1):
        return None
    whole = expression(replace(op, static={}), read)
    return ast.Call(parse("np.full"), [ast.Constant(1), whole], []) if op.static.get("keepdims") else whole


@form(np.max, np.min)
def along(op: Apply, read: Read) -> ast.expr | None:
    """`max_along(x, axis)` of a matrix."""
    t, axis = array_of(op), op.static.get("axis")
    if t is None or t.rank != 2 or not isinstance(axis, int) or op.static.get("keepdims"):
        return None
    name = "max_along" if op.primitive.function is np.max else "min_along"
    return call(name, [read(op.operands[0]), ast.Constant(axis % 2)])


@adapted(np.reshape)
def reshape(op: Apply, read: Read, plain: ast.Call) -> ast.expr:
    """`np.ascontiguousarray(x).reshape(...)`."""
    if isinstance(plain.func, ast.Attribute) and plain.func.attr == "reshape":
        plain.func.value = _contiguous(plain.func.value)
    return plain


_ORDERED: Sequence[Callable[..., object]] = (np.arange, np.linspace, np.zeros, np.ones, np.empty, np.full, np.eye)
CONTIGUOUS = frozenset(map(primitive_name, _ORDERED))
"""What makes arrays whose elements lie in order."""


def _contiguous(array: ast.expr) -> ast.expr:
    """An array whose elements lie in order, which numba asks of what it reshapes: a copy only where they do not."""
    in_order = isinstance(array, ast.Call) and ast.unparse(array.func) in CONTIGUOUS
    return array if in_order else ast.Call(parse("np.ascontiguousarray"), [array], [])


@adapted(np.concatenate, np.stack, np.vstack, np.hstack)
def joined(op: Apply, read: Read, plain: ast.Call) -> ast.expr:
    """`np.concatenate((x, y))` for a list of arrays; `np.array([a, b])` for a stack of numbers."""
    listed = plain.args[0]
    if not isinstance(listed, ast.List):
        return plain
    t = op.operands[0].type
    numbers = isinstance(t, ContainerType) and all(i.rank == 0 for i in t.items)
    if numbers and op.primitive.function is np.stack:
        return ast.Call(parse("np.array"), [listed], [])
    plain.args[0] = ast.Tuple(listed.elts, ast.Load())
    return plain


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
    t = array_of(op)
    if t is None or t.kind != "array" or op.static:
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
