"""Calls written out: a short function that is called from one place alone stands in that place.

x2 = f(x)        v1 = np.sin(x)
y = x2 * x  ->   y = v1 * x          where no other call of f is in the module

Its sweeps need no parameters, no residuals and no results of their own then, as in an adjoint that is made by hand
(procedure integration: Muchnick, Advanced Compiler Design and Implementation, 15.2). A function that is called from
several places stays a function, and so does one that is too long to be read as a part of another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

from s2sad.ir.dims import Dim, Symbol, is_known
from s2sad.ir.printer import unnumbered
from s2sad.ir.rewrite import map_blocks, substitute, substitute_operation
from s2sad.ir.signature import related, with_inner
from s2sad.ir.types import Type, leaves, symbols
from s2sad.ir.types import substitute as substitute_type
from s2sad.ir.values import Block, Call, Function, Operand, Operation, Value, bound_in, walk

SHORT = 80
"""The most operations of a function that is written into another one."""
TOGETHER = 160
"""The most operations of a function that others are written into."""


def called_once(functions: Mapping[str, Function]) -> set[str]:
    """The functions that the others call from one place of the text."""
    calls = Counter(op.function.name for f in functions.values() for op in walk(f.body) if isinstance(op, Call))
    return {name for name, count in calls.items() if count == 1 and name in functions}


def with_calls_written_out(functions: Mapping[str, Function], may: Callable[[str], bool]) -> dict[str, Function]:
    """Those of the functions, callees first, into which others are written: the ones that are called once and `may`."""
    once = {name for name in called_once(functions) if may(name)}
    made = dict(functions)
    for name, function in functions.items():
        made[name] = _WrittenOut(function, {n: made[n] for n in once}).function
    return {name: f for name, f in made.items() if f is not functions[name]}


class _WrittenOut:
    """One function into which others are written."""

    def __init__(self, function: Function, others: Mapping[str, Function]) -> None:
        self.others = others
        self.length = _length(function)
        self.table: dict[Operand, Operand] = {}
        """By the result of a call, what the function gives that stands in its place."""
        body = self.block(function.body)
        for value in self.table:
            # What one function gives may be what another one, written in before, gave.
            while self.table[value] in self.table:
                self.table[value] = self.table[self.table[value]]
        self.function = unnumbered(replace(function, body=substitute(body, self.table))) if self.table else function

    def block(self, block: Block) -> Block:
        operations: list[Operation] = []
        for op in block.operations:
            written = self.written(op) if isinstance(op, Call) and self.fits(op) else None
            if written is not None:
                operations += written
            else:
                operations.append(map_blocks(op, self.block) if op.blocks else op)
        return replace(block, operations=tuple(operations))

    def fits(self, op: Call) -> bool:
        """Whether a function is to be written in the place of its call: short, and not too long with what is there."""
        if op.function.name not in self.others:
            return False
        length = _length(self.others[op.function.name])
        return length <= SHORT and self.length + length <= TOGETHER

    def written(self, op: Call) -> tuple[Operation, ...] | None:
        """The operations of a function for the operands of a call; None where it raises for their lengths."""
        callee = unnumbered(self.others[op.function.name])
        dims = _lengths(op, callee)
        if any(_is_impossible(substitute_type(v.type, dims)) for v in bound_in(callee.body)):
            return None
        self.length += _length(callee)
        table: dict[Operand, Operand] = dict(zip(callee.parameters, op.operands, strict=True))
        for v in bound_in(callee.body):
            if v not in table:
                table[v] = replace(v, type=substitute_type(v.type, dims))
        result = table.get(callee.result, callee.result)
        if result not in op.operands and isinstance(result, Value) and _yields(result.hint, op.result.hint):
            # what has no name in the function, or is an adjoint there, has the name that the caller gives it
            table[callee.result] = result = replace(result, hint=op.result.hint, loose=op.result.loose)
        self.table[op.result] = result
        return tuple(substitute_operation(o, table) for o in callee.body.operations)


def _yields(own: str | None, given: str | None) -> bool:
    """Whether the name of a result in a function gives way to the one that the caller has for it."""
    return own is None or (
        given is not None and own.endswith(("_bar", "_dot")) and not given.endswith(("_bar", "_dot"))
    )


def _lengths(op: Call, callee: Function) -> dict[Symbol, Dim]:
    """What the lengths in a function are in the place of a call; those that it alone knows are new."""
    dims = related([p.type for p in callee.parameters], [o.type for o in op.operands])
    dims = related([callee.result.type], [op.result.type]) | dims
    return with_inner({s for v in bound_in(callee.body) for s in symbols(v.type)}, dims)


def _is_impossible(t: Type) -> bool:
    """Whether a type has lengths below 0: what makes an array of them raises, or is never run."""
    return any(is_known(d) and d < 0 for leaf in leaves(t) for d in leaf.shape or ())


def _length(function: Function) -> int:
    return sum(1 for _ in walk(function.body))
