"""Functions of NumPy as programs call them: of lists, of the rows of an array, of plain numbers; and differentiated."""

import math
import pickle

import numpy as np
import pytest

import s2sad

OF_LISTS = {
    "mean": lambda x: np.mean([x, x * x]),
    "std": lambda x: np.std([x, x * x, 2.0]),
    "norm": lambda x: np.linalg.norm([x, x + 2.0]),
    "sum of a tuple": lambda x: np.sum((x, 2.0 * x)),
    "sum of rows": lambda x: np.sum([[x, 2.0 * x], [x * x, 1.0]], axis=0)[1],
    "diag": lambda x: np.sum(np.diag([x, x * x])),
    "take": lambda x: np.take([x, 2.0 * x], 1),
    "dot": lambda x: np.dot([x, 2.0 * x], [1.0, x]),
    "max": lambda x: np.max([x, 2.0 * x, -x]),
    "cumsum": lambda x: np.cumsum([x, 2.0 * x])[1],
    "multiply": lambda x: np.sum(np.multiply([x, 1.0], x)),
    "operator": lambda x: np.sum(np.ones(2) * [x, 2.0 * x]) + np.sum([x, 2.0 * x] * np.ones(2)),
    "matmul": lambda x: np.sum(np.eye(2) @ [x, 2.0 * x]),
    "exp": lambda x: np.sum(np.exp([x, 2.0 * x])),
    "outer": lambda x: np.sum(np.outer([x, 1.0], (x, 2.0))),
    "det": lambda x: np.linalg.det([[x, 1.0], [2.0, x * x]]),
    "solve": lambda x: np.sum(np.linalg.solve([[x, 1.0], [2.0, x * x]], [1.0, x])),
    "inv": lambda x: np.sum(np.linalg.inv([[x, 1.0], [0.0, x]])),
    "where": lambda x: np.sum(np.where([True, False], [x, 2.0], [1.0, x])),
    "meshgrid": lambda x: np.sum(np.meshgrid([x, 1.0], [x, 2.0])[0]),
    "clip": lambda x: np.sum(np.clip([x, 2.0 * x], 0.0, 3.0)),
    "sort": lambda x: np.sort([x, -x])[0],
    "reshape": lambda x: np.sum(np.reshape([x, 2.0 * x], (2, 1)) ** 2),
    "einsum": lambda x: np.einsum("i,i->", [x, 1.0], [x, x]),
    "concatenate": lambda x: np.sum(np.concatenate([[x, 2.0 * x], [x]]) ** 2),
    "stack": lambda x: np.sum(np.stack([[x, 2.0 * x], (x, 1.0)]) ** 2),
    "vstack": lambda x: np.sum(np.vstack([[x, 2.0 * x], [x, 1.0]]) ** 2),
    "fft": lambda x: np.sum(np.abs(np.fft.fft([x, 2.0 * x]))),
}


@pytest.mark.parametrize("name", OF_LISTS)
def test_lists_count_as_arrays(name):
    program = OF_LISTS[name]
    assert s2sad.value_and_grad(program)(1.3)[0] == pytest.approx(program(1.3), rel=1e-12)
    s2sad.check_grads(program, (1.3,), order=2)


def weighted(y):
    return np.sum(np.sin(y) * np.arange(1.0, y.size + 1.0).reshape(y.shape))


def of_rows(join, axis):
    return lambda x: weighted(join(2.0 * x, **axis))


def of_growing(join, axis):
    def program(x):
        rows = []
        for i in range(x.shape[0]):
            rows.append(2.0 * x[i])
        return weighted(join(rows, **axis))

    return program


AXES = [{}, {"axis": 1}, {"axis": -1}, {"axis": None}, {"axis": 2}]


