"""Loops: what they run over, what they carry, and the types of that.

A loop body is lowered until the types of the names that it carries no longer change; dimensions that differ from one
iteration to the next become unknown ones.
"""

from __future__ import annotations

import enum
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.reading import scope
from s2sad.frontend.syntax import generators
from s2sad.frontend.syntax.carried import Carried, grown, least_of, sized
from s2sad.frontend.syntax.collected_lists import collecting
from s2sad.frontend.terms.cells import STOP, NotStatic
from s2sad.frontend.terms.terms import (
    Checkpointed,
    Enumerate,
    Generated,
    Generator,
    Method,
    Range,
    Record,
    Reversed,
    Term,
    Zip,
    is_array,
    known_integer,
)
from s2sad.ir.containers import GETITEM
from s2sad.ir.dims import ANY_SIGN, Symbol, dim_sum, may_be_negative, new_dim, renewed
from s2sad.ir.primitives.effects import RAISE
from s2sad.ir.types import ArrayType, SequenceType, integer, substitute
from s2sad.ir.values import Block, Constant, For, If, Operand, Value, While, constant

if TYPE_CHECKING:
    pass

MAX_ROUNDS = 16
MAX_UNROLLED = 64
"""The longest loop over a range that is unrolled where its body needs the index at compile time."""


