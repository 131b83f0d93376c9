"""What all texts of a program of loops share: names, what is one variable, what is written where it is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from s2sad.ir.containers import EXTRACT
from s2sad.ir.primitive import Effect
from s2sad.ir.primitives.memory import ALLOCATE, GUARD, LOAD, is_of_library
from s2sad.ir.trace_names import MARK
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    Function,
    If,
    Operand,
    Operation,
    Value,
    While,
    applied_in,
    is_loop,
    values_in,
    walk,
)

WIDTH = 60
"""The longest expression that is written into another one, in characters, roughly."""

INDICES = "ijklmnpq"
HEADS = {"for", "while", "if", "elif", "else", "def", "with"}
"""What statements begin with that hold others."""


class FlatPlan:
    """The names of one function, and which of its operations have no statement of their own."""

    def __init__(self, function: Function, taken: Collection[str]) -> None:
        self.function = function
        self.reads = Counter(values_in(_reads(function.body)))
        self.variable = _variables(function.body, self.reads)
        self.items = _items(function.body)
        """Of what calls give, the parts that are read, by their keys: each is a variable."""
        self.names: dict[Value, str] = {}
        self._named(function.body, {*taken})
        self.inlined: dict[Value, Apply] = {}
        self.width: dict[Operand, int] = {}
        self.quoted = ""
        """The statement of the user that the text is about."""

    def _named(self, block: Block, taken: set[str]) -> None:
        """Name what a block binds, then what the blocks in it do: two of these may have variables of one name."""
        bound = [*block.parameters, *(r for op in block.operations for r in op.results)]
        taken = set(taken)
        for v in dict.fromkeys(self.variable.get(v, v) for v in bound):
            if v in self.names or v in self.items:
                continue
            base = (v.hint or "v").replace(MARK, "_")
            name, k = base, 2
            while name in taken:
                name, k = another(base, k), k + 1
            taken.add(name)
            self.names[v] = name
        for op in block.operations:
            around = taken
            for inner in op.blocks:
                self._named(inner, around)
                if isinstance(op, While):
                    # the test may stand in the body
                    around = around | {self.name(r) for o in inner.operations for r in o.results}

    @property
    def named(self) -> dict[Value, str]:
        """The values that have a variable, by its name."""
        shared = {v: self.names[root] for v, root in self.variable.items() if root in self.names}
        return self.names | shared

    def hint_of(self, value: Value) -> str:
        """The name that the variable of a value would like to have."""
        return self.variable.get(value, value).hint or ""

    def name(self, value: Value) -> str:
        return self.names[self.variable.get(value, value)]

    def quote_of(self, op: Operation) -> str:
        """The statement of the user that an operation is of; loops and branches of the user's stand there."""
        quote = op.location.statement
        if quote.partition(" ")[0].rstrip(":") in HEADS or (isinstance(op, Apply) and op.result in self.inlined):
            return ""
        return quote

    def choose(self, block: Block) -> None:
        """Find what is written where it is read."""
        readers: dict[Operand, int] = {}
        for k, op in enumerate(block.operations):
            readers.update((o, k) for o in op.operands)
        stores = [k for k, op in enumerate(block.operations) if _writes(op)]
        ends = {o for o in block.results}
        for k, op in enumerate(block.operations):
            if not isinstance(op, Apply) or self.stands_alone(op):
                continue
            width = len(op.primitive.name) + sum(self.width.get(o, 6) for o in op.operands)
            self.width[op.result] = 6
            if self.reads[op.result] != 1 or width > WIDTH:
                continue
            last = readers.get(op.result, len(block.operations) if op.result in ends else None)
            if last is None:
                continue
            reader = block.operations[last] if last < len(block.operations) else None
            if reader is not None and not self.takes(reader, op):
                continue
            if self._loads(op) and any(k < s < last for s in stores):
                continue
            self.inlined[op.result] = op
            self.width[op.result] = width

    def stands_alone(self, op: Apply) -> bool:
        """Whether an operation has a statement of its own in any case."""
        alone = op.primitive.effect is Effect.IO or op.primitive is ALLOCATE or is_of_library(op)
        return alone or self.is_item(op)

    def is_item(self, op: Apply) -> bool:
        """Whether an operation is part of what a call gives."""
        return op.primitive is EXTRACT and op.operands[0] in self.items

    def takes(self, reader: Operation, op: Apply) -> bool:
        """Whether an operation may be written into one that reads it: of a loop, into its head."""
        return not is_loop(reader) or op.result in reader.operands

    def _loads(self, op: Apply) -> bool:
        """Whether the expression of an operation reads memory."""
        return op.primitive is LOAD or any(self._loads(self.inlined[o]) for o in op.operands if o in self.inlined)


def _reads(block: Block) -> Iterator[Operand]:
    for op in walk(block):
        yield from op.operands
        for inner in op.blocks:
            yield from inner.results
    yield from block.results


def _items(block: Block) -> dict[Operand, dict[object, Value]]:
    """By what a call gives, where that is a tuple, the parts of it that are read."""
    found: dict[Operand, dict[object, Value]] = {
        op.result: {} for op in walk(block) if isinstance(op, Call) and op.result.type.is_container
    }
    for op in applied_in(walk(block)):
        if op.primitive is EXTRACT and op.operands[0] in found:
            found[op.operands[0]][op.static["key"]] = op.result
    return found


def _writes(op: Operation) -> bool:
    """Whether an operation may change memory."""
    if isinstance(op, Apply):
        return op.primitive.effect is Effect.IO and op.primitive is not GUARD
    return any(_writes(inner) for block in op.blocks for inner in block.operations)


def _variables(block: Block, reads: Mapping[Value, int]) -> Mapping[Value, Value]:
    """The values that are one variable: what a loop carries and what is left of it, what a branch only hands on."""
    table: dict[Value, Value] = {}
    for op in walk(block):
        if is_loop(op):
            table.update(zip(op.carried, op.results, strict=True))
        if isinstance(op, While):
            table.update(zip(op.test.parameters, op.results, strict=True))
        if isinstance(op, If):
            table.update((r, table.get(whole, whole)) for r, whole in _handed_on(op) if reads[r] == 1)
    # what an inner loop gives may be what the next iteration of the outer one begins with
    return table


def _handed_on(op: If) -> Iterator[tuple[Value, Value]]:
    """What branches in a branch give, with what it is outside, where that is the same."""
    for block in op.blocks:
        inner = {r for o in block.operations if isinstance(o, If) for r in o.results}
        for o, whole in zip(block.results, op.results, strict=True):
            if isinstance(o, Value) and o in inner and o.type == whole.type:
                yield o, whole


def another(base: str, k: int) -> str:
    """Another name where one is taken: `j` for `i`, `x_2` for `x`."""
    if base in INDICES:
        letters = INDICES[INDICES.index(base) :]
        return letters[k - 1] if k <= len(letters) else f"{base}{k}"
    return f"{base}_{k}"
