"""Random programs of the whole language: both modes against extrapolated differences, and second order."""

import copy

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import s2sad
from tests.programs.language import LanguageProgram
from tests.programs.numeric import arguments
from tests.programs.test_random_programs import directions, reference, within_masks

SEEDS = st.integers(0, 2**31 - 1)
MAY_BE_UNBOUND = "read before it is bound"
MAY_BE_CHANGED = "may have been changed or not when the exception comes"


def derivative(make):
    """The derivative; passed over where a path that is not taken reads a name that is not bound on it."""
    try:
        return make()
    except s2sad.Error as e:
        assume(MAY_BE_UNBOUND not in str(e) and MAY_BE_CHANGED not in str(e))
        raise


@given(SEEDS)
@within_masks
def test_both_modes_agree_with_differences(seed):
    program, args = LanguageProgram(seed), arguments(seed)
    f = program.function
    a_dot, x_dot = directions(seed)
    expected = reference(f, args, a_dot, x_dot)
    assume(expected is not None)
    value, out_dot = derivative(lambda: s2sad.jvp(f, args, (a_dot, x_dot, 0)))
    # a program may write into its arguments
    assert value == pytest.approx(f(*copy.deepcopy(args)), rel=1e-12, abs=1e-14)
    assert out_dot == pytest.approx(expected, rel=1e-5, abs=1e-6), program.source
    a_bar, x_bar = s2sad.grad(f, (0, 1))(*args)
    assert a_bar * a_dot + x_bar @ x_dot == pytest.approx(expected, rel=1e-5, abs=1e-6), program.source


@settings(max_examples=max(10, settings.default.max_examples // 5))
@given(SEEDS)
@within_masks
def test_second_order(seed):
    program, args = LanguageProgram(seed, size=4), arguments(seed)
    f = program.function
    a_dot, x_dot = directions(seed)
    assume(reference(f, args, a_dot, x_dot) is not None)
    gradient = s2sad.grad(f)
    expected = derivative(lambda: reference(gradient, args, a_dot, x_dot))
    assume(expected is not None)
    _, out_dot = s2sad.jvp(gradient, args, (a_dot, x_dot, 0))
    assert out_dot == pytest.approx(expected, rel=1e-4, abs=1e-5), program.source
    a_bar, x_bar = s2sad.grad(gradient, (0, 1))(*args)
    assert a_bar * a_dot + x_bar @ x_dot == pytest.approx(expected, rel=1e-4, abs=1e-5), program.source
