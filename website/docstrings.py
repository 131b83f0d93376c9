"""Docstrings as pages of the reference: sessions of the interpreter in them are code."""

import re
from typing import Any

import griffe

SESSION = re.compile(r"^>>> .*(?:\n(?!\n).+)*", re.MULTILINE)


class Sessions(griffe.Extension):
    """Puts a fence around each session."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring and ">>> " in obj.docstring.value:
            obj.docstring.value = SESSION.sub(r"```pycon\n\g<0>\n```", obj.docstring.value)
