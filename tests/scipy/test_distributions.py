"""The distributions of scipy.stats: values of all methods, and programs as people write them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats
from scipy.stats import gaussian_kde, linregress, norm

import s2sad
from s2sad.errors import Error
from s2sad.ir.definition import DEFINITIONS
from s2sad.rules import everything

everything()
from s2sad.rules.scipy.bounded import OF_AN_INTERVAL  # noqa: E402
from s2sad.rules.scipy.continuous import OF_ALL_NUMBERS  # noqa: E402
from s2sad.rules.scipy.counts import COUNTS  # noqa: E402
from s2sad.rules.scipy.distributions import (  # noqa: E402
    samples_of,
    samples_of_all,
    samples_of_count,
    samples_of_shapes,
)
from s2sad.rules.scipy.positive import OF_POSITIVE_NUMBERS  # noqa: E402

FAMILIES = (*OF_ALL_NUMBERS, *OF_POSITIVE_NUMBERS, *OF_AN_INTERVAL)

DATA = np.array([0.4, 1.7, 0.9, 2.6])


def agree(name, samples):
    definition = DEFINITIONS[name]
    for s in samples(np.random.default_rng(0)):
        ours, theirs = (f(*s.arguments, **s.keywords) for f in (definition.expression, definition.function))
        assert np.shape(ours) == np.shape(theirs), (name, s)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12, err_msg=f"{name} {s}")


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_values_of_a_family(family):
    """All methods give what SciPy's give, within and outside of the support."""
    for method in family.functions():
        agree(f"scipy.stats.{family.name}.{method}", samples_of(family, method))
    for method in family.summaries():
        agree(f"scipy.stats.{family.name}.{method}", samples_of_all(family))


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("count", COUNTS, ids=lambda c: c.name)
def test_values_of_a_count(count):
    for method in count.functions():
        agree(f"scipy.stats.{count.name}.{method}", samples_of_count(count, method))
    for method in count.summaries():
        agree(f"scipy.stats.{count.name}.{method}", samples_of_shapes(count))


# Programs


def gamma_likelihood(shape, scale):
    return -np.sum(stats.gamma.logpdf(DATA, shape, scale=scale))


def beta_likelihood(a, b):
    return -np.sum(stats.beta.logpdf(DATA / 3.0, a, b)) - stats.beta(a, b).entropy()


def student_likelihood(df, loc, scale):
    """A robust regression whose tails are estimated."""
    return -np.sum(stats.t.logpdf(DATA, df, loc, scale)) + stats.expon.logsf(df, scale=30.0)


def counts_likelihood(n, p):
    return -np.sum(stats.nbinom.logpmf(np.array([0, 3, 1, 7]), n, p)) - stats.nbinom(n, p).logsf(9)


def survival(c, scale):
    """Weibull, with two who live on: the frozen distribution is made once."""
    lifetime = stats.weibull_min(c, scale=scale)
    return -np.sum(lifetime.logpdf(DATA)) - np.sum(lifetime.logsf(np.array([3.0, 4.1]))) + 0.01 * lifetime.mean()


def call_price(spot, sigma):
    """Black and Scholes."""
    strike, rate, years = 105.0, 0.02, 0.75
    d1 = (np.log(spot / strike) + (rate + 0.5 * sigma**2) * years) / (sigma * np.sqrt(years))
    return spot * norm.cdf(d1) - strike * np.exp(-rate * years) * norm.cdf(d1 - sigma * np.sqrt(years))


def evidence_bound(mu, log_sigma):
    """Variational inference: draws by the inverse of the distribution function."""
    sigma = np.exp(log_sigma)
    z = norm.ppf(np.array([0.15, 0.5, 0.85]), mu, sigma)
    return np.mean(norm.logpdf(z, 1.0, 2.0) - stats.gamma(2.5).logpdf(np.exp(z))) + norm(mu, sigma).entropy()


def implicit_beta(a, b):
    """The same for a beta variable: its inverse moves with both shapes."""
    z = stats.beta.ppf(np.array([0.2, 0.7]), a, b)
    return np.mean(np.log(z) - stats.beta.logpdf(z, a, b))


