"""Programs that call methods and closures more than once: those that may be lifted, and those that must stay."""

import dataclasses
from typing import NamedTuple

import numpy as np


class Spring:
    """Long methods, so that a function is worth its text."""

    floor = 0.2

    def __init__(self, stiffness, damping, shape=(1.0, 0.5), mode="soft", links=3):
        self.stiffness = stiffness
        self._damping = damping
        self.shape = shape
        self.mode = mode
        self.links = links
        self.calls = 0
        self.last = stiffness
        self.states = [stiffness, damping]

    def pull(self, y):
        a = np.sin(self.stiffness * y[0]) * self.shape[0] - self._damping * y[1]
        if self.mode == "soft":
            a = np.tanh(a) + self.floor * self.shape[1] * y[0] ** 2
        return np.array([y[1] * np.cos(y[0]) + a, a * np.exp(-(y[0] ** 2)) - self.stiffness * y[1]])

    def chain(self, y):
        for _ in range(self.links):
            y = 0.5 * y + 0.1 * self.stiffness * np.sin(y) * np.exp(-self._damping * y * y) - 0.2 * np.cos(y)
        return y * self.stiffness

    @property
    def energy(self):
        s, d = self.stiffness, self._damping
        return np.sin(s) * d + np.exp(-s * s) * np.cos(d) * s + np.tanh(s * d) ** 2 / (1.0 + s * s + d * d)

    def work(self, y):
        return self.energy * y[0] + np.sum(self.pull(y) * self.pull(0.5 * y)) * self.energy + self.energy**2

    def counted(self, y):
        self.calls += 1
        a = np.sin(self.stiffness * y[0]) * self._damping + np.exp(-(y[1] ** 2)) * np.cos(y[0])
        return np.array([a * y[0] + np.tanh(a), a * y[1] - np.sin(a)]) * self.calls

    def remembered(self, y):
        a = np.sin(self.last * y[0]) * self._damping + np.exp(-(y[1] ** 2)) * np.cos(y[0] * self.last)
        self.last = np.tanh(a * self.last + y[0])
        return np.array([a * y[0] + np.tanh(a), a * y[1] - np.sin(a)])

    def own_states(self, y):
        a = np.sin(self.stiffness * y[0]) * self._damping + np.exp(-(y[1] ** 2)) * np.cos(y[0]) - np.tanh(y[1])
        return self.states, a

    def power(self, y, n):
        a = np.sin(self.stiffness * y) * np.exp(-y * y) + np.cos(y) * self._damping - np.tanh(y * 0.5)
        return a if n == 0 else a * self.power(0.5 * y, n - 1) + np.sin(a) * np.exp(-a)

    def against(self, other, y):
        a = np.sin(self.stiffness * y[0]) * other.stiffness + np.exp(-(y[1] ** 2)) * np.cos(y[0] * other._damping)
        return np.array([a * y[0] + np.tanh(a) * self.shape[1], a * y[1] - np.sin(a) * other.floor])

    @classmethod
    def of_class(cls, y):
        a = np.sin(cls.floor * y[0]) * y[1] + np.exp(-(y[1] ** 2)) * np.cos(y[0] * 0.5)
        return np.array([a * y[0] + np.tanh(a), a * y[1] - np.sin(a)])

    @staticmethod
    def of_none(y):
        a = np.sin(y[0]) * y[1] + np.exp(-(y[1] ** 2)) * np.cos(y[0] * 0.5)
        return np.array([a * y[0] + np.tanh(a), a * y[1] - np.sin(a)])

    def __call__(self, y):
        a = np.sin(self.stiffness * y[0]) * y[1] + np.exp(-(y[1] ** 2)) * np.cos(y[0] * self._damping)
        return np.array([a * y[0] + np.tanh(a), a * y[1] - np.sin(a)])

    def __add__(self, other):
        s = np.sin(self.stiffness) * other.stiffness + np.exp(-(other.stiffness**2)) * np.cos(self.stiffness)
        d = np.tanh(self._damping * s) + np.sin(other._damping) * np.exp(-self._damping * s)
        return Spring(s, d * np.cos(s) + self._damping * other._damping)


class Inherited(Spring):
    floor = 0.7

    def work(self, y):
        return 2.0 * super().work(y) + np.sum(self.pull(y))


class Other:
    def __init__(self, stiffness):
        self.stiffness = stiffness

    def pull(self, y):
        a = np.exp(-self.stiffness * y[0]) * y[1] + np.cos(y[0]) * np.sin(y[1]) - self.stiffness * y[0] ** 2
        return np.array([a * y[0] + np.tanh(a), a * y[1] - np.sin(a)])


