"""The backend of the page on backends, a folder outside the package: what it computes, and what it refuses."""

import importlib
import math
import shutil

import numpy as np
import pytest

import s2sad
from s2sad import backends
from s2sad.errors import ArgumentError, UnsupportedType
from tests.test_documentation import ROOT, blocks

PAGE = ROOT / "docs" / "contributing" / "add-a-backend.md"


def product(x, y):
    return x * np.sin(y) + x / y


def powers(x, y):
    return x**y - y**3 + np.sqrt(x) * 2.0


def of_math(x, y):
    return math.exp(-x) * math.log(y) - math.tanh(x * y)


def scaled(x, factor=2.0):
    inner = factor * x
    return inner * inner - 1.0


PROGRAMS = {"product": (product, 2), "powers": (powers, 2), "math": (of_math, 2), "default": (scaled, 1)}


@pytest.fixture(autouse=True)
def c_backend(tmp_path, monkeypatch, cache_folder):
    """The package `c` of the page, in a temporary folder."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler called cc")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(backends, "ELSEWHERE", {})
    for _, title, text in blocks(PAGE):
        if title is not None:
            (tmp_path / title).parent.mkdir(parents=True)
            (tmp_path / title).write_text(text, encoding="utf-8")
    backends.add_backend("c")
    yield importlib.import_module("c")
    monkeypatch.delitem(importlib.sys.modules, "c")


@pytest.mark.parametrize("f, count", PROGRAMS.values(), ids=list(PROGRAMS))
def test_value_and_gradient(f, count):
    point, argnums = (1.25, 2.5)[:count], tuple(range(count))
    value, gradient = s2sad.value_and_grad(f, argnums=argnums, backend="c")(*point)
    expected = s2sad.value_and_grad(f, argnums=argnums)(*point)
    assert value == pytest.approx(expected[0], rel=1e-13)
    assert gradient == pytest.approx(expected[1], rel=1e-13)


def test_derivatives_of_derivatives():
    second = s2sad.grad(s2sad.grad(lambda x: np.sin(x) * x), backend="c")
    assert second(0.7) == pytest.approx(2 * math.cos(0.7) - 0.7 * math.sin(0.7), rel=1e-13)


def test_the_text_is_c_and_is_found_again(cache_folder):
    gradient = s2sad.grad(product, backend="c").lower(1.5, 2.0)
    assert "void product_grad(double x_0, double y_1, double *out) {" in gradient.source
    assert len(list(cache_folder.glob("product_grad_*.so"))) == 1


@pytest.mark.parametrize(
    "f, x",
    [
        (lambda x: np.sum(x), np.ones(3)),
        (lambda x: x if x > 0 else 2 * x, 1.0),
        (lambda x: abs(x), 1.0),
        (lambda x: [x := x * x for _ in range(int(x))][-1], 2.0),
    ],
)
def test_what_is_no_straight_line_of_floats_is_refused(f, x):
    with pytest.raises(UnsupportedType, match="for C"):
        s2sad.grad(f, backend="c")(x)


def test_names_of_backends():
    assert {"numba", "c"} <= backends.packages().keys()
    with pytest.raises(ArgumentError, match="there is a backend 'numba' already"):
        backends.add_backend("elsewhere.numba")
    backends.add_backend("c")
    with pytest.raises(ArgumentError, match="this version has None, 'numpy', 'native', 'numba', 'c'"):
        s2sad.grad(product, backend="d")
