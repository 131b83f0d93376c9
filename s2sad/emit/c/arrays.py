"""Arrays in C: a pointer to what lies row by row, and lengths; which memory is whose, which pointers are const."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from s2sad.emit.c.text import Text, binary
from s2sad.ir.containers import MAKE
from s2sad.ir.primitives.memory import ALLOCATE, INTO, LENGTH, LOAD, RESHAPED, STORE
from s2sad.ir.values import Apply, Block, Constant, For, Function, If, Operand, Value, While, is_int, walk

SMALL = 4096
"""Bytes that an array may have on the stack."""


@dataclass(frozen=True, slots=True)
class Handle:
    """An array."""

    pointer: str
    lengths: tuple[Text, ...]
    dtype: np.dtype[Any]


def summed(a: Text, b: Text) -> Text:
    return b if a.text == "0" else a if b.text == "0" else binary("+", a, b)


def multiplied(a: Text, b: Text) -> Text:
    if a.text.isdigit() and b.text.isdigit():
        return Text(str(int(a.text) * int(b.text)))
    if "0" in (a.text, b.text):
        return Text("0")
    return b if a.text == "1" else a if b.text == "1" else binary("*", a, b)


def place(array: Handle, indices: Sequence[Text]) -> Text:
    """Where an element lies: `(i * m + j) * n + k`."""
    found = Text("0")
    for k, i in enumerate(indices):
        found = summed(multiplied(found, array.lengths[k]), i)
    return found


def sources(function: Function) -> dict[Value, list[Operand]]:
    """By an array that has no memory of its own: the arrays whose memory it may be."""
    found: dict[Value, list[Operand]] = {}
    for op in walk(function.body):
        match op:
            case Apply(primitive=p) if p is RESHAPED:
                found[op.result] = [op.operands[0]]
            case If():
                for n, r in enumerate(op.results):
                    found[r] = [b.results[n] for b in op.blocks]
            case For() | While():
                for n, (v, r, first) in enumerate(zip(op.carried, op.results, op.initial, strict=True)):
                    found[v] = found[r] = [first, op.body.results[n]]
                if isinstance(op, While):
                    found.update((t, [p]) for t, p in zip(op.test.parameters, op.carried, strict=True))
    return found


def reached(start: Sequence[Operand], table: dict[Value, list[Operand]]) -> set[Value]:
    """The arrays whose memory some arrays may be, and these themselves."""
    wanted, seen = [*start], set()
    while wanted:
        o = wanted.pop()
        if isinstance(o, Value) and o not in seen:
            seen.add(o)
            wanted += table.get(o, [])
    return seen


def written(function: Function, table: dict[Value, list[Operand]]) -> set[Value]:
    """The arrays into which something is stored."""
    direct = [
        o
        for op in walk(function.body)
        if isinstance(op, Apply)
        for o in ((op.operands[0],) if op.primitive is STORE else op.operands[-1:] if op.primitive is INTO else ())
    ]
    return reached(direct, table)


def handed(blocks: Iterator[Block], table: dict[Value, list[Operand]]) -> set[Value]:
    """The arrays that blocks give."""
    return reached([o for b in blocks for o in b.results if o.type.is_array], table)


def of_loops(function: Function) -> Iterator[Block]:
    return (op.body for op in walk(function.body) if isinstance(op, (For, While)))


def inner_blocks(function: Function) -> Iterator[Block]:
    return (b for op in walk(function.body) for b in op.blocks)


def asked_lengths(function: Function) -> set[tuple[Value, int]]:
    """The lengths of arrays that the text reads, where they are no numbers in it."""
    wanted: list[tuple[Operand, int]] = []
    read = {o for op in walk(function.body) for o in (*op.operands, *(r for b in op.blocks for r in b.results))}
    for op in walk(function.body):
        if not isinstance(op, Apply):
            continue
        if op.primitive is LENGTH:
            if op.result not in read:
                continue
            wanted.append((op.operands[0], op.static["axis"]))  # type: ignore[arg-type]
        elif op.primitive in (LOAD, STORE):
            rank, indices = op.operands[0].type.rank or 0, op.operands[1:]
            # in the first row no length of a row is needed
            wanted += [(op.operands[0], k) for k in range(1, rank) if not all(is_int(i, 0) for i in indices[:k])]
        elif op.primitive is INTO:
            wanted += [(o, k) for o in op.operands for k in range(2)]
        elif op.primitive is not ALLOCATE:
            wanted += [(o, k) for o in op.operands if o.type.is_array for k in range(o.type.rank or 0)]
    wanted += [(o, k) for o in function.body.results if o.type.is_array for k in range(o.type.rank or 0)]
    reshaped = {op.result for op in walk(function.body) if isinstance(op, Apply) and op.primitive is RESHAPED}
    table = {v: [] if v in reshaped else s for v, s in sources(function).items()}
    return {(v, k) for o, k in wanted for v in reached([o], table)}


def results_of(function: Function) -> list[Operand]:
    """The numbers and arrays that a function gives: those of its tuple."""
    made = {op.result: op for op in function.body.operations if isinstance(op, Apply) and op.primitive is MAKE}

    def flat(operand: Operand) -> Iterator[Operand]:
        if isinstance(operand, Value) and operand in made:
            for o in made[operand].operands:
                yield from flat(o)
        elif isinstance(operand, Constant) and operand.type.is_container:
            for x, t in zip(operand.value, operand.type.items, strict=True):  # type: ignore[call-overload]
                yield from flat(Constant(x, t))
        else:
            yield operand

    return list(flat(function.result))
