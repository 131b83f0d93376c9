"""Every definition at every sample of its own: the value is the function's, the derivatives are right in both modes."""

from __future__ import annotations

import contextlib
import itertools
import linecache
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import s2sad
from s2sad.errors import UnsupportedType
from s2sad.ir.definition import DEFINITIONS, Definition
from s2sad.ir.primitive import Effect, Sample
from s2sad.rules import everything

pytestmark = pytest.mark.filterwarnings("ignore")
everything()
NAMES = itertools.count()


def samples(definition: Definition) -> Iterator[Sample]:
    yield from definition.samples(np.random.default_rng(zlib.crc32(definition.name.encode())))


def is_float(x: Any) -> bool:
    return isinstance(x, (float, np.ndarray, np.generic)) and np.asarray(x).dtype.kind == "f"


def calling(definition: Definition, sample: Sample) -> tuple[Callable[..., Any], list[Any]]:
    """A function of the operands that are floats, or lists of these, whose source calls the function."""
    positional, named = definition.takes_operand(sample.arguments, sample.keywords)
    operands: list[Any] = []
    scope: dict[str, Any] = {"function": definition.function}

    def text(x: Any, may_be_operand: bool) -> str:
        if may_be_operand and isinstance(x, (list, tuple)) and any(map(is_float, x)):
            items = ", ".join(text(item, True) for item in x)
            return f"({items},)" if isinstance(x, tuple) else f"[{items}]"
        if may_be_operand and is_float(x):
            operands.append(x)
            return f"x{len(operands)}"
        name = f"given{len(scope)}"
        scope[name] = x
        return name

    parts = [text(a, o) for a, o in zip(sample.arguments, positional, strict=True)]
    parts += [f"{k}={text(v, named[k])}" for k, v in sample.keywords.items()]
    file = f"<definition {next(NAMES)}>"
    names = ", ".join(f"x{k + 1}" for k in range(len(operands)))
    source = f"def calls({names}):\n    return function({', '.join(parts)})\n"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    exec(compile(source, file, "exec"), scope)
    return scope["calls"], operands


def leaves(x: Any) -> list[Any]:
    return [leaf for item in x for leaf in leaves(item)] if isinstance(x, (tuple, list)) else [x]


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_values(name: str) -> None:
    """Called with numbers, a definition gives what its function gives."""
    definition = DEFINITIONS[name]
    for s in samples(definition):
        ours, theirs = (leaves(f(*s.arguments, **s.keywords)) for f in (definition.expression, definition.function))
        for a, b in zip(ours, theirs, strict=True):
            assert np.shape(a) == np.shape(b), s
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12, err_msg=str(s))


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_derivatives(name: str) -> None:
    definition = DEFINITIONS[name]
    for k, s in enumerate(samples(definition)):
        f, operands = calling(definition, s)
        if operands and any(map(is_float, leaves(f(*operands)))):
            s2sad.check_grads(f, operands, order=2 if k == 0 else 1)


LENGTHS_BY_NUMBERS = {"np.linalg.lstsq", "scipy.linalg.orth", "scipy.signal.tf2zpk"}
"""Results that are as long as a rank says: of no examples nothing does."""


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_for_many_examples(name: str) -> None:
    """`vmap` writes the definition out; it gives what a loop over the examples gives, for no examples their shape."""
    definition = DEFINITIONS[name]
    for k, s in enumerate(samples(definition)):
        f, operands = calling(definition, s)
        if not operands or any(np.size(x) == 0 for x in operands):
            continue
        stacked = [np.stack([x, 1.01 * np.asarray(x)]) for x in operands]
        many = s2sad.vmap(f)
        rows = [leaves(f(*(x[k] for x in stacked))) for k in range(2)]
        for a, *bs in zip(leaves(many(*stacked)), *rows, strict=True):
            np.testing.assert_allclose(a, np.stack(bs), rtol=1e-8, atol=1e-11, err_msg=str(s))
        if k == 0 and name not in LENGTHS_BY_NUMBERS:
            for a, b in zip(leaves(many(*(x[:0] for x in stacked))), rows[0], strict=True):
                assert np.shape(a) == (0, *np.shape(b)), s


