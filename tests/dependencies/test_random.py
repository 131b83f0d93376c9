"""Random programs and random changes of what they read: no derivative is stale, none is compiled in vain."""

import random
from dataclasses import dataclass

import pytest

import s2sad
from tests.dependencies.changing import COUNTER, DEEP, close, compilations, difference, forget, import_package, outcome

SEQUENCES, STEPS, EACH = (2000 if DEEP else 100), 20, 10
AT = 0.75
NAMES = ["f0", "f1"]

HEAD = """import functools
import math

import numpy as np

import PACKAGE.other
import PACKAGE.other as other


class Thing:
    k = 2

    def __init__(self, n):
        self.n = n

    def scaled(self, t):
        return t * self.n

    def __call__(self, t):
        return t * self.n + 1.0


def double(t):
    return t * 2.0


def square(t):
    return t**2


def power(t, n):
    return t**n


def made(n):
    return lambda t: t**n


def times(n):
    def inner(t):
        return t * n

    return inner


def anew():
    return lambda t: t * 4.0


def reader(t):
    return t * I1


def reader_of_dict(t):
    return t**2 * D["a"]


def deep_reader(t):
    return reader(t) + other.g(t)


def by_default(t, n=1):
    return t * n


def by_keyword(t, *, n=1):
    return t**n


by_cell = made(1)
by_partial = functools.partial(power, n=1)
I0 = I1 = S0 = F0 = F1 = R0 = A0 = H0 = None
D, L, T = {}, [None, None], {"a": [None, double], "b": {"c": None}}
O = Thing(1)
"""

OTHER = """K = None
g = None


def double(t):
    return t * 2.0


def cube(t):
    return t**3


def reader(t):
    return t * K
"""

VALUES = {
    "int": ["1", "2", "3"],
    "float": ["0.5", "2.0", "1.25"],
    "str": ["''.join(['a', 'bc'])", "''.join(['x', 'y'])"],
    "function": ["double", "square", "made(2)", "made(3)", "times(2)", "times(3.0)", "anew()", "reader", "deep_reader"]
    + ["reader_of_dict", "functools.partial(power, n=2)", "functools.partial(power, n=3)", "np.sin", "math.cos"]
    + ["Thing(2)", "Thing(3)", "Thing(2).scaled"],
    "simple": ["other.double", "other.cube", "other.reader"],
    "ints": ["[1, 2]", "[1, 3]", "(1, 2)", "[2]"],
    "thing": ["Thing(2)", "Thing(3)"],
}

READS = {
    "int": ["x * {}", "x**{}", "(x * 2.0 if {} > 1 else x**2)"],
    "float": ["x * {}", "np.sin(x * {})"],
    "str": ["(x**2 if {} == 'abc' else x * 3.0)", "x * len({})"],
    "function": ["{}(x)", "x * {}(x)"],
    "simple": ["{}(x)"],
    "ints": ["sum(x * k for k in {})", "x * {}[0]", "x * len({})"],
    "thing": ["x * {}.n", "{}.scaled(x)", "{}(x)"],
}


@dataclass(frozen=True)
class Place:
    """What can be changed: how it is read, of what kind it is, and a statement that puts `value_` there."""

    reads: tuple[str, ...]
    kind: str
    put: str


def plain(target, kind, *others):
    return Place((target, *others), kind, f"{target} = value_")


PLACES = {
    "I0": plain("I0", "int"),
    "I1": plain("I1", "int"),
    "S0": plain("S0", "str"),
    "F0": plain("F0", "function"),
    "F1": plain("F1", "function"),
    "R0": plain("R0", "float"),
    "A0": plain("A0", "ints"),
    "H0": plain("H0", "thing"),
    "D.a": plain("D['a']", "int"),
    "D.s": plain("D['s']", "str"),
    "D.f": plain("D['f']", "function"),
    "L.0": plain("L[0]", "function"),
    "L.1": plain("L[1]", "ints"),
    "T.a": plain("T['a'][0]", "function"),
    "T.b": plain("T['b']['c']", "function"),
    "O.n": plain("O.n", "int"),
    "O.f": plain("O.f", "function"),
    "O.h": plain("O.h", "thing"),
    "Thing.k": plain("Thing.k", "int", "O.k"),
    "other.K": plain("other.K", "int", "PACKAGE.other.K"),
    "other.g": plain("other.g", "simple", "PACKAGE.other.g"),
    "default": Place(("by_default.n",), "int", "by_default.__defaults__ = (value_,)"),
    "keyword": Place(("by_keyword.n",), "int", "by_keyword.__kwdefaults__ = {'n': value_}"),
    "cell": Place(("by_cell.n",), "int", "by_cell.__closure__[0].cell_contents = value_"),
    "partial": Place(("by_partial.n",), "int", "by_partial.keywords['n'] = value_"),
}

