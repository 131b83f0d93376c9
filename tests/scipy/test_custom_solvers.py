"""Solvers of the user's: their derivative is that of the equation, whatever they do."""

import numpy as np
import pytest

import s2sad
from tests.scipy.solved import check, check_examples


def newton(f, x):
    for _ in range(30):
        x = x - f(x) / s2sad.grad(f)(x)
    return x


def newton_of_vectors(f, x):
    for _ in range(20):
        x = x - np.linalg.solve(s2sad.jacfwd(f)(x), f(x))
    return x


def dense(g, y):
    return np.linalg.solve(s2sad.jacfwd(g)(y), y)


def conjugate_gradients(matvec, b):
    x, r = np.zeros_like(b), b
    p, rs = r, r @ r
    for _ in range(len(b) + 3):
        q = matvec(p)
        step = rs / (p @ q + 1e-300)
        x, r = x + step * p, r - step * q
        before, rs = rs, r @ r
        p = r + rs / (before + 1e-300) * p
    return x


def cube_root(a):
    return s2sad.custom_root(lambda x: x**3 - a, 1.0, newton, lambda g, y: y / g(1.0)) ** 2


def system(a):
    A = np.array([[2.0, 0.5], [0.3, 1.0]])
    x = s2sad.custom_root(
        lambda x: A @ x + 0.1 * x**3 - a * np.array([1.0, 2.0]), np.zeros(2), newton_of_vectors, dense
    )
    return np.sum(x**2)


def damped(a):
    scale = 1.0 + a**2
    return s2sad.custom_root(lambda x: np.exp(x) - a, 0.0, newton, lambda g, y: (y * scale) / (g(1.0) * scale))


def symmetric(a):
    A = np.array([[4.0, 1.0, 0.0], [1.0, 3.0, a], [0.0, a, 5.0]])
    b = np.array([1.0, 2.0, a])
    return np.sum(s2sad.custom_linear_solve(lambda x: A @ x, b, conjugate_gradients, symmetric=True) ** 2)


def with_transposed(a):
    A = np.array([[4.0, a], [1.0, 3.0]])
    return np.sum(s2sad.custom_linear_solve(lambda x: A @ x, np.array([1.0, a]), dense, dense) ** 2)


PROGRAMS = [cube_root, system, damped, symmetric, with_transposed]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_custom_solvers(program):
    check(program, 1.3)


@pytest.mark.parametrize("program", [cube_root, symmetric], ids=lambda f: f.__name__)
def test_examples(program):
    check_examples(program, 1.3)


def test_the_solver_is_not_differentiated():
    def bisection(f, x):
        low, high = 0.0, 4.0
        for _ in range(60):
            middle = 0.5 * (low + high)
            if f(middle) > 0.0:
                high = middle
            else:
                low = middle
        return 0.5 * (low + high)

    def f(a):
        return s2sad.custom_root(lambda x: x * x - a, 1.0, bisection, lambda g, y: y / g(1.0))

    np.testing.assert_allclose(s2sad.grad(f)(2.0), 0.5 / np.sqrt(2.0), rtol=1e-12)


def test_reverse_mode_asks_for_the_transposed_solve():
    def f(a):
        return s2sad.custom_linear_solve(lambda x: a * x, np.ones(2), dense)[0]

    np.testing.assert_allclose(s2sad.jvp(f, (2.0,), (1.0,))[1], -0.25)
    with pytest.raises(s2sad.Error, match="custom_linear_solve in reverse mode with these arguments"):
        s2sad.grad(f)(2.0)
