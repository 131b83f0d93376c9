"""Frames: the blocks of the primal while their adjoints are built, of the function, of a loop, or of a branch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from s2sad.differentiate.tangents import Path, leaf_paths
from s2sad.ir.builder import Builder
from s2sad.ir.containers import UNDEFINED
from s2sad.ir.types import ContainerType, SequenceType, Type
from s2sad.ir.values import Block, For, If, Operand, Value, While

Key: TypeAlias = tuple[Value, Path]
"""A value, and the path to a leaf in it."""


@dataclass(eq=False)
class Level:
    """One block of the primal under reversal."""

    block: Block
    outer: Level | None
    op: For | While | If | None = None
    totals: dict[Key, Operand] = field(default_factory=dict)
    touched: dict[Key, Operand] = field(default_factory=dict)
    """Values of outer levels that get contributions here, with what their sum starts from."""
    replaced: dict[Value, Operand] = field(default_factory=dict)
    """Primal values by what stands for them in the reversed loop."""
    scanned: dict[Value, Value] = field(default_factory=dict)
    """Primal values that the reversed loop scans, by its parameter."""
    sources: dict[Value, tuple[Value, bool]] = field(default_factory=dict)
    """The list from which each of them is scanned, and whether from its start."""


def owners(block: Block, table: dict[Operand, Block]) -> dict[Operand, Block]:
    """The block in which each value is bound."""
    for p in block.parameters:
        table[p] = block
    for op in block.operations:
        for r in op.results:
            table[r] = block
        for inner in op.blocks:
            owners(inner, table)
    return table


def leaf_type(key: tuple[Operand, Path]) -> Type:
    t: Type = key[0].type
    for k in key[1]:
        t = t[k]
    return t


def leaves_of(value: Operand) -> Iterator[Key]:
    """The keys of the differentiable leaves of a value."""
    if isinstance(value, Value):
        yield from ((value, path) for path, _ in leaf_paths(value.type))


def undefined(builder: Builder, t: Type) -> Operand:
    """What stands for a value that a branch does not bind: a container whose items may be read for their shapes."""
    # A tuple or list has a placeholder that is written as one; of another class an object must be made, of the
    # placeholders of its items.
    if isinstance(t, ContainerType) and t.cls not in (tuple, list):
        return builder.make(t.cls, t.keys, [undefined(builder, item) for item in t.items])
    return builder.apply(UNDEFINED, (), {"type": t})


def item_type(sequence: Operand | None) -> Type:
    """The type of the items of a list."""
    assert sequence is not None and isinstance(sequence.type, SequenceType)
    return sequence.type.item
