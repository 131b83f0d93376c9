"""Parts of one whole that are named one after the other: the whole is unpacked."""

import ast

import numpy as np
import pytest

import s2sad
from s2sad.emit.joining import joined
from s2sad.emit.unpacking import unpacked
from s2sad.emit.writer import write
from s2sad.errors import Location


def written(text, lengths=(), statement="", spare=True, room=80):
    body = ast.parse(text).body
    for s in body:
        s.lengths = lengths
        s.at = Location("a.py", 1, statement=statement)
    return write(ast.Module(unpacked(body, room, lambda: spare), []))


@pytest.mark.parametrize(("before", "lengths", "after"), [
    ("W = p[0][0]\nb = p[0][1]", (2, 3), "W, b = p[0]"),
    ("b = p[1]\na = p[0]", (2,), "a, b = p"),
    ("c = k.shape[0]\nd = k.shape[1]", (3,), "c, d, _ = k.shape"),
    ("a = p[0][0]\nb = p[0][1]\nc = p[1][0]\nd = p[1][1]", (2, 2), "(a, b), (c, d) = p"),
    ("a = p[0][0]\nb = p[0][1]\nc = p[1][0]\nd = p[1][1]", (2, 3), "(a, b), (c, d), _ = p"),
    ("u = a\na = p[0]\nb = p[1]\nv = b", (2,), "u = a\na, b = p\nv = b"),
])  # fmt: skip
def test_the_whole_is_unpacked(before, lengths, after):
    assert written(before, lengths) == write(ast.parse(after))


@pytest.mark.parametrize(("before", "statement", "after"), [
    ("a = z[0]\nb = z[1]", "a, b = y", "a, b = z"),
    ("a_2 = z[0]\nb = z[1]", "a, b = y", "a_2, b = z"),
    ("a = z[0]\nb = z[1]", "a, b = f(y[0], y[1])", "a, b = z"),
    ("u = z[0]\nv = z[1]", "a, b = f(y[0], y[1])", "u = z[0]\nv = z[1]"),
    ("a = z[0]\nb = z[1]", "a, *b = y", "a = z[0]\nb = z[1]"),
    ("a = z[1]\nb = z[0]", "a, b = y", "a = z[1]\nb = z[0]"),
])  # fmt: skip
@pytest.mark.parametrize("again", [True, False])
def test_what_was_unpacked_before_is_unpacked_without_a_check(before, statement, after, again):
    body = ast.parse(before).body
    for s in body:
        s.at = Location("a.py", 1, statement=statement, again=again)
    found = write(ast.Module(unpacked(body, 80, lambda: True), []))
    assert found == write(ast.parse(after if again else before))


@pytest.mark.parametrize(("text", "lengths"), [
    ("a = p[0]\nb = p[1]", ()),
    ("a = p[0]\nb = p[1]", (4,)),
    ("a = p[0]\nb = q[1]", (2,)),
    ("a = p[0]\na = p[1]", (2,)),
    ("a = p[0]\nb = p[0]", (2,)),
    ("p = p[0]\nb = p[1]", (2,)),
    ("a = p[0]\nu = f(a)\nb = p[1]", (2,)),
    ("a = p[0]\nb = p[k]", (2,)),
    ("a = p[0]\nb = p[True]", (2,)),
    ("a = p[0]", (1,)),
    ("b = p[1]", (2,)),
    ("_ = p[0]\nu = p[1]\n_ = p[2]\nv = p[4]", (6,)),
])  # fmt: skip
def test_what_means_something_else_stays(text, lengths):
    assert written(text, lengths) == write(ast.parse(text))


def test_a_place_nobody_reads_needs_a_free_name():
    text = "a = p[0]\nb = p[1]"
    assert written(text, (3,), spare=False) == write(ast.parse(text))
    assert written(text, (3,)) == "a, b, _ = p\n"


