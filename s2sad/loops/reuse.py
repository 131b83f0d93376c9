"""What was computed, loaded or stored before is not computed or loaded again, and what nobody reads then goes.

    e[i] = t; s += e[i]   ->   s += t

Value numbering in the scopes of the blocks (Briggs, Cooper & Simpson, Value numbering, 1997), with the elements of
arrays as values until something may write over them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from s2sad.analysis.liveness import names_of
from s2sad.ir.primitive import Effect, required
from s2sad.ir.primitives.memory import ALLOCATE, GUARD, LENGTH, LOAD, STORE, is_of_library
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
)
from s2sad.loops.dead import without_dead
from s2sad.loops.memory import Memory

Key = tuple[object, ...]
MULTIPLY = required(np.multiply)


def reused(function: Function) -> Function:
    """The function without what is computed or stored for nothing."""
    numbering = Numbering(function)
    return without_dead(numbering.function(), numbering.memory.roots)


class Numbering:
    """One function, with the values that stand for others."""

    def __init__(self, source: Function) -> None:
        self.source = source
        self.memory = Memory(source)
        self.table: dict[Operand, Operand] = {}
        self.known: list[dict[Key, Operand]] = [{}]
        self.lengths: dict[Operand, Sequence[Operand]] = {}
        """Those of the arrays that are made."""

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
        if isinstance(op, (For, While)):
            self.know_unchanged(op)
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

    def know_unchanged(self, op: For | While) -> None:
        """What a loop carries on as it is, is what it begins with."""
        for k, (p, first) in enumerate(zip(op.carried, op.initial, strict=True)):
            if op.body.results[k] is p and (p.type.dtype, p.type.kind) == (first.type.dtype, first.type.kind):
                self.table.update((v, self.of(first)) for v in names_of(op, k))

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
        if op.primitive is ALLOCATE:
            self.lengths[op.result] = operands
        if (same := self.length(new) or _unchanged(new)) is not None:
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

    def length(self, op: Apply) -> Operand | None:
        """The length of an array that was made of that length."""
        axis = op.static.get("axis")
        made = self.lengths.get(op.operands[0]) if op.primitive is LENGTH else None
        return made[axis] if made is not None and isinstance(axis, int) else None


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
