"""The functions of one module, made on demand: a `Program`.

The derivative asked for, and a pair of sweeps, a tangent or a form for many examples of every user function that it
calls, each made once for each signature.
"""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from s2sad.analysis.aliasing import shares_memory, visible_updates
from s2sad.analysis.effects import effects_of
from s2sad.analysis.item_reads import settle_items
from s2sad.analysis.read_back import read_back
from s2sad.analysis.shared_items import unsafe_item_updates
from s2sad.backends import PYTHON, Runner
from s2sad.compiler import solvers
from s2sad.compiler.argument_names import named_as_arguments
from s2sad.compiler.black_boxes import Boxes, hooked
from s2sad.compiler.checked import optimize
from s2sad.compiler.custom_rules import CustomFunction, rule_variables
from s2sad.compiler.derivatives import Derivatives
from s2sad.compiler.entry import Entry, always_raises, calling, check_value, stub, with_read_parameters
from s2sad.compiler.targets import (
    Target,
    WritesArguments,
    identities,
    may_write_arguments,
    name_of,
    parameter_names,
)
from s2sad.compiler.transform import with_statics
from s2sad.differentiate.reverse.snapshots import is_marked, outlined, with_replay
from s2sad.emit.modules import spoken_of
from s2sad.errors import NOWHERE, Location, Unsupported, UnsupportedCall, UnsupportedType
from s2sad.frontend.context import Callee, CalleeNeedsStatic, Hook, NeedsStatic
from s2sad.frontend.dependencies import Reads, Variable
from s2sad.frontend.lower import Lowered, lower
from s2sad.frontend.terms.arrays import MemoryNeeded
from s2sad.frontend.terms.cells import SettledByCaller
from s2sad.frontend.terms.closure_targets import LiftedTarget
from s2sad.frontend.terms.solver_targets import SolverCall, SolverRule
from s2sad.ir.call_lengths import asking, hold, note, solution
from s2sad.ir.dims import CallLengths, Dim, Fact, Symbol, least_value
from s2sad.ir.marks import is_derivative
from s2sad.ir.primitive import Primitive
from s2sad.ir.printer import numbered
from s2sad.ir.signature import Signature, key_of, related, with_inner
from s2sad.ir.solver import Part
from s2sad.ir.types import BOTTOM, ArrayType, Type, leaves, substitute, symbols, type_at
from s2sad.ir.user_rules import BlackBox, Custom, PlainFunctionOf
from s2sad.ir.values import Call, Constant, For, Function, FunctionRef, Operand, Value, constant, walk
from s2sad.optimize import settle_lengths
from s2sad.progress import stage

MAX_ROUNDS = 12
"""How often a function that calls itself is made again until the type of its result settles."""
MAX_SIGNATURES = 100
"""In how many forms a function may call itself before one of them is compiled."""


