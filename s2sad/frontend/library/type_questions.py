"""What a program asks about the types of its values: answered at compile time, so that a branch on it is no branch.

    if np.ndim(x) == 1: ...        if np.iscomplexobj(x): ...        if np.issubdtype(x.dtype, np.floating): ...

Where the types do not settle the answer, the question stays in the program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from s2sad.frontend.terms.terms import Closure, Derived, Method, Partial, Term
from s2sad.ir.types import ArrayType, StaticType
from s2sad.ir.values import Constant, Value, constant

OF_TYPES = (np.issubdtype, np.can_cast, np.finfo, np.iinfo, np.promote_types, np.isdtype)
"""Questions about what is itself known at compile time."""


def _is_scalar(t: ArrayType) -> bool | None:
    if t.kind == "array" or t.shape:
        return False
    return True if t.kind == "python" else None


_OF_ONE: dict[Callable[..., Any], Callable[[ArrayType], int | bool | None]] = {
    np.ndim: lambda t: t.rank,
    np.isscalar: _is_scalar,
    np.iscomplexobj: lambda t: None if t.dtype is None else t.is_complex,
    np.isrealobj: lambda t: None if t.dtype is None else not t.is_complex,
    callable: lambda t: False,
}
QUESTIONS = frozenset({*_OF_ONE, np.result_type})


def answer(function: Any, arguments: Sequence[Term], keywords: Mapping[str, Term]) -> Term | None:
    """The answer where the types of the arguments settle it; the arguments are opened."""
    if keywords or not arguments:
        return None
    if function is np.result_type:
        given = [_promoted(a) for a in arguments]
        return None if any(g is None for g in given) else constant(np.result_type(*given))
    (asked, *more) = arguments
    if callable is function and isinstance(asked, (Closure, Partial, Method, Derived)):
        return constant(True)
    if more or not isinstance(asked, (Value, Constant)) or not isinstance(asked.type, ArrayType):
        return None
    found = _OF_ONE[function](asked.type)
    return None if found is None else constant(found)


def _promoted(term: Term) -> Any:
    """What a value counts as in promotion: its dtype, a Python number; None where that is not known."""
    t = term.type if isinstance(term, (Value, Constant)) else None
    if isinstance(t, StaticType):
        return t.value
    if not isinstance(t, ArrayType) or t.dtype is None or t.kind == "any":
        return None
    return t.dtype.type(0).item() if t.kind == "python" else t.dtype


def is_of_unknown_kind(term: Term) -> bool:
    """Whether a value may be anything: what a function gives that stands in the program as it is."""
    return isinstance(term, Value) and isinstance(term.type, ArrayType) and term.type.dtype is None
