"""Programs of loops as machine code: kernels whose loops are vectorised, and random programs against Python's run."""

from __future__ import annotations

import math
import operator
import os
import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from s2sad.backends.native import machine
from s2sad.backends.native.code import kernel_text, parts
from s2sad.backends.native.machine import Effort
from s2sad.ir.dims import new_dim
from s2sad.ir.primitives.memory import TALLY, Left
from s2sad.ir.values import Function, Operand
from tests.backends.native.interpreter import interpreted
from tests.backends.native.kernels import Program, array, compiled, program, python

N, M = new_dim("n"), new_dim("m")
COUNT = 1000 if os.environ.get("S2SAD_PROFILE") == "deep" else 60


# kernels


def over(function: Callable[..., Any], count: int = 1, dtype: Any = float) -> Function:
    """A function of the elements of arrays."""

    @program(*[array(dtype, N)] * count)
    def f(p, *xs):
        out = p.allocate(p.length(xs[0]), dtype=dtype)
        p.loop(p.length(xs[0]), lambda i: p.store(out, i, function(p, *(p.load(x, i) for x in xs))))
        return out

    return f


def of(*functions: Any) -> Callable[..., Any]:
    """Functions of one number, one after the other."""

    def composed(p: Program, x: Operand) -> Operand:
        for function in functions:
            x = p.call(function, x)
        return x

    return composed


def softplus_slope(p: Program, x: Operand) -> Operand:
    return p.call(np.divide, 1.0, p.call(np.add, 1.0, p.call(np.exp, p.call(np.negative, x))))


def masked(p: Program, x: Operand) -> Operand:
    """Where it costs little, both sides are computed."""
    above = p.call(np.greater, x, 0.0)
    return p.branch(above, lambda: [p.call(np.multiply, x, x)], lambda: [p.call(np.subtract, 1.0, x)])[0]


def jumping(p: Program, x: Operand) -> Operand:
    """A branch that stays one, until LLVM makes a mask of it."""
    above = p.call(np.greater, x, 0.0)
    return p.branch(above, lambda: [p.call(np.log1p, x)], lambda: [p.call(np.subtract, 1.0, x)])[0]


KERNELS = {
    "sum of products": over(lambda p, x, y: p.call(np.add, p.call(np.multiply, x, y), x), 2),
    "exp": over(of(np.exp)),
    "log": over(of(np.log)),
    "tanh": over(of(np.tanh)),
    "sin": over(of(np.sin)),
    "expm1 of sqrt": over(of(np.abs, np.sqrt, np.expm1)),
    "sigmoid": over(softplus_slope),
    "mask": over(masked),
    "branch": over(jumping),
    "maximum": over(lambda p, x, y: p.call(np.maximum, x, y), 2),
    "where": over(lambda p, x, y: p.call(np.where, p.call(np.less, x, y), x, y), 2),
    "math.exp, which may raise": over(of(float, math.exp)),
    "a division that may raise": over(lambda p, x: p.call(operator.truediv, 1.0, p.call(float, x))),
    "rint": over(of(np.rint, np.floor)),
    "clip": over(lambda p, x: p.call(np.clip, x, -0.5, 0.5)),
}


def vectorised(text: str, form: str = "double") -> bool:
    return re.search(rf"load <\d+ x {form}>", text) is not None


@pytest.mark.parametrize("name", KERNELS)
def test_loops_are_vectorised(name):
    f = KERNELS[name]
    run = compiled(f)
    assert vectorised(run.optimised)
    rng = np.random.default_rng(5)
    given = [rng.uniform(0.1, 3.0, 37) * rng.choice([-1.0, 1.0], 37) for _ in f.parameters]
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(run(*given), interpreted(f, *given), rtol=4e-15, atol=4e-16)


@pytest.mark.parametrize("dtype", ["f", "i", "b"])
def test_loops_over_other_numbers_are_vectorised(dtype):
    f = over(lambda p, x, y: p.call(np.add, p.call(np.multiply, x, y), x), 2, dtype)
    form = {"f": "float", "i": "i32", "b": "i8"}[dtype]
    run = compiled(f)
    assert vectorised(run.optimised, form)
    x = np.arange(-20, 30).astype(dtype)
    np.testing.assert_array_equal(run(x, x[::-1].copy()), x * x[::-1] + x)


