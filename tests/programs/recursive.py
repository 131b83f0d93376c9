"""Random recursive programs: vectors handed on as they are, in part, or twice; arrays that all calls write into."""

import random

import numpy as np

from tests.programs.numeric import Program

LEAVES = ["x[0]", "y[k % len(y)]", "x[-1]", "s", "0.3", "np.sum(x)", "np.sum(x * x)", "y[0]", "t"]
OPERATIONS = ["({} + {})", "({} * {})", "np.sin({})", "({} - 0.5 * {})", "np.tanh({})"]
VECTORS = ["{}", "{}", "{}", "{} * 0.9", "np.sin({})", "{} * s", "{}[::-1]", "{}[1:]", "{} + np.tanh(s)"]
STORES = ["=", "+=", "*="]


class RecursiveProgram(Program):
    """One function or two that call each other, and `main(x, y, s)`; with an array `w` that they write into, or not."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.arrays = self.rng.choice([None, None, ["w"], ["w", "w", "w[1:]", "w[::-1]"]])
        names = self.rng.choice([["f"], ["f"], ["f", "g"]])
        lines = ["import numpy as np"]
        for name in names:
            lines += ["", "", *self.recursive(name, names)]
        lines += ["", "", "def main(x, y, s):"]
        if self.arrays:
            lines += ["    w = np.concatenate((y, x[:1] * s))", "    v = f(x, y, s, 3, w)"]
            lines += ["    return v + np.sum(np.sin(w))"]
        else:
            lines += ["    return f(x, y, s, 3)"]
        self.source = "\n".join([*lines, ""])
        self.file = f"<recursive program {seed}>"

    def recursive(self, name, names):
        """The lines of a function that calls itself."""
        more = [", w"] if self.arrays else [""]
        lines = [f"def {name}(x, y, s, k{more[0]}):", "    t = 0.1 * s"]
        if self.arrays and self.rng.random() < 0.5:
            lines.append(f"    w[k % len(w)] {self.rng.choice(STORES)} {self.expression(1)}")
        short = " or len(w) < 2" if self.arrays else ""
        lines.append(f"    if k <= 0 or len(x) < 2 or len(y) < 2{short}:")
        if self.arrays and self.rng.random() < 0.5:
            lines.append(f"        w[0] = {self.expression(1)} + w[1 % len(w)]")
        lines.append(f"        return {self.expression(2)}{' + np.sum(w)' if self.arrays else ''}")
        for _ in range(self.rng.randint(1, 3)):
            lines += self.statement(names)
        return [*lines, f"    return {self.call(names)} * {self.expression(1)} + t"]

    def statement(self, names):
        """A statement that may call the functions."""
        kind = self.rng.randrange(6)
        if kind == 0:
            return [f"    t = {self.expression(2)}"]
        if kind == 1:
            return [f"    t = t + {self.call(names)} * {self.expression(1)}"]
        if kind == 2:
            lines = [f"    if {self.expression(1)} > 0.2:", f"        t = {self.call(names)}"]
            if self.rng.random() < 0.4:
                lines.append(f"        return t * {self.expression(1)}")
            return [*lines, "    else:", f"        t = t * {self.expression(1)}"]
        if kind == 3:
            lines = ["    for j in range(2):", f"        t = t + 0.5 * {self.call(names)}"]
            return lines + ([f"        w[j] = {self.expression(1)} * 0.7"] if self.arrays else [])
        if not self.arrays:
            return [f"    y = {self.vector()}"]
        place = self.rng.choice(["0", "k % len(w)", "-1"])
        return [f"    w[{place}] {self.rng.choice(STORES)} {self.expression(1)} + 0.1 * w[1 % len(w)]"]

    def call(self, names):
        """A call with one step less to go."""
        given = [self.vector(), self.vector(), self.expression(1), f"k - {self.rng.choice([1, 1, 2])}"]
        given += [self.rng.choice(self.arrays)] if self.arrays else []
        return f"{self.rng.choice(names)}({', '.join(given)})"

    def vector(self):
        return self.rng.choice(VECTORS).format(self.rng.choice(["x", "y"]))

    def expression(self, depth):
        """A number."""
        if depth == 0 or self.rng.random() < 0.2:
            return self.rng.choice(LEAVES)
        form = self.rng.choice(OPERATIONS)
        return form.format(*(self.expression(depth - 1) for _ in range(form.count("{}"))))


def arguments(seed):
    rng = np.random.default_rng(seed)
    return rng.uniform(0.2, 0.9, 4), rng.uniform(0.2, 0.9, 3), 0.6
