"""What functions hand over for nobody: results that no call reads, parameters that they do not read."""

import pytest

from s2sad.optimize import is_step, without_unread
from tests.traces import dedented, read, shown

PAIR = """
pair(x: float64[n], y: float64, unread: float64[n]):
    where n >= 2
    a = np.sin(x)
    b = a * y
    c = (a, b)
    return c
"""


def left(*texts, kept=("main",)):
    """What becomes of the functions that are other ones then."""
    functions = [read(t) for t in texts]
    made = without_unread(functions, kept)
    assert [f.name for f in made] == [f.name for f in functions]
    return {f.name: shown(f) for f, g in zip(made, functions, strict=True) if f is not g}


def test_one_item_that_is_read_is_the_result():
    main = """
    main(x: float64[n]):
        where n >= 2
        both: tuple[float64[n], float64[n]] = call pair(x, 2.0, x)
        s: float64[n] = both[0]
        return s
    """
    assert left(PAIR, main) == {
        "pair": dedented("""
            pair(x: float64[n]):
                where n >= 2
                a = np.sin(x)
                return a
            """),
        "main": dedented("""
            main(x: float64[n]):
                where n >= 2
                s: float64[n] = call pair(x)
                return s
            """),
    }


THREE = """
three(x: float64):
    a = np.sin(x)
    b = np.cos(x)
    c = np.exp(x)
    d = (a, b, c)
    return d
"""


def test_several_items_are_a_shorter_tuple_for_all_calls():
    main = """
    main(x: float64):
        u: tuple[float64, float64, float64] = call three(x)
        v: tuple[float64, float64, float64] = call three(2.0)
        a: float64 = u[0]
        c: float64 = v[2]
        s = a + c
        return s
    """
    made = left(THREE, main)
    assert "d = (a, c)" in made["three"]
    assert "np.cos" not in made["three"]
    assert "c = v[1]" in made["main"]


@pytest.mark.parametrize(
    "main",
    [
        """
        main(x: float64):
            u: tuple[float64, float64, float64] = call three(x)
            return u
        """,
        """
        main(x: float64):
            u: tuple[float64, float64, float64] = call three(x)
            v = (u, x)
            a: float64 = u[0]
            w = (v, a)
            return w
        """,
        """
        main(x: float64):
            u: tuple[float64, float64, float64] = call three(x)
            a: float64 = u[0]
            b: float64 = u[1]
            c: float64 = u[2]
            s = a + b
            t = s + c
            return t
        """,
    ],
    ids=["returned", "put into another one", "read item by item"],
)
def test_what_is_read_whole_stays(main):
    assert left(THREE, main) == {}


def test_what_is_kept_stays():
    main = """
    main(x: float64):
        u: tuple[float64, float64, float64] = call three(x)
        a: float64 = u[0]
        return a
    """
    assert left(THREE, main, kept=("main", "three")) == {}


def test_what_calls_itself_stays():
    itself = """
    itself(x: float64, unread: float64):
        u: tuple[float64, float64] = call itself(x, x)
        a: float64 = u[0]
        v = (a, x)
        return v
    """
    main = """
    main(x: float64):
        u: tuple[float64, float64] = call itself(x, x)
        a: float64 = u[0]
        return a
    """
    assert left(itself, main) == {}


def test_what_becomes_dead_is_not_asked_of_others():
    through = """
    through(x: float64):
        u: tuple[float64, float64, float64] = call three(x)
        a: float64 = u[0]
        b: float64 = u[1]
        v = (a, b)
        return v
    """
    main = """
    main(x: float64):
        for k in range(0, 3, 1):
            carry s = 0.0
            u: tuple[float64, float64] = call through(x)
            a: float64 = u[0]
            s_2 = s + a
            yield s_2
        return x
    """.replace("        for k", "        t = for k").replace("return x", "return t")
    made = left(THREE, through, main)
    assert "np.exp" not in made["three"]
    assert "np.cos" not in made["three"]
    assert "call through(x)" in made["main"]


@pytest.mark.parametrize(("count", "expected"), [(3, True), (8, True), (9, False)])
def test_a_step_has_few_operations(count, expected):
    lines = [f"    v{k + 1} = v{k} * 2.0" for k in range(count)]
    text = "\n".join(["f(v0: float64):", *lines, f"    return v{count}"])
    assert is_step(read(text)) is expected


def test_a_loop_is_no_step():
    text = """
    f(x: float64):
        t = for k in range(0, 3, 1):
            carry s = x
            s_2 = s * 2.0
            yield s_2
        return t
    """
    assert not is_step(read(text))
