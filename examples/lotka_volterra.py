"""Lynx and hare of the Hudson's Bay, 1900-1920: a predator-prey model fitted to the counts of pelts.

python -m examples.lotka_volterra [picture.png]
"""

import sys
from pathlib import Path

import numpy as np

import s2sad
from examples.pictures import BLUE, ORANGE, figure

DATA = Path(__file__).parent / "data" / "lynx_hare.csv"


def rates(y, p):
    """The growth of hare and lynx (Lotka 1925, Volterra 1926)."""
    hare, lynx = y[0], y[1]
    return np.array([p[0] * hare - p[1] * hare * lynx, p[2] * hare * lynx - p[3] * lynx])


def year(y, p, steps):
    """One year by the classical Runge-Kutta method."""
    dt = 1.0 / steps
    for _ in range(steps):
        k1 = rates(y, p)
        k2 = rates(y + 0.5 * dt * k1, p)
        k3 = rates(y + 0.5 * dt * k2, p)
        k4 = rates(y + dt * k3, p)
        y = y + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return y


def misfit(q, counts, steps=10):
    """The squared distance between the logarithms of model and counts; `q` are logarithms, so all is positive."""
    p = np.exp(q[:4])
    y = np.exp(q[4:])
    total = np.sum((q[4:] - np.log(counts[0])) ** 2)
    for row in counts[1:]:
        y = year(y, p, steps)
        total = total + np.sum((np.log(y) - np.log(row)) ** 2)
    return total


def fit(counts):
    """The best parameters, from a guess that many starts find."""
    from scipy.optimize import minimize
    from tqdm import tqdm

    guess = np.log([0.5, 0.025, 0.025, 0.8, counts[0, 0], counts[0, 1]])
    with tqdm(unit="step", disable=None) as bar:
        return minimize(
            s2sad.value_and_grad(misfit),
            guess,
            args=(counts,),
            jac=True,
            method="L-BFGS-B",
            callback=lambda _: bar.update() and None,
            options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-8},
        )


def simulate(q, steps, dt):
    """The model at the start and after each step of `dt` years."""
    y = np.exp(q[4:])
    rows = [y]
    for _ in range(steps):
        y = y + dt * rates(y + 0.5 * dt * rates(y, np.exp(q[:4])), np.exp(q[:4]))
        rows.append(y)
    return np.array(rows)


def draw(years, counts, q, path):
    dt = 0.02
    steps = round((years[-1] - years[0]) / dt)
    model = simulate(q, steps, dt)
    with figure(path, size=(7.5, 4.2)) as axes:
        for k, (name, colour) in enumerate((("hare", BLUE), ("lynx", ORANGE))):
            axes.plot(years, counts[:, k], "o", color=colour, label=f"{name}, counted")
            axes.plot(years[0] + dt * np.arange(steps + 1), model[:, k], color=colour, label=f"{name}, model")
        axes.set(xlabel="year", ylabel="pelts, thousands", xticks=years[::4].astype(int))
        axes.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)


def main(picture=None):
    table = np.loadtxt(DATA, delimiter=",", skiprows=2)
    years, counts = table[:, 0], table[:, 1:]
    found = fit(counts)
    names = ("hare growth", "hare eaten", "lynx growth", "lynx death", "hare 1900", "lynx 1900")
    for name, value in zip(names, np.exp(found.x), strict=True):
        print(f"{name:12s} {value:8.4f}")
    error = np.sqrt(found.fun / counts.size)
    print(f"mean error of the logarithm {error:.3f} after {found.nfev} evaluations of misfit and gradient")
    if picture:
        draw(years, counts, found.x, picture)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
