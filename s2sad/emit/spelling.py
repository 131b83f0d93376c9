"""How the text of a module is spelled: plain Python, or the Python that a compiler of it reads, a class of its own."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from s2sad.emit.expressions import Read, expression
from s2sad.emit.statements import call, placeholder
from s2sad.ir.types import Type
from s2sad.ir.values import Apply, Constant, For, is_int


class Spelling:
    """Plain Python, as NumPy runs it. What reads other text overrides what it has other forms for."""

    helpers: Mapping[str, Callable[..., object]] = {}
    """Functions that are written into a module which calls them, beside those that stand for primitives."""

    def expression(self, op: Apply, read: Read) -> ast.expr:
        """The expression of an operation, its operands given by `read`."""
        return expression(op, read)

    def constant(self, constant: Constant) -> Constant:
        """A constant that can be written."""
        return constant

    def placeholder(self, t: Type) -> Constant:
        """What stands for a value of a branch that was not taken."""
        return placeholder(t)

    def counter(self, op: For, read: Read, backward: bool) -> ast.expr:
        """`range(...)` of a loop, from its end where it goes `backward`."""
        start, stop, step = (read(o) for o in (op.start, op.stop, op.step))
        one = is_int(op.step, 1)
        zero = is_int(op.start, 0)
        counter = call("range", [stop] if one and zero else [start, stop] if one else [start, stop, step])
        return call("reversed", [counter]) if backward else counter


PYTHON = Spelling()
