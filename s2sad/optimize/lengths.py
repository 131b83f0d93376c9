"""Lengths that must be equal where a program runs to its end: a store holds what fits.

t = a[k::m] - b[k + h::m]     a length that is broadcast of two, not known to be equal
c[k + h::m] = t               ->   all three are one: had the first been longer, the store would have raised

What is broadcast of several lengths, and fits into one of them, is that one: if the place is longer than 1, so is the
value, and if it is 1, the value must be; so for all that are parts of it. The facts hold in the block of the store,
which is run to its end or not at all; they are used where every length that they equate is spoken of in that block
alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from s2sad.ir.containers import GETITEM
from s2sad.ir.dims import Dim, Symbol, as_symbol, broadcast_parts, equate, may_be_one
from s2sad.ir.primitives.regions import is_try
from s2sad.ir.rewrite import substitute as substitute_values
from s2sad.ir.types import ArrayType, substitute, symbols
from s2sad.ir.values import Apply, Block, Function, Operand, Operation, Value

Fact = tuple[Dim, Dim]


def settle_lengths(function: Function, known: Mapping[Symbol, Dim] | None = None) -> Function:
    """The function with lengths that must be equal made one; `known` are what the call that compiles says of them."""
    lengths = _Lengths(function, known or {})
    if not lengths.equal:
        return function
    equate(lengths.equal)
    table: dict[Operand, Operand] = {}
    for v in lengths.values:
        t = substitute(v.type, lengths.equal)
        if t != v.type:
            table[v] = Value(t, v.hint, v.loose)
    return replace(function, body=substitute_values(function.body, table))


class _Lengths:
    """The facts of a function, and what follows from them."""

    def __init__(self, function: Function, known: Mapping[Symbol, Dim]) -> None:
        self.values: list[Value] = []
        self.homes: dict[Symbol, set[Block]] = {}
        """The blocks in which a symbol is spoken of."""
        self.inside: dict[Block, set[Block]] = {}
        """A block and those in it."""
        self.facts: list[tuple[Dim, Dim, Block]] = []
        self.given = {s for p in function.parameters for s in symbols(p.type)}
        """The caller's: arguments that do not fit are to raise as they do in the primal."""
        self.visit(function.body, False)
        self.equal = dict(known)
        for a, b, block in self.facts:
            self.join(a, b, block)

    def visit(self, block: Block, caught: bool) -> set[Block]:
        """Read a block; the blocks in it. Where exceptions are `caught`, it may be left half-way."""
        found = {block}
        for v in block.parameters:
            self.bind(v, block)
        for op in block.operations:
            inner = caught or is_try(op)
            for b in op.blocks:
                found |= self.visit(b, inner)
            for v in op.results:
                self.bind(v, block)
            if not caught and isinstance(op, Apply):
                self.facts += [(a, b, block) for a, b in _facts(op)]
        self.inside[block] = found
        return found

    def bind(self, value: Value, block: Block) -> None:
        self.values.append(value)
        for s in symbols(value.type):
            self.homes.setdefault(s, set()).add(block)

    def join(self, a: Dim, b: Dim, block: Block) -> None:
        a, b = self.find(a), self.find(b)
        if a == b:
            return
        for one, other in ((a, b), (b, a)):
            symbol = as_symbol(one)
            # A symbol may be replaced where all that speaks of it is in the block of the store, or inside: outside, the
            # store may not have been run, and then the two lengths may differ. A parameter's is kept, as its error is
            # the user's to see.
            if symbol is None or symbol in self.given:
                continue
            if self.homes.get(symbol, {block}) <= self.inside[block]:
                self.equal = {s: _put(d, symbol, other) for s, d in self.equal.items()}
                self.equal[symbol] = other
                return

    def find(self, d: Dim) -> Dim:
        for s, other in self.equal.items():
            d = _put(d, s, other)
        return d


def _put(d: Dim, symbol: Symbol, other: Dim) -> Dim:
    t = substitute(ArrayType(shape=(d,)), {symbol: other})
    assert t.shape is not None
    return t.shape[0]


def _facts(op: Operation) -> Iterator[Fact]:
    """The pairs of lengths that an operation shows to be equal, if it does not raise."""
    if not isinstance(op, Apply):
        return
    if op.primitive.stores:
        base, index, value = (o.type for o in op.operands)
        place = GETITEM.result_type([base, index], {})
        if place.shape and value.shape:
            for a, b in zip(reversed(place.shape), reversed(value.shape), strict=False):
                # A value of length 1 is repeated, and says nothing about the place.
                if a != b and not may_be_one(b):
                    yield a, b
                yield from ((a, d) for d in _holding(a, b))
    elif op.primitive.contracts:
        x, y = (o.type for o in op.operands[:2])
        if x.shape and y.shape:
            yield x.shape[-1], y.shape[-2 if len(y.shape) > 1 else -1]


def _holding(a: Dim, b: Dim) -> list[Dim]:
    """The lengths, `b` or those of which it is broadcast, of which `a` is a part: if `b` fits into `a`, so do they."""
    inner = [d for part in broadcast_parts(b) for d in _holding(a, part)]
    return [b, *inner] if inner or a in broadcast_parts(b) else []
