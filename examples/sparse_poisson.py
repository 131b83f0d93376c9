"""A heated plate: how well each part of it conducts is found from its temperatures, by a sparse adjoint.

On a square -div(k grad u) = f, with u = 0 around it: finite volumes give a sparse matrix of the conductivities k of the
cells. The gradient of the misfit takes one more sparse solve, whatever the number of cells.

python -m examples.sparse_poisson [picture.png]
"""

import sys

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

import s2sad
from examples.pictures import figure


def stiffness(k):
    """The matrix: between two cells flows the difference of u times the mean of their conductivities."""
    n = k.shape[0]
    number = np.arange(n * n).reshape(n, n)
    across = (0.5 * (k[:, 1:] + k[:, :-1])).ravel()
    along = (0.5 * (k[1:] + k[:-1])).ravel()
    first = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    second = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    flow = np.concatenate([across, along])
    wall = np.concatenate([k[0], k[-1], k[:, 0], k[:, -1]]) * 2.0
    beside = np.concatenate([number[0], number[-1], number[:, 0], number[:, -1]])
    # entries at one place are added up
    rows = np.concatenate([first, second, first, second, beside])
    cols = np.concatenate([second, first, first, second, beside])
    values = np.concatenate([-flow, -flow, flow, flow, wall])
    return coo_array((values, (rows, cols)), shape=(n * n, n * n)).tocsc() * n**2


def plate_misfit(log_k, source, measured, weight):
    """By how much the solution differs from what is measured; and how rough the conductivity is."""
    u = spsolve(stiffness(np.exp(log_k)), source)
    rough = np.sum((log_k[:, 1:] - log_k[:, :-1]) ** 2) + np.sum((log_k[1:] - log_k[:-1]) ** 2)
    return np.sum((u - measured) ** 2) + weight * rough


def problem(n):
    """A plate with an inclusion that conducts better, heated everywhere."""
    x, y = np.meshgrid((np.arange(n) + 0.5) / n, (np.arange(n) + 0.5) / n)
    log_k = np.exp(-30.0 * ((x - 0.6) ** 2 + (y - 0.4) ** 2))
    source = 10.0 * np.ones(n * n)
    return log_k, source, spsolve(stiffness(np.exp(log_k)), source)


def draw(temperature, pictures, path):
    with figure(path, 1 + len(pictures), size=(9.0, 3.2)) as axes:
        axes[0].contourf(temperature, levels=12, cmap="inferno")
        axes[0].set_title("temperature, measured")
        for panel, (name, shown) in zip(axes[1:], pictures.items(), strict=True):
            panel.imshow(shown, origin="lower", cmap="viridis", vmin=0.0, vmax=1.0)
            panel.set_title(name)
        for panel in axes:
            panel.set(aspect="equal")
            panel.axis("off")


def main(picture=None, n=10):
    truth, source, measured = problem(n)
    value_and_grad = s2sad.value_and_grad(plate_misfit)

    def loss(x):
        value, slope = value_and_grad(x.reshape(n, n), source, measured, 1e-7)
        return 1e3 * value, 1e3 * slope.ravel()

    found = minimize(loss, np.zeros(n * n), jac=True, method="L-BFGS-B", options={"maxiter": 120, "maxcor": 30})
    error = np.sqrt(np.mean((found.x.reshape(n, n) - truth) ** 2))
    print(f"misfit {loss(np.zeros(n * n))[0]:.3f} -> {found.fun:.1e} in {found.nfev} gradients")
    print(f"the logarithm of the conductivity, from 0 to 1, is found to {error:.3f}")
    if picture:
        draw(measured.reshape(n, n), {"conductivity, found": found.x.reshape(n, n), "and in truth": truth}, picture)
    return error


if __name__ == "__main__":
    main(*sys.argv[1:])
