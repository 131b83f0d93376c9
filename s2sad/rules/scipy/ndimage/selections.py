"""Filters of scipy.ndimage that choose a number of each window: the greatest, the median, one of some rank.

They commute with whatever keeps the order of numbers: the same filter of the ranks of an image says which number was
chosen, and so where the adjoint goes. Of equal numbers it is one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy import ndimage

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Expr, call, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import Primitive, Sample, Samples
from s2sad.ir.types import Type
from s2sad.rules.batching import transform
from s2sad.rules.contributions import fit, spread
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.numpy.shaping import scattered
from s2sad.rules.scipy.ndimage.around import image, padding
from s2sad.rules.scipy.ndimage.filters import for_many_by_axes


def _chosen(run: Callable[..., Any], x: Any, static: dict[str, Any]) -> tuple[Any, Any]:
    """Where in the image, read row by row, the chosen numbers are; and whether they are, or what lies around is."""
    flat = np.ravel(x)
    order = call(np.argsort, flat, kind="stable")
    ranks = np.reshape(call(np.argsort, order), shape_of(x))
    how = {k: v for k, v in static.items() if k not in ("cval", "output")}
    if padding(static.get("mode", "reflect")) != "constant":
        return order[run(ranks, **how)], None
    # Twice the ranks, the number around the image being 0: it lies between two of them.
    zero = 2 * call(np.searchsorted, flat[order], static.get("cval", 0.0)) - 1
    found = run(2 * ranks - zero, **how)
    return order[(found + zero) // 2], found != 0


def _moved(run: Callable[..., Any], y: Any, x: Any, dot: Any, static: dict[str, Any]) -> Any:
    places, inside = _chosen(run, x, static)
    found = np.ravel(dot)[places]
    return spread(found if inside is None else np.where(inside, found, 0.0), y)


def _put_back(run: Callable[..., Any], g: Any, x: Any, static: dict[str, Any]) -> Any:
    places, inside = _chosen(run, x, static)
    given = g if inside is None else np.where(inside, g, 0.0)
    return fit(np.reshape(scattered(np.zeros_like(np.ravel(x)), places, given), shape_of(x)), x)


def _selection(function: Callable[..., Any], samples: Samples, batched: Any) -> None:
    """The row of a filter, and that of its form with a footprint that is an array of run time."""
    run = partial(call, function)
    rule(
        function,
        _windows_type(function),
        tangent=lambda y, xs, dots, **static: _moved(run, y, xs[0], dots[0], static),
        adjoint=lambda g, y, xs, active, **static: (_put_back(run, g, xs[0], static),),
        batched=batched,
        samples=samples,
    )
    if "footprint" not in inspect.signature(function).parameters:
        return
    form = rule(
        lambda input, footprint, **static: function(input, footprint=footprint, **static),
        _windows_type(function, "footprint"),
        tangent=lambda y, xs, dots, **static: _moved(partial(_formed, form, xs[1]), y, xs[0], dots[0], static),
        adjoint=lambda g, y, xs, active, **static: (
            _put_back(partial(_formed, form, xs[1]), g, xs[0], static) if active[0] else None,
            None,
        ),
        name=f"scipy.ndimage.{function.__name__} of a footprint",
        spelling=partial(_spelled, function),
        samples=lambda rng: [Sample((s.arguments[0], _FOOTPRINT), _other_than_size(s)) for s in samples(rng)][:1],
    )
    own = inspect.signature(function)

    def by_footprint(*arguments: Any, **keywords: Any) -> Any:
        given = own.bind(*arguments, **keywords).arguments
        static = {k: v for k, v in given.items() if k not in ("input", "footprint", "size")}
        return _formed(form, given["footprint"], given["input"], **static)

    by_footprint.__signature__ = own  # type: ignore[attr-defined]
    define(
        function,
        by_footprint,
        lambda rng: [Sample((s.arguments[0],), {**_other_than_size(s), "footprint": _FOOTPRINT}) for s in samples(rng)][
            :1
        ],
        "footprint",
        of_complex=False,
    )


_FOOTPRINT = np.array([[True, False], [True, True]])


def _other_than_size(s: Sample) -> dict[str, Any]:
    return {k: v for k, v in s.keywords.items() if k != "size"}


def _formed(form: Primitive, footprint: Any, x: Any, **static: Any) -> Any:
    """A filter by a footprint."""
    builder = next((v.builder for v in (x, footprint) if isinstance(v, Expr)), None)
    if builder is None:
        return form.run([x, footprint], static)
    return builder.expr(builder.apply(form, [builder.operand(x), builder.operand(footprint)], static))


def _spelled(function: Callable[..., Any], input: Type, footprint: Type, **static: Any) -> str:
    given = "".join(f", {k}={v!r}" for k, v in static.items())
    return f"scipy.ndimage.{function.__name__}(_0, footprint=_1{given})"


def _windows_type(function: Callable[..., Any], *operands: str) -> Callable[..., Type]:
    """The type rule of a filter: its arguments are those of the function, which are static but for the `operands`."""
    name = function.__name__

    def type_rule(input: Type, /, *further: Type, **static: Any) -> Type:
        if static.get("structure") is not None:
            raise UnsupportedType(f"scipy.ndimage.{name} with a structure that is not flat", "pass size or footprint")
        return image(name, input, static.get("output"))

    first, *others = inspect.signature(function).parameters.values()
    moved = [p for p in others if p.name in operands]
    static = [p for p in others if p.name not in operands]
    if operands:
        static = [p.replace(kind=p.KEYWORD_ONLY) for p in static]
    given = [p.replace(kind=p.POSITIONAL_ONLY, default=p.empty) for p in (first, *moved)]
    type_rule.__signature__ = inspect.Signature([*given, *static])  # type: ignore[attr-defined]
    return type_rule


def _samples(*rows: dict[str, Any]) -> Samples:
    return lambda rng: [Sample((REAL(rng, (4, 5)),), row) for row in rows]


_SIZES: tuple[dict[str, Any], ...] = (
    {"size": 3},
    {"size": (2, 3), "mode": "constant", "cval": 0.1, "origin": (0, 1)},
    {"footprint": ((0, 1, 0), (1, 1, 1)), "mode": "wrap"},
)

for _name, _own in (
    ("maximum_filter", {}),
    ("minimum_filter", {}),
    ("median_filter", {}),
    ("rank_filter", {"rank": 1}),
    ("percentile_filter", {"percentile": 30}),
    ("grey_erosion", {}),
    ("grey_dilation", {}),
):
    _rows = _samples(*({**_own, **row} for row in _SIZES))
    _selection(getattr(ndimage, _name), _rows, for_many_by_axes)
for _name in ("maximum_filter1d", "minimum_filter1d"):
    _rows = _samples({"size": 3}, {"size": 2, "axis": 0, "mode": "constant", "origin": -1})
    _selection(getattr(ndimage, _name), _rows, transform)


# One after the other


def _flat(function: Callable[..., Any], combined: Callable[[Any, Any, Any], Any]) -> None:
    """A function of morphology with a flat structure, by erosion and dilation: `combined(input, erode, dilate)`."""

    def expression(
        input: Any,
        size: Any = None,
        footprint: Any = None,
        structure: Any = None,
        output: Any = None,
        mode: str = "reflect",
        cval: float = 0.0,
        origin: Any = 0,
    ) -> Any:
        if structure is not None or output is not None:
            raise UnsupportedType("morphology with a structure that is not flat", "pass size or footprint")
        how = {"size": size, "footprint": footprint, "mode": mode, "cval": cval, "origin": origin}
        how = {k: v for k, v in how.items() if v is not None}
        erode, dilate = (lambda x, f=f: call(f, x, **how) for f in (ndimage.grey_erosion, ndimage.grey_dilation))
        return combined(input, erode, dilate)

    define(function, expression, _samples({"size": 3}, {"size": (3, 1), "mode": "nearest"}), of_complex=False)


_flat(ndimage.grey_opening, lambda x, erode, dilate: dilate(erode(x)))
_flat(ndimage.grey_closing, lambda x, erode, dilate: erode(dilate(x)))
_flat(ndimage.morphological_gradient, lambda x, erode, dilate: dilate(x) - erode(x))
_flat(ndimage.morphological_laplace, lambda x, erode, dilate: dilate(x) + erode(x) - x - x)
_flat(ndimage.white_tophat, lambda x, erode, dilate: x - dilate(erode(x)))
_flat(ndimage.black_tophat, lambda x, erode, dilate: erode(dilate(x)) - x)
