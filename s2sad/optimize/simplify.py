"""Algebraic simplification and common subexpressions, in one walk from the first operation to the last.

    v_bar = 1.0 * (0.5 / y)                      ->  v_bar = 0.5 / y
    x_bar = g * (1.0 / x)                        ->  x_bar = g / x
    x_bar = np.broadcast_to(g, x.shape) * x      ->  x_bar = g * x

Each row of the table says the identity, and why floating point allows it. All of them keep the type.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from s2sad.ir.builder import Builder
from s2sad.ir.containers import EXTRACT, GETITEM, MAKE, UNDEFINED, is_basic_index
from s2sad.ir.primitive import Effect, Primitive, lookup, required
from s2sad.ir.primitives.lists import LIST_ADD, ZERO_ITEMS
from s2sad.ir.rewrite import reads_of, renamed
from s2sad.ir.types import ArrayType, ContainerType, StaticType, type_of
from s2sad.ir.user_rules import BlackBox
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    Constant,
    For,
    Function,
    If,
    Operand,
    Operation,
    Value,
    While,
    constant,
    walk,
)
from s2sad.optimize.identities.layout import (
    drop_leading_axes,
    first_length,
    flat_again,
    item_of_sum,
    packed_again,
    product_of_negative,
    same_dtype,
    settled_type,
    sum_of_negative,
    transpose_of_negative,
    transposed_product,
    transposed_stack,
    twice_transposed,
)
from s2sad.optimize.identities.operands import (
    frozen,
    is_literal,
    is_number,
    is_unnamed,
    operand_key,
    same_type,
)
from s2sad.optimize.identities.products import (
    double_negative,
    multiple_of,
    negative_number,
    number_first,
    over_one,
    plus_minus_number,
    plus_negative,
    times_divisor,
    times_known_quotient,
    times_minus_one,
    times_negative,
    times_one,
    times_quotient,
    times_scaled,
)
from s2sad.optimize.identities.stores import plus_number, plus_scatter, read_of_stored, store_of_sum, stored_twice

Rule = Callable[["Simplifier", Apply], Operand | None]


def simplify(function: Function) -> tuple[Function, bool]:
    """The function with the identities applied and no pure operation written twice; whether another run may do more."""
    s = Simplifier(function)
    return renamed(replace(function, body=s.block(function.body)), s.names), s.again


class Simplifier:
    """`table` maps old operands to new ones, `made` new values to their operations, `seen` expressions to values."""

    def __init__(self, function: Function) -> None:
        self.results = function.body.results
        self.reads = _reads(function.body)
        """How often each value is read, but for the operation that the rules look at."""
        self.table: dict[Operand, Operand] = {}
        self.made: dict[Value, Apply] = {}
        self.returned: set[Value] = set()
        """What calls return."""
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

    def only_read(self, operand: Operand, primitive: Primitive | None, depth: int = 0) -> Apply | None:
        """The operation that makes an operand without a name of the user's, where nothing else reads that.

        The operand is one of the operation that the rule looks at, or with depth 1 of one of its operands.
        """
        if not isinstance(operand, Value) or self.reads[operand] > depth:
            return None
        if not is_unnamed(operand) and not (operand.hint or "").endswith("_dot"):
            return None
        return self.definition(operand, primitive)

    def known(self, primitive: Primitive, operands: Sequence[Operand]) -> Operand | None:
        """The result of a call without static parameters, where it is there already."""
        return self.seen.get((primitive, tuple(map(operand_key, operands)), ()))

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
                self.returned.add(op.result)
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
        types = [o.type for o in op.operands]
        if operands != op.operands:
            op = replace(op, operands=operands)
        self.reads.subtract(o for o in operands if isinstance(o, Value))
        if op.primitive.elementwise and len(op.operands) > 1:
            op = drop_broadcasts(self, op)
            leading = drop_leading_axes(self, op)
            if leading != list(op.operands):
                op = replace(op, operands=tuple(leading))
        if op.primitive.name in _SPREADABLE:
            spread = broadcast_last(self, op)
            if spread is not None:
                self.table[op.result] = spread
                return
        if op.about and any(o.type != t for o, t in zip(op.operands, types, strict=True)):
            new = self.in_new_dtype(op)
            if isinstance(new, Apply):
                self.reads[new.result] = self.reads[op.result]
                self.add(new)
                self.table[op.result] = self.get(new.result)
                return
        for rule in RULES.get(op.primitive.name, ()):
            found = rule(self, op)
            if found is not None:
                self.table[op.result] = found
                if isinstance(found, Value) and found is not op.result:
                    self.reads[found] += self.reads[op.result]
                if isinstance(found, Value) and found.hint is None and op.result.hint and found in self.made:
                    self.names.setdefault(found, (op.result.hint, op.result.loose))
                return
        key = _key(op)
        if op.primitive is EXTRACT and op.operands[0] in self.returned:
            self.returned.add(op.result)
        if key is not None:
            before = self.seen.get(key)
            if before is not None and (_may_replace(op, before) or self.named_after(op, before)):
                self.table[op.result] = before
                if isinstance(before, Value):
                    self.reads[before] += self.reads[op.result]
                return
            self.seen.setdefault(key, op.result)
        self.reads.update(o for o in op.operands if isinstance(o, Value))
        self.made[op.result] = op
        self.operations.append(op)

    def in_new_dtype(self, op: Apply) -> Apply | None:
        """The operation in another dtype: `1.0 * x` is of that of x, where `np.broadcast_to(1.0, n) * x` is not."""
        t = op.result.type
        if not isinstance(t, ArrayType) or t.dtype is None or op.primitive.update is not None:
            return None
        found = op.primitive.result_type([o.type for o in op.operands], op.static)
        if not isinstance(found, ArrayType) or found.dtype in (None, t.dtype):
            return None
        return replace(op, result=Value(replace(t, dtype=found.dtype), op.result.hint, op.result.loose))

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
                result = _in_dtype_of(op.result, result) if op.about else op.result
                new = replace(new, result=result)
            self.add(new)
        return self.get(result)

    def add(self, op: Apply) -> None:
        """An operation that the function did not have before."""
        self.reads.update(o for o in op.operands if isinstance(o, Value))
        self.apply(op)

    def builder(self, op: Apply, about: Sequence[Operation] = ()) -> Builder:
        """A builder of what belongs to an operation, and to others."""
        return Builder(op.location, tuple(dict.fromkeys((*op.about, *about))) if op.about else ())

    def compute(
        self,
        builder: Builder,
        primitive: Primitive,
        operands: Sequence[Operand],
        static: Mapping[str, object] | None = None,
    ) -> Operand:
        """An operation that a replacement needs beside its own."""
        result = builder.apply(primitive, operands, static)
        for new in builder.operations:
            assert isinstance(new, Apply)
            self.add(new)
        return self.get(result)

    def reasons(self, op: Apply, operands: Sequence[Operand]) -> tuple[Operation, ...]:
        """What a replacement is about: the operation, and the unnamed ones that it takes in."""
        absorbed = [self.made[o] for o in op.operands if isinstance(o, Value) and o in self.made and is_unnamed(o)]
        gone = [a for a in absorbed if a.result not in operands]
        return tuple(dict.fromkeys([*op.about, *(r for a in gone for r in a.about)])) if op.about else ()


def _reads(body: Block) -> Counter[Value]:
    """How often each value is read; a container that is only taken apart again does not count."""
    found = Counter(o for o in reads_of(body) if isinstance(o, Value))
    calls = [op for op in walk(body) if isinstance(op, Apply)]
    taken = Counter(op.operands[0] for op in calls if op.primitive is EXTRACT)
    for op in calls:
        if op.primitive is MAKE and found[op.result] == taken[op.result]:
            found.subtract(o for o in op.operands if isinstance(o, Value))
    return found


def _in_dtype_of(value: Value, found: Operand) -> Value:
    """The result of an operation that another one replaces: with its shape, which may be known better, and its name."""
    t, new = value.type, found.type
    if not isinstance(t, ArrayType) or not isinstance(new, ArrayType) or new.dtype in (None, t.dtype):
        return value
    return Value(replace(t, dtype=new.dtype), value.hint, value.loose)


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
    if op.primitive.update is not None or _is_multiple(op):
        return None
    try:
        static = tuple((k, frozen(v)) for k, v in op.static.items())
        key = (op.primitive, tuple(operand_key(o) for o in op.operands), static)
        hash(key)
    except TypeError:
        return None
    return key


def _is_multiple(op: Apply) -> bool:
    """Whether an adjoint's operation takes a number some times: `2.0 * g` costs less than a line of its own."""
    if not op.about or op.primitive.name != "np.multiply" or op.result.hint is not None:
        return False
    return is_literal(op.operands[0]) and op.result.type.is_scalar


