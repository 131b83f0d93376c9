"""Values, operations, blocks and functions: structured SSA, as frozen data.

    v1 = np.log(w1)                    Apply(log, [w1]) -> v1
    if v1 > 0: y = v1 else: y = w1     If(p, then-block, else-block) -> (y,)
    for i in range(n): s = s + x[i]    For(0, n, 1, body with parameters (i, s)) -> (s,)

A block sees the values of the blocks around it. Loops carry what changes as block parameters; what every iteration
adds to a list is a `collected` value, what it takes from such a list a `scanned` one (as in JAX's scan).
Values are equal only when they are the same object; numbers (v1, v2) belong to the printer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

from s2sad.errors import NOWHERE, Location
from s2sad.ir.types import Type, type_of

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from s2sad.ir.primitive import Effect, Primitive


@dataclass(frozen=True, eq=False, slots=True)
class Value:
    """A name that is bound once."""

    type: Type
    hint: str | None = None
    """The name it would like to have: the user's own, or `x_bar`."""
    loose: bool = False
    """A value with a hint that need not have a statement of its own where it is used once."""
    unsure: bool = False
    """A parameter in which arrays may be empty, whatever their type says: a branch that was not taken hands it over."""

    def __repr__(self) -> str:
        return f"{self.hint or '_'}: {self.type}"


@dataclass(frozen=True, eq=False, slots=True)
class Constant:
    """An operand known at compile time. `text` is how the user wrote it, where that is not `repr(value)`."""

    value: object
    type: Type
    text: str | None = None

    @property
    def hint(self) -> None:
        """The name that it would like to have, as a value has one: none."""
        return None

    def __repr__(self) -> str:
        return self.text or (repr(self.value) if type(self.value) is not int else int_text(self.value))


def int_text(value: int) -> str:
    """An integer as text, in hexadecimal where Python refuses to write so many digits."""
    return hex(value) if value.bit_length() > 12_000 else repr(value)


def constant(value: object, text: str | None = None) -> Constant:
    """The constant of a Python object."""
    return Constant(value, type_of(value), text)


Operand: TypeAlias = Value | Constant


def is_operand(term: object) -> TypeIs[Operand]:
    """Whether something is a value or a constant, not a tuple, a cell or whatever else there is beside operands."""
    return isinstance(term, (Value, Constant))


def is_int(operand: Operand, number: int) -> bool:
    """Whether an operand is this integer, known at compile time."""
    return isinstance(operand, Constant) and type(operand.value) is int and operand.value == number


@dataclass(frozen=True, eq=False, slots=True)
class Apply:
    """`result = primitive(*operands, **static)`."""

    primitive: Primitive
    operands: tuple[Operand, ...]
    result: Value
    static: Mapping[str, object] = field(default_factory=dict)
    location: Location = NOWHERE
    about: tuple[Operation, ...] = ()
    """The primal operations whose derivative this belongs to: its comment."""

    @property
    def results(self) -> tuple[Value, ...]:
        return (self.result,)

    @property
    def blocks(self) -> tuple[Block, ...]:
        return ()

    @property
    def effect(self) -> Effect:
        return self.primitive.effect_of([o.type for o in self.operands])


@dataclass(frozen=True, eq=False, slots=True)
class Call:
    """`result = function(*operands)`: a call of another function of the module, by its key in the program."""

    function: FunctionRef
    operands: tuple[Operand, ...]
    result: Value
    location: Location = NOWHERE
    about: tuple[Operation, ...] = ()

    @property
    def results(self) -> tuple[Value, ...]:
        return (self.result,)

    @property
    def blocks(self) -> tuple[Block, ...]:
        return ()


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """Operations in order, the parameters they start from and the operands they end with."""

    parameters: tuple[Value, ...]
    operations: tuple[Operation, ...]
    results: tuple[Operand, ...]


@dataclass(frozen=True, eq=False, slots=True)
class If:
    """`results = then.results if predicate else orelse.results`."""

    predicate: Operand
    then: Block
    orelse: Block
    results: tuple[Value, ...]
    location: Location = NOWHERE
    about: tuple[Operation, ...] = ()

    @property
    def operands(self) -> tuple[Operand, ...]:
        return (self.predicate,)

    @property
    def blocks(self) -> tuple[Block, ...]:
        return (self.then, self.orelse)


@dataclass(frozen=True, eq=False, slots=True)
class For:
    """A loop over `range(start, stop, step)`, from its last index to its first where `reverse`.

    body.parameters are (index, *carried, *scanned), body.results (*carried, *collected, stop?) and results
    (*carried, *collected). `scanned` are sequences with one item an iteration, taken from their end, or from their
    start where `ascending` has True; a collected value is the list of what the iterations gave, in their order.
    With `breaks`, the last result of the body says whether to leave the loop after this iteration.
    """

    start: Operand
    stop: Operand
    step: Operand
    initial: tuple[Operand, ...]
    scanned: tuple[Operand, ...]
    body: Block
    results: tuple[Value, ...]
    reverse: bool = False
    breaks: bool = False
    location: Location = NOWHERE
    about: tuple[Operation, ...] = ()
    ascending: tuple[bool, ...] = ()
    snapshots: int | None = None
    """How often the reverse sweep may store what it carries, where it is marked: the steps between are done again."""

    @property
    def operands(self) -> tuple[Operand, ...]:
        return (self.start, self.stop, self.step, *self.initial, *self.scanned)

    @property
    def blocks(self) -> tuple[Block, ...]:
        return (self.body,)

    @property
    def index(self) -> Value:
        return self.body.parameters[0]

    @property
    def carried(self) -> tuple[Value, ...]:
        """The parameters that hold what the iteration before left."""
        return self.body.parameters[1 : 1 + len(self.initial)]

    def is_ascending(self, k: int) -> bool:
        """Whether the scanned sequence number `k` is taken from its start."""
        return bool(self.ascending) and self.ascending[k]

    @property
    def items(self) -> tuple[Value, ...]:
        """The parameters that hold the items of the scanned sequences."""
        return self.body.parameters[1 + len(self.initial) :]


