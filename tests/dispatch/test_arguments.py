"""Derivatives by several arguments in any order, of functions that take `*args`, and of functions of outside arrays."""

import itertools

import numpy as np
import pytest

import s2sad

X, Y, Z = np.array([0.3, 1.2]), np.array([-0.7, 0.4]), 1.3
ORDERS = [o for n in (1, 2, 3) for o in itertools.permutations(range(3), n)]


def energy(x, y, z):
    return np.sum(np.sin(x) * y**2) * z + np.sum(x * y) * z**2


def field(x, y, z):
    return x * np.exp(y) * z + y[::-1] * z**2


def variadic(*args):
    x, y, z = args
    return energy(x, y, z)


def assert_same(found, expected):
    if isinstance(expected, tuple):
        assert isinstance(found, tuple) and len(found) == len(expected)
        for f, e in zip(found, expected, strict=True):
            assert_same(f, e)
        return
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("backend", [None, "numba"])
def test_gradients_come_in_the_order_asked_for(order, backend):
    if backend == "numba":
        pytest.importorskip("numba")
        if order not in [(2, 0), (1, 2, 0)]:
            pytest.skip("two orders are enough for native code")
    expected = tuple(s2sad.grad(energy, k)(X, Y, Z) for k in order)
    assert_same(s2sad.grad(energy, order, backend=backend)(X, Y, Z), expected)
    assert_same(s2sad.value_and_grad(energy, order, backend=backend)(X, Y, Z)[1], expected)


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("operator", [s2sad.jacfwd, s2sad.jacrev, s2sad.jacobian, s2sad.elementwise_grad])
def test_jacobians_come_in_the_order_asked_for(operator, order):
    expected = tuple(operator(field, k)(X, Y, Z) for k in order)
    assert_same(operator(field, order)(X, Y, Z), expected)


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_hessians_come_in_the_order_asked_for(order):
    found = s2sad.hessian(energy, order)(X, Y, Z)
    for i, row in zip(order, found, strict=True):
        for j, block in zip(order, row, strict=True):
            assert_same(block, s2sad.jacfwd(s2sad.grad(energy, i), j)(X, Y, Z))


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_products_with_hessians_take_vectors_in_the_order_asked_for(order):
    vectors = (np.array([1.0, -2.0]), np.array([0.5, 3.0]), -1.5)
    found = s2sad.hvp(energy, order)(X, Y, Z, tuple(vectors[k] for k in order))
    blocks = s2sad.hessian(energy, (0, 1, 2))(X, Y, Z)
    for i, product in zip(order, found, strict=True):
        expected = sum(np.tensordot(blocks[i][j], vectors[j], np.ndim(vectors[j])) for j in order)
        np.testing.assert_allclose(product, expected, rtol=1e-12, atol=1e-14)


def test_names_in_any_order():
    assert_same(s2sad.grad(energy, ("z", "x"))(X, Y, Z), s2sad.grad(energy, (2, 0))(X, Y, Z))


def product_along(x):
    def inner(a, b):
        return np.sum(a**2 * b**3)

    by_b, by_a = s2sad.hvp(inner, (1, 0))(x, 2.0 * x, (0.0 * x, x))
    return np.sum(by_a) + np.sum(by_b)


def product_along_outer(x):
    by_z, by_x = s2sad.hvp(energy, (2, 0))(x, x, Z, (1.0, x))
    return by_z + np.sum(by_x)


def gradient_order(x):
    by_z, by_x = s2sad.grad(energy, (2, 0))(x, 2.0 * x, Z)
    return by_z * np.sum(by_x)


@pytest.mark.parametrize("program", [product_along, product_along_outer, gradient_order])
def test_the_same_inside_a_function(program):
    assert s2sad.value_and_grad(program)(X)[0] == pytest.approx(program(X), rel=1e-12)
    s2sad.check_grads(program, (X,))


DERIVATIVES = {
    "grad of grad": lambda f: s2sad.grad(lambda x, y, z: np.sum(s2sad.grad(f)(x, y, z)), 1)(X, Y, Z),
    "jacobian of grad": lambda f: s2sad.jacobian(s2sad.grad(f), 1)(X, Y, Z),
    "jacfwd of grad by all": lambda f: s2sad.jacfwd(s2sad.grad(f, (2, 0, 1)), (1, 0, 2))(X, Y, Z),
    "hessian": lambda f: s2sad.hessian(f, (1, 0))(X, Y, Z),
    "jvp of grad": lambda f: s2sad.jvp(s2sad.grad(f), (X, Y, Z), (Y, X, 1.0)),
    "vjp of grad": lambda f: s2sad.vjp(s2sad.grad(f), X, Y, Z)[1](Y),
    "hvp": lambda f: s2sad.hvp(f)(X, Y, Z, Y),
    "hvp by two": lambda f: s2sad.hvp(f, (1, 0))(X, Y, Z, (Y, X)),
    "linearize": lambda f: s2sad.linearize(s2sad.grad(f), X, Y, Z)[1](Y, X, 1.0),
    "vmap of grad": lambda f: s2sad.vmap(s2sad.grad(f))(np.stack([X, Y]), np.stack([Y, X]), np.array([1.0, 2.0])),
}


@pytest.mark.parametrize("derivative", DERIVATIVES.values(), ids=DERIVATIVES)
def test_derivatives_of_derivatives_of_variadic_functions(derivative):
    assert_same(derivative(variadic), derivative(energy))


def test_a_variadic_function_is_checked_like_others():
    s2sad.check_grads(variadic, (X, Y, Z), order=2)


M = np.array([[1.0, 2.0], [-0.5, 3.0]])


def of_global(x):
    return np.sum(np.sin(M @ x) ** 2)


def of_closure(m):
    return lambda x: np.sum(np.sin(m @ x) ** 2)


def of_two(m, scale):
    def f(x, k):
        return np.sum(np.sin(m @ x) ** 2 * scale) ** k

    return lambda x: f(x, 2)


def of_argument(x, m):
    return np.sum(np.sin(m @ x) ** 2)


@pytest.mark.parametrize("f", [of_global, of_closure(M)], ids=["global", "closure"])
@pytest.mark.parametrize(
    "made",
    [
        lambda f, *m: s2sad.jvp(s2sad.hvp(f).derivative, (X, *m, Y), (Y, *(0.0 * a for a in m), X)),
        lambda f, *m: s2sad.vjp(s2sad.hvp(f).derivative, X, *m, Y)[1](Y)[0],
        lambda f, *m: s2sad.jacfwd(s2sad.hvp(f).derivative)(X, *m, Y),
        lambda f, *m: s2sad.hessian(s2sad.grad(f))(X, *m),
    ],
    ids=["tangent", "pullback", "jacobian", "third order"],
)
def test_derivatives_of_tangents_of_functions_of_outside_arrays(f, made):
    assert_same(made(f), made(of_argument, M))


def tangent_inside(x):
    return s2sad.jvp(of_global, (x,), (2.0 * x,))[1]


def product_inside(x):
    return np.sum(s2sad.hvp(of_global)(x, x))


@pytest.mark.parametrize("program", [tangent_inside, product_inside, of_two(M, Y)])
def test_tangents_of_functions_of_outside_arrays_inside_a_function(program):
    assert s2sad.value_and_grad(program)(X)[0] == pytest.approx(program(X), rel=1e-12)
    s2sad.check_grads(program, (X,), order=2)
