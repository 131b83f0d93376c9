"""vmap: a function for many examples, whose values are along any axis of its arguments and of its result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from s2sad.differentiate.tangents import pick
from s2sad.differentiate.vmap.axes import Axes, Axis, axes_of
from s2sad.differentiate.vmap.batched_values import Flag, any_of, flags_of_items, joined
from s2sad.differentiate.vmap.batching import Batch, BatchedCallee, example, is_stackable
from s2sad.differentiate.vmap.example_loops import arrays_in, in_a_loop
from s2sad.differentiate.vmap.no_examples import for_no_example
from s2sad.errors import ArgumentError, UnsupportedCall
from s2sad.ir.backend import NUMPY, Backend
from s2sad.ir.batch_rule import NoBatchRule
from s2sad.ir.builder import Builder
from s2sad.ir.containers import SHAPE
from s2sad.ir.dims import new_dim
from s2sad.ir.rewrite import substitute_operation
from s2sad.ir.types import ArrayType, ContainerType, Type, integer
from s2sad.ir.values import Function, Operand, Value, values_in


def vmap(
    function: Function,
    types: Sequence[Type],
    axes: Sequence[Axes],
    out_axes: Axes,
    callee: BatchedCallee,
    name: str,
    backend: Backend = NUMPY,
) -> Function:
    """A function for many examples, whose values are along any axis of its parameters, which have these types.

    Where the backend has no `batches` it is a loop over the examples: faster there, and it takes less memory.
    """
    builder = Builder()
    parameters = [
        p if axis is None else Value(t, p.hint) for p, t, axis in zip(function.parameters, types, axes, strict=True)
    ]
    own = [axes_of(a, t, "in_axes") for a, t in zip(axes, types, strict=True)]
    mapped = [
        (p, path, t.shape[a % len(t.shape)], a % len(t.shape))
        for p, line in zip(parameters, own, strict=True)
        for (path, t), a in zip(_leaf_paths(p.type), line, strict=True)
        if a is not None and t.shape
    ]
    if not mapped:
        raise ArgumentError(f"vmap of {function.name}: in_axes has no axis")
    p, path, size, k = mapped[0]
    # Two symbols are two lengths here: arrays of one length have one symbol in a signature.
    if any(s != size for _, _, s, _ in mapped):
        raise ArgumentError(f"vmap of {function.name}: the arguments have different lengths along their axes")
    leaf = pick(builder, p, *path)
    count = builder.call(len, leaf).operand if k == 0 else builder.extract(builder.apply(SHAPE, (leaf,)), k)
    batch = Batch(size, count, callee)
    for inner, p, line in zip(function.parameters, parameters, own, strict=True):
        batch.set(inner, *_front(builder, p, iter(line)))
    if backend.batches:
        at_once(batch, function, builder)
    else:
        in_a_loop(batch, function, builder, [leaf for p in parameters for leaf in arrays_in(builder, p)])
    # One for each leaf, in the order in which the leaves of the result are met.
    places = iter(axes_of(out_axes, function.result.type, "out_axes"))
    operand, flag = batch.get(function.result), batch.flag(function.result)
    result = _placed(batch, builder, operand, flag, places, function.name)
    return Function(name, builder.block(parameters, [result]), function.doc)


def at_once(batch: Batch, function: Function, builder: Builder) -> None:
    """The body of a function for all examples together; in a loop over them, its result a list, where that fails."""
    mark, table, flags = len(builder.operations), dict(batch.table), dict(batch.flags)
    try:
        batch.run(function, builder)
    except NoBatchRule as e:
        del builder.operations[mark:]
        # Without a rule for some part, and without a loop over that part alone, the whole function stands in a loop.
        batch.table, batch.flags = table, flags
        whole_in_a_loop(batch, function, builder, e)


def whole_in_a_loop(batch: Batch, function: Function, builder: Builder, reason: NoBatchRule) -> None:
    """The body of a function in a loop over the examples, its result stacked."""
    result = function.result
    if not is_stackable(result.type):
        raise UnsupportedCall(
            f"vmap of {function.name}: {reason}", "use arrays of one shape for all examples, or a loop over them"
        )
    if batch.size == 0 and isinstance(result, Value):
        batch.set(result, for_no_example(builder, result.type, batch.arrays(function.parameters)))
        return
    index, inner = Value(integer(new_dim("i")), None), builder.child()
    table: dict[Operand, Operand] = {
        p: example(batch.get(p), batch.flag(p), index, inner, p.hint) for p in function.parameters
    }
    inner.operations += [substitute_operation(op, table) for op in function.body.operations]
    batch.stacked(inner, index, [(r, table.get(r, r)) for r in values_in([result])], builder)


def _leaf_paths(t: Type) -> Iterator[tuple[tuple[object, ...], Type]]:
    if not t.is_container:
        yield (), t
        return
    for key, item in zip(t.keys, t.items, strict=True):
        yield from (((key, *path), leaf) for path, leaf in _leaf_paths(item))


def _front(builder: Builder, operand: Operand, axes: Iterator[Axis]) -> tuple[Operand, Flag]:
    """An argument with the axis of the examples in front, and its flag."""
    t = operand.type
    if isinstance(t, ContainerType):
        found = [_front(builder, builder.extract(operand, k), axes) for k in t.keys]
        flag = joined([f for _, f in found])
        return (builder.make(t.cls, t.keys, [o for o, _ in found]), flag) if any_of(flag) else (operand, False)
    axis = next(axes)
    # What is no array is the same for all examples, whatever axis is given for it.
    if axis is None or not isinstance(t, ArrayType):
        return operand, False
    return (builder.call(np.moveaxis, builder.expr(operand), axis, 0).operand if axis else operand), True


def _placed(batch: Batch, builder: Builder, operand: Operand, flag: Flag, axes: Iterator[Axis], name: str) -> Operand:
    """A result with the axis of the examples where it is asked for."""
    t = operand.type
    if isinstance(t, ContainerType):
        items = [
            _placed(batch, builder, builder.extract(operand, k), f, axes, name)
            for k, f in zip(t.keys, flags_of_items(flag, t), strict=True)
        ]
        return builder.make(t.cls, t.keys, items)
    axis = next(axes)
    if axis is not None:
        filled = batch.filled(operand, flag, builder)
        rank = filled.type.rank if isinstance(filled.type, ArrayType) else None
        if rank is not None and not -rank <= axis < rank:
            raise ArgumentError(
                f"vmap of {name}: out_axes {axis} of a result with {rank} axes, the examples' among them"
            )
        return _turned(builder, filled, axis)
    if any_of(flag):
        raise ArgumentError(f"vmap of {name}: a result differs between the examples, its out_axes is None")
    return operand


def _turned(builder: Builder, operand: Operand, axis: int) -> Operand:
    if not axis or not operand.type.is_numeric:
        return operand
    return builder.call(np.moveaxis, builder.expr(operand), 0, axis).operand
