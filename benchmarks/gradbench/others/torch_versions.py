"""The evals for PyTorch, eager: a tape for each call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

torch.set_num_threads(1)

Call = Callable[[], Any]


def gradient(f: Callable[..., Tensor], args: Sequence[Any], count: int = 1) -> Call:
    """A call of the gradient of f by its first `count` arguments, on tensors made beforehand."""
    moved = [torch.as_tensor(a) if isinstance(a, np.ndarray) else a for a in args]
    leaves = [torch.as_tensor(a, dtype=torch.float64).requires_grad_() for a in moved[:count]]
    return lambda: torch.autograd.grad(f(*leaves, *moved[count:]), leaves)


def hello(x: float) -> Call:
    return gradient(lambda x: x * x, (x,))


def lse(x: np.ndarray) -> Call:
    return gradient(lambda x: torch.logsumexp(x, 0), (x,))


def llsq(*args: Any) -> Call:
    def misfit(x: Tensor, n: int) -> Tensor:
        t = torch.linspace(-1.0, 1.0, n, dtype=torch.float64)
        polynomial = torch.zeros_like(t)
        for coefficient in x.flip(0):
            polynomial = polynomial * t + coefficient
        return 0.5 * torch.sum((torch.sign(t) - polynomial) ** 2)

    return gradient(misfit, args)


def kmeans(centroids: np.ndarray, points: np.ndarray) -> Call:
    def cost(centroids: Tensor, points: Tensor) -> Tensor:
        squares = torch.sum(points**2, 1)[:, None] + torch.sum(centroids**2, 1)
        return torch.sum(torch.amin(squares - 2.0 * points @ centroids.T, 1))

    at, of = torch.as_tensor(centroids).requires_grad_(), torch.as_tensor(points)

    def direction() -> Tensor:
        (slope,) = torch.autograd.grad(cost(at, of), at, create_graph=True)
        (diagonal,) = torch.autograd.grad(slope.sum(), at)
        return slope.detach() / diagonal

    return direction


def gmm(*args: Any) -> Call:
    def log_density(
        alpha: Tensor,
        mu: Tensor,
        q: Tensor,
        below: Tensor,
        x: Tensor,
        gamma: float,
        m: int,
    ) -> Tensor:
        k, d = q.shape
        columns, rows = torch.triu_indices(d, d, 1)
        factors = torch.diag_embed(torch.exp(q))
        factors[:, rows, columns] = below
        z = torch.einsum("kij,nkj->nki", factors, x[:, None] - mu)
        beta = alpha + torch.sum(q, 1) - 0.5 * torch.sum(z**2, 2)
        likelihood = torch.sum(torch.logsumexp(beta, 1)) - len(x) * torch.logsumexp(alpha, 0)
        return likelihood + m * torch.sum(q) - 0.5 * gamma**2 * torch.sum(factors**2)

    return gradient(log_density, args, 4)


def ode(*args: Any) -> Call:
    def last(x: Tensor, steps: int) -> Tensor:
        def slope(y: Tensor) -> Tensor:
            return torch.cat((x[:1], x[1:] * y[:-1]))

        h = 2.0 / steps
        y = torch.zeros_like(x)
        for _ in range(steps):
            k1 = slope(y)
            k2 = slope(y + 0.5 * h * k1)
            k3 = slope(y + 0.5 * h * k2)
            k4 = slope(y + h * k3)
            y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        return y[-1]

    return gradient(last, args)


def determinant(a: Tensor) -> Tensor:
    """By minors along the first rows of a batch of matrices, all minors of a size at once."""
    n = a.shape[-1]
    if n == 1:
        return a[..., 0, 0]
    others = torch.tensor([[k for k in range(n) if k != j] for j in range(n)])
    minors = a[..., 1:, :][..., others].movedim(-2, -3)
    signs = (-1.0) ** torch.arange(n)
    return torch.sum(a[..., 0, :] * signs * determinant(minors), -1)


def det(a: np.ndarray) -> Call:
    return gradient(determinant, (a,))


def lstm(*args: np.ndarray) -> Call:
    def loss(main: Tensor, extra: Tensor, state: Tensor, sequence: Tensor) -> Tensor:
        rows = list(state)
        total = torch.zeros((), dtype=torch.float64)
        for t in range(len(sequence) - 1):
            x = sequence[t] * extra[0]
            for k in range(0, len(rows), 2):
                z = torch.cat((x, rows[k], x, rows[k])) * main[k] + main[k + 1]
                forget, ingate, outgate, change = z.chunk(4)
                rows[k + 1] = rows[k + 1] * torch.sigmoid(forget) + torch.sigmoid(ingate) * torch.tanh(change)
                x = rows[k] = torch.sigmoid(outgate) * torch.tanh(rows[k + 1])
            y = x * extra[1] + extra[2]
            total = total + torch.sum(sequence[t + 1] * (y - torch.log(2.0 + torch.sum(torch.exp(y)))))
        return -total / sequence[1:].numel()

    return gradient(loss, args, 2)


VERSIONS: dict[str, Callable[..., Call]] = {
    **{"hello": hello, "lse": lse, "llsq": llsq, "kmeans": kmeans, "gmm": gmm, "ode": ode, "det": det, "lstm": lstm},
}
