"""What was computed, loaded or stored before is not computed or loaded again; memory that nobody reads is not written.

    e[i] = t; s += e[i]   ->   s += t        and where nobody else reads e, there is no e

Value numbering in the scopes of the blocks (Briggs, Cooper & Simpson, Value numbering, 1997), with the elements of
arrays as values until something may write over them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from s2sad.ir.primitive import Effect, required
from s2sad.ir.primitives.memory import ALLOCATE, GUARD, LOAD, STORE, is_of_library
from s2sad.ir.rewrite import reads_of
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    Constant,
    For,
    Function,
    If,
    Operand,
    Operation,
    Value,
    While,
    constant,
    values_in,
    walk,
)
from s2sad.loops.memory import Memory

Key = tuple[object, ...]
MULTIPLY = required(np.multiply)


def reused(function: Function) -> Function:
    """The function without what is computed or stored for nothing."""
    return without_dead(Numbering(function).function())


class Numbering:
    """One function, with the values that stand for others."""

    def __init__(self, source: Function) -> None:
        self.source = source
        self.memory = Memory(source)
        self.table: dict[Operand, Operand] = {}
        self.known: list[dict[Key, Operand]] = [{}]

    def function(self) -> Function:
        return replace(self.source, body=self.block(self.source.body, {}))

    def block(self, block: Block, elements: dict[Key, Operand]) -> Block:
        """`elements` are those of arrays that are known where the block begins."""
        self.known.append({})
        operations: list[Operation] = []
        for op in block.operations:
            made = self.operation(op, elements)
            if made is not None:
                operations.append(made)
        self.known.pop()
        return Block(block.parameters, tuple(operations), tuple(map(self.of, block.results)))

    def of(self, operand: Operand) -> Operand:
        return self.table.get(operand, operand)

    def operation(self, op: Operation, elements: dict[Key, Operand]) -> Operation | None:
        match op:
            case Apply():
                return self.apply(op, elements)
            case If():
                made: Operation = replace(
                    op,
                    predicate=self.of(op.predicate),
                    then=self.block(op.then, dict(elements)),
                    orelse=self.block(op.orelse, dict(elements)),
                )
            case For():
                start, stop, step = map(self.of, (op.start, op.stop, op.step))
                body = self.block(op.body, self.left(op, elements))
                initial = tuple(map(self.of, op.initial))
                made = replace(op, start=start, stop=stop, step=step, initial=initial, body=body)
            case While():
                initial = tuple(map(self.of, op.initial))
                test = self.block(op.test, self.left(op, elements))
                made = replace(op, initial=initial, test=test, body=self.block(op.body, self.left(op, elements)))
            case Call():
                made = replace(op, operands=tuple(map(self.of, op.operands)))
        self.forget(op, elements)
        return made

    def left(self, op: Operation, elements: Mapping[Key, Operand]) -> dict[Key, Operand]:
        """The elements that are known in a loop: those of memory that it does not write."""
        inside = dict(elements)
        self.forget(op, inside)
        return inside

    def forget(self, op: Operation, elements: dict[Key, Operand]) -> None:
        """Forget what an operation may have written over."""
        written = self.memory.touched(op).written
        if written:
            for key in [k for k in elements if self.memory.roots.get(k[0], frozenset()) & written]:  # type: ignore[call-overload]
                del elements[key]

    def apply(self, op: Apply, elements: dict[Key, Operand]) -> Operation | None:
        operands = tuple(map(self.of, op.operands))
        new = op if operands == op.operands else replace(op, operands=operands)
        if op.primitive is LOAD:
            key = (operands[0], *map(_name, operands[1:]))
            known = elements.get(key)
            elements[key] = op.result
            if known is None or known.type.dtype != op.result.type.dtype:
                return new
            if known.type.kind == "python" and isinstance(known, Value):
                return _as_element(op, known)
            elements[key] = self.table[op.result] = _of_numpy(known)
            return None
        if op.primitive is STORE:
            place = (operands[0], *map(_name, operands[1:-1]))
            kept = {key: element for key, element in elements.items() if _is_beside(key, place)}
            self.forget(op, elements)
            elements |= {**kept, place: operands[-1]}
            return new
        if (same := _unchanged(new)) is not None:
            self.table[op.result] = same
            return None
        if op.primitive is GUARD and isinstance(operands[0], Constant) and operands[0].value:
            return None
        new_memory = op.primitive is ALLOCATE or is_of_library(op)
        if new_memory or (op.primitive.effect is Effect.IO and op.primitive is not GUARD):
            self.forget(op, elements)
            return new
        key = (op.primitive, tuple(map(_name, operands)), tuple(op.static.items()))
        for scope in self.known:
            if key in scope:
                self.table[op.result] = scope[key]
                return None
        self.known[-1][key] = op.result
        return new


def _is_beside(key: Key, place: Key) -> bool:
    """Whether an element is another one of the same memory, by the numbers of its place."""
    return key[0] is place[0] and any(
        _number(a) >= 0 and 0 <= _number(b) != _number(a) for a, b in zip(key, place, strict=True)
    )


def _number(name: object) -> int:
    """The integer that an operand is, by its name; -1 for others."""
    return int(name[2]) if isinstance(name, tuple) and name[0] is int else -1


def _unchanged(op: Apply) -> Operand | None:
    """The factor that a product is for every number: the other one is 1."""
    if op.primitive is not MULTIPLY:
        return None
    for one, other in (op.operands, reversed(op.operands)):
        if isinstance(one, Constant) and one.value == 1 and isinstance(other, Value) and other.type == op.result.type:
            return other
    return None


def _as_element(load: Apply, known: Value) -> Apply:
    """A number of Python's as what it is in an array: to divide by 0 raises for it, and gives infinity there."""
    assert load.result.type.dtype is not None
    return replace(load, primitive=required(load.result.type.dtype.type), operands=(known,), static={})


