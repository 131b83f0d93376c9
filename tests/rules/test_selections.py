"""What is selected in other ways than by `np.where` and boolean indices: the rest keeps out of the derivative."""

import numpy as np
import pytest
from scipy import special

import s2sad
from tests.rules.test_masks import (
    K,
    X,
    agrees,
    by_halves,
    first_order,
    in_a_branch,
    in_a_loop,
    length,
    logarithm,
    power,
    root,
)

INNER = np.array([0.3, 0.0, -0.4, 0.6, 0.2]) * (X != 0)


def by_nonzero(y, m):
    (i,) = np.nonzero(m)
    return y[i] * K[i]


def by_rows_of_places(y, m):
    i = np.argwhere(m)
    return y[i[:, 0]]


def by_items(y, m):
    total = 0.0
    for i in np.flatnonzero(m):
        total += y[i] * K[i]
    return total


def by_tests(y, m):
    total = 0.0
    for i in range(5):
        if m[i]:
            total += y[i] * K[i]
    return total


def by_appending(y, m):
    out = []
    for i in range(5):
        if m[i]:
            out.append(y[i])
    return np.array(out)


def stored(y, m):
    out = np.zeros(5)
    i = np.flatnonzero(m)
    out[i] = y[i]
    return out * K


def added(y, m):
    out = np.ones(5)
    i = np.flatnonzero(m)
    out[i] *= y[i]
    np.add.at(out, i, y[i])
    return out


def stored_over(y, m):
    z = y * 1.0
    z[np.where(~m)] = 0.0
    return z * K


def stored_over_one_by_one(y, m):
    z = y * 1.0
    for i in range(5):
        if not m[i]:
            z[i] = 0.0
    return z * K


def put(y, m):
    z = y * 1.0
    np.putmask(z, ~m, 0.0)
    return z * K


def placed(y, m):
    z = y * 1.0
    np.place(z, ~m, [0.0])
    return z * K


def copied(y, m):
    z = np.zeros(5)
    np.copyto(z, y, where=m)
    return z * K


def of_numbers(y, m):
    out = np.zeros(5)
    for i in range(5):
        out[i] = np.where(m[i], y[i], 0.0)
    return out


def of_rows(y, m):
    z = np.stack([y, y * K], axis=1)
    return np.sum(z[m], axis=0)


def of_a_product(y, m):
    z = np.outer(y, K)
    return z[np.ix_(m, m)]


def nan_left_out(y, m):
    z = y * 1.0
    z[~m] = np.nan
    return np.nansum(z)


def computed(y, m):
    z = np.ones(5)
    w = np.multiply(y, K, where=m, out=z)
    np.tanh(y, z, where=m)
    return w * np.divide(y, K, out=np.zeros(5), where=m)


SELECTIONS = {
    "nonzero": by_nonzero,
    "flatnonzero": lambda y, m: y[np.flatnonzero(m)],
    "argwhere": by_rows_of_places,
    "where of one": lambda y, m: y[np.where(m)],
    "take": lambda y, m: np.take(y, np.flatnonzero(m)),
    "compress": lambda y, m: np.compress(m, y),
    "extract": lambda y, m: np.extract(m, y),
    "delete": lambda y, m: np.delete(y, np.flatnonzero(~m)),
    "choose": lambda y, m: np.choose(m.astype(int), [np.zeros(5), y]),
    "select": lambda y, m: np.select([~m, m], [K, y], 0.0),
    "items": by_items,
    "tests": by_tests,
    "appended": by_appending,
    "comprehension": lambda y, m: np.array([y[i] * 2.0 for i in range(5) if m[i]]),
    "comprehension of pairs": lambda y, m: np.array([v * 2.0 for v, k in zip(y, m, strict=True) if k]),
    "conditional": lambda y, m: np.array([y[i] if m[i] else 0.0 for i in range(5)]),
    "stored": stored,
    "added": added,
    "stored over": stored_over,
    "one by one": stored_over_one_by_one,
    "put": put,
    "placed": placed,
    "copied": copied,
    "computed": computed,
    "numbers": of_numbers,
    "rows": of_rows,
    "a product": of_a_product,
    "mean": lambda y, m: np.mean(y, where=m),
    "deviation": lambda y, m: np.std(y, where=m),
    "nan": nan_left_out,
    "nan to num": lambda y, m: np.where(m, np.nan_to_num(y), 1.0),
}
FUNCTIONS = [root, logarithm, length, in_a_loop, in_a_branch]
PLAIN = [np.sqrt, np.log, np.reciprocal]


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_of_functions_that_are_called(function, selection):
    select = SELECTIONS[selection]
    first_order(lambda x: np.sum(np.cos(select(function(x), (x > 0) & (x < 1)))), X, INNER)


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("function", [np.sqrt, power])
def test_at_second_order(function, selection):
    select = SELECTIONS[selection]
    agrees(lambda x: np.sum(np.cos(select(function(x), (x > 0) & (x < 1)))), X, INNER)


