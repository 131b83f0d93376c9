"""Lists of arrays of different shapes, and lists as arrays, as loops."""

import pytest

import s2sad
from tests.loops.agreement import compare
from tests.loops.ragged import ARRAYS, LISTS, X


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_arrays_of_different_shapes(name):
    assert compare(lambda **k: s2sad.value_and_grad(LISTS[name], **k), (X, 7)) == "agree"


@pytest.mark.parametrize("name", ARRAYS)
def test_lists_as_arrays(name):
    """Memory in which there is room for more items is not that of an array."""
    f = ARRAYS[name]
    assert compare(lambda **k: s2sad.jit(f, **k) if k else f, (X, 7.0)) == "agree"
