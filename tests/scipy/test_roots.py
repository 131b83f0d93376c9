"""Roots by SciPy's solvers, as people call them: the implicit function theorem."""

import functools

import numpy as np
import pytest
from scipy import optimize
from scipy.optimize import brentq, fixed_point, fsolve, newton, root, root_scalar

import s2sad
from tests.scipy.solved import check, check_examples


def cubic(a):
    def residual(x):
        return x**3 - a * x - 1.0

    return brentq(residual, 0.0, 4.0, xtol=1e-14)


def given_args(a):
    return np.sin(brentq(lambda x, b: x**3 - a * b * x - 1.0, 0.0, 4.0, args=(a * a,), xtol=1e-14))


def van_der_waals(a):
    """The molar volume of carbon dioxide at 50 bar, by its attraction."""

    def pressure(v, attraction, b, temperature):
        return 0.083145 * temperature / (v - b) - attraction / v**2

    return optimize.brenth(lambda v: pressure(v, 3.6 * a, 0.0427, 400.0) - 50.0, 0.1, 2.0, xtol=1e-14)


def report(a):
    x, info = optimize.bisect(lambda x: x * x - a, 0, 10, full_output=True, xtol=1e-14)
    return x if info.converged else 0.0


def by_ridder(a):
    return optimize.ridder(lambda x: np.exp(a * x) - 2.0, 0.0, 3.0, xtol=1e-14)


def by_toms748(a):
    return optimize.toms748(lambda x: np.tanh(x) - 0.3 * a, -2.0, 2.0, xtol=1e-14)


def scalar_with_slope(a):
    sol = root_scalar(lambda x: (np.exp(x) - a, np.exp(x)), x0=0.5, fprime=True, method="newton")
    return sol.root * a


def scalar_bracket(a):
    return root_scalar(lambda x: np.cos(x) - a * x, bracket=[0.0, 2.0], xtol=1e-14).root


def kepler(a):
    """The eccentric anomaly."""

    def equation(E, e):
        return E - e * np.sin(E) - 1.1

    return newton(equation, 1.1, fprime=lambda E, e: 1.0 - e * np.cos(E), args=(0.4 * a,), tol=1e-14)


def halley(a):
    return newton(lambda x: x**3 - a, 1.5, fprime=lambda x: 3 * x**2, fprime2=lambda x: 6 * x, tol=1e-14)


def many_roots(a):
    c = a * np.array([1.0, 2.0, 3.0])
    return newton(lambda x, c: x**3 - c, np.ones(3), args=(c,), fprime=lambda x, c: 3 * x**2, tol=1e-14).sum()


def of_a_tuple(a):
    def equations(p):
        x, y = p
        return (x + y**2 - 4 * a, np.exp(x) + x * y - 3)

    x, y = fsolve(equations, (1, 1), xtol=1e-12)
    return x * y


def of_a_list(a):
    x, info, ier, message = fsolve(
        lambda x, b: [x[0] ** 2 - b * x[1], x[1] ** 2 - 2.0], [1.0, 1.0], args=a, full_output=True, xtol=1e-12
    )
    if ier != 1:
        raise RuntimeError(message)
    return x[0]


def of_a_number(a):
    return fsolve(lambda x: x**2 - a, 1.0, xtol=1e-12)[0]


class Pipe:
    def __init__(self, k):
        self.k = k

    def residual(self, q, d):
        return self.k * q * abs(q) - d


def a_method(a):
    p = Pipe(2.0 * a)
    return brentq(p.residual, 0, 10, args=(3.0,), xtol=1e-14)


def saturation(x, a, b):
    return np.tanh(x) * a - b


def a_partial(a):
    return brentq(functools.partial(saturation, a=a, b=0.3), -2, 2, xtol=1e-14)


def in_a_loop(a):
    s = 0.0
    for k in range(3):
        s = s + brentq(lambda x, k=k: x**2 - (a + k), 0, 10, xtol=1e-14)
    return s


