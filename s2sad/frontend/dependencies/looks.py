"""The manners of looking at what is outside a function, and what tells apart what is found."""

from __future__ import annotations

import collections
import dataclasses
import functools
import importlib
import logging
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from s2sad.frontend.dependencies.paths import READ, is_way, read_along
from s2sad.frontend.reading.callables import Spread, UserValue, inner_part
from s2sad.ir.fingerprint import code_digest, fingerprint, home_of, resolved
from s2sad.ir.holder_classes import is_holder_class
from s2sad.ir.installed import is_installed, root_of, version_of
from s2sad.ir.marks import is_derivative
from s2sad.ir.object_names import printable
from s2sad.ir.objects import is_user_class
from s2sad.ir.primitive import lookup
from s2sad.ir.types import HandleType
from s2sad.ir.user_rules import BlackBox, BoxRule, Custom

LOGGER = logging.getLogger("s2sad")

MISSING = type("Missing", (), {"__repr__": lambda self: "missing"})()
"""What is found where nothing is."""
CAPTURED = "captured"
"""What stands for a value that is read anew at each call."""
HANDED = "handed"
"""What stands for an object that takes values: of it the class alone matters."""
READ_ANEW = frozenset({CAPTURED, HANDED})


@dataclass(frozen=True, slots=True)
class Look:
    """One look: at `name` of an object, in the manner `kind`; what it found."""

    holder: int
    """The number of the object that was looked at; -1 for what is found by its name alone."""
    kind: str
    name: Any
    found: str | None
    """What tells apart what was found; None where its identity alone does."""
    number: int | None = None
    """Its number, where more may be read of it."""


@dataclass(frozen=True, eq=False, slots=True)
class Variable:
    """A variable outside the function that holds arrays: read anew at each call, passed as a further argument.

    `holder` is the dictionary of globals, a tuple, the closure's cell, or an object with an attribute of the name.
    """

    holder: object
    name: Any
    label: str | None = None
    """The name of the parameter that it becomes, where that is not its own."""
    handed: bool = False
    """Whether the object itself is passed, to take values: nothing is known of it but its class."""

    @property
    def key(self) -> tuple[int, str | int]:
        return (id(self.holder), self.name)

    @property
    def shown(self) -> str:
        return (self.label or str(self.name)).strip("_")

    def read(self) -> object:
        if is_way(self.name):
            return read_along(self.holder, self.name[1])
        if isinstance(self.holder, types.CellType):
            return self.holder.cell_contents
        if isinstance(self.holder, (dict, tuple, list)):
            return self.holder[self.name]
        return getattr(self.holder, str(self.name))

    def pattern(self) -> object:
        """What the type of the parameter is taken of."""
        if not self.handed:
            return self.read()
        try:
            cls = type(self.read())
        except (LookupError, AttributeError, ValueError):  # it may have gone since
            cls = type(MISSING)
        return HandleType(f"{cls.__module__}.{cls.__qualname__}")


# the manners of looking

Manner: TypeAlias = Callable[[Any, Any], Any]
"""What a look finds, of the object that is looked at and a name or key: each manner has objects of its own."""


def _item(holder: UserValue, name: object) -> object:
    return holder.get(name, MISSING) if isinstance(holder, dict) else holder[name]


def _own(holder: object, name: str) -> object:
    if isinstance(holder, types.ModuleType):
        return getattr(holder, name, MISSING)
    return vars(holder).get(name, MISSING)


def _by_name(holder: None, name: str) -> object:
    module, _, path = name.partition(":")
    found = sys.modules.get(module)
    if found is None:
        found = importlib.import_module(module)
    return resolved(module, path) if path else found


