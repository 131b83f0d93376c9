"""Lists sorted by keys that are known at run time only: their items are taken in another order from one array.

    simplex.sort(key=f)        order = np.argsort([f(p) for p in simplex], kind="stable")
                               points = np.stack(simplex); simplex = [points[k] for k in order]

An item of the result may be any of the items before, which keep their own memory: what is changed in one of them, while
another may be seen, is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import gast
import numpy as np

from s2sad.frontend.library import in_python
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.terms import Term
from s2sad.ir.containers import GETITEM
from s2sad.ir.types import ContainerType, Type
from s2sad.ir.values import Operand, constant, is_operand


def sorted_by(
    lowering: Lowering, terms: Sequence[Term], keys: Sequence[Term], backward: bool, node: gast.AST
) -> Term | None:
    """The list of these terms in the order of their keys; None where there is no telling what an item would be."""
    items, numbers = list(map(lowering.to_operand, terms)), list(map(lowering.to_operand, keys))
    if not all(k.type.is_scalar for k in numbers) or not _alike(items):
        return None
    array = lowering.apply(np.array, [lowering.builder.make(list, tuple(range(len(numbers))), numbers)])
    if backward:
        array = lowering.apply(np.negative, [lowering.to_operand(array)])
    order = lowering.to_operand(lowering.call(constant(np.argsort), [array], {"kind": constant("stable")}, node, None))
    places = [lowering.builder.apply(GETITEM, (order, constant(k))) for k in range(len(items))]
    return lowering.new(list, [lowering.maybe_view(o, "sorted", terms) for o in _taken(lowering, items, places)])


def _alike(items: Sequence[Operand]) -> bool:
    """Whether values can be rows of one array, or tuples of such values; NumPy looks at their lengths."""
    return len({_form(i.type) for i in items}) == 1 and _form(items[0].type) is not None


def _form(t: Type) -> tuple[object, ...] | None:
    if isinstance(t, ContainerType):
        forms = tuple(map(_form, t.items))
        return forms if t.cls is tuple and None not in forms else None
    return (t.rank,) if t.is_numeric and t.shape is not None else None


def _taken(lowering: Lowering, items: Sequence[Operand], places: Sequence[Operand]) -> list[Operand]:
    """The items at these places."""
    first = items[0].type
    if isinstance(first, ContainerType):
        columns = [_taken(lowering, [lowering.builder.extract(i, k) for i in items], places) for k in first.keys]
        return [lowering.builder.make(tuple, first.keys, row) for row in zip(*columns, strict=True)]
    joined = np.array if first.is_scalar else np.stack
    rows = lowering.to_operand(lowering.apply(joined, [lowering.builder.make(list, tuple(range(len(items))), items)]))
    return [lowering.builder.apply(GETITEM, (rows, k)) for k in places]


def sorted_many(lowering: Lowering, items: Term, key: Term, backward: bool, node: gast.AST) -> Term:
    """`sorted(items, key=key)` of so many items as a run has."""
    bound = {"rows": _rows(lowering, items, node), "key": key, "reverse": constant(backward)}
    return lowering.synthetic(in_python.sorted_, bound, node)


def extremum_of_many(
    lowering: Lowering, greatest: bool, items: Term, key: Term, default: Term | None, node: gast.AST
) -> Term:
    """`max(items, key=key, default=default)`, or `min`, of so many items as a run has: the first one that is best."""
    rows = _rows(lowering, items, node)
    function = in_python.max_by_ if greatest else in_python.min_by_

    def found() -> Term:
        return lowering.synthetic(function, {"rows": rows, "key": key}, node)

    if default is None:
        return found()
    count = lowering.to_operand(lowering.call(constant(len), [rows], {}, node, None))
    some = lowering.apply(np.greater, [count, constant(0)])
    return lowering.choose(some, found, lambda: default, node)


def _rows(lowering: Lowering, items: Term, node: gast.AST) -> Term:
    """Items that can be read by their places."""
    return items if is_operand(items) else lowering.synthetic(in_python.items_, {"xs": items}, node)
