"""Statements to operations: a desugared function and the types of its parameters give typed, structured SSA.

    lower(source, function, parameter types, context) -> Lowered

An assignment binds a name in the environment and appends nothing by itself. A branch is lowered on two copies of the
environment, which are merged; a loop is lowered until the types of what it carries no longer change.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gast

from s2sad.errors import Location, SeveralErrors, Unsupported, UnsupportedType
from s2sad.frontend.context import Context, NeedsStatic, WrittenArrays
from s2sad.frontend.dependencies import Variable
from s2sad.frontend.library import (  # noqa: F401  (they fill the table of meanings)
    array_methods,
    containers,
    distributions,
    heaps,
    itertools,
    linear_systems,
    marks,
    numpy_functions,
    numpy_keywords,
    numpy_writers,
    python,
    random,
    samples,
    series,
    small_programs,
    splines,
    surroundings,
    trees,
    type_questions,
    ufunc_methods,
)
from s2sad.frontend.library.iterables import Iterables
from s2sad.frontend.library.primitives import Primitives
from s2sad.frontend.reading.callables import Spread, python_function
from s2sad.frontend.reading.quotes import Quotes
from s2sad.frontend.reading.source import Source, deep_recursion, parse
from s2sad.frontend.syntax.attributes import Attributes
from s2sad.frontend.syntax.calls import Calls
from s2sad.frontend.syntax.carried import named
from s2sad.frontend.syntax.closures import Closures
from s2sad.frontend.syntax.comparisons import Comparisons
from s2sad.frontend.syntax.comprehensions import Functions
from s2sad.frontend.syntax.conditions import Choices
from s2sad.frontend.syntax.custom_calls import Customs
from s2sad.frontend.syntax.derived_functions import DerivedFunctions
from s2sad.frontend.syntax.expressions import Expressions
from s2sad.frontend.syntax.function_calls import FunctionCalls
from s2sad.frontend.syntax.held_data import HeldData
from s2sad.frontend.syntax.identity import Identity
from s2sad.frontend.syntax.imports import Imports
from s2sad.frontend.syntax.iteration import Iteration
from s2sad.frontend.syntax.iterators import Iterators
from s2sad.frontend.syntax.keyed_items import KeyedItems
from s2sad.frontend.syntax.library_objects import LibraryObjects
from s2sad.frontend.syntax.lifting import Lifting
from s2sad.frontend.syntax.loops import Loops
from s2sad.frontend.syntax.merging import Merging
from s2sad.frontend.syntax.objects import Objects
from s2sad.frontend.syntax.operators import Operators
from s2sad.frontend.syntax.outside_names import OutsideNames
from s2sad.frontend.syntax.outside_stores import OutsideStores
from s2sad.frontend.syntax.solver_calls import Solvers
from s2sad.frontend.syntax.sparse_matrices import SparseMatrices
from s2sad.frontend.syntax.statements import Statements
from s2sad.frontend.syntax.subscripts import Subscripts
from s2sad.frontend.syntax.tables import KeysNeeded, Tables
from s2sad.frontend.syntax.with_and_try import Regions
from s2sad.frontend.terms.arrays import MemoryNeeded
from s2sad.frontend.terms.cells import NotStatic
from s2sad.frontend.terms.closure_targets import Around, ClosureTarget, LiftedTarget
from s2sad.frontend.terms.frames import Frame, function_code, inner_frame, source_of
from s2sad.frontend.terms.keyed_cells import RunTimeKey
from s2sad.frontend.terms.outlines import Outline, rebuilt
from s2sad.frontend.terms.references import Place, object_places
from s2sad.frontend.terms.repeats import Repeats
from s2sad.frontend.terms.solver_targets import SolverRule
from s2sad.frontend.terms.terms import Closure, Form, Linear, Ref, Term, is_array, is_none, static_constant
from s2sad.ir.builder import Builder
from s2sad.ir.definition import has_rule
from s2sad.ir.rewrite import reads_of, substitute, with_names_of_user
from s2sad.ir.types import StaticType, Type
from s2sad.ir.user_rules import BoxRule
from s2sad.ir.values import Constant, Function, Operand, Value, constant, is_operand


@dataclass(frozen=True, eq=False, slots=True)
class Lowered:
    """A function as SSA; `captured` are further parameters after its own, in this order.

    `in_place` are the results of augmented assignments that write into an array. With `impure` the function changes a
    list or object that it is given, or gives what has no value: it is to be lowered in the place of its calls.
    """

    function: Function
    captured: tuple[Variable, ...]
    in_place: tuple[Value, ...]
    impure: bool = False
    written: tuple[str, ...] = ()
    """The parameters in whose arrays the function writes."""
    changes: bool = False
    """It is impure for another reason than that it gives a list or object that it is given."""
    valueless: UnsupportedType | None = None
    """It gives a function, or what has no value at run time: what that is."""
    back: WrittenArrays | None = None
    """What it hands back of the arrays that it is given."""
    changed: tuple[Place, ...] = ()
    """The arrays, lists and objects in its parameters that it changes."""
    item_updates: tuple[Value, ...] = ()
    """The lists that stores into their items have made."""
    stores: bool = False
    """It stores values outside: it is lowered in the place of its calls, as what it stores may be changed there."""
    gives: bool = False
    """What it gives may be, or hold, a list or object that it is given, or another one."""


MAX_WRITTEN_OUT = 512
"""How many rounds of loops are written out in a function for the sake of the objects in them."""


def lower(
    target: object, parameters: Mapping[str, Type], context: Context, memory: bool = False, back: bool = False
) -> Lowered:
    """Lower a function for parameters of these types; parameters of a static type are constants.

    With `memory` arrays live in cells: what is written into them is seen by all their names and views. With `back` the
    function hands back the arrays among its parameters that it writes into.

    Raises:
        MemoryNeeded: the function writes into an array, and `memory` is False.

    The target is a Python function, or anything else that can be called: a method, a `partial`, an object.
    """
    with deep_recursion():
        written = target_of(target)
        if isinstance(written, types.FunctionType) and not has_rule(written):
            context.reads.function(written)
        keyed: dict[Location, Form] = {}
        lowered: Lowered | None = None
        refused: Unsupported | SeveralErrors | None = None
        repeats = Repeats()
        while True:
            mirrors = written.around.mirrors() if isinstance(written, ClosureTarget) else []
            lowering = FunctionLowering(frame_of(written, mirrors), Builder(), context)
            lowering.mirrors = mirrors
            lowering.memory = memory
            lowering.repeats = repeats
            # such dicts hold lists as items of a list
            lowering.keyed, lowering.keeps_rows = keyed, bool(keyed)
            lowering.rounds_left = 0 if refused is None else MAX_WRITTEN_OUT
            try:
                found = lowering.lower(target, parameters, back)
            except KeysNeeded as e:
                keyed |= e.births
                continue
            except (Unsupported, SeveralErrors, NeedsStatic) as e:
                if lowered is not None:
                    return lowered  # what is lowered in the place of each call has no such errors
                if isinstance(e, NeedsStatic):
                    raise
                if refused is not None:
                    raise refused from None
                if not _may_be_known(e):
                    raise
                # objects in lists of which the length is known once the loops that make them are written out
                refused = e
                continue
            repeats = Repeats(lowering.repeats.worth_lifting)
            if lowered is not None or not repeats.lifted:
                return found
            lowered = found


def _may_be_known(error: Unsupported | SeveralErrors) -> bool:
    """Whether something must be known at compile time that loops written out may tell."""
    found = error.errors if isinstance(error, SeveralErrors) else [error]
    return any(isinstance(e, NotStatic) for e in found)


def target_of(target: object) -> object:
    """The function or closure whose text a target is."""
    return target.target if isinstance(target, LiftedTarget) else target


def frame_of(target: object, mirrors: Sequence[Frame]) -> Frame:
    """The outermost frame: that of the function, or an empty one around the call of something else."""
    if isinstance(target, ClosureTarget):
        return inner_frame(mirrors[0], target.code, 0)
    if isinstance(target, SolverRule):
        return rule_frame(target)
    if isinstance(target, types.FunctionType) and not has_rule(target):
        if inspect.isgeneratorfunction(target):
            parse(target)  # it is refused
        source, code = source_of(target), function_code(target)
        return Frame(source, target, code.tree, 0, None, code.local, code.live, None, None, code.captured, code.reads)
    function = python_function(target)
    if function is not None and not has_rule(target) and not has_rule(function):
        source = source_of(function)
    else:
        source = no_source(getattr(target, "__name__", type(target).__name__))
    return Frame(source, None, source.tree, 0, None, frozenset(), {})


def rule_frame(target: SolverRule) -> Frame:
    """The frame around the text of a rule: the names of its parameters are those of the target."""
    source = no_source(target.__name__)
    return Frame(source, None, source.tree, 0, None, frozenset(target.names), {})


def no_source(name: str) -> Source:
    """The source of what has none."""
    tree = gast.parse("def call():\n    pass").body[0]
    return Source(tree, "", f"<{name}>", 1, (), (), 1, Quotes((), (), 1))


class FunctionLowering(
    Statements,
    Imports,
    Regions,
    Loops,
    Iterators,
    Iteration,
    Functions,
    Calls,
    FunctionCalls,
    Solvers,
    LibraryObjects,
    SparseMatrices,
    Customs,
    Closures,
    DerivedFunctions,
    Lifting,
    Objects,
    Attributes,
    Choices,
    Merging,
    Comparisons,
    HeldData,
    Identity,
    Subscripts,
    KeyedItems,
    Tables,
    OutsideStores,
    OutsideNames,
    Operators,
    Expressions,
    Primitives,
    Iterables,
):
    """All parts together. One object lowers one function once."""

    def lower(self, target: object, parameters: Mapping[str, Type], back: bool = False) -> Lowered:
        written = target_of(target)
        keys = {name: self.key_of(target, name) for name in parameters}
        values = self.bind_parameters(parameters, keys)
        if isinstance(target, LiftedTarget):
            self.bind_given(target.given, {name: self.env[key] for name, key in keys.items()})
        elif isinstance(target, ClosureTarget):
            self.bind_given(target.around.given, {name: self.env[keys[name]] for name in target.around.leaves})
        if isinstance(written, ClosureTarget):
            self.bind_around(written.around)
        given_to = {key: self.reachable(term) for key, term in self.env.items()}
        given = {r.cell for found in given_to.values() for r in found}
        self.given_cells = frozenset(given)
        places = {c: (n, path) for n in parameters for c, path in object_places(self.env[keys[n]], self.env).items()}
        if back:
            arrays = {n: self.env[keys[n]] for n in parameters}
            self.handed = {n: a.cell for n, a in arrays.items() if isinstance(a, Ref) and is_array(a)}
        # compared by identity below: whoever changes an object puts a new term into its cell
        before = {c: self.env[c] for c in given}
        around = {key: term for key, term in self.env.items() if isinstance(written, ClosureTarget) and ".-" in key}
        result = self.result_of(written, parameters)
        if births := {k: v for e in self.errors if isinstance(e, RunTimeKey) for k, v in e.births.items()}:
            raise KeysNeeded(births)
        if self.errors:
            found = list({str(e): e for e in self.errors}.values())
            raise found[0] if len(found) == 1 else SeveralErrors(found)
        if self.keeps_arrays and self.in_place and not self.memory:
            raise MemoryNeeded
        self.touched |= {c for c in given if self.env[c] is not before[c]}
        changes = not self.is_value(result) or bool(self.touched) or self.stores
        bound_anew = any(self.env.get(key) is not term for key, term in around.items())
        changes |= bound_anew
        # what a closure reads around it is outside to a derivative of it
        closed_over = {r.cell for key in around for r in given_to.get(key, ())}
        stores = self.stores or bound_anew or (written is target and bool(closed_over & self.touched))
        impure = changes or any(r.cell in given for r in self.reachable(result)) or self.perhaps_touched
        gives = any(r.cell in self.perhaps_given for r in self.reachable(result))
        stored_in = tuple(n for n in parameters if self.is_written(given_to.get(keys[n], ())))
        handed = self.handed_back(result, list(parameters)) if back else None
        operand: Operand = constant(None)
        valueless: UnsupportedType | None = None
        if handed is not None:
            operand, impure = handed[0], self.stores
        else:
            try:
                operand = self.to_operand(result)
            except UnsupportedType as e:
                valueless = UnsupportedType(e.what, e.instead, self.at(self.frame.tree))
        body = self.builder.block(values, [operand])
        self.repeats.settle(body)
        read = set(reads_of(body))
        captured = {v: value for v, value in self.captured.values() if value in read}
        body = replace(body, parameters=(*values, *captured.values()))
        name = getattr(target, "__name__", "function")
        titled: dict[Operand, Operand] = {v: Value(v.type, title) for v, title in self.titles.items()}
        body = substitute(body, titled)
        function = with_names_of_user(Function(name, body, self.docstring(written)))
        updates, in_place = (
            tuple(new for o in found if isinstance(new := titled.get(o, o), Value))
            for found in (self.item_updates, self.in_place)
        )
        seen = in_place, impure, stored_in, changes, valueless, handed and handed[1]
        changed = tuple(place for cell, place in places.items() if cell in self.touched)
        return Lowered(function, tuple(captured), *seen, changed, updates, stores, gives)

    def docstring(self, target: object) -> str | None:
        """The docstring of a function; that of a closure is its own, not that of the function around it."""
        tree = target.closure.node if isinstance(target, ClosureTarget) else self.frame.source.tree
        return None if isinstance(tree, gast.Lambda) else gast.get_docstring(tree)

    def bind_parameters(self, parameters: Mapping[str, Type], keys: Mapping[str, str]) -> list[Value]:
        """Put the parameters into the environment; those that are known at compile time have no value."""
        values: list[Value] = []
        for k, (name, t) in enumerate(parameters.items()):
            key = keys[name]
            if isinstance(t, StaticType):
                self.env[key] = static_constant(t)
            elif isinstance(t.size, int) and t.kind == "python":
                self.env[key] = constant(t.size)
            else:
                value = Value(named(t), name)
                values.append(value)
                self.parameter_paths[value] = (k, ())
                self.env[key] = adopted = self.adopt(self.sparse_term(value))
                if isinstance(adopted, Ref) and is_array(adopted):
                    self.labels[adopted.cell] = name
        return values

    def bind_around(self, around: Around) -> None:
        """Put the functions that a closure reads around it, pullbacks among them, where it finds them."""
        for (k, name), (inner, where) in around.functions.items():
            self.env[self.mirrors[k].key(name)] = Closure(inner.node, inner.name, self.mirrors[where], {})
        for (k, name), linear in around.linear.items():
            key = self.mirrors[k].key(name)
            held = tuple(map(self.to_operand, self.sequence(self.env[key], self.frame.tree)))
            self.env[key] = Linear(linear.target, held, linear.count, linear.kept)

    def bind_given(self, given: Iterable[tuple[int | None, str, Outline]], values: Mapping[str, Term]) -> None:
        """Make the functions, objects and containers that a function is given, and that were taken apart."""
        made: dict[int, Ref] = {}
        for frame, name, outline in given:
            key = self.frame.key(name) if frame is None else self.mirrors[frame].key(name)
            self.env[key] = rebuilt(outline, self, values, made, self.mirrors)

    def key_of(self, target: object, parameter: str) -> str:
        """The key of a parameter; of a closure's that of a variable around it, where it is none of its own."""
        if isinstance(target, LiftedTarget) or (
            isinstance(target, ClosureTarget) and parameter in target.around.leaves
        ):
            return f"{parameter}.-0"
        if isinstance(target, ClosureTarget) and parameter in target.around.values:
            frame, name = target.around.values[parameter]
            return self.mirrors[frame].key(name)
        return self.frame.find(parameter) or parameter

    def handed_back(self, result: Term, names: Sequence[str]) -> tuple[Operand, WrittenArrays] | None:
        """The result with the arrays that are written into; None where there is none, or where that is not all.

        It is not all where the function changes something else that it is given, or gives what may be a part of one of
        these arrays, or only sometimes one of them.
        """
        changed = {n: cell for n, cell in self.handed.items() if cell in self.touched}
        given = [n for n, cell in self.handed.items() if isinstance(result, Ref) and result.cell == cell]
        shared = any(r.cell in self.given_cells or r.cell in self.frozen for r in self.reachable(result))
        if (
            self.perhaps_touched
            or not changed
            or self.touched - set(changed.values())
            or not self.is_value(result)
            or (shared and not given)
        ):
            return None
        value = not given and not is_none(result)
        back = WrittenArrays(tuple(map(names.index, changed)), value, names.index(given[0]) if given else None)
        items = [self.to_operand(result)] if value else []
        for cell in changed.values():
            held = self.env[cell]
            assert is_operand(held)
            items.append(held)
        return (items[0] if back.alone else self.builder.tuple(items)), back

    def is_written(self, given: Iterable[Ref]) -> bool:
        """Whether the function writes into an array that a parameter holds."""
        return any(r.cell in self.touched for r in given if is_array(r))

    def result_of(self, target: Any, parameters: Mapping[str, Type]) -> Term:
        """What the function returns, its parameters bound in the environment."""
        if isinstance(target, ClosureTarget):
            return self.body(self.frame.tree)
        if isinstance(target, SolverRule):
            return self.solver_rule(target)
        if isinstance(target, types.FunctionType) and not has_rule(target):
            first = next(iter(target.__code__.co_varnames), "")
            self.frame.receiver = self.env.get(self.frame.key(first))
            return self.body(self.frame.tree)
        arguments, keywords = [], {}
        known = dict(inspect.signature(target).parameters)
        ruled = has_rule(target)
        for name in parameters:
            given = self.env[name]
            if ruled and name in known and isinstance(known[name].default, bool):
                given = self.env[name] = constant(self.static(given, self.frame.source.tree))
            if ruled and name in known and isinstance(given, Constant) and given.value is known[name].default:
                # a default is left out, so that what stands behind it can be given by name only
                known = {n: p.replace(kind=p.KEYWORD_ONLY) for n, p in known.items()}
            elif name in known and known[name].kind is inspect.Parameter.KEYWORD_ONLY:
                keywords[name] = self.env[name]
            else:
                arguments.append(self.env[name])
        if isinstance(target, BoxRule):
            return self.rule_result(target, arguments, self.frame.source.tree)
        # what it stands for is looked up through `reads`, so that it is noticed when it is another one
        while isinstance(target, (Spread, types.MethodType)) and not has_rule(target):
            if isinstance(target, types.MethodType):
                receiver = self.captured_term(Variable(target, "__self__", "self"), target.__self__)
                arguments.insert(0, receiver)
                target = self.reads.part(target, "__func__")
            else:
                target = self.reads.part(target, "function")
        function = constant(target)
        if isinstance(function, Constant) and isinstance(target, types.FunctionType) and not has_rule(target):
            return self.call_inline(target, arguments, keywords, self.frame.source.tree)
        with self.locating(self.frame.source.tree):
            return self.call(function, arguments, keywords, self.frame.source.tree, None)
