"""Constants and keys that have no literal: written by name, never by what they say of themselves."""

import datetime
import decimal
import enum
import math

import numpy as np
import pytest

import s2sad


class Mode(enum.Enum):
    FIRST = 1
    SECOND = 2


class Number(enum.IntEnum):
    TWO = 2


class Text(enum.StrEnum):
    A = "a"


class Foreign:
    def __repr__(self):
        raise AssertionError("the repr is asked for")


class Float(float):
    def __repr__(self):
        raise AssertionError("the repr is asked for")


class String(str):
    def __repr__(self):
        return "1/0"


class Key:
    def __repr__(self):
        return "print(1)\n"


def function(t):
    return t


NAN, FOREIGN = float("nan"), Foreign()
KEYS = {
    "member": Mode.FIRST,
    "integer member": Number.TWO,
    "text member": Text.A,
    "function": function,
    "class": Mode,
    "builtin": len,
    "ufunc": np.sin,
    "date": datetime.date(2020, 1, 1),
    "decimal": decimal.Decimal("0.1"),
    "nan": NAN,
    "infinity": -math.inf,
    "object": Key(),
    "text": "a\0b\n\"'\\",
    "surrogate": "\ud800",
    "bytes": b"\xff",
    "large": 10**5000,
    "tuple": (1, ("a", Mode.SECOND), None),
    "frozenset": frozenset([1]),
    "none": None,
    "true": True,
    "text of a class": String("a"),
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_keys_of_dicts(key):
    def f(x, d):
        return x * d[key] * sum(d.values())

    def out(x):
        return x * x, {key: x, "other": 2.0}

    value, gradient = s2sad.value_and_grad(f, 1)(2.0, {key: 1.5, "other": 2.0})
    np.testing.assert_allclose(value, 2.0 * 1.5 * 3.5)
    assert list(gradient) == [key, "other"]
    np.testing.assert_allclose(list(gradient.values()), (2.0 * 5.0, 2.0 * 1.5))
    _, made = s2sad.grad(out, has_aux=True)(1.5)
    assert list(made) == [key, "other"]
    _, dot = s2sad.jvp(f, (2.0, {key: 1.5, "other": 2.0}), (None, {key: 1.0, "other": 0.0}))
    np.testing.assert_allclose(dot, 10.0)


MORE = {"list": [Mode.FIRST, {"a": Number.TWO}], "slice": slice(1, 2), "ellipsis": ...}


@pytest.mark.parametrize("value", (KEYS | MORE).values(), ids=KEYS | MORE)
def test_constants_that_are_returned(value):
    def f(x):
        return x * x, (value, x)

    def g(x, given=value):
        return x * x

    gradient, (found, x) = s2sad.grad(f, has_aux=True)(1.5)
    assert (gradient, x) == (3.0, 1.5)
    assert found is value or found == value or found != found
    assert s2sad.grad(g)(1.5) == s2sad.value_and_grad(g)(1.5)[1] == 3.0


OF_NUMPY = {
    "a date": np.datetime64("2020-01"),
    "a time": np.timedelta64(3, "s"),
    "dates": np.array(["2020", "2021"], dtype="datetime64[Y]"),
    "masked": np.ma.array([1.0, 2.0], mask=[0, 1]),
    "matrix": np.ones((1, 2)).view(np.matrix),
    "objects": np.array([FOREIGN, None], dtype=object),
    "records": np.zeros(2, dtype=[("a", float), ("b", int)]),
    "a record": np.zeros(2, dtype=[("a", float), ("b", int)])[0],
    "many texts": np.array([str(k) for k in range(1500)]),
    "many times": np.arange(1500).astype("timedelta64[s]"),
}


@pytest.mark.parametrize("value", OF_NUMPY.values(), ids=OF_NUMPY)
def test_what_numpy_has_beside_numbers_is_given_back(value):
    def f(p):
        return np.sum(p["w"] ** 2), (p["b"], p["w"])

    (_, (found, _)), gradient = s2sad.value_and_grad(f, has_aux=True)({"w": np.ones(2), "b": value})
    assert type(found) is type(value) and found.dtype == value.dtype
    if value.dtype.hasobject:
        assert all(a is b for a, b in zip(found, value, strict=True))
    else:
        assert repr(found) == repr(value)
    np.testing.assert_array_equal(gradient["w"], [2.0, 2.0])


@pytest.mark.parametrize("value", [FOREIGN, Float(2.0), String("a")], ids=["object", "float", "str"])
def test_a_repr_of_the_user_is_no_code(value):
    def f(x, d=value):
        return x * x

    assert s2sad.grad(f)(1.5) == 3.0


NUMBERS = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan, "large": 10**5000, "-large": -(10**5000), "true": True}


@pytest.mark.parametrize("value", NUMBERS.values(), ids=NUMBERS)
def test_numbers_without_a_literal(value):
    def f(x, bound=value):
        return x * 2.0 if bound != 0 else x

    def g(x):
        return x * 2.0 if value != 0 else x

    assert s2sad.grad(f)(1.5) == s2sad.grad(g)(1.5) == 2.0


@pytest.mark.parametrize("name", ["a\nb", "a\0b", "\ud800", "\ufb01", "a b", "None", ""], ids=ascii)
def test_names_of_functions_and_classes(name):
    def f(x):
        return x * x

    class Made:
        def __init__(self, a):
            self.a = a

    f.__name__ = f.__qualname__ = f.__module__ = name
    assert s2sad.grad(f)(1.5) == 3.0
    try:
        Made.__name__ = Made.__qualname__ = name
    except ValueError:
        return  # Python has no such class
    assert s2sad.grad(lambda k: k.a * k.a)(Made(1.5)).a == 3.0


def test_two_keys_of_one_repr_are_two():
    a, b = Key(), Key()

    def f(x, d):
        return x * d[a] if a in d else x

    derivative = s2sad.grad(f)
    assert (derivative(1.5, {a: 2.0}), derivative(1.5, {b: 2.0}), derivative(1.5, {b: 2.0, a: 3.0})) == (2.0, 1.0, 3.0)
