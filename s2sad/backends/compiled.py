"""Backends that compile the loops of a module: what stands between a user and the code of each of its entries.

Code may leave at any time: NumPy's program is then called with what the user gave, and raises what is to be raised. It
runs too where there is no code, after one warning that says why.
"""

from __future__ import annotations

import sys
import types
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from s2sad.backends.boundary import Boundary, Structure, classes_in, classes_named, is_importable, structure
from s2sad.backends.runner import Call, Interface, Runner, Unit, Written
from s2sad.errors import NOWHERE, Location, Unsupported
from s2sad.ir.types import Type
from s2sad.ir.values import Function

KEPT: Structure = ["tuple", [], []]
"""The structure of residuals, which nobody takes apart between the two sweeps."""
Around = Callable[[Call], Call]
"""What makes of a function of the entry's arguments one of the user's."""


@dataclass(frozen=True)
class Side:
    """What is known of an entry: structures as the code has them, and as Python's function of the module has them.

    `kept` says that it is one sweep of a pair that hands on residuals: the first one gives them behind its result, the
    second takes them in front of its arguments.
    """

    function: str
    code: tuple[list[Structure], Structure]
    python: tuple[list[Structure], Structure]
    kept: str | None = None

    def data(self) -> list[Any]:
        """It as plain data."""
        return [self.function, self.code, self.python, self.kept]

    def around(self, which: tuple[list[Structure], Structure], classes: Mapping[str, type]) -> Around:
        """The boundary around a function of these structures."""
        given, result = which
        kept = KEPT if self.kept == "given" else None
        return Boundary(given, result, classes, int(self.kept == "taken"), kept).around


class CompiledRunner(Runner):
    """What compiles loops over numbers and arrays; `code` and `started` say how."""

    def structure(self, t: Type) -> Structure:
        """What its entries take and give for a value of a type."""
        raise NotImplementedError

    def loops(self, unit: Unit) -> tuple[list[Function], list[Function], dict[str, object]]:
        """The programs of the entries, the functions that they call, and what is stored with them.

        Raises:
            Unsupported: something in them cannot be said in loops, or not compiled.
        """
        raise NotImplementedError

    def why_not(self, unit: Unit, e: Unsupported) -> str | None:
        """Why a program is not compiled that has no loops; None where the program over arrays is."""
        return e.what

    def started(
        self, module: types.ModuleType, number: int, side: Side, boundary: Around, adapted: Around, otherwise: Call
    ) -> Call | str:
        """An entry as its user calls it, or why there is none; `otherwise` is NumPy's program, of the user's arguments.

        `boundary` takes the arguments of the user apart, `adapted` leaves out those that are known, and adds variables.
        """
        raise NotImplementedError

    def sides(self, unit: Unit) -> list[Side]:
        """What is known of the entries of a unit: one, or those of a pair."""
        interface = unit.interface
        keeps = interface.residuals is not None

        def side(function: str, taken: Sequence[Type], result: Type, kept: str) -> Side:
            code, python = (([*map(s, taken)], s(result)) for s in (self.structure, structure))
            return Side(function, code, python, kept if keeps else None)

        sides = [side(unit.entry, [*interface.arguments, *interface.outside], interface.result, "given")]
        if unit.reverse is not None and interface.adjoints is not None:
            sides.append(side(unit.reverse, interface.cotangents, interface.adjoints, "taken"))
        return sides

    def write(self, unit: Unit) -> Written:
        from s2sad.emit.flat import emit_flat

        facts: dict[str, object] = {"sides": [s.data() for s in self.sides(unit)], "refused": None}
        try:
            programs, called, more = self.loops(unit)
        except Unsupported as e:
            text, lines, _, parts = super().write(unit)
            why = self.why_not(unit, e)
            if why is not None:
                facts["refused"] = [why, None if e.location is NOWHERE else emitted_line(e.location, lines)]
        else:
            programs = [replace(programs[0], doc=unit.doc), *programs[1:]]
            text, lines, parts = emit_flat(unit.header(), [*called, *programs], self.spelling())
            facts |= more
        if unit.reverse is not None:
            # the residuals of one sweep are for the other of its kind: NumPy's program is at hand for each of them
            python = Runner(self.backend).write(unit)
            facts["python"], facts["twins"] = python.text, twins(python.lines, lines)
        return Written(text, lines, facts, parts)

    def classes(self, interface: Interface) -> dict[str, object]:
        classes = classes_in(interface.result).values()
        return {c.__name__: c for c in classes if not is_importable(c)}

    def entries(
        self,
        module: types.ModuleType,
        given: Sequence[Type],
        adapted: Callable[[Call], Call],
        plain: Callable[[], Call],
        name: str,
    ) -> tuple[Call, Call | None]:
        meta = module.__s2sad_meta__
        sides = [Side(*data) for data in meta["sides"]]
        classes = {n: c for t in given for n, c in classes_in(t).items()}
        for side in sides:
            classes |= classes_named(side.python[1], module)

        why = reason(meta["refused"], meta.get("lines", {})) if meta["refused"] is not None else None

        def call(number: int, adapted: Around, plain: Callable[[], Call] | None, name: str) -> Call:
            side = sides[number]

            def python() -> Call:
                return adapted(side.around(side.python, classes)(by_numpy(module, side.function)))

            otherwise = Later(plain or python)
            found = why or self.started(module, number, side, side.around(side.code, classes), adapted, otherwise)
            if not isinstance(found, str):
                return found
            # of a pair the first sweep has said it
            return otherwise if number else refused(otherwise, name, found)

        if len(sides) == 1:
            return call(0, adapted, plain, name), None
        return call(0, adapted, None, name), call(1, lambda inner: inner, None, sides[1].function)


