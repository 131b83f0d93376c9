"""What others put in the place of a module, of numba's files or of the secret is never run, and never waited for."""

import json
import os
import pickle
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import s2sad
from s2sad import cache
from s2sad.cache import files, folders, modules, proof, records
from s2sad.dispatch.sharing import SHARED
from s2sad.errors import CacheError

KEY = "0123456789" + "a" * 30
X = np.array([0.5, -0.3, 1.2])


def energy(x):
    return np.sum(np.sin(x) * x)


def expected(x):
    return np.cos(x) * x + np.sin(x)


@pytest.fixture
def another_process(monkeypatch):
    """Forgets what is in memory, as another process would not have it."""

    def forget():
        SHARED.known.clear()
        for name in list(modules._modules):
            del modules._modules[name]
            sys.modules.pop(name, None)

    return forget


def fifo(path, text):
    os.mkfifo(path)


def device(path, text):
    path.symlink_to("/dev/zero")


def folder(path, text):
    path.mkdir()
    (path / "within").write_text(text)


def link(path, text):
    path.with_suffix(".copy").write_text(text)
    path.symlink_to(path.with_suffix(".copy"))


def dangling(path, text):
    path.symlink_to(path.with_suffix(".nothing"))


def circle(path, text):
    path.symlink_to(path)


def huge(path, text):
    path.write_text(text)
    os.truncate(path, files.MAX_SIZE + 1)


def empty(path, text):
    path.write_text("")


def unreadable(path, text):
    path.write_bytes(b"\xff\xfe" + os.urandom(200))


def old_seal(path, text):
    import hashlib

    body = text.replace("np.cos", "np.tan").rsplit("# s2sad: hmac", 1)[0]
    path.write_text(f"{body}# s2sad: sha256 {hashlib.sha256(body.encode()).hexdigest()}\n")


def no_seal(path, text):
    path.write_text(text.replace("np.cos", "np.tan").rsplit("# s2sad: hmac", 1)[0])


def two_seals(path, text):
    path.write_text(text + "raise SystemExit\n" + text.splitlines()[-1] + "\n")


def seal_of_another(path, text):
    body = text.replace("np.cos", "np.tan").rsplit("# s2sad: hmac", 1)[0]
    path.write_text(f"{body}# s2sad: hmac-sha256 {'0' * 64}\n")


IN_PLACE = [fifo, device, folder, link, dangling, circle, huge, empty, unreadable]
FORGED = [old_seal, no_seal, two_seals, seal_of_another]


@pytest.mark.skipif(os.name != "posix", reason="files as POSIX has them")
@pytest.mark.parametrize("made", [*IN_PLACE, *FORGED], ids=lambda f: f.__name__)
def test_what_is_no_module_of_ours_is_compiled_anew(cache_folder, another_process, made):
    np.testing.assert_allclose(s2sad.grad(energy)(X), expected(X))
    (path,) = cache_folder.glob("*.py")
    text = path.read_text()
    path.unlink()
    made(path, text)
    another_process()
    np.testing.assert_allclose(s2sad.grad(energy)(X), expected(X))
    another_process()
    derivative = s2sad.grad(energy)
    np.testing.assert_allclose(derivative(X), expected(X))
    assert derivative.module(X).__file__.startswith(str(cache_folder))
    found = [p for p in cache_folder.glob("*.py") if p.is_file() and p.read_text() == text]
    assert len(found) == 1, "written anew, once"


def sealed_record(facts, text="def energy_grad(x):\n    return x\n"):
    body = f"{text}# s2sad: {facts}\n"
    return f"{body}# s2sad: hmac-sha256 {cache.seal(records.KIND, body.encode())}\n"


def facts_of(path):
    return json.loads(path.read_text().splitlines()[-2][len("# s2sad: ") :])


