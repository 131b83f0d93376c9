"""Calls of solvers as primitives of one program: the call as it is written, and its results with their derivatives."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from s2sad.compiler.black_boxes import Cotangent, whole, written
from s2sad.compiler.custom_rules import Entries, check_fits
from s2sad.compiler.entry import Entry
from s2sad.compiler.transform import Transform
from s2sad.differentiate.given_rules import fitted
from s2sad.differentiate.tangents import leaf_paths, pick, tangent_type
from s2sad.errors import Location, SeveralErrors, Unsupported, UnsupportedCall
from s2sad.frontend.terms.closure_targets import DerivedTarget
from s2sad.frontend.terms.solver_targets import ITSELF, SolverCall, SolverRule
from s2sad.ir.builder import Builder, Expr
from s2sad.ir.primitive import Effect, Primitive
from s2sad.ir.primitives.lists import add, zero
from s2sad.ir.printer import numbered
from s2sad.ir.rewrite import map_blocks
from s2sad.ir.rewrite import substitute as substitute_values
from s2sad.ir.signature import Signature, related
from s2sad.ir.solver import CallOfRule, Part, Solver, as_call, part_name, source_of, theorem_of
from s2sad.ir.types import ContainerType, Type, is_active_type, substitute
from s2sad.ir.values import Block, Effects, FunctionRef, Operand, Value, constant

INSTEAD = "pass s2sad.stop_gradient of it, or what depends on it to the function"


def solving(call: SolverCall, references: Mapping[str, FunctionRef], result: Type) -> Primitive:
    """The call itself: of the functions in its static argument, the arguments, and the values behind them."""
    row, count = call.row, len(call.names)

    def spelling(*types: Type, functions: Sequence[FunctionRef]) -> str:
        given = {n: f"_{k}" for k, n in enumerate(call.names)}
        passed = ", ".join(f"_{count + k}" for k in range(len(call.values)))
        for name, function in zip(call.functions, functions, strict=True):
            bound = call.values and row.is_bound(name)
            given[name] = f"functools.partial({function.name}, {passed})" if bound else function.name
        given |= {n: found.text(given) for n, found in call.holding.items()}
        if call.values and row.passed is not None:
            given[row.passed] = f"({passed}{',' if len(call.values) == 1 else ''})"
        inner = {i for found in call.holding.values() for i in found.names()}
        shown = {n: t for n, t in given.items() if n not in inner}
        return f"{row.name}({', '.join(_arguments(row, shown, call.written))})"

    return Primitive(
        row.name,
        row.function,
        lambda *types, functions: result,
        constant=True,
        spelling=spelling,
    )


def _arguments(row: Solver, given: Mapping[str, str], written: Collection[str]) -> list[str]:
    """The arguments in the order of the parameters: by name from the first on that is `written` so."""
    found: list[str] = []
    by_name = False
    for name, p in inspect.signature(row.function).parameters.items():
        by_name |= name not in given or name in written or name == row.passed or p.kind is p.KEYWORD_ONLY
        if name in given:
            found.append(f"{name}={given[name]}" if by_name else given[name])
    signature = inspect.signature(row.function).parameters
    return [*found, *(f"{name}={text}" for name, text in given.items() if name not in signature)]


def solution(program: Entries, call: SolverCall, part: Part, key: object) -> Primitive:
    """A result, with its derivative: an identity of its first operand, the others are those of the call."""
    rules = Rules(program, call, part)
    row = call.row
    rule = part.adjoint or part.tangent
    name = row.name if key is None else f"{row.name}.{key}"

    def tangent(y: Expr, xs: Sequence[Expr], dots: Sequence[Expr | None]) -> Expr | None:
        flags = rules.moving([d is not None for d in dots[1:]], xs[1:])
        if not any(flags):
            return None
        if part.without:
            raise UnsupportedCall(f"a derivative of {name}: {part.without}", INSTEAD)
        moved = [whole(d, x) for d, x, m in zip(dots[1:], xs[1:], flags, strict=True) if m and d is not None]
        found = rules.tangent(flags, [y, *xs[1:]], moved)
        check_fits(found.type, y.type, f"the rule of {row.name}", "the result", part.tangent)
        return y.builder.expr(_fitted(y.builder, found, y.operand, not row.runs))

    def adjoint(g: Cotangent, y: Expr, xs: Sequence[Expr], active: Sequence[bool]) -> tuple[Expr | None, ...]:
        flags = rules.moving(active[1:], xs[1:])
        if not any(flags):
            return (None,) * len(xs)
        if part.without:
            raise UnsupportedCall(f"a derivative of {name}: {part.without}", INSTEAD)
        bars = rules.adjoint(flags, [y, *xs[1:]], g)
        return (None, *_grouped(y.builder, bars, xs[1:], flags, rules.foreign))

    return Primitive(
        name,
        lambda x, *_: x,
        lambda *types: types[0],
        tangent=tangent if part.tangent is not None or part.without or part.refused[0] else None,
        adjoint=adjoint if part.adjoint is not None or part.without or part.refused[0] else None,
        constant=part.constant,
        effect=Effect.VIEW,
        spelling="_0",
        transparent=True,
        source=None if rule is None else source_of(rule),
        theorem=None if rule is None else theorem_of(rule),
    )


@dataclass(frozen=True)
class Rules:
    """The rules of a result, compiled for which of the operands move."""

    program: Entries
    call: SolverCall
    part: Part

    def moving(self, flags: Sequence[bool], values: Sequence[Expr]) -> tuple[bool, ...]:
        """Of the operands those by which the result moves, among those that move.

        Raises:
            UnsupportedCall: one of them has no part in the rules.
        """
        call, row, moves = self.call, self.call.row, self.call.moves_of(self.part)
        if self.part.refused[0] and any(flags):
            raise UnsupportedCall(*self.part.refused, values[0].builder.location)
        read = len(self.part.reads)
        for name, flag, value in zip(call.names, flags[read:], values[read:], strict=False):
            if flag and name not in (ITSELF, *row.moves, *moves, *call.among) and name not in row.free:
                raise UnsupportedCall(
                    f"a derivative of {row.name} by {name}",
                    INSTEAD,
                    value.builder.location,
                )
        named = zip(flags, (*map(part_name, self.part.reads), *call.names), strict=False)
        return (
            *(f and (n in moves or (n in call.among and "params" in moves)) for f, n in named),
            *(f and "params" in moves for f in flags[read + len(call.names) :]),
        )

    @property
    def foreign(self) -> int:
        """How many of the operands have cotangents that a function of the user's gives: not those behind functions."""
        return len(self.part.reads) + len(self.call.names) if self.call.row.runs else 0

    def entry(self, target: SolverRule | DerivedTarget, names: Sequence[str], given: Sequence[Expr]) -> Entry:
        local = Signature()
        types = map(local.parameter, (a.type for a in given))
        with self.at_the_call(given[0].builder.location):
            found = self.program.entry(target, dict(zip(names, types, strict=True)))
        # what is printed, the solver's own call has printed
        return self.program.silent_entry(found) if found.effects is Effects.ONCE else found

    @contextmanager
    def at_the_call(self, location: Location) -> Iterator[None]:
        """Report what is found in the text of a rule at the call of the solver: no user can change it."""
        try:
            yield
        except (SeveralErrors, Unsupported) as e:
            found = e.errors[0] if isinstance(e, SeveralErrors) else e
            if not found.location.file.startswith("<"):
                raise
            raise type(found)(f"a derivative of {self.call.row.name}: {found.what}", found.instead, location) from e

    def passed(self, entry: Entry) -> list[int]:
        """Which operands an entry takes: what the functions read from outside is among the values."""
        first = 1 + len(self.part.reads) + len(self.call.names)
        return [*entry.passed, *(first + self.call.outside[v.key] for v in entry.captured)]

    def written(self, entry: Entry, given: Sequence[Expr]) -> Operand:
        passed, types = [given[k] for k in self.passed(entry)], [a.type for a in given]
        return written(self.program, given[0].builder, entry, passed, types, True)

    def tangent(self, flags: tuple[bool, ...], given: Sequence[Expr], dots: Sequence[Expr]) -> Operand:
        """The tangent of the result: `given` are the result and the other operands."""
        target = SolverRule(self.call, self.part, flags, False)
        operands = [*given, *dots]
        return self.written(self.entry(target, target.names, operands), operands)

    def solves(self, flags: Sequence[bool], given: Sequence[Expr]) -> bool:
        """Whether the adjoint solves by itself, for these values that move."""
        count, solves = len(self.call.values), self.part.solves
        moving = [x.type for x, flag in zip(given[-count:], flags[-count:], strict=True) if flag] if count else []
        return solves(moving) if callable(solves) else solves

    def adjoint(self, flags: tuple[bool, ...], given: Sequence[Expr], g: Cotangent) -> Operand:
        """The cotangents of the operands that move."""
        parts = _in_parts(g, given[0]) if self.part.several else ()
        target = SolverRule(self.call, self.part, flags, True, tuple(bar is not None for bar in parts))
        g = _together([bar for bar in parts if bar is not None], given[0]) if parts else whole(g, given[0])
        operands = [*given, g]
        entry = self.entry(target, target.names, operands)
        if not self.solves(flags, given):
            return self.written(entry, operands)
        if target.is_unread("ans"):
            # what nobody reads need not be computed
            operands[0] = given[0].builder.expr(constant(0.0))
        result = substitute(entry.result, related(entry.parameters.values(), [o.type for o in operands]))
        step = _pulled(self, target, self.passed(entry), result)
        return given[0].builder.apply(step, [o.operand for o in operands], {"functions": (entry.reference(result),)})

    def curved(
        self, flags: tuple[bool, ...], asked: Sequence[bool], given: Sequence[Expr], dots: Sequence[Expr], g: Expr
    ) -> list[Expr | None]:
        """The gradient of the tangent along `dots`, times `g`: for each operand that is asked for."""
        rule = SolverRule(self.call, self.part, flags, False)
        read = self.entry(rule, rule.names, [*given, *dots]).passed
        argnums = tuple(k for k, a in enumerate(asked) if a and k in read)
        if not argnums:
            return [None] * len(given)
        transform = Transform("pullback", argnums, count=len(rule.names))
        operands = [*given, *dots, g]
        names = [*rule.names, *transform.further_names(rule.names)]
        bars = self.written(self.entry(DerivedTarget(rule, transform), names, operands), operands)
        return [g.builder.expr(g.builder.extract(bars, k)) if k in argnums else None for k in range(len(given))]


