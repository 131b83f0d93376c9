"""Ways of writing that a reader expects: each with a program, what its gradient says, and what it does not."""

import numpy as np
import pytest

import s2sad


def quotient(a, b):
    return np.sin(a / b)


def quotients(x, s):
    y = x / s
    return np.sum(y * y)


def scaled(x, w):
    return w * np.sum(x**2)


def differences(points):
    d = points[:, None, :] - points[None, :, :]
    return np.sum(np.sqrt(np.sum(d * d, axis=-1) + 1.0))


def weighted_rows(r):
    return np.sum(r * r * np.arange(1.0, len(r) + 1.0))


def filled(x, w):
    y = np.zeros(len(x) - len(w) + 1)
    for i in range(len(y)):
        y[i] = x[i : i + len(w)] @ w
    return np.sum(y**2)


def halved(x):
    while x > 0.7:
        x = x * 0.5
    return x


def halved_each(x, n):
    total = 0.0
    for i in range(n):
        y = x + i
        while y > 0.7:
            y = y * 0.5
        total += y
    return total


def counted_by_itself(x):
    n = 0
    while x < 100.0:
        x = x * 2.0
        n += 1
    return x * n


def decayed(x, n):
    for _ in range(n):
        x = x * 0.9
    return x


def power(x, n):
    if n == 0:
        return 1.0
    return x * power(x, n - 1)


def flattened(m):
    return np.sum(np.sin(m[1:]).reshape(2, 2)[0])


def masked(x):
    return np.sum(x[x > 0.0]) + x[0] ** 2


def contracted(a, b):
    return np.sum(np.einsum("ij,jk->ik", a, b) ** 2)


def filtered(A, x, zs):
    total = 0.0
    for z in zs:
        x = A @ x
        r = z - x
        total += r @ r
        x = x + 0.5 * r
    return total


def weighted_items(xs):
    total = 0.0
    for i in range(len(xs)):
        total = 0.5 * total + np.sin(xs[i] * (i + 1))
    return total


def recurrent(params, xs):
    h = np.zeros(len(params["b"]))
    for x in xs:
        h = np.tanh(params["W"] @ h + params["b"] * x)
    return np.sum(h)


def layer(p, x):
    return np.tanh(p["W"] @ x + p["b"])


def layers(params, x):
    for _ in range(3):
        x = layer(params, x)
    return np.sum(x)


def layers_twice(params, x):
    for _ in range(3):
        x = layer(params, layer(params, x))
    return np.sum(x)


def key_and_name(params, x):
    W = 2.0 * x
    return params["W"] ** 2 * W**2


def stored_twice(x, n):
    a, b = np.zeros(n), np.zeros(n)
    for k in range(n):
        s = np.sin(x * k)
        a[k] = s
        b[k] = s
    return np.sum(a * b)


def shrunk(x):
    y = x.copy()
    y[y < 0.0] *= 0.1
    return np.sum(y**2)


def reciprocal(x):
    return np.sum(1.0 / (1.0 + np.exp(-x)))


def product_and_quotient(x, y):
    s = x * y
    return s * np.sin(s) + s / y


def moving_average(w, xs):
    m, v = 0.0, 0.0
    for x in xs:
        m = 0.9 * m + 0.1 * (2 * (w * x - 1) * x)
        v = 0.9 * v + 0.2 * (2 * (w * x - 1) * x) ** 2
        w = w - m / (np.sqrt(v) + 0.1)
    return w


def slopes(x):
    return np.sum(np.diff(x, n=2) ** 2)


def diagonal(m):
    return np.sum(np.log(np.diag(m)))


def turned(x, A, B):
    return np.sum(np.sin(x @ A)) + np.sum(np.cos(x @ B))


def turned_and_changed(x, A):
    y = x * 2.0
    t = np.sum(y.T @ A)
    y[0] = 1.0
    return t * np.sum(y.T @ y.T @ A) + np.sum(y.T[0])


def neighbours(x, w):
    r = np.zeros(len(x) + 1)
    for i in range(1, len(x) + 1):
        r[i] = r[i - 1] * w + x[i - 1] ** 2 * r[i - 1] + x[i - 1]
    return r[len(x)]


def stored_and_decided_on(x, n):
    total = 0.0
    taken = np.zeros(n, dtype=bool)
    for i in range(n):
        ahead = x * i > 0.5
        taken[i] = ahead
        if ahead:
            total += np.sin(x * i)
    return total * np.sum(taken)


def pulled(x):
    gap = x[:, None] - x[None, :]
    return np.sum(np.exp(-gap * gap) * gap**3)


def columns(a):
    for j in range(1, a.shape[1]):
        for k in range(j):
            column = a[:, k]
            a[:, j] -= column * (column @ a[:, j])
    return np.sum(a**2)


