"""Every test has a cache folder of its own session, the IR is verified after each stage, examples are drawn alike."""

import os
import tempfile

_FOLDER = tempfile.TemporaryDirectory(prefix="s2sad-tests-")
os.environ["S2SAD_CACHE_DIR"] = _FOLDER.name
os.environ["XDG_DATA_HOME"] = os.path.join(_FOLDER.name, "data")
os.environ["S2SAD_VERIFY"] = "1"
os.environ.setdefault("S2SAD_TRACEBACK", "full")

import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

from s2sad.dispatch.sharing import SHARED  # noqa: E402

settings.register_profile(
    "ci", max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
settings.register_profile("deep", settings.get_profile("ci"), max_examples=5000)
settings.load_profile(os.environ.get("S2SAD_PROFILE", "ci"))


def pytest_addoption(parser):
    parser.addoption("--golden-update", action="store_true", help="write the golden files anew")
    parser.addoption("--pictures", action="store_true", help="write the pictures of the documentation anew")


@pytest.fixture
def golden_update(request):
    return request.config.getoption("--golden-update")


@pytest.fixture
def cache_folder(tmp_path, monkeypatch):
    """An empty cache folder, and a memory without what was compiled before."""
    SHARED.known.clear()
    monkeypatch.setenv("S2SAD_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


SLOW = {
    "tests/backends/native/test_code_numbers.py",
    "tests/backends/native/test_growing.py",
    "tests/backends/native/test_programs.py",
    "tests/backends/test_numba_operators.py",
    "tests/dependencies/test_processes.py",
    "tests/interop/test_numba_calls.py",
    "tests/backends/test_numba_samples.py",
    "tests/backends/test_one_text.py",
    "tests/language/test_growing_dicts.py",
    "tests/loops/test_rules.py",
    "tests/memory/test_overlaps.py",
    "tests/rules/test_definitions.py",
    "tests/rules/test_ranks.py",
    "tests/scipy/test_interpolated_programs.py",
    "tests/view/page/test_examples.py",
}
"""Files in which many tests compile for long, or start processes: each by one mechanism, for many functions."""


def is_slow(item):
    """Whether a test is one of many that compile for long."""
    return item.path.as_posix().endswith(tuple(SLOW)) or item.name.startswith("test_native_code")


def pytest_collection_modifyitems(config, items):
    """Of the tests that compile for seconds every fifth one, in CI; all of them in the deep profile."""
    if os.environ.get("S2SAD_PROFILE") == "deep":
        return
    slow = [i for i in items if is_slow(i)]
    kept = slow[::5]
    left_out = {id(item) for item in slow} - {id(item) for item in kept}
    config.hook.pytest_deselected(items=[i for i in items if id(i) in left_out])
    items[:] = [i for i in items if id(i) not in left_out]
