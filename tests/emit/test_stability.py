"""A line more in the user's function changes the lines of the derivative that belong to it, and no others."""

import ast
import contextlib
import random
import re
import sys
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from s2sad.cli import generate as command

ROOT = Path(__file__).parents[2]
ENTRIES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["s2sad"]["generate"]["targets"]
EDITS = 10


class Edited:
    """The derivative of an example, and what it is after an edit."""

    def __init__(self, entry, folder):
        path, _, self.name = entry["target"].partition(":")
        self.entry, self.folder, self.count = entry, folder, 0
        self.source = (ROOT / path).read_text()
        self.before = self.text(self.source)

    def text(self, source):
        self.count += 1
        path = self.folder / f"edited_{self.count}.py"
        path.write_text(source)
        text = command._listed({**self.entry, "target": f"{path}:{self.name}"}).source()
        return [line for line in text.splitlines() if not line.lstrip().startswith("#")]

    def places(self):
        """The statements that assign a number or an array of floats in the run of the example."""
        path = self.folder / "run.py"
        path.write_text(self.source)
        target = command._listed({**self.entry, "target": f"{path}:{self.name}"})
        seen = {}

        def watch(frame, event, _):
            if frame.f_code.co_filename != str(path):
                return None
            for name, value in frame.f_locals.items():
                seen.setdefault((frame.f_code.co_name, name), set()).add(getattr(value, "dtype", type(value)))
            return watch

        before = sys.gettrace()
        sys.settrace(watch)
        try:
            with np.errstate(all="ignore"), contextlib.suppress(ValueError, np.linalg.LinAlgError):
                target.function(*target.arguments)  # random ones, which need not be in its domain
        finally:
            sys.settrace(before)
        for f in ast.walk(ast.parse(self.source)):
            for s in ast.walk(f) if isinstance(f, ast.FunctionDef) else ():
                place = s.targets[0] if isinstance(s, ast.Assign) else getattr(s, "target", None)
                if not isinstance(place, ast.Name) or not isinstance(s, (ast.Assign, ast.AugAssign)):
                    continue
                if seen.get((f.name, place.id), {int}) <= {float, np.dtype(float)}:
                    yield s.end_lineno, s.col_offset, place.id

    def strange(self, line, indent, name):
        """The lines that an edit changes and that do not speak of its variable; None where it changes nothing."""
        lines = self.source.splitlines(keepends=True)
        lines.insert(line, f"{' ' * indent}{name} = {name} * 1.25\n")
        before, after = Counter(self.before), Counter(self.text("".join(lines)))
        changed = [*(before - after).elements(), *(after - before).elements()]
        own = re.compile(rf"(?<![A-Za-z0-9]){name}(?![A-Za-z0-9])")
        return [c for c in changed if c.strip() and not own.search(c)] if changed else None


def differentiable(entry):
    return entry.get("mode") != "itself" and "signature" in entry


@pytest.mark.parametrize(
    "entry", [*filter(differentiable, ENTRIES)], ids=lambda e: f"{Path(e['target']).stem} {e.get('mode', 'reverse')}"
)
def test_an_edit_changes_its_own_lines(entry, tmp_path):
    edited = Edited(entry, tmp_path)
    places = list(edited.places())
    random.Random(0).shuffle(places)
    found = {place: edited.strange(*place) for place in places[:EDITS]}
    # One in five may reach further: where `total` is no longer a plain sum, its adjoint is no constant any more.
    strange = {place: lines for place, lines in found.items() if lines}
    assert len(strange) <= max(1, len(found) // 5), strange
    if len(places) >= EDITS:
        assert any(lines is not None for lines in found.values())