def _pulled(rules: Rules, target: SolverRule, passed: Sequence[int], result: Type) -> Primitive:
    """The adjoint of a result that cannot be differentiated as it is written: A(x, g) = J(x)^T g.

    It is the transpose of the tangent T(x, u) = J(x) u. For a cotangent u, the cotangent of g is T(x, u), and that of x
    the gradient of g . T(x, u). Along a tangent v of x it changes by the gradient of g . T(x, v), as second derivatives
    are symmetric. Of a result of several parts, g has those that are given, and is zero for the others.
    """
    flags = target.moving

    def every(g: Expr) -> Cotangent:
        if not target.given:
            return g
        found = iter(range(sum(target.given)))
        return tuple(g[next(found)] if is_given else None for is_given in target.given)

    def tangent(
        y: Expr, xs: Sequence[Expr], dots: Sequence[Cotangent | None], functions: Sequence[FunctionRef]
    ) -> Expr | None:
        *given, g = xs
        *moved, g_dot = dots
        builder, parts = y.builder, list[Expr | None]([None] * len(given))
        along = rules.moving([d is not None for d in moved[1:]], given[1:])
        turned = None if g_dot is None else every(whole(g_dot, g))
        if any(along):
            dotted = [whole(d, x) for d, x, a in zip(moved[1:], given[1:], along, strict=True) if a and d is not None]
            parts = rules.curved(along, [True, *flags], given, dotted, whole(every(g), given[0]))
            turned = _sum(turned, parts[0], given[0], bool(target.given))
        bars = [] if turned is None else _items(builder, rules.adjoint(flags, given, turned))
        curved = [leaf for p, x, f in zip(parts[1:], given[1:], flags, strict=True) if f for leaf in _leaves(p, x)]
        if bars:
            curved = [b if c is None else add(builder, b, c) for b, c in zip(bars, curved, strict=True)]
        elif all(c is None for c in curved):
            return None
        return builder.expr(
            builder.tuple([zero(builder, y[k].operand) if c is None else c for k, c in enumerate(curved)])
        )

    def adjoint(
        g: Cotangent, y: Expr, xs: Sequence[Expr], active: Sequence[bool], functions: Sequence[FunctionRef]
    ) -> tuple[Expr | None, ...]:
        *given, cotangent = xs
        *asked, last = active
        bars = whole(g, y).operand
        dots = [d for d in _grouped(y.builder, bars, given[1:], flags, rules.foreign) if d is not None]
        curved: list[Expr | None] = [None] * len(given)
        if any(asked):
            curved = rules.curved(flags, asked, given, dots, whole(every(cotangent), given[0]))
        bar = y.builder.expr(rules.tangent(flags, given, dots)) if last else None
        if bar is not None and target.given:
            bar = _together([bar[k] for k, is_given in enumerate(target.given) if is_given], y)
        return (*curved, bar)

    return CallOfRule(
        f"{rules.call.row.name} adjoint",
        rules.call.row.function,
        lambda *types, functions: result,
        tangent=tangent,
        adjoint=adjoint,
        spelling=lambda *types, functions: f"{functions[0].name}({', '.join(f'_{k}' for k in passed)})",
        passed=tuple(passed),
    )


