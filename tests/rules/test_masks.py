"""A mask keeps what it leaves out from the derivative, in both modes and at every order: no 0 * inf."""

import importlib

import numpy as np
import pytest

import s2sad

X = np.array([0.0, 1.0, 0.25, 0.0, 0.5])
M = np.abs(np.arange(4.0)[:, None] - np.arange(4.0)) / 5
K = np.arange(1.0, 6.0)

VECTORS = [
    lambda x: np.where(x > 0, 1.0 / x, 0.0),
    lambda x: np.where(x > 0, np.sqrt(x), 0.0),
    lambda x: np.where(x <= 0, 0.0, np.log(x)),
    lambda x: np.where(x > 0, x * np.log(x), 0.0),
    lambda x: np.where(x < 1, np.arccos(x), 0.0) ** 2,
    lambda x: np.where(x > 0, np.sin(1.0 / np.sqrt(x * 2.0)) * np.exp(-x), x),
    lambda x: np.where(x > 0, x**-1.5, 0.0),
    lambda x: (1.0 / x)[x > 0] * K[x > 0],
    lambda x: np.sqrt(x)[x > 0],
    lambda x: np.log(x * x)[x != 0],
    lambda x: np.sqrt(x) * (x > 0),
    lambda x: (x > 0) * np.sqrt(x) * K,
    lambda x: np.nan_to_num(1.0 / x, posinf=2.0),
    lambda x: np.nan_to_num(np.log(x) * K, neginf=2.0) * x,
    lambda x: np.clip(np.sqrt(x), 0.1, 0.9),
]


def cleared(x):
    y = 1.0 / x
    y[x == 0] = 0.0
    return y * K


def cleared_late(x):
    y = np.sqrt(x) * 2.0
    z = np.sin(y)
    z[x == 0] = 3.0
    return z


MATRICES = [
    lambda m: np.triu(1.0 / m, 1),
    lambda m: np.tril(np.sqrt(m), -1) * 2.0,
    lambda m: np.triu(np.log(m), 1) @ np.ones(4),
    lambda m: np.where(np.eye(4) == 1, 0.0, 1.0 / np.sqrt(m * m)),
]


def energy(x):
    d = x[:, None] - x[None, :]
    inv = np.sqrt(d**2)
    inv[inv > 0] = 1.0 / inv[inv > 0]
    return np.triu(-inv, 1)


def distances(x):
    d = x[:, None] - x[None, :]
    r = np.sqrt(np.sum(np.stack([d, 2.0 * d], axis=-1) ** 2, axis=-1))
    return np.where(r > 0, np.exp(-r) / r, 0.0)


def difference(f, x, e, h=1e-6):
    return (f(x + h * e) - f(x - h * e)) / (2 * h)


CHAINS = [
    lambda x: np.where(x > 0, np.where(x < 1, np.log(x) / np.arcsin(x), 2.0), x * x),
    lambda x: np.where((x > 0) & (x < 1), np.log(x / (1.0 - x)), 0.0),
    lambda x: np.where(x > 0, np.arctanh(x * 0.9) / x, 0.9),
]
"""Longer ones, at first order."""


@pytest.mark.parametrize("k", range(len(CHAINS)))
def test_of_longer_chains(k):
    f = CHAINS[k]
    first_order(lambda x: np.sum(np.cos(f(x))), X, (X != 0) * (X != 1) * np.array([0.3, 0.1, -0.4, 0.6, 0.2]))


@pytest.mark.parametrize("k", range(len(VECTORS) + 2))
def test_of_vectors(k):
    f = [*VECTORS, cleared, cleared_late][k]
    agrees(lambda x: np.sum(np.cos(f(x))), X, (X != 0) * (X != 1) * np.array([0.3, 0.1, -0.4, 0.6, 0.2]))


@pytest.mark.parametrize("k", range(len(MATRICES)))
def test_of_matrices(k):
    f = MATRICES[k]
    agrees(lambda x: np.sum(np.cos(f(x))), M, (M != 0) * np.cos(np.arange(16.0)).reshape(4, 4))


