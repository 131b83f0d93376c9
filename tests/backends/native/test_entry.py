"""The entries of native code: what they take and give, what they hand on, and that nothing is left behind."""

import contextlib
import gc
import pickle
import signal
import sys
import threading
import time
from typing import NamedTuple

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from s2sad.backends.native import machine
from s2sad.backends.native.arguments import MANY, machine_type
from s2sad.backends.native.entry import entry_text, service_text
from s2sad.backends.native.forms import Fitting, fitter, form_of
from s2sad.backends.native.objects import Code, Loaded
from s2sad.backends.native.outside import SCALARS, Outside
from s2sad.errors import UnsupportedType
from s2sad.ir.dims import Size, new_dim
from s2sad.ir.types import COMPLEX, FLOAT, FLOAT64, INT, ArrayType, tuple_type, type_of

CALLS = 100_000
N, M = new_dim("n", 2), new_dim("m", 2)


def of(dtype, *shape, kind="array"):
    return ArrayType(np.dtype(dtype), shape, kind)


VECTOR = of(float, N)


def loaded(name, kernel, arguments, result, steps=None):
    outside = Outside()
    texts = [kernel, entry_text(name, arguments, result, outside, steps), service_text(outside)]
    code = Code("\n".join([outside.text(), *texts]), tuple(outside.names), (f"{name}.entry",))
    return Loaded(code, machine.object_code(code.text))


def unusual(*args):
    return ("unusual", *args)


def left(*args):
    return ("left", *args)


def entry(kernel, arguments, result, steps=None):
    """The entry around a kernel, whose text has the parameters alone, and what follows."""
    return loaded("f", f'define internal i32 @"f.kernel"{kernel}', arguments, result, steps).builtin("f", unusual, left)


def slot(k):
    return 16 * (k + 1)


def numbers(types, order=None):
    """A kernel that gives the numbers that it takes, in another order."""
    parameters, stores = [], []
    for k, t in enumerate(types):
        kind, parts = machine_type(t.dtype), 2 if t.dtype.kind == "c" else 1
        for p in range(parts):
            name = f"%x{k}_{p}"
            parameters.append(f"{kind} {name}")
            at = slot(k if order is None else order.index(k)) + p * t.dtype.itemsize // parts
            stores.append(f"%p{k}_{p} = getelementptr i8, ptr %slots, i64 {at}")
            if kind == "i1":
                stores.append(f"%b{k} = zext i1 {name} to i8\nstore i8 %b{k}, ptr %p{k}_{p}")
            else:
                stores.append(f"store {kind} {name}, ptr %p{k}_{p}")
    return f"({', '.join(parameters)}, ptr %slots) {{\n" + "\n".join(stores) + "\nret i32 0\n}\n"


def copy(dtype, rank=1, slot_number=0):
    """A kernel that gives a copy of an array."""
    dtype = np.dtype(dtype)
    lengths = [f"i64 %d{k}" for k in range(rank)]
    body = [f"%dims = alloca [{max(rank, 1)} x i64]", f"%c = add i64 0, {dtype.itemsize}"]
    last = "%c"
    for k in range(rank):
        body.append(f"%q{k} = getelementptr i64, ptr %dims, i64 {k}\nstore i64 %d{k}, ptr %q{k}")
        body.append(f"%c{k} = mul i64 {last}, %d{k}")
        last = f"%c{k}"
    return (
        f"({', '.join(['ptr noalias %x', *lengths, 'ptr %slots'])}) {{\n"
        + "\n".join(body)
        + f'\n%r = call ptr @"s2sad.result"(ptr %slots, i32 {slot_number}, i32 {dtype.num}, i32 {rank}, ptr %dims)\n'
        + "%none = icmp eq ptr %r, null\nbr i1 %none, label %full, label %ok\nfull:\nret i32 2\nok:\n"
        + f"call void @llvm.memcpy.p0.p0.i64(ptr %r, ptr %x, i64 {last}, i1 false)\nret i32 0\n}}\n"
        + "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n"
    )


PYTHON = [(FLOAT, 2.5), (FLOAT, float("inf")), (INT, -7), (INT, 2**63 - 1), (COMPLEX, 1.5 - 2j), (type_of(True), False)]


@pytest.mark.parametrize(("t", "value"), PYTHON, ids=str)
def test_numbers_of_python(t, value):
    t = ArrayType(t.dtype, (), "python")
    found = entry(numbers([t]), [t], t)(value)
    assert type(found) is type(value) and found == value


