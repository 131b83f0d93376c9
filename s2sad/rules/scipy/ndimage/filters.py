"""Linear filters of scipy.ndimage: correlations along the axes, with what their mode puts around the image.

The transpose of a correlation turns its weights round. Where zeros or a periodic image lie around, that is a filter
again; else what falls outside is folded back on what it was a copy of. An even filter of an image that is reflected at
its border is its own transpose: G. Strang and T. Nguyen, Wavelets and Filter Banks (1996), section 8.3.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy import ndimage

from s2sad.errors import UnsupportedType
from s2sad.ir.batch_rule import Batched, NoBatchRule
from s2sad.ir.builder import Expr, beside, call, rank_of, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import NotByRule, Sample, Samples
from s2sad.ir.types import ContainerType, Type
from s2sad.rules.batching import transform
from s2sad.rules.contributions import fit, real_part, spread, type_in
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.numpy.shaping import axis_in, known_rank
from s2sad.rules.scipy.ndimage.around import array_like, for_each, image, padding, unextended
from s2sad.rules.scipy.signal import sums_over_places

PERIODIC = ("wrap", "grid-wrap")
ZERO = ("constant", "grid-constant")
REFLECTED = ("reflect", "grid-mirror")


@dataclass(frozen=True)
class Along:
    """A filter along one axis: by its mode, turned round, and how many numbers it reads before and behind."""

    turned: Callable[[Any, str], Any]
    before: Any
    behind: Any
    even: bool = False
    """Whether turned round it is the same."""


def stays_a_filter(mode: str, even: bool) -> bool:
    """Whether the transpose of a filter is the filter turned round, with the same mode."""
    padding(mode)
    return mode in PERIODIC or mode in ZERO or (even and mode in REFLECTED)


def transposed(g: Any, filter: Along, axis: int, mode: str) -> Any:
    """The adjoint of a filter along one axis."""
    if stays_a_filter(mode, filter.even):
        return filter.turned(g, mode)
    rank = known_rank(g, "a filter of scipy.ndimage")
    widths = [(filter.before, filter.behind) if k == axis else (0, 0) for k in range(rank)]
    return unextended(filter.turned(call(np.pad, g, tuple(widths)), "constant"), widths, mode)


def along(axis: int, rank: int) -> dict[str, int]:
    return {} if axis == rank - 1 else {"axis": axis}


def without_cval(static: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a filter for a tangent: around it there are zeros."""
    return {k: v for k, v in static.items() if k not in ("cval", "output")}


def filtered(function: Callable[..., Any], transpose: Callable[..., Any], type_rule: Any, **facts: Any) -> None:
    """A filter linear in the image, which is its only operand."""
    rule(
        function,
        type_rule,
        tangent=lambda y, xs, dots, **static: spread(call(function, dots[0], **without_cval(static)), y),
        adjoint=lambda g, y, xs, active, **static: (fit(transpose(g, **without_cval(static)), xs[0]),),
        **facts,
    )


# By weights


def _windows(name: str, weights: Type, complex_too: bool = False) -> None:
    if isinstance(weights, ContainerType):
        raise NotByRule(f"scipy.ndimage.{name} with a list of weights")
    if weights.is_complex:
        raise UnsupportedType(f"scipy.ndimage.{name} with complex weights", "filter by both parts")


def _type_along_one(name: str) -> Callable[..., Type]:
    def type_rule(
        input: Type,
        weights: Type,
        /,
        axis: int = -1,
        output: Any = None,
        mode: str = "reflect",
        cval: float = 0.0,
        origin: int = 0,
    ) -> Type:
        _windows(name, weights)
        return image(name, input, output)

    return type_rule


def _type_of_many(name: str) -> Callable[..., Type]:
    def type_rule(
        input: Type,
        weights: Type,
        /,
        output: Any = None,
        mode: str = "reflect",
        cval: float = 0.0,
        origin: Any = 0,
        *,
        axes: Any = None,
    ) -> Type:
        _windows(name, weights)
        return image(name, input, output)

    return type_rule


def _reach(size: Any, origin: int, convolves: bool) -> tuple[Any, Any]:
    """How many numbers before and behind its own a filter by so many weights reads."""
    first = size // 2 + origin if origin else size // 2
    second = size - 1 - first
    return (second, first) if convolves else (first, second)