def extremes(c, loc, scale):
    """Floods: the generalized extreme value distribution, and what is exceeded once in a hundred years."""
    flood = stats.genextreme(c, loc, scale)
    return -np.sum(flood.logpdf(DATA)) + 0.1 * flood.isf(0.01)


def mixture(weight, mu):
    first, second = stats.norm(mu, 0.6), stats.laplace(2.0, 0.8)
    return -np.sum(np.log(weight * first.pdf(DATA) + (1.0 - weight) * second.pdf(DATA)))


def zero_inflated(p, mu):
    k = np.array([0, 0, 2, 1])
    some = np.log(1.0 - p) + stats.poisson.logpmf(k, mu)
    return -np.sum(np.where(k == 0, np.logaddexp(np.log(p), some), some)) - stats.poisson.logcdf(3, mu)


def value_at_risk(df, scale):
    returns = stats.t(df, scale=scale)
    return returns.isf(0.01) + returns.cdf(-0.3) * stats.cauchy.isf(0.05)


def overdispersed(a, b):
    return -np.sum(stats.betabinom.logpmf(np.array([2, 4, 3]), 6, a, b)) - stats.betabinom(6, a, b).var()


def shape_of_a_prior(a, b):
    """Of a prior that was made outside."""
    return PRIOR.logpdf(a) + np.log(HEAVY.sf(b)) + WAITING.mean() * a


PRIOR = stats.gamma(2.0, scale=1.5)
HEAVY = stats.t(df=3.0, loc=0.2)
WAITING = stats.expon()


def covariance(factor, x):
    normal = stats.multivariate_normal(np.zeros(2), factor @ factor.T + np.eye(2))
    return np.sum(normal.logpdf(x)) + normal.entropy()


def wishart_prior(factor, df):
    return stats.wishart.logpdf(factor @ factor.T + np.eye(2), df, np.eye(2) + 0.1)


def topics(alpha):
    return stats.dirichlet.logpdf(np.array([0.2, 0.5, 0.3]), alpha) + np.sum(stats.dirichlet(alpha).entropy())


def line(x, y):
    fit = linregress(x, y)
    slope, intercept, *_ = fit
    return fit.rvalue + slope * intercept + fit.stderr


def smoothed(data, x):
    return np.sum(np.log(gaussian_kde(data)(x)))


def summaries(x):
    shape = stats.skew(x) + stats.kurtosis(x, bias=False) + stats.sem(x)
    return shape + stats.gmean(x) * stats.hmean(x) - stats.entropy(x) + np.sum(stats.zscore(x) ** 3)


def correlation(x, y):
    found = stats.pearsonr(x, y)
    return found.statistic + found.pvalue


PROGRAMS = [
    (gamma_likelihood, (1.7, 0.8)),
    (beta_likelihood, (1.7, 0.8)),
    (student_likelihood, (3.4, 0.9, 0.7)),
    (counts_likelihood, (2.3, 0.4)),
    (survival, (1.4, 2.1)),
    (call_price, (100.0, 0.3)),
    (evidence_bound, (0.4, -0.3)),
    (implicit_beta, (1.6, 2.3)),
    (extremes, (0.0, 0.8, 0.7)),
    (mixture, (0.4, 0.7)),
    (zero_inflated, (0.3, 1.4)),
    (value_at_risk, (4.2, 0.02)),
    (overdispersed, (1.4, 2.3)),
    (shape_of_a_prior, (1.3, 0.8)),
    (covariance, (np.array([[1.2, 0.1], [0.4, 0.9]]), np.array([[0.3, 0.1], [1.0, -0.4], [0.2, 0.2]]))),
    (wishart_prior, (np.array([[1.2, 0.1], [0.4, 0.9]]), 4.5)),
    (topics, (np.array([0.7, 1.4, 2.2]),)),
    (line, (DATA, DATA**1.3 + np.array([0.1, -0.2, 0.3, 0.0]))),
    (smoothed, (DATA, np.array([0.5, 1.5]))),
    (summaries, (DATA,)),
    (correlation, (DATA, np.array([0.3, 1.1, 1.4, 1.2]))),
]


