"""Sparse matrices as values, as people write them: how they are made, put together, multiplied, read."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse import (
    block_array,
    coo_array,
    coo_matrix,
    csc_array,
    csr_array,
    csr_matrix,
    diags,
    diags_array,
    eye_array,
    hstack,
    identity,
    kron,
    spdiags,
    vstack,
)

import s2sad
from s2sad.errors import NotDifferentiable, Unsupported
from tests.scipy.solved import check, check_examples

ROWS = np.array([0, 0, 1, 2, 3, 4, 4, 1])
COLS = np.array([0, 1, 1, 2, 3, 4, 0, 1])
"""Places of entries, two of them one place."""
V = np.array([2.1, 0.3, 1.2, 2.5, 1.7, 3.1, 0.6, 0.9])
X = np.array([0.3, 0.7, 1.1, 0.4, 1.9])
FIXED = csr_array(np.diag(np.arange(2.0, 7.0)) + np.diag(np.ones(4), 1))
HELD = {"matrix": FIXED, "scale": 0.5}


def assembled(a, cls=csr_array):
    return cls((a * V + a**2, (ROWS, COLS)), shape=(5, 5))


def of_vector(a):
    return np.sum((FIXED @ (a * X)) ** 2) + np.sum((a * X @ FIXED) ** 3)


def of_entries(a):
    A = assembled(a)
    return np.sum((A @ X) ** 2) + np.sum((X @ A) ** 2) + np.sum(A.T.dot(a * X) ** 2)


def of_rows(a):
    starts = np.concatenate([[0], np.cumsum([2, 1, 0, 3, 2])])
    A = csr_array((a * V, np.array([0, 2, 1, 0, 1, 4, 2, 3]), starts))
    B = csc_array((a * V, np.array([0, 2, 1, 0, 1, 4, 2, 3]), starts), shape=(5, 5))
    return np.sum((A @ X) ** 2) + np.sum((B @ X) ** 3)


def of_dense(a):
    return np.sum((csr_array(np.outer(X, X) * a) @ (a * X)) ** 2) + coo_array([[a, 0.0], [1.0, a]]).sum()


def of_matrices(a):
    A = coo_matrix((a * V, (ROWS, COLS)), shape=(5, 5)).tocsr()
    return np.sum((A * X) ** 2) + (A * A).sum() + np.sum((2 * A - A / 3) * (a * X))


def of_dense_matrices(a):
    A, Z = assembled(a), np.outer(X, X[:3]) * a
    return np.sum((A @ Z) ** 2) + np.sum((Z.T @ A) ** 2) + np.sum((FIXED @ Z)[1:])


def product_of_two(a):
    A = assembled(a)
    return (A @ A.T @ FIXED).power(2).sum() + np.sum((A @ A @ X) ** 2) + (A.T @ A).trace() ** 2


def sums(a):
    A = 2 * assembled(a) + assembled(a, csc_array).T - FIXED / 3 + (-assembled(a) * a)
    along = np.sum(A.sum(axis=0) ** 2) + np.sum(A.sum(axis=1) ** 3) + np.sum(A.mean(axis=0) ** 2)
    return A.sum() ** 2 + along + np.sum(A.diagonal() ** 2) + A.trace() ** 2 + A.mean() + np.sum(A.diagonal(k=-4))


def that_cancel(a):
    A = assembled(a)
    return (A - assembled(1.3)).sum() + np.sum(((A - assembled(1.3)) @ X) ** 2) + (A - A).sum()


def with_arrays(a):
    A = assembled(a)
    return np.sum((A.toarray() + A + X) ** 2) + np.sum((np.eye(5) - A) ** 3) + np.sum(A.todense()[1])


def elementwise(a):
    A = assembled(a)
    by = A.multiply(a * X) + A.multiply(X[:, None] * a) + A.multiply(np.outer(X, X)) + A * (X * a)
    return by.sum() + A.multiply(A.T).sum() + A.multiply(FIXED * a).sum() + (A * A).sum() + by.multiply(2.0).mean()


def functions(a):
    A = assembled(a)
    return (A**2).sum() + A.sqrt().sum() + abs(-A).sum() + np.sin(A).sum() + A.log1p().tanh().sum() + A.power(3)[0, 0]


def blocks(a):
    A = assembled(a)
    S = block_array([[A, A.T], [None, FIXED]])
    T = vstack([hstack([A, FIXED * a]), S], format="csr")
    D = sp.block_diag((A, csr_array(np.array([[a]]))))
    return np.sum((T @ np.arange(10.0)) ** 2) + np.sum((D @ np.ones(6)) ** 2) + T.sum()


def two_dimensions(a):
    D = diags_array([-a * np.ones(4), 2.0 * a * np.ones(5), -np.ones(4)], offsets=[-1, 0, 1])
    L = kron(D, eye_array(5)) + kron(identity(5), D)
    return np.sum((L @ np.arange(25.0)) ** 2) + kron(assembled(a), FIXED).sum()


def diagonals(a):
    A = spdiags(np.stack([a * V, V**2 * a**2]), [0, 1], 8, 8)
    B = diags([a, 2.0, a**2], [0, 1, -1], shape=(8, 8))
    C = diags(a * V) + diags([V[:7] * a], [1]) + diags_array(V[:3] * a, offsets=-5)
    D = sp.dia_array((np.stack([a * V, V]), [1, -2]), shape=(7, 8))
    return np.sum((A @ V) ** 2) + np.sum((B @ V) ** 2) + np.sum((C.tocsr() @ V) ** 2) + np.sum((D @ V) ** 2)


def triangles(a):
    A = assembled(a)
    return np.sum((sp.tril(A) @ X) ** 2) + np.sum((sp.triu(A, k=1, format="csr") @ X) ** 2)


def items(a):
    A = assembled(a)
    k = 3
    at_places = np.sum(A[np.array([0, 1]), np.array([1, 1])] ** 2)
    return A[0, 1] ** 2 + A[-1, -1] * A[1, 1] + A[k, k] + A[2, 4] + at_places


def parts(a):
    A = assembled(a)
    rows = A[[0, 1, 0]].power(2).sum() + A[np.array([True, True, False, False, True])].sum()
    inner = np.sum((A[1:4, ::2] @ X[:3]) ** 2) + np.sum((A[1:, :-1] @ X[1:]) ** 2)
    return (
        rows
        + inner
        + np.sum(A[:, np.array([0, 1])].toarray() ** 2)
        + csr_matrix(A)[1].sum()
        + (csr_matrix(A)[:, 0]).sum()
    )


def lines(a):
    A = assembled(a)
    k = 1
    row, column = A[0], A[:, k]
    rest = (
        (3.0 * A[-1, 1:]).sum() + (-A[k] / a) @ X + A[1].multiply(X).sum() + (X * A[0]).sum() + row.shape[0] * row.nnz
    )
    return np.sum(row.toarray() ** 2) + column @ X + X @ column + np.sum(column.dot(a * X) ** 2) + rest


def data(a):
    A = (assembled(a) + FIXED).tocsr()
    B = csr_array((a * A.data, A.indices, A.indptr), shape=A.shape)
    return np.sum(A.data**2) + np.sum((B @ X) ** 2)


def data_from_outside(a):
    A = csr_array((FIXED.data * a**2, FIXED.indices, FIXED.indptr), shape=FIXED.shape)
    return np.sum((A @ X) ** 2)


def questions(a):
    A = assembled(a)
    assert isinstance(A, csr_array) and not isinstance(A, csr_matrix)
    if sp.issparse(A) and A.shape == (5, 5) and A.nnz == 7 and A.ndim == 2 and A.dtype == np.float64:
        A = A.tocoo().tocsc().copy()
        assert A.format == "csc"
    return (A @ X).sum() * A.shape[0]


def in_loops(a):
    A, B = FIXED, assembled(a)
    for _ in range(3):
        A = A @ B * 0.1 + FIXED
        if A.nnz > 3:
            B = B + 0.1 * A.T
    return A.sum() + np.sum((B @ X) ** 2)


def by_functions(a):
    def applied(matrices, x):
        for M in matrices:
            x = M @ x
        return x

    return np.sum(applied([assembled(a), HELD["matrix"], assembled(a).T], X) ** 2)


class Network:
    def __init__(self, A):
        self.A = A

    def energy(self, x):
        return x @ (self.A @ x)


def by_objects(a):
    return Network(assembled(a)).energy(X) + Network(FIXED).energy(a * X)


def power(A, n):
    if n == 0:
        return A
    return power(A, n - 1) @ A


def by_recursion(a):
    return (power(assembled(a), 2) @ X).sum()


def by_lists(a):
    rows, cols, values = [], [], []
    for k in range(4):
        rows += [k, k, k + 1, k + 1]
        cols += [k, k + 1, k, k + 1]
        values += [a * X[k], -a, -a, a + X[k + 1]]
    return np.sum((coo_array((values, (rows, cols)), shape=(5, 5)) @ X) ** 2)


def read_as_arrays(a):
    A = csr_matrix(assembled(a))
    degrees = np.asarray(A.sum(axis=1)).ravel() + A.sum(axis=0).A1
    rows, cols = A.nonzero()
    return (
        degrees @ X
        + np.sum(np.asarray(A.todense()) ** 2)
        + np.sum(np.asarray(A.mean(axis=0)))
        + np.sum(X[rows] * X[cols])
    )


def laplacian(a):
    W = assembled(a)
    W = W + W.T
    L = diags(W @ np.ones(5)) - W
    return X @ L @ X


def of_complex(a):
    A = csr_array(((a + 1j * a**2) * V, (ROWS, COLS)), shape=(5, 5))
    y = A @ X + A.conj().T @ X + A.sum(axis=0)
    return np.sum(np.abs(y) ** 2) + np.real(A.sum()) + np.sum(np.imag(A.toarray()))


PROGRAMS = [
    *(of_vector, of_entries, of_rows, of_dense, of_matrices, of_dense_matrices, product_of_two, sums, that_cancel),
    *(with_arrays, elementwise, functions, blocks, two_dimensions, diagonals, triangles, items, parts, lines, data),
    *(
        data_from_outside,
        questions,
        in_loops,
        by_functions,
        by_objects,
        by_recursion,
        by_lists,
        laplacian,
        read_as_arrays,
        of_complex,
    ),
]


CURVED = (of_entries, product_of_two, sums, elementwise, functions, parts, lines, in_loops, of_complex)
"""Those whose second derivatives are tested too: each mechanism once."""


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_programs(f):
    check(f, 1.3, second=f in CURVED)


def test_examples():
    check_examples(of_entries, 1.3)


def energy(x, A):
    return np.sum((A @ x) ** 2)


def test_a_matrix_is_an_argument():
    for A in (FIXED, FIXED.tocsc(), csr_matrix(FIXED), FIXED.tocoo(), FIXED[1:]):
        dense = A.toarray()
        np.testing.assert_allclose(s2sad.grad(energy)(X, A), 2 * dense.T @ dense @ X, rtol=1e-12)


def test_a_matrix_that_does_not_move_is_given_to_any_function(capsys):
    def f(a):
        A = FIXED * a
        print("a matrix", A)
        return A.sum() * sp.linalg.onenormest(FIXED)

    np.testing.assert_allclose(s2sad.grad(f)(1.3), FIXED.sum() * sp.linalg.onenormest(FIXED), rtol=1e-14)
    assert "Compressed Sparse Row" in capsys.readouterr().out


def test_a_matrix_that_is_drawn():
    def f(x):
        A = sp.random_array((5, 5), density=0.5, format="csr", rng=3)
        B = sp.random(5, 5, 0.4, random_state=4)
        return np.sum((A @ x) ** 2) + np.sum(B @ x)

    A, B = sp.random_array((5, 5), density=0.5, rng=3).toarray(), sp.random(5, 5, 0.4, random_state=4).toarray()
    np.testing.assert_allclose(s2sad.grad(f)(X), 2 * A.T @ A @ X + B.sum(axis=0), rtol=1e-12)


def test_single_precision():
    def f(v):
        A = csr_array((v, (ROWS, COLS)), shape=(5, 5))
        return np.sum((A @ X.astype(np.float32)) ** 2) + A.sum()

    found = s2sad.grad(f)(V.astype(np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, s2sad.grad(f)(V), rtol=1e-5)


def written(a):
    A = assembled(a)
    A[0, 0] = a
    return A.sum()


def written_data(a):
    A = assembled(a)
    A.data *= 2
    return A.sum()


def scaled_in_place(a):
    A = assembled(a)
    A *= 2
    return A.sum()


def written_behind(a):
    v = a * V
    A = csr_array((v, np.arange(8), np.arange(9)), shape=(8, 8))
    v[0] = 1.0
    return A.sum()


def written_through(a):
    A = csr_array((a * V, np.arange(8), np.arange(9)), shape=(8, 8))
    d = A.data
    d[0] = 1.0
    return A.sum()


def scaled_behind(a):
    A = csr_array((a * V, np.arange(8), np.arange(9)), shape=(8, 8))
    d = A.data
    d *= 2
    return A.sum()


def made_to_be_written(a):
    A = sp.lil_matrix((5, 5))
    A[0, 0] = a
    return A.sum()


def a_matrix_of_numpy(a):
    return csr_matrix(assembled(a)).sum(axis=0)[0, 0]


def compared(a):
    return (assembled(a) > 1.0).sum()


def without_a_rule(a):
    return sp.csgraph.connected_components(assembled(a))[0] * a


def of_a_row(a):
    return (assembled(a) @ assembled(a)[0]).sum()


def given_to_numpy(a):
    return np.dot(assembled(a), X).sum()


def result(a):
    return assembled(a)


def greatest(a):
    return assembled(a).max()


def test_one_entry_and_none():
    def of_none(v):
        none = np.zeros(0, int)
        A = csr_array((v, (none, none)), shape=(3, 3))
        return A.sum() + np.sum(A @ np.ones(3)) + A.multiply(A).sum() + (A + A)[[0]].sum()

    def of_one(v):
        A = csr_array((v, ([0], [0])), shape=(1, 1))
        return (A @ np.ones(1)).sum() + A.sum(axis=0)[0] + A.multiply(A).sum()

    assert s2sad.grad(of_none)(np.zeros(0)).shape == (0,)
    np.testing.assert_allclose(s2sad.grad(of_one)(np.array([2.0])), [6.0], rtol=1e-15)


def test_several_entries_of_rows_at_one_place():
    def f(v):
        A = csr_array((v, np.array([0, 0, 1]), np.array([0, 2, 3])), shape=(2, 2))
        return (
            np.sum((A @ X[:2]) ** 2)
            + A.power(2).sum()
            + A[0, 0] ** 2
            + A.multiply(A).sum()
            + (A @ A).sum()
            + abs(A).sum()
        )

    v = np.array([2.0, 3.0, 1.0])
    slope = [(f(v + 1e-3 * e) - f(v - 1e-3 * e)) / 2e-3 for e in np.eye(3)]
    np.testing.assert_allclose(s2sad.grad(f)(v), slope, rtol=1e-9)


REFUSED = [
    *((written, "written into"), (written_data, "written into"), (scaled_in_place, "written into")),
    *((written_behind, "a sparse matrix was made of it"), (written_through, "a sparse matrix holds")),
    (scaled_behind, "a sparse matrix holds"),
    *(
        (made_to_be_written, "lil_matrix"),
        (a_matrix_of_numpy, "np.matrix"),
        (compared, "compared"),
        (of_a_row, "sparse matrix where an array"),
    ),
    *(
        (without_a_rule, "connected_components of a sparse"),
        (given_to_numpy, "np.dot of a sparse matrix"),
        (result, "gives a sparse matrix"),
        (greatest, "max"),
    ),
]


@pytest.mark.parametrize(("f", "message"), REFUSED, ids=lambda x: getattr(x, "__name__", ""))
def test_refused(f, message):
    with pytest.raises(Unsupported) as error:
        s2sad.grad(f)(1.3)
    assert message in str(error.value)


def test_a_derivative_by_a_matrix_is_refused():
    with pytest.raises(NotDifferentiable, match=r"by its data: .*A\.indices"):
        s2sad.grad(energy, 1)(X, FIXED)


def test_several_numbers_for_one_place():
    def f(v):
        A = csr_array((v, np.array([0, 0, 1]), np.array([0, 2, 3])), shape=(2, 2))
        return np.sum(A.data**2)

    with pytest.raises(ValueError, match="several numbers for one place"):
        s2sad.grad(f)(np.ones(3))


@pytest.mark.filterwarnings("ignore:.*is not compiled")
@pytest.mark.parametrize("backend", ["native", "numba"])
def test_backends_leave_it_to_numpy(backend):
    assert s2sad.grad(of_entries, backend=backend)(1.3) == s2sad.grad(of_entries)(1.3)
