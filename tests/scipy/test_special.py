"""Special functions by their parameters: against mpmath, and in programs as people write them."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from scipy import special, stats

import s2sad
from s2sad.errors import Error
from s2sad.rules.scipy import parameters

X = np.array([0.3, 1.2, 2.7])


def slope(f, at, orders=1):
    """The derivative by one argument, or by several, in 30 digits."""
    with mpmath.workdps(30):
        return mpmath.diff(f, at, orders)


def lower_gamma(a, x):
    """Up to a constant, by the smaller side."""
    return mpmath.gammainc(a, 0, x, regularized=True) if x < 1.3 * a else -mpmath.gammainc(a, x, regularized=True)


def lower_beta(a, b, x):
    return mpmath.betainc(a, b, 0, x, regularized=True)


def close(found, expected, scale=0.0):
    assert abs(found - expected) <= 1e-10 * max(abs(expected), scale), (found, expected)


@pytest.mark.parametrize("a", [0.05, 1.0, 2.5, 40.0])
@pytest.mark.parametrize("ratio", [1e-3, 0.6, 1.0, 1.7, 6.0])
@pytest.mark.parametrize("n", [1, 2])
def test_incomplete_gamma_by_its_parameter(a, ratio, n):
    x = a * ratio
    # of order 2 the parts of the integral cancel where it has a zero
    close(parameters.gammainc_by_a(n, a, x), slope(lambda p: lower_gamma(p, x), a, n), 1e-3 if n == 2 else 0.0)


def test_incomplete_gamma_far_out():
    """Of the tails the derivative is exact to its own digits; at the ends it is zero."""
    for a, x in ((2.5, 300.0), (0.3, 90.0)):
        close(parameters.gammainc_by_a(1, a, x), -slope(lambda p: mpmath.gammainc(p, x, regularized=True), a))  # noqa: B023
    np.testing.assert_array_equal(parameters.gammainc_by_a(1, 2.0, np.array([0.0, np.inf])), 0.0)
    assert np.isnan(parameters.gammainc_by_a(1, 2.0, -1.0))


@pytest.mark.parametrize(("a", "b"), [(0.4, 0.7), (3.3, 1.0), (2.0, 40.0), (50.0, 60.0)])
@pytest.mark.parametrize("orders", [(1, 0), (0, 1), (2, 0), (1, 1)])
def test_incomplete_beta_by_its_parameters(a, b, orders):
    for x in (1e-3, 0.3, 0.62, 0.95):
        expected = slope(lambda p, q: lower_beta(p, q, x), (a, b), orders)  # noqa: B023
        close(parameters.betainc_by_parameters(*orders, a, b, x), expected, 1e-4)


@pytest.mark.parametrize("v", [0.0, 0.5, 1.0, 2.3, 17.0])
def test_bessel_functions_by_their_order(v):
    for x in (1e-3, 0.7, 3.0, 21.0, 60.0):
        bessel = {
            "jv": (mpmath.besselj, parameters.jv_by_order(v, x)),
            "yv": (mpmath.bessely, parameters.yv_by_order(v, x)),
            "iv": (mpmath.besseli, np.exp(x) * parameters.ive_by_order(v, x)),
            "kv": (mpmath.besselk, np.exp(-x) * parameters.kve_by_order(1, v, x)),
        }
        for f, found in bessel.values():
            close(found, slope(lambda p: f(p, x), v), abs(f(v, x)))  # noqa: B023


@pytest.mark.parametrize("v", [-1.0, -2.4])
def test_bessel_functions_of_negative_order(v):
    for f, found in (
        (mpmath.besselj, parameters.jv_by_order(v, 1.7)),
        (mpmath.besseli, np.exp(1.7) * parameters.ive_by_order(v, 1.7)),
        (mpmath.besselk, np.exp(-1.7) * parameters.kve_by_order(1, v, 1.7)),
    ):
        close(found, slope(lambda p: f(p, 1.7), v))  # noqa: B023


@pytest.mark.parametrize("x", [-20.0, -0.7, 0.4, 15.0])
def test_confluent_hypergeometric_functions_by_their_parameters(x):
    for a, b in ((1.5, 2.2), (-2.0, 0.7)):
        for k, orders in enumerate([(1, 0), (0, 1)]):
            expected = slope(lambda p, q: mpmath.hyp1f1(p, q, x), (a, b), orders)
            close(parameters.hyp1f1_by_parameter(k, a, b, x), expected, abs(mpmath.hyp1f1(a, b, x)))
            if x > 0.0:
                expected = slope(lambda p, q: mpmath.hyperu(p, q, x), (a, b), orders)
                close(parameters.hyperu_by_parameter(k, a, b, x), expected, abs(mpmath.hyperu(a, b, x)))
        close(parameters.hyp0f1_by_parameter(b, x), slope(lambda q: mpmath.hyp0f1(q, x), b))


@pytest.mark.parametrize("x", [-8.0, -0.5, 0.3, 0.9])
def test_gauss_hypergeometric_function_by_its_parameters(x):
    for a, b, c in ((1.5, 0.6, 2.2), (-2.0, 3.4, 0.7)):
        for k, orders in enumerate([(1, 0, 0), (0, 1, 0), (0, 0, 1)]):
            expected = slope(lambda p, q, r: mpmath.hyp2f1(p, q, r, x), (a, b, c), orders)
            close(parameters.hyp2f1_by_parameter(k, a, b, c, x), expected, abs(mpmath.hyp2f1(a, b, c, x)))


def test_what_a_series_cannot_give_is_nan():
    assert np.isnan(parameters.hyp1f1_by_parameter(0, 30.0, 0.5, -30.0))
    assert np.isnan(parameters.hyp2f1_by_parameter(0, 1.5, 0.5, 2.0, 0.99999))
    assert np.isnan(parameters.jv_by_order(1.5, 1e5))


@pytest.mark.parametrize("n", [1, 2])
def test_zeta_by_its_exponent(n):
    for s in (0.3, 1.01, 2.0, 9.0):
        for q in (0.2, 1.0, 30.0):
            close(parameters.zeta_by_exponent(n, s, q), slope(lambda p: mpmath.zeta(p, q), s, n))  # noqa: B023


def test_elliptic_integrals_where_their_parameter_is_zero():
    """Legendre's formulas are 0 / 0 there."""

    def f(m):
        return special.ellipk(m) + special.ellipkinc(2.0, m) - special.ellipeinc(0.7, m)

    def exact(m):
        return mpmath.ellipk(m) + mpmath.ellipf(2.0, m) - mpmath.ellipe(0.7, m)

    close(s2sad.grad(f)(0.0), slope(exact, 0.0))


