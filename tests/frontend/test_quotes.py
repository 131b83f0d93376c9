"""The user's statements as comments quote them."""

import ast
import textwrap

import pytest

from s2sad.frontend.reading.quotes import Quotes

TEXT = textwrap.dedent(
    """
    def f(x):
        y = (x +
             2.0)  # so
        z = [  # a list
            y, 'é',
        ]
        for k in range(
            3):
            if k: y = x ** k; z = 1
            else:
                y = 'a\\tb'
        return y
    """
).lstrip("\n")


@pytest.mark.parametrize(
    ("line", "column", "quote"),
    [
        (2, 8, "y = (x + 2.0)"),
        (4, 4, "z = [y, 'é']"),
        (7, 13, "for k in range(3):"),
        (9, 11, "if k:"),
        (9, 14, "y = x ** k"),
        (9, 26, "z = 1"),
        (11, 12, "y = 'a\\tb'"),
        (12, 11, "return y"),
        (1, 0, ""),
    ],
)
def test_the_statement_around_a_place(line, column, quote):
    definition = ast.parse(TEXT).body[0]
    assert Quotes(definition.body, TEXT.splitlines(True), 1).at(line, column)[0] == quote


def test_a_lambda_is_its_expression():
    text = "g = lambda x: x  *  2\n"
    node = ast.parse(text).body[0].value
    assert Quotes([node.body], [text], 1).at(1, 14) == ("x * 2", "")
