"""Classes, exceptions and constants that the emitted module names, however they are called where they come from."""

from collections import namedtuple
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

import s2sad
from s2sad.errors import UnsupportedType

X = np.array([0.7, 1.2, 0.9])
bell = namedtuple("Gaussian", ["mean", "variance"])  # type: ignore[name-match]  # noqa: PYI024


class Outer:
    class Pair(NamedTuple):
        mean: float
        variance: float

    @dataclass
    class Record:
        mean: float
        variance: float

    class Failure(ValueError):
        pass


class Refusal(ValueError):
    pass


def local_class():
    class Local(NamedTuple):
        mean: float
        variance: float

    return Local


Local = local_class()


def bell_of(x):
    return bell(x[0] * x[1], x[2])


def pair_of(x):
    return Outer.Pair(x[0] * x[1], x[2])


def record_of(x):
    return Outer.Record(x[0] * x[1], x[2])


def local_of(x):
    return Local(x[0] * x[1], x[2])


@pytest.mark.parametrize("make", [bell_of, pair_of, record_of, local_of])
def test_classes_under_any_name(make):
    def loss(x):
        found = make(x)
        return found.mean * found.variance

    s2sad.check_grads(loss, (X,), order=2)
    np.testing.assert_allclose(s2sad.jvp(make, (X,), (X,))[1].mean, 2 * X[0] * X[1])


def refused(x):
    if x[0] < 0:
        raise Refusal("a negative number")
    return x[0] ** 2


def failing(x):
    if x[0] < 0:
        raise Outer.Failure("a negative number")
    return x[0] ** 2


@pytest.mark.parametrize(("f", "expected"), [(refused, Refusal), (failing, Outer.Failure)])
def test_exceptions_of_the_user_are_raised(f, expected):
    for call in (lambda x: s2sad.grad(f)(x), lambda x: s2sad.jvp(f, (x,), (x,))):
        with pytest.raises(expected, match="negative"):
            call(-X)


def caught(x):
    try:
        return failing(x) * x[1]
    except Outer.Failure:
        return x[2] ** 3


@pytest.mark.parametrize("x", [X, -X])
def test_exceptions_of_the_user_are_caught(x):
    s2sad.check_grads(caught, (x,), order=2)


class First:
    class Twin(NamedTuple):
        a: float


class Second:
    class Twin(NamedTuple):
        a: float


def twin_of(x):
    return First.Twin(x[0] ** 2)


def other_twin_of(x):
    return Second.Twin(x[0] ** 3)


def test_two_classes_of_one_name_are_refused():
    with pytest.raises(UnsupportedType, match="two classes are called Twin"):
        s2sad.grad(lambda x: twin_of(x).a * twin_of(2.0 * x).a * other_twin_of(x).a * other_twin_of(2.0 * x).a)(X)


def test_classes_whose_objects_are_not_in_the_text_need_no_name():
    """Functions that are called once stand in the place of their calls, and what they give is taken apart there."""
    s2sad.check_grads(lambda x: twin_of(x).a * other_twin_of(x).a, (X,), order=2)


INFINITE = [
    lambda x: np.linalg.norm(x, np.inf) + np.linalg.norm(x, ord=-np.inf) ** 2,
    lambda x: np.linalg.norm(np.outer(x, x), np.inf) + np.linalg.norm(np.outer(x, x * x), 1) ** 2,
    lambda x: np.sum(np.linalg.norm(np.outer(x, x * x), ord=np.inf, axis=0)) + np.linalg.norm(np.outer(x, x), -1),
    lambda x: np.sum(np.nan_to_num(x, nan=-1.0, posinf=np.inf)),
    lambda x: np.sum(np.clip(x, -np.inf, 0.8)),
    lambda x: np.sum(np.where(x > 5, np.nan, x) * np.where(x > 5, -np.inf, x)),
    lambda x: np.sum(np.reshape(2.0 * x[0], (1,)) ** 2) + np.sum(np.reshape(3.0, (1, 1)) * x),
]


@pytest.mark.parametrize("f", INFINITE)
def test_what_is_infinite_and_numbers_in_other_shapes(f):
    s2sad.check_grads(f, (X,), order=2)


def scaled(x: float):
    return np.sum(np.reshape(2.0 * x, (1,)) ** 2)


def test_a_number_of_python_in_another_shape():
    assert s2sad.grad(scaled)(1.5) == pytest.approx(12.0)
    s2sad.check_grads(scaled, (1.5,), order=2)


class Water:
    k = 2.0
    np = 5.0
    x = 3.0
    scaled_by_k = 11.0


class Oil:
    k = 3.0


class Settings:
    def __init__(self, step):
        self.step = step


coarse, fine = Settings(0.7), Settings(0.1)


def two_of_one_name(x):
    return Water.k * x[0] + Oil.k * x[1] ** 2


def attributes_of_two_objects(x):
    return np.sum(x**2 * coarse.step) + np.sum(x**3 * fine.step) * coarse.step


def scaled_by_k(x, k):
    return x * Water.k * k * Water.scaled_by_k


def names_of_other_things(x):
    k = x * Oil.k
    total = np.sum(np.sin(x)) * Water.np * Water.x
    for j in range(3):
        k = scaled_by_k(k, x[0]) + Oil.k * j
    return np.sum(k) * total


@pytest.mark.parametrize("f", [two_of_one_name, attributes_of_two_objects, names_of_other_things])
def test_constants_keep_their_values_whatever_they_are_called(f):
    s2sad.check_grads(f, (X,))
    assert s2sad.value_and_grad(f)(X)[0] == pytest.approx(f(X), rel=1e-14)
