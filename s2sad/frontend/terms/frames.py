"""Frames: one for the function that is lowered, one for each call, comprehension or closure lowered in its place.

A variable is a key of the environment: its name in the outermost frame, `name.3` in the frame number 3. A name is
looked up in the frame, in those around it in the text, and then outside the function, as Python does.
"""

from __future__ import annotations

import threading
import types
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import gast

from s2sad.frontend.reading import scope
from s2sad.frontend.reading.desugar import desugar
from s2sad.frontend.reading.source import Source, parse
from s2sad.frontend.reading.unbound import flagged

FUNCTIONS = (gast.FunctionDef, gast.Lambda, gast.GeneratorExp)
PARAMETER_KINDS = ("posonlyargs", "args", "kwonlyargs")
_TEXTS_KEPT = 512


@dataclass(eq=False)
class Frame:
    """The names of one activation. `function` is the Python function whose text it is part of."""

    source: Source
    function: types.FunctionType | None
    tree: gast.FunctionDef
    """Desugared."""
    number: int
    parent: Frame | None
    local: frozenset[str]
    live: Mapping[int, scope.LiveSets]
    receiver: object = None
    """The first argument of a method, for `super()`."""
    caller: Frame | None = None
    """The frame that the call stands in."""
    captured: frozenset[str] = field(default_factory=frozenset)
    """The names that functions inside may read at any time: live everywhere."""
    reads: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By the names of functions inside: what is read when one is called."""
    foreign: tuple[str, ...] = ()
    """The keys of what the loop that consumes a generator carries: its body stands in those of the generator."""

    @property
    def has_functions(self) -> bool:
        """Whether functions are made in it, which may outlive it."""
        return any(isinstance(n, FUNCTIONS) for n in scope.own_nodes(self.tree))

    def key(self, name: str) -> str:
        """The key of one of the frame's own variables."""
        return f"{name}.{self.number}" if self.number else name

    def owner(self, name: str) -> Frame | None:
        """The frame whose variable a name means; None where it is one from outside the function."""
        frame: Frame | None = self
        while frame is not None and name not in frame.local:
            frame = frame.parent
        return frame

    def find(self, name: str) -> str | None:
        """The key of the variable that a name means; None where it is one from outside the function."""
        frame = self.owner(name)
        return None if frame is None else frame.key(name)

    def owns(self, key: str) -> bool:
        """Whether a key is of one of the frame's own variables."""
        name, dot, number = key.partition(".")
        return name in self.local and (number == str(self.number) if dot else self.number == 0)


@dataclass(frozen=True, eq=False)
class Code:
    """What is known of a function's text before it is called: computed once."""

    tree: gast.FunctionDef
    local: frozenset[str]
    live: Mapping[int, scope.LiveSets]
    captured: frozenset[str]
    reads: Mapping[str, frozenset[str]]


def code_of(tree: gast.FunctionDef, elsewhere: frozenset[str] = frozenset()) -> Code:
    """The desugared tree of a function or of a synthetic one, its local names, and which are live where.

    The names `elsewhere` are bound in a function around it.
    """
    outer = {n for node in scope.own_nodes(tree) if isinstance(node, (gast.Nonlocal, gast.Global)) for n in node.names}
    given, elsewhere = parameters(tree.args), elsewhere | outer
    desugared = desugar(flagged(tree, given, (frozenset(given) | frozenset(scope.assigned(tree.body))) - elsewhere))
    return Code(
        desugared,
        (frozenset(given) | frozenset(scope.assigned(desugared.body))) - elsewhere,
        scope.liveness(desugared),
        scope.escaping(desugared),
        scope.captured(desugared),
    )


class _Text:
    """What is known of the text of a function: the same for all functions that are made of one code object."""

    def __init__(self, function: types.FunctionType) -> None:
        self.made_of = function.__code__  # kept, so that no other object gets its id
        self.source = parse(function, generators=True)

    @cached_property
    def code(self) -> Code:
        return code_of(self.source.tree)


_texts: OrderedDict[int, _Text] = OrderedDict()
"""By the id of the code object, as equal code may stand in another file. The one asked for last is last."""
_lock = threading.Lock()


def _text_of(function: types.FunctionType) -> _Text:
    with _lock:
        found = _texts.get(id(function.__code__))
    if found is None:
        found = _Text(function)
    with _lock:
        found = _texts.setdefault(id(found.made_of), found)
        _texts.move_to_end(id(found.made_of))
        while len(_texts) > _TEXTS_KEPT:
            _texts.popitem(last=False)
    return found


def source_of(function: types.FunctionType) -> Source:
    """The source of a function; parsed once for its code object."""
    return _text_of(function).source


def function_code(function: types.FunctionType) -> Code:
    """What is known of the text of a function; computed once for its code object."""
    return _text_of(function).code


def parameters(arguments: gast.arguments) -> list[str]:
    """The names of all parameters."""
    names = [a.id for kind in PARAMETER_KINDS for a in getattr(arguments, kind)]
    return names + [a.id for a in (arguments.vararg, arguments.kwarg) if a is not None]


def inner_frame(around: Frame, code: Code, number: int) -> Frame:
    """A frame for a function or comprehension that sees the names of another one."""
    rest = code.live, None, None, code.captured, code.reads
    return Frame(around.source, around.function, code.tree, number, around, code.local, *rest)