@pytest.mark.parametrize("f", [energy, distances])
def test_of_pairs(f):
    first_order(lambda x: np.sum(np.cos(f(x))), np.array([0.0, 1.0, 2.5]), np.array([0.3, -0.2, 0.5]))


def root(x):
    return np.sqrt(x) * 2.0


def logarithm(x):
    return np.exp(-root(x)) + np.log(x)


def power(x):
    return x**-0.7


def arc(x):
    return np.arccos(x) * x


def area(x):
    return np.arctanh(np.sqrt(x))


def length(x):
    return 1.0 / np.linalg.norm(np.outer(x, K), axis=1)


def angle(x):
    return np.arctan2(x, 0.5 * x) * x


def long(x):
    return np.tanh(np.sqrt(np.log(1.0 + 1.0 / x))) * np.cos(x)


def in_a_loop(x):
    y = x * 1.0
    for _ in range(2):
        y = np.sqrt(y)
    return y


def in_a_branch(x):
    y = x * 1.0
    if x[1] > 0:
        y = np.log(x) / x
    return y


def by_halves(x):
    return np.sqrt(x), np.log(x)


def cut(y, m):
    z = y * 1.0
    z[~m] = 0.0
    return z


MASKS = {
    "where": lambda f: lambda x, m: np.where(m, f(x), 0.0),
    "a chain behind": lambda f: lambda x, m: np.sin(np.where(m, f(x) * 2.0, x)) * K,
    "an index": lambda f: lambda x, m: f(x)[m],
    "a store": lambda f: lambda x, m: cut(f(x), m),
    "a sum": lambda f: lambda x, m: np.sum(f(x), where=m),
    "in a caller": lambda f: lambda x, m: np.where(m, 0.5 * chained(f, x), 0.0),
}
FUNCTIONS = [root, logarithm, power, arc, area, length, angle, long, in_a_loop, in_a_branch]


def chained(f, x):
    return np.sin(f(x) * 0.3)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_of_functions_that_are_called(function, mask):
    f = MASKS[mask](function)
    inner = np.array([0.3, 0.0, -0.4, 0.6, 0.2]) * (X != 0)
    first_order(lambda x: np.sum(np.cos(f(x, (x > 0) & (x < 1)))), X, inner)


@pytest.mark.parametrize("function", [root, power, area, in_a_loop])
def test_of_functions_that_are_called_at_second_order(function):
    inner = np.array([0.3, 0.0, -0.4, 0.6, 0.2]) * (X != 0)
    agrees(lambda x: np.sum(np.cos(np.where((x > 0) & (x < 1), function(x), x))), X, inner)


def test_of_items_of_what_a_function_returns():
    def f(x):
        one, two = by_halves(x)
        return np.sum(np.cos(np.where(x > 0, one * two, 0.0)))

    agrees(f, X, np.array([0.3, 0.1, -0.4, 0.6, 0.2]) * (X != 0))


@pytest.mark.parametrize("function", [np.sqrt, np.log, lambda v: 1.0 / v, lambda v: v**-1.5 * np.sin(v), power])
def test_of_numbers(function):
    def f(x):
        total = 0.0
        for v in x:
            total = total + np.where(v > 0, function(v), 0.0)
        return np.sin(total)

    agrees(f, X, np.array([0.3, 0.1, -0.4, 0.6, 0.2]) * (X != 0))


def test_a_mask_costs_no_line_where_nothing_is_infinite():
    def smooth(x):
        return np.exp(x) * np.cos(x)

    masked = s2sad.grad(lambda x: np.sum(np.where(x > 0, smooth(x), 0.0))).lower(X).source
    assert "isfinite" not in masked
    both = s2sad.grad(lambda x: np.sum(np.where(x > 0, root(x), 0.0)) + np.sum(root(x + 1.0))).lower(X).source
    assert both.count("isfinite") == 1, "the mask is none of the other call's"


