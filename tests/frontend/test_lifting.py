"""Methods and closures that are called more than once are functions of the module; those that change things are not."""

import re

import numpy as np
import pytest

import s2sad
from s2sad.testing import check_grads
from tests.frontend.lifted_programs import LIFTED, STAY

P, Y = np.array([0.7, 0.4]), np.array([0.3, 0.8])
EVERY = [*LIFTED, *STAY]


def functions_of(source):
    """The user's functions that have a text of their own in a module."""
    names = re.findall(r"^def (\w+)", source, re.M)
    return {re.sub(r"_(forward|reverse|tangent)(?=_\d+$|$)", "", n) for n in names}


@pytest.mark.parametrize("f", EVERY, ids=lambda f: f.__name__)
def test_derivatives(f):
    assert s2sad.value_and_grad(f)(P, Y)[0] == pytest.approx(f(P, Y), rel=1e-13)
    check_grads(f, (P, Y), order=2)


@pytest.mark.parametrize("f", EVERY, ids=lambda f: f.__name__)
def test_examples_at_once(f):
    rows = np.stack([P, P + 0.1, P - 0.2])
    found = s2sad.vmap(s2sad.grad(f), in_axes=(0, None))(rows, Y)
    assert found == pytest.approx(np.stack([s2sad.grad(f)(row, Y) for row in rows]), rel=1e-12)


@pytest.mark.parametrize(("f", "names"), LIFTED.items(), ids=[f.__name__ for f in LIFTED])
def test_a_repeated_text_is_a_function(f, names):
    source = s2sad.grad(f).lower(P, Y).source
    assert set(names) <= functions_of(source)


@pytest.mark.parametrize("f", STAY, ids=[f.__name__ for f in STAY])
def test_what_changes_something_or_is_short_stays_where_it_is_called(f):
    names = functions_of(s2sad.grad(f).lower(P, Y).source)
    assert not names & {"counted", "remembered", "own_states", "added", "f"}
