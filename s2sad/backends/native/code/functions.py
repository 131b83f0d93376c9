"""Functions that are no instructions: powers, the backend's own elementary functions, those of C's library.

Whatever is computed in double precision is rounded to the dtype of the result.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from s2sad.backends.native import elementary, special
from s2sad.backends.native.code.conversions import converted, exact_float, truth
from s2sad.backends.native.code.instructions import of_float
from s2sad.backends.native.code.operators import Use, complex_product, product
from s2sad.backends.native.code.values import FLOAT, INT, Number, float_text, limit_of, literal, part_type
from s2sad.backends.native.code.writer import Writer
from s2sad.errors import UnsupportedCall, UnsupportedType

C_LIBRARY = frozenset(
    (
        *("acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "erf", "erfc", "exp"),
        *("exp2", "expm1", "fmod", "hypot", "log", "log10", "log1p", "log2", "pow", "remainder", "sin"),
        *("sinh", "sqrt", "tan", "tanh"),
    )
)
"""What C99 has of double numbers."""
OF_COMPLEX = frozenset(
    (
        *("abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "exp", "log", "pow", "sin", "sinh"),
        *("sqrt", "tan", "tanh"),
    )
)
"""What it has of complex ones: `cexp`."""

_C_NAMES = {"power": "pow", "arctan2": "atan2", "absolute": "abs"}
COMPLEX = np.dtype(np.complex128)


def c_name(noun: str) -> str:
    """What C calls a function."""
    return _C_NAMES.get(noun, noun.replace("arc", "a") if noun.startswith("arc") else noun)


def is_elementary(noun: str, count: int) -> bool:
    """Whether the backend has this function of so many numbers."""
    return elementary.known(noun) and elementary.arity(noun) == count


def called(w: Writer, noun: str, numbers: list[Number]) -> Number | None:
    """A function of doubles, None where there is none."""
    arguments = ", ".join(f"double {converted(w, x, FLOAT).text}" for x in numbers)
    if is_elementary(noun, len(numbers)):
        w.called[noun] = None
        return Number((w.let(f'call double @"s2sad.{noun}"({arguments})'),), FLOAT)
    name = c_name(noun)
    if name not in C_LIBRARY:
        return None
    places = ", ".join("double" for _ in numbers)
    w.declare(name, f"declare double @{name}({places}) nounwind willreturn memory(none)")
    return Number((w.let(f"call double @{name}({arguments})"),), FLOAT)


def complex_call(w: Writer, noun: str, numbers: list[Number], result: np.dtype[Any]) -> Number | None:
    """A function of complex numbers, of C's library: `cexp`. Two parts are passed, and given, in two registers."""
    name = "c" + c_name(noun)
    if name[1:] not in OF_COMPLEX or sys.platform == "win32":
        return None
    parts = [p for x in numbers for p in converted(w, x, COMPLEX).parts]
    form = "double" if result.kind == "f" else "{double, double}"
    w.declare(name, f"declare {form} @{name}({', '.join('double' for _ in parts)}) nounwind willreturn memory(none)")
    found = w.let(f"call {form} @{name}({', '.join(f'double {p}' for p in parts)})")
    if form == "double":
        return converted(w, Number((found,), FLOAT), result)
    both = tuple(w.let(f"extractvalue {form} {found}, {k}") for k in range(2))
    return converted(w, Number(both, COMPLEX), result)


def function(w: Writer, use: Use) -> Number:
    """A function by its noun."""
    noun = use.primitive.noun
    if any(x.dtype.kind == "c" for x in use.numbers):
        found = complex_call(w, noun, list(use.numbers), use.dtype)
    else:
        found = called(w, noun, list(use.numbers))
    found = found or _of_scipy(w, use)
    if found is None:
        raise UnsupportedCall(f"{use.primitive.name} in native code", "use backend='numpy'")
    return converted(w, found, use.dtype)


