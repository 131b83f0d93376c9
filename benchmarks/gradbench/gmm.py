"""gmm: the logarithm of the posterior density of a Gaussian mixture with a Wishart prior, and its gradient."""

import math
from typing import Any

import numpy as np

import s2sad
from benchmarks.gradbench.function import Function

Parameters = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, float, int]


def logsumexp(a: np.ndarray) -> np.ndarray:
    """log(sum(exp(a))) along the last axis, without overflow."""
    largest = np.max(a, axis=-1, keepdims=True)
    return largest[..., 0] + np.log(np.sum(np.exp(a - largest), axis=-1))


def factors_of(q: np.ndarray, l: np.ndarray) -> np.ndarray:  # noqa: E741
    """The lower triangular factors of the precision matrices: exp(q) on the diagonals, the columns of l below."""
    k, d = q.shape
    factors = np.zeros((k, d, d))
    start = 0
    for j in range(d):
        end = start + d - 1 - j
        factors[:, j, j] = np.exp(q[:, j])
        factors[:, j + 1 :, j] = l[:, start:end]
        start = end
    return factors


def log_density(
    alpha: np.ndarray,
    mu: np.ndarray,
    q: np.ndarray,
    l: np.ndarray,  # noqa: E741
    x: np.ndarray,
    gamma: float,
    m: int,
) -> float:
    """The log posterior of weights alpha, means mu and precisions q, l, given points x, but for a constant."""
    factors = factors_of(q, l)
    beta = np.empty((len(x), len(alpha)))
    for k in range(len(alpha)):
        z = (x - mu[k]) @ factors[k].T
        beta[:, k] = alpha[k] + np.sum(q[k]) - 0.5 * np.sum(z * z, axis=1)
    likelihood = np.sum(logsumexp(beta)) - len(x) * logsumexp(alpha)
    prior = m * np.sum(q) - 0.5 * gamma**2 * np.sum(factors**2)
    return likelihood + prior


def log_normalizer(n: int, k: int, d: int, gamma: float, m: int) -> float:
    """What the densities of n points and k precision matrices are divided by."""
    freedom = d + m + 1
    log_gamma = 0.25 * d * (d - 1) * math.log(math.pi) + sum(math.lgamma(0.5 * (freedom - j)) for j in range(d))
    wishart = log_gamma - freedom * d * math.log(gamma / math.sqrt(2.0))
    return 0.5 * n * d * math.log(2.0 * math.pi) + k * wishart


def objective(
    alpha: np.ndarray,
    mu: np.ndarray,
    q: np.ndarray,
    l: np.ndarray,  # noqa: E741
    x: np.ndarray,
    gamma: float,
    m: int,
) -> float:
    """The log posterior."""
    return log_density(alpha, mu, q, l, x, gamma, m) - log_normalizer(len(x), *mu.shape, gamma, m)


def read(message: dict[str, Any]) -> Parameters:
    """The arguments of the objective. Rows of l may be empty, for there is nothing below a diagonal of one."""
    d, k = message["d"], message["k"]
    alpha, mu, q, x = (np.array(message[name], dtype=float) for name in ("alpha", "mu", "q", "x"))
    below = np.array(message["l"], dtype=float).reshape(k, d * (d - 1) // 2)
    return alpha, mu, q, below, x, float(message["gamma"]), message["m"]


def write(gradient: tuple[np.ndarray, ...]) -> dict[str, Any]:
    """The gradient by name."""
    return {name: bar.tolist() for name, bar in zip(("alpha", "mu", "q", "l"), gradient, strict=True)}


FUNCTIONS = {
    "objective": Function(read, objective, float),
    "jacobian": Function(read, s2sad.grad(log_density, ("alpha", "mu", "q", "l")), write),
}
