"""The two halves of forward mode: the primal with what its tangent needs, and the tangent as a function of tangents.

    def f_forward(x):                          def f_linear(residuals, x_dot):
        v1 = np.sin(x)                             v1, v2 = residuals
        return v1 * x, (np.cos(x) * x, v1)         return v1 * x_dot + v2 * x_dot

What tangents have no part in is computed once. A loop that carries tangents is run again, its primal with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from s2sad.analysis.blanks import is_unbound
from s2sad.differentiate.forward import TangentCallee, jvp
from s2sad.differentiate.jacobians import TangentParts
from s2sad.differentiate.reverse.sweeps import Optimizer
from s2sad.differentiate.run_again import SilentForm
from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT
from s2sad.ir.lengths import free_values
from s2sad.ir.primitives.regions import makes_region
from s2sad.ir.rewrite import substitute
from s2sad.ir.types import Type, tuple_type
from s2sad.ir.values import Apply, Block, Function, Operand, Value


def linear_pair(
    function: Function, active: Sequence[bool], tangent_of: TangentCallee, silent: SilentForm, optimize: Optimizer
) -> tuple[Function, Function, Type | None]:
    """`f_forward` and `f_linear`, and the type of the residuals between them (None where there are none)."""
    tangent = jvp(function, active, tangent_of)
    linear = TangentParts.of(function, tangent, silent, sum(active))
    seeds = set(linear.seeds)
    # Arrays without contents go with what fills them: handed over from one function to the other, they would be written
    # into by each call of the second. A manager is no value that could be handed over.
    own = (op for op in function.body.operations if is_unbound(op) or makes_region(op))
    moving = [*own, *linear.moving]
    free = free_values(moving, [linear.dot], seeds)
    raw = Function(f"{function.name}_linear", Block((*free, *linear.seeds), tuple(moving), (linear.dot,)))
    raw = optimize(raw, function.parameters)
    needed = free_values(raw.body.operations, raw.body.results, seeds)
    forward = Builder()
    forward.operations = [*function.body.operations, *linear.fixed]
    if not needed:
        second = replace(raw, body=replace(raw.body, parameters=linear.seeds))
        return function, second, None
    kept = forward.tuple(needed)
    final = forward.tuple([function.result, kept])
    first = Function(f"{function.name}_forward", forward.block(function.parameters, [final]), function.doc)
    residuals = Value(tuple_type(*(v.type for v in needed)), "residuals")
    taken = [Value(v.type, v.hint or "kept") for v in needed]
    table: dict[Operand, Operand] = dict(zip(needed, taken, strict=True))
    rest = substitute(raw.body, table)
    unpack = [Apply(EXTRACT, (residuals,), v, {"key": k}) for k, v in enumerate(taken)]
    body = Block((residuals, *linear.seeds), (*unpack, *rest.operations), rest.results)
    return first, replace(raw, body=body), residuals.type