class Loops(Lowering):
    """Lowers loops. The statements of their bodies are the business of `Lowering`."""

    def _stmt_For(self, node: gast.For) -> Term | None:
        term = self.iterable(self.eval(node.iter))
        marked = term if isinstance(term, Checkpointed) else None
        snapshots = None if marked is None else marked.snapshots
        term = self.flattened(term if marked is None else marked.iterable, node)
        if isinstance(term, Generated):
            generators.consume(self, node, term)
            return None
        if isinstance(term, Generator):
            term = self.listed(term)
        items = self.unrollable(term, node)
        if items is not None:
            self.unroll(node, items)
            return None
        self.iterate(node, term, snapshots)
        return None

    def iterate(self, node: gast.For, term: Term, snapshots: int | None) -> None:
        """A loop whose iterations are one piece of text."""
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
            if snapshots is not None:
                self.check_checkpointed(node, results, breaks)
            return For(
                start,
                stop,
                step,
                tuple(initial),
                (),
                body_block,
                tuple(results),
                reverse,
                breaks,
                self.at(node),
                snapshots=snapshots,
            )

        hint = (
            node.target.id
            if isinstance(node.target, gast.Name) and isinstance(term, Range)
            else self.counter(node, term)
        )
        upward = is_upward(start, stop, step)
        counter = Value(integer(new_dim("i", 0 if upward else ANY_SIGN)), hint)
        if upward:
            self.counters.add(counter)
        trips = stop if _is_constant(start, 0) and _is_constant(step, 1) else None
        rounds = self.known_rounds(term)
        errors = len(self.errors)
        env, operations, frozen = dict(self.env), len(self.builder.operations), dict(self.frozen)
        builder, around = self.builder, self.carried_now

        def run() -> None:
            self.loop(node, names, build, body, counter, trips=trips, ranks=rounds is not None and snapshots is None)

        try:
            run()
        except NotStatic as e:
            self.errors.append(e)
        except RankLost as e:
            self.builder, self.carried_now = builder, around
            self.errors.append(e)
        missing = any(isinstance(e, NotStatic) for e in self.errors[errors:])
        if missing and snapshots is not None:
            return
        if missing and rounds is None and not self.keeps_rows:
            del self.errors[errors:], self.builder.operations[operations:]
            self.env, self.frozen, self.keeps_rows = env, frozen, True
            run()
        elif rounds is not None and any(isinstance(e, NotStatic) for e in self.errors[errors:]):
            # the body needs the index at compile time: one round after the other; what begins as a number may be an
            # array after the first one
            lost = any(isinstance(e, RankLost) for e in self.errors[errors:])
            del self.errors[errors:], self.builder.operations[operations:]
            self.env, self.frozen = env, frozen
            if lost and isinstance(term, Range) and len(rounds) > 2 and not scope.breaks(node):
                self.unroll(node, rounds[:1])
                self.iterate(node, Range(self.to_operand(rounds[1]), term.stop, term.step), snapshots)
            else:
                self.unroll(node, rounds)

    def check_checkpointed(self, node: gast.For, carried: Sequence[Value], breaks: bool) -> None:
        """Refuse a marked loop whose steps cannot be done again from what it carries."""
        if breaks:
            self.refuse(
                node,
                "a checkpointed loop that is left early",
                "loop to the end, and let the steps behind the last one change nothing; or leave out the mark",
            )
        growing = next((v for v in carried if isinstance(v.type, SequenceType)), None)
        if growing is not None:
            self.refuse(
                node,
                f"a checkpointed loop that collects the list {growing.hint or ''}".rstrip(),
                "store into an array that is made before the loop, or leave out the mark",
            )

    def known_rounds(self, term: Term) -> list[Term] | None:
        """The items of a short range whose bounds are known at compile time."""
        if isinstance(term, Range) and all(known_integer(o) is not None for o in (term.start, term.stop, term.step)):
            found = range(*(known_integer(o) for o in (term.start, term.stop, term.step)))  # type: ignore[arg-type]
            return [constant(k) for k in found] if len(found) <= MAX_UNROLLED else None
        if isinstance(term, Reversed):
            inner = self.known_rounds(term.iterable)
            return None if inner is None else inner[::-1]
        if isinstance(term, Enumerate):
            inner = self.known_rounds(term.iterable)
            return inner and [(self.apply(np.add, [term.start, constant(k)]), item) for k, item in enumerate(inner)]
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
            rows = [self.unrollable(t, node) for t in term.iterables]
            known = [len(r) for r in rows if r is not None]
            if not known:
                return None
            if term.strict and (len(set(known)) > 1 or len(known) < len(rows)):
                self.refuse(node, "zip(strict=True) of lists of several lengths", "", UnsupportedType)
            length = min(known)
            filled = [
                self.first_items(t, length, node) if r is None else r for r, t in zip(rows, term.iterables, strict=True)
            ]
            return [tuple(row) for row in zip(*filled, strict=False)]
        if isinstance(term, Enumerate):
            inner = self.unrollable(term.iterable, node)
            if inner is None:
                return None
            return [(self.apply(np.add, [term.start, constant(k)]), item) for k, item in enumerate(inner)]
        if isinstance(term, Reversed):
            inner = self.unrollable(term.iterable, node)
            return inner and inner[::-1]
        if isinstance(term, Generator):
            return self.unrollable(self.listed(term), node)
        if isinstance(term, Method) and term.name in ("items", "keys", "values"):
            self.refuse(node, f"the method {term.name} is iterated over", f"call it: .{term.name}()")
        opened = self.open(term)
        if isinstance(opened, dict):
            return [constant(k) for k in opened]
        if isinstance(opened, Record) and issubclass(opened.cls, tuple):
            return list(opened.items.values())
        if isinstance(opened, Constant) and isinstance(opened.value, (str, bytes, enum.EnumMeta)):
            return [constant(v) for v in opened.value]
        if isinstance(opened, Constant) and isinstance(opened.value, (frozenset, set)):
            return [constant(v) for v in sorted(opened.value)]
        return list(opened) if isinstance(opened, (tuple, list)) else None

    def first_items(self, term: Term, length: int, node: gast.AST) -> list[Term]:
        return [self.item(term, constant(k), node) for k in range(length)]

    def unroll(self, node: gast.For, items: list[Term]) -> None:
        """A loop over a container whose items may differ in type: its body once for each."""
        stop, around = self.env.get(STOP), self.carried_now
        self.carried_now = around | set(self.carried_names(node))
        self.rounds(node, items)
        self.carried_now = around
        self.env.pop(STOP, None)
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
                sides = self.both([lambda: None, lambda rest=items[k + 1 :]: self.rounds(node, rest)])  # type: ignore[misc]
                self.join_sides(node, stop, sides, self.dead_after(node))
                return
            if isinstance(stop, Constant) and stop.value:
                return

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
            if term.strict:
                self.check_lengths(lengths, node)
                return constant(0), shortest, constant(1), False
            for n in lengths[1:]:
                if not _same_length(shortest, n):
                    shortest = self.apply(min, [shortest, n])
            return constant(0), shortest, constant(1), False
        return constant(0), self.length(term, node), constant(1), False

    def check_lengths(self, lengths: list[Operand], node: gast.AST) -> None:
        """Raise what `zip(strict=True)` raises where lengths differ."""
        for k, n in enumerate(lengths[1:], 2):
            if not _same_length(lengths[0], n):
                wrong = self.apply(np.not_equal, [lengths[0], n])
                otherwise, nothing = self.builder.child(), self.builder.child()
                message = constant(f"zip() argument {k} has another length than argument 1")
                otherwise.apply(RAISE, [message], {"exception": ValueError})
                blocks = otherwise.block((), ()), nothing.block((), ())
                self.builder.operations.append(If(wrong, *blocks, (), self.at(node)))

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
        term = self.open(term)
        if isinstance(term, Value) and isinstance(term.type, SequenceType):
            return self.apply(len, [term])
        if isinstance(term, (Value, Constant)) and isinstance(term.type, ArrayType):
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
        if is_array(term):
            return self.row(term, index)
        opened = self.open(term)
        if isinstance(opened, (tuple, list)) and known_integer(index) is not None:
            return opened[known_integer(index)]  # type: ignore[index,no-any-return]
        if not isinstance(opened, (Value, Constant)):
            opened = self.to_operand(opened)
        item = self.builder.apply(GETITEM, (opened, index))
        return self.adopt(item, "which is in a list of run-time length")

    def carried_names(self, node: gast.For | gast.While) -> list[str]:
        """The variables that an iteration hands to the next, or to what follows the loop, as far as the text tells."""
        frame = self.frame
        live = frame.live[id(node)]
        return [
            frame.find(n) or frame.key(n)
            for n in assigned_in(node)
            if n not in frame.local or n in live.head or n in live.after or n in frame.captured
        ]

    def dead_after(self, node: gast.AST) -> Callable[[str], bool]:
        """Whether a variable that a statement assigns is not read behind it."""
        frame = self.frame
        live = frame.live[id(node)].after | frame.captured
        dead = {frame.key(n) for n in assigned_in(node) if n in frame.local and n not in live} - self.carried_now
        return lambda key: key in dead

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
            truth = self.truth(self.tested(node.test), node.test)
            operand = constant(truth) if isinstance(truth, bool) else truth
            tests.append(self.builder.block(params, [operand]))
            self.builder, self.env = outer, outer_env

        env, operations, errors = dict(self.env), len(self.builder.operations), len(self.errors)
        builder, frozen = self.builder, dict(self.frozen)
        try:
            self.loop(node, names, build, body, None, test)
        except TestChanges:
            self.builder = builder
            del self.builder.operations[operations:], self.errors[errors:]
            self.env, self.frozen = env, frozen
            self.loop(node, names, build, lambda _: self.tested_body(node), None, always(tests))

    def tested_body(self, node: gast.While) -> None:
        """An iteration of a loop whose test changes something: the test is part of it."""
        truth = self.truth(self.tested(node.test), node.test)
        over = constant(not truth) if isinstance(truth, bool) else self.apply(operator.not_, [truth])

        def leave() -> None:
            self.env[STOP] = constant(True)

        if isinstance(over, Constant):
            if over.value:
                leave()
            else:
                self.block(node.body)
            return
        live = self.frame.live[id(node)].head | self.frame.live[id(node)].after | self.frame.captured
        dead = {self.frame.key(n) for n in assigned_in(node) if n in self.frame.local and n not in live}
        self.join_sides(node, over, self.both([leave, lambda: self.block(node.body)]), lambda key: key in dead)

    def check_test(self, test: Callable[[list[Value], dict[str, Term]], None], parameters: list[Value]) -> None:
        """Lower the test of a loop, which must not change anything."""
        before = dict(self.env)
        now = self.env
        test(parameters, now)
        if any(now.get(k) is not t for k, t in before.items()):
            raise TestChanges

    def loop(
        self,
        node: gast.AST,
        names: list[str],
        build: Callable[[list[Value], list[Operand], Block, list[Value], bool], For | While],
        body: Callable[[Any], None],
        index: Value | None,
        test: Callable[[list[Value], dict[str, Term]], None] | None = None,
        trips: Operand | None = None,
        ranks: bool = False,
    ) -> None:
        """Lower a loop body until the types of what it carries no longer change.

        Beside the variables `names`, it carries whatever else an iteration is seen to change: what a closure or a
        method rebinds, the contents of lists and objects. With `ranks` it raises `RankLost` where the rank of something
        is another one after an iteration.
        """
        names = list(dict.fromkeys((*names, *self.frame.foreign)))
        outer, env, around = self.builder, self.env, self.carried_now
        self.carried_now = around | set(names)
        paths, frozen = dict(self.parameter_paths), dict(self.frozen)
        in_place, errors = len(self.in_place), len(self.errors)
        unbound: dict[str, Term] = {}
        loose: set[Symbol] = set()
        own = {self.frame.key(n) for n in assigned_in(node) if n in self.frame.local}
        carried = Carried(self, [n for n in names if n in env], env, node)
        kept: set[str] = set()
        """What no iteration was seen to change: it is not carried, unless a later round changes it after all."""
        for _ in range(MAX_ROUNDS):
            del self.in_place[in_place:], self.errors[errors:]
            self.frozen = dict(frozen)
            parameters = carried.parameters()
            if test is not None:
                copies = [Value(p.type, p.hint) for p in parameters]
                self.env = dict(env)
                carried.enter(copies)
                self.check_test(test, copies)
            self.builder, self.env = outer.child(), dict(env)
            carried.enter(parameters)
            self.env[STOP] = constant(False)
            entry = dict(self.env)
            body(index)
            inner, after = self.builder, self.env
            self.builder, self.env = outer, env
            fresh = [n for n in names if n not in carried.terms and n not in unbound and n in after]
            for name in fresh:
                unbound[name] = after[name]
                form = self.value_form(after[name], after)
                carried.add(name, self.undefined(outer, form), form)
            same = [k for k in carried.constants() if k not in {*kept, *unbound} and after.get(k) is entry[k]]
            if same:
                carried.drop(same)
                names, kept = [n for n in names if n not in same], kept | set(same)
                continue
            more = [k for k in env if k not in carried.terms and (k not in own or k in kept)]
            more = [k for k in more if k != STOP and k in after and after[k] is not entry[k]]
            for key in more:
                carried.add(key, env[key], env[key])
            if fresh or more:
                continue
            results, changed = carried.widen(after, inner, loose)
            if carried.lost_rank and ranks:
                raise RankLost("what is an array after an iteration begins as a number", "", self.at(node))
            seen_elsewhere = {c: why for c, why in self.frozen.items() if c in env and c not in frozen}
            if not changed and not seen_elsewhere:
                break
            frozen.update(seen_elsewhere)
            if self.errors[errors:]:
                break
        else:
            self.refuse(node, "the types of what this loop carries do not settle", "", UnsupportedType)
        self.carried_now = around
        self.parameter_paths.update(paths)
        stop = after[STOP]
        breaks = not (isinstance(stop, Constant) and stop.value is False)
        yields = [*results, *([self.to_operand(stop)] if breaks else [])]
        block = inner.block([*([index] if index is not None else []), *parameters], yields)
        renamed = {s: renewed(s) for s in loose}
        finals = [Value(sized(substitute(p.type, renamed), least_of(p.type)), p.hint) for p in parameters]
        if not breaks:
            finals = [
                grown(f, p, r, i, trips)
                for f, p, r, i in zip(finals, parameters, results, carried.initial, strict=True)
            ]
        op = collecting(build(parameters, carried.initial, block, finals, breaks), outer.operations)
        outer.operations.append(op)
        carried.enter(finals)


