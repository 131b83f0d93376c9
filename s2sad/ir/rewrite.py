"""Operations with other operands or names: what every pass that rebuilds a function needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from s2sad.ir.types import renewed
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


def renamed(function: Function, hints: Mapping[Value, tuple[str, bool]]) -> Function:
    """The function with names given to some of its values, and whether each is loose."""
    table: dict[Operand, Operand] = {v: Value(v.type, *hint) for v, hint in hints.items()}
    return replace(function, body=substitute(function.body, table))


def with_names_of_user(function: Function) -> Function:
    """The function with no item of a container called by its key where a variable of the user's has that name."""
    bound = [*bound_in(function.body)]
    taken = {v.hint for v in bound if v.hint and not v.loose}
    hidden: dict[Operand, Operand] = {v: Value(v.type) for v in bound if v.loose and v.hint in taken}
    return replace(function, body=substitute(function.body, hidden)) if hidden else function


def copied(block: Block) -> dict[Operand, Operand]:
    """A new value for each that a block binds; integers of its loops get symbols of their own."""
    values = list(bound(block))
    symbols = {s: renewed(s) for op in walk(block) if isinstance(op, For) for s in symbols_in(op.index.type)}
    return {v: Value(substitute_type(v.type, symbols), v.hint, v.loose) for v in values}


def read_by(op: Operation) -> set[Operand]:
    """What an operation reads, the blocks in it included."""
    found = set(op.operands)
    for block in op.blocks:
        found.update(block.results)
        for inner in block.operations:
            found |= read_by(inner)
    return found


def bound(block: Block) -> Iterator[Value]:
    """All values that a block binds, those of the blocks in it included."""
    yield from block.parameters
    for op in block.operations:
        yield from op.results
        for inner in op.blocks:
            yield from bound(inner)


def _all(operands: tuple[Operand, ...], table: Table) -> tuple[Operand, ...]:
    return tuple(table.get(o, o) for o in operands)


def _value(value: Value, table: Table) -> Value:
    new = table.get(value, value)
    return new if isinstance(new, Value) else value
