"""Transforms of scipy.fft: those of Fourier as NumPy has them, of cosines and sines, and that of Hankel.

The matrix of a cosine or sine transform is orthogonal up to a factor and weights at its ends, and its transpose is that
of the type which inverts it: the second and the third type are each other's, the first and the fourth their own.
G. Strang, The Discrete Cosine Transform, SIAM Review 41 (1999). The transform of Hankel on a logarithmic grid is a
convolution, turned round: a symmetric matrix. A. J. S. Hamilton, Uncorrelated modes of the non-linear power spectrum,
MNRAS 312 (2000), appendix B.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from scipy import fft

from s2sad.errors import UnsupportedType
from s2sad.ir.batch_rule import Batched
from s2sad.ir.builder import call, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample, Samples
from s2sad.ir.types import Type, array
from s2sad.rules.batching import shifted, transform, transform_of_many_axes
from s2sad.rules.contributions import fit
from s2sad.rules.domains import REAL
from s2sad.rules.families import linear, rule
from s2sad.rules.numpy import fft as of_numpy
from s2sad.rules.numpy.fft import Axes, Lengths
from s2sad.rules.numpy.shaping import known_rank
from s2sad.rules.promotion import array_types

# Transforms of Fourier


def _check(overwrite_x: bool) -> None:
    if overwrite_x:
        raise UnsupportedType("a transform with overwrite_x, which leaves anything in its argument", "leave it out")


def _type_along_one(name: str) -> Callable[..., Type]:
    along_one = of_numpy.type_along_one(name, "scipy.fft")

    def type_rule(
        x: Type,
        n: Type | None = None,
        /,
        axis: int = -1,
        norm: str | None = None,
        overwrite_x: bool = False,
        workers: int | None = None,
    ) -> Type:
        _check(overwrite_x)
        return along_one(x, n, axis=axis)

    return type_rule


def _type_of_plane(name: str) -> Callable[..., Type]:
    several = of_numpy.type_along_many(name, "scipy.fft")

    def type_rule(
        x: Type,
        s: Lengths = None,
        /,
        axes: Axes = (-2, -1),
        norm: str | None = None,
        overwrite_x: bool = False,
        workers: int | None = None,
    ) -> Type:
        _check(overwrite_x)
        return several(x, s, axes)

    return type_rule


def _type_of_many(name: str) -> Callable[..., Type]:
    several = of_numpy.type_along_many(name, "scipy.fft")

    def type_rule(
        x: Type,
        s: Lengths = None,
        /,
        axes: Axes = None,
        norm: str | None = None,
        overwrite_x: bool = False,
        workers: int | None = None,
    ) -> Type:
        _check(overwrite_x)
        return several(x, s, axes)

    return type_rule


def _by_one_worker(transpose: Callable[..., Any]) -> Callable[..., Any]:
    """A transpose that takes the arguments which say how a transform is computed."""
    return lambda g, *xs, workers=None, overwrite_x=False, **static: transpose(g, *xs, **static)


for _name in ("fft", "ifft", "rfft", "irfft"):
    _kinds = ("real",) if _name == "rfft" else ("complex",) if _name == "irfft" else ("real", "complex")
    linear(
        getattr(fft, _name),
        _by_one_worker(of_numpy.transpose_along_one(_name, fft)),
        _type_along_one(_name),
        batched=transform,
        samples=of_numpy.transform_samples(_kinds, ((5,), {}), ((3, 4), {"axis": 0, "n": 3, "norm": "ortho"})),
    )
    for _many, _axes, _type in (
        (f"{_name}2", (-2, -1), _type_of_plane(f"{_name}2")),
        (f"{_name}n", None, _type_of_many(f"{_name}n")),
    ):
        linear(
            getattr(fft, _many),
            _by_one_worker(of_numpy.transpose_along_many(_many, _axes, fft)),
            _type,
            batched=transform_of_many_axes,
            samples=of_numpy.transform_samples(
                _kinds, ((3, 4), {}), ((3, 4, 2), {"s": (4, 3), "axes": (0, 1), "norm": "forward"})
            ),
        )


def _hfft(
    x: Any,
    n: Any = None,
    axis: int = -1,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
) -> Any:
    _check(overwrite_x)
    return of_numpy.hermitian(fft.irfft)(x, n, axis=axis, norm=norm)


def _ihfft(
    x: Any,
    n: Any = None,
    axis: int = -1,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
) -> Any:
    _check(overwrite_x)
    return of_numpy.of_hermitian(fft.rfft)(x, n, axis=axis, norm=norm)


def _of_many(function: Callable[..., Any]) -> Callable[..., Any]:
    def expression(
        x: Any,
        s: Lengths = None,
        axes: Axes = None,
        norm: str | None = None,
        overwrite_x: bool = False,
        workers: int | None = None,
    ) -> Any:
        _check(overwrite_x)
        return function(x, s=s, axes=axes, norm=norm)

    return expression


def _of_plane(function: Callable[..., Any]) -> Callable[..., Any]:
    def expression(
        x: Any,
        s: Lengths = None,
        axes: Axes = (-2, -1),
        norm: str | None = None,
        overwrite_x: bool = False,
        workers: int | None = None,
    ) -> Any:
        _check(overwrite_x)
        return function(x, s=s, axes=axes, norm=norm)

    return expression


def _hermitian_samples(kind: str) -> Samples:
    return of_numpy.transform_samples((kind,), ((3, 4), {}), ((3, 4), {"norm": "ortho"}))


define(fft.hfft, _hfft, _hermitian_samples("complex"), "n")
define(fft.ihfft, _ihfft, _hermitian_samples("real"), "n")
for _made, _function, _kind in ((fft.hfft2, fft.irfft2, "complex"), (fft.ihfft2, fft.rfft2, "real")):
    _turned = of_numpy.hermitian if _kind == "complex" else of_numpy.of_hermitian
    define(_made, _of_plane(_turned(_function)), _hermitian_samples(_kind))
for _made, _function, _kind in ((fft.hfftn, fft.irfftn, "complex"), (fft.ihfftn, fft.rfftn, "real")):
    _turned = of_numpy.hermitian if _kind == "complex" else of_numpy.of_hermitian
    define(_made, _of_many(_turned(_function)), _hermitian_samples(_kind))

if fft.fftshift is not np.fft.fftshift:
    for _there, _back in ((fft.fftshift, fft.ifftshift), (fft.ifftshift, fft.fftshift)):
        linear(
            _there,
            lambda g, x, _back=_back, **static: fit(call(_back, g, **static), x),
            of_numpy.type_of_shift,
            batched=shifted,
            samples=of_numpy.transform_samples(("real",), ((5,), {}), ((2, 3), {"axes": 1})),
        )
    for _frequencies, _rule in (
        (fft.fftfreq, of_numpy.frequencies_type),
        (fft.rfftfreq, of_numpy.half_frequencies_type),
    ):
        rule(
            _frequencies,
            _rule,
            tangent=of_numpy.frequencies_tangent,
            adjoint=of_numpy.frequencies_adjoint,
            samples=lambda rng: [Sample((6,)), Sample((5, 0.1))],
        )


# Cosines and sines

_INVERTED = {1: 1, 2: 3, 3: 2, 4: 4}
"""The type of the transform that inverts one of this type."""


def _trigonometric_type(
    x: Type,
    /,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    orthogonalize: bool | None = None,
) -> Type:
    s = None if n is None else (n,)
    return _trigonometric_type_of_many(x, type, s, (axis,), norm, overwrite_x, workers, orthogonalize)


def _trigonometric_type_of_many(
    x: Type,
    /,
    type: int = 2,
    s: Lengths = None,
    axes: Axes = None,
    norm: str | None = None,
    overwrite_x: bool = False,
    workers: int | None = None,
    orthogonalize: bool | None = None,
) -> Type:
    (t,) = array_types("a transform of cosines or sines", [x])
    _check(overwrite_x)
    if t.is_complex and orthogonalize not in (None, norm == "ortho"):
        # SciPy takes `orthogonalize` for real numbers alone
        raise UnsupportedType("a transform of complex numbers with orthogonalize", "transform both parts by themselves")
    dtype = (
        None if t.dtype is None else np.result_type(t.dtype, np.float32) if t.dtype.kind in "fc" else np.dtype(float)
    )
    if t.shape is None:
        return array(dtype, None)
    shape = list(t.shape)
    along = of_numpy.transformed_axes(axes, s, len(shape))
    for axis, length in zip(along, [None] * len(along) if s is None else s, strict=True):
        if length not in (None, -1):
            shape[axis] = int(length)
    return array(dtype, tuple(shape))


def at_ends(x: Any, axis: int, first: float, last: float) -> Any:
    """The first and the last numbers along an axis multiplied; the axis may have one number alone."""
    rank, n = known_rank(x, "this"), shape_of(x)[axis]
    k = call(np.arange, n)
    weights: Any = 1.0
    if first != 1.0:
        weights = np.where(k == 0, first, 1.0)
    if last != 1.0:
        weights = weights * np.where(k == n - 1, last, 1.0)
    return x * (weights if axis == rank - 1 else weights[(slice(None), *[None] * (rank - 1 - axis))])


def _weights(name: str, kind: int) -> tuple[float, float]:
    """By what the matrix of a transform differs from a symmetric one, or from the transpose of its inverse: the factors
    of its first and last column."""
    if name == "dct":
        return {1: (0.5, 0.5), 3: (0.5, 1.0)}.get(kind, (1.0, 1.0))
    return (1.0, 0.5) if kind == 3 else (1.0, 1.0)


def _along(name: str, x: Any, axes: tuple[int, ...], rank: int, how: dict[str, Any]) -> Any:
    """A transform along these axes, which are said where they are not the default."""
    if len(axes) == 1:
        return call(getattr(fft, name), x, **how, **({} if axes[0] == rank - 1 else {"axis": axes[0]}))
    return call(getattr(fft, f"{name}n"), x, **how, **({} if axes == tuple(range(rank)) else {"axes": axes}))


def _trigonometric_transpose(name: str) -> Callable[..., Any]:
    """The transpose of a transform along several axes, by that of the type which inverts it."""
    forward = name.removeprefix("i")

    def transpose(
        g: Any,
        x: Any,
        s: Lengths = None,
        type: int = 2,
        axes: Axes = None,
        norm: str | None = None,
        overwrite_x: bool = False,
        workers: int | None = None,
        orthogonalize: bool | None = None,
    ) -> Any:
        rank = known_rank(x, f"scipy.fft.{name}")
        along = of_numpy.transformed_axes(axes, s, rank)
        inverse = name != forward
        kind = _INVERTED[type] if inverse else type
        orthogonal = norm == "ortho" if orthogonalize is None else orthogonalize
        # A and R are the symmetric matrix, or that with the transpose of the inverse type, and the weights of columns:
        # (A R)' = R A', and A' = (A' R') / R' with the weights of the other type.
        before, behind = _weights(forward, _INVERTED[kind]), _weights(forward, kind)
        for k in () if orthogonal else along:
            g = g if before == (1.0, 1.0) else at_ends(g, k, 1.0 / before[0], 1.0 / before[1])
        how: dict[str, Any] = {"norm": norm, "orthogonalize": orthogonalize}
        if norm == "ortho" and orthogonal:  # the inverse, as one says it
            function, how["type"] = forward if inverse else f"i{name}", type
        else:
            function, how["type"] = forward, _INVERTED[kind]
            how["norm"] = of_numpy.INVERSE_NORM[norm] if inverse else norm
        c = _along(function, g, along, rank, how)
        for k in () if orthogonal else along:
            c = c if behind == (1.0, 1.0) else at_ends(c, k, *behind)
        return of_numpy.resized(c, x)

    return transpose


def _along_one_axis(transpose: Callable[..., Any]) -> Callable[..., Any]:
    return lambda g, x, type=2, n=None, axis=-1, **how: transpose(
        g, x, type=type, s=None if n is None else (n,), axes=(axis,), **how
    )


def _trigonometric_samples(rows: Iterable[dict[str, Any]]) -> Samples:
    def made(rng: np.random.Generator) -> Iterable[Sample]:
        for kind in (1, 2, 3, 4):
            for row in rows:
                yield Sample((REAL(rng, (3, 4)),), {"type": kind, **row})

    return made


def _along_several(b: Batched) -> Any:
    axes, s = b.static.get("axes"), b.static.get("s")
    if axes is None:
        axes = tuple(range(-(b.rank() if s is None else len(s)), 0))
    return call(b.primitive.function, b.only_first(), **{**b.static, "axes": b.axis(axes)})


_SINGLE: tuple[dict[str, Any], ...] = (
    {},
    {"norm": "ortho"},
    {"n": 3, "norm": "forward"},
    {"n": 6, "axis": 0, "orthogonalize": True},
    {"norm": "ortho", "orthogonalize": False},
)
_SEVERAL: tuple[dict[str, Any], ...] = ({}, {"norm": "ortho", "axes": (0,)}, {"s": (4, 3), "norm": "forward"})

for _name in ("dct", "idct", "dst", "idst"):
    _transpose = _trigonometric_transpose(_name)
    linear(
        getattr(fft, _name),
        _along_one_axis(_transpose),
        _trigonometric_type,
        batched=transform,
        samples=_trigonometric_samples(_SINGLE),
    )
    linear(
        getattr(fft, f"{_name}n"),
        _transpose,
        _trigonometric_type_of_many,
        batched=_along_several,
        samples=_trigonometric_samples(_SEVERAL),
    )


# Hankel's transform


def _hankel_type(a: Type, /, dln: float, mu: float, offset: float = 0.0, bias: float = 0.0) -> Type:
    (t,) = array_types("scipy.fft.fht", [a])
    if t.dtype is None or (t.dtype.kind == "f" and not bias):
        return array(t.dtype, t.shape)
    return array(np.dtype(float), t.shape)


for _hankel in (fft.fht, fft.ifht):
    linear(
        _hankel,
        lambda g, a, _hankel=_hankel, **static: fit(call(_hankel, g, **static), a),
        _hankel_type,
        batched=lambda b: call(b.primitive.function, b.only_first(), **b.static),
        samples=lambda rng: [
            Sample((REAL(rng, (6,)),), {"dln": 0.3, "mu": 0.5}),
            Sample((REAL(rng, (2, 5)),), {"dln": 0.3, "mu": 1.0, "offset": 0.1, "bias": 0.2}),
        ],
    )
