"""The numba backend: native code of the emitted program, for arguments of any structure, cached on disk."""

import ast
import dataclasses
import math
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import s2sad
from s2sad.backends.numba import runner

numba = pytest.importorskip("numba")

X = np.array([0.5, -1.2, 2.0, 0.3])


class Pair(NamedTuple):
    w: np.ndarray
    b: float


@dataclasses.dataclass
class Model:
    w: np.ndarray
    layers: list
    name: str = "model"


def of_a_dict(p, x):
    return np.sum(np.tanh(p["w"] * x + p["b"])) ** 2


def of_a_namedtuple(p, x):
    return np.sum(p.w * x) * p.b


def of_a_dataclass(p, x):
    total = np.sum(p.w * x)
    for layer in p.layers:
        total = total + np.sum(layer[0] * x) * layer[1]
    return total**2


STRUCTURES = [
    (of_a_dict, {"w": 2.0 * X, "b": 0.3}),
    (of_a_namedtuple, Pair(X**2, 1.5)),
    (of_a_dataclass, Model(X + 1.0, [(X, 0.5), (2.0 * X, -1.0)])),
]


def leaves(tree):
    if isinstance(tree, dict):
        return [v for item in tree.values() for v in leaves(item)]
    if isinstance(tree, (tuple, list)):
        return [v for item in tree for v in leaves(item)]
    if isinstance(tree, Model):
        return leaves((tree.w, tree.layers))
    return [tree]


@pytest.mark.parametrize(("f", "p"), STRUCTURES, ids=lambda v: getattr(v, "__name__", None))
def test_containers_at_the_boundary(f, p):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, (p_bar, x_bar) = s2sad.value_and_grad(f, (0, 1), backend="numba")(p, X)
    plain, (p_plain, x_plain) = s2sad.value_and_grad(f, (0, 1))(p, X)
    assert value == pytest.approx(plain)
    assert type(p_bar) is type(p)
    np.testing.assert_allclose(x_bar, x_plain)
    for a, b in zip(leaves(p_bar), leaves(p_plain), strict=True):
        np.testing.assert_allclose(a, b)


def scalar_loop(x, n):
    y = x
    for k in range(n):
        y = y + 0.001 * np.sin(y * x) / (1.0 + k)
    return y


def test_a_loop_over_floats():
    value, bar = s2sad.value_and_grad(scalar_loop, backend="numba")(0.7, 1000)
    h = 1e-6
    assert value == pytest.approx(scalar_loop(0.7, 1000), rel=1e-13)
    assert bar == pytest.approx((scalar_loop(0.7 + h, 1000) - scalar_loop(0.7 - h, 1000)) / (2 * h), rel=1e-8)


def test_numbers_are_kept_in_arrays():
    text = s2sad.grad(scalar_loop, backend="numba").lower(0.7, 1000).source
    assert "max(n, 0)" in text and "ys = np.empty(" in text
    assert "append" not in text and "reversed" not in text


def has_no_native_form(x, k):
    return np.sum(np.fft.fft(x).real ** 2) * x[k]


def test_what_cannot_be_compiled_falls_back_with_one_warning():
    derivative = s2sad.grad(has_no_native_form, backend="numba")
    with pytest.warns(UserWarning, match="has_no_native_form_grad is not compiled, NumPy is used") as caught:
        first = derivative(X, 1)
    line = has_no_native_form.__code__.co_firstlineno + 1
    assert f'test_numba.py", line {line}' in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(derivative(X, 1), first)
    np.testing.assert_array_equal(first, s2sad.grad(has_no_native_form)(X, 1))


def raises(x):
    if x[0] > 100.0:
        raise ValueError("too large")
    return np.sum(x * x)


def test_an_exception_of_the_function_comes_out_as_itself():
    derivative = s2sad.grad(raises, backend="numba")
    np.testing.assert_allclose(derivative(X), 2 * X)
    with pytest.raises(ValueError, match="too large"):
        derivative(X + 200.0)


def looked_up(x, k):
    y = x[k] ** 2
    return y * x[0] + y


def rooted(x, k):
    y = math.sqrt(x[k])
    return y * x[0] + y


def asserted(x, k):
    assert x[k] > 0.0, "not positive"
    return np.sum(x) * x[k]


def counted(x, k):
    n = int(x[k])
    return np.sum(x) * n + n * x[0] ** 2


@pytest.mark.parametrize(
    ("f", "x", "k", "error"),
    [
        (looked_up, X, 4, IndexError),
        (looked_up, X, -5, IndexError),
        (rooted, X.astype(float), 1, ValueError),
        (asserted, X, 1, AssertionError),
        (counted, np.array([1.0, np.nan]), 1, ValueError),
    ],
)
@pytest.mark.parametrize("operator", [s2sad.grad, lambda f, **k: lambda *args: s2sad.vjp(f, *args, **k)[0]])
def test_what_is_raised_is_raised_at_the_users_line(operator, f, x, k, error):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        derivative = operator(f, backend="numba")
        np.testing.assert_allclose(derivative(np.abs(x[:1]), 0), operator(f)(np.abs(x[:1]), 0))
        with pytest.raises(error) as caught:
            derivative(x, k)
    assert "test_numba.py" in "".join(getattr(caught.value, "__notes__", [])) + str(caught.traceback[-1].path)
    assert caught.value.__context__ is None


