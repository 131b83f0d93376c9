"""Functions compiled for one signature, before any derivative: what a `Program` knows of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from s2sad.compiler.transform import is_constant
from s2sad.differentiate.tangents import conform
from s2sad.errors import NOWHERE, UnsupportedType
from s2sad.frontend.context import WrittenArrays
from s2sad.frontend.dependencies import Variable
from s2sad.frontend.terms.references import Place
from s2sad.ir.builder import Builder
from s2sad.ir.dims import Fact
from s2sad.ir.primitives.effects import RAISE
from s2sad.ir.printer import numbered
from s2sad.ir.rewrite import reads_of, substitute
from s2sad.ir.types import BOTTOM, ArrayType, ContainerType, SparseType, Type, leaves
from s2sad.ir.values import (
    Block,
    Call,
    Effects,
    Function,
    FunctionRef,
    Operand,
    Value,
    constant,
    is_call_of,
    walk,
)
from s2sad.optimize import eliminate_dead


@dataclass(eq=False)
class Entry:
    """A function compiled for one signature. `statics` are the parameters that are constants in it."""

    function: Function
    parameters: dict[str, Type]
    captured: tuple[Variable, ...]
    result: Type
    impure: bool = False
    """It must be lowered in the place of its calls: it changes what it is given, or gives a function."""
    aliases: bool = False
    """Its result may share memory with an argument."""
    written: tuple[str, ...] = ()
    """The parameters in whose arrays it writes."""
    valueless: UnsupportedType | None = None
    """It gives a function, or what else has no value at run time."""
    back: WrittenArrays | None = None
    """What it hands back of these arrays."""
    changed: tuple[Place, ...] = ()
    """The arrays, lists and objects in its parameters that it changes."""
    stores: bool = False
    """It stores values outside."""
    gives: bool = False
    """Its result may be, or hold, a list or object that it is given."""
    effects: Effects = Effects.NONE
    unread: tuple[int, ...] = ()
    """The positions of the parameters that it does not take: it does not read them."""
    facts: Mapping[Fact, None] = field(default_factory=dict)
    """What is used of the lengths of its parameters: only calls of which it is true are calls of this form."""

    @property
    def passed(self) -> tuple[int, ...]:
        """The positions of the parameters that are operands."""
        return tuple(k for k, t in enumerate(self.parameters.values()) if not is_constant(t) and k not in self.unread)

    def reference(self, result: Type, own: bool = False) -> FunctionRef:
        """What calls it, with the type of its result in the lengths of the caller."""
        return FunctionRef(self.function.name, result, own, effects=self.effects)


def calling(entry: Entry) -> Entry:
    """A function that does nothing but call another one."""
    inner = entry.function
    parameters = tuple(Value(p.type, p.hint) for p in inner.parameters)
    builder = Builder()
    result = builder.call_function(entry.reference(inner.result.type), parameters)
    return replace(entry, function=numbered(replace(inner, body=builder.block(parameters, [result]))))


def with_read_parameters(entry: Entry) -> Entry:
    """A function without those of its own parameters that it does not read."""
    function = entry.function
    read = set(reads_of(function.body))
    own, captured = function.parameters[: len(entry.passed)], function.parameters[len(entry.passed) :]
    unread = tuple(k for k, p in zip(entry.passed, own, strict=True) if p not in read)
    kept = (*(p for p in own if p in read), *captured)
    return replace(entry, function=replace(function, body=replace(function.body, parameters=kept)), unread=unread)


def check_value(entry: Entry) -> None:
    """Refuse to differentiate what gives no value."""
    found = entry.valueless
    if found is not None:
        what = f"{entry.function.name} gives what is no value at run time: {found.what}"
        instead = "return numbers, arrays, and containers of them" + (f"; {found.instead}" if found.instead else "")
        raise UnsupportedType(what, instead, found.location)
    if any(isinstance(t, SparseType) for t in leaves(entry.function.result.type)):
        instead = "return A.data, A.toarray(), or what is computed with it"
        where = entry.function.body.operations[-1].location if entry.function.body.operations else NOWHERE
        raise UnsupportedType(f"{entry.function.name} gives a sparse matrix", instead, where)


def captured_last(function: Function, passed: int, captured: int) -> Function:
    """A tangent with its variables from outside behind the tangents of the parameters, as an entry has them."""
    given = function.body.parameters
    own, outside, dots = given[:passed], given[passed : passed + captured], given[passed + captured :]
    return replace(function, body=replace(function.body, parameters=(*own, *dots, *outside)))


def in_own_dtypes(function: Function, given: Sequence[Type]) -> Function:
    """A tangent or pullback that converts its last parameters, tangents of these types, to the dtypes of the primal.

    What is added up in integers would be cut off.
    """
    builder, table = Builder(), dict[Operand, Operand]()
    parameters = list(function.parameters)
    for k, t in enumerate(given, len(parameters) - len(given)):
        value = Value(_of_dtypes(parameters[k].type, t), parameters[k].hint)
        made = conform(builder, value, parameters[k].type)
        if made is not value:
            table[parameters[k]], parameters[k] = made, value
    if not table:
        return function
    body = substitute(Block((), function.body.operations, function.body.results), table)
    return replace(function, body=Block(tuple(parameters), (*builder.operations, *body.operations), body.results))


def _of_dtypes(t: Type, given: Type) -> Type:
    """A type with the dtypes of another one of the same structure."""
    match t, given:
        case ArrayType(), ArrayType() if given.dtype is not None and t.dtype is not None:
            return replace(t, dtype=given.dtype)
        case ContainerType(), ContainerType():
            return ContainerType(t.cls, t.keys, tuple(map(_of_dtypes, t.items, given.items)))
    return t


def always_raises(entry: Entry) -> None:
    """Of a function that always raises: the exception stands in the place of any result, and of calls."""
    if not any(isinstance(op, Call) or is_call_of(op, RAISE) for op in walk(entry.function.body)):
        what = f"what {entry.function.name} gives comes out of a list that is empty"
        raise UnsupportedType(what, "ask for its length first, and give another value where it is 0")
    # A value must be returned, and none ever is: any will do.
    body = replace(entry.function.body, results=(constant(0.0),))
    entry.function = eliminate_dead(replace(entry.function, body=body))
    entry.result, entry.impure = entry.function.result.type, True


def stub(name: str) -> Function:
    """What stands for a function that is still being made."""
    return Function(name, Block((), (), (Value(BOTTOM),)))
