"""What was written is removed again: all of it when the user says so, what was not used for long when it is too much.

Nothing else is: of each file it is known by its name and by what it ends with, or by its seal, that s2sad wrote it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from s2sad.cache.files import read_own
from s2sad.cache.folders import cache_directory
from s2sad.cache.records import has_mark

NUMBERS = "__pycache__"
"""The folder of what is compiled from the modules, beside them."""
_MODULE = re.compile(r"(\w+_[0-9a-f]{10})(_\d+)?(?:\.py$|\.)")
_OLDER = re.compile(r"\w+_[0-9a-f]{16}\.py$")
_UNFINISHED = re.compile(r"\.\w+_\w+\.tmp$")
_COMPILED = re.compile(r"\w+_[0-9a-f]{10}(_\d+)?\..*\.(nb[ic](\.tmp\.\w+)?|o)$")
MAX_FILES = 4096
"""How many modules a folder holds."""
_FEWER = MAX_FILES * 3 // 4
"""How many are left when there were more."""


def forget(older_than_days: float | None = None) -> int:
    """Remove what s2sad wrote into the cache folder, all or what is older than this; how many modules there were."""
    limit = None if older_than_days is None else time.time() - older_than_days * 86400
    folder = cache_directory()
    count = 0
    for entry in _entries(folder):
        path = folder / entry.name
        if _is_module(path) and _is_before(entry, limit):
            count += _removed(path)
        elif _UNFINISHED.match(entry.name) and _is_before(entry, limit):
            _removed(path)
    for entry in _entries(folder / NUMBERS):
        if (_COMPILED.match(entry.name) or _UNFINISHED.match(entry.name)) and _is_before(entry, limit):
            _removed(folder / NUMBERS / entry.name)
    with suppress(OSError):  # files of others are in it, or there is none
        (folder / NUMBERS).rmdir()
    return count


@dataclass(frozen=True, slots=True)
class Usage:
    """What s2sad wrote into a folder: modules, bytes with what is compiled from them, the last use."""

    folder: Path
    modules: int
    size: int
    last_used: float | None


def usage() -> Usage:
    """What s2sad wrote into the cache folder."""
    folder = cache_directory()
    modules = [p for p in (folder / e.name for e in _entries(folder)) if _is_module(p)]
    size = sum(map(_size, modules)) + sum(map(_size, _compiled(folder)))
    return Usage(folder, len(modules), size, max(map(_used, modules), default=None))


def shrink(modules: int | None = None, size: int | None = None) -> int:
    """Remove those that were not used for the longest time until no more modules or bytes are left; how many."""
    found = usage()
    return _drop(found.folder, found.modules, found.size, modules, size)


def keep_bounded(folder: Path) -> None:
    """Remove the modules that were not used for the longest time where there are too many of them."""
    count = sum(len(names) for names in _kinds(folder).values())
    if count > MAX_FILES:
        # Well below the bound: at the bound itself each further module would clean up again.
        _drop(folder, count, 0, _FEWER, None)


def _drop(folder: Path, count: int, held: int, modules: int | None, size: int | None) -> int:
    """Remove modules until no more than these are left of `count`, which hold so many bytes; how many were removed."""
    kinds, removed = _kinds(folder), 0
    # All of a kind at once: behind one that is missing no other is looked for.
    for base in sorted(kinds, key=lambda base: max(map(_used, (folder / n for n in kinds[base])))):
        if (modules is None or count <= modules) and (size is None or held <= size):
            break
        own = [folder / n for n in kinds[base] if _is_module(folder / n)]
        stems = {p.stem for p in own}
        rest = [p for p in _compiled(folder) if p.name.partition(".")[0] in stems]
        held -= sum(map(_size, [*own, *rest]))
        gone = sum(map(_removed, own))
        for path in rest:
            _removed(path)
        count, removed = count - gone, removed + gone
    return removed


def _kinds(folder: Path) -> dict[str, list[str]]:
    """The names of the modules of a folder, by those of their kinds."""
    kinds: dict[str, list[str]] = {}
    for entry in _entries(folder):
        found = _MODULE.match(entry.name)
        if found is not None and entry.name.endswith(".py"):
            kinds.setdefault(found[1], []).append(entry.name)
    return kinds


def _compiled(folder: Path) -> list[Path]:
    """What is compiled from the modules of a folder."""
    return [folder / NUMBERS / e.name for e in _entries(folder / NUMBERS) if _COMPILED.match(e.name)]


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            entries = list(found)
    except OSError:
        return iter(())
    return iter(entries)


def _is_module(path: Path) -> bool:
    """Whether s2sad wrote a file: by its name, and by the mark at its end."""
    if not (path.name.endswith(".py") and (_MODULE.match(path.name) or _OLDER.match(path.name))):
        return False
    data = read_own(path)
    return data is not None and has_mark(data)


def _is_before(entry: os.DirEntry[str], limit: float | None) -> bool:
    try:
        state = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    return limit is None or state.st_mtime < limit


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _used(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def _removed(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True
