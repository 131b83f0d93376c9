"""Arguments by position are those of the function, whatever its rule takes; functions of libraries as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import linalg, special, stats

import s2sad

X = np.array([[1.0, 2.0, 4.0], [0.5, 3.0, 1.0]])

BY_POSITION: dict[str, Callable[..., Any]] = {
    "dtype of a sum": lambda x: np.sum(x, 0, np.float64),
    "keepdims of a sum": lambda x: np.sum(x, 0, None, None, True),
    "keepdims of max": lambda x: np.max(x, 1, None, True),
    "length of a transform": lambda x: np.fft.fft(x, 1).real,
    "axis of a transform": lambda x: np.fft.fft(x, 4, 0).real,
    "ddof": lambda x: np.std(x, 0, None, None, 1),
    "keepdims of a median": lambda x: np.median(x, 0, None, False, True),
    "weights in a list": lambda x: np.average(x, 1, [1, 2, 3]),
    "points in lists": lambda x: np.interp(x, [0.0, 2.2, 6], [1.0, 2, 5]),
    "coefficients in a list": lambda x: np.polyval([1.0, 2.0, 3.0], x) + np.convolve(x[0], [1.0, 2.0])[0],
}


@pytest.mark.parametrize("f", BY_POSITION.values(), ids=list(BY_POSITION))
def test_by_position(f: Callable[..., Any]) -> None:
    s2sad.check_grads(f, (X,))
    np.testing.assert_allclose(s2sad.jvp(f, (X,), (X,))[0], f(X))


AS_THEY_ARE = [np.median, np.average, np.nanmean, np.ptp, np.cov, special.gamma, special.factorial, stats.norm.logpdf]


@pytest.mark.parametrize("f", [*AS_THEY_ARE, linalg.pinv, np.linalg.pinv], ids=lambda f: f.__name__)
def test_functions_of_libraries_are_differentiated_as_they_are(f: Callable[..., Any]) -> None:
    value, slope = s2sad.jvp(f, (X,), (X**2,))
    np.testing.assert_allclose(value, f(X), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(slope, (f(X + 1e-6 * X**2) - f(X - 1e-6 * X**2)) / 2e-6, rtol=1e-6, atol=1e-9)
    _, pullback = s2sad.vjp(f, X)
    (bar,) = pullback(np.ones_like(value))
    np.testing.assert_allclose(np.sum(bar * X**2), np.sum(slope), rtol=1e-10)


@pytest.mark.parametrize("other", [np.float64, np.float32])
def test_what_is_joined_keeps_its_precision(other: Any) -> None:
    def f(x: Any, y: Any) -> Any:
        return np.sum(np.concatenate([x, y]) ** 2) + np.sum(np.stack([x, y]) ** 3) + np.sum(np.hstack([x, y]))

    x, y = np.ones(3, np.float32), np.ones(3, other)
    assert [g.dtype for g in s2sad.grad(f, (0, 1))(x, y)] == [np.float32, other]
