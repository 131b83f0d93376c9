"""Calls written out: a program of loops is one function, and those beside it that call themselves.

    def f_grad(x, n):                        def f_grad(x, n):
        return g(h_grad(x, n))       ->          v = h_grad(x, n)
                                                 ...               # what g does

A function that calls itself takes and gives numbers and arrays: of what is in containers the leaves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from s2sad.analysis.recursion import cycle, reached
from s2sad.errors import UnsupportedType
from s2sad.ir.builder import Builder
from s2sad.ir.flat import with_leaves, with_leaves_of_result
from s2sad.ir.rewrite import copied, map_blocks, substitute
from s2sad.ir.signature import related, with_inner
from s2sad.ir.types import substitute as substitute_type
from s2sad.ir.types import symbols
from s2sad.ir.values import Block, Call, Function, FunctionRef, Operand, Operation, Value, called_in, walk


def without_calls(functions: Mapping[str, Function], entry: str, whole: int = 0) -> list[Function]:
    """The entry with the functions that it calls in the places of their calls, and behind it those that stay.

    An entry that calls itself is a call of the function that does. Its first parameters, so many as are `whole`, are
    left as they are.
    """
    kept = [name for name in sorted({entry, *reached(entry, functions)}) if cycle(name, functions)]
    if entry in kept:
        inner = _free_name(f"{entry}_inner", functions)
        functions = {n: _with_calls_of(f, entry, inner) for n, f in functions.items()}
        own = functions[entry]
        functions |= {inner: replace(own, name=inner, doc=None), entry: _as_call(own, inner)}
        kept[kept.index(entry)] = inner
    made: dict[str, Function] = {}
    for name in (entry, *kept):
        _make(name, functions, made, kept)
    return [with_leaves(made[entry], whole), *(with_leaves_of_result(with_leaves(made[name])) for name in kept)]


def _free_name(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _with_calls_of(function: Function, name: str, other: str) -> Function:
    """The function with the calls of one function as calls of another."""

    def block(b: Block) -> Block:
        return replace(b, operations=tuple(map(operation, b.operations)))

    def operation(op: Operation) -> Operation:
        if isinstance(op, Call) and op.function.name == name:
            return replace(op, function=replace(op.function, name=other))
        return map_blocks(op, block)

    return replace(function, body=block(function.body))


def _as_call(function: Function, name: str) -> Function:
    """A function that only calls another one of its form."""
    parameters = tuple(Value(p.type, p.hint, unsure=p.unsure) for p in function.parameters)
    builder = Builder()
    result = builder.call_function(FunctionRef(name, function.result.type), parameters)
    return replace(function, body=builder.block(parameters, [result]))


def _make(name: str, functions: Mapping[str, Function], made: dict[str, Function], kept: Collection[str]) -> None:
    if name in made:
        return
    function = functions[name]
    for callee in sorted(called_in(function.body).difference(kept)):
        _make(callee, functions, made, kept)
    table: dict[Operand, Operand] = {}
    body = _written_out(function.body, made, kept, table)
    for value in table:
        while table[value] in table:
            table[value] = table[table[value]]
    made[name] = Function(name, substitute(body, table), function.doc, function.takes)


def _written_out(
    block: Block, made: Mapping[str, Function], kept: Collection[str], table: dict[Operand, Operand]
) -> Block:
    operations: list[Operation] = []
    for op in block.operations:
        if not isinstance(op, Call) or op.function.name in kept:
            operations.append(map_blocks(op, lambda b: _written_out(b, made, kept, table)))
            continue
        callee = made[op.function.name]
        fresh = _with_lengths_of(op, callee) | dict(zip(callee.parameters, op.operands, strict=True))
        body = substitute(Block((), callee.body.operations, callee.body.results), fresh)
        operations += body.operations
        table[op.result] = body.results[0]
    return Block(block.parameters, tuple(operations), block.results)


def _with_lengths_of(op: Call, callee: Function) -> dict[Operand, Operand]:
    """New values for those of a callee, their lengths in terms of those of the caller."""
    values = copied(callee.body)
    table = related([p.type for p in callee.parameters], [o.type for o in op.operands])
    lengths = with_inner(set().union(*(symbols(v.type) for v in values.values())), table)
    return {v: replace(new, type=substitute_type(new.type, lengths)) for v, new in values.items()}


def check_calls(function: Function, functions: Iterable[Function]) -> None:
    """Refuse calls with numbers of other dtypes than the functions take."""
    taken = {f.name: [p.type for p in f.parameters] for f in functions}
    for op in walk(function.body):
        if not isinstance(op, Call):
            continue
        for o, t in zip(op.operands, taken[op.function.name], strict=True):
            if (o.type.dtype, o.type.rank) != (t.dtype, t.rank):
                raise UnsupportedType(f"{o.type} for {t} in a call of {op.function.name}", "", op.location)
