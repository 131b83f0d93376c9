"""How an entry gives its result: numbers as objects of Python's or NumPy's, arrays as the kernel has filled them.

The kernel leaves each leaf in a slot of 16 bytes, an array as its object, which the entry hands on. What is NumPy's in
the program of NumPy is NumPy's here; what may be either there is NumPy's, which is a number of Python's as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from s2sad.backends.native.arguments import HEAD, ITEMS, check_leaf, machine_type
from s2sad.backends.native.assembly import Assembly
from s2sad.backends.native.outside import scalar_name
from s2sad.ir.types import ArrayType, ContainerType, Type, leaves

SLOT = 16
Part = tuple[str, str, int]
"""Of a number: the type, the value and the offset."""


class Results:
    """The result of one entry, from the slots of the kernel."""

    def __init__(self, asm: Assembly, result: Type, failed: str) -> None:
        self.asm = asm
        self.result = result
        self.failed = failed
        """Where to go on where there is no memory, an error set."""
        self.leaves = [check_leaf(t) for t in leaves(result)]
        self._next = 0

    @property
    def size(self) -> int:
        """How many bytes the slots take: the first one is the entry's own."""
        return SLOT * (len(self.leaves) + 1)

    def clear(self) -> None:
        """Have the slots say that there is no array yet, and the first one that the interpreter is held."""
        for k, t in enumerate(self.leaves):
            if t.kind == "array":
                self.asm.store("ptr", "null", "%slots", SLOT * (k + 1))
        self.asm.store("ptr", "null", "%slots")

    def give(self, put: Callable[[str], None]) -> None:
        """Make the result; whatever is made is put at once where it can be found if what follows fails."""
        self._next = 0
        self._give(self.result, put)

    def drop(self) -> None:
        """Give up the arrays that are in slots still."""
        for k, t in enumerate(self.leaves):
            if t.kind == "array":
                self.asm.call("void", "python Py_DecRef", f"ptr {self._object(k)}")

    def _give(self, t: Type, put: Callable[[str], None]) -> None:
        if isinstance(t, ContainerType):
            self._give_tuple(t, put)
            return
        k, self._next = self._next, self._next + 1
        leaf = self.leaves[k]
        if leaf.kind == "array":
            put(self._object(k))
            # it has moved: it is not dropped from here as well
            self.asm.store("ptr", "null", "%slots", SLOT * (k + 1))
            return
        parts = self._parts(leaf, k)
        python = leaf.kind == "python"
        o = number_object(self.asm, leaf, parts) if python else scalar_object(self.asm, leaf, parts, self.failed)
        put(self._made(o))

    def _give_tuple(self, t: ContainerType, put: Callable[[str], None]) -> None:
        asm = self.asm
        made = self._made(asm.call("ptr", "python PyTuple_New", f"i64 {len(t.items)}"))
        put(made)
        for k, item in enumerate(t.items):

            def put_item(o: str, place: int = ITEMS + 8 * k) -> None:
                asm.store("ptr", o, made, place)

            self._give(item, put_item)

    def _object(self, k: int) -> str:
        return self.asm.load("ptr", "%slots", SLOT * (k + 1))

    def _made(self, o: str) -> str:
        """An object, where it could be made."""
        self.asm.require(self.asm.set(f"icmp ne ptr {o}, null"), self.failed)
        return o

    def _parts(self, t: ArrayType, k: int) -> list[Part]:
        """The parts of a number: a complex one has two."""
        assert t.dtype is not None
        kind = "i8" if t.dtype.kind == "b" else machine_type(t.dtype)
        parts = 2 if t.dtype.kind == "c" else 1
        offsets = [n * t.dtype.itemsize // parts for n in range(parts)]
        return [(kind, self.asm.load(kind, "%slots", SLOT * (k + 1) + at), at) for at in offsets]


def number_object(asm: Assembly, t: ArrayType, parts: Sequence[Part]) -> str:
    """A number of Python's."""
    assert t.dtype is not None
    values = [value for _, value, _ in parts]
    match t.dtype.kind:
        case "f":
            return asm.call("ptr", "python PyFloat_FromDouble", f"double {values[0]}")
        case "c":
            return asm.call("ptr", "python PyComplex_FromDoubles", f"double {values[0]}, double {values[1]}")
        case "b":
            return asm.call("ptr", "python PyBool_FromLong", f"i64 {asm.set(f'zext i8 {values[0]} to i64')}")
    return asm.call("ptr", "python PyLong_FromLongLong", f"i64 {values[0]}")


def scalar_object(asm: Assembly, t: ArrayType, parts: Sequence[Part], failed: str) -> str:
    """A scalar of NumPy's."""
    assert t.dtype is not None
    if t.dtype.kind == "b":
        both = f"ptr {asm.thing('object np.True')}, ptr {asm.thing('object np.False')}"
        o = asm.set(f"select i1 {asm.set(f'icmp ne i8 {parts[0][1]}, 0')}, {both}")
        asm.call("void", "python Py_IncRef", f"ptr {o}")
        return o
    name = scalar_name(t)
    o = asm.call("ptr", f"new {name}", f"ptr {asm.thing(f'object scalar {name}')}, i64 0")
    asm.require(asm.set(f"icmp ne ptr {o}, null"), failed)
    for kind, value, at in parts:
        asm.store(kind, value, o, HEAD + at)
    return o
