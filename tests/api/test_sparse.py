"""Sparse Jacobians and Hessians: against dense ones and closed forms, on 10^5 unknowns, kept no longer than true."""

import copy
import dataclasses
import logging
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pytest
import scipy.fft
import scipy.linalg
import scipy.optimize
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, signal

import s2sad
from s2sad.api.colouring import by_columns, stars
from s2sad.api.sparse import Plan
from s2sad.errors import (
    ArgumentError,
    InternalError,
    NonScalarOutput,
    NotDifferentiable,
    UnsupportedCall,
    UnsupportedType,
)
from s2sad.ir import sets
from tests.memory.cases import STORES
from tests.memory.test_memory import VALUES
from tests.programs.numeric import Program, arguments
from tests.programs.test_random_programs import SEEDS, within_range

X = np.linspace(0.1, 1.0, 7)
MANY = 100_000


def banded(x):
    y = x**3
    y[1:] -= 2.0 * x[:-1]
    y[:-1] -= x[1:] * x[:-1]
    return y


def laplace(u):
    v = np.zeros_like(u)
    near = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]
    v[1:-1, 1:-1] = 4.0 * u[1:-1, 1:-1] - near + np.exp(u[1:-1, 1:-1])
    return v


def arrow(x):
    y = x**2 * x[0]
    y[0] = np.sum(x**2)
    return y


def arrow_energy(x):
    return np.sum(x[0] * np.sin(x)) + np.sum(x**4)


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def surface(u):
    return np.sum(np.sqrt(1.0 + (u[1:, :-1] - u[:-1, :-1]) ** 2 + (u[:-1, 1:] - u[:-1, :-1]) ** 2))


def element_by_element(x):
    y = np.zeros_like(x)
    for i in range(1, len(x) - 1):
        if i % 2:
            y[i] = x[i - 1] * x[i + 1]
        else:
            y[i] = np.sin(x[i])
    return y


def sums_in_a_loop(x):
    total = 0.0
    for i in range(1, len(x)):
        total += x[i] * x[i - 1] ** 2
    return total


def listed(x):
    out = []
    for i in range(len(x)):
        out.append(x[i] * x[0])
    return np.array(out)


def helped(x, k):
    return shifted(np.exp(x), k)


def shifted(a, k):
    if k > 2:
        return a[k:] * a[:-k]
    return a * a


JACOBIANS = {
    "banded": (banded, (X,)),
    "stencil": (laplace, (np.cos(np.arange(20.0)).reshape(4, 5),)),
    "arrow": (arrow, (X,)),
    "elements": (element_by_element, (X,)),
    "list": (listed, (X,)),
    "called": (helped, (X, 3)),
    "diff": (lambda x: np.diff(np.sin(x)), (X,)),
    "convolve": (lambda x: np.convolve(x * x, np.array([1.0, -2.0, 1.0]), mode="valid"), (X,)),
    "matmul": (lambda x: np.arange(12.0).reshape(3, 4) @ x[:4], (X,)),
    "sort": (lambda x: np.sort(np.cos(9.0 * x)), (X,)),
    "cumulative": (lambda x: np.cumsum(x**2), (X,)),
    "rows": (lambda x: x.reshape(2, 3).T @ np.ones(2) * np.sum(x.reshape(2, 3) ** 2, axis=0), (X[:6],)),
    "einsum": (lambda x: np.einsum("ij,j->ij", x.reshape(2, 3), x[:3]), (X[:6],)),
    "scalar": (lambda t: np.array([t, t * t, 1.0]), (2.0,)),
    "one number": (lambda x: np.sum(x[:3] ** 2), (X,)),
    "complex inside": (lambda x: np.imag(np.exp(1j * x) * np.conj(x[0] + 1j)), (X,)),
    "largest": (lambda x: np.max(x[:6].reshape(3, 2), axis=1) * x[:3], (X,)),
    "solve": (lambda x: np.linalg.solve(np.diag(x[:3]) + np.eye(3), x[3:6]), (X,)),
}


