"""Whether an item of a list of run-time length that is written into can be seen anywhere else.

Such a list is one value: a store into an item gives a list with another item. That is what Python does only where
nobody else holds the item: no other place of the list, no other list, no name that is read behind the store.

    rows.append(row)           row in rows, and by its name
    rows[0][1] = 5.0           wrong by value if `row` is read from here on

Lattice: sets of roots under union, forward; a root is what an operation has made, in this iteration of the loops
around it or in an earlier one. A list has the roots of its items too. A list is *shared* where two of its items may
be one object.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from s2sad.analysis.aliasing import Places, has_memory, sees
from s2sad.ir.containers import EXTRACT, GETITEM, MAKE, UNDEFINED
from s2sad.ir.primitive import Effect
from s2sad.ir.primitives.lists import APPEND, ITEM_APPEND, LIST_DELETE, LIST_INSERT, LIST_SET, REPEAT
from s2sad.ir.types import ContainerType, SequenceType, SliceType, Type
from s2sad.ir.values import Apply, Block, Call, Constant, For, Function, If, Operand, Value, While, walk

Root: TypeAlias = tuple[Value, bool]
"""What an operation has made; whether in an earlier iteration."""
Roots: TypeAlias = frozenset[Root]
NOTHING: Roots = frozenset()


def unsafe_item_updates(function: Function, updates: Collection[Value]) -> Iterator[tuple[Apply, str]]:
    """The stores into items, by their results, that may be seen elsewhere, and where."""
    if not updates:
        return
    items = _Items(updates)
    for p in function.parameters:
        items.roots[p] = frozenset({(p, False)}) if is_object(p.type) else NOTHING
    items.block(function.body)
    places = Places(function)
    for update in updates:
        if update not in places.makers:
            continue
        op, at = places.makers[update]
        whole = op.operands[0]
        if whole in items.shared:
            yield op, "in another place of the list"
            continue
        # Roots hold all that may be one object: a store is refused without need at times, and never let pass wrongly.
        memory = items.of(whole)
        seen = next((v for v, p, _ in places.reads if items.of(v) & memory and sees(places.bound[v], at, p)), None)
        if seen is not None:
            yield op, f"as {seen.hint}" if seen.hint else "elsewhere"


@dataclass
class _Items:
    """One pass over a function; over loops until nothing changes."""

    updates: Collection[Value]
    roots: dict[Operand, Roots] = field(default_factory=dict)
    shared: set[Operand] = field(default_factory=set)
    made: dict[Operand, Apply] = field(default_factory=dict)

    def of(self, operand: Operand) -> Roots:
        return self.roots.get(operand, NOTHING)

    def union(self, operands: Iterable[Operand]) -> Roots:
        return NOTHING.union(*map(self.of, operands))

    def block(self, block: Block) -> None:
        for op in block.operations:
            match op:
                case Apply():
                    self.made[op.result] = op
                    if is_object(op.result.type):
                        self.apply(op)
                case Call():
                    own = frozenset({(op.result, False)})
                    self.put(op.result, own if op.function.own else own | self.union(op.operands), op.operands)
                case If():
                    for inner in op.blocks:
                        self.block(inner)
                    for r, sides in zip(op.results, zip(*(b.results for b in op.blocks), strict=True), strict=True):
                        self.put(r, self.union(sides), sides)
                case For() | While():
                    self.loop(op)
                case _:
                    assert_never(op)

    def put(self, value: Value, roots: Roots, sources: Iterable[Operand] = (), shared: bool = False) -> None:
        """What a value holds; it is shared where one of its sources is."""
        if not is_object(value.type):
            return
        self.roots[value] = roots
        if shared or any(s in self.shared for s in sources):
            self.shared.add(value)

    def apply(self, op: Apply) -> None:
        whole, own = op.operands[:1], frozenset({(op.result, False)})
        reordered = self.before_permutation(op) if op.primitive is LIST_SET else None
        if op.result in self.updates or reordered is not None:
            source = whole if reordered is None else (reordered,)
            self.put(op.result, self.union(source), source)
        elif op.result.type.is_sequence and not self.is_item(op):
            # a list of what its operands hold: two of them may be, or hold, one object
            t, same = op.result.type, op.primitive in _SAME_LIST
            assert isinstance(t, SequenceType)
            # a new list of numbers holds none of the objects that the numbers were in
            kept = op.operands if same or is_object(t.item) else ()
            held = [self.of(o) for o in kept if is_object(o.type)]
            twice = sum(map(len, held)) > len(NOTHING.union(*held))
            new = NOTHING if same else own
            self.put(op.result, new.union(*held), kept, twice or op.primitive is REPEAT)
        elif op.primitive in (GETITEM, EXTRACT):
            self.put(op.result, self.union(whole), whole)
        elif op.primitive is MAKE:
            self.put(op.result, own | self.union(op.operands), op.operands)
        elif op.primitive is not UNDEFINED:
            self.put(op.result, own | self.union(op.operands) if op.effect is Effect.VIEW else own)

    def is_item(self, op: Apply) -> bool:
        """Whether an operation reads an item of a list, which is a list itself; a slice is a new one."""
        return op.primitive is EXTRACT or (op.primitive is GETITEM and not isinstance(op.operands[1].type, SliceType))

    def before_permutation(self, op: Apply) -> Operand | None:
        """The list whose order some stores change, of which one is the last: `xs[i], xs[j] = xs[j], xs[i]`."""
        places: list[object] = []
        taken: list[tuple[Operand, object]] = []
        whole: Operand = op.result
        while (store := self.made.get(whole)) is not None and store.primitive is LIST_SET:
            whole, place, item = store.operands
            read = self.made.get(item)
            if read is None or read.primitive is not GETITEM:
                return None
            places.append(_place(place))
            taken.append((read.operands[0], _place(read.operands[1])))
            if {w for w, _ in taken} == {whole} and set(places) == {k for _, k in taken}:
                return whole if len(set(places)) == len(places) else None
        return None

    def loop(self, op: For | While) -> None:
        """A fixed point: roots only grow, and there are finitely many."""
        inside = {r for inner in walk(op.body) for r in inner.results}
        if isinstance(op, For):
            for item, sequence in zip(op.items, op.scanned, strict=True):
                self.put(item, self.of(sequence), (sequence,))
        before: object = None
        while True:
            for p, initial, result in zip(op.carried, op.initial, op.body.results, strict=False):
                self.put(p, self.of(initial) | _aged(self.of(result), inside), (initial, result))
            now = [(self.of(p), p in self.shared) for p in op.carried]
            if now == before:
                break
            before = now
            if isinstance(op, While):
                self.block(op.test)
            self.block(op.body)
        for r, p in zip(op.results, op.carried, strict=False):
            self.put(r, self.of(p), (p,))
        # what is collected is new in each iteration, or the same object several times
        n = len(op.initial)
        for r, o in zip(op.results[n:], op.body.results[n:], strict=False):
            # made before the loop, or in an earlier iteration: the same object is collected more than once
            again = any(v not in inside or old for v, old in self.of(o))
            self.put(r, _aged(self.of(o), inside) | {(r, False)}, (o,), again)


_SAME_LIST = frozenset({APPEND, ITEM_APPEND, LIST_SET, LIST_INSERT, LIST_DELETE})
"""The operations that change a list, and give no new one."""


def _place(index: Operand) -> object:
    """An index for comparison: two constants of one value are one."""
    return index.value if isinstance(index, Constant) else index


def is_object(t: Type) -> bool:
    """Whether values of a type can be changed: arrays, lists, objects, and what holds such."""
    if isinstance(t, ContainerType):
        return not issubclass(t.cls, tuple) or any(map(is_object, t.items))
    return has_memory(t)


def _aged(roots: Roots, inside: Collection[Value]) -> Roots:
    """The roots as the next iteration sees them: what was made in the loop was made in an earlier one."""
    return frozenset((v, old or v in inside) for v, old in roots)