@pytest.mark.parametrize(("text", "unpacks", "is_spare"), [
    ("f(_)", True, False), ("for _ in y: f(y)", True, True), ("for _ in y: f(y)", False, False), ("f(y)", False, False),
])  # fmt: skip
def test_which_name_is_free(text, unpacks, is_spare):
    body = ast.parse(f"a = p[0]\nb = p[1]\n{text}").body
    for s in body[:2]:
        s.lengths = (3,)
    assert write(ast.Module(joined(body, unpacks), [])).startswith("a, b, _ = p") == is_spare


def test_a_line_is_not_longer_than_there_is_room():
    text = "first = p[0]\nsecond = p[1]"
    assert written(text, (2,), room=16) == write(ast.parse(text))
    assert written(text, (2,), room=17) == "first, second = p\n"


@pytest.mark.parametrize(("before", "statement", "after"), [
    ("n = len(x)\nm = len(y)", "n, m = len(x), len(y)", "n, m = len(x), len(y)"),
    ("n_2 = len(x)\nm = len(y)", "n, m = len(x), len(y)", "n_2, m = len(x), len(y)"),
    ("v1 = f(x)\na = v1 + 1\nb = v1 * 2", "a, b = f(x) + 1, f(x) * 2", "v1 = f(x)\na, b = v1 + 1, v1 * 2"),
])  # fmt: skip
def test_what_the_user_wrote_on_one_line_stays_there(before, statement, after):
    assert written(before, statement=statement) == write(ast.parse(after))


@pytest.mark.parametrize(("text", "statement"), [
    ("n = len(x)\nm = len(y)", "n = len(x)"),
    ("m = len(y)\nn = len(x)", "n, m = len(x), len(y)"),
    ("a = x\nb = a + 1", "a, b = x, x + 1"),
    ("b = a\na = x + b", "b, a = a, x + b"),
    ("n = len(x)\nm = len(y)", "n, m = f(x, y)"),
    ("n = len(x)\nm = len(y)", "n, m = len(x), le ..."),
    ("n = len(x)\nm = len(y)", "for n, m in zip(x, y):"),
])  # fmt: skip
def test_what_the_user_wrote_otherwise_stays(text, statement):
    assert written(text, statement=statement) == write(ast.parse(text))


def dense(params, x):
    (W1, b1), (W2, b2) = params
    h = np.tanh(x @ W1 + b1)
    return np.sum((h @ W2 + b2) ** 2)


def convolved(kernels, image):
    c, k, _ = kernels.shape
    h, w = image.shape
    total = 0.0
    for i in range(h - k + 1):
        for j in range(w - k + 1):
            total += np.sum((kernels * image[i : i + k, j : j + k]) ** 2) / c
    return total


def halves(x):
    low, high = x[:2] * 2.0, x[2:] ** 2
    a, b = low
    return a * b * np.sum(high)


RNG = np.random.default_rng(0)
PROGRAMS = [
    (dense, ([(RNG.normal(size=(3, 4)), RNG.normal(size=4)), (RNG.normal(size=(4, 2)), RNG.normal(size=2))],
             RNG.normal(size=(5, 3))), "(W1, b1), (W2, b2) = params"),
    (convolved, (RNG.normal(size=(2, 3, 3)), RNG.normal(size=(5, 6))), "c, k, _ = kernels.shape"),
    (halves, (RNG.normal(size=5),), "low, high = x[:2] * 2.0, x[2:] ** 2"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "args", "line"), PROGRAMS, ids=lambda v: getattr(v, "__name__", ""))
def test_the_derivative_unpacks_and_is_right(f, args, line):
    assert line in s2sad.grad(f).lower(*args).source
    s2sad.check_grads(f, args, order=2)


@pytest.mark.parametrize(("f", "args"), [p[:2] for p in PROGRAMS[1:]], ids=lambda v: getattr(v, "__name__", ""))
def test_numba_reads_it(f, args):
    pytest.importorskip("numba")
    found = s2sad.grad(f, backend="numba")(*args)
    np.testing.assert_allclose(found, s2sad.grad(f)(*args), rtol=1e-12)
