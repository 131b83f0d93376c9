"""What all distributions of scipy.stats have in common: their methods, as functions of a standard one.

A `Family` says what a distribution with location 0 and scale 1 is in terms of scipy.special; its methods follow, moved
and scaled: densities, distribution functions and their inverses, logarithms, moments, entropies. A `Count` says the
same of a distribution over integers, which has derivatives by its parameters.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import stats

from s2sad.ir.builder import call, known_value
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.rules.numpy.shaping import known_rank
from s2sad.rules.numpy.statistics import in_double

LOG_2PI = math.log(2.0 * math.pi)
LOG_ROOT_2PI = 0.5 * LOG_2PI
EULER = float(np.euler_gamma)
Function = Callable[..., Any]
End = float | Function | None


def chosen(condition: Any, x: Any, y: Any) -> Any:
    """`np.where`; a number for numbers."""
    found = call(np.where, condition, x, y)
    return found[()] if known_rank(found, "this distribution") == 0 else found


@dataclass(frozen=True)
class Family:
    """A distribution with location 0 and scale 1, each function called as `function(z, *shapes)`.

    `low` and `high` are the ends of its support, and `inner` a place between them, numbers or functions of the shapes.
    Moments and the entropy are functions of the shapes alone. Samples are taken at `points`, with the shapes `values`.
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
    isf: Function | None = None
    median: Function | None = None
    mean: Function | None = None
    var: Function | None = None
    entropy: Function | None = None
    low: End = None
    high: End = None
    inner: float | Function = 0.5
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
            inner = function(chosen(somewhere, self.end(self.inner, shapes), z), *shapes)
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
            found["isf"] = self.isf or _of_rest(self.ppf)
        return found

    def summaries(self) -> dict[str, Function]:
        """By the name of a method without a place, what it is of location, scale and shapes."""
        found: dict[str, Function] = {}
        ppf, mean, var, entropy = self.ppf, self.mean, self.var, self.entropy
        median = self.median or (ppf and _at_half(ppf))
        if median is not None:
            found["median"] = lambda loc, scale, *shapes: _moved(median(*shapes), loc, scale)
        if mean is not None:
            found["mean"] = lambda loc, scale, *shapes: _moved(mean(*shapes), loc, scale)
        if var is not None:
            found["var"] = lambda loc, scale, *shapes: _scaled(var(*shapes), scale * scale)
            found["std"] = lambda loc, scale, *shapes: _scaled(np.sqrt(var(*shapes)), scale)
        if entropy is not None:
            found["entropy"] = lambda loc, scale, *shapes: (
                entropy(*shapes) if known_value(scale) == 1 else entropy(*shapes) + np.log(scale)
            )
        return found


def _exp_of(f: Function) -> Function:
    return lambda *xs: np.exp(f(*xs))


def _log_of(f: Function) -> Function:
    return lambda *xs: np.log(f(*xs))


def _one_minus(f: Function) -> Function:
    return lambda *xs: 1.0 - f(*xs)


def _of_rest(f: Function) -> Function:
    return lambda q, *xs: f(1.0 - q, *xs)


def _at_half(f: Function) -> Function:
    return lambda *xs: f(0.5, *xs)


def _standard(x: Any, loc: Any, scale: Any) -> Any:
    x = in_double(x)
    moved = x if known_value(loc) == 0 else x - loc
    return moved if known_value(scale) == 1 else moved / scale


def _scaled(found: Any, scale: Any) -> Any:
    return found if known_value(scale) == 1 else found * scale


def _moved(found: Any, loc: Any, scale: Any) -> Any:
    found = _scaled(found, scale)
    return found if known_value(loc) == 0 else found + loc


