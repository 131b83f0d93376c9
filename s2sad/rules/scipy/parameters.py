"""Derivatives by parameters that have no closed form: functions that are written into the modules which call them.

Each is one integral or series, differentiated under its sign (by the Digital Library of Mathematical Functions,
https://dlmf.nist.gov, "DLMF"), exact to about 1e-11. What it cannot compute, such as a series whose terms cancel, is
nan. Of the derivative by another operand each says what it is in terms of itself; what would need a second derivative
that is not there is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

from s2sad.errors import UnsupportedType
from s2sad.ir.broadcasting import broadcast_shapes
from s2sad.ir.builder import call, known_value
from s2sad.ir.primitive import Sample
from s2sad.ir.types import Type, array
from s2sad.rules.domains import POSITIVE, PROBABILITY
from s2sad.rules.families import by_partials, rule
from s2sad.rules.numpy.statistics import real
from s2sad.rules.promotion import array_types, with_arity


def unknown(what: str) -> Callable[..., Any]:
    """The partial derivative by a parameter for which there is none."""

    def partial(*values: Any) -> Any:
        raise UnsupportedType(f"the derivative of {what}", "give the function a rule of your own")

    return partial


def by(function: Callable[..., Any], *operands: Any) -> Any:
    """A call of one of the functions of this module, which are of real numbers."""
    return call(function, *map(real, operands))


def _in_double_type(name: str, arity: int) -> Callable[..., Type]:
    """The type rule of a function that gives double precision, whatever it takes."""

    def type_rule(*types: Type) -> Type:
        shape = broadcast_shapes(*(t.shape for t in array_types(name, types)))
        return array(np.dtype(float), shape)

    return with_arity(type_rule, arity)


def _written(function: Callable[..., Any], *partials: Callable[..., Any] | None, points: Any) -> None:
    """A function that is written into modules; `points` are where it is tested, each a row of operands."""
    tangent, adjoint = by_partials(partials)

    def samples(rng: np.random.Generator) -> list[Sample]:
        return [Sample(tuple(p(rng, (3,)) if callable(p) else p for p in point)) for point in points]

    rule(
        function,
        _in_double_type(function.__name__, len(partials)),
        tangent,
        adjoint,
        helper=True,
        elementwise=True,
        ends=True,
        samples=samples,
    )


def _order(n: Any) -> int:
    """The order of a derivative, which is known."""
    found = known_value(n)
    assert isinstance(found, int)
    return found


def _again(n: Any, what: str) -> Any:
    """The next order of a derivative, of which there are two."""
    if _order(n) != 1:
        raise UnsupportedType(f"the derivative of {what} of third order", "give the function a rule of your own")
    return n + 1


# The incomplete gamma and beta functions


def gammainc_by_a(n: Any, a: Any, x: Any) -> Any:
    """The n-th derivative of gammainc(a, x) by a, n = 1, 2: the integral of that of its density.

    On the side of x where the logarithmic derivative of the density does not change its sign; exp-sinh quadrature.
    """
    a, x = (np.asarray(v, float)[..., None] for v in (a, x))
    u = np.linspace(-4.2, 3.6, 196)
    nodes = np.exp(0.5 * np.pi * np.sinh(u))
    weights = 0.02 * np.pi * np.cosh(u) * nodes
    with np.errstate(all="ignore"):
        mean = scipy.special.psi(a)
        below = np.log(x) < mean
        # below x t = x * exp(-s), above t = x + s; s in units of the width that the density has there
        tail = np.where(a > 1.0, x / (np.abs(x - a + 1.0) + np.sqrt(np.abs(a - 1.0))), 1.0)
        width = np.where(below, 1.0 / (np.abs(a - x) + np.sqrt(x)), tail)
        s = width * nodes
        log_ratio = np.where(below, -s, np.log1p(s / x))
        density = np.exp(
            scipy.special.xlogy(a, x)
            - x
            - scipy.special.gammaln(a)
            + a * log_ratio
            - np.where(below, x * np.expm1(-s), s)
        )
        score = np.log(x) + log_ratio - mean
        moment = score if n == 1 else score**2 - scipy.special.polygamma(1, a)
        total = np.sum(density * moment * width * weights / np.where(below, 1.0, x + s), axis=-1)
    total = np.where(below[..., 0], total, -total)
    return np.where((x == 0.0) | (x == np.inf), 0.0, total[..., None])[..., 0][()]


def betainc_by_parameters(k: Any, n: Any, a: Any, b: Any, x: Any) -> Any:
    """The derivative of betainc(a, b, x), k times by a, n times by b, k + n = 1, 2, as that of gammainc is found."""
    a, b, x = (np.asarray(v, float)[..., None] for v in (a, b, x))
    u = np.linspace(-4.2, 3.6, 196)
    nodes = np.exp(0.5 * np.pi * np.sinh(u))
    weights = 0.02 * np.pi * np.cosh(u) * nodes
    psi = scipy.special.psi
    with np.errstate(all="ignore"):
        by_a, by_b = psi(a + b) - psi(a), psi(a + b) - psi(b)
        below = np.log(x) + by_a < 0.0 if k else np.log1p(-x) + by_b > 0.0
        # below x t = x * exp(-s), above 1 - t = (1 - x) * exp(-s); s in units of the width that the density has there
        p, q, y, z = (
            np.where(below, a, b),
            np.where(below, b, a),
            np.where(below, x, 1.0 - x),
            np.where(below, 1.0 - x, x),
        )
        slope, curvature = p - (q - 1.0) * y / z, np.abs(q - 1.0) * y / z**2
        width = np.where(q > 1.0, 1.0 / (np.abs(slope) + np.sqrt(curvature)), 1.0 / p)
        s = width * nodes
        log_y, log_z = np.log(y) - s, np.log(z - y * np.expm1(-s))
        density = np.exp(p * log_y + (q - 1.0) * log_z - scipy.special.betaln(a, b))
        by_a, by_b = by_a + np.where(below, log_y, log_z), by_b + np.where(below, log_z, log_y)
        both, of_a, of_b = (scipy.special.polygamma(1, v) for v in (a + b, a, b))
        moment = {
            (1, 0): by_a,
            (0, 1): by_b,
            (2, 0): by_a**2 - of_a + both,
            (1, 1): by_a * by_b + both,
            (0, 2): by_b**2 - of_b + both,
        }[k, n]
        total = np.sum(density * moment * width * weights, axis=-1)
    total = np.where(below[..., 0], total, -total)
    return np.where((x == 0.0) | (x == 1.0), 0.0, total[..., None])[..., 0][()]


def gamma_density(a: Any, x: Any) -> Any:
    return np.exp((a - 1.0) * np.log(x) - x - scipy.special.gammaln(a))


def _gamma_by_x(y: Any, n: Any, a: Any, x: Any) -> Any:
    score = np.log(x) - scipy.special.psi(a)
    return gamma_density(a, x) * (score if _order(n) == 1 else score**2 - call(scipy.special.polygamma, 1, a))


_written(
    gammainc_by_a,
    None,
    lambda y, n, a, x: by(gammainc_by_a, _again(n, "scipy.special.gammainc by its parameter"), a, x),
    _gamma_by_x,
    points=[(1, POSITIVE, POSITIVE), (1, 2.5, 0.7)],
)


def beta_density(a: Any, b: Any, x: Any) -> Any:
    return np.exp((a - 1.0) * np.log(x) + (b - 1.0) * np.log1p(-x) - scipy.special.betaln(a, b))


def _beta_by_x(y: Any, k: Any, n: Any, a: Any, b: Any, x: Any) -> Any:
    orders, psi = (_order(k), _order(n)), scipy.special.psi
    by_a, by_b = np.log(x) - psi(a) + psi(a + b), np.log1p(-x) - psi(b) + psi(a + b)
    if sum(orders) == 1:
        return beta_density(a, b, x) * (by_a if orders[0] else by_b)
    both = call(scipy.special.polygamma, 1, a + b)
    if orders == (1, 1):
        return beta_density(a, b, x) * (by_a * by_b + both)
    score, own = (by_a, a) if orders[0] else (by_b, b)
    return beta_density(a, b, x) * (score**2 - call(scipy.special.polygamma, 1, own) + both)


def _beta_again(k: Any, n: Any, of_a: bool, *operands: Any) -> Any:
    _again(_order(k) + _order(n), "scipy.special.betainc by its parameters")
    return by(betainc_by_parameters, k + 1 if of_a else k, n if of_a else n + 1, *operands)


_written(
    betainc_by_parameters,
    None,
    None,
    lambda y, k, n, a, b, x: _beta_again(k, n, True, a, b, x),
    lambda y, k, n, a, b, x: _beta_again(k, n, False, a, b, x),
    _beta_by_x,
    points=[(1, 0, POSITIVE, POSITIVE, PROBABILITY), (0, 1, 2.5, 0.7, 0.3)],
)


# Bessel functions


def kve_by_order(n: Any, v: Any, x: Any) -> Any:
    """The n-th derivative of kve(v, x) by v: of the integral of exp(x - x cosh t) cosh(v t), by trapezoids."""
    v, x = (np.asarray(w, float)[..., None] for w in (v, x))
    size = np.abs(v)
    with np.errstate(all="ignore"):
        spread = (x * x + v * v) ** -0.25
        first = np.maximum(0.0, np.arcsinh(size / x) - 40.0 / size - 9.0 * spread)
        last = np.arcsinh((size + 40.0 + np.sqrt(80.0 * size)) / x + np.sqrt(80.0 / x))
        step = (last - first) / 200.0
        t = first + step * np.arange(201.0)
        exponent = -2.0 * x * np.sinh(0.5 * t) ** 2
        rising, falling = np.exp(exponent + size * t), np.exp(exponent - size * t)
        terms = 0.5 * t**n * (rising + (-1.0) ** n * falling)
        terms[..., 0] *= 0.5
        total = step[..., 0] * np.sum(terms, axis=-1)
    return (np.where(v < 0.0, (-1.0) ** n, 1.0)[..., 0] * total)[()]


def ive_by_order(v: Any, x: Any) -> Any:
    """The derivative of ive(v, x) by v, of x >= 0: of its power series, or of its integral over an angle."""
    v, x = np.broadcast_arrays(*(np.asarray(w, float)[..., None] for w in (v, x)))
    with np.errstate(all="ignore"):
        by_series = (x < 20.0) | (v * v > 20.0 * x)
        # where the argument is large beside the order, the integral over (0, pi) is all
        angle = np.pi * np.arange(1.0, 401.0) / 400.0
        y = np.where(by_series, 20.0, x)
        integral = -np.sum(angle * np.sin(v * angle) * np.exp(-2.0 * y * np.sin(0.5 * angle) ** 2), axis=-1) / 400.0
        y = np.where(by_series, x, 1.0)
        k = np.arange(40.0 + np.nanmax(np.minimum(y, 5000.0), initial=0.0))
        m = v + k + 1.0
        logs = scipy.special.gammaln(k + 1.0) + np.where(m > 0.0, scipy.special.gammaln(m), 0.0)
        terms = np.exp(scipy.special.xlogy(2.0 * k + v, 0.5 * y) - y - logs)
        rise = np.where(m > 0.0, 1.0, scipy.special.rgamma(m))
        # where psi has a pole, the slope of 1 / gamma is (-1)**m * gamma(1 - m)
        slope = np.where(m > 0.0, 1.0, rise) * -scipy.special.psi(m)
        slope = np.where((m <= 0.0) & (rise == 0.0), (-1.0) ** m * scipy.special.gamma(1.0 - m), slope)
        series = np.sum(terms * (np.log(0.5 * y) * rise + slope), axis=-1)
    # nan where there would be too many terms
    series = np.where(y > 5000.0, np.nan, series[..., None])[..., 0]
    return np.where(by_series[..., 0], series, integral)[()]


def jv_by_order(v: Any, x: Any) -> Any:
    """The derivative of jv(v, x) by v, of x >= 0: of its power series, or of Schlaefli's integrals."""
    v, x = np.broadcast_arrays(*(np.asarray(w, float)[..., None] for w in (v, x)))
    with np.errstate(all="ignore"):
        by_series = (v >= 0.0) & (x * x < 16.0 * (v + 1.0))
        y = np.where(by_series, x, 1.0)
        k = np.arange(40.0)
        logs = scipy.special.gammaln(k + 1.0) + scipy.special.gammaln(v + k + 1.0)
        terms = (-1.0) ** k * np.exp(scipy.special.xlogy(2.0 * k + v, 0.5 * y) - logs)
        series = np.sum(terms * (np.log(0.5 * y) - scipy.special.psi(v + k + 1.0)), axis=-1)
        # tanh-sinh quadrature, finer where more waves lie between 0 and pi
        y = np.where(by_series, 1.0, x)
        count = 60 + int(2.0 * np.nanmax(np.minimum(np.abs(v) + y, 5000.0), initial=0.0))
        u = 3.1 * np.arange(-count, count + 1.0) / count
        place = 0.5 + 0.5 * np.tanh(0.5 * np.pi * np.sinh(u))
        weights = 3.1 / count * 0.25 * np.pi * np.cosh(u) / np.cosh(0.5 * np.pi * np.sinh(u)) ** 2
        angle = np.pi * place
        wave = -np.sum(weights * angle * np.sin(v * angle - y * np.sin(angle)), axis=-1)
        size = np.maximum(-v, 0.0)
        last = np.arcsinh((size + 40.0 + np.sqrt(80.0 * size)) / y)
        t = last * place
        fall = np.exp(-v * t - y * np.sinh(t))
        turn = (np.sin(np.pi * v) / np.pi * t - np.cos(np.pi * v)) * fall
        integral = wave + np.sum(weights * last * turn, axis=-1)
    # nan where there are more waves than the nodes are for
    integral = np.where(np.abs(v) + y > 5000.0, np.nan, integral[..., None])[..., 0]
    return np.where(by_series[..., 0], series, integral)[()]


