"""`s2sad cache`: what is kept of emitted modules, and how it is removed."""

from __future__ import annotations

import argparse
import re
import time

from s2sad import cache
from s2sad.cli.command import Command, WrongUse

UNITS = {"": 0, "kb": 1000, "mb": 1000**2, "gb": 1000**3}
"""What a limit counts: modules, or bytes."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--info", action="store_true", help="say where it is and what it holds; so without an option")
    what.add_argument("--clear", action="store_true", help="remove all that s2sad wrote")
    what.add_argument("--limit", metavar="SIZE", help="remove what was not used for longest, down to 200 or to 50MB")
    parser.add_argument("--older-than", metavar="DAYS", help="with --clear: only what was not used for so many days")


def run(options: argparse.Namespace) -> int:
    """Say what is in the cache folder, or remove of it."""
    if options.older_than is not None and not options.clear:
        raise WrongUse("--older-than says what --clear removes: s2sad cache --clear --older-than 30")
    if options.clear:
        count = cache.forget(None if options.older_than is None else _days(options.older_than))
        print(f"{_modules(count)} removed from {cache.cache_directory()}")
    elif options.limit is not None:
        count = cache.shrink(**_limit(options.limit))
        print(f"{_modules(count)} removed from {cache.cache_directory()}")
    else:
        found = cache.usage()
        last = "never" if found.last_used is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(found.last_used))
        print(
            f"folder     {found.folder}\nmodules    {found.modules}\nsize       {_bytes(found.size)}\nlast used  {last}"
        )
    return 0


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = -1.0
    if not days >= 0.0:
        raise WrongUse(f"--older-than {text}: a number of days from 0 on")
    return days


def _limit(text: str) -> dict[str, int]:
    """How many modules, or how many bytes, a text says."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kKmMgG][bB])?", text.strip())
    if found is None or not found[2] and not found[1].isdecimal():
        raise WrongUse(f"--limit {text}: a number of modules, such as 200, or a size, such as 50MB")
    unit = UNITS[(found[2] or "").lower()]
    return {"size": int(float(found[1]) * unit)} if unit else {"modules": int(found[1])}


def _modules(count: int) -> str:
    return f"{count} module" + "s" * (count != 1)


def _bytes(size: int) -> str:
    for unit in ("GB", "MB", "kB"):
        if size >= UNITS[unit.lower()]:
            return f"{size / UNITS[unit.lower()]:.1f} {unit}"
    return f"{size} bytes"


COMMAND = Command("cache", "what is kept of emitted modules: say it, or remove it", add_options, run)
