"""Random numbers drawn inside a function: data, drawn once; by location and scale they move along the path."""

import numpy as np
import pytest
from scipy import stats

import s2sad


def slope(f, a, h=1e-6):
    return (f(a + h) - f(a - h)) / (2 * h)


def shifted_and_scaled(a):
    rng = np.random.default_rng(0)
    z = rng.normal(a, 2 * a, size=5)
    return np.sum(z**2)


def of_the_module(a):
    np.random.seed(1)
    x = np.random.randn(4, 2)
    return np.sum((x * a) ** 2) + np.random.rand() * a


def of_a_state(a):
    rng = np.random.RandomState(2)
    return a**2 if rng.rand() > 0.5 else a**3


class Walk:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def step(self, x):
        return x + 0.1 * self.rng.standard_normal(x.shape) * x


def of_an_object(a):
    walk = Walk(4)
    x = a * np.ones(3)
    for _ in range(3):
        x = walk.step(x)
    return np.sum(x)


def batches(a):
    rng = np.random.default_rng(0)
    x = np.arange(10.0) * a
    total = 0.0
    for _ in range(3):
        total = total + np.sum(x[rng.choice(10, size=3, replace=False)] ** 2)
    return total + np.sum(x[rng.permutation(4)])


def helper(rng, a):
    return rng.exponential(a, size=2).sum()


def passed_on(a):
    rng = np.random.default_rng(0)
    return helper(rng, a) + helper(rng, a**2)


def in_a_loop(a):
    rng = np.random.default_rng(6)
    s = 0.0
    for _ in range(4):
        s = s + a * rng.uniform(-a, a)
    return s


def option(a):
    """The price of an Asian option by its volatility."""
    rng = np.random.default_rng(seed=5)
    z = rng.standard_normal((50, 12))
    paths = 100.0 * np.exp(np.cumsum((0.05 - 0.5 * a**2) / 12 + a * np.sqrt(1 / 12) * z, axis=1))
    return np.exp(-0.05) * np.mean(np.maximum(np.mean(paths, axis=1) - 100.0, 0.0))


def many_distributions(a):
    rng = np.random.default_rng(0)
    counts = rng.poisson(3.0, 5) + rng.integers(1, 4, size=5) + rng.binomial(4, 0.5, size=5)
    total = np.sum(rng.gamma(2.0, a, 5) * counts) + np.sum(rng.weibull(a, 5)) + rng.lognormal(a, a)
    total += rng.laplace(a, a) + rng.logistic(a, 2 * a) + rng.gumbel(a, a * a) + rng.rayleigh(a)
    total += rng.pareto(a + 2) + rng.power(a) + rng.standard_exponential() * a + rng.triangular(0, 1, 2)
    m = rng.multivariate_normal(a * np.ones(2), np.eye(2), size=3)
    return total + np.sum(m * m) + np.sum(rng.dirichlet([1.0, 2.0], size=2)) + rng.beta(1.0, 2.0) * a


