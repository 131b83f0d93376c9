"""What a function depends on besides its arguments: the functions that it calls, and the variables around them.

It is found from code objects alone, without parsing, so that a stored derivative is found again without compiling.
"""

from __future__ import annotations

import hashlib
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from s2sad.frontend.context import Variable

Guard = tuple[Any, str | None, Any]
"""(dictionary, name, value), or (cell, None, value): the value that a name must still have."""

LIBRARIES = frozenset({"numpy", "scipy", "math", "builtins", "operator", "functools", "itertools", "s2sad"})


@dataclass(frozen=True, eq=False)
class Dependencies:
    """The digest of all code and static values; guards on them; the variables that hold arrays."""

    digest: str
    guards: tuple[Guard, ...]
    variables: tuple[Variable, ...]


def dependencies(function: types.FunctionType) -> Dependencies:
    """All that `function` and the user functions it calls depend on."""
    walk = _Walk()
    walk.function(function)
    return Dependencies(walk.hash.hexdigest(), tuple(walk.guards), tuple(walk.variables.values()))


class _Walk:
    def __init__(self) -> None:
        self.hash = hashlib.blake2b(digest_size=16)
        self.guards: list[Guard] = []
        self.variables: dict[tuple[int, str], Variable] = {}
        self.seen: set[int] = set()

    def add(self, *parts: object) -> None:
        for p in parts:
            data = p if isinstance(p, bytes) else str(p).encode()
            self.hash.update(len(data).to_bytes(8, "little") + data)

    def function(self, f: Any) -> None:
        if id(f) in self.seen:
            return
        self.seen.add(id(f))
        self.add("function", f.__module__, f.__qualname__)
        self.code(f.__code__)
        self.value(f.__defaults__)
        self.value(f.__kwdefaults__)
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            try:
                value = cell.cell_contents
            except ValueError:
                continue
            self.name(Variable(cell, name), value, (cell, None, value))
        for name in sorted(_names(f.__code__)):
            if name in f.__globals__:
                value = f.__globals__[name]
                self.name(Variable(f.__globals__, name), value, (f.__globals__, name, value))
        self.attributes(f)

    def attributes(self, f: Any) -> None:
        """Functions and constants of user modules, read as `module.name`."""
        names = _names(f.__code__)
        for name in sorted(names):
            module = f.__globals__.get(name)
            if isinstance(module, types.ModuleType) and module.__name__.split(".")[0] not in LIBRARIES:
                for attribute in sorted(names & vars(module).keys()):
                    value = vars(module)[attribute]
                    self.name(Variable(vars(module), attribute), value, (vars(module), attribute, value))

    def name(self, variable: Variable, value: Any, guard: Guard) -> None:
        """A variable around a function: arrays are read at each call, all else is fixed and guarded."""
        if isinstance(value, types.ModuleType):
            self.add(variable.name, value.__name__)
            return
        self.add(variable.name)
        if isinstance(value, np.ndarray) or _has_numbers(value):
            self.variables[variable.key] = variable
            return
        self.guards.append(guard)
        self.value(value)

    def value(self, value: Any) -> None:
        if getattr(value, "__s2sad_derivative__", False):
            self.add(repr(value.transform))
            self.value(value.target)
        elif isinstance(value, types.FunctionType) and (value.__module__ or "").split(".")[0] not in LIBRARIES:
            self.function(value)
        elif isinstance(value, (tuple, list)):
            self.add(type(value).__name__, len(value))
            for v in value:
                self.value(v)
        elif isinstance(value, dict):
            for k, v in value.items():
                self.add(k)
                self.value(v)
        elif isinstance(value, (int, float, complex, str, bytes, type(None), np.generic)):
            self.add(type(value).__name__, repr(value))
        else:
            self.add(type(value).__qualname__, getattr(value, "__qualname__", ""))

    def code(self, code: types.CodeType) -> None:
        self.add(code.co_name, code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_firstlineno)
        for c in code.co_consts:
            if isinstance(c, types.CodeType):
                self.code(c)
            else:
                self.add(type(c).__name__, repr(sorted(map(repr, c))) if isinstance(c, frozenset) else repr(c))


def _names(code: types.CodeType) -> set[str]:
    return {n for c in _codes(code) for n in c.co_names}


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for c in code.co_consts:
        if isinstance(c, types.CodeType):
            yield from _codes(c)


def _has_numbers(value: Any) -> bool:
    """Whether a container holds arrays or floats: it is then an argument of its own."""
    if isinstance(value, (tuple, list)):
        return any(isinstance(v, (np.ndarray, float)) or _has_numbers(v) for v in value)
    if isinstance(value, dict):
        return any(isinstance(v, (np.ndarray, float)) or _has_numbers(v) for v in value.values())
    return False
