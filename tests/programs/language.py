"""Random programs of the whole language: closures, comprehensions, lists, dicts, objects, `match`, `try`, `with`.
They ask what is what, call with keywords in any order, are given what their flags ask for, and mask what has no value.

`LanguageProgram(seed)` is a `Program` whose statements are drawn from `WEIGHTS` as well. Lists, dicts and objects stay
in scope, have aliases, and are read and changed in branches, loops and closures.
"""

import random

from tests.programs.numeric import MATRIX, SCALAR, VECTOR, Helper, Program, Writer

DICT, LIST, GROWING, BOX, MODE, CART = "dict", "list", "growing", "box", "mode", "cart"

PRELUDE = '''
class Box:
    """An object with a number and a vector."""

    scale = 0.5

    def __init__(self, s, v):
        self.s = s
        self.v = v

    def moved(self, by):
        return Box(self.s + 0.1 * by, self.v * np.cos(by))

    def push(self, by):
        self.s = np.tanh(self.s + by)
        if by > 0.2:
            self.v = self.v + 0.1 * by
        return self.s

    @property
    def total(self):
        return self.s * self.scale + np.sum(self.v)

    def __add__(self, other):
        return Box(self.s + other.s, self.v - 0.5 * other.v)

    def __mul__(self, c):
        return Box(self.s * c, self.v)

    __rmul__ = __mul__

    def __call__(self, y):
        return self.s * y + self.v[0]

    def __getitem__(self, k):
        return self.v[k]


def apply(f, *values):
    return f(*values)


def add_up(first, *rest, scale=0.5, **more):
    total = first
    for r in rest:
        total = total * scale + r
    return total + more.get("shift", 0.0)


def halved(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        return 0.5 * f(*args, **kwargs)

    return wrapper


def make_line(slope):
    def line(y):
        return slope * y + 0.1

    return line


def fill(log, value):
    log.append(np.sin(value))
    return log[0] * 0.5


class Mode(enum.Enum):
    SUM = 1
    LAST = 2
    FIRST = "first"

    @property
    def scale(self):
        return 0.5 if self is Mode.SUM else 0.8


class Rank(enum.IntEnum):
    LOW = 1
    HIGH = 3


class Part(enum.Flag):
    HEAD = enum.auto()
    TAIL = enum.auto()
    ALL = HEAD | TAIL


def blend(first, second=0.5, *, weight=0.3, shift=0.0, mode=Mode.SUM):
    if mode is Mode.LAST:
        return second * weight + shift
    if mode == Mode.FIRST:
        return np.tanh(first) * mode.scale
    return first * weight - np.tanh(second) * mode.scale + shift


def forwarded(*values, **options):
    options.setdefault("weight", 0.7)
    return blend(*values, **options)


def measured(v, s=1.0, *, full=False, both=False, parts=None):
    if both:
        return np.sum(v) * s, v * 0.5
    if parts is not None:
        head = v[0] if Part.HEAD in parts else 0.0
        return head + (v[-1] * s if parts & Part.TAIL else 0.0)
    return np.tanh(v) * s if full else v[1] * s


def found(v, limit):
    for e in v:
        if e > limit:
            return e * 0.5
    return None


def root(v):
    return np.sqrt(v) * 0.5


def slope_of(v, w):
    return np.sin(w) / v


def kept(v, w, limit=0.2):
    return np.where(v > limit, w, 0.1)
'''