@dataclasses.dataclass
class Plane:
    slopes: np.ndarray
    spring: Spring
    scale: float = 0.5

    def height(self, y):
        a = np.sum(self.slopes * np.sin(y)) * self.scale + self.spring.stiffness * np.cos(y[0])
        return np.tanh(a) * self.slopes[0] + np.exp(-a * a) * self.spring.energy + np.sin(self.scale * a)


class Pair(NamedTuple):
    a: float
    b: float

    def mixed(self, y):
        t = np.sin(self.a * y[0]) * np.exp(-self.b * y[1]) + np.cos(self.b * y[0]) * np.tanh(self.a)
        return t * np.sin(t) + np.exp(-t * t) * self.a


class Scale:
    """Attributes whose names mean something else in the module, methods that take and give all kinds of things."""

    def __init__(self, k, w):
        self.np = k
        self.sum = w
        self.__hidden = k

    def rate(self, y, *more, scale=1.0, **named):
        a = np.sin(self.np * y) * self.sum[0] + np.cos(y) * np.tanh(self.__hidden) * scale
        return np.sum(a * np.sin(a) + np.exp(-a) * self.sum) * self.np + more[0] * named["z"]

    def weigh(self, y):
        a = np.sin(self.np * y) * self.sum[0] + np.cos(y) * np.tanh(self.sum[1])
        return a * np.sin(a) + np.exp(-a) * self.np * self.sum

    def listed(self, y):
        a = np.sin(self.np * y) * self.sum[0] + np.cos(y) * np.tanh(self.sum[1])
        return [a * np.sin(a), np.exp(-a) * self.np]

    def checked(self, y):
        if y > 0.5:
            raise ValueError
        a = np.sin(self.np * y) * np.exp(-y * y) + np.cos(y) * np.tanh(self.np)
        return a * np.sin(a) + np.exp(-a) * self.np


class Layer:
    def __init__(self, weights, bias, function):
        self.weights = weights
        self.bias = bias
        self.function = function

    def __call__(self, x):
        h = self.weights @ x + self.bias
        return self.function(h) * np.exp(-h * h) + 0.1 * np.cos(h) * h


class Network:
    def __init__(self, layers):
        self.layers = layers
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        for layer in self.layers:
            x = layer(x)
        return x


SPRING = Spring(0.7, 0.3)


def steps(f, y):
    """Four calls from four places."""
    a = f(y)
    b = f(y + 0.5 * a)
    c = f(y - 0.3 * b)
    d = f(0.2 * c)
    return np.sum(a * b) + np.sum(c * d)


def made_inside(p, y):
    s = Spring(p[0], p[1])
    a = s.pull(y)
    b = s.pull(y + 0.5 * a)
    return np.sum(a * b) + np.sum(s.pull(0.3 * b) * s.pull(b))


def changed_between(p, y):
    s = Spring(p[0], p[1])
    a = s.pull(y)
    s.stiffness = np.sin(p[1] * a[0])
    b = s.pull(y + a)
    s.stiffness *= 0.5
    return np.sum(s.pull(0.3 * b) * a) + np.sum(s.pull(b) * y)


def object_given(s, y):
    a = s.pull(y)
    b = s.pull(y + 0.5 * a)
    return np.sum(a * b) + np.sum(s.pull(0.3 * b) * s.pull(b))


def given(p, y):
    return object_given(Spring(p[0], p[1]), y)


def captured(p, y):
    a = SPRING.pull(y * p)
    b = SPRING.pull(y + 0.5 * a)
    return np.sum(a * b) + np.sum(SPRING.pull(0.3 * b) * SPRING.pull(b))


def inherited(p, y):
    s = Inherited(p[0], p[1], mode="hard")
    return s.work(y) * s.work(0.5 * y) + s.work(np.sin(y))


def properties(p, y):
    s = Spring(p[0], p[1])
    t = Spring(p[1], s.energy)
    return s.energy * y[0] + t.energy * s.energy + np.sin(t.energy)


def methods_of_methods(p, y):
    s = Spring(p[0], p[1])
    return s.work(y) + s.work(0.5 * y) * s.work(y * y)


def known_numbers(p, y):
    s = Spring(p[0], p[1], links=2)
    a = s.chain(y)
    return np.sum(a * s.chain(0.5 * a)) + np.sum(s.chain(a * y))


def in_a_loop(p, y):
    s = Spring(p[0], p[1])
    for _ in range(3):
        k = s.pull(y)
        y = y + 0.1 * (k + s.pull(y + 0.1 * k) + s.pull(y - 0.1 * k))
    return np.sum(y * y)


def in_branches(p, y):
    s = Spring(p[0], p[1])
    a = s.pull(y) + s.pull(0.2 * y) if p[0] > 0.1 else s.pull(0.5 * y)
    return np.sum(a * s.pull(a))


