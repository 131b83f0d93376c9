"""Loops: what they run over, what they carry, and the types of that.

A loop body is lowered until the types of the names that it carries no longer change; dimensions that differ from one
iteration to the next become unknown ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend import scope
from s2sad.frontend.calls import Calls
from s2sad.frontend.terms import Enumerate, Range, Reversed, Term, Zip, flatten, structure, to_operand
from s2sad.ir.builder import Builder
from s2sad.ir.structure import GETITEM
from s2sad.ir.types import ArrayType, Size, StaticType, Symbol, Type, integer, join, new_dim, substitute
from s2sad.ir.values import Block, Constant, For, Operand, Value, While, constant

if TYPE_CHECKING:
    from s2sad.errors import Unsupported

STOP = "<stop>"
"""The pseudo-variable that says whether a loop is to be left."""

MAX_ROUNDS = 12


class Loops(Calls):
    """Lowers loops. The statements of their bodies are the business of `Lowering`."""

    live: Mapping[int, scope.LiveSets]
    errors: list[Unsupported]
    in_place: list[Value]
    carried_now: frozenset[str]
    """What the loops around the present statement carry, live or not where it stands."""

    def block(self, statements: Sequence[gast.AST]) -> Term | None:
        raise NotImplementedError

    def bind(self, target: gast.AST, term: Term, taken: int = 0) -> None:
        raise NotImplementedError

    def join_sides(
        self, node: gast.AST, truth: Operand, sides: list[tuple[Builder, dict[str, Term], Term | None]]
    ) -> Term | None:
        raise NotImplementedError

    def undefined(self, builder: Builder, like: Term | None, bottom: Type | None = None) -> Term:
        raise NotImplementedError

    def _stmt_For(self, node: gast.For) -> Term | None:
        term = self.eval(node.iter)
        items = self.unrollable(term, node)
        if items is not None:
            self.unroll(node, items)
            return None
        start, stop, step, reverse = self.bounds(term, node)
        names = self.carried_names(node)

        def body(index: Value) -> None:
            before = len(self.builder.operations)
            item = self.item(term, index, node)
            self.bind(node.target, item, len(self.builder.operations) - before)
            self.block(node.body)

        def build(
            params: list[Value], initial: list[Operand], body_block: Block, results: list[Value], breaks: bool
        ) -> For:
            return For(
                start, stop, step, tuple(initial), (), body_block, tuple(results), reverse, breaks, self.at(node)
            )

        hint = (
            node.target.id
            if isinstance(node.target, gast.Name) and isinstance(term, Range)
            else self.counter(node, term)
        )
        self.loop(node, names, build, body, Value(integer(new_dim("i")), hint))
        return None

    def counter(self, node: gast.For, term: Term) -> str | None:
        """The name of the index of a loop that is not over a range: that of `enumerate`, where there is one."""
        if (
            isinstance(term, Enumerate)
            and isinstance(node.target, gast.Tuple)
            and isinstance(node.target.elts[0], gast.Name)
        ):
            return str(node.target.elts[0].id)
        return None

    def unrollable(self, term: Term, node: gast.AST) -> list[Term] | None:
        """The items, where their number is known at compile time and they are no numbers of a range or array."""
        if isinstance(term, Zip):
            parts = [self.unrollable(t, node) for t in term.iterables]
            if any(p is not None for p in parts):
                length = min(len(p) for p in parts if p is not None)
                rows = [
                    self.first_items(t, length, node) if p is None else p
                    for p, t in zip(parts, term.iterables, strict=True)
                ]
                return [tuple(row) for row in zip(*rows, strict=False)]
            return None
        if isinstance(term, Enumerate):
            inner = self.unrollable(term.iterable, node)
            return inner and [(self.apply(np.add, [term.start, constant(k)]), item) for k, item in enumerate(inner)]
        if isinstance(term, Reversed):
            inner = self.unrollable(term.iterable, node)
            return inner and inner[::-1]
        opened = self.open(term)
        if isinstance(opened, dict):
            return [constant(k) for k in opened]
        return list(opened) if isinstance(opened, (tuple, list)) else None

    def first_items(self, term: Term, length: int, node: gast.AST) -> list[Term]:
        return [self.item(term, constant(k), node) for k in range(length)]

    def unroll(self, node: gast.For, items: list[Term]) -> None:
        """A loop over a container whose items may differ in type: its body once for each."""
        stop, around = self.env.get(STOP), self.carried_now
        self.carried_now = around | set(self.carried_names(node))
        self.rounds(node, items)
        self.carried_now = around
        if stop is not None:
            self.env[STOP] = stop

    def rounds(self, node: gast.For, items: list[Term]) -> None:
        """One round after the other; where a round may leave the loop, the others stand in a branch."""
        for k, item in enumerate(items):
            self.env[STOP] = constant(False)
            self.bind(node.target, item)
            self.block(node.body)
            stop = self.env[STOP]
            if isinstance(stop, Value) and k + 1 < len(items):
                self.unless(stop, lambda rest=items[k + 1 :]: self.rounds(node, rest), node)  # type: ignore[misc]
                return
            if isinstance(stop, Constant) and stop.value:
                return

    def unless(self, stop: Operand, rest: Callable[[], None], node: gast.AST) -> None:
        """Lower the rest of a loop in the branch in which it was not left."""
        outer, env = self.builder, self.env
        sides: list[tuple[Builder, dict[str, Term], Term | None]] = []
        for lowered in (None, rest):
            self.builder, self.env = outer.child(), dict(env)
            if lowered is not None:
                lowered()
            sides.append((self.builder, self.env, None))
        self.builder, self.env = outer, env
        self.join_sides(node, stop, sides)

    def bounds(self, term: Term, node: gast.AST) -> tuple[Operand, Operand, Operand, bool]:
        """The range of indices of a loop, and whether it runs backward."""
        if isinstance(term, Range):
            return term.start, term.stop, term.step, False
        if isinstance(term, Enumerate):
            return self.bounds_from_zero(term.iterable, node)
        if isinstance(term, Reversed):
            start, stop, step, reverse = self.bounds(term.iterable, node)
            return start, stop, step, not reverse
        if isinstance(term, Zip):
            lengths = [self.length(t, node) for t in term.iterables]
            shortest = lengths[0]
            for n in lengths[1:]:
                if not _same_length(shortest, n):
                    shortest = self.apply(min, [shortest, n])
            return constant(0), shortest, constant(1), False
        return constant(0), self.length(term, node), constant(1), False

    def bounds_from_zero(self, term: Term, node: gast.AST) -> tuple[Operand, Operand, Operand, bool]:
        return constant(0), self.length(term, node), constant(1), False

    def length(self, term: Term, node: gast.AST) -> Operand:
        """How many items an iterable has."""
        if isinstance(term, Range):
            if _is_constant(term.start, 0) and _is_constant(term.step, 1):
                return term.stop
            return self.apply(len, [self.apply(range, [term.start, term.stop, term.step])])
        if isinstance(term, (Enumerate, Reversed)):
            return self.length(term.iterable, node)
        if isinstance(term, Zip):
            return self.bounds(term, node)[1]
        if isinstance(term, Value) and isinstance(term.type, ArrayType):
            if term.type.is_scalar or term.type.shape == ():
                self.refuse(node, "iteration over a scalar", "", UnsupportedType)
            return self.apply(len, [term])
        self.refuse(node, "this cannot be iterated over", "", UnsupportedType)

    def item(self, term: Term, index: Operand, node: gast.AST) -> Term:
        """The item of an iterable at an index of its loop."""
        if isinstance(term, Range):
            if self.bounds(term, node)[0] is term.start and isinstance(node, gast.For) and isinstance(index, Value):
                return index
            return self.apply(np.add, [term.start, self.apply(np.multiply, [index, term.step])])
        if isinstance(term, Enumerate):
            k = index if _is_constant(term.start, 0) else self.apply(np.add, [term.start, index])
            return (k, self.element(term.iterable, index, node))
        if isinstance(term, Zip):
            return tuple(self.element(t, index, node) for t in term.iterables)
        if isinstance(term, Reversed):
            return self.item(term.iterable, index, node)
        return self.element(term, index, node)

    def element(self, term: Term, index: Operand, node: gast.AST) -> Term:
        """The item number `index` of an iterable, counted from 0."""
        if isinstance(term, Range):
            offset = index if _is_constant(term.step, 1) else self.apply(np.multiply, [index, term.step])
            return offset if _is_constant(term.start, 0) else self.apply(np.add, [term.start, offset])
        if isinstance(term, Reversed):
            last = self.apply(np.subtract, [self.length(term.iterable, node), constant(1)])
            return self.element(term.iterable, self.apply(np.subtract, [last, index]), node)
        if isinstance(term, (Enumerate, Zip)):
            return self.item(term, index, node)
        return self.builder.apply(GETITEM, (to_operand(self.builder, term), index))

    def carried_names(self, node: gast.For | gast.While) -> list[str]:
        """The names that an iteration hands to the next, or to what follows the loop."""
        live = self.live[id(node)]
        targets = [node.target] if isinstance(node, gast.For) else []
        names = scope.assigned([*(gast.Assign(targets=[t], value=t) for t in targets), *node.body])
        return [n for n in names if n in live.head or n in live.after]

    def _stmt_While(self, node: gast.While) -> None:
        names = self.carried_names(node)
        tests: list[Block] = []

        def build(
            params: list[Value], initial: list[Operand], body_block: Block, results: list[Value], breaks: bool
        ) -> While:
            return While(tuple(initial), tests[-1], body_block, tuple(results), breaks, self.at(node))

        def body(index: Value | None) -> None:
            self.block(node.body)

        def test(params: list[Value], env: dict[str, Term]) -> None:
            outer, outer_env = self.builder, self.env
            self.builder, self.env = outer.child(), env
            truth = self.truth(self.eval(node.test), node.test)
            operand = constant(truth) if isinstance(truth, bool) else truth
            tests.append(self.builder.block(params, [operand]))
            self.builder, self.env = outer, outer_env

        self.loop(node, names, build, body, None, test)

    def loop(
        self,
        node: gast.AST,
        names: list[str],
        build: Callable[[list[Value], list[Operand], Block, list[Value], bool], For | While],
        body: Callable[[Any], None],
        index: Value | None,
        test: Callable[[list[Value], dict[str, Term]], None] | None = None,
    ) -> None:
        """Lower a loop body until the types of the carried names no longer change."""
        outer, env, around = self.builder, self.env, self.carried_now
        self.carried_now = around | set(names)
        paths = dict(self.parameter_paths)
        in_place, errors = len(self.in_place), len(self.errors)
        unbound: dict[str, Term] = {}
        loose: set[Symbol] = set()
        carried = _Carried(self, [n for n in names if n in env], env, node)
        for _ in range(MAX_ROUNDS):
            del self.in_place[in_place:], self.errors[errors:]
            parameters, terms = carried.parameters()
            if test is not None:
                copies = [Value(p.type, p.hint) for p in parameters]
                test(copies, {**env, **carried.rebuild(copies)})
            self.builder, self.env = outer.child(), {**env, **terms, STOP: constant(False)}
            body(index)
            inner, after = self.builder, self.env
            self.builder, self.env = outer, env
            fresh = [n for n in names if n not in carried.terms and n not in unbound and n in after]
            for name in fresh:
                unbound[name] = after[name]
                carried.add(name, self.undefined(outer, after[name]), after[name])
            if fresh:
                continue
            results, changed = carried.widen(after, inner, loose)
            if not changed:
                break
            if self.errors[errors:]:
                break
        else:
            self.refuse(node, "the types of what this loop carries do not settle", "", UnsupportedType)
        self.carried_now = around
        self.parameter_paths.update(paths)
        stop = after[STOP]
        breaks = not (isinstance(stop, Constant) and stop.value is False)
        yields = [*results, *([to_operand(inner, stop)] if breaks else [])]
        block = inner.block([*([index] if index is not None else []), *parameters], yields)
        renamed = {s: new_dim(s.name) for s in loose}
        finals = [Value(substitute(p.type, renamed), p.hint) for p in parameters]
        outer.operations.append(build(parameters, carried.initial, block, finals, breaks))
        self.env.update(carried.rebuild(finals))


class _Carried:
    """The names that a loop carries: their initial terms, the types of their leaves."""

    def __init__(self, lo: Loops, names: Iterable[str], env: Mapping[str, Term], node: gast.AST) -> None:
        self.lo = lo
        self.node = node
        self.terms: dict[str, Term] = {}
        self.types: list[Type] = []
        self.initial: list[Operand] = []
        self.hints: list[str] = []
        for name in names:
            self.add(name, env[name], env[name])

    def add(self, name: str, initial: Term, like: Term) -> None:
        operands, _ = flatten(initial, self.lo.at(self.node))
        kinds, _ = flatten(like, self.lo.at(self.node))
        self.terms[name] = initial
        for operand, kind in zip(operands, kinds, strict=True):
            if not isinstance(operand.type, StaticType):
                self.initial.append(operand)
                self.types.append(_without_size(kind.type))
                self.hints.append(name)

    def parameters(self) -> tuple[list[Value], dict[str, Term]]:
        values = [Value(t, h) for t, h in zip(self.types, self.hints, strict=True)]
        return values, self.rebuild(values)

    def rebuild(self, values: Sequence[Value]) -> dict[str, Term]:
        """The carried terms with these values for their leaves; static leaves stay."""
        rest = iter(values)
        terms = {}
        for name, term in self.terms.items():
            operands, build = flatten(term, self.lo.at(self.node))
            terms[name] = build([o if isinstance(o.type, StaticType) else next(rest) for o in operands])
        return terms

    def widen(self, after: Mapping[str, Term], builder: Builder, loose: set[Symbol]) -> tuple[list[Operand], bool]:
        """What an iteration yields; whether a type had to be widened for it."""
        results: list[Operand] = []
        for name, term in self.terms.items():
            new = after[name]
            if structure(new) != structure(term):
                self.lo.refuse(
                    self.node,
                    f"{name} changes its structure in this loop",
                    "lists that grow in a loop are not supported yet",
                    UnsupportedType,
                )
            for old, operand in zip(flatten(term, builder.location)[0], flatten(new, builder.location)[0], strict=True):
                if not isinstance(old.type, StaticType):
                    results.append(operand)
                elif old.type != operand.type:
                    self.lo.refuse(
                        self.node, f"{name} changes from {old.type} to {operand.type} in this loop", "", UnsupportedType
                    )
        changed = False
        for k, operand in enumerate(results):
            t = _widened(self.types[k], operand.type, loose)
            if t is None:
                self.lo.refuse(
                    self.node,
                    f"{self.hints[k]} is {self.types[k]} before this loop and {operand.type} after an iteration",
                    "give it the same kind of value",
                    UnsupportedType,
                )
            changed |= t != self.types[k]
            self.types[k] = t
        return results, changed


def _widened(before: Type, after: Type, loose: set[Symbol]) -> Type | None:
    """The join; dimensions that are already unknown in the loop stay as they are."""
    joined = join(before, _without_size(after))
    if not (isinstance(before, ArrayType) and isinstance(joined, ArrayType) and before.shape and joined.shape):
        return joined
    if len(before.shape) != len(joined.shape):
        return joined
    dims = []
    for m, n in zip(before.shape, joined.shape, strict=True):
        if m != n and isinstance(m, Size) and {s for s, _ in m.terms} <= loose:
            n = m
        elif m != n and isinstance(n, Size):
            loose.update(s for s, _ in n.terms)
        dims.append(n)
    return ArrayType(joined.dtype, tuple(dims), joined.kind, None)


def _without_size(t: Type) -> Type:
    return ArrayType(t.dtype, t.shape, t.kind) if isinstance(t, ArrayType) and t.size is not None else t


def _same_length(a: Operand, b: Operand) -> bool:
    sizes = [o.type.size if isinstance(o.type, ArrayType) else None for o in (a, b)]
    return a is b or (sizes[0] is not None and sizes[0] == sizes[1])


def _is_constant(operand: Operand, value: int) -> bool:
    return isinstance(operand, Constant) and operand.value == value and operand.text is None
