"""Names that may be unbound where they are read: the exception of Python, or a refusal; never a number."""

import contextlib

import numpy as np
import pytest

import s2sad
from s2sad.errors import InternalError
from tests.against_python import check, check_or_refused, programs

POINTS = [np.array([0.7, 1.3, -0.6, 0.4]), np.array([-0.7, 1.3, 0.6, 0.4]), np.array([12.3, -1.1, 2.2, 0.1])]


def name_branch(x):
    if x[0] > 0:
        y = x[1]
    return y * 2


def name_one_of_three(x):
    if x[0] > 10:
        y = x[1]
    elif x[0] > 0:
        z = x[2]  # noqa: F841
    else:
        y = x[3]
    return y * x[0]


def name_under_the_same_condition(x):
    if x[0] > 0:
        y = x[1] ** 2
    z = x[2]
    if x[0] > 0:
        z = z * y
    return z


def name_after_early_returns(x):
    if x[0] > 10:
        y = x[1]
    elif x[0] < 0:
        return x[2]
    return y


def name_loop_that_may_not_run(x):
    for i in range(int(x[0])):
        y = x[1] * i
    return y


def name_of_the_loop_variable(x):
    for i in range(len(x) - 3):
        pass
    return x[i]


def name_while(x):
    t, n = x[0], 0
    while t > 1.0 and n < 5:
        last = t * x[1]
        t = t / 2
        n += 1
    return last


def name_of_the_round_before(x):
    total = 0.0
    for k in range(len(x)):
        if k > 0:
            total += x[k] * before  # noqa: F821
        before = x[k]
    return total * before


def name_loop_with_break(x):
    for v in x:
        if v > 1.0:
            found = v * v
            break
    return found


def name_loop_with_else(x):
    for v in x:
        if v > 20.0:
            found = v
            break
    else:
        found = np.sum(x)
    return found * 2


def name_while_true(x):
    t = x[0]
    while True:
        y = t * x[1]
        t = t / 2
        if abs(t) < 1.0:
            break
    return y


def name_continue(x):
    for k in range(3):
        if x[k] < 0:
            continue
        y = x[k] * k
    return y


def name_deleted(x):
    y = x[0]
    if x[0] < 0:
        del y
    return y * x[1]


def name_deleted_and_bound(x):
    y = x[0]
    del y
    y = x[1]
    return y


def name_of_an_exception(x):
    e = x[1]
    try:
        if x[0] > 0:
            raise ValueError("a")
    except ValueError:
        pass
    return e * x[0]


def name_in_try(x):
    try:
        if x[0] < 0:
            raise ValueError("a")
        y = x[1]
    except ValueError:
        z = x[2]  # noqa: F841
    return y


def name_caught(x):
    try:
        if x[0] > 10:
            q = x[0]
        return x[1] * q
    except UnboundLocalError:
        return x[2]


def name_in_suppress(x):
    with contextlib.suppress(ValueError):
        if x[0] < 0:
            raise ValueError("a")
        y = x[1]
    return y


def name_in_with(x):
    with np.errstate(all="ignore"):
        y = x[0] * x[1]
    return y


def name_augmented(x):
    if x[0] > 0:
        t = x[1]
    t += x[0]
    return t


def name_of_walrus(x):
    if x[0] > 0 and (n := x[1]) > 0:
        pass
    return n


def name_read_in_one_branch(x):
    if x[0] > 0:
        y = x[1]
    return y if x[0] > 0 else x[2]


def name_of_closure(x):
    def g(v):
        return v * y

    if x[0] > 0:
        y = x[1]
    return g(x[2])


def name_bound_behind_closure(x):
    def g(v):
        return v * y

    y = x[1]
    first = g(x[0])
    y = x[2]
    return first + g(x[0])


def name_bound_by_nonlocal(x):
    if x[0] > 100:
        t = 0.0

    def start():
        nonlocal t
        t = x[1]

    start()
    return t * x[0]


def name_recursive_closure(x):
    def power(k):
        return 1.0 if k == 0 else x[0] * power(k - 1)

    return power(3)


