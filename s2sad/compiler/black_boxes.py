"""Black boxes: functions that run as they are, with rules of the user's, as primitives of one program.

Each rule is compiled as a function of `g, ans, *args`. A short one without branches and loops is written into the sweep
that needs it; another one becomes a function of the module. The type of what the function gives is what the user says,
or is found by two runs on small arguments; else nothing is known of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeAlias

from s2sad.analysis.aliasing import owns_result
from s2sad.compiler.black_box_types import result_type
from s2sad.compiler.custom_rules import Entries, check_fits
from s2sad.compiler.entry import Entry
from s2sad.differentiate.given_rules import fitted
from s2sad.differentiate.tangents import tangent_type
from s2sad.errors import RuleError
from s2sad.frontend.context import Hook, NeedsStatic
from s2sad.frontend.dependencies import NeedsVariables, Variable
from s2sad.ir import values
from s2sad.ir.builder import Builder, Expr
from s2sad.ir.dims import renewed
from s2sad.ir.primitive import Effect, Primitive
from s2sad.ir.primitives.lists import add, zero
from s2sad.ir.printer import constant_text, unnumbered
from s2sad.ir.signature import Signature, key_of, related
from s2sad.ir.types import StaticType, Type, substitute, symbols
from s2sad.ir.user_rules import ADJOINT, BlackBox, BoxRule, accepts, place_of
from s2sad.ir.values import Apply, Operand, Value, walk

Static = tuple[tuple[str, object], ...]

UserRule: TypeAlias = Callable[..., object] | None
"""A rule as the user gives it; None is a derivative of zero."""
Cotangent: TypeAlias = "Expr | tuple[Expr | None, ...]"
"""A tangent or cotangent: that of a container comes as a tuple, with None for zeros."""

SHORT = 8
"""The most operations of a rule that is written into the sweep."""


class Named(Entries, Protocol):
    """The compiler, as black boxes see it, which take names in its module."""

    def names_taken(self) -> set[str]: ...


class Boxes:
    """The black boxes of one program."""

    def __init__(self, program: Named) -> None:
        self.program = program
        self.names: dict[str, object] = {}
        """What the emitted module calls by a name of its own: modules and functions."""
        self.made: dict[object, Primitive] = {}
        self.results: dict[tuple[BlackBox, str], tuple[list[Type], Type]] = {}

    def bound(
        self, box: BlackBox, count: int, static: Mapping[str, object], variables: Sequence[Variable]
    ) -> Primitive:
        """The primitive of a call with so many arguments; what its rules read from outside are further operands."""
        texts = [f"{k}={constant_text(v)}" for k, v in static.items()]
        key = (box, count, *texts, *(v.key for v in variables))
        if key not in self.made:
            name, module = self.named(box)
            call = Call(self, box, count, tuple(static.items()), variables)
            spelling = f"{name}({', '.join([f'_{k}' for k in range(count)] + texts)})"

            def type_rule(*types: Type) -> Type:
                return self.result(box, types[:count], static)

            self.made[key] = replace(
                box,
                name=name,
                module=module,
                type_rule=type_rule,
                spelling=spelling,
                tangent=None if box.tangents is None else call.tangent,
                adjoint=None if box.adjoints is None else call.adjoint,
            )
        return self.made[key]

    def named(self, box: BlackBox) -> tuple[str, str | None]:
        """How the module calls it, and the module that it imports for that."""
        root = "np" if box.module == "numpy" else (box.module or "").split(".")[0]
        if box.module is not None and (root in self.names or root not in self.program.names_taken()):
            self.names[root] = root
            return box.name, box.module
        # Where the program has a function with the name of the module, the box itself is put in under a fresh name.
        base = box.name.rpartition(".")[2]
        known = next((n for n, f in self.names.items() if f is box.function), None)
        name = known or self.program.fresh_name(base if base.isidentifier() else "function")
        self.names[name] = box.function
        return name, None

    def result(self, box: BlackBox, types: Sequence[Type], static: Mapping[str, object]) -> Type:
        """The type of what a black box gives."""
        local = Signature()
        own = [local.parameter(t) for t in types]
        # In symbols of its own: calls whose lengths differ in their names only share one run of the function.
        key = (box, ";".join([*map(key_of, own), *(f"{k}={v!r}" for k, v in static.items())]))
        if key not in self.results:
            self.results[key] = (own, result_type(box, own, static))
        known, found = self.results[key]
        # Lengths that come from the arguments are those of this call, all others are unknown anew for each call.
        table = {**{s: renewed(s) for s in symbols(found)}, **related(known, types)}
        return substitute(found, table)


class Call:
    """The rules of calls of a black box with so many arguments."""

    def __init__(self, boxes: Boxes, box: BlackBox, count: int, static: Static, variables: Sequence[Variable]) -> None:
        self.boxes = boxes
        self.box = box
        self.count = count
        self.static = static
        self.variables = variables

    def adjoint(self, g: Cotangent, y: Expr, xs: Sequence[Expr], active: Sequence[bool]) -> tuple[Expr | None, ...]:
        found: list[Expr | None] = [None] * len(xs)
        for k, x in enumerate(xs):
            if active[k]:
                rule = self.rule(self.box.adjoints, k, "reverse", x.builder)
                g = whole(g, y)
                found[k] = rule and self.applied(rule, f"{self.base}_vjp", True, [g, y, *xs], x)
        return tuple(found)

    def tangent(self, y: Expr, xs: Sequence[Expr], dots: Sequence[Cotangent | None]) -> Expr | None:
        total: Operand | None = None
        for k, (x, dot) in enumerate(zip(xs, dots, strict=True)):
            if dot is None:
                continue
            rule = self.rule(self.box.tangents, k, "forward", x.builder)
            part = rule and self.applied(rule, f"{self.base}_jvp", False, [whole(dot, x), y, *xs], y)
            if part is not None:
                total = part.operand if total is None else add(y.builder, total, part.operand)
        return None if total is None else y.builder.expr(total)

    @property
    def base(self) -> str:
        name = self.box.name.rpartition(".")[2]
        return name if name.isidentifier() else "function"

    def rule(self, table: Mapping[int, UserRule] | None, k: int, mode: str, builder: Builder) -> UserRule:
        # None in the table is a derivative of zero; what is not in it has no derivative that is known.
        if table is None or k not in table:
            word = "vjp" if mode == "reverse" else "jvp"
            raise RuleError(
                f"argument {k} of {self.box.name} has no rule for {mode} mode",
                f"give it by s2sad.def{word}",
                builder.location,
            )
        return table[k]

    def applied(
        self, rule: Callable[..., object], name: str, curried: bool, arguments: list[Expr], like: Expr
    ) -> Expr | None:
        """What a rule gives for these expressions, in the type of `like`."""
        builder = like.builder
        target = BoxRule(rule, self.count, name, curried, self.static)
        entry = self.compiled(target, [a.type for a in arguments[: self.count + 2]])
        outside = {v.key: a for v, a in zip(self.variables, arguments[self.count + 2 :], strict=True)}
        missing = [v for v in entry.captured if v.key not in outside]
        if missing:
            raise NeedsVariables(self.box, missing)
        given = [arguments[k] for k in entry.passed] + [outside[v.key] for v in entry.captured]
        # A rule that gives None says that there is nothing to add, as one that is None does.
        if entry.result == StaticType(None):
            return None
        found = written(self.boxes.program, builder, entry, given, [a.type for a in arguments[: self.count + 2]])
        check_fits(found.type, like.type, f"a rule of {self.box.name}", "what it is for", rule)
        if found.type.is_numeric and like.type.is_numeric:
            found = fitted(builder, found, like.type, lambda: like.operand)
        return builder.expr(found)

    def compiled(self, target: BoxRule, types: Sequence[Type]) -> Entry:
        if not accepts(target.function, self.count + 2 - target.curried, dict(self.static)):
            what = "ans and the arguments" if target.curried else "g, ans and the arguments"
            raise RuleError(f"a rule of {self.box.name} takes {what}", "", place_of(target.function))
        local = Signature()
        own = [local.parameter(t) for t in types]
        try:
            return self.boxes.program.entry(target, dict(zip(target.__signature__.parameters, own, strict=True)))
        except NeedsStatic as e:
            raise RuleError(
                f"a rule of {self.box.name} must know one of its arguments at compile time",
                "read its shape or type only",
                e.location,
            ) from None


def written(
    program: Entries,
    builder: Builder,
    entry: Entry,
    given: Sequence[Expr],
    types: Sequence[Type],
    given_all: bool = False,
) -> Operand:
    """The operations of a short rule; a call of a long one, with those arguments that it reads, or with all."""
    function = entry.function
    body = function.body.operations
    # A rule of some operations reads better in its place; what is long, or has loops, is a function once for all calls.
    if len(body) <= SHORT and all(isinstance(op, (Apply, values.Call)) for op in body):
        plain = unnumbered(function)
        pairs = dict(zip(plain.parameters, given, strict=True))
        made: dict[Operand, Operand] = {}

        def read(o: Operand) -> Operand:
            if o in made:
                return made[o]
            return pairs[o].operand if isinstance(o, Value) else o

        for op in plain.body.operations:
            given_to = [read(o) for o in op.operands]
            if isinstance(op, Apply):
                made[op.result] = builder.apply(op.primitive, given_to, op.static, op.result.hint)
            elif isinstance(op, values.Call):
                made[op.result] = builder.call_function(op.function, given_to, op.result.hint)
        return read(plain.result)
    pairs = dict(zip(function.parameters, given, strict=True))
    kept = function.parameters
    if not given_all:
        # A rule has `ans` and all arguments for parameters, and reads few: what is not passed need not be stored.
        needed = {o for op in walk(function.body) for o in op.operands} | {function.result}
        needed |= {o for op in walk(function.body) for b in op.blocks for o in b.results}
        kept = tuple(p for p in function.parameters if p in needed)
        program.functions[function.name] = replace(function, body=replace(function.body, parameters=kept))
    table = related(entry.parameters.values(), types)
    t = substitute(entry.result, {**{s: renewed(s) for s in symbols(entry.result)}, **table})
    return builder.call_function(entry.reference(t, owns_result(function)), [pairs[p].operand for p in kept])


def hooked(program: Entries, target: Hook) -> Primitive:
    """An identity to whose adjoint something is done: `target` is a function of it and of the further operands."""

    def adjoint(g: Expr, y: Expr, xs: Sequence[Expr], active: Sequence[bool]) -> tuple[Expr | None, ...]:
        rest: list[None] = [None] * (len(xs) - 1)
        if not active[0]:
            return (None, *rest)
        builder = g.builder
        types = [tangent_type(xs[0].type), *(x.type for x in xs[1:])]
        local = Signature()
        entry = program.entry(target, dict(zip(target.names, map(local.parameter, types), strict=True)))
        # The block runs in the reverse sweep: a change would come at another time there, and captured arrays do not.
        if entry.impure or entry.captured:
            what = "changes a list or an array in place" if entry.impure else "reads an array from outside the function"
            raise RuleError(f"the block of an adjoint {what}", "assign a new value to the adjoint", builder.location)
        given = [g, *xs[1:]]
        found = written(program, builder, entry, [given[k] for k in entry.passed], types)
        check_fits(found.type, xs[0].type, "the block of an adjoint", "the variable", None)
        return (builder.expr(fitted(builder, found, xs[0].type, lambda: xs[0].operand)), *rest)

    return Primitive(
        ADJOINT,
        lambda x, *_: x,
        lambda *types: types[0],
        tangent=lambda y, xs, dots: dots[0],
        adjoint=adjoint,
        effect=Effect.VIEW,
        spelling=f"{ADJOINT}(_0)",
        transparent=True,
    )


def whole(g: Cotangent, like: Expr) -> Expr:
    """A tangent or cotangent as one expression: that of a container comes as a tuple, with None for zeros."""
    if not isinstance(g, tuple):
        return g
    builder = like.builder
    t = like.type
    assert t.cls is not None
    items = [zero(builder, like[k].operand) if i is None else i.operand for k, i in zip(t.keys, g, strict=True)]
    return builder.expr(builder.make(t.cls, t.keys, items))
