"""Functions of the user's that are called as what the text of a module speaks of: helpers, Python's own, modules."""

import re

import numpy as anp
import pytest

import s2sad
from s2sad.backends.numba.helpers import HELPERS
from s2sad.ir.primitive import PRIMITIVES

NAMES = sorted({p.name for p in PRIMITIVES.values() if p.helper} | {"make_object"})
PYTHON = ["range", "reversed", "zip", "max", "min", "abs", "sum", "list", "tuple", "enumerate", "print", "np", "math"]
X = anp.array([0.3, 0.9, 1.4])
TEXT = """
def {name}(a, b):
    return a * anp.sin(b)


def main(x):
    t = x[0]
    for k in anp.arange(x.shape[0]):
        t = t + {name}(t / 3.0, x[k]) % 2.0 + t // 1.5
    w = anp.arange(3.0)
    t = t + {name}(w, w[1:2] + 1.0) @ x * {name}(3.0 * w[1], 2.0)
    y = anp.zeros(4)
    y[:3] += x
    y[anp.array([0, 0, 1])] += x
    return t + anp.sum(anp.maximum(y[:3], x[0]) * {name}(x, x[:1])) + anp.max(x)
"""


def program(name, tmp_path):
    file = tmp_path / "program.py"
    file.write_text(TEXT.format(name=name))
    namespace = {"anp": anp, "__name__": f"program_{name}"}
    exec(compile(file.read_text(), str(file), "exec"), namespace)
    return namespace["main"]


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return s2sad.grad(program("plain", tmp_path_factory.mktemp("plain")))(X)


@pytest.mark.parametrize("name", [*NAMES, *PYTHON])
def test_numpy(name, tmp_path, expected):
    f = program(name, tmp_path)
    anp.testing.assert_array_equal(s2sad.grad(f)(X), expected)
    anp.testing.assert_allclose(s2sad.jvp(f, (X,), (X,))[1], expected @ X, rtol=1e-12)


@pytest.mark.parametrize("name", [*HELPERS, "range", "np"])
def test_names_of_native_helpers(name, tmp_path):
    source = s2sad.grad(program(name, tmp_path), backend="numba").lower(X).source
    defined = re.findall(r"^def (\w+)", source, re.MULTILINE)
    assert len(defined) == len({*defined})
    assert name not in defined or name in HELPERS


@pytest.mark.parametrize("name", ["range", "python_divide"])
def test_native(name, tmp_path, expected):
    pytest.importorskip("numba")
    anp.testing.assert_allclose(s2sad.grad(program(name, tmp_path), backend="numba")(X), expected, rtol=1e-12)
