"""Machine code that functions of numba's call."""

import collections
import warnings

import numpy as np
import pytest

import s2sad

numba = pytest.importorskip("numba", reason="numba is not installed")
pytest.importorskip("llvmlite", reason="llvmlite is not installed")

from s2sad.errors import ArgumentError, NotDifferentiable, UnsupportedType  # noqa: E402
from s2sad.interop.numba import wrap  # noqa: E402

X = np.linspace(0.1, 1.0, 20)
ROWS = np.random.default_rng(0).random((6, 20))
WEIGHTS = np.arange(20.0)


def energy(x, rate=2.0):
    return np.sum(np.exp(-rate * x) * x)


def slope(x, rate=2.0):
    return np.exp(-rate * x) * (1.0 - rate * x)


gradient = wrap(s2sad.grad(energy), X, also=[(np.ones(3),)])


def test_arrays_go_in_and_come_out():
    @numba.njit
    def descended(x, steps):
        for _ in range(steps):
            x = x - 0.1 * gradient(x)
        return x, gradient(x[::2], 3.0), gradient(x[:3], rate=1.0)

    found, some, few = descended(X, 3)
    wanted = X
    for _ in range(3):
        wanted = wanted - 0.1 * slope(wanted)
    np.testing.assert_allclose(found, wanted)
    np.testing.assert_allclose(some, slope(wanted[::2], 3.0))
    np.testing.assert_allclose(few, slope(wanted[:3], 1.0))


def test_it_is_given_to_functions_and_called_from_python():
    apply = numba.njit(lambda f, x: f(x, 3.0))
    np.testing.assert_allclose(apply(gradient, X), slope(X, 3.0))
    np.testing.assert_allclose(gradient(X), slope(X))
    assert gradient.__name__ == "energy_grad"


def test_all_derivatives():
    value, hessian = wrap(s2sad.value_and_grad(energy), X), wrap(s2sad.hessian(energy), X)
    product = wrap(s2sad.hvp(energy), X, 2.0, X)
    moved = wrap(lambda x, v: s2sad.jvp(energy, (x, 2.0), (v, 0.0)), X, X)

    def pulled(x, bar):
        out, pullback = s2sad.vjp(lambda x: np.cos(x) * x, x)
        return out, pullback(bar)[0]

    pullback = wrap(pulled, X, X)

    @numba.njit
    def whole(x):
        return value(x), hessian(x), product(x, 2.0, x), moved(x, x), pullback(x, x)

    (v, g), h, hx, (out, dot), (y, bar) = whole(X)
    second = np.exp(-2.0 * X) * (4.0 * X - 4.0)
    np.testing.assert_allclose(v, energy(X))
    np.testing.assert_allclose(g, slope(X))
    np.testing.assert_allclose(h, np.diag(second), atol=1e-15)
    np.testing.assert_allclose(hx, second * X)
    np.testing.assert_allclose((out, dot), (energy(X), slope(X) @ X))
    np.testing.assert_allclose((y, bar), (np.cos(X) * X, X * (np.cos(X) - X * np.sin(X))))


def test_several_types():
    both = wrap(s2sad.grad(lambda a, b: a**b * np.sin(a), (0, 1)))  # numbers need no example
    twice = numba.njit(lambda a, b: both(a, b))
    found = twice(np.float32(2), np.float32(3))
    np.testing.assert_allclose(found, (12.0 * np.sin(2.0) + 8.0 * np.cos(2.0), 8.0 * np.log(2.0) * np.sin(2.0)), 1e-6)
    np.testing.assert_allclose(twice(2.0, 3.0), found, 1e-6)
    norm = wrap(s2sad.grad(lambda z: np.abs(z) ** 2), 1.0 + 2.0j)
    assert numba.njit(lambda z: norm(z))(3.0 - 1.0j) == s2sad.grad(lambda z: np.abs(z) ** 2)(3.0 - 1.0j)
    single = numba.njit(lambda x: gradient(x))(X.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, slope(X), 1e-5)
    masked = wrap(
        s2sad.value_and_grad(lambda x, m: (np.sum(np.where(m, x**2, x)), (len(x), m)), has_aux=True), X, X > 0
    )
    (_, (count, mask)), bar = numba.njit(lambda x, m: masked(x, m))(X, X > 0.5)
    assert count == 20
    np.testing.assert_array_equal(mask, X > 0.5)
    np.testing.assert_allclose(bar, np.where(X > 0.5, 2.0 * X, 1.0))


Pair = collections.namedtuple("Pair", "scale shift")


def test_tuples():
    def fitted(p, q):
        return np.sum((p.scale * q[0] + p.shift[0]) * q[1][0])

    both = wrap(s2sad.grad(fitted), Pair(2.0, (1.0,)), (X, (X,)))
    found = numba.njit(lambda s, x: both(Pair(s, (1.0,)), (x, (x,))))(3.0, X)
    np.testing.assert_allclose(found.scale, X @ X)
    np.testing.assert_allclose(found.shift[0], X.sum())


