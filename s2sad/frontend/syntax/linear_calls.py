"""The operators that take a point, inside a function: `jvp`, `vjp`, `linearize`, and the functions that these give."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence

import gast

from s2sad.analysis.effects import effects_of
from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.terms import Closure, Derived, Linear, Term, is_none
from s2sad.ir.marks import AtPoint, Forward, as_inside
from s2sad.ir.types import is_active_type
from s2sad.ir.values import Block, Constant, Effects


def call_forward(
    lowering: Lowering,
    mark: Forward,
    jvp: Callable[..., object],
    arguments: list[Term],
    keywords: dict[str, Term],
    node: gast.AST,
    hint: str | None,
) -> Term:
    """`jvp(fun, primals, tangents)` inside a function: a call of the tangent of `fun`."""
    try:
        bound = inspect.signature(jvp).bind(*arguments, **keywords)
    except TypeError as e:
        lowering.refuse(node, f"jvp: {e}", "", UnsupportedCall)
    if "has_aux" in bound.kwargs:
        lowering.refuse(node, "jvp inside a function with has_aux", "take the pair that it gives", UnsupportedCall)
    fun, primals, tangents = bound.args
    values = [lowering.to_operand(t) for t in lowering.sequence(primals, node)]
    dots = lowering.sequence(tangents, node)
    fun = one_by_one(lowering, fun, values, node)
    active = tuple(k for k, v in enumerate(values) if is_active_type(v.type))
    if len(dots) != len(values) or not active:
        lowering.refuse(node, f"jvp: {len(values)} primals, {len(active)} of them floats, and {len(dots)} tangents")
    active = tuple(k for k in active if not is_none(dots[k]))
    if not active:
        lowering.refuse(node, "jvp: all tangents are None", "give one for what is moved")
    if not isinstance(fun, Constant):
        derived = Derived(fun, mark.transform(active))
        return lowering.call_derived(derived, [*values, *(dots[k] for k in active)], {}, node, hint)
    derivative = mark.derivative_of(lowering.static(fun, node), mark.transform(active))
    return lowering.call_function(derivative, [*values, *(dots[k] for k in active)], {}, node, hint)


def one_by_one(lowering: Lowering, function: Term, given: Sequence[Term], node: gast.AST) -> Term:
    """A function made inside that takes `*args`, as one of so many parameters: each has a derivative of its own."""
    if not isinstance(function, Closure) or function.node.args.vararg is None:
        return function
    return lowering.expanded(function, given, node)


def value_and_linear(
    lowering: Lowering,
    mark: AtPoint,
    operator: Callable[..., object],
    arguments: list[Term],
    keywords: dict[str, Term],
    node: gast.AST,
    hint: str | None,
) -> Term:
    """`vjp(fun, *primals)`, `linearize(fun, *primals)`: the value, and the pullback or pushforward at that point.

    What the function closes over is read now, as a pullback does not see what comes after it.
    """
    if not arguments or keywords:
        instead = "take the pair that the function gives" if "has_aux" in keywords else ""
        lowering.refuse(node, f"{operator.__name__} takes a function and its arguments by position", instead)
    fun, *primals = arguments
    fun = one_by_one(lowering, fun, primals, node)
    values = [lowering.to_operand(t) for t in primals]
    active = tuple(k for k, v in enumerate(values) if is_active_type(v.type))
    if not active:
        lowering.refuse(node, f"{operator.__name__}: no argument is a float or holds floats", "", UnsupportedType)
    transform = mark.transform(active, len(values))
    if not isinstance(fun, Constant):
        target, operands = lowering.derived_target(Derived(fun, transform), list(values), {}, node)
    else:
        target, operands = lowering.static(fun, node), values
        target = mark.derivative_of(as_inside(target), transform)
    before = len(lowering.builder.operations)
    value = lowering.call(fun, list(values), {}, node, hint)
    if effects_of(Block((), tuple(lowering.builder.operations[before:]), ())) is Effects.DRAWS:
        # the value and the linear function would be of other numbers
        what = f"{operator.__name__} of a function that draws random numbers"
        lowering.refuse(node, what, "draw them before, and pass them", UnsupportedCall)
    count = 1 if transform.kind == "pullback" else len(values)
    return value, Linear(target, tuple(operands), count, (0,) if transform.kind == "pullback" else active)


def call_linear(
    lowering: Lowering,
    function: Linear,
    arguments: list[Term],
    keywords: dict[str, Term],
    node: gast.AST,
    hint: str | None,
) -> Term:
    """A pullback or a pushforward: the derivative at the point that it was made for."""
    if keywords or len(arguments) != function.count:
        lowering.refuse(node, f"{len(arguments)} arguments for {function.count} of a linear function", "")
    given = [lowering.to_operand(arguments[k]) for k in function.kept]
    if hasattr(function.target, "spread"):
        return lowering.call_function(function.target, [*function.operands, *given], {}, node, hint)
    held = map(lowering.to_operand, function.operands)  # a container among them has become one that has a cell
    return lowering.call_target(function.target, [*held, *given], node, hint)
