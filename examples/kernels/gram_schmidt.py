"""The modified Gram-Schmidt process: A = Q R, the columns of Q in the place of those of A.

G. H. Golub and C. F. Van Loan, Matrix Computations, 4th ed., algorithm 5.2.6.
"""

import numpy as np


def gram_schmidt(a):
    """Overwrite the columns of a with orthonormal ones; the triangular factor. a: float64[m, n], m >= n."""
    n = a.shape[1]
    r = np.zeros((n, n))
    for k in range(n):
        r[k, k] = np.sqrt(np.sum(a[:, k] ** 2))
        a[:, k] /= r[k, k]
        for j in range(k + 1, n):
            r[k, j] = a[:, k] @ a[:, j]
            a[:, j] -= a[:, k] * r[k, j]
    return r


def factor_sum(a, w):
    """A weighted sum of both factors."""
    r = gram_schmidt(a)
    return np.sum(w * a) + np.sum(r * r * np.arange(1.0, len(r) + 1.0))


def arguments(m=100, n=30):
    """A point to differentiate at."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(m, n)), rng.normal(size=(m, n))
