"""Programs over scipy.signal and scipy.fft as people write them, and the matrices of what is linear in a signal."""

import numpy as np
import pytest
from scipy import fft, signal

import s2sad

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=40), RNG.normal(size=40)
TIME = np.arange(40) / 40.0
IMAGE = RNG.normal(size=(6, 7))
PSF = np.outer([0.2, 0.6, 0.2], [0.25, 0.5, 0.25])


def identified(b, a, x, y):
    """A recursive filter fitted to what a system gave."""
    return np.mean((signal.lfilter(b, np.concatenate([[1.0], a]), x) - y) ** 2)


def smoothed_by(alpha, x):
    """An exponential average, whose denominator is a list."""
    return np.sum(signal.lfilter([alpha], [1.0, alpha - 1.0], x) ** 2)


def in_chunks(zi, x):
    """A filter that runs on over two chunks, by its state."""
    b, a = signal.butter(2, 0.3)
    first, state = signal.lfilter(b, a, x[:15], zi=zi)
    second, state = signal.lfilter(b, a, x[15:], zi=state)
    return np.sum(first**3) + np.sum(second**2) + np.sum(state**2)


def equalizer(gain, width, x):
    """A peak filter, then a low pass, as sections of the second order."""
    w, g = 0.7, 10.0 ** (gain / 40.0)
    s = np.sin(w) * np.sinh(0.5 * width)
    peak = np.array([1.0 + s * g, -2.0 * np.cos(w), 1.0 - s * g, 1.0 + s / g, -2.0 * np.cos(w), 1.0 - s / g])
    low = np.array([0.2, 0.3, 0.1, 1.0, -0.4, 0.1])
    sos = np.stack([peak / peak[3], low])
    return np.mean(signal.sosfilt(sos, x) ** 2)


def without_phase(x, y):
    """What is left of a signal by a filter that runs to and fro."""
    b, a = signal.butter(3, 0.2)
    sos = signal.ellip(4, 0.5, 40.0, 0.3, output="sos")
    return np.sum((signal.filtfilt(b, a, x) - signal.sosfiltfilt(sos, y, padlen=9)) ** 2)


def matched(delay, width, x):
    """How well a pulse at some delay fits."""
    pulse = np.exp(-(((TIME - delay) / width) ** 2))
    score = signal.correlate(x, pulse, mode="same")
    return np.sum(score**2) / np.sum(pulse**2)


def spectral_loss(x, y):
    """The distance of logarithmic magnitudes of short-time spectra."""
    _, _, p = signal.stft(x, nperseg=16)
    _, _, q = signal.stft(y, nperseg=16)
    return np.mean((np.log(np.abs(p) ** 2 + 1e-2) - np.log(np.abs(q) ** 2 + 1e-2)) ** 2)


def inverted(x, mask):
    """A spectrogram through a mask, and back to a signal."""
    _, _, z = signal.stft(x, window="hamming", nperseg=16, noverlap=12)
    _, y = signal.istft(z * mask[:, None], window="hamming", nperseg=16, noverlap=12)
    return np.sum(y[:40] ** 3)


def power_law(amplitude, slope, x):
    """A power law fitted to the density of a signal."""
    f, p = signal.welch(x, fs=10.0, nperseg=20)
    return np.sum((np.log(p[1:]) - amplitude - slope * np.log(f[1:])) ** 2)


def coherent(x, y):
    """How far two signals go together, and their cross-spectrum."""
    _, c = signal.coherence(x, y, nperseg=10)
    _, p = signal.csd(x, y, nperseg=10, detrend="linear")
    return np.sum(c**2) + np.sum(np.abs(p) ** 2)


def line_of(frequency, x):
    """The periodogram of a signal without its trend, less one line."""
    rest = signal.detrend(x) - np.cos(2.0 * np.pi * frequency * TIME)
    f, p = signal.periodogram(rest, fs=40.0, window="hann")
    return np.sum(p * f)


def modulation(x):
    """The envelope of a signal, and how fast its phase turns."""
    z = signal.hilbert(x)
    return np.sum(np.abs(z) ** 3) + np.sum(np.diff(np.unwrap(np.angle(z))) ** 2)


def roughness(x):
    """The second derivative of a smooth curve through a signal."""
    return np.sum(signal.savgol_filter(x, 7, 3, deriv=2, delta=0.1) ** 2) + np.sum(signal.medfilt(x, 5) ** 2)


def at_other_rates(x):
    a, b = signal.resample(x, 27), signal.resample_poly(x, 3, 4)
    return np.sum(a**2) + np.sum(b**3) + np.sum(signal.decimate(x, 2) ** 2)


def echo(taps, x):
    """A filter between the samples."""
    return np.sum(signal.upfirdn(taps, x, up=3, down=2) ** 3)


