"""Loops over elements and rows whose reverse sweeps are slices: random ones, against the complex step."""

import numpy as np
import pytest

import s2sad
from tests.memory.test_guarded_stores import function_of

N = 5
RANGES = ("range({low}, {high})", "range({high} - 1, {low} - 1, -1)", "reversed(range({low}, {high}))")


class Writer:
    """Programs with nests of loops that read and store elements and rows of arrays."""

    def __init__(self, rng):
        self.rng = rng

    def pick(self, *texts):
        return texts[self.rng.integers(len(texts))]

    def seldom(self):
        return self.rng.random() < 0.2

    def program(self):
        lines = [
            "def f(x, y, a, w):",
            "    n, at = len(x), np.array([1, 0, 2, 2, 4])",
            "    y = y.copy()",
            "    b = a * a",
            "    c = x[0]",
        ]
        for _ in range(self.rng.integers(1, 3)):
            lines += self.nest(self.rng.integers(1, 4))
        return "\n".join([*lines, "    return np.sum(y * y) + np.sum(b * w) + c"])

    def nest(self, depth):
        indices, lines = [], []
        for k in range(depth):
            lines.append("    " * (k + 1) + f"for {'ijk'[k]} in {self.range(indices)}:")
            indices.append("ijk"[k])
            if k + 1 < depth and self.seldom():
                lines.append("    " * (k + 2) + self.element(indices))
        for _ in range(self.rng.integers(1, 3)):
            line = self.row(indices) if self.rng.random() < 0.3 else self.element(indices)
            lines.append("    " * (depth + 1) + line)
        return lines

    def range(self, outer):
        after = [f"{i} + 1" for i in outer]
        low, high = self.pick("0", "0", "1", *outer, *after), self.pick("n", "n", "n - 1", "N", *outer, *after)
        return self.pick(*RANGES, RANGES[0]).format(low=low, high=high)

    def at(self, indices):
        """A subscript of one axis, most often the innermost index."""
        if self.seldom():
            return self.pick(
                *indices,
                "0",
                "-1",
                f"{indices[-1]} - 1",
                f"{indices[-1]} - n",
                f"n - 1 - {indices[-1]}",
                f"at[{indices[-1]}]",
            )
        return indices[-1]

    def two(self, indices):
        """A subscript of two axes."""
        pair = [self.at(indices), self.pick(*indices, "0", self.at(indices))]
        self.rng.shuffle(pair)
        return ", ".join(pair)

    def read(self, indices):
        if self.seldom():
            return self.pick("c", f"y[{self.at(indices)}]", f"b[{self.two(indices)}]")
        return self.pick(f"x[{self.at(indices)}]", f"a[{self.two(indices)}]", f"w[{self.two(indices)}]", "x[1]")

    def element(self, indices):
        """A statement that stores an element, or adds to a number."""
        value = f"{self.read(indices)} * {self.pick('np.sin', 'np.tanh')}({self.read(indices)})"
        if self.rng.random() < 0.4:
            value += f" {self.pick('+', '-', '*')} {self.pick(self.read(indices), indices[-1])}"
        target = self.pick(f"y[{self.at(indices)}]", f"b[{self.two(indices)}]", "c")
        sign = self.pick("+=", "-=") if target == "c" or not self.seldom() else "="
        return f"{target} {sign} 0.2 * ({value})"

    def row(self, indices):
        """A statement that reads or stores a row or a column."""
        i, k = indices[-1], self.at(indices)
        row = self.pick(f"a[{i}]", f"a[:, {i}]", f"w[{k}]", "x", f"b[:, {k}]")
        return self.pick(
            f"b[{k}] += 0.1 * {row} * x[{i}]",
            f"b[:, {i}] -= 0.1 * {row} * x",
            f"c += 0.1 * ({row} @ x)",
            f"y += 0.1 * (a @ {row})",
            f"y += 0.1 * ({row} @ w)",
            f"b[{i}] = {row} * c",
            f"y[{k}] += 0.2 * ({row} @ x) * x[{i}]",
            f"y += 0.1 * {row} * w[{i}, 0]",
            f"y[1:] += 0.1 * x[{i}] * {row}[1:]",
        )


@pytest.mark.parametrize("seed", range(150))
def test_the_gradient_is_that_of_the_loops(seed):
    rng = np.random.default_rng(seed)
    text = Writer(rng).program()
    f = function_of(text, f"<slices {seed}>")
    f.__globals__["N"] = N
    arguments = [rng.uniform(-1.0, 1.0, s) for s in (N, N, (N, N), (N, N))]
    dots = [rng.uniform(-1.0, 1.0, v.shape) for v in arguments]
    expected = f(*[v + 1e-30j * d for v, d in zip(arguments, dots, strict=True)]).imag / 1e-30
    bars = s2sad.grad(f, (0, 1, 2, 3))(*arguments)
    assert sum(np.sum(b * d) for b, d in zip(bars, dots, strict=True)) == pytest.approx(expected, rel=1e-9), text
