"""Random programs that write into arrays: stores of every kind through names, views, lists, dicts, objects and callees.

`MemoryProgram(seed)` is a function `main(a, x, m, n)` of a float, a vector of 4, a 4 x 4 matrix and a number of rounds.
Arrays stay in scope and get further names: aliases, rows, columns, slices, transposes. What the program returns
depends on all of them. What has no value for some numbers is masked. No row is copied to a column that crosses it:
NumPy itself reads there what it has written already (`m[1] = m[:, 2]`).
"""

import linecache
import random

import numpy as np

PRELUDE = """import enum

import numpy as np


class Box:
    def __init__(self, v):
        self.v = v

    def push(self, s):
        self.v[0] += s
        return self.v


def scaled(v, s):
    v *= s


def swapped(v, w):
    v[:], w[:] = w.copy(), v.copy()


def added(y, s, v):
    for k in range(len(y)):
        y[k] += s * v[k]
    return y


def first(v):
    return v[:2]


def same(v):
    return v


def swept(m, s):
    for row in m:
        scaled(row, s)
    m[1:, 0] += m[:-1, 1]


def twice(v, s):
    added(v, s, v)
    scaled(v[1:], 0.5)


class Way(enum.Enum):
    INTO = 1
    FRESH = 2


class Part(enum.Flag):
    HEAD = enum.auto()
    TAIL = enum.auto()
    ALL = HEAD | TAIL


def changed(target, *, by=0.5, way=Way.INTO, other=None):
    if other is not None:
        target[0] += by * other[1]
    if way is Way.FRESH:
        return target * by
    target *= by
    return target


def passed_on(*arrays, **options):
    return changed(*arrays, **options)


def parted(v, parts=Part.HEAD, *, both=False):
    if both:
        return v[:2], v[2:]
    if parts is Part.ALL:
        return v
    return v[:2] if Part.HEAD in parts else v[2:]


def root(v):
    return np.sqrt(v) * 0.5


def cleaned(v, m, value=0.0):
    v[m] = value
    return v
"""

SCALAR, VECTOR, HALF, MATRIX = "scalar", "vector", "half", "matrix"
INDICES = {
    HALF: ["0", "1", "-1"],
    VECTOR: ["0", "1", "2", "3", "-1", "-2"],
}
SLICES = {
    "{v}[1:3]": HALF,
    "{v}[:2]": HALF,
    "{v}[2:]": HALF,
    "{v}[-2:]": HALF,
    "{v}[::2]": HALF,
    "{v}[::-2]": HALF,
    "{v}[1::2]": HALF,
    "{v}[:]": VECTOR,
    "{v}[::-1]": VECTOR,
    "{v}[...]": VECTOR,
    "{m}[1]": VECTOR,
    "{m}[-1]": VECTOR,
    "{m}[:, 2]": VECTOR,
    "{m}[0, :]": VECTOR,
    "{m}.T[3]": VECTOR,
    "{m}.T[:, 1]": VECTOR,
    "{m}[1:3][0]": VECTOR,
    "{m}[2, 1:3]": HALF,
    "{m}[::-1][0]": VECTOR,
    "{m}[:2, 3]": HALF,
    "{m}.T": MATRIX,
    "{m}[:]": MATRIX,
    "{m}[::-1]": MATRIX,
    "{m}[:, ::-1]": MATRIX,
    "np.transpose({m})": MATRIX,
    "np.swapaxes({m}, 0, 1)": MATRIX,
}
LENGTH = {HALF: 2, VECTOR: 4}


