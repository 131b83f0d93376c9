"""What numba has compiled: its source is differentiated; and derivatives as functions that it calls."""

import pickle

import numpy as np
import pytest

import s2sad

numba = pytest.importorskip("numba", reason="numba is not installed")

X = np.array([0.5, -1.0, 2.0])


@numba.njit
def scaled(a, b=2.0):
    return a * b


@numba.njit
def total(x):
    found = np.zeros_like(x)
    for i in range(len(x)):
        found[i] = scaled(x[i]) * x[i] + scaled(x[i], b=3.0)
    return found.sum()


@numba.njit(parallel=True)
def energy(x):
    found = 0.0
    for i in numba.prange(x.shape[0]):
        found += x[i] ** 2
    return found


def plain(x):
    return total(x) * energy(x)


class Model:
    @staticmethod
    @numba.njit
    def loss(x):
        return (x**3).sum()


@pytest.mark.parametrize("backend", [None, "numba"])
def test_functions_of_numba(backend):
    np.testing.assert_allclose(s2sad.grad(total, backend=backend)(X), 4.0 * X + 3.0)
    np.testing.assert_allclose(s2sad.grad(energy, backend=backend)(X), 2.0 * X)


def test_called_from_plain_functions_and_methods():
    gradient = energy.py_func(X) * (4.0 * X + 3.0) + total.py_func(X) * 2.0 * X
    np.testing.assert_allclose(s2sad.grad(plain)(X), gradient)
    np.testing.assert_allclose(s2sad.grad(Model.loss)(X), 3.0 * X**2)
    np.testing.assert_allclose(s2sad.hessian(energy)(X), 2.0 * np.eye(3))
    assert s2sad.grad(total).__name__ == "total_grad"


def test_they_travel_by_name():
    again = pickle.loads(pickle.dumps(s2sad.grad(energy)))
    np.testing.assert_allclose(again(X), 2.0 * X)


def test_a_derivative_is_called_by_numba():
    gradient = numba.njit(s2sad.grad(energy).lower(X))

    @numba.njit
    def descended(x):
        for _ in range(3):
            x = x - 0.1 * gradient(x)
        return x

    np.testing.assert_allclose(descended(X), 0.8**3 * X)