def yv_by_order(v: Any, x: Any) -> Any:
    """The derivative of yv(v, x) by v, of x > 0: of Schlaefli's integrals."""
    v, x = np.broadcast_arrays(*(np.asarray(w, float)[..., None] for w in (v, x)))
    with np.errstate(all="ignore"):
        # tanh-sinh quadrature, finer where more waves lie between 0 and pi
        count = 80 + int(2.0 * np.nanmax(np.minimum(np.abs(v) + x, 5000.0), initial=0.0))
        u = 3.1 * np.arange(-count, count + 1.0) / count
        place = 0.5 + 0.5 * np.tanh(0.5 * np.pi * np.sinh(u))
        weights = 3.1 / count * 0.25 * np.pi * np.cosh(u) / np.cosh(0.5 * np.pi * np.sinh(u)) ** 2
        angle = np.pi * place
        wave = -np.sum(weights * angle * np.cos(x * np.sin(angle) - v * angle), axis=-1)
        size = np.abs(v)
        last = np.arcsinh((size + 40.0 + np.sqrt(80.0 * size)) / x)
        t = last * place
        rise, fall = np.exp(v * t - x * np.sinh(t)), np.exp(-v * t - x * np.sinh(t))
        turn = t * rise - (t * np.cos(np.pi * v) + np.pi * np.sin(np.pi * v)) * fall
        found = wave - np.sum(weights * last * turn, axis=-1) / np.pi
    # nan where there are more waves than the nodes are for
    return np.where(np.abs(v) + x > 5000.0, np.nan, found[..., None])[..., 0][()]


