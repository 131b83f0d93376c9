"""Functions of NumPy and SciPy that write into an argument: they have their effect, or are refused."""

import inspect
import itertools
import linecache
import warnings

import numpy as np
import pytest
import scipy.fft
import scipy.linalg
import scipy.ndimage
import scipy.signal
import scipy.special

import s2sad
from s2sad.errors import Error
from s2sad.frontend.syntax.overwriting import flags_of

K = np.arange(1.0, 6.0)
X = np.array([0.3, -1.2, 2.0, 0.9, -0.4])
M = np.array([[4.0, 0.7, -0.4], [0.5, 3.0, 0.3], [0.2, -0.6, 2.0]])
IN_PLACE = [
    lambda y: np.place(y, y > 0.5, [7.0]),
    lambda y: np.place(y, y > 0.0, [7.0, 8.0]),
    lambda y: np.place(y, y < 5.0, y[:2] * 2.0),
    lambda y: np.place(y, K > 2, K[:1] * y[0]),
    lambda y: np.putmask(y, y > 0, y[2:4] * 3.0),
    lambda y: np.putmask(y, K > 2, 2.0),
    lambda y: np.putmask(y, y > 0, K * y),
    lambda y: np.put(y, [0, 1, 3], y[1:3] ** 2),
    lambda y: np.put(y, [0, 3], y[1:4] ** 2),
    lambda y: np.put(y, 2, y[0] * y[1]),
    lambda y: np.put(y, [1, 1], [y[0], y[2]]),
    lambda y: y.put([0, -1], y[2]),
    lambda y: np.copyto(y, y[::-1] ** 2),
    lambda y: np.copyto(y, y[0] ** 2, where=y > 0),
    lambda y: np.put_along_axis(y, np.array([1, 3]), y[:2] * y[2], 0),
    lambda y: np.put_along_axis(y, np.array([1, 3]), 2.0, axis=-1),
    lambda y: np.nan_to_num(y, copy=False, nan=3.0),
    lambda y: y.sort(),
    lambda y: y.partition(2),
    lambda y: y.fill(y[0] ** 2),
    lambda y: np.add(y, y[::-1] ** 2, out=y),
    lambda y: np.exp(y, y),
    lambda y: np.clip(y, -0.5, 0.5, out=y),
    lambda y: np.clip(y, -0.5, 0.5, y),
    lambda y: np.cumsum(y, out=y),
    lambda y: np.take(y, [4, 3, 2, 1, 0], out=y),
    lambda y: np.add.at(y, [0, 0, 1], y[2:5]),
    lambda y: y.clip(-0.5, 0.5, out=y),
    lambda y: scipy.special.expit(y, out=y),
]


@pytest.mark.parametrize("k", range(len(IN_PLACE)))
def test_effect(k):
    write = IN_PLACE[k]

    def f(x):
        y = x * 1.0
        write(y)
        return np.sum(y * y * K)

    s2sad.check_grads(f, (X,), order=1)
    assert s2sad.value_and_grad(f)(X)[0] == pytest.approx(f(X), rel=1e-12)


IN_MATRICES = [
    lambda y: np.fill_diagonal(y, y[0, 1] ** 2),
    lambda y: np.fill_diagonal(y, y[0] ** 2),
    lambda y: np.fill_diagonal(y, [1.0, 2.0]),
    lambda y: np.fill_diagonal(y[:2], 3.0),
    lambda y: np.put(y, [0, 4, 8, 7], y[0, :2]),
    lambda y: np.putmask(y, y > 0.4, y[0, :2]),
    lambda y: np.place(y, y > 0.4, y[1] * 2.0),
    lambda y: np.put_along_axis(y, np.argmax(M, axis=1)[:, None], y[:, :1] * 2.0, axis=1),
    lambda y: np.put_along_axis(y, np.array([[0, 2, 1]]), 7.0, axis=0),
    lambda y: np.copyto(y, y[0] * y[1]),
    lambda y: y.sort(axis=0),
    lambda y: y.sort(),
    lambda y: np.matmul(y, M, out=y),
    lambda y: np.apply_along_axis(set_first, 0, y),
    lambda y: np.apply_along_axis(set_first, 1, y),
]


def set_first(row):
    row[0] = row[1] * 3.0


@pytest.mark.parametrize("k", range(len(IN_MATRICES)))
def test_effect_in_matrices(k):
    write = IN_MATRICES[k]

    def f(x):
        y = x * 1.0
        write(y)
        return np.sum(y * y * M)

    s2sad.check_grads(f, (M + np.arange(9.0).reshape(3, 3) ** 2 / 70,), order=1)
    assert s2sad.value_and_grad(f)(M)[0] == pytest.approx(f(M), rel=1e-12)