class LanguageWriter(Writer):
    """Writes statements of the whole language. `local` are functions inside the present one.

    Where it writes `carts`, it makes objects of the class that the program has, and calls their methods.
    """

    def __init__(self, rng, env, helpers, depth=0):
        super().__init__(rng, env, helpers, depth)
        self.local = []
        self.made = 0

    def leaf(self, kind):
        r = self.rng
        if r.random() < 0.35:
            found = self.held(kind)
            if found:
                return r.choice(found)
        return super().leaf(kind)

    def held(self, kind):
        """What is in the lists, dicts and objects in scope."""
        found = []
        if kind == SCALAR:
            found += [f'{d}["u"]' for d in self.names(DICT)]
            found += [f"{x}[{k}]" for x in self.names(LIST) for k in (0, 1, -1)]
            found += [f"{x}[-1]" for x in self.names(GROWING)] + [f"{x}[0]" for x in self.names(GROWING)]
            found += [t for b in self.names(BOX) for t in (f"{b}.s", f"{b}.total", f"{b}(0.3)", f"{b}[1]")]
            found += [f"{f}({super(LanguageWriter, self).leaf(SCALAR)})" for f in self.local]
        if kind == VECTOR:
            found += [f'{d}["v"]' for d in self.names(DICT)] + [f"{b}.v" for b in self.names(BOX)]
        return found

    def statement(self, indent):
        r = self.rng
        if r.random() < 0.45 or indent > 3:
            super().statement(indent)
            return
        construct = r.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        getattr(self, f"write_{construct}")(indent)

    def expression(self, kind, depth):
        """In a loop the value of a statement is bounded: what is iterated does not grow until digits cancel."""
        text = super().expression(kind, depth)
        return f"np.tanh({text})" if depth == 3 and self.loops else text

    def name(self, prefix):
        self.made += 1
        return f"{prefix}{self.made}"

    def block(self, length, indent, fresh=True):
        local = list(self.local)
        super().block(length, indent, fresh)
        if not fresh:
            self.local = local

    # functions

    def write_closure(self, indent):
        r, name = self.rng, self.name("f")
        default = f", k={self.leaf(SCALAR)}" if r.random() < 0.3 else ""
        self.emit(f"def {name}(y{default}):", indent)
        before, loops = dict(self.env), self.loops
        self.env["y"] = SCALAR
        self.loops = 0
        result, self.result = self.result, SCALAR
        changed = [n for n in before if before[n] == SCALAR and n.startswith("t")]
        if changed and r.random() < 0.4 and self.top:
            target = r.choice(changed)
            self.emit(f"nonlocal {target}", indent + 1)
            self.emit(f"{target} = np.tanh({target} + 0.1 * y)", indent + 1)
            self.env = {k: v for k, v in before.items() if v != SCALAR} | {target: SCALAR, "y": SCALAR}
        self.local, local = [], self.local
        if r.random() < 0.4:
            self.emit(f"if {self.test()}:", indent + 1)
            self.emit(f"return {self.expression(SCALAR, 1)}", indent + 2)
        self.emit(f"return {self.expression(SCALAR, 2)}", indent + 1)
        self.env, self.loops, self.result, self.local = before, loops, result, [*local, name]

    top = True

    def write_lambda(self, indent):
        name = self.name("g")
        before = dict(self.env)
        self.env["y"] = SCALAR
        body = self.expression(SCALAR, 2)
        self.env = before
        wrapped = self.rng.choice(["{}", "halved({})", "functools.partial({})"]).format(f"lambda y: {body}")
        self.emit(f"{name} = {wrapped}", indent)
        self.local.append(name)

    def write_passed(self, indent):
        r = self.rng
        functions = [*self.local, "np.sin", "lambda y: y * y * 0.3", f"make_line({self.leaf(SCALAR)})"]
        text = f"apply({r.choice(functions)}, {self.expression(SCALAR, 1)})"
        self.emit(f"{self.target(SCALAR)} = {text}", indent)

    def write_variadic(self, indent):
        values = [self.expression(SCALAR, 1) for _ in range(self.rng.randint(1, 3))]
        extra = self.rng.choice(["", f", scale={self.leaf(SCALAR)}", ", **{'shift': 0.2}"])
        self.emit(f"{self.target(SCALAR)} = np.tanh(add_up({', '.join(values)}{extra}))", indent)

    def write_reduced(self, indent):
        vector = self.leaf(VECTOR)
        text = self.rng.choice(
            [
                f"functools.reduce(lambda p, q: 0.5 * p + np.sin(q), {vector}, {self.leaf(SCALAR)})",
                f"sum(map(lambda q: q * {self.leaf(SCALAR)}, {vector}))",
                f"sum(filter(lambda q: q > 0.1, [{self.leaf(SCALAR)}, 0.2, 0.5]))"
                if self.rng.random() < 0.0
                else f"sum(itertools.accumulate([{self.leaf(SCALAR)}, {self.leaf(SCALAR)}, 0.3]))",
            ]
        )
        self.emit(f"{self.target(SCALAR)} = np.tanh({text})", indent)

    # comprehensions

    def write_comprehension(self, indent):
        r = self.rng
        before = dict(self.env)
        self.env["e"] = SCALAR
        element = self.expression(SCALAR, 2)
        self.env = before
        over = r.choice([self.leaf(VECTOR), f"range({self.trips})", "range(3)", f"[{self.leaf(SCALAR)}, 0.4]"])
        test = r.choice(["", "", " if e > 0.3"])
        text = r.choice(
            [
                f"sum([{element} for e in {over}{test}])",
                f"sum({element} for e in {over}{test})",
                f"np.sum(np.array([{element} for e in {over}]))",
                f"max([{element} for e in [0.1, {self.leaf(SCALAR)}]])",
            ]
        )
        self.emit(f"{self.target(SCALAR)} = np.tanh({text})", indent)

    def write_nested(self, indent):
        text = f"sum([p * q for p in {self.leaf(VECTOR)} for q in [{self.leaf(SCALAR)}, 0.5]])"
        table = f"np.sum(np.array([[p * k for k in range(2)] for p in {self.leaf(VECTOR)}]))"
        self.emit(f"{self.target(SCALAR)} = np.tanh({self.rng.choice([text, table])})", indent)

    # containers

    def hold(self, kind, name):
        self.env[name] = kind

    def write_dict(self, indent):
        name = self.name("d")
        self.emit(f'{name} = {{"u": {self.expression(SCALAR, 1)}, "v": {self.leaf(VECTOR)}}}', indent)
        self.hold(DICT, name)

    def write_list(self, indent):
        name = self.name("ls")
        self.emit(f"{name} = [{self.leaf(SCALAR)}, {self.expression(SCALAR, 1)}, 0.5]", indent)
        self.hold(LIST, name)

    def write_growing(self, indent):
        name = self.name("gs")
        self.emit(f"{name} = [{self.expression(SCALAR, 1)}]", indent)
        self.emit(f"for _ in range({self.trips}):", indent)
        self.emit(f"{name}.append(np.tanh({name}[-1] + {self.leaf(SCALAR)}))", indent + 1)
        self.hold(GROWING, name)

    def write_object(self, indent):
        name = self.name("b")
        boxes = self.names(BOX)
        texts = [f"Box({self.expression(SCALAR, 1)}, {self.leaf(VECTOR)})"]
        if boxes:
            b, c = self.rng.choice(boxes), self.rng.choice(boxes)
            texts += [f"{b} + {c}", f"0.5 * {b}", f"{b}.moved({self.leaf(SCALAR)})"]
        self.emit(f"{name} = {self.rng.choice(texts)}", indent)
        self.hold(BOX, name)

    def write_alias(self, indent):
        for kind, prefix in ((DICT, "d"), (LIST, "ls"), (BOX, "b")):
            names = self.names(kind)
            if names and self.rng.random() < 0.5:
                name = self.name(prefix)
                self.emit(f"{name} = {self.rng.choice(names)}", indent)
                self.hold(kind, name)
                return
        self.write_list(indent)

    def write_change(self, indent):
        """A store into something in scope."""
        r = self.rng
        texts = []
        for d in self.names(DICT):
            texts += [f'{d}["u"] {r.choice(["=", "+="])} np.tanh({self.expression(SCALAR, 1)})']
            texts += [f'{d}["v"] = 0.5 * {d}["v"] + {self.leaf(VECTOR)}', f"{d}.update(u={self.leaf(SCALAR)})"]
        for x in self.names(LIST):
            texts += [
                f"{x}[{r.choice([0, 1, 2, -1])}] = {self.expression(SCALAR, 1)}",
                f"{x}[1] += {self.leaf(SCALAR)}",
            ]
            texts += [f"{x}[0], {x}[1] = {x}[1], {x}[0]", f"{x}[n % 3] = {self.leaf(SCALAR)}"][
                : 1 + (self.trips == "n")
            ]
        for x in self.names(GROWING):
            texts += [f"{x}.append(np.sin({self.leaf(SCALAR)}))", f"{x}[0] = {self.leaf(SCALAR)}"]
            texts += [f"{x}.extend([{self.leaf(SCALAR)}, 0.3])", f"fill({x}, {self.leaf(SCALAR)})"]
        for b in self.names(BOX):
            texts += [f"{b}.s = np.cos({self.leaf(SCALAR)})", f"{b}.v = {b}.v * 0.5", f"{b}.push({self.leaf(SCALAR)})"]
            texts += [f"{b}.s += 0.1 * {self.leaf(SCALAR)}"]
        if not texts:
            self.write_object(indent)
            return
        self.emit(r.choice(texts), indent)

    def write_over(self, indent):
        """A loop over something in scope."""
        r = self.rng
        overs = [f"for e in {x}:" for x in (*self.names(LIST), *self.names(GROWING))]
        overs += [f"for _, e in [({self.leaf(SCALAR)}, 0.2), (0.1, {self.leaf(SCALAR)})]:"]
        overs += [f"for e in reversed({self.leaf(VECTOR)}):", f"for e in sorted({self.leaf(VECTOR)}):"]
        total = self.fresh(SCALAR)
        self.emit(f"{total} = 0.0", indent)
        self.emit(r.choice(overs), indent)
        self.emit(f"{total} = np.tanh({total} + 0.5 * e)", indent + 1)

    # control

    def write_match(self, indent):
        r = self.rng
        subject = r.choice(["n", "'mode'", "(1, n)", '{"k": 2}']) if self.trips == "n" else "'mode'"
        self.emit(f"match {subject}:", indent)
        patterns = {
            "n": ["0", "1 | 2"],
            "'mode'": ["'other'", "str()"],
            "(1, n)": ["(2, _)", "(1, k) if k > 1"],
            '{"k": 2}': ['{"j": _}', '{"k": int(j)}'],
        }[subject]
        for pattern in patterns:
            self.emit(f"case {pattern}:", indent + 1)
            self.block(1, indent + 2, fresh=False)
        self.emit("case _:", indent + 1)
        self.block(1, indent + 2, fresh=False)

    def write_try(self, indent):
        r = self.rng
        if r.random() < 0.3:
            self.emit("try:", indent)
            self.block(1, indent + 1, fresh=False)
            self.emit("finally:", indent)
            self.emit("pass", indent + 1)
            return
        value, other, test = self.expression(SCALAR, 2), self.expression(SCALAR, 1), self.test()
        self.emit("try:", indent)
        if r.random() < 0.7:
            self.emit(f"if {test}:", indent + 1)
            self.emit("raise ValueError('too large')", indent + 2)
        at = len(self.lines)
        self.emit("except (ValueError, KeyError):", indent)
        self.block(r.randint(0, 1), indent + 1, fresh=False)
        target = self.target(SCALAR)
        self.lines.insert(at, "    " * (indent + 1) + f"{target} = {value}")
        self.emit(f"{target} = {other}", indent + 1)

    def write_with(self, indent):
        self.emit('with np.errstate(all="ignore"):', indent)
        self.block(self.rng.randint(1, 2), indent + 1, fresh=False)

    def write_walrus(self, indent):
        value = self.expression(SCALAR, 1)
        name = self.fresh(SCALAR)
        self.emit(f"if ({name} := {value}) > {round(self.rng.uniform(-1, 1), 2)}:", indent)
        self.block(1, indent + 1, fresh=False)

    def write_sentinel(self, indent):
        name = self.name("best")
        self.emit(f"{name} = None", indent)
        self.emit(f"for e in {self.leaf(VECTOR)}:", indent)
        self.emit(f"if {name} is None or e > {name}:", indent + 1)
        self.emit(f"{name} = e", indent + 2)
        self.emit(f"{self.target(SCALAR)} = {name} * 0.5", indent)

    def write_loop_else(self, indent):
        r = self.rng
        self.emit(r.choice([f"for e in {self.leaf(VECTOR)}:", f"for e in [{self.leaf(SCALAR)}, 0.3]:"]), indent)
        before = dict(self.env)
        self.env["e"] = SCALAR
        self.loops += 1
        self.block(1, indent + 1, fresh=False)
        self.emit(f"if {self.test()}:", indent + 1)
        self.emit("break", indent + 2)
        self.loops -= 1
        self.env = {k: v for k, v in self.env.items() if k in before}
        self.emit("else:", indent)
        self.block(1, indent + 1, fresh=False)

    def write_unpack(self, indent):
        lists = self.names(LIST)
        source = self.rng.choice(lists) if lists else f"({self.leaf(SCALAR)}, 0.3, {self.leaf(SCALAR)})"
        names = [self.fresh(SCALAR), self.fresh(SCALAR)]
        rest = self.name("rest")
        self.emit(f"{names[0]}, *{rest} = {source}", indent)
        self.emit(f"{names[1]} = sum({rest}) * len({rest})", indent)

    # objects that are used up, shared, or changed while they are walked

    def write_iterator(self, indent):
        """An iterator, and several who take its items."""
        r, it = self.rng, self.name("it")
        items = f"[{self.leaf(SCALAR)}, {self.leaf(SCALAR)}, 0.4, {self.leaf(SCALAR)}]"
        whole = self.names(LIST)
        sources = [f"iter({items})", f"map(lambda q: 0.5 * q, {items})", f"(q * {self.leaf(SCALAR)} for q in {items})"]
        sources += [f"reversed({items})", f"iter({self.leaf(VECTOR)})", *[f"iter({x})" for x in whole]]
        source, first, test = r.choice(sources), self.leaf(SCALAR), self.test()
        total = self.fresh(SCALAR)
        self.emit(f"{it} = {source}", indent)
        uses = [f"{total} = next({it}) + sum({it})", f"{total} = sum({it}) + 0.5 * sum({it})"]
        uses += [f"{total} = next({it}) * next({it}, 0.3)"]
        if "iter([" in source:
            uses.append(f"{total} = sum(p * q for p, q in zip({it}, {it}))")
        if r.random() < 0.6:
            self.emit(r.choice(uses), indent)
        else:
            self.emit(f"{total} = {first}", indent)
            self.emit(f"for e in {it}:", indent)
            self.emit(f"{total} = np.tanh({total} + e)", indent + 1)
            self.emit(f"if {test}:", indent + 1)
            self.emit("break", indent + 2)
        if not source.startswith(("(", "map")) and r.random() < 0.6:
            self.emit(f"{total} = np.tanh({total} + sum({it}))", indent)

    def write_chained(self, indent):
        """One object under two names."""
        r = self.rng
        kind, prefix, text = r.choice(
            [
                (LIST, "ls", f"[{self.leaf(SCALAR)}, {self.expression(SCALAR, 1)}, 0.5]"),
                (DICT, "d", f'{{"u": {self.leaf(SCALAR)}, "v": {self.leaf(VECTOR)}}}'),
                (BOX, "b", f"Box({self.leaf(SCALAR)}, {self.leaf(VECTOR)})"),
            ]
        )
        names = [self.name(prefix), self.name(prefix)]
        self.emit(f"{names[0]} = {names[1]} = {text}", indent)
        for name in names:
            self.hold(kind, name)

    def write_walked(self, indent):
        """A list that changes in the body of the loop over it."""
        r, first = self.rng, self.leaf(SCALAR)
        lists = [*self.names(LIST), *self.names(GROWING)]
        if not lists:
            self.write_list(indent)
            return
        x, total = r.choice(lists), self.fresh(SCALAR)
        self.emit(f"{total} = {first}", indent)
        self.emit(f"for k, e in enumerate({x}):", indent)
        self.emit(f"{total} = np.tanh({total} + 0.5 * e)", indent + 1)
        change = r.choice([f"{x}[-1] = {total}", f"{x}.append({total})", f"{x}[k] = np.sin(e)"])
        test = r.choice([f"len({x}) < 5", f"len({x}) < 5 and e > 0.1"]) if "append" in change else "k < 2"
        self.emit(f"if {test}:", indent + 1)
        self.emit(change, indent + 2)

    def write_spliced(self, indent):
        """Slices of a list of run-time length, of any number of items."""
        r, lists = self.rng, self.names(GROWING)
        if not lists:
            self.write_growing(indent)
            return
        x, s, t = r.choice(lists), self.leaf(SCALAR), self.leaf(SCALAR)
        forms = [f"{x}[1:] = [{s}, {t}]", f"{x}[:1] = [{s}, {t}]", f"{x}[1:2] = []", f"del {x}[1:2]"]
        forms += [f"{x}[len({x}) :] = [{s}]", f"{x}.insert(1, {t})", f"{x}[:0] = {x}[-1:]", f"{x}[-1:] = [{t}, {s}]"]
        self.emit(r.choice(forms), indent)

    def write_views(self, indent):
        """The views of a dict, which show what it holds when they are read."""
        d, view = self.name("table"), self.name("view")
        self.emit(f'{d} = {{"p": {self.leaf(SCALAR)}}}', indent)
        self.emit(f"{view} = {d}.values()", indent)
        self.emit(f'{d}["q"] = {self.expression(SCALAR, 1)}', indent)
        self.emit(f'{d}["p"] += 0.1', indent)
        self.emit(f"{self.target(SCALAR)} = np.tanh(sum({view}) * len({view}))", indent)

    def write_grouped(self, indent):
        """A dict that gets keys of run time, in a loop over a vector."""
        r, d, k, v, key = self.rng, *map(self.name, ("groups", "k", "v", "key"))
        lists = r.random() < 0.3
        makes = ["{}"] if lists else ["{}", "{0: 0.5}", "collections.defaultdict(float)", "collections.Counter()"]
        made = r.choice(makes)
        keys = [f"{k} % 3", f"{k} // 2 + 1", f"int({v} > 0.1)"]
        keys += [] if ":" in made else [f'"low" if {v} < 0.2 else "high"', f"({k} % 2, {v} > 0.0)"]
        x = f"np.tanh({v} + {self.leaf(SCALAR)})"
        forms = [f"{d}[{key}] = {x}", f"{d}[{key}] = {d}.get({key}, 0.5) * {x}", f"{d}.setdefault({key}, {x})"]
        forms += [f"{d}[{key}] += {x}"] * 3 if "." in made and ":" not in made else []
        if lists:
            forms = [f"{d}.setdefault({key}, []).append({x})", f"{d}[{key}] = [{x}] + {d}.get({key}, [])"]
        self.emit(f"{d} = {made}", indent)
        self.emit(f"for {k}, {v} in enumerate({self.leaf(VECTOR)}):", indent)
        self.emit(f"{key} = {r.choice(keys)}", indent + 1)
        for _ in range(r.randint(1, 2)):
            self.emit(r.choice(forms), indent + 1)
        item = f"sum({v})" if lists else v
        sums = [f"sum(({k} + 1) * {item} for {k}, {v} in enumerate({d}.values()))", f"len({d}) * {self.leaf(SCALAR)}"]
        sums += [] if lists else [f"sum({d}[{k}] * {v} for {k}, {v} in {d}.items())", f"max({d}.values())"]
        self.emit(f"{self.target(SCALAR)} = np.tanh({r.choice(sums)})", indent)

    # what is what, keywords, flags

    def write_identity(self, indent):
        """Tests by identity and by equality of members, objects and None."""
        r = self.rng
        modes, boxes, lists = self.names(MODE), self.names(BOX), self.names(LIST)
        name = self.name("mode")
        made = r.choice(
            ["Mode.SUM", "Mode.FIRST", "Mode(2)", "Mode['LAST']", f"Mode.SUM if {self.test()} else Mode.LAST"]
        )
        self.emit(f"{name} = {made}", indent)
        members = ["Mode.SUM", "Mode.LAST", *modes]
        tests = [
            f"{name} {r.choice(['is', 'is not', '==', '!='])} {r.choice(members)}",
            f"{name} in (Mode.SUM, {members[-1]})",
            f"{name}.name == 'SUM'",
            f"{name}.scale * {self.leaf(SCALAR)} > 0.1",
        ]
        tests += [f"{b} {r.choice(['is', 'is not'])} {r.choice(boxes)}" for b in boxes]
        tests += [f"{x} {r.choice(['is', 'is not'])} {r.choice(lists)}" for x in lists]
        tests += [f"type({b}) is Box and {b} is not None" for b in boxes]
        self.emit(f"if {r.choice(tests)}:", indent)
        self.block(1, indent + 1, fresh=False)
        if r.random() < 0.5:
            self.emit("else:", indent)
            self.block(1, indent + 1, fresh=False)
        self.hold(MODE, name)

    def write_searched(self, indent):
        """None, or a number: known at run time."""
        name = self.name("hit")
        self.emit(f"{name} = found({self.leaf(VECTOR)}, {round(self.rng.uniform(-1, 1), 2)})", indent)
        test = self.rng.choice([f"{name} is not None", f"{name} is not None and {name} > 0.2"])
        other = self.leaf(SCALAR)
        self.emit(f"{self.target(SCALAR)} = {name} * 0.5 if {test} else {other}", indent)

    def write_keywords(self, indent):
        """Keywords in any order, some of a dict."""
        r = self.rng
        mode = r.choice(["Mode.SUM", "Mode.LAST", "Mode.FIRST", *self.names(MODE)])
        options = {"weight": self.leaf(SCALAR), "shift": self.expression(SCALAR, 1), "mode": mode}
        options["second"] = self.leaf(SCALAR)
        names = r.sample(list(options), r.randint(1, 4))
        texts = [f"{n}={options[n]}" for n in names]
        function = r.choice(["blend", "forwarded", "functools.partial(blend, weight=0.2)"])
        form = r.random()
        if form < 0.3:
            name = self.name("options")
            self.emit(f"{name} = {{{', '.join(f'{n!r}: {options[n]}' for n in names)}}}", indent)
            if r.random() < 0.5:
                self.emit(f"{name}['shift'] = {self.leaf(SCALAR)}", indent)
            texts = [f"**{name}"]
        elif form < 0.5:
            texts = [f"**dict({', '.join(texts)})"]
        first = self.expression(SCALAR, 1)
        if r.random() < 0.5:
            texts.insert(0, first)
        else:
            texts.insert(r.randint(0, len(texts)), f"first={first}")
        self.emit(f"{self.target(SCALAR)} = np.tanh({function}({', '.join(texts)}))", indent)

    def write_flagged(self, indent):
        """What a callee returns is what its flags ask for."""
        r, v, s = self.rng, self.leaf(VECTOR), self.leaf(SCALAR)
        parts = r.choice(
            ["Part.HEAD", "Part.TAIL", "Part.ALL", "Part.HEAD | Part.TAIL", "Part(2)", "Part.ALL & ~Part.HEAD"]
        )
        flag = r.choice(["True", "False", "n > 1" if self.trips == "n" else "1 > 2"])
        form = r.randint(0, 3)
        if form == 0:
            self.emit(f"{self.target(SCALAR)} = np.tanh(measured({v}, parts={parts}, s={s}))", indent)
        elif form == 1:
            first, second = self.target(SCALAR), self.target(VECTOR)
            self.emit(f"{first}, {second} = measured({v}, both=True, s={s})", indent)
        elif form == 2:
            self.emit(f"{self.target(VECTOR)} = measured({v}, full=True) * {s}", indent)
        else:
            total = f"np.sum(measured(full={flag}, v={v})) * Rank.HIGH - Rank.LOW * {s}"
            self.emit(f"{self.target(SCALAR)} = np.tanh({total})", indent)

    # methods and closures that are called again and again

    carts = False

    def write_cart(self, indent):
        if not self.carts:
            self.write_driven(indent)
            return
        name = self.name("cart")
        box = self.rng.choice([*self.names(BOX), f"Box({self.leaf(SCALAR)}, {self.leaf(VECTOR)})"])
        self.emit(f"{name} = Cart({self.expression(SCALAR, 1)}, {self.leaf(VECTOR)}, {box})", indent)
        self.hold(CART, name)
        self.write_driven(indent)

    def write_driven(self, indent):
        """Several calls of one function, between which what it reads may change."""
        r, carts = self.rng, self.names(CART) if self.carts else []
        functions = [f"{c}.{m}" for c in carts for m in ("drive", "push", "both")] + self.local[-1:]
        if not functions:
            (self.write_cart if self.carts else self.write_closure)(indent)
            return
        f, value = r.choice(functions), self.leaf(SCALAR)
        target = self.target(SCALAR)
        self.emit(f"{target} = np.tanh({f}({value}))", indent)
        if carts and r.random() < 0.4:
            c = r.choice(carts)
            changes = [f"{c}.s = {target}", f"{c}.v = {self.leaf(VECTOR)}", f"{c}.box.s += 0.1 * {target}"]
            self.emit(r.choice([*changes, f"{c}.v[1] = {target}", f"{c}.box = Box({target}, {c}.v)"]), indent)
        if r.random() < 0.3:
            self.emit(f"for _ in range({self.trips}):", indent)
            self.emit(f"{target} = np.tanh({f}({target}) - {f}(0.5 * {target}))", indent + 1)
        more = f"{f}({target} + 0.1) * {f}({self.leaf(SCALAR)})"
        self.emit(f"{self.target(SCALAR)} = np.tanh({more} + {f}({target}))", indent)

    # masks

    def singular(self, v, w):
        """What has no value, or no slope, for some numbers of a vector."""
        forms = ["np.log({v})", "np.sqrt({v})", "{w} / {v}", "root({v})", "slope_of({v}, {w})", "({v}) ** 0.5 * {w}"]
        forms += ["np.sin(np.sqrt({v})) * {w}", "np.log(root({v}) + 0.0 * {w})", "np.arctanh(0.3 * np.sqrt({v}))"]
        forms += ["np.exp(-0.1 / ({v})) + {w}", "np.where({w} > 0, np.log({v}), {w})", "slope_of(np.sqrt({v}), {w})"]
        return self.rng.choice(forms).format(v=v, w=w)

    def write_masked(self, indent):
        r, v, w = self.rng, self.leaf(VECTOR), self.leaf(VECTOR)
        source = r.choice([v, f"np.maximum({v}, 0.0)", f"{v} * ({v} > 0.2)"])
        u = self.fresh(VECTOR)
        self.emit(f"{u} = {source} + 0.0", indent)
        f, m = self.singular(u, w), f"{u} > {r.choice([0.1, 0.2, 0.3])}"
        forms = [
            f"np.where({m}, {f}, 0.0)",
            f"np.where({u} <= 0.2, {w}, {f})",
            f"kept({u}, {f})",
            f"kept(w={f}, limit=0.3, v={u})",
        ]
        if r.random() < 0.5:
            self.emit(f"{self.target(VECTOR)} = np.tanh({r.choice(forms)})", indent)
            return
        if r.random() < 0.3:
            changed = self.fresh(VECTOR)
            self.emit(f"{changed} = ({f}) * 1.0", indent)
            self.emit(f"{changed}[~({m})] = {r.choice(['0.0', self.leaf(SCALAR)])}", indent)
            return
        sums = [f"np.sum(({f})[{m}])", f"np.sum({f}, where={m})", f"({f})[{m}] @ {w}[{m}]"]
        self.emit(f"{self.target(SCALAR)} = np.tanh({r.choice(sums)})", indent)


