"""Jacobians, Hessians, products with them: against differences, closed forms and each other, nested to third order."""

import re
from typing import NamedTuple

import numpy as np
import pytest

import s2sad
from s2sad.errors import ArgumentError, NonScalarOutput, NotDifferentiable


def differences(f, x, h=1e-3):
    """The Jacobian of an array function of one array by Richardson's extrapolation of central differences."""
    x = np.asarray(x, float)
    columns = []
    for k in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[k] = 1.0
        a, b, c = ((np.asarray(f(x + s * e)) - np.asarray(f(x - s * e))) / (2 * s) for s in (h, h / 2, h / 4))
        ab, bc = (4 * b - a) / 3, (4 * c - b) / 3
        columns.append((16 * bc - ab) / 15)
    return np.moveaxis(np.array(columns), 0, -1).reshape(np.shape(columns[0]) + x.shape)


def coordinates(x):
    return np.array([x[0] ** 2 * x[1], 5.0 * x[0] + np.sin(x[1])])


def elementwise(x):
    return np.sin(x) * x + 1.0 / (2.0 + x**2)


def scalar(x):
    return np.sum(np.exp(-x) * np.cos(x)) * x[0]


def matrix(x):
    return np.outer(x, np.tanh(x)) + np.diag(x**3)


def cube(x):
    return np.outer(x, x)[:, :, None] * np.cos(x)


def looped(x):
    y = x * 1.0
    for k in range(4):
        y = np.sin(y) + 0.1 * k * x[::-1]
    return y


def stored(x):
    a = x.copy()
    for i in range(1, len(a)):
        a[i] += a[i - 1] * np.sin(x[i])
        a[i - 1] *= x[0]
    return a


def branching(x):
    y = []
    for v in x:
        if v > 0.5:
            y.append(v**3)
        else:
            y.append(np.exp(v) * x[0])
    return np.array(y)


def until(x):
    n = 0
    while np.sum(x * x) > 0.01 and n < 50:
        x = 0.5 * np.tanh(x)
        n += 1
    return x * n


def helper(x, k):
    return np.sin(x[k:]) * x[0]


def calling(x):
    return np.concatenate([helper(x, 1), helper(x * x, 0)])


def constant_part(x):
    return np.array([1.0, x[0], 2.0])


def linear(x):
    return np.arange(6.0).reshape(2, 3) @ x


def nothing(x):
    return x[:0] * 2.0


X = np.array([0.7, -0.4, 1.1])
VECTORS = [
    coordinates,
    elementwise,
    scalar,
    matrix,
    cube,
    looped,
    stored,
    branching,
    until,
    calling,
    constant_part,
    linear,
]
JACOBIANS = [s2sad.jacfwd, s2sad.jacrev, s2sad.jacobian]


@pytest.mark.parametrize("f", VECTORS)
@pytest.mark.parametrize("operator", JACOBIANS)
def test_jacobians_against_differences(f, operator):
    x = X.copy()
    found = operator(f)(x)
    assert found.shape == np.shape(f(X)) + X.shape
    np.testing.assert_allclose(found, differences(f, X), rtol=1e-7, atol=1e-9)
    assert np.array_equal(x, X)


