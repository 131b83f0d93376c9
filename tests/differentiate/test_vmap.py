"""vmap: against a loop over the examples, for the rules, the language, in-place arrays and derivatives of all kinds."""

import math

import numpy as np
import pytest

import s2sad
from s2sad.errors import ArgumentError, Error
from s2sad.ir.primitive import PRIMITIVES

RNG = np.random.default_rng(0)
X = RNG.uniform(0.2, 1.2, (4, 3))
Y = RNG.uniform(0.2, 1.2, (4, 3))
A = RNG.normal(size=(4, 3, 3)) + 3.0 * np.eye(3)


def stacked(f, *columns):
    """The results of a function for each example, leaf by leaf."""
    results = [f(*row) for row in zip(*columns, strict=True)]
    if isinstance(results[0], tuple):
        return tuple(np.array(leaf) for leaf in zip(*results, strict=True))
    return np.array(results)


def agree(found, expected):
    if isinstance(expected, tuple):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            agree(a, b)
        return
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def until(x):
    n = 0
    while np.sum(x) > 0.5:
        x = 0.5 * x
        n += 1
    return x, n * 1.0


def filled(x):
    a = np.zeros((3, 2))
    for i in range(3):
        a[i] = x[i] * np.array([1.0, x[0]])
        a[i, 1] += np.sin(x[i])
    a[:2] *= 2.0
    return a


def early(x):
    for v in x:
        if v > 0.9:
            return v * 2.0
    return np.sum(x)


def helper(x, k):
    return np.sin(x[k:]) * x[0]


def power(x, n):
    return 1.0 if n == 0 else x * power(x, n - 1)


def listed(x):
    y = []
    for k in range(3):
        y.append(x[k] ** k)
    return np.array(y)


def scalar_math(t):
    return math.exp(-t) * math.sin(t) + max(t, 0.5) + abs(t) ** 3 + float(t)


VECTORS = {
    "elementwise": lambda x: np.sin(x) * x + 1.0 / (1.0 + x * x),
    "number and vector": lambda x: x[0] * x + np.sum(x) * np.ones(3),
    "sum": lambda x: np.sum(x**2),
    "mean, max": lambda x: np.mean(x) + np.max(x) - np.min(x),
    "var, std": lambda x: np.var(x) + np.std(x, ddof=1),
    "prod, cumsum": lambda x: np.prod(x) * np.cumsum(x),
    "sorted": lambda x: np.sort(x)[::-1] * np.argmax(x),
    "where": lambda x: np.where(x > 0.6, x, -x) + np.maximum(x, 0.5) + np.clip(x, 0.3, 0.9),
    "matrix times vector": lambda x: np.arange(6.0).reshape(2, 3) @ x,
    "vector times matrix": lambda x: x @ np.arange(6.0).reshape(3, 2),
    "vector times vector": lambda x: x @ x + np.dot(x, np.arange(3.0)) + np.arange(3.0) @ x,
    "outer": lambda x: np.outer(x, np.arange(2.0)) @ np.outer(np.arange(2.0), x) + np.outer(x, x),
    "einsum": lambda x: np.einsum("i,ij,j->", x, np.eye(3), x),
    "reshape": lambda x: np.outer(x, x).reshape(-1)[1:7].reshape(2, 3).T,
    "axes": lambda x: np.transpose(np.ones((2, 1, 3)) * x, (2, 0, 1)).swapaxes(0, 1).sum(axis=-1),
    "concatenate": lambda x: np.concatenate([x, x[:1], np.zeros(1)]) * 2.0,
    "stack": lambda x: np.stack([x, x * x], axis=-1) + np.stack([x, x])[::-1].T,
    "array": lambda x: np.array([[x[0], 1.0], [x[1] * x[2], x[0]]]),
    "slices": lambda x: x[1:] * x[:-1] + x[::-1][:2],
    "index arrays": lambda x: x[np.array([0, 2, 2])] + np.outer(x, x)[np.array([0, 1, 2]), 1],
    "mask": lambda x: np.sum(x[x > 0.6]),
    "own index": lambda x: x[np.argmax(x)] + np.arange(3.0)[np.argmin(x)],
    "norm": lambda x: np.linalg.norm(x) + np.linalg.norm(np.outer(x, x) + np.eye(3)),
    "shape": lambda x: np.ones(x.shape[0]) * len(x) + x.size,
    "diagonal": lambda x: np.diag(np.outer(x, x)) + np.trace(np.outer(x, x)),
    "new diagonal": lambda x: np.diag(x) @ np.arange(3.0),
    "constant": lambda x: 2.0,
    "until": until,
    "filled": filled,
    "early": early,
    "calls": lambda x: np.concatenate([helper(x, 1), helper(x * x, 0)]),
    "recursion": lambda x: power(x, 3),
    "list": listed,
    "pair": lambda x: (x, np.sum(x)),
}