def _with_signature(expression: Function, names: tuple[str, ...], **defaults: Any) -> Function:
    """The expression, called with the arguments that these parameters take, in their order."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(n, kind) for n in names]
    parameters += [inspect.Parameter(n, kind, default=d) for n, d in defaults.items()]
    signature = inspect.Signature(parameters)

    def called(*arguments: Any, **named: Any) -> Any:
        given = signature.bind(*arguments, **named)
        given.apply_defaults()
        return expression(*given.args)

    called.__signature__ = signature  # type: ignore[attr-defined]
    return called


INVERSE = ("ppf", "isf")


def _of_place(method: str, function: Function, shapes: tuple[str, ...]) -> Function:
    def expression(x: Any, *rest: Any) -> Any:
        *own, loc, scale = rest
        own = [in_double(p) for p in own]
        if method in INVERSE:
            return _moved(function(in_double(x), *own), loc, scale)
        found = function(_standard(x, loc, scale), *own)
        if known_value(scale) == 1 or method not in ("pdf", "logpdf"):
            return found
        return found / scale if method == "pdf" else found - np.log(scale)

    return _with_signature(expression, ("q" if method in INVERSE else "x", *shapes), loc=0, scale=1)


def _of_all(function: Function, shapes: tuple[str, ...]) -> Function:
    def expression(*arguments: Any) -> Any:
        *own, loc, scale = arguments
        return function(loc, scale, *map(in_double, own))

    return _with_signature(expression, shapes, loc=0, scale=1)


Samples = Callable[[np.random.Generator], Iterable[Sample]]


TRIED = ("logpdf", "cdf", "ppf", "mean", "entropy", "logpmf", "pmf")
"""The methods that the tests of all definitions take; the others, which follow, are tested by their values alone."""


def samples_of(family: Family, method: str) -> Samples:
    """Where a method is tested; what all families have in common, such as how they are scaled, with the first one."""

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        points = np.array([0.3, 0.62, 0.81]) if method in INVERSE else np.array(family.points)
        if method.startswith("log"):
            low, high = (family.end(e, family.values) for e in (family.low, family.high))
            within = (points > (-math.inf if low is None else low)) & (points < (math.inf if high is None else high))
            points = points[within]
        scaled = points if method in INVERSE else 0.4 + 1.7 * points
        yield Sample((scaled, *family.values), {"scale": 1.7, "loc": np.full(points.shape, 0.4)})
        if family.name == "norm":
            yield Sample((points,))
            yield Sample((float(points[0]),))
            yield Sample((scaled, 0.4, 1.7))

    return samples


def samples_of_all(family: Family) -> Samples:
    return lambda rng: [Sample(family.values, {"scale": 1.7, "loc": 0.4})]


def _tried(samples: Samples, method: str, always: bool = False) -> Samples:
    return samples if always or method in TRIED else lambda rng: []


def add(family: Family) -> None:
    """Enter the methods of a distribution as definitions."""
    distribution = getattr(stats, family.name)
    rows = [
        *((m, _of_place(m, f, family.shapes), samples_of(family, m)) for m, f in family.functions().items()),
        *((m, _of_all(f, family.shapes), samples_of_all(family)) for m, f in family.summaries().items()),
    ]
    for method, expression, samples in rows:
        define(
            getattr(distribution, method),
            expression,
            _tried(samples, method, always=family.name == "norm"),
            ("x", "q", *family.shapes, "loc", "scale"),
            name=f"scipy.stats.{family.name}.{method}",
            of_complex=False,
        )


# Counts


@dataclass(frozen=True)
class Count:
    """A distribution over the integers from `least` to `most`; each function is called as `function(k, *shapes)`.

    `least` is None where they have no end. `values` are the shapes of samples, taken at the counts `points`.
    """

    name: str
    shapes: tuple[str, ...]
    values: tuple[float, ...]
    logpmf: Function
    cdf: Function | None = None
    sf: Function | None = None
    mean: Function | None = None
    var: Function | None = None
    entropy: Function | None = None
    least: int | None = 0
    most: Function | None = None
    points: tuple[int, ...] = (1, 3, 0)

    def outside(self, k: Any, shapes: Any) -> Any:
        found = np.floor(k) != k
        if self.least is not None:
            found = (k < self.least) | found
        return found if self.most is None else found | (k > self.most(*shapes))

    def logarithm(self, k: Any, *shapes: Any) -> Any:
        # Outside the support the logarithm is taken at a count of it instead: both sides of a selection are
        # differentiated, and nan would spoil the sum.
        outside = self.outside(k, shapes)
        return chosen(outside, -math.inf, self.logpmf(chosen(outside, self.least or 0, k), *shapes))

    def cumulative(self, function: Function, below: float, above: float) -> Function:
        def continued(k: Any, *shapes: Any) -> Any:
            k = np.floor(k)
            least = self.least or 0
            before, behind = k < least, None if self.most is None else k >= self.most(*shapes)
            inner = function(chosen(before if behind is None else before | behind, least, k), *shapes)
            return chosen(before, below, inner if behind is None else chosen(behind, above, inner))

        return continued

    def functions(self) -> dict[str, Function]:
        """By the name of a method, what it computes of the count and the shapes."""
        found: dict[str, Function] = {"logpmf": self.logarithm, "pmf": _exp_of(self.logarithm)}
        cdf, sf = self.cdf, self.sf
        cdf, sf = cdf or (sf and _one_minus(sf)), sf or (cdf and _one_minus(cdf))
        if cdf is not None and sf is not None:
            found["cdf"] = self.cumulative(cdf, 0.0, 1.0)
            found["sf"] = self.cumulative(sf, 1.0, 0.0)
            found["logcdf"] = self.cumulative(_log_of(cdf), -math.inf, 0.0)
            found["logsf"] = self.cumulative(_log_of(sf), 0.0, -math.inf)
        return found

    def summaries(self) -> dict[str, Function]:
        mean, var, entropy = self.mean, self.var, self.entropy
        found: dict[str, Function] = {}
        if mean is not None:
            found["mean"] = lambda loc, *shapes: _moved(mean(*shapes), loc, 1)
        if var is not None:
            found["var"] = lambda loc, *shapes: var(*shapes)
            found["std"] = lambda loc, *shapes: np.sqrt(var(*shapes))
        if entropy is not None:
            found["entropy"] = lambda loc, *shapes: entropy(*shapes)
        return found


def _counted(function: Function, shapes: tuple[str, ...]) -> Function:
    def expression(k: Any, *rest: Any) -> Any:
        *own, loc = rest
        return function(k if known_value(loc) == 0 else k - loc, *map(in_double, own))

    return _with_signature(expression, ("k", *shapes), loc=0)


def _counted_all(function: Function, shapes: tuple[str, ...]) -> Function:
    def expression(*arguments: Any) -> Any:
        *own, loc = arguments
        return function(loc, *map(in_double, own))

    return _with_signature(expression, shapes, loc=0)


def samples_of_count(count: Count, method: str) -> Samples:
    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        points = np.array(count.points)
        yield Sample((points, *count.values))
        yield Sample((points + 1, *count.values), {"loc": 1})
        if method == "pmf":
            yield Sample((np.array([3, -1, 7, 1]), *count.values))

    return samples


def add_count(count: Count) -> None:
    """Enter the methods of a distribution over integers as definitions."""
    distribution = getattr(stats, count.name)
    rows = [
        *((m, _counted(f, count.shapes), samples_of_count(count, m)) for m, f in count.functions().items()),
        *((m, _counted_all(f, count.shapes), samples_of_shapes(count)) for m, f in count.summaries().items()),
    ]
    for method, expression, samples in rows:
        define(
            getattr(distribution, method),
            expression,
            _tried(samples, method),
            count.shapes,
            name=f"scipy.stats.{count.name}.{method}",
            of_complex=False,
        )


def samples_of_shapes(count: Count) -> Samples:
    return lambda rng: [Sample(count.values), Sample(count.values, {"loc": 2})]
