"""What a program asks about the types of its values: answered at compile time, so that a branch on it is no branch.

    if np.ndim(x) == 1: ...        if np.iscomplexobj(x): ...        if np.issubdtype(x.dtype, np.floating): ...

Where the types do not settle the answer, the question stays in the program.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import Meaning, meaning, pure
from s2sad.frontend.terms.terms import Closure, Derived, Method, Partial, Term
from s2sad.ir.types import ArrayType, StaticType
from s2sad.ir.values import constant, is_operand

pure(np.issubdtype, np.can_cast, np.finfo, np.iinfo, np.promote_types, np.isdtype)  # of what is known itself


def _of_one(answer: Callable[[ArrayType], int | bool | None]) -> Meaning:
    """A question about the type of one number or array; None where the type does not settle it."""

    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term | None:
        opened = [lowering.open(a) for a in args]
        if kw or len(opened) != 1 or not is_operand(opened[0]):
            return None
        known = answer(opened[0].type) if isinstance(opened[0].type, ArrayType) else None
        return None if known is None else constant(known)

    return handler


def _is_scalar(t: ArrayType) -> bool | None:
    if t.kind == "array" or t.shape:
        return False
    return True if t.kind == "python" else None


meaning(np.ndim, before_rule=True)(_of_one(lambda t: t.rank))
meaning(np.isscalar)(_of_one(_is_scalar))


def _of_dtype(answer: Callable[[np.dtype[Any]], bool]) -> Meaning:
    """What the dtype alone settles: it must be known."""
    of_one = _of_one(lambda t: None if t.dtype is None else answer(t.dtype))

    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        known = of_one(lowering, args, kw, node)
        if known is not None:
            return known
        t = lowering.to_operand(lowering.as_array_term(args[0])).type
        if not t.is_numeric or t.dtype is None:
            lowering.refuse(node, "the dtype is not known at compile time", "annotate the argument", UnsupportedType)
        return constant(answer(t.dtype))

    return handler


meaning(np.iscomplexobj)(_of_dtype(lambda dtype: dtype.kind == "c"))
meaning(np.isrealobj)(_of_dtype(lambda dtype: dtype.kind != "c"))


@meaning(callable)
def _callable(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term | None:
    opened = None if kw or not args else lowering.open(args[0])
    if isinstance(opened, (Closure, Partial, Method, Derived)):
        return constant(True)
    of_items = is_operand(opened) and (opened.type.is_container or opened.type.is_sequence)
    if of_items or isinstance(opened, (list, tuple, dict)):
        return constant(False)
    return _no_function(lowering, args, kw, node)


_no_function = _of_one(lambda t: False)


@meaning(np.result_type)
def _result_type(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term | None:
    promoted = [_promoted(lowering.open(a)) for a in args]
    return None if kw or not args or any(p is None for p in promoted) else constant(np.result_type(*promoted))


def _promoted(term: Term) -> Any:
    """What a value counts as in promotion: its dtype, a Python number; None where that is not known."""
    t = term.type if is_operand(term) else None
    if isinstance(t, StaticType):
        return t.value
    if not isinstance(t, ArrayType) or t.dtype is None or t.kind in ("any", "either"):
        return None
    return t.dtype.type(0).item() if t.kind == "python" else t.dtype
