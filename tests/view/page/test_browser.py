"""The page in a browser: lines light up their partners, by hand and by keys, in every column and in the graph."""

import copy
from functools import cache
from itertools import pairwise

import pytest

from s2sad.view.page import page
from tests.view.page.browser import Opened
from tests.view.page.hand_made import DATA


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "power.html"
    path.write_text(page(DATA), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def pages(browser, path):
    """Pages in the browser, by the name of their options: each is used again."""
    return cache(lambda name: Opened(browser, path, **OPTIONS[name]))


@pytest.fixture
def opened(pages, path, request):
    opened = pages(getattr(request, "param", "wide"))
    opened.show(path)
    yield opened
    assert not opened.complaints


OPTIONS = {"wide": {}, "dark": {"color_scheme": "dark"}, "narrow": {"viewport": {"width": 400, "height": 800}}}


def test_pointing_lights_partners_in_all_columns_and_in_the_graph(opened):
    opened.page.hover("#r16 .text")
    assert opened.lit() == ["s0-14", "t3", "r16"]
    assert opened.nodes() == ["y_2", "x_bar"]
    assert opened.page.locator("#ribbons path").count() == 2
    opened.page.hover("h1")
    assert opened.lit() == [] == opened.nodes()


def test_a_line_of_the_source_lights_all_that_came_of_it(opened):
    opened.page.hover("#s0-14 .text")
    assert opened.lit() == ["s0-14", "t3", "r10", "r11", "r15", "r16", "r17"]


def test_pinning(opened):
    opened.page.click("#t1 .text")
    opened.page.hover("h1")
    assert opened.lit() == ["s0-12", "t1", "r6", "r18"]
    assert opened.page.get_attribute("#t1", "aria-selected") == "true"
    assert opened.page.url.endswith("#at-t1")
    opened.page.keyboard.press("Escape")
    assert opened.lit() == []


def test_an_address_names_the_line_that_is_pinned(opened, path):
    opened.show(path, "#at-r16")
    assert "r16" in opened.lit()


def test_keys_go_along_a_column_and_across(opened):
    opened.page.focus('[data-column="trace"] .lines')
    for key in ["ArrowDown", "ArrowDown", "ArrowDown"]:
        opened.page.keyboard.press(key)
    assert opened.page.locator(".line.chosen").get_attribute("id") == "t3"
    opened.page.keyboard.press("ArrowRight")
    assert opened.page.locator(".line.chosen").get_attribute("id") == "r11"
    opened.page.keyboard.press("Enter")
    opened.page.hover("h1")
    assert opened.page.locator('.line[aria-selected="true"]').get_attribute("id") == "r11"
    opened.page.keyboard.press("ArrowLeft")
    opened.page.keyboard.press("ArrowLeft")
    assert opened.page.locator(".line.chosen").get_attribute("id") == "s0-14"
    opened.page.keyboard.press("Home")
    assert opened.page.locator(".line.chosen").get_attribute("id") == "s0-11"
    opened.page.keyboard.press("Escape")
    assert opened.lit() == []


def test_a_rule_and_the_facts_of_a_line_are_said(opened):
    opened.page.hover("#r16 .text")
    said = opened.page.inner_text("#dock")
    for part in ["power, line 14", "y = y * x", "a_bar += y_bar * b", "Griewank & Walther, table 3.1", "3.1", "50 %"]:
        assert part.lower() in said.lower()
    opened.page.hover("#r10 .text")
    assert "24 B for the way back" in opened.page.inner_text("#dock")
    opened.page.hover("#r7 .text")
    assert "only memory" in opened.page.inner_text("#dock")


def test_margins(opened):
    def margin(line):
        return opened.page.inner_text(f"#{line} .margin")

    assert (margin("t1"), margin("r17"), margin("s0-14")) == ("1.41", "2.8", "5.66")
    opened.page.check('#margins [value="types"]', force=True)
    assert margin("t1") == "float64"
    opened.page.check('#margins [value="memory"]', force=True)
    assert margin("r10") == "24 B"
    opened.page.check('#margins [value="time"]', force=True)
    assert (margin("r16"), margin("s0-14")) == ("50 %", "75 %")
    opened.page.check('#margins [value="adjoints"]', force=True)
    assert margin("r11") == margin("t1") == "2.8"


def test_the_first_nan_is_marked(opened):
    assert opened.page.eval_on_selector_all(".line.wrong", "all => all.map(line => line.id)") == ["r18"]
    assert opened.page.inner_text("#r18 .margin") == "nan"


def test_where_a_run_stopped(opened, tmp_path):
    data = copy.deepcopy(DATA) | {"error": "LinAlgError: Singular matrix", "error_at": "r11", "checked": None}
    (tmp_path / "stopped.html").write_text(page(data))
    opened.show(tmp_path / "stopped.html")
    assert "the run stopped" in opened.page.inner_text("#checked")
    assert "r11" in opened.lit() and "Singular matrix" in opened.page.inner_text("#dock")
    assert "wrong" in opened.page.get_attribute("#r11", "class")


def test_values_in_short(opened):
    def shortly(text, bad=None):
        return opened.page.evaluate("value => shortly(value)", {"text": text, "bad": bad})

    assert shortly("2.02") == "2.02" and shortly("min 0.123456, mean 2, max 1234567") == "0.123 \u2026 2 \u2026 1230000"
    assert shortly("min 1, mean 1, max 1, 2 of 3 nan", "nan") == "all 1, 2 of 3 nan"
    assert shortly("value: 2.02; x: min -0, mean 0.5, max 1; \u2026") == "value: 2.02; x: 0 \u2026 0.5 \u2026 1; \u2026"
    assert shortly("all nan", "nan") == "all nan" and shortly("min 0, mean 1, max 2", "inf").startswith("inf in 0")


def test_one_hue_for_a_variable_and_its_adjoint(opened):
    hues = opened.page.eval_on_selector_all(
        "#r16 .v, #s0-14 .v", "all => all.map(v => [v.textContent, v.style.getPropertyValue('--hue')])"
    )
    of = dict(hues)
    assert of["x"] == of["x_bar"] and of["y"] == of["y_bar"] and of["x"] != of["y"]
    opened.page.hover("#r16 .v >> nth=0")
    assert set(opened.page.eval_on_selector_all(".v.same", "all => all.map(v => v.textContent)")) == {"x", "x_bar"}


def test_tabs(opened):
    opened.page.click("#r16 .text")
    opened.page.click("#tab-forward")
    assert opened.page.locator("#f11").is_visible() and opened.lit() == []
    opened.page.keyboard.press("ArrowRight")
    assert "arguments of known types" in opened.page.inner_text('[data-column="derivative"]')
    assert opened.page.is_disabled("#copy") and opened.page.is_hidden("#facing-switch")
    opened.page.keyboard.press("ArrowRight")
    assert opened.page.get_attribute("#tab-reverse", "aria-selected") == "true"


def test_the_adjoint_sweep_faces_the_trace(opened):
    opened.page.check("#facing")
    rows = opened.page.eval_on_selector_all(
        ".pair", "all => all.map(p => [...p.querySelectorAll('.line')].map(l => l.id))"
    )
    assert rows == [["t1", "r18"], ["t2", "r13", "r14"], ["t3", "r15", "r16", "r17"]]
    opened.page.hover("#t3 .text")
    assert {"r16", "r17"} <= set(opened.lit())


def test_frames_close_and_open(opened):
    inside = {"y_2", "x_bar", "y_bar"}
    assert inside <= set(opened.nodes(""))
    opened.page.click('.handle[data-frame="there"]')
    assert "frame there" in opened.nodes(".closed") and "y_2" not in opened.nodes("")
    opened.page.hover("#t3 .text")
    assert "frame there" in opened.nodes()
    opened.page.focus('.node[data-frame="there"]')
    opened.page.keyboard.press("Enter")
    assert inside <= set(opened.nodes(""))
    opened.page.click("#close-all")
    assert not inside & set(opened.nodes(""))
    opened.page.click("#open-all")
    opened.page.check('#sweeps [value="back"]', force=True)
    assert set(opened.nodes("")) == {"x", "n", "x_bar", "y_bar", "result"}


def test_a_node_lights_its_lines(opened):
    opened.page.hover('[data-node="y_2"]')
    assert {"s0-14", "t3", "r11"} <= set(opened.lit())
    opened.page.click('[data-node="x_bar"]')
    assert opened.page.locator('.line[aria-selected="true"]').get_attribute("id") == "r16"


def test_a_call_lights_the_function(opened, tmp_path):
    data = copy.deepcopy(DATA)
    data["graph"]["frames"] += [{"id": "root", "label": "root(x)", "parent": None, "lines": ["r4"]}]
    data["graph"]["nodes"] += [data["graph"]["nodes"][0] | {"id": "inner", "label": "x", "frame": "root"}]
    for line, text in ((4, "def root(x):"), (17, "y_bar = root(x)"), (18, "x_bar = root(y_bar) + np.root(y)")):
        data["tabs"][0]["lines"][line - 1]["text"] = text
    (tmp_path / "calls.html").write_text(page(data))
    opened.show(tmp_path / "calls.html")
    assert "called in 2 places" in opened.page.text_content('.handle[data-frame="root"]')
    opened.page.hover('[data-node="y_bar"]')
    assert opened.page.locator(".called").get_attribute("data-frame") == "root"
    opened.page.hover("#r5 .text")
    assert not opened.page.locator(".called").count()


def test_finding(opened):
    opened.page.keyboard.press("/")
    opened.page.keyboard.type("ys[i]")
    assert opened.page.eval_on_selector_all(".line:not(.missed)", "all => all.map(l => l.id)") == ["r10", "r16"]
    assert opened.page.inner_text("#found") == "2 lines"
    opened.page.keyboard.press("Enter")
    assert opened.page.locator('.line[aria-selected="true"]').get_attribute("id") == "r10"


def test_download_and_copy(opened):
    with opened.page.expect_download() as download:
        opened.page.click("#download")
    assert download.value.suggested_filename == "power_grad.py"
    assert download.value.path().read_text() == DATA["tabs"][0]["text"]
    opened.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.page.click("#copy")
    opened.page.wait_for_function("document.getElementById('copy').textContent === 'Copied'")
    assert opened.page.evaluate("navigator.clipboard.readText()") == DATA["tabs"][0]["text"]


def test_the_check_is_said(opened):
    opened.page.click("#checked summary")
    assert "3e-11" in opened.page.inner_text("#checked")


@pytest.mark.parametrize("opened", ["narrow"], indirect=True)
def test_a_narrow_screen_shows_one_column_at_a_time(opened):
    def shown():
        return opened.page.eval_on_selector_all(
            ".pane", "all => all.filter(p => p.offsetParent).map(p => p.dataset.column)"
        )

    assert shown() == ["source"]
    opened.page.click("#s0-14 .text")
    opened.page.check("#places label:nth-child(3) input", force=True)
    assert shown() == ["derivative"] and "r16" in opened.lit()
    assert opened.page.inner_text("#places label:nth-child(2)") == "Trace 1"
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 400


CONTRAST = """() => {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const light = (colour) => {
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (colour !== "rgba(0, 0, 0, 0)") return colour;
    }
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const e = text.parentElement;
    if (!text.textContent.trim() || !e.checkVisibility({ opacityProperty: true }) || e.closest("svg, script")) continue;
    const [colour, ground] = [getComputedStyle(e).color, behind(e)];
    const [a, b] = [light(colour), light(ground)];
    const ratio = Math.max(a, b) / Math.min(a, b);
    if (ratio < 4.5) found.push(`${text.textContent.trim()}: ${colour} on ${ground}, ${ratio.toFixed(2)}`);
  }
  return found;
}"""
"""Texts whose contrast is below the 4.5 of WCAG 2.2, success criterion 1.4.3."""


@pytest.mark.parametrize("opened", ["wide", "dark"], indirect=True)
def test_contrast(opened):
    opened.page.evaluate("MANY_HUES = Array.from({ length: 24 }, (_, k) => learn(`name${k}`))")
    opened.page.wait_for_timeout(150)
    assert opened.page.evaluate(CONTRAST) == []
    # on the ground of lit lines, with every hue that there is
    opened.page.evaluate(
        "document.querySelector('#r16 .text').append(...[...families.keys()].map((name) => variable(name)))"
    )
    for line in ["#r16", "#s0-14", "#t3"]:
        opened.page.hover(f"{line} .number")
        opened.page.wait_for_timeout(150)
        assert opened.page.evaluate(CONTRAST) == []


def test_a_large_graph_opens_by_degrees(opened, tmp_path):
    """Long code is shown in parts, as many of them open as can be drawn; what is closed is said."""
    data = copy.deepcopy(DATA)
    node = next(n for n in data["graph"]["nodes"] if n["id"] == "y_2")
    names = ["y_2", *(f"more{k}" for k in range(1000))]
    data["graph"]["nodes"] += [node | {"id": name} for name in names[1:]]
    data["graph"]["edges"] += [{"from": a, "to": b, "kind": "reads"} for a, b in pairwise(names)]
    (tmp_path / "large.html").write_text(page(data))
    opened.show(tmp_path / "large.html")
    assert "y_2" not in opened.nodes("") and len(opened.nodes("")) <= 40
    first = len(opened.nodes(".closed"))
    assert "closed frame" in opened.page.inner_text("#closed")
    opened.page.click("#open-all")
    assert 40 < len(opened.nodes("")) <= 120 and len(opened.nodes(".closed"))
    # one that is opened has room: others close for it
    for _ in range(4):
        opened.page.locator("#canvas .node.closed").last.dispatch_event("click")
        assert len(opened.nodes("")) <= 120
    opened.page.click("#close-all")
    assert len(opened.nodes("")) < first


def test_the_iterations_of_a_loop(opened, tmp_path):
    """The sweep back faces the primal: of an iteration there is what was made, and what came back to it."""

    def margins():
        return [opened.page.inner_text(f"#{line} .margin") for line in ("t3", "s0-14", "r11", "r16", "r17")]

    def says():
        return opened.page.eval_on_selector_all(".line .turn output", "all => all.map(o => o.textContent)")

    assert margins() == ["5.66", "5.66", "5.66", "3.1", "2.8"] and says() == ["i = 2"] * 4
    opened.page.focus("#t2 input")
    opened.page.keyboard.press("ArrowLeft")
    assert margins() == ["4", "4", "4", "3.2", "2.9"] and says() == ["i = 1"] * 4
    opened.page.focus("#r14 input")
    opened.page.keyboard.press("ArrowLeft")
    assert margins() == ["2.83", "2.83", "2.83", "\u2013", "3"] and says() == ["i = 0"] * 4
    opened.page.click("#t3 .text")
    opened.page.keyboard.press(".")
    assert margins()[2:] == ["4", "3.2", "2.9"] and "4" in opened.page.inner_text('#dock [data-fact="value"]')
    opened.page.check('#margins [value="adjoints"]', force=True)
    assert opened.page.inner_text("#t3 .margin") == "2.9" and len(says()) == 4
    opened.page.check('#margins [value="types"]', force=True)
    assert says() == []
    # nan and inf are looked at first
    data = copy.deepcopy(DATA)
    data["tabs"][0]["lines"][16]["values"] = {"loop": "r14", "text": ["1", "inf", "1"], "bad": [None, "inf", None]}
    (tmp_path / "bad.html").write_text(page(data))
    opened.show(tmp_path / "bad.html")
    assert says() == ["i = 1"] * 4 and margins()[-1] == "inf"
    assert "bad" in opened.page.get_attribute("#r17 .margin", "class")


def test_a_loop_in_a_loop(opened, tmp_path):
    """What is around goes with what is chosen within; of what is within the first iteration is shown."""
    data = copy.deepcopy(DATA)
    outer, back = data["tabs"][0]["loops"]
    outer |= {"count": 2, "at": [0, 1], "says": ["i = 0", "i = 1"]}
    back |= {"count": 2, "at": [0, 1], "says": ["i = 1", "i = 0"]}
    says = ["i = 0, j = 0", "i = 1, j = 0", "i = 1, j = 1"]
    inner = outer | {"id": "r11", "within": "r9", "count": 3, "at": [0, 1, 2], "says": says}
    data["tabs"][0]["loops"].append(inner)
    data["trace"][2]["values"] = data["tabs"][0]["lines"][10]["values"] = None
    (tmp_path / "nested.html").write_text(page(data))
    opened.show(tmp_path / "nested.html")

    def said():
        return [opened.page.inner_text(f"#{line} .turn output") for line in ("r9", "r11", "r14")]

    assert said() == ["i = 1", "i = 1, j = 1", "i = 1"]
    opened.page.focus("#r11 input")
    opened.page.keyboard.press("Home")
    assert said() == ["i = 0", "i = 0, j = 0", "i = 0"]
    opened.page.focus("#r14 input")
    opened.page.keyboard.press("ArrowRight")
    assert said() == ["i = 1", "i = 1, j = 0", "i = 1"]


def test_one_line_is_lit_from_the_start(opened, tmp_path):
    assert {"r18", "t1"} <= set(opened.lit()) and "Here nan comes up first" in opened.page.inner_text("#dock")
    opened.page.hover("#t3 .text")
    assert "r18" not in opened.lit() and "Here nan" not in opened.page.inner_text("#dock")
    data = copy.deepcopy(DATA)
    for line in data["tabs"][0]["lines"]:
        line["value"] = None
    (tmp_path / "good.html").write_text(page(data))
    opened.show(tmp_path / "good.html")
    assert {"r16", "t3"} <= set(opened.lit())
    assert "For example" in opened.page.inner_text("#dock") and "a_bar += y_bar * b" in opened.page.inner_text("#dock")


def test_what_runs_wild_is_shown_too(opened, tmp_path):
    """No trace, no graph, nothing checked, no value, a derivative without text."""
    data = copy.deepcopy(DATA) | {"trace": [], "checked": None, "graph": {"frames": [], "nodes": [], "edges": []}}
    data["tabs"] = [{"key": "reverse", "title": "Gradient", "reason": "no"}]
    data["arguments"][0]["value"] = None
    (tmp_path / "bare.html").write_text(page(data))
    opened.show(tmp_path / "bare.html")
    assert opened.page.is_hidden("#drawing") and opened.page.is_hidden("#facing-switch")
    opened.page.hover("#s0-14 .text")
    assert opened.lit() == ["s0-14"]
