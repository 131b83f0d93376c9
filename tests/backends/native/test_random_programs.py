"""Random programs as machine code beside NumPy's, in all operators."""

import os

import pytest

pytest.importorskip("llvmlite")

from tests.backends.native.random_programs import tried

DEEP = os.environ.get("S2SAD_PROFILE") == "deep"
FIRST = int(os.environ.get("S2SAD_FIRST_SEED", "200000"))
# kinds and operators take turns: every sixth number is of another one of both
NUMBERS = range(FIRST, FIRST + 5000) if DEEP else range(FIRST, FIRST + 54, 6)


@pytest.mark.parametrize("number", NUMBERS)
def test_random_programs(number):
    kind, operator, word, program = tried(number)
    assert not word.startswith("DIFFERS"), f"{operator}: {word}\n{program.source}"
    # what runs with NumPy is rare: of programs of a few lines next to none
    assert DEEP or kind == "recursive" or not word.startswith("numpy"), f"{operator}: {word}\n{program.source}"
