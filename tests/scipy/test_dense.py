"""Dense linear algebra as people write it: control, statistics, mechanics, signals; and what has no derivative."""

import numpy as np
import pytest
import scipy.linalg
from scipy.linalg import (
    cho_factor,
    cho_solve,
    eigh,
    eigh_tridiagonal,
    expm,
    logm,
    lu_factor,
    lu_solve,
    solve_banded,
    solve_continuous_are,
    solve_continuous_lyapunov,
    solve_discrete_are,
    solve_toeplitz,
    solveh_banded,
    sqrtm,
    toeplitz,
)

import s2sad
from s2sad.errors import Error

RNG = np.random.default_rng(17)


def spd(n):
    a = RNG.normal(size=(n, n))
    return a @ a.T + n * np.eye(n)


def by_complex_step(f, x, h=1e-30):
    """The gradient of an analytic function of an array; it has no error but rounding."""
    found = np.zeros(x.shape)
    for k in np.ndindex(x.shape):
        e = np.zeros(x.shape, complex)
        e[k] = 1j * h
        found[k] = f(x + e).imag / h
    return found


# Control


def lqr_cost(weight, mass):
    """A cart on a spring, driven by the gain of least cost."""
    a = np.array([[0.0, 1.0], [-1.0 / mass, -0.1 / mass]])
    b = np.array([[0.0], [1.0 / mass]])
    p = solve_continuous_are(a, b, np.diag(weight[:2]), weight[2:, None])
    x = np.array([1.0, -0.5])
    return x @ p @ x


def kalman_gain(noise):
    """How much of a measurement a filter of constant velocity takes over in the steady state."""
    f, h = np.array([[1.0, 0.1], [0.0, 1.0]]), np.array([[1.0, 0.0]])
    q = noise[0] * np.array([[1e-2, 1e-1], [1e-1, 2.0]])
    p = solve_discrete_are(f.T, h.T, q, noise[1] * np.eye(1))
    gain = p @ h.T / (h @ p @ h.T + noise[1])
    return np.sum(gain * np.array([[1.0], [2.0]]))


def kalman_by_iteration(noise):
    f, h = np.array([[1.0, 0.1], [0.0, 1.0]]), np.array([[1.0, 0.0]])
    q = noise[0] * np.array([[1e-2, 1e-1], [1e-1, 2.0]])
    p = np.eye(2)
    for _ in range(400):
        gain = p @ h.T / (h @ p @ h.T + noise[1])
        p = f @ (p - gain @ h @ p) @ f.T + q
    return np.sum(p @ h.T / (h @ p @ h.T + noise[1]) * np.array([[1.0], [2.0]]))


def h2_norm(k):
    """The energy of the response of two coupled masses."""
    a = np.array([[0, 0, 1, 0], [0, 0, 0, 1], [-k[0] - k[1], k[1], -k[2], 0], [k[1], -k[1], 0, -k[2]]])
    b = np.array([[0.0], [0], [1], [0]])
    x = solve_continuous_lyapunov(a, -b @ b.T)
    return np.sqrt(x[1, 1])


def h2_by_kronecker(k):
    a = np.zeros((4, 4), complex)
    a[0, 2] = a[1, 3] = 1.0
    a[2:, :] = [[-k[0] - k[1], k[1], -k[2], 0], [k[1], -k[1], 0, -k[2]]]
    b = np.array([[0.0], [0], [1], [0]])
    system = np.kron(a, np.eye(4)) + np.kron(np.eye(4), a)
    return np.sqrt(np.linalg.solve(system, -(b @ b.T).ravel()).reshape(4, 4)[1, 1])


# Statistics


def gaussian_likelihood(kernel, x, y):
    """The log marginal likelihood of a Gaussian process."""
    scale, length, noise = np.exp(kernel)
    k = scale * np.exp(-0.5 * (x[:, None] - x) ** 2 / length**2) + noise * np.eye(len(x))
    factor = cho_factor(k, lower=True)
    alpha = cho_solve(factor, y)
    return -0.5 * y @ alpha - np.sum(np.log(np.diag(factor[0]))) - 0.5 * len(x) * np.log(2 * np.pi)