def two_classes(p, y):
    s, t = Spring(p[0], p[1]), Other(p[1])
    a = s.pull(y) + t.pull(y)
    b = s.pull(0.5 * a) - t.pull(0.3 * a)
    return np.sum(s.pull(b) * t.pull(a)) + np.sum(s.pull(a) * t.pull(0.1 * b))


def objects_in_a_list(p, y):
    for s in [Spring(p[0], p[1]), Spring(p[1], 0.3 * p[0]), Spring(p[0] * p[1], p[1])]:
        y = s.pull(y) + 0.1 * y
    return np.sum(y * y)


def other_object(p, y):
    s, t = Spring(p[0], p[1]), Spring(p[1], p[0] * p[1])
    a = s.against(t, y)
    b = t.against(s, 0.5 * a)
    return np.sum(a * b) + np.sum(s.against(t, b) * s.against(s, y))


def dataclass(p, y):
    plane = Plane(p * y, Spring(p[0], p[1]))
    a = plane.height(y)
    return a * plane.height(0.5 * y) + plane.height(a * y)


def named_tuple(p, y):
    pair = Pair(p[0], p[1])
    a = pair.mixed(y)
    return a * pair.mixed(0.5 * y) + pair.mixed(a * y) * pair.mixed(y * y)


def called(p, y):
    s = Spring(p[0], p[1])
    a = s(y)
    b = s(y + 0.5 * a)
    return np.sum(a * b) + np.sum(s(0.3 * b) * s(b))


def operators(p, y):
    s, t = Spring(p[0], p[1]), Spring(p[1], p[0] * p[1])
    u = s + t + s + t
    return u.stiffness * y[0] + u._damping * y[1]


def classmethods(p, y):
    s = Spring(p[0], p[1])
    return steps(lambda z: s.of_class(z) + p, y) + np.sum(Spring.of_class(y * p))


def staticmethods(p, y):
    s = Spring(p[0], p[1])
    return np.sum(s.of_none(y) * s.of_none(p)) + np.sum(s.of_none(p * y))


def arguments_of_all_kinds(p, y):
    s = Scale(p[0], p)
    a = s.rate(y[0], 1.0, z=2.0) * s.rate(y[1], p[0], scale=0.5, z=p[1])
    return a + s.rate(p[1], 0.3, z=0.5) * s.rate(y[0] * p[0], y[1], z=0.2)


def array_changed_between(p, y):
    w = np.zeros(2)
    w[:] = p
    s = Scale(p[0], w)
    a = s.weigh(y[0])
    w[0] = a[0] * p[1]
    b = s.weigh(y[1])
    s.sum[1] = np.sin(b[0])
    s.sum *= 0.5
    return np.sum(s.weigh(y[0]) * s.weigh(a[1]) * b) + w[0] * w[1]


def lists_given(p, y):
    s = Scale(p[0], p)
    a, b = s.listed(y[0]), s.listed(y[1])
    a[0] = b[1] * a[1]
    b.append(a[0])
    c = s.listed(b[2])
    return sum(a) * sum(b) + c[0] * c[1]


def raising(p, y):
    s, total = Scale(p[0], p), 0.0
    for v in (y[0], y[1], p[0], p[1] * y[0], 0.1 * p[0]):
        try:
            total = total + s.checked(v)
        except ValueError:
            total = total * p[1]
    return total + s.checked(0.1 * total)


def network(p, y):
    inner = Layer(p[0] * np.arange(6.0).reshape(3, 2) / 6, p[1] * np.ones(3), np.tanh)
    outer = Layer(p[1] * np.arange(6.0).reshape(2, 3) / 6, p[0] * np.ones(2), np.sin)
    n = Network([inner, outer])
    return np.sum(n(y) * n(0.5 * y)) + np.sum(n(n(y))) * n.calls


def closure_over_numbers(p, y):
    s, d = p[0] * 2.0, p[1]

    def slope(z):
        a = np.sin(s * z[0]) * z[1] + np.exp(-(z[1] ** 2)) * np.cos(z[0] * d)
        return np.array([a * z[0] + np.tanh(a), a * z[1] - np.sin(a) * d])

    a = slope(y)
    b = slope(y + 0.5 * a)
    return np.sum(a * b) + np.sum(slope(0.3 * b) * slope(b))


def closure_over_an_object(p, y):
    spring = Spring(p[0], p[1])

    def slope(z):
        a = np.sin(spring.stiffness * z[0]) * z[1] + np.exp(-(z[1] ** 2)) * np.cos(z[0] * spring._damping)
        return np.array([a * z[0] + np.tanh(a), a * z[1] - np.sin(a) * spring.floor])

    a = slope(y)
    spring.stiffness = a[0]
    b = slope(y + 0.5 * a)
    return np.sum(a * b) + np.sum(slope(0.3 * b) * slope(b))


