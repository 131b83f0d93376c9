"""Random programs of the supported language: smooth in their arguments almost everywhere, and bounded.

`Program(seed)` has `source`, the text of a module with a function `main(a, x, n)` and its helpers, and `function`.
Scalars, vectors of three and 3 x 3 matrices; branches, loops, while, break, continue, early return, tuples, calls.
"""

import linecache
import math
import random
from dataclasses import dataclass, field

import numpy as np

SCALAR, VECTOR, MATRIX = "scalar", "vector", "matrix"

UNARY = ["np.sin({})", "np.cos({})", "np.tanh({})", "np.exp(-abs({}))", "np.arctan({})", "np.log(2.0 + np.cos({}))"]
SCALAR_ONLY = ["math.sin({})", "abs({})", "np.sqrt(1.0 + abs({}))", "float(np.tanh({}))", "max({}, 0.3)", "min({}, {})"]
BINARY = [
    "{} + {}",
    "{} - {}",
    "0.5 * {} * {}",
    "{} / (2.0 + np.tanh({}))",
    "np.maximum({}, {})",
    "np.hypot({}, {} + 2.0)",
]
TO_SCALAR = {
    VECTOR: [
        "np.sum({})",
        "np.mean({})",
        "{}[0]",
        "{}[-1]",
        "{} @ {}",
        "{}.max()",
        "np.linalg.norm({} + 2.0)",
        "{}.sum()",
    ],
    MATRIX: ["np.trace({})", "np.mean({})", "{}[1, 2]", "np.sum({} * {})", "np.sum({}[:, 1])"],
}
TO_VECTOR = {
    VECTOR: [
        "{}[::-1]",
        "np.cumsum({}) / 3.0",
        "np.roll({}, 1)",
        "np.where({} > 0.1, {}, 0.5 * {})",
        "np.clip({}, -0.8, 0.9)",
    ],
    MATRIX: ["{}[0]", "{}[:, 2]", "np.sum({}, axis=0) / 3.0", "np.diag({})", "np.max({}, axis=1)", "{}.mean(axis=1)"],
    SCALAR: ["{} * np.ones(3)", "np.array([{}, 0.5, {}])", "np.full(3, {})", "np.stack([{}, {}, {}])"],
}
TO_MATRIX = {
    VECTOR: ["np.outer({}, {})", "np.stack([{}, {}, {}])", "{}[:, None] * np.eye(3)", "np.diag({})"],
    MATRIX: ["{}.T", "0.3 * {} @ {}", "np.linalg.inv(4.0 * np.eye(3) + np.tanh({}))", "np.tril({})", "{}[[2, 0, 1]]"],
    SCALAR: ["{} * np.eye(3)"],
}
RULES = {SCALAR: TO_SCALAR, VECTOR: TO_VECTOR, MATRIX: TO_MATRIX}


@dataclass
class Helper:
    """A function that the program may call: its text, the kinds of its parameters, and of its result."""

    name: str
    parameters: list[str]
    result: str | tuple[str, str]
    lines: list[str] = field(default_factory=list)