def one_in_another(a):
    def outer(x):
        return brentq(lambda y: y**3 + y - x * a, -3, 3, xtol=1e-15) - 0.5

    return brentq(outer, -3, 3, xtol=1e-15)


def coupled(a):
    def f(x):
        return np.array([x[0] + 0.5 * (x[0] - x[1]) ** 3 - a, 0.5 * (x[1] - x[0]) ** 3 + x[1]])

    sol = root(f, [0.0, 0.0], tol=1e-12)
    return sol.x[0] * 2 + sol.x[1]


def coupled_with_jacobian(a):
    def f(x, b):
        return [x[0] + 0.5 * (x[0] - x[1]) ** 3 - b, 0.5 * (x[1] - x[0]) ** 3 + x[1]]

    def jac(x, b):
        d = 1.5 * (x[0] - x[1]) ** 2
        return np.array([[1 + d, -d], [-d, 1 + d]])

    sol = root(f, np.zeros(2), args=(a,), jac=jac, method="lm", tol=1e-14)
    assert sol.success
    return sol["x"][0] ** 2


def on_a_grid(a):
    b = np.linspace(0, 1, 6).reshape(2, 3)
    sol = root(lambda x: x**3 + x - a * b, np.zeros((2, 3)), method="df-sane", tol=1e-13)
    return np.sum(sol.x**2)


def fixed_number(a):
    return fixed_point(lambda x, c: np.sqrt(c / (x + 3)), 1.2, args=(10 * a,), xtol=1e-14)


def fixed_vector(a):
    c, d = a * np.array([10.0, 12.0]), np.array([3.0, 5.0])
    return fixed_point(lambda x, c, d: np.sqrt(c / (x + d)), np.array([1.2, 1.3]), args=(c, d), xtol=1e-14).sum()


def by_iteration(a):
    def equations(x):
        return np.array([x[0] + 0.1 * x[1] ** 2 - a, x[1] + 0.2 * x[0] - 1.0])

    start = [0.0, 0.0]
    krylov = optimize.newton_krylov(equations, start, f_tol=1e-13)
    return (
        krylov @ optimize.broyden1(equations, start, f_tol=1e-13) + optimize.broyden2(equations, start, f_tol=1e-13)[0]
    )


def what_minpack_says(a):
    x, report, flag, message = fsolve(lambda x: [x[0] ** 2 - a, x[1] - x[0]], [1.0, 1.0], full_output=True, xtol=1e-13)
    return x[1] if report["nfev"] < 1000 and np.allclose(report["fvec"], 0.0, atol=1e-9) else 0.0


WEIGHTS = np.array([0.5, 1.5])


def of_a_global(a):
    return brentq(lambda x: WEIGHTS @ np.array([x, x**3]) - a, 0.0, 5.0, xtol=1e-14)


