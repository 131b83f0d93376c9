"""The type rules of functions that broadcast: dtypes as NumPy promotes them, and Python's own for Python's numbers.

    elementwise_type(np.sin)                    float64[n] -> float64[n],   int -> float64
    operator_type(np.add, size=dim_sum)         int, int -> int,            float64[n], float -> float64[n]

Integer arithmetic keeps the symbolic value of its result: `n - 1` for the length of `np.zeros(n - 1)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from s2sad.ir.broadcasting import broadcast_shapes
from s2sad.ir.dims import ANY_SIGN, Dim, Size, derived_dim, dim_scaled, may_be_negative
from s2sad.ir.doubt import DTYPES
from s2sad.ir.primitive import primitive_name
from s2sad.ir.types import ArrayType, Kind, Type, array, promote

Promotion = Callable[[list[ArrayType]], np.dtype[Any] | None]
SizeRule = Callable[..., Dim | None]
"""From the symbolic values of integers to that of the result, None where there is none."""


def elementwise_type(function: Callable[..., Any], result: str | None = None, arity: int = 1) -> Callable[..., Type]:
    """The type rule of a ufunc-like function: shapes broadcast, dtypes as NumPy promotes them.

    `result` and `arity` are for functions that are no ufuncs (see `result_dtype`).
    """
    name = primitive_name(function)

    def rule(*types: Type) -> Type:
        arrays = array_types(name, types)
        dtype = ufunc_dtype(function, arrays) if isinstance(function, np.ufunc) else result_dtype(arrays, result)
        return array(dtype, broadcast_shapes(*(t.shape for t in arrays)))

    return with_arity(rule, function.nin if isinstance(function, np.ufunc) else arity)


def operator_type(
    function: np.ufunc, python: Promotion | None = None, size: SizeRule | None = None
) -> Callable[..., Type]:
    """The type rule of a ufunc that stands for an operator of Python's too: on Python scalars it gives such a one.

    `python` is what the operator makes of their dtypes, arithmetic if it is not given; `size` what it makes of integers
    whose value is known as an expression of lengths.
    """
    name = primitive_name(function)
    dtype_of_numbers = python or arithmetic_dtype

    def rule(*types: Type) -> Type:
        arrays = array_types(name, types)
        if all(t.kind == "python" for t in arrays):
            return ArrayType(dtype_of_numbers(arrays), (), "python", _size_of(size, arrays))
        result = array(ufunc_dtype(function, arrays), broadcast_shapes(*(t.shape for t in arrays)))
        return _of_scalars(result, size, arrays) if result.shape == () else result

    return with_arity(rule, function.nin)


def _of_scalars(result: ArrayType, size: SizeRule | None, types: list[ArrayType]) -> ArrayType:
    """The result of an operator on scalars, some of them NumPy's."""
    first, *others = types
    if _is_complex(first):
        kind = _beside_complex(others)
    else:
        deciding = [first] if any(map(_is_complex, others)) else types
        kind = "numpy" if any(t.kind in ("numpy", "array") for t in deciding) else "any"
    return replace(result, kind=kind, size=_size_of(size, types))


def _is_complex(t: ArrayType) -> bool:
    """Whether a number is a complex of Python's own."""
    return t.kind == "python" and t.dtype == DTYPES["c"]


def _beside_complex(others: list[ArrayType]) -> Kind:
    """What a Python complex makes of scalars behind it: it takes NumPy's float64, as that is a Python float."""
    if any(t.kind not in ("numpy", "array") or t.dtype is None for t in others):
        return "any"
    taken = [t.kind == "numpy" and t.dtype == np.float64 for t in others]
    return "python" if all(taken) else "any" if any(taken) else "numpy"


def with_arity(rule: Callable[..., Type], arity: int) -> Callable[..., Type]:
    """The type rule with that many positional parameters: a wrong number of operands is a TypeError of the call."""
    if arity == 1:
        return lambda x, /: rule(x)
    if arity == 2:
        return lambda x, y, /: rule(x, y)
    if arity == 3:
        return lambda x, y, z, /: rule(x, y, z)
    if arity == 4:
        return lambda x, y, z, w, /: rule(x, y, z, w)
    return lambda x, y, z, w, v, /: rule(x, y, z, w, v)


def array_types(name: str, types: Iterable[Type]) -> list[ArrayType]:
    """The types, all of them arrays or numbers."""
    arrays = [t for t in types if isinstance(t, ArrayType)]
    if len(arrays) != len(list(types)):
        raise TypeError(f"{name} of {', '.join(map(repr, types))}")
    return arrays


# What Python's operators make of Python's numbers


def truth_dtype(types: list[ArrayType]) -> np.dtype[Any] | None:
    """A comparison is true or false."""
    return DTYPES["b"]


def bitwise_dtype(types: list[ArrayType]) -> np.dtype[Any] | None:
    """The bits of two truths are a truth."""
    if any(t.dtype is None for t in types):
        return None
    return DTYPES[max((t.dtype.kind for t in types if t.dtype is not None), key="bifc".index)]


