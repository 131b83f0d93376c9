"""What a name or an expression stands for while a function is lowered.

A term is an operand of the IR, or a Python tuple or record of terms, or something that is known at compile time but for
the values in it: an iterable, a function with what it closes over, a reference to an object that may change.
Lists, dicts and objects live in cells of the environment (`cells.py`); a `Ref` says which. A plain Python list or dict
as a term is what a cell holds, or a list, dict or object as a value: without identity.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import gast
import numpy as np

from s2sad.frontend.reading.callables import UserValue
from s2sad.frontend.terms.transformations import Derivable, Transformation
from s2sad.ir.builder import Builder
from s2sad.ir.primitive import Primitive
from s2sad.ir.types import ContainerType, StaticType, is_namedtuple
from s2sad.ir.values import Constant, Operand, Value, constant, is_operand

if TYPE_CHECKING:
    from s2sad.frontend.reading.source import Source
    from s2sad.frontend.terms.frames import Frame


@dataclass(frozen=True, slots=True)
class Ref:
    """A list, a dict, or an object of a class: `cell` is the key of its contents in the environment."""

    cell: str
    cls: type


@dataclass(frozen=True, eq=False, slots=True)
class Slice:
    """A slice by its parts."""

    start: Operand
    stop: Operand
    step: Operand


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """One step from an array to a view of it: a primitive with its further operands; of a subscript the items."""

    primitive: Primitive
    operands: tuple[Term, ...] = ()
    static: tuple[tuple[str, object], ...] = ()

    @property
    def key(self) -> object:
        return (self.primitive, len(self.operands), repr(self.static))


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """A view of an array that lives in a cell: it sees what is stored there, and what is stored in it is seen there.

    Where it is not known whether NumPy makes a view or a copy, `born` is what the cell held when it was made: it may
    be read as long as the cell holds that, and not be written.
    """

    ref: Ref
    steps: tuple[Step, ...]
    born: Operand | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Record:
    """A NamedTuple; or a dataclass or object as a value, by its fields."""

    cls: type
    items: dict[str, Term]


class Labelled:
    """The class of the record of what is computed with labelled numbers: their array, `values`, and `of` what it is."""


@dataclass(frozen=True, eq=False, slots=True)
class Range:
    start: Operand
    stop: Operand
    step: Operand


@dataclass(frozen=True, eq=False, slots=True)
class Zip:
    """Several iterables in step; `strict` as zip has it. They are `alike` where they are known to be equally long.

    Its items are of the class `cls`: a tuple, or a NamedTuple.
    """

    iterables: tuple[Term, ...]
    strict: bool = False
    alike: bool = False
    cls: type = tuple

    def row(self, items: Sequence[Term]) -> Term:
        """An item, of these."""
        names: Sequence[str] = getattr(self.cls, "_fields", ())
        return Record(self.cls, dict(zip(names, items, strict=True))) if names else tuple(items)


@dataclass(frozen=True, eq=False, slots=True)
class Enumerate:
    iterable: Term
    start: Operand


@dataclass(frozen=True, eq=False, slots=True)
class Reversed:
    iterable: Term


@dataclass(frozen=True, eq=False, slots=True)
class Once:
    """An iterator over what can be iterated over again: `iter(xs)`, `map(f, xs)`."""

    iterable: Term


@dataclass(frozen=True, eq=False, slots=True)
class Applied:
    """`map(function, *iterables)` or `filter(function, iterable)`: the function is called where items are taken."""

    by: str
    function: Term
    iterables: tuple[Term, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Rest:
    """What the cell of an iterator holds: an iterable, and the number of its items that are used up."""

    iterable: Term
    position: Operand


@dataclass(frozen=True, eq=False, slots=True)
class Taken:
    """In the cell of an iterator: something else has it, and how far that is, is not known here."""

    by: str


@dataclass(frozen=True, eq=False, slots=True)
class OfDict:
    """`d.keys()`, `d.values()` or `d.items()`: of what the dict holds when it is looked at."""

    receiver: Ref
    kind: str


@dataclass(frozen=True, eq=False, slots=True)
class Keyed:
    """In the cell of a dict whose keys are known at run time only: their places in the list of its items.

    `form` says what a key is, see `syntax/tables.py`; `factory` makes what is missing, in a Counter only to be read.
    """

    table: Operand
    items: Term
    form: Form
    factory: Term | None = None
    counts: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class OfTable:
    """The keys of a dict whose keys are known at run time only, or its items: what is `listed` when it is walked.

    `form` is that of the keys, None for the items.
    """

    receiver: Ref
    table: Operand
    listed: Term
    form: Form | None


@dataclass(frozen=True, eq=False, slots=True)
class Checkpointed:
    """A range whose loop is reversed from so many snapshots."""

    iterable: Term
    snapshots: int


@dataclass(frozen=True, eq=False, slots=True)
class Method:
    """`receiver.name` of an array, list, dict or string, to be called."""

    receiver: Term
    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Closure:
    """A function or lambda made in the function that is lowered, with its defaults; it sees the names of `frame`."""

    node: gast.AST
    name: str
    frame: Frame
    defaults: dict[str, Term]


@dataclass(frozen=True, eq=False, slots=True)
class Derived:
    """The derivative of a function that is made inside, to be called; `transform` says which."""

    function: Term
    transform: Transformation


@dataclass(frozen=True, eq=False, slots=True)
class Linear:
    """What `vjp` and `linearize` give: a pullback or pushforward at a point, `operands`; it takes `count` arguments.

    `target` is compiled for these and for those of the arguments that are `kept`.
    """

    target: Derivable
    operands: tuple[Operand, ...]
    count: int
    kept: tuple[int, ...]


@dataclass(frozen=True, eq=False, slots=True)
class SolverFunction:
    """A function that a solver gave, of one argument: `value`. What it gives depends on the `operands` of the call."""

    value: Operand
    call: Any
    called: Callable[[Any], Any]
    operands: tuple[Operand, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Partial:
    """A callable with its first arguments: a bound method, `functools.partial`."""

    function: Term
    arguments: tuple[Term, ...]
    keywords: dict[str, Term]


@dataclass(frozen=True, eq=False, slots=True)
class Generator:
    """A generator expression, evaluated where it is consumed; its first iterable where it stands."""

    node: gast.AST
    frame: Frame
    first: Term


@dataclass(frozen=True, eq=False, slots=True)
class Generated:
    """The call of a generator function, with its parameters; it is lowered where it is consumed, once.

    `function` is that of the module, or `frame` the one in whose text it is written.
    """

    tree: gast.FunctionDef
    source: Source
    function: types.FunctionType | None
    frame: Frame | None
    bound: dict[str, Term]


@dataclass(frozen=True, eq=False, slots=True)
class Choice:
    """One of two functions, by a predicate of run time."""

    predicate: Operand
    then: Term
    orelse: Term


@dataclass(frozen=True, eq=False, slots=True)
class Maybe:
    """A value, or None where `present` does not hold at run time."""

    present: Operand
    value: Term


@dataclass(frozen=True, eq=False, slots=True)
class Known:
    """One of some strings, members of Enums, or None: by its number in the table of the lowering."""

    index: Operand


@dataclass(frozen=True, eq=False, slots=True)
class Outside:
    """An object outside the function that takes values, or what is in one: `handle` is the object when it runs.

    `found` is what was found there while compiling, None where nothing is known of it.
    """

    handle: Operand
    name: str
    found: object = None


@dataclass(frozen=True, eq=False, slots=True)
class Super:
    """`super()`: the attributes of the classes behind `cls`, on a receiver."""

    cls: type
    receiver: Term


Form: TypeAlias = "str | tuple[Form, ...]"
"""What a key of a dict is: a number, one of several strings or objects, or a tuple of such."""
Items: TypeAlias = "dict[Any, Term]"
"""What a dict holds, or an object as a value; the keys of an object are names."""
Term: TypeAlias = (
    "Value | Constant | tuple[Term, ...] | list[Term] | Items | Ref | Record | Range | Zip | Enumerate"
    " | Checkpointed | Once | Applied | Rest | Taken | OfDict | Keyed | OfTable"
    " | Reversed | Method | Closure | Derived | Linear | SolverFunction | Partial | Generator | Generated | Known"
    " | Choice | Maybe | Super | View | Slice | Outside"
)

ITERATOR: type = Iterator
"""The class of the objects that are iterators."""
USED_UP: Term = ()
"""What the cell of an iterator holds that is at its end."""

Parts: TypeAlias = tuple[object, list[Term], Callable[[list[Any]], Term]]


def parts(term: Term) -> Parts | None:
    """What identifies a composite term, the terms in it, and what puts others in their places; None for operands."""
    match term:
        case tuple() | list():
            cls: type = list if isinstance(term, list) else tuple
            return (cls, len(term)), list(term), cls
        case dict():
            keys = tuple(term)
            return (dict, keys), list(term.values()), lambda new: dict(zip(keys, new, strict=True))
        case Record():
            names, record = tuple(term.items), term.cls
            rebuild = lambda new: Record(record, dict(zip(names, new, strict=True)))  # noqa: E731
            return (record, names), list(term.items.values()), rebuild
        case Ref():
            return ("ref", term.cell), [], lambda new: term
        case View():
            born = term.born
            counts = [len(step.operands) for step in term.steps]
            operands = [o for step in term.steps for o in step.operands]
            viewed = lambda new: View(new[0], _steps(term.steps, counts, new[1:]), born)  # noqa: E731
            return (View, tuple(step.key for step in term.steps), born), [term.ref, *operands], viewed
        case Slice():
            return Slice, [term.start, term.stop, term.step], lambda new: Slice(*new)
        case Range():
            return Range, [term.start, term.stop, term.step], lambda new: Range(*new)
        case Zip():
            zipped = term
            rows = lambda new: replace(zipped, iterables=tuple(new))  # noqa: E731
            return (Zip, term.strict, term.alike, term.cls, len(term.iterables)), list(term.iterables), rows
        case Enumerate():
            return Enumerate, [term.iterable, term.start], lambda new: Enumerate(*new)
        case Reversed():
            return Reversed, [term.iterable], lambda new: Reversed(*new)
        case Once():
            return Once, [term.iterable], lambda new: Once(*new)
        case Applied():
            by = term.by
            lazy = lambda new: Applied(by, new[0], tuple(new[1:]))  # noqa: E731
            return (Applied, by, len(term.iterables)), [term.function, *term.iterables], lazy
        case Rest():
            return Rest, [term.iterable, term.position], lambda new: Rest(*new)
        case Taken():
            return (Taken, term.by), [], lambda new: term
        case OfDict():
            kind = term.kind
            return (OfDict, kind), [term.receiver], lambda new: OfDict(new[0], kind)
        case Keyed():
            key = (Keyed, term.form, term.counts, _factory_key(term.factory))
            return key, [term.table, term.items], lambda new: replace(term, table=new[0], items=new[1])
        case OfTable():
            form, table = term.form, term.table
            view = lambda new: OfTable(new[0], table, new[1], form)  # noqa: E731
            return (OfTable, form, table), [term.receiver, term.listed], view
        case Checkpointed():
            most = term.snapshots
            return (Checkpointed, most), [term.iterable], lambda new: Checkpointed(new[0], most)
        case Method():
            name = term.name
            return (Method, name), [term.receiver], lambda new: Method(new[0], name)
        case Maybe():
            return Maybe, [term.present, term.value], lambda new: Maybe(*new)
        case Choice():
            return Choice, [term.predicate, term.then, term.orelse], lambda new: Choice(*new)
        case Closure():
            keys = tuple(term.defaults)
            made = lambda new: Closure(term.node, term.name, term.frame, dict(zip(keys, new, strict=True)))  # noqa: E731
            return (Closure, id(term.node), term.frame.number), list(term.defaults.values()), made
        case Partial():
            n, keys = len(term.arguments), tuple(term.keywords)
            items = [term.function, *term.arguments, *term.keywords.values()]
            again = lambda new: Partial(new[0], tuple(new[1 : 1 + n]), dict(zip(keys, new[1 + n :], strict=True)))  # noqa: E731
            return (Partial, n, keys), items, again
        case Derived():
            made_of = term.transform
            return (Derived, repr(made_of)), [term.function], lambda new: Derived(new[0], made_of)
        case Linear():
            at, n, kept = term.target, term.count, term.kept
            return (Linear, id(at), n, kept), list(term.operands), lambda new: Linear(at, tuple(new), n, kept)
        case SolverFunction():
            again_given = lambda new: replace(term, value=new[0], operands=tuple(new[1:]))  # noqa: E731
            return (SolverFunction, id(term.call)), [term.value, *term.operands], again_given
        case Generator():
            node, frame = term.node, term.frame
            return (Generator, id(node), frame.number), [term.first], lambda new: Generator(node, frame, new[0])
        case Known():
            return Known, [term.index], lambda new: Known(*new)
        case Generated():
            return (Generated, id(term)), [], lambda new: term
        case Outside():
            name, there = term.name, term.found
            return (Outside, name, id(there)), [term.handle], lambda new: Outside(new[0], name, there)
        case Super():
            cls = term.cls
            return (Super, cls), [term.receiver], lambda new: Super(cls, new[0])
    return None


def _factory_key(factory: Term | None) -> object:
    """What tells one factory of a dict from another one."""
    return factory.value if isinstance(factory, Constant) else factory and structure(factory)


def _steps(steps: tuple[Step, ...], counts: list[int], operands: list[Term]) -> tuple[Step, ...]:
    """The steps with other operands."""
    rest = iter(operands)
    return tuple(
        Step(s.primitive, tuple(next(rest) for _ in range(n)), s.static) for s, n in zip(steps, counts, strict=True)
    )


NUMBER = "number"
NAMED = "named"


def is_plain_form(form: Form | None) -> bool:
    """Whether what is listed in this form is what it stands for: numbers, or tuples of them; None is of items."""
    return form is None or form == NUMBER or (isinstance(form, tuple) and all(map(is_plain_form, form)))


def is_none(term: Term | None) -> bool:
    """Whether a term is `None`, or is not there."""
    return term is None or (isinstance(term, Constant) and term.value is None)


def is_plain_object(term: Term) -> bool:
    """Whether a term is a string, a member of an Enum, or None, or one of these by its number."""
    if isinstance(term, Known):
        return True
    return isinstance(term, Constant) and (term.value is None or isinstance(term.value, (str, enum.Enum)))


def as_number(operand: Operand) -> Operand:
    """The number that a member of an Enum is, where its class is one of numbers too; other operands as they are."""
    value = operand.value if isinstance(operand, Constant) else None
    if not isinstance(value, enum.Enum) or not isinstance(value, (int, float)):
        return operand
    return constant(int(value) if isinstance(value, int) else float(value))


def as_index(term: Term) -> Term:
    """A subscript of an array, with the numbers that members of Enums are."""
    if isinstance(term, tuple):
        return tuple(map(as_index, term))
    return as_number(term) if is_operand(term) else term


def is_number(term: Term) -> TypeGuard[Operand]:
    """Whether a term is a number, or a pure array of them."""
    return is_operand(term) and term.type.is_numeric


def is_container(term: Term) -> TypeGuard[Operand]:
    """Whether a term is a tuple, list, dict or object as one value of the IR."""
    return is_operand(term) and term.type.is_container


def is_static_object(term: Term) -> TypeGuard[Constant]:
    """Whether a term is an object known at compile time that is no number: None, a string, a function, a module."""
    return isinstance(term, Constant) and term.type.is_static


def known_integer(term: Term) -> int | None:
    """An integer known at compile time."""
    size = term.type.size if is_number(term) else None
    return size if isinstance(size, int) else None


def known_place(index: Term, length: int) -> int | None:
    """A position known at compile time, counted from the start; None where it is known at run time only."""
    if isinstance(index, Constant) and isinstance(index.value, int):
        return index.value + length if index.value < 0 else index.value
    return known_integer(index) if isinstance(index, Value) else None


def is_slice(index: Term) -> bool:
    """Whether an index is a slice known at compile time."""
    return isinstance(index, Constant) and isinstance(index.value, slice)


def is_sequence(term: Term) -> TypeGuard[Operand]:
    """Whether a term is a list of run-time length."""
    return is_operand(term) and term.type.is_sequence


def is_of_unknown_kind(term: Term) -> bool:
    """Whether a value may be anything: what a function gives that stands in the program as it is."""
    return isinstance(term, Value) and term.type.is_numeric and term.type.dtype is None


def class_of(term: Term) -> type | None:
    """The class of the object that a term stands for, where it may be one of the user's."""
    if isinstance(term, (Ref, Record)):
        return term.cls
    if is_operand(term):
        if term.type.is_container:
            return term.type.cls
        if is_static_object(term):
            return type(term.value)
        if term.type.is_sequence:
            return list
    return None


