"""Adjoints that are zero whatever the arguments are: nothing flows on from them; and those that only look alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import s2sad

R = np.random.default_rng(11).normal
X, W = R(size=(3, 4)), R(size=(3, 4))


def log_sum_exp(x):
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


def by_rows(x, w):
    m = np.max(x, axis=1)
    return np.sum(w[:, 0] * (m + np.log(np.sum(np.exp(x - m[:, None]), axis=1))))


def kept_axes(x, w):
    z = x - np.max(x, axis=-1, keepdims=True)
    return -np.sum(w * (z - np.log(np.sum(np.exp(z), axis=-1, keepdims=True)))) / len(x)


def softmax(x, w):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return np.sum(w * e / np.sum(e, axis=1, keepdims=True))


def of_two(x, w):
    m = np.maximum(x, w)
    return np.sum(m + np.log(np.exp(x - m) + np.exp(w - m)))


def of_numbers(a, b, c):
    top = max(a, b, c)
    total = np.exp(a - top) + np.exp(b - top) + np.exp(c - top)
    return 0.3 * (np.log(total) + top)


def in_loops(x, w):
    total = 0.0
    for i in range(len(x)):
        for j in range(3):
            top = max(x[i, j], w[i, j])
            total += x[i, j + 1] * (top + np.log(np.exp(x[i, j] - top) + np.exp(w[i, j] - top)))
    return total


def variance(x):
    m = np.mean(x)
    return np.sum((x - m) ** 2)


def variances(x, w):
    m = np.mean(x, axis=0)
    return np.sum(np.mean((x - m[None]) ** 2, axis=0) * w[0])


VANISH = [
    (log_sum_exp, (X,)),
    (by_rows, (X, W)),
    (kept_axes, (X, W)),
    (softmax, (X, W)),
    (of_two, (X, W)),
    (of_numbers, (0.3, 1.2, -0.4)),
    (in_loops, (X, W)),
    (variance, (X,)),
    (variances, (X, W)),
]


@pytest.mark.parametrize(("f", "args"), VANISH, ids=[f.__name__ for f, _ in VANISH])
def test_what_cancels_is_not_computed(f, args):
    s2sad.check_grads(f, args, order=2)
    assert not any(s in s2sad.grad(f).lower(*args).source for s in ("top_bar", "m_bar", "count_nonzero", "=="))


def twice(x):
    m = np.max(x)
    return 2.0 * m + np.log(np.sum(np.exp(x - m)))


def other_axis(x, w):
    m = np.max(x, axis=1, keepdims=True)
    return np.sum(w * (m + np.log(np.sum(np.exp(x - m), axis=0))))


def of_squares(x):
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m) ** 2))


def weighted(x, w):
    m = np.max(x)
    return m + np.log(np.sum(w**2 * np.exp(x - m))) * np.sum(w)


def left_out(a, b, c):
    top = max(a, b, c)
    return top + np.log(np.exp(a - top) + np.exp(b - top) + c)


def weighted_variance(x, w):
    m = np.mean(x)
    return np.sum(w * (x - m) ** 2)


def of_one_more(x):
    m = np.sum(x) / (x.size + 1)
    return np.sum((x - m) ** 2)


STAY = [
    (twice, (X,)),
    (other_axis, (X, W)),
    (of_squares, (X,)),
    (weighted, (X, W)),
    (left_out, (0.3, 1.2, 0.4)),
    (weighted_variance, (X, W)),
    (of_one_more, (X,)),
]


@pytest.mark.parametrize(("f", "args"), STAY, ids=[f.__name__ for f, _ in STAY])
def test_what_only_looks_alike_is_computed(f, args):
    s2sad.check_grads(f, args, order=2)
    assert any(s in s2sad.grad(f).lower(*args).source for s in ("top_bar", "m_bar"))


def polynomial(x, k, powers, signs, shift):
    """Sums of the powers of `x - m`, over what they are divided by, and `m` itself so many times."""
    m = np.mean(x)
    d = x - m
    total = shift * m
    for p, sign in zip(powers, signs, strict=True):
        total = total + sign * np.sum(d**p * d) / (k + np.sum(d * d)) + np.sum(sign * d) / np.sum(d * d + 1.0)
    return total


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=3),
    st.sampled_from([0.0, 1.0, 0.5]),
    st.floats(0.5, 2.0),
    st.data(),
)
def test_random_sums_of_differences_to_a_mean(powers, shift, k, data):
    signs = data.draw(st.lists(st.sampled_from([-1.0, 1.0, 2.0]), min_size=len(powers), max_size=len(powers)))
    powers, signs = tuple(powers), tuple(signs)
    s2sad.check_grads(lambda x: polynomial(x, k, powers, signs, shift), (X[0],), order=1)


def test_a_long_sum_stays_an_open_question():
    def f(x):
        m = np.max(x)
        total = m
        for p in range(40):
            total = total + np.sum(np.exp(x - m) * (p + 1.0))
        return total

    s2sad.check_grads(f, (X[0] * 0.1,), order=1)
