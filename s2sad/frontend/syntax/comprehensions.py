"""Functions inside the function, and what Python makes of them: lambdas, comprehensions, generator expressions.

A comprehension is read as the loop that it abbreviates, in a frame of its own:

    [f(x) for x in xs if p(x)]        items_ = []
                                      for x in xs:
                                          if p(x):
                                              items_.append(f(x))
                                      return items_
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

import gast

from s2sad.errors import UnsupportedSyntax
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.syntax import generators
from s2sad.frontend.terms.frames import Frame, code_of
from s2sad.frontend.terms.terms import Closure, Enumerate, Generated, Generator, Range, Reversed, Term, Zip
from s2sad.ir.values import Constant, constant

ITEMS = "items_"
_REST = constant(slice(1, None, None))


class Functions(Lowering):
    """Lowers definitions of functions, and comprehensions."""

    def _eval_Lambda(self, node: gast.Lambda, hint: str | None) -> Term:
        return Closure(node, hint or "lambda", self.frame, self.defaults_in(node.args))

    def _stmt_FunctionDef(self, node: gast.FunctionDef) -> None:
        term: Term = Closure(node, node.name, self.frame, self.defaults_in(node.args))
        for decorator in reversed(node.decorator_list):
            term = self.call(self.eval(decorator), [term], {}, decorator, None)
        self.env[self.own_key(node.name)] = term

    def own_key(self, name: str) -> str:
        """The variable that an assignment to a name binds."""
        key = self.frame.find(name)
        return self.frame.key(name) if key is None else key

    def defaults_in(self, arguments: gast.arguments) -> dict[str, Term]:
        """The default values, evaluated where the function is defined."""
        positional = [*arguments.posonlyargs, *arguments.args]
        named = positional[len(positional) - len(arguments.defaults) :]
        found = {a.id: self.eval(d) for a, d in zip(named, arguments.defaults, strict=True)}
        for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if d is not None:
                found[a.id] = self.eval(d)
        return found

    # comprehensions

    def _eval_ListComp(self, node: gast.ListComp, hint: str | None) -> Term:
        return self.comprehension(node, self.frame, hint or ITEMS, _append)

    def _eval_SetComp(self, node: gast.SetComp, hint: str | None) -> Term:
        items = self.comprehension(node, self.frame, ITEMS, _append)
        return constant(frozenset(self.static(items, node)))

    def _eval_DictComp(self, node: gast.DictComp, hint: str | None) -> Term:
        return self.comprehension(node, self.frame, hint or ITEMS, _set_item)

    def _eval_GeneratorExp(self, node: gast.GeneratorExp, hint: str | None) -> Term:
        return Generator(node, self.frame)

    def comprehension(
        self,
        node: gast.AST,
        around: Frame,
        name: str,
        body: Callable[[gast.AST, str], gast.AST],
        start: gast.AST | None = None,
        end: gast.AST | None = None,
        initial: Term | None = None,
    ) -> Term:
        """The loops of a comprehension, with `body` for what is done with each element.

        `start` is the expression that the result begins with, or `initial` its term.
        """
        if any(isinstance(n, gast.Name) and n.id == name for n in gast.walk(node)):
            name = ITEMS
        key = (id(node), body.__name__, name)
        code = self.comprehensions.get(key)
        if code is None:
            if any(g.is_async for g in node.generators):
                self.refuse(node, "an async comprehension", "write a plain one")
            outside = frozenset(n.target.id for n in gast.walk(node) if isinstance(n, gast.NamedExpr))
            tree = _as_function(node, name, body, start, end, initial is not None)
            code = self.comprehensions[key] = code_of(tree, outside)
        return self.enter(self.inner_frame(around, code), {} if initial is None else {name: initial}, node)

    def listed(self, term: Term) -> Term:
        """A generator, or another iterable without an array behind it, as a list."""
        if isinstance(term, Generator):
            return self.comprehension(term.node, term.frame, ITEMS, _append)
        term = generators.flattened(self, term, self.frame.tree)
        if isinstance(term, Generated):
            return generators.collected(self, term, self.frame.tree)
        if isinstance(term, (Range, Zip, Enumerate, Reversed)):
            items = self.unrollable(term, self.frame.tree)
            if items is not None:
                return items
            if isinstance(term, Range):
                return self.apply(range, [term.start, term.stop, term.step])
            return self.synthetic("def items_(xs):\n    return [x for x in xs]", {"xs": term}, self.frame.tree)
        if isinstance(term, Constant) and isinstance(term.value, enum.EnumMeta):
            return list(map(constant, term.value))
        return term

    def folded(self, term: Term, name: str, kind: str, initial: Term | None) -> Term | None:
        """`sum`, `all` or `any` of a generator as a loop; None for what is no generator."""
        if not isinstance(term, Generator):
            return None
        body, start, end = _FOLDS[kind]
        return self.comprehension(term.node, term.frame, name, body, start, end, initial)

    def synthetic(self, text: str, bound: dict[str, Term], node: gast.AST) -> Term:
        """The result of a small function that Python's own are read as, its parameters bound."""
        key = (0, text, "")
        code = self.comprehensions.get(key)
        if code is None:
            code = self.comprehensions[key] = code_of(self.parsed(text, node))
        self.frames += 1
        frame = Frame(self.frame.source, None, code.tree, self.frames, None, code.local, code.live)
        return self.enter(frame, bound, node)

    def parsed(self, text: str, node: gast.AST) -> Any:
        """The statement of a text, as if it stood in the place of the node."""
        tree = gast.parse(text).body[0]
        for n in gast.walk(tree):
            if hasattr(n, "lineno"):
                gast.copy_location(n, node)
        return tree

    def mapped(self, function: Term, iterables: list[Term], node: gast.AST) -> Term:
        """`map(function, *iterables)`, as the list of its items."""
        if len(iterables) == 1:
            text = "def map_(f, xs):\n    return [f(x) for x in xs]"
            return self.synthetic(text, {"f": function, "xs": iterables[0]}, node)
        text = "def map_(f, rows):\n    return [f(*row) for row in rows]"
        return self.synthetic(text, {"f": function, "rows": Zip(tuple(iterables))}, node)

    def filtered(self, function: Term, iterable: Term, node: gast.AST) -> Term:
        """`filter(function, iterable)`, as the list of its items."""
        test = "x" if isinstance(function, Constant) and function.value is None else "f(x)"
        text = f"def filter_(f, xs):\n    return [x for x in xs if {test}]"
        return self.synthetic(text, {"f": function, "xs": iterable}, node)

    def reduced(self, function: Term, iterable: Term, initial: Term | None, node: gast.AST) -> Term:
        """`functools.reduce(function, iterable, initial)`, as a loop."""
        if initial is None:
            items = self.listed(iterable)
            opened = self.open(items)
            first = self.item_at(items, constant(0), node, None)
            rest = opened[1:] if isinstance(opened, (list, tuple)) else self.item_at(items, _REST, node, None)
            initial, iterable = first, tuple(rest) if isinstance(rest, list) else rest
        text = "def reduce_(f, xs, result):\n    for x in xs:\n        result = f(result, x)\n    return result"
        return self.synthetic(text, {"f": function, "xs": iterable, "result": initial}, node)

    def accumulated(self, function: Term, iterable: Term, initial: Term | None, node: gast.AST) -> Term:
        """`itertools.accumulate(iterable, function, initial=initial)`, as the list of its items."""
        if initial is None:
            items = self.listed(iterable)
            opened = self.open(items)
            initial = self.item_at(items, constant(0), node, None)
            iterable = (
                tuple(opened[1:]) if isinstance(opened, (list, tuple)) else self.item_at(items, _REST, node, None)
            )
        text = """def accumulate_(f, xs, result):
    results = [result]
    for x in xs:
        result = f(result, x)
        results.append(result)
    return results"""
        return self.synthetic(text, {"f": function, "xs": iterable, "result": initial}, node)

    def iterable(self, term: Term) -> Term:
        """What a term is iterated over by: `__iter__` of a user's class."""
        found = self.call_special(term, "__iter__", [], self.frame.tree)
        return term if found is None else found

    def _eval_NamedExpr(self, node: gast.NamedExpr, hint: str | None) -> Term:
        before = len(self.builder.operations)
        term = self.eval(node.value, node.target.id)
        self.bind(node.target, term, len(self.builder.operations) - before)
        return self.env[self.own_key(node.target.id)]

    def _eval_Yield(self, node: gast.AST, hint: str | None) -> Term:
        self.refuse(node, "the value of a yield", "write the yield as a statement")

    _eval_YieldFrom = _eval_Yield

    def _eval_Await(self, node: gast.AST, hint: str | None) -> Term:
        self.refuse(node, "await", "differentiate a plain function", UnsupportedSyntax)


