"""Loops that move windows, as loops over the places of the windows."""

import numpy as np
import pytest

import s2sad
from tests.stages import vectorise
from tests.traces import gives, keeps


def test_sums_over_windows_are_products_for_each_of_their_places():
    gives(
        vectorise,
        """
        f(g: float64[n], x: float64[n+2], w: float64[3], n: int(n)):
            where n >= 4
            x_bar = np.zeros_like(x)
            w_bar = np.zeros_like(w)
            x3 as x_bar, w3 as w_bar = for i: int(i) in reversed range(0, n, 1):
                carry x1 as x_bar = x_bar
                carry w1 as w_bar = w_bar
                v1 = g[i]
                v2 = i + 3
                v3 = slice(i, v2, None)
                v4: float64[3] = x[v3]
                v5 = v1 * v4
                w2 as w_bar = w1 - v5
                v6 = v1 * w
                x2 as x_bar = index_add(x1, v3, v6)
                yield x2, w2
            r = (x3, w3)
            return r
        """,
        """
        f(g: float64[n], x: float64[n+2], w: float64[3], n: int(n)):
            where n >= 4
            x_bar = np.zeros_like(x)
            w_bar = np.zeros_like(w)
            x_bar_4 as x_bar, w_bar_4 as w_bar = for p in range(0, 3, 1):
                carry x_bar_2 as x_bar = x_bar
                carry w_bar_2 as w_bar = w_bar
                v1 = p + n
                v2 = slice(p, v1, None)
                v3 = x[v2]
                v4 = g @ v3
                v5 = -v4
                w_bar_3 as w_bar = index_set(w_bar_2, p, v5)
                v6 = w[p]
                v7 = g * v6
                v8 = p + n
                v9 = slice(p, v8, None)
                x_bar_3 as x_bar = index_add(x_bar_2, v9, v7)
                yield x_bar_3, w_bar_3
            r = (x_bar_4, w_bar_4)
            return r
        """,
        sweep=True,
    )


def test_of_matrices_one_axis_after_the_other_is_gone():
    gives(
        vectorise,
        """
        f(g: float64[c, n], x: float64[k, n+2], w: float64[c, k, 3], n: int(n)):
            where n >= 4
            x_bar = np.zeros_like(x)
            w_bar = np.zeros_like(w)
            x3 as x_bar, w3 as w_bar = for j: int(j) in reversed range(0, n, 1):
                carry x1 as x_bar = x_bar
                carry w1 as w_bar = w_bar
                v0 = (slice(None, None, None), j)
                v1 = g[v0]
                v2 = np.expand_dims(v1, axis=(1, 2))
                v3 = j + 3
                v4 = slice(j, v3, None)
                v5 = (slice(None, None, None), v4)
                v6: float64[k, 3] = x[v5]
                v7 = v2 * v6
                w2 as w_bar = w1 + v7
                v8 = v2 * w
                v9 = np.sum(v8, axis=0)
                x2 as x_bar = index_add(x1, v5, v9)
                yield x2, w2
            r = (x3, w3)
            return r
        """,
        """
        f(g: float64[c, n], x: float64[k, n+2], w: float64[c, k, 3], n: int(n)):
            where n >= 4
            x_bar = np.zeros_like(x)
            w_bar = np.zeros_like(w)
            x_bar_4 as x_bar, w_bar_4 as w_bar = for p in range(0, 3, 1):
                carry x_bar_2 as x_bar = x_bar
                carry w_bar_2 as w_bar = w_bar
                v1 = p + n
                v2 = slice(p, v1, None)
                v3 = (slice(None, None, None), v2)
                v4 = x[v3]
                v5 = (slice(None, None, None), slice(None, None, None), p)
                v6 = np.transpose(v4)
                v7 = g @ v6
                w_bar_3 as w_bar = index_set(w_bar_2, v5, v7)
                v8 = (slice(None, None, None), slice(None, None, None), p)
                v9 = w[v8]
                v10 = np.transpose(v9)
                v11 = v10 @ g
                v12 = p + n
                v13 = slice(p, v12, None)
                v14 = (slice(None, None, None), v13)
                x_bar_3 as x_bar = index_add(x_bar_2, v14, v11)
                yield x_bar_3, w_bar_3
            r = (x_bar_4, w_bar_4)
            return r
        """,
        sweep=True,
    )


BODY = """
        v1 = g[i]
        v2 = i + 3
        v3 = slice(i, v2, None)
        v4: float64[3] = x[v3]
        v5 = v1 * v4
        w2 as w_bar = w1 + v5
        x2 as x_bar = index_add(x1, v3, w)
        """
