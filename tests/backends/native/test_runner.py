"""Derivatives as machine code, from the function to the builtin: what they give, and what runs where there is none."""

import os
import pickle
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

pytest.importorskip("llvmlite")

import s2sad
from s2sad.backends.native import machine
from s2sad.errors import ArgumentError

X = np.array([0.5, -1.2, 2.0, 0.3])
ROOT = str(Path(s2sad.__file__).parents[1])


def numbers(x, y):
    return x * y * y + x / y


def vectors(x, y):
    return np.sum(np.sin(x) * y) + y * y


class Pair(NamedTuple):
    w: np.ndarray
    b: float


def of_a_dict(p, x):
    return np.sum(p["w"] * x) * p["b"]


def of_a_namedtuple(p, x):
    return np.sum(p.w * x) * p.b


def of_tuples(p, x):
    (a, b), c = p
    return np.sum(a * x) * b + c


PROGRAMS = [
    (numbers, (1.5, 0.7)),
    (vectors, (X, 0.7)),
    (of_a_dict, ({"w": 2.0 * X, "b": 0.3}, X)),
    (of_a_namedtuple, (Pair(2.0 * X, 0.3), X)),
    (of_tuples, (((2.0 * X, 0.3), 1.5), X)),
]


def leaves(tree):
    if isinstance(tree, dict):
        return [v for item in tree.values() for v in leaves(item)]
    if isinstance(tree, (tuple, list)):
        return [v for item in tree for v in leaves(item)]
    return [tree]


def same(found, expected):
    """Whether two results are of the same classes and the same numbers."""
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        assert isinstance(a, np.ndarray) == isinstance(b, np.ndarray), (type(a), type(b))
        assert np.result_type(a) == np.result_type(b)
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15)


@pytest.fixture
def compiled():
    """Nothing falls back to NumPy."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize(("f", "args"), PROGRAMS, ids=lambda v: getattr(v, "__name__", ""))
def test_gradients(f, args, compiled):
    found = s2sad.value_and_grad(f, (0, 1), backend="native")(*args)
    expected = s2sad.value_and_grad(f, (0, 1))(*args)
    assert type(found[1][0]) is type(expected[1][0])
    same(found, expected)


def test_numbers_are_of_the_classes_that_numpy_gives(compiled):
    for args in ((1.5, 0.7), (np.float64(1.5), 0.7)):
        found = s2sad.value_and_grad(numbers, (0, 1), backend="native")(*args)
        expected = s2sad.value_and_grad(numbers, (0, 1))(*args)
        assert list(map(type, leaves(found))) == list(map(type, leaves(expected)))


OPERATORS = {
    "jvp": lambda backend: s2sad.jvp(vectors, (X, 0.7), (np.cos(X), 0.3), backend=backend),
    "vjp": lambda backend: _pulled(s2sad.vjp(vectors, X, 0.7, backend=backend), 1.5),
    "vjp of a vector": lambda backend: _pulled(s2sad.vjp(_of_vector, X, backend=backend), np.sin(X)),
    "vjp of numbers": lambda backend: _pulled(s2sad.vjp(numbers, 1.5, 0.7, backend=backend), 1.5),
    "vjp without residuals": lambda backend: _pulled(s2sad.vjp(_linear, X, backend=backend), np.sin(X)),
    "jacfwd": lambda backend: s2sad.jacfwd(_of_vector, backend=backend)(X),
    "jacrev": lambda backend: s2sad.jacrev(_of_vector, backend=backend)(X),
    "hessian": lambda backend: s2sad.hessian(_energy, backend=backend)(X),
    "grad of grad": lambda backend: s2sad.grad(_norm_of_gradient, backend=backend)(X),
    "vmap": lambda backend: s2sad.vmap(_row, backend=backend)(np.outer(X, X)),
    "hvp": lambda backend: s2sad.hvp(_energy, backend=backend)(X, np.cos(X)),
}


def _of_vector(x):
    return np.sin(x) * x


def _linear(x):
    return 2.0 * x


def _energy(x):
    return np.sum(x**4) + x[0] * x[1]


def _norm_of_gradient(x):
    return np.sum(s2sad.grad(_energy)(x) ** 2)


def _row(x):
    return np.sum(np.exp(x)) * x


def _pulled(pair, cotangent):
    value, pull = pair
    return value, pull(cotangent), pull(2.0 * cotangent)


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators(operator):
    """Compiled or not: the values are those of NumPy."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*is not compiled, NumPy is used")
        same(OPERATORS[operator]("native"), OPERATORS[operator](None))


