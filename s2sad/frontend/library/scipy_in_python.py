"""What functions of scipy.stats do that give several numbers by name, in Python, as `in_python` has those of NumPy.

Read once scipy.stats has been imported, which nobody need have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy import linalg, special

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[np.float64]"


def mode_(a: Array) -> tuple[Any, Any]:
    values, counts = np.unique(a, return_counts=True)
    return values[np.argmax(counts)], np.max(counts)


def pearsonr_(x: Array, y: Array) -> tuple[Any, Any]:
    dx, dy = x - np.mean(x), y - np.mean(y)
    r = np.sum(dx * dy) / np.sqrt(np.sum(dx * dx) * np.sum(dy * dy))
    ab = 0.5 * len(x) - 1.0
    return r, 2.0 * special.betainc(ab, ab, 0.5 - 0.5 * np.abs(r))


def linregress_(x: Array, y: Array) -> tuple[Any, Any, Any, Any, Any]:
    dx, dy = x - np.mean(x), y - np.mean(y)
    sxx, sxy, syy = np.mean(dx * dx), np.mean(dx * dy), np.mean(dy * dy)
    slope = sxy / sxx
    r = sxy / np.sqrt(sxx * syy)
    df = len(x) - 2
    t = r * np.sqrt(df / ((1.0 - r) * (1.0 + r)))
    stderr = np.sqrt((1.0 - r * r) * syy / sxx / df)
    return slope, np.mean(y) - slope * np.mean(x), r, 2.0 * special.stdtr(df, -np.abs(t)), stderr


def beyond_(df: Any, t: Any, alternative: str) -> Any:
    """The probability of a statistic beyond this one, of Student's distribution."""
    if alternative == "less":
        return special.stdtr(df, t)
    if alternative == "greater":
        return special.stdtr(df, -t)
    return 2.0 * special.stdtr(df, -np.abs(t))


def ttest_1samp_(a: Array, popmean: Any, alternative: str) -> tuple[Any, Any]:
    df = len(a) - 1.0
    t = (np.mean(a) - popmean) / np.sqrt(np.var(a, ddof=1) / len(a))
    return t, beyond_(df, t, alternative)


def ttest_rel_(a: Array, b: Array, alternative: str) -> tuple[Any, Any]:
    d = a - b
    df = len(d) - 1.0
    t = np.mean(d) / np.sqrt(np.var(d, ddof=1) / len(d))
    return t, beyond_(df, t, alternative)


def ttest_ind_(a: Array, b: Array, equal_var: bool, alternative: str) -> tuple[Any, Any]:
    """Without equal variances by Welch's test."""
    m, n = len(a), len(b)
    var_a, var_b = np.var(a, ddof=1), np.var(b, ddof=1)
    if equal_var:
        df: Any = m + n - 2.0
        square = ((m - 1) * var_a + (n - 1) * var_b) / df * (1.0 / m + 1.0 / n)
    else:
        p, q = var_a / m, var_b / n
        square = p + q
        df = square**2 / (p * p / (m - 1) + q * q / (n - 1))
    t = (np.mean(a) - np.mean(b)) / np.sqrt(square)
    return t, beyond_(df, t, alternative)


def jarque_bera_(x: Array) -> tuple[Any, Any]:
    d = x - np.mean(x)
    second = np.mean(d * d)
    skewness, excess = np.mean(d**3) / second**1.5, np.mean(d**4) / second**2 - 3.0
    statistic = len(x) / 6.0 * (skewness**2 + 0.25 * excess**2)
    return statistic, special.chdtrc(2.0, statistic)


def chisquare_(f_obs: Array, f_exp: Any, ddof: int) -> tuple[Any, Any]:
    expected = np.mean(f_obs) if f_exp is None else f_exp
    statistic = np.sum((f_obs - expected) ** 2 / expected)
    return statistic, special.chdtrc(len(f_obs) - 1.0 - ddof, statistic)


def describe_(a: Array, ddof: int) -> tuple[Any, ...]:
    d = a - np.mean(a)
    second = np.mean(d * d)
    minmax = (np.min(a), np.max(a))
    skewness, excess = np.mean(d**3) / second**1.5, np.mean(d**4) / second**2 - 3.0
    return len(a), minmax, np.mean(a), np.var(a, ddof=ddof), skewness, excess


