"""Factorisations: one triangle is read, vectors that have no derivative, equal eigenvalues, singular matrices."""

import numpy as np
import pytest
import scipy.linalg
from scipy import stats

import s2sad
from s2sad.errors import UnsupportedType
from s2sad.ir.primitive import PRIMITIVES
from s2sad.rules import everything

RNG = np.random.default_rng(3)
W = RNG.normal(size=(3, 3))
B = RNG.normal(size=3)
A = np.array([[4.0, 0.7, -0.4], [0.5, 3.0, 0.3], [0.2, -0.6, 2.0]])
"""No symmetric matrix: what is read of it is one triangle."""


def differences(f, a, h=1e-6):
    """The gradient by differences, of each element alone."""
    g = np.zeros(a.shape)
    for i in np.ndindex(a.shape):
        e = np.zeros(a.shape)
        e[i] = h
        g[i] = (f(a + e) - f(a - e)) / (2 * h)
    return g


def agrees(f, a, **tolerance):
    expected = differences(f, a)
    np.testing.assert_allclose(s2sad.grad(f)(a), expected, **(tolerance or {"rtol": 2e-6, "atol": 2e-7}))
    e = np.cos(np.arange(a.size, dtype=float)).reshape(a.shape)
    np.testing.assert_allclose(s2sad.jvp(f, (a,), (e,))[1], np.sum(expected * e), rtol=2e-5, atol=1e-6)


ONE_TRIANGLE = [
    lambda a: np.linalg.eigh(a)[0] @ B + np.sum(np.linalg.eigh(a)[1] ** 2 * W),
    lambda a: np.linalg.eigh(a, UPLO="U")[0] @ B + np.sum(np.linalg.eigh(a, "U")[1] ** 2 * W),
    lambda a: np.linalg.eigvalsh(a) @ B,
    lambda a: np.linalg.eigvalsh(a, UPLO="U") @ B,
    lambda a: np.sum(np.linalg.cholesky(a) * W),
    lambda a: np.sum(np.linalg.cholesky(a, upper=True) * W),
    lambda a: scipy.linalg.eigh(a)[0] @ B,
    lambda a: np.sum(scipy.linalg.eigh(a, lower=False)[1] ** 2 * W),
    lambda a: scipy.linalg.eigh(a, lower=False, eigvals_only=True) @ B,
    lambda a: scipy.linalg.eigvalsh(a, lower=False) @ B,
    lambda a: np.sum(scipy.linalg.cholesky(a) * W),
    lambda a: np.sum(scipy.linalg.cholesky(a, lower=True) * W),
    lambda a: np.sum(np.triu(scipy.linalg.cho_factor(a)[0]) * W),
    lambda a: scipy.linalg.cho_solve(scipy.linalg.cho_factor(a, lower=True), B) @ B,
    lambda a: scipy.linalg.cho_solve(scipy.linalg.cho_factor(a), B) @ B,
    lambda a: scipy.linalg.solve(a, B, assume_a="pos") @ B,
    lambda a: scipy.linalg.solve(a, B, assume_a="pos", lower=True) @ B,
    lambda a: scipy.linalg.solve(a, B, assume_a="sym") @ B,
    lambda a: scipy.linalg.solve(a, B, assume_a="sym", lower=True) @ B,
    lambda a: scipy.linalg.solve_triangular(a, B) @ B,
]


@pytest.mark.parametrize("k", range(len(ONE_TRIANGLE)))
def test_the_triangle_that_is_read_has_the_derivative(k):
    f = ONE_TRIANGLE[k]
    agrees(f, A)
    found = s2sad.grad(f)(A)
    symmetric = RNG.normal(size=(3, 3))
    symmetric = symmetric + symmetric.T
    np.testing.assert_allclose(np.sum(found * symmetric), s2sad.jvp(f, (A,), (symmetric,))[1], rtol=1e-9, atol=1e-10)


def test_a_density_by_its_covariance():
    def f(c):
        return stats.multivariate_normal.logpdf(B, np.zeros(3), c @ c.T)

    agrees(f, A)


def full(a):
    u, s, vh = np.linalg.svd(a)
    return np.sum(u**3) + np.sum(s**2) + np.sum(vh**3 * np.arange(3.0))


