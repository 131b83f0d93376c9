"""Operations on numbers as expressions of C, and what must hold before they are computed.

1. as the operator that it is spelled as                        `_0 + _1`
2. as a conversion, where its function is a class               `np.float32`, `int`
3. as what C's library has under its noun                       `exp`, `floor`, `fmax`
4. by what it computes in terms of others                       `on_numbers` of its row (see `expansion`)
5. as a function of the library of elementary functions         `expit`

Of Python's numbers the function is left where Python raises, or where an integer grows out of 64 bits. NumPy's wrap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from s2sad.emit.c.text import (
    FALSE,
    TRUE,
    Text,
    binary,
    call,
    cast,
    choice,
    dtype_of,
    form_of,
    literal,
    negation,
    negative,
    unary,
)
from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.ir.types import ArrayType, Type
from s2sad.ir.values import Apply, Constant, Operand

FLOAT, INT, BOOL = np.dtype(float), np.dtype(np.int64), np.dtype(bool)


class Library(Protocol):
    """Elementary functions that are written into the text: those that C does not have."""

    def known(self, name: str) -> bool: ...

    def arity(self, name: str) -> int: ...

    def c_text_of(self, names: Sequence[str]) -> str: ...


LIBM = {
    **{n: 1 for n in ("acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cos", "cosh", "erf", "erfc", "exp")},
    **{n: 1 for n in ("exp2", "expm1", "log", "log10", "log1p", "log2", "sin", "sinh", "sqrt", "tan", "tanh", "fabs")},
    **{n: 1 for n in ("floor", "ceil", "trunc", "rint", "tgamma", "lgamma")},
    **{n: 2 for n in ("atan2", "fmod", "hypot", "pow", "remainder", "copysign", "nextafter", "fmax", "fmin")},
}
"""What C99 has of numbers, and of how many."""
OF_COMPLEX = {n: 1 for n in ("acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "exp", "log")} | {
    **{n: 1 for n in ("sin", "sinh", "sqrt", "tan", "tanh", "abs", "conj", "real", "imag")},
    "pow": 2,
}
"""What it has of complex ones: `cexp`."""
C_NAMES = {
    **{"power": "pow", "absolute": "fabs", "abs": "fabs", "gamma": "tgamma", "gammaln": "lgamma", "round": "rint"},
    **{"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2"},
    **{"arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh"},
}
"""What C calls a function, where it is not its noun."""
OF_INTEGERS = frozenset(("floor", "ceil", "trunc", "rint"))
"""What gives integers back as they are."""
EXTREMA = {
    **{"maximum": ("nan_max", "int_max"), "minimum": ("nan_min", "int_min"), "fmax": ("fmax", "int_max")},
    **{"fmin": ("fmin", "int_min"), "max": ("python_max", "int_max"), "min": ("python_min", "int_min")},
}
"""The greater or the smaller of two: of floats, of integers."""
WRAPPING = {"+": "wrapped_sum", "-": "wrapped_difference", "*": "wrapped_product"}
FITS = {"+": "sum_fits", "-": "difference_fits", "*": "product_fits"}


@dataclass(frozen=True, slots=True)
class Use:
    """An operation on numbers: the texts of these, and their types."""

    op: Apply
    texts: tuple[Text, ...]
    types: tuple[Type, ...]
    called: Callable[[str], None]
    """Notes that a helper is called."""
    library: Library

    @property
    def noun(self) -> str:
        return self.op.primitive.noun

    @property
    def dtype(self) -> np.dtype[Any]:
        return dtype_of(self.op.result.type)

    @property
    def dtypes(self) -> list[np.dtype[Any]]:
        return [dtype_of(t) for t in self.types]

    def operands(self, dtype: np.dtype[Any] | None = None) -> list[Text]:
        """The operands as numbers of the dtype of the result, or of another one."""
        wanted = dtype or self.dtype
        return [self.converted(x, d, wanted) for x, d in zip(self.texts, self.dtypes, strict=True)]

    def helper(self, name: str, *operands: Text) -> Text:
        self.called(name)
        return call(name, *operands)

    def converted(self, x: Text, dtype: np.dtype[Any], wanted: np.dtype[Any]) -> Text:
        """A number as one of another dtype, as NumPy casts it."""
        if dtype == wanted:
            return x
        if wanted.kind == "b":
            return binary("!=", x, literal(0, dtype))
        if dtype.kind == "c" and wanted.kind != "c":
            return self.converted(call("creal", x), FLOAT, wanted)
        if dtype.kind == "f" and wanted.kind in "iu":
            whole = self.helper("to_int", x)
            return whole if wanted == INT else cast(form_of(wanted), whole)
        if x.text.lstrip("-").isdigit() and wanted.kind == "f":
            return literal(int(x.text), wanted)
        # what is wider is so by itself where it meets another such number
        wider = wanted.kind in "fc" and wanted.itemsize > 4
        return x if wider else cast(form_of(wanted), x)

    def refused(self) -> UnsupportedType:
        names = ", ".join(d.name for d in self.dtypes)
        return UnsupportedType(f"{self.op.primitive.name} of {names} in C", "use floats")


def is_pythons(op: Apply) -> bool:
    """Whether it may be Python that computes this: it raises where NumPy does not."""
    return all(o.type.kind in ("python", "either", "any") for o in numeric(op))


def numeric(op: Apply) -> list[Operand]:
    """The operands that are numbers."""
    return [o for o in op.operands if isinstance(o.type, ArrayType) and o.type.dtype is not None]


def number_text(use: Use) -> Text:
    """The expression of an operation."""
    if not use.texts:
        raise UnsupportedCall(f"{use.op.primitive.name} in C", "use numbers and arrays")
    for rule in (_spelled, _conversion, _truths, _extremum, _parts, _of_library):
        found = rule(use)
        if found is not None:
            return found
    raise UnsupportedCall(f"{use.op.primitive.name} in C", "use backend='numpy'")


# operators


def _sign(op: Apply) -> str | None:
    """The sign of an operator: `+` of `_0 + _1`."""
    spelling = op.primitive.spelling
    parts = spelling.split() if isinstance(spelling, str) else []
    if len(parts) == 3 and (parts[0], parts[2]) == ("_0", "_1"):
        return parts[1]
    return spelling if spelling in ("-_0", "+_0", "~_0", "not _0") else None


def _spelled(use: Use) -> Text | None:
    sign = _sign(use.op)
    match sign:
        case None:
            return None
        case "-_0" | "+_0" | "~_0" | "not _0":
            return _of_one(use, sign)
        case "==" | "!=" | "<" | "<=" | ">" | ">=":
            return _compared(use, sign)
        case "//" | "%":
            return _divided(use, sign)
        case "**":
            return _power(use)
        case "<<" | ">>":
            return _shifted(use, sign)
    return _arithmetic(use, sign)


def _of_one(use: Use, sign: str) -> Text:
    if sign == "not _0":
        return negation(use.operands(BOOL)[0], use.dtypes[0].kind in "iub")
    (x,) = use.operands()
    if sign == "~_0":
        return negation(x) if use.dtype.kind == "b" else _wrapped(use, unary("~", x))
    return x if sign == "+_0" else negative(x) if use.dtype.kind != "u" else _wrapped(use, unary("-", x))


def _wrapped(use: Use, x: Text) -> Text:
    """An integer in the width of the result: C computes the narrow ones as int."""
    return x if use.dtype == INT else cast(form_of(use.dtype), x)


def _arithmetic(use: Use, sign: str) -> Text:
    a, b = use.operands()
    kind = use.dtype.kind
    if kind == "b":
        truths = {"+": "||", "|": "||", "*": "&&", "&": "&&", "^": "!="}
        if sign not in truths:
            raise use.refused()
        return binary(truths[sign], a, b)
    if sign == "/" and all(d.kind in "iub" for d in use.dtypes):
        return binary("/", cast(form_of(use.dtype), a), b)
    if kind in "iu" and sign in FITS and not is_pythons(use.op) and use.op.result.type.size is None:
        # integers of NumPy's wrap around, which those of C need not do
        if use.dtype == INT:
            return use.helper(WRAPPING[sign], a, b)
        wide = f"uint{max(32, 8 * use.dtype.itemsize)}_t"
        return cast(form_of(use.dtype), binary(sign, cast(wide, a), cast(wide, b)))
    if kind not in "iu":
        return binary(sign, a, b)
    return _of_integers(sign, a, b) if use.dtype == INT else _wrapped(use, binary(sign, a, b))


def _of_integers(sign: str, a: Text, b: Text) -> Text:
    """`i + 1` for `1 + i`, `n - 2` for `n - 1 - 1`."""
    if sign == "+" and a.text.isdigit() and not b.text.isdigit():
        a, b = b, a
    if sign in ("+", "-") and b.text.isdigit() and a.parts is not None and a.parts[0] in ("+", "-"):
        before, rest, number = a.parts
        if number.text.isdigit():
            total = int(f"{before}{number}") + int(f"{sign}{b}")
            return binary("+" if total > 0 else "-", rest, Text(str(abs(total)))) if total else rest
    return binary(sign, a, b)


def _compared(use: Use, sign: str) -> Text:
    kinds = [d.kind for d in use.dtypes]
    if "c" in kinds and sign not in ("==", "!="):
        raise use.refused()
    if "u" in kinds and "i" in kinds:
        if any(d == np.uint64 for d in use.dtypes):
            raise use.refused()
        return binary(sign, *use.operands(INT))
    if kinds == ["f", "f"] and use.dtypes[0] != use.dtypes[1]:
        return binary(sign, *use.operands(np.result_type(*use.dtypes)))
    a, b = use.texts
    if set(kinds) <= set("iub") and sorted(a.text.split(" * ")) == sorted(b.text.split(" * ")):
        return TRUE if sign in ("==", "<=", ">=") else FALSE
    return binary(sign, a, b)


def _divided(use: Use, sign: str) -> Text:
    kind = use.dtype.kind
    if kind in "iu" and use.dtype != np.uint64:
        name = "floor_div" if sign == "//" else "floor_mod"
        return _wrapped(use, use.helper(name, *use.texts))
    if kind != "f":
        raise use.refused()
    return _single(use, use.helper("floor_div_float" if sign == "//" else "floor_mod_float", *use.texts))


def _single(use: Use, x: Text) -> Text:
    """What is computed in double precision, rounded."""
    return x if use.dtype.itemsize == 8 else cast(form_of(use.dtype), x)


def _power(use: Use) -> Text:
    kind, exponent = use.dtype.kind, use.op.operands[1]
    known = exponent.value if isinstance(exponent, Constant) else None
    x = use.operands()[0] if kind in "fc" else use.texts[0]
    if kind in "iu":
        if known == 1:
            return x
        if known != 2 or is_pythons(use.op):
            raise UnsupportedType("a power of integers in C", "write a product, or use floats")
        return cast(form_of(use.dtype), binary("*", cast(f"u{form_of(INT)}", x), cast(f"u{form_of(INT)}", x)))
    if known in (1, 2, 3) and x.text.replace("_", "a").isalnum():
        return binary("*", binary("*", x, x), x) if known == 3 else binary("*", x, x) if known == 2 else x
    if known == -1:
        return binary("/", literal(1.0, use.dtype), x)
    if known == 0.5 and kind == "f":
        return _single(use, call("sqrt", x))
    return _single(use, call("pow", *use.texts)) if kind == "f" else call("cpow", *use.texts)


def _shifted(use: Use, sign: str) -> Text:
    count = use.op.operands[1]
    if not isinstance(count, Constant) or not 0 <= int(count.value) < 8 * use.dtype.itemsize:  # type: ignore[call-overload]
        raise UnsupportedType("a shift by a number that is not known in C", "multiply or divide")
    if sign == "<<":
        return cast(form_of(use.dtype), binary("<<", cast("uint64_t", use.texts[0]), use.texts[1]))
    return binary(">>", use.operands()[0], use.texts[1])


# conversions, truths, choices


def _conversion(use: Use) -> Text | None:
    function = use.op.primitive.function
    if not isinstance(function, type) and function is not np.astype:
        return None
    if len(use.texts) == 2:
        a, b = use.texts
        return binary("+", a, binary("*", b, Text("I")))
    (x,), (dtype,) = use.texts, use.dtypes
    found = use.converted(x, dtype, use.dtype)
    # what C would compute in another precision without that
    explicit = found is x and dtype != use.dtype and use.dtype.kind in "fc"
    return cast(form_of(use.dtype), x) if explicit else found


def _truths(use: Use) -> Text | None:
    match use.noun:
        case "where":
            predicate = use.converted(use.texts[0], use.dtypes[0], BOOL)
            a, b = (use.converted(x, d, use.dtype) for x, d in zip(use.texts[1:], use.dtypes[1:], strict=True))
            return choice(predicate, a, b)
        case "logical_and" | "logical_or":
            return binary("&&" if use.noun == "logical_and" else "||", *use.operands(BOOL))
        case "logical_xor":
            return binary("!=", *use.operands(BOOL))
        case "logical_not":
            return negation(use.operands(BOOL)[0], use.dtypes[0].kind in "iub")
        case "isnan" | "isinf" | "isfinite":
            if use.dtypes[0].kind == "f":
                return call(use.noun, use.texts[0])
            if use.dtypes[0].kind in "iub":
                return literal(use.noun == "isfinite", BOOL)
        case "signbit":
            if use.dtypes[0].kind == "f":
                return binary("!=", call("signbit", use.texts[0]), Text("0"))
            return binary("<", use.texts[0], Text("0")) if use.dtypes[0].kind == "i" else FALSE
    return None


def _extremum(use: Use) -> Text | None:
    if use.noun not in EXTREMA:
        return None
    of_floats, of_integers = EXTREMA[use.noun]
    kind = use.dtype.kind
    if kind == "b":
        return binary("||" if of_integers == "int_max" else "&&", *use.operands())
    if kind == "c" or use.dtype == np.uint64:
        raise use.refused()
    name = of_integers if kind in "iu" else of_floats
    found, *others = use.texts
    for x in others:
        found = call(name, found, x) if name in LIBM else use.helper(name, found, x)
    return _wrapped(use, found) if kind in "iu" else _single(use, found)


def _parts(use: Use) -> Text | None:
    """The parts of numbers that need not be complex."""
    if use.noun not in ("real", "imag", "conjugate") or use.dtypes[0].kind == "c":
        return None
    return literal(0, use.dtype) if use.noun == "imag" else use.operands()[0]


# functions


def c_function(noun: str, dtypes: Sequence[np.dtype[Any]]) -> str | None:
    """What C calls a function of such numbers, None where it has none."""
    name = C_NAMES.get(noun, noun)
    if any(d.kind == "c" for d in dtypes):
        own = {"fabs": "abs", "conjugate": "conj"}.get(name, name)
        found = own if own == "conj" else f"c{own}"
        return found if OF_COMPLEX.get(own) == len(dtypes) else None
    return name if LIBM.get(name) == len(dtypes) else None


def _of_library(use: Use) -> Text | None:
    name = c_function(use.noun, use.dtypes)
    if use.noun == "round" and use.op.static.get("ndigits"):
        raise UnsupportedType("round to digits in C", "use np.round")
    if name is None:
        if not use.library.known(use.noun) or use.library.arity(use.noun) != len(use.texts):
            return None
        if any(d.kind == "c" for d in use.dtypes):
            raise use.refused()
        name = f"s2sad_{use.noun}"
        use.called(name)
        return _single(use, call(name, *use.texts))
    if all(d.kind in "iub" for d in use.dtypes):
        if name in OF_INTEGERS:
            return use.operands()[0]
        if name == "fabs":
            (x,) = use.operands()
            return x if use.dtype.kind != "i" else _wrapped(use, use.helper("int_max", x, negative(x)))
    if use.dtype.kind in "iu":
        # math.floor and the like give an integer
        return use.converted(call(name, *use.texts), FLOAT, use.dtype)
    return _single(use, call(name, *use.texts)) if use.dtype.kind == "f" else call(name, *use.texts)
