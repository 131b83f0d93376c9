"""Of which kind an operator's result is for all pairs of scalars, Python's and NumPy's: as Python itself has it."""

import itertools
import operator

import numpy as np
import pytest

from s2sad.ir.primitive import lookup
from s2sad.ir.types import ArrayType

SCALARS = [
    True,
    2,
    0.5,
    1.5j,
    np.bool_(True),
    np.int64(3),
    np.float32(0.5),
    np.float64(0.5),
    np.complex64(2j),
    np.complex128(2j),
]
OPERATORS = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.true_divide: operator.truediv,
    np.power: operator.pow,
    np.equal: operator.eq,
}


def type_of(value):
    return ArrayType(np.asarray(value).dtype, (), "numpy" if isinstance(value, np.generic) else "python")


@pytest.mark.parametrize("function", OPERATORS, ids=lambda f: f.__name__)
def test_kinds_of_scalars(function):
    for a, b in itertools.product(SCALARS, SCALARS):
        types = [type_of(a), type_of(b)]
        try:
            found = OPERATORS[function](a, b)
        except TypeError:  # truths are not subtracted
            continue
        rule = lookup(function).type_rule(*types)
        kind = "numpy" if isinstance(found, np.generic) else "python"
        assert rule.kind == kind, (function.__name__, a, b, rule, type(found))
        assert rule.dtype in (None, np.asarray(found).dtype), (function.__name__, a, b, rule)