def is_array(term: Term) -> bool:
    """Whether a term is an array that lives in a cell, or a view of one."""
    return isinstance(term, View) or (isinstance(term, Ref) and term.cls is np.ndarray)


def is_iterator(term: Term) -> TypeGuard[Ref]:
    """Whether a term is an iterator that has an identity: who takes an item of it leaves it to the others without."""
    return isinstance(term, Ref) and term.cls is ITERATOR


def is_new_iterator(
    term: Term,
) -> TypeGuard[Once | Applied | Rest | Zip | Enumerate | Reversed | Generator | Generated]:
    """Whether a term is an iterator that nobody holds yet."""
    return isinstance(term, (Once, Applied, Rest, Zip, Enumerate, Reversed, Generator, Generated))


def flatten(term: Term) -> tuple[list[Operand], Callable[[Sequence[Operand]], Term]]:
    """The operands in a term, and what puts others in their places."""
    found = parts(term)
    if found is None:
        assert is_operand(term)
        return [term], lambda new: new[0]
    _, children, build = found
    inner = [flatten(c) for c in children]
    sizes = [len(operands) for operands, _ in inner]

    def rebuild(new: Sequence[Operand]) -> Term:
        # the operands of all children in one row: each takes as many as it had
        items, at = [], 0
        for size, (_, one) in zip(sizes, inner, strict=True):
            items.append(one(new[at : at + size]))
            at += size
        return build(items)

    return [o for operands, _ in inner for o in operands], rebuild


