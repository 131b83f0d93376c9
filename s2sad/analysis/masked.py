"""Which adjoints are 0 in parts by a mask, asked while a reverse sweep is built: how a value of it was made.

v1_bar = np.where(x > 0, v2_bar, 0.0)       masked
x_bar = v1_bar * np.cos(x)                  masked as well: a product, element by element
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT, GETITEM, INDEX_ADD, INDEX_SET, MAKE, has_only_masks, index_items
from s2sad.ir.primitive import Algebra, lookup
from s2sad.ir.values import Apply, Function, Operand, Value

FAR = 200
"""How far back, in each block, the operation that made a value is looked for."""


def made_by(builder: Builder | None, operand: Operand) -> Apply | None:
    """The operation that made a value, if that was not long ago."""
    while builder is not None:
        for op in reversed(builder.operations[-FAR:]):
            if operand in op.results:
                return op if isinstance(op, Apply) else None
        builder = builder.outer
    return None


def adjoint_made_by(builder: Builder, operand: Operand) -> Apply | None:
    """The operation that made an adjoint: none that makes a value of the primal again."""
    found = made_by(builder, operand)
    return found if found is not None and found.about else None


def is_masked(builder: Builder, operand: Operand) -> bool:
    """Whether parts of an adjoint are 0 by a mask."""
    if operand in builder.masked:
        return True
    made = made_by(builder, operand)
    if made is None:
        return False
    if made.primitive in (EXTRACT, MAKE):
        return any(is_masked(builder, o) for o in made.operands)
    if not made.about:
        return False
    return _masks(made) or (_passes(made) and any(is_masked(builder, o) for o in made.operands[:2]))


def masked_results(sweep: Function, count: int, given: Sequence[Value]) -> tuple[bool, ...]:
    """Which of the adjoints that a reverse sweep gives are masked, where those that it is given are."""
    builder = Builder()
    builder.operations += sweep.body.operations
    builder.masked.update(given)
    made = None if count == 1 else made_by(builder, sweep.result)
    bars = (sweep.result,) if made is None else made.operands
    return tuple(is_masked(builder, bar) for bar in bars)


def _masks(made: Apply) -> bool:
    if made.primitive in (INDEX_SET, INDEX_ADD):
        index = made.operands[1].type
        return has_only_masks(index) and any(i.is_mask for i in index_items(index))
    return made.primitive in (lookup(np.where), lookup(np.tril), lookup(np.triu))


def _passes(made: Apply) -> bool:
    """Whether an operation gives 0 where its operands are 0."""
    p = made.primitive
    numbers = p.is_additive or p.is_multiplicative or p.algebra is Algebra.NEGATIVE
    stores = p in (INDEX_SET, INDEX_ADD)
    return numbers or stores or p.layout is not None or p in (lookup(np.astype), GETITEM, lookup(np.sum))


def mark_masked(builder: Builder, pairs: Iterable[tuple[Builder, Operand, Operand]]) -> None:
    """Note what a block is handed, or hands over, as masked where that is which it stands for."""
    builder.masked.update(new for inner, old, new in pairs if is_masked(inner, old))
