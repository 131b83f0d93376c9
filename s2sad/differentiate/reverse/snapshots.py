"""Marked loops: their steps become functions, and the lists of states that a reverse sweep needs are computed again.

    for t in range(n):                          for t in range(n):
        u = np.sin(u) * c           outlined        u = f_step(t, u, c)

    us = []                                     u, kept = advanced(f_step, range(n), u, (c,), snapshots=3)
    for t in range(n):              replayed    ...
        us.append(u)                            for t, u in zip(reversed(range(n)), replayed(kept)):
        u = f_step(t, u, c)                         u_bar, c_bar_2 = f_step_reverse(t, u, c, u_bar)
    ...
    for t, u in zip(reversed(range(n)), reversed(us)):
        u_bar, c_bar_2 = f_step_reverse(t, u, c, u_bar)

The first is done before a function is differentiated; its step is a checkpointed function, whose reverse sweep needs
its arguments alone. The second is done when all is differentiated, where a list serves for nothing else; so all modes
and orders see ordinary loops. Griewank & Walther, Evaluating Derivatives (2008), chapter 12.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

from s2sad.analysis.effects import effects_of
from s2sad.differentiate.run_again import SilentForm
from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT, UNDEFINED
from s2sad.ir.lengths import free_values
from s2sad.ir.primitives.snapshots import ADVANCED, REPLAYED, SILENCED, STEPS, FunctionName, Snapshots
from s2sad.ir.rewrite import copied, map_blocks, substitute
from s2sad.ir.types import Type, tuple_type
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    Effects,
    For,
    Function,
    FunctionRef,
    Operand,
    Operation,
    Value,
    constant,
    is_call_of,
    values_in,
    walk,
)

Add = Callable[[Function], str]
"""Puts a function into the program, under a name like its own; the name that it has there."""


@dataclass(frozen=True, eq=False, slots=True)
class States:
    """What a list of states is computed again from: its loop, what stands for the snapshots, the unbound values."""

    loop: For
    kept: Value
    once: bool
    """Whether they are read just once."""
    undefined: set[Value]


Sources = dict[Value, States]


def _has_mark(op: Operation) -> TypeGuard[For]:
    return isinstance(op, For) and op.snapshots is not None


def is_marked(function: Function) -> bool:
    """Whether a function has a marked loop."""
    return any(map(_has_mark, walk(function.body)))


def outlined(function: Function, add: Add) -> Function:
    """The function with the steps of marked loops as functions; a loop inside another one or a branch as well."""
    return replace(function, body=_outlined(function.body, function.name, add, False))


def _outlined(block: Block, name: str, add: Add, inside: bool) -> Block:
    operations: list[Operation] = []
    for op in block.operations:
        # From the innermost outward: the step of an outer loop then calls that of an inner one.
        op = map_blocks(op, lambda block: _outlined(block, name, add, True))
        if _has_mark(op):
            op = _with_step(op, name, add)
            # What an inner loop stores must be gone when its outer iteration ends; as the call of a checkpointed
            # function, it is: its reverse sweep computes it again, snapshots and all.
            operations += _as_call(op, name, add) if inside else [op]
        else:
            operations.append(op)
    return replace(block, operations=tuple(operations))


def _with_step(op: For, name: str, add: Add) -> For:
    """The loop with its body as a call."""
    free = free_values(op.body.operations, op.body.results, set(op.body.parameters))
    rows = op.body.results
    builder = Builder(op.location)
    packed = builder.one_or_tuple(rows)
    operations = (*op.body.operations, *builder.operations)
    step = Block((*op.body.parameters, *free), operations, (packed,))
    made = add(Function(f"{name}_step", _renewed(step)))
    inner = Builder(op.location)
    hint = op.carried[0].hint if len(rows) == 1 else "state"
    reference = FunctionRef(made, packed.type, effects=effects_of(step))
    result = inner.call_function(reference, step.parameters, hint)
    return replace(op, body=inner.block(op.body.parameters, _items(inner, result, [p.hint for p in op.carried])))


def _as_call(op: For, name: str, add: Add) -> list[Operation]:
    """The whole loop as a call of a function."""
    free = free_values([op], [], set())
    builder = Builder(op.location)
    rows = op.results
    packed = builder.one_or_tuple(rows)
    made = add(Function(f"{name}_loop", _renewed(Block(tuple(free), (op, *builder.operations), (packed,)))))
    call = Builder(op.location)
    result = Value(packed.type) if len(rows) > 1 else rows[0]
    reference = FunctionRef(made, packed.type, effects=effects_of(Block((), (op,), ())))
    call.operations.append(Call(reference, tuple(free), result, op.location))
    if len(rows) > 1:
        call.operations += [Apply(EXTRACT, (result,), r, {"key": k}, op.location) for k, r in enumerate(rows)]
    return call.operations


def _renewed(block: Block) -> Block:
    """A block with values of its own."""
    return substitute(block, copied(block))


def _items(builder: Builder, result: Operand, hints: Sequence[str | None]) -> list[Operand]:
    """The items of a tuple, or the one value that stands for it."""
    if len(hints) == 1:
        return [result]
    return [builder.extract(result, k, hint) for k, hint in enumerate(hints)]


# lists of states that are computed again


def with_replay(function: Function, add: Add, silent: SilentForm) -> Function:
    """The function with lists of the states of marked loops computed again, where they serve for nothing else."""
    # A list may be computed again only if it is read by loops alone, in the order from the last state to the first:
    # that is the order in which a schedule gives the states. Every other reader needs it as a whole.
    readers: dict[Operand, list[object]] = {}
    for op in walk(function.body):
        for o in op.operands:
            readers.setdefault(o, []).append(op)
        for block in op.blocks:
            for o in block.results:
                readers.setdefault(o, []).append(block)
    readers.setdefault(function.result, []).append(function.body)
    found = [op for op in walk(function.body) if isinstance(op, For) and _may_be_replayed(op, readers)]
    undefined = {op.result for op in walk(function.body) if is_call_of(op, UNDEFINED)}
    sources: Sources = {}
    for op in found:
        taking = {r for one in op.results[len(op.initial) :] for r in readers.get(one, [])}
        beside = next(b for b in blocks_of(function) if op in b.operations).operations
        # A schedule is used up when it is run. A reader inside another loop runs it several times, two readers as well.
        once = len(taking) == 1 and taking.issubset(beside)
        item = _state_type([p.type for p in op.carried])
        kept = Value(Snapshots(f"{function.name}_step", item), "snapshots")
        sources.update((r, States(op, kept, once, undefined)) for r in op.results[len(op.initial) :])
    if not sources:
        return function
    return replace(function, body=_replayed(function.body, function.name, sources, add, silent))


def blocks_of(function: Function) -> Iterator[Block]:
    """The body of a function, and the blocks in it."""
    yield function.body
    for op in walk(function.body):
        yield from op.blocks


def _may_be_replayed(op: For, readers: dict[Operand, list[object]]) -> bool:
    """Whether a loop collects nothing but states before its steps, for loops that take them from the last."""
    n = len(op.initial)
    lists, rows = op.results[n:], op.body.results[n:]
    if op.snapshots is None or not lists or op.scanned or op.reverse or any(r not in op.carried for r in rows):
        return False
    return all(
        isinstance(reader, For)
        and all(not reader.is_ascending(k) for k, s in enumerate(reader.scanned) if s is one)
        and one in reader.scanned
        and one not in (reader.start, reader.stop, reader.step, *reader.initial)
        for one in lists
        for reader in readers.get(one, [])
    )


def _state_type(items: Sequence[Type]) -> Type:
    return items[0] if len(items) == 1 else tuple_type(*items)


def _replayed(block: Block, name: str, sources: Sources, add: Add, silent: SilentForm) -> Block:
    operations: list[Operation] = []
    for op in block.operations:
        states = next((s for s in sources.values() if s.loop is op), None)
        if states is not None:
            operations += _advance(states, name, add, silent)
            continue
        op = map_blocks(op, lambda block: _replayed(block, name, sources, add, silent))
        # A loop may take states of several marked loops: one after the other is replaced.
        while isinstance(op, For) and any(s in sources for s in op.scanned):
            operations, op = _reading(op, operations, sources)
        operations.append(op)
    return replace(block, operations=tuple(operations))


def _advance(states: States, name: str, add: Add, silent: SilentForm) -> list[Operation]:
    """All steps in order; what the loop alone binds is None before it."""
    op, kept = states.loop, states.kept
    n = len(op.initial)
    rows = op.body.results[:n]
    free = free_values(op.body.operations, rows, set(op.body.parameters))
    state = Value(_state_type([p.type for p in op.carried]), op.carried[0].hint if n == 1 else "state")
    opened = Builder(op.location)
    made = _same_step(op, free)
    items = [state] if n == 1 else [opened.extract(state, k, p.hint) for k, p in enumerate(op.carried)]
    table: dict[Operand, Operand] = dict(zip(op.carried, items, strict=True))
    step = substitute(Block((), op.body.operations, rows), table)
    closing = Builder(op.location)
    result = step.results[0] if n == 1 else closing.tuple(step.results)
    operations = (*opened.operations, *step.operations, *closing.operations)
    made = made or add(Function(f"{name}_step", _renewed(Block((op.index, state, *free), operations, (result,)))))
    builder = Builder(op.location)
    steps = builder.apply(STEPS, (op.start, op.stop, op.step))
    # What the loop alone binds has no value before it; a snapshot of it must be something.
    initial = [constant(None) if o in states.undefined else o for o in op.initial]
    first = initial[0] if n == 1 else builder.tuple(initial)
    fixed = builder.tuple(free)
    final = _state_type([r.type for r in op.results[:n]])
    both = Value(tuple_type(final, kept.type))
    static = {"step": FunctionName(made), "snapshots": op.snapshots}
    builder.operations.append(Apply(ADVANCED, (steps, first, fixed), both, static, op.location))
    last = op.results[0] if n == 1 else Value(final)
    builder.operations.append(Apply(EXTRACT, (both,), last, {"key": 0}, op.location))
    if n > 1:
        builder.operations += [
            Apply(EXTRACT, (last,), r, {"key": k}, op.location) for k, r in enumerate(op.results[:n])
        ]
    shows = effects_of(op.body) is Effects.ONCE
    stored = Value(kept.type, kept.hint) if shows else kept
    builder.operations.append(Apply(EXTRACT, (both,), stored, {"key": 1}, op.location))
    if shows:
        again = {"step": FunctionName(silent(FunctionRef(made, state.type)).name)}
        builder.operations.append(Apply(SILENCED, (stored,), kept, again, op.location))
    return builder.operations


def _same_step(op: For, free: Sequence[Value]) -> str | None:
    """The function that the body calls, where it does no more."""
    match op.body.operations:
        case (Call() as call,) if call.operands == (op.index, *op.carried, *free) and len(op.carried) == 1:
            return call.function.name if op.body.results[0] is call.result else None
    return None


def _reading(op: For, operations: list[Operation], sources: Sources) -> tuple[list[Operation], For]:
    """A loop that takes states of a marked loop from what computes them again."""
    states_of = next(sources[s] for s in values_in(op.scanned) if s in sources)
    source = states_of.loop
    n, carried = len(source.initial), source.carried
    builder = Builder(op.location, op.about)
    states = builder.apply(REPLAYED, (states_of.kept,), {} if states_of.once else {"again": True})
    lists = source.results[n:]
    taken = {k: s for k, s in enumerate(op.scanned) if isinstance(s, Value) and s in lists}
    rows = source.body.results[n:]
    places = {k: carried.index(rows[lists.index(s)]) for k, s in taken.items()}
    item = Value(_state_type([p.type for p in carried]), carried[0].hint if n == 1 else "state")
    inner = Builder(op.location)
    table: dict[Operand, Operand] = {}
    for k, place in places.items():
        old = op.items[k]
        table[old] = item if n == 1 else inner.extract(item, place, old.hint)
    rest = [k for k in range(len(op.scanned)) if k not in taken]
    m = 1 + len(op.initial)
    body = substitute(Block((), op.body.operations, op.body.results), table)
    own = op.body.parameters
    parameters = (*own[:m], *(op.items[k] for k in rest), item)
    new = replace(
        op,
        scanned=(*(op.scanned[k] for k in rest), states),
        ascending=(*(op.is_ascending(k) for k in rest), True),
        body=Block(parameters, (*inner.operations, *body.operations), body.results),
    )
    return [*operations, *builder.operations], new
