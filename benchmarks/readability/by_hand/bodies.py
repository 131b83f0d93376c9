"""The positions are kept, one array a step; the differences of all pairs are computed again."""

import numpy as np

SOFT = 0.1


def acceleration(pos, mass):
    away = pos[None, :, :] - pos[:, None, :]
    r2 = np.sum(away**2, axis=2) + SOFT**2
    return np.sum((mass * r2**-1.5)[:, :, None] * away, axis=1)


def acceleration_adjoint(pos, mass, acc_bar):
    away = pos[None, :, :] - pos[:, None, :]
    r2 = np.sum(away**2, axis=2) + SOFT**2
    pull = mass * r2**-1.5
    tide = np.einsum("id,ijd->ij", acc_bar, away) * pull / r2
    back = np.einsum("ij,ijd->id", 3.0 * (tide + tide.T), away)
    return back + pull.T @ acc_bar - np.sum(pull, axis=1)[:, None] * acc_bar


def final_energy_adjoint(pos, vel, mass, dt, steps):
    kept = [pos]
    for _ in range(steps):
        vel = vel + 0.5 * dt * acceleration(pos, mass)
        pos = pos + dt * vel
        vel = vel + 0.5 * dt * acceleration(pos, mass)
        kept.append(pos)
    energy = 0.5 * np.sum(mass * np.sum(vel**2, axis=1))

    vel_bar = mass[:, None] * vel
    pos_bar = np.zeros_like(pos)
    for k in reversed(range(steps)):
        pos_bar += acceleration_adjoint(kept[k + 1], mass, 0.5 * dt * vel_bar)
        vel_bar += dt * pos_bar
        pos_bar += acceleration_adjoint(kept[k], mass, 0.5 * dt * vel_bar)
    return energy, (pos_bar, vel_bar)
