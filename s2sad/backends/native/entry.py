"""The entry of a kernel: a builtin function of Python, which takes objects and gives objects, in LLVM IR.

    f_grad.entry(self, arguments, count)    checks the arguments, calls `f_grad.kernel`, makes the result

`self` is a tuple of two callables: the first one is called with arguments that are unusual (of another class or
dtype, in steps, too large), the second where the kernel has left for the program of NumPy.

The interpreter is held while little is computed, and let go where much is: at once where the arguments are large, else
when the kernel asks for the first time whether it was interrupted.
"""

from __future__ import annotations

from collections.abc import Sequence

from s2sad.backends.native.arguments import DATA, ITEMS, Arguments
from s2sad.backends.native.assembly import Assembly
from s2sad.backends.native.lengths import Lengths
from s2sad.backends.native.outside import Outside
from s2sad.backends.native.results import SLOT, Results
from s2sad.ir.dims import Fact
from s2sad.ir.types import Type

DONE, LEFT, NO_MEMORY, INTERRUPTED = range(4)
"""What a kernel returns."""


def entry_text(
    name: str,
    arguments: Sequence[Type],
    result: Type,
    outside: Outside,
    steps: float | None,
    facts: Sequence[Fact] | None = (),
) -> str:
    """The text of an entry, of a function that takes and gives values of these types.

    `steps` says how much its loops compute whatever the arguments are; None where there are none. `facts` are what it
    rests on of the lengths of its arguments; None for the second sweep of a pair.

    Raises:
        UnsupportedType: native code has no values of one of the types.
    """
    return _Entry(name, arguments, result, outside, steps, facts).text()


class _Entry:
    def __init__(
        self,
        name: str,
        arguments: Sequence[Type],
        result: Type,
        outside: Outside,
        steps: float | None,
        facts: Sequence[Fact] | None,
    ) -> None:
        self.name = name
        self.types = arguments
        self.steps = steps
        self.asm = Assembly(outside)
        self.results = Results(self.asm, result, "spoilt")
        self.arguments = Arguments(self.asm, "slow", Lengths(self.asm, "slow", facts))

    def text(self) -> str:
        asm = self.asm
        asm.lines.append(f'define ptr @"{self.name}.entry"(ptr %self, ptr %args, i64 %count) {{')
        asm.label("start")
        for storage in (f"%slots = alloca [{self.results.size} x i8], align 16", "%over = alloca i32"):
            asm.do(storage)
        asm.do("%made = alloca ptr")
        asm.require(asm.is_same("i64", "%count", str(len(self.types))), "slow")
        for k, t in enumerate(self.types):
            self.arguments.take(t, asm.load("ptr", "%args", 8 * k))
        self.arguments.lengths.check()
        self.results.clear()
        self._call()
        asm.do(f"switch i32 %status, label %failed [ i32 {DONE}, label %done i32 {LEFT}, label %left ]")
        self._done()
        self._failed()
        self._elsewhere()
        return f"{asm.text}\n}}\n"

    def _call(self) -> None:
        """Call the kernel, which returns `%status`."""
        asm = self.asm
        call = f'%status = call i32 @"{self.name}.kernel"({", ".join([*self.arguments.passed, "ptr %slots"])})'
        if self.steps is None:
            asm.do(call)
            return
        asm.branch(self.arguments.is_long(self.steps), "release", "run")
        asm.label("release")
        asm.store("ptr", asm.call("ptr", "python PyEval_SaveThread"), "%slots")
        asm.go("run")
        asm.label("run")
        asm.do(call)
        state = asm.load("ptr", "%slots")
        asm.branch(asm.is_same("ptr", state, "null"), "held", "again")
        asm.label("again")
        asm.call("void", "python PyEval_RestoreThread", f"ptr {state}")
        asm.go("held")
        asm.label("held")

    def _done(self) -> None:
        asm = self.asm
        asm.label("done")
        asm.store("ptr", "null", "%made")
        first: list[str] = []

        def put(o: str) -> None:
            first.append(o)
            asm.store("ptr", o, "%made")

        self.results.give(put)
        asm.do(f"ret ptr {first[0]}")
        asm.label("spoilt")
        asm.call("void", "python Py_DecRef", f"ptr {asm.load('ptr', '%made')}")
        self.results.drop()
        asm.do("ret ptr null")

    def _failed(self) -> None:
        """An error is set, or there is no memory; an array that is too large is NumPy's to refuse."""
        asm = self.asm
        asm.label("failed")
        self.results.drop()
        asm.require(asm.is_same("i32", "%status", str(NO_MEMORY)), "raised")
        error = asm.call("ptr", "python PyErr_Occurred")
        asm.branch(asm.is_same("ptr", error, "null"), "full", "refused")
        asm.label("full")
        asm.do(f"ret ptr {asm.call('ptr', 'python PyErr_NoMemory')}")
        asm.label("refused")
        matches = asm.call("i32", "python PyErr_ExceptionMatches", f"ptr {asm.thing('object MemoryError')}")
        asm.branch(asm.is_same("i32", matches, "0"), "other", "raised")
        asm.label("other")
        asm.call("void", "python PyErr_Clear")
        asm.go("numpy")
        asm.label("raised")
        asm.do("ret ptr null")

    def _elsewhere(self) -> None:
        """The program of NumPy, and what makes usual arguments of others."""
        asm = self.asm
        asm.label("left")
        self.results.drop()
        asm.go("numpy")
        for label, place in (("numpy", 1), ("slow", 0)):
            asm.label(label)
            function = asm.load("ptr", "%self", ITEMS + 8 * place)
            given = f"ptr {function}, ptr %args, i64 %count, ptr null"
            asm.do(f"ret ptr {asm.call('ptr', 'python PyObject_Vectorcall', given)}")


