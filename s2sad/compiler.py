"""The pipeline, and the only module that knows the order of its stages.

    function -> source -> desugared tree -> SSA -> optimised SSA -> derivative SSA -> optimised -> text -> module

A `Program` is the set of functions of one module: the derivative asked for, and a pair of sweeps (or a tangent) of
every user function that it calls, each made once for each signature.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import s2sad.rules  # noqa: F401  (fills the registry)
from s2sad.analysis.aliasing import owns_result, shares_memory, visible_updates
from s2sad.differentiate.forward import jvp
from s2sad.differentiate.jacobians import Order, jacfwd, jacrev, pushforward
from s2sad.differentiate.operators import both_sweeps, gradient, numbered, pair
from s2sad.differentiate.replay import is_marked, outlined, with_replay
from s2sad.differentiate.reverse import Pair
from s2sad.differentiate.tangents import tangent_type
from s2sad.emit.functions import Parameter
from s2sad.emit.modules import classes_to_inject, emit_module
from s2sad.errors import Location, UnsupportedCall
from s2sad.frontend.closures import ClosureTarget, DerivedTarget
from s2sad.frontend.context import Callee, CalleeNeedsStatic, NeedsStatic, Variable
from s2sad.frontend.dependencies import python_function
from s2sad.frontend.lower import Lowered, lower
from s2sad.frontend.memory import MemoryNeeded
from s2sad.ir.builder import Builder
from s2sad.ir.flat import flattened
from s2sad.ir.replay import ADVANCED
from s2sad.ir.signature import Signature, key_of
from s2sad.ir.types import (
    BOTTOM,
    ArrayType,
    ContainerType,
    OpaqueType,
    StaticType,
    Symbol,
    Type,
    leaves,
    renewed,
    substitute,
    symbols,
    tuple_type,
)
from s2sad.ir.values import Apply, Block, Call, Constant, For, Function, FunctionRef, Operand, Value, constant, walk
from s2sad.ir.verifier import verify
from s2sad.optimize import eliminate_dead, own_carried, own_results, settle_lengths
from s2sad.optimize import optimize as run_passes

VERIFY = os.environ.get("S2SAD_VERIFY") == "1"
"""Whether the IR is verified after every stage: under test."""

Target = Any
"""A Python function, or a derivative object with `transform` and `target`."""


def optimize(function: Function, anchors: Collection[Value] | None = None) -> Function:
    """The optimiser, between two verifications where those are asked for."""
    if VERIFY:
        verify(function)
    function = run_passes(function, anchors)
    return verify(function) if VERIFY else function


@dataclass(frozen=True)
class Transform:
    """A derivative to be made: its kind and options. `argnums` are positions of parameters."""

    kind: str
    argnums: tuple[int, ...] = (0,)
    one: bool = True
    value: bool = False
    has_aux: bool = False
    label: str = ""
    """What the derivative is called, where it is of more than one transformation: `hessian`."""

    @property
    def has_tangents(self) -> bool:
        """Whether the derivative takes a tangent for each of the `argnums` beside the arguments."""
        return self.kind in ("jvp", "pushforward")


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

    @property
    def passed(self) -> tuple[int, ...]:
        """The positions of the parameters that are operands."""
        return tuple(k for k, t in enumerate(self.parameters.values()) if not is_constant(t))


def always_raises(entry: Entry) -> None:
    """Of a function that always raises: the exception stands in the place of any result, and of calls."""
    body = replace(entry.function.body, results=(constant(0.0),))
    entry.function = eliminate_dead(replace(entry.function, body=body))
    entry.result, entry.impure = entry.function.result.type, True


def parameter_names(target: Target) -> list[str]:
    """The names of the parameters of a function, or of a closure and what it closes over."""
    if isinstance(target, DerivedTarget):
        names = parameter_names(target.target)
        return [*names, *(f"{names[k]}_dot" for k in target.transform.argnums if target.transform.has_tangents)]
    if isinstance(target, ClosureTarget):
        return list(target.names)
    return list(inspect.signature(target, follow_wrapped=False).parameters)


def identities(parameters: Iterable[Type]) -> str:
    """What tells functions of one name apart, where they are given to another one."""
    found = [id(s.value) for t in parameters for s in leaves(t) if isinstance(s, StaticType) and callable(s.value)]
    return f" {found}" if found else ""


def is_constant(t: Type) -> bool:
    """Whether a parameter of this type is a constant of the compiled function."""
    return isinstance(t, StaticType) or (isinstance(t, ArrayType) and isinstance(t.size, int) and t.kind == "python")


class Program:
    """The functions of one module, made on demand."""

    def __init__(self, native: bool = False) -> None:
        self.native = native
        """Whether the text is to be compiled to native code."""
        self.functions: dict[str, Function] = {}
        self.entries: dict[tuple[object, str], Entry] = {}
        self.in_progress: dict[tuple[object, str], Entry] = {}
        self.recursive: set[tuple[object, str]] = set()
        self.provisional: dict[tuple[object, str], set[tuple[object, str]]] = {}
        self.names: dict[tuple[object, str], str] = {}
        self.pairs: dict[tuple[str, tuple[bool, ...]], Pair] = {}
        self.tangents: dict[tuple[str, tuple[bool, ...]], FunctionRef] = {}
        self.checkpointed: set[str] = set()
        """The functions whose reverse sweep computes their forward sweep again."""
        self.signature = Signature()

    # what a lowering asks (frontend.context.Context)

    def captured_type(self, variable: Variable) -> Type:
        return self.signature.type_of(variable.read())

    def guard(self, holder: Any, name: str | int, value: Any) -> None:
        return None

    def callee(self, function: Any, operands: Sequence[Operand], location: Location) -> Callee | None:
        local = Signature()
        given = [local.canonical(o.type) for o in operands]
        given = [_as_python(t) for t in given]
        names = parameter_names(function)
        statics: dict[tuple[int, tuple[object, ...]], object] = {}
        while True:
            parameters = {n: with_statics(t, k, statics) for k, (n, t) in enumerate(zip(names, given, strict=True))}
            try:
                entry = self.entry(function, parameters)
                break
            except NeedsStatic as e:
                known = _constant_at(operands[e.parameter], e.path)
                if known is None or (e.parameter, e.path) in statics:
                    raise CalleeNeedsStatic(e.parameter, e.path, location) from None
                statics[(e.parameter, e.path)] = known.value
        if entry.impure:
            return None
        result = _returned(entry.result, local.back())
        return Callee(FunctionRef(entry.function.name, result), entry.passed, entry.captured, entry.aliases)

    # entries

    def entry(self, target: Target, parameters: Mapping[str, Type]) -> Entry:
        """A function or derivative compiled for these parameters."""
        key = (target, ";".join(map(key_of, parameters.values())) + identities(parameters.values()))
        if key in self.entries:
            return self.entries[key]
        if key in self.in_progress:
            self.recursive.add(key)
            for inner in list(self.in_progress)[list(self.in_progress).index(key) + 1 :]:
                self.provisional.setdefault(inner, set()).add(key)
            return self.in_progress[key]
        name = self.names.get(key) or self.fresh_name(name_of(target))
        self.names[key] = name
        guess = Entry(_stub(name), dict(parameters), (), BOTTOM)
        for _ in range(8):
            self.forget_provisional(key)
            self.in_progress[key] = guess
            try:
                entry = self.make(target, parameters, name)
            finally:
                del self.in_progress[key]
            settled = key_of(entry.result) == key_of(guess.result) and entry.captured == guess.captured
            if key not in self.recursive or settled:
                break
            guess = Entry(_stub(name), dict(parameters), entry.captured, entry.result)
        else:
            raise UnsupportedCall(f"the type of the result of {name} does not settle")
        if entry.impure and key in self.recursive:
            raise UnsupportedCall(
                f"{name} calls itself, and changes a list or object that it is given, or gives a function",
                "return the new values instead",
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
        if not getattr(target, "__s2sad_derivative__", False):
            lowered = self.lowered(target, parameters)
            function = replace(settle_lengths(lowered.function), name=name)
            function = numbered(optimize(function))
            if is_marked(function):
                function = outlined(function, self.add_step)
            result = function.result.type
            aliases = shares_memory(function)
            return Entry(function, dict(parameters), lowered.captured, result, lowered.impure, aliases, lowered.written)
        own = parameters
        if target.transform.has_tangents:
            own = dict(list(parameters.items())[: len(parameters) - len(target.transform.argnums)])
        inner = self.entry(target.target, own)
        if target.transform.kind == "checkpoint":
            self.checkpointed.add(name)
            return replace(inner, function=replace(inner.function, name=name))
        made = self.transform(inner, target.transform, name)
        return Entry(numbered(made), dict(parameters), inner.captured, made.result.type, written=inner.written)

    def lowered(self, target: Target, parameters: Mapping[str, Type]) -> Lowered:
        """A function in SSA; with its arrays in cells where it writes into one that something else may see."""
        try:
            lowered = lower(target, parameters, self)
        except MemoryNeeded:
            return lower(target, parameters, self, memory=True)
        if next(visible_updates(lowered.function, lowered.in_place), None) is not None:
            return lower(target, parameters, self, memory=True)
        return lowered

    def transform(self, entry: Entry, transform: Transform, name: str) -> Function:
        """The derivative of an entry."""
        active = self.active(entry, transform.argnums)
        if transform.kind in ("grad", "elementwise_grad"):
            made = gradient(
                entry.function,
                active,
                self.pair_of,
                name,
                transform.value,
                transform.has_aux,
                transform.one,
                self.native,
                transform.kind == "elementwise_grad",
            )
        elif transform.kind == "jvp":
            made = replace(jvp(entry.function, active, self.tangent_of), name=name)
        elif transform.kind == "pushforward":
            made = pushforward(entry.function, active, self.tangent_of, name)
        elif transform.kind == "jacfwd":
            made = jacfwd(entry.function, active, self.tangent_of, name, Order(transform.one, transform.has_aux))
        elif transform.kind == "jacrev":
            order = Order(transform.one, transform.has_aux)
            made = jacrev(entry.function, active, self.pair_of, name, order, self.native)
        else:
            raise ValueError(transform.kind)
        return optimize(made)

    def sweeps(self, entry: Entry, transform: Transform, name: str) -> tuple[Function, str, bool]:
        """The forward and reverse sweep of an entry as two functions."""
        if is_marked(entry.function):
            return self.sweeps_again(entry, tuple(self.active(entry, transform.argnums)))
        first, second, residuals = pair(
            entry.function, self.active(entry, transform.argnums), self.pair_of, optimize, self.native
        )
        first = numbered(replace(optimize(first), name=self.fresh_name(f"{entry.function.name}_forward")))
        first = eliminate_dead(own_results(first, residuals is not None))
        second = numbered(replace(optimize(second), name=self.fresh_name(f"{entry.function.name}_reverse")))
        second = eliminate_dead(own_results(second))
        self.functions[first.name] = first
        self.functions[second.name] = second
        return first, second.name, residuals is not None

    def sweeps_again(self, entry: Entry, active: tuple[bool, ...]) -> tuple[Function, str, bool]:
        """The same where a marked loop stores snapshots: both sweeps stay together, in a function of the arguments."""
        function = entry.function
        self.make_again(function, active)
        reverse = self.pairs[(function.name, active)].reverse
        first, second = Builder(), Builder()
        first.operations += function.body.operations
        kept = first.make(tuple, tuple(range(len(function.parameters))), function.parameters, "residuals")
        both = first.make(tuple, (0, 1), (function.result, kept))
        body = first.block(function.parameters, [both])
        forward = replace(function, name=self.fresh_name(f"{function.name}_forward"), body=body)
        residuals, seed = Value(kept.type, "residuals"), Value(tangent_type(function.result.type), "result_bar")
        own = [second.extract(residuals, k, p.hint) for k, p in enumerate(function.parameters)]
        bars = second.call_function(reverse, [*own, seed])
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
        names |= {f.name for p in self.pairs.values() for f in (p.forward, p.reverse)}
        name, k = base, 1
        while name in names:
            k += 1
            name = f"{base}_{k}"
        return name

    # derivatives of callees

    def pair_of(self, call: Call, active: tuple[bool, ...]) -> Pair:
        """The sweeps of a callee, for the operands that have adjoints."""
        name = call.function.name
        if (name, active) not in self.pairs:
            self.make_pair(name, active)
        found = self.pairs[(name, active)]
        result = call.result.type
        forward_type = result if found.residuals is None else tuple_type(result, found.residuals)
        bars = [tangent_type(o.type) for o, a in zip(call.operands, active, strict=True) if a]
        reverse_type = bars[0] if len(bars) == 1 else tuple_type(*bars)
        forward, reverse = found.forward.name, found.reverse.name
        made = self.functions.get(reverse)
        own = made is not None and owns_result(made)
        references = FunctionRef(forward, forward_type), FunctionRef(reverse, reverse_type, own)
        return Pair(*references, found.residuals, found.again)

    def make_pair(self, name: str, active: tuple[bool, ...]) -> None:
        function = self.functions[name]
        if name in self.checkpointed or is_marked(function):
            self.make_again(function, active)
            return
        forward, reverse = (self.fresh_name(f"{name}_{word}") for word in ("forward", "reverse"))
        bars = _bars_type(function, active)
        opaque = OpaqueType(forward)
        result = function.result.type
        # a recursive call meets this while its own sweeps are made: it knows the residuals by name alone
        self.pairs[(name, active)] = Pair(
            FunctionRef(forward, tuple_type(result, opaque)), FunctionRef(reverse, bars), opaque
        )
        first, second, residuals = pair(function, active, self.pair_of, optimize, self.native)
        called = {op.function.name for op in walk(first.body) if isinstance(op, Call)}
        if residuals is None and forward not in called:
            kept = replace(optimize(first), name=forward) if called else function
            self.pairs[(name, active)] = Pair(FunctionRef(kept.name, result), FunctionRef(reverse, bars), None)
        else:
            kept = numbered(replace(optimize(first), name=forward))
            if forward not in called:
                assert residuals is not None
                self.pairs[(name, active)] = Pair(
                    FunctionRef(forward, tuple_type(result, residuals)), FunctionRef(reverse, bars), residuals
                )
        self.functions[kept.name] = kept
        self.functions[reverse] = numbered(replace(own_carried(optimize(second)), name=reverse))

    def make_again(self, function: Function, active: tuple[bool, ...]) -> None:
        """The pair of a function that is checkpointed: itself, and both sweeps in one."""
        name = self.fresh_name(f"{function.name}_reverse")
        reference = FunctionRef(name, _bars_type(function, active))
        forward = FunctionRef(function.name, function.result.type)
        self.pairs[(function.name, active)] = Pair(forward, reference, None, True)
        made = optimize(replace(both_sweeps(function, active, self.pair_of, self.native), name=name))
        self.functions[name] = numbered(own_carried(made))
        self.checkpointed.add(name)

    def tangent_of(self, call: Call, given: tuple[bool, ...]) -> FunctionRef:
        """The tangent of a callee, for the operands that have tangents."""
        key = (call.function.name, given)
        if key not in self.tangents:
            function = self.functions[call.function.name]
            name = self.fresh_name(f"{function.name}_jvp")
            self.functions[name] = _stub(name)
            self.tangents[key] = FunctionRef(name, tuple_type(function.result.type, function.result.type))
            made = optimize(replace(jvp(function, given, self.tangent_of), name=name))
            self.functions[name] = numbered(made)
            if function.name in self.checkpointed:
                self.checkpointed.add(name)
        result = call.result.type
        return FunctionRef(self.tangents[key].name, tuple_type(result, tangent_type(result)))

    # text

    def reachable(self, *entries: str) -> list[Function]:
        """The functions that a module needs, callees first."""
        order: dict[str, Function] = {}
        seen: set[str] = set()

        def visit(name: str) -> None:
            if name in seen:
                return
            seen.add(name)
            for op in walk(self.functions[name].body):
                if isinstance(op, Call):
                    visit(op.function.name)
                elif isinstance(op, Apply) and op.primitive is ADVANCED:
                    visit(str(op.static["step"]))
            order[name] = self.functions[name]

        for name in entries:
            visit(name)
        return list(order.values())


def with_statics(
    t: Type, position: int, statics: Mapping[tuple[int, tuple[object, ...]], object], path: tuple[object, ...] = ()
) -> Type:
    """The type of a parameter with the leaves that must be known replaced by their values."""
    if (position, path) in statics:
        value = statics[(position, path)]
        if type(value) is int:
            return ArrayType(t.dtype, (), "python", value) if isinstance(t, ArrayType) else t
        return StaticType(value)
    if isinstance(t, ContainerType):
        items = tuple(with_statics(i, position, statics, (*path, k)) for k, i in zip(t.keys, t.items, strict=True))
        return ContainerType(t.cls, t.keys, items)
    return t


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


def name_of(target: Target) -> str:
    """The name of a function in emitted text."""
    if isinstance(target, (ClosureTarget, DerivedTarget)):
        return target.__name__ if target.__name__.isidentifier() else "function"
    function = python_function(target) if not getattr(target, "__s2sad_derivative__", False) else None
    name = str(getattr(target, "__name__", None) or getattr(function, "__name__", "f"))
    if name == "__call__":
        name = type(target).__name__.lower()
    return name if name.isidentifier() else "function"


@dataclass(frozen=True, eq=False)
class Compiled:
    """The text of a derivative module, and how its entry is called."""

    text: str
    entry: str
    captured: tuple[Variable, ...]
    classes: Mapping[str, type]
    function: Function
    reverse: str | None = None
    residuals: bool = False
    lines: Mapping[int, Location] = field(default_factory=dict)
    """Where the user wrote what a line of the text computes."""
    result: Type = BOTTOM
    """The type of the result, containers and all."""
    written: tuple[str, ...] = ()
    """The parameters in whose arrays the function writes."""


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
    primal = parameters
    if transform is not None and transform.has_tangents:
        primal = dict(list(parameters.items())[: len(parameters) - len(transform.argnums)])
    entry = program.entry(target, primal)
    function, reverse, residuals = entry.function, None, False
    result = function.result.type
    if transform is not None and transform.kind == "vjp":
        function, reverse, residuals = program.sweeps(entry, transform, name)
    elif transform is not None:
        function = program.transform(entry, transform, program.fresh_name(name))
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
    functions = program.reachable(function.name, *([reverse] if reverse else []))
    text, lines = emit_module(header, functions, function.name, full, doc, program.native)
    classes = classes_to_inject({f.name: f for f in functions})
    return Compiled(
        text, function.name, entry.captured, classes, function, reverse, residuals, lines, result, entry.written
    )


def user_parameters(
    function: Function,
    entry: Entry,
    parameters: Mapping[str, Type],
    primal: Mapping[str, Type],
    signature: Sequence[Parameter],
) -> list[Parameter]:
    """The parameters of the emitted function as the user's has them; captured variables and tangents follow."""
    own = list(zip([list(primal)[k] for k in entry.passed], function.parameters, strict=False))
    captured = function.parameters[len(own) : len(own) + len(entry.captured)]
    dots = function.parameters[len(own) + len(entry.captured) :]
    table = dict(own) | {n: d for n, d in zip(list(parameters)[len(primal) :], dots, strict=True)}
    full = [replace(p, value=table.get(p.name)) for p in signature]
    full += [Parameter(v.hint or "_", v) for v in captured]
    return full
