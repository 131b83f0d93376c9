"""What memory operations read and write, by the arrays that were made: handles of one memory have one root."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from s2sad.ir.primitives.memory import GUARD, INTO, LOAD, RESHAPED, STORE
from s2sad.ir.values import Apply, Block, Function, If, Operand, Operation, Value, is_loop, walk

Roots = Mapping[Operand, frozenset[Value]]
NOTHING: frozenset[Value] = frozenset()


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
        return bool(
            self.written & (other.read | other.written) or other.written & self.read
        )


def roots_of(function: Function) -> Roots:
    """The memory that each handle may lead to."""
    roots: dict[Operand, frozenset[Value]] = {p: frozenset({p}) for p in function.parameters}
    for op in walk(function.body):
        match op:
            case Apply(primitive=p) if p is RESHAPED:
                roots[op.result] = roots[op.operands[0]]
            case Apply() if op.result.type.is_array:
                roots[op.result] = frozenset({op.result})
            case If():
                pass
    _of_branches(function.body, roots)
    return roots


def _of_branches(block: Block, roots: dict[Operand, frozenset[Value]]) -> None:
    for op in walk(block):
        if isinstance(op, Apply) and op.primitive is RESHAPED:
            roots[op.result] = roots.get(op.operands[0], NOTHING)
        if isinstance(op, If):
            _of_results(op, roots)


def _of_results(op: If, roots: dict[Operand, frozenset[Value]]) -> None:
    for inner in op.blocks:
        for nested in walk(inner):
            if isinstance(nested, If):
                _of_results(nested, roots)
    for k, r in enumerate(op.results):
        if r.type.is_array:
            roots[r] = roots.get(op.then.results[k], NOTHING) | roots.get(op.orelse.results[k], NOTHING)


class Memory:
    """What is known of the memory of one function. What was asked of an operation is kept."""

    def __init__(self, function: Function) -> None:
        self.roots = roots_of(function)
        self.known: dict[Operation, Touched] = {}

    def touched(self, op: Operation) -> Touched:
        found = self.known.get(op)
        if found is None:
            found = self.known[op] = Touched()
            for inner in (x for block in op.blocks for x in block.operations):
                part = self.touched(inner)
                found.loads += part.loads
                found.stores += part.stores
                found.leaves = found.leaves or part.leaves
            if isinstance(op, Apply):
                self._apply(op, found)
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

    def access(self, handle: Operand, places: tuple[Operand, ...] | None) -> Access:
        assert isinstance(handle, Value)
        return Access(handle, self.roots.get(handle, NOTHING), places)


def loops_in(block: Block) -> Iterator[Operation]:
    return (op for op in walk(block) if is_loop(op))
