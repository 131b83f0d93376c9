"""A convolutional layer by loops over the places of the image."""

import numpy as np


def convolve(image, kernels, bias):
    """The maps of the kernels, valid places only. image: float64[h, w], kernels: float64[c, k, k]."""
    c, k, _ = kernels.shape
    h, w = image.shape
    out = np.zeros((c, h - k + 1, w - k + 1))
    for i in range(h - k + 1):
        for j in range(w - k + 1):
            patch = image[i : i + k, j : j + k]
            out[:, i, j] = np.sum(kernels * patch, axis=(1, 2)) + bias
    return out


def contrast(image, kernels, bias, weights):
    """A weighted sum of the rectified maps."""
    maps = np.maximum(convolve(image, kernels, bias), 0.0)
    return np.sum(weights * np.mean(maps, axis=(1, 2)))


def arguments(side=28, c=6, k=5):
    rng = np.random.default_rng(0)
    return rng.normal(size=(side, side)), rng.normal(size=(c, k, k)), 0.1 * rng.normal(size=c), rng.normal(size=c)