MALFORMED = {
    "list": lambda f: [1],
    "number": lambda f: 3,
    "null": lambda f: None,
    "no facts": lambda f: {},
    "key of another type": lambda f: {**f, "key": 7},
    "the key alone": lambda f: {"key": f["key"]},
    "looks of another type": lambda f: {**f, "looks": 5},
    "looks of another length": lambda f: {**f, "looks": [[], []]},
    "looks of other rows": lambda f: {**f, "looks": [[[0]], [], []]},
    "captured of another type": lambda f: {**f, "captured": [1]},
    "no entry": lambda f: {k: v for k, v in f.items() if k != "entry"},
    "changed of another type": lambda f: {**f, "changed": "x"},
    "objects of another type": lambda f: {**f, "objects": []},
    "places of another type": lambda f: {**f, "places": None},
}


@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED)
def test_a_sealed_file_whose_facts_are_others_is_not_used(cache_folder, another_process, change):
    s2sad.grad(energy)(X)
    (path,) = cache_folder.glob("*.py")
    path.write_text(sealed_record(json.dumps(change(facts_of(path)))))
    another_process()
    np.testing.assert_allclose(s2sad.grad(energy)(X), expected(X))


@pytest.mark.parametrize("line", ["{oops", "[" * 100_000, '{"key": "\\ud800"}', "", "NaN"])
def test_a_sealed_file_without_facts_is_not_used(cache_folder, another_process, line):
    s2sad.grad(energy)(X)
    (path,) = cache_folder.glob("*.py")
    path.write_text(sealed_record(line))
    another_process()
    np.testing.assert_allclose(s2sad.grad(energy)(X), expected(X))


@pytest.mark.parametrize("text", ["def (\n", "import not_there_at_all\n", "1 / 0\n"])
def test_a_sealed_text_that_cannot_be_run_is_written_anew(cache_folder, another_process, text):
    s2sad.grad(energy)(X)
    (path,) = cache_folder.glob("*.py")
    before = path.read_text()
    path.write_text(sealed_record(json.dumps(facts_of(path)), text))
    another_process()
    with pytest.warns(UserWarning, match="written anew"):
        np.testing.assert_allclose(s2sad.grad(energy)(X), expected(X))
    assert path.read_text() == before


def test_a_seal_is_of_one_use_and_of_these_parts():
    data = cache.sealed(b"data", "one", b"a", b"bc")
    assert cache.unsealed(data, "one", b"a", b"bc") == b"data"
    assert cache.unsealed(data, "two", b"a", b"bc") is None
    assert cache.unsealed(data, "one", b"ab", b"c") is None
    assert cache.unsealed(data[:-1], "one", b"a", b"bc") is None
    assert cache.unsealed(b"", "one") is cache.unsealed(None, "one") is cache.unsealed(b"\xff" * 80, "one") is None


def test_what_is_executed_is_what_was_verified(cache_folder, another_process):
    """The file may be another one a moment later: nothing reads it again."""
    derivative = s2sad.grad(energy)
    derivative(X)
    (path,) = cache_folder.glob("*.py")
    path.write_text("raise SystemExit('foreign code ran')\n")
    module = derivative.module(X)
    np.testing.assert_allclose(cache.again(module).energy_grad(X), expected(X))
    assert "np.cos" in derivative.lower(X).source and "# s2sad:" not in derivative.lower(X).source


# the secret


