"""The table of the documentation is that of the conformance suite."""

from tests.language.table import PAGE, page


def test_page_is_current():
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text), "python -m tests.language.table writes it"
