"""What the loops of a program must not see: what is written later, and what others wrote into memory of theirs."""

import warnings

import numpy as np
import pytest

import s2sad
from examples.kernels.lstm import sequence_loss
from s2sad.dispatch.sharing import SHARED
from tests.loops.agreement import compare
from tests.loops.programs import loops_of

X = np.random.default_rng(0).normal(size=12)
X[0] = abs(X[0])
M = np.random.default_rng(1).normal(size=(12, 12))
P = np.array([1, 0, 3, 4, 2])


def part_read_behind_a_branch_that_writes(x):
    y = np.sin(x)
    v = y[1:] * 2.0
    z = y
    if x[0] > 0.0:
        z = y.copy()
        z[0] = 5.0
        y[1] = x[2] * 3.0
    return np.sum(v * v) + np.sum(y * z)


def computed_behind_a_branch_that_writes(x):
    y = np.sin(x)
    v = np.cos(y)
    if x[0] > 0.0:
        y[1:] = 3.0 * x[1:]
    return np.sum(v * x) + np.sum(y)


def computed_before_a_loop_that_writes(x, k):
    y = np.sin(x)
    w = y[::-1] * 1.0
    for q in range(k):
        y[q] = x[q + 1] * w[q]
    return np.sum(w * x) + np.sum(y)


def written_on_one_side(x, k):
    y = np.sin(x)
    w = y * 2.0
    for q in range(k):
        if x[q] > 0.0:
            y[q] = 3.0 * x[q + 1]
        else:
            w = w * y
    return np.sum(w * x) + np.sum(y)


def list_that_grows_and_is_written(x, k):
    rows, q = [], 0
    while q < k:
        rows.append(x * q)
        q += 1
    rows[0] = x * 7.0
    s = 0.0
    for row in rows:
        s += np.sum(np.sin(row))
    return s


def diagonals(x, m):
    z = np.zeros((3, 12, 12))
    for t in range(3):
        v = m * t
        for i in range(12):
            z[t, i, i] = np.sin(v[i, i]) * x[i]
    return np.sum(z * 2.0)


def copied_and_written(x):
    z = np.zeros((3, 12))
    s = 0.0
    for t in range(3):
        v = np.sin(x) * t
        z[t] = v
        v[0] = x[1] * 4.0
        s += np.sum(v * v)
    return np.sum(z * z) + s


def views_of_views(x):
    y = np.sin(x)
    v = y[1:]
    w = v[::-1]
    y = y * 1.0
    y[2:5] = w[:3]
    v2 = y[1:]
    y[1] = 4.0 * x[0]
    return np.sum(v2 * w)


def index_of_itself(x, p):
    q = p + 0
    q[q] = 3
    return np.sum(x[q] * q)


def index_of_itself_backwards(x, p):
    q = p * 1
    q[q[::-1]] += 1
    return np.sum(x[q % 5])


def lists_of_other_lengths(x, k):
    outer = []
    for a in range(k):
        middle = []
        for b in range(4):
            inner = []
            for c in range(3):
                inner.append(np.sin(x * (a + b * c)))
            middle.append(inner)
        outer.append(middle)
    s = 0.0
    for middle in outer:
        for inner in middle:
            for v in inner:
                s = 0.5 * s + np.sum(v)
    return s


def kept_on_one_side_in_two_loops(x, m):
    y = m.copy()
    for a in range(3):
        for b in range(4):
            if x[b] * x[a] > 0.0:
                y[3 - b] = np.tanh(y[a] * np.sin(x))
    return np.sum(y * m)


def no_iterations(x, n):
    s = 0.0
    for t in range(5, n):
        d = np.zeros(n - 5)
        d[0] = x[0] * t
        s += np.sum(d)
    return s + x[1]


def under_a_manager(x):
    y = np.sin(x)
    with np.errstate(all="ignore"):
        z = np.log(y) * x
        y = y * 2.0
    return np.sum(y) + np.sum(np.where(z > 0, z, 0.0))


def arrays_that_change_places(x, k):
    u, v, w = np.sin(x), np.cos(x), x * 2.0
    for _ in range(k):
        u, v, w = v, w, u
        u[0] += v[1]
        w[1:] = 0.5 * u[:-1]
    return np.sum(u * v) + np.sum(w * w)


def few_elements_of_a_branch(x, k):
    p, q, m = x[:3] * 1.0, np.array([[1.0, x[0]], [x[1], 2.0]]), x[:2].copy()
    for t in range(k):
        if p[1] * t < x[t]:
            p, q = np.sin(p) + q[0, 1], q.T
            m[0] = p[2]
        else:
            q, m = q * 0.5, m[::-1] * x[t]
    while np.sum(p) < 2.0:
        p = p + 1.0 if m[0] > x[2] else p + 0.5
    return np.sum(p * x[:3]) + np.sum(q @ m)


def number_beside_an_array_of_no_axes(x, k):
    m = np.zeros(())
    for t in range(k):
        m = m + x[t]
    n = np.zeros(()) if m > 0.3 else x[1] * 3.0
    return m * np.sum(x) + n * x[0]


