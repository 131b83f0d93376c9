"""What rules have in common: elementwise functions give partial derivatives, linear ones their transpose.

    elementwise(np.sin,      lambda y, x: np.cos(x))
    elementwise(np.multiply, lambda z, x, y: y, lambda z, x, y: x)
    linear(np.transpose,     lambda g, x, axes=None: np.transpose(g, axes and np.argsort(axes)), type_rule)
    constant(np.floor, ...)
    rule(np.linalg.inv, type_rule, tangent=..., adjoint=...)

The families add what every member needs: unbroadcasting of contributions, the dtype of the operand, the sum over
operands. What else a row says of its function are the `Facts` of `ir.primitive`, by name.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any, Unpack

import numpy as np

from s2sad.ir.broadcasting import broadcast_shapes
from s2sad.ir.builder import call, shape_of
from s2sad.ir.primitive import Effect, Facts, Primitive, Rule, Sample, primitive_name, register
from s2sad.ir.types import Type, array, tuple_type
from s2sad.rules.contributions import fit, real_where, repeat_like, spread, unbroadcast, unbroadcast_type
from s2sad.rules.domains import POSITIVE, REAL, Domain, elementwise_samples
from s2sad.rules.masks import masked_times, selected
from s2sad.rules.promotion import array_types, elementwise_type, result_dtype, with_arity
from s2sad.rules.roots import with_square


def of_array(method: str, otherwise: str) -> Callable[..., str | None]:
    """A spelling as a method of arrays; a number may be Python's, which has none. With keywords it is a call."""

    def spelling(a: Type, *rest: Type, **static: object) -> str | None:
        if static:
            return None
        return otherwise if a.is_scalar or a.rank == 0 else method

    return spelling


def elementwise(
    function: Callable[..., Any],
    *partials: Callable[..., Any] | None,
    domain: Domain | tuple[Domain, ...] = REAL,
    analytic: bool = False,
    result: str | None = "float",
    type_rule: Callable[..., Type] | None = None,
    aliases: Iterable[Callable[..., Any]] = (),
    of_half_square: Sequence[Callable[..., Any]] | None = None,
    **facts: Unpack[Facts],
) -> Primitive:
    """A function of numbers that acts on arrays by broadcasting: one partial derivative per operand, None for zero.

    A partial is called as `partial(y, *operands)`, `y` being the result; its contribution is `g * partial`. It may
    give None for zero. `analytic`: the partials hold for complex numbers too. `result` is for functions that are no
    ufuncs. `of_half_square` has the partials of half the square, where that is smooth and the function is not.
    """
    arity = len(partials)
    domains = domain if isinstance(domain, tuple) else (domain,) * arity
    facts["elementwise"] = True
    facts.setdefault("ends", any(d is not REAL for d in domains))
    facts.setdefault("samples", elementwise_samples(domains, analytic))
    type_rule = type_rule or elementwise_type(function, result, arity)
    tangent, adjoint = by_partials(partials)
    if of_half_square is not None:
        facts["half_square"], half_adjoint = by_partials_of_root(of_half_square)
        adjoint = with_square(adjoint, half_adjoint)
    row = Primitive(primitive_name(function), function, type_rule, tangent, adjoint, **facts)
    return register(row, *aliases)


def several(
    function: Callable[..., Any], *partials: Callable[..., Any], results: str = "float", **facts: Unpack[Facts]
) -> Primitive:
    """A function of numbers with several results: `partial(y, *operands)` are those of all results by an operand.

    One of them is None where the result does not depend on the operand; `results` are "float" or "complex".
    """
    name = primitive_name(function)

    def type_rule(*types: Type) -> Type:
        arrays = array_types(name, types)
        dtype = result_dtype(arrays, "float")
        if results == "complex" and dtype is not None:
            dtype = np.result_type(dtype, np.complex64)
        part = array(dtype, broadcast_shapes(*(t.shape for t in arrays)))
        return tuple_type(*(part for _ in range(function.nout)))  # type: ignore[attr-defined]

    def total(terms: Iterable[Any]) -> Any:
        found = [t for t in terms if t is not None]
        return reduce(operator.add, found) if found else None

    def product(factor: Any, slope: Any) -> Any:
        return None if factor is None or slope is None else factor * slope

    def tangent(y: Any, xs: Any, dots: Any) -> Any:
        rows = [(d, p(y, *xs)) for d, p in zip(dots, partials, strict=True) if d is not None]
        dotted = [total(product(d, slopes[k]) for d, slopes in rows) for k in range(len(y))]
        return tuple(None if d is None else spread(d, r) for d, r in zip(dotted, y, strict=True))

    def adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
        rows = [p(y, *xs) if a else None for a, p in zip(active, partials, strict=True)]
        bars = [None if row is None else total(map(product, g, row)) for row in rows]
        return tuple(None if b is None else fit(b, x) for b, x in zip(bars, xs, strict=True))

    facts.setdefault("samples", elementwise_samples((POSITIVE,) * len(partials)))
    return rule(function, with_arity(type_rule, len(partials)), tangent, adjoint, **facts)


