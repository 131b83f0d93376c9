"""Random expressions over arrays of many shapes: broadcasting, reductions, indexing, joining, products.

`expression(seed)` gives the text of a module with `main(a, b, c, d)`, and arguments of which some have equal lengths.
"""

import random

import numpy as np

SHAPES = [(), (1,), (2,), (3,), (2, 3), (3, 2), (1, 3), (2, 1), (3, 3), (2, 1, 3), (1, 2, 3)]
BINARY = [
    "{0} + {1}",
    "{0} - {1}",
    "{0} * {1}",
    "{0} / (2.0 + {1} * {1})",
    "np.maximum({0}, {1})",
    "np.arctan2({0}, 2.5 + {1})",
]
UNARY = [
    "np.sin({0})",
    "np.tanh({0})",
    "-{0}",
    "{0} ** 2",
    "np.abs({0})",
    "np.where({0} > 0.1, {0}, 0.3 * {0})",
    "np.clip({0}, -0.7, 0.8)",
]
REDUCTIONS = ["np.sum", "np.mean", "np.max", "np.std", "np.var", "np.prod"]


class Builder:
    """Writes statements; `shapes` holds the shape of each name, found by running the statement."""

    def __init__(self, rng, arguments):
        self.rng = rng
        self.values = dict(arguments)
        self.lines = []

    def pick(self, test=lambda x: True):
        names = [n for n, x in self.values.items() if test(x)]
        return self.rng.choice(names) if names else None

    def try_line(self, text):
        """Keep a statement that runs and stays within range."""
        name = f"t{len(self.lines)}"
        try:
            with np.errstate(all="raise", under="ignore"):
                value = eval(text, {"np": np, **self.values})
        except (ValueError, IndexError, TypeError, FloatingPointError, np.linalg.LinAlgError):
            return
        if text.startswith(("np.std", "np.prod")) and np.any(np.abs(value) < 1e-3):
            return  # nan by convention, at second order for the product
        if np.size(value) <= 60 and np.all(np.abs(value) < 1e3) and np.asarray(value).dtype == np.float64:
            self.values[name] = value
            self.lines.append(f"    {name} = {text}")

    def step(self):
        r = self.rng
        x, y = self.pick(), self.pick()
        rank = np.ndim(self.values[x])
        kind = r.random()
        if kind < 0.35:
            self.try_line(r.choice(BINARY).format(x, y))
        elif kind < 0.5:
            self.try_line(r.choice(UNARY).format(x))
        elif kind < 0.65 and rank:
            axis = r.choice([None, *range(-rank, rank)])
            keep = f", keepdims={r.choice([True, False])}" if r.random() < 0.5 else ""
            self.try_line(f"{r.choice(REDUCTIONS)}({x}, axis={axis}{keep})")
        elif kind < 0.8 and rank:
            index = r.choice(
                ["0", "-1", "1:", ":-1", "::-1", "None", "...", "..., 0", ":, None", "[0, 0, 1]", "None, ..., None"]
            )
            self.try_line(f"{x}[{index}]")
        elif kind < 0.9:
            forms = [
                "{0}.T",
                "np.ravel({0})",
                "np.squeeze({0})",
                "np.expand_dims({0}, -1)",
                "np.concatenate([{0}, {1}])",
            ]
            forms += [
                "np.stack([{0}, {0}])",
                "np.broadcast_to({0}, (2, 3))",
                "np.cumsum({0})",
                "np.reshape({0}, (-1, 1))",
            ]
            forms += [
                "np.flip({0})",
                "np.tile({0}, 2)",
                "np.repeat({0}, 2)",
                "np.roll({0}, 1)",
                "np.pad({0}, 1)",
                "np.diff({0})",
            ]
            self.try_line(r.choice(forms).format(x, y))
        else:
            forms = [
                "{0} @ {1}",
                "np.dot({0}, {1})",
                "np.outer({0}, {1})",
                "np.inner({0}, {1})",
                "np.tensordot({0}, {1}, axes=1)",
            ]
            forms += [
                "np.einsum('...i,...i->...', {0}, {1})",
                "np.linalg.norm({0} + 2.0)",
                "np.linalg.solve({0} @ {0}.T + 3 * np.eye({0}.shape[0]), {1})",
            ]
            self.try_line(r.choice(forms).format(x, y))


def expression(seed):
    """The text of a module, and arguments for its function."""
    rng, numbers = random.Random(seed), np.random.default_rng(seed)
    arguments = {n: np.asarray(numbers.normal(size=rng.choice(SHAPES)))[()] for n in "abcd"}
    builder = Builder(rng, arguments)
    for _ in range(rng.randint(3, 14)):
        builder.step()
    last = list(builder.values)[-4:]
    total = " + ".join(f"np.sum(np.sin({n}))" for n in last)
    source = "import numpy as np\n\n\ndef main(a, b, c, d):\n" + "\n".join([*builder.lines, f"    return {total}", ""])
    return source, tuple(arguments.values())
