"""The call of machine code in a function that numba compiles, as numba writes its own: in LLVM IR.

native(x, y)     (False, what `f_grad.address` gives), or what Python gives, or (True, nothing): an error of Python's
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import copyreg
import threading
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import typeof
from numba.core import cgutils
from numba.np.arrayobj import make_array, populate_array
from numba.np.numpy_support import as_dtype

from s2sad.backends.native.by_address import OTHER
from s2sad.backends.native.code.writer import DONE, INTERRUPTED
from s2sad.backends.native.results import SLOT
from s2sad.compiler.transform import is_constant
from s2sad.dispatch.addressed import Address
from s2sad.dispatch.derivative import Derivative
from s2sad.ir.trees import flatten
from s2sad.ir.types import ContainerType, StaticType, Type

types: Any = numba.types
BYTE, WORD = ir.IntType(8), ir.IntType(64)
POINTER = BYTE.as_pointer()
ALIGNED = 64
KEPT: list[object] = []
"""What compiled code calls: it stays as long as that, which is as long as the process."""
PYTHON = (types.float64, types.int64, types.complex128, types.boolean)
"""The types of numbers that are Python's outside of numba's functions."""


@dataclass(frozen=True)
class Member:
    """Machine code for one pattern of arguments, and the types of numba's that it takes and gives."""

    types: tuple[Any, ...]
    found: Address
    result: Any


def leaves_of(t: Any) -> Iterator[Any]:
    """The numbers and arrays of a type of numba's."""
    if isinstance(t, types.BaseTuple):
        for item in t:
            yield from leaves_of(item)
    else:
        yield t


