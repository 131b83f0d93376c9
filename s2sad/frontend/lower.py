"""Statements to operations: a desugared function and the types of its parameters give typed, structured SSA.

    lower(source, function, parameter types, context) -> Lowered

An assignment binds a name in the environment and appends nothing by itself. A branch is lowered on two copies of the
environment, which are merged; a loop is lowered until the types of what it carries no longer change.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gast
import numpy as np

from s2sad.errors import SeveralErrors, Unsupported, UnsupportedCall, UnsupportedSyntax, UnsupportedType
from s2sad.frontend import scope
from s2sad.frontend.builtins import HANDLERS, evaluates_at_compile_time
from s2sad.frontend.context import Context, Variable
from s2sad.frontend.desugar import desugar
from s2sad.frontend.expressions import ARRAY_METHODS, BINARY, Expressions
from s2sad.frontend.source import Source
from s2sad.frontend.terms import (
    Enumerate,
    Method,
    Range,
    Record,
    Reversed,
    Term,
    Zip,
    flatten,
    is_static,
    record_fields,
    static_value,
    structure,
    to_operand,
)
from s2sad.ir.builder import Builder
from s2sad.ir.effects import ASSERT, RAISE
from s2sad.ir.primitive import lookup
from s2sad.ir.structure import GETITEM, UNDEFINED
from s2sad.ir.types import (
    BOTTOM,
    ArrayType,
    ContainerType,
    Size,
    StaticType,
    Symbol,
    Type,
    integer,
    join,
    new_dim,
    substitute,
)
from s2sad.ir.values import Block, Constant, For, Function, If, Operand, Value, While, constant

STOP = "<stop>"
"""The pseudo-variable that says whether a loop is to be left."""

MAX_ROUNDS = 12


@dataclass(frozen=True, eq=False, slots=True)
class Lowered:
    """A function as SSA; `captured` are further parameters after its own, in this order.

    `in_place` are the results of augmented assignments that write into an array.
    """

    function: Function
    captured: tuple[Variable, ...]
    in_place: tuple[Value, ...]


def lower(source: Source, function: types.FunctionType, parameters: Mapping[str, Type], context: Context) -> Lowered:
    """Lower a function for parameters of these types; parameters of a static type are constants."""
    return Lowering(source, function, Builder(), context).lower(parameters)


class Lowering(Expressions):
    """Lowers statements. One object lowers one function once."""

    def lower(self, parameters: Mapping[str, Type]) -> Lowered:
        tree = desugar(self.source.tree)
        self.live = scope.liveness(tree)
        self.errors: list[Unsupported] = []
        self.in_place: list[Value] = []
        self.carried_now: frozenset[str] = frozenset({STOP})
        values: list[Value] = []
        for k, (name, t) in enumerate(parameters.items()):
            if isinstance(t, StaticType):
                self.env[name] = Constant(t.value, t)
                continue
            if isinstance(t, ArrayType) and isinstance(t.size, int) and t.kind == "python":
                self.env[name] = constant(t.size)
                continue
            value = Value(t, name)
            values.append(value)
            self.env[name] = value
            self.parameter_paths[value] = (k, ())
        result = self.block(tree.body)
        if self.errors:
            raise self.errors[0] if len(self.errors) == 1 else SeveralErrors(self.errors)
        assert result is not None, "desugar ends every path with a return"
        operand = to_operand(self.builder, result)
        captured = [value for _, value in self.captured.values()]
        body = self.builder.block([*values, *captured], [operand])
        function = Function(self.function.__name__, body, gast.get_docstring(self.source.tree))
        return Lowered(function, tuple(v for v, _ in self.captured.values()), tuple(self.in_place))

    # blocks

    def block(self, statements: Sequence[gast.AST]) -> Term | None:
        """Lower statements in order; the term that they return, None where they fall through."""
        result = None
        for k, s in enumerate(statements):
            if k == 0 and isinstance(s, gast.Expr) and isinstance(s.value, gast.Constant) and isinstance(s.value.value, str):
                continue
            try:
                result = self.statement(s)
            except Unsupported as e:
                self.errors.append(e)
                for name in scope.assigned([s]):
                    self.env[name] = Value(BOTTOM, name)
                if _returns(s):
                    result = Value(BOTTOM)
        return result

    def statement(self, node: gast.AST) -> Term | None:
        method = getattr(self, f"_stmt_{type(node).__name__}", None)
        if method is None:
            self.refuse(node, f"{_WORDS.get(type(node).__name__, type(node).__name__)} is not supported yet",
                        _INSTEAD.get(type(node).__name__, ""))
        with self.locating(node):
            return method(node)  # type: ignore[no-any-return]

    def _stmt_Pass(self, node: gast.AST) -> None:
        return None

    def _stmt_Break(self, node: gast.AST) -> None:
        self.env[STOP] = constant(True)

    def _stmt_Expr(self, node: gast.Expr) -> None:
        self.eval(node.value)

    def _stmt_Return(self, node: gast.Return) -> Term:
        return constant(None) if node.value is None else self.eval(node.value)

    def _stmt_Assert(self, node: gast.Assert) -> None:
        test = self.truth(self.eval(node.test), node.test)
        message = [] if node.msg is None else [self.operand(node.msg)]
        self.builder.apply(ASSERT, [constant(test) if isinstance(test, bool) else test, *message])

    def _stmt_Raise(self, node: gast.Raise) -> Term:
        exception, values = self.eval(node.exc) if node.exc and not isinstance(node.exc, gast.Call) else None, []
        if node.exc and isinstance(node.exc, gast.Call):
            exception = self.eval(node.exc.func)
            values = [self.operand(a) for a in node.exc.args]
        if not (isinstance(exception, Constant) and isinstance(exception.value, type)):
            self.refuse(node, "raise of something that is no exception class", "write `raise ValueError(...)`")
        return self.builder.apply(RAISE, values, {"exception": exception.value})

    # assignments

    def _stmt_Assign(self, node: gast.Assign) -> None:
        target = node.targets[0]
        term = self.eval(node.value, target.id if isinstance(target, gast.Name) else None)
        for target in node.targets:
            self.bind(target, term)

    def _stmt_AnnAssign(self, node: gast.AnnAssign) -> None:
        if node.value is not None:
            self.bind(node.target, self.eval(node.value, getattr(node.target, "id", None)))

    def bind(self, target: gast.AST, term: Term) -> None:
        """Bind a name, or the names of a tuple target."""
        if isinstance(target, gast.Name):
            self.env[target.id] = self.named(term, target.id)
        elif isinstance(target, (gast.Tuple, gast.List)):
            self.bind_items(target, self.sequence(term, target))
        else:
            self.refuse(target, "assignment to an element or attribute is not supported yet", "build a new array")

    def bind_items(self, target: gast.AST, items: list[Term]) -> None:
        starred = [k for k, e in enumerate(target.elts) if isinstance(e, gast.Starred)]
        elts = list(target.elts)
        if starred:
            k = starred[0]
            after = len(elts) - k - 1
            if len(items) < len(elts) - 1:
                self.refuse(target, f"{len(items)} values for at least {len(elts) - 1} names", "", UnsupportedType)
            items = [*items[:k], items[k : len(items) - after], *items[len(items) - after :]]
            elts[k] = elts[k].value
        if len(items) != len(elts):
            self.refuse(target, f"{len(items)} values for {len(elts)} names", "", UnsupportedType)
        for e, item in zip(elts, items, strict=True):
            self.bind(e, item)

    def named(self, term: Term, name: str) -> Term:
        """Give the name to a value that was just made and has none yet."""
        if isinstance(term, Value) and term.hint is None and self.builder.operations:
            last = self.builder.operations[-1]
            for k, result in enumerate(last.results):
                if result is term:
                    value = Value(term.type, name)
                    self.builder.operations[-1] = _with_result(last, k, value)
                    if term in self.parameter_paths:
                        self.parameter_paths[value] = self.parameter_paths[term]
                    return value
        return term

    def _stmt_AugAssign(self, node: gast.AugAssign) -> None:
        if not isinstance(node.target, gast.Name):
            self.refuse(node.target, "assignment to an element or attribute is not supported yet", "build a new array")
        name = node.target.id
        read = gast.copy_location(gast.Name(id=name, ctx=gast.Load(), annotation=None, type_comment=None), node.target)
        before = self.eval(read)
        operation = gast.copy_location(gast.BinOp(left=read, op=node.op, right=node.value), node)
        value = self.eval(node.value)
        if isinstance(before, list) and isinstance(node.op, gast.Add):
            self.refuse(node, "a list is extended in place", "write x = x + y")
        result = self.binary(operation, before, value, name)
        if isinstance(before, Value) and isinstance(before.type, ArrayType) and not before.type.is_scalar:
            result = self.in_place_result(before.type, result, node)
        self.env[name] = result

    def in_place_result(self, before: ArrayType, result: Term, node: gast.AugAssign) -> Term:
        """`x op= y` writes into an array: it keeps its dtype; that no other name sees it is checked afterwards."""
        if not isinstance(result, Value) or not isinstance(result.type, ArrayType):
            return result
        if before.dtype != result.type.dtype and before.dtype is not None and result.type.dtype is not None:
            if not np.can_cast(result.type.dtype, before.dtype, "same_kind"):
                self.refuse(node, f"{result.type.dtype} cannot be stored in an array of {before.dtype}", "", UnsupportedType)
            result = self.builder.apply(_need(np.astype), [result, constant(before.dtype)], None, result.hint)
            assert isinstance(result, Value)
        self.in_place.append(result)
        return result

    # branches

    def _stmt_If(self, node: gast.If) -> Term | None:
        truth = self.truth(self.eval(node.test), node.test)
        if isinstance(truth, bool):
            return self.block(node.body if truth else node.orelse)
        outer, env = self.builder, self.env
        sides: list[tuple[Builder, dict[str, Term], Term | None]] = []
        for statements in (node.body, node.orelse):
            self.builder, self.env = outer.child(), dict(env)
            result = self.block(statements)
            sides.append((self.builder, self.env, result))
        self.builder, self.env = outer, env
        return self.join_sides(node, truth, sides)

    def join_sides(
        self, node: gast.If, truth: Operand, sides: list[tuple[Builder, dict[str, Term], Term | None]]
    ) -> Term | None:
        """Merge what two branches bind or return into the results of an If."""
        merged: list[tuple[str | None, Callable[..., Term], list[list[Operand]], list[Type]]] = []
        (b1, e1, r1), (b2, e2, r2) = sides
        if r1 is not None or r2 is not None:
            returned = [(b, Value(BOTTOM) if r is None else r) for b, r in ((b1, r1), (b2, r2))]
            merged.append((None, *self.merge(returned, node, "the result")))
        if r1 is None or r2 is None:
            after = self.live[id(node)].after | self.carried_now
            ended = [_is_bottom(r) for r in (r1, r2)]
            for name in dict.fromkeys([*e1, *e2]):
                if name in after and (name not in e1 or name not in e2 or e1[name] is not e2[name]):
                    merged.append((name, *self.merge_name(name, sides, ended, node)))
        values = [[Value(t, "stop" if name == STOP else name) for t in types_] for name, _, _, types_ in merged]
        flat = [v for vs in values for v in vs]
        blocks = [b.block((), [o for _, _, rows, _ in merged for o in rows[k]]) for k, b in enumerate((b1, b2))]
        self.builder.operations.append(If(truth, blocks[0], blocks[1], tuple(flat), self.at(node)))
        result: Term | None = None
        for (name, build, rows, _), vs in zip(merged, values, strict=True):
            term = build([m if m is n else v for m, n, v in zip(*rows, vs, strict=True)])
            if name is None:
                result = term
            else:
                self.env[name] = term
        return result if r1 is not None and r2 is not None else None

    def merge_name(
        self, name: str, sides: list[tuple[Builder, dict[str, Term], Term | None]], ended: list[bool], node: gast.AST
    ) -> tuple[Callable[..., Term], list[list[Operand]], list[Type]]:
        """A name bound on both sides, or undefined on one."""
        (b1, e1, _), (b2, e2, _) = sides
        terms = []
        for (b, e, _), over, other in zip(sides, ended, (e2, e1), strict=True):
            if name in e and not over:
                terms.append((b, e[name]))
            elif over:
                terms.append((b, self.undefined(b, other.get(name, e.get(name)), BOTTOM)))
            else:
                terms.append((b, self.undefined(b, other[name])))
        return self.merge(terms, node, name)

    def undefined(self, builder: Builder, like: Term | None, bottom: Type | None = None) -> Term:
        """A term of the structure of `like` whose leaves hold nothing."""
        assert like is not None
        operands, build = flatten(like, builder.location)
        return build([
            o if isinstance(o.type, StaticType) else builder.apply(UNDEFINED, (), {"type": bottom or o.type})
            for o in operands
        ])

    # loops

    def _stmt_For(self, node: gast.For) -> Term | None:
        term = self.eval(node.iter)
        items = self.unrollable(term, node)
        if items is not None:
            return self.unroll(node, items)
        start, stop, step, reverse = self.bounds(term, node)
        names = self.carried_names(node)

        def body(index: Value) -> None:
            self.bind(node.target, self.item(term, index, node))
            self.block(node.body)

        def build(params: list[Value], initial: list[Operand], body_block: Block, results: list[Value], breaks: bool) -> For:
            return For(start, stop, step, tuple(initial), (), body_block, tuple(results), reverse, breaks, self.at(node))

        hint = node.target.id if isinstance(node.target, gast.Name) and isinstance(term, Range) else self.counter(node, term)
        self.loop(node, names, build, body, Value(integer(new_dim("i")), hint))
        return None

    def counter(self, node: gast.For, term: Term) -> str | None:
        """The name of the index of a loop that is not over a range: that of `enumerate`, where there is one."""
        if isinstance(term, Enumerate) and isinstance(node.target, gast.Tuple) and isinstance(node.target.elts[0], gast.Name):
            return str(node.target.elts[0].id)
        return None

    def unrollable(self, term: Term, node: gast.AST) -> list[Term] | None:
        """The items, where their number is known at compile time and they are no numbers of a range or array."""
        if isinstance(term, Zip):
            parts = [self.unrollable(t, node) for t in term.iterables]
            if any(p is not None for p in parts):
                length = min(len(p) for p in parts if p is not None)
                rows = [self.first_items(t, length, node) if p is None else p for p, t in zip(parts, term.iterables, strict=True)]
                return [tuple(row) for row in zip(*rows, strict=False)]
            return None
        if isinstance(term, Enumerate):
            inner = self.unrollable(term.iterable, node)
            return inner and [
                (self.apply(np.add, [term.start, constant(k)]), item) for k, item in enumerate(inner)
            ]
        if isinstance(term, Reversed):
            inner = self.unrollable(term.iterable, node)
            return inner and inner[::-1]
        opened = self.open(term)
        if isinstance(opened, dict):
            return [constant(k) for k in opened]
        return list(opened) if isinstance(opened, (tuple, list)) else None

    def first_items(self, term: Term, length: int, node: gast.AST) -> list[Term]:
        return [self.item(term, constant(k), node) for k in range(length)]

    def unroll(self, node: gast.For, items: list[Term]) -> None:
        """A loop over a container whose items may differ in type: its body once for each."""
        if any(isinstance(n, gast.Break) for s in node.body for n in gast.walk(s)):
            self.refuse(node, "break or return in a loop over a tuple or list is not supported yet", "loop over an array")
        for item in items:
            self.bind(node.target, item)
            self.block(node.body)

    def bounds(self, term: Term, node: gast.AST) -> tuple[Operand, Operand, Operand, bool]:
        """The range of indices of a loop, and whether it runs backward."""
        if isinstance(term, Range):
            return term.start, term.stop, term.step, False
        if isinstance(term, Enumerate):
            return self.bounds_from_zero(term.iterable, node)
        if isinstance(term, Reversed):
            start, stop, step, reverse = self.bounds(term.iterable, node)
            return start, stop, step, not reverse
        if isinstance(term, Zip):
            lengths = [self.length(t, node) for t in term.iterables]
            shortest = lengths[0]
            for n in lengths[1:]:
                if not _same_length(shortest, n):
                    shortest = self.apply(min, [shortest, n])
            return constant(0), shortest, constant(1), False
        return constant(0), self.length(term, node), constant(1), False

    def bounds_from_zero(self, term: Term, node: gast.AST) -> tuple[Operand, Operand, Operand, bool]:
        return constant(0), self.length(term, node), constant(1), False

    def length(self, term: Term, node: gast.AST) -> Operand:
        """How many items an iterable has."""
        if isinstance(term, Range):
            if _is_constant(term.start, 0) and _is_constant(term.step, 1):
                return term.stop
            return self.apply(len, [self.apply(range, [term.start, term.stop, term.step])])
        if isinstance(term, (Enumerate, Reversed)):
            return self.length(term.iterable, node)
        if isinstance(term, Zip):
            return self.bounds(term, node)[1]
        if isinstance(term, Value) and isinstance(term.type, ArrayType):
            if term.type.is_scalar or term.type.shape == ():
                self.refuse(node, "iteration over a scalar", "", UnsupportedType)
            return self.apply(len, [term])
        self.refuse(node, "this cannot be iterated over", "", UnsupportedType)

    def item(self, term: Term, index: Operand, node: gast.AST) -> Term:
        """The item of an iterable at an index of its loop."""
        if isinstance(term, Range):
            if self.bounds(term, node)[0] is term.start and isinstance(node, gast.For) and isinstance(index, Value):
                return index
            return self.apply(np.add, [term.start, self.apply(np.multiply, [index, term.step])])
        if isinstance(term, Enumerate):
            k = index if _is_constant(term.start, 0) else self.apply(np.add, [term.start, index])
            return (k, self.element(term.iterable, index, node))
        if isinstance(term, Zip):
            return tuple(self.element(t, index, node) for t in term.iterables)
        if isinstance(term, Reversed):
            return self.item(term.iterable, index, node)
        return self.element(term, index, node)

    def element(self, term: Term, index: Operand, node: gast.AST) -> Term:
        """The item number `index` of an iterable, counted from 0."""
        if isinstance(term, Range):
            offset = index if _is_constant(term.step, 1) else self.apply(np.multiply, [index, term.step])
            return offset if _is_constant(term.start, 0) else self.apply(np.add, [term.start, offset])
        if isinstance(term, Reversed):
            last = self.apply(np.subtract, [self.length(term.iterable, node), constant(1)])
            return self.element(term.iterable, self.apply(np.subtract, [last, index]), node)
        if isinstance(term, (Enumerate, Zip)):
            return self.item(term, index, node)
        return self.builder.apply(GETITEM, (to_operand(self.builder, term), index))

    def carried_names(self, node: gast.For | gast.While) -> list[str]:
        """The names that an iteration hands to the next, or to what follows the loop."""
        live = self.live[id(node)]
        targets = [node.target] if isinstance(node, gast.For) else []
        names = scope.assigned([*(gast.Assign(targets=[t], value=t) for t in targets), *node.body])
        return [n for n in names if n in live.head or n in live.after]

    def _stmt_While(self, node: gast.While) -> None:
        names = self.carried_names(node)
        tests: list[Block] = []

        def build(params: list[Value], initial: list[Operand], body_block: Block, results: list[Value], breaks: bool) -> While:
            return While(tuple(initial), tests[-1], body_block, tuple(results), breaks, self.at(node))

        def body(index: Value | None) -> None:
            self.block(node.body)

        def test(params: list[Value], env: dict[str, Term]) -> None:
            outer, outer_env = self.builder, self.env
            self.builder, self.env = outer.child(), env
            truth = self.truth(self.eval(node.test), node.test)
            operand = constant(truth) if isinstance(truth, bool) else truth
            tests.append(self.builder.block(params, [operand]))
            self.builder, self.env = outer, outer_env

        self.loop(node, names, build, body, None, test)

    def loop(
        self,
        node: gast.AST,
        names: list[str],
        build: Callable[[list[Value], list[Operand], Block, list[Value], bool], For | While],
        body: Callable[[Any], None],
        index: Value | None,
        test: Callable[[list[Value], dict[str, Term]], None] | None = None,
    ) -> None:
        """Lower a loop body until the types of the carried names no longer change."""
        outer, env, around = self.builder, self.env, self.carried_now
        self.carried_now = around | set(names)
        paths = dict(self.parameter_paths)
        in_place, errors = len(self.in_place), len(self.errors)
        unbound: dict[str, Term] = {}
        loose: set[Symbol] = set()
        carried = _Carried(self, [n for n in names if n in env], env, node)
        for _ in range(MAX_ROUNDS):
            del self.in_place[in_place:], self.errors[errors:]
            parameters, terms = carried.parameters()
            if test is not None:
                copies = [Value(p.type, p.hint) for p in parameters]
                test(copies, {**env, **carried.rebuild(copies)})
            self.builder, self.env = outer.child(), {**env, **terms, STOP: constant(False)}
            body(index)
            inner, after = self.builder, self.env
            self.builder, self.env = outer, env
            fresh = [n for n in names if n not in carried.terms and n not in unbound and n in after]
            for name in fresh:
                unbound[name] = after[name]
                carried.add(name, self.undefined(outer, after[name]), after[name])
            if fresh:
                continue
            results, changed = carried.widen(after, inner, loose)
            if not changed:
                break
            if self.errors[errors:]:
                break
        else:
            self.refuse(node, "the types of what this loop carries do not settle", "", UnsupportedType)
        self.carried_now = around
        self.parameter_paths.update(paths)
        stop = after[STOP]
        breaks = not (isinstance(stop, Constant) and stop.value is False)
        yields = [*results, *([to_operand(inner, stop)] if breaks else [])]
        block = inner.block([*([index] if index is not None else []), *parameters], yields)
        renamed = {s: new_dim(s.name) for s in loose}
        finals = [Value(substitute(p.type, renamed), p.hint) for p in parameters]
        outer.operations.append(build(parameters, carried.initial, block, finals, breaks))
        self.env.update(carried.rebuild(finals))

    # calls

    def call(self, function: Term, arguments: list[Term], keywords: dict[str, Term], node: gast.AST,
             hint: str | None) -> Term:
        if isinstance(function, Method):
            return self.call_method(function, arguments, keywords, node, hint)
        if not is_static(function):
            self.refuse(node, "this value is called", "call a function", UnsupportedCall)
        f = static_value(function)
        if f in HANDLERS if _hashable(f) else False:
            return HANDLERS[f](self, arguments, keywords, node)
        if isinstance(f, type) and record_fields(f) is not None:
            return self.make_record(f, arguments, keywords, node)
        primitive = lookup(f)
        if primitive is not None:
            return self.call_primitive(primitive, arguments, keywords, node, hint)
        if all(map(is_static, arguments)) and all(map(is_static, keywords.values())) and (
            getattr(f, "__s2sad_operator__", False) or evaluates_at_compile_time(f)
        ):
            return constant(f(*map(static_value, arguments), **{k: static_value(v) for k, v in keywords.items()}))
        if isinstance(f, types.MethodType):
            return self.call_function(f.__func__, [constant(f.__self__), *arguments], keywords, node, hint)
        if isinstance(f, types.FunctionType) and not (f.__module__ or "").split(".")[0] in _LIBRARIES:
            return self.call_function(f, arguments, keywords, node, hint)
        if getattr(f, "__s2sad_derivative__", False):
            return self.call_function(f, arguments, keywords, node, hint)
        name = getattr(f, "__qualname__", getattr(f, "__name__", repr(f)))
        module = getattr(f, "__module__", None)
        self.refuse(node, f"there is no derivative rule for {module + '.' if module else ''}{name}",
                    "write it with functions that have one, or give its rule", UnsupportedCall)

    def call_function(self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST,
                      hint: str | None) -> Term:
        """A function of the user: its arguments in the order of its parameters."""
        try:
            bound = inspect.signature(f).bind(*arguments, **keywords)
        except TypeError as e:
            self.refuse(node, f"{f.__name__}: {e}", "", UnsupportedCall)
        operands = []
        for name, parameter in inspect.signature(f).parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                self.refuse(node, f"{f.__name__} takes *{name}", "not supported yet: name the parameters")
            term = bound.arguments[name] if name in bound.arguments else constant(parameter.default)
            operands.append(to_operand(self.builder, term))
        return self.call_compiled(f, operands, node, hint)

    def call_method(self, method: Method, arguments: list[Term], keywords: dict[str, Term], node: gast.AST,
                    hint: str | None) -> Term:
        receiver, name = method.receiver, method.name
        if isinstance(receiver, dict) and name in ("items", "keys", "values", "get"):
            if name == "get":
                default = arguments[1] if len(arguments) > 1 else constant(None)
                return receiver.get(self.static(arguments[0], node), default)
            items: list[Term] = [(constant(k), v) for k, v in receiver.items()]
            return {"items": items, "keys": [constant(k) for k in receiver], "values": list(receiver.values())}[name]
        opened = self.open(receiver)
        if isinstance(opened, dict) and opened is not receiver:
            return self.call_method(Method(opened, name), arguments, keywords, node, hint)
        if not (isinstance(receiver, (Value, Constant)) and isinstance(receiver.type, ArrayType)):
            self.refuse(node, f"the method {name} is not supported yet", "", UnsupportedCall)
        if name == "item" and not arguments:
            return self.apply(float, [receiver])
        if name == "flatten":
            name = "ravel"
        if name not in ARRAY_METHODS:
            self.refuse(node, f"there is no derivative rule for the method {name} of arrays", "", UnsupportedCall)
        if name in ("reshape", "transpose") and len(arguments) > 1:
            arguments = [tuple(arguments)]
        function = getattr(np, name)
        primitive = lookup(function)
        if primitive is None:
            self.refuse(node, f"there is no derivative rule for np.{name}", "", UnsupportedCall)
        return self.call_primitive(primitive, [receiver, *arguments], keywords, node, hint)

    def make_record(self, cls: type, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """A NamedTuple or dataclass made in the function."""
        try:
            bound = inspect.signature(cls).bind(*arguments, **keywords)
        except TypeError as e:
            self.refuse(node, f"{cls.__name__}: {e}", "", UnsupportedCall)
        if getattr(cls, "__post_init__", None) is not None:
            self.refuse(node, f"{cls.__name__} has a __post_init__", "not supported yet", UnsupportedCall)
        parameters = inspect.signature(cls).parameters
        return Record(cls, {n: bound.arguments.get(n, constant(p.default)) for n, p in parameters.items()})


class _Carried:
    """The names that a loop carries: their initial terms, the types of their leaves."""

    def __init__(self, lo: Lowering, names: Iterable[str], env: Mapping[str, Term], node: gast.AST) -> None:
        self.lo = lo
        self.node = node
        self.terms: dict[str, Term] = {}
        self.types: list[Type] = []
        self.initial: list[Operand] = []
        self.hints: list[str] = []
        for name in names:
            self.add(name, env[name], env[name])

    def add(self, name: str, initial: Term, like: Term) -> None:
        operands, _ = flatten(initial, self.lo.at(self.node))
        kinds, _ = flatten(like, self.lo.at(self.node))
        self.terms[name] = initial
        for operand, kind in zip(operands, kinds, strict=True):
            if not isinstance(operand.type, StaticType):
                self.initial.append(operand)
                self.types.append(_without_size(kind.type))
                self.hints.append(name)

    def parameters(self) -> tuple[list[Value], dict[str, Term]]:
        values = [Value(t, h) for t, h in zip(self.types, self.hints, strict=True)]
        return values, self.rebuild(values)

    def rebuild(self, values: Sequence[Value]) -> dict[str, Term]:
        """The carried terms with these values for their leaves; static leaves stay."""
        rest = iter(values)
        terms = {}
        for name, term in self.terms.items():
            operands, build = flatten(term, self.lo.at(self.node))
            terms[name] = build([o if isinstance(o.type, StaticType) else next(rest) for o in operands])
        return terms

    def widen(self, after: Mapping[str, Term], builder: Builder, loose: set[Symbol]) -> tuple[list[Operand], bool]:
        """What an iteration yields; whether a type had to be widened for it."""
        results: list[Operand] = []
        for name, term in self.terms.items():
            new = after[name]
            if structure(new) != structure(term):
                self.lo.refuse(self.node, f"{name} changes its structure in this loop",
                               "lists that grow in a loop are not supported yet", UnsupportedType)
            for old, operand in zip(flatten(term, builder.location)[0], flatten(new, builder.location)[0], strict=True):
                if not isinstance(old.type, StaticType):
                    results.append(operand)
                elif old.type != operand.type:
                    self.lo.refuse(self.node, f"{name} changes from {old.type} to {operand.type} in this loop", "",
                                   UnsupportedType)
        changed = False
        for k, operand in enumerate(results):
            t = _widened(self.types[k], operand.type, loose)
            if t is None:
                self.lo.refuse(
                    self.node, f"{self.hints[k]} is {self.types[k]} before this loop and {operand.type} after an iteration",
                    "give it the same kind of value", UnsupportedType)
            changed |= t != self.types[k]
            self.types[k] = t
        return results, changed


def _widened(before: Type, after: Type, loose: set[Symbol]) -> Type | None:
    """The join; dimensions that are already unknown in the loop stay as they are."""
    joined = join(before, _without_size(after))
    if isinstance(before, ArrayType) and isinstance(joined, ArrayType) and before.shape and joined.shape:
        if len(before.shape) == len(joined.shape):
            dims = []
            for m, n in zip(before.shape, joined.shape, strict=True):
                if m != n and isinstance(m, Size) and {s for s, _ in m.terms} <= loose:
                    n = m
                elif m != n and isinstance(n, Size):
                    loose.update(s for s, _ in n.terms)
                dims.append(n)
            return ArrayType(joined.dtype, tuple(dims), joined.kind, None)
    return joined


def _without_size(t: Type) -> Type:
    return ArrayType(t.dtype, t.shape, t.kind) if isinstance(t, ArrayType) and t.size is not None else t


def _same_length(a: Operand, b: Operand) -> bool:
    sizes = [o.type.size if isinstance(o.type, ArrayType) else None for o in (a, b)]
    return a is b or (sizes[0] is not None and sizes[0] == sizes[1])


def _is_constant(operand: Operand, value: int) -> bool:
    return isinstance(operand, Constant) and operand.value == value and operand.text is None


def _is_bottom(term: Term | None) -> bool:
    return isinstance(term, Value) and term.type == BOTTOM


def _returns(node: gast.AST) -> bool:
    return any(isinstance(n, gast.Return) for n in gast.walk(node))


def _with_result(op: Any, k: int, value: Value) -> Any:
    from dataclasses import replace

    if isinstance(op, (If, For, While)):
        return replace(op, results=(*op.results[:k], value, *op.results[k + 1 :]))
    return replace(op, result=value)


def _need(function: Callable[..., Any]) -> Any:
    primitive = lookup(function)
    assert primitive is not None
    return primitive


def _hashable(f: Any) -> bool:
    try:
        hash(f)
    except TypeError:
        return False
    return True


_LIBRARIES = frozenset({"numpy", "scipy", "math", "builtins", "operator", "functools", "itertools"})
_WORDS = {
    "FunctionDef": "a function inside a function",
    "ClassDef": "a class inside a function",
    "Try": "try/except",
    "With": "with",
    "Delete": "del",
    "Global": "global",
    "Nonlocal": "nonlocal",
    "Match": "match",
    "Import": "import inside a function",
    "ImportFrom": "import inside a function",
}
_INSTEAD = {"FunctionDef": "move it to the module", "Import": "import at the top of the module",
            "ImportFrom": "import at the top of the module"}

__all__ = ["BINARY", "ContainerType", "Lowered", "UnsupportedSyntax", "lower"]
