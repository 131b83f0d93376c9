"""Cotangents of which parts are 0 by a mask, and slopes that are infinite there.

    y = np.where(x > 0, np.sqrt(x), 0.0)        x_bar = np.where(x > 0, 0.5 * y_bar / v1, 0.0)

What a mask leaves out has no part in the result, whatever its slope; but 0 * inf is nan. So the mask is applied at the
end of the elementwise chain that feeds it, and not before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from s2sad.ir.builder import Expr, known_value
from s2sad.ir.containers import GETITEM, INDEX_ADD, INDEX_SET, has_only_masks, index_items
from s2sad.ir.primitive import Algebra, lookup
from s2sad.ir.values import Apply, Constant, Operand, Value
from s2sad.rules.contributions import times

FAR = 200
"""How far back the operation that made a cotangent is looked for."""


def masked_times(g: Any, slope: Any) -> Any:
    """`g * slope`, 0 where a mask makes `g` so."""
    if known_value(slope) is not None or not isinstance(g, Expr) or not isinstance(slope, Expr):
        return times(g, slope)
    if slope.type.is_mask and slope.type.rank:
        return chosen(slope, g)
    made = _made(g, g.operand)
    if made is not None and made.primitive.algebra is Algebra.NEGATIVE:
        inner = _made(g, made.operands[0])
        if inner is not None and inner.primitive is lookup(np.where):
            return -masked_times(g.builder.expr(made.operands[0]), slope)
    if made is not None and made.primitive in (lookup(np.where), lookup(np.tril), lookup(np.triu)):
        pushed = _pushed(g, made, lambda a: masked_times(a, slope))
        if pushed is not None:
            return pushed
    if g.type.rank and (_is_sum(made) or _may_be_infinite(slope)) and _is_masked(g, g.operand):
        return np.where((g == 0) & ~np.isfinite(slope), 0.0, times(g, slope))
    return times(g, slope)


def chosen(mask: Any, x: Any) -> Any:
    """`x` where the mask is True, else 0."""
    return np.where(mask, x, 0.0)


def selected(dot: Any, slope: Any) -> Any:
    """`dot * slope`, 0 where the slope is a mask that is False."""
    if isinstance(slope, Expr) and slope.type.is_mask and slope.type.rank:
        return chosen(slope, dot)
    return times(dot, slope)


def cancelled(g: Any, y: Any) -> Any:
    """`g / y`, 0 where both are: without a division where `g` is a product with `y`, as that of `y ** 2` is."""
    rest = _without(g, g.operand, y.operand) if isinstance(g, Expr) and isinstance(y, Expr) else None
    return g / (y + (y == 0)) if rest is None else rest


def _without(g: Expr, product: Operand, factor: Operand) -> Any:
    """A product of the adjoint without one of its factors; None where it is none."""
    made = _made(g, product)
    if made is None or made.primitive.algebra is not Algebra.PRODUCT:
        return None
    a, b = made.operands
    for one, other in ((a, b), (b, a)):
        if one is factor:
            return g.builder.expr(other)
        rest = _without(g, one, factor)
        if rest is not None:
            return rest * g.builder.expr(other)
    return None


def _made(g: Expr, operand: Operand) -> Apply | None:
    """The operation that made an adjoint, if that was not long ago."""
    operations = g.builder.operations
    recent = reversed(operations[-FAR:])
    found = next((op for op in recent if isinstance(op, Apply) and op.result is operand), None)
    return found if found is not None and found.about else None


def _is_sum(made: Apply | None) -> bool:
    """Whether a cotangent comes from several places: of what a derivative is made of, which is differentiated again."""
    return made is not None and made.primitive.is_additive


def _pushed(g: Expr, made: Apply, product: Callable[[Any], Any]) -> Any:
    """The mask applied to the product instead."""
    x: list[Any] = [g.builder.expr(o) for o in made.operands]
    if made.primitive is not lookup(np.where):
        inner = product(x[0])
        same = x[0].type.rank is not None and inner.type.rank == x[0].type.rank >= 2
        return g.builder.call(made.primitive.function, inner, *x[1:], **made.static) if same else None
    if g.type.shape in ((), None):
        return None
    if _is_zero(made.operands[2]):
        return np.where(x[0], product(x[1]), 0.0)
    return np.where(x[0], 0.0, product(x[2])) if _is_zero(made.operands[1]) else None


def _is_zero(operand: Operand) -> bool:
    return isinstance(operand, Constant) and operand.value == 0.0


def _may_be_infinite(slope: Any) -> bool:
    """Whether a slope is a quotient by what may be 0, or a power with an exponent that may be negative."""
    if not isinstance(slope, Expr):
        return False
    operations = slope.builder.operations[-FAR:]
    made = next((op for op in reversed(operations) if op.results[:1] == (slope.operand,)), None)
    if not isinstance(made, Apply):
        return False
    if made.primitive.algebra is Algebra.QUOTIENT:
        return isinstance(made.operands[1], Value)
    if made.primitive is lookup(np.power):
        exponent = made.operands[1]
        return not isinstance(exponent, Constant) or exponent.value < 0  # type: ignore[operator]
    return made.primitive.algebra is not None and any(
        _may_be_infinite(slope.builder.expr(o)) for o in made.operands if isinstance(o, Value)
    )


def _is_masked(g: Expr, operand: Operand) -> bool:
    """Whether parts of an adjoint are 0 by a mask."""
    made = _made(g, operand)
    if made is None:
        return False
    p = made.primitive
    if p in (lookup(np.where), lookup(np.tril), lookup(np.triu)):
        return True
    if p in (INDEX_SET, INDEX_ADD):
        index = made.operands[1].type
        return has_only_masks(index) and any(i.is_mask for i in index_items(index))
    passes = p.is_additive or p.is_multiplicative or p.algebra is Algebra.NEGATIVE or p.layout is not None
    passes = passes or p in (lookup(np.astype), GETITEM)
    return passes and any(_is_masked(g, o) for o in made.operands[:2])
