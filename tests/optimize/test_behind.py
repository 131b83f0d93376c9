"""Sums of loops of reverse sweeps behind them."""

import numpy as np
import pytest

import s2sad
from tests.stages import vectorise
from tests.traces import gives, keeps


def test_products_of_kept_rows_are_one_product_behind_the_loop():
    gives(
        vectorise,
        """
        f(w: float64[m, d], b: float64[m], x: float64[n, d], h: float64[m], n: int(n)):
            b_bar = np.zeros_like(b)
            w_bar = np.zeros_like(w)
            b3 as b_bar, w3 as w_bar, h3 as h_bar = for t: int(t) in reversed range(0, n, 1):
                carry b1 as b_bar = b_bar
                carry w1 as w_bar = w_bar
                carry h1 as h_bar = h
                z_bar = np.sin(h1)
                b2 as b_bar = b1 + z_bar
                v1 = x[t]
                v2 = np.outer(z_bar, v1)
                w2 as w_bar = w1 + v2
                h2 as h_bar = h1 * z_bar
                yield b2, w2, h2
            r = (b3, w3, h3)
            return r
        """,
        """
        f(w: float64[m, d], b: float64[m], x: float64[n, d], h: float64[m], n: int(n)):
            v1 = np.shape(w)
            v2 = v1[0]
            v3 = (n, v2)
            z_bars = np.empty(v3)
            h_bar_3 as h_bar, z_bars_4 as z_bars = for t in reversed range(0, n, 1):
                carry h_bar = h
                carry z_bars_2 as z_bars = z_bars
                z_bar = np.sin(h_bar)
                z_bars_3 as z_bars = index_set(z_bars_2, t, z_bar)
                h_bar_2 as h_bar = h_bar * z_bar
                yield h_bar_2, z_bars_3
            v4 = np.transpose(z_bars_4)
            w_bar~ = v4 @ x
            b_bar~ = np.sum(z_bars_4, axis=0)
            r = (b_bar, w_bar, h_bar_3)
            return r
        """,
        sweep=True,
    )


def test_what_is_there_is_summed_in_a_nest_of_loops():
    gives(
        vectorise,
        """
        f(g: float64[c, m, n], h: float64[m], m: int(m), n: int(n), s: float64[c]):
            s4 as s, h4 as h = for i: int(i) in reversed range(0, m, 1):
                carry s1 as s = s
                carry h1 as h = h
                s5 as s, h5 as h = for j: int(j) in reversed range(0, n, 1):
                    carry s2 as s = s1
                    carry h2 as h = h1
                    v1 = (slice(None, None, None), i, j)
                    v2 = g[v1]
                    s3 as s = s2 + v2
                    h3 as h = np.sin(h2)
                    yield s3, h3
                yield s5, h5
            r = (s4, h4)
            return r
        """,
        """
        f(g: float64[c, m, n], h: float64[m], m: int(m), n: int(n), s: float64[c]):
            h_6 as h = for i in reversed range(0, m, 1):
                carry h_2 as h = h
                h_5 as h = for j in reversed range(0, n, 1):
                    carry h_3 as h = h_2
                    h_4 as h = np.sin(h_3)
                    yield h_4
                yield h_5
            v1 = np.sum(g, axis=(1, 2))
            s_2~ as s = s + v1
            r = (s_2, h_6)
            return r
        """,
        sweep=True,
    )


STAYS = {
    "rows are kept for a product only": """
        z = np.cos(h1)
        v1 = np.outer(z, x0)
        w2 as w_bar = w1 + v1
        h2 as h_bar = np.sin(h1)
        """,
    "the sum is read in the loop": """
        z = np.cos(h1)
        v1 = x[t]
        v2 = np.outer(z, v1)
        w2 as w_bar = w1 + v2
        h2 as h_bar = w2 @ v1
        """,
    "both factors are made in an iteration": """
        z = np.cos(h1)
        v1 = x[t]
        v2 = z @ h1
        v3 = v2 * v1
        v4 = np.sin(v3)
        v5 = np.outer(z, v4)
        w2 as w_bar = w1 + v5
        h2 as h_bar = np.sin(h1)
        """,
    "the sum is also multiplied": """
        z = np.cos(h1)
        v1 = x[t]
        v2 = np.outer(z, v1)
        v3 = w1 + v2
        w2 as w_bar = v3 * 2.0
        h2 as h_bar = np.sin(h1)
        """,
    "rows of another precision": """
        z = np.cos(h1)
        v1 = y[t]
        v2 = np.outer(y0, v1)
        w2 as w_bar = w1 + v2
        h2 as h_bar = z * 2.0
        """,
    "a sum that is repeated": """
        z = np.cos(h1)
        v1 = x[t]
        v2 = v1 @ x0
        v3 = z * v2
        w2 as w_bar = v3 + w1
        h2 as h_bar = np.sin(h1)
        """,
}