def leaf_names(term: Term, name: str | None) -> list[str | None]:
    """Names for the operands in a term of this name: `state_x` for the item "x" of a dict or the attribute x."""
    found = parts(term)
    if found is None:
        return [name]
    keys: list[object] = list(term) if isinstance(term, dict) else []
    if isinstance(term, Record):
        keys = list(term.items)
    if isinstance(term, Maybe):
        return [f"{name}_given" if name else None, *leaf_names(term.value, name)]
    names: list[str | None] = []
    for k, child in enumerate(found[1]):
        named = bool(keys) and isinstance(keys[k], str) and str(keys[k]).isidentifier()
        inner = f"{name}_{keys[k]}" if named and name else str(keys[k]) if named else name
        names += leaf_names(child, inner)
    return names


def structure(term: Term) -> object:
    """What two terms must share to be merged leaf by leaf."""
    found = parts(term)
    return None if found is None else (found[0], tuple(map(structure, found[1])))


def maybes_in(term: Term) -> int:
    """How many places of a term have a value or None."""
    found = parts(term)
    return isinstance(term, Maybe) + (0 if found is None else sum(map(maybes_in, found[1])))


def nones_in(term: Term) -> int:
    """How many places of a term are None, or may be."""
    if is_none(term) or isinstance(term, Maybe):
        return 1
    found = parts(term)
    return 0 if found is None else sum(map(nones_in, found[1]))


