"""What each line of an emitted text is: its operations, its place, its names; found without parsing the text."""

import inspect
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import s2sad
from s2sad import cache
from s2sad.errors import SourceUnavailable
from s2sad.ir.values import Apply, Call
from tests.view.programs import PROGRAMS, growth, heun, product, stored

DERIVATIVES = {"grad": s2sad.grad, "value": s2sad.value_and_grad, "hessian": s2sad.hessian}


def lines_of(name, operator=s2sad.grad):
    function, arguments = PROGRAMS[name]
    return operator(function).lower(*arguments)


def line(lines, text):
    """The one line of this text."""
    (found,) = [line for line in lines if line.text.strip() == text]
    return found


@pytest.mark.parametrize("operator", DERIVATIVES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_lines_are_those_of_the_text(name, operator):
    lowered = lines_of(name, DERIVATIVES[operator])
    assert [line.text for line in lowered.lines] == lowered.source.splitlines()
    assert [line.number for line in lowered.lines] == list(range(1, len(lowered.lines) + 1))


@pytest.mark.parametrize("name", PROGRAMS)
def test_names_are_those_of_the_statement(name):
    """What a line makes stands on the left of it, and what it reads on it."""
    for line in lines_of(name).lines:
        words = re.findall(r"\w+", line.text)
        assert all(n in words for n in (*line.makes, *line.reads))
        if line.begins and re.match(r"\s+\w+ [-+*/]?= ", line.text):
            assert line.makes == (words[0],)


@pytest.mark.parametrize("name", PROGRAMS)
def test_lines_come_from_the_functions_of_the_user(name):
    """Whatever computes something has a place, which is in the source of a function of the user's."""
    for line in lines_of(name).lines:
        calls = any(isinstance(op, Call) for op in line.operations)  # that of the sweeps of a function is nobody's
        if line.sweep in ("primal", "adjoint") and not line.text.strip().startswith("#") and not calls:
            assert line.file == __file__.replace("test_lines", "programs"), line.text
            assert 0 < line.line <= line.end


def test_a_line_says_what_it_is():
    lines = s2sad.grad(product, (0, 1)).lower(2.0, 3.0).lines
    first = inspect.getsourcelines(product)[1]
    log, adjoint = line(lines, "y_log = np.log(w1)"), line(lines, "w1_bar = y_log_bar / w1")
    assert (log.sweep, adjoint.sweep) == ("primal", "adjoint")
    assert log.line == adjoint.line == first + 1
    assert isinstance(log.operations[0], Apply) and log.operations[0].primitive.function is np.log
    # the adjoint is of the very operation that the line of the primal is of
    (about,) = adjoint.operations[0].about
    assert (about.primitive, about.location) == (log.operations[0].primitive, log.operations[0].location)
    assert (adjoint.makes, adjoint.reads, dict(adjoint.of)) == (
        ("w1_bar",),
        ("w1", "y_log_bar"),
        {"w1_bar": "w1", "y_log_bar": "y_log"},
    )
    assert str(adjoint.types["w1_bar"]) == "float64"
    assert [x.sweep for x in lines if x.text.strip().startswith("# y = ")] == ["adjoint"]


def test_tangents_are_told_from_the_primal():
    dot = s2sad.jvp(product, (2.0, 3.0), (1.0, 1.0))
    assert dot[1] == pytest.approx(s2sad.grad(product)(2.0, 3.0) + s2sad.grad(product, 1)(2.0, 3.0))
    lines = s2sad.hvp(stored).derivative.lower(np.ones(3), 2, np.ones(3)).lines
    assert {x.sweep for x in lines[7:] if any(n.endswith("_dot") for n in x.makes)} <= {"tangent", "adjoint"}
    assert all(x.sweep == "adjoint" for x in lines[7:] if any("_bar" in n for n in x.makes))


def squashed(x):
    return 1.0 / (1.0 + np.exp(-x))


def gated(x, y):
    for _ in range(3):
        gate = squashed(x * y)
        other = squashed(y)
        third = squashed(y - x)
        y = gate * other + third
    return y


def test_the_value_beside_a_tangent_is_of_the_primal():
    """A called function gives both; what is calculated of the value alone is no tangent."""
    lines = s2sad.hvp(gated).derivative.lower(0.3, 0.5, 1.0).lines
    body = [x for x in lines if x.function == "gated_hvp" and x.begins]
    first = next(x for x in body if "gate, gate_dot = " in x.text)
    value = next(x for x in body if x.makes and x.text.strip() == f"{x.makes[0]} = gate * other + third")
    assert (first.sweep, value.sweep) == ("tangent", "primal")
    assert all(x.sweep != "primal" for x in body if any(n.endswith("_dot") for n in x.makes))


def test_a_called_function_has_lines_of_its_own():
    lines = s2sad.grad(heun).lower(np.ones(2), np.ones(4), 3).lines
    first = inspect.getsourcelines(growth)[1]
    of_growth = [x for x in lines if x.function.startswith("growth") and x.line is not None]
    assert {x.line for x in of_growth} == {first + 1, first + 2}
    assert {x.function for x in lines if x.function} == {"growth", "growth_reverse", "heun_grad"}


def test_what_is_assigned_again_is_of_the_users_name():
    def twice(x):
        y = np.sin(x)
        z = y * x
        y = y * z + 1.0
        return y * z * y

    lines = s2sad.grad(twice).lower(1.3).lines
    of = {n: base for x in lines for n, base in x.of.items()}
    assert {base for n, base in of.items() if n in ("y_2", "y_bar", "y_bar_2", "y_2_bar")} == {"y"}


def test_lines_are_found_in_another_process():
    """A module from the cache has no operations: they are found again."""
    here = [f"{x.number} {x.line} {x.sweep}" for x in s2sad.grad(stored).lower(np.ones(3), 2).lines]
    script = (
        "import numpy as np, s2sad\nfrom tests.view.programs import stored\n"
        "print(*(f'{x.number} {x.line} {x.sweep}' for x in s2sad.grad(stored).lower(np.ones(3), 2).lines), sep='\\n')"
    )
    environment = {**os.environ, "S2SAD_CACHE_DIR": str(cache.cache_directory())}
    command = [sys.executable, "-c", script]
    there = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    assert there.splitlines() == here and there.count("adjoint") > 3


def test_arguments_are_not_held():
    import weakref

    x = np.linspace(0.5, 1.0, 4)
    known = weakref.ref(x)
    lowered = s2sad.grad(stored).lower(x, 2)
    del x
    assert known() is None
    assert len(lowered.lines) == lowered.source.count("\n")


SCALES = [2.0]
FACTOR = np.array([1.0, 2.0])


def scaled(x):
    return np.sum(x * FACTOR) * SCALES[0]


def test_variables_outside_are_read_as_they_were():
    for factor in (2.0, 3.0):
        SCALES[0] = factor
        lowered = s2sad.grad(scaled).lower(np.ones(2))
        assert [x.text for x in lowered.lines] == lowered.source.splitlines()


def test_the_generic_program_has_lines():
    df = s2sad.grad(product)
    assert [x.text for x in df.lines] == df.source.splitlines()
    assert {x.sweep for x in df.lines} == {"head", "primal", "adjoint", "other"}


def test_a_pickle_has_no_lines():
    import copy
    import pickle

    lowered = s2sad.grad(scaled).lower(np.ones(2))
    assert copy.deepcopy(lowered).lines[0] == lowered.lines[0]
    again = pickle.loads(pickle.dumps(lowered))
    assert again(np.ones(2)).tolist() == lowered(np.ones(2)).tolist()
    with pytest.raises(SourceUnavailable):
        len(again.lines)