def full_of_scipy(a):
    u, s, vh = scipy.linalg.svd(a)
    return np.sum(u**3) + np.sum(s**2) + np.sum(vh**3 * np.arange(3.0))


def values_alone(a):
    s = np.linalg.svd(a)[1]
    return np.sum(s**3)


@pytest.mark.parametrize("f", [full, full_of_scipy, values_alone])
def test_full_singular_vectors_of_a_square_matrix(f):
    agrees(f, A)
    np.testing.assert_allclose(np.sum(s2sad.jacfwd(f)(A) * W), s2sad.linearize(f, A)[1](W), rtol=1e-9)


def test_vectors_that_have_no_derivative_are_refused_in_both_modes():
    def f(a):
        return np.sum(np.linalg.svd(a)[0] ** 3)

    a = RNG.normal(size=(4, 2))
    agrees(values_alone, a)
    for call in (s2sad.grad(f), s2sad.jacfwd(f), lambda a: s2sad.jvp(f, (a,), (a,)), s2sad.hessian(f)):
        with pytest.raises(UnsupportedType, match="full svd"):
            call(a)


def test_a_derivative_in_one_mode_is_one_in_the_other():
    everything()
    assert [p.name for p in PRIMITIVES.values() if (p.tangent is None) != (p.adjoint is None)] == []


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (1, 3)])
def test_factors_of_any_shape(shape):
    def f(a):
        q, r = np.linalg.qr(a)
        return np.sum(r**3) + np.sum(q**3)

    def of_scipy(a):
        q, r = scipy.linalg.qr(a, mode="economic")
        return np.sum(r**3) + np.sum(q**3)

    a = RNG.normal(size=shape) + 2.0 * np.eye(*shape)
    agrees(f, a)
    agrees(of_scipy, a)


@pytest.mark.parametrize(
    "a", [[[1.0, 2.0], [2.0, 4.0]], np.zeros((2, 2)), np.arange(9.0).reshape(3, 3), np.diag([0.0, 0, 3])]
)
def test_the_determinant_of_a_singular_matrix(a):
    a = np.array(a)
    for f in (np.linalg.det, scipy.linalg.det):
        agrees(lambda a, f=f: f(a) * 2.0, a, atol=1e-6)
        curvature = s2sad.hessian(lambda a, f=f: f(a) * 1.0)(a)
        expected = [
            [differences(lambda x, i=i, j=j: s2sad.grad(np.linalg.det)(x)[i, j], a) for j in range(len(a))]
            for i in range(len(a))
        ]
        np.testing.assert_allclose(curvature, expected, atol=1e-6)


def test_the_third_derivative_of_a_determinant():
    a = np.array([[1.0, 0.2, 0.3], [0.4, 2.0, 0.1], [0.5, 0.3, 1.5]])

    def along(t):
        return np.linalg.det(a + t * W)

    # a polynomial of degree 3 with det(W) in front
    np.testing.assert_allclose(s2sad.grad(s2sad.grad(s2sad.grad(along)))(0.3), 6.0 * np.linalg.det(W), rtol=1e-8)
    np.testing.assert_allclose(s2sad.grad(s2sad.grad(s2sad.grad(s2sad.grad(along))))(0.3), 0.0, atol=1e-6)


def test_equal_eigenvalues_give_no_noise():
    basis = np.linalg.qr(RNG.normal(size=(4, 4)) + np.eye(4))[0]
    form = np.sin(np.arange(16.0)).reshape(4, 4)

    def of_a_space_that_stays(a):
        m = basis.T @ np.diag(np.array([a[0], a[1], a[1], a[2]])) @ basis
        _, v = np.linalg.eigh(0.5 * (m + m.T))
        return np.sum((form @ v[:, 1:3]) * v[:, 1:3])

    np.testing.assert_allclose(s2sad.grad(of_a_space_that_stays)(np.array([0.5, 1.0, 2.0])), 0.0, atol=1e-9)

    def of_singular_vectors(a):
        m = basis.T @ np.diag(np.array([a[0], a[1], a[1], a[2]])) @ basis
        u, _, vh = np.linalg.svd(m)
        return np.sum((u @ vh) * form)

    np.testing.assert_allclose(s2sad.grad(of_singular_vectors)(np.array([0.5, 1.0, 2.0])), 0.0, atol=1e-9)
