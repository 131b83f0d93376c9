"""Jacobians: the primal once, then a tangent sweep for each column or an adjoint sweep for each row, in a loop.

    def f_jacrev(x):                              def f_jacfwd(x):
        v1 = np.sin(x)                                v1 = np.cos(x)
        y = A @ v1                                    jacobian = np.empty((len(A), len(x)))
        jacobian = np.empty((len(y), len(x)))         for j in range(len(x)):
        for i in range(len(y)):                           x_dot = np.zeros_like(x)
            y_bar = np.zeros_like(y)                      x_dot[j] = 1.0
            y_bar[i] = 1.0                                y_dot = A @ (v1 * x_dot)
            jacobian[i] = A.T @ y_bar * np.cos(x)         jacobian[:, j] = y_dot
        return jacobian                               return jacobian

Griewank & Walther, Evaluating Derivatives (2008), sections 3.1 and 3.2. The result has the structure of the function's
result, each leaf of it that of the arguments asked for, as JAX has it: shape `y.shape + x.shape`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from s2sad.differentiate.forward import TangentCallee, jvp
from s2sad.differentiate.operators import check_aux
from s2sad.differentiate.reverse import PairOf, Reverse
from s2sad.differentiate.tangents import Names, Path, leaf_paths, pick
from s2sad.errors import NotDifferentiable, UnsupportedType
from s2sad.ir.builder import Builder
from s2sad.ir.lists import zero
from s2sad.ir.primitive import required
from s2sad.ir.printer import names as names_of
from s2sad.ir.rewrite import copied, renamed, substitute_operation
from s2sad.ir.structure import INDEX_SET, SHAPE
from s2sad.ir.types import ArrayType, ContainerType, Type, integer, is_active_type, new_dim
from s2sad.ir.values import Block, Constant, For, Function, If, Operand, Operation, Value, While, constant

Assemble = Callable[[Path, int, Path], Operand]
"""The block of a Jacobian: of a leaf of the result, by a leaf of one of the arguments asked for."""


@dataclass(frozen=True)
class Order:
    """What a Jacobian is taken of and by: `one` argument or a tuple of them, the result or the first of two."""

    one: bool
    has_aux: bool = False

    def result(self, builder: Builder, function: Function, inputs: Sequence[Value], block: Assemble) -> Operand:
        """The blocks as JAX nests them: the structure of the result, and in each leaf that of the arguments."""

        def by_input(out: Path, k: int, t: Type, path: Path) -> Operand:
            if isinstance(t, ContainerType):
                items = [by_input(out, k, i, (*path, key)) for key, i in zip(t.keys, t.items, strict=True)]
                return builder.make(t.cls, t.keys, items)
            return block(out, k, path) if is_active_type(t) else constant(None)

        def by_output(t: Type, out: Path) -> Operand:
            if isinstance(t, ContainerType):
                items = [by_output(i, (*out, key)) for key, i in zip(t.keys, t.items, strict=True)]
                return builder.make(t.cls, t.keys, items)
            if not is_active_type(t):
                raise NotDifferentiable(f"{function.name}: a Jacobian needs floats in the result, not {t}")
            by = [by_input(out, k, p.type, ()) for k, p in enumerate(inputs)]
            return by[0] if self.one else builder.make(tuple, tuple(range(len(by))), by)

        if not self.has_aux:
            return by_output(function.result.type, ())
        check_aux(function)
        assert isinstance(function.result.type, ContainerType)
        jacobian = by_output(function.result.type.items[0], (0,))
        return builder.make(tuple, (0, 1), [jacobian, builder.extract(function.result, 1)])


def jacrev(
    function: Function, active: Sequence[bool], pair_of: PairOf, name: str, order: Order, native: bool = False
) -> Function:
    """The Jacobian by rows: one adjoint sweep for each number of the result."""
    names: Names = names_of(function)
    reverse = Reverse(function, active, pair_of, names, native)
    builder = Builder()
    found: dict[tuple[Path, int, Path], Operand] = {}
    for out, _ in leaf_paths(function.result.type):
        if order.has_aux and out[0] != 0:
            continue
        y = pick(builder, function.result, *out)
        keys = [(out, k, p) for k, x in enumerate(reverse.inputs) for p in _paths(x)]
        leaves = [pick(builder, reverse.inputs[k], *p) for _, k, p in keys]
        blocks = _by_units(builder, y, leaves, True, partial(_adjoint_sweep, reverse, out))
        found.update(zip(keys, blocks, strict=True))
    result = order.result(builder, function, reverse.inputs, lambda *key: found[key])
    forward = Builder()
    forward.operations = [*reverse.forward_operations(function.body), *builder.operations]
    body = forward.block(function.parameters, [result])
    return renamed(Function(name, body, function.doc), reverse.trace_names() | reverse.hints)


def _adjoint_sweep(reverse: Reverse, out: Path, builder: Builder, unit: Operand) -> list[Operand]:
    """Append the adjoint sweep for a unit vector in a leaf of the result; the adjoints of the leaves of the inputs."""
    reverse.restart()
    bars = reverse.sweep(unit, builder, out)
    return [pick(builder, bar, *p) for bar, x in zip(bars, reverse.inputs, strict=True) for p in _paths(x)]


def jacfwd(function: Function, active: Sequence[bool], tangent_of: TangentCallee, name: str, order: Order) -> Function:
    """The Jacobian by columns: one tangent sweep for each number of the arguments."""
    builder = Builder()
    inputs = [p for p, a in zip(function.parameters, active, strict=True) if a]
    outs = [p for p, _ in leaf_paths(function.result.type) if not order.has_aux or p[0] == 0]
    found: dict[tuple[Path, int, Path], Operand] = {}
    builder.operations += function.body.operations
    for k, x in enumerate(inputs):
        linear = Linear.of(function, jvp(function, [p is x for p in function.parameters], tangent_of))
        builder.operations += linear.fixed
        for path in _paths(x):
            leaves = [pick(builder, function.result, *out) for out in outs]
            sweep = partial(linear.sweep, x, path, outs)
            blocks = _by_units(builder, pick(builder, x, *path), leaves, False, sweep)
            found.update(zip([(out, k, path) for out in outs], blocks, strict=True))
    result = order.result(builder, function, inputs, lambda *key: found[key])
    return Function(name, builder.block(function.parameters, [result]), function.doc)


def pushforward(function: Function, active: Sequence[bool], tangent_of: TangentCallee, name: str) -> Function:
    """`f_dot(*parameters, *x_dots)`: the tangent of the result alone."""
    both = jvp(function, active, tangent_of)
    builder = Builder()
    builder.operations += both.body.operations
    result = builder.extract(both.result, 1)
    return Function(name, builder.block(both.parameters, [result]), function.doc)


@dataclass(frozen=True)
class Linear:
    """The parts of a jvp beside the primal: what the tangent has no part in, the rest, the seed, the tangent found."""

    fixed: list[Operation]
    moving: list[Operation]
    seed: Value
    dot: Operand

    @staticmethod
    def of(primal: Function, tangent: Function) -> Linear:
        """The parts of a jvp with one tangent, its last parameter, where the primal has been computed."""
        seed = tangent.parameters[-1]
        own = set(primal.body.operations)
        known = {r for op in own for r in op.results}
        varying: set[Operand] = {seed}
        fixed: list[Operation] = []
        moving: list[Operation] = []
        for op in tangent.body.operations:
            if op in own or known.issuperset(op.results):
                continue
            if not varying.intersection(read_by(op)):
                fixed.append(op)
                continue
            if isinstance(op, (If, For, While)):
                op = replace(op, results=tuple(Value(r.type, r.hint) if r in known else r for r in op.results))
            varying.update(op.results)
            moving.append(op)
        builder = Builder()
        dot = builder.extract(tangent.result, 1)
        return Linear(fixed, [*moving, *builder.operations], seed, dot)

    def sweep(self, x: Value, path: Path, outs: Sequence[Path], builder: Builder, unit: Operand) -> list[Operand]:
        """Append the sweep for a unit vector in the leaf of `x` at a path; the tangents of leaves of the result."""
        table: dict[Operand, Operand] = {self.seed: unit_in(builder, x, path, unit)}
        table |= copied(Block((), tuple(self.moving), ()))
        builder.operations += [substitute_operation(op, table) for op in self.moving]
        result = table.get(self.dot, self.dot)
        return [pick(builder, result, *out) for out in outs]


def read_by(op: Operation) -> set[Operand]:
    """What an operation reads, the blocks in it included."""
    found = set(op.operands)
    for block in op.blocks:
        found.update(block.results)
        for inner in block.operations:
            found |= read_by(inner)
    return found


def unit_in(builder: Builder, x: Operand, path: Path, unit: Operand) -> Operand:
    """A tangent of `x` that is `unit` in the leaf at a path, and zero elsewhere."""
    if not path:
        return unit
    t = x.type
    assert isinstance(t, ContainerType)
    items = [
        unit_in(builder, builder.extract(x, key), path[1:], unit)
        if key == path[0]
        else zero(builder, builder.extract(x, key))
        for key in t.keys
    ]
    return builder.make(t.cls, t.keys, items)


def _paths(x: Value) -> list[Path]:
    return [path for path, _ in leaf_paths(x.type)]


def _name(operand: Operand) -> str:
    return (operand.hint if isinstance(operand, Value) else None) or "y"


def _rank(t: Type) -> int:
    rank = t.rank if isinstance(t, ArrayType) else None
    if rank is None:
        raise UnsupportedType(f"a Jacobian needs arrays of known rank, not {t}", "annotate, or index them first")
    return rank


def _by_units(
    builder: Builder,
    leaf: Operand,
    others: Sequence[Operand],
    rows: bool,
    sweep: Callable[[Builder, Operand], list[Operand]],
) -> list[Operand]:
    """The blocks of a Jacobian that the sweeps for all unit vectors of a leaf give: each is a row, or else a column.

    `others` are the leaves of the result or of the arguments that are on the other side, in the order of what one
    sweep gives.
    """
    rank, hint = _rank(leaf.type), f"{_name(leaf)}_{'bar' if rows else 'dot'}"
    if rank == 0:
        return sweep(builder, constant(1.0))
    count = _dims(builder, leaf)[0] if rank == 1 else builder.call(np.size, leaf).operand
    shapes = [[count, *_dims(builder, o)] if rows else [*_dims(builder, o), count] for o in others]
    initial = [_allocated(builder, dims, o) for dims, o in zip(shapes, others, strict=True)]
    carried = [Value(o.type, "jacobian") for o in initial]
    results = [Value(o.type, "jacobian") for o in initial]
    index = Value(integer(new_dim("i")), None if rows else "j")
    inner = builder.child()
    items = sweep(inner, _unit(inner, leaf, index, count, hint))
    inner.about = builder.about
    filled = [
        inner.apply(INDEX_SET, (j, _place(inner, index, rows, _rank(o.type)), item), None, "jacobian")
        for j, o, item in zip(carried, others, items, strict=True)
    ]
    body = inner.block([index, *carried], filled)
    trips = constant(0), count, constant(1)
    builder.operations.append(
        For(*trips, tuple(initial), (), body, tuple(results), location=builder.location, about=builder.about)
    )
    if rank == 1:
        return list(results)
    return [
        builder.apply(required(np.reshape), (j, _shape(builder, [leaf, o] if rows else [o, leaf])))
        for j, o in zip(results, others, strict=True)
    ]


def _dims(builder: Builder, operand: Operand) -> list[Operand]:
    """The lengths of the axes of an array."""
    rank = _rank(operand.type)
    known = operand.type.shape if isinstance(operand.type, ArrayType) else None
    if known is not None and all(isinstance(d, int) for d in known):
        return [constant(d) for d in known]
    if rank == 1:
        return [builder.call(len, operand).operand]
    shape = builder.apply(SHAPE, (operand,))
    return [builder.extract(shape, k) for k in range(rank)]


def _shape(builder: Builder, operands: Sequence[Operand]) -> Operand:
    """The shapes of arrays one after the other."""
    dims = [d for o in operands for d in _dims(builder, o)]
    return builder.make(tuple, tuple(range(len(dims))), dims)


def _allocated(builder: Builder, dims: Sequence[Operand], like: Operand) -> Operand:
    """An empty array of these lengths, in the precision of what it is the derivative of."""
    t = like.type
    dtype = t.dtype if isinstance(t, ArrayType) else None
    static = {} if dtype in (None, np.dtype(float)) else {"dtype": dtype}
    shape = dims[0] if len(dims) == 1 else builder.make(tuple, tuple(range(len(dims))), dims)
    return builder.apply(required(np.empty), (shape,), static, "jacobian")


def _place(builder: Builder, index: Value, rows: bool, rank: int) -> Operand:
    """The subscript of a row, or of a column of `rank` axes."""
    if rows or rank == 0:
        return index
    return builder.operand((slice(None), index) if rank == 1 else (Ellipsis, index))


def _unit(builder: Builder, leaf: Operand, index: Value, count: Operand, hint: str) -> Operand:
    """The unit vector number `index`, of the shape and dtype of a leaf."""
    t = leaf.type
    assert isinstance(t, ArrayType)
    static = {} if t.dtype in (None, np.dtype(float)) else {"dtype": t.dtype}
    if t.rank == 1:
        known = isinstance(count, Constant)
        zeros = builder.apply(
            required(np.zeros if known else np.zeros_like), (count if known else leaf,), static if known else {}
        )
        return builder.apply(INDEX_SET, (zeros, index, constant(1.0)), None, hint)
    flat = builder.apply(required(np.zeros), (count,), static)
    flat = builder.apply(INDEX_SET, (flat, index, constant(1.0)))
    return builder.apply(required(np.reshape), (flat, builder.apply(SHAPE, (leaf,))), None, hint)
