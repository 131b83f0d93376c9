"""Arrays lie so that the innermost long loops run along their rows: vectors are made of what is side by side.

    for i in range(n):                              for i in range(n):
        for k in range(3): p[i, k] += v[k]    ->        for k in range(3): p[k, i] += v[k]

What a program makes and uses by its elements alone is made so. What it comes to again in each iteration of a loop
around is copied: first what it only reads, in the end what it gives back. (Structure of arrays, for array of
structures.) A loop that goes through short rows, one element after the other, finds them side by side as they are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from s2sad.ir.containers import MAKE
from s2sad.ir.loop_rule import Loops
from s2sad.ir.primitive import required
from s2sad.ir.primitives.memory import ALLOCATE, LENGTH, LOAD, STORE
from s2sad.ir.rewrite import map_blocks, substitute
from s2sad.ir.types import ArrayType
from s2sad.ir.values import (
    Apply,
    Block,
    Constant,
    For,
    Function,
    Operand,
    Operation,
    Value,
    While,
    applied_in,
    is_loop,
    makers,
    walk,
)
from s2sad.loops.memory import Memory

ADD, SUBTRACT = required(np.add), required(np.subtract)
SHORT = 8
"""A loop of so many iterations is written out."""
OFTEN = 8
"""How many times a loop is taken to run its body: what is inside more loops weighs more."""


def laid_out(function: Function) -> Function:
    """The function with the axes of its arrays in the order in which its loops come to them."""
    memory = Memory(function)
    uses: dict[Operand, _Uses] = defaultdict(_Uses)
    _visit(function.body, (), (), uses)
    made = [op.result for op in walk(function.body) if isinstance(op, Apply) and op.primitive is ALLOCATE]
    given = [h for h in _given(function.body) if uses[h].whole == 1 and any(a.again for a in uses[h].accesses)]
    for h in given:
        uses[h].whole = 0
    table: dict[Operand, _Turned] = {h: _Turned(_permuted(h, order), order) for h in made if (order := uses[h].order())}
    written = {r for op in function.body.operations for r in memory.touched(op).written}
    read = {p: uses[p].read_again() for p in function.parameters if p.type.is_array and p not in written}
    orders = {p: order for p, use in read.items() if (order := use.order())}
    if not table and not orders:
        return function
    loops = Loops()
    copies: dict[Operand, _Turned] = {p: _copy(loops, p, order) for p, order in orders.items()}
    again = {a.op for p in orders for a in read[p].accesses if a.axis == orders[p][-1]}
    body = _rewritten(function.body, table, copies, again)
    body = replace(body, operations=(*loops.builder.operations, *body.operations))
    return replace(function, body=_turned_back(body, {h: table[h] for h in given if h in table}))


def _given(body: Block) -> list[Value]:
    """The arrays that the function makes outside of all blocks, and gives back once."""
    makes = {op.result: op for op in applied_in(body.operations) if op.primitive is MAKE}
    wanted, found = [*body.results], Counter[Operand]()
    while wanted:
        o = wanted.pop()
        found[o] += 1
        if isinstance(o, Value) and o in makes:
            wanted += makes[o].operands
    made = (op.result for op in applied_in(body.operations) if op.primitive is ALLOCATE)
    return [h for h in made if found[h] == 1]


def _turned_back(body: Block, table: Mapping[Value, _Turned]) -> Block:
    """A function with copies of what it gives back, where that lies in another order."""
    loops = Loops()
    whole: dict[Operand, Operand] = {
        h: _copy(loops, turned.handle, _inverse(turned.order)).handle for h, turned in table.items()
    }
    makes = [op for op in applied_in(body.operations) if op.primitive is MAKE]
    others = [op for op in body.operations if op not in makes]
    return substitute(replace(body, operations=(*others, *loops.builder.operations, *makes)), whole)


@dataclass(frozen=True)
class _Access:
    """A load or store in an innermost long loop; the axis along which that loop runs, where it does along one."""

    op: Apply
    lane: _Long | None
    weight: int
    again: bool
    """A loop around comes to the same elements in each of its iterations."""

    @property
    def axis(self) -> int | None:
        """The axis along which its loop is to find elements side by side; None where it may be any."""
        axis = None if self.lane is None else self.lane.axis(places := _places(self.op))
        return axis if axis is None or self.lane is None or not self.lane.is_even else len(places) - 1


@dataclass
class _Uses:
    """How an array is used."""

    accesses: list[_Access] = field(default_factory=list)
    whole: int = 0
    """How often it is used for more than its elements."""

    def read_again(self) -> _Uses:
        """The accesses that are worth a copy."""
        return _Uses([a for a in self.accesses if a.again])

    def order(self) -> tuple[int, ...] | None:
        """The order in which its axes are to lie, where that is another one."""
        votes: dict[int, int] = defaultdict(int)
        for access in self.accesses:
            if access.axis is not None:
                votes[access.axis] += access.weight
        if self.whole or not votes:
            return None
        axis, rank = max(votes, key=lambda k: votes[k]), len(_places(self.accesses[0].op))
        if axis == rank - 1 or 2 * votes[axis] < sum(votes.values()):
            return None
        return (*(k for k in range(rank) if k != axis), axis)


@dataclass(frozen=True)
class _Turned:
    """An array whose axes lie in another order."""

    handle: Value
    order: tuple[int, ...]

    def places(self, places: Sequence[Operand]) -> tuple[Operand, ...]:
        return tuple(places[k] for k in self.order)


@dataclass(frozen=True, eq=False)
class _Long:
    """A long loop, and how the numbers in it change from one iteration to the next."""

    loop: For | While
    even: list[bool] = field(default_factory=list)
    """Of each access that changes with it, whether it is to a whole short row."""

    @property
    def is_even(self) -> bool:
        """Whether it goes through short rows, one element after the other: it needs no other order."""
        return all(self.even)

    @cached_property
    def is_innermost(self) -> bool:
        inner = (op for op in walk(self.loop.body) if is_loop(op))
        return isinstance(self.loop, For) and all(map(_is_short, inner))

    @cached_property
    def made(self) -> Mapping[Operand, Apply]:
        return makers(walk(self.loop.body))

    @cached_property
    def changing(self) -> set[Operand]:
        found: set[Operand] = {*self.loop.body.parameters}
        for op in walk(self.loop.body):
            if any(o in found for o in op.operands) or (op.blocks and not _is_short(op)):
                found.update(op.results)
        return found

    def step(self, o: Operand) -> int | None:
        """By how much an index grows with each iteration; None where it may be by anything."""
        if isinstance(self.loop, For) and o is self.loop.index:
            return 1
        if o not in self.changing:
            return 0
        op = self.made.get(o)
        if op is None or op.primitive not in (ADD, SUBTRACT):
            return None
        a, b = map(self.step, op.operands)
        return None if a is None or b is None else a + b if op.primitive is ADD else a - b

    def axis(self, places: Sequence[Operand]) -> int | None:
        """The axis along which it comes from an element to the next one."""
        steps = [self.step(p) for p in places]
        along = [k for k, s in enumerate(steps) if s != 0]
        return along[0] if len(along) == 1 and steps[along[0]] == 1 else None


def _is_short(op: Operation) -> bool:
    ends = [o.value for o in (op.start, op.stop) if isinstance(o, Constant)] if isinstance(op, For) else []
    return len(ends) == 2 and ends[1] - ends[0] <= SHORT  # type: ignore[operator]


def _visit(block: Block, around: tuple[_Long, ...], short: tuple[Value, ...], uses: Mapping[Operand, _Uses]) -> None:
    """Note how the arrays are used in a block: the long loops around it, and the indices of short ones in the last."""
    for op in block.operations:
        for k, o in enumerate(op.operands):
            if not o.type.is_array:
                continue
            if k or not isinstance(op, Apply) or op.primitive not in (LOAD, STORE, LENGTH):
                uses[o].whole += 1
            elif op.primitive is not LENGTH:
                uses[o].accesses.append(_access(op, around, short))
        for inner in op.blocks:
            if not is_loop(op):
                _visit(inner, around, short, uses)
            elif isinstance(op, For) and _is_short(op):
                _visit(inner, around, (*short, op.index), uses)
            else:
                _visit(inner, (*around, _Long(op)), (), uses)
    for o in block.results:
        uses[o].whole += 1


def _access(op: Apply, around: Sequence[_Long], short: Sequence[Value]) -> _Access:
    places = _places(op)
    if not around or not around[-1].is_innermost:
        return _Access(op, None, 0, False)
    lane = around[-1]
    if any(lane.step(p) != 0 for p in places):
        lane.even.append(len(short) == 1 and places[-1] is short[0])
    again = any(not loop.changing.intersection(places) for loop in around)
    return _Access(op, lane, OFTEN ** len(around), again)


def _places(op: Apply) -> tuple[Operand, ...]:
    return op.operands[1:] if op.primitive is LOAD else op.operands[1:-1]


# rewritten


def _permuted(handle: Value, order: Sequence[int]) -> Value:
    shape = handle.type.shape
    assert shape is not None
    t = ArrayType(handle.type.dtype, tuple(shape[k] for k in order), "array")
    return Value(t, handle.hint, handle.loose)


def _inverse(order: Sequence[int]) -> tuple[int, ...]:
    return tuple(order.index(k) for k in range(len(order)))


def _copy(loops: Loops, given: Value, order: tuple[int, ...]) -> _Turned:
    """A copy of an array that is not written any more, its axes in another order."""
    whole = loops.held(given)
    back = _inverse(order)
    turned = loops.view(whole, [whole.shape[k] for k in order], lambda at: tuple(at[k] for k in back))
    handle = loops.fresh(turned, given.hint).handle
    assert handle is not None
    return _Turned(handle, order)


def _rewritten(
    block: Block, made: Mapping[Operand, _Turned], copies: Mapping[Operand, _Turned], again: Collection[Apply]
) -> Block:
    """A block with the arrays that are made in another order, and the loads that copies are for."""
    operations: list[Operation] = []
    for op in block.operations:
        if not isinstance(op, Apply):
            op = map_blocks(op, lambda b: _rewritten(b, made, copies, again))
        elif op.primitive is ALLOCATE and op.result in made:
            turned = made[op.result]
            op = replace(op, operands=turned.places(op.operands), result=turned.handle)
        elif op.primitive in (LOAD, STORE, LENGTH):
            other = copies[op.operands[0]] if op in again else made.get(op.operands[0])
            op = _with(op, other) if other is not None else op
        operations.append(op)
    return replace(block, operations=tuple(operations))


def _with(op: Apply, turned: _Turned) -> Apply:
    """A load, a store or a length of what lies in another order."""
    if op.primitive is LENGTH:
        axis = op.static["axis"]
        assert isinstance(axis, int)
        return replace(op, operands=(turned.handle,), static={"axis": turned.order.index(axis)})
    behind = op.operands[1 + len(turned.order) :]
    return replace(op, operands=(turned.handle, *turned.places(_places(op)), *behind))
