"""Linear models and programs, assignments and monotone fits: what is solved without a function."""

import numpy as np
import pytest
from scipy import optimize, sparse
from scipy.optimize import (
    Bounds,
    LinearConstraint,
    isotonic_regression,
    linear_sum_assignment,
    linprog,
    lsq_linear,
    milp,
    nnls,
)

import s2sad
from tests.scipy.solved import check

rng = np.random.default_rng(3)
A, B = rng.normal(size=(7, 3)), rng.normal(size=7)
WIDE = A @ rng.normal(size=(3, 5))


def free_model(a):
    res = lsq_linear(A * a, B + a)
    return res.x @ np.array([1.0, 2.0, 3.0]) + res.cost


def bounded_model(a):
    res = lsq_linear(A + 0.1 * a, B, bounds=([-0.1, -np.inf, 0.0], [0.1 * a, np.inf, 9.0]), tol=1e-15)
    return res.x.sum() + np.sum(res.fun**2)


def model_in_a_box(a):
    return lsq_linear(A, a * B, Bounds(np.full(3, -0.05 * a), np.full(3, 0.02)), method="bvls", tol=1e-15).x @ np.array(
        [1.0, 2.0, 3.0]
    )


def model_of_lists(a):
    return lsq_linear([[1.0, a], [a, 3.0], [1.0, 1.0]], [1.0, a, 2.0]).x.sum()


def positive_model(a):
    x, norm = nnls(A, a * B + A @ np.array([1.0, -1.0, 0.5 * a]))
    return x.sum() * norm


def program(a):
    """The example of SciPy's documentation."""
    res = linprog(
        [-1.0, 4.0 * a], A_ub=[[-3.0, 1.0], [1.0, 2.0]], b_ub=[6.0, 4.0 * a], bounds=[(None, None), (-3, None)]
    )
    return res.x[0] * a + res.fun + res.slack[0]


def diet(a):
    cost = np.array([1.0, 2.0 * a, 3.0])
    content = np.array([[1.0, 2.0, a], [3.0, 1.0, 2.0]])
    res = linprog(cost, A_ub=-content, b_ub=-a * np.array([4.0, 5.0]))
    if not res.success:
        raise ValueError(res.message)
    return res.fun


def program_with_equations(a):
    res = linprog(
        c=a * np.array([1.0, 3.0, 2.0]),
        A_eq=np.array([[1.0, a, 1.0]]),
        b_eq=np.array([4.0 * a]),
        bounds=(0.1 * a, 2.0),
        method="highs-ds",
    )
    return res.x @ np.array([1.0, 2.0, 3.0]) + res.fun


def monotone(a):
    y = np.array([1.5 * a, 1.0, 4.0, 6.0 * a, 5.7, 5.0, 7.8, 9.0, 7.5 * a, 9.5, 9.0])
    return isotonic_regression(y).x @ np.sin(np.arange(11.0))


def weighted_descent(a):
    y = np.array([3.0, 5.0 * a, 2.0, 2.5, 1.0])
    res = isotonic_regression(y, weights=np.array([1.0, a, 2.0, 1.0, a * a]), increasing=False)
    return res.x @ np.arange(5.0)


PROGRAMS = [
    free_model,
    bounded_model,
    model_in_a_box,
    model_of_lists,
    positive_model,
    program,
    diet,
    program_with_equations,
    monotone,
    weighted_descent,
]
TWICE = [bounded_model, diet, monotone]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_linear(program):
    check(program, 1.3, second=program in TWICE)


