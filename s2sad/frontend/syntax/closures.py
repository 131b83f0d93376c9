"""Functions lowered in the place of their calls, and closures that become functions of the module.

A frame is entered for each: its parameters are bound, its body is lowered, its variables are forgotten. A closure that
calls itself is compiled by itself, with the variables that it closes over as further parameters.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterable, Mapping, Sequence

import gast

from s2sad.errors import UnsupportedCall
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.reading import scope
from s2sad.frontend.syntax import generators
from s2sad.frontend.terms.closure_targets import Around, ClosureTarget
from s2sad.frontend.terms.frames import Code, Frame, code_of, function_code, inner_frame, source_of
from s2sad.frontend.terms.outlines import NotTaken, Outlines
from s2sad.frontend.terms.outside import OutsideItems, OutsideList
from s2sad.frontend.terms.terms import (
    Closure,
    Keyed,
    Linear,
    Record,
    Ref,
    Term,
    is_array,
    is_iterator,
    is_static_object,
    parts,
)
from s2sad.ir.solver import methods_of
from s2sad.ir.values import Constant, constant, is_operand

MAX_DEPTH = 60
"""How deep calls are lowered in the place of one another."""


class Closures(Lowering):
    """Lowers the bodies of functions where they are called."""

    def bind_arguments(
        self,
        name: str,
        signature: inspect.Signature,
        arguments: Sequence[Term],
        keywords: Mapping[str, Term],
        defaults: Mapping[str, Term],
        node: gast.AST,
    ) -> dict[str, Term]:
        """The terms of the parameters, in their order, as Python binds them."""
        try:
            given = signature.bind(*arguments, **keywords).arguments
        except TypeError as e:
            self.refuse(node, f"{name}: {e}", "", UnsupportedCall)
        bound: dict[str, Term] = {}
        for p in signature.parameters.values():
            if p.kind is p.VAR_POSITIONAL:
                bound[p.name] = tuple(given.get(p.name, ()))
            elif p.kind is p.VAR_KEYWORD:
                bound[p.name] = self.new(dict, dict(given.get(p.name, {})))
            else:
                bound[p.name] = given[p.name] if p.name in given else defaults[p.name]
        return bound

    def is_value(self, term: Term) -> bool:
        """Whether a term can be passed at run time: no function, no generator in it."""
        if is_operand(term):
            return True
        if is_array(term):
            return True
        if is_iterator(term):
            return False
        if isinstance(term, (Record, Ref)) and methods_of(term.cls) is not None:
            return False  # an object of a library is what it was made of
        if isinstance(term, Ref):
            contents = self.env[term.cell]
            if isinstance(contents, Keyed):
                return False
            if isinstance(contents, (OutsideItems, OutsideList)) and contents.may_be_whole:
                return True
            found = parts(contents)
            return found is None or all(map(self.is_item, found[1]))
        if isinstance(term, (tuple, list, dict, Record)):
            found = parts(term)
            return found is not None and all(map(self.is_item, found[1]))
        return False

    def is_item(self, term: Term) -> bool:
        """Whether a term in a container can be passed at run time: functions can be so by themselves only."""
        static = is_static_object(term)
        return self.is_value(term) and not (static and is_function(term))

    def lower_here(self, f: types.FunctionType, bound: dict[str, Term], node: gast.AST) -> Term:
        """The body of a function in the place of its call."""
        self.reads.function(f)
        if inspect.isgeneratorfunction(f):
            return generators.of_function(f, bound)
        source, code = source_of(f), function_code(f)
        self.frames += 1
        rest = code.live, None, None, code.captured, code.reads
        frame = Frame(source, f, code.tree, self.frames, None, code.local, *rest)
        return self.enter(frame, bound, node)

    def call_closure(self, closure: Closure, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """A function or lambda made in the function, in the place of its call."""
        signature = signature_of(closure.node.args)
        bound = self.bind_arguments(closure.name, signature, arguments, keywords, closure.defaults, node)
        if generators.yields(closure.node):
            return generators.of_closure(closure, bound)
        found = self.compiled_closure(closure, bound, node)
        if found is not None:
            return found
        code = self.closure_code(closure.node)

        def here() -> Term:
            return self.enter(self.inner_frame(closure.frame, code), bound, node)

        return self.lifted_or_here(lambda: self.lifted_closure(closure, bound), here, node)

    def inner_frame(self, around: Frame, code: Code) -> Frame:
        """A frame for a function or comprehension that sees the names of another one."""
        self.frames += 1
        return inner_frame(around, code, self.frames)

    def compiled_closure(self, closure: Closure, bound: dict[str, Term], node: gast.AST) -> Term | None:
        """A closure that calls itself, as a function of the module that takes what it closes over.

        None where it is none, or closes over something that cannot be passed.
        """
        names = closure.frame.reads.get(closure.name, frozenset())
        if closure.name not in names or not all(map(self.is_value, bound.values())):
            return None
        target = self.closure_target(closure, bound)
        if target is None:
            return None
        try:
            found = self.call_compiled(target[0], list(map(self.to_operand, target[1])), node, None, target[1])
        except UnsupportedCall:
            return None  # it may end at compile time
        return None if found is None else self.adopt(found)

    def closure_target(
        self, closure: Closure, bound: Mapping[str, Term], apart: bool = False
    ) -> tuple[ClosureTarget, list[Term]] | None:
        """A closure as a function of its own, with its arguments; None where it closes over what cannot be passed.

        With `apart` functions and what holds them, closed over or given, are taken apart: their values are passed.
        """
        around = Around(closure.frame)
        held = {name: term for name, term in bound.items() if not self.is_value(term)} if apart else {}
        rest: list[tuple[Frame, str, Term]] = []
        values: list[Term] = []
        for frame, name, term in self.closed_over(closure, around, held.values()):
            if isinstance(term, Linear):
                around.linear[around.add_value(frame, name, bound)] = term
                values.append(term.operands)
            elif self.is_value(term):
                around.add_value(frame, name, bound)
                values.append(term)
            else:
                rest.append((frame, name, term))
        if rest and not apart:
            return None
        outlines = Outlines(self, (*bound, *around.values), around.index)
        try:
            around.given += [(None, name, outlines.of(term, name)) for name, term in held.items()]
            around.given += [(around.index(frame), name, outlines.of(term, name)) for frame, name, term in rest]
        except NotTaken:
            return None
        around.leaves = tuple(outlines.names)
        names = (*bound, *around.values, *around.leaves)
        passed = [constant(None) if name in held else term for name, term in bound.items()]
        return ClosureTarget(closure, self.closure_code(closure.node), names, around), [
            *passed,
            *values,
            *outlines.terms,
        ]

    def closed_over(
        self, closure: Closure, around: Around, given: Iterable[Term] = ()
    ) -> list[tuple[Frame, str, Term]]:
        """The variables that a closure reads around it, by itself and through others; these others are put `around`.

        So do those that it is given.
        """
        found: dict[tuple[Frame, str], Term] = {}
        work, seen = [closure, *self.closures_in(given)], {id(closure)}
        while work:
            one = work.pop(0)
            for name in sorted(scope.free(one.node)):
                frame = one.frame.owner(name)
                around.read.add(name)
                term = None if frame is None else self.env.get(frame.key(name))
                if frame is None or term is None or around.has(frame, name):
                    continue
                if isinstance(term, Closure) and not term.defaults:
                    around.add_function(frame, name, term)
                else:
                    found[frame, name] = term
                for inner in self.closures_in([term]):
                    if id(inner) not in seen:
                        seen.add(id(inner))
                        work.append(inner)
        return [(frame, name, term) for (frame, name), term in found.items()]

    def closures_in(self, terms: Iterable[Term]) -> list[Closure]:
        """The closures in some terms, and in what they refer to."""
        found: list[Closure] = []
        work, seen = list(terms), set[str]()
        while work:
            term = work.pop()
            if isinstance(term, Closure):
                found.append(term)
            if isinstance(term, Ref):
                contents = None if term.cell in seen else self.env.get(term.cell)
                seen.add(term.cell)
                work += [] if contents is None else [contents]
            elif (made := parts(term)) is not None:
                work += made[1]
        return found

    def enter(self, frame: Frame, bound: dict[str, Term], node: gast.AST) -> Term:
        """Lower the body of a frame; what it returns."""
        frame.caller, frame.receiver = self.frame, next(iter(bound.values()), None)
        depth = 0
        around: Frame | None = frame.caller
        while around is not None:
            depth, around = depth + 1, around.caller
        if depth > MAX_DEPTH:
            self.refuse(
                node,
                f"{frame.tree.name} calls itself, and takes or changes something that is no number or array",
                "write a loop, or a function at the top of a module that takes and returns values",
                UnsupportedCall,
            )
        outer, location, self.frame = self.frame, self.builder.location, frame
        try:
            for name, term in bound.items():
                self.env[frame.key(name)] = self.adopt(term)
                for ref in self.reachable(term):
                    self.inside.pop(ref.cell, None)
            result = self.body(frame.tree)
        finally:
            self.frame, self.builder.location = outer, location
        if not frame.has_functions:
            for name in frame.local:
                self.env.pop(frame.key(name), None)
        return result

    def closure_code(self, node: gast.AST) -> Code:
        """What is known of the text of a closure: computed once in a lowering."""
        found = self.codes.get(id(node))
        if found is None:
            tree = lambda_function(node) if isinstance(node, gast.Lambda) else node
            found = self.codes[id(node)] = code_of(tree)
            self.kept.append(node)
        return found


def is_function(term: Term) -> bool:
    """Whether a term is a function known at compile time, or what else the text has no name for."""
    value = term.value if isinstance(term, Constant) else None
    return callable(value) and not isinstance(value, type)


def signature_of(arguments: gast.arguments) -> inspect.Signature:
    """The signature of a function by its text; the defaults are only marked."""
    P = inspect.Parameter
    found: list[inspect.Parameter] = []
    positional = [*arguments.posonlyargs, *arguments.args]
    without = len(positional) - len(arguments.defaults)
    for k, a in enumerate(positional):
        kind = P.POSITIONAL_ONLY if k < len(arguments.posonlyargs) else P.POSITIONAL_OR_KEYWORD
        found.append(P(a.id, kind, default=P.empty if k < without else True))
    if arguments.vararg is not None:
        found.append(P(arguments.vararg.id, P.VAR_POSITIONAL))
    for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append(P(a.id, P.KEYWORD_ONLY, default=P.empty if default is None else True))
    if arguments.kwarg is not None:
        found.append(P(arguments.kwarg.id, P.VAR_KEYWORD))
    return inspect.Signature(found)


def lambda_function(node: gast.Lambda) -> gast.FunctionDef:
    """A lambda as a function that returns its body."""
    nothing: dict[str, object] = {"decorator_list": [], "returns": None, "type_comment": None, "type_params": []}
    body = [gast.copy_location(gast.Return(value=node.body), node.body)]
    return gast.copy_location(gast.FunctionDef(name="lambda_", args=node.args, body=body, **nothing), node)
