"""A value that is bound to a name after it was made, and stands in another place too: one value everywhere."""

import numpy as np
import pytest

import s2sad
from tests.against_python import check, programs


class Holder:
    pass


def put(log, v):
    log.append(np.sin(v))
    return log[-1]


def put_and_count(log, v):
    log.append(np.sin(v))
    return log[-1], 2.0


def kept(holder, v):
    holder.v = [np.cos(v)]
    return holder.v[0]


def doubled(v):
    return v * 2, v


def value_one_list_twice(x):
    a, b = [x.copy()] * 2
    return np.sum(np.sin(a)) + np.sum(np.cos(b))


def value_one_tuple_twice(x):
    a, b = (x * 2,) * 2
    a, b = b * 2, a
    return np.sum(a**2) + np.sum(np.cos(b))


def value_rest_of_a_list(x):
    a, *b = [x * 2] * 3
    return np.sum(a**2) + np.sum(b[0]) + np.sum(b[1] ** 3)


def value_nested_tuples(x):
    (a, b), c = [[x * 2] * 2] * 2
    return np.sum(a**2) + np.sum(b) + np.sum(c[1] ** 3)


def value_items_and_attributes(x):
    d, o = {}, Holder()
    d["p"], o.q = [x * 2] * 2
    o.r, o.s = [np.sin(x)] * 2
    return np.sum(d["p"] ** 2) * np.sum(o.q) + np.sum(o.r) * np.sum(o.s**2)


def value_list_with_a_name_of_its_own(x):
    a, b = (ls := [x * 2, x * 3])
    return np.sum(np.sin(ls[0])) + np.sum(np.cos(a)) * np.sum(ls[1]) + np.sum(b)


def value_given_back_from_a_list(x):
    log = []
    a = put(log, x)
    return np.sum(a**2) + np.sum(log[0])


def value_given_back_in_a_tuple(x):
    log = []
    a, b = put_and_count(log, x)
    return np.sum(a**2) + np.sum(log[0]) * b


def value_given_back_from_an_object(x):
    o = Holder()
    a, b = doubled(kept(o, x))
    c = o.w = kept(o, x + 1.0)
    return np.sum(a * b) + np.sum(o.v[0] ** 2) + np.sum(c * o.w)


def value_of_a_lambda(x):
    a, b = (lambda y: (y, y))(x * 2)
    return np.sum(a**2) + np.sum(b)


def value_numbers_in_a_loop(x):
    total = 0.0
    for k in range(3):
        a, b = [x[0] * k] * 2
        total = total + a * b
    return total


def value_arrays_written_into(x):
    a, b = [x * 2.0] * 2
    log = []
    c = put(log, x)
    a[0] = 3.0 * x[1]
    c[1] += b[0]
    return np.sum(b**2) + np.sum(log[0] * a)


def value_in_a_branch(x):
    log = []
    a = put(log, x) if x[0] > 0 else put(log, 2.0 * x)
    b, c = [log[0] * a] * 2
    return np.sum(a**2) + np.sum(log[0] * b) + np.sum(c)


@pytest.mark.parametrize("f", programs(globals(), "value_"))
def test_one_value(f):
    check(f)
    s2sad.check_grads(f, (np.array([0.3, 0.5]),), order=2)


def test_the_name_is_the_first_one_that_it_is_bound_to():
    assert "a = x.copy()" in s2sad.trace(value_one_list_twice, np.ones(2))
