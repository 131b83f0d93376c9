"""What the entry of a program takes and gives of what users pass: numbers, arrays and tuples of them as they are.

{"w": array, "b": (array, float)}   ->   array, (array, float)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from s2sad.backends.boundary import pieces
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


def fitted(form: Form, value: Any) -> object:
    """An argument as an entry takes it: an array row by row, a number of the class that it is for.

    Raises:
        Unfit: its elements are of another dtype, or it is something else.
    """
    kind, rest = form
    if form == KEPT_FORM:
        return value
    if kind == "tuple":
        if not isinstance(value, tuple) or len(value) != len(rest):
            raise Unfit
        return tuple(map(fitted, rest, value))
    cls = np.ndarray if kind == "array" else np.generic
    # whatever order its bytes have, and in C there are two integers of one size
    if kind == "python" or not isinstance(value, cls) or value.dtype.newbyteorder("=") != rest:
        raise Unfit
    return np.array(value, rest, order="C") if kind == "array" else np.dtype(rest).type(value)


def fitting(
    forms: Sequence[Form], entry: Callable[..., object], otherwise: Callable[..., object]
) -> Callable[..., object]:
    """What an entry calls with arguments that it does not take: it is called again with such that it does.

    `otherwise` runs where there are none.
    """

    def call(*args: object) -> object:
        try:
            made = list(map(fitted, forms, args)) if len(args) == len(forms) else None
        except Unfit:
            made = None
        return otherwise(*args) if made is None else entry(*made)

    return call
