"""Keys: digests of what a module is made of, and of the compiler that makes it."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.machinery import all_suffixes
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_SUFFIXES = tuple(all_suffixes())


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


def unique() -> str:
    """A text that is used once."""
    return os.urandom(16).hex()


@lru_cache(maxsize=1)
def _own_digest() -> str:
    """The digest of the compiler's own modules: another compiler may emit another text for the same input.

    They are read from the folder, or by the loader where there is none, as in a zip. Where they cannot be read, no
    other process has this digest.
    """
    folder = os.path.dirname(os.path.dirname(__file__))
    try:
        modules = list(_modules(folder if os.path.isdir(folder) else _in_zip()))
    except OSError:
        modules = []
    state = hashlib.sha256(b"" if modules else os.urandom(32))
    for name, data in modules:
        state.update(f"{name} {len(data)} ".encode())
        state.update(data)
    return state.hexdigest()


def _in_zip() -> Traversable:
    from importlib import resources

    return resources.files("s2sad")


def _modules(folder: Traversable | str, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """The modules in a folder and those below: path and contents. Bytecode counts where its source is not there."""
    entries = {e.name: e for e in _entries(folder)}
    for name in sorted(entries):
        entry = entries[name]
        if name.endswith(_SUFFIXES):
            if name.partition(".")[0].isidentifier() and not (name.endswith(".pyc") and name[:-1] in entries):
                yield prefix + name, _contents(entry)
        elif name != "__pycache__" and entry.is_dir():
            yield from _modules(entry.path if isinstance(entry, os.DirEntry) else entry, f"{prefix}{name}/")


# Of a folder as the system has it: of some hundred files the objects of paths would take most of the time.


def _entries(folder: Traversable | str) -> Iterable[Traversable | os.DirEntry[str]]:
    return os.scandir(folder) if isinstance(folder, str) else folder.iterdir()


def _contents(entry: Traversable | os.DirEntry[str]) -> bytes:
    if not isinstance(entry, os.DirEntry):
        return entry.read_bytes()
    with open(entry.path, "rb", buffering=0) as f:
        return f.read()
