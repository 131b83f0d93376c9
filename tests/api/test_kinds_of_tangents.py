"""Tangents and cotangents of other kinds than their primal: integers, truth values, other floats; what does not fit."""

import dataclasses

import numpy as np
import pytest

import s2sad
from tests.against_python import differences

X = np.array([1.0, 2.0, 3.0])
V = np.array([1.0, 0.0, 3.0])


def scan(x):
    y = x * 1.0
    for i in range(1, 3):
        y[i] = y[i - 1] * 0.5 + y[i]
    return y


def shifted(x):
    y = x.copy()
    y[1:] = y[:-1] * 0.25
    return y * x


def halved(x):
    return x * 0.5


@dataclasses.dataclass
class Point:
    w: np.ndarray
    b: float


def by_vjp(f, v):
    return s2sad.vjp(f, X)[1](v)[0]


def by_vjp_inside(f, v):
    return s2sad.grad(lambda x: np.sum(s2sad.vjp(f, X)[1](v)[0] * x))(X)


def by_vjp_of_dict(f, v):
    return s2sad.vjp(lambda p: {"y": (f(p["x"]), p["b"])}, {"x": X, "b": 1.0})[1]({"y": (v, 1)})[0]["x"]


def by_vjp_of_object(f, v):
    return s2sad.vjp(lambda p: Point(f(p.w), p.b), Point(X, 2.0))[1](Point(v, True))[0].w


def by_jvp(f, v):
    return s2sad.jvp(f, (X,), (v,))[1]


def by_jvp_inside(f, v):
    return s2sad.grad(lambda x: np.sum(s2sad.jvp(f, (X,), (v,))[1] * x))(X)


def by_linearize(f, v):
    return s2sad.linearize(f, X)[1](v)


def by_linearize_inside(f, v):
    return s2sad.grad(lambda x: np.sum(s2sad.linearize(f, X)[1](v) * x))(X)


def by_hvp(f, v):
    return s2sad.hvp(lambda x: np.sum(f(x) ** 3))(X, v)


def by_derivative_of_a_pullback(f, v):
    return s2sad.jacfwd(lambda x: s2sad.vjp(f, x)[1](v)[0])(X)


WAYS = [by_vjp, by_vjp_inside, by_vjp_of_dict, by_vjp_of_object, by_jvp, by_jvp_inside, by_linearize]
WAYS += [by_linearize_inside, by_hvp, by_derivative_of_a_pullback]


@pytest.mark.parametrize("dtype", [int, bool, np.int8, np.uint8, np.float32, np.float16])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("f", [scan, shifted, halved])
def test_a_tangent_is_of_the_kind_of_its_primal(f, way, dtype):
    v = V.astype(dtype)
    before = v.copy()
    got = way(f, v)
    np.testing.assert_allclose(got, way(f, v.astype(float)), rtol=1e-12)
    assert got.dtype == np.float64 and v.dtype == dtype
    np.testing.assert_array_equal(v, before)


def test_a_tangent_of_floats_is_right():
    """What the others are compared with, by differences."""
    for f in (scan, shifted, halved):
        np.testing.assert_allclose(by_vjp(f, V), differences(lambda x, f=f: f(x) @ V, X), rtol=1e-7)


def test_gradients_of_single_precision_stay_so():
    x = X.astype(np.float32)
    assert s2sad.vjp(scan, x)[1](V)[0].dtype == np.float32
    assert s2sad.jvp(scan, (x,), (V,))[1].dtype == np.float32
    assert s2sad.hvp(lambda x: np.sum(scan(x) ** 2))(x, V).dtype == np.float32


def test_numbers_take_integers():
    for one in (1, True, np.int64(1), np.bool_(True)):
        assert s2sad.vjp(lambda x: x * 0.5, 3.0)[1](one) == (0.5,)
        assert s2sad.jvp(lambda x: x * 0.5, (3.0,), (one,)) == (1.5, 0.5)
    with pytest.raises(s2sad.errors.ArgumentError, match="the cotangent is too large for a float"):
        s2sad.vjp(lambda x: x * 0.5, 3.0)[1](10**400)


@pytest.mark.parametrize("operator", [s2sad.jacfwd, s2sad.jacrev, s2sad.hessian, s2sad.grad, s2sad.value_and_grad])
def test_aux_is_beside_the_value(operator):
    with pytest.raises(s2sad.errors.NonScalarOutput, match="with has_aux the result must be a pair"):
        operator(lambda x: np.sum(x**2), has_aux=True)(X)


def test_each_argument_has_its_axes():
    xs = np.ones((3, 2))
    with pytest.raises(s2sad.errors.ArgumentError, match="in_axes has 1 axes for 2 arguments"):
        s2sad.vmap(lambda x, y: np.sum(x * y), in_axes=(0,))(xs, xs)
    np.testing.assert_array_equal(s2sad.vmap(lambda x, y=2.0: np.sum(x * y), in_axes=(0,))(xs), [4.0] * 3)
