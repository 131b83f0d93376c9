"""Calls of solvers as primitives of one program: the call as it is written, and its results with their derivatives."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace

from s2sad.compiler.black_boxes import whole, written
from s2sad.compiler.custom_rules import Entries, check_fits
from s2sad.differentiate.given_rules import fitted
from s2sad.differentiate.tangents import tangent_type
from s2sad.errors import UnsupportedCall
from s2sad.frontend.terms.solver_targets import SolverCall, SolverRule
from s2sad.ir.builder import Expr
from s2sad.ir.primitive import Effect, Primitive
from s2sad.ir.printer import numbered
from s2sad.ir.rewrite import substitute
from s2sad.ir.signature import Signature
from s2sad.ir.solver import Part, Solver
from s2sad.ir.types import Type
from s2sad.ir.values import FunctionRef, Operand, Value


def solving(call: SolverCall, references: Mapping[str, FunctionRef], result: Type) -> Primitive:
    """The call itself: of the functions in its static argument, the arguments, and the values behind them."""
    row, count = call.row, len(call.names)

    def spelling(*types: Type, functions: Sequence[FunctionRef]) -> str:
        given = {n: f"_{k}" for k, n in enumerate(call.names)}
        passed = ", ".join(f"_{count + k}" for k in range(len(call.values)))
        for name, function in zip(call.functions, functions, strict=True):
            bound = call.values and (row.passed is None or name not in row.functions)
            given[name] = f"functools.partial({function.name}, {passed})" if bound else function.name
        given |= {n: found.text(given) for n, found in call.holding.items()}
        if call.values and row.passed is not None:
            given[row.passed] = f"({passed}{',' if len(call.values) == 1 else ''})"
        inner = {i for found in call.holding.values() for i in found.names()}
        return f"{row.name}({', '.join(_arguments(row, {n: t for n, t in given.items() if n not in inner}))})"

    return Primitive(
        row.name,
        row.function,
        lambda *types, functions: result,
        constant=True,
        spelling=spelling,
    )


def _arguments(row: Solver, given: Mapping[str, str]) -> list[str]:
    """The arguments in the order of the parameters: by position as long as they have no defaults."""
    found: list[str] = []
    by_name = False
    for name, p in inspect.signature(row.function).parameters.items():
        by_name |= name not in given or name == row.passed or p.kind is p.KEYWORD_ONLY
        if name in given:
            found.append(f"{name}={given[name]}" if by_name else given[name])
    signature = inspect.signature(row.function).parameters
    return [*found, *(f"{name}={text}" for name, text in given.items() if name not in signature)]


def solution(program: Entries, call: SolverCall, part: Part, key: object) -> Primitive:
    """A result, with its derivative: an identity of its first operand, the others are those of the call."""
    row = call.row
    names = (*map(str, part.reads), *call.names, *call.values)
    moving_names = {*map(str, part.moves), *row.moves, *call.values}

    def moving(flags: Sequence[bool], values: Sequence[Expr]) -> tuple[bool, ...]:
        for name, flag, value in zip(names, flags, values, strict=True):
            if flag and name in call.names and name not in row.moves and name not in row.free:
                raise UnsupportedCall(
                    f"a derivative of {row.name} by {name}",
                    "pass s2sad.stop_gradient of it, or what depends on it to the function",
                    value.builder.location,
                )
        return tuple(flag and name in moving_names for name, flag in zip(names, flags, strict=True))

    def compiled(flags: tuple[bool, ...], given: Sequence[Expr], reverse: bool) -> Operand:
        target = SolverRule(call, part, flags, reverse)
        types = [a.type for a in given]
        local = Signature()
        entry = program.entry(target, dict(zip(target.names, map(local.parameter, types), strict=True)))
        # what the functions read from outside is among the values
        first = 1 + len(part.reads) + len(call.names)
        outside = [given[first + call.outside[v.key]] for v in entry.captured]
        return written(program, given[0].builder, entry, [*(given[k] for k in entry.passed), *outside], types, True)

    def tangent(y: Expr, xs: Sequence[Expr], dots: Sequence[Expr | None]) -> Expr | None:
        flags = moving([d is not None for d in dots[1:]], xs[1:])
        if not any(flags):
            return None
        moved = [whole(d, x) for d, x, m in zip(dots[1:], xs[1:], flags, strict=True) if m and d is not None]
        found = compiled(flags, [y, *xs[1:], *moved], False)
        check_fits(found.type, y.type, f"the rule of {row.name}", "the result", part.tangent)
        return y.builder.expr(fitted(y.builder, found, y.type, lambda: y.operand))

    def adjoint(g: Expr, y: Expr, xs: Sequence[Expr], active: Sequence[bool]) -> tuple[Expr | None, ...]:
        flags = moving(active[1:], xs[1:])
        if not any(flags):
            return (None,) * len(xs)
        builder = g.builder
        bars = compiled(flags, [y, *xs[1:], g], True)
        order = [k for k, m in enumerate(flags) if m]
        result: list[Expr | None] = [None] * len(xs)
        for k, position in enumerate(order):
            x = xs[1 + position]
            bar = builder.extract(bars, k)
            if x.type.is_numeric:
                bar = fitted(builder, bar, tangent_type(x.type), lambda x=x: x.operand)  # type: ignore[misc]
            result[1 + position] = builder.expr(bar)
        return tuple(result)

    return Primitive(
        row.name if key is None else f"{row.name}.{key}",
        lambda x, *_: x,
        lambda *types: types[0],
        tangent=None if part.tangent is None else tangent,
        adjoint=None if part.adjoint is None else adjoint,
        constant=part.constant,
        effect=Effect.VIEW,
        spelling="_0",
        transparent=True,
    )


def in_order(program: Entries, reference: FunctionRef, order: Sequence[int], given: Sequence[Operand]) -> FunctionRef:
    """A function that takes all that is given, of which the one referred to takes those in `order`."""
    function = program.functions[reference.name]
    if list(order) == list(range(len(given))):
        return reference
    # one value may be passed for two parameters
    taken: dict[int, Value] = {}
    same: dict[Operand, Operand] = {}
    for k, p in zip(order, function.parameters, strict=True):
        same[p] = taken.setdefault(k, p)
    parameters = tuple(taken[k] if k in taken else Value(o.type, o.hint) for k, o in enumerate(given))
    name = program.fresh_name(function.name)
    table: dict[Operand, Operand] = {a: b for a, b in same.items() if a is not b}
    body = replace(substitute(replace(function.body, parameters=()), table), parameters=parameters)
    program.functions[name] = numbered(replace(function, name=name, body=body))
    return replace(reference, name=name)
