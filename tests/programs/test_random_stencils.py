"""Random loops that store in places of arrays which depend on their indices: what is cleared, added or stored anew."""

import linecache
import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import s2sad

LENGTH = 7


RESULTS = ["np.sum(y * w) + np.sum(z)", "y[0] + z[1, 2]", "np.sum(y[2:5]) * z[3, 3]", "np.sum(z[:, 1] * y)"]
INNER = ["range(i)", "range(i, len(x))", "range(1, len(x) - 1)", "reversed(range(len(x)))"]


def program(seed):
    """A function of two arrays, by one or two loops of random stores after one another."""
    r = random.Random(seed)
    lines = ["def main(x, w):", "    y = " + r.choice(["x.copy()", "np.zeros(len(x))", "np.sin(x)"])]
    lines += ["    z = np.zeros((len(x), len(x)))"]
    for _ in range(r.randint(1, 2)):
        lines += ["    " + line for line in loop(r)]
    return "\n".join([*lines, "    return " + r.choice(RESULTS)])


def loop(r):
    low, high = r.randint(0, 2), r.randint(0, 2)
    bounds = [f"{low}, len(x) - {high}", f"len(x) - {high + 1}, {low} - 1, -1", f"{low}, len(x) - {high}, 2"]
    lines = [f"for i in range({r.choice(bounds)}):"]
    inner = r.random() < 0.5
    places = [shifted(r, low, high) for _ in range(r.randint(1, 2))]
    if inner:
        lines.append(f"    for j in {r.choice(INNER)}:")
    for place in places:
        lines += ["    " * (1 + inner) + statement(r, place, low, high, inner)]
    if r.random() < 0.3:
        lines.append("    " + statement(r, shifted(r, low, high), low, high, False))
    return lines


def shifted(r, low, high):
    k = r.randint(-low, high)
    return "i" if k == 0 else f"i {'+' if k > 0 else '-'} {abs(k)}"


def statement(r, place, low, high, inner):
    read = [f"x[{shifted(r, low, high)}]", f"y[{shifted(r, low, high)}]", f"y[{place}]", f"w[{shifted(r, low, high)}]"]
    if inner:
        read += ["y[j]", "w[j]", "z[i, j]", "z[j, i]"]
    terms = r.sample(read, 2)
    value = r.choice(["{} * {}", "np.tanh({} + {})", "{} + 0.5 * {}", "np.sin({}) * {}"]).format(*terms)
    into = r.choice(["y", "z"]) if inner else "y"
    target = f"y[{place}]" if into == "y" else r.choice(["z[i, j]", "z[j, i]", f"z[{place}, j]"])
    return f"{target} {r.choice(['=', '=', '+=', '-='])} {value}"


def function_of(source, seed):
    """The function of a text, at a place where its source is found."""
    file, space = f"<stencil program {seed}>", {"np": np, "__name__": f"stencil_{seed}"}
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    exec(compile(source, file, "exec"), space)
    return space["main"]


@given(st.integers(0, 1 << 30))
def test_both_modes_agree_with_differences(seed):
    f = function_of(program(seed), seed)
    r = np.random.default_rng(seed)
    s2sad.check_grads(f, (r.uniform(0.2, 0.9, LENGTH), r.uniform(0.2, 0.9, LENGTH)), order=1)
