"""Which values get no statement of their own: they stand as expressions where they are used.

    v1 = c * a; v2 = v1 + b; y = np.tanh(v2)   ->   y = np.tanh(c * a + b)     if nothing else reads v1 and v2

A value is written into its only use where both are in one block and the text stays short. Index arithmetic, slices and
shapes stand wherever they are used. Everything here is pure, so moving it down to its use changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from s2sad.ir.containers import EXTRACT, GETITEM, INDEX_ADD, MAKE, MAKE_SLICE, SHAPE, UNDEFINED
from s2sad.ir.object_names import is_spelled, object_name
from s2sad.ir.primitive import Effect, Primitive, required
from s2sad.ir.primitives.regions import is_region
from s2sad.ir.primitives.snapshots import REPLAYED, STEPS
from s2sad.ir.printer import spelling_of
from s2sad.ir.types import ArrayType, ContainerType, SliceType, StaticType, Type
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
    is_call_of,
    is_loop,
    is_update,
    values_in,
)

WIDTH = 64
"""The longest expression that is written into another one, in characters, roughly."""

PRIMAL_WIDTH = 120
"""The same in the primal, where the user wrote the expression as one."""

LINE_WIDTH = 88
"""The same for what a function returns."""

CALL_WIDTH = 92
"""The same for a call and what it gives, which is broken where it is longer."""

DISPLAY_WIDTH = 200
"""The same for a list or tuple display, which a line is broken in."""


FEW = 3
"""How often an element of an array may be read that has no name: `a[i]`."""

NOTATION, SHORT = 4, 16
"""How long a view may be, beside its operand, that is written where it is read: `x.T` always, `x[:, None]` twice."""


@dataclass
class Uses:
    """Where each value is read, and where it is bound."""

    readers: dict[Operand, list[Operation | Block]] = field(default_factory=dict)
    """The operations that read a value; a block stands for its results."""
    block_of: dict[Operation, Block] = field(default_factory=dict)
    definition: dict[Operand, Operation] = field(default_factory=dict)
    tests: set[Block] = field(default_factory=set)
    """The blocks of the tests of while loops."""
    collected: set[Operand] = field(default_factory=set)
    """What loops append to lists."""
    writers: dict[Operand, list[Operation]] = field(default_factory=dict)
    """The operations that may write into the memory of an array: updates of it, and loops that carry it on."""
    position: dict[Operation, int] = field(default_factory=dict)
    """The order of the operations in the text."""
    items: set[Operand] = field(default_factory=set)
    """What loops take out of what they scan."""
    unsaid: set[Value] = field(default_factory=set)
    """Lengths that only loops read which do not say them."""
    iterates: bool = True
    """Whether a loop reads what it scans in its header."""


def find_uses(function: Function, iterates: bool = True) -> Uses:
    uses = Uses(iterates=iterates)
    _visit(function.body, uses)
    if iterates:
        for op in uses.block_of:
            if isinstance(op, For) and op.scanned and op.index not in uses.readers:
                _leave_out_bound(op, uses)
    return uses


def _leave_out_bound(loop: For, uses: Uses) -> None:
    """Forget that a loop reads the length of what it scans: `for row in rows` does not say it."""
    bound = uses.definition.get(loop.stop)
    if not is_call_of(bound, required(len)) or loop.stop in loop.initial:
        return
    readers = uses.readers[loop.stop]
    readers.remove(loop)
    if not readers:
        uses.readers[bound.operands[0]].remove(bound)
        uses.unsaid.add(bound.result)


def _visit(block: Block, uses: Uses) -> None:
    for op in block.operations:
        uses.block_of[op] = block
        uses.position[op] = len(uses.position)
        written = op.operands[:1] if is_update(op) else ()
        for o in values_in(op.initial if is_loop(op) else written):
            uses.writers.setdefault(o, []).append(op)
        for o in values_in(op.operands):
            uses.readers.setdefault(o, []).append(op)
        if isinstance(op, While):
            uses.tests.add(op.test)
        if isinstance(op, For):
            uses.items.update(op.items)
        if is_loop(op):
            uses.collected.update(op.body.results[len(op.initial) : len(op.results)])
        for inner in op.blocks:
            _visit(inner, uses)
        for r in op.results:
            uses.definition[r] = op
    for o in values_in(block.results):
        uses.readers.setdefault(o, []).append(block)


def find_inlined(function: Function, uses: Uses, inside: set[Value]) -> dict[Operand, Apply]:
    """The values written into their uses, with the operations that make them; those `inside` conditions always are."""
    inlined: dict[Operand, Apply] = {}
    _choose(function.body, function, uses, inlined, dict.fromkeys(inside | uses.unsaid, 0))
    return inlined


def _choose(
    block: Block, function: Function, uses: Uses, inlined: dict[Operand, Apply], widths: dict[Value, int]
) -> None:
    """Extend `inlined`; a value that has a width already is written into its use without question."""
    for op in block.operations:
        for inner in op.blocks:
            _choose(inner, function, uses, inlined, widths)
        if isinstance(op, Apply) and op.result in widths:
            inlined[op.result] = op
            widths[op.result] = _own_width(op) + sum(_width(o, widths) for o in op.operands)
            continue
        if not isinstance(op, Apply) or not is_expression(op) or op.result in uses.collected:
            continue
        if op.primitive is EXTRACT and op.operands[0] not in inlined and op.operands[0] not in function.parameters:
            readers = uses.readers.get(op.operands[0], [])
            if is_unpackable(op.operands[0].type) and all(is_call_of(r, EXTRACT) for r in readers):
                continue  # the items of what a call returns are unpacked
        width = _own_width(op) + sum(_width(o, widths) for o in op.operands)
        if _everywhere(op, inlined, function.parameters, uses) or (
            width <= _room(op, function, uses)
            and _once(op, block, function, uses, inlined)
            and not _breaks(op, width, uses, widths)
        ):
            inlined[op.result] = op
            widths[op.result] = width


def _breaks(op: Apply, width: int, uses: Uses, widths: dict[Value, int]) -> bool:
    """Whether a call is broken over lines where an expression is written into it, and need not be otherwise."""
    (reader,) = uses.readers[op.result]
    if not isinstance(reader, Call) or not op.about or op.primitive is MAKE:
        return False
    taken = [r.results[0] for r in uses.readers.get(reader.result, ()) if is_call_of(r, EXTRACT)] or [reader.result]
    parts = (*taken, *(o for o in reader.operands if o is not op.result))
    line = len(f"{reader.function.name}() = ") + sum(_width(o, widths) + len(", ") for o in parts)
    return line <= CALL_WIDTH < line + width


def _room(op: Apply, function: Function, uses: Uses) -> int:
    """How long the expression of an operation may be."""
    if op.primitive is MAKE:
        return DISPLAY_WIDTH
    if not op.about:
        return PRIMAL_WIDTH
    return LINE_WIDTH if uses.readers.get(op.result) == [function.body] else WIDTH


def is_unpackable(t: Type) -> bool:
    """Whether an assignment can take a container apart."""
    return isinstance(t, ContainerType) and issubclass(t.cls, (tuple, list))


_PLACE = re.compile(r"_\d+")
"""An operand in a spelling."""


def _own_width(op: Apply) -> int:
    if op.primitive in (MAKE, EXTRACT):
        return 2 * len(op.operands)
    if op.primitive.function is np.expand_dims and op.about:
        return 8
    if op.primitive is GETITEM:
        return len("[]")
    if op.primitive is MAKE_SLICE:
        # What is left out counts among the operands.
        return len(":") - sum(len(o.text or "None") for o in op.operands if isinstance(o, Constant) and o.value is None)
    spelling = spelling_of(op)
    if spelling is not None:
        return len(_PLACE.sub("", spelling))
    width = len(op.primitive.name) + len("()")
    return width + sum(len(k) + len(str(v)) + 3 for k, v in op.static.items())


def _width(operand: Operand, widths: dict[Value, int]) -> int:
    if isinstance(operand, Constant):
        return len(operand.text) if operand.text else _width_of(operand.value)
    return widths.get(operand, len(operand.hint or "v00"))


def _width_of(value: object) -> int:
    """How long a constant is; slices are those of an index."""
    if isinstance(value, slice):
        return len(":") + sum(_width_of(p) for p in (value.start, value.stop, value.step) if p is not None)
    if isinstance(value, tuple) and any(isinstance(v, slice) for v in value):
        return sum(map(_width_of, value)) + len(", ") * (len(value) - 1)
    return len(str(value) if is_spelled(value) else object_name(value))


def is_expression(op: Apply) -> bool:
    """Whether the operation is an expression: no effect, no update in place."""
    return op.primitive.effect is not Effect.IO and op.primitive.update is None and op.primitive is not UNDEFINED


def _everywhere(op: Apply, inlined: dict[Operand, Apply], parameters: tuple[Value, ...], uses: Uses) -> bool:
    """Slices, index tuples, shapes, items of parameters; integer arithmetic and comparisons of names."""
    if op.primitive in (STEPS, REPLAYED):
        return True
    if not uses.readers.get(op.result) and not is_region(op.result.type):
        return False  # it is there for what it may raise
    if op.primitive is MAKE_SLICE or is_region(op.result.type):
        return True
    if op.result.hint is not None and not op.result.loose:
        return False
    t = op.result.type
    if op.primitive is MAKE:
        return t.cls is tuple and all(map(_is_index, t.items))
    if op.primitive is SHAPE:
        return True
    if op.primitive is EXTRACT:
        operand = op.operands[0]
        return operand in inlined or operand in parameters
    whole = op.operands[0] if op.operands else None
    if whole in uses.writers and (op.primitive is GETITEM or whole.type.is_table):
        return False
    readers = uses.readers.get(op.result, ())
    if len(readers) > 1 and any(is_update(r) and op.result in r.operands[2:] for r in readers):
        return False  # what is stored and decided on has one name
    if _is_notation(op, inlined, parameters, uses) or _is_factor(op, parameters, uses):
        return True
    spelled = isinstance(op.primitive.spelling, str) and op.primitive.definition is None
    light = op.primitive is GETITEM or spelled or op.primitive.name == "len"
    if light and t.is_scalar and t.dtype is not None and t.dtype.kind in "ib":
        return not any(o in inlined and _is_arithmetic(inlined[o]) for o in op.operands)
    return False


def _is_notation(op: Apply, inlined: dict[Operand, Apply], parameters: tuple[Value, ...], uses: Uses) -> bool:
    """Whether a view that costs nothing, or an element, is said by as little as a name: `x.T`, `a[i]`.

    It stays in its block: a loop would take it each time.
    """
    readers = uses.readers.get(op.result, ())
    home = uses.block_of[op]
    if any(not isinstance(r, Block) and uses.block_of[r] is not home for r in readers):
        return False
    if op.primitive.turns_axes and op.operands[0] not in inlined and op.operands[0] not in uses.writers:
        text = _PLACE.sub("", spelling_of(op) or op.primitive.name)
        return len(text) <= (NOTATION if len(readers) > 2 else SHORT)
    if op.primitive is GETITEM and op.result.type.is_scalar and _is_given(op.operands[0], parameters, uses):
        return len(readers) <= FEW and _width(op.operands[1], {}) <= len("i")
    return False


def _is_factor(op: Apply, parameters: tuple[Value, ...], uses: Uses) -> bool:
    """Whether a number is what multiplies arrays, and said by as little as a name: `0.5 * dt`."""
    if not (op.primitive.is_multiplicative and op.result.type.is_scalar and op.result.type.is_inexact):
        return False
    if any(isinstance(o, Value) and o not in parameters for o in op.operands) or not values_in(op.operands):
        return False
    readers = uses.readers.get(op.result, ())
    scales = (isinstance(r, Apply) and r.primitive.is_multiplicative and r.result.type.rank for r in readers)
    return all(scales) and _own_width(op) + sum(_width(o, {}) for o in op.operands) <= SHORT


def _is_given(whole: Operand, parameters: tuple[Value, ...], uses: Uses) -> bool:
    """Whether a function is given an array, or takes it out of what it is given, and leaves it as it is."""
    given = whole in parameters or whole in uses.items or is_call_of(uses.definition.get(whole), EXTRACT)
    return given and whole not in uses.writers


def _is_arithmetic(op: Apply) -> bool:
    return op.primitive not in (SHAPE, EXTRACT, MAKE_SLICE, MAKE) and op.primitive.name != "len"


def _is_index(t: object) -> bool:
    match t:
        case ContainerType():
            return all(map(_is_index, t.items))
        case ArrayType():
            return t.dtype is not None and t.dtype.kind in "ib"
        # Slices, and what is known when it is compiled: None and an ellipsis.
        case SliceType() | StaticType():
            return True
    return False


def _once(op: Apply, block: Block, function: Function, uses: Uses, inlined: dict[Operand, Apply]) -> bool:
    """Whether the value is read once, by an operation of its own block or by the function's return."""
    value = op.result
    readers = uses.readers.get(value, [])
    if len(readers) != 1 or value.type.is_sequence:
        return False
    reader = readers[0]
    if value.hint is not None and not value.loose and not _is_taken_away(op, reader):
        return False
    if isinstance(reader, Block):
        # In a `return` or the test of a `while` the expression is evaluated once, where it would have been.
        return reader is function.body or reader in uses.tests
    crosses = reader.about and not op.about and block is function.body
    if crosses and op.primitive.function is not np.transpose and not _is_light(op):
        return False  # what the forward sweep keeps for the reverse sweep has a line of the trace
    if _is_step(op, reader):
        return False
    if is_loop(reader) and (value in reader.initial or (value in reader.operands and not _heads(value, reader, uses))):
        return False
    if is_update(reader) and reader.operands[0] is value:
        return False
    if uses.block_of[reader] is not block or not isinstance(reader, (Apply, Call, If, For)):
        return False
    # Written into an index that is itself written several times it would be computed several times.
    if not _is_light(op) and _repeated(reader, uses):
        return False
    return not _overwritten(op, reader, uses, inlined)