def _plus_zero(s: Simplifier, op: Apply) -> Operand | None:
    """x + 0 -> x; exact but for the sign of a zero"""
    x, y = op.operands
    for a, b in ((x, y), (y, x)):
        if is_number(b, 0.0) and same_type(a.type, op.result.type):
            return a
    return None


def _plus_itself(s: Simplifier, op: Apply) -> Operand | None:
    """x + x -> 2 * x and 2 * x + 3 * x -> 5 * x, exact; a rounding elsewhere for other numbers"""
    x, y = op.operands
    a, b = multiple_of(s, x), multiple_of(s, y)
    if a is not None and b is not None and a[1] is b[1] and op.about:
        return s.build(op, np.multiply, constant(a[0] + b[0]), a[1])
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


def drop_broadcasts(s: Simplifier, op: Apply) -> Apply:
    """f(broadcast_to(a, shape), b) -> f(a, b) where b has the shape already; exact, in the dtype that it has"""
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
    if operands == list(op.operands):
        return op
    found = op.primitive.result_type([o.type for o in operands], op.static)
    return replace(op, operands=tuple(operands)) if isinstance(found, ArrayType) and found.dtype == t.dtype else op


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
    if made is not None and made.primitive is lookup(np.multiply):
        return next((o for o, other in (made.operands, made.operands[::-1]) if _is_ones(s, other)), operand)
    if made is None or not (spread or made.primitive.name in _LAYOUT):
        return operand
    source = _before_broadcast(s, made.operands[0])
    if isinstance(source.type, ArrayType) and source.type.is_scalar:
        return source
    return made.operands[0] if spread else operand


