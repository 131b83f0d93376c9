"""The cell of a notebook in a browser that runs no scripts: pointing lights lines, in the colours of the theme."""

import re

import numpy as np
import pytest

import s2sad

LIT = """rows => rows.filter(r => getComputedStyle(r).backgroundColor != "rgba(0, 0, 0, 0)")
    .map(r => r.textContent.replace(/^[0-9]+/, "").trim())"""
CONTRAST = """rows => rows.map(r => {
    const parts = c => c.match(/[0-9.]+/g).slice(0, 3).map(v => v / 255)
    const light = c => parts(c).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0)
    const both = [light(getComputedStyle(r).color), light(getComputedStyle(r.closest(".s2sad")).backgroundColor)]
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05)
})"""


def wave(x, n=3):
    """A wave."""
    y = np.sin(x)
    for _ in range(n):
        y = y * x
    return np.sum(y)  # of all


@pytest.fixture(scope="module")
def html():
    df = s2sad.grad(wave)
    df(np.ones(3))
    return df._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("light", ["true", "false"])
def test_pointing_lights_what_belongs_to_a_line(browser, html, light):
    page = browser.new_page(java_script_enabled=True, color_scheme="dark")
    # two cells: one lights no lines of the other
    page.set_content(f'<!doctype html><body data-jp-theme-light="{light}">{html}{html}')
    page.locator(".s2sad").first.locator(".s2sad-row", has_text="np.cos(x)").hover()
    lit = page.locator(".s2sad-row").evaluate_all(LIT)
    assert lit == ["y = np.sin(x)", "y = np.sin(x)", "x_bar += y_bar * np.cos(x)"]
    words = page.locator(".s2sad-row, .s2sad-row span, .s2sad-row i, .s2sad-origin, .s2sad-place")
    assert min(words.evaluate_all(CONTRAST)) >= 4.5
    page.close()


@pytest.mark.parametrize("styled", [True, False])
def test_lines_are_lines_where_the_style_is_taken_out(browser, html, styled):
    """As JupyterLab does in a notebook that is not trusted, and what shows notebooks on the web."""
    page = browser.new_page(java_script_enabled=False)
    page.set_content("<!doctype html><body>" + (html if styled else re.sub("<style>.*?</style>", "", html)))
    code = page.locator("pre").first
    shown = code.inner_text().splitlines()
    assert "return np.sum(y)  # of all" in shown[-1] and shown[-1].split()[0].isdecimal()
    first, last = (code.locator(".s2sad-row").nth(k).bounding_box() for k in (0, 6))
    assert len(shown) == 7 and 6 * 12 < last["y"] - first["y"] < 7 * first["height"]
    page.close()


def test_on_a_narrow_screen_the_code_stands_above_the_derivative(browser, html):
    page = browser.new_page(java_script_enabled=False, viewport={"width": 400, "height": 800})
    page.set_content(f"<!doctype html><body>{html}")
    above, below = (page.locator(".s2sad-pair > pre").nth(k).bounding_box() for k in (0, 1))
    assert above["x"] == below["x"] and above["y"] + above["height"] <= below["y"]
    page.close()