KINDS: dict[str, Manner] = {
    "item": _item,  # of a dict, list or tuple
    "entry": lambda holder, k: list(holder.values())[k],  # of a dict whose key is no text
    "keys": lambda holder, _: list(holder) if isinstance(holder, dict) else len(holder),
    "cell": lambda holder, _: getattr(holder, "cell_contents", MISSING),
    "own": _own,  # what stands in a module, a class, an object itself
    "part": lambda holder, name: getattr(holder, name, MISSING),  # of a function, a partial, a slot of an object
    "base": lambda holder, k: holder.__mro__[k],
    "type": lambda holder, _: type(holder),
    "holds": lambda holder, key: key in holder,
    "has": lambda holder, name: hasattr(holder, name),
    "rule": lambda holder, _: lookup(holder),
    "rules": lambda holder, name: getattr(holder, name) or {},
    "whole": lambda holder, _: vars(holder),
    "named": _by_name,
    READ: lambda holder, name: read_along(holder, name[1]),  # of what a library has made: a table, a series
}

FIXED = frozenset({"named", "base", "rule", "rules"})
"""The manners in which nothing else is found later; rules have a version of their own."""
FIXED_PARTS = frozenset(
    ["__globals__", "__builtins__", "__closure__", "__func__", "__self__", "func", "args", "keywords", "__wrapped__"]
    + ["fget", "fset", "pyfunc", "py_func", "target", "function", "fun"]
)


# what is found


def told_apart(value: object, as_place: bool) -> str | None:
    """What tells a value apart: its fingerprint, or what sort of object it is where more is read of it."""
    if value is MISSING:
        return "missing"
    known = None if as_place else fingerprint(value)
    return known if known is not None else sort_of(value)


def sort_of(value: UserValue) -> str | None:
    """What an object is, whatever is in it; None where more than what is read of it may matter."""
    cls = type(value)
    if cls is types.FunctionType:
        module = "__main__" if value.__module__ == "__mp_main__" else value.__module__
        return printable(f"function {module}.{value.__qualname__} {code_digest(value.__code__)}")
    if issubclass(cls, types.ModuleType):
        return f"module {value.__name__}"
    if issubclass(cls, type):
        return _sort_of_class(value)
    if cls is types.MethodType and not (is_place(value.__self__) or issubclass(type(value.__self__), type)):
        return None
    facts = next((_FACTS[c] for c in cls.__mro__ if c in _FACTS), None)
    if facts is not None:
        return f"{cls.__module__}.{cls.__qualname__} {facts(value)}"
    if is_derivative(value):
        return f"derivative {value.transform!r} {getattr(value, 'backend', None)}"
    is_read = is_place(value) or is_holder_class(cls) or inner_part(value) is not None
    return f"a {_sort_of_class(cls)}" if is_read else by_identity(value)


def by_identity(value: object) -> str | None:
    """What an object is told apart by that is neither data nor the user's: nothing that another process could find."""
    return None


def is_place(value: object) -> bool:
    """Whether an object is one of the user's: what matters is what is read of it."""
    cls = type(value)
    return _is_namespace(cls) or (is_user_class(cls) and not is_installed(cls.__module__))


def _is_namespace(cls: type) -> bool:
    """Whether instances hold attributes and do nothing else, as `argparse` gives them."""
    if cls is types.SimpleNamespace:
        return True
    return cls.__module__ == "argparse" and cls is sys.modules["argparse"].Namespace


def _sort_of_class(cls: type) -> str:
    fields = (*getattr(cls, "__dataclass_fields__", ()), *getattr(cls, "_fields", ()))
    members = [f"{n}={fingerprint(m)}" for n, m in getattr(cls, "__members__", {}).items()]
    bases = [f"{b.__module__}.{b.__qualname__}" for b in cls.__mro__]
    version = version_of(root_of(cls.__module__)) if is_installed(cls.__module__) else ""
    return f"class {' '.join(bases)} {version} {fields} {members}"


def _nothing(value: object) -> str:
    return ""


