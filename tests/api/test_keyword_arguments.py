"""Derivatives of functions called with keywords in any order: by which parameter, in every operator and backend."""

import functools
import itertools

import numpy as np
import pytest

import s2sad
from s2sad.errors import ArgumentError


def plain(a, b, c=3.0):
    return a * b**2 * c**3


def options(a, b, c=3.0, **more):
    return a * b**2 * c**3


def by_name(a, *, b, c=3.0, **more):
    return a * b**2 * c**3


def only_by_name(*, b, a, c=3.0):
    return a * b**2 * c**3


def gathered(a, *rest, b, c=3.0, **more):
    return a * b**2 * c**3 + 0.0 * sum(rest)


def all_gathered(**more):
    return more["a"] * more["b"] ** 2 * more["c"] ** 3


@functools.wraps(plain)
def wrapped(*args, **kwargs):
    return plain(*args, **kwargs)


class Model:
    def loss(self, a, b, c=3.0, **more):
        return a * b**2 * c**3

    def __call__(self, a, *, b, c=3.0, **more):
        return a * b**2 * c**3


FUNCTIONS = {
    "plain": plain,
    "options": options,
    "by_name": by_name,
    "only_by_name": only_by_name,
    "gathered": gathered,
    "all_gathered": all_gathered,
    "wrapped": wrapped,
    "method": Model().loss,
    "callable": Model(),
    "partial": functools.partial(options, more=1.0),
    "partial by name": functools.partial(by_name, c=9.0),
    "lambda": lambda a, b, c=3.0, **more: a * b**2 * c**3,
}
GIVEN = {"a": 2.0, "b": 0.5, "c": 1.5}
FIRST = {
    "a": lambda a, b, c: b**2 * c**3,
    "b": lambda a, b, c: 2 * a * b * c**3,
    "c": lambda a, b, c: 3 * a * b**2 * c**2,
}
SECOND = {"a": lambda a, b, c: 0.0, "b": lambda a, b, c: 2 * a * c**3, "c": lambda a, b, c: 6 * a * b**2 * c}
ORDERS = list(itertools.permutations(GIVEN))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("order", ORDERS, ids="".join)
def test_the_parameter_that_is_named(name, order):
    f, given = FUNCTIONS[name], {n: GIVEN[n] for n in order}
    for n in GIVEN:
        first, second = FIRST[n](**GIVEN), SECOND[n](**GIVEN)
        value, gradient = s2sad.value_and_grad(f, n)(**given)
        np.testing.assert_allclose((value, gradient), (f(**given), first))
        for operator in (s2sad.grad, s2sad.jacfwd, s2sad.jacrev, s2sad.jacobian, s2sad.elementwise_grad):
            np.testing.assert_allclose(operator(f, n)(**given), first, err_msg=operator.__name__)
        np.testing.assert_allclose(s2sad.hessian(f, n)(**given), second, atol=1e-12)
        np.testing.assert_allclose(s2sad.hvp(f, n)(2.0, **given), 2 * second, atol=1e-12)
        np.testing.assert_allclose(s2sad.grad(s2sad.grad(f, n), n)(**given), second, atol=1e-12)
    _, both = s2sad.value_and_grad(f, ("c", "a"))(**given)
    np.testing.assert_allclose(both, (FIRST["c"](**GIVEN), FIRST["a"](**GIVEN)))
    vectors = s2sad.hvp(f, ("c", "b"))((1.0, 0.0), **given)
    np.testing.assert_allclose(vectors, (SECOND["c"](**GIVEN), 6 * GIVEN["a"] * GIVEN["b"] * GIVEN["c"] ** 2))
    assert s2sad.grad(f, "b").lower(**given)(**given) == pytest.approx(FIRST["b"](**GIVEN))


@pytest.mark.parametrize("name", ["options", "by_name", "gathered", "method", "callable", "wrapped", "lambda"])
@pytest.mark.parametrize("order", list(itertools.permutations("bc")), ids="".join)
def test_some_by_position(name, order):
    f, rest = FUNCTIONS[name], {n: GIVEN[n] for n in order}
    for n in GIVEN:
        np.testing.assert_allclose(s2sad.grad(f, n)(GIVEN["a"], **rest), FIRST[n](**GIVEN))
    np.testing.assert_allclose(s2sad.grad(f)(GIVEN["a"], **rest), FIRST["a"](**GIVEN))
    np.testing.assert_allclose(s2sad.hvp(f, "b")(GIVEN["a"], 2.0, **rest), 2 * SECOND["b"](**GIVEN))


