"""Every primitive of numbers as machine code: at its own samples and at special values, against Python and NumPy."""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

from s2sad.backends.native.machine import Effort
from s2sad.errors import Unsupported
from s2sad.ir.primitive import PRIMITIVES, Primitive, Sample
from s2sad.ir.primitives.memory import Left
from s2sad.ir.types import ArrayType, type_of
from s2sad.ir.values import Apply, Constant, Value
from s2sad.rules import everything
from tests.backends.native.kernels import Compiled, Program, array, compiled
from tests.rules.evaluate import run

pytestmark = pytest.mark.filterwarnings("ignore")
everything()

QUICK = Effort(level=1)
OF_NUMBERS = [
    "int", "bool", "_operator.not_", "round", "max", "min",
    *(f"math.{n}" for n in ("hypot", "floor", "ceil", "trunc", "isnan", "isinf", "isfinite", "isclose")),
    *(f"np.{n}" for n in ("deg2rad", "rad2deg", "radians", "degrees", "real", "imag", "conjugate")),
]  # fmt: skip
"""Primitives that work on numbers, though they are not elementwise, or give views."""
ROWS = [p for p in PRIMITIVES.values() if p.elementwise or p.name in OF_NUMBERS]


def elements(x: Any) -> Any:
    """The type of an element of an operand of a sample, None for what is static."""
    t = type_of(x)
    if not isinstance(t, ArrayType):
        return None
    return ArrayType(t.dtype, (), "numpy" if isinstance(x, (np.ndarray, np.generic)) else "python")


@cache
def looped(primitive: Primitive, types: tuple[Any, ...], static: tuple[tuple[str, Any], ...]) -> Compiled:
    """The primitive in a loop over the elements of arrays, of Python's or of NumPy's numbers.

    Where an operand is static, its place in `types` has the constant.
    """
    p = Program()
    arrays = [Value(array(t.dtype, 5)) for t in types if isinstance(t, ArrayType)]
    n = Value(ArrayType(np.dtype(np.int64), (), "python"), "n")
    found = result_of(primitive, types, dict(static))
    out = p.allocate(n, dtype=found.dtype)

    def body(i: Any) -> None:
        places = iter(arrays)
        operands: list[Any] = []
        for t in types:
            if not isinstance(t, ArrayType):
                operands.append(t)
                continue
            loaded = p.load(next(places), i)
            operand = Value(t)
            p.builder.rename(loaded, operand)
            operands.append(operand)
        p.store(out, i, p.apply(primitive, *operands, **dict(static)))

    p.loop(n, body)
    return compiled(p.function([*arrays, n], out), effort=QUICK)


def result_of(primitive: Primitive, types: tuple[Any, ...], static: dict[str, Any]) -> Any:
    given = [t if isinstance(t, ArrayType) else t.type for t in types]
    return primitive.result_type(given, static)


def computed(primitive: Primitive, arguments: tuple[Any, ...], static: dict[str, Any], result: Any) -> Any:
    """What machine code gives for all elements of the arguments, in the shape of a result."""
    types = tuple(elements(x) or Constant(x, type_of(x)) for x in arguments)
    numbers = [np.asarray(x) for x in arguments if elements(x) is not None]
    numbers = [np.ascontiguousarray(x) for x in np.broadcast_arrays(*numbers)]
    found = looped(primitive, types, tuple(static.items()))(*(x.ravel() for x in numbers), numbers[0].size)
    return found.reshape(np.shape(result))


def samples(primitive: Primitive) -> list[Sample]:
    assert primitive.samples is not None
    return list(primitive.samples(np.random.default_rng(zlib.crc32(primitive.name.encode()))))


def expected(primitive: Primitive, arguments: tuple[Any, ...], static: dict[str, Any]) -> Any:
    types = [type_of(x) for x in arguments]
    op = Apply(primitive, tuple(Constant(x, t) for x, t in zip(arguments, types, strict=True)), Value(types[0]), static)
    return run(op, list(arguments))


def assert_close(found: Any, wanted: Any, ulps: float = 8) -> None:
    """Equal, but for a few last digits, which may be of what two numbers have in common."""
    wanted = np.asarray(wanted)
    if wanted.dtype.kind not in "fc":
        np.testing.assert_array_equal(found, wanted)
        return
    eps = np.finfo(wanted.dtype).eps
    np.testing.assert_allclose(found, wanted, rtol=ulps * eps, atol=2 * eps, equal_nan=True)


UNSAID = {"np.float16", "round"}
"""What is refused at some of its samples, though not for want of the function: halves, digits."""
OF_SPECIAL = {"cbrt", "erf", "erfc", "erfcx", "exp2", "expm1", "log1p", "log_ndtr"}
"""The functions of scipy.special that native code has; others say what they are on numbers, or are left to NumPy."""


def is_unknown(primitive: Primitive) -> bool:
    """Whether there is no native code for a function: programs that call it are NumPy's."""
    special = primitive.name.startswith("scipy.special.") and primitive.noun not in OF_SPECIAL
    return primitive.on_numbers is None and (special or primitive.helper or primitive.name == "np.i0")


