"""Calls that go straight to compiled code: faster, and never to what was compiled before something changed."""

import copy
import gc
import math
import pickle
import sys
import threading
import types
import warnings
import weakref

import numpy as np
import pytest

pytest.importorskip("llvmlite")

import s2sad
from s2sad.backends.direct import fields_of
from s2sad.dispatch.derivative import Derivative, Straight
from s2sad.dispatch.sharing import SHARED
from s2sad.ir.primitive import RULES_GIVEN

X = np.array([0.5, -1.2, 2.0, 0.3, 1.0, 1.5, 2.5, 0.25, 0.75, 3.0])


@pytest.fixture(autouse=True)
def compiled():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def straight(derivative):
    """Whether its calls go straight somewhere."""
    return bool(fields_of(derivative).function)


def warm(derivative, *args):
    """A derivative whose calls go straight to its entry for such arguments."""
    for _ in range(70):
        found = derivative(*args)
        if straight(derivative):
            # nothing else comes in its place while a test looks
            derivative._next = 0
            return found
    raise AssertionError("its calls are dispatched")


class Dispatches:
    """How often calls of derivatives are dispatched."""

    def __init__(self, monkeypatch):
        self.count = 0
        own = Derivative.__call__

        def call(derivative, /, *args, **kwargs):
            self.count += isinstance(derivative, Straight)
            return own(derivative, *args, **kwargs)

        # not that of `Straight`: Python calls objects of a class in another way once its `__call__` was replaced
        monkeypatch.setattr(Derivative, "__call__", call)


@pytest.fixture
def dispatches(monkeypatch):
    return Dispatches(monkeypatch)


def square(x, y):
    return x * x * y


def test_calls_go_straight(dispatches):
    derivative = s2sad.grad(square, backend="native")
    assert warm(derivative, 3.0, 2.0) == 12.0
    before = dispatches.count
    assert [derivative(3.0, float(k)) for k in range(5)] == [6.0 * k for k in range(5)]
    assert dispatches.count == before
    assert type(derivative).__mro__[1] is Straight and isinstance(derivative, Derivative)


def test_a_derivative_of_numpy_is_what_it_was():
    derivative = s2sad.grad(square)
    assert type(derivative) is Derivative
    assert type(derivative).__basicsize__ < Straight.__basicsize__ + 16


def test_a_function_that_is_called_once_is_not_looked_at():
    derivative = s2sad.grad(lambda x: x * x, backend="native")
    derivative(1.0)
    assert not straight(derivative)


def test_other_arguments_are_dispatched(dispatches):
    derivative = s2sad.grad(square, backend="native")
    warm(derivative, 3.0, 2.0)
    before = dispatches.count
    assert derivative(3.0, 2) == 12.0
    assert derivative(np.float64(3.0), 2.0) == 12.0
    assert derivative(x=3.0, y=2.0) == derivative(3.0, y=2.0) == 12.0
    with pytest.raises(TypeError):
        derivative(3.0)
    with pytest.raises(TypeError):
        derivative(3.0, 2.0, 1.0)
    assert dispatches.count == before + 6
    assert derivative(3.0, 2.0) == 12.0
    assert dispatches.count == before + 6


def of_vectors(x, y):
    return np.sum(x * y)


def test_other_lengths_are_dispatched(dispatches):
    derivative = s2sad.grad(of_vectors, backend="native")
    warm(derivative, X, 2.0 * X)
    before = dispatches.count
    np.testing.assert_array_equal(derivative(X[:9].copy(), X[:9].copy()), X[:9])
    np.testing.assert_array_equal(derivative(X[::2], X.astype(">f8")[::2]), X[::2])
    assert dispatches.count == before
    np.testing.assert_array_equal(derivative(X, X[:1].copy()), np.full(10, X[0]))
    np.testing.assert_array_equal(derivative(X[:1].copy(), X[:1].copy()), X[:1])
    with pytest.raises(ValueError, match="broadcast"):
        derivative(X, X[:9].copy())
    assert dispatches.count == before + 3


def of_a_part(x, y):
    return np.sum(x[:9] * y)


def test_programs_for_certain_lengths(dispatches):
    """What a program rests on of lengths the entry asks itself: here that `y` has 9 elements, and `x` no fewer."""
    derivative = s2sad.grad(of_a_part, backend="native")
    y = X[1:].copy()
    np.testing.assert_array_equal(warm(derivative, X, y), [*y, 0.0])
    assert derivative._specialise((X, y)).fits is not None
    before = dispatches.count
    np.testing.assert_array_equal(derivative(np.tile(X, 2), y), [*y, *np.zeros(11)])
    assert dispatches.count == before
    np.testing.assert_array_equal(derivative(X[:8].copy(), X[2:].copy()), X[2:])
    np.testing.assert_array_equal(derivative(y.copy(), y), y)
    with pytest.raises(ValueError, match="broadcast"):
        derivative(X, X[:5].copy())
    assert dispatches.count == before + 3


SCALE = 2.0
TABLE = {"scale": 2.0}


def with_global(x):
    return SCALE * x * x


