"""The kind and precision of a derivative are those of what it belongs to, where a value may have one or another too."""

import numpy as np
import pytest

import s2sad

F32, F64 = np.float32, np.float64


def extremum(x, y):
    s = max(-1.1, np.sum(x * x))
    return np.sum(np.sin(s * x)) * y


def least(x, y):
    return np.sum(x * min(np.sum(x), 2, y))


def most_of_integer(x, y):
    return np.sum(np.cos(max(2, np.sum(x))) * x) + y


def conditional(x, y):
    s = y if y > 0 else np.sum(x)
    return np.sum(s * x)


def conditional_of_numbers(x, y):
    s = 1 if y > 0 else np.sum(x)
    return np.sum(np.sqrt(s + x * x))


def between_arrays(x, y):
    v = x if y > 9 else np.arange(1.0, 1.0 + x.size)
    return np.sum(v * x)


def integers_or_floats(x, y):
    v = np.arange(x.size) if y > 0 else x * 1.5
    return np.sum(v * x)


def carried(x, y):
    s = 0.5
    for _k in range(3):
        s = s * np.sum(x) + y
    return np.sum(s * x)


def carried_array(x, y):
    s = 1.0
    while np.sum(s) < 20.0:
        s = s + x * x
    return np.sum(s * x)


def selected(x, y):
    return np.sum(np.where(x > 0.4, y, x) * np.where(x > 0.4, 1.5, 2 * x))


def spread_out(x, y):
    s = y if y > 0 else np.max(x)
    return np.sum(np.full(x.shape, s) * x + np.broadcast_to(s, x.shape) * np.array([s]))


def angle(x, y):
    s = max(-1.1, np.sum(x * x))
    return np.sum(np.angle(x + (3 + 1j)) * s)


def modulus(x, y):
    s = y if y > 0 else np.sum(x)
    z = s * np.exp(1j * x)
    return np.sum(np.abs(z - 0.5) ** 2)


def perhaps_complex(x, y):
    z = x if y > 9 else x * 1j
    return np.sum(np.real(z * z) + np.imag(z))


def added_at(x, y):
    s = y if y > 0 else np.sum(x)
    out = np.zeros(x.shape, x.dtype)
    for k in range(x.size):
        out[k] += s * x[k]
    return np.sum(out)


PROGRAMS = [
    *(extremum, least, most_of_integer, conditional, conditional_of_numbers, between_arrays, integers_or_floats),
    *(carried, carried_array, selected, spread_out, angle, modulus, perhaps_complex, added_at),
]
NUMBERS = [0.5, -0.5, F32(0.5), F32(-0.5), F64(0.5), F64(-0.5)]


@pytest.mark.parametrize("y", NUMBERS, ids=repr)
@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("f", PROGRAMS)
def test_a_gradient_has_the_dtype_of_its_argument(f, dtype, y):
    x = np.array([0.3, 0.5, 0.9], dtype)
    x_bar, y_bar = s2sad.grad(f, argnums=(0, 1))(x, y)
    assert x_bar.dtype == dtype
    assert np.result_type(y_bar) == np.result_type(y) or (type(y) is float and np.result_type(y_bar).kind == "f")
    wide, y64 = x.astype(F64), float(y)
    steps = [_difference(lambda t, e=e: f(wide + t * e, y64)) for e in np.eye(3)]
    np.testing.assert_allclose(x_bar, steps, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(y_bar, _difference(lambda t: f(wide, y64 + t)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("y", NUMBERS, ids=repr)
@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("f", PROGRAMS)
def test_a_tangent_has_the_kind_of_its_value(f, dtype, y):
    x, e = np.array([0.3, 0.5, 0.9], dtype), np.array([1.0, -0.5, 0.25], dtype)
    value, dot = s2sad.jvp(f, (x, y), (e, type(y)(1.0)))
    assert np.result_type(dot).kind == np.result_type(value).kind == "f"
    wide, e64 = x.astype(F64), e.astype(F64)
    np.testing.assert_allclose(dot, _difference(lambda t: f(wide + t * e64, float(y) + t)), rtol=1e-4, atol=1e-4)


def _difference(g, h=1e-5):
    return (g(h) - g(-h)) / (2 * h)
