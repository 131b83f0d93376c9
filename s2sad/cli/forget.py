"""`s2sad forget`: an empty cache folder."""

from __future__ import annotations

import argparse

from s2sad import cache
from s2sad.cli.command import Command
from s2sad.errors import ArgumentError


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--older-than", type=float, metavar="DAYS", help="those that were not used for so many days")


def run(options: argparse.Namespace) -> int:
    """Remove what is in the cache folder."""
    if options.older_than is not None and not options.older_than >= 0.0:
        raise ArgumentError(f"--older-than {options.older_than}: a number of days from 0 on")
    folder = cache.cache_directory()
    print(f"{cache.forget(options.older_than)} modules removed from {folder}")
    return 0


COMMAND = Command("forget", "remove the emitted modules that are kept in the cache folder", add_options, run)
