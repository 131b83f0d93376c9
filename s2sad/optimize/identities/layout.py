"""Identities of what holds the same elements in another form: containers, transposes, axes of length 1.

    a, b = f(x); c = (a, b)                  ->  c = f(x)
    (x.T @ y).T                              ->  y.T @ x
    np.sum(x, axis=1, keepdims=True)[:, 0]   ->  np.sum(x, axis=1)

Each says why floating point allows it. All of them keep the type.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT, GETITEM, MAKE, SHAPE, is_basic_index
from s2sad.ir.matrix_functions import function_of_matrix
from s2sad.ir.primitive import lookup, required
from s2sad.ir.types import FLOAT64
from s2sad.ir.values import Apply, Constant, Operand, Value, applied_in, keys_of
from s2sad.optimize.identities.operands import dtype_of, is_inexact, is_literal, is_unnamed, is_zeros
from s2sad.optimize.identities.registry import identity
from s2sad.optimize.identities.rewriter import Rewriter


@identity(EXTRACT)
def item_of_made(s: Rewriter, op: Apply) -> Operand | None:
    """(a, b)[0] -> a; exact"""
    # Containers are values in the IR, never changed: an item of one that was just made is what it was made of.
    made = s.definition(op.operands[0], MAKE)
    if made is None:
        return None
    return made.operands[keys_of(made).index(op.static["key"])]


@identity(function_of_matrix)
def claim_of_product(s: Rewriter, op: Apply) -> Operand | None:
    """function_of_matrix(y, A, ...) -> y; exact"""
    return op.operands[0]


@identity(EXTRACT)
def first_length(s: Rewriter, op: Apply) -> Operand | None:
    """x.shape[0] -> len(x) in an adjoint; exact"""
    shape = s.definition(op.operands[0], SHAPE)
    if shape is None or not op.about or op.static["key"] != 0:
        return None
    return s.build(op, len, shape.operands[0])


@identity(MAKE)
def packed_again(s: Rewriter, op: Apply) -> Operand | None:
    """(c[0], c[1]) -> c, for a tuple or list c that a call returned; exact. A function returns its results by name."""
    if op.result.hint is None and op.result in s.results:
        return None
    items = [s.definition(o, EXTRACT) for o in op.operands]
    container = items[0].operands[0] if items and items[0] is not None else None
    if not isinstance(container, Value) or container not in s.returned or container.type != op.result.type:
        return None
    pairs = zip(items, keys_of(op), strict=True)
    same = all(i is not None and i.operands[0] is container and i.static["key"] == k for i, k in pairs)
    return container if same else None


@identity(np.transpose)
def twice_transposed(s: Rewriter, op: Apply) -> Operand | None:
    """x.T.T -> x; exact"""
    inner = s.definition(op.operands[0], op.primitive)
    if inner is not None and not op.static and not inner.static and inner.operands[0].type == op.result.type:
        return inner.operands[0]
    return None


@identity(np.transpose)
def transposed_product(s: Rewriter, op: Apply) -> Operand | None:
    """(x.T @ y).T -> y.T @ x and (x @ y.T).T -> y @ x.T, for matrices; the same products, summed in some order"""
    product = s.only_read(op.operands[0], lookup(np.matmul))
    if product is None or op.static or not all(o.type.rank == 2 for o in product.operands):
        return None
    transposed = lookup(np.transpose)
    assert transposed is not None
    # Only where a transpose disappears by it. BLAS may sum in another order for another layout, which is why this is no
    # identity bit for bit.
    if not any(s.definition(o, transposed) and is_unnamed(o) for o in product.operands):
        return None
    turned = [s.compute(s.builder(op, product.about), transposed, (o,)) for o in reversed(product.operands)]
    return s.build(op, np.matmul, *turned)


@identity(np.transpose)
def transposed_stack(s: Rewriter, op: Apply) -> Operand | None:
    """np.stack(rows, axis=1).T -> np.stack(rows), for vectors; exact"""
    stack = s.only_read(op.operands[0], lookup(np.stack))
    if stack is None or op.static or dict(stack.static) != {"axis": 1} or op.operands[0].type.rank != 2:
        return None
    return s.build(op, np.stack, *stack.operands)


@identity(np.transpose)
def transpose_of_negative(s: Rewriter, op: Apply) -> Operand | None:
    """(-x).T -> -(x.T); exact"""
    negative = s.only_read(op.operands[0], lookup(np.negative)) if is_inexact(op.operands[0]) else None
    if negative is None or op.static or not op.about:
        return None
    turned = s.compute(s.builder(op, negative.about), op.primitive, negative.operands, op.static)
    return s.build(op, np.negative, turned)


@identity(np.matmul)
def product_of_negative(s: Rewriter, op: Apply) -> Operand | None:
    """x @ -y -> -(x @ y): in a sweep the product is mostly smaller than what is negated; exact"""
    operands = list(op.operands)
    for k, o in enumerate(operands):
        negative = s.only_read(o, lookup(np.negative)) if is_inexact(o) and op.about else None
        if negative is not None:
            operands[k] = negative.operands[0]
            product = s.compute(s.builder(op, negative.about), op.primitive, operands, op.static)
            return s.build(op, np.negative, product)
    return None


@identity(np.sum)
def sum_of_negative(s: Rewriter, op: Apply) -> Operand | None:
    """np.sum(-x) -> -np.sum(x); exact"""
    x = op.operands[0]
    negative = s.definition(x, lookup(np.negative)) if is_unnamed(x) and is_inexact(x) else None
    if negative is None or len(op.operands) > 1 or not op.static.keys() <= {"axis", "keepdims"}:
        return None
    total = s.compute(s.builder(op, negative.about), op.primitive, negative.operands, op.static)
    return s.build(op, np.negative, total)


@identity(GETITEM)
def item_of_row(s: Rewriter, op: Apply) -> Operand | None:
    """`x[k][i]` is `x[k, i]`: an element is read of the array itself, so that its adjoint is that of an element."""
    row = op.operands[0]
    made = s.definition(row, GETITEM) if is_unnamed(row) else None
    if made is None or not made.operands[0].type.is_numeric or not is_basic_index(op.operands[1].type):
        return None
    builder = Builder(op.location, s.reasons(op, ()))
    first, second = (_index_operands(builder, i) for i in (made.operands[1], op.operands[1]))
    # Only behind integers: x[1:][0] is x[1], but x[mask][0] is not x[mask, 0].
    if first is None or second is None or not all(_is_integer(i) for i in first):
        return None
    if any(i.type.is_static for i in second):
        return None
    index = builder.tuple([*first, *second])
    result = builder.apply(GETITEM, (made.operands[0], index), None, op.result.hint, op.result.loose)
    if result.type != op.result.type:
        return None
    for new in applied_in(builder.operations):
        s.add(new)
    return s.get(result)


@identity(GETITEM)
def item_of_sum(s: Rewriter, op: Apply) -> Operand | None:
    """np.sum(x, axis=1, keepdims=True)[:, 0] -> np.sum(x, axis=1); exact"""
    x, index = op.operands
    negative = s.only_read(x, lookup(np.negative))
    x = x if negative is None else negative.operands[0]
    total = s.only_read(x, lookup(np.sum), depth=int(negative is not None))
    if total is None or not isinstance(index, Constant) or total.static.get("keepdims") is not True:
        return None
    axis, rank = total.static.get("axis"), x.type.rank
    places = index.value if isinstance(index.value, tuple) else (index.value,)
    # The kept axis has length 1, so that its one index must be taken, and the others as a whole.
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


@identity(np.reshape)
def flat_again(s: Rewriter, op: Apply) -> Operand | None:
    """g.reshape(x.shape) -> g.ravel() in an adjoint, for a vector x, and -> g where it has that shape; exact"""
    # a rule of a solver may give a shape to what SciPy gives no shape where it is empty
    if op.about and op.operands[0].type == op.result.type and op.result.type.rank is not None:
        return op.operands[0]
    if not op.about or op.result.type.rank != 1 or op.operands[0].type.rank in (None, 0, 1):
        return None
    return s.build(replace(op, operands=op.operands[:1]), np.ravel, op.operands[0])


@identity(np.ravel)
def flat_already(s: Rewriter, op: Apply) -> Operand | None:
    """g.ravel() -> g in an adjoint, for a vector g; exact"""
    return op.operands[0] if _is_added(op) and op.operands[0].type == op.result.type else None


@identity(np.broadcast_to)
def to_same_shape(s: Rewriter, op: Apply) -> Operand | None:
    """broadcast_to(x, x.shape) -> x; exact"""
    x = op.operands[0]
    return x if x.type == op.result.type else None


@identity(np.broadcast_to)
def zeros_repeated(s: Rewriter, op: Apply) -> Operand | None:
    """np.broadcast_to(np.zeros_like(x), shape) -> np.zeros(shape); exact"""
    made = s.made.get(op.operands[0]) if isinstance(op.operands[0], Value) else None
    if not is_zeros(made) or op.static or op.result.type.dtype != FLOAT64.dtype or not op.result.type.rank:
        return None
    return s.build(op, np.zeros, op.operands[1])


@identity(np.where)
def settled_choice(s: Rewriter, op: Apply) -> Operand | None:
    """where(True, x, y) -> x; exact"""
    condition = op.operands[0]
    if not isinstance(condition, Constant) or not isinstance(condition.value, bool):
        return None
    kept = op.operands[1 if condition.value else 2]
    return kept if kept.type == op.result.type else None


@identity(np.zeros_like)
def zeros_of_zeros(s: Rewriter, op: Apply) -> Operand | None:
    """`np.zeros_like(np.zeros(n))` is such an array; exact."""
    zeros = op.operands[0]
    made = s.definition(zeros, required(np.zeros)) if is_unnamed(zeros) else None
    return zeros if made is not None and not op.static and zeros.type == op.result.type else None


@identity(np.astype, np.float16, np.float32, np.float64, np.complex64, np.complex128)
def same_dtype(s: Rewriter, op: Apply) -> Operand | None:
    """x.astype(np.float32) -> x and np.float32(x) -> x in an adjoint, for x of that type; exact"""
    return op.operands[0] if op.about and op.operands[0].type == op.result.type else None


@identity(np.astype)
def settled_type(s: Rewriter, op: Apply) -> Operand | None:
    """(2.0 * x).astype(np.float32) -> 2.0 * x for x of that type: a Python number takes the type of x"""
    made = s.made.get(op.operands[0]) if is_unnamed(op.operands[0]) else None
    if not op.about or made is None or not made.primitive.is_multiplicative or made.static:
        return None
    wanted = dtype_of(op.result)
    typed = [dtype_of(o) == wanted for o in made.operands if not is_literal(o)]
    return s.build(op, made.primitive, *made.operands) if typed and all(typed) else None


def _is_added(op: Apply) -> bool:
    """Whether an operation is part of an adjoint, or of a rule of a solver."""
    return bool(op.about) or op.location.again


def _index_operands(builder: Builder, index: Operand) -> list[Operand] | None:
    """The items of a subscript."""
    if not index.type.is_container:
        return [index]
    if index.type.cls is not tuple:
        return None
    if isinstance(index, Constant):
        return [builder.operand(i) for i in index.value]  # type: ignore[attr-defined]
    return [builder.extract(index, k) for k in index.type.keys]


def _is_integer(operand: Operand) -> bool:
    t = operand.type
    return t.is_scalar and t.is_integer
