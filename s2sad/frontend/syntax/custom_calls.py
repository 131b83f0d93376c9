"""Calls of functions whose derivatives are given, and of functions that run as they are.

A function with a rule is always a call of its own, never lowered in the place of its call: the rule speaks of the call.
A black box is an operation, as a function of NumPy is; arrays from outside that its rules read are further operands.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Sequence

import gast
import numpy as np

from s2sad.errors import RuleError, UnsupportedCall, UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.syntax.closures import (
    signature_of,
)
from s2sad.frontend.terms.cells import OneOfTwo
from s2sad.frontend.terms.terms import Closure, Record, Ref, Term, is_array, parts
from s2sad.ir.types import StaticType, is_active_type, leaves
from s2sad.ir.user_rules import STOP, BlackBox, BoxRule, Custom
from s2sad.ir.values import Operand, Value, constant


class Customs(Lowering):
    """Lowers calls of functions with rules of the user's."""

    def call_custom(
        self, f: Custom, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function with a derivative of its own: always a function of the module."""
        self.reads.part(f, "fun")
        signature = inspect.signature(f.fun, follow_wrapped=False)
        bound = self.bind_arguments(f.name, signature, arguments, keywords, self.defaults_of(f.fun, signature), node)
        for name, term in bound.items():
            if not self.is_value(term):
                self.refuse(
                    node,
                    f"the argument {name} of {f.name}, which has a rule, is a function made in the function",
                    "define it at the top of a module",
                    UnsupportedCall,
                )
        result = self.call_compiled(f, [self.to_operand(t) for t in bound.values()], node, hint)
        if result is None:
            self.refuse(
                node,
                f"{f.name}, which has a rule, changes what it is given, stores something outside, or gives a function",
                "return the new values instead",
                RuleError,
            )
        return self.adopt(result)

    def call_black_box(
        self, box: BlackBox, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function that runs as it is."""
        arguments, rest = self.in_order(box, arguments, keywords, node)
        operands = [self.to_operand(self.as_argument(a)) for a in arguments]
        for o in operands:
            if any(isinstance(t, StaticType) and not _is_plain(t.value) for t in leaves(o.type)):
                self.refuse(
                    node,
                    f"{box.name} is given a function or an object",
                    "write a function of numbers, strings and arrays around it, and give the rule of that",
                    UnsupportedType,
                )
        static = {k: self.static(v, node) for k, v in rest.items()}
        variables = self.context.rule_variables(box)
        outside = [self.captured_value(v) for v in variables]
        bound = self.context.bound(box, operands, static, variables)
        result = self.builder.apply(bound, [*operands, *outside], None, hint)
        return self.maybe_view(result, box.name, arguments)

    def maybe_view(self, result: Operand, name: str, arguments: Sequence[Term]) -> Term:
        """What a function gave that may share the memory of its arguments, no telling how."""
        cells = frozenset(r.cell for a in arguments for r in self.reachable(a))
        since = self.cells
        adopted = self.adopt(result, OneOfTwo(f"which {name} gave, and may be one of its arguments", cells))
        self.watch_sources(since)
        return adopted

    def in_order(
        self, box: BlackBox, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
    ) -> tuple[list[Term], dict[str, Term]]:
        """The arguments by position, and those that can be given by name only."""
        try:
            signature = inspect.signature(box.function)
        except (ValueError, TypeError):
            return arguments, keywords
        try:
            bound = signature.bind(*arguments, **keywords)
        except TypeError as e:
            self.refuse(node, f"{box.name}: {e}", "", UnsupportedCall)
        by_name = {p.name: p for p in signature.parameters.values()}
        last = max((k for k, n in enumerate(by_name) if n in bound.arguments), default=-1)
        ordered: list[Term] = []
        rest: dict[str, Term] = {}
        for k, p in enumerate(by_name.values()):
            if p.kind is p.VAR_POSITIONAL:
                ordered.extend(bound.arguments.get(p.name, ()))
            elif p.kind is p.VAR_KEYWORD:
                rest.update(bound.arguments.get(p.name, {}))
            elif p.kind is p.KEYWORD_ONLY:
                rest.update({p.name: bound.arguments[p.name]} if p.name in bound.arguments else {})
            elif k <= last:
                ordered.append(bound.arguments[p.name] if p.name in bound.arguments else constant(p.default))
        return ordered, rest

    def rule_result(self, target: BoxRule, arguments: list[Term], node: gast.AST) -> Term:
        """What a rule gives, from its parameters as those of one function."""
        static: dict[str, Term] = {k: constant(v) for k, v in target.static}
        g, *rest = arguments
        made = self.call_rule(target.function, rest if target.curried else arguments, static, node)
        return self.call(made, [g], {}, node, None) if target.curried else made

    def call_rule(self, f: object, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """A rule in the place of its call, in whatever module it is defined."""
        if not isinstance(f, types.FunctionType):
            return self.call(constant(f), arguments, keywords, node, None)
        signature = inspect.signature(f, follow_wrapped=False)
        bound = self.bind_arguments(f.__name__, signature, arguments, keywords, self.defaults_of(f, signature), node)
        return self.lower_here(f, bound, node)

    def with_adjoint(self, term: Term, hook: Closure, node: gast.AST) -> Term:
        """A value to whose adjoint something is done: a function of it, and of what that reads around it."""
        operand = self.to_operand(term)
        if not operand.type.is_numeric:
            self.refuse(node, f"the adjoint of {operand.type}", "name a number or an array", UnsupportedType)
        if not isinstance(operand, Value) or not is_active_type(operand.type):
            return term
        bar = next(iter(signature_of(hook.node.args).parameters))
        target = self.closure_target(hook, {bar: operand})
        if target is None:
            self.refuse(node, "the block of an adjoint that reads a function", "call a function of the module")
        operands = list(map(self.to_operand, target[1][1:]))
        result = self.builder.apply(self.context.hooked(target[0]), [operand, *operands], None, operand.hint)
        if is_array(term):
            self.store(term, result, node)
            return term
        return result

    def stopped(self, term: Term) -> Term:
        """A term without derivative: its numbers behind a barrier, its lists and objects anew."""
        term = self.given(term)
        if isinstance(term, Ref) and not is_array(term):
            term = self.open(term)
        if isinstance(term, (Value,)) and term.type.is_container:
            term = self.open(term)
        found = parts(term) if isinstance(term, (tuple, list, dict, Record)) else None
        if found is not None:
            return self.adopt(found[2]([self.stopped(c) for c in found[1]]))
        operand = self.to_operand(term)
        if not isinstance(operand, Value) or not is_active_type(operand.type):
            return term
        return self.adopt(self.builder.apply(STOP, [operand]))


def _is_plain(value: object) -> bool:
    """Whether a static value can be written into the text."""
    return not callable(value) or isinstance(value, (np.dtype, type))
