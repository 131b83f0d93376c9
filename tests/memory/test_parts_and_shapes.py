"""Parts of complex arrays as views, and the shape of an array set: all names see it."""

import numpy as np
import pytest

import s2sad
from tests.against_python import X, check, check_or_refused, programs


def fill(a, v):
    a[:] = v


def set_square(a):
    a.shape = (2, 2)


class Holder:
    pass


def part_imag(x):
    z = np.zeros(3, complex)
    z.imag[1:] = x[:2]
    return np.sum(np.abs(z) ** 2)


def part_real(x):
    z = np.zeros(3, complex)
    z.real[0] = x[0]
    z.real += x[1]
    z.imag[:] = x[:3]
    z.imag *= 2.0
    return np.sum(np.abs(z) ** 2)


def part_realreal(x):
    z = x * 1.0
    z.real[1:] = x[:3]
    return np.sum(z**2)


def part_named(x):
    z = np.zeros(4, complex)
    r, i = z.real, z.imag
    r[:] = x
    i[::2] = x[:2] * 3
    z *= 1j
    return np.sum(r * x) + np.sum(i * i)


def part_row(x):
    z = np.zeros((2, 2), complex)
    z[0].imag[:] = x[:2]
    z[1].real = x[2:]
    z.T.imag[1, 1] += x[0] * x[1]
    return np.sum(np.abs(z) ** 2) + np.sum(z.imag[0] * z.real[1])


def part_npreal(x):
    z = np.zeros(4, complex)
    np.real(z)[:] = x
    np.imag(z)[1] = 2 * x[0]
    return np.sum(np.abs(z) ** 2 * x)


def part_loop(x):
    z = np.zeros(4, complex)
    for k in range(4):
        z.imag[k] = x[k] * z.imag[k - 1] + x[k]
    return np.sum(z.imag**2)


def part_read(x):
    z = x * (1 + 2j)
    a = z.real
    z[0] = x[1]
    return np.sum(a * x)


def part_pass(x):
    z = np.zeros(4, complex)
    fill(z.imag, x)
    return np.sum(np.abs(z) ** 2)


def part_out(x):
    z = np.zeros(4, complex)
    np.multiply(x, 2.0, out=z.real)
    return np.sum(np.abs(z) ** 2)


def part_shape_set(x):
    y = x * 1.0
    y.shape = (2, 2)
    return np.sum(y[0] ** 2)


def part_shape_set2(x):
    y = x * 1.0
    z = y
    y.shape = 2, -1
    y[0, 1] = 5.0 * x[0]
    return np.sum(z[1] * y[0])


def part_shape_if(x):
    y = x * 1.0
    if x[0] > 0:
        y.shape = (2, 2)
    else:
        y.shape = (2, 2)
    return np.sum(y[0] ** 2)


def part_shape_arg(x):
    def f(a):
        a.shape = (2, 2)

    y = x * 1.0
    f(y)
    return np.sum(y[0] ** 2)


def part_shape_fn(x):
    y = x * 1.0
    set_square(y)
    return np.sum(y[0] ** 2)


def part_shape_attr(x):
    o = Holder()
    o.a = x * 1.0
    b = [o.a]
    o.a.shape = (2, 2)
    return np.sum(b[0][0] ** 2)


@pytest.mark.parametrize("f", programs(globals(), "part_"))
def test_a_store_into_a_part_is_seen_in_the_whole(f):
    check(f)


def perhaps_shape_view(x):
    y = x * 1.0
    z = y[:]
    z.shape = (2, 2)
    z[0, 0] = x[3] * 2
    return np.sum(y * y)


def perhaps_shape_old_view(x):
    y = x * 1.0
    v = y[1:3]
    y.shape = (2, 2)
    v[0] = 3.0 * x[0]
    y[1, 0] *= x[1]
    return np.sum(y[0] * y[1]) + v[1]


def perhaps_shape_flat(x):
    y = x.reshape(2, 2) * 1.0
    y.shape = -1
    return np.sum(y[1:] * x[1:])


def perhaps_shape_T(x):
    y = (x.reshape(2, 2) * 1.0).T
    try:
        y.shape = (4,)
    except AttributeError:
        return np.sum(x)
    return np.sum(y * y)


def perhaps_shape_loop(x):
    y = x * 1.0
    for _ in range(2):
        y.shape = (2, 2)
        y = y @ y
        y.shape = (4,)
    return np.sum(y)


def perhaps_imag_of_real(x):
    y = x * 1.0
    y.imag[0] = 2.0
    return np.sum(y)


def perhaps_shape_2d(x):
    y = np.outer(x, x)
    y.shape = (2, 8)
    return np.sum(y[0] ** 2)


@pytest.mark.parametrize("f", programs(globals(), "perhaps_"))
def test_what_numpy_may_do_or_not_is_right_or_refused(f):
    try:
        f(X.copy())
    except (ValueError, AttributeError):
        with pytest.raises(s2sad.errors.Unsupported):
            s2sad.grad(f)(X)
        return
    check_or_refused(f)


def test_the_shape_of_an_argument_is_left_alone():
    x = X.copy()

    def f(x):
        x.shape = (2, 2)
        return np.sum(x[0] ** 2)

    np.testing.assert_allclose(s2sad.grad(f)(x), [2 * x[0], 2 * x[1], 0.0, 0.0])
    assert x.shape == (4,)