@pytest.mark.parametrize("mode", [None, "forward", "reverse"])
@pytest.mark.parametrize(("f", "args"), JACOBIANS.values(), ids=JACOBIANS)
def test_jacobians_are_those_that_are_dense(f, args, mode):
    dense = s2sad.jacfwd(f)(*args)
    found = s2sad.sparse_jacobian(f, mode=mode, check=True)(*args)
    assert isinstance(found, sp.csr_array)
    assert found.shape == (np.size(f(*args)), np.size(args[0]))
    np.testing.assert_allclose(found.toarray(), np.reshape(dense, found.shape), rtol=1e-12, atol=1e-13)


EXACT = {
    "banded": (banded, (X,), 19, 3),
    "stencil": (laplace, (np.ones((4, 5)),), 30, 4),
    "arrow": (arrow, (X,), 19, 3),
    "list": (listed, (X,), 13, 2),
    "sort": (lambda x: np.sort(x), (X,), 7, 1),
    "diff": (lambda x: np.diff(x), (X,), 12, 2),
    "helped": (helped, (X, 3), 8, 2),
    "roll": (lambda x: np.roll(x, 2) * x, (X,), 14, 3),
}


@pytest.mark.parametrize(("f", "args", "count", "sweeps"), EXACT.values(), ids=EXACT)
def test_patterns_have_no_more_than_there_is(f, args, count, sweeps):
    plan = s2sad.sparse_jacobian(f).plan(*args)
    assert (plan.pattern.nnz, plan.sweeps) == (count, sweeps)


U = np.cos(np.arange(48.0)).reshape(6, 8)
WEIGHTS_OF_3 = np.array([1.0, -2.0, 1.0])
LOCAL = {
    "convolve": (lambda x: ndimage.convolve(np.sin(x), np.ones((3, 3)), mode="constant"), U),
    "correlate1d": (lambda x: ndimage.correlate1d(x * x, WEIGHTS_OF_3, mode="wrap"), X),
    "gaussian": (lambda x: ndimage.gaussian_filter(x, 0.5, truncate=2.0), U),
    "uniform": (lambda x: ndimage.uniform_filter1d(x, 3) ** 2, X),
    "sobel": (lambda x: np.exp(ndimage.sobel(x, axis=0)), U),
    "convolve2d": (lambda x: signal.convolve2d(x, np.ones((2, 2)), mode="valid"), U),
    "savgol": (lambda x: signal.savgol_filter(x, 3, 1), X),
    "fir": (lambda x: signal.lfilter(WEIGHTS_OF_3, [1.0], x), X),
    "upfirdn": (lambda x: signal.upfirdn(WEIGHTS_OF_3, x, up=2), X),
    "shift": (lambda x: ndimage.shift(x, 0.5, order=1), X),
    "cosines of rows": (lambda x: scipy.fft.dct(x, axis=1, type=4), U),
    "spectra of rows": (lambda x: np.abs(np.fft.rfft(x, axis=1)), U),
    "rows of spectra": (lambda x: np.fft.irfft(x[:, :4] + 1j * x[:, 4:], axis=1), U),
    "systems": (lambda x: np.linalg.solve(np.diag(np.arange(1.0, 4.0)) + 1.0, x.reshape(-1, 3, 1)), U),
}


@pytest.mark.parametrize(("f", "x"), LOCAL.values(), ids=LOCAL)
def test_operations_that_take_no_objects_have_their_patterns(f, x):
    dense = np.reshape(s2sad.jacobian(f)(x), (-1, x.size))
    jacobian = s2sad.sparse_jacobian(f, check=True)
    np.testing.assert_allclose(jacobian(x).toarray(), dense, rtol=1e-12, atol=1e-13)
    # of complex numbers both parts count, which a real one may not reach
    assert jacobian.plan(x).pattern.nnz <= 1.6 * np.count_nonzero(np.abs(dense) > 1e-13)
    assert jacobian.plan(x) is jacobian.plan(2.0 * x)


