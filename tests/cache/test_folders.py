"""Which folder modules are kept in: what the user says, what a trusted project says, and never one of others."""

import compileall
import os
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import s2sad
from s2sad import cache
from s2sad.cache import folders, places
from s2sad.dispatch.sharing import SHARED
from s2sad.errors import CacheError

ROOT = str(Path(s2sad.__file__).parents[1])
POSIX = pytest.mark.skipif(os.name != "posix", reason="owners and permissions as POSIX has them")


def cube(x):
    return x * x * x


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """A process that has not looked for a folder yet."""
    known = folders._setting, folders._trusted_in_settings
    for f in known:
        f.cache_clear()
    monkeypatch.setattr(folders, "_warned", set())
    SHARED.known.clear()
    yield
    for f in known:
        f.cache_clear()


@pytest.fixture
def homeless(tmp_path, monkeypatch):
    """A process for which nothing is said, and whose user folders are below this one."""
    monkeypatch.delenv("S2SAD_CACHE_DIR")
    for name in ("CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def project(folder, text='[tool.s2sad]\ncache-dir = "derivatives"\n'):
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


# projects


def test_a_project_is_not_trusted_by_itself(homeless, monkeypatch):
    monkeypatch.chdir(project(homeless / "theirs"))
    with pytest.warns(UserWarning, match="not trusted") as caught:
        assert cache.cache_directory() == homeless / "cache" / "s2sad"
        cache.cache_directory()
        assert s2sad.grad(cube)(2.0) == 12.0
    assert len(caught) == 1
    assert "trusted-projects" in str(caught[0].message) and folders.TRUSTED in str(caught[0].message)
    assert not (homeless / "theirs" / "derivatives").exists()


@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_trusted_project_says_where(homeless, monkeypatch, place):
    own = project(homeless / "mine")
    (own / "deep").mkdir()
    monkeypatch.chdir(own / "deep")
    if place == "environment":
        monkeypatch.setenv(folders.TRUSTED, os.pathsep.join(["/nowhere", str(own)]))
    else:
        (homeless / "config" / "s2sad").mkdir(parents=True)
        (homeless / "config" / "s2sad" / "config.toml").write_text(f"trusted-projects = [{str(own)!r}]\n")
    assert cache.cache_directory() == own / "derivatives"
    assert s2sad.grad(cube)(2.0) == 12.0
    assert list((own / "derivatives").glob("cube_grad_*.py"))


@pytest.mark.parametrize("entry", [".", "", "..", "mine", "{above}", "{own}/deep", "\0"])
def test_no_other_entry_is_trust(homeless, monkeypatch, entry):
    own = project(homeless / "mine")
    monkeypatch.chdir(own)
    entry = entry.format(above=homeless, own=own)
    if "\0" not in entry:
        monkeypatch.setenv(folders.TRUSTED, entry)
    (homeless / "config" / "s2sad").mkdir(parents=True)
    (homeless / "config" / "s2sad" / "config.toml").write_text(f"trusted-projects = [{entry!r}]\n".replace("\\x00", ""))
    with pytest.warns(UserWarning, match="not trusted"):
        assert cache.cache_directory() == homeless / "cache" / "s2sad"


@POSIX
@pytest.mark.parametrize("mode", [0o622, 0o606, 0o666])
def test_a_configuration_that_others_can_write_is_no_trust(homeless, monkeypatch, mode):
    own = project(homeless / "mine")
    monkeypatch.chdir(own)
    (homeless / "config" / "s2sad").mkdir(parents=True)
    file = homeless / "config" / "s2sad" / "config.toml"
    file.write_text(f"trusted-projects = [{str(own)!r}]\n")
    file.chmod(mode)
    with pytest.warns(UserWarning, match="not trusted"):
        assert cache.cache_directory() == homeless / "cache" / "s2sad"


STRANGE = {
    "empty": b"",
    "latin-1": b"# caf\xe9\n",
    "utf-16": '[tool.s2sad]\ncache-dir = "x"\n'.encode("utf-16"),
    "zeros": b"\0" * 100,
    "malformed": b"[tool.s2sad\n",
    "cache-dir is a number": b"[tool.s2sad]\ncache-dir = 5\n",
    "cache-dir is a list": b'[tool.s2sad]\ncache-dir = ["a"]\n',
    "cache-dir is a table": b"[tool.s2sad.cache-dir]\na = 1\n",
    "cache-dir holds a zero": b'[tool.s2sad]\ncache-dir = "a\\u0000"\n',
    "s2sad is a number": b"[tool]\ns2sad = 3\n",
    "tool is a number": b"tool = 3\n",
    "tool is a list": b"[[tool]]\nx = 1\n",
    "deep": b"a = " + b"[" * 100_000,
    "long": b"#" * (1 << 21),
}


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE)
def test_a_strange_pyproject_is_no_setting(homeless, monkeypatch, text):
    own = project(homeless / "strange", text)
    monkeypatch.chdir(own)
    monkeypatch.setenv(folders.TRUSTED, str(own))
    assert cache.cache_directory() == homeless / "cache" / "s2sad"


