"""Emitted modules as files: found again by the next process, never executed when damaged, safe for many writers."""

import compileall
import json
import os
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

import s2sad
from s2sad import cache
from s2sad.cache import keys

SCRIPT = """
import json, sys
import numpy as np
import s2sad
from s2sad.compiler import pipeline

calls = []
original = pipeline.compile_derivative
def counted(*args, **kwargs):
    calls.append(1)
    return original(*args, **kwargs)
pipeline.compile_derivative = counted

def f(x, y):
    return np.sum(np.sin(x) * y)

print(json.dumps([list(s2sad.grad(f)(np.ones(3), 2.0)), len(calls)]))
"""


def run(folder, script=SCRIPT, name="script.py", **extra):
    """Run a script in a process of its own."""
    file = folder / name
    file.write_text(script)
    env = {**os.environ, "S2SAD_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": str(Path.cwd()), **extra}
    env = {k: v for k, v in env.items() if v is not None}
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, env=env, cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_second_process_starts_without_compiling(tmp_path):
    first, compiled = run(tmp_path)
    assert compiled == 1
    again, compiled = run(tmp_path)
    assert compiled == 0
    assert again == first
    assert len(list((tmp_path / "cache").glob("*.py"))) == 1


def test_another_source_is_another_key(tmp_path):
    first, _ = run(tmp_path)
    second, compiled = run(tmp_path, SCRIPT.replace("np.sin(x)", "np.cos(x)"))
    assert compiled == 1
    assert second != first


def test_a_changed_callee_is_another_key(tmp_path):
    script = SCRIPT.replace("def f(x, y):", "def g(x):\n    return 2.0 * x\n\ndef f(x, y):").replace(
        "np.sin(x)", "g(x)"
    )
    first, _ = run(tmp_path, script)
    assert first == [4.0, 4.0, 4.0]
    second, compiled = run(tmp_path, script.replace("2.0 * x", "3.0 * x"))
    assert second == [6.0, 6.0, 6.0]
    assert compiled == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("np.cos", "np.sin"),
        lambda text: "raise SystemExit('foreign code ran')\n",
        lambda text: text + "\nraise SystemExit('appended code ran')\n",
        lambda text: "",
        lambda text: "\x00" * 10,
    ],
    ids=["cut", "edited", "foreign", "appended", "empty", "zeros"],
)
def test_a_damaged_file_is_replaced_and_never_executed(tmp_path, damage):
    first, _ = run(tmp_path)
    (file,) = (tmp_path / "cache").glob("*.py")
    text = file.read_text()
    file.write_text(damage(text))
    again, compiled = run(tmp_path)
    assert (again, compiled) == (first, 1)
    assert file.read_text() == text


def test_many_processes_at_once(tmp_path):
    with ProcessPoolExecutor(4) as pool:
        results = list(pool.map(run, [tmp_path] * 6, [SCRIPT] * 6, [f"script{k}.py" for k in range(6)]))
    assert all(value == results[0][0] for value, _ in results)
    assert not list((tmp_path / "cache").glob("*.tmp")) and not list((tmp_path / "cache").glob(".*.tmp"))


def test_the_folder_of_pyproject(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.s2sad]\ncache-dir = "derivatives"\n')
    run(tmp_path, S2SAD_CACHE_DIR=None, S2SAD_TRUSTED_PROJECTS=str(tmp_path))
    assert list((tmp_path / "derivatives").glob("f_grad_*.py"))


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    file = tmp_path / "a file"
    file.write_text("in the way")
    monkeypatch.setenv("S2SAD_CACHE_DIR", str(file))
    with pytest.warns(UserWarning, match="is no folder"):
        assert s2sad.grad(lambda x: x * x * x)(2.0) == 12.0


def test_keys_keep_their_parts_apart():
    assert cache.digest("ab", "c") != cache.digest("a", "bc")
    assert cache.digest("a", "b") != cache.digest("b", "a")
    assert cache.digest("a", "b") == cache.digest("a", "b")


KEY = """
import json
import s2sad
from s2sad import cache
print(json.dumps([s2sad.__file__, cache.digest("a")]))
"""


def key_of(folder, path):
    """The key of one input by the compiler on this path, in a process of its own."""
    file, key = run(folder, KEY, PYTHONPATH=str(path), PYTHONDONTWRITEBYTECODE="1")
    assert file.startswith(str(path))
    return key


@pytest.fixture
def copied(tmp_path):
    """A folder with a copy of the package."""
    package = Path(s2sad.__file__).parent
    shutil.copytree(package, tmp_path / "copy" / "s2sad", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "copy"


def zipped(copied):
    file = copied.parent / "s2sad.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for source in copied.rglob("*.py"):
            archive.write(source, source.relative_to(copied))
    return file


def without_sources(copied):
    tree = copied.parent / "bytecode"
    compileall.compile_dir(copied, legacy=True, quiet=1)
    shutil.copytree(copied, tree, ignore=shutil.ignore_patterns("*.py"), dirs_exist_ok=True)
    return tree


@pytest.mark.parametrize("installed", [lambda copied: copied, zipped, without_sources], ids=["folder", "zip", "pyc"])
def test_another_compiler_has_other_keys(tmp_path, copied, installed):
    first = key_of(tmp_path, installed(copied))
    assert key_of(tmp_path, installed(copied)) == first
    with open(copied / "s2sad" / "rules" / "__init__.py", "a") as module:
        module.write("other = True\n")
    assert key_of(tmp_path, installed(copied)) != first


def test_the_same_sources_have_the_same_keys_wherever_they_are(tmp_path, copied):
    assert key_of(tmp_path, copied) == key_of(tmp_path, zipped(copied)) == cache.digest("a")


def test_files_that_are_not_imported_are_in_no_key(tmp_path, copied):
    first = key_of(tmp_path, copied)
    (copied / "s2sad" / "errors.pyc").write_bytes(b"beside its source")
    (copied / "s2sad" / ".#errors.py").symlink_to("an editor's lock")
    assert key_of(tmp_path, copied) == first


def test_a_compiler_that_cannot_be_read_shares_no_keys(monkeypatch):
    monkeypatch.setattr(keys, "_modules", lambda folder: iter(()))
    assert cache._own_digest.__wrapped__() != cache._own_digest.__wrapped__()


def test_store_find_forget(cache_folder):
    module = cache.store("thing", "a" * 40, "value = 1\n", {"entry": "value"})
    assert module.value == 1
    assert module.__s2sad_meta__ == {"entry": "value"}
    assert Path(module.__file__).parent == cache_folder
    assert cache.find("thing", "a" * 40).value == 1
    assert cache.find("thing", "b" * 40) is None
    assert cache.forget() == 1
    assert cache.forget() == 0


def test_tracebacks_show_the_emitted_line():
    import traceback

    def f(x, n):
        return x / n

    try:
        s2sad.grad(f)(1.0, 0)
    except ZeroDivisionError as e:
        text = "".join(traceback.format_exception(e))
    assert "f_grad" in text
    assert "/ n" in text