def _axes_of(x: Any, axes: Any) -> tuple[int, ...]:
    rank = known_rank(x, "a filter of scipy.ndimage")
    if axes is None:
        return tuple(range(rank))
    return tuple(axis_in(k, rank) for k in (axes if isinstance(axes, (tuple, list)) else (axes,)))


def _weighted(convolves: bool, several: bool) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The tangent and the adjoint of a correlation, or a convolution, along one axis or several."""
    names = ("correlate", "convolve") if several else ("correlate1d", "convolve1d")
    own, other = (getattr(ndimage, names[c]) for c in (convolves, not convolves))

    def tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
        x, w = xs
        terms = [] if dots[0] is None else [call(own, dots[0], w, **without_cval(static))]
        terms += [] if dots[1] is None else [call(own, x, dots[1], **static)]
        return spread(terms[0] if len(terms) == 1 else terms[0] + terms[1], y)

    def widths(x: Any, w: Any, axis: int, axes: Any, origin: Any) -> list[tuple[Any, Any]]:
        rank = known_rank(x, "a filter of scipy.ndimage")
        found: list[tuple[Any, Any]] = [(0, 0)] * rank
        chosen = _axes_of(x, axes) if several else (axis_in(axis, rank),)
        for j, (k, o) in enumerate(zip(chosen, for_each(origin, len(chosen)), strict=True)):
            found[k] = _reach(shape_of(w)[j], o, convolves)
        return found

    def adjoint(g: Any, y: Any, xs: Any, active: Any, output: Any = None, **static: Any) -> Any:
        x, w = xs
        mode, cval, origin = static.get("mode", "reflect"), static.pop("cval", 0.0), static.get("origin", 0)
        around = widths(x, w, static.get("axis", -1), static.get("axes"), origin)
        return (
            fit(by_image(g, w, around, mode, static), x) if active[0] else None,
            fit(by_weights(g, x, w, around, mode, cval), w) if active[1] else None,
        )

    def by_image(g: Any, w: Any, around: Any, mode: str, static: dict[str, Any]) -> Any:
        if stays_a_filter(mode, even=False):
            return call(other, g, w, **static)
        padded = call(other, call(np.pad, g, tuple(around)), w, **{**static, "mode": "constant"})
        return unextended(padded, around, mode)

    def by_weights(g: Any, x: Any, w: Any, around: Any, mode: str, cval: float) -> Any:
        given: dict[str, Any] = {} if padding(mode) == "constant" else {"mode": padding(mode)}
        given |= {"constant_values": cval} if not given and cval else {}
        found = np.reshape(call(sums_over_places, call(np.pad, x, tuple(around), **given), g), shape_of(w))
        return np.flip(found) if convolves else found

    return tangent, adjoint


_SINGLE: tuple[dict[str, Any], ...] = (
    {},
    {"mode": "constant", "axis": 0, "cval": 1.5},
    {"mode": "wrap", "origin": 1},
    {"mode": "mirror", "axis": 0, "origin": -1},
    {"mode": "nearest"},
)


def _weighted_samples(several: bool) -> Samples:
    def made(rng: np.random.Generator) -> Iterable[Sample]:
        for row in _SINGLE:
            static = {k: v for k, v in row.items() if k != "axis"} if several else row
            if several and "origin" in static:
                static["origin"] = (static["origin"], 0)
            yield Sample((REAL(rng, (3, 4)), REAL(rng, (3, 2) if several else (3,))), static)
        if not several:
            yield Sample((REAL(rng, (3,)), REAL(rng, (4,))), {"mode": "reflect", "origin": -1})

    return made


def _as_array(x: Any, weights: Any) -> Any:
    return beside(x, np.array, weights) if isinstance(weights, (list, tuple)) else weights


def _of_lists(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter by a list of weights, as one by an array."""
    if "axis" in inspect.signature(function).parameters:

        def along_one(
            input: Any,
            weights: Any,
            axis: int = -1,
            output: Any = None,
            mode: str = "reflect",
            cval: float = 0.0,
            origin: int = 0,
        ) -> Any:
            how = {"axis": axis, "output": output, "mode": mode, "cval": cval, "origin": origin}
            return call(function, input, _as_array(input, weights), **how)

        return along_one

    def of_many(
        input: Any, weights: Any, output: Any = None, mode: str = "reflect", cval: float = 0.0, origin: Any = 0
    ) -> Any:
        return call(function, input, _as_array(input, weights), output=output, mode=mode, cval=cval, origin=origin)

    return of_many