def name_in_comprehension(x):
    if x[0] > 0:
        w = x[1]
    return sum([w * v for v in x])


def name_matched(x):
    match int(x[0]):
        case 0:
            y = x[1]
        case 12:
            y = x[2]
    return y


def name_twice(x):
    if x[0] > 0:
        y = x[1]
    z = y + 1.0
    if x[0] > 10:
        y = z
    return y * z


def name_of_tuple(x):
    for k, v in enumerate(x[: int(abs(x[0]))]):
        a, b = v, v * k
    return a + b


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("f", programs(globals(), "name_"))
def test_as_in_python(f, point):
    try:
        f(point)
    except NameError as e:
        for derivative in (s2sad.value_and_grad(f), lambda x: s2sad.jvp(f, (x,), (x,))):
            with pytest.raises((NameError, s2sad.Error)) as raised:
                derivative(point)
            assert not isinstance(raised.value, InternalError)
            if isinstance(raised.value, NameError):
                assert str(e).split("'")[1] in str(raised.value)
    else:
        try:
            check(f, point)
        except s2sad.Error as e:
            assert not isinstance(e, InternalError)
            assert "test_unbound_names.py" in str(e)


@pytest.mark.parametrize("f", [name_loop_with_else, name_while_true, name_in_with, name_bound_behind_closure])
def test_no_question_where_the_text_says_that_it_is_bound(f):
    assert "has_" not in s2sad.grad(f).lower(POINTS[0]).source


def keeps_list(x, acc=[]):  # noqa: B006
    acc.append(np.sum(x))
    return acc[0] * len(acc)


def keeps_dict(x, memo={}):  # noqa: B006
    if "a" not in memo:
        memo["a"] = np.sum(x)
    return memo["a"]


def keeps_array(x, total=np.zeros(4)):  # noqa: B008
    total += x
    return np.sum(total * total)


def inner_keeps(v, acc=[]):  # noqa: B006
    acc.append(v)
    return sum(acc)


def keeps_inside(x):
    return inner_keeps(x[0]) + inner_keeps(x[1])


@pytest.mark.parametrize("f", programs(globals(), "keeps_"))
def test_a_default_that_is_changed_is_refused(f):
    for _ in range(2):
        with pytest.raises(s2sad.errors.Unsupported, match="test_unbound_names.py"):
            s2sad.grad(f)(POINTS[0])


def test_what_is_passed_for_it_may_be_changed():
    np.testing.assert_allclose(s2sad.grad(keeps_list)(POINTS[0], []), np.ones(4))
    np.testing.assert_allclose(s2sad.grad(keeps_array)(POINTS[0], np.zeros(4)), 2 * POINTS[0])


def reads_default(x, scales=[1.0, 2.0], table={"k": 3.0}):  # noqa: B006
    return np.sum(x) * scales[1] * table["k"]


def test_a_default_that_is_read():
    check(reads_default)


class Holder:
    def __init__(self, a):
        self.a = a


def shows_local(x):
    y = x[0] * 2
    return locals()["y"]


def shows_vars(x):
    return vars(Holder(x[0]))["a"]


def shows_dict(x):
    o = Holder(x[0])
    return o.__dict__["a"] * x[1]


def shows_dict_later(x):
    o = Holder(x[0])
    d = o.__dict__
    o.a = x[1]
    return d["a"]


def shows_dict_written(x):
    o = Holder(x[0])
    o.__dict__["a"] = x[1]
    return o.a


def shows_globals(x):
    return x[0] * len(globals()["POINTS"])


def shows_eval(x):
    return eval("x[0] * 2.0")


def shows_exec(x):
    exec("x[0] = 5.0")
    return x[0]


def shows_code(x):
    return x[0] * shows_code.__code__.co_argcount * len(shows_code.__name__)


def shows_text(x):
    return x[0] * (2.0 if f"{x[0]:.1f}" == "0.7" else 3.0)


@pytest.mark.parametrize("f", programs(globals(), "shows_"))
def test_introspection_is_as_in_python_or_refused(f):
    check_or_refused(f, POINTS[0])
