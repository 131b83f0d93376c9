"""NumPy's functions that are small programs: histograms, polynomials, rows; against NumPy's values and differences."""

from __future__ import annotations

import numpy as np
import pytest

import s2sad
from s2sad.errors import Error

X = np.array([0.3, -1.2, 0.8, 2.1])
Y = np.array([0.42, 1.21, -0.3, 0.77])
M = np.sin(np.arange(12.0)).reshape(3, 4)
W = np.arange(1.0, 6.0)


def roots_to_coefficients(x):
    return np.poly(x) @ W


def division(u, v):
    quotient, rest = np.polydiv(u, v)
    return np.sum(quotient**2) + np.sum(rest * W[: len(rest)])


def trimmed(x):
    return np.sum(np.trim_zeros(x * np.array([0.0, 1.0, 1.0, 0.0])) * W[:2])


def edges(x):
    return np.histogram_bin_edges(x, 3) @ W[:4]


def counted_pairs(x, y, w):
    counts, x_edges, y_edges = np.histogram2d(x, y, bins=(2, 3), weights=w)
    return np.sum(counts * W[:3]) + x_edges @ W[:3] + y_edges[0]


def density_of_rows(x, y):
    density, (x_edges, y_edges) = np.histogramdd(np.stack([x, y], axis=1), bins=2, density=True)
    return np.sum(density) * x_edges[1] + y_edges[1] ** 2


def three_rows(m):
    a, b, c = np.unstack(m)
    return np.sum(a * b) + c[0] ** 2


def four_columns(m):
    return sum(k * np.sum(c**2) for k, c in enumerate(np.unstack(m, axis=1)))


def rows_of_two(x):
    return np.sum(np.row_stack((x, x**2)) * M[:2])


def over_axes(m):
    return np.sum(np.apply_over_axes(np.sum, m**2, [0]) * X)


def window(beta):
    return np.kaiser(7, beta) @ np.arange(7.0)


def bessel(x):
    return np.sum(np.i0(x) * Y)


def mantissas(x):
    mantissa, exponent = np.frexp(x)
    return np.sum(mantissa**2 * exponent)


def ordered(x):
    return np.sum(np.real(np.sort_complex(x)) * Y) + np.sum(np.real_if_close(x) ** 2)


def one_correlation(x):
    return np.corrcoef(x) * x[0]


def list_of_run_time(m):
    squares = []
    for row in m:
        squares.append(row * row)
    a, b, c = squares
    return np.sum(a * b) + c[1]


PROGRAMS = [
    (roots_to_coefficients, (X,)),
    (division, (np.array([1.0, 2.0, 3.0, 0.5]), np.array([1.5, 0.4]))),
    (division, (np.array([1.0, 2.0]), np.array([1.5, 0.4, 0.3]))),
    (trimmed, (X,)),
    (edges, (X,)),
    (counted_pairs, (X, Y, np.abs(X))),
    (density_of_rows, (X, Y)),
    (three_rows, (M,)),
    (four_columns, (M,)),
    (over_axes, (M,)),
    (window, (3.2,)),
    (bessel, (X,)),
    (mantissas, (X,)),
    (ordered, (X,)),
    (one_correlation, (X,)),
    (list_of_run_time, (M,)),
]


@pytest.mark.parametrize(("program", "arguments"), PROGRAMS, ids=lambda p: getattr(p, "__name__", ""))
def test_programs(program, arguments):
    assert s2sad.value_and_grad(program)(*arguments)[0] == pytest.approx(program(*arguments), rel=1e-12)
    s2sad.check_grads(program, arguments, order=2)


@pytest.mark.filterwarnings("ignore:`row_stack` alias is deprecated")
def test_the_alias_of_vstack():
    s2sad.check_grads(rows_of_two, (X,))


def test_a_list_of_another_length_is_pythons_error():
    with pytest.raises(ValueError, match="values to unpack"):
        s2sad.grad(list_of_run_time)(np.ones((4, 2)))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.histogram2d(x, x, bins=[x, x])[0][0, 0],
        lambda x: np.histogram_bin_edges(x, "auto")[0],
        lambda x: np.sum(np.poly(np.outer(x, x))),
        lambda x: np.sum(np.real_if_close(x + 1j * x)),
    ],
    ids=["edges", "rule", "matrix", "complex"],
)
def test_what_is_not_known_is_refused(f):
    with pytest.raises(Error):
        s2sad.grad(f)(X)
