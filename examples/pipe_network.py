"""A water network: the resistances of its pipes are found from pressures measured at some of its nodes.

The heads at the nodes are those at which as much water comes as is taken: `scipy.optimize.root` finds them, and the
implicit function theorem says how they move with the resistances.

python -m examples.pipe_network [picture.png]
"""

import sys

import numpy as np
from scipy.optimize import minimize, root

import s2sad
from examples.pictures import BLUE, ORANGE, figure

PIPES = np.array([[0, 1], [0, 2], [1, 2], [1, 3], [2, 4], [3, 4], [3, 5], [4, 5]])
"""From which node to which: node 0 is the reservoir."""


def flows(heads, resistance):
    """What flows through each pipe: the loss of head is nearly the square of it (Darcy and Weisbach)."""
    loss = heads[PIPES[:, 0]] - heads[PIPES[:, 1]]
    return loss / np.sqrt(resistance * (np.abs(loss) + 1e-3))


def heads_of(resistance, demand, reservoir):
    """The heads at the nodes, at which what comes is what is taken."""

    def surplus(inner):
        heads = np.concatenate([np.array([reservoir]), inner])
        q = flows(heads, resistance)
        balance = np.zeros(6)
        for k in range(len(PIPES)):
            balance[PIPES[k, 0]] -= q[k]
            balance[PIPES[k, 1]] += q[k]
        return balance[1:] - demand

    found = root(surplus, np.full(5, reservoir - 1.0), method="hybr", tol=1e-12)
    return found.x


def network_misfit(log_resistance, scenarios, measured, reservoir=50.0):
    """By how much the heads differ from those measured, over several demands; and what is known beforehand."""
    total = 0.0
    for k in range(len(scenarios)):
        heads = heads_of(np.exp(log_resistance), scenarios[k], reservoir)
        total += np.sum((heads - measured[k]) ** 2)
    return total + 1e-6 * np.sum(log_resistance**2)


def draw(found, truth, path):
    """The network with wide pipes where the resistance is small, and resistances found over those in truth."""
    places = np.array([[0.0, 0.5], [1.0, 1.0], [1.0, 0.0], [2.0, 1.0], [2.0, 0.0], [3.0, 0.5]])
    with figure(path, 2, size=(8.0, 3.4)) as (left, right):
        for (a, b), resistance in zip(PIPES, found, strict=True):
            left.plot(*places[[a, b]].T, color=BLUE, linewidth=6.0 / resistance, solid_capstyle="round", zorder=1)
        left.scatter(*places.T, s=260, color="white", edgecolor="black", zorder=2)
        for k, place in enumerate(places):
            left.text(*place, str(k), ha="center", va="center", zorder=3)
        left.axis("off")
        right.plot([0.0, truth.max()], [0.0, truth.max()], color="0.7")
        right.plot(truth, found, "o", color=ORANGE)
        right.set(xlabel="resistance in truth", ylabel="found")


def main(picture=None):
    rng = np.random.default_rng(3)
    truth = np.exp(rng.normal(0.5, 0.5, size=len(PIPES)))
    scenarios = rng.uniform(0.2, 1.0, size=(6, 5))
    measured = np.array([heads_of(truth, d, 50.0) for d in scenarios])
    value_and_grad = s2sad.value_and_grad(network_misfit)
    start = np.zeros(len(PIPES))
    found = minimize(value_and_grad, start, (scenarios, measured), jac=True, method="BFGS", options={"gtol": 1e-7})
    error = np.max(np.abs(np.exp(found.x) / truth - 1.0))
    print(f"misfit {network_misfit(start, scenarios, measured):.3f} -> {found.fun:.1e} in {found.nfev} gradients")
    print(f"resistances {np.exp(found.x).round(3)}, the largest error {error:.1%}")
    if picture:
        draw(np.exp(found.x), truth, picture)
    return error


if __name__ == "__main__":
    main(*sys.argv[1:])
