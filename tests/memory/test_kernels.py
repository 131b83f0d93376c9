"""The classic kernels of examples/kernels, unmodified: derivatives, both backends, what they store and copy."""

import ast
import copy
import importlib
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest

import s2sad
from benchmarks.bindings import bindings
from benchmarks.kernels import stored
from s2sad.testing import numerical_jvp

KERNELS = {
    "heat": ("temperature_misfit", (0, 1), {"n": 7, "steps": 4}),
    "gauss_seidel": ("smoothed_energy", (0,), {"n": 6, "sweeps": 3}),
    "lu": ("log_determinant", (0,), {"n": 5}),
    "cholesky": ("log_likelihood", (0, 1), {"n": 6}),
    "thomas": ("solution_energy", (0, 1, 2, 3), {"n": 8}),
    "durbin": ("yule_walker_energy", (0,), {"n": 7}),
    "gram_schmidt": ("factor_sum", (0,), {"m": 6, "n": 4}),
    "floyd_warshall": ("total_distance", (0,), {"n": 6}),
    "n_body": ("mean_spread", (0, 1, 2), {"side": 2, "steps": 3}),
    "lstm": ("sequence_loss", (0, 1, 2, 3), {"steps": 3, "d": 3, "h": 2}),
    "dtw": ("soft_dtw", (0, 1, 2), {"n": 5, "m": 4}),
    "fft": ("low_pass_power", (0, 1), {"n": 16}),
    "upwind": ("final_energy", (0,), {"n": 40, "steps": 5}),
}


def kernel(name):
    function, argnums, sizes = KERNELS[name]
    module = importlib.import_module(f"examples.kernels.{name}")
    return getattr(module, function), argnums, module.arguments(**sizes)


def directions(name, argnums, args):
    rng = np.random.default_rng(3)
    dots = {k: rng.normal(size=np.shape(args[k])) if np.shape(args[k]) else float(rng.normal()) for k in argnums}
    if name == "cholesky":
        dots[0] = dots[0] + dots[0].T
    if name == "floyd_warshall":
        np.fill_diagonal(dots[0], 0.0)  # a path from a point to itself has no derivative at 0
    if name == "n_body":
        dots[2] = dots[2] * 0.1
    return dots


@pytest.mark.parametrize("name", KERNELS)
def test_both_modes_against_differences(name):
    f, argnums, args = kernel(name)
    dots = directions(name, argnums, args)
    expected, error = numerical_jvp(lambda *a: f(*copy.deepcopy(a)), args, dots, step=1e-3)
    assert error[0] < 1e-5 * max(1.0, abs(expected[0]))
    before = copy.deepcopy(args)
    value, bars = s2sad.value_and_grad(f, argnums)(*args)
    assert value == pytest.approx(f(*copy.deepcopy(args)), rel=1e-12)
    total = sum(np.sum(bar * dots[k]) for k, bar in zip(argnums, bars, strict=True))
    assert total == pytest.approx(expected[0], rel=1e-6, abs=1e-9)
    all_dots = [dots.get(k, np.zeros_like(a) if isinstance(a, np.ndarray) else 0.0) for k, a in enumerate(args)]
    _, out_dot = s2sad.jvp(f, args, [0 if isinstance(a, int) else d for a, d in zip(args, all_dots, strict=True)])
    assert out_dot == pytest.approx(total, rel=1e-10, abs=1e-12)
    for a, b in zip(args, before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", KERNELS)
def test_second_order(name):
    f, argnums, args = kernel(name)
    dots = directions(name, argnums, args)
    gradient = s2sad.grad(f, argnums[0])

    def along(*a):
        return np.sum(gradient(*a) * dots[argnums[0]])

    expected, _ = numerical_jvp(along, args, {argnums[0]: dots[argnums[0]]}, step=1e-3)
    tangents = [dots[0] if k == 0 else 0 if isinstance(a, int) else 0.0 * a for k, a in enumerate(args)]
    _, bar_dot = s2sad.jvp(gradient, args, tangents)
    assert np.sum(bar_dot * dots[0]) == pytest.approx(expected[0], rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("name", KERNELS)
def test_native_code(name):
    pytest.importorskip("numba")
    f, argnums, args = kernel(name)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*is not compiled, NumPy is used")
        warnings.simplefilter("error", category=UserWarning)
        value, bars = s2sad.value_and_grad(f, argnums, backend="numba")(*args)
    plain, plain_bars = s2sad.value_and_grad(f, argnums)(*args)
    assert value == pytest.approx(plain, rel=1e-11)
    for a, b in zip(bars, plain_bars, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-11)


def copies_in_loops(text):
    """The copies of whole arrays that stand in loops of a program: `a.copy()` of a name."""
    found = []
    for loop in (n for n in ast.walk(ast.parse(text)) if isinstance(n, (ast.For, ast.While))):
        for call in (n for n in ast.walk(loop) if isinstance(n, ast.Call)):
            if (
                isinstance(call.func, ast.Attribute)
                and call.func.attr == "copy"
                and isinstance(call.func.value, ast.Name)
            ):
                found.append(ast.unparse(call))
    return found


@pytest.mark.parametrize("name", KERNELS)
def test_no_array_is_copied_in_a_loop(name):
    f, argnums, args = kernel(name)
    assert copies_in_loops(s2sad.grad(f, argnums).lower(*args).source) == []


def kept_arrays(text):
    """How many arrays and lists a program fills for its reverse sweep."""
    return sum(ast.unparse(value).startswith(("np.empty(", "[]")) for _, value in bindings(ast.parse(text)))


@pytest.mark.parametrize(("name", "count"), [("gauss_seidel", 0), ("lu", 1), ("heat", 0)])
def test_what_is_linear_or_still_there_is_not_stored(name, count):
    """lu keeps the n numbers whose logarithm is taken, and none of the O(n^3) factors."""
    f, _, args = kernel(name)
    assert kept_arrays(s2sad.grad(f, 0).lower(*args).source) == count


def peak(call):
    tracemalloc.start()
    call()
    _, found = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return found


def test_the_memory_of_a_linear_stencil_does_not_grow_with_its_steps():
    module = importlib.import_module("examples.kernels.heat")
    gradient = s2sad.grad(module.temperature_misfit)
    short, long = module.arguments(80, 5), module.arguments(80, 500)
    gradient(*short), gradient(*long)
    few, many = peak(lambda: gradient(*short)), peak(lambda: gradient(*long))
    assert many < 1.1 * few
    assert many < 20 * short[0].nbytes


def test_the_table_of_what_is_stored_is_current():
    page = (Path(__file__).parents[2] / "docs/explanation/memory.md").read_text(encoding="utf-8")
    assert stored.text() in page