def is_upward(start: Operand, stop: Operand, step: Operand) -> bool:
    """Whether the index of a loop is known never to be negative."""
    by = known_integer(step)
    if by is None:
        return False
    if by > 0:
        return least_of(start.type) >= 0
    size = stop.type.size if isinstance(stop.type, ArrayType) else None
    return size is not None and not may_be_negative(dim_sum(size, 1))


class RankLost(NotStatic):
    """What begins as a number is an array after an iteration, so that neither rank would be known in the loop."""


class TestChanges(Exception):
    """The test of a `while` changes a variable, a list or an object."""


def always(tests: list[Block]) -> Callable[[list[Value], dict[str, Term]], None]:
    """The test of a loop that is only left by `break`."""
    return lambda parameters, env: tests.append(Block(tuple(parameters), (), (constant(True),)))


def assigned_in(node: gast.AST) -> tuple[str, ...]:
    """The names that a loop or branch assigns by its text."""
    if isinstance(node, (gast.For, gast.While)):
        targets = [node.target] if isinstance(node, gast.For) else []
        return scope.assigned([*(gast.Assign(targets=[t], value=t) for t in targets), *node.body])
    return scope.assigned([node])


def _same_length(a: Operand, b: Operand) -> bool:
    sizes = [o.type.size if isinstance(o.type, ArrayType) else None for o in (a, b)]
    return a is b or (sizes[0] is not None and sizes[0] == sizes[1])


def _is_constant(operand: Operand, value: int) -> bool:
    return isinstance(operand, Constant) and operand.value == value and operand.text is None
