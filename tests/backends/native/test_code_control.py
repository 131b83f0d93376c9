"""Loops, branches and memory as machine code, against the same programs run by Python."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from s2sad.backends.native.machine import Effort
from s2sad.ir.dims import new_dim
from s2sad.ir.primitives.effects import RAISE
from s2sad.ir.primitives.memory import GUARD, RESHAPED, TALLY, Left
from s2sad.ir.values import Function
from tests.backends.native.interpreter import interpreted
from tests.backends.native.kernels import Compiled, array, compiled, program, python

QUICK = Effort(level=1)
N = new_dim("n")
ENDS = [
    (0, 5, 1),
    (3, 3, 1),
    (5, 2, 1),
    (-3, 4, 2),
    (0, 10, 3),
    (9, 0, -2),
    (5, -1, -1),
    (2, 5, -1),
    (4, 9, 7),
    (0, 1, -5),
]


def indices(p: Any, start: Any, stop: Any, step: Any, reverse: bool, breaks: bool = False) -> Any:
    """A number made of the indices of a loop, in their order, and how many they were."""

    def body(i: Any, s: Any, count: Any) -> Any:
        new = p.call(np.add, p.call(np.multiply, s, 3), i)
        more = [new, p.call(np.add, count, 1)]
        return [*more, p.call(np.greater, new, 20)] if breaks else more

    return p.loop(stop, body, 1, 0, start=start, step=step, reverse=reverse, breaks=breaks)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("breaks", [False, True])
def test_ranges(reverse, breaks):
    ints = [python(int)] * 3
    f = program(*ints)(lambda p, *ends: indices(p, *ends, reverse, breaks))
    run = compiled(f)
    for ends in ENDS:
        wanted = interpreted(f, *ends)
        assert run(*ends) == wanted
        known = program()(lambda p, ends=ends: indices(p, *ends, reverse, breaks))
        assert compiled(known, effort=QUICK)() == wanted
        stepped = program(*ints[:2])(lambda p, a, b, ends=ends: indices(p, a, b, ends[2], reverse, breaks))
        assert compiled(stepped, effort=QUICK)(*ends[:2]) == wanted
    with pytest.raises(Left):
        run(0, 5, 0)


def test_a_loop_that_leaves_goes_on_to_its_end():
    """What may raise does not keep a loop from being vectorised: the program is left behind it."""

    @program(array(float, N))
    def f(p, x):
        n = p.length(x)
        out = p.allocate(n)
        p.loop(n, lambda i: p.store(out, i, p.call(operator.truediv, 1.0, p.call(float, p.load(x, i)))))
        return out

    run = compiled(f)
    np.testing.assert_array_equal(run(np.array([1.0, 2.0, 4.0])), [1.0, 0.5, 0.25])
    with pytest.raises(Left):
        run(np.array([1.0, 0.0, 4.0]))
    assert "x double> " in run.optimised


def test_a_while_loop_leaves_at_once():
    """With a wrong number it might never end."""

    @program(python(int))
    def f(p, n):
        def body(k: Any) -> Any:
            p.call(operator.floordiv, 1, p.call(np.subtract, k, 3))
            return [p.call(np.add, k, p.call(operator.floordiv, 5, p.call(np.subtract, k, 3)))]

        return p.while_(lambda k: p.call(np.less, k, 100), body, n)

    with pytest.raises(Left):
        compiled(f)(3)


def test_branches_leave_where_they_are_taken():
    @program(python(float))
    def f(p, x):
        holds = p.call(np.not_equal, x, 0.0)
        return p.branch(holds, lambda: [p.call(operator.truediv, 1.0, x)], lambda: [0.0])

    run = compiled(f)
    assert (run(4.0), run(0.0)) == (0.25, 0.0)
    assert "br i1" not in run.text.split("slots)")[1].split("out0")[0].replace("!prof", "") or "select" in run.text


def chained(x: float, y: float) -> Any:
    """A loop whose next iteration waits for a branch, and the same branch by itself."""

    @program(python(float), python(float))
    def f(p, x, y):
        def larger(a: Any, b: Any) -> Any:
            holds = p.call(np.less, a, b)
            return p.branch(holds, lambda: [b, a], lambda: [p.call(np.multiply, a, 2.0), b])

        return p.while_(lambda a, b: p.call(np.less, a, 100.0), lambda a, b: larger(a, b), x, y)

    return f


def test_a_branch_that_the_next_iteration_waits_for_is_no_selection():
    run = compiled(chained(1.0, 3.0))
    for given in ((1.0, 3.0), (5.0, 0.5), (200.0, 1.0)):
        assert run(*given) == interpreted(chained(*given), *given)
    assert "select" not in run.text.split("slots)")[1].split("out0")[0]


@pytest.mark.parametrize(("length", "loops"), [(3, 2), (80, 0), (None, 0)])
def test_loops_of_few_iterations_are_to_be_written_out(length, loops):
    @program(array(float, N))
    def f(p, x):
        out, n = p.allocate(4), p.length(x)

        def product(i: Any, k: Any, s: Any) -> Any:
            return [p.call(np.add, s, p.call(np.multiply, p.load(x, k), p.load(x, p.call(np.remainder, i, n))))]

        p.loop(4, lambda i: p.store(out, i, *p.loop(length or n, lambda k, s: product(i, k, s), 0.0)))
        return out

    x = np.arange(80.0)
    run = compiled(f, effort=Effort(unroll=False))
    np.testing.assert_array_equal(run(x), np.sum(x[:length]) * x[:4])
    assert run.text.count("!llvm.loop !9002") == loops


def test_raise_and_guard():
    @program(python(float))
    def f(p, x):
        p.branch(p.call(np.less, x, 0.0), lambda: p.apply(RAISE, exception=ValueError) and None, lambda: [])
        p.apply(GUARD, p.call(np.less, x, 10.0))
        return x

    run = compiled(f)
    assert run(3.0) == 3.0
    for x in (-1.0, 11.0, float("nan")):
        with pytest.raises(Left):
            run(x)


# memory


def transposed(dtype: Any) -> Function:
    @program(array(dtype, N, 3))
    def f(p, x):
        n = p.length(x)
        out = p.allocate(3, n, dtype=dtype)
        p.loop(n, lambda i: p.loop(3, lambda j: p.store(out, j, i, p.load(x, i, j))) and None)
        return out

    return f


@pytest.mark.parametrize("dtype", [np.dtype(c) for c in "?bhiqBHIQfdFD"], ids=str)
def test_memory_of_every_dtype(dtype):
    run = compiled(transposed(dtype), effort=QUICK)
    x = (np.arange(12).reshape(4, 3) * 3 - 7).astype(dtype)
    np.testing.assert_array_equal(run(x), x.T)


def filled(p: Any, out: Any, n: Any, value: Any) -> Any:
    p.loop(n, lambda i: p.store(out, i, value))
    return out


def total(p: Any, x: Any, n: Any) -> Any:
    return p.loop(n, lambda i, s: [p.apply(TALLY, s, p.load(x, i))], 0.0)[0]


def checked(f: Function, *arguments: Any, wanted: Any = None, leaves: bool = False) -> Compiled:
    """The result is that of Python, and all memory is given back."""
    run = compiled(f)
    if leaves:
        with pytest.raises(Left):
            run(*arguments)
    else:
        given = [x.copy() if isinstance(x, np.ndarray) else x for x in arguments]
        np.testing.assert_equal(run(*arguments), interpreted(f, *given) if wanted is None else wanted)
    assert run.allocated == 0
    return run


@pytest.mark.parametrize("leaves", [False, True])
def test_what_an_iteration_allocates_is_freed(leaves):
    @program(python(int), python(float))
    def f(p, n, limit):
        def body(i: Any, s: Any) -> Any:
            row = filled(p, p.allocate(n), n, p.call(float, i))
            part = p.call(np.add, s, total(p, row, n))
            p.apply(GUARD, p.call(np.less, part, limit))
            return [part]

        outer = filled(p, p.allocate(n), n, 1.0)
        return p.call(np.add, p.loop(n, body, 0.0)[0], total(p, outer, n))

    checked(f, 6, 20.0 if leaves else 1e9, leaves=leaves)


@pytest.mark.parametrize("leaves", [False, True])
def test_arrays_that_take_turns(leaves):
    """Two arrays that are carried, each time the other way round."""

    @program(array(float, N), python(int), python(float))
    def f(p, x, steps, limit):
        n = p.length(x)
        a, b = p.allocate(n), p.allocate(n)
        p.loop(n, lambda i: p.store(a, i, p.load(x, i)))

        def body(k: Any, now: Any, then: Any) -> Any:
            p.apply(GUARD, p.call(np.less, p.load(now, 0), limit))
            p.loop(n, lambda i: p.store(then, i, p.call(np.multiply, p.load(now, i), 2.0)))
            return [then, now]

        return p.loop(steps, body, a, b)[0]

    checked(f, np.arange(1.0, 7.0), 5, 4.0 if leaves else 1e9, leaves=leaves)


def growing(large: int, breaks: bool) -> Function:
    """A list that doubles, and holds the squares below a limit; left where one is too large."""

    @program(python(int))
    def f(p, n):
        first = p.allocate(1, dtype=np.int64)

        def body(k: Any, have: Any, a: Any) -> Any:
            full = p.call(np.equal, k, have)

            def larger() -> Any:
                new = p.allocate(p.call(np.multiply, have, 2), dtype=np.int64)
                p.loop(have, lambda i: p.store(new, i, p.load(a, i)))
                return [new, p.call(np.multiply, have, 2)]

            b, size = p.branch(full, larger, lambda: [a, have])
            square = p.call(np.multiply, k, k)
            p.apply(GUARD, p.call(np.less, square, large))
            p.store(b, k, square)
            again = [p.call(np.add, k, 1), size, b]
            return [*again, p.call(np.greater, square, 900)] if breaks else again

        k, _, a = p.while_(lambda k, have, a: p.call(np.less, k, n), body, 0, 1, first, breaks=breaks)
        out = p.allocate(k, dtype=np.int64)
        p.loop(k, lambda i: p.store(out, i, p.load(a, i)))
        return out

    return f


@pytest.mark.parametrize("breaks", [False, True])
def test_arrays_that_grow(breaks):
    for n in (0, 1, 2, 3, 9, 100):
        checked(growing(10**6, breaks), n)
    checked(growing(500, breaks), 40, leaves=True)


def test_a_new_array_in_each_iteration():
    """The array of the iteration before is freed; the last one is read behind the loop."""

    @program(python(int))
    def f(p, n):
        def body(i: Any, a: Any) -> Any:
            new = p.allocate(3)
            p.loop(3, lambda j: p.store(new, j, p.call(np.add, p.load(a, j), p.call(float, i))))
            return [new]

        (a,) = p.loop(n, body, filled(p, p.allocate(3), 3, 0.5))
        return total(p, a, 3)

    for n in (0, 1, 5):
        checked(f, n)


@pytest.mark.parametrize("taken", [False, True])
def test_an_array_of_a_branch(taken):
    @program(array(float, N), python(bool))
    def f(p, x, which):
        n = p.length(x)
        own = p.allocate(n)

        def then() -> Any:
            scratch = filled(p, p.allocate(n), n, 2.0)
            return [filled(p, p.allocate(n), n, p.load(scratch, 0)), x]

        a, b = p.branch(which, then, lambda: [filled(p, own, n, 3.0), own])
        return total(p, a, n), total(p, b, n)

    checked(f, np.arange(4.0), taken)


def test_results_of_every_origin():
    """New arrays, arguments, an array twice, those of branches, under other lengths, numbers, known arrays."""
    known = np.arange(6.0).reshape(2, 3)

    @program(array(float, N), python(bool))
    def f(p, x, which):
        n = p.length(x)
        made = filled(p, p.allocate(n), n, 1.5)
        (chosen,) = p.branch(which, lambda: [filled(p, p.allocate(n), n, 2.5)], lambda: [x])
        return made, x, made, chosen, p.apply(RESHAPED, made, n, 1), p.load(x, 0), True, 3 + 4j, known

    x = np.arange(1.0, 4.0)
    for which in (False, True):
        found = compiled(f)(x, which)
        wanted = interpreted(f, x, which)
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(a, b)
        arrays = [a for a in found if isinstance(a, np.ndarray)]
        assert not any(np.shares_memory(a, b) for k, a in enumerate(arrays) for b in [x, *arrays[:k]])


def test_lengths_that_no_array_has():
    @program(python(int), python(int))
    def f(p, n, m):
        return total(p, filled(p, p.allocate(n, m), 0, 1.0), 0)

    run = compiled(f)
    assert run(3, 4) == 0.0
    for lengths in [(-1, 3), (2**40, 2**40), (2**62, 4), (2**32, 2**32), (2**50, 1)]:
        with pytest.raises(Left):
            run(*lengths)
    assert run.allocated == 0


def test_no_memory():
    @program(python(int))
    def f(p, n):
        filled(p, p.allocate(n), n, 1.0)
        return p.allocate(n)

    run = compiled(f, no_memory=True)
    with pytest.raises(Left, match="2"):
        run(100)
    assert run.allocated == 0


def test_interrupted():
    """Loops that go on for long ask, now and then; short ones, and those within them that may be vectorised, do not."""
    asked: list[int] = []

    def ask() -> bool:
        asked.append(1)
        return len(asked) > 2

    @program(python(int), python(int))
    def nest(p, n, m):
        x = filled(p, p.allocate(m), m, 1.0)
        return p.loop(n, lambda i, s: [p.call(np.add, s, total(p, x, m))], 0.0)[0]

    run = compiled(nest, ask)
    assert run(10, 10) == 100.0 and not asked
    with pytest.raises(Left, match="3"):
        run(100_000, 20_000)
    assert run.allocated == 0

    endless = program(python(float))(
        lambda p, x: p.while_(lambda y: p.call(np.less, y, 2.0), lambda y: [p.call(np.multiply, y, 1.0)], x)
    )
    asked.clear()
    with pytest.raises(Left, match="3"):
        compiled(endless, ask)(1.0)
    assert "s2sad.interrupted" not in compiled(transposed(float)).text


# much


def test_thousands_of_operations():
    @program(python(float))
    def f(p, x):
        y = x
        for k in range(4000):
            y = p.call((np.add, np.subtract)[k % 2], y, float(k % 7))
        return y

    run = compiled(f, effort=QUICK)
    assert run(0.5) == interpreted(f, 0.5)


def test_numbers_that_are_not_added_in_order():
    """A sum that may be is as exact as any, and nan and infinities stay."""

    @program(array(float, N))
    def f(p, x):
        return total(p, x, p.length(x))

    run = compiled(f)
    for x in ([np.inf, 1.0] * 40, [np.inf, -np.inf] * 40, [np.nan, 1.0] * 40, [-0.0] * 70, [], [0.1] * 1000):
        with np.errstate(invalid="ignore"):
            np.testing.assert_allclose(run(np.array(x, float)), np.sum(np.array(x, float)), rtol=1e-13)
    assert "fadd reassoc" in run.optimised and "x double>" in run.optimised
