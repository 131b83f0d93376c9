"""Derivatives of functions made inside a function: of closures, bound methods, `partial`s, objects that are called.

    step = s2sad.grad(self.loss)
    w = w - rate * step(w)                    w_bar = loss_grad(w, xs, ys)

Such a derivative is a term; where it is called, it becomes a function of the module, and what it holds - the variables
around a closure, the attributes of an object - further parameters.
"""

from __future__ import annotations

import functools
import inspect
import keyword
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import gast

from s2sad.errors import UnsupportedCall
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.reading.callables import UserFunction, callable_name
from s2sad.frontend.reading.callables import signature_of as signature_of_function
from s2sad.frontend.syntax.closures import signature_of
from s2sad.frontend.terms.closure_targets import DerivedTarget, base_function, transforms
from s2sad.frontend.terms.frames import Frame
from s2sad.frontend.terms.terms import Choice, Closure, Derived, Linear, Partial, Term, describe
from s2sad.frontend.terms.transformations import Transformation
from s2sad.ir.marks import Operator
from s2sad.ir.values import Constant, Operand, constant, is_operand


class DerivedFunctions(Lowering):
    """Lowers derivatives of functions that are no constants, and their calls."""

    def derived(
        self,
        f: UserFunction,
        operator: Operator,
        arguments: list[Term],
        keywords: dict[str, Term],
        node: gast.AST,
    ) -> Term:
        """`grad(closure, ...)`: the derivative of a function made inside, to be called."""
        function = self.given(arguments[0])
        if isinstance(function, Choice):
            sides = ((s, *arguments[1:]) for s in (function.then, function.orelse))
            return Choice(function.predicate, *(self.call(constant(f), [*s], keywords, node, None) for s in sides))
        known = {k: self.static(v, node) for k, v in keywords.items()}
        given = [self.static(a, node) for a in arguments[1:]]
        if isinstance(function, Linear):
            return self.derived_linear(function, f.__name__, operator.transforms, given, known, node)
        signature = self.signature_of_term(function, node)
        for transform in operator.transforms(list(signature.parameters), *given, **known):
            self.check_named(signature, transform, node)
            function = Derived(function, transform)
        return function

    def check_named(self, signature: inspect.Signature, transform: Transformation, node: gast.AST) -> None:
        """Refuse what asks for one of the arguments that `*args` or `**kwargs` stands for: it has no parameter here."""
        kinds = [p.kind for p in signature.parameters.values()]
        several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        asked = transform.argnums
        if transform.kind == "vmap" and len(set(transform.in_axes)) > 1:
            asked = tuple(range(len(kinds)))
        if any(kinds[k] in several for k in asked):
            what = "a derivative by one of the arguments that *args or **kwargs stands for"
            self.refuse(node, what, "write a function that names its arguments", UnsupportedCall)

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

    def signature_of_term(self, function: Term, node: gast.AST) -> inspect.Signature:
        """The signature of what is called; the defaults are only marked."""
        match function:
            case Closure():
                return signature_of(function.node.args)
            case Derived():
                return self.signature_of_term(function.function, node)
            case Partial(function=inner, arguments=first, keywords=more):
                signature = self.signature_of_term(inner, node)
                try:
                    return inspect.signature(functools.partial(_with(signature), *first, **more))
                except ValueError as e:
                    self.refuse(node, f"{_name_of(inner)}: {e}", "", UnsupportedCall)
            case Constant(value=f) if callable(f):
                return signature_of_function(f)
        method = self.special(function, "__call__")
        if method is None:
            what = f"a derivative of {describe(function)}"
            self.refuse(node, what, "write a function that calls it", UnsupportedCall)
        return self.signature_of_term(Partial(constant(method), (function,), {}), node)

    def defaults_of_term(self, function: Term, node: gast.AST) -> dict[str, Term]:
        """The default values of what is called, those that a `partial` gives among them."""
        match function:
            case Closure():
                return function.defaults
            case Partial():
                return {**self.defaults_of_term(function.function, node), **function.keywords}
            case Constant(value=f):
                return self.defaults_of(f, signature_of_function(f))
        method = self.special(function, "__call__")
        return {} if method is None else self.defaults_of(method, signature_of_function(method))

    def written_out(self, function: Term, node: gast.AST) -> Closure:
        """What is called as a function with a text, which is its call: `def loss(w): return called(w)`.

        The name in it is bound in a frame of its own.
        """
        if isinstance(function, Closure):
            return function
        signature = self.signature_of_term(function, node)
        name, called = _name_of(function), "called"
        name = name if name.isidentifier() and not keyword.iskeyword(name) else "function"
        while called in signature.parameters:
            called += "_"
        tree = _caller(name, called, signature, node)
        self.frames += 1
        frame = Frame(self.frame.source, None, tree, self.frames, None, frozenset({called}), {})
        self.env[frame.key(called)] = function
        defaults = self.defaults_of_term(function, node)
        marked = {p.name for p in signature.parameters.values() if p.default is not p.empty}
        return Closure(tree, name, frame, {n: d for n, d in defaults.items() if n in marked})

    def call_derived(
        self, function: Derived, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """The derivative of a function made inside, compiled with what it holds as further parameters."""
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
        """The derivative of such a function as a target, with its operands: the arguments, and what it holds."""
        closure = self.written_out(base_function(function), node)
        signature = signature_of(closure.node.args)
        bound = self.bind_arguments(closure.name, signature, arguments, keywords, closure.defaults, node)
        target = self.closure_target(closure, bound, apart=True)
        if target is None:
            what = "a derivative of a function that reads an iterator, or a dict whose keys are known at run time only"
            self.refuse(node, what, "make a list or array of it before", UnsupportedCall)
        inner, *outer = (self.for_given(t, signature, bound, arguments, keywords) for t in transforms(function))
        derivative = DerivedTarget(target[0], inner)
        for transform in outer:
            derivative = DerivedTarget(derivative, transform)
        return derivative, list(map(self.to_operand, target[1]))

    def for_given(
        self,
        transform: Transformation,
        signature: inspect.Signature,
        bound: Mapping[str, Term],
        arguments: Sequence[Term],
        keywords: Mapping[str, Term],
    ) -> Transformation:
        """For these arguments: a number that is left to its default is the same for all examples."""
        given = signature.bind(*arguments, **keywords).arguments
        shared = [n not in given and is_operand(t) and t.type.is_scalar for n, t in bound.items()]
        if transform.kind != "vmap" or not any(shared):
            return transform
        axes = (None if left else axis for left, axis in zip(shared, transform.in_axes, strict=False))
        return replace(transform, in_axes=tuple(axes))

    def call_target(self, target: object, operands: list[Operand], node: gast.AST, hint: str | None) -> Term:
        """A derivative of such a function, called."""
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


def _with(signature: inspect.Signature) -> Callable[..., object]:
    """A function that has a signature, and is not called."""

    def function() -> None: ...

    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


def _name_of(function: Term) -> str:
    """What the function with the text is called."""
    match function:
        case Closure():
            return function.name
        case Partial() | Derived():
            return _name_of(function.function)
        case Constant(value=f):
            return callable_name(f)
    return str(getattr(getattr(function, "cls", None), "__name__", "function")).lower()


def _caller(name: str, called: str, signature: inspect.Signature, node: gast.AST) -> gast.FunctionDef:
    """A function that calls another one of this signature, as if it stood in the place of the node: one for each."""
    P = inspect.Parameter
    stars: dict[object, str] = {P.VAR_POSITIONAL: "*{0}", P.VAR_KEYWORD: "**{0}", P.KEYWORD_ONLY: "{0}={0}"}
    passed = ", ".join(stars.get(p.kind, "{0}").format(p.name) for p in signature.parameters.values())
    plain = [
        p.replace(annotation=P.empty, default=p.empty if p.default is p.empty else None)
        for p in signature.parameters.values()
    ]
    text = f"def {name}{inspect.Signature(plain)}:\n    return {called}({passed})"
    made: dict[str, gast.FunctionDef] = node.__dict__.setdefault("callers", {})
    if text not in made:
        made[text] = tree = gast.parse(text).body[0]
        for n in gast.walk(tree):
            if hasattr(n, "lineno"):
                gast.copy_location(n, node)
    return made[text]