def helper(x):
    return 3.0 * x


def with_helper(x):
    return helper(x) * x


def test_a_global_that_changes(monkeypatch):
    derivative = s2sad.grad(with_global, backend="native")
    for _ in range(70):
        assert derivative(1.0) == 4.0
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert derivative(1.0) == 10.0
    monkeypatch.undo()
    assert derivative(1.0) == 4.0


def test_a_function_that_is_replaced(monkeypatch):
    derivative = s2sad.grad(with_helper, backend="native")
    assert warm(derivative, 1.0) == 6.0
    monkeypatch.setitem(globals(), "helper", lambda x: 10.0 * x)
    assert derivative(1.0) == 20.0
    monkeypatch.undo()
    assert derivative(1.0) == 6.0


def test_code_that_is_replaced():
    def inner(x):
        return x * x

    def other(x):
        return 5.0 * x

    derivative = s2sad.grad(inner, backend="native")
    assert warm(derivative, 3.0) == 6.0
    inner.__code__ = other.__code__
    assert derivative(3.0) == 5.0


def test_defaults_that_are_replaced():
    def inner(x, k=2.0):
        return k * x

    def outer(x):
        return inner(x) * x

    derivative = s2sad.grad(outer, backend="native")
    assert warm(derivative, 3.0) == 12.0
    inner.__defaults__ = (5.0,)
    assert derivative(3.0) == 30.0
    own = s2sad.grad(inner, backend="native")
    assert warm(own, 1.0, 7.0) == 7.0 and own(1.0) == 5.0
    inner.__defaults__ = (6.0,)
    assert own(1.0) == 6.0


def test_what_a_closure_holds():
    k = 2

    def inner(x):
        return x**k

    derivative = s2sad.grad(inner, backend="native")
    for _ in range(70):
        assert derivative(3.0) == 6.0
    k = 3
    assert derivative(3.0) == 27.0
    k = 2
    assert derivative(3.0) == 6.0


def test_a_function_in_a_closure():
    def f(x):
        return x * x

    def outer(x):
        return f(x) * 2.0

    derivative = s2sad.grad(outer, backend="native")
    assert warm(derivative, 3.0) == 12.0

    def f(x):  # noqa: F811
        return x

    assert derivative(3.0) == 2.0


def test_a_function_of_a_module(monkeypatch):
    module = types.ModuleType("own_module")
    exec("def g(x): return x", module.__dict__)
    module.g = math.sin
    monkeypatch.setitem(sys.modules, "own_module", module)

    def f(x):
        return module.g(x)

    derivative = s2sad.grad(f, backend="native")
    assert warm(derivative, 0.5) == math.cos(0.5)
    module.g = math.cos
    assert derivative(0.5) == -math.sin(0.5)
    del module.g
    with pytest.raises((AttributeError, s2sad.Error)):
        derivative(0.5)


def test_a_container_that_changes():
    powers = [2, 3]

    def f(x):
        return x ** powers[0]

    derivative = s2sad.grad(f, backend="native")
    for _ in range(70):
        assert derivative(3.0) == 6.0
    powers[0] = 3
    assert derivative(3.0) == 27.0


def test_arrays_outside_are_read_anew(dispatches):
    weights = X.copy()

    def f(x):
        return np.sum(weights * x)

    derivative = s2sad.grad(f, backend="native")
    np.testing.assert_array_equal(warm(derivative, X), X)
    before = dispatches.count
    weights[0] = 100.0
    assert derivative(X)[0] == 100.0
    weights = 2.0 * X
    np.testing.assert_array_equal(derivative(X), 2.0 * X)
    assert dispatches.count == before
    weights = np.repeat(X, 2)[::2]
    np.testing.assert_array_equal(derivative(X), X)
    assert dispatches.count == before
    # of another form: the entry hands on what the user gave, and nothing else
    weights = 3.0
    np.testing.assert_array_equal(derivative(X), np.full(10, 3.0))
    assert dispatches.count == before + 1
    with pytest.raises(TypeError):
        derivative(X, X)
    with pytest.raises(TypeError):
        derivative()
    del weights
    with pytest.raises((NameError, ValueError, s2sad.Error)):
        derivative(X)
    weights = X
    np.testing.assert_array_equal(derivative(X), X)


DATA = X.copy()
FACTOR = np.array([2.0] * 10)


def of_globals(x, y):
    return np.sum(DATA * x) * y + np.sum(FACTOR * x)


def test_globals_that_are_arrays(dispatches, monkeypatch):
    derivative = s2sad.value_and_grad(of_globals, (0, 1), backend="native")
    plain = s2sad.value_and_grad(of_globals, (0, 1))
    warm(derivative, X, 1.5)
    before = dispatches.count

    def agree():
        value, bars = derivative(X, 1.5)
        expected, expected_bars = plain(X, 1.5)
        np.testing.assert_allclose(value, expected, rtol=1e-14)
        np.testing.assert_allclose(bars[0], expected_bars[0], rtol=1e-14)
        np.testing.assert_allclose(bars[1], expected_bars[1], rtol=1e-14)

    agree()
    monkeypatch.setitem(globals(), "DATA", 3.0 * X)
    agree()
    monkeypatch.setitem(globals(), "FACTOR", X)
    agree()
    assert dispatches.count == before
    monkeypatch.setitem(globals(), "DATA", X.astype(np.float32))
    agree()
    assert dispatches.count == before + 1
    monkeypatch.delitem(globals(), "DATA")
    with pytest.raises((NameError, KeyError, s2sad.Error)):
        derivative(X, 1.5)


