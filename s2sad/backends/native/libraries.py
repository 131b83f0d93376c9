"""A call of Python from a kernel, of what native code does not have, in LLVM IR: an entry turned around.

    i32 s2sad.library0(slots, made, held, ...)     calls `lambda _0: np.fft.fft(_0, 8)` with what it is given

Arrays are lent to Python where they lie, numbers become objects. What Python gives must be what the program counts on:
the classes, the dtypes, the lengths; arrays are copied to memory of the kernel. Where it is not, or an exception is
raised, the kernel leaves for the program of NumPy, which raises it at the user's line; what a handler of signals has
raised, and what is no `Exception`, goes out of the kernel itself.

The interpreter is taken back for the call. It is let go again behind it, but for a call in a loop: what calls Python in
each iteration holds it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from s2sad.backends.native.arguments import (
    CLASS,
    ITEMS,
    PLAIN,
    RANK,
    Arguments,
    check_leaf,
    has_dtype,
    number_and_order,
)
from s2sad.backends.native.assembly import Assembly
from s2sad.backends.native.code.libraries import WORD, given, passed_types
from s2sad.backends.native.code.writer import DONE, INTERRUPTED, LEFT, NO_MEMORY
from s2sad.backends.native.entry import taken_back
from s2sad.backends.native.lengths import Lengths
from s2sad.backends.native.outside import Outside
from s2sad.backends.native.results import number_object, scalar_object
from s2sad.emit.expressions import constant_expression, expression
from s2sad.ir.primitive import Primitive
from s2sad.ir.types import ArrayType, ContainerType, Type, leaves
from s2sad.ir.user_rules import BlackBox
from s2sad.ir.values import Apply, Constant, Operand

LENT = PLAIN | 0x400
"""The flags of an array that is lent: it lies row by row, and it may be written."""
ATTRIBUTES = "noinline optnone nounwind"
"""Of functions that call Python: to make them faster takes longer than it saves."""


def callable_text(op: Apply) -> str:
    """What is called with what is passed: it computes the operation as the text of the module does."""
    names = {o: f"_{k}" for k, o in enumerate(given(op))}

    def read(o: Operand) -> ast.expr:
        if o in names:
            return ast.Name(names[o], ast.Load())
        assert isinstance(o, Constant)
        # the user's names for constants are not those of the module
        return constant_expression(replace(o, text=None))

    made = ast.fix_missing_locations(expression(op, read))
    parameters = ", ".join(names.values())
    if isinstance(made, ast.Call) and not made.keywords and ", ".join(map(ast.unparse, made.args)) == parameters:
        return ast.unparse(made.func)
    return f"lambda {parameters}: {ast.unparse(made)}"


class Libraries:
    """What kernels call outside of themselves: functions by their addresses, and Python by functions made for that."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        self.texts: list[str] = []
        self.missing: set[Primitive] = set()
        """What is called number by number in loops."""

    def misses(self, primitive: Primitive) -> None:
        self.missing.add(primitive)

    @property
    def text(self) -> str:
        """The functions that have been asked for."""
        return "".join([*self.texts, service_text(self.outside)]) if self.texts else ""

    def place(self, name: str) -> str:
        """The text of the address at which that of a function stands."""
        return self.outside.place(name)

    def operation(self, op: Apply) -> str:
        """The name of a function that has Python compute an operation.

        Raises:
            UnsupportedType: native code has no values of one of the types.
        """
        name = f"s2sad.library{len(self.texts)}"
        self.texts.append(_Operation(name, op, self.outside).text())
        return name


