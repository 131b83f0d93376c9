"""`s2sad show`: the text of a derivative."""

from __future__ import annotations

import argparse
import sys

from s2sad.cli.colours import highlighted
from s2sad.cli.command import Command
from s2sad.cli.targets import add_target, read_target


def run(options: argparse.Namespace) -> int:
    """Print a derivative, with colours on a terminal."""
    print(highlighted(read_target(options).source(), sys.stdout), end="")
    return 0


COMMAND = Command("show", "print the source of a derivative", add_target, run)
