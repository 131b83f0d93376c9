"""Functions compiled for one signature, before any derivative: what a `Program` knows of each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from s2sad.differentiate.operators import numbered
from s2sad.frontend.context import Back, Variable
from s2sad.ir.builder import Builder
from s2sad.ir.types import Type
from s2sad.ir.values import Function, FunctionRef, Value, constant
from s2sad.optimize import eliminate_dead
from s2sad.transforms import is_constant


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
    back: Back | None = None
    """What it hands back of these arrays."""

    @property
    def passed(self) -> tuple[int, ...]:
        """The positions of the parameters that are operands."""
        return tuple(k for k, t in enumerate(self.parameters.values()) if not is_constant(t))


def calling(entry: Entry) -> Entry:
    """A function that does nothing but call another one."""
    inner = entry.function
    parameters = tuple(Value(p.type, p.hint) for p in inner.parameters)
    builder = Builder()
    result = builder.call_function(FunctionRef(inner.name, inner.result.type), parameters)
    return replace(entry, function=numbered(replace(inner, body=builder.block(parameters, [result]))))


def captured_last(made: Function, inner: Entry) -> Function:
    """A derivative with the variables that its function captures behind all others: behind the tangents too."""
    cut, end = len(inner.passed), len(inner.passed) + len(inner.captured)
    own = made.parameters
    return replace(made, body=replace(made.body, parameters=(*own[:cut], *own[end:], *own[cut:end])))


def always_raises(entry: Entry) -> None:
    """Of a function that always raises: the exception stands in the place of any result, and of calls."""
    body = replace(entry.function.body, results=(constant(0.0),))
    entry.function = eliminate_dead(replace(entry.function, body=body))
    entry.result, entry.impure = entry.function.result.type, True
