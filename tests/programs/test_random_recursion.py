"""Random recursive programs: both modes against extrapolated differences."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import s2sad
from s2sad.testing import numerical_jvp
from tests.programs.examples import several
from tests.programs.recursive import RecursiveProgram, arguments

SEEDS = st.integers(0, 2**31 - 1)


@several(1 / 2)
@given(SEEDS)
def test_both_modes_agree_with_differences(seed):
    program, rng = RecursiveProgram(seed), np.random.default_rng(seed)
    f, args = program.function, arguments(seed)
    dots = (rng.normal(size=4), rng.normal(size=3), float(rng.normal()))
    try:
        expected, error = numerical_jvp(f, args, dots, step=1e-3)
    except (IndexError, ValueError):  # a vector has become empty
        assume(False)
    assume(np.isfinite(f(*args)) and abs(f(*args)) < 1e4 and error[0] < 1e-7 * max(1.0, abs(expected[0])))
    value, bars = s2sad.value_and_grad(f, (0, 1, 2))(*args)
    assert value == pytest.approx(f(*args), rel=1e-10), program.source
    found = sum(np.sum(bar * dot) for bar, dot in zip(bars, dots, strict=True))
    assert found == pytest.approx(expected[0], rel=1e-5, abs=1e-6), program.source
    _, out_dot = s2sad.jvp(f, args, dots)
    assert out_dot == pytest.approx(expected[0], rel=1e-5, abs=1e-6), program.source


def ends(x, y, s, k):
    if k <= 0:
        return x[0] * x[-1] ** 2
    return ends(y[1:], x, s, k - 1) + s * ends(y * s, x, s, k - 1)


def test_arrays_that_become_shorter_than_those_of_the_call():
    """The first and the last element may be one at the end of the recursion."""
    x, y = np.array([0.3, 0.7]), np.array([0.5, 0.9, 0.4])
    s2sad.check_grads(lambda x, y, s: ends(x, y, s, 3), (x, y, 0.6), order=2)
