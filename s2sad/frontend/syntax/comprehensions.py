"""Functions inside the function, and what Python makes of them: lambdas, comprehensions, generator expressions.

A comprehension is read as the loop that it abbreviates, in a frame of its own:

    [f(x) for x in xs if p(x)]        items_ = []
                                      for x in xs:
                                          if p(x):
                                              items_.append(f(x))
                                      return items_
"""

from __future__ import annotations

import copy
import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

import gast

from s2sad.errors import UnsupportedSyntax
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.frames import Frame, code_of, source_of
from s2sad.frontend.terms.terms import Closure, Generator, Term, is_iterator
from s2sad.ir.python_trees import children, walk
from s2sad.ir.values import constant

ITEMS, ITERATED = "items_", "<iterated>"


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
        found = {a.id: self.adopt(self.eval(d)) for a, d in zip(named, arguments.defaults, strict=True)}
        for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if d is not None:
                found[a.id] = self.adopt(self.eval(d))
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
        return Generator(node, self.frame, self.iterable_of(self.eval(node.generators[0].iter)))

    def iterable_of(self, term: Term) -> Term:
        """The first iterable of a generator expression, which it takes where it stands."""
        return term if is_iterator(term) else self.iterable(term)

    def comprehension(
        self,
        node: gast.AST,
        around: Frame,
        name: str,
        body: Callable[[gast.AST, str], gast.AST],
        start: gast.AST | None = None,
        end: gast.AST | None = None,
        initial: Term | None = None,
        first: Term | None = None,
    ) -> Term:
        """The loops of a comprehension, with `body` for what is done with each element.

        `start` is the expression that the result begins with, or `initial` its term; `first` is the first iterable,
        where that is evaluated already.
        """
        if any(isinstance(n, gast.Name) and n.id == name for n in walk(node)):
            name = ITEMS
        key = (id(node), body.__name__, name)
        code = self.comprehensions.get(key)
        if code is None:
            if any(g.is_async for g in node.generators):
                self.refuse(node, "an async comprehension", "write a plain one")
            outside = frozenset(n.target.id for n in walk(node) if isinstance(n, gast.NamedExpr))
            tree = _as_function(node, name, body, start, end, initial is not None, first is not None)
            code = self.comprehensions[key] = code_of(tree, outside)
            self.kept.append(node)
        bound = {} if initial is None else {name: initial}
        if first is not None:
            bound[ITERATED] = first
        return self.enter(self.inner_frame(around, code), bound, node)

    def list_of(self, generator: Generator) -> Term:
        """The items of a generator expression."""
        return self.comprehension(generator.node, generator.frame, ITEMS, _append, first=generator.first)

    def folded(self, term: Term, name: str, kind: str, initial: Term | None) -> Term | None:
        """`sum`, `all` or `any` of a generator as a loop; None for what is no generator."""
        if not isinstance(term, Generator):
            return None
        body, start, end = _FOLDS[kind]
        return self.comprehension(term.node, term.frame, name, body, start, end, initial, term.first)

    def synthetic(self, function: Callable[..., object], bound: dict[str, Term], node: gast.AST) -> Term:
        """The result of a small function that one of Python's own is read as, its parameters bound."""
        key = (0, f"{function.__module__}.{function.__qualname__}", "")
        code = self.comprehensions.get(key)
        if code is None:
            code = self.comprehensions[key] = code_of(self.tree_of(function, node))
        self.frames += 1
        frame = Frame(self.frame.source, None, code.tree, self.frames, None, code.local, code.live)
        return self.enter(frame, {**self.outside_of(function, node), **bound}, node)

    def outside_of(self, function: Callable[..., object], node: gast.AST) -> dict[str, Term]:
        """What a function of s2sad's own reads outside: modules, and functions of its module, by their names in it."""
        found: dict[str, Term] = {}
        for name, value in _outside(function).items():
            plain = inspect.ismodule(value) or name in _outside(value)  # it may call itself
            found[name] = constant(value) if plain else self.own_closure(name, value, node)
        return found

    def own_closure(self, name: str, function: Callable[..., object], node: gast.AST) -> Closure:
        """A function of s2sad's own as one that is made inside."""
        outside = self.outside_of(function, node)
        self.frames += 1
        frame = Frame(self.frame.source, None, self.frame.tree, self.frames, None, frozenset(outside), {})
        for key, term in outside.items():
            self.env[frame.key(key)] = term
        return Closure(self.plain_tree(function, node), name, frame, {})

    def tree_of(self, function: Callable[..., object], node: gast.AST) -> gast.FunctionDef:
        """The tree of a function of s2sad's own, as if it stood in the place of the node.

        What it reads outside becomes parameters, as there is no function of the user's whose names they would be.
        """
        tree = self.plain_tree(function, node)
        tree.args.args = [*map(_parameter, _outside(function)), *tree.args.args]
        return tree

    def plain_tree(self, function: Callable[..., object], node: gast.AST) -> gast.FunctionDef:
        """The tree of a function without docstring and annotations, at the place of the node."""
        assert isinstance(function, types.FunctionType)
        tree = copy.deepcopy(source_of(function).tree)
        if gast.get_docstring(tree) is not None:
            del tree.body[0]
        tree.returns = None
        vararg = [] if tree.args.vararg is None else [tree.args.vararg]
        for parameter in (*tree.args.args, *vararg):
            parameter.annotation = None
        for n in walk(tree):
            if hasattr(n, "lineno"):
                gast.copy_location(n, node)
        return tree

    def _eval_NamedExpr(self, node: gast.NamedExpr, hint: str | None) -> Term:
        before = len(self.builder.operations)
        term = self.eval(node.value, node.target.id)
        self.bind(node.target, term, len(self.builder.operations) - before)
        if (flag := getattr(node.target, "flag", None)) is not None:
            self.env[self.own_key(flag)] = constant(True)
        return self.env[self.own_key(node.target.id)]

    def _eval_Yield(self, node: gast.AST, hint: str | None) -> Term:
        self.refuse(node, "the value of a yield", "write the yield as a statement")

    _eval_YieldFrom = _eval_Yield

    def _eval_Await(self, node: gast.AST, hint: str | None) -> Term:
        self.refuse(node, "await", "differentiate a plain function", UnsupportedSyntax)


