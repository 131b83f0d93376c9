"""Functions whose derivatives are given: their rules compiled, checked, and put in the place of what would be made.

custom_vjp    the pair of a call is (fwd, bwd)
custom_jvp    its tangent is the rule; its pair comes of transposing the rule
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeGuard, TypeVar

from s2sad.analysis.aliasing import owns_result
from s2sad.compiler.entry import Entry
from s2sad.differentiate.given_rules import BAR, RESIDUALS, Plan, TangentRule
from s2sad.differentiate.reverse.pairs import GivenSweeps, Masked, Pair
from s2sad.differentiate.reverse.sweeps import Optimizer, pair
from s2sad.differentiate.reverse.transposition import NotLinear, check_linear, named_for, transposed
from s2sad.differentiate.tangents import tangent_type
from s2sad.errors import Location, RuleError
from s2sad.frontend.context import NeedsStatic
from s2sad.frontend.dependencies import NeedsVariables, Variable
from s2sad.frontend.reading.callables import Spread
from s2sad.ir.backend import Backend
from s2sad.ir.builder import Builder
from s2sad.ir.call_lengths import unasked
from s2sad.ir.dims import dim_sum
from s2sad.ir.primitives.lists import zero
from s2sad.ir.rewrite import substitute as substitute_values
from s2sad.ir.signature import Signature, related
from s2sad.ir.types import ArrayType, ContainerType, StaticType, Type, is_active_type, substitute, symbols, tuple_type
from s2sad.ir.user_rules import Custom, accepts, parameter_names, place_of
from s2sad.ir.values import Block, Call, Constant, Function, Operand, Value, constant

SUFFIX = {"forward": "fwd", "backward": "bwd", "tangent": "jvp"}
"""The names of rules that are lambdas."""


class Entries(Protocol):
    """The compiler, as the rules see it."""

    functions: dict[str, Function]
    backend: Backend

    def entry(self, target: object, parameters: Mapping[str, Type], name: str | None = None) -> Entry: ...
    def silent_entry(self, entry: Entry) -> Entry: ...
    def fresh_name(self, base: str) -> str: ...
    def rule_variables(self, rules: object) -> tuple[Variable, ...]: ...


class Differentiating(Entries, Protocol):
    """The compiler, as rules see it that are differentiated themselves."""

    def pair_of(self, call: Call, active: tuple[bool, ...], masked: Masked) -> Pair: ...


Passed = TypeVar("Passed")
"""What is passed for a parameter of a rule: the position of an operand, or a value."""


@dataclass(frozen=True, eq=False)
class CustomFunction:
    """A function with a rule, compiled for one signature: `passed` are the positions of the operands of its calls,
    behind them come those of `captured`."""

    custom: Custom
    name: str
    types: tuple[Type, ...]
    passed: tuple[int, ...]
    captured: tuple[Variable, ...]
    result: Type

    @property
    def differentiable(self) -> list[int]:
        """The positions of the parameters that a rule speaks of."""
        return [k for k in range(len(self.types)) if k not in self.custom.nondiff]

    def operands(self, entry: Entry, positions: Sequence[Passed]) -> list[Passed | int]:
        """What an entry is passed, of what stands at the positions of its parameters; then what it captures."""
        operands = [positions[k] for k in entry.passed]
        assert -1 not in operands, "what is a constant of the function is one of its rules"
        return [*operands, *(len(self.passed) + k for k in self.places(entry))]

    def places(self, entry: Entry) -> list[int]:
        """Where the variables that a rule reads stand among those that are captured.

        Raises:
            NeedsVariables: one of them is not among these.
        """
        # The operands of a call are the same in all its rules: what one rule reads, all calls pass. The compilation
        # begins again with what is missing.
        keys = [v.key for v in self.captured]
        missing = [v for v in entry.captured if v.key not in keys]
        if missing:
            raise NeedsVariables(self.custom, missing)
        return [keys.index(v.key) for v in entry.captured]

    def operand_of(self, position: int) -> int:
        """The operand of a call for a parameter."""
        return self.passed.index(position)


def rule_variables(program: Entries, custom: Custom, own: Sequence[Variable]) -> list[Variable]:
    """The arrays from outside that the rules of a function read, and the function itself does not."""
    known = {v.key for v in own}
    return [v for v in program.rule_variables(custom) if v.key not in known]


def check_operands(given: CustomFunction, call: Call, active: Sequence[bool], rule: str) -> None:
    """Whether a derivative of a call can be taken: there is the rule, and what has no derivative is not asked for one.

    Raises:
        RuleError: it cannot.
    """
    custom = given.custom
    if not custom.rules:
        instead = f"give it by {custom.name}.def{custom.kind}(...)"
        raise RuleError(f"{custom.name} is a custom_{custom.kind} without a rule", instead, call.location)
    if rule not in custom.rules:
        raise RuleError(
            f"forward mode of {custom.name}, which is a custom_vjp",
            "use reverse mode, or custom_jvp, which has both modes",
            call.location,
        )
    for k in custom.nondiff:
        if k in given.passed and active[given.operand_of(k)]:
            raise RuleError(
                f"argument {k} of {custom.name}, in its nondiff_argnums, depends on what is differentiated by",
                "leave it out of nondiff_argnums, or pass s2sad.stop_gradient of it",
                call.location,
            )


def compiled(
    program: Entries, given: CustomFunction, function: Callable[..., object], given_types: Sequence[Type], role: str
) -> Entry:
    """A function of a rule, compiled for arguments of these types, whatever the call says of their lengths.

    Raises:
        RuleError: it takes other arguments, or must know one at compile time.
    """
    count = len(given_types)
    if not accepts(function, count):
        raise RuleError(f"the {role} rule of {given.custom.name} takes {count} arguments here", "", place_of(function))
    names = parameter_names(function, count)
    target = function if _is_plain(function, count) else Spread(function, tuple(names), count)
    try:
        name = f"{given.custom.name}_{SUFFIX[role]}"
        with unasked({s.call for t in given_types for s in symbols(t) if s.call is not None}):
            entry = program.entry(target, dict(zip(names, given_types, strict=True)), name)
    except NeedsStatic as e:
        raise RuleError(
            f"the {role} rule of {given.custom.name} must know {names[e.parameter]} at compile time",
            "name it in nondiff_argnums, and call the function with a constant",
            e.location,
        ) from None
    return entry


def _is_plain(function: Callable[..., object], count: int) -> bool:
    """Whether a function has just so many parameters."""
    if not isinstance(function, types.FunctionType):
        return False
    parameters = inspect.signature(function, follow_wrapped=False).parameters.values()
    return len(parameters) == count and all(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)


# custom_vjp


def sweeps_of(program: Entries, given: CustomFunction, call: Call, active: tuple[bool, ...]) -> GivenSweeps:
    """The pair of a call of a function with `fwd` and `bwd`, in the lengths that its types speak of."""
    check_operands(given, call, active, "bwd")
    first, forward_type, second, bars = both_rules(program, given)
    positions = [given.operand_of(k) if k in given.passed else -1 for k in range(len(given.types))]
    places: list[int | str] = [*(positions[k] for k in given.custom.nondiff), RESIDUALS, BAR]
    diff = {given.operand_of(k): i for i, k in enumerate(given.differentiable) if k in given.passed}
    keys = tuple(diff[k] for k, a in enumerate(active) if a)
    plan = Plan(tuple(given.operands(first, positions)), tuple(given.operands(second, places)), keys)
    kept = None if forward_type.items[1].is_static else forward_type.items[1]
    reverse = second.reference(bars, owns_result(second.function))
    return GivenSweeps(first.reference(forward_type), reverse, kept, plan)


def both_rules(program: Entries, given: CustomFunction) -> tuple[Entry, ContainerType, Entry, ContainerType]:
    """`fwd` and `bwd` compiled, each with the type of what it gives in the lengths of the function's parameters."""
    fwd, bwd = given.custom.rules["fwd"], given.custom.rules["bwd"]
    first = compiled(program, given, fwd, given.types, "forward")
    forward_type = substitute(first.result, related(first.parameters.values(), given.types))
    if not is_tuple(forward_type, 2):
        raise RuleError(
            f"the forward rule of {given.custom.name} gives {forward_type}", "return (out, residuals)", place_of(fwd)
        )
    out, residuals = forward_type.items
    check_fits(out, given.result, f"the forward rule of {given.custom.name}", "the function itself", fwd)
    own = [given.types[k] for k in given.custom.nondiff]
    wanted = [*own, residuals, tangent_type(given.result)]
    signature = Signature()
    second = compiled(program, given, bwd, [signature.parameter(t) for t in wanted], "backward")
    bars = substitute(second.result, related(second.parameters.values(), wanted))
    return first, forward_type, second, check_bars(given, bars, bwd)


