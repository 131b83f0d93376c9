"""What is asked of arguments: their numbers and arrays, an item of them, whether they share memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from s2sad.errors import ArgumentError, Location, UnsupportedCall
from s2sad.frontend.dependencies import Variable
from s2sad.frontend.reading.callables import UserValue
from s2sad.ir.objects import object_items

Number: TypeAlias = "np.ndarray | np.generic | float | complex"


def unshared(
    call: Callable[..., object],
    changed: Sequence[Sequence[str | int]],
    captured: Sequence[Variable],
    names: Sequence[str],
) -> Callable[..., object]:
    """A function that changes objects in its arguments: these may be in one place only, and share no memory.

    `changed` are the positions of arguments, with the keys that lead to the objects.
    """

    def checked(*args: object) -> object:
        places = [place for name, a in zip(names, args, strict=False) for place in objects_in(a, name)]
        places += [place for v in captured for place in objects_in(v.read(), v.shown)]
        for k, *path in changed:
            written = item_at(args[int(k)], tuple(path))
            # the object itself is among the places: alone there, it is in one place only
            where = next((name for o, name in places if o is written), names[int(k)])
            others = [name for o, name in places if is_shared(o, written)]
            if len(others) > 1:
                other = next((name for name in others if name != where), where)
                what = f"{where} and {other} are one object, or share memory"
                raise ArgumentError(f"{what}, and the function changes {where}: pass a copy")
        return call(*args)

    return checked


def apart_from_takers(
    call: Callable[..., object], captured: Sequence[Variable], names: Sequence[str]
) -> Callable[..., object]:
    """A function that may store into arrays outside: nothing that it reads shares memory with one of these."""
    if not any(v.handed and isinstance(v.read(), np.ndarray) for v in captured):
        return call

    def checked(*args: object) -> object:
        places = [place for name, a in zip(names, args, strict=False) for place in objects_in(a, name)]
        places += [place for v in captured if not v.handed for place in objects_in(v.read(), v.shown)]
        for v in captured:
            taker = v.read() if v.handed else None
            other = next((n for o, n in places if isinstance(taker, np.ndarray) and is_shared(o, taker)), None)
            if other is not None:
                what = f"{other} and {v.shown} are one array, or share memory, and the function stores into {v.shown}"
                raise ArgumentError(f"{what}: pass a copy")
        return call(*args)

    return checked


def apart_from_defaults(
    call: Callable[..., object], defaults: Mapping[int, object], names: Sequence[str], location: Location
) -> Callable[..., object]:
    """A function that changes these arguments: where one is the default of its parameter, the next call would see it.

    `defaults` are those of the parameters whose objects are changed.
    """

    def checked(*args: object) -> object:
        for k, default in defaults.items():
            if args[k] is default:
                what = f"{names[k]} is changed, and is the default of the function, which its next call sees"
                raise UnsupportedCall(what, f"pass {names[k]}, or make it in the function where it is None", location)
        return call(*args)

    return checked


def is_shared(value: object, written: object) -> bool:
    """Whether two objects are one, or two arrays that may share memory."""
    if value is written:
        return True
    # By their bounds: whether two arrays surely share an element takes exponential time in the worst case. It may
    # refuse columns of one matrix, and never lets an overlap pass.
    return isinstance(value, np.ndarray) and isinstance(written, np.ndarray) and np.may_share_memory(value, written)


def objects_in(value: object, name: str) -> list[tuple[object, str]]:
    """The arrays, lists, dicts and objects in an argument, itself among them, with what leads to them."""
    match value:
        case np.ndarray():
            return [(value, name)]
        # A tuple cannot be written into: two arguments may be one tuple, and it is what stands in it that counts.
        case tuple():
            return [place for k, item in enumerate(value) for place in objects_in(item, f"{name}[{k}]")]
        case list():
            return [(value, name), *(p for k, item in enumerate(value) for p in objects_in(item, f"{name}[{k}]"))]
        case dict():
            return [(value, name), *(p for k, item in value.items() for p in objects_in(item, f"{name}[{k!r}]"))]
    attributes = object_items(value)
    if attributes is None:
        return []
    return [(value, name), *(p for k, item in attributes.items() for p in objects_in(item, f"{name}.{k}"))]


def number_leaves(value: object) -> list[Number]:
    """The arrays and numbers in an argument."""
    if isinstance(value, (np.ndarray, np.generic, float, complex)):
        return [value]
    if isinstance(value, (tuple, list)):
        return [a for item in value for a in number_leaves(item)]
    attributes = value if isinstance(value, dict) else object_items(value)
    return [] if attributes is None else [a for item in attributes.values() for a in number_leaves(item)]


def without_numbers(value: UserValue) -> UserValue:
    """An argument with arrays of its shapes and dtypes that hold no memory; objects of the user's as they are."""
    if type(value) is np.ndarray and value.dtype.kind in "biufc":
        return np.broadcast_to(np.zeros((), value.dtype), value.shape)
    if type(value) in (tuple, list):
        return type(value)(map(without_numbers, value))
    if type(value) is dict:
        return {k: without_numbers(v) for k, v in value.items()}
    return value


def item_at(value: UserValue, path: tuple[object, ...]) -> UserValue:
    """The item of an argument at a path."""
    for key in path:
        value = getattr(value, str(key)) if object_items(value) is not None else value[key]
    return value
