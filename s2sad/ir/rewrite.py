"""Operations with other operands or names: what every pass that rebuilds a function needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import is_
from typing import assert_never

from s2sad.ir.dims import Dim, Symbol, renewed, substitute_dim
from s2sad.ir.types import substitute as substitute_type
from s2sad.ir.types import symbols as symbols_in
from s2sad.ir.values import Apply, Block, Call, For, Function, If, Operand, Operation, Value, While, bound_in, walk

Table = Mapping[Operand, Operand]


def substitute(block: Block, table: Table) -> Block:
    """The block with values replaced, where they are bound as well as where they are read."""
    if not table:
        return block
    return Block(
        tuple(_value(p, table) for p in block.parameters),
        tuple(substitute_operation(op, table) for op in block.operations),
        tuple(table.get(r, r) for r in block.results),
    )


def substitute_operation(op: Operation, table: Table) -> Operation:
    match op:
        case Apply() | Call():
            return replace(op, operands=_all(op.operands, table), result=_value(op.result, table))
        case If():
            return replace(
                op,
                predicate=table.get(op.predicate, op.predicate),
                then=substitute(op.then, table),
                orelse=substitute(op.orelse, table),
                results=tuple(_value(r, table) for r in op.results),
            )
        case For():
            return replace(
                op,
                start=table.get(op.start, op.start),
                stop=table.get(op.stop, op.stop),
                step=table.get(op.step, op.step),
                initial=_all(op.initial, table),
                scanned=_all(op.scanned, table),
                body=substitute(op.body, table),
                results=tuple(_value(r, table) for r in op.results),
            )
        case While():
            return replace(
                op,
                initial=_all(op.initial, table),
                test=substitute(op.test, table),
                body=substitute(op.body, table),
                results=tuple(_value(r, table) for r in op.results),
            )
        case _:
            assert_never(op)


def renamed(function: Function, hints: Mapping[Value, tuple[str, bool]]) -> Function:
    """The function with names given to some of its values, and whether each is loose."""
    table: dict[Operand, Operand] = {v: replace(v, hint=hint, loose=loose) for v, (hint, loose) in hints.items()}
    return replace(function, body=substitute(function.body, table))


def with_names_of_user(function: Function) -> Function:
    """The function with no item of a container called by its key where a variable of the user's has that name."""
    bound = [*bound_in(function.body)]
    taken = {v.hint for v in bound if v.hint and not v.loose}
    # A loose name gives way: two values of one name would have to be told apart by a suffix on the user's own.
    hidden: dict[Operand, Operand] = {v: Value(v.type) for v in bound if v.loose and v.hint in taken}
    return replace(function, body=substitute(function.body, hidden)) if hidden else function


def copied(block: Block) -> dict[Operand, Operand]:
    """A new value for each that a block binds; integers of its loops get symbols of their own."""
    values = list(bound_in(block))
    # The index of a copied loop counts for itself: two loops with one symbol would be taken for one index.
    symbols: dict[Symbol, Dim] = {}
    for op in walk(block):
        if isinstance(op, For):
            for s in symbols_in(op.index.type):
                symbols[s] = renewed(s, None if s.most is None else substitute_dim(s.most, symbols))
    return {v: replace(v, type=substitute_type(v.type, symbols)) for v in values}


def reads(operations: Iterable[Operation]) -> Iterator[Operand]:
    """What operations read, as often as they do: what the blocks in them read and give included."""
    for op in operations:
        yield from op.operands
        for block in op.blocks:
            yield from reads_of(block)


def reads_of(block: Block) -> Iterator[Operand]:
    """What the operations of a block read, as often as they do, and what it gives."""
    yield from reads(block.operations)
    yield from block.results


def map_blocks(op: Operation, change: Callable[[Block], Block]) -> Operation:
    """The operation with the blocks in it changed; as it is where it has none, or none of them changes."""
    if isinstance(op, (Apply, Call)):
        return op
    blocks = op.blocks
    new = [change(b) for b in blocks]
    if all(map(is_, new, blocks)):
        return op
    match op:
        case If():
            return replace(op, then=new[0], orelse=new[1])
        case For():
            return replace(op, body=new[0])
        case While():
            return replace(op, test=new[0], body=new[1])
        case _:
            assert_never(op)


def with_operations(block: Block, operations: Sequence[Operation]) -> Block:
    """The block of these operations; as it is where they are its own."""
    same = len(operations) == len(block.operations) and all(map(is_, operations, block.operations))
    return block if same else replace(block, operations=tuple(operations))


def reduced(block: Block, operations: Collection[Operation], values: Collection[Operand]) -> Block:
    """The block with these operations alone, which give, carry and scan these values alone."""
    return with_operations(block, [_reduced(op, operations, values) for op in block.operations if op in operations])


def _reduced(op: Operation, operations: Collection[Operation], values: Collection[Operand]) -> Operation:
    if isinstance(op, (Apply, Call)):
        return op
    kept = [k for k, r in enumerate(op.results) if r in values]
    if len(kept) == len(op.results) and not (isinstance(op, For) and op.scanned):
        return map_blocks(op, lambda b: reduced(b, operations, values))
    results = tuple(op.results[k] for k in kept)
    if isinstance(op, If):
        sides = (replace(b, results=tuple(b.results[k] for k in kept)) for b in op.blocks)
        then, orelse = (reduced(b, operations, values) for b in sides)
        return replace(op, then=then, orelse=orelse, results=results)
    carried = [k for k in kept if k < len(op.initial)]
    initial = tuple(op.initial[k] for k in carried)
    rows = op.body.results
    parameters = tuple(op.carried[k] for k in carried)
    given = (*(rows[k] for k in kept), *rows[len(op.results) :])
    body = reduced(replace(op.body, results=given), operations, values)
    if isinstance(op, While):
        test = replace(op.test, parameters=tuple(op.test.parameters[k] for k in carried))
        body, test = replace(body, parameters=parameters), reduced(test, operations, values)
        return replace(op, initial=initial, test=test, body=body, results=results)
    scans = [k for k, i in enumerate(op.items) if i in values]
    body = replace(body, parameters=(op.index, *parameters, *(op.items[k] for k in scans)))
    scanned, ascending = tuple(op.scanned[k] for k in scans), tuple(op.is_ascending(k) for k in scans)
    return replace(op, initial=initial, scanned=scanned, results=results, body=body, ascending=ascending)


def _all(operands: tuple[Operand, ...], table: Table) -> tuple[Operand, ...]:
    return tuple(table.get(o, o) for o in operands)


def _value(value: Value, table: Table) -> Value:
    new = table.get(value, value)
    return new if isinstance(new, Value) else value
