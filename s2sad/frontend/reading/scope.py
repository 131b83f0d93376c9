"""Names: which a piece of a function binds, which it reads, and which are still needed behind it.

Takes desugared `gast` trees; gives tuples and sets of names, and changes nothing.

    x = 1.0                      assigned: x, i, y
    for i in range(n):           read:     range, n, y, x
        y = x * i                after the loop: y              (what is bound in the loop, and read behind it)
        x = y + x                at its head:    range, x, y    (y: it may run no times)
    return y

`liveness` is the textbook's backward analysis on sets of names, joined by union, along the structure of the program:
what is live before a statement is what it reads, and what is live after it less what it binds. The sets at the heads of
loops begin empty; sweeps over the whole function repeat until they stay (one or two more than loops are nested).

A nested function reads what it captures where it is made, and again wherever its name is read. Functions kept elsewhere
(in a list, say) are taken to be called only where they are made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

import gast

from s2sad.frontend.reading.source import deep_recursion
from s2sad.ir.python_trees import children, walk

Names: TypeAlias = frozenset[str]


class Access(Enum):
    READ = "read"
    BIND = "bind"
    MAY_BIND = "may bind"  # `:=` in a branch of an expression
    DELETE = "delete"


Accesses: TypeAlias = list[tuple[Access, str]]


@dataclass(frozen=True, slots=True)
class LiveSets:
    """The names that may be read, before they are bound anew, behind a statement; and at the head of a loop.

    The head of a `try` is where its handlers begin; that of a loop is where the test of a `while` is evaluated, or the
    next item of a `for` is taken (its iterable is evaluated before). Where a branch of an `if` ends in `break`,
    ``after`` is of the other one; what is live where the break leads is ``after`` of the loop.
    """

    after: Names
    head: Names = frozenset()


def assigned(statements: Iterable[gast.AST]) -> tuple[str, ...]:
    """The names that the statements bind or delete, in the order of the first binding; none of nested functions."""
    with deep_recursion():
        return tuple(dict.fromkeys(name for access, name in accesses(statements) if access is not Access.READ))


def read(statements: Iterable[gast.AST]) -> Names:
    """The names that the statements read, with the free names of nested functions."""
    with deep_recursion():
        return frozenset(name for access, name in accesses(statements) if access is Access.READ)


def liveness(tree: gast.FunctionDef) -> Mapping[int, LiveSets]:
    """By the `id` of each `If`, `For`, `While`, `With` of a desugared function: what is live behind it, at its head."""
    with deep_recursion():
        analysis = _Liveness(captured(tree))
        while True:
            before = dict(analysis.heads)
            analysis.block(tree.body, frozenset(), frozenset(), frozenset())
            if analysis.heads == before:
                break
        return {key: LiveSets(after, analysis.heads.get(key, frozenset())) for key, after in analysis.after.items()}


@dataclass(slots=True)
class _Liveness:
    captured: dict[str, Names]
    after: dict[int, Names] = field(default_factory=dict)
    heads: dict[int, Names] = field(default_factory=dict)
    _known: dict[int, Accesses] = field(default_factory=dict)

    def block(self, statements: list[gast.AST], live: Names, at_break: Names, at_continue: Names) -> Names:
        """What is live before the statements, given what is live behind them, and where jumps lead."""
        now = set(live)
        for statement in reversed(statements):
            if isinstance(statement, gast.If | gast.For | gast.While | gast.With | gast.Try):
                # written anew in each round: those of the last one are right, as the heads of the loops have settled
                # by then
                self.after[id(statement)] = frozenset(now)
                now = self.structured(statement, frozenset(now), at_break, at_continue)
                continue
            match statement:
                case gast.Return() | gast.Raise():
                    now = set()
                case gast.Break():
                    now = set(at_break)
                case gast.Continue():
                    now = set(at_continue)
            # outside the language: nothing is known to be bound
            opaque = isinstance(statement, gast.TryStar | gast.Match)
            self.before(statement, now, may=opaque)
        return frozenset(now)

    def structured(self, node: gast.AST, after: Names, at_break: Names, at_continue: Names) -> set[str]:
        if isinstance(node, gast.If):
            body = self.block(node.body, after, at_break, at_continue)
            return self.before(node.test, set(body | self.block(node.orelse, after, at_break, at_continue)))
        if isinstance(node, gast.Try):
            end = self.block(node.orelse, after, at_break, at_continue)
            now = set(self.block(node.body, end, at_break, at_continue))
            handled: set[str] = set()
            for handler in node.handlers:  # what the body binds may not be bound when an exception is raised
                handled |= self.block(handler.body, after, at_break, at_continue)
                if handler.type is not None:
                    self.before(handler.type, now)
            self.heads[id(node)] = frozenset(handled)
            now |= handled
            return now | self.block(node.finalbody, after, at_break, at_continue)
        if isinstance(node, gast.With):
            self.heads[id(node)] = after
            now = set(after | self.block(node.body, after, at_break, at_continue))  # its manager may end it early
            for item in reversed(node.items):
                self.before(item, now)
            return now
        end = self.block(node.orelse, after, at_break, at_continue)
        # what the round before found to be live at the head; the rounds end when it is what this one finds
        again = self.heads.get(id(node), frozenset())
        body = self.block(node.body, again, after, again)
        if isinstance(node, gast.While):
            forever = isinstance(node.test, gast.Constant) and bool(node.test.value)
            head = self.before(node.test, set(body if forever else body | end))
            self.heads[id(node)] = frozenset(head)
            return head
        head = self.before(node.target, set(body)) | end
        self.heads[id(node)] = frozenset(head)
        return self.before(node.iter, head)

    def before(self, node: gast.AST, live: set[str], may: bool = False) -> set[str]:
        """`live`, which is changed, with what the expressions of `node` read, less what they bind."""
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = accesses([node])
        for access, name in reversed(known):
            # backward: a read makes a name live, a binding in front of it ends that; one that may not happen does not
            if access is Access.READ:
                live.add(name)
                live |= self.captured.get(name, frozenset())
            elif access is not Access.MAY_BIND and not may:
                live.discard(name)
        return live


# Accesses, in the order of evaluation


def accesses(nodes: Iterable[gast.AST]) -> Accesses:
    """What the nodes read, bind and delete, in the order in which they are evaluated."""
    found: Accesses = []
    _visit(nodes, found)
    return found


def _visit(nodes: Iterable[gast.AST | None], found: Accesses) -> None:
    for node in nodes:
        special = _SPECIAL.get(type(node))
        if special is not None:
            special(node, found)
        elif node is not None:
            _visit(children(node), found)


def _name(node: gast.Name, found: Accesses) -> None:
    access = Access.READ if isinstance(node.ctx, gast.Load) else Access.BIND
    found.append((Access.DELETE if isinstance(node.ctx, gast.Del) else access, node.id))
    # with a name that may be unbound its flag is read, or bound
    if (flag := getattr(node, "flag", None)) is not None:
        found.append((access, flag))


def _augmented(node: gast.AugAssign, found: Accesses) -> None:
    if isinstance(node.target, gast.Name):
        found.append((Access.READ, node.target.id))
        if (flag := getattr(node.target, "flag", None)) is not None:
            found.append((Access.READ, flag))
    _visit([node.value, node.target], found)


def _maybe(nodes: Iterable[gast.AST], found: Accesses) -> None:
    """Expressions that are not evaluated every time."""
    for access, name in accesses(nodes):
        found.append((Access.READ if access is Access.READ else Access.MAY_BIND, name))


def _bool_op(node: gast.BoolOp, found: Accesses) -> None:
    _visit(node.values[:1], found)
    _maybe(node.values[1:], found)


def _if_expression(node: gast.IfExp, found: Accesses) -> None:
    _visit([node.test], found)
    _maybe([node.body, node.orelse], found)


def _compare(node: gast.Compare, found: Accesses) -> None:
    _visit([node.left, node.comparators[0]], found)
    _maybe(node.comparators[1:], found)


def _comprehension(node: gast.AST, found: Accesses) -> None:
    """Its first iterable is evaluated outside; its targets are its own."""
    first, *others = node.generators
    _visit([first.iter], found)
    targets = set(assigned([generator.target for generator in node.generators]))
    inner: Accesses = []
    _visit([first.target, *first.ifs], inner)
    for generator in others:
        _visit([generator.iter, generator.target, *generator.ifs], inner)
    _visit([node.key, node.value] if isinstance(node, gast.DictComp) else [node.elt], inner)
    for access, name in inner:
        if name not in targets:
            found.append((Access.READ if access is Access.READ else Access.MAY_BIND, name))


def _definition(node: gast.AST, found: Accesses) -> None:
    """A nested function or class; annotations are not read."""
    _visit(getattr(node, "decorator_list", ()), found)
    if isinstance(node, gast.ClassDef):
        _visit([*node.bases, *node.keywords], found)
    else:
        _visit([*node.args.defaults, *node.args.kw_defaults], found)
    # sorted: a set of strings has another order in each process, and the code must not
    found += [(Access.READ, name) for name in sorted(free(node))]
    if not isinstance(node, gast.Lambda):
        found.append((Access.BIND, node.name))


def _import(node: gast.Import | gast.ImportFrom, found: Accesses) -> None:
    found += [(Access.BIND, alias.asname or alias.name.partition(".")[0]) for alias in node.names]


def _pattern(node: gast.AST, found: Accesses) -> None:
    _visit(children(node), found)
    # a pattern that fails half way has bound what it matched: a name may be bound, or not
    name = getattr(node, "rest" if isinstance(node, gast.MatchMapping) else "name", None)
    if name is not None:
        found.append((Access.MAY_BIND, name))


_SPECIAL: dict[type[gast.AST] | None, Callable[[gast.AST, Accesses], None]] = {
    gast.Name: _name,
    gast.Constant: lambda node, found: None,
    gast.Assign: lambda node, found: _visit([node.value, *node.targets], found),
    gast.AnnAssign: lambda node, found: _visit([node.value, node.target] if node.value else [], found),
    gast.AugAssign: _augmented,
    gast.NamedExpr: lambda node, found: _visit([node.value, node.target], found),
    gast.For: lambda node, found: _visit([node.iter, node.target, *node.body, *node.orelse], found),
    gast.BoolOp: _bool_op,
    gast.IfExp: _if_expression,
    gast.Compare: _compare,
    **dict.fromkeys((gast.ListComp, gast.SetComp, gast.DictComp, gast.GeneratorExp), _comprehension),
    **dict.fromkeys((gast.FunctionDef, gast.AsyncFunctionDef, gast.ClassDef, gast.Lambda), _definition),
    **dict.fromkeys((gast.Import, gast.ImportFrom), _import),
    **dict.fromkeys((gast.MatchAs, gast.MatchStar, gast.MatchMapping), _pattern),
}


# Nested functions

_FUNCTIONS = (gast.FunctionDef, gast.AsyncFunctionDef, gast.Lambda, gast.ClassDef)


def free(node: gast.AST) -> Names:
    """What a nested function or class reads from around it, builtins and globals among it."""
    found = accesses([node.body] if isinstance(node, gast.Lambda) else node.body)
    bound = {name for access, name in found if access is not Access.READ}
    if not isinstance(node, gast.ClassDef):
        arguments = node.args
        parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        bound |= {parameter.id for parameter in parameters if parameter is not None}
    declared = [inner.names for inner in walk(node) if isinstance(inner, gast.Nonlocal | gast.Global)]
    outer = {name for names in declared for name in names}
    return frozenset({name for access, name in found if access is Access.READ} - (bound - outer) | outer)


def own_nodes(tree: gast.AST) -> Iterator[gast.AST]:
    """All nodes of a function but those of the functions and classes inside it."""
    stack = children(tree)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, _FUNCTIONS):
            stack += children(node)


def breaks(loop: gast.AST) -> bool:
    """Whether a loop may be left early."""
    work = list(loop.body)
    while work:
        node = work.pop()
        if isinstance(node, gast.Break):
            return True
        if not isinstance(node, (gast.For, gast.While, *_FUNCTIONS)):
            work += children(node)
    return False


def escaping(tree: gast.FunctionDef) -> Names:
    """The names read by functions inside that are more than called by name: they may be called anywhere."""
    nodes = [*walk(tree)]
    functions = [node for node in nodes if isinstance(node, _FUNCTIONS) and node is not tree]
    if not functions:
        return frozenset()
    called = {id(node.func) for node in nodes if isinstance(node, gast.Call)}
    # a name of a function that is not in the place of a callee: it may be stored, returned, and called anywhere
    passed = {node.id for node in nodes if isinstance(node, gast.Name) and id(node) not in called}
    named = {id(node.value): node for node in nodes if isinstance(node, gast.Assign)}
    found: set[str] = set()
    for node in functions:
        target = named[id(node)].targets[0] if id(node) in named else None
        name = target.id if isinstance(target, gast.Name) else getattr(node, "name", None)
        stores = isinstance(node, gast.Lambda) and name is not None  # the target itself is such a name
        uses = sum(isinstance(n, gast.Name) and n.id == name and id(n) not in called for n in nodes)
        if name is None or name in passed and uses > stores:
            found |= free(node)
    return frozenset(found)


def _statements(tree: gast.AST) -> Iterator[gast.AST]:
    """The statements in a statement, those of nested functions too."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        for name in _BODIES:
            stack += getattr(node, name, ())


_BODIES = ("body", "orelse", "finalbody", "handlers", "cases")


def captured(tree: gast.FunctionDef) -> dict[str, Names]:
    """By the names of nested functions: what is read when one is called, by itself or through others."""
    found: dict[str, Names] = {}
    for node in _statements(tree):
        names: list[str] = []
        if isinstance(node, gast.FunctionDef) and node is not tree:
            names, function = [node.name], node
        elif isinstance(node, gast.Assign) and isinstance(node.value, gast.Lambda):
            names, function = [target.id for target in node.targets if isinstance(target, gast.Name)], node.value
        for name in names:
            found[name] = found.get(name, frozenset()) | free(function)
    changed = True
    while changed:
        changed = False
        for name, names_read in found.items():
            # a transitive closure: sets of names only grow, so that it ends
            through = names_read.union(*(found[other] for other in names_read if other in found))
            changed |= through != names_read
            found[name] = through
    return found
