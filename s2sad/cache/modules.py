"""Emitted modules, found, stored and imported; those in memory are bounded.

A module is the file `{name}_{key}.py` in the cache folder, imported so that tracebacks, pdb and inspect show its lines.
What is executed are the very bytes of which the seal was checked: a damaged or foreign file is never run, but replaced.
"""

from __future__ import annotations

import importlib.util
import itertools
import linecache
import os
import sys
import threading
import time
import types
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from s2sad.cache.cleaning import keep_bounded
from s2sad.cache.files import read_own, unsafe, written
from s2sad.cache.folders import cache_directory, private_folder, replacement, warn_once
from s2sad.cache.records import MAX_VARIANTS, VARIANT, facts_of, paths, record, user_text
from s2sad.errors import CacheError

PACKAGE = "s2sad_generated"
MAX_MODULES = 1024
"""How many modules are kept in memory, beside those that a derivative holds."""
_CLEANED_EVERY = 256
"""After how many modules that were written the folder is looked through."""
_DAY = 86400.0


# found and stored


@dataclass(frozen=True, eq=False, slots=True)
class Stored:
    """A module in the cache that is not imported yet, with what is known of it."""

    name: str
    key: str
    path: Path
    text: str
    facts: dict[str, Any]

    def module(self) -> ModuleType | None:
        """It, imported; None where it cannot be."""
        found = _loaded(self.name, self.key, self.path.parent)
        if found is not None:
            return found
        try:
            module = _load(self.name, self.key, self.path, self.text, self.facts)
        except (MemoryError, RecursionError):
            raise
        except Exception as e:
            warnings.warn(f"{self.path} cannot be run ({type(e).__name__}: {e}): it is written anew", stacklevel=3)
            return None
        _note_use(self.path)
        return module


def variants(name: str, kind: str) -> Iterator[Stored]:
    """The modules of a kind. A key begins with `VARIANT` letters that tell its kind."""
    for path in paths(cache_directory(), name, kind):
        data = read_own(path)
        if data is None and not os.path.lexists(path):
            return
        facts = facts_of(data)
        if data is not None and facts is not None and facts["key"].startswith(kind[:VARIANT]):
            yield Stored(name, facts.pop("key"), path, data.decode(), facts)


def find(name: str, key: str) -> ModuleType | None:
    """The module stored for a key, None where there is none or the file is not what was stored."""
    found = _loaded(name, key, cache_directory())
    if found is not None:
        return found
    return next((s.module() for s in variants(name, key) if s.key == key), None)


def store(
    name: str, key: str, text: str, meta: Mapping[str, object] | None = None, private: bool = False
) -> ModuleType:
    """Write a module and import it. The file is complete at once for every other process.

    One that is `private` is of use to this process alone: its file is removed when the process or the module ends.

    Raises:
        CacheError: neither the cache folder nor a temporary folder can be written.
    """
    body = record(text, key, meta or {})
    path = _write(private_folder(), name, key, body) if private else _kept(name, key, body)
    module = _load(name, key, path, body, dict(meta or {}))
    if private:
        weakref.finalize(module, _unlink, path, os.getpid()).atexit = False
    return module


def receive(name: str, key: str, body: str, classes: Mapping[str, type]) -> str:
    """Store and import a module that comes with a pickle; the name of the module.

    `classes` are those that its text speaks of and does not import.

    Raises:
        CacheError: the text does not have the seal of this user. It is not executed.
    """
    module = find(name, key)
    if module is None:
        facts = facts_of(body.encode(), key)
        if facts is None:
            raise CacheError(
                f"the text of {name} does not have its keyed digest: it was changed, or is from another user or "
                "machine. It is not executed"
            )
        module = _load(name, key, _kept(name, key, body), body, facts)
    for attribute, cls in classes.items():
        setattr(module, attribute, cls)
    return str(module.__name__)


def _kept(name: str, key: str, body: str) -> Path:
    """A module written into the cache folder, or into that of the process where it cannot be."""
    folder = cache_directory()
    try:
        path = _write(folder, name, key, body)
    except OSError as e:
        warn_once(f"the cache folder {folder} cannot be written ({e.strerror or e}); a temporary one is used")
        folder = replacement()
        try:
            path = _write(folder, name, key, body)
        except OSError as e2:
            raise CacheError(f"no folder for emitted modules can be written: {e2}") from e2
    if next(_written) % _CLEANED_EVERY == 0:
        keep_bounded(folder)
    return path


_written = itertools.count()


