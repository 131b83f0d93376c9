"""How modules are spelled that numba compiles: Python, but for what numba does not know.

for k in reversed(range(n))   for k in range(n - 1, -1, -1)
{"w": w, "b": b}              (w, b)
"""

from __future__ import annotations

import ast
from dataclasses import replace

from s2sad.backends.numba.forms import is_record, numba_expression
from s2sad.backends.numba.helpers import HELPERS
from s2sad.emit.expressions import Read
from s2sad.emit.spelling import Spelling
from s2sad.emit.statements import counted_down, placeholder, placeholder_text
from s2sad.ir.types import ArrayType, ContainerType, SequenceType, Type
from s2sad.ir.values import Apply, Constant, For


class NumbaSpelling(Spelling):
    """The Python that numba compiles."""

    helpers = HELPERS

    def expression(self, op: Apply, read: Read) -> ast.expr:
        return numba_expression(op, read)

    def constant(self, constant: Constant) -> Constant:
        """A dict or an object as the tuple of its items, an empty list as an empty tuple."""
        t = constant.type
        if isinstance(t, ContainerType) and not t.items:
            return Constant((), replace(t, cls=tuple))
        if not is_record(t) or not isinstance(constant.value, dict):
            return constant
        items = tuple(constant.value[k] for k in t.keys)
        return Constant(items, replace(t, cls=tuple, keys=tuple(range(len(items)))))

    def placeholder(self, t: Type) -> Constant:
        """An empty list says of what it is one."""
        return Constant(None, t, f"[{_item_text(t.item)}][:0]") if isinstance(t, SequenceType) else placeholder(t)

    def counter(self, op: For, read: Read, backward: bool) -> ast.expr:
        """A plain range, backward too."""
        if not backward:
            return super().counter(op, read, backward)
        # numba compiles `range`, and no `reversed` of it
        return counted_down(read(op.start), read(op.stop), read(op.step))


def _item_text(t: Type) -> str:
    """An item that tells numba the type of a list."""
    if isinstance(t, SequenceType):
        return f"[{_item_text(t.item)}]"
    if isinstance(t, ArrayType) and t.is_scalar and t.dtype is not None:
        return {"b": "False", "i": "0", "u": "0", "c": "0j"}.get(t.dtype.kind, "0.0")
    return placeholder_text(t)
