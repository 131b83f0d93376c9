"""The classes of libraries whose objects hold numbers, and are no arrays that NumPy's operators are for."""

from __future__ import annotations

import importlib.util
from functools import cache
from typing import Any

import numpy as np

from s2sad.ir.installed import is_installed, root_of
from s2sad.ir.signature import PLAIN_ARRAYS
from s2sad.ir.sparse_classes import is_sparse_class


def is_holder_class(cls: type) -> bool:
    """Whether objects of a class give their numbers as an array: a table, a series, a tensor, a masked array.

    >>> is_holder_class(np.matrix), is_holder_class(np.ma.MaskedArray), is_holder_class(np.ndarray)
    (True, True, False)
    """
    return _is_holder_class(cls)


def way_out(value: Any, name: str) -> str:
    """How the numbers of such an object, known by a name, are written as an array.

    >>> way_out(np.ma.zeros(3), "m"), way_out(np.rec.array([1.0]), "r")
    ('m.filled(0.0), or m.data and m.mask', 'np.asarray(r)')
    """
    if isinstance(value, np.ma.MaskedArray):
        return f"{name}.filled(0.0), or {name}.data and {name}.mask"
    if hasattr(value, "to_numpy"):
        return f"{name}.to_numpy()"
    return f"np.asarray({name})"


def adaptor_of(value: object) -> str | None:
    """The module that makes functions of NumPy ones of the library of an object; None where there is none."""
    # what JAX has as classes is in jaxlib
    name = f"s2sad.interop.{root_of(type(value).__module__).removesuffix('lib')}"
    return name if importlib.util.find_spec(name) is not None else None


@cache
def _is_holder_class(cls: Any) -> bool:
    if cls in PLAIN_ARRAYS or issubclass(cls, (np.generic, type)) or is_sparse_class(cls):
        return False
    return hasattr(cls, "__array__") and is_installed(cls.__module__)
