"""Programs on which the compiler once failed, each of them for its class."""

import math
from collections import OrderedDict
from enum import Enum
from functools import lru_cache, reduce
from itertools import repeat

import numpy as np
import pytest
from scipy import special

import s2sad
from s2sad.errors import UnsupportedCall


def step(a, y):
    c = a * y
    return np.tanh(c) * c


def repeated(x, n):
    y = x
    for _ in range(n):
        y = step(x, y)
    return np.sum(y)


def log_sum(a):
    m = np.max(a, axis=-1)
    return m + np.log(np.sum(np.exp(a - m[..., None]), axis=-1))


def closure_along(x):
    def cube(y):
        return np.sum(y * y * y * x)

    return s2sad.jvp(cube, (x,), (np.ones(3),))[1]


def ordered(x):
    order = list(range(len(x)))
    order[0] = 2
    rest = order[:1] + order[2:]
    return x[order[0]] * x[order[1]] + x[rest[1]] ** 3


def lower_ones(x):
    rows, cols = np.tril_indices(3)
    m = np.diag(x)
    m[rows, cols] = 1.0
    return np.sum(m.T * x)


def constants(x, n):
    for k in range(n):
        x = x * math.gamma(k + 1.5)
    return np.sum(x) * special.gammaln(2.5) + x[0] * math.lgamma(3.5)


class Kind(Enum):
    CALL = 1
    PUT = 2


def price(x, kind):
    return x**2 if kind is Kind.CALL else x**3 * kind.value


def members_of_an_enum(x):
    total = 0.0
    for kind in Kind:
        total += np.sum(price(x, kind)) * kind.value
    return total + sum(price(x[0], kind) for kind in Kind) * sum(kind.value for kind in list(Kind))


def is_false(x):
    done, y, n = False, x, 0
    while done is False:
        y = np.cos(y) * x
        n += 1
        if n >= 4:
            done = True
    z = x**2 if np.allclose(x, x + 1) is not True else x
    return np.sum(y * z)


def imports_inside(x):
    import math
    from functools import reduce

    import numpy.linalg as la
    import scipy.special
    from numpy import diag, pi

    whole = reduce(lambda a, b: a * b, x) + scipy.special.gamma(2.5)
    return la.det(diag(x) + 1.0) * math.sin(x[0]) * pi + whole


def ranges_as_indices(x):
    m = np.exp(np.outer(x, x))
    n, labels = len(m), [0, 2, 1]
    scores = m.copy()
    scores[range(n), labels] -= 1.0
    return -np.sum(np.log(m[range(n), labels])) + np.sum(scores**2) + np.sum(m[range(0, n, 2)] ** 2)


def conversions_are_copies(x):
    a = np.outer(x, x).astype(float)
    b = a.astype(np.float64)
    b[[0, 1]] = b[[1, 0]]
    b[2, :] -= x[0] * b[0, :]
    return np.sum(a * b)


STOPS_EARLY = False


def returns_inside_alone(x):
    for _ in range(10):
        x = x * 1.5
        if np.max(x) > 3.0:
            return np.sum(x**3)


def adds_what_returns(x):
    return sum(returns_inside_alone(x * k) for k in range(1, 3))


def leaves_never(x, tolerance=None):
    y = x
    for _ in range(4):
        if STOPS_EARLY:
            return x
        z = np.sin(y) * x
        if tolerance is not None and np.max(np.abs(z - y)) < tolerance:
            return z
        y = z
    return y


def told_of_steps(x, each):
    y = x
    for _ in range(4):
        y = y * x
        if each(y):
            return


def tells_of_steps(x):
    kept, total = [], 0.0

    def each(y):
        nonlocal total
        kept.append(y)
        total += np.sum(y)
        return False

    told_of_steps(x, each)
    return np.sum(kept[0] * kept[1]) * total


def rows_for(values):
    try:
        n = len(values)
    except TypeError:
        rows = np.zeros(3)
    else:
        rows = np.zeros((3, n))
    rows[0] = values
    return rows


def certain_try(x):
    a, b = rows_for((x[0], 2.0))[0] + x[1]
    return a * b


