"""particle: the place of a charge for which a particle that it repels meets the origin, by nested derivatives.

B. A. Pearlmutter and J. M. Siskind, Using programming language theory to make automatic differentiation sound and
efficient, in: Advances in Automatic Differentiation, 2008.
"""

import math
from collections.abc import Callable
from typing import Any

import s2sad
from benchmarks.gradbench.descent import argmin
from benchmarks.gradbench.function import Function

Field = Callable[[float, float, float], tuple[float, float]]


def potential(x: float, y: float, w: float) -> float:
    """The potential of charges at (10, 10 - w) and (10, 0)."""
    return 1.0 / math.hypot(x - 10.0, y - 10.0 + w) + 1.0 / math.hypot(x - 10.0, y)


def forward_field(x: float, y: float, w: float) -> tuple[float, float]:
    """The gradient of the potential by x and y, forward."""
    by_x = s2sad.jvp(potential, (x, y, w), (1.0, 0.0, 0.0))[1]
    by_y = s2sad.jvp(potential, (x, y, w), (0.0, 1.0, 0.0))[1]
    return by_x, by_y


def reverse_field(x: float, y: float, w: float) -> tuple[float, float]:
    """The gradient of the potential by x and y, in reverse."""
    return s2sad.grad(potential, ("x", "y"))(x, y, w)


def landing(w: float, field: Field) -> float:
    """The square of x where the particle crosses y = 0, by Euler's method with a linear last step."""
    dt = 0.1
    x, y, vx, vy = 0.0, 8.0, 0.75, 0.0
    while y + dt * vy > 0.0:
        by_x, by_y = field(x, y, w)
        x, y = x + dt * vx, y + dt * vy
        vx, vy = vx - dt * by_x, vy - dt * by_y
    return (x - y / vy * vx) ** 2


def forward(w: float, field: Field) -> tuple[float, float]:
    """The landing and its derivative by w, forward."""
    return s2sad.jvp(landing, (w, field), (1.0, None), backend="native")


reverse = s2sad.value_and_grad(landing, backend="native")
"""The landing and its derivative by w, in reverse."""


def read(message: dict[str, Any]) -> tuple[float]:
    """Where the descent begins."""
    return (float(message["w"]),)


FUNCTIONS = {
    "ff": Function(read, lambda w: argmin(forward, w, forward_field), float),
    "fr": Function(read, lambda w: argmin(forward, w, reverse_field), float),
    "rf": Function(read, lambda w: argmin(reverse, w, forward_field), float),
    "rr": Function(read, lambda w: argmin(reverse, w, reverse_field), float),
}
