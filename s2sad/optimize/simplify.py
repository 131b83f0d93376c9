"""Algebraic simplification and common subexpressions, in one walk from the first operation to the last.

    v_bar = 1.0 * (0.5 / y)                      ->  v_bar = 0.5 / y
    x_bar = g * (1.0 / x)                        ->  x_bar = g / x
    x_bar = np.broadcast_to(g, x.shape) * x      ->  x_bar = g * x

The identities are in `identities/`, each with why floating point allows it. All of them keep the type.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import assert_never

from s2sad.ir.containers import EXTRACT, MAKE, UNDEFINED
from s2sad.ir.primitive import Algebra, Effect
from s2sad.ir.primitives.regions import is_region
from s2sad.ir.rewrite import reads_of, renamed
from s2sad.ir.types import ArrayType
from s2sad.ir.user_rules import BlackBox
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    For,
    Function,
    If,
    Operand,
    Operation,
    Value,
    While,
    applied_in,
    values_in,
    walk,
)
from s2sad.optimize.identities.broadcasts import broadcast_last, drop_broadcasts, drop_leading_axes
from s2sad.optimize.identities.operands import frozen, is_literal, operand_key, same_type
from s2sad.optimize.identities.registry import IDENTITIES
from s2sad.optimize.identities.rewriter import Rewriter


def simplify(function: Function) -> tuple[Function, bool]:
    """The function with the identities applied and no pure operation written twice; whether another run may do more."""
    s = Simplifier(function)
    return renamed(replace(function, body=s.block(function.body)), s.names), s.again


class Simplifier(Rewriter):
    """The walk: each operation with its operands replaced, then by the first identity that applies, or as one seen."""

    def __init__(self, function: Function) -> None:
        super().__init__(function.body.results, _reads(function.body))
        self.names: dict[Value, tuple[str, bool]] = {}
        """Names that values without one take over from what they replace."""
        self.again = False
        """Whether a loop or branch was found to hand on a value unchanged: what is around it may then do so too."""

    def block(self, block: Block) -> Block:
        # What was computed before a block serves inside it, and not the other way round: the table of expressions is
        # copied. Where it has grown large the copy would cost more than it finds in nested blocks.
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
                # Before the body is walked, so that it reads the initial value where nothing changes that.
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
            case _:
                assert_never(op)

    def unchanged(self, op: If, then: Block, orelse: Block) -> None:
        """What both branches hand on alike is that value."""
        for r, a, b in zip(op.results, then.results, orelse.results, strict=True):
            # One value in both branches is bound in front of them: it need not go through.
            if a is b and a.type == r.type and r not in self.table:
                self.table[r] = a
                self.again = True
        if _decides_to_stop(op, then, orelse):
            self.table[op.results[0]] = self.get(op.predicate)
            self.again = True

    def invariant(self, op: For | While) -> None:
        """What a loop carries unchanged is its initial value."""
        for k, (p, initial) in enumerate(zip(op.carried, op.initial, strict=True)):
            # The parameter handed on as it came, in every iteration: by induction it is what the loop began with.
            if op.body.results[k] is p:
                new = self.get(initial)
                # A constant may be of another type than what is carried: `0` begins a sum of floats.
                if isinstance(new, Value) or same_type(new.type, p.type):
                    self.again = True
                    self.table[p] = self.table[op.results[k]] = new
                    if isinstance(op, While):
                        self.table[op.test.parameters[k]] = new

    def apply(self, op: Apply) -> None:
        types = [o.type for o in op.operands]
        operands = tuple(map(self.get, op.operands))
        # The rules ask how often an operand is read beside here: this operation takes its own reads away for so long.
        self.count(operands, -1)
        if operands != op.operands:
            op = replace(op, operands=operands)
        if not op.result.type.is_scalar:  # a number is made of no array that is repeated
            op = self.with_fewer_copies(op)
            spread = broadcast_last(self, op) if op.primitive.algebra is not None else None
            if spread is not None:
                self.table[op.result] = spread
                return
        # An operand that lost its broadcast may have lost a dtype with it. Only an adjoint may follow: the primal keeps
        # the type that its text says.
        if op.about and any(o.type != t for o, t in zip(op.operands, types, strict=True)):
            typed = self.in_new_dtype(op)
            if typed is not None:
                self.reads[typed.result] = self.reads[op.result]
                self.add(typed)
                self.table[op.result] = self.get(typed.result)
                return
        if self.by_identity(op) or self.by_one_seen(op):
            return
        self.count(op.operands, 1)
        self.made[op.result] = op
        self.operations.append(op)

    def with_fewer_copies(self, op: Apply) -> Apply:
        """The operation on what its operands repeat, where NumPy repeats it by itself."""
        if not op.primitive.elementwise or len(op.operands) < 2:
            return op
        op = drop_broadcasts(self, op)
        leading = drop_leading_axes(self, op)
        return op if leading == list(op.operands) else replace(op, operands=tuple(leading))

    def by_identity(self, op: Apply) -> bool:
        """Whether an identity applies: what it gives stands for the result."""
        for rule in IDENTITIES.get(op.primitive.function, ()):
            simpler = rule(self, op)
            if simpler is not None:
                self.table[op.result] = simpler
                if isinstance(simpler, Value) and simpler is not op.result:
                    # Whoever read the result reads what stands for it from now on.
                    self.reads[simpler] += self.reads[op.result]
                if isinstance(simpler, Value) and simpler.hint is None and op.result.hint and simpler in self.made:
                    self.names.setdefault(simpler, (op.result.hint, op.result.loose))
                return True
        return False

    def by_one_seen(self, op: Apply) -> bool:
        """Whether the same was computed before: that stands for the result."""
        key = _key(op)
        if op.primitive is EXTRACT and op.operands[0] in self.returned:
            self.returned.add(op.result)
        # What has no key is never one of two alike: it has an effect, memory of its own, or a part that has no ==.
        if key is None:
            return False
        before = self.seen.get(key)
        if before is not None and (_may_replace(op, before) or self.named_after(op, before)):
            self.table[op.result] = before
            if isinstance(before, Value):
                self.reads[before] += self.reads[op.result]
            return True
        self.seen.setdefault(key, op.result)
        return False

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
        """Whether an earlier run of a black box, or pass over arrays, takes the name of this one: it may take long."""
        if not isinstance(before, Value) or before.hint is not None:
            return False
        if not (isinstance(op.primitive, BlackBox) or self.is_adjoint(op, before)):
            return False
        assert op.result.hint is not None
        self.names.setdefault(before, (op.result.hint, op.result.loose))
        return True

    def is_adjoint(self, op: Apply, before: Value) -> bool:
        """Whether an operation gives an adjoint from arrays, that a line of the sweep has computed."""
        made = self.made.get(before)
        arrays = any(o.type.is_array and o.type.rank for o in op.operands)
        return (
            arrays
            and bool(op.about)
            and made is not None
            and bool(made.about)
            and (op.result.hint or "").endswith("_bar")
        )


def _reads(body: Block) -> Counter[Value]:
    """How often each value is read; a container that is only taken apart again does not count."""
    found = Counter(values_in(reads_of(body)))
    calls = [*applied_in(walk(body))]
    taken = Counter(op.operands[0] for op in calls if op.primitive is EXTRACT)
    for op in calls:
        # Its items are read by what is taken out of it: the reads of the container itself do not count.
        if op.primitive is MAKE and found[op.result] == taken[op.result]:
            found.subtract(values_in(op.operands))
    return found


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


def _key(op: Apply) -> object | None:
    if op.primitive.effect is Effect.IO or op.primitive is UNDEFINED or op.primitive.written:
        return None
    # A manager is entered once at a time: that of a block inside another one is not that of the other.
    if is_region(op.result.type):
        return None
    # An update is done in the memory of its operand: a result that is read in two places would cost a copy.
    if op.primitive.update is not None or _is_multiple(op):
        return None
    try:
        static = tuple((k, frozen(v)) for k, v in op.static.items())
        key = (op.primitive, tuple(operand_key(o) for o in op.operands), static)
        # A static value that cannot be hashed, an array, is compared by nobody.
        hash(key)
    except TypeError:
        return None
    return key


def _is_multiple(op: Apply) -> bool:
    """Whether an adjoint's operation takes a number some times: `2.0 * g` costs less than a line of its own."""
    if not op.about or op.primitive.algebra is not Algebra.PRODUCT or op.result.hint is not None:
        return False
    return is_literal(op.operands[0]) and op.result.type.is_scalar
