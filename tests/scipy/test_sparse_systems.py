"""Sparse systems of equations in programs as people write them: the adjoint is the transposed system."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse import coo_array, csc_array, csr_array, csr_matrix, diags_array, eye_array
from scipy.sparse.linalg import (
    bicg,
    bicgstab,
    cg,
    eigsh,
    expm_multiply,
    factorized,
    gmres,
    lgmres,
    minres,
    spilu,
    splu,
    spsolve,
    spsolve_triangular,
)

import s2sad
from s2sad.errors import Unsupported
from tests.scipy.solved import check, check_examples

ROWS = np.array([0, 0, 1, 2, 3, 4, 4, 1])
COLS = np.array([0, 1, 1, 2, 3, 4, 0, 1])
V = np.array([2.1, 0.3, 1.2, 2.5, 1.7, 3.1, 0.6, 0.9])
B = np.arange(1.0, 6.0)
MESH = np.array([[0, 1, 2], [1, 3, 2], [2, 3, 4], [3, 5, 4]])
"""The corners of triangles."""


def assembled(a, cls=csc_array):
    return cls((a * V + a**2, (ROWS, COLS)), shape=(5, 5))


def direct(a):
    return np.sum(spsolve(assembled(a), a * B) ** 2) + spsolve(assembled(a, csr_matrix), B)[2]


def several_right_sides(a):
    A, Z = assembled(a), np.outer(B, a * B[:3])
    return np.sum(spsolve(A, Z) ** 2) + np.sum(spsolve(A, a * B[:, None]) ** 3) + np.sum(splu(A).solve(Z)[1:])


def poisson(a):
    """A bar whose conductivity grows along it, between two walls."""
    n = 20
    k = 1.0 + a * np.linspace(0.0, 1.0, n + 1) ** 2
    A = diags_array([-k[1:-1], k[:-1] + k[1:], -k[1:-1]], offsets=[-1, 0, 1], shape=(n, n), format="csr")
    u = spsolve(A * n**2, np.sin(a * np.arange(n)))
    return np.sum(u**2)


def heat(a):
    """Steps of implicit Euler, the matrix factorised once."""
    n, dt = 10, 0.1
    L = diags_array([np.ones(n - 1), -2.0 * np.ones(n), np.ones(n - 1)], offsets=[-1, 0, 1])
    step = splu((eye_array(n) - dt * a * L).tocsc())
    u = np.linspace(0.0, a, n)
    for _ in range(5):
        u = step.solve(u + dt)
    return np.sum(u**2)


def transposed(a):
    lu = splu(assembled(a))
    return np.sum(lu.solve(lu.solve(a * B, trans="T"), "N") ** 2) + np.sum(lu.solve(B, "H"))


def by_a_function(a):
    solve = factorized(assembled(a))
    return np.sum(solve(a * solve(B)) ** 2)


def triangular(a):
    A = assembled(a, csr_array)
    lower = spsolve_triangular(sp.tril(A, format="csr"), B)
    return np.sum(lower**2) + np.sum(spsolve_triangular(sp.triu(A, format="csr"), a * lower, lower=False) ** 2)


def finite_elements(a):
    """Stiffness and mass of triangles, added up where they meet."""
    local = np.array([[2.0, -1.0, -1.0], [-1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]]) / 2.0
    k = 1.0 + a * np.arange(1.0, 5.0)
    rows = np.repeat(MESH, 3, axis=1).ravel()
    cols = np.tile(MESH, (1, 3)).ravel()
    values = (k[:, None, None] * local + 0.1 * np.eye(3)).ravel()
    K = coo_array((values, (rows, cols)), shape=(6, 6)).tocsr()
    return np.sum(spsolve(K, np.ones(6)) ** 2)


def flow(a):
    """The pressures of a network of pipes, one of them known."""
    ends = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [0, 2]])
    incidence = csr_array((np.tile([1.0, -1.0], 5), (np.repeat(np.arange(5), 2), ends.ravel())), shape=(5, 4))
    conductance = diags_array(1.0 / (1.0 + a * np.arange(5)))
    laplacian = (incidence.T @ conductance @ incidence).tocsc()
    p = spsolve(laplacian[1:, 1:], np.array([0.0, 1.0, -0.5]))
    return np.sum((conductance @ (incidence[:, 1:] @ p)) ** 2)


def ranks(a):
    """The ranks of pages, where the damping is a parameter."""
    links = csr_array((np.ones(8), (ROWS, (ROWS + COLS + 1) % 5)), shape=(5, 5))
    moves = sp.diags(1.0 / links.sum(axis=1)) @ links
    damping = 0.5 * a
    r = spsolve((eye_array(5) - damping * moves.T).tocsc(), (1 - damping) / 5 * np.ones(5))
    return r @ B


def definite(a):
    A = assembled(a)
    return (A @ A.T + eye_array(5)).tocsr()


def iterated(a):
    A = assembled(a, csr_array)
    x, info = gmres(A, a * B, rtol=1e-13)
    y, stopped = bicgstab(A, x, rtol=1e-13, atol=1e-13)
    z = lgmres(A, B, x0=y, rtol=1e-13)[0]
    return np.sum(y**2) + np.sum(z**3) + np.sum(bicg(A, B, rtol=1e-13)[0]) + info + stopped


def iterated_symmetric(a):
    A = definite(a)
    M = sp.diags(1.0 / A.diagonal())
    x, _ = cg(A, a * B, rtol=1e-13, M=M)
    y, _ = minres(A, x, rtol=1e-14)
    return np.sum(x**2) + np.sum(y**2)


def nonlinear(a):
    """Newton's steps, each with a sparse Jacobian: the program as it stands is differentiated."""
    n = 6
    L = diags_array([-np.ones(n - 1), 2.0 * np.ones(n), -np.ones(n - 1)], offsets=[-1, 0, 1], format="csc")
    u = np.zeros(n)
    for _ in range(6):
        u = u - spsolve((L + diags_array(a * np.exp(a * u))).tocsc(), L @ u + np.exp(a * u) - 2.0)
    return np.sum(u**2)