def test_a_model_has_the_derivative_of_the_normal_equations():
    def f(b):
        return lsq_linear(A, b).x

    expected = np.linalg.pinv(A)
    np.testing.assert_allclose(s2sad.jacrev(f)(B), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(s2sad.jacfwd(f)(B), expected, rtol=1e-9, atol=1e-12)


def test_the_least_cost_has_the_marginals_of_the_program():
    cost, matrix, right = (
        np.array([-1.0, -2.0, -1.5]),
        np.array([[1.0, 2.0, 1.0], [3.0, 1.0, 2.0]]),
        np.array([4.0, 6.0]),
    )

    def f(c, b, high):
        return linprog(c, matrix, b, bounds=[(0.0, high), (0.0, 1.0), (0.0, 9.0)]).fun

    res = linprog(cost, matrix, right, bounds=[(0.0, 1.5), (0.0, 1.0), (0.0, 9.0)])
    by_cost, by_right, by_bound = s2sad.grad(f, argnums=(0, 1, 2))(cost, right, 1.5)
    np.testing.assert_allclose(by_cost, res.x, atol=1e-12)
    np.testing.assert_allclose(by_right, res.ineqlin.marginals, atol=1e-12)
    np.testing.assert_allclose(by_bound, res.upper.marginals[0], atol=1e-12)


def test_a_program_without_one_vertex_has_no_derivative():
    def by_price(a):
        return linprog([-1.0, -a], A_ub=[[1.0, 1.0]], b_ub=[1.0]).x[0]

    with pytest.raises(RuntimeError, match=r"scipy\.optimize\.linprog found one minimum of several"):
        s2sad.grad(by_price)(1.0)

    def degenerate(a):
        return linprog([-1.0, -1.0], A_ub=[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], b_ub=[1.0, a, 2.0]).x[0]

    with pytest.raises(RuntimeError, match=r"scipy\.optimize\.linprog found no vertex"):
        s2sad.grad(degenerate)(1.0)

    def infeasible(a):
        return linprog([1.0], A_ub=[[1.0]], b_ub=[-a]).fun

    with pytest.raises(RuntimeError, match=r"scipy\.optimize\.linprog found no minimum"):
        s2sad.grad(infeasible)(1.0)


def test_a_model_whose_columns_depend_on_each_other_has_no_derivative():
    def f(b):
        return lsq_linear(np.ones((3, 2)), b).x[0]

    with pytest.raises(np.linalg.LinAlgError):
        s2sad.grad(f)(np.ones(3))

    def nearly(b):
        return lsq_linear(WIDE, b).x[0]

    with pytest.raises(np.linalg.LinAlgError, match="depend on each other"):
        s2sad.grad(nearly)(B)


def test_a_model_that_its_bounds_determine():
    matrix = np.array([[1.0, 2.0, 0.5], [0.3, 1.0, 2.0]])

    def f(b):
        return nnls(matrix, b)[0]

    b = np.array([2.0, 0.5])
    held = f(b) == 0.0
    assert held.any()
    expected = np.zeros((3, 2))
    expected[~held] = np.linalg.pinv(matrix[:, ~held])
    np.testing.assert_allclose(s2sad.jacrev(f)(b), expected, rtol=1e-9, atol=1e-12)


def test_what_is_refused():
    def whole(a):
        return milp(np.array([a, 1.0]), integrality=np.ones(2), bounds=Bounds(0, 3)).fun

    with pytest.raises(s2sad.Error, match=r"scipy\.optimize\.milp\.fun: whole numbers do not move"):
        s2sad.grad(whole)(1.0)

    def whole_under_constraints(a):
        line = LinearConstraint(np.ones((1, 2)), 1.0, a)
        return milp(np.ones(2), constraints=line).x[0]

    with pytest.raises(s2sad.Error, match="whole numbers do not move"):
        s2sad.grad(whole_under_constraints)(2.5)

    def sparsely(a):
        return lsq_linear(sparse.eye(3, format="csr"), a * np.ones(3)).x[0]

    with pytest.raises(s2sad.Error, match=r"scipy\.optimize\.lsq_linear"):
        s2sad.grad(sparsely)(1.0)

    def marginals(a):
        return linprog([a], bounds=(1, 2)).lower.marginals[0]

    with pytest.raises(s2sad.Error, match="lower of what a solver gives"):
        s2sad.grad(marginals)(1.0)


def test_whole_numbers_that_nothing_moves():
    def f(a):
        return a * milp(np.array([-1.0, 1.0]), integrality=np.ones(2), bounds=Bounds(0, 3)).x[0]

    assert s2sad.grad(f)(2.0) == 3.0


def test_an_assignment_is_data():
    def f(cost):
        rows, columns = linear_sum_assignment(cost)
        return cost[rows, columns].sum()

    cost = np.array([[4.0, 1.0, 3.0], [2.0, 0.0, 5.0], [3.0, 2.0, 2.0]])
    expected = np.zeros((3, 3))
    expected[optimize.linear_sum_assignment(cost)] = 1.0
    np.testing.assert_array_equal(s2sad.grad(f)(cost), expected)
    np.testing.assert_allclose(s2sad.jvp(f, (cost,), (np.ones((3, 3)),))[1], 3.0)