def stationary(p):
    """What a visit earns in the long run, by the stationary distribution of a Markov chain."""
    rates = np.exp(p)
    chain = rates / np.sum(rates, axis=1, keepdims=True)
    w, v = np.linalg.eig(chain.T)
    pi = np.real(v[:, np.argmin(np.abs(w - 1.0))])
    return pi / np.sum(pi) @ np.arange(1.0, 4.0)


def stationary_by_system(p):
    rates = np.exp(p)
    chain = rates / np.sum(rates, axis=1, keepdims=True)
    return np.linalg.solve((np.eye(3) - chain + 1.0).T, np.ones(3)) @ np.arange(1.0, 4.0)


def explained(data):
    """How much of the data its two main directions miss."""
    centred = data - np.mean(data, axis=0)
    d = data.shape[1]
    w, v = eigh(centred.T @ centred / len(data), subset_by_index=[d - 2, d - 1])
    return np.sum((centred - centred @ v @ v.T) ** 2) / w[1]


def geometric_mean(a, b):
    """The midpoint of two covariances on the geodesic between them."""
    root = sqrtm(a)
    inverse = np.linalg.inv(root)
    mean = root @ sqrtm(inverse @ b @ inverse) @ root
    return np.sum(mean * np.cos(np.arange(9.0)).reshape(3, 3))


def bures(a, b):
    """The squared Wasserstein distance of two normal distributions."""
    root = sqrtm(a)
    return np.trace(a) + np.trace(b) - 2.0 * np.trace(sqrtm(root @ b @ root))


def generator(p):
    """The mean rate of leaving a state, of the process that a chain is seen of once a day."""
    return -np.mean(np.diag(logm(p)))


def whitened(data):
    """Data that is uncorrelated, and as near to what it was as can be."""
    centred = data - np.mean(data, axis=0)
    w, v = eigh(centred.T @ centred / len(data))
    return np.sum(np.tanh(centred @ (v / np.sqrt(w)) @ v.T))


# Mechanics


def beam(thickness):
    """How far a clamped beam bends under its load: finite differences of fourth order in diagonals."""
    n = len(thickness)
    stiff = thickness**3
    ab = np.array([np.ones(n), -4.0 * np.ones(n), 6.0 * np.ones(n)]) * stiff
    ab[0] = np.concatenate([np.zeros(2), np.sqrt(stiff[2:] * stiff[:-2])])
    ab[1] = np.concatenate([np.zeros(1), -4.0 * np.sqrt(stiff[1:] * stiff[:-1])])
    u = solveh_banded(ab, np.ones(n))
    return np.sum(u)


def beam_by_matrix(thickness):
    n = len(thickness)
    s = thickness**1.5
    k = np.outer(s, s) * toeplitz([6.0, -4.0, 1.0, *[0.0] * (n - 3)])
    return np.sum(np.linalg.solve(k, np.ones(n)))


def modes(stiffness, mass):
    """The lowest frequency of a chain of masses."""
    k = np.diag(stiffness[:-1] + stiffness[1:]) - np.diag(stiffness[1:-1], 1) - np.diag(stiffness[1:-1], -1)
    w, _ = eigh(k, np.diag(mass))
    return np.sqrt(w[0])


def string(tension, density):
    """Two frequencies of a string, and where the lowest mode is."""
    d = 2.0 * tension / density
    e = -tension / np.sqrt(density[1:] * density[:-1])
    w, v = eigh_tridiagonal(d, e, select="i", select_range=(0, 1))
    return np.sum(np.sqrt(w)) + np.sum(v[:, 0] ** 2 * np.arange(len(density)))


def heat(conductivity, steps):
    """Implicit steps of the heat equation."""
    n = len(conductivity) - 1
    ab = np.zeros((3, n))
    ab[0, 1:] = -conductivity[1:-1]
    ab[1] = 1.0 + conductivity[:-1] + conductivity[1:]
    ab[2, :-1] = -conductivity[1:-1]
    u = np.sin(np.arange(1.0, n + 1))
    for _ in range(steps):
        u = solve_banded((1, 1), ab, u)
    return np.sum(u**2)