def shifted(y, c):
    for _ in range(2):
        tail = y[1:]
        y[:-1] = tail * c + tail[::-1] * c
    return np.sum(y * y)


def elements(a, b):
    d = 1.0
    for j in range(1, len(b)):
        d = b[j] - a[j] * d * np.sin(a[j])
    return d


def changed_elements(a, s):
    b = a * 2.0
    for j in range(1, len(a)):
        t = b[j] * s
        b[j] = t * b[j - 1]
        b[j - 1] = t * t + b[0]
    return b[0] * np.sum(b)


def smoothed(w, xs):
    for x in xs[1:]:
        w = np.sin(w) + x
    return np.sum(w)


def fed(x):
    y = x * 1.0
    for v in y[1:]:
        y[2] = y[2] + v * v
    return np.sum(y)


def taken_and_cleared(x):
    y = np.ones(len(x))
    for _ in range(2):
        for i in range(1, len(x)):
            y[i] = np.sin(x[i]) * y[i - 1] + x[i]
    return y[len(x) - 1]


def through(x, w, offset, factor):
    return np.tanh(x @ w + offset) * factor


def wide_call(x, weights, offset, factor):
    first = np.maximum(through(x, weights, offset, factor), 0.0)
    return np.sum(np.maximum(through(first, weights, offset, factor), 0.0))


def three_heads(x, A, B, C):
    s = np.zeros_like(x)
    for a, b, c in zip(A, B, C, strict=True):
        s += np.tanh(x @ a) * np.sin(x @ b) * (x @ c)
    return np.sum(s)


R = np.random.default_rng(3).normal
PARAMS = {"W": R(size=(2, 2)), "b": R(size=2)}
CASES = [
    (quotient, (1.3, 0.7), (0, 1), ["b_bar = -a_bar * v1"], ["(-v1 / b)"]),
    (quotients, (R(size=4), 0.7), (0, 1), ["s_bar = -np.sum(x_bar * y)"], ["-y / s"]),
    (scaled, (R(size=4), 0.7), 0, ["x_bar = 2.0 * w * x"], ["(2.0 * x)"]),
    (differences, (R(size=(3, 2)),), 0, ["- np.sum(d_bar, axis=0)"], ["keepdims", "zeros_like", "np.expand_dims"]),
    (weighted_rows, (R(size=(3, 3)),), 0, ["r_bar = 2.0 * v3 * r"], ["np.broadcast_to", "_bar *"]),
    (filled, (R(size=6), R(size=3)), (0, 1), ["for i in reversed(range(len(y))):"], [".copy()"]),
    (halved, (9.0,), 0, ["count += 1", "for _ in range(count):"], ["append", "reversed"]),
    (halved_each, (9.0, 3), 0, ["counts.append(count)", "for _ in range(count):"], ["ys"]),
    (counted_by_itself, (1.5,), 0, ["for _ in range(n):"], ["append", "count +="]),
    (decayed, (1.5, 3), 0, ["for _ in range(n):"], ["reversed"]),
    (power, (1.5, 3), 0, ["v1, x_grad = power_value_and_grad(x, n - 1)"], ["not n", "kept"]),
    (flattened, (R(size=5),), 0, ["np.ravel("], ["reshape(v"]),
    (masked, (R(size=5),), 0, ["+= 1.0"], ["broadcast_to"]),
    (contracted, (R(size=(2, 3)), R(size=(3, 2))), (0, 1), ["return a_bar, b_bar"], ["np.array("]),
    (filtered, (R(size=(2, 2)), R(size=2), R(size=(4, 2))), (0, 1), ["x_bar = A.T @ x_bar"], ["x_bar_2"]),
    (
        recurrent,
        (PARAMS, R(size=3)),
        0,
        ['"W": h_sum_bars.T @ np.array(hs)', '# h = np.tanh(params["W"] @ h'],
        ["v1_bar"],
    ),
    (layers, (PARAMS, R(size=2)), 0, ['{"W": v2_bars.T @ np.array(xs), "b": np.sum(v2_bars, axis=0)}'], ["_bar_2"]),
    (layers_twice, (PARAMS, R(size=2)), 0, ['W_bar += params_bar["W"]'], []),
    (key_and_name, ({"W": 1.3}, 0.7), 0, ["W = 2.0 * x"], ["W_2"]),
    (stored_twice, (0.7, 3), 0, ["s_bar = a + b", "return s_bar * np.cos(x * k) @ k"], ["v1"]),
    (shrunk, (R(size=5),), 0, ["y_bar[y_less] = 0.0"], ["y_less.copy()"]),
    (reciprocal, (R(size=3),), 0, ["x_bar = v4 * (1.0 - v4)"], ["-v"]),
    (product_and_quotient, (1.3, 0.7), (0, 1), ["y_bar = s_bar * x - v3 / y"], ["-v3"]),
    (moving_average, (0.3, R(size=4)), 0, ["m_prod = 2 * (w * x - 1) * x", "0.1 * m_prod"], ["m_prod_2"]),
    (slopes, (R(size=6),), 0, ["np.diff(np.pad(2.0 * v1, 2), n=2)"], [" - np.pad"]),
    (diagonal, (np.eye(3) + 0.5,), 0, ["np.arange(len(v1_bar))"], [".shape["]),
    (turned, (R(size=(2, 3)), R(size=(3, 2)), R(size=(3, 4))), (1, 2), ["x.T @"], ["x.T\n"]),
    (turned_and_changed, (R(size=(2, 2)), R(size=(2, 2))), (0, 1), [], []),
    (neighbours, (R(size=3), 0.7), (0, 1), ["r_bar[i - 1] =", "x_bar[i - 1] ="], ["= i - 1"]),
    (stored_and_decided_on, (0.3, 4), 0, ["if "], []),
    (pulled, (R(size=4),), 0, ["np.sum(gap_bar, axis=1) - np.sum(gap_bar, axis=0)"], ["x_bar -="]),
    (elements, (R(size=3), R(size=3)), (0, 1), ["b[j] - a[j] *"], ["= a[j]\n", "= b[j]\n"]),
    (changed_elements, (R(size=4), 0.7), (0, 1), [], []),
    (smoothed, (R(size=2), R(size=(4, 2))), 0, ["for x in xs[1:]:"], ["= xs[1:]", "len("]),
    (fed, (R(size=4),), 0, [], []),
    (taken_and_cleared, (R(size=4),), 0, [", y_bar[i_2] = y_bar[i_2], 0.0"], ["\n            y_bar[i_2] = 0.0"]),
    (
        wide_call,
        (R(size=(4, 2)), R(size=(2, 2)), R(size=2), R(size=2)),
        (0, 1),
        ["through_reverse("],
        ["through_reverse(\n"],
    ),
    (columns, (R(size=(3, 3)),), 0, ["= a_2[:, k]\n"], [", k].copy()"]),
    (shifted, (R(size=4), 0.7), 0, ["= y_bar[:-1].copy()"], ["y[1:].copy()"]),
    (
        three_heads,
        (R(size=(2, 2)), R(size=(2, 2, 2)), R(size=(2, 2, 2)), R(size=(2, 2, 2))),
        0,
        [".T + "],
        [],
    ),
    (
        weighted_items,
        (R(size=4),),
        0,
        ["# total = 0.5 * total + np.sin(xs[i] * (i + 1))", "* (i + 1)"],
        ["v1", "* i + 1"],
    ),
]


