"""The table of the documentation is that of the conformance suite; the central cases emit what they did."""

import copy
from pathlib import Path

import pytest

import s2sad
from tests.language.cases import CASES
from tests.language.table import PAGE, page

FOLDER = Path(__file__).parent / "emitted"
CENTRAL = [c for c in CASES if c.golden]


def test_page_is_current():
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text), "python -m tests.language.table writes it"


@pytest.mark.parametrize("case", CENTRAL, ids=[c.name for c in CENTRAL])
def test_emitted_text(case, golden_update):
    text = s2sad.grad(case.function).lower(*copy.deepcopy(case.arguments)).source
    file = FOLDER / f"{case.name}_grad.py"
    if golden_update:
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), "read the difference; --golden-update if it is meant"
