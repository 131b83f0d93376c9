"""What type checkers make of users' code: nothing to say of what is right, an error at each line that is wrong."""

import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from s2sad import backends
from s2sad.dispatch.typed import OwnBackend

HERE = Path(__file__).parent
RIGHT, WRONG = HERE / "user_code.py", HERE / "wrong_code.py"


def marked_lines():
    return {k for k, line in enumerate(WRONG.read_text().splitlines(), 1) if line.endswith("# wrong")}


def assert_found(errors):
    """Errors are pairs of a file's name and a line."""
    assert not [e for e in errors if e[0] != WRONG.name], errors
    assert {line for _, line in errors} == marked_lines()


def test_mypy_reads_users_code(tmp_path):
    pytest.importorskip("mypy")
    options = ["--strict", "--follow-imports=silent", "--config-file=", f"--cache-dir={tmp_path}"]
    command = [sys.executable, "-m", "mypy", *options, str(RIGHT), str(WRONG)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=HERE.parent.parent)
    found = re.findall(r"^(?:.*[/\\])?(\w+\.py):(\d+): error: ", run.stdout, re.MULTILINE)
    assert_found([(name, int(line)) for name, line in found])


def test_pyright_reads_users_code():
    command = shutil.which("pyright", path=Path(sys.executable).parent)
    if command is None:
        pytest.skip("pyright is not installed")
    run = subprocess.run(
        [command, "--outputjson", str(RIGHT), str(WRONG)], capture_output=True, text=True, cwd=HERE.parent.parent
    )
    if not run.stdout.startswith("{"):
        pytest.skip("pyright cannot be run")
    found = [d for d in json.loads(run.stdout)["generalDiagnostics"] if d["severity"] == "error"]
    assert_found([(Path(d["file"]).name, d["range"]["start"]["line"] + 1) for d in found])


def test_the_code_runs_as_it_is_typed():
    runpy.run_path(str(RIGHT))


def test_all_backends_have_names_for_the_checkers():
    assert set(get_args(OwnBackend)) == {backends.PYTHON.backend.name, *dict(backends._folders())}
