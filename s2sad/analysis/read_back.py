"""Numbers that a function reads outside, and that the same call may have stored there.

    state.total = np.sum(x)                    stored as a value
    return np.sum(x**2) * state.total          read back: it has a derivative, which the store has cut off

What was there before the call has none, and what is only stored, printed or compared needs none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from s2sad.analysis.activity import useful_values, varied_values
from s2sad.ir.primitives.handles import CALL, NUMBER, STORE
from s2sad.ir.types import is_active_type
from s2sad.ir.values import Apply, Block, Constant, Function, Operation, Value, is_call_of, is_loop


@dataclass(frozen=True, slots=True)
class Met:
    """An operation on an object outside: where it stands in the text, and the loops around it."""

    op: Apply
    position: int
    loops: frozenset[Operation]


def read_back(function: Function, parameters: Sequence[Value]) -> Iterator[Apply]:
    """The reads on which the result depends, and that may give what depends on some parameters."""
    met = [Met(op, k, loops) for k, (op, loops) in enumerate(_applied(function.body, frozenset()))]
    reads = [m for m in met if m.op.primitive is NUMBER]
    stores = [m for m in met if m.op.primitive in (STORE, CALL)]
    given = {p for p in parameters if is_active_type(p.type)}
    tainted: set[Value] = set()
    # The least fixed point: what is read of a varied value makes vary what is stored of it. It grows by reads.
    while reads and stores:
        varied = varied_values(function, given | tainted)
        written = [s for s in stores if any(o in varied for o in s.op.operands[1:])]
        more = {r.op.result for r in reads if any(_may_give(s, r) for s in written)}
        if more <= tainted:
            break
        tainted |= more
    useful = useful_values(function) if tainted else set()
    return (r.op for r in reads if r.op.result in tainted and r.op.result in useful)


def _applied(block: Block, loops: frozenset[Operation]) -> Iterator[tuple[Apply, frozenset[Operation]]]:
    for op in block.operations:
        if isinstance(op, Apply):
            yield op, loops
        for inner in op.blocks:
            yield from _applied(inner, loops | {op} if is_loop(op) else loops)


def _may_give(store: Met, read: Met) -> bool:
    """Whether a read may find what a store has put there in the same call."""
    before = store.position < read.position or bool(store.loops & read.loops)
    return before and (is_call_of(store.op, CALL) or _may_be_one(store.op, read.op))


def _may_be_one(store: Apply, read: Apply) -> bool:
    """Whether two places may be one; of an object, its attributes are items of its `__dict__` too."""
    (kind, name), (other, own) = map(_place, (store, read))
    if kind == other == "cell_contents":
        return store.operands[0] is read.operands[0]
    return None in (name, own) or name == own


def _place(op: Apply) -> tuple[object, object]:
    """The attribute of a place, and its name: that of the attribute, or the key; None for one of run time."""
    attribute = op.static.get("attribute")
    if attribute is not None:
        return attribute, attribute
    key = op.operands[1]
    return None, key.value if isinstance(key, Constant) else None
