"""Derivatives in the cells of a notebook: functions and globals that change, `%autoreload`, what magics run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("in_ipython.py")


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    pytest.importorskip("IPython")
    folder = tmp_path_factory.mktemp("cells")
    env = os.environ | {"IPYTHONDIR": str(folder / "ipython"), "S2SAD_TRACEBACK": ""}
    run = subprocess.run([sys.executable, str(SCRIPT), str(folder)], capture_output=True, text=True, env=env)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


EXPECTED = {
    "first": "(6.0, 18.0, 6.0)",
    "edit 1": "(27.0, 27.0, 27.0)",
    **{f"differences {k}": "True" for k in range(1, 5)},
    "lambda": "6.0",
    "global": "4.0",
    "global changed": "10.0",
    "redefined": "(10.0, 5.0)",
    "helper": "2.0",
    "helper redefined": "3.0",
    "class": "8.0",
    "class again": "3.0",
    "%%time of a lambda": "12.0",
    "%%time": "20.0",
    "%time": "32.0",
    "%%timeit": "None",
    "%timeit": "None",
    "%%capture": "None",
    "after it": "7.0",
    "mended": "1.0",
    "stale": "1",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_cell_gives(shown, name):
    assert shown[name].replace("np.float64(", "").replace("))", ")").rstrip(")") == EXPECTED[name].rstrip(")")


def test_errors_name_the_cell_and_its_line(shown):
    assert shown["exec"].startswith("SourceUnavailable: the source of <lambda> cannot be had")
    assert re.match(r"\w+: Cell In\[\d+\], line 2: numpy has no .*sinn", shown["an error"])
    assert "y = np.sinn(x)" in shown["an error"]
    assert re.search(r"differentiated from\n  Cell In\[\d+\], line 2\n    return np", shown["at run time"])


def test_a_traceback_has_the_frames_of_the_cells_alone(shown):
    frames = re.findall(r"^(File .*|Cell In\[\d+\]), line \d+|^(File .*:\d+)", shown["traceback"], re.MULTILINE)
    assert len(frames) == 1, shown["traceback"]
    assert "s2sad.grad(bad)(1.0)" in shown["traceback"]


def test_a_derivative_says_in_which_cell_its_function_stands(shown):
    assert "gradient of q by x (Cell In[" in shown["where"]