@pytest.mark.parametrize(("program", "arguments"), PROGRAMS, ids=lambda p: getattr(p, "__name__", ""))
def test_programs(program, arguments):
    assert s2sad.value_and_grad(program)(*arguments)[0] == pytest.approx(program(*arguments), rel=1e-11)
    s2sad.check_grads(program, arguments, order=2)


def test_for_many_examples():
    shapes = np.array([0.8, 1.7, 3.0])
    many = s2sad.vmap(s2sad.grad(gamma_likelihood), in_axes=(0, None))(shapes, 0.8)
    np.testing.assert_allclose(many, [s2sad.grad(gamma_likelihood)(a, 0.8) for a in shapes], rtol=1e-12)


def test_the_text_of_a_frozen_distribution_is_that_of_the_distribution():
    def frozen(mu, sigma):
        d = norm(mu, sigma)
        return np.sum(d.logpdf(DATA)) + d.cdf(0.3)

    def plain(mu, sigma):
        return np.sum(norm.logpdf(DATA, mu, sigma)) + norm.cdf(0.3, mu, sigma)

    texts = [s2sad.grad(f, (0, 1)).lower(0.3, 1.2).source for f in (frozen, plain)]
    lines = [[line for line in t.splitlines() if "#" not in line and '"""' not in line] for t in texts]
    assert lines[0][3:] == [line.replace("plain", "frozen") for line in lines[1][3:]]


def test_an_object_holds_a_frozen_distribution():
    class Model:
        def __init__(self, rate):
            self.waiting = stats.expon(scale=1.0 / rate)

        def loss(self, x):
            return -np.sum(self.waiting.logpdf(x))

    assert s2sad.grad(lambda rate: Model(rate).loss(DATA))(0.7) == pytest.approx(np.sum(DATA) - 4 / 0.7, rel=1e-13)


def test_a_distribution_changes_its_parameters_and_the_derivative_with_it():
    prior = stats.norm(0.0, 2.0)

    def f(x):
        return prior.logpdf(x)

    assert s2sad.grad(f)(1.0) == pytest.approx(-0.25)
    prior = stats.norm(0.0, 1.0)
    assert s2sad.grad(f)(1.0) == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda mu: stats.norm(mu).expect(lambda v: v), "no derivative rule for expect of a frozen distribution norm"),
        (lambda b: stats.rice.ppf(0.3, b), "scipy.stats"),
        (lambda x: gaussian_kde(np.stack([DATA, x * DATA]))(DATA[:2])[0], "gaussian_kde of several variables"),
    ],
    ids=["expect", "ppf", "kde"],
)
def test_what_has_no_rule_is_refused(f, message):
    with pytest.raises(Error, match=message):
        s2sad.grad(f)(1.3)


def test_a_mode_is_one_of_the_numbers():
    def f(x):
        return stats.mode(x).mode ** 2

    np.testing.assert_array_equal(s2sad.grad(f)(np.array([3.0, 1.0, 2.0])), [0.0, 2.0, 0.0])


def test_multinomial_probabilities_sum_to_one():
    """SciPy takes the last probability to be the rest: it has no derivative, and those of the others know it."""

    def f(p):
        return stats.multinomial(6, p).logpmf(np.array([1, 2, 3])) + stats.multinomial.pmf(np.array([1, 0, 0]), 1, p)

    np.testing.assert_allclose(
        s2sad.grad(f)(np.array([0.2, 0.5, 0.3])), [1 / 0.2 - 3 / 0.3 + 1.0, 2 / 0.5 - 3 / 0.3, 0.0]
    )


def test_special_functions_of_a_distribution_are_called_once():
    source = s2sad.value_and_grad(lambda a: stats.gamma.sf(1.3, a)).lower(2.0).source
    assert source.count("scipy.special.gammaincc(") == 1
    assert s2sad.grad(lambda a: stats.gamma.sf(1.3, a))(2.0) == s2sad.grad(lambda a: special.gammaincc(a, 1.3))(2.0)