class NativeCall:
    """Writes the call of machine code, and of Python where it does not go on.

    `members` are tried in turn, as their lengths may be others; `given` are the types of the arguments.
    """

    def __init__(self, native: Derivative, members: Sequence[Member], result: Any, given: Sequence[Any]) -> None:
        self.members, self.result, self.given = members, result, given
        self.leaves = list(leaves_of(result))
        self.again = Again(native, given, result)
        KEPT.append(self)

    def __call__(self, context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
        return _Writing(self, context, builder, args).written(sig.return_type)


class _Writing:
    """One call as it is written."""

    def __init__(self, call: NativeCall, context: Any, builder: Any, args: Sequence[Any]) -> None:
        self.call, self.context, self.builder, self.args = call, context, builder, args
        self.pyapi = context.get_python_api(builder)
        self.found = cgutils.alloca_once(builder, context.get_value_type(call.result), zfill=True)
        self.failed = cgutils.alloca_once(builder, cgutils.bool_t, zfill=True)
        self.slots = cgutils.alloca_once(builder, ir.ArrayType(BYTE, SLOT * (len(call.leaves) + 1)))
        self.slots.align = SLOT
        self.lengths = {
            k: cgutils.alloca_once(builder, ir.ArrayType(WORD, max(1, t.ndim)))
            for k, t in enumerate(call.leaves)
            if isinstance(t, types.Array)
        }
        self.over, self.python = self._block("over"), self._block("python")

    def written(self, t: Any) -> Any:
        builder = self.builder
        for member in self.call.members:
            other = self._block("other")
            self._by_address(member.found, other)
            builder.position_at_end(other)
        builder.branch(self.python)
        builder.position_at_end(self.python)
        self._by_python()
        builder.position_at_end(self.over)
        return self.context.make_tuple(builder, t, [builder.load(self.failed), builder.load(self.found)])

    def _block(self, name: str) -> Any:
        return self.builder.append_basic_block(f"native.{name}")

    def _dynamic(self, address: int) -> Any:
        """An address of this process: what has it in its text numba does not keep on disk."""
        return self.context.add_dynamic_addr(self.builder, address, info=str(self.call.again))

    def _word(self, slot: int, second: bool = False, kind: Any = POINTER) -> Any:
        """The address of a word of a slot."""
        place = self.builder.gep(self.builder.bitcast(self.slots, POINTER), [WORD(SLOT * slot + SLOT // 2 * second)])
        return self.builder.bitcast(place, kind.as_pointer())

    def _outside(self, name: str, result: Any, *given: Any) -> Any:
        """Call a function of Python's C API."""
        kind = ir.FunctionType(result, [g.type for g in given])
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, kind, name), given)

    # machine code

    def _by_address(self, found: Address, other: Any) -> None:
        """Call it; go on at `other` where it is not for these lengths."""
        builder, context = self.builder, self.context
        passed = [*self._passed(found, other), *self._variables(found), builder.bitcast(self.slots, POINTER)]
        self._clear()
        kind = ir.FunctionType(ir.IntType(32), [p.type for p in passed])
        function = builder.bitcast(self._dynamic(found.address), kind.as_pointer())
        state = self.pyapi.gil_ensure() if found.holds else None
        status = builder.call(function, passed)
        if state is not None:
            with builder.if_then(builder.icmp_signed("==", status, status.type(INTERRUPTED)), likely=False):
                # Python, which is called then, is interrupted once more
                self.pyapi.err_clear()
                self._outside("PyErr_SetInterrupt", ir.VoidType())
            self.pyapi.gil_release(state)
        done, left = self._block("done"), self._block("left")
        branches = builder.switch(status, left)
        branches.add_case(status.type(DONE), done)
        branches.add_case(status.type(OTHER), other)
        builder.position_at_end(left)
        for k in self.lengths:
            context.nrt.decref(builder, types.MemInfoPointer(types.voidptr), builder.load(self._word(k + 1)))
        builder.branch(self.python)
        builder.position_at_end(done)
        builder.store(self._made(self.call.result, iter(range(len(self.call.leaves)))), self.found)
        builder.branch(self.over)

    def _clear(self) -> None:
        """Have the slots say who makes arrays, and where their lengths go."""
        builder, nothing = self.builder, ir.Constant(POINTER, None)
        builder.store(nothing, self._word(0))
        builder.store(builder.bitcast(_room(self.context, builder.module), POINTER), self._word(0, True))
        for k, lengths in self.lengths.items():
            builder.store(nothing, self._word(k + 1))
            builder.store(builder.bitcast(lengths, POINTER), self._word(k + 1, True))

    def _passed(self, found: Address, other: Any) -> list[Any]:
        """The arguments as they are passed; what is known at compile time must be as it was."""
        passed: list[Any] = []
        for t, own, value in zip(found.given, self.call.given, self.args, strict=True):
            self._pass(t, own, value, other, None if is_constant(t) else passed)
        return passed

    def _pass(self, t: Type, own: Any, value: Any, other: Any, passed: list[Any] | None) -> None:
        builder = self.builder
        if isinstance(t, ContainerType):
            items = cgutils.unpack_tuple(builder, value, len(t.items))
            for item, kind, x in zip(t.items, own, items, strict=True):
                self._pass(item, kind, x, other, passed)
            return
        wanted = t.value if isinstance(t, StaticType) else t.size if is_constant(t) else None
        if wanted is not None:
            compare = builder.fcmp_ordered if isinstance(own, types.Float) else builder.icmp_signed
            same = self._block("same")
            builder.cbranch(compare("==", value, self.context.get_constant(own, wanted)), same, other)
            builder.position_at_end(same)
        if passed is not None and not isinstance(t, StaticType):
            passed += self._parts(own, value)

    def _parts(self, t: Any, value: Any) -> list[Any]:
        builder = self.builder
        if isinstance(t, types.Array):
            array = make_array(t)(self.context, builder, value)
            return [builder.bitcast(array.data, POINTER), *cgutils.unpack_tuple(builder, array.shape, t.ndim)]
        if isinstance(t, types.Complex):
            return [builder.extract_value(value, k) for k in range(2)]
        return [value]

    def _variables(self, found: Address) -> Iterator[Any]:
        """The variables outside of the function, as they were when it was wrapped."""
        for value in (leaf for tree in found.outside for leaf in flatten(tree)[0]):
            if isinstance(value, np.ndarray):
                array = np.ascontiguousarray(value, value.dtype.newbyteorder("="))
                KEPT.append(array)
                yield self._dynamic(array.ctypes.data)
                yield from map(WORD, value.shape)
            elif isinstance(value, (bool, int, float, complex, np.generic)):
                t = typeof(value)
                yield from self._parts(t, self.context.get_constant(t, value))

    def _made(self, t: Any, numbers: Iterator[int]) -> Any:
        """A value of the result, of what is in the slots."""
        context, builder = self.context, self.builder
        if isinstance(t, types.BaseTuple):
            return context.make_tuple(builder, t, [self._made(i, numbers) for i in t])
        k = next(numbers)
        if not isinstance(t, types.Array):
            return context.unpack_value(builder, t, self._word(k + 1, kind=context.get_data_type(t)))
        size = context.get_abi_sizeof(context.get_data_type(t.dtype))
        shape = cgutils.unpack_tuple(builder, builder.load(self.lengths[k]), max(1, t.ndim))[: t.ndim]
        strides = [WORD(size)]
        for n in reversed(shape[1:]):
            strides.insert(0, builder.mul(strides[0], n))
        array = make_array(t)(context, builder)
        data = builder.bitcast(builder.load(self._word(k + 1, True)), array.data.type)
        populate_array(array, data, shape, strides[: t.ndim], size, builder.load(self._word(k + 1)))
        return array._getvalue()

    # Python

    def _by_python(self) -> None:
        """Call the derivative as Python does, which raises what is to be raised."""
        builder, pyapi = self.builder, self.pyapi
        is_foreign = cgutils.is_null(builder, self._outside("PyGILState_GetThisThreadState", POINTER))
        state = pyapi.gil_ensure()
        # ufuncs of numba's go on behind an error
        with builder.if_else(cgutils.is_not_null(builder, pyapi.err_occurred())) as (has_failed, goes_on):
            with has_failed:
                builder.store(cgutils.true_bit, self.failed)
            with goes_on:
                self._ask(is_foreign)
        pyapi.gil_release(state)
        builder.branch(self.over)

    def _ask(self, is_foreign: Any) -> None:
        context, builder, pyapi, call = self.context, self.builder, self.pyapi, self.call
        env = context.get_env_manager(builder)
        objects = [pyapi.bool_from_bool(is_foreign)]
        for t, value in zip(call.given, self.args, strict=True):
            context.nrt.incref(builder, t, value)  # the object has it from here on
            objects.append(pyapi.from_native_value(t, value, env))
        made = pyapi.call_function_objargs(builder.bitcast(self._dynamic(id(call.again)), pyapi.pyobj), objects)
        for o in objects:
            pyapi.decref(o)
        with builder.if_else(cgutils.is_null(builder, made), likely=False) as (raised, given):
            with raised:
                builder.store(cgutils.true_bit, self.failed)
                with builder.if_then(is_foreign):
                    self._outside("PyErr_WriteUnraisable", ir.VoidType(), pyapi.borrow_none())
                pyapi.err_clear()
            with given:
                native = pyapi.to_native_value(call.result, made)
                pyapi.decref(made)
                builder.store(native.value, self.found)


def _room(context: Any, module: Any) -> Any:
    """A function of numba's that makes the memory of an array, and notes in the slot of what it is."""
    name = "s2sad.room"
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, ir.FunctionType(POINTER, [POINTER, WORD]), name)
    function.linkage = "internal"
    builder = ir.IRBuilder(function.append_basic_block("start"))
    slot, size = function.args
    made = context.nrt.meminfo_alloc_aligned_unchecked(builder, size, ALIGNED)
    with builder.if_then(cgutils.is_null(builder, made), likely=False):
        builder.ret(ir.Constant(POINTER, None))
    builder.store(made, builder.bitcast(slot, POINTER.as_pointer()))
    builder.ret(context.nrt.meminfo_data(builder, made))
    return function


class Again:
    """The derivative as Python calls it, of what numba gives, and with what it takes.

    A thread of `prange` has nobody who would see an error: it is said, and numbers are nan.
    """

    def __init__(self, native: Derivative, given: Sequence[Any], result: Any) -> None:
        self.native, self.given, self.result = native, given, result

    def __call__(self, is_foreign: bool, *args: Any) -> Any:
        try:
            return _fitted(self.result, self.native(*map(_fitted, self.given, args)))
        except BaseException as e:
            _LAST.error = e
            leaves = list(leaves_of(self.result))
            if not is_foreign or not all(isinstance(t, types.Float) for t in leaves):
                raise
            said = f"{self} is nan in a thread of numba's, which raises nothing: {type(e).__name__}: {e}"
        warnings.warn(said, RuntimeWarning, stacklevel=1)
        return _nan(self.result)

    def __repr__(self) -> str:
        return f"{self.native.__name__}({', '.join(map(str, self.given))})"


def _nan(t: Any) -> Any:
    return tuple(map(_nan, t)) if isinstance(t, types.BaseTuple) else as_dtype(t).type("nan")


def _fitted(t: Any, value: Any) -> Any:
    """A value as one of a type of numba's."""
    if isinstance(t, types.NoneType):
        return None
    if isinstance(t, types.BaseTuple):
        items = [_fitted(i, x) for i, x in zip(t, value, strict=True)]
        return t.instance_class(*items) if isinstance(t, types.BaseNamedTuple) else tuple(items)
    if isinstance(t, types.Array):
        return np.asarray(value, as_dtype(t.dtype), order="C")
    return value if t in PYTHON else as_dtype(t).type(value)


class _Raising(type(Exception)):  # type: ignore[misc]
    """The class of what stands for an error of Python's: where numba reads it, it is that error."""


class Raised(Exception, metaclass=_Raising):
    """The last error of a derivative that was called by compiled code in this thread."""


_LAST = threading.local()


def _last_error() -> BaseException:
    error: BaseException = _LAST.error
    return error


# numba keeps what is raised as text, and raises what that is read as
copyreg.pickle(_Raising, lambda cls: (_last_error, ()))  # type: ignore[arg-type, return-value]
