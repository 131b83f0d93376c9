"""What writes derivatives as C for embedding: they are not run here."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from s2sad.backends.runner import Call, Runner, Unit, Written
from s2sad.errors import ArgumentError, UnsupportedType
from s2sad.ir.backend import LOOPS, Backend
from s2sad.ir.flat import with_leaves
from s2sad.ir.types import StaticType, Type, leaves


@dataclass(frozen=True)
class CRunner(Runner):
    """Writes C. `fixed` are the lengths that are numbers in it.

    `named` says what the results are called, so many, from the names of what each argument brings.
    """

    backend: Backend = replace(LOOPS, name="c99")
    fixed: frozenset[int] = frozenset()
    named: Callable[[Sequence[Sequence[str]], int], Sequence[str]] = lambda arguments, count: []

    def write(self, unit: Unit) -> Written:
        from s2sad.backends.looped import loop_of
        from s2sad.backends.native import elementary
        from s2sad.emit.c import Given, emit_c

        if unit.reverse is not None:
            raise UnsupportedType("a pair of sweeps in C", "use mode reverse, value or forward")
        entry = with_leaves({f.name: f for f in unit.functions}[unit.entry])
        program = loop_of(unit.functions, unit.entry, "C", self.fixed.__contains__)
        facts = unit.call.facts if unit.call else ()
        result = leaves(entry.result.type)
        own = [_leaves(t) for t in (*unit.interface.arguments, *unit.interface.outside)]
        each = iter(entry.parameters)
        parameters = [[(t, p) for t, p in zip(ts, each, strict=False)] for ts in own]
        pairs = [pair for row in parameters for pair in row]
        taken = [(t, p.type) for t, p in pairs]
        names = [[p.hint or "p" for _, p in row] for row in parameters]
        given = Given(taken, result, facts, self.named(names, len(result)))
        sources = emit_c(unit.header(), replace(program, doc=unit.doc), given, elementary)
        return Written(f"C = {sources.c!r}\nH = {sources.h!r}\n", {}, {}, sources.lines)

    def entries(
        self,
        module: types.ModuleType,
        given: Sequence[Type],
        adapted: Callable[[Call], Call],
        plain: Callable[[], Call],
        name: str,
    ) -> tuple[Call, Call | None]:
        def refused(*args: object) -> object:
            raise ArgumentError(f"{name} is C: compile it, and call it from there")

        return refused, None


def _leaves(t: Type) -> list[Type]:
    """The numbers and arrays that an argument brings."""
    return [leaf for leaf in leaves(t) if not isinstance(leaf, StaticType)]
