"""Two sweeps as machine code: what one keeps for the other in lists goes from one to the other in arrays."""

import warnings

import numpy as np
import optree
import pytest

pytest.importorskip("llvmlite")

import s2sad
from tests.loops.ragged import KEPT, X


def sweeps(f, backend):
    value, pullback = s2sad.vjp(f, X, 7, backend=backend)
    out, tangent = s2sad.linearize(f, X, 7, backend=backend)
    return value, pullback(1.0), pullback(-0.5), out, tangent(np.cos(X), None)


@pytest.mark.parametrize("name", KEPT)
def test_values(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = sweeps(KEPT[name], "native")
    for a, b in zip(optree.tree_leaves(found), optree.tree_leaves(sweeps(KEPT[name], None)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)