def one_item(x):
    m = np.outer(x, x)
    row = (m[:1] @ m[:, :1]).item() * m[: len(x) // 3, :1].item()
    return row + m.item(4) ** 2 + m.item(1, 2) ** 3 + m.item((2, 0)) + m[0].item(1) + m.sum().item()


def lists_for_arrays(x):
    a, b, c = x
    total = np.dot([a, b], [c, 2.0]) * np.sum(np.square([a, 3.0])) + np.cross([a, 0, 1.0], [0.0, b, c]) @ x
    total += np.linalg.det(np.diag([a, b, 2.0]) + np.ones((3, 3))) + np.linalg.norm([a, b])
    total += np.linalg.solve([[a, 1.0], [2.0, b]], [c, 1.0]) @ [1.0, a]
    total += np.outer([a, 1.0], (b, c)).sum() + np.einsum("i,i", [a, b], [c, 1.0]) + np.take([a * b, b, c], [0, 2])[1]
    return total + np.where([True, False, True], x, [1.0, 2.0, 3.0]).sum() + np.cumsum([a, b])[-1] * np.argmax([a, 5.0])


def ordered_groups(x):
    groups = OrderedDict([("a", x[0]), ("b", x[1])])
    groups["c"] = x[2]
    squares = (x**2).tolist()
    squares.append(x[0])
    return sum(v**2 * (k + 1) for k, v in enumerate(groups.values())) + sum(v * k for k, v in enumerate(squares))


def sums_that_begin_as_numbers(x):
    m = np.outer(x, x) + np.eye(3)
    H = 0
    for i in range(9):
        H = H + m * (i + 1)
    G = 1.0
    for i in range(3):
        G *= m[i]
    K = sum(m @ m * k for k in range(2))
    return np.sum(H @ m) + np.sum(K @ G)


def kronecker_chains(x):
    one, z = np.eye(2), np.diag([1.0, -1.0])
    terms = [reduce(np.kron, [z * x[k] if k == i else one for k in range(3)]) for i in range(3)]
    H = sum(terms)
    return np.sum((H @ H) ** 2)


def remembered_calls(x):
    @lru_cache(None)
    def basis(i, k):
        if k == 0:
            return 1.0 if i == 1 else 0.0
        return x[0] * basis(i, k - 1) + x[1] * basis(i + 1, k - 1)

    @lru_cache(maxsize=8)
    def cube(k):
        return x[k] ** 3

    return sum(basis(i, 2) * cube(i) for i in range(3))


def sets_and_diagonals(x):
    names = {"a", "b", "c"} - {"b"}
    held = {name: x[i] for i, name in enumerate(sorted(names))}
    y = x
    for _ in repeat(None, 3):
        y = np.sin(y) * x
    corner = np.linalg.det(np.diagflat([x[0], x[1]]) + np.diagflat([x[2]], 1) + 1)
    return held["a"] * held["c"] * len({1, 2}) + np.sum(y) + corner


X = np.array([0.3, 1.2, -0.7])
PROGRAMS = [
    *((f, (X,)) for f in (sums_that_begin_as_numbers, kronecker_chains, sets_and_diagonals, remembered_calls)),
    *((f, (X,)) for f in (one_item, lists_for_arrays, ordered_groups)),
    *((f, (X,)) for f in (returns_inside_alone, adds_what_returns, leaves_never, tells_of_steps, certain_try)),
    *((f, (X,)) for f in (members_of_an_enum, is_false, imports_inside, ranges_as_indices, conversions_are_copies)),
    (repeated, (X, 3)),
    (lambda x: 2.0 * log_sum(x), (X,)),
    (closure_along, (X,)),
    (ordered, (X,)),
    (lower_ones, (X,)),
    (constants, (X, 3)),
]


@pytest.mark.parametrize(("f", "args"), PROGRAMS)
def test_both_modes_and_second_order(f, args):
    s2sad.check_grads(f, args, order=2)


def bound_in_a_loop(u, c, n):
    for t in range(n + 1):
        z = np.sin(u) * (t + 1.0)
        u = u + z * c
    return np.sum(u * z)


@pytest.mark.parametrize("outer", [s2sad.jacfwd, s2sad.jacrev])
@pytest.mark.parametrize("inner", [s2sad.jacfwd, s2sad.jacrev])
def test_names_bound_in_a_loop_alone_are_there_behind_it(outer, inner):
    u, c = X[:2], np.array([0.1, 0.2])
    expected = np.stack([s2sad.hvp(bound_in_a_loop)(u, c, 2, unit) for unit in np.eye(2)])
    np.testing.assert_allclose(outer(inner(bound_in_a_loop))(u, c, 2), expected, atol=1e-14)


def scaled(x, k=2.0):
    return k * np.sum(x**3)


def test_products_with_the_hessian_of_functions_with_defaults():
    np.testing.assert_allclose(s2sad.hvp(scaled)(X, X), 12.0 * X * X)
    np.testing.assert_allclose(s2sad.hvp(scaled)(X, 1.0, X), 6.0 * X * X)
    np.testing.assert_allclose(s2sad.linearize(scaled, X)[1](X), 6.0 * np.sum(X**3))


def by_rows(w, s):
    x = np.zeros(len(s))
    for _ in range(3):
        for k in range(len(w)):
            row = w[k]
            for i in range(len(s)):
                x[i] = x[i] * row[i] + s[i]
    return np.sum(x)


def test_an_element_of_a_row_costs_that_element():
    w, s = np.outer(X[:2], X), X
    s2sad.check_grads(by_rows, (w, s), order=2)
    assert "w_bar[k] += x_bar * x_is[k]" in s2sad.grad(by_rows).lower(w, s).source


def test_a_row_handed_to_a_function_does_not_copy_the_array():
    def path(start, steps):
        states = np.empty((steps + 1, len(start)))
        states[0] = start
        for k in range(steps):
            states[k + 1] = step(step(states[k], start), start)
        return np.sum(states**2)

    s2sad.check_grads(path, (X, 3), order=2)
    source = s2sad.grad(path).lower(X, 3).source
    assert "states[k].copy()" in source and "states.copy()" not in source


def pushed(x, steps):
    y = x
    for _ in range(steps):
        r = np.sqrt(y @ y)
        if r < 1.0:
            n = y / r
            y = y + (1.0 - r) * n
        y = 0.9 * y
    return np.sum(y)


def test_native_code_keeps_arrays_of_branches():
    pytest.importorskip("numba")
    x = np.array([0.6, 2.0])
    s2sad.check_grads(pushed, (x, 8))
    np.testing.assert_allclose(s2sad.grad(pushed, backend="numba")(x, 8), s2sad.grad(pushed)(x, 8))


def test_functions_without_a_rule_stand_as_they_are_where_nothing_depends_on_them():
    source = s2sad.grad(constants).lower(X, 3).source
    assert "math.gamma(k + 1.5)" in source and source.count("import math\n") == 1
    with pytest.raises(UnsupportedCall, match="no derivative rule"):
        s2sad.grad(lambda x: np.sum(np.lib.stride_tricks.as_strided(x, (2,), (8,))))(X)


@pytest.mark.parametrize(
    "f", [lambda x: np.sum(x) * np.max(x, axis=-1, keepdims=True)[..., 0], lambda x: x[..., 0] ** 2]
)
def test_native_code_with_an_ellipsis(f):
    pytest.importorskip("numba")
    np.testing.assert_allclose(s2sad.grad(f, backend="numba")(X), s2sad.grad(f)(X))


def underscore(x, n):
    _ = x * 2.0
    for _k in range(n):
        x = x * 0.5
    return x * _


def underscore_given(x, n, _):
    for _k in range(n):
        x = x * 0.5
    return x * _


def keys_of_all_kinds(p, x):
    y = p["np"] * x + p["lambda"] * np.sin(p["len"]) + p["_"] * p["range"] + p["v1"] ** 2
    for _k in range(3):
        y = y * p["range"] + p["self"]
    return np.sum(y) * p["_"]


KEYS = {k: 1.0 + 0.1 * i for i, k in enumerate(("np", "lambda", "len", "_", "range", "v1", "self"))}


@pytest.mark.parametrize(
    ("f", "args"), [(underscore, (3.0, 3)), (underscore_given, (3.0, 3, 2.0)), (keys_of_all_kinds, (KEYS, X))]
)
def test_a_name_is_no_other_value(f, args):
    s2sad.check_grads(f, args)


def gives_a_function(x):
    return lambda t: t * x


def test_what_gives_no_value_is_refused():
    for call in (lambda: s2sad.jvp(gives_a_function, (1.0,), (1.0,)), lambda: s2sad.grad(gives_a_function)(1.0)):
        with pytest.raises(s2sad.errors.UnsupportedType, match="no value"):
            call()


def by_sign(p, x):
    if p > 0.0:
        return x @ x - p
    scaled = p * (0.5 * np.eye(3))
    return scaled[1, 1] * p


def called_in_the_branch_of_a_loop(x):
    total = 1.0
    for e in x:
        if e > -1.0:  # noqa: SIM108  (a branch of statements is meant)
            total = by_sign(total, x) * e
        else:
            total = by_sign(by_sign(total, np.cos(x)), x) * total
    return total


@pytest.mark.parametrize("x", [[0.2, 0.7, -1.5], [0.9, -1.2, 0.1], [-1.1, -1.2, -1.3]])
def test_what_the_branch_of_a_callee_leaves_unbound_is_repeated_in_its_own_shape(x):
    x = np.array(x)
    found = s2sad.hessian(called_in_the_branch_of_a_loop)(x)
    gradient = s2sad.grad(called_in_the_branch_of_a_loop)
    for k, unit in enumerate(np.eye(3)):
        difference = (gradient(x + 1e-6 * unit) - gradient(x - 1e-6 * unit)) / 2e-6
        np.testing.assert_allclose(found[k], difference, rtol=1e-6, atol=1e-6)


def a_list_joined_with_itself(x):
    squares = []
    for k in range(len(x)):
        squares.append(x[k] * x[k])
    twice = squares + squares
    total = 0.0
    for k in range(len(twice)):
        total = total + twice[k] * x[0] * (k + 1.0)
    return total


def test_a_list_that_stands_twice_in_one_operation():
    x = np.array([0.3, -0.7, 1.1])
    expected = np.array([5 * 3 * x[0] ** 2 + 7 * x[1] ** 2 + 9 * x[2] ** 2, 14 * x[0] * x[1], 18 * x[0] * x[2]])
    np.testing.assert_allclose(s2sad.grad(a_list_joined_with_itself)(x), expected, rtol=1e-12)
    np.testing.assert_allclose(s2sad.jacfwd(a_list_joined_with_itself)(x), expected, rtol=1e-12)
    hessian = s2sad.hessian(a_list_joined_with_itself)(x)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-12)
    np.testing.assert_allclose(np.diag(hessian), [30 * x[0], 14 * x[0], 18 * x[0]], rtol=1e-12)


