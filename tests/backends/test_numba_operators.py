"""Every operator as native code: its results are NumPy's, and those of differences of the function."""

import warnings

import numpy as np
import optree
import pytest

import s2sad
from s2sad.testing import numerical_jvp
from tests.backends.native_programs import PROGRAMS, Oscillator

pytest.importorskip("numba")


def tree(function, *values):
    return optree.tree_map(function, *values)


def direction(value, seed):
    """A value of the structure of an argument, with other numbers in it."""
    generator = np.random.default_rng(seed)
    return tree(lambda a: a if isinstance(a, int) else a * 0.0 + generator.normal(size=np.shape(a)), value)


def directions(args, seed=0):
    return tuple(direction(a, seed + k) for k, a in enumerate(args))


def vjp(f, args, backend):
    value, pullback = s2sad.vjp(f, *args, backend=backend)
    return value, pullback(1.0), pullback(-0.5)


def linearize(f, args, backend):
    value, tangent = s2sad.linearize(f, *args, backend=backend)
    return value, tangent(*directions(args)), tangent(*directions(args, 7))


def examples(args):
    """The first argument three times, slightly changed."""
    return tree(lambda a: np.stack([a, np.multiply(a, 1.1), np.multiply(a, 0.7)]), args[0]), *args[1:]


def axes(args):
    return (0, *(None for _ in args[1:]))


OPERATORS = {
    "value_and_grad": lambda f, args, b: s2sad.value_and_grad(f, backend=b)(*args),
    "jvp": lambda f, args, b: s2sad.jvp(f, args, directions(args), backend=b),
    "vjp": vjp,
    "linearize": linearize,
    "jacfwd": lambda f, args, b: s2sad.jacfwd(f, backend=b)(*args),
    "jacrev": lambda f, args, b: s2sad.jacrev(f, backend=b)(*args),
    "elementwise_grad": lambda f, args, b: s2sad.elementwise_grad(f, backend=b)(*args),
    "hessian": lambda f, args, b: s2sad.hessian(f, backend=b)(*args),
    "hvp": lambda f, args, b: s2sad.hvp(f, backend=b)(*args, direction(args[0], 3)),
    "vmap": lambda f, args, b: s2sad.vmap(f, axes(args), backend=b)(*examples(args)),
    "vmap of grad": lambda f, args, b: s2sad.vmap(s2sad.grad(f), axes(args), backend=b)(*examples(args)),
}

NESTED = {
    "jacfwd of jacfwd": lambda f, args, b: s2sad.jacfwd(s2sad.jacfwd(f), backend=b)(*args),
    "jacrev of jacfwd": lambda f, args, b: s2sad.jacrev(s2sad.jacfwd(f), backend=b)(*args),
    "jacrev of jacrev": lambda f, args, b: s2sad.jacrev(s2sad.jacrev(f), backend=b)(*args),
    "grad of hvp": lambda f, args, b: s2sad.grad(slope(f), backend=b)(*args),
    "vmap of hvp": lambda f, args, b: s2sad.vmap(s2sad.hvp(f), (*axes(args), None), backend=b)(
        *examples(args), direction(args[0], 3)
    ),
}


def slope(f):
    """The square of a product with the Hessian."""

    def squared(x, y):
        return np.sum(s2sad.hvp(f)(x, y, x * 0.5) ** 2)

    return squared


def natively(operator, name):
    """What an operator gives with numba and with NumPy; a fallback is an error."""
    f, args = PROGRAMS[name]
    before = tree(np.copy, args)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = operator(f, args, "numba")
    tree(np.testing.assert_array_equal, before, args)
    return found, operator(f, args, None)


def agree(found, expected):
    assert optree.tree_structure(found, none_is_leaf=True) == optree.tree_structure(expected, none_is_leaf=True)
    for a, b in zip(optree.tree_leaves(found), optree.tree_leaves(expected), strict=True):
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


WHOLE = ("branches", "until_inner")
"""The programs that every operator is tried on."""

FEW = ("jvp", "vjp", "linearize", "vmap of grad")

CASES = [(name, operator) for name in PROGRAMS for operator in (OPERATORS if name in WHOLE else FEW)]


@pytest.mark.parametrize(("name", "operator"), CASES)
def test_operators(name, operator):
    agree(*natively(OPERATORS[operator], name))


@pytest.mark.parametrize("operator", NESTED)
@pytest.mark.parametrize("name", ["loop", "captured"])
def test_derivatives_of_derivatives(name, operator):
    agree(*natively(NESTED[operator], name))


