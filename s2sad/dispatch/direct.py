"""Calls that go straight to compiled code: what tells at each of them that it is the right one, without Python.

Where what a derivative was compiled for rests on nothing but the types of its arguments, which the entry checks itself,
and on what `Guards` ask, its calls need no dispatch: they go through these conditions, and to the entry (see
`backends.direct`). Where one does not hold they are dispatched as ever.
"""

from __future__ import annotations

import copyreg
import ctypes
import types
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from s2sad.backends import Runner
from s2sad.backends.direct import POINTER, Condition, Kind, fields_of, go_straight, with_direct_calls
from s2sad.backends.runner import Call
from s2sad.compiler.transform import is_constant
from s2sad.dispatch.specialised import Specialised
from s2sad.frontend.dependencies import MISSING, Guards, Variable
from s2sad.frontend.dependencies.guards import CELL, CONDITION_OF, GET, TYPE
from s2sad.ir.primitive import RULES_GIVEN

HEAD = object.__basicsize__
"""Where the fields of an object begin; in front of them stands its class."""
_CODE, _DEFAULTS, _KEYWORDS = ("PyFunction_GetCode", "PyFunction_GetDefaults", "PyFunction_GetKwDefaults")
FUNCTIONS = dict(zip(CONDITION_OF.values(), (_CODE, _DEFAULTS, _KEYWORDS), strict=True))
"""What gives the parts of a function, by the conditions that ask for them."""


@lru_cache(maxsize=1)
def direct_class(cls: type) -> type:
    """The class of the objects whose calls can go straight; they are pickled as those of `cls` are."""
    made = with_direct_calls(cls)
    copyreg.pickle(made, copyreg.dispatch_table[cls])
    made.__doc__ = vars(cls)["__doc__"]
    return made


def led_straight(o: object, runner: Runner, member: Specialised, otherwise: Call) -> object | None:
    """Have calls of an object go straight to what a pattern leads to; what is to be kept as long as the object is.

    `otherwise` is the dispatch. None: it takes a look at each call.
    """
    # lengths that it is compiled for the entry asks itself
    if member.statics or any(map(is_constant, member.pattern)) or len(member.watched) != len(member.captured):
        return None
    variables = [_variable(v) for v in member.captured]
    if None in variables:
        return None
    found = runner.straight(member.call, otherwise, len(variables))
    if found is None:
        return None
    function, own = found
    conditions, kept = conditions_of(member.guards)
    return go_straight(o, function, (*own, member, kept), conditions, [v for v in variables if v is not None])


_LED: weakref.WeakSet[Any] = weakref.WeakSet()
"""The objects whose calls go straight."""


def note_led(o: object) -> None:
    """Remember an object whose calls go straight."""
    _LED.add(o)


@contextmanager
def all_dispatched() -> Iterator[None]:
    """While this runs all calls are dispatched, so that they can be watched."""
    stopped = [(o, f.function) for o in list(_LED) if (f := fields_of(o)).function]
    for o, _ in stopped:
        fields_of(o).function = None
    try:
        yield
    finally:
        for o, function in stopped:
            fields_of(o).function = fields_of(o).function or function


def _variable(v: Variable) -> Condition | None:
    """Where a variable stands that is read at each call; None where it takes Python to find it."""
    if v.handed:
        return None
    if type(v.holder) is types.CellType:
        return Condition(Kind.PLACE, id(v.holder) + HEAD)
    is_item = type(v.holder) is dict and type(v.name) is str
    return Condition(Kind.ITEM, id(v.holder), id(v.name)) if is_item else None


def conditions_of(guards: Guards) -> tuple[list[Condition], object]:
    """What guards ask, as conditions that need no Python, and one for all that does; what must be kept with them."""
    found = [Condition(Kind.PLACE, _first_item(RULES_GIVEN), None, id(guards.rules))]
    rest = bool(guards.contents)
    for form, (holder, value, name, *_) in guards.conditions():
        look = _look(form, holder, value, name)
        rest = rest or look is None
        found += [] if look is None else [look]
    hold = guards.expression() if rest else None
    if hold is not None:
        found.append(Condition(Kind.ASKED, id(hold)))
    return found, (guards, hold)


def _look(form: str, holder: Any, value: object, name: object) -> Condition | None:
    """A condition of guards; None where it takes Python to decide it."""
    known = None if value is MISSING else id(value)
    if form == GET and type(name) is str:
        space = vars(holder) if isinstance(holder, types.ModuleType) else holder
        return Condition(Kind.ITEM, id(space), id(name), known) if type(space) is dict else None
    if form in FUNCTIONS:
        function = ctypes.cast(getattr(ctypes.pythonapi, FUNCTIONS[form]), ctypes.c_void_p)
        # where a function has no defaults, C has null
        return Condition(Kind.GIVEN, function.value, id(holder), None if value is None else known)
    if form == CELL and type(holder) is types.CellType:
        return Condition(Kind.PLACE, id(holder) + HEAD, None, known)
    return Condition(Kind.PLACE, id(holder) + HEAD - POINTER, None, known) if form == TYPE else None


def _first_item(values: list[int]) -> int:
    """Where the first item of a list stands, which is put into it and never taken out."""
    found = ctypes.c_void_p.from_address(id(values) + HEAD + POINTER).value
    assert found is not None
    return found
