"""Images between their points: splines of order 0 to 5 through them, at coordinates, shifted, scaled and turned.

A spline is the sum of B-splines times coefficients, which a recursive filter finds: the solution of a linear system,
with a matrix that is symmetric but for the weights of the ends where the image is mirrored. M. Unser, Splines: a
perfect fit for signal and image processing, IEEE Signal Processing Magazine 16 (1999). The slope of a B-spline is the
difference of two of the order below: C. de Boor, A Practical Guide to Splines (2001), chapter X.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import scipy.ndimage
from scipy import ndimage, special

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Expr, beside, call, rank_of, shape_of
from s2sad.ir.call_lengths import equal
from s2sad.ir.definition import define
from s2sad.ir.primitive import NotByRule, Sample
from s2sad.ir.types import ContainerType, StaticType, Type, array
from s2sad.rules.contributions import fit, spread, type_in
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.numpy.creation import shape_operand
from s2sad.rules.numpy.shaping import axis_in, known_rank
from s2sad.rules.promotion import array_types
from s2sad.rules.scipy.fft import at_ends
from s2sad.rules.scipy.ndimage.around import array_like, for_each, image

MIRRORED = ("mirror", "constant", "wrap", "grid-constant")
"""The modes under which the image of a spline filter is mirrored at its first and last points."""
REFLECTED = ("reflect", "grid-mirror", "nearest")
"""Those under which it is reflected between its points: the matrix of the filter is symmetric."""
EXTENDED = {"nearest": "edge", "grid-constant": "constant"}
"""The modes for which an image is padded before its coefficients are found, by those of np.pad."""
MARGIN = 12
"""By so many numbers on each side."""


# Coefficients


def _coefficients_type(input: Type, /, order: int = 3, output: Any = np.float64, mode: str = "mirror") -> Type:
    return _coefficients_along_type(input, order, -1, output, mode)


def _coefficients_along_type(
    input: Type, /, order: int = 3, axis: int = -1, output: Any = np.float64, mode: str = "mirror"
) -> Type:
    t = image("spline_filter", input, output)
    return array_like(t, np.result_type(t.dtype, np.complex64)) if input.is_complex and t.dtype is not None else t


def of_reflected(g: Any, order: int, axis: int) -> Any:
    """The adjoint of `scipy.ndimage.spline_filter1d` of an image that is reflected."""
    if g.shape[axis] > 24:
        return scipy.ndimage.spline_filter1d(g, order, axis, np.result_type(g, float), "reflect")
    # symmetric too, but that of a short axis is begun with an approximation
    matrix = scipy.ndimage.spline_filter1d(np.eye(g.shape[axis]), order, 0, mode="reflect")
    return np.moveaxis(np.tensordot(g, matrix, (axis, 0)), -1, axis)


def _of_reflected_type(g: Type, /, order: int, axis: int) -> Type:
    (t,) = array_types("of_reflected", [g])
    return array_like(t, None if t.dtype is None else np.result_type(t.dtype, float))


def _forward(g: Any, order: int, axis: int) -> Any:
    return call(ndimage.spline_filter1d, g, order=order, axis=axis, mode="reflect", **_as_complex(g))


rule(
    of_reflected,
    _of_reflected_type,
    tangent=lambda y, xs, dots, **static: call(of_reflected, dots[0], **static),
    adjoint=lambda g, y, xs, active, order, axis: (fit(_forward(g, order, axis), xs[0]),),
    helper=True,
    samples=lambda rng: [
        Sample((REAL(rng, (3, 4)),), {"order": 3, "axis": 1}),
        Sample((REAL(rng, (26,)),), {"order": 5, "axis": 0}),
    ],
)


def _coefficients_adjoint(function: Callable[..., Any]) -> Callable[..., Any]:
    several = function is ndimage.spline_filter

    def transpose(g: Any, order: int = 3, axis: int = -1, mode: str = "mirror", output: Any = None) -> Any:
        rank = known_rank(g, "scipy.ndimage.spline_filter")
        axes = range(rank) if several else [axis_in(axis, rank)]
        if order < 2:
            return g
        if mode in REFLECTED:
            for k in axes:
                g = call(of_reflected, g, order=order, axis=k)
            return g
        for k in axes if mode in MIRRORED else ():
            g = at_ends(g, k, 2.0, 2.0)
        where = {} if several or axes[0] == rank - 1 else {"axis": axes[0]}
        g = call(function, g, order=order, mode=mode, **_as_complex(g), **where)
        for k in axes if mode in MIRRORED else ():
            g = at_ends(g, k, 0.5, 0.5)
        return g

    return lambda g, y, xs, active, **static: (fit(transpose(g, **static), xs[0]),)


def _as_complex(x: Any) -> dict[str, Any]:
    """SciPy warns of complex numbers where nothing is said of their coefficients."""
    return {"output": np.complex128} if type_in(x).is_complex else {}


def _same_kind(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda y, xs, dots, **static: spread(call(function, dots[0], **static), y)


for _function, _type in (
    (ndimage.spline_filter, _coefficients_type),
    (ndimage.spline_filter1d, _coefficients_along_type),
):
    rule(
        _function,
        _type,
        tangent=_same_kind(_function),
        adjoint=_coefficients_adjoint(_function),
        samples=lambda rng: [
            Sample((REAL(rng, (4, 5)),)),
            Sample((REAL(rng, (1, 4)),), {"order": 2}),
            Sample((REAL(rng, (5, 3)),), {"order": 5, "mode": "reflect"}),
            Sample((REAL(rng, (5, 3)),), {"order": 4, "mode": "grid-wrap"}),
        ],
    )


# Splines by their coefficients


def spline(values: Any, coordinates: Any, shape: Any, order: int, mode: str, nu: Any, back: bool = False) -> Any:
    """A spline at coordinates by its coefficients, or with `back` the adjoint: numbers there added to the coefficients.

    `shape` is that of the coefficients, and `nu` has the orders of its derivatives along the axes."""
    dtype = np.result_type(values, np.float32)
    points, given = np.reshape(coordinates, (len(shape), -1)), np.ravel(values)
    found = np.zeros(np.prod(shape) if back else points.shape[1], dtype)
    for start in range(0, points.shape[1], 8192):  # so many at once as stay in the cache
        part = slice(start, start + 8192)
        windows, divisor, inside = [], 1.0, np.ones(len(points[0, part]))
        for x, n, derivative in zip(points[:, part], shape, nu, strict=True):
            if mode == "constant":
                inside *= (x >= 0) & (x <= n - 1)
            elif mode == "wrap" and n > 1:
                x = np.where((x >= 0) & (x <= n - 1), x, x % (n - 1))
            middle = x if order % 2 else x + 0.5
            first = np.floor(middle)
            u, first = middle - first, first.astype(int) - order // 2
            weights = [np.ones_like(u)]
            for m in range(1, order + 1 - derivative):
                between = [(u + j) * weights[j] + (m + 1 - j - u) * weights[j - 1] for j in range(1, m)]
                weights = [u * weights[0], *between, (1.0 - u) * weights[-1]]
                divisor *= m
            for _ in range(derivative):
                weights = [a - b for a, b in zip([*weights, 0.0], [0.0, *weights], strict=True)]
            window = []
            for k in range(order + 1):
                place, weight = first + k, weights[order - k]
                if mode == "grid-constant":
                    weight = weight * ((place >= 0) & (place < n))
                if mode in ("nearest", "grid-constant"):
                    place = np.clip(place, 0, n - 1)
                elif mode == "grid-wrap":
                    place = place % n
                else:  # mirrored at the ends, or half a step before and behind them
                    half = int(mode in ("reflect", "grid-mirror"))
                    place = place % max(2 * n - 2 + 2 * half, 1)
                    place = np.minimum(place, 2 * n - 2 + half - place) if n > 1 else 0 * place
                window.append((place, weight))
            windows.append(window)
        for chosen in np.ndindex(*[order + 1] * len(shape)):
            place, factor = 0, inside / divisor
            for n, window, k in zip(shape, windows, chosen, strict=True):
                place, factor = place * n + window[k][0], factor * window[k][1]
            if back:
                np.add.at(found, place, (factor * given[part]).astype(dtype))
            else:
                found[part] += (factor * given[place]).astype(dtype)
    return np.reshape(found, shape if back else np.shape(coordinates)[1:])


def _spline_type(
    values: Type, coordinates: Type, shape: Type, /, order: int, mode: str, nu: Sequence[int], back: bool = False
) -> Type:
    t, c = array_types("spline", [values, coordinates])
    dtype = None if t.dtype is None else np.result_type(t.dtype, np.float32)
    return array(dtype, shape_operand(shape, "spline") if back else None if c.shape is None else c.shape[1:])


def _slopes(
    values: Any, coordinates: Any, shape: Any, order: int, mode: str, nu: Sequence[int], back: bool
) -> list[tuple[int, Callable[[Any], Any]]]:
    """For each axis along which the spline has a slope, this, from values."""

    def along(axis: int) -> Callable[[Any], Any]:
        once_more = tuple(n + (k == axis) for k, n in enumerate(nu))
        return lambda values: call(spline, values, coordinates, shape, order=order, mode=mode, nu=once_more, back=back)

    return [(k, along(k)) for k, n in enumerate(nu) if n < order]


def _spline_tangent(y: Any, xs: Any, dots: Any, back: bool = False, **static: Any) -> Any:
    values, coordinates, shape = xs
    terms = [] if dots[0] is None else [call(spline, dots[0], coordinates, shape, back=back, **static)]
    if dots[1] is not None:
        for k, slope in _slopes(values, coordinates, shape, back=back, **static):
            terms.append(slope(values * dots[1][k]) if back else slope(values) * dots[1][k])
    return spread(sum(terms[1:], terms[0]), y) if terms else None


def _spline_adjoint(g: Any, y: Any, xs: Any, active: Any, back: bool = False, **static: Any) -> Any:
    values, coordinates, shape = xs
    by_values = call(spline, g, coordinates, shape, back=not back, **static) if active[0] else None
    by_coordinates = None
    if active[1]:
        # What is added to the coefficients and what is read of them are each other's adjoints.
        own, other = (values, g) if back else (g, values)
        slopes = _slopes(other, coordinates, shape, back=False, **static)
        by_coordinates = _stacked([(k, own * slope(other)) for k, slope in slopes], coordinates, len(static["nu"]))
    return None if by_values is None else fit(by_values, values), by_coordinates, None


def _stacked(parts: list[tuple[int, Any]], coordinates: Any, count: int) -> Any:
    """The adjoint of coordinates from that along each axis, None of which are zero."""
    if not parts:
        return None
    known = dict(parts)
    zero = np.zeros_like(parts[0][1])
    return fit(call(np.stack, [known.get(k, zero) for k in range(count)]), coordinates)


def _points(rng: np.random.Generator, *shape: int) -> Any:
    """Coordinates in an image of 5 by 6 and around it, away from the knots."""
    return np.floor(rng.uniform(-2.0, 7.0, shape)) + rng.uniform(0.1, 0.4, shape)


rule(
    spline,
    _spline_type,
    tangent=_spline_tangent,
    adjoint=_spline_adjoint,
    helper=True,
    samples=lambda rng: [
        Sample((REAL(rng, (5, 6)), _points(rng, 2, 4), (5, 6)), {"order": 3, "mode": "mirror", "nu": (0, 0)}),
        Sample((REAL(rng, (5, 6)), _points(rng, 2, 4), (5, 6)), {"order": 2, "mode": "reflect", "nu": (1, 0)}),
        Sample((REAL(rng, (5,)), _points(rng, 1, 4), (5,)), {"order": 1, "mode": "nearest", "nu": (1,)}),
        Sample((REAL(rng, (4,)), _points(rng, 2, 4), (5, 6)), {"order": 3, "mode": "wrap", "nu": (0, 1), "back": True}),
    ],
)


def _mapped_type(
    input: Type,
    coordinates: Type,
    /,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: float = 0.0,
    prefilter: bool = True,
) -> Type:
    if coordinates.is_container:
        raise NotByRule("scipy.ndimage.map_coordinates at a list of coordinates")
    if prefilter and order > 1:
        raise NotByRule("scipy.ndimage.map_coordinates of an image that is no array of coefficients")
    t = image("map_coordinates", input, output)
    return array(t.dtype, None if coordinates.shape is None else coordinates.shape[1:])


def _relative(x: Any, mode: str, cval: float) -> Any:
    """An image whose coefficients outside are zero."""
    return x - cval if mode == "grid-constant" and cval else x


def _mapped_tangent(
    y: Any, xs: Any, dots: Any, order: int = 3, mode: str = "constant", cval: float = 0.0, **static: Any
) -> Any:
    x, coordinates = xs
    terms = []
    if dots[0] is not None:
        how = {k: v for k, v in static.items() if k != "output"}
        terms.append(call(ndimage.map_coordinates, dots[0], coordinates, order=order, mode=mode, **how))
    if dots[1] is not None:
        values, nu = _relative(x, mode, cval), (0,) * known_rank(x, "scipy.ndimage.map_coordinates")
        for k, slope in _slopes(values, coordinates, shape_of(x), order, mode, nu, back=False):
            terms.append(slope(values) * dots[1][k])
    return spread(sum(terms[1:], terms[0]), y) if terms else None


def _mapped_adjoint(
    g: Any,
    y: Any,
    xs: Any,
    active: Any,
    order: int = 3,
    mode: str = "constant",
    cval: float = 0.0,
    prefilter: bool = True,
    output: Any = None,
) -> Any:
    x, coordinates = xs
    nu = (0,) * known_rank(x, "scipy.ndimage.map_coordinates")
    x_bar = coordinates_bar = None
    if active[0]:
        x_bar = fit(call(spline, g, coordinates, shape_of(x), order=order, mode=mode, nu=nu, back=True), x)
    if active[1]:
        values = _relative(x, mode, cval)
        slopes = _slopes(values, coordinates, shape_of(x), order, mode, nu, back=False)
        coordinates_bar = _stacked([(k, g * slope(values)) for k, slope in slopes], coordinates, len(nu))
    return x_bar, coordinates_bar


def _mapped_samples(rng: np.random.Generator) -> Iterable[Sample]:
    modes = ("constant", "nearest", "mirror", "reflect", "wrap", "grid-wrap", "grid-constant")
    for k, mode in enumerate(modes):
        how = {"order": k % 5 + 1, "mode": mode, "cval": 0.5, "prefilter": False}
        yield Sample((REAL(rng, (5, 6)), _points(rng, 2, 5)), how)
    yield Sample((REAL(rng, (5,)), _points(rng, 1, 2, 2)), {"order": 0})


rule(
    ndimage.map_coordinates,
    _mapped_type,
    tangent=_mapped_tangent,
    adjoint=_mapped_adjoint,
    samples=_mapped_samples,
)


def _dtype_of(x: Any, output: Any) -> dict[str, Any]:
    """The dtype of what is interpolated, where it is not that of the coefficients."""
    if output is not None:
        return {"output": output}
    dtype = type_in(x).dtype
    return {} if dtype is None or dtype.itemsize >= 8 else {"output": dtype.type}


def _mapped(
    input: Any,
    coordinates: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: float = 0.0,
    prefilter: bool = True,
) -> Any:
    """An image at coordinates, by its coefficients."""
    if isinstance(coordinates, (list, tuple)) or type_in(coordinates).is_container:
        coordinates = call(np.array, coordinates)
    if not prefilter or order < 2:
        how = {"output": output, "order": order, "mode": mode, "cval": cval, "prefilter": prefilter}
        return call(ndimage.map_coordinates, input, coordinates, **how)
    x = input
    if mode in EXTENDED:
        outside = {"constant_values": cval} if mode == "grid-constant" and cval else {}
        manner = {"mode": "edge"} if mode == "nearest" else {}
        x = call(np.pad, x, MARGIN, **manner, **outside)
        coordinates = coordinates + float(MARGIN)
    c = call(ndimage.spline_filter, x, order=order, mode=mode, **_as_complex(x))
    how = {"order": order, "mode": mode, "cval": cval, "prefilter": False, **_dtype_of(input, output)}
    return call(ndimage.map_coordinates, c, coordinates, **how)


define(
    ndimage.map_coordinates,
    _mapped,
    lambda rng: [
        Sample((REAL(rng, (5, 6)), _points(rng, 2, 3)), {"order": 3}),
        *(
            Sample((REAL(rng, (5, 6)), _points(rng, 2, 3)), {"order": k % 4 + 2, "mode": mode, "cval": 0.5})
            for k, mode in enumerate(("nearest", "mirror", "reflect", "wrap", "grid-wrap", "grid-constant"))
        ),
        Sample((REAL(rng, (5, 6)), [_points(rng, 3), _points(rng, 3)]), {"order": 1}),
    ],
    "coordinates",
    lists="coordinates",
)


# Images moved


def _given(x: Any) -> bool:
    """Whether an argument is no None."""
    return not (x is None or (isinstance(x, Expr) and isinstance(x.type, StaticType)))


def _numbers(x: Any, rank: int) -> list[Any]:
    """A number for each axis: from one for all, a tuple, or a vector."""
    if isinstance(x, Expr) and isinstance(x.type, ContainerType):
        return for_each(list(x), rank)
    if isinstance(x, (tuple, list)):
        return for_each(x, rank)
    return [x] * rank if rank_of(x) == 0 else [x[k] for k in range(rank)]


def _column(numbers: Any, rank: int, like: Any) -> Any:
    """A number for all axes, or one for each, beside coordinates."""
    many = isinstance(numbers, (tuple, list)) or type_in(numbers).is_container
    if not many and rank_of(numbers) == 0:
        return numbers
    vector = beside(like, np.array, _numbers(numbers, rank)) if many else numbers
    return vector[(slice(None), *[None] * rank)]


def _grid(x: Any, shape: Any) -> Any:
    return beside(x, np.indices, shape)


def _shift(
    input: Any,
    shift: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: float = 0.0,
    prefilter: bool = True,
) -> Any:
    rank = known_rank(input, "scipy.ndimage.shift")
    coordinates = _grid(input, shape_of(input)) - _column(shift, rank, input)
    return _mapped(input, coordinates, output, order, mode, cval, prefilter)


def _zoom(
    input: Any,
    zoom: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: float = 0.0,
    prefilter: bool = True,
    *,
    grid_mode: bool = False,
) -> Any:
    rank = known_rank(input, "scipy.ndimage.zoom")
    if grid_mode and type_in(input).is_complex:
        # SciPy does not heed it then
        raise UnsupportedType("scipy.ndimage.zoom of complex numbers with grid_mode", "zoom both parts by themselves")
    old = [shape_of(input)[k] for k in range(rank)]
    factors = _numbers(zoom, rank)
    new = [_rounded(n * z) for n, z in zip(old, factors, strict=True)]
    grid, columns = _grid(input, tuple(new)), [_column(n, rank, input) for n in (old, new)]
    # The coordinates depend on both shapes alone: the exact factor is of no account.
    if grid_mode:
        coordinates = (grid + 0.5) * (columns[0] / columns[1]) - 0.5
    else:
        before, behind = (c - 1 for c in columns)
        coordinates = grid * np.where(behind == 0, 1.0, before / np.maximum(behind, 1))
    return _mapped(input, coordinates, output, order, mode, cval, prefilter)


def _rounded(x: Any) -> Any:
    dtype = type_in(x).dtype
    return x if dtype is not None and dtype.kind in "iu" else call(int, call(round, x))


def _affine(
    input: Any,
    matrix: Any,
    offset: Any = 0.0,
    output_shape: Any = None,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: float = 0.0,
    prefilter: bool = True,
) -> Any:
    rank = known_rank(input, "scipy.ndimage.affine_transform")
    shape = output_shape if _given(output_shape) else shape_of(input)
    grid = _grid(input, shape)
    if known_rank(matrix, "scipy.ndimage.affine_transform") == 1:
        coordinates = grid * matrix[(slice(None), *[None] * rank)] + _column(offset, rank, input)
        return _mapped(input, coordinates, output, order, mode, cval, prefilter)
    if _is_homogeneous(matrix, rank):
        turned, moved = matrix[:rank, :rank], matrix[(slice(None, rank), rank, *[None] * rank)]
    else:
        turned, moved = matrix, _column(offset, rank, input)
    coordinates = call(np.tensordot, turned, grid, axes=1) + moved
    return _mapped(input, coordinates, output, order, mode, cval, prefilter)


def _is_homogeneous(matrix: Any, rank: int) -> bool:
    """Whether the last column of a matrix says where the origin goes."""
    if not isinstance(matrix, Expr):
        return bool(np.shape(matrix)[1] == rank + 1)
    shape = matrix.type.shape
    return shape is not None and equal(shape[1], rank + 1)


def _rotate(
    input: Any,
    angle: Any,
    axes: Any = (1, 0),
    reshape: bool = True,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: float = 0.0,
    prefilter: bool = True,
) -> Any:
    rank = known_rank(input, "scipy.ndimage.rotate")
    if rank > 2 and order > 1 and not (prefilter and mode in (*MIRRORED, "nearest", "grid-wrap")):
        # elsewhere a spline along the other axes is no image of its points
        raise UnsupportedType(f"scipy.ndimage.rotate of many planes with mode {mode!r}", "rotate each plane")
    i, j = sorted(axis_in(k, rank) for k in axes)
    c, s = call(special.cosdg, angle), call(special.sindg, angle)
    old = (shape_of(input)[i], shape_of(input)[j])
    new = old
    if reshape:
        # The corners of the plane go to (0, 0), and these columns: how far they reach is the new shape.
        high = call(np.array, [0.0, s * old[1], c * old[0], c * old[0] + s * old[1]])
        wide = call(np.array, [0.0, c * old[1], -s * old[0], c * old[1] - s * old[0]])
        new = tuple(call(int, np.ptp(reach) + 0.5) for reach in (high, wide))
    shape = [shape_of(input)[k] for k in range(rank)]
    shape[i], shape[j] = new
    grid = _grid(input, tuple(shape))
    y, x = grid[i] - (new[0] - 1) / 2, grid[j] - (new[1] - 1) / 2
    planes = [grid[k] for k in range(rank)]
    planes[i] = (old[0] - 1) / 2 + (c * y + s * x)
    planes[j] = (old[1] - 1) / 2 + (c * x - s * y)
    return _mapped(input, call(np.stack, planes), output, order, mode, cval, prefilter)


define(
    ndimage.shift,
    _shift,
    lambda rng: [
        Sample((REAL(rng, (4, 5)), (0.3, -1.2))),
        Sample((REAL(rng, (4, 5)), 0.3), {"mode": "nearest", "order": 2}),
        Sample((REAL(rng, (5,)), np.array([0.3])), {"mode": "grid-wrap"}),
    ],
    "shift",
    lists="shift",
)
define(
    ndimage.zoom,
    _zoom,
    lambda rng: [
        Sample((REAL(rng, (4, 5)), 2), {"mode": "nearest"}),
        Sample((REAL(rng, (4, 5)), (1, 3)), {"order": 1, "mode": "mirror"}),
        Sample((REAL(rng, (4, 5)), 2), {"grid_mode": True, "mode": "grid-constant"}),
    ],
    "zoom",
    lists="zoom",
)
define(
    ndimage.affine_transform,
    _affine,
    lambda rng: [
        Sample((REAL(rng, (4, 5)), np.array([[0.9, 0.23], [-0.2, 1.13]]), (0.33, 0.21)), {"mode": "mirror"}),
        Sample((REAL(rng, (4, 5)), np.array([[0.9, 0.23, 0.3], [-0.2, 1.13, 0.1]])), {"order": 2}),
        Sample((REAL(rng, (4, 5)), np.array([0.93, 1.17]), 0.13), {"output_shape": (3, 4), "mode": "nearest"}),
    ],
    "matrix offset output_shape",
    lists="offset output_shape",
)
define(
    ndimage.rotate,
    _rotate,
    lambda rng: [
        Sample((REAL(rng, (4, 5)), 20.0), {"reshape": False, "mode": "mirror", "order": 2}),
        Sample((REAL(rng, (4, 5)), 30), {"mode": "nearest"}),
        Sample((REAL(rng, (4, 2, 5)), 20.0), {"axes": (0, 2), "reshape": False}),
    ],
    "angle",
)