def _heads(value: Value, loop: For | While, uses: Uses) -> bool:
    """Whether a value is read in the header of a loop alone, once: a bound, or what is scanned there."""
    return isinstance(loop, For) and (uses.iterates or value not in loop.scanned)


def _is_step(op: Apply, reader: Operation) -> bool:
    """Whether it adds one user's statement's part to an array's sum, and its reader adds another's: `x_bar += y`."""
    if not (isinstance(reader, Apply) and is_sum(op.primitive) and is_sum(reader.primitive) and op.result.type.rank):
        return False
    names = {v.hint for v in (op.operands[0], op.result, reader.result)}
    apart = op.location.statement != reader.location.statement
    return apart and reader.operands[0] is op.result and len(names) == 1 and None not in names


def _is_taken_away(op: Apply, reader: Operation | Block) -> bool:
    """Whether a negative adjoint is added at an index: `x_bar[i] -= v_bar`."""
    added = is_call_of(reader, INDEX_ADD) and reader.operands[2] is op.result
    return added and op.primitive.function is np.negative and (op.result.hint or "").endswith("_bar")


def _is_light(op: Apply) -> bool:
    """Whether an operation costs next to nothing: it may be written more than once."""
    return op.primitive in (SHAPE, EXTRACT, MAKE_SLICE, GETITEM) or op.result.type.is_scalar


