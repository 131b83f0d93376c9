"""Functions of symmetric matrices, written with eigh: their derivatives where eigenvalues are equal, or nearly so."""

import numpy as np
import pytest
import scipy.linalg

import s2sad

eigh = np.linalg.eigh
RNG = np.random.default_rng(7)
N = 5
Q = np.linalg.qr(RNG.normal(size=(N, N)))[0]
U = np.linalg.qr(RNG.normal(size=(N, N)) + 1j * RNG.normal(size=(N, N)))[0]
W = RNG.normal(size=(N, N))
E = RNG.normal(size=(N, N))
E = E + E.T
B = RNG.normal(size=(N, 2))


def turned(eigenvalues, q=Q):
    a = (q * np.array(eigenvalues)) @ q.conj().T
    return 0.5 * (a + a.conj().T)


GAPS = (1e-3, 1e-5, 1e-6, 1e-8, 1e-10, 1e-13, 1e-15)
POINTS = {
    "equal": turned([1.0, 2.0, 2.0, 2.0, 3.5]),
    "identity": np.eye(N),
    "apart": turned([0.5, 1.0, 2.0, 3.0, 4.5]),
    **{f"gap {g}": turned([1.0, 2.0, 2.0 * (1 + g), 2.0 * (1 + 3 * g), 3.5]) for g in GAPS},
}


def columns(a):
    w, v = eigh(a)
    return (v * np.sqrt(w)) @ v.T


def rows(a):
    w, v = eigh(a)
    return v @ (np.sqrt(w)[:, None] * v.T)


def diagonal(a):
    w, v = eigh(a)
    return v @ np.diag(np.sqrt(w)) @ v.T


def column_of_eigenvalues(a):
    w, v = eigh(a)
    return v @ (w[:, None] ** 0.5 * v.T)


def half_twice(a):
    w, v = eigh(a)
    half = v * w**0.25
    return half @ half.T


def transposed_product(a):
    w, v = eigh(a)
    return v @ (v * np.sqrt(w)).T


def dot(a):
    w, v = eigh(a)
    return np.dot(v * np.sqrt(w), v.conj().T)


def einsum(a):
    w, v = eigh(a)
    return np.einsum("ij,j,kj->ik", v, np.sqrt(w), v)


def einsum_in_another_order(a):
    w, v = eigh(a)
    return np.einsum("k,jk,ik->ij", np.sqrt(w), v, v)


def multi_dot(a):
    w, v = eigh(a)
    return np.linalg.multi_dot([v, np.diag(np.sqrt(w)), v.T])


def quotient(a):
    w, v = eigh(a)
    return (v / w**-0.5) @ v.T


def fields(a):
    e = eigh(a)
    return (e.eigenvectors * np.sqrt(e.eigenvalues)) @ np.swapaxes(e.eigenvectors, -1, -2)


def of_scipy(a):
    w, v = scipy.linalg.eigh(a)
    return (v * np.sqrt(w)) @ v.T


def of_the_upper_triangle(a):
    w, v = np.linalg.eigh(a, UPLO="U")
    return (v * np.sqrt(w)) @ v.T


def scaled_by_the_largest(a):
    w, v = eigh(a)
    return (v * np.sqrt(w / w[-1])) @ v.T * np.sqrt(w[-1])


def scaled(a):
    w, v = eigh(a)
    return (2.0 * v * np.sqrt(w)[None, :] * 0.5) @ v.T


def behind(a):
    w, v = eigh(a)
    return v @ (np.sqrt(w)[:, None] * (v.T @ np.eye(N)))


def before(a):
    w, v = eigh(a)
    return (np.eye(N) @ v * np.sqrt(w)) @ v.T


def _function_of(w):
    return np.sqrt(w)


def root_of(w, power):
    s = w**power
    return s


def of_a_function(a):
    w, v = eigh(a)
    return (v * root_of(w, 0.5)) @ v.T


def applied(a, f):
    w, v = eigh(a)
    return (v * f(w)) @ v.T


def given_a_function(a):
    return applied(a, np.sqrt)


