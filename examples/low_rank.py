"""A picture with missing points filled in: a penalty on the singular values prefers matrices of low rank.

python -m examples.low_rank [picture.png]
"""

import sys

import numpy as np

import s2sad
from examples.pictures import figure


def objective(X, data, known, weight):
    """The misfit at the known points, and the sum of the singular values (Candes & Recht 2009), smoothed at zero."""
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    return np.sum(known * (X - data) ** 2) + weight * np.sum(np.sqrt(s**2 + 1e-4))


def complete(data, known, weight=0.05, steps=400, rate=0.2):
    """Gradient descent with momentum from the data, zero where nothing is known."""
    from tqdm import trange

    value_and_gradient = s2sad.value_and_grad(objective)
    X, speed = data * known, np.zeros_like(data)
    for _ in trange(steps, disable=None):
        value, gradient = value_and_gradient(X, data, known, weight)
        speed = 0.9 * speed - rate * gradient
        X = X + speed
    return X, value


def draw(pictures, path):
    with figure(path, len(pictures), size=(7.5, 3.6)) as axes:
        for panel, (name, shown) in zip(axes, pictures.items(), strict=True):
            panel.imshow(shown, cmap="RdBu_r", vmin=-4.0, vmax=4.0)
            panel.set_title(name)
            panel.axis("off")


def main(picture=None):
    rng = np.random.default_rng(2)
    truth = rng.normal(size=(20, 3)) @ rng.normal(size=(3, 15))
    known = (rng.uniform(size=truth.shape) < 0.7).astype(float)
    X, value = complete(truth, known)
    hidden = known == 0.0
    error = np.linalg.norm((X - truth)[hidden]) / np.linalg.norm(truth[hidden])
    print(f"objective {value:.4f}, relative error at the {hidden.sum()} hidden points {error:.1%}")
    if picture:
        draw({"known": np.where(hidden, np.nan, truth), "filled in": X, "truth": truth}, picture)
    return error


if __name__ == "__main__":
    main(*sys.argv[1:])
