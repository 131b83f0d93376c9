"""Strings, members of Enums and None by which a program remembers what it does: chosen at run time."""

import math
from enum import Enum

import numpy as np
import pytest

import s2sad


class State(Enum):
    RUN = 1
    STOP = 2
    COAST = 3


def status_of_a_loop(x):
    status, n = "running", 0
    while n < 5:
        x = x * 0.9
        n += 1
        if x < 1.0:
            status = "small"
            break
    else:
        status = "done"
    return x**2 if status == "small" else x**3


def key_of_a_dict(x):
    kind = "big" if x > 1 else "small"
    factors = {"big": 2.0, "small": 3.0}
    return x * factors[kind] * (x if kind in ("big", "huge") else 1.0) * (x if kind in factors else 0.0)


def name_of_the_best(x):
    best, name = x, "a"
    for n, v in (("b", x * 2), ("c", x * 0.5)):
        if v > best:
            best, name = v, n
    return best * (2 * x if name == "b" else 1)


def message_or_none(x):
    message = None
    if x > 1:
        message = "far too big" if x > 100 else "too big"
    return x**2 * (2.0 if message is None else 3.0) * (x if message else 1.0)


def machine(x):
    state, v, e = State.RUN, 0.0, 0.0
    for _ in range(6):
        if state is State.RUN:
            v += x * 0.3
            if v > 1.0:
                state = State.COAST
        elif state == State.COAST:
            v *= 0.8
            e += v**2
            if v < 0.7:
                state = State.STOP
        else:
            break
    return e + v + (2.0 * x if state in (State.STOP, State.COAST) else x)


def method_that_changes(x):
    method, y = "euler" if x < 0 else "heun", x
    for _ in range(3):
        if method == "euler":
            y = y + 0.1 * math.sin(y)
        elif method == "heun":
            p = y + 0.1 * math.sin(y)
            y = y + 0.05 * (math.sin(y) + math.sin(p))
        else:
            raise ValueError(f"unknown {method}")
        if y > 1.45:
            method = "euler"
    return y


def step(x, tolerance):
    if x > tolerance:
        return False, "too big", x * 0.5
    return True, None, x


def reports(x):
    done, message = False, None
    while not done:
        done, message, x = step(x, 0.4)
    if message:
        raise RuntimeError(message)
    return x**2


PROGRAMS = [status_of_a_loop, key_of_a_dict, name_of_the_best, message_or_none, machine, method_that_changes, reports]


@pytest.mark.parametrize("x", [1.3, 0.7])
@pytest.mark.parametrize("f", PROGRAMS)
def test_both_modes_and_second_order(f, x):
    s2sad.check_grads(f, (x,), order=2)
    assert s2sad.value_and_grad(f)(x)[0] == pytest.approx(f(x), rel=1e-13)


def with_a_status(x):
    status = "low" if np.sum(x) < 1 else "high"
    return np.sum(x**2), status


@pytest.mark.parametrize(("x", "status"), [(np.array([0.1, 0.2]), "low"), (np.array([1.0, 2.0]), "high")])
def test_a_string_beside_the_result(x, status):
    value, found = s2sad.grad(with_a_status, has_aux=True)(x)
    np.testing.assert_allclose(value, 2 * x)
    assert found == status


def says(x):
    status = "low" if x < 1 else "high"
    if status == "high":
        raise RuntimeError(status + " it is: " + status)
    print(f"it is {status}")
    return x * x


def test_strings_are_printed_and_raised(capsys):
    assert s2sad.grad(says)(0.5) == 1.0
    assert "it is low" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match="high it is: high"):
        s2sad.grad(says)(2.0)


def misses(x):
    kind = "big" if x > 1 else "small"
    return x * {"small": 2.0}[kind]


def test_a_missing_key_raises():
    assert s2sad.grad(misses)(0.5) == 2.0
    with pytest.raises(KeyError, match="big"):
        s2sad.grad(misses)(2.0)


def told(text, x):
    print(text)
    return x * x


def tells(x):
    text = f"{x:.1f}"
    y = told(text, x)
    for _ in range(3):
        text = text + "!"
    return told(text, y) + 0.0 * len(text)


def test_strings_are_passed_to_functions_and_carried_by_loops(capsys):
    assert s2sad.value_and_grad(tells)(2.0) == (16.0, 32.0)
    assert capsys.readouterr().out == "2.0\n2.0!!!\n"
