"""The window of Kaiser, and the modified Bessel function that it is made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from s2sad.ir.broadcasting import broadcast_shapes
from s2sad.ir.builder import beside, call
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.ir.types import ArrayType, Type, array
from s2sad.rules.domains import REAL
from s2sad.rules.families import by_partials, elementwise, rule
from s2sad.rules.promotion import array_types, result_dtype


def bessel_i(n: Any, x: Any) -> Any:
    """The modified Bessel function of whole order: the mean of exp(x cos t) cos(n t) over a turn, DLMF 10.32.3."""
    t = np.arange(256.0) * (2.0 * np.pi / 256.0)
    return np.mean(np.exp(np.multiply.outer(x, np.cos(t))) * np.cos(np.multiply.outer(n, t)), axis=-1)


def _bessel_type(n: Type, x: Type, /) -> Type:
    orders, places = array_types("bessel_i", [n, x])
    dtype = None if places.dtype is None else np.result_type(places.dtype, np.float64)
    return array(dtype, broadcast_shapes(orders.shape, places.shape))


_tangent, _adjoint = by_partials((None, lambda y, n, x: 0.5 * (call(bessel_i, n - 1, x) + call(bessel_i, n + 1, x))))
rule(
    bessel_i,
    _bessel_type,
    _tangent,
    _adjoint,
    helper=True,
    elementwise=True,
    samples=lambda rng: [Sample((1, REAL(rng, (3,)))), Sample((0, 1.3))],
)


def _i0_type(x: Type, /) -> Type:
    (t,) = array_types("np.i0", [x])
    return ArrayType(result_dtype([t], "float"), t.shape, "any" if t.shape is None else "array")


elementwise(np.i0, lambda y, x: call(bessel_i, 1, x), type_rule=_i0_type)


def _kaiser(M: Any, beta: Any) -> Any:
    places = 2.0 * beside(beta, np.arange, M) / (M - 1.0) - 1.0
    return np.i0(np.sqrt(1.0 - places * places) * beta) / np.i0(beta)


define(np.kaiser, _kaiser, lambda rng: [Sample((7, 3.2))], "beta")
