"""Random programs for many examples at once, with and without memory, and their Hessians in one sweep."""

import numpy as np
import pytest
from hypothesis import example, given, reject
from hypothesis import strategies as st

import s2sad
from tests.programs import memory as memory_programs
from tests.programs import numeric as programs
from tests.programs.examples import several
from tests.programs.test_random_programs import within_range

SEEDS = st.integers(0, 2**31 - 1)


def examples(args, seed, count=3):
    """Arguments for many examples, their axes, and those of each example."""
    rng = np.random.default_rng(seed)
    active = [isinstance(a, float) or (isinstance(a, np.ndarray) and a.dtype.kind == "f") for a in args]
    many = [
        np.stack([a + 0.05 * rng.normal(size=np.shape(a)) for _ in range(count)]) if on else a
        for a, on in zip(args, active, strict=True)
    ]
    axes = tuple(0 if on else None for on in active)
    rows = [[_own(c, k) if on else c for c, on in zip(many, active, strict=True)] for k in range(count)]
    return many, axes, rows


def _own(column, k):
    return float(column[k]) if column.ndim == 1 else column[k].copy()


def check(program, args, seed):
    f = program.function
    many, axes, rows = examples(args, seed)
    numbers = tuple(k for k, axis in enumerate(axes) if axis == 0)
    gradient = s2sad.grad(f, numbers)
    try:
        bars = [gradient(*row) for row in rows]
    except s2sad.Error:
        reject()
    before = [np.copy(c) for c in many]
    found = s2sad.vmap(gradient, axes)(*many)
    for k, bar in enumerate(found):
        np.testing.assert_allclose(bar, np.stack([b[k] for b in bars]), rtol=1e-8, atol=1e-10, err_msg=program.source)
    values = s2sad.vmap(f, axes)(*many)
    assert all(np.array_equal(a, b) for a, b in zip(many, before, strict=True))
    np.testing.assert_allclose(values, [f(*row) for row in rows], rtol=1e-9, atol=1e-11, err_msg=program.source)


@several()
@given(SEEDS)
@within_range
def test_programs_for_many_examples(seed):
    check(programs.Program(seed), programs.arguments(seed), seed)


@several()
@given(SEEDS)
@within_range
def test_programs_with_memory_for_many_examples(seed):
    check(memory_programs.MemoryProgram(seed), memory_programs.arguments(seed), seed)


@several()
@given(SEEDS)
def test_the_text_is_the_same_wherever_its_values_lie_in_memory(seed):
    program, args = programs.Program(seed), programs.arguments(seed)
    many, axes, _ = examples(args, seed)
    texts = set()
    for k in range(3):
        scattered = [[] for _ in range(1000 * k)]  # what is made next has other addresses, and sets another order
        del scattered[:: k + 1]
        gradient = s2sad.grad(program.function, tuple(i for i, axis in enumerate(axes) if axis == 0))
        try:
            texts.add(s2sad.vmap(gradient, axes).lower(*many).source)
        except s2sad.Error:
            reject()
    assert len(texts) == 1


@several()
@example(4194304)  # a callee whose branch leaves an array unbound, called in the branch of a loop
@given(SEEDS)
@within_range
def test_hessians_in_one_sweep(seed):
    """Against products of the Hessian with unit vectors, and its symmetry."""
    program = programs.Program(seed, 4)
    f, (a, x, n) = program.function, programs.arguments(seed)
    found = s2sad.hessian(f, 1)(a, x, n)
    assert found.shape == (3, 3)
    product = s2sad.hvp(lambda x: f(a, x, n))
    for k, unit in enumerate(np.eye(3)):
        np.testing.assert_allclose(found[:, k], product(x, unit), rtol=1e-8, atol=1e-8, err_msg=program.source)
    if np.all(np.isfinite(found)):
        scale = max(1.0, np.max(np.abs(found)))
        assert np.max(np.abs(found - found.T)) == pytest.approx(0.0, abs=1e-6 * scale)