def stored_by_a_mask(a):
    w, v = eigh(a)
    w[w < 0.01] = 0.01
    return (v * np.sqrt(w)) @ v.T


def in_place(a):
    w, v = eigh(a)
    w **= 0.5
    root = v.copy()
    root *= w
    return root @ v.T


def chosen(a):
    w, v = eigh(a)
    return (v * np.where(w > 1e-9, np.sqrt(w), np.zeros_like(w))) @ v.T


def in_a_loop(a):
    total = np.zeros((N, N))
    for _ in range(2):
        w, v = eigh(a)
        total = total + 0.5 * (v * np.sqrt(w)) @ v.T
    return total


def in_a_branch(a):
    w, v = eigh(a)
    if w[0] > 0.0:
        return (v * np.sqrt(w)) @ v.T
    return a


ROOTS = [
    columns,
    rows,
    diagonal,
    column_of_eigenvalues,
    half_twice,
    transposed_product,
    dot,
    einsum,
    einsum_in_another_order,
    multi_dot,
    quotient,
    fields,
    of_scipy,
    of_the_upper_triangle,
    scaled_by_the_largest,
    scaled,
    behind,
    before,
    of_a_function,
    given_a_function,
    stored_by_a_mask,
    in_place,
    chosen,
    in_a_loop,
    in_a_branch,
]


def named(f):
    return f.__name__


def agrees(f, a, e, expected, tolerance=2e-10):
    """Forward and reverse mode along a symmetric direction."""
    scale = max(1.0, float(np.max(np.abs(expected))))
    np.testing.assert_allclose(s2sad.jvp(f, (a,), (e,))[1], expected, rtol=0.0, atol=tolerance * scale)
    weights = W[: expected.shape[0], : expected.shape[1]] if expected.ndim == 2 else W[0, : len(expected)]
    gradient = s2sad.grad(lambda a: np.sum(weights * np.real(f(a))))(a)
    moved = np.sum(np.real(gradient * e))
    np.testing.assert_allclose(moved, np.sum(weights * np.real(expected)), rtol=0.0, atol=10 * tolerance * scale)


@pytest.mark.parametrize("point", POINTS)
def test_the_square_root(point):
    a = POINTS[point]
    root = scipy.linalg.sqrtm(a).real
    agrees(columns, a, E, scipy.linalg.solve_sylvester(root, root, E))


@pytest.mark.parametrize("f", ROOTS, ids=named)
def test_spellings(f):
    a = POINTS["equal"]
    root = scipy.linalg.sqrtm(a).real
    agrees(f, a, E, scipy.linalg.solve_sylvester(root, root, E))


def exponential(a):
    w, v = eigh(a)
    return (v * np.exp(w)) @ v.conj().T


def exponential_of_a_multiple(a):
    w, v = eigh(a)
    return v @ np.diag(np.exp(1000.0 * w - 2000.0)) @ v.T


def propagator(a):
    w, v = eigh(a)
    return (v * np.exp(-1j * w)) @ v.conj().T


def inverse(a):
    w, v = eigh(a)
    return (v / w) @ v.T


def cube(a):
    w, v = eigh(a)
    return (v * w**3) @ v.T


def itself(a):
    w, v = eigh(a)
    return (v * w) @ v.T


def one_and_the_root(a):
    w, v = eigh(a)
    return (v * (1.0 + np.sqrt(w))) @ v.T


@pytest.mark.parametrize("point", POINTS)
def test_other_functions(point):
    a = POINTS[point]
    agrees(exponential, a, E, scipy.linalg.expm_frechet(a, E)[1], 2e-9)
    agrees(inverse, a, E, -np.linalg.inv(a) @ E @ np.linalg.inv(a))
    agrees(cube, a, E, E @ a @ a + a @ E @ a + a @ a @ E, 2e-9)
    agrees(itself, a, E, E)


@pytest.mark.parametrize("gap", [0.0, 1e-9, 1e-6, 1e-3, 0.5])
def test_functions_that_change_fast(gap):
    """The mean of two slopes is no derivative where the function bends between them."""
    a = turned([1.999, 2.0 - gap * 1e-3, 2.0, 2.0, 2.001])
    expected = 1000.0 * scipy.linalg.expm_frechet(1000.0 * (a - 2.0 * np.eye(N)), E)[1]
    agrees(exponential_of_a_multiple, a, E, expected, 1e-8)


