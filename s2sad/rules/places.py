"""Places of numbers: where they stand in order, which of them are not zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from s2sad.ir.builder import call
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.ir.types import BOOL, ArrayType, Shape, Type, array, dim_product, new_dim
from s2sad.rules.families import REAL, array_types, constant
from s2sad.rules.reductions import reduced_shape
from s2sad.rules.statistics import keywords

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
