"""Random programs over arrays whose lengths differ from seed to seed: what a compiler of loops can get wrong.

`ArrayProgram(seed)` is a function `main(a, x, y, m, k)` of a float, two vectors, of which the second may have one
element, a matrix and a number of rounds. Slices with steps and from the end, views that are written into, arrays that
change places in loops, lists of nested loops, gathers and scatters with repeated indices, sums along each axis,
loops that are left, early returns. What the program returns depends on all that is bound.
"""

import linecache
import random

import numpy as np

SCALAR, VECTOR, ROW, MATRIX, PART = "s", "v", "w", "m", "u"
"""A number; an array of the rows, of the columns, of both; a vector of some length."""

LENGTHS = [1, 2, 3, 5, 9, 11]

FORMS = {
    SCALAR: [
        "{s} * {s}",
        "np.sin({s})",
        "np.tanh({s} + {s})",
        "{v}[{i}]",
        "{m}[{i}, {j}]",
        "np.sum({v})",
        "np.sum({u})",
        "np.mean({m})",
        "{v} @ {v}",
        "{w} @ {w}",
        "np.max({v})",
        "np.min({m})",
        "{v}[np.argmax({v})]",
        "{u}[0]",
        "{u}[-1]",
        "np.sum({m}[{i}] * {w})",
        "np.sum({m}[1:, ::-1])",
        "np.sum({m}[::-2, -2:])",
        "np.prod(np.cos({u}))",
        "{s} / (2.0 + np.sin({s}))",
        "np.sum({v}[1:] * {v}[:-1])",
        "np.sum({m} * {m}[::-1])",
        "abs({s})",
        "np.trace({m} @ {m}.T)",
        "({s} if {t} else {s})",
        "max({s}, 0.2)",
        "np.linalg.norm({v} + 2.0)",
        "np.sum(np.abs({m}), axis=0)[{j}]",
        "float(len({u}))",
    ],
    VECTOR: [
        "np.sin({v})",
        "{v} * {v}",
        "{v} + y",
        "y * {v}",
        "{v} - {s}",
        "{v}[::-1]",
        "{m}[:, {j}]",
        "{m} @ {w}",
        "np.sum({m}, axis=1)",
        "np.max({m}, axis=1)",
        "np.mean({m}, axis=-1)",
        "np.cumsum({v})",
        "np.roll({v}, 1)",
        "np.where({v} > 0.1, {v}, {s})",
        "{v}.copy()",
        "np.zeros(len(x)) + {s}",
        "np.concatenate([{v}[1:], {v}[:1]])",
        "np.maximum({v}, {v})",
        "{m}.T[{j}]",
        "({v} if {t} else {v})",
        "np.tanh({m}) @ {w}",
        "{v}[np.arange(len(x))[::-1]]",
        "np.full(len(x), {s})",
        "np.exp({v}) / np.sum(np.exp({v}))",
        "np.sum({m} * {v}[:, None], axis=1)",
        "np.clip({v}, -0.5, {s})",
        "np.array([{v}[q % len(x)] for q in range(1, len(x) + 1)])",
        "np.zeros_like({v})",
    ],
    ROW: [
        "np.cos({w})",
        "{w} * {w}",
        "{w} + {s}",
        "{m}[{i}]",
        "{v} @ {m}",
        "{m}.T @ {v}",
        "np.sum({m}, axis=0)",
        "np.min({m}, axis=0)",
        "np.mean({m}, axis=0)",
        "{w}[::-1]",
        "np.sum({m} * {m}, axis=0)",
        "{w}.copy()",
        "({w} if {t} else {w})",
        "np.sum({v}[:, None] * {w}, axis=0)",
        "np.zeros(m.shape[1])",
        "np.prod(np.cos({m}), axis=0)",
    ],
    MATRIX: [
        "np.sin({m})",
        "{m} * {m}",
        "{m} + {w}",
        "{m} * {v}[:, None]",
        "np.outer({v}, {w})",
        "{m}[::-1]",
        "{m}[:, ::-1]",
        "{m} - np.max({m}, axis=1, keepdims=True)",
        "{m}.copy()",
        "({m} if {t} else {m})",
        "np.where({m} > {s}, {m}, {w})",
        "np.zeros(m.shape)",
        "{m} @ np.outer({w}, {w})",
        "np.cumsum({m}, axis=0)",
        "np.cumsum({m}, axis=1)",
        "{m}.T.T",
        "np.reshape({m}.T, m.shape)",
        "np.reshape({m}, -1).reshape(m.shape)",
        "{v}[:, None] + {m}",
        "np.stack([{v}] * m.shape[1], axis=1) + {m}",
    ],
    PART: [
        "{v}[1:]",
        "{v}[:-1]",
        "{v}[::2]",
        "{v}[::-2]",
        "{v}[-2:]",
        "{v}[-3::-1]",
        "{v}[1:-1]",
        "{w}[:2]",
        "{u}[::-1]",
        "{u} * {s}",
        "np.tanh({u})",
        "{v}[np.array([0, -1, 0])]",
        "{v}[[-1, 0]]",
        "{m}[0, ::2]",
        "{m}[1:, {j}]",
        "np.concatenate([{u}, {v}])",
        "np.ravel({m})",
        "np.ravel({m}.T)[::3]",
        "{m}[:, [0, -1]][{i}]",
        "np.diag({m})",
        "np.repeat({u}, 2)",
        "{v}[5:1:-1]",
        "{u}[1:]",
        "np.array([{s}, {s}])",
        "{v}[{c}:]",
        "{v}[:{c}]",
        "{v}[{c}::-1]",
    ],
}

