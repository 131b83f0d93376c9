"""Arrays, lists and dicts that become longer, as machine code: what the programs give, and that they free the rest."""

import linecache

import numpy as np
import optree
import pytest

pytest.importorskip("llvmlite")

import s2sad
from s2sad.backends.native.code import kernel_text
from s2sad.backends.native.machine import elementary_target
from tests.backends.native.kernels import compiled
from tests.loops.agreement import loops
from tests.loops.growing import PROGRAMS

CASES = [name for name in PROGRAMS if name not in ("empty", "filled on one side", "no rows", "none in a branch")]


@pytest.mark.parametrize("name", CASES)
def test_values_and_memory(name):
    f, args = PROGRAMS[name]
    function, _ = loops(lambda **k: s2sad.value_and_grad(f, **k), args)
    run = compiled(function)
    expected = optree.tree_leaves(s2sad.value_and_grad(f)(*args))
    for _ in range(2):
        found = run(*args)
        assert run.allocated == 0
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


def lines_of(count):
    """The length of the code of a while that carries so many lists."""
    names = [f"x{k}" for k in range(count)]
    text = "\n".join(
        ["def f(y):", *(f"    {n} = [y]" for n in names), "    while y < 9.0:", "        y = y * 1.5"]
        + [f"        {n}.append(y * {n}[0])" for n in names]
        + [f"    return {' + '.join(f'sum({n})' for n in names)}", ""]
    )
    file = f"<{count} lists>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    space = {}
    exec(compile(text, file, "exec"), space)
    function, _ = loops(lambda **k: s2sad.jit(space["f"], **k), (0.5,))
    return kernel_text(function, target=elementary_target()).count("\n")


def test_code_is_linear_in_the_number_of_lists():
    """No list is compared with all others where an iteration hands on its memory."""
    few, more, many = map(lines_of, (2, 6, 10))
    assert many - more == more - few
