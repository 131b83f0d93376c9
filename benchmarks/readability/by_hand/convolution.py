"""The loops of the reverse sweep are over the places of the kernel, which are fewer than those of the image."""

import numpy as np


def contrast_adjoint(image, kernels, bias, weights):
    c, k, _ = kernels.shape
    h, w = image.shape[0] - k + 1, image.shape[1] - k + 1
    out = np.zeros((c, h, w))
    for i in range(h):
        for j in range(w):
            patch = image[i : i + k, j : j + k]
            out[:, i, j] = np.sum(kernels * patch, axis=(1, 2)) + bias
    value = np.sum(weights * np.mean(np.maximum(out, 0.0), axis=(1, 2)))

    out_bar = (out > 0.0) * (weights / (h * w))[:, None, None]
    image_bar, kernels_bar = np.zeros_like(image), np.zeros_like(kernels)
    for i in range(k):
        for j in range(k):
            kernels_bar[:, i, j] = np.sum(out_bar * image[i : i + h, j : j + w], axis=(1, 2))
            image_bar[i : i + h, j : j + w] += np.tensordot(kernels[:, i, j], out_bar, 1)
    return value, (image_bar, kernels_bar, np.sum(out_bar, axis=(1, 2)))