@POSIX
@pytest.mark.parametrize(
    "made",
    [lambda p: p.mkdir(), os.mkfifo, lambda p: p.symlink_to("/dev/zero"), lambda p: p.symlink_to(p)],
    ids=["folder", "fifo", "device", "circle"],
)
def test_what_is_no_file_is_no_pyproject(homeless, monkeypatch, made):
    own = project(homeless / "mine")
    (own / "deep").mkdir()
    made(own / "deep" / "pyproject.toml")
    monkeypatch.chdir(own / "deep")
    monkeypatch.setenv(folders.TRUSTED, str(own))
    assert cache.cache_directory() == own / "derivatives"


# folders of others


def others_can_write(folder):
    folder.mkdir()
    folder.chmod(0o777)


def sticky(folder):
    folder.mkdir()
    folder.chmod(0o1777)


def the_group_can_write(folder):
    folder.mkdir()
    folder.chmod(0o770)


def a_file(folder):
    folder.write_text("in the way")


def a_circle(folder):
    folder.symlink_to(folder)


def a_device(folder):
    folder.symlink_to("/dev/null")


@POSIX
@pytest.mark.parametrize(
    "made", [others_can_write, sticky, the_group_can_write, a_file, a_circle, a_device], ids=lambda f: f.__name__
)
def test_a_folder_that_may_not_be_used(tmp_path, monkeypatch, made):
    """One warning, one folder of the process: what it holds is found again by the process."""
    folder = tmp_path / "shared"
    made(folder)
    monkeypatch.setenv("S2SAD_CACHE_DIR", str(folder))
    with pytest.warns(UserWarning, match="a temporary one is used") as caught:
        modules = {s2sad.grad(lambda x, k=k: x**k).module(2.0).__file__ for k in range(2, 6)}
        derivative = s2sad.grad(cube)
        assert derivative(2.0) == 12.0
    assert len(caught) == 1
    file = Path(derivative.module(2.0).__file__)
    assert file.is_relative_to(folders.private_folder()) and file.stat().st_mode & 0o077 == 0
    assert all(Path(m).is_relative_to(folders.private_folder()) for m in modules)
    assert not folder.is_dir() or not any(folder.iterdir())
    SHARED.known.clear()
    assert s2sad.grad(cube).module(2.0) is derivative.module(2.0)


@POSIX
def test_a_folder_of_another_user(tmp_path, monkeypatch, cache_folder):
    cache_folder.mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.warns(UserWarning, match="belongs to another user"):
        assert cache.cache_directory() != cache_folder


@POSIX
def test_a_folder_that_is_made_is_the_users_alone(cache_folder):
    before = os.umask(0)
    try:
        assert s2sad.grad(cube)(2.0) == 12.0
    finally:
        os.umask(before)
    assert cache_folder.stat().st_mode & 0o777 == 0o700
    assert all(p.stat().st_mode & 0o777 == 0o600 for p in cache_folder.iterdir())