@pytest.mark.parametrize("f", VECTORS)
def test_second_derivatives_in_all_mode_pairs(f):
    expected = differences(lambda x: differences(f, x), X, 3e-3)
    for outer in JACOBIANS[:2]:
        for inner in JACOBIANS[:2]:
            found = outer(inner(f))(X)
            assert found.shape == np.shape(f(X)) + X.shape + X.shape
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("f", [coordinates, elementwise, stored, looped])
def test_third_derivatives(f):
    def energy(x):
        return np.sum(f(x) ** 2)

    second = s2sad.hessian(energy)
    found = s2sad.jacfwd(second)(X)
    np.testing.assert_allclose(found, differences(second, X), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(s2sad.jacrev(second)(X), found, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("f", VECTORS)
def test_products_with_jacobians_agree(f):
    rng = np.random.default_rng(1)
    v, w = rng.normal(size=3), rng.normal(size=np.shape(f(X)))
    jacobian = s2sad.jacrev(f)(X)
    value, pushforward = s2sad.linearize(f, X)
    np.testing.assert_allclose(value, f(X))
    np.testing.assert_allclose(pushforward(v), jacobian @ v, rtol=1e-12, atol=1e-12)
    (bar,) = s2sad.vjp(f, X)[1](w)
    np.testing.assert_allclose(bar, np.tensordot(w, jacobian, np.ndim(w)), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(np.sum(w * pushforward(v)), np.sum(bar * v))


@pytest.mark.parametrize("f", VECTORS)
def test_hessian_products(f):
    def energy(x):
        return np.sum(f(x) ** 2)

    v = np.array([1.0, -2.0, 0.5])
    hessian = s2sad.hessian(energy)(X)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(s2sad.hvp(energy)(X, v), hessian @ v, rtol=1e-10, atol=1e-10)


def test_arguments_of_several_ranks():
    def f(a, x, t):
        return a @ x * t

    rng = np.random.default_rng(2)
    a, x = rng.normal(size=(2, 3)), rng.normal(size=3)
    for operator in JACOBIANS:
        by_a, by_x, by_t = operator(f, argnums=(0, 1, "t"))(a, x, 0.3)
        assert by_a.shape == (2, 2, 3) and by_x.shape == (2, 3) and by_t.shape == (2,)
        np.testing.assert_allclose(by_a, differences(lambda a: f(a, x, 0.3), a), atol=1e-9)
        np.testing.assert_allclose(by_x, 0.3 * a)
        np.testing.assert_allclose(by_t, a @ x)


class Pair(NamedTuple):
    u: np.ndarray
    v: float


def test_containers_on_both_sides():
    def f(p):
        return {"first": p.u * p.v, "second": (np.sum(p.u), p.v**2)}

    p = Pair(np.array([1.0, 2.0]), 3.0)
    for operator in JACOBIANS:
        found = operator(f)(p)
        np.testing.assert_allclose(found["first"].u, 3.0 * np.eye(2))
        np.testing.assert_allclose(found["first"].v, [1.0, 2.0])
        np.testing.assert_allclose(found["second"][0].u, [1.0, 1.0])
        assert found["second"][0].v == 0.0
        np.testing.assert_allclose(found["second"][1].u, [0.0, 0.0])
        assert found["second"][1].v == 6.0
        assert isinstance(found["first"], Pair)


def test_hessian_by_several_arguments():
    def f(x, y):
        return np.sum(x**2 * y) + y[0] ** 3

    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    (xx, xy), (yx, yy) = s2sad.hessian(f, argnums=(0, 1))(x, y)
    np.testing.assert_allclose(xx, np.diag(2 * y))
    np.testing.assert_allclose(xy, np.diag(2 * x))
    np.testing.assert_allclose(yx, np.diag(2 * x))
    np.testing.assert_allclose(yy, [[18.0, 0.0], [0.0, 0.0]])
    u, v = np.array([1.0, -1.0]), np.array([0.5, 2.0])
    by_x, by_y = s2sad.hvp(f, argnums=(0, 1))(x, y, (u, v))
    np.testing.assert_allclose(by_x, xx @ u + xy @ v)
    np.testing.assert_allclose(by_y, yx @ u + yy @ v)


def test_aux():
    def f(x):
        return x**2, {"n": len(x), "twice": 2.0 * x}

    for operator in (*JACOBIANS, s2sad.hessian):
        found, aux = operator(f, has_aux=True)(X)
        assert aux["n"] == 3
        np.testing.assert_allclose(aux["twice"], 2.0 * X)
        assert found.shape[:2] == (3, 3)


def test_single_precision_stays():
    x = X.astype(np.float32)
    for operator in JACOBIANS:
        for f in (elementwise, matrix, looped):
            assert operator(f)(x).dtype == np.float32
    assert s2sad.hessian(lambda x: np.sum(x**3))(x).dtype == np.float32


def test_numbers_in_and_out():
    assert s2sad.jacfwd(np.sin)(0.0) == s2sad.jacrev(np.sin)(0.0) == 1.0
    assert s2sad.hessian(lambda x: x**3)(2.0) == 12.0
    assert s2sad.hvp(lambda x: x**3)(2.0, 10.0) == 120.0
    np.testing.assert_allclose(s2sad.jacfwd(lambda t: np.array([t, t * t]))(3.0), [1.0, 6.0])
    np.testing.assert_allclose(s2sad.jacrev(lambda t: np.array([t, t * t]))(3.0), [1.0, 6.0])


def test_jacobian_takes_the_mode_with_fewer_sweeps():
    wide, tall = s2sad.jacobian(lambda x: x[:2] * x[2]), s2sad.jacobian(lambda x: np.outer(x, x))
    assert "row by row" in wide.lower(X).source
    assert "column by column" in tall.lower(X).source
    assert "row by row" in s2sad.jacobian(lambda x: x[x > 0.5]).lower(X).source


def test_elementwise_grad():
    np.testing.assert_allclose(s2sad.elementwise_grad(np.sin)(X), np.cos(X))
    second = s2sad.elementwise_grad(s2sad.elementwise_grad(np.sin))
    np.testing.assert_allclose(second(X), -np.sin(X))
    np.testing.assert_allclose(s2sad.elementwise_grad(looped)(X), np.sum(s2sad.jacrev(looped)(X), axis=0))


def test_operators_as_decorators():
    @s2sad.jacfwd
    def f(x):
        return x**2

    @s2sad.hessian(argnums=1)
    def g(a, x):
        return a * np.sum(x**3)

    np.testing.assert_allclose(f(X), np.diag(2 * X))
    np.testing.assert_allclose(g(2.0, X), np.diag(12 * X))


def residual(x, p):
    return np.array([x[0] ** 2 + p * x[1], x[1] ** 3 - p])


def newton_step(x, p):
    return x - np.linalg.solve(s2sad.jacfwd(residual)(x, p), residual(x, p))


def test_inside_a_differentiated_function():
    x = np.array([1.0, 1.5])
    s2sad.check_grads(lambda x, p: np.sum(newton_step(x, p) ** 2), (x, 0.7), order=2)


@pytest.mark.parametrize("inner", ["grad", "jacfwd", "jacrev", "hessian", "elementwise_grad"])
@pytest.mark.parametrize("outer", ["grad", "jacfwd", "jacrev", "jvp"])
def test_nested_derivatives_close_over_the_outer_variable(inner, outer):
    """d/dx of x * d/dy (x * y^2) at y = x: perturbation confusion would give another number."""
    operator = getattr(s2sad, inner)

    def f(x):
        return x * operator(lambda y: x * y**3)(x)

    expected = {"hessian": lambda x: 6.0 * 3 * x**2}.get(inner, lambda x: 3.0 * 4 * x**3)(1.3)
    found = s2sad.jvp(f, (1.3,), (1.0,))[1] if outer == "jvp" else getattr(s2sad, outer)(f)(1.3)
    assert found == pytest.approx(expected, rel=1e-12)


def test_products_inside_a_function():
    def f(x):
        v = np.cos(x)
        return np.sum(s2sad.hvp(lambda y: np.sum(x * y**3))(x, v))

    expected = differences(lambda x: np.array([np.sum(6 * x * x * np.cos(x))]), X)[0]
    np.testing.assert_allclose(s2sad.grad(f)(X), expected, rtol=1e-8)


SCALES = np.array([1.5, -0.5, 0.25])


def of_captured(x):
    return np.sum(np.sin(x * SCALES)) * np.sum(x)


def product(x, v):
    return np.sum(s2sad.hvp(of_captured)(x, v) * x)


def along(x, v):
    return s2sad.jvp(of_captured, (x,), (v,))[1]


@pytest.mark.parametrize("f", [product, along])
@pytest.mark.parametrize("operator", [s2sad.grad, s2sad.jacfwd, s2sad.jacrev])
@pytest.mark.parametrize("argnum", [0, 1])
def test_derivatives_of_products_where_an_array_is_captured(f, operator, argnum):
    args = [np.array([0.3, -0.5, 0.7]), np.array([1.0, 2.0, -0.5])]

    def by_one(z):
        return f(*(z if k == argnum else a for k, a in enumerate(args)))

    expected = differences(by_one, args[argnum])
    np.testing.assert_allclose(operator(f, argnum)(*args), expected, rtol=1e-8, atol=1e-9)


def test_products_of_each_example_where_an_array_is_captured():
    xs, vs = np.array([[0.3, -0.5, 0.7], [1.0, 0.2, 0.4]]), np.array([[1.0, 2.0, -0.5], [0.1, 0.0, 0.3]])
    for f in (s2sad.hvp(of_captured), along):
        np.testing.assert_allclose(s2sad.vmap(f)(xs, vs), [f(x, v) for x, v in zip(xs, vs, strict=True)], rtol=1e-12)
    s2sad.check_grads(of_captured, (xs[0],), order=3)


def early(x):
    for k in range(len(x)):
        if x[k] > 0.5:
            return x[k] ** 2 * x[0]
    return np.sum(x)


def growing(x):
    xs = []
    for k in range(len(x)):
        if x[k] > 0.0:
            xs.append(x[k] ** 2 * x[0])
    return sum(v * v for v in xs)


@pytest.mark.parametrize("f", [early, growing])
def test_linearize_where_variables_are_bound_in_branches(f):
    value, tangent = s2sad.linearize(f, X)
    assert value == f(X)
    np.testing.assert_allclose([tangent(e) for e in np.eye(len(X))], differences(f, X), rtol=1e-8, atol=1e-9)


def test_errors():
    with pytest.raises(ArgumentError, match="shape"):
        s2sad.hvp(lambda x: np.sum(x**2))(X, X[:2])
    with pytest.raises(ArgumentError, match="vector"):
        s2sad.hvp(lambda x: np.sum(x**2))(X)
    with pytest.raises(NonScalarOutput):
        s2sad.hvp(lambda x: x**2)(X, X)
    with pytest.raises(NotDifferentiable):
        s2sad.jacfwd(lambda x, n: x * n, argnums=1)(X, 2)
    with pytest.raises(NotDifferentiable):
        s2sad.jacrev(lambda x: (x, 3))(X)
    with pytest.raises(ArgumentError, match="tangents"):
        s2sad.linearize(lambda x: x**2, X)[1](X, X)


def test_the_primal_is_computed_once():
    source = re.sub("  # .*", "", s2sad.jacrev(looped).lower(X).source)
    assert source.count("np.sin") == 1
    before, _, inside = s2sad.jacfwd(elementwise).lower(X).source.partition("for ")
    assert "np.sin" in before and "np.sin" not in inside


def value_with_more(x, n):
    y = np.sin(x) * n
    return np.sum(y * x), {"y": y, "n": n, "name": "sine", "parts": [y[0], 2.0]}


class Told(NamedTuple):
    value: float
    rest: tuple


def told(x, n):
    value, rest = value_with_more(x, n)
    return Told(value, (rest["y"],))


@pytest.mark.parametrize("f", [value_with_more, told])
def test_what_a_function_gives_beside_its_value_is_handed_on(f):
    x, x_dot = np.array([0.3, 1.1]), np.array([1.0, -2.0])
    gradient, (value, aux) = s2sad.grad(lambda x: f(x, 3)[0])(x), f(x, 3)
    found, pullback, more = s2sad.vjp(f, x, 3, has_aux=True)
    np.testing.assert_allclose(pullback(2.0)[0], 2.0 * gradient, rtol=1e-14)
    assert pullback(2.0)[1] is None
    forward = s2sad.jvp(f, (x, 3), (x_dot, None), has_aux=True)
    linear = s2sad.linearize(f, x, 3, has_aux=True)
    np.testing.assert_allclose(forward[1], gradient @ x_dot, rtol=1e-14)
    np.testing.assert_allclose(linear[1](x_dot, 0), gradient @ x_dot, rtol=1e-14)
    for v, m in ((found, more), (forward[0], forward[2]), (linear[0], linear[2])):
        assert v == pytest.approx(value, rel=1e-15)
        assert type(m) is type(aux) and len(m) == len(aux)


@pytest.mark.parametrize(
    "call",
    [
        lambda f, x: s2sad.vjp(f, x, has_aux=True),
        lambda f, x: s2sad.jvp(f, (x,), (x,), has_aux=True),
        lambda f, x: s2sad.linearize(f, x, has_aux=True),
    ],
)
def test_has_aux_wants_a_pair(call):
    with pytest.raises(NonScalarOutput, match=r"the result must be a pair \(value, aux\)"):
        call(lambda x: x * 2.0, 1.0)


def aux_of_vjp(x):
    return s2sad.vjp(lambda y: (y * y, y), x, has_aux=True)[0]


def aux_of_jvp(x):
    return s2sad.jvp(lambda y: (y * y, y), (x,), (1.0,), has_aux=True)[0]


@pytest.mark.parametrize("f", [aux_of_vjp, aux_of_jvp])
def test_inside_a_function_has_aux_is_refused(f):
    with pytest.raises(s2sad.Error, match="take the pair that"):
        s2sad.grad(f)(1.0)
