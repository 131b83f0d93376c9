"""Emitted modules as machine code: their kernels compiled by LLVM, each with an entry that Python calls as a builtin.

    write     the text of a module, and its code in LLVM IR among its facts
    entries   its object code, from beside the module or compiled now, as builtin functions

What cannot be said in native code runs as the program of NumPy; where native code does not go on, so does that call.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import sys
import types
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from s2sad.backends.boundary import classes_in, classes_named, is_importable
from s2sad.backends.native.forms import entry_arguments, entry_result
from s2sad.backends.native.starting import Around, Later, Side, Surrounded, refused, started, without_last
from s2sad.backends.runner import Call, Interface, Runner, Unit, Written
from s2sad.errors import NOWHERE, ArgumentError, Location, Unsupported
from s2sad.ir.backend import Backend
from s2sad.ir.types import Type, tuple_type

if TYPE_CHECKING:
    from s2sad.backends.native.objects import Code, Loaded


def sides_of(unit: Unit) -> list[Side]:
    """What is known of the entries of a unit: one, or those of a pair."""
    interface = unit.interface
    taken = [*interface.arguments, *interface.outside]
    keeps = interface.residuals is not None
    sides = [Side.of(unit.entry, taken, interface.result, "given" if keeps else None)]
    if unit.reverse is not None and interface.adjoints is not None:
        sides.append(Side.of(unit.reverse, interface.cotangents, interface.adjoints, "taken" if keeps else None))
    return sides


def entry_types(unit: Unit) -> list[tuple[str, list[Type], Type]]:
    """The entries of a unit: the name of each, the types of what it takes and gives."""
    interface = unit.interface
    first, result = entry_arguments([*interface.arguments, *interface.outside]), entry_result(interface.result)
    if unit.reverse is None or interface.adjoints is None:
        return [(unit.entry, first, result)]
    kept: list[Type] = []
    if interface.residuals is not None:
        kept = [f.parameters[0].type for f in unit.functions if f.name == unit.reverse]
        result = tuple_type(result, *kept)
    second = [*kept, *entry_arguments(interface.cotangents)]
    return [(unit.entry, first, result), (unit.reverse, second, entry_result(interface.adjoints))]


def packed(code: Code) -> str:
    """The code of a module as one of its facts."""
    data = json.dumps([code.text, code.outside, code.functions])
    return base64.b64encode(zlib.compress(data.encode())).decode()


def unpacked(text: str) -> Code:
    """The code of a module, of the fact."""
    from s2sad.backends.native.objects import Code

    own, outside, functions = json.loads(zlib.decompress(base64.b64decode(text)))
    return Code(own, tuple(outside), tuple(functions))


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


class NativeRunner(Runner):
    """Machine code for loops over numbers and arrays."""

    def check(self) -> None:
        if "llvmlite" not in sys.modules and importlib.util.find_spec("llvmlite") is None:
            name = self.backend.name
            raise ArgumentError(f"backend {name!r} needs llvmlite: pip install s2sad[{name}]")
        # its entries read objects as they lie in memory
        has_lock: Callable[[], bool] = getattr(sys, "_is_gil_enabled", lambda: True)
        if sys.implementation.name != "cpython" or not has_lock():
            raise ArgumentError(f"backend {self.backend.name!r} needs CPython with its global lock")

    def write(self, unit: Unit) -> Written:
        from s2sad.backends.native.stages import compiled
        from s2sad.emit.flat import emit_flat

        facts: dict[str, object] = {"sides": [s.data() for s in sides_of(unit)], "code": None, "refused": None}
        try:
            entries = entry_types(unit)
            programs, code = compiled(unit.functions, entries, unit.call.facts if unit.call else ())
            facts["code"] = packed(code)
        except Unsupported as e:
            text, lines, _ = super().write(unit)
            facts["refused"] = [e.what, None if e.location is NOWHERE else emitted_line(e.location, lines)]
            return Written(text, lines, facts)
        if unit.reverse is not None:
            # the residuals of one sweep are for the other of its kind: NumPy's program is at hand for each of them
            facts["python"] = super().write(unit).text
        programs[0] = replace(programs[0], doc=unit.doc)
        return Written(*emit_flat(unit.header(), programs), facts)

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
        calls = _Calls(module, sides, {n: c for t in given for n, c in classes_in(t).items()})
        if len(sides) == 1:
            return calls.call(0, adapted, plain, name), None
        return calls.call(0, adapted, None, name), calls.call(1, lambda inner: inner, None, sides[1].function)

    def straight(self, call: Call, otherwise: Call, more: int) -> tuple[int, tuple[object, ...]] | None:
        from s2sad.backends.native.objects import straight

        if not isinstance(call, Surrounded):
            return None if more else straight(call, otherwise, otherwise, None)
        if call.entry is None or not more:
            return None
        unusual, left = without_last(more, otherwise), without_last(more, call.otherwise)
        return straight(call.entry, otherwise, unusual, left)


class _Calls:
    """What the entries of a module are called by."""

    def __init__(self, module: types.ModuleType, sides: Sequence[Side], classes: dict[str, type]) -> None:
        self.module, self.sides = module, sides
        self.classes = classes
        for side in sides:
            self.classes |= classes_named(side.python[1], module)

    def call(self, number: int, adapted: Around, plain: Callable[[], Call] | None, name: str) -> Call:
        """An entry as its user calls it. Without `plain` the program of NumPy is the one that came with the module."""
        side = self.sides[number]

        def python() -> Call:
            return adapted(side.around(side.python, self.classes)(self.of_numpy(side.function)))

        otherwise = Later(plain or python)
        if isinstance(self.loaded, str):
            return refused(otherwise, name, self.loaded)
        return started(self.loaded, side, side.around(side.native, self.classes), adapted, otherwise)

    def of_numpy(self, name: str) -> Call:
        """A function of the module as NumPy runs it."""
        text = self.module.__s2sad_meta__.get("python")
        if text is None:
            return getattr(self.module, name)  # type: ignore[no-any-return]
        own = {k: v for k, v in vars(self.module).items() if not k.startswith("__s2sad")}
        exec(compile(text, f"<{self.module.__name__} as NumPy runs it>", "exec"), own)
        return own[name]  # type: ignore[no-any-return]

    @cached_property
    def loaded(self) -> Loaded | str:
        """The code of the module in memory, or why there is none."""
        meta = self.module.__s2sad_meta__
        if meta["refused"] is not None:
            return reason(meta["refused"], meta.get("lines", {}))
        from s2sad.backends.native.objects import loaded

        try:
            return loaded(self.module, lambda: unpacked(meta["code"]))
        except RuntimeError as e:  # LLVM does not compile it, or something that it calls is not here
            return str(e)


RUNNER = NativeRunner(
    Backend(
        "native",
        containers=False,
        signature=False,
        lists=False,
        batches=False,
        recursion=False,
        snapshots=False,
        iterates=False,
        overlaps=False,
        checks=True,
    )
)
