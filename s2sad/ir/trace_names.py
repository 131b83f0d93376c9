"""The names of the evaluation trace: what a value is called that the user gave no name.

d1 = (np.log(s / k) + r * t) / root        d1_log, d1_sum: the variable that its statement assigns, and what it is
p = gam[j] * x[i + 1]                      gam_j, p_part: an element at a short place is called by it
return w2 * np.log(w1)                     v1, v2: numbers where the statement assigns nothing

So a line more in the user's function changes no name but those of its own values. A name of the trace is less than one
of the user's: it gives way to that, and a value that has one need have no line. Until the text is written it has a
mark, so that it is told from a name of the user's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from s2sad.ir.containers import GETITEM, MAKE
from s2sad.ir.values import Apply, Call, Constant, If, Operand, Operation, Value, constant

MARK = "·"
"""Stands between the variable and the word, where the text has an underscore."""


def of_operation(op: Operation, made: Mapping[Operand, Apply]) -> str | None:
    """The name for the result of an operation by its statement; None where that assigns nothing."""
    target = op.location.target
    word = _word(op)
    if not target or word is None:
        return None
    return f"{target}{_suffix(op, made)}{MARK}{word}"


def of_element(op: Apply, made: Mapping[Operand, Apply]) -> str | None:
    """The name of what is read from an array at a place with a short name, `r_kk`; None where it has none."""
    if op.primitive is not GETITEM:
        return None
    array, index = op.operands
    of_tuple = made.get(index)
    items = of_tuple.operands if of_tuple is not None and of_tuple.primitive is MAKE else _known(index)
    places = [_place(i) for i in items]
    if not isinstance(array, Value) or array.hint is None or is_of_trace(array.hint) or None in places:
        return None
    place = "".join(p for p in places if p)
    return f"{array.hint}_{place}" if place else None


def is_of_trace(hint: str) -> bool:
    """Whether a name is one of the trace, or of an adjoint of its values: `v1`, `v2_bar`, `d1·log`."""
    return MARK in hint or _NUMBERED.fullmatch(hint) is not None


def derived_of(hint: str) -> str | None:
    """The name of the value whose adjoint or tangent a name is, or is a part of; None for any other name."""
    found = _DERIVATIVE.search(hint)
    return None if found is None else hint[: found.start()]


def is_firm(value: Value) -> bool:
    """Whether a value has a name of the user's, not a number or a name that gives way."""
    return value.hint is not None and not value.loose


def is_own(value: Value) -> bool:
    """Whether the name of a value is one that the trace gave it, not a name made of one."""
    return value.loose and value.hint is not None and (MARK in value.hint or _NUMBER.fullmatch(value.hint) is not None)


def as_text(hint: str) -> str:
    """A name as the text has it."""
    return hint.replace(MARK, "_")


def _word(op: Operation) -> str | None:
    """What an operation computes, in a word."""
    match op:
        case Apply():
            return op.primitive.noun
        case Call():
            return op.function.name.strip("_")
        case If():
            return "choice"
        case _:
            return None


def _suffix(op: Operation, made: Mapping[Operand, Apply]) -> str:
    """`_bar` for what is computed of adjoints, `_dot` for what is computed of tangents."""
    operands = list(op.operands) if op.about else []
    for operand in operands:
        if isinstance(operand, Value) and operand.hint and (found := _DERIVATIVE.search(operand.hint)):
            return found[0]
        if operand in made and not operand.hint and len(operands) < _FAR:
            operands += made[operand].operands
    return ""


def _known(index: Operand) -> tuple[Operand, ...]:
    """The items of an index that is known at compile time."""
    if isinstance(index, Constant) and isinstance(index.value, tuple):
        return tuple(map(constant, index.value))
    return (index,)


def _place(item: Operand) -> str | None:
    """An index as a part of a name: a letter, a digit, nothing for the whole of an axis."""
    if not isinstance(item, Value) and item.value == slice(None):
        return ""
    text = item.hint if isinstance(item, Value) else repr(item.value) if type(item.value) is int else None
    return text if text is not None and len(text) == 1 and (text.isalpha() or text.isdigit()) else None


_FAR = 20
"""So many operands, and theirs, are asked for an adjoint."""
_NUMBER = re.compile(r"v\d+")
_NUMBERED = re.compile(r"v\d+(_dot|_bar)*")
_DERIVATIVE = re.compile(rf"(_dot|_bar)+(?=$|{MARK})")