def aligned(points, other):
    """How far two sets of points are apart when one is turned to the other."""
    turn, _ = scipy.linalg.polar(points.T @ other)
    return np.sum((points @ turn - other) ** 2)


def flow(rates):
    """States of a linear system at several times."""
    a = np.array([[-rates[0], rates[1]], [rates[0], -rates[1] - rates[2]]])
    states = expm(np.array([0.1, 0.5, 2.0])[:, None, None] * a) @ np.array([1.0, 0.0])
    return np.sum(states**2)


# Signals and systems


def deconvolved(c, b):
    """What a stationary filter made of a signal, undone."""
    x = solve_toeplitz(c, b)
    return np.sum(x[1:] * x[:-1])


def log_determinant(a):
    _, _, u = scipy.linalg.lu(a)
    return np.sum(np.log(np.abs(np.diag(u))))


def refined(a, b):
    """One factorisation for two systems."""
    factors = lu_factor(a)
    x = lu_solve(factors, b)
    y = lu_solve(factors, x, trans=1)
    return x @ y


def growth(fertility, survival):
    """The rate at which a population grows, by its Leslie matrix."""
    return np.max(np.abs(np.linalg.eigvals(scipy.linalg.leslie(fertility, survival))))


def oscillation(a):
    """The damping of the mode that is damped least, whether it oscillates or not."""
    return np.max(np.real(scipy.linalg.eigvals(a)))


SPRINGS = np.array([1.0, 2.0, 0.3])
P = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.2, 0.6]])
X = RNG.normal(size=(6, 4)) * np.array([1.0, 2.0, 3.0, 0.5])
TURNING = np.array([[-0.5, -2.0, 0.3], [1.5, -0.4, 0.2], [0.1, -0.3, -2.5]])

PROGRAMS = [
    (lqr_cost, (np.array([1.0, 0.5, 0.2]), 1.3)),
    (kalman_gain, (np.array([0.3, 0.8]),)),
    (h2_norm, (SPRINGS,)),
    (gaussian_likelihood, (np.array([0.2, -0.3, -2.0]), np.linspace(0.0, 2.0, 6), np.sin(np.arange(6.0)))),
    (stationary, (P,)),
    (explained, (X,)),
    (geometric_mean, (spd(3), spd(3))),
    (bures, (spd(3), spd(3))),
    (generator, (P,)),
    (whitened, (X,)),
    (beam, (np.array([1.0, 1.2, 0.9, 1.1, 1.3]),)),
    (modes, (np.array([1.0, 2.0, 1.5, 0.7]), np.array([1.0, 0.8, 1.4]))),
    (string, (1.7, np.array([1.0, 1.3, 0.9, 1.1, 1.6]))),
    (heat, (np.array([0.5, 0.7, 0.2, 0.9, 0.4]), 3)),
    (aligned, (RNG.normal(size=(5, 3)), RNG.normal(size=(5, 3)))),
    (flow, (np.array([0.5, 1.2, 0.3]),)),
    (deconvolved, (np.array([4.0, 1.0, -0.5, 0.2]), np.array([1.0, -2.0, 0.5, 3.0]))),
    (log_determinant, (RNG.normal(size=(4, 4)),)),
    (refined, (spd(3) + RNG.normal(size=(3, 3)), RNG.normal(size=3))),
    (growth, (np.array([0.2, 1.5, 0.9]), np.array([0.6, 0.4]))),
    (oscillation, (TURNING,)),
]


@pytest.mark.parametrize(("f", "args"), PROGRAMS, ids=[f.__name__ for f, _ in PROGRAMS])
def test_programs(f, args):
    """In both modes, and forward over reverse."""
    s2sad.check_grads(f, args)
    active = tuple(k for k, x in enumerate(args) if not isinstance(x, int))
    s2sad.check_grads(s2sad.grad(f, active), args, modes=("fwd",))


