"""Functions and classes of a library without a rule, and why: a row for each, beside the rules of their area.

    of_module("scipy.signal", flat="find_peaks")                              integers: nothing moves
    of_module("numpy", acts="save seterr", reads="load")                      files and settings, in order
    of_module("numpy", refused="poly1d", why="an object of its own", instead="np.polyval")

What is flat has a derivative of zero. A call of what is refused has this reason where a derivative goes through it; the
page of names shows it. A name that this version of the library does not have is passed over.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from s2sad.ir.late import LATE, load_late_for


@dataclass(frozen=True)
class Refusal:
    """Why there is no derivative, and what to write instead."""

    why: str
    instead: str


_REFUSALS: dict[object, Refusal] = {}
_FLAT: set[object] = set()
_ACTS: set[object] = set()
_READS: set[object] = set()


def of_module(
    module: str,
    *,
    flat: str = "",
    acts: str = "",
    reads: str = "",
    refused: str = "",
    why: str = "",
    instead: str = "call it outside, and pass what it gives",
) -> None:
    """Add rows for functions of a module, by their names."""
    found = importlib.import_module(module)
    for table, names in ((_FLAT, flat), (_ACTS, acts), (_READS, reads)):
        table.update(getattr(found, n) for n in names.split() if hasattr(found, n))
    for name in refused.split():
        if hasattr(found, name):
            _REFUSALS.setdefault(getattr(found, name), Refusal(why, instead))


def refusal_of(function: object) -> Refusal | None:
    """Why a function has no derivative, None where nothing says so."""
    return _REFUSALS.get(function) if _is_known(function) else None


def is_flat(function: object) -> bool:
    """Whether what a function gives does not move: integers, truth values, ranks, names."""
    return _is_known(function) and any(function in table for table in (_FLAT, _ACTS, _READS))


def acts(function: object) -> bool:
    """Whether a function changes what is outside of the program: files, settings."""
    return _is_known(function) and function in _ACTS


def has_its_turn(function: object) -> bool:
    """Whether a function changes or reads what is outside of the program: it is called once, in order."""
    return _is_known(function) and (function in _ACTS or function in _READS)


def _is_known(function: object) -> bool:
    try:
        if LATE and not any(function in table for table in (_REFUSALS, _FLAT, _ACTS, _READS)):
            load_late_for(function)
    except TypeError:  # it cannot be hashed
        return False
    return True