def has_no_native_form(x, index):
    return np.sum(np.take_along_axis(x, index, axis=0) ** 2)


def test_what_cannot_be_compiled_falls_back_with_one_warning(monkeypatch):
    def refuse(*args, **options):
        op = args[0]["has_no_native_form_grad"].body.operations[0]
        raise s2sad.errors.UnsupportedCall("take_along_axis in a program of loops", "", op.location)

    monkeypatch.setattr("s2sad.backends.looped.to_loops", refuse)
    derivative = s2sad.grad(has_no_native_form, backend="native")
    index = np.array([0, 0, 3])
    with pytest.warns(UserWarning, match="has_no_native_form_grad is not compiled, NumPy is used") as caught:
        first = derivative(X, index)
    line = has_no_native_form.__code__.co_firstlineno + 1
    assert f'test_runner.py", line {line}' in str(caught[0].message)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(derivative(X, index), first)
    np.testing.assert_array_equal(first, s2sad.grad(has_no_native_form)(X, index))


def drawn(x, generator):
    return np.sum(x * generator.normal(size=x.shape))


def test_an_object_is_named_by_what_it_is():
    derivative = s2sad.grad(drawn, backend="native")
    with pytest.warns(UserWarning, match="a value .a generator of random numbers. in a program of loops"):
        found = derivative(X, np.random.default_rng(3))
    np.testing.assert_array_equal(found, np.random.default_rng(3).normal(size=X.shape))


def test_what_llvm_does_not_compile_falls_back(monkeypatch):
    def fails(text):
        raise RuntimeError("LLVM does not like it")

    monkeypatch.setattr(machine, "object_code", fails)
    derivative = s2sad.grad(lambda x: x * x * x + 17.25, backend="native")
    with pytest.warns(UserWarning, match="is not compiled, NumPy is used: LLVM does not like it"):
        assert derivative(2.0) == 12.0


def divides(x, y):
    return x / y


def test_what_would_compile_for_minutes_falls_back(monkeypatch):
    from s2sad.backends.native import stages

    def f(x):
        return np.sum(np.exp(x) * x)

    monkeypatch.setattr(stages, "LONGEST", 10)
    with pytest.warns(UserWarning, match="code of more than 10 lines"):
        found = s2sad.grad(f, backend="native")(np.ones(3))
    np.testing.assert_allclose(found, 2.0 * np.e * np.ones(3), rtol=1e-14)


def test_where_native_code_leaves_python_raises(compiled):
    derivative = s2sad.grad(divides, (0, 1), backend="native")
    assert derivative(1.0, 2.0) == (0.5, -0.25)
    for _ in range(10):
        with pytest.raises(ZeroDivisionError) as raised:
            derivative(1.0, 0.0)
    line = divides.__code__.co_firstlineno + 1
    assert any(f'test_runner.py", line {line}' in note for note in raised.value.__notes__)
    assert derivative(1.0, 2.0) == (0.5, -0.25)


def of_pairs(p):
    return p["x"] / p["y"]


def test_where_it_leaves_with_containers_taken_apart(compiled):
    derivative = s2sad.grad(of_pairs, backend="native")
    assert derivative({"x": 1.0, "y": 2.0}) == {"x": 0.5, "y": -0.25}
    with pytest.raises(ZeroDivisionError) as raised:
        derivative({"x": 1.0, "y": 0.0})
    assert raised.value.__context__ is None