def _neighbours(function: Callable[..., Any], sign: float, *leading: Any, v: Any, x: Any) -> Any:
    """Half the sum or difference of the orders below and above: the recurrences hold for derivatives by the order."""
    below, above = by(function, *leading, v - 1.0, x), by(function, *leading, v + 1.0, x)
    return 0.5 * (below + above if sign > 0 else below - above)


_written(
    kve_by_order,
    None,
    lambda y, n, v, x: by(kve_by_order, n + 1, v, x),
    lambda y, n, v, x: y - _neighbours(kve_by_order, 1.0, n, v=v, x=x),
    points=[(1, POSITIVE, POSITIVE), (2, 0.5, 1.5), (1, -1.2, 0.7)],
)
_written(
    ive_by_order,
    unknown("scipy.special.ive by its order, of second order"),
    lambda y, v, x: _neighbours(ive_by_order, 1.0, v=v, x=x) - y,
    points=[(2, POSITIVE), (1, 1.5), (3, np.array([0.7, 18.0, 25.0]))],
)
for _function in (jv_by_order, yv_by_order):
    _written(
        _function,
        unknown(f"scipy.special.{_function.__name__[:2]} by its order, of second order"),
        lambda y, v, x, f=_function: _neighbours(f, -1.0, v=v, x=x),
        points=[(2, POSITIVE), (1, 1.5), (3, np.array([0.7, 4.0, 25.0]))],
    )


