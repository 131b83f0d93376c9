"""Functions that one piece of code makes again and again share what was compiled, and only where they may."""

import functools
import gc
import weakref

import numpy as np
import pytest

import s2sad
from s2sad.dispatch.derivative import Derivative
from s2sad.dispatch.sharing import SHARED, Shared
from s2sad.dispatch.specialised import MAX_MEMBERS

X = np.array([0.4, 1.3, -0.2])


def square(x):
    return x**2


def cube(x):
    return x**3


def power_of(x, n):
    return x**n


def by_array(a):
    return lambda x: np.sum(np.sin(a * x))


def by_default(a):
    return lambda x, a=a: np.sum(np.sin(a * x))


def by_keyword_default(a):
    def f(x, *, a=a):
        return np.sum(np.sin(a * x))

    return f


def by_inner(a):
    def scaled(x):
        return a * x

    return lambda x: np.sum(np.sin(scaled(x)))


def by_inner_of_inner(a):
    def scaled(x):
        return (lambda y: a * y)(x)

    def f(x):
        return np.sum(np.sin(scaled(x)))

    return f


def by_container(a):
    p = {"a": a, "rest": (a, 2.0)}
    return lambda x: np.sum(np.sin(p["a"] * x)) + 0.0 * p["rest"][1]


def by_recursion(a):
    def later(x, n):
        return np.sum(np.sin(a * x)) if n == 0 else later(x, n - 1)

    return lambda x: later(x, 2)


def by_keyword_of_array(a):
    def f(x, *, scale=1.0):
        return scale * np.sum(np.sin(a * x))

    return f


def by_gradient(a):
    def potential(x):
        return -np.sum(np.cos(a * x) / a)

    gradient = s2sad.grad(potential)
    return lambda x: np.sum(gradient(x))


FORMS = [by_array, by_default, by_keyword_default, by_inner, by_inner_of_inner, by_container, by_recursion]
FORMS += [by_keyword_of_array, by_gradient]

OPERATORS = {
    "grad": (lambda f: s2sad.grad(f)(X), lambda a: a * np.cos(a * X)),
    "value_and_grad": (lambda f: s2sad.value_and_grad(f)(X)[1], lambda a: a * np.cos(a * X)),
    "jvp": (lambda f: s2sad.jvp(f, (X,), (X,))[1], lambda a: np.sum(a * np.cos(a * X) * X)),
    "vjp": (lambda f: s2sad.vjp(f, X)[1](1.0)[0], lambda a: a * np.cos(a * X)),
    "hessian": (lambda f: s2sad.hessian(f)(X), lambda a: np.diag(-(a**2) * np.sin(a * X))),
    "hvp": (lambda f: s2sad.hvp(f)(X, X), lambda a: -(a**2) * np.sin(a * X) * X),
    "numba": (lambda f: s2sad.grad(f, backend="numba")(X), lambda a: a * np.cos(a * X)),
}


@pytest.fixture
def compilations(monkeypatch):
    """What was compiled."""
    compiled = []

    def compile_(derivative, *args):
        compiled.append(derivative.__name__)
        return original(derivative, *args)

    original = Derivative.compile
    monkeypatch.setattr(Derivative, "compile", compile_)
    return compiled


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("form", FORMS)
def test_the_next_function_of_a_code_uses_what_was_compiled_for_the_first(form, operator, compilations):
    if operator == "numba":
        pytest.importorskip("numba")
        if form is by_recursion:
            pytest.skip("numba does not settle the types of residuals that hold residuals")
    derivative, closed_form = OPERATORS[operator]
    factors = [np.array([0.5, 2.0, 1.1]), np.array([1.5, -2.0, 0.1]), np.array([-0.5, 0.7, 3.0])]
    for k, a in enumerate(factors):
        if k == 1:
            compilations.clear()
        np.testing.assert_allclose(derivative(form(a)), closed_form(a), rtol=1e-12, atol=1e-14)
    assert compilations == []


def of_value(value):
    """A function that depends on something which is no array."""
    match value:
        case int():
            return lambda x: np.sum(x**value)
        case str():
            return lambda x: np.sum(x**2 if value == "square" else x**3)
        case list():
            return lambda x: sum(np.sum(x**k) for k in value)
        case _:
            return lambda x: np.sum(value(x))


PAIRS = {
    "integers": (2, 3),
    "texts": ("square", "cube"),
    "lists": ([2], [3]),
    "functions": (square, cube),
    "partials": (functools.partial(power_of, n=2), functools.partial(power_of, n=3)),
}


