"""The parser of the command line, and what runs one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from s2sad.cli import check, forget, generate, graph, show, trace
from s2sad.errors import Error

COMMANDS = (trace.COMMAND, show.COMMAND, check.COMMAND, graph.COMMAND, generate.COMMAND, forget.COMMAND)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except Error as e:
        print(f"{type(e).__name__}: {e}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="s2sad", description="Automatic differentiation to readable source.")
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in COMMANDS:
        found = commands.add_parser(command.name, help=command.text, description=command.text)
        found.set_defaults(run=command.run)
        command.add_options(found)
    return parser
