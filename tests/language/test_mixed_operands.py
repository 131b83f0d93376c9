"""Operators between containers, arrays and numbers: as Python and NumPy have it, or an error where they raise."""

import itertools
import linecache
import os

import numpy as np
import pytest

import s2sad
from s2sad.errors import InternalError
from tests.against_python import X, check

OPERANDS = {
    "list": "[1.0, x[1], 2.0, 0.5]",
    "tuple": "(1.0, x[1], 2.0, 0.5)",
    "rows": "[[1.0, 2.0], [x[0], x[1]]]",
    "growing": "[x[k] * k + 1.5 for k in range(n)]",
    "empty": "[]",
    "array": "x",
    "matrix": "x.reshape(2, 2)",
    "of_integers": "np.arange(1, 5)",
    "without_axes": "np.array(2.0)",
    "item": "x[0]",
    "float": "float(x[0])",
    "int": "n",
    "int64": "np.int64(3)",
}
CONTAINERS = ("list", "tuple", "rows", "growing", "empty")
OPERATORS = ("+", "-", "*", "/", "**", "@", "==", "!=", "<")
PAIRS = [p for p in itertools.product(OPERANDS, OPERANDS) if p[0] in CONTAINERS or p[1] in CONTAINERS]


def program(left, operator, right):
    """The sum of what an operator gives, and whether that is a list."""
    text = (
        "def mixed(x, n=4):\n"
        f"    r = {OPERANDS[left]} {operator} {OPERANDS[right]}\n"
        "    more = 10.0 if isinstance(r, list) else 0.0\n"
        "    return np.sum(np.array(r) * 1.0) + np.sum(x) + more\n"
    )
    name = f"<{left} {operator} {right}>"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    namespace = {"np": np}
    exec(compile(text, name, "exec"), namespace)
    return namespace["mixed"]


EVERY = 1 if os.environ.get("S2SAD_PROFILE") == "deep" else 3
CASES = [(*p, o) for k, p in enumerate(PAIRS) for j, o in enumerate(OPERATORS) if (k + j) % EVERY == 0]


@pytest.mark.parametrize(("left", "right", "operator"), CASES)
def test_pair(left, right, operator):
    f, x = program(left, operator, right), np.abs(X)
    try:
        f(x)
    except (TypeError, ValueError) as e:
        with pytest.raises((s2sad.Error, type(e))) as caught:
            s2sad.grad(f)(x)
        assert not isinstance(caught.value, InternalError)
        return
    try:
        check(f, x)
    except s2sad.Error as e:
        assert not isinstance(e, InternalError)
        assert operator not in ("+", "-", "/") or "empty" in (left, right)
