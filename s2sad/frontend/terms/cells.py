"""Lists, dicts and objects while a function is lowered: each lives in a cell of the environment, so that whoever has
its `Ref` sees what is stored in it.

    xs = [a]; ys = xs; ys.append(b)      env: xs -> Ref("#1"), ys -> Ref("#1"), "#1" -> [a, b]

Cells are merged where branches meet and carried through loops as variables are. Where two branches (or two iterations)
leave different objects under one name, the name gets a new object with the merged contents; if another name still sees
one of the two, the new one can be read but not changed (`frozen`). A list whose length differs between two branches or
iterations becomes a list of run-time length: one value of the IR.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

import gast
import numpy as np

from s2sad.errors import Location, Unsupported, UnsupportedSyntax, UnsupportedType
from s2sad.frontend.dependencies import NeedsHandle
from s2sad.frontend.terms.frames import Frame
from s2sad.frontend.terms.outside import OutsideItems, OutsideList
from s2sad.frontend.terms.references import refs, same_array
from s2sad.frontend.terms.solver_targets import ITSELF
from s2sad.frontend.terms.terms import (
    ITERATOR,
    Applied,
    Enumerate,
    Generated,
    Generator,
    Keyed,
    Known,
    Labelled,
    Maybe,
    OfDict,
    OfTable,
    Once,
    Outside,
    Record,
    Ref,
    Rest,
    Reversed,
    Slice,
    SolverFunction,
    Term,
    View,
    Zip,
    describe,
    flatten,
    is_array,
    is_iterator,
    is_new_iterator,
    is_none,
    is_plain_object,
    open_container,
    parts,
)
from s2sad.ir.builder import Builder
from s2sad.ir.containers import UNDEFINED
from s2sad.ir.primitives.effects import PICKED, raise_unless
from s2sad.ir.primitives.lists import LIST_SET, SEQUENCE, item_type
from s2sad.ir.solver import methods_of
from s2sad.ir.types import BOTTOM, ArrayType, ContainerType, SequenceType, SparseType, Type, leaves
from s2sad.ir.values import Constant, Operand, Value, constant, is_operand

Environment = dict[str, Term]

STOP = "<stop>"
"""The pseudo-variable that says whether a loop is to be left."""


class OfOutside(str):
    """Why an object may be read only: it stands outside the function. `item` is the object, where it is known."""

    instead = "return what is to be stored, has_aux=True, and store it behind the call"
    item: object = None

    def of(self, item: object) -> OfOutside:
        """The same of an object that is known."""
        new = OfOutside(self)
        new.item = item
        return new


class AfterStore(str):
    """Why an object may be read only: an object outside has it."""

    instead = "store a copy of it"


def not_read(outside: Outside, location: Location) -> UnsupportedType:
    """The error where what an object outside holds is used: it may depend on what is differentiated by."""
    return UnsupportedType(
        f"what is in {outside.name} is used, and the function stores values there",
        "keep in a variable of the function what is used again; only numbers can be read",
        location,
    )


class OneOfTwo(str):
    """Why an object may be read only: it was merged of others, in the cells `sources`, that may be seen elsewhere.

    It is what they were when it was merged: it may be read as long as they are not changed.
    """

    sources: frozenset[str]

    def __new__(cls, text: str, sources: frozenset[str]) -> OneOfTwo:
        new = super().__new__(cls, text)
        new.sources = sources
        return new


def is_mutable(cls: type) -> bool:
    """Whether instances of a class of containers have an identity that can be seen."""
    return not issubclass(cls, tuple)


class Cells(ABC):
    """The environment and the cells in it."""

    builder: Builder
    env: Environment
    frame: Frame

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.entry = builder
        """Where what belongs to the whole function is computed."""
        self.env = {}
        self.parameter_paths: dict[Value, tuple[int, tuple[object, ...]]] = {}
        self.frozen: dict[str, str] = {}
        """Cells that may be read only, and why."""
        self.watched: dict[str, dict[str, Term]] = {}
        """For merged objects: what the cells held that they were merged of."""
        self.one_of: dict[str, Either] = {}
        """Arrays that are one of two others, by a condition: what is changed in one of them is changed in the other."""
        self.objects: list[object] = []
        """The strings, members of Enums and None of which a name may be one at run time: by their numbers."""
        self.origins: dict[str, tuple[Operand, Term]] = {}
        """The value that a cell was opened from, and its contents then."""
        self.inside: dict[str, tuple[Ref, Operand]] = {}
        """Items of lists of run-time length that have no name: the list, and the position."""
        self.item_updates: list[Operand] = []
        """The lists that stores into such items have made."""
        self.factories: dict[str, Term] = {}
        """What a dict makes for a key that is missing: a defaultdict."""
        self.counting: set[str] = set()
        """The dicts that make it to be read only: a Counter."""
        self.memory = False
        """Whether arrays live in cells too: the function writes into one."""
        self.keeps_rows = False
        self.rounds_left = 0
        """How many rounds of loops may be written out one by one, so that the objects in lists are known."""
        """Whether lists may be items of lists of run-time length."""
        self.given_cells: frozenset[str] = frozenset()
        """The cells that the caller of the function may see."""
        self.touched: set[str] = set()
        """Those of them that a branch changes: the names of the function may not reach them behind it."""
        self.perhaps_given: dict[str, frozenset[str]] = {}
        """Objects that a run may find to be one of those in the cells that the caller may see: which these are."""
        self.perhaps_touched = False
        """Whether such an object is changed."""
        self.handed: dict[str, str] = {}
        """The parameters whose arrays are handed back where the function writes into them, with their cells."""
        self.labels: dict[str, str] = {}
        """The name under which the user first had an object."""
        self.cells = 0
        self.made: set[str] = set()
        """The cells of objects that the function makes: what stands in another cell is another object."""

    @abstractmethod
    def refuse(
        self, node: gast.AST, what: str, instead: str = "", cls: type[Unsupported] = UnsupportedSyntax
    ) -> NoReturn:
        """Raise an error at a node: what is not supported, and what to write instead."""

    @abstractmethod
    def fails(self, node: gast.AST, what: str, exception: Exception, instead: str = "") -> NoReturn:
        """Say that the program raises an exception here, if it gets here."""

    @abstractmethod
    def raised(self, error: Evaluated) -> Term:
        """An exception that is known, in a branch that may not be taken."""

    @abstractmethod
    def at(self, node: gast.AST) -> Location:
        """Where a node stands in the user's file."""

    # cells

    def new(self, cls: type, contents: Term, frozen: str | None = None, made: bool = True) -> Ref:
        """A cell for an object: one that is `made` here, or one that there may have been before."""
        self.cells += 1
        ref = Ref(f"#{self.cells}", cls)
        (self.made.add if made and frozen is None else self.made.discard)(ref.cell)
        self.env[ref.cell] = self.held(contents)
        if frozen is not None:
            self.frozen[ref.cell] = frozen
        return ref

    def watch_sources(self, since: int) -> None:
        """Remember, for the objects merged since there were so many cells, what they were merged of."""
        for number in range(since + 1, self.cells + 1):
            why = self.frozen.get(f"#{number}")
            if isinstance(why, OneOfTwo):
                self.watched[f"#{number}"] = {c: self.env[c] for c in why.sources if c in self.env}

    def check_sources(self, ref: Ref, env: Mapping[str, Term]) -> None:
        """Refuse to read a merged object when one of those that it was merged of was changed since."""
        if ref.cell in self.one_of:
            return  # it has every change of the two
        for cell, was in self.watched.get(ref.cell, {}).items():
            if cell in env and env[cell] is not was:
                raise NotStatic(
                    f"{describe(ref)} is read {self.frozen[ref.cell]}, and one of them was changed since",
                    "take a copy before the change",
                    self.builder.location,
                )

    def held(self, contents: Term) -> Term:
        """What goes into a cell: the arrays in it have cells of their own."""
        if isinstance(contents, (OutsideItems, OutsideList)) and not self.memory:
            return contents  # to look at its items would be to read them
        found = parts(contents)
        if found is None or not isinstance(contents, (list, dict)):
            return contents
        if not any(map(self.has_identity, found[1])):
            return contents
        return found[2]([self.adopt(c) if self.has_identity(c) else c for c in found[1]])

    def has_identity(self, term: Term) -> bool:
        """Whether a term that has no cell yet is to have one: an array in memory, an iterator."""
        return (self.memory and isinstance(term, Value)) or is_new_iterator(term)

    def changeable(self, term: Term, node: gast.AST) -> Ref:
        """The list, dict or object that a term is, to be changed; a tuple is none."""
        if not isinstance(term, Ref):
            self.refuse(node, f"{describe(term)} is changed", "make a list of it first", UnsupportedType)
        return term

    def change(self, ref: Ref, contents: Term, node: gast.AST) -> None:
        """Put new contents into a cell."""
        contents = self.held(contents)
        if ref.cell in self.inside:
            # an item of a list of run-time length has no cell that lasts: the change is stored in the list as well
            whole, place = self.inside[ref.cell]
            self.env[ref.cell] = contents
            before, item = self.open(whole), self.to_operand(ref)
            assert is_operand(before)
            made = self.builder.apply(LIST_SET, (before, place, item), None, self.shown(whole.cell))
            self.item_updates.append(made)
            self.change(whole, made, node)
            return
        why = self.frozen.get(ref.cell)
        if why is not None and (ref.cell not in self.one_of or isinstance(why, AfterStore)):
            if isinstance(why, OfOutside) and why.item is not None:
                raise NeedsHandle(why.item)
            instead = "write into a copy of it" if is_array(ref) else "make a new one"
            instead = getattr(why, "instead", instead)
            self.refuse(node, f"{describe(ref)} is changed {why}", instead, NotStatic)
        self.perhaps_touched |= ref.cell in self.perhaps_given and ref.cell not in self.one_of
        self.env[ref.cell] = contents
        if self.one_of:
            self.follow(ref.cell, node)

    @abstractmethod
    def is_new(self, array: Operand) -> bool:
        """Whether an array is memory that an operation of the function made."""

    @abstractmethod
    def follow(self, cell: str, node: gast.AST) -> None:
        """Do what was done to the array in a cell to those that it may be, and to those that may be it."""

    def given_in(self, objects: Iterable[Ref]) -> frozenset[str]:
        """The cells that the caller may see among those of these objects, or of what they may be."""
        cells = [r.cell for r in objects]
        return frozenset(c for c in cells if c in self.given_cells).union(
            *(self.perhaps_given.get(c, ()) for c in cells)
        )

    def note_given(self, given: frozenset[str], since: int) -> None:
        """Remember of the cells made since there were so many that they may be those which the caller sees."""
        if given:
            self.perhaps_given.update((f"#{number}", given) for number in range(since + 1, self.cells + 1))

    def shown(self, key: str | None) -> str | None:
        """A key of the environment as a name: for a cell that of the first variable, if there was one."""
        if key is None:
            return None
        return self.labels.get(key) if key.startswith("#") else "stop" if key == STOP else key.partition(".")[0]

    def adopt(self, term: Term, frozen: str | None = None) -> Term:
        """The term with every list, dict and object in it, given as a value, in a cell of its own."""
        if is_operand(term):
            if term.type.is_sequence:
                return self.new(list, term, frozen, made=False)
            if self.memory and term.type.is_array:
                array = self.new(np.ndarray, term, frozen, made=self.is_new(term))
                self.origins[array.cell] = (term, term)
                return array
            if not term.type.is_container or not self.holds_mutable(term.type):
                return term
            adopted = self.adopt(self.opened(term), frozen)
            if isinstance(adopted, Ref):
                self.origins[adopted.cell] = (term, self.env[adopted.cell])
            return adopted
        if isinstance(term, Ref):
            return term
        if is_new_iterator(term):
            return self.new(ITERATOR, self.left_of(term), frozen)
        found = parts(term)
        assert found is not None
        _, children, build = found
        items = [self.adopt(c, frozen) for c in children]
        term = build(items) if any(a is not b for a, b in zip(items, children, strict=True)) else term
        if isinstance(term, (list, dict)):
            return self.new(type(term), term, frozen, made=False)
        if isinstance(term, Keyed):
            return self.new(dict, term, frozen, made=False)
        if isinstance(term, Record) and is_mutable(term.cls):
            return self.new(term.cls, dict(term.items), frozen, made=False)
        return term

    def left_of(self, term: Term) -> Term:
        """What the cell of a new iterator holds."""
        match term:
            case Generated():
                return term
            case Generator():
                return replace(term, first=self.iterator_of(term.first))
            case Applied():
                return Applied(term.by, self.adopt(term.function), tuple(map(self.iterator_of, term.iterables)))
            case Rest():
                return Rest(self.settled(term.iterable), term.position)
            case Once():
                return Rest(self.settled(term.iterable), constant(0))
        return Rest(self.settled(term), constant(0))

    def iterator_of(self, term: Term) -> Term:
        """An iterator over a term, which may be one already."""
        return term if is_iterator(term) else self.adopt(Once(term))

    def settled(self, term: Term) -> Term:
        """What an iterator runs over: the objects in it have cells, it has none itself."""
        match term:
            case Zip() | Enumerate() | Reversed() | Once():
                found = parts(term)
                assert found is not None
                return found[2]([self.settled(c) for c in found[1]])
            case Generator() | Generated() | Applied():
                return self.left_of(term)
        return self.adopt(term)

    def holds_mutable(self, t: Type) -> bool:
        """Whether something in a value of this type has an identity that can be seen."""
        if isinstance(t, ArrayType):
            return self.memory and not t.is_scalar
        return isinstance(t, ContainerType) and (is_mutable(t.cls) or any(map(self.holds_mutable, t.items)))

    def opened(self, term: Term) -> Term:
        """A container value as a container of terms, one level deep; the paths of parameters are remembered."""
        opened = open_container(self.builder, term)
        if opened is not term and isinstance(term, Value) and term in self.parameter_paths:
            parameter, path = self.parameter_paths[term]
            keys = term.type.keys if isinstance(term.type, ContainerType) else ()
            found = parts(opened)
            assert found is not None
            for key, item in zip(keys, found[1], strict=True):
                if isinstance(item, Value):
                    self.parameter_paths[item] = (parameter, (*path, key))
        return opened

    def open(self, term: Term) -> Term:
        """What is in a container, one level deep: a list, tuple, dict or Record of terms; other terms as they are."""
        if isinstance(term, Maybe):
            return self.open(self.given(term))
        if isinstance(term, View):
            return self.seen(term)
        if isinstance(term, OfDict):
            return self.opened_view(self.of_dict(term))
        if isinstance(term, OfTable):
            return self.opened_view(term)
        if isinstance(term, Outside):
            raise not_read(term, self.builder.location)
        if isinstance(term, Ref):
            self.check_sources(term, self.env)
            contents = self.env[term.cell]
            if term.cls in (list, dict) or not isinstance(contents, dict):
                return list(contents) if type(contents) is list else contents
            return Record(term.cls, dict(contents))
        return self.opened(term)

    @abstractmethod
    def of_table(self, ref: Ref, keyed: Keyed, kind: str) -> Term:
        """What a view of a dict shows whose keys are known at run time only."""

    @abstractmethod
    def opened_view(self, term: Term) -> Term:
        """The list that a view of a dict shows, where its keys are numbers and known at run time only."""

    def of_dict(self, view: OfDict, env: Environment | None = None) -> Term:
        """What a view of a dict shows now."""
        contents = (self.env if env is None else env)[view.receiver.cell]
        if isinstance(contents, Keyed):
            return self.of_table(view.receiver, contents, view.kind)
        assert isinstance(contents, dict)
        if view.kind == "values":
            return tuple(contents.values())
        return tuple(constant(k) if view.kind == "keys" else (constant(k), v) for k, v in contents.items())

    # values

    @abstractmethod
    def seen(self, view: View, builder: Builder | None = None, env: Environment | None = None) -> Operand:
        """What a view of an array shows now."""

    def value_form(self, term: Term, env: Environment | None = None) -> Term:
        """The term with what its cells hold in place of the references."""
        env = self.env if env is None else env
        if isinstance(term, Ref):
            self.check_sources(term, env)
            contents = env[term.cell]
            if isinstance(contents, dict) and term.cls is not dict:
                contents = Record(term.cls, dict(contents))
            return self.value_form(contents, env)
        if isinstance(term, View):
            return self.seen(term, None, env)
        if isinstance(term, OfDict):
            return self.value_form(self.of_dict(term, env), env)
        found = parts(term)
        if found is None:
            return term
        return found[2]([self.value_form(c, env) for c in found[1]])

    def to_operand(self, term: Term, builder: Builder | None = None, env: Environment | None = None) -> Operand:
        """The term as one operand of the IR: containers are built."""
        builder, env = builder or self.builder, self.env if env is None else env
        if is_operand(term):
            return term
        if isinstance(term, Ref):
            self.check_sources(term, env)
            if self.is_unchanged(term, env):
                return self.origins[term.cell][0]
            contents = env[term.cell]
            whole = contents.whole() if isinstance(contents, (OutsideItems, OutsideList)) else None
            if whole is not None:
                return whole
            if isinstance(contents, dict) and term.cls is not dict:
                contents = Record(term.cls, dict(contents))
            return self.to_operand(contents, builder, env)
        if isinstance(term, SolverFunction):
            return term.value
        if isinstance(term, Record) and term.cls is Labelled:
            what = "numbers with labels are handed on, and their items and methods are not those of an array"
            raise UnsupportedType(what, "make an array first: .to_numpy()", builder.location)
        if isinstance(term, Record) and ITSELF in term.items and methods_of(term.cls) is not None:
            return self.to_operand(term.items[ITSELF], builder, env)
        if isinstance(term, View):
            return self.seen(term, builder, env)
        if isinstance(term, Outside):
            raise not_read(term, builder.location)
        if isinstance(term, OfDict):
            return self.to_operand(self.of_dict(term, env), builder, env)
        if isinstance(term, Slice):
            return builder.operand(slice(term.start, term.stop, term.step))
        if isinstance(term, Maybe):
            return self.to_operand(self.given(term, builder), builder, env)
        if isinstance(term, Known) and not any(isinstance(v, enum.Enum) for v in self.objects):
            return builder.apply(PICKED, (term.index,), {"options": tuple(self.objects)})
        if isinstance(term, (tuple, list)):
            items = [self.to_operand(t, builder, env) for t in term]
            return builder.operand(items if isinstance(term, list) else tuple(items))
        if isinstance(term, dict):
            return builder.make(dict, tuple(term), [self.to_operand(t, builder, env) for t in term.values()])
        if isinstance(term, Record):
            items = [self.to_operand(t, builder, env) for t in term.items.values()]
            keys = range(len(items)) if issubclass(term.cls, tuple) else term.items
            return builder.make(term.cls, tuple(keys), items)
        instead = "call it or iterate over it"
        if isinstance(term, (Keyed, OfTable)):
            instead = "use its items, or list(d.values())"
        raise UnsupportedType(f"{describe(term)} is used as a value", instead, builder.location)

    def is_plain(self, term: Term, env: Environment | None) -> bool:
        """Whether an item has no identity of its own; a list in a list of run-time length gives up its own."""
        if isinstance(term, Ref) and term.cls is list and self.keeps_rows:
            contents = (self.env if env is None else env)[term.cell]
            return not isinstance(contents, list) or all(self.is_plain(t, env) for t in contents)
        if isinstance(term, (tuple, Record)):
            found = parts(term)
            return found is not None and all(self.is_plain(t, env) for t in found[1])
        return is_operand(term) or is_array(term)

    def item_value(self, term: Term, builder: Builder | None = None, env: Environment | None = None) -> Operand:
        """An item for a list of run-time length. A list in it can be read from now on, not changed."""
        env = self.env if env is None else env
        if not isinstance(term, Ref):
            for ref in refs(term):
                self.frozen.setdefault(ref.cell, "after it was put into a list of run-time length")
            return self.without_sparse(self.to_operand(term, builder, env))
        self.check_sources(term, env)
        # the list holds a copy of the value: a change through the old name would not be seen in it
        self.frozen.setdefault(term.cell, "after it was put into a list of run-time length")
        contents = env[term.cell]
        if term.cls is list:
            return self.sequence_value(contents, builder, env)
        return self.without_sparse(self.to_operand(term, builder, env))

    def without_sparse(self, item: Operand) -> Operand:
        """An item, which is no sparse matrix: the adjoints of such lists would have to be matrices."""
        if any(isinstance(t, SparseType) for t in leaves(item.type)):
            what = "a sparse matrix is put into a list of run-time length"
            instead = "keep the data in the list, or write the matrices one by one: [A, B]"
            raise UnsupportedType(what, instead, self.builder.location)
        return item

    def given(self, term: Term, builder: Builder | None = None) -> Term:
        """What is there where a value may be None: reading it raises at run time where there is none."""
        if not isinstance(term, Maybe):
            return term
        builder = builder or self.builder
        if not isinstance(term.present, Constant):
            raise_unless(
                builder,
                term.present,
                TypeError,
                "a value is None here that is used, or given back where it is one elsewhere",
            )
            # checked once, for all that follows: in the block of the function itself nothing comes before this check
            # again
            if builder is self.entry:
                self.env.update({k: term.value for k, t in self.env.items() if t is term})
        return term.value

    def is_unchanged(self, ref: Ref, env: Environment) -> bool:
        """Whether a cell still holds what it was opened with, the cells in it included."""
        if ref.cell not in self.origins or env.get(ref.cell) is not self.origins[ref.cell][1]:
            return False
        # the contents are the same term, but the cells that it refers to may have changed
        return all(self.is_unchanged(r, env) for r in refs(env[ref.cell]))

    def is_sole(self, ref: Ref, env: Mapping[str, Term], dead: Callable[[str], bool], own: int) -> bool:
        """Whether no more than `own` living references to an object are in an environment."""
        found = [key for key, term in env.items() for r in refs(term) if r.cell == ref.cell]
        # liveness is asked last: it costs more, and one reference is the common case
        return len(found) <= own or sum(not dead(key) for key in found) <= own

    # merging

    def unify(
        self,
        t1: Term,
        env1: Environment,
        b1: Builder,
        t2: Term,
        env2: Environment,
        b2: Builder,
        name: str | None = None,
    ) -> tuple[Term, Term]:
        """Two terms for one name in a common structure as far as there is one; containers as values where they
        differ in identity.

        Each case makes the two more alike and asks again, or gives up: what then differs still is for the caller to
        refuse. What must be computed for it is computed on the side that it is of, by its own builder and environment.
        """
        if isinstance(t1, Ref) and isinstance(t2, Ref) and t1.cell == t2.cell:
            return t1, t2
        if is_plain_object(t1) and is_plain_object(t2):
            return self.as_known(t1, t2), self.as_known(t2, t1)
        # a value on one side and None on the other: a flag says which, and None has a value that nobody reads
        if _may_be_none(t1, t2):
            m1, m2 = _as_maybe(t1, t2, b1), _as_maybe(t2, t1, b2)
            v1, v2 = self.unify(m1.value, env1, b1, m2.value, env2, b2, name)
            return Maybe(m1.present, v1), Maybe(m2.present, v2)
        # an array that is not the same one on both sides loses its identity: only its numbers are merged
        if is_array(t1) or is_array(t2):
            if is_array(t1) and is_array(t2) and same_array(t1, t2):
                return t1, t2
            values = [self.to_operand(t1, b1, env1), self.to_operand(t2, b2, env2)]
            return values[0], values[1]
        # an object stays what it is where the other side is not known yet, or never comes here
        for term, other in ((t1, t2), (t2, t1)):
            if isinstance(term, Ref) and term.cell in self.env and is_operand(other) and other.type == BOTTOM:
                return term, term
        # two objects, or an object and a value: their contents are merged, one level after the other
        if isinstance(t1, Ref) or isinstance(t2, Ref):
            if _is_container(t1) and _is_container(t2):
                self.check_keyed((t1, env1), (t2, env2))
                v1, v2 = self.shallow(t1, env1, b1), self.shallow(t2, env2, b2)
                return self.unify(v1, env1, b1, v2, env2, b2, name)
            return t1, t2
        p1, p2 = parts(t1), parts(t2)
        if p1 is not None and p2 is not None and p1[0] == p2[0]:
            pairs = [self.unify(c1, env1, b1, c2, env2, b2) for c1, c2 in zip(p1[1], p2[1], strict=True)]
            return p1[2]([a for a, _ in pairs]), p2[2]([b for _, b in pairs])
        # a container as one value of the IR is opened where the other is one of terms
        if (p1 is None) is not (p2 is None) and _is_container(t1) and _is_container(t2):
            v1, v2 = open_container(b1, t1), open_container(b2, t2)
            if v1 is not t1 or v2 is not t2:
                return self.unify(v1, env1, b1, v2, env2, b2, name)
        # lists of several lengths have nothing in common but the type of their items
        if _is_list(t1) and _is_list(t2):
            return self.sequence_value(t1, b1, env1, name), self.sequence_value(t2, b2, env2, name)
        return t1, t2

    @abstractmethod
    def check_keyed(self, *sides: tuple[Term, Environment]) -> None:
        """Ask for both of two dicts that are merged to be made for keys of run time, where one of them is."""

    def as_known(self, term: Term, other: Term) -> Term:
        """A string, or what is like one, by its number, where it is another one on the other side."""
        if isinstance(term, Known):
            return term
        assert isinstance(term, Constant)
        if isinstance(other, Constant) and other.value == term.value and type(other.value) is type(term.value):
            return term
        return Known(constant(self.number_of(term.value)))

    def number_of(self, value: object) -> int:
        """The number of a string, or of what is like one."""
        found = next((k for k, v in enumerate(self.objects) if v == value and type(v) is type(value)), None)
        if found is None:
            self.objects.append(value)
        return len(self.objects) - 1 if found is None else found

    def members(self) -> list[enum.Enum]:
        """All that a member of an Enum known by its number may be."""
        classes = dict.fromkeys(type(v) for v in self.objects if isinstance(v, enum.Enum))
        own = [v for v in self.objects if isinstance(v, enum.Enum)]
        # With the members that no statement before has named: a loop may come to them.
        return [*own, *(m for c in classes for m in c if not any(m is v for v in own))]

    def shallow(self, term: Term, env: Environment, builder: Builder) -> Term:
        """The contents of a reference, or of a container value, with the references in them."""
        if not isinstance(term, Ref):
            return open_container(builder, term)
        self.check_sources(term, env)
        contents = env[term.cell]
        if isinstance(contents, dict) and term.cls is not dict:
            return Record(term.cls, dict(contents))
        return contents

    def sequence_value(
        self,
        term: Term,
        builder: Builder | None = None,
        env: Environment | None = None,
        name: str | None = None,
    ) -> Operand:
        """A list as one value of run-time length; what it holds must be of one type."""
        builder = builder or self.builder
        if not isinstance(term, list):
            assert is_operand(term)
            return term
        if not all(self.is_plain(t, env) for t in term):
            raise NotStatic(
                "the length of this list of functions, lists or objects must be known at compile time",
                "loop over a range whose bounds are constants, or over a list",
                builder.location,
            )
        items = [self.item_value(t, builder, env) for t in term]
        if item_type(*(i.type for i in items)) is None:
            kinds = ", ".join(map(str, dict.fromkeys(i.type for i in items)))
            raise UnsupportedType(
                f"the length of this list changes in a branch or loop, and its items are of several types: {kinds}",
                "give all items one type",
                builder.location,
            )
        return builder.apply(SEQUENCE, items, None, name)


