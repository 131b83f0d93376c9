"""Random programs compiled by numba: the numbers of the NumPy text, or the fallback to it with its warning."""

import os
import warnings

import numpy as np
import pytest

import s2sad
from tests.programs.language import LanguageProgram
from tests.programs.memory import MemoryProgram
from tests.programs.memory import arguments as arrays
from tests.programs.numeric import Program, arguments
from tests.programs.test_random_language import MAY_BE_UNBOUND
from tests.programs.test_random_memory import ONE_OF_TWO

pytest.importorskip("numba")
GENERATORS = {
    "numeric": (Program, arguments, (0, 1)),
    "language": (LanguageProgram, arguments, (0, 1)),
    "memory": (MemoryProgram, arrays, (0, 1, 2)),
}
# numba takes seconds for each program: 500 of them are an hour or two
SEEDS = range(int(os.environ.get("S2SAD_FIRST_SEED", "1")), 170) if os.environ.get("S2SAD_PROFILE") == "deep" else [1]


@pytest.mark.parametrize("kind", GENERATORS)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.filterwarnings("ignore")
def test_both_backends_agree(seed, kind):
    make, points, argnums = GENERATORS[kind]
    program, args = make(seed), points(seed)
    try:
        with np.errstate(all="ignore"):
            expected = s2sad.grad(program.function, argnums)(*args)
    except s2sad.Error as e:
        if ONE_OF_TWO in str(e) or MAY_BE_UNBOUND in str(e):
            pytest.skip("refused")
        raise
    except (TypeError, IndexError, OverflowError, FloatingPointError) as e:
        pytest.skip(f"Python raises {type(e).__name__}")
    if not all(np.all(np.isfinite(g)) for g in expected):
        pytest.skip("no numbers to compare")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = s2sad.grad(program.function, argnums, backend="numba")(*args)
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-8, atol=1e-10, err_msg=program.source)
