"""Products of matrices that lie row by row or column by column: their loops run along the rows of the memory."""

import itertools
from functools import partial

import numpy as np
import pytest

import s2sad
from tests.loops.agreement import compare
from tests.loops.programs import loops_of

RNG = np.random.default_rng(3)
MANY = 11
"""More than are written out."""


def in_rows(a, b):
    return np.sum(np.sin((a * 1.5) @ b))


def first_turned(a, b):
    return np.sum(np.sin((a * 1.5).T @ b))


def second_turned(a, b):
    return np.sum(np.sin((a * 1.5) @ b.T))


def both_turned(a, b):
    return np.sum(np.sin((a * 1.5).T @ b.T))


TURNED = {in_rows: (1, 1), first_turned: (-1, 1), second_turned: (1, -1), both_turned: (-1, -1)}


@pytest.mark.parametrize("function", TURNED, ids=lambda f: f.__name__)
@pytest.mark.parametrize("lengths", [*itertools.product([3, MANY], [2, MANY], [2, MANY])], ids=str)
def test_matrices(function, lengths):
    inner, rows, columns = lengths
    one, two = TURNED[function]
    args = RNG.normal(size=(rows, inner)[::one]), RNG.normal(size=(inner, columns)[::two])
    assert compare(partial(s2sad.grad, function, (0, 1)), args) == "agree"


def of_columns(x, r):
    return x.T @ (2.0 * r)


def of_short_rows(x, c):
    return x @ c.T


def to_few_columns(x, c):
    return (2.0 * x).T @ c[:, :2]


@pytest.mark.parametrize(
    ("function", "shapes", "read"),
    [
        (of_columns, [(MANY, 12), (MANY,)], "x[i, j] * (2.0 * r[i])"),
        (of_short_rows, [(MANY, 3), (12, 3)], "x[i, k] * v[k, j]"),
        (to_few_columns, [(MANY, 12), (MANY, 3)], "2.0 * x[i, j] * c[i, k]"),
    ],
    ids=lambda v: getattr(v, "__name__", None),
)
def test_the_loop_inside_runs_along_rows(function, shapes, read):
    arguments = [RNG.normal(size=shape) for shape in shapes]
    made, text = loops_of(function, arguments, s2sad.jit)
    assert read in text, text
    space = {}
    exec(text, space)
    np.testing.assert_allclose(space[made.name](*arguments), function(*arguments), rtol=1e-12)