WEIGHTS = {
    "closure": 3,
    "lambda": 2,
    "passed": 2,
    "variadic": 1,
    "reduced": 1,
    "comprehension": 3,
    "nested": 1,
    "dict": 1,
    "list": 2,
    "growing": 2,
    "object": 2,
    "alias": 1,
    "change": 5,
    "over": 2,
    "match": 1,
    "try": 2,
    "with": 1,
    "walrus": 1,
    "sentinel": 1,
    "loop_else": 1,
    "unpack": 1,
    "iterator": 2,
    "chained": 1,
    "walked": 1,
    "spliced": 1,
    "views": 1,
    "grouped": 2,
    "identity": 2,
    "searched": 1,
    "keywords": 2,
    "flagged": 2,
    "masked": 3,
    "cart": 2,
    "driven": 4,
}
"""How often each construct is drawn."""


class LanguageProgram(Program):
    """A program of the whole language."""

    def __init__(self, seed, size=6):
        rng = random.Random(seed)
        helpers = []
        for k in range(rng.randint(0, 1)):
            helper = Helper(f"helper{k}", [SCALAR, VECTOR], SCALAR)
            lines = self.written(rng, {"p0": SCALAR, "p1": VECTOR}, [], 2, "2")
            helper.lines = [f"def {helper.name}(p0, p1):", *lines]
            helpers.append(helper)
        cart = self.cart(rng, helpers)
        main = ["def main(a, x, n):", *self.written(rng, {"a": SCALAR, "x": VECTOR}, helpers, size, "n", carts=True)]
        lines = [
            "import collections",
            "import enum",
            "import functools",
            "import itertools",
            "import math",
            "",
            "import numpy as np",
            "",
            PRELUDE,
        ]
        for h in helpers:
            lines += ["", *h.lines, ""]
        lines += ["", *cart, ""]
        self.source = "\n".join([*lines, "", *main, ""])
        self.file = f"<language program {seed}>"

    @classmethod
    def cart(cls, rng, helpers):
        """A class whose methods read what an object holds, and store into it now and then."""
        own = {"self.s": SCALAR, "self.v": VECTOR, "self.box.s": SCALAR, "self.box.v": VECTOR}
        read = {"s": SCALAR, "v": VECTOR, "w": SCALAR}
        lines = [
            "class Cart:",
            "    def __init__(self, s, v, box):",
            "        self.s, self.v, self.box = s, v, box",
            "",
        ]
        for name in ("drive", "push"):
            stores = rng.random() < 0.4
            body = cls.written(rng, {"y": SCALAR, **(own if stores else read)}, helpers, 3, "2")
            first = [] if stores else ["        s, v, w = self.s, self.v + 0.0, self.box.s"]
            lines += [f"    def {name}(self, y):", *first, *(f"    {line}" for line in body), ""]
        return [*lines, "    def both(self, y):", "        return self.drive(y) - 0.5 * self.push(self.drive(0.5 * y))"]

    @staticmethod
    def written(rng, env, helpers, size, trips, carts=False):
        writer = LanguageWriter(rng, env, helpers)
        writer.carts = carts
        writer.trips = trips
        writer.block(rng.randint(2, size), 1)
        return [*writer.lines, f"    return {writer.expression(SCALAR, 2)} + {writer.leaf(SCALAR)}"]


assert MATRIX
