"""Lengths that the compiler takes to be equal because of a store, and signs of integers that loops carry."""

import itertools

import numpy as np
import pytest

import s2sad


def strided(x, y, i, j, m):
    a = x.copy()
    m = m * 1
    t = a[i::m] - y[j::m] ** 2
    a[i::m] = t * y[j::m]
    return np.sum(a * a)


def updated(x, y, i, j, m):
    a = x.copy()
    m = m * 1
    a[i::m] += np.sin(y[j::m])
    return np.sum(a**3)


def in_a_branch(x, y, i, j, m):
    m = m * 1
    a = x.copy()
    t = a[i::m] * y[j::m]
    if i > 0:
        a[i::m] = t
    return np.sum(a * a) + np.sum(t)


def in_sibling_branches(x, y, i, j, m):
    m = m * 1
    a = x.copy()
    if i > 0:
        a[i::m] = a[i::m] * y[j::m]
    else:
        return np.sum((a[i::m] * y[j::m]) ** 2)
    return np.sum(a * a)


def product_of(x, y, i, j, m):
    a = x.copy()
    t = a[i::m] * y[j::m]
    a[i::m] = t
    return np.sum(a * a) + np.sum(t)


def caught(x, y, i, j, m):
    m = m * 1
    total = np.sum(x[i::m] * x[i::m])
    try:
        total = product_of(x, y, i, j, m)
    except ValueError:
        total = total + 1.0
    return total


def in_a_loop(x, y, i, j, m):
    a = x.copy()
    for k in range(1, m + 1):
        h = k // 2
        t = a[i + h :: k] * y[j + h :: k]
        a[i + h :: k] = t
    return np.sum(a * a)


def butterflies(x, y, i, j, m):
    a = x.copy()
    for k in range(i, i + m):
        t = np.sin(a[k + j :: m]) * y[0]
        a[k + j :: m] = a[k::m] - t
        a[k::m] += t
    return np.sum(a * a)


PROGRAMS = [butterflies, strided, updated, in_a_branch, in_sibling_branches, caught, in_a_loop]
SIZES = list(itertools.product((1, 4, 5), (1, 2, 4, 5), (0, 1), (0, 1), (1, 2, 4)))


@pytest.mark.parametrize("f", PROGRAMS)
def test_stores_equate_lengths_only_where_they_must_be_equal(f):
    rng = np.random.default_rng(0)
    gradient, done = s2sad.grad(f, argnums=(0, 1)), 0
    for n, k, i, j, m in SIZES:
        x, y = rng.normal(size=n), rng.normal(size=k)
        try:
            f(x, y, i, j, m)
        except ValueError:
            with pytest.raises(ValueError, match="broadcast|shape"):
                gradient(x, y, i, j, m)
            continue
        done += 1
        s2sad.check_grads(f, (x, y, i, j, m))
        direction = rng.normal(size=n), rng.normal(size=k)
        _, slope = s2sad.jvp(f, (x, y, i, j, m), (*direction, 0, 0, 0))
        found = gradient(x, y, i, j, m)
        np.testing.assert_allclose(sum(np.sum(a * b) for a, b in zip(found, direction, strict=True)), slope)
    assert done > 40


def test_what_a_store_settles_needs_no_helper():
    assert "unbroadcast" not in s2sad.grad(butterflies).lower(np.ones(4), np.ones(4), 0, 2, 2).source


def counted_down(x):
    a, k, t = x.copy(), 0, 0.0
    for _ in range(3):
        k -= 1
    for i in range(2):
        t = t + a[k] ** 2
        a[k + 4] = 7.0 + i
    return t + np.sum(a)


def counted_down_in_a_while(x):
    a, k, t = x.copy(), 1, 0.0
    while k > -3:
        k -= 1
        t = t + a[k] ** 2 * 2.0**k
        a[k + 3] = a[k + 3] * a[k]
    return t + np.sum(a)


def from_a_range_below_zero(x):
    a, t = x.copy(), 0.0
    for k in range(-2, 1):
        t = t + a[k] ** 2
        a[k + 3] = 3.0 * a[k + 2] * 2**k
    return t + np.sum(a)


@pytest.mark.parametrize("f", [counted_down, counted_down_in_a_while, from_a_range_below_zero])
def test_integers_that_go_below_zero_count_from_the_end(f):
    s2sad.check_grads(f, (np.arange(1.0, 5.0),), order=2)
