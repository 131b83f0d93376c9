"""What a pattern of arguments leads to: the emitted function in its module, with the variables that it captures."""

from __future__ import annotations

import functools
import threading
import types
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from s2sad import cache
from s2sad.backends import Runner
from s2sad.backends.runner import Call
from s2sad.compiler.transform import is_constant
from s2sad.dispatch.lengths import Fits
from s2sad.frontend.dependencies import Guards, Seen, Variable
from s2sad.ir.signature import fast_key, instant_key
from s2sad.ir.types import Type
from s2sad.view.cell import shown
from s2sad.view.text import Text

Statics = tuple[tuple[int, tuple[object, ...]], ...]
"""Leaves of the arguments: the position of the parameter, and the keys into it."""


Places = tuple[tuple[int, str | None], ...]
"""The looks that found captured variables, and how each is called."""


@dataclass(eq=False)
class Specialised:
    """The emitted function for one pattern: `call` takes the arguments in the order of the parameters."""

    call: Call
    function: Call
    source: Text
    module: types.ModuleType
    given: tuple[Type, ...] = ()
    """The types of the parameters."""
    pattern: tuple[Type, ...] = ()
    """The same, with the values of what must be known."""
    reverse: Call | None = None
    """The second sweep of a pair, of (residuals, cotangents), where it is not the function of that name itself."""
    guards: Guards = field(default_factory=Guards)
    seen: Seen | None = None
    """What was read to make it; None where it came from another process."""
    statics: Statics = ()
    """The leaves of the arguments that are known in it."""
    known: tuple[object, ...] = ()
    """Their values."""
    captured: tuple[Variable, ...] = ()
    places: Places = ()
    watched: tuple[Variable, ...] = ()
    """These, and those of which the type alone was read."""
    outside: object = None
    """The pattern of what they hold, which goes on where that of the arguments ends."""
    fits: Fits | None = None
    """Whether it is for the lengths of a call; None where it is for all of its pattern."""
    seconds: float | None = None
    """How long it took to compile; None where it was found."""

    def serves(self, dims: Mapping[int, int]) -> bool:
        """Whether it is for what is outside now, and for lengths like these among the arguments."""
        if self.watched:
            dims = dict(dims)
            if outside_key(self.watched, dims) != self.outside:
                return False
        return self.fits is None or self.fits(*dims)


_LOCK = threading.Lock()


class Kept:
    """What was compiled, some forms for each key; the oldest are forgotten."""

    def __init__(self) -> None:
        self.known: OrderedDict[object, list[Specialised]] = OrderedDict()

    def add(self, key: object, member: Specialised) -> None:
        """Remember what was compiled."""
        with _LOCK:
            # The last one first: it is the likeliest to be asked for again.
            self.known[key] = [member, *self.known.get(key, ())][:MAX_FORMS]
            self.known.move_to_end(key)
            while len(self.known) > MAX_MEMBERS:
                self.known.popitem(last=False)


class Family(Kept):
    """What one pattern of arguments leads to, by the values of those that are known: the leaves `statics`."""

    def __init__(self, statics: Statics) -> None:
        super().__init__()
        self.statics = statics


MAX_FORMS = 8
"""How many derivatives of one piece of code are kept: they see other integers, strings or functions."""
MAX_MEMBERS = 128
"""For how many values of arguments that must be known they are kept, and of how many pieces of code."""
MAX_FAMILIES = 256
"""For how many patterns of arguments a derivative keeps what it was compiled for."""


def drop_oldest(table: dict[Any, Any]) -> None:
    """Forget what a derivative was compiled for first, where that is for too many patterns."""
    with _LOCK:
        while len(table) > MAX_FAMILIES:
            del table[next(iter(table))]


def outside_key(variables: Sequence[Variable], dims: dict[int, int]) -> object:
    """The pattern of what captured variables hold; `dims` are the lengths among the arguments, and then theirs too."""
    statics: list[object] = []
    key = fast_key([v.pattern() for v in variables], dims, statics)
    return (key, tuple(map(instant_key, statics)))


def source_of(module: Any) -> Text:
    """The text of a derivative, which its entry has as `.source`, or the module where that is not Python; read once."""
    function = getattr(module, module.__s2sad_meta__["entry"], module)
    if not hasattr(function, "source"):
        shown(function, _title(module), cache.text_of(module))
    return function.source  # type: ignore[no-any-return]


def _title(module: Any) -> str:
    """What an emitted module is, by the docstring of its entry."""
    entry = module.__s2sad_meta__["entry"]
    doc = getattr(getattr(module, entry, None), "__doc__", None) or entry
    return str(doc).splitlines()[0].rstrip(".")


def bound(module: types.ModuleType, captured: tuple[Variable, ...], names: Sequence[str]) -> Specialised:
    """The entry of a module, its captured variables read at each call."""
    function = getattr(module, module.__s2sad_meta__["entry"])
    text = source_of(module)
    if not captured:
        return Specialised(_positional(function), function, text, module)

    def call(*args: object) -> object:
        return function(*args, *(v.read() for v in captured))

    def by_name(*args: object) -> object:
        return function(**dict(zip(names, args, strict=False)), **{v.shown: v.read() for v in captured})

    # for `lower`: what the variables hold now, as no dispatch reads them in front of it
    plain = functools.partial(function, **{v.shown: v.read() for v in captured})
    shown(plain, _title(module), text)
    return Specialised(by_name if function.__code__.co_kwonlyargcount else call, plain, text, module)


def started(
    runner: Runner,
    module: types.ModuleType,
    captured: tuple[Variable, ...],
    parameters: Mapping[str, Type],
    without_backend: Callable[[], Callable[..., object]],
    name: str,
) -> Specialised | None:
    """The entry of a module as its backend starts it; None where Python runs it.

    It takes the arguments of all `parameters`, and hands on those that are no constants.
    """
    kept = [k for k, t in enumerate(parameters.values()) if not is_constant(t)]
    own = [t for t in parameters.values() if not is_constant(t)]

    def adapted(inner: Callable[..., object]) -> Callable[..., object]:
        if len(kept) == len(parameters) and not captured:
            return inner
        return lambda *args: inner(*(args[k] for k in kept), *(v.read() for v in captured))

    def plain() -> Callable[..., object]:
        other = without_backend()
        return lambda *args: other(*args)

    entries = runner.entries(module, own, adapted, plain, name)
    if entries is None:
        return None
    call, reverse = entries
    text = source_of(module)
    # what users get has the text: not every callable takes attributes
    function: Any = call if isinstance(call, types.FunctionType) else functools.partial(call)
    shown(function, _title(module), text)
    return Specialised(call, function, text, module, reverse=reverse)


def _positional(function: types.FunctionType) -> Call:
    """The function taking all its arguments by position."""
    code = function.__code__
    # A call in between costs more than the look-up of a pattern: where all parameters are positional there is none.
    if not code.co_kwonlyargcount:
        return function
    n = code.co_argcount
    names = code.co_varnames[n : n + code.co_kwonlyargcount]
    return lambda *args: function(*args[:n], **dict(zip(names, args[n:], strict=True)))