STAYS = {
    "a sum is read": BODY.replace("v1 = g[i]", "v1 = w1[0]"),
    "a window is stored": BODY.replace("index_add", "index_set"),
    "a window is summed": BODY.replace(
        "x2 as x_bar", "v6 = np.sum(v4)\n        v7 = w * v6\n        x2 as x_bar"
    ).replace("v3, w)", "v3, v7)"),
    "a sum has no window": BODY.replace("w2 as w_bar = w1 + v5", "w2 as w_bar = w1 + w").replace("v3, w)", "v3, v5)"),
    "windows of two sizes": BODY.replace("x2 as", "v6 = i + 2\n        v7 = slice(i, v6, None)\n        x2 as").replace(
        "v3, w)", "v7, 1.0)"
    ),
}


def program(body, least=4):
    return "\n".join(
        [
            "f(g: float64[n], x: float64[n+2], w: float64[3], n: int(n)):",
            f"    where n >= {least}",
            "    x3 as x_bar, w3 as w_bar = for i: int(i) in reversed range(0, n, 1):",
            "        carry x1 as x_bar = x",
            "        carry w1 as w_bar = w",
            *body.strip("\n").rstrip().split("\n"),
            "        yield x2, w2",
            "    r = (x3, w3)",
            "    return r",
        ]
    )


@pytest.mark.parametrize("body", STAYS.values(), ids=[*STAYS])
def test_a_loop_stays(body):
    keeps(vectorise, program(body), sweep=True)


def test_a_loop_stays_that_may_have_no_more_iterations_than_a_window_has_places():
    keeps(vectorise, program(BODY, least=3), sweep=True)
    keeps(vectorise, program(BODY))
    with pytest.raises(AssertionError):
        keeps(vectorise, program(BODY), sweep=True)


# programs


def filtered(x, w):
    k, y = len(w), np.zeros(len(x) - len(w) + 1)
    for i in range(len(y)):
        y[i] = np.sum(x[i : i + k] * w)
    return np.sum(np.sin(y))


def distances(x, w):
    total = 0.0
    for i in range(len(x) - len(w) + 1):
        d = x[i : i + len(w)] - w
        total += np.exp(-np.sum(d * d))
    return total


def later(x, w):
    k, y = len(w), np.zeros(len(x))
    for i in range(len(x) - k):
        y[i] = x[i + 1 : i + k + 1] @ w
    return np.sum(np.sin(y))


def convolved(x, w):
    image, kernel = np.outer(x, x), np.outer(w, w)
    n, k = len(x) - len(w) + 1, len(w)
    y = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            y[i, j] = np.sum(image[i : i + k, j : j + k] * kernel)
    return np.sum(np.tanh(y))


def kept(x, w):
    """What each iteration keeps is of all its window."""
    total = 0.0
    for i in range(len(x) - len(w) + 1):
        total += np.sin(np.sum(np.tanh(w * (x[i : i + len(w)] * w))))
    return total


def numbers(x, w):
    total = 0.0
    for i in range(len(x) - len(w) + 1):
        total += np.sum(np.sum(x[i] * x[0], axis=0) * w)
    return total


def changed(x, w):
    x = x.copy()
    for i in range(len(x) - len(w) + 1):
        x[i : i + len(w)] *= w
    return np.sum(x * x)


def arguments(n, k):
    rng = np.random.default_rng(n)
    return 0.6 * rng.normal(size=n), rng.normal(size=k)


@pytest.mark.parametrize("function", [filtered, distances, later, convolved, kept, numbers, changed])
def test_derivatives(function):
    for n, k in ((9, 3), (6, 3), (5, 3), (4, 3), (4, 4), (3, 1), (1, 1)):
        s2sad.check_grads(function, arguments(n, k), order=1)
    s2sad.check_grads(function, arguments(9, 3), order=2)


@pytest.mark.parametrize("function", [filtered, distances, convolved])
def test_the_call_says_which_loop_is_shorter_and_others_compile_anew(function):
    gradient = s2sad.grad(function, argnums=(0, 1))
    long, short = gradient.lower(*arguments(9, 3)), gradient.lower(*arguments(5, 4))
    assert "# lengths n1 >= 2*n2" in long.source and ":p + " in long.source
    assert "# lengths" not in short.source and ":p + " not in short.source
    for n, k in ((9, 3), (5, 4), (12, 2)):
        found, expected = gradient(*arguments(n, k)), s2sad.grad(function, argnums=(0, 1))(*arguments(n, k))
        assert all(np.allclose(a, b, rtol=1e-13, atol=1e-13) for a, b in zip(found, expected, strict=True))
