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
