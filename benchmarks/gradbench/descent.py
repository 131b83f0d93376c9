"""Gradient descent, as in the evals particle and saddle: the rate grows with success.

B. A. Pearlmutter and J. M. Siskind, Using programming language theory to make automatic differentiation sound and
efficient, in: Advances in Automatic Differentiation, 2008.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def argmin(value_and_slope: Callable[..., tuple[Any, Any]], x: Any, *args: Any) -> Any:
    """Where a function of x is least, by descent from x; given is what computes its value and its slope."""
    value, slope = value_and_slope(x, *args)
    rate = 1e-5
    successes = 0
    while np.sqrt(np.sum(slope**2)) > 1e-5:
        if successes == 10:
            rate *= 2.0
            successes = 0
        ahead = x - rate * slope
        if np.sqrt(np.sum((ahead - x) ** 2)) <= 1e-5:
            break
        value_ahead, slope_ahead = value_and_slope(ahead, *args)
        if value_ahead < value:
            x, value, slope = ahead, value_ahead, slope_ahead
            successes += 1
        else:
            rate *= 0.5
            successes = 0
    return x
