"""Every rule at arguments beside the usual ones: ranks from 0 to 3, no numbers at all, numbers of Python.

Where NumPy takes them, the rule agrees with it in value, shape and derivative, or refuses.
"""

import itertools
import linecache
import warnings
import zlib

import numpy as np
import pytest

import s2sad
from s2sad.errors import Error
from s2sad.ir.definition import DEFINITIONS
from s2sad.ir.primitive import PRIMITIVES
from s2sad.rules import everything

everything()
FILES = itertools.count()
SHAPES = [(), (3,), (3, 3), (2, 3), (2, 3, 3), (0,)]


NOT_HERE = {
    # their numbers are not double ones
    *("np.float16", "np.float32", "np.complex64"),
    # of no numbers they give one: the derivative by none of them is no array of none
    *("np.diff", "np.ediff1d", "np.polyint"),
}


def is_float(x):
    return isinstance(x, (float, np.ndarray, np.generic)) and np.asarray(x).dtype == np.float64


def variants(x):
    """Numbers like those of a sample in other shapes; of Python, of NumPy, in an array without axes."""
    numbers = np.resize(np.ravel(x) if np.size(x) else [0.6], 18)
    numbers = numbers + 0.01 * np.cos(np.arange(18.0)) * (np.ptp(numbers) == 0.0 or np.size(x) < 18)
    for shape in SHAPES:
        found = numbers[: int(np.prod(shape))].reshape(shape)
        yield found
        if shape == ():
            yield found.item()
            yield found[()]


def rows():
    for table in (PRIMITIVES, DEFINITIONS):
        for name, row in sorted(table.items()):
            helper = getattr(row, "helper", False)
            if row.samples is None or helper or getattr(row, "constant", False) or " of " in name or "." not in name:
                continue
            if name.startswith("scipy.stats") or name in NOT_HERE:
                continue
            yield pytest.param(row, id=name if table is PRIMITIVES else f"{name} by definition")


def calls(row):
    """The first samples, with each operand that is a float in other shapes."""
    rng = np.random.default_rng(zlib.crc32(row.name.encode()))
    for sample in itertools.islice(row.samples(rng), 1):
        for k, x in enumerate(sample.arguments):
            if is_float(x):
                for other in variants(x):
                    yield sample, k, other


def flat(x):
    """All numbers of a result, with the shapes of its arrays."""
    if isinstance(x, (tuple, list)):
        parts = [flat(i) for i in x]
        return [n for p in parts for n in p[0]], [s for p in parts for s in p[1]]
    return list(np.ravel(x)), [np.shape(x)]


def program(function, sample, k):
    names = [f"c[{i}]" for i in range(len(sample.arguments))]
    names[k] = "x"
    keywords = "".join(f", {n}={v!r}" for n, v in sample.keywords.items() if isinstance(v, (int, float, str, tuple)))
    text = f"def f(x):\n    return function({', '.join(names)}{keywords})\n"
    for i, a in enumerate(sample.arguments):
        text = text.replace(f"c[{i}]", f"c{i}" if not isinstance(a, (int, str, bool, tuple)) else repr(a))
    file = f"<ranks {next(FILES)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    scope = {"function": function, **{f"c{i}": a for i, a in enumerate(sample.arguments)}}
    exec(compile(text, file, "exec"), scope)
    return scope["f"]


@pytest.mark.parametrize("row", list(rows()))
def test_at_any_rank(row):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for sample, k, x in calls(row):
            check(program(row.function, sample, k), x)


def check(f, x):
    try:
        value = f(x)
        moved = f(x + 1e-6 * np.ones(np.shape(x))), f(x - 1e-6 * np.ones(np.shape(x)))
        numbers, shapes = flat(value)
        expected = (np.array(flat(moved[0])[0]) - np.array(flat(moved[1])[0])) / 2e-6
    except Exception:
        return
    if not all(isinstance(n, (float, np.floating)) for n in numbers) or not np.all(np.isfinite(expected)):
        return
    direction = 1.0 if isinstance(x, float) and not isinstance(x, np.generic) else np.ones(np.shape(x))
    direction = direction if np.ndim(x) or isinstance(x, (float, np.ndarray)) else np.float64(1.0)
    try:
        found, dot = s2sad.jvp(f, (x,), (direction,))
        value, pull = s2sad.vjp(f, x)
        (bar,) = pull(ones(value))
    except (Error, ValueError, IndexError):  # refused, or raised by the emitted code
        return
    where = f"{f.__code__.co_filename} {linecache.getlines(f.__code__.co_filename)[1]} at {x!r}"
    for ours in (found, value):
        assert flat(ours)[1] == shapes, where
        np.testing.assert_allclose(flat(ours)[0], numbers, rtol=1e-9, atol=1e-12, err_msg=where)
    assert flat(dot)[1] == shapes, where
    np.testing.assert_allclose(flat(dot)[0], expected, rtol=1e-4, atol=1e-4, err_msg=where)
    assert np.shape(bar) == np.shape(x), where
    np.testing.assert_allclose(np.sum(bar), np.sum(expected), rtol=1e-3, atol=1e-3, err_msg=where)


def ones(value):
    if isinstance(value, (tuple, list)):
        items = [ones(v) for v in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return np.ones(np.shape(value)) if isinstance(value, np.ndarray) else type(value)(1.0)
