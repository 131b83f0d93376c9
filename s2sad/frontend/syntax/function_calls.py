"""Calls of the user's own functions.

A user's function becomes a function of the emitted module, one for each signature. It is lowered in the place of the
call instead where it takes or gives what has no value at run time (a function, a generator), or changes a list or
object that it is given. So are methods and closures, as long as that writes no text repeatedly (`lifting.py`).
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import gast

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend.context import CalleeNeedsStatic, NeedsStatic, WrittenArrays
from s2sad.frontend.dependencies import Variable
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.cells import OfOutside, OneOfTwo
from s2sad.frontend.terms.frames import Frame
from s2sad.frontend.terms.terms import (
    Derived,
    Ref,
    Term,
    is_array,
    static_constant,
)
from s2sad.ir.containers import UNDEFINED
from s2sad.ir.marks import is_derivative
from s2sad.ir.objects import LIBRARIES
from s2sad.ir.primitive import lookup
from s2sad.ir.types import BOTTOM, ContainerType, StaticType, leaves, type_at
from s2sad.ir.user_rules import BlackBox
from s2sad.ir.values import Operand, Value, constant


class FunctionCalls(Lowering):
    """Lowers calls of functions of the user's."""

    def call_function(
        self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, hint: str | None
    ) -> Term:
        """A function of the user: compiled for these arguments, or lowered here."""
        box = lookup(f)
        if isinstance(box, BlackBox):
            self.reads.rule(f)
            return self.call_black_box(box, arguments, keywords, node, hint)
        if is_derivative(f) and hasattr(f, "spread"):  # a checkpointed function has none
            arguments = self.with_vectors(f.transform, arguments, node)
            f = f.spread(arguments, keywords)
        signature = inspect.signature(f, follow_wrapped=False)
        bound = self.bind_arguments(f.__name__, signature, arguments, keywords, self.defaults_of(f, signature), node)
        if is_derivative(f) and hasattr(f, "spread") and not all(map(self.is_value, bound.values())):
            # what it is given that is a function made here is taken apart, as what a closure reads
            target = f.target if not self.reads.knows(f) else self.reads.part(f, "target")
            return self.call_derived(Derived(constant(target), f.transform), arguments, keywords, node, hint)
        compiled = not isinstance(f, types.FunctionType) or all(map(self.is_value, bound.values()))
        compiled = compiled and not inspect.isgeneratorfunction(f)
        compiled = compiled and not (isinstance(f, types.FunctionType) and self.is_written_out(f, bound.values()))
        if compiled:
            terms = list(bound.values())
            result = self.call_compiled(f, list(map(self.to_operand, terms)), node, hint, terms)
            if result is not None:
                return self.adopt(result)
        if not isinstance(f, types.FunctionType):
            self.refuse(
                node,
                f"{f.__name__} is marked, or a derivative, and changes a list, object or array that it is given, "
                "stores something outside, or gives a function, or a part of an array that may be written into",
                "return new values, copies of arrays",
                UnsupportedCall,
            )
        return self.lower_here(f, bound, node)

    def is_written_out(self, f: Any, terms: Iterable[Term]) -> bool:
        """Whether a function is lowered in the place of its call, for the sake of the objects that it is given."""
        if not self.rounds_left or not any(not is_array(r) for t in terms for r in self.reachable(t)):
            return False
        frame: Frame | None = self.frame
        while frame is not None and frame.function is not f:
            frame = frame.caller
        return frame is None

    def call_inline(self, f: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        """A method, or what else is lowered in the place of its call; where it calls itself, it is compiled."""
        if not is_of_user(f) or isinstance(lookup(f), BlackBox):
            return self.call(constant(f), arguments, keywords, node, None)
        frame: Frame | None = self.frame
        while frame is not None:
            if frame.function is f:
                self.repeats.recursive.add(f)
                return self.call_function(f, arguments, keywords, node, None)
            frame = frame.caller
        signature = inspect.signature(f, follow_wrapped=False)
        bound = self.bind_arguments(f.__name__, signature, arguments, keywords, self.defaults_of(f, signature), node)
        return self.lifted_or_here(lambda: self.lifted_method(f, bound), lambda: self.lower_here(f, bound, node), node)

    def defaults_of(self, f: Any, signature: inspect.Signature) -> dict[str, Term]:
        """The default values of a function; those that hold arrays, lists or objects belong to the function."""
        while is_derivative(f):  # it has the defaults of what it is of
            f = self.reads.part(f, "target") if self.reads.knows(f) else f.target
        if isinstance(f, types.FunctionType):
            self.reads.function(f)
        found: dict[str, Term] = {}
        positional = [
            p for p in signature.parameters.values() if p.kind is not p.KEYWORD_ONLY and p.default is not p.empty
        ]
        for p in signature.parameters.values():
            if p.default is p.empty:
                continue
            if not isinstance(f, types.FunctionType):
                found[p.name] = constant(p.default)
            elif p.kind is p.KEYWORD_ONLY:
                variable = Variable(f.__kwdefaults__, p.name)
                found[p.name] = self.only_read(self.captured_term(variable, p.default))
            else:
                variable = Variable(f.__defaults__, positional.index(p), p.name)
                found[p.name] = self.only_read(self.captured_term(variable, p.default))
        return found

    def only_read(self, default: Term) -> Term:
        """A default: the next call would see what is stored in it, which hardly anybody means."""
        why = self.frozen.get(default.cell) if isinstance(default, Ref) else None
        if isinstance(default, Ref) and isinstance(why, OfOutside):
            self.frozen[default.cell] = OfOutside(why)
        return default

    def call_compiled(
        self,
        function: object,
        operands: list[Operand],
        node: gast.AST,
        hint: str | None,
        arguments: Sequence[Term] = (),
    ) -> Term | None:
        """Another function of the program; operands that it must know are asked of this function's parameters.

        What it hands back goes into the arrays that the `arguments` are. None where it must be lowered in the place of
        the call.
        """
        if any(BOTTOM in leaves(o.type) for o in operands):
            return self.builder.apply(UNDEFINED, (), {"type": BOTTOM}, hint)
        try:
            callee = self.context.callee(function, operands, self.at(node))
        except CalleeNeedsStatic as e:
            # which object it is has no value at run time; where the call is lowered in its place, it is seen
            if isinstance(type_at(operands[e.position].type, e.path), ContainerType):
                return None
            # so is a key of run time, of a dict that can be made for such
            if any(r.cell in self.births for a in arguments for r in self.reachable(a)):
                return None
            self.need_static(operands[e.position], e.path, node)
        if callee is None or (self.memory and callee.aliases and isinstance(function, types.FunctionType)):
            return None
        passed = [operands[k] for k in callee.passed]
        passed += [self.captured_value(variable) for variable in callee.captured]
        if callee.back is None:
            result = self.builder.call_function(callee.reference, passed, hint)
            known = result.type
            if isinstance(known, StaticType):
                return static_constant(known)
            return self.perhaps_argument(result, callee.reference.name, arguments) if callee.gives else result
        if not arguments:
            return None
        self.need_memory()
        names = [self.shown(a.cell) if isinstance(a := arguments[k], Ref) else None for k in callee.back.written]
        result = self.builder.call_function(callee.reference, passed, names[0] if callee.back.alone else None)
        return self.take_back(callee.back, result, arguments, names, node)

    def perhaps_argument(self, result: Operand, name: str, arguments: Sequence[Term]) -> Term:
        """What a function gives that may be one of its arguments, or hold it: to be read where a name sees that."""
        objects = [r for a in arguments for r in self.reachable(a)]
        seen = frozenset(r.cell for r in objects if not self.is_sole(r, self.env, lambda key: False, 0))
        why = OneOfTwo(f"which {name} gave, and may be one of its arguments", seen) if seen else None
        since = self.cells
        adopted = self.adopt(result, why)
        self.watch_sources(since)
        self.note_given(self.given_in(objects), since)
        return adopted

    def take_back(
        self,
        back: WrittenArrays,
        result: Operand,
        arguments: Sequence[Term],
        names: Sequence[str | None],
        node: gast.AST,
    ) -> Term:
        """The value of a call, whose further results are put into the arrays that it writes into."""
        cells = {k: {r.cell for r in self.reachable(a)} for k, a in enumerate(arguments)}
        for k in back.written:
            if any(cells[k] & cells[m] for m in cells if m != k):
                self.refuse(
                    node,
                    "a function that calls itself writes into one of two arguments that share memory",
                    "pass a copy",
                    UnsupportedCall,
                )
        items = [result]
        if not back.alone:
            hints = [None] * back.value + list(names)
            items = [self.builder.extract(result, k, name) for k, name in enumerate(hints)]
        left = dict(enumerate(arguments))
        for k, array in zip(back.written, items[back.value :], strict=True):
            if is_array(left[k]):
                self.store(left[k], array, node)
            else:
                left[k] = array
        if back.given is not None:
            return left[back.given]
        return items[0] if back.value else constant(None)

    def need_static(self, operand: Operand, path: tuple[object, ...], node: gast.AST) -> NoReturn:
        if isinstance(operand, Value) and operand in self.parameter_paths:
            parameter, before = self.parameter_paths[operand]
            raise NeedsStatic(parameter, before + path, self.at(node))
        self.refuse(node, "the function must know this argument at compile time", "pass a constant", UnsupportedType)


def is_of_user(f: object) -> bool:
    """Whether something is a Python function that no library defines."""
    return isinstance(f, types.FunctionType) and (f.__module__ or "").split(".")[0] not in LIBRARIES
