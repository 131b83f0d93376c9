"""The functions that a solver is given: functions of the module, with what they close over as further arguments.

brentq(lambda x: x**3 - a, 0.0, 4.0)        def function(x, a): ...         args=(a,)
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from keyword import iskeyword
from typing import Any

import gast

from s2sad.errors import UnsupportedCall
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.syntax.attributes import attribute_key
from s2sad.frontend.syntax.closures import signature_of
from s2sad.frontend.terms.closure_targets import Around
from s2sad.frontend.terms.frames import Frame
from s2sad.frontend.terms.outlines import NotTaken
from s2sad.frontend.terms.solver_targets import GivenFunction, Own, Passed, SolverCall
from s2sad.frontend.terms.terms import (
    Closure,
    Derived,
    Method,
    Partial,
    Ref,
    Term,
    is_array,
)
from s2sad.ir.marks import is_derivative
from s2sad.ir.solver import Solver
from s2sad.ir.types import Type
from s2sad.ir.values import (
    Constant,
    Effects,
    FunctionRef,
    Operand,
    Value,
)

P = inspect.Parameter


class SolverFunctions(Lowering):
    """Lowers the functions that a solver is given."""

    def given_function(
        self,
        row: Solver,
        term: Term,
        own: tuple[Type, ...],
        further: Sequence[Term],
        values: Values,
        node: gast.AST,
    ) -> tuple[GivenFunction, list[Value]]:
        """A function of the user's as one of the module; what it closes over is put to the `values`."""
        term = _without_array(term)
        placeholders = [Value(t) for t in own]
        found = self.as_target(term, [*placeholders, *further], node)
        if found is None or not all(any(t is p for t in found[2]) for p in placeholders):
            given = [*placeholders, *further]
            found = self.as_target(self.expanded(term, given, node), given, node)
        if found is None or not all(any(t is p for t in found[2]) for p in placeholders):
            self.refuse(
                node,
                f"{row.name} is given a function that closes over what is no number or array",
                "pass numbers and arrays to it",
                UnsupportedCall,
            )
        target, name, terms = found
        places: list[Own | Passed | Constant] = []
        for parameter, t in zip(self.context.parameter_names(target), terms, strict=True):
            position = next((k for k, p in enumerate(placeholders) if t is p), None)
            operand = self.to_operand(t)
            if position is not None:
                places.append(Own(position))
            elif isinstance(operand, Constant) and operand.type.is_static:
                places.append(operand)
            else:
                places.append(values.place(operand, parameter))
        return GivenFunction(target, name, tuple(places), len(placeholders)), placeholders

    def names_of(self, term: Term) -> tuple[str, ...]:
        """What a function calls the arguments that it takes by position; nothing where that is not known."""
        match term:
            case Closure():
                signature = signature_of(term.node.args)
            case Constant(value=f) if inspect.isfunction(f):
                signature = inspect.signature(f)
            case Partial():  # a method too
                rest = self.names_of(term.function)[len(term.arguments) :]
                return tuple(n for n in rest if n not in term.keywords)
            case _:
                return ()
        by_position = (P.POSITIONAL_ONLY, P.POSITIONAL_OR_KEYWORD)
        return tuple(n for n, p in signature.parameters.items() if p.kind in by_position)

    def as_target(self, term: Term, arguments: list[Term], node: gast.AST) -> tuple[Any, str, list[Term]] | None:
        """A function as a target of the compiler: with its name, and the terms of its parameters."""
        match term:
            case Closure():
                signature = signature_of(term.node.args)
                bound = self.bind_arguments(term.name, signature, arguments, {}, term.defaults, node)
                found = self.closure_target(term, bound) if all(map(self.is_value, bound.values())) else None
                if found is not None and not any(isinstance(t, Ref) and not is_array(t) for t in found[1]):
                    return found[0], found[0].__name__, found[1]
                # the attributes of objects are passed one by one
                with suppress(NotTaken):
                    lifted = self.lifted_closure(term, bound)
                    return lifted.target, lifted.target.name, lifted.terms
                return None if found is None else (found[0], found[0].__name__, found[1])
            case Derived():
                derivative, operands = self.derived_target(term, arguments, {}, node)
                return derivative, derivative.__name__, list(operands)
            case Constant(value=value) if inspect.isfunction(value) or is_derivative(value):
                f: Any = value
                signature = inspect.signature(f, follow_wrapped=False)
                bound = self.bind_arguments(f.__name__, signature, arguments, {}, self.defaults_of(f, signature), node)
                if all(map(self.is_value, bound.values())):
                    return f, f.__name__, list(bound.values())
        return None

    def expanded(self, term: Term, given: Sequence[Term], node: gast.AST) -> Closure:
        """`lambda x, y: f(x, y)` for a function that is called so: a method, a partial, one that takes `*args`."""
        said = self.said_of(term)
        said += [None] * (len(given) - len(said))
        hints = [name or getattr(t, "hint", None) or "x" for name, t in zip(said, given, strict=False)]
        names = fresh_names(hints, {"owner", "function"})
        match term:
            case Method():
                held, text = {"owner": term.receiver}, f"owner.{term.name}({', '.join(names)})"
            case Partial():
                held = {"function": term.function, **{f"given_{k}": t for k, t in enumerate(term.arguments)}}
                held |= {f"named_{k}": t for k, t in term.keywords.items()}
                passed = [f"given_{k}" for k in range(len(term.arguments))]
                named = [f"{k}=named_{k}" for k in term.keywords]
                text = f"function({', '.join([*passed, *names, *named])})"
            case _:
                held, text = {"function": term}, f"function({', '.join(names)})"
        return self.closure_of(f"lambda {', '.join(names)}: {text}", held, self.called(term), node)

    def said_of(self, term: Term) -> list[str | None]:
        """What a function calls its arguments; what it hands on, `*given` too, as the function that it is handed to."""
        if isinstance(term, Partial):
            return list(self.names_of(term))
        if not isinstance(term, Closure):
            return []
        arguments = term.node.args
        names: list[str | None] = [a.id for a in [*arguments.posonlyargs, *arguments.args]]
        match term.node:
            case gast.Lambda(body=gast.Call(func=gast.Name(id=called), args=passed)):
                owner = term.frame.owner(called)
                inner = [] if owner is None else self.said_of(self.env[owner.key(called)])
            case _:
                return names
        for a, name in zip(passed, inner, strict=False):
            if isinstance(a, gast.Name) and a.id in names:
                names[names.index(a.id)] = name
        rest = next((k for k, a in enumerate(passed) if isinstance(a, gast.Starred)), None)
        return names if rest is None or arguments.vararg is None else [*names, *inner[rest:]]

    def called(self, term: Term) -> str:
        """What a function is called in the text: a lambda that only calls another one as that one is."""
        match term:
            case Closure(node=gast.Lambda(body=gast.Call(func=gast.Name(id=name))), frame=frame):
                inner = self.inner_name(frame, name)
                return term.name if inner is None else inner
            case Closure(node=gast.Lambda(body=gast.Call(func=gast.Call(args=[gast.Name(id=name)]))), frame=frame):
                inner = self.inner_name(frame, name)
                return term.name if inner is None else f"{inner}_grad"
            case Closure() | Method():
                return term.name
            case Partial():
                return self.called(term.function)
            case Constant(value=f):
                name = str(getattr(f, "__name__", "function"))
                return "function" if iskeyword(name) else name
        return "function"

    def inner_name(self, frame: Frame, name: str) -> str | None:
        """What the function that has this name in a frame is called."""
        owner = frame.owner(name)
        inner = None if owner is None else self.env.get(owner.key(name))
        return None if inner is None else self.called(inner)

    def closure_of(self, text: str, held: Mapping[str, Term], name: str, node: gast.AST) -> Closure:
        """A function of this text, in which these names have a meaning."""
        tree = gast.parse(text, mode="eval").body
        for n in gast.walk(tree):
            if hasattr(n, "lineno"):
                gast.copy_location(n, node)
        self.frames += 1
        frame = Frame(self.frame.source, None, self.frame.tree, self.frames, None, frozenset(held), {})
        for key, term in held.items():
            self.env[frame.key(key)] = term
        return Closure(tree, name, frame, {})

    def compiled_for(
        self,
        row: Solver,
        function: GivenFunction,
        own: Sequence[Value],
        values: Values,
        node: gast.AST,
        is_optional: bool,
    ) -> Any:
        """The function compiled for its arguments; what it reads from outside is put to the `values`."""
        operands = [
            p if isinstance(p, Constant) else (own if isinstance(p, Own) else values.operands)[p]
            for p in function.places
        ]
        callee = self.context.callee(function.target, operands, self.at(node))
        if callee is None or callee.back is not None or callee.reference.effects > Effects.ONCE:
            self.refuse(
                node,
                f"{function.name}, which {row.name} is given, changes what it is given or what is around it, or draws "
                "random numbers",
                "return new values instead, or leave it out" if is_optional else "return new values instead",
                UnsupportedCall,
            )
        outside = [values.place(self.captured_value(variable), variable.shown) for variable in callee.captured]
        values.outside.update(zip((variable.key for variable in callee.captured), outside, strict=True))
        return callee, outside

    def heeded_of(self, term: Term, row: Solver) -> dict[str, object]:
        """The attributes of a function that the solver heeds."""
        match term:
            case Closure():
                found = {n: self.env.get(attribute_key(term, n)) for n in row.heeded}
                return {n: t.value for n, t in found.items() if isinstance(t, Constant)}
            case Constant(value=f):
                return {n: self.reads.part(f, n) for n in row.heeded if hasattr(f, n)}
        return {}

    def reference_for(
        self,
        behind: bool,
        function: GivenFunction,
        own: Sequence[Value],
        values: Values,
        made: Any,
        attributes: Mapping[str, object],
    ) -> FunctionRef:
        """The function as the solver calls it: with its own arguments, and all values.

        The values come `behind`, as SciPy passes `args`; else before them: they are bound to it.
        """
        callee, outside = made
        taken = [*(function.places[k] for k in callee.passed), *outside]
        given: list[Operand] = [*own, *values.operands] if behind else [*values.operands, *own]
        before = {Own: 0, Passed: len(own)} if behind else {Own: len(values.operands), Passed: 0}
        order = [before[type(p)] + p for p in taken if not isinstance(p, Constant)]
        return self.context.in_order(callee.reference, order, given, attributes)

    def as_it_is(
        self, name: str, term: Term, values: Values, node: gast.AST
    ) -> tuple[Term, Mapping[str, Operand | Passed]]:
        """A function that the rules call as it is, and what it reads around it: this is put to the `values`."""
        if not isinstance(term, Closure):
            if not isinstance(term, Constant):
                self.refuse(node, f"{name} is no function by itself", "write a function", UnsupportedCall)
            return term, {}
        around = Around(term.frame)
        read: dict[str, Operand | Passed] = {}
        for _, variable, held in self.closed_over(term, around):
            if not self.is_value(held):
                self.refuse(node, f"{name} reads {variable}, which is no number or array", "", UnsupportedCall)
            operand = self.to_operand(held)
            static = isinstance(operand, Constant)
            read[variable] = operand if static else values.place(operand, variable)
        if around.functions:
            self.refuse(node, f"{name} calls a function made inside", "define that in a module", UnsupportedCall)
        return term, read

    def closure_as_it_is(self, call: SolverCall, name: str) -> Term:
        """Such a function in a rule."""
        term, read = call.closures[name]
        if not isinstance(term, Closure):
            return term
        self.frames += 1
        around = term.frame
        frame = Frame(around.source, around.function, around.tree, self.frames, None, frozenset(read), {})
        for variable, held in read.items():
            self.env[frame.key(variable)] = self.env[call.values[held]] if isinstance(held, Passed) else held
        return Closure(term.node, term.name, frame, {})