def first_order(f, x, e):
    """Along a direction that leaves the masks as they are; what is masked out has the derivative 0 or a finite one."""
    with np.errstate(all="ignore"):
        expected = difference(f, x, e)
        gradient = s2sad.grad(f)(x)
        assert np.all(np.isfinite(gradient))
        np.testing.assert_allclose(np.sum(gradient * e), expected, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(s2sad.jvp(f, (x,), (e,))[1], expected, rtol=1e-6, atol=1e-7)


def agrees(f, x, e):
    """At first and second order."""
    first_order(f, x, e)
    with np.errstate(all="ignore"):
        curvature = difference(lambda x: np.sum(s2sad.grad(f)(x) * e), x, e)
        for second in (s2sad.grad(lambda x: np.sum(s2sad.grad(f)(x) * e))(x), s2sad.hvp(f)(x, e)):
            assert np.all(np.isfinite(second))
            np.testing.assert_allclose(np.sum(second * e), curvature, rtol=1e-5, atol=1e-5)


def squared_root(x):
    return np.sqrt(x) ** 2


SELECTIONS = {
    "where": lambda f: lambda x: np.sum(np.where(x >= 0, f(x), 0.0)),
    "an index": lambda f: lambda x: np.sum(f(x)[x >= 0]),
    "negated": lambda f: lambda x: np.sum(-np.where(x >= 0, 2.0 * f(x), 0.0)),
    "a store": lambda f: lambda x: np.sum(cut(f(x), x >= 0)),
}


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize(
    "function", [squared_root, lambda x: np.sqrt(x) * x * 3.0, lambda x: np.sin(np.log(1.0 + np.sqrt(x) ** 2))]
)
def test_what_is_selected_and_has_an_infinite_slope_is_not_taken_for_what_is_left_out(selection, function):
    f = SELECTIONS[selection](function)
    with np.errstate(all="ignore"):
        at_zero = s2sad.grad(f)(X)
        limit = s2sad.grad(f)(X + 1e-12)
    bad = np.isfinite(at_zero) & ~np.isclose(at_zero, limit, atol=1e-5)
    assert not bad.any(), "a number, where the product is none, is the limit"


LINES = {
    "stores": ["w[0] = w[1] * w[2] + {0}", "w = w / (1.0 + w * w)", "w = np.sqrt(w) + w[k]", "w[k] = w[k] * {0}"],
    "sums": ["v = np.sin(w) * v + {0}", "w = w - 0.1 * v", "v = v / (1.0 + w * w)", "w = np.sqrt(w + 2.0) + v"],
}


@pytest.mark.parametrize(("kind", "count"), [("stores", 6), ("sums", 20)])
def test_a_product_is_not_made_of_all_that_its_factors_were_made_of(kind, count, tmp_path, monkeypatch):
    """Twice as long a program has twice as long a derivative, and the same values as differences give."""
    monkeypatch.syspath_prepend(tmp_path)
    lengths, x = [], np.linspace(0.5, 1.0, 6)
    for size in (count, 2 * count):
        lines = [LINES[kind][n % 4].format(0.5 + n / 8) for n in range(size)]
        head = "import numpy as np\n\n\ndef f(x):\n    v, w, k = x, x * 1.0, np.arange(5, -1, -1)\n    "
        (tmp_path / f"{kind}_{size}.py").write_text("\n    ".join([head, *lines, "return np.sum(w)\n"]))
        f = importlib.import_module(f"{kind}_{size}").f
        lengths.append(s2sad.grad(f).lower(x).source.count("\n"))
        first_order(f, x, np.arange(6.0) - 2.0)
    assert lengths[1] < 2.5 * lengths[0]


def written_out(count):
    """A function whose every line reads the line before twice, one of them by a slope that may be infinite."""
    lines = [f"    y = y * np.sqrt(x) + np.sin(y) * {k}.5" for k in range(count)]
    return "\n".join(["def f(x):", "    y = x", *lines, "    return y", ""])


def test_a_cotangent_of_many_ways_is_followed_once(tmp_path, monkeypatch):
    """By all ways, of which there are 2 to the power of the lines, it would take for ever."""
    (tmp_path / "of_many_ways.py").write_text("import numpy as np\n\n\n" + written_out(60))
    monkeypatch.syspath_prepend(tmp_path)
    f = importlib.import_module("of_many_ways").f
    x = 0.3
    assert s2sad.grad(f)(x) == pytest.approx(s2sad.jvp(f, (x,), (1.0,))[1], rel=1e-12)
