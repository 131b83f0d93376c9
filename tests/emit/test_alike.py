"""Functions of a module that are the same are written once."""

import ast

import pytest

from s2sad.emit.alike import written_once


def once(text, kept=("main",)):
    return ast.unparse(ast.Module(written_once(ast.parse(text).body, kept), []))


F = "def f(x, a):\n    y = x * a\n    return y + x\n"


@pytest.mark.parametrize(
    "other",
    [
        "def g(x, a):\n    y = x * a\n    return y + x\n",
        "def g(z, b):\n    w = z * b\n    return w + z\n",
        'def g(z, b):\n    """Another docstring."""\n    w = z * b\n    return w + z\n',
        "def g(u, v):\n    return f(u, v)\n",
    ],
)
def test_the_same_is_called_in_its_place(other):
    main = "def main(x):\n    return g(x, 2.0) + f(x, 1.0)\n"
    assert once(F + other + main) == once(F + main.replace("g(", "f("))


@pytest.mark.parametrize(
    "other",
    [
        "def g(a, x):\n    y = x * a\n    return y + x\n",
        "def g(x, a):\n    y = x * a\n    return y + a\n",
        "def g(x, a):\n    y = x * x\n    return y + x\n",
        "def g(x, a):\n    y = x * a\n    return y + x.T\n",
        "def g(x, a):\n    y = x * a\n    return y + 1\n",
        "def g(x, a):\n    y = x * a\n    return y + True\n",
        "def g(x, a):\n    return f(a, x)\n",
        "def g(x, a):\n    return f(x, 1.0)\n",
        "def g(x):\n    return f(x, x)\n",
    ],
)
def test_another_one_stays(other):
    text = (
        F + other + "def h(x, a):\n    y = x * a\n    return y + 1.0\ndef main(x):\n    return g(x, 2.0) + f(x, 1.0)\n"
    )
    assert once(text) == ast.unparse(ast.parse(text))


def test_what_calls_the_same_is_the_same():
    inner = "def f(x):\n    return np.sin(x)\ndef g(x):\n    return np.sin(x)\n"
    outer = "def p(x):\n    return f(x) + 1.0\ndef q(y):\n    return g(y) + 1.0\n"
    main = "def main(x):\n    return p(x) * q(x)\n"
    expected = (
        "def f(x):\n    return np.sin(x)\ndef p(x):\n    return f(x) + 1.0\ndef main(x):\n    return p(x) * p(x)\n"
    )
    assert once(inner + outer + main) == ast.unparse(ast.parse(expected))


def test_what_calls_itself_is_the_same_as_what_calls_itself():
    f, g = (f"def {n}(x):\n    return {n}(x - 1) if x else 0\n" for n in "fg")
    main = "def main(x):\n    return f(x) + g(x)\n"
    assert once(f + g + main) == ast.unparse(ast.parse(f + main.replace("g(", "f(")))


def test_what_is_kept_is_written_and_called_as_it_is():
    text = F + F.replace("f(", "g(") + "def main(x):\n    return g(x, 2.0) + f(x, 1.0)\n"
    assert once(text, ("main", "g")) == ast.unparse(ast.parse(text))
    assert once(text, ("main", "f")) == ast.unparse(ast.parse(text))


def test_a_function_passed_on_is_passed_as_it_is():
    text = F + "def g(x, a):\n    return f(x, a)\ndef main(a):\n    return brentq(g, 0.0, 1.0, args=(a,))\n"
    assert once(text) == ast.unparse(ast.parse(F + "def main(a):\n    return brentq(f, 0.0, 1.0, args=(a,))\n"))


def test_the_name_without_a_number_is_kept():
    main = "def main(x):\n    return f(x, 2.0) + f_2(x, 1.0)\n"
    assert once(F.replace("f(", "f_2(") + F + main) == once(F + main.replace("f_2(", "f("))


def test_another_name_is_not_taken_though_it_is_shorter():
    main = "def main(x):\n    return f(x, 2.0) + long(x, 1.0)\n"
    expected = F.replace("f(", "long(") + main.replace("f(", "long(")
    assert once(F.replace("f(", "long(") + F + main) == once(expected)


@pytest.mark.parametrize("inner", ["abs", "kept"])
def test_what_is_no_function_to_be_written_is_called_as_it_is(inner):
    text = (
        f"def kept(x):\n    return x + 1.0\ndef f(x):\n    return {inner}(x)\ndef main(x):\n    return f(x) + kept(x)\n"
    )
    assert once(text, ("main", "kept")) == ast.unparse(ast.parse(text))
