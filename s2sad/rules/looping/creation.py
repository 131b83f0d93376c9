"""New arrays: their elements are known, or counted."""

from __future__ import annotations

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.loop_rule import Array, Loops, Places, Term, looped
from s2sad.ir.types import Type
from s2sad.ir.values import Apply, Operand, constant
from s2sad.rules.looping.elementwise import broadcast_places, number


def lengths_of(t: Type, term: Term) -> Places:
    """The lengths that a shape names."""
    given = tuple(number(n) for n in (term if isinstance(term, tuple) else (term,)))
    return tuple(constant(d) if isinstance(d, int) else n for d, n in zip(t.shape or (), given, strict=True))


def filled(op: Apply, shape: Places, value: Operand, loops: Loops) -> Term:
    dtype = op.result.type.dtype
    assert dtype is not None
    number_ = loops.cast(value, dtype) if value.type.dtype != dtype else value
    return Array(dtype, shape, lambda at: number_) if op.result.type.is_array else number_


@looped(np.zeros, np.ones, np.empty)
def zeros(loops: Loops, op: Apply, shape: Term) -> Term:
    value = _one(op) if op.primitive.function is np.ones else _zero(op)
    return _blank(op, filled(op, lengths_of(op.result.type, shape), value, loops))


def _blank(op: Apply, made: Term) -> Term:
    """What is about to be written is not filled."""
    if op.primitive.blank and not op.primitive.zeros and isinstance(made, Array) and _is_empty(op):
        made.fill = lambda target: None
    return made


def _is_empty(op: Apply) -> bool:
    return op.primitive.function in (np.empty, np.empty_like)


def _zero(op: Apply) -> Operand:
    assert op.result.type.dtype is not None
    return constant(op.result.type.dtype.type(0))


def _one(op: Apply) -> Operand:
    assert op.result.type.dtype is not None
    return constant(op.result.type.dtype.type(1))


@looped(np.zeros_like, np.ones_like, np.empty_like)
def zeros_like(loops: Loops, op: Apply, x: Term) -> Term:
    value = _one(op) if op.primitive.function is np.ones_like else _zero(op)
    return _blank(op, filled(op, x.shape if isinstance(x, Array) else (), value, loops))


@looped(np.full)
def full(loops: Loops, op: Apply, shape: Term, value: Term) -> Term:
    lengths = lengths_of(op.result.type, shape)
    return filled(op, lengths, number(value), loops) if _is_number(value) else _spread(loops, op, lengths, value)


def _is_number(term: Term) -> bool:
    return not (isinstance(term, Array) and term.shape)


def _spread(loops: Loops, op: Apply, shape: Places, value: Term) -> Array:
    """An array in each place along the axes that it does not have."""
    dtype, dims = op.result.type.dtype, op.result.type.shape
    assert isinstance(value, Array) and dtype is not None and dims is not None
    source = loops.cheap(value)
    places = broadcast_places(loops, op.operands[1].type, source, dims, shape)
    return loops.computed(dtype, shape, lambda at: loops.cast(source.element(places(at)), dtype), 0, source)


@looped(np.full_like)
def full_like(loops: Loops, op: Apply, x: Term, value: Term) -> Term:
    shape = x.shape if isinstance(x, Array) else ()
    return filled(op, shape, number(value), loops) if _is_number(value) else _spread(loops, op, shape, value)


@looped(np.arange)
def arange(loops: Loops, op: Apply, *ends: Term) -> Term:
    start, stop = (constant(0), number(ends[0])) if len(ends) == 1 else (number(ends[0]), number(ends[1]))
    step = number(ends[2]) if len(ends) > 2 else constant(1)
    dtype, dims = op.result.type.dtype, op.result.type.shape
    assert dtype is not None and dims is not None
    if any(o.type.is_complex for o in (start, stop, step)):
        raise UnsupportedType("a range of complex numbers")
    whole = all(o.type.is_integer for o in (start, stop, step))
    count = loops.subtract(stop, start) if whole and step.type.size == 1 else _count(loops, start, stop, step)
    if not isinstance(dims[0], int):
        count = loops.call(max, count, 0)
    length = constant(dims[0]) if isinstance(dims[0], int) else count

    def element(at: Places) -> Operand:
        return loops.cast(loops.add(start, loops.multiply(at[0], step)), dtype)

    return Array(dtype, (length,), element, cost=1)


def _count(loops: Loops, start: Operand, stop: Operand, step: Operand) -> Operand:
    span = loops.call(np.divide, loops.call(np.subtract, stop, start), step)
    return loops.call(int, loops.call(np.ceil, span))


@looped(np.eye, np.identity)
def eye(loops: Loops, op: Apply, n: Term, m: Term | None = None) -> Term:
    dtype, dims = op.result.type.dtype, op.result.type.shape
    assert dtype is not None and dims is not None
    rows = number(n)
    columns = rows if m is None or number(m).type.is_static else number(m)
    shape = tuple(constant(d) if isinstance(d, int) else o for d, o in zip(dims, (rows, columns), strict=True))
    k = op.static.get("k", 0)
    assert isinstance(k, int)

    def element(at: Places) -> Operand:
        on = loops.call(np.equal, at[1], loops.add(at[0], k))
        return loops.select(on, constant(dtype.type(1)), constant(dtype.type(0)))

    return Array(dtype, shape, element, cost=1)
