"""What functions of a module hand over for nobody: parts of results that no call reads, parameters they do not read.

_, f_dot = f_jvp(x, y, x_dot)          f_dot = f_jvp(x, x_dot)
(a_bar,) = f_pullback(a, x, g)    ->   a_bar = f_pullback(x, g)

A function is made for whatever calls it; when all is made, the calls are known (interprocedural dead code elimination:
Muchnick, Advanced Compiler Design and Implementation, 19.2).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT, MAKE
from s2sad.ir.rewrite import map_blocks, reads_of, substitute
from s2sad.ir.types import ContainerType, Type, tuple_type
from s2sad.ir.values import Apply, Block, Call, Function, Operand, Operation, Value, given_functions, is_call_of, walk
from s2sad.optimize.eliminate import eliminate_dead

ROUNDS = 4
"""How often what became dead in one function is looked for in those that it calls."""

STEPS = 8
"""The most operations of a function that is read where it is called."""


def without_unread(functions: Sequence[Function], kept: Collection[str]) -> list[Function]:
    """The functions, callees first, without what they hand over for nobody; those that are `kept` take and give all."""
    made = {f.name: f for f in functions}
    kept = {*kept, *(given.name for f in functions for op in walk(f.body) for given in given_functions(op))}
    for _ in range(ROUNDS):
        changes = {name: c for name in made if name not in kept and (c := _change(name, made)) is not None}
        if not changes:
            break
        made = {name: _Changed(changes).function(f) for name, f in made.items()}
    return list(made.values())


@dataclass(frozen=True)
class Change:
    """What is left of the items of a function's result, None where it is left as it is, and of its parameters."""

    items: tuple[int, ...] | None
    parameters: tuple[int, ...]

    def result(self, t: Type) -> Type:
        """The type of the result of a call."""
        if self.items is None:
            return t
        assert isinstance(t, ContainerType)
        left = [t.items[k] for k in self.items]
        return left[0] if len(left) == 1 else tuple_type(*left)


def _change(name: str, functions: Mapping[str, Function]) -> Change | None:
    """What may be left out of a function; None where that is nothing."""
    function = functions[name]
    calls = [(f, op) for f in functions.values() for op in walk(f.body) if isinstance(op, Call)]
    own = [(f, op) for f, op in calls if op.function.name == name]
    if not own or function.takes or any(f is function or op.function.takes for f, op in own):
        return None
    items = _items_read(function, own)
    read = set(reads_of(function.body))
    parameters = tuple(k for k, p in enumerate(function.parameters) if p in read)
    if items is None and len(parameters) == len(function.parameters):
        return None
    return Change(items, parameters)


def is_step(function: Function) -> bool:
    """Whether a function is a step of a calculation, to be read where it is called: some operations and no more."""
    body = function.body.operations
    plain = all(isinstance(op, Apply) for op in body) and not function.takes and not function.attributes
    return plain and len(body) <= STEPS


def _items_read(function: Function, calls: Sequence[tuple[Function, Call]]) -> tuple[int, ...] | None:
    """The places of the items of a tuple that calls read; None where these are all of several, or it is read whole."""
    made = next((op for op in function.body.operations if function.result in op.results), None)
    if made is None or not is_call_of(made, MAKE) or made.static["cls"] is not tuple:
        return None
    read: set[int] = set()
    for f, call in calls:
        for key in keys_read(f.body, call.result):
            if not isinstance(key, int):
                return None
            read.add(key)
    count = len(made.operands)
    return tuple(sorted(read)) if read and (len(read) < count or count == 1) else None


def keys_read(block: Block, whole: Value) -> Iterator[object]:
    """The keys of the items of a tuple that are read; None for the tuple itself."""
    return _keys_read(block, whole, set(reads_of(block)))


def _keys_read(block: Block, whole: Value, read: Collection[Operand]) -> Iterator[object]:
    """The keys of the items of a tuple that are read; None for the tuple itself."""
    if whole in block.results:
        yield None
    for op in block.operations:
        if is_call_of(op, EXTRACT) and op.operands[0] is whole:
            yield from (op.static["key"],) if op.result in read else ()
        elif whole in op.operands:
            yield None
        for inner in op.blocks:
            yield from _keys_read(inner, whole, read)


class _Changed:
    """A function after changes of itself, and of those that it calls."""

    def __init__(self, changes: Mapping[str, Change]) -> None:
        self.changes = changes
        self.table: dict[Operand, Operand] = {}
        """By old values new ones."""
        self.left: dict[Operand, tuple[int, ...]] = {}
        """By the results of calls what is left of their items."""

    def function(self, function: Function) -> Function:
        change = self.changes.get(function.name)
        calls = [op for op in walk(function.body) if isinstance(op, Call) and op.function.name in self.changes]
        if change is None and not calls:
            return function
        for op in calls:
            self.give_less(op, self.changes[op.function.name])
        self.name_items(function)
        body = substitute(self.block(function.body), self.table)
        if change is not None:
            body = replace(body, parameters=tuple(body.parameters[k] for k in change.parameters))
            if change.items is not None:
                body, function = _shortened(body, change.items), replace(function, doc=None)
        return eliminate_dead(replace(function, body=body))

    def give_less(self, op: Call, change: Change) -> None:
        if change.items is not None:
            self.left[op.result] = change.items
            self.table[op.result] = replace(op.result, type=change.result(op.result.type))

    def name_items(self, function: Function) -> None:
        """Let the one item that is left of a result be called as it was, and stand where it was read."""
        read = (o for o in walk(function.body) if is_call_of(o, EXTRACT))
        items = [o for o in read if self.left.get(o.operands[0]) == (o.static["key"],)]
        for op in items:
            whole, own = op.operands[0], self.table[op.operands[0]]
            if op.result.hint is not None and (own.hint is None or not op.result.loose):
                assert isinstance(own, Value)
                self.table[whole] = replace(own, hint=op.result.hint, loose=op.result.loose)
        self.table.update((op.result, self.table[op.operands[0]]) for op in items)

    def block(self, block: Block) -> Block:
        return replace(block, operations=tuple(o for op in block.operations for o in self.operation(op)))

    def operation(self, op: Operation) -> tuple[Operation, ...]:
        if isinstance(op, Call) and op.function.name in self.changes:
            change = self.changes[op.function.name]
            reference = replace(op.function, result=change.result(op.result.type))
            return (replace(op, function=reference, operands=tuple(op.operands[k] for k in change.parameters)),)
        if is_call_of(op, EXTRACT) and op.operands[0] in self.left:
            items, key = self.left[op.operands[0]], op.static["key"]
            assert isinstance(key, int)
            return () if len(items) == 1 or key not in items else (replace(op, static={"key": items.index(key)}),)
        return (map_blocks(op, self.block),)


def _shortened(body: Block, items: Sequence[int]) -> Block:
    """The body of a function that gives these items of the tuple that it gave."""
    made = next(op for op in body.operations if body.results[0] in op.results)
    assert isinstance(made, Apply)
    left = [made.operands[k] for k in items]
    builder = Builder(made.location, made.about)
    result = left[0] if len(left) == 1 else builder.tuple(left, made.result.hint)
    return Block(body.parameters, (*body.operations, *builder.operations), (result,))
