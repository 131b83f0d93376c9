"""The same looks from another function, or in another process: whether they find what they found."""

from __future__ import annotations

import re
import struct
import types
from collections.abc import Sequence
from dataclasses import dataclass, field

from s2sad.errors import shown
from s2sad.frontend.dependencies.guards import Guards, is_changeable
from s2sad.frontend.dependencies.looks import (
    HANDED,
    KINDS,
    LOGGER,
    MISSING,
    READ_ANEW,
    Look,
    Looks,
    Variable,
    told_apart,
)


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """What looks have found from some roots."""

    looks: Looks
    objects: tuple[object, ...]
    found: tuple[object, ...]
    mutable: frozenset[int] = field(init=False)
    """The looks that found a container, or what holds one, that can be changed in place."""
    guards: Guards = field(init=False)

    def __post_init__(self) -> None:
        pairs = enumerate(zip(self.looks.looks, self.found, strict=True))
        mutable = frozenset([k for k, (look, v) in pairs if look.number is None and is_changeable(v)])
        object.__setattr__(self, "mutable", mutable)
        object.__setattr__(self, "guards", Guards(self.looks.looks, self.objects, self.found, mutable))

    def variable(self, look: int, label: str | None) -> Variable:
        """The variable that a look found."""
        at = self.looks.looks[look]
        return Variable(self.objects[at.holder], at.name, label, at.found == HANDED)


def replay(looks: Looks, roots: Sequence[object], before: Seen | None = None) -> Seen | Change | None:
    """What the looks find from other roots; where it is something else, what: None where the roots are.

    `before` is what they found earlier: the very same object needs no second look.
    """
    numbers: dict[int, int] = {}
    # which of the roots are one object: a program that was made where two were one may take them for one
    pattern = tuple([numbers.setdefault(id(r), len(numbers)) for r in roots])
    if pattern != looks.pattern:
        return None
    # by id: a root may not be hashable, and equal ones are two
    objects = list({id(r): r for r in roots}.values())
    for root, number, text in zip(roots, pattern, looks.texts, strict=True):
        if (before is None or root is not before.objects[number]) and (text is None or told_apart(root, True) != text):
            return None
    found: list[object] = []
    for k, look in enumerate(looks.looks):
        try:
            value = KINDS[look.kind](objects[look.holder] if look.holder >= 0 else None, look.name)
        except (LookupError, AttributeError, ValueError, TypeError, ImportError):
            value = MISSING
        # the same object may have changed inside: only what cannot change needs no second look
        same = (
            before is not None and value is before.found[k] and k not in before.mutable and look.found not in READ_ANEW
        )
        if not same and not _is_same(look, value):
            change = Change(looks, k, objects[look.holder] if look.holder >= 0 else None, value)
            LOGGER.debug("not compiled for this: %s", change)
            return change
        found.append(None if look.found in READ_ANEW else value)
        # an object that later looks start from must be a new one where it was new, and the known one where it was
        # that
        if look.number is not None and not _numbered(value, look.number, numbers, objects):
            return None
    return Seen(looks, tuple(objects), tuple(found))


def _numbered(value: object, number: int, numbers: dict[int, int], objects: list[object]) -> bool:
    """Give an object its number; whether it is the one that has it already, or another one than all before."""
    if number < len(objects):
        return objects[number] is value
    if id(value) in numbers:
        return False
    numbers[id(value)] = number
    objects.append(value)
    return True


def _is_same(look: Look, value: object) -> bool:
    """Whether a look found what it found before."""
    if look.found in READ_ANEW:
        return value is not MISSING or look.found == HANDED
    return look.found is not None and told_apart(value, look.number is not None) == look.found


_OUTSIDE = re.compile(r"^(.+?)\.(?:__globals__\['|__closure__\[\d+\]\.)(\w+)(?:'\])?(.*)$")
"""A variable of a module, or of a function around one, in the path of a look."""


@dataclass(frozen=True)
class Change:
    """What a look found in the place of what it found before, for people."""

    looks: Looks
    number: int
    holder: object
    value: object

    @property
    def number_that_varies(self) -> tuple[int, str | int] | None:
        """The key of a variable that held a number, and holds another one of its kind."""
        look = self.looks.looks[self.number]
        kind = next((c for c in (int, float, complex) if type(self.value) is c), None)
        if kind is None or look.found is None or not look.found.startswith(f"{kind.__name__}:"):
            return None
        return (id(self.holder), look.name)

    @property
    def told(self) -> str:
        """It in the words of a log: what changed in the user's program."""
        look, own = self.looks.looks[self.number], self.looks.path(self.number)
        path = _OUTSIDE.sub(r"\2\3, which \1 reads,", own.removesuffix(".__code__"))
        if isinstance(self.value, types.CodeType):
            return f"the code of {path} changed"
        if self.value is MISSING:
            return f"{path} is gone"
        if not isinstance(self.value, (int, float, complex, str, type(None))):
            return f"{path} is another {type(self.value).__name__}"
        kind, _, before = (look.found or "").partition(":")
        if kind == "float":
            before = str(struct.unpack("<d", bytes.fromhex(before))[0])
        return f"{path} is {shown(self.value)}" + (f", and was {before}" if kind in ("int", "float", "str") else "")

    def __str__(self) -> str:
        look = self.looks.looks[self.number]
        now = told_apart(self.value, look.number is not None) or f"another {type(self.value).__name__}"
        return f"{self.looks.path(self.number)} was {look.found or 'another object'}, and is {now}"