def _name(name: str, ctx: gast.AST | None = None) -> gast.Name:
    return gast.Name(id=name, ctx=ctx or gast.Load(), annotation=None, type_comment=None)


def _assign(name: str, value: gast.AST) -> gast.Assign:
    return gast.Assign(targets=[_name(name, gast.Store())], value=value, type_comment=None)


def _append(node: gast.AST, name: str) -> gast.AST:
    call = gast.Attribute(value=_name(name), attr="append", ctx=gast.Load())
    return gast.Expr(value=gast.Call(func=call, args=[node.elt], keywords=[]))


def _set_item(node: gast.DictComp, name: str) -> gast.AST:
    target = gast.Subscript(value=_name(name), slice=node.key, ctx=gast.Store())
    return gast.Assign(targets=[target], value=node.value, type_comment=None)


def _sum(node: gast.AST, name: str) -> gast.AST:
    return _assign(name, gast.BinOp(left=_name(name), op=gast.Add(), right=node.elt))


def _leave_at(value: bool) -> Callable[[gast.AST, str], gast.AST]:
    def leave(node: gast.AST, name: str) -> gast.AST:
        test = node.elt if value else gast.UnaryOp(op=gast.Not(), operand=node.elt)
        return gast.If(test=test, body=[gast.Return(value=_constant(value))], orelse=[])

    leave.__name__ = f"leave_at_{value}"
    return leave