def _in_parts(g: Cotangent, ans: Expr) -> tuple[Expr | None, ...]:
    """The cotangents of the parts of a result."""
    return g if isinstance(g, tuple) else tuple(g[k] for k in ans.type.keys)


def _together(parts: Sequence[Expr], like: Expr) -> Expr:
    """A tuple of expressions."""
    return like.builder.expr(like.builder.tuple([p.operand for p in parts]))


def _sum(g: Cotangent | None, bar: Expr | None, ans: Expr, several: bool) -> Cotangent | None:
    """The sum of two cotangents of a result."""
    if g is None or bar is None:
        return bar if g is None else g
    builder = ans.builder
    if not several:
        return builder.expr(add(builder, whole(g, ans).operand, bar.operand))
    return tuple(
        bar[k] if p is None else builder.expr(add(builder, p.operand, bar[k].operand))
        for k, p in enumerate(_in_parts(g, ans))
    )


def _fitted(builder: Builder, dot: Operand, like: Operand, theorem: bool) -> Operand:
    """A tangent in the type of a result."""
    if not isinstance(like.type, ContainerType):
        return fitted(builder, dot, like.type, lambda: like, theorem)
    items = [_fitted(builder, builder.extract(dot, k), builder.extract(like, k), theorem) for k in like.type.keys]
    return builder.make(like.type.cls, like.type.keys, items)