@pytest.mark.parametrize("name", ["plain", "options", "method", "wrapped", "partial", "lambda"])
@pytest.mark.parametrize("order", ORDERS, ids="".join)
def test_a_position_means_the_parameter_of_the_signature(name, order):
    given = {n: GIVEN[n] for n in order}
    for k, n in enumerate(GIVEN):
        np.testing.assert_allclose(s2sad.grad(FUNCTIONS[name], k)(**given), FIRST[n](**GIVEN))


@pytest.mark.parametrize("name", ["options", "by_name", "gathered", "method", "lambda", "plain"])
def test_what_is_left_to_its_default(name):
    values = {**GIVEN, "c": 3.0}
    given = {"b": GIVEN["b"], "a": GIVEN["a"]}
    for n in ("c", "a"):
        np.testing.assert_allclose(s2sad.grad(FUNCTIONS[name], n)(**given), FIRST[n](**values))


@pytest.mark.parametrize("name", ["options", "by_name", "gathered", "all_gathered"])
@pytest.mark.parametrize("order", ORDERS, ids="".join)
def test_native(name, order):
    given = {n: GIVEN[n] for n in order}
    for n in GIVEN:
        found = s2sad.grad(FUNCTIONS[name], n, backend="numba")(**given)
        np.testing.assert_allclose(found, FIRST[n](**GIVEN))


@pytest.mark.parametrize("order", list(itertools.permutations("xyw")), ids="".join)
def test_examples_along_the_axes_of_their_parameters(order):
    def f(x, y, w, **more):
        return np.dot(x, w) + y

    x, y, w = np.arange(6.0).reshape(3, 2), np.arange(2.0), np.array([1.0, 10.0, 100.0])
    given = {n: {"x": x, "y": y, "w": w}[n] for n in order}
    found = s2sad.vmap(f, in_axes=(1, 0, None))(**given)
    np.testing.assert_allclose(found, x.T @ w + y)
    gradients = s2sad.vmap(s2sad.grad(f, "x"), in_axes=(1, 0, None))(**given)
    np.testing.assert_allclose(gradients, np.stack([w, w]))


@pytest.mark.parametrize("order", ORDERS, ids="".join)
@pytest.mark.parametrize("name", ["options", "by_name", "gathered", "wrapped"])
def test_inside_a_function(name, order):
    f = FUNCTIONS[name]
    derivative = s2sad.grad(f, "b")

    def outer(t):
        values = {n: t * v for n, v in GIVEN.items()}
        return derivative(**{n: values[n] for n in order})

    def inner(t):
        values = {n: t * v for n, v in GIVEN.items()}
        return s2sad.grad(f, "b")(**{n: values[n] for n in order})

    def closure(t):
        def g(a, b, c=3.0, **more):
            return t * a * b**2 * c**3

        return s2sad.grad(g, "b")(**{n: GIVEN[n] for n in order})

    for h, power in ((outer, 5), (inner, 5), (closure, 1)):
        value, slope = s2sad.value_and_grad(h)(1.0)
        np.testing.assert_allclose((value, slope), (FIRST["b"](**GIVEN), power * FIRST["b"](**GIVEN)))


def test_functions_of_numpy():
    x, y = np.arange(1.0, 4.0), np.array([2.0, 1.0, 3.0])
    np.testing.assert_allclose(s2sad.grad(np.dot, "b")(b=y, a=x), x)
    np.testing.assert_allclose(s2sad.grad(np.dot, "a")(b=y, a=x), y)
    np.testing.assert_allclose(s2sad.grad(np.vdot, 1)(x, y), x)


def test_the_order_of_keywords_is_that_of_the_call():
    def first(**more):
        return 2.0 * list(more.values())[0]

    derivative = s2sad.grad(first, "b")
    assert (derivative(b=1.0, a=2.0), derivative(a=2.0, b=1.0)) == (2.0, 0.0)


def test_what_is_not_given_is_an_error():
    with pytest.raises(ArgumentError, match="'d': options is called with a and b"):
        s2sad.grad(options, "d")(a=1.0, b=2.0)
    with pytest.raises(ArgumentError, match="has the parameters a, b, c"):
        s2sad.grad(plain, "d")
    with pytest.raises(ArgumentError, match="has the parameters a, b, c"):
        s2sad.grad(wrapped, "d")


def scaled(*args, **kwargs):
    return args[0] ** 2 * kwargs["z"]


def test_positions_and_names_together():
    assert s2sad.grad(scaled, argnums=(0, "z"))(2.0, z=3.0) == (12.0, 4.0)
    assert s2sad.grad(scaled, argnums=("z", 0))(2.0, z=3.0) == (4.0, 12.0)
    with pytest.raises(s2sad.Error, match="names a parameter twice"):
        s2sad.grad(scaled, argnums=("z", "z"))
