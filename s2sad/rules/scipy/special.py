"""The special functions of scipy.special, read once that has been imported.

Error, gamma and exponential functions, entropies, losses. The derivatives are those of the Digital Library of
Mathematical Functions, https://dlmf.nist.gov.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy import special

from s2sad.errors import UnsupportedType
from s2sad.ir.broadcasting import broadcast_shapes
from s2sad.ir.builder import call
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.ir.types import ArrayType, Type, array
from s2sad.rules.contributions import fit, type_in
from s2sad.rules.domains import ABOVE_ONE, ORDER, POSITIVE, PROBABILITY, REAL, UNIT, elementwise_samples
from s2sad.rules.families import constant, elementwise, rule, several
from s2sad.rules.numpy.reductions import Axis, expanded, reduced_shape
from s2sad.rules.numpy.statistics import in_double, keywords, real
from s2sad.rules.promotion import array_types, elementwise_type, result_dtype
from s2sad.rules.scipy.parameters import unknown

ROOT_PI = math.sqrt(math.pi)
ROOT_2PI = math.sqrt(2.0 * math.pi)


def _spence_slope(y: Any, z: Any) -> Any:
    # 0 / 0 at z = 1, where the limit is -1.
    return np.where(z == 1.0, -1.0, np.log(z) / (1.0 - z + (z == 1.0)))


def _psi(x: Any) -> Any:
    return special.psi(x)


def _quotient(x: Any, y: Any) -> Any:
    """x / y, 0 where both are: there the function is 0 for every y."""
    return x / (y + ((x == 0) & (y == 0)))


def _faddeeva_slope(x: Any, sigma: Any, gamma: Any) -> Any:
    """The derivative of wofz at the place at which its real part is the Voigt profile."""
    z = (x + 1j * gamma) / (math.sqrt(2.0) * sigma)
    return 2j / ROOT_PI - 2.0 * z * special.wofz(z)


def NEGATIVE(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return -POSITIVE(rng, shape)


# What functions compute of numbers: for the points where a formula is 0 times infinity, or loses digits, another one.


def _product(x: Any, y: Any, log: Any) -> Any:
    """x * log, 0 where x is 0, whatever the logarithm is; nan where `y` is."""
    return np.where(np.logical_and(x == 0, y == y), 0.0, x * log)


def _entropy(x: Any) -> Any:
    return np.where(x > 0, -x * np.log(x), np.where(x == 0, 0.0, np.where(x < 0, -math.inf, x)))


def _relative(x: Any, y: Any, inside: Any, at_0: Any) -> Any:
    """An entropy of two positive numbers, `at_0` where the first one is 0, infinite outside."""
    outside = np.where(np.logical_or(x != x, y != y), x + y, math.inf)
    at_end = np.where(np.logical_and(x == 0, y >= 0), at_0, outside)
    return np.where(np.logical_and(x > 0, y > 0), inside, at_end)


def _logit(x: Any) -> Any:
    s = 2.0 * (x - 0.5)
    return np.where(np.abs(x - 0.475) < 0.175, np.log1p(s) - np.log1p(-s), np.log(x / (1.0 - x)))


def _log_expit(x: Any) -> Any:
    return np.where(x < 0, x - np.log1p(np.exp(x)), -np.log1p(np.exp(-x)))


def _box_cox(x: Any, p: Any) -> Any:
    log = np.log(x)
    return np.where(np.abs(p) < 1e-19, log, np.expm1(p * log) / p)


def _inverse_box_cox(x: Any, p: Any) -> Any:
    return np.where(p == 0, np.exp(x), np.exp(np.log1p(p * x) / p))


def _exponent_slope(log: Any, p: Any) -> Any:
    return 0.5 * log**2 * special.hyp1f1(2.0, 3.0, p * log)


def _root_slope(log: Any, p: Any) -> Any:
    return -0.5 * log**2 * special.hyp1f1(1.0, 3.0, -p * log)


def _huber(d: Any, r: Any) -> Any:
    size = np.abs(r)
    return np.where(d < 0, math.inf, np.where(size <= d, 0.5 * r * r, d * (size - 0.5 * d)))


def _pseudo_huber(d: Any, r: Any) -> Any:
    u = r / d
    # of small ones the root is too near to 1
    v = u * u
    found = d * d * v / (np.sqrt(1.0 + v) + 1.0)
    return np.where(d < 0, math.inf, np.where(np.logical_or(d == 0, r == 0), 0.0, found))


# fmt: off
# error functions, the normal distribution
elementwise(special.cosdg,    lambda y, x: -math.pi / 180.0 * special.sindg(x))
elementwise(special.sindg,    lambda y, x: math.pi / 180.0 * special.cosdg(x))
elementwise(special.erf,      lambda y, x: 2.0 / ROOT_PI * np.exp(-(x * x)))
elementwise(special.erfc,     lambda y, x: -2.0 / ROOT_PI * np.exp(-(x * x)))
elementwise(special.erfcx,    lambda y, x: 2.0 * x * y - 2.0 / ROOT_PI)
elementwise(special.erfi,     lambda y, x: 2.0 / ROOT_PI * np.exp(x * x))
elementwise(special.erfinv,   lambda y, x: 0.5 * ROOT_PI * np.exp(y * y),          domain=UNIT)
elementwise(special.erfcinv,  lambda y, x: -0.5 * ROOT_PI * np.exp(y * y),         domain=PROBABILITY)
elementwise(special.dawsn,    lambda y, x: 1.0 - 2.0 * x * y)
elementwise(special.ndtr,     lambda y, x: np.exp(-0.5 * x * x) / ROOT_2PI,
            on_numbers=lambda x: 0.5 * special.erfc(-x * math.sqrt(0.5)))
# A quotient of two numbers that both underflow far to the left, taken as a difference of logarithms.
elementwise(special.log_ndtr, lambda y, x: np.exp(-0.5 * x * x - y) / ROOT_2PI)
elementwise(special.ndtri_exp, lambda x, y: ROOT_2PI * np.exp(y + 0.5 * x * x),    domain=NEGATIVE)
elementwise(special.wofz,     lambda y, z: 2j / ROOT_PI - 2.0 * z * y)
elementwise(special.voigt_profile, lambda y, x, s, g: np.real(_faddeeva_slope(x, s, g)) / (2.0 * ROOT_PI * s * s),
            lambda y, x, s, g: -y / s - np.real((x + 1j * g) * _faddeeva_slope(x, s, g)) / (2.0 * ROOT_PI * s**3),
            lambda y, x, s, g: -np.imag(_faddeeva_slope(x, s, g)) / (2.0 * ROOT_PI * s * s),
            domain=(REAL, POSITIVE, POSITIVE))
elementwise(special.ndtri,    lambda y, x: ROOT_2PI * np.exp(0.5 * y * y),         domain=PROBABILITY)

# the gamma function and what comes of it
elementwise(special.gamma,    lambda y, x: y * _psi(x),                            domain=POSITIVE)
elementwise(special.gammaln,  lambda y, x: _psi(x),                                domain=POSITIVE)
elementwise(special.loggamma, lambda y, x: _psi(x),                                domain=POSITIVE)
elementwise(special.rgamma,   lambda y, x: -y * _psi(x),                           domain=POSITIVE)
elementwise(special.psi,      lambda y, x: call(special.polygamma, 1, real(x)),    domain=POSITIVE)
elementwise(special.beta,     lambda y, a, b: y * (_psi(a) - _psi(a + b)),
                              lambda y, a, b: y * (_psi(b) - _psi(a + b)),         domain=POSITIVE)
elementwise(special.betaln,   lambda y, a, b: _psi(a) - _psi(a + b),
                              lambda y, a, b: _psi(b) - _psi(a + b),               domain=POSITIVE)
elementwise(special.binom,    lambda y, n, k: y * (_psi(n + 1.0) - _psi(n - k + 1.0)),
                              lambda y, n, k: y * (_psi(n - k + 1.0) - _psi(k + 1.0)),  domain=(ABOVE_ONE, PROBABILITY))
elementwise(special.poch,     lambda y, z, m: y * (_psi(z + m) - _psi(z)),
                              lambda y, z, m: y * _psi(z + m),                     domain=POSITIVE)

# logarithms, exponentials, entropies
elementwise(special.expit,    lambda y, x: y * (1.0 - y),           on_numbers=lambda x: 1.0 / (1.0 + np.exp(-x)))
elementwise(special.logit,    lambda y, x: 1.0 / (x * (1.0 - x)),   on_numbers=_logit,         domain=PROBABILITY)
elementwise(special.log_expit, lambda y, x: special.expit(-x),      on_numbers=_log_expit)
elementwise(special.xlogy,    lambda z, x, y: np.log(y),      lambda z, x, y: _quotient(x, y), domain=(REAL, POSITIVE),
            on_numbers=lambda x, y: _product(x, y, np.log(y)))
elementwise(special.xlog1py,  lambda z, x, y: np.log1p(y),    lambda z, x, y: _quotient(x, 1.0 + y),
            domain=(REAL, POSITIVE),                          on_numbers=lambda x, y: _product(x, y, np.log1p(y)))
elementwise(special.entr,     lambda y, x: -np.log(x) - 1.0,                       domain=POSITIVE, on_numbers=_entropy)
elementwise(special.rel_entr, lambda z, x, y: np.log(x / y) + 1.0, lambda z, x, y: -_quotient(x, y), domain=POSITIVE,
            on_numbers=lambda x, y: _relative(x, y, x * np.log(x / y), 0.0))
elementwise(special.kl_div,   lambda z, x, y: np.log(x / y), lambda z, x, y: 1.0 - _quotient(x, y), domain=POSITIVE,
            on_numbers=lambda x, y: _relative(x, y, x * np.log(x / y) - x + y, y))
elementwise(special.exp1,     lambda y, x: -np.exp(-x) / x,                        domain=POSITIVE)
elementwise(special.expi,     lambda y, x: np.exp(x) / x)
elementwise(special.expn,     unknown("scipy.special.expn by the order"), lambda y, n, x: -special.expn(n - 1, x),
            samples=lambda rng: [Sample((ORDER(rng, (2, 1)) + 1, POSITIVE(rng, (3,)))), Sample((2, 1.3))])
elementwise(special.exprel,   lambda y, x: 0.5 * special.hyp1f1(2.0, 3.0, x),
            on_numbers=lambda x: np.where(x == 0, 1.0, np.expm1(x) / x))
elementwise(special.softplus, lambda y, x: special.expit(x),        on_numbers=lambda x: np.logaddexp(0.0, x))
elementwise(special.powm1,    lambda z, x, y: y * x ** (y - 1.0),   lambda z, x, y: (z + 1.0) * np.log(x),
            domain=(POSITIVE, REAL))
elementwise(special.spence,   _spence_slope,                                       domain=POSITIVE)
elementwise(special.exp2,     lambda y, x: math.log(2.0) * y)
elementwise(special.exp10,    lambda y, x: math.log(10.0) * y,      on_numbers=lambda x: np.power(10.0, x))
elementwise(special.expm1,    lambda y, x: y + 1.0)
elementwise(special.log1p,    lambda y, x: 1.0 / (1.0 + x),                        domain=POSITIVE)
elementwise(special.cosm1,    lambda y, x: -np.sin(x),              on_numbers=lambda x: -2.0 * np.sin(0.5 * x) ** 2)
elementwise(special.cbrt,     lambda y, x: y / (3.0 * x))
# fmt: on


# fmt: off
# By the exponent p, with u = p * log(x): log(x)**2 * (exp(u) * (u - 1) + 1) / u**2, whole where u is 0.
elementwise(special.boxcox,   lambda y, x, p: x ** (p - 1.0),
                              lambda y, x, p: _exponent_slope(np.log(x), p),       domain=POSITIVE, on_numbers=_box_cox)
elementwise(special.boxcox1p, lambda y, x, p: (1.0 + x) ** (p - 1.0),
                              lambda y, x, p: _exponent_slope(np.log1p(x), p),     domain=POSITIVE)
elementwise(special.inv_boxcox, lambda z, y, p: z ** (1.0 - p),
                              lambda z, y, p: z * _root_slope(np.log(z), p),       domain=POSITIVE,
            on_numbers=_inverse_box_cox)
elementwise(special.inv_boxcox1p, lambda z, y, p: (1.0 + z) ** (1.0 - p),
                              lambda z, y, p: (1.0 + z) * _root_slope(np.log1p(z), p), domain=POSITIVE)
elementwise(special.huber,    lambda y, d, r: (np.abs(r) > d) * (np.abs(r) - d),
                              lambda y, d, r: np.clip(r, -d, d),                   domain=(POSITIVE, REAL),
            on_numbers=_huber)
elementwise(special.pseudo_huber, lambda y, d, r: 2.0 * y / d - r * r / (d * np.sqrt(1.0 + (r / d) ** 2)),
                              lambda y, d, r: r / np.sqrt(1.0 + (r / d) ** 2),     domain=(POSITIVE, REAL),
            on_numbers=_pseudo_huber)
elementwise(special.owens_t,  lambda y, h, a: np.exp(-0.5 * h * h) * (0.5 - special.ndtr(a * h)) / ROOT_2PI,
                              lambda y, h, a: np.exp(-0.5 * (1.0 + a * a) * h * h) / (2.0 * math.pi * (1.0 + a * a)))
# fmt: on
constant(special.gammasgn, elementwise_type(special.gammasgn), elementwise=True, samples=elementwise_samples((REAL,)))


several(special.sici, lambda y, x: (np.sin(x) / x, np.cos(x) / x))
several(special.shichi, lambda y, x: (np.sinh(x) / x, np.cosh(x) / x))
several(special.fresnel, lambda y, x: (np.sin(0.5 * math.pi * x * x), np.cos(0.5 * math.pi * x * x)))


# Functions written in Python


def _polygamma_type(n: Type, x: Type, /) -> Type:
    arrays = array_types("scipy.special.polygamma", [n, x])
    shape = broadcast_shapes(*(t.shape for t in arrays))
    return ArrayType(np.dtype(float), shape, "any" if shape is None else "array")


elementwise(
    special.polygamma,
    unknown("scipy.special.polygamma by the order"),
    lambda y, n, x: call(special.polygamma, n + 1, x),
    type_rule=_polygamma_type,
    samples=lambda rng: [
        Sample((1, POSITIVE(rng, (3,)))),
        Sample((2, 1.5)),
        Sample((ORDER(rng, (3,)), np.float64(0.7))),
    ],
)


def _logsumexp_type(a: Type, /, axis: Axis = None, keepdims: bool = False) -> Type:
    (t,) = array_types("scipy.special.logsumexp", [a])
    return array(result_dtype([t], "float"), reduced_shape(t.shape, axis, keepdims))


def _shares(y: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    return np.exp(x - expanded(y, x, axis, keepdims))


def _logsumexp_tangent(y: Any, xs: Any, dots: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    over = keywords(axis=axis, keepdims=keepdims)
    return np.sum(_shares(y, xs[0], axis, keepdims) * dots[0], **over)


def _logsumexp_adjoint(g: Any, y: Any, xs: Any, active: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return (fit(expanded(g, xs[0], axis, keepdims) * _shares(y, xs[0], axis, keepdims), xs[0]),)


def _matrices(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample((REAL(rng, (4,)),))
    for row in ({}, {"axis": 0}, {"axis": 1}, {"axis": -1}):
        yield Sample((REAL(rng, (2, 3)),), row)


def _reductions(rng: np.random.Generator) -> Iterable[Sample]:
    yield from _matrices(rng)
    yield Sample((REAL(rng, (2, 3)),), {"axis": 1, "keepdims": True})


rule(
    special.logsumexp,
    _logsumexp_type,
    tangent=_logsumexp_tangent,
    adjoint=_logsumexp_adjoint,
    samples=_reductions,
)


def _weighted_logsumexp(
    a: Any, axis: Axis = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    over = keywords(axis=axis, keepdims=keepdims)
    if b is None and not return_sign:
        return call(special.logsumexp, a, **over)
    largest = np.max(np.real(a), **over)
    shares = np.exp(a - expanded(largest, a, axis, keepdims))
    total = np.sum(shares if b is None else b * shares, **over)
    return (largest + np.log(np.abs(total)), np.sign(total)) if return_sign else largest + np.log(total)


define(
    special.logsumexp,
    _weighted_logsumexp,
    lambda rng: [
        Sample((REAL(rng, (4,)),), {"b": POSITIVE(rng, (4,))}),
        Sample((REAL(rng, (2, 3)),), {"axis": 1, "b": POSITIVE(rng, (3,))}),
        Sample((REAL(rng, (2, 3)),), {"axis": 0, "b": POSITIVE(rng, (2, 1)), "keepdims": True}),
        Sample((REAL(rng, (2, 3)),), {"axis": 1, "b": REAL(rng, (3,)), "return_sign": True}),
    ],
    "a b",
)


def _same_shape(x: Type, /, axis: Axis = None) -> Type:
    (t,) = array_types("scipy.special.softmax", [x])
    return array(result_dtype([t], "float"), t.shape)


def _sum(x: Any, axis: Axis) -> Any:
    """Sums that broadcast against `x`."""
    return np.sum(x) if axis is None else np.sum(x, axis=axis, keepdims=True)


rule(
    special.softmax,
    _same_shape,
    tangent=lambda y, xs, dots, axis=None: y * (dots[0] - _sum(y * dots[0], axis)),
    adjoint=lambda g, y, xs, active, axis=None: (fit(y * (g - _sum(y * g, axis)), xs[0]),),
    samples=_matrices,
)
rule(
    special.log_softmax,
    _same_shape,
    tangent=lambda y, xs, dots, axis=None: dots[0] - _sum(np.exp(y) * dots[0], axis),
    adjoint=lambda g, y, xs, active, axis=None: (fit(g - np.exp(y) * _sum(g, axis), xs[0]),),
    samples=_matrices,
)


def _multigammaln(a: Any, d: int) -> Any:
    a, steps = in_double(a), 0.5 * np.arange(d)
    constants = 0.25 * d * (d - 1) * math.log(math.pi)
    total = special.gammaln(a)
    for step in steps[1:]:
        total = total + special.gammaln(a - float(step))
    return constants + total


define(
    special.multigammaln,
    _multigammaln,
    lambda rng: [Sample((2.5 + POSITIVE(rng, (3,)), 3)), Sample((1.7, 1))],
)
define(
    special.factorial,
    lambda n, exact=False, extend="zero": special.gamma(in_double(n) + 1.0),
    lambda rng: [Sample((POSITIVE(rng, (3,)),)), Sample((1.7,))],
)


def _comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    if exact:
        raise UnsupportedType("scipy.special.comb with exact", "leave it out")
    N, k = (call(np.float64, v) if getattr(type_in(v), "kind", None) == "python" else v for v in (N, k))
    n = N + k - 1.0 if repetition else N
    # there are none of more things than there are
    return np.where((k <= n) & (n >= 0) & (k >= 0), special.binom(n, k), 0.0)[()]


define(
    special.comb,
    _comb,
    lambda rng: [
        Sample((3.0 + POSITIVE(rng, (3,)), POSITIVE(rng, (3,)))),
        Sample((5.5, 2.25)),
        Sample((0.5, np.array([0.7, 0.2]))),
    ],
    "N k",
)
