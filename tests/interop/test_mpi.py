"""A sum over shards in processes of MPI: the numbers of one process."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import s2sad

SCRIPT = """
import numpy as np
import s2sad
from mpi4py import MPI
from s2sad.interop.mpi import value_and_grad
from s2sad.interop.scipy import minimize

comm = MPI.COMM_WORLD


def load(k):
    rng = np.random.default_rng(k)
    x = rng.normal(size=(50 + k, 3))
    return x, x @ np.array([1.0, -2.0, 3.0]) + 0.5


def misfit(params, x, y):
    return np.sum((x @ params["w"] + params["b"] - y) ** 2)


def penalty(params):
    return 1e-3 * np.sum(params["w"] ** 2)


def whole(params):
    return sum(misfit(params, *load(k)) for k in range(comm.size)) + penalty(params)


start = {"w": np.zeros(3), "b": 0.0}
total = value_and_grad(misfit, load(comm.rank), comm, regulariser=penalty)
found, expected = total(start), s2sad.value_and_grad(whole)(start)
np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
np.testing.assert_allclose(found[1]["w"], expected[1]["w"], rtol=1e-12)
np.testing.assert_allclose(found[1]["b"], expected[1]["b"], rtol=1e-12)
x = minimize(total, start, jac=True, method="BFGS").x["w"]
if comm.rank == 0:
    print(comm.size, x.round(2))
"""


def test_processes_add_up_their_shards(tmp_path):
    pytest.importorskip("mpi4py", reason="mpi4py is not installed")
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    mpiexec = shutil.which("mpiexec", path=beside)
    if mpiexec is None:
        pytest.skip("there is no mpiexec")
    script = tmp_path / "fit.py"
    script.write_text(SCRIPT)
    env = {**os.environ, "PYTHONPATH": str(Path(s2sad.__file__).parent.parent)}
    command = [mpiexec, "-n", "2", sys.executable, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=300)
    assert done.stdout == "2 [ 1. -2.  3.]\n", done.stderr[-3000:]
