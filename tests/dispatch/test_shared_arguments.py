"""One array, list or object in two places of the arguments, where the function changes it."""

import numpy as np
import pytest

import s2sad
from s2sad.errors import ArgumentError
from tests.against_python import check


class Body:
    def __init__(self, u, v):
        self.u, self.v = u, v


def first_of_list(xs, k):
    xs[0][0] = k
    return np.sum(xs[1] * k)


def of_dict(p, k):
    p["u"][0] = k
    return np.sum(p["u"] * p["v"])


def of_object(p, k):
    p.u[0] = k
    return np.sum(p.u * p.v)


def of_rows(g, k):
    g[0][1] = k
    return sum(sum(r) for r in g) * k


def attribute(p, k):
    p[0].u = k
    return p[1].u * k


def two_lists(p, q, k):
    p[0] = k
    return p[0] * q[0] * q[1]


A = np.ones(3)
BODY = Body(2.0, 3.0)
LIST = [2.0, 3.0]


@pytest.mark.parametrize(("f", "args", "named"), [
    (first_of_list, ([A, A],), r"xs\[0\] and xs\[1\]"),
    (first_of_list, ([A, A[:2]],), r"xs\[0\] and xs\[1\]"),
    (of_dict, ({"u": A, "v": A},), r"p\['u'\] and p\['v'\]"),
    (of_object, (Body(A, A),), r"p\.u and p\.v"),
    (of_rows, ([[0.0] * 3] * 3,), r"g\[0\] and g\[1\]"),
    (attribute, ((BODY, BODY),), r"p\[0\] and p\[1\]"),
    (two_lists, (LIST, LIST), "p and q"),
])  # fmt: skip
def test_what_is_changed_is_in_one_place(f, args, named):
    with pytest.raises(ArgumentError, match=named):
        s2sad.value_and_grad(f, len(args))(*args, 2.0)


def state(x, p, k):
    p["history"].append(k)
    p["u"][0] = k
    return np.sum(p["u"] * p["a"]) * k + np.sum(p["b"] * x) + len(p["history"])


def test_what_is_only_read_may_be_shared():
    shared = np.arange(3.0)
    check(state, np.ones(3), {"u": np.ones(3), "a": shared, "b": shared, "history": []}, 2.0)