FIRST = {"until": lambda x: until(x)[0], "pair": lambda x: x * 1.0}


@pytest.mark.parametrize("name", VECTORS)
def test_values(name):
    f = VECTORS[name]
    agree(s2sad.vmap(f)(X), stacked(f, X))


@pytest.mark.parametrize("name", VECTORS)
def test_gradients_of_each_example(name):
    def f(x):
        return np.sum(first(x)) ** 2

    first = FIRST.get(name, VECTORS[name])
    agree(s2sad.vmap(s2sad.grad(f))(X), stacked(s2sad.grad(f), X))


@pytest.mark.parametrize("name", VECTORS)
def test_derivatives_of_batched_functions(name):
    f = FIRST.get(name, VECTORS[name])

    def total(x):
        return np.sum(s2sad.vmap(f)(x) ** 2)

    batched = s2sad.vmap(f)
    expected = stacked(s2sad.grad(lambda x: np.sum(f(x) ** 2)), X)
    agree(s2sad.grad(lambda x: np.sum(batched(x) ** 2))(X), expected)
    s2sad.check_grads(total, (X,))


@pytest.mark.parametrize("operator", [s2sad.jacfwd, s2sad.jacrev])
@pytest.mark.parametrize("name", ["elementwise", "outer", "array", "filled", "calls", "list", "axes"])
def test_jacobians_of_each_example(name, operator):
    f = VECTORS[name]
    agree(s2sad.vmap(operator(f))(X), stacked(operator(f), X))


@pytest.mark.parametrize("name", ["elementwise", "filled", "calls", "einsum"])
def test_second_order_of_each_example(name):
    def f(x):
        return np.sum(VECTORS[name](x) ** 2)

    agree(s2sad.vmap(s2sad.hessian(f))(X), stacked(s2sad.hessian(f), X))
    agree(s2sad.vmap(s2sad.hvp(f).derivative)(X, Y), stacked(s2sad.hvp(f), X, Y))


def test_numbers():
    agree(s2sad.vmap(scalar_math)(X[:, 0]), stacked(scalar_math, X[:, 0].tolist()))
    agree(s2sad.vmap(s2sad.grad(scalar_math))(X[:, 0]), stacked(s2sad.grad(scalar_math), X[:, 0].tolist()))


MATRICES = {
    "product": lambda a, x: a @ x,
    "from the left": lambda a, x: x @ a,
    "both": lambda a, x: a @ a.T + np.outer(x, x),
    "solve": lambda a, x: np.linalg.solve(a, x) + np.linalg.inv(a) @ x,
    "solve for many": lambda a, x: np.linalg.solve(a, a.T),
    "determinant": lambda a, x: np.linalg.det(a) * np.sum(x),
    "logarithm": lambda a, x: np.linalg.slogdet(a)[1] * x,
    "cholesky": lambda a, x: np.linalg.cholesky(a @ a.T + np.eye(3)) @ x,
    "sums": lambda a, x: np.sum(a, axis=0) * x + np.sum(a, axis=(0, 1)) + a.mean(axis=-1),
    "flip": lambda a, x: np.flip(a, axis=0) + a[::-1, 1:2] * x,
    "triangles": lambda a, x: np.tril(a) @ x + np.triu(a, 1).ravel()[:3],
}


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("in_axes", [(0, 0), (0, None), (None, 0)])
def test_arguments_that_are_the_same_for_all(name, in_axes):
    f = MATRICES[name]
    a, x = (v if axis == 0 else v[0] for v, axis in zip((A, X), in_axes, strict=True))
    rows = [v if axis == 0 else np.repeat(v[None], 4, axis=0) for v, axis in zip((a, x), in_axes, strict=True)]
    agree(s2sad.vmap(f, in_axes)(a, x), stacked(f, *rows))
    gradient = s2sad.grad(lambda a, x: np.sum(f(a, x) ** 2), argnums=(0, 1))
    agree(s2sad.vmap(gradient, in_axes)(a, x), stacked(gradient, *rows))


def test_axes():
    def f(x, y):
        return np.outer(x, y)[:, :2], np.sum(x)

    expected, sums = stacked(f, X, Y)
    for first, second in [(0, 0), (1, 0), (0, 1), (-1, 1)]:
        x, y = np.moveaxis(X, 0, first), np.moveaxis(Y, 0, second)
        found, s = s2sad.vmap(f, in_axes=(first, second), out_axes=(2, 0))(x, y)
        agree(found, np.moveaxis(expected, 0, 2))
        agree(s, sums)