def test_box_cox_where_its_exponent_is_zero():
    def f(p):
        return np.sum(special.boxcox(X, p) + special.inv_boxcox(X, p) + special.boxcox1p(X, p))

    log = np.log(X)
    np.testing.assert_allclose(
        s2sad.grad(f)(0.0), np.sum(0.5 * log**2 - 0.5 * np.exp(X) * X**2 + 0.5 * np.log1p(X) ** 2), rtol=1e-13
    )
    s2sad.check_grads(f, (1e-9,), order=2)


# Programs


def matern(v, length):
    """The marginal likelihood of a Gaussian process whose smoothness is estimated."""
    t = np.linspace(0.0, 2.0, 5)
    r = np.sqrt(2.0 * v) * np.abs(t[:, None] - t) / length + 1e-8
    k = 2.0 ** (1.0 - v) / special.gamma(v) * r**v * special.kv(v, r) + 0.1 * np.eye(5)
    y = np.sin(3.0 * t)
    return 0.5 * y @ np.linalg.solve(k, y) + 0.5 * np.linalg.slogdet(k)[1]


def censored_gamma(shape, rate):
    """Survival: deaths by the density, those who live on by the tail."""
    times, alive = np.array([0.7, 1.9, 0.4]), np.array([2.0, 3.1])
    deaths = shape * np.log(rate) + (shape - 1.0) * np.log(times) - rate * times - special.gammaln(shape)
    return -np.sum(deaths) - np.sum(np.log(special.gammaincc(shape, rate * alive)))


def credible_interval(a, b):
    return special.betaincinv(a, b, 0.975) - special.betaincinv(a, b, 0.025)


def implicit_gamma(shape, noise):
    """A draw of a gamma variable by the inverse of its distribution function, which moves with the shape."""
    z = special.gammaincinv(shape, noise)
    return np.sum(np.log(z) - 0.5 * z)


def student_tail(df, x):
    return np.sum(special.stdtr(df, -x)) + special.stdtrit(df, 0.9)


def von_mises_fisher(kappa, order):
    return special.ive(order, kappa) / special.ive(order - 1.0, kappa)


def variance_gamma(x, shape):
    return np.sum((shape - 0.5) * np.log(x) + np.log(special.kve(shape - 0.5, x)) - x)


def polylog_like(s, q):
    return np.log(special.zeta(s, q)) + special.zeta(2.0 * s)


def wright_fisher(a, b):
    return np.sum(special.hyp1f1(a, a + b, np.array([0.5, -1.5])))


def coulomb(energy, x):
    return np.sum(special.hyperu(1.0 - energy, 2.0, x) * np.exp(-0.5 * x))


def voigt_line(center, sigma, gamma):
    grid = np.linspace(-2.0, 2.0, 7)
    return np.sum(special.voigt_profile(grid - center, sigma, gamma) * np.cos(grid))


def pendulum(amplitude, t):
    m = np.sin(0.5 * amplitude) ** 2
    sn, cn, dn, ph = special.ellipj(t, m)
    return np.sum(sn * dn) + special.ellipk(m) + np.sum(cn)


def multipole(theta, phi):
    y = special.sph_harm_y(3, 1, theta, phi)
    return np.sum(np.abs(y) ** 2 + np.real(y) * np.cos(phi))


