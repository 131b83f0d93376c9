"""Object code beside the modules: found again by the next process, and run only where it was compiled of this text."""

import gc
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("llvmlite")

import s2sad
from s2sad import cache
from s2sad.backends.native import host, machine, objects, runner
from s2sad.backends.native.entry import entry_text
from s2sad.backends.native.objects import Code
from s2sad.backends.native.outside import EMPTIED, TABLE, Outside, address
from s2sad.ir.types import FLOAT

ROOT = str(Path(s2sad.__file__).parents[1])


def code(factor):
    """The code of `x -> factor * x`."""
    outside = Outside()
    slot = "getelementptr i8, ptr %slots, i64 16"
    body = f"%y = fmul double %x, {factor!r}\n%p = {slot}\nstore double %y, ptr %p\nret i32 0"
    kernel = f'define internal i32 @"f.kernel"(double %x, ptr %slots) {{\n{body}\n}}\n'
    text = kernel + entry_text("f", [FLOAT], FLOAT, outside, None)
    return Code(outside.text() + text, tuple(outside.names), ("f.entry",))


@pytest.fixture
def module(tmp_path):
    made = types.ModuleType("f")
    made.__file__ = str(tmp_path / "f_0123456789.py")
    return made


@pytest.fixture
def compilations(monkeypatch):
    """What is compiled."""
    found, compile_ = [], machine.object_code
    monkeypatch.setattr(machine, "object_code", lambda text: found.append(text) or compile_(text))
    return found


def value(module, own):
    return objects._loaded(module, own).builtin("f", print, print)(1.0)


def file_of(module):
    (found,) = (Path(module.__file__).parent / "__pycache__").glob("*.o")
    return found


def test_code_is_compiled_once(module, compilations):
    assert value(module, code(2.0)) == value(module, code(2.0)) == 2.0
    assert len(compilations) == 1
    assert file_of(module).name.startswith("f_0123456789.")


def test_code_of_another_text_is_not_run(module, compilations):
    value(module, code(2.0))
    before = file_of(module).read_bytes()
    assert value(module, code(3.0)) == 3.0
    assert len(compilations) == 2
    # that of the one in the place of the other: sealed by this user, but not of this text
    file_of(module).write_bytes(before)
    assert value(module, code(3.0)) == 3.0
    assert len(compilations) == 3


@pytest.mark.parametrize("place", [0, 10, 64, 70, -1])
def test_code_that_was_changed_is_not_run(module, compilations, place):
    value(module, code(2.0))
    data = bytearray(file_of(module).read_bytes())
    data[place] ^= 1
    file_of(module).write_bytes(data)
    assert value(module, code(2.0)) == 2.0
    assert len(compilations) == 2
    assert value(module, code(2.0)) == 2.0
    assert len(compilations) == 2


def test_code_of_another_user_is_not_run(module, compilations, monkeypatch):
    value(module, code(2.0))
    theirs = b"x" * 32
    real = cache.unsealed(file_of(module).read_bytes(), objects.KIND, *objects._proof(code(2.0)))
    assert real is not None
    monkeypatch.setattr("s2sad.cache.proof.secret", lambda: type("S", (), {"key": theirs, "kept": True})())
    forged = cache.sealed(real, objects.KIND, *objects._proof(code(2.0)))
    monkeypatch.undo()
    file_of(module).write_bytes(forged)
    monkeypatch.setattr(machine, "object_code", lambda text: compilations.append(text) or real)
    assert value(module, code(2.0)) == 2.0
    assert len(compilations) == 2


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links")
def test_a_link_is_not_followed(module, compilations, tmp_path):
    value(module, code(2.0))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(file_of(module).read_bytes())
    file = file_of(module)
    file.unlink()
    os.symlink(elsewhere, file)
    assert value(module, code(2.0)) == 2.0
    assert len(compilations) == 2


def test_code_for_another_machine_lies_beside(module, compilations, monkeypatch):
    value(module, code(2.0))
    monkeypatch.setattr(host, "name", lambda: "another processor, or version of llvmlite")
    assert value(module, code(2.0)) == 2.0
    assert len(compilations) == 2
    assert len(list(Path(module.__file__).parent.glob("__pycache__/*.o"))) == 2