def _of_scipy(w: Writer, use: Use) -> Number | None:
    """A function of numbers that SciPy's ufuncs call for each element."""
    classes = {"f": float, "i": int, "c": complex}
    given = [
        classes.get(x.dtype.kind, x.dtype) if t.kind == "python" else x.dtype
        for x, t in zip(use.numbers, use.types, strict=True)
    ]
    form = None if use.static else special.form_of(use.primitive.function, given)
    if form is None:
        return None
    name, dtypes = form
    numbers = [converted(w, x, dtype) for x, dtype in zip(use.numbers, dtypes, strict=False)]
    address = w.let(f"load ptr, ptr {w.library.place(f'special {name}')}")
    arguments = ", ".join([*(f"{x.part} {x.text}" for x in numbers), "i32 0"])
    found = w.let(f"call {part_type(dtypes[-1])} {address}({arguments}) nounwind willreturn memory(none)")
    return Number((found,), dtypes[-1])


# powers


def known_number(x: Number) -> int | float | None:
    """The value of a real number that stands in the text."""
    if x.text in ("true", "false"):
        return None
    if x.text.startswith("0x"):
        return float(np.uint64(int(x.text, 16)).view(np.float64))
    return int(x.text) if not x.text.startswith("%") else None


def power(w: Writer, use: Use) -> Number:
    if use.dtype.kind in "iu":
        return _integer_power(w, use)
    if use.dtype.kind == "c":
        return _complex_power(w, use)
    a, b = (exact_float(w, x) for x in use.numbers) if use.is_pythons else use.operands(w)
    found = _known_power(w, use, a, known_number(b))
    if found is None:
        found = called(w, "power", [a, b])
        assert found is not None
        found = converted(w, found, use.dtype)
    if use.is_pythons:
        leave_as_math(w, found, [a, b])
    return found


def _known_power(w: Writer, use: Use, x: Number, p: int | float | None) -> Number | None:
    """A power whose exponent says that it is something simple."""
    one = float_text(1.0)
    if p == 0:
        return literal(1.0, x.dtype)
    if p == 0.5:
        root = of_float(w, "sqrt", x.dtype, x)
        # the power of -0.0 is 0.0
        return Number((w.let(f"fadd {x.part} {root.text}, {float_text(0.0)}"),), x.dtype)
    if p == -1:
        return Number((w.let(f"fdiv {x.part} {one}, {x.text}"),), x.dtype)
    if p not in (1, 2, 3, 4):
        return None
    result = x
    if p in (2, 4):
        result = Number((w.let(f"fmul {x.part} {x.text}, {x.text}"),), x.dtype)
    if p == 4:
        return Number((w.let(f"fmul {x.part} {result.text}, {result.text}"),), x.dtype)
    if p == 3:
        square = w.let(f"fmul {x.part} {x.text}, {x.text}")
        return Number((w.let(f"fmul {x.part} {square}, {x.text}"),), x.dtype)
    return result


def _complex_power(w: Writer, use: Use) -> Number:
    if use.is_pythons:
        raise UnsupportedType("a power of Python's complex numbers in native code", "use np.power")
    a, b = use.operands(w)
    exponent = use.numbers[1]
    p = known_number(exponent) if len(exponent.parts) == 1 else None
    if p == 1:
        return a
    if p == 2:
        return complex_product(w, a, a)
    if p == 3:
        return complex_product(w, a, complex_product(w, a, a))
    found = complex_call(w, "pow", [a, b], use.dtype)
    if found is None:
        raise UnsupportedType("a power of complex numbers in native code", "use real numbers")
    return _of_zero(w, a, b, found)


def _of_zero(w: Writer, a: Number, b: Number, found: Number) -> Number:
    """What NumPy has where the base, or the exponent, is 0."""
    part, nan = a.part, float_text(float("nan"))
    positive = w.let(f"fcmp ogt {part} {b.parts[0]}, {float_text(0.0)}")
    of_base = w.let(f"select i1 {positive}, {part} {float_text(0.0)}, {part} {nan}")
    base, exponent = truth(w, a), truth(w, b)
    parts = []
    for x, one in zip(found.parts, (1.0, 0.0), strict=True):
        other = w.let(f"select i1 {base}, {part} {x}, {part} {of_base}")
        parts.append(w.let(f"select i1 {exponent}, {part} {other}, {part} {float_text(one)}"))
    return Number(tuple(parts), a.dtype)


