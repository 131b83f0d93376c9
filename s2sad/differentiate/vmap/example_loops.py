"""A function of one example in a loop over many, what it gives stored in arrays: the form of `vmap` for compiled loops.

def f_vmap(xs, w):
    v1 = np.sum(w)                       what is the same for all examples, once
    ys = np.empty(len(xs))
    for i in range(len(xs)):
        x = xs[i]
        ys[i] = np.dot(x, x) * v1
    return ys
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from s2sad.analysis.blanks import blanks
from s2sad.differentiate.vmap.batching import Batch, example, is_stackable, leaves_in, rebuilt
from s2sad.errors import UnsupportedCall
from s2sad.ir.builder import Builder
from s2sad.ir.containers import INDEX_SET
from s2sad.ir.dims import new_dim
from s2sad.ir.lengths import measure
from s2sad.ir.primitive import required
from s2sad.ir.rewrite import reads, substitute_operation
from s2sad.ir.types import integer
from s2sad.ir.values import Constant, For, Function, Operand, Operation, Value, constant


def in_a_loop(batch: Batch, function: Function, builder: Builder, given: Sequence[Operand]) -> None:
    """Append the body of a function whose parameters have been set. Lengths are read off the `given` arrays.

    Raises:
        UnsupportedCall: the result holds lists.
    """
    index, inner = Value(integer(new_dim("i")), None), builder.child()
    table: dict[Operand, Operand] = {
        p: example(batch.get(p), batch.flag(p), index, inner, p.hint) for p in function.parameters
    }
    fixed: list[Operation] = []
    moving: list[Operation] = []
    for op in function.body.operations:
        many = any(map(batch.many, reads([op])))
        # What depends on no example is computed once, in front. An operation with blocks moves as a whole.
        (moving if many else fixed).append(op)
        batch.flags.update((r, many) for r in op.results)
    # Memory that an example writes into must be its own: what makes it moves into the loop though it depends on none.
    empty = blanks(fixed, moving)
    builder.operations += [substitute_operation(op, table) for op in fixed if op not in empty]
    inner.operations += [substitute_operation(op, table) for op in (*empty, *moving)]
    if not is_stackable(function.result.type):
        what = "return arrays, or numbers"
        raise UnsupportedCall(f"vmap of {function.name} gives {function.result.type} for each example", what)
    if isinstance(function.result, Value):
        store(batch, function.result, table.get(function.result, function.result), index, inner, builder, given)


def store(
    batch: Batch,
    result: Value,
    made: Operand,
    index: Value,
    inner: Builder,
    builder: Builder,
    given: Sequence[Operand],
) -> None:
    """The loop, each array of the result in an array for all examples; in a list where its lengths are not known."""
    if not batch.many(result):
        batch.table[result] = made
        return
    found = leaves_in(inner, made)
    places = [allocated(builder, leaf, batch.count, given) for leaf in found]
    # All results in arrays, or all in lists: one loop makes them.
    if any(p is None for p in places):
        batch.stacked(inner, index, [(result, made)], builder)
        return
    initial = [p for p in places if p is not None]
    carried = [Value(p.type, p.hint) for p in initial]
    filled = [inner.apply(INDEX_SET, (c, index, leaf), None, c.hint) for c, leaf in zip(carried, found, strict=True)]
    results = tuple(Value(p.type, p.hint) for p in initial)
    trips = constant(0), batch.count, constant(1)
    body = inner.block([index, *carried], filled)
    builder.operations.append(For(*trips, tuple(initial), (), body, results, location=inner.location))
    batch.set(result, rebuilt(builder, result.type, iter(results)))


def allocated(builder: Builder, leaf: Operand, count: Operand, given: Sequence[Operand]) -> Value | None:
    """An empty array for an array of each example; None where its shape or dtype is not known before the loop."""
    t = leaf.type
    if t.dtype is None or t.shape is None:
        return None
    measured = [measure(d, given) for d in t.shape]
    if any(m is None for m in measured):
        return None
    lengths = [count, *(m(builder) for m in measured if m is not None)]
    static: dict[str, object] = {} if t.dtype == np.float64 else {"dtype": t.dtype}
    shape = count if len(lengths) == 1 else builder.tuple(lengths)
    hint = f"{leaf.hint or 'result'}s"
    made = builder.apply(required(np.empty), (shape,), static, hint)
    assert isinstance(made, Value)
    return made


def arrays_in(builder: Builder, operand: Operand) -> list[Operand]:
    """The arrays in a parameter."""
    t = operand.type
    if t.is_container and not isinstance(operand, Constant):
        return [leaf for k in t.keys for leaf in arrays_in(builder, builder.extract(operand, k))]
    return [operand] if t.is_numeric else []