PROGRAMS = [
    cubic,
    given_args,
    van_der_waals,
    report,
    by_ridder,
    by_toms748,
    scalar_with_slope,
    scalar_bracket,
    kepler,
    halley,
    many_roots,
    of_a_tuple,
    of_a_list,
    of_a_number,
    a_method,
    a_partial,
    in_a_loop,
    one_in_another,
    coupled,
    coupled_with_jacobian,
    fixed_number,
    fixed_vector,
    of_a_global,
    by_iteration,
    what_minpack_says,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_roots(program):
    check(program, 1.3)


def test_roots_of_an_array_of_two_axes():
    check(on_a_grid, 1.3, rtol=1e-5, second=False)


@pytest.mark.parametrize("program", [cubic, many_roots, of_a_tuple, coupled], ids=lambda f: f.__name__)
def test_examples(program):
    check_examples(program, 1.3)


def test_the_start_and_the_bracket_do_not_move_a_root():
    def f(a, high):
        return brentq(lambda x: x**3 - a, 0.0, high)

    gradient = s2sad.grad(f, argnums=(0, 1))(2.0, 3.0)
    np.testing.assert_allclose(gradient, (2.0 ** (-2 / 3) / 3, 0.0), rtol=1e-10)


def test_roots_in_a_container():
    def f(p):
        return brentq(lambda x: x * p["a"] - p["b"]["c"] ** 2, -50.0, 50.0)

    gradient = s2sad.grad(f)({"a": 2.0, "b": {"c": 3.0}})
    np.testing.assert_allclose((gradient["a"], gradient["b"]["c"]), (-9.0 / 4.0, 3.0), rtol=1e-10)


def test_roots_that_carry_a_loop():
    def f(x):
        s = 1.0
        for i in range(len(x)):
            s = brentq(lambda z: z**3 + x[i] * z - s, -5, 5, xtol=1e-15)  # noqa: B023
        return s

    x = np.array([1.0, 2.0, 0.5])
    expected = [(f(x + 1e-5 * e) - f(x - 1e-5 * e)) / 2e-5 for e in np.eye(3)]
    np.testing.assert_allclose(s2sad.grad(f)(x), expected, rtol=1e-7)


def test_the_text_is_the_theorem():
    text = s2sad.grad(cubic).lower(1.5).source
    assert "v1 = scipy.optimize.brentq(residual, 0.0, 4.0, args=(a,), xtol=1e-14)" in text
    assert "x_bar = 3.0 * v1 ** 2 - a\n" in text
    assert "return v1 / x_bar" in text or "_bar = v1 / x_bar\n" in text


def test_the_error_follows_the_tolerance():
    def f(a, tolerance):
        return brentq(lambda x: np.exp(x) - a, 0.0, 3.0, xtol=tolerance, rtol=1e-14)

    errors = [abs(s2sad.grad(f)(2.0, tol) - 0.5) for tol in (1e-2, 1e-4, 1e-12)]
    assert errors[2] < 1e-12 < errors[0] < 1e-2


def test_what_fails_is_said():
    def f(a):
        return root(lambda x: x**2 + a, np.ones(1)).x[0]

    with pytest.raises(RuntimeError, match=r"scipy\.optimize\.root found no root"):
        s2sad.grad(f)(1.0)

    def g(a):
        return brentq(lambda x: x**2 + a, 0.0, 1.0)

    with pytest.raises(ValueError, match="different signs"):
        s2sad.grad(g)(1.0)


def test_a_number_that_is_no_root_has_no_derivative():
    def f(a):
        return root_scalar(lambda x: x**3 - a, x0=30.0, fprime=lambda x: 3 * x**2, method="newton", maxiter=2).root

    with pytest.raises(RuntimeError, match=r"scipy\.optimize\.root_scalar found no root"):
        s2sad.grad(f)(1.0)

    def stopped(a):
        return optimize.newton_krylov(lambda x: x**3 - a, np.ones(1), iter=1)[0]

    with pytest.raises(s2sad.Error, match="newton_krylov with iter"):
        s2sad.grad(stopped)(1.3)


def test_a_root_that_is_not_simple_has_no_derivative():
    def f(a):
        return root(lambda x: np.array([(x[0] - a) * 0.0 + x[1], x[1]]), np.zeros(2)).x[0]

    with pytest.raises(np.linalg.LinAlgError):
        s2sad.grad(f)(1.0)


def test_where_scipy_warns_so_does_the_derivative():
    def f(a):
        return fsolve(lambda x: [x[0] * np.cos(x[1]) - 4 * a, x[1] * x[0] - x[1] - 5 * a], [1.0, 1.0])[0]

    with pytest.warns(RuntimeWarning, match="not making good progress"):
        s2sad.grad(f)(1.3)


def test_functions_that_do_more_than_compute_are_refused():
    def f(a):
        seen = []

        def residual(x):
            seen.append(x)
            return x**3 - a

        return brentq(residual, 0.0, 3.0)

    with pytest.raises(s2sad.Error, match=r"residual, which scipy\.optimize\.brentq is given, changes"):
        s2sad.grad(f)(1.0)
