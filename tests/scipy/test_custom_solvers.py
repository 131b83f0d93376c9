"""Solvers of the user's: their derivative is that of the equation, whatever they do."""

import numpy as np
import pytest

import s2sad
from tests.scipy.solved import check, check_examples


def newton(f, x):
    for _ in range(30):
        x = x - f(x) / s2sad.grad(f)(x)
    return x


def newton_of_vectors(f, x):
    for _ in range(20):
        x = x - np.linalg.solve(s2sad.jacfwd(f)(x), f(x))
    return x


def dense(g, y):
    return np.linalg.solve(s2sad.jacfwd(g)(y), y)


def conjugate_gradients(matvec, b):
    x, r = np.zeros_like(b), b
    p, rs = r, r @ r
    for _ in range(len(b) + 3):
        q = matvec(p)
        step = rs / (p @ q + 1e-300)
        x, r = x + step * p, r - step * q
        before, rs = rs, r @ r
        p = r + rs / (before + 1e-300) * p
    return x


def cube_root(a):
    return s2sad.custom_root(lambda x: x**3 - a, 1.0, newton, lambda g, y: y / g(1.0)) ** 2


def system(a):
    A = np.array([[2.0, 0.5], [0.3, 1.0]])
    x = s2sad.custom_root(
        lambda x: A @ x + 0.1 * x**3 - a * np.array([1.0, 2.0]), np.zeros(2), newton_of_vectors, dense
    )
    return np.sum(x**2)


def damped(a):
    scale = 1.0 + a**2
    return s2sad.custom_root(lambda x: np.exp(x) - a, 0.0, newton, lambda g, y: (y * scale) / (g(1.0) * scale))


def symmetric(a):
    A = np.array([[4.0, 1.0, 0.0], [1.0, 3.0, a], [0.0, a, 5.0]])
    b = np.array([1.0, 2.0, a])
    return np.sum(s2sad.custom_linear_solve(lambda x: A @ x, b, conjugate_gradients, symmetric=True) ** 2)


def with_transposed(a):
    A = np.array([[4.0, a], [1.0, 3.0]])
    return np.sum(s2sad.custom_linear_solve(lambda x: A @ x, np.array([1.0, a]), dense, dense) ** 2)


def as_vector(x):
    return np.concatenate([x["u"], np.array([x["v"]])])


def as_dict(z):
    return {"u": z[:2], "v": z[2]}


def solve_of_dicts(g, y):
    matrix = s2sad.jacfwd(lambda z: as_vector(g(as_dict(z))))(np.zeros(3))
    return as_dict(np.linalg.solve(matrix, as_vector(y)))


def newton_of_dicts(f, x):
    z = as_vector(x)
    for _ in range(20):
        z = z - np.linalg.solve(s2sad.jacfwd(lambda z: as_vector(f(as_dict(z))))(z), as_vector(f(as_dict(z))))
    return as_dict(z)


A = np.array([[2.0, 0.5], [0.3, 1.0]])


def root_in_a_dict(a):
    def f(x):
        rest = A @ x["u"] + 0.1 * x["u"] ** 3 - a * x["v"] * np.array([1.0, 2.0])
        return {"u": rest, "v": x["v"] ** 3 + x["u"][0] - a}

    x = s2sad.custom_root(f, {"u": np.zeros(2), "v": 1.0}, newton_of_dicts, solve_of_dicts)
    return x["u"] @ x["u"] + x["v"]


def system_in_a_dict(a):
    def matvec(x):
        return {"u": a * A @ x["u"] + x["v"], "v": 2 * x["v"] + x["u"][1]}

    x = s2sad.custom_linear_solve(matvec, {"u": np.array([1.0, a]), "v": a**2}, solve_of_dicts, solve_of_dicts)
    return x["u"].sum() * x["v"]


def solve_of_pairs(g, y):
    matrix = s2sad.jacfwd(lambda z: np.array(g((z[0], z[1]))))(np.zeros(2))
    z = np.linalg.solve(matrix, np.array(y))
    return z[0], z[1]


def newton_of_pairs(f, x):
    z = np.array(x)
    for _ in range(30):
        z = z - np.linalg.solve(s2sad.jacfwd(lambda z: np.array(f((z[0], z[1]))))(z), np.array(f((z[0], z[1]))))
    return z[0], z[1]


def root_in_a_pair(a):
    x, y = s2sad.custom_root(
        lambda z: (z[0] ** 2 + z[1] - a, z[0] - a * z[1] ** 3), (1.0, 1.0), newton_of_pairs, solve_of_pairs
    )
    return x * y


def system_in_a_list(a):
    def solve(g, y):
        return list(solve_of_pairs(g, y))

    x = s2sad.custom_linear_solve(lambda x: [a * x[0] + x[1], 2 * x[1]], [a, 3.0], solve, solve)
    return x[0] * x[1]


def counted_newton(f, x):
    count = 0
    while abs(f(x)) > 1e-13:
        x, count = x - f(x) / s2sad.grad(f)(x), count + 1
    return x, count


def with_a_count(a):
    x, count = s2sad.custom_root(lambda x: x**3 - a, 1.0, counted_newton, lambda g, y: y / g(1.0), has_aux=True)
    return x * a if count < 50 else 0.0


def with_a_report(a):
    def solve(matvec, b):
        return dense(matvec, b), "solved"

    x, report = s2sad.custom_linear_solve(lambda x: a * A @ x, np.array([1.0, a]), solve, solve, has_aux=True)
    return x.sum()


PROGRAMS = [cube_root, system, damped, symmetric, with_transposed]
IN_CONTAINERS = [root_in_a_dict, system_in_a_dict, root_in_a_pair, system_in_a_list, with_a_count, with_a_report]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_custom_solvers(program):
    check(program, 1.3)


@pytest.mark.parametrize("program", IN_CONTAINERS, ids=lambda f: f.__name__)
def test_what_is_solved_for_may_be_a_container(program):
    check(program, 1.3, second=program in (root_in_a_dict, system_in_a_list))


@pytest.mark.parametrize("program", [cube_root, symmetric], ids=lambda f: f.__name__)
def test_examples(program):
    check_examples(program, 1.3)


def test_the_solver_is_not_differentiated():
    def bisection(f, x):
        low, high = 0.0, 4.0
        for _ in range(60):
            middle = 0.5 * (low + high)
            if f(middle) > 0.0:
                high = middle
            else:
                low = middle
        return 0.5 * (low + high)

    def f(a):
        return s2sad.custom_root(lambda x: x * x - a, 1.0, bisection, lambda g, y: y / g(1.0))

    np.testing.assert_allclose(s2sad.grad(f)(2.0), 0.5 / np.sqrt(2.0), rtol=1e-12)


def test_reverse_mode_asks_for_the_transposed_solve():
    def f(a):
        return s2sad.custom_linear_solve(lambda x: a * x, np.ones(2), dense)[0]

    np.testing.assert_allclose(s2sad.jvp(f, (2.0,), (1.0,))[1], -0.25)
    with pytest.raises(s2sad.Error, match="custom_linear_solve in reverse mode with these arguments"):
        s2sad.grad(f)(2.0)