def for_many_by_axes(b: Batched) -> Any:
    """A filter of all axes of each example."""
    if b.flags[0] and not any(b.flags[1:]) and "axes" in inspect.signature(b.primitive.function).parameters:
        axes = b.static.get("axes")
        chosen = tuple(range(-b.rank(), 0)) if axes is None else axes
        return call(b.primitive.function, *b.xs, **{**b.static, "axes": b.axis(chosen)})
    raise NoBatchRule(b.primitive.name)


for _convolves, _name in enumerate(("correlate", "convolve")):
    for _several, _function in enumerate((getattr(ndimage, f"{_name}1d"), getattr(ndimage, _name))):
        _tangent, _adjoint = _weighted(bool(_convolves), bool(_several))
        _listed: Any = [[0.5, 1.0]] if _several else [0.5, 1.0, 2.0]
        rule(
            _function,
            (_type_of_many if _several else _type_along_one)(_function.__name__),
            tangent=_tangent,
            adjoint=_adjoint,
            batched=for_many_by_axes if _several else transform,
            samples=_weighted_samples(bool(_several)),
        )
        define(
            _function,
            _of_lists(_function),
            lambda rng, _listed=_listed: [Sample((REAL(rng, (3, 4)), _listed))],  # type: ignore[misc]
            "weights",
        )


# Gaussian filters


def _polynomial(order: int) -> dict[tuple[int, int], float]:
    """The derivative of a Gaussian over the Gaussian: coefficients by the powers of x and of sigma^-2."""
    found: dict[tuple[int, int], float] = {(0, 0): 1.0}
    for _ in range(order):
        terms = [((p - 1, r), p * c) for (p, r), c in found.items() if p]
        terms += [((p + 1, r + 1), -c) for (p, r), c in found.items()]
        found = {key: sum(c for k, c in terms if k == key) for key, _ in terms}
    return found


def _kernel_by_sigma(sigma: Any, radius: Any, order: int) -> Any:
    """The derivative of the weights of a Gaussian filter by its width."""
    k = beside(sigma, np.arange, -radius, radius + 1)
    kernel = np.exp(-0.5 / (sigma * sigma) * k**2)
    kernel = kernel / np.sum(kernel)
    # The weights add up to 1 at every width.
    slope = kernel * (k**2 - np.sum(kernel * k**2)) / sigma**3
    if not order:
        return slope
    powers = _polynomial(order).items()
    factor = sum(c * k**p * sigma ** (-2 * r) for (p, r), c in powers)
    slope_of_factor = sum(-2.0 * r * c * k**p * sigma ** (-2 * r - 1) for (p, r), c in powers if r)
    return (factor * slope + slope_of_factor * kernel)[::-1]


@dataclass(frozen=True)
class Gaussian:
    """A Gaussian filter along one axis."""

    sigma: Any
    axis: int
    order: int
    mode: str
    truncate: float
    radius: int | None
    rank: int

    @property
    def reach(self) -> Any:
        """How far the weights reach to each side."""
        if self.radius is not None:
            return self.radius
        if isinstance(self.sigma, Expr):
            return call(int, self.truncate * self.sigma + 0.5)
        return int(self.truncate * float(self.sigma) + 0.5)

    def applied(self, x: Any, mode: str, cval: float = 0.0) -> Any:
        how = {"order": self.order, "truncate": self.truncate, "radius": self.radius, "cval": cval}
        return call(ndimage.gaussian_filter1d, x, self.sigma, mode=mode, **how, **along(self.axis, self.rank))

    def by_width(self, x: Any, cval: float) -> Any:
        """The derivative of what it gives by its width."""
        slope = _kernel_by_sigma(self.sigma, self.reach, self.order)
        return call(ndimage.correlate1d, x, slope, mode=self.mode, cval=cval, **along(self.axis, self.rank))

    def transposed(self, g: Any) -> Any:
        def turned(g: Any, mode: str) -> Any:
            found = self.applied(g, mode)
            return -found if self.order % 2 else found

        return transposed(g, Along(turned, self.reach, self.reach, self.order % 2 == 0), self.axis, self.mode)


