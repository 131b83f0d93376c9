"""What is read from the text of a function is that function: for all that the compiler makes on the way."""

import copy

import numpy as np
import pytest

import s2sad
from s2sad.cli import main
from s2sad.errors import Unsupported
from s2sad.ir.complete_text import complete_text
from s2sad.ir.parser import BadText, parse
from tests.golden.programs import PROGRAMS
from tests.golden.test_golden import emitted
from tests.language import classes, control_flow, data, functions
from tests.language.cases import CASES
from tests.memory.cases import STORES
from tests.memory.test_memory import VALUES
from tests.programs import memory, numeric
from tests.programs.language import LanguageProgram
from tests.programs.recursive import RecursiveProgram
from tests.programs.test_examples import ROOT
from tests.traces import same, stages

assert classes and control_flow and data and functions
VECTOR, POINT = np.array([0.7, 0.2, 0.4]), np.array([0.3, 0.8, 0.5, 0.6])


@pytest.fixture
def made(cache_folder):
    """The functions that the optimiser takes and gives in a test, each of which is written and read at its end."""
    with stages([]) as functions_made:
        yield functions_made
    assert functions_made, "nothing was compiled"
    for function in functions_made:
        objects = {}
        text = complete_text(function, objects)
        assert same(parse(text, objects), function), text


@pytest.mark.parametrize("f, args, mode", PROGRAMS, ids=[f"{f.__name__} {m}" for f, _, m in PROGRAMS])
def test_golden_programs(made, f, args, mode):
    emitted(f, args, mode)


def test_examples(made, monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    assert main(["generate", "--folder", str(tmp_path)]) == 0


@pytest.mark.parametrize("start", range(0, len(CASES), 20))
def test_the_language(made, start):
    for case in CASES[start : start + 20]:
        s2sad.grad(case.function).lower(*copy.deepcopy(case.arguments))


@pytest.mark.parametrize("start", range(0, len(STORES), 20))
def test_stores(made, start):
    for f, names in [*STORES.values()][start : start + 20]:
        s2sad.grad(f).lower(*(VALUES[n].copy() for n in names))


def numeric_program(seed):
    return numeric.Program(seed).function, numeric.arguments(seed)


def language_program(seed):
    return LanguageProgram(seed).function, numeric.arguments(seed)


def memory_program(seed):
    return memory.MemoryProgram(seed).function, memory.arguments(seed)


def recursive_program(seed):
    return RecursiveProgram(seed).function, (POINT, VECTOR, 0.6)


@pytest.mark.parametrize("generator", [numeric_program, language_program, memory_program, recursive_program])
def test_random_programs(made, generator):
    """The gradient and the Jacobian of five programs; of two, where that is a number, the gradient of the gradient."""
    for seed in range(5):
        f, args = generator(seed)
        try:
            s2sad.grad(f).lower(*args)
            s2sad.jacfwd(f).lower(*args)
            if seed < 2 and isinstance(args[0], float):
                s2sad.grad(s2sad.grad(f)).lower(*args)
        except Unsupported:
            continue


@pytest.mark.parametrize("change", [
    ("n >= 2", "n >= 3"),
    ("np.sin", "np.cos"),
    ("2.0", "3.0"),
    ("axis=0", "axis=1"),
    ("z~", "z"),
    ("float64[n, m]", "float64[m, n]"),
    ("float64[n, m]", "float64[n, n]"),
    ("float64[n, m]", "float32[n, m]"),
    ("range(0, 3, 1)", "reversed range(0, 3, 1)"),
    ("yield v2", "yield a"),
    ("takes 0", "takes 1"),
    ("call g(y, 2)", "call h(y, 2)"),
    ("call g(y, 2)", "call g(y, 2) own"),
], ids=lambda c: " -> ".join(c))  # fmt: skip
def test_what_differs_is_not_the_same(change):
    text = """f(x: float64[n, m], k: int):
    takes 0
    where n >= 2
    y~ as z: float64 = np.sum(np.sin(x), axis=0)
    s: float = for i in range(0, 3, 1):
        carry a = 2.0
        v2 = a * a
        yield v2
    r: float = call g(y, 2)
    return r"""
    text = text.replace("y~ as z", "z~").replace("(y, 2)", "(z, 2)").replace("z~: float64", "z~: float64[m]")
    before, after = (c.replace("(y,", "(z,") for c in change)
    assert before in text
    assert same(parse(text), parse(text))
    assert not same(parse(text), parse(text.replace(before, after)))


@pytest.mark.parametrize("text, line, what", [
    ("f(x: float):\n    y = np.sinus(x)\n    return y", 2, "there is no primitive np.sinus"),
    ("f(x: float):\n    y = np.sin(z)\n    return y", 2, "z is not bound"),
    ("f(x: float):\n    y = np.sin(x\n    return y", 2, "SyntaxError"),
    ("f(x: flaot):\n    return x", 1, "flaot"),
    ("f(x: float):\n    y = np.sin(x)", 2, "`return` is missing at the end"),
    ("f(x: float):\n   y = np.sin(x)\n    return y", 2, "four spaces"),
    ("f(x: float):\n    if x > 0.0:\n        yield\n    return x", 4, "`else:` expected"),
    ("f(x: float):\n    y = if x > 0.0:\n        yield x\n    else:\n        yield\n    return y", 2, "zip"),
    ("f(x: float):\n    y = call g(x)\n    return y", 2, "the type of y is missing"),
    ("f(x: float):\n    a = np.sin(x, x)\n    return a", 2, "TypeError"),
    ("f(x: float):\n    return x\n    y = np.sin(x)", 3, "behind the end"),
    ("f(x: float)\n    return x", 1, "the head of a function expected"),
], ids=lambda v: v if isinstance(v, str) and "\n" not in v else "")  # fmt: skip
def test_errors_name_the_line(text, line, what):
    with pytest.raises(BadText) as e:
        parse(text)
    assert str(e.value).startswith(f"line {line}: ") and what in str(e.value)
    assert str(e.value).splitlines()[1].strip() == text.splitlines()[line - 1].strip()