@pytest.fixture
def fresh_secret(tmp_path, monkeypatch):
    """A user that has no secret yet; where it will be."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    proof._secret.cache_clear()
    yield tmp_path / "data" / "s2sad" / "secret"
    proof._secret.cache_clear()


def test_the_secret_is_the_users_alone(fresh_secret):
    first = proof.secret()
    assert first.kept and len(first.key) == proof.LENGTH and fresh_secret.read_bytes() == first.key
    assert stat.S_IMODE(fresh_secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(fresh_secret.parent.stat().st_mode) == 0o700
    assert str(first.key) not in repr(first)
    proof._secret.cache_clear()
    assert proof.secret() == first
    assert os.listdir(fresh_secret.parent) == ["secret"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o666])
def test_a_secret_that_others_may_know_is_replaced(fresh_secret, mode):
    first = proof.secret()
    fresh_secret.chmod(mode)
    proof._secret.cache_clear()
    second = proof.secret()
    assert second.kept and second != first
    assert stat.S_IMODE(fresh_secret.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "damage", [lambda p: p.write_bytes(b""), lambda p: p.write_bytes(b"x" * 31), lambda p: p.write_bytes(b"x" * 33)]
)
def test_a_damaged_secret_is_made_anew(fresh_secret, damage):
    proof.secret()
    damage(fresh_secret)
    proof._secret.cache_clear()
    assert proof.secret().kept and fresh_secret.read_bytes() == proof.secret().key


@pytest.mark.parametrize("made", [fifo, device, dangling, circle], ids=lambda f: f.__name__)
def test_what_is_no_file_in_the_place_of_the_secret_is_replaced(fresh_secret, made):
    fresh_secret.parent.mkdir(parents=True, mode=0o700)
    made(fresh_secret, "")
    assert proof.secret().kept and stat.S_ISREG(fresh_secret.lstat().st_mode)


@pytest.mark.filterwarnings("ignore:the cache folder")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: p.mkdir(parents=True),
        lambda p: (p.parent.mkdir(parents=True), p.parent.chmod(0o777)),
        lambda p: (p.parent.parent.mkdir(parents=True), p.parent.write_text("a file")),
        lambda p: (p.parent.parent.mkdir(parents=True), p.parent.symlink_to("/dev/null")),
    ],
    ids=["a folder", "others can write", "a file", "a device"],
)
def test_without_a_secret_that_can_be_kept_a_process_has_its_own(fresh_secret, cache_folder, spoil, monkeypatch):
    spoil(fresh_secret)
    assert not proof.secret().kept
    assert cache.cache_directory().is_relative_to(folders.private_folder())
    derivative = s2sad.grad(energy)
    np.testing.assert_allclose(derivative(X), expected(X))
    assert not cache_folder.exists()


RACE = "import sys; from s2sad.cache import proof; sys.stdin.read(1); print(proof.secret().key.hex())"


def test_processes_that_begin_at_once_have_one_secret(tmp_path):
    env = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "PYTHONPATH": str(Path(s2sad.__file__).parents[1])}
    command = [sys.executable, "-c", RACE]
    started = [subprocess.Popen(command, env=env, stdin=-1, stdout=-1, text=True) for _ in range(5)]
    for p in started:
        p.stdin.write("x")
        p.stdin.flush()
    assert len({p.communicate()[0] for p in started}) == 1


def test_threads_have_one_secret(fresh_secret):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(16) as pool:
        assert len({s.key for s in pool.map(lambda _: proof.secret(), range(64))}) == 1


# another user


def test_modules_of_another_user_are_compiled_anew(fresh_secret, cache_folder, another_process):
    s2sad.grad(energy)(X)
    (path,) = cache_folder.glob("*.py")
    theirs = path.read_text()
    fresh_secret.unlink()
    proof._secret.cache_clear()
    another_process()
    np.testing.assert_allclose(s2sad.grad(energy)(X), expected(X))
    assert path.read_text() != theirs


def test_files_of_another_owner_are_not_read(cache_folder, monkeypatch, another_process):
    s2sad.grad(energy)(X)
    (path,) = cache_folder.glob("*.py")
    assert cache.read_own(path) is not None
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    assert cache.read_own(path) is None


def test_pickles_of_another_user(fresh_secret, cache_folder, another_process):
    """Compiled anew where the function can be imported, refused where the text is all there is."""
    k = 2.0
    named, local = s2sad.grad(energy), s2sad.grad(lambda x: k * x * x)
    named(X), local(3.0)
    plain = named.lower(X)
    theirs = pickle.dumps(named), pickle.dumps(local), pickle.dumps(plain)
    for data in theirs:
        pickle.loads(data)
    fresh_secret.unlink()
    proof._secret.cache_clear()
    another_process()
    for path in cache_folder.glob("*.py"):
        path.unlink()
    for data in theirs[1:]:
        with pytest.raises(CacheError, match="from another user"):
            pickle.loads(data)


TRAVELLED = """
import pickle, sys
import numpy as np
df = pickle.loads(open(sys.argv[1], "rb").read())
print(df(np.array([0.5, -0.3, 1.2])).tolist())
"""


@pytest.mark.parametrize("same_user", [True, False])
def test_a_pickle_of_a_function_that_can_be_imported(tmp_path, cache_folder, same_user):
    library = tmp_path / "lib_for_pickles.py"
    library.write_text("import numpy as np\n\ndef f(x):\n    return np.sum(np.sin(x) * x)\n")
    make = (
        "import pickle, sys, numpy as np, s2sad, lib_for_pickles as m\ndf = s2sad.grad(m.f); df(np.ones(3))\n"
        "open(sys.argv[1], 'wb').write(pickle.dumps(df))"
    )
    root = str(Path(s2sad.__file__).parents[1])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([root, str(tmp_path)])}
    subprocess.run([sys.executable, "-c", make, str(tmp_path / "p")], env=env, check=True)
    if not same_user:
        env |= {"XDG_DATA_HOME": str(tmp_path / "other"), "S2SAD_CACHE_DIR": str(tmp_path / "empty")}
    command = [sys.executable, "-W", "error", "-c", TRAVELLED, str(tmp_path / "p")]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(json.loads(done.stdout), expected(X))


# numba


class Evil:
    """A pickle that runs code."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (self.marker, "w")


