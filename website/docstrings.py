"""Docstrings as pages of the reference: sessions of the interpreter are code, and users see what is for them."""

import re
from typing import Any

import griffe

from s2sad.dispatch.display import FOR_USERS

SESSION = re.compile(r"^>>> .*(?:\n(?!\n).+)*", re.MULTILINE)


class Sessions(griffe.Extension):
    """Puts a fence around each session."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring and ">>> " in obj.docstring.value:
            obj.docstring.value = SESSION.sub(r"```pycon\n\g<0>\n```", obj.docstring.value)


class ForUsers(griffe.Extension):
    """Leaves out what `dir` of a derivative leaves out."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        derivative = pkg["dispatch.derivative.Derivative"]
        for name in [n for n in derivative.members if n not in FOR_USERS]:
            del derivative.members[name]
