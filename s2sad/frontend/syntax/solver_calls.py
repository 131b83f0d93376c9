"""Calls of solvers: functions of a library that are given functions of the user's (`ir.solver`).

    x = brentq(residual, 0.0, 4.0)             v1 = brentq(residual, 0.0, 4.0, args=(a,))    no derivative
                                               x = solution(v1, a)                           the theorem's

What the function closes over is passed as further arguments, so that it is a function of the module. Both operations
are one call in the text.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import gast
import numpy as np

from s2sad.errors import UnsupportedCall
from s2sad.frontend.syntax.merging import is_function
from s2sad.frontend.syntax.solver_functions import Values, fresh_names
from s2sad.frontend.syntax.solver_rules import SolverRules
from s2sad.frontend.terms.solver_targets import ITSELF, GivenFunction, Holding, Named, SolverCall
from s2sad.frontend.terms.terms import (
    Closure,
    Derived,
    Maybe,
    Method,
    Partial,
    Record,
    Ref,
    SolverFunction,
    Term,
    parts,
)
from s2sad.ir.primitive import Effect, Primitive
from s2sad.ir.solver import (
    CALLED,
    Asked,
    Part,
    Parts,
    Solver,
    holder_signature,
    is_holder,
    methods_of,
    part_name,
    public_name,
    solver_of,
)
from s2sad.ir.types import ContainerType, OpaqueType, SequenceType, StaticType, Type
from s2sad.ir.values import (
    Constant,
    Operand,
    Value,
    constant,
    is_operand,
)

P = inspect.Parameter


class Solvers(SolverRules):
    """Lowers calls of solvers."""

    def call_solver(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term | None:
        """The call of a function that has a row among the solvers."""
        row = solver_of(f)
        if row is None and is_holder(f):
            return self.held_by(f, arguments, keywords, node)
        if row is None:
            return None
        if row.instead:
            self.refuse(node, f"there is no derivative of {row.name}", row.instead, UnsupportedCall)
        try:
            signature = inspect.signature(row.function)
            given = signature.bind(*arguments, **keywords).arguments
        except TypeError as e:
            self.refuse(node, f"{row.name}: {e}", "", UnsupportedCall)
        for name, p in signature.parameters.items():
            if p.kind is p.VAR_KEYWORD:
                given.update(given.pop(name, {}))
        if row.named in given:
            self.pass_by_name(row, given, node)
        made = Given(row, frozenset(keywords))
        made.terms.update(given)
        for name, term in given.items():
            if name in row.called:
                continue
            if isinstance(term, Maybe):
                what = f"{name} of {row.name}, of which it is known at run time only whether it is None"
                self.refuse(node, what, "call it in each branch", UnsupportedCall)
            if name in row.by_name and isinstance(term, Constant) and isinstance(term.value, type):
                term = constant(term.value.__name__)
            if name not in (*row.functions, *row.among, row.passed) and (_is_called(term) or self.holds_function(term)):
                what = f"{row.name} with a function as its {name}"
                self.refuse(node, what, "pass numbers, or leave it out", UnsupportedCall)
            if name != row.passed and name not in row.dropped:
                made.holding.update(self.given_as(name, self.in_form(row, name, term, node), made))
        further = list(self.further(given[row.passed], node)) if row.passed in given else []
        static = {k: o.value for k, o in made.operands.items() if isinstance(o, Constant)}
        names = {k: self.names_of(t) for k, (t, _) in made.functions.items()}
        if row.first in made.operands and row.first not in static:
            what = f"{row.first} of {row.name}, which is known at run time only"
            self.refuse(node, what, "pass a constant", UnsupportedCall)
        types = {k: o.type for k, o in made.operands.items()}
        asked = Asked(types, static, names, frozenset(made.holding), name=row.name)
        return self.solved(made, asked, further, node, hint)

    def pass_by_name(self, row: Solver, given: dict[str, Any], node: gast.AST) -> None:
        """Bind what is passed to the functions by its names to them."""
        named = self.open(given.pop(row.named))
        if isinstance(named, Constant) and named.value is None:
            return
        if not isinstance(named, dict):
            self.refuse(node, f"{row.name} with {row.named} that are no dict of known names", "", UnsupportedCall)
        for name in row.functions:
            if named and name in given and _is_called(given[name]):
                given[name] = Partial(given[name], (), named)

    def held_by(self, cls: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """An object that holds arguments of a solver, by the names of its parameters."""
        own = holder_signature(cls)
        signature = inspect.signature(cls) if own is None else own
        try:
            given = signature.bind(*arguments, **keywords).arguments
        except TypeError as e:
            self.refuse(node, f"{cls.__name__}: {e}", "", UnsupportedCall)
        if own is not None:
            return Record(cls, given)
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
        may_hold = name in made.row.functions or name in made.row.among
        if may_hold and (self.holds_function(term) or self.is_holder_object(term)):
            found = self.taken_apart(name, term, made)
            assert isinstance(found, Holding)
            return {name: found}
        # as SciPy takes it: numbers, arrays, and lists of them
        operand = self.to_operand(term)
        if not self.frame.source.text and _is_default(made.row.function, name, operand):
            return {}  # a rule hands on what it asked for
        row, of_tuple = made.row, name in made.row.tuples and operand.type.cls is tuple
        # pairs in a list are what a solver with functions walks over
        of_lists = bool(row.functions) and operand.type.is_container and any(t.is_container for t in operand.type.items)
        listed = name in row.moves and name not in row.pairs and not (of_tuple or of_lists or row.runs)
        made.operands[name] = self.numbers_in_array(operand, name) if listed else operand
        return {}

    def in_form(self, row: Solver, name: str, term: Term, node: gast.AST) -> Term:
        """An argument as the rules take it: two numbers in a tuple, where a list or an array is given."""
        return tuple(self.subscripted(term, constant(k), node, None) for k in range(2)) if name in row.pairs else term

    def numbers_in_array(self, operand: Operand, hint: str | None = None) -> Operand:
        """A list of numbers as the array that a function makes of it, as one thing to be differentiated by."""
        listed = isinstance(operand.type, SequenceType) or (operand.type.is_container and _holds_numbers(operand.type))
        return self.apply(np.array, [operand], hint) if listed else operand

    def is_holder_object(self, term: Term) -> bool:
        """Whether a term is an object that holds arguments, or a list with such in it."""
        opened = self.open(term) if isinstance(term, Ref) else term
        if isinstance(opened, (list, tuple)):
            return any(map(self.is_holder_object, opened))
        cls = type(opened.value) if isinstance(opened, Constant) else opened.cls if isinstance(opened, Record) else None
        return is_holder(cls)

    def as_made(self, term: Term) -> Term:
        """An object outside that holds arguments as what it was made of."""
        if not isinstance(term, Constant) or not is_holder(cls := type(term.value)):
            return term
        names = inspect.signature(cls).parameters
        return Record(cls, {n: self.attribute(term, n, self.frame.source.tree) for n in names})

    def holds_function(self, term: Term) -> bool:
        """Whether a function is somewhere in a term."""
        term = self.as_made(term)
        found = parts(self.open(term)) if isinstance(term, (Ref, Record, tuple, list, dict)) else None
        return _is_called(term) if found is None else any(map(self.holds_function, found[1]))

    def taken_apart(self, name: str, term: Term, made: Given, further: Sequence[Term] = ()) -> Named | Holding:
        """A container with functions in it: these, and its operands, have names of their own."""
        term = self.as_made(term)
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
        kinds = (c for c in (dict, list, tuple) if isinstance(opened, c))
        cls = opened.cls if isinstance(opened, Record) else next(kinds)
        for k, _ in pairs:
            kind = f"{made.parameter_of(name)}.{k}"
            if kind in made.row.functions:
                made.kinds[f"{name}_{k}"] = kind
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
        found_here = None
        if row.runs:
            called, *arguments = (made.terms[n] for n in row.runs)
            found_here = self.to_operand(self.stopped(self.call(called, arguments, {}, node, None)))
            asked = replace(asked, types={**asked.types, "ans": found_here.type})
        values = Values([self.to_operand(t) for t in further])
        functions: dict[str, tuple[GivenFunction, list[Value]]] = {}
        for name, (term, own_further) in made.functions.items():
            own = row.functions[made.kinds.get(name) or made.parameter_of(name)](asked)
            passed_to = name not in row.alone and (name in row.functions or row.is_one_of_several(name))
            behind = further if passed_to else own_further
            functions[name] = self.given_function(row, term, own, behind, values, node)
        closures = {n: self.as_it_is(n, made.terms[n], values, node) for n in row.called if n in made.terms}
        compiled = {n: self.compiled_for(row, f, own, values, node, n in row.free) for n, (f, own) in functions.items()}
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
            tuple(fresh_names(values.names, {*operands, *functions, *keys_of(found), *names_for_rules(row, found)})),
            {n: r.result for n, r in references.items()},
            made.holding,
            values.outside,
            closures,
            written=made.written,
        )
        given = [*operands.values(), *values.operands]
        if found_here is not None:
            return self.parts_of(call, found, found_here, given, hint)
        solving = self.context.solving(call, references, result_type(found))
        title = hint if isinstance(found, Parts) and found.cls not in (tuple, list) else None
        whole = self.builder.apply(solving, given, {"functions": tuple(references.values())}, title)
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
            if found.apart:
                still = {*call.row.moves, *call.values}.difference(call.moves_of(found))
                names = (*call.names, *call.values)
                operands = [constant(None) if n in still else o for n, o in zip(names, operands, strict=True)]
            # what one part reads of others moves as they do
            read = [self.to_operand((before or {})[k]) for k in found.reads]
            return self.adopt(self.moved(call, found, whole, read, operands, key, hint))
        together: dict[Any, Operand] = {}
        if found.joint is not None:
            each = [self.part_at(whole, path) for path in found.joined]
            read = [self.builder.extract(whole, k) for k in found.joint.reads]
            joint = self.moved(call, found.joint, self.builder.tuple(each), read, operands, key, None)
            for k, path in enumerate(found.joined):
                name = _as_part(f"{call.row.name}.{path[0]}")
                together[path] = self.builder.apply(name, [self.builder.extract(joint, k)])
        items: dict[Any, Term] = {}
        for k, part in found.parts.items():
            if any(path[0] == k for path in together):
                items[k] = self.adopt(_placed(part, (k,), together))
                continue
            made = isinstance(whole.type, OpaqueType)
            taken = self.attribute_of_made(whole, k, part) if made else self.builder.extract(whole, k)
            items[k] = self.parts_of(call, part, taken, operands, None, k, items if before is None else before)
        if methods_of(found.cls) is not None:
            # as things known at compile time, also the numbers: two branches may give objects of one form
            items |= {k: Constant(v, StaticType(v)) for k, v in found.known.items()}
            items[ITSELF] = whole
        if found.cls is dict:
            return self.new(dict, items)
        return tuple(items.values()) if found.cls in (tuple, list) else Record(found.cls, items)

    def part_at(self, whole: Operand, path: Sequence[Any]) -> Operand:
        """A part of a result."""
        for k in path:
            whole = self.builder.extract(whole, k)
        return whole

    def moved(
        self,
        call: SolverCall,
        part: Part,
        found: Operand,
        read: Sequence[Operand],
        operands: Sequence[Operand],
        key: object,
        hint: str | None,
    ) -> Operand:
        """A part of a result, with its derivative by those operands with which it moves."""
        given = [o if moves else self.unmoved(o) for o, moves in zip(operands, call.moved_by(part), strict=True)]
        return self.builder.apply(self.context.solution(call, part, key), [found, *read, *given], None, hint)

    def unmoved(self, operand: Operand) -> Operand:
        """An operand with which a part does not move, though another one may."""
        return operand if isinstance(operand, Constant) else self.to_operand(self.stopped(operand))

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
        given = [self.to_operand(o) for o in function.operands]
        return self.parts_of(call, part, value, [*given[:count], at, *given[count:]], None)

    def attribute_of_made(self, made: Operand, name: str, part: Part | Parts) -> Operand:
        """What an object of a library was made of, as an attribute."""
        read = part.read or name if isinstance(part, Part) else name
        attribute = attribute_of_object(f"{made.type}.{name}", read, result_type(part))
        return self.builder.apply(attribute, [made])


class Given:
    """What is given to a solver: functions with what is passed to them alone, operands, and what holds functions."""

    def __init__(self, row: Solver, written: frozenset[str]) -> None:
        self.row, self.written = row, written
        self.functions: dict[str, tuple[Term, tuple[Term, ...]]] = {}
        self.kinds: dict[str, str] = {}
        """The rows' names for functions within containers, where these are given other arguments than its others."""
        self.operands: dict[str, Operand] = {}
        self.holding: dict[str, Holding] = {}
        self.terms: dict[str, Term] = {}

    def parameter_of(self, name: str) -> str:
        """The parameter in whose argument a function is."""
        known = (*self.row.functions, *self.row.among)
        return name if name in known else next(p for p in known if name.startswith(f"{p}_"))


