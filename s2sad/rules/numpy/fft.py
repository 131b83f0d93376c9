"""Fourier transforms along one axis or several, cut or filled up to given lengths: each is linear.

A complex transform is its own transpose up to the order of its numbers; filling up and cutting off are each other's. A
transform of real numbers gives half of the spectrum: its transpose takes the other half for zero, that of the inverse
counts what stands for two numbers twice. C. Van Loan, Computational Frameworks for the Fast Fourier Transform (1992),
sections 1.1 and 4.4; the convention for complex numbers is JAX's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Expr, beside, call, known_value, shape_of
from s2sad.ir.definition import define
from s2sad.ir.dims import Dim, Shape, derived_dim, dim_sum, new_dim
from s2sad.ir.primitive import Sample, Samples
from s2sad.ir.types import FLOAT, ArrayType, ContainerType, StaticType, Type, array
from s2sad.rules.contributions import cast, fit, type_in
from s2sad.rules.domains import REAL
from s2sad.rules.families import linear, rule
from s2sad.rules.numpy.shaping import axis_in, known_rank, scattered
from s2sad.rules.promotion import array_types

_COMPLEX = {np.dtype(np.float16): np.complex64, np.dtype(np.float32): np.complex64}
INVERSE_NORM: dict[str | None, str] = {
    None: "forward",
    "backward": "forward",
    "forward": "backward",
    "ortho": "ortho",
}
"""The norms under which the inverse transform scales as a transform does under these."""

Axes = Sequence[int] | None
Lengths = Any
"""None, numbers that may be known at run time only, or their type."""


# Types


def _spectrum(dtype: Any) -> Any:
    """The complex dtype of the transform of these numbers."""
    if dtype is None or dtype.kind == "c":
        return dtype
    return np.dtype(_COMPLEX.get(dtype, np.complex128))


def _given(n: Any) -> bool:
    """Whether a length is given."""
    t = n.type if isinstance(n, Expr) else n
    return t is not None and (not isinstance(t, Type) or isinstance(t, ArrayType))


def _length(n: Any, own: Dim) -> Dim:
    """The length of a transform by its argument, a type or a number; that of the axis where it has none."""
    if not _given(n):
        return own
    size = n.size if isinstance(n, ArrayType) else int(n)
    return new_dim("f") if size is None else size


def _half(n: Dim) -> Dim:
    return n // 2 + 1 if isinstance(n, int) else dim_sum(derived_dim("//", n, 2), 1)


def _twice(n: Dim) -> Dim:
    return dim_sum(dim_sum(n, n), -2)


def _with(shape: Shape, axis: int, length: Dim) -> Shape:
    return (*shape[:axis], length, *shape[axis + 1 :])


def items_of(s: Lengths) -> list[Any] | None:
    """The lengths that are given, as numbers or as their types; None without."""
    t = s.type if isinstance(s, Expr) else s
    if t is None or isinstance(t, StaticType):
        return None
    if isinstance(t, Type):
        if not isinstance(t, ContainerType):
            raise UnsupportedType("lengths of a transform that are no tuple", "pass a tuple of integers")
        return list(t.items) if t is s else list(s)
    return list(s)


def transformed_axes(axes: Axes, s: Lengths, rank: int) -> tuple[int, ...]:
    """The axes of a transform; without them all, or the last ones, as many as there are lengths."""
    if axes is None:
        items = items_of(s)
        return tuple(range(rank - (rank if items is None else len(items)), rank))
    found = tuple(axis_in(a, rank) for a in axes)
    if len(set(found)) < len(found):
        raise UnsupportedType(f"a Fourier transform along the axes {tuple(axes)}", "name each axis once")
    return found


def lengths(s: Lengths, count: int) -> list[Any]:
    """The lengths along the axes, None for those of the array."""
    items = items_of(s)
    if items is None:
        return [None] * count
    return [None if (n.size if isinstance(n, ArrayType) else known_value(n)) == -1 else n for n in items]


def _is_complex(t: ArrayType) -> bool:
    return t.dtype is not None and t.dtype.kind == "c"


def type_along_many(name: str, of: str = "np.fft") -> Callable[..., Type]:
    """From the type of an array, lengths and axes to that of its transform along these axes."""

    def type_rule(a: Type, s: Lengths, axes: Axes) -> Type:
        (t,) = array_types(f"{of}.{name}", [a])
        real, inverse = name.startswith("rfft"), name.startswith("irfft")
        if real and _is_complex(t):
            raise UnsupportedType(f"{of}.{name} of complex numbers", f"use {of}.{name[1:]}")
        dtype = _spectrum(t.dtype)
        dtype = np.zeros(0, dtype).real.dtype if inverse and dtype is not None else dtype
        if t.shape is None:
            return array(dtype, None)
        shape, along = t.shape, transformed_axes(axes, s, len(t.shape))
        for axis, n in zip(along, lengths(s, len(along)), strict=True):
            last = axis == along[-1]
            length = _length(n, _twice(shape[axis]) if inverse and last else shape[axis])
            shape = _with(shape, axis, _half(length) if real and last else length)
        return array(dtype, shape)

    return type_rule


def type_along_one(name: str, of: str = "np.fft") -> Callable[..., Type]:
    """The type rule of a transform along one axis."""
    several = type_along_many(name, of)

    def type_rule(a: Type, n: Type | None = None, /, axis: int = -1, norm: str | None = None) -> Type:
        t = several(a, None, (axis,))
        if t.shape is None or not _given(n):
            return t
        k = axis_in(axis, len(t.shape))
        length = _length(n, t.shape[k])
        return array(t.dtype, _with(t.shape, k, _half(length) if name == "rfft" else length))

    return type_rule


def _type_of_plane(name: str) -> Callable[..., Type]:
    several = type_along_many(name)

    def type_rule(a: Type, s: Lengths = None, /, axes: Axes = (-2, -1), norm: str | None = None) -> Type:
        return several(a, s, axes)

    return type_rule


def _type_of_many(name: str) -> Callable[..., Type]:
    several = type_along_many(name)

    def type_rule(a: Type, s: Lengths = None, /, axes: Axes = None, norm: str | None = None) -> Type:
        return several(a, s, axes)

    return type_rule


def type_of_shift(x: Type, /, axes: Any = None) -> Type:
    (t,) = array_types("np.fft.fftshift", [x])
    return array(t.dtype, t.shape)


# Transposes


def resized(g: Any, x: Any) -> Any:
    """A cotangent of what was cut off or filled up with zeros, in the lengths and the dtype of `x`."""
    t, own = type_in(x), type_in(g)
    c = cast(g, t)
    if t.shape is None or own.shape is None:
        raise UnsupportedType("the derivative of a Fourier transform needs the rank of its operand", "annotate it")
    more = [dim_sum(n, m, -1) for n, m in zip(own.shape, t.shape, strict=True)]
    if all(d == 0 for d in more):
        return c
    cut = tuple(slice(None) if d == 0 else slice(None, shape_of(x)[k]) for k, d in enumerate(more))
    if all(isinstance(d, int) and d >= 0 for d in more):
        return c[cut]
    filled = tuple(slice(None) if d == 0 else slice(None, shape_of(c)[k]) for k, d in enumerate(more))
    return scattered(np.zeros_like(x), filled, c[cut])


def _norm(norm: str | None) -> dict[str, str]:
    return {} if norm is None else {"norm": norm}


def _half_spectrum(g: Any, axis: int, rank: int, norm: str | None, even: bool, of: Any) -> Any:
    """The transpose of the inverse of a real transform: what stands for two numbers is counted twice."""
    along = {} if axis == rank - 1 else {"axis": axis}
    found = np.conj(call(of.rfft, g, norm=INVERSE_NORM[norm], **along))

    def part(first: int | None, last: int | None) -> Any:
        kept = slice(first, last)
        return found[(..., kept)] if axis == rank - 1 else found[(*[slice(None)] * axis, kept)]

    if even:
        return call(np.concatenate, [part(None, 1), 2.0 * part(1, -1), part(-1, None)], axis=axis)
    k = call(np.arange, shape_of(found)[axis])
    weights = np.where((k == 0) | (2 * k == shape_of(g)[axis]), 1.0, 2.0)
    return found * (weights if axis == rank - 1 else weights[(slice(None), *[None] * (rank - 1 - axis))])


def transpose_along_one(name: str, of: Any = np.fft) -> Callable[..., Any]:
    """The transpose of a transform of this namespace along one axis."""
    function = getattr(of, name)

    def transpose(g: Any, x: Any, n: Any = None, axis: int = -1, norm: str | None = None) -> Any:
        rank = known_rank(x, f"the transform {name}")
        k = axis_in(axis, rank)
        along = {**({} if k == rank - 1 else {"axis": k}), **_norm(norm)}
        if name == "rfft":
            return resized(call(of.fft, g, n if _given(n) else shape_of(x)[k], **along), x)
        if name == "irfft":
            return resized(_half_spectrum(g, k, rank, norm, not _given(n), of), x)
        return resized(call(function, g, **along), x)

    return transpose


def transpose_along_many(name: str, default: Axes, of: Any = np.fft) -> Callable[..., Any]:
    """The transpose of a transform along several axes; that of a real one is real along the last of them."""
    function = getattr(of, name)

    def transpose(g: Any, x: Any, s: Lengths = None, axes: Axes = default, norm: str | None = None) -> Any:
        rank = known_rank(x, f"the transform {name}")
        along = transformed_axes(axes, s, rank)
        if name in ("fft2", "ifft2", "fftn", "ifftn"):
            given = {} if axes == default and (axes is not None or items_of(s) is None) else {"axes": along}
            return resized(call(function, g, **given, **_norm(norm)), x)
        others, last = along[:-1], along[-1]
        n = lengths(s, len(along))[-1]
        inverse = name.startswith("i")
        c = _half_spectrum(g, last, rank, norm, n is None, of) if inverse else g
        if others:
            c = call(of.ifftn if inverse else of.fftn, c, axes=others, **_norm(norm))
        if not inverse:
            c = call(of.fft, c, shape_of(x)[last] if n is None else n, axis=last, **_norm(norm))
        return resized(c, x)

    return transpose


# Samples


def _numbers(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> Any:
    """Real numbers, complex ones, or the spectrum of real ones (which NumPy takes as such)."""
    return REAL(rng, shape) if kind == "real" else REAL(rng, shape) + 1j * REAL(rng, shape)


def transform_samples(kinds: Iterable[str], *rows: tuple[tuple[int, ...], dict[str, Any]]) -> Samples:
    def made(rng: np.random.Generator) -> Iterable[Sample]:
        for shape, keywords in rows:
            for kind in kinds:
                yield Sample((_numbers(rng, shape, kind),), keywords)

    return made


ROWS: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((4,), {}),
    ((5,), {}),
    ((2, 3), {}),
    ((3, 4), {"axis": 0}),
    ((3, 4), {"axis": 1, "norm": "ortho"}),
    ((4,), {"norm": "forward"}),
    *(((2, 4), {"n": n, "norm": norm}) for n in (3, 4, 6, 7) for norm in (None, "forward")),
    ((4, 2), {"n": 5, "axis": 0}),
]
PLANES: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((3, 4), {}),
    ((2, 3, 4), {}),
    ((3, 4), {"norm": "ortho"}),
    ((3, 4), {"s": (2, 6), "axes": (0, 1)}),
    ((3, 4, 2), {"s": (4, 3), "axes": (0, 1), "norm": "forward"}),
    ((3, 4, 2), {"axes": (2, 0)}),
]

_BOTH, _REAL_ONLY, _COMPLEX_ONLY = ("real", "complex"), ("real",), ("complex",)

for _name in ("fft", "ifft", "rfft", "irfft"):
    _kinds = _REAL_ONLY if _name == "rfft" else _COMPLEX_ONLY if _name == "irfft" else _BOTH
    linear(
        getattr(np.fft, _name),
        transpose_along_one(_name),
        type_along_one(_name),
        samples=transform_samples(_kinds, *ROWS),
    )
    _plane, _many = f"{_name}2", f"{_name}n"
    linear(
        getattr(np.fft, _plane),
        transpose_along_many(_plane, (-2, -1)),
        _type_of_plane(_plane),
        samples=transform_samples(_kinds, *PLANES),
    )
    linear(
        getattr(np.fft, _many),
        transpose_along_many(_many, None),
        _type_of_many(_many),
        samples=transform_samples(_kinds, *PLANES, ((4,), {}), ((2, 3, 4), {"axes": (1,)})),
    )
_shifted = transform_samples(_BOTH, ((4,), {}), ((5,), {}), ((2, 3), {}), ((2, 3), {"axes": 1}))
linear(
    np.fft.fftshift, lambda g, x, **static: fit(call(np.fft.ifftshift, g, **static), x), type_of_shift, samples=_shifted
)
linear(
    np.fft.ifftshift, lambda g, x, **static: fit(call(np.fft.fftshift, g, **static), x), type_of_shift, samples=_shifted
)


def frequencies_type(n: Type, d: Type = FLOAT, /) -> Type:
    t, _ = array_types("np.fft.fftfreq", [n, d])
    return array(np.dtype(float), (new_dim("k") if t.size is None else t.size,))


def half_frequencies_type(n: Type, d: Type = FLOAT, /) -> Type:
    t, _ = array_types("np.fft.rfftfreq", [n, d])
    return array(np.dtype(float), (new_dim("k") if t.size is None else _half(t.size),))


def frequencies_tangent(y: Any, xs: Any, dots: Any) -> Any:
    return None if len(xs) < 2 or dots[1] is None else -(y * dots[1]) / xs[1]


def frequencies_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    """The frequencies are multiples of 1 / d."""
    return (None, *(-np.sum(g * y) / d if a else None for d, a in zip(xs[1:], active[1:], strict=True)))


for _frequencies, _rule in ((np.fft.fftfreq, frequencies_type), (np.fft.rfftfreq, half_frequencies_type)):
    rule(
        _frequencies,
        _rule,
        tangent=frequencies_tangent,
        adjoint=frequencies_adjoint,
        samples=lambda rng: [Sample((6,)), Sample((5, 0.1)), Sample((4, np.float64(0.3)))],
    )


def zeros_like(x: Any, shape: Any) -> Any:
    """Zeros of another shape, of the dtype of `x`."""
    dtype = type_in(x).dtype if isinstance(x, Expr) else np.result_type(x)
    return beside(x, np.zeros, shape, **({} if dtype in (None, np.dtype(float)) else {"dtype": dtype}))


# Of Hermitian signals


def hermitian(function: Callable[..., Any]) -> Callable[..., Any]:
    """The spectrum of a Hermitian signal is that of its conjugate back, `function`: hfft by irfft, hfftn by irfftn."""
    return lambda a, *lengths, norm=None, **along: call(
        function, np.conj(a), *lengths, norm=INVERSE_NORM[norm], **along
    )


def of_hermitian(function: Callable[..., Any]) -> Callable[..., Any]:
    """The Hermitian signal of a real spectrum: ihfft by rfft, ihfftn by rfftn."""
    return lambda a, *lengths, norm=None, **along: np.conj(
        call(function, a, *lengths, norm=INVERSE_NORM[norm], **along)
    )


def _hfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    return hermitian(np.fft.irfft)(a, n, axis=axis, norm=norm)


def _ihfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    return of_hermitian(np.fft.rfft)(a, n, axis=axis, norm=norm)


_FORMS: tuple[dict[str, Any], ...] = ({}, {"n": 5}, {"norm": "ortho"})
define(np.fft.hfft, _hfft, lambda rng: [Sample((REAL(rng, (3, 4)) + 1j * REAL(rng, (3, 4)),), row) for row in _FORMS])
define(np.fft.ihfft, _ihfft, lambda rng: [Sample((REAL(rng, (3, 4)),), row) for row in _FORMS])
