"""Distributions where differences do not tell: outside of their support, on a simplex, and how they are named."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats
from scipy.stats import norm

import s2sad
from s2sad.errors import Error


@pytest.mark.parametrize("distribution", [stats.expon, stats.halfnorm, stats.uniform, stats.rayleigh])
def test_outside_of_the_support(distribution) -> None:
    def density(x):
        return distribution.logpdf(x)

    assert density(-0.7) == -np.inf
    assert s2sad.grad(density)(-0.7) == 0.0
    value, slope = s2sad.jvp(density, (np.array([-0.7, 0.3]),), (np.ones(2),))
    assert value[0] == -np.inf and slope[0] == 0.0 and np.isfinite(slope[1])


def test_no_probability() -> None:
    def f(mu):
        return stats.poisson.pmf(np.array([-1, 2]), mu)

    np.testing.assert_allclose(
        s2sad.jvp(f, (1.5,), (1.0,))[1], [0.0, stats.poisson.pmf(1, 1.5) - stats.poisson.pmf(2, 1.5)]
    )


def test_dirichlet() -> None:
    x = np.array([0.2, 0.5, 0.3])

    def f(alpha):
        return stats.dirichlet.logpdf(x, alpha)

    alpha = np.array([1.5, 2.5, 0.8])
    s2sad.check_grads(f, (alpha,), order=2)
    np.testing.assert_allclose(s2sad.grad(f)(alpha), special.psi(alpha.sum()) - special.psi(alpha) + np.log(x))


def test_likelihood() -> None:
    """The gradient of a likelihood is a call or two, of what the user imported."""
    data = np.array([0.3, -1.2, 0.8])

    def f(loc, scale):
        return -np.sum(norm.logpdf(data, loc, scale)) - stats.gamma.logpdf(scale, 2.0, scale=0.5)

    s2sad.check_grads(f, (0.2, 1.3), order=2)


def test_parameters_without_a_derivative_are_refused() -> None:
    def f(df):
        return special.chndtr(1.0, df, 0.7)

    with pytest.raises(Error, match="the derivative of scipy.special.chndtr by the degrees of freedom"):
        s2sad.grad(f)(2.0)


def test_single_precision() -> None:
    def f(x):
        return np.sum(stats.norm.logpdf(x))

    x = np.ones(3, np.float32)
    assert s2sad.grad(f)(x).dtype == np.float32
    assert s2sad.jvp(f, (x,), (x,))[0].dtype == f(x).dtype