def f_oneway_(samples: list[Any]) -> tuple[Any, Any]:
    count = sum([len(x) for x in samples])
    middle = sum([np.sum(x) for x in samples]) / count
    between = sum([len(x) * (np.mean(x) - middle) ** 2 for x in samples])
    within = sum([np.sum((x - np.mean(x)) ** 2) for x in samples])
    dfb, dfw = len(samples) - 1.0, float(count - len(samples))
    statistic = between / dfb / (within / dfw)
    return statistic, special.fdtrc(dfb, dfw, statistic)


def kde_(data: Array, x: Array, factor: Any, w: Any) -> Any:
    """The mean of normal densities around the data, of the variance of these times the square of a factor."""
    weights = np.full(len(data), 1.0 / len(data)) if w is None else w / np.sum(w)
    count = 1.0 / np.sum(weights * weights)
    scale = count**-0.2 if factor is None else (0.75 * count) ** -0.2 if factor == "silverman" else factor
    spread = np.sum(weights * (data - np.sum(weights * data)) ** 2) / (1.0 - 1.0 / count) * scale**2
    apart = np.expand_dims(x, -1) - data
    return np.sum(weights * np.exp(-0.5 * apart * apart / spread), axis=-1) / np.sqrt(2.0 * np.pi * spread)


def companion_(num: Array, den: Array) -> tuple[Any, Any, Any, Any]:
    """The matrices of a quotient of polynomials in controller form: T. Kailath, Linear Systems (1980), section 2.1."""
    n = len(den) - 1
    a = den[1:] / den[0]
    b = np.zeros(n + 1)
    b[n + 1 - len(num) :] = num / den[0]
    A = np.diag(np.ones(n - 1), -1)
    A[0] = -a
    B = np.zeros((n, 1))
    B[0] = 1.0
    return A, B, (b[1:] - b[0] * a)[None, :], np.full((1, 1), b[0])


def lsim_(A: Array, B: Array, C: Array, D: Array, U: Array, T: Array, X0: Array | None, hold: bool) -> tuple[Any, Any]:
    """By the matrix exponential over a step, of the input as it is held, or as a line: C. F. Van Loan, Computing
    integrals involving the matrix exponential (1978)."""
    n, m = B.shape
    dt = T[1] - T[0]
    whole = np.zeros((n + 2 * m, n + 2 * m))
    whole[:n, :n] = A * dt
    whole[:n, n : n + m] = B * dt
    whole[n : n + m, n + m :] = np.eye(m)
    moved = linalg.expm(whole)
    step = moved[:n, :n]
    ahead = 0.0 * moved[:n, n + m :] if hold else moved[:n, n + m :]
    behind = moved[:n, n : n + m] - ahead
    u = np.reshape(U, (len(T), m))
    x = np.zeros((len(T), n))
    if X0 is not None:
        x[0] = X0
    for k in range(1, len(T)):
        x[k] = step @ x[k - 1] + behind @ u[k - 1] + ahead @ u[k]
    y = x @ C.T + u @ D.T
    return (y[:, 0] if C.shape[0] == 1 else y), (x[:, 0] if n == 1 else x)


def answer_(A: Array, B: Array, C: Array, D: Array, T: Array, kick: bool) -> Any:
    """To a kick at the beginning, or to an input of 1 from then on, of a system with one input."""
    start = B[:, 0] if kick else None
    u = np.zeros(len(T)) if kick else np.ones(len(T))
    return lsim_(A, B, C, D, u, T, start, True)[0]


def dlsim_(A: Array, B: Array, C: Array, D: Array, u: Array, dt: Any) -> tuple[Any, Any, Any]:
    inputs = np.reshape(u, (len(u), B.shape[1]))
    x = np.zeros((len(u), A.shape[0]))
    for k in range(1, len(u)):
        x[k] = A @ x[k - 1] + B @ inputs[k - 1]
    return np.arange(len(u)) * dt, x @ C.T + inputs @ D.T, x


def freqresp_(num: Array, den: Array, w: Array) -> tuple[Any, Any]:
    return w, np.polyval(num, 1j * w) / np.polyval(den, 1j * w)


def bode_(num: Array, den: Array, w: Array) -> tuple[Any, Any, Any]:
    h = np.polyval(num, 1j * w) / np.polyval(den, 1j * w)
    phase = np.unwrap(np.arctan2(h.imag, h.real)) * 180.0 / np.pi
    return w, 20.0 * np.log10(np.abs(h)), phase
