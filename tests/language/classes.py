"""Classes of the user: methods, properties, operators, inheritance."""

import math
from dataclasses import dataclass

import numpy as np

from tests.language.cases import Section

case = Section("Classes")
X = np.array([0.5, -1.25, 2.0, 0.75])


class Spring:
    """A plain object with attributes."""

    count = 2

    def __init__(self, k, rest=1.0):
        self.k = k
        self.rest = rest

    def energy(self, x):
        return 0.5 * self.k * (x - self.rest) ** 2

    @property
    def stiffness(self):
        return self.k * self.count

    @staticmethod
    def damp(x):
        return x * 0.9

    @classmethod
    def unit(cls):
        return cls(1.0)

    def __call__(self, x):
        return -self.k * (x - self.rest)


@case("an object made inside the function", 1.5, golden=True)
def makes_object(x):
    spring = Spring(x, 0.5)
    return spring.energy(2.0) + spring.energy(x)


@case("an object as argument: its gradient has its class", Spring(1.5), 2.0)
def of_object(spring, x):
    return spring.energy(x) * spring.stiffness


@case("`@property`, `@staticmethod`, `@classmethod`, `__call__`", 1.5)
def all_kinds(x):
    spring = Spring(x)
    return spring.stiffness * spring(2.0) + Spring.damp(x) + spring.damp(x) * Spring.unit().energy(x)


@case("attributes written", 1.5, 3)
def writes(x, n):
    spring = Spring(x)
    for _ in range(n):
        spring.k = spring.k * 0.5 + x
        spring.rest += 0.1 * spring.k
    return spring.energy(2.0)


class Vec:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Vec(self.x + other.x, self.y + other.y)

    def __mul__(self, c):
        return Vec(self.x * c, self.y * c)

    __rmul__ = __mul__

    def __matmul__(self, other):
        return self.x * other.x + self.y * other.y

    def __neg__(self):
        return Vec(-self.x, -self.y)

    def __sub__(self, other):
        return self + -other

    def __getitem__(self, k):
        return (self.x, self.y)[k]

    def __len__(self):
        return 2

    def __iter__(self):
        return iter([self.x, self.y])

    def __abs__(self):
        return math.sqrt(self @ self)

    def __eq__(self, other):
        return self.x == other.x and self.y == other.y

    def __lt__(self, other):
        return abs(self) < abs(other)

    def __bool__(self):
        return self.x != 0.0


@case("operators of a class", 1.5, golden=True)
def operators(x):
    a, b = Vec(x, 2.0), Vec(1.0, x)
    c = 2.0 * a + b * x - a
    u, v = c
    return c @ a + c[1] * len(c) + abs(b) + u * v


@case("comparison and truth of objects", 1.5)
def comparisons(x):
    a, b = Vec(x, 2.0), Vec(1.0, x)
    y = x if a < b else x * x
    if a and a != b:
        y = y * 3.0
    return y + (2.0 * x if a == b else x)


@case("objects carried through a loop", 0.5, 5, golden=True)
def orbit(x, n):
    pos, vel = Vec(x, 0.0), Vec(0.0, 1.0)
    for _ in range(n):
        vel = vel + pos * -0.1
        pos = pos + 0.1 * vel
    return pos @ pos


class Layer:
    def __init__(self, w):
        self.w = w

    def forward(self, x):
        return self.activate(x * self.w)

    def activate(self, z):
        return z


class Tanh(Layer):
    def __init__(self, w, gain):
        super().__init__(w)
        self.gain = gain

    def activate(self, z):
        return self.gain * np.tanh(super().activate(z))


class Net:
    def __init__(self, layers):
        self.layers = layers

    def __call__(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x


@case("inheritance and `super()`", X)
def inherits(w):
    net = Net([Layer(w), Tanh(w * 0.5, 2.0)])
    return np.sum(net(1.5))


@case("an object of objects as argument", Net([Layer(0.5), Tanh(1.5, 2.0)]), 0.7, golden=True)
def of_network(net, x):
    return net(x) ** 2


@dataclass
class Quadratic:
    a: float
    b: float

    def __call__(self, x):
        return self.a * x * x + self.b * x


@case("callable dataclass", Quadratic(1.5, -0.5), 2.0)
def of_callable(q, x):
    return q(x) * q(q.a)


@dataclass(frozen=True)
class Frozen:
    w: object
    scale: float = 2.0


@case("frozen dataclass", Frozen(X))
def of_frozen(p):
    q = Frozen(p.w * 2.0)
    return np.sum(q.w) * p.scale


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a, b):
        self.a = a
        self.b = b


@case("a class with `__slots__`", Slotted(1.5, X))
def of_slotted(s):
    return s.a * np.sum(s.b**2)


class Accumulator:
    def __init__(self):
        self.values = []
        self.total = 0.0

    def add(self, x):
        self.values.append(x)
        self.total += x
        return self

    @property
    def mean(self):
        return self.total / len(self.values)

    @mean.setter
    def mean(self, value):
        self.total = value * len(self.values)


@case("methods that change the object", X)
def accumulates(xs):
    acc = Accumulator()
    for x in xs:
        if x > 0:
            acc.add(x * x)
    acc.add(1.0).add(2.0)
    acc.mean = acc.mean * 2.0
    return acc.total * acc.values[0]


class Trial:
    step = 0.5

    def __init__(self, x):
        self.x = x
        self.step = x * x

    @property
    def result(self):
        return self.x * self.step

    @result.deleter
    def result(self):
        del self.step


@case("`del` of an attribute, `delattr`", 1.5)
def forgets(x):
    trial = Trial(x)
    total = trial.result
    del trial.result
    for k in range(3):
        trial.last = total * (k + 1)
        total += trial.last * trial.step
        del trial.last
    delattr(trial, "x")
    return total if hasattr(trial, "x") else total * x


SPRING = Spring(3.0, 0.25)


@case("an object of the module", 1.5)
def global_object(x):
    return SPRING.energy(x) + SPRING(x)


@case("`isinstance`, `getattr`, `hasattr`, `type`", 1.5)
def asks(x):
    s = Spring(x)
    y = getattr(s, "k") * 2.0 if hasattr(s, "k") else 0.0  # noqa: B009
    if isinstance(s, Spring) and isinstance(x, float) and type(s) is Spring:
        y += getattr(s, "missing", x)
    setattr(s, "k", y)  # noqa: B010
    return s.k * x


class Private:
    __scale = 3.0

    def __init__(self, x):
        self.__x = x

    def __squared(self):
        return self.__x**2

    def value(self):
        return self.__scale * self.__squared()


@case("private names, `self.__x`", 1.5)
def private(x):
    return Private(x).value() * x
