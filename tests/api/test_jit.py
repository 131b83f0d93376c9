"""jit: the function itself, compiled with the derivatives that it takes inside."""

import pickle
import warnings

import numpy as np
import pytest

import s2sad
from s2sad.errors import UnsupportedCall
from tests.frontend.derived_programs import PROGRAMS

X = np.array([0.5, -1.25, 2.0])


def energy(x):
    return np.sum(x**3)


def descended(x, steps=3, *, rate=0.01):
    for _ in range(steps):
        x = x - rate * s2sad.grad(energy)(x)
    return x, energy(x)


def by_hand(x, steps, rate):
    for _ in range(steps):
        x = x - rate * 3.0 * x**2
    return x, np.sum(x**3)


def product(*xs):
    return xs[0] * xs[1]


def writes(x):
    x[0] = 2.0
    return np.sum(x)


def scaled(x, mode):
    return 2.0 * x if mode == "double" else 3.0 * x


class Line:
    def __init__(self, slope):
        self.slope = slope

    def at(self, x):
        return self.slope * x


BACKENDS = pytest.mark.parametrize("backend", [None, "numba"])


@BACKENDS
def test_derivatives_inside_are_part_of_the_program(backend):
    x, value = s2sad.jit(descended, backend=backend)(X, 4, rate=0.02)
    wanted, energy_of_it = by_hand(X, 4, 0.02)
    np.testing.assert_allclose(x, wanted, rtol=1e-13)
    np.testing.assert_allclose(value, energy_of_it, rtol=1e-13)


@BACKENDS
def test_what_it_gives_is_no_part_of_what_it_is_given(backend):
    given = X.copy()
    result = s2sad.jit(lambda x: x, backend=backend)(given)
    assert result is not given
    np.testing.assert_array_equal(result, given)


@BACKENDS
def test_arguments_of_all_kinds(backend):
    assert s2sad.jit(product, backend=backend)(2.0, 3.0) == 6.0
    assert s2sad.jit(Line(2.0).at, backend=backend)(3.0) == 6.0
    compiled = s2sad.jit(scaled, backend=backend)
    assert compiled(2.0, "double") == 4.0
    assert compiled(2.0, "triple") == 6.0


@BACKENDS
def test_what_would_change_its_argument_is_refused(backend):
    given = X.copy()
    with pytest.raises(UnsupportedCall, match="changes what it is given"):
        s2sad.jit(writes, backend=backend)(given)
    np.testing.assert_array_equal(given, X)


def test_derivatives_of_a_compiled_function():
    compiled = s2sad.jit(energy, backend=None)
    np.testing.assert_allclose(s2sad.grad(compiled)(X), 3.0 * X**2)
    np.testing.assert_allclose(s2sad.hessian(compiled)(X), np.diag(6.0 * X))
    np.testing.assert_allclose(s2sad.vmap(compiled)(np.stack([X, 2.0 * X])), [np.sum(X**3), 8.0 * np.sum(X**3)])
    np.testing.assert_allclose(s2sad.grad(lambda x: s2sad.jit(energy, backend=None)(x) * 2.0)(X), 6.0 * X**2)


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_native_code_of_programs_with_derivatives_inside(f):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(s2sad.jit(f)(X, 0.3), f(X, 0.3), rtol=1e-10)


def test_as_a_decorator_it_keeps_the_name_and_the_text():
    compiled = s2sad.jit(backend=None)(energy)
    assert compiled.__name__ == "energy"
    assert "x ** 3" in compiled.lower(X).source
    assert pickle.loads(pickle.dumps(s2sad.jit(energy, backend=None)))(X) == energy(X)