class Program:
    """The functions of one module, made on demand."""

    def __init__(self, runner: Runner = PYTHON, reads: Reads | None = None) -> None:
        self.reads = reads or Reads()
        """What is read outside the functions."""
        self.runner = runner
        self.backend = runner.backend
        self.functions: dict[str, Function] = {}
        self.entries: dict[tuple[object, str], Entry] = {}
        self.in_progress: dict[tuple[object, str], Entry] = {}
        self.recursive: set[tuple[object, str]] = set()
        self.provisional: dict[tuple[object, str], set[tuple[object, str]]] = {}
        self.shorter: set[tuple[object, str]] = set()
        """The functions that were found to call themselves with shorter arrays than they are made for."""
        self.writing: set[object] = set()
        """The functions that call themselves and write into their parameters: their calls give these arrays too."""
        self.names: dict[tuple[object, str], str] = {}
        self.bases: dict[str, str] = {}
        """By each name with a number, the one without."""
        self.derivatives = Derivatives(self)
        self.silent_entry = self.derivatives.silent_entry
        self.signature = Signature()
        self.boxes = Boxes(self)
        self.spoken_of = spoken_of(runner.spelling())

    # what a lowering asks (frontend.context.Context)

    @property
    def repeats(self) -> bool:
        return any(isinstance(t, SolverRule) for t, _ in self.in_progress)

    def captured_type(self, variable: Variable) -> Type:
        return self.signature.type_of(variable.pattern())

    def rule_variables(self, rules: object) -> tuple[Variable, ...]:
        return self.reads.settled.variables(rules)

    def callee(self, function: object, operands: Sequence[Operand], location: Location) -> Callee | None:
        local = Signature(CallLengths())
        # Symbols as if the callee were called from nowhere: calls from all places share one form for each pattern of
        # lengths.
        given = [local.canonical(o.type) for o in operands]
        given = [_as_python(t) for t in given]
        names = parameter_names(function)
        statics: dict[tuple[int, tuple[object, ...]], object] = {}
        if isinstance(function, Custom):
            known_integers = {k: _constant_at(operands[k], ()) for k in function.nondiff}
            statics = {(k, ()): c.value for k, c in known_integers.items() if c and type(c.value) is int}
            function = PlainFunctionOf(function)
        if function in self.writing:
            function = WritesArguments(function)
        # Each round learns of one argument that must be known at compile time; there are finitely many, and one that is
        # asked for twice cannot be had.
        while True:
            parameters = {n: with_statics(t, k, statics) for k, (n, t) in enumerate(zip(names, given, strict=True))}
            try:
                entry = self.entry(function, parameters)
                flags = _flags(operands) if _is_torn(entry.result) and not any(map(_is_torn, given)) else {}
                if flags.keys() <= statics.keys():
                    break
                statics |= flags
            except SettledByCaller:
                return None
            except Unsupported as e:
                raise type(e)(e.what, e.instead, location) if e.location == NOWHERE else e from None
            except NeedsStatic as e:
                known = _constant_at(operands[e.parameter], e.path)
                if known is None or (e.parameter, e.path) in statics:
                    raise CalleeNeedsStatic(e.parameter, e.path, location) from None
                statics[(e.parameter, e.path)] = known.value
        assert local.call is not None
        # those of the caller are asked with these: what was used here is used there
        note(f.put(local.back()) for f in local.call.facts)
        local.call.is_final = True
        if entry.impure or entry.valueless is not None:
            return None
        result = _returned(entry.result, related(entry.parameters.values(), [o.type for o in operands]))
        return Callee(entry.reference(result), entry.passed, entry.captured, entry.aliases, entry.gives, entry.back)

    def bound(
        self, box: BlackBox, operands: Sequence[Operand], static: Mapping[str, object], variables: Sequence[Variable]
    ) -> Primitive:
        return self.boxes.bound(box, len(operands), static, variables)

    def hooked(self, target: Hook) -> Primitive:
        return hooked(self, target)

    def solving(self, call: SolverCall, references: Mapping[str, FunctionRef], result: Type) -> Primitive:
        return solvers.solving(call, references, result)

    def solution(self, call: SolverCall, part: Part, key: object) -> Primitive:
        return solvers.solution(self, call, part, key)

    def parameter_names(self, target: object) -> list[str]:
        return parameter_names(target)

    def in_order(
        self,
        reference: FunctionRef,
        order: Sequence[int],
        given: Sequence[Operand],
        attributes: Mapping[str, object],
    ) -> FunctionRef:
        return solvers.in_order(self, reference, order, given, attributes)

    # entries

    def entry(self, target: Target, parameters: Mapping[str, Type], name: str | None = None) -> Entry:
        """A function or derivative compiled for these parameters; a lambda under the name given for it."""
        key = self.form(target, parameters)
        if isinstance(target, Custom) and key not in self.entries:
            self.entries[key] = calling(self.entry(PlainFunctionOf(target), parameters))
        if key in self.entries:
            return self.entries[key]
        # A call of itself: it is answered with the guess. Whatever is made in between rests on that guess, and is
        # forgotten when another one is tried.
        if key in self.in_progress:
            self.recursive.add(key)
            if _lowered(self.in_progress[key].parameters.values(), parameters.values()):
                self.shorter.add(key)
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
        entry = self.settled(key, target, parameters, name)
        if entry.impure and key in self.recursive:
            raise UnsupportedCall(
                f"{own} calls itself, and changes a list or object that it is given, stores something outside, "
                "gives one of its arrays only "
                "sometimes, or gives a function",
                "return the new values instead; arrays that are arguments themselves may be written",
            )
        if entry.result == BOTTOM:
            if key in self.recursive:
                calls = (op.location for op in walk(entry.function.body) if isinstance(op, Call))
                instead = "have a case that gives a value without such a call"
                raise UnsupportedCall(
                    f"{name} calls itself without end, or always raises", instead, next(calls, NOWHERE)
                )
            always_raises(entry)
        self.entries[key] = entry
        self.functions[name] = entry.function
        return entry

    def form(self, target: Target, parameters: Mapping[str, Type]) -> tuple[object, str]:
        """The key of the form for lengths of which the same is true, among those for one pattern; of a new one."""
        pattern = ";".join(map(key_of, parameters.values())) + identities(parameters.values())
        # what a rule calls has forms of its own, which raise nothing again
        pattern = f"{pattern} again" if self.repeats else pattern
        for k in itertools.count():
            key = (target, f"{pattern}@{k}" if k else pattern)
            entry = self.entries.get(key)
            if entry is None:
                return key
            with asking(_asked(parameters)):
                if hold(entry.facts, related(entry.parameters.values(), parameters.values())):
                    return key
        raise AssertionError("unreachable")

    def settled(self, key: tuple[object, str], target: Target, parameters: Mapping[str, Type], name: str) -> Entry:
        """A function made again until the type that it gives is the one that its own calls were taken to give."""
        # The least fixed point: the first guess gives nothing at all (the type joins to the other side of any branch),
        # each round the type that follows from the guess before. It grows, and settles if structure does not grow with
        # each call.
        guess = Entry(stub(name), dict(parameters), (), BOTTOM)
        for _ in range(MAX_ROUNDS):
            self.forget_provisional(key)
            self.in_progress[key] = guess
            try:
                entry = self.make(target, parameters, name)
            finally:
                del self.in_progress[key]
            if key in self.shorter:
                self.shorter.discard(key)
                continue
            if key in self.recursive and entry.written and may_write_arguments(target):
                self.writing.add(target)
                self.recursive.discard(key)
                continue
            same_captured = [v.key for v in entry.captured] == [v.key for v in guess.captured]
            same = key_of(entry.result) == key_of(guess.result) and same_captured
            same = same and (entry.back, entry.gives, entry.effects) == (guess.back, guess.gives, guess.effects)
            asked = [call for call in _asked(parameters) if not call.is_final]
            if key in self.recursive and asked:
                # What is true of this call is not of those that it leads to: nothing is asked.
                for call in asked:
                    call.is_final = True
                continue
            if key not in self.recursive or same:
                if key in self.recursive:
                    return entry
                entry = replace(entry, facts=_facts(parameters))
                return with_read_parameters(entry) if isinstance(target, (LiftedTarget, SolverRule)) else entry
            guess = Entry(
                stub(name),
                dict(parameters),
                entry.captured,
                entry.result,
                back=entry.back,
                gives=entry.gives,
                effects=entry.effects,
            )
        raise UnsupportedCall(f"the type of the result of {name} does not settle")

    def forget_provisional(self, key: tuple[object, str]) -> None:
        """Drop the entries that rest on an earlier guess of a function that is in progress (mutual recursion)."""
        for inner in [k for k, outer in self.provisional.items() if key in outer]:
            del self.provisional[inner]
            self.entries.pop(inner, None)

    def make(self, target: Target, parameters: Mapping[str, Type], name: str) -> Entry:
        if isinstance(target, PlainFunctionOf):
            return self.ruled(target.custom, parameters, name)
        if not is_derivative(target):
            back = isinstance(target, WritesArguments)
            lowered = self.lowered(target.target if back else target, parameters, back)
            function = replace(settle_lengths(lowered.function, _solution(lowered.function)), name=name)
            function = numbered(named_as_arguments(optimize(function), self.functions))
            if is_marked(function):
                function = outlined(function, self.add_step)
            result = function.result.type
            aliases = lowered.back is None and shares_memory(function)
            seen = (
                lowered.impure,
                aliases,
                lowered.written,
                lowered.valueless,
                lowered.back,
                lowered.changed,
                lowered.stores,
                lowered.gives,
                effects_of(function.body),
            )
            return Entry(function, dict(parameters), lowered.captured, result, *seen)
        inner_target = self.reads.part(target, "target") if self.reads.knows(target) else target.target
        inner = self.entry(inner_target, target.transform.inner(parameters))
        check_value(inner)
        if target.transform.row.again:
            self.derivatives.checkpointed.add(name)
            return replace(inner, function=replace(inner.function, name=name))
        with stage("differentiating", inner.function.name):
            made = self.derivatives.transform(inner, target.transform, name, parameters)
        return Entry(
            numbered(made),
            dict(parameters),
            inner.captured,
            made.result.type,
            impure=inner.stores,
            written=inner.written,
            changed=inner.changed,
            stores=inner.stores,
            effects=effects_of(made.body),
            unread=inner.unread,
        )

    def ruled(self, custom: Custom, parameters: Mapping[str, Type], name: str) -> Entry:
        """A function with a rule; arrays that the rule alone reads are parameters of it too."""
        for part in ("fun", "fwd", "bwd", "rule"):
            self.reads.part(custom, part)
        lowered = self.lowered(custom.fun, parameters)
        function = settle_lengths(lowered.function, _solution(lowered.function))
        function = numbered(optimize(replace(function, name=name)))
        further = rule_variables(self.derivatives, custom, lowered.captured)
        more = tuple(Value(self.captured_type(v), v.shown) for v in further)
        body = replace(function.body, parameters=(*function.parameters, *more))
        function = replace(function, body=body)
        captured = (*lowered.captured, *further)
        effects = effects_of(function.body)
        entry = Entry(function, dict(parameters), captured, function.result.type, lowered.changes, effects=effects)
        types_ = tuple(parameters.values())
        self.derivatives.given[name] = CustomFunction(custom, name, types_, entry.passed, captured, entry.result)
        return entry

    def lowered(self, target: Target, parameters: Mapping[str, Type], back: bool = False) -> Lowered:
        """A function in SSA; with its arrays in cells where it writes into one that something else may see."""
        with asking(_asked(parameters)), stage("reading", name_of(target)):
            lowered = self.lowered_with_memory(target, parameters, back)
            settle_items(lowered.function)
        for op, where in unsafe_item_updates(lowered.function, lowered.item_updates):
            what = f"an item of a list is written into that may also be seen {where}"
            raise UnsupportedType(what, "write into a copy of it, and put that into the list", op.location)
        own = lowered.function.parameters[: len(lowered.function.parameters) - len(lowered.captured)]
        for read in read_back(lowered.function, own):
            what = f"what is in {read.result.hint or 'an object outside'} is used, and the function stores values there"
            raise UnsupportedType(what, "keep in a variable of the function what is used again", read.location)
        return lowered

    def lowered_with_memory(self, target: Target, parameters: Mapping[str, Type], back: bool) -> Lowered:
        if back:
            return lower(target, parameters, self, memory=True, back=True)
        # First as values, which is right for almost all functions; where a write would be seen through another name,
        # again with cells for arrays, which is always right and gives longer code. The first attempt is left before the
        # second begins, so that an error of that does not speak of it.
        with suppress(MemoryNeeded):
            lowered = lower(target, parameters, self)
            if next(visible_updates(lowered.function, lowered.in_place), None) is None:
                return lowered
        return lower(target, parameters, self, memory=True)

    def add_step(self, function: Function) -> str:
        """Take in the step of a marked loop, which is computed again in a reverse sweep."""
        name = self.fresh_name(function.name)
        self.functions[name] = numbered(replace(function, name=name))
        self.derivatives.checkpointed.add(name)
        return name

    def replay(self) -> None:
        """Let marked loops store snapshots instead of lists of all their states."""
        # A list that grows: a step that is done again may have loops of its own.
        names = list(self.functions)
        for name in names:
            function = self.functions[name]
            if is_marked(function):
                made = with_replay(function, self.add_step, self.derivatives.silent_form)
                if made is not function and importlib.util.find_spec("checkpoint_schedules") is None:
                    loop = next(op for op in walk(function.body) if isinstance(op, For) and op.snapshots is not None)
                    what = "the package checkpoint_schedules, which reverses this loop from snapshots, is not there"
                    raise UnsupportedCall(what, "pip install s2sad[checkpoint], or leave out the mark", loop.location)
                self.functions[name] = made
                names += [n for n in self.functions if n not in names]

    def names_taken(self) -> set[str]:
        """The names that are given to functions of the program."""
        return {*self.names.values(), *self.functions, *self.boxes.names, *self.derivatives.names()}

    def fresh_name(self, base: str) -> str:
        names = self.names_taken() | self.spoken_of
        name, k = base, 1
        while name in names:
            k += 1
            name = f"{base}_{k}"
        if k > 1:
            self.bases[name] = base
        return name