def an_array_or_an_element(v, full):
    return np.tanh(v) * 2.0 if full else v[1] * 3.0


def of_an_array_or_an_element(x, n):
    return np.tanh(np.sum(an_array_or_an_element(x, n > 1)))


def squares_of_its_gradient(x, n):
    return np.sum(s2sad.grad(of_an_array_or_an_element)(x, n) ** 2)


@pytest.mark.parametrize("n", [0, 2])
def test_the_way_not_taken_gives_an_array_of_the_shape_that_is_read_of_it(n):
    x, eps = np.array([0.1, 0.2, 0.3]), 1e-6
    found = s2sad.grad(squares_of_its_gradient)(x, n)
    values = [[squares_of_its_gradient(x + s * unit, n) for s in (eps, -eps)] for unit in np.eye(3)]
    np.testing.assert_allclose(found, [(up - down) / (2 * eps) for up, down in values], rtol=1e-6, atol=1e-6)


def a_mask_behind_a_sum_with_a_constant(x):
    top = np.maximum(x, 0.0)
    return np.sum((np.exp(-0.1 / top) + np.array([0.7, 0.2, -0.4]))[top > 0.3])


@pytest.mark.filterwarnings("ignore")
def test_a_mask_of_an_array_whose_length_may_be_another():
    x = np.array([-0.8, 0.9, -0.2])
    expected = [0.0, np.exp(-0.1 / 0.9) * 0.1 / 0.9**2, 0.0]
    np.testing.assert_allclose(s2sad.grad(a_mask_behind_a_sum_with_a_constant)(x), expected, rtol=1e-12)