class Writer:
    """Writes the body of one function. `env` holds the kind of each name that is bound for certain."""

    def __init__(self, rng, env, helpers, depth=0):
        self.rng, self.env, self.helpers = rng, env, helpers
        self.count = len(env)
        self.lines = []
        self.loops = depth

    # expressions

    def names(self, kind):
        return [n for n, k in self.env.items() if k == kind]

    def leaf(self, kind):
        names = self.names(kind)
        if names and self.rng.random() < 0.9:
            return self.rng.choice(names)
        number = round(self.rng.uniform(-1.5, 1.5), 2)
        return {SCALAR: f"{number}", VECTOR: f"np.array([{number}, 0.2, -0.4])", MATRIX: f"({number} * np.eye(3))"}[
            kind
        ]

    def fill(self, template, kind, depth):
        parts = [self.expression(kind, depth - 1) for _ in range(template.count("{}"))]
        return template.format(*(f"({p})" if " " in p else p for p in parts))

    def expression(self, kind, depth):
        r = self.rng
        if depth <= 0 or r.random() < 0.1:
            return self.leaf(kind)
        choice = r.random()
        if choice < 0.35:
            return self.fill(r.choice(BINARY), kind, depth)
        if choice < 0.55:
            return self.fill(r.choice(UNARY + (SCALAR_ONLY if kind == SCALAR else [])), kind, depth)
        if choice < 0.62 and kind == SCALAR:
            return f"({self.expression(kind, depth - 1)} if {self.test()} else {self.expression(kind, depth - 1)})"
        if choice < 0.7:
            other = self.expression(SCALAR, depth - 1)
            return f"({other}) * {self.leaf(kind)}"
        calls = [h for h in self.helpers if h.result == kind]
        if calls and choice < 0.85:
            h = r.choice(calls)
            return f"{h.name}({', '.join(self.expression(k, 1) for k in h.parameters)})"
        source = r.choice([k for k in RULES[kind]])
        return self.fill(r.choice(RULES[kind][source]), source, depth)

    def test(self):
        r = self.rng
        left, right = self.expression(SCALAR, 1), round(r.uniform(-1.0, 1.0), 2)
        text = r.choice([f"{left} > {right}", f"{left} < {right}", f"{right} <= {left} < {right + 0.7}"])
        if r.random() < 0.3:
            text = f"{text} {r.choice(['and', 'or'])} {self.leaf(SCALAR)} > {round(r.uniform(-1, 1), 2)}"
        return f"not ({text})" if r.random() < 0.1 else text

    # statements

    def fresh(self, kind):
        self.count += 1
        name = f"t{self.count}"
        self.env[name] = kind
        return name

    def emit(self, text, indent):
        self.lines.append("    " * indent + text)

    def target(self, kind):
        names = [n for n in self.names(kind) if n not in ("n",)]
        return self.rng.choice(names) if names and self.rng.random() < 0.6 else self.fresh(kind)

    def block(self, length, indent, fresh=True):
        """Statements; without `fresh`, the names bound here are forgotten after."""
        before = dict(self.env)
        start = len(self.lines)
        for _ in range(length):
            self.statement(indent)
        if len(self.lines) == start:
            self.emit("pass", indent)
        if not fresh:
            for name in set(self.env) - set(before):
                del self.env[name]

    def statement(self, indent):
        r = self.rng
        choice = r.random()
        if choice < 0.45 or indent > 3:
            self.assign(indent)
        elif choice < 0.55:
            self.tuples(indent)
        elif choice < 0.75:
            self.branch(indent)
        elif choice < 0.9:
            self.for_loop(indent)
        else:
            self.while_loop(indent)

    def assign(self, indent):
        r = self.rng
        kind = r.choice([SCALAR, SCALAR, VECTOR, VECTOR, MATRIX])
        value = self.expression(kind, 3)
        scalars = self.names(SCALAR)
        if r.random() < 0.2 and kind == SCALAR and scalars:
            self.emit(f"{r.choice(scalars)} {r.choice(['+=', '-=', '*='])} np.tanh({value})", indent)
        else:
            self.emit(f"{self.target(kind)} = {value}", indent)

    def tuples(self, indent):
        r = self.rng
        pairs = [h for h in self.helpers if isinstance(h.result, tuple)]
        if pairs and r.random() < 0.5:
            h = r.choice(pairs)
            arguments = ", ".join(self.expression(k, 1) for k in h.parameters)
            first, second = (self.target(k) for k in h.result)
            self.emit(f"{first}, {second if second != first else '_'} = {h.name}({arguments})", indent)
            return
        if r.random() < 0.2:
            names = [self.fresh(SCALAR) for _ in range(3)]
            self.emit(f"{', '.join(names)} = {self.leaf(VECTOR)}", indent)
            return
        kinds = [r.choice([SCALAR, VECTOR]) for _ in range(2)]
        values = ", ".join(self.expression(k, 2) for k in kinds)
        targets = list(dict.fromkeys(self.target(k) for k in kinds))
        self.emit(f"{', '.join(targets if len(targets) == 2 else targets * 2)} = {values}", indent)

    def branch(self, indent):
        r = self.rng
        self.emit(f"if {self.test()}:", indent)
        self.block(r.randint(1, 2), indent + 1, fresh=False)
        if r.random() < 0.2 and self.loops:
            self.emit(r.choice(["break", "continue"]), indent + 1)
        elif r.random() < 0.15 and not self.loops:
            self.emit("return " + self.returned(), indent + 1)
        if r.random() < 0.3:
            self.emit(f"elif {self.test()}:", indent)
            self.block(1, indent + 1, fresh=False)
        if r.random() < 0.5:
            self.emit("else:", indent)
            self.block(r.randint(1, 2), indent + 1, fresh=False)

    def for_loop(self, indent):
        r = self.rng
        index = f"i{indent}"
        kind, header = r.choice(
            [
                (
                    SCALAR,
                    f"for {index} in range({r.choice([self.trips, '3', f'1, {self.trips}', f'{self.trips}, 0, -1'])}):",
                ),
                (None, f"for {index}, e{indent} in enumerate({self.leaf(VECTOR)}):"),
                (None, f"for e{indent} in {self.leaf(VECTOR)}:"),
                (None, f"for {index}, e{indent} in zip(range(2), [{self.leaf(SCALAR)}, {self.leaf(SCALAR)}]):"),
            ]
        )
        self.emit(header, indent)
        before = dict(self.env)
        if kind is None:
            self.env[f"e{indent}"] = SCALAR
        self.loops += 1
        self.block(r.randint(1, 3), indent + 1, fresh=False)
        self.loops -= 1
        if r.random() < 0.05:
            self.emit("break", indent + 1)
        self.env = {k: v for k, v in self.env.items() if k in before}

    def while_loop(self, indent):
        r = self.rng
        counter = f"w{indent}"
        self.emit(f"{counter} = 0", indent)
        self.emit(f"while {counter} < {r.choice([self.trips, '3'])} and {self.leaf(SCALAR)} < 5.0:", indent)
        self.emit(f"{counter} += 1", indent + 1)
        self.loops += 1
        self.block(r.randint(1, 2), indent + 1, fresh=False)
        self.loops -= 1

    def returned(self):
        return (
            self.expression(self.result, 2)
            if isinstance(self.result, str)
            else ", ".join(self.expression(k, 1) for k in self.result)
        )

    result: object = SCALAR
    trips = "n"


