"""Derivatives as C for embedding: compiled for arguments like these, written as two files, and not run here."""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from s2sad.backends.runner import Call, Runner, Unit, Written
from s2sad.compiler.transform import Transform
from s2sad.dispatch.derivative import Derivative
from s2sad.errors import ArgumentError, UnsupportedType
from s2sad.ir.backend import Backend
from s2sad.ir.flat import with_leaves
from s2sad.ir.types import StaticType, Type, leaves
from s2sad.version import __version__

if TYPE_CHECKING:
    from s2sad.emit.c import Sources

FLAGS = Backend(
    "c99",
    containers=False,
    signature=False,
    lists=False,
    batches=False,
    recursion=False,
    snapshots=False,
    iterates=False,
    overlaps=False,
)


@dataclass(frozen=True)
class CRunner(Runner):
    """Writes C. `fixed` are the lengths that are numbers in it, `transform` says what its results are."""

    backend: Backend = FLAGS
    fixed: frozenset[int] = frozenset()
    transform: Transform | None = None

    def write(self, unit: Unit) -> Written:
        import s2sad.rules.looping  # noqa: F401  (the rules are there)
        from s2sad.backends.native import elementary
        from s2sad.emit.c import Given, emit_c
        from s2sad.loops import to_loops

        if unit.reverse is not None:
            raise UnsupportedType("a pair of sweeps in C", "use mode reverse, value or forward")
        functions = {f.name: f for f in unit.functions}
        entry = functions[unit.entry] = with_leaves(functions[unit.entry])
        program = to_loops(functions, unit.entry, self.fixed.__contains__)
        facts = unit.call.facts if unit.call else ()
        result = leaves(entry.result.type)
        own = [_leaves(t) for t in (*unit.interface.arguments, *unit.interface.outside)]
        each = iter(entry.parameters)
        parameters = [[(t, p) for t, p in zip(ts, each, strict=False)] for ts in own]
        pairs = [pair for row in parameters for pair in row]
        taken = [(t, p.type) for t, p in pairs]
        names = [[p.hint or "p" for _, p in row] for row in parameters]
        given = Given(taken, result, facts, self.names(names, len(result)))
        sources = emit_c(unit.header(), replace(program, doc=unit.doc), given, elementary)
        return Written(f"C = {sources.c!r}\nH = {sources.h!r}\n", {}, {})

    def names(self, arguments: Sequence[Sequence[str]], count: int) -> list[str]:
        """What the results are called, from the names of the arguments: `value`, `x_bar`; none if unknown."""
        t = self.transform
        if t is None or t.has_aux or any(k >= len(arguments) for k in t.argnums):
            return []
        if t.kind == "jvp":
            return ["value", "value_dot"] if count == 2 else []
        bars = [f"{name}_bar" for k in t.argnums for name in arguments[k]] if t.kind == "grad" else []
        found = ["value"] * t.value + bars
        return found if len(found) == count else []

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


class Embedded(Derivative):
    """A derivative as C; `fixed` are the lengths that are numbers in its text."""

    def __init__(self, target: object, transform: Transform | None, fixed: Collection[int] = ()) -> None:
        super().__init__(target, transform)
        self.runner = CRunner(fixed=frozenset(fixed), transform=transform, version=__version__)
        self.backend = f"c99 {sorted(fixed)}"

    def sources(self, *args: object) -> Sources:
        """The two files, for arguments like these."""
        from s2sad.emit.c import Sources

        module = self.module(*args)
        return Sources(module.C, module.H)


def _leaves(t: Type) -> list[Type]:
    """The numbers and arrays that an argument brings."""
    return [leaf for leaf in leaves(t) if not isinstance(leaf, StaticType)]