SEEN_BY = {"reader": ["I1"], "reader_of_dict": ["D.a"], "deep_reader": ["I1", "other.g"], "other.reader": ["other.K"]}
"""What functions among the values read themselves."""

NOISE = ["noise{} = object()", "D['noise{}'] = {}", "O.noise{} = [{}]", "other.noise{} = {}", "Thing.noise{} = {}"]
NOISE += ["T['noise{}'] = double", "L.append({})", "double.noise{} = {}"]
"""What no function reads."""


class World:
    """A module with random functions, what it holds now, and what each function reads."""

    def __init__(self, seed, folder):
        self.rng = random.Random(seed)
        self.package = f"world{next(COUNTER)}"
        self.held = {}
        self.reads = {}
        functions = [self.function(f"g{k}", [f"g{j}" for j in range(k)]) for k in range(2)]
        functions += [self.function(n, ["g0", "g1"]) for n in NAMES]
        text = "\n\n".join([HEAD, *functions]).replace("PACKAGE", self.package)
        self.module = import_package(folder, self.package, {"main": text, "other": OTHER})
        self.history = []
        for name in sorted(PLACES, key=lambda n: PLACES[n].kind == "simple"):
            self.put(name)

    def function(self, name, callees):
        """The text of a function that reads one or two places, and calls functions written before."""
        terms, read = [], []
        for place in self.rng.sample(sorted(PLACES), self.rng.randint(1, 2)):
            p = PLACES[place]
            how = self.rng.choice(p.reads)
            called = how.startswith("by_")
            terms.append(f"{how.split('.')[0]}(x)" if called else self.rng.choice(READS[p.kind]).format(how))
            read.append(place)
        for callee in self.rng.sample(callees, min(len(callees), self.rng.randint(0, 2))):
            terms.append(f"{callee}(x)")
            read.append(callee)
        self.reads[name] = read
        return f"\ndef {name}(x):\n    return {' + '.join(terms)}\n"

    def seen(self, name):
        """What a function reads, or a place holds, as it is now: the places and values."""
        if name in self.reads:
            return frozenset().union(*(self.seen(n) for n in self.reads[name]))
        return frozenset({(name, self.held[name])}).union(*(self.seen(n) for n in SEEN_BY.get(self.held[name], ())))

    def execute(self, statement, value=None):
        self.history.append(statement if value is None else f"{statement}: {value}")
        namespace = vars(self.module)
        namespace["value_"] = eval(value, namespace) if value else None
        exec(statement, namespace)

    def put(self, name, value=None):
        """Another value for a place, or one that is equal to what it holds."""
        self.held[name] = value or self.rng.choice(VALUES[PLACES[name].kind])
        self.execute(PLACES[name].put.replace("PACKAGE", self.package), self.held[name])

    def change(self):
        """One change: of a place, of an object in its place, of what nothing reads; or an equal value is put anew."""
        match self.rng.randrange(6):
            case 0:
                self.execute(self.rng.choice(NOISE).replace("{}", str(len(self.history))))
            case 1:
                name = self.rng.choice(sorted(PLACES))
                self.put(name, self.held[name])
            case 2:
                name, read = self.rng.choice([("H0", "H0"), ("O.h", "O.h")])
                self.held[name] = value = self.rng.choice(VALUES["thing"])
                self.execute(f"{read}.n = {value}.n")
            case _:
                self.put(self.rng.choice(sorted(PLACES)))


def run(seed, folder):
    world = World(seed, folder)
    derivatives = [(n, s2sad.grad(getattr(world.module, n))) for n in NAMES]
    compiled_for = {n: set() for n in NAMES}
    try:
        for _ in range(STEPS):
            world.change()
            if world.rng.random() < 0.1:
                another = world.rng.choice(NAMES)
                derivatives.append((another, s2sad.grad(getattr(world.module, another))))
            name, derivative = world.rng.choice(derivatives)
            state = world.seen(name)
            with compilations() as compiled:
                found = outcome(derivative, AT)
            expected = difference(getattr(world.module, name), AT)
            told = f"seed {seed}, {name}\n" + "\n".join(world.history) + f"\n{state}"
            assert close(found, expected), f"{found}, not {expected}: {told}"
            assert not compiled or state not in compiled_for[name], f"compiled again: {told}"
            compiled_for[name].add(state)
    finally:
        forget(world.package)


@pytest.mark.parametrize("group", range(SEQUENCES // EACH))
def test_random_changes(group, tmp_path, cache_folder):
    faults = []
    for seed in range(group * EACH, (group + 1) * EACH):
        try:
            run(seed, tmp_path)
        except AssertionError as e:
            faults.append(str(e))
    assert not faults, f"{len(faults)} of {EACH}: {faults[0]}"