N = 12
START = np.ones(N)


def chain(a):
    """A chain of masses and springs."""
    off = a**2 * np.ones(N - 1)
    return diags_array([off, np.arange(1.0, N + 1) ** 1.3 * a, off], offsets=[-1, 0, 1], format="csr")


def eigenvalues(a):
    w, _ = eigsh(chain(a), k=3, v0=START, tol=0)
    return np.sum(w**2)


def eigenvectors(a):
    w, x = eigsh(chain(a), k=2, which="SA", v0=START)
    return np.sum(x[:, 0] ** 4 * np.arange(N)) + np.sum(np.abs(x[:, 1]) ** 3) + w[0] * w[1]


def norms(a):
    return sp.linalg.norm(chain(a)) + sp.linalg.norm(chain(a) - chain(1.0), "fro") ** 2


def exponential(a):
    return np.sum(expm_multiply(-0.01 * chain(1.0), a * START) ** 2)


PROGRAMS = [
    *(direct, several_right_sides, poisson, heat, transposed, by_a_function, triangular, finite_elements, flow, ranks),
    *(iterated, iterated_symmetric, nonlinear, eigenvalues, eigenvectors, norms, exponential),
]


CURVED = (direct, several_right_sides, transposed, triangular, finite_elements, iterated, eigenvectors, norms)
"""Those whose second derivatives are tested too: each mechanism once."""


@pytest.mark.filterwarnings("ignore:sp")
@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_programs(f):
    check(f, 0.7, second=f in CURVED)


def test_examples():
    check_examples(poisson, 0.7)


def test_closed_form():
    """A diagonal system."""

    def f(d):
        n = len(d)
        return np.sum(spsolve(csc_array((d, (np.arange(n), np.arange(n))), shape=(n, n)), np.ones(n)))

    d = np.array([0.5, 1.0, 2.0, 4.0])
    np.testing.assert_allclose(s2sad.grad(f)(d), -1.0 / d**2, rtol=1e-14)
    np.testing.assert_allclose(s2sad.hessian(f)(d), np.diag(2.0 / d**3), rtol=1e-13)


