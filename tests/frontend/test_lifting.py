"""Methods and closures that are called more than once are functions of the module; those that change things are not."""

import re

import numpy as np
import pytest

import s2sad
from s2sad.testing import check_grads
from tests.frontend import lifted_programs
from tests.frontend.lifted_programs import LIFTED, SPRING, STAY, Spring

P, Y = np.array([0.7, 0.4]), np.array([0.3, 0.8])
EVERY = [*LIFTED, *STAY]
FEW = [
    lifted_programs.changed_between,
    lifted_programs.in_a_loop,
    lifted_programs.closure_over_what_changes,
    lifted_programs.named_tuple,
    lifted_programs.storing_values,
]


def name_of(f):
    return f.__name__


def source_of(f, *args):
    return s2sad.grad(f).lower(*(args or (P, Y))).source


def functions_of(source):
    """The names of the functions in a module, without what is said of their sweeps."""
    names = re.findall(r"^def (\w+)", source, re.M)
    return {re.sub(r"_(forward|reverse|tangent)(?=_\d+$|$)", "", n) for n in names}


def parameters(source, name):
    """The parameters of a function in a module."""
    return re.search(rf"^def {name}\((.*?)\)", source, re.M)[1].split(", ")


@pytest.mark.parametrize("f", EVERY, ids=name_of)
def test_derivatives(f):
    assert s2sad.value_and_grad(f)(P, Y)[0] == pytest.approx(f(P, Y), rel=1e-13)
    check_grads(f, (P, Y))
    gradient, p_dot, h = s2sad.grad(f), np.array([0.3, -0.6]), 1e-6
    differences = (gradient(P + h * p_dot, Y) - gradient(P - h * p_dot, Y)) / (2 * h)
    assert s2sad.hvp(f)(P, Y, p_dot) == pytest.approx(differences, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("f", FEW, ids=name_of)
def test_examples_at_once_and_second_order(f):
    check_grads(f, (P, Y), order=2)
    rows = np.stack([P, P + 0.1, P - 0.2])
    found = s2sad.vmap(s2sad.grad(f), in_axes=(0, None))(rows, Y)
    assert found == pytest.approx(np.stack([s2sad.grad(f)(row, Y) for row in rows]), rel=1e-12)


@pytest.mark.parametrize(("f", "names"), LIFTED.items(), ids=map(name_of, LIFTED))
def test_a_repeated_text_is_a_function(f, names):
    assert set(names) <= functions_of(source_of(f))


@pytest.mark.parametrize("f", STAY, ids=name_of)
def test_what_changes_something_or_is_short_stays_where_it_is_called(f):
    stay = {"counted", "remembered", "own_states", "added", "f", "spring_add"}
    assert not functions_of(source_of(f)) & stay


def test_parameters_are_what_is_read():
    source = source_of(lifted_programs.methods_of_methods)
    assert parameters(source, "energy_forward") == ["stiffness", "damping"]
    assert parameters(source, "pull_forward") == ["stiffness", "damping", "shape", "y"]


def test_a_number_known_at_compile_time_stays_one():
    source = source_of(lifted_programs.known_numbers)
    assert parameters(source, "chain_forward") == ["stiffness", "damping", "y"]
    assert "range(2)" in source


def test_one_function_for_each_class():
    source = source_of(lifted_programs.two_classes)
    assert parameters(source, "pull_forward") != parameters(source, "pull_2_forward")


def test_an_object_that_is_an_argument_has_a_gradient():
    def at(stiffness, damping):
        return lifted_programs.object_given(Spring(stiffness, damping), Y)

    gradient = s2sad.grad(lifted_programs.object_given)
    found = gradient(Spring(*P), Y)
    h = 1e-6
    assert found.stiffness == pytest.approx((at(P[0] + h, P[1]) - at(P[0] - h, P[1])) / (2 * h), rel=1e-8)
    assert found._damping == pytest.approx((at(P[0], P[1] + h) - at(P[0], P[1] - h)) / (2 * h), rel=1e-8)
    assert "pull" in functions_of(gradient.lower(Spring(*P), Y).source)


@pytest.mark.parametrize("f", [lifted_programs.made_inside, lifted_programs.inherited], ids=name_of)
def test_a_method_that_is_another_one_gives_another_derivative(f, monkeypatch):
    gradient = s2sad.grad(f)
    before = gradient(P, Y)
    monkeypatch.setattr(Spring, "floor", 0.9)
    check_grads(f, (P, Y))
    monkeypatch.setattr(Spring, "pull", lambda self, y: self.stiffness * y * np.sin(y) * self._damping)
    assert gradient(P, Y) != pytest.approx(before)
    check_grads(f, (P, Y))
    monkeypatch.undo()
    assert gradient(P, Y) == pytest.approx(before, rel=1e-15)


def test_what_is_outside_is_read_at_each_call(monkeypatch):
    gradient = s2sad.grad(lifted_programs.captured)
    before = gradient(P, Y)
    monkeypatch.setattr(SPRING, "stiffness", 1.6)
    assert gradient(P, Y) != pytest.approx(before)
    check_grads(lifted_programs.captured, (P, Y))


def test_numba_compiles_them():
    pytest.importorskip("numba")
    f = lifted_programs.in_a_loop
    assert s2sad.grad(f, backend="numba")(P, Y) == pytest.approx(s2sad.grad(f)(P, Y), rel=1e-12)
