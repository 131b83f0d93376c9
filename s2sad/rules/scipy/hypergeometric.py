"""Hypergeometric functions and what they give: orthogonal polynomials, spherical harmonics; the zeta function.

The derivatives by the argument are those of the Digital Library of Mathematical Functions, https://dlmf.nist.gov,
chapters 13 to 15, 18 and 25; those by parameters are in `parameters`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from scipy import special

from s2sad.ir.broadcasting import broadcast_shapes
from s2sad.ir.builder import call, known_value
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.ir.types import ArrayType, Type, array
from s2sad.rules.domains import ORDER, POSITIVE, PROBABILITY, REAL, UNIT
from s2sad.rules.families import elementwise
from s2sad.rules.numpy.statistics import real
from s2sad.rules.promotion import array_types, elementwise_type
from s2sad.rules.scipy.parameters import (
    by,
    hyp0f1_by_parameter,
    hyp1f1_by_parameter,
    hyp2f1_by_parameter,
    hyperu_by_parameter,
    unknown,
    zeta_by_exponent,
)

# fmt: off
elementwise(special.hyp0f1, lambda y, v, x: by(hyp0f1_by_parameter, v, x),
                            lambda y, v, x: special.hyp0f1(v + 1, x) / v,                domain=(POSITIVE, REAL))
elementwise(special.hyp1f1, lambda y, a, b, x: by(hyp1f1_by_parameter, 0, a, b, x),
                            lambda y, a, b, x: by(hyp1f1_by_parameter, 1, a, b, x),
                            lambda y, a, b, x: a / b * special.hyp1f1(a + 1, b + 1, x),  domain=(REAL, POSITIVE, REAL))
elementwise(special.hyperu, lambda y, a, b, x: by(hyperu_by_parameter, 0, a, b, x),
                            lambda y, a, b, x: by(hyperu_by_parameter, 1, a, b, x),
                            lambda y, a, b, x: -a * special.hyperu(a + 1, b + 1, x),     domain=POSITIVE)
elementwise(special.hyp2f1, lambda y, a, b, c, x: by(hyp2f1_by_parameter, 0, a, b, c, x),
                            lambda y, a, b, c, x: by(hyp2f1_by_parameter, 1, a, b, c, x),
                            lambda y, a, b, c, x: by(hyp2f1_by_parameter, 2, a, b, c, x),
                            lambda y, a, b, c, x: a * b / c * special.hyp2f1(a + 1, b + 1, c + 1, x),
            domain=(REAL, REAL, POSITIVE, UNIT))
elementwise(special.wright_bessel, unknown("scipy.special.wright_bessel by its parameter a"),
                                   unknown("scipy.special.wright_bessel by its parameter b"),
                                   lambda y, a, b, x: special.wright_bessel(a, a + b, x),
            samples=lambda rng: [Sample((2, 1, POSITIVE(rng, (3,)))), Sample((1, 2, 0.7))])
elementwise(special.zeta,   lambda y, s, q=1.0: by(zeta_by_exponent, 1, s, q),
                            lambda y, s, q: -s * call(special.zeta, s + 1, q),
            type_rule=lambda s, q=None, /: _zeta_type(s, q),
            samples=lambda rng: [Sample((2, POSITIVE(rng, (3,)))), Sample((3, 1.5)), Sample((2.5, 1.5)),
                                 Sample((1.0 + POSITIVE(rng, (2, 1)), POSITIVE(rng, (3,)))),
                                 Sample((np.array([0.3, 1.7, -1.2]),))])
# fmt: on


def _zeta_type(s: Type, q: Type | None) -> Type:
    return elementwise_type(np.arctan2, arity=2)(s, s if q is None else q)


# Orthogonal polynomials: the derivative by the argument is one of the next lower degree, of another family.


def _below(n: Any) -> Any:
    """The next lower degree; none is below 0."""
    known = known_value(n)
    return np.maximum(n - 1, 0) if known is None else max(known - 1, 0)


def _polynomial(name: str, slope: Callable[..., Any], *parameters: Callable[..., Any]) -> None:
    """`eval_name(n, *parameters, x)`; `slope(n, *parameters, x)`, and by a parameter the derivative that it has."""
    function = getattr(special, f"eval_{name}")

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        own = [1.0 + PROBABILITY(rng, (2, 1)) + k for k, _ in enumerate(reversed(parameters))][::-1]
        whole = [2 + k for k, _ in enumerate(reversed(parameters))][::-1]
        yield Sample((3, *whole, PROBABILITY(rng, (3,))))
        yield Sample((ORDER(rng, (3,)), *own, PROBABILITY(rng, (3,))))
        yield Sample((2, *(1.5 + k for k in whole), 0.3))

    elementwise(
        function,
        unknown(f"scipy.special.eval_{name} by the degree"),
        *parameters,
        lambda y, *xs: slope(*xs),
        samples=samples,
        ends=True,
    )


def _laguerre_by_a(y: Any, n: Any, a: Any, x: Any) -> Any:
    grown = special.psi(a + n + 1.0) - special.psi(a + 1.0)
    return y * grown + special.binom(n + a, n) * by(hyp1f1_by_parameter, 1, -n, a + 1.0, x)


def _gegenbauer_by_a(y: Any, n: Any, a: Any, x: Any) -> Any:
    grown = 2.0 * (special.psi(2.0 * a + n) - special.psi(2.0 * a))
    place = (-n, n + 2.0 * a, a + 0.5, 0.5 * (1.0 - x))
    moved = 2.0 * by(hyp2f1_by_parameter, 1, *place) + by(hyp2f1_by_parameter, 2, *place)
    return y * grown + special.binom(2.0 * a + n - 1.0, n) * moved


def _jacobi_by_a(y: Any, n: Any, a: Any, b: Any, x: Any) -> Any:
    grown = special.psi(a + n + 1.0) - special.psi(a + 1.0)
    place = (-n, n + a + b + 1.0, a + 1.0, 0.5 * (1.0 - x))
    moved = by(hyp2f1_by_parameter, 1, *place) + by(hyp2f1_by_parameter, 2, *place)
    return y * grown + special.binom(n + a, n) * moved


def _jacobi_by_b(y: Any, n: Any, a: Any, b: Any, x: Any) -> Any:
    place = (-n, n + a + b + 1.0, a + 1.0, 0.5 * (1.0 - x))
    return special.binom(n + a, n) * by(hyp2f1_by_parameter, 1, *place)


# fmt: off
_polynomial("legendre",    lambda n, x: special.eval_gegenbauer(n - 1, 1.5, x))
_polynomial("chebyt",      lambda n, x: n * special.eval_chebyu(n - 1, x))
_polynomial("chebyu",      lambda n, x: 2.0 * special.eval_gegenbauer(n - 1, 2.0, x))
_polynomial("chebyc",      lambda n, x: n * special.eval_chebys(n - 1, x))
_polynomial("chebys",      lambda n, x: special.eval_gegenbauer(n - 1, 2.0, 0.5 * x))
_polynomial("sh_legendre", lambda n, x: 2.0 * special.eval_gegenbauer(n - 1, 1.5, 2.0 * x - 1.0))
_polynomial("sh_chebyt",   lambda n, x: 2.0 * n * special.eval_sh_chebyu(n - 1, x))
_polynomial("sh_chebyu",   lambda n, x: 4.0 * special.eval_gegenbauer(n - 1, 2.0, 2.0 * x - 1.0))
_polynomial("hermite",     lambda n, x: 2.0 * n * special.eval_hermite(_below(n), x))
_polynomial("hermitenorm", lambda n, x: n * special.eval_hermitenorm(_below(n), x))
_polynomial("laguerre",    lambda n, x: -special.eval_genlaguerre(n - 1, 1.0, x))
_polynomial("genlaguerre", lambda n, a, x: -special.eval_genlaguerre(n - 1, a + 1.0, x), _laguerre_by_a)
_polynomial("gegenbauer",  lambda n, a, x: 2.0 * a * special.eval_gegenbauer(n - 1, a + 1.0, x), _gegenbauer_by_a)
_polynomial("jacobi",
            lambda n, a, b, x: 0.5 * (n + a + b + 1.0) * special.eval_jacobi(n - 1, a + 1.0, b + 1.0, x),
            _jacobi_by_a, _jacobi_by_b)
# fmt: on


define(
    special.eval_sh_jacobi,
    lambda n, p, q, x: special.eval_jacobi(n, p - q, q - 1.0, 2.0 * x - 1.0) / special.binom(2 * n + p - 1.0, n),
    lambda rng: [Sample((3, 4, 2, PROBABILITY(rng, (3,)))), Sample((2, 3.2, 2.1, 0.3))],
    "n p q x",
)
elementwise(
    special.lpmv,
    unknown("scipy.special.lpmv by the order"),
    unknown("scipy.special.lpmv by the degree"),
    lambda y, m, v, x: (v * x * y - (v + m) * special.lpmv(m, v - 1, x)) / (x * x - 1.0),
    samples=lambda rng: [Sample((1, 3, PROBABILITY(rng, (3,)))), Sample((0, 2, 0.3)), Sample((2, 3, UNIT(rng, (3,))))],
    ends=True,
)


def _harmonic_type(n: Type, m: Type, theta: Type, phi: Type, /) -> Type:
    shape = broadcast_shapes(*(t.shape for t in array_types("scipy.special.sph_harm_y", [n, m, theta, phi])))
    return ArrayType(np.dtype(complex), shape, "any" if shape is None else "array")


def _harmonic_by_theta(y: Any, n: Any, m: Any, theta: Any, phi: Any) -> Any:
    """By the neighbours in order, which are whole at the poles: DLMF 14.30 and 14.10."""
    turn = np.exp(1j * real(phi))
    above, below = (call(special.sph_harm_y, n, k, theta, phi) for k in (m + 1, m - 1))
    return 0.5 * (np.sqrt((n - m) * (n + m + 1)) / turn * above - np.sqrt((n + m) * (n - m + 1)) * turn * below)


elementwise(
    special.sph_harm_y,
    unknown("scipy.special.sph_harm_y by the degree"),
    unknown("scipy.special.sph_harm_y by the order"),
    _harmonic_by_theta,
    lambda y, n, m, theta, phi: 1j * m * y,
    type_rule=_harmonic_type,
    samples=lambda rng: [
        Sample((3, 1, POSITIVE(rng, (3,)), REAL(rng, (3,)))),
        Sample((2, -2, 0.7, 1.3)),
        Sample((np.array([[2], [3]]), 1, POSITIVE(rng, (3,)), 0.4)),
    ],
)


def _complex_type(z: Type, /, k: int = 0, tol: float = 1e-8) -> Type:
    (t,) = array_types("scipy.special.lambertw", [z])
    return array(np.dtype(complex), t.shape)


elementwise(
    special.lambertw,
    lambda y, z: np.exp(-y) / (1.0 + y),
    type_rule=_complex_type,
    samples=lambda rng: [
        *(Sample((POSITIVE(rng, (3,)),)), Sample((0.7,)), Sample((POSITIVE(rng, (3,)) + 0.3j,))),
        *(Sample((-0.2,), {"k": -1}), Sample((POSITIVE(rng, (3,)),), {"k": 2, "tol": 1e-10})),
    ],
    ends=True,
)