VIEWS = {
    VECTOR: ["{v}", "{v}[::-1]", "{m}[:, {j}]", "{m}.T[{j}]", "{v}[:]"],
    ROW: ["{w}", "{m}[{i}]", "{w}[::-1]"],
    MATRIX: ["{m}", "{m}[::-1]", "{m}[:, ::-1]"],
    PART: [
        "{v}[1:]",
        "{v}[:-1]",
        "{v}[::2]",
        "{v}[::-1]",
        "{v}[-2:]",
        "{w}[1:]",
        "{m}[0]",
        "np.ravel({m})",
        "{m}.reshape(-1)[1:]",
        "{u}[::-1]",
    ],
}

STORES = [
    "{v}[{i}] = {s}",
    "{v}[{i}] += {s}",
    "{m}[{i}, {j}] = {s}",
    "{m}[{i}] = {w}",
    "{m}[{i}] += {w}",
    "{m}[:, {j}] = {v}",
    "{m}[:, {j}] *= {s}",
    "{v}[1:] += {v}[:-1]",
    "{v}[:-1] = {v}[1:]",
    "{v}[1:] = {v}[:-1] * {s}",
    "{v}[::2] = {s}",
    "{v}[::-1] = {v}",
    "{v}[:] = {v}[::-1]",
    "{v}[...] = {v}",
    "{v} *= {s}",
    "{v} += {v}[::-1]",
    "{v} -= {v}",
    "{m} += {m}[::-1]",
    "{m}[1:] = {m}[:-1]",
    "{m}[::-1] = {m}",
    "{m} *= {w}",
    "{m} += {v}[:, None]",
    "{v}[np.array([0, -1, 0])] += {s}",
    "{v}[np.array([0, -1])] = {s}",
    "np.add.at({v}, np.array([0, -1, 0]), {s})",
    "{v}[[0, 0]] = {v}[[-1, 0]]",
    "{v}[{v} > 0.2] = {s}",
    "{u}[0] = {s}",
    "{u} *= {s}",
    "{u}[::2] += {s}",
    "{u}[:] = {s}",
    "{w}[{j}] -= {s}",
    "{w}[:] = {m}[{i}]",
    "{m}[{i}] = {m}[{i}][::-1]",
    "{v}[{i}], {v}[{i}] = {v}[{i}], {s}",
    "{v}[-1] = {v}[0] * {s}",
    "{m}[[0, -1]] = {m}[[-1, 0]]",
    "{m}[[0, 0]] += {w}",
    "{v}[1:-1] = {v}[:-2] + {v}[2:]",
    "{v}[{c}:] = {s}",
    "{v}[:{c}] *= {s}",
    "{m}[:, 0], {m}[:, -1] = {m}[:, -1].copy(), {v}",
    "{m}[1:, 1:] = {m}[:-1, :-1]",
    "{u}[1:] = {u}[:-1]",
    "{u} += {u}[::-1]",
]

