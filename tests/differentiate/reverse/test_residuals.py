"""What a callee hands over from a branch that was not taken is empty: no length is read off it, at any order."""

import numpy as np
import pytest

import s2sad
from s2sad.testing import check_grads

X = np.array([0.2, 0.5, 0.3])
M = np.array([[0.4, 0.1, 0.3], [0.2, 0.6, 0.5]])


def shortened(p, v):
    if p * p > 0.26:
        for _ in v:
            p = np.tanh(np.exp(-p) * 0.3)
        return p
    return p * p + p


def counted(p, v):
    if p > 0.5:
        for k in range(len(v)):
            p = np.sin(p) * np.exp(-p) + 0.1 * k
    for _ in range(len(v)):
        p = np.sin(p) + 0.1
    return p


def by_rows(p, v):
    w = np.outer(v, v)
    if p > 0.5:
        for _ in w:
            w = np.sin(w) * p
        p = np.sum(w * w)
    return p * p


def of_vectors(p, v):
    if p > 0.5:
        u = np.exp(v * p)
        return np.sum(u / (1.0 + u)) * p
    return p * p * len(v)


def of_containers(p, v):
    pair = {"a": v, "b": p}
    if pair["b"] > 0.5:
        u = np.exp(pair["a"] * p)
        pair["a"] = u * np.sin(u)
    return np.sum(np.sin(pair["a"])) * pair["b"]


CALLEES = [shortened, counted, by_rows, of_vectors, of_containers]


def nested(f):
    return lambda a, x: f(f(np.sin(a) + 0.1, np.maximum(x, 0.1)) * 0.4, np.cos(x)) * a


@pytest.mark.parametrize("a", [0.3, 1.1])
@pytest.mark.parametrize("f", CALLEES)
def test_second_order(f, a):
    check_grads(nested(f), (a, X), order=2)


@pytest.mark.parametrize("a", [0.3, 1.1])
@pytest.mark.parametrize("f", CALLEES)
def test_third_order(f, a):
    def main(a, x):
        return f(np.sin(a), np.maximum(x, 0.1)) * a

    second = s2sad.grad(s2sad.grad(main))
    check_grads(second, (a, X), order=1)


def test_gradient_of_a_gradient_has_the_shape_of_its_argument():
    gradient = s2sad.grad(s2sad.grad(nested(shortened)), argnums=(0, 1))
    assert gradient(0.3, X)[1].shape == X.shape


def of_items(p, pair):
    if p > 0.5:
        u = np.exp(pair["a"] * p)
        for _ in range(len(pair["a"])):
            p = np.sin(p) * 1.1
        return np.sum(u / (1.0 + u)) * p
    return p * p


def of_part(p, v):
    w = v[1:]
    if p > 0.5:
        for _ in w:
            p = np.tanh(np.exp(-p) * 0.3)
    return p * p


@pytest.mark.parametrize("a", [0.3, 1.1])
def test_of_items_and_parts(a):
    def main(a, x):
        p = np.sin(a)
        return of_items(p + 0.1, {"a": np.maximum(x, 0.1)}) * a + of_part(p * 0.9, np.cos(x)) + of_part(a, np.cos(x))

    gradient = s2sad.grad(s2sad.grad(main), argnums=(0, 1))
    assert gradient(a, X)[1].shape == X.shape
    check_grads(main, (a, X), order=2)
    check_grads(s2sad.grad(s2sad.grad(main)), (a, X), order=1)


def test_a_result_that_the_reverse_sweep_needs_is_taken_from_the_caller():
    def squashed(x):
        return np.tanh(x)

    def through_tuple(x):
        y = np.tanh(x)
        return y, y * x

    def main(x):
        h = squashed(x)
        h[0] = 2.0 * h[1]
        a, b = through_tuple(squashed(h))
        return np.sum(a * b)

    check_grads(main, (X,), order=2)
    text = s2sad.grad(main).lower(X).source
    assert "squashed_forward" not in text and "def squashed_reverse(result, result_bar)" in text
