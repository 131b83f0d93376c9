"""Which value a value is: a text that is the same for the same value in every process.

    fingerprint(Fraction(1, 2))       "fractions.Fraction(int:0x1,int:0x2)"
    fingerprint(scipy.special.gamma)  "scipy.special.gamma 1.17.0"
    fingerprint(object())             None: only its identity says which it is

What a class of values is told apart by is declared here, a line a class, and nowhere guessed: a value of a class that
is not declared has no fingerprint. What can be called has the name that leads back to it, where there is one.
Functions, classes and objects of the user have none: what a program depends on is what it reads of them.
"""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import enum
import fractions
import functools
import hashlib
import operator
import pathlib
import re
import struct
import sys
import types
import typing
import uuid
import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

from s2sad.ir.installed import is_installed, root_of, version_of

MAX_DEPTH = 20
"""How deep containers are looked into: what is deeper is taken to refer to itself."""

V = TypeVar("V")
Part = Callable[[object], "str | None"]
Way = Callable[[V, Part], "str | None"]
"""The fingerprint of a value, given that of its parts; None where one of them has none."""

WAYS: dict[type, Way[Any]] = {}
"""By classes: how their values are told apart. A subclass is told apart as its base is, and by its name."""


def fingerprint(value: object) -> str | None:
    """The text that tells a value apart; None where there is none."""
    return _fingerprint(value, 0)


def _fingerprint(value: object, depth: int) -> str | None:
    if depth > MAX_DEPTH:
        return None

    def part(inner: object) -> str | None:
        return _fingerprint(inner, depth + 1)

    cls = type(value)
    way = WAYS.get(cls)
    if way is not None:
        return way(value, part)
    if issubclass(cls, type):
        return named(value)
    # Not every declared class hands its way on: a subclass may hold what the way of its base does not look at.
    base = next((c for c in cls.__mro__[1:] if c in INHERITED), None)
    if base is None:
        # A class may be called otherwise than the library that has it: `uarray._Function`, for functions of scipy.fft.
        return named(value) or (of_library(value) if is_installed(cls.__module__) else None)
    name, own = named(cls), WAYS[base](value, part)
    attributes = part(vars(value)) if getattr(value, "__dict__", None) and not isinstance(value, enum.Enum) else ""
    return None if name is None or own is None or attributes is None else f"{name}[{own}]{attributes}"


def is_data(value: object) -> bool:
    """Whether a value is told apart by what is in it, not by a name or its identity."""
    return not isinstance(value, type) and any(c in WAYS and c not in NAMED for c in type(value).__mro__)


# by value


def by(*classes: type) -> Callable[[Way[V]], Way[V]]:
    """Declare how the values of classes are told apart."""

    def declare(way: Way[V]) -> Way[V]:
        WAYS.update(dict.fromkeys(classes, way))
        return way

    return declare


def text(cls: type[V], function: Callable[[V], object]) -> None:
    """Declare that the values of a class are told apart by a text."""
    WAYS[cls] = lambda value, part: f"{cls.__qualname__}:{function(value)}"


def parts(cls: type, *names: str) -> None:
    """Declare that the values of a class are told apart by these attributes."""

    def way(value: object, part: Part) -> str | None:
        return joined(f"{cls.__module__}.{cls.__qualname__}", [part(getattr(value, n)) for n in names])

    WAYS[cls] = way


def joined(name: str, items: Iterable[str | None]) -> str | None:
    """A name with the fingerprints of parts; None where one of them has none."""
    found = list(items)
    return None if None in found else f"{name}({','.join(found)})"  # type: ignore[arg-type]


text(type(None), lambda _: "")
text(type(Ellipsis), lambda _: "")
text(type(NotImplemented), lambda _: "")
text(bool, int)
text(int, lambda value: int.__format__(value, "x"))
# By their bits: 0.0 and -0.0 are equal and two numbers, nan is one number and not equal to itself.
text(float, lambda value: struct.pack("<d", value).hex())
text(complex, lambda value: struct.pack("<dd", value.real, value.imag).hex())
text(str, str.__repr__)
text(bytes, bytes.__repr__)
text(bytearray, lambda value: bytes(value).hex())
text(memoryview, lambda value: value.tobytes().hex())
text(array.array, lambda value: f"{value.typecode}{value.tobytes().hex()}")
text(range, lambda value: (value.start, value.stop, value.step))
text(decimal.Decimal, lambda value: value.as_tuple())
text(uuid.UUID, lambda value: value.hex)
text(zoneinfo.ZoneInfo, lambda value: value.key)
text(datetime.date, lambda value: value.isoformat())
text(datetime.timedelta, lambda value: (value.days, value.seconds, value.microseconds))
text(datetime.timezone, lambda value: (str(value), value.utcoffset(None)))
text(pathlib.PurePosixPath, lambda value: str.__repr__(str(value)))
text(pathlib.PureWindowsPath, lambda value: str.__repr__(str(value)))
text(re.Pattern, lambda value: (value.pattern, value.flags))
parts(slice, "start", "stop", "step")
parts(fractions.Fraction, "numerator", "denominator")
parts(datetime.time, "hour", "minute", "second", "microsecond", "fold", "tzinfo")
parts(datetime.datetime, "year", "month", "day", "hour", "minute", "second", "microsecond", "fold", "tzinfo")
parts(types.GenericAlias, "__origin__", "__args__")
parts(types.UnionType, "__args__")
parts(type(typing.List[int]), "__origin__", "__args__")  # noqa: UP006
parts(type(typing.Union[int, str]), "__origin__", "__args__")  # noqa: UP007
parts(functools.partial, "func", "args", "keywords")
parts(np.vectorize, "pyfunc", "otypes", "signature", "excluded", "cache")


