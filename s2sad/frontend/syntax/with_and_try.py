"""`with` and `try`: blocks under a context manager, or whose exceptions are caught."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

import gast

from s2sad.errors import UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.reading import scope
from s2sad.frontend.terms.cells import STOP, Evaluated, Side
from s2sad.frontend.terms.terms import Term
from s2sad.ir.containers import EXTRACT, MAKE, SHAPE, UNDEFINED
from s2sad.ir.primitive import Effect
from s2sad.ir.primitives.effects import STRING
from s2sad.ir.primitives.regions import MANAGER, TRY
from s2sad.ir.types import BOTTOM
from s2sad.ir.values import Apply, Constant, Operation, Value, constant, walk


class Regions(Lowering):
    """Lowers `with` and `try`."""

    def _stmt_With(self, node: gast.With) -> Term | None:
        return self.managed(node, list(node.items))

    def managed(self, node: gast.With, items: list[gast.AST]) -> Term | None:
        """The block of a `with` under what is left of its managers."""
        if not items:
            return self.block(node.body)
        first, rest = items[0], items[1:]
        manager = self.eval(first.context_expr)
        if isinstance(manager, Value) and manager.type is MANAGER:
            if first.optional_vars is not None:
                self.refuse(first.optional_vars, "the result of this context manager is named", "leave out `as`")
            body = self.both([lambda: self.managed(node, rest), self.nothing])
            result = self.join_sides(node, manager, body, self.dead_behind(node, body[:1]))
            return None if body[0].result is None else result
        if isinstance(manager, Constant) and isinstance(manager.value, contextlib.suppress):
            caught = manager.value._exceptions  # type: ignore[attr-defined]
            return self.caught_block(node, caught, lambda: self.managed(node, rest), lambda error: None)
        if self.special(manager, "__enter__") is None or self.special(manager, "__exit__") is None:
            self.refuse(
                first.context_expr,
                "a context manager that is not known",
                "use one of NumPy's or of `warnings`, or a class with __enter__ and __exit__",
            )
        entered = self.call_special(manager, "__enter__", [], first)
        if first.optional_vars is not None and entered is not None:
            self.bind(first.optional_vars, entered)
        result = self.managed(node, rest)
        none = constant(None)
        self.call_special(manager, "__exit__", [none, none, none], first)
        return result

    def nothing(self) -> Term:
        """What the side of a region gives that no run takes."""
        return self.builder.apply(UNDEFINED, (), {"type": BOTTOM})

    def _stmt_Try(self, node: gast.Try) -> Term | None:
        handlers = [(self.caught(h), h) for h in node.handlers]

        def otherwise(error: BaseException | None) -> Term | None:
            if error is None and len(handlers) != 1:
                self.refuse(
                    node,
                    "a try with several handlers",
                    "catch a tuple of exceptions, `except (A, B):`, or write one try for each",
                )
            return self.handled(next(h for classes, h in handlers if error is None or isinstance(error, classes)))

        caught = tuple(c for classes, _ in handlers for c in classes)
        return self.caught_block(node, caught, lambda: self.block(node.body), otherwise)

    def caught_block(
        self,
        node: gast.AST,
        caught: tuple[type, ...],
        body: Callable[[], Term | None],
        otherwise: Callable[[BaseException | None], Term | None],
    ) -> Term | None:
        """A block whose exceptions of some classes lead to another one; which exception it is may be known."""
        errors = len(self.errors)
        known: list[Evaluated] = []
        sides = [self.attempt(body, caught, known)]
        if known:
            del self.errors[errors:]
            return otherwise(known[0].exception)
        if all(map(_is_certain, sides[0].builder.operations)):
            self.builder.operations += sides[0].builder.operations
            self.env = sides[0].env
            return sides[0].result
        sides += self.both([lambda: otherwise(None)])
        if _only_raises(sides[1]):
            self.builder.operations += sides[0].builder.operations
            self.env = sides[0].env
            return sides[0].result
        self.check_certain(node, sides[0])
        predicate = self.builder.apply(TRY, [], {"exceptions": caught})
        result = self.join_sides(node, predicate, sides, self.dead_behind(node, sides))
        return result if all(s.result is not None for s in sides) else None

    def check_certain(self, node: gast.AST, side: Side) -> None:
        """Refuse a block that may have changed what is read after an exception, or not: who knows how far it came?"""
        raising = [k for k, s in enumerate(node.body) if _may_raise(s)]
        if not raising:
            return
        compound = isinstance(node.body[raising[-1]], _COMPOUND)
        single = len(raising) == 1 and not compound
        early = node.body if compound else node.body[: raising[-1]]
        doubtful = {self.frame.key(n) for n in scope.assigned(early)}
        named = {self.frame.key(n) for n in scope.assigned(node.body)}
        live = {self.frame.key(n) for n in self.frame.live[id(node)].head | self.frame.captured}
        for key, term in self.env.items():
            if side.env.get(key) is term or key == STOP or (single and key.startswith("#")):
                continue
            own = self.frame.owns(key)
            # what a closure binds is bound before the rest of the statement is evaluated
            if (key in live & doubtful and not single) or not own or (key in live and key not in named):
                what = self.shown(key) or "a list or object"
                self.refuse(
                    node,
                    f"{what} may have been changed or not when the exception comes",
                    "have one statement that raises in the try, or set it again in the handler",
                    UnsupportedType,
                )

    def attempt(self, body: Callable[[], Term | None], caught: tuple[type, ...], known: list[Evaluated]) -> Side:
        """The block of a try; `known` gets the exception that it raises at compile time, where it is caught."""
        before, builder, env, carried = self.watching, self.builder, self.env, self.carried_now
        self.watching = lambda e: isinstance(e.exception, caught)
        try:
            return self.both([body])[0]
        except Evaluated as e:
            if not isinstance(e.exception, caught):
                raise
            known.append(e)
            self.builder, self.env, self.carried_now = builder, env, carried
            return Side(self.builder.child(), dict(self.env), None)
        finally:
            self.watching = before

    def handled(self, handler: gast.AST) -> Term | None:
        """The block of a handler; the exception can be printed."""
        if handler.name is not None:
            name = handler.name.id if isinstance(handler.name, gast.Name) else handler.name
            self.env[self.own_key(name)] = Value(STRING, name)
        return self.block(handler.body)

    def caught(self, handler: gast.AST) -> tuple[type, ...]:
        """The exceptions that a handler catches."""
        if handler.type is None:
            return (BaseException,)
        found = self.static(self.eval(handler.type), handler.type)
        classes: tuple[type, ...] = found if isinstance(found, tuple) else (found,)
        if not all(isinstance(c, type) and issubclass(c, BaseException) for c in classes):
            self.refuse(handler, "a handler of something that is no exception class")
        return classes

    def dead_behind(self, node: gast.AST, sides: Sequence[Side]) -> Callable[[str], bool]:
        """Whether a variable is not read behind a branch; where both sides return, none of the frame's own is."""
        if all(s.result is not None for s in sides):
            frame = self.frame
            if frame.number == 0:
                return lambda key: True
            kept = {frame.key(n) for n in frame.captured}
            return lambda key: frame.owns(key) and key not in kept
        return self.dead_after(node)