PROGRAMS = [
    shifted_and_scaled,
    of_the_module,
    of_a_state,
    of_an_object,
    batches,
    passed_on,
    in_a_loop,
    option,
    many_distributions,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_draws(program):
    value, gradient = s2sad.value_and_grad(program)(1.3)
    np.testing.assert_allclose(value, program(1.3), rtol=1e-14)
    np.testing.assert_allclose(gradient, slope(program, 1.3), rtol=1e-6)
    np.testing.assert_allclose(s2sad.jvp(program, (1.3,), (1.0,)), (value, gradient), rtol=1e-12)


@pytest.mark.parametrize("program", [shifted_and_scaled, option], ids=lambda f: f.__name__)
def test_second_derivatives(program):
    gradient = s2sad.grad(program)
    np.testing.assert_allclose(s2sad.grad(gradient)(1.3), slope(gradient, 1.3), rtol=1e-6)


def weighted(x, rng):
    return np.sum(x * rng.normal(size=3))


def test_a_generator_that_is_passed_is_left_as_the_function_leaves_it():
    a, b = np.random.default_rng(1), np.random.default_rng(1)
    gradient = s2sad.grad(weighted)
    for _ in range(2):
        np.testing.assert_allclose(gradient(2.0, a), np.sum(b.normal(size=3)), rtol=1e-14)
    assert a.bit_generator.state == b.bit_generator.state


OUTSIDE = np.random.default_rng(3)


def of_outside(x):
    return x * OUTSIDE.normal()


def test_a_pullback_is_of_the_numbers_of_its_value():
    value, pullback = s2sad.vjp(of_outside, 2.0)
    assert pullback(1.0)[0] == pullback(1.0)[0] == value / 2.0


def test_examples_share_what_is_drawn_without_them():
    def f(a):
        return a * np.random.default_rng(7).normal(size=2)

    found = s2sad.vmap(f)(np.array([1.0, 3.0]))
    np.testing.assert_allclose(found[1], 3.0 * found[0], rtol=1e-14)


def test_what_would_draw_again_is_refused():
    with pytest.raises(s2sad.Error, match="drawn anew for each example"):
        s2sad.vmap(shifted_and_scaled)(np.array([1.0, 2.0]))

    @s2sad.checkpoint
    def noisy(x, rng):
        return x * rng.normal()

    with pytest.raises(s2sad.Error, match="random numbers are drawn in what this derivative computes again"):
        s2sad.grad(lambda a: noisy(a, np.random.default_rng(0)))(1.0)

    def inside(a):
        rng = np.random.default_rng(0)
        value, pullback = s2sad.vjp(lambda x: x * rng.normal(), a)
        return pullback(1.0)[0]

    with pytest.raises(s2sad.Error, match="vjp of a function that draws random numbers"):
        s2sad.grad(inside)(1.0)


def test_a_derivative_that_is_not_known_is_refused():
    with pytest.raises(s2sad.Error, match="a derivative of draws of f by dfnum"):
        s2sad.grad(lambda a: np.random.default_rng(0).f(a, 1.0))(1.0)
    with pytest.raises(s2sad.Error, match=r"x\[rng.permutation\(len\(x\)\)\]"):
        s2sad.grad(lambda a: np.random.default_rng(0).permutation(np.arange(3.0) * a)[0])(1.0)
    with pytest.raises(s2sad.Error, match=r"x\[rng.choice"):
        s2sad.grad(lambda a: np.random.default_rng(0).choice(np.arange(3.0) * a))(1.0)
    with pytest.raises(s2sad.Error, match="a derivative of draws of scipy.stats.gamma.rvs by a"):
        s2sad.grad(lambda a: stats.gamma.rvs(a, random_state=0))(1.0)

    def shuffled(x):
        np.random.default_rng(0).shuffle(x)
        return x[0]

    with pytest.raises(s2sad.Error, match="shuffle of a generator"):
        s2sad.grad(shuffled)(np.ones(3))


# by shapes: a draw stays at its place in the distribution


def of_gamma(a):
    return np.sum(np.random.default_rng(0).gamma(a, 1.3, 6) ** 2)


def of_chisquare(a):
    return np.sum(np.random.default_rng(0).chisquare(a, 6) ** 2)


def of_student(a):
    return np.sum(np.random.default_rng(0).standard_t(a, 6) ** 2)


def of_beta(a):
    return np.sum(np.random.default_rng(0).beta(a, 2.3, 6) ** 2)


def of_beta_reversed(b):
    return np.sum(np.random.default_rng(0).beta(1.5, b, 6) ** 2)


SHAPES = [
    (of_gamma, lambda a: stats.gamma(a, scale=1.3)),
    (of_chisquare, stats.chi2),
    (of_student, stats.t),
    (of_beta, lambda a: stats.beta(a, 2.3)),
    (of_beta_reversed, lambda b: stats.beta(1.5, b)),
]


@pytest.mark.parametrize(("program", "distribution"), SHAPES, ids=[f.__name__ for f, _ in SHAPES])
def test_draws_move_with_shapes_along_their_quantiles(program, distribution):
    a, h = 2.5, 1e-5
    rng, name = np.random.default_rng(0), program.__name__
    if name == "of_gamma":
        z = rng.gamma(a, 1.3, 6)
    elif name.startswith("of_beta"):
        z = rng.beta(a, 2.3, 6) if name == "of_beta" else rng.beta(1.5, a, 6)
    else:
        z = rng.chisquare(a, 6) if name == "of_chisquare" else rng.standard_t(a, 6)
    places = distribution(a).cdf(z)
    moved = (distribution(a + h).ppf(places) - distribution(a - h).ppf(places)) / (2 * h)
    np.testing.assert_allclose(s2sad.grad(program)(a), np.sum(2.0 * z * moved), rtol=1e-7)
    np.testing.assert_allclose(s2sad.jvp(program, (a,), (1.0,))[1], np.sum(2.0 * z * moved), rtol=1e-7)


def of_simplex(alpha):
    return np.random.default_rng(0).dirichlet(alpha, 20000) ** 2 @ np.array([1.0, 2.0, -1.0])


def test_draws_of_a_simplex_have_the_derivatives_of_the_moments():
    alpha = np.array([1.2, 2.5, 0.8])

    def expected(a):
        return (a * (a + 1.0) / (a.sum() * (a.sum() + 1.0))) @ np.array([1.0, 2.0, -1.0])

    exact = s2sad.grad(expected)(alpha)
    dots = np.stack([s2sad.jvp(of_simplex, (alpha,), (e,))[1] for e in np.eye(3)])
    error = 4.0 * dots.std(axis=1) / np.sqrt(dots.shape[1])
    assert np.all(np.abs(dots.mean(axis=1) - exact) < error)
    bars = s2sad.grad(lambda a: np.mean(of_simplex(a)))(alpha)
    np.testing.assert_allclose(bars, dots.mean(axis=1), rtol=1e-10)


# distributions of SciPy

FROZEN = stats.expon(scale=2.0)


def rvs(a):
    return np.sum(stats.norm.rvs(loc=a, scale=2.0 * a, size=5, random_state=0) ** 2)


def rvs_of_frozen(a):
    return np.sum(stats.norm(a, 2.0 * a).rvs(5, random_state=0) ** 2) + a * np.sum(FROZEN.rvs(3, random_state=1))


def rvs_of_a_generator(a):
    rng = np.random.default_rng(0)
    return np.sum(stats.laplace.rvs(a, 2.0, size=5, random_state=rng)) * a + a * rng.normal()


def rvs_of_data(a):
    z = stats.gamma.rvs(2.0, size=5, random_state=0) + stats.poisson(3.0).rvs(5, random_state=2)
    return np.sum(z * a**2) + np.sum(stats.multivariate_normal.rvs(a * np.ones(2), np.eye(2), 3, random_state=0) ** 2)


@pytest.mark.parametrize("program", [rvs, rvs_of_frozen, rvs_of_a_generator, rvs_of_data], ids=lambda f: f.__name__)
def test_draws_of_scipy(program):
    test_draws(program)
