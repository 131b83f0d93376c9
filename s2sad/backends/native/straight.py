"""The function that a derivative has for its calls where nothing has changed (see `backends.direct`), in LLVM IR.

It goes through the conditions of the object that is called, and on to the entry. The tuple that is `self` there holds
all that is read here: it lives as long as the call, whatever the conditions run.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from s2sad.backends.direct import Condition, Fields, Kind, Plan
from s2sad.backends.native.arguments import CLASS, HEAD, ITEMS
from s2sad.backends.native.assembly import Assembly
from s2sad.backends.native.outside import Outside

PLACE_OF_CALLS = HEAD + 40
"""Where a class says at which place its objects have the function: `tp_vectorcall_offset`."""
COUNT = (1 << 63) - 1
"""The number of the arguments is in these bits."""


def straight_text(name: str, outside: Outside) -> str:
    """The text of the function, for the entry of this name."""
    asm = Assembly(outside)
    asm.lines.append(f'define ptr @"{name}.straight"(ptr %object, ptr %args, i64 %flagged, ptr %names) {{')
    asm.label("start")
    plan = _plan(asm)
    own = asm.load("ptr", plan, Plan.own.offset)
    asm.call("void", "python Py_IncRef", f"ptr {own}")
    asm.require(asm.is_same("ptr", "%names", "null"), "otherwise")
    _conditions(asm, plan)
    asm.label("good")
    count = asm.set(f"and i64 %flagged, {COUNT}")
    _end(asm, own, asm.set(f'call ptr @"{name}.entry"(ptr {own}, ptr %args, i64 {count})'))
    asm.label("otherwise")
    usual = asm.load("ptr", own, ITEMS)
    given = f"ptr {usual}, ptr %args, i64 %flagged, ptr %names"
    _end(asm, own, asm.call("ptr", "python PyObject_Vectorcall", given))
    return f"{asm.text}\n}}\n"


def _plan(asm: Assembly) -> str:
    place = asm.load("i64", asm.load("ptr", "%object", CLASS), PLACE_OF_CALLS)
    return asm.load("ptr", asm.at("%object", place), Fields.plan.offset)


def _end(asm: Assembly, own: str, found: str) -> None:
    asm.call("void", "python Py_DecRef", f"ptr {own}")
    asm.do(f"ret ptr {found}")


def _conditions(asm: Assembly, plan: str) -> None:
    """Go on at `good` where all conditions hold, else at `otherwise`."""
    asm.do("%here = alloca ptr")
    first = asm.load("ptr", plan, Plan.conditions.offset)
    size = asm.set(f"mul i64 {asm.load('i64', plan, Plan.count.offset)}, {ctypes.sizeof(Condition)}")
    end = asm.at(first, size)
    asm.store("ptr", first, "%here")
    asm.go("head")
    asm.label("head")
    here = asm.load("ptr", "%here")
    asm.branch(asm.is_same("ptr", here, end), "good", "look")
    asm.label("look")
    kind = asm.load("i64", here, Condition.kind.offset)
    one, two = asm.load("ptr", here, Condition.first.offset), asm.load("ptr", here, Condition.second.offset)
    wanted = asm.load("ptr", here, Condition.value.offset)
    cases = " ".join(f"i64 {int(k)}, label %{k.name}" for k in LOOKS)
    asm.do(f"switch i64 {kind}, label %{Kind.ASKED.name} [ {cases} ]")
    for k, look in LOOKS.items():
        asm.label(k.name)
        asm.branch(asm.is_same("ptr", look(asm, one, two), wanted), "on", "otherwise")
    _ask(asm, one)
    asm.label("on")
    asm.store("ptr", asm.at(here, ctypes.sizeof(Condition)), "%here")
    asm.go("head")


LOOKS: dict[Kind, Callable[[Assembly, str, str], str]] = {
    Kind.PLACE: lambda asm, one, two: asm.load("ptr", one),
    Kind.ITEM: lambda asm, one, two: asm.call("ptr", "python PyDict_GetItem", f"ptr {one}, ptr {two}"),
    Kind.GIVEN: lambda asm, one, two: asm.set(f"call ptr {one}(ptr {two})"),
}


def _ask(asm: Assembly, function: str) -> None:
    """A condition that Python decides. What it raises it raises again where it is asked otherwise."""
    asm.label(Kind.ASKED.name)
    answer = asm.call("ptr", "python PyObject_CallNoArgs", f"ptr {function}")
    asm.branch(asm.is_same("ptr", answer, "null"), "raised", "answered")
    asm.label("raised")
    asm.call("void", "python PyErr_Clear")
    asm.go("otherwise")
    asm.label("answered")
    asm.call("void", "python Py_DecRef", f"ptr {answer}")
    asm.branch(asm.is_same("ptr", answer, asm.thing("object True")), "on", "otherwise")
