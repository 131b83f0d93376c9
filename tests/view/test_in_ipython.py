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


def test_magics_in_functions_are_called_by_their_names(shown):
    assert re.match(r"UnsupportedCall: Cell In\[\d+\], line 2: %timeit in a function", shown["a magic"])
    assert re.match(r"UnsupportedCall: Cell In\[\d+\], line 2: !ls in a function", shown["a command"])


def test_what_a_derivative_is_asked(shown):
    """`df?` and `df??`: the parameters of the function, what it is, and the function."""
    assert re.search(r"Signature: +dq\(x\)", shown["dq?"]) and "gradient of q by x" in shown["dq?"]
    assert not any("P.args" in text for text in shown.values())
    for name in ("dq??", "many??"):
        assert "def q(x):" in shown[name]
    assert re.search(r"Signature: +pull\(out_bar\)", shown["pull?"])
    assert re.search(r"Signature: +slope_of_a\(x\)", shown["a method?"]) and "def m(self, x)" in shown["a method?"]


def test_a_derivative_says_in_which_cell_its_function_stands(shown):
    assert "gradient of q by x (Cell In[" in shown["where"]
