"""What is asked of adjoints while a reverse sweep is built is found out once for each."""

import linecache

import numpy as np

import s2sad


def entangled(count):
    """A program in which all values are read by many later ones: there are more ways back than can be walked."""
    lines, names = ["def f(x):"], ["x"]
    for k in range(count):
        a, b = names[max(len(names) - 1 - (k * 7) % 19, 0)], names[-1]
        lines.append(f"    t{k} = np.sin({a}) * {b} + {a} / (1.0 + {b} * {b})")
        names.append(f"t{k}")
    text = "\n".join([*lines, f"    return np.sum({names[-1]})", ""])
    file = f"<entangled {count}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    space = {"np": np}
    exec(compile(text, file, "exec"), space)
    return space["f"]


def test_a_program_of_many_ways_compiles():
    f, x, x_dot = entangled(300), np.array([0.3, 0.4]), np.array([0.7, -0.2])
    value, out_dot = s2sad.jvp(f, (x,), (x_dot,))
    assert value == f(x)
    np.testing.assert_allclose(s2sad.grad(f)(x) @ x_dot, out_dot, rtol=1e-9)
