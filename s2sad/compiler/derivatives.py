"""The derivatives of one module, made on demand: that of the function asked for, and of all that it calls.

A pair of sweeps, a tangent or a form for many examples of every function that is called, each made once for each choice
of the operands that have derivatives. A function that calls itself meets its own while they are made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeAlias

from s2sad.analysis.aliasing import owns_result
from s2sad.analysis.effects import effects_of
from s2sad.analysis.masked import masked_results
from s2sad.analysis.recursion import reached
from s2sad.analysis.repeated import repeated
from s2sad.analysis.unbounded import unbounded_values
from s2sad.compiler.checked import optimize
from s2sad.compiler.custom_rules import (
    CustomFunction,
    in_lengths_of,
    sweeps_of,
    tangent_of_sweeps,
    tangent_rule,
    transposed_sweeps,
)
from s2sad.compiler.entry import Entry, captured_last, in_own_dtypes, stub
from s2sad.compiler.function_names import reachable
from s2sad.compiler.recursion import accumulated, as_call, is_local, local_reference
from s2sad.compiler.targets import name_of
from s2sad.compiler.transform import Task, Transform
from s2sad.differentiate.definitions import written_out
from s2sad.differentiate.forward import jvp
from s2sad.differentiate.given_rules import TangentRule
from s2sad.differentiate.linearize import linear_pair
from s2sad.differentiate.matrix_functions import claimed_functions
from s2sad.differentiate.reverse.local_gradient import local_gradient
from s2sad.differentiate.reverse.pairs import GivenSweeps, LocalGradient, Masked, Pair, Sweeps
from s2sad.differentiate.reverse.snapshots import is_marked
from s2sad.differentiate.reverse.sweeps import both_sweeps, by_operands, pair
from s2sad.differentiate.run_again import check_runs_again, without_effects_in
from s2sad.differentiate.sparsity import patterns
from s2sad.differentiate.tangents import tangent_type
from s2sad.differentiate.vmap.axes import Axes
from s2sad.differentiate.vmap.batched_values import Flag
from s2sad.differentiate.vmap.batching import batched
from s2sad.errors import UnsupportedCall
from s2sad.frontend.dependencies import Variable
from s2sad.ir.backend import Backend
from s2sad.ir.batch_rule import NoBatchRule
from s2sad.ir.builder import Builder
from s2sad.ir.printer import numbered
from s2sad.ir.types import KeptType, Type, tuple_type
from s2sad.ir.values import Call, Effects, Function, FunctionRef, Value, called_in
from s2sad.optimize import eliminate_dead, own_carried, own_results, with_calls_written_out, without_adjoints

PairKey: TypeAlias = tuple[str, tuple[bool, ...], Masked]
"""A function, which of its operands have adjoints, and whether the one of its result is masked."""


class Compiler(Protocol):
    """What derivatives ask of the program that they are part of."""

    backend: Backend
    functions: dict[str, Function]
    entries: dict[tuple[object, str], Entry]
    names: dict[tuple[object, str], str]

    def entry(self, target: object, parameters: Mapping[str, Type], name: str | None = None) -> Entry: ...
    def fresh_name(self, base: str) -> str: ...
    def rule_variables(self, rules: object) -> tuple[Variable, ...]: ...


class Derivatives:
    """The derivatives of the functions of one program."""

    def __init__(self, program: Compiler) -> None:
        self.program = program
        self.backend, self.functions = program.backend, program.functions
        self.entry, self.fresh_name, self.rule_variables = program.entry, program.fresh_name, program.rule_variables
        self.pairs: dict[PairKey, Pair] = {}
        self.tangents: dict[tuple[str, tuple[bool, ...]], FunctionRef] = {}
        self.sets: dict[tuple[str, tuple[bool, ...]], FunctionRef] = {}
        """The functions that say what others depend on."""
        self.batches: dict[tuple[str, tuple[Flag, ...]], tuple[str, Flag]] = {}
        self.recursive_batches: set[tuple[str, tuple[Flag, ...]]] = set()
        self.silent_forms: dict[str, str] = {}
        """By their names, functions that give what others give, and print nothing."""
        self.repeated: dict[str, frozenset[int]] = {}
        """The functions that are called in long loops, with the places of the arguments that change."""
        self.in_rule = False
        """Whether the tangent of a rule is made."""
        self.given: dict[str, CustomFunction] = {}
        """The functions whose derivatives are given, by their names."""
        self.checkpointed: set[str] = set()
        """The functions whose reverse sweep computes their forward sweep again."""

    def names(self) -> set[str]:
        """The names that sweeps have, those too that are not made yet."""
        return {f.name for p in self.pairs.values() for f in p.functions}

    # of the function asked for

    def transform(self, entry: Entry, transform: Transform, name: str, parameters: Mapping[str, Type]) -> Function:
        """The derivative of an entry, for these parameters."""
        kind = transform.row
        if kind.make is None:
            raise ValueError(transform.kind)
        self.write_out_calls(entry)
        active = self.active(entry, transform.argnums)
        if kind.compiles and entry.changed:
            what = f"{entry.function.name} changes what it is given"
            raise UnsupportedCall(what, "change a copy, and return that")
        if kind.examples and entry.stores:
            what = f"{entry.function.name} stores something outside, and is called for many examples at once"
            raise UnsupportedCall(what, "call it for one example after the other, or return what is to be stored")
        if kind.examples:
            examples = self.examples(entry, transform, list(parameters.values()))
            return optimize(kind.make(Task(entry.function, active, name, transform, self, examples)))
        function = self.written_out(self.shortened(entry, active) if kind.of_calls else entry.function, active)
        derivative = kind.make(Task(function, active, name, transform, self, passed=entry.passed))
        if transform.further:
            derivative = in_own_dtypes(derivative, list(parameters.values())[-transform.further :])
            derivative = captured_last(derivative, len(entry.passed), len(entry.captured))
        return optimize(without_adjoints(derivative) if kind.reverse else derivative)

    def write_out_calls(self, entry: Entry) -> None:
        """Let short functions that are called once, on the way from an entry, stand in the place of their calls."""
        called = {
            f.name: f for f in reachable(self.functions | {entry.function.name: entry.function}, [entry.function.name])
        }
        made = with_calls_written_out(called, lambda name: self.may_be_written_out(called[name]))
        made = {name: numbered(optimize(function)) for name, function in made.items()}
        self.functions.update(made)
        for e in (entry, *self.program.entries.values()):
            e.function = made.get(e.function.name, e.function)
        self.repeated = repeated(entry.function, self.functions)

    def may_be_written_out(self, function: Function) -> bool:
        """Whether a function is nothing but its operations: it has no derivative, no mark and no calls of its own."""
        name = function.name
        special = name in self.given or name in self.rules() or name in self.checkpointed or is_marked(function)
        return not special and name not in reached(name, self.functions)

    def written_out(self, function: Function, active: Sequence[bool]) -> Function:
        """A function that is to be differentiated, with what is defined by others written out."""
        return claimed_functions(written_out(function, active, lambda f: numbered(optimize(f))), active, self)

    def examples(self, entry: Entry, transform: Transform, given: Sequence[Type]) -> list[tuple[Type, Axes]]:
        """The types of what a function for many examples is passed, with the axes of the examples in it."""
        axes = transform.axes(given)
        captured = entry.function.parameters[len(entry.passed) :]
        return [*((given[k], axes[k]) for k in entry.passed), *((p.type, None) for p in captured)]

    def active(self, entry: Entry, argnums: Sequence[int]) -> list[bool]:
        """Which parameters of the compiled function have derivatives; captured variables have none."""
        own = [k in argnums for k in entry.passed]
        return own + [False] * len(entry.captured)

    def sweeps(self, entry: Entry, transform: Transform) -> tuple[Function, str, bool]:
        """The forward sweep of an entry, and its reverse sweep or tangent, as two functions."""
        self.write_out_calls(entry)
        active = self.active(entry, transform.argnums)
        linear = transform.row.second == "linear"
        if is_marked(entry.function) and not linear:
            return self.sweeps_again(entry, tuple(active))
        function = self.written_out(entry.function if linear else self.shortened(entry, active), active)
        if linear:
            first, second, residuals = linear_pair(function, active, self.tangent_of, self.silent_form, optimize)
        else:
            first, second, residuals = pair(function, active, self.pair_of, optimize, self.backend)
        first, second = (
            numbered(replace(optimize(sweep), name=self.fresh_name(f"{entry.function.name}_{word}")))
            for sweep, word in ((first, "forward"), (second, transform.row.second))
        )
        first = eliminate_dead(own_results(first, residuals is not None))
        second = eliminate_dead(own_results(second))
        self.functions[first.name] = first
        self.functions[second.name] = second
        return first, second.name, residuals is not None

    def sweeps_again(self, entry: Entry, active: tuple[bool, ...]) -> tuple[Function, str, bool]:
        """The same where a marked loop stores snapshots: both sweeps stay together, in a function of the arguments."""
        function = entry.function
        self.make_again(function, active, None)
        again = self.pairs[(function.name, active, None)]
        assert isinstance(again, Sweeps)
        first, second = Builder(), Builder()
        first.operations += function.body.operations
        kept = first.tuple(function.parameters, "residuals")
        both = first.tuple((function.result, kept))
        body = first.block(function.parameters, [both])
        forward = replace(function, name=self.fresh_name(f"{function.name}_forward"), body=body)
        residuals, seed = Value(kept.type, "residuals"), Value(tangent_type(function.result.type), "result_bar")
        own = [second.extract(residuals, k, p.hint) for k, p in enumerate(function.parameters)]
        bars = second.call_function(again.reverse, [*own, seed])
        backward = Function(self.fresh_name(f"{function.name}_pullback"), second.block([residuals, seed], [bars]))
        self.functions[forward.name] = eliminate_dead(own_results(forward, True))
        self.functions[backward.name] = backward
        return self.functions[forward.name], backward.name, True

    # of callees

    def pair_of(self, call: Call, active: tuple[bool, ...], masked: Masked) -> Pair:
        """The sweeps of a callee, for the operands that have adjoints."""
        name = call.function.name
        given = self.given.get(name)
        key: PairKey = (name, active, self.heeded(name, masked))
        if given is not None and given.custom.kind == "vjp" and key not in self.pairs:
            self.pairs[key] = sweeps_of(self, given, call, active)
        if key not in self.pairs:
            self.make_pair(call, key)
        found = self.pairs[key]
        if isinstance(found, GivenSweeps):
            return in_lengths_of(found, self.given[name], call)
        result = call.result.type
        if isinstance(found, LocalGradient):
            gradients = (tangent_type(o.type) for o, a in zip(call.operands, active, strict=True) if a)
            return LocalGradient(replace(found.forward, result=tuple_type(result, *gradients)))
        residuals = found.residuals if isinstance(found, Sweeps) else None
        forward_type = result if residuals is None else tuple_type(result, residuals)
        bars = [tangent_type(o.type) for o, a in zip(call.operands, active, strict=True) if a]
        reverse_type = bars[0] if len(bars) == 1 else tuple_type(*bars)
        forward, reverse = found.forward.name, found.reverse.name
        made = self.functions.get(reverse)
        own = found.reverse.own or (made is not None and owns_result(made))
        reference = FunctionRef(forward, forward_type, effects=found.forward.effects)
        return replace(found, forward=reference, reverse=replace(found.reverse, result=reverse_type, own=own))

    def heeded(self, name: str, masked: Masked) -> Masked:
        """The mask on the adjoint of a result, None where it makes no difference to the sweeps of the function."""
        function = self.functions[name]
        if masked is None or name in self.given or name in reached(name, self.functions):
            return None
        endless = [p for p, u in zip(function.parameters, masked, strict=True) if u]
        return masked if unbounded_values(function, endless) else None

    def make_pair(self, call: Call, key: PairKey) -> None:
        name, active, masked = key
        function = self.functions[name]
        if name in self.checkpointed or is_marked(function):
            self.make_again(function, active, masked)
            return
        if self.is_local(name, active):
            self.make_local(function, active)
            return
        forward, reverse = (self.fresh_name(f"{name}_{word}") for word in ("forward", "reverse"))
        bars = _bars_type(function, active)
        opaque = KeptType(forward)
        result = function.result.type
        sums = () if name in self.given else accumulated(name, active, self.functions, self.handed_back(name))
        backward = FunctionRef(reverse, bars, bool(sums), tuple(range(2, 2 + len(sums))))
        # a recursive call meets this while its own sweeps are made: it knows the residuals by name alone
        effects = effects_of(function.body)
        open_ended = Sweeps(
            FunctionRef(forward, tuple_type(result, opaque), effects=effects), backward, opaque, (), sums
        )
        self.pairs[key] = open_ended
        if name in self.given:
            first, second, residuals = transposed_sweeps(self, self.given[name], call, active, optimize)
        else:
            function = self.written_out(function, active)
            changing = self.repeated.get(name)
            first, second, residuals = pair(
                function, active, self.pair_of, optimize, self.backend, (), sums, masked, changing
            )
        recursive = name in reached(name, self.functions)
        made, kept, second = as_called(
            function, open_ended, first, second, residuals, as_made=name in self.given or recursive
        )
        self.functions[kept.name] = kept
        second = replace(optimize(second), takes=made.reverse.takes)
        second = own_results(second) if backward.own else own_carried(second)
        self.functions[reverse] = numbered(replace(second, name=reverse))
        cotangent = second.parameters[len(second.parameters) - 1 - len(sums)]
        cut = masked_results(second, sum(active), () if masked is None else (cotangent,))
        self.pairs[key] = replace(made, masked=cut)

    def handed_back(self, name: str) -> set[int]:
        """The parameters of a function whose arrays are part of its result: their adjoints come with its own."""
        entry = next((e for e in self.program.entries.values() if e.function.name == name and e.back is not None), None)
        return set() if entry is None or entry.back is None else {entry.passed.index(k) for k in entry.back.written}

    def is_local(self, name: str, active: Sequence[bool]) -> bool:
        """Whether the calls of a function hand over its gradient."""
        return is_local(name, active, self.functions, self.given.keys() | self.checkpointed, self.backend)

    def make_local(self, function: Function, active: tuple[bool, ...]) -> None:
        """The pair of a function whose calls hand over its gradient."""
        own = next((name_of(t) for (t, _), n in self.program.names.items() if n == function.name), function.name)
        reference = local_reference(function, active, self.fresh_name(f"{own}_value_and_grad"))
        self.pairs[(function.name, active, None)] = LocalGradient(reference)
        function = self.written_out(function, active)
        made = optimize(without_adjoints(local_gradient(function, active, self.pair_of, reference.name, self.backend)))
        self.functions[reference.name] = numbered(eliminate_dead(own_results(made)))

    def shortened(self, entry: Entry, active: Sequence[bool]) -> Function:
        """The function of an entry; where its gradient is that of a call of a recursive function, this call alone."""
        target = next((t for (t, _), e in self.program.entries.items() if e is entry), None)
        others = [e for (t, _), e in self.program.entries.items() if t == target]
        return as_call(entry, others, [e.function.name for e in others if self.is_local(e.function.name, active)])

    def make_again(self, function: Function, active: tuple[bool, ...], masked: Masked) -> None:
        """The pair of a function that is checkpointed: itself, and both sweeps in one."""
        check_runs_again(function)
        again = self.silenced(function)
        name = self.fresh_name(f"{function.name}_reverse")
        reference = FunctionRef(name, _bars_type(function, active))
        forward = FunctionRef(function.name, function.result.type, effects=effects_of(function.body))
        self.pairs[(function.name, active, masked)] = Sweeps(forward, reference, None, (*range(len(active)),))
        again = self.written_out(again, active)
        made = optimize(replace(both_sweeps(again, active, self.pair_of, self.backend, masked), name=name))
        self.functions[name] = numbered(own_carried(made))
        self.checkpointed.add(name)

    def tangent_of(self, call: Call, given: tuple[bool, ...]) -> FunctionRef | TangentRule:
        """The tangent of a callee, for the operands that have tangents."""
        custom = self.given.get(call.function.name)
        if custom is not None and not (custom.custom.kind == "vjp" and self.in_rule):
            return tangent_rule(self, custom, call, given)
        key = (call.function.name, given)
        if key not in self.tangents:
            function = self.functions[call.function.name]
            name = self.fresh_name(f"{function.name}_jvp")
            # A call of itself, met while its tangent is made, needs no more than the name and the types.
            self.functions[name] = stub(name)
            both = tuple_type(function.result.type, function.result.type)
            self.tangents[key] = FunctionRef(name, both, effects=call.function.effects)
            self.functions[name] = numbered(replace(self.made_tangent(function, custom, call, given), name=name))
            if function.name in self.checkpointed:
                self.checkpointed.add(name)
        result = call.result.type
        return replace(self.tangents[key], result=tuple_type(result, tangent_type(result)))

    def sets_of(self, call: Call, given: tuple[bool, ...]) -> FunctionRef | None:
        """A callee with what its result depends on, for the operands that have sets; None where its rule is given."""
        key = (call.function.name, given)
        if call.function.name in self.given:
            return None
        if key not in self.sets:
            function = self.functions[call.function.name]
            name = self.fresh_name(f"{function.name}_sets")
            # A call of itself, met while this is made, needs no more than the name and the types.
            self.functions[name] = stub(name)
            both = tuple_type(function.result.type, function.result.type)
            self.sets[key] = FunctionRef(name, both, effects=call.function.effects)
            made = patterns(self.written_out(function, given), given, self.sets_of)
            self.functions[name] = numbered(replace(optimize(made), name=name))
        result = call.result.type
        return replace(self.sets[key], result=tuple_type(result, tangent_type(result)))

    def made_tangent(
        self, function: Function, custom: CustomFunction | None, call: Call, given: tuple[bool, ...]
    ) -> Function:
        """The tangent of a function; in that of a rule, functions with rules for reverse mode have tangents too."""
        if custom is not None:
            return tangent_of_sweeps(self, custom, call, given, optimize)
        outer, self.in_rule = self.in_rule, self.in_rule or function.name in self.rules()
        try:
            return optimize(jvp(self.written_out(function, given), given, self.tangent_of))
        finally:
            self.in_rule = outer

    def rules(self) -> set[str]:
        """The functions that are rules of the user's for reverse mode."""
        return {r.name for p in self.pairs.values() if isinstance(p, GivenSweeps) for r in p.functions}

    def silent_form(self, reference: FunctionRef) -> FunctionRef:
        """A function that gives what another one gives, and prints nothing."""
        name = reference.name
        if name not in self.silent_forms:
            made = self.silent_forms[name] = self.fresh_name(f"{name}_silent")
            # A call of itself, met while this is made, needs no more than the name.
            self.functions[made] = stub(made)
            self.functions[made] = numbered(replace(optimize(self.silenced(self.functions[name])), name=made))
            if name in self.given:
                self.given[made] = replace(self.given[name], name=made)
            if name in self.checkpointed:
                self.checkpointed.add(made)
        return replace(reference, name=self.silent_forms[name])

    def silent_entry(self, entry: Entry) -> Entry:
        """An entry that is for a derivative alone, without what is done once."""
        name = entry.function.name
        self.functions[name] = numbered(optimize(self.silenced(self.functions[name])))
        return replace(entry, function=self.functions[name], effects=Effects.NONE)

    def silenced(self, function: Function) -> Function:
        """A function that is computed again, without what is done once."""
        return replace(function, body=without_effects_in(function.body, self.silent_form))

    def batch_of(self, call: Call, flags: tuple[Flag, ...]) -> tuple[FunctionRef, Flag]:
        """A callee for many examples; one that calls itself gives a result for each of them throughout."""
        key = (call.function.name, flags)
        if call.function.name in self.given:
            raise NoBatchRule(f"{call.function.name}, whose derivative is given")
        if key in self.batches:
            name, flag = self.batches[key]
            self.recursive_batches.add(key)
        else:
            function = self.functions[call.function.name]
            name = self.fresh_name(f"{function.name}_batch")
            # A call of itself is answered with a result for each example: the flag cannot be known before the function
            # is made. If such a call was met, the result is then repeated to keep that promise.
            self.batches[key] = name, True
            self.functions[name] = stub(name)
            self.recursive_batches.discard(key)
            try:
                made, flag = batched(function, flags, self.batch_of, name, lambda: key in self.recursive_batches)
            except NoBatchRule:
                del self.batches[key], self.functions[name]
                raise
            self.functions[name] = numbered(optimize(made))
            self.batches[key] = name, flag
        return FunctionRef(name, call.result.type, effects=call.function.effects), flag


