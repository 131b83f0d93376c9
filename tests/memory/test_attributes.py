"""Arrays that are written into through an attribute: their real and imaginary parts, all their numbers in a row."""

import numpy as np
import pytest

import s2sad
from s2sad.errors import UnsupportedType


def parts(x):
    a = np.zeros(3, complex)
    b = a
    a.real = x
    a.imag = [x, 2.0 * x, x * x]
    b.real += x
    a.imag *= 0.5
    return np.sum(np.abs(a) ** 2 + b.real * a.imag)


def of_real_numbers(x):
    a = np.zeros(3)
    a.real = x
    a.real *= x
    return np.sum(a**2)


def in_a_row(x):
    a = np.zeros((2, 3))
    a.flat = x
    total = np.sum(a)
    a.flat = np.arange(6.0) * x
    return total * np.sum(a**2)


def of_a_row(x):
    a = np.zeros((2, 3), complex)
    row = a[1]
    row.imag = np.arange(3.0) * x
    row.real = x
    return np.sum(np.abs(a) ** 2)


def in_a_loop(x):
    a = np.ones(4, complex) * x
    for k in range(3):
        a.real = a.imag + x * k
        a.imag = a.real * x
    return np.sum(np.abs(a) ** 2)


@pytest.mark.parametrize("program", [parts, of_real_numbers, in_a_row, of_a_row, in_a_loop])
def test_attributes_are_written_into(program):
    assert s2sad.value_and_grad(program)(1.3)[0] == pytest.approx(program(1.3))
    s2sad.check_grads(program, (1.3,), order=2)


def without_imaginary_part(z):
    w = z * 1j
    w.imag = 0.0
    return np.sum(np.abs(w) ** 2)


def test_of_complex_numbers():
    z = np.array([1.0 + 2.0j, 0.5 - 1.0j])
    s2sad.check_grads(without_imaginary_part, (z,))
    np.testing.assert_allclose(s2sad.grad(without_imaginary_part)(z), -2j * z.imag)
    assert z.tolist() == [1.0 + 2.0j, 0.5 - 1.0j]


def strided(x):
    a = np.zeros(4) + x
    a.strides = (0,)
    return np.sum(a)


def imaginary(x):
    a = np.zeros(4) + x
    a.imag = 0.0
    return np.sum(a)


@pytest.mark.parametrize("program", [strided, imaginary])
def test_other_attributes_are_refused(program):
    with pytest.raises(UnsupportedType, match="of an array is set"):
        s2sad.grad(program)(1.0)
