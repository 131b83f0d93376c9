"""Names that may be read before they are bound: a flag of its own says at run time whether one is bound.

    for x in xs:                has_y = False
        y = x * x               for x in xs:
    return y                        y = x * x
                                    has_y = True
                                return y            # the read asks has_y first: UnboundLocalError, as in Python

Takes a function as it is written, and gives it with the flags of those names; a function without such a name is given
back as it is. Which these are is definite assignment: the textbook's forward analysis on sets of names, joined by
intersection. The nodes that read such a name have its flag as their attribute `flag`, as has the target of a `:=`.

A function inside reads what it captures wherever its name is read, as it does in `scope`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import gast

from s2sad.frontend.reading import scope
from s2sad.frontend.reading.adjoint_blocks import is_adjoint
from s2sad.frontend.reading.desugar import assigned_at, with_fields
from s2sad.frontend.reading.source import deep_recursion
from s2sad.ir.python_trees import walk

Bound = frozenset[str] | None
"""The names that are bound for certain; None where nothing comes by."""


def flagged(tree: gast.FunctionDef, parameters: Iterable[str], local: frozenset[str]) -> gast.FunctionDef:
    """The function with flags for its names of which it is not certain that they are bound where they are read."""
    with deep_recursion():
        found = _Analysis(local, scope.captured(tree))
        found.block(tree.body, frozenset(parameters))
        # a function inside may bind it at any time
        elsewhere = {n for node in walk(tree) if isinstance(node, gast.Nonlocal | gast.Global) for n in node.names}
        flags = {name: _free_name(f"has_{name}", tree) for name in sorted(found.doubtful - elsewhere)}
        if not flags:
            return tree
        for node in walk(tree):
            target = isinstance(node, gast.NamedExpr | gast.AugAssign) and node.target
            for name in (node, target):
                if isinstance(name, gast.Name) and name.id in flags and (name is target or _is_read(name)):
                    name.flag = flags[name.id]
        body = _Flags(flags).block(tree.body)
        # what is bound before anything happens needs no flag that says that it is not
        start = [assigned_at(flag, False, tree) for name, flag in flags.items() if name not in parameters]
        start += [assigned_at(flag, True, tree) for name, flag in flags.items() if name in parameters]
        return with_fields(tree, body=[*start, *body])


def _is_read(node: gast.Name) -> bool:
    return isinstance(node.ctx, gast.Load)


def _free_name(wanted: str, tree: gast.AST) -> str:
    taken = {node.id for node in walk(tree) if isinstance(node, gast.Name)}
    while wanted in taken:
        wanted += "_"
    return wanted


@dataclass(slots=True)
class _Analysis:
    """Definite assignment. `doubtful` are the names that may be unbound where they are read."""

    local: frozenset[str]
    captured: dict[str, frozenset[str]]
    doubtful: set[str] = field(default_factory=set)
    breaks: list[list[frozenset[str]]] = field(default_factory=list)
    """For each loop around: what is bound where it is left early."""

    def block(self, statements: Sequence[gast.AST], bound: Bound) -> Bound:
        """What is bound behind the statements."""
        for statement in statements:
            if bound is None:
                break
            bound = self.statement(statement, bound)
        return bound

    def statement(self, node: gast.AST, bound: frozenset[str]) -> Bound:
        match node:
            case gast.If():
                holds, fails = self.tested(node.test, bound)
                return _both(self.block(node.body, holds), self.block(node.orelse, fails))
            case gast.For() | gast.While():
                return self.loop(node, bound)
            case gast.With() if is_adjoint(node):
                return bound
            case gast.With():
                inside = self.block(node.body, self.accesses(node.items, bound))
                # a manager may swallow an exception: what the body binds is not certain then
                return _both(inside, bound) if any(map(_swallows, node.items)) else inside
            case gast.Try():
                return self.attempted(node, bound)
            case gast.Match():
                return self.matched(node, bound)
            case gast.Break():
                self.breaks[-1].append(bound)
                return None
            case gast.FunctionDef() | gast.Assign(value=gast.Lambda()):
                made = node if isinstance(node, gast.FunctionDef) else node.value
                own = [*getattr(made, "decorator_list", ()), *made.args.defaults, *filter(None, made.args.kw_defaults)]
                return self.accesses(own, bound) | set(scope.assigned([node]))
        bound = self.accesses([node], bound)
        return None if isinstance(node, gast.Return | gast.Raise | gast.Continue) else bound

    def loop(self, node: gast.AST, bound: frozenset[str]) -> Bound:
        self.breaks.append([])
        if isinstance(node, gast.While):
            holds, fails = self.tested(node.test, bound)
            self.block(node.body, holds)
            end: Bound = None if _is_true(node.test) else fails
        else:
            before = self.accesses([node.iter], bound)
            body = self.block(node.body, self.accesses([node.target], before))
            end = body if _runs(node.iter) else before
        if end is not None:
            end = self.block(node.orelse, end)
        for left in self.breaks.pop():
            end = _both(end, left)
        return end

    def tested(self, test: gast.AST, bound: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
        """What is bound where a condition holds, and where it does not: `:=` in `a and b` is, in the first case."""
        if isinstance(test, gast.UnaryOp) and isinstance(test.op, gast.Not):
            holds, fails = self.tested(test.operand, bound)
            return fails, holds
        if not isinstance(test, gast.BoolOp):
            bound = self.accesses([test], bound)
            return bound, bound
        both = isinstance(test.op, gast.And)
        last, left = bound, None
        for value in test.values:
            holds, fails = self.tested(value, last)
            last, out = (holds, fails) if both else (fails, holds)
            left = out if left is None else left & out
        assert left is not None
        return (last, left) if both else (left, last)

    def attempted(self, node: gast.Try, bound: frozenset[str]) -> Bound:
        end = self.block([*node.body, *node.orelse], bound)
        for handler in node.handlers:
            name = handler.name.id if handler.name is not None else None
            handled = self.block(handler.body, bound | {name} if name else bound)
            end = _both(end, handled if handled is None or name is None else handled - {name})
        last = self.block(node.finalbody, bound)
        return None if end is None or last is None else end | last

    def matched(self, node: gast.Match, bound: frozenset[str]) -> Bound:
        bound = self.accesses([node.subject], bound)
        end: Bound = None
        for case in node.cases:
            inside = bound | set(scope.assigned([case.pattern]))
            inside = inside if case.guard is None else self.accesses([case.guard], inside)
            end = _both(end, self.block(case.body, inside))
        return end if any(map(_is_last, node.cases)) else _both(end, bound)

    def accesses(self, nodes: Sequence[gast.AST], bound: frozenset[str]) -> frozenset[str]:
        """What is bound behind expressions, or a simple statement."""
        now = set(bound)
        for access, name in scope.accesses(nodes):
            if access is scope.Access.READ:
                self.doubtful |= (({name} | self.captured.get(name, frozenset())) & self.local) - now
            elif access is scope.Access.BIND:
                now.add(name)
            elif access is scope.Access.DELETE:
                now.discard(name)
        return frozenset(now)


def _both(a: Bound, b: Bound) -> Bound:
    return b if a is None else a if b is None else a & b


def _swallows(item: gast.AST) -> bool:
    return any(isinstance(n, (gast.Name, gast.Attribute)) and _last(n) == "suppress" for n in walk(item))


def _is_last(case: gast.match_case) -> bool:
    """Whether a case takes all that comes to it."""
    return case.guard is None and isinstance(case.pattern, gast.MatchAs) and case.pattern.pattern is None


def _last(node: gast.AST) -> str:
    return str(node.id if isinstance(node, gast.Name) else node.attr)


def _is_true(test: gast.AST) -> bool:
    return isinstance(test, gast.Constant) and bool(test.value)


def _runs(iterable: gast.AST) -> bool:
    """Whether the text says that a loop runs once at least."""
    if isinstance(iterable, gast.List | gast.Tuple):
        return any(not isinstance(e, gast.Starred) for e in iterable.elts)
    if not isinstance(iterable, gast.Call) or getattr(iterable.func, "id", None) != "range" or iterable.keywords:
        return False
    numbers = [a.value for a in iterable.args if isinstance(a, gast.Constant) and type(a.value) is int]
    return len(numbers) == len(iterable.args) and 0 not in numbers[2:] and len(range(*numbers)) > 0


@dataclass(slots=True)
class _Flags:
    """Puts the flags in: each statement that binds a name is followed by one that says so."""

    flags: dict[str, str]

    def block(self, statements: Sequence[gast.AST]) -> list[gast.AST]:
        return [s for statement in statements for s in self.statement(statement)]

    def statement(self, node: gast.AST) -> list[gast.AST]:
        match node:
            case gast.If():
                return [with_fields(node, body=self.block(node.body), orelse=self.block(node.orelse))]
            case gast.For():
                body = [*self.of([node.target], node), *self.block(node.body)]
                return [with_fields(node, body=body, orelse=self.block(node.orelse))]
            case gast.While():
                return [with_fields(node, body=self.block(node.body), orelse=self.block(node.orelse))]
            case gast.Match():
                return [with_fields(node, cases=list(map(self.case, node.cases)))]
            case gast.With() if is_adjoint(node):
                return [node]
            case gast.With():
                return [with_fields(node, body=[*self.of(node.items, node), *self.block(node.body)])]
            case gast.Try():
                parts = {name: self.block(getattr(node, name)) for name in ("body", "orelse", "finalbody")}
                return [with_fields(node, **parts, handlers=list(map(self.handler, node.handlers)))]
            case gast.Return() | gast.Raise() | gast.Break() | gast.Continue():
                return [node]
        return [node, *self.of([node], node)]

    def handler(self, node: gast.ExceptHandler) -> gast.AST:
        body, flag = self.block(node.body), None if node.name is None else self.flags.get(node.name.id)
        if flag is not None:
            ends = isinstance(body[-1], gast.Return | gast.Raise | gast.Break | gast.Continue)
            body = [assigned_at(flag, True, node), *body, *([] if ends else [assigned_at(flag, False, node)])]
        return with_fields(node, body=body)

    def case(self, node: gast.match_case) -> gast.match_case:
        names = [n for n in scope.assigned([node.pattern]) if n in self.flags]
        start = [assigned_at(self.flags[n], True, node.pattern) for n in names]
        return gast.match_case(node.pattern, node.guard, [*start, *self.block(node.body)])

    def of(self, nodes: Sequence[gast.AST], at: gast.AST) -> list[gast.AST]:
        """What says of the names that an expression or a simple statement binds or deletes that it did."""
        found: dict[str, bool] = {}
        for access, name in scope.accesses(nodes):
            if name in self.flags and access in (scope.Access.BIND, scope.Access.DELETE):
                found[name] = access is scope.Access.BIND
        return [assigned_at(self.flags[name], there, at) for name, there in found.items()]
