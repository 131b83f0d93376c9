"""Functions: nested, passed, returned, decorated, bound."""

import functools
import operator
from functools import partial, reduce

import numpy as np

from tests.language.cases import Section

case = Section("Functions")
X = np.array([0.5, -1.25, 2.0, 0.75])


@case("nested `def`", 1.5, golden=True)
def nested(x):
    def square(y):
        return y * y

    return square(x) + 3.0 * square(x + 1.0)


@case("lambda", 1.5)
def lambdas(x):
    f = lambda y: y * x  # noqa: E731
    return f(f(2.0))


@case("two lambdas on one line", 1.5)
def two_lambdas(x):
    f, g = lambda y: y * y, lambda y: np.sin(y)
    return f(g(x)) - g(f(x))


@case("closure over active and inactive variables", X, 3, golden=True)
def closure(w, n):
    def model(t):
        return np.sum(w * t**n)

    total = 0.0
    for k in range(3):
        total += model(k * 0.5)
    return total


@case("late binding of a variable", 1.5)
def late(x):
    f = lambda: a * x  # noqa: E731
    a = x
    first = f()
    a = 3.0 * x
    return first + f() ** 2


@case("late binding of a loop variable", 1.5)
def late_loop(x):
    fs = [lambda y: y * k * x for k in range(3)]
    gs = []
    for k in range(3):
        gs.append(lambda y, k=k: y * k * x)
    return fs[0](x) + gs[1](x) + fs[2](2.0)


@case("`nonlocal`", X, golden=True)
def counter(xs):
    total = 0.0
    count = 0

    def add(x):
        nonlocal total, count
        total = total + x * x
        count += 1

    for x in xs:
        if x > 0:
            add(x)
    return total * count


@case("default arguments", 1.5)
def defaults(x):
    def f(y, scale=x, *, power=2):
        return scale * y**power

    x = x * 10
    return f(2.0) + f(x, 1.0, power=3)


def _spread(*values, **options):
    total = 0.0
    for k, v in enumerate(values):
        total = total + (k + 1) * v
    return total * options.get("scale", 1.0) + options["shift"]


@case("`*args`, `**kwargs`", 1.5)
def variadic(x):
    args = (x, x * x)
    opts = {"shift": x}
    return _spread(*args, 2.0, **opts) + _spread(x, scale=x, shift=0.0)


def _keyword_only(x, *, a, b=2.0):
    return a * x**b


@case("keyword-only arguments", 1.5)
def keyword_only(x):
    return _keyword_only(x, a=3.0) + _keyword_only(2.0, b=3, a=x)


def _poly(a, b, x, c=0.0):
    return a * x * x + b * x + c


@case("`functools.partial`", 1.5)
def partials(x):
    f = partial(_poly, x, 2.0)
    g = partial(f, c=x)
    return f(3.0) + g(x)


@case("`functools.reduce`", [0.5, 1.5, 2.5])
def reduced(xs):
    return reduce(operator.mul, xs) + functools.reduce(lambda a, b: a + b * b, xs, 0.0)


