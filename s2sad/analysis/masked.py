"""Which adjoints are 0 in parts by a mask, asked while a reverse sweep is built: how a value of it was made.

v1_bar = np.where(x > 0, v2_bar, 0.0)       masked
x_bar = v1_bar * np.cos(x)                  masked as well: a product, element by element
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

import numpy as np

from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT, GETITEM, INDEX_ADD, INDEX_SET, MAKE, index_items, is_flip, is_list
from s2sad.ir.primitive import Algebra, lookup
from s2sad.ir.types import Type
from s2sad.ir.values import Apply, Call, Constant, Function, If, Operand, Operation, Value, is_call_of


def made_by(builder: Builder, operand: Operand) -> Apply | None:
    """The operation that made a value, if it is no call, loop or branch."""
    found = builder.maker(operand)
    return found if isinstance(found, Apply) else None


def is_of_call(builder: Builder, operand: Operand) -> bool:
    """Whether a value is what a call gives."""
    return isinstance(builder.maker(operand), Call)


def adjoint_made_by(builder: Builder, operand: Operand) -> Apply | None:
    """The operation that made an adjoint: none that makes a value of the primal again."""
    found = made_by(builder, operand)
    return found if found is not None and found.about else None


def is_masked(builder: Builder, operand: Operand) -> bool:
    """Whether parts of an adjoint are 0 by a mask."""
    if operand in builder.masked:
        return True
    # What was found stays true until more is known to be masked: without a memory each adjoint would be followed back
    # along all ways to it.
    now = (len(builder.masked), len(builder.masking))
    known = builder.known_masked.get(now)
    if known is None:
        builder.known_masked.clear()
        known = builder.known_masked[now] = {}
    if operand not in known:
        # One after the other, as a chain of a long program is deeper than calls may be.
        for o in _chain(builder, operand, known):
            known[o] = _is_masked(builder, o)
    return known[operand]


def _chain(builder: Builder, operand: Operand, known: Container[Operand]) -> list[Operand]:
    """What decides whether an adjoint is masked, beginning with what is not made of others, and the adjoint itself."""
    found: dict[Operand, None] = {}
    wanted = [operand]
    while wanted:
        o = wanted[-1]
        made = made_by(builder, o)
        before = made.operands if made is not None and (made.about or made.primitive in (EXTRACT, MAKE)) else ()
        inner = [x for x in before if isinstance(x, Value) and x not in known and x not in found]
        if inner:
            wanted += inner
        else:
            found[wanted.pop()] = None
    return [*found]


def _is_masked(builder: Builder, operand: Operand) -> bool:
    made = made_by(builder, operand)
    if made is None:
        return False
    if made.primitive in (EXTRACT, MAKE):
        return any(is_masked(builder, o) for o in made.operands)
    if not made.about:
        return False
    if made.primitive.is_additive:
        # What a loop carries is what it begins with, and masked sums; so for a part of a cotangent that is given.
        others = [o for o in made.operands if not is_masked(builder, o)]
        return len(others) < len(made.operands) and all(_is_given(builder, o) for o in others)
    if made.primitive is INDEX_ADD and not _begins(builder, made.operands[0]):
        return False
    return _masks(builder, made) or (_passes(made) and any(is_masked(builder, o) for o in made.operands))


def _begins(builder: Builder, total: Operand) -> bool:
    """Whether a sum may be 0 but for what is added to it: zeros, what is given, or a masked one."""
    return _is_given(builder, total) or is_masked(builder, total)


def _is_given(builder: Builder, total: Operand) -> bool:
    """Whether a sum is zeros, what a loop or function is given, or a part of that."""
    made = builder.maker(total)
    return made is None or is_call_of(made, EXTRACT) or _is_nothing(builder, total)


def _is_nothing(builder: Builder, total: Operand) -> bool:
    """Whether a sum is zeros: made so, or stored everywhere."""
    made = made_by(builder, total)
    if made is None or made.primitive is not INDEX_SET:
        return made is not None and made.primitive.zeros
    index, value = made.operands[1:]
    return _is_zero(value) and is_flip(index.type)


def masked_results(sweep: Function, count: int, given: Sequence[Value]) -> tuple[bool, ...]:
    """Which of the adjoints that a reverse sweep gives are masked, where those that it is given are."""
    builder = Builder()
    builder.operations += sweep.body.operations
    builder.masked.update(given)
    made = None if count == 1 else made_by(builder, sweep.result)
    bars = (sweep.result,) if made is None else made.operands
    tests = (is_masked, _is_nothing, _is_masked_in_blocks)
    return tuple(any(test(builder, bar) for test in tests) for bar in bars)


def _is_masked_in_blocks(builder: Builder, bar: Operand) -> bool:
    """Whether loops and branches make parts of an adjoint 0 by masks."""
    made = _maker(builder.operations, bar)
    if made is None or isinstance(made, (Apply, Call)):
        return False
    if stores_in_part(builder.operations, bar):
        return True
    for block in made.blocks:
        inner = builder.child()
        inner.operations += block.operations
        end = block.results[made.results.index(bar)]
        if is_masked(inner, end) or _is_masked_in_blocks(inner, end):
            return True
    return False


def _masks(builder: Builder, made: Apply) -> bool:
    if made.primitive in (INDEX_SET, INDEX_ADD):
        return _selects(builder, made.operands[1])
    if made.primitive.algebra is Algebra.PRODUCT:
        return any(o in builder.masking for o in made.operands)
    return made.primitive in (lookup(np.where), lookup(np.tril), lookup(np.triu))


def _selects(builder: Builder, index: Operand) -> bool:
    """Whether an index of the program takes elements that data or lists say: no slices, and no counters of loops."""
    if not any(map(_has_places, index_items(index.type))):
        return False
    made = made_by(builder, index)
    if made is None or made.primitive is EXTRACT or not (made.about or made.primitive is MAKE):
        return True
    # What a rule makes, as that of np.diag, takes what it is made of takes.
    return any(_selects(builder, o) for o in made.operands)


def _has_places(item: Type) -> bool:
    """Whether an item of an index holds integers, or truth values, that were computed."""
    if not item.is_numeric or (item.dtype is not None and item.dtype.kind not in "iub"):
        return is_list(item)
    return item.rank != 0 or item.kind == "numpy"


def _passes(made: Apply) -> bool:
    """Whether an operation gives 0 where its operands are 0."""
    p = made.primitive
    numbers = p.is_multiplicative or p.algebra is Algebra.NEGATIVE
    same = p.layout is not None or p.view is not None or p in (GETITEM, *map(lookup, (np.astype, list, np.array)))
    return numbers or same or p.contracts or p.adds_up or p in (INDEX_SET, INDEX_ADD)


def stores_in_part(operations: Sequence[Operation], total: Operand) -> bool:
    """Whether loops and branches store into a sum, and some branch among them hands it on as it was."""
    made = _maker(operations, total)
    if isinstance(made, Apply):
        return made.primitive is INDEX_ADD and _is_zero_in_part(operations, made.operands[2])
    if made is None or isinstance(made, Call):
        return False
    ends = [(b.operations, b.results[made.results.index(total)]) for b in made.blocks]
    if any(stores_in_part(*end) for end in ends):
        return True
    stored = [_is_stored(*end) for end in ends]
    return any(stored) and not all(stored)


def _is_stored(operations: Sequence[Operation], total: Operand) -> bool:
    """Whether what was done last to a sum is a store into it."""
    made = _maker(operations, total)
    return isinstance(made, Apply) and made.primitive in (INDEX_SET, INDEX_ADD)


def _is_zero_in_part(operations: Sequence[Operation], value: Operand) -> bool:
    """Whether a number is 0 by one of two branches."""
    made = _maker(operations, value)
    if not isinstance(made, If):
        return False
    zeros = [_is_zero(b.results[made.results.index(value)]) for b in made.blocks]
    return any(zeros) and not all(zeros)


def _maker(operations: Sequence[Operation], operand: Operand) -> Operation | None:
    return next((op for op in operations if operand in op.results), None)


def _is_zero(operand: Operand) -> bool:
    return isinstance(operand, Constant) and operand.value == 0.0


def mark_masked(builder: Builder, pairs: Iterable[tuple[Builder, Operand, Operand]]) -> None:
    """Note what a block is handed, or hands over, as masked where that is which it stands for."""
    builder.masked.update(new for inner, old, new in pairs if is_masked(inner, old))
