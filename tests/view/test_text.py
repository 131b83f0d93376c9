"""Text is a string everywhere, and code to a notebook."""

import copy
import json
import pickle
import re

import numpy as np
import pytest

import s2sad
from s2sad.view.text import Text


def energy(x: float):
    s = "<b>" if x > 0.0 else ""
    return x * x + len(s)


TEXT = 'def f(x):\n    """Two\n    lines."""\n    return "<i>" + x  # less < more\n'


@pytest.mark.parametrize("change", [copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_it_travels_as_itself(change):
    assert type(change(Text(TEXT))) is Text and change(Text(TEXT)) == TEXT


def test_it_is_the_string_that_it_holds():
    text = Text(TEXT)
    assert text == TEXT and hash(text) == hash(TEXT) and {text: 1}[TEXT] == 1
    assert (repr(text), str(text), f"{text}") == (repr(TEXT), TEXT, TEXT)
    assert text + "\n" == TEXT + "\n" and "# " + text == "# " + TEXT and text.splitlines() == TEXT.splitlines()
    assert json.loads(json.dumps({"t": text})) == {"t": TEXT} and "".join([text]) == TEXT
    namespace = {}
    exec(compile(text, "t", "exec"), namespace)
    assert namespace["f"]("x") == "<i>x"


def plain(page):
    """The text of a page, as a browser reads it."""
    import html

    return html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"<style>.*?</style>", "", page)))


def test_the_page_has_every_line_with_nothing_left_open():
    page = Text(TEXT)._repr_mimebundle_()["text/html"]
    assert plain(page) == TEXT.rstrip("\n")
    for line in page.split("\n")[1:-1]:
        assert line.count("<span") == line.count("</span>")


def test_without_pygments_the_page_is_plain(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pygments", None)
    page = Text(TEXT)._repr_mimebundle_()["text/html"]
    assert plain(page) == TEXT.rstrip("\n") and "<span" not in page


def test_sources_and_traces_are_texts():
    df = s2sad.grad(energy)
    for text in (df.source, df.lower(2.0).source, s2sad.jit(energy, "numpy").source, s2sad.trace(energy, 2.0)):
        assert type(text) is Text
        assert text._repr_mimebundle_()["text/plain"] == text.rstrip("\n")
    bound = s2sad.grad(lambda x: np.sum(x * SCALE)).lower(np.ones(2))
    assert type(bound.source) is Text


SCALE = np.ones(2)
