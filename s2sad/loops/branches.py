"""What the sides of a branch give, in one form: numbers, handles and the lengths of arrays.

    if c: xs = [a, b]                 if c: xs, k = np.array([a, b]), 2
    else: xs = []             ->      else: xs, k = np.empty(0), 0

A list that is empty on one side has there the form that it has on the other one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Builder
from s2sad.ir.loop_rule import Array, List, Ragged, Term, is_empty, leaves
from s2sad.ir.primitive import required
from s2sad.ir.primitives.memory import ALLOCATE
from s2sad.ir.values import Block, Constant, Operand, bound_in, constant


@dataclass(frozen=True)
class Side:
    """What one side gives, and the numbers and handles that stand for it there."""

    terms: Term
    handles: Mapping[Term, Operand]


def merged(one: Term, two: Term) -> Term:
    """The form of what both sides give."""
    if isinstance(one, tuple) and isinstance(two, tuple) and len(one) == len(two):
        return tuple(map(merged, one, two))
    if not isinstance(one, List) or not isinstance(two, List):
        return one
    if is_empty(one) or is_empty(two):
        return two if is_empty(one) else one
    return List(merged(one.items, two.items), one.length)


def handed(blocks: Sequence[Block], sides: Sequence[Side]) -> list[Block]:
    """The sides of a branch with what they give: numbers and handles, and behind them the lengths of these."""
    return [_handed(blocks[k], blocks[1 - k], sides[k], sides[1 - k]) for k in (0, 1)]


def _handed(block: Block, opposite: Block, mine: Side, other: Side) -> Block:
    hidden = {*bound_in(opposite)}
    builder = Builder()
    first: list[Operand] = []
    lengths: list[Operand] = []
    for own, like in _pairs(mine.terms, other.terms):
        if isinstance(own, Array):
            first.append(mine.handles[own])
            lengths += own.shape
        elif isinstance(own, Operand):
            first.append(_as_wide(builder, mine.handles[own], like))
        elif isinstance(like, Array):
            shape = [n if isinstance(n, Constant) or n not in hidden else constant(0) for n in like.shape[1:]]
            lengths += [constant(0), *shape]
            first.append(builder.apply(ALLOCATE, [constant(0), *shape], {"dtype": like.dtype}))
        else:
            first.append(_zero(like))
    return replace(block, operations=(*block.operations, *builder.operations), results=(*first, *lengths))


def _pairs(own: Term, other: Term) -> Iterator[tuple[Term | None, Term]]:
    """The numbers and arrays of one side with those of the other one; None for those of a list that is empty."""
    match own, other:
        case tuple(), tuple() if len(own) == len(other):
            for a, b in zip(own, other, strict=True):
                yield from _pairs(a, b)
        case List(), List() if is_empty(own):
            yield from ((None, leaf) for leaf in leaves(other))
        case List(), List() if is_empty(other):
            yield from ((leaf, leaf) for leaf in leaves(own))
        case List(), List():
            yield from _pairs(own.length, other.length)
            yield from _pairs(own.items, other.items)
        case Ragged(), Ragged() if len([*leaves(own)]) == len([*leaves(other)]):
            yield from zip(leaves(own), leaves(other), strict=True)
        case Array(), Array() if own.rank == other.rank:
            if own.dtype != other.dtype:
                raise UnsupportedType("an array of another dtype in the other branch", "convert it")
            yield own, other
        case _ if isinstance(own, Operand) and isinstance(other, Operand):
            yield own, other
        case _:
            raise UnsupportedType("what has another form in the other branch")


def _as_wide(builder: Builder, number: Operand, like: Term) -> Operand:
    """A number in the dtype of both sides: 0 as 0.0."""
    assert isinstance(like, Operand)
    mine, other = number.type.dtype, like.type.dtype
    if mine is None or other is None or mine == other:
        return number
    dtype = np.result_type(mine, other)
    if mine == dtype:
        return number
    if isinstance(number, Constant) and number.type.kind == "python":
        return constant(dtype.type(number.value).item())
    return builder.apply(required(dtype.type), (number,))


def _zero(like: Term) -> Constant:
    assert isinstance(like, Operand) and like.type.dtype is not None
    zero = like.type.dtype.type(0)
    return constant(zero.item() if like.type.kind == "python" else zero)
