"""Terms: what stands for the values of the program of arrays, taken apart and put together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.loop_rule import Array, Cut, List, Term, is_empty, leaves
from s2sad.ir.types import (
    BOTTOM,
    ArrayType,
    ContainerType,
    KeptType,
    SequenceType,
    SliceType,
    StaticType,
    TableType,
    Type,
)
from s2sad.ir.values import Constant, Operand, Value, constant


def check(t: Type) -> None:
    """Refuse what no loop can be written for."""
    if isinstance(t, ContainerType):
        for item in t.items:
            check(item)
    elif isinstance(t, (SequenceType, TableType)):
        if item_of(t) != BOTTOM:
            check(item_of(t))
    elif isinstance(t, (StaticType, SliceType)):
        return
    elif isinstance(t, KeptType):
        raise UnsupportedType("what calls keep of a function that calls itself and gives, or writes into, arrays")
    elif not isinstance(t, ArrayType) or t.dtype is None or t.shape is None or t.dtype.kind not in "biufc":
        raise UnsupportedType(f"{t} in a program of loops")
    elif t.kind == "any" or t.doubtful:
        raise UnsupportedType("a number or array of which the type is not known")


def item_of(t: SequenceType | TableType) -> Type:
    """The type of what lies side by side: the items of a list, the keys of a dict."""
    return t.item if isinstance(t, SequenceType) else t.key


def is_none(operand: Operand) -> bool:
    return isinstance(operand, Constant) and operand.value is None


def constant_term(operand: Constant) -> Term:
    value = operand.value
    if isinstance(value, slice):
        return Cut(*(None if p is None else constant(p) for p in (value.start, value.stop, value.step)))
    if isinstance(value, (tuple, list)):
        return tuple(constant_term(constant(v)) for v in value)
    if isinstance(value, np.ndarray):
        raise UnsupportedType("an array that is known when it is compiled")
    return operand


def arrays_in(term: Term) -> Iterator[Array]:
    return (leaf for leaf in leaves(term) if isinstance(leaf, Array))


def is_number(term: Term) -> bool:
    return isinstance(term, (Value, Constant))


def operand_of(term: Term) -> Operand:
    """The number that a term is."""
    if isinstance(term, Array) and not term.shape:
        return term.element(())
    if isinstance(term, (Value, Constant)):
        return term
    raise UnsupportedType("what is no number in the place of one")


def typed(term: Term, t: Type) -> Term:
    """A term in which lists that are empty have the items that their type says."""
    if isinstance(term, tuple) and isinstance(t, ContainerType):
        return tuple(map(typed, term, t.items))
    if isinstance(term, List) and isinstance(t, (SequenceType, TableType)):
        item = item_of(t)
        if is_empty(term):
            return term if item == BOTTOM else List(_none(item), constant(0))
        return List(typed(term.items, item), term.length, term.whole)
    return term


def _none(t: Type, axes: int = 1) -> Term:
    """The items of a list without any."""
    if isinstance(t, ContainerType):
        return tuple(_none(i, axes) for i in t.items)
    if isinstance(t, SequenceType):
        return List(_none(t.item, axes + 1), constant(0))
    if isinstance(t, StaticType):
        return Constant(t.value, t)
    if not t.is_numeric or t.dtype is None or t.rank is None:
        raise UnsupportedType(f"a list of {t}")
    zero = constant(t.dtype.type(0))
    shape = (*[0] * axes, *(d if isinstance(d, int) else 0 for d in t.shape or ()))
    return Array(t.dtype, tuple(map(constant, shape)), lambda at: zero)
