"""Results for no examples: arrays without numbers, in the shape that the results of examples would have had."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import numpy as np

from s2sad.ir.builder import Builder, Expr
from s2sad.ir.containers import SHAPE
from s2sad.ir.dims import Dim, Size, Symbol, derivation, dim_sum, is_known
from s2sad.ir.primitive import required
from s2sad.ir.types import ArrayType, ContainerType, Type
from s2sad.ir.values import Operand, Value, constant


def for_no_example(builder: Builder, t: Type, anchors: Collection[Operand]) -> Operand:
    """A value of type `t` for each of no examples; lengths are read off the shapes of `anchors`."""
    if isinstance(t, ContainerType):
        return builder.make(t.cls, t.keys, [for_no_example(builder, item, anchors) for item in t.items])
    if not isinstance(t, ArrayType):
        return constant(None)
    lengths = [constant(0), *(length(builder, d, anchors) for d in t.shape or ())]
    static = {} if t.dtype in (None, np.dtype(float)) else {"dtype": t.dtype}
    shape = builder.operand(tuple(lengths)) if len(lengths) > 1 else lengths[0]
    return builder.apply(required(np.zeros), (shape,), static)


def length(builder: Builder, d: Dim, anchors: Collection[Operand]) -> Operand:
    """A length; 0 where no shape tells it."""
    if is_known(d):
        return constant(d)
    whole = _read(builder, d, anchors)
    if whole is not None:
        return whole
    total = None
    for symbol, factor in sorted(d.terms, key=lambda term: term[0].name):
        one = _read(builder, Size(frozenset({(symbol, 1)})), anchors) or _derived(builder, symbol, anchors)
        if one is None:
            return constant(0)
        part = builder.expr(one) if factor == 1 else builder.expr(one) * factor
        total = part if total is None else total + part
    assert total is not None
    return _moved(total, d.offset)


DERIVED: dict[str, Callable[..., object]] = {"min": min, "*": np.multiply, "//": np.floor_divide}
"""How a length comes of others, by the kind of its derivation."""


def _derived(builder: Builder, symbol: Symbol, anchors: Collection[Operand]) -> Operand | None:
    """A length that is a function of others."""
    kind, parts = derivation(symbol)
    if kind not in DERIVED:
        return None
    dims = sorted(parts[0], key=str) if kind == "min" else parts
    return builder.call(DERIVED[kind], *(builder.expr(length(builder, d, anchors)) for d in dims)).operand


def _read(builder: Builder, d: Dim, anchors: Collection[Operand]) -> Operand | None:
    """A length that differs from that of an axis of an array by a number."""
    for anchor, axis, own in _axes(anchors):
        more = dim_sum(d, own, -1)
        if is_known(more):
            return _moved(builder.expr(builder.extract(builder.apply(SHAPE, (anchor,)), axis)), more)
    return None


def _moved(x: Expr, by: int) -> Operand:
    return (x if by == 0 else x + by if by > 0 else x - -by).operand


def _axes(anchors: Collection[Operand]) -> Iterator[tuple[Operand, int, Dim]]:
    for anchor in anchors:
        if anchor.type.kind == "array" and not (isinstance(anchor, Value) and anchor.unsure):
            yield from ((anchor, axis, own) for axis, own in enumerate(anchor.type.shape or ()))