def _asked(parameters: Mapping[str, Type]) -> list[CallLengths]:
    """What notes facts of the lengths of parameters."""
    found = dict.fromkeys(s.call for t in parameters.values() for s in sorted(symbols(t), key=repr))
    return [call for call in found if call is not None]


def _lowered(own: Iterable[Type], given: Iterable[Type]) -> bool:
    """Have the lengths of parameters be as short as those of what is given for them; whether one was longer."""
    found = False
    for symbol, d in related(own, given).items():
        if least_value(d) < symbol.least:
            symbol.least, found = least_value(d), True
    return found


def _facts(parameters: Mapping[str, Type]) -> dict[Fact, None]:
    return {fact: None for call in _asked(parameters) for fact in call.facts}


def _solution(function: Function) -> dict[Symbol, Dim]:
    """What the call that compiles says of the lengths of a function, captured ones too."""
    table: dict[Symbol, Dim] = {}
    for call in _asked({str(k): p.type for k, p in enumerate(function.parameters)}):
        table |= solution(call)
    return table


def _as_python(t: Type) -> Type:
    """An integer constant given to a callee is an integer; what must be static is asked for."""
    return replace(t, size=None) if isinstance(t, ArrayType) and isinstance(t.size, int) else t


def _constant_at(operand: Operand, path: tuple[object, ...]) -> Constant | None:
    """The constant at a path in an operand, or the integer that its type says; None where there is none."""
    if not isinstance(operand, Constant):
        size = type_at(operand.type, path).size
        return constant(size) if isinstance(size, int) else None
    value: Any = operand.value
    for key in path:
        if type(value) not in (tuple, list, dict):
            return None
        value = value[key]
    return constant(value) if path else operand


def _flags(operands: Sequence[Operand]) -> dict[tuple[int, tuple[object, ...]], object]:
    """The truth values among the operands that are known, by their places."""
    known = {(k, ()): o.value for k, o in enumerate(operands) if isinstance(o, Constant)}
    return {place: value for place, value in known.items() if isinstance(value, bool)}


def _is_torn(t: Type) -> bool:
    """Whether branches gave arrays of several ranks, or numbers beside arrays: a flag may tell which it is."""
    return any(leaf.is_numeric and leaf.rank is None for leaf in leaves(t))


def _returned(t: Type, back: Mapping[Symbol, Dim]) -> Type:
    """The type of a callee's result in the symbols of its caller."""
    return substitute(t, with_inner(symbols(t), back))
