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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from s2sad.analysis.blanks import blanks
from s2sad.differentiate.forward import TangentCallee, jvp
from s2sad.differentiate.reverse.pairs import PairOf
from s2sad.differentiate.reverse.reverse import Reverse
from s2sad.differentiate.reverse.sweeps import check_aux, check_complex, check_real
from s2sad.differentiate.run_again import SilentForm, without_effects
from s2sad.differentiate.tangents import Names, Path, leaf_paths, pick
from s2sad.differentiate.vmap.batching import Batch, BatchedCallee
from s2sad.errors import NotDifferentiable, UnsupportedType
from s2sad.ir.backend import NUMPY, Backend
from s2sad.ir.batch_rule import NoBatchRule
from s2sad.ir.builder import Builder
from s2sad.ir.containers import INDEX_SET, SHAPE
from s2sad.ir.dims import is_known, new_dim
from s2sad.ir.primitive import required
from s2sad.ir.primitives.lists import zero
from s2sad.ir.printer import names as names_of
from s2sad.ir.rewrite import copied, reads, renamed, substitute_operation
from s2sad.ir.types import NONE, ContainerType, Type, array, integer, is_active_type
from s2sad.ir.values import Block, Constant, For, Function, If, Operand, Operation, Value, While, constant

Assemble = Callable[[Path, int, Path], Operand]
"""The block of a Jacobian: of a leaf of the result, by a leaf of one of the arguments asked for."""


@dataclass(frozen=True)
class Order:
    """What a Jacobian is taken of and by: `one` argument or a tuple of them, the result or the first of two.

    `asked` is the order of the tuple: a place among the arguments that have derivatives for each of its items.
    """

    one: bool
    asked: tuple[int, ...]
    has_aux: bool = False
    holomorphic: bool = False

    def check(self, function: Function, inputs: Sequence[Value], forward: bool) -> None:
        """Refuse complex numbers on the side of the unit vectors: their derivative is no number; aux that is none."""
        if self.has_aux:
            check_aux(function)
        if self.holomorphic:
            check_complex(function, inputs, self.has_aux)
        elif forward:
            check_real(function, [p.type for p in inputs], "an argument")
        else:
            check_real(function, [check_aux(function) if self.has_aux else function.result.type], "the result")

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
                if t == NONE and not out:
                    raise NotDifferentiable(f"{function.name} returns nothing: give its result back by return")
                raise NotDifferentiable(f"{function.name}: a Jacobian needs floats in the result, not {t}")
            by = [by_input(out, k, inputs[k].type, ()) for k in self.asked]
            return by[0] if self.one else builder.tuple(by)

        if not self.has_aux:
            return by_output(function.result.type, ())
        check_aux(function)
        jacobian = by_output(function.result.type.items[0], (0,))
        return builder.tuple([jacobian, builder.extract(function.result, 1)])


def jacrev(
    function: Function,
    active: Sequence[bool],
    pair_of: PairOf,
    callee: BatchedCallee | None,
    name: str,
    order: Order,
    backend: Backend = NUMPY,
) -> Function:
    """The Jacobian by rows: one adjoint sweep for each number of the result."""
    names: Names = names_of(function)
    reverse = Reverse(function, active, pair_of, names, backend)
    order.check(function, reverse.inputs, False)
    builder = Builder()
    found: dict[tuple[Path, int, Path], Operand] = {}
    for out, _ in leaf_paths(function.result.type):
        if order.has_aux and out[0] != 0:
            continue
        y = pick(builder, function.result, *out)
        keys = [(out, k, p) for k, x in enumerate(reverse.inputs) for p in _paths(x)]
        leaves = [pick(builder, reverse.inputs[k], *p) for _, k, p in keys]
        blocks = Sides(True, callee, reverse.hints, function.body.operations).blocks(
            builder, y, leaves, partial(_adjoint_sweep, reverse, out)
        )
        found.update(zip(keys, blocks, strict=True))
    result = order.result(builder, function, reverse.inputs, lambda *key: found[key])
    # Only now is it known what the sweeps read: the forward sweep, which stores that, is made last and stands first.
    forward = Builder()
    forward.operations = [*reverse.forward_operations(function.body), *builder.operations]
    body = forward.block(function.parameters, [result])
    return renamed(Function(name, body, function.doc), reverse.trace_names() | reverse.hints)


