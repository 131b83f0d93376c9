"""Programs of loops, built by hand, compiled and called: their results, or that they have left."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np

from s2sad.backends.native import host, machine
from s2sad.backends.native.code import kernel_text
from s2sad.backends.native.code.kernel import NoLibrary
from s2sad.backends.native.outside import address
from s2sad.ir.builder import Builder
from s2sad.ir.primitive import required
from s2sad.ir.primitives.memory import ALLOCATE, LENGTH, LOAD, STORE, Left
from s2sad.ir.types import BOTTOM, ArrayType, ContainerType, Type, integer, leaves
from s2sad.ir.values import Block, Constant, For, Function, If, Operand, Value, While, constant

FLOAT64 = np.dtype(np.float64)
_number = count()


def number(dtype: Any = float, kind: str = "numpy") -> ArrayType:
    """The type of a number."""
    return ArrayType(np.dtype(dtype), (), kind)  # type: ignore[arg-type]


def array(dtype: Any, *shape: Any) -> ArrayType:
    return ArrayType(np.dtype(dtype), shape, "array")


def python(cls: type) -> ArrayType:
    """The type of a number of Python's."""
    return number(np.int64 if cls is int else cls, "python")


class Program:
    """Builds a program of loops: `p.load(x, i)`, `p.np(np.exp, x)`, `with p.block() ...`."""

    def __init__(self) -> None:
        self.builder = Builder()

    def call(self, function: Callable[..., Any], *operands: Any, **static: Any) -> Operand:
        return self.builder.apply(required(function), [as_operand(o) for o in operands], static)

    def apply(self, primitive: Any, *operands: Any, **static: Any) -> Operand:
        return self.builder.apply(primitive, [as_operand(o) for o in operands], static)

    def load(self, array: Operand, *places: Any) -> Operand:
        return self.apply(LOAD, array, *places)

    def store(self, array: Operand, *rest: Any) -> None:
        self.apply(STORE, array, *rest)

    def length(self, array: Operand, axis: int = 0) -> Operand:
        return self.apply(LENGTH, array, axis=axis)

    def allocate(self, *lengths: Any, dtype: Any = float) -> Operand:
        return self.apply(ALLOCATE, *lengths, dtype=np.dtype(dtype))

    @contextmanager
    def _inner(self) -> Iterator[Builder]:
        outer = self.builder
        self.builder = outer.child()
        yield self.builder
        self.builder = outer

    def loop(
        self,
        stop: Any,
        body: Callable[..., Any],
        *initial: Any,
        start: Any = 0,
        step: Any = 1,
        reverse: bool = False,
        breaks: bool = False,
    ) -> tuple[Value, ...]:
        """`for i in range(start, stop, step)`: `body(i, *carried)` gives what is carried on, and whether to stop."""
        given = [as_operand(o) for o in initial]
        index = Value(integer(None), "i")
        carried = [Value(plain(o.type)) for o in given]
        with self._inner() as b:
            results = [as_operand(o) for o in body(index, *carried) or ()]
        block = b.block((index, *carried), results)
        out = tuple(Value(v.type) for v in carried)
        ends = [as_operand(o) for o in (start, stop, step)]
        self.builder.operations.append(
            For(ends[0], ends[1], ends[2], tuple(given), (), block, out, reverse=reverse, breaks=breaks)
        )
        return out

    def while_(
        self, test: Callable[..., Any], body: Callable[..., Any], *initial: Any, breaks: bool = False
    ) -> tuple[Value, ...]:
        given = [as_operand(o) for o in initial]
        tested = [Value(plain(o.type)) for o in given]
        carried = [Value(plain(o.type)) for o in given]
        with self._inner() as b:
            holds = as_operand(test(*tested))
        test_block = b.block(tested, [holds])
        with self._inner() as b:
            results = [as_operand(o) for o in body(*carried)]
        out = tuple(Value(v.type) for v in carried)
        self.builder.operations.append(While(tuple(given), test_block, b.block(carried, results), out, breaks))
        return out

    def branch(self, holds: Operand, then: Callable[[], Any], orelse: Callable[[], Any]) -> tuple[Value, ...]:
        blocks = []
        for side in (then, orelse):
            with self._inner() as b:
                results = [as_operand(o) for o in side() or ()]
            blocks.append(b.block((), results))
        types = [
            plain(b.type if a.type == BOTTOM else a.type)
            for a, b in zip(blocks[0].results, blocks[1].results, strict=True)
        ]
        out = tuple(Value(t) for t in types)
        self.builder.operations.append(If(holds, blocks[0], blocks[1], out))
        return out

    def function(self, parameters: Sequence[Value], *results: Any) -> Function:
        given = [as_operand(o) for o in results]
        result = given[0] if len(given) == 1 else self.builder.tuple(given)
        return Function(f"f{next(_number)}", Block(tuple(parameters), tuple(self.builder.operations), (result,)))


