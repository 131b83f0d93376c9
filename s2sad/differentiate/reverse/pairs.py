"""The two sweeps of a callee, as its callers see them: four kinds of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from s2sad.differentiate.given_rules import Plan
from s2sad.ir.types import Type
from s2sad.ir.values import Call, FunctionRef


@dataclass(frozen=True, eq=False, slots=True)
class Sweeps:
    """`forward(*operands) -> (result, residuals)` and `reverse(residuals, result_bar) -> operand_bars`.

    A linear callee has no residuals: `forward` is the callee itself, and `reverse` takes the cotangent alone. The sums
    of the adjoints that it `accumulates`, by their numbers among all, are further operands of `reverse`.
    """

    forward: FunctionRef
    reverse: FunctionRef
    residuals: Type | None
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
class OfOperands:
    """The callee itself, and `reverse(*operands, result_bar)`, which needs no more than the operands at `places`."""

    forward: FunctionRef
    reverse: FunctionRef
    places: tuple[int, ...]
    masked: tuple[bool, ...] = ()
    """Which of the adjoints that `reverse` gives are masked."""

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


Pair: TypeAlias = Sweeps | GivenSweeps | OfOperands | LocalGradient
Masked: TypeAlias = "tuple[bool, ...] | None"
"""Of a call whose result has a masked adjoint: which operands may be infinite. None where no mask is applied."""
PairOf: TypeAlias = Callable[[Call, tuple[bool, ...], Masked], Pair]
