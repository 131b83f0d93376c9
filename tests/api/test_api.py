"""grad, value_and_grad, jvp, vjp: what they take and give, as functions and as decorators."""

import dataclasses
import inspect
from typing import NamedTuple

import numpy as np
import pytest

import s2sad


def energy(x, k=2.0):
    """Half the spring constant times the square."""
    return 0.5 * k * np.sum(x * x)


def product(x, y):
    return x * np.sin(y)


def with_aux(x):
    return np.sum(x**3), {"mean": np.mean(x), "name": "cube"}


class Point(NamedTuple):
    x: float
    y: np.ndarray


@dataclasses.dataclass
class Spring:
    k: float
    rest: np.ndarray
    name: str = "steel"


def of_point(p, s):
    return p.x * np.sum(p.y) * s


def of_spring(spring, x):
    return spring.k * np.sum((x - spring.rest) ** 2)


def of_dict(p):
    (a, b), c = p["pair"], p["c"]
    return a * b + np.sum(c) * a


X = np.array([1.0, -2.0, 3.0])


def test_gradient_of_an_array():
    np.testing.assert_allclose(s2sad.grad(energy)(X), 2.0 * X)
    np.testing.assert_allclose(s2sad.grad(energy)(X, k=5.0), 5.0 * X)
    np.testing.assert_allclose(s2sad.grad(energy)(x=X, k=5.0), 5.0 * X)


@pytest.mark.parametrize("argnums", [1, "k", -1])
def test_argnums_by_position_and_name(argnums):
    assert s2sad.grad(energy, argnums)(X, 2.0) == pytest.approx(7.0)


@pytest.mark.parametrize("argnums", [(0, 1), ("x", "k"), [0, "k"], (0, -1)])
def test_several_argnums_give_a_tuple(argnums):
    x_bar, k_bar = s2sad.grad(energy, argnums)(X, 2.0)
    np.testing.assert_allclose(x_bar, 2.0 * X)
    assert k_bar == pytest.approx(7.0)
    (only,) = s2sad.grad(energy, (0,))(X)
    np.testing.assert_allclose(only, 2.0 * X)


def test_as_decorator():
    @s2sad.grad
    def cube(x):
        return x**3

    @s2sad.value_and_grad(argnums="y")
    def scaled(x, y):
        return x * y * y

    assert cube(2.0) == 12.0
    assert scaled(3.0, 2.0) == (12.0, 12.0)
    assert cube.__name__ == "cube_grad"
    assert cube.__wrapped__(2.0) == 8.0


def test_name_and_signature_are_kept_and_the_docstring_says_more():
    df = s2sad.grad(energy)
    assert df.__name__ == "energy_grad"
    assert df.__wrapped__ is energy
    assert df.__doc__.startswith(f"energy_grad{inspect.signature(energy)}: gradient of energy by ")
    assert inspect.getdoc(energy) in df.__doc__
    assert inspect.signature(df) == inspect.signature(energy)
    assert df.__module__ == energy.__module__


def test_value_and_grad():
    value, gradient = s2sad.value_and_grad(energy)(X)
    assert value == energy(X)
    np.testing.assert_allclose(gradient, 2.0 * X)


def test_has_aux():
    gradient, aux = s2sad.grad(with_aux, has_aux=True)(X)
    np.testing.assert_allclose(gradient, 3.0 * X**2)
    assert aux == {"mean": np.mean(X), "name": "cube"}
    (value, aux), gradient = s2sad.value_and_grad(with_aux, has_aux=True)(X)
    assert value == np.sum(X**3)
    assert aux["name"] == "cube"
    np.testing.assert_allclose(gradient, 3.0 * X**2)


