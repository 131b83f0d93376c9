"""The rules of the results of solvers: Python text over NumPy and the operators, read as functions of the user's are.

A rule is given what it asks for by the names of its parameters (`ir.solver`).
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from itertools import islice
from keyword import iskeyword
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedCall
from s2sad.frontend.syntax.solver_functions import SolverFunctions, fresh_names
from s2sad.frontend.terms.solver_targets import (
    ITSELF,
    GivenFunction,
    Holding,
    Named,
    Own,
    Passed,
    SolverCall,
    SolverRule,
)
from s2sad.frontend.terms.terms import (
    Closure,
    Record,
    Term,
)
from s2sad.ir.primitive import Effect
from s2sad.ir.types import BOTTOM, ContainerType, Type, is_active_type
from s2sad.ir.values import (
    Apply,
    Call,
    Constant,
    Operand,
    Operation,
    constant,
    is_operand,
    walk,
)


class SolverRules(SolverFunctions):
    """Lowers the rules of the results of solvers."""

    def solver_rule(self, target: SolverRule) -> Term:
        """What a rule gives, its parameters bound in the environment."""
        call, node = target.call, self.frame.tree
        moving = dict(zip(target.operands, target.moving, strict=True))
        given = self.synthetic(target.rule, self.bound_to(target.rule, target, moving), node)
        if self.errors:
            return constant(None)
        if is_operand(given) and given.type == BOTTOM:
            mode = "reverse" if target.reverse else "forward"
            self.refuse(node, f"{call.row.name} in {mode} mode with these arguments", "", UnsupportedCall)
        if target.reverse:
            moves = call.moves_of(target.part) if target.part.means is None else (*target.moved, "params")
            by_name = dict(zip(moves, self.sequence(given, node), strict=True))
            params = iter(self.sequence(by_name["params"], node) if "params" in by_name else ())
            bars: list[Term] = []
            for n in target.operands:
                bar = by_name.get(n)
                if moving[n] and isinstance(bar, Constant) and bar.value is None:
                    what = f"a derivative of {call.row.name} by {n} with these arguments"
                    self.refuse(node, what, "SciPy has none of this order", UnsupportedCall)
                like = self.to_operand(self.env[n]).type
                if moving[n] and n in by_name:
                    bars += self.floats_of(self.to_operand(by_name[n]), like)
                elif moving[n]:
                    bars += islice(params, _count_of_floats(like))
            given = tuple(bars)
        result = self.to_operand(given)
        self.drop_unread(result)
        return self.adopt(result)

    def bound_to(self, text: Callable[..., Any], target: SolverRule, moving: Mapping[str, bool]) -> dict[str, Term]:
        """What a text asks for, by the names of its parameters."""
        call = target.call
        bound: dict[str, Term] = {}
        for name in inspect.signature(text).parameters:
            base, still = name.removesuffix("_dot"), name.removesuffix("_moves")
            if name not in moving and still in moving:
                bound[name] = constant(moving[still])
            elif base == "params":
                suffix = name.removeprefix(base)
                floats = [self.floats_in(f"{n}{suffix}", self.env[n]) for n in (*call.among, *call.values) if moving[n]]
                bound[name] = tuple(t for found in floats for t in found)
            elif base == "moved":
                suffix = name.removeprefix(base)
                bound[name] = tuple(self.env[f"{n}{suffix}"] for n in target.moved)
            elif name == "means":
                bound[name] = self.meaning_of(target, moving)
            elif name != base:
                bound[name] = self.env[name] if moving.get(base) else constant(None)
            else:
                bound[name] = self.asked_for(name, target, moving)
        return bound

    def asked_for(self, name: str, target: SolverRule, moving: Mapping[str, bool]) -> Term:
        """What a rule asks for by a name."""
        call = target.call
        if name == ITSELF and call.owner is not None:
            made = [n for n in call.names if n != ITSELF and not n.startswith("at_")]
            whole = call.static.get(name) or self.env[name]
            return Record(call.owner, {**{n: self.asked_for(n, target, moving) for n in made}, ITSELF: whole})
        if name in target.part.known:
            return constant(target.part.known[name])
        if name == "g" and target.given:
            given = iter(range(sum(target.given)))
            return tuple(
                self.builder.extract(self.to_operand(self.env[name]), next(given)) if is_given else constant(None)
                for is_given in target.given
            )
        if name in call.row.makes:
            text = call.row.makes[name]
            return self.synthetic(text, self.bound_to(text, target, moving), self.frame.tree)
        if name == "f" or name in call.functions:
            return self.function_of(call, call.row.main if name == "f" else name, moving)
        if name in call.closures:
            return self.closure_as_it_is(call, name)
        if name in call.holding:
            return self.container_of(call, call.holding[name], moving)
        if name in call.static:
            known = call.static[name]
            return constant(known.value) if isinstance(known.value, int) else known
        if name in call.among:
            return self.of_params(call, name, moving)
        if name in target.names:
            return self.env[name]
        return constant(call.defaults.get(name, default_of(call.row.function, name)))

    def meaning_of(self, target: SolverRule, moving: Mapping[str, bool]) -> Closure:
        """The text that computes the result, as a function of what moves, and of the values that do."""
        means = target.part.means
        assert isinstance(means, types.FunctionType)
        asked = inspect.signature(means).parameters
        held = {n: self.asked_for(n, target, moving) for n in asked if n not in (*target.moved, "params")}
        held["means"] = self.own_closure(means.__name__, means, self.frame.tree)
        moved = [n if n in asked else f"_{n}" for n in target.moved]
        text = f"lambda {', '.join([*moved, '*params'])}: means({', '.join(asked)})"
        return self.closure_of(text, held, means.__name__, self.frame.tree)

    def floats_in(self, name: str, like: Term) -> list[Operand]:
        """The floats and arrays of floats in a value, or in its tangent."""
        return self.floats_of(self.to_operand(self.env[name]), self.to_operand(like).type)

    def floats_of(self, whole: Operand, t: Type) -> list[Operand]:
        if not isinstance(t, ContainerType):
            return [whole] if is_active_type(t) else []
        items = zip(t.keys, t.items, strict=True)
        return [o for k, i in items if is_active_type(i) for o in self.floats_of(self.builder.extract(whole, k), i)]

    def container_of(self, call: SolverCall, found: Named | Holding, moving: Mapping[str, bool]) -> Term:
        """A container with functions, as a rule sees it."""
        if isinstance(found, Holding):
            items = [self.container_of(call, i, moving) for i in found.items]
            if found.cls in (list, tuple, type(None)):
                return tuple(items)
            if found.cls is not dict:
                return Record(found.cls, dict(zip(found.keys, items, strict=True)))
            return self.new(dict, dict(zip(found.keys, items, strict=True)))
        if found.name in call.functions:
            return self.function_of(call, found.name, moving)
        return call.static.get(found.name) or self.of_params(call, found.name, moving)

    def drop_unread(self, result: Operand) -> None:
        """Leave out the calls that a rule does not read: the solver made them, and nothing is raised again."""
        read: set[Operand] = {result}
        kept: list[Operation] = []
        for op in reversed(self.builder.operations):
            if _is_idle(op) and not read.intersection(op.results):
                continue
            kept.append(op)
            read.update(op.operands)
            for block in op.blocks:
                read.update(block.results, *(inner.operands for inner in walk(block)))
                read.update(o for inner in walk(block) for b in inner.blocks for o in b.results)
        self.builder.operations[:] = reversed(kept)

    def function_of(self, call: SolverCall, name: str, moving: Mapping[str, bool]) -> Closure:
        """A function of the call, as a function of its own arguments and of the values that move."""
        function = call.functions[name]
        own, values = self.said(call, function)
        fixed = {f"known_{k}": p for k, p in enumerate(function.places) if isinstance(p, Constant)}
        behind, texts, held = self.behind(call, moving, dict(zip(call.values, values, strict=True)))
        values = [texts[n] for n in call.values]
        passed = [
            f"known_{k}" if isinstance(p, Constant) else (own if isinstance(p, Own) else values)[p]
            for k, p in enumerate(function.places)
        ]
        result = call.results[name]
        value = f"function({', '.join(passed)})"
        first = call.static.get(call.row.first)
        paired = call.row.first == name or (first is not None and first.value is True)
        if paired and name == call.row.main and isinstance(result, ContainerType):
            value, result = f"{value}[0]", result.items[0]
        in_kind = call.row.runs and self.to_operand(self.env["ans"]).type.is_container
        if not in_kind and _is_list_of_numbers(result):
            value = f"np.array({value})"
        text = f"lambda {', '.join([*own, *behind])}: {value}"
        held |= {**fixed, "function": constant(function.target), "np": constant(np)}
        called = "function" if iskeyword(function.name) else function.name
        return self.closure_of(text, held, called, self.frame.tree)

    def said(self, call: SolverCall, function: GivenFunction) -> tuple[list[str], list[str]]:
        """What the arguments that the solver gives to a function, and the values, are called: as its parameters are."""
        names: dict[tuple[type, int], str] = {}
        for parameter, place in zip(self.context.parameter_names(function.target), function.places, strict=True):
            if not isinstance(place, Constant):
                names.setdefault((type(place), place), parameter)
        own = [names.get((Own, k), "x") for k in range(function.count)]
        values = [names.get((Passed, k), n) for k, n in enumerate(call.values)]
        found = fresh_names([*own, *values], {*call.among, "function", "np"})
        return found[: len(own)], found[len(own) :]

    def of_params(self, call: SolverCall, name: str, moving: Mapping[str, bool]) -> Term:
        """An operand, where it moves as a function of the params."""
        if not moving[name]:
            return self.env[name]
        behind, texts, held = self.behind(call, moving)
        return self.closure_of(f"lambda {', '.join(behind)}: {texts[name]}", held, name, self.frame.tree)

    def behind(
        self, call: SolverCall, moving: Mapping[str, bool], called: Mapping[str, str] | None = None
    ) -> tuple[list[str], dict[str, str], dict[str, Term]]:
        """Names for the params, how what is made of them is written, and what these texts read besides."""
        behind: list[str] = []
        texts = {n: (called or {}).get(n, n) for n in (*call.among, *call.values)}
        held = {said: self.env[n] for n, said in texts.items()}
        for n, said in texts.items():
            if moving[n]:
                texts[n] = _rebuilt(self.to_operand(self.env[n]).type, said, said, behind, held)
        return behind, texts, {n: t for n, t in held.items() if n not in behind}


def _is_idle(op: Operation) -> bool:
    """Whether an operation does nothing but give its results."""
    if op.blocks:
        return all(_is_idle(inner) for block in op.blocks for inner in block.operations)
    return isinstance(op, Call) or (isinstance(op, Apply) and op.effect is not Effect.IO)


def _rebuilt(t: Type, path: str, name: str, floats: list[str], held: dict[str, Term]) -> str:
    """The text of a value of its `floats`, and of what else is in it."""
    if is_active_type(t) and not t.is_container:
        floats.append(name)
        return name
    if not isinstance(t, ContainerType) or not is_active_type(t):
        return path
    fields = t.cls not in (tuple, list, dict)
    items = [
        _rebuilt(i, f"{path}.{k}" if fields else f"{path}[{k!r}]", f"{name}_{k}", floats, held)
        for k, i in zip(t.keys, t.items, strict=True)
    ]
    if t.cls is dict:
        return "{" + ", ".join(f"{k!r}: {i}" for k, i in zip(t.keys, items, strict=True)) + "}"
    if not fields:
        return f"({''.join(f'{i}, ' for i in items)})" if t.cls is tuple else f"[{', '.join(items)}]"
    held[f"class_{t.cls.__name__}"] = constant(t.cls)
    return f"class_{t.cls.__name__}({', '.join(f'{k}={i}' for k, i in zip(t.keys, items, strict=True))})"


def _count_of_floats(t: Type) -> int:
    """How many floats and arrays of floats are in a value."""
    return sum(map(_count_of_floats, t.items)) if isinstance(t, ContainerType) else int(is_active_type(t))


def default_of(function: Any, name: str) -> object:
    """What stands for an argument that is not given: the number or text that the solver takes, or None."""
    parameter = inspect.signature(function).parameters.get(name)
    found = None if parameter is None else parameter.default
    return found if isinstance(found, (bool, int, float, str)) else None


def _is_list_of_numbers(t: Type) -> bool:
    """Whether a function gives a list, or a tuple of numbers, which a solver takes as an array."""
    return (
        t.is_sequence
        or (t.cls in (list, tuple) and all(i.is_numeric and i.rank == 0 for i in t.items))
        or t.cls is list
    )