@pytest.mark.parametrize("made", [of_rows, of_growing])
@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("join", [np.concatenate, np.stack, np.vstack, np.hstack])
def test_joins_of_rows(join, axis, made):
    program, tried = made(join, axis), 0
    for rank in (1, 2, 3, 4):
        x = np.random.default_rng(rank).normal(size=(2, 3, 4, 2)[:rank])
        try:
            expected = program(x)
        except (ValueError, TypeError, np.exceptions.AxisError):
            continue
        assert s2sad.value_and_grad(program)(x)[0] == pytest.approx(expected, rel=1e-12)
        s2sad.check_grads(program, (x,))
        tried += 1
    assert tried or axis


OF_NUMBERS = {
    "reshape": lambda x: np.sum(np.reshape(x, (1, 1)) * 2.0),
    "ravel": lambda x: np.sum(np.ravel(x) ** 2),
    "transpose": lambda x: np.transpose(x) * x,
    "expand_dims": lambda x: np.sum(np.expand_dims(x, 0) ** 2),
    "squeeze": lambda x: np.squeeze(x) * x,
    "atleast_2d": lambda x: np.sum(np.atleast_2d(x) ** 2),
    "repeat": lambda x: np.sum(np.repeat(x, 3) ** 2),
    "tile": lambda x: np.sum(np.tile(x, 3) ** 2),
    "prod": lambda x: np.prod(x) * x,
    "cumprod": lambda x: np.sum(np.cumprod(x) ** 2),
    "cumsum": lambda x: np.sum(np.cumsum(x) ** 2),
    "kron": lambda x: np.kron(x, x) * 1.0,
    "outer": lambda x: np.sum(np.outer(x, x)),
    "parts": lambda x: np.real(x * 1j) + np.imag(x * 1j) ** 2,
    "roll": lambda x: np.sum(np.roll(x, 1) ** 2),
    "astype": lambda x: np.astype(np.asarray(x), float) ** 2,
    "mean": lambda x: np.mean(x) * np.max(x),
}