def response(b, a):
    """A response that is to be a low pass."""
    w, h = signal.freqz(b, np.concatenate([[1.0], a]), worN=32)
    return np.mean((np.abs(h) - (w < 1.0)) ** 2)


def compressed(x):
    """A cosine transform with a threshold that is smooth."""
    c = fft.dct(x, norm="ortho")
    kept = c**3 / (c**2 + 0.1)
    return np.sum((fft.idct(kept, norm="ortho") - x) ** 2) + np.sum(fft.dstn(kept.reshape(5, 8), type=1) ** 2)


def deconvolved(noise, image):
    """Wiener's deconvolution of an image."""
    transfer = fft.rfft2(PSF, s=image.shape)
    filtered = fft.rfft2(image) * np.conj(transfer) / (np.abs(transfer) ** 2 + noise)
    return np.sum(fft.irfft2(filtered, s=image.shape) ** 3)


PROGRAMS = [
    (identified, (np.array([0.3, 0.2]), np.array([-0.5, 0.2]), X, Y)),
    (smoothed_by, (0.3, X)),
    (in_chunks, (np.array([0.1, -0.2]), X)),
    (equalizer, (4.0, 1.1, X)),
    (without_phase, (X, Y)),
    (matched, (0.4, 0.1, X)),
    (spectral_loss, (X, Y)),
    (inverted, (X, RNG.uniform(0.5, 1.0, 9))),
    (power_law, (0.3, -1.0, X)),
    (coherent, (X, Y)),
    (line_of, (3.3, X)),
    (modulation, (X,)),
    (roughness, (X,)),
    (at_other_rates, (X,)),
    (echo, (np.array([0.2, 0.7, 0.4, 0.1]), X[:9])),
    (response, (np.array([0.3, 0.2, 0.1]), np.array([-0.5, 0.2]))),
    (compressed, (X,)),
    (deconvolved, (0.1, IMAGE)),
]


@pytest.mark.parametrize(("program", "arguments"), PROGRAMS, ids=lambda p: getattr(p, "__name__", ""))
def test_programs(program, arguments):
    """Value, both modes and second order against extrapolated differences."""
    s2sad.check_grads(program, arguments, order=2)


SOS = signal.butter(5, 0.3, output="sos")
LINEAR = {
    "lfilter": lambda x: signal.lfilter([0.4, 0.2, 0.1], [1.2, -0.5, 0.3], x),
    "filtfilt": lambda x: signal.filtfilt([0.4, 0.2], [1.2, -0.5], x, padtype="even", padlen=5),
    "sosfilt": lambda x: signal.sosfilt(SOS, x),
    "sosfiltfilt": lambda x: signal.sosfiltfilt(SOS, x, padtype="constant", padlen=4),
    "savgol": lambda x: signal.savgol_filter(x, 5, 2),
    "savgol, nearest": lambda x: signal.savgol_filter(x, 5, 2, deriv=1, mode="nearest"),
    "detrend": lambda x: signal.detrend(x, bp=[3, 6]),
    "resample, more": lambda x: signal.resample(x, 17),
    "resample, fewer": lambda x: signal.resample(x, 8, window=("kaiser", 3.0)),
    "resample_poly": lambda x: signal.resample_poly(x, 5, 3, padtype="mean"),
    "decimate": lambda x: signal.decimate(x, 2, ftype="fir", n=6),
    "decimate, one way": lambda x: signal.decimate(x, 3, zero_phase=False),
    "upfirdn": lambda x: signal.upfirdn([0.3, 1.0, 0.5], x, up=2, down=5),
    "oaconvolve": lambda x: signal.oaconvolve(x, np.array([0.5, 0.2, 0.1]), mode="same"),
    "deconvolve": lambda x: signal.deconvolve(x, np.array([1.3, 0.4, 0.2]))[0],
    "dct 1": lambda x: fft.dct(x, type=1),
    "idct 2": lambda x: fft.idct(x, type=2, norm="forward"),
    "dct 3": lambda x: fft.dct(x, type=3, orthogonalize=True),
    "dst 2": lambda x: fft.dst(x, type=2, n=9),
    "idst 3": lambda x: fft.idst(x, type=3, norm="ortho"),
    "dst 4": lambda x: fft.dst(x, type=4, norm="forward"),
    "fht": lambda x: fft.fht(x, dln=0.2, mu=1.0, bias=0.3),
}


@pytest.mark.parametrize("name", LINEAR)
def test_what_is_linear_has_the_matrix_of_its_columns(name):
    """The Jacobians are the matrix that SciPy gives for the unit vectors, in both modes."""
    function, n = LINEAR[name], 12
    zero = function(np.zeros(n))
    matrix = np.stack([function(e) - zero for e in np.eye(n)], axis=-1)
    scale = np.max(np.abs(matrix))
    for jacobian in (s2sad.jacfwd, s2sad.jacrev):
        np.testing.assert_allclose(jacobian(function)(X[:n]), matrix, atol=2e-14 * scale, rtol=0)