def _without_array(term: Term) -> Term:
    """A function of a rule whose list is made an array of: a solver takes the list."""
    match term:
        case Closure(node=gast.Lambda(body=gast.Call(func=gast.Attribute(value=gast.Name(id="np"), attr="array")))):
            if term.frame.function is None and not term.frame.source.text:
                node = gast.copy_location(gast.Lambda(args=term.node.args, body=term.node.body.args[0]), term.node)
                return replace(term, node=node)
    return term


class Values:
    """What the functions of a call depend on, each value once, and what it is called."""

    def __init__(self, operands: Sequence[Operand]) -> None:
        self.operands = list(operands)
        self.names = [o.hint or "value" for o in operands]
        self.outside: dict[tuple[int, str | int], int] = {}
        """Those that the functions read outside, by the keys of the variables."""

    def place(self, operand: Operand, name: str) -> Passed:
        """The number of a value, which is put behind the others where it is new."""
        for k, known in enumerate(self.operands):
            if known is operand:
                if self.names[k] == "value":
                    self.names[k] = name
                return Passed(k)
        self.operands.append(operand)
        self.names.append(name)
        return Passed(len(self.operands) - 1)


def fresh_names(names: Iterable[str], taken: set[str]) -> list[str]:
    """The names, with numbers where they are taken."""
    found: list[str] = []
    for name in names:
        stem = name if name.isidentifier() else "value"
        made, count = stem, 1
        while made in taken or made in found or f"{made}_dot" in taken:
            count += 1
            made = f"{stem}_{count}"
        found.append(made)
    return found
