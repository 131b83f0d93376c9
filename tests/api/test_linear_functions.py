"""Pullbacks and pushforwards as functions: made inside a function, differentiated, and mapped over many cotangents."""

from functools import partial

import numpy as np
import pytest

import s2sad
from s2sad import grad, hvp, jacfwd, jacrev, jvp, linearize, vjp, vmap

RNG = np.random.default_rng(0)
W, V, M = RNG.normal(size=3), RNG.normal(size=4), RNG.normal(size=(4, 3))
MANY, TANGENTS = RNG.normal(size=(5, 4)), RNG.normal(size=(5, 3))


def waves(w):
    return np.tanh(M @ w) * np.sum(w)


def two(a, b):
    return a * b**2, {"sum": np.sum(a) * b[0]}


J = jacrev(waves)(W)


def test_pullbacks_and_pushforwards_of_many():
    pullback, pushforward = vjp(waves, W)[1], linearize(waves, W)[1]
    (bars,) = vmap(pullback)(MANY)
    np.testing.assert_allclose(bars, MANY @ J)
    assert "def waves_pullback_vmap(out_bar" in vmap(pullback).lower(MANY).source
    np.testing.assert_allclose(vmap(pushforward)(TANGENTS), TANGENTS @ J.T)
    np.testing.assert_allclose(jacfwd(pushforward)(W), J)
    np.testing.assert_allclose(jacrev(lambda v: pullback(v)[0])(V), J.T)
    s2sad.check_grads(lambda v: np.sum(pullback(v)[0] ** 2) + np.sum(pushforward(v[:3]) ** 3), (V,), order=2)


def test_a_pullback_of_a_pullback():
    (bar,) = vjp(waves, W)[1](V)
    back = vjp(vjp(waves, W)[1], V)[1]
    np.testing.assert_allclose(back((W,))[0], J @ W)
    np.testing.assert_allclose(bar, V @ J)


def test_several_arguments_and_containers():
    a, b = np.array([0.5, 1.5]), np.array([2.0, -1.0])

    def pulled(a, b):
        out, pullback = vjp(two, a, b)
        a_bar, b_bar = pullback(out)
        return np.sum(a_bar * b) + np.sum(b_bar**2)

    def by_hand(a, b):
        out = two(a, b)
        a_bar = out[0] * b**2 + out[1]["sum"] * b[0]
        b_bar = 2.0 * out[0] * a * b + np.array([np.sum(a) * out[1]["sum"], 0.0])
        return np.sum(a_bar * b) + np.sum(b_bar**2)

    assert s2sad.value_and_grad(pulled)(a, b)[0] == pytest.approx(by_hand(a, b))
    np.testing.assert_allclose(grad(pulled, (0, 1))(a, b), grad(by_hand, (0, 1))(a, b))


def test_arguments_without_derivative_have_none():
    def power(x, n, y):
        return np.sum(x) ** n * y

    def program(x):
        value, pullback = vjp(power, x, 3, 2.0)
        x_bar, n_bar, y_bar = pullback(1.0)
        assert n_bar is None
        return np.sum(x_bar) * y_bar + value

    expected = 6.0 * 3 * np.sum(W) ** 2 * np.sum(W) ** 3 + 2.0 * np.sum(W) ** 3
    assert s2sad.value_and_grad(program)(W)[0] == pytest.approx(expected)
    s2sad.check_grads(program, (W,))

    def along(x):
        value, pushforward = linearize(power, x, 3, 2.0)
        return value + pushforward(x, 0, 1.0)

    assert s2sad.value_and_grad(along)(W)[0] == pytest.approx(2.0 * 4 * np.sum(W) ** 3 + np.sum(W) ** 3)


def of_global(x):
    _, pullback = vjp(waves, x)
    return np.sum(pullback(V)[0] ** 2)


def of_closure(x):
    scale = 2.0

    def f(y):
        return waves(y) * scale

    _, pullback = vjp(f, x)
    scale = 100.0
    return np.sum(pullback(V)[0] ** 2) / 4.0


def of_gradient(x):
    value, pullback = vjp(grad(lambda y: np.sum(waves(y))), x)
    return np.sum(pullback(value)[0])