def test_the_factors_of_such_operations_decide():
    def smoothed(x, weights, by):
        return ndimage.shift(ndimage.correlate1d(x**2, weights), by, order=1)

    jacobian = s2sad.sparse_jacobian(smoothed, check=True)
    assert jacobian.plan(X, WEIGHTS_OF_3, 0.5).decided_by == (1, 2)
    for weights in (WEIGHTS_OF_3, np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])):
        for by in (0.0, 0.5, 2.0):
            found = jacobian(X, weights, by).toarray()
            np.testing.assert_allclose(found, s2sad.jacobian(smoothed)(X, weights, by), atol=1e-13)
    assert jacobian.plan(X, np.array([0.0, 1.0, 0.0]), 0.0).sweeps == 1


def test_factors_that_are_drawn_do_not():
    def noisy(x, rng):
        return ndimage.correlate1d(x, rng.normal(size=3))

    assert s2sad.sparse_jacobian(noisy).plan(X, np.random.default_rng(0)).pattern.nnz == 49


def test_functions_of_matrices_are_not_taken_for_linear():
    def f(x):
        return scipy.linalg.sinm(x.reshape(2, 2))

    assert s2sad.sparse_jacobian(f, check=True)(X[:4]).nnz == 16


def test_a_filter_of_many():
    u = np.cos(np.arange(200.0 * 200.0)).reshape(200, 200)
    plan = s2sad.sparse_jacobian(lambda u: ndimage.convolve(u, np.ones((3, 3)))).plan(u)
    assert (plan.pattern.nnz, plan.sweeps) == (3 * 200 * 3 * 200 - 4 * 600 + 4, 9)


def test_a_pattern_that_is_not_sparse_is_refused():
    with pytest.raises(UnsupportedType, match="not sparse"):
        s2sad.sparse_jacobian(lambda x: x * np.linalg.norm(x))(np.ones(MANY))


@pytest.mark.parametrize("f", [rosenbrock, arrow_energy, sums_in_a_loop, lambda x: np.sum(x) ** 2, lambda x: x[0] ** 3])
def test_hessians_are_those_that_are_dense(f):
    found = s2sad.sparse_hessian(f, check=True)(X).toarray()
    np.testing.assert_allclose(found, s2sad.hessian(f)(X), rtol=1e-11, atol=1e-12)
    np.testing.assert_array_equal(found, found.T)


@pytest.mark.parametrize(("f", "names"), [pytest.param(f, n, id=k) for k, (f, n) in STORES.items()][::3])
def test_hessians_where_arrays_are_written_into(f, names):
    args = [VALUES[n] for n in names]
    dense = s2sad.hessian(f)(*copy.deepcopy(args))
    found = s2sad.sparse_hessian(f, check=True)(*copy.deepcopy(args))
    np.testing.assert_allclose(found.toarray(), np.reshape(dense, found.shape), rtol=1e-9, atol=1e-10)


