"""Whether the operations of a loop's body may be done each for all iterations, one operation after another.

    for i in range(n):                            for i in range(n):
        x_bar[i] += r_bar[i] * y[i]                   r_bar[i] += r_bar[i + 1] * y[i]
        r_bar[i] = 0.0                                no: the next iteration reads what this one adds

Of two accesses of one array, one of which writes, the one that stands behind in the body must not meet in an iteration
what the one before it meets in a later one: that order would change. Two that add may meet: the order of a sum is free.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations_with_replacement

from s2sad.analysis.dependence import Access, Dependence
from s2sad.ir.containers import GETITEM, INDEX_ADD
from s2sad.ir.values import Apply, For, Operand, Value, applied_in

MANY = 50
"""Reads and stores of one array in one iteration that are not compared, each with each, any more."""


@dataclass
class Chain:
    """What the iteration of a loop does to an array that the loop carries: stores, each into the array of the last."""

    versions: list[Operand]
    """The array as the iteration finds it, and behind each of the stores."""
    stores: list[Apply] = field(default_factory=list)


def chains(loop: For) -> list[Chain | None]:
    """For each value that a loop carries the stores into it; None where it is no array, or more than these."""
    into = {op.operands[0]: op for op in applied_in(loop.body.operations) if op.primitive.stores}
    found: list[Chain | None] = []
    for p, last in zip(loop.carried, loop.body.results, strict=False):
        chain = Chain([p])
        while chain.versions[-1] is not last and chain.versions[-1] in into:
            store = into[chain.versions[-1]]
            chain.stores.append(store)
            chain.versions.append(store.result)
        found.append(chain if p.type.kind == "array" and chain.versions[-1] is last else None)
    return found


def has_recurrence(loop: For, chain: Chain, dependence: Dependence) -> bool:
    """Whether iterations of a loop read or overwrite what others store into an array."""
    ordered = in_order(loop, chain)
    if len(ordered) > MANY or any(_takes_whole(op, chain) for op in applied_in(loop.body.operations)):
        return True
    accesses: list[tuple[Apply, Access]] = []
    for op in ordered:
        array = op.operands[0]
        place = dependence.access(op, array, op.operands[1]) if isinstance(array, Value) else None
        if place is None:
            return True
        accesses.append((op, place))
    for (first, place), (second, other) in combinations_with_replacement(accesses, 2):
        pair = (first.primitive, second.primitive)
        if pair not in ((GETITEM, GETITEM), (INDEX_ADD, INDEX_ADD)):
            level = len(dependence.loops[second]) - 1
            if not dependence.apart(other, place, level):
                return True
    return False


def in_order(loop: For, chain: Chain) -> list[Apply]:
    """The operations of a body that read elements of an array or store them: a read behind the store that it sees."""
    reads: dict[Operand, list[Apply]] = {v: [] for v in chain.versions}
    for op in applied_in(loop.body.operations):
        if op.primitive is GETITEM and op.operands[0] in reads:
            reads[op.operands[0]].append(op)
    ordered = list(reads[chain.versions[0]])
    for store in chain.stores:
        ordered += [store, *reads[store.result]]
    return ordered


def _takes_whole(op: Apply, chain: Chain) -> bool:
    """Whether an operation reads all of an array."""
    if op.primitive.measures:
        return False
    first, *others = op.operands or (None,)
    at_place = op.primitive is GETITEM or op in chain.stores
    return any(o in chain.versions for o in others) or (first in chain.versions and not at_place)
