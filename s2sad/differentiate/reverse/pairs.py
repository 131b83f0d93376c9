"""The two sweeps of a callee, as its callers see them: three kinds of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from s2sad.differentiate.given_rules import Plan
from s2sad.ir.types import Type
from s2sad.ir.values import Call, FunctionRef

RESULT = -1
"""The place of the result of a call, among those of its operands."""


@dataclass(frozen=True, eq=False, slots=True)
class Sweeps:
    """`forward(*operands) -> (result, residuals)` and `reverse(*operands, residuals, result_bar) -> operand_bars`.

    The operands of `reverse` are those at `places`, and the result where it needs that. Where it needs nothing else
    there are no residuals: `forward` is the callee itself. The sums of the adjoints that it `accumulates`, by their
    numbers among all, are further operands of `reverse`.
    """

    forward: FunctionRef
    reverse: FunctionRef
    residuals: Type | None
    places: tuple[int, ...] = ()
    accumulates: tuple[int, ...] = ()
    masked: tuple[bool, ...] = ()
    """Which of the adjoints that `reverse` gives are masked."""

    @property
    def functions(self) -> tuple[FunctionRef, ...]:
        return self.forward, self.reverse


@dataclass(frozen=True, eq=False, slots=True)
class GivenSweeps:
    """Two functions that the user gave, called as the `plan` says."""

    forward: FunctionRef
    reverse: FunctionRef
    residuals: Type | None
    plan: Plan

    @property
    def functions(self) -> tuple[FunctionRef, ...]:
        return self.forward, self.reverse


@dataclass(frozen=True, eq=False, slots=True)
class LocalGradient:
    """`forward(*operands) -> (result, *gradients)`: the adjoint of the result is multiplied by these."""

    forward: FunctionRef

    @property
    def functions(self) -> tuple[FunctionRef, ...]:
        return (self.forward,)


Pair: TypeAlias = Sweeps | GivenSweeps | LocalGradient
Masked: TypeAlias = "tuple[bool, ...] | None"
"""Of a call whose result has a masked adjoint: which operands may be infinite. None where no mask is applied."""
PairOf: TypeAlias = Callable[[Call, tuple[bool, ...], Masked], Pair]
