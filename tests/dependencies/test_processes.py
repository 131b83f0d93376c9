"""What a derivative depends on is edited between two processes with one cache folder: the second one knows it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dependencies.changing import close, is_refusal, rotating, write_package
from tests.dependencies.edits import EDITS, WAYS
from tests.dependencies.holders import HOLDERS, REPLACED, written
from tests.dependencies.values import PAIRS

BY_IDENTITY = {"sentinel"}
"""Values that another process cannot know again."""


ARGUMENTS = ["str", "Fraction", "set", "frozenset", "SimpleNamespace", "dict", "tuple", "types of keys", "object"]
ARGUMENTS += ["function", "lambda", "ufunc of SciPy", "Enum", "keyword of a partial", "class", "None"]
"""Values that are also tried as arguments."""


def processes(folder, before, after, backend=""):
    """What derivatives are in three processes: with the texts of packages before an edit, after it, and once more."""
    for package, texts in before.items():
        write_package(folder, package, texts)
    first = run(folder, before, backend, 1)
    for package, texts in after.items():
        write_package(folder, package, texts)
    return first, run(folder, after, backend, 2), run(folder, after, backend, 3)


def run(folder, packages, backend, seed):
    env = {
        **os.environ,
        "S2SAD_CACHE_DIR": str(folder / "cache"),
        "PYTHONPATH": str(Path.cwd()),
        "PYTHONHASHSEED": str(seed),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    call = [sys.executable, "-m", "tests.dependencies.runner", str(folder), backend, *packages]
    done = subprocess.run(call, capture_output=True, text=True, env=env, cwd=Path.cwd())
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def of_pair(pair, name, package):
    """The texts of a package before and after another value is put in a place."""
    values = (pair.first, pair.second)
    return [written(HOLDERS[name], v, pair.use, pair.imports, package, REPLACED.format(pair)) for v in values]


def of_edit(edit, name, package):
    """The texts of a package before and after an edit of what is reached in a way."""
    return [{"main": WAYS[name].replace("PACKAGE", package), "other": t} for t in edit.texts]


def packaged(texts, item, name, package):
    return package, texts(item, name, package)


def programs():
    """Packages and their texts, by a label: values in a global and in one other place, edits reached in two ways."""
    for k, pair in enumerate(PAIRS.values()):
        further = ["argument"] if pair.label in ARGUMENTS else []
        for name in dict.fromkeys([*rotating(HOLDERS, k, 1), *further]):
            if not (pair.binds and name == "instance"):
                yield f"{pair.label}-{name}", packaged(of_pair, pair, name, f"pair_{k}_{list(HOLDERS).index(name)}")
    for k, edit in enumerate(EDITS):
        for name in rotating(WAYS, k, 1):
            yield f"{edit.label}-{name}", packaged(of_edit, edit, name, f"edit_{k}_{list(WAYS).index(name)}")


def check(results, package):
    found, expected, _, other = results[package]
    refused = is_refusal(found) and found == other
    assert close(found, expected) or refused, f"{found}, not {expected}; made afresh, it is {other}"


PROGRAMS = dict(programs())

NATIVE = ["int", "exponent", "float", "str that is compared", "slice", "Fraction", "tuple", "exponent in an object"]
NATIVE += ["function", "lambda", "ufunc", "function of math"]
NATIVE = {n: (f"native_{k}", of_pair(PAIRS[n], "global", f"native_{k}")) for k, n in enumerate(NATIVE)}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    packages = PROGRAMS.values()
    return processes(tmp_path_factory.mktemp("trees"), *({p: texts[k] for p, texts in packages} for k in (0, 1)))


@pytest.fixture(scope="module")
def native_results(tmp_path_factory):
    pytest.importorskip("numba")
    packages = NATIVE.values()
    folder = tmp_path_factory.mktemp("native")
    return processes(folder, *({p: texts[k] for p, texts in packages} for k in (0, 1)), "numba")


@pytest.mark.parametrize("label", PROGRAMS)
def test_another_process(label, results):
    package, _ = PROGRAMS[label]
    for outcomes in results:
        check(outcomes, package)


@pytest.mark.parametrize("label", [n for n in PROGRAMS if n.split("-")[0] not in BY_IDENTITY])
def test_a_process_like_the_one_before_does_not_compile(label, results):
    package, _ = PROGRAMS[label]
    found, _, compiled, _ = results[2][package]
    assert compiled == 0 or is_refusal(found)


@pytest.mark.parametrize("label", NATIVE)
def test_native_code_in_another_process(label, native_results):
    package, _ = NATIVE[label]
    for outcomes in native_results:
        check(outcomes, package)
    assert native_results[2][package][2] == 0


@pytest.mark.parametrize("label", NATIVE)
def test_native_code_when_a_value_is_replaced(label, native_results):
    package, _ = NATIVE[label]
    check(native_results[2], f"{package} replaced")