@pytest.mark.parametrize("primitive", ROWS, ids=lambda p: p.name)
def test_samples(primitive):
    """Every row is computed as NumPy does at its samples, or is known to be refused."""
    refused = 0
    for sample in samples(primitive):
        operands, static = primitive.bind(sample.arguments, sample.keywords)
        wanted = expected(primitive, tuple(operands), static)
        try:
            found = computed(primitive, tuple(operands), static, wanted)
        except Unsupported:
            refused += 1
        else:
            assert_close(found, wanted)
    assert not refused or primitive.name in UNSAID or is_unknown(primitive)


# special values, of all dtypes

FLOATS = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    2.5,
    -3.7,
    3.0,
    1e30,
    -1e30,
    1e-39,
    2.0**24 + 1,
    math.inf,
    -math.inf,
    math.nan,
]
INTEGERS = [0, 1, -1, 2, 3, -3, 7, 64, 100, -100]
DTYPES = [np.dtype(c) for c in ("?bhiqBHIQfdD" if os.environ.get("S2SAD_PROFILE") == "deep" else "?bqQfdD")]


def specials(dtype: Any) -> Any:
    """Values of a dtype at which functions have their corners."""
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind in "iu":
        ends = np.iinfo(dtype)
        least = ends.min
        return np.array([x for x in INTEGERS if x >= least] + [ends.min, ends.max, ends.max - 1], dtype)
    if dtype.kind == "f":
        return np.array([*FLOATS, *([1e300, 5e-324, 2.0**63, 1e18] if dtype.itemsize == 8 else [])], dtype)
    parts = [0.0, -0.0, 1.0, -1.5, 2.5]
    return np.array([complex(a, b) for a in parts for b in parts], dtype)


def grid(dtypes: tuple[Any, ...]) -> list[Any]:
    """All combinations of the special values of several dtypes."""
    values = np.meshgrid(*map(specials, dtypes), indexing="ij")
    return [np.ascontiguousarray(v.ravel()) for v in values]


MIXED = [("d", "q"), ("q", "d"), ("Q", "q"), ("q", "Q"), ("f", "d"), ("i", "f"), ("?", "d"), ("B", "b"), ("I", "i")]


def combinations(arity: int) -> Iterator[tuple[Any, ...]]:
    yield from ((d,) * arity for d in DTYPES)
    if arity == 2:
        yield from (tuple(map(np.dtype, pair)) for pair in MIXED)
    elif arity == 3:
        yield from (tuple(map(np.dtype, row)) for row in ("?dd", "?qd", "?qq", "dff"))


OF_NUMPY = [
    p
    for p in ROWS
    if p.name.startswith("np.") and p.name not in ("np.where", "np.clip", "np.astype", "np.i0") and p.arity != -1
] + [p for p in ROWS if p.name in ("np.where", "np.clip")]


@pytest.mark.parametrize("primitive", OF_NUMPY, ids=lambda p: p.name)
def test_special_values(primitive):
    """NumPy's functions of all dtypes, where they take them: the same numbers, or refused."""
    done = 0
    for dtypes in combinations(len(primitive.signature.parameters)):
        if (primitive.name == "np.sign of complex") != (primitive.noun == "sign" and dtypes[0].kind == "c"):
            continue
        arguments = tuple(grid(dtypes))
        try:
            with np.errstate(all="ignore"):
                wanted = expected(primitive, arguments, {})
            found = computed(primitive, arguments, {}, wanted)
        except (TypeError, ValueError, Left):
            continue
        except Unsupported:
            assert is_refused(primitive, dtypes, wanted)
            continue
        done += 1
        if found.dtype != wanted.dtype:
            assert primitive.name == "np.angle", "its type rule says float64 of integers"
            continue
        assert_special(primitive, found, wanted, arguments)
    assert done or primitive.name in UNSAID


OF_REALS = {
    *("np.exp2", "np.expm1", "np.log2", "np.log10", "np.log1p", "np.rint", "np.less", "np.less_equal", "np.greater"),
    *("np.greater_equal", "np.maximum", "np.minimum", "np.fmax", "np.fmin", "np.clip"),
}
"""What NumPy has of complex numbers too, and native code has not."""


def is_refused(primitive: Primitive, dtypes: tuple[Any, ...], wanted: Any) -> bool:
    """Whether numbers of these dtypes are known to be refused."""
    if primitive.name == "np.reciprocal":
        return dtypes[0].kind in "iub"
    is_half = wanted.dtype == np.float16
    return is_half or (primitive.name in OF_REALS and any(d.kind == "c" for d in dtypes))


def assert_special(primitive: Primitive, found: Any, wanted: Any, arguments: Any) -> None:
    if wanted.dtype.kind in "fc":
        eps = np.finfo(wanted.dtype).eps
        # NumPy's sine of pi is not 0
        least = eps if primitive.name == "np.sinc" else np.finfo(wanted.dtype).tiny
        wrong = ~np.isclose(found, wanted, rtol=8 * eps, atol=least, equal_nan=True)
    else:
        wrong = found != wanted
    if wanted.dtype.kind in "iu" and arguments[0].dtype.kind in "fc":
        # what is made of a number that no such integer is near to is the processor's affair
        ends = np.iinfo(wanted.dtype)
        wrong &= (arguments[0].real > ends.min - 1.0) & (arguments[0].real < float(ends.max))
    rows = list(zip(*(a[wrong] for a in arguments), found[wrong], wanted[wrong], strict=True))
    assert not rows, f"{primitive.name} {[a.dtype.name for a in arguments]}: {rows[:5]}"
