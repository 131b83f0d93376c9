"""Terms: what stands for the values of the program of arrays, taken apart and put together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.loop_rule import Array, Cut, Term, leaves
from s2sad.ir.types import BOTTOM, ArrayType, ContainerType, SequenceType, SliceType, StaticType, Type
from s2sad.ir.values import Constant, Operand, Value, constant


def check(t: Type) -> None:
    """Refuse what no loop can be written for."""
    if isinstance(t, ContainerType):
        for item in t.items:
            check(item)
    elif isinstance(t, SequenceType):
        check(t.item)
    elif isinstance(t, (StaticType, SliceType)):
        return
    elif not isinstance(t, ArrayType) or t.dtype is None or t.shape is None or t.dtype.kind not in "biufc":
        what = "a list that is empty where it is made" if t == BOTTOM else f"{t} in a program of loops"
        raise UnsupportedType(what)
    elif t.kind == "any" or t.doubtful:
        raise UnsupportedType("a number or array of which the type is not known")


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


def leaf_types(t: Type) -> Iterator[Type]:
    """The types of the numbers and arrays of a term, by that of the value."""
    if isinstance(t, SequenceType):
        yield ArrayType(np.dtype(np.int64), (), "python")
        for inner in leaf_types(t.item):
            shape = inner.shape
            yield ArrayType(inner.dtype, None if shape is None else (t.length, *shape), "array")
    elif t.is_container:
        for part in t.items:
            yield from leaf_types(part)
    else:
        yield t
