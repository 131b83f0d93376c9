"""The text of the page: one file that stands alone, whatever the code in it says."""

import copy
import json
import re
from importlib import resources

import pytest

from s2sad.view.page import page
from s2sad.view.page.tokens import tokens
from tests.view.page.hand_made import DATA


def data_of(text):
    """The data in a page."""
    return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)[1])


def test_the_page_holds_all_that_it_was_given():
    found = data_of(page(DATA))
    assert found["title"] == DATA["title"] and found["graph"] == DATA["graph"]
    for given, shown in zip(DATA["tabs"], found["tabs"], strict=True):
        assert given.get("text") == shown.get("text")
        assert [line["text"] for line in given.get("lines", [])] == [
            "".join(t for _, t in x["tokens"]) for x in shown["lines"]
        ]
    assert ["".join(t for _, t in line) for line in found["sources"][0]["lines"]] == DATA["sources"][0]["lines"]


def test_no_line_of_code_ends_the_data():
    text = page(DATA)
    assert "</script> & <b>" not in text.split('<script id="data"')[1].split("</script>")[0]
    assert text.count("</script>") == 2 and text.count("<script") == 2


def test_nothing_is_fetched():
    text = page(DATA)
    assert not re.search(r'(?:src|href)="(?!#)|url\((?!#)|@import|https?://(?!www\.w3\.org/2000/svg)', text)
    assert "default-src 'none'" in text


def test_the_layout_is_loaded_where_there_is_a_graph():
    without = copy.deepcopy(DATA) | {"graph": {"frames": [], "nodes": [], "edges": []}}
    assert "dagre" in page(DATA)
    assert len(page(without)) < len(page(DATA)) - 40_000


def test_the_title_is_text():
    assert "<title>a &lt;b&gt;: gradient of power by x</title>" in page(DATA | {"title": "a <b>"})


def test_the_licence_of_what_is_not_ours_lies_beside_it():
    folder = resources.files("s2sad.view.page")
    version = re.search(r'"(\d+\.\d+\.\d+)"', (folder / "dagre.min.js").read_text())[1]
    licence = (folder / "dagre.LICENSE").read_text()
    assert version in licence and "Permission is hereby granted" in licence


@pytest.mark.parametrize(
    "texts, language, expected",
    [
        (["def f(x):"], "python", [[["k", "def"], ["", " "], ["f", "f"], ["", "("], ["v", "x"], ["", "):"]]]),
        (['s = """a', '# b"""'], "python", [[["v", "s"], ["", " = "], ["s", '"""a']], [["s", '# b"""']]]),
        (["x.T[1e-3]"], "python", [[["v", "x"], ["", ".T["], ["n", "1e-3"], ["", "]"]]]),
        (['x = "# no"'], "python", [[["v", "x"], ["", " = "], ["s", '"# no"']]]),
        (["/* a", "b */ int"], "c", [[["c", "/* a"]], [["c", "b */"], ["", " "], ["k", "int"]]]),
        (["#include <math.h>"], "c", [[["c", "#include <math.h>"]]]),
        ([], "python", []),
        (["", "x"], "python", [[], [["v", "x"]]]),
    ],
)  # fmt: skip
def test_tokens(texts, language, expected):
    assert tokens(texts, language) == expected
