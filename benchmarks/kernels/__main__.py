"""python -m benchmarks.kernels [names]: gradient over primal, native and with numba too, beside JAX; peak memory."""

from __future__ import annotations

import importlib
import os
import statistics
import sys
import time
import timeit
import tracemalloc
import types
import warnings

from benchmarks.surroundings import empty_cache, settle

settle("benchmarks.kernels")
if "S2SAD_CACHE_DIR" not in os.environ:
    empty_cache()

import numpy as np  # noqa: E402

import s2sad  # noqa: E402

KERNELS = {
    "heat": ("temperature_misfit", (0,)),
    "gauss_seidel": ("smoothed_energy", (0,)),
    "lu": ("log_determinant", (0,)),
    "cholesky": ("log_likelihood", (0, 1)),
    "thomas": ("solution_energy", (0, 1, 2, 3)),
    "durbin": ("yule_walker_energy", (0,)),
    "gram_schmidt": ("factor_sum", (0,)),
    "floyd_warshall": ("total_distance", (0,)),
    "n_body": ("mean_spread", (0, 1)),
    "lstm": ("sequence_loss", (0, 1, 2)),
    "dtw": ("soft_dtw", (0, 1)),
    "fft": ("low_pass_power", (0,)),
    "upwind": ("final_energy", (0,)),
}


def best(call):
    """The median of the fastest repetitions of a call, in seconds."""
    timer = timeit.Timer(call)
    number, _ = timer.autorange()
    return statistics.median(sorted(timer.repeat(5, number))[:3]) / number


def copies(args):
    return [a.copy() if isinstance(a, np.ndarray) else a for a in args]


def on_copies(f, args):
    """The time of a function that may write into its arguments, without that of the copies."""
    return max(best(lambda: f(*copies(args))) - best(lambda: copies(args)), 1e-9)


def compiled_primal(module, name, backend):
    """The function itself compiled, with all that it calls."""
    if backend == "native":
        f = getattr(module, name)
        return s2sad.jit(lambda *args: f(*(a.copy() if isinstance(a, np.ndarray) else a for a in args)))
    import numba

    own = types.ModuleType(module.__name__)
    with open(module.__file__) as f:
        exec(compile(f.read(), module.__file__, "exec"), vars(own))
    for key, value in list(vars(own).items()):
        if isinstance(value, types.FunctionType):
            setattr(own, key, numba.njit(value))
    return getattr(own, name)


def peak(call):
    tracemalloc.start()
    call()
    _, found = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return found / 1e6


def first(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def row(name):
    """The figures of one kernel."""
    function, argnums = KERNELS[name]
    module = importlib.import_module(f"examples.kernels.{name}")
    f, args = getattr(module, function), module.arguments()
    df = s2sad.value_and_grad(f, argnums)
    own_value, own_bars = df(*args)
    primal, both = on_copies(f, args), best(lambda: df(*args))
    text = f"{name:15s}{primal * 1e6:10.1f}{both / primal:7.2f}"
    text += f"{peak(lambda: f(*copies(args))):8.2f}{peak(lambda: df(*args)):9.2f} "
    for backend in ("native", "numba"):
        compiled, own_f = s2sad.value_and_grad(f, argnums, backend=backend), compiled_primal(module, function, backend)
        start = first(lambda df=compiled: df(*args))
        for a, b in zip(compiled(*args)[1], own_bars, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8 * np.max(np.abs(b)))
        own_f(*copies(args))
        compiled_f, time_both = on_copies(own_f, args), best(lambda df=compiled: df(*args))
        both = min(both, time_both)
        text += f"{compiled_f * 1e6:10.1f}{time_both / compiled_f:7.2f}{start:9.2f}    "
    try:
        from benchmarks.kernels import jax_versions as versions
    except ImportError:
        return text
    jax_args, jax_df = versions.arrays(args), versions.gradient(name, argnums)
    ready = versions.jax.block_until_ready
    start = first(lambda: ready(jax_df(*jax_args)))
    value, bars = jax_df(*jax_args)
    np.testing.assert_allclose(value, own_value, rtol=1e-8)
    for a, b in zip(bars, own_bars, strict=True):
        if name != "cholesky":  # JAX gives the symmetric part
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8 * np.max(np.abs(b)))
    jax_f, jax_both = best(lambda: ready(versions.VERSIONS[name](*jax_args))), best(lambda: ready(jax_df(*jax_args)))
    return text + f"{jax_f * 1e6:10.1f}{jax_both / jax_f:7.2f}{start:9.2f}    {jax_both / both:12.2f}"


def main():
    warnings.filterwarnings("ignore", message=".*faster on contiguous")
    print(f"{'':15s}{'NumPy':^35s}{'native':^30s}{'numba':^30s}{'JAX':^30s}{'JAX / s2sad':>12s}")
    third = f"{'f us':>10s}{'grad':>7s}{'first s':>9s}    "
    print(f"{'':15s}" + f"{'f us':>10s}{'grad':>7s}{'MB f':>8s}{'MB grad':>9s} " + third * 3)
    for name in sys.argv[1:] or KERNELS:
        print(row(name), flush=True)


if __name__ == "__main__":
    main()
