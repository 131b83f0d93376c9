"""The signature by which a function of the user or of a library is called."""

from __future__ import annotations

import functools
import inspect
import types
from typing import Any

import numpy as np


def signature_of(target: Any, follow: bool = False) -> inspect.Signature:
    """The signature by which a function is called: that of a decorator's wrapper; with `follow` of what it wraps."""
    if isinstance(target, np.ufunc):
        names = ["x"] if target.nin == 1 else [f"x{k + 1}" for k in range(target.nin)]
        return inspect.Signature([inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in names])
    if isinstance(target, types.FunctionType):
        if follow or target.__defaults__ or target.__kwdefaults__ or target.__annotations__ or target.__dict__:
            return inspect.signature(target, follow_wrapped=follow)
        return _bare_signature(target.__code__)
    try:
        return inspect.signature(target)
    except ValueError:  # a function in C may have none
        P = inspect.Parameter
        return inspect.Signature([P("args", P.VAR_POSITIONAL), P("kwargs", P.VAR_KEYWORD)])


@functools.lru_cache(maxsize=1024)
def _bare_signature(code: types.CodeType) -> inspect.Signature:
    """The signature of functions of a code that have no defaults and no annotations."""
    cells = tuple(types.CellType() for _ in code.co_freevars)
    return inspect.signature(types.FunctionType(code, {}, closure=cells or None))


def positional_names(target: Any, count: int) -> list[str]:
    """Names for the first arguments of a function that takes `*args`: those of the function that it wraps, if any."""
    for signature in (signature_of(target), signature_of(target, follow=True)):
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        names = [p.name for p in signature.parameters.values() if p.kind in kinds]
        if len(names) >= count:
            return names[:count]
    rest = next((p.name for p in signature_of(target).parameters.values() if p.kind is p.VAR_POSITIONAL), "args")
    return [*names, *(f"{rest}_{k}" for k in range(len(names), count))]
