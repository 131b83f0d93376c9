"""What all summands have stands before the sum."""

import numpy as np
import pytest

import s2sad
from s2sad.testing import numerical_jvp
from tests.stages import eliminate_dead, simplified
from tests.traces import gives, keeps


def shortened(function):
    return eliminate_dead(simplified(function))


def test_a_factor_and_a_divisor_of_each_column():
    gives(
        shortened,
        """
        f(g: float64[n, m], c: float64[m], x: float64[n, m], s: float64[m]):
            v1 = c * x
            v2 = v1 / s
            v3 = g * v2
            y_bar = np.sum(v3, axis=0)
            return y_bar
        """,
        """
        f(g: float64[n, m], c: float64[m], x: float64[n, m], s: float64[m]):
            v1 = g * x
            v2 = np.sum(v1, axis=0)
            v3 = v2 * c
            y_bar = v3 / s
            return y_bar
        """,
        sweep=True,
    )


@pytest.mark.parametrize(("axis", "sums"), [(0, "x, axis=0 | v1 @ y"), (1, "y, axis=1 | x @ v1")])
def test_a_sum_of_rows_or_columns_before_a_product(axis, sums):
    first, product = sums.split(" | ")
    gives(
        shortened,
        f"""
        f(x: float64[n, m], y: float64[m, k]):
            v1 = x @ y
            y_bar = np.sum(v1, axis={axis})
            return y_bar
        """,
        f"""
        f(x: float64[n, m], y: float64[m, k]):
            v1 = np.sum({first})
            y_bar = {product}
            return y_bar
        """,
        sweep=True,
    )


PRODUCTS = {
    "read again": "v1 = x @ y\n    s = np.sum(v1, axis=0)\n    return (s, v1)",
    "all of it": "v1 = x @ y\n    s = np.sum(v1)\n    return s",
    "an axis that stays": "v1 = x @ y\n    s = np.sum(v1, axis=0, keepdims=True)\n    return s",
    "of a vector": "v1 = c @ y\n    s = np.sum(v1, axis=0)\n    return s",
}


@pytest.mark.parametrize("lines", PRODUCTS.values(), ids=PRODUCTS)
def test_a_product_that_stays(lines):
    keeps(shortened, f"f(x: float64[n, m], y: float64[m, k], c: float64[m]):\n    {lines}", sweep=True)


def test_a_product_of_the_user_stays():
    text = "f(x: float64[n, m], y: float64[m, k]):\n    v1 = x @ y\n    s = np.sum(v1, axis=0)\n    return s"
    keeps(shortened, text)


def test_numbers_before_a_sum_of_all():
    gives(
        shortened,
        """
        f(g: float64[n], x: float64[n], dt: float):
            v1 = dt * x
            v2 = g * v1
            y_bar = np.sum(v2)
            return y_bar
        """,
        """
        f(g: float64[n], x: float64[n], dt: float):
            v1 = g * x
            v2 = np.sum(v1)
            y_bar = v2 * dt
            return y_bar
        """,
        sweep=True,
    )


@pytest.mark.parametrize(
    "lines",
    [
        "v1 = x * c\n        y_bar = np.sum(v1, axis=1)",  # c is another number for each summand
        "v1 = x * c\n        v2 = np.sum(v1, axis=0)\n        y_bar = v2 * v1",  # it is read twice
        "v1 = c / x\n        y_bar = np.sum(v1, axis=0)",  # nothing is left but a divisor
        "v1 = d * c\n        y_bar = np.sum(v1, axis=0)",  # what is left has another shape
        "a = x * c\n        y_bar = np.sum(a, axis=0)",  # a name of the user's
    ],
)
def test_what_stays(lines):
    keeps(
        simplified,
        f"""
    f(x: float64[n, m], c: float64[m], d: float64[n, 1]):
        {lines}
        return y_bar
    """,
        sweep=True,
    )


def test_the_users_own_sums_stay():
    keeps(
        simplified,
        """
        f(x: float64[n], c: float64):
            v1 = x * c
            y = np.sum(v1)
            return y
        """,
    )


def normalised(x, gamma, beta):
    mean = x.mean(axis=0)
    var = ((x - mean) ** 2).mean(axis=0)
    return gamma * (x - mean) / np.sqrt(var + 1e-5) + beta


def loss(x, gamma, beta):
    y = np.maximum(normalised(x, gamma, beta), 0.0)
    return np.sum(np.sin(normalised(y * x, beta, gamma)))


def test_the_gradient_of_a_normalisation():
    rng = np.random.default_rng(1)
    args = rng.normal(size=(6, 3)), rng.normal(size=3), rng.normal(size=3)
    dots = {k: rng.normal(size=a.shape) for k, a in enumerate(args)}
    expected, _ = numerical_jvp(loss, args, dots, step=1e-4)
    found = s2sad.grad(loss, (0, 1, 2))(*args)
    assert sum(np.sum(bar * dots[k]) for k, bar in enumerate(found)) == pytest.approx(expected[0], rel=1e-6)


def test_one_sum_serves_for_the_slope_and_for_the_scale():
    rng = np.random.default_rng(1)
    source = s2sad.grad(loss, (0, 1, 2)).lower(rng.normal(size=(6, 3)), np.ones(3), np.ones(3)).source
    reverse = source[source.index("def normalised_reverse") : source.index("def loss_grad")]
    assert "gamma_bar = np.sum(v1_bar * var_diff, axis=0)" in reverse, reverse
    assert "len(x)" in reverse and reverse.count("np.sum(") == 3, reverse