def _outside(function: Callable[..., object]) -> dict[str, Any]:
    """The modules, and functions of its own module, that a function reads, by their names in it."""
    assert isinstance(function, types.FunctionType)
    names = dict.fromkeys(_names_in(function.__code__))
    found = {n: function.__globals__[n] for n in names if n in function.__globals__}
    return {n: v for n, v in found.items() if inspect.ismodule(v) or _is_of(v, function.__module__)}


def _is_of(value: Any, module: str) -> bool:
    """Whether something is a function of a module."""
    return inspect.isfunction(value) and value.__module__ == module


def _names_in(code: types.CodeType) -> Iterator[str]:
    """The names that a function, and those inside it, read outside."""
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _names_in(inner)


def _parameter(name: str) -> gast.Name:
    return gast.Name(id=name, ctx=gast.Param(), annotation=None, type_comment=None)


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
    iterated: bool,
) -> gast.FunctionDef:
    """A comprehension as a function without parameters, or with the start of its result and the first iterable."""
    statement = body(node, name)
    for generator in reversed(node.generators):
        for test in reversed(generator.ifs):
            statement = gast.If(test=test, body=[statement], orelse=[])
        statement = gast.For(
            target=generator.target,
            iter=_name(ITERATED) if iterated and generator is node.generators[0] else generator.iter,
            body=[statement],
            orelse=[],
            type_comment=None,
        )
    if body is _append:
        start = gast.List(elts=[], ctx=gast.Load())
    elif body is _set_item:
        start = gast.Dict(keys=[], values=[])
    first = [] if given or start is None else [_assign(name, start)]
    parameters = [*([_parameter(name)] if given else []), *([_parameter(ITERATED)] if iterated else [])]
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
            stack += children(new)
    return tree