def _bars_type(function: Function, active: Sequence[bool]) -> Type:
    bars = [tangent_type(p.type) for p, a in zip(function.parameters, active, strict=True) if a]
    return bars[0] if len(bars) == 1 else tuple_type(*bars)


def as_called(
    function: Function, open_ended: Sweeps, first: Function, second: Function, residuals: Type | None, as_made: bool
) -> tuple[Sweeps, Function, Function]:
    """The sweeps of a function as its callers see them, and the two functions; `open_ended` knows no residuals.

    With `as_made` they are called as they were made: the user's own rules, and what others may have called by now.
    """
    called, forward = called_in(first.body), open_ended.forward.name
    if forward in called:
        # One that called itself keeps the opaque residuals that its calls were given.
        return open_ended, numbered(replace(optimize(without_adjoints(first)), name=forward)), second
    # For all others the type of the residuals is known now, and takes their place.
    places: tuple[int, ...] = ()
    if residuals is not None and not as_made:
        first, second, places, residuals = by_operands(first, second)
    # What hands over nothing needs no forward sweep of its own.
    plain = residuals is None and not called and not as_made
    kept = function
    if not plain or without_adjoints(function) is not function:
        kept = numbered(replace(optimize(without_adjoints(function if plain else first)), name=forward))
    result = function.result.type
    both = result if residuals is None else tuple_type(result, residuals)
    to = replace(open_ended.forward, name=kept.name, result=both)
    count = len(second.parameters)
    sums = tuple(range(count - len(open_ended.accumulates), count))
    back = replace(open_ended.reverse, takes=sums)
    return Sweeps(to, back, residuals, places, open_ended.accumulates), kept, second
