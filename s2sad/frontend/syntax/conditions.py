"""Conditions: `and`, `or`, conditional expressions, what is true, and the two sides of a branch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.cells import Evaluated, Side
from s2sad.frontend.terms.terms import (
    Keyed,
    Known,
    Maybe,
    Term,
    is_number,
)
from s2sad.ir.values import Constant, Operand, Value, constant


class Choices(Lowering):
    """Lowers conditions."""

    def tested(self, node: gast.AST) -> Term:
        """A condition: of `and` and `or` of objects only the truth is asked for."""
        if isinstance(node, gast.BoolOp):
            with self.locating(node):
                return self._eval_BoolOp(node, None, as_truth=True)
        return self.eval(node)

    def _eval_BoolOp(self, node: gast.BoolOp, hint: str | None, as_truth: bool = False) -> Term:
        def rest(k: int) -> Term:
            term = self.tested(node.values[k]) if as_truth else self.eval(node.values[k])
            if as_truth and not is_number(term):
                truth = self.truth(term, node.values[k])
                term = constant(truth) if isinstance(truth, bool) else truth
            if k + 1 == len(node.values):
                return term
            is_and = isinstance(node.op, gast.And)
            ends: list[Term | None] = []

            def further() -> Term | None:
                ends.append(self.assuming(node.values[k], is_and, lambda: rest(k + 1))())
                return ends[-1]

            then, orelse = (further, lambda: term) if is_and else (lambda: term, further)
            found = self.choose(term, then, orelse, node)
            # `x > 0 and False` is false, whatever x is
            settled = as_truth and ends and isinstance(ends[0], Constant) and bool(ends[0].value) is not is_and
            return constant(not is_and) if settled else found

        return rest(0)

    def _eval_IfExp(self, node: gast.IfExp, hint: str | None) -> Term:
        return self.choose(
            self.tested(node.test),
            self.assuming(node.test, True, lambda: self.eval(node.body, hint)),
            self.assuming(node.test, False, lambda: self.eval(node.orelse, hint)),
            node,
            hint,
        )

    def truth(self, term: Term, node: gast.AST) -> bool | Operand:
        """The truth of a term: a bool where it is known at compile time."""
        if isinstance(term, Maybe):
            value = term.value
            term = self.choose(
                term.present, lambda: self.as_term(self.truth(value, node)), lambda: constant(False), node
            )
        if isinstance(term, Known):
            empty = [None, "", *(m for m in self.members() if not m)]
            filled = [self.apply(np.not_equal, [term.index, constant(self.number_of(v))]) for v in empty]
            return functools.reduce(lambda a, b: self.apply(np.logical_and, [a, b]), filled)
        term = self.truth_of_object(term, node)
        opened = self.open(term)
        if isinstance(opened, Keyed):
            opened = self.open(opened.items)
        if isinstance(opened, (tuple, list, dict)):
            return bool(opened)
        if isinstance(opened, Constant):
            return bool(opened.value)
        if not isinstance(opened, Value):
            return True
        t = opened.type
        if t.is_sequence:
            return self.apply(np.greater, [self.apply(len, [opened]), constant(0)])
        if t.shape and any(d != 1 for d in t.shape):
            instead = "use .any() or .all(), or np.where for a choice at each element"
            if isinstance(node, gast.BoolOp):
                instead = "use & and | with parentheses, as in (x > 0) & (x < 1); or .any() or .all()"
            self.refuse(node, "the truth of an array with several elements", instead, UnsupportedType)
        return opened

    def as_term(self, truth: bool | Operand) -> Operand:
        return constant(truth) if isinstance(truth, bool) else truth

    def assuming(self, test: gast.AST, holds: bool, lowered: Callable[[], Term | None]) -> Callable[[], Term | None]:
        """Lower something where `name is None` is known to hold, or not to: there is no doubt about the name then."""

        def run() -> Term | None:
            assumed = {}
            for key, none in self.doubts(test, holds):
                before = self.env[key]
                assert isinstance(before, Maybe)
                assumed[key] = before, constant(None) if none else before.value
                self.env[key] = assumed[key][1]
            result = lowered()
            for key, (before, now) in assumed.items():
                if self.env.get(key) is now:
                    self.env[key] = before
            return result

        return run

    def doubts(self, test: gast.AST, holds: bool) -> Iterator[tuple[str, bool]]:
        """The variables that may be None of which a condition tells whether they are."""
        if isinstance(test, gast.UnaryOp) and isinstance(test.op, gast.Not):
            yield from self.doubts(test.operand, not holds)
        if isinstance(test, gast.BoolOp) and isinstance(test.op, gast.And) is holds:
            for value in test.values:
                yield from self.doubts(value, holds)
        if not isinstance(test, gast.Compare) or len(test.ops) > 1 or not isinstance(test.left, gast.Name):
            return
        none = isinstance(test.comparators[0], gast.Constant) and test.comparators[0].value is None
        key = self.frame.find(test.left.id)
        if none and key is not None and isinstance(self.env.get(key), Maybe):
            if isinstance(test.ops[0], (gast.Is, gast.Eq)):
                yield key, holds
            elif isinstance(test.ops[0], (gast.IsNot, gast.NotEq)):
                yield key, not holds

    # branches: the environment may change in them too

    def choose(
        self,
        test: Term,
        then: Callable[[], Term | None],
        orelse: Callable[[], Term | None],
        node: gast.AST,
        hint: str | None = None,
    ) -> Term:
        """A value by a condition; only one side is evaluated."""
        truth = self.truth(test, node)
        if isinstance(truth, bool):
            found = then() if truth else orelse()
            assert found is not None
            return found
        result = self.join_sides(node, truth, self.both([then, orelse], truth), hint=hint)
        assert result is not None
        return result

    def both(self, lowered: Sequence[Callable[[], Term | None]], truth: Operand | None = None) -> list[Side]:
        """What two branches leave, each lowered on a copy of the environment; the first one where a `truth` holds."""
        outer, env, depth = self.builder, self.env, self.branches
        sides = []
        for k, one in enumerate(lowered):
            self.builder, self.env, self.branches = outer.child(), dict(env), depth + 1
            inner, before = self.builder, self.env
            try:
                with self.supposing(truth, k == 0):
                    result = one()
            except Evaluated as e:
                if not e.can_be_raised or (self.watching is not None and self.watching(e)):
                    raise
                self.builder, self.env = inner, before
                result = self.raised(e)
            finally:
                self.branches = depth
            sides.append(Side(self.builder, self.env, result))
        self.builder, self.env = outer, env
        return sides