def _is_default(function: Any, name: str, operand: Operand) -> bool:
    """Whether an argument is what it would be if it were left out."""
    parameter = inspect.signature(function).parameters.get(name)
    default = inspect.Parameter.empty if parameter is None else parameter.default
    value = operand.value if isinstance(operand, Constant) else inspect.Parameter.empty
    return type(default) is type(value) and isinstance(value, (int, float, str, type(None))) and default == value


def _holds_numbers(t: Type) -> bool:
    """Whether a type is that of numbers or arrays, or of a list of such, or of lists."""
    return all(map(_holds_numbers, t.items)) if t.cls in (list, tuple) else t.is_numeric


def _is_called(term: Term) -> bool:
    """Whether an argument is a function, in whatever form: an object that can be called is one."""
    if isinstance(term, (Record, Ref)):
        return not is_holder(term.cls) and any("__call__" in vars(c) for c in term.cls.__mro__)
    is_class = isinstance(term, Constant) and isinstance(term.value, type)  # a dtype
    return isinstance(term, (Closure, Derived, Partial, Method)) or (is_function(term) and not is_class)


def read_of(attribute: str) -> Callable[[Any], object]:
    """What reads an attribute, or calls a method without arguments: `c`, `get_coeffs()`."""
    method = attribute.removesuffix("()")
    return operator.attrgetter(attribute) if method == attribute else operator.methodcaller(method)


