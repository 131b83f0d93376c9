"""What is compiled for the lengths of one call serves the calls of which the same is true, and no others."""

import itertools
import pickle

import numpy as np
import pytest

import s2sad
from s2sad.dispatch.sharing import SHARED
from s2sad.testing import numerical_jvp

rng = np.random.default_rng(5)
LENGTHS = [(8, 2, 4), (4, 4, 2), (6, 2, 2), (3, 3, 3), (2, 1, 1), (1, 3, 2), (5, 3, 1), (2, 3, 0), (1, 1, 1), (9, 3, 3)]


def clipped(x, y, c):
    h = len(y)
    return np.sum(np.sin(x[:h]) * y) + np.sum(c)


def gates(x, y, c):
    h = len(y)
    return np.sum(np.tanh(x[:h]) * x[h : 2 * h] ** 2 + y)


def rest(x, y, c):
    return np.sum(np.exp(x[2:]) * y * c)


def halves(x, y, c):
    return np.sum(np.sin(x[::2]) * x[1::2] * y)


def middle(x, y, c):
    n = len(x) // 2
    return np.sum(np.sin(x[n:]) * x[:n] + y * c)


def weighted(a, b):
    return np.sin(a) * b[: len(a)]


def called(x, y, c):
    return np.sum(weighted(y, x) ** 2) + np.sum(weighted(x[1:], y)) + np.sum(weighted(c, y))


def chosen(x, y, c):
    z = x[1:] if x[0] > 0.5 else y
    return np.sum(np.sin(z) * y) + np.sum(z * c)


def carried(x, y, c):
    z = x[: len(y)]
    for _ in range(3):
        z = np.sin(z) * y
    return np.sum(z) * np.sum(c)


def last(x, y, c):
    return np.sum(x[-len(y) :] * y) + np.sum(x[: len(x) - len(c)] * c)


FUNCTIONS = [clipped, gates, rest, halves, middle, called, chosen, carried, last]


def arguments(lengths):
    return tuple(rng.uniform(0.2, 1.2, size=n) for n in lengths)


def gradient(f, args):
    """By the complex step, which rounds nothing."""
    found = [np.zeros_like(a) for a in args]
    for k, a in enumerate(args):
        for i in range(len(a)):
            moved = [b.astype(complex) for b in args]
            moved[k][i] += 1e-30j
            found[k][i] = f(*moved).imag / 1e-30
    return found


def holds(f, df, args):
    """Both modes against the complex step; where NumPy raises, both raise."""
    try:
        f(*args)
    except ValueError:
        with pytest.raises(ValueError, match="broadcast"):
            df(*args)
        with pytest.raises(ValueError, match="broadcast"):
            s2sad.jvp(f, args, args)
        return
    wanted = gradient(f, args)
    for got, want in zip(df(*args), wanted, strict=True):
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)
    dot = sum(np.sum(w * a) for w, a in zip(wanted, args, strict=True))
    assert s2sad.jvp(f, args, args)[1] == pytest.approx(dot, rel=1e-12)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_what_was_compiled_for_other_lengths_is_not_taken(f):
    """Each derivative is compiled first for one set of lengths, then called with all."""
    for first in LENGTHS[:4]:
        df = s2sad.grad(f, (0, 1, 2))
        for lengths in [first, *LENGTHS]:
            holds(f, df, arguments(lengths))


@pytest.mark.parametrize("f", [gates, rest, called, carried], ids=lambda f: f.__name__)
def test_second_order(f):
    direction = s2sad.grad(lambda x, y, c: sum(np.sum(np.sin(g)) for g in s2sad.grad(f, (0, 1, 2))(x, y, c)), (0, 1, 2))
    for lengths in [(8, 2, 2), (4, 2, 2), (3, 1, 1), (4, 4, 1)]:
        args = arguments(lengths)
        dots = arguments(lengths)
        try:
            f(*args)
        except ValueError:
            continue
        first = s2sad.grad(f, (0, 1, 2))

        def total(x, y, c, first=first):
            return sum(np.sum(np.sin(g)) for g in first(x, y, c))

        wanted, _ = numerical_jvp(total, args, dots)
        got = sum(np.sum(g * d) for g, d in zip(direction(*args), dots, strict=True))
        np.testing.assert_allclose([got], wanted, rtol=1e-6, atol=1e-8)


def test_nothing_is_summed_where_the_call_says_what_is_equal():
    text = s2sad.grad(gates, (0, 1)).lower(*arguments((8, 2, 3))).source
    assert text.splitlines()[1] == "# lengths n1 >= 2*n2"
    assert "unbroadcast" not in text
    assert "# lengths n1 == n2 + 2" in s2sad.grad(rest, (0, 1)).lower(*arguments((6, 4, 4))).source


def test_nothing_is_asked_where_no_answer_is_used():
    def f(x, k):
        return np.sum(x[:k] ** 2) + np.sum(x[:3]) + np.sum(x[1:] * x[:-1])

    assert "# lengths" not in s2sad.grad(f).lower(np.ones(7), 2).source


def test_calls_that_fit_share_one_text():
    df = s2sad.grad(rest, (0, 1, 2))
    texts = [df.lower(*arguments(lengths)).source for lengths in [(6, 4, 4), (9, 7, 7), (6, 4, 4), (5, 3, 3)]]
    assert len(set(texts)) == 1
    assert df.lower(*arguments((3, 2, 2))).source not in texts