def _constant(value: object) -> gast.Constant:
    return gast.Constant(value=value, kind=None)


_FOLDS: dict[str, tuple[Callable[[gast.AST, str], gast.AST], gast.AST | None, gast.AST | None]] = {
    "sum": (_sum, _constant(0), None),
    "all": (_leave_at(False), None, _constant(True)),
    "any": (_leave_at(True), None, _constant(False)),
}


def _as_function(
    node: gast.AST,
    name: str,
    body: Callable[[gast.AST, str], gast.AST],
    start: gast.AST | None,
    end: gast.AST | None,
    given: bool,
) -> gast.FunctionDef:
    """A comprehension as a function without parameters (or with the start of its result)."""
    statement = body(node, name)
    for generator in reversed(node.generators):
        for test in reversed(generator.ifs):
            statement = gast.If(test=test, body=[statement], orelse=[])
        statement = gast.For(
            target=generator.target, iter=generator.iter, body=[statement], orelse=[], type_comment=None
        )
    if body is _append:
        start = gast.List(elts=[], ctx=gast.Load())
    elif body is _set_item:
        start = gast.Dict(keys=[], values=[])
    first = [] if given or start is None else [_assign(name, start)]
    parameters = [gast.Name(id=name, ctx=gast.Param(), annotation=None, type_comment=None)] if given else []
    arguments = gast.arguments(
        args=parameters, posonlyargs=[], vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[]
    )
    tree = gast.FunctionDef(
        name="comprehension",
        args=arguments,
        body=[*first, statement, gast.Return(value=_name(name) if end is None else end)],
        decorator_list=[],
        returns=None,
        type_comment=None,
        type_params=[],
    )
    stack = [tree]
    while stack:
        new = stack.pop()
        if not hasattr(new, "lineno"):
            gast.copy_location(new, node)
            stack += gast.iter_child_nodes(new)
    return tree