_COMPOUND = (gast.If, gast.For, gast.While, gast.With, gast.Try)


def _is_certain(op: Operation) -> bool:
    """Whether an operation raises nothing: it takes a whole apart, or asks for the lengths of an array or a list."""
    if not isinstance(op, Apply):
        return False
    measures = op.primitive is SHAPE or op.primitive.function is len
    return op.primitive in (EXTRACT, MAKE) or (measures and not op.operands[0].type.in_doubt)


def _may_raise(statement: gast.AST) -> bool:
    """Whether a statement does more than bind a name to another one or to a constant."""
    simple = isinstance(statement, gast.Assign) and isinstance(statement.value, (gast.Constant, gast.Name))
    inner = [s for kind in ("body", "orelse") for s in getattr(statement, kind, [])]
    if isinstance(statement, _COMPOUND):
        return len(inner) > 1 or any(map(_may_raise, inner)) or not isinstance(inner[0], gast.Raise)
    return not (simple or isinstance(statement, gast.Pass))


def _only_raises(side: Side) -> bool:
    """Whether a handler does nothing that can be seen but raise the exception again."""
    block = side.builder.block((), ())
    last = block.operations[-1] if block.operations else None
    effects = [o for o in walk(block) if isinstance(o, Apply) and o.primitive.effect is Effect.IO]
    again = isinstance(last, Apply) and last.primitive.name == "raise" and not last.static
    return again and effects == [last]
