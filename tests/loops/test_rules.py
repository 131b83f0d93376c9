"""Every loop rule at every sample of its primitive: the flat program, run by Python, gives what the function gives."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

import s2sad
from s2sad.errors import Unsupported, UnsupportedType
from s2sad.ir.definition import DEFINITIONS
from s2sad.ir.primitive import PRIMITIVES, Primitive
from s2sad.ir.primitives.memory import is_of_library
from s2sad.ir.signature import Signature
from s2sad.ir.values import applied_in, walk
from s2sad.rules import everything
from tests.loops.programs import Text, function_of, function_of_definition, leaves, loops_of, run, text_of
from tests.rules.evaluate import ABSTRACTIONS, tree_map
from tests.rules.test_definitions import samples as samples_of_definition
from tests.rules.test_sweep import cases, number

pytestmark = pytest.mark.filterwarnings("ignore")
everything()

REFUSED = {
    "list": "a list of run-time length is no result",
    "unbroadcast": "one sample has a number of which the type is not known",
}
"""The primitives that are not said in loops at some of their samples, and why."""
NOT_DEFINED = {"np.empty", "np.empty_like"}
"""What is in a new array is not defined."""
BY_LIBRARY = {
    *("np.sort", "np.argsort", "np.argpartition", "np.lexsort", "np.unique"),
    *("np.linalg.cholesky", "np.linalg.eigh", "np.linalg.matrix_rank", "np.linalg.pinv", "np.linalg.qr"),
    *("np.linalg.slogdet", "np.linalg.solve", "np.linalg.svd", "np.linalg.det", "np.linalg.inv"),
    *("cofactors", "cofactors_along", "np.frexp", "np.cross", "np.polyval", "np.roots"),
    *("math.fsum", "math.prod", "checked_like", "complex_eig", "reciprocal_differences", "reciprocal_largest"),
}
"""What may be left to NumPy, beside np.fft, np.polynomial and SciPy: the last where lengths are not known, or large."""


def agree(made: Any, wanted: Any, accuracy: float, what: str) -> None:
    """Whether results are equal: shapes, dtypes and numbers."""
    ours, theirs = leaves(made), leaves(wanted)
    assert len(ours) == len(theirs), what
    for a, b in zip(ours, theirs, strict=True):
        assert np.shape(a) == np.shape(b), what
        assert np.asarray(a).dtype.kind == np.asarray(b).dtype.kind, what
        if isinstance(b, np.ndarray) and np.ndim(b):
            assert np.asarray(a).dtype == np.asarray(b).dtype, what
        np.testing.assert_allclose(a, b, rtol=accuracy, atol=accuracy, err_msg=what)


def texts(primitive: Primitive, operands: Any, static: Any, *names: str) -> Iterator[tuple[Text, list[Any]]]:
    """The programs of one call: where lengths are known, and where they are not."""
    for name in names or ("exact", "symbolic"):
        typed = partial(ABSTRACTIONS[name], Signature())
        try:
            function, arguments = function_of(primitive, operands, static, typed)
        except UnsupportedType:
            continue  # the rule of its type needs to know more
        yield text_of({"f": function}, "f"), arguments


def is_by_library(made: Text) -> bool:
    return any(map(is_of_library, applied_in(walk(made[0].body))))


NAMES = sorted(n for n, p in PRIMITIVES.items() if n not in NOT_DEFINED and cases(p))


def is_of_scipy(primitive: Primitive) -> bool:
    """Whether it is a helper of a function of SciPy's, or of its derivative."""
    return primitive.type_rule.__module__.startswith("s2sad.rules.scipy")


@pytest.mark.parametrize("name", NAMES)
def test_samples(name: str) -> None:
    primitive = PRIMITIVES[name]
    by_library = (
        name in BY_LIBRARY or name.startswith(("np.fft.", "np.polynomial.", "scipy.")) or is_of_scipy(primitive)
    )
    for case in cases(primitive):
        what = f"{name} of {case.operands} {case.static}"
        try:
            for made, arguments in texts(primitive, case.operands, case.static):
                agree(run(made, arguments), case.result, 1e-9, what)
                assert by_library or not is_by_library(made), made[1]
        except Unsupported:
            assert name in REFUSED, what


BY_SECTIONS = {
    *("scipy.signal.firwin", "scipy.signal.freqs", "scipy.signal.sosfilt", "scipy.signal.sosfilt_zi"),
    "np.lib.stride_tricks.sliding_window_view",
}
"""What has a definition only where a length is known, or reads an array that is, or frequencies that are given."""


@pytest.mark.parametrize(
    "name", sorted(n for n in DEFINITIONS if not n.startswith("scipy.stats") and n not in BY_SECTIONS)
)
def test_definitions(name: str) -> None:
    definition = DEFINITIONS[name]
    for sample in samples_of_definition(definition):
        function, arguments = function_of_definition(definition, sample, partial(ABSTRACTIONS["symbolic"], Signature()))
        wanted = definition.function(*sample.arguments, **sample.keywords)
        agree(run(text_of({"f": function}, "f"), arguments), wanted, 1e-9, f"{name} {sample}")


