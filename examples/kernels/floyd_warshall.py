"""All shortest paths of a graph, in place.

T. H. Cormen et al., Introduction to Algorithms, 4th ed., section 23.2.
"""

import numpy as np


def floyd_warshall(d):
    """Overwrite the lengths of the edges with those of the shortest paths. d: float64[n, n]."""
    n = len(d)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if d[i, k] + d[k, j] < d[i, j]:
                    d[i, j] = d[i, k] + d[k, j]


def total_distance(d):
    """The sum of the squares of all distances."""
    floyd_warshall(d)
    return np.sum(d * d)


def arguments(n=30):
    """A point to differentiate at."""
    d = np.random.default_rng(0).uniform(1.0, 10.0, size=(n, n))
    np.fill_diagonal(d, 0.0)
    return (d,)
