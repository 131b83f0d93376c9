"""Objects of a library with rows for their methods (`ir.solver`): splines and other interpolants.

    spline = CubicSpline(x, y)        v1 = scipy.interpolate.CubicSpline(x, y)
    z = spline(t)                     z = solution(v1(t), x, y, t)

The object is made once. Whoever reads it knows what it was made of: a result has its derivative by that.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import gast
import numpy as np

from s2sad.errors import UnsupportedCall
from s2sad.frontend.dependencies import Variable
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.syntax.solver_calls import attribute_of_object, read_of, result_type
from s2sad.frontend.terms.solver_targets import ITSELF, SolverCall
from s2sad.frontend.terms.terms import Method, Record, Ref, Term
from s2sad.ir.primitive import Effect, Primitive
from s2sad.ir.solver import Asked, Solver, attributes_of, methods_of, public_name
from s2sad.ir.types import OpaqueType, type_of
from s2sad.ir.values import Constant, Operand, constant


class LibraryObjects(Lowering):
    """Lowers what makes objects of a library, and calls of their methods."""

    def make_object(self, cls: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """An object of a library with rows for its methods: what it was made of, and the object itself."""
        name = public_name(cls)
        methods = (methods_of(cls) or {}).values()
        moves = {n for method in methods for n in method.moves}
        tuples = {n for method in methods for n in method.tuples}
        given = self.in_names(cls, name, arguments, keywords, moves, tuples, node)
        made = Primitive(
            name,
            cls,
            lambda *types: OpaqueType(name),
            constant=True,
            spelling=_call_text(name, inspect.signature(cls), given, 0),
        )
        return Record(cls, {ITSELF: self.builder.apply(made, list(given.values())), **given})

    def library_object(self, term: Term) -> Record | None:
        """The object that a term is, if it is such a one."""
        if isinstance(term, Constant):
            return self.object_outside(term)
        if not isinstance(term, (Record, Ref)) or methods_of(term.cls) is None:
            return None
        opened = self.open(term)
        assert isinstance(opened, Record)
        return opened

    def object_outside(self, found: Constant) -> Record | None:
        """An object of a library that was made outside, by its attributes; None where it is none of these."""
        cls = type(found.value)
        attributes = None if cls.__module__ == "builtins" else attributes_of(cls)
        if attributes is None:
            return None
        known = {n: self.of_object_outside(found, n, a) for n, a in attributes.items()}
        return Record(cls, {ITSELF: found, **known})

    def of_object_outside(self, whole: Constant, name: str, attribute: str | Callable[[Any], object]) -> Term:
        """An attribute of an object made outside: arrays and floats are read when it runs."""
        if not isinstance(attribute, str):
            return constant(attribute(whole.value))
        value = read_of(attribute)(whole.value)
        if not any(isinstance(v, (np.ndarray, float)) for v in (value if isinstance(value, tuple) else (value,))):
            if isinstance(value, tuple):
                return constant(value)
            known = self.captured_term(Variable(whole.value, attribute), value)
            return constant(known.value) if isinstance(known, Constant) else known
        found = attribute_of_object(f"{type(whole.value).__name__}.{name}", attribute, type_of(value))
        return self.builder.apply(found, [whole])

    def attribute_of_library(self, record: Record, name: str) -> Term | None:
        """An attribute of an object of a library, or a method; None where one made outside has it by itself."""
        itself = record.items[ITSELF]
        attributes = {a: n for n, a in (attributes_of(record.cls) or {}).items()}
        found = record.items.get(attributes.get(name, name))
        if found is None and isinstance(itself, Constant) and not callable(getattr(itself.value, name, None)):
            return None
        return Method(record, name) if found is None else found

    def in_names(
        self,
        function: Any,
        name: str,
        arguments: Sequence[Term],
        keywords: Mapping[str, Term],
        moves: Collection[str],
        tuples: Collection[str],
        node: gast.AST,
    ) -> dict[str, Operand]:
        """The arguments of a call by the names of the parameters.

        Those that a result moves with are arrays, but for tuples of which each item is one thing.
        """
        signature = inspect.signature(function)
        try:
            bound = signature.bind(*arguments, **keywords).arguments
        except TypeError as e:
            self.refuse(node, f"{name}: {e}", "", UnsupportedCall)
        found: dict[str, Operand] = {}
        for k, term in bound.items():
            several = signature.parameters[k].kind is inspect.Parameter.VAR_POSITIONAL
            found[k] = self.to_operand(term[0] if several and len(term) == 1 else term)
            if k in moves and not (k in tuples and found[k].type.cls is tuple):
                found[k] = self.numbers_in_array(found[k], k)
        return found

    def call_of_object(
        self,
        record: Record,
        name: str,
        arguments: list[Term],
        keywords: dict[str, Term],
        node: gast.AST,
        hint: str | None,
    ) -> Term:
        """A method of such an object."""
        cls: Any = record.cls
        known = methods_of(cls) or {}
        shown = public_name(cls) if name == "__call__" else f"{public_name(cls)}.{name}"
        if name not in known:
            self.refuse(node, f"{shown} has no row among the solvers", "call the object itself", UnsupportedCall)
        method = getattr(cls, name)
        itself = self.to_operand(record.items[ITSELF])
        moves = {n.removeprefix("at_") for n in known[name].moves}
        at = self.in_names(method, shown, [itself, *arguments], keywords, moves, known[name].tuples, node)
        at.pop(next(iter(at)))
        made = {k: self.to_operand(t) for k, t in record.items.items() if k != ITSELF}
        operands = {ITSELF: itself, **made, **{f"at_{k}": o for k, o in at.items()}}
        static = {k: o.value for k, o in operands.items() if isinstance(o, Constant)}
        found = known[name].gives(Asked({k: o.type for k, o in operands.items()}, static, name=shown))
        row = Solver(method, shown, known[name].gives, {}, frozenset(), known[name].moves, None)
        call = SolverCall(
            row,
            {},
            tuple(operands),
            {k: o for k, o in operands.items() if isinstance(o, Constant)},
            (),
            {},
            {},
            {},
            defaults={**_defaults(cls), **{f"at_{k}": v for k, v in _defaults(method).items()}},
            owner=cls,
        )
        text = "_0" if name == "__call__" else f"_0.{name}"
        signature = inspect.signature(method)
        signature = signature.replace(parameters=list(signature.parameters.values())[1:])
        called = Primitive(
            shown,
            method,
            lambda *types: result_type(found),
            constant=True,
            effect=Effect.FRESH,
            spelling=_call_text(text, signature, at, 1),
        )
        whole = self.builder.apply(called, [itself, *at.values()])
        return self.parts_of(call, found, whole, list(operands.values()), hint)


def _defaults(function: Any) -> dict[str, object]:
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def _call_text(text: str, signature: inspect.Signature, given: Mapping[str, object], first: int) -> str:
    """A call of the operands from the first one on: by position as long as no parameter is left out."""
    places = {n: f"_{k}" for k, n in enumerate(given, first)}
    found: list[str] = []
    by_name = False
    for name, p in signature.parameters.items():
        by_name |= name not in places or p.kind is p.KEYWORD_ONLY
        if name in places:
            found.append(f"{name}={places[name]}" if by_name else places[name])
    return f"{text}({', '.join(found)})"
