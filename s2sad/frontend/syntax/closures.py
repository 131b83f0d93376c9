"""Functions lowered in the place of their calls, closures that become functions of the module, derivatives of closures.

A frame is entered for each: its parameters are bound, its body is lowered, its variables are forgotten. A closure that
calls itself is compiled by itself, with the variables that it closes over as further parameters.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import gast

from s2sad.errors import UnsupportedCall
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.reading import scope
from s2sad.frontend.reading.callables import UserFunction
from s2sad.frontend.syntax import generators
from s2sad.frontend.terms.closure_targets import Around, ClosureTarget, DerivedTarget, base_closure, transforms
from s2sad.frontend.terms.frames import Code, Frame, code_of, function_code, inner_frame, source_of
from s2sad.frontend.terms.outside import OutsideItems, OutsideList
from s2sad.frontend.terms.terms import (
    Closure,
    Derived,
    Keyed,
    Linear,
    Record,
    Ref,
    Term,
    describe,
    is_array,
    is_iterator,
    is_static_object,
    parts,
)
from s2sad.frontend.terms.transformations import Transformation
from s2sad.ir.marks import Operator
from s2sad.ir.values import Constant, Operand, is_operand

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

    def closure_target(self, closure: Closure, bound: Mapping[str, Term]) -> tuple[ClosureTarget, list[Term]] | None:
        """A closure as a function of its own, with its arguments; None where it closes over what cannot be passed."""
        around = Around(closure.frame)
        values: list[Term] = []
        for frame, name, term in self.closed_over(closure, around):
            if isinstance(term, Linear):
                around.linear[around.add_value(frame, name, bound)] = term
                values.append(term.operands)
            elif self.is_value(term):
                around.add_value(frame, name, bound)
                values.append(term)
            else:
                return None
        target = ClosureTarget(closure, self.closure_code(closure.node), (*bound, *around.values), around)
        return target, [*bound.values(), *values]

    def closed_over(self, closure: Closure, around: Around) -> list[tuple[Frame, str, Term]]:
        """The variables that a closure reads around it, by itself and through others; these others are put `around`."""
        found: dict[tuple[Frame, str], Term] = {}
        work, seen = [closure], {id(closure)}
        while work:
            one = work.pop(0)
            for name in sorted(scope.free(one.node)):
                frame = one.frame.owner(name)
                around.read.add(name)
                term = None if frame is None else self.env.get(frame.key(name))
                if frame is None or term is None or around.has(frame, name):
                    continue
                if not isinstance(term, Closure) or term.defaults:
                    found[frame, name] = term
                    continue
                around.add_function(frame, name, term)
                if id(term) not in seen:
                    seen.add(id(term))
                    work.append(term)
        return [(frame, name, term) for (frame, name), term in found.items()]

    def derived(
        self,
        f: UserFunction,
        operator: Operator,
        arguments: list[Term],
        keywords: dict[str, Term],
        node: gast.AST,
    ) -> Term:
        """`grad(closure, ...)`: the derivative of a function made in the function, to be called."""
        known = {k: self.static(v, node) for k, v in keywords.items()}
        given = [self.static(a, node) for a in arguments[1:]]
        function = arguments[0]
        if isinstance(function, Linear):
            return self.derived_linear(function, f.__name__, operator.transforms, given, known, node)
        if not isinstance(function, (Closure, Derived)):
            self.refuse(
                node, f"a derivative of {describe(function)}", "write a function that calls it", UnsupportedCall
            )
        names = list(signature_of(base_closure(function).node.args).parameters)
        for transform in operator.transforms(names, *given, **known):
            function = Derived(function, transform)
        return function

    def derived_linear(
        self,
        function: Linear,
        name: str,
        made: Callable[..., list[Transformation]],
        given: list[object],
        known: dict[str, object],
        node: gast.AST,
    ) -> Linear:
        """The derivative of a pullback or pushforward, by its own arguments: what it holds comes before them."""
        held, target = len(function.operands), function.target
        names = [f"tangent_{k + 1}" for k in range(function.count)]
        for transform in made(names, *given, **known):
            if transform.kind == "vmap":
                axes = (*(None,) * held, *(transform.in_axes[k] for k in function.kept))
                target = DerivedTarget(target, replace(transform, in_axes=axes))
            elif transform.further or not set(transform.argnums) <= set(function.kept):
                self.refuse(node, f"{name} of a linear function", "write a function that calls it")
            else:
                places = tuple(held + function.kept.index(k) for k in transform.argnums)
                target = DerivedTarget(target, replace(transform, argnums=places))
        return replace(function, target=target)

    def call_derived(
        self, function: Derived, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """The derivative of a closure, compiled with what it closes over as further parameters."""
        applied = transforms(function)
        for transform in reversed(applied):
            arguments = self.with_vectors(transform, arguments, node)
        count = sum(t.further for t in applied)
        arguments, further = arguments[: len(arguments) - count], arguments[len(arguments) - count :]
        derivative, operands = self.derived_target(function, arguments, keywords, node)
        return self.call_target(derivative, [*operands, *map(self.to_operand, further)], node, hint)

    def derived_target(
        self, function: Derived, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
    ) -> tuple[DerivedTarget, list[Operand]]:
        """The derivative of a closure as a target, with its operands: the arguments, and what it closes over."""
        closure = base_closure(function)
        signature = signature_of(closure.node.args)
        bound = self.bind_arguments(closure.name, signature, arguments, keywords, closure.defaults, node)
        target = self.closure_target(closure, bound) if all(map(self.is_value, bound.values())) else None
        if target is None:
            self.refuse(node, "a derivative of a function that closes over a function", "pass it", UnsupportedCall)
        inner, *outer = transforms(function)
        derivative = DerivedTarget(target[0], inner)
        for transform in outer:
            derivative = DerivedTarget(derivative, transform)
        return derivative, list(map(self.to_operand, target[1]))

    def call_target(self, target: object, operands: list[Operand], node: gast.AST, hint: str | None) -> Term:
        """A derivative of a closure, called."""
        found = self.call_compiled(target, operands, node, hint)
        if found is None:
            self.refuse(node, "a derivative of a function that changes a list or object", "return it", UnsupportedCall)
        return self.adopt(found)

    def with_vectors(self, transform: Transformation, arguments: list[Term], node: gast.AST) -> list[Term]:
        """The arguments of `hvp` with its vectors one by one, in the order of the parameters: a tuple has them all."""
        if transform.kind != "pushforward" or transform.one or not arguments:
            return arguments
        vectors = self.sequence(arguments[-1], node)
        if len(vectors) != len(transform.argnums):
            self.refuse(node, f"{len(vectors)} vectors for {len(transform.argnums)} argnums", "", UnsupportedCall)
        return [*arguments[:-1], *(vectors[transform.argnums.index(k)] for k in transform.dotted)]

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
        return found

    # methods of containers and arrays


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
