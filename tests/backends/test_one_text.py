"""One text of loops in three ways, compiled by numba and by the native backend, and run by Python; and NumPy's."""

import os
import warnings

import numpy as np
import optree
import pytest

pytest.importorskip("numba")
pytest.importorskip("llvmlite")

import s2sad
from tests.backends.native_programs import PROGRAMS
from tests.language import classes, control_flow, data, functions
from tests.language.cases import CASES
from tests.loops.programs import leaves as numbers
from tests.memory.cases import STORES
from tests.memory.test_memory import VALUES
from tests.programs import arrays, language, memory, numeric

GENERATORS = {
    "arrays": (arrays.ArrayProgram, arrays.arguments),
    "memory": (memory.MemoryProgram, memory.arguments),
    "numeric": (numeric.Program, numeric.arguments),
    "language": (language.LanguageProgram, numeric.arguments),
}
FIRST = int(os.environ.get("S2SAD_FIRST_SEED", "500"))
# numba takes seconds for each program: hundreds of them are an hour
SEEDS = range(FIRST, 670) if os.environ.get("S2SAD_PROFILE") == "deep" else range(500, 502)


def active(args):
    return tuple(k for k, a in enumerate(args) if not isinstance(a, int))


def run_by_python(derivative, args):
    """What the text that numba compiles gives in Python: it takes the numbers and arrays in what it is called with."""
    found = derivative._specialise(derivative._bind(args, {}))
    space = {}
    exec(found.source, space)
    known = {k for k, _ in found.statics}  # which are in the text
    given = numbers([*(a for k, a in enumerate(args) if k not in known), *(v.read() for v in found.captured)])
    return space[found.module.__s2sad_meta__["entry"]](*given)


def same(found, expected, what):
    for a, b in zip(numbers(found), numbers(expected), strict=True):
        assert np.shape(a) == np.shape(b), what
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10, err_msg=what)


def agree(f, args):
    argnums = active(args)
    before = optree.tree_map(np.copy, args)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = s2sad.value_and_grad(f, argnums)(*args)
        derivative = s2sad.value_and_grad(f, argnums, backend="numba")
        same(derivative(*args), expected, "numba")
        same(s2sad.value_and_grad(f, argnums, backend="native")(*args), expected, "native")
        same(run_by_python(derivative, args), expected, "Python")
    for a, b in zip(optree.tree_leaves(args), optree.tree_leaves(before), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name):
    agree(*PROGRAMS[name])


@pytest.mark.parametrize("name", STORES)
def test_memory(name):
    f, names = STORES[name]
    agree(f, [VALUES[n].copy() for n in names])


@pytest.mark.parametrize("kind", GENERATORS)
@pytest.mark.parametrize("seed", SEEDS)
def test_random_programs(kind, seed):
    make, arguments = GENERATORS[kind]
    try:
        agree(make(seed).function, arguments(seed))
    except s2sad.Error:
        pytest.skip("refused")


assert classes and control_flow and data and functions
LANGUAGE = [c for c in CASES if all(isinstance(a, (float, np.ndarray)) for a in c.arguments)]


@pytest.mark.parametrize("case", LANGUAGE, ids=[f"{c.name}-{k}" for k, c in enumerate(LANGUAGE)])
def test_language(case):
    agree(case.function, case.arguments)