HEADERS = [
    ("for {q} in range(k):", 0),
    ("for {q} in range(len(x)):", 1),
    ("for {q} in range(1, len(x)):", 1),
    ("for {q} in range(len(x) - 1, -1, -1):", 1),
    ("for {q} in range(0, len(x), 2):", 1),
    ("for {q} in range(3):", 0),
    ("for {q} in range(k, 0, -1):", 0),
    ("for {q} in range(len(x) - 2, 0, -2):", 1),
]


class ArrayWriter:
    """Writes the statements of one program."""

    def __init__(self, rng):
        self.rng = rng
        self.lines = []
        self.env = {"a": SCALAR, "x": VECTOR, "m": MATRIX, "v0": VECTOR, "w0": ROW}
        self.made = 0
        self.places = []
        self.depth = 0

    def emit(self, text, indent):
        self.lines.append("    " * indent + text)

    def name(self, prefix):
        self.made += 1
        return f"{prefix}{self.made}"

    def names(self, kind):
        return [n for n, k in self.env.items() if k == kind]

    # expressions

    def expression(self, kind, depth=2):
        r = self.rng
        names = self.names(kind)
        if names and (depth <= 0 or r.random() < 0.2):
            return r.choice(names)
        if depth <= -3:
            return {SCALAR: "0.4", PART: "v0[:1]"}[kind]
        return self.filled(r.choice(FORMS[kind]), depth - 1)

    def filled(self, form, depth):
        """A form with its places taken by expressions."""
        out, rest = "", form
        while "{" in rest:
            before, _, rest = rest.partition("{")
            kind, _, rest = rest.partition("}")
            text = self.part(kind, depth)
            out += before + (f"({text})" if " " in text and not text.startswith("(") else text)
        return out + rest

    def part(self, kind, depth):
        r = self.rng
        if kind == "i":
            known = [q for q in self.places]
            return r.choice(
                ["0", "-1", "k % len(x)", *known * 3, *(f"{q} - 1" for q in known), *(f"-1 - {q}" for q in known)]
            )
        if kind == "j":
            return r.choice(["0", "-1", "k % m.shape[1]"])
        if kind == "c":
            return r.choice(["k", "-k", "k - 2", *self.places])
        if kind == "t":
            return f"{self.expression(SCALAR, depth - 1)} {r.choice('<>')} {r.choice([-0.3, 0.1, 0.4])}"
        return self.expression(kind, depth)

    def target(self, form):
        """A statement that writes into arrays: into names, or views."""
        out, rest = "", form
        first = True
        while "{" in rest:
            before, _, rest = rest.partition("{")
            kind, _, rest = rest.partition("}")
            if kind in (VECTOR, ROW, MATRIX, PART) and (first or self.rng.random() < 0.5):
                text = self.rng.choice(self.names(kind) or ["v0"])
            else:
                text = self.part(kind, 1)
            first = False
            out += before + (f"({text})" if " " in text else text)
        return out + rest

    # statements

    def block(self, length, indent, keep=False):
        before, start = dict(self.env), len(self.lines)
        for _ in range(length):
            kinds = {
                "bind": 5,
                "store": 6,
                "view": 3,
                "swap": 1,
                "branch": 2,
                "loop": 3,
                "collect": 2,
                "rounds": 1,
                "buffers": 1,
                "scan": 1,
            }
            if indent > 3:
                kinds = {"bind": 2, "store": 3, "view": 1}
            getattr(self, self.rng.choices([*kinds], [*kinds.values()])[0])(indent)
        if len(self.lines) == start:
            self.emit("pass", indent)
        if not keep:
            self.env = before

    def bind(self, indent):
        kind = self.rng.choice([SCALAR, VECTOR, VECTOR, ROW, MATRIX, PART])
        text = self.expression(kind)
        own = [n for n in self.names(kind) if n not in ("a", "x", "m")]
        name = self.rng.choice(own) if own and self.rng.random() < 0.4 and kind != PART else self.name(kind)
        self.emit(f"{name} = {f'np.tanh({text})' if self.depth else f'{text} * 0.7'}", indent)
        self.env[name] = kind

    def store(self, indent):
        text = self.target(self.rng.choice(STORES))
        if self.depth and "= " in text and not text.startswith("np."):
            left, _, right = text.rpartition("= ")
            text = f"{left}= np.tanh({right})" if ", " not in left.rpartition("]")[2] and "], " not in left else text
        self.emit(text, indent)

    def view(self, indent):
        kind = self.rng.choice([VECTOR, ROW, MATRIX, PART, PART])
        name = self.name(kind)
        self.emit(f"{name} = {self.target(self.rng.choice(VIEWS[kind]))}", indent)
        self.env[name] = kind

    def swap(self, indent):
        kind = self.rng.choice([VECTOR, VECTOR, MATRIX, ROW])
        names = [n for n in self.names(kind) if n not in ("a",)]
        if len(names) > 1:
            chosen = self.rng.sample(names, min(len(names), self.rng.choice([2, 2, 3])))
            self.emit(f"{', '.join(chosen)} = {', '.join(chosen[1:] + chosen[:1])}", indent)

    def branch(self, indent):
        r = self.rng
        self.emit(f"if {self.part('t', 2)}:", indent)
        self.block(r.randint(1, 2), indent + 1)
        if not self.depth and r.random() < 0.15:
            self.emit(f"return {self.expression(SCALAR)}", indent + 1)
        elif self.depth and r.random() < 0.25:
            self.emit(r.choice(["break", "continue"]), indent + 1)
        if r.random() < 0.5:
            self.emit("else:", indent)
            self.block(r.randint(1, 2), indent + 1)

    def loop(self, indent, body=None):
        r = self.rng
        q = self.name("q")
        header, in_rows = r.choice(HEADERS)
        self.emit(header.format(q=q), indent)
        self.depth += 1
        if in_rows:
            self.places.append(q)
        self.block(r.randint(1, 3), indent + 1)
        if body is not None:
            body(indent + 1)
        if in_rows:
            self.places.pop()
        self.depth -= 1

    def collect(self, indent):
        """A list of a loop, perhaps of lists, and what is made of it."""
        r = self.rng
        kind = r.choice([SCALAR, SCALAR, VECTOR, ROW])
        outer, inner = self.name("l"), self.name("l")
        nested = r.random() < 0.4

        def body(depth):
            if nested:
                self.emit(f"{inner} = []", depth)
                self.loop(depth, lambda d: self.emit(f"{inner}.append({self.expression(kind, 1)})", d))
                self.emit(f"{outer}.append({inner})", depth)
            else:
                self.emit(f"{outer}.append({self.expression(kind, 1)})", depth)

        self.emit(f"{outer} = []", indent)
        self.loop(indent, body)
        name, item, part = self.name(SCALAR), self.name("e"), self.name("e")
        self.emit(f"{name} = 0.0", indent)
        self.emit(f"for {item} in {r.choice([outer, outer, f'{outer}[::-1]', f'reversed({outer})'])}:", indent)
        if nested:
            self.emit(f"for {part} in {item}:", indent + 1)
            self.emit(f"{name} = 0.5 * {name} + np.sum({part})", indent + 2)
        else:
            self.emit(f"{name} = 0.5 * {name} + np.sum({item})", indent + 1)
        self.env[name] = SCALAR
        if not nested and r.random() < 0.3:
            self.emit(f"if len({outer}) > 1:", indent)
            self.emit(f"{name} += np.sum(np.array({outer})[1:]) + np.sum({outer}[-1])", indent + 1)

    def rounds(self, indent):
        w = self.name("r")
        self.emit(f"{w} = 0", indent)
        self.emit(f"while {w} < k and {self.part('t', 1)}:", indent)
        self.emit(f"{w} += 1", indent + 1)
        self.depth += 1
        self.block(self.rng.randint(1, 3), indent + 1)
        self.depth -= 1

    def buffers(self, indent):
        """Two arrays that change places in each step."""
        one, two = self.name(VECTOR), self.name(VECTOR)
        self.emit(f"{one}, {two} = {self.expression(VECTOR)} * 1.0, {self.expression(VECTOR)} * 1.0", indent)
        self.emit(f"for {self.name('q')} in range(k):", indent)
        forms = [
            "{1}[1:] = 0.5 * {0}[:-1]",
            "{1}[::2] = {0}[::2] * {2}",
            "{1}[:] = np.tanh({0}[::-1] + {1})",
            "{0}[1:-1] = {1}[:-2] * {1}[2:]",
        ]
        for form in self.rng.sample(forms, self.rng.randint(1, 2)):
            self.emit(form.format(one, two, self.part(SCALAR, 0)), indent + 1)
        self.emit(
            self.rng.choice(["{0}, {1} = {1}, {0}", "{0} = {1}", "{0}, {1} = {1}, {0} * 0.5"]).format(one, two),
            indent + 1,
        )
        self.env[one] = self.env[two] = VECTOR

    def scan(self, indent):
        """Each element from those beside it."""
        v, q = self.rng.choice([n for n in self.names(VECTOR) if n != "x"]), self.name("q")
        forms = [
            ("range(1, len(x))", "{v}[{q}] = 0.5 * {v}[{q} - 1] + {s}"),
            ("range(len(x) - 1)", "{v}[{q}] = np.sin({v}[{q} + 1])"),
            ("range(len(x) - 2, -1, -1)", "{v}[{q}] += 0.3 * {v}[{q} + 1]"),
            ("range(len(x))", "{v}[len(x) - 1 - {q}] = 0.5 * {v}[{q}]"),
            ("range(len(x))", "{v}[{q} // 2] += {s} * {v}[{q}] * 0.1"),
            ("range(len(x))", "{v}[({q} * 2) % len(x)] = np.cos({v}[{q}])"),
        ]
        header, form = self.rng.choice(forms)
        self.emit(f"for {q} in {header}:", indent)
        self.emit(form.format(v=v, q=q, s=self.rng.choice(["a", "0.2", "m[0, 0]"])), indent + 1)


