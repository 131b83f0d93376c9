"""Calls of solvers: functions of a library that are given functions of the user's (`ir.solver`).

    x = brentq(residual, 0.0, 4.0)             v1 = brentq(residual, 0.0, 4.0, args=(a,))    no derivative
                                               x = solution(v1, a)                           the theorem's

What the function closes over is passed as further arguments, so that it is a function of the module. Both operations
are one call in the text.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import gast
import numpy as np

from s2sad.errors import UnsupportedCall
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.syntax.attributes import attribute_key
from s2sad.frontend.syntax.closures import signature_of
from s2sad.frontend.syntax.merging import is_function
from s2sad.frontend.terms.closure_targets import Around
from s2sad.frontend.terms.frames import Frame
from s2sad.frontend.terms.outlines import NotTaken
from s2sad.frontend.terms.solver_targets import GivenFunction, Holding, Named, Own, Passed, SolverCall, SolverRule
from s2sad.frontend.terms.terms import (
    Closure,
    Derived,
    Method,
    Partial,
    Record,
    Ref,
    SolverFunction,
    Term,
    is_array,
    parts,
)
from s2sad.ir.marks import is_derivative
from s2sad.ir.primitive import Effect, Primitive
from s2sad.ir.solver import CALLED, Asked, Part, Parts, Solver, is_holder, methods_of, public_name, solver_of
from s2sad.ir.types import BOTTOM, ContainerType, OpaqueType, Type, is_active_type
from s2sad.ir.values import (
    Apply,
    Call,
    Constant,
    Effects,
    FunctionRef,
    Operand,
    Operation,
    Value,
    constant,
    is_operand,
    walk,
)

P = inspect.Parameter
ITSELF = "object_"
"""The name of an object of a library among what it was made of."""


class Solvers(Lowering):
    """Lowers calls of solvers, and their rules."""

    def call_solver(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """The call of a function that has a row among the solvers."""
        row = solver_of(f)
        if row is None and is_holder(f):
            return self.held_by(f, arguments, keywords, node)
        if row is None:
            return None
        try:
            signature = inspect.signature(row.function)
            given = signature.bind(*arguments, **keywords).arguments
        except TypeError as e:
            self.refuse(node, f"{row.name}: {e}", "", UnsupportedCall)
        for name, p in signature.parameters.items():
            if p.kind is p.VAR_KEYWORD:
                given.update(given.pop(name, {}))
        made = Given(row)
        made.terms.update(given)
        for name, term in given.items():
            if name in row.called:
                continue
            if name not in row.functions and _is_called(term):
                self.refuse(node, f"{row.name} with a function as its {name}", "leave it out", UnsupportedCall)
            if name != row.passed and name not in row.dropped:
                made.holding.update(self.given_as(name, self.in_form(row, name, term, node), made))
        further = list(self.further(given[row.passed], node)) if row.passed in given else []
        static = {k: o.value for k, o in made.operands.items() if isinstance(o, Constant)}
        counts = {k: self.count_of(t) for k, (t, _) in made.functions.items()}
        asked = Asked({k: o.type for k, o in made.operands.items()}, static, counts, frozenset(made.holding))
        return self.solved(made, asked, further, node, hint)

    def held_by(self, cls: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """An object that holds arguments of a solver, by the names of its parameters."""
        signature = inspect.signature(cls)
        try:
            given = signature.bind(*arguments, **keywords).arguments
        except TypeError as e:
            self.refuse(node, f"{cls.__name__}: {e}", "", UnsupportedCall)
        defaults = {n: constant(p.default) for n, p in signature.parameters.items() if p.default is not p.empty}
        return Record(cls, {**defaults, **given})

    def given_as(self, name: str, term: Term, made: Given) -> dict[str, Holding]:
        """An argument as a function, an operand, or a container of such."""
        if name in made.row.several and _is_called(term):
            made.functions[f"{name}_0"] = term, ()
            return {name: Holding(type(None), (0,), (Named(f"{name}_0"),))}
        if name in made.row.functions and _is_called(term):
            made.functions[name] = term, ()
            return {}
        if name in made.row.functions and (self.holds_function(term) or self.is_holder_object(term)):
            found = self.taken_apart(name, term, made)
            assert isinstance(found, Holding)
            return {name: found}
        # as SciPy takes it: numbers, arrays, and lists of them
        operand = self.to_operand(term)
        if not _is_default(made.row.function, name, operand):
            listed = name in made.row.moves and name not in made.row.pairs
            made.operands[name] = self.numbers_in_array(operand) if listed else operand
        return {}

    def in_form(self, row: Solver, name: str, term: Term, node: gast.AST) -> Term:
        """An argument as the rules take it: two numbers in a tuple, where a list or an array is given."""
        return tuple(self.subscripted(term, constant(k), node, None) for k in range(2)) if name in row.pairs else term

    def numbers_in_array(self, operand: Operand) -> Operand:
        """A list of numbers as the array that a function makes of it, as one thing to be differentiated by."""
        numbers = operand.type.is_container and all(i.is_numeric for i in operand.type.items)
        return self.as_array(operand) if numbers and operand.type.cls in (list, tuple) else operand

    def is_holder_object(self, term: Term) -> bool:
        """Whether a term is an object that holds arguments, or a list with such in it."""
        opened = self.open(term) if isinstance(term, Ref) else term
        if isinstance(opened, (list, tuple)):
            return any(map(self.is_holder_object, opened))
        return isinstance(opened, Record) and is_holder(opened.cls)

    def holds_function(self, term: Term) -> bool:
        """Whether a function is somewhere in a term."""
        found = parts(self.open(term)) if isinstance(term, (Ref, Record, tuple, list, dict)) else None
        return _is_called(term) if found is None else any(map(self.holds_function, found[1]))

    def taken_apart(self, name: str, term: Term, made: Given, further: Sequence[Term] = ()) -> Named | Holding:
        """A container with functions in it: these, and its operands, have names of their own."""
        if _is_called(term) and not isinstance(term, Record):
            made.functions[name] = term, tuple(further)
            return Named(name)
        if not (self.holds_function(term) or self.is_holder_object(term)):
            made.operands[name] = self.to_operand(term)
            return Named(name)
        opened = self.open(term)
        items: Any = opened.items if isinstance(opened, Record) else opened
        pairs = list(items.items() if isinstance(items, dict) else enumerate(items))
        if isinstance(opened, dict) and "args" in opened:
            # what is bound to the function is not passed to it again
            further = self.further(opened["args"], None)
            pairs = [(k, i) for k, i in pairs if k != "args"]
        cls = opened.cls if isinstance(opened, Record) else type(opened)
        held = [self.taken_apart(f"{name}_{k}", i, made, further) for k, i in pairs]
        return Holding(cls, tuple(k for k, _ in pairs), tuple(held))

    def further(self, args: Term, node: gast.AST | None) -> Sequence[Term]:
        """What is passed to the functions behind their own arguments: SciPy takes one that is no tuple by itself."""
        opened = self.open(args)
        if isinstance(opened, (tuple, list)):
            return opened
        if is_operand(opened) and isinstance(opened.type, ContainerType):
            return [self.builder.extract(opened, k) for k in opened.type.keys]
        return [args]

    def solved(self, made: Given, asked: Asked, further: Sequence[Term], node: gast.AST, hint: str | None) -> Term:
        """The call, of what is given to it."""
        row, operands = made.row, made.operands
        values = Values([self.to_operand(t) for t in further])
        functions: dict[str, tuple[GivenFunction, list[Value]]] = {}
        for name, (term, own_further) in made.functions.items():
            own = row.functions[made.parameter_of(name)](asked)
            behind = further if name in row.functions or row.is_one_of_several(name) else own_further
            functions[name] = self.given_function(row, term, own, behind, values, node)
        closures = {n: self.as_it_is(n, made.terms[n], values, node) for n in row.called if n in made.terms}
        compiled = {n: self.compiled_for(row, f, own, values, node) for n, (f, own) in functions.items()}
        # what one function reads from outside is passed to all of them
        heeded = {n: self.heeded_of(made.functions[n][0], row) for n in functions if row.is_one_of_several(n)}
        references = {
            n: self.reference_for(not row.is_bound(n), f, own, values, compiled[n], heeded.get(n, {}))
            for n, (f, own) in functions.items()
        }
        asked = replace(asked, results={n: r.result for n, r in references.items()}, attributes=heeded)
        found = row.gives(asked)
        call = SolverCall(
            row,
            {n: f for n, (f, _) in functions.items()},
            tuple(operands),
            {k: o for k, o in operands.items() if isinstance(o, Constant)},
            tuple(_fresh(values.names, {*operands, *functions, *keys_of(found), "ans", "g", "function"})),
            {n: r.result for n, r in references.items()},
            made.holding,
            values.outside,
            closures,
        )
        given = [*operands.values(), *values.operands]
        if row.runs:
            called, *arguments = (made.terms[n] for n in row.runs)
            found_here = self.to_operand(self.stopped(self.call(called, arguments, {}, node, None)))
            assert isinstance(found, Part)
            found = replace(found, type=found_here.type)
            return self.parts_of(call, found, found_here, given, hint)
        solving = self.context.solving(call, references, result_type(found))
        whole = self.builder.apply(solving, given, {"functions": tuple(references.values())}, None)
        return self.parts_of(call, found, whole, given, hint)

    def parts_of(
        self,
        call: SolverCall,
        found: Part | Parts,
        whole: Operand,
        operands: Sequence[Operand],
        hint: str | None,
        key: object = None,
        before: Mapping[Any, Term] | None = None,
    ) -> Term:
        """What a solver gave, with its derivative; `before` are the parts that a part may read."""
        if isinstance(found, Part) and found.called is not None:
            return SolverFunction(whole, call, found.called, tuple(operands))
        if isinstance(found, Part):
            # what one part reads of others moves as they do
            read = [self.to_operand((before or {})[k]) for k in found.reads]
            result = self.context.solution(call, found, key)
            return self.adopt(self.builder.apply(result, [whole, *read, *operands], None, hint))
        items: dict[Any, Term] = {}
        for k, part in found.parts.items():
            made = isinstance(whole.type, OpaqueType)
            taken = self.attribute_of_made(whole, k, part) if made else self.builder.extract(whole, k)
            items[k] = self.parts_of(call, part, taken, operands, None, k, items if before is None else before)
        if methods_of(found.cls) is not None:
            items |= {k: constant(v) for k, v in found.known.items()}
            items[ITSELF] = whole
        return tuple(items.values()) if found.cls in (tuple, list) else Record(found.cls, items)

    def call_given(
        self, function: SolverFunction, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
    ) -> Term:
        """The call of a function that a solver gave."""
        if keywords or len(arguments) != 1:
            self.refuse(node, "a function that a solver gave takes one argument, by position", "", UnsupportedCall)
        at = self.to_operand(arguments[0])
        if isinstance(at.type, ContainerType):
            at = self.to_operand(self.call(constant(np.array), [arguments[0]], {}, node, None))
        part, call = function.called(at.type), function.call
        count = len(call.names)
        call = replace(call, names=(*call.names, "at"))
        value = self.builder.apply(CALLED, [function.value, at], {"type": part.type})
        return self.parts_of(call, part, value, [*function.operands[:count], at, *function.operands[count:]], None)

    def attribute_of_made(self, made: Operand, name: str, part: Part | Parts) -> Operand:
        """What an object of a library was made of, as an attribute."""
        attribute = Primitive(
            f"{made.type}.{name}",
            operator.attrgetter(name),
            lambda *types: result_type(part),
            constant=True,
            spelling=f"_0.{name}",
        )
        return self.builder.apply(attribute, [made])

    # the functions

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

    def count_of(self, term: Term) -> int:
        """How many arguments a function takes by position; 0 where that is not known."""
        match term:
            case Closure():
                signature = signature_of(term.node.args)
            case Constant(value=f) if inspect.isfunction(f):
                signature = inspect.signature(f)
            case _:
                return 0
        return sum(p.kind in (P.POSITIONAL_ONLY, P.POSITIONAL_OR_KEYWORD) for p in signature.parameters.values())

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
        names = _fresh([getattr(t, "hint", None) or "x" for t in given], {"owner", "function"})
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
                return str(getattr(f, "__name__", "function"))
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
        self, row: Solver, function: GivenFunction, own: Sequence[Value], values: Values, node: gast.AST
    ) -> Any:
        """The function compiled for its arguments; what it reads from outside is put to the `values`."""
        operands = [
            p if isinstance(p, Constant) else (own if isinstance(p, Own) else values.operands)[p]
            for p in function.places
        ]
        callee = self.context.callee(function.target, operands, self.at(node))
        if callee is None or callee.back is not None or callee.reference.effects >= Effects.ONCE:
            self.refuse(
                node,
                f"{function.name}, which {row.name} is given, changes what it is given, stores something outside, or "
                "prints",
                "return new values instead",
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

    # the rules

    def solver_rule(self, target: SolverRule) -> Term:
        """What a rule gives, its parameters bound in the environment."""
        call, node = target.call, self.frame.tree
        moving = dict(zip(target.operands, target.moving, strict=True))
        bound: dict[str, Term] = {}
        for name in target.asked:
            base = name.removesuffix("_dot")
            if base == "params":
                suffix = name.removeprefix(base)
                floats = [self.floats_in(f"{n}{suffix}", self.env[n]) for n in call.values if moving[n]]
                bound[name] = tuple(t for found in floats for t in found)
            elif name != base:
                bound[name] = self.env[name] if moving.get(base) else constant(None)
            else:
                bound[name] = self.asked_for(name, target, moving)
        given = self.synthetic(target.rule, bound, node)
        if self.errors:
            return constant(None)
        if is_operand(given) and given.type == BOTTOM:
            mode = "reverse" if target.reverse else "forward"
            self.refuse(node, f"{call.row.name} in {mode} mode with these arguments", "", UnsupportedCall)
        if target.reverse:
            by_name = dict(zip(call.moves_of(target.part), self.sequence(given, node), strict=True))
            bars: list[Term] = []
            for n in target.operands:
                bar = by_name.get(n)
                if moving[n] and isinstance(bar, Constant) and bar.value is None:
                    what = f"a derivative of {call.row.name} by {n} with these arguments"
                    self.refuse(node, what, "SciPy has none of this order", UnsupportedCall)
                if moving[n] and n in by_name:
                    bars += self.floats_of(self.to_operand(by_name[n]), self.to_operand(self.env[n]).type)
            given = (*bars, *(self.sequence(by_name["params"], node) if "params" in by_name else ()))
        result = self.to_operand(given)
        self.drop_unread(result)
        return self.adopt(result)

    def asked_for(self, name: str, target: SolverRule, moving: Mapping[str, bool]) -> Term:
        """What a rule asks for by a name."""
        call = target.call
        if name in target.part.known:
            return constant(target.part.known[name])
        if name == "f" or name in call.functions:
            return self.function_of(call, call.row.main if name == "f" else name, moving)
        if name in call.closures:
            return self.closure_as_it_is(call, name)
        if name in call.holding:
            return self.container_of(call, call.holding[name], moving)
        if name in call.static:
            return call.static[name]
        if name in target.names:
            return self.env[name]
        return constant(call.defaults.get(name, _default(call.row.function, name)))

    def floats_in(self, name: str, like: Term) -> list[Operand]:
        """The floats and arrays of floats in a value, or in its tangent."""
        return self.floats_of(self.to_operand(self.env[name]), self.to_operand(like).type)

    def floats_of(self, whole: Operand, t: Type) -> list[Operand]:
        if not isinstance(t, ContainerType):
            return [whole] if is_active_type(t) else []
        items = zip(t.keys, t.items, strict=True)
        return [o for k, i in items if is_active_type(i) for o in self.floats_of(self.builder.extract(whole, k), i)]

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
        return call.static.get(found.name) or self.env[found.name]

    def drop_unread(self, result: Operand) -> None:
        """Leave out the calls that a rule does not read: the solver made them, and nothing is raised again."""
        read: set[Operand] = {result}
        kept: list[Operation] = []
        for op in reversed(self.builder.operations):
            idle = isinstance(op, Call) or (isinstance(op, Apply) and op.effect is not Effect.IO)
            if idle and not read.intersection(op.results):
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
        own = list(_fresh(["x"] * function.count, {*call.values, "function", "np"}))
        fixed = {f"known_{k}": p for k, p in enumerate(function.places) if isinstance(p, Constant)}
        held = {n: self.env[n] for n in call.values}
        behind: list[str] = []
        values = list(call.values)
        for k, n in enumerate(call.values):
            if moving[n]:
                values[k] = _rebuilt(self.to_operand(self.env[n]).type, n, n, behind, held)
        passed = [
            f"known_{k}" if isinstance(p, Constant) else (own if isinstance(p, Own) else values)[p]
            for k, p in enumerate(function.places)
        ]
        held = {n: t for n, t in held.items() if n not in behind}
        value = f"function({', '.join(passed)})"
        if call.row.first in call.static and call.static[call.row.first].value is True:
            value = f"{value}[0]"
        elif _is_list_of_numbers(call.results[name]):
            value = f"np.array({value})"
        text = f"lambda {', '.join([*own, *behind])}: {value}"
        held |= {**fixed, "function": constant(function.target), "np": constant(np)}
        return self.closure_of(text, held, function.name, self.frame.tree)


class Given:
    """What is given to a solver: functions with what is passed to them alone, operands, and what holds functions."""

    def __init__(self, row: Solver) -> None:
        self.row = row
        self.functions: dict[str, tuple[Term, tuple[Term, ...]]] = {}
        self.operands: dict[str, Operand] = {}
        self.holding: dict[str, Holding] = {}
        self.terms: dict[str, Term] = {}

    def parameter_of(self, name: str) -> str:
        """The parameter in whose argument a function is."""
        return name if name in self.row.functions else next(p for p in self.row.functions if name.startswith(f"{p}_"))


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


def _is_default(function: Any, name: str, operand: Operand) -> bool:
    """Whether an argument is what it would be if it were left out."""
    default = inspect.signature(function).parameters.get(name, P("_", P.KEYWORD_ONLY)).default
    value = operand.value if isinstance(operand, Constant) else P.empty
    return type(default) is type(value) and isinstance(value, (int, float, str, type(None))) and default == value


def _default(function: Any, name: str) -> object:
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


def _is_called(term: Term) -> bool:
    """Whether an argument is a function, in whatever form: an object that can be called is one."""
    if isinstance(term, (Record, Ref)):
        return not is_holder(term.cls) and any("__call__" in vars(c) for c in term.cls.__mro__)
    return isinstance(term, (Closure, Derived, Partial, Method)) or is_function(term)


def keys_of(found: Part | Parts) -> set[str]:
    """The names of the parts of a result."""
    return set() if isinstance(found, Part) else set(map(str, found.parts))


def result_type(found: Part | Parts) -> Type:
    """The type of what a solver gives."""
    if isinstance(found, Part):
        return found.type
    if methods_of(found.cls) is not None:
        return OpaqueType(public_name(found.cls))
    return ContainerType(found.cls, tuple(found.parts), tuple(map(result_type, found.parts.values())))


def _fresh(names: Iterable[str], taken: set[str]) -> list[str]:
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
