"""Functions of Python without a derivative: what reads and writes files, what makes code at run time."""

from __future__ import annotations

from s2sad.ir.unruled import of_module

of_module(
    "builtins",
    refused="open input",
    why="files are read and written outside of what is differentiated",
    instead="read before and pass what was read; return what is to be written: has_aux=True",
)
of_module(
    "builtins",
    refused="eval exec compile",
    why="what is made at run time has no source that can be read",
    instead="write it as it stands",
)
of_module(
    "builtins",
    refused="globals locals",
    why="which variable is meant is to be known when the function is compiled",
    instead="say it by its name",
)
