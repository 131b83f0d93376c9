"""Dicts of run time: their keys side by side, in the order in which they came. The place of a key is its number.

A key is looked for from the first one on: a program whose dicts have many keys is left for that of NumPy.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from s2sad.ir.loop_rule import EMPTY, List, Loops, Places, Term, is_empty, leaves, looped
from s2sad.ir.primitives.tables import (
    TABLE,
    TABLE_COPY,
    TABLE_HOLDS,
    TABLE_KEYS,
    TABLE_PLACE,
    TABLE_SET,
    TABLE_WITHOUT,
)
from s2sad.ir.values import Apply, Operand, constant
from s2sad.rules.looping.elementwise import number
from s2sad.rules.looping.growing import alone, extended, without_item
from s2sad.rules.looping.ragged import list_of
from s2sad.rules.looping.shaping import array_of

MANY = 1024
"""Keys that a dict may have."""


@looped(TABLE)
def table(loops: Loops, op: Apply) -> Term:
    return EMPTY


@looped(TABLE_COPY, TABLE_KEYS)
def same(loops: Loops, op: Apply, keys: Term) -> Term:
    return keys


@looped(TABLE_SET)
def with_key(loops: Loops, op: Apply, keys: Term, key: Term, place: Term) -> Term:
    """A new key: its item is the last one."""
    keys = list_of(keys)
    loops.guard(loops.call(np.equal, number(place), keys.length))
    loops.guard(loops.call(np.less, keys.length, MANY))
    for part in leaves(key):
        # what is not equal to itself may be found all the same
        loops.guard(loops.call(np.equal, number(part), number(part)))
    return extended(loops, op, keys, alone(loops, key))


@looped(TABLE_WITHOUT)
def without_key(loops: Loops, op: Apply, keys: Term, key: Term) -> Term:
    keys = list_of(keys)
    return without_item(loops, op, keys, _place(loops, keys, key))


@looped(TABLE_HOLDS)
def holds(loops: Loops, op: Apply, keys: Term, key: Term) -> Term:
    keys = list_of(keys)
    return loops.call(np.less, _found(loops, keys, key), keys.length)


@looped(TABLE_PLACE)
def place(loops: Loops, op: Apply, keys: Term, key: Term) -> Term:
    return _place(loops, list_of(keys), key)


def _place(loops: Loops, keys: List, key: Term) -> Operand:
    """The number of a key, which is there."""
    found = _found(loops, keys, key)
    loops.guard(loops.call(np.less, found, keys.length))
    return found


def _found(loops: Loops, keys: List, key: Term) -> Operand:
    """The number of a key; as many as there are where it is none of them."""
    if is_empty(keys):
        return constant(0)
    pairs = [(array_of(c), number(part)) for c, part in zip(leaves(keys.items), leaves(key), strict=True)]

    def body(at: Places, found: Operand) -> Sequence[Operand]:
        each = [loops.call(np.equal, column.element(at), part) for column, part in pairs]
        return [loops.select(functools.reduce(lambda a, b: loops.call(np.logical_and, a, b), each), at[0], found)]

    return loops.fold([keys.length], [keys.length], body, hint="place")[0]
