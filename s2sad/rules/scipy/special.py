"""The special functions of scipy.special, read once that has been imported.

The derivatives are those of the Digital Library of Mathematical Functions, https://dlmf.nist.gov. By some parameters,
such as the order of a Bessel function, there is no closed form: these derivatives are refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from scipy import special

from s2sad.errors import UnsupportedType
from s2sad.ir.broadcasting import broadcast_shapes
from s2sad.ir.builder import call
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.ir.types import ArrayType, Type, array, tuple_type
from s2sad.rules.contributions import fit, spread, type_in
from s2sad.rules.domains import ABOVE_ONE, POSITIVE, REAL, UNIT, elementwise_samples
from s2sad.rules.families import constant, elementwise, rule
from s2sad.rules.numpy.reductions import Axis, expanded, reduced_shape
from s2sad.rules.numpy.statistics import in_double, keywords, real
from s2sad.rules.promotion import array_types, elementwise_type, result_dtype

ROOT_PI = math.sqrt(math.pi)
ROOT_2PI = math.sqrt(2.0 * math.pi)


def PROBABILITY(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Between 0 and 1."""
    return rng.uniform(0.1, 0.9, shape)


def ORDER(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Small integers."""
    return rng.integers(0, 4, shape)


def unknown(function: np.ufunc, parameter: str) -> Callable[..., Any]:
    """The partial derivative by a parameter for which there is no closed form."""

    def partial(*values: Any) -> Any:
        raise UnsupportedType(
            f"the derivative of scipy.special.{function.__name__} by {parameter}",
            "give the function a rule of your own",
        )

    return partial


def _spence_slope(y: Any, z: Any) -> Any:
    # 0 / 0 at z = 1, where the limit is -1.
    return np.where(z == 1.0, -1.0, np.log(z) / (1.0 - z + (z == 1.0)))


def _psi(x: Any) -> Any:
    return special.psi(x)


def _quotient(x: Any, y: Any) -> Any:
    """x / y, 0 where both are: there the function is 0 for every y."""
    return x / (y + ((x == 0) & (y == 0)))


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
elementwise(special.spence,   _spence_slope,                                       domain=POSITIVE)
elementwise(special.exp2,     lambda y, x: math.log(2.0) * y)
elementwise(special.exp10,    lambda y, x: math.log(10.0) * y,      on_numbers=lambda x: np.power(10.0, x))
elementwise(special.expm1,    lambda y, x: y + 1.0)
elementwise(special.log1p,    lambda y, x: 1.0 / (1.0 + x),                        domain=POSITIVE)
elementwise(special.cosm1,    lambda y, x: -np.sin(x),              on_numbers=lambda x: -2.0 * np.sin(0.5 * x) ** 2)
elementwise(special.cbrt,     lambda y, x: y / (3.0 * x))

# Bessel functions
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


def _of_order(function: np.ufunc, slope: Callable[..., Any]) -> None:
    """A function whose first operand is an order, which has no derivative in closed form."""

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        for shape in [(), (4,), (2, 3)]:
            yield Sample((2, POSITIVE(rng, shape)[()]))
        yield Sample((ORDER(rng, (2, 1)) + 1, POSITIVE(rng, (3,))))

    elementwise(function, unknown(function, "the order"), slope, samples=samples)


_of_order(special.jv, lambda y, v, x: 0.5 * (special.jv(v - 1, x) - special.jv(v + 1, x)))
_of_order(special.yn, lambda y, v, x: special.yn(v, x) * v / x - special.yn(v + 1, x))
_of_order(special.yv, lambda y, v, x: 0.5 * (special.yv(v - 1, x) - special.yv(v + 1, x)))
_of_order(special.iv, lambda y, v, x: 0.5 * (special.iv(v - 1, x) + special.iv(v + 1, x)))
_of_order(special.kv, lambda y, v, x: -0.5 * (special.kv(v - 1, x) + special.kv(v + 1, x)))
_of_order(special.kn, lambda y, v, x: v * y / x - special.kn(v + 1, x))
_of_order(special.ive, lambda y, v, x: 0.5 * (special.ive(v - 1, x) + special.ive(v + 1, x)) - np.sign(real(x)) * y)
_of_order(special.kve, lambda y, v, x: y - 0.5 * (special.kve(v - 1, x) + special.kve(v + 1, x)))
_of_order(special.expn, lambda y, n, x: -special.expn(n - 1, x))


def _with_parameters(
    function: np.ufunc, slope: Callable[..., Any], names: tuple[str, ...], *domains: Callable[..., Any]
) -> None:
    """A function whose last operand has a derivative; the others are its parameters, given as integers in samples."""

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        for shape in [(), (4,), (2, 3)]:
            yield Sample((*(k + 2 for k, _ in enumerate(names)), domains[0](rng, shape)[()]))

    elementwise(function, *(unknown(function, n) for n in names), slope, samples=samples)


def _gamma_density(a: Any, x: Any) -> Any:
    return np.exp((a - 1.0) * np.log(x) - x - special.gammaln(a))


def _beta_density(a: Any, b: Any, x: Any) -> Any:
    return np.exp((a - 1.0) * np.log(x) + (b - 1.0) * np.log1p(-x) - special.betaln(a, b))


def _t_density(n: Any, x: Any) -> Any:
    return np.exp(-0.5 * (n + 1.0) * np.log1p(x * x / n) - special.betaln(0.5, 0.5 * n) - 0.5 * np.log(n))


_with_parameters(special.gammainc, lambda y, a, x: _gamma_density(a, x), ("its parameter a",), POSITIVE)
_with_parameters(special.gammaincc, lambda y, a, x: -_gamma_density(a, x), ("its parameter a",), POSITIVE)
_with_parameters(special.gammaincinv, lambda x, a, y: 1.0 / _gamma_density(a, x), ("its parameter a",), PROBABILITY)
_with_parameters(special.gammainccinv, lambda x, a, y: -1.0 / _gamma_density(a, x), ("its parameter a",), PROBABILITY)
_with_parameters(
    special.betainc, lambda y, a, b, x: _beta_density(a, b, x), ("its parameter a", "its parameter b"), PROBABILITY
)
_with_parameters(
    special.betaincc, lambda y, a, b, x: -_beta_density(a, b, x), ("its parameter a", "its parameter b"), PROBABILITY
)
_with_parameters(
    special.betaincinv,
    lambda x, a, b, y: 1.0 / _beta_density(a, b, x),
    ("its parameter a", "its parameter b"),
    PROBABILITY,
)
_with_parameters(special.stdtr, lambda y, n, x: _t_density(n, x), ("the degrees of freedom",), REAL)
_with_parameters(special.stdtrit, lambda x, n, y: 1.0 / _t_density(n, x), ("the degrees of freedom",), PROBABILITY)


# fmt: off
elementwise(special.boxcox,   lambda y, x, p: x ** (p - 1.0),
                              lambda y, x, p: (x**p * np.log(x) - y) / p,          domain=POSITIVE, on_numbers=_box_cox)
elementwise(special.inv_boxcox, lambda z, y, p: z ** (1.0 - p),
                              lambda z, y, p: z * (y / (1.0 + p * y) - np.log1p(p * y) / p) / p, domain=POSITIVE,
            on_numbers=_inverse_box_cox)
elementwise(special.huber,    lambda y, d, r: (np.abs(r) > d) * (np.abs(r) - d),
                              lambda y, d, r: np.clip(r, -d, d),                   domain=(POSITIVE, REAL),
            on_numbers=_huber)
elementwise(special.pseudo_huber, lambda y, d, r: 2.0 * y / d - r * r / (d * np.sqrt(1.0 + (r / d) ** 2)),
                              lambda y, d, r: r / np.sqrt(1.0 + (r / d) ** 2),     domain=(POSITIVE, REAL),
            on_numbers=_pseudo_huber)
elementwise(special.ellipk,   lambda y, m: 0.5 * (special.ellipe(m) / (1.0 - m) - y) / m,   domain=PROBABILITY)
elementwise(special.ellipe,   lambda y, m: 0.5 * (y - special.ellipk(m)) / m,               domain=PROBABILITY)
elementwise(special.owens_t,  lambda y, h, a: np.exp(-0.5 * h * h) * (0.5 - special.ndtr(a * h)) / ROOT_2PI,
                              lambda y, h, a: np.exp(-0.5 * (1.0 + a * a) * h * h) / (2.0 * math.pi * (1.0 + a * a)))
# fmt: on
elementwise(
    special.hyp1f1,
    unknown(special.hyp1f1, "its parameter a"),
    unknown(special.hyp1f1, "its parameter b"),
    lambda y, a, b, x: a / b * special.hyp1f1(a + 1, b + 1, x),
    samples=lambda rng: [Sample((2, 3, REAL(rng, (3,)))), Sample((1, 4, 0.3))],
)
constant(special.gammasgn, elementwise_type(special.gammasgn), elementwise=True, samples=elementwise_samples((REAL,)))


def _pair(function: np.ufunc, *slopes: Callable[[Any], Any]) -> None:
    """A function with two results."""

    def type_rule(x: Type, /) -> Type:
        (t,) = array_types(function.__name__, [x])
        part = array(result_dtype([t], "float"), t.shape)
        return tuple_type(part, part)

    def adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
        terms = [bar * slope(xs[0]) for bar, slope in zip(g, slopes, strict=True) if bar is not None]
        return (fit(terms[0] if len(terms) == 1 else terms[0] + terms[1], xs[0]) if active[0] and terms else None,)

    rule(
        function,
        type_rule,
        tangent=lambda y, xs, dots: tuple(spread(dots[0] * s(xs[0]), r) for s, r in zip(slopes, y, strict=True)),
        adjoint=adjoint,
        samples=elementwise_samples((POSITIVE,)),
    )


_pair(special.sici, lambda x: np.sin(x) / x, lambda x: np.cos(x) / x)
_pair(special.shichi, lambda x: np.sinh(x) / x, lambda x: np.cosh(x) / x)
_pair(special.fresnel, lambda x: np.sin(0.5 * math.pi * x * x), lambda x: np.cos(0.5 * math.pi * x * x))


# Functions written in Python


def _polygamma_type(n: Type, x: Type, /) -> Type:
    arrays = array_types("scipy.special.polygamma", [n, x])
    shape = broadcast_shapes(*(t.shape for t in arrays))
    return ArrayType(np.dtype(float), shape, "any" if shape is None else "array")


elementwise(
    special.polygamma,
    lambda y, n, x: _refused("scipy.special.polygamma by the order"),
    lambda y, n, x: call(special.polygamma, n + 1, x),
    type_rule=_polygamma_type,
    samples=lambda rng: [
        Sample((1, POSITIVE(rng, (3,)))),
        Sample((2, 1.5)),
        Sample((ORDER(rng, (3,)), np.float64(0.7))),
    ],
)


def _refused(what: str) -> Any:
    raise UnsupportedType(f"the derivative of {what}", "give the function a rule of your own")


def _zeta_type(x: Type, q: Type, /) -> Type:
    return elementwise_type(np.arctan2, arity=2)(x, q)


elementwise(
    special.zeta,
    lambda y, x, q: _refused("scipy.special.zeta by its exponent"),
    lambda y, x, q: -x * call(special.zeta, x + 1, q),
    type_rule=_zeta_type,
    samples=lambda rng: [Sample((2, POSITIVE(rng, (3,)))), Sample((3, 1.5))],
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
    if return_sign:
        raise UnsupportedType("scipy.special.logsumexp with return_sign", "write the sum")
    over = keywords(axis=axis, keepdims=keepdims)
    if b is None:
        return call(special.logsumexp, a, **over)
    largest = np.max(a, **over)
    return largest + np.log(np.sum(b * np.exp(a - expanded(largest, a, axis, keepdims)), **over))


define(
    special.logsumexp,
    _weighted_logsumexp,
    lambda rng: [
        Sample((REAL(rng, (4,)),), {"b": POSITIVE(rng, (4,))}),
        Sample((REAL(rng, (2, 3)),), {"axis": 1, "b": POSITIVE(rng, (3,))}),
        Sample((REAL(rng, (2, 3)),), {"axis": 0, "b": POSITIVE(rng, (2, 1)), "keepdims": True}),
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
