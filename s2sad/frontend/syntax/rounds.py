"""The body of a loop, lowered round after round until the types of what it carries no longer change: a fixed point.

    x = 0                     round 1: x is an int before an iteration, and a float after it
    for k in range(n):        round 2: it is a float before and after
        x = x + 0.5

Each round lowers the body anew, on a copy of the environment before the loop and into a builder of its own: of a round
that is not the last nothing stays but what it taught. That only ever grows, so that the rounds come to an end:

    what is carried      the names that the text assigns, and what else a round is seen to change; what begins as a
                         constant and was not changed is left out, and comes back at most once
    structures, types    of the leaves of that, widened by `unify` and `join`; dimensions that differ become symbols
    what is frozen       the objects that an iteration puts where another name sees them
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import gast

from s2sad.errors import UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.reading import scope
from s2sad.frontend.syntax.carried import Carried, FormLost, NoneLost, grown, least_of, sized
from s2sad.frontend.syntax.collected_lists import collecting
from s2sad.frontend.terms.cells import STOP
from s2sad.frontend.terms.terms import Term
from s2sad.ir.dims import Symbol, renewed
from s2sad.ir.types import substitute
from s2sad.ir.values import Block, Constant, For, Operand, Value, While, constant

MAX_ROUNDS = 16

Build: TypeAlias = Callable[[list[Operand], Block, list[Value], bool], For | While]
"""The operation, from the initial operands, the block of the body, the results, and whether the loop may be left."""
Test: TypeAlias = Callable[[list[Value], dict[str, Term]], None]
"""Lowers the test of a loop, for parameters of its block and in an environment."""


@dataclass(frozen=True)
class Loop:
    """A loop as its statement describes it."""

    node: gast.AST
    names: list[str]
    """What it carries as far as the text tells."""
    build: Build
    body: Callable[[Any], None]
    index: Value | None = None
    test: Test | None = None
    trips: Operand | None = None
    """How many iterations there are."""
    ranks: bool = False
    """Whether `RankLost` is raised where the rank of something is another one after an iteration."""
    nones: bool = False
    """Whether `NoneLost` is raised where what is None may have a value after an iteration."""


class RankLost(FormLost):
    """What begins as a number is an array after an iteration, so that neither rank would be known in the loop."""


class TestChanges(Exception):
    """The test of a `while` changes a variable, a list or an object."""


class Rounds:
    """The rounds of one loop."""

    def __init__(self, lowering: Lowering, loop: Loop) -> None:
        self.lowering = lowering
        self.loop = loop
        # the body of whoever consumes a generator stands in the generator's loops: they carry what it carries
        self.names = list(dict.fromkeys((*loop.names, *lowering.frame.foreign)))
        self.outer, self.env = lowering.builder, lowering.env
        self.around = lowering.carried_now
        lowering.carried_now = self.around | set(self.names)
        self.paths, self.frozen = dict(lowering.parameter_paths), dict(lowering.frozen)
        self.in_place, self.errors = len(lowering.in_place), len(lowering.errors)
        self.own = {lowering.frame.key(n) for n in assigned_in(loop.node) if n in lowering.frame.local}
        self.carried = Carried(lowering, [n for n in self.names if n in self.env], self.env, loop.node)
        self.unbound: set[str] = set()
        """What has no value before the loop: it is carried as something that holds nothing."""
        self.unchanged: set[str] = set()
        """What no round was seen to change: it is not carried, unless a later round changes it after all."""
        self.loose: set[Symbol] = set()
        """The dimensions that vary from one iteration to the next."""

    def run(self) -> None:
        """Lower the loop."""
        # a fixed point: each round carries more, or with wider types, and neither can go on for ever; the limit is
        # for an error of the compiler's own
        for _ in range(MAX_ROUNDS):
            self.lower_body()
            if self.carries_all() and self.settles():
                break
        else:
            what = "the types of what this loop carries do not settle"
            self.lowering.refuse(self.loop.node, what, "", UnsupportedType)
        self.finish()

    def lower_body(self) -> None:
        """One round: what an iteration begins with is in `entry`, what it leaves in `after`."""
        lowering, carried = self.lowering, self.carried
        # the rounds before were guesses: what they noted is forgotten, errors among it, which wider types may cure
        del lowering.in_place[self.in_place :], lowering.errors[self.errors :]
        lowering.frozen = dict(self.frozen)
        self.parameters = carried.parameters()
        if self.loop.test is not None:
            # a block sees no values of its sibling: the test has parameters of its own
            copies = [Value(p.type, p.hint) for p in self.parameters]
            lowering.env = dict(self.env)
            carried.enter(copies)
            self.check_test(self.loop.test, copies)
        lowering.builder, lowering.env = self.outer.child(), dict(self.env)
        carried.enter(self.parameters)
        lowering.env[STOP] = constant(False)
        self.entry = dict(lowering.env)
        self.loop.body(self.loop.index)
        self.inner, self.after = lowering.builder, lowering.env
        lowering.builder, lowering.env = self.outer, self.env

    def check_test(self, test: Test, parameters: list[Value]) -> None:
        """Lower the test of the loop, which must not change anything."""
        before, now = dict(self.lowering.env), self.lowering.env
        test(parameters, now)
        if any(now.get(k) is not t for k, t in before.items()):
            raise TestChanges

    def carries_all(self) -> bool:
        """Whether what the round changed is what the loop carries; else it is from the next round on."""
        carried, after, entry = self.carried, self.after, self.entry
        fresh = [n for n in self.names if n not in carried.terms and n not in self.unbound and n in after]
        for name in fresh:
            # the cells of this round are gone in the next: their contents stand for them
            form = self.lowering.value_form(after[name], after)
            carried.add(name, self.lowering.undefined(self.outer, form), form)
        self.unbound.update(fresh)
        known = self.unchanged | self.unbound
        # what begins as a constant and stays one is known in the loop: a round without it gives better types
        same = [k for k in carried.constants() if k not in known and after.get(k) is entry[k]]
        if same:
            carried.drop(same)
            self.names = [n for n in self.names if n not in same]
            self.unchanged.update(same)
            return False
        # what the loop's own variables hold is carried where it is read; what others hold wherever it is changed
        others = [k for k in self.env if k not in carried.terms and (k not in self.own or k in self.unchanged)]
        more = [k for k in others if k != STOP and k in after and after[k] is not entry[k]]
        for key in more:
            carried.add(key, self.env[key], self.env[key])
        return not fresh and not more

    def settles(self) -> bool:
        """Whether an iteration leaves what it began with, as far as structures and types go; or there is an error."""
        lowering = self.lowering
        self.results, changed = self.carried.widen(self.after, self.inner, self.loose)
        if self.carried.lost_rank and self.loop.ranks:
            what = "what is an array after an iteration begins as a number"
            raise RankLost(what, "", lowering.at(self.loop.node))
        if self.carried.lost_nones and self.loop.nones:
            raise NoneLost(self.carried.lost_nones)
        seen_elsewhere = {c: why for c, why in lowering.frozen.items() if c in self.env and c not in self.frozen}
        if not changed and not seen_elsewhere:
            return True
        self.frozen.update(seen_elsewhere)
        # with an error there is nothing to settle: it is reported, and further rounds would repeat it
        return bool(lowering.errors[self.errors :])

    def finish(self) -> None:
        """Append the operation, and bind what it carries to its results."""
        lowering, carried, parameters = self.lowering, self.carried, self.parameters
        lowering.carried_now = self.around
        lowering.parameter_paths.update(self.paths)
        stop = self.after[STOP]
        breaks = not (isinstance(stop, Constant) and stop.value is False)
        yields = [*self.results, *([lowering.to_operand(stop)] if breaks else [])]
        index = [] if self.loop.index is None else [self.loop.index]
        block = self.inner.block([*index, *parameters], yields)
        # behind the loop a dimension that varied in it has one value, which is that of no iteration known by name
        renamed = {s: renewed(s) for s in self.loose}
        finals = [Value(sized(substitute(p.type, renamed), least_of(p.type)), p.hint) for p in parameters]
        initial = carried.initial
        if not breaks:
            rows = zip(finals, parameters, self.results, initial, strict=True)
            finals = [grown(final, p, result, before, self.loop.trips) for final, p, result, before in rows]
        operation = self.loop.build(initial, block, finals, breaks)
        self.outer.operations.append(collecting(operation, self.outer.operations))
        carried.enter(finals)


def assigned_in(node: gast.AST) -> tuple[str, ...]:
    """The names that a loop or branch assigns by its text."""
    if isinstance(node, (gast.For, gast.While)):
        targets = [node.target] if isinstance(node, gast.For) else []
        return scope.assigned([*(gast.Assign(targets=[t], value=t) for t in targets), *node.body])
    return scope.assigned([node])
