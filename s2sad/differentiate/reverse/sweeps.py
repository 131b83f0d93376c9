"""The transformations of functions: gradient, forward-and-reverse pair, tangent. Each gives functions of the same IR.

gradient(f)   f_grad(*parameters) -> x_bar                        forward and reverse sweep in one function
pair(f)       f_forward(*parameters) -> (result, residuals),      the two sweeps apart: for callees, and for vjp
              f_reverse(residuals, result_bar) -> parameter_bars
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from s2sad.differentiate.reverse.levels import leaf_type
from s2sad.differentiate.reverse.pairs import RESULT, Masked, PairOf
from s2sad.differentiate.reverse.primals import kept_name
from s2sad.differentiate.reverse.records import put_together
from s2sad.differentiate.reverse.reverse import Reverse
from s2sad.differentiate.reverse.settling import handed_over, told_by_readers
from s2sad.differentiate.tangents import Names, Path, tangent_type
from s2sad.errors import NonScalarOutput, NotDifferentiable
from s2sad.ir.backend import NUMPY, Backend
from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT, MAKE, SHAPE, UNDEFINED
from s2sad.ir.dims import is_known, may_be_negative
from s2sad.ir.lengths import counted_by_lists, free_values
from s2sad.ir.primitive import required
from s2sad.ir.printer import names as names_of
from s2sad.ir.rewrite import reads, renamed, substitute
from s2sad.ir.trace_names import is_firm
from s2sad.ir.types import NONE, ContainerType, SequenceType, Type, leaves, tuple_type
from s2sad.ir.values import Apply, Block, Call, Function, Operand, Operation, Value, applied_in, constant, is_call_of

Optimizer = Callable[[Function, Collection[Value] | None], Function]
"""The optimiser, with the values that shapes may be read from."""


def gradient(
    function: Function,
    active: Sequence[bool],
    pair_of: PairOf,
    name: str,
    value: bool = False,
    has_aux: bool = False,
    asked: Sequence[int] | None = None,
    backend: Backend = NUMPY,
    elementwise: bool = False,
    holomorphic: bool = False,
) -> Function:
    """`f_grad`: the adjoints of the active parameters for the cotangent 1; with the value and aux where asked for.

    With `elementwise` the cotangent is an array of ones, of whatever shape the result has. A `holomorphic` function has
    a complex result. `asked` is the order of several adjoints: a place among the active parameters for each.
    """
    names: Names = names_of(function)
    reverse = Reverse(function, active, pair_of, names, backend)
    if holomorphic:
        check_complex(function, reverse.inputs, has_aux)
    if elementwise:
        check_real(function, [function.result.type], "the result")
    else:
        check_scalar(function, has_aux, "c" if holomorphic else "f")
    builder = Builder()
    result = function.result
    seed = ones(builder, result) if elementwise else constant(1.0)
    bars = reverse.sweep(seed, builder, (0,) if has_aux else ())
    keep_trace(reverse, builder.operations)
    grads = bars[0] if asked is None else builder.tuple([bars[k] for k in asked])
    forward = Builder()
    forward.operations = reverse.forward_operations(function.body)
    forward.operations += builder.operations
    forward.location, forward.about = builder.location, ()
    final = _gradient_result(forward, result, grads, value, has_aux)
    body = forward.block(function.parameters, [final])
    return renamed(Function(name, body, function.doc), reverse.trace_names() | reverse.hints)


def keep_trace(reverse: Reverse, sweep: Sequence[Operation]) -> None:
    """Give each number of the trace that a reverse sweep needs a line of its own, and its adjoint too."""
    needed: set[Operand] = set(reads(sweep))
    for op in reversed(reverse.function.body.operations):
        v = op.results[0] if isinstance(op, Apply) else None
        if v is None or v not in needed or v not in reverse.names or not v.type.is_scalar or is_firm(v):
            continue
        needed.update(op.operands)
        reverse.hints[v] = (reverse.names[v], False)
        bar = reverse.level.totals.get((v, ()))
        if isinstance(bar, Value) and bar in reverse.hints:
            reverse.hints[bar] = (reverse.hint(v), False)


def ones(builder: Builder, operand: Operand) -> Operand:
    """The cotangent 1 of each number of a result."""
    t = operand.type
    if isinstance(t, ContainerType):
        return builder.make(t.cls, t.keys, [ones(builder, builder.extract(operand, k)) for k in t.keys])
    return builder.apply(required(np.ones_like), (operand,)) if t.is_array else constant(1.0)


def _gradient_result(builder: Builder, result: Operand, grads: Operand, value: bool, has_aux: bool) -> Operand:
    if value:
        return builder.tuple([result, grads])
    if has_aux:
        return builder.tuple([grads, builder.extract(result, 1)])
    return grads


def check_complex(function: Function, inputs: Sequence[Value], has_aux: bool) -> None:
    """A holomorphic function takes and gives complex numbers."""
    result = check_aux(function) if has_aux else function.result.type
    for what, t in [("argument", p.type) for p in inputs] + [("result", result)]:
        if any(kind != "c" for kind in number_kinds(t)):
            raise NotDifferentiable(
                f"{function.name}: holomorphic=True is for complex arguments and results, and an {what} is {t}"
            )


def check_real(function: Function, types: Sequence[Type], what: str) -> None:
    """The Jacobian of what is complex has a meaning for holomorphic functions alone."""
    for t in types:
        if "c" in number_kinds(t):
            raise NotDifferentiable(
                f"{function.name}: {what} is {t}; holomorphic=True is for functions whose derivative is a complex "
                "number, for others take the real and imaginary parts"
            )


def number_kinds(t: Type) -> set[str]:
    """The kinds of the floating and complex numbers in a type."""
    dtypes = (leaf.dtype for leaf in leaves(t) if leaf.is_numeric)
    return {str(dtype.kind) for dtype in dtypes if dtype is not None and dtype.kind in "fc"}


def check_scalar(function: Function, has_aux: bool, kind: str = "f") -> None:
    """`grad` is for functions whose result is one real number."""
    t = check_aux(function) if has_aux else function.result.type
    if t.is_numeric and t.shape is None:
        return
    if t.shape != () or (t.dtype is not None and t.dtype.kind != kind):
        needed = "a real scalar" if kind == "f" else "a complex scalar"
        if t == NONE:
            raise NonScalarOutput(f"{function.name} returns nothing, where grad needs {needed}: give it back by return")
        if isinstance(t, (ContainerType, SequenceType)):
            instead = "Return one number; beside others, first of a pair, with has_aux=True."
        elif t.shape != () and t.is_numeric:
            instead = "Use jacrev, vjp, or sum the result."
        else:
            instead = "Give np.real of it." if t.is_complex else "Return a float."
        raise NonScalarOutput(
            f"grad needs a function whose result is {needed}; the result of {function.name} is {t}. {instead}"
        )


def check_aux(function: Function) -> Type:
    """The type of the value of a function whose result is `(value, aux)`."""
    t = function.result.type
    if not (isinstance(t, ContainerType) and issubclass(t.cls, tuple) and len(t.items) == 2):
        raise NonScalarOutput(f"{function.name}: with has_aux the result must be a pair (value, aux), not {t}")
    return t.items[0]


def pair(
    function: Function,
    active: Sequence[bool],
    pair_of: PairOf,
    optimize: Optimizer,
    backend: Backend = NUMPY,
    path: Path = (),
    accumulates: Sequence[int] = (),
    masked: Masked = None,
    changing: Collection[int] | None = None,
) -> tuple[Function, Function, Type | None]:
    """The two sweeps of a function, and the type of the residuals between them (None where there are none).

    The cotangent is that of the result, or of the item of it at `path`; it may be `masked`. The adjoints `accumulates`
    (by their numbers) begin with sums that the reverse sweep takes behind it. Of a function that is called in each
    iteration of a long loop, the operands `changing` are others each time.
    """
    names: Names = names_of(function)
    reverse = Reverse(function, active, pair_of, names, backend, masked, changing)
    builder = Builder()
    result = function.result
    unsure = leaf_type((result, path)).is_container or any(p.unsure for p in function.parameters)
    seed = Value(tangent_type(leaf_type((result, path))), f"{_result_name(result)}_bar", unsure=unsure)
    given = [seed, *reverse.accumulate(accumulates)]
    bars = reverse.sweep(seed, builder, path)
    final = builder.one_or_tuple(bars)
    # The reverse sweep as a function of all that it reads of the primal. It is optimised before the residuals are
    # chosen: what the optimiser finds to be needless is not handed over.
    free = dict.fromkeys([*function.parameters, *free_values([*builder.operations], [final], set(given))])
    body = builder.block([*free, *given], [final])
    bound = {*given, *_surely_bound(function)}
    # Shapes are read off values that are there in any case. What a branch exports may be unbound.
    anchors = [v for v in body.parameters if v in bound]
    adjoints = "that" if len(reverse.inputs) == 1 else "those"
    inputs = ", ".join(p.hint or "_" for p in reverse.inputs)
    doc = f"The adjoint of {function.name}: from that of its value to {adjoints} of {inputs}."
    raw = optimize(renamed(Function(f"{function.name}_reverse", body, doc), reverse.hints), anchors)
    raw = replace(raw, body=counted_by_lists(raw.body))
    needed = free_values(raw.body.operations, raw.body.results, set(given))
    return _split(function, reverse, raw, needed, given)


def both_sweeps(
    function: Function,
    active: Sequence[bool],
    pair_of: PairOf,
    backend: Backend = NUMPY,
    masked: Masked = None,
) -> Function:
    """`f_reverse(*parameters, result_bar)`: the forward sweep, and the reverse sweep for that cotangent."""
    names: Names = names_of(function)
    reverse = Reverse(function, active, pair_of, names, backend, masked)
    builder = Builder()
    seed = Value(tangent_type(function.result.type), f"{_result_name(function.result)}_bar")
    bars = reverse.sweep(seed, builder)
    final = builder.one_or_tuple(bars)
    forward = Builder()
    forward.operations = [*reverse.forward_operations(function.body), *builder.operations]
    body = forward.block([*function.parameters, seed], [final])
    return renamed(Function(f"{function.name}_reverse", body, function.doc), reverse.trace_names() | reverse.hints)


def pullback(
    function: Function,
    active: Sequence[bool],
    places: Sequence[int | None],
    pair_of: PairOf,
    name: str,
    backend: Backend = NUMPY,
) -> Function:
    """`f_pullback(*parameters, result_bar)`: a tuple of the cotangents of the arguments, None for one without.

    `places` says of each argument where its adjoint stands among those of the active parameters.
    """
    both = both_sweeps(function, active, pair_of, backend)
    builder = Builder()
    builder.operations += both.body.operations
    count = sum(p is not None for p in places)
    bars = [both.result] if count == 1 else [builder.extract(both.result, k) for k in range(count)]
    given = builder.tuple([constant(None) if p is None else bars[p] for p in places])
    return Function(name, builder.block(both.parameters, [given]), function.doc)


def _split(
    function: Function, reverse: Reverse, raw: Function, needed: list[Value], given: Sequence[Value]
) -> tuple[Function, Function, Type | None]:
    """The forward sweep that hands over what the reverse sweep needs."""
    # Handed over is what can be had in no cheaper way: not what is read off a parameter or computed of others by light
    # operations, nor a length that an array among the residuals has.
    needed, again = handed_over(reverse, function, needed, raw.body)
    bound = {*_surely_bound(function)}
    measured = _measured(raw.body, {op.result for op in again})
    lengths = list(_read_off([*needed, *measured], [v for v in needed if v in bound]))
    read_off = {op.result for op in lengths}
    needed = [v for v in needed if v not in read_off]
    others = (op for op in raw.body.operations if read_off.isdisjoint(op.results))
    raw = replace(raw, body=replace(raw.body, operations=tuple(others)))
    again = told_by_readers(again, raw.body)
    # The two functions share no values: each value of the IR is bound in one place.
    own: dict[Operand, Operand] = {op.result: replace(op.result) for op in (*lengths, *again)}
    body = replace(raw.body, operations=(*lengths, *again, *raw.body.operations))
    raw = replace(raw, body=substitute(body, own))
    forward = Builder()
    forward.operations = reverse.forward_operations(function.body)
    if reverse.backend.iterates:
        both = Block((), (*forward.operations, *raw.body.operations), (function.result, *raw.body.results))
        joined, records = put_together(both)
        forward.operations = [*joined.operations[: len(forward.operations)]]
        raw = replace(raw, body=replace(raw.body, operations=joined.operations[len(forward.operations) :]))
        needed = list(dict.fromkeys(records.get(v, v) for v in needed))
    # A linear function: the forward sweep is the function itself.
    if not needed:
        body = forward.block(function.parameters, function.body.results)
        return (
            renamed(replace(function, body=body), reverse.trace_names()),
            replace(raw, body=replace(raw.body, parameters=tuple(given))),
            None,
        )
    residuals_type = tuple_type(*(v.type for v in needed))
    kept = forward.tuple(needed)
    final = forward.tuple([function.result, kept])
    doc = f"The value of {function.name}, and what its reverse sweep needs."
    first = Function(f"{function.name}_forward", forward.block(function.parameters, [final]), doc)
    residuals = Value(residuals_type, "residuals", unsure=any(v not in bound for v in needed))
    firm = [Value(v.type, v.hint or kept_name(v)) for v in needed]
    rest = substitute(raw.body, dict(zip(needed, firm, strict=True)))
    unpack = [Apply(EXTRACT, (residuals,), v, {"key": k}) for k, v in enumerate(firm)]
    body = Block((residuals, *given), (*unpack, *rest.operations), rest.results)
    return renamed(first, reverse.trace_names()), replace(raw, body=body), residuals_type


def by_operands(first: Function, second: Function) -> tuple[Function, Function, tuple[int, ...], Type | None]:
    """Two sweeps of which the second takes operands and result of the call, and the first hands over the rest alone.

    Gives them with the places of these operands, and the type of what is handed over: None where nothing is.
    """
    makers: dict[Operand, Apply] = {op.result: op for op in applied_in(first.body.operations) if is_call_of(op, MAKE)}
    result, handed = makers[first.result].operands
    kept = makers[handed].operands
    own: dict[Operand, int] = {result: RESULT}
    own |= {v: k for k, v in enumerate(first.parameters) if k not in first.takes}
    operands = {j: v for j, v in enumerate(kept) if isinstance(v, Value) and v in own}
    places = {j: own[v] for j, v in operands.items()}
    rest = [j for j in range(len(kept)) if j not in places]
    builder = Builder()
    builder.operations = [*first.body.operations]
    # One value is handed over as it is, several as a tuple.
    whole = None if not rest else kept[rest[0]] if len(rest) == 1 else builder.tuple([kept[j] for j in rest])
    final = result if whole is None else builder.tuple([result, whole])
    between = None if whole is None else whole.type
    named = {j: replace(v, hint=_result_name(v)) if v is result else v for j, v in operands.items()}
    reverse = _taking(second, named, rest, between)
    return replace(first, body=builder.block(first.parameters, [final])), reverse, (*places.values(),), between


def _taking(second: Function, operands: Mapping[int, Value], rest: Sequence[int], between: Type | None) -> Function:
    """A reverse sweep with parameters for some of its residuals, by their numbers, and one for the rest of them."""
    residuals, *given = second.parameters
    own = {j: replace(o, loose=False) for j, o in operands.items()}
    held = [] if between is None else [replace(residuals, type=between)]
    table: dict[Operand, Operand] = {}
    operations: list[Operation] = []
    for op in second.body.operations:
        if not (is_call_of(op, EXTRACT) and op.operands[0] is residuals):
            operations.append(op)
            continue
        j = op.static["key"]
        assert isinstance(j, int)
        if j in own:
            table[op.result] = own[j]
        elif len(rest) == 1:
            held = [Value(op.result.type, op.result.hint, unsure=residuals.unsure)]
            table[op.result] = held[0]
        else:
            operations.append(replace(op, operands=(held[0],), static={"key": rest.index(j)}))
    body = Block((*own.values(), *held, *given), tuple(operations), second.body.results)
    return replace(second, body=substitute(body, table))


def _surely_bound(function: Function) -> Iterator[Value]:
    """The parameters, and what the operations of a function make themselves: no branch that may leave it without a
    value, here or where it is handed over."""
    unsure: set[Operand] = set()
    for p in function.parameters:
        if p.unsure:
            unsure.add(p)
        else:
            yield p
    for op in function.body.operations:
        if is_call_of(op, UNDEFINED) or (is_call_of(op, EXTRACT) and op.operands[0] in unsure):
            unsure.add(op.result)
        elif isinstance(op, (Apply, Call)):
            yield op.result


def _measured(reverse: Block, values: Collection[Value]) -> Iterator[Value]:
    """The lengths that a reverse sweep asks for of some values."""
    for op in applied_in(reverse.operations):
        if op.primitive.measures and op.operands[0] in values and op.result.type.is_scalar:
            yield op.result


def _read_off(needed: Sequence[Value], arrays: Sequence[Value]) -> Iterator[Apply]:
    """The operations that read numbers off the shapes of arrays that are handed over anyhow."""
    typed = [(v, v.type) for v in arrays if v.type.is_numeric]
    shapes = [(v, t.shape) for v, t in typed if t.kind == "array" and t.shape]
    for v in needed:
        size = v.type.size
        if size is None or is_known(size) or may_be_negative(size):
            continue
        places = ((array, shape.index(size)) for array, shape in shapes if size in shape)
        array, axis = next(places, (None, 0))
        if array is None:
            continue
        builder = Builder()
        shape = builder.apply(SHAPE, (array,)) if axis else None
        length = builder.call(len, array).operand if shape is None else builder.extract(shape, axis)
        builder.rename(length, v)
        yield from applied_in(builder.operations)


def _result_name(result: Operand) -> str:
    return result.hint if isinstance(result, Value) and result.hint and not result.loose else "result"
