"""Emitted modules as files: keys, atomic writes, verification, import. It knows nothing of the IR.

    module = find("f_grad", key) or store("f_grad", key, text, meta)
    pickle.dumps(module.f_grad)     takes the text along; where it is read, it is verified, stored, imported

A module is the file `{name}_{key}.py` in the cache folder, imported so that tracebacks, pdb and inspect show its lines.
Its last line is a mark with the digest of all before it: a damaged or foreign file is never executed, but replaced.
"""

from __future__ import annotations

import atexit
import hashlib
import importlib.util
import json
import linecache
import os
import sys
import time
import types
import warnings
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.machinery import all_suffixes
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from s2sad.errors import CacheError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

PACKAGE = "s2sad_generated"
_MARK = "# s2sad: "
_SUFFIXES = tuple(all_suffixes())


def cache_directory() -> Path:
    """`S2SAD_CACHE_DIR`, or `[tool.s2sad] cache-dir` of the nearest pyproject.toml, or the user's cache folder."""
    given = os.environ.get("S2SAD_CACHE_DIR")
    if given:
        return Path(given)
    configured = _configured(os.getcwd())
    if configured is not None:
        return configured
    import platformdirs

    return Path(platformdirs.user_cache_dir("s2sad"))


@lru_cache(maxsize=64)
def _configured(folder: str) -> Path | None:
    for parent in [Path(folder), *Path(folder).parents]:
        file = parent / "pyproject.toml"
        if file.is_file():
            import tomllib

            try:
                options = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("s2sad", {})
            except (OSError, tomllib.TOMLDecodeError):
                return None
            return parent / options["cache-dir"] if "cache-dir" in options else None
    return None


def digest(*parts: str | bytes) -> str:
    """A stable digest of the parts and of the versions that emitted code depends on.

    >>> digest("ab", "c") == digest("a", "bc")
    False
    """
    versions = f"{_own_digest()} {sys.version_info[:2]} {np.__version__}"
    state = hashlib.blake2b(digest_size=20)
    for part in (versions, *parts):
        data = part.encode() if isinstance(part, str) else part
        # The length in front: else ("ab", "c") and ("a", "bc") would be one text.
        state.update(len(data).to_bytes(8, "little") + data)
    return state.hexdigest()


@lru_cache(maxsize=1)
def _own_digest() -> str:
    """The digest of the compiler's own modules: another compiler may emit another text for the same input.

    They are read from the folder, or by the loader where there is none, as in a zip. Where they cannot be read, no
    other process has this digest.
    """
    folder = Path(__file__).parent
    try:
        modules = list(_modules(folder if folder.is_dir() else _in_zip()))
    except OSError:
        modules = []
    state = hashlib.sha256(b"" if modules else os.urandom(32))
    for name, data in modules:
        state.update(f"{name} {len(data)} ".encode() + data)
    return state.hexdigest()


def _in_zip() -> Traversable:
    from importlib import resources

    return resources.files("s2sad")


