"""Expressions to operations: an abstract interpreter over the syntax tree.

What is known at compile time (modules, functions, strings, tuples' lengths, ranks) is evaluated here; the rest becomes
operations through the builder, with their types.
"""

from __future__ import annotations

import builtins
import enum
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, NoReturn

import gast
import numpy as np

from s2sad.errors import (
    NOWHERE,
    Location,
    Unsupported,
    UnsupportedCall,
    UnsupportedSyntax,
    UnsupportedType,
    did_you_mean,
)
from s2sad.frontend.context import NeedsStatic
from s2sad.frontend.dependencies import MISSING, Variable
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.reading.callables import UserValue
from s2sad.frontend.terms.cells import Evaluated, NotStatic, OfOutside
from s2sad.frontend.terms.frames import Frame
from s2sad.frontend.terms.outside import (
    OutsideItems,
    OutsideList,
    holds_numbers,
    is_read_anew,
    item_name,
    to_be_opened,
)
from s2sad.frontend.terms.references import refs
from s2sad.frontend.terms.terms import (
    Range,
    Record,
    Ref,
    Term,
    as_number,
    is_array,
    is_static,
    known_integer,
    static_value,
)
from s2sad.ir.builder import Builder
from s2sad.ir.call_lengths import equal
from s2sad.ir.containers import GETITEM
from s2sad.ir.dims import Dim, value_of
from s2sad.ir.fingerprint import fingerprint
from s2sad.ir.primitive import lookup
from s2sad.ir.primitives.effects import FORMAT, RAISE, raise_unless
from s2sad.ir.sparse_classes import is_sparse_class
from s2sad.ir.types import BOTTOM, STREAMS, ArrayType, SequenceType, StaticType, is_namedtuple
from s2sad.ir.values import Constant, Operand, Value, constant, is_operand