def test_where_a_program_of_variables_leaves(dispatches):
    table = X.copy()

    def f(x, y):
        return np.sum(table * x) / y

    derivative = s2sad.grad(f, backend="native")
    warm(derivative, X, 2.0)
    before = dispatches.count
    np.testing.assert_allclose(derivative(X, 4.0), X / 4.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, expected = derivative(X, 0.0), s2sad.grad(f)(X, 0.0)
    np.testing.assert_array_equal(found, expected)
    assert dispatches.count == before


def test_rules_that_are_given_later(dispatches):
    derivative = s2sad.grad(square, backend="native")
    assert warm(derivative, 3.0, 2.0) == 12.0
    before = dispatches.count
    RULES_GIVEN[0] += 1
    assert derivative(3.0, 2.0) == 12.0
    assert dispatches.count == before + 1


def test_a_derivative_as_a_method():
    class Model:
        def energy(self, x):
            return x * x

        slope = s2sad.grad(energy, argnums=1, backend="native")

    model = Model()
    for _ in range(20):
        assert model.slope(3.0) == 6.0


def test_it_is_copied_and_pickled():
    derivative = s2sad.grad(square, backend="native")
    warm(derivative, 3.0, 2.0)
    assert copy.copy(derivative) is copy.deepcopy(derivative) is derivative
    again = pickle.loads(pickle.dumps(derivative))
    assert isinstance(again, Straight) and again(3.0, 2.0) == 12.0


def test_derivatives_of_it():
    derivative = s2sad.grad(square, backend="native")
    warm(derivative, 3.0, 2.0)
    assert s2sad.grad(derivative, backend="native")(3.0, 2.0) == 4.0
    assert s2sad.grad(derivative)(3.0, 2.0) == 4.0


def test_errors_of_the_program_of_numpy(dispatches):
    def f(x, y):
        return x / y

    derivative = s2sad.grad(f, backend="native")
    warm(derivative, 1.0, 2.0)
    before = dispatches.count
    with pytest.raises(ZeroDivisionError) as raised:
        derivative(1.0, 0.0)
    assert dispatches.count == before
    assert any(f"line {f.__code__.co_firstlineno + 1}" in note for note in raised.value.__notes__)


def test_a_derivative_goes_with_all_that_it_holds():
    def f(x):
        return x * x

    derivative = s2sad.grad(f, backend="native")
    warm(derivative, 3.0)
    SHARED.known.clear()
    s2sad.api.gradients._cached.cache_clear()
    s2sad.api.gradients._cached_closure.cache_clear()
    ends = weakref.ref(derivative)
    del derivative
    gc.collect()
    assert ends() is None


def test_nothing_is_left_behind():
    derivative = s2sad.grad(of_vectors, backend="native")
    warm(derivative, X, X)
    watched = [X, X.dtype, derivative, derivative._led[0], of_vectors, of_vectors.__code__]
    gc.collect()
    before = list(map(sys.getrefcount, watched))
    blocks = sys.getallocatedblocks()
    for _ in range(100_000):
        derivative(X, X)
    assert list(map(sys.getrefcount, watched)) == before
    assert abs(sys.getallocatedblocks() - blocks) < 200


def test_variables_are_held_while_they_are_read():
    weights = X.copy()

    def f(x):
        return np.sum(weights * x)

    derivative = s2sad.grad(f, backend="native")
    warm(derivative, X)
    count = sys.getrefcount(weights)
    for _ in range(1000):
        derivative(X)
    assert sys.getrefcount(weights) == count
    weights = np.ones(200_000)
    x, wrong, done = np.full(200_000, 2.0), [], threading.Event()

    def work():
        while not done.is_set():
            found = derivative(x)
            if found[0] != found[-1] or found.min() != found.max():
                wrong.append(found)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for t in threads:
        t.start()
    for k in range(300):
        weights = np.full(200_000, float(k))
    done.set()
    for t in threads:
        t.join()
    assert not wrong


def test_threads_call_while_what_is_called_changes():
    k = 2

    def f(x):
        return x**k

    derivative = s2sad.grad(f, backend="native")
    derivative(3.0)
    k = 3
    derivative(3.0)
    wrong, done = [], threading.Event()

    def work():
        while not done.is_set():
            if derivative(3.0) not in (6.0, 27.0) or derivative(X[0]) is None:
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for t in threads:
        t.start()
    for n in range(300):
        k = 2 + n % 2
        derivative._calls, derivative._next = 0, 2
        for _ in range(4):
            derivative(3.0)
    done.set()
    for t in threads:
        t.join()
    assert not wrong
