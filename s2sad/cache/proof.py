"""The proof that a file was written by s2sad for this user: a keyed digest, whose secret only this user can read.

The secret is in the user's own folder, made when it is first needed. Where there is no such folder, the process has a
secret of its own: what it writes is of use to it alone.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from s2sad.cache.files import read_own, unsafe, written
from s2sad.cache.places import user_folder

LENGTH = 32
"""Of the secret, in bytes."""
DIGITS = 64
"""Of a seal."""
_LOCK = threading.Lock()


@dataclass(frozen=True, repr=False)
class Secret:
    """What seals are made with; `kept` where other processes of this user have it too."""

    key: bytes
    kept: bool


def secret() -> Secret:
    """That of this user, or of this process."""
    # Two threads that ask first have one: else the one could not read what the other wrote.
    with _LOCK:
        return _secret()


@lru_cache(maxsize=1)
def _secret() -> Secret:
    key = _kept()
    return Secret(os.urandom(LENGTH), False) if key is None else Secret(key, True)


def _kept() -> bytes | None:
    """The secret in the user's folder, made where there is none; None where none can be kept from others."""
    folder = user_folder("data")
    if folder is None:
        return None
    path = folder / "secret"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if unsafe(folder):
            return None
        # More than once: another process may have made it meanwhile, or have replaced the same damaged one.
        for _ in range(3):
            # Asked before it is read: what comes in between is another process's, and is good.
            spoilt = os.path.lexists(path)
            found = read_own(path, LENGTH, hidden=True)
            if found is not None and len(found) == LENGTH:
                return found
            written(folder, "secret", os.urandom(LENGTH), partial(_placed, path, spoilt))
    except OSError:
        pass
    return None


def _placed(path: Path, spoilt: bool, temporary: str) -> None:
    """Put a new secret where none is, or where the one that is there is damaged or known to others."""
    try:
        if spoilt:
            os.replace(temporary, path)
        else:
            os.link(temporary, path)
    except FileExistsError:  # another process was quicker
        pass
    except OSError:  # a file system without links
        os.replace(temporary, path)


def seal(kind: str, *parts: bytes) -> str:
    """The proof for what was written: `kind` tells what is for one use from what is for another."""
    # Imported with the first seal: not all who import s2sad call a derivative.
    import hmac

    data = b"".join(len(p).to_bytes(8, "little") + p for p in (kind.encode(), *parts))
    return hmac.digest(secret().key, data, "sha256").hex()


def is_seal(given: str | bytes, kind: str, *parts: bytes) -> bool:
    """Whether it is the proof for these."""
    import hmac

    data = given.encode() if isinstance(given, str) else given
    return hmac.compare_digest(data, seal(kind, *parts).encode())


def sealed(data: bytes, kind: str, *parts: bytes) -> bytes:
    """Data with its proof in front; the parts tell what it is of."""
    return seal(kind, data, *parts).encode() + data


def unsealed(data: bytes | None, kind: str, *parts: bytes) -> bytes | None:
    """What was sealed; None where it was not by this user, or is of something else."""
    if data is None or not is_seal(data[:DIGITS], kind, data[DIGITS:], *parts):
        return None
    return data[DIGITS:]