class MemoryWriter:
    """Writes the statements of one program."""

    def __init__(self, rng):
        self.rng = rng
        self.lines = []
        self.env = {"a": SCALAR, "x": VECTOR, "m": MATRIX}
        self.held = {}
        self.made = 0
        self.loops = []

    def emit(self, text, indent):
        self.lines.append("    " * indent + text)

    def name(self, prefix):
        self.made += 1
        return f"{prefix}{self.made}"

    def names(self, kind):
        return [n for n, k in self.env.items() if k == kind] + [t for t, k in self.held.items() if k == kind]

    # expressions

    def array(self, kind):
        """Something of this kind that is memory of the program: a name, a view."""
        r = self.rng
        known = self.names(kind)
        if known and r.random() < 0.6:
            return r.choice(known)
        form = r.choice([f for f, k in SLICES.items() if k == kind])
        if "{m}" in form:
            return form.format(m=r.choice(self.names(MATRIX)))
        return form.format(v=r.choice(self.names(VECTOR)))

    def element(self):
        """A place for one number."""
        r = self.rng
        kind = r.choice([HALF, VECTOR, VECTOR, MATRIX])
        if kind == MATRIX:
            m, i, j = self.array(MATRIX), self.index(VECTOR), self.index(VECTOR)
            return f"{m}[{i}, {j}]" if r.random() < 0.7 else f"{m}[{i}][{j}]"
        return f"{self.array(kind)}[{self.index(kind)}]"

    def index(self, kind):
        r = self.rng
        loops = [k for k, limit in self.loops if limit <= LENGTH[kind]]
        if loops and r.random() < 0.6:
            k = r.choice(loops)
            return r.choice([k, k, f"{LENGTH[kind] - 1} - {k}", f"{k} - 1", f"-1 - {k}"])
        return r.choice(INDICES[kind])

    def expression(self, kind, depth=2):
        r = self.rng
        if kind == SCALAR:
            return self.scalar(depth)
        if depth == 0 or r.random() < 0.25:
            return self.array(kind)
        one, two = self.expression(kind, depth - 1), self.expression(kind, 0)
        forms = ["np.sin({0})", "{0} * {1}", "{0} + {1}", "{0} - 0.5 * {1}", "0.7 * {0}", "np.tanh({0} + {2})", "-{0}"]
        if kind == VECTOR:
            forms += [
                "({0} if {2} > 0.3 else {1})",
                "({0} if {2} < 0.1 else {1}).copy()",
                "{3} @ {0} * 0.3",
                "np.where({0} > {1}, {0}, {2})",
                "np.full(4, {2})",
                "{0}.copy()",
            ]
        if kind == MATRIX:
            forms += ["np.outer({4}, {5})", "0.3 * {0} @ {1}", "{0}.T + {1}", "np.zeros((4, 4)) + {2}"]
        return (
            "("
            + r.choice(forms).format(
                one, two, self.scalar(0), self.array(MATRIX), self.array(VECTOR), self.array(VECTOR)
            )
            + ")"
        )

    def scalar(self, depth):
        r = self.rng
        if depth == 0 or r.random() < 0.3:
            pick = r.random()
            if pick < 0.35:
                return r.choice(self.names(SCALAR))
            return self.element() if pick < 0.85 else str(r.choice([0.5, -1.2, 2.0]))
        one, two = self.scalar(depth - 1), self.scalar(0)
        forms = [
            "np.sin({0})",
            "{0} * {1}",
            "({0} + {1})",
            "({0} - {1})",
            "np.tanh({0})",
            "np.sum({2})",
            "{2} @ {3} * 0.4",
        ]
        return r.choice(forms).format(one, two, self.array(VECTOR), self.array(VECTOR))

    def bounded(self, kind):
        """A value for a statement; in a loop it does not grow."""
        text = self.expression(kind)
        return f"np.tanh({text})" if self.loops else text

    def test(self):
        return f"{self.scalar(1)} > {self.rng.choice([-0.5, 0.0, 0.3, 1.0])}"

    # statements

    def block(self, length, indent, fresh=True):
        before, held, lines = dict(self.env), dict(self.held), len(self.lines)
        for _ in range(length):
            choice = self.rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            if indent > 3 and choice in ("loop", "branch", "rounds", "loop_rows", "identity"):
                choice = "store"
            getattr(self, f"write_{choice}")(indent)
        if len(self.lines) == lines:
            self.write_store(indent)
        if not fresh:
            self.env, self.held = before, held

    def write_scalar(self, indent):
        own = [n for n in self.names(SCALAR) if n.startswith("s")]
        name = self.rng.choice(own) if own and self.rng.random() < 0.4 else self.name("s")
        self.emit(f"{name} = {self.bounded(SCALAR)}", indent)
        self.env[name] = SCALAR

    def write_array(self, indent):
        r = self.rng
        kind = r.choice([HALF, VECTOR, VECTOR, MATRIX])
        name = self.name({HALF: "h", VECTOR: "v", MATRIX: "m"}[kind])
        shape = {HALF: "2", VECTOR: "4", MATRIX: "(4, 4)"}[kind]
        made = r.choice([self.expression(kind), f"np.zeros({shape})", f"{self.array(kind)}.copy()"])
        made = r.choice([made, f"np.array({self.array(kind)})", f"np.zeros_like({self.array(kind)})"])
        self.emit(f"{name} = {made}", indent)
        self.env[name] = kind

    def write_alias(self, indent):
        r = self.rng
        kind = r.choice([HALF, VECTOR, VECTOR, MATRIX])
        name = self.name({HALF: "h", VECTOR: "v", MATRIX: "m"}[kind])
        forms = ["{0}", "{0}", "same({0})", "{0}[:]", "np.asarray({0})" if kind == VECTOR else "{0}"]
        text = r.choice(forms).format(self.array(kind))
        self.emit(
            f"{name} = {'first(' + self.array(VECTOR) + ')' if kind == HALF and r.random() < 0.3 else text}", indent
        )
        self.env[name] = kind

    def write_chained(self, indent):
        """One array under two names, or in two places."""
        r = self.rng
        kind = r.choice([HALF, VECTOR, VECTOR, MATRIX])
        prefix = {HALF: "h", VECTOR: "v", MATRIX: "m"}[kind]
        name, other = self.name(prefix), self.name(prefix)
        text = r.choice([f"{self.expression(kind)} * 1.0", f"{self.array(kind)}.copy()", self.array(kind)])
        forms = ["{0} = {1} = {2}", "{0} = ({1} := {2})", "{0}, {1} = [{2}] * 2", "{0} = {1} = same({2})"]
        self.emit(r.choice(forms).format(name, other, text), indent)
        self.env[name] = self.env[other] = kind

    def write_store(self, indent):
        self.emit(f"{self.element()} = {self.bounded(SCALAR)}", indent)

    def write_update(self, indent):
        operator, value = self.change(SCALAR)
        self.emit(f"{self.element()} {operator} {value}", indent)

    def change(self, kind):
        r = self.rng
        operator = r.choice(["+=", "-=", "*="])
        return (operator, f"np.sin({self.expression(kind, 1)})") if operator == "*=" else (operator, self.bounded(kind))

    def place(self, kind):
        """What can stand to the left of `=`: a subscript."""
        text = self.array(kind)
        return text if text.endswith("]") and not text.startswith(("[", "(")) else f"{text}[:]"

    def write_slice(self, indent):
        kind = self.rng.choice([HALF, VECTOR, MATRIX])
        value = self.bounded(self.rng.choice([kind, kind, SCALAR]))
        self.emit(f"{self.place(kind)} = {value} * 1.0", indent)

    def write_slice_update(self, indent):
        kind = self.rng.choice([HALF, VECTOR, MATRIX])
        operator, value = self.change(self.rng.choice([kind, SCALAR]))
        self.emit(f"{self.place(kind)} {operator} {value}", indent)

    def write_name_update(self, indent):
        kind = self.rng.choice([HALF, VECTOR, MATRIX])
        names = [n for n in self.env if self.env[n] == kind]
        if names:
            operator, value = self.change(self.rng.choice([kind, SCALAR]))
            self.emit(f"{self.rng.choice(names)} {operator} {value}", indent)

    def write_overlap(self, indent):
        v = self.array(VECTOR)
        forms = ["{0}[1:] = {0}[:-1]", "{0}[:-1] = {0}[1:]", "{0}[:3] += 0.5 * {0}[:3][::-1]", "{0}[::-1] = {0}"]
        forms += ["{0}[0], {0}[1] = {0}[1], {0}[0]", "{0}[1:3] = {0}[0]", "{0}[[0, 2]] = {0}[[2, 0]]"]
        self.emit(self.rng.choice(forms).format(v), indent)

    def write_mask(self, indent):
        r = self.rng
        v = r.choice(self.names(VECTOR))
        s, w = self.bounded(SCALAR), self.array(VECTOR)
        forms = ["{0}[{0} > 0.2] = {1}", "{0}[{2} < 0.1] *= np.sin({1})", "{0}[[0, 2]] += {3}", "{0}[[1, 1, 3]] = {1}"]
        forms += ["{0}[np.array([3, 0])] = {3}", "{0}[{2} > 0] = {2}[{2} > 0]", "{0}[[1, 1]] = {3}"]
        self.emit(r.choice(forms).format(v, s, w, self.array(HALF)), indent)

    def write_identity(self, indent):
        """Tests whether two names are one object: an array and its alias, containers."""
        r = self.rng
        name = r.choice([n for n in self.env if self.env[n] in (VECTOR, MATRIX)])
        alias = self.name("v")
        boxes = [t.removesuffix(".v") for t in self.held if t.endswith(".v")]
        held = [t for t in self.held if "(" not in t]
        tests = [f"({alias} := {name}) {r.choice(['is', 'is not'])} {name}"]
        tests += [f"{b} {r.choice(['is', 'is not'])} {r.choice(boxes)}" for b in boxes]
        tests += [f"{t} is {t} and {t} is not None" for t in held]
        self.emit(f"if {r.choice(tests)}:", indent)
        self.block(1, indent + 1, fresh=False)

    def write_keywords(self, indent):
        """Calls with keywords in any order, some of a dict, that write into an argument or give a new array."""
        r = self.rng
        s = f"np.sin({self.scalar(1)})"
        options = {"by": s, "way": r.choice(["Way.INTO", "Way.FRESH", "Way(1)"]), "other": self.array(VECTOR)}
        names = r.sample(list(options), r.randint(1, 3))
        target, name = self.array(VECTOR), self.name("v")
        given = ", ".join(f"{n}={options[n]}" for n in names)
        forms = ["changed({target}, {given})", "passed_on({target}, {given})", "changed({given}, target={target})"]
        forms += ["changed({target}, **dict({given}))", "changed(**{{'target': {target}}}, {given})"]
        self.emit(f"{name} = {r.choice(forms).format(target=target, given=given)}", indent)
        self.env[name] = VECTOR

    def write_flagged(self, indent):
        """A part of an array, or the whole, or two parts: what a flag selects."""
        r, v = self.rng, self.array(VECTOR)
        h, g, w = self.name("h"), self.name("h"), self.name("v")
        form = r.randint(0, 2)
        if form == 0:
            self.emit(f"{h}, {g} = parted({v}, both=True)", indent)
            self.env[h] = self.env[g] = HALF
        elif form == 1:
            self.emit(
                f"{h} = parted(parts={r.choice(['Part.HEAD', 'Part.TAIL', 'Part.ALL & ~Part.TAIL'])}, v={v})", indent
            )
            self.env[h] = HALF
        else:
            self.emit(f"{w} = parted({v}, {r.choice(['Part.ALL', 'Part.HEAD | Part.TAIL'])})", indent)
            self.env[w] = VECTOR

    def write_singular(self, indent):
        """What has no value, or no slope, where a mask or a store leaves it out."""
        r = self.rng
        v, w, u, y = self.array(VECTOR), self.array(VECTOR), self.name("v"), self.name("v")
        self.emit(f"{u} = {r.choice(['np.maximum({v}, 0.0)', '{v} * ({v} > 0.2)', '{v} * 1.0']).format(v=v)}", indent)
        forms = ["np.log({u})", "np.sqrt({u})", "{w} / {u}", "root({u})", "np.sin(root({u})) * {w}", "{u} ** -0.5"]
        f, m = r.choice(forms).format(u=u, w=w), f"{u} > {r.choice([0.1, 0.2])}"
        other = r.choice(["0.0", self.scalar(0)])
        ways = [
            f"np.where({m}, {f}, {other})",
            f"cleaned({f} * 1.0, ~({m}), {other})",
            f"np.where({u} <= 0.2, {w}, {f})",
        ]
        self.env[u] = VECTOR
        if r.random() < 0.7:
            self.emit(f"{y} = np.tanh({r.choice(ways)})", indent)
            self.env[y] = VECTOR
        elif r.random() < 0.5:
            self.emit(f"{self.element()} = np.tanh(np.sum(({f})[{m}]))", indent)
        else:
            self.emit(f"{y} = ({f}) * 1.0", indent)
            self.emit(f"{y}[~({m})] = {other}", indent)
            self.emit(f"{y} = np.tanh({y})", indent)
            self.env[y] = VECTOR

    def write_numpy(self, indent):
        r = self.rng
        forms = [
            "np.copyto({0}, {1} * 1.0)",
            "{0}.fill({2})",
            "np.add.at({0}, [0, 1, 1], {2})",
            "np.add({0}, {1}, out={3})",
        ]
        forms += [
            "np.sin({1}, {0})",
            "np.fill_diagonal({4}, {2})",
            "np.put({0}, [0, 3], {2})",
            "np.clip({1}, -1, 1, out={0})",
        ]
        forms += ["np.copyto({0}, {1} * 1.0, where={3} > 0)", "np.subtract.at({0}, np.array([2, 2]), {5})"]
        a = self.array
        self.emit(
            r.choice(forms).format(a(VECTOR), a(VECTOR), self.bounded(SCALAR), a(VECTOR), a(MATRIX), a(HALF)), indent
        )

    def write_call(self, indent):
        r, a = self.rng, self.array
        s = f"np.sin({self.scalar(1)})"
        forms = ["scaled({0}, {2})", "swapped({0}, {1})", "added({0}, {2}, {1})", "swept({3}, {2})", "twice({0}, {2})"]
        forms += ["scaled(first({0}), {2})", "same({0})[1] = {2}", "scaled(added({0}, 0.3, {1}), {2})"]
        self.emit(r.choice(forms).format(a(VECTOR), a(VECTOR), s, a(MATRIX)), indent)

    def write_container(self, indent):
        r = self.rng
        v, w = self.array(VECTOR), self.array(VECTOR)
        name = self.name("c")
        form = r.choice(["list", "dict", "box", "tuple"])
        if form == "list":
            self.emit(f"{name} = [{v}, {w}]", indent)
            self.held |= {f"{name}[0]": VECTOR, f"{name}[1]": VECTOR}
        elif form == "dict":
            self.emit(f'{name} = {{"p": {v}, "q": {w}}}', indent)
            self.held |= {f'{name}["p"]': VECTOR}
        elif form == "box":
            self.emit(f"{name} = Box({v})", indent)
            self.held |= {f"{name}.v": VECTOR, f"{name}.push(0.3)": VECTOR}
        else:
            self.emit(f"{name} = ({v}, {w})", indent)
            self.held |= {f"({name})[1]": VECTOR}  # its items cannot be assigned

    def write_swap(self, indent):
        names = [n for n in self.env if self.env[n] == VECTOR]
        if len(names) > 1:
            v, w = self.rng.sample(names, 2)
            self.emit(f"{v}, {w} = {w}, {v}", indent)

    def write_branch(self, indent):
        r = self.rng
        self.emit(f"if {self.test()}:", indent)
        self.block(r.randint(1, 2), indent + 1, fresh=False)
        if r.random() < 0.5:
            self.emit("else:", indent)
            self.block(r.randint(1, 2), indent + 1, fresh=False)

    def write_loop(self, indent):
        r = self.rng
        k = f"k{indent}"
        header, limit = r.choice(
            [("range(n)", 2), ("range(4)", 4), ("range(1, 4)", 4), ("range(2, -1, -1)", 4), ("range(2)", 2)]
        )
        self.emit(f"for {k} in {header}:", indent)
        self.loops.append((k, limit))
        self.block(r.randint(1, 3), indent + 1, fresh=False)
        if r.random() < 0.15:
            self.emit(f"if {self.test()}:", indent + 1)
            self.emit(r.choice(["break", "continue"]), indent + 2)
            self.write_store(indent + 1)
        self.loops.pop()

    def write_loop_rows(self, indent):
        r = self.rng
        row = self.name("row")
        m = self.array(MATRIX)
        header = r.choice([f"for {row} in {m}:", f"for j, {row} in enumerate({m}):", f"for {row} in reversed({m}):"])
        self.emit(header, indent)
        self.loops.append((row, 99))
        before = dict(self.env)
        self.env[row] = VECTOR
        self.block(r.randint(1, 2), indent + 1, fresh=False)
        self.env = before
        self.loops.pop()

    def write_rounds(self, indent):
        w = self.name("w")
        self.emit(f"{w} = 0", indent)
        self.emit(f"while {w} < n and {self.scalar(0)} < 4.0:", indent)
        self.emit(f"{w} += 1", indent + 1)
        self.loops.append((w, 99))
        self.block(self.rng.randint(1, 2), indent + 1, fresh=False)
        self.loops.pop()


