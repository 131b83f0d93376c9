"""From the data of a derivative (`view`) to one page of HTML that holds all it needs: no server, no network.

`template.html` is the page, `page.css` its looks; `columns.js` writes lines and lights them, `graph.js` draws, and
`page.js` starts both. `dagre.min.js` places the nodes of graphs (`dagre.LICENSE`).
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from s2sad.view.page.tokens import tokens

SCRIPTS = ("columns.js", "graph.js", "page.js")
LAYOUT = "dagre.min.js"


def page(data: Mapping[str, Any]) -> str:
    """The page that shows a derivative, as the text of one file of HTML.

    `data` is what `page_data` gives: plain lists, dicts, texts and numbers.
    """
    scripts = [*([LAYOUT] if data["graph"]["nodes"] else []), *SCRIPTS]
    parts = {
        "title": html.escape(f"{data['title']}: {data['about']}"),
        "style": _asset("page.css"),
        "data": _json(_with_tokens(data)),
        "script": "\n".join(map(_asset, scripts)),
        "fallback": html.escape(next((t["text"] for t in data["tabs"] if t.get("text")), "")),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda m: parts[m[1]], _asset("template.html"))


def _asset(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")


def _json(data: object) -> str:
    """JSON that can stand in a script element: nothing in it ends the element, or opens a comment."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _with_tokens(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data with each text cut into tokens, so that the page need not read code."""
    made = dict(data)
    made["sources"] = [_source(s) for s in data["sources"]]
    made["trace"] = _cut(data["trace"])
    made["tabs"] = [{**t, "lines": _cut(t.get("lines") or [], t["key"])} for t in data["tabs"]]
    return made


def _source(source: Mapping[str, Any]) -> dict[str, Any]:
    """A function of the user's; of its file the name alone, as pages go to others."""
    lines = source["lines"]
    return {**source, "file": Path(source["file"]).name, "lines": tokens(lines), "text": "\n".join(lines)}


def _cut(lines: list[dict[str, Any]], language: str = "") -> list[dict[str, Any]]:
    cut = tokens([line["text"] for line in lines], "c" if language == "c" else "python")
    return [{**line, "tokens": t} for line, t in zip(lines, cut, strict=True)]
