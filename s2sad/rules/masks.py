"""Cotangents of which parts are 0 by a mask, and slopes that are infinite there.

    y = np.where(x > 0, np.sqrt(x), 0.0)        x_bar = np.where(x > 0, 0.5 * y_bar / v1, 0.0)

What a mask leaves out has no part in the result, whatever its slope; but 0 * inf is nan. So the mask is applied at the
end of the elementwise chain that feeds it, and not before.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial, reduce
from typing import Any

import numpy as np

from s2sad.analysis.mask_values import is_mask_value
from s2sad.analysis.masked import adjoint_made_by, is_masked, is_of_call, made_by
from s2sad.analysis.unbounded import hands_on, is_unbounded
from s2sad.ir.builder import Builder, Expr, known_value, shape_of
from s2sad.ir.containers import GETITEM, INDEX_ADD, INDEX_SET, index_items
from s2sad.ir.primitive import Algebra, Primitive, lookup
from s2sad.ir.values import Apply, Constant, Operand
from s2sad.rules.products import times

FEW = 8
"""How many stores of a cotangent are made again in a product: of each product come others, of which each would."""


def masked_times(g: Any, slope: Any) -> Any:
    """`g * slope`, 0 where a mask makes `g` so."""
    if known_value(slope) is not None or not isinstance(g, Expr) or not isinstance(slope, Expr):
        return times(g, slope)
    if slope.type.is_mask and slope.type.rank:
        return chosen(slope, g)
    made = adjoint_made_by(g.builder, g.operand)
    if made is not None and made.primitive.algebra is Algebra.NEGATIVE:
        inner = adjoint_made_by(g.builder, made.operands[0])
        if inner is not None and inner.primitive is lookup(np.where):
            return -masked_times(g.builder.expr(made.operands[0]), slope)
    if made is not None:
        pushed = _pushed(g, made, lambda a: masked_times(a, slope))
        if pushed is not None:
            return pushed
    if not _may_be_infinite(slope.builder, slope.operand):
        return times(g, slope)
    stores = _stores(g)
    scattered = _scattered(g, slope) if 0 < stores <= FEW else None
    if scattered is not None:
        return scattered
    if stores > FEW or is_masked(g.builder, g.operand):
        return np.where((_masked_part(g) == 0) & _ends(slope), 0.0, times(g, slope))
    return times(g, slope)


def _masked_part(g: Expr) -> Expr:
    """The factor of a masked cotangent which the mask made 0: the product may be 0 by itself, where nothing is left
    out."""
    made = adjoint_made_by(g.builder, g.operand)
    if made is None or g.operand in g.builder.masked or any(o in g.builder.masking for o in made.operands):
        return g
    if not made.primitive.is_multiplicative and made.primitive.algebra is not Algebra.NEGATIVE:
        return g
    masked = [o for o in made.operands if is_masked(g.builder, o)]
    return _masked_part(g.builder.expr(masked[0])) if len(masked) == 1 and masked[0].type.shape == g.type.shape else g


def _ends(slope: Expr) -> Any:
    """Where a slope is infinite or no number; for a root, whose own slope is infinite at 0, where it is taken of 0."""
    # A root is finite there: but the next derivative would multiply the slope of it with what the mask makes 0.
    made = made_by(slope.builder, slope.operand)
    if made is not None and made.primitive.algebra is Algebra.PRODUCT and isinstance(made.operands[0], Constant):
        made = made_by(slope.builder, made.operands[1])
    if made is not None and _is_root(made):
        return slope.builder.expr(made.operands[0]) == 0
    return ~np.isfinite(slope)


def _is_root(made: Apply) -> bool:
    """Whether an operation is a root, or another power whose exponent is known, above 0 and not whole."""
    if made.primitive is lookup(np.sqrt):
        return True
    power = known_value(Expr(Builder(), made.operands[1])) if made.primitive is lookup(np.power) else None
    return power is not None and power > 0 and not float(power).is_integer()


def _stores(g: Expr) -> int:
    """Of how many stores a cotangent was made, and of what is done to each of its elements; no more than FEW + 1."""
    known, wanted = g.builder.known_stores, [g.operand]
    while wanted:
        o = wanted[-1]
        own, parts = _store_in(g.builder, o)
        inner = [x for x in parts if x not in known]
        wanted += inner
        if not inner:
            known[wanted.pop()] = min(FEW + 1, own + sum(known[x] for x in parts))
    return known[g.operand]


def _store_in(builder: Builder, operand: Operand) -> tuple[int, list[Operand]]:
    """Whether a cotangent was made by a store, and what else of its shape it was made of."""
    made = adjoint_made_by(builder, operand)
    if made is None or not operand.type.rank:
        return 0, []
    store = made.primitive is INDEX_ADD or (made.primitive is INDEX_SET and _is_zero(made.operands[2]))
    passes = made.primitive.algebra in (Algebra.NEGATIVE, Algebra.PRODUCT)
    parts = made.operands[:1] if store or passes else made.operands if made.primitive.algebra is Algebra.SUM else ()
    return int(store), [o for o in parts if o.type.shape == operand.type.shape]


def _scattered(g: Expr, slope: Expr) -> Any:
    """The product with a cotangent of which only what was read is not 0: made there, and nowhere else.

    v1_bar[index] += g                 x_bar[index] += g * slope[index]

    None where it was not made of stores alone, and of what is done to each of its elements.
    """
    made = adjoint_made_by(g.builder, g.operand)
    if made is None or g.type.rank is None or slope.type.is_complex > g.type.is_complex:
        return None
    builder = g.builder
    first, *rest = (builder.expr(o) for o in made.operands)
    algebra = made.primitive.algebra
    if algebra is Algebra.NEGATIVE:
        inner = _scattered(first, slope)
        return None if inner is None else -inner
    if first.type.shape != g.type.shape:
        return None
    if algebra is Algebra.PRODUCT:
        inner = None if _may_be_infinite(builder, made.operands[1]) else _scattered(first, slope)
        return None if inner is None else inner * rest[0]
    if algebra is Algebra.SUM:
        summands = _summands(g)
        return _scattered_sum(summands, slope) if len(summands) > 1 else None
    if made.primitive is INDEX_SET and _is_zero(made.operands[2]):
        return _stored(INDEX_SET, masked_times(first, slope), *rest)
    if made.primitive is not INDEX_ADD:
        return None
    zeros = made_by(builder, made.operands[0])
    before = first if zeros is not None and zeros.primitive.zeros else masked_times(first, slope)
    index, added = rest
    spread = made_by(builder, added.operand)
    if spread is not None and spread.primitive is lookup(np.broadcast_to) and spread.operands[0].type.is_scalar:
        added = builder.expr(spread.operands[0])
    return _stored(INDEX_ADD, before, index, masked_times(added, _taken(slope, g, index)))


def _scattered_sum(summands: list[Expr], slope: Expr) -> Any:
    """The product with a sum of which some summands were made of stores; None where none was."""
    parts = [_scattered(x, slope) for x in summands]
    found = [p for p in parts if p is not None]
    if not found:
        return None
    others = [x for x, p in zip(summands, parts, strict=True) if p is None]
    return reduce(operator.add, [*found, masked_times(reduce(operator.add, others), slope)] if others else found)


def _summands(g: Expr) -> list[Expr]:
    """What a cotangent is the sum of, in its shape."""
    made = adjoint_made_by(g.builder, g.operand)
    if made is None or made.primitive.algebra is not Algebra.SUM:
        return [g]
    parts = [g.builder.expr(o) for o in made.operands]
    return [x for p in parts for x in _summands(p)] if all(p.type.shape == g.type.shape for p in parts) else [g]


def _taken(slope: Any, g: Expr, index: Expr) -> Any:
    """The slopes of the elements of `g` at an index."""
    if not slope.type.rank:
        return slope
    whole: Any = slope if slope.type.shape == g.type.shape else np.broadcast_to(slope, shape_of(g))
    return whole[index]


def _stored(primitive: Primitive, x: Expr, index: Expr, value: Any) -> Expr:
    """An array with what is stored in it, or added to it."""
    return x.builder.expr(x.builder.apply(primitive, [x.builder.operand(o) for o in (x, index, value)]))


def chosen(mask: Any, x: Any) -> Any:
    """`x` where the mask is True, else 0."""
    return np.where(mask, x, 0.0)


def selected(dot: Any, slope: Any) -> Any:
    """`dot * slope`; 0 where the slope is a mask that is False, or one of numbers that is 0 where `dot` is infinite."""
    if not isinstance(dot, Expr) or not isinstance(slope, Expr) or not slope.type.rank:
        return times(dot, slope)
    if slope.type.is_mask:
        return chosen(slope, dot)
    masks = is_mask_value(partial(made_by, slope.builder), slope.operand)
    if masks and _may_be_infinite(dot.builder, dot.operand):
        return np.where(slope != 0, times(dot, slope), 0.0)
    return times(dot, slope)


def _pushed(g: Expr, made: Apply, product: Callable[[Any], Any]) -> Any:
    """The mask that made a cotangent, applied to the product instead; None where none did."""
    x: list[Any] = [g.builder.expr(o) for o in made.operands]
    if made.primitive in (lookup(np.tril), lookup(np.triu)):
        inner = product(x[0])
        same = x[0].type.rank is not None and inner.type.rank == x[0].type.rank >= 2
        return g.builder.call(made.primitive.function, inner, *x[1:], **made.static) if same else None
    if made.primitive is GETITEM and g.type.is_scalar and not tuple(index_items(x[1].type)):
        inner = adjoint_made_by(g.builder, made.operands[0])
        pushed = None if inner is None else _pushed(x[0], inner, product)
        return None if pushed is None else pushed[()]
    if made.primitive.is_additive:
        return _pushed_sum(g, made, product)
    if made.primitive is not lookup(np.where) or g.type.shape is None:
        return None
    if _is_zero(made.operands[2]):
        return np.where(x[0], product(x[1]), 0.0)
    return np.where(x[0], 0.0, product(x[2])) if _is_zero(made.operands[1]) else None


def _pushed_sum(g: Expr, made: Apply, product: Callable[[Any], Any]) -> Any:
    """One mask of both summands, applied to the product of the sum; None where they have no such mask."""
    a, b = (adjoint_made_by(g.builder, o) for o in made.operands)
    if a is None or b is None or a.primitive is not b.primitive or a.primitive is not lookup(np.where):
        return None
    if a.operands[0] is not b.operands[0] or made.operands[0].type.shape != made.operands[1].type.shape:
        return None
    condition: Any = g.builder.expr(a.operands[0])
    for kept in (1, 2):
        if _is_zero(a.operands[3 - kept]) and _is_zero(b.operands[3 - kept]):
            total = product(made.primitive.function(*(g.builder.expr(x.operands[kept]) for x in (a, b))))
            return np.where(condition, total, 0.0) if kept == 1 else np.where(condition, 0.0, total)
    return None


def _is_zero(operand: Operand) -> bool:
    return isinstance(operand, Constant) and operand.value == 0.0


def _may_be_infinite(builder: Builder, slope: Operand) -> bool:
    """Whether a slope may be infinite, or no number: computed of what is so, or by what may give it."""
    if slope in builder.unbounded:
        return True
    made = made_by(builder, slope)
    if made is None:
        return is_of_call(builder, slope)
    return is_unbounded(made) or (hands_on(made) and any(_may_be_infinite(builder, o) for o in made.operands))