def _repeated(reader: Operation, uses: Uses) -> bool:
    """Whether the reader is an index or a length that may be written into several uses, its operands with it."""
    # Along the chain of only readers: each may be written into the next one, and the last into several.
    while isinstance(reader, Apply):
        t = reader.result.type
        number = t.is_scalar and t.dtype is not None and t.dtype.kind in "ib"
        many = t.is_numeric or not _is_index(t)  # an array, of indices too, has one name
        if not number and reader.primitive not in (SHAPE, EXTRACT, MAKE_SLICE) and many:
            return False
        readers = uses.readers.get(reader.result, [])
        if len(readers) != 1:
            return len(readers) > 1
        following = readers[0]
        if not isinstance(following, Apply):
            return False
        reader = following
    return False


def _overwritten(op: Apply, reader: Operation, uses: Uses, inlined: dict[Operand, Apply]) -> bool:
    """Whether an array or table that an expression reads is written into before its use."""
    read = [v for o in op.operands for v in leaves(o, inlined)]
    arrays = [v for v in read if v.type.is_array or v.type.is_table]
    writers = [w for v in arrays for w in uses.writers.get(v, ())]
    if not writers:
        return False
    position = uses.position
    # The expression is evaluated where its reader stands: nothing in between may write into an array that it reads.
    first, last = position[op], position[reader]
    return any(first < position[w] < last for w in writers)


