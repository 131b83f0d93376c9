"""Distributions of scipy.stats, read once that has been imported: densities, distribution functions, quantiles.

Each is a family of one distribution, moved and scaled; what is said of it here is in terms of scipy.special, and its
derivatives are those of that. Probabilities of counts have derivatives by the parameters.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import special, stats

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call, known_value, rank_of, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.rules.numpy.linalg import positive
from s2sad.rules.numpy.shaping import known_rank
from s2sad.rules.numpy.statistics import in_double

LOG_ROOT_2PI = 0.5 * math.log(2.0 * math.pi)
Function = Callable[..., Any]


def chosen(condition: Any, x: Any, y: Any) -> Any:
    """`np.where`; a number for numbers."""
    found = call(np.where, condition, x, y)
    return found[()] if known_rank(found, "this distribution") == 0 else found


@dataclass(frozen=True)
class Family:
    """A distribution with location 0 and scale 1, each function called as `function(z, *shapes)`.

    `low` and `high` are the ends of its support, numbers or functions of the shapes; `inner` a number between them.
    """

    name: str
    shapes: tuple[str, ...]
    values: tuple[float, ...]
    logpdf: Function
    cdf: Function | None = None
    sf: Function | None = None
    logcdf: Function | None = None
    logsf: Function | None = None
    ppf: Function | None = None
    low: float | Function | None = None
    high: float | Function | None = None
    inner: float = 0.5
    points: tuple[float, ...] = field(default=(0.3, -0.7, 1.4))

    def end(self, end: Any, shapes: Any) -> Any:
        return end(*shapes) if callable(end) else end

    def over_support(self, function: Function, below: float, above: float) -> Function:
        """A function of z, continued by constants outside of the support."""

        def continued(z: Any, *shapes: Any) -> Any:
            low, high = self.end(self.low, shapes), self.end(self.high, shapes)
            outside = [
                c for c in (None if low is None else z < low, None if high is None else z > high) if c is not None
            ]
            if not outside:
                return function(z, *shapes)
            somewhere = outside[0] if len(outside) == 1 else outside[0] | outside[1]
            inner = function(chosen(somewhere, self.inner, z), *shapes)
            if below == above or len(outside) == 1:
                return chosen(somewhere, below if low is not None else above, inner)
            return chosen(outside[0], below, chosen(outside[1], above, inner))

        return continued

    def functions(self) -> dict[str, Function]:
        """By the name of a method, what it computes of z and the shapes."""
        cdf, sf, logcdf, logsf = self.cdf, self.sf, self.logcdf, self.logsf
        # What is not given follows of what is; a tail of its own is more exact than 1 minus the other one, which
        # cancels.
        if cdf is None and logcdf is not None:
            cdf = _exp_of(logcdf)
        if sf is None and logsf is not None:
            sf = _exp_of(logsf)
        sf = sf or (None if cdf is None else _one_minus(cdf))
        cdf = cdf or (None if sf is None else _one_minus(sf))
        found = {"logpdf": self.over_support(self.logpdf, -math.inf, -math.inf)}
        found["pdf"] = self.over_support(_exp_of(self.logpdf), 0.0, 0.0)
        if cdf is not None and sf is not None:
            found["cdf"] = self.over_support(cdf, 0.0, 1.0)
            found["sf"] = self.over_support(sf, 1.0, 0.0)
            found["logcdf"] = self.over_support(logcdf or _log_of(cdf), -math.inf, 0.0)
            found["logsf"] = self.over_support(logsf or _log_of(sf), 0.0, -math.inf)
        if self.ppf is not None:
            found["ppf"] = self.ppf
        return found


def _exp_of(f: Function) -> Function:
    return lambda *xs: np.exp(f(*xs))


def _log_of(f: Function) -> Function:
    return lambda *xs: np.log(f(*xs))


def _one_minus(f: Function) -> Function:
    return lambda *xs: 1.0 - f(*xs)


def _standard(x: Any, loc: Any, scale: Any) -> Any:
    x = in_double(x)
    moved = x if known_value(loc) == 0 else x - loc
    return moved if known_value(scale) == 1 else moved / scale


def _expression(method: str, function: Function, shapes: tuple[str, ...]) -> Function:
    def expression(x: Any, *arguments: Any, **named: Any) -> Any:
        given = signature.bind(x, *arguments, **named)
        given.apply_defaults()
        _, *rest = given.args
        *own, loc, scale = rest
        own = [in_double(p) for p in own]
        if method == "ppf":
            found = function(in_double(x), *own)
            found = found if known_value(scale) == 1 else found * scale
            return found if known_value(loc) == 0 else found + loc
        found = function(_standard(x, loc, scale), *own)
        if known_value(scale) == 1 or method not in ("pdf", "logpdf"):
            return found
        return found / scale if method == "pdf" else found - np.log(scale)

    first = "q" if method == "ppf" else "x"
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(n, kind) for n in (first, *shapes)]
    parameters += [inspect.Parameter(n, kind, default=d) for n, d in (("loc", 0), ("scale", 1))]
    signature = inspect.Signature(parameters)
    expression.__signature__ = signature  # type: ignore[attr-defined]
    return expression


def _samples(family: Family, method: str) -> Callable[[np.random.Generator], Iterable[Sample]]:
    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        points = np.array([0.3, 0.62, 0.81]) if method == "ppf" else np.array(family.points)
        if family.low is not None and method.startswith("log"):
            points = points[points > family.end(family.low, family.values)]
        cumulative = method not in ("pdf", "logpdf")
        values = tuple(int(v) if cumulative and v == int(v) else v for v in family.values)
        yield Sample((points, *values))
        yield Sample((float(points[0]), *values))
        scaled = points if method == "ppf" else 0.4 + 1.7 * points
        yield Sample((scaled, *values, 0.4, 1.7))
        yield Sample((scaled, *values), {"scale": 1.7, "loc": np.full(points.shape, 0.4)})

    return samples


def _add(family: Family) -> None:
    distribution = getattr(stats, family.name)
    for method, function in family.functions().items():
        define(
            getattr(distribution, method),
            _expression(method, function, family.shapes),
            _samples(family, method),
            ("x", "q", *family.shapes, "loc", "scale"),
            name=f"scipy.stats.{family.name}.{method}",
            of_complex=False,
        )


def _t_logpdf(z: Any, df: Any) -> Any:
    return -0.5 * (df + 1.0) * np.log1p(z * z / df) - special.betaln(0.5, 0.5 * df) - 0.5 * np.log(df)


FAMILIES = (
    Family(
        "norm",
        (),
        (),
        lambda z: -0.5 * z**2 - LOG_ROOT_2PI,
        cdf=special.ndtr,
        sf=lambda z: special.ndtr(-z),
        logcdf=special.log_ndtr,
        logsf=lambda z: special.log_ndtr(-z),
        ppf=special.ndtri,
    ),
    Family(
        "halfnorm",
        (),
        (),
        lambda z: math.log(2.0) - LOG_ROOT_2PI - 0.5 * z**2,
        cdf=lambda z: special.erf(math.sqrt(0.5) * z),
        sf=lambda z: special.erfc(math.sqrt(0.5) * z),
        low=0.0,
    ),
    Family(
        "lognorm",
        ("s",),
        (0.8,),
        lambda z, s: -0.5 * (np.log(z) / s) ** 2 - np.log(s * z) - LOG_ROOT_2PI,
        cdf=lambda z, s: special.ndtr(np.log(z) / s),
        sf=lambda z, s: special.ndtr(-np.log(z) / s),
        ppf=lambda q, s: np.exp(s * special.ndtri(q)),
        low=0.0,
    ),
    Family(
        "truncnorm",
        ("a", "b"),
        (-1.0, 1.8),
        lambda z, a, b: -0.5 * z**2 - LOG_ROOT_2PI - np.log(special.ndtr(b) - special.ndtr(a)),
        cdf=lambda z, a, b: (special.ndtr(z) - special.ndtr(a)) / (special.ndtr(b) - special.ndtr(a)),
        sf=lambda z, a, b: (special.ndtr(b) - special.ndtr(z)) / (special.ndtr(b) - special.ndtr(a)),
        low=lambda a, b: a,
        high=lambda a, b: b,
    ),
    Family(
        "t",
        ("df",),
        (3.0,),
        _t_logpdf,
        cdf=lambda z, df: special.stdtr(df, z),
        sf=lambda z, df: special.stdtr(df, -z),
        ppf=lambda q, df: special.stdtrit(df, q),
    ),
    Family(
        "cauchy",
        (),
        (),
        lambda z: -math.log(math.pi) - np.log1p(z * z),
        cdf=lambda z: 0.5 + np.arctan(z) / math.pi,
        sf=lambda z: 0.5 - np.arctan(z) / math.pi,
        ppf=lambda q: np.tan(math.pi * (q - 0.5)),
    ),
    Family(
        "laplace",
        (),
        (),
        lambda z: -np.abs(z) - math.log(2.0),
        cdf=lambda z: chosen(z > 0.0, 1.0 - 0.5 * np.exp(-np.abs(z)), 0.5 * np.exp(-np.abs(z))),
        sf=lambda z: chosen(z > 0.0, 0.5 * np.exp(-np.abs(z)), 1.0 - 0.5 * np.exp(-np.abs(z))),
    ),
    Family(
        "gennorm",
        ("beta",),
        (1.6,),
        lambda z, beta: np.log(0.5 * beta) - special.gammaln(1.0 / beta) - np.abs(z) ** beta,
    ),
    Family(
        "logistic",
        (),
        (),
        lambda z: special.log_expit(z) + special.log_expit(-z),
        cdf=special.expit,
        sf=lambda z: special.expit(-z),
        logcdf=special.log_expit,
        logsf=lambda z: special.log_expit(-z),
        ppf=special.logit,
    ),
    Family(
        "gumbel_r", (), (), lambda z: -z - np.exp(-z), logcdf=lambda z: -np.exp(-z), sf=lambda z: -np.expm1(-np.exp(-z))
    ),
    Family(
        "gumbel_l", (), (), lambda z: z - np.exp(z), cdf=lambda z: -np.expm1(-np.exp(z)), logsf=lambda z: -np.exp(z)
    ),
    Family(
        "uniform",
        (),
        (),
        lambda z: 0.0 * z,
        cdf=lambda z: z,
        ppf=lambda q: q,
        low=0.0,
        high=1.0,
        points=(0.3, 0.7, 0.2),
    ),
    Family(
        "expon",
        (),
        (),
        lambda z: -z,
        cdf=lambda z: -np.expm1(-z),
        logsf=lambda z: -z,
        ppf=lambda q: -np.log1p(-q),
        low=0.0,
    ),
    Family(
        "weibull_min",
        ("c",),
        (1.7,),
        lambda z, c: np.log(c) + (c - 1.0) * np.log(z) - z**c,
        cdf=lambda z, c: -np.expm1(-(z**c)),
        logsf=lambda z, c: -(z**c),
        ppf=lambda q, c: (-np.log1p(-q)) ** (1.0 / c),
        low=0.0,
    ),
    Family(
        "rayleigh",
        (),
        (),
        lambda z: np.log(z) - 0.5 * z * z,
        cdf=lambda z: -np.expm1(-0.5 * z * z),
        logsf=lambda z: -0.5 * z * z,
        ppf=lambda q: np.sqrt(-2.0 * np.log1p(-q)),
        low=0.0,
    ),
    Family(
        "pareto",
        ("b",),
        (2.3,),
        lambda z, b: np.log(b) - (b + 1.0) * np.log(z),
        cdf=lambda z, b: 1.0 - z**-b,
        sf=lambda z, b: z**-b,
        ppf=lambda q, b: (1.0 - q) ** (-1.0 / b),
        low=1.0,
        inner=1.5,
        points=(1.3, 0.7, 2.4),
    ),
    Family(
        "gamma",
        ("a",),
        (2.0,),
        lambda z, a: special.xlogy(a - 1.0, z) - z - special.gammaln(a),
        cdf=lambda z, a: special.gammainc(a, z),
        sf=lambda z, a: special.gammaincc(a, z),
        ppf=lambda q, a: special.gammaincinv(a, q),
        low=0.0,
    ),
    Family(
        "invgamma",
        ("a",),
        (2.0,),
        lambda z, a: -(a + 1.0) * np.log(z) - special.gammaln(a) - 1.0 / z,
        cdf=lambda z, a: special.gammaincc(a, 1.0 / z),
        sf=lambda z, a: special.gammainc(a, 1.0 / z),
        low=0.0,
    ),
    Family(
        "chi2",
        ("df",),
        (3.0,),
        lambda z, df: special.xlogy(0.5 * df - 1.0, z) - 0.5 * z - special.gammaln(0.5 * df) - 0.5 * math.log(2.0) * df,
        cdf=lambda z, df: special.gammainc(0.5 * df, 0.5 * z),
        sf=lambda z, df: special.gammaincc(0.5 * df, 0.5 * z),
        ppf=lambda q, df: 2.0 * special.gammaincinv(0.5 * df, q),
        low=0.0,
    ),
    Family(
        "beta",
        ("a", "b"),
        (2.0, 3.0),
        lambda z, a, b: special.xlog1py(b - 1.0, -z) + special.xlogy(a - 1.0, z) - special.betaln(a, b),
        cdf=lambda z, a, b: special.betainc(a, b, z),
        sf=lambda z, a, b: special.betaincc(a, b, z),
        ppf=lambda q, a, b: special.betaincinv(a, b, q),
        low=0.0,
        high=1.0,
        points=(0.3, 0.7, 0.2),
    ),
    Family(
        "vonmises",
        ("kappa",),
        (1.3,),
        lambda z, kappa: kappa * (np.cos(z) - 1.0) - 2.0 * LOG_ROOT_2PI - np.log(special.i0e(kappa)),
    ),
)
for _family in FAMILIES:
    _add(_family)


# Counts


def _count(
    name: str, shapes: tuple[str, ...], logpmf: Function, least: int, most: Function | None, *values: Any
) -> None:
    """A distribution over integers from `least` on: logarithms of probabilities as a function of the count."""
    distribution = getattr(stats, name)
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(n, kind) for n in ("k", *shapes)]
    signature = inspect.Signature([*parameters, inspect.Parameter("loc", kind, default=0)])

    def logarithm(*arguments: Any, **named: Any) -> Any:
        given = signature.bind(*arguments, **named)
        given.apply_defaults()
        k, *own, loc = given.args
        k = k if known_value(loc) == 0 else k - loc
        outside = (k < least) | (np.floor(k) != k)
        if most is not None:
            outside = outside | (k > most(*own))
        # Outside the support the logarithm is taken at its first count instead: both sides of a selection are
        # differentiated, and nan would spoil the sum.
        return chosen(outside, -math.inf, logpmf(chosen(outside, least, k), *own))

    def probability(*arguments: Any, **named: Any) -> Any:
        return np.exp(logarithm(*arguments, **named))

    def within(rng: np.random.Generator) -> Iterable[Sample]:
        top = 1 if name == "bernoulli" else 3
        for k in (np.array([1, top, least]), 1, np.array([[top, 1]])):
            yield Sample((k, *values))
        yield Sample((np.array([1 + top, 2, 1 + least]), *values), {"loc": 1})

    def anywhere(rng: np.random.Generator) -> Iterable[Sample]:
        yield from within(rng)
        yield Sample((np.array([3, -1, 7, 1]), *values))

    for method, f, samples in (("logpmf", logarithm, within), ("pmf", probability, anywhere)):
        f.__signature__ = signature  # type: ignore[attr-defined]
        define(getattr(distribution, method), f, samples, shapes, name=f"scipy.stats.{name}.{method}", of_complex=False)


def _choices(n: Any, k: Any) -> Any:
    return special.gammaln(n + 1.0) - special.gammaln(k + 1.0) - special.gammaln(n - k + 1.0)


_count("poisson", ("mu",), lambda k, mu: special.xlogy(k, mu) - special.gammaln(k + 1.0) - mu, 0, None, 1.7)
_count("bernoulli", ("p",), lambda k, p: special.xlogy(k, p) + special.xlog1py(1 - k, -p), 0, lambda p: 1, 0.3)
_count(
    "binom",
    ("n", "p"),
    lambda k, n, p: _choices(n, k) + special.xlogy(k, p) + special.xlog1py(n - k, -p),
    0,
    lambda n, p: n,
    5,
    0.3,
)
_count("geom", ("p",), lambda k, p: special.xlog1py(k - 1, -p) + np.log(p), 1, None, 0.3)
_count(
    "nbinom",
    ("n", "p"),
    lambda k, n, p: (
        special.gammaln(n + k) - special.gammaln(k + 1.0) - special.gammaln(n) + n * np.log(p) + special.xlog1py(k, -p)
    ),
    0,
    None,
    4,
    0.3,
)


# Several variables


def _mvn_logpdf(x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
    deviation = in_double(x) if mean is None else in_double(x) - mean
    if rank_of(cov) == 0 and (mean is None or rank_of(mean) == 0):
        return -0.5 * deviation**2 / cov - LOG_ROOT_2PI - 0.5 * np.log(cov)
    rank = known_rank(deviation, "scipy.stats.multivariate_normal")
    count = shape_of(deviation)[rank - 1]
    if known_rank(cov, "scipy.stats.multivariate_normal") < 2:
        squares = np.sum(deviation**2 / cov, axis=-1)
        spread = np.log(cov)
        logdet = np.sum(spread) if rank_of(cov) == 1 else count * spread
    else:
        # By the factor: its triangular solve and the sum of the logarithms of its diagonal neither over- nor underflow,
        # where the inverse and the determinant may.
        root = np.linalg.cholesky(cov)
        solved = np.linalg.solve(root, deviation if rank == 1 else deviation.T)
        squares = np.sum(solved**2, axis=0)
        logdet = 2.0 * np.sum(np.log(np.diag(root)))
    return -0.5 * squares - LOG_ROOT_2PI * count - 0.5 * logdet


def _mvn_samples(rng: np.random.Generator) -> Iterable[Sample]:
    x, mean = rng.normal(size=(4, 3)), rng.normal(size=3)
    yield Sample((x[0], mean, positive(rng, 3, 3)))
    yield Sample((x, mean, positive(rng, 3, 3)))
    yield Sample((x, mean, np.array([0.5, 1.5, 2.0])))
    yield Sample((x, mean), {"cov": 1.7})
    yield Sample((x[0],))


def _dirichlet_logpdf(x: Any, alpha: Any) -> Any:
    if known_rank(x, "scipy.stats.dirichlet") != 1:
        raise UnsupportedType("scipy.stats.dirichlet of several points", "call it for each of them")
    return special.gammaln(np.sum(alpha)) - np.sum(special.gammaln(alpha)) + np.sum(special.xlogy(alpha - 1.0, x))


def _define_several(name: str, methods: tuple[str, str], logarithm: Function, samples: Any, operands: str) -> None:
    signature = inspect.signature(logarithm)

    def density(*arguments: Any, **named: Any) -> Any:
        return np.exp(logarithm(*arguments, **named))

    density.__signature__ = signature  # type: ignore[attr-defined]
    for method, f in zip(methods, (logarithm, density), strict=True):
        define(
            getattr(getattr(stats, name), method),
            f,
            samples,
            operands,
            name=f"scipy.stats.{name}.{method}",
            of_complex=False,
        )


_define_several("multivariate_normal", ("logpdf", "pdf"), _mvn_logpdf, _mvn_samples, "mean cov")
_define_several("dirichlet", ("logpdf", "pdf"), _dirichlet_logpdf, lambda rng: [], "alpha")
