"""Identities of what holds the same elements in another form: containers, transposes, axes of length 1.

    a, b = f(x); c = (a, b)                  ->  c = f(x)
    (x.T @ y).T                              ->  y.T @ x
    np.sum(x, axis=1, keepdims=True)[:, 0]   ->  np.sum(x, axis=1)

Each says why floating point allows it. All of them keep the type.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from s2sad.ir.containers import EXTRACT, SHAPE
from s2sad.ir.primitive import lookup
from s2sad.ir.types import ArrayType
from s2sad.ir.values import Apply, Constant, Operand, Value
from s2sad.optimize.identities.operands import is_inexact, is_literal, is_unnamed

if TYPE_CHECKING:
    from s2sad.optimize.simplify import Simplifier


def packed_again(s: Simplifier, op: Apply) -> Operand | None:
    """(c[0], c[1]) -> c, for a tuple or list c that a call returned; exact. A function returns its results by name."""
    if op.result.hint is None and op.result in s.results:
        return None
    items = [s.definition(o, EXTRACT) for o in op.operands]
    container = items[0].operands[0] if items and items[0] is not None else None
    if not isinstance(container, Value) or container not in s.returned or container.type != op.result.type:
        return None
    keys = op.static["keys"]
    assert isinstance(keys, tuple)
    pairs = zip(items, keys, strict=True)
    same = all(i is not None and i.operands[0] is container and i.static["key"] == k for i, k in pairs)
    return container if same else None


def twice_transposed(s: Simplifier, op: Apply) -> Operand | None:
    """x.T.T -> x; exact"""
    inner = s.definition(op.operands[0], op.primitive)
    if inner is not None and not op.static and not inner.static and inner.operands[0].type == op.result.type:
        return inner.operands[0]
    return None


def transposed_product(s: Simplifier, op: Apply) -> Operand | None:
    """(x.T @ y).T -> y.T @ x and (x @ y.T).T -> y @ x.T, for matrices; the same products, summed in some order"""
    product = s.only_read(op.operands[0], lookup(np.matmul))
    if product is None or op.static or not all(_rank(o) == 2 for o in product.operands):
        return None
    transposed = lookup(np.transpose)
    assert transposed is not None
    if not any(s.definition(o, transposed) and is_unnamed(o) for o in product.operands):
        return None
    turned = [s.compute(s.builder(op, product.about), transposed, (o,)) for o in reversed(product.operands)]
    return s.build(op, np.matmul, *turned)


def transposed_stack(s: Simplifier, op: Apply) -> Operand | None:
    """np.stack(rows, axis=1).T -> np.stack(rows), for vectors; exact"""
    stack = s.only_read(op.operands[0], lookup(np.stack))
    if stack is None or op.static or dict(stack.static) != {"axis": 1} or _rank(op.operands[0]) != 2:
        return None
    return s.build(op, np.stack, *stack.operands)


def item_of_sum(s: Simplifier, op: Apply) -> Operand | None:
    """np.sum(x, axis=1, keepdims=True)[:, 0] -> np.sum(x, axis=1); exact"""
    x, index = op.operands
    negative = s.only_read(x, lookup(np.negative))
    x = x if negative is None else negative.operands[0]
    total = s.only_read(x, lookup(np.sum), depth=int(negative is not None))
    if total is None or not isinstance(index, Constant) or total.static.get("keepdims") is not True:
        return None
    axis, rank = total.static.get("axis"), _rank(x)
    places = index.value if isinstance(index.value, tuple) else (index.value,)
    if not isinstance(axis, int) or rank is None or not 0 <= axis < rank:
        return None
    taken = [k for k, p in enumerate(places) if p != slice(None)]
    if taken != [axis] or type(places[axis]) is not int:
        return None
    about = (*(negative.about if negative is not None else ()), *total.about)
    result = s.compute(s.builder(op, about), total.primitive, total.operands, {"axis": axis})
    if negative is not None:
        return s.build(op, np.negative, result)
    return result if result.type == op.result.type else None


def sum_of_negative(s: Simplifier, op: Apply) -> Operand | None:
    """np.sum(-x) -> -np.sum(x); exact"""
    x = op.operands[0]
    negative = s.definition(x, lookup(np.negative)) if is_unnamed(x) and is_inexact(x) else None
    if negative is None or len(op.operands) > 1 or not op.static.keys() <= {"axis", "keepdims"}:
        return None
    total = s.compute(s.builder(op, negative.about), op.primitive, negative.operands, op.static)
    return s.build(op, np.negative, total)


def product_of_negative(s: Simplifier, op: Apply) -> Operand | None:
    """x @ -y -> -(x @ y): in a sweep the product is mostly smaller than what is negated; exact"""
    operands = list(op.operands)
    for k, o in enumerate(operands):
        negative = s.only_read(o, lookup(np.negative)) if is_inexact(o) and op.about else None
        if negative is not None:
            operands[k] = negative.operands[0]
            product = s.compute(s.builder(op, negative.about), op.primitive, operands, op.static)
            return s.build(op, np.negative, product)
    return None


def transpose_of_negative(s: Simplifier, op: Apply) -> Operand | None:
    """(-x).T -> -(x.T); exact"""
    negative = s.only_read(op.operands[0], lookup(np.negative)) if is_inexact(op.operands[0]) else None
    if negative is None or op.static or not op.about:
        return None
    turned = s.compute(s.builder(op, negative.about), op.primitive, negative.operands, op.static)
    return s.build(op, np.negative, turned)


def flat_again(s: Simplifier, op: Apply) -> Operand | None:
    """g.reshape(x.shape) -> g.ravel() in an adjoint, for a vector x, and -> g where it has that shape; exact"""
    if op.about and op.operands[0].type == op.result.type and _rank(op.result) is not None:
        return op.operands[0]
    if not op.about or _rank(op.result) != 1 or _rank(op.operands[0]) in (None, 0, 1):
        return None
    return s.build(replace(op, operands=op.operands[:1]), np.ravel, op.operands[0])


def settled_type(s: Simplifier, op: Apply) -> Operand | None:
    """(2.0 * x).astype(np.float32) -> 2.0 * x for x of that type: a Python number takes the type of x"""
    made = s.made.get(op.operands[0]) if isinstance(op.operands[0], Value) and is_unnamed(op.operands[0]) else None
    if not op.about or made is None or made.primitive.name not in ("np.multiply", "np.divide") or made.static:
        return None
    wanted = _dtype(op.result)
    typed = [_dtype(o) == wanted for o in made.operands if not is_literal(o)]
    return s.build(op, made.primitive, *made.operands) if typed and all(typed) else None


def same_dtype(s: Simplifier, op: Apply) -> Operand | None:
    """x.astype(np.float32) -> x and np.float32(x) -> x in an adjoint, for x of that type; exact"""
    return op.operands[0] if op.about and op.operands[0].type == op.result.type else None


def first_length(s: Simplifier, op: Apply) -> Operand | None:
    """x.shape[0] -> len(x) in an adjoint; exact"""
    shape = s.definition(op.operands[0], SHAPE)
    if shape is None or not op.about or op.static["key"] != 0:
        return None
    return s.build(op, len, shape.operands[0])


def drop_leading_axes(s: Simplifier, op: Apply) -> list[Operand]:
    """The operands of f(x, np.expand_dims(y, 0)) as those of f(x, y): NumPy adds axes in front itself; exact"""
    operands = list(op.operands)
    for k, o in enumerate(operands):
        made = s.definition(o, lookup(np.expand_dims)) if is_unnamed(o) else None
        rank, axis = _rank(o), None if made is None else made.static.get("axis")
        if made is None or rank is None or not isinstance(axis, int) or axis % rank != 0:
            continue
        if any(_rank(p) is not None and _rank(p) >= rank for j, p in enumerate(operands) if j != k):  # type: ignore[operator]
            operands[k] = made.operands[0]
    return operands


def _dtype(operand: Operand) -> np.dtype[Any] | None:
    return operand.type.dtype if isinstance(operand.type, ArrayType) else None


def _rank(operand: Operand) -> int | None:
    return operand.type.rank if isinstance(operand.type, ArrayType) else None
