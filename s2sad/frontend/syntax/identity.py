"""Which object a term is: `is`, and `==` where a class says no more, or compares the fields of its dataclass.

    a = [x]; b = a; c = [x]      a is b, and a is not c: they were made here, and stand in cells
    f(x, mode=DEFAULT)           mode is DEFAULT: an object among the arguments becomes known at compile time

An object that is made here is another one than all that there were before. Of two that there were before, or that a
branch or loop leaves, a cell of its own says nothing: which these are is asked for, or refused.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend.context import NeedsStatic
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.cells import SettledByCaller
from s2sad.frontend.terms.terms import Ref, Term, View, class_of, describe, is_number, is_static_object
from s2sad.ir.containers import GETITEM
from s2sad.ir.objects import is_user_class
from s2sad.ir.primitive import Layout
from s2sad.ir.types import ArrayType, ContainerType
from s2sad.ir.values import Constant, Value, constant, is_operand


class Identity(Lowering):
    """Lowers what asks for the identity of objects."""

    def identical(self, node: gast.AST, left: Term, right: Term) -> bool:
        """Whether two terms are one object."""
        if isinstance(left, Constant) and isinstance(right, Constant):
            return left.value is right.value
        if left is right or (isinstance(left, Ref) and isinstance(right, Ref) and left.cell == right.cell):
            return True
        kinds = [_kind(t) for t in (left, right)]
        for t, other in ((left, right), (right, left)):
            if is_static_object(t) and not isinstance(t.value, (np.ndarray, np.generic)) and is_number(other):
                return False
        if None not in kinds and kinds[0] is not kinds[1]:
            return False
        if kinds == [np.ndarray, np.ndarray]:
            return self.identical_arrays(node, left, right)
        made = [isinstance(t, Ref) and t.cell in self.made for t in (left, right)]
        if all(made) or (any(made) and any(map(self.is_given, (left, right)))):
            return False
        for t in (left, right):
            self.ask_object(t, node)
        objects = any(kinds) and not any(issubclass(k, np.generic) for k in kinds if k)
        what = f"`is` between {describe(left)} and {describe(right)}" if objects else "`is` between values of run time"
        instead = "compare with ==, or an attribute that tells them apart" if objects else "compare with =="
        self.refuse(node, what, instead, UnsupportedType)

    def identical_arrays(self, node: gast.AST, left: Term, right: Term) -> bool:
        """Whether two arrays are one, where one of them at least was made here and is no other view of the same."""
        self.need_memory()  # there a store changes an array, and makes no other one
        made = [self.is_made_array(t) for t in (left, right)]
        if self.memory_of(left) != self.memory_of(right):
            if all(made) or (any(made) and any(map(self.is_given, (left, right)))):
                return False
        elif any(made) and isinstance(left, View) is not isinstance(right, View):
            return False  # an array, and a part of it
        what = "`is` between arrays that may be one"
        raise SettledByCaller(what, "ask np.shares_memory, or keep a flag that says which one it is", self.at(node))

    def memory_of(self, array: Term) -> object:
        """What is equal for two arrays that may be one object, though both were made here."""
        ref = array.ref if isinstance(array, View) else array
        return self.origins[ref.cell][0] if isinstance(ref, Ref) and ref.cell in self.origins else ref

    def is_made_array(self, term: Term) -> bool:
        """Whether an array is one that the function made; what a subscript or a transpose gives is new each time."""
        if isinstance(term, View):
            return any(s.primitive is GETITEM or s.primitive.layout is Layout.AXES for s in term.steps)
        return term.cell in self.made if isinstance(term, Ref) else is_operand(term) and self.is_new(term)

    def is_given(self, term: Term) -> bool:
        """Whether a term is an argument, or stands outside the function, and so was there before."""
        if is_static_object(term):
            return True
        if isinstance(term, Ref) and term.cell in self.origins:
            term = self.origins[term.cell][0]
        return isinstance(term, Value) and (
            term in self.parameter_paths or any(term is v for _, v in self.captured.values())
        )

    def ask_object(self, term: Term, node: gast.AST) -> None:
        """Ask for an object of a user's class among the arguments to be known at compile time.

        Raises:
            NeedsStatic: it is one.
        """
        if isinstance(term, Ref) and term.cell in self.origins:
            term = self.origins[term.cell][0]
        if isinstance(term, Value) and term in self.parameter_paths and _is_object(term.type):
            raise NeedsStatic(*self.parameter_paths[term], self.at(node))

    def equal_objects(self, node: gast.AST, left: Term, right: Term) -> Term | None:
        """`left == right` where no class of the two has an `__eq__` with a text; None for what are no such objects."""
        kinds = [self.equality(t) for t in (left, right)]
        if not any(kinds) or any(is_operand(t) and t.type.rank != 0 and t.type.is_numeric for t in (left, right)):
            return None
        cls = class_of(left)
        if all(kinds) and cls is class_of(right) and kinds[0] == "fields":
            assert cls is not None
            return self._equal_fields(node, cls, left, right)
        return constant(all(k == "identity" for k in kinds) and self.identical(node, left, right))

    def equality(self, term: Term) -> str | None:
        """How a class of the user's compares that has no `__eq__` of its own: by identity, or by its fields."""
        cls = class_of(term)
        if cls is None or not is_user_class(cls) or isinstance(term, Constant) and isinstance(term.value, type):
            return None
        own = self.reads.of_class(cls, "__eq__")[1]
        if own is vars(object)["__eq__"]:
            return "identity"
        return "fields" if is_dataclass(cls) and _is_generated(own) else None

    def _equal_fields(self, node: gast.AST, cls: Any, left: Term, right: Term) -> Term:
        same: Term = constant(True)
        for f in reversed([f for f in fields(cls) if f.compare]):
            equal = self.compare(
                node, gast.Eq(), self.attribute(left, f.name, node), self.attribute(right, f.name, node)
            )
            same = self.choose(equal, lambda s=same: s, lambda: constant(False), node)  # type: ignore[misc]
        return same


def _is_generated(method: object) -> bool:
    code = getattr(method, "__code__", None)
    return code is not None and code.co_filename == "<string>"


def _is_object(t: object) -> bool:
    """Whether a type is that of an object of a class, which has an identity."""
    return isinstance(t, ContainerType) and t.cls not in (list, dict) and not issubclass(t.cls, tuple)


def _kind(term: Term) -> type | None:
    """What a term is an instance of, as far as its identity goes; None where that is not known."""
    if isinstance(term, View):
        return np.ndarray
    found = class_of(term)
    if found is not None:
        return found
    if is_operand(term) and isinstance(term.type, ArrayType):
        return {"python": np.generic, "numpy": np.generic, "array": np.ndarray}.get(term.type.kind)
    return dict if isinstance(term, dict) else type(term)
