"""The Bratu problem -u'' = w exp(u) on (0, 1), u = 0 at both ends, by Newton's method with conjugate gradients.

The inner iterations need products of the Hessian with vectors only: `hvp`, forward over reverse mode.

python -m examples.newton_cg [picture.png]
"""

import sys

import numpy as np

import s2sad
from examples.pictures import BLUE, ORANGE, figure


def energy(u, w):
    """The energy that a solution makes stationary, by finite differences. u: float64[n], the inner points."""
    h = 1.0 / (len(u) + 1)
    slopes = np.diff(np.concatenate((np.zeros(1), u, np.zeros(1)))) / h
    return 0.5 * h * np.sum(slopes**2) - w * h * np.sum(np.exp(u))


def solve(n=99, w=1.0):
    """The lower solution at n inner points."""
    from scipy.optimize import minimize

    gradient, product = s2sad.grad(energy), s2sad.hvp(energy)

    def hessian_times(u, p, w):
        return product(u, w, p)

    options = {"xtol": 1e-12}
    start = np.zeros(n)
    return minimize(energy, start, (w,), "Newton-CG", jac=gradient, hessp=hessian_times, options=options)


def exact(x, w=1.0):
    """The lower solution in closed form (Bratu 1914): t = sqrt(2 w) cosh(t / 4) gives its parameter."""
    t = 1.0
    for _ in range(200):
        t = np.sqrt(2.0 * w) * np.cosh(t / 4.0)
    return -2.0 * np.log(np.cosh((x - 0.5) * t / 2.0) / np.cosh(t / 4.0))


def draw(x, found, path):
    with figure(path) as axes:
        axes.plot(x, exact(x), color=BLUE, linewidth=5, alpha=0.4, label="in closed form")
        axes.plot(x, found, color=ORANGE, label="found")
        axes.set(xlabel="x", ylabel="u")
        axes.legend(frameon=False)


def main(picture=None):
    found = solve()
    x = np.linspace(0.0, 1.0, len(found.x) + 2)[1:-1]
    error = np.max(np.abs(found.x - exact(x)))
    print(f"{found.nit} Newton steps, {found.nhev} products with the Hessian, largest error {error:.1e}")
    if picture:
        draw(x, found.x, picture)
    return error


if __name__ == "__main__":
    main(*sys.argv[1:])