@settings(max_examples=max(3, settings.default.max_examples // 20))
@given(SEEDS)
@within_range
def test_no_derivative_of_a_random_program_is_missing(seed):
    program, args = Program(seed, size=5), arguments(seed)
    gradient = s2sad.grad(program.function, 1)
    pattern = s2sad.sparsity(gradient, 1)(*args).toarray()
    hessian = s2sad.jacfwd(gradient, 1)(*args)
    assert not np.any((hessian != 0) & ~pattern), program.source


# Many unknowns


def test_a_band_of_many():
    x = np.linspace(-1.0, 1.0, MANY)
    jacobian = s2sad.sparse_jacobian(banded)
    found = jacobian(x)
    assert jacobian.plan(x).sweeps == 3
    diagonal = 3.0 * x**2 - np.append(x[1:], 0.0)
    expected = sp.diags_array([np.full(MANY - 1, -2.0), diagonal, -x[:-1]], offsets=[-1, 0, 1])
    assert abs(found - expected).max() < 1e-12


def test_an_arrow_of_many():
    x = np.linspace(-1.0, 1.0, MANY)
    jacobian = s2sad.sparse_jacobian(arrow)
    found = jacobian(x)
    # the full row by one reverse sweep, the column and the diagonal by two forward ones
    assert repr(jacobian.plan(x)) == ("Plan(100000 x 100000, 299998 numbers: 2 forward sweeps and 1 reverse sweep)")
    np.testing.assert_allclose(found[[0]].toarray()[0], 2.0 * x, rtol=1e-12)
    np.testing.assert_allclose(found.diagonal()[1:], 2.0 * x[1:] * x[0], rtol=1e-12)
    np.testing.assert_allclose(found[:, [0]].toarray()[1:, 0], x[1:] ** 2, rtol=1e-12)


def test_a_stencil_of_many():
    u = np.cos(np.arange(316.0 * 316.0)).reshape(316, 316)
    jacobian = s2sad.sparse_jacobian(laplace)
    found = jacobian(u)
    assert jacobian.plan(u).sweeps <= 7
    inner = np.pad(np.ones((314, 314)), 1).ravel()
    line = sp.diags_array([np.ones(315), np.ones(315)], offsets=[-1, 1])
    near = sp.kron(line, sp.eye_array(316)) + sp.kron(sp.eye_array(316), line)
    expected = sp.diags_array(inner) @ (sp.diags_array(4.0 + np.exp(u.ravel())) - near)
    assert abs(found - expected).max() < 1e-12


@pytest.mark.parametrize(("f", "sweeps"), [(arrow_energy, 2), (rosenbrock, 3)])
def test_hessians_of_many(f, sweeps):
    x = np.linspace(-1.0, 1.0, MANY)
    hessian = s2sad.sparse_hessian(f)
    found = hessian(x)
    assert hessian.plan(x).sweeps == sweeps
    along = np.cos(np.arange(float(MANY)))
    np.testing.assert_allclose(found @ along, s2sad.hvp(f)(x, along), rtol=1e-9, atol=1e-9)


def test_a_hessian_of_a_surface():
    u = np.cos(np.arange(900.0)).reshape(30, 30)
    hessian = s2sad.sparse_hessian(surface, check=True)
    assert hessian(u).shape == (900, 900)
    assert hessian.plan(u).sweeps < 12


# Colouring


@given(st.integers(0, 2**31 - 1), st.integers(1, 25), st.floats(0.02, 0.5))
def test_groups_keep_apart_what_must_be(seed, n, density):
    rng = np.random.default_rng(seed)
    pattern = sp.csr_array(rng.random((n, n + 2)) < density)
    columns, rows = by_columns(pattern)
    assert len(Plan(pattern, columns, rows).found[0]) == pattern.nnz
    square = pattern[:, :n]
    both = (square + square.T).tocsr()
    both.sort_indices()
    groups = stars(both)
    assert len(Plan(both, groups, by_columns(both)[1], symmetric=True).found[0]) == both.nnz


def test_groups_that_do_not_are_refused():
    pattern = sp.csr_array(np.ones((2, 2), dtype=bool))
    columns, rows = by_columns(pattern)
    with pytest.raises(InternalError, match="apart"):
        _ = Plan(pattern, dataclasses.replace(columns, of=np.zeros(2, dtype=int), count=1), rows).found


# What a pattern depends on


def chosen(x, k):
    if x[0] > 0.5:
        return x * x[k]
    return x * 1.0


def test_a_pattern_is_made_again_where_what_decides_has_changed():
    jacobian = s2sad.sparse_jacobian(chosen, check=True)
    assert jacobian.plan(X, 2).decided_by == (0, 1)
    assert jacobian(X, 2).nnz == 7
    high = X + 0.5
    assert jacobian(high, 2).nnz == 13
    np.testing.assert_allclose(jacobian(high, 3).toarray()[:, 3], high + np.eye(7)[3] * high[3])


def test_a_pattern_is_kept_where_nothing_that_decides_has(caplog):
    jacobian = s2sad.sparse_jacobian(lambda x, k: x[k:] * x[:-k])
    with caplog.at_level(logging.INFO, "s2sad"):
        assert jacobian.plan(X, 2) is jacobian.plan(2.0 * X, 2)
        assert jacobian.plan(X, 3) is not jacobian.plan(X, 2)
        assert jacobian.plan(X[:5], 2).pattern.shape == (3, 5)
    assert [r.message for r in caplog.records if "Plan" in r.message] == [
        "function_sparse_jacobian: Plan(5 x 7, 10 numbers: 2 forward sweeps)",
        "function_sparse_jacobian: Plan(4 x 7, 8 numbers: 2 forward sweeps)",
        "function_sparse_jacobian: Plan(3 x 5, 6 numbers: 2 forward sweeps)",
    ]


def test_indices_decide():
    jacobian = s2sad.sparse_jacobian(lambda x, index: x[index] ** 2)
    for index in ([0, 1, 2], [2, 1, 1]):
        found = jacobian(X, np.array(index)).toarray()
        np.testing.assert_allclose(found, np.eye(7)[index] * 2.0 * X)


FLAG, WEIGHTS, INDEX = 1, np.ones(7), np.array([0, 1, 2])


def by_flag(x):
    return x * 1.0 if FLAG == 1 else x * np.sum(x)


def by_length(x):
    return x[: len(WEIGHTS)] * WEIGHTS[0]


def by_index(x):
    return x[INDEX] * 2.0


def test_variables_outside_decide(monkeypatch):
    flag, length, index = map(s2sad.sparse_jacobian, (by_flag, by_length, by_index))
    assert (flag(X).nnz, length(X).shape, index(X).indices.tolist()) == (7, (7, 7), [0, 1, 2])
    monkeypatch.setitem(globals(), "FLAG", 2)
    monkeypatch.setitem(globals(), "WEIGHTS", np.ones(3))
    monkeypatch.setitem(globals(), "INDEX", np.array([3, 4, 5]))
    assert (flag(X).nnz, length(X).shape, index(X).indices.tolist()) == (49, (3, 7), [3, 4, 5])


def test_how_often_a_loop_runs_decides():
    def grown(x):
        y = x
        while np.sum(y) < 20.0:
            y = y + 0.5 * np.roll(y, 1)
        return y

    jacobian = s2sad.sparse_jacobian(grown, check=True)
    for x in (X, 5.0 * X):
        np.testing.assert_allclose(jacobian(x).toarray(), s2sad.jacobian(grown)(x))
    assert jacobian.plan(5.0 * X).sweeps < jacobian.plan(X).sweeps


def test_masks_decide():
    jacobian = s2sad.sparse_jacobian(lambda x: x[x > 0.5] ** 2, check=True)
    assert [jacobian(x).shape for x in (X, 3.0 * X)] == [(4, 7), (6, 7)]


def test_random_numbers_may_not_decide():
    def shuffled(x, rng):
        return x[rng.permutation(7)] * x

    def noisy(x, rng):
        return x * rng.normal(size=7)

    assert s2sad.sparse_jacobian(noisy)(X, np.random.default_rng(0)).nnz == 7
    with pytest.raises(UnsupportedCall, match="random numbers decide"):
        s2sad.sparse_jacobian(shuffled)(X, np.random.default_rng(0))


def test_threads_share_patterns():
    jacobian = s2sad.sparse_jacobian(lambda x, k: x[k:] * x[:-k])
    many = list(range(1, 25)) * 2
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda k: jacobian(np.ones(40), k).shape, many))
    assert found == [(40 - k, 40) for k in many]


