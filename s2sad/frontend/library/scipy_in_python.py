"""What functions of scipy.stats do that give several numbers by name, in Python, as `in_python` has those of NumPy.

Read once scipy.stats has been imported, which nobody need have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[np.float64]"


def mode_(a: Array) -> tuple[Any, Any]:
    values, counts = np.unique(a, return_counts=True)
    return values[np.argmax(counts)], np.max(counts)


def pearsonr_(x: Array, y: Array) -> tuple[Any, Any]:
    dx, dy = x - np.mean(x), y - np.mean(y)
    r = np.sum(dx * dy) / np.sqrt(np.sum(dx * dx) * np.sum(dy * dy))
    ab = 0.5 * len(x) - 1.0
    return r, 2.0 * special.betainc(ab, ab, 0.5 - 0.5 * np.abs(r))


def linregress_(x: Array, y: Array) -> tuple[Any, Any, Any, Any, Any]:
    dx, dy = x - np.mean(x), y - np.mean(y)
    sxx, sxy, syy = np.mean(dx * dx), np.mean(dx * dy), np.mean(dy * dy)
    slope = sxy / sxx
    r = sxy / np.sqrt(sxx * syy)
    df = len(x) - 2
    t = r * np.sqrt(df / ((1.0 - r) * (1.0 + r)))
    stderr = np.sqrt((1.0 - r * r) * syy / sxx / df)
    return slope, np.mean(y) - slope * np.mean(x), r, 2.0 * special.stdtr(df, -np.abs(t)), stderr


def kde_(data: Array, x: Array, factor: Any, w: Any) -> Any:
    """The mean of normal densities around the data, of the variance of these times the square of a factor."""
    weights = np.full(len(data), 1.0 / len(data)) if w is None else w / np.sum(w)
    count = 1.0 / np.sum(weights * weights)
    scale = count**-0.2 if factor is None else factor
    spread = np.sum(weights * (data - np.sum(weights * data)) ** 2) / (1.0 - 1.0 / count) * scale**2
    apart = np.expand_dims(x, -1) - data
    return np.sum(weights * np.exp(-0.5 * apart * apart / spread), axis=-1) / np.sqrt(2.0 * np.pi * spread)
