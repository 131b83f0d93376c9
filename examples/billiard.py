"""Billiards: a ball is aimed at a target by gradients that go through its bounces off the walls and a round post.

python -m examples.billiard [picture.png]
"""

import sys

import numpy as np

import s2sad
from examples.pictures import BLUE, ORANGE, figure


def roll(position, velocity, table, friction, dt, steps):
    """Where the ball comes to be: it slows down as it rolls, and what it runs into throws it back."""
    box, post, radius = table
    for _ in range(steps):
        velocity = velocity - dt * friction * velocity
        position = position + dt * velocity
        for k in range(2):
            while position[k] < 0.0 or position[k] > box[k]:
                wall = 0.0 if position[k] < 0.0 else box[k]
                position[k] = 2.0 * wall - position[k]
                velocity[k] = -velocity[k]
        away = position - post
        distance = np.sqrt(away @ away)
        if distance < radius:
            normal = away / distance
            position = position + 2.0 * (radius - distance) * normal
            velocity = velocity - 2.0 * (velocity @ normal) * normal
    return position


def miss(velocity, start, target, table, friction=0.5, dt=0.02, steps=200):
    """The squared distance by which the ball misses the target."""
    return np.sum((roll(start, velocity, table, friction, dt, steps) - target) ** 2)


def aim(velocity, start, target, table):
    """The first velocity that sends the ball to the target, from one that does not."""
    from scipy.optimize import minimize

    given = (start, target, table)
    return minimize(s2sad.value_and_grad(miss), velocity, given, method="BFGS", jac=True, options={"gtol": 1e-9})


def draw(shots, start, target, table, path, dt=0.02, steps=200):
    import matplotlib.patches as patches

    box, post, radius = table
    with figure(path, size=(6.0, 3.4)) as axes:
        axes.add_patch(patches.Rectangle((0.0, 0.0), *box, fill=False, linewidth=2))
        axes.add_patch(patches.Circle(post, radius, color="0.75"))
        for (name, velocity), colour in zip(shots.items(), (BLUE, ORANGE), strict=True):
            line = np.array([roll(start, velocity, table, 0.5, dt, k) for k in range(steps + 1)])
            axes.plot(*line.T, color=colour, label=name)
            axes.plot(*line[-1], "o", color=colour)
        axes.plot(*start, "ko", label="start")
        axes.plot(*target, "kx", markersize=10, label="target")
        axes.set(aspect="equal")
        axes.axis("off")
        axes.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)


def main(picture=None):
    table = (np.array([2.0, 1.0]), np.array([1.0, 0.5]), 0.35)
    start, target, guess = np.array([0.3, 0.4]), np.array([0.5, 0.8]), np.array([0.6, 1.0])
    found = aim(guess, start, target, table)
    before, after = np.sqrt(miss(guess, start, target, table)), np.sqrt(found.fun)
    print(f"first velocity {guess} -> {found.x.round(4)}, {found.nfev} shots")
    print(f"the ball misses by {before:.3f} -> {after:.1e}")
    if picture:
        draw({"first shot": guess, "found": found.x}, start, target, table, picture)
    return before, after


if __name__ == "__main__":
    main(*sys.argv[1:])