@dataclass(frozen=True, eq=False, slots=True)
class Either:
    """An array is that of one cell where a condition holds, and that of the other where not; None: of no other name."""

    truth: Operand
    cells: tuple[str | None, str | None]


@dataclass(frozen=True, eq=False, slots=True)
class Side:
    """One branch: what it appended, the environment it leaves, the term it returns."""

    builder: Builder
    env: Environment
    result: Term | None


class Evaluated(UnsupportedType):
    """An exception that is known at compile time to be raised: in a branch it is raised there, a `try` may catch it."""

    exception: BaseException | None = None

    @property
    def can_be_raised(self) -> bool:
        """Whether the emitted text can name the exception."""
        return type(self.exception).__module__ == "builtins" and self.exception is not None


class SettledByCaller(UnsupportedType):
    """What the arguments are decides what is done: where the function is lowered in the place of its call, it is known.

    Something is stored in an object among them, which may be one from outside; or it is asked whether two are one.
    """


class NotStatic(UnsupportedType):
    """Something that must be known at compile time is a value of run time: a loop over it may be unrolled instead."""


def _may_be_none(t1: Term, t2: Term) -> bool:
    """Whether one of two terms is None, or may be, and the other has a value."""
    if isinstance(t1, Maybe) and isinstance(t2, Maybe):
        return False
    pairs = ((t1, t2), (t2, t1))
    return any((is_none(a) or isinstance(a, Maybe)) and (_has_value(b) or isinstance(b, Maybe)) for a, b in pairs)


