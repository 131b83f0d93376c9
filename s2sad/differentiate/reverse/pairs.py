"""The two sweeps of a callee, as its callers see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from s2sad.differentiate.given_rules import Plan
from s2sad.ir.types import Type
from s2sad.ir.values import Call, FunctionRef


@dataclass(frozen=True, eq=False, slots=True)
class Pair:
    """The two functions of a callee: `forward(*operands) -> (result, residuals)` and
    `reverse(residuals, result_bar) -> operand_bars`. A linear callee has no residuals: `forward` is the callee itself.
    A pair that the user gave has a `plan`.
    So it is for one that is computed `again`, whose `reverse(*operands, result_bar)` needs no more than its operands.
    Where it is `local`, `forward(*operands) -> (result, *gradients)` gives what the adjoint of the result is multiplied
    by, and there is no other function.
    The sums of the adjoints that it `accumulates`, by their numbers among all, are further operands of `reverse`.
    """

    forward: FunctionRef
    reverse: FunctionRef
    residuals: Type | None
    plan: Plan | None = None
    again: bool = False
    local: bool = False
    accumulates: tuple[int, ...] = ()


PairOf = Callable[[Call, tuple[bool, ...]], Pair]
