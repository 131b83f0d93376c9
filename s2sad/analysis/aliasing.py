"""Which values may share memory, and what follows from it for augmented assignment and for what is returned.

Lattice: sets of roots under union, forward; a root is a parameter or a value in fresh memory. Scalars have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from s2sad.ir.containers import EXTRACT, MAKE, UNDEFINED
from s2sad.ir.primitive import Effect
from s2sad.ir.types import ArrayType, ContainerType, OpaqueType, SequenceType, SparseType, TableType, Type
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    For,
    Function,
    If,
    Operand,
    Operation,
    Value,
    While,
    is_call_of,
    is_loop,
    makers,
    values_in,
    walk,
)

Roots = dict[object, frozenset[Value]]
"""By the value; for an item of what a call returns by the value and the key."""
EMPTY: frozenset[Value] = frozenset()


def find_roots(function: Function, in_place: Iterable[Value] = ()) -> Roots:
    """The memory that each value may be in. The results of `in_place` operations are in that of their operand."""
    roots: Roots = {p: frozenset({p}) for p in function.parameters if has_memory(p.type)}
    _block(function.body, roots, frozenset(in_place))
    return roots


def has_memory(t: Type) -> bool:
    match t:
        case ArrayType():
            return not t.is_scalar
        case ContainerType():
            return any(map(has_memory, t.items))
        case SequenceType() | TableType() | OpaqueType() | SparseType():
            return True
    return False


def _block(block: Block, roots: Roots, in_place: frozenset[Value]) -> None:
    for op in block.operations:
        match op:
            case Apply():
                _set(roots, op.result, _apply_roots(op, roots, in_place))
            case Call() if op.function.own:
                t = op.result.type
                items = dict(zip(t.keys, t.items, strict=True)) if isinstance(t, ContainerType) else {}
                # one root for each item, made once: the loops around visit this call several times, and a new root
                # each time would never settle
                for key in (key for key, item in items.items() if has_memory(item)):
                    roots.setdefault((op.result, key), frozenset({Value(items[key])}))
                parts = [roots[(op.result, key)] for key in items if (op.result, key) in roots]
                _set(roots, op.result, EMPTY.union(*parts) if items else frozenset({op.result}))
            case Call():
                _set(roots, op.result, _union(op.operands, roots) | {op.result})
            case If():
                for inner in op.blocks:
                    _block(inner, roots, in_place)
                for k, r in enumerate(op.results):
                    _set(roots, r, _union((op.then.results[k], op.orelse.results[k]), roots))
            case For() | While():
                _loop(op, roots, in_place)
            case _:
                assert_never(op)


def _apply_roots(op: Apply, roots: Roots, in_place: frozenset[Value]) -> frozenset[Value]:
    if op.result in in_place:
        return roots.get(op.operands[0], EMPTY)
    if op.primitive is UNDEFINED:
        return EMPTY
    if op.primitive is EXTRACT and (op.operands[0], op.static["key"]) in roots:
        return roots[(op.operands[0], op.static["key"])]
    if op.effect is Effect.VIEW:
        shared = _union(op.operands, roots)
        # a view may be a copy, as the layout of the array has it: then it is memory of its own as well
        return shared | {op.result} if op.primitive not in (MAKE, EXTRACT) else shared
    return frozenset({op.result})


def _loop(op: For | While, roots: Roots, in_place: frozenset[Value]) -> None:
    if isinstance(op, For):
        for item, sequence in zip(op.items, op.scanned, strict=True):
            _set(roots, item, roots.get(sequence, EMPTY))
    # a fixed point: what is carried shares with what it begins with and with what an iteration leaves; sets only
    # grow, and there are finitely many roots
    before = None
    while True:
        for p, initial, result in zip(op.carried, op.initial, op.body.results, strict=False):
            _set(roots, p, _union((initial, result), roots))
        now = [roots.get(p, EMPTY) for p in op.carried]
        if now == before:
            break
        before = now
        _block(op.body, roots, in_place)
    for r, p in zip(op.results, op.carried, strict=False):
        _set(roots, r, roots.get(p, EMPTY))
    n = len(op.initial)
    for r, o in zip(op.results[n:], op.body.results[n:], strict=False):
        _set(roots, r, roots.get(o, EMPTY))


def _set(roots: Roots, value: Value, found: frozenset[Value]) -> None:
    if has_memory(value.type):
        roots[value] = found


def _union(operands: Iterable[Operand], roots: Roots) -> frozenset[Value]:
    return EMPTY.union(*(roots.get(o, EMPTY) for o in operands))


def owns_result(function: Function) -> bool:
    """Whether the result is memory that no parameter sees, and neither does one of its items that of another."""
    roots = find_roots(function)
    taken = EMPTY.union(*(roots.get(p, EMPTY) for p in function.parameters if p not in function.taken))
    made = makers(function.body.operations)
    definitions = {r: op for op in walk(function.body) for r in op.results}
    for loop in walk(function.body):
        # a parameter that a loop carries is defined by the loop, like its result: both come from one place
        definitions.update((p, loop) for p in getattr(loop, "carried", ()))
    result = function.result
    op = made.get(result) if isinstance(result, Value) else None
    # of a tuple each item is judged for itself, and then is taken: no two may share memory
    for item in op.operands if op is not None and op.primitive is MAKE else (result,):
        if isinstance(item, Value) and isinstance(item.type, (ContainerType, SequenceType, OpaqueType)):
            return False
        if isinstance(item, Value) and has_memory(item.type) and not _is_made(item, definitions, set(function.taken)):
            return False
        memory = roots.get(item, EMPTY)
        if memory & taken:
            return False
        taken |= memory
    return True


def _is_made(value: Value, definitions: Mapping[Value, Operation], met: set[Value]) -> bool:
    """Whether a value is always memory that an operation has made: no view, which one may not be allowed to write."""
    # met before: a loop hands it on to itself, so that what it begins with decides
    if value in met:
        return True
    met.add(value)
    op = definitions.get(value)
    sources: list[Operand] = []
    match op:
        case Apply():
            return op.effect is Effect.FRESH
        case Call():
            return op.function.own
        case If():
            k = op.results.index(value)
            sources = [b.results[k] for b in op.blocks]
        case For() | While():
            values = op.results if value in op.results else op.carried
            k = values.index(value)
            sources = [op.body.results[k], *([op.initial[k]] if k < len(op.initial) else [])]
        case None:
            return False
        case _:
            assert_never(op)
    return all(isinstance(s, Value) and _is_made(s, definitions, met) for s in sources)


def shares_memory(function: Function) -> bool:
    """Whether the result may share memory with a parameter, or an item of it with another one."""
    roots = find_roots(function)
    memory = roots.get(function.result, EMPTY)
    return any(p in memory for p in function.parameters) or _shares_within(function, roots)


def _shares_within(function: Function, roots: Roots) -> bool:
    """Whether two items of what a function returns may share memory."""
    made = {op.result: op for op in function.body.operations if is_call_of(op, MAKE)}
    taken: set[Value] = set()
    work: list[Operand] = [function.result]
    while work:
        item = work.pop()
        if isinstance(item, Value) and item in made:
            work += made[item].operands
            continue
        memory = roots.get(item, EMPTY)
        if memory & taken:
            return True
        taken |= memory
    return False


# Augmented assignment


@dataclass(frozen=True, slots=True)
class Place:
    """A position in the text of a function; `path` holds the operations around it, with the block it is in."""

    position: int
    path: tuple[tuple[Operation, int], ...]

    def excludes(self, other: Place) -> bool:
        """Whether the two are in different branches of one If."""
        mine = dict(self.path)
        return any(isinstance(op, If) and op in mine and mine[op] != k for op, k in other.path)

    def loops(self) -> set[Operation]:
        return {op for op, _ in self.path if is_loop(op)}


def visible_updates(function: Function, in_place: Iterable[Value]) -> Iterator[tuple[Apply, Value]]:
    """The augmented assignments whose write into an array is seen through another value, with that value.

    `x += y` may be read as `x = x + y` where nothing that shares memory with the old `x` is read afterwards.
    """
    updates = tuple(in_place)
    if not updates:
        return
    roots = find_roots(function, updates)
    places = Places(function)
    for update in updates:
        if update not in places.makers:
            continue
        op, at = places.makers[update]
        memory = roots.get(op.operands[0], EMPTY)
        parameter = next((p for p in function.parameters if p in memory), None)
        if parameter is not None:
            yield op, parameter
            continue
        for value, place, reader in places.reads:
            if reader is not op and roots.get(value, EMPTY) & memory and sees(places.bound[value], at, place):
                yield op, value
                break


def sees(bound: Place, update: Place, read: Place) -> bool:
    """Whether a value bound at one place and read at another is read after an update between them."""
    # bound first, updated, then read: the reader sees what was written
    if bound.position < update.position < read.position and not update.excludes(read):
        return True
    # in the next iteration a read in front of the update comes after it; not so if each iteration binds the value
    # anew
    return any(loop not in bound.loops() for loop in update.loops() & read.loops())


class Places:
    """Where the values of a function are bound and read, and by which operations they are made."""

    def __init__(self, function: Function) -> None:
        self.bound: dict[Value, Place] = {p: Place(0, ()) for p in function.parameters}
        self.reads: list[tuple[Value, Place, object]] = []
        self.makers: dict[Value, tuple[Apply, Place]] = {}
        self._position = 0
        self._visit(function.body, ())

    def _visit(self, block: Block, path: tuple[tuple[Operation, int], ...]) -> None:
        for op in block.operations:
            self._position += 1
            here = Place(self._position, path)
            self.reads.extend((o, here, op) for o in values_in(op.operands))
            for k, inner in enumerate(op.blocks):
                for p in inner.parameters:
                    self.bound[p] = Place(self._position, (*path, (op, k)))
                self._visit(inner, (*path, (op, k)))
            self._position += 1
            for r in op.results:
                # what a loop or branch gives is bound behind all that stands in it
                self.bound[r] = Place(self._position if op.blocks else here.position, path)
            if isinstance(op, Apply):
                self.makers[op.result] = (op, here)
        self._position += 1
        self.reads.extend((o, Place(self._position, path), block) for o in values_in(block.results))
