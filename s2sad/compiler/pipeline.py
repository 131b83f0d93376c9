"""The pipeline, and the only module that knows the order of its stages.

    function -> source -> desugared tree -> SSA -> optimised SSA -> derivative SSA -> optimised -> text -> module

A `Program` is the set of functions of one module: the derivative asked for, and a pair of sweeps (or a tangent) of
every user function that it calls, each made once for each signature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import s2sad.rules  # noqa: F401  (fills the registry)
from s2sad.backends.numba import classes_in, is_importable
from s2sad.compiler.collection import collection_paused
from s2sad.compiler.entry import Entry, check_value
from s2sad.compiler.program import Program, optimize
from s2sad.compiler.targets import Target
from s2sad.compiler.transform import Transform
from s2sad.emit.modules import emit_module, objects_to_inject
from s2sad.errors import Location
from s2sad.frontend.dependencies import Variable
from s2sad.ir.flat import flattened, flattened_sweeps
from s2sad.ir.signature import Parameter
from s2sad.ir.types import BOTTOM, ContainerType, Type
from s2sad.ir.values import Function
from s2sad.optimize import eliminate_dead, own_results, without_stops


@dataclass(frozen=True, eq=False)
class Compiled:
    """The text of a derivative module, and how its entry is called."""

    text: str
    entry: str
    captured: tuple[Variable, ...]
    classes: Mapping[str, object]
    function: Function
    reverse: str | None = None
    residuals: bool = False
    lines: Mapping[int, Location] = field(default_factory=dict)
    """Where the user wrote what a line of the text computes."""
    result: Type = BOTTOM
    """The type of the result, containers and all."""
    written: tuple[str, ...] = ()
    """The parameters in whose arrays the function writes."""
    outside: tuple[Type, ...] = ()
    """The types of the captured variables, containers and all."""
    sweep: tuple[tuple[Type, ...], Type] = ((), BOTTOM)
    """The types of the arguments of the reverse sweep, behind the residuals, and of its result: containers and all."""

    @property
    def kept(self) -> Type:
        """The type of the residuals, the second item of the result of the first sweep."""
        both = self.function.result.type
        assert isinstance(both, ContainerType)
        return both.items[1]


@collection_paused()
def compile_derivative(
    target: Target,
    transform: Transform | None,
    parameters: Mapping[str, Type],
    name: str,
    signature: Sequence[Parameter],
    header: Sequence[str],
    program: Program | None = None,
    doc: str | None = None,
) -> Compiled:
    """Compile one derivative for one signature. Raises `NeedsStatic` for a parameter that must be known."""
    program = program or Program()
    primal = parameters if transform is None else transform.inner(parameters)
    entry = program.entry(target, primal)
    check_value(entry)
    function, reverse, residuals = entry.function, None, False
    sweep: tuple[tuple[Type, ...], Type] = ((), BOTTOM)
    result = function.result.type
    outside = tuple(p.type for p in function.parameters[len(function.parameters) - len(entry.captured) :])
    if transform is not None and transform.kind in ("vjp", "linear"):
        function, reverse, residuals = program.sweeps(entry, transform)
        second = program.functions[reverse]
        sweep = tuple(p.type for p in second.parameters[residuals:]), second.result.type
        if program.native:
            function = native_sweeps(program, function, second, residuals)
    elif transform is not None:
        name = program.names[(target, "")] = program.fresh_name(name)
        function = program.transform(entry, transform, name, parameters)
        function = eliminate_dead(own_results(function))
        result = function.result.type
        if program.native:
            flat = flattened(function)
            function = flat if flat is function else optimize(flat)
        program.functions[function.name] = function
    if program.native:
        full = [Parameter(p.hint or "_", p) for p in function.parameters]
    else:
        full = user_parameters(function, entry, parameters, primal, signature)
    if not program.native:
        program.replay()
        function = program.functions[function.name]
    entries = (function.name, reverse) if reverse else (function.name,)
    functions = [without_stops(f) for f in program.module(*entries)]
    text, lines = emit_module(header, functions, function.name, full, doc, program.native)
    classes = objects_to_inject({f.name: f for f in functions})
    if program.native:
        classes |= {c.__name__: c for c in classes_in(result).values() if not is_importable(c)}
    return Compiled(
        *(text, function.name, entry.captured, classes, function, reverse, residuals, lines, result, entry.written),
        *(outside, sweep),
    )


def native_sweeps(program: Program, first: Function, second: Function, residuals: bool) -> Function:
    """Let two sweeps take and give numbers and arrays, no other containers; the first of them."""
    if residuals:
        forward, reverse = flattened_sweeps(first, second)
    else:
        forward, reverse = flattened(first), flattened(second)
    for made, given in ((forward, first), (reverse, second)):
        program.functions[made.name] = made if made is given else optimize(made)
    return program.functions[forward.name]


def user_parameters(
    function: Function,
    entry: Entry,
    parameters: Mapping[str, Type],
    primal: Mapping[str, Type],
    signature: Sequence[Parameter],
) -> list[Parameter]:
    """The parameters of the emitted function as the user's has them; captured variables and tangents follow."""
    own = list(zip([list(primal)[k] for k in entry.passed], function.parameters, strict=False))
    rest = function.parameters[len(own) :]
    dots, captured = rest[: len(rest) - len(entry.captured)], rest[len(rest) - len(entry.captured) :]
    table = dict(own) | {n: d for n, d in zip(list(parameters)[len(primal) :], dots, strict=True)}
    full = [replace(p, value=table.get(p.name)) for p in signature]
    full += [Parameter(v.hint or "_", v) for v in captured]
    return full