def _is_ones(s: Simplifier, operand: Operand) -> bool:
    spread = s.definition(operand, lookup(np.broadcast_to))
    return spread is not None and is_number(spread.operands[0], 1.0)


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
    index = builder.tuple([*first, *second])
    result = builder.apply(GETITEM, (made.operands[0], index), None, op.result.hint, op.result.loose)
    if result.type != op.result.type:
        return None
    for new in builder.operations:
        assert isinstance(new, Apply)
        s.add(new)
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
    "np.multiply": (
        *(times_one, times_minus_one, times_divisor, times_scaled, times_quotient),
        *(times_known_quotient, times_negative, number_first),
    ),
    "np.divide": (over_one,),
    "np.add": (_plus_zero, _plus_itself, plus_scatter, plus_negative, plus_minus_number),
    "np.subtract": (_minus_zero, _minus_negative),
    "np.negative": (negative_number, double_negative),
    "np.broadcast_to": (_to_same_shape,),
    "np.where": (_settled_choice,),
    "np.transpose": (twice_transposed, transposed_product, transposed_stack, transpose_of_negative),
    "np.matmul": (product_of_negative,),
    "np.reshape": (flat_again,),
    "np.astype": (same_dtype, settled_type),
    **{f"np.{name}": (same_dtype,) for name in ("float16", "float32", "float64", "complex64", "complex128")},
    "np.sum": (sum_of_negative,),
    "extract": (_item_of_made, first_length),
    "make": (packed_again,),
    "index_set": (store_of_sum, stored_twice),
    "index_add": (stored_twice, plus_number),
    "getitem": (read_of_stored, _item_of_row, item_of_sum),
    "add_items": (_items_plus_item,),
}
"""The identities, by the operation that they start from."""
