"""The pages of examples in a browser; `--pictures` (with S2SAD_PROFILE=deep) draws them for the documentation."""

from pathlib import Path

import numpy as np
import pytest

import s2sad
from examples.kernels.lstm import sequence_loss
from examples.lotka_volterra import DATA, misfit
from examples.worked_function import L
from tests.view.page.browser import Opened

PICTURES = Path(__file__).parents[3] / "docs" / "pictures"
WIDE, NARROW = {"width": 1360, "height": 780}, {"width": 400, "height": 780}
RNG = np.random.default_rng(0)
COUNTS = np.loadtxt(DATA, delimiter=",", skiprows=2)[:, 1:]
GUESS = np.log([0.5, 0.025, 0.025, 0.8, *COUNTS[0]])
WEIGHTS = [RNG.normal(size=s) for s in ((16, 3), (16, 4), 16, (5, 3), (5, 4))]
EXAMPLES = {
    "worked": (s2sad.grad(L, argnums=(0, 1)), (2.0, 3.0), "v1_bar = v2_bar * w2"),
    "lotka-volterra": (s2sad.value_and_grad(misfit), (GUESS, COUNTS), "k3_bar = k4_bar * 2.0"),
    "lstm": (s2sad.grad(sequence_loss, argnums=(0, 1, 2)), WEIGHTS, "g_bar = cell_sum_bar * i"),
}


@pytest.fixture(scope="module", params=EXAMPLES)
def example(request, tmp_path_factory):
    df, arguments, text = EXAMPLES[request.param]
    path = tmp_path_factory.mktemp("pages") / f"{request.param}.html"
    return df.explore(*arguments, path=path), text


def pinned(opened, text):
    """Pin the line of the derivative that says this."""
    line = opened.page.locator('[data-column="derivative"] .line', has_text=text).first.get_attribute("id")
    opened.page.evaluate("pin", line)
    return line


@pytest.mark.parametrize(
    "options", [{"viewport": WIDE}, {"viewport": NARROW, "color_scheme": "dark"}], ids=["wide", "narrow"]
)
def test_examples(example, options, browser, request):
    path, text = example
    opened = Opened(browser, path, reduced_motion="reduce", **options)
    line = pinned(opened, text)
    columns = {opened.page.evaluate("id => records.get(id).column", one) for one in opened.lit()}
    assert line in opened.lit() and columns == {"source", "trace", "derivative"}
    assert opened.nodes()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= options["viewport"]["width"]
    narrow = options["viewport"] is NARROW
    if request.config.getoption("--pictures") and (not narrow or path.stem == "lstm"):
        opened.page.evaluate("showPlace(2)") if narrow else None
        # of the shortest one the graph is seen too
        name = f"explorer-{path.stem}{'-narrow' * narrow}.png"
        opened.page.screenshot(path=PICTURES / name, full_page=path.stem == "worked")
    for k in range(opened.page.locator('[role="tab"]').count()):
        opened.page.evaluate("showTab", k)
        assert opened.page.locator('[data-column="derivative"] .line').count() > 5
    assert not opened.complaints
    opened.page.close()
