"""custom_vjp, custom_jvp, rules for black boxes, stop_gradient: against closed forms and functions without rules."""

import dataclasses
import linecache
import math
import types
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest

import s2sad
from s2sad.api.gradients import derivative_of
from s2sad.compiler.transform import Transform
from s2sad.errors import ArgumentError, RuleError
from tests.api import custom_library as library

X = np.array([0.5, -1.2, 2.0])
Y = np.array([1.5, 0.7, -0.4])
SCALE = np.array([2.0, 3.0, 4.0])


@s2sad.custom_vjp
def product(x, y):
    return np.sin(x) * y


def product_fwd(x, y):
    return product(x, y), (np.cos(x), np.sin(x), y)


def product_bwd(residuals, z_bar):
    cos_x, sin_x, y = residuals
    return cos_x * y * z_bar, sin_x * z_bar


product.defvjp(product_fwd, product_bwd)


@s2sad.custom_jvp
def product_2(x, y):
    return np.sin(x) * y


@product_2.defjvp
def product_2_jvp(primals, tangents):
    x, y = primals
    x_dot, y_dot = tangents
    return product_2(x, y), np.cos(x) * y * x_dot + np.sin(x) * y_dot


def plain_product(x, y):
    return np.sin(x) * y


def in_loop(f):
    def loop(x, y):
        total = 0.0
        for k in range(3):
            total = total + np.sum(f(x * total + x, y)) if k % 2 == 0 else total * np.sum(f(y, x))
        return total

    return loop


def in_branch(f):
    def branch(x, y):
        z = x
        if np.sum(x) > 0.0:
            z = f(x, y)
        return np.sum(z * z)

    return branch


def in_helper(f):
    def helper(x, y):
        return f(x, y) * x

    def nested(x, y):
        def inner(z):
            return helper(z, y) + f(z, z)

        return np.sum(inner(x * y))

    return nested


def in_container(f):
    def contained(x, y):
        rows = [f(x, y), f(y, x)]
        found = {"a": rows[0] * rows[1]}
        rows.append(found["a"])
        return np.sum(rows[2]) + np.sum(rows[0])

    return contained


def in_memory(f):
    def written(x, y):
        a = np.zeros(3)
        for k in range(3):
            a[k] = f(x[k], y[k])
        a[0] = a[1] * 2.0
        return np.sum(f(a, y))

    return written


def in_comprehension(f):
    def listed(x, y):
        return sum(f(a, b) * a for a, b in zip(x, y, strict=True))

    return listed


