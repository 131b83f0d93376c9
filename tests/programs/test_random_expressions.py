"""Random expressions over arrays of many shapes: broadcasting, reductions, indexing, joining, products."""

import linecache
import re

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

import s2sad
from s2sad.errors import UnsupportedType
from tests.programs.expressions import expression

SEEDS = st.integers(0, 2**31 - 1)


def check(seed, order):
    source, arguments = expression(seed)
    file = f"<expression {seed}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    space = {"__name__": "expression"}
    exec(compile(source, file, "exec"), space)
    with np.errstate(all="ignore"):
        try:
            s2sad.check_grads(space["main"], arguments, order, seed=seed)
        except UnsupportedType as e:
            assert "np.dot" in str(e), source
        except AssertionError as e:
            spread = re.search(r"\+- (\S+)", str(e))
            if spread is not None and not float(spread[1]) < 1e-6:
                reject()  # a kink is near: the differences do not settle
            raise AssertionError(f"{e}\n{source}") from e


@pytest.mark.filterwarnings("ignore:Degrees of freedom", "ignore:Mean of empty slice")
@given(SEEDS)
def test_first_order(seed):
    check(seed, 1)


@pytest.mark.filterwarnings("ignore:Degrees of freedom", "ignore:Mean of empty slice")
@settings(max_examples=max(10, settings.default.max_examples // 5))
@given(SEEDS)
def test_second_order(seed):
    check(seed, 2)