def with_calls(block: Block) -> Block:
    """A block in which the rules of solvers are called as all functions are."""
    return replace(block, operations=tuple(map_blocks(as_call(op), with_calls) for op in block.operations))


def _items(builder: Builder, whole: Operand) -> list[Operand]:
    """The items of a tuple."""
    return [builder.extract(whole, k) for k in whole.type.keys]


def _leaves(bar: Expr | None, x: Expr) -> list[Operand | None]:
    """The floats in the cotangent of a container, one by one; None for zeros."""
    return [None if bar is None else pick(x.builder, bar.operand, *path) for path, _ in leaf_paths(x.type)]


def _grouped(
    builder: Builder, bars: Operand, xs: Sequence[Expr], flags: Sequence[bool], foreign: int
) -> list[Expr | None]:
    """The cotangents of those operands that have one, of those of all floats in them one by one.

    Those of the first operands may come of a function of the user's: their shapes are checked.
    """
    leaves = iter(_items(builder, bars))

    def grouped(x: Operand, theorem: bool) -> Operand:
        if isinstance(x.type, ContainerType):
            items = [grouped(builder.extract(x, k), theorem) for k in x.type.keys]
            return builder.make(x.type.cls, x.type.keys, items)
        if not is_active_type(x.type):
            return constant(None)
        bar, t = next(leaves), tangent_type(x.type)
        return fitted(builder, bar, t, lambda: x, theorem) if x.type.is_numeric else bar

    pairs = enumerate(zip(xs, flags, strict=True))
    return [builder.expr(grouped(x.operand, k >= foreign)) if f else None for k, (x, f) in pairs]


def in_order(
    program: Entries,
    reference: FunctionRef,
    order: Sequence[int],
    given: Sequence[Operand],
    attributes: Mapping[str, object],
) -> FunctionRef:
    """A function that takes all that is given, of which the one referred to takes those in `order`."""
    function = program.functions[reference.name]
    if list(order) == list(range(len(given))) and not attributes:
        return reference
    # one value may be passed for two parameters
    taken: dict[int, Value] = {}
    same: dict[Operand, Operand] = {}
    for k, p in zip(order, function.parameters, strict=True):
        same[p] = taken.setdefault(k, p)
    parameters = tuple(taken[k] if k in taken else Value(o.type, o.hint) for k, o in enumerate(given))
    name = program.fresh_name(function.name)
    table: dict[Operand, Operand] = {a: b for a, b in same.items() if a is not b}
    body = replace(substitute_values(replace(function.body, parameters=()), table), parameters=parameters)
    program.functions[name] = numbered(replace(function, name=name, body=body, attributes=tuple(attributes.items())))
    return replace(reference, name=name)
