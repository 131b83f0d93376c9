"""What functions that are called do besides their results: they print, log, warn, store outside, and check.

Each kind of derivative shows what Python's own run of the function shows, once and in its order, though nobody reads
what a call gives; what raises there raises here.
"""

import functools
import logging
import sys
import warnings

import numpy as np
import pytest

import s2sad
from s2sad.errors import UnsupportedSyntax
from tests.against_python import X, differences, programs

LOGGER = logging.getLogger("effects")
SEEN: list = []


def note(v):
    print("note", float(np.sum(v)))


def deeper(v):
    between(v)


def between(v):
    note(v)
    LOGGER.warning("between %.3f", float(np.sum(v)))


def noted(v):
    print("noted")
    return v * 3.0


def square(v):
    print("square", float(np.sum(v)))
    return v * v


def check(v):
    if np.sum(v) > 100.0:
        raise ValueError("too large")


def checked(v):
    check(v)
    return v * 2.0


def asserted(v):
    assert np.sum(v) < 100.0, "too large"


def countdown(v, n):
    print("countdown", n)
    if n > 0:
        countdown(v, n - 1)


def even(v, n):
    if n > 0:
        odd(v, n - 1)


def odd(v, n):
    print("odd", n)
    if n > 0:
        even(v, n - 1)


def checks_at_the_end(v, n):
    if n > 0:
        checks_at_the_end(v * 2.0, n - 1)
    elif np.sum(v) > 100.0:
        raise ValueError("too large")


def product(v, n):
    print("product", n)
    return 1.0 if n == 0 else v * product(v, n - 1)


def traced(function):
    @functools.wraps(function)
    def inner(*args):
        print("enter", function.__name__)
        result = function(*args)
        print("leave", function.__name__)
        return result

    return inner


@traced
def cube(v):
    return v**3


class Reporter:
    def __init__(self, name):
        self.name = name

    def report(self, v):
        print(self.name, float(np.sum(v)))

    def __call__(self, v):
        self.report(v)
        return v * v


REPORTER = Reporter("reporter")


@s2sad.custom_vjp
def given(v):
    print("given")
    return v * v


given.defvjp(lambda v: (noted(v) * v / 3.0, v), lambda v, g: (2.0 * v * g,))


def callee_is_called_for_nothing(x):
    note(x)
    return np.sum(x**2)


def callee_of_callee(x):
    deeper(x)
    return np.sum(x**2)


def callee_whose_result_is_not_used(x):
    noted(x)
    y = noted(x)  # noqa: F841
    return np.sum(x**2)


def callee_that_is_linear(x):
    return np.sum(noted(x))


def callee_of_arguments_alone(x):
    return np.sum(x**2) + 0.0 * np.sum(square(x))


def callee_that_warns(x):
    def warned(v):
        warnings.warn("careful", stacklevel=1)

    warned(x)
    return np.sum(x**2)


def callee_that_stores(x):
    def store(v):
        SEEN.append(float(np.sum(v)))
        print("stored", len(SEEN))

    store(x)
    store(x * 2.0)
    return np.sum(x**2)


def callee_that_calls_itself(x):
    countdown(x, 2)
    return np.sum(x**2)


def callees_that_call_each_other(x):
    even(x, 3)
    return np.sum(x**2)


def callee_that_is_a_recursion(x):
    return product(x[0], 3) + np.sum(x)


def callee_that_checks(x):
    check(x)
    return np.sum(x**2)


def callee_that_checks_and_gives(x):
    checked(x)
    return np.sum(x**2)


def callee_that_asserts(x):
    asserted(x)
    return np.sum(x**2)


def callee_that_checks_behind_calls_of_itself(x):
    checks_at_the_end(x, 3)
    return np.sum(x**2)


def callee_that_checks_shapes(x):
    def add(v, w):
        return v + w

    add(x, np.zeros(int(np.sum(x) < 100.0) * 3 + 1))
    return np.sum(x**2)


def callee_in_loop(x):
    for i in range(3):
        note(x * i)
    return np.sum(x**2)


def callee_in_loop_whose_result_is_used(x):
    total = 0.0
    for v in x:
        total = total + square(v)
        note(total)
    return total


def callee_in_while(x):
    k, y = 0, x
    while k < 2:
        y = square(y)
        noted(y)
        k += 1
    return np.sum(y)


def callee_in_branch(x):
    if x[0] > 0:
        note(x)
    else:
        deeper(x)
    return np.sum(x**2)


def callee_in_comprehension(x):
    [note(v) for v in x]
    return sum(square(v) for v in x)


def callee_check_in_loop(x):
    for v in x:
        check(v * 20.0)
    return np.sum(x**2)