@pytest.mark.parametrize("first, second", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("swapped", [False, True])
def test_functions_that_see_other_values_have_other_derivatives(first, second, swapped):
    expected = [(first, 2 * X), (second, 3 * X**2)]
    for value, gradient in (expected[::-1] if swapped else expected) * 3:
        np.testing.assert_allclose(s2sad.grad(of_value(value))(X), gradient)


def test_other_shapes_and_kinds_of_arrays():
    for a in (np.array([1.0, 2.0, 3.0]), 2.0, np.ones((2, 3)), np.array([1, 2, 3]), np.array([2.0]), np.float64(3.0)):
        np.testing.assert_allclose(s2sad.grad(by_array(a))(X), np.sum(np.atleast_2d(a * np.cos(a * X)), axis=0))


def test_a_variable_that_is_given_another_value_later():
    def made(n, factor):
        def f(x):
            return factor * np.sum(x**n)

        def change(to):
            nonlocal n
            n = to

        return f, change

    first, change_first = made(2, 1.0)
    np.testing.assert_allclose(s2sad.jvp(first, (X,), (X,))[1], np.sum(2 * X * X))
    second, change_second = made(2, 10.0)
    gradient = s2sad.grad(second)
    np.testing.assert_allclose(gradient(X), 20 * X)
    change_first(3)
    np.testing.assert_allclose(gradient(X), 20 * X)
    change_second(3)
    np.testing.assert_allclose(gradient(X), 30 * X**2)
    third, _ = made(3, 100.0)
    np.testing.assert_allclose(s2sad.grad(third)(X), 300 * X**2)
    fourth, _ = made(2, 1000.0)
    np.testing.assert_allclose(s2sad.grad(fourth)(X), 2000 * X)


POWER = 2


def test_a_global_that_is_given_another_value(monkeypatch):
    def made(a):
        return lambda x: a * np.sum(x**POWER)

    np.testing.assert_allclose(s2sad.grad(made(1.0))(X), 2 * X)
    kept = s2sad.grad(made(2.0))
    np.testing.assert_allclose(kept(X), 4 * X)
    monkeypatch.setitem(globals(), "POWER", 3)
    np.testing.assert_allclose(s2sad.grad(made(3.0))(X), 9 * X**2)
    np.testing.assert_allclose(kept(X), 6 * X**2)


class Spring:
    def __init__(self, stiffness, power):
        self.stiffness, self.power = stiffness, power

    def energy(self, x):
        return self.stiffness * np.sum(x**self.power)

    def force(self, x):
        return -s2sad.grad(lambda y: self.energy(y))(x)


def test_objects_that_a_method_closes_over():
    np.testing.assert_allclose(Spring(2.0, 2).force(X), -4.0 * X)
    np.testing.assert_allclose(Spring(5.0, 2).force(X), -10.0 * X)
    np.testing.assert_allclose(Spring(5.0, 3).force(X), -15.0 * X**2)


def test_functions_given_as_arguments():
    def made(a):
        return lambda x, f: a * np.sum(f(x))

    for a, f, expected in [(1.0, square, 2 * X), (2.0, cube, 6 * X**2), (3.0, square, 6 * X), (4.0, cube, 12 * X**2)]:
        np.testing.assert_allclose(s2sad.grad(made(a))(X, f), expected)


def test_rules_of_a_function_made_anew():
    def made(scale):
        @s2sad.custom_jvp
        def f(x):
            return scale * x**2

        @f.defjvp
        def f_jvp(primals, tangents):
            (x,), (x_dot,) = primals, tangents
            return f(x), 10.0 * scale * x_dot

        return lambda x: np.sum(f(x))

    for scale in (1.0, 2.0, 3.0):
        np.testing.assert_allclose(s2sad.grad(made(scale))(X), np.full(3, 10.0 * scale))


def test_arrays_of_old_functions_are_forgotten():
    references = []
    for k in range(40):
        a = np.full(3, float(k))
        references.append(weakref.ref(a))
        s2sad.jvp(by_array(a), (X,), (X,))
    del a
    gc.collect()
    assert sum(r() is not None for r in references) <= 20


def test_only_so_many_codes_are_kept():
    shared = Shared()
    for k in range(MAX_MEMBERS + 10):
        shared.add(k, object())
    assert len(shared.known) == MAX_MEMBERS
    assert all(len(forms) <= 8 for forms in SHARED.known.values())


STEP = 1


@pytest.mark.parametrize("first", [1, 1.5])
def test_a_number_that_varies_becomes_a_parameter(first, compilations, monkeypatch):
    """Steps of a loop that count, or anneal, compile twice, not at each step."""
    gradient = s2sad.grad(lambda x: np.sum(np.sin(STEP * x)))
    for k in range(10):
        monkeypatch.setitem(globals(), "STEP", first + k)
        np.testing.assert_allclose(gradient(X), (first + k) * np.cos((first + k) * X))
    assert len(compilations) == 2


def test_a_number_that_varies_and_must_be_known(compilations, monkeypatch):
    gradient = s2sad.grad(lambda x: sum([np.sum(np.sin(k * x)) for k in (1, 2, 3)][:STEP]))
    for k in (1, 2, 3, 1, 2, 3):
        monkeypatch.setitem(globals(), "STEP", k)
        np.testing.assert_allclose(gradient(X), sum(j * np.cos(j * X) for j in range(1, k + 1)))
    assert len(compilations) <= 5  # the second and third attempt each ask for the number


def test_hvp_takes_keywords():
    f = by_keyword_of_array(X)
    np.testing.assert_allclose(s2sad.hvp(f)(X, X, scale=2.0), 2.0 * s2sad.hvp(f)(X, X))
