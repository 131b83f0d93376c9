"""Methods and attributes of arrays that are no functions of NumPy of their name, or have further keywords."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import s2sad

X = np.array([[1.5, 0.3, 2.2], [3.1, 0.7, 1.9], [0.2, 2.9, 1.1]])
WEIGHTS = np.arange(9.0)


def partitioned(x: Any) -> Any:
    y = x.copy()
    y.partition(1, axis=0)
    return y[1].sum()


def stored_in_a_turned_view(x: Any) -> Any:
    y = x.copy()
    z = y.mT
    z[0, 1] = x[2, 2] ** 2
    np.fliplr(y)[0, 0] = x[1, 1]
    return np.sum(y.ravel() * WEIGHTS)


METHODS: dict[str, Callable[..., Any]] = {
    "compress": lambda x: x.compress([True, False, True], axis=0).sum(),
    "item": lambda x: x.item(0, 1) ** 2 + x.item(5),
    "mT": lambda x: x.mT[0, 1] ** 2,
    "argpartition": lambda x: x.argpartition(1, axis=0).sum() * x[0, 0],
    "tolist": lambda x: sum(x[0].tolist()) ** 2,
    "view": lambda x: x.view()[0, 0] ** 2,
    "flatten in columns": lambda x: (x.flatten("F") * WEIGHTS).sum(),
    "ravel in columns": lambda x: (x.ravel(order="F") * WEIGHTS).sum(),
    "reshape in columns": lambda x: (x.reshape((9,), order="F") * WEIGHTS).sum(),
    "clip by one bound": lambda x: x.clip(max=2.0).sum() + x.clip(min=1.0).sum(),
    "sum of some": lambda x: x.sum(where=x > 1, axis=0)[0],
    "mean of some": lambda x: x.mean(where=x > 1),
    "max and more": lambda x: x.max(axis=0, initial=1.0).sum(),
    "trace beside": lambda x: x.trace(1),
    "choose": lambda x: np.array([0, 2, 1]).choose(x).sum(),
    "partition": partitioned,
    "stores in views": stored_in_a_turned_view,
}


@pytest.mark.parametrize("name", ["resize", "byteswap", "setflags"])
def test_a_method_that_is_no_function_of_its_name_is_refused(name: str) -> None:
    """`np.resize` has a definition, and gives another array; the method changes its own."""

    def f(x: Any) -> Any:
        y = x.copy()
        getattr(y, name)((2, 2)) if name == "resize" else getattr(y, name)()
        return y.sum()

    with pytest.raises(s2sad.errors.UnsupportedCall, match=f"method {name} of arrays"):
        s2sad.grad(f)(X)


@pytest.mark.parametrize("f", METHODS.values(), ids=list(METHODS))
def test_methods(f: Callable[..., Any]) -> None:
    s2sad.check_grads(f, (X,))
    np.testing.assert_allclose(s2sad.vmap(f)(np.stack([X, X + 0.1])), [f(X), f(X + 0.1)])


@pytest.mark.parametrize(
    "fresh",
    [
        lambda x: (x * np.ones((3, 3)).T).reshape(9),
        lambda x: np.reshape(x * np.ones((3, 3)).T, (9,)),
        lambda x: (x * np.ones((3, 3)).T).ravel(),
        lambda x: (x * np.ones((3, 3))).T.reshape(-1),
    ],
)
def test_a_store_into_the_shape_of_a_result(fresh):
    """What is reshaped has no other name: it is changed, whether that is a view or a copy."""

    def f(x):
        y = fresh(x)
        y[0] = 1.0
        return np.sum(y * y)

    s2sad.check_grads(f, (np.array([1.0, 2.0, 3.0]),))