PROGRAMS = [in_loop, in_branch, in_helper, in_container, in_memory, in_comprehension]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("rule", [product, product_2])
def test_gradients_are_those_of_the_function_without_a_rule(program, rule):
    f, plain = program(rule), program(plain_product)
    assert f(X, Y) == pytest.approx(plain(X, Y))
    value, bars = s2sad.value_and_grad(f, (0, 1))(X, Y)
    assert value == pytest.approx(plain(X, Y))
    for found, expected in zip(bars, s2sad.grad(plain, (0, 1))(X, Y), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("program", PROGRAMS)
def test_tangents_are_those_of_the_function_without_a_rule(program):
    f, plain = program(product_2), program(plain_product)
    found, expected = s2sad.jvp(f, (X, Y), (Y, X)), s2sad.jvp(plain, (X, Y), (Y, X))
    assert found == pytest.approx(expected)
    s2sad.check_grads(f, (X, Y), order=2)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("rule", [product, product_2])
def test_second_order(program, rule):
    def gradient(f):
        return lambda x, y: np.sum(s2sad.grad(f)(x, y) * y)

    f, plain = program(rule), program(plain_product)
    expected = s2sad.grad(gradient(plain), (0, 1))(X, Y)
    for a, b in zip(s2sad.grad(gradient(f), (0, 1))(X, Y), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)
    found = s2sad.jvp(s2sad.grad(f), (X, Y), (Y, X))
    for a, b in zip(found, s2sad.jvp(s2sad.grad(plain), (X, Y), (Y, X)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)


@pytest.mark.parametrize("rule", [product, product_2])
def test_the_function_itself_as_target(rule):
    assert rule(0.5, 2.0) == plain_product(0.5, 2.0)
    assert s2sad.grad(rule, (0, 1))(0.5, 2.0) == pytest.approx((math.cos(0.5) * 2.0, math.sin(0.5)))
    assert s2sad.grad(s2sad.grad(rule))(0.5, 2.0) == pytest.approx(-math.sin(0.5) * 2.0)
    assert s2sad.grad(s2sad.grad(s2sad.grad(rule)))(0.5, 2.0) == pytest.approx(-math.cos(0.5) * 2.0)
    out, pullback = s2sad.vjp(rule, X, Y)
    np.testing.assert_allclose(out, plain_product(X, Y))
    np.testing.assert_allclose(pullback(X)[1], np.sin(X) * X)
    assert rule.__name__ == rule.__wrapped__.__name__


def test_the_pair_is_the_rule_in_the_emitted_text():
    def loss(x, y):
        return np.sum(product(x, y))

    text = s2sad.grad(loss).lower(X, Y).source
    assert "_, product_residuals = product_fwd(x, y)" in text
    assert "def product_bwd(residuals, z_bar):\n    cos_x, sin_x, y = residuals\n" in text
    assert "x_bar, _ = product_bwd(product_residuals, " in text
    assert "np.array(" not in text


def test_the_tangent_is_the_rule_in_the_emitted_text():
    def f(x, y):
        return product_2(x, y)

    text = derivative_of(f, Transform("jvp", (0, 1))).lower(X, Y, X, Y).source
    assert "v1, v1_dot = product_2_jvp((x, y), (x_dot, y_dot))" in text
    text = s2sad.grad(lambda x: np.sum(product_2(x, x))).lower(X).source
    assert "np.cos(x)" in text
    assert "x_dot" not in text
    assert text.count("def ") == 1


# what a rule is asked for


@s2sad.custom_vjp
def clipped(x):
    return x


def clipped_fwd(x):
    return x, None


def clipped_bwd(_, x_bar):
    return (np.clip(x_bar, -1.0, 1.0),)


clipped.defvjp(clipped_fwd, clipped_bwd)


def test_an_identity_with_another_derivative():
    def f(x):
        y = clipped(x)
        y[0] = 0.0
        return np.sum(clipped(x) * 5.0) + np.sum(y * 0.25)

    before = X.copy()
    assert f(X) == pytest.approx(5.0 * np.sum(X) + 0.25 * np.sum(X[1:]))
    np.testing.assert_allclose(s2sad.grad(f)(X), [1.0, 1.25, 1.25])
    np.testing.assert_array_equal(X, before)
    value, _ = s2sad.value_and_grad(f)(X)
    assert value == pytest.approx(f(X))


@s2sad.custom_vjp
def tree(p):
    return {"s": p["a"] * np.sum(p["b"][0]), "b": p["b"][1]}


def tree_fwd(p):
    return tree(p), p


def tree_bwd(p, bar):
    a_bar = bar["s"] * np.sum(p["b"][0])
    return ({"a": a_bar, "b": [bar["s"] * p["a"] * np.ones_like(p["b"][0]), None]},)


tree.defvjp(tree_fwd, tree_bwd)


def test_containers_with_none_for_zero():
    def f(p):
        made = tree(p)
        return made["s"] ** 2 + 3.0 * np.sum(made["b"]) * 0.0

    p = {"a": 2.0, "b": [X, Y]}
    bar = s2sad.grad(f)(p)
    s = 2.0 * np.sum(X)
    assert bar["a"] == pytest.approx(2.0 * s * np.sum(X))
    np.testing.assert_allclose(bar["b"][0], 2.0 * s * 2.0 * np.ones(3))
    np.testing.assert_allclose(bar["b"][1], np.zeros(3))


class Pair(NamedTuple):
    x: np.ndarray
    y: np.ndarray


@dataclasses.dataclass
class Box:
    w: np.ndarray
    name: str = "box"


@s2sad.custom_jvp
def of_records(pair, box):
    return Pair(pair.x * box.w, pair.y)


@of_records.defjvp
def of_records_jvp(primals, tangents):
    (pair, box), (pair_dot, box_dot) = primals, tangents
    out = of_records(pair, box)
    return out, Pair(pair_dot.x * box.w + pair.x * box_dot.w, 2.0 * pair_dot.y)


def test_records_in_a_tangent_rule():
    def f(x, w):
        made = of_records(Pair(x, x), Box(w))
        return np.sum(made.x) + np.sum(made.y)

    np.testing.assert_allclose(s2sad.grad(f)(X, Y), Y + 2.0)
    np.testing.assert_allclose(s2sad.grad(f, 1)(X, Y), X)
    assert s2sad.jvp(f, (X, Y), (np.ones(3), np.zeros(3)))[1] == pytest.approx(np.sum(Y) + 6.0)


@partial(s2sad.custom_vjp, nondiff_argnums=(0, 2))
def power(n, x, name):
    return x**n if name == "power" else x


def power_fwd(n, x, name):
    return power(n, x, name), x


def power_bwd(n, name, x, y_bar):
    return (n * x ** (n - 1) * y_bar if name == "power" else 7.0 * y_bar,)


power.defvjp(power_fwd, power_bwd)


@s2sad.custom_jvp(nondiff_argnums=(1,))
def summed(x, axis):
    return np.sum(x, axis=axis)


@summed.defjvp
def summed_jvp(axis, primals, tangents):
    return summed(primals[0], axis), 2.0 * np.sum(tangents[0], axis=axis)


def test_nondiff_argnums():
    def f(x, n):
        return power(n, x, "power") + power(2, x, "other")

    assert s2sad.grad(f)(2.0, 3) == 12.0 + 7.0
    assert s2sad.grad(f)(2.0, 4) == 32.0 + 7.0
    assert s2sad.grad(power, 1)(3, 2.0, "power") == 12.0
    assert s2sad.grad(lambda x: power(3, x, "power"))(2.0) == 12.0
    assert s2sad.grad(lambda x: power(2, x, "power") + power(4, x, "power"))(2.0) == 36.0

    def g(x):
        return np.sum(summed(x, 1) * np.array([1.0, 2.0]))

    x = np.ones((2, 3))
    np.testing.assert_allclose(s2sad.grad(g)(x), [[2.0] * 3, [4.0] * 3])
    assert s2sad.jvp(g, (x,), (x,))[1] == 18.0


def test_in_a_loop_over_what_is_not_differentiated():
    def f(x):
        total = x
        for n in range(1, 4):
            total = total + power(n, x, "power")
        return total

    assert s2sad.grad(f)(2.0) == 1.0 + 1.0 + 4.0 + 12.0


@s2sad.custom_vjp
def scaled(x):
    return x * SCALE


def scaled_fwd(x):
    return scaled(x), ()


def scaled_bwd(_, y_bar):
    return (y_bar * OTHER,)


OTHER = np.array([10.0, 20.0, 30.0])
scaled.defvjp(scaled_fwd, scaled_bwd)


def test_rules_read_arrays_around_them(monkeypatch):
    gradient = s2sad.grad(lambda x: np.sum(scaled(x) * x))
    np.testing.assert_allclose(gradient(X), X * SCALE + X * OTHER)
    monkeypatch.setitem(globals(), "OTHER", np.ones(3))
    np.testing.assert_allclose(gradient(X), X * SCALE + X)


@s2sad.custom_jvp
def by_parts(x, y):
    return x * y


by_parts.defjvps(lambda x_dot, ans, x, y: 10.0 * x_dot * y, lambda y_dot, ans, x, y: x * y_dot)


@s2sad.custom_jvp
def first_alone(x, n):
    return x**n


first_alone.defjvps(lambda x_dot, ans, x, n: x_dot * n * ans / x, None)


def test_a_rule_for_each_argument():
    assert s2sad.grad(by_parts, (0, 1))(2.0, 3.0) == (30.0, 2.0)
    assert s2sad.jvp(by_parts, (2.0, 3.0), (1.0, 1.0)) == (6.0, 32.0)
    assert s2sad.grad(first_alone)(2.0, 3) == 12.0
    text = derivative_of(lambda x: by_parts(x, x), Transform("jvp")).lower(2.0, 1.0).source
    assert "ans = by_parts(x, y)" in text
    assert "v1 = by_parts_jvp_x(x_dot, ans, x, y)" in text


@s2sad.custom_vjp
def looped(x, n):
    for _ in range(n):
        x = x * 0.5
    return x


def looped_fwd(x, n):
    rows = []
    for k in range(n):
        rows.append(x * k)
    return looped(x, n), (rows, n)


def looped_bwd(residuals, y_bar):
    rows, n = residuals
    total = 0.0 * y_bar
    for row in rows:
        if np.sum(row) > 0.0:
            total = total + row * y_bar
    return total, None


looped.defvjp(looped_fwd, looped_bwd)


def test_rules_with_loops_branches_and_lists():
    x = np.array([1.0, 2.0])
    found = s2sad.grad(lambda x: np.sum(looped(x, 4)))(x)
    np.testing.assert_allclose(found, 6.0 * x)
    np.testing.assert_allclose(
        s2sad.grad(lambda x: np.sum(s2sad.grad(lambda z: np.sum(looped(z, 4)))(x)))(x), [6.0, 6.0]
    )


@s2sad.custom_jvp
def iterated(x):
    return x**4


@iterated.defjvp
def iterated_jvp(primals, tangents):
    (x,), (x_dot,) = primals, tangents
    y, y_dot = x, x_dot
    for _ in range(3):
        y_dot = y_dot * x + y * x_dot
        y = y * x
    return y, y_dot


def test_a_tangent_rule_with_a_loop_is_transposed():
    assert s2sad.grad(iterated)(2.0) == 32.0
    assert s2sad.grad(s2sad.grad(iterated))(2.0) == 48.0
    s2sad.check_grads(lambda x: np.sum(iterated(x) * x), (X,), order=2)


def helper(x, x_dot):
    return np.cos(x) * x_dot


def value_and_tangent(x, x_dot):
    return np.sin(x), np.cos(x) * x_dot


@s2sad.custom_jvp
def helped(x):
    return np.sin(x)


@helped.defjvp
def helped_jvp(primals, tangents):
    return helped(primals[0]), helper(primals[0], tangents[0])


def test_a_tangent_rule_that_starts_from_zero():
    @s2sad.custom_jvp
    def f(x, y):
        return x * y

    @f.defjvp
    def f_jvp(primals, tangents):
        total = np.zeros_like(primals[0])
        for x, x_dot in zip(primals[::-1], tangents, strict=True):
            total = total + x * x_dot
        return f(*primals), 0.0 + total

    found = s2sad.grad(lambda x, y: np.sum(f(x, y) * x), (0, 1))(X, Y)
    np.testing.assert_allclose(found, (2.0 * X * Y, X * X))
    np.testing.assert_allclose(s2sad.grad(lambda x: np.sum(f(x, Y)))(X), Y)


def test_a_tangent_rule_that_calls_functions_is_transposed():
    np.testing.assert_allclose(s2sad.grad(lambda x: np.sum(helped(x)))(X), np.cos(X))
    s2sad.check_grads(lambda x: np.sum(helped(x) * x), (X,), order=2)
    other = s2sad.custom_jvp(lambda x: np.sin(x))
    other.defjvp(lambda primals, tangents: value_and_tangent(primals[0], tangents[0]))
    np.testing.assert_allclose(s2sad.grad(lambda x: np.sum(other(x)))(X), np.cos(X))


def test_float32_stays_float32():
    x = X.astype(np.float32)
    for f in (product, product_2):
        bar = s2sad.grad(lambda x, f=f: np.sum(f(x, 2.0 * x)))(x)
        assert bar.dtype == np.float32

    @s2sad.custom_vjp
    def wide(x):
        return x

    wide.defvjp(lambda x: (x, None), lambda _, g: (np.full(3, 2.0) * g.astype(np.float64),))
    assert s2sad.grad(lambda x: np.sum(wide(x)))(x).dtype == np.float32


def test_complex():
    @s2sad.custom_vjp
    def square(z):
        return z * z

    square.defvjp(lambda z: (square(z), z), lambda z, g: (2.0 * z * g,))
    z = np.array([1.0 + 2.0j, -0.5j])
    plain = s2sad.grad(lambda z: np.sum(np.abs(z * z) ** 2))(z)
    np.testing.assert_allclose(s2sad.grad(lambda z: np.sum(np.abs(square(z)) ** 2))(z), plain)


def test_methods():
    class Model:
        def __init__(self, w):
            self.w = w

        @partial(s2sad.custom_vjp, nondiff_argnums=())
        def apply(self, x):
            return self.w * x

    def fwd(self, x):
        return self.w * x, self.w

    def bwd(w, y_bar):
        return None, 10.0 * w * y_bar

    Model.apply.defvjp(fwd, bwd)
    assert s2sad.grad(lambda x: Model(2.0).apply(x))(3.0) == 20.0


def test_a_pullback_is_called_twice():
    _, pullback = s2sad.vjp(lambda x: product(x, Y) * clipped(x), X)
    first, second = pullback(Y)[0], pullback(Y)[0]
    np.testing.assert_array_equal(first, second)


@s2sad.custom_vjp
def factorial_like(x, n):
    return x if n == 0 else x * factorial_like(x, n - 1)


factorial_like.defvjp(lambda x, n: (factorial_like(x, n), (x, n)), lambda r, g: ((r[1] + 1) * r[0] ** r[1] * g, None))


def test_a_recursive_function():
    assert s2sad.grad(factorial_like)(2.0, 3) == pytest.approx(32.0)


# refused


def test_forward_mode_of_custom_vjp_is_refused():
    with pytest.raises(RuleError, match=r"test_custom.py:\d+: forward mode of product(.|\n)*use reverse mode"):
        s2sad.jvp(lambda x: product(x, x), (1.0,), (1.0,))


def test_no_rule():
    @s2sad.custom_vjp
    def f(x):
        return x * x

    @s2sad.custom_jvp
    def g(x):
        return x * x

    assert f(2.0) == g(2.0) == 4.0
    with pytest.raises(RuleError, match=r"f is a custom_vjp without a rule(.|\n)*f.defvjp"):
        s2sad.grad(lambda x: f(x))(1.0)
    with pytest.raises(RuleError, match=r"g is a custom_jvp without a rule(.|\n)*g.defjvp"):
        s2sad.grad(g)(1.0)


def refused(fwd, bwd, *args, argnums=0):
    @s2sad.custom_vjp
    def f(x, y):
        return x * y

    f.defvjp(fwd, bwd)
    with pytest.raises(s2sad.Error) as e:
        s2sad.grad(lambda x, y: np.sum(f(x, y)), argnums)(*args)
    return str(e.value)


def test_rules_that_do_not_fit():
    def fwd(x, y):
        return x * y, (x, y)

    message = refused(fwd, lambda r, g: (g, g, g), X, Y)
    assert "3 cotangents; the function has 2" in message and "test_custom.py" in message
    assert "float64[n1]; the function has 2" in refused(fwd, lambda r, g: g, X, Y)
    assert "float64, where argument 0 is float64[n1]" in refused(fwd, lambda r, g: (np.sum(g), g), X, Y)
    assert "float64[n1, n1], where argument 1" in refused(fwd, lambda r, g: (g, np.outer(g, g)), X, Y)
    assert "[n1+-1]" in refused(fwd, lambda r, g: (g[1:], g), X, Y).replace("n1-1", "n1+-1")
    assert "complex" in refused(fwd, lambda r, g: (1j * g, g), X, Y)
    assert "return (out, residuals)" in refused(lambda x, y: x * y, lambda r, g: (g, g), X, Y)
    assert "the function itself is float64[n1]" in refused(lambda x, y: (np.sum(x), 1), lambda r, g: (g, g), X, Y)
    assert "takes 2 arguments" in refused(lambda x: (x, 1), lambda r, g: (g, g), X, Y)
    assert "takes 2 arguments" in refused(fwd, lambda g: (g, g), X, Y)


def test_a_shape_that_is_known_at_run_time_alone():
    @s2sad.custom_vjp
    def f(x):
        return x * 1.0

    f.defvjp(lambda x: (f(x), x), lambda x, g: (g[x > 0.0],))
    gradient = s2sad.grad(lambda x: np.sum(f(x)))
    np.testing.assert_allclose(gradient(np.ones(3)), np.ones(3))
    with pytest.raises(ValueError, match=r"shape \(2,\) for one of shape \(3,\)"):
        gradient(X)


def test_tangent_rules_that_do_not_fit():
    def with_rule(rule):
        @s2sad.custom_jvp
        def f(x):
            return np.sin(x)

        f.defjvp(rule)
        return lambda x: np.sum(f(x))

    for rule, message in [
        (lambda p, t: (np.sin(p[0]), t[0] ** 2), "not linear"),
        (lambda p, t: (np.sin(p[0]), t[0] if np.sum(t[0]) > 0.0 else 2.0 * t[0]), "not linear"),
        (lambda p, t: (np.sin(p[0]), helper(t[0], t[0])), "not linear"),
        (lambda p, t: (np.sin(p[0]), t[0] + 1.0), "not linear"),
        (lambda p, t: (np.sin(p[0]), np.cos(p[0])), "not linear"),
        (lambda p, t: (np.sin(p[0]), s2sad.stop_gradient(t[0])), "not linear"),
        (lambda p, t: np.sin(p[0]), r"return \(out, out_dot\)"),
        (lambda p, t: (np.sin(p[0]), None), "static None"),
        (lambda p, t: (np.sin(p[0]), np.sum(t[0])), "for the tangent"),
        (lambda p: (p, p), "takes 2 arguments"),
    ]:
        with pytest.raises(RuleError, match=message):
            s2sad.grad(with_rule(rule))(X)


def test_what_is_in_nondiff_argnums_has_no_derivative():
    @partial(s2sad.custom_vjp, nondiff_argnums=(1,))
    def f(x, k):
        return x * k

    f.defvjp(lambda x, k: (f(x, k), ()), lambda k, r, g: (g * k,))
    assert s2sad.grad(f)(2.0, 3.0) == 3.0
    assert s2sad.grad(lambda x: f(x, s2sad.stop_gradient(x)))(2.0) == 2.0
    with pytest.raises(RuleError, match=r"argument 1 of f, in its nondiff_argnums(.|\n)*stop_gradient"):
        s2sad.grad(lambda x: f(x, x))(2.0)


def test_arguments_of_the_definitions():
    for make in (
        lambda: s2sad.custom_vjp(np.sin),
        lambda: s2sad.custom_jvp(lambda *x: x),
        lambda: s2sad.custom_vjp(lambda x, *, k: x),
        lambda: s2sad.custom_vjp(lambda x: x, nondiff_argnums=(1,)),
        lambda: s2sad.custom_jvp(lambda x: x).defjvps(None),
        lambda: s2sad.custom_jvp(lambda x: x).defjvps(None, None),
        lambda: s2sad.custom_vjp(lambda x: x).defvjp(1, 2),
        lambda: s2sad.defvjp(3, None),
        lambda: s2sad.defvjp(np.sin, lambda ans, x: lambda g: g),
        lambda: s2sad.defvjp(lambda x: x, None, argnums=(0, 1)),
        lambda: s2sad.defvjp(lambda x: x, None, result="scalar"),
        lambda: s2sad.defjvp(product, None),
        lambda: s2sad.defvjp(Box(X).__repr__, None),
    ):
        with pytest.raises(ArgumentError):
            make()


def test_a_function_that_changes_its_argument_is_refused():
    @s2sad.custom_vjp
    def f(xs):
        xs.append(1.0)
        return xs[0]

    f.defvjp(lambda xs: (xs[0], None), lambda r, g: ([g],))
    with pytest.raises(s2sad.Error, match="changes what it is given"):
        s2sad.grad(lambda x: f([x]))(1.0)


def test_a_function_made_in_the_function_is_refused():
    @partial(s2sad.custom_vjp, nondiff_argnums=(0,))
    def apply(f, x):
        return f(x)

    apply.defvjp(lambda f, x: (f(x), x), lambda f, x, g: (2.0 * g * f(x),))
    assert s2sad.grad(lambda x: apply(math.exp, x))(0.0) == 2.0
    with pytest.raises(s2sad.Error, match="is a function made in the function"):
        s2sad.grad(lambda x: apply(lambda z: z * x, x))(1.0)


def test_a_rule_inside_of_a_function_is_refused():
    with pytest.raises(RuleError, match="custom_vjp in a function(.|\n)*define it outside"):
        s2sad.grad(lambda x: s2sad.custom_vjp(lambda z: z)(x))(1.0)


def test_defaults_and_names():
    @s2sad.custom_vjp
    def f(x, y=2.0):
        return x * y

    f.defvjp(lambda x, y: (x * y, (x, y)), lambda r, g: (r[1] * g, r[0] * g))
    assert s2sad.grad(lambda x: f(x) + f(y=3.0, x=x))(2.0) == 5.0


def test_results_of_integers_and_residuals_of_all_kinds():
    @s2sad.custom_vjp
    def f(x):
        return x * 2.0, np.argmax(x)

    def fwd(x):
        return f(x), {"x": x, "none": None, "text": "twice", "rows": [x, (x, 1)]}

    def bwd(r, g):
        return (g[0] * 2.0 + 0.0 * r["rows"][1][0] if r["text"] == "twice" else r["x"],)

    f.defvjp(fwd, bwd)
    np.testing.assert_array_equal(s2sad.grad(lambda x: f(x)[0][f(x)[1]])(X), [0.0, 0.0, 2.0])


def test_derivatives_inside_of_functions():
    def f(x):
        def inner(z):
            return product(z, x)

        return s2sad.grad(inner)(x) * x

    assert s2sad.grad(f)(0.7) == pytest.approx(s2sad.grad(lambda x: np.cos(x) * x * x)(0.7))


# the cache


def test_another_rule_is_compiled_anew():
    @s2sad.custom_vjp
    def f(x):
        return x * x

    f.defvjp(lambda x: (f(x), x), lambda x, g: (2.0 * x * g,))
    gradient = s2sad.grad(lambda x: f(x) + 1.0)
    assert gradient(3.0) == 6.0
    f.defvjp(lambda x: (f(x), x), lambda x, g: (5.0 * x * g,))
    assert gradient(3.0) == 15.0
    assert s2sad.grad(f)(3.0) == 15.0


def module_with(text, name):
    file = f"<{name}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    module = types.ModuleType("rules_under_test")
    exec(compile(text, file, "exec"), module.__dict__)
    return module


TEXT = """
import s2sad

@s2sad.custom_vjp
def f(x):
    return x * x

def fwd(x):
    return f(x), x

def bwd(x, g):
    return (FACTOR * x * g,)

f.defvjp(fwd, bwd)

def loss(x):
    return f(x)
"""


def test_the_rule_is_part_of_the_cache_key(cache_folder):
    assert s2sad.grad(module_with(TEXT.replace("FACTOR", "2.0"), "a").loss)(3.0) == 6.0
    assert len(list(cache_folder.glob("*.py"))) == 1
    assert s2sad.grad(module_with(TEXT.replace("FACTOR", "2.0"), "a").loss)(3.0) == 6.0
    assert len(list(cache_folder.glob("*.py"))) == 1
    assert s2sad.grad(module_with(TEXT.replace("FACTOR", "7.0"), "b").loss)(3.0) == 21.0
    assert len(list(cache_folder.glob("*.py"))) == 2


# black boxes

s2sad.defvjp(
    library.solve,
    lambda ans, a, b: lambda g: -np.outer(library.solve(a.T, g), ans),
    lambda ans, a, b: lambda g: library.solve(a.T, g),
)
s2sad.defvjp(library.cube, lambda ans, x: lambda g: 3.0 * x**2 * g, result="elementwise")
s2sad.defjvp(library.cube, lambda g, ans, x: 3.0 * x**2 * g)


def gated_vjp(ans, x):
    def vjp(g):
        total = np.zeros_like(x)
        for k in range(len(x)):
            if x[k] > 0.0:
                total[k] = 2.0 * g[k]
        return total

    return vjp


s2sad.defvjp(library.gated, gated_vjp)
s2sad.defvjp(library.matvec, lambda ans, x: lambda g: library.MATRIX.T @ g, result=lambda x: x)
s2sad.defvjp(library.scaled, lambda ans, x, *, by: lambda g: by * g)
s2sad.defvjp(library.both, lambda ans, x: lambda g: g[0] * 2.0 + g[1] * np.cos(x))
s2sad.defvjp(library.total, lambda ans, xs: lambda g: [g, 2.0 * g])
A = np.array([[3.0, 1.0, 0.0], [0.5, 2.0, 0.2], [0.0, 0.1, 1.0]])


def solved(a, b):
    x = library.solve(a, b * b)
    return np.sum(x * library.cube(b))


def solved_plainly(a, b):
    x = np.linalg.solve(a, b * b)
    return np.sum(x * b**3)


def test_black_boxes():
    for k in (0, 1):
        np.testing.assert_allclose(s2sad.grad(solved, k)(A, X), s2sad.grad(solved_plainly, k)(A, X))
    text = s2sad.grad(solved, (0, 1)).lower(A, X).source
    assert "import tests.api.custom_library" in text
    assert "tests.api.custom_library.solve(a.T, " in text
    assert "a_bar = -np.outer(x_solve, x)" in text
    assert sum("solve(" in line for line in text.splitlines() if line.lstrip()[:1] != "#") == 2
    assert "unbroadcast" not in text and "checked_like" not in text


def test_second_order_of_black_boxes():
    def slope(f):
        return lambda b: np.sum(s2sad.grad(f, 1)(A, b) * b)

    np.testing.assert_allclose(s2sad.grad(slope(solved))(X), s2sad.grad(slope(solved_plainly))(X), rtol=1e-10)
    s2sad.check_grads(lambda x: np.sum(library.cube(x) * x), (X,), order=2)
    assert s2sad.grad(library.cube)(2.0) == 12.0
    assert s2sad.grad(s2sad.grad(library.cube))(2.0) == 12.0


def test_forward_mode_of_black_boxes():
    assert s2sad.jvp(lambda x: library.cube(x) * x, (2.0,), (1.0,)) == (16.0, 32.0)
    with pytest.raises(s2sad.Error, match="solve has no derivative rule for this mode"):
        s2sad.jvp(lambda b: np.sum(library.solve(A, b)), (X,), (X,))


def test_rules_with_loops_are_functions_of_the_module():
    gradient = s2sad.grad(lambda x: np.sum(library.gated(x) * 3.0))
    np.testing.assert_allclose(gradient(X), np.where(X > 0.0, 6.0, 0.0))
    assert "def gated_vjp(g, x):" in gradient.lower(X).source


def test_rules_read_the_arrays_around_them():
    gradient = s2sad.grad(lambda x: np.sum(library.matvec(x) * x))
    m = library.MATRIX
    np.testing.assert_allclose(gradient(X), (m + m.T) @ X)
    assert "unbroadcast" not in gradient.lower(X).source
    try:
        library.MATRIX = 2.0 * m
        np.testing.assert_allclose(gradient(X), 2.0 * (m + m.T) @ X)
    finally:
        library.MATRIX = m


def test_keywords_and_containers_of_black_boxes():
    assert s2sad.grad(lambda x: library.scaled(x, by=3.0) * x)(2.0) == 12.0
    np.testing.assert_allclose(
        s2sad.grad(lambda x: np.sum(library.both(x)[0]) + np.sum(library.both(x)[1] * x))(X),
        2.0 + np.sin(X) + np.cos(X) * X,
    )
    assert s2sad.grad(lambda x: library.total([x, x * x]))(3.0) == 1.0 + 2.0 * 6.0


def test_black_boxes_in_loops_and_branches():
    def f(x):
        total = x
        for k in range(3):
            if k != 1:
                total = library.cube(total) * 0.5
        return total

    def plain(x):
        return 0.5 * (0.5 * x**3) ** 3

    assert s2sad.grad(f)(1.1) == pytest.approx(s2sad.grad(plain)(1.1))
    assert s2sad.grad(s2sad.grad(f))(1.1) == pytest.approx(s2sad.grad(s2sad.grad(plain))(1.1))
    assert s2sad.jvp(f, (1.1,), (1.0,))[1] == pytest.approx(s2sad.grad(plain)(1.1))


def test_objects_and_local_functions_are_put_into_the_module(cache_folder):
    class Solver:
        factor = 2.0

        def __init__(self):
            self.steps = [1.0]

        def __call__(self, x):
            return eval("2.0 * x")

    solver = Solver()
    cube = eval("lambda x: x ** 3")
    s2sad.defvjp(solver, lambda ans, x: lambda g: 2.0 * g)
    s2sad.defvjp(cube, lambda ans, x: lambda g: 3.0 * x**2 * g)

    def f(x):
        return solver(x) * cube(x)

    for _ in range(2):
        assert s2sad.grad(f)(3.0) == pytest.approx(8.0 * 27.0)
    s2sad.defvjp(cube, lambda ans, x: lambda g: 0.0 * g)
    assert s2sad.grad(f)(3.0) == pytest.approx(54.0)


def test_what_a_black_box_is_not_told():
    def boxed(x, y):
        return eval("x * y")

    s2sad.defvjp(boxed, lambda ans, x, y: lambda g: g * y)
    assert s2sad.grad(lambda x: boxed(x, 2.0))(3.0) == 2.0
    with pytest.raises(RuleError, match=r"argument 1 of (.|\n)*boxed has no rule for reverse mode"):
        s2sad.grad(lambda x: boxed(x, x))(3.0)
    s2sad.defvjp(boxed, lambda ans, x: lambda g: g)
    with pytest.raises(RuleError, match="takes ans and the arguments"):
        s2sad.grad(lambda x: boxed(x, 2.0))(3.0)
    s2sad.defvjp(boxed, lambda ans, x, y: lambda g: np.sum(g), None)
    with pytest.raises(RuleError, match=r"gives float64, where what it is for is float64\[n1\]"):
        s2sad.grad(lambda x: np.sum(boxed(x, 2.0)))(X)
    s2sad.defvjp(boxed, None, lambda ans, x, y: lambda g: g * x)
    assert s2sad.grad(lambda x: boxed(x, x))(3.0) == 3.0


def test_a_black_box_of_which_nothing_is_known():
    def stubborn(x):
        if len(x) != 5:
            raise ValueError("five, please")
        return eval("x * 2.0")

    s2sad.defvjp(stubborn, lambda ans, x: lambda g: 2.0 * g)
    x = np.arange(5.0)
    np.testing.assert_allclose(s2sad.grad(lambda x: np.sum(stubborn(x) * x))(x), 4.0 * x)


def test_what_a_black_box_gives_may_be_its_argument():
    def same(x):
        return eval("x")

    s2sad.defvjp(same, lambda ans, x: lambda g: g)

    def written(x):
        y = same(x)
        y[0] = 7.0
        return np.sum(x * y)

    def read_later(x):
        z = x * 1.0
        y = same(z)
        z[0] = 7.0
        return np.sum(x * y)

    def copied(x):
        y = same(x).copy()
        y[0] = 7.0
        return np.sum(x * y) + np.sum(same(x))

    for f, message in [(written, "write into a copy"), (read_later, "take a copy before the change")]:
        with pytest.raises(s2sad.Error, match=message):
            s2sad.grad(f)(X)
    np.testing.assert_allclose(s2sad.grad(copied)(X), [8.0, 1.0 + 2.0 * X[1], 1.0 + 2.0 * X[2]])
    gradient = s2sad.grad(lambda x: np.sum(same(x)))(X)
    gradient[0] = 5.0


def test_gradients_are_memory_of_their_own():
    @s2sad.custom_vjp
    def f(x, y):
        return x + y

    f.defvjp(lambda x, y: (f(x, y), x), lambda r, g: (g, g))
    x_bar, y_bar = s2sad.grad(lambda x, y: np.sum(f(x, y)), (0, 1))(X, Y)
    x_bar[0] = 5.0
    np.testing.assert_array_equal(y_bar, np.ones(3))
    f.defvjp(lambda x, y: (f(x, y), x), lambda r, g: (r, None))
    out, pullback = s2sad.vjp(f, X, Y)
    pullback(Y)[0][0] = 9.0
    np.testing.assert_array_equal(pullback(Y)[0], X)


def test_a_rule_may_write_into_what_it_is_given():
    @s2sad.custom_vjp
    def f(x):
        return x * 1.0

    def bwd(_, g):
        g[0] = 0.0
        return (g,)

    f.defvjp(lambda x: (f(x), None), bwd)

    def loss(x):
        y = f(x)
        return np.sum(y * x) + np.sum(y)

    np.testing.assert_allclose(s2sad.grad(loss)(X), X + np.array([0.0, 1.0 + X[1], 1.0 + X[2]]))


def test_partial_application_and_objects_as_arguments():
    f = partial(library.solve, A)
    np.testing.assert_allclose(s2sad.grad(lambda b: np.sum(f(b)))(X), np.linalg.solve(A.T, np.ones(3)))


# stop_gradient


def stopped(x):
    y = s2sad.stop_gradient(np.sin(x))
    return np.sum(x * y)


def test_a_loop_behind_a_stop_has_no_way_back():
    """Its cotangent is zero, which times an infinite slope would be nan."""

    def f(x):
        y = x - 1.0
        for _ in range(20):
            y = np.sqrt(y)
        return x * s2sad.stop_gradient(y)

    df = s2sad.grad(f)
    assert df(1.0) == 0.0
    assert df(2.0) == 1.0
    assert df.source.count("for _ in") == 1


def test_stop_gradient():
    np.testing.assert_allclose(s2sad.grad(stopped)(X), np.sin(X))
    assert s2sad.jvp(stopped, (X,), (Y,))[1] == pytest.approx(np.sum(np.sin(X) * Y))
    np.testing.assert_array_equal(s2sad.grad(lambda x: np.sum(s2sad.grad(stopped)(x)))(X), np.zeros(3))
    text = s2sad.grad(stopped).lower(X).source
    assert "stop" not in text.partition("def ")[2].replace("stopped", "")
    assert "    y = np.sin(x)\n    return y" in text


def test_stop_gradient_of_containers():
    def f(x):
        held = s2sad.stop_gradient(
            {"a": x, "b": [x * 2.0, (x, 3)], "c": Pair(x, x), "d": Box(x), "e": "text", "f": None}
        )
        held["b"].append(x)
        n = held["b"][1][1]
        return x * held["a"] * held["b"][0] * n + held["b"][2] + held["c"].y + held["d"].w

    assert f(2.0) == 54.0
    assert s2sad.grad(f)(2.0) == 2.0 * 4.0 * 3.0 + 1.0
    assert s2sad.jvp(f, (2.0,), (1.0,)) == (54.0, 25.0)


def test_stop_gradient_in_loops_and_of_written_arrays():
    def f(x):
        a = x * 2.0
        b = s2sad.stop_gradient(a)
        a[0] = 5.0 * x[1]
        for k in range(3):
            a[k] = a[k] * s2sad.stop_gradient(a[k]) * b[k]
        return np.sum(a)

    a = 2.0 * X
    b, a[0] = a.copy(), 5.0 * X[1]
    assert f(X) == pytest.approx(np.sum(a * a * b))
    expected = 2.0 * a * b
    expected[0], expected[1] = 0.0, expected[1] + 5.0 * a[0] * b[0]
    np.testing.assert_allclose(s2sad.grad(f)(X), expected)
    assert s2sad.value_and_grad(f)(X)[0] == pytest.approx(f(X))
    assert s2sad.jvp(f, (X,), (Y,))[1] == pytest.approx(expected @ Y)


def test_stop_gradient_of_what_an_argument_is():
    def f(x, y):
        return np.sum(x * s2sad.stop_gradient(y))

    np.testing.assert_array_equal(s2sad.grad(f, 1)(X, Y), np.zeros(3))
    np.testing.assert_array_equal(s2sad.grad(s2sad.stop_gradient)(2.0), 0.0)
    gradient = s2sad.grad(lambda x: np.sum(s2sad.stop_gradient(x)))(X)
    gradient[0] = 9.0
    assert X[0] == 0.5


# what is done to an adjoint


def clipped_by_hand(x):
    y = np.sin(x)
    with s2sad.adjoint(y) as y_bar:
        y_bar = np.clip(y_bar, -1.0, 1.0)
    return np.sum(y * x * 3.0)


def test_an_adjoint_is_replaced():
    expected = 3.0 * np.sin(X) + np.clip(3.0 * X, -1.0, 1.0) * np.cos(X)
    np.testing.assert_allclose(s2sad.grad(clipped_by_hand)(X), expected)
    value, bar = s2sad.value_and_grad(clipped_by_hand)(X)
    assert value == clipped_by_hand(X) == pytest.approx(np.sum(np.sin(X) * X * 3.0))
    np.testing.assert_allclose(bar, expected)
    slope = np.sum(3.0 * (np.cos(X) * X + np.sin(X)) * Y)
    assert s2sad.jvp(clipped_by_hand, (X,), (Y,))[1] == pytest.approx(slope)
    inner = np.where(np.abs(3.0 * X) < 1.0, 3.0, 0.0)
    second = 3.0 * np.cos(X) + inner * np.cos(X) - np.clip(3.0 * X, -1.0, 1.0) * np.sin(X)
    np.testing.assert_allclose(s2sad.grad(lambda x: np.sum(s2sad.grad(clipped_by_hand)(x)))(X), second)
    text = s2sad.grad(clipped_by_hand).lower(X).source
    assert "    y_bar = np.clip(y_bar, -1.0, 1.0)\n" in text


def test_adjoints_in_loops_with_prints_and_branches(capsys):
    def f(x):
        s = 0.0
        for k in range(3):
            s = s * x + x
            with s2sad.adjoint(s) as s_bar:
                print("s_bar", k, s_bar)
                if s_bar > 2.0:
                    s_bar = 2.0
        return s

    assert s2sad.grad(f)(1.5) == 10.5
    assert capsys.readouterr().out == "s_bar 2 1.0\ns_bar 1 1.5\ns_bar 0 2.25\n"
    assert f(1.5) == 7.125
    assert capsys.readouterr().out == "s_bar 0 0.0\ns_bar 1 0.0\ns_bar 2 0.0\n"


def test_adjoints_of_arrays_that_are_written_and_of_arguments():
    def f(x):
        a = x * 1.0
        a[0] = 2.0 * x[1]
        limit = np.max(x)
        with s2sad.adjoint(a) as a_bar:
            n = np.sqrt(np.sum(a_bar**2))
            a_bar = a_bar * limit / n
        a[1] = a[0] * a[2]
        return np.sum(a)

    x = np.array([0.1, 2.0, 3.0])
    a_bar = np.array([1.0 + 3.0, 0.0, 1.0 + 4.0])
    a_bar = a_bar * 3.0 / np.sqrt(np.sum(a_bar**2))
    np.testing.assert_allclose(s2sad.grad(f)(x), [0.0, a_bar[1] + 2.0 * a_bar[0], a_bar[2]])

    def g(x, scale):
        with s2sad.adjoint(x) as x_bar:
            x_bar = x_bar * scale
        return helper(x, x)

    def callee(x):
        return g(x * 2.0, 3.0) * x

    assert s2sad.grad(g)(0.5, 10.0) == pytest.approx(10.0 * s2sad.grad(lambda x: helper(x, x))(0.5))
    expected = 6.0 * 0.5 * s2sad.grad(lambda x: helper(x, x))(1.0) + helper(1.0, 1.0)
    assert s2sad.grad(callee)(0.5) == pytest.approx(expected)


def test_what_cannot_be_done_to_an_adjoint():
    def in_place(x):
        y = x * 2.0
        with s2sad.adjoint(y) as y_bar:
            y_bar[0] = 0.0
        return np.sum(y)

    def of_another_shape(x):
        y = x * 2.0
        with s2sad.adjoint(y) as y_bar:
            y_bar = np.sum(y_bar)
        return np.sum(y)

    def of_a_list(x):
        y = [x, x]
        with s2sad.adjoint(y) as y_bar:
            print(y_bar)
        return np.sum(y[0])

    def of_an_expression(x):
        with s2sad.adjoint(x * 2.0) as y_bar:
            print(y_bar)
        return np.sum(x)

    def logged(x):
        log = []
        y = x * 2.0
        with s2sad.adjoint(y) as y_bar:
            log.append(y_bar)
        return np.sum(y) + len(log)

    for f, message in [
        (in_place, "assign a new value to the adjoint"),
        (of_another_shape, "the block of an adjoint gives float64, where the variable is"),
        (of_a_list, "name a number or an array"),
        (of_an_expression, "test_custom.py"),
        (logged, "changes a list"),
    ]:
        with pytest.raises(s2sad.Error, match=message):
            s2sad.grad(f)(X)


# native code


@pytest.mark.parametrize("rule", [product, product_2])
def test_native_code(rule):
    pytest.importorskip("numba")

    def f(x, y):
        total = 0.0
        for k in range(3):
            total = total + np.sum(rule(x * k, y))
        return total

    found = s2sad.grad(f, (0, 1), backend="numba")(X, Y)
    for a, b in zip(found, s2sad.grad(f, (0, 1))(X, Y), strict=True):
        np.testing.assert_allclose(a, b)


def product_of_two(x, y):
    return np.sin(x) * y


def by_first(x_dot, ans, x, y):
    return np.cos(x) * x_dot * y


def by_second(y_dot, ans, x, y):
    return np.sin(x) * y_dot


def by_second_scaled(y_dot, ans, x, y):
    moved = 2.0 * y_dot
    return by_second(moved, ans, x, y) * 0.5


def by_second_affine(y_dot, ans, x, y):
    return by_second(y_dot, ans, x, y) + 1.0


@pytest.mark.parametrize("second", [by_second, by_second_scaled])
@pytest.mark.parametrize("argnums", [0, 1, (0, 1), (1, 0)], ids=str)
def test_rules_of_arguments_that_have_no_tangent_give_zeros(second, argnums):
    """The rule for each argument is a call; where its tangent is zero, so is what it gives."""
    f = s2sad.custom_jvp(product_of_two)
    f.defjvps(by_first, second)
    x, y = np.array([0.3, 1.2]), np.array([2.0, -1.0])
    found = s2sad.grad(lambda x, y: np.sum(f(x, y)), argnums)(x, y)
    np.testing.assert_allclose(found, s2sad.grad(lambda x, y: np.sum(product_of_two(x, y)), argnums)(x, y))


def test_a_rule_with_a_constant_is_refused_for_the_other_argument_too():
    f = s2sad.custom_jvp(product_of_two)
    f.defjvps(by_first, by_second_affine)
    for argnums in (0, 1):
        with pytest.raises(RuleError, match="not linear"):
            s2sad.grad(f, argnums)(0.3, 2.0)


def test_nondiff_argnames():
    @partial(s2sad.custom_vjp, nondiff_argnames="limit")
    def clipped(x, limit):
        return x

    def backward(limit, residuals, y_bar):
        return (np.clip(y_bar, -limit, limit),)

    clipped.defvjp(lambda x, limit: (x, None), backward)
    assert s2sad.grad(lambda x: clipped(5.0 * x, 0.5))(1.0) == 2.5

    @s2sad.custom_jvp(nondiff_argnums=(0,), nondiff_argnames=["n"])
    def applied(f, x, n):
        return f(x) * n

    @applied.defjvp
    def _(f, n, primals, tangents):
        return f(primals[0]) * n, 10.0 * n * tangents[0]

    assert s2sad.grad(lambda x: applied(np.sin, x, 3))(1.0) == 30.0
    with pytest.raises(
        ArgumentError, match="nondiff_argnames 'limt': f has the parameters x, limit, did you mean limit"
    ):

        @partial(s2sad.custom_vjp, nondiff_argnames=("limt",))
        def f(x, limit):
            return x

    with pytest.raises(ArgumentError, match="nondiff_argnums"):
        s2sad.custom_vjp(lambda x, y: x, nondiff_argnums=(1,), nondiff_argnames=("y",))


def test_an_auxiliary_result_of_vjp_has_a_cotangent_of_zero():
    def f(x):
        return np.sum(x * x), {"half": 0.5 * x, "n": 3, "name": "f"}

    x = np.array([1.0, 2.0])
    (value, aux), pullback = s2sad.vjp(f, x)
    (x_bar,) = pullback((1.0, {"half": np.zeros(2), "n": 0, "name": "f"}))
    np.testing.assert_array_equal(x_bar, 2.0 * x)
    assert (value, aux["n"]) == (5.0, 3)
