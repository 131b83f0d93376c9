"""Algebraic simplification and common subexpressions, in one walk from the first operation to the last.

    v_bar = 1.0 * (0.5 / y)                      ->  v_bar = 0.5 / y
    x_bar = g * (1.0 / x)                        ->  x_bar = g / x
    x_bar = np.broadcast_to(g, x.shape) * x      ->  x_bar = g * x

Each row of the table says the identity, and why floating point allows it. All of them keep the type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from s2sad.ir.builder import Builder
from s2sad.ir.custom import BlackBox
from s2sad.ir.lists import LIST_ADD, ZERO_ITEMS
from s2sad.ir.primitive import Effect, Primitive, lookup, required
from s2sad.ir.rewrite import renamed
from s2sad.ir.structure import EXTRACT, GETITEM, MAKE, UNDEFINED, is_basic_index
from s2sad.ir.types import ArrayType, ContainerType, StaticType, type_of
from s2sad.ir.values import Apply, Block, Call, Constant, For, Function, If, Operand, Operation, Value, While, constant
from s2sad.optimize.operands import (
    frozen,
    is_literal,
    is_number,
    is_unnamed,
    operand_key,
    same_type,
)
from s2sad.optimize.stores import plus_scatter, read_of_stored, store_of_sum, stored_twice

Rule = Callable[["Simplifier", Apply], Operand | None]


def simplify(function: Function) -> tuple[Function, bool]:
    """The function with the identities applied and no pure operation written twice; whether another run may do more."""
    s = Simplifier()
    return renamed(replace(function, body=s.block(function.body)), s.names), s.again


class Simplifier:
    """`table` maps old operands to new ones, `made` new values to their operations, `seen` expressions to values."""

    def __init__(self) -> None:
        self.table: dict[Operand, Operand] = {}
        self.made: dict[Value, Apply] = {}
        self.seen: dict[object, Operand] = {}
        self.operations: list[Operation] = []
        self.names: dict[Value, tuple[str, bool]] = {}
        """Names that values without one take over from what they replace."""
        self.again = False
        """Whether a loop or branch was found to hand on a value unchanged: what is around it may then do so too."""

    def get(self, operand: Operand) -> Operand:
        return self.table.get(operand, operand)

    def definition(self, operand: Operand, primitive: Primitive | None) -> Apply | None:
        """The operation that makes an operand, where it is a call of this primitive."""
        op = self.made.get(operand) if isinstance(operand, Value) else None
        return op if op is not None and op.primitive is primitive else None

    def block(self, block: Block) -> Block:
        outer, self.operations = self.operations, []
        seen, self.seen = self.seen, dict(self.seen) if len(self.seen) < 2000 else {}
        for op in block.operations:
            self.operation(op)
        result = Block(block.parameters, tuple(self.operations), tuple(self.get(r) for r in block.results))
        self.operations, self.seen = outer, seen
        return result

    def operation(self, op: Operation) -> None:
        match op:
            case Apply():
                self.apply(op)
            case Call():
                self.operations.append(replace(op, operands=tuple(map(self.get, op.operands))))
            case If():
                predicate = self.get(op.predicate)
                then, orelse = self.block(op.then), self.block(op.orelse)
                self.operations.append(replace(op, predicate=predicate, then=then, orelse=orelse))
                self.unchanged(op, then, orelse)
            case For():
                self.invariant(op)
                start, stop, step = map(self.get, (op.start, op.stop, op.step))
                initial, scanned = tuple(map(self.get, op.initial)), tuple(map(self.get, op.scanned))
                body = self.block(op.body)
                self.operations.append(
                    replace(op, start=start, stop=stop, step=step, initial=initial, scanned=scanned, body=body)
                )
            case While():
                self.invariant(op)
                initial = tuple(map(self.get, op.initial))
                self.operations.append(replace(op, initial=initial, test=self.block(op.test), body=self.block(op.body)))

    def unchanged(self, op: If, then: Block, orelse: Block) -> None:
        """What both branches hand on alike is that value."""
        for r, a, b in zip(op.results, then.results, orelse.results, strict=True):
            if a is b and a.type == r.type and r not in self.table:
                self.table[r] = a
                self.again = True
        if _decides_to_stop(op, then, orelse):
            self.table[op.results[0]] = self.get(op.predicate)
            self.again = True

    def invariant(self, op: For | While) -> None:
        """What a loop carries unchanged is its initial value."""
        for k, (p, initial) in enumerate(zip(op.carried, op.initial, strict=True)):
            if op.body.results[k] is p:
                new = self.get(initial)
                if isinstance(new, Value) or same_type(new.type, p.type):
                    self.again = True
                    self.table[p] = self.table[op.results[k]] = new
                    if isinstance(op, While):
                        self.table[op.test.parameters[k]] = new

    def apply(self, op: Apply) -> None:
        operands = tuple(map(self.get, op.operands))
        if operands != op.operands:
            op = replace(op, operands=operands)
        if op.primitive.elementwise and len(op.operands) > 1:
            op = drop_broadcasts(self, op)
        if op.primitive.name in _SPREADABLE:
            spread = broadcast_last(self, op)
            if spread is not None:
                self.table[op.result] = spread
                return
        for rule in RULES.get(op.primitive.name, ()):
            new = rule(self, op)
            if new is not None:
                self.table[op.result] = new
                if isinstance(new, Value) and new.hint is None and op.result.hint is not None and new in self.made:
                    self.names.setdefault(new, (op.result.hint, op.result.loose))
                return
        key = _key(op)
        if key is not None:
            before = self.seen.get(key)
            if before is not None and (_may_replace(op, before) or self.named_after(op, before)):
                self.table[op.result] = before
                return
            self.seen.setdefault(key, op.result)
        self.made[op.result] = op
        self.operations.append(op)

    def named_after(self, op: Apply, before: Operand) -> bool:
        """Whether an earlier run of a black box takes the name of this one: it may take long."""
        if not isinstance(op.primitive, BlackBox) or not isinstance(before, Value) or before.hint is not None:
            return False
        assert op.result.hint is not None
        self.names.setdefault(before, (op.result.hint, op.result.loose))
        return True

    def build(self, op: Apply, function: Callable[..., object] | Primitive, *operands: Operand) -> Operand:
        """A replacement for `op`: another operation with its name, location and comment."""
        primitive = function if isinstance(function, Primitive) else required(function)
        builder = Builder(op.location, self.reasons(op, operands))
        result = builder.apply(primitive, operands, None, op.result.hint, op.result.loose)
        for new in builder.operations:
            assert isinstance(new, Apply)
            if result.type != op.result.type:
                new = replace(new, result=op.result)
                result = op.result
            self.apply(new)
        return self.get(result)

    def compute(self, builder: Builder, primitive: Primitive, operands: Sequence[Operand]) -> Operand:
        """An operation that a replacement needs beside its own."""
        result = builder.apply(primitive, operands)
        for new in builder.operations:
            assert isinstance(new, Apply)
            self.apply(new)
        return self.get(result)

    def reasons(self, op: Apply, operands: Sequence[Operand]) -> tuple[Operation, ...]:
        """What a replacement is about: the operation, and the unnamed ones that it takes in."""
        absorbed = [self.made[o] for o in op.operands if isinstance(o, Value) and o in self.made and is_unnamed(o)]
        gone = [a for a in absorbed if a.result not in operands]
        return tuple(dict.fromkeys([*op.about, *(r for a in gone for r in a.about)])) if op.about else ()


def _may_replace(op: Apply, before: Operand) -> bool:
    """Whether an earlier value stands for the result: a name of the user's is kept, but not for an item of a tuple."""
    hint = op.result.hint
    return (
        hint is None
        or op.result.loose
        or op.primitive is EXTRACT
        or (isinstance(before, Value) and before.hint == hint)
    )


