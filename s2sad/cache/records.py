"""A module as it is written: the text, what is known of it, and the proof that it was written here.

text of Python
# s2sad: {"key": ..., facts as JSON}
# s2sad: hmac-sha256 <seal of all before>
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from s2sad.cache.proof import is_seal, seal

_MARK = "# s2sad: "
_SEAL = f"{_MARK}hmac-sha256 "
KIND = "module"
MAX_VARIANTS = 64
"""How many modules of a kind are stored; one more takes the place of another."""
VARIANT = 10
"""How many letters of a key tell of which kind a module is."""


def record(text: str, key: str, facts: Mapping[str, object]) -> str:
    """What is written for a text."""
    body = text if text.endswith("\n") else text + "\n"
    body += f"{_MARK}{json.dumps({'key': key, **facts}, sort_keys=True)}\n"
    return f"{body}{_SEAL}{seal(KIND, body.encode())}\n"


def facts_of(data: bytes | None, key: str | None = None) -> dict[str, Any] | None:
    """What is known of a module; None where the file is damaged, not from here, or of another key.

    Where no key is asked for it is among them.
    """
    if data is None:
        return None
    # The last line is the seal of all before it, the line in front of it what is known of the module.
    cut = data.rstrip(b"\n").rfind(b"\n") + 1
    body, last = data[:cut], data[cut:]
    mark = _SEAL.encode()
    if not (last.startswith(mark) and last.endswith(b"\n") and is_seal(last[len(mark) : -1], KIND, body)):
        return None
    line = body.rstrip(b"\n").rsplit(b"\n", 1)[-1]
    if not line.startswith(_MARK.encode()):
        return None
    try:
        facts = json.loads(line[len(_MARK) :])
    except (ValueError, RecursionError):
        return None
    if not isinstance(facts, dict) or not isinstance(facts.get("key"), str):
        return None
    if key is not None and facts.pop("key") != key:
        return None
    return facts


def has_mark(data: bytes) -> bool:
    """Whether a file ends as those that s2sad wrote do, this version or another, for this user or another."""
    return data.rstrip(b"\n").rsplit(b"\n", 1)[-1].startswith(_MARK.encode())


def user_text(stored: str) -> str:
    """The text of a stored module without the marks at its end."""
    return "".join(line for line in stored.splitlines(keepends=True) if not line.startswith(_MARK))


def paths(folder: Path, name: str, key: str) -> Iterator[Path]:
    """Where the modules of a kind lie, one after the other: no folder is searched."""
    base = f"{name}_{key[:VARIANT]}"
    yield folder / f"{base}.py"
    for number in range(2, MAX_VARIANTS + 1):
        yield folder / f"{base}_{number}.py"
