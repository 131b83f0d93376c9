"""`forget` removes what s2sad wrote, all of it, and nothing else; what is kept on disk and in memory is bounded."""

import gc
import os
import pickle
import sys
import time
import weakref

import numpy as np
import pytest

import s2sad
from s2sad import cache
from s2sad.cache import cleaning, folders, modules
from s2sad.cli import main
from s2sad.dispatch import specialised
from s2sad.dispatch.sharing import SHARED

KEY = "0123456789" + "a" * 30
MINE = {
    "my_own_module.py": "x = 1\n",
    "f_grad_0123456789.txt": "x",
    "report_2024010112.py": "x = 1\n",
    "report_2024010112_2.py": "# a report\n",
    "f_grad_0123456789.py.orig": "# s2sad: hmac-sha256 0\n",
    "notes.tmp": "x",
    ".notes.tmp": "x",
    ".gitignore": "*",
    "pyproject.toml": "[tool.s2sad]\n",
    "about_s2sad.py": "# s2sad: hmac-sha256 0\n",
    "__pycache__/my_own_module.cpython-311.pyc": "x",
    "__pycache__/my_own_module.f-3.py311.nbi": "x",
    "deeper/f_grad_0123456789.py": "# s2sad: hmac-sha256 0\n",
}


def listed(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir() or p.is_symlink())


@pytest.fixture
def full(cache_folder):
    """A folder with files of the user, with some of s2sad, and with what can be confounded with these."""
    for name, text in MINE.items():
        (cache_folder / name).parent.mkdir(parents=True, exist_ok=True)
        (cache_folder / name).write_text(text)
    cache_folder.chmod(0o700)
    (cache_folder / "link_0123456789.py").symlink_to(cache_folder / "my_own_module.py")
    os.mkfifo(cache_folder / "fifo_0123456789.py")
    before = listed(cache_folder)
    for n in range(3):
        assert s2sad.grad(own_code(f"x * {n}"))(2.0) == n
    (cache_folder / "f_grad_0123456789.py").write_text("x = 1\n# s2sad: sha256 0\n")  # of an older version
    (cache_folder / "f_grad_0123456789_3.py").write_text("x = 2\n# s2sad: hmac-sha256 0\n")  # with another secret
    (cache_folder / "f_grad_0123456789abcdef.py").write_text("x = 2\n# s2sad: sha256 0\n")  # older still
    (cache_folder / ".f_grad_abc.tmp").write_text("x")
    (cache_folder / "__pycache__" / "f_grad_0123456789.f_grad-3.py311.nbi").write_text("x")
    (cache_folder / "__pycache__" / "f_grad_0123456789_2.f_grad-3.py311.1.nbc").write_text("x")
    (cache_folder / "__pycache__" / "f_grad_0123456789.f_grad-3.py311.nbi.tmp.0123abcd").write_text("x")
    (cache_folder / "__pycache__" / ".f_grad_0123456789_abcdefgh.tmp").write_text("x")
    return before


def test_forget_leaves_what_is_the_users(full, cache_folder):
    assert cache.forget() == len(list(range(3))) + 3
    assert listed(cache_folder) == full
    assert cache.forget() == 0
    assert s2sad.grad(lambda x: x * x)(2.0) == 4.0


def test_the_command(full, cache_folder, capsys):
    assert main(["cache", "--clear", "--older-than", "1"]) == 0
    assert "0 modules" in capsys.readouterr().out
    assert main(["cache"]) == 0
    assert "modules    6\n" in capsys.readouterr().out
    assert main(["cache", "--limit", "4"]) == 0
    assert "2 modules removed" in capsys.readouterr().out
    assert main(["cache", "--limit", "1GB"]) == 0
    assert "0 modules removed" in capsys.readouterr().out
    assert main(["cache", "--clear"]) == 0
    assert "4 modules removed" in capsys.readouterr().out and listed(cache_folder) == full


def test_only_what_is_older(cache_folder):
    for n in range(4):
        s2sad.grad(own_code(f"x * {n}"))(2.0)
    first, second, *_ = sorted(cache_folder.glob("*.py"))
    for path in (first, second):
        os.utime(path, (time.time() - 10 * 86400,) * 2)
    assert cache.forget(older_than_days=20) == 0
    assert cache.forget(older_than_days=5) == 2
    assert not first.exists() and len(list(cache_folder.glob("*.py"))) == 2


def test_numbas_files_go_with_their_modules(cache_folder):
    pytest.importorskip("numba")

    def f(x):
        return x * x

    assert s2sad.grad(f, backend="numba")(2.0) == 4.0
    assert len(list((cache_folder / "__pycache__").glob("*.nb?"))) == 2
    assert cache.forget() == 1
    assert not listed(cache_folder) and not (cache_folder / "__pycache__").exists()