@pytest.mark.parametrize(("f", "args", "argnums", "says", "says_not"), CASES, ids=[c[0].__name__ for c in CASES])
def test_text(f, args, argnums, says, says_not):
    s2sad.check_grads(f, args, order=1)
    text = s2sad.grad(f, argnums).lower(*args).source
    assert [s for s in says if s not in text] == []
    assert [s for s in says_not if s in text] == []


AXES = [{}, {"axis": 0}, {"axis": -1}, {"axis": (0, 2)}, {"axis": 1, "keepdims": True}, {"keepdims": True}]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("static", AXES, ids=str)
@pytest.mark.parametrize("extremum", [np.max, np.min])
def test_ties_share_the_gradient_of_an_extremum(extremum, static, dtype):
    x = np.random.default_rng(5).integers(0, 3, (3, 4, 2)).astype(dtype)
    weights = np.random.default_rng(6).normal(size=extremum(x, **static).shape).astype(dtype)

    def weighted(x, weights):
        return np.sum(extremum(x, **static) * weights)

    axes = {k: v for k, v in static.items() if k == "axis"}
    hits = x == extremum(x, keepdims=True, **axes)
    shared = weights if static.get("keepdims") or not axes else np.expand_dims(weights, axes["axis"])
    expected = hits * shared / np.sum(hits, keepdims=True, **axes)
    found = s2sad.grad(weighted)(x, weights)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    _, along = s2sad.jvp(lambda x: weighted(x, weights), (x,), (x + 1,))
    np.testing.assert_allclose(along, np.sum(expected * (x + 1)), rtol=1e-5)


def test_the_gradient_of_an_extremum_that_is_not_a_number_is_none():
    with np.errstate(invalid="ignore", divide="ignore"):
        found = s2sad.grad(lambda x: np.max(x) ** 2)(np.array([1.0, np.nan, 2.0]))
    assert np.isnan(found).all()


def masks(x):
    return np.max(np.exp(-abs(x + x)))


def test_no_minus_before_a_truth_value():
    x = np.array([0.3, -0.2])
    s2sad.check_grads(masks, (x,))
    assert "x_bar = -(v2 / np.count_nonzero(v2)" in s2sad.grad(masks).lower(x).source