def test_where_a_sweep_leaves(compiled):
    value, pull = s2sad.vjp(divides, 1.0, 2.0, backend="native")
    assert (value, pull(1.0)) == (0.5, (0.5, -0.25))
    with pytest.raises(ZeroDivisionError):
        s2sad.vjp(divides, 1.0, 0.0, backend="native")


def test_arrays_that_lie_in_another_way(compiled):
    derivative = s2sad.value_and_grad(vectors, (0, 1), backend="native")
    wide = np.repeat(X, 2)
    swapped = X.astype(">f8")
    frozen = X.copy()
    frozen.flags.writeable = False
    for x in (wide[::2], X[::-1], swapped, frozen, np.asfortranarray(np.outer(X, X))[1]):
        for _ in range(6):
            same(derivative(x, 0.7), s2sad.value_and_grad(vectors, (0, 1))(x, 0.7))


def test_the_text_is_that_of_the_module(compiled):
    derivative = s2sad.grad(vectors, backend="native")
    lowered = derivative.lower(X, 0.7)
    assert "def vectors_grad(x, y):" in lowered.source and "np.cos" in lowered.source
    np.testing.assert_allclose(lowered(X, 0.7), 0.7 * np.cos(X))


def test_a_lowered_derivative_takes_other_lengths(compiled):
    lowered = s2sad.grad(vectors, backend="native").lower(X, 0.7)
    for n in (0, 1, 2, 3, 100):
        x = np.linspace(0.0, 1.0, n)
        np.testing.assert_allclose(lowered(x, 0.7), 0.7 * np.cos(x))


def test_it_is_not_there(monkeypatch):
    monkeypatch.delitem(sys.modules, "llvmlite")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ArgumentError, match=r"pip install s2sad\[native\]"):
        s2sad.grad(numbers, backend="native")


def endless(x):
    y, k = x, 0
    while k < 10**15:
        y = y * 0.5 + x
        k += 1
    return y


class Alarm(Exception):
    pass


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers")
def test_a_signal_ends_a_loop(compiled):
    def ring(*args):
        raise Alarm

    tangent = s2sad.jacfwd(endless, backend="native")
    before = signal.signal(signal.SIGALRM, ring)
    tangent.lower(1.0)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Alarm):
            tangent(1.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_it_needs_the_lock(monkeypatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    with pytest.raises(ArgumentError, match="global lock"):
        s2sad.grad(numbers, backend="native")


def test_a_pickled_derivative_brings_its_code(tmp_path):
    derivative = s2sad.grad(lambda x: x * x * x, backend="native")
    assert derivative(2.0) == 12.0
    (tmp_path / "derivative").write_bytes(pickle.dumps(derivative))
    script = "import pickle, sys; d = pickle.load(open(sys.argv[1], 'rb')); print(d(2.0), d(3.0), d(4.0), d(5.0))"
    env = {**os.environ, "PYTHONPATH": ROOT, "S2SAD_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-W", "error", "-c", script, str(tmp_path / "derivative")]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["12.0", "27.0", "48.0", "75.0"]


def chosen(a, b):
    return np.where(a > b, a * a, 2.0 * b)[()]


def magnitude(a, b):
    return np.abs(np.where(a > b, a, b))


@pytest.mark.parametrize("f", [chosen, magnitude])
@pytest.mark.parametrize("args", [(0.5, 0.25), (0.25, 0.5)])
def test_arrays_without_axes_and_the_numbers_in_them(f, args):
    # in a program of loops both are numbers: which of them is given, is as declared
    for backend in ("native", None):
        jitted = s2sad.jit(f, backend=backend) if backend else f
        value, bars = s2sad.value_and_grad(f, (0, 1), backend=backend)(*args)
        found = [jitted(*args), value, *bars, *s2sad.jvp(f, args, (1.0, -2.0), backend=backend)]
        if backend:
            given = found
    assert [type(a) for a in given] == [type(a) for a in found]
    np.testing.assert_array_equal(given, found)
