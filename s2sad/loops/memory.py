"""What memory operations read and write, by the arrays that were made: handles of one memory have one root."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from s2sad.ir.containers import EXTRACT, MAKE
from s2sad.ir.primitive import Effect
from s2sad.ir.primitives.memory import GUARD, INTO, LOAD, RESHAPED, STORE, is_of_library
from s2sad.ir.values import Apply, Call, For, Function, If, Operand, Operation, Value, While, values_in, walk

Roots = Mapping[Operand, frozenset[Value]]
NOTHING: frozenset[Value] = frozenset()
Items = dict[tuple[Operand, object], Value]
"""The first handle of an item of a tuple: others are of the same memory."""


@dataclass(frozen=True, eq=False, slots=True)
class Access:
    """One load or store: of all of the memory where there are no places."""

    handle: Value
    roots: frozenset[Value]
    places: tuple[Operand, ...] | None


@dataclass
class Touched:
    """What an operation, with the blocks in it, does to memory."""

    loads: list[Access] = field(default_factory=list)
    stores: list[Access] = field(default_factory=list)
    read: set[Value] = field(default_factory=set)
    written: set[Value] = field(default_factory=set)
    leaves: bool = False
    """It may leave the program."""

    def meets(self, other: Touched) -> bool:
        """Whether the order of the two matters for what is in memory."""
        return bool(self.written & (other.read | other.written) or other.written & self.read)


def roots_of(function: Function) -> Roots:
    """The memory that each handle may lead to."""
    roots: dict[Operand, frozenset[Value]] = {p: frozenset({p}) for p in function.parameters if _holds_memory(p)}
    operations = [op for op in walk(function.body) if any(_holds_memory(v) for v in op.results)]
    items: Items = {}
    # what a loop carries leads to what its iterations leave: it is found when nothing is added any more
    before = -1
    while (size := sum(map(len, roots.values()))) != before:
        before = size
        for op in operations:
            _add_roots(op, roots, items)
    return roots


def _holds_memory(value: Value) -> bool:
    return value.type.is_array or value.type.is_container


def _add_roots(op: Operation, roots: dict[Operand, frozenset[Value]], items: Items) -> None:
    """Add what is known of the handles that an operation gives, and of those that it carries."""

    def join(handle: Value, *sources: Operand) -> None:
        if _holds_memory(handle):
            roots[handle] = roots.get(handle, NOTHING).union(*(roots.get(s, NOTHING) for s in sources))

    match op:
        case Apply():
            if op.primitive is RESHAPED or op.primitive is MAKE or (op.effect is Effect.VIEW and is_of_library(op)):
                join(op.result, *op.operands)
            elif op.primitive is EXTRACT:
                roots[op.result] = frozenset({items.setdefault((op.operands[0], op.static["key"]), op.result)})
            else:
                roots[op.result] = frozenset({op.result})
        case Call():
            roots[op.result] = frozenset({op.result})
        case If():
            for r, a, b in zip(op.results, op.then.results, op.orelse.results, strict=True):
                join(r, a, b)
        case For() | While():
            for k, (r, p, first) in enumerate(zip(op.results, op.carried, op.initial, strict=True)):
                join(p, first, op.body.results[k])
                join(r, p)
                if isinstance(op, While):
                    join(op.test.parameters[k], p)


_UNTOUCHED = Touched()
"""What most operations do."""
_OF_MEMORY = frozenset((LOAD, STORE, INTO, GUARD))


class Memory:
    """What is known of the memory of one function. What was asked of an operation is kept."""

    def __init__(self, function: Function) -> None:
        self.roots = roots_of(function)
        self.known: dict[Operation, Touched] = {}

    def touched(self, op: Operation) -> Touched:
        found = self.known.get(op)
        if found is None and isinstance(op, Apply) and op.primitive not in _OF_MEMORY and not is_of_library(op):
            return _UNTOUCHED
        if found is None:
            found = self.known[op] = Touched()
            for inner in (x for block in op.blocks for x in block.operations):
                part = self.touched(inner)
                found.loads += part.loads
                found.stores += part.stores
                found.leaves = found.leaves or part.leaves
            if isinstance(op, Apply):
                self._apply(op, found)
            if isinstance(op, Call):
                found.loads += [self.access(o, None) for o in values_in(op.operands) if _holds_memory(o)]
                found.leaves = True
            found.read.update(r for a in found.loads for r in a.roots)
            found.written.update(r for a in found.stores for r in a.roots)
        return found

    def _apply(self, op: Apply, found: Touched) -> None:
        match op.primitive:
            case p if p is LOAD:
                found.loads.append(self.access(op.operands[0], op.operands[1:]))
            case p if p is STORE:
                found.stores.append(self.access(op.operands[0], op.operands[1:-1]))
            case p if p is INTO:
                found.loads += [self.access(o, None) for o in op.operands[:-1]]
                found.stores.append(self.access(op.operands[-1], None))
            case p if p is GUARD:
                found.leaves = True
            case _ if is_of_library(op):
                found.loads += [self.access(o, None) for o in values_in(op.operands) if _holds_memory(o)]

    def access(self, handle: Operand, places: tuple[Operand, ...] | None) -> Access:
        assert isinstance(handle, Value)
        return Access(handle, self.roots.get(handle, NOTHING), places)