def test_arrays_around_a_function_are_asked_too():
    """A closure's arrays are read anew at each call: its lengths may be others than when it was compiled."""
    x, y = np.linspace(0.1, 0.9, 8), np.linspace(0.5, 1.5, 3)

    def f(w):
        return np.sum(np.sin(x[: len(y)]) * w * y)

    df = s2sad.grad(f)
    for n, m, k in itertools.product((8, 3, 1), (3, 1), (3, 1)):
        x, y = np.linspace(0.1, 0.9, n), np.linspace(0.5, 1.5, m)
        w = np.linspace(1.0, 2.0, k)
        (want,) = gradient(f, (w,))
        assert df(w).shape == want.shape
        np.testing.assert_allclose(df(w), want, rtol=1e-12)


def test_other_calls_find_modules_for_their_lengths_on_disk():
    """As another process does: what this one has in its memory is forgotten."""
    texts = {}
    for _ in range(2):
        for lengths in [(6, 4, 4), (3, 1, 4), (9, 7, 7), (2, 1, 4)]:
            SHARED.known.clear()
            df = s2sad.grad(rest, (0, 1, 2))
            args = arguments(lengths)
            holds(rest, df, args)
            source = df.lower(*args).source
            assert texts.setdefault(lengths, source) == source
    assert texts[6, 4, 4] == texts[9, 7, 7] != texts[3, 1, 4]


def test_a_derivative_that_travelled_is_for_its_lengths():
    df = s2sad.grad(rest, (0, 1, 2))
    df(*arguments((6, 4, 4)))
    again = pickle.loads(pickle.dumps(df))
    for lengths in [(9, 7, 7), (3, 1, 4), (4, 2, 1)]:
        holds(rest, again, arguments(lengths))


def shrinking(x, y):
    """Each call is of an array that is shorter by two: what is true of the first is not of those that it leads to."""
    if len(x) < 4:
        return np.sum(x) * np.sum(y)
    return np.sum(x[: len(y)] * y) + shrinking(x[2:], y)


@pytest.mark.parametrize("lengths", [(9, 3), (10, 6), (8, 1), (4, 4), (3, 2)])
def test_a_function_that_calls_itself_takes_no_length_for_granted(lengths):
    args = arguments(lengths)
    df = s2sad.grad(shrinking, (0, 1))
    try:
        shrinking(*args)
    except ValueError:
        with pytest.raises(ValueError, match="broadcast"):
            df(*args)
        return
    for got, want in zip(df(*args), gradient(shrinking, args), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)


def parts(q):
    n = (len(q) - 2) // 5
    return q[: 2 * n].reshape(2, n), q[2 * n : 3 * n], q[5 * n :]


def split(q):
    rows, row, rest = parts(q)
    return np.sum(np.sin(rows) * row) + np.sum(np.exp(rest))


@pytest.mark.parametrize("n", [7, 11, 12, 2, 1, 33])
def test_slices_by_quotients_of_a_length_are_not_clipped(n):
    """Whatever the length is: `3 * ((n - 2) // 5) <= n`, in the function that cuts and in the one that calls it."""
    df = s2sad.grad(split)
    q = rng.uniform(size=n)
    if n > 1:
        np.testing.assert_allclose(df(q), gradient(split, (q,))[0], rtol=1e-12)
    text = s2sad.grad(split).lower(np.ones(12)).source
    assert "unbroadcast" not in text and "# lengths" not in text


def test_many_examples_at_once():
    """The lengths of an example are asked, not how many there are."""
    per_example = s2sad.vmap(s2sad.grad(rest, (0, 1, 2)))
    for lengths in [(6, 4, 4), (3, 1, 4), (6, 4, 1), (5, 3, 3)]:
        many = tuple(rng.uniform(0.2, 1.2, size=(4, n)) for n in lengths)
        found = per_example(*many)
        for k in range(4):
            for got, want in zip(found, gradient(rest, tuple(a[k] for a in many)), strict=True):
                np.testing.assert_allclose(got[k], want, rtol=1e-12)


def path(y, steps, others):
    states, further = [y], [y]
    for _ in range(steps):
        states.append(np.sin(states[-1]))
    for _ in range(others):
        further.append(np.cos(further[-1]))
    return np.array(states), np.array(further)


def filled(x, y, c):
    first, second = path(c[0], len(y) - 1, len(x) - 3)
    third, fourth = path(c[-1], len(x) - 3, len(y) - 1)
    return np.sum(first * y) + np.sum(second) * np.sum(fourth * y) + np.sum(third * x[2:])


@pytest.mark.parametrize("first", [(8, 4, 3), (6, 4, 2), (4, 1, 2), (2, 2, 1), (3, 1, 1)])
def test_lists_are_as_long_as_the_call_says_that_loops_are(first):
    df = s2sad.grad(filled, (0, 1, 2))
    for lengths in [first, (8, 4, 3), (6, 4, 2), (4, 1, 2), (2, 2, 1), (3, 1, 1), (3, 3, 2), (5, 6, 2)]:
        holds(filled, df, arguments(lengths))
    assert "unbroadcast" not in df.lower(*arguments((8, 4, 3))).source