@pytest.mark.parametrize("cls", [*SCALARS, np.bool_], ids=lambda c: c.__name__)
def test_scalars_of_numpy(cls):
    t = of(cls, kind="numpy")
    f = entry(numbers([t]), [t], t)
    for value in (cls(0), cls(1), cls(100 if cls is not np.bool_ else 1)):
        found = f(value)
        assert type(found) is cls and found == value
    assert f(2.0)[0] == "unusual" and f(1)[0] == "unusual" and f(True)[0] == "unusual"


def test_what_may_be_either_is_taken_as_either():
    t = of(float, kind="either")
    f = entry(numbers([t]), [t], t)
    assert type(f(2.5)) is np.float64 and f(2.5) == f(np.float64(2.5)) == 2.5
    assert f(np.float32(2.5))[0] == "unusual"


@pytest.mark.parametrize("cls", [*SCALARS, np.bool_], ids=lambda c: c.__name__)
@pytest.mark.parametrize("shape", [(), (3,), (2, 5), (2, 3, 4)], ids=str)
def test_arrays(cls, shape):
    t = ArrayType(np.dtype(cls), tuple(new_dim("k", 0) for _ in shape), "array")
    x = np.asarray(np.arange(np.prod(shape, dtype=int)).reshape(shape) % 5, cls)
    found = entry(copy(cls, len(shape)), [t], t)(x)
    assert type(found) is np.ndarray and found.dtype == x.dtype and found is not x
    np.testing.assert_array_equal(found, x)
    assert found.flags.owndata and found.flags.writeable


class Pair(NamedTuple):
    a: float
    b: float


UNUSUAL = [
    ([VECTOR], (np.arange(10.0)[::2],)),
    ([VECTOR], (np.arange(10.0)[::-1],)),
    ([VECTOR], (np.arange(3),)),
    ([VECTOR], (np.arange(3, dtype=">f8"),)),
    ([VECTOR], (np.arange(3, dtype=np.float32),)),
    ([VECTOR], (np.zeros((3, 1)),)),
    ([VECTOR], (np.zeros(()),)),
    ([VECTOR], (np.zeros(1),)),
    ([VECTOR], (np.ma.masked_array([1.0, 2.0]),)),
    ([VECTOR], (np.frombuffer(bytes(25), "u1")[1:].view("f8"),)),
    ([VECTOR], ([1.0, 2.0],)),
    ([VECTOR], (None,)),
    ([of(float, N, M)], (np.zeros((3, 4), order="F"),)),
    ([of(float, N, M)], (np.zeros((4, 3)).T,)),
    ([of(float, N, N)], (np.zeros((3, 4)),)),
    ([of(float, 3)], (np.zeros(4),)),
    ([of(float, N), of(float, N)], (np.zeros(4), np.zeros(3))),
    ([of(float, N), of(float, Size(N.terms, -1))], (np.zeros(4), np.zeros(4))),
    ([FLOAT], (1,)),
    ([FLOAT], (np.float64(1.0),)),
    ([FLOAT], ()),
    ([FLOAT], (1.0, 2.0)),
    ([INT], (2**63,)),
    ([INT], (True,)),
    ([INT], (np.int64(1),)),
    ([type_of(True)], (1,)),
    ([tuple_type(FLOAT, FLOAT)], ((1.0,),)),
    ([tuple_type(FLOAT, FLOAT)], ([1.0, 2.0],)),
    ([tuple_type(FLOAT, FLOAT)], (Pair(1.0, 2.0),)),
    ([tuple_type(FLOAT, FLOAT)], ((1.0, 2),)),
]


def kernel_of(types):
    """A kernel that does nothing, of the arguments that an entry of these types hands on."""
    outside = Outside()
    text = entry_text("f", types, tuple_type(), outside, None)
    (call,) = (line for line in text.splitlines() if '@"f.kernel"' in line)
    given = call.split("(", 1)[1].rstrip(")").split(", ")
    return f"({', '.join(f'{g.split()[0]} %a{k}' for k, g in enumerate(given))}) {{\nret i32 0\n}}\n"


@pytest.mark.parametrize(("types", "values"), UNUSUAL, ids=lambda v: str(v)[:60])
def test_what_is_unusual_is_handed_on_as_it_is(types, values):
    found = entry(kernel_of(types), types, tuple_type())(*values)
    assert found[0] == "unusual" and len(found) == len(values) + 1
    assert all(a is b for a, b in zip(found[1:], values, strict=True))


def test_a_dtype_may_have_more_than_one_object():
    x = pickle.loads(pickle.dumps(np.arange(3.0)))
    f = entry(copy(float), [VECTOR], VECTOR)
    assert x.dtype is not np.dtype(float)
    np.testing.assert_array_equal(f(x), x)


