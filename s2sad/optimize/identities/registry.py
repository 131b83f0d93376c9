"""The table of identities: `@identity(np.add)` over a rule that starts from a sum.

The rules of one function are tried in the order in which they stand in their file; the first that applies is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from s2sad.ir.primitive import Primitive
from s2sad.ir.values import Apply, Operand

Identity: TypeAlias = Callable[[Any, Apply], Operand | None]
"""From the rewriter and an operation to the operand that stands for its result, None where it does not apply."""

IDENTITIES: dict[Callable[..., object], list[Identity]] = {}
"""By the function of the primitive."""


def identity(*starts: Callable[..., object] | Primitive) -> Callable[[Identity], Identity]:
    """Try a rule on the operations that call one of these functions."""

    def add(rule: Identity) -> Identity:
        for start in starts:
            IDENTITIES.setdefault(start.function if isinstance(start, Primitive) else start, []).append(rule)
        return rule

    return add
