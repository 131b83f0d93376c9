"""Random programs as machine code beside NumPy's, in all operators: `python -m tests.backends.native.random_programs`.

    ... random_programs FIRST COUNT FILE      programs FIRST, FIRST + 1, ..., a line of FILE for each

A line says which program it was, what was made of it, how many seconds it took, and what came of it:

    agree                the same numbers, of the same shapes and kinds, for several arguments
    numpy: <reason>      it is not compiled
    raises, refused      NumPy's program itself raises; the compiler says that it cannot do this
    DIFFERS: <how>       native code is wrong

A program that ends the process is the last one, without a word. LLVM does little for most of them, which are made for
their values: the time goes into more programs. Every tenth is compiled as for users.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import warnings
from contextlib import ExitStack
from unittest import mock

import numpy as np
import optree

import s2sad
from s2sad.backends.native import machine
from s2sad.backends.native.machine import Effort
from s2sad.dispatch.sharing import SHARED
from s2sad.errors import Error, InternalError
from tests.loops import operators
from tests.programs import arrays, language, memory, numeric, recursive

GENERATORS = {
    "numeric": (numeric.Program, numeric.arguments),
    "language": (language.LanguageProgram, numeric.arguments),
    "memory": (memory.MemoryProgram, memory.arguments),
    "arrays": (arrays.ArrayProgram, arrays.arguments),
    "recursive": (recursive.RecursiveProgram, recursive.arguments),
}
FULL = 10
"""Of so many programs one is compiled as for users."""
VALUES = 3
"""For how many arguments of the same kinds each program is called."""


def along(args):
    return tuple(np.cos(a) if isinstance(a, (float, np.ndarray)) else a for a in args)


def itself(f, args, seed):
    return lambda **k: s2sad.jit(f, backend=k.get("backend", "numpy")), args


def jvp(f, args, seed):
    return lambda **k: lambda *a: s2sad.jvp(f, a, along(a), **k), args


def vjp(f, args, seed):
    def make(**k):
        def run(*a):
            value, pullback = s2sad.vjp(f, *a, **k)
            return value, pullback(1.0), pullback(-0.5)

        return run

    return make, args


def linearize(f, args, seed):
    def make(**k):
        def run(*a):
            value, tangent = s2sad.linearize(f, *a, **k)
            return value, tangent(*along(a)), tangent(*(2.0 * d if isinstance(d, float) else d for d in along(a)))

        return run

    return make, args


def hvp(f, args, seed):
    return lambda **k: lambda *a: s2sad.hvp(f, 1, **k)(*a, np.cos(a[1])), args


def jvp_of_grad(f, args, seed):
    g = s2sad.grad(f, operators.numbers_of(args)[:2])
    return lambda **k: lambda *a: s2sad.jvp(g, a, along(a), **k), args


OPERATORS = {
    **operators.OPERATORS,
    "jit": itself,
    "jvp": jvp,
    "vjp": vjp,
    "linearize": linearize,
    "hvp": hvp,
    "jvp(grad)": jvp_of_grad,
    "value_and_grad again": operators.value_and_gradient,
}


class Differs(AssertionError):
    """Native code computes something else."""


def copied(args):
    return [np.copy(a) if isinstance(a, np.ndarray) else a for a in args]


def moved(args, k):
    """Other numbers of the same kinds."""
    rng = np.random.default_rng(k)
    return [a + 0.3 * rng.normal(size=np.shape(a))[()] if isinstance(a, (float, np.ndarray)) else a for a in args]


def outcome(run, args):
    try:
        return run(*args), None
    except InternalError:
        raise
    except Exception as e:
        return None, e


def same(found, expected):
    """Raise `Differs` where two results are not the same."""
    if optree.tree_structure(found) != optree.tree_structure(expected):
        raise Differs(f"{found}, not {expected}")
    for one, two in zip(optree.tree_leaves(found), optree.tree_leaves(expected), strict=True):
        if np.shape(one) != np.shape(two) or np.asarray(one).dtype != np.asarray(two).dtype:
            raise Differs(f"{one!r}, not {two!r}")
        if not np.allclose(one, two, rtol=1e-8, atol=1e-10, equal_nan=True):
            raise Differs(f"{one!r}, not {two!r}")


def compare(make, args, level):
    """What comes of a derivative, in a word; `make(backend=...)` makes it."""
    effort = {} if level else {"effort_for": lambda text: Effort(level=1, unroll=False, interleave=False)}
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(mock.patch.dict(os.environ, S2SAD_CACHE_DIR=folder))
        stack.enter_context(mock.patch.multiple(machine, **effort) if effort else ExitStack())
        caught = stack.enter_context(warnings.catch_warnings(record=True))
        stack.enter_context(np.errstate(all="ignore"))
        warnings.simplefilter("always")
        SHARED.known.clear()
        plain, native = make(), make(backend="native")
        words = [once(plain, native, moved(args, k) if k else args) for k in range(VALUES)]
        reasons = [str(w.message).partition("NumPy is used: ")[2] for w in caught]
        reasons = [r.partition(" (from File")[0] for r in reasons if r]
        return f"numpy: {reasons[0]}" if reasons else words[0]


def once(plain, native, args):
    passed, given = copied(args), copied(args)
    expected, wanted = outcome(plain, passed)
    found, raised = outcome(native, given)
    if isinstance(wanted, Error):
        return "refused"
    if type(wanted) is not type(raised):
        raise Differs(f"{raised!r}, not {wanted!r}")
    if wanted is not None:
        return "raises"
    for one, two in zip(given, passed, strict=True):
        # a function as it stands may write into its arguments
        if not np.allclose(one, two, rtol=1e-9, atol=1e-11, equal_nan=True):
            raise Differs("an argument is written into")
    same(found, expected)
    return "agree"


def tried(number):
    """The program of a number, what it is, and what comes of it."""
    kind = [*GENERATORS][number % len(GENERATORS)]
    name = [*OPERATORS][number // len(GENERATORS) % len(OPERATORS)]
    make, arguments = GENERATORS[kind]
    program, args = make(number), arguments(number)
    given = OPERATORS[name](program.function, args, number)
    try:
        word = compare(*given, level=number % FULL == 0)
    except (Differs, InternalError) as e:
        word = f"DIFFERS: {type(e).__name__}: {e}".replace("\n", " ")[:300]
    return kind, name, word, program


def main(first, count, file):
    for number in range(int(first), int(first) + int(count)):
        with open(file, "a") as f:
            f.write(f"{number} ")
        start = time.perf_counter()
        kind, name, word, _ = tried(number)
        with open(file, "a") as f:
            f.write(f"{kind} {name} {time.perf_counter() - start:.2f} {word}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