# Hypergeometric functions, and Hurwitz' zeta function


def hyp0f1_by_parameter(v: Any, x: Any) -> Any:
    """The derivative of hyp0f1(v, x) by v, of the terms of its power series."""
    v, x = np.broadcast_arrays(*(np.asarray(w, float) for w in (v, x)))
    term, slope, value, total, largest, j = np.ones_like(x), np.zeros_like(x), 1.0, np.zeros_like(x), 1.0, 0
    with np.errstate(all="ignore"):
        while j < 5000:
            ratio = x / ((v + j) * (j + 1.0))
            slope = (slope - term / (v + j)) * ratio
            term, total, j = term * ratio, total + slope, j + 1
            value, largest = value + term, np.maximum(largest, np.abs(term) + np.abs(slope))
            if not np.any((np.abs(slope) > 1e-17 * np.abs(total)) | (np.abs(ratio) > 0.5)):
                break
        # nan where the terms cancel, or are too many
        exact = (1e-8 * largest < np.abs(value) + np.abs(total)) & (np.abs(slope) <= 1e-13 * np.abs(total))
        return np.where(exact, total, np.nan)[()]


def hyp1f1_by_parameter(k: Any, a: Any, b: Any, x: Any) -> Any:
    """The derivative of hyp1f1(a, b, x) by a (k = 0) or b (k = 1), of the terms of its power series."""
    a, b, x = np.broadcast_arrays(*(np.asarray(v, float) for v in (a, b, x)))
    # Kummer: of a negative x it is exp(x) times the one of b - a and -x, whose terms have one sign
    turned = x < 0.0
    p, y = np.where(turned, b - a, a), np.abs(x)
    term, by_a, by_b = np.ones_like(y), np.zeros_like(y), np.zeros_like(y)
    total, sum_a, sum_b, largest, j = 1.0, np.zeros_like(y), np.zeros_like(y), 1.0, 0
    with np.errstate(all="ignore"):
        while j < 5000:
            ratio = (p + j) / (b + j) * y / (j + 1.0)
            by_a = by_a * ratio + term * y / ((b + j) * (j + 1.0))
            by_b = (by_b - term / (b + j)) * ratio
            term = term * ratio
            total, sum_a, sum_b, j = total + term, sum_a + by_a, sum_b + by_b, j + 1
            largest = np.maximum(largest, np.abs(term) + np.abs(by_a) + np.abs(by_b))
            small = 1e-17 * (np.abs(sum_a) + np.abs(sum_b))
            if not np.any((np.abs(by_a) + np.abs(by_b) > small) | (np.abs(ratio) > 0.9)):
                break
        found = np.where(turned, -sum_a, sum_a) if k == 0 else np.where(turned, sum_a + sum_b, sum_b)
        # nan where the terms cancel, or are too many
        exact = (1e-8 * largest < np.abs(total) + np.abs(sum_a) + np.abs(sum_b)) & (
            np.abs(by_a) + np.abs(by_b) <= 1e4 * small
        )
        return (np.where(turned, np.exp(x), 1.0) * np.where(exact, found, np.nan))[()]


