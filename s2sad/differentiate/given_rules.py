"""Calls of derivatives that the user gave: what they are passed, and what they give in the types of the operands.

y, f_residuals = f_fwd(x, n)                   y, y_dot = f_jvp((x,), (x_dot,))
(x_bar,) = f_bwd(n, f_residuals, y_bar)
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from s2sad.differentiate.tangents import Path, in_dtype, leaf_paths, pick
from s2sad.ir.builder import Builder
from s2sad.ir.primitive import Effect, Primitive, Quantity, Sample, register
from s2sad.ir.types import ArrayType, ContainerType, Type
from s2sad.ir.values import Constant, FunctionRef, Operand, Value

RESIDUALS, BAR = "residuals", "bar"

Argument = int | str
"""The position of an operand of the call, the residuals, or the cotangent of the result."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the two functions of a rule are called: `forward` by operands of the call, `reverse` by these and others.

    `keys` are, for the operands that have adjoints, the keys of theirs in what `reverse` gives.
    """

    forward: tuple[int, ...]
    reverse: tuple[Argument, ...]
    keys: tuple[int, ...]

    def reverse_arguments(
        self, operand: Callable[[int], Operand], residuals: Callable[[], Operand], bar: Operand
    ) -> list[Operand]:
        return [operand(a) if isinstance(a, int) else bar if a == BAR else residuals() for a in self.reverse]


@dataclass(frozen=True, slots=True)
class TangentRule:
    """A tangent that the user gave: `function(*leading, primals, tangents, *trailing)`.

    `leading` and `trailing` are positions of operands, `primals` these or constants.
    """

    function: FunctionRef
    leading: tuple[int, ...]
    primals: tuple[int | Constant, ...]
    trailing: tuple[int, ...]

    def arguments(
        self, builder: Builder, operands: Sequence[Operand], dot: Callable[[Operand], Operand]
    ) -> list[Operand]:
        own = [operands[p] if isinstance(p, int) else p for p in self.primals]
        keys = tuple(range(len(own)))
        made = [builder.make(tuple, keys, row) for row in (own, [*map(dot, own)])]
        return [*(operands[k] for k in self.leading), *made, *(operands[k] for k in self.trailing)]


def given_bars(
    builder: Builder, bars: Operand, key: int, operand: Operand, read: Callable[[Operand], Operand]
) -> Iterator[tuple[Path, Operand]]:
    """The cotangents of the leaves of an operand that a rule gives; None in their place is zero."""
    for path, leaf in leaf_paths(operand.type):
        inner: Type = bars.type[key]
        for step in path:
            if inner.is_container:
                inner = inner[step]
        # None, or a string, in the place of a cotangent is zero; it may stand for a whole container.
        if inner.is_static:
            continue
        # A rule of the user's may give another dtype or shape than the operand has.
        bar = pick(builder, bars, key, *path)
        if leaf.is_numeric:
            bar = fitted(builder, bar, leaf, functools.partial(_item, builder, read, operand, path))
        yield path, bar


def _item(builder: Builder, read: Callable[[Operand], Operand], operand: Operand, path: Path) -> Operand:
    return pick(builder, read(operand), *path)


def given_dot(builder: Builder, pair: Value, result: Value) -> Operand:
    """The tangent of a result that a rule gives, in the type of the result."""
    return _fitted_all(builder, builder.extract(pair, 1), result)


def _fitted_all(builder: Builder, dot: Operand, like: Operand) -> Operand:
    t = like.type
    if isinstance(t, ContainerType):
        items = [_fitted_all(builder, builder.extract(dot, k), builder.extract(like, k)) for k in t.keys]
        return builder.make(t.cls, t.keys, items)
    return fitted(builder, dot, t, lambda: like) if t.is_inexact else dot


def fitted(builder: Builder, bar: Operand, t: Type, primal: Callable[[], Operand], theorem: bool = False) -> Operand:
    """A tangent or cotangent of a rule in the dtype of its primal, its shape checked where that may be another.

    That of a theorem has the shape of its primal.
    """
    # Where both are known to have one shape, nothing is left to be checked at run time.
    if t.shape is None or bar.type.shape != t.shape:
        bar = builder.apply(SHAPED if theorem and bar.type.rank == t.rank else CHECKED, (bar, primal()))
    return in_dtype(builder, bar, t)


def checked_like(bar: Quantity, x: Quantity) -> Quantity:
    """What a rule gives for `x`, which must have the shape of `x`."""
    if np.shape(bar) != np.shape(x):
        raise ValueError(f"a rule gives an array of shape {np.shape(bar)} for one of shape {np.shape(x)}")
    return bar


def _checked_type(bar: Type, x: Type, /) -> Type:
    assert isinstance(bar, ArrayType) and isinstance(x, ArrayType)
    return ArrayType(bar.dtype, x.shape, "array" if x.shape else bar.kind)


def shaped_like(bar: Quantity, x: Quantity) -> Quantity:
    """What a rule gives for `x`, which has the shape of `x` whatever is known of it."""
    return bar


SHAPED = register(
    Primitive(
        "shaped_like",
        shaped_like,
        _checked_type,
        effect=Effect.VIEW,
        samples=lambda rng: [Sample((rng.uniform(size=shape), rng.uniform(size=shape))) for shape in [(3,), (2, 3)]],
        spelling="_0",
        transparent=True,
        tangent=lambda y, xs, dots: dots[0],
        adjoint=lambda g, y, xs, active: (g if active[0] else None, None),
    )
)
CHECKED = register(
    Primitive(
        "checked_like",
        checked_like,
        _checked_type,
        effect=Effect.VIEW,
        samples=lambda rng: [Sample((rng.uniform(size=shape), rng.uniform(size=shape))) for shape in [(3,), (2, 3)]],
        helper=True,
        tangent=lambda y, xs, dots: dots[0],
        adjoint=lambda g, y, xs, active: (g if active[0] else None, None),
    )
)