def plasma(x):
    return np.sum(np.imag(special.wofz(x)) + np.real(special.lambertw(x)) + special.dawsn(x))


def airy_well(x):
    ai, aip, bi, bip = special.airy(x)
    return np.sum(ai * bip - aip * bi + ai * np.exp(-bi))


def legendre_series(x):
    return sum(special.eval_legendre(n, x) * (n + 0.5) for n in range(4)) + special.lpmv(1, 3, x)


def laguerre(alpha, x):
    return np.sum(special.eval_genlaguerre(3, alpha, x)) + np.sum(special.eval_jacobi(2, alpha, 0.7, 0.2 * x))


PROGRAMS = [
    (matern, (1.3, 0.8), 2),
    (censored_gamma, (1.7, 0.9), 2),
    (credible_interval, (2.2, 3.4), 2),
    (implicit_gamma, (1.7, np.array([0.2, 0.9])), 2),
    (student_tail, (3.3, X), 2),
    (von_mises_fisher, (2.1, 1.5), 1),
    (variance_gamma, (X, 1.8), 2),
    (polylog_like, (1.9, 0.8), 2),
    (wright_fisher, (1.2, 2.3), 1),
    (coulomb, (0.6, X), 1),
    (voigt_line, (0.2, 0.7, 0.4), 2),
    (pendulum, (1.1, X), 2),
    (multipole, (X, 0.4 * X), 2),
    (plasma, (X,), 2),
    (airy_well, (0.5 * X,), 2),
    (legendre_series, (0.3,), 2),
    (laguerre, (0.8, X), 1),
]


@pytest.mark.parametrize(("program", "arguments", "order"), PROGRAMS, ids=lambda p: getattr(p, "__name__", ""))
def test_programs(program, arguments, order):
    s2sad.check_grads(program, arguments, order=order)


def test_for_many_examples():
    shapes, places = np.array([0.7, 1.6, 30.0]), np.array([0.2, 2.5, 28.0])
    many = s2sad.vmap(s2sad.grad(lambda a, x: special.gammainc(a, x) + special.kv(a, x)))(shapes, places)
    one = [
        s2sad.grad(lambda a, x: special.gammainc(a, x) + special.kv(a, x))(a, x)
        for a, x in zip(shapes, places, strict=True)
    ]
    np.testing.assert_allclose(many, one, rtol=1e-12)


def test_only_what_is_needed_is_written_into_a_module():
    source = s2sad.grad(special_of_both, 1).lower(2.5, X).source
    assert "def gammainc_by_a" not in source
    source = s2sad.grad(special_of_both, 0).lower(2.5, X).source
    assert source.count("def gammainc_by_a") == 1 and "a_bar = np.sum(gammainc_by_a(1, a, x))" in source


def special_of_both(a, x):
    return np.sum(special.gammainc(a, x))


def test_signs_of_a_sum_of_exponentials():
    def f(x, b):
        logarithm, sign = special.logsumexp(x, b=b, return_sign=True)
        return logarithm * sign

    s2sad.check_grads(f, (X, np.array([1.0, -2.0, 0.7])), order=2)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda a: s2sad.grad(lambda p: special.hyp2f1(p, 1.5, 2.5, 0.3))(a), "hyp2f1 by a, of second order"),
        (lambda v: s2sad.grad(lambda p: special.jv(p, 1.5))(v), "jv by its order, of second order"),
        (lambda v: special.struve(v, 1.5), "struve by the order"),
        (lambda n: special.polygamma(n, 1.5), "polygamma by the order"),
    ],
    ids=["hyp2f1", "jv", "struve", "polygamma"],
)
def test_what_is_out_of_reach_is_refused(f, message):
    with pytest.raises(Error, match=message):
        s2sad.grad(f)(1.7)


def test_of_complex_numbers_the_order_has_no_derivative():
    def f(v, x):
        return np.real(special.jv(v, x + 0.5j))

    with pytest.raises(Error, match="complex numbers"):
        s2sad.grad(f)(1.3, 0.7)
    assert s2sad.grad(f, 1)(1.3, 0.7) == pytest.approx(
        np.real(0.5 * (special.jv(0.3, 0.7 + 0.5j) - special.jv(2.3, 0.7 + 0.5j))), rel=1e-13
    )


def test_option_price_with_a_fat_tail():
    """A price by the distribution of Student: its derivative by the degrees of freedom is that of mpmath's integral."""

    def price(df, strike):
        return special.stdtr(df, -strike)

    def exact(df):
        return mpmath.quad(
            lambda t: (1 + t * t / df) ** (-(df + 1) / 2) / mpmath.sqrt(df) / mpmath.beta(0.5, df / 2),
            [1.3, mpmath.inf],
        )

    close(s2sad.grad(price)(4.5, 1.3), slope(exact, 4.5))
    assert math.isclose(s2sad.grad(price, 1)(4.5, 1.3), -stats.t.pdf(1.3, 4.5), rel_tol=1e-12)