def test_what_is_outside_and_what_is_known():
    weighed = wrap(s2sad.grad(lambda x: np.sum(x**2 * WEIGHTS)), X)
    np.testing.assert_allclose(numba.njit(lambda x: weighed(x))(X), 2.0 * X * WEIGHTS)
    added = wrap(s2sad.grad(lambda m, axis: np.sum(np.sum(m, axis=axis) ** 2)), ROWS, 1)
    for axis in (0, 1):
        wanted = 2.0 * np.broadcast_to(ROWS.sum(axis, keepdims=True), ROWS.shape)
        np.testing.assert_allclose(numba.njit(lambda m, axis: added(m, axis))(ROWS, axis), wanted)


def test_errors_are_those_of_the_function():
    class TooMuch(Exception):
        pass

    def taken(x, i):
        if x[0] > 10.0:
            raise TooMuch("more than ten")
        return x[i] ** 2 / x[0]

    by = wrap(s2sad.grad(taken), X, 1)
    item = numba.njit(lambda x, i: by(x, i)[i])

    @numba.njit
    def caught(x, i):
        try:
            return by(x, i)[i]
        except Exception:
            return -1.0

    assert caught(X, 30) == -1.0 and caught(X, 2) == item(X, 2) == 2.0 * X[2] / X[0]
    with pytest.raises(IndexError, match="index 20 is out of bounds"):
        item(X, 20)
    with pytest.raises(TooMuch, match="more than ten"):
        item(X + 10.0, 2)
    with pytest.raises(ZeroDivisionError):
        numba.njit(lambda a, b: divided(a, b))(1.0, 0.0)
    with pytest.raises(ValueError, match="broadcast"):
        numba.njit(lambda x, y: multiplied(x, y))(X, np.ones(19))


divided = wrap(s2sad.grad(lambda a, b: a / b))
multiplied = wrap(s2sad.grad(lambda x, y: np.sum(x * y)), X, X)


by_sort = wrap(s2sad.grad(lambda x: np.sum(np.sort(x)[3:] ** 2)), X)  # a library, called by Python


def test_many_threads():
    @numba.njit(parallel=True)
    def whole(rows, v):
        found, total = np.empty_like(rows), 0.0
        for i in numba.prange(len(rows)):
            found[i] = gradient(rows[i]) + by_sort(rows[i])
            total += divided(1.0, v[i])
        return found, total

    found, total = whole(ROWS, np.full(6, 2.0))
    np.testing.assert_allclose(found, slope(ROWS) + np.where(np.sort(ROWS)[:, 3:4] > ROWS, 0.0, 2.0 * ROWS))
    assert total == 3.0
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            assert np.isnan(whole(ROWS, np.arange(5.0, -1.0, -1.0))[1])
            assert "ZeroDivisionError: float division by zero" in str(said[-1].message)
        except SystemError as e:  # it came up in this thread
            assert isinstance(e.__cause__, ZeroDivisionError)


def test_ufuncs_and_callbacks_of_c():
    slope_of = wrap(s2sad.grad(lambda a, b: a**2 / b))

    @numba.vectorize(["float64(float64, float64)"])
    def elementwise(a, b):
        return slope_of(a, b)

    @numba.guvectorize(["void(float64[:], float64[:])"], "(n)->(n)")
    def rowwise(x, out):
        out[:] = gradient(x)

    callback = numba.cfunc("float64(float64, float64)")(lambda a, b: slope_of(a, b))
    np.testing.assert_allclose(elementwise(X, 2.0), X)
    with pytest.raises(ZeroDivisionError):
        elementwise(X, np.zeros(20))
    np.testing.assert_allclose(rowwise(ROWS), slope(ROWS))
    assert callback.ctypes(3.0, 2.0) == 3.0


def test_what_cannot_be_is_said():
    with pytest.raises(ArgumentError, match="bind others"):
        wrap(s2sad.grad(lambda x, kind: x), 1.0, "a")
    with pytest.raises(UnsupportedType, match="different shapes|one branch|give"):
        wrap(s2sad.grad(lambda x: print(x) or x), 1.0)
    with pytest.raises(ArgumentError, match="too many"):
        wrap(s2sad.grad(energy), X, 1.0, 2.0)
    with pytest.raises(numba.TypingError, match="give an example of such arguments"):
        numba.njit(lambda m: gradient(m))(ROWS)
    with pytest.raises(NotDifferentiable, match="needs floats"):
        numba.njit(lambda m: gradient(m))(np.arange(20))
    with pytest.raises(numba.TypingError, match=r"s2sad\.interop\.numba\.wrap\(df"):
        numba.njit(lambda x: plain(x))(X)


plain = s2sad.grad(energy, backend="native")
