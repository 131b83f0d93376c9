"""Functions over NumPy in JAX: its transformations through them, against the same function written over `jax.numpy`."""

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="jax is not installed: its job in CI has it")
jnp = jax.numpy

from s2sad.interop.jax import wrap  # noqa: E402

W = np.array([0.1, 0.2, 0.3])
X = np.arange(12.0).reshape(4, 3) / 10


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


def f(w, x):
    return np.sum(np.tanh(x @ w) ** 2) + np.sum(w[1:] * w[:-1])


def by_jax(w, x):
    return jnp.sum(jnp.tanh(x @ w) ** 2) + jnp.sum(w[1:] * w[:-1])


def same(a, b):
    for p, q in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-12, atol=1e-14)


MANY = np.stack([W, 2 * W])
TRANSFORMED = {
    "value": lambda g: g(W, X),
    "jit": lambda g: jax.jit(g)(W, X),
    "grad": lambda g: jax.grad(g, (0, 1))(W, X),
    "jit of grad": lambda g: jax.jit(jax.grad(g))(W, X),
    "jvp": lambda g: jax.jvp(g, (W, X), (W, X)),
    "linearize": lambda g: jax.linearize(g, W, X)[1](W, X),
    "hessian": lambda g: jax.hessian(g)(W, X),
    "reverse over reverse": lambda g: jax.jit(jax.jacrev(jax.jacrev(g)))(W, X),
    "reverse over forward": lambda g: jax.jacrev(jax.jacfwd(g))(W, X),
    "forward over forward": lambda g: jax.jacfwd(jax.jacfwd(g))(W, X),
    "vmap": lambda g: jax.vmap(g, (0, None))(MANY, X),
    "vmap of grad": lambda g: jax.jit(jax.vmap(jax.grad(g), (None, 1)))(W[:2], np.ones((3, 5, 2))),
    "grad of vmap": lambda g: jax.grad(lambda m: jnp.sum(jax.vmap(g, (0, None))(m, X) ** 2))(MANY),
    "scan": lambda g: jax.lax.scan(lambda c, _: (c + jax.grad(g)(c, X), g(c, X)), W, None, length=3),
}


@pytest.mark.parametrize("what", TRANSFORMED)
def test_transformations_of_jax(what):
    transformed = TRANSFORMED[what]
    same(transformed(wrap(f)), transformed(by_jax))


def tree(p, n, x):
    return {"y": p["w"] ** n * x, "sum": (np.sum(x), np.arange(3)), "name": "power"}


def test_trees_integers_and_names():
    g = wrap(tree)
    found = g({"w": W, "rate": 0.5}, 2, W)
    assert found["name"] == "power" and found["sum"][1].dtype == np.arange(3).dtype
    same(found["y"], W**3)
    jacobian = jax.jit(jax.jacrev(lambda w: g({"w": w, "rate": 0.5}, 2, w)["y"]))(W)
    same(jacobian, np.diag(3 * W**2))
    second = jax.hessian(lambda w: jnp.sum(g({"w": w, "rate": w[0]}, n=2, x=w)["y"]))(W)
    same(second, np.diag(6 * W))


def factor(a):
    return np.sum(np.linalg.cholesky(a))


def test_shapes_need_no_run():
    """A matrix of ones has no Cholesky factor: what the function gives is known by its types."""
    a = np.array([[2.0, 0.5], [0.5, 1.0]])
    found = jax.jit(jax.grad(wrap(factor)))(a)
    known = jax.grad(lambda a: jnp.sum(jnp.linalg.cholesky(a)))(a)
    same(found + found.T, known + known.T)  # along symmetric directions, which are all that there are


def grown(x):
    found = []
    while np.sum(x) < 100.0:
        found.append(x)
        x = 2.0 * x
    return np.sum(np.array(found))


def test_single_precision_stays():
    g = jax.jit(jax.value_and_grad(wrap(f)))
    value, gradient = g(W.astype(np.float32), X.astype(np.float32))
    assert value.dtype == gradient.dtype == np.float32


def test_what_writes_into_its_arguments_has_copies():
    def squared_first(x):
        x[0] = x[0] ** 2
        return np.sum(x**2)

    same(jax.grad(wrap(squared_first))(2.0 * W), np.array([4.0 * (2.0 * W[0]) ** 3, *(4.0 * W[1:])]))


def test_nests_of_transformations():
    def ours(w, x):
        return g(w, x) ** 2

    def theirs(w, x):
        return jnp.sum(jnp.tanh(w * x) ** 2) ** 2

    g = wrap(lambda w, x: np.sum(np.tanh(w * x) ** 2))
    many = jnp.stack([W, 2.0 * W])
    for nest in (
        lambda h: jax.jit(jax.vmap(jax.grad(h), (0, None)))(many, X),
        lambda h: jax.vmap(jax.jit(jax.hessian(h)), (0, None))(many, X),
        lambda h: jax.grad(lambda w: jnp.sum(jax.vmap(h, (None, 0))(w, many) ** 2))(W),
        lambda h: jax.jit(jax.grad(jax.checkpoint(h)))(W, X),
        lambda h: jax.grad(lambda w: jax.lax.scan(lambda c, x: (c + h(w * c, x), None), 0.1, many)[0])(W),
        lambda h: jax.jacfwd(jax.jacrev(jax.checkpoint(h), 1))(W, X),
        lambda h: jax.linearize(lambda w: jax.grad(h)(w, X), W)[1](W),
        lambda h: jax.lax.map(lambda w: jax.value_and_grad(h)(w, X)[1], many),
        lambda h: jax.lax.cond(True, jax.grad(h), lambda w, x: w, W, X),
    ):
        same(nest(ours), nest(theirs))


def test_checks_of_jax():
    from jax.test_util import check_grads

    check_grads(wrap(f), (W, X), order=2)


def test_loops_of_run_time():
    assert jax.grad(wrap(grown))(np.ones(3)).tolist() == [63.0] * 3