def test_the_folder_is_bounded(cache_folder, monkeypatch):
    monkeypatch.setattr(cleaning, "MAX_FILES", 8)
    monkeypatch.setattr(cleaning, "_FEWER", 4)
    cache_folder.mkdir(mode=0o700)
    (cache_folder / "my_own_0123456789.py").write_text("x = 1\n")
    (cache_folder / "__pycache__").mkdir()
    now = time.time()
    for n in range(12):
        key = f"{n:010x}" + "a" * 30
        file = cache.store("f", key, f"x = {n}\n").__file__
        os.utime(file, (now - 1000 + n,) * 2)
        (cache_folder / "__pycache__" / f"f_{n:010x}.f-1.py311.nbi").write_text("x")
    cleaning.keep_bounded(cache_folder)
    left = {p.name for p in cache_folder.glob("f_*.py")}
    assert left == {f"f_{n:010x}.py" for n in range(9, 12)}, "the last ones"
    assert (cache_folder / "my_own_0123456789.py").exists()
    assert {p.name.partition(".")[0] + ".py" for p in (cache_folder / "__pycache__").iterdir()} == left


def test_a_folder_is_shrunk_to_a_size(cache_folder):
    now = time.time()
    for n in range(4):
        file = cache.store("f", f"{n:010x}" + "a" * 30, f"x = {n}\n" + "#" * 1000).__file__
        os.utime(file, (now - 1000 + n,) * 2)
    found = cache.usage()
    assert found.modules == 4 and found.size > 4000 and found.last_used == pytest.approx(now - 997, abs=1.0)
    assert cache.shrink(size=found.size * 5 // 8) == 2
    assert sorted(p.name[:12] for p in cache_folder.glob("f_*.py")) == ["f_0000000002", "f_0000000003"]
    assert cache.usage().size == found.size // 2


def test_what_is_used_stays(cache_folder, monkeypatch):
    def f(x):
        return x * x

    s2sad.grad(f)(2.0)
    (path,) = cache_folder.glob("*.py")
    os.utime(path, (time.time() - 30 * 86400,) * 2)
    SHARED.known.clear()
    modules._modules.clear()
    s2sad.grad(f)(2.0)
    assert time.time() - path.stat().st_mtime < 60


def test_modules_in_memory_are_bounded(cache_folder, monkeypatch):
    monkeypatch.setattr(modules, "MAX_MODULES", 16)
    monkeypatch.setattr(specialised, "MAX_MEMBERS", 8)
    for name in [n for n in sys.modules if n.startswith("s2sad_generated.")]:
        del sys.modules[name]
    x = np.ones(3)
    held = s2sad.grad(lambda x: np.sum(np.sin(x)))
    plain = held.lower(x)
    value = held(x)
    made = []
    for n in range(60):
        derivative = s2sad.grad(own_code(f"np.sum(np.sin(x) * {n}.5)"))
        derivative(x)
        made.append(weakref.ref(derivative.module(x)))
    del derivative
    s2sad.api.gradients._cached.cache_clear()
    s2sad.api.gradients._cached_closure.cache_clear()
    gc.collect()
    assert len(modules._modules) <= 16
    assert sum(n.startswith("s2sad_generated.") for n in sys.modules) <= 17
    assert sum(ref() is not None for ref in made) <= 16 + 8 * specialised.MAX_FORMS
    # What the user holds goes on, and can be sent to others.
    np.testing.assert_array_equal(held(x), value)
    np.testing.assert_array_equal(plain(x), value)
    assert plain.__module__ not in sys.modules
    assert pickle.loads(pickle.dumps(plain)) is plain
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(held))(x), value)


def own_code(body):
    """A function with a code of its own."""
    import linecache

    source, file = f"f = lambda x: {body}\n", f"<{body}>"
    linecache.cache[file] = (len(source), None, [source], file)
    space = {"np": np}
    exec(compile(source, file, "exec"), space)
    return space["f"]


def test_modules_of_this_process_alone_go_with_it(cache_folder):
    module = cache.store("alone", KEY, "def f():\n    return 1\n", {"entry": "f"}, private=True)
    path = module.__file__
    assert path.startswith(str(folders.private_folder())) and os.path.exists(path)
    f = module.f
    modules._modules.clear()
    sys.modules.pop(module.__name__)
    del module
    gc.collect()
    assert f() == 1 and os.path.exists(path), "a function holds its module"
    del f
    gc.collect()
    assert not os.path.exists(path)


def test_patterns_of_one_derivative_are_bounded(monkeypatch):
    monkeypatch.setattr(specialised, "MAX_FAMILIES", 4)

    def f(xs):
        return xs[0] * xs[-1]

    df = s2sad.grad(f)
    for n in range(2, 12):
        assert df((3.0,) * n)[0] == 3.0
    assert len(df._families) <= 4
    assert df((3.0, 3.0))[0] == 3.0
