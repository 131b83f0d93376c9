"""What values are called that the user gave no name: by the statement, by their place, or by a number."""

import re

import numpy as np
import pytest

import s2sad


def named(a, k):
    d = np.exp(a[k]) * np.sin(a[:, 0]) / (1.0 + np.sqrt(a[k, k]))
    return np.log(np.sum(d)) ** 2


def twice(x):
    y = np.exp(x) + np.sin(x) * np.exp(x * x)
    y_exp = np.sum(y * y)
    return y_exp * np.sum(np.exp(y))


def returned(x, w):
    return np.sum(np.sin(x) * np.exp(w * np.sin(x)))


def several(x):
    a, b = np.exp(x), np.tanh(x)
    return np.sum(a * b * np.exp(a))


A = np.random.default_rng(0).uniform(0.5, 1.0, (3, 3))
X = A[0]


@pytest.mark.parametrize(
    ("f", "args", "says", "says_not"),
    [
        (named, (A, 1), ["d_exp = np.exp(a[k])", "d_sqrt = np.sqrt(a_kk)", "a_0 = a[:, 0]"], []),
        # The user's own name is not taken for a value of the trace, though `exp(x)` is in a statement that assigns y.
        (twice, (X,), ["y_exp = np.sum(y * y)", "np.sin(x)"], ["y_exp = np.exp"]),
        (returned, (X, 2.0), ["v1 = np.sin(x)"], []),
        (several, (X,), ["a, b = np.exp(x), np.tanh(x)", "v2 = np.exp(a)"], ["a_exp", "b_tanh"]),
    ],
)
def test_names_of_values(f, args, says, says_not):
    s2sad.check_grads(f, args, order=1)
    text = s2sad.grad(f).lower(*args).source
    assert [s for s in says if s not in text] == []
    assert [s for s in says_not if s in text] == []


def test_the_trace_has_the_names_of_the_derivative():
    trace = s2sad.trace(named, A, 1)
    text = s2sad.grad(named).lower(A, 1).source
    in_text = {n for n in re.findall(r"\w+(?= = )", text) if "_bar" not in n}
    assert {"d_exp", "d_sqrt"} <= in_text
    assert {n for n in in_text if n.startswith("d_")} <= set(re.findall(r"\w+(?= = )", trace))


def test_what_is_computed_of_adjoints_is_called_so():
    def f(x, s):
        y = x / (s + np.sum(x))
        return np.sum(y * y)

    text = s2sad.grad(f, (0, 1)).lower(X, 2.0).source
    assert not re.search(r"\by_(ratio|minus|prod)(_\d+)? = .*_bar", text), text
