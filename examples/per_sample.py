"""Digits read by a network that no single image decides: each image's gradient is clipped, and noise is added.

The loss is written for one image; `vmap(grad(loss))` has the gradients of all images of a batch, one by one.
Abadi et al., Deep learning with differential privacy (2016).

python -m examples.per_sample [epochs]
"""

import sys

import numpy as np

import s2sad
from examples import digits


def image_loss(params, x, y):
    """The cross-entropy of a network with one hidden layer for one image; `y` holds zeros and a one."""
    (W1, b1), (W2, b2) = params
    z = np.tanh(x @ W1 + b1) @ W2 + b2
    z = z - np.max(z)
    return np.log(np.sum(np.exp(z))) - y @ z


image_gradients = s2sad.vmap(s2sad.grad(image_loss), in_axes=(None, 0, 0))


def private_gradient(params, x, y, bound, noise, rng):
    """The mean of the images' gradients, each shortened to the length `bound`, with noise of the size of `bound`."""
    gradients = image_gradients(params, x, y)
    squares = sum(np.sum(W_bar**2, axis=(1, 2)) + np.sum(b_bar**2, axis=1) for W_bar, b_bar in gradients)
    share = np.minimum(1.0, bound / np.sqrt(squares))

    def mean(each):
        total = np.tensordot(share, each, 1)
        return (total + noise * bound * rng.normal(size=total.shape)) / len(x)

    return [(mean(W_bar), mean(b_bar)) for W_bar, b_bar in gradients]


def train(x, y, epochs, batch=256, rate=2.0, bound=1.0, noise=1.0, seed=0):
    """Stochastic gradient descent."""
    from tqdm import trange

    rng = np.random.default_rng(seed)
    params = digits.start((x.shape[1], 32, y.shape[1]), rng)
    for _ in trange(epochs, unit="epoch", disable=None):
        for rows in np.array_split(rng.permutation(len(x)), len(x) // batch):
            gradient = private_gradient(params, x[rows], y[rows], bound, noise, rng)
            params = [
                (W - rate * W_bar, b - rate * b_bar) for (W, b), (W_bar, b_bar) in zip(params, gradient, strict=True)
            ]
    return params


def main(epochs=30):
    x_train, x_test, train_digits, test_digits = digits.data()
    params = train(x_train, np.eye(10)[train_digits], epochs)
    accuracy = np.mean(digits.predict(params, x_test) == test_digits)
    print(f"trained with clipped, noisy gradients: test accuracy {accuracy:.1%} on {len(x_test)} images")
    return accuracy


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