@pytest.mark.parametrize("small", [[1e-14, 2e-14], [1e-8, 1e-8], [1e-6, 1.1e-6]])
def test_small_eigenvalues_of_a_root(small):
    """Whether two of them are close is not seen in the largest one."""
    w = np.array([*small, 1.0])
    root = np.sqrt(w)
    expected = 1.0 / (root[:, None] + root)
    found = s2sad.jvp(one_and_the_root, (np.diag(w),), (np.ones((3, 3)),))[1]
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_eigenvalues_that_are_zero_up_to_rounding():
    a = turned([-2e-17, 1e-17, 0.0, 1.0, 2.0])
    agrees(exponential, a, E, scipy.linalg.expm_frechet(a, E)[1])


def test_opposite_eigenvalues_have_equal_slopes_and_are_not_close():
    a = turned([-1.0, -1.0, 1.0, 1.0, 2.0])
    agrees(cube, a, E, E @ a @ a + a @ E @ a + a @ a @ E, 1e-12)


@pytest.mark.parametrize(
    "eigenvalues", [[1.0, 2.0, 2.0, 2.0, 3.5], [1.0, 1.0, 1.0, 1.0, 1.0], [0.5, 1.0, 2.0, 3.0, 4.5]]
)
def test_hermitian_matrices(eigenvalues):
    a = turned(eigenvalues, U)
    e = RNG.normal(size=(N, N)) + 1j * RNG.normal(size=(N, N))
    e = e + e.conj().T
    agrees(exponential, a, e, scipy.linalg.expm_frechet(a, e)[1], 1e-9)
    agrees(propagator, a, e, scipy.linalg.expm_frechet(-1j * a, -1j * e)[1], 1e-9)


def test_complex_functions_of_real_matrices():
    a = POINTS["equal"]
    expected = scipy.linalg.expm_frechet(-1j * a, -1j * E)[1]
    np.testing.assert_allclose(s2sad.jvp(propagator, (a,), (E,))[1], expected, rtol=0.0, atol=1e-9)
    weights = W + 1j * W.T
    gradient = s2sad.grad(lambda a: np.sum(np.real(weights * propagator(a))))(a)
    assert gradient.dtype == np.float64
    np.testing.assert_allclose(np.sum(gradient * E), np.sum(np.real(weights * expected)), rtol=1e-9)


def test_single_precision():
    a, e = POINTS["equal"].astype(np.float32), E.astype(np.float32)
    found = s2sad.jvp(columns, (a,), (e,))[1]
    root = scipy.linalg.sqrtm(POINTS["equal"]).real
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, scipy.linalg.solve_sylvester(root, root, E), rtol=0.0, atol=1e-4)
    assert s2sad.grad(lambda a: np.sum(columns(a)))(a).dtype == np.float32


# Other operands


def solved(a, b):
    w, v = eigh(a)
    return v @ ((v.T @ b) / (w if b.ndim == 1 else w[:, None]))


def solved_with_rows(a, b):
    w, v = eigh(a)
    return v @ ((b.T @ v) / w).T


def solved_from_the_right(a, b):
    w, v = eigh(a)
    return ((b.T @ v) / w) @ v.T


@pytest.mark.parametrize("b", [B[:, 0], B], ids=["vector", "matrix"])
@pytest.mark.parametrize("f", [solved, solved_with_rows, solved_from_the_right], ids=named)
def test_what_stands_beside_the_function(f, b):
    a = POINTS["equal"]
    db = np.cos(np.arange(b.size)).reshape(b.shape)
    x = np.linalg.solve(a, b)
    expected = np.linalg.solve(a, db - E @ x)
    expected = expected.T if f is solved_from_the_right else expected
    np.testing.assert_allclose(s2sad.jvp(f, (a, b), (E, db))[1], expected, rtol=1e-10)
    g = np.sin(np.arange(b.size)).reshape(expected.shape)
    a_bar, b_bar = s2sad.vjp(f, a, b)[1](g)
    np.testing.assert_allclose(np.sum(a_bar * E) + np.sum(b_bar * db), np.sum(g * expected), rtol=1e-9)
    np.testing.assert_allclose(b_bar, np.linalg.solve(a, g.T if f is solved_from_the_right else g), rtol=1e-10)