def _adjoint_sweep(reverse: Reverse, out: Path, builder: Builder, unit: Operand) -> list[Operand]:
    """Append the adjoint sweep for a unit vector in a leaf of the result; the adjoints of the leaves of the inputs."""
    # The forward sweep is shared by the sweeps of all leaves; the adjoints of one are nothing to the next.
    reverse.restart()
    bars = reverse.sweep(unit, builder, out)
    return [pick(builder, bar, *p) for bar, x in zip(bars, reverse.inputs, strict=True) for p in _paths(x)]


def jacfwd(
    function: Function,
    active: Sequence[bool],
    tangent_of: TangentCallee,
    silent: SilentForm,
    callee: BatchedCallee | None,
    name: str,
    order: Order,
) -> Function:
    """The Jacobian by columns: one tangent sweep for each number of the arguments."""
    builder = Builder()
    inputs = [p for p, a in zip(function.parameters, active, strict=True) if a]
    order.check(function, inputs, True)
    outs = [p for p, _ in leaf_paths(function.result.type) if not order.has_aux or p[0] == 0]
    found: dict[tuple[Path, int, Path], Operand] = {}
    builder.operations += function.body.operations
    for k, x in enumerate(inputs):
        # By one argument at a time: what its tangent does not reach is not in its sweep.
        tangent = jvp(function, [p is x for p in function.parameters], tangent_of)
        linear = TangentParts.of(function, tangent, silent)
        builder.operations += linear.fixed
        for path in _paths(x):
            leaves = [pick(builder, function.result, *out) for out in outs]
            sweep = partial(linear.sweep, x, path, outs)
            blocks = Sides(False, callee, {}, function.body.operations).blocks(
                builder, pick(builder, x, *path), leaves, sweep
            )
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
class TangentParts:
    """The parts of a jvp beside the primal: what the tangent has no part in, the rest, the seeds, the tangent found."""

    fixed: list[Operation]
    moving: list[Operation]
    seeds: tuple[Value, ...]
    dot: Operand

    @staticmethod
    def of(primal: Function, tangent: Function, silent: SilentForm, count: int = 1) -> TangentParts:
        """The parts of a jvp with so many tangents, its last parameters, where the primal has been computed."""
        seeds = tangent.parameters[len(tangent.parameters) - count :]
        own = set(primal.body.operations)
        known = {r for op in own for r in op.results}
        varying: set[Operand] = set(seeds)
        fixed: list[Operation] = []
        moving: list[Operation] = []
        for op in tangent.body.operations:
            # The tangent program holds the primal too, which is there already. A branch or loop that gives primal
            # results and tangents is run again with the tangents; its primal results then need names of their own.
            if op in own or known.issuperset(op.results):
                continue
            if not varying.intersection(reads([op])):
                fixed.append(op)
                continue
            if isinstance(op, (If, For, While)):
                op = replace(op, results=tuple(Value(r.type, r.hint) if r in known else r for r in op.results))
            varying.update(op.results)
            moving.append(op)
        builder = Builder()
        dot = builder.extract(tangent.result, 1)
        again = without_effects([*moving, *builder.operations], [dot], silent)
        empty = blanks(fixed, again)
        fixed = [op for op in fixed if op not in empty]
        return TangentParts(fixed, [*empty, *again], seeds, dot)

    def sweep(self, x: Value, path: Path, outs: Sequence[Path], builder: Builder, unit: Operand) -> list[Operand]:
        """Append the sweep for a unit vector in the leaf of `x` at a path; the tangents of leaves of the result."""
        table: dict[Operand, Operand] = {self.seeds[0]: unit_in(builder, x, path, unit)}
        # The sweep is written out for each leaf: its values are bound once in each copy.
        table |= copied(Block((), tuple(self.moving), ()))
        builder.operations += [substitute_operation(op, table) for op in self.moving]
        result = table.get(self.dot, self.dot)
        return [pick(builder, result, *out) for out in outs]


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
    return operand.hint or "y"


