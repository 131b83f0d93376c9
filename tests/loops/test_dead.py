"""What nobody reads goes, whatever it is carried through; a program is the loops that it is without it."""

import importlib.util
import random

import numpy as np
import pytest

import s2sad
from s2sad.loops.dead import without_dead
from tests.loops.agreement import compare
from tests.loops.agreement import loops as loops_of
from tests.loops.stage import loops
from tests.traces import dedented, keeps, read, run, shown

GROWN = """
d = allocate(16, dtype=np.dtype('<f8'))
s, e = for i: int(i) in range(0, n, 1):
    carry t: float64 = np.float64(0.0)
    carry c: float64[m] = d
    v1 = load(x, i)
    v2 = tally(t, v1)
    v3 = length(c, axis=0)
    v4 = i > v3
    v5: float64[m] = if v4:
        h = allocate(k, dtype=np.dtype('<f8'))
        for j: int(j) in range(0, i, 1):
            v6 = load(c, j)
            v7 = store(h, j, v6)
            yield
        yield h
    else:
        yield c
    v8 = store(v5, i, v1)
    yield v2, v5
"""


def swept(function):
    return without_dead(function)


def test_what_grows_and_is_read_by_itself_alone_goes():
    left = """
    s = for i: int(i) in range(0, n, 1):
        carry t: float64 = np.float64(0.0)
        v1 = load(x, i)
        v2 = tally(t, v1)
        yield v2
    """
    assert run(swept, loops(GROWN, "s")) == shown(read(loops(left, "s")))


READ = {
    "an element, behind the loop": "v9 = load(e, 0)\nr = s * v9",
    "by a library": "v9 = np.sort(e)\nv10 = load(v9, 0)\nr = s * v10",
    "under another name": "v9 = reshaped(e, k)\nv10 = load(v9, 0)\nr = s * v10",
    "by the caller": "r = (s, e)",
    "by a library, into memory": """
    g = allocate(n, dtype=np.dtype('<f8'))
    v9 = into(e, e, g, function='add')
    v10 = load(g, 0)
    r = s * v10""",
}


@pytest.mark.parametrize("name", READ)
def test_what_is_read_stays(name):
    keeps(swept, loops(GROWN + dedented(READ[name])))


def test_of_what_only_the_length_is_read_nothing_is_stored():
    text = loops(GROWN + "v9 = length(e, axis=0)\nr = s * v9")
    assert "allocate" in run(swept, text) and "store" not in run(swept, text)


def test_a_check_of_an_index_stays_where_the_store_goes():
    checked = "v1 = k < n\nv2 = guard(v1)"
    stored = "\nd = allocate(n, dtype=np.dtype('<f8'))\nv3 = load(x, 0)\nv4 = store(d, k, v3)"
    assert run(swept, loops(checked + stored, "k")) == shown(read(loops(checked, "k")))


def test_memory_of_the_caller_is_written():
    keeps(swept, loops("v1 = load(x, 0)\nv2 = store(y, 0, v1)", "k"))


def pieces(x):
    """Weights of which there are more in each round are stored one behind the other, with where those of each begin."""
    s, n = 0.0, 1
    while n <= len(x):
        w = np.empty(n)
        for k in range(n):
            w[k] = np.sqrt(k + n)
        for k in range(n):
            s += w[k] * x[k]
        n *= 2
    return s


def test_how_long_pieces_are_is_not_kept_where_nobody_asks():
    x = np.array([0.5, 0.9, 0.3, 0.8, 0.1])
    _, text = loops_of(lambda **k: s2sad.grad(pieces, **k), [x])
    # the lengths of the rounds, the weights, and where they begin
    assert text.count("np.empty(16") == 3
    assert compare(lambda **k: s2sad.grad(pieces, **k), [x]) == "agree"


# random programs: what is behind `#` in them is for nothing

WASTE = (
    "grown.append(x[i] * number)",
    "rows.append(x[: i + 1] * other)",
    "pairs.append((x[: i + 1] * 2.0, x[: i + 1] + number, i))",
    "filled[i] = x[i] + filled[i]",
    "filled[1:] = filled[:-1] * x[1:] + other",
    "filled *= x[i]",
    "longer = np.append(longer, number)",
    "longer = np.concatenate((longer, longer)) if i >= len(longer) else longer * number",
    "longer[i % len(longer)] += other",
    "number = np.sin(number) + x[i]",
    "number, other = other * x[i], number + 1.0",
    "other = number if x[i] > 0.7 else other * filled[i]",
)
WANTED = ("s += x[i] * x[i]", "y = y * x[i] + x", "kept.append(np.sin(x[i]))", "s = s * 0.9 + np.sum(y)")
HEAD = """\
import numpy as np


def f(x):
    s, y, kept = 0.0, x * 1.0, [1.0]
    grown, rows, pairs, filled, longer, number, other = [0.5], [x], [(x, x, 0)], x * 1.0, x * 2.0, 0.5, 1.5  #
    for i in range(len(x)):
        s = s + x[i]"""
NESTS = ("if x[i] > 0.4:", "for _ in range(i):", "for _ in range(3):", "if i % 2 == 1:")


def block(rng, depth, indent, wanted=True):
    """The lines of a block, some of them for nothing; all of them where none is `wanted`."""
    for _ in range(rng.randint(2, 3)):
        own = wanted and rng.random() < 0.4
        end = "" if own else "  #"
        if depth and rng.random() < 0.4:
            yield f"{indent}{rng.choice(NESTS)}{end}"
            yield f"{indent}    {rng.choice(WANTED if own else WASTE)}{end}"
            yield from block(rng, depth - 1, indent + "    ", own)
        else:
            yield f"{indent}{rng.choice(WANTED if own else WASTE)}{end}"


def module_of(text, name, folder):
    path = folder / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.f


def said(text):
    """The lines of a text without its comments, which say where it is from."""
    return [line for line in text.splitlines() if not line.lstrip().startswith("#")]


@pytest.mark.parametrize("seed", range(6))
def test_a_program_is_what_it_is_without_what_is_for_nothing(seed, tmp_path):
    lines = [HEAD, *block(random.Random(seed), 2, "        "), "    return s + np.sum(y) + np.sum(np.array(kept))"]
    text = "\n".join(lines)
    f = module_of(text, "whole", tmp_path)
    g = module_of("\n".join(line for line in text.splitlines() if not line.endswith("#")), "less", tmp_path)
    x = np.array([0.5, 0.9, 0.3, 0.8])
    for of in (lambda h: loops_of(lambda **k: s2sad.grad(h, **k), [x])[1], lambda h: s2sad.grad(h).lower(x).source):
        assert said(of(f)) == said(of(g))
    assert compare(lambda **k: s2sad.grad(f, **k), [x]) == "agree"