@pytest.mark.parametrize("x", [1.5, np.float64(1.5), np.array(1.5)], ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("name", OF_NUMBERS)
def test_numbers_count_as_arrays(name, x):
    program = OF_NUMBERS[name]
    assert s2sad.value_and_grad(program)(x)[0] == pytest.approx(program(x), rel=1e-12)
    s2sad.check_grads(program, (x,), order=2)


X, A = np.array([0.5, 1.5, -2.0]), np.array([[2.0, 0.3, 0.1], [0.2, 1.5, 0.4], [0.0, 0.1, 3.0]])
TARGETS = [
    (np.sum, (X,)),
    (np.sum, (A, 0)),
    (np.mean, (X,)),
    (np.prod, (X,)),
    (np.max, (X,)),
    (np.std, (X,)),
    (np.linalg.norm, (X,)),
    (np.linalg.det, (A,)),
    (np.linalg.solve, (A, X)),
    (np.dot, (A, X)),
    (np.outer, (X, X)),
    (np.einsum, ("i,ij->j", X, A)),
    (np.reshape, (A, (9,))),
    (np.cumsum, (X,)),
    (np.sort, (X,)),
    (np.clip, (X, -1.0, 1.0)),
    (np.where, (X > 0, X, 2.0 * X)),
    (math.hypot, (3.0, 4.0)),
    (math.log, (3.0, 2.0)),
    (max, (1.0, 2.0)),
]


@pytest.mark.parametrize(("function", "arguments"), TARGETS, ids=lambda a: getattr(a, "__name__", ""))
def test_functions_of_libraries_are_differentiated_themselves(function, arguments):
    s2sad.check_grads(function, arguments, order=2)
    np.testing.assert_allclose(s2sad.linearize(function, *arguments)[0], function(*arguments))
    again = pickle.loads(pickle.dumps(s2sad.jacrev(function, next(k for k, a in enumerate(arguments) if is_float(a)))))
    np.testing.assert_allclose(again(*arguments), s2sad.jacfwd(again.target, again.transform.argnums[0])(*arguments))


def is_float(x):
    return np.asarray(x).dtype.kind == "f"


def test_operators_of_functions_of_libraries():
    np.testing.assert_allclose(s2sad.hessian(np.prod)(X), s2sad.hessian(lambda x: np.prod(x))(X))
    np.testing.assert_allclose(s2sad.hvp(np.prod)(X, X), s2sad.hessian(np.prod)(X) @ X)
    np.testing.assert_allclose(s2sad.vmap(s2sad.grad(np.prod))(A), np.stack([s2sad.grad(np.prod)(a) for a in A]))
    np.testing.assert_allclose(s2sad.vmap(np.dot, (0, None))(A, X), A @ X)
    np.testing.assert_allclose(s2sad.grad(np.linalg.norm)(X, ord=1), np.sign(X))
    assert s2sad.grad(np.sum)(a=X).tolist() == [1.0, 1.0, 1.0]

    def inside(x):
        return np.sum(s2sad.grad(np.prod)(x) * x)

    s2sad.check_grads(inside, (X,))


def weighing(y):
    """A sum in which each number counts for itself."""
    return np.sum(y * np.arange(1.0, y.size + 1.0).reshape(y.shape))


B = np.arange(12.0).reshape(3, 4) / 7.0 - 0.6
MANNERS = {
    "dtype of a sum": lambda x: np.sum(x, dtype=float) + np.mean(x, dtype=np.float64) ** 2,
    "dtype by position": lambda x: weighing(np.sum(x, 0, float)) + np.var(x, None, np.float64),
    "dtype of a cumulative sum": lambda x: weighing(np.cumsum(x, axis=0, dtype=float)),
    "dtype of a ufunc": lambda x: weighing(np.add(x, 1, dtype=float)) + weighing(np.multiply(x, x, dtype=np.float64)),
    "casting": lambda x: weighing(np.add(x, x, casting="unsafe", subok=False)),
    "where of a sum": lambda x: np.sum(x**2, where=x > 0.0) + np.prod(x, where=x > 0.5),
    "initial": lambda x: np.sum(x, initial=2.0) + np.max(x**2, initial=0.0) + np.prod(x, axis=1, initial=3.0)[0],
    "where and initial": lambda x: np.max(x, where=x < 0.5, initial=-5.0) * np.min(x, axis=0, initial=-0.1)[1],
    "out": lambda x: np.max(x, 0, None, True)[0, 1] + np.sum(np.add(x, x, out=None)),
    "order of reshape": lambda x: (
        weighing(np.reshape(x, (4, 3), order="F")) + weighing(x.reshape(2, 6, order="F") ** 2)
    ),
    "order of ravel": lambda x: (
        weighing(np.ravel(x, order="F")) + weighing(x.flatten("C")) + weighing(x.ravel("F") ** 2)
    ),
    "order of a copy": lambda x: weighing(x.copy(order="F")) + weighing(np.array(x, order="C")),
    "kind": lambda x: weighing(np.sort(x, axis=0, kind="stable")),
    "clip by name": lambda x: weighing(np.clip(x, min=-0.24, max=0.33)) + weighing(x.clip(max=0.19)),
    "einsum by labels": lambda x: weighing(np.einsum(x, [0, 1], B, [2, 1], [2, 0])) + np.einsum(x, [0, 1], B, [0, 1]),
    "einsum with an ellipsis": lambda x: weighing(np.einsum(x, [0, ...], B, [0, ...], [...])),
    "einsum in good order": lambda x: weighing(np.einsum("ij,kj,kl->il", x, B, x, optimize=True)),
}


@pytest.mark.parametrize("name", MANNERS)
def test_arguments_that_say_how(name):
    program = MANNERS[name]
    assert s2sad.value_and_grad(program)(B)[0] == pytest.approx(program(B), rel=1e-12)
    s2sad.check_grads(program, (B,), order=2)
    many = np.stack([B, B[::-1] + 0.01])
    np.testing.assert_allclose(s2sad.vmap(program)(many), [program(b) for b in many])


def test_a_dtype_is_that_of_the_sum():
    x = np.array([0.1, 0.2, 0.3], np.float32)
    gradient = s2sad.grad(lambda x: np.sum(x**2, dtype=np.float64))(x)
    assert gradient.dtype == np.float32
    assert s2sad.value_and_grad(lambda x: np.sum(x**2, dtype=np.float64))(x)[0].dtype == np.float64


def stiffness(x):
    """Elements put together: `np.ix_` has no rule, and none is needed."""
    n = len(x)
    K = np.eye(n + 1)
    for e in range(n):
        ends = [e, e + 1]
        K[np.ix_(ends, ends)] += np.exp(x[e]) * np.array([[1, -1], [-1, 1]])
    return np.linalg.solve(K, np.arange(n + 1.0))[1] * np.count_nonzero(np.unique(x) > 0.0)


def test_functions_without_a_rule_are_run_again_for_each_column_of_a_hessian():
    x = np.array([0.3, -1.2, 2.0])
    hessian = s2sad.hessian(stiffness)(x)
    columns = [s2sad.jvp(s2sad.grad(stiffness), (x,), (e,))[1] for e in np.eye(3)]
    np.testing.assert_allclose(hessian, np.array(columns).T, rtol=1e-12)
    s2sad.check_grads(stiffness, (x,), order=2)


ROW_BY_ROW = [
    lambda x: np.maximum.accumulate(x) @ np.arange(5.0),
    lambda x: np.max(np.maximum.accumulate(x) - x),
    lambda x: np.sum(np.minimum.accumulate(np.outer(x, x), axis=1)),
    lambda x: np.logaddexp.reduce(x),
    lambda x: np.prod(np.logaddexp.reduce(np.outer(x, x), axis=1, keepdims=True)),
    lambda x: np.hypot.reduce(np.outer(x, x), axis=None),
    lambda x: np.subtract.accumulate(x) @ x,
    lambda x: np.add.reduceat(x, [0, 2, 3]) @ np.array([1.0, 2.0, 3.0]),
    lambda x: np.sum(np.multiply.reduceat(np.outer(x, x), np.array([3, 0, 1]), axis=-1) ** 2),
]


@pytest.mark.parametrize("f", ROW_BY_ROW, ids=range(len(ROW_BY_ROW)))
def test_methods_of_ufuncs_row_by_row(f):
    x = np.array([0.3, -1.2, 2.0, 0.9, -0.4])
    assert s2sad.value_and_grad(f)(x)[0] == pytest.approx(f(x), rel=1e-14)
    s2sad.check_grads(f, (x,))


WHOLE = np.array([7, 2, 2, 1, 4])
IN_A_DTYPE = [
    lambda x: np.divide.accumulate(WHOLE),
    lambda x: np.divide.reduce(WHOLE),
    lambda x: np.add.reduceat(WHOLE > 1, [0, 3]),
    lambda x: np.add.reduceat(np.full(5, 100, np.int8), [0, 1]),
    lambda x: np.logical_and.accumulate(WHOLE > 1),
    lambda x: np.maximum.accumulate(x.astype(np.float32)),
]


@pytest.mark.parametrize("f", IN_A_DTYPE, ids=range(len(IN_A_DTYPE)))
def test_methods_of_ufuncs_have_numpys_dtype(f):
    x = np.array([0.3, -1.2, 2.0])
    found, wanted = s2sad.jit(f)(x), f(x)
    assert np.asarray(found).dtype == np.asarray(wanted).dtype
    np.testing.assert_array_equal(found, wanted)


def test_what_a_method_of_a_ufunc_does_not_take():
    with pytest.raises(s2sad.Error, match="np.greater, which compares"):
        s2sad.grad(lambda x: np.sum(x * np.greater.accumulate(x)))(np.ones(3))
    with pytest.raises(IndexError):
        s2sad.grad(lambda x: np.sum(np.multiply.reduceat(x, [0, -1])))(np.ones(3))