@pytest.mark.parametrize(
    ("f", "same", "args"),
    [
        (kalman_gain, kalman_by_iteration, (np.array([0.3, 0.8]),)),
        (h2_norm, h2_by_kronecker, (SPRINGS,)),
        (stationary, stationary_by_system, (P,)),
        (beam, beam_by_matrix, (np.array([1.0, 1.2, 0.9, 1.1, 1.3]),)),
        (flow, flow, (np.array([0.5, 1.2, 0.3]),)),
        (generator, lambda p: -np.mean(np.diag(logm(p))), (P,)),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_against_another_computation_with_complex_steps(f, same, args):
    np.testing.assert_allclose(s2sad.grad(f)(*args), by_complex_step(same, *args), rtol=1e-8, atol=1e-11)


# Closed forms


def test_the_gain_of_a_scalar_system():
    def cost(a, b, q, r):
        p = solve_continuous_are(np.array([[a]]), np.array([[b]]), np.array([[q]]), np.array([[r]]))
        return p[0, 0]

    def root(a, b, q, r):
        return r * (a + np.sqrt(a**2 + b**2 * q / r)) / b**2

    args = (0.3, 1.2, 0.7, 0.4)
    every = (0, 1, 2, 3)
    np.testing.assert_allclose(s2sad.grad(cost, every)(*args), s2sad.grad(root, every)(*args), rtol=1e-9)
    ours, theirs = (np.array(s2sad.hessian(f, every)(*args)) for f in (cost, root))
    np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)


def test_the_distance_of_two_normal_distributions():
    a, b = spd(3), spd(3)
    root = scipy.linalg.sqrtm(a)
    inverse = np.linalg.inv(root)
    optimal = inverse @ scipy.linalg.sqrtm(root @ b @ root) @ inverse
    np.testing.assert_allclose(s2sad.grad(bures)(a, b), np.eye(3) - optimal, atol=1e-10)


def test_the_sensitivities_of_a_growth_rate():
    """H. Caswell, Matrix Population Models (2001): v[i] w[j] / (v @ w), by the dominant left and right vectors."""

    def rate(a):
        return np.max(np.abs(np.linalg.eigvals(a)))

    a = scipy.linalg.leslie([0.2, 1.5, 0.9], [0.6, 0.4])
    w, left, right = scipy.linalg.eig(a, left=True)
    k = np.argmax(np.abs(w))
    v, x = np.real(left[:, k]), np.real(right[:, k])
    np.testing.assert_allclose(s2sad.grad(rate)(a), np.outer(v, x) / (v @ x), rtol=1e-9)


def test_frequencies_move_by_the_energies_of_their_modes():
    k, m = spd(4), spd(4)

    def lowest(k, m):
        return eigh(k, m)[0][0]

    w, v = eigh(k, m)
    outer = np.outer(v[:, 0], v[:, 0])
    for found, expected in zip(s2sad.grad(lowest, (0, 1))(k, m), (outer, -w[0] * outer), strict=True):
        np.testing.assert_allclose(found + found.T, 2.0 * expected, rtol=1e-9)


# Eigenvectors


def everything_of_eig(a):
    w, v = np.linalg.eig(a)
    weights = np.sin(np.arange(9.0)).reshape(3, 3)
    return np.sum(np.real(v) * weights) + np.sum(np.imag(v) ** 2 * weights) + np.sum(np.real(w * np.conj(w)))


def projector(a, b):
    w, v = scipy.linalg.eig(a, b)
    inverse = np.linalg.inv(b @ v)
    return np.sum(np.real(v[:, :1] @ inverse[:1]) * np.cos(np.arange(9.0)).reshape(3, 3)) + np.sum(np.abs(v) ** 4)


@pytest.mark.parametrize("a", [TURNING, TURNING + 0.3j * P, P], ids=["a pair", "complex", "real"])
def test_vectors_move_as_those_that_numpy_gives(a):
    """LAPACK fixes the lengths and the phases of vectors: so nothing of a result is left open."""
    s2sad.check_grads(everything_of_eig, (a,))
    found = s2sad.grad(everything_of_eig)(a)
    assert found.dtype == a.dtype


@pytest.mark.parametrize("a", [TURNING, P])
def test_what_two_matrices_define(a):
    s2sad.check_grads(projector, (a, np.eye(3) + 0.2 * P))


def test_the_results_of_eig_are_complex_in_a_derivative():
    def scaled(x, a):
        found = np.linalg.eig(a)
        return x * found.eigenvalues, found

    out, _ = s2sad.jvp(lambda x: scaled(x, P)[0], (2.0,), (1.0,))
    assert out.dtype == complex
    np.testing.assert_allclose(out, 2.0 * np.linalg.eigvals(P))
    with pytest.raises(Error, match=r"complex128. Give np.real of it"):
        s2sad.grad(lambda a: np.sum(np.linalg.eig(a)[0]))(P)


@pytest.mark.parametrize("low", [0, 2])
def test_some_vectors_are_those_among_all(low):
    def some(a, b):
        w, v = eigh(a, b, subset_by_index=(low, low + 1))
        return np.sum(w**2) + np.sum((v @ v.T) * np.sin(np.arange(16.0)).reshape(4, 4))

    def all_of_them(a, b):
        w, v = eigh(a, b)
        w, v = w[low : low + 2], v[:, low : low + 2]
        return np.sum(w**2) + np.sum((v @ v.T) * np.sin(np.arange(16.0)).reshape(4, 4))

    args = spd(4), spd(4)
    for ours, theirs in zip(s2sad.grad(some, (0, 1))(*args), s2sad.grad(all_of_them, (0, 1))(*args), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)


def hermitian(a, b):
    w, v = eigh(a, b, subset_by_index=(1, 2))
    return np.sum(w**3) + np.sum(np.abs(v @ v.conj().T) ** 4)


def hermitian_bands(ab, b):
    w, v = scipy.linalg.eig_banded(ab, select="i", select_range=(0, 1))
    x = solveh_banded(ab, b)
    return np.sum(w**3) + np.sum(np.abs(v @ v.conj().T) ** 4) + np.sum(np.abs(x) ** 4)


def test_complex_matrices():
    i = 1j * RNG.normal(size=(4, 4))
    s2sad.check_grads(hermitian, (spd(4) + i - i.T, spd(4) + 0.3 * (i - i.T)))
    ab = np.array([[0.0, 1.0 + 0.5j, 0.3j, 0.7], [4.0, 5.0, 6.5, 8.0]])
    s2sad.check_grads(hermitian_bands, (ab, np.array([1.0, 2.0j, 0.5, 1.0 - 1.0j])))


# Functions of matrices


def test_where_eigenvalues_are_equal():
    """The root, at c times the identity: it moves by half of what the matrix does, over the root of c."""
    weights = np.arange(9.0).reshape(3, 3)

    def by_root(a):
        return np.sum(sqrtm(a) * weights)

    def by_vectors(a):
        w, v = eigh(a)
        return np.sum((v * np.sqrt(w)) @ v.T * weights)

    def by_power(a):
        return np.sum(scipy.linalg.fractional_matrix_power(a, 0.5) * weights)

    a = 4.0 * np.eye(3)
    for f in (by_root, by_power):
        np.testing.assert_allclose(s2sad.grad(f)(a), 0.25 * weights, rtol=1e-10)
    symmetric = P + P.T
    for f in (by_root, by_vectors):
        np.testing.assert_allclose(s2sad.jvp(f, (a,), (symmetric,))[1], 0.25 * np.sum(weights * symmetric), rtol=1e-10)


DIRECTION = np.cos(np.arange(9.0)).reshape(3, 3)


@pytest.mark.parametrize("name", ["sqrtm", "logm", "sinhm", "coshm", "tanhm", "expm"])
def test_functions_by_complex_steps(name):
    function = getattr(scipy.linalg, name)
    expected = np.imag(function(0.5 * P + 1e-20j * DIRECTION)) / 1e-20
    found = s2sad.jvp(lambda a: function(a), (0.5 * P,), (DIRECTION,))[1]
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9)


