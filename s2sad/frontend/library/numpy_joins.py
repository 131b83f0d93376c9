"""Lists as arguments of functions of NumPy; joins of the rows of an array, or of a list of run-time length."""

from __future__ import annotations

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.terms.terms import Term, is_array
from s2sad.ir.primitive import Primitive
from s2sad.ir.types import Type, leaves
from s2sad.ir.values import Value, constant

JOINS = frozenset({np.concatenate, np.stack, np.vstack, np.hstack})
"""The functions that join arrays, given as a list, as the rows of one, or as a list of run-time length."""


def is_many(term: Term) -> bool:
    """Whether a term is an array of run time, or may be one."""
    return is_array(term) or (isinstance(term, Value) and term.type.is_numeric and term.type.rank != 0)


def is_numbers(t: Type) -> bool:
    """Whether a type is that of a list of numbers, or of lists of them."""
    if t.cls in (list, tuple):
        return bool(t.items) and all(map(is_numbers, t.items))
    return t.is_scalar


def is_list_of_floats(t: Type) -> bool:
    """Whether a type is that of a list of numbers, not all of them integers, as a shape or an index is."""
    inexact = any(leaf.is_inexact for leaf in leaves(t))
    return t.is_container and is_numbers(t) and inexact


def join_rows(
    lowering: Lowering, primitive: Primitive, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
) -> Term:
    """The rows of an array, or the items of a list of run-time length, joined: the array in another shape."""
    array = lowering.to_operand(arguments[0]) if lowering.is_rows(arguments[0]) else lowering.as_array(arguments[0])
    rank = array.type.rank
    axis = lowering.static(keywords.get("axis", arguments[1] if len(arguments) > 1 else constant(0)), node)
    if not rank:
        lowering.refuse(node, f"{primitive.name} of rows whose rank is not known", "annotate them", UnsupportedType)

    def moved_to(k: int) -> Term:
        return array if k == 0 else lowering.apply_to(np.moveaxis, [array, constant(0), constant(k)], node)

    if primitive.function is np.stack:
        return moved_to(axis)
    if primitive.function is np.vstack and rank <= 2:
        return array if rank == 2 else lowering.apply_to(np.expand_dims, [array, constant(1)], node)
    if primitive.function in (np.vstack, np.hstack):
        axis = int(primitive.function is np.hstack)
    if axis is None or rank <= 2:
        return lowering.apply_to(np.reshape, [array, constant(-1)], node)
    if not -rank < axis < rank - 1:
        lowering.refuse(node, f"{primitive.name}: axis {axis} of rows of rank {rank - 1}", "", UnsupportedType)
    k, shape = axis % (rank - 1), lowering.attribute(array, "shape", node)
    assert isinstance(shape, tuple)
    lengths = (*shape[1 : k + 1], constant(-1), *shape[k + 2 :])
    return lowering.apply_to(np.reshape, [moved_to(k), lengths], node)
