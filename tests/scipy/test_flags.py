"""Arguments that decide what a solver gives: constants decide, those of run time are refused, texts stay as written."""

import ast
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize
from scipy.integrate import odeint, quad, solve_ivp
from scipy.optimize import brentq, curve_fit, fsolve, least_squares, leastsq, minimize, newton, root

import s2sad
import s2sad.solvers

T = np.linspace(0.0, 2.0, 8)


def of_brentq(a, flag):
    return brentq(lambda x: x**3 - a, 0.0, 5.0, full_output=flag)


def of_newton(a, flag):
    return newton(lambda x: x**3 - a, 1.0, full_output=flag)


def of_fsolve(a, flag):
    return fsolve(lambda x: x**3 - a, 1.0, full_output=flag)[0]


def of_leastsq(a, flag):
    return leastsq(lambda x: x - a * T[:3], [1.0, 1.0, 1.0], full_output=flag)[0][0]


def of_curve_fit(a, flag):
    return curve_fit(lambda t, k: a * np.exp(-k * t), T, 1.0 / (1.0 + T), p0=[1.0], full_output=flag)[0][0]


def of_fmin(a, flag):
    return optimize.fmin(lambda x: (x[0] - a) ** 2, [0.0], disp=False, full_output=flag)[0]


def of_fminbound(a, flag):
    return optimize.fminbound(lambda x: (x - a) ** 2, 0.0, 5.0, full_output=flag)


def of_quad(a, flag):
    return quad(lambda x: a * x, 0.0, 1.0, full_output=flag)[0]


def of_solve_ivp(a, flag):
    return solve_ivp(lambda t, y: -a * y, (0.0, 1.0), [1.0], dense_output=flag).y[0, -1]


def of_odeint(a, flag):
    return odeint(lambda y, t: -a * y, 1.0, T, full_output=flag)[-1, 0]


def of_slopes(a, flag):
    def both(x):
        return (x[0] - a) ** 2, 2.0 * (x - a)

    return minimize(both, [0.0], jac=flag).x[0]


RUN_TIME = [
    of_brentq,
    of_newton,
    of_fsolve,
    of_leastsq,
    of_curve_fit,
    of_fmin,
    of_fminbound,
    of_quad,
    of_solve_ivp,
    of_odeint,
    of_slopes,
]


@pytest.mark.parametrize("program", RUN_TIME, ids=lambda f: f.__name__)
def test_what_decides_must_be_known(program):
    def f(a):
        return program(a, a > 0)

    with pytest.raises(s2sad.Error, match="known at run time only") as found:
        s2sad.grad(f)(1.3)
    assert "test_flags.py" in str(found.value)


def test_rows_ask_for_constants_where_they_decide():
    """`static.get(name, default)` is the default where an argument is known at run time only."""
    rows = [p for p in Path(s2sad.solvers.__file__).parent.glob("*.py") if p.name != "__init__.py"]
    found = [
        (p.name, n.lineno)
        for p in rows
        for n in ast.walk(ast.parse(p.read_text()))
        if isinstance(n, ast.Attribute) and n.attr == "get" and ast.unparse(n.value).endswith(".static")
    ]
    assert rows and not found


def test_a_call_stays_as_it_is_written():
    def by_default_names(a):
        x = root(lambda x: x**3 - a, x0=[1.0], method="hybr", tol=None).x
        return brentq(f=lambda y: y**2 - x[0], a=0.0, b=4.0, maxiter=100)

    text = s2sad.grad(by_default_names).lower(1.3).source
    assert "scipy.optimize.root(function, x0=[1.0], args=(a,), method='hybr', tol=None)" in text.replace('"', "'")
    assert "f=function_2, a=0.0, b=4.0, args=(v1,), maxiter=100)" in text.replace("function_2_2", "function_2").replace(
        "(x,)", "(v1,)"
    )


def test_slopes_beside_the_function_are_no_part_of_its_constraints():
    def both(x):
        return [np.sum((x - 1.0) ** 2), 2.0 * (x - 1.0)][0], 2.0 * (x - 1.0)

    def f(a):
        holds = {"type": "eq", "fun": lambda x: np.array([x[0] + x[1] - a, x[0] - 2.0 * x[1]])}
        return minimize(both, [0.0, 0.0], jac=True, constraints=holds, method="SLSQP", tol=1e-14).x[0]

    np.testing.assert_allclose(s2sad.grad(f)(1.3), 2.0 / 3.0, rtol=1e-8)


def test_residuals_that_are_lists_beside_their_slopes():
    def f(a):
        def both(x):
            return [x[0] ** 2 - a, x[1] + x[0]], np.array([[2.0 * x[0], 0.0], [1.0, 1.0]])

        return root(both, [1.0, 1.0], jac=True, tol=1e-13).x[1]

    np.testing.assert_allclose(s2sad.grad(f)(1.3), -0.5 / np.sqrt(1.3), rtol=1e-10)


def test_losses_by_name_are_constants():
    def f(a, loss):
        return least_squares(lambda x: x - a * T[1:2], [1.0], loss=loss).x[0]

    np.testing.assert_allclose(s2sad.grad(f)(1.0, "huber"), T[1], rtol=1e-6)
