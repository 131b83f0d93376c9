"""Functions over NumPy in PyTensor: gradients and Hessians against the same function of variables; NUTS samples."""

import numpy as np
import pytest

pytensor = pytest.importorskip("pytensor", reason="pytensor is not installed")

import pytensor.tensor as pt  # noqa: E402

from s2sad.interop.pytensor import wrap  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Numba will use object mode")  # what it says of every Op in Python

W = np.array([0.1, 0.2, 0.3])
X = np.arange(12.0).reshape(4, 3) / 10
w, x = pt.dvector("w"), pt.dmatrix("x")


def f(w, x):
    return np.sum(np.tanh(x @ w) ** 2) + np.sum(w[1:] * w[:-1])


def by_pytensor(w, x):
    return pt.sum(pt.tanh(x @ w) ** 2) + pt.sum(w[1:] * w[:-1])


along = getattr(pytensor.gradient, "pushforward", None) or pytensor.gradient.Rop
TRANSFORMED = {
    "value": lambda g: [g(w, x)],
    "grad": lambda g: pt.grad(g(w, x), [w, x]),
    "hessian": lambda g: [pytensor.gradient.hessian(g(w, x), w)],
    "along a vector": lambda g: [along(g(w, x), w, w)],
}


@pytest.mark.parametrize("what", TRANSFORMED)
def test_transformations_of_pytensor(what):
    transformed = TRANSFORMED[what]
    found, known = (
        pytensor.function([w, x], transformed(g), on_unused_input="ignore", mode="FAST_COMPILE")(W, X)
        for g in (wrap(f), by_pytensor)
    )
    for a, b in zip(found, known, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def tree(p, n):
    return {"y": p["w"] ** n, "count": np.arange(3), "sum": np.sum(p["w"])}


def test_trees_types_and_integers():
    found = wrap(tree)({"w": w}, 2)
    assert [found[k].type.ndim for k in ("y", "count", "sum")] == [1, 1, 0] and found["count"].dtype == "int64"
    gradient = pt.grad(found["y"].sum() * found["sum"], w)
    np.testing.assert_allclose(gradient.eval({w: W}, mode="FAST_COMPILE"), 2.0 * W * W.sum() + np.sum(W**2))
    constant = wrap(tree)({"w": pt.as_tensor_variable(W)}, 2)
    assert constant["y"].type.shape == (3,)


def grown(start, rate, steps):
    found = [start]
    for _ in range(steps):
        found.append(found[-1] * rate)
    return np.array(found)


def test_lengths_that_a_loop_makes_and_exact_numbers():
    rate = pt.dscalar("rate")
    sizes = wrap(grown)(0.1, rate, steps=3)
    assert sizes.type.ndim == 1 and sizes.eval({rate: 2.0}, mode="FAST_COMPILE").tolist() == [0.1, 0.2, 0.4, 0.8]


def test_nuts_samples():
    pm = pytest.importorskip("pymc", reason="pymc is not installed")
    t = np.linspace(0.0, 2.0, 40)
    observed = 2.0 * np.exp(-1.5 * t) + 0.05 * np.random.default_rng(0).normal(size=40)

    def mean(scale, rate):
        return scale * np.exp(-rate * t)

    with pm.Model():
        scale, rate = pm.HalfNormal("scale", 5.0), pm.HalfNormal("rate", 5.0)
        pm.Normal("y", wrap(mean)(scale, rate), 0.05, observed=observed)
        drawn = pm.sample(100, tune=200, chains=1, cores=1, random_seed=1, progressbar=False)
    assert float(drawn.posterior["scale"].mean()) == pytest.approx(2.0, abs=0.05)
    assert float(drawn.posterior["rate"].mean()) == pytest.approx(1.5, abs=0.05)
