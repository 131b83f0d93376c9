"""Objects of numpy.polynomial inside a function: made there, read from outside, fitted, combined."""

import numpy as np
import pytest
from numpy.polynomial import Chebyshev, Hermite, Legendre, Polynomial
from numpy.polynomial import polynomial as P

import s2sad

X = np.array([0.41, 0.93, 0.62, 0.2])
PLACES = np.linspace(-1.0, 1.0, 7)
OUTSIDE = Polynomial([1.0, 2.0, 3.0])


def value(x):
    return np.sum(Polynomial(x)(PLACES) ** 2)


def derivative_and_integral(x):
    p = Legendre(x)
    return np.sum(p.deriv()(PLACES) ** 2) + p.integ()(1.0) * p.deriv(2)(0.3)


def of_a_domain(x):
    p = Chebyshev(x, domain=[0.0, 3.0])
    return np.sum(p(np.linspace(0.0, 3.0, 5)) ** 2) + p.deriv()(1.2) + p.integ(lbnd=0.5)(2.0) + p.degree()


def coefficients(x):
    p = Hermite(x)
    return np.sum(p.coef**2) * p(x[0])


def combined(x):
    p = 2.0 * Chebyshev(x) / 3.0 - Chebyshev([1.0, 2.0])
    return (p + Chebyshev(x[:2]))(0.3) ** 2


def product(x):
    return (Polynomial(x) * Polynomial([1.0, 2.0]))(0.4) ** 2


def from_outside(x):
    return np.sum(OUTSIDE(x) ** 2 + OUTSIDE.deriv()(x))


def fitted(x):
    return Polynomial.fit(np.linspace(0.0, 3.0, 4), x, 2)(1.3) ** 2


def of_roots(x):
    return np.sum(np.abs(Polynomial(x).roots()) ** 2) + np.sum(np.abs(np.roots(x)))


def handed_on(x):
    def square(p, t):
        return p(t) ** 2

    total = 0.0
    for k in range(1, 4):
        total = total + square(Polynomial(x[:k]), 0.3) + P.polyval(0.1 * k, x)
    return total


PROGRAMS = [
    *(value, derivative_and_integral, of_a_domain, coefficients, combined, product, from_outside),
    *(fitted, of_roots, handed_on),
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_series(program):
    assert s2sad.value_and_grad(program)(X)[0] == pytest.approx(program(X), rel=1e-12)
    s2sad.check_grads(program, (X,), order=2)


def test_what_is_not_known_of_series_is_refused():
    with pytest.raises(s2sad.Error, match="of two series"):
        s2sad.grad(lambda x: (Chebyshev(x) * Chebyshev(x))(0.3))(X)
    with pytest.raises(s2sad.Error, match="cuts off zeros at the end"):
        s2sad.grad(lambda x: np.sum(P.polyadd(x, x)))(X)
