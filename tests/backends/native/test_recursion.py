"""Functions that call themselves as machine code: their values and derivatives, how deep they go, what they free."""

import warnings

import numpy as np
import optree
import pytest

pytest.importorskip("llvmlite")

import s2sad
from s2sad.ir.primitives.memory import Left
from s2sad.loops import to_loops
from tests.backends.native.kernels import compiled
from tests.traces import read

X = np.array([0.5, -1.2, 2.0, 0.3, 0.9])
MATRIX = np.array([[0.5, -1.2, 2.0], [0.3, 0.9, -0.4], [1.1, 0.2, 0.7]])


def determinant(a):
    if len(a) == 1:
        return a[0, 0]
    total = 0.0
    for j in range(len(a)):
        minor = np.concatenate((a[1:, :j], a[1:, j + 1 :]), axis=1)
        total += (-1.0) ** j * a[0, j] * determinant(minor)
    return total


def tree(node, x):
    scale, v = node
    if scale < 0.3:
        return np.sum(v * x)
    return np.sin(scale) * tree((scale * 0.5, v * 0.9), x) + tree((scale * 0.4, v + scale), x)


def even(x, n):
    return x * x if n == 0 else odd(np.cos(x), n - 1) * 1.1


def odd(x, n):
    return x if n == 0 else even(x + 0.1, n - 1)


def halves(v):
    if len(v) < 2:
        return v * 2.0
    k = len(v) // 2
    return np.concatenate((halves(v[:k]), halves(v[k:]) * np.sin(v[0])))


def pairs(z, n):
    if n == 0:
        return z * z, np.array([1.0, 2.0]), n
    a, b, k = pairs(z * 1j, n - 1)
    return a + z, b * a.real, k + n


def second(f, *args):
    """The derivative along the first argument of the gradient."""
    return lambda backend: s2sad.hessian(f, 0, backend=backend)(*args)


def gradient(f, *args):
    return lambda backend: s2sad.grad(f, (0, 1), backend=backend)(*args)


def itself(f, *args):
    return lambda backend: s2sad.jit(f, backend=backend)(*args)


CASES = {
    "determinant": lambda b: s2sad.value_and_grad(determinant, backend=b)(MATRIX),
    "a matrix of one row": lambda b: s2sad.grad(determinant, backend=b)(MATRIX[:1, :1]),
    "second order": second(determinant, MATRIX),
    "forward": lambda b: s2sad.jvp(determinant, (MATRIX,), (np.cos(MATRIX),), backend=b),
    "containers": gradient(tree, (2.0, X), X),
    "two functions": lambda b: s2sad.grad(even, backend=b)(0.7, 7),
    "many examples": lambda b: s2sad.vmap(s2sad.grad(even), (0, None), backend=b)(X, 5),
    "itself": itself(tree, (2.0, X), X),
    "an array": itself(halves, X),
    "several results": itself(pairs, 0.5 + 0.25j, 3),
}


@pytest.mark.parametrize("case", CASES)
def test_values(case):
    expected = CASES[case](None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = CASES[case]("native")
    assert optree.tree_structure(found) == optree.tree_structure(expected)
    for a, b in zip(optree.tree_leaves(found), optree.tree_leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


def endless(x, n):
    return x if n < 0 else endless(x * 0.5, n + 1) + 1.0


def counted(x, n):
    return x if n == 0 else counted(np.sin(x), n - 1)


def checked(x, n):
    if n == 0 and x > 0.0:
        raise ValueError("above 0")
    return x if n == 0 else checked(0.5 * x, n - 1)


def test_what_goes_too_deep_is_left_to_python():
    run = s2sad.jit(endless)
    for _ in range(2):
        with pytest.raises(RecursionError):
            run(0.5, 1)
    assert s2sad.jit(counted)(0.5, 300) == counted(0.5, 300)


def test_an_exception_in_the_last_call():
    derivative = s2sad.grad(checked, backend="native")
    with pytest.raises(ValueError, match="above 0"):
        derivative(0.5, 4)
    assert derivative(-0.5, 4) == 1 / 16


SUMMED = """
summed(v: float64[n], k: int):
    done = k < 1
    s: float64[n] = if done:
        yield v
    else:
        less = k - 1
        w = v * 0.5
        u: float64[n] = call summed(w, less)
        r = u + v
        yield r
    return s
"""
CHECKED = SUMMED.replace("    yield v\n", "    e = v[4000]\n        z = v * e\n        yield z\n")


@pytest.mark.parametrize("text, depth, done", [(SUMMED, 5, True), (CHECKED, 9, False)])
def test_memory_of_all_calls_is_freed(text, depth, done):
    function, inner = to_loops({"summed": read(text)}, "summed")
    run = compiled(function, inner=[inner])
    v = np.arange(3000.0)
    if done:
        np.testing.assert_allclose(run(v, depth), v * sum(0.5**k for k in range(depth + 1)))
    else:
        with pytest.raises(Left):
            run(v, depth)
    assert run.allocated == 0


def test_what_keeps_a_tree_runs_with_numpy():
    def squares(v):
        return np.sum(halves(v) ** 2)

    with pytest.warns(UserWarning, match="what calls keep of a function that calls itself"):
        found = s2sad.grad(squares, backend="native")(X)
    np.testing.assert_array_equal(found, s2sad.grad(squares)(X))
