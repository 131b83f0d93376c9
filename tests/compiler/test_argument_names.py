"""What is computed to be passed on is called as the parameter that takes it."""

import re

import numpy as np

import s2sad


def rate(y, p):
    return np.sin(y) * p


def stepped(y, p, dt):
    k1 = rate(y, p)
    k2 = rate(y + dt * k1, p)
    k3 = rate(y + dt * k2, p)
    return np.sum(y + dt * k3)


def spread(weights, values):
    return np.sum(np.exp(weights) * values**3)


def passed(x, y2):
    return spread(x * x, y2 * x) * np.sum(y2)


X, Y = np.array([0.3, -0.2, 0.5]), np.array([0.1, 0.7, -0.4])


def test_a_name_that_is_taken_gets_a_number():
    source = s2sad.grad(stepped).lower(X, Y, 0.1).source
    assert re.search(r"y2 = y \+ dt \* k1\n", source), source
    assert re.search(r"y3 = y \+ dt \* k2\n", source), source
    assert not re.search(r"\bv\d", source), source


def test_names_of_the_user_are_not_taken():
    lowered = s2sad.grad(passed).lower(X, Y)
    assert "values = y2 * x" in lowered.source, lowered.source
    w, v = X * X, Y * X
    expected = (2 * X * np.exp(w) * v**3 + np.exp(w) * 3 * v**2 * Y) * np.sum(Y)
    np.testing.assert_allclose(lowered(X, Y), expected, rtol=1e-12)
