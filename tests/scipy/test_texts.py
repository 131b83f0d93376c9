"""What is emitted for programs that call solvers: what an engineer would have written, and no more."""

import ast

import numpy as np
import pytest
from scipy.integrate import dblquad, odeint, quad, solve_ivp
from scipy.optimize import brentq, curve_fit, fsolve, minimize, newton, root

import s2sad
from tests.scipy.solved import check


def functions(source):
    """The functions of a module by their names, as text."""
    return {n.name: ast.unparse(n) for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)}


def balance(x, a):
    if len(x) != 2:
        raise ValueError("two unknowns")
    assert np.all(x < 1e6), "far away"
    flows = np.zeros(3)
    for k in range(2):
        flows[k] -= a * x[k]
        flows[k + 1] += x[k] ** 3
    return flows[1:] + np.array([5.0, -5.0]) + flows[:2]


def at_rest(a):
    return np.sum(root(balance, np.array([1.1, 1.9]), args=(a,), tol=1e-12).x ** 2)


def fall(t, y, a, drag):
    if y[0] < -100.0:
        raise ValueError("below the ground")
    return np.array([y[1], -a - drag * y[1]])


def fallen(a, drag):
    return solve_ivp(fall, (0.0, 1.0), [2.0, 0.0], args=(a, drag), rtol=1e-10, atol=1e-10).y[0, -1]


@pytest.mark.parametrize("mode", [s2sad.grad, s2sad.jacfwd, s2sad.value_and_grad])
@pytest.mark.parametrize(
    "f, args, inner", [(at_rest, (2.0,), "balance"), (fallen, (9.0, 0.5), "fall")], ids=["root", "solve_ivp"]
)
def test_what_a_solver_has_checked_is_not_checked_by_its_rule(f, args, inner, mode):
    made = functions(mode(f).lower(*args).source)
    checking = {name for name, text in made.items() if "two unknowns" in text or "below the ground" in text}
    assert checking == {inner}
    assert not any("far away" in text for name, text in made.items() if name != inner)


def test_a_rule_has_no_loop_whose_result_nobody_reads():
    made = functions(s2sad.grad(at_rest).lower(2.0).source)
    assert "for k" in made["balance"]
    assert all(text.count("for ") <= 1 for text in made.values())


def test_derivatives_of_functions_that_check_are_right():
    check(at_rest, 2.0)
    check(lambda a: fallen(a, 0.5), 9.0)


def test_what_the_solver_raises_is_raised():
    with pytest.raises(ValueError, match="below the ground"):
        s2sad.grad(fallen)(1e4, 0.5)


def called_outside(a):
    x = root(balance, np.array([1.1, 1.9]), args=(a,), tol=1e-12).x
    balance(np.append(x, a), a)
    return x[0] + x[1]


def test_what_the_program_calls_itself_is_checked():
    with pytest.raises(ValueError, match="two unknowns"):
        s2sad.grad(called_outside)(2.0)


def cubic(a):
    return brentq(lambda x: x**3 - a * x - 1.0, 0.0, 4.0)


def kepler(mean, e):
    def f(E):
        return E - e * np.sin(E) - mean

    return newton(f, mean)


def crossing(x, p):
    return [x[0] + p * np.cos(x[1]) - 4.0, x[1] * x[0] - x[1] - 5.0]


def crossed(p):
    s = fsolve(crossing, [1.0, 1.0], args=(p,))
    return s[0] * s[1]


def rosenbrock(x, a, b):
    return (a - x[0]) ** 2 + b * (x[1] - x[0] ** 2) ** 2


def lowest(a, b):
    found = minimize(rosenbrock, np.array([0.5, 0.5]), args=(a, b), method="BFGS", tol=1e-10)
    return found.x[0] * found.x[1]


def decay(t, height, rate, level):
    return height * np.exp(-rate * t) + level


def fitted_rate(t, y):
    popt, pcov = curve_fit(decay, t, y, p0=[1.0, 1.0, 0.0])
    return popt[1]