def _real_width(sigma: Type) -> None:
    if sigma.is_complex:
        raise UnsupportedType("a Gaussian filter of a complex width", "take its real part")


def _single_type(
    input: Type,
    sigma: Type,
    /,
    axis: int = -1,
    order: int = 0,
    output: Any = None,
    mode: str = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    *,
    radius: int | None = None,
) -> Type:
    _real_width(sigma)
    return image("gaussian_filter1d", input, output)


def _single_tangent(
    y: Any,
    xs: Any,
    dots: Any,
    axis: int = -1,
    order: int = 0,
    output: Any = None,
    mode: str = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    radius: int | None = None,
) -> Any:
    x, sigma = xs
    how = {"axis": axis, "order": order, "mode": mode, "truncate": truncate, "radius": radius}
    terms = [] if dots[0] is None else [call(ndimage.gaussian_filter1d, dots[0], sigma, **how)]
    if dots[1] is not None:
        rank = known_rank(x, "scipy.ndimage.gaussian_filter1d")
        one = Gaussian(sigma, axis_in(axis, rank), order, mode, truncate, radius, rank)
        terms.append(one.by_width(x, cval) * dots[1])
    return spread(terms[0] if len(terms) == 1 else terms[0] + terms[1], y)


def _single_adjoint(
    g: Any,
    y: Any,
    xs: Any,
    active: Any,
    axis: int = -1,
    order: int = 0,
    output: Any = None,
    mode: str = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    radius: int | None = None,
) -> Any:
    x, sigma = xs
    rank = known_rank(x, "scipy.ndimage.gaussian_filter1d")
    one = Gaussian(sigma, axis_in(axis, rank), order, mode, truncate, radius, rank)
    return (
        fit(one.transposed(g), x) if active[0] else None,
        fit(np.sum(g * one.by_width(x, cval)), sigma) if active[1] else None,
    )


rule(
    ndimage.gaussian_filter1d,
    _single_type,
    tangent=_single_tangent,
    adjoint=_single_adjoint,
    batched=transform,
    samples=lambda rng: [
        Sample((REAL(rng, (6,)), 0.7)),
        *(
            Sample((REAL(rng, (5, 3)), 0.6), {"axis": 0, "mode": mode, "radius": 2, "cval": 0.5})
            for mode in ("reflect", "mirror", "constant")
        ),
    ],
)


def _gaussians(x: Any, sigma: Any, order: Any, mode: Any, truncate: float, radius: Any, axes: Any) -> list[Gaussian]:
    """The filters along the axes, in the order in which they are applied."""
    rank = known_rank(x, "scipy.ndimage.gaussian_filter")
    chosen = _axes_of(x, axes)
    sigmas = _each(sigma, len(chosen))
    columns = (sigmas, chosen, *(for_each(v, len(chosen)) for v in (order, mode)))
    rows = zip(*columns, for_each(radius, len(chosen)), strict=True)
    return [Gaussian(s, k, n, m, truncate, r, rank) for s, k, n, m, r in rows]


def _each(sigma: Any, count: int) -> list[Any]:
    """The widths along the axes, or their tangents: from a tuple, a vector, or one for all."""
    if isinstance(sigma.type, ContainerType) if isinstance(sigma, Expr) else isinstance(sigma, (tuple, list)):
        return list(sigma)
    return [sigma] * count if rank_of(sigma) == 0 else [sigma[k] for k in range(count)]


def _by_width(x: Any, filters: Sequence[Gaussian], k: int, cval: float) -> Any:
    """The derivative of filters one after the other by the width of one: what comes behind it has zeros around."""
    for j, one in enumerate(filters):
        x = one.by_width(x, cval) if j == k else one.applied(x, one.mode, cval if j < k else 0.0)
    return x


