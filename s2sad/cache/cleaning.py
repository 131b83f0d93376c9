"""What was written is removed again: all of it when the user says so, what was not used for long when it is too much.

Nothing else is: of each file it is known by its name and by what it ends with, or by its seal, that s2sad wrote it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
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


def keep_bounded(folder: Path) -> None:
    """Remove the modules that were not used for the longest time where there are too many of them."""
    kinds: dict[str, list[str]] = {}
    for entry in _entries(folder):
        found = _MODULE.match(entry.name)
        if found is not None and entry.name.endswith(".py"):
            kinds.setdefault(found[1], []).append(entry.name)
    count = sum(map(len, kinds.values()))
    if count <= MAX_FILES:
        return
    # All of a kind at once: behind one that is missing no other is looked for.
    for base in sorted(kinds, key=lambda base: max(map(_used, (folder / n for n in kinds[base])))):
        own = [folder / n for n in kinds[base] if _is_module(folder / n)]
        count -= sum(map(_removed, own))
        _forget_compiled(folder, {p.stem for p in own})
        # Well below the bound: at the bound itself each further module would clean up again.
        if count <= _FEWER:
            return


def _forget_compiled(folder: Path, stems: set[str]) -> None:
    for entry in _entries(folder / NUMBERS):
        if _COMPILED.match(entry.name) and entry.name.partition(".")[0] in stems:
            _removed(folder / NUMBERS / entry.name)


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