def closure_over_a_loop_variable(p, y):
    total = 0.0
    for k in range(3):

        def slope(z):
            a = np.sin(p[0] * z[0] * k) * z[1] + np.exp(-(z[1] ** 2)) * np.cos(z[0] * p[1] + k)  # noqa: B023
            return a * z[0] + np.tanh(a) + np.sin(a) * np.exp(-a * a)

        total += slope(y) * slope(y * p) + slope(y + total)
    return total


def closure_over_what_changes(p, y):
    s = p[0]

    def slope(z):
        a = np.sin(s * z[0]) * z[1] + np.exp(-(z[1] ** 2)) * np.cos(z[0] * p[1])
        return a * z[0] + np.tanh(a) + np.sin(a) * np.exp(-a * a)

    total = slope(y)
    s = s * p[1] + 0.1
    total += slope(y * p)
    s = np.sin(total)
    return total * slope(y) + slope(total * y)


def long_lambda(p, y):
    f = lambda t: np.sin(p[0] * t) * np.exp(-t * p[1]) + np.cos(p[1] * t) * np.tanh(t) - t / (1.0 + t * t)  # noqa: E731
    return f(y[0]) + f(y[1]) * f(y[0] * y[1]) + f(f(y[1]))


def short_lambda(p, y):
    f = lambda t: p[0] * t * t  # noqa: E731
    return f(y[0]) + f(y[1]) * f(y[0] * y[1]) + f(f(y[1]))


def nested_closures(p, y):
    def inner(t):
        return np.sin(p[0] * t) * np.exp(-t * t) + np.cos(p[1] * t) * np.tanh(t) - t / (1.0 + t * t)

    def outer(t, by=0.5):
        return inner(t) * inner(by * t) + np.sin(inner(t + by)) * p[1]

    return outer(y[0]) + outer(y[1]) * outer(y[0] * y[1], 0.25) + outer(p[0], by=0.1)


def storing(p, y):
    s = Spring(p[0], p[1])
    a = s.counted(y)
    b = s.counted(y + 0.5 * a)
    return np.sum(a * b) + np.sum(s.counted(0.3 * b) * s.counted(b)) * s.calls


def storing_values(p, y):
    s = Spring(p[0], p[1])
    a = s.remembered(y)
    b = s.remembered(y + 0.5 * a)
    return np.sum(a * b) + np.sum(s.remembered(0.3 * b) * s.remembered(b)) * s.last


def giving_a_part(p, y):
    s = Spring(p[0], p[1])
    s.own_states(y)[0][0] = p[0] * p[1]
    states, a = s.own_states(p * y)
    states.append(s.own_states(p)[0][0] * a)
    return sum(s.states) * s.states[0] + s.own_states(p * y)[1]


def recursive(p, y):
    s = Spring(p[0], p[1])
    return s.power(y[0], 2) * s.power(y[1], 2) + s.power(p[0], 2)


def nonlocal_changed(p, y):
    total = p[0]

    def added(t):
        nonlocal total
        a = np.sin(p[0] * t) * np.exp(-t * t) + np.cos(p[1] * t) * np.tanh(t) - t / (1.0 + t * t)
        total = total * 0.5 + a
        return a * total

    return added(y[0]) + added(y[1]) * added(p[1]) + total


def array_changed(p, y):
    w = np.zeros(2)

    def added(t):
        a = np.sin(p[0] * t) * np.exp(-t * t) + np.cos(p[1] * t) * np.tanh(t) - t / (1.0 + t * t)
        w[0] += a
        return a * w[0]

    return added(y[0]) + added(y[1]) * added(p[1]) + w[0]


LIFTED = {
    made_inside: ["pull"],
    changed_between: ["pull"],
    given: ["pull"],
    captured: ["pull"],
    inherited: ["work", "pull"],
    properties: ["energy"],
    methods_of_methods: ["work", "pull", "energy"],
    known_numbers: ["chain"],
    in_a_loop: ["pull"],
    in_branches: ["pull"],
    two_classes: ["pull", "pull_2"],
    objects_in_a_list: ["pull"],
    other_object: ["against"],
    dataclass: ["height"],
    named_tuple: ["mixed"],
    called: ["spring_call"],
    classmethods: ["of_class"],
    staticmethods: ["of_none"],
    arguments_of_all_kinds: ["rate"],
    array_changed_between: ["weigh"],
    lists_given: ["listed"],
    raising: ["checked"],
    network: ["layer_call", "layer_call_2"],
    closure_over_numbers: ["slope"],
    closure_over_an_object: ["slope"],
    closure_over_a_loop_variable: ["slope"],
    closure_over_what_changes: ["slope"],
    long_lambda: ["f"],
    nested_closures: ["outer"],
}
STAY = [operators, storing, storing_values, giving_a_part, recursive, nonlocal_changed, array_changed, short_lambda]
