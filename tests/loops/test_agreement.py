"""Random programs as loops: the numbers of NumPy's program, for all operators."""

import os

import pytest

from tests.loops.agreement import compare
from tests.loops.operators import OPERATORS
from tests.programs import arrays, language, memory, numeric, recursive

GENERATORS = {
    "arrays": (arrays.ArrayProgram, arrays.arguments),
    "memory": (memory.MemoryProgram, memory.arguments),
    "numeric": (numeric.Program, numeric.arguments),
    "language": (language.LanguageProgram, numeric.arguments),
    "recursive": (recursive.RecursiveProgram, recursive.arguments),
}
DEEP = os.environ.get("S2SAD_PROFILE") == "deep"
SEEDS = range(int(os.environ.get("S2SAD_FIRST_SEED", "1")), 1000) if DEEP else range(1, 7)
SEVERAL = {"arrays": 3}
"""Programs with much traffic of memory are tried more often."""


@pytest.mark.parametrize("kind", GENERATORS)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.filterwarnings("ignore")
def test_loops_agree(kind, seed):
    make, arguments = GENERATORS[kind]
    operators = [*OPERATORS]
    for n in range(SEVERAL.get(kind, 1)):
        number = SEVERAL.get(kind, 1) * seed + n
        # each operator in turn, the gradient between them
        name = operators[number // 2 % len(operators)] if number % 2 else "grad"
        program, args = make(number), arguments(number)
        given = OPERATORS[name](program.function, args, number)
        # what is raised in the text is caught by NumPy's program alone
        assert compare(*given) != "left" or "raise " in program.source, program.source
