"""A neural network in plain NumPy, trained to read the handwritten digits of scikit-learn.

python -m examples.digits [picture.png]
"""

import sys

import numpy as np

import s2sad
from examples.pictures import ORANGE, figure


def loss(params, x, y):
    """The mean cross-entropy of a network with one hidden layer; `y` holds one row of zeros and a one per image."""
    (W1, b1), (W2, b2) = params
    h = np.tanh(x @ W1 + b1)
    z = h @ W2 + b2
    z = z - np.max(z, axis=1, keepdims=True)
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.sum(y * log_p) / len(x)


def predict(params, x):
    (W1, b1), (W2, b2) = params
    return np.argmax(np.tanh(x @ W1 + b1) @ W2 + b2, axis=1)


def start(sizes, rng):
    return [(rng.normal(size=(m, n)) / np.sqrt(m), np.zeros(n)) for m, n in zip(sizes, sizes[1:], strict=False)]


def train(x, y, epochs=40, batch=64, rate=0.2, momentum=0.9, seed=0):
    """Stochastic gradient descent with momentum; the parameters and the loss after each epoch."""
    from tqdm import trange

    rng = np.random.default_rng(seed)
    params = start((x.shape[1], 64, y.shape[1]), rng)
    speed = [(np.zeros_like(W), np.zeros_like(b)) for W, b in params]
    value_and_gradient = s2sad.value_and_grad(loss)
    losses = []
    for _ in trange(epochs, unit="epoch", disable=None):
        order = rng.permutation(len(x))
        total = 0.0
        for rows in np.array_split(order, len(x) // batch):
            value, gradient = value_and_gradient(params, x[rows], y[rows])
            speed = [
                (momentum * vW - rate * W_bar, momentum * vb - rate * b_bar)
                for (vW, vb), (W_bar, b_bar) in zip(speed, gradient, strict=True)
            ]
            params = [(W + vW, b + vb) for (W, b), (vW, vb) in zip(params, speed, strict=True)]
            total += value * len(rows)
        losses.append(total / len(x))
    return params, losses


def data():
    """The images as rows of numbers from 0 to 1, their digits, split into training and test."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, digits = load_digits(return_X_y=True)
    return train_test_split(images / 16.0, digits, test_size=0.25, random_state=0, stratify=digits)


def draw(losses, images, read, digits, path, shown=12):
    """The loss, and images with what was read: first those that were misread."""
    order = np.argsort(read == digits, kind="stable")[:shown]
    tiles = np.pad(images[order].reshape(-1, 4, 8, 8), ((0, 0), (0, 0), (1, 1), (3, 1)))
    with figure(path, 2, size=(8.0, 3.6)) as (left, right):
        left.semilogy(np.arange(1, len(losses) + 1), losses, color=ORANGE)
        left.set(xlabel="epoch", ylabel="loss")
        right.imshow(np.moveaxis(tiles, 1, 2).reshape(-1, 48), cmap="gray_r")
        for place, k in enumerate(order):
            colour = "tab:green" if read[k] == digits[k] else "tab:red"
            right.text(12 * (place % 4), 10 * (place // 4) + 2.5, str(read[k]), color=colour, weight="bold")
        right.axis("off")


def main(picture=None, epochs=40):
    x_train, x_test, train_digits, test_digits = data()
    params, losses = train(x_train, np.eye(10)[train_digits], epochs)
    read = predict(params, x_test)
    accuracy = np.mean(read == test_digits)
    print(f"loss {losses[0]:.3f} -> {losses[-1]:.4f}, test accuracy {accuracy:.1%} on {len(x_test)} images")
    if picture:
        draw(losses, x_test, read, test_digits, picture)
    return accuracy


if __name__ == "__main__":
    main(*sys.argv[1:])