def test_lengths_that_fit_are_taken():
    types = [of(float, N, M), of(float, N), of(float, Size(N.terms | M.terms, -1)), of(float, 3)]
    f = entry(kernel_of(types), types, tuple_type())
    assert f(np.zeros((4, 5)), np.zeros(4), np.zeros(8), np.zeros(3)) == ()
    assert f(np.zeros((4, 5)), np.zeros(4), np.zeros(9), np.zeros(3))[0] == "unusual"


def test_tuples_are_taken_apart_and_made():
    types = [tuple_type(FLOAT, tuple_type(INT, FLOAT64)), tuple_type()]
    flat = [FLOAT, INT, FLOAT64]
    result = tuple_type(FLOAT64, tuple_type(tuple_type(), FLOAT), INT)
    found = entry(numbers(flat, [2, 0, 1]), types, result)((1.5, (7, np.float64(2.5))), ())
    assert found == (2.5, ((), 1.5), 7) and list(map(type, found)) == [np.float64, tuple, int]


def test_what_native_code_has_no_values_of_is_refused():
    for t in (of(np.float16, N), of(object, N), ArrayType(None, None, "any"), of(np.longdouble, kind="numpy")):
        with pytest.raises(UnsupportedType):
            entry_text("f", [t], FLOAT, Outside(), None)
        with pytest.raises(UnsupportedType):
            entry_text("f", [], t, Outside(), None)


def status(number, made=1):
    """A kernel that makes arrays, and ends with a status."""
    calls = [f'%r{k} = call ptr @"s2sad.result"(ptr %slots, i32 {k}, i32 12, i32 1, ptr %dims)' for k in range(made)]
    first = "%dims = alloca i64\nstore i64 %n, ptr %dims\n"
    return f"(ptr %x, i64 %n, ptr %slots) {{\n{first}" + "\n".join(calls) + f"\nret i32 {number}\n}}\n"


def test_what_leaves_runs_the_program_of_numpy():
    x = np.arange(3.0)
    found = entry(status(1), [VECTOR], tuple_type(VECTOR, VECTOR))(x)
    assert found[0] == "left" and found[1] is x


def test_without_memory():
    with pytest.raises(MemoryError):
        entry(status(2), [VECTOR], tuple_type(VECTOR, VECTOR))(np.arange(3.0))


def huge(length):
    """A kernel that asks for an array of this length."""
    body = f"%dims = alloca i64\nstore i64 {length}, ptr %dims\n{RESULT}\n%none = icmp eq ptr %r, null"
    return f"(ptr %slots) {{\n{body}\n%s = select i1 %none, i32 2, i32 0\nret i32 %s\n}}\n"


RESULT = '%r = call ptr @"s2sad.result"(ptr %slots, i32 0, i32 12, i32 1, ptr %dims)'


def test_an_array_that_cannot_be_made():
    with pytest.raises(MemoryError):
        entry(huge(2**48), [], VECTOR)()
    # NumPy refuses these by other errors: its program raises them, at the user's line
    assert entry(huge(-1), [], VECTOR)() == ("left",)
    assert entry(huge(2**62), [], VECTOR)() == ("left",)


ASKING = """
define internal i32 @"f.kernel"(i64 %n, ptr %slots) {
start:
  br label %loop
loop:
  %i = phi i64 [ 0, %start ], [ %j, %on ]
  %stop = call i1 @"s2sad.interrupted"(ptr %slots)
  br i1 %stop, label %out, label %on
on:
  %j = add i64 %i, 1
  %more = icmp slt i64 %j, %n
  br i1 %more, label %loop, label %end
out:
  ret i32 3
end:
  %p = getelementptr i8, ptr %slots, i64 16
  store i64 %j, ptr %p
  ret i32 0
}
"""


class Alarm(Exception):
    pass


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers")
def test_a_signal_ends_a_long_loop():
    def ring(*args):
        raise Alarm

    f = loaded("f", ASKING, [INT], INT, 0).builtin("f", unusual, left)
    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Alarm):
            f(2**62)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert f(10) == 10


BUSY = """
define internal i32 @"f.kernel"(i64 %n, ptr %slots) {
start:
  %p = getelementptr i8, ptr %slots, i64 16
  br label %loop
loop:
  %i = phi i64 [ 0, %start ], [ %j, %loop ]
  %j = add i64 %i, 1
  store volatile i64 %j, ptr %p
  %more = icmp slt i64 %j, %n
  br i1 %more, label %loop, label %end
end:
  ret i32 0
}
"""