@pytest.mark.parametrize("kind", ["places", "slices", "stores", "sums"])
@pytest.mark.parametrize("k", range(len(PLAIN)))
def test_what_was_not_read_has_the_derivative_zero(k, kind):
    """Without a guess by values: the product is made where the cotangent is."""
    f = PLAIN[k]

    def g(x):
        y = np.sin(f(x) * 0.3) * np.exp(-x)
        i = np.flatnonzero(x > 0)
        if kind == "places":
            return np.sum(y[i] ** 2 * K[i])
        if kind == "slices":
            return np.sum(y[1:3] - y[1:3] * y[4:] ** 2)
        if kind == "stores":
            y = y * K
            y[x == 0] = 2.0
            y[0] = 0.0
            return np.sum(y**3)
        return np.sum(np.concatenate([-(y * K)[i], np.take(y, i)]) ** 2)

    first_order(g, X, INNER)
    assert "isfinite" not in s2sad.grad(g).lower(X).source


@pytest.mark.parametrize("f", [*PLAIN, lambda x: 1.0 / x])
def test_of_sums_of_many_contributions(f):
    def g(x):
        y = f(x)
        i = np.flatnonzero(x)
        total = np.sum(np.where(x > 0, y * y, 0.0)) + np.sum(y[i] ** 3) - np.sum(np.sin(y)[x > 0])
        for k in range(1, 4):
            total = total + np.sum(np.cos(k * y[i])) + np.sum(np.where(x > 0, np.sin(k * y), 0.0))
        return total - y[2] + np.sum(-y[i] * K[i])

    agrees(g, X, INNER)


def test_many_contributions_are_multiplied_once():
    def f(x):
        y = np.sqrt(x)
        i = np.flatnonzero(x)
        total = np.sum(y[i])
        total = total + np.sum(np.sin(y)) + np.sum(np.sin(2.0 * y)) + np.sum(np.sin(3.0 * y))
        return total

    assert s2sad.grad(f).lower(X).source.count("0.5") == 1


def test_a_function_that_leaves_elements_unset_is_refused():
    with pytest.raises(s2sad.Error, match="give out= as well"):
        s2sad.grad(lambda x: np.sum(np.multiply(x, 2.0, where=x > 0)))(X)


def test_a_nan_of_the_function_itself_stays():
    with np.errstate(all="ignore"):
        gradient = s2sad.grad(lambda x: np.sum(np.sqrt(x)[np.flatnonzero(x < 0.7)] ** 2))(X)
    assert np.isnan(gradient[0]) and gradient[1] == 0.0 and np.isclose(gradient[2], 1.0)


def distances(p):
    d = p[:, None, :] - p[None, :, :]
    return np.sqrt(np.sum(d * d, axis=-1))


def inverse_filled(p):
    r = distances(p)
    np.fill_diagonal(r, np.inf)
    return np.sum(1.0 / r)


def logarithm_filled(p):
    r = distances(p)
    i = np.arange(4)
    r[i, i] = 1.0
    return np.sum(np.log(r))


def pairs(p):
    i, j = np.triu_indices(4, 1)
    return np.sum(1.0 / distances(p)[i, j])


def pairs_in_loops(p):
    r = distances(p)
    total = 0.0
    for i in range(4):
        for j in range(4):
            if i != j:
                total += 1.0 / r[i, j]
    return total


@pytest.mark.parametrize("f", [inverse_filled, logarithm_filled, pairs, pairs_in_loops])
def test_of_distances_without_the_diagonal(f):
    p = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, -1.0], [0.5, 0.5]])
    agrees(f, p, np.cos(np.arange(8.0)).reshape(4, 2))