def by_numpy(module: types.ModuleType, name: str) -> Call:
    """A function of a module as NumPy runs it, and all that it calls."""
    meta = module.__s2sad_meta__
    own_lines: dict[str, list[tuple[int, int]]] = {}
    for file, rows in meta.get("lines", {}).items():
        users = dict(rows)
        own_lines[file] = [(k, users[twin]) for k, twin in meta["twins"] if twin in users]
    own = {k: v for k, v in vars(module).items() if not k.startswith("__s2sad")} | {
        "__s2sad_meta__": {"lines": own_lines}
    }
    exec(compile(meta["python"], f"<{module.__name__} as NumPy runs it>", "exec"), own)
    return own[name]  # type: ignore[no-any-return]


def twins(lines: Mapping[int, Location], others: Mapping[int, Location]) -> list[tuple[int, int]]:
    """The lines of a text, each with one of another text that computes the same statement of the user."""
    places = {(at.file, at.line): k for k, at in others.items()}
    found = ((k, places.get((at.file, at.line))) for k, at in lines.items())
    return [(k, twin) for k, twin in found if twin is not None]


def emitted_line(at: Location, lines: Mapping[int, Location]) -> int | None:
    """The line of a text that computes what stands at a place in the user's source."""
    return next((k for k, known in lines.items() if (known.file, known.line) == (at.file, at.line)), None)


def reason(refused: tuple[str, int | None], lines: Mapping[str, Sequence[tuple[int, int]]]) -> str:
    """Why a program is not compiled, with the line of the user's source."""
    what, emitted = refused
    for file, rows in lines.items():
        for line, own in rows:
            if line == emitted:
                return f'{what} (from File "{file}", line {own})'
    return what


class Later:
    """A function that is made when it is called for the first time."""

    def __init__(self, make: Callable[[], Call]) -> None:
        self._make = make
        self._made: Call | None = None

    def __call__(self, *args: object) -> object:
        if self._made is None:
            self._made = self._make()
        return self._made(*args)


def _levels() -> int:
    """How many calls lie between a warning that the caller gives, and the user."""
    own, level, frame = str(Path(__file__).parents[1]), 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(own):
        level, frame = level + 1, frame.f_back
    return level


def refused(otherwise: Call, name: str, why: str) -> Call:
    """The program of NumPy, after a warning at its first call that says why it is used."""
    state: list[Call] = []

    def call(*args: object) -> object:
        if not state:
            state.append(otherwise)
            warnings.warn(f"{name} is not compiled, NumPy is used: {why}", stacklevel=_levels())
        return otherwise(*args)

    return call
