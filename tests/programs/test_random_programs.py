"""Random programs through the whole pipeline: both modes against extrapolated differences, and second order."""

import functools

import numpy as np
import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

import s2sad
from s2sad.testing import numerical_jvp
from tests.programs.examples import several
from tests.programs.numeric import Program, arguments

SEEDS = st.integers(0, 2**31 - 1)


def directions(seed):
    rng = np.random.default_rng(seed + 1)
    return float(rng.normal()), rng.normal(size=3)


def reference(f, args, a_dot, x_dot):
    """The directional derivative, None close to a kink, where differences do not settle."""
    try:
        with np.errstate(all="ignore"):
            value, error = numerical_jvp(f, args, {0: a_dot, 1: x_dot}, step=1e-2)
    except ValueError as e:  # of an infinite number: beside the point, as it has a derivative there
        if "math domain error" not in str(e):
            raise
        return None
    settled = np.isfinite(value[0]) and error[0] < 1e-7 * max(1.0, abs(value[0]))
    return value[0] if settled else None


def within_range(test, masked=False):
    """The test, passed over where a number leaves the range of floating point: there is nothing to compare.

    A `masked` program may compute what is infinite, or no number, as long as it leaves that out.
    """
    at_ends = "ignore" if masked else "raise"

    @functools.wraps(test)
    def tried(seed):
        try:
            with np.errstate(over="raise", invalid=at_ends, divide=at_ends, under="ignore"):
                test(seed)
        except (FloatingPointError, OverflowError):
            reject()

    return tried


within_masks = functools.partial(within_range, masked=True)


@given(SEEDS)
@within_range
def test_both_modes_agree_with_differences(seed):
    program, args = Program(seed), arguments(seed)
    f = program.function
    a_dot, x_dot = directions(seed)
    expected = reference(f, args, a_dot, x_dot)
    assume(expected is not None)
    value, out_dot = s2sad.jvp(f, args, (a_dot, x_dot, 0))
    assert value == pytest.approx(f(*args), rel=1e-12, abs=1e-14)
    assert out_dot == pytest.approx(expected, rel=1e-5, abs=1e-6), program.source
    a_bar, x_bar = s2sad.grad(f, (0, 1))(*args)
    assert a_bar * a_dot + x_bar @ x_dot == pytest.approx(expected, rel=1e-5, abs=1e-6), program.source
    out, pullback = s2sad.vjp(f, *args)
    for y_bar in (1.0, -2.0):
        a_bar2, x_bar2, _ = pullback(y_bar)
        np.testing.assert_allclose(a_bar2, y_bar * a_bar, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(x_bar2, y_bar * x_bar, rtol=1e-9, atol=1e-12)


@settings(max_examples=max(10, settings.default.max_examples // 5))
@given(SEEDS)
@within_range
def test_second_order(seed):
    program, args = Program(seed, size=4), arguments(seed)
    f = program.function
    a_dot, x_dot = directions(seed)
    assume(reference(f, args, a_dot, x_dot) is not None)
    gradient = s2sad.grad(f)
    expected = reference(gradient, args, a_dot, x_dot)
    assume(expected is not None)
    _, out_dot = s2sad.jvp(gradient, args, (a_dot, x_dot, 0))
    assert out_dot == pytest.approx(expected, rel=1e-4, abs=1e-5), program.source
    a_bar, x_bar = s2sad.grad(gradient, (0, 1))(*args)
    assert a_bar * a_dot + x_bar @ x_dot == pytest.approx(expected, rel=1e-4, abs=1e-5), program.source


@several()
@given(SEEDS)
@within_range
def test_the_emitted_text_is_deterministic_and_parses_to_the_same_values(seed):
    program, args = Program(seed), arguments(seed)
    first = s2sad.grad(program.function, (0, 1)).lower(*args)
    second = s2sad.grad(program.function, (0, 1)).lower(*args)
    assert first.source == second.source
    space = {}
    exec(first.source, space)
    for a, b in zip(first(*args), space["main_grad"](*args), strict=True):
        np.testing.assert_array_equal(a, b)