@POSIX
def test_a_link_to_a_folder_of_ones_own(tmp_path, monkeypatch):
    (tmp_path / "disk").mkdir(mode=0o700)
    (tmp_path / "c").symlink_to(tmp_path / "disk")
    monkeypatch.setenv("S2SAD_CACHE_DIR", str(tmp_path / "c"))
    assert s2sad.grad(cube)(2.0) == 12.0
    assert len(list((tmp_path / "disk").glob("*.py"))) == 1


def test_a_folder_that_cannot_be_written(cache_folder, monkeypatch):
    """What is in it is used, what is new goes elsewhere."""
    known = s2sad.grad(cube)
    assert known(2.0) == 12.0
    write = os.link

    def refused(source, target, **kwargs):
        if Path(target).parent == cache_folder:
            raise OSError(28, "No space left on device")
        return write(source, target, **kwargs)

    monkeypatch.setattr(os, "link", refused)
    monkeypatch.setattr(os, "replace", refused)
    SHARED.known.clear()
    with pytest.warns(UserWarning, match="No space left") as caught:
        for n in (4, 5, 6):
            assert s2sad.grad(lambda x, n=n: x**n)(1.0) == n
    assert len(caught) == 1
    assert not list(cache_folder.glob(".*")) and len(list(cache_folder.glob("*.py"))) == 1
    SHARED.known.clear()
    assert s2sad.grad(cube).module(2.0) is known.module(2.0)


def test_no_folder_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("S2SAD_CACHE_DIR", "/dev/null")
    monkeypatch.setattr("tempfile.mkdtemp", lambda **kwargs: (_ for _ in ()).throw(FileNotFoundError("no folder")))
    folders._private.cache_clear()
    with pytest.warns(UserWarning), pytest.raises(CacheError, match="no folder for emitted modules"):
        s2sad.grad(cube)(2.0)
    folders._private.cache_clear()


def test_threads_have_one_folder_of_the_process():
    folders._private.cache_clear()
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(lambda _: folders.private_folder(), range(64)))) == 1


def test_a_relative_folder_is_that_of_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("S2SAD_CACHE_DIR", "here")
    assert cache.cache_directory() == tmp_path / "here"


# processes

CALL = """
import os, sys, tempfile, warnings
tempfile.tempdir = sys.argv[1]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    {before}
    import s2sad
    def f(x):
        return x * x
    try:
        for k in range(3):
            assert s2sad.grad(lambda x, k=k: f(x) + k)(1.5) == 3.0
        assert s2sad.grad(f)(1.5) == 3.0
    except s2sad.Error as e:
        print(type(e).__name__, end=" ")
print(len(caught), len(os.listdir(sys.argv[1])))
"""


