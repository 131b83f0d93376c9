"""How an entry takes its arguments: the checks that they are what it is compiled for, and what the kernel gets of them.

A number becomes itself, an array the address of its first element and its lengths, a tuple what its items become. What
is anything else, or lies in another way, goes to `slow`: that takes whatever Python can.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from s2sad.backends.native.assembly import Assembly
from s2sad.backends.native.lengths import Lengths
from s2sad.backends.native.outside import DTYPES, scalar_name
from s2sad.errors import UnsupportedType
from s2sad.ir.types import ArrayType, ContainerType, Type

HEAD = object.__basicsize__
"""Where the fields of an object begin."""
CLASS = HEAD - 8
ITEMS = tuple.__basicsize__
COUNT = HEAD
"""Where a tuple has the number of its items."""
DATA, RANK, LENGTHS, DTYPE, FLAGS = (HEAD + k for k in (0, 8, 16, 40, 48))
"""Where an array has what is asked of it: the layout is that of NumPy's public headers."""
ORDER, NUMBER = HEAD + 10, HEAD + 12
"""Where a dtype has the order of its bytes and the number of its type: there may be many objects of one dtype."""
PLAIN = 0x1 | 0x100
"""The flags of an array that lies row by row, at an address that fits its elements."""
PYTHON: dict[np.dtype[Any], str] = {np.dtype(float): "float", np.dtype(complex): "complex"}
"""The classes of Python's numbers that are laid out as NumPy's scalars of these dtypes are."""
MANY = 4096
"""With so many elements, or steps, the interpreter is let go while the kernel runs."""


def machine_type(dtype: np.dtype[np.generic]) -> str:
    """The type of a number in LLVM IR; of a complex one that of its parts."""
    bits = 8 * dtype.itemsize
    match dtype.kind:
        case "b":
            return "i1"
        case "i" | "u":
            return f"i{bits}"
        case "c":
            return "double" if bits == 128 else "float"
    return "double" if bits == 64 else "float"


def check_leaf(t: Type) -> ArrayType:
    """The type of a number or an array that native code can take and give.

    Raises:
        UnsupportedType: it cannot.
    """
    if not isinstance(t, ArrayType) or t.dtype not in DTYPES or t.shape is None or t.kind == "any":
        raise UnsupportedType(f"{t} in native code", "pass numbers, and arrays of floats, integers or truth values")
    return t


def number_and_order(dtype: np.dtype[Any]) -> tuple[str, str]:
    """The number of a type of elements, and the order of their bytes, as text."""
    # by its text: C has two integers of one size, and NumPy a dtype for each
    own = np.dtype(dtype.str)
    return str(own.num), str(ord(own.byteorder))


def has_dtype(asm: Assembly, o: str, number: str, order: str) -> str:
    """The condition that an array has elements of this type, their bytes in this order."""
    own = asm.load("ptr", o, DTYPE)
    same = asm.is_same("i32", asm.load("i32", own, NUMBER), number)
    return asm.set(f"and i1 {same}, {asm.is_same('i8', asm.load('i8', own, ORDER), order)}")