def hyp2f1_by_parameter(k: Any, a: Any, b: Any, c: Any, x: Any) -> Any:
    """The derivative of hyp2f1(a, b, c, x) by a, b or c (k = 0, 1, 2), of the terms of its power series."""
    a, b, c, x = np.broadcast_arrays(*(np.asarray(v, float) for v in (a, b, c, x)))
    # Pfaff: of a negative x it is (1 - x)**-p times the one of p, c - r and x / (x - 1)
    turned, ordered = x < 0.0, a >= b
    p, r = np.where(turned & ~ordered, b, a), np.where(turned & ~ordered, a, b)
    q, y = np.where(turned, c - r, r), np.where(turned, x / (x - 1.0), x)
    term, j = np.ones_like(y), 0
    total = largest = np.ones_like(y)
    slopes, sums = [np.zeros_like(y)] * 3, [np.zeros_like(y)] * 3
    with np.errstate(all="ignore"):
        while j < 5000:
            step = y / ((c + j) * (j + 1.0))
            ratio = (p + j) * (q + j) * step
            slopes = [
                slopes[0] * ratio + term * (q + j) * step,
                slopes[1] * ratio + term * (p + j) * step,
                (slopes[2] - term / (c + j)) * ratio,
            ]
            term, j = term * ratio, j + 1
            total, sums = total + term, [s + t for s, t in zip(sums, slopes, strict=True)]
            largest = np.maximum(largest, np.abs(term) + sum(map(np.abs, slopes)))
            left = sum(map(np.abs, slopes)) / (1.0 - np.minimum(np.abs(y), 1.0))
            if j > 3 and not np.any((left > 1e-17 * sum(map(np.abs, sums))) | (np.abs(ratio) >= 1.0)):
                break
        factor = np.where(turned, (1.0 - x) ** -p, 1.0)
        by_p, by_q, by_c = sums
        by_p, by_r = np.where(turned, by_p - np.log1p(-x) * total, by_p), np.where(turned, -by_q, by_q)
        by_a, by_b = np.where(turned & ~ordered, by_r, by_p), np.where(turned & ~ordered, by_p, by_r)
        found = [by_a, by_b, np.where(turned, by_q + by_c, by_c)][k]
        # nan where the terms cancel, or are too many
        size = sum(map(np.abs, sums))
        exact = (1e-8 * largest < np.abs(total) + size) & (left <= 1e-13 * size)
        return np.where(exact, factor * found, np.nan)[()]


