"""Loops that run backwards for nothing run forwards: vectors are loaded as they lie, and they can be one with others.

    for i in range(n - 1, -1, -1): x_bar[i] += y_bar[i] * a[i]
    ->
    for i in range(n): x_bar[i] += y_bar[i] * a[i]

Each element that is written is one of a single iteration, which finds it the same in any order; what is carried are
sums whose terms may be added in any order (loop reversal: Kennedy & Allen, Optimizing Compilers for Modern
Architectures, 6.2). Of a sweep such are the loops of elements that do not wait for each other.
"""

from __future__ import annotations

from dataclasses import replace

from s2sad.ir.rewrite import map_blocks
from s2sad.ir.values import Block, Call, For, Function, walk
from s2sad.loops.blocks import is_sum
from s2sad.loops.dependence import are_independent
from s2sad.loops.memory import Memory


def forwards(function: Function) -> Function:
    """The function with such loops in the order of their indices."""
    memory = Memory(function)

    def turned(block: Block) -> Block:
        operations = tuple(map_blocks(op, turned) for op in block.operations)
        return replace(
            block,
            operations=tuple(
                replace(op, reverse=False) if isinstance(op, For) and _is_free(op, memory) else op for op in operations
            ),
        )

    return replace(function, body=turned(function.body))


def _is_free(loop: For, memory: Memory) -> bool:
    """Whether a loop runs backwards, and gives the same forwards."""
    if not loop.reverse or loop.breaks or loop.scanned or len(loop.results) != len(loop.initial):
        return False
    if any(isinstance(op, Call) for op in walk(loop.body)):
        return False
    return all(is_sum(loop, k) for k in range(len(loop.initial))) and are_independent(loop, memory)