def by_partials(partials: Sequence[Callable[..., Any] | None]) -> tuple[Rule, Rule]:
    """The tangent and the adjoint of a function by its partial derivatives."""

    def term(factor: Any, partial: Callable[..., Any] | None, y: Any, xs: Any, multiplied: Any) -> Any:
        slope = None if factor is None or partial is None else partial(y, *xs)
        return None if slope is None else multiplied(factor, slope)

    def tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
        products = [term(d, p, y, xs, selected) for d, p in zip(dots, partials, strict=False)]
        summands = [p for p in products if p is not None]
        return spread(reduce(operator.add, summands), y) if summands else None

    def adjoint(g: Any, y: Any, xs: Any, active: Any, **static: Any) -> tuple[Any, ...]:
        # Partial derivatives are computed for active operands alone: the others would be dead, but cost a type each.
        products = [term(g if a else None, p, y, xs, masked_times) for a, p in zip(active, partials, strict=False)]
        return tuple(None if c is None else fit(c, x) for c, x in zip(products, xs, strict=True))

    return tangent, adjoint


def by_partials_of_root(partials: Sequence[Callable[..., Any]]) -> tuple[Rule, Rule]:
    """The tangent and the adjoint of half the square of a root; they give None where a partial that is needed does."""
    tangent, adjoint = by_partials(partials)

    def is_root(y: Any, xs: Any, moving: Iterable[Any]) -> bool:
        return all(p(y, *xs) is not None for p, moves in zip(partials, moving, strict=True) if moves)

    def tangent_of_root(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
        return tangent(y, xs, dots, **static) if is_root(y, xs, (d is not None for d in dots)) else None

    def adjoint_of_root(g: Any, y: Any, xs: Any, active: Any, **static: Any) -> Any:
        return adjoint(g, y, xs, active, **static) if is_root(y, xs, active) else None

    return tangent_of_root, adjoint_of_root


def linear(
    function: Callable[..., Any],
    transpose: Callable[..., Any],
    type_rule: Callable[..., Type],
    aliases: Iterable[Callable[..., Any]] = (),
    **facts: Unpack[Facts],
) -> Primitive:
    """A function linear in its first operand; the other operands are integers, indices, shapes.

    `transpose(g, *operands, **static)` gives the adjoint; the tangent is the function itself.
    """

    def tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
        return None if dots[0] is None else call(function, dots[0], *xs[1:], **static)

    def adjoint(g: Any, y: Any, xs: Any, active: Any, **static: Any) -> tuple[Any, ...]:
        return (transpose(g, *xs, **static) if active[0] else None, *(None for _ in xs[1:]))

    return register(Primitive(_name(function, facts), function, type_rule, tangent, adjoint, **facts), *aliases)


def _name(function: Callable[..., Any], facts: Facts) -> str:
    """What the text of a module calls a function: a helper is written into it."""
    return function.__name__ if facts.get("helper") else primitive_name(function)


def constant(
    function: Callable[..., Any],
    type_rule: Callable[..., Type],
    aliases: Iterable[Callable[..., Any]] = (),
    name: str | None = None,
    **facts: Unpack[Facts],
) -> Primitive:
    """A function whose derivative is zero wherever it has one; where an operand is complex, it is another one."""
    return register(Primitive(name or primitive_name(function), function, type_rule, constant=True, **facts), *aliases)


def rule(
    function: Callable[..., Any],
    type_rule: Callable[..., Type],
    tangent: Rule | None = None,
    adjoint: Rule | None = None,
    aliases: Iterable[Callable[..., Any]] = (),
    name: str | None = None,
    **facts: Unpack[Facts],
) -> Primitive:
    """A function with a tangent and an adjoint of its own; where numbers are real, their real parts are taken."""

    def real_tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
        assert tangent is not None
        return real_where(tangent(y, xs, dots, **static), y)

    def real_adjoint(g: Any, y: Any, xs: Any, active: Any, **static: Any) -> tuple[Any, ...]:
        assert adjoint is not None
        contributions = adjoint(g, y, xs, active, **static)
        return tuple(real_where(c, x) for c, x in zip(contributions, xs, strict=True))

    row = Primitive(
        name or _name(function, facts), function, type_rule, tangent and real_tangent, adjoint and real_adjoint, **facts
    )
    return register(row, *aliases)


rule(
    unbroadcast,
    unbroadcast_type,
    adds_up=True,
    tangent=repeat_like,
    adjoint=lambda g, y, xs, active: (np.broadcast_to(g, shape_of(xs[0])) if active[0] else None, None),
    effect=Effect.VIEW,  # `g` itself where there is nothing to sum
    samples=lambda rng: [
        Sample((REAL(rng, (2, 3)), REAL(rng, shape))) for shape in [(2, 3), (3,), (1, 3), (2, 1), (1, 1), ()]
    ],
    helper=True,
)