class ArrayProgram:
    """The program of one seed. `size` bounds the number of statements."""

    def __init__(self, seed, size=6):
        rng = random.Random(seed)
        writer = ArrayWriter(rng)
        writer.block(rng.randint(2, size), 1, keep=True)
        parts = [f"np.sum(np.sin({n}) * {0.3 + 0.1 * k:.1f})" for k, n in enumerate(writer.env)]
        lead = ["    x, m = x.copy(), m.copy()", "    v0 = np.cos(x)", "    w0 = np.sum(m, axis=0)"]
        body = [*lead, *writer.lines, f"    return {' + '.join(parts)}"]
        self.source = "\n".join(["import numpy as np", "", "", "def main(a, x, y, m, k):", *body, ""])
        self.file = f"<array program {seed}>"

    @property
    def function(self):
        linecache.cache[self.file] = (len(self.source), None, self.source.splitlines(True), self.file)
        space = {"__name__": "program"}
        exec(compile(self.source, self.file, "exec"), space)
        return space["main"]


def arguments(seed):
    rng = np.random.default_rng(seed)
    n, p = (int(rng.choice(LENGTHS)) for _ in range(2))
    y = rng.normal(size=n if rng.random() < 0.6 else 1)
    return float(rng.normal()), rng.normal(size=n), y, rng.normal(size=(n, p)), int(rng.integers(0, 4))
