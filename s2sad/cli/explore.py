"""`s2sad explore`: a page that shows a derivative beside the code it comes from."""

from __future__ import annotations

import argparse
from pathlib import Path

from s2sad.api.pages import write_page
from s2sad.cli.command import Command, WrongUse
from s2sad.cli.targets import add_target, arguments_of, guessing, read_target, with_tangents

ENDINGS = (".html", ".htm")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_target(parser)
    parser.add_argument("-o", "--output", help="a .html file; a temporary one otherwise, whose name is printed")
    parser.add_argument("--open", action="store_true", help="show the page in the browser")


def run(options: argparse.Namespace) -> int:
    """Write the page."""
    path = None if options.output is None else _path(options.output)
    target = read_target(options)
    with guessing(target):
        derivative = target.derivative()
        arguments = with_tangents(arguments_of(target), derivative)
        try:
            print(write_page(derivative, arguments, {}, path, options.open, run=options.at is not None))
        except OSError as e:
            raise WrongUse(f"-o {options.output}: {e}") from None
    return 0


def _path(text: str) -> Path:
    """The file to write."""
    path = Path(text)
    if path.suffix not in ENDINGS:
        raise WrongUse(f"-o {text}: a page is a .html file")
    if not path.parent.is_dir():
        raise WrongUse(f"-o {text}: there is no folder {path.parent}")
    return path


COMMAND = Command("explore", "write a page that shows a derivative beside the code it comes from", add_options, run)
