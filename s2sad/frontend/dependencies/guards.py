"""What tells at each call whether all that a compiled function depends on is as it was."""

from __future__ import annotations

import array
import collections
import functools
import operator
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np

from s2sad.frontend.dependencies.looks import FIXED, FIXED_PARTS, KINDS, MISSING, READ_ANEW, Look
from s2sad.frontend.reading.callables import UserValue
from s2sad.ir.primitive import RULES_GIVEN

Contents = Callable[[UserValue], tuple[object, ...]]


def _of_mapping(value: Mapping[object, object]) -> tuple[object, ...]:
    return (*value, *value.values())


CONTENTS: dict[type, Contents] = {
    **dict.fromkeys((list, set, collections.deque, array.array), tuple),
    **dict.fromkeys((dict, types.MappingProxyType, collections.ChainMap), _of_mapping),
    **dict.fromkeys((bytearray, memoryview), lambda b: (bytes(b),)),
    BaseException: lambda e: tuple(e.args),
    np.ndarray: lambda a: (a.dtype, a.shape, a.tobytes()),
}
"""What is in a container that can be changed in place, by its class or a base of it."""


def contents_of(value: object) -> Contents | None:
    """What gives the contents of a container that can be changed; None for what cannot."""
    return next((CONTENTS[c] for c in type(value).__mro__ if c in CONTENTS), None)


_ATOMS = frozenset([int, float, str, bool, complex, bytes, type(None), type, types.FunctionType, types.CodeType])


def changeable(value: UserValue, depth: int = 0) -> Iterator[object]:
    """The containers in a value that can be changed in place, itself among them."""
    if type(value) in _ATOMS or depth > 20:
        return
    contents = contents_of(value)
    inner: Iterable[object] = ()
    if contents is not None:
        yield value
        inner = () if isinstance(value, (np.ndarray, bytearray, memoryview, array.array)) else contents(value)
    elif issubclass(type(value), (tuple, frozenset)):
        inner = value
    elif issubclass(type(value), functools.partial):
        inner = (value.args, value.keywords)
    for item in inner:
        yield from changeable(item, depth + 1)


def is_changeable(value: object) -> bool:
    """Whether something in a value can be changed in place."""
    return type(value) not in _ATOMS and next(changeable(value), MISSING) is not MISSING


class Guards:
    """What must still be found, as conditions of one expression of Python.

    What is in containers that can be changed is noted at once; the rest when it is asked for the first time. The
    expression is made when it has been asked for a few times: before that the looks are gone through one by one.
    """

    def __init__(
        self,
        looks: Sequence[Look] = (),
        objects: Sequence[object] = (),
        found: Sequence[object] = (),
        mutable: Collection[int] = (),
    ) -> None:
        self.looks, self.objects, self.found = looks, objects, found
        self.rules = RULES_GIVEN[0]
        self.contents: list[tuple[Contents, object, tuple[object, ...]]] = []
        self.asked = 0
        self.hold: Callable[[], bool] = self.hold_one_by_one
        """Whether all is as it was."""
        # at once: a container may have changed by the time that the guards are asked first
        for k in mutable:
            if looks[k].kind not in ("keys", "whole"):
                for container in changeable(found[k]):
                    self._note(_required(container), container)
        for look in looks:
            if look.kind in ("keys", "whole"):
                self._note(_contents_by(look.kind), objects[look.holder])

    def _note(self, contents: Contents, container: object) -> None:
        self.contents.append((contents, container, contents(container)))

    def conditions(self) -> Iterator[tuple[str, tuple[object, ...]]]:
        """The conditions on what the looks found, as texts of what they speak of: `{0}`, `{1}`, ..."""
        for look, value in zip(self.looks, self.found, strict=True):
            if look.found not in READ_ANEW and look.kind not in FIXED:
                holder = self.objects[look.holder]
                condition = _condition(holder, look)
                if condition is not None:
                    yield condition, (holder, value, look.name, KINDS[look.kind], _get(holder))

    def hold_one_by_one(self) -> bool:
        """The same before the expression is made."""
        self.asked += 1
        if self.asked == MANY:
            self.hold = self.expression()
            return self.hold()
        for condition, parts in self.conditions():
            if not _ASKED[condition](*parts):
                return False
        return self.contents_are_as_they_were() and RULES_GIVEN[0] == self.rules

    def contents_are_as_they_were(self) -> bool:
        """Whether the containers hold what they held."""
        for contents, holder, before in self.contents:
            now = contents(holder)
            # identity first, which is fast; where an item is another object it may still be an equal number
            if len(now) != len(before) or not all(map(operator.is_, now, before)) and not all(map(_equal, now, before)):
                return False
        return True

    def expression(self) -> Callable[[], bool]:
        """All conditions as one function."""
        # parameters with defaults: a local variable is found faster than a global or a cell
        space: dict[str, object] = {"missing": MISSING, "given": RULES_GIVEN, "equal": _equal}
        texts = [f"given[0] == {self.rules}"]
        for k, (condition, parts) in enumerate(self.conditions()):
            texts.append(condition.format(*(f"p{k}_{j}" for j in range(len(parts)))))
            space |= {f"p{k}_{j}": part for j, part in enumerate(parts) if f"{{{j}}}" in condition}
        if self.contents:
            space["contents"] = self.contents_are_as_they_were
            texts.append("contents()")
        text = f"lambda {', '.join(f'{n}={n}' for n in space)}: {' and '.join(texts)}"
        return eval(text, space)  # type: ignore[no-any-return]


