"""Places of numbers: where they stand in order, which of them are not zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from s2sad.ir.builder import call, rank_of, shape_of
from s2sad.ir.definition import define
from s2sad.ir.dims import Shape, dim_product, new_dim
from s2sad.ir.primitive import Sample
from s2sad.ir.types import BOOL, ArrayType, Type, array, tuple_type
from s2sad.rules.domains import REAL
from s2sad.rules.families import constant, rule
from s2sad.rules.numpy.reductions import reduced_shape
from s2sad.rules.numpy.shaping import scattered
from s2sad.rules.numpy.statistics import keywords
from s2sad.rules.promotion import array_types

PLACES = np.dtype(np.int64)


def _places(shape: Shape | None) -> Type:
    return ArrayType(PLACES, shape, "any" if shape is None else "array")


def _some() -> Any:
    """A length that depends on the numbers."""
    return new_dim("k", varies=True)


def _digitize_type(x: Type, bins: Type, /, right: bool = False) -> Type:
    (t,) = array_types("np.digitize", [x])
    return array(PLACES, t.shape)


def _argpartition_type(a: Type, /, kth: Any, axis: int | None = -1, kind: str = "introselect") -> Type:
    (t,) = array_types("np.argpartition", [a])
    return _places(t.shape if axis is not None or t.shape is None else (dim_product(t.shape),))


def _lexsort_type(keys: Type, /, axis: int = -1) -> Type:
    (t,) = array_types("np.lexsort", [keys.items[0] if hasattr(keys, "items") else keys])
    own = t.shape if hasattr(keys, "items") or t.shape is None else t.shape[1:]
    return _places(own)


def _nanarg_type(a: Type, /, axis: int | None = None, *, keepdims: bool = False) -> Type:
    (t,) = array_types("np.nanargmax", [a])
    return array(PLACES, reduced_shape(t.shape, axis, keepdims))


def _is_in_type(element: Type, test_elements: Type, /, assume_unique: bool = False, invert: bool = False) -> Type:
    (t,) = array_types("np.isin", [element])
    return array(BOOL.dtype, t.shape)


def _array_equal_type(a1: Type, a2: Type, /, equal_nan: bool = False) -> Type:
    return BOOL


constant(np.digitize, _digitize_type, samples=lambda rng: [Sample((REAL(rng, (3,)), np.array([-1.0, 0.0, 1.0])))])
constant(
    np.argpartition,
    _argpartition_type,
    samples=lambda rng: [Sample((REAL(rng, (5,)), 2)), Sample((REAL(rng, (2, 3)), 1), {"axis": 0})],
)
constant(np.lexsort, _lexsort_type, samples=lambda rng: [Sample(((REAL(rng, (4,)), REAL(rng, (4,))),))])
constant(np.nanargmax, _nanarg_type, samples=lambda rng: [Sample((REAL(rng, (2, 3)),), {"axis": 1})])
constant(np.nanargmin, _nanarg_type, samples=lambda rng: [Sample((REAL(rng, (2, 3)),))])
constant(np.isin, _is_in_type, samples=lambda rng: [Sample((REAL(rng, (3,)), np.array([1.0, 2.0])))])
constant(np.array_equal, _array_equal_type, samples=lambda rng: [Sample((REAL(rng, (3,)), REAL(rng, (3,))))])
constant(np.array_equiv, lambda a1, a2, /: BOOL, samples=lambda rng: [Sample((REAL(rng, (3,)), REAL(rng, (3,))))])


def _partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect") -> Any:
    x, k = (np.ravel(a), 0) if axis is None else (a, axis)
    return np.take_along_axis(x, call(np.argpartition, x, kth, **keywords(axis=None if k == -1 else k)), axis=k)


define(
    np.partition,
    _partition,
    lambda rng: [
        Sample((REAL(rng, (5,)), 2)),
        Sample((REAL(rng, (3, 4)), 1)),
        Sample((REAL(rng, (3, 4)), 1), {"axis": None}),
        Sample((REAL(rng, (3, 4)), (0, 2)), {"axis": 1}),
    ],
)


# Each number once: the first of equal ones has the derivative


def _unique_type(
    ar: Type,
    /,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Type:
    (t,) = array_types("np.unique", [ar])
    count = _some()
    parts: list[Type] = [ArrayType(t.dtype, (count,), "array")]
    parts += [_places((count,))] if return_index else []
    parts += [_places(t.shape)] if return_inverse else []
    parts += [_places((count,))] if return_counts else []
    return parts[0] if len(parts) == 1 else tuple_type(*parts)


def _first_places(x: Any) -> Any:
    return call(np.unique, x, return_index=True)[1]


def _unique_tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
    found = np.ravel(dots[0])[_first_places(xs[0])]
    several = any(static.get(f"return_{k}") for k in ("index", "inverse", "counts"))
    return (found, *[None] * (len(y) - 1)) if several else found


def _unique_adjoint(g: Any, y: Any, xs: Any, active: Any, **static: Any) -> Any:
    bar = g[0] if isinstance(g, tuple) else g
    if bar is None:
        return (None,)
    x = xs[0]
    # A subgradient: of equal numbers the first one stands for all.
    spread = scattered(np.zeros_like(np.ravel(x)), _first_places(x), bar)
    return (np.reshape(spread, shape_of(x)),)


rule(
    np.unique,
    _unique_type,
    tangent=_unique_tangent,
    adjoint=_unique_adjoint,
    samples=lambda rng: [
        Sample((REAL(rng, (4,)),)),
        Sample((REAL(rng, (2, 3)),)),
        Sample((REAL(rng, (4,)),), {"return_index": True, "return_counts": True}),
    ],
)


def _laid_out(a: Any, dtype: Any = None) -> Any:
    found = call(np.asarray, a, **keywords(dtype=dtype))
    return np.atleast_1d(found) if rank_of(found) == 0 else found


for _function in (np.ascontiguousarray, np.asfortranarray):
    define(
        _function,
        _laid_out,
        lambda rng: [Sample((REAL(rng, (2, 3)),)), Sample((REAL(rng, (2,)),), {"dtype": np.float32})],
        view=True,
    )
