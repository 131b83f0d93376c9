"""How values are spelled that have no literal of their own: by a name, under which the module is given the object.

    2.5, "a", (1, None)      literals
    Mode.FIRST               known_Mode_FIRST
    datetime.date(2020, 1, 1)      known_date_1f09a3: its fingerprint tells it from other dates

What a class of the user's says of its objects, their `repr`, is never code.
"""

from __future__ import annotations

import enum
import hashlib
import keyword
import math
import re
import types
import unicodedata

import numpy as np

from s2sad.ir.fingerprint import fingerprint, is_data

LITERALS = (int, float, complex, bool, str, bytes, type(None), type(Ellipsis))

MOST = 1000
"""How many items of an array `repr` writes."""


def is_spelled(value: object, as_key: bool = False) -> bool:
    """Whether a value has a spelling that is good anywhere: a literal, a container of literals, what NumPy has.

    A nan that is the key of a dict is found by its identity alone.
    """
    cls = type(value)
    if cls in (tuple, list, set, frozenset):
        return all(map(is_spelled, value))  # type: ignore[call-overload]
    if cls is dict:
        return all(is_spelled(k, True) and is_spelled(v) for k, v in value.items())  # type: ignore[attr-defined]
    if cls is slice:
        return True
    if cls is float and math.isnan(value):  # type: ignore[arg-type]
        return not as_key
    if isinstance(value, np.ndarray):
        return _is_spelled_array(value)
    if isinstance(value, np.generic):
        return value.dtype.kind in "biufcUS"
    if cls in LITERALS or isinstance(value, (np.dtype, np.ufunc)):
        return True
    # what the compiler makes, such as the name of a function of the module, says itself how it is spelled
    return cls.__module__.partition(".")[0] == "s2sad" or _is_builtin(value)


def _is_spelled_array(value: np.ndarray) -> bool:
    """Whether an array is written as its numbers: one of NumPy's own class, which `repr` writes in full."""
    if type(value) is not np.ndarray or value.dtype.hasobject:
        return False
    return value.size <= MOST or np.array(value.tolist()).dtype == value.dtype


def _is_builtin(value: object) -> bool:
    if not callable(value) or isinstance(value, types.MethodType):
        return False
    return (getattr(value, "__module__", None) or "").split(".")[0] in ("builtins", "numpy")


def objects_in(value: object, as_key: bool = False) -> list[object]:
    """The objects in a constant that are written by name."""
    if type(value) in (tuple, list, set, frozenset):
        return [found for item in value for found in objects_in(item)]  # type: ignore[attr-defined]
    if type(value) is dict:
        return [found for k, v in value.items() for found in (*objects_in(k, True), *objects_in(v))]
    return [] if is_spelled(value, as_key) else [value]


def object_name(value: object) -> str:
    """The name under which a module is given an object."""
    cls = type(value)
    if isinstance(value, enum.Enum):
        base, own = cls.__name__, str(value._name_)
    elif is_data(value) and (text := fingerprint(value)) is not None:
        base, own = cls.__name__, hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=3).hexdigest()
    else:
        base, own = str(getattr(value, "__name__", cls.__name__)), f"{id(value):x}"
    return identifier(f"known_{base}_{own}")


def identifier(name: str) -> str:
    """A name as Python reads it, what is no part of an identifier left out."""
    name = unicodedata.normalize("NFKC", name)
    if keyword.iskeyword(name):
        return f"{name}_"
    return name if name.isidentifier() else re.sub(r"\W", "_", name, flags=re.ASCII) or "_"


def printable(text: str) -> str:
    """A text for a comment: what is no printable character is written as its escape."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
