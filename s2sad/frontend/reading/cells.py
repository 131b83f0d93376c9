"""Functions written in a notebook: the cells that IPython keeps, where it runs.

A cell has a file to `linecache`. What a magic runs has none: `%%time` compiles its cell under a name that says nothing.
Which cell that was is found by its text: what stands there is compared with what the function runs, as of any file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from s2sad.errors import shell

CELLS_SEARCHED = 50
"""How many of the last cells are searched."""
_CELL_MAGIC = re.compile(r"\s*%%\w+.*\n")
_LINE_MAGIC = re.compile(r"\s*%\w+[ \t]+(?:-\w+[ \t]*\d*[ \t]+)*(?=\S)", re.MULTILINE)


def lines_of_magics() -> Iterator[list[str]]:
    """The lines that magics ran, as they were compiled, those of the last cell first."""
    try:
        cells = list(shell().history_manager.input_hist_raw)
    except Exception:
        return
    for cell in islice(reversed(cells), CELLS_SEARCHED):
        magic = _CELL_MAGIC.match(cell)
        if magic is not None:
            yield cell[magic.end() :].splitlines(keepends=True)
        for line in _LINE_MAGIC.finditer(cell):
            yield cell[line.end() :].splitlines(keepends=True)[:1]