def decay(w, t):
    return np.exp(-t * w)


def diffused_by_a_function(a, t):
    w, v = eigh(a)
    return (v * decay(w, t)) @ v.T


def diffused(a, t):
    w, v = eigh(a)
    return (v * np.exp(-t * w)) @ v.T


def power(a, p):
    w, v = eigh(a)
    return (v * w**p) @ v.T


def shrunk(a, t):
    w, v = eigh(a)
    return v @ ((np.maximum(w - t, 0.0) / np.sum(w))[:, None] * v.T)


@pytest.mark.parametrize("f", [diffused, diffused_by_a_function, power, shrunk], ids=named)
@pytest.mark.parametrize("point", ["equal", "apart"])
def test_numbers_that_the_function_depends_on(f, point):
    a, t, dt, h = POINTS[point], 0.7, 0.3, 1e-5
    expected = (f(a + h * E, t + h * dt) - f(a - h * E, t - h * dt)) / (2 * h)
    np.testing.assert_allclose(s2sad.jvp(f, (a, t), (E, dt))[1], expected, rtol=0.0, atol=1e-8)
    a_bar, t_bar = s2sad.vjp(f, a, t)[1](W)
    np.testing.assert_allclose(np.sum(a_bar * E) + t_bar * dt, np.sum(W * expected), rtol=0.0, atol=1e-7)


# Many matrices


def stacked(a):
    w, v = eigh(a)
    return (v * np.sqrt(w)[..., None, :]) @ np.swapaxes(v, -1, -2)


def stacked_rows(a):
    w, v = eigh(a)
    return v @ (np.sqrt(w)[..., None] * np.moveaxis(v, -1, -2))


@pytest.mark.parametrize("f", [stacked, stacked_rows, s2sad.vmap(columns), s2sad.vmap(einsum), s2sad.vmap(rows)])
def test_stacks(f):
    many = np.stack([POINTS[p] for p in ("equal", "identity", "apart")])
    e = np.stack([E, 2.0 * E, E])
    roots = [scipy.linalg.sqrtm(a).real for a in many]
    expected = np.stack([scipy.linalg.solve_sylvester(r, r, d) for r, d in zip(roots, e, strict=True)])
    np.testing.assert_allclose(s2sad.jvp(f, (many,), (e,))[1], expected, rtol=0.0, atol=1e-9)
    a_bar = s2sad.grad(lambda a: np.sum(W * f(a)))(many)
    np.testing.assert_allclose(np.sum(a_bar * e), np.sum(W * expected), rtol=0.0, atol=1e-8)


@pytest.mark.parametrize("axes", [(0, None), (0, 0), (None, 0)])
@pytest.mark.parametrize("columns", [1, 2], ids=["vectors", "matrices"])
def test_what_stands_beside_the_functions_of_many(axes, columns):
    many = np.stack([POINTS[p] for p in ("equal", "identity", "apart")])
    b = np.stack([B, B + 1.0, 2.0 * B])[..., : columns if columns > 1 else 1]
    b = b if columns > 1 else b[..., 0]
    a, e = (many, np.stack([E, -E, E])) if axes[0] == 0 else (many[0], E)
    b, db = (b, np.cos(b)) if axes[1] == 0 else (b[0], np.cos(b[0]))
    f = s2sad.vmap(solved, axes)
    a_bar, b_bar = s2sad.grad(lambda a, b: np.sum(np.sin(f(a, b))), (0, 1))(a, b)
    expected, text = 0.0, s2sad.grad(lambda a, b: np.sum(f(a, b)), (0, 1)).lower(a, b).source
    for k in range(3):
        own, d, c, dc = (
            x[k] if x.ndim == y.ndim + 1 else x
            for x, y in zip((a, e, b, db), (E, E, b_like(b, axes), b_like(b, axes)), strict=True)
        )
        x = np.linalg.solve(own, c)
        expected += np.sum(np.cos(x) * np.linalg.solve(own, dc - d @ x))
    np.testing.assert_allclose(np.sum(a_bar * e) + np.sum(b_bar * db), expected, rtol=1e-9)
    np.testing.assert_allclose(np.sum(np.cos(f(a, b)) * s2sad.jvp(f, (a, b), (e, db))[1]), expected, rtol=1e-9)
    assert "distinct_gaps" in text