def test_a_matrix_is_vectorised_along_its_rows():
    @program(array(float, N, M), array(float, M))
    def f(p, a, x):
        n, m = p.length(a, 0), p.length(a, 1)
        out = p.allocate(n)

        def row(i: Any) -> None:
            term = lambda j: p.call(np.multiply, p.load(a, i, j), p.load(x, j))  # noqa: E731
            p.store(out, i, p.loop(m, lambda j, s: [p.apply(TALLY, s, term(j))], 0.0)[0])

        p.loop(n, row)
        return out

    run = compiled(f)
    assert vectorised(run.optimised)
    a, x = np.random.default_rng(1).normal(size=(7, 33)), np.linspace(-1.0, 1.0, 33)
    np.testing.assert_allclose(run(a, x), a @ x, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("fused", [False, True])
def test_products_are_rounded_before_they_are_added(fused):
    """x * x - y * y is 0 where x is y, unless it is asked for a * b + c in one."""
    x = 1.0 + 2.0**-30

    @program(python(float), python(float))
    def f(p, x, y):
        return p.call(operator.sub, p.call(operator.mul, x, x), p.call(operator.mul, y, y))

    run = compiled(f, fused=fused)
    assert fused or run(x, x) == 0.0
    assert ("contract" in run.text) == fused


def test_several_functions_in_one_module():
    """What they need is there once."""
    f, g = over(of(np.exp)), over(of(np.tanh, np.exp))
    text = kernel_text(f, g, target=machine.elementary_target())
    for needed in (r'define internal double @"s2sad.exp"', "!9001 = ", rf'@"{f.name}.kernel"', rf'@"{g.name}.kernel"'):
        assert len(re.findall(needed, text)) == 1
    entry = "declare ptr @s2sad.result(ptr, i32, i32, i32, ptr)\n"
    machine.parsed(entry + text).verify()


@pytest.mark.parametrize("nests", [parts.MANY // 2 - 1, 3 * parts.MANY // 4])
def test_a_long_program_is_cut(nests):
    """No function has many loops: the carried sum, and what is left for the end of a loop, come out of each."""

    @program(array(float, N), python(float))
    def f(p, a, x):
        n = p.length(a)

        def summed(i: Any, k: int, total: Any) -> Any:
            term = lambda j, s: [p.call(operator.add, s, p.call(operator.mul, p.load(a, j), k + 1.5))]  # noqa: E731
            mean = p.call(operator.truediv, p.loop(n, term, total)[0], p.call(operator.sub, 80.0, x))
            p.loop(n, lambda j: p.store(a, j, p.call(operator.truediv, mean, p.call(operator.sub, 7.0, i))))
            return mean

        def step(i: Any, x: Any) -> Any:
            total: Any = x
            for k in range(nests):
                total = summed(i, k, total)
            return [total]

        return p.loop(p.call(operator.add, n, 0), step, x)[0]

    run = compiled(f)
    functions = run.text.split("define ")
    assert max(text.count("\nhead") for text in functions) <= parts.MANY + 1
    assert ("part0" in run.text) == (2 * nests >= parts.MANY)
    a = np.linspace(0.5, 1.0, 6)
    np.testing.assert_allclose(run(a.copy(), 0.25), interpreted(f, a.copy(), 0.25), rtol=1e-12)
    with pytest.raises(Left):
        run(a.copy(), 80.0)
    with pytest.raises(Left):
        # the seventh step divides by 0 in a function that is called in a loop
        run(np.linspace(0.5, 1.0, 8), 0.25)
    assert run.allocated == 0


@pytest.mark.parametrize("steps", [parts.LONG // 8, parts.LONG // 2])
def test_long_code_on_numbers_is_cut(steps):
    """No function has many operations: what a piece gives is read by others, by a loop, and as the result."""

    @program(array(float, N), python(float), python(float))
    def f(p, a, x, y):
        made = [x]
        for k in range(steps):
            x = p.call(operator.truediv, p.call(operator.add, p.call(operator.mul, x, y), k + 0.5), made[k // 2])
            made.append(x)
        for k in range(steps):
            y = p.call(operator.sub, y, p.call(operator.mul, made[steps - k], 1.0 / (k + 2)))
        add = lambda i, s: [p.call(operator.add, s, p.call(operator.mul, p.load(a, i), made[steps // 3]))]  # noqa: E731
        p.store(a, 0, p.call(operator.mul, p.load(a, 1), made[steps // 2]))
        return p.loop(p.length(a), add, y)[0]

    run = compiled(f)
    assert ("part0" in run.text) == (5 * steps >= parts.LONG)
    assert max(text.count(" fdiv ") for text in run.text.split("define ")) <= parts.PIECE
    a, b = np.linspace(0.5, 1.0, 6), np.linspace(0.5, 1.0, 6)
    np.testing.assert_allclose(run(a, 0.25, 0.9), interpreted(f, b, 0.25, 0.9), rtol=1e-12)
    np.testing.assert_allclose(a, b, rtol=1e-12)
    with pytest.raises(Left):
        run(a, 0.0, 0.9)


# random programs


class Random:
    """A program that is made at random, of Python's and NumPy's numbers, arrays, branches and loops."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.p = Program()
        self.floats: list[Any] = []
        self.ints: list[Any] = []
        self.arrays: list[Any] = []

    def pick(self, of: list[Any]) -> Any:
        return self.dice.choice(of[-6:])

    def float(self) -> None:
        p, dice = self.p, self.dice
        x, y = self.pick(self.floats), self.pick(self.floats)
        kind = dice.randrange(8)
        if kind < 4:
            self.floats.append(p.call(dice.choice([operator.add, operator.sub, operator.mul, min, max]), x, y))
        elif kind == 4:
            self.floats.append(p.call(dice.choice([math.tanh, math.sin, math.cos, math.fabs, math.atan]), x))
        elif kind == 5:
            bounded = p.call(operator.add, 1.5, p.call(math.fabs, y))
            self.floats.append(p.call(dice.choice([operator.truediv, operator.mod]), x, bounded))
        elif kind == 6:
            self.floats.append(p.call(float, self.pick(self.ints)))
        else:
            self.floats.append(p.call(float, p.load(self.pick(self.arrays), self.place())))

    def place(self) -> Any:
        """An index within any of the arrays."""
        return self.p.call(operator.mod, self.pick(self.ints), 4)

    def int(self) -> None:
        p, dice = self.p, self.dice
        a, b = self.pick(self.ints), self.pick(self.ints)
        kind = dice.randrange(6)
        if kind < 3:
            made = p.call(dice.choice([operator.add, operator.sub, operator.mul, operator.xor, max]), a, b)
        elif kind == 3:
            made = p.call(dice.choice([operator.floordiv, operator.mod]), a, dice.choice([-7, -2, 3, 5]))
        else:
            made = p.call(int, p.call(operator.mul, 3.0, p.call(math.sin, self.pick(self.floats))))
        # they stay small, but for what a step may make of them
        self.ints.append(p.call(operator.mod, made, dice.choice([97, 1009, -31])))

    def truth(self) -> Any:
        compare = self.dice.choice([operator.lt, operator.le, operator.gt, operator.ne])
        of = self.dice.choice([self.floats, self.ints])
        return self.p.call(compare, self.pick(of), self.pick(of))

    def inside(self, depth: int, steps: int) -> tuple[Any, Any]:
        """Some steps in a block; a float and an integer of it."""
        kept = list(self.floats), list(self.ints), list(self.arrays)
        self.steps(depth, steps)
        given = self.pick(self.floats), self.pick(self.ints)
        self.floats, self.ints, self.arrays = kept
        return given

    def carried(self, depth: int, x: Any, n: Any) -> tuple[Any, Any]:
        """The same, of what a loop carries: floats that stay in bounds."""
        kept = list(self.floats), list(self.ints)
        self.floats.append(x)
        self.ints.append(n)
        y, m = self.inside(depth, self.dice.randrange(1, 5))
        self.floats, self.ints = kept
        return self.p.call(math.atan, y), m

    def branch(self, depth: int) -> None:
        sides = [lambda: list(self.inside(depth + 1, self.dice.randrange(0, 4)))] * 2
        x, n = self.p.branch(self.truth(), *sides)
        self.floats.append(x)
        self.ints.append(n)

    def loop(self, depth: int) -> None:
        p, dice = self.p, self.dice
        breaks = dice.random() < 0.3

        def body(i: Any, x: Any, n: Any) -> Any:
            kept = list(self.ints)
            self.ints.append(i)
            given = self.carried(depth + 1, x, n)
            stop = [p.call(operator.gt, given[1], 50)] if breaks else []
            self.ints = kept
            return [*given, *stop]

        start, step = dice.choice([(0, 1), (3, 1), (-2, 2), (9, -3), (1, 4)])
        stop = p.call(operator.mod, self.pick(self.ints), 8) if step > 0 else -4
        x, n = self.pick(self.floats), self.pick(self.ints)
        out = p.loop(stop, body, x, n, start=start, step=step, reverse=dice.random() < 0.4, breaks=breaks)
        self.floats.append(out[0])
        self.ints.append(out[1])

    def while_loop(self, depth: int) -> None:
        p = self.p
        limit = self.dice.randrange(1, 6)

        def body(k: Any, x: Any, n: Any) -> Any:
            return [p.call(operator.add, k, 1), *self.carried(depth + 1, x, n)]

        out = p.while_(
            lambda k, x, n: p.call(operator.lt, k, limit), body, 0, self.pick(self.floats), self.pick(self.ints)
        )
        self.floats.append(out[1])
        self.ints.append(out[2])

    def array(self) -> None:
        p = self.p
        length = self.dice.choice([4, 9, p.call(operator.add, 4, p.call(operator.mod, self.pick(self.ints), 30))])
        made = p.allocate(length)
        x, n = self.pick(self.floats), self.pick(self.ints)
        p.loop(length, lambda i: p.store(made, i, p.call(operator.add, x, p.call(operator.mul, 0.5, i))))
        p.store(made, p.call(operator.mod, n, 4), p.call(float, n))
        self.arrays.append(made)

    def steps(self, depth: int, count: int) -> None:
        for _ in range(count):
            kind = self.dice.random()
            if depth < 3 and kind < 0.12:
                self.branch(depth)
            elif depth < 3 and kind < 0.2:
                self.loop(depth)
            elif depth < 3 and kind < 0.25:
                self.while_loop(depth)
            elif kind < 0.35:
                self.array()
            else:
                self.dice.choice([self.float, self.int])()


def random_program(seed: int) -> Function:
    made = Random(seed)

    @program(python(float), python(float), python(int), array(float, N))
    def f(p, x, y, n, a):
        made.p = p
        made.floats, made.ints, made.arrays = [x, y, 0.75], [n, 3], [a]
        made.steps(0, 14)
        return made.pick(made.floats), made.pick(made.ints), made.pick(made.arrays)

    return f


@pytest.mark.parametrize("seed", range(COUNT))
def test_random_programs(seed, monkeypatch):
    if seed % 4 > 1:
        # each loop is a function of its own
        monkeypatch.setattr(parts, "MANY", 0)
    if seed % 3:
        # so are a few operations on numbers
        monkeypatch.setattr(parts, "LONG", 0)
        monkeypatch.setattr(parts, "PIECE", 2)
    f = random_program(seed)
    run = compiled(f, effort=Effort(level=3 if seed % 2 else 1))
    a = np.linspace(-2.0, 2.0, 11)
    left = 0
    for x, y, n in [(0.3, -1.7, 5), (2.5, 0.01, -3), (-0.8, 1.1, 40)]:
        try:
            wanted = interpreted(f, x, y, n, a)
        except (ArithmeticError, ValueError):
            wanted = None
        try:
            found = run(x, y, n, a)
        except Left:
            left += 1
            assert wanted is None
        else:
            assert wanted is not None
            assert found[1] == wanted[1]
            np.testing.assert_allclose(found[0], wanted[0], rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(found[2], wanted[2], rtol=1e-9, atol=1e-12)
    assert run.allocated == 0 and left < 3
