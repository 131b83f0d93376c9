"""Programs of all kinds of control flow as machine code: what they give is what NumPy gives, in each operator."""

import warnings

import numpy as np
import optree
import pytest

pytest.importorskip("llvmlite")

import s2sad
from tests.backends.native_programs import PROGRAMS

X = np.array([0.5, -1.2, 2.0, 0.3])


def vjp(f, args, backend):
    value, pullback = s2sad.vjp(f, *args, backend=backend)
    return value, pullback(1.0), pullback(-0.5)


def jvp(f, args, backend):
    along = optree.tree_map(lambda a: a if isinstance(a, int) else np.cos(a), args)
    return s2sad.jvp(f, args, along, backend=backend)


OPERATORS = {"value_and_grad": lambda f, args, b: s2sad.value_and_grad(f, backend=b)(*args), "vjp": vjp, "jvp": jvp}


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name, operator):
    f, args = PROGRAMS[name]
    before = optree.tree_map(np.copy, args)
    with warnings.catch_warnings():
        # what has no loops yet runs as the program of NumPy; all else may warn of nothing
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*is not compiled, NumPy is used")
        found = OPERATORS[operator](f, args, "native")
    expected = OPERATORS[operator](f, args, None)
    optree.tree_map(np.testing.assert_array_equal, before, args)
    assert optree.tree_structure(found) == optree.tree_structure(expected)
    for a, b in zip(optree.tree_leaves(found), optree.tree_leaves(expected), strict=True):
        assert isinstance(a, np.ndarray) == isinstance(b, np.ndarray)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


SCALES = np.array([1.5, -0.5, 0.25, 2.0])


def of_outside(x):
    return np.sum(np.sin(x * SCALES) * x)


def test_arrays_outside_are_read_at_each_call(monkeypatch):
    derivative = s2sad.grad(of_outside, backend="native")
    plain = s2sad.grad(of_outside)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for scales in (SCALES, SCALES * 2.0, SCALES[::-1], np.tile(SCALES, 2)[::2], SCALES.astype(">f8")):
            monkeypatch.setitem(globals(), "SCALES", scales)
            for _ in range(5):
                np.testing.assert_allclose(derivative(X), plain(X), rtol=1e-13)
        monkeypatch.setitem(globals(), "SCALES", 3.0)
        np.testing.assert_allclose(derivative(X), plain(X), rtol=1e-13)


DTYPES = (np.float64, np.float32, np.complex128)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
def test_arrays_of_other_numbers(dtype):
    def f(x):
        return np.sum((x * x * 2.0 + x).real)

    x = X.astype(dtype) * dtype(1.5 if dtype is not np.complex128 else 1.5 - 0.5j)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*is not compiled, NumPy is used")
        value, bar = s2sad.value_and_grad(f, backend="native")(x)
    plain, expected = s2sad.value_and_grad(f)(x)
    assert bar.dtype == expected.dtype and type(value) is type(plain)
    np.testing.assert_allclose(bar, expected, rtol=1e-6 if dtype is np.float32 else 1e-13)
    np.testing.assert_allclose(value, plain, rtol=1e-6 if dtype is np.float32 else 1e-13)