def outcome(tmp_path, before="pass", options=(), path=ROOT, cwd=None, **env):
    """What a script says that takes derivatives: warnings and temporary folders; and nothing is left of these."""
    (tmp_path / "t").mkdir(exist_ok=True)
    (tmp_path / "t").chmod(0o777)
    script = tmp_path / "script.py"
    script.write_text(CALL.replace("{before}", before))
    installed = [p for p in sys.path if "site-packages" in p]
    given = {"PYTHONPATH": os.pathsep.join([str(path), *installed]), "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    given = {k: v for k, v in (given | env).items() if v is not None}
    command = [sys.executable, "-B", *options, str(script), str(tmp_path / "t")]
    done = subprocess.run(command, env=given, capture_output=True, text=True, cwd=cwd or tmp_path)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    assert not os.listdir(tmp_path / "t"), "temporary folders are removed"
    return done.stdout.split()


def test_a_home(tmp_path):
    assert outcome(tmp_path) == ["0", "0"]
    assert len(list((tmp_path / ".cache" / "s2sad").glob("*.py"))) == 2


def test_a_home_that_does_not_exist_is_made(tmp_path):
    assert outcome(tmp_path, HOME=str(tmp_path / "new")) == ["0", "0"]


def test_a_home_that_cannot_be_made(tmp_path):
    assert outcome(tmp_path, HOME="/dev/null") == ["1", "1"]


def test_a_home_that_is_relative_is_none(tmp_path):
    assert outcome(tmp_path, HOME="here") == ["1", "1"]
    assert not (tmp_path / "here").exists()


@POSIX
def test_a_user_who_is_not_known(tmp_path):
    unknown = "import pwd; pwd.getpwuid = lambda uid: {}[uid]"
    assert outcome(tmp_path, before=unknown, HOME=None) == ["1", "1"]


@POSIX
def test_a_working_directory_that_was_removed(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    assert outcome(tmp_path, before=f"os.rmdir({str(gone)!r})", cwd=gone) == ["0", "0"]
    gone.mkdir()
    said = outcome(tmp_path, before=f"os.rmdir({str(gone)!r})", cwd=gone, S2SAD_CACHE_DIR="relative")
    assert said == ["0", "0"]


@pytest.mark.parametrize("options", [["-O"], ["-OO"]], ids=" ".join)
def test_without_assertions_and_docstrings(tmp_path, options):
    assert outcome(tmp_path, options=options) == ["0", "0"]


def test_every_module_can_be_imported_without_docstrings():
    script = (
        "import pkgutil, importlib, s2sad\n"
        "for m in pkgutil.walk_packages(s2sad.__path__, 's2sad.'):\n"
        "    try:\n"
        "        m.name == 's2sad.__main__' or importlib.import_module(m.name)\n"
        "    except ModuleNotFoundError as e:\n"
        "        if not m.name.startswith('s2sad.interop.') or e.name.startswith('s2sad'):\n"
        "            raise\n"
    )
    done = subprocess.run([sys.executable, "-OO", "-B", "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_dataclasses_that_say_their_signature_have_a_docstring():
    """dataclass of some versions makes one of `inspect.signature`, which such a class does not have."""
    script = (
        "from s2sad.frontend.reading.callables import Spread\nfrom s2sad.ir.user_rules import BoxRule\n"
        "print(Spread.__doc__, BoxRule.__doc__)\n"
    )
    done = subprocess.run([sys.executable, "-OO", "-B", "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.startswith("A ") and "None" not in done.stdout and "(" not in done.stdout, done.stderr


def test_a_package_in_a_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        for source in Path(ROOT, "s2sad").rglob("*.py"):
            archive.write(source, source.relative_to(ROOT))
    assert outcome(tmp_path, path=tmp_path / "s.zip") == ["0", "0"]


def test_a_package_of_bytecode_alone(tmp_path):
    """What needs no text of s2sad's own works; what does says so."""
    package = tmp_path / "bare" / "s2sad"
    shutil.copytree(Path(ROOT, "s2sad"), package, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(package, legacy=True, quiet=1)
    for source in package.rglob("*.py"):
        source.unlink()
    assert outcome(tmp_path, path=package.parent) == ["0", "0"]
    helper = "s2sad.grad(lambda x: np.sum(np.cumprod(x) ** 2))(np.ones(3))"
    script = tmp_path / "helper.py"
    script.write_text(f"import numpy as np\nimport s2sad\n{helper}\n")
    env = {**os.environ, "PYTHONPATH": str(package.parent), "S2SAD_CACHE_DIR": str(tmp_path / "c")}
    done = subprocess.run([sys.executable, str(script)], env=env, capture_output=True, text=True, cwd=tmp_path)
    assert "SourceUnavailable" in done.stderr and "bytecode alone" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")
def test_root_does_not_write_into_the_home_of_another(monkeypatch, tmp_path):
    """What root made there under sudo, that user could not use any more."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert places.user_folder("cache") == tmp_path / ".cache" / "s2sad"
    found = os.stat(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "stat", lambda p, **kwargs: os.stat_result((*found[:4], 12345, *found[5:10])))
    assert places.user_folder("cache") is None


def test_a_forked_process_leaves_the_folder_of_its_parent(tmp_path):
    script = (
        "import os, sys\nfrom s2sad.cache import folders\nmine = folders.private_folder()\n"
        "child = os.fork()\n"
        "if not child:\n    assert folders.private_folder() != mine\n    sys.exit()\n"
        "assert os.waitpid(child, 0)[1] == 0 and mine.is_dir()\nprint(mine)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert not os.path.exists(done.stdout.strip())