def test_a_tangent_of_none_is_zero():
    def f(x, p, n):
        return np.sin(x) * p["a"] ** n + np.sum(p["b"] * x)

    def inside(x, y):
        return s2sad.jvp(f, (x, {"a": y, "b": x}, 2), (x, None, None))[1]

    def inside_with_zeros(x, y):
        return s2sad.jvp(f, (x, {"a": y, "b": x}, 2), (x, {"a": 0.0, "b": 0.0 * x}, None))[1]

    x, p = np.array([0.3, -1.2]), {"a": 1.7, "b": np.array([2.0, -0.4])}
    nothing = {"a": 0.0, "b": np.zeros(2)}
    for along, moved in [((x, None, None), (x, nothing, None)), ((None, p, None), (0.0 * x, p, None))]:
        for found, expected in zip(s2sad.jvp(f, (x, p, 3), along), s2sad.jvp(f, (x, p, 3), moved), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-14)
    np.testing.assert_allclose(inside(x, 1.5), inside_with_zeros(x, 1.5))
    np.testing.assert_allclose(s2sad.jacobian(inside)(x, 1.5), s2sad.jacobian(inside_with_zeros)(x, 1.5))
    with pytest.raises(s2sad.errors.ArgumentError, match="all tangents are None"):
        s2sad.jvp(f, (x, p, 3), (None, None, None))
    with pytest.raises(s2sad.errors.UnsupportedSyntax, match="all tangents are None"):
        s2sad.grad(lambda x: s2sad.jvp(np.sin, (x,), (None,))[1])(1.0)


def test_jvp_and_vjp_agree():
    out, out_dot = s2sad.jvp(product, (2.0, 0.5), (1.0, 3.0))
    assert out == product(2.0, 0.5)
    assert out_dot == pytest.approx(np.sin(0.5) + 3.0 * 2.0 * np.cos(0.5))
    out, pullback = s2sad.vjp(product, 2.0, 0.5)
    assert out == product(2.0, 0.5)
    for y_bar in (1.0, 2.0, -1.0):
        x_bar, other = pullback(y_bar)
        assert (x_bar, other) == pytest.approx((y_bar * np.sin(0.5), y_bar * 2.0 * np.cos(0.5)))


def test_pullback_has_none_for_what_holds_no_floats():
    def f(x, n, name):
        return x * n if name == "a" else x

    out, pullback = s2sad.vjp(f, 2.0, 3, "a")
    assert out == 6.0
    assert pullback(1.0) == (3.0, None, None)


def test_pullback_of_a_container():
    def f(x):
        return {"double": 2.0 * x, "both": (x, x * x)}

    out, pullback = s2sad.vjp(f, 3.0)
    assert out == {"double": 6.0, "both": (3.0, 9.0)}
    assert pullback({"double": 1.0, "both": (10.0, 100.0)}) == (2.0 + 10.0 + 600.0,)


def test_pullback_refuses_another_structure():
    _, pullback = s2sad.vjp(lambda x: 2.0 * x, X)
    with pytest.raises(s2sad.Error, match="cotangent"):
        pullback(np.ones(2))
    with pytest.raises(s2sad.Error, match="cotangent"):
        pullback((np.ones(3),))


def test_tangents_of_another_structure_are_refused():
    with pytest.raises(s2sad.Error, match="tangent"):
        s2sad.jvp(energy, (X,), (np.ones(2),))
    with pytest.raises(s2sad.Error, match="1 primals and 2 tangents"):
        s2sad.jvp(energy, (X,), (X, X))


def test_named_tuple():
    p_bar, s_bar = s2sad.grad(of_point, (0, 1))(Point(2.0, X), 3.0)
    assert isinstance(p_bar, Point)
    assert p_bar.x == pytest.approx(3.0 * np.sum(X))
    np.testing.assert_allclose(p_bar.y, 6.0 * np.ones(3))
    assert s_bar == pytest.approx(2.0 * np.sum(X))


def test_dataclass():
    spring = Spring(2.0, np.ones(3))
    bar = s2sad.grad(of_spring)(spring, X)
    assert isinstance(bar, Spring)
    assert bar.k == pytest.approx(np.sum((X - 1.0) ** 2))
    np.testing.assert_allclose(bar.rest, -4.0 * (X - 1.0))
    assert bar.name == "steel"


