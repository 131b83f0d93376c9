"""`s2sad generate`: derivative modules in a folder, those given or those listed in pyproject.toml."""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path
from typing import Any

from s2sad.cli.command import Command, WrongUse
from s2sad.cli.targets import LANGUAGES, MODES, Target, add_target, read_target
from s2sad.errors import shown


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_target(parser, many=True)
    parser.add_argument("--folder", default=None, help="where to write; generated/ by default")
    parser.add_argument("--check", action="store_true", help="fail if a file is out of date; write nothing")
    parser.add_argument("--language", choices=LANGUAGES, default="python", help="c writes a .c and a .h file")


def run(options: argparse.Namespace) -> int:
    """Write derivative modules, those given or those listed in pyproject.toml; with --check, compare them."""
    settings = _settings()
    folder = Path(options.folder or settings.get("folder", "generated"))
    targets = [read_target(options, t) for t in options.target]
    if not targets:
        targets = [_listed(entry) for entry in settings.get("targets", ())]
    if not targets:
        raise WrongUse("no target is given, and pyproject.toml lists none under [tool.s2sad.generate]")
    stale = []
    names = [(target.derivative().__name__, target.language) for target in targets]
    twice = {n for n, _ in names if names.count((n, _)) > 1}
    if twice:
        raise WrongUse(f"two targets are called {', '.join(sorted(twice))}: give one of the functions another name")
    for target in targets:
        for name, text in target.files().items():
            if not _is_current(folder / name, text, write=not options.check):
                stale.append(folder / name)
    for path in stale:
        print(f"{path} is out of date: run s2sad generate", file=sys.stderr)
    return 1 if stale else 0


def _is_current(path: Path, text: str, write: bool) -> bool:
    """Whether a file has this text; where it has not, it is written, if it may be."""
    try:
        current = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
        if current != text and write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}")
    except (OSError, ValueError) as e:
        raise WrongUse(f"{path} cannot be written: {e}") from None
    return write or current == text


def _settings() -> dict[str, Any]:
    """What pyproject.toml in the working directory says of `generate`.

    Raises:
        WrongUse: it cannot be read, or is of another form.
    """
    path = Path("pyproject.toml")
    if not path.is_file():
        return {}
    try:
        found: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as e:
        raise WrongUse(f"{path} cannot be read: {e}") from None
    for key in ("tool", "s2sad", "generate"):
        found = found.get(key, {})
        if not isinstance(found, dict):
            raise WrongUse(f"{path}: {key} is a table, not {shown(found)}")
    folder, targets = found.get("folder", ""), found.get("targets", [])
    if not isinstance(folder, str):
        raise WrongUse(f"{path}: folder is a path, not {shown(folder)}")
    if not isinstance(targets, list):
        raise WrongUse(f"{path}: targets is a list of tables, not {shown(targets)}")
    return dict(found)


ENTRY: dict[str, type | tuple[type, ...]] = {
    "target": str,
    "argnums": (str, int, list),
    "mode": str,
    "signature": str,
    "at": str,
    "language": str,
}
"""What a target of pyproject.toml says."""


def _listed(entry: object) -> Target:
    """A target of pyproject.toml: the keys target, argnums, mode, signature."""
    if not isinstance(entry, dict) or "target" not in entry:
        raise WrongUse(f"pyproject.toml: a target is a table with the key target, not {shown(entry)}")
    for key, value in entry.items():
        if key not in ENTRY or not isinstance(value, ENTRY[key]):
            raise WrongUse(f"pyproject.toml: a target has no {key} = {shown(value)}")
    if entry.get("mode", "reverse") not in MODES:
        raise WrongUse(f"pyproject.toml: mode is one of {', '.join(MODES)}, not {shown(entry['mode'])}")
    if entry.get("language", "python") not in LANGUAGES:
        raise WrongUse(f"pyproject.toml: language is one of {', '.join(LANGUAGES)}, not {shown(entry['language'])}")
    options = argparse.Namespace(argnums="0", mode="reverse", signature=None, at=None, language="python")
    vars(options).update(entry)
    return read_target(options, entry["target"])


COMMAND = Command("generate", "write derivative modules into a folder", add_options, run)
