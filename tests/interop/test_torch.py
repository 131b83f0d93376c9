"""Functions over NumPy in torch: its own checks of gradients, and `torch.func` against the same function of tensors."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: its job in CI has it")

from torch.func import grad, hessian, jacfwd, jacrev, jvp, vmap  # noqa: E402

from s2sad.errors import ArgumentError  # noqa: E402
from s2sad.interop.torch import wrap  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore:.torch.jit.script. is deprecated:DeprecationWarning"
)  # its forward mode

W = torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64)
X = torch.arange(12, dtype=torch.float64).reshape(4, 3) / 10


def f(w, x):
    return np.sum(np.tanh(x @ w) ** 2) + np.sum(w[1:] * w[:-1])


def by_torch(w, x):
    return torch.sum(torch.tanh(x @ w) ** 2) + torch.sum(w[1:] * w[:-1])


def leaves(*tensors):
    return tuple(t.clone().requires_grad_() for t in tensors)


MANY = torch.stack([W, 2 * W])
TRANSFORMED = {
    "value": lambda g: g(W, X),
    "grad": lambda g: grad(g, (0, 1))(W, X),
    "jacrev": lambda g: jacrev(g)(W, X),
    "jacfwd": lambda g: jacfwd(g)(W, X),
    "jvp": lambda g: jvp(g, (W, X), (W, X)),
    "hessian": lambda g: hessian(g)(W, X),
    "reverse over reverse": lambda g: jacrev(jacrev(g))(W, X),
    "forward over forward": lambda g: jacfwd(jacfwd(g))(W, X),
    "vmap": lambda g: vmap(g, (0, None))(MANY, X),
    "vmap of grad": lambda g: vmap(grad(g), (None, 1))(W[:2], torch.ones(3, 5, 2, dtype=torch.float64)),
    "grad of vmap": lambda g: grad(lambda m: torch.sum(vmap(g, (0, None))(m, X) ** 2))(MANY),
}


@pytest.mark.parametrize("what", TRANSFORMED)
def test_transformations_of_torch(what):
    transformed = TRANSFORMED[what]
    torch.testing.assert_close(transformed(wrap(f)), transformed(by_torch), rtol=1e-12, atol=1e-14)


def test_gradcheck_in_both_modes_and_twice():
    g, at = wrap(f), leaves(W, X)
    assert torch.autograd.gradcheck(g, at, check_forward_ad=True, check_undefined_grad=True)
    assert torch.autograd.gradgradcheck(g, at, check_fwd_over_rev=True)


@pytest.mark.parametrize("power", [lambda z: z * z, lambda z: np.sum(np.abs(z) ** 2 + (z * z).real)])
def test_complex_cotangents_are_conjugated(power):
    z = torch.tensor([1 + 2j, 3 - 1j], dtype=torch.complex128, requires_grad=True)
    assert torch.autograd.gradcheck(wrap(power), (z,), check_forward_ad=True)


def tree(p, n, x):
    return {"y": p["w"] ** n * x, "sum": (np.sum(x), np.arange(3)), "name": "power"}


def test_trees_integers_and_names():
    (w,) = leaves(W)
    found = wrap(tree)({"w": w, "rate": 0.5}, 2, x=W)
    assert found["name"] == "power" and not found["sum"][1].requires_grad
    (found["y"].sum() * found["sum"][0]).backward()
    torch.testing.assert_close(w.grad, 2 * W * W * W.sum())


def test_single_precision_and_numbers_of_python():
    w = torch.ones(3, requires_grad=True)
    value = wrap(lambda w, rate: rate * np.sum(w**2))(w, 0.5)
    value.backward()
    assert value.dtype == w.grad.dtype == torch.float32 and w.grad.tolist() == [1.0, 1.0, 1.0]


def test_numbers_of_python_are_exact():
    assert wrap(lambda w, rate: rate * w[0])(torch.ones(1, dtype=torch.float64), 0.1).item() == 0.1


def test_arguments_are_not_changed():
    def changed(x):
        x = x.copy()
        x[0] = 0.0
        return x

    (x,) = leaves(W)
    found = wrap(changed)(x)
    found.sum().backward()
    assert x[0] == W[0] and x.grad.tolist() == [0.0, 1.0, 1.0]
    same = wrap(lambda x: x)(x)
    assert same.data_ptr() != x.data_ptr()


def doubled_first(x):
    x[0] = x[0] ** 2
    return np.sum(x**2)


def test_what_writes_into_its_arguments_has_copies():
    (x,) = leaves(2.0 * W)
    wrap(doubled_first)(x).backward()
    assert x.tolist() == (2.0 * W).tolist()
    assert x.grad.tolist() == [4.0 * x[0].item() ** 3, *(2.0 * x[1:]).tolist()]


def test_inside_a_checkpoint():
    (x,) = leaves(W)
    torch.utils.checkpoint.checkpoint(wrap(lambda x: np.sum(x**3)), x, use_reentrant=False).backward()
    torch.testing.assert_close(x.grad, 3.0 * W**2)


def test_twice_through_a_graph_of_torch():
    def curved(x):
        (slope,) = torch.autograd.grad(wrap(lambda x: np.sum(np.tanh(x) ** 2))(2.0 * x), x, create_graph=True)
        return torch.sum(slope**2)

    def of_torch(x):
        (slope,) = torch.autograd.grad(torch.sum(torch.tanh(2.0 * x) ** 2), x, create_graph=True)
        return torch.sum(slope**2)

    found, known = (torch.autograd.grad(f(x), x)[0] for f in (curved, of_torch) for (x,) in [leaves(W)])
    torch.testing.assert_close(found, known)
    one, two = torch.stack([W, 2.0 * W]), torch.func.hessian(wrap(lambda x: np.sum(np.tanh(x) ** 2)))
    torch.testing.assert_close(torch.func.vmap(two)(one)[1], two(2.0 * W))


def test_numbers_that_numpy_does_not_have():
    with pytest.raises(ArgumentError, match=r"bfloat16, which NumPy does not have: pass x.float\(\)"):
        wrap(lambda x: np.sum(x))(torch.ones(2, dtype=torch.bfloat16))


def test_a_layer_of_a_network_learns():
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 2)
    descent = torch.optim.SGD(model.parameters(), 0.1)
    misfit = wrap(lambda y: np.sum((y - 1.0) ** 2))
    for _ in range(40):
        descent.zero_grad()
        misfit(model(torch.ones(3))).backward()
        descent.step()
    torch.testing.assert_close(model(torch.ones(3)), torch.ones(2), rtol=0.0, atol=1e-4)


def test_wrong_arguments():
    with pytest.raises(ArgumentError, match="f: missing a required argument: 'x'"):
        wrap(f)(W)