MANY = 4
"""How often guards are asked before they become one expression."""
GET = "{4}({2}, missing) is {1}"
OWN = "{0}.__dict__.get({2}, missing) is {1}"
CELL = "getattr({0}, 'cell_contents', missing) is {1}"
TYPE = "type({0}) is {1}"
PART = "getattr({0}, {2}, missing) is {1}"
OTHER = "equal({3}({0}, {2}), {1})"
CONDITION_OF = {n: f"{{0}}.{n} is {{1}}" for n in ("__code__", "__defaults__", "__kwdefaults__")}
CONDITIONS = (GET, OWN, CELL, TYPE, PART, OTHER, *CONDITION_OF.values())
"""The forms of conditions: on a holder {0}, a value {1}, a name {2}, a manner of looking {3}, `get` of a dict {4}."""


def _condition(holder: object, look: Look) -> str | None:
    """The form of the condition that a look finds what it found; None where it cannot find anything else."""
    kind, name = look.kind, look.name
    if kind == "item":
        return GET if isinstance(holder, dict) else None if isinstance(holder, tuple) else OTHER
    if kind == "own":
        if isinstance(holder, type) or (isinstance(holder, types.ModuleType) and name in vars(holder)):
            return GET
        return OTHER if isinstance(holder, types.ModuleType) else OWN
    if kind == "part":
        if name in CONDITION_OF and type(holder) is types.FunctionType:
            return CONDITION_OF[str(name)]
        return None if name in FIXED_PARTS else PART
    return {"cell": CELL, "type": TYPE, "keys": None, "whole": None}.get(kind, OTHER)


def _get(holder: object) -> object:
    if isinstance(holder, dict):
        return holder.get
    return vars(holder).get if isinstance(holder, (type, types.ModuleType)) else None


def _required(container: object) -> Contents:
    found = contents_of(container)
    assert found is not None, container
    return found


def _contents_by(kind: str) -> Contents:
    read = KINDS[kind]

    def contents(holder: object) -> tuple[object, ...]:
        found = read(holder, "")
        return (found,) if isinstance(found, int) else _of_mapping(found) if isinstance(found, dict) else tuple(found)

    return contents


def _equal(a: object, b: object) -> bool:
    """Whether two items are the same object, or equal numbers or texts of one class."""
    # only for classes whose == is Python's own: that of a user may do anything, and that of an array is no bool
    return a is b or (type(a) is type(b) and type(a) in (bytes, str, int, tuple) and a == b)


_ASKED: dict[str, Callable[..., bool]] = {
    text: eval(f"lambda a, v, n, r, g: {text.format('a', 'v', 'n', 'r', 'g')}", {"missing": MISSING, "equal": _equal})
    for text in CONDITIONS
}
"""The conditions as functions."""