def _decides_to_stop(op: If, then: Block, orelse: Block) -> bool:
    """Whether a branch says no more than that a loop is left where its predicate holds."""
    if len(op.results) != 1 or op.results[0].hint != "stop" or then.operations or orelse.operations:
        return False
    return [getattr(b.results[0], "value", None) for b in (then, orelse)] == [True, False]


UNSHARED = frozenset(
    {"np.zeros_like", "np.zeros", "np.empty", "np.empty_like", "np.ones", "np.array", "np.copy", "zero_items"}
    | {"sequence", "concatenate"}
)
"""Fresh memory that is about to be written: sharing it would cost a copy."""


def _key(op: Apply) -> object | None:
    if op.primitive.effect is Effect.IO or op.primitive is UNDEFINED or op.primitive.name in UNSHARED:
        return None
    if op.primitive.update is not None:
        return None
    try:
        static = tuple((k, frozen(v)) for k, v in op.static.items())
        key = (op.primitive, tuple(operand_key(o) for o in op.operands), static)
        hash(key)
    except TypeError:
        return None
    return key


def _times_one(s: Simplifier, op: Apply) -> Operand | None:
    """x * 1 -> x; exact"""
    x, y = op.operands
    for a, b in ((x, y), (y, x)):
        if is_number(b, 1.0) and same_type(a.type, op.result.type):
            return a
    return None


