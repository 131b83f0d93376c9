"""Fourier transforms in programs: lengths of run time, many at once, second order, beside the sum that defines them."""

import numpy as np
import pytest

import s2sad

RNG = np.random.default_rng(0)
X, Y, A = RNG.normal(size=7), RNG.normal(size=4), RNG.normal(size=(3, 4, 5))


def convolved(x, y):
    n = x.shape[0] + y.shape[0] - 1
    return np.fft.irfft(np.fft.rfft(x, n) * np.fft.rfft(y, n), n)


def summed(x, y):
    total = np.zeros(x.shape[0] + y.shape[0] - 1)
    for i in range(x.shape[0]):
        total[i : i + y.shape[0]] += x[i] * y
    return total


def padded(x, n):
    return np.sum(np.abs(np.fft.fft(x, n)) ** 3)


def by_definition(x, n):
    k = np.arange(n)
    m = min(n, x.shape[0])
    waves = np.exp(-2j * np.pi * np.outer(k, k[:m]) / n)
    return np.sum(np.abs(waves @ x[:m]) ** 3)


def low_pass(a):
    spectrum = np.fft.rfftn(a, s=(4, 6), axes=(1, 2), norm="ortho")
    return np.sum(np.fft.irfftn(spectrum[:, :2, :3], s=(5, 4), axes=(1, 2)) ** 3)


def planes(a):
    return np.sum(np.abs(np.fft.ifft2(np.fft.fft2(a, norm="forward") ** 2, s=(2, 7))) ** 2)


def test_a_convolution_by_its_theorem():
    for operator in (s2sad.jacfwd, s2sad.jacrev):
        for found, expected in zip(operator(convolved, (0, 1))(X, Y), operator(summed, (0, 1))(X, Y), strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("n", [3, 6, 7, 9])
def test_lengths_of_run_time(n):
    value, gradient = s2sad.value_and_grad(padded)(X, n)
    assert value == pytest.approx(by_definition(X, n))
    np.testing.assert_allclose(gradient, s2sad.grad(by_definition)(X, n), atol=1e-10)


@pytest.mark.parametrize("program", [low_pass, planes])
def test_several_axes(program):
    s2sad.check_grads(program, (A,), order=2)
    many = np.stack([A, 2.0 * A, A[::-1]])
    for made in (program, s2sad.grad(program)):
        np.testing.assert_allclose(s2sad.vmap(made)(many), np.stack([made(a) for a in many]), atol=1e-10)


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft"])
@pytest.mark.parametrize("more", [(), (3,), (6,), (None, 0), (5, 1, "ortho")], ids=str)
def test_many_at_once(name, more):
    transform = getattr(np.fft, name)

    def power(a):
        return np.sum(np.abs(transform(a, *more)) ** 2)

    many = RNG.normal(size=(2, 3, 4))
    found = s2sad.vmap(s2sad.grad(power))(many)
    np.testing.assert_allclose(found, np.stack([s2sad.grad(power)(a) for a in many]), atol=1e-12)
    s2sad.check_grads(power, (many[0],), order=2)