@by(tuple, list, collections.deque)
def _sequence(value: Iterable[object], part: Part) -> str | None:
    return joined(_declared(value), map(part, value))


@by(set, frozenset)
def _set(value: Iterable[object], part: Part) -> str | None:
    items = [part(v) for v in value]
    # In the order of the texts: that of a set is another one in each process.
    known = [i for i in items if i is not None]
    return joined(_declared(value), sorted(known)) if len(known) == len(items) else None


@by(dict, collections.OrderedDict, types.MappingProxyType, collections.Counter)
def _mapping(value: Mapping[object, object], part: Part) -> str | None:
    pairs = [part(x) for item in value.items() for x in item]
    return joined(_declared(value), pairs)


@by(collections.defaultdict)
def _default_mapping(value: collections.defaultdict[object, object], part: Part) -> str | None:
    return joined("defaultdict", [part(value.default_factory), _mapping(value, part)])


@by(collections.ChainMap)
def _chained(value: collections.ChainMap[object, object], part: Part) -> str | None:
    return joined("ChainMap", map(part, value.maps))


def _declared(value: object) -> str:
    """The name of the class that says how a container is told apart: a class of the user's adds its own."""
    return next(c.__name__ for c in type(value).__mro__ if c in WAYS)


@by(operator.attrgetter, operator.itemgetter, operator.methodcaller)
def _reduced(value: object, part: Part) -> str | None:
    return joined(f"operator.{type(value).__name__}", map(part, value.__reduce__()[1:]))


@by(enum.Enum)
def _member(value: enum.Enum, part: Part) -> str | None:
    own = {k: v for k, v in vars(value).items() if not k.startswith("_")}
    return joined(str(value._name_), [part(value._value_), part(own)])


@by(enum.Flag)
def _flag(value: enum.Flag, part: Part) -> str | None:
    return part(value._value_)


@by(np.generic)
def _number(value: np.generic, part: Part) -> str | None:
    return None if value.dtype.hasobject else joined("np", [part(value.dtype), value.tobytes().hex()])


@by(np.dtype)
def _dtype(value: np.dtype[np.generic], part: Part) -> str | None:
    return f"dtype:{value.str}{value.descr if value.names else ''}{value.flags if value.names else ''}"


@by(np.ndarray)
def _array(value: np.ndarray[tuple[int, ...], np.dtype[np.generic]], part: Part) -> str | None:
    items = part(value.tolist()) if value.dtype.hasobject else hashlib.blake2b(value.tobytes()).hexdigest()
    return joined(f"array{value.shape}", [part(value.dtype), items])


# by the name that leads back


def by_name(value: object, part: Part) -> str | None:
    return named(value)


def named(value: object) -> str | None:
    """The name by which a class, function or ufunc of a library is found; with the version of the library.

    None for what is not found so, and for all that is the user's.
    """
    home = home_of(value)
    if home is None:
        return None
    module, path = home
    root = root_of(module)
    user = not is_installed(root) and root not in sys.builtin_module_names
    # The name of a user's function says nothing of its code, which may be another one tomorrow.
    if user and not isinstance(value, type):
        return None
    return f"{module}.{path}{'' if user else ' ' + version_of(root)}"


def home_of(value: object) -> tuple[str, str] | None:
    """The module and the path in it that lead to a class or function; None where none does."""
    path = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not isinstance(path, str):
        return None
    module = getattr(value, "__module__", None) or ("builtins" if type(value) in NAMED else None)
    if isinstance(module, str) and resolved(module, path) is value:
        return module, path
    owner = getattr(value, "__objclass__", None)
    if isinstance(owner, type):
        inner = f"{owner.__qualname__}.{getattr(value, '__name__', '')}"
        if resolved(owner.__module__, inner) is value:
            return owner.__module__, inner
    return _found_in(value, path) if isinstance(value, np.ufunc) else None


def resolved(module: str, path: str) -> object:
    """What stands at a path in a module that has been imported; None where nothing does."""
    found: object = sys.modules.get("__main__" if module == "__mp_main__" else module)
    for name in path.split("."):
        if found is None:
            return None
        found = vars(found).get(name) if isinstance(found, type) else getattr(found, name, None)
    return found