_INTEGER_POWER = """define internal {i64, i1} @s2sad.integer.power(i64 %base, i64 %exponent) nounwind {
start:
  br label %loop
loop:
  %b = phi i64 [ %base, %start ], [ %b2, %next ]
  %e = phi i64 [ %exponent, %start ], [ %e2, %next ]
  %r = phi i64 [ 1, %start ], [ %r2, %next ]
  %bo = phi i1 [ false, %start ], [ %bo2, %next ]
  %ro = phi i1 [ false, %start ], [ %ro2, %next ]
  %odd = trunc i64 %e to i1
  %p = call {i64, i1} @llvm.smul.with.overflow.i64(i64 %r, i64 %b)
  %pv = extractvalue {i64, i1} %p, 0
  %po = extractvalue {i64, i1} %p, 1
  %po2 = or i1 %po, %bo
  %po3 = or i1 %po2, %ro
  %r2 = select i1 %odd, i64 %pv, i64 %r
  %ro2 = select i1 %odd, i1 %po3, i1 %ro
  %e2 = lshr i64 %e, 1
  %more = icmp ne i64 %e2, 0
  br i1 %more, label %next, label %done
next:
  %s = call {i64, i1} @llvm.smul.with.overflow.i64(i64 %b, i64 %b)
  %b2 = extractvalue {i64, i1} %s, 0
  %so = extractvalue {i64, i1} %s, 1
  %bo2 = or i1 %so, %bo
  br label %loop
done:
  %t = insertvalue {i64, i1} poison, i64 %r2, 0
  %u = insertvalue {i64, i1} %t, i1 %ro2, 1
  ret {i64, i1} %u
}
"""


def _integer_power(w: Writer, use: Use) -> Number:
    a, b = use.operands(w)
    if known_number(b) == 1:
        return a
    if known_number(b) == 2:
        square = Use(use.primitive, (a, a), (use.types[0],) * 2, use.result, {})
        return product(w, square)
    if use.dtype.kind == "i":
        # a float in Python, refused by NumPy
        w.leave_later_where(w.let(f"icmp slt {b.part} {b.text}, 0"))
    w.declare("s2sad.integer.power", _INTEGER_POWER)
    wide = np.dtype(np.uint64) if use.dtype.kind == "u" else INT
    base, exponent = converted(w, a, wide), converted(w, b, wide)
    both = w.let(f"call {{i64, i1}} @s2sad.integer.power(i64 {base.text}, i64 {exponent.text})")
    if use.is_pythons:
        w.leave_later_where(w.let(f"extractvalue {{i64, i1}} {both}, 1"))
    found = Number((w.let(f"extractvalue {{i64, i1}} {both}, 0"),), wide)
    narrow = converted(w, found, use.dtype)
    return Number(narrow.parts, use.dtype, limit_of(use.dtype))


def leave_as_math(w: Writer, result: Number, operands: list[Number]) -> None:
    """Leave where Python raises: a number that is none of numbers, an infinite one of finite ones."""
    part, infinite = result.part, float_text(float("inf"))
    size = w.intrinsic(f"llvm.fabs.f{8 * result.dtype.itemsize}", part, (part, result.text))
    finite = w.let(f"fcmp olt {part} {size}, {infinite}")
    # what the operands must be for that: none infinite where the result is, none a nan where that is one
    faults = [w.let(f"fcmp uno {part} {result.text}, {float_text(0.0)}"), w.negated(finite)]
    for x in operands:
        if x.dtype.kind != "f" or known_number(x) is not None:
            continue
        bound = w.intrinsic(f"llvm.fabs.f{8 * x.dtype.itemsize}", x.part, (x.part, x.text))
        faults[1] = w.both(faults[1], w.let(f"fcmp olt {x.part} {bound}, {infinite}"))
        faults[0] = w.both(faults[0], w.let(f"fcmp ord {x.part} {x.text}, {x.text}"))
    w.leave_later_where(w.either(*faults))
