"""What makes a site of the pages: links that leave the folder, notebooks."""

import json

import pytest

from website.elsewhere import Elsewhere
from website.notebooks import as_markdown


@pytest.fixture
def place(tmp_path):
    """A project with a page that links to a module, to a folder, and to a page outside that links on."""
    files = {
        "docs/how-to/page.md": "[a](../../src/a.py#L3) [b](../other.md) [c](../../src) [d](../../notes.md)"
        " [e](../book.ipynb)\n",
        "docs/other.md": "[again](how-to/page.md)\n",
        "docs/book.ipynb": "{}",
        "src/a.py": "x = 1\n",
        "src/__init__.py": "",
        "notes.md": "[back](docs/other.md) [on](data.csv) [web](https://example.org)\n\n```python\nf[0](src)\n```\n",
        "data.csv": "1,2\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return Elsewhere(tmp_path, tmp_path / "docs")


def test_links_lead_to_pages_of_the_site(place):
    page = place.docs / "how-to/page.md"
    found = place.relinked(page.read_text(), page)
    assert found == (
        "[a](../files/src/a.py.md#L3) [b](../other.md) [c](../files/src.md) [d](../files/notes.md) [e](../book.md)\n"
    )
    notes = place.root / "notes.md"
    text = place.relinked(notes.read_text(), notes)
    assert text.startswith("[back](../other.md) [on](data.csv.md) [web](https://example.org)\n")
    assert "f[0](src)" in text


def test_all_that_is_reached_is_a_page(place):
    names = {f.relative_to(place.root).as_posix() for f in place.found_from([place.docs / "how-to/page.md"])}
    assert names == {"src/a.py", "src/__init__.py", "src", "notes.md", "data.csv"}
    assert "- [a.py](src/a.py.md)\n" in place.text(place.root / "src")
    assert '```python title="src/a.py"\nx = 1\n```' in place.text(place.root / "src/a.py")


def test_a_notebook_is_a_page():
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "text"]},
        {
            "cell_type": "code",
            "source": ["print(1)\n", "2"],
            "outputs": [{"text": ["1\n"]}, {"data": {"text/plain": ["2"]}}],
        },
        {
            "cell_type": "code",
            "source": "df",
            "outputs": [{"data": {"text/html": ["<b>df</b>"], "text/plain": ["df"]}}],
        },
    ]
    text = as_markdown(json.dumps({"cells": cells}))
    assert text.startswith("# Title\ntext\n\n```python\nprint(1)\n2\n```\n\n```text\n1\n```\n\n```text\n2\n```\n")
    assert '<div class="cell">\n<b>df</b>\n</div>' in text