@dataclass
class Arguments:
    """The arguments of one entry, as they are taken."""

    asm: Assembly
    slow: str
    """Where to go on with what is unusual."""
    lengths: Lengths
    passed: list[str] = field(default_factory=list)
    """What the kernel is called with, types and values."""
    long: list[str] = field(default_factory=list)
    """Conditions that much is to be computed."""

    def take(self, t: Type, o: str) -> None:
        """Take an object `o`, which must be of the type."""
        if isinstance(t, ContainerType):
            self.take_tuple(t, o)
            return
        leaf = check_leaf(t)
        if leaf.kind == "array":
            self.take_array(leaf, o)
        else:
            self.take_number(leaf, o)

    def take_tuple(self, t: ContainerType, o: str) -> None:
        """Take a tuple, item by item."""
        asm = self.asm
        self._require_class(o, "object tuple")
        asm.require(asm.is_same("i64", asm.load("i64", o, COUNT), str(len(t.items))), self.slow)
        for k, item in enumerate(t.items):
            self.take(item, asm.load("ptr", o, ITEMS + 8 * k))

    def _require_class(self, o: str, *names: str) -> None:
        asm = self.asm
        cls = asm.load("ptr", o, CLASS)
        known = [asm.is_same("ptr", cls, asm.thing(name)) for name in names]
        found = known[0]
        for other in known[1:]:
            found = asm.set(f"or i1 {found}, {other}")
        asm.require(found, self.slow)

    def take_number(self, t: ArrayType, o: str) -> None:
        """Take a number: its parts."""
        assert t.dtype is not None
        python = t.kind == "python"
        if python and t.dtype.kind == "i":
            self._take_int(o)
        elif python and t.dtype.kind == "b":
            self._take_bool(o, "")
        elif t.dtype.kind == "b":
            self._take_bool(o, "np.")
        else:
            self._take_fields(t, o)

    def _take_int(self, o: str) -> None:
        asm = self.asm
        self._require_class(o, "object int")
        value = asm.call("i64", "python PyLong_AsLongLongAndOverflow", f"ptr {o}, ptr %over")
        asm.require(asm.is_same("i32", asm.load("i32", "%over"), "0"), self.slow)
        self.passed.append(f"i64 {value}")
        self.long.append(asm.set(f"icmp sge i64 {value}, {MANY}"))

    def _take_bool(self, o: str, prefix: str) -> None:
        asm = self.asm
        true = asm.is_same("ptr", o, asm.thing(f"object {prefix}True"))
        false = asm.is_same("ptr", o, asm.thing(f"object {prefix}False"))
        asm.require(asm.set(f"or i1 {true}, {false}"), self.slow)
        self.passed.append(f"i1 {true}")

    def _take_fields(self, t: ArrayType, o: str) -> None:
        """A number that stands in its object as it is: Python's floats have the layout of NumPy's."""
        assert t.dtype is not None
        names = [] if t.kind == "python" else [f"object scalar {scalar_name(t)}"]
        if t.kind != "numpy" and t.dtype in PYTHON:
            names.append(f"object {PYTHON[t.dtype]}")
        self._require_class(o, *names)
        kind, parts = machine_type(t.dtype), 2 if t.dtype.kind == "c" else 1
        for k in range(parts):
            value = self.asm.load(kind, o, HEAD + k * t.dtype.itemsize // parts)
            self.passed.append(f"{kind} {value}")
        if t.dtype.kind in "iu" and t.dtype.itemsize > 2:
            self.long.append(self.asm.set(f"icmp sge {kind} {value}, {MANY}"))

    def take_array(self, t: ArrayType, o: str) -> None:
        """Take an array: its address and its lengths."""
        asm = self.asm
        assert t.dtype is not None and t.shape is not None
        self._require_class(o, "object ndarray")
        same = asm.is_same("i32", asm.load("i32", o, RANK), str(t.rank))
        dtype = has_dtype(asm, o, *number_and_order(t.dtype))
        flags = asm.set(f"and i32 {asm.load('i32', o, FLAGS)}, {PLAIN}")
        whole = asm.set(f"and i1 {same}, {asm.is_same('i32', flags, str(PLAIN))}")
        asm.require(asm.set(f"and i1 {whole}, {dtype}"), self.slow)
        self.pass_array(t, o)

    def pass_array(self, t: ArrayType, o: str) -> None:
        """Pass the address and the lengths of an array that is as it must be."""
        asm = self.asm
        assert t.shape is not None
        self.passed.append(f"ptr {asm.load('ptr', o, DATA)}")
        where = asm.load("ptr", o, LENGTHS)
        own = [asm.load("i64", where, 8 * k) for k in range(len(t.shape))]
        self.passed += [f"i64 {n}" for n in own]
        self.lengths.met += zip(t.shape, own, strict=True)
        count = own[0] if own else "1"
        for n in own[1:]:
            count = asm.set(f"mul i64 {count}, {n}")
        self.long.append(asm.set(f"icmp sge i64 {count}, {MANY}"))

    def is_long(self, steps: float) -> str:
        """The condition that much is to be computed, with so many steps whatever the arguments are."""
        if steps >= MANY:
            return "true"
        found = "false"
        for condition in self.long:
            found = self.asm.set(f"or i1 {found}, {condition}")
        return found
