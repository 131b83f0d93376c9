"""Generators: their bodies are lowered where they are consumed, the body of the consuming loop in the place of `yield`.

    def steps(x, n):                    for y in steps(x, 3):
        for k in range(n):                  total += y
            x = np.sin(x)
            yield x                     is read as      steps(x, 3, each_), with

    def steps(x, n, each_):             def each_(item_):
        for k in range(n):                  y = item_
            x = np.sin(x)                   total += y      (total being the variable around it)
            each_(x)

What is done between two items is so done between two items, as in Python, in memory too. Where the loop may be left
early, `each_` says whether it is, and the generator returns.
"""

from __future__ import annotations

import copy
import types
from collections.abc import Iterable, Sequence

import gast

from s2sad.frontend.lowering import Lowering
from s2sad.frontend.reading import scope
from s2sad.frontend.terms.frames import Code, Frame, code_of, inner_frame, source_of
from s2sad.frontend.terms.terms import Closure, Generated, Term
from s2sad.ir.python_trees import children

EACH, ITEM, LEFT = "each_", "item_", "left_"


def yields(tree: gast.AST) -> bool:
    """Whether a function is a generator."""
    return any(isinstance(n, (gast.Yield, gast.YieldFrom)) for n in scope.own_nodes(tree))


def of_function(f: types.FunctionType, bound: dict[str, Term]) -> Generated:
    return Generated(source_of(f).tree, source_of(f), f, None, bound)


def of_closure(closure: Closure, bound: dict[str, Term]) -> Generated:
    return Generated(closure.node, closure.frame.source, None, closure.frame, bound)


def consume(lowering: Lowering, node: gast.For, term: Generated) -> None:
    """A loop over the items of a generator."""
    leaves = scope.breaks(node)
    each = Closure(_each(lowering, node, leaves), EACH, lowering.frame, {})
    names = frozenset(scope.assigned([gast.Assign(targets=[node.target], value=node.target), *node.body]))
    lowering.codes.setdefault(id(each.node), code_of(each.node, names))
    code = _code(lowering, term, leaves, node)
    lowering.frames += 1
    if term.frame is not None:
        frame = inner_frame(term.frame, code, lowering.frames)
    else:
        rest = code.live, None, None, code.captured, code.reads
        frame = Frame(term.source, term.function, code.tree, lowering.frames, None, code.local, *rest)
    frame.foreign = (*lowering.carried_names(node), *lowering.frame.foreign)
    before, lowering.awaited = lowering.awaited, lowering.awaited | set(frame.foreign)
    try:
        lowering.enter(frame, {**term.bound, EACH: each}, node)
    finally:
        lowering.awaited = before


def each_(item_: object) -> bool:
    """The body of a loop that may be left early stands between the two statements."""
    left_ = False
    return left_


def _yield_from(xs: Iterable[object]) -> None:
    for yielded_ in xs:  # noqa: B007  (the body is put in)
        pass


def _each(lowering: Lowering, node: gast.For, leaves: bool) -> gast.FunctionDef:
    """The body of the loop as a function of the item; it gives whether the loop is left."""
    found = lowering.bodies.get(id(node))
    if found is not None:
        return found
    body = _without_breaks(node.body) if leaves else node.body
    item = gast.Name(id=ITEM, ctx=gast.Load(), annotation=None, type_comment=None)
    bind = gast.Assign(targets=[node.target], value=item, type_comment=None)
    made = lowering.tree_of(each_, node)
    made.body = [made.body[0], bind, *body, made.body[1]] if leaves else [bind, *body]
    _place(bind, node)
    lowering.bodies[id(node)] = made
    lowering.kept.append(node)
    return made


def _without_breaks(statements: Sequence[gast.AST]) -> list[gast.AST]:
    """The statements, desugared, where a `break` ends what it stands in, with a mark in its place."""
    made: list[gast.AST] = []
    for s in statements:
        if isinstance(s, gast.Break):
            left = gast.Name(id=LEFT, ctx=gast.Store(), annotation=None, type_comment=None)
            true = gast.Constant(value=True, kind=None)
            made.append(_place(gast.Assign(targets=[left], value=true, type_comment=None), s))
        elif isinstance(s, (gast.For, gast.While, gast.FunctionDef, gast.ClassDef)):
            made.append(s)
        else:
            new = copy.copy(s)
            for kind in ("body", "orelse", "handlers"):
                if getattr(s, kind, None):
                    setattr(new, kind, _without_breaks(getattr(s, kind)))
            made.append(new)
    return made


def _code(lowering: Lowering, term: Generated, leaves: bool, node: gast.AST) -> Code:
    """The generator as a function that hands its items to another one."""
    key = (id(term.tree), "yields", str(leaves))
    code = lowering.comprehensions.get(key)
    if code is None:
        tree = copy.deepcopy(term.tree)
        tree.body = _handed(lowering, tree.body, leaves)
        tree.args.args = [*tree.args.args, gast.Name(id=EACH, ctx=gast.Param(), annotation=None, type_comment=None)]
        code = lowering.comprehensions[key] = code_of(tree)
        lowering.kept.append(term.tree)
    return code


def _handed(lowering: Lowering, statements: list[gast.AST], leaves: bool) -> list[gast.AST]:
    made: list[gast.AST] = []
    for s in statements:
        if isinstance(s, gast.Expr) and isinstance(s.value, gast.Yield):
            made.append(_hand(s.value.value or gast.Constant(value=None, kind=None), s, leaves))
        elif isinstance(s, gast.Expr) and isinstance(s.value, gast.YieldFrom):
            (loop,) = lowering.tree_of(_yield_from, s).body
            loop.iter, loop.body = s.value.value, [_hand(_name("yielded_"), s, leaves)]
            made.append(loop)
        elif isinstance(s, gast.Return):
            made.append(gast.copy_location(gast.Return(value=None), s))
        elif isinstance(s, (gast.FunctionDef, gast.ClassDef)):
            made.append(s)
        else:
            for kind in ("body", "orelse", "finalbody"):
                if getattr(s, kind, None):
                    setattr(s, kind, _handed(lowering, getattr(s, kind), leaves))
            for h in getattr(s, "handlers", []):
                h.body = _handed(lowering, h.body, leaves)
            made.append(s)
    return made


def _hand(value: gast.AST, at: gast.AST, leaves: bool) -> gast.AST:
    call = gast.Call(func=_name(EACH), args=[value], keywords=[])
    if leaves:
        return _place(gast.If(test=call, body=[gast.Return(value=None)], orelse=[]), at)
    return _place(gast.Expr(value=call), at)


def _name(name: str) -> gast.Name:
    return gast.Name(id=name, ctx=gast.Load(), annotation=None, type_comment=None)


def _place(tree: gast.AST, at: gast.AST) -> gast.AST:
    """What is new in a tree stands where the statement does that it is made of."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if "lineno" not in vars(node):
            gast.copy_location(node, at)
            stack += children(node)
    return tree
