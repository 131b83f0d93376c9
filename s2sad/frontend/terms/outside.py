"""What stands outside the function: which of it is read anew at each call, what is part of the program, what is opened.

    W = np.ones(3)                       W is a further parameter
    PAIR = (W, 0.5)                      PAIR is a further parameter: nothing but numbers and arrays
    PARAMS = {"W": W, "b": 0.5}          what is read of it is a further parameter
    K = 2.0                              a constant: another value is another program; one that varies is a parameter
    model.rate = 0.1                     a further parameter, as all numbers in objects are
    LAYERS = [(W, np.tanh), ...]         opened: the arrays in it are further parameters, the functions constants

An object of the user's is never a parameter as a whole: what is read of it is.
"""

from __future__ import annotations

import re
import types
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from s2sad.frontend.dependencies.looks import Variable, is_place
from s2sad.frontend.dependencies.reads import Reads
from s2sad.frontend.reading.callables import UserValue
from s2sad.frontend.terms.terms import Items, Term
from s2sad.ir.fingerprint import fingerprint
from s2sad.ir.signature import PLAIN_ARRAYS
from s2sad.ir.types import is_namedtuple
from s2sad.ir.values import Operand

MAX_DEPTH = 10

NUMBERS = (int, float, complex)


def is_captured(value: object) -> bool:
    """Whether a value is a further parameter: an array, or a list or tuple of arrays and floats."""
    cls = type(value)
    if cls is np.ndarray or cls in PLAIN_ARRAYS:
        return is_array(value)
    if cls is not tuple and cls is not list and not is_namedtuple(cls):
        return False
    found = list(_leaves(value, 0))
    return all(map(_may_be_leaf, found)) and any(map(_is_inexact, found))


def is_array(value: UserValue) -> bool:
    """Whether a value is an array of numbers."""
    return type(value) in PLAIN_ARRAYS and value.dtype.kind in "biufc"


def holds_numbers(value: dict[object, object]) -> bool:
    """Whether a dict may be a parameter as a whole: it holds nothing but numbers and arrays, in containers or not."""
    found = list(_leaves(value, 0, dicts=True))
    return all(map(_may_be_leaf, found)) and any(map(_is_inexact, found))


def _leaves(value: UserValue, depth: int, dicts: bool = False) -> Iterator[object]:
    cls = type(value)
    if depth <= MAX_DEPTH and (cls is tuple or cls is list or is_namedtuple(cls) or (dicts and cls is dict)):
        for item in value.values() if cls is dict else value:
            yield from _leaves(item, depth + 1, dicts)
    else:
        yield value


def _may_be_leaf(value: object) -> bool:
    cls = type(value)
    return value is None or cls in (*NUMBERS, bool, str) or issubclass(cls, np.generic) or is_array(value)


def _is_inexact(value: object) -> bool:
    cls = type(value)
    return cls is float or cls is complex or issubclass(cls, np.inexact) or is_array(value)


def is_read_anew(variable: Variable, value: UserValue, reads: Reads) -> bool:
    """Whether a variable is a further parameter: what is captured, floats in objects and dicts, numbers that vary."""
    if is_captured(value):
        return True
    settled, cls = reads.settled, type(value)
    number = cls in NUMBERS or (issubclass(cls, np.generic) and value.dtype.kind in "iufc")
    if not number or variable.key in settled.constants:
        return False
    if variable.key in settled.varying:
        settled.pending.add(variable.key)
        return True
    if isinstance(value, (int, np.integer)):
        return False
    holder = variable.holder
    return id(holder) in reads.opened or (is_place(holder) and not isinstance(holder, (type, types.ModuleType)))


ATOMS = (int, float, complex, bool, str, type(None))
MAX_ITEMS = 64
"""How many items a list has at most that is part of the program as a whole: of a longer one, those that are read."""


