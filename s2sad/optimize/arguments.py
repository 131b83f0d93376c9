"""Arguments as their functions read them: items instead of the tuple that was made of them, numbers in their place.

bars = f_pullback((a, b), 0, g)        bars = f_pullback(a, b, g)
def f_pullback(params, k, g):    ->    def f_pullback(a, b, g):
    a, b = params                          ... x[0] ...
    ... x[k] ...

(scalar replacement of aggregates and constant propagation between functions: Muchnick, Advanced Compiler Design and
Implementation, 12.2 and 19.3)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT, MAKE
from s2sad.ir.rewrite import map_blocks, substitute
from s2sad.ir.types import ContainerType
from s2sad.ir.values import (
    Block,
    Call,
    Constant,
    Function,
    Operand,
    Operation,
    Value,
    given_functions,
    is_call_of,
    is_same,
    makers,
    walk,
)
from s2sad.optimize.eliminate import eliminate_dead
from s2sad.optimize.unread import keys_read

Place = tuple[int, int | None]
"""An argument by its position, or an item of one."""


def with_read_arguments(functions: Sequence[Function], kept: Collection[str]) -> list[Function]:
    """The functions, callees first, with arguments as they are read; those that are `kept` take what they take.

    The tuples and numbers meant are those of rules of solvers; what the user made of things is passed as it is.
    """
    made = {f.name: f for f in functions}
    kept = {*kept, *(given.name for f in functions for op in walk(f.body) for given in given_functions(op))}
    for name in made:
        calls = [(f, op) for f in made.values() for op in _calls(f.body, name)]
        fixed = not calls or made[name].takes or any(f.name == name or op.function.takes for f, op in calls)
        if name in kept or fixed or not any(op.location.again for op in walk(made[name].body)):
            continue
        for change in (_taken_apart, _with_numbers):
            callers = {f.name: f for f in made.values() if any(_calls(f.body, name))}
            made |= change(made[name], callers)
    return list(made.values())


def _calls(block: Block, name: str) -> Iterator[Call]:
    return (op for op in walk(block) if isinstance(op, Call) and op.function.name == name)


def _taken_apart(function: Function, callers: Mapping[str, Function]) -> dict[str, Function]:
    """A function that takes the items of tuples instead of these, and its callers, where they have the items."""
    places: list[Place] = []
    parameters: list[Value] = []
    table: dict[Operand, Operand] = {}
    unread: set[Operand] = set()
    for k, p in enumerate(function.parameters):
        keys = sorted(set(_items_read(function, p))) if _are_at_hand(k, function.name, callers) else []
        items = {key: Value(p.type.items[key], f"{p.hint}_{key}" if p.hint else None) for key in keys}
        for key, result in _extractions(function, p) if items else ():
            if key not in items:
                unread.add(result)
                continue
            if result.hint:
                items[key] = replace(items[key], hint=result.hint, loose=result.loose)
        table |= {result: items[key] for key, result in _extractions(function, p) if key in items}
        places += [(k, key) for key in items] or [(k, None)]
        parameters += items.values() or [p]
    if not table:
        return {}
    body = substitute(_without(function.body, {*table, *unread}), table)
    made = {function.name: replace(function, body=replace(body, parameters=tuple(parameters)))}
    return made | {n: _calling(f, function.name, places) for n, f in callers.items()}


def _extractions(function: Function, p: Value) -> Iterator[tuple[Any, Value]]:
    """The items that are taken of a parameter, with their keys, read or not."""
    found = (op for op in walk(function.body) if is_call_of(op, EXTRACT) and op.operands[0] is p)
    return ((op.static["key"], op.result) for op in found)


def _items_read(function: Function, p: Value) -> list[int]:
    """The items of a parameter, a tuple, that are read; none where it is read whole."""
    if not isinstance(p.type, ContainerType) or p.type.cls is not tuple:
        return []
    keys = [*keys_read(function.body, p)]
    return [k for k in keys if isinstance(k, int)] if None not in keys else []


def _are_at_hand(k: int, name: str, callers: Mapping[str, Function]) -> bool:
    """Whether each call makes the tuple that is this argument, or knows it."""
    for f in callers.values():
        made = makers(walk(f.body))
        for op in _calls(f.body, name):
            operand = op.operands[k]
            if not isinstance(operand, Constant) and not is_call_of(made.get(operand), MAKE):
                return False
    return True


def _with_numbers(function: Function, callers: Mapping[str, Function]) -> dict[str, Function]:
    """A function with the integers that all of its calls pass, and its callers."""
    calls = [op for f in callers.values() for op in _calls(f.body, function.name)]
    table: dict[Operand, Operand] = {}
    for k, p in enumerate(function.parameters):
        given = [op.operands[k] for op in calls]
        same = all(is_same(given[0], o) for o in given) and isinstance(given[0], Constant)
        if same and type(given[0].value) is int and p.type.is_integer:  # type: ignore[union-attr]
            table[p] = given[0]
    if not table:
        return {}
    left = [(k, None) for k, p in enumerate(function.parameters) if p not in table]
    parameters = tuple(p for p in function.parameters if p not in table)
    body = replace(substitute(replace(function.body, parameters=()), table), parameters=parameters)
    made = {function.name: replace(function, body=body)}
    return made | {n: _calling(f, function.name, left) for n, f in callers.items()}


def _without(block: Block, gone: Set[Operand]) -> Block:
    kept = (op for op in block.operations if gone.isdisjoint(op.results))
    return replace(block, operations=tuple(map_blocks(op, lambda b: _without(b, gone)) for op in kept))


def _calling(function: Function, name: str, places: Sequence[Place]) -> Function:
    """A function that calls another one with these of its arguments, and items of them."""
    made = makers(walk(function.body))

    def at(op: Call, k: int, key: int | None) -> Operand:
        operand = op.operands[k]
        if key is None:
            return operand
        maker = made.get(operand)
        return Builder().extract(operand, key) if maker is None else maker.operands[key]

    def changed(op: Operation) -> Operation:
        if isinstance(op, Call) and op.function.name == name:
            return replace(op, operands=tuple(at(op, *place) for place in places))
        return map_blocks(op, block)

    def block(b: Block) -> Block:
        return replace(b, operations=tuple(map(changed, b.operations)))

    return eliminate_dead(replace(function, body=block(function.body)))
