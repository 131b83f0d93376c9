"""How a program is written for a backend and started: what each backend is made of."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from s2sad.errors import Location
from s2sad.ir.backend import NUMPY, Backend
from s2sad.ir.dims import CallLengths
from s2sad.ir.signature import Parameter
from s2sad.ir.types import Type
from s2sad.ir.values import Function

if TYPE_CHECKING:
    from s2sad.emit.spelling import Spelling
    from s2sad.emit.writer import Line

Call = Callable[..., Any]
"""An emitted function: what it takes and gives is as the user's function has it."""


@dataclass(frozen=True)
class Interface:
    """The types of what the functions of a module are called with, and of what they give: containers and all."""

    result: Type
    """That of the entry."""
    outside: tuple[Type, ...]
    """Those of the captured variables, which are passed to the entry behind the arguments."""
    residuals: Type | None
    """That of what the first sweep of a pair hands to the second."""
    cotangents: tuple[Type, ...] = ()
    """Those of the arguments of the second sweep behind the residuals."""
    adjoints: Type | None = None
    """That of the result of the second sweep, where there is one."""
    arguments: tuple[Type, ...] = ()
    """Those of the arguments that are passed to the entry, in front of the captured variables."""


@dataclass(frozen=True)
class Unit:
    """The functions of a module to be written, and how the one is called that users call."""

    functions: Sequence[Function]
    entry: str
    signature: Sequence[Parameter]
    """The parameters of the entry, as users give them."""
    header: Callable[[], Sequence[str]]
    """What its text begins with, as comments: it names the lengths that what was written so far rests on."""
    doc: str | None
    interface: Interface
    reverse: str | None = None
    """The second sweep, where the entry is the first one of a pair."""
    call: CallLengths | None = None
    """The lengths of the call that compiles, and what the module rests on of them."""


class Written(NamedTuple):
    """A module as it is written."""

    text: str
    """Python: text of another language stands in it as a string."""
    lines: Mapping[int, Location]
    """For its lines, where the user wrote what they compute."""
    facts: Mapping[str, object]
    """What is stored with it, as plain data, so that it can be started."""
    parts: Sequence[Line] = ()
    """The lines themselves, with the statements that they are of."""


@dataclass(frozen=True)
class Runner:
    """What runs the modules of a backend. This one is Python itself, which runs a module as it is."""

    backend: Backend = NUMPY
    """What its programs may be made of."""
    version: str = ""
    """Of a backend outside: another one than that of a module in the cache does not start it, but writes it anew."""

    def write(self, unit: Unit) -> Written:
        """The module of a unit.

        Raises:
            Unsupported: the backend cannot write one of the functions.
        """
        from s2sad.emit.modules import emit_module

        header, signature = unit.header(), unit.signature
        made = emit_module(
            header,
            unit.functions,
            unit.entry,
            signature,
            unit.doc,
            self.backend,
            self.spelling(),
            () if unit.reverse is None else (unit.reverse,),
        )
        return Written(made.text, made.places, self.facts(unit.interface), made.lines)

    def spelling(self) -> Spelling:
        """How they are written, where that is Python."""
        from s2sad.emit.spelling import PYTHON

        return PYTHON

    def check(self) -> None:
        """Whether it is installed.

        Raises:
            ArgumentError: it is not.
        """

    def classes(self, interface: Interface) -> dict[str, object]:
        """The classes which a module needs beside those in its text, and which another process cannot import."""
        return {}

    def facts(self, interface: Interface) -> dict[str, object]:
        """What is stored with a module of Python."""
        return {}

    def entries(
        self,
        module: types.ModuleType,
        given: Sequence[Type],
        adapted: Callable[[Call], Call],
        plain: Callable[[], Call],
        name: str,
    ) -> tuple[Call, Call | None] | None:
        """The entry of a module, and the second sweep where it is a pair; None: Python's functions are these.

        `given` are the types of the arguments that are passed; `adapted` makes of a function of these one of all
        arguments, `plain` is what runs where the backend cannot.
        """
        return None

    def straight(self, call: Call, otherwise: Call, more: int) -> tuple[int, tuple[object, ...]] | None:
        """A function of C for calls of objects that lead to an entry (see `direct`), and what it is called with.

        `call` is one that `entries` gave, `otherwise` what it calls with arguments that the entry does not take; the
        plan has so many variables `more` that are passed behind the arguments. None: it is called by Python only.
        """
        return None
