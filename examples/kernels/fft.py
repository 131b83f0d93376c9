"""The fast Fourier transform by strides, on the real and imaginary parts.

C. Van Loan, Computational Frameworks for the Fast Fourier Transform, algorithm 1.2.1.
"""

import numpy as np


def fft(re, im):
    """Overwrite a complex vector, in its parts, with its Fourier transform. re, im: float64[n], n a power of 2."""
    n = len(re)
    j = 0
    for i in range(1, n):
        bit = n >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j |= bit
        if i < j:
            re[i], re[j] = re[j], re[i]
            im[i], im[j] = im[j], im[i]
    length = 2
    while length <= n:
        half = length // 2
        for k in range(half):
            angle = -2.0 * np.pi * k / length
            wr, wi = np.cos(angle), np.sin(angle)
            tr = wr * re[k + half :: length] - wi * im[k + half :: length]
            ti = wr * im[k + half :: length] + wi * re[k + half :: length]
            re[k + half :: length] = re[k::length] - tr
            im[k + half :: length] = im[k::length] - ti
            re[k::length] += tr
            im[k::length] += ti
        length *= 2


def low_pass_power(x, weights):
    """A weighted sum of the power spectrum of a real signal."""
    re, im = x.copy(), np.zeros_like(x)
    fft(re, im)
    return np.sum(weights * (re * re + im * im))


def arguments(n=256):
    """A point to differentiate at."""
    rng = np.random.default_rng(0)
    return rng.normal(size=n), np.exp(-np.arange(n) / 20.0)