class _Locating(AbstractContextManager[None]):
    """Each expression is lowered in one of these: a class, as a generator takes three times as long."""

    __slots__ = ("_before", "_builder", "_location")

    def __init__(self, builder: Builder, location: Location) -> None:
        self._builder, self._location, self._before = builder, location, builder.location

    def __enter__(self) -> None:
        self._builder.location = self._location

    def __exit__(self, cls: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._builder.location = self._before
        if isinstance(error, Unsupported):
            if error.location == NOWHERE:
                raise type(error)(error.what, error.instead, self._location) from error
        elif isinstance(error, _TYPE_RULES):
            what = f"there is no {error}" if isinstance(error, KeyError) else str(error)
            raise UnsupportedType(what or type(error).__name__, "", self._location) from error


_TYPE_RULES = (TypeError, ValueError, IndexError, KeyError, NotImplementedError)


MOST_ITEMS = 64
"""Up to how many items the text has one by one where the call that compiles says how many there are."""

_PLAIN_FORMATS = (*(c.__format__ for c in (int, float, complex, str)), enum.Enum.__format__)
"""How the classes format their values whose texts are known at compile time."""


class Expressions(Lowering):
    """Lowers expressions."""

    # errors

    def at(self, node: gast.AST) -> Location:
        found = self.frame.source.location(node)
        return replace(found, again=True) if self.context.repeats else found

    def refuse(
        self, node: gast.AST, what: str, instead: str = "", cls: type[Unsupported] = UnsupportedSyntax
    ) -> NoReturn:
        raise cls(what, instead, self.at(node))

    def fails(self, node: gast.AST, what: str, exception: Exception, instead: str = "") -> NoReturn:
        """Say that the program raises an exception here, if it gets here."""
        error = Evaluated(what, instead, self.at(node))
        error.exception = exception
        raise error

    def raised(self, error: Evaluated) -> Term:
        """An exception that is known, in a branch that may not be taken."""
        assert error.exception is not None
        message = [constant(a if type(a) in (int, str) else str(a)) for a in error.exception.args[:1]]
        with _Locating(self.builder, error.location):
            return self.builder.apply(RAISE, message, {"exception": type(error.exception)})

    def locating(self, node: gast.AST) -> AbstractContextManager[None]:
        """Give what is built the node's location; errors of type rules become errors at the node."""
        return _Locating(self.builder, self.at(node))

    def raising(self, node: gast.AST) -> AbstractContextManager[None]:
        """Give what may be raised the node's location: a rule raises itself where a solver found nothing."""
        again = self.context.repeats and bool(self.frame.source.text)
        return _Locating(self.builder, replace(self.at(node), again=again))

    # what is static

    def static(self, term: Term, node: gast.AST) -> UserValue:
        """The value of a term that must be known at compile time; asks for a parameter to become static."""
        if isinstance(term, Ref) or is_array(term):
            self.ask_object(term, node)
            term = self.value_form(term)
        if is_static(term):
            return static_value(term)
        if isinstance(term, (tuple, list)):
            return (list if isinstance(term, list) else tuple)(self.static(t, node) for t in term)
        if isinstance(term, Range):
            return range(*(self.static(t, node) for t in (term.start, term.stop, term.step)))
        if isinstance(term, Value):
            if isinstance(term.type.size, int):
                return term.type.size
            if term in self.parameter_paths:
                raise NeedsStatic(*self.parameter_paths[term], self.at(node))
            self.reads.need(next((key for key, (_, v) in self.captured.items() if v is term), None))
            known = self.computed(term)
            if known is None:
                known = self.in_this_call(term)
            if known is not None:
                return known
            asked = next((o for o in self.computed_from(term) if o in self.parameter_paths), None)
            if asked is not None:
                raise NeedsStatic(*self.parameter_paths[asked], self.at(node))
        self.refuse(node, "this must be known at compile time", "pass a constant, or an argument as it is", NotStatic)

    # expressions

    def eval(self, node: gast.AST, hint: str | None = None) -> Term:
        """The term of an expression; `hint` is the name it is about to be bound to."""
        method = getattr(self, f"_eval_{type(node).__name__}", None)
        if method is None:
            self.refuse(node, f"{type(node).__name__} expressions are not supported yet")
        with self.locating(node):
            return method(node, hint)  # type: ignore[no-any-return]

    def operand(self, node: gast.AST, hint: str | None = None) -> Operand:
        with self.locating(node):
            return self.to_operand(self.eval(node, hint))

    def apply(self, function: Callable[..., object], operands: list[Operand], hint: str | None = None) -> Operand:
        primitive = lookup(function)
        if primitive is None:
            name = getattr(function, "__name__", repr(function))
            raise UnsupportedCall(f"there is no derivative rule for {name}", "", self.builder.location)
        return self.builder.apply(primitive, [as_number(o) for o in operands], None, hint)

    def _eval_Constant(self, node: gast.Constant, hint: str | None) -> Term:
        return constant(node.value)

    def _eval_Name(self, node: gast.Name, hint: str | None) -> Term:
        key = self.frame.find(node.id)
        if key is None:
            return self.outer(node)
        if key not in self.env:
            self.refuse(
                node,
                f"{node.id} is read before it is bound, or only bound in a loop or branch that may not run",
                "bind it before",
            )
        if (flag := getattr(node, "flag", None)) is not None:
            self.check_bound(node, flag)
        return self.env[key]

    def check_bound(self, node: gast.Name, flag: str) -> None:
        """Raise at run time, as Python does, where a name is not bound: its flag says so."""
        frame = self.frame.owner(node.id)
        if frame is None or flag not in frame.local:
            return
        bound = self.env.get(frame.key(flag))
        if bound is None or (isinstance(bound, Constant) and bound.value is True):
            return
        message = f"cannot access local variable '{node.id}' where it is not associated with a value"
        raise_unless(self.builder, self.to_operand(bound), UnboundLocalError, message)
        self.env[frame.key(flag)] = constant(True)

    def outer(self, node: gast.Name) -> Term:
        """A name of the module, of a closure, or a builtin."""
        function, name = self.frame.function, node.id
        if function is not None and (name in function.__code__.co_freevars or name in function.__globals__):
            variable = self.outer_variable(name, node)
            return self.captured_term(variable, variable.read())
        value = getattr(builtins, name, MISSING) if function is None else self.reads.global_value(function, name)
        if value is MISSING:
            guess = did_you_mean(name, self.names_around(function))
            instead = f"import {name}" if name in sys.modules else ""
            self.refuse(node, f"the name {name} is not defined{'' if instead else guess}", instead)
        return constant(value)

    def names_around(self, function: types.FunctionType | None) -> Iterator[str]:
        """The names that may be read here."""
        frame: Frame | None = self.frame
        while frame is not None:
            yield from frame.local
            frame = frame.parent
        yield from () if function is None else function.__globals__
        yield from vars(builtins)

    def captured_term(self, variable: Variable, value: object) -> Term:
        """What a variable outside the function means: a constant, a further parameter, or a container of these."""
        settled = self.reads.settled
        if type(value) in STREAMS:
            return self.captured_value(variable)
        if is_sparse_class(type(value)) and value.ndim == 2:  # type: ignore[attr-defined]
            return self.sparse_term(self.captured_value(variable))
        self.places.setdefault(id(value), (variable, value))
        if settled.is_bound(variable):
            return self.read_bound(variable, value)
        if settled.takes_values(value):
            return self.as_handle(variable, value)
        if is_read_anew(variable, value, self.reads) and not settled.holds_what_takes(value):
            return self.outside(self.captured_value(variable), variable)
        if to_be_opened(value) or settled.holds_what_takes(value):
            self.reads.value(variable, value, place=True)
            return self.opened_outside(variable, value)
        self.reads.value(variable, value)
        if isinstance(value, np.ndarray):
            return Constant(value, StaticType(value))
        number = type(value) in (bool, int, float, complex) or isinstance(value, np.generic)
        return constant(value, variable.shown) if number else self.outside(constant(value), variable)

    def captured_value(self, variable: Variable) -> Value:
        """A variable outside the function, as a parameter of it."""
        if variable.key not in self.captured:
            self.reads.variable(variable)
            self.captured[variable.key] = (variable, Value(self.context.captured_type(variable), variable.shown))
        return self.captured[variable.key][1]

    def opened_outside(self, variable: Variable, value: UserValue) -> Term:
        """A container from outside the function as one of terms: each item is a variable of its own."""
        whose = OfOutside(f"which belongs to the variable {variable.shown} outside the function")

        whose = whose.of(value)

        def item(key: Any, held: object) -> Term:
            name = type(value)._fields[key] if is_namedtuple(type(value)) else key
            return self.captured_term(Variable(value, key, item_name(variable.shown, name)), held)

        def whole() -> Operand | None:
            return self.whole_container(variable, value)

        if isinstance(value, dict):
            return self.new(dict, OutsideItems(value, self.reads, item, whole), whose)
        if isinstance(value, list):
            return self.new(list, OutsideList(value, self.reads, item, whole), whose)
        self.reads.keys(value)
        items = [item(k, v) for k, v in enumerate(value)]
        if is_namedtuple(type(value)):
            return Record(type(value), dict(zip(type(value)._fields, items, strict=True)))
        return tuple(items)

    def whole_container(self, variable: Variable, value: object) -> Operand | None:
        """A list or dict outside the function as one parameter or constant; None where it cannot be one."""
        if self.reads.settled.holds_what_takes(value):
            return None
        if isinstance(value, dict):
            return self.captured_value(variable) if type(value) is dict and holds_numbers(value) else None
        if fingerprint(value) is not None:
            self.reads.value(variable, value)
            return constant(value)
        return None

    def outside(self, operand: Operand, variable: Variable) -> Term:
        """A container from outside the function: it may be read."""
        whose = OfOutside(f"which belongs to the variable {variable.shown} outside the function")
        if not operand.type.is_container and not (self.memory and self.holds_mutable(operand.type)):
            return operand
        if variable.key not in self.adopted:
            builder, self.builder = self.builder, self.entry
            adopted = self.adopt(operand, whose)
            self.adopted[variable.key] = adopted
            self.builder = builder
        adopted = self.adopted[variable.key]
        # Also where it was adopted in an attempt whose cells are forgotten.
        for ref in self.reachable(adopted):
            self.env.setdefault(ref.cell, self.origins[ref.cell][1])
            if isinstance(self.frozen.get(ref.cell, whose), OfOutside):
                known = ref is adopted and ref.cls in (list, dict, np.ndarray)
                self.frozen[ref.cell] = whose.of(variable.read()) if known else whose
        return adopted

    def reachable(self, term: Term) -> list[Ref]:
        """The references in a term, and in what they refer to."""
        found: dict[str, Ref] = {}
        work = refs(term)
        while work:
            ref = work.pop()
            if ref.cell not in found:
                found[ref.cell] = ref
                contents = self.env.get(ref.cell)
                if contents is None:
                    contents = self.origins[ref.cell][1]
                work += refs(contents)
        return list(found.values())

    def _eval_Tuple(self, node: gast.Tuple, hint: str | None) -> Term:
        items = self.displayed(node.elts)
        return tuple(items) if isinstance(items, list) else items

    def _eval_List(self, node: gast.List, hint: str | None) -> Term:
        items = self.displayed(node.elts)
        return items if _is_bottom(items) else self.new(list, items)

    def _eval_Set(self, node: gast.Set, hint: str | None) -> Term:
        return constant(frozenset(self.static(item, node) for item in self.items_of(node.elts)))

    def displayed(self, nodes: list[gast.AST]) -> Any:
        """The items of `[x, *xs]`: a list of terms, or a list of run time where `xs` is one."""
        if not any(isinstance(e, gast.Starred) for e in nodes):
            return self.items_of(nodes)
        items: Any = []
        for e in nodes:
            more = self.spread(self.eval(e.value), e) if isinstance(e, gast.Starred) else [self.eval(e)]
            if _is_bottom(more):
                return more
            items = self.joined(items, more) if is_operand(items) or items else more
        return items

    def spread(self, term: Term, node: gast.AST) -> Any:
        """The items of `*term`: a list of terms, or a list of run time."""
        term = self.used_up(term)
        if _is_bottom(term):
            return term
        known = self.known_items(term, node)
        return self.open(self.call(constant(list), [term], {}, node, None)) if known is None else known

    def items_of(self, nodes: list[gast.AST]) -> list[Term]:
        items: list[Term] = []
        for e in nodes:
            if isinstance(e, gast.Starred):
                items.extend(self.sequence(self.eval(e.value), e))
            else:
                items.append(self.eval(e))
        return items

    def sequence(self, term: Term, node: gast.AST) -> list[Term]:
        """The items of a term whose length is known at compile time, or said by the call that compiles."""
        term = self.used_up(term)
        if not is_array(term) and not isinstance(term, Range):
            term = self.open(self.listed(term))
        found = self.known_items(term, node)
        if found is None:
            found = self.items_in_this_call(term)
        if found is None:
            instead = "hand over the list itself, take its items by index, or say the length in the signature"
            self.refuse(node, "the number of items is not known at compile time", instead, NotStatic)
        return found

    def items_in_this_call(self, term: Term) -> list[Term] | None:
        """The items of an array or a list of run time, as many as it has in the call that compiles, which is noted."""
        length = self.length_of_items(term)
        count = value_of(length)
        if length is None or count is None or count > MOST_ITEMS or not equal(length, count):
            return None
        return self.first_rows(term, count)

    def length_of_items(self, term: Term) -> Dim | None:
        """How many items an array or a list of run time has, by its type; None for what is none of these."""
        type_of = self.array_type(term) if is_array(term) else term.type if isinstance(term, Value) else None
        if isinstance(type_of, ArrayType):
            return type_of.shape[0] if type_of.shape else None
        return type_of.length if isinstance(type_of, SequenceType) else None

    def first_rows(self, term: Term, count: int) -> list[Term]:
        """So many items of an array or a list of run time."""
        places = [constant(k) for k in range(count)]
        if is_array(term):
            return [self.row(term, k) for k in places]
        return [self.builder.apply(GETITEM, (self.to_operand(term), k)) for k in places]

    def in_this_call(self, number: Operand) -> int | None:
        """An integer that is known, or that the call that compiles says, which is noted."""
        known = known_integer(number)
        size, value = number.type.size, value_of(number.type.size)
        return known if known is not None or size is None or value is None or not equal(size, value) else value

    def known_items(self, term: Term, node: gast.AST) -> list[Term] | None:
        """The items of what is iterated over; None where their number is not known at compile time."""
        if isinstance(term, Range) and all(isinstance(o, Constant) for o in (term.start, term.stop, term.step)):
            return [constant(k) for k in self.static(term, node)]
        if not is_array(term) or not isinstance(self.length_of_items(term), int):
            term = self.open(self.listed(term))
        if isinstance(term, (tuple, list)):
            return list(term)
        if isinstance(term, dict):
            return [constant(k) for k in term]
        if isinstance(term, Record):
            return list(term.items.values())
        length = self.length_of_items(term)
        return self.first_rows(term, length) if isinstance(length, int) else None

    def _eval_Dict(self, node: gast.Dict, hint: str | None) -> Term:
        items: dict[object, Term] = {}
        for k, v in zip(node.keys, node.values, strict=True):
            if k is None:
                more = self.open(self.eval(v))
                if not isinstance(more, dict):
                    self.refuse(node, "** of something that is no dict known at compile time")
                items.update(more)
            else:
                items[self.static(self.eval(k), k)] = self.eval(v)
        return self.made_dict(items, node)

    # strings

    def _eval_JoinedStr(self, node: gast.JoinedStr, hint: str | None) -> Term:
        parts: list[str | tuple[int, str]] = []
        operands = []
        for part in node.values:
            if isinstance(part, gast.Constant):
                parts.append(part.value)
                continue
            spec = part.format_spec.values[0].value if part.format_spec and part.format_spec.values else ""
            operands.append(self.operand(part.value))
            parts.append((part.conversion, spec))
        # what a user's class makes of its objects is not known, but for members of Enums
        known = [o for o in operands if isinstance(o, Constant) and type(o.value).__format__ in _PLAIN_FORMATS]
        if len(known) == len(operands) and all(isinstance(p, str) or p[0] == -1 for p in parts):
            return constant(FORMAT.function(*(o.value for o in known), parts=tuple(parts)))
        return self.builder.apply(FORMAT, operands, {"parts": tuple(parts)})


def _is_bottom(term: Term) -> bool:
    """Whether a term is what a function gives that calls itself: it is known in the next round."""
    return is_operand(term) and term.type == BOTTOM