def as_operand(x: Any) -> Operand:
    return x if isinstance(x, (Value, Constant)) else constant(x)


def plain(t: Type) -> Type:
    """The type of a number whose value is not known."""
    return ArrayType(t.dtype, t.shape, t.kind or "numpy") if isinstance(t, ArrayType) else t


def program(*types: Type) -> Callable[[Callable[..., Any]], Function]:
    """A function of the program that it builds and of parameters of these types; it gives the results."""

    def build(body: Callable[..., Any]) -> Function:
        p = Program()
        parameters = [Value(t, f"x{k}") for k, t in enumerate(types)]
        results = body(p, *parameters)
        return p.function(parameters, *(results if isinstance(results, tuple) else (results,)))

    return build


MADE = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
ASKED = ctypes.CFUNCTYPE(ctypes.c_bool)


@dataclass
class Compiled:
    """A function in memory. `allocated` says how many pieces of memory it has not given back."""

    function: Function
    text: str
    optimised: str
    run: Any
    engine: Any
    state: Any
    made: dict[int, Any] = field(default_factory=dict)
    kept: Any = None

    def __call__(self, *arguments: Any) -> Any:
        """The result; raises Left."""
        types = [t for p in self.function.parameters for t in leaves(p.type)]
        given: list[Any] = []
        for x, t in zip(arguments, types, strict=True):
            given += _passed(x, t)
        result = self.function.result.type
        outputs = leaves(result)
        slots = (ctypes.c_char * (16 * (len(outputs) + 1)))()
        self.made.clear()
        status = self.run(*given, ctypes.addressof(slots))
        self.status = status
        if status:
            raise Left(status)
        found = [self._result(k, t, slots) for k, t in enumerate(outputs)]
        return tuple(found) if isinstance(result, ContainerType) else found[0]

    def _result(self, k: int, t: Type, slots: Any) -> Any:
        assert isinstance(t, ArrayType)
        if k in self.made:
            return self.made[k]
        return np.frombuffer(slots, t.dtype, 1, 16 * (k + 1))[0]

    @property
    def allocated(self) -> int:
        return int(self.state.value)


def _passed(x: Any, t: Type) -> list[Any]:
    assert isinstance(t, ArrayType) and t.dtype is not None
    if t.kind == "array":
        assert x.dtype == t.dtype and x.flags.c_contiguous, x
        return [ctypes.c_void_p(x.ctypes.data), *map(ctypes.c_int64, x.shape)]
    if t.dtype.kind == "c":
        part = ctypes.c_float if t.dtype.itemsize == 8 else ctypes.c_double
        return [part(complex(x).real), part(complex(x).imag)]
    if t.dtype.kind == "b":
        return [ctypes.c_bool(bool(x))]
    if t.dtype.kind == "f":
        return [(ctypes.c_float if t.dtype.itemsize == 4 else ctypes.c_double)(x)]
    return [getattr(ctypes, f"c_{t.dtype.name}")(int(x))]


@lru_cache(maxsize=1)
def linker() -> Any:
    """What puts object code into memory."""
    import llvmlite.binding as llvm

    return llvm.create_lljit_compiler(host.target_machine())