def test_other_functions_of_numbas_call_it():
    derivative = s2sad.grad(scalar_loop, backend="numba").lower(0.7, 100)

    @numba.njit
    def descended(x, steps):
        for _ in range(steps):
            x -= 0.1 * derivative(x, 100)
        return x

    expected = 0.7
    for _ in range(3):
        expected -= 0.1 * s2sad.grad(scalar_loop)(expected, 100)
    assert descended(0.7, 3) == pytest.approx(expected, rel=1e-12)


def scaled_sum(x):
    return np.sum(x * x) * x[0]


def test_one_text_is_for_arrays_of_all_lengths():
    derivative = s2sad.grad(scaled_sum, backend="numba")
    modules = {derivative.module(np.arange(1.0, n)) for n in (4, 7, 30)}
    assert len(modules) == 1
    for n in (4, 7, 30):
        x = np.arange(1.0, n)
        np.testing.assert_allclose(derivative(x), 2 * x * x[0] + np.eye(n - 1)[0] * np.sum(x * x))


def wrapped(x, counts):
    return np.sum(x * (counts + counts))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "bool"])
def test_numbers_of_few_bits_are_those_of_numpy(dtype):
    counts = np.array([200, 100, 3, 0]).astype(dtype)
    with np.errstate(all="ignore"):
        expected = s2sad.grad(wrapped)(X, counts)
        np.testing.assert_array_equal(s2sad.grad(wrapped, backend="numba")(X, counts), expected)


SCRIPT = """
import warnings, numpy as np, s2sad
from script import f
warnings.simplefilter("error")
derivative = s2sad.grad(f, backend="numba")
print(derivative(np.arange(3.0)).tolist())
dispatcher = next(v for v in vars(derivative.module(np.arange(3.0))).values() if hasattr(v, "stats"))
print(sum(dispatcher.stats.cache_hits.values()), sum(dispatcher.stats.cache_misses.values()))
"""


def test_native_code_is_cached_on_disk(tmp_path):
    (tmp_path / "script.py").write_text("import numpy as np\ndef f(x):\n    return np.sum(np.sin(x) * x)\n")
    (tmp_path / "main.py").write_text(SCRIPT)
    root = str(Path(s2sad.__file__).parents[1])
    env = dict(os.environ, PYTHONPATH=os.pathsep.join([root, str(tmp_path)]), S2SAD_CACHE_DIR=str(tmp_path / "c"))
    runs = [
        subprocess.run([sys.executable, "main.py"], cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    first, second = (r.stdout.splitlines() for r in runs)
    assert first[0] == second[0]
    assert first[1] == "0 1" and second[1] == "1 0"


def test_without_numba_the_backend_is_refused(monkeypatch):
    monkeypatch.setattr(runner, "is_there", lambda: False)
    with pytest.raises(s2sad.Error, match=r"s2sad\[numba\]"):
        s2sad.grad(scalar_loop, backend="numba")


def masked_roots(x):
    out = np.zeros(len(x))
    for i in range(len(x)):
        out[i] = np.where(x[i] > 0, np.sqrt(x[i]), 0.0) + (1.0 / x[i] if x[i] > 0 else 0.0)
    return np.sum(out)


def masked_quotients(x):
    y = np.zeros(len(x))
    for i in range(len(x)):
        y[i] = np.sqrt(x[i]) / x[i]
    total = 0.0
    for i in range(len(x)):
        if x[i] > 0:
            total += y[i] * x[i] ** 2
    return total


@pytest.mark.parametrize("f", [masked_roots, masked_quotients])
@pytest.mark.parametrize("operator", [s2sad.grad, s2sad.value_and_grad, s2sad.hessian])
def test_divisions_by_zero_are_those_of_numpy(operator, f):
    x = np.array([0.0, 1.0, 0.25, 0.0])
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        found, expected = operator(f, backend="numba")(x), operator(f)(x)
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        assert np.all(np.isfinite(b))
        np.testing.assert_allclose(a, b, rtol=1e-13)


@pytest.mark.parametrize("f", [lambda x, y: x / y, lambda x, y: x * (x // y), lambda x, y: x + x % y])
def test_a_division_of_python_numbers_by_zero_raises(f):
    gradient = s2sad.value_and_grad(f, backend="numba")
    assert gradient(1.5, 2.0) == s2sad.value_and_grad(f)(1.5, 2.0)
    with pytest.raises(ZeroDivisionError):
        gradient(1.5, 0.0)
    with np.errstate(all="ignore"):
        np.testing.assert_equal(
            gradient(np.float64(1.5), np.float64(0.0)), s2sad.value_and_grad(f)(np.float64(1.5), np.float64(0.0))
        )


def numbered_beside_its_versions(x):
    y_2 = np.cos(x)
    y = np.append(np.sin(x), np.zeros(0))
    for k in range(3):
        y = np.tanh(y) * y_2 + k
        z = np.exp(y) - y * y_2
        y = np.sin(z) * y_2 + y * z
        y = np.append(y, y[:0]) if k < 5 else np.append(y, y)
    # there are no loops for what may be of one axis or two: numba compiles the program over arrays
    w = y if x[0] > 0.2 else y[None]
    return np.sum(y * y_2) + np.sum(w)


def test_no_name_is_that_of_a_version_of_another():
    """numba calls the second version of `y` `y_2` in the expressions that it compiles by themselves."""
    x = np.linspace(0.1, 0.4, 3)
    text = s2sad.grad(numbered_beside_its_versions, backend="numba").lower(x).source
    names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    numbered = {name: re.sub(r"(?<!_)_\d+$", "", name) for name in names}
    assert "y" in names and not [name for name, base in numbered.items() if base != name and base in names]