def one(a):
    return scipy.linalg.cosm(a) @ scipy.linalg.cosm(a) + scipy.linalg.sinm(a) @ scipy.linalg.sinm(a)


def nothing(a):
    return scipy.linalg.cosm(a) @ scipy.linalg.tanm(a) - scipy.linalg.sinm(a)


def also_one(a):
    return scipy.linalg.signm(a - 0.7 * np.eye(3)) @ scipy.linalg.signm(a - 0.7 * np.eye(3))


@pytest.mark.parametrize("f", [one, nothing, also_one])
def test_identities_have_no_derivative(f):
    np.testing.assert_allclose(s2sad.jvp(f, (P,), (DIRECTION,))[1], 0.0, atol=1e-10)
    np.testing.assert_allclose(s2sad.jacrev(f)(P), 0.0, atol=1e-10)


def test_real_matrices_with_complex_roots():
    def root(a):
        return np.sum(np.abs(sqrtm(a)))

    def of_complex(a):
        return np.sum(np.abs(sqrtm(a + 0j)) ** 2)

    a = np.diag([-1.0, 2.0, 3.0]) + 0.1 * P
    with pytest.raises(ValueError, match=r"a \+ 0j"):
        s2sad.grad(root)(a)
    s2sad.check_grads(of_complex, (a,))