# other dtypes


def _changed(x: Any, change: Callable[[Any], Any]) -> Any:
    is_real = lambda v: isinstance(v, (np.ndarray, np.generic)) and v.dtype == np.float64  # noqa: E731
    return tree_map(lambda v: change(v) if is_real(v) else v, x)


KINDS: dict[str, tuple[Callable[[Any], Any], float]] = {
    "single": (lambda v: v.astype(np.float32), 1e-4),
    "complex": (lambda v: v + 1j * np.cos(v), 1e-9),
    "integers": (lambda v: np.round(3.0 * v).astype(np.int64), 1e-9),
    "equal": (lambda v: np.asarray(np.round(v))[()], 1e-9),
}
NO_INTEGERS = {"last_stored"}
"""What is for adjoints, which are no integers."""
MANY = 8
"""How many samples are tried with other dtypes."""


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith(("np.fft.", "scipy."))])
def test_dtypes(name: str) -> None:
    """Wherever NumPy, and the rule of the type, take other numbers."""
    primitive = PRIMITIVES[name]
    for case, kind in itertools.product(cases(primitive)[:MANY], KINDS):
        if kind == "integers" and name in NO_INTEGERS:
            continue
        change, accuracy = KINDS[kind]
        operands = tuple(_changed(list(case.operands), change))
        try:
            with warnings.catch_warnings():
                wanted = number(primitive, operands, case.static)
        except Exception:  # noqa: S112  (NumPy takes no such numbers)
            continue
        try:
            for made, arguments in texts(primitive, operands, case.static, "symbolic"):
                agree(run(made, arguments), wanted, accuracy, f"{name} of {operands} {case.static}\n{made[1]}")
        except Unsupported:
            assert name in REFUSED


# subscripts and lists, in programs


def _subscripts() -> dict[str, Callable[..., Any]]:
    def stored(x: Any, m: Any, i: Any, j: Any, w: Any, k: Any) -> Any:
        y = x * 1.0
        y[m] = w
        y[i, 1:3] += 2.0 * w
        y[i, :, i % 3] = 3.0 * x[i, :, 0]
        return np.sum(y**3)

    def masked(x: Any, m: Any, i: Any, j: Any, w: Any, k: Any) -> Any:
        y = x[:, :, 0] * 1.0
        y[m] *= 2.0
        v = y[m]
        y[m] = v * v
        return np.sum(y**3) + np.sum(x[m, 1:] ** 2) + np.sum(x[m, k] ** 3)

    return {
        "stored": stored,
        "masked": masked,
        "pairs": lambda x, m, i, j, w, k: np.sum(x[i, j] ** 2),
        "apart": lambda x, m, i, j, w, k: np.sum(x[i, :, i % 3] ** 2),
        "with a number": lambda x, m, i, j, w, k: np.sum(x[i, :, k] ** 2 * np.arange(3.0)[:, None]),
        "between slices": lambda x, m, i, j, w, k: np.sum(x[:, i, ::2] ** 2 * w[:, None]),
        "new axes": lambda x, m, i, j, w, k: np.sum(x[None, i, :, None, 1] ** 2 * w[:, None, None]),
        "broadcast": lambda x, m, i, j, w, k: np.sum(x[1:, j % 3, i % 3] ** 2 * w),
    }


@pytest.mark.parametrize("name", _subscripts())
def test_subscripts(name: str) -> None:
    """Masks, arrays of indices, new axes, and numbers beside them."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 5, 3))
    given = (x, x[:, :, 0] > 0, np.array([0, 3, -1]), np.array([[1], [-2], [0]]), rng.standard_normal(3), 2)
    f = _subscripts()[name]
    made = loops_of(f, given, s2sad.grad, argnums=(0, 4))
    agree(run(made, given), s2sad.grad(f, argnums=(0, 4))(*given), 1e-10, made[1])


def test_memory_of_libraries() -> None:
    """What a library reads is stored before it, and not written by then; what it gives may be written."""

    def f(x: Any) -> Any:
        y = x * x
        s = np.sort(y)
        y[0] = 5.0
        t = np.sort(y)
        s[1] = x[0]
        return np.sum(s * t) + np.sum(y)

    x = np.array([0.3, -1.2, 0.7, 2.0])
    made = loops_of(f, (x,))
    assert is_by_library(made)
    agree(run(made, (x,)), s2sad.grad(f)(x), 1e-10, made[1])


def test_length_of_a_slice_whose_end_is_not_known() -> None:
    """Of an array of known length, too."""

    def f(x: Any) -> Any:
        y = np.stack([x, 2.0 * x, 3.0 * x])
        z = y[: int((x > 0.0) & (x < 1.0))]
        return np.sum(z * z)

    made = loops_of(f, (0.5,))
    for x in (0.5, 2.0):
        agree(run(made, (x,)), s2sad.grad(f)(x), 1e-12, made[1])
