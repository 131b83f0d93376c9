"""Methods and closures as functions of the module: what they read of objects and around them becomes parameters.

    k1 = self.slope(y)                        k1 = slope(length, damping, y)

They are lowered in the place of their calls at first; where that writes a text more than once, they are lifted. One
that changes what it reads, or gives it back, stays where it is called.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Hashable, Mapping

import gast
import numpy as np

from s2sad.errors import SeveralErrors, Unsupported
from s2sad.frontend.context import CalleeNeedsStatic
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.closure_targets import Around, ClosureTarget, Lifted, LiftedTarget
from s2sad.frontend.terms.outlines import NotTaken, Outline, Outlines
from s2sad.frontend.terms.terms import Closure, Ref, Term, class_of
from s2sad.ir.containers import UNDEFINED
from s2sad.ir.types import BOTTOM, ArrayType, leaves
from s2sad.ir.values import is_operand

GIVEN = (list, dict, np.ndarray)
"""What a lifted function gives that has an identity: a new one."""


class Lifting(Lowering):
    """Lowers calls of methods and closures."""

    def lifted_or_here(self, lifted: Callable[[], Lifted], here: Callable[[], Term], node: gast.AST) -> Term:
        """The call of a method or closure: of a function of the module, or lowered in its place."""
        try:
            found = lifted()
        except (NotTaken, Unsupported):
            return here()
        key = found.target, tuple(map(self.kind_of, found.terms))
        called = self.call_lifted(found, node) if key in self.repeats.lifted else None
        return self.noted_here(key, found, here) if called is None else called

    def noted_here(self, key: Hashable, lifted: Lifted, here: Callable[[], Term]) -> Term:
        """A method or closure in the place of its call; noted if it changes nothing, and gives a value of its own."""
        cells = {r.cell for term in (*lifted.given, *lifted.variables.values()) for r in self.reachable(term)}
        before = {name: self.env.get(name) for name in (*cells, *lifted.variables)}
        stores, operations, start = self.stores, self.builder.operations, len(self.builder.operations)
        result = here()
        changed = self.stores is not stores or any(self.env.get(name) is not term for name, term in before.items())
        if lifted.target.target in self.repeats.recursive:
            return result
        given = self.reachable(result) if self.is_value(result) and not changed else None
        # an object has no text of its own as a value: where it is made in the place of the call, it needs none
        if given is not None and all(r.cls in GIVEN and r.cell not in cells for r in given):
            self.repeats.note(key, operations[start:])
        return result

    def kind_of(self, term: Term) -> Hashable:
        """What a parameter must be, as far as forms of one function differ in more than their lengths."""
        if isinstance(term, Ref):
            held = self.env.get(term.cell)
            return (term.cls, self.kind_of(held)) if is_operand(held) else term.cls
        if is_operand(term) and isinstance(term.type, ArrayType):
            return term.type.kind, term.type.dtype, term.type.rank
        return type(term), class_of(term)

    def call_lifted(self, lifted: Lifted, node: gast.AST) -> Term | None:
        """The call of a function of the module; None where it cannot be one."""
        try:
            operands = list(map(self.to_operand, lifted.terms))
            if any(BOTTOM in leaves(o.type) for o in operands):
                return self.builder.apply(UNDEFINED, (), {"type": BOTTOM})
            callee = self.context.callee(lifted.target, operands, self.at(node))
        except (CalleeNeedsStatic, Unsupported, SeveralErrors):
            return None
        if callee is None or callee.gives or callee.back is not None or (self.memory and callee.aliases):
            return None
        if callee.reference.result.is_static:
            return None
        passed = [operands[k] for k in callee.passed]
        passed += [self.captured_value(variable) for variable in callee.captured]
        return self.adopt(self.builder.call_function(callee.reference, passed))

    def lifted_method(self, f: types.FunctionType, bound: Mapping[str, Term]) -> Lifted:
        """A method as a function of its own, with what it is called with.

        Raises:
            NotTaken: it is given what cannot be taken apart.
        """
        if inspect.isgeneratorfunction(f):
            raise NotTaken
        outlines = Outlines(self, bound)
        given = [(None, name, outlines.of(term, name, own=True)) for name, term in bound.items()]
        owner = next(map(class_of, bound.values()), None)
        target = LiftedTarget(f, _name_of(f, owner), tuple(outlines.names), tuple(given))
        return Lifted(target, outlines.terms, list(bound.values()), {})

    def lifted_closure(self, closure: Closure, bound: Mapping[str, Term]) -> Lifted:
        """A closure as a function of its own, with what it is called with: what it reads around it among it.

        Raises:
            NotTaken: it is given, or reads, what cannot be taken apart.
        """
        around, outlines = Around(closure.frame), Outlines(self, bound)
        given: list[tuple[int | None, str, Outline]] = [
            (None, name, outlines.of(term, name, own=True)) for name, term in bound.items()
        ]
        variables: dict[str, Term] = {}
        for frame, name, term in self.closed_over(closure, around):
            given.append((around.index(frame), name, outlines.of(term, name)))
            variables[frame.key(name)] = term
        base = ClosureTarget(closure, self.closure_code(closure.node), (), around)
        target = LiftedTarget(base, closure.name, tuple(outlines.names), tuple(given))
        return Lifted(target, outlines.terms, list(bound.values()), variables)


def _name_of(f: types.FunctionType, owner: type | None) -> str:
    """What a method is called as a function: a special one has the name of its class before its own."""
    name = f.__name__
    return f"{owner.__name__.lower()}_{name.strip('_')}" if owner is not None and name.startswith("__") else name
