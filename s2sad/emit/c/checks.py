"""What must hold for an operation on numbers to be computed: else the function is left, as Python would raise there.

if (y == 0.0) return 1;
const double v = x / y;
"""

from __future__ import annotations

from collections.abc import Callable

from s2sad.emit.c.numbers import C_NAMES, FITS, INT, Use, _sign, is_pythons, numeric
from s2sad.emit.c.text import Text, binary, literal, negation
from s2sad.ir.dims import Size
from s2sad.ir.types import Type
from s2sad.ir.values import Apply, Constant, Operand

TOTAL = frozenset(("tanh", "atan", "atan2", "erf", "erfc", "asinh", "fabs", "copysign", "cbrt", "trunc", "rint"))
"""What C gives a number of for every number, a finite one for every finite one."""
IsIndex = Callable[[Operand], bool]


def twice_read(op: Apply, is_index: IsIndex) -> tuple[Operand, ...]:
    """The operands that the checks of an operation read, beside the operation itself."""
    if divides(op):
        return (op.operands[1],)
    return tuple(numeric(op)) if grows(op, is_index) or cuts(op) or may_raise(op) else ()


def is_checked(op: Apply, is_index: IsIndex) -> bool:
    return divides(op) or grows(op, is_index) or cuts(op) or may_raise(op)


def divides(op: Apply) -> bool:
    """Whether Python divides, by what may be 0."""
    if _sign(op) not in ("/", "//", "%") or not is_pythons(op):
        return False
    divisor = op.operands[1]
    return not divisor.value if isinstance(divisor, Constant) else not _is_positive(divisor.type)


def _is_positive(t: Type) -> bool:
    d = t.size
    if isinstance(d, Size):
        return d.offset >= 0 and all(c > 0 and s.least > 0 for s, c in d.terms)
    return d is not None and d > 0


def grows(op: Apply, is_index: IsIndex) -> bool:
    """Whether an integer of Python's may grow out of 64 bits; what is made of lengths and indices does not."""
    if _sign(op) not in FITS or not is_pythons(op) or op.result.type.dtype != INT:
        return False
    return op.result.type.size is None and not all(map(is_index, op.operands))


def cuts(op: Apply) -> bool:
    """Whether Python makes an integer of a float."""
    floats = [o for o in numeric(op) if o.type.dtype is not None and o.type.dtype.kind == "f"]
    return len(floats) == len(op.operands) == 1 and op.result.type.dtype == INT and op.result.type.kind == "python"


def may_raise(op: Apply) -> bool:
    """Whether Python raises where it makes no number of numbers, or of finite ones an infinite one."""
    if op.result.type.dtype is None or op.result.type.dtype.kind != "f":
        return False
    if getattr(op.primitive.function, "__module__", "") == "math":
        return C_NAMES.get(op.primitive.noun, op.primitive.noun) not in TOTAL
    return _sign(op) == "**" and is_pythons(op)


def wrong_before(use: Use, is_index: IsIndex) -> list[Text]:
    """What may not hold when an operation is computed."""
    op = use.op
    if divides(op):
        return [binary("==", use.texts[1], literal(0, use.dtypes[1]))]
    if grows(op, is_index):
        return [negation(use.helper(FITS[_sign(op) or ""], *use.texts))]
    return [negation(use.helper("fits_int", use.texts[0]))] if cuts(op) else []


def wrong_after(use: Use, given: Text) -> list[Text]:
    """What may not hold of what an operation has given."""
    if not may_raise(use.op):
        return []
    given_of = [x for x, o in zip(use.texts, numeric(use.op), strict=True) if not isinstance(o, Constant)]
    found = [use.helper("python_raises", given, x) for x in given_of]
    if len(found) < 2:
        return found
    return [binary("&&", *found)]