def test_a_pattern_that_lacks_a_number_is_found(monkeypatch):
    monkeypatch.setattr(sets, "union_along", lambda x, axis=None, keepdims=False: np.asarray(x).ravel()[0])
    with pytest.raises(InternalError, match="lacks a number"):
        s2sad.sparse_jacobian(lambda x: x * np.sum(x), check=True)(X)


# Arguments and results


@dataclasses.dataclass
class Rod:
    length: np.ndarray
    stiffness: float
    name: str = "rod"


class Pair(NamedTuple):
    a: np.ndarray
    b: np.ndarray


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_containers_are_the_numbers_in_them(mode):
    def f(rod):
        return {"sum": np.sum(rod.length), "bent": rod.length * rod.stiffness}

    found = s2sad.sparse_jacobian(f, mode=mode, check=True)(Rod(X, 2.0)).toarray()
    expected = np.zeros((8, 8))
    expected[:7, :7], expected[:7, 7], expected[7, :7] = 2.0 * np.eye(7), X, 1.0
    np.testing.assert_allclose(found, expected)
    plan = s2sad.sparse_jacobian(lambda p: p.a[1:] * p.b[:-1]).plan(Pair(X, X))
    assert (plan.pattern.shape, plan.sweeps) == ((6, 14), 1)
    hessian = s2sad.sparse_hessian(lambda p: np.sum(p["w"] ** 2 * p["b"]), check=True)
    assert hessian({"w": X, "b": X + 1.0}).nnz == 21