def _rank(t: Type) -> int:
    if t.rank is None:
        raise UnsupportedType(f"a Jacobian needs arrays of known rank, not {t}", "annotate, or index them first")
    return t.rank


@dataclass(frozen=True)
class Sides:
    """How the units of a leaf are taken: as rows of the Jacobian or else columns, at once or in a loop.

    With a `callee` they go through the sweep at once, along a first axis, where each operation has a form for that.
    """

    rows: bool
    callee: BatchedCallee | None
    names: Mapping[Value, tuple[str, bool]]
    primal: Sequence[Operation]

    def blocks(
        self,
        builder: Builder,
        leaf: Operand,
        others: Sequence[Operand],
        sweep: Callable[[Builder, Operand], list[Operand]],
    ) -> list[Operand]:
        """The blocks of a Jacobian from the sweeps for all unit vectors of a leaf.

        `others` are the leaves on the other side, of the result or of the arguments, in the order of a sweep.
        """
        rank, t = _rank(leaf.type), leaf.type
        # A number has one unit vector: there is no loop, and no axis of the Jacobian for it.
        if rank == 0:
            return sweep(builder, constant(1.0))
        count = _dims(builder, leaf)[0] if rank == 1 else builder.call(np.size, leaf).operand
        inner = builder.child()
        # The sweep is written once, for a seed of which nothing is known; either way puts the unit vectors in its
        # place.
        seed = Value(array(t.dtype, t.shape), f"{_name(leaf)}_{'bar' if self.rows else 'dot'}")
        items = sweep(inner, seed)
        sweeps = Sweep(leaf, count, seed, inner.operations, items)
        found = self.at_once(builder, sweeps)
        if found is None:
            found = self.in_a_loop(builder, sweeps, others)
        builder.about = ()
        if rank == 1:
            return found
        # One loop counts through all numbers of a leaf of more axes: the axes come back behind it.
        shapes = [_shape(builder, [leaf, o] if self.rows else [o, leaf]) for o in others]
        return [builder.apply(required(np.reshape), (j, shape)) for j, shape in zip(found, shapes, strict=True)]

    def at_once(self, builder: Builder, sweep: Sweep) -> list[Operand] | None:
        """One sweep for all unit vectors; None where an operation would have to stand in a loop over them."""
        if self.callee is None:
            return None
        mark, seed = len(builder.operations), sweep.seed
        t = seed.type
        builder.about = sweep.operations[0].about if sweep.operations else ()
        # All unit vectors are the rows of one identity matrix; for a leaf of more axes, each row in the shape of the
        # leaf.
        units = builder.apply(required(np.eye), (sweep.count,), _dtype(t), seed.hint)
        assert units.type.shape is not None
        size = units.type.shape[0]
        if t.rank != 1:
            shape = builder.tuple([sweep.count, *_dims(builder, sweep.leaf)])
            units = builder.apply(required(np.reshape), (units, shape), None, seed.hint)
        batch = Batch(size, sweep.count, self.callee)
        batch.set(seed, units)
        batch.names = self.names
        for op in (*self.primal, *builder.operations):
            batch.note(op)
        try:
            batch.block(Block((), tuple(sweep.operations), ()), builder)
        except NoBatchRule:
            # An operation in a loop over the unit vectors saves nothing, and takes the memory of all of them: then the
            # whole sweep stands in a loop instead, one unit vector at a time.
            batch.looped = True
        builder.about = ()
        if batch.looped:
            del builder.operations[mark:]
            return None
        whole = [batch.whole(item, builder) for item in sweep.items]
        return whole if self.rows else [_turned(builder, w) for w in whole]

    def in_a_loop(self, builder: Builder, sweep: Sweep, others: Sequence[Operand]) -> list[Operand]:
        """A sweep for each unit vector, what it gives stored in arrays."""
        shapes = [[sweep.count, *_dims(builder, o)] if self.rows else [*_dims(builder, o), sweep.count] for o in others]
        initial = [_allocated(builder, dims, o) for dims, o in zip(shapes, others, strict=True)]
        carried = [Value(o.type, "jacobian") for o in initial]
        results = [Value(o.type, "jacobian") for o in initial]
        index = Value(integer(new_dim("i")), None if self.rows else "j")
        inner = builder.child()
        table: dict[Operand, Operand] = {sweep.seed: _unit(inner, sweep, index)}
        inner.operations += [substitute_operation(op, table) for op in sweep.operations]
        filled = []
        for j, o, item in zip(carried, others, sweep.items, strict=True):
            place = _place(inner, index, self.rows, _rank(o.type))
            filled.append(inner.apply(INDEX_SET, (j, place, table.get(item, item)), None, j.hint))
        body = inner.block([index, *carried], filled)
        trips = constant(0), sweep.count, constant(1)
        builder.operations.append(
            For(*trips, tuple(initial), (), body, tuple(results), location=builder.location, about=builder.about)
        )
        return list(results)


