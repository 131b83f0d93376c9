"""What solvers show of their work, and functions that print: once, as in the primal, whatever is differentiated."""

import numpy as np
import pytest
from scipy import optimize

import s2sad
from s2sad import check_grads

START, TARGET = np.array([0.3, 0.2, 0.1]), np.array([1.0, 2.0, 3.0])


def cost(x, p):
    return np.sum((x - p) ** 2) + np.sum(x**4)


def tell(x):
    print("at", x)


def tell_more(x, *rest):
    print("at", x, *rest)


def tell_result(intermediate_result):
    print("at", intermediate_result.x, intermediate_result.fun)


class Watch:
    def __init__(self, p):
        self.p = p

    def tell_result(self, intermediate_result):
        print("at", intermediate_result.x, intermediate_result.fun)

    def tell(self, x):
        print("at", cost(x, self.p))


def minimised(p):
    return optimize.minimize(cost, START, args=(p,), callback=tell).x


def minimised_by_constraints(p):
    found = optimize.minimize(cost, START, args=(p,), method="trust-constr", callback=tell_more_of, tol=1e-10)
    return found.x


def tell_more_of(x, state):
    print("at", x, state.fun)


def minimised_and_told(p):
    return optimize.minimize(cost, START, args=(p,), method="BFGS", callback=tell_result).x


def minimised_and_watched(p):
    return optimize.minimize(cost, START, args=(p,), callback=Watch(p).tell, tol=1e-10).x


def minimised_and_told_by_a_method(p):
    return optimize.minimize(cost, START, args=(p,), callback=Watch(p).tell_result).x


def minimised_and_printed(p):
    return optimize.minimize(lambda x: cost(x, p), START, callback=print).x


def by_fmin(p):
    return optimize.fmin_bfgs(cost, START, args=(p,), callback=tell, disp=False)


def by_l_bfgs(p):
    return optimize.fmin_l_bfgs_b(cost, START, args=(p,), approx_grad=True, callback=tell, factr=10.0)[0]


def by_tnc(p):
    return optimize.fmin_tnc(cost, START, args=(p,), approx_grad=True, callback=tell, messages=0, ftol=1e-14)[0]


def by_hops(p):
    return optimize.basinhopping(lambda x: cost(x, p), START, niter=2, rng=1, callback=tell_more).x


def everywhere(p):
    return optimize.dual_annealing(cost, [(-3, 3)] * 3, args=(p,), maxiter=5, rng=1, callback=tell_more).x


def evolved(p):
    return optimize.differential_evolution(cost, [(-3, 3)] * 3, args=(p,), rng=1, tol=1e-6, callback=tell_result).x


def a_root(p):
    return optimize.root(lambda x: x**3 + p * x - 1.0, np.ones(3), method="krylov", callback=tell_more, tol=1e-12).x


def by_krylov(p):
    return optimize.newton_krylov(lambda x: x**3 + p * x - 1.0, np.ones(3), callback=tell_more, f_tol=1e-12)


def fitted(p):
    return optimize.least_squares(lambda x: x**2 - p, np.ones(3), callback=tell, xtol=1e-14).x


def root_that_prints(p):
    def residual(x):
        print("residual", x)
        return x**3 + p * x - 1.0

    return optimize.fsolve(residual, np.ones(3), xtol=1e-12)


def cost_that_prints(p):
    def loud(x):
        if x[0] > 0.4:
            print("here", x)
        return cost(x, p)

    return optimize.minimize(loud, START, tol=1e-10).x


PROGRAMS = [
    minimised,
    minimised_by_constraints,
    minimised_and_told,
    minimised_and_watched,
    minimised_and_told_by_a_method,
    minimised_and_printed,
    by_fmin,
    by_l_bfgs,
    by_tnc,
    by_hops,
    everywhere,
    evolved,
    a_root,
    by_krylov,
    fitted,
    root_that_prints,
    cost_that_prints,
]


@pytest.mark.filterwarnings("ignore:delta_grad")
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_a_derivative_shows_what_the_function_shows(program, capsys):
    def loss(p):
        return np.sum(np.sin(program(p)))

    loss(TARGET)
    shown = capsys.readouterr().out
    value, gradient = s2sad.value_and_grad(loss)(TARGET)
    assert capsys.readouterr().out == shown
    assert shown

    s2sad.jvp(loss, (TARGET,), (np.ones(3),))
    assert capsys.readouterr().out == shown
    s2sad.hvp(loss)(TARGET, np.ones(3))
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize("program", [minimised_and_watched, fitted, root_that_prints, cost_that_prints])
def test_their_derivatives(program):
    check_grads(lambda p: np.sum(np.sin(program(p))), (TARGET,), rtol=1e-5)


def test_a_callback_that_keeps_what_it_is_shown():
    def program(p):
        seen = []
        return optimize.minimize(cost, START, args=(p,), callback=lambda x: seen.append(x)).fun

    with pytest.raises(s2sad.Error, match="leave it out"):
        s2sad.grad(program)(TARGET)


def test_what_a_root_leaves_over_is_zero_whatever_it_depends_on():
    def program(p):
        found = optimize.root(lambda x: x**3 + p * x - 1.0, np.ones(3), tol=1e-13)
        return np.sum(found.x * p) + 1e6 * np.sum(found.fun)

    root = optimize.root(lambda x: x**3 + TARGET * x - 1.0, np.ones(3), tol=1e-13).x
    expected = root - TARGET * root / (3.0 * root**2 + TARGET)
    np.testing.assert_allclose(s2sad.grad(program)(TARGET), expected, rtol=1e-12)


@pytest.mark.parametrize("kwargs", [{"q": 2.0}, {"q": 2.0, "shift": 0.5}, {}, None])
def test_what_is_passed_by_name(kwargs):
    def residual(x, q=1.0, shift=0.0):
        return x**2 - q - shift * np.arange(1.0, 4.0)

    def program(p):
        given = None if kwargs is None else {k: v * p for k, v in kwargs.items()}
        return np.sum(optimize.least_squares(residual, np.ones(3), kwargs=given, xtol=1e-14).x)

    given = {"q": 1.0, "shift": 0.0} if not kwargs else {"shift": 0.0} | {k: 1.3 * v for k, v in kwargs.items()}
    roots = np.sqrt(given["q"] + given["shift"] * np.arange(1.0, 4.0))
    slopes = {"q": 0.0, "shift": 0.0} | (kwargs or {})
    expected = np.sum((slopes["q"] + slopes["shift"] * np.arange(1.0, 4.0)) / (2.0 * roots))
    np.testing.assert_allclose(s2sad.grad(program)(1.3), expected, rtol=1e-7, atol=1e-14)
