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
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from s2sad.backends.boundary import Structure, structure
from s2sad.backends.compiled import Around, CompiledRunner, Side
from s2sad.backends.native.forms import KEPT_FORM, entry_arguments, entry_result, form_of, is_plain
from s2sad.backends.native.starting import Surrounded, started, without_last
from s2sad.backends.runner import Call, Unit
from s2sad.errors import ArgumentError
from s2sad.ir.backend import LOOPS
from s2sad.ir.types import Type, tuple_type
from s2sad.ir.values import Function

if TYPE_CHECKING:
    from s2sad.backends.native.objects import Code


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


class NativeRunner(CompiledRunner):
    """Machine code for loops over numbers and arrays."""

    def check(self) -> None:
        if "llvmlite" not in sys.modules and importlib.util.find_spec("llvmlite") is None:
            name = self.backend.name
            raise ArgumentError(f"backend {name!r} needs llvmlite: pip install s2sad[{name}]")
        # its entries read objects as they lie in memory
        has_lock: Callable[[], bool] = getattr(sys, "_is_gil_enabled", lambda: True)
        if sys.implementation.name != "cpython" or not has_lock():
            raise ArgumentError(f"backend {self.backend.name!r} needs CPython with its global lock")

    def structure(self, t: Type) -> Structure:
        return structure(t, is_plain)

    def loops(self, unit: Unit) -> tuple[list[Function], list[Function], dict[str, object]]:
        from s2sad.backends.native.stages import compiled

        entries = entry_types(unit)
        programs, called, code = compiled(unit.functions, entries, unit.call.facts if unit.call else ())
        forms: list[list[Any]] = [[form_of(t) for t in taken] for _, taken, _ in entries]
        if unit.interface.residuals is not None:
            forms[1][0] = KEPT_FORM
        return programs, called, {"code": packed(code), "forms": forms}

    def started(
        self, module: types.ModuleType, number: int, side: Side, boundary: Around, adapted: Around, otherwise: Call
    ) -> Call | str:
        from s2sad.backends.native.objects import loaded

        meta = module.__s2sad_meta__
        try:
            code = loaded(module, lambda: unpacked(meta["code"]))
        except RuntimeError as e:  # LLVM does not compile it, or something that it calls is not here
            return str(e)
        return started(code, side.function, meta["forms"][number], boundary, adapted, otherwise)

    def straight(self, call: Call, otherwise: Call, more: int) -> tuple[int, tuple[object, ...]] | None:
        from s2sad.backends.native.objects import straight

        if not isinstance(call, Surrounded):
            return None if more else straight(call, otherwise, otherwise, None)
        if call.entry is None or not more:
            return None
        unusual, left = without_last(more, otherwise), without_last(more, call.otherwise)
        return straight(call.entry, otherwise, unusual, left)


RUNNER = NativeRunner(replace(LOOPS, name="native", checks=True))
