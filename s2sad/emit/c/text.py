"""Expressions of C with no more parentheses than needed, numbers and types as C writes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.types import Type

CHOICE, OR, AND, BITS, EQUAL, ORDER, SHIFT, SUM, PRODUCT, UNARY, ATOM = range(1, 12)
"""How tightly expressions bind."""
LEVELS = {
    **{"||": OR, "&&": AND, "|": BITS, "^": BITS, "&": BITS, "==": EQUAL, "!=": EQUAL},
    **{"<": ORDER, "<=": ORDER, ">": ORDER, ">=": ORDER, "<<": SHIFT, ">>": SHIFT},
    **{"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "%": PRODUCT},
}
OPPOSITES = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


@dataclass(frozen=True, slots=True)
class Text:
    """An expression; of a binary one also its sign and its operands."""

    text: str
    level: int = ATOM
    parts: tuple[str, Text, Text] | None = None

    def __str__(self) -> str:
        return self.text

    def within(self, level: int) -> str:
        """Its text as an operand of what binds as tightly as that."""
        return self.text if self.level >= level else f"({self.text})"


TRUE, FALSE = Text("true"), Text("false")


def binary(sign: str, a: Text, b: Text) -> Text:
    """`a + b`; `a - b` for `a + -b`; of truths that are known only the other one."""
    level = LEVELS[sign]
    if sign in ("&&", "||"):
        keeps, decides = (TRUE, FALSE) if sign == "&&" else (FALSE, TRUE)
        if decides in (a, b):
            return decides
        if keeps in (a, b):
            return b if a == keeps else a
    if sign in ("+", "-") and b.text.startswith("-") and b.level >= PRODUCT:
        sign, b = "-" if sign == "+" else "+", Text(b.text[1:], b.level)
    # compilers warn of operators that people confuse: these are in parentheses where C needs none
    inner = UNARY if level in (BITS, SHIFT) else SUM if level in (EQUAL, ORDER) else level
    if level == OR:
        left, right = (x.within(EQUAL) if x.level != OR else x.text for x in (a, b))
    elif level == AND:
        left, right = (x.within(EQUAL) if x.level != AND else x.text for x in (a, b))
    else:
        left, right = a.within(inner), b.within(max(inner, level + 1))
    return Text(f"{left} {sign} {right}", level, (sign, a, b))


def unary(sign: str, a: Text) -> Text:
    inner = a.within(UNARY)
    return Text(f"{sign}({inner})" if inner.startswith(sign) else f"{sign}{inner}", UNARY)


def negative(a: Text) -> Text:
    """`-a`; no minus of a minus; the sign of a product is that of its first factor."""
    if a.text.startswith("-") and a.level >= PRODUCT:
        return Text(a.text[1:], a.level)
    return Text(f"-{a.text}", PRODUCT) if a.level == PRODUCT else unary("-", a)


def negation(a: Text, exact: bool = False) -> Text:
    """`!a`; `a >= b` for `!(a < b)` where that is the same: of integers, which are `exact`."""
    if a in (TRUE, FALSE):
        return FALSE if a == TRUE else TRUE
    if a.parts is not None and a.parts[0] in OPPOSITES and (exact or a.parts[0] in ("==", "!=")):
        return binary(OPPOSITES[a.parts[0]], *a.parts[1:])
    if a.parts is not None and a.parts[0] == "!":
        return a.parts[1]
    return Text(f"!{a.within(UNARY)}", UNARY, ("!", a, a))


def choice(condition: Text, a: Text, b: Text) -> Text:
    if condition in (TRUE, FALSE):
        return a if condition == TRUE else b
    return Text(f"{condition.within(OR)} ? {a.within(OR)} : {b.within(CHOICE)}", CHOICE)


def call(name: str, *operands: Text | str) -> Text:
    return Text(f"{name}({', '.join(map(str, operands))})")


def cast(form: str, a: Text) -> Text:
    return Text(f"({form}){a.within(UNARY)}", UNARY)


def element(array: str, place: Text) -> Text:
    return Text(f"{array}[{place}]")


def multiplied_size(lengths: Sequence[Text]) -> str:
    """The number of elements of an array of these lengths."""
    return " * ".join(f"(size_t){n.within(UNARY)}" for n in lengths) or "1"


# types

_FORMS = {"f4": "float", "f8": "double", "c16": "double complex", "b1": "bool"}


def form_of(dtype: np.dtype[Any] | None) -> str:
    """The type of C for numbers of a dtype."""
    if dtype is not None and dtype.kind in "iu":
        return f"{'u' if dtype.kind == 'u' else ''}int{8 * dtype.itemsize}_t"
    found = None if dtype is None else _FORMS.get(f"{dtype.kind}{dtype.itemsize}")
    if found is None:
        raise UnsupportedType(f"{'a number of no known dtype' if dtype is None else dtype.name} in C", "use float64")
    return found


def dtype_of(t: Type) -> np.dtype[Any]:
    """The dtype of a number, or of the elements of an array."""
    if not t.is_numeric or t.dtype is None:
        raise UnsupportedType(f"{t} in C", "use numbers and arrays")
    return t.dtype


# literals


def literal(value: Any, dtype: np.dtype[Any]) -> Text:
    """A known number of that dtype."""
    match dtype.kind:
        case "b":
            return TRUE if value else FALSE
        case "i" | "u":
            return _integer(int(value), dtype)
        case "c":
            real, imaginary = (
                literal(complex(value).real, np.dtype(float)),
                literal(complex(value).imag, np.dtype(float)),
            )
            return real if complex(value).imag == 0.0 else binary("+", real, binary("*", imaginary, Text("I")))
    return _float(value, dtype)


def _integer(value: int, dtype: np.dtype[Any]) -> Text:
    if not np.iinfo(dtype).min < value <= np.iinfo(dtype).max:
        raise UnsupportedType(f"the integer {value} in C", "use a float")
    size = str(abs(value))
    if abs(value) >= 1 << 31:
        size = f"{'U' if dtype.kind == 'u' else ''}INT64_C({size})"
    return Text(f"-{size}", UNARY) if value < 0 else Text(size)


def _float(value: Any, dtype: np.dtype[Any]) -> Text:
    number = dtype.type(value)
    if not math.isfinite(number):
        size = "NAN" if math.isnan(number) else "INFINITY"
    else:
        size = (repr(float(abs(number))) if dtype.itemsize == 8 else f"{abs(number)!s}f").replace("e+", "e")
    return Text(f"-{size}", UNARY) if math.copysign(1.0, number) < 0.0 and size != "NAN" else Text(size)
