"""The type of what a black box gives: as the user says, or by two runs on small arguments, or unknown."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple

import numpy as np

from s2sad.errors import RuleError, UnsupportedCall
from s2sad.ir.broadcasting import broadcast_shapes
from s2sad.ir.dims import Dim, Size, Symbol, is_known, new_dim
from s2sad.ir.types import ArrayType, ContainerType, StaticType, Type, array, promote, symbols
from s2sad.ir.unruled import acts, is_flat
from s2sad.ir.user_rules import BlackBox, place_of

UNKNOWN = ArrayType(None, None, "any")


class Spec(NamedTuple):
    """What is known of an array: its lengths, some of them symbols that stand for numbers, and its dtype."""

    shape: object
    dtype: object


def result_type(box: BlackBox, types: Sequence[Type], static: Mapping[str, object]) -> Type:
    """The type of what a black box gives for arguments of these types.

    Raises:
        RuleError: the user's `result=` does not say a type.
    """
    if box.result == "elementwise":
        arrays = [t for t in types if isinstance(t, ArrayType)]
        dtype = promote(*arrays)
        inexact = dtype if dtype is None or dtype.kind in "fc" else np.dtype(float)
        return array(inexact, broadcast_shapes(*(t.shape for t in arrays)))
    if box.result is not None:
        return _said(box, box.result(*map(_spec, types)))
    return _found(box, types, static)


# As the user says


def _spec(t: Type) -> object:
    if t.is_numeric:
        return Spec(t.shape, t.dtype)
    if t.is_container:
        return tuple(map(_spec, t.items))
    return t.value if isinstance(t, StaticType) else None


def _said(box: BlackBox, said: object) -> Type:
    if isinstance(said, tuple) and len(said) == 2 and (said[0] is None or _is_shape(said[0])):
        return array(None if said[1] is None else np.dtype(said[1]), said[0])
    if isinstance(said, (tuple, list)):
        items = [_said(box, s) for s in said]
        return ContainerType(type(said) if type(said) is list else tuple, tuple(range(len(items))), tuple(items))
    raise RuleError(
        f"result= of {box.name} gives {said!r}", "return one of its arguments, or (shape, dtype)", place_of(box.result)
    )


def _is_shape(shape: object) -> bool:
    return isinstance(shape, tuple) and all(isinstance(d, (int, Size)) for d in shape)


# By running it


def _found(box: BlackBox, types: Sequence[Type], static: Mapping[str, object]) -> Type:
    """What two runs agree on; nothing is known where one of them cannot be, would act, or raises."""
    if acts(box.function):
        return UNKNOWN
    # Two runs with other lengths for each symbol, all different: a length of the result that is that of an argument in
    # both is that of the argument. One run could not tell it from a constant.
    lengths = [dict(zip(sorted(set().union(*map(symbols, types)), key=str), count(k), strict=False)) for k in (3, 11)]
    runs = []
    for k, row in enumerate(lengths):
        generator = np.random.default_rng(k)
        try:
            arguments = [_sample(t, row, generator) for t in types]
            given = copy.deepcopy(arguments)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                runs.append(box.function(*arguments, **static))
        except Exception:
            return UNKNOWN
        if box.module is not None and _are_changed(given, arguments):
            raise UnsupportedCall(f"{box.name} writes into what it is given", "write that as assignments, y[...] = x")
    dims = {tuple(_length(d, row) for row in lengths): d for t in types for d in _dims(t)}
    return _common(runs[0], runs[1], dims, exact=is_flat(box.function))


def _are_changed(before: Sequence[object], after: Sequence[object]) -> bool:
    pairs = zip(before, after, strict=True)
    return any(isinstance(a, np.ndarray) and not np.array_equal(a, b, equal_nan=True) for a, b in pairs)  # type: ignore[arg-type]


def _sample(t: Type, lengths: Mapping[Symbol, int], generator: np.random.Generator) -> object:
    match t:
        case ArrayType(kind="python") if t.dtype is not None:
            if t.dtype.kind == "i":
                return _length(t.size, lengths) if t.size is not None else 2
            return {"b": True, "f": 0.7, "c": 0.7 + 0.2j}[t.dtype.kind]
        case ArrayType() if t.shape is not None:
            shape = tuple(_length(d, lengths) for d in t.shape)
            values = generator.uniform(0.5, 1.5, shape)
            if len(shape) == 2 and shape[0] == shape[1]:
                # A square matrix is made diagonally dominant, so that what solves or inverts does not raise.
                values = values + shape[0] * np.eye(shape[0])
            return np.asarray(values).astype(t.dtype or float)[()]
        case ContainerType() if t.cls in (tuple, list):
            return t.cls(_sample(i, lengths, generator) for i in t.items)
        case StaticType():
            return t.value
    raise TypeError(t)


def _dims(t: Type) -> Iterator[Dim]:
    if t.is_container:
        for item in t.items:
            yield from _dims(item)
    elif t.is_numeric:
        yield from t.shape or ()


def _length(d: Dim, lengths: Mapping[Symbol, int]) -> int:
    return d if is_known(d) else d.offset + sum(c * lengths[s] for s, c in d.terms)


def _common(a: object, b: object, dims: Mapping[tuple[int, ...], Dim], exact: bool) -> Type:
    """The type of two results: a length that is that of an argument in both is this length.

    An integer may be a float for other arguments, but where its dtype is `exact`.
    """
    if isinstance(a, (tuple, list)) and type(a) is type(b) and type(a) in (tuple, list) and len(a) == len(b):
        items = [_common(x, y, dims, exact) for x, y in zip(a, b, strict=True)]
        return ContainerType(type(a), tuple(range(len(items))), tuple(items))
    if not all(isinstance(x, (bool, int, float, complex, np.generic, np.ndarray)) for x in (a, b)):
        return UNKNOWN
    m, n = np.asarray(a), np.asarray(b)
    dtype = m.dtype if m.dtype == n.dtype and (exact or m.dtype.kind in "fc") else None
    if m.ndim != n.ndim:
        return ArrayType(dtype, None, "any")
    shape = tuple(dims.get(pair, new_dim("k")) for pair in zip(m.shape, n.shape, strict=True))
    return ArrayType(dtype, (), "any") if not shape else ArrayType(dtype, shape, "array")
