"""Derivatives as C for embedding: compiled for arguments like these, written as two files, and not run here."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from s2sad.compiler.transform import Transform
from s2sad.dispatch.c_results import c_runner
from s2sad.dispatch.derivative import Derivative

if TYPE_CHECKING:
    from s2sad.emit.c import Sources


class Embedded(Derivative):
    """A derivative as C; `fixed` are the lengths that are numbers in its text."""

    def __init__(self, target: object, transform: Transform | None, fixed: Collection[int] = ()) -> None:
        super().__init__(target, transform)
        self.runner = c_runner(transform, fixed)
        self.backend = f"c99 {sorted(fixed)}"

    def sources(self, *args: object) -> Sources:
        """The two files, for arguments like these."""
        from s2sad.emit.c import Sources

        module = self.module(*args)
        return Sources(module.C, module.H)
