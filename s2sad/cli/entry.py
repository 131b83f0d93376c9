"""The parser of the command line, what runs one, and what is said where that fails."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from typing import NoReturn

import numpy as np

from s2sad.cli import cache, check, explore, generate, graph, show, trace
from s2sad.cli.colours import in_colour
from s2sad.cli.command import NO, WRONG, WrongUse
from s2sad.dispatch.frames import asked_for_all_frames
from s2sad.errors import Error, did_you_mean
from s2sad.progress import on_terminal
from s2sad.version import __version__

COMMANDS = (trace.COMMAND, show.COMMAND, check.COMMAND, graph.COMMAND, explore.COMMAND, generate.COMMAND, cache.COMMAND)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 the answer is no, 2 the command line is wrong."""
    options = _parser().parse_args(arguments)
    try:
        with on_terminal():
            status = int(options.run(options))
        sys.stdout.flush()
        return status
    except Error as e:
        _tell(e if isinstance(e, WrongUse) else f"{type(e).__name__}: {e}", e)
        return WRONG if isinstance(e, WrongUse) else NO
    except BrokenPipeError:  # what reads has read enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO
    except KeyboardInterrupt:
        return 130
    except Exception as e:
        if asked_for_all_frames():
            raise
        _tell(f"{type(e).__name__}: {e}\n    that is a fault of s2sad; S2SAD_TRACEBACK=full shows where it is", e)
        return NO


def _tell(what: object, e: BaseException) -> None:
    """Say on the standard error what went wrong, and what was noted of it."""
    print("\n".join([in_colour("error: ", "red", sys.stderr) + str(what), *_notes(e)]), file=sys.stderr)


def _notes(e: BaseException) -> list[str]:
    return list(getattr(e, "__notes__", ()))


class Parser(argparse.ArgumentParser):
    """A parser that says which command, or choice, may have been meant."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(WRONG, f"{in_colour('error: ', 'red', sys.stderr)}{message}\n")

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            names = [str(c) for c in action.choices]
            what = "there is no command" if isinstance(action, argparse._SubParsersAction) else action.option_strings[0]
            guess = did_you_mean(str(value), names)
            raise argparse.ArgumentError(None, f"{what} {value!r}; choose one of {', '.join(names)}{guess}")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="s2sad", description="Automatic differentiation to readable source.")
    versions = f"s2sad {__version__} (Python {platform.python_version()}, NumPy {np.__version__})"
    parser.add_argument("--version", action="version", version=versions)
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in COMMANDS:
        found = commands.add_parser(command.name, help=command.text, description=command.text)
        found.set_defaults(run=command.run)
        command.add_options(found)
    return parser
