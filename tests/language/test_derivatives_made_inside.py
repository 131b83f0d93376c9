"""A derivative that a function of a module makes and returns, called inside a differentiated function."""

import functools

import numpy as np
import pytest

import s2sad
from tests.against_python import check, differences, programs

POINT = np.array([0.3, 1.2])


def f(x):
    return np.sum(np.sin(x) * x)


def weighted(w, x):
    return np.sum(w * np.sin(x) * x)


def made(fun, argnum=0):
    return s2sad.grad(fun, argnums=argnum)


def chosen(fun, argnum=0):
    return s2sad.grad(fun, argnums=tuple(argnum) if isinstance(argnum, list) else argnum)


def by_keyword(fun, **options):
    return s2sad.value_and_grad(fun, **options)


def both(fun):
    return s2sad.value_and_grad(fun), s2sad.jacrev(fun)


def twice(fun):
    return s2sad.grad(lambda x: np.sum(made(fun)(x)))


class Tool:
    grad = staticmethod(s2sad.grad)

    def __init__(self, argnum):
        self.argnum = argnum

    def of(self, fun):
        return s2sad.grad(fun, self.argnum)


def inside_made(x):
    return np.sum(made(f)(x))


def inside_chosen(x):
    return np.sum(chosen(weighted, [1])(np.ones(2), x)[0])


def inside_by_keyword(x):
    value, gradient = by_keyword(weighted, argnums="x")(np.ones(2), x)
    return value + np.sum(gradient)


def inside_static_method(x):
    return np.sum(Tool.grad(f)(x))


def inside_method(x):
    return np.sum(Tool(1).of(weighted)(np.ones(2), x))


def inside_pair(x):
    v, j = both(f)
    return v(x)[0] + np.sum(j(x))


def inside_closure(x):
    return np.sum(chosen(lambda y: np.sum(y**3))(x))


def inside_partial(x):
    return np.sum(functools.partial(made, argnum=1)(weighted)(np.ones(2), x))


def inside_hessian(x):
    return np.sum(s2sad.hessian(f)(x))


@pytest.mark.parametrize("g", programs(globals(), "inside_"))
def test_against_differences(g):
    check(g, POINT)


def with_containers(x, d={"a": 2.0}, *, w=[1.0, 3.0], v=np.array([1.0, 2.0])):  # noqa: B006, B008
    d = dict(d)
    d["a"] *= x[0]
    w = [*w]
    w[0] *= x[1]
    return d["a"] * x[1] ** 2 + w[0] * w[1] + np.sum(v * x[:2] ** 3)


MARKS = [s2sad.grad, lambda f: s2sad.grad(s2sad.checkpoint(f)), s2sad.jacrev, lambda f: f]


@pytest.mark.parametrize("mark", MARKS)
def test_defaults_that_hold_lists_and_dicts_are_those_of_the_function(mark):
    def inside(x):
        return np.sum(np.sin(mark(with_containers)(x)))

    x = np.array([0.7, 1.3])
    np.testing.assert_allclose(s2sad.grad(inside)(x), differences(inside, x), rtol=1e-6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(with_containers, "__defaults__", ({"a": 5.0},))
        np.testing.assert_allclose(s2sad.grad(inside)(x), differences(inside, x), rtol=1e-6)
