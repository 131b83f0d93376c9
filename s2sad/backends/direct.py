"""What calls of an object need in memory so that they go straight to compiled code, where nothing has changed.

    object      as Python makes it, and behind that   the function that is called, or null | its plan
    plan        what the function is called with | conditions | variables that are passed behind the arguments
    condition   its kind | two addresses | what is found there as long as nothing has changed
    variable    the same without the last

The function is one of C, with the arguments of Python's `vectorcall`: it goes through the conditions, and calls what
the object does otherwise where one does not hold, or the arguments are not those that it is compiled for.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from enum import IntEnum
from typing import Any

POINTER = ctypes.sizeof(ctypes.c_void_p)


class Kind(IntEnum):
    """What a condition looks at."""

    PLACE = 0
    """What stands at the first address."""
    ITEM = 1
    """The item of a dict, by a key that is a text."""
    GIVEN = 2
    """What a function of C, at the first address, gives of an object; it gives no reference of its own."""
    ASKED = 3
    """Whether an object that is called without arguments gives True."""


class Condition(ctypes.Structure):
    """One condition. Nothing is found where the value is null."""

    _fields_ = [
        ("kind", ctypes.c_int64),
        ("first", ctypes.c_void_p),
        ("second", ctypes.c_void_p),
        ("value", ctypes.c_void_p),
    ]


class Plan(ctypes.Structure):
    """What a call goes through. It holds nothing: what it speaks of is held by `own`, and so is itself."""

    _fields_ = [
        ("own", ctypes.c_void_p),
        ("count", ctypes.c_int64),
        ("conditions", ctypes.c_void_p),
        ("more", ctypes.c_int64),
        ("variables", ctypes.c_void_p),
    ]


class Fields(ctypes.Structure):
    """What stands behind an object as Python makes it."""

    _fields_ = [("function", ctypes.c_void_p), ("plan", ctypes.c_void_p)]


class _Member(ctypes.Structure):
    """A `PyMemberDef`."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("type", ctypes.c_int),
        ("offset", ctypes.c_ssize_t),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    ]


class _Slot(ctypes.Structure):
    """A `PyType_Slot`."""

    _fields_ = [("number", ctypes.c_int), ("value", ctypes.c_void_p)]


class _Spec(ctypes.Structure):
    """A `PyType_Spec`."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("size", ctypes.c_int),
        ("item_size", ctypes.c_int),
        ("flags", ctypes.c_uint),
        ("slots", ctypes.c_void_p),
    ]


_MEMBERS = 72
"""The number of the slot `tp_members` in Python's stable ABI."""
_SIGNED, _READ_ONLY = 19, 1
_DEFAULT, _VECTORCALL = 1 << 18, 1 << 11
_KEPT: list[object] = []
"""What the types point to: they live as long as the process."""


def with_direct_calls(cls: type) -> type:
    """A subclass whose objects have room for a function and its plan: without these they are called as before."""
    name = f"{cls.__module__}.{cls.__qualname__}".encode()
    members = (_Member * 2)(_Member(b"__vectorcalloffset__", _SIGNED, cls.__basicsize__, _READ_ONLY, None))
    slots = (_Slot * 2)(_Slot(_MEMBERS, ctypes.addressof(members)))
    size = cls.__basicsize__ + ctypes.sizeof(Fields)
    spec = _Spec(name, size, 0, _DEFAULT | _VECTORCALL, ctypes.addressof(slots))
    _KEPT.append((name, members, slots, spec))
    make = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object)
    made: type = make(("PyType_FromSpecWithBases", ctypes.pythonapi))(ctypes.addressof(spec), (cls,))
    return made


def fields_of(o: object) -> Any:
    """The function and the plan of an object whose class was made so."""
    return Fields.from_address(id(o) + type(o).__basicsize__ - ctypes.sizeof(Fields))


def go_straight(
    o: object,
    function: int,
    own: tuple[object, ...],
    conditions: Sequence[Condition],
    variables: Sequence[Condition] = (),
) -> object:
    """Have calls of an object go to a function of C; what is given is to be kept as long as the object is.

    `own` is what the function is called with, and holds what the conditions and variables speak of.
    """
    tables = [(Condition * max(1, len(rows)))(*rows) for rows in (conditions, variables)]
    first, second = map(ctypes.addressof, tables)
    plan = Plan(0, len(conditions), first, len(variables), second)
    held = (*own, plan, *tables)
    plan.own = id(held)
    fields = fields_of(o)
    # never one's function with the plan of another: a thread may call it in between
    fields.function = None
    fields.plan = ctypes.addressof(plan)
    fields.function = function
    return held