def twice(x):
    value, pullback = vjp(waves, x)
    return np.sum(pullback(value)[0] * pullback(V)[0])


def in_a_loop(x):
    total = 0.0
    for k in range(3):
        value, pullback = vjp(waves, x * (k + 1.0))
        total = total + np.sum(pullback(value)[0])
    return total


def by_branch(x):
    _, pullback = vjp(waves, x)
    v = V if x[0] > 0.0 else -V
    return np.sum(pullback(v)[0] ** 2)


def handed_on(x):
    def use(function, v):
        return np.sum(function(v)[0] ** 2)

    return use(vjp(waves, x)[1], V) + use(partial(lambda f, v: f(v), vjp(waves, x)[1]), V)


def mapped(x):
    value, pullback = vjp(waves, x)
    (rows,) = vmap(lambda v: pullback(v))(MANY)
    return np.sum(rows**2)


def mapped_itself(x):
    value, pullback = vjp(waves, x)
    (rows,) = vmap(pullback)(MANY)
    _, pushforward = linearize(lambda y: waves(y) * 2.0, x)
    return np.sum(rows**2) + np.sum(vmap(pushforward)(TANGENTS) ** 3) + np.sum(jacfwd(pushforward)(x) ** 2)


def tangent_kernel(x):
    """A row of the neural tangent kernel: a pushforward of what a pullback gives, closed over by what is mapped."""

    def one(y):
        return waves(y)

    _, pullback = vjp(one, x)

    def row(v):
        return jvp(one, (2.0 * x,), pullback(v))[1]

    return np.sum(vmap(row)(np.eye(4)) ** 2)


def linearised(x):
    value, pushforward = linearize(waves, x)
    return np.sum(pushforward(x) * value)


def divergence(x):
    return np.sum(vmap(lambda v: np.dot(v, vjp(waves, x)[1](M @ v)[0]))(np.eye(3)))


def gauss_newton(x):
    value, pushforward = linearize(waves, x)
    return np.sum(vjp(waves, x)[1](pushforward(W))[0] ** 2)


PROGRAMS = [
    of_global,
    of_closure,
    of_gradient,
    twice,
    in_a_loop,
    by_branch,
    handed_on,
    linearised,
    divergence,
    gauss_newton,
    mapped,
    mapped_itself,
    tangent_kernel,
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_inside_a_function(program):
    assert s2sad.value_and_grad(program)(W)[0] == pytest.approx(program(W), rel=1e-12)
    s2sad.check_grads(program, (W,), order=2)
    many = np.stack([W, 2.0 * W])
    np.testing.assert_allclose(vmap(grad(program))(many), np.stack([grad(program)(w) for w in many]))
    np.testing.assert_allclose(hvp(program)(W, W), jvp(grad(program), (W,), (W,))[1])


def test_jacobians_as_the_literature_writes_them():
    def by_columns(f):
        return lambda x: vmap(lambda s: jvp(f, (x,), (s,))[1])(np.eye(len(x))).T

    def by_rows(f):
        def jacobian(x):
            y, pullback = vjp(f, x)
            (rows,) = vmap(pullback)(np.eye(len(y)))
            return rows

        return jacobian

    np.testing.assert_allclose(by_columns(waves)(W), J)
    np.testing.assert_allclose(by_rows(waves)(W), J)
    s2sad.check_grads(by_columns(waves), (W,))


def coupled(x, y):
    return np.sum(np.tanh(M @ x) ** 3 * np.sum(y))


def test_products_of_the_hessian_are_functions_to_every_operator():
    both, rows = hvp(coupled, (1, 0)), (TANGENTS, TANGENTS[::-1])
    by_y, by_x = vmap(both, (None, None, 0))(W, W, rows)
    for k in range(len(TANGENTS)):
        np.testing.assert_allclose((by_y[k], by_x[k]), both(W, W, (rows[0][k], rows[1][k])))
    np.testing.assert_allclose(vmap(partial(hvp(coupled), W, W))(TANGENTS), TANGENTS @ s2sad.hessian(coupled)(W, W))
    s2sad.check_grads(hvp(coupled), (W, W, W))
    s2sad.check_grads(both, (W, W, (W, 2.0 * W)))