@functools.lru_cache(maxsize=4096)
def _found_in(ufunc: np.ufunc, name: str) -> tuple[str, str] | None:
    """The library that has a ufunc under its name: ufuncs do not say where they belong."""
    modules = [
        n for n, m in list(sys.modules.items()) if is_installed(n) and getattr(m, "__dict__", {}).get(name) is ufunc
    ]
    return (min(modules, key=lambda n: (n.count("."), n)), name) if modules else None


def of_library(value: object) -> str | None:
    """The name of an object that a library made, and has under a name: a distribution of `scipy.stats`."""
    module = type(value).__module__
    root = root_of(module)
    if root in sys.stdlib_module_names or not is_installed(module):
        return None
    known, name = _NAMES.get(id(value), (None, None))
    if known is value:
        return name
    home = _objects_of(root, sum(n.startswith(f"{root}.") for n in tuple(sys.modules))).get(id(value))
    if home is None:
        return None
    _NAMES[id(value)] = (value, f"{home} {version_of(root)}")
    return _NAMES[id(value)][1]


_NAMES: dict[int, tuple[object, str]] = {}
"""The objects of libraries that were asked for, with their names."""


@functools.lru_cache(maxsize=64)
def _objects_of(root: str, loaded: int) -> dict[int, str]:
    """The names of the objects in the modules of a library, by their identity: they live as long as the modules."""
    found: dict[int, str] = {}
    for name, module in sorted(sys.modules.items(), reverse=True):
        if root_of(name) == root:
            own = {k: v for k, v in getattr(module, "__dict__", {}).items() if root_of(type(v).__module__) == root}
            found.update((id(v), f"{name}.{k}") for k, v in own.items())
    return found


def _method(value: types.MethodType, part: Part) -> str | None:
    """A bound method of a class or an object of a library."""
    owner = value.__self__
    known = named(owner) if isinstance(owner, type) and is_installed(owner.__module__) else of_library(owner)
    return None if known is None else f"method {value.__func__.__qualname__} of {known}"


def _exception(value: BaseException, part: Part) -> str | None:
    return joined("", [named(type(value)), part(value.args), part(vars(value))])


WAYS[types.MethodType] = _method
WAYS[BaseException] = _exception


def _bound(value: types.BuiltinFunctionType, part: Part) -> str | None:
    """A function in C, or a method in C of an object, a class or a module."""
    owner = value.__self__
    if owner is None or isinstance(owner, types.ModuleType):
        return named(value)
    return joined(f"method {value.__name__}", [part(owner)])


def _module(value: types.ModuleType, part: Part) -> str | None:
    """A module of a library; one of the user's is what is read of it."""
    name = value.__name__
    return (
        f"module {name} {version_of(root_of(name))}" if sys.modules.get(name) is value and is_installed(name) else None
    )


WAYS[types.BuiltinFunctionType] = WAYS[type([].__len__)] = _bound
WAYS[types.ModuleType] = _module
NAMED: frozenset[type] = frozenset(
    [types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType]
    + [types.ClassMethodDescriptorType, types.MethodWrapperType, types.GetSetDescriptorType, types.MemberDescriptorType]
    + [np.ufunc, types.ModuleType]
)
"""The classes of what has a name."""
WAYS.update((c, by_name) for c in NAMED if c not in WAYS)

INHERITED: frozenset[type] = frozenset(
    [bool, int, float, complex, str, bytes, bytearray, tuple, list, dict, set, frozenset, collections.deque]
    + [collections.OrderedDict, collections.defaultdict, collections.ChainMap, fractions.Fraction, decimal.Decimal]
    + [datetime.date, datetime.datetime, datetime.time, datetime.timedelta, pathlib.PurePosixPath, BaseException]
    + [pathlib.PureWindowsPath, enum.Enum, enum.Flag, np.generic, np.dtype, np.ndarray, array.array, range, uuid.UUID]
    + [type(typing.List[int])]  # noqa: UP006
)
"""The classes whose subclasses are told apart as they are."""


# code


@functools.lru_cache(maxsize=4096)
def code_digest(code: types.CodeType) -> str:
    """A digest of what a function does, wherever it stands: its file and first line are not part of it."""
    state = hashlib.blake2b(digest_size=12)
    for item in _content(code):
        data = item if isinstance(item, bytes) else item.encode()
        state.update(len(data).to_bytes(8, "little") + data)
    return state.hexdigest()


def _content(code: types.CodeType) -> Iterable[str | bytes]:
    names = code.co_name, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
    yield repr((names, counts))
    yield from (code.co_code, code.co_exceptiontable, code.co_linetable)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield code_digest(constant)
        else:
            known = fingerprint(constant)
            assert known is not None, constant
            yield known