def _many_type(
    input: Type,
    sigma: Type,
    /,
    order: Any = 0,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    *,
    radius: Any = None,
    axes: Any = None,
) -> Type:
    _real_width(sigma)
    return image("gaussian_filter", input, output)


def _many_tangent(
    y: Any,
    xs: Any,
    dots: Any,
    order: Any = 0,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    radius: Any = None,
    axes: Any = None,
) -> Any:
    x, sigma = xs
    how = {"order": order, "mode": mode, "truncate": truncate, "radius": radius, "axes": axes}
    how = {k: v for k, v in how.items() if k != "axes" or v is not None}
    terms = [] if dots[0] is None else [call(ndimage.gaussian_filter, dots[0], sigma, **how)]
    if dots[1] is not None:
        filters = _gaussians(x, sigma, order, mode, truncate, radius, axes)
        moves = _each(dots[1], len(filters))
        terms += [_by_width(x, filters, k, cval) * d for k, d in enumerate(moves) if d is not None]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return spread(total, y)


def _many_adjoint(
    g: Any,
    y: Any,
    xs: Any,
    active: Any,
    order: Any = 0,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    radius: Any = None,
    axes: Any = None,
) -> Any:
    x, sigma = xs
    filters = _gaussians(x, sigma, order, mode, truncate, radius, axes)
    x_bar = sigma_bar = None
    if active[0]:
        how = {"order": order, "mode": mode, "truncate": truncate, "radius": radius, "axes": axes}
        x_bar = fit(_gaussian_transpose(g, sigma, filters, how), x)
    if active[1]:
        parts = [np.sum(g * _by_width(x, filters, k, cval)) for k in range(len(filters))]
        sigma_bar = _as_widths(parts, sigma)
    return x_bar, sigma_bar


def _as_widths(parts: list[Any], sigma: Any) -> Any:
    """What the widths along the axes get, as they are given."""
    if type_in(sigma).is_container or isinstance(sigma, (tuple, list)):
        return tuple(map(real_part, parts))
    return fit(sum(parts[1:], parts[0]) if rank_of(sigma) == 0 else call(np.stack, parts), sigma)


def _gaussian_transpose(g: Any, sigma: Any, filters: Sequence[Gaussian], how: dict[str, Any]) -> Any:
    if all(stays_a_filter(one.mode, one.order % 2 == 0) for one in filters):
        found = call(ndimage.gaussian_filter, g, sigma, **{k: v for k, v in how.items() if v is not None})
        return -found if sum(one.order for one in filters) % 2 else found
    for one in filters:
        g = one.transposed(g)
    return g


rule(
    ndimage.gaussian_filter,
    _many_type,
    tangent=_many_tangent,
    adjoint=_many_adjoint,
    batched=for_many_by_axes,
    samples=lambda rng: [
        Sample((REAL(rng, (4, 3)), 0.7), {"truncate": 2.0}),
        Sample((REAL(rng, (4, 3)), (0.5, 0.6)), {"radius": 2, "mode": ("wrap", "nearest")}),
        Sample((REAL(rng, (2, 4)), (0.5,)), {"radius": 1, "axes": (1,), "mode": "mirror"}),
    ],
)


def _gaussian_orders(x: Any, sigma: Any, order: int, mode: Any, axes: Any, how: dict[str, Any]) -> list[Any]:
    """The Gaussian filters of which one axis has an order."""
    chosen, rank = _axes_of(x, axes), known_rank(x, "a Gaussian filter")
    modes = for_each(mode, len(chosen))
    return [
        call(ndimage.gaussian_filter, x, sigma, order=tuple(order * (k == a) for k in range(rank)), mode=m, **how)
        for a, m in zip(chosen, modes, strict=True)
    ]


def _gaussian_laplace(
    input: Any,
    sigma: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    *,
    axes: Any = None,
    truncate: float = 4.0,
    radius: Any = None,
) -> Any:
    how = {"output": output, "cval": cval, "truncate": truncate, "radius": radius}
    parts = _gaussian_orders(input, sigma, 2, mode, axes, how)
    return sum(parts[1:], parts[0])


