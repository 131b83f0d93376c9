"""Members of Enums that only the run chooses: their attributes, properties and methods, their truth."""

import enum

import numpy as np
import pytest

import s2sad


class Mode(enum.Enum):
    SUM = 1.5
    LAST = 2.5

    @property
    def scale(self):
        return 0.5 if self is Mode.SUM else 0.8

    def weigh(self, x):
        return x * x if self is Mode.SUM else np.sin(x)

    def other(self):
        return Mode.LAST if self is Mode.SUM else Mode.SUM


class Rank(enum.IntEnum):
    ZERO = 0
    ONE = 1
    TWO = 2


class Third(enum.Enum):
    """Its last member is named by no function here: a loop comes to it by number."""

    A = 1
    B = 2
    C = 3

    def after(self):
        return Third.B if self is Third.A else Third.C


def by_value(a):
    m = Mode.SUM if a > 0.3 else Mode.LAST
    return a * m.value


def by_name(a):
    m = Mode.SUM if a > 0.3 else Mode.LAST
    return a * (3.0 if m.name == "SUM" else 2.0)


def by_property(a):
    m = Mode.SUM if a > 0.3 else Mode.LAST
    return np.tanh(a) * m.scale


def by_method(a):
    m = Mode.SUM if a > 0.3 else Mode.LAST
    return m.weigh(a) * m.other().value


def scaled(x, *, mode=Mode.SUM):
    return np.tanh(x) * mode.scale


def in_a_callee(a):
    m = Mode.SUM if a > 0.3 else Mode.LAST
    return scaled(a, mode=m) + scaled(a * a, mode=m)


def in_a_loop(a):
    m = Mode.SUM
    for _ in range(4):
        a = m.value * np.sin(a)
        m = m.other() if a > 0.1 else Mode.SUM
    return a


def truth(a):
    r = Rank.ZERO if a > 0.3 else Rank.TWO
    if r:
        a = a * a
    return a * (1.0 + r.value)


def two_kinds(a):
    m = Mode.SUM if a > 0.3 else Mode.LAST
    word = "u" if a > 0.4 else "v"
    return a * m.value if word == "u" else a * 5.0 * m.value


def further_members(a):
    m = Third.A if a > 0.3 else Third.B
    for _ in range(2):
        a = a * m.value + np.sin(a)
        m = m.after()
    return a * m.value


FUNCTIONS = [
    by_value,
    by_name,
    by_property,
    by_method,
    in_a_callee,
    in_a_loop,
    truth,
    two_kinds,
    further_members,
]


@pytest.mark.parametrize("a", [0.2, 0.35, 0.6])
@pytest.mark.parametrize("f", FUNCTIONS)
def test_the_member_of_the_run_counts(f, a):
    s2sad.check_grads(f, (a,), order=2)
    value, _ = s2sad.value_and_grad(f)(a)
    assert value == f(a)


def test_a_method_is_equal_to_no_number():
    def f(a):
        m = Mode.SUM if a > 0.3 else Mode.LAST
        return a if m.weigh == 2.0 else 2.0 * a

    assert s2sad.value_and_grad(f)(0.5) == (f(0.5), 2.0)


def test_an_attribute_that_no_member_has():
    def f(a):
        m = Mode.SUM if a > 0.3 else Mode.LAST
        return a * m.weight

    with pytest.raises(s2sad.Error, match="has no attribute weight"):
        s2sad.grad(f)(0.5)
