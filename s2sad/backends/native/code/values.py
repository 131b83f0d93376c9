"""What stands for a value of a program of loops in the text of LLVM."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from s2sad.errors import UnsupportedType

BOOL = np.dtype(bool)
INT = np.dtype(np.int64)
FLOAT = np.dtype(np.float64)

_FLOATS = {4: "float", 8: "double"}
_LARGEST = 1 << 63


@dataclass(frozen=True, slots=True)
class Number:
    """A number: one operand, or its real and its imaginary part.

    An integer is at most `limit`, but for its sign. It is an `index` where it is made of lengths and indices alone:
    what is computed of these is no larger than memory.
    """

    parts: tuple[str, ...]
    dtype: np.dtype[Any]
    limit: int = _LARGEST
    index: bool = False

    @property
    def text(self) -> str:
        (part,) = self.parts
        return part

    @property
    def part(self) -> str:
        """The type of a part."""
        return part_type(self.dtype)


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """Memory of an array. `owner` is the pointer that is to be freed, or null, where it may be the function's own.

    It `varies` where only the run knows which memory it is.
    """

    owner: str | None = None
    varies: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Handle:
    """An array: where it lies row by row, and its lengths."""

    pointer: str
    lengths: tuple[str, ...]
    dtype: np.dtype[Any]
    memory: Memory


Term: TypeAlias = "Number | Handle | tuple[Term, ...] | None"
"""What stands for a value: None for what has no form at run time."""


def part_type(dtype: np.dtype[Any]) -> str:
    """The type of LLVM in which a number of that dtype is computed; of a complex number, that of its parts."""
    size = dtype.itemsize
    match dtype.kind:
        case "b":
            return "i1"
        case "i" | "u":
            return f"i{8 * size}"
        case "f" if size in _FLOATS:
            return _FLOATS[size]
        case "c" if size // 2 in _FLOATS:
            return _FLOATS[size // 2]
    raise UnsupportedType(f"{dtype.name} in native code", "compute with float64")


def stored_type(dtype: np.dtype[Any]) -> str:
    """The type of a part of a number in memory."""
    return "i8" if dtype.kind == "b" else part_type(dtype)


def real_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of the parts."""
    return np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else dtype


def limit_of(dtype: np.dtype[Any]) -> int:
    """The largest magnitude of an integer of that dtype."""
    match dtype.kind:
        case "b":
            return 1
        case "u":
            return (1 << 8 * dtype.itemsize) - 1
        case "i":
            return 1 << (8 * dtype.itemsize - 1)
    return _LARGEST


def float_text(value: float, dtype: np.dtype[Any] = FLOAT) -> str:
    """A float as LLVM reads it: the bits of the double that it is."""
    with np.errstate(all="ignore"):
        exact = float(dtype.type(value))
    return f"0x{struct.unpack('<Q', struct.pack('<d', exact))[0]:016X}"


def literal(value: Any, dtype: np.dtype[Any]) -> Number:
    """A known number."""
    if dtype.kind == "c":
        part = real_dtype(dtype)
        return Number((float_text(complex(value).real, part), float_text(complex(value).imag, part)), dtype)
    if dtype.kind == "f":
        return Number((float_text(float(value), dtype),), dtype)
    if dtype.kind == "b":
        return Number(("true" if value else "false",), dtype, 1)
    number = int(value)
    if abs(number) > limit_of(dtype):
        raise UnsupportedType(f"the integer {number} in native code", "use a float")
    return Number((str(number),), dtype, abs(number), True)


def is_literal(text: str) -> bool:
    """Whether an operand is an integer that stands in the text."""
    return text.lstrip("-").isdigit()