WEIGHTS = {
    "scalar": 3,
    "array": 4,
    "alias": 4,
    "chained": 2,
    "store": 5,
    "update": 4,
    "slice": 5,
    "slice_update": 4,
    "name_update": 3,
    "overlap": 2,
    "mask": 2,
    "numpy": 2,
    "call": 3,
    "container": 2,
    "swap": 1,
    "branch": 3,
    "loop": 4,
    "loop_rows": 2,
    "rounds": 1,
    "identity": 1,
    "keywords": 2,
    "flagged": 2,
    "singular": 3,
}


class MemoryProgram:
    """The program of one seed. `size` bounds the number of statements."""

    def __init__(self, seed, size=7):
        rng = random.Random(seed)
        writer = MemoryWriter(rng)
        writer.block(rng.randint(2, size), 1)
        parts = [f"np.sum(np.sin({n}) * {0.3 + 0.1 * k:.1f})" for k, n in enumerate(writer.env)]
        body = [*writer.lines, f"    return {' + '.join(parts)}"]
        self.source = "\n".join([PRELUDE, "", "def main(a, x, m, n):", *body, ""])
        self.file = f"<memory program {seed}>"

    @property
    def function(self):
        linecache.cache[self.file] = (len(self.source), None, self.source.splitlines(True), self.file)
        space = {"__name__": "program"}
        exec(compile(self.source, self.file, "exec"), space)
        return space["main"]


def arguments(seed):
    rng = np.random.default_rng(seed)
    return float(rng.normal()), rng.normal(size=4), rng.normal(size=(4, 4)), int(rng.integers(0, 3))


def directions(seed):
    rng = np.random.default_rng(seed + 1)
    return float(rng.normal()), rng.normal(size=4), rng.normal(size=(4, 4))


def on_copies(f):
    """The function on copies of its arrays."""
    return lambda a, x, m, n: f(a, x.copy(), m.copy(), n)
