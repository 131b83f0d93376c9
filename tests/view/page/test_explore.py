"""`explore` of every operator's object, and of the command line."""

import json
import re
import sys

import numpy as np
import pytest

import s2sad
from s2sad.cli import main


def shown(path):
    """The data in the page of a file."""
    return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', path.read_text())[1])


def cube(x):
    return x**3


X = np.array([1.0, 2.0])
OPERATORS = {
    "cube_grad": (s2sad.grad(cube), (2.0,)),
    "cube_value_and_grad": (s2sad.value_and_grad(cube), (2.0,)),
    "cube_jacrev": (s2sad.jacobian(cube), (X,)),
    "cube_hessian": (s2sad.hessian(cube), (2.0,)),
    "cube_hvp": (s2sad.hvp(cube), (2.0, 1.0)),
    "cube_grad_vmap": (s2sad.vmap(s2sad.grad(cube)), (X,)),
    "cube_jit": (s2sad.jit(cube), (2.0,)),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_has_a_page(name, tmp_path):
    df, arguments = OPERATORS[name]
    path = df.explore(*arguments, path=tmp_path / "page.html")
    data = shown(path)
    assert path == tmp_path / "page.html"
    assert data["tabs"][0]["text"] == df.lower(*arguments).source
    assert data["sources"][0]["text"].startswith("def cube(x):") and data["sources"][0]["file"] == "test_explore.py"


def test_arguments_by_name_and_a_temporary_file():
    path = s2sad.grad(cube).explore(x=2.0)
    assert path.name == "cube_grad.html" and shown(path)["title"] == "cube_grad"


def test_the_command_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "cubes.py").write_text("def cube(x):\n    return x**3\n")
    monkeypatch.chdir(tmp_path)
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    try:
        assert main(["explore", "cubes.py:cube", "--at", "2.0", "-o", "cube.html", "--open"]) == 0
        assert capsys.readouterr().out == "cube.html\n" and opened == [(tmp_path / "cube.html").as_uri()]
        assert shown(tmp_path / "cube.html")["sources"][0]["lines"][0][0] == ["k", "def"]
        assert shown(tmp_path / "cube.html")["checked"]["ok"]
        # arguments that were made for a signature are nobody's values
        assert main(["explore", "cubes.py:cube", "--signature", "float", "-o", "types.html"]) == 0
        types = shown(tmp_path / "types.html")
        assert types["checked"] is None and not any(line["value"] for line in types["trace"])
        assert main(["explore", "cubes.py:cube", "-o", "cube.pdf"]) != 0
        assert main(["explore", "cubes.py:cube", "-o", "no/cube.html"]) != 0
        assert "no/cube.html" in capsys.readouterr().err
    finally:
        sys.modules.pop("cubes", None)
