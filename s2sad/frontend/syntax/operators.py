"""Operators: of numbers and arrays as operations, of lists, dicts and strings as what Python makes of them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, TypeGuard

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.terms import Term, is_none, is_number, is_sequence, is_static, is_static_object, static_value
from s2sad.ir.containers import UNDEFINED
from s2sad.ir.primitives.effects import JOINED, PERCENT, STRING
from s2sad.ir.primitives.lists import APPEND, CONCATENATE, REPEAT
from s2sad.ir.types import BOTTOM, Type
from s2sad.ir.values import Apply, Constant, Operand, Value, constant, is_operand

UNARY_METHODS: dict[type, str] = {gast.USub: "__neg__", gast.UAdd: "__pos__", gast.Invert: "__invert__"}
BINARY: dict[type, Callable[..., object]] = {
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
UNARY: dict[type, Callable[..., object]] = {
    gast.USub: np.negative,
    gast.UAdd: np.positive,
    gast.Invert: np.invert,
}


def _is_count(term: Term) -> TypeGuard[Operand]:
    """Whether a list can be repeated so many times: an integer of Python's or NumPy's, no array."""
    return is_operand(term) and term.type.is_scalar and (term.type.is_integer or term.type.is_mask)


def _takes_part(t: Type, op: gast.AST) -> bool:
    """Whether an operand makes NumPy compute with a list beside it."""
    return t.is_array or (t.is_numeric and t.kind != "python" and not isinstance(op, gast.Mult))


class Operators(Lowering):
    """Lowers operators."""

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
        found = self.sparse_binary(node, left, right, hint)
        if found is None:
            found = self.labelled_call(BINARY[type(node.op)], [left, right], {}, node, hint)
        if found is None:
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
        if is_none(left) or is_none(right):
            sign = BINARY[type(node.op)].__name__
            self.fails(node, f"{sign} of None", TypeError(f"unsupported operand type for {sign}: 'NoneType'"))
        operands = [self.to_operand(t) for t in (left, right)]
        return self.apply(BINARY[type(node.op)], operands, hint)

    def container_binary(self, node: gast.BinOp, left: Term, right: Term) -> Term:
        if isinstance(node.op, gast.Add) and isinstance(left, tuple) and isinstance(right, tuple):
            return left + right
        if isinstance(node.op, gast.Add) and all(isinstance(t, list) or is_sequence(t) for t in (left, right)):
            return self.new(list, self.joined(left, right))
        if isinstance(node.op, gast.BitOr) and isinstance(left, dict) and isinstance(right, dict):
            return self.new(dict, {**left, **right})
        if isinstance(node.op, gast.Mult):
            for items, times in ((left, right), (right, left)):
                if (isinstance(items, (tuple, list)) or is_sequence(items)) and _is_count(times):
                    return self.repeated(items, times, node)
        operands = [t if is_operand(t) else self.to_operand(t) for t in (left, right)]
        if any(o.type == BOTTOM for o in operands):
            # what a function gives that calls itself is not known yet
            return self.builder.apply(UNDEFINED, (), {"type": BOTTOM})
        # an array, and a NumPy scalar but for a product, make an array of the other one; a Python number does not
        if not any(_takes_part(o.type, node.op) for o in operands) or any(isinstance(t, dict) for t in (left, right)):
            kinds = " and ".join(str(o.type) for o in operands)
            instead = "make an array of the list: np.array(...)"
            self.refuse(node, f"unsupported operands: {kinds}", instead, UnsupportedType)
        arrays = [o if o.type.is_numeric else self.apply(np.array, [o]) for o in operands]
        return self.apply(BINARY[type(node.op)], arrays)

    def joined(self, a: Any, b: Any) -> Term:
        """Two lists in one."""
        if isinstance(a, list) and isinstance(b, list):
            return a + b
        if isinstance(b, list):
            for item in b:
                a = self.builder.apply(APPEND, (a, self.item_value(item)))
            return a  # type: ignore[no-any-return]
        for item in a if isinstance(a, list) else ():
            self.item_value(item)
        return self.builder.apply(CONCATENATE, (self.sequence_value(a), b))

    def repeated(self, items: Term, times: Operand, node: gast.AST) -> Term:
        """`[x] * n`: a list of run-time length where n is not known, and the items are values."""
        known = times.type.size
        if is_sequence(items):
            return self.new(list, self.builder.apply(REPEAT, (items, times)))
        assert isinstance(items, (tuple, list))
        listed = isinstance(items, list) and all(self.is_plain(t, None) and not is_static_object(t) for t in items)
        written_out = self.rounds_left > 0
        if isinstance(times, Constant) or isinstance(known, int) or written_out or not listed:
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
        found = self.sparse_unary(node, term, hint)
        if found is None:
            found = self.labelled_call(UNARY[type(node.op)], [term], {}, node, hint)
        if found is None:
            found = self.call_special(term, UNARY_METHODS[type(node.op)], [], node)
        if found is not None:
            return found
        return self.apply(UNARY[type(node.op)], [self.to_operand(term)], hint)

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

    def computed_from(self, operand: Operand) -> Iterator[Value]:
        """The integers that an integer was computed from by Python's arithmetic: `n` of `2 * n + 1`."""
        made = self.builder.maker(operand)
        if isinstance(operand, Value) and operand.type.is_integer and operand.type.kind == "python":
            yield operand
            if isinstance(made, Apply) and not made.static and made.primitive.function in _ARITHMETIC:
                for o in made.operands:
                    yield from self.computed_from(o)


_PYTHON_BINARY: dict[type, Callable[[object, object], object]] = {
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


_ARITHMETIC: dict[object, Callable[..., object]] = {
    **{BINARY[op]: f for op, f in _PYTHON_BINARY.items()},
    np.negative: operator.neg,
    np.positive: operator.pos,
}


def _is_text(term: Term) -> bool:
    """Whether a term is a string, known or made at run time."""
    return is_operand(term) and (term.type == STRING or (isinstance(term, Constant) and isinstance(term.value, str)))