def _modules(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """The modules in a folder and those below: path and contents. Bytecode counts where its source is not there."""
    entries = {e.name: e for e in folder.iterdir()}
    for name in sorted(entries):
        if name.endswith(_SUFFIXES):
            if name.partition(".")[0].isidentifier() and not (name.endswith(".pyc") and name[:-1] in entries):
                yield prefix + name, entries[name].read_bytes()
        elif name != "__pycache__" and entries[name].is_dir():
            yield from _modules(entries[name], f"{prefix}{name}/")


def user_text(stored: str) -> str:
    """The text of a stored module without the marks at its end."""
    return "".join(line for line in stored.splitlines(keepends=True) if not line.startswith(_MARK))


def unique() -> str:
    """A text that is used once."""
    return os.urandom(16).hex()


def again(module: ModuleType) -> ModuleType:
    """A stored module once more, beside the one that is imported: with other classes of the same names."""
    made = types.ModuleType(module.__name__)
    made.__name__ = module.__name__
    made.__file__ = module.__file__
    made.__s2sad_meta__ = dict(module.__s2sad_meta__)  # type: ignore[attr-defined]
    text = Path(module.__file__ or "").read_text(encoding="utf-8")
    exec(compile(text, str(module.__file__), "exec"), made.__dict__)
    return made


def find(name: str, key: str) -> ModuleType | None:
    """The module stored for a key, None where there is none or the file is not what was stored."""
    folder = cache_directory()
    known = sys.modules.get(_module_name(name, key))
    if known is not None and known.__file__ is not None and Path(known.__file__).parent == folder:
        return known
    for path in _paths(folder, name, key):
        data = _read(path)
        if data is None and not path.exists():
            return None
        meta = None if data is None else _verified(data, key)
        if data is not None and meta is not None:
            return _load(name, key, path, data.decode(), meta)
    return None


def variants(name: str, kind: str) -> Iterator[dict[str, Any]]:
    """The facts stored with the modules of a kind: `key` is that by which one is found.

    A key begins with `VARIANT` letters that tell its kind.
    """
    for path in _paths(cache_directory(), name, kind):
        data = _read(path)
        if data is None and not path.exists():
            return
        meta = None if data is None else _verified(data)
        if meta is not None and str(meta["key"]).startswith(kind[:VARIANT]):
            yield meta


MAX_VARIANTS = 64
"""How many modules of a kind are stored; one more takes the place of another."""
VARIANT = 10
"""How many letters of a key tell of which kind a module is."""


def _read(path: Path) -> bytes | None:
    """What is in a file of this user's; None where there is none."""
    try:
        data = path.read_bytes()
        # In a folder that others can write into, a file of theirs would be code of theirs.
        if os.name == "posix" and path.stat().st_uid not in (os.getuid(), 0):
            return None
    except OSError:
        return None
    return data


def store(
    name: str, key: str, text: str, meta: Mapping[str, object] | None = None, private: bool = False
) -> ModuleType:
    """Write a module and import it. The file is complete at once for every other process.

    One that is `private` is of use to this process alone: its file is removed when the process ends.

    Raises:
        CacheError: neither the cache folder nor a temporary folder can be written.
    """
    body = text if text.endswith("\n") else text + "\n"
    body += f"{_MARK}{json.dumps({'key': key, **(meta or {})}, sort_keys=True)}\n"
    body += f"{_MARK}sha256 {hashlib.sha256(body.encode()).hexdigest()}\n"
    return _add(name, key, body, private_folder() if private else None)


@lru_cache(maxsize=1)
def private_folder() -> Path:
    """A folder for the modules of this process alone; it is removed with it."""
    import shutil

    folder = _temporary()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _temporary() -> Path:
    """A new folder of this process."""
    import tempfile

    return Path(tempfile.mkdtemp(prefix="s2sad-"))


def receive(name: str, key: str, body: str, classes: Mapping[str, type]) -> str:
    """Store and import a module that comes with a pickle; the name of the module.

    `classes` are those that its text speaks of and does not import.

    Raises:
        CacheError: the text does not have its digest. It is not executed.
    """
    module = find(name, key) or _add(name, key, body)
    for attribute, cls in classes.items():
        setattr(module, attribute, cls)
    return str(module.__name__)


def _add(name: str, key: str, body: str, folder: Path | None = None) -> ModuleType:
    """Write and import a whole text, its marks included."""
    meta = _verified(body.encode(), key)
    if meta is None:
        raise CacheError(f"the text of {name} does not have its digest: it is not executed")
    folder = folder or cache_directory()
    try:
        path = _write(folder, name, key, body)
    except OSError as e:
        warnings.warn(f"the cache folder {folder} cannot be written ({e}); a temporary one is used", stacklevel=3)
        try:
            path = _write(_temporary(), name, key, body)
        except OSError as e2:
            raise CacheError(f"no folder for emitted modules can be written: {e2}") from e2
    return _load(name, key, path, body, meta)


def forget(older_than_days: float | None = None) -> int:
    """Remove stored modules, all or those older than this; how many there were."""
    limit = None if older_than_days is None else time.time() - older_than_days * 86400
    count = 0
    for path in cache_directory().glob("*.py"):
        try:
            if limit is None or path.stat().st_mtime < limit:
                path.unlink()
                count += 1
        except OSError:
            continue
    return count


def _paths(folder: Path, name: str, key: str) -> Iterator[Path]:
    """Where the modules of a kind lie, one after the other: no folder is searched."""
    base = f"{name}_{key[:VARIANT]}"
    yield folder / f"{base}.py"
    for number in range(2, MAX_VARIANTS + 1):
        yield folder / f"{base}_{number}.py"


def _module_name(name: str, key: str) -> str:
    return f"{PACKAGE}.{name}_{key[:16]}"


def _write(folder: Path, name: str, key: str, body: str) -> Path:
    """Write a module where none is, or where the file is damaged or of the same key; the file is complete at once."""
    import tempfile

    folder.mkdir(parents=True, exist_ok=True)
    # Written under another name in the same folder, and linked or renamed when it is complete: both are atomic, so that
    # a reader finds the whole file or none. A link, other than a rename, fails where another process was first.
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}_", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(body.encode())
        for path in _paths(folder, name, key):
            data = _read(path)
            if data is None and not path.exists():
                try:
                    os.link(temporary, path)
                except FileExistsError:  # another process was quicker
                    continue
                except OSError:  # a file system without links
                    os.replace(temporary, path)
                    return path
                os.unlink(temporary)
                return path
            meta = None if data is None else _verified(data)
            if meta is None or meta["key"] == key:
                os.replace(temporary, path)
                return path
        # All places are taken by other variants: the key chooses one, the same in each process.
        path = list(_paths(folder, name, key))[int(key[-8:], 16) % MAX_VARIANTS]
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return path


