"""Arguments as their functions read them."""

from dataclasses import replace

import pytest

from s2sad.errors import Location
from s2sad.optimize import with_read_arguments
from tests.traces import dedented, read, shown

PAIR = """
pair(p: tuple[float64, float64], k: int, x: float64[n]):
    where n >= 2
    b: float64 = p[1]
    v1 = x[k]
    v2 = v1 * b
    return v2
"""
MAIN = """
main(a: float64, b: float64, x: float64[n]):
    where n >= 2
    p = (a, b)
    v1: float64 = call pair(p, 1, x)
    return v1
"""


def in_rule(block):
    return replace(block, operations=tuple(replace(op, location=Location(again=True)) for op in block.operations))


def passed(*texts, kept=("main",), rule=True):
    functions = [read(t) for t in texts]
    functions = [replace(f, body=in_rule(f.body)) for f in functions] if rule else functions
    made = with_read_arguments(functions, kept)
    return {f.name: shown(f) for f, g in zip(made, functions, strict=True) if f is not g}


def test_an_item_that_is_taken_and_not_read_is_not_passed():
    taken = PAIR.replace("    b: float64 = p[1]\n", "    b: float64 = p[1]\n    a: float64 = p[0]\n")
    assert taken != PAIR and passed(taken, MAIN) == passed(PAIR, MAIN)


def test_items_are_passed_and_numbers_are_known():
    assert passed(PAIR, MAIN) == {
        "pair": dedented("""
            pair(b: float64, x: float64[n]):
                where n >= 2
                v1 = x[1]
                v2 = v1 * b
                return v2
            """),
        "main": dedented("""
            main(a: float64, b: float64, x: float64[n]):
                where n >= 2
                v1: float64 = call pair(b, x)
                return v1
            """),
    }


def test_a_known_tuple_is_taken_apart():
    main = MAIN.replace("    p = (a, b)\n", "").replace("(p, 1, x)", "((1.0, 2.0), 1, x)")
    assert "call pair(2.0, x)" in passed(PAIR, main)["main"]


@pytest.mark.parametrize(
    ("callee", "main"),
    [
        (PAIR, MAIN.replace("p = (a, b)", "p: tuple[float64, float64] = call made(a, b)")),
        (
            PAIR.replace("return v2", "v3 = (p, v2)\n    return v3"),
            MAIN.replace("v1: float64", "v1: tuple[tuple[float64, float64], float64]"),
        ),
    ],
    ids=["the tuple is not made here", "the tuple is read whole"],
)
def test_what_is_no_tuple_at_hand_is_passed_whole(callee, main):
    made = """
    made(a: float64, b: float64):
        c = (a, b)
        return c
    """
    found = passed(made, callee, main, kept=("main", "made"))
    assert found["pair"].startswith("pair(p: tuple[float64, float64], x")


def test_numbers_that_differ_are_passed():
    main = MAIN.replace("    return v1", "    v2: float64 = call pair(p, 0, x)\n    v3 = v1 + v2\n    return v3")
    found = passed(PAIR, main)
    assert "call pair(b, 1, x)" in found["main"]
    assert "call pair(b, 0, x)" in found["main"]


def test_what_is_kept_takes_what_it_takes():
    assert passed(PAIR, MAIN, kept=("main", "pair")) == {}


def test_what_the_user_made_is_passed_as_it_is():
    assert passed(PAIR, MAIN, rule=False) == {}
