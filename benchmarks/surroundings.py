"""What every benchmark runs in: one thread, memory that is kept, and an empty cache folder that goes when it ends."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile

from s2sad.dispatch.sharing import SHARED

SETTINGS = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
    # glibc gives freed arrays back to the system by default, and page faults then hide what is measured
    **dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), "1000000000"),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}


def settle(module: str) -> None:
    """Start the module anew with the settings where one is missing: NumPy and glibc read them once, at the start."""
    if any(name not in os.environ for name in SETTINGS):
        os.execve(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]], {**SETTINGS, **os.environ})


def empty_cache() -> None:
    """Let derivatives be compiled anew, whatever has been compiled before."""
    folder = tempfile.mkdtemp(prefix="s2sad-benchmarks-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["S2SAD_CACHE_DIR"] = folder
    SHARED.known.clear()
