"""Stores of a part of an array into another part of it: NumPy may read what it has written."""

import numpy as np
import pytest

import s2sad
from tests.against_python import check, check_or_refused, programs


def crossing_row_and_column(x):
    m = np.outer(x, x)
    m[1] = m[:, 2]
    return np.sum(m * np.arange(16.0).reshape(4, 4))


def apart_selfoverlap2(x):
    y = x * 1.0
    y[1:] = y[:-1]
    return np.sum(y * np.arange(4.0))


def apart_selfoverlap3(x):
    y = x * 1.0
    y[1:] += y[:-1]
    return np.sum(y * np.arange(4.0) * y)


def apart_selfoverlap4(x):
    y = x * 1.0
    y[::-1] = y
    return np.sum(y * np.arange(4.0) * y)


def apart_selfoverlap5(x):
    m = np.outer(x, x)
    m[:] = m.T
    m[0] *= m[:, 1]
    m += m.T
    return np.sum(m * np.arange(16.0).reshape(4, 4))


def crossing_selfoverlap6(x):
    m = np.outer(x, x)
    m[:, 0] = m[2]
    return np.sum(m * np.arange(16.0).reshape(4, 4))


def crossing_selfoverlap7(x):
    m = np.outer(x, x)
    m[[1, 2]] = m[[2, 1]]
    m[1, :] = m[:, 1]
    return np.sum(m * np.arange(16.0).reshape(4, 4))


def crossing_selfoverlap8(x):
    m = np.outer(x, x + 1)
    m[1] = m.T[2]
    return np.sum(m * np.arange(16.0).reshape(4, 4))


def crossing_selfoverlap9(x):
    m = np.outer(x, x + 1)
    m[1, 1:] = m[1:, 2]
    m[2] += m[:, 1]
    return np.sum(m * np.arange(16.0).reshape(4, 4))


def crossing_selfoverlap10(x):
    m = np.outer(x, x + 1)
    m[1][:] = m[:, 2]
    np.copyto(m[2], m[:, 0])
    return np.sum(m * np.arange(16.0).reshape(4, 4))


def apart_sym(x):
    A = np.outer(x, x + 1)
    for i in range(4):
        A[i + 1 :, i] = A[i, i + 1 :]
    return np.sum(A * np.arange(16.0).reshape(4, 4))


def apart_sym2(x):
    A = np.outer(x, x + 1)
    for i in range(4):
        A[i, i + 1 :] = A[i + 1 :, i]
        A[i, :i] = A[:i, i]
    return np.sum(A * np.arange(16.0).reshape(4, 4))


def apart_rowcopy(x):
    A = np.outer(x, x + 1)
    for i in range(3):
        A[i] = A[i + 1]
        A[:, i] = A[:, 3]
    return np.sum(A * np.arange(16.0).reshape(4, 4))


def crossing_v(x):
    v = np.concatenate([x, x * 2, x * x])
    v[6:] = v[0:12:2]
    return np.sum(v * np.arange(12.0))


def crossing_v2(x):
    v = np.concatenate([x, x * 2, x * x])
    v[:6] = v[0:12:2]
    v[1::2] = v[::2]
    v[3:5] = v[8:6:-1]
    return np.sum(v * np.arange(12.0))


def apart_v3(x):
    v = np.concatenate([x, x * 2, x * x])
    v[:3] = v[3:12:3]
    return np.sum(v * np.arange(12.0))


def crossing_upd(x, n=1):
    A = np.outer(x, x + 1)
    j = n
    A[j] = A[:, j + 1]
    return np.sum(A * np.arange(16.0).reshape(4, 4))


def apart_diag(x):
    A = np.outer(x, x + 1)
    A[1] = np.diag(A)
    return np.sum(A * np.arange(16.0).reshape(4, 4))


def apart_ravel(x):
    A = np.outer(x, x + 1)
    A[1] = A.ravel()[3:7]
    return np.sum(A * np.arange(16.0).reshape(4, 4))


@pytest.mark.parametrize("program", programs(globals(), "apart_"))
def test_parts_that_are_apart_or_go_at_one_pace(program):
    check(program)


@pytest.mark.parametrize("program", programs(globals(), "crossing_"))
def test_parts_that_cross(program):
    assert not check_or_refused(program)


def added_backward(m):
    m[::-1] += m
    return m


def taken_backward(m):
    m[:, ::-1] -= m
    return m


def stored_backward(m):
    m[::-1] = m
    return m


def stored_negative(m):
    m[::-1] = -m
    return m


def added_to_its_transpose(m):
    m.T[:] += m
    return m


def turned(m):
    m[::-1, ::-1] = m.T
    return m


def added_to_a_view(m):
    v = m[::-1]
    v += m
    return m


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize(
    "change",
    [added_backward, taken_backward, stored_backward, stored_negative, added_to_its_transpose, turned, added_to_a_view],
)
def test_an_array_stored_into_a_view_of_itself(change, backend):
    """NumPy reads the whole of it before it writes; loops do not."""

    def f(m):
        return np.sum(np.sin(change(m * 1.0)) * m[0])

    m = np.random.default_rng(0).normal(size=(3, 3))
    value, gradient = s2sad.value_and_grad(f, backend=backend)(m)
    assert value == pytest.approx(f(m), rel=1e-14)
    by_difference = [(f(m + 1e-6 * e) - f(m - 1e-6 * e)) / 2e-6 for e in np.eye(9).reshape(9, 3, 3)]
    np.testing.assert_allclose(gradient.ravel(), by_difference, atol=1e-7)