def service_text(outside: Outside) -> str:
    """The functions that kernels call: for the memory of their results, and to ask whether they are interrupted.

    In the first slot stands the state of the thread while the interpreter is let go.
    """
    return _result_text(Assembly(outside)) + _interrupted_text(Assembly(outside))


def _result_text(asm: Assembly) -> str:
    """An array for a leaf of the result, with the interpreter taken back: its object in the slot, its memory."""
    asm.lines.append('define internal ptr @"s2sad.result"(ptr %slots, i32 %k, i32 %dtype, i32 %rank, ptr %lengths) {')
    asm.label("start")
    state = taken_back(asm)
    descr = asm.call("ptr", "numpy PyArray_DescrFromType", "i32 %dtype")
    array = asm.call("ptr", "numpy PyArray_Empty", f"i32 %rank, ptr %lengths, ptr {descr}, i32 0")
    place = asm.set(f"add i32 {asm.set(f'mul i32 %k, {SLOT}')}, {SLOT}")
    asm.store("ptr", array, asm.at("%slots", asm.set(f"sext i32 {place} to i64")))
    asm.branch(asm.is_same("ptr", state, "null"), "held", "release")
    asm.label("release")
    asm.store("ptr", asm.call("ptr", "python PyEval_SaveThread"), "%slots")
    asm.go("held")
    asm.label("held")
    asm.branch(asm.is_same("ptr", array, "null"), "none", "made")
    asm.label("none")
    asm.do("ret ptr null")
    asm.label("made")
    asm.do(f"ret ptr {asm.load('ptr', array, DATA)}")
    return f"{asm.text}\n}}\n"


def _interrupted_text(asm: Assembly) -> str:
    """Whether a signal has raised an error. Who asks computes for long: the interpreter is let go from here on."""
    asm.lines.append('define internal i1 @"s2sad.interrupted"(ptr %slots) noinline {')
    asm.label("start")
    taken_back(asm)
    found = asm.call("i32", "python PyErr_CheckSignals")
    asm.store("ptr", asm.call("ptr", "python PyEval_SaveThread"), "%slots")
    asm.do(f"ret i1 {asm.set(f'icmp ne i32 {found}, 0')}")
    return f"{asm.text}\n}}\n"


def taken_back(asm: Assembly) -> str:
    """Take the interpreter back where it was let go; the state of the thread, null where it was held."""
    state = asm.load("ptr", "%slots")
    asm.branch(asm.is_same("ptr", state, "null"), "mine", "take")
    asm.label("take")
    asm.call("void", "python PyEval_RestoreThread", f"ptr {state}")
    asm.go("mine")
    asm.label("mine")
    return state
