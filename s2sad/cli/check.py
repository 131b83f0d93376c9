"""`s2sad check`: the derivatives against numerical ones."""

from __future__ import annotations

import argparse
import sys

import s2sad
from s2sad.cli.command import DONE, NO, Command
from s2sad.cli.targets import add_target, arguments_of, guessing, read_target
from s2sad.errors import ArgumentError, Error


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_target(parser)
    parser.add_argument("--order", type=int, default=1, help="up to which order of derivatives")


def run(options: argparse.Namespace) -> int:
    """Check the derivatives at the given arguments, or at random ones."""
    target = read_target(options)
    arguments = arguments_of(target)
    with guessing(target):
        try:
            s2sad.check_grads(target.function, arguments, options.order)
        except Error:
            raise
        except AssertionError as e:
            print(f"wrong: {e}", file=sys.stderr)
            return NO
        except Exception as e:  # whatever the function does
            raise ArgumentError(f"{target.function.__name__} at these arguments: {type(e).__name__}: {e}") from None
    print(f"{target.function.__name__}: forward and reverse mode agree with differences, up to order {options.order}")
    return DONE


COMMAND = Command("check", "compare the derivatives with numerical ones", add_options, run)