def test_a_power_by_its_exponent():
    def f(a, t):
        return np.sum(scipy.linalg.fractional_matrix_power(a, t) * P)

    a = spd(3)
    s2sad.check_grads(f, (a, 0.3), modes=("rev",))
    np.testing.assert_allclose(s2sad.grad(f, 1)(a, 1.0), np.sum(logm(a) @ a * P), rtol=1e-9)


# Bases and factors that are not unique


def test_what_lies_in_the_null_space():
    b = np.arange(5.0)

    def by_basis(a):
        z = scipy.linalg.null_space(a)
        return np.sum((z @ (z.T @ b)) ** 2 * b)

    def by_system(a):
        rest = b - a.T @ np.linalg.solve(a @ a.T, a @ b)
        return np.sum(rest**2 * b)

    a = RNG.normal(size=(2, 5))
    np.testing.assert_allclose(s2sad.grad(by_basis)(a), by_complex_step(by_system, a), rtol=1e-9)
    complex_a = a + 0.3j
    s2sad.check_grads(
        lambda a: np.sum(np.abs(scipy.linalg.null_space(a) @ scipy.linalg.null_space(a).conj().T) ** 4), (complex_a,)
    )


def homography(points):
    """The direct linear transform: the vector that a matrix of conditions maps to next to nothing."""
    x, y, u, v = points.T
    one, none = np.ones_like(x), np.zeros_like(x)
    rows = [np.stack([x, y, one, none, none, none, -u * x, -u * y, -u], axis=1)]
    rows.append(np.stack([none, none, none, x, y, one, -v * x, -v * y, -v], axis=1))
    _, _, vh = np.linalg.svd(np.concatenate(rows))
    h = vh[-1].reshape(3, 3)
    return np.sum((h / h[2, 2]) ** 2)


def normal(points):
    """The plane through points: what is left of space is one vector."""
    u, s, _ = np.linalg.svd((points[1:] - points[0]).T)
    return np.sum(np.abs(u) ** 3) + np.sum(s)


def stacked(a):
    u, s, vh = np.linalg.svd(a)
    return np.sum(u**3) + np.sum(s**2) + np.sum(vh**3 * np.arange(3.0))


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (homography, RNG.normal(size=(6, 4))),
        (homography, RNG.normal(size=(4, 4))),
        (normal, RNG.normal(size=(3, 3))),
        (stacked, RNG.normal(size=(2, 2, 3))),
        (stacked, RNG.normal(size=(2, 3, 3))),
    ],
)
def test_singular_vectors_beyond_the_singular_values(f, x):
    s2sad.check_grads(f, (x,))


def complete_basis(a):
    return np.sum(scipy.linalg.qr(a)[0] ** 3)


def complete_triangle(a):
    _, r = np.linalg.qr(a, mode="complete")
    return np.sum(r**3) + np.sum(scipy.linalg.qr(a, mode="r")[0] ** 2 * np.arange(3.0))