def test_containers_and_their_axes():
    def f(p, x):
        return {"y": p["w"] @ x + p["b"], "b": p["b"]}

    p = {"w": A, "b": np.ones(3)}
    found = s2sad.vmap(f, in_axes=({"b": None, "w": 0}, 0), out_axes={"y": 0, "b": None})(p, X)
    agree(found["y"], np.einsum("nij,nj->ni", A, X) + 1.0)
    agree(found["b"], np.ones(3))
    whole = s2sad.vmap(f, in_axes=(None, 0))({"w": A[0], "b": np.ones(3)}, X)
    agree(whole["b"], np.ones((4, 3)))


def test_nested():
    def f(x, y):
        return x @ y + np.sum(np.sin(x))

    pairs = s2sad.vmap(s2sad.vmap(f, in_axes=(None, 0)), in_axes=(0, None))(X, Y)
    agree(pairs, X @ Y.T + np.sum(np.sin(X), axis=1)[:, None])


def test_inside_a_differentiated_function():
    def loss(w, x):
        return np.sum(s2sad.vmap(lambda v: np.tanh(w @ v))(x) ** 2)

    def written_out(w, x):
        return np.sum(np.tanh(x @ w.T) ** 2)

    agree(s2sad.grad(loss)(A[0], X), s2sad.grad(written_out)(A[0], X))
    agree(s2sad.hessian(loss)(A[0], X), s2sad.hessian(written_out)(A[0], X))


FOR_NO_EXAMPLE = {
    "rule": lambda x, a: a @ np.sin(x),
    "loop over the examples": lambda x, a: np.convolve(x, a[0]) * 2.0,
    "branch": lambda x, a: a @ x if x[0] > 0.5 else x,
    "two results": lambda x, a: (np.convolve(x, x), x[0] if x[1] > 0.0 else a[0, 0]),
    "matrix": lambda x, a: np.linalg.inv(a) if x[0] > 0.5 else a.T,
    "gradient": s2sad.grad(lambda x, a: np.sum(x**2) if x[0] > 0.5 else np.sum(a @ x)),
    "call": lambda x, a: helper(x, 1) * a[0, 0],
}


@pytest.mark.parametrize("f", FOR_NO_EXAMPLE.values(), ids=list(FOR_NO_EXAMPLE))
def test_no_examples_keep_the_shape_of_one(f):
    one, many = f(X[0], A[0]), s2sad.vmap(f)(X[:0], A[:0])
    ones, manies = one if isinstance(one, tuple) else (one,), many if isinstance(many, tuple) else (many,)
    assert [m.shape for m in manies] == [(0, *np.shape(o)) for o in ones]


def test_defaults_are_the_same_for_all():
    def scaled(x, a=2.0, b=None):
        return a * x if b is None else x + b

    agree(s2sad.vmap(scaled)(X), 2.0 * X)
    agree(s2sad.vmap(scaled)(X, X[:, 0]), X[:, :1] * X)


def test_gradients_of_a_recursion():
    def f(x):
        return np.sum(deeper(x, 3))

    agree(s2sad.vmap(s2sad.grad(f))(X), stacked(s2sad.grad(f), X))


def deeper(x, n):
    return x if n == 0 else np.sin(deeper(x, n - 1)) * x


def test_as_a_decorator():
    @s2sad.vmap(in_axes=(0, None))
    def scaled(x, a):
        return a * x

    agree(scaled(X, 2.0), 2.0 * X)


def test_the_text_has_no_loop_where_none_is_needed():
    def loss(w, x):
        return np.sum(np.tanh(w @ x) ** 2)

    source = s2sad.vmap(s2sad.grad(loss), in_axes=(None, 0)).lower(A[0], X).source
    assert "for " not in source.split('"""')[-1]
    assert "for " not in s2sad.jacrev(lambda x: np.tanh(A[0] @ x)).lower(X[0]).source.split('"""')[-1]


def test_errors():
    with pytest.raises(ArgumentError, match="lengths"):
        s2sad.vmap(lambda x, y: x + y)(X, Y[:2])
    with pytest.raises(ArgumentError, match="axis"):
        s2sad.vmap(lambda x, a: x * a)(X, 2.0)
    with pytest.raises(ArgumentError, match="axis"):
        s2sad.vmap(lambda x: x, in_axes=3)(X)
    with pytest.raises(ArgumentError, match="out_axes"):
        s2sad.vmap(lambda x: x, out_axes=None)(X)
    with pytest.raises(ArgumentError, match="structure"):
        s2sad.vmap(lambda p: p[0], in_axes=((0, 0, 0),))((X, X))
    with pytest.raises(ArgumentError, match="int or None"):
        s2sad.vmap(lambda x: x, in_axes=1.0)
    with pytest.raises(Error, match="vmap"):
        s2sad.vmap(lambda x: [v for v in x if v > 0.5])(X)


