"""Arrays, lists and dicts that become longer, as machine code: what the programs give, and that they free the rest."""

import numpy as np
import optree
import pytest

pytest.importorskip("llvmlite")

import s2sad
from tests.backends.native.kernels import compiled
from tests.loops.agreement import loops
from tests.loops.growing import PROGRAMS

CASES = [name for name in PROGRAMS if name not in ("empty", "filled on one side", "no rows", "none in a branch")]


@pytest.mark.parametrize("name", CASES)
def test_values_and_memory(name):
    f, args = PROGRAMS[name]
    function, _ = loops(lambda **k: s2sad.value_and_grad(f, **k), args)
    run = compiled(function)
    expected = optree.tree_leaves(s2sad.value_and_grad(f)(*args))
    for _ in range(2):
        found = run(*args)
        assert run.allocated == 0
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