def is_static(term: Term) -> bool:
    """Whether the term is known at compile time, tuples and values of containers included."""
    if isinstance(term, (tuple, list)):
        return all(map(is_static, term))
    if isinstance(term, dict):
        return all(map(is_static, term.values()))
    return isinstance(term, Constant)


def static_value(term: Term) -> UserValue:
    """The Python object of a static term."""
    if isinstance(term, Constant):
        return term.value
    if isinstance(term, (tuple, list)):
        return (list if isinstance(term, list) else tuple)(map(static_value, term))
    assert isinstance(term, dict)
    return {k: static_value(v) for k, v in term.items()}


def open_container(builder: Builder, term: Term) -> Term:
    """A container value as a container of terms, one level deep; other terms as they are."""
    if not is_operand(term) or not isinstance(term.type, ContainerType):
        return term
    t = term.type
    items: list[Term] = [extract(builder, term, key) for key in t.keys]
    if t.cls is dict:
        return dict(zip(t.keys, items, strict=True))
    if t.cls in (tuple, list):
        return items if t.cls is list else tuple(items)
    names = t.cls._fields if is_namedtuple(t.cls) else t.keys  # type: ignore[attr-defined]
    return Record(t.cls, dict(zip(map(str, names), items, strict=True)))


def extract(builder: Builder, container: Operand, key: object) -> Operand:
    """One item of a container value; a static item is its constant."""
    assert isinstance(container.type, ContainerType)
    item = container.type[key]
    if isinstance(item, StaticType):
        return static_constant(item)
    if isinstance(key, str) and key.isidentifier() and key.strip("_") and item.is_numeric:
        return builder.extract(container, key, str.__str__(key), loose=True)
    return builder.extract(container, key)