def test_nested_containers():
    p = {"pair": [2.0, 3.0], "c": np.ones(2)}
    bar = s2sad.grad(of_dict)(p)
    assert bar["pair"] == [5.0, 2.0]
    np.testing.assert_allclose(bar["c"], [2.0, 2.0])
    assert p == {"pair": [2.0, 3.0], "c": p["c"]}


@pytest.mark.parametrize("n", range(4))
def test_derivatives_of_derivatives(n):
    def power(x):
        return x**5

    d, factor = power, 1.0
    for k in range(n):
        d, factor = s2sad.grad(d), factor * (5 - k)
    assert d(1.5) == pytest.approx(factor * 1.5 ** (5 - n))


def test_forward_over_reverse_is_the_hessian():
    def f(x):
        return np.sum(np.sin(x) * x[::-1])

    v = np.array([0.5, 1.0, -1.0])
    gradient, hv = s2sad.jvp(s2sad.grad(f), (X,), (v,))
    e = 1e-5
    np.testing.assert_allclose(hv, (s2sad.grad(f)(X + e * v) - s2sad.grad(f)(X - e * v)) / (2 * e), rtol=1e-8)
    np.testing.assert_allclose(gradient, s2sad.grad(f)(X))


def inner(y, x):
    return np.sin(y) * x


def test_derivative_inside_a_differentiated_function():
    def outer(x):
        return s2sad.grad(inner)(x * x, x) * x

    expected = s2sad.grad(lambda x: np.cos(x * x) * x * x)(0.7)
    assert s2sad.grad(outer)(0.7) == pytest.approx(expected)


def test_tangent_inside_a_differentiated_function():
    def outer(x):
        value, slope = s2sad.jvp(inner, (x * x, x), (1.0, 0.0))
        return slope * x

    expected = s2sad.grad(lambda x: np.cos(x * x) * x * x)(0.7)
    assert s2sad.grad(outer)(0.7) == pytest.approx(expected)
    assert s2sad.jvp(outer, (0.7,), (1.0,))[1] == pytest.approx(expected)


def line(y, x):
    return x + y


ORDER = np.array([2, 0, 1])
FACTORS = np.array([1.0, 3.0, 2.0])


def test_tangents_of_tangents_read_arrays_of_the_module():
    def f(x):
        return np.sin(x[ORDER]) * FACTORS

    def slope(x, x_dot):
        return s2sad.jvp(f, (x,), (x_dot,))[1]

    x, u, v = np.array([0.1, 0.7, 1.3]), np.ones(3), np.array([1.0, -2.0, 0.5])
    expected = -np.sin(x[ORDER]) * FACTORS * u[ORDER] * v[ORDER]
    np.testing.assert_allclose(s2sad.jvp(lambda x: slope(x, u), (x,), (v,))[1], expected)
    s2sad.check_grads(f, (x,), order=3)


@pytest.mark.parametrize("value", [float("inf"), -float("inf"), float("nan")])
def test_numbers_without_a_literal(value):
    unless = float(value)

    def f(x):
        return np.where(x > 0.0, x * x, unless)

    gradient = s2sad.grad(lambda x: f(x)[1])
    np.testing.assert_array_equal(gradient(np.array([-1.0, 2.0])), [0.0, 4.0])
    np.testing.assert_array_equal(s2sad.jvp(f, (np.array([-1.0, 2.0]),), (np.ones(2),))[0], [value, 4.0])


def test_no_perturbation_confusion():
    def outer(x):
        return x * s2sad.grad(line)(1.0, x)

    assert s2sad.grad(outer)(1.0) == 1.0  # d/dx (x * 1), not 2


def test_lower_gives_the_plain_function():
    df = s2sad.grad(product, (0, 1))
    plain = df.lower(2.0, 0.5)
    assert inspect.isfunction(plain)
    assert plain(2.0, 0.5) == df(2.0, 0.5)
    assert "def product_grad(x, y):" in plain.source
    assert "s2sad:" not in plain.source
    assert "import s2sad" not in plain.source