def test_of_items_of_what_a_function_returns():
    def f(x):
        one, two = by_halves(x)
        i = np.flatnonzero(x)
        return np.sum(np.cos(one[i] * two[i]))

    agrees(f, X, np.array([0.3, 0.1, -0.4, 0.6, 0.2]) * (X != 0))


def test_a_rule_that_adds_at_indices_of_its_own_is_no_selection():
    def f(a):
        for j in range(3):
            a[j:, j] = a[j:, j] / np.sqrt(a[j, j])
        return np.sum(np.log(np.diag(a)))

    assert "isfinite" not in s2sad.grad(f).lower(np.eye(3)).source


def test_both_halves_of_a_stable_formula():
    """What is not taken overflows, and has two contributions of one mask."""

    def f(x):
        return np.sum(np.where(x >= 0, 1.0 / (1.0 + np.exp(-x)), np.exp(x) / (1.0 + np.exp(x))))

    x = np.array([0.5, -800.0, 800.0, -2.0])
    first_order(f, x, np.array([0.3, 0.1, -0.4, 0.6]))


@pytest.mark.parametrize("area", [lambda x: 2.0 * x**1.5, lambda x: x**1.25 * 3.0, lambda x: x**2.5])
def test_roots_in_callees_whose_own_slope_is_infinite(area):
    agrees(lambda x: np.sum(np.cos(np.where(x > 0, area(x), x))), X, INNER)
    agrees(lambda x: np.sum(np.cos(area(x)[np.flatnonzero(x)])), X, INNER)


PRODUCTS = [
    lambda f, x, m: m.astype(int) * f(x),
    lambda f, x, m: f(x) * m.astype(float) * K,
    lambda f, x, m: (1.0 - (~m).astype(float)) * f(x),
    lambda f, x, m: np.outer(f(x), K) * (m[:, None] & m).astype(float),
    lambda f, x, m: np.sum(m * f(x)),
]


@pytest.mark.parametrize("k", range(len(PRODUCTS)))
@pytest.mark.parametrize("f", [np.sqrt, root, lambda x: np.arccos(1.0 - x) * 2.0])
def test_of_masks_of_numbers(f, k):
    agrees(lambda x: np.sum(np.cos(PRODUCTS[k](f, x, (x > 0) & (x < 1)))), X, INNER)


def test_of_distances_times_a_mask():
    p = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, -1.0], [0.5, 0.5]])
    e = np.cos(np.arange(8.0)).reshape(4, 2)
    agrees(lambda p: np.sum(np.exp(-distances(p)) * (1.0 - np.eye(4))), p, e)


def test_a_mask_of_numbers_costs_no_line_where_nothing_is_infinite():
    def f(x):
        return np.sum((x > 0.2).astype(float) * np.tanh(x))

    for source in (s2sad.grad(f).lower(X).source, s2sad.jacfwd(f).lower(X).source):
        assert "where" not in source


LABELS = np.array([0.0, 1.0, 2.0, 0.0])


@pytest.mark.parametrize(
    ("f", "least", "slope"),
    [
        (special.xlogy, 0.0, lambda p: [0.0, 1.0 / p, 2.0 / p, 0.0]),
        (special.xlog1py, -1.0, lambda p: [0.0, 1.0 / (1.0 + p), 2.0 / (1.0 + p), 0.0]),
        (special.rel_entr, 0.0, lambda p: [0.0, -1.0 / p, -2.0 / p, 0.0]),
        (special.kl_div, 0.0, lambda p: [1.0, 1.0 - 1.0 / p, 1.0 - 2.0 / p, 1.0]),
    ],
)
def test_entropies_of_labels_that_are_zero(f, least, slope):
    x = np.array([least, 0.5, 0.25, 0.75])
    expected = [slope(p)[k] if k else slope(0.3)[0] for k, p in enumerate(x)]
    np.testing.assert_allclose(s2sad.grad(lambda x: np.sum(f(LABELS, x)))(x), expected)
    np.testing.assert_allclose(s2sad.jvp(lambda x: np.sum(f(LABELS, x)), (x,), (np.ones(4),))[1], np.sum(expected))
    assert np.all(np.isfinite(s2sad.hvp(lambda x: np.sum(f(LABELS, x)))(x, np.ones(4))))