@pytest.mark.parametrize("name", PROGRAMS)
def test_first_order_against_differences(name):
    f, args = PROGRAMS[name]
    active = {k: d for k, d in enumerate(directions(args)) if not isinstance(d, int)}
    expected, error = numerical_jvp(f, args, active)
    _, along = s2sad.jvp(f, args, directions(args), backend="numba")
    _, pullback = s2sad.vjp(f, *args, backend="numba")
    bars = pullback(1.0)
    product = sum(
        np.sum(a * b)
        for k, d in active.items()
        for a, b in zip(optree.tree_leaves(bars[k]), optree.tree_leaves(d), strict=True)
    )
    _, tangent = s2sad.linearize(f, *args, backend="numba")
    for found in (along, product, tangent(*directions(args))):
        np.testing.assert_allclose(found, expected[0], rtol=1e-7, atol=1e-8 + 10 * error[0])


@pytest.mark.parametrize("name", ["matrices", "loop", "stencil", "until", "lists"])
def test_second_order_against_differences(name):
    f, args = PROGRAMS[name]
    d = direction(args[0], 3)
    h = 1e-3
    gradient = [s2sad.grad(f)(args[0] + k * h * d, *args[1:]) for k in (-2, -1, 1, 2)]
    expected = (gradient[0] - 8.0 * gradient[1] + 8.0 * gradient[2] - gradient[3]) / (12.0 * h)
    np.testing.assert_allclose(s2sad.hvp(f, backend="numba")(*args, d), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(s2sad.hessian(f, backend="numba")(*args) @ d, expected, rtol=1e-6, atol=1e-6)


def test_jacobian_takes_the_mode_with_fewer_sweeps():
    def f(x):
        return np.array([np.sum(x * x), x[0]])

    x = np.array([0.5, -1.2, 2.0])
    np.testing.assert_allclose(s2sad.jacobian(f, backend="numba")(x), [2.0 * x, [1.0, 0.0, 0.0]])


# what goes from one sweep to the other through Python


def stacks(x, n):
    """Lists of numbers, of vectors, of matrices, of lists and of tuples, some of them empty."""
    total, k = 0.0, 0
    pairs = []
    while k < n:
        y = x * (k + 1.0)
        m = np.outer(x, y)
        while np.sum(y * y) < 30.0:
            y = y * y + 1.0
            m = m @ m * 0.01 + 0.1
        pairs.append((y * x[k], np.sum(m) * x[0]))
        k += 1
    for a, b in pairs:
        total = total + np.sum(a * a) * b
    return total


@pytest.mark.parametrize("n", [0, 1, 3])
def test_lists_between_two_sweeps(n):
    x = np.array([0.5, -0.4, 0.7])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, pullback = s2sad.vjp(stacks, x, n, backend="numba")
        found = pullback(1.0)[0]
        _, tangent = s2sad.linearize(stacks, x, n, backend="numba")
    np.testing.assert_allclose(pullback(2.0)[0], 2.0 * found)
    step = 1e-200j
    complex_step = [np.imag(stacks_of_complex(x + step * e, n)) / 1e-200 for e in np.eye(3)]
    np.testing.assert_allclose(found, complex_step, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose([tangent(e, 0) for e in np.eye(3)], complex_step, rtol=1e-10, atol=1e-12)


def stacks_of_complex(x, n):
    """The same for complex numbers."""
    total, pairs = 0.0, []
    for k in range(n):
        y = x * (k + 1.0)
        m = np.outer(x, y)
        while np.sum(y * y).real < 30.0:
            y = y * y + 1.0
            m = m @ m * 0.01 + 0.1
        pairs.append((y * x[k], np.sum(m) * x[0]))
    for a, b in pairs:
        total = total + np.sum(a * a) * b
    return total


def test_a_pullback_that_has_compiled_for_lists_takes_empty_ones():
    derivative = [s2sad.vjp(stacks, np.array([0.5, -0.4, 0.7]), n, backend="numba") for n in (2, 0, 2)]
    first, empty, last = (pullback(1.0)[0] for _, pullback in derivative)
    np.testing.assert_array_equal(first, last)
    np.testing.assert_array_equal(empty, np.zeros(3))


# what arguments there are


def single(x, y):
    return np.sum(np.sin(x)) * y


@pytest.mark.parametrize("operator", ["value_and_grad", "jvp", "vjp", "linearize", "hvp"])
def test_single_precision_stays(operator):
    args = np.array([0.5, -1.2, 2.0], dtype=np.float32), np.float32(1.5)
    seed = np.float32(1.0)

    def seeded(f, args, b):
        value, pullback = s2sad.vjp(f, *args, backend=b)
        return value, pullback(seed)

    def along(f, args, b):
        return s2sad.jvp(f, args, args, backend=b)

    def linear(f, args, b):
        value, tangent = s2sad.linearize(f, *args, backend=b)
        return value, tangent(*args)

    def product(f, args, b):
        return s2sad.hvp(f, backend=b)(*args, args[0])

    own = {"vjp": seeded, "jvp": along, "linearize": linear, "hvp": product}
    apply = own.get(operator, OPERATORS[operator])
    found, expected = apply(single, args, "numba"), apply(single, args, None)
    for a, b in zip(optree.tree_leaves(found), optree.tree_leaves(expected), strict=True):
        assert a.dtype == b.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=1e-6)


class Layer:
    def __init__(self, w, b, steps):
        self.w, self.b, self.steps = w, b, steps

    def apply(self, x):
        for _ in range(self.steps):
            x = np.tanh(self.w * x + self.b)
        return x


LAYER = Layer(np.array([0.5, -1.2, 2.0]), 0.3, 2)
SETTINGS = {"scale": 1.5, "inner": (np.array([0.1, 0.2, 0.3]), 2.0)}


def with_settings(x):
    return np.sum((x * SETTINGS["scale"] + SETTINGS["inner"][0]) ** 2) * x * SETTINGS["inner"][1]


@pytest.mark.parametrize("f", [LAYER.apply, with_settings, lambda x: LAYER.apply(x) * SETTINGS["scale"]])
@pytest.mark.parametrize("operator", ["jvp", "vjp of arrays", "jacfwd", "jacrev"])
def test_objects_and_containers_from_outside(f, operator):
    def pulled(f, args, b):
        value, pullback = s2sad.vjp(f, *args, backend=b)
        return value, pullback(value)

    apply = pulled if operator == "vjp of arrays" else OPERATORS[operator]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = apply(f, (np.array([0.3, -0.5, 0.7]),), "numba")
    agree(found, apply(f, (np.array([0.3, -0.5, 0.7]),), None))


def test_a_native_method_sees_its_object_change():
    layer = Layer(np.array([0.5, -1.2, 2.0]), 0.3, 2)
    x = np.array([0.3, -0.5, 0.7])
    derivative = s2sad.jacrev(layer.apply, backend="numba")
    derivative(x)
    layer.w, layer.b, layer.steps = layer.w * 2.0, -0.1, 3
    np.testing.assert_allclose(derivative(x), s2sad.jacfwd(layer.apply)(x), rtol=1e-12)


def nested_result(p, q):
    return {"a": p[(0, 1)] * q.k, "none": (), (1, 2): [p["b"], q]}


@pytest.mark.parametrize("operator", ["jvp", "jacfwd", "jacrev"])
def test_keys_of_any_kind_and_nested_results(operator):
    args = {(0, 1): 2.0, 3: 1.5, "b": 0.3}, Oscillator(np.array([0.5, -1.2, 2.0]), 0.3)
    if operator == "jvp":
        found, expected = (s2sad.jvp(nested_result, args, args, backend=b) for b in ("numba", None))
    else:
        found, expected = (getattr(s2sad, operator)(nested_result, backend=b)(*args) for b in ("numba", None))
    compare(found, expected)


def compare(found, expected):
    """Whether two trees of containers and objects are equal."""
    assert type(found) is type(expected) or isinstance(found, float)
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        found, expected = list(found.values()), list(expected.values())
    if isinstance(expected, Oscillator):
        found, expected = list(vars(found).values()), list(vars(expected).values())
    if isinstance(expected, (tuple, list)):
        for a, b in zip(found, expected, strict=True):
            compare(a, b)
    elif expected is not None:
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def reshaped(m, x):
    y = m.T.reshape(-1) * x[0] + np.ravel(m.T)
    z = (m * x[1])[:, ::2].reshape((2, 2))
    w = x[::2].reshape((1, 2))
    return np.sum(y * y) + np.sum(z @ z) + np.sum(w @ z)


@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray, lambda m: np.repeat(m, 2, axis=1)[:, ::2]])
@pytest.mark.parametrize("operator", ["value_and_grad", "vjp"])
def test_reshapes_of_views(operator, layout):
    args = layout(np.array([[0.5, -1.2, 2.0], [0.3, 0.8, -0.4]])), np.array([0.5, -1.2, 2.0, 0.3])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = OPERATORS[operator](reshaped, args, "numba")
    agree(found, OPERATORS[operator](reshaped, args, None))
