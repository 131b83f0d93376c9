"""Functions that call themselves: which of them hand over gradients, which accumulate adjoints.

    def f_grad(x, n):
        _, x_bar = f_value_and_grad(x, n)
        return x_bar

Where the gradient is that of such a function, it is a call of it alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from s2sad.analysis.effects import effects_of
from s2sad.analysis.recursion import cycle, handed_on
from s2sad.compiler.entry import Entry
from s2sad.differentiate.reverse.local_gradient import has_local_gradient
from s2sad.differentiate.tangents import tangent_type
from s2sad.ir.backend import Backend
from s2sad.ir.builder import Builder
from s2sad.ir.dims import least_value
from s2sad.ir.signature import related
from s2sad.ir.types import same_up_to_dims, substitute, tuple_type
from s2sad.ir.values import Function, FunctionRef, Value


def is_local(
    name: str, active: Sequence[bool], functions: Mapping[str, Function], apart: Collection[str], backend: Backend
) -> bool:
    """Whether calls of a function hand over its gradient: one that calls itself, and gives a real number.

    Its cost must be that of the call. An array that is handed on as it was given may be much larger than what a call
    does with it, and a gradient for each call would be as large; sweeps are taken then. Where the residuals of calls
    cannot nest, gradients are handed over all the same.
    """
    # Cheaper than residuals where a call does something with all that it is given; see the design, "Recursion".
    if name in apart or name not in functions or not has_local_gradient(functions[name], active):
        return False
    return bool(cycle(name, functions)) and (not backend.recursion or not handed_on(name, active, functions))


def accumulated(
    name: str, active: Sequence[bool], functions: Mapping[str, Function], apart: Collection[int]
) -> tuple[int, ...]:
    """Which of the active parameters of a function that calls itself have their adjoints handed from call to call.

    `f_reverse(residuals, result_bar, x_bar) -> x_bar` adds to the sum that there is: it makes no array for each call.
    """
    wanted = [k for k, a in enumerate(active) if a]
    parameters = functions[name].parameters
    found = {k for callee, k in handed_on(name, active, functions) if callee == name and k not in apart}
    return tuple(i for i, k in enumerate(wanted) if k in found and parameters[k].type.is_numeric)


def local_reference(function: Function, active: Sequence[bool], name: str) -> FunctionRef:
    """`f_value_and_grad(*parameters) -> (value, *gradients)`, by its name."""
    gradients = [tangent_type(p.type) for p, a in zip(function.parameters, active, strict=True) if a]
    own = all(t.is_numeric for t in gradients)
    effects = effects_of(function.body)
    return FunctionRef(name, tuple_type(function.result.type, *gradients), own, effects=effects)


def as_call(entry: Entry, others: Iterable[Entry], chosen: Collection[str]) -> Function:
    """A function that is only a call of itself, or of its form for more arguments: one of the names `chosen`.

    It is as it was where there is none.
    """
    function = entry.function
    found = next((e for e in (entry, *others) if e.function.name in chosen and is_general(e, entry)), None)
    if found is None:
        return function
    parameters = tuple(Value(p.type, p.hint) for p in function.parameters)
    table = related(found.parameters.values(), entry.parameters.values())
    builder = Builder()
    reference = found.reference(substitute(found.result, table))
    body = builder.block(parameters, [builder.call_function(reference, parameters)])
    return Function(function.name, body, function.doc)


def is_general(entry: Entry, own: Entry) -> bool:
    """Whether what is compiled for one signature may be called for another: only its lengths are less known."""
    if entry.captured != own.captured or len(entry.function.parameters) != len(own.function.parameters):
        return False
    general, special = (tuple_type(*e.parameters.values()) for e in (entry, own))
    # A form for lengths that are not known serves for all lengths, but not the other way round.
    if not same_up_to_dims(general, special):
        return False
    table = related(general.items, special.items)
    return all(least_value(d) >= s.least for s, d in table.items())