_STAND_INS = """
@test.allocated = global i64 0
declare ptr @malloc(i64)
declare void @free(ptr)
define noalias ptr @test.malloc(i64 %n) noinline {{
  %a = load i64, ptr @test.allocated
  %b = add i64 %a, 1
  store i64 %b, ptr @test.allocated
  %p = call ptr @malloc(i64 %n)
  ret ptr %p
}}
define void @test.free(ptr %p) noinline {{
  %none = icmp eq ptr %p, null
  %less = select i1 %none, i64 0, i64 1
  %a = load i64, ptr @test.allocated
  %b = sub i64 %a, %less
  store i64 %b, ptr @test.allocated
  call void @free(ptr %p)
  ret void
}}
define noalias ptr @s2sad.result(ptr %slots, i32 %k, i32 %t, i32 %r, ptr %dims) noinline {{
  %p = call ptr inttoptr (i64 {made} to ptr)(ptr %slots, i32 %k, i32 %t, i32 %r, ptr %dims)
  ret ptr %p
}}
define i1 @s2sad.interrupted(ptr %slots) noinline {{
  %p = call i1 inttoptr (i64 {asked} to ptr)()
  ret i1 %p
}}
"""


class Addresses(NoLibrary):
    """Functions by their addresses in this process."""

    def __init__(self) -> None:
        self.cells: list[Any] = []

    def place(self, name: str) -> str:
        self.cells.append(ctypes.c_void_p(address(name)))
        return f"inttoptr (i64 {ctypes.addressof(self.cells[-1])} to ptr)"


def compiled(
    function: Function,
    asked: Callable[[], bool] = lambda: False,
    no_memory: bool = False,
    effort: machine.Effort | None = None,
    **options: Any,
) -> Compiled:
    """A program of loops as machine code, with stand-ins for what its entry defines."""
    import llvmlite.binding as llvm

    library = Addresses()
    text = kernel_text(function, library=library, target=machine.elementary_target(), **options)
    made: dict[int, Any] = {}

    def make(slots: int, k: int, typenum: int, rank: int, dims: int) -> int | None:
        if no_memory:
            return None
        shape = tuple((ctypes.c_int64 * rank).from_address(dims)) if rank else ()
        made[k] = np.empty(shape, np.dtype(_TYPES[typenum]))
        return int(made[k].ctypes.data)

    callbacks = MADE(make), ASKED(asked)
    addresses = [ctypes.cast(c, ctypes.c_void_p).value for c in callbacks]
    whole = text.replace("declare noalias ptr @malloc(i64)\n", "").replace("define internal i32", "define i32")
    whole = "\n".join(line for line in whole.splitlines() if not line.startswith("declare void @free"))
    whole = whole.replace("@malloc(", "@test.malloc(").replace("@free(", "@test.free(")
    whole = _STAND_INS.format(made=addresses[0], asked=addresses[1]) + whole
    machine.parsed(whole).verify()
    module = machine.optimised(whole, effort)
    data = bytes(host.target_machine().emit_object(module))
    kernel = f"{function.name}.kernel"
    builder = llvm.JITLibraryBuilder().add_object_img(data).add_current_process()
    builder.export_symbol(kernel).export_symbol("test.allocated")
    engine = builder.link(linker(), f"{function.name}.{next(_number)}")
    run = ctypes.CFUNCTYPE(ctypes.c_int, *_argument_types(function))(engine[kernel])
    state = ctypes.c_int64.from_address(engine["test.allocated"])
    return Compiled(function, text, str(module), run, engine, state, made, (callbacks, library))


def _argument_types(function: Function) -> list[Any]:
    found: list[Any] = []
    for p in function.parameters:
        for t in leaves(p.type):
            assert isinstance(t, ArrayType) and t.dtype is not None
            sample = np.zeros((0,) * len(t.shape or ()), t.dtype) if t.kind == "array" else t.dtype.type(0)
            found += [type(x) for x in _passed(sample, t)]
    return [*found, ctypes.c_void_p]


_TYPES = {np.dtype(c).num: c for c in "?bBhHiIlLqQfdFD"}
