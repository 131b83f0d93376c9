"""The evals for PyTorch, eager: a tape for each call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.gradbench.descent import argmin

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


def rotate(v: Tensor, point: Tensor) -> Tensor:
    """A point turned about v by the length of v."""
    square = torch.sum(v**2)
    angle = torch.sqrt(torch.where(square == 0.0, 1.0, square))
    axis = v / angle
    along = axis * torch.dot(axis, point) * (1.0 - torch.cos(angle))
    turned = point * torch.cos(angle) + torch.linalg.cross(axis, point) * torch.sin(angle) + along
    return torch.where(square == 0.0, point + torch.linalg.cross(v, point), turned)


def ba(problem: Any) -> Call:
    def error(camera: Tensor, point: Tensor, weight: Tensor, feature: Tensor) -> Tensor:
        seen = rotate(camera[:3], point - camera[3:6])
        image = seen[:2] / seen[2]
        square = torch.sum(image**2)
        distortion = 1.0 + camera[9] * square + camera[10] * square**2
        return weight * (camera[6] * distortion * image + camera[7:9] - feature)

    cameras, points, weights, camera, point, features = map(torch.as_tensor, problem)
    n, m, p = len(cameras), len(points), len(weights)
    of_errors = torch.func.vmap(torch.func.jacrev(error, (0, 1, 2)))
    of_weights = torch.func.vmap(torch.func.grad(lambda w: 1.0 - w**2))

    def jacobian() -> tuple[Tensor, Tensor, Tensor]:
        by_camera, by_point, by_weight = of_errors(cameras[camera], points[point], weights, features)
        values = torch.cat((by_camera, by_point, by_weight[:, :, None]), 2)
        of_weight = 11 * n + 3 * m + torch.arange(p)
        row = 11 * camera[:, None] + torch.arange(11), 11 * n + 3 * point[:, None] + torch.arange(3), of_weight[:, None]
        return (
            torch.cat((torch.arange(0, 30 * p, 15), torch.arange(30 * p, 31 * p + 1))),
            torch.cat((torch.cat(row, 1).repeat_interleave(2, 0).ravel(), of_weight)),
            torch.cat((values.ravel(), of_weights(weights))),
        )

    return jacobian


def particle(w: float) -> Call:
    def potential(place: Tensor, w: Tensor) -> Tensor:
        x, y = place
        return 1.0 / torch.hypot(x - 10.0, y - 10.0 + w) + 1.0 / torch.hypot(x - 10.0, y)

    def landing(w: Tensor) -> Tensor:
        place = torch.tensor([0.0, 8.0], dtype=torch.float64, requires_grad=True)
        velocity = torch.tensor([0.75, 0.0], dtype=torch.float64)
        while place[1] + 0.1 * velocity[1] > 0.0:
            (field,) = torch.autograd.grad(potential(place, w), place, create_graph=True)
            place, velocity = place + 0.1 * velocity, velocity - 0.1 * field
        return (place[0] - place[1] / velocity[1] * velocity[0]) ** 2

    def value_and_slope(w: float) -> tuple[float, float]:
        at = torch.tensor(w, dtype=torch.float64, requires_grad=True)
        value = landing(at)
        return value.item(), torch.autograd.grad(value, at)[0].item()

    return lambda: argmin(value_and_slope, w)


VERSIONS: dict[str, Callable[..., Call]] = {
    **{"hello": hello, "lse": lse, "llsq": llsq, "kmeans": kmeans, "gmm": gmm, "ode": ode, "det": det, "lstm": lstm},
    **{"ba": ba, "particle rr": particle},
}