def tangent_of_sweeps(
    program: Differentiating, given: CustomFunction, call: Call, active: tuple[bool, ...], optimize: Optimizer
) -> Function:
    """The tangent of a function with `fwd` and `bwd`, where one of its own rules is differentiated that calls it.

    `bwd` is linear in the cotangent: the reverse sweep of it takes the tangents of the arguments to that of the result.
    """
    plan = sweeps_of(program, given, call, active).plan
    first, forward_type, second, bars = both_rules(program, given)
    primal = program.functions[given.name]
    parameters = [Value(p.type, p.hint) for p in primal.parameters]
    dots = {k: Value(tangent_type(p.type), f"{p.hint}_dot") for k, p in enumerate(parameters) if active[k]}
    builder = Builder()
    both = builder.call_function(first.reference(forward_type), [parameters[k] for k in plan.forward])
    y, residuals = builder.extract(both, 0), builder.extract(both, 1)
    # The transpose of the transpose: `bwd` maps y_bar to x_bar linearly, by the transposed Jacobian; so its own reverse
    # sweep maps x_dot to y_dot. Where that is taken does not matter, zero serves.
    bar = second.function.parameters[plan.reverse.index(BAR)]
    mask = [p is bar for p in second.function.parameters]
    check_linear(second.function, mask, program.pair_of, optimize, program.functions, program.backend)
    forward, reverse, kept = pair(second.function, mask, program.pair_of, optimize, program.backend)
    arguments = plan.reverse_arguments(lambda k: parameters[k], lambda: residuals, zero(builder, y))
    found = _inlined(builder, forward, arguments)
    seeds: list[Operand] = []
    for k, t in zip(given.differentiable, bars.items, strict=True):
        at = given.operand_of(k) if k in given.passed else None
        seeds.append(dots[at] if at in dots and not t.is_static else zero(builder, Value(t)))
    seed = builder.tuple(seeds)
    reverse = named_for(reverse, {f"{bar.hint}_bar": "out_dot"})
    y_dot = _inlined(builder, reverse, [seed] if kept is None else [builder.extract(found, 1), seed])
    result = builder.tuple([y, y_dot])
    return optimize(Function(given.name, builder.block([*parameters, *dots.values()], [result])), None)