_FACTS: dict[type, Callable[[UserValue], object]] = {
    **dict.fromkeys((dict, list, tuple, types.CellType, types.MethodType, functools.partial, property), _nothing),
    **dict.fromkeys((staticmethod, classmethod, functools.cached_property, functools._lru_cache_wrapper), _nothing),
    types.MappingProxyType: _nothing,
    types.CodeType: code_digest,
    types.MemberDescriptorType: lambda d: d.__name__,
    type(vars(collections.namedtuple("Pair", ["a"]))["a"]): lambda field: field.__reduce__()[1][0],
    np.vectorize: lambda v: (fingerprint(v.otypes), v.signature, fingerprint(v.excluded)),
    dataclasses.Field: lambda f: (f.name, f.init, f.kw_only, fingerprint(f.default)),
    Spread: lambda s: (s.names, s.count),
    Custom: lambda c: (c.kind, c.nondiff),
    BoxRule: lambda r: (r.count, r.name, r.curried, fingerprint(dict(r.static))),
    BlackBox: lambda b: (
        *(b.name, b.module, version_of(root_of(b.module)), b.result if isinstance(b.result, str) else ""),
        *(sorted(b.adjoints or ()), sorted(b.tangents or ())),
    ),
}
"""What else is to be told of an object that is a place, by its class."""


def kind_of(variable: Variable) -> str:
    """In which manner a variable is looked at."""
    holder = variable.holder
    if is_way(variable.name):
        return READ
    if isinstance(holder, types.CellType):
        return "cell"
    if isinstance(holder, (dict, tuple, list)):
        return "item"
    if isinstance(holder, (types.ModuleType, type)) or variable.name in getattr(holder, "__dict__", {}):
        return "own"
    return "part"


def is_plain(name: object) -> bool:
    """Whether a name, or the key of a dict, can be written down as it is."""
    if type(name) is tuple:
        return all(map(is_plain, name))
    return name is None or type(name) in (str, int, bool) or (type(name) is float and name == name)


def name_of(value: object) -> str | None:
    """The name that leads to a module, a class or a function in every process."""
    if isinstance(value, types.ModuleType):
        return value.__name__ if sys.modules.get(value.__name__) is value else None
    home = home_of(value) if callable(value) else None
    return f"{home[0]}:{home[1]}" if home else None


@dataclass(frozen=True, eq=False, slots=True)
class Looks:
    """The looks of a compilation, without what they found: plain data, good in every process."""

    looks: tuple[Look, ...]
    pattern: tuple[int, ...]
    """The numbers of the roots."""
    texts: tuple[str | None, ...]
    """What tells them apart."""

    @property
    def is_shared(self) -> bool:
        """Whether another process may find the same: nothing is known by its identity alone."""
        return None not in self.texts and all(k.found is not None and is_plain(k.name) for k in self.looks)

    def path(self, number: int) -> str:
        """Where a look looked, for people: `f.__globals__['K']`."""
        look = self.looks[number]
        if look.holder < 0:
            return str(look.name)
        around = next((k for k, other in enumerate(self.looks) if other.number == look.holder), None)
        base = self._root(look.holder) if around is None or around >= number else self.path(around)
        if look.kind in ("item", "entry"):
            return f"{base}[{look.name!r}]"
        return f"{base}.{look.name or look.kind}"

    def _root(self, number: int) -> str:
        text = self.texts[self.pattern.index(number)] if number in self.pattern else None
        return "argument" if text is None else text.split()[1 if text.startswith("function") else 0]

    def data(self) -> list[object]:
        """It as lists of texts and numbers."""
        rows = [[k.holder, k.kind, k.name, k.found, k.number] for k in self.looks]
        return [rows, list(self.pattern), list(self.texts)]

    @staticmethod
    def of(data: Sequence[Any]) -> Looks:
        """The looks of such lists."""
        rows, pattern, texts = data
        looks = [Look(holder, kind, _as_key(name), *rest) for holder, kind, name, *rest in rows]
        return Looks(tuple(looks), tuple(pattern), tuple(texts))


def _as_key(name: object) -> Any:
    """A name as it was before it was written down, where tuples are lists."""
    return tuple(map(_as_key, name)) if isinstance(name, list) else name