def _verified(data: bytes, key: str | None = None) -> dict[str, object] | None:
    """The facts stored with a module, None where the file is damaged, foreign, or of another key.

    Where no key is asked for it is among them.
    """
    # The last line is the digest of all before it, the line in front of it what is known of the module.
    cut = data.rstrip(b"\n").rfind(b"\n") + 1
    body, last = data[:cut], data[cut:]
    if last != f"{_MARK}sha256 {hashlib.sha256(body).hexdigest()}\n".encode():
        return None
    line = body.rstrip(b"\n").rsplit(b"\n", 1)[-1].decode()
    if not line.startswith(_MARK):
        return None
    meta: dict[str, object] = json.loads(line[len(_MARK) :])
    if key is None:
        return meta if "key" in meta else None
    return meta if meta.pop("key", None) == key else None


def _load(name: str, key: str, path: Path, text: str, meta: dict[str, object]) -> ModuleType:
    """Import verified text: compiled from what was read, never from bytecode of another version of the file."""
    full = _module_name(name, key)
    spec = importlib.util.spec_from_file_location(full, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    module.__name__ = ModuleName.of(name, key, text)
    module.__s2sad_meta__ = meta  # type: ignore[attr-defined]
    sys.modules.setdefault(PACKAGE, types.ModuleType(PACKAGE))
    linecache.checkcache(str(path))
    # Registered before it is executed, as pickle and inspect look modules up by name.
    sys.modules[full] = module
    exec(compile(text, str(path), "exec"), module.__dict__)
    return module


class ModuleName(str):
    """The name of an emitted module; pickled, it takes the text along, and imports the module where it is read.

    A function is pickled as its module's name and its own. That of an emitted function is one of these.
    """

    name: str
    key: str
    body: str

    @classmethod
    def of(cls, name: str, key: str, body: str) -> ModuleName:
        """The name of the module that `find` gives for this name and key."""
        made = cls(_module_name(name, key))
        made.name, made.key, made.body = name, key, body
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        module = sys.modules[self]
        classes = {n: vars(module)[n] for n in module.__s2sad_meta__.get("classes", ())}
        return receive, (self.name, self.key, self.body, classes)
