"""The function that a derivative has for its calls where nothing has changed (see `backends.direct`), in LLVM IR.

It goes through the conditions of the object that is called, and on to the entry. What is read here is held by that
object as long as it lives, and so during each of its calls.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from s2sad.backends.direct import POINTER, Condition, Fields, Kind, Plan
from s2sad.backends.native.arguments import CLASS, HEAD, ITEMS
from s2sad.backends.native.assembly import Assembly
from s2sad.backends.native.outside import Outside

PLACE_OF_CALLS = HEAD + 40
"""Where a class says at which place its objects have the function: `tp_vectorcall_offset`."""
OTHERWISE = 2
"""Where in the tuple of the entry the dispatch stands: behind what the entry itself calls."""
COUNT = (1 << 63) - 1
"""The number of the arguments is in these bits."""


def straight_text(name: str, outside: Outside) -> str:
    """The text of the function, for the entry of this name."""
    asm = Assembly(outside)
    asm.lines.append(f'define ptr @"{name}.straight"(ptr %object, ptr %args, i64 %flagged, ptr %names) {{')
    asm.label("start")
    plan = _plan(asm)
    own = asm.load("ptr", plan, Plan.own.offset)
    asm.require(asm.is_same("ptr", "%names", "null"), "otherwise")
    _conditions(asm, plan)
    asm.label("good")
    count = asm.set(f"and i64 %flagged, {COUNT}")
    more = asm.load("i64", plan, Plan.more.offset)
    asm.require(asm.is_same("i64", more, "0"), "variables")
    found = asm.set(f'call ptr @"{name}.entry"(ptr {own}, ptr %args, i64 {count})')
    asm.do(f"ret ptr {found}")
    asm.label("variables")
    _with_variables(asm, name, own, count, more, asm.load("ptr", plan, Plan.variables.offset))
    asm.label("otherwise")
    usual = asm.load("ptr", own, ITEMS + OTHERWISE * POINTER)
    given = f"ptr {usual}, ptr %args, i64 %flagged, ptr %names"
    asm.do(f"ret ptr {asm.call('ptr', 'python PyObject_Vectorcall', given)}")
    return f"{asm.text}\n}}\n"


def _plan(asm: Assembly) -> str:
    place = asm.load("i64", asm.load("ptr", "%object", CLASS), PLACE_OF_CALLS)
    return asm.load("ptr", asm.at("%object", place), Fields.plan.offset)


def _each(asm: Assembly, name: str, first: str, count: str, then: str) -> str:
    """Go through the rows of a table, and on at `then`: the address of the row. Its code goes back to `name`."""
    end = asm.at(first, asm.set(f"mul i64 {count}, {ctypes.sizeof(Condition)}"))
    cursor = asm.set("alloca ptr")
    asm.store("ptr", first, cursor)
    asm.go(name)
    asm.label(name)
    here = asm.load("ptr", cursor)
    asm.branch(asm.is_same("ptr", here, end), then, f"{name}.row")
    asm.label(f"{name}.row")
    asm.store("ptr", asm.at(here, ctypes.sizeof(Condition)), cursor)
    return here


def _with_variables(asm: Assembly, name: str, own: str, count: str, more: str, rows: str) -> None:
    """Call the entry with the variables behind the arguments. They are held meanwhile: others may bind them anew."""
    total = asm.set(f"add i64 {count}, {more}")
    given = asm.set(f"alloca ptr, i64 {total}")
    size = asm.set(f"mul i64 {count}, {POINTER}")
    asm.do(f"call void @llvm.memcpy.p0.p0.i64(ptr {given}, ptr %args, i64 {size}, i1 false)")
    place, last = asm.set("alloca ptr"), asm.at(given, size)
    asm.store("ptr", last, place)
    here = _each(asm, "read", rows, more, "hold")
    one, two = asm.load("ptr", here, Condition.first.offset), asm.load("ptr", here, Condition.second.offset)
    is_item = asm.is_same("i64", asm.load("i64", here, Condition.kind.offset), str(int(Kind.ITEM)))
    asm.branch(is_item, "read.item", "read.place")
    values = []
    for label, kind in (("read.item", Kind.ITEM), ("read.place", Kind.PLACE)):
        asm.label(label)
        values.append((LOOKS[kind](asm, one, two), label))
        asm.go("read.found")
    asm.label("read.found")
    value = asm.set(f"phi ptr {', '.join(f'[ {v}, %{label} ]' for v, label in values)}")
    # nothing is held yet: what is no longer there is raised by the dispatch
    asm.require(asm.set(f"icmp ne ptr {value}, null"), "otherwise")
    at = asm.load("ptr", place)
    asm.store("ptr", value, at)
    asm.store("ptr", asm.at(at, POINTER), place)
    asm.go("read")
    asm.label("hold")
    _for_each_variable(asm, "held", rows, more, place, last, "Py_IncRef", "call")
    asm.label("call")
    found = asm.set(f'call ptr @"{name}.entry"(ptr {own}, ptr {given}, i64 {total})')
    _for_each_variable(asm, "dropped", rows, more, place, last, "Py_DecRef", "over")
    asm.label("over")
    asm.do(f"ret ptr {found}")


def _for_each_variable(
    asm: Assembly, name: str, rows: str, more: str, place: str, last: str, function: str, then: str
) -> None:
    """Call a function with each of the variables that are passed."""
    asm.store("ptr", last, place)
    _each(asm, name, rows, more, then)
    at = asm.load("ptr", place)
    asm.call("void", f"python {function}", f"ptr {asm.load('ptr', at)}")
    asm.store("ptr", asm.at(at, POINTER), place)
    asm.go(name)


def _conditions(asm: Assembly, plan: str) -> None:
    """Go on at `good` where all conditions hold, else at `otherwise`."""
    count = asm.load("i64", plan, Plan.count.offset)
    here = _each(asm, "head", asm.load("ptr", plan, Plan.conditions.offset), count, "good")
    kind = asm.load("i64", here, Condition.kind.offset)
    one, two = asm.load("ptr", here, Condition.first.offset), asm.load("ptr", here, Condition.second.offset)
    wanted = asm.load("ptr", here, Condition.value.offset)
    cases = " ".join(f"i64 {int(k)}, label %{k.name}" for k in LOOKS)
    asm.do(f"switch i64 {kind}, label %{Kind.ASKED.name} [ {cases} ]")
    for k, look in LOOKS.items():
        asm.label(k.name)
        asm.branch(asm.is_same("ptr", look(asm, one, two), wanted), "head", "otherwise")
    _ask(asm, one)


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
    asm.branch(asm.is_same("ptr", answer, asm.thing("object True")), "head", "otherwise")
