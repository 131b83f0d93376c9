"""The order of a value in the lengths."""

import numpy as np
import pytest

from s2sad.differentiate.reverse.orders import order
from s2sad.ir.dims import derived_dim, dim_scaled, dim_sum, new_dim
from s2sad.ir.types import INT, SequenceType, array, tuple_type

N, M = new_dim("n"), new_dim("m")


def of(*shape):
    return array(np.dtype(float), shape)


@pytest.mark.parametrize(
    ("t", "expected"),
    [
        (INT, (0, 0)),
        (of(3, 4), (0, 0)),
        (of(N, 3), (1, 1)),
        (of(N, M), (2, 1)),
        (of(N, N), (2, 2)),
        (of(dim_scaled(N, 2), dim_sum(N, 1)), (2, 2)),
        (of(dim_sum(N, M)), (1, 1)),
        (of(derived_dim("*", N, M)), (2, 1)),
        (of(derived_dim("s", N, 1, None, None), N), (2, 2)),
        (SequenceType(of(N), N), (2, 2)),
        (tuple_type(INT, of(N, M), of(N)), (2, 1)),
    ],
)
def test_lengths_that_are_multiplied_and_how_often_one(t, expected):
    assert order(t) == expected


def test_pairs_are_more_than_points_and_three_lengths_more_than_pairs():
    assert order(of(N, M)) < order(of(N, N)) < order(of(N, N, M)) < order(of(N, N, N))
