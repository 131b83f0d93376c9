"""Objects of users' classes: what a class makes, operators, comparisons and truth that it defines.

An object made inside the function is a cell that holds its attributes.
Special methods are looked up on the class, as Python does: Language Reference, section 3.3.
"""

from __future__ import annotations

import enum
import inspect
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import gast

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend.dependencies import MISSING, Variable
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import meaning_of
from s2sad.frontend.terms.cells import Side
from s2sad.frontend.terms.terms import (
    Choice,
    Items,
    Known,
    Record,
    Term,
    class_of,
    is_static,
    static_value,
)
from s2sad.ir.objects import is_user_class
from s2sad.ir.types import is_namedtuple
from s2sad.ir.values import Constant, constant

BINARY_METHODS: dict[type, str] = {
    gast.Add: "add",
    gast.Sub: "sub",
    gast.Mult: "mul",
    gast.Div: "truediv",
    gast.FloorDiv: "floordiv",
    gast.Mod: "mod",
    gast.Pow: "pow",
    gast.MatMult: "matmul",
    gast.BitAnd: "and",
    gast.BitOr: "or",
    gast.BitXor: "xor",
    gast.LShift: "lshift",
    gast.RShift: "rshift",
}
UNARY_METHODS: dict[type, str] = {gast.USub: "__neg__", gast.UAdd: "__pos__", gast.Invert: "__invert__"}
COMPARE_METHODS: dict[type, tuple[str, str]] = {
    gast.Eq: ("__eq__", "__eq__"),
    gast.NotEq: ("__ne__", "__ne__"),
    gast.Lt: ("__lt__", "__gt__"),
    gast.LtE: ("__le__", "__ge__"),
    gast.Gt: ("__gt__", "__lt__"),
    gast.GtE: ("__ge__", "__le__"),
}