def program(body, start="0"):
    lines = [f"    {line}" for line in body.strip("\n").rstrip().split("\n")]
    return "\n".join(
        [
            "f(w: float64[m, d], x: float64[n, d], x0: float64[d], y: float32[n, d], y0: float32[m], "
            "h: float64[m], n: int(n), k: int(k)):",
            "    w_bar = np.zeros_like(w)",
            f"    w3 as w_bar, h3 as h_bar = for t: int(t) in reversed range({start}, n, 1):",
            "        carry w1 as w_bar = w_bar",
            "        carry h1 as h_bar = h",
            *(line[4:] for line in lines),
            "        yield w2, h2",
            "    r = (w3, h3)",
            "    return r",
        ]
    )


@pytest.mark.parametrize("body", STAYS.values(), ids=[*STAYS])
def test_a_sum_stays(body):
    keeps(vectorise, program(body), sweep=True)


PRODUCT = """
        z = np.cos(h1)
        v1 = x[t]
        v2 = np.outer(z, v1)
        w2 as w_bar = w1 + v2
        h2 as h_bar = np.sin(h1)
        """


def test_of_a_range_that_may_have_less_than_no_number_no_rows_are_made():
    keeps(vectorise, program(PRODUCT, start="k"), sweep=True)
    with pytest.raises(AssertionError):
        keeps(vectorise, program(PRODUCT), sweep=True)


def test_what_the_user_wrote_stays():
    keeps(vectorise, program(PRODUCT))


# programs


def state(w, u, b, x):
    h = np.zeros(len(b))
    for t in range(x.shape[0]):
        h = np.tanh(w @ x[t] + u @ h + b)
    return np.sum(h * np.arange(1.0, 1.0 + len(h)))


def backward(w, u, b, x):
    h = np.zeros(len(b))
    for t in range(x.shape[0] - 1, -1, -1):
        h = np.tanh(w @ x[t] + u @ h + b)
    return np.sum(h)


def rows(w, u, b, x):
    h = np.zeros(len(b))
    for row in reversed(x):
        h = np.tanh(w @ row + u @ h + b)
    return np.sum(h)


def pairs(w, u, b, x):
    h = np.zeros(len(b))
    for t in range(1, x.shape[0]):
        h = np.tanh(w @ (x[t] - x[t - 1]) + u @ h + b * x[t, 0])
    return np.sum(h)


def changed(w, u, b, x):
    h, x = np.zeros(len(b)), x.copy()
    for t in range(x.shape[0] - 1):
        h = np.tanh(w @ x[t] + u @ h + b)
        x[t + 1] *= h[0]
    return np.sum(h)


def branching(w, u, b, x):
    h = np.zeros(len(b))
    for t in range(x.shape[0]):
        z = w @ x[t] + u @ h + b
        h = np.tanh(z) if z[0] > 0.0 else 0.5 * z
    return np.sum(h)


def nested(w, u, b, x):
    total = 0.0
    for k in range(3):
        h = b * k
        for t in range(x.shape[0]):
            h = np.tanh(w @ x[t] + u @ h + b)
        total += np.sum(h * h)
    return total


def arguments(steps, dtype=np.float64):
    rng = np.random.default_rng(steps)
    return [rng.normal(size=s).astype(dtype) for s in ((3, 2), (3, 3), 3, (steps, 2))]


PROGRAMS = [state, backward, rows, pairs, changed, branching, nested]


@pytest.mark.parametrize("function", PROGRAMS)
def test_recurrent_networks_have_products_of_all_their_steps(function):
    gradient = s2sad.grad(function, argnums=(0, 1, 2, 3))
    text = gradient.lower(*arguments(5)).source
    assert text.count("np.outer") == 0 and text.count(".T @") >= 3
    for steps in (0, 1, 2, 5):
        s2sad.check_grads(function, arguments(steps), order=1)


@pytest.mark.parametrize("function", [state, changed])
def test_second_order(function):
    s2sad.check_grads(function, arguments(4), order=2)


def test_single_precision_stays_single():
    found = s2sad.grad(state, argnums=(0, 1, 2))(*arguments(4, np.float32))
    exact = s2sad.grad(state, argnums=(0, 1, 2))(*arguments(4))
    assert all(a.dtype == np.float32 and np.allclose(a, b, atol=1e-5) for a, b in zip(found, exact, strict=True))


def test_complex_products_are_conjugated():
    def norm(w, x):
        h = np.zeros(3, dtype=complex)
        for t in range(x.shape[0]):
            h = np.tanh(w @ x[t] + 0.5 * h)
        return np.sum(np.abs(h) ** 2)

    rng = np.random.default_rng(0)
    w, x = (0.3 * (rng.normal(size=s) + 1j * rng.normal(size=s)) for s in ((3, 2), (4, 2)))
    assert "np.outer" not in s2sad.grad(norm).lower(w, x).source
    s2sad.check_grads(norm, (w, x), order=1)


def test_of_many_examples():
    w, u, b, _ = arguments(4)
    xs = np.random.default_rng(1).normal(size=(5, 4, 2))
    gradient = s2sad.grad(state)
    found = s2sad.vmap(gradient, in_axes=(None, None, None, 0))(w, u, b, xs)
    assert np.allclose(found, [gradient(w, u, b, x) for x in xs], atol=1e-12)
