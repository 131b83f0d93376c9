"""Where functions come from, and what changes around them between two calls."""

import functools
import linecache
import types

import numpy as np
import pytest

import s2sad

X = np.array([0.5, -1.25, 2.0])


class Model:
    """A model with state, as people keep it."""

    power = 2

    def __init__(self, w):
        self.w = w
        self.name = "model"

    def loss(self, x, scale=1.0):
        return scale * np.sum(self.w * x**self.power)

    def __call__(self, x):
        return self.loss(x)

    @classmethod
    def of(cls, x):
        return cls(X).loss(x)

    @staticmethod
    def plain(x):
        return np.sum(x**3)


def test_methods_and_objects():
    model = Model(X.copy())
    np.testing.assert_allclose(s2sad.grad(model.loss)(X), 2 * X * X)
    np.testing.assert_allclose(s2sad.grad(model)(X), 2 * X * X)
    np.testing.assert_allclose(s2sad.grad(Model.of)(X), 2 * X * X)
    np.testing.assert_allclose(s2sad.grad(Model.plain)(X), 3 * X**2)
    np.testing.assert_allclose(s2sad.grad(model.loss)(X, scale=3.0), 6 * X * X)
    gradient = s2sad.grad(Model.loss)(model, X)
    assert type(gradient) is Model and gradient.name == "model"
    np.testing.assert_allclose(gradient.w, X**2)


def test_the_state_of_an_object_is_read_at_each_call():
    model = Model(X.copy())
    derivative = s2sad.grad(model.loss)
    np.testing.assert_allclose(derivative(X), 2 * X * X)
    model.w = np.ones(3)
    np.testing.assert_allclose(derivative(X), 2 * X)
    model.power = 3
    np.testing.assert_allclose(derivative(X), 3 * X**2)


def test_partial():
    f = functools.partial(lambda a, b, x: a * np.sum(b * x**2), 2.0, X)
    np.testing.assert_allclose(s2sad.grad(f)(X), 4 * X * X)
    g = functools.partial(lambda x, exp: pow(x, exp), exp=3)
    assert s2sad.grad(lambda x: functools.partial(pow, x)(3))(2.0) == 12.0
    assert s2sad.grad(g)(2.0) == 12.0


def test_numpy_functions_themselves():
    assert s2sad.grad(np.sin)(1.0) == pytest.approx(np.cos(1.0))
    assert s2sad.grad(np.multiply, argnums=(0, 1))(2.0, 3.0) == (3.0, 2.0)


def test_cached_functions():
    @functools.lru_cache
    def square(x):
        return x * x

    @functools.cache
    def outer(x):
        return square(x) + x

    assert s2sad.grad(outer)(3.0) == 7.0


class Gain:
    def __init__(self, k):
        self.k = k


SETTINGS = {"mode": "sin", "steps": 2}
WEIGHTS = {"w": np.array([1.0, 2.0, 3.0])}
FACTOR = 2.0
GAIN = Gain(2)


def uses_globals(x):
    for _ in range(SETTINGS["steps"]):
        x = getattr(np, SETTINGS["mode"])(x)
    return x * FACTOR + np.sum(WEIGHTS["w"]) * x * GAIN.k


def test_globals_that_are_rebound_or_changed(monkeypatch):
    derivative = s2sad.grad(uses_globals)

    def expected():
        h = 1e-6
        return (uses_globals(1.0 + h) - uses_globals(1.0 - h)) / (2 * h)

    assert derivative(1.0) == pytest.approx(expected(), rel=1e-8)
    monkeypatch.setitem(SETTINGS, "mode", "tanh")
    assert derivative(1.0) == pytest.approx(expected(), rel=1e-8)
    monkeypatch.setitem(SETTINGS, "steps", 3)
    assert derivative(1.0) == pytest.approx(expected(), rel=1e-8)
    monkeypatch.setitem(WEIGHTS, "w", np.ones(5))
    assert derivative(1.0) == pytest.approx(expected(), rel=1e-8)
    monkeypatch.setattr(GAIN, "k", 7)
    assert derivative(1.0) == pytest.approx(expected(), rel=1e-8)
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    assert derivative(1.0) == pytest.approx(expected(), rel=1e-8)


