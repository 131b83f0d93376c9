"""Python's operators on Python's numbers, and `math`: what Python gives, or the program is left where Python raises."""

from __future__ import annotations

import itertools
import math
import operator
import struct
from typing import Any

import pytest

from s2sad.backends.native.machine import Effort
from s2sad.ir.primitives.memory import Left
from s2sad.ir.types import ArrayType
from tests.backends.native.kernels import Compiled, compiled, program, python

INTEGERS = [0, 1, -1, 2, 3, -3, 5, 63, 64, -64, 2**31, 2**53 + 1, -(2**53) - 1, 2**62, -(2**62), 2**63 - 1, -(2**63)]
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e308, -1e308, 5e-324, 2.0**53, math.inf, -math.inf, math.nan]
VALUES = {int: INTEGERS, float: FLOATS, bool: [False, True]}
BINARY = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod),
    *(operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge),
    *(max, min),
]
OF_INTEGERS = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
UNARY = [operator.neg, operator.pos, abs, operator.not_, float, int, bool, round]
MATH = [
    *(math.exp, math.exp2, math.expm1, math.log, math.log2, math.log10, math.log1p, math.sqrt, math.cbrt, math.sin),
    *(math.cos, math.tan, math.asin, math.acos, math.atan, math.sinh, math.cosh, math.tanh, math.asinh, math.acosh),
    *(math.atanh, math.erf, math.erfc, math.fabs, math.floor, math.ceil, math.trunc, math.isnan, math.isinf),
    *(math.isfinite, math.degrees, math.radians),
]
MATH_OF_TWO = [math.pow, math.atan2, math.fmod, math.remainder, math.copysign, math.hypot, math.log]


def same(a: Any, b: Any, ulps: int) -> bool:
    """Whether two numbers are the same, with the sign of a zero, or apart by a few last digits."""
    if not isinstance(b, float):
        return bool(a == b)
    if math.isnan(b):
        return math.isnan(a)
    if ulps and b and math.isfinite(b):
        return abs(a - b) <= ulps * math.ulp(b)
    return struct.pack("d", a) == struct.pack("d", b)


def of_program(function: Any, classes: tuple[type, ...]) -> tuple[Compiled, Any]:
    made = program(*map(python, classes))(lambda p, *xs: p.call(function, *xs))
    result = made.result.type
    assert isinstance(result, ArrayType) and result.dtype is not None
    return compiled(made, effort=Effort(level=1)), {"f": float, "i": int, "b": bool}[result.dtype.kind]


def check(function: Any, classes: tuple[type, ...], ulps: int = 0) -> None:
    run, cls = of_program(function, classes)
    left = 0
    for arguments in itertools.product(*(VALUES[c] for c in classes)):
        try:
            wanted: Any = function(*arguments)
        except (ArithmeticError, ValueError, MemoryError):
            wanted = None
        if isinstance(wanted, complex) or (cls is int and wanted is not None and not -(2**63) <= wanted < 2**63):
            wanted = None
        try:
            found = cls(run(*arguments))
        except Left:
            left += 1
            # an integer that is no float, or a result that is no number, may be left to Python
            large = any(type(a) is int and abs(a) > 2**53 for a in arguments) and cls is not int
            assert wanted is None or large or not math.isfinite(wanted), (arguments, wanted)
            continue
        assert wanted is not None, (arguments, found)
        assert same(found, cls(wanted), ulps), (arguments, found, wanted)


@pytest.mark.parametrize("function", BINARY, ids=lambda f: f.__name__)
def test_operators(function):
    for classes in itertools.product((int, float, bool), repeat=2):
        check(function, classes)


@pytest.mark.parametrize("function", OF_INTEGERS, ids=lambda f: f.__name__)
def test_operators_of_integers(function):
    check(function, (int, int))


@pytest.mark.parametrize("function", UNARY, ids=lambda f: f.__name__)
def test_operators_of_one_number(function):
    for cls in (int, float, bool):
        check(function, (cls,))


def test_powers():
    check(operator.pow, (float, float), 4)
    check(operator.pow, (float, int), 4)
    for n in range(6):
        check_power_of_integers(n)


def check_power_of_integers(n: int) -> None:
    run = compiled(program(python(int))(lambda p, x: p.call(operator.pow, x, n)))
    for x in INTEGERS:
        if -(2**63) <= x**n < 2**63:
            assert int(run(x)) == x**n
        else:
            with pytest.raises(Left):
                run(x)


@pytest.mark.parametrize("function", MATH, ids=lambda f: f.__name__)
def test_math(function):
    for cls in (float, int):
        check(function, (cls,), 4)


@pytest.mark.parametrize("function", MATH_OF_TWO, ids=lambda f: f.__name__)
def test_math_of_two(function):
    check(function, (float, float), 4)
