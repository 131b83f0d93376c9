"""Linear systems and filters of scipy.signal by their parameters: simulated, answered, designed."""

import numpy as np
import pytest
from scipy import signal

import s2sad

T = np.linspace(0.0, 5.0, 20)
SIGNAL = np.array([0.41, 0.93, 0.62, 0.2, 0.7, 0.53, 0.9, 0.1])


def simulated(w):
    _, y, x = signal.lsim(([w], [1.0, w, 1.0]), np.ones(20), T)
    return np.sum(y**2) + np.sum(x[:, 0])


def simulated_from_a_state(w):
    a, b = np.array([[0.0, 1.0], [-1.0, -w]]), np.array([[0.0], [1.0]])
    _, y, x = signal.lsim((a, b, np.array([[1.0, 0.0]]), np.array([[w]])), np.sin(T) * w, T=T, X0=[w, 0.0])
    return np.sum(y**2) + np.sum(x[:, 1] ** 2)


def held(w):
    _, y, _ = signal.lsim(([1.0, w], [1.0, w, 1.0]), np.cos(T), T, interp=False)
    return np.sum(y**2)


def of_first_order(w):
    _, y, x = signal.lsim(([w], [1.0, w]), np.cos(T), T)
    return np.sum(y**2) + np.sum(x)


def answers(w):
    _, y = signal.step(([1.0], [1.0, w, 1.0]), T=T)
    _, h = signal.impulse(([1.0], [1.0, w, 1.0]), T=T)
    return np.sum(y**2) + np.sum(h**2)


def discrete(w):
    _, y = signal.dlsim(([1.0], [1.0, w, 0.1], 1.0), np.ones(10))
    matrices = (np.array([[w, 0.1], [0.0, 0.5]]), np.array([[1.0], [w]]), np.eye(2), np.zeros((2, 1)), 0.1)
    _, z, x = signal.dlsim(matrices, np.ones(10))
    return np.sum(y**2) + np.sum(z) + np.sum(x**2)


def responses(w):
    _, magnitude, phase = signal.bode(([1.0], [1.0, w, 1.0]), np.linspace(0.1, 2.0, 9))
    _, h = signal.freqresp(([1.0], [1.0, w, 1.0]), np.linspace(0.1, 2.0, 9))
    return np.sum(magnitude) + np.sum(phase) + np.sum(np.abs(h) ** 2)


def filtered(w):
    b, a = signal.butter(3, w)
    d, c = signal.cheby1(2, 1.0, [w, w + 0.2], btype="bandpass")
    return np.sum(signal.lfilter(b, a, SIGNAL) ** 2) + np.sum(signal.lfilter(d, c, SIGNAL) ** 2)


def of_a_sampling_rate(w):
    b, a = signal.iirnotch(60.0, 30.0, fs=1000.0 * w)
    h = signal.firwin(7, 100.0 * w, fs=1000.0)
    return b[0] + a[1] + np.sum(signal.lfilter(h, 1.0, SIGNAL) ** 2)


PROGRAMS = [
    *(simulated, simulated_from_a_state, held, of_first_order, answers, discrete, responses, filtered),
    of_a_sampling_rate,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_systems(program):
    assert s2sad.value_and_grad(program)(0.3)[0] == pytest.approx(program(0.3), rel=1e-9)
    s2sad.check_grads(program, (0.3,), order=1)


@pytest.mark.parametrize("program", [simulated, filtered], ids=lambda f: f.__name__)
def test_second_derivatives(program):
    gradient = s2sad.grad(program)

    def slope(h):
        return (gradient(0.3 + h) - gradient(0.3 - h)) / (2 * h)

    extrapolated = (4.0 * slope(5e-5) - slope(1e-4)) / 3.0
    assert s2sad.grad(gradient)(0.3) == pytest.approx(extrapolated, rel=1e-6)


def test_sections_are_refused():
    with pytest.raises(s2sad.Error, match="output='sos'"):
        s2sad.grad(lambda w: np.sum(signal.butter(2, w, output="sos")))(0.3)


def test_what_does_not_move_is_designed_by_scipy():
    def f(x):
        sections = signal.butter(2, 0.3, output="sos")
        sweep = signal.chirp(T, 1.0, 5.0, 3.0, method="logarithmic")
        return np.sum(signal.sosfilt(sections, x) ** 2) * sweep[3]

    s2sad.check_grads(f, (SIGNAL,))
