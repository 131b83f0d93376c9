"""Programs as loops beside the same programs as NumPy's: `compare` runs both on copies of the arguments.

The loops are run by CPython, as the text that shows them. What it answers is one of

    "agree"          the same numbers, of the same shapes
    "left"           a check of the loops does not hold: NumPy's program computes the result
    "refused"        the loop stage, or the compiler before it, says that it cannot do this
    "raises"         NumPy's program itself raises
"""

import inspect
import os
import tempfile
import warnings
from unittest import mock

import numpy as np
import optree

from s2sad.dispatch.sharing import SHARED
from s2sad.errors import Error, InternalError
from tests.loops.programs import loops_of


class Differs(AssertionError):
    """The loops compute something else."""


def loops(make, args):
    """The loops of a derivative and their text: `make(backend=...)` gives it. Nothing is found that was made before."""
    SHARED.known.clear()
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, S2SAD_CACHE_DIR=folder):
        return loops_of(make, args, lambda f, backend: f(backend=backend))


def copied(args):
    return [np.copy(a) if isinstance(a, np.ndarray) else a for a in args]


def passed(run, args):
    """What a text takes: integers that it is for are no arguments of it."""
    if len(inspect.signature(run).parameters) == len(args):
        return [*args]
    return [a for a in args if not isinstance(a, int)]


def numbers(tree):
    return [np.asarray(leaf) for leaf in optree.tree_leaves(tree)]


def compare(make, args):
    """How the loops of a derivative compare with NumPy's program; `Differs` where they compute something else."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            expected = numbers(make()(*copied(args)))
        except Exception:
            return "raises"
        try:
            function, text = loops(make, copied(args))
        except InternalError as e:
            raise Differs(f"{type(e).__name__}: {e}") from e
        except Error as e:
            return f"refused: {getattr(e, 'what', e)}"
        before = copied(args)
        try:
            space = {}
            exec(text, space)
            run = space[function.name]
            given = passed(run, args)
            result = run(*given)
        except AssertionError:
            return "left"
        except Exception as e:
            raise Differs(f"{type(e).__name__}: {e}\n{text}") from e
    for one, two in zip(numbers(given), numbers(passed(run, before)), strict=True):
        if not np.array_equal(one, two, equal_nan=True):
            raise Differs(f"an argument is written into\n{text}")
    found = numbers(result)
    if [a.shape for a in found] != [a.shape for a in expected]:
        raise Differs(f"shapes {[a.shape for a in found]}, not {[a.shape for a in expected]}\n{text}")
    for one, two in zip(found, expected, strict=True):
        if not np.allclose(one, two, rtol=1e-9, atol=1e-11, equal_nan=True):
            raise Differs(f"{one}, not {two}\n{text}")
    return "agree"