def test_code_for_another_machine_under_this_name_is_not_run(module, compilations, monkeypatch):
    value(module, code(2.0))
    file = file_of(module)
    with monkeypatch.context() as m:
        m.setattr(host, "name", lambda: "another processor, or version of llvmlite")
        value(module, code(2.0))
    (other,) = set(Path(module.__file__).parent.glob("__pycache__/*.o")) - {file}
    os.replace(other, file)
    assert value(module, code(2.0)) == 2.0
    assert len(compilations) == 3


def test_where_nothing_can_be_written_code_is_compiled_each_time(module, compilations, tmp_path):
    (tmp_path / "__pycache__").write_text("no folder")
    assert value(module, code(2.0)) == value(module, code(2.0)) == 2.0
    assert len(compilations) == 2


def test_what_is_not_in_this_process_is_told(module):
    own = code(2.0)
    calling = own.text.replace("ret i32 0", "call void @nowhere()\nret i32 0") + "declare void @nowhere()\n"
    with pytest.raises(RuntimeError, match="f.entry"):
        objects._loaded(module, Code(calling, own.outside, own.functions))


def test_object_code_has_no_address_in_it():
    own = code(2.0)
    addresses = [address(name) for name in own.outside]
    data = machine.object_code(own.text)
    assert addresses and TABLE.encode() in data
    assert not any(a.to_bytes(8, "little") in data for a in addresses)


def test_object_code_is_forgotten_with_its_module(tmp_path, monkeypatch):
    monkeypatch.setenv("S2SAD_CACHE_DIR", str(tmp_path))
    made = cache.store("f", cache.digest("test"), "def f():\n    pass\n", {})
    value(made, code(2.0))
    assert len(list(tmp_path.glob("__pycache__/*.o"))) == 1
    cache.forget()
    assert not list(tmp_path.rglob("*.o")) and not (tmp_path / "__pycache__").exists()


SCRIPT = """
import sys
import s2sad
from script import f
df = s2sad.value_and_grad(f, (0, 1), backend="native")
assert "llvmlite" not in sys.modules
print(df(2.0, 3.0))
print(*(m for m in ("s2sad.compiler.pipeline", "s2sad.rules.numpy", "s2sad.emit.modules") if m in sys.modules))
print(*(m for m in sys.modules if m.startswith(("s2sad.loops", "s2sad.backends.native.code"))))
"""


def test_another_process_loads_it_without_the_compiler(tmp_path):
    (tmp_path / "script.py").write_text("def f(x, y):\n    return x * y * y + x * x\n")
    (tmp_path / "main.py").write_text(SCRIPT)
    env = {**os.environ, "PYTHONPATH": ROOT, "S2SAD_CACHE_DIR": str(tmp_path / "cache")}

    def run():
        command = [sys.executable, "-W", "error", str(tmp_path / "main.py")]
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    written = run()
    assert written[0] == "(22.0, (13.0, 12.0))" and "s2sad.compiler.pipeline" in written[1]
    assert len(list((tmp_path / "cache").glob("__pycache__/*.o"))) == 1
    assert run() == ["(22.0, (13.0, 12.0))", "", ""]


def smoothed(x):
    y = np.cumsum(np.sin(x))
    return np.sum(y[::-1] * np.exp(y - np.max(y)))


def test_memory_kept_for_the_next_call_goes_with_its_module(cache_folder, monkeypatch):
    codes, gone, own = [], [], objects._emptied
    monkeypatch.setattr(runner, "packed", lambda code, packed=runner.packed: codes.append(code) or packed(code))
    s2sad.grad(smoothed, backend="native")(np.ones(100_000))
    (code,) = codes
    assert EMPTIED in code.functions
    monkeypatch.setattr(objects, "_emptied", lambda library: (own(library), gone.append(library)))
    loaded = objects.Loaded(code, machine.object_code(code.text))
    assert not gone
    del loaded
    gc.collect()
    assert len(gone) == 1