def test_a_method_that_is_replaced(monkeypatch):
    derivative = s2sad.grad(Model(X).loss)
    derivative(X)
    monkeypatch.setattr(Model, "loss", lambda self, x, scale=1.0: np.sum(self.w * x))
    np.testing.assert_allclose(s2sad.grad(Model(X).loss)(X), X)


def test_a_callee_that_is_redefined(monkeypatch):
    module = types.ModuleType("redefined")
    first = "def g(x):\n    return x * x\n\ndef f(x):\n    return g(x) + x\n"
    run(first, module, "<first>")
    derivative = s2sad.grad(module.f)
    assert derivative(3.0) == 7.0
    run("def g(x):\n    return x * x * x\n", module, "<second>")
    assert derivative(3.0) == 28.0


def run(source, module, file):
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    exec(compile(source, file, "exec"), vars(module))


def test_a_function_of_exec_with_registered_source():
    module = types.ModuleType("registered")
    run("def f(x):\n    g = lambda y: y * x\n    return g(x)\n", module, "<registered>")
    assert s2sad.grad(module.f)(3.0) == 6.0


def test_a_function_redefined_under_the_same_name():
    derivatives = []
    for power in (2, 3):
        module = types.ModuleType("again")
        run(f"def f(x):\n    return x ** {power}\n", module, f"<again {power}>")
        derivatives.append(s2sad.grad(module.f)(2.0))
    assert derivatives == [4.0, 12.0]


def test_names_that_collide_with_emitted_ones():
    def f(x_bar, v1, np_, result_, returned_):
        v2 = v1 * x_bar
        for i in range(2):
            v2 = v2 + np.sin(x_bar * result_) * i
            if returned_ and v2 > 100.0:
                return v2
        v3 = np_ * v2
        return v3 + v1

    got = s2sad.grad(f, (0, 1, 2, 3))(1.5, 0.5, 2.0, 0.25, True)
    c = 2.0 * np.cos(0.375)
    np.testing.assert_allclose(got, (1.0 + 0.25 * c, 4.0, 0.75 + np.sin(0.375), 1.5 * c))


def test_a_local_called_np():
    import math

    def f(x):
        np = x * 2.0
        return math.sin(np) * np

    x = 0.7
    assert s2sad.grad(f)(x) == pytest.approx(2 * math.cos(1.4) * 1.4 + 2 * math.sin(1.4))


def test_unicode_names():
    def f(θ, Δt):
        ω = θ * Δt
        return np.sin(ω) + sum(μ * Δt for μ in [θ, ω])

    θ, h = 0.5, 1e-6
    assert s2sad.grad(f)(θ, 0.1) == pytest.approx((f(θ + h, 0.1) - f(θ - h, 0.1)) / (2 * h), rel=1e-8)


def test_nesting_50_deep():
    lines = ["def f(x):"]
    for k in range(18):
        lines.append("    " * (k + 1) + f"if x > {k} - 20:")
    lines.append("    " * 19 + "x = x * x")
    lines.append("    return x")
    module = types.ModuleType("deep")
    run("\n".join(lines) + "\n", module, "<deep>")
    assert s2sad.grad(module.f)(3.0) == 6.0
    text = "x"
    for _ in range(50):
        text = f"np.sin({text})"
    run(f"import numpy as np\ndef g(x):\n    return {text}\n", module, "<calls>")
    h = 1e-6
    assert s2sad.grad(module.g)(1.0) == pytest.approx((module.g(1.0 + h) - module.g(1.0 - h)) / (2 * h), rel=1e-7)


def test_an_expression_of_1000_terms_with_closures():
    module = types.ModuleType("wide")
    terms = " + ".join(f"c({k})" for k in range(1000))
    run(f"def f(x):\n    c = lambda k: k * x\n    return {terms}\n", module, "<wide>")
    assert s2sad.grad(module.f)(2.0) == sum(range(1000))
