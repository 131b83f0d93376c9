"""The type of a result where that of an operand is in doubt: a value of either dtype, a number of Python's or NumPy's.

    s: either float32 (a np.float32 or a float)
    s * x: float32[n]              of both
    np.sin(s): float64, doubtful   float32 of one, float64 of the other

A type rule is asked for each type that the operands may have, so that no rule needs to know of doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import reduce
from itertools import product

import numpy as np

from s2sad.ir.types import ArrayType, ContainerType, Kind, SequenceType, Type, join

DTYPES = {"b": np.dtype(bool), "i": np.dtype(np.int64), "f": np.dtype(np.float64), "c": np.dtype(np.complex128)}
"""The dtypes of Python's numbers, by their kinds."""

PRECISIONS = {"f": (np.dtype(np.float32), np.dtype(np.float64)), "c": (np.dtype(np.complex64), np.dtype(np.complex128))}
"""What a dtype in doubt may be, by its kind."""

MOST = 3
"""So many operands in doubt are taken each by itself; more of them all in one way."""


def has_its_dtype(t: Type) -> bool:
    """Whether the numbers of a type are surely of its dtype: a float of Python's has the bits of a float64."""
    return not t.in_doubt or (not t.doubtful and t.dtype in DTYPES.values())


def result_in_doubt(rule: Callable[[Sequence[Type]], Type], types: Sequence[Type], elementwise: bool) -> Type:
    """What a type rule gives of operands some of which are in doubt: one type for all that they may be.

    What may be an array or a number is an array for a function that is not elementwise: it may take axes, a shape.
    """
    ways = [_ways(t, elementwise) if t.in_doubt else [t] for t in types]
    # Each combination asks the rule once, and their number is exponential: with many, all take their k-th case at once.
    if sum(len(w) > 1 for w in ways) > MOST:
        longest = max(map(len, ways))
        cases = [tuple(w[min(k, len(w) - 1)] for w in ways) for k in range(longest)]
    else:
        cases = list(product(*ways))
    return reduce(_either, [rule(case) for case in cases])


def _ways(t: Type, elementwise: bool) -> list[Type]:
    """The types without doubt that a value may have."""
    match t:
        case ArrayType():
            return list(dict.fromkeys(_ways_of_numbers(t, elementwise)))
        case ContainerType():
            items = [_ways(i, elementwise) for i in t.items]
            longest = max(map(len, items))
            return [replace(t, items=tuple(i[min(k, len(i) - 1)] for i in items)) for k in range(longest)]
        case SequenceType():
            return [replace(t, item=i) for i in _ways(t.item, elementwise)]
    return [t]


def _ways_of_numbers(t: ArrayType, elementwise: bool) -> Iterator[ArrayType]:
    if t.dtype is None:
        yield t
        return
    # The case that is nearest to the type comes first: `_either` keeps its shape, and joins the dtypes of the others.
    kind: Kind = "numpy" if t.kind == "either" or (t.kind == "any" and t.shape == () and elementwise) else t.kind
    sure = replace(t, kind="array" if kind == "any" and elementwise else kind, doubtful=False)
    yield sure
    if t.doubtful:
        yield from (replace(sure, dtype=d) for d in PRECISIONS.get(t.dtype.kind, ()))
    if t.kind == "either" or (t.kind == "any" and not t.shape and elementwise):
        # Python has no unsigned integers.
        yield ArrayType(DTYPES["i" if t.dtype.kind == "u" else t.dtype.kind], (), "python", t.size)


def _either(a: Type, b: Type) -> Type:
    """One type for results of one operation: they differ in their dtypes alone."""
    match a, b:
        case ArrayType(), ArrayType():
            found = join(replace(a, shape=(), size=None), replace(b, shape=(), size=None))
            assert isinstance(found, ArrayType)
            return replace(a, dtype=found.dtype, kind=found.kind, doubtful=found.doubtful)
        case ContainerType(), ContainerType() if a.keys == b.keys:
            return replace(a, items=tuple(map(_either, a.items, b.items)))
        case SequenceType(), SequenceType():
            return replace(a, item=_either(a.item, b.item))
    return a