def _inlined(builder: Builder, function: Function, arguments: Sequence[Operand]) -> Operand:
    """The operations of a function with other operands for its parameters; its result."""
    body = substitute_values(function.body, dict(zip(function.parameters, arguments, strict=True)))
    builder.operations.extend(body.operations)
    return body.results[0]


def is_tuple(t: Type, count: int | None = None) -> TypeGuard[ContainerType]:
    """Whether values of a type are tuples, of so many items."""
    return t.cls is tuple and count in (None, len(t.items))


def in_lengths_of(pair: GivenSweeps, given: CustomFunction, call: Call) -> GivenSweeps:
    """A pair for one call: its types in the lengths of the operands."""
    types_ = [given.types[k] for k in given.passed]
    table = related(types_, [o.type for o in call.operands[: len(types_)]])
    forward, reverse = pair.forward, pair.reverse
    residuals = None if pair.residuals is None else substitute(pair.residuals, table)
    return replace(
        pair,
        forward=replace(forward, result=substitute(forward.result, table)),
        reverse=replace(reverse, result=substitute(reverse.result, table)),
        residuals=residuals,
    )


def check_bars(given: CustomFunction, bars: Type, bwd: object) -> ContainerType:
    """What a backward rule gives, which must be cotangents of the arguments.

    Raises:
        RuleError: it gives another number of them, or another shape.
    """
    name, wanted = given.custom.name, given.differentiable
    if not is_tuple(bars, len(wanted)):
        found = f"{len(bars.items)} cotangents" if is_tuple(bars) else f"{bars}"
        raise RuleError(
            f"the backward rule of {name} gives {found}; the function has {len(wanted)} differentiable arguments",
            "return a tuple with one cotangent for each, None for zero" + ("; (x_bar,) for one" * (len(wanted) == 1)),
            place_of(bwd),
        )
    for k, bar in zip(wanted, bars.items, strict=True):
        if is_active_type(given.types[k]):
            check_fits(bar, given.types[k], f"the backward rule of {name}", f"argument {k}", bwd, True)
    return bars


def check_fits(own: Type, wanted: Type, who: str, what: str, rule: object, none: bool = False) -> None:
    """Whether a value of one type may stand for one of another: lengths that are not known are let pass.

    Raises:
        RuleError: it may not.
    """
    # None in the place of a cotangent is zero, of whatever shape.
    if none and isinstance(own, StaticType) and own.value is None:
        return
    if isinstance(wanted, ContainerType):
        if isinstance(own, ContainerType) and own.cls is wanted.cls and own.keys == wanted.keys:
            for a, b in zip(own.items, wanted.items, strict=True):
                check_fits(a, b, who, what, rule, none)
            return
    elif (
        not isinstance(wanted, ArrayType)
        or not wanted.is_inexact
        or isinstance(own, ArrayType)
        and not _differ(own, wanted)
    ):
        return
    raise RuleError(f"{who} gives {own}, where {what} is {wanted}", "", place_of(rule))


