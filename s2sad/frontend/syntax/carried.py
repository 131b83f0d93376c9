"""What a loop carries: initial terms, the types of their leaves, and how they are widened until they settle."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import gast

from s2sad.errors import UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.cells import Environment
from s2sad.frontend.terms.references import differing
from s2sad.frontend.terms.terms import Term, flatten, leaf_names, maybes_in, structure
from s2sad.ir.builder import Builder
from s2sad.ir.call_lengths import at_least
from s2sad.ir.dims import ANY_SIGN, Dim, Size, Symbol, dim_scaled, dim_sum, may_be_negative, new_dim
from s2sad.ir.types import (
    BOTTOM,
    ArrayType,
    ContainerType,
    SequenceType,
    SparseType,
    StaticType,
    Type,
    all_items,
    join,
    symbols,
)
from s2sad.ir.values import Constant, Operand, Value


class FormLost(UnsupportedType):
    """What a loop carries has another form after an iteration: the first one may be done before the others."""


class NoneLost(FormLost):
    """What a loop carries under these keys is None before it, and may have a value after an iteration."""

    def __init__(self, keys: Collection[str]) -> None:
        super().__init__("None or a value")
        self.keys = keys


class Carried:
    """What a loop carries, by the keys of the environment: the initial terms, the types of their leaves.

    Where an iteration leaves another object under a name, the term is the object as a value, and each iteration starts
    with a new object of those contents.

    The kinds go up only: `widen` joins them with what an iteration yields. A join may lose a size, a rank, the length
    of a list, or that an integer is not negative, and nothing comes back. So there are as many rounds as there are
    such steps; a structure that differs after `unify`, or types without a join, are refused.
    """

    def __init__(self, lowering: Lowering, keys: Iterable[str], env: Mapping[str, Term], node: gast.AST) -> None:
        self.lowering = lowering
        self.node = node
        self.terms: dict[str, Term] = {}
        self.kinds: dict[str, list[Type]] = {}
        self.signed: set[tuple[str, int]] = set()
        """The integers among the leaves that an iteration may leave below 0."""
        self.lost_rank = False
        """Whether something begins as a number, say, and is an array after an iteration."""
        self.lost_nones: set[str] = set()
        """What begins as None, or holds that, and may have a value after an iteration."""
        self.frozen: dict[str, str | None] = {}
        self.given: dict[str, frozenset[str]] = {}
        """Of what is carried: the cells that the caller may see among those which it may be."""
        self.around = list(env.values())
        self.known: set[Symbol] | None = None
        """What types speak of outside the loop."""
        for key in keys:
            self.add(key, env[key], env[key])

    def add(self, key: str, initial: Term, like: Term) -> None:
        """Carry one more; `like` has the types that it begins with."""
        self.terms[key] = initial
        self.kinds[key] = [_without_size(o.type) for o in flatten(like)[0]]

    def constants(self) -> list[str]:
        """The keys of what begins as a constant."""
        return [key for key, term in self.terms.items() if isinstance(term, Constant)]

    def drop(self, keys: Iterable[str]) -> None:
        """Carry these no longer."""
        for key in keys:
            del self.terms[key], self.kinds[key]

    @property
    def leaves(self) -> list[tuple[str, Operand, int]]:
        """The operands that are carried: the key, the initial operand, its number among the leaves of the key."""
        found = []
        for key, term in self.terms.items():
            for k, o in enumerate(flatten(term)[0]):
                if not o.type.is_static:
                    found.append((key, o, k))
        return found

    @property
    def initial(self) -> list[Operand]:
        return [o for _, o, _ in self.leaves]

    def parameters(self) -> list[Value]:
        names = {key: leaf_names(term, self.lowering.shown(key)) for key, term in self.terms.items()}
        return [Value(sized(self.kinds[key][k], self.least(key, k, o)), names[key][k]) for key, o, k in self.leaves]

    def least(self, key: str, k: int, initial: Operand) -> int:
        """A lower bound of an integer: 0 where it begins there or above, until an iteration is seen to go below."""
        return ANY_SIGN if (key, k) in self.signed else least_of(initial.type)

    def enter(self, values: Sequence[Value]) -> None:
        """Bind what is carried to these values; static leaves stay."""
        rest, cells = iter(values), self.lowering.cells
        for key, term in self.terms.items():
            operands, build = flatten(term)
            made = build([o if o.type.is_static else next(rest) for o in operands])
            since = self.lowering.cells
            self.lowering.env[key] = self.lowering.adopt_at(key, made, self.frozen.get(key))
            self.lowering.note_given(self.given.get(key, frozenset()), since)
        self.lowering.watch_sources(cells)

    def widen(self, after: Environment, builder: Builder, loose: set[Symbol]) -> tuple[list[Operand], bool]:
        """What an iteration yields; whether a structure or type had to be widened for it."""
        results: list[Operand] = []
        lowering, changed = self.lowering, False
        before, outer = lowering.env, lowering.builder
        for key, term in list(self.terms.items()):
            frozen = lowering.frozen_by_merge(term, before, after[key], after, self.node)
            self.given[key] = lowering.given_in(chain(*differing(term, before, after[key], after)))
            # unified with the initial term, not with the parameters of this round: what the initial term becomes on
            # the way is computed before the loop
            t1, t2 = lowering.unify(term, before, outer, after[key], after, builder, lowering.shown(key))
            if structure(t1) != structure(term):
                if maybes_in(t1) > maybes_in(term):
                    self.lost_nones.add(key)
                self.frozen[key] = frozen
                self.add(key, t1, t1)
                changed = True
                term = t1
            # `unify` made them as alike as it can: what differs still has no common form
            if structure(t2) != structure(t1):
                lowering.check_growth(key, t1, t2, self.node)
                lowering.refuse(
                    self.node,
                    f"{self.lowering.shown(key) or 'a list or object'} changes its structure in this loop",
                    "give it the same kind of value in every iteration",
                    FormLost,
                )
            for k, (old, operand) in enumerate(zip(flatten(t1)[0], flatten(t2)[0], strict=True)):
                if not isinstance(old.type, StaticType):
                    results.append(operand)
                    changed |= self.widen_leaf(key, k, self.outside(operand.type), loose)
                    # a sign is lost once and for all, so that this widens each integer at most once
                    if is_index(operand.type) and (key, k) not in self.signed and least_of(operand.type) < 0:
                        self.signed.add((key, k))
                        changed = True
                elif old.type != operand.type:
                    lowering.refuse(
                        self.node,
                        f"{self.lowering.shown(key)} changes from {old.type} to {operand.type} in this loop",
                        "give it the same kind of value before the loop",
                        FormLost,
                    )
        return results, changed

    def outside(self, t: Type) -> Type:
        """The type of a list as it is seen outside an iteration: lengths that the iteration alone knows vary in it."""
        if not isinstance(t, SequenceType):
            return t
        if self.known is None:
            self.known = {s for term in self.around for o in flatten(term)[0] for s in symbols(o.type)}
        return SequenceType(all_items(t.item, known=self.known), t.length)

    def widen_leaf(self, key: str, k: int, after: Type, loose: set[Symbol]) -> bool:
        before = self.kinds[key][k]
        t = _widened(before, after, loose)
        if t is None:
            self.lowering.refuse(
                self.node,
                f"{self.lowering.shown(key) or 'an item'} is {before} before this loop and {after} after an iteration",
                "give it the same kind of value",
                FormLost,
            )
        ranks = [a.rank if a.is_numeric else -1 for a in (before, after, t)]
        # a rank that the join lost, not one that nobody knew before
        self.lost_rank |= ranks[2] is None and None not in ranks[:2]
        self.kinds[key][k] = t
        return t != before


def grown(final: Value, parameter: Value, result: Operand, initial: Operand, trips: Operand | None) -> Value:
    """A list that gets as many items in each iteration: its length afterwards."""
    own, after, before = (o.type for o in (parameter, result, initial))
    t = final.type
    if trips is None or not isinstance(t, SequenceType) or not isinstance(own, SequenceType):
        return final
    if not isinstance(after, SequenceType) or not isinstance(before, SequenceType):
        return final
    count = trips.type.size
    # a number only if each iteration adds as many items, whatever the length was
    more = dim_sum(after.length, own.length, -1)
    if not isinstance(more, int) or count is None or not at_least(count, 0):
        return final
    return Value(SequenceType(t.item, dim_sum(before.length, dim_scaled(count, more))), final.hint)


def _widened(before: Type, after: Type, loose: set[Symbol]) -> Type | None:
    """The join; dimensions that are already unknown in the loop stay as they are."""
    joined = join(before, _without_size(after))
    if isinstance(before, SequenceType) and isinstance(joined, SequenceType):
        item = _widened(before.item, joined.item, loose)
        if item is None:
            return None
        if before.item != BOTTOM:
            # a dimension in which two items differ varies from item to item: no symbol outside can stand for it
            item = all_items(item, before.item, joined.item)
        loose.update(s for s in symbols(item) if s.varies)
        return SequenceType(item, _loosened(before.length, joined.length, loose))
    if isinstance(before, ContainerType) and isinstance(joined, ContainerType):
        items = [_widened(b, j, loose) for b, j in zip(before.items, joined.items, strict=True)]
        return ContainerType(before.cls, before.keys, tuple(items))  # type: ignore[arg-type]
    if isinstance(before, SparseType) and isinstance(joined, SparseType):
        m, n = (_loosened(d, e, loose) for d, e in zip(before.dims, joined.dims, strict=True))
        return replace(joined, dims=(m, n), count=_loosened(before.count, joined.count, loose))
    if not (isinstance(before, ArrayType) and isinstance(joined, ArrayType) and before.shape and joined.shape):
        return joined
    if len(before.shape) != len(joined.shape):
        return joined
    dims = tuple(_loosened(m, n, loose) for m, n in zip(before.shape, joined.shape, strict=True))
    return replace(joined, shape=dims, size=None)


def _loosened(before: Dim, after: Dim, loose: set[Symbol]) -> Dim:
    """A dimension after a join: once it is one of the loop's own symbols it stays that one.

    A join of two dimensions gives a new symbol each time, so that without this no round would be the last.
    """
    if before != after and isinstance(before, Size) and {s for s, _ in before.terms} <= loose:
        return before
    if before != after and isinstance(after, Size):
        loose.update(s for s, _ in after.terms)
    return after


def is_index(t: Type) -> bool:
    """Whether a type is that of Python's own integers."""
    return t.kind == "python" and t.dtype is not None and t.dtype.kind == "i"


def least_of(t: Type) -> int:
    """The lower bound of the value of an integer."""
    return ANY_SIGN if may_be_negative(t.size) else 0


def named(t: Type) -> Type:
    """The type of an argument: an integer of which nothing is known has a symbol for its value."""
    return sized(t, ANY_SIGN) if t.is_numeric and t.size is None else t


def sized(t: Type, least: int) -> Type:
    """An integer that a loop carries has one value in each iteration, which shapes may speak of."""
    return replace(t, size=new_dim("k", least)) if isinstance(t, ArrayType) and is_index(t) else t


def _without_size(t: Type) -> Type:
    return replace(t, size=None) if isinstance(t, ArrayType) and t.size is not None else t
