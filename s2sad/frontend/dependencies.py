"""What a function depends on besides its arguments: the functions that it calls, and the variables around them.

It is found from code objects alone, without parsing, so that a stored derivative is found again without compiling.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import sys
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from s2sad.frontend.context import Variable
from s2sad.ir.custom import BlackBox, BoxRule, Custom
from s2sad.ir.objects import LIBRARIES, is_user_class, object_items
from s2sad.ir.primitive import lookup

Guard = tuple["Variable | RuleOf", Any]
"""A variable, and the value that it must still have; a `Snapshot` for one that can be changed in place."""


@dataclass(frozen=True, eq=False)
class Dependencies:
    """The digest of all code and static values; guards on them; the variables that hold arrays."""

    digest: str
    guards: tuple[Guard, ...]
    variables: tuple[Variable, ...]


def dependencies(target: Any, others: Iterable[Any] = ()) -> Dependencies:
    """All that a function and the user functions it calls depend on; `others` are functions and classes given to it."""
    walk = _Walk()
    walk.value(target)
    for other in others:
        walk.value(other)
    return Dependencies(walk.hash.hexdigest(), tuple(walk.guards), tuple(walk.variables.values()))


def code_digest(code: types.CodeType) -> str:
    """A digest of the code of a function, wherever its file is."""
    walk = _Walk()
    walk.code(code)
    return walk.hash.hexdigest()


@dataclass(frozen=True, eq=False, slots=True)
class Snapshot:
    """A list, dict, set or object without numbers, as it was."""

    value: Any
    contents: object

    @staticmethod
    def of(value: Any) -> Snapshot:
        return Snapshot(value, _frozen(value))

    def matches(self, value: Any) -> bool:
        return value is self.value and _frozen(value) == self.contents


def is_current(guard: Guard) -> bool:
    """Whether a variable is as it was."""
    variable, value = guard
    try:
        now = variable.read()
    except (KeyError, ValueError, AttributeError, IndexError):
        return False
    return value.matches(now) if isinstance(value, Snapshot) else now is value


def _frozen(value: Any, depth: int = 0) -> object:
    if isinstance(value, (str, bytes, int, float, complex, bool, type(None))):
        return value
    if depth > 10:
        return id(value)
    if isinstance(value, (list, tuple)):
        return (type(value), *(_frozen(v, depth + 1) for v in value))
    if isinstance(value, dict):
        return (dict, *((k, _frozen(v, depth + 1)) for k, v in value.items()))
    if isinstance(value, (set, frozenset)):
        return (type(value), frozenset(_frozen(v, depth + 1) for v in value))
    items = object_items(value)
    return id(value) if items is None else (type(value), _frozen(items, depth + 1))


def is_captured(value: Any) -> bool:
    """Whether a variable outside the function is a parameter of the derivative: an array, or what holds floats."""
    return isinstance(value, np.ndarray) or (_has_numbers(value) and not isinstance(lookup(value), BlackBox))


@dataclass(frozen=True)
class Spread:
    """A function that takes `*args` or `**kwargs`, for so many arguments and these keywords.

    `names` are those of the arguments, the first `count` by position.
    """

    function: Any
    names: tuple[str, ...]
    count: int

    @property
    def __name__(self) -> str:
        return str(getattr(self.function, "__name__", "function"))

    @property
    def __signature__(self) -> inspect.Signature:
        P = inspect.Parameter
        kinds = [P.POSITIONAL_OR_KEYWORD] * self.count + [P.KEYWORD_ONLY] * (len(self.names) - self.count)
        return inspect.Signature([P(n, kind) for n, kind in zip(self.names, kinds, strict=True)])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


def python_function(target: Any) -> types.FunctionType | None:
    """The Python function that a callable leads to: that of a method, of a `partial`, of an object's `__call__`."""
    while not isinstance(target, types.FunctionType):
        if isinstance(target, Spread):
            target = target.function
        elif getattr(type(target), "__s2sad_checkpoint__", False):
            target = target.target
        elif isinstance(target, functools.partial):
            target = target.func
        elif isinstance(target, types.MethodType):
            target = target.__func__
        elif isinstance(target, functools._lru_cache_wrapper):
            target = target.__wrapped__
        elif isinstance(target, Custom):
            target = target.fun
        elif isinstance(target, BoxRule):
            target = target.function
        elif isinstance(target, type):
            return None
        else:
            target = inspect.getattr_static(type(target), "__call__", None)
            if not isinstance(target, types.FunctionType):
                return None
    return target


