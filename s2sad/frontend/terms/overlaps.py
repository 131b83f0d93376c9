"""Stores of a part of an array into another part of it, in which NumPy reads what it has written already.

    m[1] = m[:, 2]          m[1, 2] is written from m[2, 2], and then m[1, 1] is read from it

NumPy copies what it stores first where the target has two axes and more; of a target of one axis it chooses the
direction alone, which is right where both parts go through the memory at one pace. Where they do not, and it is not
known that they are apart, the outcome is of NumPy's making (`raw_array_assign_array`), not of the program's.
"""

from __future__ import annotations

import gast

from s2sad.errors import UnsupportedType
from s2sad.frontend.terms.arrays import WHOLE, ArrayCells, is_integer
from s2sad.frontend.terms.terms import Ref, Slice, Step, Term, View, is_array, is_none, known_integer
from s2sad.ir.containers import GETITEM
from s2sad.ir.dims import Dim, dim_sum, may_be_negative
from s2sad.ir.values import is_operand


def refuse_crossing(cells: ArrayCells, base: Term, index: Term, term: Term, node: gast.AST) -> None:
    """Refuse `base[index] = term` where NumPy may read what it has written."""
    if not isinstance(term, View) and not (isinstance(term, Ref) and is_array(term)):
        return
    target = cells.view(base, Step(GETITEM, tuple(cells.index_items(index, cells.rank(base)))))
    rank = cells.rank(target.ref)
    source = term if isinstance(term, View) else View(term, ())
    if rank is not None and is_read_while_written(target, source, rank):
        what = "a part of an array is stored into a part of it that it may cross: NumPy reads what it has written"
        cells.refuse(node, what, "store a copy of it: `.copy()`", UnsupportedType)


def is_read_while_written(target: View, source: View, rank: int) -> bool:
    """Whether one of two parts of an array of that many axes may be written while the other is read."""
    if target.ref != source.ref or len(target.steps) > 1 or len(source.steps) > 1:
        return False
    # NumPy copies what has several axes; what it takes by a mask or by indices is a copy already
    written, read = (_items(view, rank) for view in (target, source))
    if written is None or read is None or sum(isinstance(i, Slice) for i in written) != 1:
        return False
    pairs = [*zip(written, read, strict=False)]
    if len(written) == len(read) and all(_same_pace(w, r) for w, r in pairs):
        return False
    return not any(_apart(w, r) or _apart(r, w) for w, r in pairs)


def _items(view: View, rank: int) -> tuple[Term, ...] | None:
    """What a view takes of each axis, where these are integers and slices."""
    items = view.steps[0].operands if view.steps else ()
    if view.steps and view.steps[0].primitive is not GETITEM:
        return None
    if not all(isinstance(i, Slice) or is_integer(i) for i in items):
        return None
    return (*items, *[WHOLE] * (rank - len(items)))


def _same_pace(a: Term, b: Term) -> bool:
    """Whether two items go along one axis at one pace, or in opposite directions, where NumPy copies; or not at all."""
    if isinstance(a, Slice) and isinstance(b, Slice):
        p, q = (1 if is_none(s.step) else known_integer(s.step) for s in (a, b))
        return p is not None and q is not None and (p == q or p * q < 0)
    return isinstance(a, Slice) == isinstance(b, Slice)


def _apart(a: Term, b: Term) -> bool:
    """Whether an index is known to lie in front of a slice or another index, or a slice behind."""
    first = _size(b.start) if isinstance(b, Slice) and _is_forward(b) else _size(b)
    last = _end(a) if isinstance(a, Slice) else _size(a)
    return first is not None and last is not None and not may_be_negative(dim_sum(dim_sum(first, last, -1), 1, -1))


def _end(part: Slice) -> Dim | None:
    """The last index that a slice may take."""
    stop = _size(part.stop)
    return None if stop is None or not _is_forward(part) else dim_sum(stop, 1, -1)


def _is_forward(part: Slice) -> bool:
    return is_none(part.step) or (known_integer(part.step) or 0) > 0


def _size(index: Term) -> Dim | None:
    """An index that is known as an integer, or as a sum of lengths and counters, and is not counted from the end."""
    size = index.type.size if is_operand(index) else None
    return None if size is None or may_be_negative(size) else size
