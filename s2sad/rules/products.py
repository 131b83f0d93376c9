"""The product of a cotangent or tangent with a slope, as the rules multiply them: what cancels is not written."""

from __future__ import annotations

from typing import Any

from s2sad.ir.builder import Expr
from s2sad.ir.values import Constant
from s2sad.rules import contributions
from s2sad.rules.roots import by_root
from s2sad.rules.shares import by_share


def times(g: Any, slope: Any) -> Any:
    """`g * slope`: without a division that the primal has done, and without a root that has no slope."""
    if isinstance(g, Expr) and isinstance(slope, Expr) and not isinstance(slope.operand, Constant):
        for a, b in ((g, slope), (slope, g)):
            found = by_root(a, b)
            found = by_share(a, b) if found is None else found
            if found is not None:
                return found
    return contributions.times(g, slope)
