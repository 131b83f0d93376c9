"""Calls of functions with a rule or a definition: what their arguments become before the rule sees them.

A function of NumPy takes lists and iterables as arrays, `out=` as the array to store in, keywords that no rule knows.
What the rule does not cover is left to the definition of the function, where it has one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import gast
import numpy as np

from s2sad.errors import UnsupportedCall
from s2sad.frontend.library.numpy_joins import JOINS, is_list_of_floats, is_many, is_numbers, join_rows
from s2sad.frontend.library.numpy_keywords import plainly
from s2sad.frontend.library.numpy_writers import view_of, write_out
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.terms import (
    Ref,
    Term,
    as_number,
    class_of,
    is_array,
    is_none,
    is_number,
    is_static,
    static_value,
)
from s2sad.ir.definition import Definition, Given, definition_of
from s2sad.ir.objects import is_user_class
from s2sad.ir.primitive import Effect, NotByRule, Primitive, required
from s2sad.ir.types import ArrayType, ContainerType, StaticType
from s2sad.ir.user_rules import plain_box
from s2sad.ir.values import Operand, Value, is_operand


class Primitives(Lowering):
    """Lowers calls of functions with a rule or a definition."""

    def call_primitive(
        self, primitive: Primitive, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function with a rule."""
        out = keywords.get("out")
        is_ufunc = isinstance(primitive.function, np.ufunc) and _is_of_numpy(primitive)
        if out is None and is_ufunc and len(arguments) > primitive.arity > 0:
            *arguments, out = arguments
        keywords = {k: v for k, v in keywords.items() if k != "out"}
        if out is not None and not is_none(out):
            self.need_memory()
            only = keywords.pop("where", None) if is_ufunc else None
            return write_out(self, out, self.call_primitive(primitive, arguments, keywords, node, None), node, only)
        arguments = [self.as_argument(a) for a in arguments]
        if primitive.function in JOINS and arguments and (self.is_growing(arguments[0]) or self.is_rows(arguments[0])):
            return join_rows(self, primitive, arguments, keywords, node)
        if _takes_arrays(primitive) and primitive.function not in (np.array, np.asarray):
            arguments = [self.as_array(a) if self.is_growing(a) else a for a in arguments]
        plain = plainly(self, primitive, arguments, keywords, node)
        if plain is not None:
            return plain
        definition = definition_of(primitive.function)
        try:
            operands, static = primitive.bind(arguments, keywords)
        except TypeError as e:
            if definition is not None:
                return self.call_defined(definition, arguments, keywords, node, hint)
            self.refuse(node, f"{primitive.name}: {e}", _instead(e), UnsupportedCall)
        if definition is not None and any(k in definition.operands and is_many(v) for k, v in static.items()):
            return self.call_defined(definition, arguments, keywords, node, hint)
        known = {k: self.static(v, node) for k, v in static.items()}
        if primitive.effect is Effect.VIEW and operands and is_array(operands[0]):
            view = view_of(self, primitive, operands, known)
            if view is not None:
                return view
        values = [self.to_operand(o) for o in operands]
        if definition is not None and any(is_list_of_floats(v.type) for v in values):
            return self.call_defined(definition, arguments, keywords, node, hint)
        try:
            return self.apply_rule(primitive, values, known, hint)
        except NotByRule as e:
            if definition is not None:
                return self.call_defined(definition, arguments, keywords, node, hint)
            return self.call_as_it_is(primitive.function, e, arguments, keywords, node, hint)

    def call_as_it_is(
        self,
        function: Callable[..., object],
        why: NotByRule,
        arguments: list[Term],
        keywords: dict[str, Term],
        node: gast.AST,
        hint: str | None,
    ) -> Term:
        """A call that no rule covers, for what has no derivative; where one is needed, the reason is told."""
        box = plain_box(function)
        if box is None:
            raise why
        return self.call_black_box(replace(box, why=why), arguments, keywords, node, hint)

    def apply_rule(
        self, primitive: Primitive, operands: list[Operand], static: dict[str, object], hint: str | None
    ) -> Operand:
        """The result of a primitive, its lists of numbers as arrays where it does not take lists."""
        try:
            return self.builder.apply(primitive, operands, static, hint)
        except NotByRule:
            raise
        except TypeError:
            arrays = [self.with_arrays(o, primitive.function in JOINS) for o in operands]
            if arrays == operands or not _is_of_numpy(primitive):
                raise
        return self.builder.apply(primitive, arrays, static, hint)

    def call_defined(
        self, definition: Definition, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function that is defined by others."""
        further = definition.by_name(arguments)
        arguments, keywords = arguments[: len(arguments) - len(further)], {**further, **keywords}
        values = {k: static_value(v) if is_static(v) else v for k, v in keywords.items()}
        keywords = {k: v for k, v in keywords.items() if k in definition.meant(values)}
        try:
            positional, named = definition.takes_operand(arguments, keywords)
        except TypeError as e:
            self.refuse(node, f"{definition.name}: {e}", _instead(e), UnsupportedCall)

        pairs = [*zip(arguments, positional, strict=True), *((keywords[k], named[k]) for k in keywords)]
        if any(name is None and _is_of_black_box(term) for term, name in pairs):
            why = NotByRule(
                f"the derivative of {definition.name} with what is known at run time only", "give constants"
            )
            return self.call_as_it_is(definition.function, why, arguments, keywords, node, hint)

        def given(term: Term, name: str | None) -> object:
            if name is None:
                return self.static(term, node)
            term = self.as_argument(term)
            operand = self.to_operand(self.as_array(term) if self.is_growing(term) else term)
            if name not in definition.lists and operand.type.is_container and is_numbers(operand.type):
                operand = self.apply(np.array, [operand])
            return operand.value if isinstance(operand.type, StaticType) else Given(operand)  # type: ignore[union-attr]

        made = [given(a, o) for a, o in zip(arguments, positional, strict=True)]
        primitive, operands = definition.call(made, {k: given(v, named[k]) for k, v in keywords.items()})
        try:
            result = self.builder.apply(primitive, operands, None, hint)
        except NotByRule as e:
            return self.call_as_it_is(definition.function, e, arguments, keywords, node, hint)
        if primitive.effect is Effect.VIEW:
            return self.maybe_view(result, primitive.name, [*arguments, *keywords.values()])
        return self.adopt(result)

    def with_arrays(self, operand: Operand, items: bool) -> Operand:
        """A list or tuple of numbers as an array, or the lists in it; others as they are."""
        t = operand.type
        if not isinstance(t, ContainerType) or t.cls not in (list, tuple) or (items and not t.keys):
            return operand
        if not items:
            return self.as_array(operand)
        parts = [self.builder.extract(operand, k) for k in t.keys]
        made = [self.as_array(p) if isinstance(p.type, ContainerType) else p for p in parts]
        return operand if made == parts else self.builder.make(list, t.keys, made)

    def is_growing(self, term: Term) -> bool:
        """Whether a term is a list of run-time length."""
        opened = self.open(term) if isinstance(term, Ref) else term
        return isinstance(opened, Value) and opened.type.is_sequence

    def is_rows(self, term: Term) -> bool:
        """Whether a term is an array."""
        opened = self.open(term) if isinstance(term, Ref) else term
        return is_number(opened)

    def as_array_term(self, term: Term) -> Term:
        """A list of numbers as an array; other terms as they are."""
        operand = self.to_operand(term)
        return operand if operand.type.is_numeric else self.apply(np.array, [operand])

    def as_array(self, term: Term) -> Operand:
        return self.apply(np.array, [self.to_operand(term)])

    def apply_to(self, function: object, arguments: list[Term], node: gast.AST) -> Term:
        return self.call_primitive(required(function), arguments, {}, node, None)

    def as_argument(self, term: Term) -> Term:
        """An iterable as the list that a function makes of it; an object that says what array it is."""
        cls = class_of(term)
        if cls is not None and is_user_class(cls):
            for name in ("__array__", "__float__"):
                found = self.call_special(term, name, [], self.frame.tree)
                if found is not None:
                    return found
        return self.listed(as_number(term) if is_operand(term) else term)


def _is_of_numpy(primitive: Primitive) -> bool:
    return primitive.name.startswith("np.")


def _takes_arrays(primitive: Primitive) -> bool:
    """Whether a function takes an array in the place of a list."""
    return primitive.name.startswith(("np.", "math."))


def _is_of_black_box(term: Term) -> bool:
    """Whether a value comes from a function without a rule: nothing that is done to the program makes it known."""
    return isinstance(term, Value) and isinstance(term.type, ArrayType) and term.type.kind == "any"


def _instead(e: TypeError) -> str:
    """What to do about arguments that a function does not take, or of which one is missing."""
    return "" if "missing" in str(e) else "leave this argument out"
