"""Bessel functions and their like, by their argument and by their order; Airy, Struve and Kelvin functions.

The derivatives by the argument are the recurrences of the Digital Library of Mathematical Functions,
https://dlmf.nist.gov, chapters 9 to 11; those by the order are in `parameters`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from scipy import special

from s2sad.ir.broadcasting import broadcast_shapes
from s2sad.ir.builder import call
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.ir.types import Type, array
from s2sad.rules.domains import ORDER, POSITIVE, PROBABILITY, elementwise_samples
from s2sad.rules.families import elementwise, several
from s2sad.rules.numpy.statistics import real
from s2sad.rules.promotion import array_types
from s2sad.rules.scipy.parameters import by, ive_by_order, jv_by_order, kve_by_order, unknown, yv_by_order

# fmt: off
elementwise(special.j0,       lambda y, x: -special.j1(x))
elementwise(special.j1,       lambda y, x: 0.5 * (special.j0(x) - special.jv(2, x)))
elementwise(special.y0,       lambda y, x: -special.y1(x),                         domain=POSITIVE)
elementwise(special.y1,       lambda y, x: special.y0(x) - y / x,                  domain=POSITIVE)
elementwise(special.i0,       lambda y, x: special.i1(x))
elementwise(special.i1,       lambda y, x: 0.5 * (special.i0(x) + special.iv(2, x)))
elementwise(special.i0e,      lambda y, x: special.i1e(x) - np.sign(x) * y)
elementwise(special.i1e,      lambda y, x: 0.5 * (special.i0e(x) + special.ive(2, x)) - np.sign(x) * y)
elementwise(special.k0,       lambda y, x: -special.k1(x),                         domain=POSITIVE)
elementwise(special.k1,       lambda y, x: -special.k0(x) - y / x,                 domain=POSITIVE)
elementwise(special.k0e,      lambda y, x: y - special.k1e(x),                     domain=POSITIVE)
elementwise(special.k1e,      lambda y, x: y - special.k0e(x) - y / x,             domain=POSITIVE)
# fmt: on


def _of_order(function: np.ufunc, order: Callable[..., Any] | None, slope: Callable[..., Any]) -> None:
    """A function whose first operand is an order, by which it has a derivative where there is an `order`."""

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        for shape in [(), (4,), (2, 3)]:
            yield Sample((2, POSITIVE(rng, shape)[()]))
        yield Sample((ORDER(rng, (2, 1)) + 1, POSITIVE(rng, (3,))))
        if order is not None:
            yield Sample((POSITIVE(rng, (2, 1)), POSITIVE(rng, (3,))))
            yield Sample((0.7, 1.6))

    by_order = order or unknown(f"scipy.special.{function.__name__} by the order")
    elementwise(function, by_order, slope, samples=samples, ends=True)


# fmt: off
_of_order(special.jv,  lambda y, v, x: by(jv_by_order, v, x),
                       lambda y, v, x: 0.5 * (special.jv(v - 1, x) - special.jv(v + 1, x)))
_of_order(special.yv,  lambda y, v, x: by(yv_by_order, v, x),
                       lambda y, v, x: 0.5 * (special.yv(v - 1, x) - special.yv(v + 1, x)))
_of_order(special.iv,  lambda y, v, x: np.exp(x) * by(ive_by_order, v, x),
                       lambda y, v, x: 0.5 * (special.iv(v - 1, x) + special.iv(v + 1, x)))
_of_order(special.kv,  lambda y, v, x: np.exp(-x) * by(kve_by_order, 1, v, x),
                       lambda y, v, x: -0.5 * (special.kv(v - 1, x) + special.kv(v + 1, x)))
_of_order(special.ive, lambda y, v, x: by(ive_by_order, v, x),
          lambda y, v, x: 0.5 * (special.ive(v - 1, x) + special.ive(v + 1, x)) - np.sign(real(x)) * y)
_of_order(special.kve, lambda y, v, x: by(kve_by_order, 1, v, x),
                       lambda y, v, x: y - 0.5 * (special.kve(v - 1, x) + special.kve(v + 1, x)))
_of_order(special.jve, lambda y, v, x: by(jv_by_order, v, x),
                       lambda y, v, x: 0.5 * (special.jve(v - 1, real(x)) - special.jve(v + 1, x)))
_of_order(special.yve, lambda y, v, x: by(yv_by_order, v, x),
                       lambda y, v, x: 0.5 * (special.yve(v - 1, real(x)) - special.yve(v + 1, x)))
_of_order(special.yn,  None, lambda y, v, x: special.yn(v, x) * v / x - special.yn(v + 1, x))
_of_order(special.kn,  None, lambda y, v, x: v * y / x - special.kn(v + 1, x))
_of_order(special.hankel1,  lambda y, v, x: _hankel_by_order(1j, v, x),
                            lambda y, v, x: 0.5 * (special.hankel1(v - 1, x) - special.hankel1(v + 1, x)))
_of_order(special.hankel2,  lambda y, v, x: _hankel_by_order(-1j, v, x),
                            lambda y, v, x: 0.5 * (special.hankel2(v - 1, x) - special.hankel2(v + 1, x)))
_of_order(special.hankel1e, lambda y, v, x: np.exp(-1j * x) * _hankel_by_order(1j, v, x),
          lambda y, v, x: 0.5 * (special.hankel1e(v - 1, x) - special.hankel1e(v + 1, x)) - 1j * y)
_of_order(special.hankel2e, lambda y, v, x: np.exp(1j * x) * _hankel_by_order(-1j, v, x),
          lambda y, v, x: 0.5 * (special.hankel2e(v - 1, x) - special.hankel2e(v + 1, x)) + 1j * y)
_of_order(special.struve,    None, lambda y, v, x: special.struve(v - 1, x) - v * y / x)
_of_order(special.modstruve, None, lambda y, v, x: special.modstruve(v - 1, x) - v * y / x)
# fmt: on


def _hankel_by_order(i: complex, v: Any, x: Any) -> Any:
    return by(jv_by_order, v, x) + i * by(yv_by_order, v, x)


# Spherical ones, and derivatives of any order, which are functions written in Python


def _spherical(function: Callable[..., Any], slope: Callable[[Any, Any, Any, Any], Any]) -> None:
    """A spherical Bessel function of whole order; `slope(y, above, n, z)`, `above` being that of the next order."""

    def type_rule(n: Type, z: Type, /) -> Type:
        orders, arguments = array_types(f"scipy.special.{function.__name__}", [n, z])
        # some of them are computed in double precision in any case
        dtype = arguments.dtype and function(np.zeros(0, int), np.zeros(0, arguments.dtype)).dtype
        return array(dtype, broadcast_shapes(orders.shape, arguments.shape))

    def first(n: Any, z: Any, derivative: bool = False) -> Any:
        y = call(function, n, z)
        return slope(y, call(function, n + 1, z), n, z) if derivative else y

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        yield Sample((2, POSITIVE(rng, (3,))))
        yield Sample((ORDER(rng, (2, 1)), POSITIVE(rng, (3,))))
        yield Sample((0, 1.3))

    elementwise(
        function,
        unknown(f"scipy.special.{function.__name__} by the order"),
        lambda y, n, z: slope(y, call(function, n + 1, z), n, z),
        type_rule=type_rule,
        samples=samples,
        ends=True,
    )
    define(function, first, lambda rng: [Sample((2, POSITIVE(rng, (3,)), True))], "n z")


_spherical(special.spherical_jn, lambda y, above, n, z: n * y / z - above)
_spherical(special.spherical_yn, lambda y, above, n, z: n * y / z - above)
_spherical(special.spherical_in, lambda y, above, n, z: n * y / z + above)
_spherical(special.spherical_kn, lambda y, above, n, z: n * y / z - above)


def _derivative(function: Callable[..., Any], of: np.ufunc, sign: int, phase: int = 1) -> None:
    """`jvp(v, z, n)`, the n-th derivative of a Bessel function: DLMF 10.6.7 and 10.29.5."""

    def sum_of_orders(v: Any, z: Any, n: int = 1) -> Any:
        if n == 0:
            return of(v, z)
        order = call(np.asarray, v, dtype=np.dtype(float))  # as SciPy has it: its results are in double precision
        terms = [phase**n * sign**k * math.comb(n, k) * of(order - n + 2 * k, z) for k in range(n + 1)]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total / 2**n

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        yield Sample((2, POSITIVE(rng, (3,)), 2))
        yield Sample((1.3, POSITIVE(rng, (3,))))

    define(function, sum_of_orders, samples, "v z")


_derivative(special.jvp, special.jv, -1)
_derivative(special.yvp, special.yv, -1)
_derivative(special.ivp, special.iv, 1)
_derivative(special.kvp, special.kv, 1, -1)
_derivative(special.h1vp, special.hankel1, -1)
_derivative(special.h2vp, special.hankel2, -1)


# Several results


def _root(z: Any) -> Any:
    """The square root that scales Airy functions."""
    return np.sqrt(real(z))


# fmt: off
several(special.airy,   lambda y, x: (y[1], x * y[0], y[3], x * y[2]))
several(special.airye,  lambda y, x: (y[1] + _root(x) * y[0], x * y[0] + _root(x) * y[1],
                                      y[3] - _root(x) * y[2], x * y[2] - _root(x) * y[3]))
several(special.itairy, lambda y, x: (*_airy(x), *_airy(-x)), samples=elementwise_samples((PROBABILITY,)))
several(special.kelvin, lambda y, x: (y[2], y[3], 1j * y[0] - y[2] / x, 1j * y[1] - y[3] / x), results="complex")
several(special.itj0y0, lambda y, x: (special.j0(x), special.y0(x)))
several(special.iti0k0, lambda y, x: (special.i0(x), special.k0(x)))
several(special.it2j0y0, lambda y, x: ((1.0 - special.j0(x)) / x, -special.y0(x) / x))
several(special.it2i0k0, lambda y, x: ((special.i0(x) - 1.0) / x, -special.k0(x) / x))

elementwise(special.ber,  lambda y, x: special.berp(x),                        domain=POSITIVE)
elementwise(special.bei,  lambda y, x: special.beip(x),                        domain=POSITIVE)
elementwise(special.ker,  lambda y, x: special.kerp(x),                        domain=POSITIVE)
elementwise(special.kei,  lambda y, x: special.keip(x),                        domain=POSITIVE)
elementwise(special.berp, lambda y, x: -special.bei(x) - y / x,                domain=POSITIVE)
elementwise(special.beip, lambda y, x: special.ber(x) - y / x,                 domain=POSITIVE)
elementwise(special.kerp, lambda y, x: -special.kei(x) - y / x,                domain=POSITIVE)
elementwise(special.keip, lambda y, x: special.ker(x) - y / x,                 domain=POSITIVE)
elementwise(special.itstruve0,    lambda y, x: special.struve(0, x),           domain=POSITIVE)
elementwise(special.itmodstruve0, lambda y, x: special.modstruve(0, x),        domain=POSITIVE)
elementwise(special.it2struve0,   lambda y, x: -special.struve(0, x) / x,      domain=POSITIVE)
# fmt: on


def _airy(x: Any) -> Any:
    values = special.airy(x)
    return values[0], values[2]