PROGRAMS = [
    (few_elements_of_a_branch, (X, 4)),
    (few_elements_of_a_branch, (-X, 5)),
    (number_beside_an_array_of_no_axes, (X, 4)),
    (number_beside_an_array_of_no_axes, (-X, 4)),
    (part_read_behind_a_branch_that_writes, (X,)),
    (part_read_behind_a_branch_that_writes, (-X,)),
    (computed_behind_a_branch_that_writes, (X,)),
    (computed_behind_a_branch_that_writes, (-X,)),
    (computed_before_a_loop_that_writes, (X, 4)),
    (written_on_one_side, (X, 5)),
    (written_on_one_side, (X, 0)),
    (list_that_grows_and_is_written, (X, 3)),
    (list_that_grows_and_is_written, (X, 40)),
    (diagonals, (X, M)),
    (copied_and_written, (X,)),
    (views_of_views, (X,)),
    (index_of_itself, (X, P)),
    (index_of_itself_backwards, (X, P)),
    (lists_of_other_lengths, (X, 2)),
    (kept_on_one_side_in_two_loops, (X, M)),
    (kept_on_one_side_in_two_loops, (X[:5], M[:5, :5])),
    (no_iterations, (X, 2)),
    (no_iterations, (X, 8)),
    (under_a_manager, (X,)),
    (arrays_that_change_places, (X, 4)),
]
OPERATORS = {"value_and_grad": s2sad.value_and_grad, "hessian": s2sad.hessian}


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=[*OPERATORS])
@pytest.mark.parametrize("function, args", PROGRAMS)
def test_loops_give_the_numbers_of_the_program(function, args, operator):
    assert compare(lambda **k: operator(function, **k), args) == "agree"


def raised(x):
    with np.errstate(all="raise"):
        return np.sum(np.log(x))


def of_another_rank(x):
    y = x if len(x) > 3 and x[0] > 0.0 else x[1]
    return np.sum(y * 2.0)


REFUSED = [(raised, "errstate"), (of_another_rank, "")]


@pytest.mark.parametrize("function, word", REFUSED)
def test_what_loops_cannot_say_is_refused(function, word):
    answer = compare(lambda **k: s2sad.grad(function, **k), (np.abs(X),))
    assert answer.startswith("refused") and word in answer


def test_the_same_program_has_the_same_text(tmp_path, monkeypatch):
    """Whatever lies where in memory: what is stored first, and which length is named first, is the program's."""
    rng = np.random.default_rng(0)
    args = [rng.normal(size=s) for s in ((16, 3), (16, 4), 16, (5, 3), (5, 4))]
    texts, kept = set(), []
    for k in range(3):
        SHARED.known.clear()
        monkeypatch.setenv("S2SAD_CACHE_DIR", str(tmp_path / str(k)))
        kept += [object() for _ in range(1000 * k)]
        texts.add(s2sad.grad(sequence_loss, argnums=(0, 1, 2), backend="native").lower(*args).source)
    assert len(texts) == 1


def largest(x):
    return np.max(x) * 2.0


def place_of_least(x):
    return x[0] * np.argmin(x[1:], axis=0)


@pytest.mark.parametrize("f, length", [(largest, 0), (place_of_least, 1)])
def test_nothing_has_no_largest_number(f, length):
    """A length that is known to be 0 is asked for as others are."""
    function, text = loops_of(f, (np.zeros(length),))
    space = {}
    exec(text, space)
    with pytest.raises(AssertionError):
        space[function.name](np.zeros(length))


def said_in_an_exception(x):
    total = 0.0
    for k in range(len(x)):
        if x[k] > 9.0:
            raise ValueError(f"number {k} is " + str(x[k]) + " of %d" % len(x))  # noqa: UP031  (a program of the user's)
        total = total + x[k] ** 2
    assert total > 0.0, f"nothing but zeros: {len(x)}"
    return total


def test_what_exceptions_say_is_left_to_python():
    assert compare(lambda **k: s2sad.value_and_grad(said_in_an_exception, **k), (X,)) == "agree"


def beside_places(x):
    return np.sum(x * np.arange(len(x))) + np.sum(np.where(x > x[0], x, np.arange(len(x))[::-1] * 0.1))


@pytest.mark.parametrize(
    "x", [X.astype(np.float32), (np.arange(12) << 26).astype(np.int32)], ids=lambda x: x.dtype.name
)
def test_an_array_of_places_has_its_dtype(x):
    """Beside a float32 or int32 a number of Python's has the dtype of that, an integer of an array has its own."""
    assert compare(lambda **k: s2sad.jit(beside_places, **k) if k else beside_places, (x,)) == "agree"


def test_a_repeated_list_of_arrays_that_may_differ_is_left_to_numpy():
    def f(x, m):
        return np.sum((np.stack([x] * m.shape[1], axis=1) + m) ** 2) * float(len(x[:-1]))

    args = np.linspace(0.1, 1.0, 3), np.ones((3, 5))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value, pullback = s2sad.vjp(lambda x, m: f(x[x > 0.0], m), *args, backend="native")
    expected, reference = s2sad.vjp(lambda x, m: f(x[x > 0.0], m), *args)
    assert value == pytest.approx(expected, rel=1e-13)
    for one, two in zip(pullback(1.0), reference(1.0), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-12)
