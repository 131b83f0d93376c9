"""The cell of a notebook: what it says, and that a line of the user's has its lines of the derivative."""

import html
import pickle
import re
from dataclasses import dataclass

import numpy as np
import pytest

import s2sad


def energy(x, n=2):
    """The energy, by <x>."""
    y = np.sin(x)
    for _ in range(n):
        y = y * x
    return np.sum(y)


def pair(x):
    return np.stack([x * x, np.sin(x)])


@dataclass
class State:
    spring: float


class Spring:
    stiffness = 2.0

    @s2sad.grad(argnums="x")
    def slope(self, x):
        return self.stiffness * x * x

    @s2sad.jacobian(argnums="x")
    def jacobian(self, x):
        return self.stiffness * x * x

    @s2sad.hvp(argnums="x")
    def product(self, x):
        return np.sum(self.stiffness * x * x)


X = np.array([0.5, 0.7])


@s2sad.custom_jvp
def safe(x):
    return x


@safe.defjvp
def safe_jvp(primals, tangents):
    return primals[0], tangents[0]


@s2sad.checkpoint
def step(x):
    return x * x


SHOWN = {
    "gradient of energy by x": lambda: s2sad.grad(energy),
    "gradient of energy by x, n": lambda: s2sad.grad(energy, argnums=(0, 1)),
    "value of energy, and its gradient by x": lambda: s2sad.value_and_grad(energy),
    "gradient of energy_grad by x": lambda: s2sad.grad(s2sad.grad(energy)),
    "Jacobian of pair by x, column by column": lambda: s2sad.jacfwd(pair),
    "Jacobian of pair by x, row by row": lambda: s2sad.jacrev(pair),
    "Jacobian of pair by x": lambda: s2sad.jacobian(pair),
    "Hessian of energy by x": lambda: s2sad.hessian(energy),
    "Hessian of energy by x, times a vector": lambda: s2sad.hvp(energy),
    "energy for many examples at once": lambda: s2sad.vmap(energy),
    "energy, compiled": lambda: s2sad.jit(energy, "numpy"),
    "gradient of slope by x": lambda: Spring().slope,
    "Jacobian of jacobian by x": lambda: Spring().jacobian,
    "Hessian of product by x, times a vector": lambda: Spring().product,
    "cotangents of x for that of the result of pair, at a point": lambda: s2sad.vjp(pair, X)[1],
    "derivative of pair along tangents of x, at a point": lambda: s2sad.linearize(pair, X)[1],
    "safe, its derivative given by safe_jvp": lambda: safe,
    "checkpoint of step": lambda: step,
}


@pytest.mark.parametrize("title", SHOWN)
def test_whatever_users_hold_says_what_it_is(title):
    held = SHOWN[title]()
    bundle = held._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert re.fullmatch(rf"{re.escape(title)} \(.*test_cell\.py:\d+\)(\n  .+)+", bundle["text/plain"])
    assert f"<b>{html.escape(title)}</b>" in bundle["text/html"]
    assert title in repr(held) and title in held.__doc__
    assert "http" not in bundle["text/html"] and "<script" not in bundle["text/html"]
    for name in dir(held):
        assert name in ("backend", "explore", "lines", "lower", "module", "source", "target") or name.startswith("__")


def test_methods_are_derivatives_of_their_object():
    spring = Spring()
    assert spring.slope(3.0) == 12.0
    assert spring.jacobian(X) == pytest.approx(np.diag(4.0 * X))
    assert spring.product(X, np.ones(2)) == pytest.approx([4.0, 4.0])
    assert "x_bar" in spring.slope.source and "stiffness" in spring.slope.lower(3.0).source
    assert pickle.loads(pickle.dumps(spring.slope))(3.0) == 12.0
    assert s2sad.grad(spring.slope)(3.0) == 4.0


def test_a_method_has_a_page(tmp_path):
    spring = Spring()
    written = spring.slope.explore(3.0, path=tmp_path / "slope.html")
    assert "stiffness" in written.read_text()
    assert spring.jacobian.explore(X, path=tmp_path / "j.html").exists()
    assert spring.product.explore(X, np.ones(2), path=tmp_path / "p.html").exists()


def test_patterns_are_listed_as_they_are_compiled():
    df = s2sad.grad(energy)
    assert "any arguments: not called yet" in df._repr_mimebundle_()["text/plain"]
    df(2.0)
    df(X, n=3)
    first, second = df._repr_mimebundle_()["text/plain"].splitlines()[1:]
    assert first.startswith("  x: float, n: int: compiled")
    assert second.startswith("  x: float64[n1], n: int: compiled")
    page = df._repr_mimebundle_()["text/html"]
    assert page.count("<details") == 2 and page.count("<details open") == 1


def test_of_many_patterns_the_last_are_shown():
    df = s2sad.grad(lambda *xs: sum(x**2 for x in xs))
    for count in range(1, 9):
        df(*[1.0] * count)
    bundle = df._repr_mimebundle_()
    assert bundle["text/html"].count("<details") == 6
    rows = bundle["text/plain"].splitlines()
    assert rows[1] == "  compiled for 2 other patterns of arguments before"
    assert rows[2].startswith("  xs_0: float, xs_1: float, xs_2: float: ") and rows[-1].count("xs_") == 8


def marks(page, text):
    """The marks of the lines in a page that hold a text."""
    rows = re.findall(
        r'<span class="s2sad-row([^"]*)"[^>]*><i>\d+ </i>(.*?)</span>(?=\n<span class="s2sad-row|</pre>)', page
    )
    return {row.strip() for row, line in rows if text in html.unescape(re.sub("<[^>]+>", "", line))}


def test_a_line_of_the_users_lights_its_lines_of_the_derivative():
    df = s2sad.grad(energy)
    df(X)
    page = df._repr_mimebundle_()["text/html"]
    (mark,) = marks(page, "y = np.sin(x)") - {""}
    assert mark in marks(page, "np.cos(x)")
    assert f".s2sad:has(.{mark}:hover) .{mark}" in page
    (other,) = marks(page, "return np.sum(y)") - {""}
    assert other != mark


def test_what_cannot_be_compiled_for_any_arguments_says_so():
    df = s2sad.grad(lambda x: x.spring * 2.0)
    said = df._repr_mimebundle_()["text/plain"]
    assert (
        said.startswith("gradient of function by x (")
        and "not called yet; it cannot be compiled without arguments" in said
    )
    df(State(1.0))
    assert "compiled" in df._repr_mimebundle_()["text/plain"].splitlines()[1]


def test_an_emitted_function_shows_its_text():
    lowered = s2sad.grad(energy).lower(2.0)
    bundle = lowered._repr_mimebundle_()
    assert bundle["text/plain"] == lowered.source.rstrip("\n")
    assert "<b>The gradient of energy with respect to x</b>" in bundle["text/html"]


def test_help_says_what_there_is(capsys):
    help(s2sad.grad(energy))
    said = capsys.readouterr().out
    assert "energy_grad(x, n=2): gradient of energy by x" in said
    assert "energy:\n" in said and ".source: " in said and ".lower: " in said and "The energy, by <x>." in said


def test_a_function_without_a_docstring_says_nothing_more():
    assert s2sad.grad(Model())(3.0) == 6.0
    assert s2sad.grad(Model()).__doc__.splitlines()[0] == "model_grad(x): gradient of model by x"
    assert "Call self" not in s2sad.grad(Model()).__doc__


class Model:
    def __call__(self, x):
        return x * x
