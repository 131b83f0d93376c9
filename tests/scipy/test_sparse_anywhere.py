"""Sparse matrices inside other solvers, closures, lists, checkpoints and loops; linear operators."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq, fsolve
from scipy.sparse import csr_array, diags_array, eye_array
from scipy.sparse.linalg import LinearOperator, bicgstab, cg, gmres, splu, spsolve

import s2sad
from s2sad.errors import Unsupported
from tests.scipy.solved import check

N = 8
B = np.arange(1.0, N + 1.0)
FIXED = diags_array([np.ones(N), 2.0 * np.ones(N - 1)], offsets=[0, 1], format="csr")


def banded(a):
    return diags_array([a * np.ones(N), 0.1 * np.ones(N - 1)], offsets=[0, 1], format="csc")


def in_a_residual(a):
    A = csr_array((a * B, (np.arange(N), np.arange(N))), shape=(N, N))
    return brentq(lambda x: np.sum(A @ (x * B)) * a - 1.0, 0.0, 10.0, xtol=1e-14)


def in_a_system(a):
    A = banded(a)

    def residual(u):
        return A @ u + u**3 - FIXED @ B

    return np.sum(fsolve(residual, np.zeros(N), xtol=1e-13) ** 2)


def in_a_differential_equation(a):
    A = banded(a)
    res = solve_ivp(lambda t, u: -(A @ u), (0.0, 1.0), B, rtol=1e-10, atol=1e-12)
    return np.sum(res.y[:, -1] ** 2)


def derived_inside(a):
    A = banded(a)

    def energy(x):
        return np.sum((A @ x) ** 2)

    return s2sad.grad(energy)(B).sum() + s2sad.jvp(energy, (B,), (B,))[1]


@s2sad.checkpoint
def stage(a, u):
    return spsolve(banded(2.0 + a), u)


def checkpointed(a):
    u = B
    for _ in range(3):
        u = stage(a, u)
    return np.sum(u**2)


def of_several(a):
    factors = [splu(banded(2.0)), splu(banded(2.0 + a)), splu(banded(2.0 + 2 * a))]
    u = B
    for lu in factors:
        u = lu.solve(u)
    return np.sum(u**2)


def while_large(a):
    u = B
    while np.sum(u**2) > 1.0:
        u = spsolve(diags_array([2.0 + a * u, 0.1 * np.ones(N - 1)], offsets=[0, 1], format="csc"), u)
    return np.sum(u**3)


def operator(a):
    def apply(u):
        steps = u[1:] - u[:-1]
        return a * u + np.concatenate([[u[0]], steps]) - np.concatenate([steps, [-u[-1]]])

    x, info = cg(LinearOperator((N, N), matvec=apply), a * B, rtol=1e-13)
    return np.sum(x**2) + info


def operator_of_a_matrix(a):
    A = LinearOperator((N, N), matvec=lambda u: FIXED @ u * a + a**2 * u, dtype=float)
    return np.sum(gmres(A, B, rtol=1e-13)[0] ** 3)


def operator_of_factors(a):
    lu = splu(banded(a))
    A = LinearOperator(shape=(N, N), matvec=lambda u: u + 0.1 * lu.solve(u))
    return np.sum(bicgstab(A, B, rtol=1e-13, atol=1e-13)[0] ** 2)


def solver_of_ones_own(a):
    def solve(f, y):
        return spsolve((FIXED + a * eye_array(N)).tocsc(), y)

    def transposed(f, y):
        return spsolve((FIXED + a * eye_array(N)).tocsc().T, y)

    return s2sad.custom_linear_solve(lambda u: FIXED @ u + a * u, B, solve, transposed).sum()


def root_of_params(params):
    return brentq(lambda x: x * params[0] - params[1] + x**3, 0.0, 10.0, xtol=1e-14)


PROGRAMS = [
    *(in_a_residual, in_a_system, in_a_differential_equation, derived_inside, checkpointed, of_several, while_large),
    *(operator, operator_of_a_matrix, operator_of_factors, solver_of_ones_own),
]


CURVED = (in_a_residual, derived_inside, operator_of_a_matrix)
"""Those whose second derivatives are tested too."""


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_programs(f):
    check(f, 1.3, second=f in CURVED)


def test_a_variable_that_is_called_params():
    np.testing.assert_allclose(s2sad.grad(root_of_params)(np.array([1.0, 2.0])), [-0.25, 0.25], rtol=1e-12)


def test_a_linear_operator_with_a_preconditioner_is_refused():
    def f(a):
        A = LinearOperator((N, N), matvec=lambda u: a * u)
        return np.sum(cg(A, B, M=FIXED)[0])

    with pytest.raises(Unsupported, match="M"):
        s2sad.grad(f)(1.3)


def test_a_list_of_run_time_length_is_refused():
    def f(a):
        u = B
        for lu in [splu(banded(2.0 + a * k)) for k in range(3)]:
            u = lu.solve(u)
        return np.sum(u)

    with pytest.raises(Unsupported, match="list of run-time length"):
        s2sad.grad(f)(1.3)
