"""A notebook as a page: its text, its code, and what the cells show as they were saved."""

import json
from typing import Any


def as_markdown(notebook: str) -> str:
    """The cells of a notebook one under the other."""
    return "\n\n".join(_cell(cell) for cell in json.loads(notebook)["cells"]) + "\n"


def _cell(cell: dict[str, Any]) -> str:
    text = "".join(cell["source"])
    if cell["cell_type"] != "code":
        return text
    return "\n\n".join([f"```python\n{text}\n```", *map(_output, cell["outputs"])])


def _output(output: dict[str, Any]) -> str:
    shown = output.get("data", {})
    if "text/html" in shown:
        return f'<div class="cell">\n{"".join(shown["text/html"])}\n</div>'
    if "image/png" in shown:
        return f'<img alt="what the cell shows" src="data:image/png;base64,{"".join(shown["image/png"]).strip()}">'
    text = "".join(shown.get("text/plain", output.get("text", output.get("evalue", ""))))
    return f"```text\n{text.rstrip()}\n```"
