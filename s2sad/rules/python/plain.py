"""Functions of Python without a derivative: what reads and writes files."""

from __future__ import annotations

from s2sad.ir.unruled import of_module

of_module(
    "builtins",
    refused="open input",
    why="files are read and written outside of what is differentiated",
    instead="read before and pass what was read; return what is to be written: has_aux=True",
)
