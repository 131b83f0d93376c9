"""A compilation that notes what it reads outside the functions."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from s2sad.frontend.dependencies.looks import (
    CAPTURED,
    HANDED,
    KINDS,
    MISSING,
    Look,
    Looks,
    Variable,
    is_place,
    is_plain,
    kind_of,
    name_of,
    told_apart,
)
from s2sad.frontend.dependencies.replay import Seen
from s2sad.frontend.reading.callables import UserValue
from s2sad.ir.fingerprint import fingerprint
from s2sad.ir.objects import is_user_class
from s2sad.ir.primitive import lookup
from s2sad.ir.user_rules import BlackBox


class NeedsConstant(Exception):
    """Numbers outside the function must be known at compile time: the keys of the variables."""

    def __init__(self, keys: Iterable[tuple[int, str | int]]) -> None:
        super().__init__()
        self.keys = tuple(keys)


class NeedsVariables(Exception):
    """The rules of a function read variables that its calls must pass on."""

    def __init__(self, owner: object, variables: Iterable[Variable]) -> None:
        super().__init__()
        self.owner = owner
        self.variables = tuple(variables)


class NeedsHandle(Exception):
    """The function stores values in an object outside, or binds a name, attribute or item there.

    Whatever is read of it is read at run time then.
    """

    def __init__(self, holder: object, name: str | int | None = None) -> None:
        super().__init__()
        self.holder = holder
        self.name = name
        """What is bound in the holder; None where the object itself takes values."""


@dataclass(eq=False)
class Settled:
    """What attempts to compile a function have shown that the next one must know."""

    constants: set[tuple[int, str | int]] = field(default_factory=set)
    """The numbers outside that must be known at compile time."""
    varying: set[tuple[int, str | int]] = field(default_factory=set)
    """Those that were others before."""
    pending: set[tuple[int, str | int]] = field(default_factory=set)
    """Those that the last attempt read anew, and might be known."""
    rules: dict[int, tuple[object, tuple[Variable, ...]]] = field(default_factory=dict)
    """The variables that rules read, by the identity of what has the rules."""
    taking: dict[int, object] = field(default_factory=dict)
    """The objects outside in which values are stored, by identity."""
    bound: set[tuple[int, str | int]] = field(default_factory=set)
    """The variables outside that are bound anew: by the identity of what holds them."""

    def takes_values(self, value: object) -> bool:
        """Whether values are stored in an object outside."""
        return id(value) in self.taking

    def holds_what_takes(self, value: object) -> bool:
        """Whether values are stored in something that an object outside holds."""
        return bool(self.taking) and any(id(v) in self.taking for v in _with_items(value))

    def is_bound(self, variable: Variable) -> bool:
        """Whether a variable outside is bound anew while the function runs."""
        return bool(self.bound) and (id(namespace(variable.holder)), variable.name) in self.bound

    def add(self, e: NeedsConstant | NeedsVariables | NeedsHandle) -> None:
        """Take in what an attempt was missing."""
        if isinstance(e, NeedsConstant):
            self.constants.update(e.keys)
        elif isinstance(e, NeedsHandle) and e.name is None:
            self.taking[id(e.holder)] = e.holder
        elif isinstance(e, NeedsHandle):
            self.bound.add((id(namespace(e.holder)), e.name))  # type: ignore[arg-type]
        else:
            self.rules[id(e.owner)] = (e.owner, (*self.variables(e.owner), *e.variables))

    def variables(self, owner: object) -> tuple[Variable, ...]:
        """The variables that the rules of a function read, as far as is known."""
        return self.rules.get(id(owner), (owner, ()))[1]


def namespace(holder: object) -> object:
    """What holds a variable: an attribute of a module and a global of its functions are one."""
    return vars(holder) if isinstance(holder, types.ModuleType) else holder


builtins_of: Callable[[types.FunctionType], dict[str, object]] = attrgetter("__builtins__")
"""The names that a function finds where nobody has defined them."""


class Reads:
    """The looks of one compilation, each noted once. `roots` are the function, and what is given to it as it is."""

    def __init__(self, roots: Sequence[object] = (), settled: Settled | None = None) -> None:
        self.roots = list(roots)
        self.looks: list[Look] = []
        self.objects: list[object] = []
        self.found: list[object] = []
        self.variables: dict[tuple[int, str | int], int] = {}
        """The looks that found what is read anew at each call, by the keys of the variables."""
        self.settled = settled or Settled()
        self.settled.pending = set()
        self.opened: set[int] = set()
        """The containers whose items are variables of their own, by identity."""
        self._numbers: dict[int, int] = {}
        self._around: dict[int, tuple[object, str, str | int]] = {}
        self._known: set[tuple[int, str, str | int, bool]] = set()
        self._entered: set[int] = set()
        for root in self.roots:
            self._place(root)

    def look(self, holder: object, kind: str, name: str | int, value: object, place: bool = False) -> None:
        """Note that `value` was found at `name` of an object."""
        number = self.number(holder)
        if (number, kind, name, place) in self._known:
            return
        self._known.add((number, kind, name, place))
        as_place = place or (value is not MISSING and fingerprint(value) is None)
        text = told_apart(value, as_place)
        self.around(value, holder, kind, name)
        if not is_plain(name):
            kind, name = self._entry(holder, name)
        self._add(Look(number, kind, name, text, self._place(value) if as_place else None), value)

    def _entry(self, holder: UserValue, key: object) -> tuple[str, int]:
        """The place of an item of a dict whose key is no text and no integer."""
        self.keys(holder)
        return "entry", next(k for k, known in enumerate(holder) if known is key)

    def _add(self, look: Look, value: object) -> None:
        self.looks.append(look)
        self.found.append(value)

    def _place(self, value: object) -> int:
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self.objects)
            self.objects.append(value)
        return self._numbers[id(value)]

    def number(self, holder: object) -> int:
        """The number of an object; one that nothing leads to is known by its name, or else by its identity."""
        if id(holder) in self._numbers:
            return self._numbers[id(holder)]
        if id(holder) in self._around:
            self.look(*self._around[id(holder)], holder, place=True)
            return self._numbers[id(holder)]
        place = self._place(holder)
        name = name_of(holder)
        text = None if name is None else told_apart(holder, True)
        self._add(Look(-1, "named", name or f"object {place}", text, place), holder)
        return place

    def knows(self, value: object) -> bool:
        """Whether something leads to an object."""
        return id(value) in self._numbers or id(value) in self._around

    def around(self, value: object, holder: object, kind: str, name: str | int) -> None:
        """Note how an object is reached, in case that something is read of it."""
        if id(value) not in self._numbers:
            self._around.setdefault(id(value), (holder, kind, name))

    # what is read of functions, classes, objects

    def function(self, f: types.FunctionType) -> None:
        """The code of a function is lowered, its defaults are looked at; what is around it can be reached."""
        if id(f) in self._entered:
            return
        self._entered.add(id(f))
        self.rule(f)
        self.look(f, "part", "__code__", f.__code__, place=True)
        for name in ("__defaults__", "__kwdefaults__"):
            self.look(f, "part", name, getattr(f, name), place=getattr(f, name) is not None)
        self.around(f.__globals__, f, "part", "__globals__")
        self.around(builtins_of(f), f, "part", "__builtins__")
        for k, cell in enumerate(f.__closure__ or ()):
            self.around(f.__closure__, f, "part", "__closure__")
            self.around(cell, f.__closure__, "item", k)

    def part(self, holder: object, name: str) -> object:
        """A part of a partial, a method, a property: what is called in its place."""
        value = getattr(holder, name)
        self.look(holder, "part", name, value)
        return value

    def global_value(self, f: types.FunctionType, name: str) -> object:
        """What a name outside a function means; MISSING where it means nothing."""
        self.function(f)
        value = f.__globals__.get(name, MISSING)
        if value is MISSING:
            self.look(f.__globals__, "item", name, MISSING)
            value = builtins_of(f).get(name, MISSING)
            if value is not MISSING:
                self.look(builtins_of(f), "item", name, value)
        return value

    def of_class(self, cls: type, name: str, mro: Sequence[type] | None = None) -> tuple[type, UserValue]:
        """The class that defines an attribute, and what stands there; MISSING where none does."""
        for base in cls.__mro__ if mro is None else mro:
            value = vars(base).get(name, MISSING)
            if is_user_class(base):
                if base is not cls and base in cls.__mro__:
                    self.around(base, cls, "base", cls.__mro__.index(base))
                self.look(base, "own", name, value)
            if value is not MISSING:
                return base, value
        return cls, MISSING

    def type_of(self, value: object) -> type:
        """The class of an object from outside the function."""
        if is_place(value):
            self.look(value, "type", "", type(value))
        else:
            self.around(type(value), value, "type", "")
        return type(value)

    def rule(self, function: object) -> None:
        """Which rule of the user's a function has, if any."""
        box = lookup(function)
        if isinstance(box, BlackBox):
            self.look(function, "rule", "", box, place=True)
            for table in ("adjoints", "tangents"):
                rules = getattr(box, table) or {}
                self.around(rules, box, "rules", table)
                for k, rule in rules.items():
                    self.around(rule, rules, "item", k)
            if isinstance(box.result, types.FunctionType):
                self.around(box.result, box, "part", "result")
                self.function(box.result)
        elif isinstance(function, types.FunctionType) and box is None:
            self.look(function, "rule", "", None)

    def variable(self, variable: Variable) -> None:
        """A variable is read anew at each call."""
        if variable.key not in self.variables:
            self.variables[variable.key] = len(self.looks)
            number = self.number(variable.holder)
            self.variables[variable.key] = len(self.looks)
            found = HANDED if variable.handed else CAPTURED
            self._add(Look(number, kind_of(variable), variable.name, found), None)

    def value(self, variable: Variable, value: object, place: bool = False) -> None:
        """What a variable holds is part of the looks."""
        self.look(variable.holder, kind_of(variable), variable.name, value, place)

    def need(self, key: tuple[int, str | int] | None) -> None:
        """A number that is read anew must be known.

        Raises:
            NeedsConstant: it is one of those that may be constants.
        """
        if key in self.settled.pending:
            raise NeedsConstant([key])

    def keys(self, container: object) -> None:
        """Which items a container has."""
        self._all(container, "keys")

    def whole(self, value: object) -> None:
        """An object of the user's is looked at as it is, with all that is in it."""
        if is_place(value) and hasattr(value, "__dict__") and self.knows(value):
            self._all(value, "whole")

    def _all(self, holder: object, kind: str) -> None:
        """All that is in an object, told apart as a whole: by identity where there is no text for it."""
        number = self.number(holder)
        if (number, kind, "", False) not in self._known:
            self._known.add((number, kind, "", False))
            found = KINDS[kind](holder, "")
            self._add(Look(number, kind, "", fingerprint(found)), found)

    def seen(self) -> Seen:
        """What has been read up to now."""
        pattern = tuple(self._numbers[id(r)] for r in self.roots)
        texts = tuple(told_apart(r, True) for r in self.roots)
        return Seen(Looks(tuple(self.looks), pattern, texts), tuple(self.objects), tuple(self.found))


def _with_items(value: object, depth: int = 0) -> Iterator[object]:
    """An object, and what is in it where it is a container of Python's own."""
    yield value
    if depth < MAX_DEPTH and isinstance(value, (tuple, list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _with_items(item, depth + 1)


MAX_DEPTH = 3
"""How deep an object that takes values is looked for in others."""