def filtered(b, a, x):
    return np.sum(signal.lfilter(b, a, x) ** 3)


def test_coefficients_by_the_complex_step():
    """SciPy's filter takes complex coefficients: the imaginary part of a step of 1e-30 is the derivative, exactly."""
    b, a = np.array([0.4, 0.2, 0.1]), np.array([1.2, -0.5, 0.3])
    by_b, by_a = s2sad.grad(filtered, (0, 1))(b, a, X)
    for k in range(3):
        step = 1e-30j * np.eye(3)[k]
        assert by_b[k] == pytest.approx(filtered(b + step, a, X).imag / 1e-30, rel=1e-13)
        assert by_a[k] == pytest.approx(filtered(b, a + step, X).imag / 1e-30, rel=1e-13)


def by_sections(sos, x):
    return np.sum(signal.sosfilt(sos, x) ** 3)


def one_by_one(sos, x):
    for k in range(sos.shape[0]):
        x = signal.lfilter(sos[k, :3], sos[k, 3:], x)
    return np.sum(x**3)


@pytest.mark.parametrize("sections", [1, 2, 5])
def test_sections_are_filters_one_after_the_other(sections):
    """The first number of a denominator is 1 in any case: by it there is no derivative."""
    sos = np.vstack([SOS, SOS])[:sections]
    expected = s2sad.grad(one_by_one)(sos, X)
    expected[:, 3] = 0.0
    np.testing.assert_allclose(s2sad.grad(by_sections)(sos, X), expected, rtol=1e-10)
    forward = s2sad.jvp(by_sections, (sos, X), (sos * [1, 1, 1, 0, 1, 1], X))[1]
    assert forward == pytest.approx(np.sum(expected * sos) + np.sum(s2sad.grad(by_sections, 1)(sos, X) * X))


def noisy(x):
    _, p = signal.welch(signal.lfilter([0.3, 0.2], [1.0, -0.4], x), nperseg=8)
    return np.sum(np.log(p[1:])) + np.sum(signal.savgol_filter(x, 5, 2) ** 2) + np.sum(fft.dct(x) ** 4)


def test_many_signals_at_once():
    xs = np.stack([X, Y, X + Y])
    many = s2sad.vmap(s2sad.grad(noisy))(xs)
    np.testing.assert_allclose(many, [s2sad.grad(noisy)(x) for x in xs], rtol=1e-10)


def test_single_precision():
    x = X.astype(np.float32)
    value, gradient = s2sad.value_and_grad(noisy)(x)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, s2sad.grad(noisy)(X), rtol=2e-4, atol=2e-4)


def by_axes(x):
    y = signal.lfilter([0.3, 0.2], [1.0, -0.4], x, axis=0)
    y = signal.fftconvolve(y, y[:1, :3], mode="same", axes=1) + signal.convolve2d(x, PSF, "same", boundary="symm")
    return np.sum(signal.savgol_filter(y, 3, 1, axis=0) ** 2) + np.sum(np.abs(fft.hfftn(y + 1j * x)) ** 2)


def test_several_axes():
    s2sad.check_grads(by_axes, (IMAGE,), order=2)


def analytic(z):
    return np.sum(np.abs(fft.fft(z, norm="ortho") * signal.lfilter([0.3, 0.2j], [1.0, -0.4], z)) ** 2)


def test_complex_signals():
    """By the real and imaginary parts, as the convention has it: df/dx - i df/dy."""
    z = X[:9] + 1j * Y[:9]

    def of_parts(x, y):
        return analytic(x + 1j * y)

    by_x, by_y = s2sad.grad(of_parts, (0, 1))(z.real, z.imag)
    s2sad.check_grads(of_parts, (z.real, z.imag), order=1)
    np.testing.assert_allclose(s2sad.grad(analytic)(z), by_x - 1j * by_y, rtol=1e-10)


@pytest.mark.parametrize(
    ("program", "says"),
    [
        (lambda x: np.sum(signal.filtfilt([1.0], [1.0, 0.2], x, method="gust")), "method='pad'"),
        (lambda x: np.sum(signal.upfirdn([1.0, 0.2], x, mode="wrap")), "np.pad"),
        (lambda x: np.sum(fft.dct(x, overwrite_x=True)), "overwrite"),
        (lambda x: np.sum(signal.welch(x, detrend=np.sin)[1]), "detrend"),
        (lambda x: np.sum(fft.dct(x + 1j * x, norm="ortho", orthogonalize=False).real), "both parts"),
    ],
)
def test_refusals(program, says):
    with pytest.raises(s2sad.Error, match=says):
        s2sad.grad(program)(X)