def _times_minus_one(s: Simplifier, op: Apply) -> Operand | None:
    """x * -1 -> -x; exact"""
    x, y = op.operands
    for a, b in ((x, y), (y, x)):
        if is_number(b, -1.0) and same_type(a.type, op.result.type):
            return s.build(op, np.negative, a)
    return None


def _times_quotient(s: Simplifier, op: Apply) -> Operand | None:
    """g * (1 / x) -> g / x; one rounding less"""
    x, y = op.operands
    for a, b in ((x, y), (y, x)):
        quotient = s.definition(b, lookup(np.divide))
        if quotient is not None and is_number(quotient.operands[0], 1.0) and is_unnamed(b):
            return s.build(op, np.divide, a, quotient.operands[1])
    return None


def _times_negative(s: Simplifier, op: Apply) -> Operand | None:
    """a * -b -> -a * b for an unnamed -b; exact. (-a) * (-b) -> a * b; exact"""
    x, y = op.operands
    n = s.definition(y, lookup(np.negative))
    if n is None or not is_unnamed(y):
        return None
    m = s.definition(x, lookup(np.negative))
    if m is not None and is_unnamed(x):
        return s.build(op, np.multiply, m.operands[0], n.operands[0])
    return None


def _times_scaled(s: Simplifier, op: Apply) -> Operand | None:
    """a * (b / x) -> (a * b) / x and a * (b * x) -> (a * b) * x for numbers a and b; a rounding less or more"""
    for a, b in (op.operands, op.operands[::-1]):
        inner = s.made.get(b) if isinstance(b, Value) and is_literal(a) and is_unnamed(b) else None
        if inner is None or inner.primitive.name not in ("np.multiply", "np.divide") or inner.static:
            continue
        first, second = inner.operands
        if inner.primitive.name == "np.multiply" and not is_literal(first):
            quotient = s.definition(first, lookup(np.divide))
            if quotient is None or not is_literal(quotient.operands[0]) or not is_unnamed(first):
                continue
            scaled = _scaled(s, op, a, quotient)
            return None if scaled is None else s.build(op, np.multiply, scaled, second)
        if is_literal(first):
            return _scaled(s, op, a, inner, op)
    return None


def _scaled(s: Simplifier, op: Apply, factor: Operand, inner: Apply, result: Apply | None = None) -> Operand | None:
    """`(factor * number) * x` or `(factor * number) / x` for `inner = number * x` or `number / x`."""
    number, x = inner.operands
    assert isinstance(factor, Constant) and isinstance(number, Constant)
    product = constant(factor.value * number.value)  # type: ignore[operator]
    if result is not None:
        return s.build(result, inner.primitive, product, x)
    about = tuple(dict.fromkeys((*op.about, *inner.about)))
    made = s.compute(Builder(op.location, about), inner.primitive, (product, x))
    return made if isinstance(made, Value) else None


def _over_one(s: Simplifier, op: Apply) -> Operand | None:
    """x / 1 -> x; exact"""
    x, y = op.operands
    return x if is_number(y, 1.0) and same_type(x.type, op.result.type) else None


def _plus_zero(s: Simplifier, op: Apply) -> Operand | None:
    """x + 0 -> x; exact but for the sign of a zero"""
    x, y = op.operands
    for a, b in ((x, y), (y, x)):
        if is_number(b, 0.0) and same_type(a.type, op.result.type):
            return a
    return None


def _plus_negative(s: Simplifier, op: Apply) -> Operand | None:
    """a + -b -> a - b; exact"""
    x, y = op.operands
    negative = s.definition(y, lookup(np.negative))
    if negative is not None and is_unnamed(y):
        return s.build(op, np.subtract, x, negative.operands[0])
    negative = s.definition(x, lookup(np.negative))
    if negative is not None and is_unnamed(x):
        return s.build(op, np.subtract, y, negative.operands[0])
    return None


