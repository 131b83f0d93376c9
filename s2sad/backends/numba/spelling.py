"""The text that numba compiles: loops that count, tuples for objects, helpers for what it does not know.

np.add.at(x, k, g)                add_at(x, k, g)
for i in reversed(range(n)):      for i in range(n - 1, -1, -1):
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from s2sad.backends.numba.forms import array_index, index_rank, is_record, numba_expression
from s2sad.backends.numba.helpers import HELPERS
from s2sad.emit.expressions import Read
from s2sad.emit.spelling import Spelling
from s2sad.emit.statements import call, integer, placeholder, placeholder_text, plus
from s2sad.ir.containers import index_items
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

    def update(self, text: str, types: Sequence[Type], once: bool) -> str:
        """Loops in helpers for sums at index arrays."""
        if not text.startswith("np.add.at"):
            return text
        _, index, g = types
        ranks = [index_rank(i) for i in index_items(index)]
        if ranks == [1]:
            return "add_number_at(_0, _1, _2)" if g.rank == 0 else "add_at(_0, _1, _2)"
        if ranks == [1, 1] and g.rank != 0:
            return "add_at_pairs(_0, _1[0], _1[1], _2)"
        return text

    def index(self, index: ast.expr) -> ast.expr:
        return array_index(index)

    def counter(self, op: For, read: Read, backward: bool) -> ast.expr:
        """A plain range, backward too, where the step is known."""
        by = op.step.value if isinstance(op.step, Constant) else None
        if not isinstance(by, int) or by == 0:
            return super().counter(op, read, backward)
        # numba compiles `range`, and no `reversed` of it
        start, stop = read(op.start), read(op.stop)
        if not backward:
            zero = isinstance(start, ast.Constant) and start.value == 0
            parts = [stop] if by == 1 and zero else [start, stop] if by == 1 else [start, stop, integer(by)]
            return call("range", parts)
        # backward by one step the ends change places, and each moves by one: no last item need be counted
        if by == 1:
            return call("range", [plus(stop, -1), plus(start, -1), integer(-1)])
        if by == -1:
            return call("range", [plus(stop, 1), plus(start, 1)])
        # by longer steps the last item need not be the one before `stop`
        count = call("len", [call("range", [start, stop, integer(by)])])
        last = ast.BinOp(start, ast.Add(), ast.BinOp(plus(count, -1), ast.Mult(), integer(by)))
        return call("range", [last, plus(start, -by), integer(-by)])


def _item_text(t: Type) -> str:
    """An item that tells numba the type of a list."""
    if isinstance(t, SequenceType):
        return f"[{_item_text(t.item)}]"
    if isinstance(t, ArrayType) and t.is_scalar and t.dtype is not None:
        return {"b": "False", "i": "0", "u": "0", "c": "0j"}.get(t.dtype.kind, "0.0")
    return placeholder_text(t)