def _samples():
    rng = np.random.default_rng(3)
    for name, primitive in PRIMITIVES.items():
        if primitive.samples is None or not name.startswith("np.") or name.startswith("np.empty"):
            continue
        for k, sample in enumerate(primitive.samples(rng)):
            arrays = [isinstance(a, np.ndarray) and a.dtype.kind == "f" for a in sample.arguments]
            if any(arrays):
                yield pytest.param(primitive, sample, arrays, id=f"{name}-{k}")


@pytest.mark.parametrize(("primitive", "sample", "arrays"), list(_samples()))
def test_every_rule_at_its_samples(primitive, sample, arrays):
    """The function of each primitive at its own test points, for three copies of them that differ a little."""
    columns = [
        np.stack([a, a + 1e-3, a * 1.001]) if mapped else a for a, mapped in zip(sample.arguments, arrays, strict=True)
    ]
    axes = tuple(0 if mapped else None for mapped in arrays)

    def f(*args):
        return primitive.function(*args, **sample.keywords)

    names = ", ".join(f"a{k}" for k in range(len(columns)))
    rows = [[c[k] if m else c for c, m in zip(columns, arrays, strict=True)] for k in range(3)]
    expected = [f(*row) for row in rows]
    if not isinstance(expected[0], (np.ndarray, np.generic, float)) or len({np.shape(e) for e in expected}) > 1:
        pytest.skip("its results are no arrays of one shape")
    keywords = "".join(f", {k}={v!r}" for k, v in sample.keywords.items() if isinstance(v, (int, float, str, tuple)))
    if len(keywords) == 0 and sample.keywords:
        pytest.skip("its keywords cannot be written in a text")
    spelled = _function(primitive, names, keywords)
    agree(s2sad.vmap(spelled, axes)(*columns), np.array(expected))


def _function(primitive, names, keywords):
    import linecache

    # what has no name of its own is another form of the function that the row is called after
    own = primitive.function.__name__ != "<lambda>"
    name = primitive_spelling(primitive.function) if own else primitive.name
    text = f"def sampled({names}):\n    return {name}({names}{keywords})\n"
    file = f"<sampled {abs(hash((name, names, keywords)))}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    made = {"np": np}
    exec(compile(text, file, "exec"), made)
    return made["sampled"]


def primitive_spelling(function):
    module = (function.__module__ or "numpy") if not isinstance(function, np.ufunc) else "numpy"
    return f"{module.replace('numpy', 'np', 1)}.{function.__name__}"


def root_or_square(x):
    try:
        v = math.sqrt(np.sum(x) - 1.0)
    except ValueError:
        v = np.sum(x) ** 2
    return v


def factor_or_twice(x):
    try:
        root = np.linalg.cholesky(np.outer(x, x) + np.diag(x))
    except np.linalg.LinAlgError:
        root = 2.0 * np.outer(x, x)
    return np.sum(root)


@pytest.mark.parametrize("f", [root_or_square, factor_or_twice])
def test_each_example_goes_its_own_way_through_a_try(f):
    xs = np.array([[1.0, 2.0], [0.1, -0.2], [0.6, 0.9]])
    np.testing.assert_allclose(s2sad.vmap(f)(xs), [f(x) for x in xs])
    np.testing.assert_allclose(s2sad.vmap(s2sad.grad(f))(xs), [s2sad.grad(f)(x) for x in xs])
    s2sad.check_grads(lambda xs: s2sad.vmap(f)(xs), (xs,))


def from_an_integer(x):
    return sum(n * x[n] ** 2 for n in range(3))


def from_a_truth_value(x):
    t = False
    for k in range(len(x)):
        t = t + k * x[k]
    return t


def to_a_complex_number(x):
    t = 0.0
    for v in x:
        t = t + v * 1j
    return t


def an_integer_of_a_branch(x, up=True):
    t = 1
    if up:
        t = x[1]
    for v in x:
        t = t * v
    return t


def integers_that_become_floats(x):
    t, k = x > 0.5, 0
    total = t * 1
    while k < 3:
        total = total + x * k
        k += 1
    return total


@pytest.mark.parametrize(
    "f",
    [
        from_an_integer,
        from_a_truth_value,
        to_a_complex_number,
        an_integer_of_a_branch,
        lambda x: an_integer_of_a_branch(x, False),
        integers_that_become_floats,
    ],
)
def test_numbers_that_become_floats_in_a_loop(f):
    found, expected = s2sad.vmap(f)(X), stacked(f, X)
    agree(found, expected)
    assert found.dtype == expected.dtype


def test_an_integer_takes_the_precision_of_what_is_added():
    found = s2sad.vmap(from_an_integer)(X.astype(np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, stacked(from_an_integer, X), rtol=1e-6)
