"""What stands for the values of a program of loops in the text of C: names, expressions, pointers with lengths."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from s2sad.emit.c import arrays
from s2sad.emit.c.arrays import Handle, place
from s2sad.emit.c.checks import is_checked, twice_read
from s2sad.emit.c.numbers import INT, Library, Use, number_text, numeric
from s2sad.emit.c.text import Text, binary, call, dtype_of, element, literal
from s2sad.emit.flat_plan import FlatPlan
from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.ir.primitive import Effect
from s2sad.ir.primitives.memory import LENGTH, LOAD
from s2sad.ir.types import leaves
from s2sad.ir.values import Apply, Constant, For, Function, Operand, Operation, Value, While, is_loop, walk

INDEX_OPERATORS = {"_0 + _1", "_0 - _1", "_0 * _1", "_0 // _1", "_0 % _1"}


class Values(FlatPlan):
    """What stands in the text of one function for its values."""

    def __init__(self, function: Function, taken: Collection[str], library: Library) -> None:
        super().__init__(function, taken)
        self.library = library
        self.taken = {*taken, *self.names.values()}
        self.called: dict[str, None] = {}
        """The helpers and elementary functions that are called."""
        self.handles: dict[Operand, Handle] = {}
        self.texts: dict[Operand, Text] = {}
        self.pointers: dict[str, str] = {}
        """The pointers whose memory is freed at the end, with their types."""
        self.length_names: dict[str, None] = {}
        """The variables that are lengths, or integers that may be computed of these."""
        self.keeps = False
        self.looked_at: set[str] = set()
        """What was found not to hold, of numbers that do not change."""
        self.depth = 0
        self.given: dict[Value, Handle] = {}
        """By an array that the function makes at its top: the memory of the result that it is."""
        self.made = {op.result: op for op in walk(function.body) if isinstance(op, Apply)}
        table = arrays.sources(function)
        self.written = arrays.written(function, table)
        self.handed = arrays.handed(arrays.inner_blocks(function), table)
        self.escaping = arrays.handed(arrays.of_loops(function), table)
        self.asked = arrays.asked_lengths(function)
        inner = [op for op in walk(function.body) if not isinstance(op, Apply)]
        self.changing = {v for op in inner for v in op.results} | {v for op in inner if is_loop(op) for v in op.carried}
        self.rounds = {
            v: (first, p, last)
            for op in walk(function.body)
            if isinstance(op, (For, While))
            for first, p, last, r in zip(op.initial, op.carried, op.body.results, op.results, strict=False)
            for v in (p, r)
        }
        """By what a loop carries, or leaves: what it is at first, in an iteration and behind it."""
        self.indices = {op.index for op in walk(function.body) if isinstance(op, For)}

    @property
    def named(self) -> dict[Value, str]:
        known = {v: t.text for v, t in self.texts.items() if isinstance(v, Value) and t.text.isidentifier()}
        pointers = {v: h.pointer for v, h in self.handles.items() if isinstance(v, Value)}
        return super().named | known | pointers

    def note(self, name: str) -> None:
        self.called[name] = None

    # what is written where it is read

    def stands_alone(self, op: Apply) -> bool:
        # numbers may have the type of an array without axes: they are numbers all the same
        has_arrays = any(leaf.rank for x in (*op.operands, op.result) for leaf in leaves(x.type))
        own = super().stands_alone(op) if has_arrays else op.primitive.effect is Effect.IO
        return own or is_checked(op, self.is_index)

    def takes(self, reader: Operation, op: Apply) -> bool:
        if not super().takes(reader, op):
            return False
        if isinstance(reader, For) and op.result in (reader.start, reader.stop, reader.step):
            # C asks for the end of a loop after every iteration
            return op.primitive is LENGTH
        return not isinstance(reader, Apply) or op.result not in twice_read(reader, self.is_index)

    def is_index(self, operand: Operand) -> bool:
        """Whether an integer is made of lengths and indices alone: it is no larger than memory."""
        if isinstance(operand, Constant):
            return isinstance(operand.value, int)
        if operand in self.indices:
            return True
        if operand in self.rounds:
            return self.counts(operand)
        op = self.made.get(operand)
        if op is None:
            return False
        if op.primitive is LENGTH:
            return True
        plain = op.primitive.spelling in INDEX_OPERATORS or op.primitive.noun in ("min", "max")
        return plain and op.result.type.dtype == INT and all(map(self.is_index, op.operands))

    def counts(self, carried: Value) -> bool:
        """Whether what a loop carries is an index that goes up or down by a known number at most."""
        first, parameter, last = self.rounds[carried]
        op = self.made.get(last) if isinstance(last, Value) else None
        stays = last is parameter
        moves = op is not None and op.primitive.spelling in ("_0 + _1", "_0 - _1") and op.operands[0] is parameter
        return self.is_index(first) and (stays or (moves and op is not None and isinstance(op.operands[1], Constant)))

    # expressions

    def read(self, operand: Operand) -> Text:
        if operand in self.texts:
            return self.texts[operand]
        if isinstance(operand, Constant):
            if not operand.type.is_numeric or operand.type.rank:
                raise UnsupportedType(f"{operand.type} as a number in C", "use numbers")
            return literal(operand.value, dtype_of(operand.type))
        return self.expression(self.inlined[operand]) if operand in self.inlined else Text(self.name(operand))

    def truth(self, operand: Operand) -> Text:
        dtype = dtype_of(operand.type)
        return self.read(operand) if dtype.kind == "b" else binary("!=", self.read(operand), literal(0, dtype))

    def use(self, op: Apply) -> Use:
        numbers = numeric(op)
        if any(leaf.rank for x in (*op.operands, op.result) for leaf in leaves(x.type)):
            raise UnsupportedCall(f"{op.primitive.name} in C", "compute it before, or by loops")
        return Use(op, tuple(map(self.read, numbers)), tuple(o.type for o in numbers), self.note, self.library)

    def expression(self, op: Apply) -> Text:
        if op.primitive is LOAD:
            return self.element(op.operands[0], op.operands[1:])
        return number_text(self.use(op))

    def element(self, array: Operand, indices: Iterable[Operand]) -> Text:
        handle = self.handle(array)
        return element(handle.pointer, place(handle, [self.read(i) for i in indices]))

    def handle(self, operand: Operand) -> Handle:
        if operand not in self.handles:
            if not isinstance(operand, Constant) or not isinstance(operand.value, np.ndarray):
                raise UnsupportedType(f"{operand.type} as an array in C", "use np.array")
            raise UnsupportedType("an array that is known at compile time in C", "pass it as an argument")
        return self.handles[operand]

    def is_exact(self, operand: Operand) -> bool:
        """Whether it is a comparison of integers."""
        op = self.made.get(operand) if isinstance(operand, Value) else None
        return op is not None and all(o.type.dtype is not None and o.type.dtype.kind in "iub" for o in op.operands)

    def lasting(self, operand: Operand) -> Text:
        """An integer in a text that means the same for as long as the function runs."""
        if isinstance(operand, Value) and operand in self.changing:
            raise UnsupportedType("an array whose lengths change in a loop in C", "give it a length before the loop")
        return self.read(operand)

    def helper(self, name: str, *operands: Text) -> Text:
        self.note(name)
        return call(name, *operands)

    def fresh(self, name: str) -> str:
        found, n = name, 2
        while found in self.taken:
            found, n = f"{name}_{n}", n + 1
        self.taken.add(found)
        return found
