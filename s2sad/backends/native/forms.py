"""What the entry of a program takes and gives of what users pass: numbers, arrays and tuples of them as they are.

{"w": array, "b": (array, float)}   ->   array, (array, float)
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from s2sad.backends.boundary import pieces
from s2sad.backends.runner import Call
from s2sad.ir.types import ArrayType, ContainerType, HandleType, StaticType, Type, tuple_type

Form = Any
"""Of what an entry takes: `[kind, name of the dtype]`, or `["tuple", forms of its items]`: plain data."""
KEPT_FORM: Form = ["kept", ""]
"""The form of residuals: they are what the other sweep has given."""


def is_plain(t: Type) -> bool:
    """Whether an entry takes and gives values of this type as they are."""
    return (
        isinstance(t, ContainerType)
        and t.cls is tuple
        and all(isinstance(i, ArrayType) or is_plain(i) for i in t.items)
    )


def entry_arguments(given: Iterable[Type]) -> list[Type]:
    """The types of what an entry takes for arguments of these types."""
    own = [piece for t in given for piece in pieces(t, is_plain)]
    # what is known at compile time is not passed
    return [t for t in own if not isinstance(t, StaticType) or isinstance(t, HandleType)]


def entry_result(result: Type) -> Type:
    """The type of what an entry gives for a result of this type."""
    own = pieces(result, is_plain)
    return own[0] if len(own) == 1 else tuple_type(*own)


def form_of(t: Type) -> Form:
    """The form of an argument of an entry."""
    if isinstance(t, ContainerType):
        return ["tuple", [form_of(i) for i in t.items]]
    return [str(t.kind), "" if t.dtype is None else t.dtype.name]


class Unfit(Exception):
    """An argument that cannot be made one of the form that an entry takes."""


def fitter(form: Form) -> Callable[[Any], object]:
    """What makes an argument one of this form: an array row by row, a number of the class that it is for.

    It raises `Unfit` where the elements are of another dtype, or the argument is something else.
    """
    kind, rest = form
    if kind in ("kept", "python"):
        return _as_it_is
    if kind == "tuple":
        return functools.partial(_fitted_tuple, list(map(fitter, rest)))
    return functools.partial(_fitted_array if kind == "array" else _fitted_number, np.dtype(rest))


def _fitted_tuple(items: Sequence[Callable[[Any], object]], value: object) -> object:
    if not isinstance(value, tuple) or len(value) != len(items):
        raise Unfit
    return tuple([fit(item) for fit, item in zip(items, value, strict=True)])


def _as_it_is(value: object) -> object:
    # of a number of Python's nothing else can be made: what it is not for, the entry says again
    return value


def _fitted_array(dtype: np.dtype[Any], value: object) -> object:
    # whatever order its bytes have; and in C there are two integers of one size
    if not isinstance(value, np.ndarray) or (value.dtype is not dtype and value.dtype.newbyteorder("=") != dtype):
        raise Unfit
    flags = value.flags
    # what the entry takes: a dtype of this number, of which there may be many objects
    same = value.dtype.num == dtype.num and value.dtype.isnative
    if type(value) is np.ndarray and same and flags.c_contiguous and flags.aligned:
        return value
    return np.array(value, dtype, order="C")


def _fitted_number(dtype: np.dtype[Any], value: object) -> object:
    if not isinstance(value, np.generic) or value.dtype != dtype:
        raise Unfit
    return dtype.type(value)


class Fitting:
    """What an entry calls with arguments that it does not take: it is called again with such that it does.

    `otherwise` runs where there are none.
    """

    def __init__(self, fitters: Sequence[Callable[[Any], object]], entry: Call, otherwise: Call) -> None:
        self.fitters = fitters
        self._entry = entry
        self._otherwise = otherwise

    def __call__(self, *args: object) -> object:
        try:
            made = [fit(a) for fit, a in zip(self.fitters, args, strict=True)]
        except (Unfit, ValueError):
            return self._otherwise(*args)
        # where all were as it takes them it is something else that it does not: a class, a length
        return (self._otherwise if all(map(operator.is_, made, args)) else self._entry)(*made)
