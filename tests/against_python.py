"""Whether a derivative is that of what Python computes: values, both modes, inputs untouched."""

import copy

import numpy as np
import pytest

import s2sad
from s2sad.errors import InternalError

X = np.array([0.7, 1.3, -0.6, 0.4])


def differences(f, x, *args):
    """The gradient by central differences, extrapolated to step 0 (Richardson)."""
    x = np.asarray(x, float)
    gradient = np.zeros_like(x)
    for place in np.ndindex(*x.shape):
        d = []
        for h in (1e-3, 5e-4):
            above, below = x.copy(), x.copy()
            above[place] += h
            below[place] -= h
            d.append((f(above, *copy.deepcopy(args)) - f(below, *copy.deepcopy(args))) / (2 * h))
        gradient[place] = (4 * d[1] - d[0]) / 3
    return gradient


def check(f, x=X, *args):
    """Value, gradient and directional derivative of a function of an array, against Python's own run of it."""
    before = copy.deepcopy((x, args))
    want, gradient = f(*copy.deepcopy((x, *args))), differences(f, x, *args)
    value, got = s2sad.value_and_grad(f)(*copy.deepcopy((x, *args)))
    np.testing.assert_allclose(value, want, rtol=1e-12)
    np.testing.assert_allclose(got, gradient, rtol=1e-6, atol=1e-8)
    direction = np.cos(np.arange(x.size)).reshape(x.shape)
    tangents = (direction, *[None] * len(args))
    value, dot = s2sad.jvp(f, copy.deepcopy((x, *args)), tangents)
    np.testing.assert_allclose(value, want, rtol=1e-12)
    np.testing.assert_allclose(dot, np.sum(gradient * direction), rtol=1e-6, atol=1e-8)
    np.testing.assert_equal((x, args), before)


def programs(namespace, prefix):
    """The functions of a module whose names begin so, as parameters of a test."""
    return [pytest.param(f, id=n.removeprefix(prefix)) for n, f in [*namespace.items()] if n.startswith(prefix)]


def check_or_refused(f, x=X, *args):
    """The same; or the program is refused with the user's line. Whether it was differentiated."""
    try:
        check(f, x, *args)
    except s2sad.Error as e:
        assert not isinstance(e, InternalError)
        assert f.__code__.co_filename in str(e), "a refusal names the user's line"
        return False
    return True
