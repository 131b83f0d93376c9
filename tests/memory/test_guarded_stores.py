"""Stores in the ways of branches, into arrays that inner loops read: what is still there is read, and nothing else."""

import linecache

import numpy as np
import pytest

import s2sad
from s2sad.testing import numerical_jvp

N = 4
PLACES = ("i, j", "j, i", "i, i", "j, j", "i - 1, j", "i, j - 1", "j, k", "i, k", "k, j", "k, k")
TESTS = ("i == j", "i != j", "i < j", "j <= i", "i > 1", "j >= i - 1")
RANGES = ("range(N)", "range(i)", "range(i + 1)", "range(i, N)", "range(i + 1, N)", "reversed(range(i + 1))")


def function_of(text, name):
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    space = {"np": np, "N": N}
    exec(compile(text, name, "exec"), space)
    return space["f"]


def program(rng):
    """A nest of loops that reads and stores elements of one array, depending on comparisons of the indices."""
    inner = rng.random() < 0.5
    pick = lambda texts: texts[rng.integers(len(texts))]  # noqa: E731
    places = PLACES if inner else PLACES[:6]
    lines = [
        "def f(x, r):",
        "    r = r.copy()",
        "    s = 0.0",
        "    for i in range(1, N):",
        f"        for j in {pick(RANGES)}:",
    ]
    if inner:
        lines.append(f"            for k in {pick(('range(j)', 'range(i)', 'range(j + 1, N)'))}:")
        lines.append(f"                s += r[{pick(places)}] * r[{pick(places)}] * x[i, j]")
        places = PLACES[:6]
    lines.append(f"            if {pick(TESTS)}:")
    lines.append(f"                r[{pick(places)}] = np.sin(s * r[{pick(places)}]) * x[j, i]")
    lines.append("            else:")
    lines.append(f"                r[{pick(places)}] {pick(('=', '+='))} np.cos(r[{pick(places)}] + s) * x[i, j]")
    if rng.random() < 0.5:
        lines.append(f"            s = 0.3 * s + r[{pick(places)}] ** 2")
    lines.append("    return np.sum(r * r) + s")
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(30))
def test_what_was_read_is_what_the_reverse_sweep_reads(seed):
    rng = np.random.default_rng(seed)
    text = program(rng)
    f = function_of(text, f"<guarded {seed}>")
    x, r, x_dot, r_dot = rng.uniform(-1.0, 1.0, (4, N, N))
    value, _ = numerical_jvp(f, (x, r), {0: x_dot, 1: r_dot}, step=1e-2)
    x_bar, r_bar = s2sad.grad(f, (0, 1))(x, r)
    assert np.sum(x_bar * x_dot) + np.sum(r_bar * r_dot) == pytest.approx(value[0], rel=1e-6, abs=1e-8), text
