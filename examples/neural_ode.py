"""A neural ordinary differential equation (Chen et al. 2018), fitted to a spiral through its Runge-Kutta steps.

Or solved by SciPy, whose derivative is the adjoint equation.

python -m examples.neural_ode [picture.png]
"""

import sys

import numpy as np
from scipy.integrate import solve_ivp

import s2sad
from examples.pictures import BLUE, ORANGE, figure


def unpacked(q):
    """The weights of a network with one hidden layer, from one vector."""
    n = (len(q) - 2) // 5
    return q[: 2 * n].reshape(2, n), q[2 * n : 3 * n], q[3 * n : 5 * n].reshape(n, 2), q[5 * n :]


def velocity(y, weights):
    W1, b1, W2, b2 = weights
    return np.tanh(y @ W1 + b1) @ W2 + b2


def step(y, weights, dt):
    """One step of the classical Runge-Kutta method."""
    k1 = velocity(y, weights)
    k2 = velocity(y + 0.5 * dt * k1, weights)
    k3 = velocity(y + 0.5 * dt * k2, weights)
    k4 = velocity(y + dt * k3, weights)
    return y + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)


def path(q, y, dt, steps):
    """The state at the start and after each step."""
    weights = unpacked(q)
    states = [y]
    for _ in range(steps):
        y = step(y, weights, dt)
        states.append(y)
    return np.array(states)


def spiral_misfit(q, spiral, dt):
    """The mean squared distance between the spiral and the path from its first point."""
    states = path(q, spiral[0], dt, len(spiral) - 1)
    return np.mean(np.sum((states - spiral) ** 2, axis=1))


def replayed_misfit(q, spiral, dt):
    """The same; the reverse sweep has five states of the path at hand, and computes the others again."""
    weights, y, total = unpacked(q), spiral[0], 0.0
    for k in s2sad.checkpointed(range(1, len(spiral)), snapshots=5):
        y = step(y, weights, dt)
        total = total + np.sum((y - spiral[k]) ** 2)
    return total / len(spiral)


def solved_misfit(q, spiral, dt, tolerance=1e-6):
    """The same by SciPy, which chooses the steps; the reverse sweep solves the adjoint equation."""
    weights, times = unpacked(q), dt * np.arange(len(spiral))
    res = solve_ivp(
        lambda t, y: velocity(y, weights), (0.0, times[-1]), spiral[0], t_eval=times, rtol=tolerance, atol=tolerance
    )
    return np.mean(np.sum((res.y.T - spiral) ** 2, axis=1))


def fit(spiral, dt, evaluations, hidden=16, seed=0):
    """The weights that L-BFGS finds from random ones, and the misfit at these."""
    from scipy.optimize import minimize
    from tqdm import tqdm

    guess = np.random.default_rng(seed).normal(size=5 * hidden + 2) / 2.0
    with tqdm(unit="step", disable=None) as bar:
        found = minimize(
            s2sad.value_and_grad(spiral_misfit),
            guess,
            args=(spiral, dt),
            jac=True,
            method="L-BFGS-B",
            callback=lambda _: bar.update() and None,
            options={"maxfun": evaluations, "maxiter": evaluations},
        )
    return found, spiral_misfit(guess, spiral, dt)


def draw(q, spiral, dt, path_of_picture):
    """The spiral, the path from its first point, and the velocities that the network has learned."""
    x, y = np.meshgrid(np.linspace(-2.1, 2.1, 15), np.linspace(-2.1, 2.1, 15))
    u, v = np.moveaxis(velocity(np.stack([x, y], axis=-1), unpacked(q)), -1, 0)
    with figure(path_of_picture, size=(5.4, 5.0)) as axes:
        axes.quiver(x, y, u, v, color="0.75")
        axes.plot(*spiral.T, "o", color=BLUE, label="given")
        axes.plot(*path(q, spiral[0], dt / 5, 5 * (len(spiral) - 1)).T, color=ORANGE, label="learned")
        axes.set(aspect="equal", xlim=(-2.2, 2.2), ylim=(-2.2, 2.2))
        axes.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)


def main(picture=None, evaluations=400):
    dt = 0.1
    t = dt * np.arange(60)
    spiral = 2.0 * np.exp(-0.2 * t)[:, None] * np.stack([np.cos(2.0 * t), np.sin(2.0 * t)], axis=1)
    found, before = fit(spiral, dt, evaluations)
    print(f"misfit {before:.3f} -> {found.fun:.1e} after {found.nfev} evaluations of misfit and gradient")
    if picture:
        draw(found.x, spiral, dt, picture)
    return before, found.fun


if __name__ == "__main__":
    main(*sys.argv[1:])
