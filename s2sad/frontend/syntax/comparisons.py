"""Comparisons: of numbers as operations, of containers item by item, of objects as their classes say."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.terms import (
    Closure,
    Keyed,
    Known,
    Maybe,
    Method,
    Outside,
    Partial,
    Range,
    Record,
    Ref,
    Term,
    is_container,
    is_none,
    is_number,
    is_of_unknown_kind,
    is_plain_object,
    is_sequence,
    is_static,
    static_value,
)
from s2sad.ir.primitives.effects import STRING
from s2sad.ir.values import Constant, Operand, Value, constant, is_operand

COMPARE: dict[type, Callable[..., object]] = {
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


class Comparisons(Lowering):
    """Lowers comparisons."""

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
        cls = type(op)
        positive = cls in (gast.Is, gast.Eq, gast.In)
        by_identity = cls in (gast.Is, gast.IsNot)
        for_equality = by_identity or cls in (gast.Eq, gast.NotEq)
        # whether there is a value or None is asked before the value is opened: that raises where there is none
        if for_equality:
            for maybe, other in ((left, right), (right, left)):
                if isinstance(maybe, Maybe) and is_none(other):
                    return self.apply(operator.not_, [maybe.present]) if positive else maybe.present
        left, right = self.given(left), self.given(right)
        for term in (left, right):
            if isinstance(term, Method) and not by_identity:
                self.refuse(node, f"the method {term.name} is compared", "call it", UnsupportedType)
        numbers = self.numbers_of(left, right)
        if numbers is not None and for_equality:
            return self.apply(np.equal if positive else np.not_equal, numbers)
        if by_identity:
            truth = self.is_truth(left, right)
            if truth is not None:
                return truth if positive else self.apply(operator.not_, [truth])
            return constant(self.identical(node, left, right) is positive)
        if cls in (gast.In, gast.NotIn):
            return self.contains(node, left, right, not positive)
        found = self.labelled_call(COMPARE[cls], [left, right], {}, node, None)
        if found is None:
            found = self.compare_objects(node, op, left, right)
        if found is None and cls in (gast.Eq, gast.NotEq):
            equal = self.equal_objects(node, left, right)
            found = self.negated(equal, positive, node) if equal is not None else None
        if found is not None:
            return found
        left, right = self.open(left), self.open(right)
        if is_static(left) and is_static(right) and not (is_number(left) and is_number(right)):
            return constant(PYTHON_COMPARE[cls](static_value(left), static_value(right)))
        if any(isinstance(t, Value) and (t.type.is_static or t.type == STRING) for t in (left, right)):
            self.refuse(node, "a text made at run time is compared", "compare what it is made of", UnsupportedType)
        if for_equality and _differ(left, right):
            return constant(not positive)
        if all(isinstance(t, (tuple, list, dict, Record)) or is_container(t) for t in (left, right)):
            return self._compare_containers(node, op, left, right)
        return self.apply(COMPARE[cls], [self.to_operand(t) for t in (left, right)])

    def negated(self, truth: Term, positive: bool, node: gast.AST) -> Term:
        """A truth value, or its opposite."""
        return truth if positive else self.choose(truth, lambda: constant(False), lambda: constant(True), node)

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
            if x.type.kind == "python" and x.type.dtype == bool:
                return x if value.value else self.apply(operator.not_, [x])
        return None

    def contains(self, node: gast.AST, item: Term, container: Term, negated: bool) -> Term:
        """`item in container`: among keys, or items one by one."""
        if isinstance(container, Outside):
            return self.holds_outside(container, item, negated)
        options = self.open(container)
        if isinstance(options, Range):
            options = self.sequence(options, node)
        if isinstance(options, Keyed):
            assert isinstance(container, Ref)
            return self.has_key(container, item, node, negated)
        if isinstance(options, dict) and self.is_key_of_run_time(options, item):
            there = self.holds_key(options, item)
            return self.apply(operator.not_, [there]) if negated else there
        if isinstance(options, dict):
            return constant((self.known_key(container, item, node) in options) is not negated)
        known = is_static(options) and is_static(item)
        if isinstance(options, (tuple, list)) and not (known and self.equality(item) is None):
            found: Term = constant(False)
            for option in reversed(options):
                same = self.compare(node, gast.Eq(), option, item)
                found = self.choose(same, lambda: constant(True), lambda f=found: f, node)  # type: ignore[misc]
            return self.apply(operator.not_, [self.to_operand(found)]) if negated else found
        if is_sequence(options) or is_number(options):
            found = self.call(constant(operator.contains), [container, item], {}, node, None)
            return self.apply(operator.not_, [self.to_operand(found)]) if negated else found
        return constant((self.static(item, node) in self.static(options, node)) is not negated)

    def _compare_containers(self, node: gast.AST, op: gast.AST, left: Term, right: Term) -> Term:
        """Tuples such as shapes are compared item by item."""
        equals = type(op) is gast.Eq
        ordered = type(op) not in (gast.Eq, gast.NotEq)
        if ordered and (isinstance(left, dict) or _is_list_type(left) is not _is_list_type(right)):
            self.refuse(node, "the order of two containers that have none", "compare their items", UnsupportedType)
        if isinstance(left, dict) and isinstance(right, dict):
            if set(left) != set(right):
                return constant(not equals)
            left, right = list(left.values()), [right[k] for k in left]
        if _is_list_type(left) is not _is_list_type(right):
            return constant(not equals)
        a, b = (self.sequence(t, node) for t in (left, right))
        if ordered:
            return self._in_order(node, op, a, b)
        if len(a) != len(b):
            return constant(not equals)
        same: Term = constant(True)
        for m, n in zip(a, b, strict=True):
            equal = self.compare(node, gast.Eq(), m, n)
            same = self.choose(same, lambda e=equal: e, lambda s=same: s, node)  # type: ignore[misc]
        return same if equals else self.apply(operator.not_, [self.to_operand(same)])

    def _in_order(self, node: gast.AST, op: gast.AST, a: list[Term], b: list[Term], first: int = 0) -> Term:
        """`(a, b) < (c, d)`: the first items that differ decide, then the lengths."""
        if first == min(len(a), len(b)):
            return constant(PYTHON_COMPARE[type(op)](len(a), len(b)))
        equal = self.compare(node, gast.Eq(), a[first], b[first])
        return self.choose(
            equal,
            lambda: self._in_order(node, op, a, b, first + 1),
            lambda: self.compare(node, op, a[first], b[first]),
            node,
        )


def _is_list_type(term: Term) -> bool:
    """Whether a container is a list, which no tuple is equal to."""
    if is_container(term):
        return term.type.cls is list
    return isinstance(term, list) or is_sequence(term)


def _differ(left: Term, right: Term) -> bool:
    """Whether a static object that is no number, or a function, is compared with something that it cannot be."""
    if any(isinstance(t, (Closure, Partial)) for t in (left, right)):
        return is_operand(left) or is_operand(right)
    if is_of_unknown_kind(left) or is_of_unknown_kind(right):
        return False
    kinds = [is_operand(t) and t.type.is_static for t in (left, right)]
    return any(kinds) and not all(isinstance(t, Constant) for t in (left, right))