def test_generic_source_runs_for_arrays_and_numbers():
    space = {}
    exec(s2sad.grad(product, (0, 1)).source, space)
    x_bar, y_bar = space["product_grad"](2.0, 0.5)
    assert (x_bar, y_bar) == pytest.approx((np.sin(0.5), 2.0 * np.cos(0.5)))


def test_trace_is_the_three_address_code():
    def L(w1, w2):
        return w2 * np.log(w1) + np.sqrt(w2 * np.log(w1))

    assert s2sad.trace(L, 2.0, 3.0).splitlines() == [
        "L(w1: float, w2: float):",
        "    v1 = np.log(w1)",
        "    v2 = w2 * v1",
        "    v3 = np.sqrt(v2)",
        "    v4 = v2 + v3",
        "    return v4",
    ]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,), (1, 1)])
def test_gradient_keeps_shape_and_dtype(dtype, shape):
    def f(x, c):
        return np.sum(np.exp(x) * c - x / 2)

    x = np.ones(shape, dtype)
    bar = s2sad.grad(f)(x, dtype(2.0))
    assert np.shape(bar) == shape
    assert np.asarray(bar).dtype == dtype
    value, out_dot = s2sad.jvp(f, (x, dtype(2.0)), (x, dtype(0.0)))
    assert np.asarray(out_dot).dtype == np.asarray(value).dtype


@pytest.mark.parametrize("scalar", [np.float32(2.0), np.float64(2.0), np.array(2.0, np.float32)])
@pytest.mark.parametrize("f", [lambda x: x, lambda x: 2.0 * x, lambda x: x * x, lambda x: 1.0 * np.sin(x)])
def test_scalar_gradient_keeps_its_dtype(f, scalar):
    assert np.asarray(s2sad.grad(f)(scalar)).dtype == scalar.dtype


def test_an_argument_that_does_not_matter_has_gradient_zero():
    def f(x, y):
        return np.sum(x)

    x_bar, y_bar = s2sad.grad(f, (0, 1))(X, np.ones((2, 2)))
    np.testing.assert_array_equal(y_bar, np.zeros((2, 2)))
    np.testing.assert_array_equal(x_bar, np.ones(3))


def test_results_are_memory_of_their_own():
    def f(x, y):
        return np.sum(x + y)

    x_bar, y_bar = s2sad.grad(f, (0, 1))(X, X)
    x_bar[:] = 7.0
    np.testing.assert_array_equal(y_bar, np.ones(3))
    out, pullback = s2sad.vjp(lambda x: x, X)
    y_bar = np.ones(3)
    (x_bar,) = pullback(y_bar)
    x_bar[:] = 7.0
    np.testing.assert_array_equal(y_bar, np.ones(3))


def test_methods_can_be_decorated():
    class Model:
        scale = 3.0

        @s2sad.grad(argnums="x")
        def loss(self, x):
            return 3.0 * x * x

    assert Model().loss(2.0) == 12.0


def test_a_global_rebound_between_calls_is_seen():
    space = {"np": np}
    source = "def f(x):\n    return c * x * x\n"
    import linecache

    linecache.cache["<rebound>"] = (len(source), None, source.splitlines(True), "<rebound>")
    exec(compile(source, "<rebound>", "exec"), space)
    df = s2sad.grad(space["f"])
    space["c"] = 2.0
    assert df(3.0) == 12.0
    space["c"] = 5.0
    assert df(3.0) == 30.0


def cubed_and_scaled(x):
    return np.sum(x * x**2) + np.sum(x * 3.0)


def test_single_precision_through_sums_of_several_terms():
    x = np.array([0.5, -1.0, 2.0], np.float32)
    gradient = s2sad.grad(cubed_and_scaled)(x)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, 3.0 * x**2 + 3.0, rtol=1e-6)
