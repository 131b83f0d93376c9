"""Where modules are kept: which folder is meant, whether it may be used, and one for this process alone where not.

S2SAD_CACHE_DIR                             what the user says for a process
[tool.s2sad] cache-dir in pyproject.toml    what a project says, where the user trusts it
the user's cache folder
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

from s2sad.cache.files import read_regular, read_trusted, unsafe
from s2sad.cache.places import user_folder
from s2sad.cache.proof import secret
from s2sad.errors import CacheError

LOGGER = logging.getLogger("s2sad")
TRUSTED = "S2SAD_TRUSTED_PROJECTS"
"""The environment variable that names projects, as the list `trusted-projects` of the configuration file does."""
_MAX_SETTINGS = 1 << 20
_LOCK = threading.RLock()
_warned: set[str] = set()


def cache_directory() -> Path:
    """Where modules are kept: the folder that is meant, or one of this process where that may not be used."""
    wanted = _wanted()
    if wanted is None:
        warn_once("the user has no folder of their own for emitted modules; a temporary one is used")
        return replacement()
    why = unsafe(wanted)
    if why is None and not secret().kept:
        why = "cannot be told from one of others: no secret can be kept in the user's data folder"
    if why is None:
        return wanted
    warn_once(f"the cache folder {wanted} {why}; a temporary one is used")
    return replacement()


def _wanted() -> Path | None:
    try:
        given = os.environ.get("S2SAD_CACHE_DIR")
        if given:
            return Path(os.path.abspath(given))
        found = _configured(os.getcwd())
    except OSError:  # the working directory was removed
        found = None
    return user_folder("cache") if found is None else found


def warn_once(text: str) -> None:
    """Warn of something once in a process."""
    if text not in _warned:
        _warned.add(text)
        warnings.warn(text, stacklevel=3)


# what a project says


def _configured(folder: str) -> Path | None:
    """What the project around a folder says, where the user trusts it."""
    project, given = _setting(folder)
    if project is None or not given:
        return None
    if os.path.realpath(project) in trusted_projects():
        return project / given
    warn_once(
        f"cache-dir of {project / 'pyproject.toml'} is not used, as the project is not trusted: "
        f"add {str(project)!r} to trusted-projects in {_settings_file()}, or to {TRUSTED}"
    )
    return None


@lru_cache(maxsize=64)
def _setting(folder: str) -> tuple[Path | None, str | None]:
    """The project of a folder, that of the nearest pyproject.toml, and its cache-dir."""
    for parent in [Path(folder), *Path(folder).parents]:
        file = parent / "pyproject.toml"
        data = read_regular(file, _MAX_SETTINGS)
        if data is not None:
            given = _table(_table(_toml(data, file).get("tool")).get("s2sad")).get("cache-dir")
            if isinstance(given, str) and "\0" not in given:
                return parent, given
            if given is not None:
                LOGGER.debug("cache-dir of %s is no path: it is not used", file)
            return parent, None
    return None, None


def _toml(data: bytes, file: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(data.decode())
    except (ValueError, RecursionError) as e:
        LOGGER.debug("%s is not read: %s", file, e)
        return {}


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def trusted_projects() -> set[str]:
    """The projects whose settings count: those in the user's configuration file, and in the environment variable."""
    given = [*os.environ.get(TRUSTED, "").split(os.pathsep), *_trusted_in_settings()]
    paths = [os.path.expanduser(g) for g in given if isinstance(g, str) and "\0" not in g]
    # A relative one would be trust in whatever the working directory is.
    return {os.path.realpath(p) for p in paths if os.path.isabs(p)}


@lru_cache(maxsize=1)
def _trusted_in_settings() -> tuple[object, ...]:
    file = _settings_file()
    data = None if file is None else read_trusted(file, _MAX_SETTINGS)
    found = None if file is None or data is None else _toml(data, file).get("trusted-projects")
    return tuple(found) if isinstance(found, list) else ()


def _settings_file() -> Path | None:
    folder = user_folder("config")
    return None if folder is None else folder / "config.toml"


# the folder of a process


def private_folder() -> Path:
    """A folder for the modules of this process alone; it is removed with it.

    Raises:
        CacheError: none can be made.
    """
    # A process that is forked has another one: the other's is removed with that.
    with _LOCK:
        return _private(os.getpid())


@lru_cache(maxsize=1)
def _private(process: int) -> Path:
    import shutil
    import tempfile

    try:
        folder = Path(tempfile.mkdtemp(prefix="s2sad-"))
    except OSError as e:
        raise CacheError(f"no folder for emitted modules can be written: {e}") from e

    def remove() -> None:
        if os.getpid() == process:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder


def replacement() -> Path:
    """What this process has in place of a cache folder that may not be used or written."""
    return private_folder() / "cache"