def _differ(own: ArrayType, wanted: ArrayType) -> bool:
    """Whether two arrays differ in their shapes for sure, or one is complex and the other is not."""
    if own.dtype is not None and wanted.dtype is not None and (own.dtype.kind, wanted.dtype.kind) == ("c", "f"):
        return True
    if own.shape is None or wanted.shape is None:
        return False
    if len(own.shape) != len(wanted.shape):
        return True
    differences = [dim_sum(a, b, -1) for a, b in zip(own.shape, wanted.shape, strict=True)]
    # Only lengths whose difference is a known number, not 0, are different for sure.
    return any(isinstance(d, int) and d for d in differences)


# custom_jvp


def tangent_rule(program: Entries, given: CustomFunction, call: Call, active: tuple[bool, ...]) -> TangentRule:
    """The tangent of a call of a function with a tangent rule."""
    check_operands(given, call, active, "rule")
    entry, result = rule_entry(program, given)
    types_ = [given.types[k] for k in given.passed]
    table = related(types_, [o.type for o in call.operands[: len(types_)]])
    reference = entry.reference(substitute(result, table))
    leading = tuple(given.operand_of(k) for k in given.custom.nondiff if k in given.passed)
    primals = tuple(_operand(given, k) for k in given.differentiable)
    n = len(given.passed)
    return TangentRule(reference, leading, primals, tuple(n + k for k in given.places(entry)))


def _operand(given: CustomFunction, k: int) -> int | Constant:
    t = given.types[k]
    if k in given.passed:
        return given.operand_of(k)
    return constant(t.size) if t.is_numeric else Constant(t.value, t)  # type: ignore[attr-defined]


def rule_entry(program: Entries, given: CustomFunction) -> tuple[Entry, Type]:
    """The tangent rule compiled, and the type of what it gives in the lengths of the function's parameters."""
    rule = given.custom.rules["rule"]
    primals = [given.types[k] for k in given.differentiable]
    dots = [_dot_type(t) for t in primals]
    wanted = [*(given.types[k] for k in given.custom.nondiff), tuple_type(*primals), tuple_type(*dots)]
    entry = compiled(program, given, rule, wanted, "tangent")
    result = substitute(entry.result, related(entry.parameters.values(), wanted))
    name = given.custom.name
    if not is_tuple(result, 2):
        raise RuleError(f"the tangent rule of {name} gives {result}", "return (out, out_dot)", place_of(rule))
    check_fits(result.items[0], given.result, f"the tangent rule of {name}", "the function itself", rule)
    check_fits(result.items[1], given.result, f"the tangent rule of {name}", "for the tangent, the result", rule)
    return entry, result


def _dot_type(t: Type) -> Type:
    """The type of the tangent that a rule is given for an argument: that of zero where it has no derivative."""
    if isinstance(t, ContainerType):
        return ContainerType(t.cls, t.keys, tuple(map(_dot_type, t.items)))
    if is_active_type(t) or not isinstance(t, ArrayType):
        return tangent_type(t)
    return zero(Builder(), Value(t)).type


def transposed_sweeps(
    program: Differentiating, given: CustomFunction, call: Call, active: tuple[bool, ...], optimize: Optimizer
) -> tuple[Function, Function, Type | None]:
    """The sweeps of a function with a tangent rule: those of the rule, as a function of the tangents."""
    check_operands(given, call, active, "rule")
    entry, _ = rule_entry(program, given)
    primal = program.functions[given.name]
    builder = Builder()
    parameters = [Value(p.type, p.hint) for p in primal.parameters]
    dots = {k: Value(tangent_type(p.type), f"{p.hint}_dot") for k, p in enumerate(parameters) if active[k]}
    own = [parameters[p] if isinstance(p, int) else p for p in (_operand(given, k) for k in given.differentiable)]
    positions = [given.operand_of(k) if k in given.passed else -1 for k in given.differentiable]
    moved = [dots[p] if p in dots else zero(builder, o) for p, o in zip(positions, own, strict=True)]
    made = [builder.tuple(row) for row in (own, moved)]
    leading = [parameters[given.operand_of(k)] if k in given.passed else constant(None) for k in given.custom.nondiff]
    places = given.operands(entry, [*leading, *made])
    arguments = [parameters[p] if isinstance(p, int) else p for p in places]
    table: dict[Operand, Operand] = dict(zip(entry.function.parameters, arguments, strict=True))
    body = substitute_values(entry.function.body, table)
    block = Block((*parameters, *dots.values()), (*builder.operations, *body.operations), body.results)
    function = optimize(Function(given.name, block), None)
    count = len(parameters)
    try:
        return transposed(
            function,
            function.parameters[count:],
            [function.parameters[k] for k in dots],
            program.pair_of,
            optimize,
            program.functions,
            program.backend,
        )
    except NotLinear as e:
        raise RuleError(
            f"the tangent rule of {given.custom.name} is not linear in the tangents",
            "give a rule in which each tangent is a factor",
            e.location if e.location != Location() else place_of(given.custom.rules["rule"]),
        ) from None