def test_the_complete_factorisation_of_a_tall_matrix():
    a = RNG.normal(size=(5, 3))
    s2sad.check_grads(complete_triangle, (a,))
    for call in (s2sad.grad(complete_basis), s2sad.jacfwd(complete_basis)):
        with pytest.raises(Error, match="complete q"):
            call(a)


def camera(p):
    r, q = scipy.linalg.rq(p[:, :3])
    return np.sum(np.abs(r) * np.arange(9.0).reshape(3, 3)) + np.sum(q**2 * np.arange(3.0)) / p[2, 3]


def pivoted(a):
    q, r, p = scipy.linalg.qr(a, mode="economic", pivoting=True)
    return np.sum(q**3) + np.sum(r**2 * np.arange(3.0)) + p[0]


def factors(a):
    low, d, _ = scipy.linalg.ldl(a)
    return np.sum(low**3) + np.sum(d**2)


def handed(a):
    p, low, up = scipy.linalg.lu(a, p_indices=True)
    both, same = scipy.linalg.lu(a, permute_l=True)
    return np.sum(low[p] ** 2) + np.sum(both**3) + np.sum(up * same)


@pytest.mark.parametrize(
    ("f", "a"),
    [
        (camera, RNG.normal(size=(3, 4))),
        (pivoted, RNG.normal(size=(4, 3))),
        (factors, np.array([[0.1, 2.0, 0.3], [2.0, 0.2, 0.5], [0.3, 0.5, 4.0]])),
        (handed, RNG.normal(size=(4, 4))),
        (handed, RNG.normal(size=(4, 2))),
        (handed, RNG.normal(size=(2, 4))),
    ],
)
def test_factors(f, a):
    s2sad.check_grads(f, (a,), order=1)


def triangular(a):
    t, z = scipy.linalg.schur(a)
    return np.sum(np.triu(t, 1) ** 3) + np.sum(z**3)


def triangular_in_complex(a):
    t, z = scipy.linalg.schur(a, output="complex")
    return np.sum(np.abs(t) ** 3) + np.sum(np.abs(z) ** 4)


def test_schur_forms():
    s2sad.check_grads(triangular, (P,), order=2)
    s2sad.check_grads(triangular_in_complex, (TURNING,))
    with pytest.raises(ValueError, match="blocks of two"):
        s2sad.grad(triangular)(TURNING)


def test_many_at_once():
    """What SciPy does for one matrix stands in a loop, what it does for many does not."""
    many = np.stack([spd(3), spd(3)])
    for f in (lambda a: sqrtm(a), lambda a: expm(a), lambda a: np.linalg.eigvals(a), lambda a: scipy.linalg.lu(a)[2]):
        np.testing.assert_allclose(s2sad.vmap(f)(many), np.stack([f(a) for a in many]), rtol=1e-9)
    rates = s2sad.vmap(s2sad.grad(lambda a: np.trace(sqrtm(a))))(many)
    np.testing.assert_allclose(rates, [0.5 * np.linalg.inv(sqrtm(a)).T for a in many], rtol=1e-8)


def test_single_precision_stays_single():
    a = spd(3).astype(np.float32)
    for f in (lambda a: np.trace(sqrtm(a)), lambda a: np.max(np.abs(np.linalg.eigvals(a)))):
        assert s2sad.grad(f)(a).dtype == np.float32


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (lambda a: np.sum(scipy.linalg.funm(a, np.exp)), "funm has no derivative rule"),
        (lambda a: np.sum(np.linalg.svd(a[:1])[2] ** 3), "full svd"),
        (lambda a: np.sum(scipy.linalg.eig(a, left=True)[1].real), "left=True"),
        (lambda a: eigh(a, subset_by_value=[0.0, 1.0])[0][0], "subset_by_index"),
        (lambda a: solve_continuous_are(a, a, a @ a.T, np.eye(3), s=a)[0, 0], "with e or s"),
    ],
)
def test_what_has_no_derivative_says_what_to_write(f, what):
    with pytest.raises(Error, match=what):
        s2sad.grad(f)(P)
