"""What a name or an expression stands for while a function is lowered.

A term is an operand of the IR, or a Python tuple, list or dict of terms (a container that the lowering can see into),
or something that can only be iterated over or called. Containers become values of the IR where they must: as an
argument, as a result, as what a branch or a loop yields.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeAlias

from s2sad.errors import Location, UnsupportedType
from s2sad.ir.builder import Builder
from s2sad.ir.types import ContainerType, StaticType, Type, is_namedtuple
from s2sad.ir.values import Constant, Operand, Value


@dataclass(frozen=True, eq=False, slots=True)
class Record:
    """A NamedTuple or dataclass made inside the function."""

    cls: type
    items: dict[str, Term]


@dataclass(frozen=True, eq=False, slots=True)
class Range:
    start: Operand
    stop: Operand
    step: Operand


@dataclass(frozen=True, eq=False, slots=True)
class Zip:
    """Several iterables in step; `strict` as zip has it."""

    iterables: tuple[Term, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Enumerate:
    iterable: Term
    start: Operand


@dataclass(frozen=True, eq=False, slots=True)
class Reversed:
    iterable: Term


@dataclass(frozen=True, eq=False, slots=True)
class Method:
    """`receiver.name`, to be called."""

    receiver: Term
    name: str


Term: TypeAlias = (
    "Value | Constant | tuple[Any, ...] | list[Any] | dict[Any, Any]"
    " | Record | Range | Zip | Enumerate | Reversed | Method"
)


def is_static(term: Term) -> bool:
    """Whether the term is known at compile time, containers included."""
    if isinstance(term, Constant):
        return True
    if isinstance(term, (tuple, list)):
        return all(map(is_static, term))
    if isinstance(term, dict):
        return all(map(is_static, term.values()))
    return False


def static_value(term: Term) -> Any:
    """The Python object of a static term."""
    if isinstance(term, Constant):
        return term.value
    if isinstance(term, (tuple, list)):
        return type(term)(map(static_value, term))
    assert isinstance(term, dict)
    return {k: static_value(v) for k, v in term.items()}


def to_operand(builder: Builder, term: Term) -> Operand:
    """The term as one operand: containers are built."""
    if isinstance(term, (Value, Constant)):
        return term
    if isinstance(term, (tuple, list)):
        return builder.operand(type(term)(to_operand(builder, t) for t in term))
    if isinstance(term, dict):
        return builder.make(dict, tuple(term), [to_operand(builder, t) for t in term.values()])
    if isinstance(term, Record):
        items = [to_operand(builder, t) for t in term.items.values()]
        keys = range(len(items)) if issubclass(term.cls, tuple) else term.items
        return builder.make(term.cls, tuple(keys), items)
    raise UnsupportedType(
        f"a {type(term).__name__.lower()} object is used as a value", "iterate over it or call it", builder.location
    )


def open_container(builder: Builder, term: Term) -> Term:
    """A container value as a container of terms, one level deep; other terms as they are."""
    if isinstance(term, (Value, Constant)) and isinstance(term.type, ContainerType):
        t = term.type
        items = [extract(builder, term, key) for key in t.keys]
        if t.cls is dict:
            return dict(zip(t.keys, items, strict=True))
        if t.cls in (tuple, list):
            return items if t.cls is list else tuple(items)
        names = t.cls._fields if is_namedtuple(t.cls) else t.keys  # type: ignore[attr-defined]
        return Record(t.cls, dict(zip(map(str, names), items, strict=True)))
    return term


def extract(builder: Builder, container: Operand, key: object) -> Operand:
    """One item of a container value; a static item is its constant."""
    assert isinstance(container.type, ContainerType)
    item = container.type[key]
    return Constant(item.value, item) if isinstance(item, StaticType) else builder.extract(container, key)


def flatten(term: Term, location: Location) -> tuple[list[Operand], Callable[[Sequence[Operand]], Term]]:
    """The operands in a term, and what puts others in their places."""
    if isinstance(term, (Value, Constant)):
        return [term], lambda new: new[0]
    if isinstance(term, (tuple, list)):
        parts = [flatten(t, location) for t in term]
        cls = type(term)
        return _gather(parts, cls)
    if isinstance(term, dict):
        keys = tuple(term)
        return _gather([flatten(t, location) for t in term.values()], lambda items: dict(zip(keys, items, strict=True)))
    if isinstance(term, Record):
        names, record = tuple(term.items), term.cls
        parts = [flatten(t, location) for t in term.items.values()]
        return _gather(parts, lambda items: Record(record, dict(zip(names, items, strict=True))))
    raise UnsupportedType(
        f"a {type(term).__name__.lower()} object is bound in a branch or a loop", "use it where it is made", location
    )


def _gather(
    parts: list[tuple[list[Operand], Callable[[Sequence[Operand]], Term]]], build: Callable[[list[Term]], Term]
) -> tuple[list[Operand], Callable[[Sequence[Operand]], Term]]:
    sizes = [len(operands) for operands, _ in parts]

    def rebuild(new: Sequence[Operand]) -> Term:
        items, at = [], 0
        for size, (_, inner) in zip(sizes, parts, strict=True):
            items.append(inner(new[at : at + size]))
            at += size
        return build(items)

    return [o for operands, _ in parts for o in operands], rebuild


def structure(term: Term) -> object:
    """What two terms must share to be merged leaf by leaf."""
    if isinstance(term, (tuple, list)):
        return (type(term), tuple(map(structure, term)))
    if isinstance(term, dict):
        return (dict, tuple(term), tuple(map(structure, term.values())))
    if isinstance(term, Record):
        return (term.cls, tuple(term.items), tuple(map(structure, term.items.values())))
    return None


def record_fields(cls: type) -> tuple[str, ...] | None:
    """The fields of a NamedTuple or dataclass; None for other classes."""
    if is_namedtuple(cls):
        return tuple(cls._fields)  # type: ignore[attr-defined]
    if is_dataclass(cls):
        return tuple(f.name for f in fields(cls))
    return None


def type_of_term(term: Term) -> Type | None:
    return term.type if isinstance(term, (Value, Constant)) else None


def same_operand(a: Operand, b: Operand) -> bool:
    """Whether both branches give the same value, or the same static object or truth value."""
    if a is b:
        return True
    if not isinstance(a, Constant) or not isinstance(b, Constant):
        return False
    return a.value is b.value if isinstance(a.value, bool) else isinstance(a.type, StaticType) and a.type == b.type
