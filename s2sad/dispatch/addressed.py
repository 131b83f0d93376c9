"""Derivatives as machine code that other native code calls by its address: compiled for arguments like these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from s2sad.backends.native.addressed import ADDRESSED
from s2sad.backends.native.objects import Loaded, loaded
from s2sad.backends.native.runner import unpacked
from s2sad.compiler.transform import Transform
from s2sad.dispatch.derivative import Derivative
from s2sad.ir.types import Type


@dataclass(frozen=True)
class Address:
    """A function in memory, and what it takes and gives."""

    address: int
    given: Sequence[Type]
    """The types of the arguments; what is known at compile time is not passed."""
    outside: Sequence[object]
    """What is passed behind them: variables outside of the function, as they are now."""
    gives: Any
    """The form of the result: see `form_of_result`."""
    holds: bool
    """Whether it needs the interpreter: it calls libraries by it."""
    code: Loaded
    """It is in memory as long as this."""


class Addressed(Derivative):
    """A derivative as machine code for other native code."""

    def __init__(self, target: object, transform: Transform | None) -> None:
        super().__init__(target, transform)
        self.runner = ADDRESSED
        self.backend = "native by address"

    def at(self, values: Sequence[object]) -> Address:
        """The function for arguments like these, which are as many as the function has parameters."""
        found = self._specialise(tuple(values))
        meta = found.module.__s2sad_meta__
        code = unpacked(meta["code"])
        own = loaded(found.module, lambda: code)
        holds = any(name.startswith("call ") for name in code.outside)
        outside = [v.read() for v in found.captured]
        return Address(own.by_address(meta["function"]), found.pattern, outside, meta["gives"], holds, own)