def ticks_during(f, *args):
    """How often another thread runs while a function does."""
    ticks, done = [0], threading.Event()

    def tick():
        while not done.is_set():
            ticks[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    time.sleep(0.01)
    before = ticks[0]
    f(*args)
    found = ticks[0] - before
    done.set()
    thread.join()
    return found


def test_the_interpreter_is_let_go_where_much_is_computed():
    f = loaded("f", BUSY, [INT], INT, 0).builtin("f", unusual, left)
    assert ticks_during(f, 300_000_000) > 10
    # a program without loops holds it: what it does is over before another thread could start
    held = loaded("f", BUSY, [INT], INT, None).builtin("f", unusual, left)
    assert ticks_during(held, 300_000_000) <= 2
    assert MANY < 300_000_000 == f(300_000_000)


def test_many_threads_call_at_once():
    f = loaded("f", 'define internal i32 @"f.kernel"' + copy(float), [VECTOR], VECTOR, 0).builtin("f", unusual, left)
    wrong = []

    def work(k):
        x = np.full(MANY + 10, float(k))
        for _ in range(200):
            if not np.array_equal(f(x), x):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def used_memory():
    gc.collect()
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * 4096


def raised(*args):
    raise ValueError("of the program of NumPy")


BIG = np.arange(100.0)
WAYS = {
    "numbers": (numbers([FLOAT, FLOAT64]), [FLOAT, FLOAT64], tuple_type(FLOAT, FLOAT64), None, (1.5, np.float64(2.5))),
    "integers": (numbers([INT]), [INT], INT, None, (2**40,)),
    "arrays": (copy(float), [VECTOR], VECTOR, 0, (BIG,)),
    "let go": (copy(float), [VECTOR], tuple_type(VECTOR), float(MANY), (BIG,)),
    "nested": (numbers([FLOAT]), [tuple_type(FLOAT)], tuple_type(tuple_type(FLOAT)), None, ((3.5,),)),
    "left": (status(1, 2), [VECTOR], tuple_type(VECTOR, VECTOR), 0, (BIG,)),
    "no memory": (status(2, 2), [VECTOR], tuple_type(VECTOR, VECTOR), 0, (BIG,)),
    "too large": (huge(2**62), [], VECTOR, 0, ()),
    "unusual": (numbers([FLOAT]), [FLOAT], FLOAT, None, ("text",)),
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads what the process uses from /proc")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("otherwise", [left, raised])
def test_nothing_is_left_behind(way, otherwise):
    kernel, types, result, steps, values = WAYS[way]
    f = loaded("f", f'define internal i32 @"f.kernel"{kernel}', types, result, steps).builtin("f", otherwise, otherwise)
    watched = [f, otherwise, np.dtype(float), np.ndarray, np.float64, *values]

    def many(count):
        for _ in range(count):
            with contextlib.suppress(MemoryError, ValueError):
                f(*values)

    many(1000)
    memory = used_memory()
    before, blocks = list(map(sys.getrefcount, watched)), sys.getallocatedblocks()
    many(CALLS)
    assert used_memory() - memory < CALLS * 4
    assert list(map(sys.getrefcount, watched)) == before
    assert abs(sys.getallocatedblocks() - blocks) < 200


def test_a_builtin_keeps_its_code():
    f = entry(numbers([FLOAT]), [FLOAT], FLOAT)
    gc.collect()
    assert f(1.5) == 1.5 and f.__name__ == "f"


FITTED = [
    ([VECTOR], (np.arange(10.0)[::2],)),
    ([VECTOR], (np.arange(3, dtype=">f8"),)),
    ([VECTOR], (np.frombuffer(bytes(25), "u1")[1:].view("f8"),)),
]


@pytest.mark.parametrize(("types", "values"), FITTED, ids=lambda v: str(v)[:60])
def test_arrays_that_lie_in_another_way_are_copied(types, values):
    code = loaded("f", 'define internal i32 @"f.kernel"' + copy(float), types, VECTOR, 0)
    again = code.builtin("f", left, left)
    f = code.builtin("f", Fitting([fitter(form_of(t)) for t in types], again, left), left)
    found = f(*values)
    assert type(found) is np.ndarray and found.dtype == np.dtype(float)
    np.testing.assert_array_equal(found, values[0])
    assert f(np.arange(3))[0] == f("text")[0] == f()[0] == f(np.zeros(1))[0] == "left"


def test_a_number_of_a_class_of_its_own():
    t = of(float, kind="numpy")
    code = loaded("f", 'define internal i32 @"f.kernel"' + numbers([t]), [t], t)
    f = code.builtin("f", Fitting([fitter(form_of(t))], code.builtin("f", left, left), left), left)

    class Own(np.float64):
        pass

    assert type(f(Own(2.5))) is np.float64 and f(Own(2.5)) == 2.5
    assert f(2.5)[0] == f(np.float32(1.0))[0] == "left"
