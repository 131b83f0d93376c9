"""The functions of one module, made on demand: a `Program`.

The derivative asked for, and a pair of sweeps, a tangent or a form for many examples of every user function that it
calls, each made once for each signature.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import s2sad.rules  # noqa: F401  (fills the registry)
from s2sad.analysis.aliasing import owns_result, shares_memory, visible_updates
from s2sad.compiler.black_boxes import Boxes, hooked
from s2sad.compiler.custom_rules import (
    Given,
    in_lengths_of,
    rule_variables,
    sweeps_of,
    tangent_of_sweeps,
    tangent_rule,
    transposed_sweeps,
)
from s2sad.compiler.entry import Entry, always_raises, calling, captured_last, check_value
from s2sad.compiler.function_names import plainly_named, reachable, stepped
from s2sad.compiler.recursion import accumulated, as_call, is_local, local_reference
from s2sad.compiler.targets import HandingBack, Target, identities, may_hand_back, name_of, parameter_names
from s2sad.compiler.transform import Transform, with_statics
from s2sad.differentiate.definitions import written_out
from s2sad.differentiate.forward import jvp
from s2sad.differentiate.given_rules import TangentRule
from s2sad.differentiate.jacobians import Order, jacfwd, jacrev, pushforward
from s2sad.differentiate.linearize import linear_pair
from s2sad.differentiate.reverse.local_gradient import local_gradient
from s2sad.differentiate.reverse.pairs import ComputedAgain, GivenSweeps, LocalGradient, Pair, Sweeps
from s2sad.differentiate.reverse.snapshots import is_marked, outlined, with_replay
from s2sad.differentiate.reverse.sweeps import both_sweeps, gradient, pair, pullback
from s2sad.differentiate.tangents import tangent_type
from s2sad.differentiate.vmap.batching import Flag, batched
from s2sad.differentiate.vmap.vmap import vmap
from s2sad.errors import NOWHERE, Location, Unsupported, UnsupportedCall
from s2sad.frontend.context import Callee, CalleeNeedsStatic, NeedsStatic
from s2sad.frontend.dependencies import Reads, Variable
from s2sad.frontend.lower import Lowered, lower
from s2sad.frontend.terms.arrays import MemoryNeeded
from s2sad.ir.batch_rule import NoBatchRule
from s2sad.ir.builder import Builder
from s2sad.ir.dims import Symbol, renewed
from s2sad.ir.primitive import Primitive
from s2sad.ir.printer import numbered
from s2sad.ir.signature import Signature, key_of, related
from s2sad.ir.types import BOTTOM, ArrayType, OpaqueType, Type, substitute, symbols, tuple_type
from s2sad.ir.user_rules import BlackBox, Custom, Ruled
from s2sad.ir.values import Block, Call, Constant, For, Function, FunctionRef, Operand, Value, walk
from s2sad.ir.verifier import verify
from s2sad.optimize import eliminate_dead, own_carried, own_results, settle_lengths, without_adjoints
from s2sad.optimize import optimize as run_passes

MAX_SIGNATURES = 100
"""In how many forms a function may call itself before one of them is compiled."""
VERIFY = os.environ.get("S2SAD_VERIFY") == "1"
"""Whether the IR is verified after every stage: under test."""


def optimize(function: Function, anchors: Collection[Value] | None = None) -> Function:
    """The optimiser, between two verifications where those are asked for."""
    if VERIFY:
        verify(function)
    function = run_passes(function, anchors)
    return verify(function) if VERIFY else function


class Program:
    """The functions of one module, made on demand."""

    def __init__(self, native: bool = False, reads: Reads | None = None) -> None:
        self.reads = reads or Reads()
        """What is read outside the functions."""
        self.native = native
        """Whether the text is to be compiled to native code."""
        self.functions: dict[str, Function] = {}
        self.entries: dict[tuple[object, str], Entry] = {}
        self.in_progress: dict[tuple[object, str], Entry] = {}
        self.recursive: set[tuple[object, str]] = set()
        self.provisional: dict[tuple[object, str], set[tuple[object, str]]] = {}
        self.handing: set[object] = set()
        """The functions that call themselves and write into their parameters: their calls hand back these arrays."""
        self.names: dict[tuple[object, str], str] = {}
        self.bases: dict[str, str] = {}
        """By each name with a number, the one without."""
        self.pairs: dict[tuple[str, tuple[bool, ...]], Pair] = {}
        self.tangents: dict[tuple[str, tuple[bool, ...]], FunctionRef] = {}
        self.batches: dict[tuple[str, tuple[Flag, ...]], tuple[str, Flag]] = {}
        self.recursive_batches: set[tuple[str, tuple[Flag, ...]]] = set()
        self.in_rule = False
        """Whether the tangent of a rule is made."""
        self.given: dict[str, Given] = {}
        """The functions whose derivatives are given, by their names."""
        self.checkpointed: set[str] = set()
        """The functions whose reverse sweep computes their forward sweep again."""
        self.signature = Signature()
        self.boxes = Boxes(self)

    # what a lowering asks (frontend.context.Context)

    def captured_type(self, variable: Variable) -> Type:
        return self.signature.type_of(variable.read())

    def rule_variables(self, rules: object) -> tuple[Variable, ...]:
        return self.reads.settled.variables(rules)

    def callee(self, function: Any, operands: Sequence[Operand], location: Location) -> Callee | None:
        local = Signature()
        given = [local.canonical(o.type) for o in operands]
        given = [_as_python(t) for t in given]
        names = parameter_names(function)
        statics: dict[tuple[int, tuple[object, ...]], object] = {}
        if isinstance(function, Custom):
            known_integers = {k: _constant_at(operands[k], ()) for k in function.nondiff}
            statics = {(k, ()): c.value for k, c in known_integers.items() if c and type(c.value) is int}
            function = Ruled(function)
        if function in self.handing:
            function = HandingBack(function)
        while True:
            parameters = {n: with_statics(t, k, statics) for k, (n, t) in enumerate(zip(names, given, strict=True))}
            try:
                entry = self.entry(function, parameters)
                break
            except Unsupported as e:
                raise type(e)(e.what, e.instead, location) if e.location == NOWHERE else e from None
            except NeedsStatic as e:
                known = _constant_at(operands[e.parameter], e.path)
                if known is None or (e.parameter, e.path) in statics:
                    raise CalleeNeedsStatic(e.parameter, e.path, location) from None
                statics[(e.parameter, e.path)] = known.value
        if entry.impure:
            return None
        result = _returned(entry.result, related(entry.parameters.values(), [o.type for o in operands]))
        reference = FunctionRef(entry.function.name, result)
        return Callee(reference, entry.passed, entry.captured, entry.aliases, entry.back)

    def bound(
        self, box: BlackBox, operands: Sequence[Operand], static: Mapping[str, object], variables: Sequence[Variable]
    ) -> Primitive:
        return self.boxes.bound(box, len(operands), static, variables)

    def hooked(self, target: Any) -> Primitive:
        return hooked(self, target)

    # entries

    def entry(self, target: Target, parameters: Mapping[str, Type], name: str | None = None) -> Entry:
        """A function or derivative compiled for these parameters; a lambda under the name given for it."""
        key = (target, ";".join(map(key_of, parameters.values())) + identities(parameters.values()))
        if isinstance(target, Custom) and key not in self.entries:
            self.entries[key] = calling(self.entry(Ruled(target), parameters))
        if key in self.entries:
            return self.entries[key]
        if key in self.in_progress:
            self.recursive.add(key)
            for inner in list(self.in_progress)[list(self.in_progress).index(key) + 1 :]:
                self.provisional.setdefault(inner, set()).add(key)
            return self.in_progress[key]
        if sum(t == target for t, _ in self.in_progress) > MAX_SIGNATURES:
            raise UnsupportedCall(
                f"{name_of(target)} calls itself with arguments whose structure grows with each call",
                "pass arrays, or lists that have their length before the first call",
            )
        own = name_of(target)
        name = self.names.get(key) or self.fresh_name(name if name and own == "function" else own)
        self.names[key] = name
        guess = Entry(_stub(name), dict(parameters), (), BOTTOM)
        for _ in range(8):
            self.forget_provisional(key)
            self.in_progress[key] = guess
            try:
                entry = self.make(target, parameters, name)
            finally:
                del self.in_progress[key]
            if key in self.recursive and entry.written and may_hand_back(target):
                self.handing.add(target)
                self.recursive.discard(key)
                continue
            same_captured = [v.key for v in entry.captured] == [v.key for v in guess.captured]
            settled = key_of(entry.result) == key_of(guess.result) and same_captured and entry.back == guess.back
            if key not in self.recursive or settled:
                break
            guess = Entry(_stub(name), dict(parameters), entry.captured, entry.result, back=entry.back)
        else:
            raise UnsupportedCall(f"the type of the result of {name} does not settle")
        if entry.impure and key in self.recursive:
            raise UnsupportedCall(
                f"{own} calls itself, and changes a list or object that it is given, gives one of its arrays only "
                "sometimes, or gives a function",
                "return the new values instead; arrays that are arguments themselves may be written",
            )
        if entry.result == BOTTOM:
            if key in self.recursive:
                raise UnsupportedCall(f"{name} calls itself without end, or always raises")
            always_raises(entry)
        self.entries[key] = entry
        self.functions[name] = entry.function
        return entry

    def forget_provisional(self, key: tuple[object, str]) -> None:
        """Drop the entries that rest on an earlier guess of a function that is in progress (mutual recursion)."""
        for inner in [k for k, outer in self.provisional.items() if key in outer]:
            del self.provisional[inner]
            self.entries.pop(inner, None)

    def make(self, target: Target, parameters: Mapping[str, Type], name: str) -> Entry:
        if isinstance(target, Ruled):
            return self.ruled(target.custom, parameters, name)
        if not getattr(target, "__s2sad_derivative__", False):
            back = isinstance(target, HandingBack)
            lowered = self.lowered(target.target if back else target, parameters, back)
            function = replace(settle_lengths(lowered.function), name=name)
            function = numbered(optimize(function))
            if is_marked(function):
                function = outlined(function, self.add_step)
            result = function.result.type
            aliases = lowered.back is None and shares_memory(function)
            seen = lowered.impure, aliases, lowered.written, lowered.valueless, lowered.back
            return Entry(function, dict(parameters), lowered.captured, result, *seen)
        inner_target = self.reads.part(target, "target") if self.reads.knows(target) else target.target
        inner = self.entry(inner_target, target.transform.inner(parameters))
        check_value(inner)
        if target.transform.kind == "checkpoint":
            self.checkpointed.add(name)
            return replace(inner, function=replace(inner.function, name=name))
        made = self.transform(inner, target.transform, name, parameters)
        return Entry(numbered(made), dict(parameters), inner.captured, made.result.type, written=inner.written)

    def ruled(self, custom: Custom, parameters: Mapping[str, Type], name: str) -> Entry:
        """A function with a rule; arrays that the rule alone reads are parameters of it too."""
        for part in ("fun", "fwd", "bwd", "rule"):
            self.reads.part(custom, part)
        lowered = self.lowered(custom.fun, parameters)
        function = numbered(optimize(replace(settle_lengths(lowered.function), name=name)))
        further = rule_variables(self, custom, lowered.captured)
        more = tuple(Value(self.captured_type(v), v.shown) for v in further)
        body = replace(function.body, parameters=(*function.parameters, *more))
        function = replace(function, body=body)
        captured = (*lowered.captured, *further)
        entry = Entry(function, dict(parameters), captured, function.result.type, lowered.changes)
        types_ = tuple(parameters.values())
        self.given[name] = Given(custom, name, types_, entry.passed, captured, entry.result)
        return entry

    def lowered(self, target: Target, parameters: Mapping[str, Type], back: bool = False) -> Lowered:
        """A function in SSA; with its arrays in cells where it writes into one that something else may see."""
        if back:
            return lower(target, parameters, self, memory=True, back=True)
        try:
            lowered = lower(target, parameters, self)
        except MemoryNeeded:
            return lower(target, parameters, self, memory=True)
        if next(visible_updates(lowered.function, lowered.in_place), None) is not None:
            return lower(target, parameters, self, memory=True)
        return lowered

    def transform(self, entry: Entry, transform: Transform, name: str, parameters: Mapping[str, Type]) -> Function:
        """The derivative of an entry, for these parameters."""
        if transform.kind == "vmap":
            return optimize(self.vmap(entry, transform, name, list(parameters.values())))
        active = self.active(entry, transform.argnums)
        vector = None if self.native else self.batch_of
        order = Order(transform.one, transform.asked, transform.has_aux, transform.holomorphic)
        of_calls = transform.kind in ("grad", "elementwise_grad")
        function = self.written_out(self.shortened(entry, active) if of_calls else entry.function, active)
        if of_calls:
            made = gradient(
                function,
                active,
                self.pair_of,
                name,
                transform.value,
                transform.has_aux,
                None if transform.one else transform.asked,
                self.native,
                transform.kind == "elementwise_grad",
                transform.holomorphic,
            )
        elif transform.kind == "jvp":
            made = replace(jvp(function, active, self.tangent_of), name=name)
        elif transform.kind == "pushforward":
            made = pushforward(function, active, self.tangent_of, name)
        elif transform.kind == "pullback":
            made = pullback(function, active, transform.places, self.pair_of, name, self.native)
        elif transform.kind == "jacfwd":
            made = jacfwd(function, active, self.tangent_of, vector, name, order)
        elif transform.kind == "jacrev":
            made = jacrev(function, active, self.pair_of, vector, name, order, self.native)
        else:
            raise ValueError(transform.kind)
        if transform.further:
            made = captured_last(made, len(entry.passed), len(entry.captured))
        return optimize(made if transform.kind in ("jvp", "pushforward", "jacfwd") else without_adjoints(made))

    def written_out(self, function: Function, active: Sequence[bool]) -> Function:
        """A function that is to be differentiated, with what is defined by others written out."""
        return written_out(function, active, lambda f: numbered(optimize(f)))

    def vmap(self, entry: Entry, transform: Transform, name: str, given: Sequence[Type]) -> Function:
        """An entry for many examples, given in arrays of these types."""
        axes = transform.axes(given)
        more = len(entry.function.parameters) - len(entry.passed)
        types = [given[k] for k in entry.passed] + [p.type for p in entry.function.parameters[len(entry.passed) :]]
        return vmap(
            entry.function,
            types,
            [axes[k] for k in entry.passed] + [None] * more,
            transform.out_axes,
            self.batch_of,
            name,
            self.native,
        )

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
            self.batches[key] = name, True
            self.functions[name] = _stub(name)
            self.recursive_batches.discard(key)
            try:
                made, flag = batched(function, flags, self.batch_of, name, lambda: key in self.recursive_batches)
            except NoBatchRule:
                del self.batches[key], self.functions[name]
                raise
            self.functions[name] = numbered(optimize(made))
            self.batches[key] = name, flag
        return FunctionRef(name, call.result.type), flag

    def sweeps(self, entry: Entry, transform: Transform) -> tuple[Function, str, bool]:
        """The forward sweep of an entry, and its reverse sweep or tangent, as two functions."""
        active = self.active(entry, transform.argnums)
        linear = transform.kind == "linear"
        if is_marked(entry.function) and not linear:
            return self.sweeps_again(entry, tuple(active))
        function = self.written_out(entry.function if linear else self.shortened(entry, active), active)
        if linear:
            first, second, residuals = linear_pair(function, active, self.tangent_of, optimize)
        else:
            first, second, residuals = pair(function, active, self.pair_of, optimize, self.native)
        first = numbered(replace(optimize(first), name=self.fresh_name(f"{entry.function.name}_forward")))
        first = eliminate_dead(own_results(first, residuals is not None))
        second = numbered(
            replace(
                optimize(second), name=self.fresh_name(f"{entry.function.name}_{'linear' if linear else 'reverse'}")
            )
        )
        second = eliminate_dead(own_results(second))
        self.functions[first.name] = first
        self.functions[second.name] = second
        return first, second.name, residuals is not None

    def sweeps_again(self, entry: Entry, active: tuple[bool, ...]) -> tuple[Function, str, bool]:
        """The same where a marked loop stores snapshots: both sweeps stay together, in a function of the arguments."""
        function = entry.function
        self.make_again(function, active)
        again = self.pairs[(function.name, active)]
        assert isinstance(again, ComputedAgain)
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

    def add_step(self, function: Function) -> str:
        """Take in the step of a marked loop, which is computed again in a reverse sweep."""
        name = self.fresh_name(function.name)
        self.functions[name] = numbered(replace(function, name=name))
        self.checkpointed.add(name)
        return name

    def replay(self) -> None:
        """Let marked loops store snapshots instead of lists of all their states."""
        for name, function in list(self.functions.items()):
            if is_marked(function):
                made = with_replay(function, self.add_step)
                if made is not function and importlib.util.find_spec("checkpoint_schedules") is None:
                    loop = next(op for op in walk(function.body) if isinstance(op, For) and op.snapshots is not None)
                    what = "the package checkpoint_schedules, which reverses this loop from snapshots, is not there"
                    raise UnsupportedCall(what, "pip install s2sad[checkpoint], or leave out the mark", loop.location)
                self.functions[name] = made

    def active(self, entry: Entry, argnums: Sequence[int]) -> list[bool]:
        """Which parameters of the compiled function have derivatives; captured variables have none."""
        own = [k in argnums for k in entry.passed]
        return own + [False] * len(entry.captured)

    def fresh_name(self, base: str) -> str:
        names = set(self.names.values()) | set(self.functions)
        names |= self.boxes.names.keys() | {f.name for p in self.pairs.values() for f in p.functions}
        name, k = base, 1
        while name in names:
            k += 1
            name = f"{base}_{k}"
        if k > 1:
            self.bases[name] = base
        return name

    # derivatives of callees

    def pair_of(self, call: Call, active: tuple[bool, ...]) -> Pair:
        """The sweeps of a callee, for the operands that have adjoints."""
        name = call.function.name
        given = self.given.get(name)
        if given is not None and given.custom.kind == "vjp" and (name, active) not in self.pairs:
            self.pairs[(name, active)] = sweeps_of(self, given, call, active)
        if (name, active) not in self.pairs:
            self.make_pair(call, active)
        found = self.pairs[(name, active)]
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
        references = FunctionRef(forward, forward_type), replace(found.reverse, result=reverse_type, own=own)
        return replace(found, forward=references[0], reverse=references[1])

    def make_pair(self, call: Call, active: tuple[bool, ...]) -> None:
        name = call.function.name
        function = self.functions[name]
        if name in self.checkpointed or is_marked(function):
            self.make_again(function, active)
            return
        if self.is_local(name, active):
            self.make_local(function, active)
            return
        forward, reverse = (self.fresh_name(f"{name}_{word}") for word in ("forward", "reverse"))
        bars = _bars_type(function, active)
        opaque = OpaqueType(forward)
        result = function.result.type
        sums = () if name in self.given else accumulated(name, active, self.functions, self.handed_back(name))
        backward = FunctionRef(reverse, bars, bool(sums), tuple(range(2, 2 + len(sums))))
        # a recursive call meets this while its own sweeps are made: it knows the residuals by name alone
        self.pairs[(name, active)] = Sweeps(FunctionRef(forward, tuple_type(result, opaque)), backward, opaque, sums)
        if name in self.given:
            first, second, residuals = transposed_sweeps(self, self.given[name], call, active, optimize)
        else:
            function = self.written_out(function, active)
            first, second, residuals = pair(function, active, self.pair_of, optimize, self.native, accumulates=sums)
        called = {op.function.name for op in walk(first.body) if isinstance(op, Call)}
        if residuals is None and forward not in called:
            kept = function
            if called or name in self.given or without_adjoints(function) is not function:
                kept = replace(optimize(without_adjoints(first)), name=forward)
            self.pairs[(name, active)] = Sweeps(FunctionRef(kept.name, result), FunctionRef(reverse, bars), None)
        else:
            kept = numbered(replace(optimize(without_adjoints(first)), name=forward))
            if forward not in called:
                assert residuals is not None
                both = FunctionRef(forward, tuple_type(result, residuals))
                self.pairs[(name, active)] = Sweeps(both, backward, residuals, sums)
        self.functions[kept.name] = kept
        second = replace(optimize(second), takes=backward.takes)
        second = own_results(second) if backward.own else own_carried(second)
        self.functions[reverse] = numbered(replace(second, name=reverse))

    def handed_back(self, name: str) -> set[int]:
        """The parameters of a function whose arrays are part of its result: their adjoints come with its own."""
        entry = next((e for e in self.entries.values() if e.function.name == name and e.back is not None), None)
        return set() if entry is None or entry.back is None else {entry.passed.index(k) for k in entry.back.written}

    def is_local(self, name: str, active: Sequence[bool]) -> bool:
        """Whether the calls of a function hand over its gradient."""
        return is_local(name, active, self.functions, self.given.keys() | self.checkpointed, self.native)

    def make_local(self, function: Function, active: tuple[bool, ...]) -> None:
        """The pair of a function whose calls hand over its gradient."""
        own = next((name_of(t) for (t, _), n in self.names.items() if n == function.name), function.name)
        reference = local_reference(function, active, self.fresh_name(f"{own}_value_and_grad"))
        self.pairs[(function.name, active)] = LocalGradient(reference)
        function = self.written_out(function, active)
        made = optimize(without_adjoints(local_gradient(function, active, self.pair_of, reference.name, self.native)))
        self.functions[reference.name] = numbered(eliminate_dead(own_results(made)))

    def shortened(self, entry: Entry, active: Sequence[bool]) -> Function:
        """The function of an entry; where its gradient is that of a call of a recursive function, this call alone."""
        target = next((t for (t, _), e in self.entries.items() if e is entry), None)
        others = [e for (t, _), e in self.entries.items() if t == target]
        return as_call(entry, others, [e.function.name for e in others if self.is_local(e.function.name, active)])

    def make_again(self, function: Function, active: tuple[bool, ...]) -> None:
        """The pair of a function that is checkpointed: itself, and both sweeps in one."""
        name = self.fresh_name(f"{function.name}_reverse")
        reference = FunctionRef(name, _bars_type(function, active))
        forward = FunctionRef(function.name, function.result.type)
        self.pairs[(function.name, active)] = ComputedAgain(forward, reference)
        function = self.written_out(function, active)
        made = optimize(replace(both_sweeps(function, active, self.pair_of, self.native), name=name))
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
            self.functions[name] = _stub(name)
            self.tangents[key] = FunctionRef(name, tuple_type(function.result.type, function.result.type))
            self.functions[name] = numbered(replace(self.made_tangent(function, custom, call, given), name=name))
            if function.name in self.checkpointed:
                self.checkpointed.add(name)
        result = call.result.type
        return FunctionRef(self.tangents[key].name, tuple_type(result, tangent_type(result)))

    def made_tangent(self, function: Function, custom: Given | None, call: Call, given: tuple[bool, ...]) -> Function:
        """The tangent of a function; in that of a rule, functions with rules for reverse mode have tangents too."""
        if custom is not None:
            return tangent_of_sweeps(self, custom, call, given, optimize)
        rules = {r.name for p in self.pairs.values() if isinstance(p, GivenSweeps) for r in p.functions}
        outer, self.in_rule = self.in_rule, self.in_rule or function.name in rules
        try:
            return optimize(jvp(self.written_out(function, given), given, self.tangent_of))
        finally:
            self.in_rule = outer

    def module(self, *entries: str) -> list[Function]:
        """The functions that a module with these entries needs, callees first, under their names in it."""
        found = reachable(self.functions, entries)
        return plainly_named(found, {*entries, *stepped(found)}, self.bases, self.boxes.names)


def _as_python(t: Type) -> Type:
    """An integer constant given to a callee is an integer; what must be static is asked for."""
    return ArrayType(t.dtype, t.shape, t.kind) if isinstance(t, ArrayType) and isinstance(t.size, int) else t


def _constant_at(operand: Operand, path: tuple[object, ...]) -> Constant | None:
    if path or not isinstance(operand, Constant):
        return None
    return operand


def _returned(t: Type, back: Mapping[Symbol, Any]) -> Type:
    """The type of a callee's result in the symbols of its caller; what the callee alone knows is unknown here."""
    table = dict(back)
    table.update((s, renewed(s)) for s in symbols(t) if s not in table)
    return substitute(t, table)


def _bars_type(function: Function, active: Sequence[bool]) -> Type:
    bars = [tangent_type(p.type) for p, a in zip(function.parameters, active, strict=True) if a]
    return bars[0] if len(bars) == 1 else tuple_type(*bars)


def _stub(name: str) -> Function:
    return Function(name, Block((), (), (Value(BOTTOM),)))
