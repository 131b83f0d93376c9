"""The folders of a user."""

from __future__ import annotations

from pathlib import Path


def user_folder(kind: str) -> Path | None:
    """The folder of s2sad for the user's "cache", "data" or "config"; None for one without a home."""
    import platformdirs

    try:
        found = Path(getattr(platformdirs, f"user_{kind}_dir")("s2sad"))
    except (RuntimeError, OSError, KeyError):
        return None
    # One that depends on the working directory would be that of whoever wrote there.
    return found if found.is_absolute() else None
