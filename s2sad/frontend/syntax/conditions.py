"""Conditions and what hangs on them: comparisons, `and`, `or`, conditional expressions, the merging of branches."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.cells import STOP, Environment, OneOfTwo, Side, differing, refs
from s2sad.frontend.terms.terms import (
    Choice,
    Closure,
    Known,
    Maybe,
    Partial,
    Range,
    Record,
    Ref,
    Term,
    flatten,
    is_array,
    is_none,
    is_number,
    is_of_unknown_kind,
    is_plain_object,
    is_static,
    leaf_names,
    parts,
    same_operand,
    static_value,
    structure,
)
from s2sad.ir.builder import Builder
from s2sad.ir.containers import UNDEFINED
from s2sad.ir.types import BOTTOM, ArrayType, ContainerType, SequenceType, StaticType, Type, join
from s2sad.ir.values import Constant, If, Operand, Value, constant

COMPARE: dict[type, Callable[..., Any]] = {
    gast.Eq: np.equal,
    gast.NotEq: np.not_equal,
    gast.Lt: np.less,
    gast.LtE: np.less_equal,
    gast.Gt: np.greater,
    gast.GtE: np.greater_equal,
}
PYTHON_COMPARE: dict[type, Callable[[Any, Any], bool]] = {
    gast.Eq: operator.eq,
    gast.NotEq: operator.ne,
    gast.Lt: operator.lt,
    gast.LtE: operator.le,
    gast.Gt: operator.gt,
    gast.GtE: operator.ge,
}


class Choices(Lowering):
    """Lowers conditions."""

    def _eval_Compare(self, node: gast.Compare, hint: str | None) -> Term:
        left = self.eval(node.left)
        return self._compare_chain(node, left, 0)

    def _compare_chain(self, node: gast.Compare, left: Term, k: int) -> Term:
        right = self.eval(node.comparators[k])
        first = self.compare(node, node.ops[k], left, right)
        if k + 1 == len(node.ops):
            return first
        return self.choose(first, lambda: self._compare_chain(node, right, k + 1), lambda: first, node)

    def compare(self, node: gast.AST, op: gast.AST, left: Term, right: Term) -> Term:
        if isinstance(op, (gast.Is, gast.IsNot, gast.Eq, gast.NotEq)):
            for maybe, other in ((left, right), (right, left)):
                if isinstance(maybe, Maybe) and is_none(other):
                    wanted = isinstance(op, (gast.IsNot, gast.NotEq))
                    return maybe.present if wanted else self.apply(operator.not_, [maybe.present])
        left, right = self.given(left), self.given(right)
        numbers = self.numbers_of(left, right)
        if numbers is not None and isinstance(op, (gast.Is, gast.IsNot, gast.Eq, gast.NotEq)):
            return self.apply(np.equal if isinstance(op, (gast.Is, gast.Eq)) else np.not_equal, numbers)
        if isinstance(op, (gast.Is, gast.IsNot)):
            truth = self.is_truth(left, right)
            if truth is not None:
                return truth if isinstance(op, gast.Is) else self.apply(operator.not_, [truth])
            return constant(self.identical(node, left, right) is isinstance(op, gast.Is))
        if isinstance(op, (gast.In, gast.NotIn)):
            return self.contains(node, left, right, isinstance(op, gast.NotIn))
        found = self.compare_objects(node, op, left, right)
        if found is not None:
            return found
        left, right = self.open(left), self.open(right)
        if is_static(left) and is_static(right) and not (is_number(left) and is_number(right)):
            return constant(PYTHON_COMPARE[type(op)](static_value(left), static_value(right)))
        if isinstance(op, (gast.Eq, gast.NotEq)) and _differ(left, right):
            return constant(isinstance(op, gast.NotEq))
        if all(isinstance(t, (tuple, list, dict, Record)) or _is_container(t) for t in (left, right)):
            return self._compare_containers(node, op, left, right)
        return self.apply(COMPARE[type(op)], [self.to_operand(t) for t in (left, right)])

    def numbers_of(self, left: Term, right: Term) -> list[Operand] | None:
        """What is compared where strings are known by their numbers; None where none is."""
        if not (isinstance(left, Known) or isinstance(right, Known)):
            return None
        terms = [t if isinstance(t, Known) else self.open(t) for t in (left, right)]
        if not all(map(is_plain_object, terms)):
            return [constant(0), constant(1)]
        return [t.index if isinstance(t, Known) else constant(self.number_of(t.value)) for t in terms]  # type: ignore[union-attr]

    def is_truth(self, left: Term, right: Term) -> Operand | None:
        """`x is True` of a truth value of Python, of which there are two; None for other terms."""
        for value, x in ((left, right), (right, left)):
            if not (isinstance(value, Constant) and isinstance(value.value, bool) and isinstance(x, Value)):
                continue
            if isinstance(x.type, ArrayType) and x.type.kind == "python" and x.type.dtype == bool:
                return x if value.value else self.apply(operator.not_, [x])
        return None

    def identical(self, node: gast.AST, left: Term, right: Term) -> bool:
        """Whether two terms are one object."""
        for t, other in ((left, right), (right, left)):
            if isinstance(t, Constant) and isinstance(t.type, StaticType):
                return isinstance(other, Constant) and other.value is t.value
        if all(isinstance(t, Constant) for t in (left, right)):
            return left.value is right.value  # type: ignore[union-attr]
        if isinstance(left, Ref) or isinstance(right, Ref):
            return isinstance(left, Ref) and isinstance(right, Ref) and left.cell == right.cell
        if left is right:
            return True
        self.refuse(node, "`is` between values of run time", "compare with ==", UnsupportedType)

    def contains(self, node: gast.AST, item: Term, container: Term, negated: bool) -> Term:
        """`item in container`: among keys, or items one by one."""
        options = self.open(container)
        if isinstance(options, Range):
            options = self.sequence(options, node)
        if isinstance(options, dict) and isinstance(item, Known):
            options = [constant(k) for k in options]
        if isinstance(options, dict):
            return constant((self.static(item, node) in options) is not negated)
        if isinstance(options, (tuple, list)) and not (is_static(options) and is_static(item)):
            found: Term = constant(False)
            for option in reversed(options):
                same = self.compare(node, gast.Eq(), option, item)
                found = self.choose(same, lambda: constant(True), lambda f=found: f, node)  # type: ignore[misc]
            return self.apply(operator.not_, [self.to_operand(found)]) if negated else found
        return constant((self.static(item, node) in self.static(options, node)) is not negated)

    def _compare_containers(self, node: gast.AST, op: gast.AST, left: Term, right: Term) -> Term:
        """Tuples such as shapes are compared item by item."""
        if isinstance(left, dict) and isinstance(right, dict):
            if set(left) != set(right):
                return constant(isinstance(op, gast.NotEq))
            left, right = list(left.values()), [right[k] for k in left]
        a, b = (self.sequence(t, node) for t in (left, right))
        if not isinstance(op, (gast.Eq, gast.NotEq)):
            self.refuse(node, "the order of two containers", "compare their items", UnsupportedType)
        if len(a) != len(b):
            return constant(isinstance(op, gast.NotEq))
        same: Term = constant(True)
        for m, n in zip(a, b, strict=True):
            equal = self.compare(node, gast.Eq(), m, n)
            same = self.choose(same, lambda e=equal: e, lambda s=same: s, node)  # type: ignore[misc]
        return same if isinstance(op, gast.Eq) else self.apply(operator.not_, [self.to_operand(same)])

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
            further = self.assuming(node.values[k], is_and, lambda: rest(k + 1))
            if is_and:
                return self.choose(term, further, lambda: term, node)
            return self.choose(term, lambda: term, further, node)

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
            filled = [self.apply(np.not_equal, [term.index, constant(self.number_of(v))]) for v in (None, "")]
            return self.apply(np.logical_and, filled)
        term = self.truth_of_object(term, node)
        opened = self.open(term)
        if isinstance(opened, (tuple, list, dict)):
            return bool(opened)
        if isinstance(opened, Constant):
            return bool(opened.value)
        if not isinstance(opened, Value):
            return True
        t = opened.type
        if isinstance(t, SequenceType):
            return self.apply(np.greater, [self.apply(len, [opened]), constant(0)])
        if isinstance(t, ArrayType) and t.shape and any(d != 1 for d in t.shape):
            self.refuse(node, "the truth of an array with several elements", "use .any() or .all()", UnsupportedType)
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
        result = self.join_sides(node, truth, self.both([then, orelse]), hint=hint)
        assert result is not None
        return result

    def both(self, lowered: Sequence[Callable[[], Term | None]]) -> list[Side]:
        """What two branches leave, each lowered on a copy of the environment."""
        outer, env = self.builder, self.env
        sides = []
        for one in lowered:
            self.builder, self.env = outer.child(), dict(env)
            result = one()
            sides.append(Side(self.builder, self.env, result))
        self.builder, self.env = outer, env
        return sides

    def join_sides(
        self,
        node: gast.AST,
        truth: Operand,
        sides: Sequence[Side],
        dead: Callable[[str], bool] = lambda key: False,
        hint: str | None = None,
    ) -> Term | None:
        """Merge what two branches bind or return into the results of an If; `dead` keys are not read any more."""
        merged: list[tuple[str | None, Merged]] = []
        s1, s2 = sides
        self.touched |= {c for c in self.given_cells if any(s.env.get(c) is not self.env.get(c) for s in sides)}
        if s1.result is not None and s2.result is not None:
            merged.append((None, self.merge(s1, s2, s1.result, s2.result, node, hint, truth, dead, 0)))
        merged += [(key, self.merge_key(key, s1, s2, node, truth, dead)) for key in self.changed(s1, s2, dead)]
        blocks = [s.builder.block((), [o for _, m in merged for o in m.rows[k]]) for k, s in enumerate(sides)]
        names = [hint if key is None else self.shown(key) for key, _ in merged]
        values = [_named_values(m, name) for name, (_, m) in zip(names, merged, strict=True)]
        flat = tuple(v for vs in values for v in vs)
        self.builder.operations.append(If(truth, blocks[0], blocks[1], flat, self.at(node)))
        result: Term | None = None
        cells = self.cells
        for (key, m), vs in zip(merged, values, strict=True):
            leaves = [a if same_operand(a, b) else v for a, b, v in zip(*m.rows, vs, strict=True)]
            term = m.build(leaves)
            if key is None:
                result = self.adopt(term, m.frozen)
            else:
                self.env[key] = self.adopt_at(key, term, m.frozen)
        for key, term in s1.env.items():
            if s2.env.get(key) is term and self.env.get(key) is not term:
                self.env[key] = term  # both sides bind it to what was there before
        self.watch_sources(cells)
        return result

    def changed(self, s1: Side, s2: Side, dead: Callable[[str], bool]) -> list[str]:
        """The keys that two branches leave with different terms, and that something may still read."""
        differing = [
            k
            for k in dict.fromkeys([*s1.env, *s2.env])
            if not k.startswith("#")
            and (k not in s1.env or k not in s2.env or s1.env[k] is not s2.env[k])
            and (k in self.env or self.frame.owns(k) or k == STOP or k in self.awaited)
            and not dead(k)
        ]
        kept = [k for k in s1.env if not k.startswith("#") and k in s2.env and not dead(k)]
        results = [t for t in (s1.result, s2.result) if t is not None]
        cells = [*self.handed.values(), *self.cells_of(s1.env, s2.env, kept, results)]
        cells = [c for c in dict.fromkeys(cells) if s1.env.get(c) is not s2.env.get(c)]
        return differing + [c for c in cells if c in s1.env and c in s2.env]

    def cells_of(self, e1: Environment, e2: Environment, keys: Sequence[str], terms: Sequence[Term]) -> list[str]:
        """The cells that can be reached from some keys and terms, in either of two environments."""
        found: dict[str, None] = {}
        work = [r.cell for t in terms for r in refs(t)]
        work += [r.cell for k in keys for env in (e1, e2) if k in env for r in refs(env[k])]
        while work:
            cell = work.pop()
            if cell not in found:
                found[cell] = None
                work += [r.cell for env in (e1, e2) if cell in env for r in refs(env[cell])]
        return [c for c in self.env if c in found]

    def adopt_at(self, key: str, term: Term, frozen: str | None) -> Term:
        """A term for a key of the environment: what a cell holds stays a plain container."""
        if not key.startswith("#"):
            adopted = self.adopt(term, frozen)
            name = self.shown(key)
            if isinstance(adopted, Ref) and is_array(adopted) and name is not None:
                self.labels.setdefault(adopted.cell, name)
            return adopted
        found = parts(term)
        return term if found is None else found[2]([self.adopt(c, frozen) for c in found[1]])

    def merge_key(
        self, key: str, s1: Side, s2: Side, node: gast.AST, truth: Operand, dead: Callable[[str], bool]
    ) -> Merged:
        """A variable or cell that both sides bind, or that is undefined on one."""
        terms = []
        for side, other in ((s1, s2), (s2, s1)):
            over = _is_bottom(side.result)
            if key in side.env and not over:
                terms.append(side.env[key])
            else:
                like, env = (other.env[key], other.env) if key in other.env else (side.env[key], side.env)
                terms.append(self.undefined(side.builder, self.value_form(like, env), BOTTOM if over else None))
        return self.merge(s1, s2, terms[0], terms[1], node, self.shown(key), truth, dead, 1)

    def merge(
        self,
        s1: Side,
        s2: Side,
        t1: Term,
        t2: Term,
        node: gast.AST,
        name: str | None,
        truth: Operand,
        dead: Callable[[str], bool],
        own: int,
    ) -> Merged:
        """The leaves of the two sides of a branch, their joined types, and the term around the results."""
        for term, other in ((t1, t2), (t2, t1)):
            if _is_bottom(other) and isinstance(term, Ref) and term.cell in self.env:
                return Merged(lambda _, known=term: known, [[], []], [], None)  # type: ignore[misc]
        frozen = self.frozen_by_merge(t1, s1.env, t2, s2.env, node, dead, own)
        t1, t2 = self.unify(t1, s1.env, s1.builder, t2, s2.env, s2.builder, name)
        same = isinstance(t1, Constant) and isinstance(t2, Constant) and t1.value is t2.value
        if structure(t1) != structure(t2) or (is_function(t1) and is_function(t2) and not same and parts(t1) is None):
            function = self.either(t1, t2, truth)
            if function is not None:
                return function
            t1, t2 = self.to_operand(t1, s1.builder, s1.env), self.to_operand(t2, s2.builder, s2.env)
        (a, build), (b, _) = flatten(t1), flatten(t2)
        joined = [join(m.type, n.type) for m, n in zip(a, b, strict=True)]
        for m, n, t in zip(a, b, joined, strict=True):
            if t is None:
                what = f"{name} is" if name else "this is"
                self.refuse(
                    node,
                    f"{what} {m.type} in one branch and {n.type} in the other",
                    "give both the same kind of value",
                    UnsupportedType,
                )
        return Merged(build, [a, b], joined, frozen)  # type: ignore[arg-type]

    def either(self, t1: Term, t2: Term, truth: Operand) -> Merged | None:
        """One of two functions that differ, for a condition of run time."""
        if not (is_function(t1) and is_function(t2)):
            return None
        return Merged(lambda new: Choice(truth, t1, t2), [[], []], [], None)

    def frozen_by_merge(
        self,
        t1: Term,
        env1: Environment,
        t2: Term,
        env2: Environment,
        node: gast.AST,
        dead: Callable[[str], bool] = lambda key: False,
        own: int = 1,
    ) -> str | None:
        """Why the objects that are merged may not be changed: another name still sees one of them."""
        first, second = differing(t1, env1, t2, env2)
        top = {r.cell for r in (*refs(t1), *refs(t2))}

        def is_single(r: Ref, env: Environment) -> bool:
            return self.is_sole(r, env, dead, own if r.cell in top else 1)

        both = (*first, *second)
        before = [self.frozen[r.cell] for r in both if r.cell in self.frozen]
        if not before and all(is_single(r, env1) for r in first) and all(is_single(r, env2) for r in second):
            return None
        sources = {r.cell for r in both}.union(*(w.sources for w in before if isinstance(w, OneOfTwo)))
        text = before[0] if before else f"which may be one of two objects since line {self.at(node).line}"
        return OneOfTwo(text, frozenset(sources))

    def undefined(self, builder: Builder, like: Term, bottom: Type | None = None) -> Term:
        """A term of the structure of `like` whose leaves hold nothing."""
        operands, build = flatten(like)
        return build(  # type: ignore[no-any-return]
            [
                o if isinstance(o.type, StaticType) else builder.apply(UNDEFINED, (), {"type": bottom or o.type})
                for o in operands
            ]
        )


@dataclass(frozen=True, eq=False, slots=True)
class Merged:
    """The leaves of both sides, their joined types, and what makes a term of the merged values."""

    build: Callable[[Sequence[Operand]], Term]
    rows: list[list[Operand]]
    types: list[Type]
    frozen: str | None


def _named_values(merged: Merged, name: str | None) -> list[Value]:
    """The results of a branch for what is merged."""
    names = leaf_names(merged.build(merged.rows[0]), name) if merged.types else []
    return [Value(t, n) for t, n in zip(merged.types, names, strict=True)]


def is_function(term: Term) -> bool:
    """Whether a term can only be called."""
    if isinstance(term, Constant):
        return callable(term.value)
    return isinstance(term, (Closure, Partial, Choice))


def _is_bottom(term: Term | None) -> bool:
    return isinstance(term, Value) and term.type == BOTTOM


def _is_container(term: Term) -> bool:
    return isinstance(term, (Value, Constant)) and isinstance(term.type, ContainerType)


def _differ(left: Term, right: Term) -> bool:
    """Whether a static object that is no number is compared with something that it cannot be."""
    if is_of_unknown_kind(left) or is_of_unknown_kind(right):
        return False
    kinds = [isinstance(t, (Value, Constant)) and isinstance(t.type, StaticType) for t in (left, right)]
    return any(kinds) and not all(isinstance(t, Constant) for t in (left, right))