def _of_numpy(known: Operand) -> Operand:
    """A constant as what it is in an array."""
    if isinstance(known, Constant) and known.type.dtype is not None and known.type.kind == "python":
        return constant(known.type.dtype.type(known.value))
    return known


def _name(operand: Operand) -> object:
    if isinstance(operand, Constant) and isinstance(operand.value, (int, float, complex, str, type(None))):
        return (type(operand.value), operand.type, repr(operand.value))
    return operand


def without_dead(function: Function) -> Function:
    """The function without what nobody reads: values, and arrays that are only written."""
    while True:
        count = Counter(values_in(reads_of(function.body)))
        stores = Counter(
            op.operands[0] for op in walk(function.body) if isinstance(op, Apply) and op.primitive is STORE
        )
        made = {op.result for op in walk(function.body) if isinstance(op, Apply) and op.primitive is ALLOCATE}
        only_written = {v for v in made if count[v] == stores[v]}
        before = sum(1 for _ in walk(function.body))
        function = replace(function, body=_live(function.body, count, only_written))
        if sum(1 for _ in walk(function.body)) == before:
            return function


def _live(block: Block, count: Counter[Value], only_written: set[Value]) -> Block:
    operations: list[Operation] = []
    for op in reversed(block.operations):
        match op:
            case Apply():
                if op.primitive is STORE and op.operands[0] in only_written:
                    count.subtract(values_in(op.operands))
                    continue
                if op.primitive.effect is not Effect.IO and not count[op.result]:
                    count.subtract(values_in(op.operands))
                    continue
                operations.append(op)
            case If():
                operations += _live_branch(op, count, only_written)
            case For() | While():
                operations += _live_loop(op, count, only_written)
            case Call():
                if op.function.effects or count[op.result]:
                    operations.append(op)
                else:
                    count.subtract(values_in(op.operands))
    return replace(block, operations=tuple(reversed(operations)))


def _live_branch(op: If, count: Counter[Value], only_written: set[Value]) -> list[Operation]:
    kept = [k for k, r in enumerate(op.results) if count[r]]
    for b in op.blocks:
        count.subtract(values_in(o for k, o in enumerate(b.results) if k not in kept))
    then, orelse = (
        _live(replace(b, results=tuple(b.results[k] for k in kept)), count, only_written) for b in (op.then, op.orelse)
    )
    if not kept and not then.operations and not orelse.operations:
        count.subtract(values_in(op.operands))
        return []
    return [replace(op, then=then, orelse=orelse, results=tuple(op.results[k] for k in kept))]


def _live_loop(op: For | While, count: Counter[Value], only_written: set[Value]) -> list[Operation]:
    """A loop without what it carries for nobody: where neither it nor anything behind it reads that."""
    n = len(op.initial)
    carried = op.carried
    tested = op.test.parameters if isinstance(op, While) else carried
    own = [_reads_itself(op, k, count) for k in range(n)]
    dead = [
        k
        for k in range(n)
        if not count[op.results[k]] and count[carried[k]] <= own[k] and (tested is carried or not count[tested[k]])
    ]
    kept = [k for k in range(n) if k not in dead]
    results = [*(op.body.results[k] for k in kept), *op.body.results[n:]]
    count.subtract(values_in(op.body.results[k] for k in dead))
    count.subtract(values_in(op.initial[k] for k in dead))
    lead = op.body.parameters[:1] if isinstance(op, For) else ()
    body = Block((*lead, *(carried[k] for k in kept)), op.body.operations, tuple(results))
    body = _live(body, count, only_written)
    initial, left = tuple(op.initial[k] for k in kept), tuple(op.results[k] for k in kept)
    if isinstance(op, While):
        test = _live(replace(op.test, parameters=tuple(tested[k] for k in kept)), count, only_written)
        return [replace(op, initial=initial, test=test, body=body, results=left)]
    if not kept and not body.operations and not op.breaks:
        count.subtract(values_in(op.operands))
        return []
    return [replace(op, initial=initial, body=body, results=left)]


def _reads_itself(op: For | While, k: int, count: Counter[Value]) -> int:
    """How often what is carried is read for nothing but what is carried on of it."""
    parameter, result = op.carried[k], op.body.results[k]
    if result is parameter:
        return 1
    if not isinstance(result, Value) or count[result] != 1:
        return 0
    made = next((x for x in op.body.operations if result in x.results), None)
    return list(made.operands).count(parameter) if isinstance(made, Apply) else 0
