"""Derivatives, inside a function, of methods, partials and objects, and of closures that read functions."""

import numpy as np
import pytest

import s2sad
from s2sad.testing import check_grads
from tests.frontend.derived_programs import PROGRAMS, REFUSED, by_method, by_object, by_partial

X, B = np.array([0.5, -0.7, 1.2]), 0.3


def name_of(f):
    return f.__name__


@pytest.mark.parametrize("f", PROGRAMS, ids=name_of)
def test_as_python_runs_it(f):
    """Python calls each derivative by itself."""
    assert s2sad.jit(f, backend=None)(X, B) == pytest.approx(f(X, B), rel=1e-12)


@pytest.mark.parametrize("f", PROGRAMS, ids=name_of)
def test_derivatives(f):
    check_grads(f, (X, B))


@pytest.mark.parametrize("f", [by_method, by_partial, by_object], ids=name_of)
def test_examples_at_once_and_second_order(f):
    check_grads(f, (X, B), order=2)
    rows = np.stack([X, X + 0.1])
    found = s2sad.vmap(s2sad.grad(f), in_axes=(0, None))(rows, B)
    assert found == pytest.approx(np.stack([s2sad.grad(f)(row, B) for row in rows]), rel=1e-12)


@pytest.mark.parametrize(("f", "what"), REFUSED.items(), ids=map(name_of, REFUSED))
def test_what_is_refused(f, what):
    with pytest.raises(s2sad.Error, match=what):
        s2sad.jit(f, backend=None)(X, B)


def test_the_text_is_that_of_a_function_of_numbers():
    source = s2sad.grad(by_method).lower(X, B).source
    assert "# return np.mean((np.tanh(self.xs @ w) - self.ys) ** 2)" in source
    code = [line.split("#")[0] for line in source.splitlines()]
    assert not any(name in line for line in code for name in ("called", "self", "Trainer"))
