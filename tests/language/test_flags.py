"""Flags that select what a function returns: known at the call, or by their default, they decide while compiling."""

import dataclasses

import numpy as np
import pytest

import s2sad
from tests.against_python import X, check, programs


def step(x, y, return_all=False, *, full_output=True, mode=0):
    z = x @ y
    if not full_output:
        return z
    if mode == 1:
        return {"z": z, "x": x}
    if mode == 2 and return_all:
        return [x, y, z]
    if return_all:
        return x * y, y, z
    return x * y, y


def flag_left_out(x):
    a, b = step(x, x + 1.0)
    return np.sum(a * b)


def flag_by_position(x):
    a, b, c = step(x, x + 1.0, True)
    return np.sum(a * b) * c


def flag_keyword_only(x):
    return step(x, x + 1.0, full_output=False)


def flag_number(x):
    return step(x, x, mode=1)["z"]


def flag_two_of_them(x):
    return step(x, x, mode=2, return_all=True)[2] * 2


def flag_of_the_function(x, full=False):
    r = step(x, x, return_all=full)
    return np.sum(r[0]) * len(r)


def flag_of_the_function_true(x, full=True):
    r = step(x, x, return_all=full)
    return np.sum(r[0]) * len(r)


def flag_in_a_dict(x, cfg=None, full=True):
    cfg = {"full": full, "k": 2.0}
    r = step(x, x, return_all=cfg["full"])
    return np.sum(r[0]) * len(r) * cfg["k"]


@dataclasses.dataclass
class C:
    full: bool = False
    k: float = 2.0


def flag_in_an_object(x, full=True):
    cfg = C(full)
    r = step(x, x, return_all=cfg.full)
    return np.sum(r[0]) * len(r) * cfg.k


def flag_grows_a_tuple(x, verbose=0):
    out = (np.sum(x),)
    if verbose:
        out = out + (x, 2.0)
    return out[0] * len(out)


def flag_and_or_not(x, a=True, b=False):
    if a and not b:
        r = (x, x)
    elif a or b:
        r = x
    else:
        r = None
    return np.sum(r[0]) if isinstance(r, tuple) else 1.0


def flag_also_a_number(x, flag=True):
    r = (x, 2.0) if flag else x
    return np.sum(r[0]) * r[1] * flag + flag


def flag_compared(x, n=3):
    if n > 2:
        r = {"a": x}
    else:
        r = x
    return np.sum(r["a"]) * n


def flag_of_numpy(x, flag=np.True_):
    if flag:
        return np.sum(x)
    return (x, x)


class Solver:
    def __init__(self, full=False):
        self.full = full

    def run(self, x, return_info=False):
        if return_info or self.full:
            return np.sum(x), {"n": 1}
        return np.sum(x * x)


def flag_of_methods(x):
    return Solver().run(x) + Solver(True).run(x)[0] + Solver().run(x, return_info=True)[0]


S = Solver(True)


def flag_of_an_object_outside(x):
    return S.run(x)[0]


GF = True


def flag_global(x):
    return step(x, x, return_all=GF)[2]


def flag_of_closures(x):
    def inner(v, full=False):
        if full:
            return v, v * 2
        return v

    a, b = inner(x, full=True)
    return np.sum(inner(x) * b)


def rec(x, n, full=False):
    if n == 0:
        return (x, 1.0) if full else x
    return rec(x * 2, n - 1, full)


def flag_of_recursion(x):
    return np.sum(rec(x, 2)) + np.sum(rec(x, 2, True)[0])


@pytest.mark.parametrize("f", programs(globals(), "flag_"))
def test_what_a_flag_selects(f):
    check(f)


@pytest.mark.parametrize("given", [False, True, np.True_, 0, 1])
def test_a_flag_that_is_given(given):
    def f(x, full):
        r = step(x, x, return_all=full)
        return np.sum(r[0]) * len(r)

    gradient = s2sad.grad(f)
    for flag in (given, not given, given):
        np.testing.assert_allclose(gradient(X, flag), 2 * X * (3 if flag else 2))


def test_flags_in_containers_that_are_given():
    def f(x, settings, limits):
        r = step(x, x, return_all=settings["full"])
        return np.sum(r[0]) * len(r) * limits.k

    gradient = s2sad.grad(f)
    for flag in (True, False):
        np.testing.assert_allclose(gradient(X, {"full": flag}, C(k=0.5)), X * (3 if flag else 2))


def test_what_a_number_selects_is_refused_at_its_line():
    def f(x):
        return step(x, x, return_all=x[0] > 0)[0][0]

    with pytest.raises(s2sad.errors.Unsupported, match="test_flags.py"):
        s2sad.grad(f)(X)
