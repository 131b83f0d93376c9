"""Forms that numba compiles, for what it does not know: other spellings, and small functions written into the module.

np.add.at(x, k, g)                add_at(x, k, g)
np.sum(x, axis=1, keepdims=True)  np.expand_dims(np.sum(x, axis=1), axis=1)
np.concatenate([x, y])            np.concatenate((x, y))
for i in reversed(range(n)):      for i in range(n - 1, -1, -1):
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeGuard

import numpy as np

from s2sad.emit.expressions import expression, fill, parse
from s2sad.ir.containers import EXTRACT, GETITEM, MAKE, index_items
from s2sad.ir.primitive import required
from s2sad.ir.types import ArrayType, ContainerType, SequenceType, Type
from s2sad.ir.values import Apply, Constant, Operand

Read = Callable[[Operand], ast.expr]


def add_at(x: Any, index: Any, g: Any) -> None:
    """Add `g` to the elements, or rows, of `x` at the indices, one after the other."""
    for k in range(len(index)):
        x[index[k]] += g[k]


def add_number_at(x: Any, index: Any, g: Any) -> None:
    """Add one number to the elements of `x` at the indices, one after the other."""
    for k in range(len(index)):
        x[index[k]] += g


def add_at_pairs(x: Any, rows: Any, columns: Any, g: Any) -> None:
    """Add `g` to the elements of a matrix at pairs of indices, one after the other."""
    for k in range(len(rows)):
        x[rows[k], columns[k]] += g[k]


def max_along(x: Any, axis: Any) -> Any:
    """The maxima of a matrix along an axis."""
    y = x if axis == 1 else x.T
    result = np.empty(y.shape[0])
    for i in range(y.shape[0]):
        result[i] = np.max(y[i])
    return result


def min_along(x: Any, axis: Any) -> Any:
    """The minima of a matrix along an axis."""
    y = x if axis == 1 else x.T
    result = np.empty(y.shape[0])
    for i in range(y.shape[0]):
        result[i] = np.min(y[i])
    return result


def unbroadcast_1(g: Any, x: Any) -> Any:
    """Sum a vector `g` where it is `x` that was repeated."""
    if len(x) == len(g):
        return g
    return np.full(1, np.sum(g))


def unbroadcast_2_1(g: Any, x: Any) -> Any:
    """Sum a matrix `g` over its rows, and its columns where `x` has one element that was repeated."""
    result = np.sum(g, axis=0)
    if len(x) == len(result):
        return result
    return np.full(1, np.sum(result))


def unbroadcast_2(g: Any, x: Any) -> Any:
    """Sum a matrix `g` over the axes along which `x` was repeated."""
    result = np.zeros(x.shape)
    for i in range(g.shape[0]):
        for j in range(g.shape[1]):
            result[i if x.shape[0] > 1 else 0, j if x.shape[1] > 1 else 0] += g[i, j]
    return result


def array_of(xs: Any) -> Any:
    """The numbers of a list in an array."""
    return np.array(xs)


def array_of_lists(xs: Any, dtype: Any) -> Any:
    """The lists of numbers in a list as the rows of a matrix."""
    result = np.empty((len(xs), len(xs[0]) if len(xs) > 0 else 0), dtype)
    for k in range(len(xs)):
        for i in range(len(xs[k])):
            result[k, i] = xs[k][i]
    return result


def array_of_rows(xs: Any, dtype: Any) -> Any:
    """The vectors of a list as the rows of a matrix."""
    result = np.empty((len(xs), len(xs[0]) if len(xs) > 0 else 0), dtype)
    for k in range(len(xs)):
        result[k] = xs[k]
    return result


def array_of_matrices(xs: Any, dtype: Any) -> Any:
    """The matrices of a list in an array."""
    n, m = xs[0].shape if len(xs) > 0 else (0, 0)
    result = np.empty((len(xs), n, m), dtype)
    for k in range(len(xs)):
        result[k] = xs[k]
    return result


def last_stored_at(g: Any, index: Any) -> Any:
    """The adjoint of what was stored at indices of a vector; of what went to one element the last one has it."""
    last = np.full(len(g), -1)
    for k in range(len(index)):
        last[index[k]] = k
    result = np.zeros(len(index))
    for k in range(len(index)):
        if last[index[k]] == k:
            result[k] = g[index[k]]
    return result


HELPERS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        *(add_at, add_number_at, add_at_pairs, last_stored_at, max_along, min_along),
        *(unbroadcast_1, unbroadcast_2_1, unbroadcast_2),
        *(array_of, array_of_lists, array_of_rows, array_of_matrices),
    )
}
"""The functions that are written into a native module which calls them."""


def used_helpers(definitions: Sequence[ast.AST]) -> list[Callable[..., Any]]:
    """The helpers that functions call."""
    names = {n.id for d in definitions for n in ast.walk(d) if isinstance(n, ast.Name)}
    return [f for name, f in HELPERS.items() if name in names]


def update_text(text: str, types: Sequence[Type]) -> str:
    """The statement of an update, for native code."""
    if not text.startswith("np.add.at"):
        return text
    x, index, g = types
    items = [as_array(i) for i in index_items(index)]
    if any(i is None for i in items):
        return text
    number = isinstance(g, ArrayType) and g.shape == ()
    if len(items) == 1 and items[0] == 1:
        return "add_number_at(_0, _1, _2)" if number else "add_at(_0, _1, _2)"
    if items == [1, 1] and not number:
        return "add_at_pairs(_0, _1[0], _1[1], _2)"
    return text


def as_array(t: Type) -> int | None:
    """The rank of an index array, also one that is given as a list; None for slices and the like."""
    if isinstance(t, ContainerType) and t.cls is list:
        return 1 if all(isinstance(i, ArrayType) and i.shape == () for i in t.items) else None
    return t.rank if isinstance(t, ArrayType) else None


WHOLE = ("np.max", "np.min", "np.sum", "np.prod", "np.mean", "np.var", "np.std", "np.count_nonzero")
"""Reductions whose only axis may be left out."""


def native_index(index: ast.expr) -> ast.expr:
    """A subscript with arrays for the lists in it; `:` for an ellipsis alone."""
    if _is_ellipsis(index):
        return ast.Slice()
    if isinstance(index, ast.List):
        return ast.Call(parse("np.array"), [index], [])
    if isinstance(index, ast.Tuple):
        return ast.Tuple([e if _is_ellipsis(e) else native_index(e) for e in index.elts], ast.Load())
    return index


def _is_ellipsis(index: ast.expr) -> bool:
    return isinstance(index, ast.Constant) and index.value is Ellipsis


def is_record(t: Type) -> TypeGuard[ContainerType]:
    """Whether values of a type are tuples in native code: dicts and objects, whose keys are all known."""
    return isinstance(t, ContainerType) and t.cls not in (tuple, list)


def native_constant(constant: Constant) -> Constant:
    """A constant in a form that numba compiles."""
    if isinstance(constant.type, ContainerType) and not constant.type.items:
        return Constant((), replace(constant.type, cls=tuple))
    if not is_record(constant.type) or not isinstance(constant.value, dict):
        return constant
    items = tuple(constant.value[k] for k in constant.type.keys)
    return Constant(items, replace(constant.type, cls=tuple, keys=tuple(range(len(items)))))


def native_expression(op: Apply, read: Read) -> ast.expr:
    """The expression of an operation in a form that numba compiles, where there is one."""
    name = op.primitive.name
    types = [o.type for o in op.operands]
    if op.primitive is MAKE and is_record(op.result.type):
        return ast.Tuple([read(o) for o in op.operands], ast.Load())
    if op.primitive is EXTRACT and is_record(types[0]):
        place = types[0].keys.index(op.static["key"])
        return ast.Subscript(read(op.operands[0]), ast.Constant(place), ast.Load())
    t = types[0] if types and isinstance(types[0], ArrayType) else None
    axis = op.static.get("axis")
    if name == "unbroadcast":
        found = _unbroadcast(types)
        if found is not None:
            return _call(found, [read(o) for o in op.operands])
    if name == "nested_items" and op.static["depth"] == 2:
        return fill(parse("[list(_0[k]) for k in range(len(_0))]"), [read(o) for o in op.operands])
    of_lists = _of_lists(name, types)
    if of_lists is not None and not op.static:
        return fill(parse(of_lists), [read(o) for o in op.operands])
    if name == "np.diagonal" and t is not None and t.rank == 2 and not op.static:
        return ast.Call(parse("np.diag"), [read(op.operands[0])], [])
    if name == "abs" and t is not None and not t.is_scalar:
        return ast.Call(parse("np.abs"), [read(op.operands[0])], [])
    if name == "np.flip" and t is not None and t.rank == 1:
        return ast.Subscript(read(op.operands[0]), ast.Slice(None, None, _number(-1)), ast.Load())
    if name == "np.mean" and isinstance(axis, int) and t is not None and t.rank is not None:
        total = native_expression(replace(op, primitive=required(np.sum)), read)
        return ast.BinOp(total, ast.Div(), parse_length(read(op.operands[0]), axis % t.rank))
    if name == "last_stored" and t is not None and t.rank == 1 and as_array(types[1]) == 1:
        return _call("last_stored_at", [read(op.operands[0]), native_index(read(op.operands[1]))])
    if name in WHOLE and t is not None and t.rank == 1 and axis in (0, -1):
        whole = expression(replace(op, static={}), read)
        return ast.Call(parse("np.full"), [ast.Constant(1), whole], []) if op.static.get("keepdims") else whole
    along = name in ("np.max", "np.min") and t is not None and t.rank == 2 and isinstance(axis, int)
    if along and not op.static.get("keepdims"):
        return _call(f"{name[3:]}_along", [read(op.operands[0]), ast.Constant(axis % 2)])  # type: ignore[operator]
    if name == "np.array" and t is not None and t.kind == "array" and not op.static:
        return ast.Call(ast.Attribute(read(op.operands[0]), "copy", ast.Load()), [], [])
    plain = expression(op, read)
    if op.primitive is GETITEM and isinstance(plain, ast.Subscript):
        return ast.Subscript(plain.value, native_index(plain.slice), ast.Load())
    if not isinstance(plain, ast.Call):
        return plain
    if op.static.get("keepdims") and isinstance(axis, int):
        static = {k: v for k, v in op.static.items() if k != "keepdims"}
        plain = native_expression(replace(op, static=static), read)
        return ast.Call(parse("np.expand_dims"), [plain], [ast.keyword("axis", _number(axis))])
    if name == "np.reshape" and isinstance(plain.func, ast.Attribute) and plain.func.attr == "reshape":
        plain.func.value = _contiguous(plain.func.value)
    for k in plain.keywords:
        if k.arg == "dtype" and isinstance(k.value, ast.Name) and k.value.id in ("bool", "int", "float"):
            k.value = parse({"bool": "np.bool_", "int": "np.int64", "float": "np.float64"}[k.value.id])
    if name in ("np.concatenate", "np.stack", "np.vstack", "np.hstack") and isinstance(plain.args[0], ast.List):
        made = types[0]
        if name == "np.stack" and isinstance(made, ContainerType) and all(map(_is_number, made.items)):
            return ast.Call(parse("np.array"), [plain.args[0]], [])
        plain.args[0] = ast.Tuple(plain.args[0].elts, ast.Load())
    return plain


def _of_lists(name: str, types: Sequence[Type]) -> str | None:
    """The expression over `_0` and `_1`, lists whose lengths change, of an operation that is a helper in Python."""
    if not types or not isinstance(types[0], SequenceType):
        return None
    item = types[0].item
    rows = item.item if isinstance(item, SequenceType) else None
    if name == "np.array" and isinstance(rows, ArrayType) and rows.shape == () and rows.dtype is not None:
        return f"array_of_lists(_0, np.{rows.dtype})"
    if name == "zero_items":
        return _zero_text(types[0], "_0")
    if name == "add_items":
        return _sum_text(types[0], "_0", "_1")
    if name == "np.array" and isinstance(item, ArrayType) and item.shape is not None and item.dtype is not None:
        stacked = {1: "array_of_rows", 2: "array_of_matrices"}.get(len(item.shape))
        return "array_of(_0)" if item.shape == () else f"{stacked}(_0, np.{item.dtype})" if stacked else None
    return None


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
    if isinstance(t, ArrayType):
        return f"{a} + {b}"
    if isinstance(t, SequenceType):
        item = _sum_text(t.item, f"a{depth}", f"b{depth}", depth + 1)
        return item and f"[{item} for a{depth}, b{depth} in zip({a}, {b})]"
    return _tuple_text(t, lambda k, i: _sum_text(i, f"{a}[{k}]", f"{b}[{k}]", depth))


def _tuple_text(t: Type, text: Callable[[int, Type], str | None]) -> str | None:
    """A tuple of the texts for its items; None for what is no tuple."""
    if not isinstance(t, ContainerType) or t.cls is not tuple or not t.items:
        return None
    items = [text(k, i) for k, i in enumerate(t.items)]
    return None if None in items else f"({', '.join(map(str, items))},)"


CONTIGUOUS = ("np.arange", "np.linspace", "np.zeros", "np.ones", "np.empty", "np.full", "np.eye")
"""What makes arrays whose elements lie in order."""


def _contiguous(array: ast.expr) -> ast.expr:
    """An array whose elements lie in order, which numba asks of what it reshapes: a copy only where they do not."""
    made = isinstance(array, ast.Call) and ast.unparse(array.func) in CONTIGUOUS
    return array if made else ast.Call(parse("np.ascontiguousarray"), [array], [])


def _is_number(t: Type) -> bool:
    return isinstance(t, ArrayType) and t.shape == ()


def parse_length(array: ast.expr, axis: int) -> ast.expr:
    """`array.shape[axis]`."""
    return ast.Subscript(ast.Attribute(array, "shape", ast.Load()), ast.Constant(axis), ast.Load())


def _unbroadcast(types: Sequence[Type]) -> str | None:
    ranks = [t.rank if isinstance(t, ArrayType) else None for t in types]
    return {(1, 1): "unbroadcast_1", (2, 1): "unbroadcast_2_1", (2, 2): "unbroadcast_2"}.get(tuple(ranks))  # type: ignore[arg-type]


def _call(name: str, arguments: list[ast.expr]) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), arguments, [])


def counted_range(start: ast.expr, stop: ast.expr, step: Operand, reverse: bool) -> ast.expr | None:
    """`range(...)`, backward without `reversed`; None where the step is not known."""
    by = step.value if isinstance(step, Constant) else None
    if not isinstance(by, int) or by == 0:
        return None
    if not reverse:
        zero = isinstance(start, ast.Constant) and start.value == 0
        parts = [stop] if by == 1 and zero else [start, stop] if by == 1 else [start, stop, _number(by)]
        return _call("range", parts)
    if by == 1:
        return _call("range", [plus(stop, -1), plus(start, -1), _number(-1)])
    if by == -1:
        return _call("range", [plus(stop, 1), plus(start, 1)])
    count = _call("len", [_call("range", [start, stop, _number(by)])])
    last = ast.BinOp(start, ast.Add(), ast.BinOp(plus(count, -1), ast.Mult(), _number(by)))
    return _call("range", [last, plus(start, -by), _number(-by)])


def plus(value: ast.expr, number: int) -> ast.expr:
    """`value + number`, computed where it is a number, or a number is added already."""
    known = _known(value)
    if known is not None:
        return _number(known + number)
    if isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Add, ast.Sub)):
        by = _known(value.right)
        if by is not None:
            total = (by if isinstance(value.op, ast.Add) else -by) + number
            return value.left if total == 0 else plus(value.left, total)
    if number == 0:
        return value
    return ast.BinOp(value, ast.Add() if number > 0 else ast.Sub(), ast.Constant(abs(number)))


def _known(value: ast.expr) -> int | None:
    if isinstance(value, ast.Constant) and type(value.value) is int:
        return value.value
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
        inner = _known(value.operand)
        return None if inner is None else -inner
    return None


def _number(value: int) -> ast.expr:
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))
