"""What writes machine code that other native code calls by its address: see `by_address`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from s2sad.backends.boundary import class_name
from s2sad.backends.native.runner import RUNNER, entry_types, packed
from s2sad.backends.runner import Runner, Unit, Written
from s2sad.errors import UnsupportedType
from s2sad.ir.types import ArrayType, ContainerType, Type


@dataclass(frozen=True)
class AddressRunner(Runner):
    """Writes the loops of a program, and their code with an entry that takes numbers and addresses."""

    def check(self) -> None:
        RUNNER.check()

    def write(self, unit: Unit) -> Written:
        from s2sad.backends.native.stages import compiled
        from s2sad.emit.flat import emit_flat

        if unit.reverse is not None:
            raise UnsupportedType("a pair of sweeps by its address", "call both in one function")
        gives = form_of_result(unit.interface.result)
        facts = unit.call.facts if unit.call else ()
        programs, called, code = compiled(unit.functions, entry_types(unit), facts, by_address=True)
        programs = [replace(programs[0], doc=unit.doc), *programs[1:]]
        text, lines, parts = emit_flat(unit.header(), [*called, *programs], self.spelling())
        return Written(text, lines, {"code": packed(code), "function": unit.entry, "gives": gives}, parts)


ADDRESSED = AddressRunner(replace(RUNNER.backend))


def form_of_result(t: Type) -> object:
    """A result as plain data: `[dtype, rank]` of an array, `[dtype, None]` of a number, `[class, items]` of a tuple.

    Raises:
        UnsupportedType: it is something else.
    """
    if isinstance(t, ContainerType) and issubclass(t.cls, tuple):
        return [class_name(t.cls), [form_of_result(i) for i in t.items]]
    if isinstance(t, ArrayType) and t.dtype is not None and t.shape is not None and t.kind != "any":
        return [t.dtype.name, t.rank if t.kind == "array" else None]
    raise UnsupportedType(f"{t} as a result for other native code", "give numbers, arrays, and tuples of them")
