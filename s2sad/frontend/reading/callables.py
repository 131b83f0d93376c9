"""What can be called: the Python function that it leads to, its code and file, its name in text, its signature."""

from __future__ import annotations

import functools
import inspect
import linecache
import types
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from s2sad.ir.installed import root_of
from s2sad.ir.marks import is_checkpoint, is_derivative
from s2sad.ir.user_rules import BoxRule, Custom

UserFunction: TypeAlias = Callable[..., object]
"""Whatever a user may call."""
UserValue: TypeAlias = Any
"""What a function of the user's takes or gives: of which type it is, only its caller knows."""


@dataclass(frozen=True)
class Spread:
    """A function that takes `*args` or `**kwargs`, for so many arguments and these keywords.

    `names` are those of the arguments, the first `count` by position.
    """

    # Where docstrings are left out, dataclass would make one of the signature of the class, which has none.
    __doc__ = __doc__ or "A function for so many arguments."
    function: UserFunction
    names: tuple[str, ...]
    count: int

    @property
    def __name__(self) -> str:
        return str(getattr(self.function, "__name__", "function"))

    @property
    def __signature__(self) -> inspect.Signature:
        P = inspect.Parameter
        kinds = [P.POSITIONAL_OR_KEYWORD] * self.count + [P.KEYWORD_ONLY] * (len(self.names) - self.count)
        return inspect.Signature([P(n, kind) for n, kind in zip(self.names, kinds, strict=True)])

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self.function(*args, **kwargs)


SENT = "<dynamic-code>"
"""What cloudpickle puts in the place of the file of a function that it sends."""


def inner_part(target: object) -> str | None:
    """The attribute in which a callable of a library has the function that it is: one with a cache, one of numba's."""
    if isinstance(target, functools._lru_cache_wrapper):
        return "__wrapped__"
    of_numba = root_of(type(target).__module__) == "numba"
    return "py_func" if of_numba and isinstance(getattr(target, "py_func", None), types.FunctionType) else None


def python_function(target: Any) -> types.FunctionType | None:
    """The Python function that a callable leads to: that of a method, of a `partial`, of an object's `__call__`."""
    while not isinstance(target, types.FunctionType):
        if isinstance(target, Spread):
            target = target.function
        elif is_checkpoint(target):
            target = target.target
        elif isinstance(target, functools.partial):
            target = target.func
        elif isinstance(target, types.MethodType):
            target = target.__func__
        elif inner_part(target) is not None:
            target = getattr(target, str(inner_part(target)))
        elif isinstance(target, Custom):
            target = target.fun
        elif isinstance(target, BoxRule):
            target = target.function
        elif isinstance(target, type):
            return None
        else:
            target = inspect.getattr_static(type(target), "__call__", None)
            if not isinstance(target, types.FunctionType):
                return None
    return target


def code_in_file(function: types.FunctionType) -> types.CodeType:
    """The code of a function, with the file that it is written in.

    cloudpickle, by which joblib and dask send the functions of a script, leaves that file out, but in the globals.
    """
    code, file = function.__code__, function.__globals__.get("__file__")
    if not code.co_filename.startswith("<") or linecache.getlines(code.co_filename, function.__globals__):
        return code
    return code.replace(co_filename=file) if isinstance(file, str) and linecache.getlines(file) else code


def callable_name(target: object) -> str:
    """The name of a function or derivative in emitted text."""
    function = python_function(target) if not is_derivative(target) else None
    name = str(getattr(target, "__name__", None) or getattr(function, "__name__", "f"))
    if name == "__call__":
        name = type(target).__name__.lower()
    # as Python reads it: some letters are written in several ways
    name = unicodedata.normalize("NFKC", name)
    return name if name.isidentifier() else "function"


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


def positional_names(target: object, count: int) -> list[str]:
    """Names for the first arguments of a function that takes `*args`: those of the function that it wraps, if any."""
    for signature in (signature_of(target), signature_of(target, follow=True)):
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        names = [p.name for p in signature.parameters.values() if p.kind in kinds]
        if len(names) >= count:
            return names[:count]
    rest = next((p.name for p in signature_of(target).parameters.values() if p.kind is p.VAR_POSITIONAL), "args")
    return [*names, *(f"{rest}_{k}" for k in range(len(names), count))]