class RuleOf:
    """The rule of a function, as a variable that may be given another value."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def read(self) -> Any:
        return lookup(self.function)


class _Walk:
    def __init__(self) -> None:
        self.hash = hashlib.blake2b(digest_size=16)
        self.guards: list[Guard] = []
        self.variables: dict[tuple[int, str | int], Variable] = {}
        self.seen: set[int] = set()

    def add(self, *parts: object) -> None:
        for p in parts:
            data = p if isinstance(p, bytes) else str(p).encode()
            self.hash.update(len(data).to_bytes(8, "little") + data)

    def function(self, f: Any) -> None:
        if id(f) in self.seen:
            return
        self.seen.add(id(f))
        # a spawned process runs the script again, under this name
        module = "__main__" if f.__module__ == "__mp_main__" else f.__module__
        self.add("function", module, f.__qualname__)
        self.code(f.__code__)
        for k, default in enumerate(f.__defaults__ or ()):
            self.name(Variable(f.__defaults__, k, f"default_{k}"), default)
        for name, default in (f.__kwdefaults__ or {}).items():
            self.name(Variable(f.__kwdefaults__, name), default)
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            try:
                self.name(Variable(cell, name), cell.cell_contents)
            except ValueError:
                continue
        names = _names(f.__code__)
        for name in sorted(names):
            if name in f.__globals__:
                self.name(Variable(f.__globals__, name), f.__globals__[name])
                self.attributes(f.__globals__[name], names)

    def attributes(self, module: Any, names: set[str]) -> None:
        """Functions and constants of user modules, read as `module.name`."""
        if isinstance(module, types.ModuleType) and module.__name__.split(".")[0] not in LIBRARIES:
            for attribute in sorted(names & vars(module).keys()):
                self.name(Variable(vars(module), attribute), vars(module)[attribute])

    def cls(self, cls: type) -> None:
        """A class of the user: its methods, and the values in it."""
        if id(cls) in self.seen or not is_user_class(cls):
            return
        self.seen.add(id(cls))
        self.add("class", cls.__module__, cls.__qualname__)
        for base in cls.__mro__[1:]:
            self.cls(base)
        for name, value in vars(cls).items():
            if name in _OF_CLASSES:
                continue
            match value:
                case property():
                    inner = [f for f in (value.fget, value.fset) if f is not None]
                case staticmethod() | classmethod():
                    inner = [value.__func__]
                case functools.cached_property():
                    inner = [value.func]
                case types.FunctionType():
                    inner = [value]
                    self.guards.append((Variable(cls, name), value))
                case _:
                    self.name(Variable(cls, name), value)
                    continue
            self.add(name)
            for f in inner:
                self.value(f)

    def name(self, variable: Variable, value: Any) -> None:
        """A variable around a function: arrays are read at each call, all else is fixed and guarded."""
        if isinstance(value, types.ModuleType):
            self.add(variable.name, value.__name__)
            return
        self.add(variable.name)
        if is_captured(value):
            self.variables[variable.key] = variable
            self.classes(value)
            return
        changeable = isinstance(value, (list, dict, set)) or object_items(value) is not None
        self.guards.append((variable, Snapshot.of(value) if changeable else value))
        self.value(value)

    def classes(self, value: Any, depth: int = 0) -> None:
        """The classes of the objects in a value, and the functions."""
        items = object_items(value)
        if items is not None:
            self.cls(type(value))
            value = items
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, (tuple, list)) and depth < 10:
            for v in value:
                self.classes(v, depth + 1)
        elif callable(value):
            self.value(value)

    def value(self, value: Any) -> None:
        if getattr(value, "__s2sad_derivative__", False):
            self.add(repr(value.transform))
            self.value(value.target)
        elif isinstance(value, Custom):
            self.custom(value)
        elif isinstance(lookup(value), BlackBox):
            self.black_box(value)
        elif isinstance(value, types.FunctionType) and (value.__module__ or "").split(".")[0] not in LIBRARIES:
            self.function(value)
        elif isinstance(value, Spread):
            self.add("spread", value.names, value.count)
            self.value(value.function)
        elif isinstance(value, types.MethodType):
            self.name(Variable((value.__self__,), 0, "self"), value.__self__)
            self.value(value.__func__)
        elif isinstance(value, functools.partial):
            self.name(Variable(value, "args"), value.args)
            self.name(Variable(value, "keywords"), value.keywords)
            self.value(value.func)
        elif isinstance(value, functools._lru_cache_wrapper):
            self.value(value.__wrapped__)
        elif isinstance(value, np.vectorize):
            self.value(value.pyfunc)
        elif isinstance(value, (tuple, list, set, frozenset)):
            self.add(type(value).__name__, len(value))
            for v in value if isinstance(value, (tuple, list)) else sorted(value, key=repr):
                self.value(v)
        elif isinstance(value, dict):
            for k, v in value.items():
                self.add(k)
                self.value(v)
        elif isinstance(value, (int, float, complex, str, bytes, type(None), np.generic)):
            self.add(type(value).__name__, repr(value))
        elif isinstance(value, type):
            self.cls(value)
            self.add(value.__qualname__)
        else:
            self.object(value)

    def custom(self, custom: Custom) -> None:
        """A function with a rule: all of its functions; which these are may be changed."""
        if id(custom) in self.seen:
            return
        self.seen.add(id(custom))
        self.add(custom.kind, custom.nondiff)
        self.value(custom.fun)
        for name in ("fwd", "bwd", "rule"):
            self.name(Variable(custom, name), getattr(custom, name))

    def black_box(self, function: Any) -> None:
        """A function that runs as it is, and the rules that are given for it."""
        box = lookup(function)
        if id(box) in self.seen:
            return
        assert isinstance(box, BlackBox)
        self.seen.add(id(box))
        self.guards.append((RuleOf(function), box))
        root = sys.modules.get((box.module or "").split(".")[0])
        self.add("black box", box.name, box.module, getattr(root, "__version__", ""))
        if isinstance(function, types.FunctionType):
            self.code(function.__code__)
        for table in (box.adjoints, box.tangents):
            for position, rule in (table or {}).items():
                self.add(position)
                self.value(rule)
        self.value(box.result)

    def object(self, value: Any) -> None:
        """An object of a user's class, or of one that is not looked into."""
        self.add(type(value).__qualname__, getattr(value, "__module__", ""), getattr(value, "__qualname__", ""))
        if isinstance(value, types.FunctionType):
            self.code(value.__code__)
        items = object_items(value)
        if items is not None and id(value) not in self.seen:
            self.seen.add(id(value))
            self.cls(type(value))
            self.value(items)
        elif callable(value) and is_user_class(type(value)):
            self.cls(type(value))

    def code(self, code: types.CodeType) -> None:
        self.add(code.co_name, code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_firstlineno)
        for c in code.co_consts:
            if isinstance(c, types.CodeType):
                self.code(c)
            else:
                self.add(type(c).__name__, repr(sorted(map(repr, c))) if isinstance(c, frozenset) else repr(c))


_OF_CLASSES = frozenset(
    ["__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__", "__dataclass_fields__"]
    + ["__dataclass_params__", "__match_args__", "__hash__", "__firstlineno__", "__static_attributes__", "__slots__"]
    + ["__abstractmethods__", "_abc_impl", "__parameters__", "__orig_bases__"]
)


def _names(code: types.CodeType) -> set[str]:
    return {n for c in _codes(code) for n in c.co_names}


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for c in code.co_consts:
        if isinstance(c, types.CodeType):
            yield from _codes(c)


def _has_numbers(value: Any, depth: int = 0) -> bool:
    """Whether a container or object holds arrays or floats: it is then an argument of its own."""
    if depth > 10:
        return False
    if isinstance(value, (tuple, list)):
        return any(isinstance(v, (np.ndarray, float)) or _has_numbers(v, depth + 1) for v in value)
    if isinstance(value, dict):
        return any(isinstance(v, (np.ndarray, float)) or _has_numbers(v, depth + 1) for v in value.values())
    items = object_items(value)
    return items is not None and _has_numbers(items, depth + 1)
