# ruff: noqa: B023, E731  (as people write it)
"""A root is a root wherever the call stands, and whatever the function is."""

import numpy as np
import pytest
from scipy import optimize
from scipy.optimize import brentq, minimize, newton, root

import s2sad
from tests.scipy.solved import slope


def in_a_comprehension(a):
    ps = [0.5, 1.0, 1.5]
    return sum([brentq(lambda x: x**3 + p * x - a, -5, 5, xtol=1e-14) for p in ps])


def by_an_exponent(a, n=3):
    return brentq(lambda x: x**n - a, 0, 5, xtol=1e-14)


def poly(x, coeffs):
    s = 0.0
    for c in coeffs:
        s = s * x + c
    return s


def of_a_list_of_coefficients(a):
    return brentq(poly, 0, 5, args=([1.0, 0.0, -a],), xtol=1e-14)


def of_an_array_of_coefficients(a):
    return brentq(poly, 0, 5, args=(np.array([1.0, a, -2 * a]),), xtol=1e-14)


def fact(n, x):
    return 1.0 if n == 0 else x + 0.1 * fact(n - 1, x)


def of_a_recursive_function(a):
    return brentq(lambda x: fact(3, x) - a, -5, 5, xtol=1e-14)


def in_a_while_loop(a):
    s = a
    k = 0
    while s > 0.5:
        s = brentq(lambda x: x**3 + x - 0.8 * s, -5, 5, xtol=1e-14)
        k += 1
    return s


def of_a_dict(a):
    cfg = {"a": a, "b": np.array([1.0, 2.0])}
    return root(lambda x: x**3 + x - cfg["a"] * cfg["b"], np.zeros(2), tol=1e-13).x.sum()


class M:
    def __init__(self, a):
        self.a = a
        self.w = np.array([a, 2 * a])

    def __call__(self, x):
        return self.w @ np.array([x, x**3]) - 1.0


def of_a_callable_object(a):
    return brentq(M(a), -5, 5, xtol=1e-14)


def of_further_arguments(a):
    def f(x, *args):
        return x**2 - args[0] * args[1]

    return brentq(f, 0, 5, args=(a, 2.0), xtol=1e-14)


def under_another_name(a):
    f = lambda x: x**2 - a
    g = f
    return brentq(g, 0, 5, xtol=1e-14) + newton(g, 1.0, tol=1e-14)


def of_a_chosen_solver(a):
    solver = brentq if a > 0 else optimize.bisect
    return solver(lambda x: x**2 - a, 0, 5)


def of_a_solver_in_a_dict(a):
    method = {"m": optimize.ridder}["m"]
    return method(f=lambda x: x**2 - a, a=0, b=5, xtol=1e-14)


def imported_inside(a):
    from scipy.optimize import root_scalar

    r = root_scalar(lambda x: x**2 - a, x0=1.0, x1=2.0, method="secant", xtol=1e-14)
    if not r.converged:
        raise ValueError(r.flag)
    return r.root


def of_a_function_with_branches(a):
    def f(x):
        if x > 1.0:
            return x**2 - a
        return x - a

    return brentq(f, 0, 5, xtol=1e-14)


def of_a_determinant(a):
    def f(x):
        return np.linalg.det(np.array([[x, a], [1.0, x]]))

    return brentq(f, 0.1, 5, xtol=1e-14)


@s2sad.custom_jvp
def sq(x):
    return x * x


sq.defjvp(lambda p, t: (sq(p[0]), 2 * p[0] * t[0]))


def of_a_function_with_a_rule(a):
    return brentq(lambda x: sq(x) - a, 0, 5, xtol=1e-14)


def stored_in_an_array(a):
    xs = np.zeros(3)
    for i in range(3):
        xs[i] = brentq(lambda x: x**3 - a * (i + 1), 0, 5, xtol=1e-14)
    return xs @ np.array([1.0, 2.0, 3.0])


def of_a_minimiser(a):
    res = minimize(
        lambda p: (p[0] - a) ** 2 + (p[1] - p[0]) ** 2,
        x0=(0.0, 0.0),
        method="Powell",
        options=dict(xtol=1e-12, ftol=1e-14),
    )
    x, y = res.x
    return x * y


def in_a_try(a):
    try:
        return brentq(lambda x: x**2 - a, 0, 5, xtol=1e-14)
    except ValueError:
        return 0.0 * a


def of_complex_numbers(z):
    return newton(lambda x: x**3 - z, 1.0 + 0.5j).real


def with_all_arguments(a):
    return optimize.brentq(lambda x: x * x - a, 0.0, 5.0, xtol=1e-14, full_output=False, disp=True)


def vectorised(a):
    f = np.vectorize(lambda c: brentq(lambda x: x**3 - c, 0, 5, xtol=1e-14))
    return f(a * np.array([1.0, 2.0])).sum()


def in_an_inner_derivative(a):
    def inner(b):
        return brentq(lambda x: x**3 - b * a, 0, 5, xtol=1e-14)

    return s2sad.grad(inner)(2.0 * a) + inner(a)


PROGRAMS = [
    in_a_comprehension,
    by_an_exponent,
    of_a_list_of_coefficients,
    of_an_array_of_coefficients,
    of_a_recursive_function,
    in_a_while_loop,
    of_a_dict,
    of_a_callable_object,
    of_further_arguments,
    under_another_name,
    of_a_chosen_solver,
    of_a_solver_in_a_dict,
    imported_inside,
    of_a_function_with_branches,
    of_a_determinant,
    of_a_function_with_a_rule,
    stored_in_an_array,
    of_a_minimiser,
    in_a_try,
    of_complex_numbers,
    with_all_arguments,
    vectorised,
    in_an_inner_derivative,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_a_root_anywhere(program):
    gradient = s2sad.grad(program)(1.3)
    np.testing.assert_allclose(gradient, slope(program, 1.3), rtol=1e-6)
    np.testing.assert_allclose(s2sad.jvp(program, (1.3,), (1.0,))[1], gradient, rtol=1e-9)
