"""What is emitted for programs that call solvers: what an engineer would have written, and no more."""

import ast

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import root

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
