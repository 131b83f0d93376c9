"""Straight-line IR computed with NumPy, and what the tests of the rules need to know of types and containers.

Operations are run as they are spelled in the emitted text, so that the spelling is tested too.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np
import scipy

from s2sad.ir.dims import Dim, Size, Symbol
from s2sad.ir.printer import spelling_of
from s2sad.ir.signature import Signature
from s2sad.ir.types import ArrayType, ContainerType, SequenceType, SliceType, StaticType, Type, type_of
from s2sad.ir.values import Apply, Constant, Operand, Operation, Value


@cache
def _spelled(spelling: str, arity: int) -> Callable[..., Any]:
    names = ", ".join(f"_{k}" for k in range(arity))
    return eval(f"lambda {names}: {spelling}", {"np": np, "math": math, "operator": operator, "scipy": scipy})  # type: ignore[no-any-return]


def run(op: Apply, values: list[Any]) -> Any:
    """The result of one operation."""
    spelling = spelling_of(op)
    if spelling is not None:
        return _spelled(spelling, len(values))(*values)
    return op.primitive.run(values, dict(op.static))


def evaluate(operations: Iterable[Operation], env: dict[Value, Any]) -> dict[Value, Any]:
    """Compute the operations in order; `env` has the values of the parameters and gets those of the results."""
    for op in operations:
        assert isinstance(op, Apply), op
        env[op.result] = run(op, [value_of(o, env) for o in op.operands])
    return env


def value_of(operand: Operand, env: Mapping[Value, Any]) -> Any:
    return operand.value if isinstance(operand, Constant) else env[operand]


# abstract types of numbers


def is_inexact(x: Any) -> bool:
    """A float, a complex number, or an array of these."""
    return isinstance(x, (float, complex, np.ndarray, np.generic)) and np.asarray(x).dtype.kind in "fc"


def is_value(x: Any) -> bool:
    """Whether an operand stands for a value at run time: an array, a float, a container of these."""
    if isinstance(x, (tuple, list)):
        return any(map(is_value, x))
    return isinstance(x, (float, complex, np.ndarray, np.generic))


def unknown_rank(t: Type, with_dtype: bool = True) -> Type:
    """The type with all ranks forgotten, and the dtypes of floats too where they are not wanted."""
    match t:
        case ArrayType():
            return ArrayType(t.dtype if with_dtype or not t.is_inexact else None, None, "any")
        case ContainerType():
            return ContainerType(t.cls, t.keys, tuple(unknown_rank(item, with_dtype) for item in t.items))
    return t


ABSTRACTIONS: dict[str, Callable[[Signature, Any], Type]] = {
    "exact": lambda signature, x: type_of(x),
    "constants": lambda signature, x: signature.type_of(x),
    "symbolic": lambda signature, x: signature.type_of(x),
    "unknown rank": lambda signature, x: unknown_rank(type_of(x)),
    "unknown": lambda signature, x: unknown_rank(type_of(x), with_dtype=False),
}
"""From an operand to the type by which the compiler knows it; in "constants", Python's numbers are known themselves."""


def lengths(signature: Signature) -> dict[Symbol, int]:
    """What the symbols of a signature stand for."""
    return {s: d for s, d in signature.back().items() if isinstance(d, int)}


def disagreement(t: Type, x: Any, symbols: Mapping[Symbol, int]) -> str | None:
    """How a number contradicts the type that was computed for it; None where it does not."""
    match t:
        case ArrayType():
            return _array_disagreement(t, x, symbols)
        case ContainerType():
            assert isinstance(x, (tuple, list))
            if isinstance(x, list) != (t.cls is list) or len(x) != len(t.keys):
                return f"{x!r} is no {t}"
            found = (disagreement(item, v, symbols) for item, v in zip(t.items, x, strict=True))
            return next((d for d in found if d), None)
        case SequenceType():
            if not isinstance(x, (list, tuple, range)) or not agrees(t.length, len(x), symbols):
                return f"{x!r} is no {t}"
            return next((d for d in (disagreement(t.item, v, symbols) for v in x) if d), None)
        case StaticType() | SliceType():
            return None
    return f"{t} for {x!r}"


def agrees(d: Dim, n: int, symbols: Mapping[Symbol, int]) -> bool:
    """Whether a dimension may be `n`: one with fresh symbols may be anything."""
    if isinstance(d, Size):
        return any(s not in symbols for s, _ in d.terms) or d.offset + sum(c * symbols[s] for s, c in d.terms) == n
    return d == n


def _array_disagreement(t: ArrayType, x: Any, symbols: Mapping[Symbol, int]) -> str | None:
    if not isinstance(x, (bool, int, float, complex, np.ndarray, np.generic)):
        return f"{x!r} is no {t}"
    dtype = np.asarray(x).dtype
    if (
        t.dtype is not None
        and t.dtype != dtype
        and not ((t.doubtful or t.kind == "either") and t.dtype.kind == dtype.kind)
    ):
        return f"dtype {dtype}, computed {t.dtype}"
    shape = np.shape(x)
    if t.shape is not None:
        if len(t.shape) != len(shape):
            return f"shape {shape}, computed {t.shape}"
        if not all(agrees(d, n, symbols) for d, n in zip(t.shape, shape, strict=True)):
            return f"shape {shape}, computed {t.shape} with {dict(symbols)}"
    kind = "array" if isinstance(x, np.ndarray) else "numpy" if isinstance(x, np.generic) else "python"
    either = t.kind in ("numpy", "either") and kind != "array"  # a scalar of either kind is NumPy's
    if t.kind not in (kind, "any") and not either:
        return f"kind {kind}, computed {t.kind}"
    if t.size is not None and not agrees(t.size, int(np.asarray(x)), symbols):
        return f"{x}, computed {t.size}"
    return None


# containers of numbers


def leaves(x: Any) -> list[Any]:
    """The numbers in nested containers, in order."""
    return [leaf for item in x for leaf in leaves(item)] if isinstance(x, (tuple, list)) else [x]


def tree_map(f: Callable[..., Any], x: Any, *rest: Any) -> Any:
    """`f` of each number; a None in `rest` stands for a container of Nones. NamedTuples become tuples."""
    if not isinstance(x, (tuple, list)):
        return f(x, *rest)
    rows = [[None] * len(x) if r is None else list(r) for r in rest]
    items = [tree_map(f, *row) for row in zip(x, *rows, strict=True)]
    return items if type(x) is list else tuple(items)