class Program:
    """The program of one seed. `size` bounds the number of statements."""

    def __init__(self, seed, size=6):
        rng = random.Random(seed)
        helpers = []
        for k in range(rng.randint(0, 2)):
            parameters = [rng.choice([SCALAR, VECTOR]) for _ in range(rng.randint(1, 2))]
            result = rng.choice([SCALAR, VECTOR, (SCALAR, VECTOR)])
            helper = Helper(f"helper{k}", parameters, result)
            env = {f"p{j}": kind for j, kind in enumerate(parameters)}
            helper.lines = [f"def {helper.name}({', '.join(env)}):", *self.body(rng, env, list(helpers), 2, result)]
            helpers.append(helper)
        env = {"a": SCALAR, "x": VECTOR}
        main = ["def main(a, x, n):", *self.body(rng, env, helpers, size, SCALAR)]
        lines = ["import math", "", "import numpy as np", ""]
        for h in helpers:
            lines += ["", *h.lines, ""]
        self.source = "\n".join([*lines, "", *main, ""])
        self.file = f"<program {seed}>"

    @staticmethod
    def body(rng, env, helpers, size, result):
        writer = Writer(rng, env, helpers)
        writer.result = result
        writer.trips = "n" if result == SCALAR and "x" in env else "2"
        writer.block(rng.randint(1, size), 1)
        return [*writer.lines, f"    return {writer.returned()}"]

    @property
    def function(self):
        linecache.cache[self.file] = (len(self.source), None, self.source.splitlines(True), self.file)
        space = {"__name__": "program"}
        exec(compile(self.source, self.file, "exec"), space)
        return space["main"]


def arguments(seed):
    rng = np.random.default_rng(seed)
    return float(rng.normal()), rng.normal(size=3), int(rng.integers(0, 5))


def is_finite(value):
    return math.isfinite(float(value))