def test_complex_systems():
    """Against the rules of dense matrices."""
    rng = np.random.default_rng(0)
    v, b = V + 1j * rng.normal(size=8), B + 1j * rng.normal(size=5)

    def sparse(v, b):
        A = csc_array((v, (ROWS, COLS)), shape=(5, 5))
        x = spsolve(A, b) + splu(A).solve(2 * b, trans="T") + b @ A
        return np.sum(np.abs(x) ** 2) + np.imag(A[0, 1])

    def dense(v, b):
        A = np.zeros((5, 5), dtype=complex)
        np.add.at(A, (ROWS, COLS), v)
        x = np.linalg.solve(A, b) + np.linalg.solve(A.T, 2 * b) + b @ A
        return np.sum(np.abs(x) ** 2) + np.imag(A[0, 1])

    for found, expected in zip(s2sad.grad(sparse, (0, 1))(v, b), s2sad.grad(dense, (0, 1))(v, b), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_adjoint_has_the_pattern():
    def f(v):
        return np.sum(spsolve(csc_array((v, (ROWS, COLS)), shape=(5, 5)), B) ** 2)

    text = s2sad.grad(f).lower(V).source
    assert "[ROWS] * v2[COLS]" in text and ".T, 2.0 * v2)" in text, text


def plate(k, f):
    """The deflection of a plate of m by n cells, the sum of its squares."""
    number = np.arange(k.size).reshape(k.shape)
    across, along = 0.5 * (k[:, 1:] + k[:, :-1]).ravel(), 0.5 * (k[1:] + k[:-1]).ravel()
    first = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    second = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    c = np.concatenate([across, along])
    rows = np.concatenate([first, second, first, second, number.ravel()])
    cols = np.concatenate([second, first, first, second, number.ravel()])
    values = np.concatenate([-c, -c, c, c, k.ravel()])
    A = coo_array((values, (rows, cols)), shape=(k.size, k.size)).tocsc()
    return np.sum(spsolve(A, f) ** 2)


def test_a_hundred_thousand_unknowns():
    """A dense matrix of this size has 80 gigabytes."""
    rng = np.random.default_rng(3)
    k = 1.0 + rng.random((10, 10_000))
    direction, f = rng.standard_normal(k.shape), np.ones(k.size)
    by_k, by_f = s2sad.grad(plate, (0, 1))(k, f)
    slope = (plate(k + 1e-4 * direction, f) - plate(k - 1e-4 * direction, f)) / 2e-4
    np.testing.assert_allclose(np.sum(by_k * direction), slope, rtol=1e-7)
    np.testing.assert_allclose(by_f @ f, 2 * plate(k, f), rtol=1e-12)


def test_an_iteration_that_does_not_converge_has_no_derivative():
    def f(a):
        return np.sum(cg(definite(a), B, rtol=1e-12, maxiter=2)[0])

    with pytest.raises(RuntimeError, match="cg did not converge"):
        s2sad.grad(f)(0.7)


def test_equal_eigenvalues_have_no_eigenvectors_that_move():
    def f(d):
        return np.sum(eigsh(diags_array(d, format="csr"), k=2, v0=np.arange(1.0, 5.0))[1] ** 4)

    with pytest.raises(ValueError, match="two eigenvalues are equal"):
        s2sad.grad(f)(np.array([1.0, 2.0, 3.0, 3.0]))


def exponential_by_the_matrix(a):
    return np.sum(expm_multiply(chain(a), START))


def incomplete(a):
    return np.sum(spilu(assembled(a)).solve(B))


def inverse(a):
    return sp.linalg.inv(assembled(a)).sum()


def sparse_right_side(a):
    return spsolve(assembled(a), assembled(a)).sum()


def called_back(a):
    return np.sum(cg(definite(a), B, callback=lambda x: None)[0])


def factors(a):
    return splu(assembled(a)).L.sum()


REFUSED = [
    *((incomplete, "spilu"), (inverse, "inverse of a sparse matrix"), (sparse_right_side, "sparse right-hand side")),
    *(
        (exponential_by_the_matrix, "expm_multiply by its matrix"),
        (called_back, "callback"),
        (factors, "L of the factors"),
    ),
]


@pytest.mark.parametrize(("f", "message"), REFUSED, ids=lambda x: getattr(x, "__name__", ""))
def test_refused(f, message):
    with pytest.raises(Unsupported) as error:
        s2sad.grad(f)(1.3)
    assert message in str(error.value)


def test_the_text_imports_the_submodule_that_it_names():
    def f(x):
        return np.sum(spsolve(diags_array(x, format="csc"), x**2))

    text = s2sad.grad(f).lower(np.ones(3)).source
    assert "spsolve" in text and [line for line in text.splitlines() if line.startswith("import scipy")] == [
        "import scipy.sparse.linalg"
    ]