@dataclass(frozen=True)
class Sweep:
    """The operations of a sweep for any `seed` of the shape of a leaf, which has `count` numbers; what it gives."""

    leaf: Operand
    count: Operand
    seed: Value
    operations: Sequence[Operation]
    items: Sequence[Operand]


def _turned(builder: Builder, rows: Operand) -> Operand:
    """The first axis last."""
    if _rank(rows.type) > 2:
        return builder.call(np.moveaxis, builder.expr(rows), 0, -1).operand
    return builder.apply(required(np.transpose), (rows,)) if _rank(rows.type) == 2 else rows


def _dtype(t: Type) -> dict[str, object]:
    """The precision of an array to be made, where it is not that of floats."""
    dtype = t.dtype
    return {} if dtype in (None, np.dtype(float)) else {"dtype": dtype}


def _dims(builder: Builder, operand: Operand) -> list[Operand]:
    """The lengths of the axes of an array."""
    rank = _rank(operand.type)
    known = operand.type.shape
    if known is not None and all(is_known(d) for d in known):
        return [constant(d) for d in known]
    if rank == 1:
        return [builder.call(len, operand).operand]
    shape = builder.apply(SHAPE, (operand,))
    return [builder.extract(shape, k) for k in range(rank)]


def _shape(builder: Builder, operands: Sequence[Operand]) -> Operand:
    """The shapes of arrays one after the other."""
    dims = [d for o in operands for d in _dims(builder, o)]
    return builder.tuple(dims)


def _allocated(builder: Builder, dims: Sequence[Operand], like: Operand) -> Operand:
    """An empty array of these lengths, in the precision of what it is the derivative of."""
    shape = builder.one_or_tuple(dims)
    return builder.apply(required(np.empty), (shape,), _dtype(like.type), "jacobian")


def _place(builder: Builder, index: Value, rows: bool, rank: int) -> Operand:
    """The subscript of a row, or of a column of `rank` axes."""
    if rows or rank == 0:
        return index
    return builder.operand((slice(None), index) if rank == 1 else (Ellipsis, index))


def _unit(builder: Builder, sweep: Sweep, index: Value) -> Operand:
    """The unit vector number `index`, of the shape and dtype of a leaf."""
    t, count, hint = sweep.seed.type, sweep.count, sweep.seed.hint
    # `zeros_like` needs no length, which would have to be taken first.
    if _rank(t) == 1 and not isinstance(count, Constant):
        zeros = builder.apply(required(np.zeros_like), (sweep.leaf,))
    else:
        zeros = builder.apply(required(np.zeros), (count,), _dtype(t))
    if _rank(t) == 1:
        return builder.apply(INDEX_SET, (zeros, index, constant(1.0)), None, hint)
    flat = builder.apply(INDEX_SET, (zeros, index, constant(1.0)))
    return builder.apply(required(np.reshape), (flat, builder.apply(SHAPE, (sweep.leaf,))), None, hint)
