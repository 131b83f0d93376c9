"""vmap of gradients, and Hessians in one sweep, over the memory and the language suite."""

import copy

import numpy as np
import pytest

import s2sad
from tests.language import classes, control_flow, data, functions
from tests.language.cases import CASES
from tests.memory.cases import STORES
from tests.memory.test_memory import VALUES

assert classes and control_flow and data and functions
ARRAYS = [c for c in CASES if isinstance(c.arguments[0], (float, np.ndarray))]
LANGUAGE = pytest.mark.parametrize("case", ARRAYS, ids=[f"{c.name}-{k}" for k, c in enumerate(ARRAYS)])
MEMORY = pytest.mark.parametrize(("f", "names"), [pytest.param(f, n, id=k) for k, (f, n) in STORES.items()])


def columns(arrays, factors=(1.0, 1.001, 0.999)):
    return [np.stack([np.asarray(a) * f for f in factors]) for a in arrays]


@MEMORY
def test_gradients_of_each_example_where_arrays_are_written_into(f, names):
    gradient = s2sad.grad(f, tuple(range(len(names))))
    many = columns([VALUES[n] for n in names])
    before = copy.deepcopy(many)
    found = s2sad.vmap(gradient)(*many)
    for k in range(3):
        for bar, own in zip(found, gradient(*(m[k].copy() for m in many)), strict=True):
            np.testing.assert_allclose(bar[k], own, rtol=1e-9, atol=1e-11)
    assert all(np.array_equal(a, b) for a, b in zip(many, before, strict=True))


@MEMORY
def test_hessians_in_one_sweep_where_arrays_are_written_into(f, names):
    args = [VALUES[n].copy() for n in names]
    found = s2sad.hessian(f)(*args)
    product = s2sad.hvp(f)
    for direction in (np.ones_like(args[0]), np.arange(float(args[0].size)).reshape(args[0].shape)):
        expected = product(*args, direction)
        np.testing.assert_allclose(np.tensordot(found, direction, direction.ndim), expected, rtol=1e-8, atol=1e-8)


@LANGUAGE
def test_gradients_of_each_example(case):
    first, *rest = copy.deepcopy(case.arguments)
    gradient = s2sad.grad(case.function)
    (many,) = columns([first])
    found = s2sad.vmap(gradient, (0, *(None for _ in rest)))(many, *rest)
    for k in range(3):
        own = gradient(float(many[k]) if many.ndim == 1 else many[k].copy(), *copy.deepcopy(rest))
        np.testing.assert_allclose(found[k], own, rtol=1e-9, atol=1e-11)


@LANGUAGE
def test_hessians_in_one_sweep(case):
    first, *rest = copy.deepcopy(case.arguments)
    direction = np.cos(np.arange(float(np.size(first)))).reshape(np.shape(first))[()]
    found = s2sad.hessian(case.function)(first, *copy.deepcopy(rest))
    expected = s2sad.hvp(case.function)(first, *copy.deepcopy(rest), direction)
    np.testing.assert_allclose(np.tensordot(found, direction, np.ndim(direction)), expected, rtol=1e-8, atol=1e-9)
