"""Operations that are carried over as the user wrote them: print, assert, raise, formatted strings.

print_      `print(*values, sep=..., end=...)`
assert_     `assert test, message`
raise_      `raise exception(*values)`; what comes after it is never reached
percent     `"..." % values`; format_method: `"...".format(values)`; joined: `a + b` of strings; str
picked      one of some strings, by its number
format_     an f-string; `parts` are its texts and the conversions between them
"""

from __future__ import annotations

from collections.abc import Sequence

from s2sad.ir.builder import Builder
from s2sad.ir.primitive import Effect, Primitive, register
from s2sad.ir.types import BOTTOM, NONE, OpaqueType, Type
from s2sad.ir.values import Apply, If, Operand, Operation, constant

STRING = OpaqueType("a text made at run time")
"""The type of a string made at run time."""


def _print_type(*values: Type, sep: str | None = None, end: str | None = None, flush: bool = False) -> Type:
    return NONE


def _assert_type(test: Type, /, *message: Type) -> Type:
    return NONE


def _assert(test: object, *message: object) -> None:
    assert test, message[0] if message else ""


def _raise_type(*values: Type, exception: type | None = None) -> Type:
    return BOTTOM


def _raise(*values: object, exception: type[BaseException] | None = None) -> None:
    if exception is None:
        raise
    raise exception(*values)


def _format_type(*values: Type, parts: tuple[object, ...]) -> Type:
    return STRING


def _format(*values: object, parts: tuple[str | tuple[str, str], ...]) -> str:
    items = iter(values)
    return "".join(p if isinstance(p, str) else format(next(items), p[1]) for p in parts)


def _text_type(*values: Type) -> Type:
    return STRING


FORMAT_METHOD = register(
    Primitive(
        "format_method",
        lambda text, *values: text.format(*values),
        _text_type,
        constant=True,
        spelling=lambda *types: f"_0.format({', '.join(f'_{k}' for k in range(1, len(types)))})",
    )
)
PERCENT = register(Primitive("percent", lambda s, x: s % x, _text_type, constant=True, spelling="_0 % _1"))
JOINED = register(Primitive("joined", lambda a, b: a + b, _text_type, constant=True, spelling="_0 + _1"))


def _picked(index: int, *, options: tuple[object, ...]) -> object:
    return options[index]


PICKED = register(Primitive("picked", _picked, lambda index, *, options: STRING, constant=True))
STR = register(Primitive("str", str, _text_type, constant=True))
PRINT = register(Primitive("print", print, _print_type, constant=True, effect=Effect.IO, once=True))
ASSERT = register(Primitive("assert", _assert, _assert_type, constant=True, effect=Effect.IO))
RAISE = register(Primitive("raise", _raise, _raise_type, constant=True, effect=Effect.IO))
FORMAT = register(Primitive("format", _format, _format_type, constant=True))


def never_returns(operations: Sequence[Operation]) -> bool:
    """Whether operations end by raising an exception, whatever the branch that is taken."""
    match operations[-1:]:
        case [Apply(primitive=p)]:
            return p is RAISE
        case [If(blocks=blocks)]:
            return all(never_returns(b.operations) for b in blocks)
    return False


def raise_unless(builder: Builder, holds: Operand, exception: type[BaseException], *values: object) -> None:
    """Append a check: the exception of these values, where a condition does not hold."""
    _check(builder, holds, exception, values, False)


def raise_where(builder: Builder, wrong: Operand, exception: type[BaseException], *values: object) -> None:
    """Append a check: the exception of these values, where a condition holds."""
    _check(builder, wrong, exception, values, True)


def _check(
    builder: Builder, predicate: Operand, exception: type[BaseException], values: Sequence[object], where: bool
) -> None:
    raises, nothing = builder.child(), builder.child()
    raises.apply(RAISE, [constant(v) for v in values], {"exception": exception})
    then, orelse = (raises, nothing) if where else (nothing, raises)
    builder.operations.append(If(predicate, then.block((), ()), orelse.block((), ()), (), builder.location))
