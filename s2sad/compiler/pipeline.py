"""The pipeline, and the only module that knows the order of its stages.

    function -> source -> desugared tree -> SSA -> optimised SSA -> derivative SSA -> optimised -> text -> module

A `Program` is the set of functions of one module: the derivative asked for, and a pair of sweeps (or a tangent) of
every user function that it calls, each made once for each signature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from s2sad.backends import Interface, Unit
from s2sad.compiler.checked import optimize
from s2sad.compiler.collection import collection_paused
from s2sad.compiler.compiled import Compiled
from s2sad.compiler.entry import Entry, check_value
from s2sad.compiler.program import Program
from s2sad.compiler.targets import Target
from s2sad.compiler.together import together
from s2sad.compiler.transform import Transform, is_constant
from s2sad.differentiate.reverse.records import with_records
from s2sad.emit.modules import objects_to_inject
from s2sad.ir.call_lengths import texts
from s2sad.ir.flat import flattened, flattened_sweeps
from s2sad.ir.signature import Parameter
from s2sad.ir.types import ContainerType, Type
from s2sad.ir.values import Function
from s2sad.optimize import eliminate_dead, own_results, vectorise
from s2sad.progress import stage


@collection_paused()
def compile_derivative(
    target: Target,
    transform: Transform | None,
    parameters: Mapping[str, Type],
    name: str,
    signature: Sequence[Parameter],
    header: Callable[[Sequence[str]], Sequence[str]],
    program: Program | None = None,
    doc: str | None = None,
) -> Compiled:
    """Compile one derivative for one signature. Raises `NeedsStatic` for a parameter that must be known.

    `header` gives the first lines of the text for what is used of lengths.
    """
    program = program or Program()
    backend = program.backend
    primal = parameters if transform is None else transform.inner(parameters)
    entry = program.entry(target, primal)
    check_value(entry)
    reverse = None
    if transform is None:
        function, interface = entry.function, Interface(entry.function.result.type, outside(entry), None)
    elif transform.row.second:
        function, reverse, interface = sweeps(program, entry, transform)
    else:
        name = program.names[(target, "")] = program.fresh_name(name)
        function, interface = derivative(program, entry, transform, name, parameters)
    if backend.signature:
        full = user_parameters(function, entry, parameters, primal, signature)
    else:
        full = [Parameter(p.hint or "_", p) for p in function.parameters]
    # After all derivatives: until here a marked loop is a loop, which each transformation knows.
    if backend.snapshots:
        program.replay()
        function = program.functions[function.name]
    entries = (function.name, reverse) if reverse else (function.name,)
    functions = together(program, entries)
    if backend.batches:
        functions = [vectorise(f, program.signature.call) for f in functions]
    if backend.iterates:
        functions = [with_records(f) for f in functions]

    def lengths() -> list[str]:
        return [" ".join(t) for t in texts(program.signature.call)] if program.signature.call else []

    interface = replace(interface, arguments=tuple(t for t in parameters.values() if not is_constant(t)))
    unit = Unit(
        functions, function.name, full, lambda: header(lengths()), doc, interface, reverse, program.signature.call
    )
    with stage("writing", function.name):
        text, lines, facts, parts = program.runner.write(unit)
    classes = objects_to_inject({f.name: f for f in functions}) | program.runner.classes(interface)
    captured, changed = entry.captured, entry.changed
    name = function.name
    return Compiled(
        text, name, captured, classes, function, interface, facts, reverse, lines, changed, lengths(), parts
    )


def derivative(
    program: Program, entry: Entry, transform: Transform, name: str, parameters: Mapping[str, Type]
) -> tuple[Function, Interface]:
    """The derivative of an entry as the entry of a module."""
    with stage("differentiating", entry.function.name):
        function = eliminate_dead(own_results(program.derivatives.transform(entry, transform, name, parameters)))
    interface = Interface(function.result.type, outside(entry), None)
    if not program.backend.containers:
        function = optimized_if_new(flattened(function), function)
    program.functions[function.name] = function
    return function, interface


def sweeps(program: Program, entry: Entry, transform: Transform) -> tuple[Function, str, Interface]:
    """The two sweeps of an entry as the entries of a module: the first, and the name of the second."""
    with stage("differentiating", entry.function.name):
        first, reverse, keeps = program.derivatives.sweeps(entry, transform)
    second = program.functions[reverse]
    cotangents, adjoints = tuple(p.type for p in second.parameters[keeps:]), second.result.type
    if not program.backend.containers:
        # Both at once: what the first gives as residuals is, number by number, what the second takes.
        flat = flattened_sweeps(first, second) if keeps else (flattened(first), flattened(second))
        first, second = map(optimized_if_new, flat, (first, second))
        program.functions.update({first.name: first, second.name: second})
    both = first.result.type
    residuals = both.items[1] if keeps and isinstance(both, ContainerType) else None
    return first, reverse, Interface(entry.function.result.type, outside(entry), residuals, cotangents, adjoints)


def outside(entry: Entry) -> tuple[Type, ...]:
    """The types of the captured variables of an entry."""
    parameters = entry.function.parameters
    return tuple(p.type for p in parameters[len(parameters) - len(entry.captured) :])


def optimized_if_new(function: Function, before: Function) -> Function:
    """A function optimised, where it is another one than before."""
    return function if function is before else optimize(function)


def user_parameters(
    function: Function,
    entry: Entry,
    parameters: Mapping[str, Type],
    primal: Mapping[str, Type],
    signature: Sequence[Parameter],
) -> list[Parameter]:
    """The parameters of the emitted function as the user's has them; captured variables and tangents follow."""
    # In this order: arguments that are passed, tangents or a cotangent, captured variables.
    own = list(zip([list(primal)[k] for k in entry.passed], function.parameters, strict=False))
    rest = function.parameters[len(own) :]
    dots, captured = rest[: len(rest) - len(entry.captured)], rest[len(rest) - len(entry.captured) :]
    table = dict(own) | {n: d for n, d in zip(list(parameters)[len(primal) :], dots, strict=True)}
    full = [replace(p, value=table.get(p.name)) for p in signature]
    full += [Parameter(v.hint or "_", v) for v in captured]
    return full