def in_single(x: Any) -> Any:
    """Arrays of float64 in float32; scalars too."""
    if isinstance(x, (list, tuple)):
        return type(x)(map(in_single, x))
    return x.astype(np.float32) if isinstance(x, np.ndarray) and x.dtype == np.float64 else x


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_single_precision(name: str) -> None:
    """Where a definition is written out, its results have the dtype that the function gives them."""
    definition = DEFINITIONS[name]
    for s in samples(definition):
        single = Sample(tuple(map(in_single, s.arguments)), {k: in_single(v) for k, v in s.keywords.items()})
        f, operands = calling(definition, single)
        arrays = [isinstance(x, np.ndarray) for x in operands]
        if not any(arrays) or not all(map(is_float, leaves(f(*operands)))):
            continue
        out, _ = s2sad.jvp(f, tuple(operands), tuple(x * 0 for x in operands))
        for a, b in zip(leaves(out), leaves(f(*operands)), strict=True):
            assert np.asarray(a).dtype == np.asarray(b).dtype, s
        bars = s2sad.vjp(f, *operands)[1](f(*operands))
        for x, bar in zip(operands, bars, strict=True):
            assert not isinstance(x, np.ndarray) or bar.dtype == x.dtype, s


def with_imaginary_parts(rng: np.random.Generator, x: Any) -> Any:
    """Complex numbers for arrays."""
    if isinstance(x, (list, tuple)):
        return type(x)(with_imaginary_parts(rng, item) for item in x)
    return x + 1j * rng.uniform(0.1, 0.9, x.shape) if isinstance(x, np.ndarray) and x.dtype == np.float64 else x


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_complex_numbers(name: str) -> None:
    """A definition that is not refused for complex numbers gives what the function gives for them."""
    definition, rng = DEFINITIONS[name], np.random.default_rng(0)
    for s in samples(definition) if definition.of_complex else ():
        for chosen in (lambda k: True, lambda k: k == 0, lambda k: k > 0):
            given = [with_imaginary_parts(rng, x) if chosen(k) else x for k, x in enumerate(s.arguments)]
            try:
                expected = definition.function(*given, **s.keywords)
                found = definition.expression(*given, **s.keywords)
            except (TypeError, ValueError, NotImplementedError, UnsupportedType):
                continue
            for a, b in zip(leaves(found), leaves(expected), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-10, err_msg=str(s))


MATRIX = np.arange(12.0).reshape(3, 4) + 0.5


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_what_is_a_view_is_known_to_be_one(name: str) -> None:
    """A function that may give memory of an operand says so: else a store into one would be missing in the other."""
    definition = DEFINITIONS[name]
    for s in samples(definition):
        given = [o for o in leaves([*s.arguments, *s.keywords.values()]) if isinstance(o, np.ndarray)]
        results = [r for r in leaves(definition.function(*s.arguments, **s.keywords)) if isinstance(r, np.ndarray)]
        shared = any(np.may_share_memory(r, o) for r in results for o in given)
        assert not shared or definition.effect is Effect.VIEW, s


@pytest.mark.parametrize(
    "view",
    [np.fliplr, np.rot90, np.matrix_transpose, np.atleast_3d, np.linalg.diagonal, np.ravel],
    ids=lambda f: f.__name__,
)
def test_stores_around_a_view_are_seen_or_refused(view: Callable[..., Any]) -> None:
    def read_later(x: Any) -> Any:
        z = x.copy()
        y = view(z)
        z[0, 0] = x[1, 1] ** 2
        return np.sum(y**2)

    def written(x: Any) -> Any:
        z = x.copy()
        y = view(z)
        y += x[1, 1] ** 2
        return np.sum(z**2)

    for f in (read_later, written):
        with contextlib.suppress(s2sad.Error, ValueError):  # refused, or a view that NumPy lets nobody write into
            s2sad.check_grads(f, (MATRIX,))
