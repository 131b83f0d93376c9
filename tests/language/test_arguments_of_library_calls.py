"""Every argument of a call of the library matters: it has its effect, or the call is refused; none is dropped."""

import collections
import copy
import functools
import itertools
import operator
import warnings

import numpy as np
import pytest

import s2sad
from tests.against_python import check, check_or_refused, programs

NUMBER = np.float64(0.123456)


def honours_round_of_a_known_number(x):
    return np.sum(x * NUMBER.round(decimals=2)) + x[0] * np.float64(1.2345).round(2)


def honours_round_by_name(x):
    return np.sum(x * round(1.23456, ndigits=2)) + round(x[0], ndigits=1) * x[1]


def honours_sum_of_a_known_number(x):
    return np.sum(x * np.float64(2.0).sum(initial=3.0)) * np.float64(2.0).clip(max=1.5)


def honours_bytes_of_a_known_number(x):
    return np.sum(x) * len((3).to_bytes(length=4, byteorder="big"))


def honours_index_with_limits(x):
    a = [1, 2, 1]
    squares = [v * v for v in x]
    return x[a.index(1, 1)] * x[0] + squares[squares.index(x[3] * x[3], -2)] * x[squares.index(x[1] * x[1], 0, -1)]


def honours_key_that_is_none(x):
    return max([x[0], x[1]], key=None) ** 2 * sorted([x[0], x[1]], key=None)[0]


def honours_names_of_what_must_be_given(x):
    y, total = x * 1.0, 0.0
    np.put(a=y, ind=[0, 1], v=[2.0, 3.0])
    np.copyto(dst=y[2:], src=x[:2] * x[2:])
    for k, v in enumerate(iterable=x, start=2):
        total += k * v * v
    return np.sum(x * y) + total


def honours_cache_and_wraps(x):
    @functools.lru_cache(maxsize=8)
    def successor(k):
        return k + 1

    def same(function):
        @functools.wraps(function, updated=())
        def wrapper(*args, **kw):
            return function(*args, **kw)

        return wrapper

    @same
    def scaled(v, *, s=1.0):
        return v * v * s

    return scaled(x[successor(0)], s=2.0)


def honours_number_of_items(x):
    return np.sum(np.fromiter((v * v for v in x), dtype=float, count=2))


def honours_type_of_a_vectorized_function(x):
    whole = np.vectorize(lambda v: v * 2.7, otypes=[int])(x)
    return np.sum(whole * x) + np.sum(np.vectorize(lambda v: 1 if v > 1 else 2, otypes=[float])(x) * x)


def honours_what_fills_the_shorter(x):
    pairs = itertools.zip_longest([x[0], x[1]], [x[2]], fillvalue=x[3])
    return sum(a * b for a, b in pairs) * sum(1 if b is None else 2 for _, b in itertools.zip_longest([1, 2], [x[2]]))


def honours_count_and_membership(x):
    squares = [v * v for v in x]
    whole = [round(v) for v in x]
    found = x[1] ** 3 if x[1] * x[1] in squares and 17.0 not in squares and x[2] in x else x[0]
    return whole.count(1) * found + (x[2] if operator.contains([1, 2], 2) else x[0])


def honours_removal(x):
    squares, numbers = [v * v for v in x], [1, 2, 3]
    squares.remove(max(squares))
    numbers.remove(2)
    return sum(squares) ** 2 * x[numbers[1]]


def honours_index_of_a_list_that_grows(x):
    a = [x[i] ** 2 for i in range(int(x[0]) + 3)]
    return a[0] * a.index(max(a)) + a[a.index(max(a))]


def honours_warnings(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=RuntimeWarning, append=False)
        warnings.warn("hello", RuntimeWarning, stacklevel=2)
        return x[0] ** 2


@pytest.mark.parametrize("f", programs(globals(), "honours_"))
def test_an_argument_has_its_effect(f):
    check(f)


def honours_put_that_wraps(x):
    y = x * 1.0
    np.put(y, [5, 2], [1.0, 2.0], mode="wrap")
    return np.sum(y * x)


def honours_put_that_clips(x):
    y = x * 1.0
    y.put([5, 2], x[:2], mode="clip")
    return np.sum(y * x)


def perhaps_iterator_with_a_sentinel(x):
    return sum(iter(lambda: 1, 1)) + x[0]


def perhaps_copy_with_a_memo(x):
    return copy.deepcopy([x[0]], memo=None)[0] ** 2


def perhaps_diagonal_that_wraps(x):
    a = np.zeros((6, 2))
    np.fill_diagonal(a, x[0], wrap=True)
    return np.sum(a) * x[1]


def perhaps_deque_of_a_length(x):
    d = collections.deque(x[:3], maxlen=2)
    return d[0] * d[1]


@pytest.mark.parametrize("f", programs(globals(), "perhaps_"))
def test_an_argument_has_its_effect_or_is_refused(f):
    check_or_refused(f)


def test_an_iterator_that_is_too_short():
    def too_few(x):
        return np.sum(np.fromiter((v * v for v in x[1:]), float, len(x)))

    with pytest.raises(ValueError, match="iterator too short"):
        s2sad.grad(too_few)(np.ones(3))
