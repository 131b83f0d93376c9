"""Programs as libraries write them: what is known only by the call, what may fail and does not, tables of numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special
from scipy.linalg import block_diag

import s2sad

TABLE = [0.1 * k for k in range(30)]
POWERS = tuple(range(20))
EDGES = [0.0, 1.0, 2.0]


def blocks(q, n):
    return block_diag(*[[[q, 1.0], [2.0, q]]] * n)


def blocks_for_items(q, xs):
    return block_diag(*[q] * len(xs)) @ np.repeat(xs, 2)


def blocks_of_a_loop(q, n):
    found = []
    for i in range(n):
        found.append(q * i)
    return block_diag(*found)


def a_shape_of_many(x, d):
    return np.sum(np.ones((2,) * d) * x)


def padded(x):
    return np.vstack((x, ((0.0,) * (x.shape[1] - 1)) + (1.0,)))


def lists_for_each(x, n):
    rows = [[x, 1.0]] * n
    return sum(r[0] for r in rows)


def number_or_power(a, p):
    found = np.sign(a) * np.abs(a) ** p
    found = 0 if np.ndim(found) == 0 and np.isnan(found) else found
    return np.asarray(found) if isinstance(found, np.ndarray) else np.float64(found)


def only_with_lengths(x, y, width=None, height=None):
    if x * y < 1e7 and height is not None and width is not None:
        return x * (width / height) ** 0.25
    return x**0.33 * y


def with_a_callback(x, callback=None):
    while x < 10 and callback is not None:
        x = callback(x)
    return x * x


def between_edges(x):
    for i in range(len(EDGES)):
        low, high = EDGES[i], EDGES[i + 1]
        if low <= x <= high:
            return low * x * x + high * x
    return x


def without_a_key(x, p):
    return x * p["nothing"] if x > 5 else x * p["gain"]


def without_weights(x, w=None):
    if x > 5:
        return x * w
    return x * x


def asks_for_a_dimension(x):
    try:
        n = x.ndim
    except AttributeError:
        n = 5
    return n * x


def asks_for_what_nothing_has(x):
    s = np.sum(x)
    try:
        e = np.finfo(s.type).eps
    except (AttributeError, ValueError):
        e = 0.5
    return s * s * e


def asks_for_items(x):
    try:
        return sum(v * v for v in x)
    except TypeError:
        return x * x


def asks_for_the_first(x):
    try:
        return x[0] * 2
    except (TypeError, IndexError):
        return x * x


def asks_for_a_length(x):
    try:
        n = len(x)
    except AttributeError:
        n = 7
    except TypeError:
        n = 3
    return np.sum(x * x) * n


def horner(x):
    s = 0.0
    for c in TABLE:
        s = s * x + c
    return s


def powers(x):
    s = 0.0
    for c, k in zip(TABLE, POWERS, strict=False):
        if c * x > 1.3:
            s += c * x**k
        else:
            s -= x * k
    return s


def until(x):
    for i, c in enumerate(reversed(TABLE)):
        if c * x < 1.0:
            return x * c + i
    return x


def table_of_keys(x):
    weights = {k: 2.0 * k for k in POWERS}
    s = 0.0
    for k in POWERS:
        s += weights[k] * x**2
    return s


def changed_on_the_way(x):
    xs = list(TABLE)
    for i, c in enumerate(xs):
        xs[i] = c * x
        xs[0] = x * x
    return sum(xs)


def imports_another(x):
    import tests.programs.test_found_programs
    from tests.programs import test_found_programs as found
    from tests.programs.test_found_programs import one_item

    return one_item(x * x) * found.log_sum(x) + tests.programs.test_found_programs.scaled(x)


def newton(func, x, fprime=None, args=()):
    both = fprime == True  # noqa: E712  (as it is found)
    for _ in range(5):
        if both:
            value, slope = func(x, *args)
        else:
            value = func(x, *args)
            slope = fprime(x, *args)
        x = x - value / slope
    return x


def root_with_slope(a):
    return newton(lambda x, a: (x * x - a, 2 * x), 1.0, True, (a,))


def root_by_slope(a):
    return newton(lambda x, a: x * x - a, 1.0, fprime=lambda x, a: 2 * x, args=(a,))


def within(x, y, rtol):
    return np.sum(np.where(np.isclose(x, y, rtol, 1e-8), x * x, x * y)) * (1 + np.allclose(x, y, rtol=rtol))


V, M = np.array([1.0, 2.0, 3.0]), np.array([[1.0, 2.0], [3.0, 4.0]])
PROGRAMS = [
    (blocks, (0.3, 3)),
    (blocks_for_items, (M, V)),
    (blocks_of_a_loop, (M, 3)),
    (a_shape_of_many, (2.0, 3)),
    (padded, (np.ones((3, 3)),)),
    (lists_for_each, (2.0, 3)),
    (number_or_power, (-2.0, 2)),
    (number_or_power, (np.array([1.0, -2.0]), 0.3)),
    (only_with_lengths, (0.7, 3.2e6)),
    (only_with_lengths, (0.7, 3.2, 1.0, 10.0)),
    (with_a_callback, (3.0,)),
    (with_a_callback, (3.0, lambda x: x * 1.5)),
    (between_edges, (1.5,)),
    (without_a_key, (1.5, {"gain": 2.0})),
    (without_weights, (1.5,)),
    (asks_for_a_dimension, (2.0,)),
    (asks_for_a_dimension, (V,)),
    (asks_for_what_nothing_has, (V,)),
    (asks_for_a_length, (2.0,)),
    (asks_for_a_length, (V,)),
    (asks_for_items, (2.0,)),
    (asks_for_items, (V,)),
    (asks_for_the_first, (2.0,)),
    (asks_for_the_first, (V,)),
    (horner, (0.9,)),
    (powers, (0.97,)),
    (until, (0.97,)),
    (table_of_keys, (0.97,)),
    (changed_on_the_way, (0.97,)),
    (imports_another, (V,)),
    (root_with_slope, (2.0,)),
    (root_by_slope, (2.0,)),
    (within, (V, np.array([1.01, 2.6, np.pi]), 0.2)),
    (within, (V, np.array([1.01, 2.1, np.pi]), 0.2)),
    (lambda x: special.lambertw(x, k=-1).real, (-0.2,)),
]


@pytest.mark.parametrize(("f", "args"), PROGRAMS)
def test_both_modes_and_second_order(f, args):
    s2sad.check_grads(f, args, order=2)


@pytest.mark.parametrize(
    ("f", "args", "error"),
    [
        (between_edges, (2.5,), IndexError),
        (without_a_key, (5.5, {"gain": 2.0}), KeyError),
        (without_weights, (5.5,), TypeError),
    ],
)
def test_what_fails_in_a_branch_fails_where_that_is_taken(f, args, error):
    with pytest.raises(error):
        f(*args)
    with pytest.raises(error):
        s2sad.grad(f)(*args)


def test_what_fails_always_is_an_error_of_the_compiler():
    with pytest.raises(s2sad.Error, match="no key 'nothing'"):
        s2sad.grad(lambda x: x * {"gain": x}["nothing"])(1.5)


def test_a_loop_over_a_table_stays_a_loop():
    assert len(s2sad.grad(powers).lower(0.97).source.splitlines()) < 40
    assert "list(TABLE)" in s2sad.grad(horner).lower(0.97).source


def first(d, x):
    n = d.get("a", 0)
    return second(d, x) * n


def second(d, x):
    for _ in range(d["a"]):
        x = x * x
    return [np.sin, np.cos][d["a"] - 1](x)


def test_an_integer_in_a_dict_is_known_to_who_is_called():
    assert s2sad.grad(first, argnums=1)({"a": 1}, 0.5) == pytest.approx(np.cos(0.25), rel=1e-12)
