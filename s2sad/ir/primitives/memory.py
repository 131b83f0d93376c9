"""What a program of loops does with memory: arrays are written and read element by element, row by row in memory.

allocate   an array of these lengths, of which nothing is known: `np.empty((n, m))`
load       the element `a[i, j]`; the indices are in range, and none is counted from the end
store      `a[i, j] = v`: the one thing that changes memory
length     `a.shape[k]`
reshaped   the same memory under other lengths: `a.reshape((n, m))`
guard      the program is left for the one of NumPy unless something holds: that one raises what is to be raised
tally      a sum whose terms may be added in any order
into       what a library computes, written into the last operand: `np.dot(a.T, b, out=c)`, where a is `turned`

What has no loops of its own is an operation as in a program of arrays, on handles: `np.sort(v)`. It reads all of what
it is given, and what it gives is new memory.

An array here is a handle: a program hands it on as it is, and what is stored through it is seen by all that hold it.
Loops carry numbers; an array that changes from one iteration to the next is written in place. Where it has another
shape in each, loops carry its handle.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from s2sad.ir.containers import EXTRACT, MAKE, MAKE_SLICE
from s2sad.ir.dims import Dim, new_dim
from s2sad.ir.primitive import Effect, Primitive, Quantity, register
from s2sad.ir.types import NONE, ArrayType, Type, integer, leaves, promote
from s2sad.ir.values import Apply


class Left(Exception):
    """A program of loops does not go on: that of NumPy computes the result, or raises what is to be raised."""


def _shape_of(lengths: tuple[Type, ...]) -> tuple[Dim, ...]:
    return tuple(new_dim() if t.size is None else t.size for t in lengths)


def _element(array: Type) -> ArrayType:
    return ArrayType(array.dtype, (), "numpy")


def _allocate_type(*lengths: Type, dtype: np.dtype[np.generic]) -> Type:
    return ArrayType(dtype, _shape_of(lengths), "array")


def _allocate(*lengths: int, dtype: np.dtype[np.generic]) -> Quantity:
    return np.empty(lengths, dtype)


def _allocate_spelling(*lengths: Type, dtype: np.dtype[np.generic]) -> str:
    places = [f"_{k}" for k in range(len(lengths))]
    shape = places[0] if len(places) == 1 else f"({', '.join(places)})"
    return f"np.empty({shape})" if dtype == np.float64 else f"np.empty({shape}, np.{dtype.name})"


def _places(types: tuple[Type, ...]) -> str:
    return ", ".join(f"_{k}" for k in range(1, len(types)))


def _load_spelling(*types: Type) -> str:
    return f"_0[{_places(types) or '()'}]"


def _store(array: Quantity, *rest: Quantity) -> None:
    array[rest[:-1]] = rest[-1]


def _length_type(array: Type, /, *, axis: int) -> Type:
    return integer(None if array.shape is None else array.shape[axis])


def _reshaped_type(array: Type, /, *lengths: Type) -> Type:
    return ArrayType(array.dtype, _shape_of(lengths), "array")


def _guard(holds: bool) -> None:
    if not holds:
        raise Left


def _tally_type(total: Type, term: Type, /) -> Type:
    assert isinstance(total, ArrayType) and isinstance(term, ArrayType)
    return ArrayType(promote(total, term), (), total.kind)


def _into_type(*arrays: Type, function: str, turned: tuple[bool, ...] = ()) -> Type:
    return NONE


def _into(*arrays: Quantity, function: str, turned: tuple[bool, ...] = ()) -> None:
    routine: Callable[..., object] = getattr(np, function)
    flags = turned or [False] * (len(arrays) - 1)
    routine(*(a.T if t else a for a, t in zip(arrays, flags, strict=False)), out=arrays[-1])


ALLOCATE = register(Primitive("allocate", _allocate, _allocate_type, spelling=_allocate_spelling))
LOAD = register(
    Primitive("load", lambda array, *at: array[at], lambda array, /, *places: _element(array), spelling=_load_spelling)
)
STORE = register(Primitive("store", _store, lambda array, /, *rest: NONE, effect=Effect.IO))
LENGTH = register(
    Primitive(
        "length", lambda array, *, axis: array.shape[axis], _length_type, spelling=lambda t, axis: f"_0.shape[{axis}]"
    )
)
RESHAPED = register(
    Primitive(
        "reshaped",
        lambda array, *lengths: array.reshape(lengths),
        _reshaped_type,
        effect=Effect.VIEW,
        spelling=lambda *types: f"_0.reshape(({_places(types)},))" if types[1:] else "_0.reshape(())",
    )
)
GUARD = register(Primitive("guard", _guard, lambda holds, /: NONE, effect=Effect.IO))
TALLY = register(Primitive("tally", lambda total, term: total + term, _tally_type, spelling="_0 + _1"))
INTO = register(Primitive("into", _into, _into_type, effect=Effect.IO))

PLAIN = frozenset((ALLOCATE, LOAD, STORE, LENGTH, RESHAPED, GUARD, TALLY, INTO, MAKE, EXTRACT, MAKE_SLICE))
"""What a program of loops is made of, beside functions of numbers."""


def is_of_library(op: Apply) -> bool:
    """Whether an operation is left to a library: it is given arrays, or gives some, and has no loops of its own."""
    if op.primitive in PLAIN:
        return False
    types = [op.result.type, *[o.type for o in op.operands]]
    if all([t.is_scalar for t in types]):
        return False
    found = (leaf for t in types for leaf in leaves(t))
    # of numbers a function that works number by number may say that its result is an array without axes
    return any(leaf.is_array and (leaf.rank != 0 or not op.primitive.elementwise) for leaf in found)


def reads_memory(op: Apply) -> bool:
    """Whether what an operation gives depends on what is in memory when it runs."""
    return op.primitive is LOAD or op.primitive is INTO or is_of_library(op)