def doubling(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        return 2.0 * f(*args, **kwargs)

    return wrapper


def scaled_by(c):
    def decorate(f):
        @functools.wraps(f)
        def wrapper(x):
            return c * f(x)

        return wrapper

    return decorate


@doubling
def _decorated(x, y=2.0):
    return x * x * y


@case("a decorated function", 1.5)
def calls_decorated(x):
    return _decorated(x) + _decorated(x, y=x)


@case("a decorator with arguments", 1.5)
@scaled_by(3.0)
def decorated_itself(x):
    return np.sin(x)


@case("a decorator inside the function", 1.5, golden=True)
def decorates(x):
    @scaled_by(x)
    def f(y):
        return y * y

    return f(x)


def _apply(f, *values):
    return f(*values)


@case("functions passed as arguments", 1.5)
def passes(x):
    def own(y):
        return y * x

    return _apply(own, x) + _apply(lambda a, b: a * b * x, 2.0, x)


@case("NumPy functions passed as values", X)
def passes_numpy(xs):
    table = {"sin": np.sin, "tanh": np.tanh}
    total = 0.0
    for name in ["sin", "tanh"]:
        total += np.sum(_apply(table[name], xs))
    return total + _apply(np.sum, xs) ** 2


def _make_adder(a):
    def add(x):
        return x + a * x

    return add


def compose(*fs):
    return lambda x: reduce(lambda acc, f: f(acc), fs, x)


@case("functions returned", 1.5)
def returned(x):
    add = _make_adder(x)
    return add(2.0) * compose(np.sin, add, lambda y: y * y)(x)


def _simpson(f, a, b, n):
    h = (b - a) / n
    total = f(a) + f(b)
    for k in range(1, n):
        total += (4.0 if k % 2 else 2.0) * f(a + k * h)
    return total * h / 3.0


@case("a closure in a numerical routine", 1.5, golden=True)
def integral(w):
    return _simpson(lambda t: np.exp(-w * t) * np.sin(w), 0.0, w, 6)


def _factorial_like(x, n):
    return x if n <= 1 else x * n * _factorial_like(x, n - 1)


@case("recursion", 1.5, 4)
def recursion(x, n):
    return _factorial_like(x, n)


def _even(x, n):
    return x if n == 0 else _odd(x * x, n - 1)


def _odd(x, n):
    return np.sin(x) if n == 0 else _even(x + 1.0, n - 1)


@case("mutual recursion", 0.5, 3)
def mutual(x, n):
    return _even(x, n)


@case("recursion of a nested function", 1.1, 4, golden=True)
def nested_recursion(x, n):
    def power(k):
        return 1.0 if k == 0 else x * power(k - 1)

    return power(n) + x


@case("recursion with a function as argument", 1.5)
def adaptive(w):
    def refine(f, a, b, depth):
        m = 0.5 * (a + b)
        if depth == 0:
            return (b - a) * f(m)
        return refine(f, a, m, depth - 1) + refine(f, m, b, depth - 1)

    return refine(lambda t: np.sin(w * t), 0.0, 1.0, 2)


@case("a function chosen at run time", -0.5)
@case("a function chosen at run time", 0.5, golden=True)
def chosen(x):
    f = np.sin if x > 0 else lambda y: y**3
    if x > 0.1:
        g = np.cos
    else:
        g = np.exp
    return f(x) * g(x)


def sines_of(xs):
    for x in xs:
        yield np.sin(x)


@case("generator function, `yield from`", X)
def yields_in_turn(xs):
    def twice(values):
        yield from sines_of(values)
        for v in values:
            yield v * v

    total = 0.0
    for k, y in enumerate(twice(xs)):
        total += y * k
    return total


@case("generator expression", X, 4)
def generators(xs, n):
    total = sum(x * x for x in xs if x > 0)
    total += max(x * k for k, x in enumerate(xs)) * min(x for x in xs)
    if all(x < 5 for x in xs) and any(x < 0 for x in xs):
        total += sum(np.sin(xs[0] * k) for k in range(n))
    return total


def _mean(*values):
    return sum(values) / len(values)


@case("`*args` of a list", [0.5, 1.5, 2.5])
def star_call(xs):
    return _mean(*xs) * _mean(xs[0], *xs[1:])


def _unused_default(x, log=[], table={"a": 2.0}):  # noqa: B006
    return x * table["a"] + len(log)


@case("mutable defaults that are read", 1.5)
def mutable_defaults(x):
    return _unused_default(x) ** 2


def solved(x, full_output=False):
    if full_output:
        return x * x, {"steps": 2}
    return x * x


@case("a flag that selects what is returned", 1.5)
def flag(x):
    y, info = solved(x, full_output=True)
    return y * info["steps"] + solved(x)
