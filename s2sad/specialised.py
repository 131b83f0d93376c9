"""What a pattern of arguments leads to: the emitted function in its module, with the variables that it captures."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from s2sad import cache
from s2sad.frontend.context import Variable
from s2sad.ir.types import Type

Statics = tuple[tuple[int, tuple[object, ...]], ...]


@dataclass(eq=False)
class Specialised:
    """The emitted function for one pattern: `call` takes the arguments in the order of the parameters."""

    call: Callable[..., Any]
    function: Callable[..., Any]
    source: str
    module: types.ModuleType
    given: tuple[Type, ...] = ()
    """The types of the parameters."""
    pattern: tuple[Type, ...] = ()
    """The same, with the values of what must be known."""


@dataclass(eq=False)
class Family:
    """What one pattern of arguments leads to: the leaves that must be static, and the captured variables."""

    statics: Statics = ()
    captured: tuple[Variable, ...] = ()
    members: dict[object, Specialised] = field(default_factory=dict)


def source_of(module: Any) -> str:
    """The text of a derivative, which its entry has as `.source`; read once."""
    function = getattr(module, module.__s2sad_meta__["entry"])
    if not hasattr(function, "source"):
        function.source = cache.user_text(Path(module.__file__).read_text(encoding="utf-8"))
    return str(function.source)


def bound(module: Any, captured: tuple[Variable, ...], names: Sequence[str]) -> Specialised:
    """The entry of a module, its captured variables read at each call."""
    function = getattr(module, module.__s2sad_meta__["entry"])
    text = source_of(module)
    if not captured:
        return Specialised(_positional(function), function, text, module)

    def call(*args: Any) -> Any:
        return function(*args, *(v.read() for v in captured))

    def by_name(*args: Any) -> Any:
        return function(**dict(zip(names, args, strict=False)), **{v.shown: v.read() for v in captured})

    plain = functools.partial(function, **{v.shown: v.read() for v in captured})
    plain.source = text  # type: ignore[attr-defined]
    return Specialised(by_name if function.__code__.co_kwonlyargcount else call, plain, text, module)


def _positional(function: Any) -> Callable[..., Any]:
    """The function taking all its arguments by position."""
    code = function.__code__
    if not code.co_kwonlyargcount:
        return function  # type: ignore[no-any-return]
    n = code.co_argcount
    names = code.co_varnames[n : n + code.co_kwonlyargcount]
    return lambda *args: function(*args[:n], **dict(zip(names, args[n:], strict=True)))
