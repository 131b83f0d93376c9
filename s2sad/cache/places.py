"""The folders of a user."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_XDG = {
    "cache": ("XDG_CACHE_HOME", ".cache"),
    "data": ("XDG_DATA_HOME", ".local/share"),
    "config": ("XDG_CONFIG_HOME", ".config"),
}
"""Where programs of Linux keep things: the variable that says it, and what it is below the user's home by default."""


def user_folder(kind: str) -> Path | None:
    """The folder of s2sad for the user's "cache", "data" or "config"; None for one without a home."""
    found = _xdg_folder(kind) if sys.platform == "linux" else _other_folder(kind)
    # One that depends on the working directory would be that of whoever wrote there.
    return Path(found) if found is not None and os.path.isabs(found) else None


def _xdg_folder(kind: str) -> str | None:
    variable, default = _XDG[kind]
    given = os.environ.get(variable, "")
    if os.path.isabs(given):
        return os.path.join(given, "s2sad")
    # What has no home stays as it is, and is not absolute.
    home = os.path.expanduser("~")
    return os.path.join(home, default, "s2sad") if home.strip("/") and not _is_of_another(home) else None


def _is_of_another(home: str) -> bool:
    """Whether root is in the home of a user, as under sudo: what it made there, that user could not use any more."""
    try:
        return os.geteuid() == 0 and os.stat(home).st_uid != 0
    except OSError:
        return False


def _other_folder(kind: str) -> str | None:
    import platformdirs

    try:
        return str(getattr(platformdirs, f"user_{kind}_dir")("s2sad"))
    except (RuntimeError, OSError, KeyError):
        return None