def of_two(x, k, y):
    return x[1:] * y[:-1] ** 2 + k * x[0]


@pytest.mark.parametrize("mode", [None, "forward", "reverse"])
@pytest.mark.parametrize("argnums", [(0, 2), ("y", "x"), (0, 1, 2), (2,)])
def test_several_arguments_have_a_matrix_each(argnums, mode):
    args = X, 2.0, X + 1.0
    jacobian = s2sad.sparse_jacobian(of_two, argnums=argnums, mode=mode, check=True)
    dense = s2sad.jacfwd(of_two, argnums=argnums)(*args)
    for found, expected in zip(jacobian(*args), dense, strict=True):
        np.testing.assert_allclose(found.toarray(), np.reshape(expected, found.shape), rtol=1e-13)
    assert [p.shape for p in s2sad.sparsity(of_two, argnums=argnums)(*args)] == [m.shape for m in jacobian(*args)]


@pytest.mark.parametrize("argnums", [(0, 1), (1, 0), (1,)])
def test_hessians_by_several_arguments_have_a_block_for_each_two(argnums):
    def energy(x, y):
        return np.sum(x[1:] ** 2 * y[:-1]) + y[0] ** 3 * x[0]

    blocks = s2sad.sparse_hessian(energy, argnums=argnums, check=True)(X, X + 1.0)
    for row, dense in zip(blocks, s2sad.hessian(energy, argnums=argnums)(X, X + 1.0), strict=True):
        for found, expected in zip(row, dense, strict=True):
            np.testing.assert_allclose(found.toarray(), expected, atol=1e-13)


def test_containers_and_names_among_several_arguments():
    def f(p, w):
        return {"a": p["u"] * w[0], "b": w**2}

    by_w, by_p = s2sad.sparse_jacobian(f, argnums=(1, 0), check=True)({"u": X, "n": 3}, X)
    assert (by_w.nnz, by_p.nnz) == (14, 7)

    def scaled(x, *rest, **options):
        return x * rest[0] * options["scale"]

    assert [m.nnz for m in s2sad.sparse_jacobian(scaled, argnums=(0, 1))(X, X, scale=2.0)] == [7, 7]
    assert s2sad.sparse_jacobian(scaled, argnums="scale")(X, X, scale=2.0).shape == (7, 1)


def test_sparse_matrices_have_their_own_pattern():
    a = sp.diags_array([np.ones(6), np.full(7, -2.0), np.ones(6)], offsets=[-1, 0, 1]).tocsr()

    def f(x, a):
        return a @ np.sin(x)

    jacobian = s2sad.sparse_jacobian(f, check=True)
    for matrix in (a, (a @ a).tocsr(), a.tocsc()):
        np.testing.assert_allclose(jacobian(X, matrix).toarray(), matrix.toarray() * np.cos(X))
    assert [jacobian.plan(X, m).sweeps for m in (a, a @ a)] == [3, 5]


def test_sweeps_of_a_backend():
    pytest.importorskip("llvmlite")
    found = s2sad.sparse_jacobian(banded, backend="native")(X)
    np.testing.assert_allclose(found.toarray(), s2sad.jacobian(banded)(X))
    found = s2sad.sparse_hessian(rosenbrock, backend="native")(X)
    np.testing.assert_allclose(found.toarray(), s2sad.hessian(rosenbrock)(X), atol=1e-10)