def _plus_itself(s: Simplifier, op: Apply) -> Operand | None:
    """x + x -> 2 * x; exact"""
    x, y = op.operands
    if x is y and isinstance(x, Value) and isinstance(x.type, ArrayType) and x.type.is_inexact:
        return s.build(op, np.multiply, Constant(2.0, type_of(2.0)), x)
    return None


def _minus_zero(s: Simplifier, op: Apply) -> Operand | None:
    """x - 0 -> x; exact"""
    x, y = op.operands
    return x if is_number(y, 0.0) and same_type(x.type, op.result.type) else None


def _minus_negative(s: Simplifier, op: Apply) -> Operand | None:
    """a - -b -> a + b; exact"""
    negative = s.definition(op.operands[1], lookup(np.negative))
    if negative is not None and is_unnamed(op.operands[1]):
        return s.build(op, np.add, op.operands[0], negative.operands[0])
    return None


def _items_plus_item(s: Simplifier, op: Apply) -> Operand | None:
    """add_items(xs, list_add(zeros, k, g)) -> list_add(xs, k, g); exact"""
    x, y = op.operands
    for a, b in ((x, y), (y, x)):
        update = s.definition(b, LIST_ADD)
        if update is not None and s.definition(update.operands[0], ZERO_ITEMS) is not None and is_unnamed(b):
            return s.build(op, LIST_ADD, a, update.operands[1], update.operands[2])
    return None


def _double_negative(s: Simplifier, op: Apply) -> Operand | None:
    """--x -> x; exact"""
    inner = s.definition(op.operands[0], lookup(np.negative))
    return inner.operands[0] if inner is not None and same_type(inner.operands[0].type, op.result.type) else None


def _negative_number(s: Simplifier, op: Apply) -> Operand | None:
    """-(c) -> the number; -(c / x) -> -c / x; exact"""
    o = op.operands[0]
    if is_literal(o):
        return Constant(-o.value, o.type)  # type: ignore[operator,union-attr]
    quotient = s.definition(o, lookup(np.divide))
    if quotient is not None and is_unnamed(o) and is_literal(quotient.operands[0]):
        numerator = quotient.operands[0]
        return s.build(op, np.divide, Constant(-numerator.value, numerator.type), quotient.operands[1])  # type: ignore[operator,union-attr]
    return None


def _to_same_shape(s: Simplifier, op: Apply) -> Operand | None:
    """broadcast_to(x, x.shape) -> x; exact"""
    x = op.operands[0]
    return x if x.type == op.result.type else None


def _settled_choice(s: Simplifier, op: Apply) -> Operand | None:
    """where(True, x, y) -> x; exact"""
    condition = op.operands[0]
    if not isinstance(condition, Constant) or not isinstance(condition.value, bool):
        return None
    kept = op.operands[1 if condition.value else 2]
    return kept if kept.type == op.result.type else None


def _item_of_made(s: Simplifier, op: Apply) -> Operand | None:
    """(a, b)[0] -> a; exact"""
    made = s.definition(op.operands[0], MAKE)
    if made is None:
        return None
    keys = made.static["keys"]
    assert isinstance(keys, tuple)
    return made.operands[keys.index(op.static["key"])]


def _twice_transposed(s: Simplifier, op: Apply) -> Operand | None:
    """x.T.T -> x; exact"""
    inner = s.definition(op.operands[0], op.primitive)
    if inner is not None and not op.static and not inner.static and inner.operands[0].type == op.result.type:
        return inner.operands[0]
    return None


def drop_broadcasts(s: Simplifier, op: Apply) -> Apply:
    """f(broadcast_to(a, shape), b) -> f(a, b) where b has the shape already; exact"""
    t = op.result.type
    if not isinstance(t, ArrayType) or t.shape is None:
        return op
    operands = list(op.operands)
    for k, o in enumerate(operands):
        others = [p for j, p in enumerate(operands) if j != k]
        if not any(isinstance(p.type, ArrayType) and p.type.shape == t.shape for p in others):
            continue
        source = _before_broadcast(s, o)
        if isinstance(source.type, ArrayType) and isinstance(o.type, ArrayType) and source.type.dtype == o.type.dtype:
            operands[k] = source
    return op if operands == list(op.operands) else replace(op, operands=tuple(operands))