def b_like(b, axes):
    return b[0] if axes[1] == 0 else b


def test_gradients_of_many():
    many = np.stack([POINTS[p] for p in ("equal", "identity", "apart")])
    gradient = s2sad.grad(lambda a: np.sum(W * columns(a)))
    expected = [gradient(a) for a in many]
    np.testing.assert_allclose(s2sad.vmap(gradient)(many), expected, rtol=0.0, atol=1e-10)


def test_jacobians():
    a = POINTS["equal"]
    root = scipy.linalg.sqrtm(a).real
    expected = scipy.linalg.solve_sylvester(root, root, E)
    for jacobian in (s2sad.jacfwd, s2sad.jacrev):
        np.testing.assert_allclose(np.sum(jacobian(columns)(a) * E, axis=(-1, -2)), expected, rtol=0.0, atol=1e-10)


# Second derivatives


def test_second_derivatives_where_eigenvalues_are_apart():
    a = POINTS["apart"]

    def f(a):
        return np.sum(W * exponential(a) ** 2)

    h = 1e-4
    g = s2sad.grad(f)
    expected = np.sum((g(a + h * E) - g(a - h * E)) * E) / (2 * h)
    found = np.einsum("ij,ijkl,kl", E, s2sad.hessian(f)(a), E)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


# What is no function of the matrix, or is not seen to be one


def share(w):
    s = w / np.sum(w)
    return s


def of_as_many_as_rows(a):
    """A vector for each of N matrices, taken for a matrix."""
    w, v = eigh(np.stack([a, 2.0 * a, a, 3.0 * a, a]))
    x = (np.swapaxes(v, -1, -2) @ B[:, 0]) / w
    return np.sum(v @ x, axis=0) + v[0] @ x.T


def by_the_sum_in_functions(a):
    w, v = eigh(a)
    return (v * share(share(w))) @ v.T


def the_least(a):
    w, v = eigh(a)
    return (v[:, :2] * w[:2]) @ v[:, :2].T


def sorted_again(a):
    w, v = eigh(a)
    return (v * w[::-1]) @ v.T


def by_place(a):
    w, v = eigh(a)
    return (v * (w * np.arange(1.0, N + 1.0))) @ v.T


def masked(a):
    w, v = eigh(a)
    return (v * np.where(np.arange(N) < 2, w, 0.0)) @ v.T


def of_another(a):
    w, _ = eigh(a)
    _, v = eigh(a @ a)
    return (v * np.sqrt(w)) @ v.T


@pytest.mark.parametrize(
    "f",
    [by_place, masked, of_another, by_the_sum_in_functions, sorted_again, the_least, of_as_many_as_rows],
    ids=named,
)
def test_products_that_are_no_such_functions(f):
    """They have the derivative of their parts, which is right where eigenvalues are apart."""
    a, h = POINTS["apart"], 1e-5
    expected = (f(a + h * E) - f(a - h * E)) / (2 * h)
    agrees(f, a, E, expected, 1e-7)
    assert "distinct_gaps" not in s2sad.grad(lambda a: np.sum(f(a))).lower(a).source


def test_the_text():
    def energy(a, b):
        w, v = eigh(a)
        root = (v * np.sqrt(w)) @ v.T
        return np.sum(root * b)

    text = s2sad.grad(energy).lower(np.eye(3), np.eye(3)).source
    assert "reciprocal_gaps" not in text
    assert "# root = " in text
    assert text.count("eigh(") == 1
    assert "function_of_matrix" not in text
