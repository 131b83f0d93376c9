"""The form of a batching rule, and the table of those that several functions share.

A rule stands in the row of its function (`batched=...`), or in `rules/batching.py`; `differentiate/vmap` reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from s2sad.ir.builder import Expr
from s2sad.ir.primitive import Primitive, Quantity
from s2sad.ir.types import Type
from s2sad.ir.values import Operand


def for_each_example(x: Quantity, count: int) -> Quantity:
    """An array once for each example: in the shape that it has at run time, whatever its type says."""
    return np.broadcast_to(x, (count, *np.shape(x)))


class NoBatchRule(Exception):
    """An operation has no rule for many examples at once: it stands in a loop over them."""


@dataclass
class Batched:
    """A call for many examples: the operands, which of them have the new first axis, and their types in one example."""

    primitive: Primitive
    xs: tuple[Quantity, ...]
    flags: tuple[bool, ...]
    types: tuple[Type, ...]
    static: Mapping[str, Any]
    count: Quantity
    repeat: Callable[[Operand], Operand]
    same_for_all: bool = field(default=False)
    """Set by a rule whose result does not depend on the example: a shape, a length."""

    def rank(self, k: int = 0) -> int:
        """The rank of an operand in one example."""
        t = self.types[k]
        rank = t.rank
        if rank is None:
            raise NoBatchRule(self.primitive.name)
        return rank

    def axis(self, axis: object) -> Quantity:
        """An axis of the first operand, or several, behind the new one: those counted from the end stay."""
        self.rank()
        return axis_of_many(axis)

    def whole(self, k: int) -> Quantity:
        """An operand with the new axis."""
        x = self.xs[k]
        return x if self.flags[k] else Expr(x.builder, self.repeat(x.operand))

    def only_first(self) -> Quantity:
        """The first operand, where it alone is batched."""
        if not self.flags[0] or any(self.flags[1:]):
            raise NoBatchRule(self.primitive.name)
        return self.xs[0]


def axis_of_many(axis: object) -> Quantity:
    """An axis of one example, or several, among those of many."""
    if isinstance(axis, (tuple, list)):
        return tuple(map(axis_of_many, axis))
    # The new axis is in front: those counted from the end are where they were.
    if isinstance(axis, (int, np.integer)) and not isinstance(axis, bool):
        return int(axis) + 1 if axis >= 0 else int(axis)
    raise NoBatchRule(f"axis {axis}")


Rule = Callable[[Batched], Quantity]

RULES: dict[object, Rule] = {}
"""By the function of the primitive."""


class Elementwise:
    """In the place of a function: whatever works number by number and has no rule of its own."""


def batched(*functions: Callable[..., object] | Primitive) -> Callable[[Rule], Rule]:
    """The batching rule of these functions: `@batched(np.sum, np.mean)` over it."""

    def add(rule: Rule) -> Rule:
        RULES.update((f.function if isinstance(f, Primitive) else f, rule) for f in functions)
        return rule

    return add


def batch_rule(primitive: Primitive) -> Rule | None:
    """The batching rule of a primitive, None where it has none."""
    rule = primitive.batched or RULES.get(primitive.function)
    return rule or (RULES.get(Elementwise) if primitive.elementwise else None)
