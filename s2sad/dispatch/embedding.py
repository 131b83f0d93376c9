"""Derivatives as C for embedding: compiled for arguments like these, written as two files, and not run here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

from s2sad.backends.embedded import CRunner
from s2sad.compiler.transform import Transform
from s2sad.dispatch.derivative import Derivative
from s2sad.version import __version__

if TYPE_CHECKING:
    from s2sad.emit.c import Sources


def result_names(transform: Transform | None, arguments: Sequence[Sequence[str]], count: int) -> list[str]:
    """What the results are called, from the names of the arguments: `value`, `x_bar`; none if unknown."""
    if transform is None or transform.has_aux or any(k >= len(arguments) for k in transform.argnums):
        return []
    if transform.kind == "jvp":
        return ["value", "value_dot"] if count == 2 else []
    bars = [f"{name}_bar" for k in transform.argnums for name in arguments[k]] if transform.kind == "grad" else []
    found = ["value"] * transform.value + bars
    return found if len(found) == count else []


class Embedded(Derivative):
    """A derivative as C; `fixed` are the lengths that are numbers in its text."""

    def __init__(self, target: object, transform: Transform | None, fixed: Collection[int] = ()) -> None:
        super().__init__(target, transform)
        self.runner = CRunner(fixed=frozenset(fixed), named=partial(result_names, transform), version=__version__)
        self.backend = f"c99 {sorted(fixed)}"

    def sources(self, *args: object) -> Sources:
        """The two files, for arguments like these."""
        from s2sad.emit.c import Sources

        module = self.module(*args)
        return Sources(module.C, module.H)
