"""Functions that one piece of code makes again and again: lambdas, inner functions, and the derivatives of them.

    for x, y in batches:
        w -= rate * s2sad.grad(lambda w: loss(w, x, y))(w)      one function per batch, one compiled derivative

Two functions are related where they have the same code and see the same around them, but for arrays and floats, which
are read at each call. What was compiled for the first is then good for the second, with its variables in the place of
those of the first.
"""

from __future__ import annotations

import types
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from s2sad.frontend.context import Variable
from s2sad.frontend.dependencies import Guard, RuleOf, Snapshot, is_captured, is_current
from s2sad.ir.primitive import lookup

MAX_CODES = 128
"""Of how many pieces of code the derivatives are kept."""

MAX_FORMS = 8
"""How many derivatives of one piece of code are kept: they see other integers, strings or functions."""


class Moved:
    """Where the variables of one function lie for another: `holders` by the identity of the old ones."""

    def __init__(self) -> None:
        self.holders: dict[int, tuple[Any, Any]] = {}

    def add(self, old: Any, new: Any) -> None:
        self.holders[id(old)] = (old, new)

    def holder(self, old: Any) -> Any:
        return self.holders.get(id(old), (old, old))[1]

    def variable(self, old: Variable) -> Variable:
        """The variable of the other function."""
        holder = self.holder(old.holder)
        return old if holder is old.holder else Variable(holder, old.name, old.label)

    def guards(self, old: Iterable[Guard]) -> tuple[Guard, ...] | None:
        """The guards for the other function; None where one does not hold."""
        found = tuple(map(self.guard, old))
        return found if all(map(is_current, found)) else None

    def guard(self, old: Guard) -> Guard:
        variable, value = old
        if isinstance(variable, RuleOf):
            return (RuleOf(self.holder(variable.function)), value)
        moved = self.variable(variable)
        if moved is variable:
            return old
        now = moved.read()
        return (moved, Snapshot(now, value.contents) if isinstance(value, Snapshot) else now)

    # what is alike

    def same(self, old: Any, new: Any) -> bool:
        """Whether a value around one function is as good as one around the other."""
        if old is new:
            return True
        if type(old) is not type(new):
            return False
        if isinstance(old, types.FunctionType):
            return self.functions(old, new)
        if getattr(old, "__s2sad_derivative__", False):
            return self.derivatives(old, new)
        if isinstance(old, (bool, int, str, bytes)):
            return bool(old == new)
        if is_captured(old):
            return is_captured(new) and _is_plain(old) and _is_plain(new)
        if isinstance(old, (list, tuple, dict)):
            return _is_plain(old) and Snapshot.of(old).contents == Snapshot.of(new).contents
        return False

    def derivatives(self, old: Any, new: Any) -> bool:
        """Whether two derivatives are the same one of functions that are alike."""
        same = old.transform == new.transform and getattr(old, "backend", None) == getattr(new, "backend", None)
        return same and self.same(old.target, new.target)

    def functions(self, old: types.FunctionType, new: types.FunctionType) -> bool:
        """Whether two functions have the same code, and what they see is alike."""
        if id(old) in self.holders:
            return self.holder(old) is new
        if old.__code__ is not new.__code__ or old.__globals__ is not new.__globals__:
            return False
        if old.__qualname__ != new.__qualname__ or old.__dict__ or new.__dict__:
            return False
        if old.__annotations__ != new.__annotations__ or lookup(new) is not lookup(old):
            return False
        self.add(old, new)
        defaults = (old.__defaults__, new.__defaults__), (old.__kwdefaults__, new.__kwdefaults__)
        return all(self.tables(a, b) for a, b in defaults) and all(
            self.cells(a, b) for a, b in zip(old.__closure__ or (), new.__closure__ or (), strict=True)
        )

    def tables(self, old: Any, new: Any) -> bool:
        """The same for the defaults of two functions."""
        if old is None or new is None:
            return old is new
        if len(old) != len(new):
            return False
        self.add(old, new)
        keys = old if isinstance(old, dict) else range(len(old))
        return all(self.same(old[k], new[k]) for k in keys)

    def cells(self, old: types.CellType, new: types.CellType) -> bool:
        """The same for two cells of closures."""
        self.add(old, new)
        try:
            return self.same(old.cell_contents, new.cell_contents)
        except ValueError:  # one of them is empty
            return False


def _is_plain(value: Any) -> bool:
    """Whether a value is made of numbers and arrays only."""
    if isinstance(value, (tuple, list)):
        return type(value) in (tuple, list) and all(map(_is_plain, value))
    if isinstance(value, dict):
        return type(value) is dict and all(map(_is_plain, value.values()))
    return type(value) is np.ndarray or isinstance(value, (np.generic, int, float, complex, str, type(None)))


class Relatives:
    """The derivatives that were compiled, by the code of their functions; the oldest are forgotten."""

    def __init__(self) -> None:
        self.known: OrderedDict[object, list[Any]] = OrderedDict()

    def key(self, derivative: Any) -> object | None:
        """What related derivatives have in common; None for one of a function that is made once."""
        chain = []
        while getattr(derivative, "__s2sad_derivative__", False):
            chain.append((derivative.transform, getattr(derivative, "backend", None)))
            derivative = derivative.target
        if not isinstance(derivative, types.FunctionType) or "<" not in derivative.__qualname__:
            return None
        return (derivative.__code__, *chain)

    def add(self, derivative: Any) -> None:
        """Remember a derivative that has been compiled."""
        key = self.key(derivative)
        if key is None:
            return
        forms = self.known.setdefault(key, [])
        self.known.move_to_end(key)
        if derivative not in forms:
            forms.insert(0, derivative)
            del forms[MAX_FORMS:]
        while len(self.known) > MAX_CODES:
            self.known.popitem(last=False)

    def find(self, derivative: Any) -> Relation | None:
        """How a derivative is related to one that has been compiled, if it is."""
        key = self.key(derivative)
        for other in self.known.get(key, ()) if key is not None else ():
            moved = Moved()
            if other is not derivative and moved.derivatives(other, derivative):
                guards = None if other._guards is None else moved.guards(other._guards)
                if guards is not None:
                    return Relation(other, moved, guards, other._guards, other._families)
        return None


@dataclass(frozen=True, slots=True)
class Relation:
    """A derivative that is related to another, where its variables lie for that one, and what guards that one."""

    other: Any
    moved: Moved
    guards: tuple[Guard, ...]
    seen: tuple[Guard, ...]
    """The guards of the other derivative when they were looked at."""
    families: dict[object, Any]

    def holds(self) -> bool:
        """Whether the other derivative has not been compiled anew, or for functions that it had not met."""
        return self.other._guards is self.seen and self.other._families is self.families


RELATIVES = Relatives()
"""Those of this process."""
