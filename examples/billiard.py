"""Billiards: a ball is aimed at a target by gradients that go through its bounces off the walls and a round post.

python -m examples.billiard
"""

import numpy as np

import s2sad


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


def main():
    table = (np.array([2.0, 1.0]), np.array([1.0, 0.5]), 0.35)
    start, target, guess = np.array([0.3, 0.4]), np.array([0.5, 0.8]), np.array([0.6, 1.0])
    found = aim(guess, start, target, table)
    before, after = np.sqrt(miss(guess, start, target, table)), np.sqrt(found.fun)
    print(f"first velocity {guess} -> {found.x.round(4)}, {found.nfev} shots")
    print(f"the ball misses by {before:.3f} -> {after:.1e}")
    return before, after


if __name__ == "__main__":
    main()