class Objects(Lowering):
    """Lowers what users' classes define."""

    def instantiate(self, cls: type, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """`cls(*arguments, **keywords)` for a class of the user."""
        if issubclass(cls, enum.Enum):
            return self.member(cls, arguments, keywords, node)
        if is_namedtuple(cls):
            return Record(cls, self.bound_fields(cls, cls.__new__, arguments, keywords, node, skip=1))
        if (
            self.reads.of_class(cls, "__new__")[1] is not vars(object)["__new__"]
            or type(cls).__call__ is not type.__call__
        ):
            self.refuse(node, f"{cls.__name__} makes its objects in its own way", "", UnsupportedCall)
        init = self.reads.of_class(cls, "__init__")[1]
        if is_dataclass(cls) and init.__code__.co_filename == "<string>":
            items, passed = self.dataclass_fields(cls, init, arguments, keywords, node)
            ref = self.new(cls, items)
            post = self.reads.of_class(cls, "__post_init__")[1]
            if post is not MISSING:
                self.call_inline(post, [ref, *passed], {}, node)
            return ref
        ref = self.new(cls, {})
        if isinstance(init, types.FunctionType):
            self.call_inline(init, [ref, *arguments], keywords, node)
        elif arguments or keywords:
            self.refuse(node, f"{cls.__name__}() takes no arguments", "", UnsupportedCall)
        return ref

    def member(self, cls: type[enum.Enum], arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """`Mode(value)`: the member of an Enum that has a value."""
        if len(arguments) != 1 or keywords:
            self.refuse(node, f"{cls.__name__} is called with other than a value", "", UnsupportedCall)
        try:
            return constant(cls(self.static(arguments[0], node)))
        except ValueError as e:
            self.refuse(node, str(e), "", UnsupportedCall)

    def bound_fields(
        self, cls: type, function: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, skip: int
    ) -> dict[str, Term]:
        """The arguments of a generated constructor by the names of its parameters; defaults as constants."""
        self.reads.function(function)
        signature = inspect.signature(function)
        parameters = list(signature.parameters.values())[skip:]
        defaults = self.defaults_of(function, signature)
        try:
            found = inspect.Signature(parameters).bind(*arguments, **keywords).arguments
        except TypeError as e:
            self.refuse(node, f"{cls.__name__}: {e}", "", UnsupportedCall)
        return {p.name: found[p.name] if p.name in found else defaults[p.name] for p in parameters}

    def dataclass_fields(
        self, cls: type, init: object, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
    ) -> tuple[Items, list[Term]]:
        """The fields of a new object, and what its `__post_init__` is given: the variables that are no fields."""
        table = self.reads.of_class(cls, "__dataclass_fields__")[1]
        given = self.bound_fields(cls, init, arguments, keywords, node, skip=1)
        items: Items = {}
        for f in fields(cls):
            self.reads.look(table, "item", f.name, f)
            value = given.get(f.name)
            made = isinstance(value, Constant) and type(value.value).__name__ == "_HAS_DEFAULT_FACTORY_CLASS"
            if callable(f.default_factory) and (made or not f.init):
                items[f.name] = self.call(constant(self.reads.part(f, "default_factory")), [], {}, node, None)
            elif f.init:
                items[f.name] = given[f.name]
            elif f.default is not f.default_factory:
                items[f.name] = self.captured_term(Variable(f, "default"), f.default)
        names = {f.name for f in fields(cls)}
        passed = [given[f.name] for f in table.values() if f.name not in names and f.name in given]
        return items, passed

    def special(self, term: Term, name: str) -> Callable[..., object] | None:
        """A special method of a term of the user's class, or one that has a meaning; None where there is none."""
        cls = class_of(term)
        if cls is None or not (is_user_class(cls) or meaning_of(inspect.getattr_static(cls, name, None))):
            return None
        found = self.reads.of_class(cls, name)[1]
        if not isinstance(found, types.FunctionType) or found.__code__.co_filename == "<string>":
            return None
        return found

    def call_special(self, term: Term, name: str, arguments: list[Term], node: gast.AST) -> Term | None:
        """The result of a special method; None where the class has none, or it says NotImplemented."""
        method = self.special(term, name)
        if method is None:
            return None
        values = [term, *arguments]
        result = self.of_members(method, values, node) if method.__module__ == enum.__name__ else None
        if result is None:
            result = self.call_inline(method, values, {}, node)
        return None if isinstance(result, Constant) and result.value is NotImplemented else result

    def of_members(self, method: Callable[..., object], values: list[Term], node: gast.AST) -> Term | None:
        """What the members of every Enum can do, of known ones: `Part.HEAD | Part.TAIL`."""
        if all(map(is_static, values)):
            return constant(method(*map(static_value, values)))
        if any(isinstance(v, Known) for v in values):
            self.refuse(node, "members of an Enum that the run decides are combined", "keep a bool for each of them")
        return None

    def binary_objects(self, node: gast.AST, op: gast.AST, left: Term, right: Term) -> Term | None:
        """An operator that a user's class defines, reflected ones too; None where neither class does."""
        name = BINARY_METHODS[type(op)]
        tries = [(left, f"__{name}__", right), (right, f"__r{name}__", left)]
        a, b = class_of(left), class_of(right)
        if a is not None and b is not None and a is not b and issubclass(b, a):
            tries.reverse()
        for receiver, method, other in tries:
            found = self.call_special(receiver, method, [other], node)
            if found is not None:
                return found
        return None

    def compare_objects(self, node: gast.AST, op: gast.AST, left: Term, right: Term) -> Term | None:
        own, reflected = COMPARE_METHODS[type(op)]
        if self.is_sparse(left) or self.is_sparse(right):
            self.refuse(node, "a sparse matrix is compared", "compare A.data, or A.toarray()", UnsupportedType)
        found = self.call_special(left, own, [right], node)
        if found is None:
            found = self.call_special(right, reflected, [left], node)
        if found is None and isinstance(op, gast.NotEq) and self.special(left, "__eq__") is not None:
            equal = self.compare_objects(node, gast.Eq(), left, right)
            assert equal is not None
            return self.choose(equal, lambda: constant(False), lambda: constant(True), node)
        return found

    def truth_of_object(self, term: Term, node: gast.AST) -> Term:
        for name in ("__bool__", "__len__"):
            found = self.call_special(term, name, [], node)
            if found is not None:
                return found
        return term

    # functions that are settled elsewhere

    def call_choice(
        self, choice: Choice, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """The call of one of two functions, by a predicate."""
        sides: list[Side] = self.both(
            [lambda f=f: self.call(f, arguments, keywords, node, hint) for f in (choice.then, choice.orelse)]  # type: ignore[misc]
        )
        result = self.join_sides(node, choice.predicate, sides, hint=hint)
        assert result is not None
        return result
