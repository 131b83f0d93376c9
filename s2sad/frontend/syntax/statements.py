"""Statements to operations: assignments, branches, and what has no block of its own.

An assignment binds a name in the environment and appends nothing by itself. A branch is lowered on two copies of the
environment, which are merged. Loops, `with` and `try` have parts of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

import gast
import numpy as np

from s2sad.errors import Unsupported, UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.reading import scope
from s2sad.frontend.syntax.objects import BINARY_METHODS
from s2sad.frontend.terms.cells import STOP, Evaluated, SettledByCaller
from s2sad.frontend.terms.terms import Keyed, Method, Ref, Term, is_array, is_number
from s2sad.ir.builder import shape_of
from s2sad.ir.containers import GETITEM, UNDEFINED
from s2sad.ir.primitive import required
from s2sad.ir.primitives.effects import ASSERT, RAISE, never_returns, raise_where
from s2sad.ir.python_trees import walk
from s2sad.ir.types import BOTTOM, SequenceType, Type, surely_fits
from s2sad.ir.values import Constant, Operand, Value, constant


class Statements(Lowering):
    """Lowers statements."""

    def body(self, tree: gast.FunctionDef) -> Term:
        result = self.block(tree.body)
        assert result is not None, "desugar ends every path with a return"
        return result

    # blocks

    def block(self, statements: Sequence[gast.AST]) -> Term | None:
        """Lower statements in order; the term that they return, None where they fall through."""
        result = None
        builder, env = self.builder, self.env
        for k, s in enumerate(statements):
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
                if isinstance(e, Evaluated) and self.watching is not None and self.watching(e):
                    raise
                if isinstance(e, SettledByCaller):
                    raise
                if isinstance(e, Evaluated) and self.branches and e.can_be_raised:
                    self.builder, self.env = builder, env
                    return self.raised(e)
                self.errors.append(e)
                for name in scope.assigned([s]):
                    self.env[self.own_key(name)] = Value(BOTTOM, name)
                if _returns(s):
                    result = Value(BOTTOM)
            if never_returns(self.builder.operations):
                return self.builder.operations[-1].results[0]
        return result

    def statement(self, node: gast.AST) -> Term | None:
        method = getattr(self, f"_stmt_{type(node).__name__}", None)
        if method is None:
            self.refuse(node, f"{_WORDS.get(type(node).__name__, type(node).__name__)} is not supported yet")
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
        test = self.truth(self.tested(node.test), node.test)
        message = [] if node.msg is None else [self.operand(node.msg)]
        with self.raising(node):
            self.builder.apply(ASSERT, [constant(test) if isinstance(test, bool) else test, *message])

    def _stmt_Raise(self, node: gast.Raise) -> Term:
        if node.exc is None:
            with self.raising(node):
                return self.builder.apply(RAISE, [], {})
        exception, values = self.eval(node.exc) if node.exc and not isinstance(node.exc, gast.Call) else None, []
        if node.exc and isinstance(node.exc, gast.Call):
            exception = self.eval(node.exc.func)
            values = [self.operand(a) for a in node.exc.args]
        if not (isinstance(exception, Constant) and isinstance(exception.value, type)):
            self.refuse(node, "raise of something that is no exception class", "write `raise ValueError(...)`")
        with self.raising(node):
            return self.builder.apply(RAISE, values, {"exception": exception.value})

    def _stmt_Nonlocal(self, node: gast.Nonlocal) -> None:
        self.check_declared(node)

    def _stmt_Global(self, node: gast.Global) -> None:
        self.check_declared(node)

    def _stmt_Delete(self, node: gast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, gast.Name):
                self.env.pop(self.own_key(target.id), None)
            elif isinstance(target, gast.Subscript):
                self.delete_item(self.eval(target.value), self.index(target.slice), target)
            else:
                self.delete_named(self.eval(target.value), target.attr, target)

    # assignments

    def _stmt_Assign(self, node: gast.Assign) -> None:
        first = next((t.id for t in node.targets if isinstance(t, gast.Name)), None)
        before = len(self.builder.operations)
        term = self.eval(node.value, first)
        made_for_it = len(self.builder.operations) - before
        if len(node.targets) > 1:
            # one object for all targets: what is bound to the second one is not made for it alone any more
            if first is not None:
                self.give_name(term, first, made_for_it)
            term = self.adopt(term)
            made_for_it = 0
        for target in node.targets:
            self.bind(target, term, made_for_it)

    def label(self, ref: Ref, name: str) -> None:
        """Note the name under which the user first has an object; of a dict of run time its items have it."""
        contents = self.env[ref.cell]
        if isinstance(contents, Keyed):
            assert isinstance(contents.items, Ref)
            self.labels.setdefault(contents.items.cell, name)
            name = f"{name}_places"
        self.labels.setdefault(ref.cell, name)

    def _stmt_AnnAssign(self, node: gast.AnnAssign) -> None:
        if node.value is not None:
            before = len(self.builder.operations)
            term = self.eval(node.value, getattr(node.target, "id", None))
            self.bind(node.target, term, len(self.builder.operations) - before)

    def bind(self, target: gast.AST, term: Term, taken: int = 0) -> None:
        """Bind a name, or the names of a tuple target; the last `taken` operations made the term for it alone."""
        if isinstance(target, gast.Name) and self.is_outer(target.id):
            self.set_outer(self.outer_variable(target.id, target), term, target)
        elif isinstance(target, gast.Name):
            self.give_name(term, target.id, taken)
            bound = self.adopt(term)
            if isinstance(bound, Ref):
                self.label(bound, target.id)
                self.inside.pop(bound.cell, None)
                self.give_name(self.env[bound.cell], target.id, taken)
            self.env[self.own_key(target.id)] = bound
        elif isinstance(target, gast.Attribute):
            base = self.eval(target.value)
            label = self.shown(base.cell) if isinstance(base, Ref) else None
            name = f"{label}_{target.attr}" if label else target.attr
            self.give_name(term, name, taken)
            self.set_named(base, target.attr, term, target)
        elif isinstance(target, gast.Subscript):
            base, index = self.eval(target.value), self.index(target.slice)
            method = self.special(base, "__setitem__")
            if method is not None:
                self.call_inline(method, [base, index, term], {}, target)
            else:
                self.set_item(base, index, term, target)
        elif isinstance(target, (gast.Tuple, gast.List)):
            before = len(self.builder.operations)
            items = self.unpacked(term, target)
            self.bind_items(target, items, taken + len(self.builder.operations) - before)
        else:
            self.refuse(target, "assignment to this is not supported yet")

    def unpacked(self, term: Term, target: gast.AST) -> list[Term]:
        """The items for a tuple of targets: for an array as many as there are targets, with Python's own check."""
        if isinstance(term, Value) and term.type == BOTTOM:
            return [self.builder.apply(UNDEFINED, (), {"type": BOTTOM}) for _ in target.elts]
        term = self.iterable(term)
        starred = any(isinstance(e, gast.Starred) for e in target.elts)
        if is_array(term) and not starred and not isinstance((self.array_type(term).shape or (1,))[0], int):
            self.check_count(self.to_operand(term), target)
            return [self.row(term, constant(k)) for k in range(len(target.elts))]
        listed = self.open(term)
        if not starred and _is_of_run_time(listed):
            self.check_count(listed, target)
            return [self.builder.apply(GETITEM, (listed, constant(k))) for k in range(len(target.elts))]
        if starred or not isinstance(term, Value) or not term.type.is_numeric or not term.type.shape:
            return self.sequence(term, target)
        if isinstance(term.type.shape[0], int):
            return self.sequence(term, target)
        self.check_count(term, target)
        return [self.builder.apply(GETITEM, (term, constant(k))) for k in range(len(target.elts))]

    def check_count(self, array: Operand, target: gast.AST) -> None:
        """Raise what Python raises where an array has another length than there are names."""
        count = len(target.elts)
        wrong = self.apply(np.not_equal, [self.apply(len, [array]), constant(count)])
        raise_where(self.builder, wrong, ValueError, f"wrong number of values to unpack (expected {count})")

    def bind_items(self, target: gast.AST, items: list[Term], taken: int) -> None:
        starred = [k for k, e in enumerate(target.elts) if isinstance(e, gast.Starred)]
        elts = list(target.elts)
        if starred:
            k = starred[0]
            after = len(elts) - k - 1
            if len(items) < len(elts) - 1:
                self.refuse(target, f"{len(items)} values for at least {len(elts) - 1} names", "", UnsupportedType)
            rest = self.new(list, items[k : len(items) - after])
            items = [*items[:k], rest, *items[len(items) - after :]]
            elts[k] = elts[k].value
        if len(items) != len(elts):
            self.refuse(target, f"{len(items)} values for {len(elts)} names", "", UnsupportedType)
        for e, item in zip(elts, items, strict=True):
            self.bind(e, item, taken)

    def give_name(self, term: Term, name: str, taken: int) -> None:
        """Give the name to a value that one of the last operations has just made and that has none yet.

        The value stays the one that it is: a list may hold it too, or the next name of a tuple.
        """
        if isinstance(term, Value) and not self.has_name(term):
            last = self.builder.operations[-taken:] if taken else ()
            if any(term in op.results for op in last):
                self.titles[term] = name

    def _stmt_AugAssign(self, node: gast.AugAssign) -> None:
        target = node.target
        read = _loaded(target)
        if isinstance(target, gast.Name) and self.is_outer(target.id):
            self.augment_outer(self.outer_variable(target.id, target), node)
            return
        if isinstance(target, gast.Name):
            read.flag = getattr(target, "flag", None)
            before = self.eval(read)
        elif isinstance(target, gast.Attribute):
            base = self.eval(target.value)
            variable = self.attribute_outside(base, target.attr, target)
            if variable is not None:
                self.augment_outer(variable, node)
                return
            self.refuse_written(base, node)
            before = self.attribute(base, target.attr, target)
        else:
            base, index = self.eval(target.value), self.index(target.slice)
            self.refuse_written(base, node)
            outside = self.outside_object(base)
            if outside is not None:
                self.augment_item(outside, index, node)
                return
            found = self.call_special(base, "__getitem__", [index], target)
            before = self.item_at(base, index, target, None) if found is None else found
        result = self.augmented(node, read, before)
        if is_array(before):
            self.store(before, self.to_operand(result), node)
        elif isinstance(target, gast.Name):
            self.env[self.own_key(target.id)] = self.adopt(result)
        elif isinstance(target, gast.Attribute):
            self.set_named(base, target.attr, result, target)
        else:
            method = self.special(base, "__setitem__")
            if method is not None:
                self.call_inline(method, [base, index, result], {}, target)
            else:
                self.set_item(base, index, result, target)

    def augmented(self, node: gast.AugAssign, read: gast.AST, before: Term) -> Term:
        """The new value of the target of an augmented assignment."""
        operation = gast.copy_location(gast.BinOp(left=read, op=node.op, right=node.value), node)
        value = self.eval(node.value)
        if not isinstance(node.op, gast.Add | gast.Sub):
            self.refuse_written(before, node)
        name = node.target.id if isinstance(node.target, gast.Name) else None
        if self.is_labelled(before):
            return self.labelled_in_place(before, self.binary(operation, before, value, name), node)
        found = self.call_special(before, f"__i{BINARY_METHODS[type(node.op)]}__", [value], node)
        if found is not None:
            return found
        is_plain = not is_array(value) and not is_number(self.open(value))  # an array makes an array of the list
        if isinstance(before, Ref) and before.cls is list and isinstance(node.op, gast.Add) and is_plain:
            self.call_method(Method(before, "extend"), [value], {}, node, None)
            return before
        if isinstance(before, Ref) and before.cls is dict and isinstance(node.op, gast.BitOr):
            self.call_method(Method(before, "update"), [value], {}, node, None)
            return before
        result = self.binary(operation, before, self.fitted(before, value, node), name)
        if is_array(before):
            return self.in_place_result(self.array_type(before), result, node)
        if isinstance(before, Value) and before.type.is_array:
            result = self.in_place_result(before.type, result, node)
        return result

    def fitted(self, before: Term, value: Term, node: gast.AugAssign) -> Term:
        """The operand of `x op= value` for an array: it is broadcast to x, never x to it, and that may raise."""
        t = self.array_type(before) if is_array(before) else before.type if isinstance(before, Value) else None
        if t is None or not t.is_array or t.rank is None or isinstance(value, (Ref, tuple)):
            return value
        if isinstance(node.op, gast.MatMult):
            return value
        operand = self.to_operand(value)
        if not operand.type.is_numeric or surely_fits(operand.type, t.shape):
            return value
        x = self.builder.expr(self.to_operand(before))
        return self.builder.call(np.broadcast_to, self.builder.expr(operand), shape_of(x)).operand

    def in_place_result(self, before: Type, result: Term, node: gast.AugAssign) -> Term:
        """`x op= y` writes into an array: it keeps its dtype; that no other name sees it is checked afterwards."""
        if not isinstance(result, Value) or not result.type.is_numeric:
            return result
        if before.dtype != result.type.dtype and before.dtype is not None and result.type.dtype is not None:
            if not np.can_cast(result.type.dtype, before.dtype, "same_kind"):
                self.refuse(
                    node, f"{result.type.dtype} cannot be stored in an array of {before.dtype}", "", UnsupportedType
                )
            result = self.builder.apply(required(np.astype), [result, constant(before.dtype)], None, result.hint)
            assert isinstance(result, Value)
        if not self.memory:
            self.in_place.append(result)
        return result

    # branches

    def _stmt_If(self, node: gast.If) -> Term | None:
        truth = self.truth(self.tested(node.test), node.test)
        if isinstance(truth, bool):
            return self.block(node.body if truth else node.orelse)
        sides = self.both(
            [
                self.assuming(node.test, True, lambda: self.block(node.body)),
                self.assuming(node.test, False, lambda: self.block(node.orelse)),
            ],
            truth,
        )
        result = self.join_sides(node, truth, sides, self.dead_behind(node, sides))
        return result if all(s.result is not None for s in sides) else None


def _loaded(target: gast.AST) -> gast.AST:
    """The target of an augmented assignment as an expression."""
    if isinstance(target, gast.Name):
        read = gast.Name(id=target.id, ctx=gast.Load(), annotation=None, type_comment=None)
        return gast.copy_location(read, target)
    return target


def _returns(node: gast.AST) -> bool:
    return any(isinstance(n, gast.Return) for n in walk(node))


_WORDS = {"ClassDef": "a class inside a function"}


def _is_of_run_time(term: Term) -> TypeGuard[Value]:
    """Whether a term is a list whose length is not known."""
    return isinstance(term, Value) and isinstance(term.type, SequenceType) and not isinstance(term.type.length, int)