def hyperu_by_parameter(k: Any, a: Any, b: Any, x: Any) -> Any:
    """The derivative of hyperu(a, b, x) by a (k = 0) or b (k = 1), of its integral, DLMF 13.4.4, for x > 0.

    Of a below 2 by the recurrence from a + n and a + n + 1, DLMF 13.3.7.
    """
    a, b, x = np.broadcast_arrays(*(np.asarray(v, float) for v in (a, b, x)))
    u = np.linspace(-4.2, 3.6, 196)
    nodes = np.exp(0.5 * np.pi * np.sinh(u))
    weights = 0.02 * np.pi * np.cosh(u)
    with np.errstate(all="ignore"):
        steps = np.maximum(np.ceil(2.0 - a), 0.0)
        rows = []
        for p in (a + steps, a + steps + 1.0):
            s = nodes * (np.maximum(p, b) / x)[..., None]
            power, bound = p[..., None], np.log1p(s)
            logs = np.log(s) - bound
            density = weights * np.exp(
                power * logs + (b[..., None] - 1.0) * bound - x[..., None] * s - scipy.special.gammaln(power)
            )
            moment = logs - scipy.special.psi(power) if k == 0 else bound
            rows.append((np.sum(density, axis=-1), np.sum(density * moment, axis=-1)))
        (value, slope), (next_value, next_slope) = rows
        for n in range(int(np.max(steps, initial=0.0))):
            p, under_way = a + steps - n, n < steps
            here, beyond = 2.0 * p - b + x, p * (p - b + 1.0)
            by_here, by_beyond = (2.0, 2.0 * p - b + 1.0) if k == 0 else (-1.0, -p)
            new = here * value - beyond * next_value
            new_slope = by_here * value + here * slope - by_beyond * next_value - beyond * next_slope
            next_value, next_slope = np.where(under_way, value, next_value), np.where(under_way, slope, next_slope)
            value, slope = np.where(under_way, new, value), np.where(under_way, new_slope, slope)
        # nan where the recurrence cancels
        return np.where((x > 0.0) & ((steps == 0.0) | (b < 20.0)), slope, np.nan)[()]


