"""A sum over shards on processes of dask: the numbers of one process, also where a worker dies."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import s2sad

pytest.importorskip("distributed", reason="dask.distributed is not installed")

SCRIPT = """
import os
import signal
import time

import numpy as np
import s2sad
from distributed import Client, LocalCluster, wait
from s2sad.interop.dask import load_shards, value_and_grad
from s2sad.interop.scipy import minimize

COUNT = 7


def load(k, rows):
    rng = np.random.default_rng(k)
    x = rng.normal(size=(rows + k, 3))
    return x, x @ np.array([1.0, -2.0, 3.0]) + 0.5


def misfit(params, x, y):
    return np.sum((x @ params["w"] + params["b"] - y) ** 2)


def penalty(params):
    return 1e-3 * np.sum(params["w"] ** 2)


def slow(params, x, y):
    total = 0.0
    for _ in range(40):
        total = total + misfit(params, x, y) / 40
    return total


def whole(params):
    return sum(misfit(params, *load(k, 50)) for k in range(COUNT)) + penalty(params)


def same(a, b):
    np.testing.assert_allclose(a[0], b[0], rtol=1e-12)
    np.testing.assert_allclose(a[1]["w"], b[1]["w"], rtol=1e-12)
    np.testing.assert_allclose(a[1]["b"], b[1]["b"], rtol=1e-12)


if __name__ == "__main__":
    options = {"threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(2, **options) as cluster, Client(cluster) as client:
        shards = load_shards(client, load, COUNT, 50)
        wait(shards)
        start = {"w": np.zeros(3), "b": 0.0}
        expected = s2sad.value_and_grad(whole)(start)
        for fan_in in (2, 3, 8):
            same(value_and_grad(misfit, shards, client, regulariser=penalty, fan_in=fan_in)(start), expected)
        total = value_and_grad(misfit, shards, client, regulariser=penalty)
        print(minimize(total, start, jac=True, method="BFGS").x["w"].round(2))
        workers = client.run(os.getpid)
        os.kill(next(iter(workers.values())), signal.SIGKILL)  # with the shards that it holds
        same(total(start), expected)
        print("between")
        going = value_and_grad(slow, shards, client, fan_in=2)
        future = going.submit(start)
        os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
        found = future.result()
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-9)
        print("while it runs")
"""


def test_a_sum_over_shards_survives_its_workers(tmp_path):
    script = tmp_path / "fit.py"
    script.write_text(SCRIPT)
    root = str(Path(s2sad.__file__).parent.parent)
    env = {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=env, timeout=300)
    assert done.stdout == "[ 1. -2.  3.]\nbetween\nwhile it runs\n", done.stderr[-3000:]