def to_be_opened(value: UserValue) -> bool:
    """Whether a container that is not captured is seen item by item."""
    cls = type(value)
    if issubclass(cls, dict):
        return True
    if cls is list and (len(value) > MAX_ITEMS or not all(type(v) in ATOMS for v in value)):
        return True
    if not issubclass(cls, (tuple, list)) or is_struct_sequence(cls):
        return False
    return any(map(_is_inexact, _leaves(value, 0))) or fingerprint(value) is None


def is_struct_sequence(cls: type) -> bool:
    """Whether a class is one of Python's own records, as that of `sys.float_info`: they are constants."""
    return issubclass(cls, tuple) and hasattr(cls, "n_sequence_fields")


def item_name(container: str, key: object) -> str:
    """What the item of a container outside the function is called: `params_W`, `layers_0`."""
    parts = key if isinstance(key, tuple) else (key,)
    text = "_".join(str(getattr(p, "__name__", p)) for p in parts)
    return f"{container}_{re.sub(r'[^0-9a-zA-Z_]+', '_', text).strip('_') or 'item'}"


class OutsideList(list[Any]):
    """The items of a list outside the function: each is read when it is asked for.

    `whole` gives the list as one constant, where it may be one.
    """

    def __init__(
        self,
        outside: list[object],
        reads: Reads,
        item: Callable[[object, object], Term],
        whole: Callable[[], Operand | None],
    ) -> None:
        super().__init__(outside)
        self.outside, self.reads, self.item, self.whole = outside, reads, item, whole
        self.terms: dict[int, Term] = {}
        reads.opened.add(id(outside))

    @property
    def may_be_whole(self) -> bool:
        """Whether it may be one constant."""
        return fingerprint(self.outside) is not None

    def has(self, index: int) -> bool:
        """Whether there is an item at a place counted from the front, however many there are behind it."""
        return 0 <= index < super().__len__()

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if index not in self.terms:
            self.terms[index] = self.item(index, self.outside[index])
        return self.terms[index]

    def __len__(self) -> int:
        self.reads.keys(self.outside)
        return super().__len__()

    def __iter__(self) -> Iterator[object]:
        return (self[k] for k in range(len(self)))

    def __add__(self, other: Iterable[Any]) -> list[Any]:
        return [*self, *other]


class OutsideItems(dict[Any, Any]):
    """The items of a dict outside the function: each is read when it is asked for.

    `whole` gives the dict as one parameter, where it may be one.
    """

    def __init__(
        self,
        outside: dict[object, object],
        reads: Reads,
        item: Callable[[object, object], Term],
        whole: Callable[[], Operand | None],
    ) -> None:
        own = isinstance(outside, OrderedDict) or type(outside) is dict
        super().__init__(dict.fromkeys(outside if own else dict.keys(outside)))
        self.outside, self.reads, self.item, self.whole = outside, reads, item, whole
        self.terms: Items = {}
        reads.opened.add(id(outside))

    @property
    def may_be_whole(self) -> bool:
        """Whether it may be one parameter."""
        return type(self.outside) is dict and holds_numbers(self.outside)

    def __getitem__(self, key: object) -> Term:
        if key not in self.terms:
            self.terms[key] = self.item(key, self.outside[key])
        return self.terms[key]

    def get(self, key: object, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401  (this is `get`)

    def __contains__(self, key: object) -> bool:
        there = super().__contains__(key)
        if type(key) is str or type(key) is int:
            self.reads.look(self.outside, "holds", key, there)
        else:
            self.reads.keys(self.outside)
        return there

    def __iter__(self) -> Iterator[object]:
        self.reads.keys(self.outside)
        return super().__iter__()

    def __len__(self) -> int:
        self.reads.keys(self.outside)
        return super().__len__()

    def keys(self) -> Any:
        self.reads.keys(self.outside)
        return super().keys()

    def values(self) -> Any:
        return [self[k] for k in self]

    def items(self) -> Any:
        return [(k, self[k]) for k in self]