def _gaussian_magnitude(
    input: Any,
    sigma: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    *,
    axes: Any = None,
    truncate: float = 4.0,
    radius: Any = None,
) -> Any:
    how = {"output": output, "cval": cval, "truncate": truncate, "radius": radius}
    squares = [p * p for p in _gaussian_orders(input, sigma, 1, mode, axes, how)]
    return np.sqrt(sum(squares[1:], squares[0]))


for _function, _expression in (
    (ndimage.gaussian_laplace, _gaussian_laplace),
    (ndimage.gaussian_gradient_magnitude, _gaussian_magnitude),
):
    define(
        _function,
        _expression,
        lambda rng: [
            Sample((REAL(rng, (4, 3)), 0.8), {"truncate": 2.0}),
            Sample((REAL(rng, (5,)), 0.8), {"mode": "nearest", "radius": 2}),
        ],
        "sigma",
        of_complex=False,
    )


# Means over windows


def _uniform_along(size: int, origin: int, axis: int, rank: int) -> Along:
    before = size // 2 + origin
    back = size - 1 - before - size // 2
    how: dict[str, Any] = {"origin": back, **along(axis, rank)}
    return Along(
        lambda g, mode: call(ndimage.uniform_filter1d, g, size, mode=mode, **how),
        before,
        size - 1 - before,
        size % 2 == 1 and origin == 0,
    )


def _uniform_single_type(
    input: Type,
    /,
    size: int,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: float = 0.0,
    origin: int = 0,
) -> Type:
    return image("uniform_filter1d", input, output)


