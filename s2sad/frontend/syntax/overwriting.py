"""Flags of library functions that let them write into an argument: `overwrite_b=True`, `output=y`.

What is in such an array afterwards is the library's own business, and not what a derivative could follow. Where nobody
sees the array again the flag means nothing; else the call is refused.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import gast

from s2sad.errors import UnsupportedCall
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import meaning_of
from s2sad.frontend.terms.terms import Term, is_none, is_static, static_value
from s2sad.ir.definition import has_rule
from s2sad.ir.objects import LIBRARIES
from s2sad.ir.primitive import Effect
from s2sad.ir.values import Apply, Value

ARRAYS = ("out", "output")
TARGETS = (*ARRAYS, "inplace")
"""Parameters that are the array written into, or say that the first one is."""


@lru_cache(maxsize=1024)
def flags_of(function: Any) -> Mapping[str, str]:
    """The parameters of a library function that let it write, each with the one that is the array."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # it has no signature
        return {}
    flags: dict[str, str] = {}
    for name in names:
        if name.startswith("overwrite"):
            written = name.removeprefix("overwrite_")
            flags[name] = written if written in names else names[0]
        elif name in TARGETS:
            flags[name] = names[0] if name == "inplace" else name
    return flags


def check_overwritten(
    lowering: Lowering, f: Any, arguments: Sequence[Term], keywords: Mapping[str, Term], node: gast.AST
) -> None:
    """Refuse a call that writes where its effect could be seen, and is not followed."""
    module = getattr(f, "__module__", None) or ""
    if not callable(f) or module.split(".")[0] not in LIBRARIES or not isinstance(hash_of(f), int):
        return
    flags = flags_of(f)
    if not flags:
        return
    try:
        bound = inspect.signature(f).bind_partial(*arguments, **keywords).arguments
    except TypeError:
        return
    for flag, written in flags.items():
        term = bound.get(flag)
        if term is None or is_none(term) or (is_static(term) and (flag in ARRAYS or not static_value(term))):
            continue  # what is known at compile time is no array: a dtype, or what kind of result there is to be
        if flag in TARGETS and (has_rule(f) or meaning_of(f) is not None):
            continue
        if flag in TARGETS or not _is_passing(lowering, bound.get(written)):
            name = getattr(f, "__name__", str(f))
            lowering.refuse(
                node,
                f"{name} with {flag} writes into an array that may be read afterwards",
                f"leave {flag} out, and use what the call gives",
                UnsupportedCall,
            )


def hash_of(f: object) -> int | None:
    try:
        return hash(f)
    except TypeError:
        return None


def _is_passing(lowering: Lowering, term: Any) -> bool:
    """Whether an array has no name, and shares its memory with none that has."""
    if not isinstance(term, Value):
        return term is None or is_static(term)
    made = next((op for op in reversed(lowering.builder.operations) if term in op.results), None)
    fresh = isinstance(made, Apply) and made.primitive.effect_of([o.type for o in made.operands]) is Effect.FRESH
    return fresh and term.hint is None and not lowering.has_name(term)