class _Operation:
    """The text of one function."""

    def __init__(self, name: str, op: Apply, outside: Outside) -> None:
        self.name, self.op = name, op
        self.asm = Assembly(outside)
        self.objects = 0
        """How many places there are for objects that are given up at the end."""
        self.lengths = Lengths(self.asm, "wrong", None)
        self.given = given(op)

    def text(self) -> str:
        asm = self.asm
        parameters = [f"{t} %x{k}" for k, t in enumerate(t for o in self.given for t in passed_types(o.type))]
        head = ", ".join(["ptr %slots", "ptr %made", "i1 %held", *parameters])
        asm.label("begin")
        state = asm.set("call ptr @s2sad.held(ptr %slots)")
        made = self._call(iter([f"%x{k}" for k in range(len(parameters))]))
        self._copy(self._take(made))
        asm.store("i32", str(DONE), "%status")
        asm.go("out")
        self._otherwise()
        self._out(state)
        return "\n".join(
            [f'define internal i32 @"{self.name}"({head}) {ATTRIBUTES} {{', *self._start(), asm.text, "}\n"]
        )

    def _start(self) -> list[str]:
        """The first block: places on the stack, those of objects empty, as are those of arrays that are made."""
        sizes = (WORD * self.objects, WORD * len(passed_types(self.op.result.type)))
        lines = ["start:", "  %over = alloca i32", "  %status = alloca i32"]
        lines.append(f"  %objects = alloca [{max(1, self.objects)} x ptr]")
        lines.append(f"  %given = alloca [{max(1, len(self.given))} x ptr]")
        for place, size in zip(("%objects", "%made"), sizes, strict=True):
            lines.append(f"  call void @llvm.memset.p0.i64(ptr {place}, i8 0, i64 {size}, i1 false)")
        return [*lines, "  br label %begin"]

    # objects

    def _place(self) -> int:
        """A place for an object that is given up at the end."""
        self.objects += 1
        return WORD * (self.objects - 1)

    def _kept(self, o: str) -> str:
        """An object that was made, to be given up at the end; an error is set where it is null."""
        self.asm.store("ptr", o, "%objects", self._place())
        self.asm.require(self.asm.set(f"icmp ne ptr {o}, null"), "wrong")
        return o

    def _stored(self, kind: str, value: str) -> tuple[str, str]:
        """The type and the value of a part as it is in memory."""
        return ("i8", self.asm.set(f"zext i1 {value} to i8")) if kind == "i1" else (kind, value)

    # what Python is called with

    def _call(self, values: Iterator[str]) -> str:
        asm = self.asm
        for k, o in enumerate(self.given):
            asm.store("ptr", self._object(o.type, values), "%given", WORD * k)
        function = asm.thing(f"call {callable_text(self.op)}")
        arguments = f"ptr {function}, ptr %given, i64 {len(self.given)}, ptr null"
        return self._kept(asm.call("ptr", "python PyObject_Vectorcall", arguments))

    def _object(self, t: Type, values: Iterator[str]) -> str:
        if isinstance(t, ContainerType):
            return self._container(t, [self._object(i, values) for i in t.items])
        leaf = check_leaf(t)
        if leaf.kind == "array":
            return self._lent(leaf, values)
        assert leaf.dtype is not None
        size, kinds = leaf.dtype.itemsize, passed_types(leaf)
        parts = [(*self._stored(kind, next(values)), n * size // len(kinds)) for n, kind in enumerate(kinds)]
        if leaf.size is not None and kinds == ["i64"]:
            self.lengths.met.append((leaf.size, parts[0][1]))
        if leaf.kind == "python":
            return self._kept(number_object(self.asm, leaf, parts))
        return self._kept(scalar_object(self.asm, leaf, parts, "wrong"))

    def _container(self, t: ContainerType, items: Sequence[str]) -> str:
        """A tuple of objects, or a list: it holds them on its own."""
        asm = self.asm
        made = self._kept(asm.call("ptr", "python PyTuple_New", f"i64 {len(items)}"))
        for k, o in enumerate(items):
            asm.call("void", "python Py_IncRef", f"ptr {o}")
            asm.store("ptr", o, made, ITEMS + WORD * k)
        if t.cls is not list:
            return made
        return self._kept(asm.call("ptr", "python PySequence_List", f"ptr {made}"))

    def _lent(self, t: ArrayType, values: Iterator[str]) -> str:
        """An array over memory of the kernel; a function that is not known gets a copy, which it may keep."""
        asm = self.asm
        assert t.shape is not None and t.dtype is not None
        data, own = next(values), [next(values) for _ in t.shape]
        self.lengths.met += zip(t.shape, own, strict=True)
        where = asm.set(f"alloca [{max(1, len(own))} x i64]")
        for k, n in enumerate(own):
            asm.store("i64", n, where, WORD * k)
        lies = f"i32 {np.dtype(t.dtype.str).num}, ptr null, ptr {data}, i32 0, i32 {LENT}, ptr null"
        form = f"ptr {asm.thing('object ndarray')}, i32 {len(own)}, ptr {where}, {lies}"
        made = self._kept(asm.call("ptr", "numpy PyArray_New", form))
        if not isinstance(self.op.primitive, BlackBox):
            return made
        return self._kept(asm.call("ptr", "numpy PyArray_NewCopy", f"ptr {made}, i32 0"))

    # what it gives

    def _take(self, made: str) -> Iterator[str]:
        """The values of the result, types and values, in the order of its leaves."""
        taken = _Taken(self.asm, "wrong", self.lengths, kept=self._kept)
        taken.take(self.op.result.type, made)
        self.lengths.check()
        return iter(taken.passed)

    def _copy(self, values: Iterator[str]) -> None:
        """Put the result where the kernel finds it: numbers, and of arrays the memory and the lengths."""
        at = 0
        for t in leaves(self.op.result.type):
            if t.kind == "array":
                self._copy_array(check_leaf(t), values, at)
            else:
                for k, kind in enumerate(passed_types(t)):
                    self.asm.store(*self._stored(kind, _value(next(values))), "%made", WORD * (at + k))
            at += len(passed_types(t))

    def _copy_array(self, t: ArrayType, values: Iterator[str], at: int) -> None:
        asm = self.asm
        assert t.dtype is not None and t.shape is not None
        data, own = _value(next(values)), [_value(next(values)) for _ in t.shape]
        size = str(t.dtype.itemsize)
        for k, n in enumerate(own):
            size = asm.set(f"mul i64 {size}, {n}")
            asm.store("i64", n, "%made", WORD * (at + 1 + k))
        room = asm.set(f"call ptr @s2sad.room(i64 {size})")
        asm.store("ptr", room, "%made", WORD * at)
        asm.require(asm.set(f"icmp ne ptr {room}, null"), "full")
        asm.do(f"call void @llvm.memcpy.p0.p0.i64(ptr {room}, ptr {data}, i64 {size}, i1 false)")

    # ways out

    def _otherwise(self) -> None:
        """The ways out: an exception, or another result than the program counts on; no memory."""
        asm = self.asm
        asm.label("wrong")
        asm.store("i32", asm.set("call i32 @s2sad.failed()"), "%status")
        asm.go("given.up")
        asm.label("full")
        asm.store("i32", str(NO_MEMORY), "%status")
        asm.go("given.up")
        asm.label("given.up")
        at = 0
        for t in leaves(self.op.result.type):
            if t.kind == "array":
                asm.do(f"call void @s2sad.leave(ptr {asm.load('ptr', '%made', WORD * at)})")
            at += len(passed_types(t))
        asm.go("out")

    def _out(self, state: str) -> None:
        """Give up the objects, and let the interpreter go where it was before."""
        asm = self.asm
        asm.label("out")
        asm.do(f"call void @s2sad.given.up(ptr %objects, i64 {self.objects})")
        held = asm.set(f"or i1 %held, {asm.is_same('ptr', state, 'null')}")
        asm.branch(held, "end", "release")
        asm.label("release")
        asm.do("call void @s2sad.let.go(ptr %slots)")
        asm.go("end")
        asm.label("end")
        asm.do(f"ret i32 {asm.load('i32', '%status')}")


def _value(passed: str) -> str:
    """The value of what has a type in front."""
    return passed.split()[1]


@dataclass
class _Taken(Arguments):
    """What Python gives: tuples and lists of any class, and arrays that lie in any way."""

    kept: Callable[[str], str] = str
    """Keeps an object, to be given up at the end."""

    def take_tuple(self, t: ContainerType, o: str) -> None:
        super().take_tuple(t, self.kept(self.asm.call("ptr", "python PySequence_Tuple", f"ptr {o}")))

    def take_number(self, t: ArrayType, o: str) -> None:
        if t.kind != "python":
            # an array without axes is the number in it; the reference goes with the call
            self.asm.call("void", "python Py_IncRef", f"ptr {o}")
            o = self.kept(self.asm.call("ptr", "numpy PyArray_Return", f"ptr {o}"))
        super().take_number(t, o)

    def take_array(self, t: ArrayType, o: str) -> None:
        assert t.dtype is not None
        number, order = number_and_order(t.dtype)
        wanted = f"i32 {number}, i8 {order}, i32 {t.rank}"
        self.pass_array(t, self.kept(self.asm.set(f"call ptr @s2sad.whole(ptr {o}, {wanted})")))


# what all calls have in common


def service_text(outside: Outside) -> str:
    """The functions that those of operations call."""
    return "".join(
        make(Assembly(outside)) for make in (_held_text, _let_go_text, _given_up_text, _failed_text, _whole_text)
    )


def _held_text(asm: Assembly) -> str:
    """Take the interpreter; the state that the thread was in, null where it had it."""
    asm.lines.append(f"define internal ptr @s2sad.held(ptr %slots) {ATTRIBUTES} {{")
    asm.label("start")
    state = taken_back(asm)
    asm.store("ptr", "null", "%slots")
    asm.do(f"ret ptr {state}")
    return f"{asm.text}\n}}\n"


def _let_go_text(asm: Assembly) -> str:
    """Let the interpreter go again."""
    asm.lines.append(f"define internal void @s2sad.let.go(ptr %slots) {ATTRIBUTES} {{")
    asm.label("start")
    asm.store("ptr", asm.call("ptr", "python PyEval_SaveThread"), "%slots")
    asm.do("ret void")
    return f"{asm.text}\n}}\n"


def _given_up_text(asm: Assembly) -> str:
    """Give up so many objects, some of which may be null."""
    asm.lines.append(f"define internal void @s2sad.given.up(ptr %objects, i64 %count) {ATTRIBUTES} {{")
    asm.label("start")
    asm.go("next")
    asm.label("next")
    asm.do("%k = phi i64 [ 0, %start ], [ %more, %next ]")
    asm.do("%place = getelementptr ptr, ptr %objects, i64 %k")
    asm.call("void", "python Py_DecRef", f"ptr {asm.load('ptr', '%place')}")
    asm.do("%more = add i64 %k, 1")
    asm.branch(asm.set("icmp slt i64 %more, %count"), "next", "end")
    asm.label("end")
    asm.do("ret void")
    return f"{asm.text}\n}}\n"


def _whole_text(asm: Assembly) -> str:
    """An array of this dtype and rank, row by row: itself, or a copy; null where it is none, or there is no memory."""
    asm.lines.append(f"define internal ptr @s2sad.whole(ptr %o, i32 %number, i8 %order, i32 %rank) {ATTRIBUTES} {{")
    asm.label("start")
    asm.require(asm.is_same("ptr", asm.load("ptr", "%o", CLASS), asm.thing("object ndarray")), "other")
    asm.require(has_dtype(asm, "%o", "%number", "%order"), "other")
    asm.require(asm.is_same("i32", asm.load("i32", "%o", RANK), "%rank"), "other")
    asm.do(f"ret ptr {asm.call('ptr', 'numpy PyArray_FromArray', f'ptr %o, ptr null, i32 {PLAIN}')}")
    asm.label("other")
    asm.do("ret ptr null")
    return f"{asm.text}\n}}\n"


def _failed_text(asm: Assembly) -> str:
    """What a kernel returns where there is no result: an exception is set where it goes out."""
    asm.lines.append(f"define internal i32 @s2sad.failed() {ATTRIBUTES} {{")
    asm.label("start")
    places = [asm.set("alloca ptr") for _ in range(3)]
    asm.require(asm.set(f"icmp ne ptr {asm.call('ptr', 'python PyErr_Occurred')}, null"), "left")
    matches = asm.call("i32", "python PyErr_ExceptionMatches", f"ptr {asm.thing('object Exception')}")
    asm.require(asm.set(f"icmp ne i32 {matches}, 0"), "goes")
    asm.call("void", "python PyErr_Fetch", ", ".join(f"ptr {p}" for p in places))
    error = [asm.load("ptr", p) for p in places]
    asm.require(asm.set(f"icmp ne ptr {error[2]}, null"), "own")
    asks = f"ptr {asm.thing('object comes_from_a_signal')}, ptr {error[2]}"
    answer = asm.call("ptr", "python PyObject_CallOneArg", asks)
    # what is raised by asking is of no interest
    asm.call("void", "python PyErr_Clear")
    asm.call("void", "python Py_DecRef", f"ptr {answer}")
    asm.require(asm.is_same("ptr", answer, asm.thing("object True")), "own")
    asm.call("void", "python PyErr_Restore", ", ".join(f"ptr {e}" for e in error))
    asm.go("goes")
    asm.label("goes")
    asm.do(f"ret i32 {INTERRUPTED}")
    asm.label("own")
    for e in error:
        asm.call("void", "python Py_DecRef", f"ptr {e}")
    asm.go("left")
    asm.label("left")
    asm.do(f"ret i32 {LEFT}")
    return f"{asm.text}\n}}\n"
