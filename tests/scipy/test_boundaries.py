"""Boundary value problems by SciPy, as people call them: the collocation's implicit function theorem."""

import numpy as np
import pytest
from scipy.integrate import solve_bvp

import s2sad
from tests.scipy.solved import check, slope

X = np.linspace(0.0, 1.0, 11)


def bratu(k):
    """SciPy's example: values and slopes on the mesh."""

    def fun(x, y):
        return np.vstack((y[1], -k * np.exp(y[0])))

    def bc(ya, yb):
        return np.array([ya[0], yb[0] - 0.1 * k])

    res = solve_bvp(fun, bc, X, np.zeros((2, X.size)), tol=1e-7)
    return np.max(res.y[0]) + np.sum(res.yp[:, 0] ** 2)


def sturm_liouville(a):
    """An eigenvalue as an unknown parameter, and its function between the nodes."""

    def fun(x, y, p):
        k = p[0]
        return np.vstack((y[1], -(k**2) * (1 + a * x) * y[0]))

    def bc(ya, yb, p):
        return np.array([ya[0], yb[0], ya[1] - p[0]])

    y = np.zeros((2, X.size))
    y[0, 3], y[0, 8] = 1.0, -1.0
    sol = solve_bvp(fun, bc, X, y, p=[6], tol=1e-6)
    return sol.p[0] ** 2 + sol.sol(0.4)[0] + np.sum(sol.sol(np.array([0.9, 0.1]))[1])


class Beam:
    """A cantilever under a load, and on a foundation."""

    def __init__(self, load, foundation):
        self.load = load
        self.foundation = foundation

    def rhs(self, x, y):
        return np.vstack([y[1], y[2], y[3], self.load - self.foundation * y[0]])

    def ends(self, ya, yb):
        return np.array([ya[0], ya[1], yb[2], yb[3]])


def deflection(load):
    beam = Beam(load, load**2)
    res = solve_bvp(beam.rhs, beam.ends, X, np.zeros((4, X.size)), tol=1e-7)
    if not res.success:
        raise RuntimeError(res.message)
    return res.y[0, -1]


def fin(a):
    """y'' = a y, with Jacobians: the slope at the start is -sqrt(a) / tanh(sqrt(a))."""
    res = solve_bvp(
        lambda x, y: [y[1], a * y[0]],
        lambda ya, yb: np.array([ya[0] - 1.0, yb[0]]),
        X,
        np.zeros((2, X.size)),
        fun_jac=lambda x, y: np.array([[0 * x, 0 * x + 1.0], [0 * x + a, 0 * x]]),
        bc_jac=lambda ya, yb: (np.array([[1, 0], [0, 0]]), np.array([[0, 0], [1, 0]])),
        tol=1e-7,
    )
    return res.y[1, 0]


def where(a):
    """The place moves."""
    sol = solve_bvp(
        lambda x, y: [y[1], a * y[0]], lambda ya, yb: np.array([ya[0] - 1.0, yb[0]]), X, np.zeros((2, X.size))
    )
    return sol.sol(a / 2)[0]


@pytest.mark.parametrize("f", [bratu, deflection, where])
def test_programs(f):
    check(f, 1.2, second=False)


def test_unknown_parameters():
    gradient = s2sad.grad(sturm_liouville)(0.2)
    np.testing.assert_allclose(gradient, slope(sturm_liouville, 0.2), rtol=1e-6)


def test_closed_form():
    def exact(a):
        return -np.sqrt(a) / np.tanh(np.sqrt(a))

    np.testing.assert_allclose(s2sad.grad(fin)(1.3), slope(exact, 1.3), rtol=1e-7)
    np.testing.assert_allclose(s2sad.jvp(fin, (1.3,), (1.0,))[1], slope(exact, 1.3), rtol=1e-7)
    second = s2sad.jacfwd(s2sad.grad(fin))(1.3)
    np.testing.assert_allclose(second, slope(lambda a: slope(exact, a), 1.3), rtol=1e-6)


def too_coarse(k):
    res = solve_bvp(
        lambda x, y: [y[1], -k * np.exp(y[0])],
        lambda a, b: np.array([a[0], b[0]]),
        X,
        np.zeros((2, 11)),
        tol=1e-9,
        max_nodes=12,
    )
    return res.y[1, 0]


def moving_mesh(k):
    return solve_bvp(lambda x, y: [y[1], -y[0]], lambda a, b: np.array([a[0], b[0] - 1.0]), k * X, np.zeros((2, 11))).y[
        1, 0
    ]


def singular(k):
    return solve_bvp(
        lambda x, y: [y[1], -k * y[0]],
        lambda a, b: np.array([a[1], b[0] - 1.0]),
        X,
        np.ones((2, 11)),
        S=np.diag([0.0, -2.0]),
    ).y[0, 0]


def test_refused():
    with pytest.raises(RuntimeError, match=r"scipy\.integrate\.solve_bvp did not converge"):
        s2sad.grad(too_coarse)(1.0)
    with pytest.raises(s2sad.Error, match=r"a derivative of scipy\.integrate\.solve_bvp by x"):
        s2sad.grad(moving_mesh)(1.0)
    with pytest.raises(s2sad.Error, match="singular term"):
        s2sad.grad(singular)(1.0)
