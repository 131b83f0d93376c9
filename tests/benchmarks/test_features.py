"""The table beside other systems: what it says of s2sad is what its cells find, and the page says the same."""

from pathlib import Path

import pytest

from benchmarks.features import ROWS

PAGE = Path(__file__).parents[2] / "docs/explanation/beside-others.md"


def rows_of_the_page():
    lines = [line.strip("| ").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    return {row: cells for row, *cells in lines[2:]}


def test_the_page_has_the_rows_that_are_tried():
    assert list(rows_of_the_page()) == list(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_what_is_said_of_s2sad(row):
    assert ROWS[row]["s2sad"]() == rows_of_the_page()[row][0] == "yes"