def leaves(operand: Operand, inlined: dict[Operand, Apply]) -> Iterator[Value]:
    """The named values in the expression that stands for an operand."""
    stack = [operand]
    while stack:
        o = stack.pop()
        if isinstance(o, Constant):
            continue
        # An operand without a statement stands for what its own expression reads.
        if o in inlined:
            stack.extend(inlined[o].operands)
        else:
            yield o


@dataclass
class Unpacked:
    """Tuples that are taken apart where they are made: `a, (b, c) = f(x)`; only their items have names."""

    items: dict[Value, dict[object, Value]] = field(default_factory=dict)
    """The items that are read, by their keys, of each tuple."""
    root: dict[Value, Value] = field(default_factory=dict)
    """The tuple that the assignment takes apart, for each item and each tuple in it."""
    home: dict[Value, Block] = field(default_factory=dict)
    """The block in which each tuple is bound."""

    def by(self, op: Operation) -> bool:
        """Whether the operation takes an item of such a tuple, so that it has no statement of its own."""
        return is_call_of(op, EXTRACT) and op.operands[0] in self.items

    def values_of(self, container: Value) -> list[Value]:
        """The tuple, and all that the assignment takes out of it."""
        return [container, *(item for item, root in self.root.items() if root is container)]


def find_unpacked(function: Function, uses: Uses, inlined: dict[Operand, Apply]) -> Unpacked:
    """The tuples and lists of which all that is read are items, each item once and in the block of the tuple."""
    found = Unpacked()
    blocks = {p: function.body for p in function.parameters}
    blocks |= {r: block for op, block in uses.block_of.items() if isinstance(op, (Apply, Call)) for r in op.results}
    blocks |= {item: op.body for op in uses.block_of if isinstance(op, For) for item in op.items}
    for value, home in blocks.items():
        if value in inlined or not value.type.is_container:
            continue
        readers = uses.readers.get(value, [])
        # All readers are items, no item is read under two names, and all stand in the block where the tuple is made:
        # then the one assignment that takes it apart is the only place where they are bound.
        items = {r.static["key"]: r.result for r in readers if is_call_of(r, EXTRACT)}
        if not items or len(items) < len(readers) or not is_unpackable(value.type):
            continue
        if any(uses.block_of[uses.definition[v]] is not home or v in inlined for v in items.values()):
            continue
        found.items[value] = items
        found.home[value] = home
        for item in items.values():
            found.root[item] = value
    # A tuple in a tuple is taken apart by the assignment of the outermost one.
    for item, root in found.root.items():
        while root in found.root:
            root = found.root[root]
        found.root[item] = root
    return found


def is_sum(primitive: Primitive) -> bool:
    """Whether it is spelled `x + y` or `x - y`, number by number."""
    return primitive.elementwise and primitive.spelling in ("_0 + _1", "_0 - _1")


def is_product(primitive: Primitive) -> bool:
    """Whether it is spelled `x * y` or `x / y`, number by number."""
    return primitive.elementwise and primitive.spelling in ("_0 * _1", "_0 / _1")


def addends(op: Apply, inlined: dict[Operand, Apply]) -> tuple[Operand, list[tuple[Apply, Operand]]]:
    """`a`, and each step with what it adds, of the sum `a + b - c` that a statement spells out."""
    terms = [(op, op.operands[1])]
    first = op.operands[0]
    # Sums associate to the left, so that only the first operand may hold another one: `a + b - c`.
    while first in inlined and is_sum(inlined[first].primitive):
        inner = inlined[first]
        terms.insert(0, (inner, inner.operands[1]))
        first = inner.operands[0]
    return first, terms
