"""Expressions to operations: an abstract interpreter over the syntax tree.

What is known at compile time (modules, functions, strings, tuples' lengths, ranks) is evaluated here; the rest becomes
operations through the builder, with their types.
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import gast
import numpy as np

from s2sad.errors import Location, Unsupported, UnsupportedCall, UnsupportedSyntax, UnsupportedType
from s2sad.frontend.context import NeedsStatic
from s2sad.frontend.dependencies import MISSING, Variable
from s2sad.frontend.library.containers import index_of, is_sequence, is_slice, joined
from s2sad.frontend.library.ufunc_methods import GRIDS, grid
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.cells import NotStatic, refs
from s2sad.frontend.terms.outside import (
    OutsideItems,
    OutsideList,
    holds_numbers,
    is_read_anew,
    item_name,
    to_be_opened,
)
from s2sad.frontend.terms.terms import (
    Closure,
    Known,
    Partial,
    Range,
    Record,
    Ref,
    Slice,
    Term,
    is_array,
    is_number,
    is_static,
    known_integer,
    static_value,
)
from s2sad.ir.containers import GETITEM
from s2sad.ir.fingerprint import fingerprint
from s2sad.ir.primitive import lookup
from s2sad.ir.primitives.effects import FORMAT, JOINED, PERCENT, RAISE, STRING
from s2sad.ir.primitives.lists import REPEAT, SEQUENCE, item_type
from s2sad.ir.types import BOTTOM, INT, ArrayType, ContainerType, SequenceType, SliceType, StaticType, is_namedtuple
from s2sad.ir.values import Apply, Constant, Operand, Value, constant

UNARY_METHODS: dict[type, str] = {gast.USub: "__neg__", gast.UAdd: "__pos__", gast.Invert: "__invert__"}
BINARY: dict[type, Callable[..., Any]] = {
    gast.Add: np.add,
    gast.Sub: np.subtract,
    gast.Mult: np.multiply,
    gast.Div: np.divide,
    gast.FloorDiv: np.floor_divide,
    gast.Mod: np.remainder,
    gast.Pow: np.power,
    gast.MatMult: np.matmul,
    gast.BitAnd: np.bitwise_and,
    gast.BitOr: np.bitwise_or,
    gast.BitXor: np.bitwise_xor,
    gast.LShift: np.left_shift,
    gast.RShift: np.right_shift,
}
UNARY: dict[type, Callable[..., Any]] = {
    gast.USub: np.negative,
    gast.UAdd: np.positive,
    gast.Invert: np.invert,
}


class Expressions(Lowering):
    """Lowers expressions."""

    # errors

    def at(self, node: gast.AST) -> Location:
        return self.frame.source.location(node)

    def refuse(
        self, node: gast.AST, what: str, instead: str = "", cls: type[Unsupported] = UnsupportedSyntax
    ) -> NoReturn:
        raise cls(what, instead, self.at(node))

    @contextmanager
    def locating(self, node: gast.AST) -> Iterator[None]:
        """Give what is built the node's location; errors of type rules become errors at the node."""
        before, self.builder.location = self.builder.location, self.at(node)
        try:
            yield
        except (TypeError, ValueError, IndexError, KeyError, NotImplementedError) as e:
            if isinstance(e, Unsupported):
                raise
            raise UnsupportedType(str(e) or type(e).__name__, "", self.at(node)) from e
        finally:
            self.builder.location = before

    # what is static

    def static(self, term: Term, node: gast.AST) -> Any:
        """The value of a term that must be known at compile time; asks for a parameter to become static."""
        if isinstance(term, Ref) or is_array(term):
            term = self.value_form(term)
        if is_static(term):
            return static_value(term)
        if isinstance(term, (tuple, list)):
            return type(term)(self.static(t, node) for t in term)
        if isinstance(term, Range):
            return range(*(self.static(t, node) for t in (term.start, term.stop, term.step)))
        if isinstance(term, Value):
            if isinstance(term.type, ArrayType) and isinstance(term.type.size, int):
                return term.type.size
            if term in self.parameter_paths:
                raise NeedsStatic(*self.parameter_paths[term], self.at(node))
            self.reads.need(next((key for key, (_, v) in self.captured.items() if v is term), None))
            known = self.computed(term)
            if known is not None:
                return known
        self.refuse(node, "this must be known at compile time", "pass a constant, or an argument as it is", NotStatic)

    def computed(self, operand: Operand) -> int | float | None:
        """The number that was computed from constants alone: -np.inf."""
        if isinstance(operand, Constant):
            return operand.value if isinstance(operand.value, (int, float)) else None
        made = next((o for o in reversed(self.builder.operations) if operand in o.results), None)
        if not isinstance(made, Apply) or made.static or made.primitive.function not in _ARITHMETIC:
            return None
        known = [self.computed(o) for o in made.operands]
        if any(k is None for k in known):
            return None
        try:
            found = _ARITHMETIC[made.primitive.function](*known)
        except ArithmeticError:
            return None
        return found if isinstance(found, (int, float)) else None

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

    def apply(self, function: Callable[..., Any], operands: list[Operand], hint: str | None = None) -> Operand:
        primitive = lookup(function)
        if primitive is None:
            name = getattr(function, "__name__", repr(function))
            raise UnsupportedCall(f"there is no derivative rule for {name}", "", self.builder.location)
        return self.builder.apply(primitive, operands, None, hint)

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
        return self.env[key]

    def outer(self, node: gast.Name) -> Term:
        """A name of the module, of a closure, or a builtin."""
        function, name = self.frame.function, node.id
        if function is not None and name in function.__code__.co_freevars:
            self.reads.function(function)
            cell = (function.__closure__ or ())[function.__code__.co_freevars.index(name)]
            return self.captured_term(Variable(cell, name), cell.cell_contents)
        if function is not None and name in function.__globals__:
            self.reads.function(function)
            return self.captured_term(Variable(function.__globals__, name), function.__globals__[name])
        value = getattr(builtins, name, MISSING) if function is None else self.reads.global_value(function, name)
        if value is MISSING:
            self.refuse(node, f"the name {name} is not defined")
        return constant(value)

    def captured_term(self, variable: Variable, value: Any) -> Term:
        """What a variable outside the function means: a constant, a further parameter, or a container of these."""
        if is_read_anew(variable, value, self.reads):
            return self.outside(self.captured_value(variable), variable)
        if to_be_opened(value):
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

    def opened_outside(self, variable: Variable, value: Any) -> Term:
        """A container from outside the function as one of terms: each item is a variable of its own."""
        whose = f"which belongs to the variable {variable.shown} outside the function"

        def item(key: Any, held: Any) -> Term:
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

    def whole_container(self, variable: Variable, value: Any) -> Operand | None:
        """A list or dict outside the function as one parameter or constant; None where it cannot be one."""
        if isinstance(value, dict):
            return self.captured_value(variable) if type(value) is dict and holds_numbers(value) else None
        if fingerprint(value) is not None:
            self.reads.value(variable, value)
            return constant(value)
        return None

    def outside(self, operand: Operand, variable: Variable) -> Term:
        """A container from outside the function: it may be read."""
        whose = f"which belongs to the variable {variable.shown} outside the function"
        if not isinstance(operand.type, ContainerType) and not (self.memory and self.holds_mutable(operand.type)):
            return operand
        if variable.key not in self.adopted:
            builder, self.builder = self.builder, self.entry
            adopted = self.adopt(operand, whose)
            self.adopted[variable.key] = adopted
            self.builder = builder
        for ref in self.reachable(self.adopted[variable.key]):
            self.env.setdefault(ref.cell, self.origins[ref.cell][1])
        return self.adopted[variable.key]

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
        return tuple(self.items_of(node.elts))

    def _eval_List(self, node: gast.List, hint: str | None) -> Term:
        return self.new(list, self.items_of(node.elts))

    def _eval_Set(self, node: gast.Set, hint: str | None) -> Term:
        return constant(frozenset(self.static(item, node) for item in self.items_of(node.elts)))

    def items_of(self, nodes: list[gast.AST]) -> list[Term]:
        items: list[Term] = []
        for e in nodes:
            if isinstance(e, gast.Starred):
                items.extend(self.sequence(self.eval(e.value), e))
            else:
                items.append(self.eval(e))
        return items

    def sequence(self, term: Term, node: gast.AST) -> list[Term]:
        """The items of a term whose length is known at compile time."""
        if isinstance(term, Range) and all(isinstance(o, Constant) for o in (term.start, term.stop, term.step)):
            return [constant(k) for k in self.static(term, node)]
        if is_array(term):
            length = (self.array_type(term).shape or (None,))[0]
            if isinstance(length, int):
                return [self.row(term, constant(k)) for k in range(length)]
        term = self.open(self.listed(term))
        if isinstance(term, (tuple, list)):
            return list(term)
        if isinstance(term, dict):
            return [constant(k) for k in term]
        if isinstance(term, Record):
            return list(term.items.values())
        if isinstance(term, Value) and isinstance(term.type, ArrayType) and term.type.shape:
            length = term.type.shape[0]
            if isinstance(length, int):
                return [self.builder.apply(GETITEM, (term, constant(k))) for k in range(length)]
        if isinstance(term, Value) and isinstance(term.type, SequenceType) and isinstance(term.type.length, int):
            return [self.builder.apply(GETITEM, (term, constant(k))) for k in range(term.type.length)]
        self.refuse(node, "the number of items is not known at compile time", "", UnsupportedType)

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
        return self.new(dict, items)

    def _eval_BinOp(self, node: gast.BinOp, hint: str | None) -> Term:
        spine = [node]  # left-deep chains of a thousand terms are walked, not recursed into
        while isinstance(spine[-1].left, gast.BinOp):
            spine.append(spine[-1].left)
        left = self.eval(spine[-1].left)
        for n in reversed(spine):
            with self.locating(n):
                left = self.binary(n, left, self.eval(n.right), hint if n is node else None)
        return left

    def binary(self, node: gast.BinOp, left: Term, right: Term, hint: str | None) -> Term:
        found = self.binary_objects(node, node.op, left, right)
        if found is not None:
            return found
        left, right = (self.open(t) for t in (left, right))
        text = [_is_text(t) for t in (left, right)]
        if text[0] and isinstance(node.op, gast.Mod) and not is_static(right):
            return self.builder.apply(PERCENT, [self.to_operand(t) for t in (left, right)])
        if any(text) and not (is_static(left) and is_static(right)) and isinstance(node.op, gast.Add):
            return self.builder.apply(JOINED, [self.to_operand(t) for t in (left, right)])
        if any(isinstance(t, (tuple, list, dict)) or is_sequence(t) for t in (left, right)) and not text[0]:
            return self.container_binary(node, left, right)
        if is_static(left) and is_static(right) and not (is_number(left) and is_number(right)):
            return constant(_PYTHON_BINARY[type(node.op)](static_value(left), static_value(right)))
        operands = [self.to_operand(t) for t in (left, right)]
        return self.apply(BINARY[type(node.op)], operands, hint)

    def container_binary(self, node: gast.BinOp, left: Term, right: Term) -> Term:
        if isinstance(node.op, gast.Add) and isinstance(left, tuple) and isinstance(right, tuple):
            return left + right
        if isinstance(node.op, gast.Add) and all(isinstance(t, list) or is_sequence(t) for t in (left, right)):
            return self.new(list, joined(self, left, right))
        if isinstance(node.op, gast.BitOr) and isinstance(left, dict) and isinstance(right, dict):
            return self.new(dict, {**left, **right})
        if isinstance(node.op, gast.Mult):
            items, times = (left, right) if isinstance(left, (tuple, list)) else (right, left)
            if isinstance(items, (tuple, list)) and isinstance(times, (Value, Constant)):
                return self.repeated(items, times, node)
        arrays = [t if isinstance(t, (Value, Constant)) else self.to_operand(t) for t in (left, right)]
        if any(isinstance(o.type, ArrayType) for o in arrays):
            return self.apply(
                BINARY[type(node.op)],
                [o if isinstance(o.type, ArrayType) else self.apply(np.array, [o]) for o in arrays],
            )
        self.refuse(node, f"unsupported operands: {arrays[0].type} and {arrays[1].type}", "", UnsupportedType)

    def repeated(self, items: Any, times: Operand, node: gast.AST) -> Term:
        """`[x] * n`: a list of run-time length where n is not known."""
        known = times.type.size if isinstance(times.type, ArrayType) else None
        if isinstance(times, Constant) or isinstance(known, int) or isinstance(items, tuple):
            many = items * int(self.static(times, node))
            return many if isinstance(items, tuple) else self.new(list, many)
        for item in items:
            self.item_value(item)
        return self.new(list, self.builder.apply(REPEAT, (self.sequence_value(items), times)))

    def _eval_UnaryOp(self, node: gast.UnaryOp, hint: str | None) -> Term:
        if isinstance(node.op, gast.Not):
            term = self.tested(node.operand)
            truth = self.truth(term, node.operand)
            return constant(not truth) if isinstance(truth, bool) else self.apply(operator.not_, [truth])
        term = self.eval(node.operand)
        found = self.call_special(term, UNARY_METHODS[type(node.op)], [], node)
        if found is not None:
            return found
        return self.apply(UNARY[type(node.op)], [self.to_operand(term)], hint)

    # subscripts

    def _eval_Subscript(self, node: gast.Subscript, hint: str | None) -> Term:
        base = self.eval(node.value)
        if isinstance(base, Value) and base.type == BOTTOM:
            return base
        index_term = self.index(node.slice)
        found = self.call_special(base, "__getitem__", [index_term], node)
        return self.item_at(base, index_term, node, hint) if found is None else found

    def item_at(self, base: Term, index_term: Term, node: gast.Subscript, hint: str | None) -> Term:
        """`base[index]`."""
        if is_array(base):
            view = self.subscript(base, index_term)
            if view is not None:
                return view
        if isinstance(base, Constant) and any(base.value is g for g in GRIDS):
            return grid(self, base.value, index_term, node)
        whole, base = base, self.open(base)
        if isinstance(base, (Value, Constant)) and isinstance(base.type, ArrayType):
            return self.builder.apply(GETITEM, (base, self.to_operand(index_term)), None, hint)
        if isinstance(base, (Value, Constant)) and isinstance(base.type, SequenceType):
            place = self.to_operand(index_term)
            item = self.builder.apply(GETITEM, (base, place), None, hint)
            if isinstance(place.type, SliceType):
                return self.new(list, item)
            adopted = self.adopt(item, "which is in a list of run-time length")
            if isinstance(adopted, Ref) and isinstance(whole, Ref):
                self.inside[adopted.cell] = (whole, place)
            return adopted
        if isinstance(base, Record) and issubclass(base.cls, tuple):
            base = tuple(base.items.values())
        if isinstance(base, Range):
            base = [constant(k) for k in self.static(base, node)]
        if isinstance(base, list) and not is_slice(index_term) and index_of(self, index_term, 0) is None:
            return self.item_of_known(base, index_term, node, hint)
        if isinstance(base, (tuple, list)):
            index = self.static(index_term, getattr(node, "slice", node))
            if isinstance(base, OutsideList) and isinstance(index, int) and base.has(index):
                read: Term = base[index]
                return read
            if isinstance(index, int) and not -len(base) <= index < len(base):
                self.refuse(node, f"index {index} of {len(base)} items", "", UnsupportedType)
            items = base[index]
            return self.new(list, items) if isinstance(items, list) and isinstance(index, slice) else items
        if isinstance(base, dict) and isinstance(index_term, Known):
            return self.item_of_dict(base, index_term, list(base), node)
        if isinstance(base, dict):
            key = self.static(index_term, getattr(node, "slice", node))
            if key not in base and isinstance(whole, Ref) and whole.cell in self.factories:
                made = self.call(self.factories[whole.cell], [], {}, node, None)
                self.change(whole, {**base, key: made}, node)
                return made
            if key not in base:
                self.refuse(node, f"the dict has no key {key!r}")
            found: Term = base[key]
            return found
        if is_static(base):
            return constant(static_value(base)[self.static(index_term, node.slice)])
        self.refuse(node, "this cannot be indexed", "", UnsupportedType)

    def item_of_dict(self, base: dict[Any, Term], key: Known, keys: list[Any], node: gast.AST) -> Term:
        """The item of a dict at one of several strings."""
        if not keys:
            return self.builder.apply(RAISE, [self.to_operand(key)], {"exception": KeyError})
        same = self.apply(np.equal, [key.index, constant(self.number_of(keys[0]))])
        return self.choose(same, lambda: base[keys[0]], lambda: self.item_of_dict(base, key, keys[1:], node), node)

    def row(self, array: Term, index: Operand) -> Term:
        """One row of an array that lives in a cell, or one element of a vector."""
        view = self.subscript(array, index)
        return self.builder.apply(GETITEM, (self.to_operand(array), index)) if view is None else view

    def item_of_known(self, items: list[Term], index: Term, node: gast.Subscript, hint: str | None) -> Term:
        """The item of a list of known length at an index of run time: the items must be of one type."""
        if isinstance(index, Value) and index in self.parameter_paths and index.type == INT:
            raise NeedsStatic(*self.parameter_paths[index], self.at(node))
        operands = [self.to_operand(t) for t in items if not isinstance(t, (Ref, Closure, Partial))]
        if len(operands) < len(items) or item_type(*(o.type for o in operands)) is None:
            self.static(index, getattr(node, "slice", node))
        sequence = self.builder.apply(SEQUENCE, operands)
        return self.builder.apply(GETITEM, (sequence, self.to_operand(index)), None, hint)

    def index(self, node: gast.AST) -> Term:
        if isinstance(node, gast.Slice):
            parts = [constant(None) if p is None else self.operand(p) for p in (node.lower, node.upper, node.step)]
            made = self.builder.operand(slice(*parts))
            self.slices[made] = Slice(*parts)
            return made
        if isinstance(node, gast.Tuple):
            return tuple(self.index(e) for e in node.elts)
        term = self.eval(node)
        if not isinstance(term, Range):
            return term
        plain = (known_integer(term.start), known_integer(term.step)) == (0, 1)
        return self.apply(np.arange, [term.stop] if plain else [term.start, term.stop, term.step])

    # strings

    def _eval_JoinedStr(self, node: gast.JoinedStr, hint: str | None) -> Term:
        parts: list[object] = []
        operands = []
        for part in node.values:
            if isinstance(part, gast.Constant):
                parts.append(part.value)
                continue
            spec = part.format_spec.values[0].value if part.format_spec and part.format_spec.values else ""
            operands.append(self.operand(part.value))
            parts.append((part.conversion, spec))
        return self.builder.apply(FORMAT, operands, {"parts": tuple(parts)})


_PYTHON_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    gast.Add: operator.add,
    gast.Sub: operator.sub,
    gast.Mult: operator.mul,
    gast.Div: operator.truediv,
    gast.FloorDiv: operator.floordiv,
    gast.Mod: operator.mod,
    gast.Pow: operator.pow,
    gast.BitOr: operator.or_,
    gast.BitAnd: operator.and_,
    gast.BitXor: operator.xor,
    gast.MatMult: operator.matmul,
    gast.LShift: operator.lshift,
    gast.RShift: operator.rshift,
}


_ARITHMETIC: dict[Any, Callable[..., Any]] = {
    **{BINARY[op]: f for op, f in _PYTHON_BINARY.items()},
    np.negative: operator.neg,
    np.positive: operator.pos,
}


def _is_text(term: Term) -> bool:
    """Whether a term is a string, known or made at run time."""
    return isinstance(term, (Value, Constant)) and (
        term.type is STRING or (isinstance(term, Constant) and isinstance(term.value, str))
    )
