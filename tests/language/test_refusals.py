"""A refusal names the user's line, says what cannot be done there, and what to write instead."""

import json
import statistics

import numpy as np
import pytest
import scipy.optimize

import s2sad
from tests.against_python import X


def differences(x):
    return scipy.optimize.approx_fprime(x, lambda t: np.exp(-t[0]))[0]


def on_a_grid(x):
    return scipy.optimize.approx_fprime(x, lambda t: t @ t + x[0])[0]


def periodic(x):
    return np.sum(np.interp(x, [0.0, 1.0], [1.0, 2.0], period=3.0))


def text(x):
    return x[0] * len(json.dumps({"a": x[1]}))


def harmonic(x):
    return statistics.harmonic_mean(list(x)) ** 2


RECORD = np.dtype([("u", float), ("v", float)])


def structured(x):
    return np.zeros(4, dtype=RECORD)["u"] @ x


def structured_argument(x):
    return np.array([(x[0], x[1])], dtype=RECORD)["u"][0]


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (differences, r"scipy\.optimize\.approx_fprime is given a function"),
        (on_a_grid, r"scipy\.optimize\.approx_fprime is given a function"),
        (periodic, r"np.interp with a period"),
        (structured, r"a structured array"),
        (structured_argument, r"a structured array"),
        (text, r"json.dumps cannot be differentiated: there is no derivative rule for"),
        (harmonic, r"statistics.harmonic_mean cannot be differentiated"),
    ],
)
def test_a_refusal_stands_at_the_line_of_the_user(f, what):
    with pytest.raises(s2sad.errors.Unsupported, match=what) as refused:
        s2sad.grad(f)(X)
    place = refused.value.location
    assert (place.file, place.line) == (f.__code__.co_filename, f.__code__.co_firstlineno + 1)
    assert refused.value.instead