LIMITED = [
    lambda y: np.nan_to_num(y, copy=False),
    lambda y: np.nan_to_num(y, False, 0.0, 3.0),
    lambda y: np.nan_to_num(y, copy=False, posinf=3.0, neginf=-1.0),
]


@pytest.mark.parametrize("k", range(len(LIMITED)))
def test_infinities_in_place(k):
    limit = LIMITED[k]

    def f(x):
        y = K / np.array([0.0, 1.0, 1.0, 1.0, 1.0]) * np.abs(x)
        limit(y)
        return np.sum(y)

    with np.errstate(all="ignore"):
        value, gradient = s2sad.value_and_grad(f)(X)
        assert value == f(X)
    np.testing.assert_allclose(gradient, np.array([0.0, 2, 3, 4, 5]) * np.sign(X))


REFUSED = [
    lambda y: scipy.linalg.solve(np.eye(5) * 2.0, y, overwrite_b=True),
    lambda y: scipy.linalg.solve(np.eye(5) * 2.0, y, False, False, True),
    lambda y: scipy.signal.detrend(y, type="constant", overwrite_data=True),
    lambda y: scipy.fft.fft(y, overwrite_x=True),
    lambda y: scipy.fft.dct(y, 2, None, -1, None, True),
    lambda y: np.median(y, overwrite_input=True),
    lambda y: np.percentile(y, 30, overwrite_input=True),
    lambda y: scipy.ndimage.gaussian_filter(K, 1.0, output=y),
    lambda y: np.random.shuffle(y),
    lambda y: y.byteswap(inplace=True),
    lambda y: y.resize(3),
    lambda y: y.itemset(0, 1.0),
    lambda y: np.add.reduceat(K, [0, 1, 2, 3, 4], out=y),
    lambda y: np.multiply.accumulate(y, out=y),
    lambda y: np.random.default_rng(0).standard_normal(out=y),
]


@pytest.mark.parametrize("k", range(len(REFUSED)))
def test_effect_or_refusal(k):
    write = REFUSED[k]

    def f(x):
        y = x * 1.0
        write(y)
        return np.sum(y * y * K)

    try:
        value, _ = s2sad.value_and_grad(f)(X)
    except (Error, AttributeError):
        return
    assert value == pytest.approx(f(X), rel=1e-12)


def test_what_nobody_else_sees_may_be_overwritten():
    def f(x):
        return np.sum(scipy.linalg.solve(M * x[0], x[:3] * 2.0, overwrite_a=True, overwrite_b=True))

    s2sad.check_grads(f, (X,), order=1)


NAMESPACES = (np, np.linalg, np.fft, scipy.linalg, scipy.fft, scipy.signal, scipy.special, scipy.ndimage)


def writes(parameter):
    return parameter.startswith("overwrite") or parameter in ("out", "output", "inplace")


def flagged():
    """The functions of which a parameter says that they may write, with their parameters."""
    for space in NAMESPACES:
        for name in sorted(dir(space)):
            function = getattr(space, name)
            if name.startswith("_") or not callable(function) or isinstance(function, type):
                continue
            try:
                parameters = inspect.signature(function).parameters
            except (TypeError, ValueError):
                continue
            if any(map(writes, parameters)):
                yield pytest.param(function, parameters, id=f"{space.__name__}.{name}")


@pytest.mark.parametrize("function, parameters", list(flagged()))
def test_every_function_that_may_write(function, parameters):
    """Its flags are known from its signature; a call that writes into what is read has its effect or is refused."""
    assert set(flags_of(function)) == set(filter(writes, parameters))
    for flag, operand in itertools.product(flags_of(function), (X, M)):
        value = "z" if flag in ("out", "output") else "True"
        text = f"function(y, {flag}={value})"
        check_text(
            f"def f(x):\n    y, z = x * 1.0, x * 2.0\n    {text}\n    return np.sum(y * y) + np.sum(z * z)\n",
            function,
            operand,
        )


def check_text(text, function, operand):
    file = f"<writer {next(NUMBERS)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    scope = {"function": function, "np": np}
    exec(compile(text, file, "exec"), scope)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = scope["f"](operand)
        except Exception:
            return
        try:
            value, _ = s2sad.value_and_grad(scope["f"])(operand)
        except (Error, TypeError, ValueError):
            return
    assert value == pytest.approx(expected, rel=1e-12, nan_ok=True)


NUMBERS = itertools.count()