def arithmetic_dtype(types: list[ArrayType]) -> np.dtype[Any] | None:
    """A truth counts as an integer."""
    dtype = bitwise_dtype(types)
    return DTYPES["i"] if dtype == DTYPES["b"] else dtype


def quotient_dtype(types: list[ArrayType]) -> np.dtype[Any] | None:
    """Integers have a quotient that is a float."""
    dtype = arithmetic_dtype(types)
    return DTYPES["f"] if dtype == DTYPES["i"] else dtype


def power_dtype(types: list[ArrayType]) -> np.dtype[Any] | None:
    """None where the power of an integer may be an integer or a float."""
    dtype, exponent = arithmetic_dtype(types), types[1]
    if dtype != DTYPES["i"] or exponent.dtype != DTYPES["i"]:
        return dtype
    # In Python 2 ** -1 is a float and 2 ** 1 an integer: the type depends on the value.
    if isinstance(exponent.size, int) and exponent.size < 0:
        return DTYPES["f"]
    return None if may_be_negative(exponent.size) else dtype


def _size_of(size: SizeRule | None, types: list[ArrayType]) -> Dim | None:
    """The symbolic value of integer arithmetic: `n - 1` for the length of `np.zeros(n - 1)`."""
    sizes = [t.size for t in types if t.size is not None and t.dtype == DTYPES["i"]]
    return size(*sizes) if size is not None and len(sizes) == len(types) else None


def product_size(a: Dim, b: Dim) -> Dim | None:
    """`a * b`: linear where one of them is a number."""
    if isinstance(b, int):
        return dim_scaled(a, b)
    return dim_scaled(b, a) if isinstance(a, int) else _derived("*", a, b)


def quotient_size(a: Dim, b: Dim) -> Dim | None:
    """`a // b`: linear where it is exact for whatever the symbols stand for."""
    if b == 0:
        return None
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    # Floor division goes through a sum only where it divides every coefficient; the offset may have any remainder.
    if isinstance(a, int) or not isinstance(b, int) or any(c % b for _, c in a.terms):
        return _derived("//", a, b)
    return Size(frozenset((s, c // b) for s, c in a.terms), a.offset // b)


def _derived(name: str, a: Dim, b: Dim) -> Dim:
    """What a function of integers gives, all of which are not below 0 where neither operand is."""
    return derived_dim(name, a, b, least=ANY_SIGN if may_be_negative(a) or may_be_negative(b) else 0)


def size_by(name: str, function: Callable[[int, int], int]) -> SizeRule:
    """The size rule of an operator that is known on numbers alone: of symbols it is a symbol."""

    def size(a: Dim, b: Dim) -> Dim | None:
        if isinstance(a, int) and isinstance(b, int):
            return function(a, b) if b > 0 else None
        return _derived(name, a, b)

    return size


# What NumPy makes of dtypes


def ufunc_dtype(function: np.ufunc, types: list[ArrayType]) -> np.dtype[Any] | None:
    """NumPy's own answer; None where an operand's dtype is not known, unless the result is a bool in any case."""
    if any(t.dtype is None for t in types):
        return DTYPES["b"] if function.types[:2][-1].endswith("?") else None
    return for_either_kind(lambda ts: _resolve(function, tuple(map(_weak, ts))), types)


def for_either_kind(promotion: Promotion, types: list[ArrayType]) -> np.dtype[Any] | None:
    """The promoted dtype; None where it depends on whether an operand is a Python scalar, which is not known."""
    dtype = promotion(types)
    doubtful = [t.kind == "any" and not t.shape and t.dtype in DTYPES.values() for t in types]
    if any(doubtful) and len(types) > 1:
        weak = [replace(t, shape=(), kind="python") if d else t for t, d in zip(types, doubtful, strict=True)]
        # Promotion depends on more than dtypes (NEP 50): a NumPy float64 makes a float32 array one of float64, Python's
        # float leaves it. Where it is not known which of them it is, the dtype is known only if both give the same.
        return dtype if promotion(weak) == dtype else None
    return dtype


_PYTHON_CLASSES: dict[str, type] = {"i": int, "f": float, "c": complex}


def _weak(t: ArrayType) -> np.dtype[Any] | type | None:
    return t.dtype if t.kind != "python" or t.dtype is None else _PYTHON_CLASSES.get(t.dtype.kind, t.dtype)


@cache
def _resolve(function: np.ufunc, operands: tuple[Any, ...]) -> np.dtype[Any]:
    return function.resolve_dtypes((*operands, *(None,) * function.nout))[function.nin]


def result_dtype(types: list[ArrayType], result: str | None) -> np.dtype[Any] | None:
    """`result`: "float" (integers become float64), "bool", "real" (complex becomes its float), None (as promoted)."""
    if result == "bool":
        return DTYPES["b"]
    dtype = for_either_kind(lambda ts: promote(*ts), types)
    if dtype is None or result is None:
        return dtype
    if dtype.kind in "biu" and result == "float":
        return DTYPES["f"]
    if dtype.kind == "c" and result == "real":
        return np.dtype(f"f{dtype.itemsize // 2}")
    return dtype
