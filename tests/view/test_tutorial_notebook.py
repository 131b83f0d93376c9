"""The notebook of the tutorial runs, and prints what it shows."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "tutorial" / "notebook.ipynb"


def printed(cell):
    return "".join(o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stdout")


def kept(nbformat, notebook):
    """The notebook with what its cells print, and nothing else of what they gave."""
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            text = "" if "pdb" in cell.source else printed(cell)
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)] if text else []
            cell.execution_count = None
    return nbformat.writes(notebook, indent=1) + "\n"


def test_the_notebook_prints_what_it_shows(tmp_path, monkeypatch, golden_update):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    shown = [printed(c) for c in notebook.cells if c.cell_type == "code"]
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    code = [c for c in notebook.cells if c.cell_type == "code"]
    if golden_update:
        NOTEBOOK.write_text(kept(nbformat, notebook), encoding="utf-8")
        return
    for cell, expected in zip(code, shown, strict=True):
        # what a debugger prints names files of the cache: it is not kept
        if "pdb" not in cell.source:
            assert printed(cell) == expected, cell.source
    pages = [o.data for c in code for o in c.outputs if o.output_type == "execute_result"]
    assert any("<b>gradient of energy by x</b>" in p.get("text/html", "") for p in pages)
    stepped = next(printed(c) for c in code if "pdb" in c.source)
    assert "stretch = x[1:] - x[:-1]" in stepped.replace("\x1b[32m1\x1b[39m", "1") and "[-2. -2.  4.]" in stepped


def test_no_cell_holds_pictures_or_paths():
    assert "text/html" not in NOTEBOOK.read_text() and "/tmp/" not in NOTEBOOK.read_text()