def attribute_of_object(name: str, attribute: str, t: Type) -> Primitive:
    """The reading of an attribute of an object of a library, under a name."""
    return Primitive(name, read_of(attribute), lambda *types: t, constant=True, spelling=f"_0.{attribute}")


def keys_of(found: Part | Parts) -> set[str]:
    """The names of the parts of a result."""
    return set() if isinstance(found, Part) else set(map(part_name, found.parts))


def _as_part(name: str) -> Primitive:
    """An identity by which a part of several has a name."""
    return Primitive(
        name,
        lambda x: x,
        lambda t, /: t,
        tangent=lambda y, xs, dots: dots[0],
        adjoint=lambda g, y, xs, active: (g,),
        effect=Effect.VIEW,
        spelling="_0",
        transparent=True,
    )


def _placed(part: Part | Parts, path: tuple[Any, ...], together: Mapping[tuple[Any, ...], Operand]) -> Term:
    """One of the parts that have rules together, or a list of such."""
    if isinstance(part, Part):
        return together[path]
    return tuple(_placed(p, (*path, k), together) for k, p in part.parts.items())


def names_for_rules(row: Solver, found: Part | Parts) -> set[str]:
    """The names by which rules ask for what is no value that a function depends on."""
    if isinstance(found, Parts):
        parts = [*found.parts.values(), *([] if found.joint is None else [found.joint])]
        return {name for part in parts for name in names_for_rules(row, part)}
    rules = (found.tangent, found.adjoint, found.means, *row.makes.values())
    asked = {n for rule in rules if rule is not None for n in inspect.signature(rule).parameters}
    return {
        *inspect.signature(row.function).parameters,
        *asked,
        *found.known,
        *row.makes,
        "ans",
        "at",
        "f",
        "g",
        "function",
    }


def result_type(found: Part | Parts) -> Type:
    """The type of what a solver gives."""
    if isinstance(found, Part):
        return found.type
    if methods_of(found.cls) is not None:
        return OpaqueType(public_name(found.cls))
    return ContainerType(found.cls, tuple(found.parts), tuple(map(result_type, found.parts.values())))