def _uniform_type(
    input: Type,
    /,
    size: Any = 3,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Type:
    return image("uniform_filter", input, output)


def _uniform_single(g: Any, size: int, axis: int = -1, mode: str = "reflect", origin: int = 0) -> Any:
    rank = known_rank(g, "scipy.ndimage.uniform_filter1d")
    k = axis_in(axis, rank)
    return transposed(g, _uniform_along(size, origin, k, rank), k, mode)


def _uniform(g: Any, size: Any = 3, mode: Any = "reflect", origin: Any = 0, axes: Any = None) -> Any:
    rank, chosen = known_rank(g, "scipy.ndimage.uniform_filter"), _axes_of(g, axes)
    sizes, modes, origins = (for_each(v, len(chosen)) for v in (size, mode, origin))
    parts = [_uniform_along(n, o, k, rank) for k, n, o in zip(chosen, sizes, origins, strict=True)]
    if all(p.even and stays_a_filter(m, True) for p, m in zip(parts, modes, strict=True)):
        return call(ndimage.uniform_filter, g, size=size, mode=mode, **({} if axes is None else {"axes": axes}))
    for k, n, part, m in zip(chosen, sizes, parts, modes, strict=True):
        g = transposed(g, part, k, m) if n > 1 else g
    return g


filtered(
    ndimage.uniform_filter1d,
    _uniform_single,
    _uniform_single_type,
    batched=transform,
    samples=lambda rng: [
        Sample((REAL(rng, (3, 4)),), row)
        for row in (
            {"size": 3},
            {"size": 2, "axis": 0, "mode": "constant", "cval": 1.0},
            {"size": 3, "origin": -1, "mode": "nearest"},
            {"size": 4, "mode": "mirror"},
        )
    ],
)
filtered(
    ndimage.uniform_filter,
    _uniform,
    _uniform_type,
    batched=for_many_by_axes,
    samples=lambda rng: [
        Sample((REAL(rng, (3, 4)),)),
        Sample((REAL(rng, (3, 4)),), {"size": (2, 3), "mode": ("wrap", "mirror"), "origin": (0, 1)}),
        Sample((REAL(rng, (3, 4)),), {"size": 2, "mode": "constant", "cval": 2.0}),
    ],
)


# Edges


def _weights_along(weights: Sequence[float], axis: int, rank: int, sign: float) -> Along:
    """A filter by three weights that are the same turned round, or their opposite."""

    def turned(g: Any, mode: str) -> Any:
        return call(
            ndimage.correlate1d,
            g,
            beside(g, np.array, [sign * w if w else w for w in weights]),
            mode=mode,
            **along(axis, rank),
        )

    return Along(turned, 1, 1, sign > 0)


def _edge_type(input: Type, /, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: float = 0.0) -> Type:
    return image("sobel", input, output)


def _edges(function: Callable[..., Any], smooth: Sequence[float], g: Any, axis: int = -1, mode: Any = "reflect") -> Any:
    rank = known_rank(g, "a filter of edges")
    k, modes = axis_in(axis, rank), for_each(mode, rank)
    if all(stays_a_filter(m, j != k) for j, m in enumerate(modes)):
        return -call(function, g, axis=axis, mode=mode)
    for j, m in enumerate(modes):
        one = _weights_along((-1.0, 0.0, 1.0), j, rank, -1.0) if j == k else _weights_along(smooth, j, rank, 1.0)
        g = transposed(g, one, j, m)
    return g


for _function, _smooth in ((ndimage.sobel, (1.0, 2.0, 1.0)), (ndimage.prewitt, (1.0, 1.0, 1.0))):
    filtered(
        _function,
        partial(_edges, _function, _smooth),
        _edge_type,
        samples=lambda rng: [
            Sample((REAL(rng, (3, 4)),)),
            Sample((REAL(rng, (3, 4)),), {"axis": 0, "mode": "constant", "cval": 1.0}),
            Sample((REAL(rng, (3, 4)),), {"mode": ("mirror", "wrap")}),
        ],
    )


def _laplace_type(
    input: Type, /, output: Any = None, mode: Any = "reflect", cval: float = 0.0, *, axes: Any = None
) -> Type:
    return image("laplace", input, output)


def _laplace(g: Any, mode: Any = "reflect", axes: Any = None) -> Any:
    rank, chosen = known_rank(g, "scipy.ndimage.laplace"), _axes_of(g, axes)
    modes = for_each(mode, len(chosen))
    if all(stays_a_filter(m, True) for m in modes):
        return call(ndimage.laplace, g, mode=mode, **({} if axes is None else {"axes": axes}))
    parts = [
        transposed(g, _weights_along((1.0, -2.0, 1.0), k, rank, 1.0), k, m) for k, m in zip(chosen, modes, strict=True)
    ]
    return sum(parts[1:], parts[0])


filtered(
    ndimage.laplace,
    _laplace,
    _laplace_type,
    batched=for_many_by_axes,
    samples=lambda rng: [
        Sample((REAL(rng, (3, 4)),)),
        Sample((REAL(rng, (3, 4)),), {"mode": ("mirror", "nearest")}),
        Sample((REAL(rng, (3, 4)),), {"mode": "constant", "cval": 1.0}),
    ],
)


# Filters of a spectrum: each of its numbers times a factor


def _spectral_type(name: str, complex_only: bool) -> Callable[..., Type]:
    def type_rule(input: Type, /, size: Any, n: int = -1, axis: int = -1, output: Any = None) -> Type:
        t = image(name, input, output)
        if t.dtype is None or output is not None:
            return t
        kept = ("complex64", "complex128") if complex_only else ("complex64", "complex128", "float32")
        return array_like(t, t.dtype if t.dtype.name in kept else np.dtype(complex if complex_only else float))

    def by_sigma(input: Type, /, sigma: Any, n: int = -1, axis: int = -1, output: Any = None) -> Type:
        return type_rule(input, sigma, n, axis, output)

    def by_shift(input: Type, /, shift: Any, n: int = -1, axis: int = -1, output: Any = None) -> Type:
        return type_rule(input, shift, n, axis, output)

    return {"fourier_gaussian": by_sigma, "fourier_shift": by_shift}.get(name, type_rule)


for _function, _amount in (
    (ndimage.fourier_gaussian, {"sigma": 0.7}),
    (ndimage.fourier_uniform, {"size": 2.0}),
    (ndimage.fourier_ellipsoid, {"size": 2.0}),
    (ndimage.fourier_shift, {"shift": 0.3}),
):
    filtered(
        _function,
        partial(call, _function),
        _spectral_type(_function.__name__, _function is ndimage.fourier_shift),
        samples=lambda rng, _amount=_amount: [
            Sample((REAL(rng, (3, 4)) + 1j * REAL(rng, (3, 4)),), _amount),
            Sample((REAL(rng, (3, 4)),), {**_amount, "n": 6}),
        ],
    )