def _has_value(term: Term) -> bool:
    if is_operand(term):
        return isinstance(term.type, (ArrayType, ContainerType, SequenceType))
    return isinstance(term, (Ref, Record, View, tuple, list, dict))


def _as_maybe(term: Term, other: Term, builder: Builder) -> Maybe:
    """A term as one that may be None; where it is, it has the structure of the other one."""
    if isinstance(term, Maybe):
        return term
    if not is_none(term):
        return Maybe(constant(True), term)
    # nobody reads the value of a None, but both sides must have as many leaves
    like = other.value if isinstance(other, Maybe) else other
    return Maybe(constant(False), map_operands(like, lambda o: _nothing(o, builder)))


def _nothing(operand: Operand, builder: Builder) -> Operand:
    t = operand.type
    if t.is_static:
        return operand
    t = replace(t, size=None) if isinstance(t, ArrayType) else t
    return builder.apply(UNDEFINED, (), {"type": t})


def map_operands(term: Term, change: Callable[[Operand], Operand]) -> Term:
    """The term with its operands replaced."""
    operands, build = flatten(term)
    return build([change(o) for o in operands])


def _is_container(term: Term) -> bool:
    if is_operand(term):
        return isinstance(term.type, (ContainerType, SequenceType))
    return isinstance(term, (Ref, Record, Keyed, list, dict, tuple))


def _is_list(term: Term) -> bool:
    return isinstance(term, list) or (isinstance(term, Value) and term.type.is_sequence)