def static_constant(t: StaticType) -> Constant:
    """The constant of what is known of an argument: a flag is a truth value as any other."""
    return constant(t.value) if isinstance(t.value, (bool, np.bool_)) else Constant(t.value, t)


def describe(term: Term) -> str:
    """A term in the words of an error message."""
    if is_static_object(term):
        return _described(term.value)
    if is_operand(term):
        return str(term.type)
    if isinstance(term, (Ref, Record)):
        return "an array" if is_array(term) else "an iterator" if is_iterator(term) else f"a {term.cls.__name__}"
    if isinstance(term, Outside):
        return f"what is in {term.name}"
    names = {
        View: "a view of an array",
        Maybe: "a value or None",
        Closure: "a function",
        Derived: "a function",
        Linear: "a function",
        Partial: "a function",
        Choice: "a function",
        Generator: "a generator",
        Generated: "a generator",
        Once: "an iterator",
        Applied: "an iterator",
        OfDict: "a view of a dict",
        OfTable: "a view of a dict",
        Keyed: "a dict whose keys are known at run time only",
        Known: "one of several strings or members of an Enum",
    }
    return names.get(type(term), f"a {type(term).__name__.lower()} object")


def _described(value: UserValue) -> str:
    """An object known at compile time, without its address."""
    if value is None or isinstance(value, (str, bytes)):
        return repr(value)
    name = getattr(value, "__name__", None)
    kind = type(value).__name__
    return f"the {kind} {name}" if isinstance(name, str) else f"an object of {kind}"


def same_operand(a: Operand, b: Operand) -> bool:
    """Whether both branches give the same value, or the same static object or truth value."""
    if a is b:
        return True
    if not isinstance(a, Constant) or not isinstance(b, Constant):
        return False
    return a.value is b.value if isinstance(a.value, bool) else a.type.is_static and a.type == b.type