def _write(folder: Path, name: str, key: str, body: str) -> Path:
    """Write a module where none is, or where the file is damaged or of the same key; the file is complete at once."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    why = unsafe(folder)
    if why is not None:  # another user was quicker
        raise OSError(f"it {why}")
    data = body.encode()

    def place(temporary: str) -> Path:
        return _placed(temporary, folder, name, key)

    try:
        return written(folder, name, data, place)
    except FileNotFoundError:  # all was forgotten meanwhile
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return written(folder, name, data, place)


def _placed(temporary: str, folder: Path, name: str, key: str) -> Path:
    for path in paths(folder, name, key):
        if not os.path.lexists(path):
            try:
                os.link(temporary, path)
                return path
            except FileExistsError:  # another was quicker, perhaps with the same module
                pass
            except FileNotFoundError:
                raise
            except OSError:  # a file system without links
                os.replace(temporary, path)
                return path
        facts = facts_of(read_own(path))
        if (facts is None or facts["key"] == key) and not path.is_dir():
            os.replace(temporary, path)
            return path
    # All places are taken by other variants: the key chooses one, the same in each process.
    path = list(paths(folder, name, key))[int(key[-8:], 16) % MAX_VARIANTS]
    os.replace(temporary, path)
    return path


def _note_use(path: Path) -> None:
    """Those that were not used for long go first. To the day: to write at each start would cost more than it tells."""
    with suppress(OSError):
        if time.time() - path.lstat().st_mtime > _DAY:
            os.utime(path, follow_symlinks=False)


def _unlink(path: Path, process: int) -> None:
    if os.getpid() == process:
        with suppress(OSError):
            path.unlink()


# imported


class _Package(ModuleType):
    """What the emitted modules are in. It holds none of them: those in memory are bounded."""

    __path__: list[str] = []

    def __setattr__(self, name: str, value: object) -> None:
        pass


class _Held:
    """Finds again the modules that are in memory only because something holds them, as where a function is pickled."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name in _held else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return _held.get(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        _remember(str(module.__name__), module)


_lock = threading.Lock()
if hasattr(os, "register_at_fork"):
    # A thread that is not in the child may hold it.
    os.register_at_fork(after_in_child=_lock._at_fork_reinit)  # type: ignore[attr-defined]
_modules: OrderedDict[str, ModuleType] = OrderedDict()
"""Those that were executed to their end, the last used at the end. `sys.modules` has others too while they are run."""
_held: weakref.WeakValueDictionary[str, ModuleType] = weakref.WeakValueDictionary()
"""All that are in memory."""


def imported(name: str) -> ModuleType:
    """The module of this name, which is in memory."""
    return _held[name]


def text_of(module: ModuleType) -> str:
    """The text of an emitted module, as it was when it was executed."""
    return user_text(_name_of(module).body)


def again(module: ModuleType) -> ModuleType:
    """A stored module once more, beside the one that is imported: with other classes of the same names."""
    made = types.ModuleType(module.__name__)
    made.__name__ = module.__name__
    made.__file__ = module.__file__
    made.__s2sad_meta__ = dict(module.__s2sad_meta__)  # type: ignore[attr-defined]
    exec(compile(_name_of(module).body, str(module.__file__), "exec"), made.__dict__)
    return made


def _name_of(module: ModuleType) -> ModuleName:
    name = module.__name__
    assert isinstance(name, ModuleName), f"{name} is no emitted module"
    return name


def _loaded(name: str, key: str, folder: Path) -> ModuleType | None:
    """The module of a key where it is in memory and came from this folder."""
    full = _module_name(name, key)
    with _lock:
        found = _modules.get(full)
        if found is None or os.path.dirname(found.__file__ or "") != str(folder):
            return None
        if sys.modules.get(full) is not found:  # it was taken out, to be read again
            return None
        _modules.move_to_end(full)
    return found


def _module_name(name: str, key: str) -> str:
    return f"{PACKAGE}.{name}_{key[:16]}"


def _load(name: str, key: str, path: Path, text: str, meta: dict[str, Any]) -> ModuleType:
    """Import verified text: compiled from what was read, never from bytecode of another version of the file.

    Each thread that comes here at once executes a module of its own, and all get that of one: no lock is held while
    a text imports what it needs, and no one sees a module that is not complete.
    """
    full = _module_name(name, key)
    spec = importlib.util.spec_from_file_location(full, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    module.__name__ = ModuleName.of(name, key, text)
    module.__s2sad_meta__ = meta  # type: ignore[attr-defined]
    # A function keeps what it names: with it the module, which pickle looks for.
    module.__s2sad_module__ = module  # type: ignore[attr-defined]
    sys.modules.setdefault(PACKAGE, _Package(PACKAGE))
    linecache.checkcache(str(path))
    # Registered before it is executed, as classes look their module up by name.
    sys.modules.setdefault(full, module)
    try:
        exec(compile(text, str(path), "exec"), module.__dict__)
        return _remember(full, module)
    except BaseException:
        with _lock:
            if sys.modules.get(full) is module and _modules.get(full) is not module:
                del sys.modules[full]
        raise


def _remember(full: str, module: ModuleType) -> ModuleType:
    """Keep a module that is complete: this one, or that of the same file which another thread was quicker with."""
    with _lock:
        known = _modules.get(full)
        if known is not None and known.__file__ == module.__file__ and text_is_equal(known, module):
            module = known
        _modules[full] = _held[full] = sys.modules[full] = module
        _modules.move_to_end(full)
        while len(_modules) > MAX_MODULES:
            if not any(isinstance(f, _Held) for f in sys.meta_path):
                sys.meta_path.append(_Held())
            oldest, _ = _modules.popitem(last=False)
            sys.modules.pop(oldest, None)
    return module


def text_is_equal(one: ModuleType, other: ModuleType) -> bool:
    """Whether two modules were made of one text."""
    return _name_of(one).body == _name_of(other).body


def parts_of(module: ModuleType) -> tuple[str, str, str, dict[str, Any]]:
    """What `receive` makes a module of in another process."""
    name = _name_of(module)
    classes = {n: vars(module)[n] for n in module.__s2sad_meta__.get("classes", ())}
    return name.name, name.key, name.body, classes


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
        return receive, parts_of(_held[self])
