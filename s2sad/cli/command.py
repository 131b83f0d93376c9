"""A command: its name, what it does in a line, its options, and what runs it; and what is wrong with a command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from s2sad.errors import ArgumentError

DONE, NO, WRONG = 0, 1, 2
"""What a command ends with: it is done; the answer is no, as derivatives are wrong, or there is none; it was not
started, as the command line is wrong."""


class WrongUse(ArgumentError):
    """A command line that cannot be carried out as it is written."""


@dataclass(frozen=True)
class Command:
    """A command of `s2sad`; `run` takes the parsed options and gives the exit status."""

    name: str
    text: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
