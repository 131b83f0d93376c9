"""What is read of containers and objects outside a function: parameters and constants, and what they are called."""

import collections
import inspect
import types

import numpy as np
import pytest

import s2sad
from tests.dependencies.changing import compilations

X = np.array([0.3, 0.5, 0.7])


class Layer:
    def __init__(self, W, act):
        self.W, self.act, self.history = W, act, []

    def __call__(self, x):
        return self.act(self.W @ x)


class Net:
    scale = 2.0

    def __init__(self):
        self.layers = [Layer(np.eye(3) * 0.5, np.tanh), Layer(np.full((3, 3), 0.1), np.sin)]
        self.rate, self.rounds, self.log = 0.5, 3, []

    @property
    def first(self):
        return self.layers[0]

    def loss(self, x):
        for layer in self.layers:
            x = layer(x)
        return np.sum(x**2) * self.rate * self.scale

    def one_of_two(self, x):
        layer = self.layers[0] if x[0] > 0.2 else self.layers[1]
        return np.sum(layer(x))

    def rounds_of(self, x):
        t = 0
        while t < self.rounds:
            x, t = np.sin(x) * self.rate, t + 1
        return np.sum(x)

    def passed_on(self, x):
        return helper(self, x)

    def closed_over(self, x):
        return np.sum(s2sad.grad(lambda y: self.rate * np.sum(y * y))(x))


def helper(net, x):
    return np.sum(net.first(x)) * net.rate


NET = Net()
SPACE = types.SimpleNamespace(a=X, k=2, f=np.sin)
ORDERED = collections.OrderedDict(w=X, n=3)
Pair = collections.namedtuple("Pair", "w f")
PAIR = Pair(X, np.cos)
ROWS = [X, 2 * X, 3 * X]
KEYS = {(0, 1): X, 1.5: 2.0, None: X, True: X, np.float64: X, int: np.sin, ("a", (1,)): 3}
PARAMS = {"W": np.ones((3, 3)), "b": np.zeros(3)}
TABLE = {"f": np.sin, "w": X, "sub": {"k": 2.5, "n": 2}}


def of_namespaces(x):
    return np.sum(SPACE.f(x * SPACE.a) ** SPACE.k) + np.sum(ORDERED["w"] * x) * ORDERED["n"]


def of_tuples(x):
    return np.sum(PAIR.f(PAIR.w * x))


def of_lists(x):
    total = 0.0
    for k in range(len(ROWS)):
        total = total + np.sum(ROWS[k] * x * x)
    return total + sum(np.sum(row * x) for row in ROWS)


def of_keys(x):
    product = x * KEYS[(0, 1)] * KEYS[1.5] * KEYS[None] * KEYS[True] * KEYS[np.float64]
    return np.sum(KEYS[int](product)) * KEYS[("a", (1,))]


def of_nested(x):
    found = np.sum(TABLE["f"](TABLE["w"] * x) * TABLE["sub"]["k"])
    return found ** TABLE["sub"]["n"] + sum(1.0 for _ in TABLE)


def predict(params, x):
    return params["W"] @ x + params["b"]


def of_a_dict_passed_on(x):
    return np.sum(predict(PARAMS, x) ** 2)


METHODS = [NET.loss, NET.one_of_two, NET.rounds_of, NET.passed_on, NET.closed_over]
FUNCTIONS = [*METHODS, of_namespaces, of_tuples, of_lists, of_keys, of_nested, of_a_dict_passed_on]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_both_modes_and_second_order(f):
    s2sad.check_grads(f, (X,), order=2)


@pytest.mark.parametrize("f", METHODS, ids=lambda f: f.__name__)
def test_many_examples(f):
    both = s2sad.vmap(s2sad.grad(f))(np.stack([X, 2 * X]))
    np.testing.assert_allclose(both, [s2sad.grad(f)(X), s2sad.grad(f)(2 * X)])


@pytest.mark.parametrize("f", METHODS, ids=lambda f: f.__name__)
def test_native_code(f):
    pytest.importorskip("numba")
    np.testing.assert_allclose(s2sad.grad(f, backend="numba")(X), s2sad.grad(f)(X))


@pytest.mark.parametrize(
    "f, names",
    [
        (NET.loss, ["x", "W", "W_2", "rate"]),
        (of_namespaces, ["x", "a", "ORDERED_w"]),
        (of_tuples, ["x", "PAIR_w"]),
        (of_a_dict_passed_on, ["x", "PARAMS"]),
        (of_nested, ["x", "TABLE_w", "TABLE_sub_k"]),
    ],
)
def test_parameters_are_what_is_read(f, names):
    entry = s2sad.grad(f).module(X)
    function = getattr(entry, entry.__s2sad_meta__["entry"])
    assert list(inspect.signature(function).parameters) == names


def test_a_model_that_is_trained():
    """Weights, rates and counts change from step to step; what is appended to the history is not read."""
    net = Net()
    gradient = s2sad.grad(net.loss)
    gradient(X)
    with compilations() as compiled:
        for k in range(10):
            net.log.append(object())
            net.layers[0].history.append(k)
            net.layers[0].W = net.layers[0].W - 0.01
            net.rate *= 0.9
            expected = s2sad.testing.numerical_jvp(net.loss, (X,), (np.ones(3),))[0]
            np.testing.assert_allclose(np.sum(gradient(X)), expected, rtol=1e-6)
    assert compiled == []
    net.layers[1].act = np.cos
    net.layers.append(Layer(np.eye(3), np.exp))
    s2sad.check_grads(net.loss, (X,))
    np.testing.assert_allclose(gradient(X), s2sad.grad(net.loss)(X))


def test_objects_of_libraries_as_arguments():
    linear = pytest.importorskip("sklearn.linear_model")
    model = linear.LinearRegression().fit(np.eye(3), np.arange(3.0))
    gradient = s2sad.grad(lambda x, model: np.sum(x * model.coef_))
    np.testing.assert_allclose(gradient(X, model), model.coef_)
    model.fit(np.eye(3), 5.0 * np.arange(3.0))
    np.testing.assert_allclose(gradient(X, model), model.coef_)


def test_functions_without_descriptors_do_not_bind():
    class Holder:
        K = abs

    holder = Holder()
    assert s2sad.grad(lambda x: holder.K(-x))(2.0) == 1.0
