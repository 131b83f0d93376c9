"""Members of Enums: as numbers where their class is one of numbers, by value, and flags that are combined."""

import enum

import numpy as np
import pytest

import s2sad


class Mode(enum.Enum):
    SUM = 1
    LAST = "last"


class Rank(enum.IntEnum):
    LOW = 1
    HIGH = 3


class Gain(float, enum.Enum):
    HALF = 0.5


class Part(enum.Flag):
    HEAD = enum.auto()
    TAIL = enum.auto()
    ALL = HEAD | TAIL


class Bits(enum.IntFlag):
    READ = 4
    WRITE = 2


X = np.array([0.3, 1.2, -0.4, 0.8])
NUMBERS = {
    "operators": lambda x: np.sum(x**Rank.HIGH) * Rank.HIGH - x[0] / Rank.HIGH + Rank.LOW,
    "comparisons": lambda x: x[0] * 2.0 if x[1] < Rank.HIGH and len(x) > Rank.LOW else x[1],
    "an index": lambda x: x[Rank.LOW] * x[-Rank.LOW],
    "an index of a matrix": lambda x: np.outer(x, x)[Rank.LOW, Rank.HIGH] + np.outer(x, x)[: Rank.HIGH, 0].sum(),
    "a slice": lambda x: np.sum(x[: Rank.HIGH] ** 2),
    "a range": lambda x: sum(x[k] * k for k in range(Rank.LOW, Rank.HIGH)),
    "a shape": lambda x: np.sum(np.zeros(Rank.HIGH) + x[0]) * np.sum(np.full(2, Rank.HIGH) * x[2]),
    "functions of NumPy": lambda x: np.sum(np.multiply(x, Rank.HIGH)) * max(Rank.HIGH, 2) + np.power(x[1], Rank.HIGH),
    "a float": lambda x: np.sum(x * Gain.HALF) * float(Gain.HALF) + np.sin(x[0] * Gain.HALF),
    "bits": lambda x: x[0] * (Bits.READ | Bits.WRITE) + (x[1] if (Bits.READ | Bits.WRITE) & Bits.READ else x[2]) ** 2,
}


@pytest.mark.parametrize("name", NUMBERS)
def test_as_numbers(name):
    s2sad.check_grads(NUMBERS[name], (X,), order=2)


def stored(x):
    y = np.outer(x, x)
    y[Rank.LOW, Rank.HIGH] = x[0]
    y[: Rank.LOW] *= Rank.HIGH
    table = {Rank.LOW: x[2], Rank.HIGH: x[3]}
    kept = [x[1] if k is Rank.HIGH else v for k, v in table.items()]
    return np.sum(y) * table[3] * kept[0] * kept[1]


def test_in_stores_and_as_keys_that_stay_members():
    s2sad.check_grads(stored, (X,), order=2)


def scaled(x, rank):
    return np.sum(x**2) * rank if rank > 1 else np.sum(x) * rank.value


@pytest.mark.parametrize("rank", Rank)
def test_as_arguments(rank):
    np.testing.assert_allclose(s2sad.grad(scaled)(X, rank), 6.0 * X if rank is Rank.HIGH else np.ones(4))


def by_value(x, value):
    mode = Mode(value)
    return np.sum(x) if mode is Mode.SUM else x[-1] ** 2


def test_by_value():
    np.testing.assert_allclose(s2sad.grad(by_value)(X, 1), np.ones(4))
    np.testing.assert_allclose(s2sad.grad(by_value)(X, "last"), [0.0, 0.0, 0.0, 1.6])
    with pytest.raises(s2sad.Error, match="2 is not a valid Mode"):
        s2sad.grad(by_value)(X, 2)


def flagged(x, parts):
    total = x[0] * x[1]
    if parts & Part.HEAD:
        total = total + x[0]
    if Part.TAIL in parts:
        total = total + 2.0 * x[3]
    if parts == Part.HEAD | Part.TAIL:
        total = total * x[2]
    if not parts & ~Part.HEAD:
        total = total * 3.0
    if parts ^ Part.ALL == Part.HEAD:
        total = total - x[1]
    return total


@pytest.mark.parametrize("parts", [Part(0), Part.HEAD, Part.TAIL, Part.ALL])
def test_flags(parts):
    s2sad.check_grads(lambda x: flagged(x, parts), (X,))


def decided(x):
    parts = Part.HEAD
    if x[0] > 0:
        parts = Part.TAIL
    return x[0] if (parts | Part.HEAD) == Part.ALL else x[1]


def test_flags_that_the_run_decides_are_refused_where_they_are_combined():
    with pytest.raises(s2sad.Error, match="the run decides") as raised:
        s2sad.grad(decided)(X)
    assert "parts | Part.HEAD" in str(raised.value) and __file__ in str(raised.value)


def measured(v, s=1.0, *, full=False):
    if full:
        return np.tanh(v) * s
    return v[1] * s


def walked(x):
    total = 0.0
    for _ in range(2):
        total = total + sum(x) * measured(v=x)
        x = measured(full=True, s=0.5, v=x)
    return total


def test_what_a_flag_selects_has_its_rank():
    s2sad.check_grads(walked, (X,), order=2)


def with_default(x, **options):
    scale = options.setdefault("scale", x[1])
    return np.sum(x) * scale * options.get("more", 1.0)


def test_a_default_that_is_not_needed():
    s2sad.check_grads(lambda x: with_default(x, more=x[0]) + with_default(x, scale=x[2]), (X,), order=2)
