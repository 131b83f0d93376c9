"""The factorisation A = L U in the place of A, without pivoting.

G. H. Golub and C. F. Van Loan, Matrix Computations, 4th ed., algorithm 3.2.1.
"""

import numpy as np


def lu(a):
    """Overwrite a with its factors: U on and above the diagonal, L below it. a: float64[n, n]."""
    n = len(a)
    for k in range(n - 1):
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]


def log_determinant(a):
    """The logarithm of the absolute value of the determinant."""
    lu(a)
    total = 0.0
    for k in range(len(a)):
        total += np.log(np.abs(a[k, k]))
    return total


def arguments(n=40):
    """A point to differentiate at."""
    return (np.random.default_rng(0).normal(size=(n, n)) + n * np.eye(n),)