def callee_check_that_is_caught(x):
    try:
        check(x)
        y = x * 2.0
    except ValueError:
        y = x * 3.0
    return np.sum(y**2)


def callee_that_is_decorated(x):
    cube(x)
    return np.sum(cube(x))


def callee_that_is_a_method(x):
    REPORTER.report(x)
    return np.sum(REPORTER(x))


def callee_that_is_a_lambda(x):
    show = lambda v: print("lambda", float(v))  # noqa: E731
    show(x[0])
    return np.sum(list(map(square, x)))


def callee_that_is_checkpointed(x):
    y = s2sad.checkpoint(square)(x)
    for _ in range(2):
        y = s2sad.checkpoint(checked_and_noted)(y)
    return np.sum(y)


def checked_and_noted(v):
    check(v)
    between(v)
    return np.sin(square(v))


def callee_in_steps_that_are_marked(x):
    for _ in s2sad.checkpointed(range(5), snapshots=2):
        note(x)
        x = np.sin(square(x))
    return np.sum(x)


def callee_that_warns_in_loop(x):
    total = 0.0
    for v in x:
        total = total + v * v
        warnings.warn("in the loop", stacklevel=1)
    return total


def callee_under_a_manager(x):
    with np.errstate(all="ignore"):
        y = square(x)
        note(y)
    return np.sum(y)


def callee_in_the_order_of_the_text(x):
    print("first")
    y = square(x)
    print("second")
    note(y)
    z = noted(y)
    print("third")
    return np.sum(z)


def complained(x):
    print("complaint", x[0], file=sys.stderr, sep=": ")
    print("and", end=" ", file=sys.stdout, flush=True)
    return x * x


def callee_that_prints_to_both(x):
    y = complained(x)
    for _ in range(2):
        print("so it goes", file=sys.stderr)
    return np.sum(y)


X_BIG = X * 1000.0
DIRECTION = np.cos(np.arange(4.0))
WAYS = {
    "grad": lambda f, x: s2sad.grad(f)(x),
    "value_and_grad": lambda f, x: s2sad.value_and_grad(f)(x)[1],
    "jvp": lambda f, x: s2sad.jvp(f, (x,), (DIRECTION,))[1],
    "vjp": lambda f, x: s2sad.vjp(f, x)[1](1.0)[0],
    "linearize": lambda f, x: s2sad.linearize(f, x)[1](DIRECTION),
    "hvp": lambda f, x: s2sad.hvp(f)(x, DIRECTION),
    "jacfwd": lambda f, x: s2sad.jacfwd(f)(x),
    "jacrev": lambda f, x: s2sad.jacrev(f)(x),
    "hessian": lambda f, x: s2sad.hessian(f)(x),
    "checkpoint": lambda f, x: s2sad.grad(s2sad.checkpoint(f))(x),
}


def shown(call, capsys, caplog):
    """What a call shows and stores, and the exception that it ends with; and what it gives."""
    capsys.readouterr()
    caplog.clear()
    SEEN.clear()
    given, why = None, None
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            given = call()
        except (ValueError, AssertionError) as e:
            why = type(e)
    found = (capsys.readouterr(), [r.getMessage() for r in caplog.records], [str(w.message) for w in warned])
    return (*found, list(SEEN), why), given


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("f", programs(globals(), "callee_"))
def test_it_shows_what_python_shows(f, way, capsys, caplog):
    for x in (X, X_BIG):
        wanted, _ = shown(lambda: f(x), capsys, caplog)
        got, derivative = shown(lambda: WAYS[way](f, x), capsys, caplog)
        assert got == wanted
        if way in ("hvp", "hessian") or wanted[-1] is not None or x is X_BIG:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            gradient = differences(f, x)
        wanted = gradient @ DIRECTION if way in ("jvp", "linearize") else gradient
        np.testing.assert_allclose(derivative, wanted, rtol=1e-6, atol=1e-8)


def test_a_file_that_is_held_is_no_place_to_print_to(tmp_path):
    with open(tmp_path / "log.txt", "w") as log, pytest.raises(UnsupportedSyntax, match="printed to a file") as e:

        def f(x):
            print(x, file=log)
            return x * x

        s2sad.grad(f)(2.0)
    assert "sys.stderr" in str(e.value)


def test_a_rule_that_shows_something_shows_it_once(capsys):
    """What stands for a function with a rule is the rule."""
    assert s2sad.grad(lambda x: np.sum(given(x)))(X) == pytest.approx(2 * X)
    assert capsys.readouterr().out == "noted\n"


def test_what_checks_nothing_goes():
    def scaled(v):
        return v * 3.0

    def f(x):
        scaled(x)
        return np.sum(x**2)

    assert "scaled" not in s2sad.grad(f).lower(X).source
