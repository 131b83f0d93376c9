"""Where branches meet: what the two sides leave under one name becomes one term, and the results of an If."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import gast

from s2sad.errors import Unsupported, UnsupportedType
from s2sad.frontend.context import NeedsStatic
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.cells import STOP, Either, Environment, OneOfTwo, Side
from s2sad.frontend.terms.references import differing, refs
from s2sad.frontend.terms.terms import (
    Choice,
    Closure,
    Partial,
    Ref,
    Rest,
    Term,
    flatten,
    is_array,
    leaf_names,
    parts,
    same_operand,
    structure,
)
from s2sad.ir.builder import Builder
from s2sad.ir.containers import UNDEFINED
from s2sad.ir.primitives.regions import is_region
from s2sad.ir.types import BOTTOM, ArrayType, Type, join
from s2sad.ir.values import Apply, Constant, If, Operand, Value, is_operand


class Merging(Lowering):
    """Merges what two branches leave."""

    def join_sides(
        self,
        node: gast.AST,
        truth: Operand,
        sides: Sequence[Side],
        dead: Callable[[str], bool] = lambda key: False,
        hint: str | None = None,
    ) -> Term | None:
        """Merge what two branches bind or return into the results of an If; `dead` keys are not read any more."""
        try:
            return self._joined(node, truth, sides, dead, hint)
        except Unsupported:
            self.ask_flag(truth, node)
            raise

    def ask_flag(self, truth: Operand, node: gast.AST) -> None:
        """Ask for a flag among the arguments to be known at compile time, where nothing else decides a branch.

        Raises:
            NeedsStatic: there is one.
        """
        for flag in self._flags(truth) or ():
            raise NeedsStatic(*self.parameter_paths[flag], self.at(node))

    def _flags(self, operand: Operand) -> list[Value] | None:
        """The arguments, truth values and integers, that a condition is made of; None where it is made of more."""
        if isinstance(operand, Constant):
            return []
        t = operand.type
        if operand in self.parameter_paths:
            return [operand] if isinstance(t, ArrayType) and t.is_scalar and not t.is_inexact else None
        made = next((o for o in reversed(self.builder.operations) if operand in o.results), None)
        if isinstance(made, If):
            return self._flags(made.predicate)
        found = [self._flags(o) for o in made.operands] if isinstance(made, Apply) else [None]
        return None if None in found else [flag for flags in found for flag in flags or ()]

    def _joined(
        self,
        node: gast.AST,
        truth: Operand,
        sides: Sequence[Side],
        dead: Callable[[str], bool],
        hint: str | None,
    ) -> Term | None:
        merged: list[tuple[str | None, Merged]] = []
        s1, s2 = sides
        self.touched |= {c for c in self.given_cells if any(s.env.get(c) is not self.env.get(c) for s in sides)}
        if s1.result is not None and s2.result is not None:
            merged.append((None, self.merge(s1, s2, s1.result, s2.result, node, hint, truth, dead, 0)))
        groups = _same_objects(self.changed(s1, s2, dead), s1.env, s2.env)
        merged += [(ks[0], self.merge_key(ks[0], s1, s2, node, truth, dead, len(ks))) for ks in groups]
        blocks = [s.builder.block((), [o for _, m in merged for o in m.rows[k]]) for k, s in enumerate(sides)]
        names = [hint if key is None else self.shown(key) for key, _ in merged]
        values = [_named_values(m, name) for name, (_, m) in zip(names, merged, strict=True)]
        flat = tuple(v for vs in values for v in vs)
        self.builder.operations.append(If(truth, blocks[0], blocks[1], flat, self.at(node)))
        result: Term | None = None
        cells = self.cells
        for (key, m), vs in zip(merged, values, strict=True):
            # a leaf that both sides have is known to what follows: the result of the If is not read, and is dropped
            # later
            leaves = [a if same_operand(a, b) else v for a, b, v in zip(*m.rows, vs, strict=True)]
            term, since = m.build(leaves), self.cells
            if key is None:
                result = self.adopt(term, m.frozen)
            else:
                self.env[key] = self.adopt_at(key, term, m.frozen)
                self.note_merged(truth, s1, s2, key)
            self.note_given(m.given, since)
            if m.either is not None and self.cells == since + 1:
                self.one_of[f"#{self.cells}"] = m.either
        self.env.update({key: self.env[ks[0]] for ks in groups for key in ks[1:]})
        for key, term in s1.env.items():
            if s2.env.get(key) is term and self.env.get(key) is not term:
                self.env[key] = term  # both sides bind it to what was there before
        self.watch_sources(cells)
        return result

    def one_of_two(
        self, s1: Side, s2: Side, t1: Term, t2: Term, truth: Operand, dead: Callable[[str], bool]
    ) -> Either | None:
        """Two arrays of one rank and dtype, each of which can be followed behind the branch; None for others."""
        if is_region(truth.type):
            return None
        cells: list[str | None] = []
        types: list[Type] = []
        for side, term in ((s1, t1), (s2, t2)):
            held = side.env[term.cell] if isinstance(term, Ref) else term
            if not is_operand(held) or not held.type.is_array or held.type.rank is None:
                return None
            types.append(held.type)
            outer = isinstance(term, Ref) and term.cell in self.env
            if isinstance(term, Ref) and not outer and not self.is_sole(term, side.env, dead, 1):
                return None
            if isinstance(term, Ref) and outer and (term.cell in self.frozen or term.cell in self.perhaps_given):
                return None
            cells.append(term.cell if isinstance(term, Ref) and outer else None)
        if cells[0] == cells[1] or (types[0].rank, types[0].dtype) != (types[1].rank, types[1].dtype):
            return None
        return Either(truth, (cells[0], cells[1]))

    def follow(self, cell: str, node: gast.AST) -> None:
        """Do what was done to the array in a cell to those that it may be, and to those that may be it."""
        now = self.env[cell]
        own = self.one_of.get(cell)
        changed = {cell}
        for k, other in enumerate(own.cells if own is not None else ()):
            if own is not None and other is not None and other in self.env:
                self.env[other] = self.where(own.truth, k, now, self.env[other], node)
                changed.add(other)
        for merged, either in self.one_of.items():
            if merged == cell or merged not in self.env:
                continue
            for k, other in enumerate(either.cells):
                if other in changed:
                    self.env[merged] = self.where(either.truth, k, self.env[other], self.env[merged], node)

    def where(self, truth: Operand, k: int, new: Term, old: Term, node: gast.AST) -> Term:
        """An array that is a new one where a condition holds, `k` being 0, or does not."""
        sides = (lambda: new, lambda: old) if k == 0 else (lambda: old, lambda: new)
        found = self.choose(truth, *sides, node)
        return self.env[found.cell] if isinstance(found, Ref) else found

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
        # cells have no names of their own in the text: those that can still be reached count, in the order in which
        # they were made
        cells = [*self.handed.values(), *self.cells_of(s1.env, s2.env, kept, results)]
        cells = [c for c in dict.fromkeys(cells) if s1.env.get(c) is not s2.env.get(c)]
        return differing + [c for c in cells if c in s1.env and c in s2.env]

    def cells_of(self, e1: Environment, e2: Environment, keys: Sequence[str], terms: Sequence[Term]) -> list[str]:
        """The cells that can be reached from some keys and terms, in either of two environments."""
        found: dict[str, None] = {}
        # through both environments: what one side has put into an object may be what the other cannot see
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
        if isinstance(term, Rest):
            return self.left_of(term)
        found = parts(term)
        return term if found is None else found[2]([self.adopt(c, frozen) for c in found[1]])

    def merge_key(
        self, key: str, s1: Side, s2: Side, node: gast.AST, truth: Operand, dead: Callable[[str], bool], own: int
    ) -> Merged:
        """A variable or cell that both sides bind, or that is undefined on one; with so many names in all."""
        terms = []
        for side, other in ((s1, s2), (s2, s1)):
            over = _is_bottom(side.result)
            if key in side.env and not over:
                terms.append(side.env[key])
            else:
                like, env = (other.env[key], other.env) if key in other.env else (side.env[key], side.env)
                terms.append(self.undefined(side.builder, self.value_form(like, env), BOTTOM if over else None))
        return self.merge(s1, s2, terms[0], terms[1], node, self.shown(key), truth, dead, own, key)

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
        key: str | None = None,
    ) -> Merged:
        """The leaves of the two sides of a branch, their joined types, and the term around the results.

        The results of an If are operands, so that of a merged term only the leaves differ: both sides have one
        structure after `unify`, or are two functions (a `Choice`), or become one operand each.
        """
        # a side that never comes here leaves the object of the other side as it is, identity and all
        for term, other in ((t1, t2), (t2, t1)):
            if _is_bottom(other) and isinstance(term, Ref) and term.cell in self.env:
                return Merged(lambda _, known=term: known, [[], []], [], None)  # type: ignore[misc]
        # before `unify`, which takes the identities away that tell whether another name sees one of the objects
        frozen = self.frozen_by_merge(t1, s1.env, t2, s2.env, node, dead, own)
        either = None if frozen is None else self.one_of_two(s1, s2, t1, t2, truth, dead)
        given = self.given_in(itertools.chain(*differing(t1, s1.env, t2, s2.env)))
        t1, t2 = self.unify(t1, s1.env, s1.builder, t2, s2.env, s2.builder, name)
        same = isinstance(t1, Constant) and isinstance(t2, Constant) and t1.value is t2.value
        # two functions are no operands: which it is, the condition says when it is called
        if structure(t1) != structure(t2) or (is_function(t1) and is_function(t2) and not same and parts(t1) is None):
            function = self.either(t1, t2, truth)
            if function is not None:
                return function
            if key is not None:
                self.check_growth(key, t1, t2, node)
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
        return Merged(build, [a, b], joined, frozen, given, either)  # type: ignore[arg-type]

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
        # with those that the objects were merged of earlier: a change of any of them shows through
        return OneOfTwo(text, frozenset(sources))

    def undefined(self, builder: Builder, like: Term, bottom: Type | None = None) -> Term:
        """A term of the structure of `like` whose leaves hold nothing."""
        operands, build = flatten(like)
        return build(
            [o if o.type.is_static else builder.apply(UNDEFINED, (), {"type": bottom or o.type}) for o in operands]
        )


@dataclass(frozen=True, eq=False, slots=True)
class Merged:
    """The leaves of both sides, their joined types, and what makes a term of the merged values."""

    build: Callable[[Sequence[Operand]], Term]
    rows: list[list[Operand]]
    types: list[Type]
    frozen: str | None
    given: frozenset[str] = frozenset()
    """The cells that the caller may see among those of which the objects are merged."""
    either: Either | None = None
    """Where it is one of two arrays: which, and when."""


def _same_objects(keys: Sequence[str], env1: Environment, env2: Environment) -> list[list[str]]:
    """The keys in groups: those of a group name one object on one side, and one on the other."""
    # by the pair: two names may share an object on one side, and have one each on the other
    groups: dict[object, list[str]] = {}
    for key in keys:
        t1, t2 = env1.get(key), env2.get(key)
        pair = (t1.cell, t2.cell) if isinstance(t1, Ref) and isinstance(t2, Ref) else key
        groups.setdefault(pair, []).append(key)
    return list(groups.values())


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
