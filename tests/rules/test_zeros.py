"""Derivatives at 0: norms at their minimum, products with factors 0, powers of 0, deviations of equal numbers."""

import numpy as np
import pytest

import s2sad

K = np.arange(1.0, 5.0)


def polynomial(f, x, along, order, h=0.5):
    """The derivative along a direction of a polynomial of degree 4 at most, exactly by five points."""
    points = h * np.arange(-2.0, 3.0)
    c = np.polynomial.polynomial.polyfit(points, [f(x + t * along) for t in points], 4)
    return c[order] * np.prod(np.arange(1.0, order + 1))


PRODUCTS = [
    lambda x: np.sum(np.cumprod(x) * K),
    lambda x: np.prod(x),
    lambda x: np.sum(np.prod(np.stack([x, x[::-1]]), axis=0)),
    lambda x: np.nanprod(x),
    lambda x: np.sum(np.nancumprod(x)),
    lambda x: np.sum(np.cumprod(x.reshape(2, 2), axis=0) * 2.0) + np.sum(np.cumprod(x.reshape(2, 2), axis=1)),
    lambda x: np.sum(np.cumprod(x.reshape(2, 2))),
    lambda x: np.sum(np.multiply.reduce(x)) + np.sum(x**3) + np.sum(x**1),
]
POINTS = [[2.0, 0.0, 3.0, 1.5], [0.0, 0.0, 3.0, 1.5], [0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 0.0], [1.0, -2.0, 0.5, 2.0]]


@pytest.mark.parametrize("x", POINTS, ids=str)
@pytest.mark.parametrize("k", range(len(PRODUCTS)))
def test_products(k, x):
    f, x, along = PRODUCTS[k], np.array(x), np.array([0.4, -0.3, 0.5, 0.7])
    at = lambda t: f(x + t * along)  # noqa: E731
    first, second, third = (polynomial(f, x, along, n) for n in (1, 2, 3))
    np.testing.assert_allclose(s2sad.grad(f)(x) @ along, first, atol=1e-9)
    np.testing.assert_allclose(s2sad.jvp(f, (x,), (along,))[1], first, atol=1e-9)
    np.testing.assert_allclose(s2sad.hessian(f)(x) @ along @ along, second, atol=1e-9)
    np.testing.assert_allclose(s2sad.grad(s2sad.grad(at))(0.0), second, atol=1e-9)
    np.testing.assert_allclose(s2sad.grad(s2sad.grad(s2sad.grad(at)))(0.0), third, atol=1e-8)


NORMS = [
    np.linalg.norm,
    lambda x: np.linalg.norm(x, axis=0),
    lambda x: np.hypot(x[0], x[1]),
    lambda x: np.std(x),
    lambda x: np.sum(np.linalg.norm(x.reshape(2, 2), axis=1)),
    lambda x: np.linalg.norm(x.reshape(2, 2), "fro"),
    lambda x: np.sum(np.std(x.reshape(2, 2), axis=0)),
]


@pytest.mark.parametrize("k", range(len(NORMS)))
def test_norms_at_their_minimum(k):
    x = np.zeros(4)
    np.testing.assert_array_equal(s2sad.grad(NORMS[k])(x), x)
    assert s2sad.jvp(NORMS[k], (x,), (K,))[1] == 0.0


SQUARES = [lambda x: np.linalg.norm(x) ** 2, lambda x: np.sum(np.linalg.norm(x.reshape(2, 2), axis=1) ** 2)]


@pytest.mark.parametrize("x", [np.zeros(4), K, np.array([0.0, 0.0, 1.0, 2.0])], ids=str)
@pytest.mark.parametrize("k", range(len(SQUARES)))
def test_the_square_of_a_norm(k, x):
    f = SQUARES[k]
    np.testing.assert_allclose(s2sad.grad(f)(x), 2.0 * x, atol=1e-14)
    np.testing.assert_allclose(s2sad.jacrev(s2sad.grad(f))(x), 2.0 * np.eye(4), atol=1e-12)
    np.testing.assert_allclose(s2sad.hvp(f)(x, K), 2.0 * K, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 1.0, 2.0, 3.5])
def test_powers_of_zero(n):
    def f(x, n):
        return x**n

    for value in (n, np.float64(n)):
        assert s2sad.grad(f)(0.0, value) == (1.0 if n == 1 else 0.0)
        assert s2sad.jvp(f, (0.0, np.float64(n)), (1.0, 0.0))[1] == (1.0 if n == 1 else 0.0)
        assert s2sad.grad(s2sad.grad(f))(0.0, value) == (2.0 if n == 2 else 0.0)


def test_zero_to_the_power_of_zero():
    assert s2sad.grad(lambda x, n: x**n, (0, 1))(0.0, 0.0) == (0.0, 0.0)
    np.testing.assert_array_equal(s2sad.grad(lambda x: np.sum(x ** np.arange(3)))(np.zeros(3)), [0.0, 1.0, 0.0])


def test_normalised_channels_that_are_constant():
    def network(w, x):
        h = x @ w
        h = (h - np.mean(h, axis=0)) / np.sqrt(np.var(h, axis=0) + 1e-5)
        g = (h - h.mean(axis=0)) / (np.std(h, axis=0) + 1e-5)
        return np.sum(np.tanh(h + g) ** 2)

    x = np.arange(12.0).reshape(4, 3)
    w = np.array([[1.0, 0.0], [0.5, 0.0], [-0.3, 0.0]])
    assert np.all(np.isfinite(s2sad.grad(network)(w, x)))
    assert np.isfinite(s2sad.jvp(lambda w: network(w, x), (w,), (w + 1.0,))[1])
    assert np.all(np.isfinite(s2sad.hvp(network)(w, x, w)))
