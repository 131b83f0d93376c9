"""Integrals of samples by SciPy: Simpson's and Romberg's rules, by samples, places and steps."""

import numpy as np
import pytest
from scipy import integrate
from scipy.integrate import cumulative_simpson, romb, simpson

import s2sad
from tests.scipy.solved import check, check_examples

GRID = np.arange(15.0).reshape(5, 3)


def root_mean_square(a):
    t = np.linspace(0, 2 * np.pi, 200)
    return np.sqrt(integrate.simpson(y=(a * np.sin(t)) ** 2, x=t) / (2 * np.pi))


def odd(a):
    x = np.linspace(0, a, 101)
    return simpson(np.sin(x), x=x)


def even(a):
    x = np.linspace(0.1, a, 10) ** 1.5
    return simpson(np.sin(a * x), x)


def even_steps(a):
    return simpson(np.sin(a * np.arange(6.0)), dx=0.1 * a)


def two(a):
    return simpson([a, 2.0], dx=a)


def four(a):
    return simpson([a, a**2, 1.0, 2.0])


def of_integers(a):
    return simpson([1, 2, 3], dx=a) + simpson(np.array([1, 2, 3, 5]), x=a * np.arange(4))


def columns(a):
    return np.sum(simpson(GRID**a, axis=0, dx=a) ** 2)


def places_of_each_column(a):
    x = np.cumsum(np.abs(np.sin(np.arange(20.0) + a)).reshape(4, 5), axis=0)
    return np.sum(simpson(np.cos(x), x=x, axis=0))


def of_complex(a):
    x = np.linspace(0, 1, 7)
    return np.abs(simpson(np.exp(1j * a * x), x=x))


def finer_and_finer(a):
    total = 0.0
    for n in (3, 4, 5, 6):
        x = np.linspace(0, 1, n)
        total += simpson(np.exp(a * x), x=x)
    return total


def romberg(a):
    return romb(np.exp(-a * np.linspace(0, 1, 17)), dx=a / 16)


def romberg_of_two(a):
    return romb(np.array([a * a, 1.0]), dx=0.3, show=False)


def romberg_of_columns(a):
    return np.sum(romb(np.exp(-a * np.linspace(0, 1, 18).reshape(9, 2)), 0.2, axis=0) ** 2)


def running(a):
    x = np.linspace(0, a, 7) ** 2
    return np.sum(cumulative_simpson(np.sin(a * x), x=x, initial=0) ** 2)


def running_steps(a):
    return np.sum(cumulative_simpson(np.sin(a * np.arange(6.0)), dx=a) ** 2)


def running_from(a):
    return np.sum(cumulative_simpson(np.sin(a * np.arange(6.0)), dx=a, initial=a) ** 2)


def running_of_two(a):
    return np.sum(cumulative_simpson(np.sin(a * np.arange(2.0)), dx=a, initial=0) ** 2)


def running_columns(a):
    return np.sum(cumulative_simpson(np.sin(0.2 * a * GRID), x=a * np.arange(5.0), axis=0, initial=0) ** 2)


def running_steps_of_columns(a):
    steps = a * np.ones((1, 3))
    return np.sum(cumulative_simpson(np.sin(0.2 * a * GRID), dx=steps, axis=0, initial=steps**2) ** 2)


PROGRAMS = [f for f in list(globals().values()) if getattr(f, "__module__", "") == __name__]
TWICE = {even, columns, running, romberg}
"""Of which the second derivative is checked too: it takes longer to compile."""


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_programs(f):
    check(f, 1.3, second=f in TWICE)


@pytest.mark.parametrize("f", [even, romberg], ids=lambda f: f.__name__)
def test_examples(f):
    check_examples(f, 1.2)


def energy(y, x):
    return simpson(y**2, x=x)


@pytest.mark.parametrize("n", [2, 3, 7, 8])
def test_linear_in_the_samples(n):
    """The matrix of a rule is what SciPy makes of the unit vectors."""
    rng = np.random.default_rng(n)
    y, x = rng.normal(size=n), np.cumsum(rng.uniform(0.5, 1.5, size=n))
    expected = 2.0 * np.diag(simpson(np.eye(n), x=x))
    np.testing.assert_allclose(s2sad.hessian(energy)(y, x), expected, rtol=1e-12, atol=1e-14)
    found = s2sad.jacrev(lambda y: cumulative_simpson(y, x=x))(y)
    np.testing.assert_allclose(found, cumulative_simpson(np.eye(n), x=x, axis=0), rtol=1e-12, atol=1e-14)


def axis_at_run_time(y, k):
    return np.sum(simpson(y, axis=k))


def test_refused():
    with pytest.raises(s2sad.Error, match="axis"):
        s2sad.grad(axis_at_run_time)(np.ones((3, 3)), np.int64(1))
