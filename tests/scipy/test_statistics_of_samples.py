"""Statistics of samples in scipy.stats whose results have names, and distances between rows."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist, pdist, squareform

import s2sad

V = np.array([0.41, 0.93, 0.62, 0.2, 1.7, 0.33])
W = np.array([0.9, 0.3, 1.4, 2.2, 0.8, 1.1, 0.25])
ROWS = np.array([[0.4, 0.9], [0.6, 0.2], [0.7, 0.5], [1.1, 0.3]])


def one_sample(x):
    result = stats.ttest_1samp(x, 0.3)
    return result.statistic**2 + result.pvalue


def two_samples(x):
    t, p = stats.ttest_ind(x, W)
    return t * p


def unequal_variances(x):
    t, p = stats.ttest_ind(x, W, equal_var=False, alternative="less")
    return t**2 + p


def related(x):
    return stats.ttest_rel(x, V[::-1] * 2.0, alternative="greater").pvalue


def groups(x):
    result = stats.f_oneway(x, W, x[:4] ** 2 + 1.0)
    return result.statistic * result.pvalue


def normality(x):
    result = stats.jarque_bera(x)
    return result.statistic * result.pvalue


def counts(x):
    return stats.chisquare(x).pvalue + stats.chisquare(x, f_exp=np.ones(6) * np.mean(x)).statistic


def described(x):
    result = stats.describe(x)
    return result.mean * result.variance + result.skewness * result.minmax[1] + result.nobs


def silverman(x):
    return stats.gaussian_kde(x, bw_method="silverman")(0.4)[0]


def between(x):
    return stats.wasserstein_distance(x, W) + stats.energy_distance(x, W)


@pytest.mark.parametrize(
    "program",
    [
        *(one_sample, two_samples, unequal_variances, related, groups, normality, counts, described),
        *(silverman, between),
    ],
    ids=lambda f: f.__name__,
)
def test_statistics(program):
    assert s2sad.value_and_grad(program)(V)[0] == pytest.approx(program(V), rel=1e-10)
    s2sad.check_grads(program, (V,), order=2)


def kernel(x):
    return np.linalg.slogdet(np.exp(-squareform(pdist(x, "sqeuclidean"))) + np.eye(4))[1]


def distances(x):
    return np.sum(cdist(x, ROWS + 1.0, "minkowski", p=3)) + np.sum(squareform(pdist(x)) * np.arange(16.0).reshape(4, 4))


@pytest.mark.parametrize("program", [kernel, distances], ids=lambda f: f.__name__)
def test_distances(program):
    s2sad.check_grads(program, (ROWS,), order=2)