def test_what_users_call_is_what_they_may_call():
    def f(x, *, k=2):
        return x[k:] * x[:-k]

    jacobian = s2sad.sparse_jacobian(f)
    assert (jacobian(X).shape, jacobian(x=X, k=3).shape) == ((5, 7), (4, 7))
    assert s2sad.sparse_jacobian(lambda *xs: xs[0] * xs[1][0], argnums=1)(X, X).nnz == 7
    assert s2sad.sparse_jacobian(np.cumsum)(X).nnz == 28
    assert s2sad.sparse_jacobian(s2sad.grad(rosenbrock))(X).nnz == 19
    assert s2sad.sparse_jacobian(lambda x: x[1:] ** 2)(X.astype(np.float32)).dtype == np.float32
    assert s2sad.sparse_jacobian(lambda x: x[9:])(X).shape == (0, 7)

    @s2sad.sparse_jacobian(argnums="y")
    def g(x, y):
        return x * y

    assert g(2.0, X).nnz == 7
    assert repr(g) == "<g_sparse_jacobian(x, y): sparse Jacobian of g by y>"


class Spring:
    def __init__(self, stiffness):
        self.stiffness = stiffness

    @s2sad.sparse_jacobian(argnums="x")
    def force(self, x):
        return self.stiffness * x[1:] * x[:-1]


def test_what_users_hold_says_what_it_is(tmp_path):
    jacobian = s2sad.sparse_jacobian(banded)
    assert jacobian(X).nnz == 19
    assert "banded_dot_vmap(x, x_dot)" in jacobian.lower(X).source
    assert "x_dot" in jacobian.source
    assert "banded_sparsity(x, x_dot)" in s2sad.sparsity(banded).lower(X).source
    assert jacobian.explore(X, path=tmp_path / "page.html").exists()
    assert "text/html" in jacobian._repr_mimebundle_()
    assert pickle.loads(pickle.dumps(jacobian))(X).nnz == 19
    assert Spring(2.0).force(X).nnz == 12


def of_inside(x):
    return np.sum(s2sad.sparse_jacobian(banded)(x).data)


HELD = s2sad.sparse_jacobian(banded)


def of_held(x):
    return np.sum(HELD(x).data)


@pytest.mark.parametrize("f", [of_inside, of_held])
def test_inside_a_function_they_are_refused(f):
    with pytest.raises(UnsupportedCall, match="sparse_jacobian: how many sweeps there are"):
        s2sad.grad(f)(X)


def test_a_function_may_change_its_argument():
    def f(x):
        x[1:] *= x[:-1]
        return x

    given = X.copy()
    found = s2sad.sparse_jacobian(f, check=True)(given)
    np.testing.assert_array_equal(given, X)
    np.testing.assert_allclose(found.toarray(), s2sad.jacobian(f)(X))


def test_the_sweeps_of_scipy():
    def residuals(p, t):
        return p**2 * (1.0 + t) - 1.0

    t = np.linspace(0.0, 1.0, 7)
    found = scipy.optimize.least_squares(residuals, np.ones(7), jac=s2sad.sparse_jacobian(residuals), args=(t,))
    np.testing.assert_allclose(found.x, 1.0 / np.sqrt(1.0 + t), rtol=1e-6)


def test_newton_s_method_with_a_sparse_hessian():
    x = np.full(50, 0.9)
    gradient, hessian = s2sad.grad(rosenbrock), s2sad.sparse_hessian(rosenbrock)
    for _ in range(20):
        x = x - sp.linalg.spsolve(hessian(x).tocsc(), gradient(x))
    np.testing.assert_allclose(x, 1.0, rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: s2sad.sparse_jacobian(3), ArgumentError, "a function is needed"),
        (lambda: s2sad.sparse_jacobian(banded, argnums=(0, 1)), ArgumentError, "banded has 1 parameter: x"),
        (lambda: s2sad.sparse_jacobian(banded, mode="fwd"), ArgumentError, "mode is"),
        (lambda: s2sad.sparse_jacobian(banded, argnums="q"), ArgumentError, "has the parameters x"),
        (lambda: s2sad.sparse_jacobian(banded)(np.arange(3)), NotDifferentiable, "needs floats"),
        (lambda: s2sad.sparse_jacobian(np.argsort)(X), NotDifferentiable, "needs floats in the result"),
        (lambda: s2sad.sparse_jacobian(banded)(X * 1j), NotDifferentiable, "complex"),
        (lambda: s2sad.sparse_hessian(banded)(X), NonScalarOutput, "real scalar"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