def broadcast_last(s: Simplifier, op: Apply) -> Operand | None:
    """f(broadcast_to(a, shape), c) -> broadcast_to(f(a, c), shape) for numbers a and c; exact"""
    spread = next((d for o in op.operands if (d := s.definition(o, lookup(np.broadcast_to))) and is_unnamed(o)), None)
    if spread is None or not is_unnamed(op.result):
        return None
    numbers = [spread.operands[0] if s.made.get(o) is spread else o for o in op.operands]  # type: ignore[arg-type]
    if not all(isinstance(n.type, ArrayType) and n.type.is_scalar for n in numbers):
        return None
    number = s.compute(Builder(op.location, s.reasons(op, ())), op.primitive, numbers)
    return s.build(op, np.broadcast_to, number, spread.operands[1])


_SPREADABLE = ("np.multiply", "np.divide", "np.negative", "np.add", "np.subtract")


def _before_broadcast(s: Simplifier, operand: Operand) -> Operand:
    """What an unnamed operand is a broadcast of; one number, through all that only lays its copies out anew."""
    made = s.made.get(operand) if isinstance(operand, Value) and is_unnamed(operand) else None
    spread = made is not None and made.primitive is lookup(np.broadcast_to)
    if made is None or not (spread or made.primitive.name in _LAYOUT):
        return operand
    source = _before_broadcast(s, made.operands[0])
    if isinstance(source.type, ArrayType) and source.type.is_scalar:
        return source
    return made.operands[0] if spread else operand


_LAYOUT = ("np.expand_dims", "np.reshape", "np.transpose", "np.ravel", "np.squeeze", "np.swapaxes", "np.moveaxis")


def _zeros_of_zeros(s: Simplifier, op: Apply) -> Operand | None:
    """`np.zeros_like(np.zeros(n))` is such an array; exact."""
    zeros = op.operands[0]
    made = s.definition(zeros, required(np.zeros)) if is_unnamed(zeros) else None
    return zeros if made is not None and not op.static and zeros.type == op.result.type else None


def _item_of_row(s: Simplifier, op: Apply) -> Operand | None:
    """`x[k][i]` is `x[k, i]`: an element is read of the array itself, so that its adjoint is that of an element."""
    row = op.operands[0]
    made = s.definition(row, GETITEM) if is_unnamed(row) else None
    if made is None or not isinstance(made.operands[0].type, ArrayType) or not is_basic_index(op.operands[1].type):
        return None
    builder = Builder(op.location, s.reasons(op, ()))
    first, second = (_index_operands(builder, i) for i in (made.operands[1], op.operands[1]))
    if first is None or second is None or not all(_is_integer(i) for i in first):
        return None
    if any(isinstance(i.type, StaticType) for i in second):
        return None
    index = builder.make(tuple, tuple(range(len(first) + len(second))), [*first, *second])
    result = builder.apply(GETITEM, (made.operands[0], index), None, op.result.hint, op.result.loose)
    if result.type != op.result.type:
        return None
    for new in builder.operations:
        assert isinstance(new, Apply)
        s.apply(new)
    return s.get(result)


def _index_operands(builder: Builder, index: Operand) -> list[Operand] | None:
    """The items of a subscript."""
    if not isinstance(index.type, ContainerType):
        return [index]
    if index.type.cls is not tuple:
        return None
    if isinstance(index, Constant):
        return [builder.operand(i) for i in index.value]  # type: ignore[attr-defined]
    return [builder.extract(index, k) for k in index.type.keys]


def _is_integer(operand: Operand) -> bool:
    t = operand.type
    return isinstance(t, ArrayType) and t.is_scalar and t.dtype is not None and t.dtype.kind in "iu"


RULES: dict[str, tuple[Rule, ...]] = {
    "np.zeros_like": (_zeros_of_zeros,),
    "np.multiply": (_times_one, _times_minus_one, _times_scaled, _times_quotient, _times_negative),
    "np.divide": (_over_one,),
    "np.add": (_plus_zero, _plus_itself, plus_scatter, _plus_negative),
    "np.subtract": (_minus_zero, _minus_negative),
    "np.negative": (_negative_number, _double_negative),
    "np.broadcast_to": (_to_same_shape,),
    "np.where": (_settled_choice,),
    "np.transpose": (_twice_transposed,),
    "extract": (_item_of_made,),
    "index_set": (store_of_sum, stored_twice),
    "index_add": (stored_twice,),
    "getitem": (read_of_stored, _item_of_row),
    "add_items": (_items_plus_item,),
}
"""The identities, by the operation that they start from."""
