"""The sweeps of a function whose tangent is given: the reverse sweep is that of the tangent, which is linear.

    f_jvp((x,), (x_dot,)) -> y, y_dot              f_forward(x) -> y, residuals
                                                   f_reverse(residuals, y_bar) -> x_bar

The tangent program is differentiated by its tangents, at tangents of zero. As it is linear in them, its reverse sweep
reads none of what depends on them; that is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import assert_never

import numpy as np

from s2sad.differentiate.reverse.pairs import PairOf
from s2sad.differentiate.reverse.sweeps import Optimizer, pair
from s2sad.errors import Location
from s2sad.ir.backend import NUMPY, Backend
from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT, MAKE
from s2sad.ir.primitive import Algebra, lookup
from s2sad.ir.primitives.lists import zero
from s2sad.ir.rewrite import renamed, substitute
from s2sad.ir.types import Type, is_active_type
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    Constant,
    For,
    Function,
    If,
    Operand,
    Operation,
    Value,
    While,
    called_in,
    is_call_of,
    keys_of,
    makers,
    walk,
)


class NotLinear(Exception):
    """A tangent rule is not linear in the tangents; `location` is where."""

    def __init__(self, location: Location) -> None:
        super().__init__(location)
        self.location = location


def transposed(
    function: Function,
    dots: Sequence[Value],
    primals: Sequence[Value],
    pair_of: PairOf,
    optimize: Optimizer,
    functions: Mapping[str, Function],
    backend: Backend = NUMPY,
) -> tuple[Function, Function, Type | None]:
    """The sweeps of a function, and the type of the residuals between them, from `function(*operands, *dots)`.

    That gives `(result, result_dot)`; `dots` are the tangents of `primals`.

    Raises:
        NotLinear: the tangent is not linear.
    """
    # Transposing by reverse mode: the adjoint of a linear function is the same at every point, so it may be taken at
    # tangents of zero. Where it needs a value that depends on a tangent the function is not linear.
    active = [p in dots for p in function.parameters]
    check_linear(function, active, pair_of, optimize, functions, backend, (1,))
    first, second, residuals = pair(function, active, pair_of, optimize, backend, (1,))
    second = named_for(second, {f"{d.hint}_bar": f"{p.hint}_bar" for d, p in zip(dots, primals, strict=True)})
    before, after = Builder(), Builder()
    own = dict(zip(function.parameters, first.parameters, strict=True))
    # The forward sweep computes the result with it; what it computes of the zeros alone is dropped by the optimiser.
    zeros: dict[Operand, Operand] = {own[d]: zero(before, own[p]) for d, p in zip(dots, primals, strict=True)}
    body = substitute(first.body, zeros)
    both = body.results[0] if residuals is None else after.extract(body.results[0], 0)
    result = after.extract(both, 0)
    if residuals is not None:
        result = after.tuple([result, after.extract(body.results[0], 1)])
    parameters = tuple(p for p in first.parameters if p not in zeros)
    operations = (*before.operations, *body.operations, *after.operations)
    return replace(first, body=Block(parameters, operations, (result,))), second, residuals


def named_for(second: Function, names: Mapping[str, str]) -> Function:
    """A function with other names for some of its values."""
    bound = [r for op in walk(second.body) for r in op.results]
    return renamed(second, {v: (names[v.hint], v.loose) for v in bound if v.hint and v.hint in names})


def check_linear(
    function: Function,
    active: Sequence[bool],
    pair_of: PairOf,
    optimize: Optimizer,
    functions: Mapping[str, Function],
    backend: Backend,
    path: tuple[object, ...] = (),
    met: set[object] | None = None,
) -> None:
    """Raise `NotLinear` where the reverse sweep of a function needs a value that depends on its active parameters."""
    met = set() if met is None else met
    if (function.name, tuple(active)) in met:
        return
    # Noted before it is looked into: a function that calls itself is linear if nothing else speaks against it.
    met.add((function.name, tuple(active)))
    first, second, residuals = pair(function, active, pair_of, optimize, backend, path)
    own = called_in(function.body)
    inputs = [p for p, a in zip(first.parameters, active, strict=True) if a]
    moving = dependents(first, inputs, own)
    if residuals is not None:
        made = makers(first.body.operations)
        kept = made[made[first.result].operands[1]]
        for op in readers(second, [k for k, o in enumerate(kept.operands) if o in moving]):
            raise NotLinear(op.location)

    def vanishes(call: Call, zeros: list[bool]) -> bool:
        """Whether a function called with zeros gives zeros, being linear in them."""
        callee = functions.get(call.function.name)
        if callee is None or not any(zeros):
            return False
        try:
            check_linear(callee, zeros, pair_of, optimize, functions, backend)
        except NotLinear:
            return False
        return all(is_active_type(p.type) for p, z in zip(callee.parameters, zeros, strict=True) if z) and depends(
            callee, zeros, ()
        )

    check_parts(function, active, path, vanishes)
    given = dependents(function, [p for p, a in zip(function.parameters, active, strict=True) if a], own)
    for op in walk(function.body):
        if isinstance(op, Call) and op.function.name in functions:
            inner = [o in given for o in op.operands]
            if any(inner):
                check_linear(functions[op.function.name], inner, pair_of, optimize, functions, backend, (), met)


Vanishes = Callable[[Call, list[bool]], bool]
"""Whether a call gives zeros where some of its operands are zeros."""


def check_parts(function: Function, active: Sequence[bool], path: tuple[object, ...], vanishes: Vanishes) -> None:
    """Raise `NotLinear` where a constant is added to what depends on a tangent, or a step function is taken of it."""
    inputs = [p for p, a in zip(function.parameters, active, strict=True) if a]
    moving = dependents(function, inputs, called_in(function.body))
    made: dict[Operand, Apply | Call] = {o.result: o for o in walk(function.body) if isinstance(o, (Apply, Call))}
    for op in made.values():
        if not isinstance(op, Apply):
            continue
        given = [o in moving for o in op.operands]
        # Affine is not linear: to `a * x_dot + 1` reverse mode has no objection, as the 1 has no adjoint. Nor to a step
        # function of x_dot, whose derivative is zero. So both are looked for in the program itself.
        if op.primitive.is_additive and any(given):
            linear = all(m or is_zero(o, made, vanishes) for o, m in zip(op.operands, given, strict=True))
        else:
            steps = op.primitive.constant and not op.primitive.measures and is_active_type(op.result.type)
            linear = not (steps and any(given))
        if not linear:
            raise NotLinear(op.location)
    if path and not depends(function, active, path, vanishes):
        raise NotLinear(Location())


def depends(
    function: Function, active: Sequence[bool], path: tuple[object, ...], vanishes: Vanishes = lambda call, zeros: False
) -> bool:
    """Whether each number of the result, or of its item at a path, depends on the active parameters, or is zero."""
    inputs = [p for p, a in zip(function.parameters, active, strict=True) if a]
    moving = dependents(function, inputs, called_in(function.body))
    made: dict[Operand, Apply | Call] = {o.result: o for o in walk(function.body) if isinstance(o, (Apply, Call))}
    found = [o for o in results_at(function.result, path, made) if is_active_type(o.type)]
    return all(o in moving or is_zero(o, made, vanishes) for o in found)


def results_at(operand: Operand, path: tuple[object, ...], made: Mapping[Operand, Apply | Call]) -> Iterator[Operand]:
    """The values that a result is made of, at a path into it."""
    op = made.get(operand)
    if not is_call_of(op, MAKE):
        yield operand
        return
    for key, item in zip(keys_of(op), op.operands, strict=True):
        if not path or path[0] == key:
            yield from results_at(item, path[1:], made)


def is_zero(operand: Operand, made: Mapping[Operand, Apply | Call], vanishes: Vanishes) -> bool:
    """Whether a value is a zero, or an array of zeros."""
    if isinstance(operand, Constant):
        return isinstance(operand.value, (int, float, complex)) and not operand.value
    op = made.get(operand)
    if op is None:
        return False
    if isinstance(op, Call):
        return vanishes(op, [is_zero(o, made, vanishes) for o in op.operands])
    if op.primitive.zeros:
        return True
    keeps_zeros = op.primitive.algebra is Algebra.PRODUCT or op.primitive is lookup(np.broadcast_to)
    return keeps_zeros and any(is_zero(o, made, vanishes) for o in op.operands)


def readers(second: Function, items: Sequence[int]) -> Iterator[Operation]:
    """The operations of a reverse sweep that read some items of the residuals, for more than their shapes."""
    held: set[Operand] = set()
    for op in walk(second.body):
        if is_call_of(op, EXTRACT):
            item = op.operands[0] is second.parameters[0] and op.static["key"] in items
            if (item or op.operands[0] in held) and not op.result.type.is_static:
                held.add(op.result)
        elif not (isinstance(op, Apply) and op.primitive.measures) and any(o in held for o in op.operands):
            yield op


def dependents(function: Function, values: Sequence[Value], own: Collection[str]) -> set[Operand]:
    """The values that depend on some, on more than their shapes; `own` are the functions that are no forward sweeps.

    What a forward sweep hands to its reverse sweep is looked at where that is checked.
    """
    found: set[Operand] = set(values)
    sweeps = {op.result for op in walk(function.body) if isinstance(op, Call) and op.function.name not in own}
    # The least fixed point: the set only grows, so that it settles. Loops and branches are met before what is in them,
    # and so need another round.
    before = -1
    while before != len(found):
        before = len(found)
        for op in walk(function.body):
            if not isinstance(op, Apply):
                found.update(_depending(op, found))
            elif op.primitive is EXTRACT and op.operands[0] in sweeps and op.static["key"] == 1:
                continue
            elif not op.primitive.measures and any(o in found for o in op.operands):
                found.add(op.result)
    return found


def _depending(op: Operation, found: set[Operand]) -> Iterator[Value]:
    """The values that a call, branch or loop binds to what depends on some."""
    match op:
        case Apply() | Call():
            yield from op.results if any(o in found for o in op.operands) else ()
        case If():
            for k, r in enumerate(op.results):
                if op.predicate in found or any(b.results[k] in found for b in op.blocks):
                    yield r
        case For() | While():
            for p, initial, result in zip(op.carried, op.initial, op.body.results, strict=False):
                if initial in found or result in found:
                    yield p
            if isinstance(op, While):
                yield from (t for t, p in zip(op.test.parameters, op.carried, strict=True) if p in found)
            else:
                yield from (i for i, s in zip(op.items, op.scanned, strict=True) if s in found)
            for r, result in zip(op.results, op.body.results, strict=False):
                if result in found:
                    yield r
        case _:
            assert_never(op)
