"""Statements to operations: a desugared function and the types of its parameters give typed, structured SSA.

    lower(source, function, parameter types, context) -> Lowered

An assignment binds a name in the environment and appends nothing by itself. A branch is lowered on two copies of the
environment, which are merged; a loop is lowered until the types of what it carries no longer change.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gast
import numpy as np

from s2sad.errors import SeveralErrors, Unsupported, UnsupportedType
from s2sad.frontend import scope
from s2sad.frontend.context import Context, Variable
from s2sad.frontend.desugar import desugar
from s2sad.frontend.loops import STOP, Loops
from s2sad.frontend.source import Source, deep_recursion
from s2sad.frontend.terms import Term, flatten, same_operand, to_operand
from s2sad.ir.builder import Builder
from s2sad.ir.effects import ASSERT, RAISE
from s2sad.ir.primitive import lookup
from s2sad.ir.structure import GETITEM, UNDEFINED
from s2sad.ir.types import BOTTOM, ArrayType, StaticType, Type
from s2sad.ir.values import Constant, For, Function, If, Operand, Value, While, constant


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
    with deep_recursion():
        return Lowering(source, function, Builder(), context).lower(parameters)


class Lowering(Loops):
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
            if k and isinstance(statements[k - 1], gast.Raise):
                break
            if (
                k == 0
                and isinstance(s, gast.Expr)
                and isinstance(s.value, gast.Constant)
                and isinstance(s.value.value, str)
            ):
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
            self.refuse(
                node,
                f"{_WORDS.get(type(node).__name__, type(node).__name__)} is not supported yet",
                _INSTEAD.get(type(node).__name__, ""),
            )
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
        before = len(self.builder.operations)
        term = self.eval(node.value, target.id if isinstance(target, gast.Name) else None)
        for target in node.targets:
            self.bind(target, term, len(self.builder.operations) - before)

    def _stmt_AnnAssign(self, node: gast.AnnAssign) -> None:
        if node.value is not None:
            before = len(self.builder.operations)
            term = self.eval(node.value, getattr(node.target, "id", None))
            self.bind(node.target, term, len(self.builder.operations) - before)

    def bind(self, target: gast.AST, term: Term, taken: int = 0) -> None:
        """Bind a name, or the names of a tuple target; the last `taken` operations made the term for it alone."""
        if isinstance(target, gast.Name):
            self.env[target.id] = self.named(term, target.id, taken)
        elif isinstance(target, (gast.Tuple, gast.List)):
            before = len(self.builder.operations)
            items = self.unpacked(term, target)
            self.bind_items(target, items, taken + len(self.builder.operations) - before)
        else:
            self.refuse(target, "assignment to an element or attribute is not supported yet", "build a new array")

    def unpacked(self, term: Term, target: gast.AST) -> list[Term]:
        """The items for a tuple of targets: for an array as many as there are targets, with Python's own check."""
        starred = any(isinstance(e, gast.Starred) for e in target.elts)
        if starred or not isinstance(term, Value) or not isinstance(term.type, ArrayType) or not term.type.shape:
            return self.sequence(term, target)
        if isinstance(term.type.shape[0], int):
            return self.sequence(term, target)
        count = len(target.elts)
        wrong = self.apply(np.not_equal, [self.apply(len, [term]), constant(count)])
        otherwise = self.builder.child()
        message = constant(f"wrong number of values to unpack (expected {count})")
        otherwise.apply(RAISE, [message], {"exception": ValueError})
        nothing = self.builder.child()
        self.builder.operations.append(If(wrong, otherwise.block((), ()), nothing.block((), ()), (), self.at(target)))
        return [self.builder.apply(GETITEM, (term, constant(k))) for k in range(count)]

    def bind_items(self, target: gast.AST, items: list[Term], taken: int) -> None:
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
            self.bind(e, item, taken)

    def named(self, term: Term, name: str, taken: int) -> Term:
        """Give the name to a value that one of the last operations has just made and that has none yet."""
        if not isinstance(term, Value) or term.hint is not None:
            return term
        operations = self.builder.operations
        for position in range(len(operations) - 1, max(-1, len(operations) - 1 - taken), -1):
            for k, result in enumerate(operations[position].results):
                if result is term:
                    value = Value(term.type, name)
                    operations[position] = _with_result(operations[position], k, value)
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
                self.refuse(
                    node, f"{result.type.dtype} cannot be stored in an array of {before.dtype}", "", UnsupportedType
                )
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
        self, node: gast.AST, truth: Operand, sides: list[tuple[Builder, dict[str, Term], Term | None]]
    ) -> Term | None:
        """Merge what two branches bind or return into the results of an If."""
        merged: list[tuple[str | None, Callable[..., Term], list[list[Operand]], list[Type]]] = []
        (b1, e1, r1), (b2, e2, r2) = sides
        if r1 is not None and r2 is not None:
            merged.append((None, *self.merge([(b1, r1), (b2, r2)], node, "the result")))
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
        for (target, build, rows, _), vs in zip(merged, values, strict=True):
            term = build([m if same_operand(m, n) else v for m, n, v in zip(*rows, vs, strict=True)])
            if target is None:
                result = term
            else:
                self.env[target] = term
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
        return build(
            [
                o if isinstance(o.type, StaticType) else builder.apply(UNDEFINED, (), {"type": bottom or o.type})
                for o in operands
            ]
        )


def _is_bottom(term: Term | None) -> bool:
    return isinstance(term, Value) and term.type == BOTTOM


def _returns(node: gast.AST) -> bool:
    return any(isinstance(n, gast.Return) for n in gast.walk(node))


def _with_result(op: Any, k: int, value: Value) -> Any:
    if isinstance(op, (If, For, While)):
        return replace(op, results=(*op.results[:k], value, *op.results[k + 1 :]))
    return replace(op, result=value)


def _need(function: Callable[..., Any]) -> Any:
    primitive = lookup(function)
    assert primitive is not None
    return primitive


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
_INSTEAD = {
    "FunctionDef": "move it to the module",
    "Import": "import at the top of the module",
    "ImportFrom": "import at the top of the module",
}
