"""For the tests of passes over loops: the text of a function before and after a pass is run, and gives the same."""

import copy
import textwrap

import numpy as np

from s2sad.emit.flat import emit_flat
from tests.traces import dedented, read


def compiled(function):
    """The loops of a function as Python runs them."""
    space = {}
    exec(emit_flat([], [function])[0], space)
    return space[function.name]


def result(function, *args):
    """What the loops of a function give, run by Python on copies of the arguments."""
    with np.errstate(all="ignore"):
        return compiled(function)(*copy.deepcopy(args))


def agrees(change, text, *args):
    """Assert that a pass does not change what a function gives."""
    function = read(text)
    before, after = result(function, *args), result(change(function), *args)
    one, two = (list(r) if isinstance(r, tuple) else [r] for r in (before, after))
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-12, atol=0)


def loops(body, result="r"):
    """A function of two vectors, a matrix, indices and lengths, of these lines."""
    head = "f(x: float64[n], y: float64[n], a: float64[n, n], p: int64[n], n: int(n), k: int(k)):"
    return "\n".join([head, textwrap.indent(dedented(body), "    "), f"    return {result}"])


def arguments(n=4, k=2, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=n), rng.normal(size=n), rng.normal(size=(n, n)), rng.integers(0, n, n), n, k
