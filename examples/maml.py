"""Model-agnostic meta-learning (Finn, Abbeel & Levine 2017): a network that learns a sine wave from ten points.

The objective takes a step of gradient descent itself, so its gradient is the gradient of a gradient.

python -m examples.maml [picture.png]
"""

import sys

import numpy as np

import s2sad
from examples.pictures import BLUE, ORANGE, figure


def loss(params, x, y):
    """The mean squared error of a network with one hidden layer."""
    W1, b1, W2, b2 = params
    h = np.tanh(x @ W1 + b1)
    return np.mean((h @ W2 + b2 - y) ** 2)


def adapted(params, x, y, rate):
    """The parameters after one step of gradient descent on these points."""
    return [p - rate * p_bar for p, p_bar in zip(params, s2sad.grad(loss)(params, x, y), strict=True)]


def meta_loss(params, x, y, x_new, y_new, rate=0.1):
    """The mean loss of some tasks at new points, each after one step on its own few points."""
    total = 0.0
    for k in range(len(x)):
        total += loss(adapted(params, x[k], y[k], rate), x_new[k], y_new[k])
    return total / len(x)


def joint_loss(params, x, y, x_new, y_new):
    """The mean loss at all points, for comparison: no step is taken."""
    return loss(params, x.reshape(-1, 1), y.reshape(-1, 1)) + loss(params, x_new.reshape(-1, 1), y_new.reshape(-1, 1))


def waves(tasks, points, rng):
    """Sine waves of random amplitude and phase: x and y of the points for the step, and of new points."""
    amplitude = rng.uniform(0.5, 2.0, size=(tasks, 1, 1))
    phase = rng.uniform(0.0, np.pi, size=(tasks, 1, 1))
    x, x_new = rng.uniform(-3.0, 3.0, size=(2, tasks, points, 1))
    return x, amplitude * np.sin(x - phase), x_new, amplitude * np.sin(x_new - phase)


def start(hidden, rng):
    return [
        rng.normal(size=(1, hidden)),
        rng.normal(size=hidden),
        rng.normal(size=(hidden, 1)) / np.sqrt(hidden),
        np.zeros(1),
    ]


def train(objective, params, steps, rng, tasks=10, points=10, rate=0.01):
    """Adam (Kingma & Ba 2015), each step with new waves."""
    from tqdm import trange

    value_and_gradient = s2sad.value_and_grad(objective)
    m = [np.zeros_like(p) for p in params]
    v = [np.zeros_like(p) for p in params]
    for step in trange(1, steps + 1, disable=None):
        value, gradient = value_and_gradient(params, *waves(tasks, points, rng))
        m = [0.9 * a + 0.1 * g for a, g in zip(m, gradient, strict=True)]
        v = [0.999 * a + 0.001 * g**2 for a, g in zip(v, gradient, strict=True)]
        speed = rate * np.sqrt(1.0 - 0.999**step) / (1.0 - 0.9**step)
        params = [p - speed * a / (np.sqrt(b) + 1e-8) for p, a, b in zip(params, m, v, strict=True)]
    return params


def draw(found, path):
    """A wave, ten points of it, and what each network makes of these in one step."""
    x, y, _, _ = waves(1, 10, np.random.default_rng(5))
    line = np.linspace(-3.0, 3.0, 100)[:, None]
    with figure(path) as axes:
        axes.plot(x[0], y[0], "ko", label="ten points")
        for (name, params), colour in zip(found.items(), ("0.7", BLUE, ORANGE), strict=True):
            W1, b1, W2, b2 = adapted(params, x[0], y[0], 0.1)
            axes.plot(line, np.tanh(line @ W1 + b1) @ W2 + b2, color=colour, label=name)
        axes.set(xlabel="x", ylabel="after one step")
        axes.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)


def main(picture=None, steps=2000):
    rng = np.random.default_rng(0)
    untrained = start(40, rng)
    found = {
        "untrained": untrained,
        "trained on all waves": train(joint_loss, untrained, steps, rng),
        "meta-trained": train(meta_loss, untrained, steps, rng),
    }
    test = waves(500, 10, rng)
    losses = [meta_loss(params, *test) for params in found.values()]
    for name, value in zip(found, losses, strict=True):
        print(f"{name:22s} loss after one step on ten points {value:.3f}")
    if picture:
        draw(found, picture)
    return losses


if __name__ == "__main__":
    main(*sys.argv[1:])
