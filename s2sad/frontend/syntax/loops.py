"""Loops: what a `for` and a `while` carry, loops as one piece of text, and loops written out round after round.

How the body is lowered until the types of what it carries settle is in `rounds.py`, what it runs over in
`iteration.py`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace

import gast

from s2sad.errors import UnsupportedType
from s2sad.frontend.context import NeedsStatic
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.reading import scope
from s2sad.frontend.syntax import generators
from s2sad.frontend.syntax.carried import FormLost, NoneLost
from s2sad.frontend.syntax.iteration import is_constant, last_index, least_index
from s2sad.frontend.syntax.marked_loops import to_the_end
from s2sad.frontend.syntax.rounds import Loop, Rounds, Test, TestChanges, assigned_in
from s2sad.frontend.terms.cells import STOP, NotStatic
from s2sad.frontend.terms.references import refs
from s2sad.frontend.terms.terms import (
    ITERATOR,
    USED_UP,
    Checkpointed,
    Enumerate,
    Generated,
    Generator,
    Range,
    Ref,
    Rest,
    Reversed,
    Term,
    Zip,
    is_array,
    is_iterator,
    nones_in,
)
from s2sad.ir.dims import dim_sum, least_value, new_dim
from s2sad.ir.primitives.lists import SEQUENCE
from s2sad.ir.types import integer
from s2sad.ir.values import Block, Constant, For, Operand, Value, While, constant, is_operand

MAX_FEW = 16
"""The longest loop that is written out for the sake of the objects in it."""
MAX_BEFORE = 2
"""How many rounds are done before a loop, so that what it carries has its form."""


class Loops(Lowering):
    """Lowers loops. The statements of their bodies are the business of `Lowering`."""

    def _stmt_For(self, node: gast.For) -> Term | None:
        source = self.eval(node.iter)
        if is_iterator(source):
            self.loop_over_iterator(node, source)
            return None
        self.loop_over_term(node, self.iterable(source))
        return None

    def loop_over_iterator(self, node: gast.For, ref: Ref) -> None:
        """A loop over what is left of an iterator: as over what it runs over, where nobody wants what it leaves."""
        if self.is_read_again(ref, node):
            self.walk(node, ref)
            return
        self.loop_over_term(node, self.taken(ref, "the loop over it"))
        if not scope.breaks(node):
            self.env[ref.cell] = USED_UP

    def loop_over_term(self, node: gast.For, term: Term) -> None:
        marked = term if isinstance(term, Checkpointed) else None
        snapshots = None if marked is None else marked.snapshots
        term = self.flattened(term if marked is None else marked.iterable, node)
        if isinstance(term, Generated):
            generators.consume(self, node, term)
            return
        if isinstance(term, Generator):
            term = self.listed(term)
        items = self.unrollable(term, node)
        if items is None:
            self.iterate(node, term, snapshots)
        elif len(items) <= MAX_FEW or not self.is_loop_over_table(node, term):
            self.walk_over(node, term)

    def is_loop_over_table(self, node: gast.For, term: Term) -> bool:
        """Lower a loop over many numbers that are known as one piece of text, where the body need not know them."""
        back, env, errors = self.taking_back(), dict(self.env), len(self.errors)
        table = self.table(term)
        if table is not None:
            missing = self.iterate_from(node, table, None, None)
            if not missing and len(self.errors) == errors and self.is_unchanged_since(term, env):
                return True
        back()
        return False

    def table(self, term: Term) -> Term | None:
        """What is iterated over, its lists of numbers as lists of run time; None where one holds something else."""
        match term:
            case Zip():
                tables = [self.table(t) for t in term.iterables]
                return None if None in tables else replace(term, iterables=tuple(tables))  # type: ignore[arg-type]
            case Enumerate() | Reversed():
                inner = self.table(term.iterable)
                return None if inner is None else replace(term, iterable=inner)
        items = self.open(term)
        if isinstance(items, (list, tuple)):
            numbers = [t for t in items if is_operand(t) and t.type.kind == "python"]
            alike = len(numbers) == len(items) and len({t.type.dtype for t in numbers}) == 1
            return self.builder.apply(SEQUENCE, numbers) if alike else None
        return term if is_array(term) or isinstance(term, Range) else None

    def iterate(self, node: gast.For, term: Term, snapshots: int | None) -> None:
        """A loop whose iterations are one piece of text, or one round after the other where they cannot be that."""
        if self.rounds_left and snapshots is None and self.is_written_round_by_round(node, term):
            return
        # the loop sees the object that it runs over, whatever becomes of its name
        holder = self.new(ITERATOR, Rest(term, constant(0)))
        self.iterate_held(node, term, snapshots, holder)
        self.env.pop(holder.cell, None)

    def is_written_round_by_round(self, node: gast.For, term: Term) -> bool:
        """Write a loop out, where its rounds are few and leave what it runs over as it is."""
        back, env, left = self.taking_back(), dict(self.env), self.rounds_left
        few = self.few_rounds(term, node)
        if few is None:
            return False
        self.rounds_left -= len(few)
        self.walk_over(node, tuple(few))
        # the items are those of before: of an array they are numbers, which a store into it would change
        if all(self.env.get(r.cell) is env.get(r.cell) for r in refs(term)):
            return True
        back()
        self.rounds_left = left
        return False

    def few_rounds(self, term: Term, node: gast.For) -> list[Term] | None:
        """The items of what is iterated over, where they are few, in the call that compiles at least."""
        start, stop, step, reverse = self.bounds(term, node)
        if stop in self.parameter_paths and stop.type.rank == 0:
            # an argument: the function is compiled for its value instead
            raise NeedsStatic(*self.parameter_paths[stop], self.at(node))
        first, last, by = map(self.in_this_call, (start, stop, step))
        if first is None or last is None or not by:
            return None
        places = range(first, last, by)
        if len(places) > min(MAX_FEW, self.rounds_left):
            return None
        return [self.item_in_loop(term, constant(k), node) for k in (reversed(places) if reverse else places)]

    def iterate_held(self, node: gast.For, term: Term, snapshots: int | None, holder: Ref) -> None:
        rounds = self.known_rounds(term)
        # an attempt: where it must know what only unrolling tells, all that it did is taken back
        back, env = self.taking_back(), dict(self.env)
        missing = self.iterate_from(node, term, snapshots, None)
        changed = not self.is_unchanged_since(term, env)
        lost = [e for e in missing if isinstance(e, FormLost)]
        if not changed and not lost and (not missing or snapshots is not None or (rounds is None and self.keeps_rows)):
            return
        back()
        if changed:
            self.walk_at_run_time(node, holder)
        elif rounds is not None:
            self.walk_over(node, tuple(rounds))  # the body needs the index at compile time, or its form has no end
        elif lost:
            raise lost[0]
        else:
            # a list that an iteration changes in a list of run-time length: as a row of that it has no identity
            self.keeps_rows = True
            Rounds(self, self.loop_over(node, term, snapshots, None)).run()

    def taking_back(self) -> Callable[[], None]:
        """What takes back all that is lowered from here on."""
        errors, operations = len(self.errors), len(self.builder.operations)
        env, frozen, around = dict(self.env), dict(self.frozen), self.carried_now

        def back() -> None:
            del self.errors[errors:], self.builder.operations[operations:]
            self.env, self.frozen, self.carried_now = dict(env), dict(frozen), around

        return back

    def iterate_from(
        self,
        node: gast.For,
        term: Term,
        snapshots: int | None,
        begin: Operand | None,
        done: int = 0,
        nones: bool = True,
    ) -> list[UnsupportedType]:
        """A loop as one piece of text, from an index on; what it must know and does not.

        An object may have its form after the first round, what begins as a number may be an array, and None a value:
        so where that is what is lost, and there is a first round, it is done before the others.
        """
        errors, back = len(self.errors), self.taking_back()
        simple = snapshots is None and not scope.breaks(node)
        first = self.first(term, node, begin) if simple and done < MAX_BEFORE else None
        ranks = first is not None or (self.known_rounds(term) is not None and snapshots is None)
        loop = replace(self.loop_over(node, term, snapshots, begin), ranks=ranks, nones=nones and first is not None)
        try:
            Rounds(self, loop).run()
        except FormLost as e:
            if first is None:
                return [e]
            back()
            keys = e.keys if isinstance(e, NoneLost) else ()
            before = [nones_in(self.env[k]) for k in keys]
            self.bind(node.target, self.item_in_loop(term, first, node))
            self.block(node.body)
            if any(nones_in(self.env[k]) >= n for k, n in zip(keys, before, strict=True)):
                # it is None still, or may be: nothing is known that was not
                back()
                return self.iterate_from(node, term, snapshots, begin, done, nones=False)
            second = self.apply(operator.add, [first, constant(1)])
            return self.iterate_from(node, term, snapshots, second, done + 1, nones)
        except NotStatic as e:
            self.errors.append(e)
        return [e for e in self.errors[errors:] if isinstance(e, NotStatic)]

    def item_in_loop(self, term: Term, index: Operand, node: gast.For) -> Term:
        """The item of an iterable for an index in the bounds of its loop: of a range it is that index."""
        ranged = term
        while isinstance(ranged, Reversed):
            ranged = ranged.iterable
        return index if isinstance(ranged, Range) else self.item(term, index, node)

    def first(self, term: Term, node: gast.For, begin: Operand | None) -> Operand | None:
        """The index of the first round of a loop, or from `begin` on, where there is one whatever the lengths are."""
        start, stop, step, reverse = self.bounds(term, node)
        start = start if begin is None else begin
        if reverse or not is_constant(step, 1) or start.type.size is None or stop.type.size is None:
            return None
        return start if least_value(dim_sum(stop.type.size, start.type.size, -1)) > 0 else None

    def loop_over(self, node: gast.For, term: Term, snapshots: int | None, begin: Operand | None) -> Loop:
        """The loop over the items of an iterable, by their indices: all, or those from one on."""
        start, stop, step, reverse = self.bounds(term, node)
        start = start if begin is None else begin

        def body(index: Value) -> None:
            # how many operations the item takes: its name goes to the last of them
            before = len(self.builder.operations)
            item = self.item(term, index, node)
            self.bind(node.target, item, len(self.builder.operations) - before)
            self.block(node.body)

        def build(initial: list[Operand], block: Block, results: list[Value], breaks: bool) -> For:
            if snapshots is not None:
                self.check_checkpointed(node, results)
            bounds, at = (start, stop, step), self.at(node)
            loop = For(*bounds, tuple(initial), (), block, tuple(results), reverse, breaks, at, snapshots=snapshots)
            return to_the_end(loop) if breaks and snapshots is not None else loop

        named = isinstance(node.target, gast.Name) and isinstance(term, Range)
        hint = node.target.id if named else self.counter(node, term)
        least, most = least_index(start, stop, step), last_index(start, stop, step)
        counter = Value(integer(new_dim("i", least, most=most)), hint)
        if least >= 0:
            self.counters.add(counter)
        trips = stop if is_constant(start, 0) and is_constant(step, 1) else None
        return Loop(node, self.carried_names(node), build, body, counter, trips=trips)

    def check_checkpointed(self, node: gast.For, carried: Sequence[Value]) -> None:
        """Refuse a marked loop whose steps cannot be done again from what it carries."""
        growing = next((v for v in carried if v.type.is_sequence), None)
        if growing is not None:
            self.refuse(
                node,
                f"a checkpointed loop that collects the list {growing.hint or ''}".rstrip(),
                "store into an array that is made before the loop, or leave out the mark",
            )

    def counter(self, node: gast.For, term: Term) -> str | None:
        """The name of the index of a loop that is not over a range: that of `enumerate`, where there is one."""
        if (
            isinstance(term, Enumerate)
            and isinstance(node.target, gast.Tuple)
            and isinstance(node.target.elts[0], gast.Name)
        ):
            return str(node.target.elts[0].id)
        return None

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
        if self.is_over(node):
            return
        names = self.carried_names(node)
        tests: list[Block] = []

        def build(initial: list[Operand], block: Block, results: list[Value], breaks: bool) -> While:
            return While(tuple(initial), tests[-1], block, tuple(results), breaks, self.at(node))

        def body(index: Value | None) -> None:
            depth, self.branches = self.branches, self.branches + 1  # it may be that the test is never true
            self.block(node.body)
            self.branches = depth

        def test(params: list[Value], env: dict[str, Term]) -> None:
            outer, outer_env = self.builder, self.env
            self.builder, self.env = outer.child(), env
            truth = self.truth(self.tested(node.test), node.test)
            operand = constant(truth) if isinstance(truth, bool) else truth
            # one for each round: the last is that of the types that the loop settled on
            tests.append(self.builder.block(params, [operand]))
            self.builder, self.env = outer, outer_env

        env, operations, errors = dict(self.env), len(self.builder.operations), len(self.errors)
        builder, frozen = self.builder, dict(self.frozen)
        try:
            Rounds(self, Loop(node, names, build, body, test=test)).run()
        except TestChanges:
            self.builder = builder
            del self.builder.operations[operations:], self.errors[errors:]
            self.env, self.frozen = env, frozen
            Rounds(self, Loop(node, names, build, lambda _: self.tested_body(node), test=always(tests))).run()

    def is_over(self, node: gast.While) -> bool:
        """Whether a loop over what an empty list holds has no iteration: `while stack and stack[-1] < x`.

        In a loop around it the list may be another one in the next iteration, which is lowered then.
        """
        both = isinstance(node.test, gast.BoolOp) and isinstance(node.test.op, gast.And)
        first = node.test.values[0] if both else node.test
        held = [self.env.get(self.own_key(n.id)) for n in gast.walk(first) if isinstance(n, gast.Name)]
        if not any(isinstance(t, Ref) and self.open(t) in ([], {}) for t in held) or not _asks_only(first):
            return False
        outer = self.builder
        self.builder = outer.child()
        try:
            return self.truth(self.tested(first), first) is False
        finally:
            self.builder = outer

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


def _asks_only(test: gast.AST) -> bool:
    """Whether a test changes nothing, so that it may be read once more: names, comparisons and lengths."""
    operators = gast.BoolOp, gast.boolop, gast.Compare, gast.cmpop, gast.UnaryOp, gast.unaryop
    plain = gast.Name, gast.expr_context, gast.Constant, *operators
    return all(
        isinstance(n, plain) or (isinstance(n, gast.Call) and isinstance(n.func, gast.Name) and n.func.id == "len")
        for n in gast.walk(test)
    )


def always(tests: list[Block]) -> Test:
    """The test of a loop that is only left by `break`."""
    return lambda parameters, env: tests.append(Block(tuple(parameters), (), (constant(True),)))
