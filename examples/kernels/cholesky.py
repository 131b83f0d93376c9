"""The factorisation A = L L^T in the lower triangle of A.

G. H. Golub and C. F. Van Loan, Matrix Computations, 4th ed., algorithm 4.2.1 (by rows of slices).
"""

import numpy as np


def cholesky(a):
    """Overwrite the lower triangle of a with its Cholesky factor. a: float64[n, n], positive definite."""
    n = a.shape[0]
    for j in range(n):
        if j > 0:
            a[j:, j] -= a[j:, :j] @ a[j, :j]
        a[j:, j] /= np.sqrt(a[j, j])


def log_likelihood(a, y):
    """The log density of y under the normal distribution of covariance a, without its constant."""
    cholesky(a)
    n = len(y)
    z = np.zeros(n)
    for i in range(n):
        z[i] = (y[i] - a[i, :i] @ z[:i]) / a[i, i]
    return -0.5 * np.sum(z * z) - np.sum(np.log(np.diag(a)))


def arguments(n=60):
    """A point to differentiate at."""
    rng = np.random.default_rng(0)
    b = rng.normal(size=(n, n))
    return b @ b.T + n * np.eye(n), rng.normal(size=n)