def zeta_by_exponent(n: Any, s: Any, q: Any) -> Any:
    """The n-th derivative of zeta(s, q) by s, n = 1, 2: by the formula of Euler and Maclaurin, DLMF 25.11.7."""
    s, q = np.broadcast_arrays(*(np.asarray(v, float) for v in (s, q)))
    with np.errstate(all="ignore"):
        k = q[..., None] + np.arange(14.0)
        total = np.sum((-np.log(k)) ** n * k ** -s[..., None], axis=-1)
        y, below = q + 14.0, s - 1.0
        log = -np.log(y)
        # the function, its first and its second derivative by s: of y**-s, and of its integral from y on
        power = [y**-s, log * y**-s, log**2 * y**-s]
        integral = [log - 1.0 / below, log**2 - 2.0 * log / below + 2.0 / below**2][n - 1] * y ** (1.0 - s) / below
        total = total + integral + 0.5 * power[n]
        numbers = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600)
        for j, number in enumerate(numbers):
            # the next derivatives by y, of odd orders
            for i in (2 * j - 1, 2 * j) if j else (0,):
                rise, slope, bend = power
                power = [rise * (s + i) / y, (slope * (s + i) + rise) / y, (bend * (s + i) + 2.0 * slope) / y]
            total = total + number * power[n]
        # nan where the sums cancel
        return np.where((q > 0.0) & (s > -4.0), total, np.nan)[()]


def _hyp1f1_by_x(y: Any, k: Any, a: Any, b: Any, x: Any) -> Any:
    moved = a / b * by(hyp1f1_by_parameter, k, a + 1.0, b + 1.0, x)
    above = scipy.special.hyp1f1(a + 1.0, b + 1.0, x) / b
    return moved + above if _order(k) == 0 else moved - a / b * above


def _hyp2f1_by_x(y: Any, k: Any, a: Any, b: Any, c: Any, x: Any) -> Any:
    moved = a * b / c * by(hyp2f1_by_parameter, k, a + 1.0, b + 1.0, c + 1.0, x)
    above = scipy.special.hyp2f1(a + 1.0, b + 1.0, c + 1.0, x) / c
    return moved + (b, a, -(a * b) / c)[_order(k)] * above


def _hyperu_by_x(y: Any, k: Any, a: Any, b: Any, x: Any) -> Any:
    moved = -a * by(hyperu_by_parameter, k, a + 1.0, b + 1.0, x)
    return moved - scipy.special.hyperu(a + 1.0, b + 1.0, x) if _order(k) == 0 else moved


_written(
    hyp0f1_by_parameter,
    unknown("scipy.special.hyp0f1 by its parameter, of second order"),
    lambda y, v, x: by(hyp0f1_by_parameter, v + 1.0, x) / v - scipy.special.hyp0f1(v + 1.0, x) / v**2,
    points=[(2, POSITIVE), (1, -1.5)],
)
_written(
    hyp1f1_by_parameter,
    None,
    *(unknown(f"scipy.special.hyp1f1 by {p}, of second order") for p in "ab"),
    _hyp1f1_by_x,
    points=[(0, 2, 3, POSITIVE), (1, 2, 3, POSITIVE), (1, 1, 2, -0.7)],
)
_written(
    hyp2f1_by_parameter,
    None,
    *(unknown(f"scipy.special.hyp2f1 by {p}, of second order") for p in "abc"),
    _hyp2f1_by_x,
    points=[(k, 2, 3, 4, PROBABILITY) for k in range(3)] + [(2, 1, 2, 3, -0.7)],
)
_written(
    hyperu_by_parameter,
    None,
    *(unknown(f"scipy.special.hyperu by {p}, of second order") for p in "ab"),
    _hyperu_by_x,
    points=[(0, 2, 3, POSITIVE), (1, 2, 3, POSITIVE), (1, 1, 2, 0.7)],
)
_written(
    zeta_by_exponent,
    None,
    lambda y, n, s, q: by(zeta_by_exponent, _again(n, "scipy.special.zeta by its exponent"), s, q),
    lambda y, n, s, q: _zeta_by_q(n, s, q),
    points=[(1, 2, POSITIVE), (1, 3, 1.5), (1, 2.5, POSITIVE)],
)


def _zeta_by_q(n: Any, s: Any, q: Any) -> Any:
    if _order(n) == 1:
        return -by(scipy.special.zeta, s + 1.0, q) - s * by(zeta_by_exponent, 1, s + 1.0, q)
    return -2.0 * by(zeta_by_exponent, 1, s + 1.0, q) - s * by(zeta_by_exponent, 2, s + 1.0, q)