def area(a, b):
    return quad(lambda x: np.exp(-a * x**2), 0.0, b)[0]


def volume(a, b):
    return dblquad(lambda x, y: a * x * y**2, 0, b, lambda y: 0.0, lambda y: 1.0 - 0.5 * y)[0]


def prey_and_predators(t, z, a, b, c, d):
    x, y = z
    return [a * x - b * x * y, -c * y + d * x * y]


def at_the_end(rates, z0):
    a, b, c, d = rates
    sol = solve_ivp(prey_and_predators, [0, 15], z0, args=(a, b, c, d), rtol=1e-8, atol=1e-8)
    return np.sum(sol.y[:, -1] ** 2)


def pendulum(y, t, b, c):
    theta, omega = y
    return [omega, -b * omega - c * np.sin(theta)]


def swung(b, c, y0, t):
    return np.sum(odeint(pendulum, y0, t, args=(b, c))[:, 0] ** 2)


TIMES = np.linspace(0.0, 2.0, 12)
PROGRAMS = [
    (cubic, (2.0,)),
    (kepler, (1.0, 0.3)),
    (crossed, (1.0,)),
    (at_rest, (2.0,)),
    (lowest, (1.0, 10.0)),
    (fitted_rate, (TIMES, 2 * np.exp(-1.3 * TIMES) + 0.1)),
    (area, (1.0, 2.0)),
    (volume, (1.0, 1.0)),
    (at_the_end, (np.array([1.5, 1.0, 3.0, 1.0]), np.array([10.0, 5.0]))),
    (swung, (0.25, 5.0, np.array([3.0, 0.0]), np.linspace(0, 10, 101))),
]


@pytest.mark.parametrize("mode", [s2sad.grad, s2sad.value_and_grad, s2sad.hessian])
@pytest.mark.parametrize("f, args", PROGRAMS, ids=[f.__name__ for f, _ in PROGRAMS])
def test_a_module_says_everything_once(f, args, mode):
    tree = ast.parse(mode(f).lower(*args).source)
    made = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    entry = next(reversed(made))
    said = [(ast.unparse(n.args), ast.unparse(ast.Module(n.body, []))) for n in made.values()]
    assert len(set(said)) == len(said), "two functions are the same"
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    assert made.keys() - names == {entry}, "a function is not called"
    called = {c.func.id for c in ast.walk(tree) if isinstance(c, ast.Call) and isinstance(c.func, ast.Name)}
    passed = {a.id for c in ast.walk(tree) if isinstance(c, ast.Call) for a in c.args if isinstance(a, ast.Name)}
    written = {crossing, balance, rosenbrock, decay, prey_and_predators, pendulum}
    for name in (called & made.keys()) - passed - {w.__name__ for w in written} - {"f", "function"}:
        read = {n.id for n in ast.walk(made[name]) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        assert {a.arg for a in made[name].args.args} <= read, "a parameter is not read"
        last = made[name].body[-1]
        assert not (isinstance(last, ast.Return) and isinstance(last.value, ast.Tuple) and len(last.value.elts) == 1)
    assert "checked_like" not in names


def test_the_gradient_of_a_root_is_written_as_by_hand():
    assert functions(s2sad.grad(cubic).lower(2.0).source) == {
        "function": "def function(x, a):\n    return x ** 3 - a * x - 1.0",
        "cubic_grad": "\n    ".join(
            [
                "def cubic_grad(a):",
                '"""The gradient of cubic with respect to a."""',
                "v1 = scipy.optimize.brentq(function, 0.0, 4.0, args=(a,))",
                "x_bar = 3.0 * v1 ** 2 - a",
                "a_bar = v1 / x_bar",
                "return a_bar",
            ]
        ),
    }


def test_a_rule_says_its_theorem():
    made = functions(s2sad.grad(at_rest).lower(2.0).source)
    assert "implicit function theorem" in made["root_balance_vjp"]
    assert sum("implicit function theorem" in text for text in made.values()) == 1
