"""`s2sad trace`: the evaluation trace of a function."""

from __future__ import annotations

import argparse

import s2sad
from s2sad.cli.command import Command
from s2sad.cli.targets import add_target, arguments_of, guessing, read_target


def run(options: argparse.Namespace) -> int:
    """Print the evaluation trace."""
    target = read_target(options)
    with guessing(target):
        print(s2sad.trace(target.function, *arguments_of(target)))
    return 0


COMMAND = Command("trace", "print the evaluation trace v1, v2, ...", add_target, run)