NATIVE = """
import sys
import numpy as np
import s2sad

def f(x):
    return x * x * x

import numba.core.compiler as c
import numba
df = s2sad.grad(f, backend="numba")
value = df(1.5)
module = df.module(1.5)
stats = module.f_grad.stats
print(value, sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


@pytest.fixture(scope="module")
def native(tmp_path_factory):
    """A folder with a script, and what a process that runs it says: the value, cache hits, cache misses."""
    pytest.importorskip("numba")
    tmp = tmp_path_factory.mktemp("native")
    (tmp / "script.py").write_text(NATIVE)

    def run():
        env = {**os.environ, "S2SAD_CACHE_DIR": str(tmp / "c"), "PYTHONPATH": str(Path(s2sad.__file__).parents[1])}
        command = [sys.executable, str(tmp / "script.py")]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr
        value, hits, misses = done.stdout.split()
        assert float(value) == 6.75
        return int(hits), int(misses)

    assert run() == (0, 1)
    assert run() == (1, 0)
    return tmp / "c" / "__pycache__", run


def evil(path, marker):
    path.write_bytes(pickle.dumps(Evil(marker)))


def evil_behind_a_seal(path, marker):
    path.write_bytes(path.read_bytes()[: proof.DIGITS] + pickle.dumps(Evil(marker)))


def a_fifo(path, marker):
    path.unlink()
    os.mkfifo(path)


def cut(path, marker):
    path.write_bytes(path.read_bytes()[:-1])


def of_another_name(path, marker):
    for other in path.parent.glob("*.nb?"):
        if other != path:
            path.write_bytes(other.read_bytes())


NATIVE_FILES = [(evil, "nbi"), (evil, "nbc"), (evil_behind_a_seal, "nbc"), (a_fifo, "nbi"), (cut, "nbc")]


@pytest.mark.parametrize("made, kind", [*NATIVE_FILES, (of_another_name, "nbc")])
def test_numba_loads_only_what_was_compiled_here(native, tmp_path, made, kind):
    folder, run = native
    path = max(folder.glob(f"*.{kind}"), key=lambda p: p.stat().st_mtime_ns)
    marker = tmp_path / "executed"
    made(path, str(marker))
    assert run() == (0, 1)
    assert not marker.exists()


def test_numba_keeps_what_it_compiled_anew(native):
    assert native[1]() == (1, 0)
