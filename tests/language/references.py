"""Independent references: finite differences along a direction in all the floats of an argument."""

import copy
from dataclasses import is_dataclass

import numpy as np


def children(value):
    """The items of a container or object, by key; None for a leaf."""
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, (list, tuple)):
        return dict(enumerate(value))
    slots = [n for n in getattr(type(value), "__slots__", ()) if hasattr(value, n)]
    if is_dataclass(value) or hasattr(value, "__dict__") or slots:
        return {**{n: getattr(value, n) for n in slots}, **getattr(value, "__dict__", {})}
    return None


def flat(value):
    """All floats in a value, in order."""
    found = []
    collect(value, found)
    return np.concatenate([np.ravel(x) for x in found]) if found else np.zeros(0)


def collect(value, found):
    if isinstance(value, (float, np.floating)) or (isinstance(value, np.ndarray) and value.dtype.kind == "f"):
        found.append(value)
    elif not isinstance(value, (int, str, type(None), np.ndarray)):
        for item in (children(value) or {}).values():
            collect(item, found)


def beside(value, like):
    """The numbers in a value at the places of the floats of another one of the same structure."""
    if isinstance(like, (float, np.floating)):
        return np.array([float(value)])
    if isinstance(like, np.ndarray) and like.dtype.kind == "f":
        assert np.shape(value) == like.shape
        return np.ravel(value)
    if isinstance(like, (int, str, type(None), np.ndarray)):
        return np.zeros(0)
    inner = children(value)
    return np.concatenate([np.zeros(0), *(beside(inner[k], v) for k, v in children(like).items())])


def numbers(value):
    return len(flat(value))


def like(value, vector):
    """A value of the same structure whose floats are those of a vector."""
    return rebuild(value, iter_of(vector))


def iter_of(vector):
    return iter([float(v) for v in vector])


def rebuild(value, rest):
    if isinstance(value, (float, np.floating)):
        return next(rest)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return np.array([next(rest) for _ in range(value.size)]).reshape(value.shape)
    if isinstance(value, (int, str, type(None), np.ndarray)):
        return value
    if isinstance(value, dict):
        return {k: rebuild(v, rest) for k, v in value.items()}
    if isinstance(value, list):
        return [rebuild(v, rest) for v in value]
    if isinstance(value, tuple):
        items = [rebuild(v, rest) for v in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    made = copy.copy(value)
    for name, item in children(value).items():
        object.__setattr__(made, name, rebuild(item, rest))
    return made


def directional(function, arguments, direction):
    """The derivative along a direction in the first argument: central differences, extrapolated twice (Richardson)."""
    point = flat(arguments[0])

    def at(t):
        moved = like(arguments[0], point + t * direction)
        return float(function(moved, *copy.deepcopy(arguments[1:])))

    return extrapolated(at)


def extrapolated(at):
    """The derivative of a function of a number at 0: central differences of five steps (Richardson)."""
    h = 1e-2
    rows = [(at(h / 2**k) - at(-h / 2**k)) / (2 * h / 2**k) for k in range(5)]
    for order in range(1, 5):
        rows = [(4**order * b - a) / (4**order - 1) for a, b in zip(rows, rows[1:], strict=False)]
    return rows[0]
