"""Files as they are read and written: a reader finds a whole regular file of this user's, or nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

MAX_SIZE = 1 << 26
"""How long a file may be: one that is longer was not written here."""
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # a FIFO is opened at once
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_HERE = getattr(os, "O_NOFOLLOW", 0)
OTHERS = stat.S_IWGRP | stat.S_IWOTH
"""Others may write."""


def read_own(path: Path, limit: int = MAX_SIZE, hidden: bool = False) -> bytes | None:
    """What is in a regular file of this user's; None for all else: links, FIFOs, devices, folders, files of others.

    A file is opened once: what is asked of it and what is read are one file. A `hidden` one nobody else may read.
    """
    return _read(
        path, limit, _FLAGS | _HERE, lambda s: is_own(s) and not (hidden and is_open(s, stat.S_IRWXG | stat.S_IRWXO))
    )


def read_regular(path: Path, limit: int) -> bytes | None:
    """What is in a regular file of anybody's, or in the one that a link leads to; None for all else."""
    return _read(path, limit, _FLAGS, lambda s: True)


def read_trusted(path: Path, limit: int) -> bytes | None:
    """What is in a file of this user's or root's that others cannot write, or in the one that a link leads to."""
    return _read(path, limit, _FLAGS, lambda s: (is_own(s) or s.st_uid == 0) and not is_open(s, OTHERS))


def _read(path: Path, limit: int, flags: int, admits: Callable[[os.stat_result], bool]) -> bytes | None:
    try:
        handle = os.open(path, flags)
    except (OSError, ValueError):  # a path may hold what no path can
        return None
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode) or state.st_size > limit or not admits(state):
            return None
        data = bytearray()
        # No more than it had when it was asked: one that grows meanwhile was not written here.
        while len(data) < state.st_size and (part := os.read(handle, state.st_size - len(data))):
            data += part
        return bytes(data)
    except OSError:
        return None
    finally:
        os.close(handle)


def is_own(state: os.stat_result) -> bool:
    """Whether a file or folder is this user's."""
    return os.name != "posix" or state.st_uid == os.geteuid()


def is_open(state: os.stat_result, bits: int) -> bool:
    """Whether a file or folder has one of the permissions."""
    return os.name == "posix" and bool(state.st_mode & bits)


def unsafe(folder: Path) -> str | None:
    """Why files of this user's cannot be kept in a folder; None where they can, or where there is no folder yet."""
    try:
        state = os.stat(folder)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as e:
        return f"cannot be used ({e})"
    if not stat.S_ISDIR(state.st_mode):
        return "is no folder"
    if not is_own(state):
        return "belongs to another user"
    return f"can be written by others (chmod go-w {folder})" if is_open(state, OTHERS) else None


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, in place of the one that is there. It is complete at once for every other process."""
    written(path.parent, path.stem, data, lambda temporary: os.replace(temporary, path))


def written(folder: Path, name: str, data: bytes, place: Callable[[str], T]) -> T:
    """Write a file under a name of its own, and put it into its place, by a link or a rename: both are atomic."""
    import tempfile

    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}_", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(data)
        return place(temporary)
    finally:
        # Where it was renamed there is none.
        with suppress(FileNotFoundError):
            os.unlink(temporary)