@dataclass(frozen=True, eq=False, slots=True)
class While:
    """A loop that runs while its test holds.

    test.parameters and body.parameters are the carried values; test.results is the predicate alone;
    body.results are (*carried, *collected, stop?), results (*carried, *collected).
    """

    initial: tuple[Operand, ...]
    test: Block
    body: Block
    results: tuple[Value, ...]
    breaks: bool = False
    location: Location = NOWHERE
    about: tuple[Operation, ...] = ()

    @property
    def operands(self) -> tuple[Operand, ...]:
        return self.initial

    @property
    def blocks(self) -> tuple[Block, ...]:
        return (self.test, self.body)

    @property
    def carried(self) -> tuple[Value, ...]:
        return self.body.parameters


Operation: TypeAlias = Apply | Call | If | For | While


def is_same(a: Operand, b: Operand) -> bool:
    """Whether two operands are one value, or equal constants."""
    return a is b or (isinstance(a, Constant) and isinstance(b, Constant) and bool(a.value == b.value))


def is_call_of(op: Operation | Block | None, primitive: Primitive) -> TypeGuard[Apply]:
    """Whether an operation, if there is one, applies this primitive."""
    return isinstance(op, Apply) and op.primitive is primitive


def keys_of(made: Apply) -> tuple[object, ...]:
    """The keys of the container that an operation makes of its operands."""
    keys = made.static["keys"]
    assert isinstance(keys, tuple)
    return keys


def is_update(op: Operation | Block | None) -> TypeGuard[Apply]:
    """Whether an operation, if there is one, may write its result into the memory of its first operand."""
    return isinstance(op, Apply) and op.primitive.update is not None


def is_loop(op: Operation | None) -> TypeIs[For | While]:
    """Whether an operation, if there is one, is a loop."""
    return isinstance(op, (For, While))


def applied_in(operations: Iterable[Operation | Block]) -> Iterator[Apply]:
    """Those of the operations that apply a primitive."""
    return (op for op in operations if isinstance(op, Apply))


def makers(operations: Iterable[Operation]) -> dict[Operand, Apply]:
    """By its result each of the operations that applies a primitive."""
    return {op.result: op for op in operations if isinstance(op, Apply)}


def values_in(operands: Iterable[Operand]) -> list[Value]:
    """Those of the operands that are values, each as often as it stands there."""
    return [o for o in operands if isinstance(o, Value)]


class Effects(IntEnum):
    """What a function does besides its result: the most that an operation of it does, or a function that it calls."""

    NONE = 0
    KEPT = 1
    """It may raise, or asks for the time: a call of it stays though nobody reads what it gives."""
    ONCE = 2
    """It prints or logs: its calls stay, and where one is run again for a derivative a silent form of it is called."""
    DRAWS = 3
    """It draws random numbers: its calls stay, and it cannot be run again."""


@dataclass(frozen=True, eq=False, slots=True)
class FunctionRef:
    """The name of a function in its program, and the type of its result. The program holds its body."""

    name: str
    result: Type
    own: bool = False
    """Its result, or each item of it, is memory that nothing else sees."""
    takes: tuple[int, ...] = ()
    """The positions of the arrays that it may write into, and return: the caller gives them away, or copies of them."""
    effects: Effects = Effects.NONE


@dataclass(frozen=True, eq=False, slots=True)
class Function:
    """A function: `body.parameters` are its parameters, `body.results` has exactly one operand, its result."""

    name: str
    body: Block
    doc: str | None = None
    takes: tuple[int, ...] = ()
    """The positions of the parameters whose memory is its own."""
    attributes: tuple[tuple[str, object], ...] = ()
    """What a solver that it is given to asks of it: whether the solution ends where it is zero."""

    @property
    def taken(self) -> tuple[Value, ...]:
        """The parameters whose memory is its own."""
        return tuple(self.parameters[k] for k in self.takes)

    @property
    def parameters(self) -> tuple[Value, ...]:
        return self.body.parameters

    @property
    def result(self) -> Operand:
        return self.body.results[0]


def walk(block: Block) -> Iterator[Operation]:
    """All operations of a block and of the blocks in it, in the order of the text."""
    for op in block.operations:
        yield op
        for inner in op.blocks:
            yield from walk(inner)


def given_functions(op: Operation) -> tuple[FunctionRef, ...]:
    """The functions of the program that an operation gives to a function of a library: to a solver."""
    found = op.static.get("functions", ()) if isinstance(op, Apply) else ()
    assert isinstance(found, tuple)
    return found


def called_in(block: Block) -> set[str]:
    """The names of the functions of the program that a block and those in it call, or have called."""
    calls = {op.function.name for op in walk(block) if isinstance(op, Call)}
    return calls | {f.name for op in walk(block) for f in given_functions(op)}


def bound_in(block: Block) -> Iterator[Value]:
    """What a block and those in it bind, in the order of the text."""
    yield from block.parameters
    for op in block.operations:
        for inner in op.blocks:
            yield from bound_in(inner)
        yield from op.results
