"""Machine code as other native code calls it: of addresses and numbers, by what C has for that."""

import ctypes

import numpy as np
import pytest

import s2sad
from s2sad.backends.native.by_address import OTHER
from s2sad.backends.native.code.writer import DONE, LEFT
from s2sad.backends.native.results import SLOT
from s2sad.dispatch.addressed import Addressed
from s2sad.errors import UnsupportedType

ROOM = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
WORD = ctypes.c_void_p


class Call:
    """A caller of C: what it makes stays in `made`."""

    def __init__(self, fun, *values):
        derivative = fun if isinstance(fun, s2sad.Derivative) else s2sad.jit(fun)
        self.found = Addressed(derivative.target, derivative.transform).at(values)
        self.made = []
        self.room = ROOM(self._room)

    def _room(self, slot, size):
        self.made.append(ctypes.create_string_buffer(max(1, size)))
        return ctypes.addressof(self.made[-1])

    def __call__(self, *given, ranks):
        slots = (ctypes.c_char * (SLOT * (len(ranks) + 1)))()
        first, kept = ctypes.addressof(slots), [(ctypes.c_int64 * max(1, n))() for n in ranks]
        WORD.from_address(first + 8).value = ctypes.cast(self.room, WORD).value
        for k, lengths in enumerate(kept):
            WORD.from_address(first + SLOT * (k + 1) + 8).value = ctypes.addressof(lengths)
        passed = []
        for x in given:
            if isinstance(x, np.ndarray):
                passed += [ctypes.c_void_p(x.ctypes.data), *map(ctypes.c_int64, x.shape)]
            else:
                passed.append(ctypes.c_double(x) if isinstance(x, float) else ctypes.c_int64(x))
        kind = ctypes.CFUNCTYPE(ctypes.c_int, *map(type, passed), WORD)
        status = kind(self.found.address)(*passed, ctypes.addressof(slots))
        return status, slots, kept


def test_numbers_lie_in_the_slots():
    call = Call(s2sad.grad(lambda a, b: a * b**2, (0, 1)), 1.0, 2.0)
    status, slots, _ = call(3.0, 5.0, ranks=(0, 0))
    assert status == DONE
    assert [ctypes.c_double.from_buffer(slots, SLOT * k).value for k in (1, 2)] == [25.0, 30.0]
    assert call.found.gives == ["tuple", [["float64", None], ["float64", None]]]


def test_arrays_lie_in_memory_of_the_caller():
    m, v = np.random.default_rng(0).random((11, 12)), np.arange(12.0)
    call = Call(s2sad.grad(lambda m, v: np.sum((m @ v) ** 2)), m, v)
    status, _, ((rows, columns),) = call(m, v, ranks=(2,))
    assert (status, rows, columns) == (DONE, 11, 12)
    found = np.frombuffer(call.made[0]).reshape(11, 12)
    np.testing.assert_allclose(found, 2.0 * np.outer(m @ v, v))


def test_other_lengths_are_told_and_so_is_what_it_leaves_for():
    call = Call(s2sad.grad(lambda x, y, i: np.sum(x * y) * x[i]), np.ones(20), np.ones(20), 3)
    assert call(np.ones(20), np.ones(21), 3, ranks=(1,))[0] == OTHER
    assert call(np.ones(30), np.ones(30), 3, ranks=(1,))[0] == DONE
    assert call(np.ones(30), np.ones(30), 30, ranks=(1,))[0] == LEFT


def test_what_needs_the_interpreter_says_so():
    assert Call(s2sad.grad(lambda x: np.sum(np.sort(x)[3:] ** 2)), np.ones(20)).found.holds
    assert not Call(s2sad.grad(lambda x: np.sum(x**2)), np.ones(20)).found.holds


def test_results_that_are_no_memory_are_refused():
    with pytest.raises(UnsupportedType, match="give numbers, arrays, and tuples"):
        Call(s2sad.grad(lambda p: p["a"] ** 2), {"a": 2.0})
