"""A derivative depends on what its function reads; nothing beside that is compared or gone through."""

import collections
import enum
import functools
import operator
import sys
import threading
import types

import numpy as np
import pytest

import s2sad
from s2sad.testing import numerical_jvp
from tests.dependencies.changing import COUNTER, X, compilations, difference, forget, import_package, rotating
from tests.dependencies.holders import HOLDERS, REPLACED, written
from tests.dependencies.values import PAIRS


@pytest.fixture(autouse=True)
def own_folder(cache_folder):
    return cache_folder


def untouched(*args, **kwargs):
    raise AssertionError("what the function does not read was looked at")


OPERATIONS = {
    *("eq", "ne", "lt", "hash", "repr", "str", "bool", "len", "iter", "getitem", "contains", "call", "getattribute"),
    *("getstate", "reduce", "reduce_ex", "copy", "deepcopy", "sizeof", "dir", "index", "float", "array", "format"),
    *("array_interface", "next", "bytes", "fspath"),
}

Untouchable = type("Untouchable", (), {f"__{n}__": untouched for n in OPERATIONS})


class UntouchableDict(dict):
    """A dict in which only the key that is read may be looked up."""

    keys = values = items = copy = __iter__ = __eq__ = __repr__ = __hash__ = __reversed__ = __or__ = untouched


class Cyclic:
    def __init__(self):
        self.itself, self.list = self, [self]
        self.list.append(self.list)


class Deep:
    """An endless chain of objects."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Deep()


def generator():
    yield from untouched()


UNREAD = {
    "untouchable": Untouchable,
    "lock": threading.Lock,
    "cyclic": Cyclic,
    "endless": Deep,
    "list with itself": lambda: Cyclic().list,
    "generator": generator,
    "module": lambda: np,
    "object": object,
    "class": lambda: type("Unread", (), {"itself": Untouchable()}),
    "large list": lambda: [Untouchable() for _ in range(1000)],
    "closure": lambda: (lambda unread: lambda t: unread)(Untouchable()),
    "partial": lambda: functools.partial(abs, Untouchable()),
    "NaN": lambda: float("nan"),
    "array of objects": lambda: np.array([Cyclic(), None], object),
    "thread": threading.Thread,
    "frame": lambda: sys._getframe(),
}


class Thing:
    n = 2

    kind = "square"

    def __init__(self, factor):
        self.factor = factor

    def scaled(self, t):
        return t * self.factor

    def unread(self, t):
        return t * UNREAD_GLOBAL


HOLDER = Thing(2)
SPACE = types.SimpleNamespace(factor=2)
TABLE = {"a": 2, 1: 5}
ROW = [2, 3, *range(100)]
NEST = {"a": [1, Thing(2)], "b": 1}
UNREAD_GLOBAL = 1


def scaled_by(t, n=2, *, m=1):
    return t * n * m


def by_attribute(x):
    return x**HOLDER.factor


def by_method(x):
    return HOLDER.scaled(x)


def by_space(x):
    return x**SPACE.factor


def by_key(x):
    return x ** TABLE["a"]


def by_item(x):
    return x ** ROW[0]


def by_path(x):
    return x ** NEST["a"][1].factor


def by_class(x):
    return x**Thing.n


def by_callee(x):
    return scaled_by(x)


def beside_a_cell():
    unread = 1

    def f(x):
        return x**HOLDER.factor

    def change(value):
        nonlocal unread
        unread = value
        return unread

    return f, change


def by_module(x):
    return operator.mul(x, 2.0)


BESIDE = {
    "attribute": (by_attribute, lambda v: setattr(HOLDER, "unread_attribute", v)),
    "attribute beside what a method reads": (by_method, lambda v: setattr(HOLDER, "unread_attribute", v)),
    "attribute of a namespace": (by_space, lambda v: setattr(SPACE, "unread_attribute", v)),
    "key": (by_key, lambda v: operator.setitem(TABLE, "unread", v)),
    "item": (by_item, lambda v: operator.setitem(ROW, 1, v)),
    "key beside a path": (by_path, lambda v: operator.setitem(NEST, "b", v)),
    "item beside a path": (by_path, lambda v: operator.setitem(NEST["a"], 0, v)),
    "attribute beside a path": (by_path, lambda v: setattr(NEST["a"][1], "unread_attribute", v)),
    "attribute of a class": (by_class, lambda v: setattr(Thing, "unread_attribute", v)),
    "attribute of the class of an object": (by_attribute, lambda v: setattr(Thing, "unread_attribute", v)),
    "method": (by_method, lambda v: setattr(Thing, "unread", lambda self, t: v)),
    "attribute of a function": (by_callee, lambda v: setattr(scaled_by, "unread_attribute", v)),
    "global": (by_attribute, lambda v: operator.setitem(globals(), "UNREAD_GLOBAL", v)),
    "name of the module": (by_module, lambda v: operator.setitem(globals(), "UNREAD_GLOBAL_2", v)),
    "cell of another function": beside_a_cell(),
}


@pytest.fixture
def restored():
    yield
    for holder in (HOLDER, SPACE, NEST["a"][1], Thing, scaled_by):
        if "unread_attribute" in vars(holder):
            del holder.unread_attribute
    Thing.unread = lambda self, t: t * UNREAD_GLOBAL
    TABLE.pop("unread", None)
    ROW[1], NEST["b"], NEST["a"][0] = 3, 1, 1
    globals()["UNREAD_GLOBAL"] = 1


@pytest.mark.parametrize("place, value", [(p, v) for k, p in enumerate(BESIDE) for v in rotating(UNREAD, k, 4)])
def test_what_is_not_read(place, value, restored):
    f, put = BESIDE[place]
    expected = 2.0 if f in (by_method, by_callee, by_module) else 2.0 * X
    assert s2sad.grad(f)(X) == expected
    derivative = s2sad.grad(f)
    assert derivative(X) == expected
    with compilations() as compiled:
        for _ in range(2):
            put(UNREAD[value]())
            assert derivative(X) == expected
            assert s2sad.grad(f)(X) == expected
    assert compiled == []


@pytest.mark.parametrize("place", BESIDE)
def test_the_first_call_with_what_cannot_be_looked_at(place, restored):
    f, put = BESIDE[place]
    put(Untouchable())
    assert s2sad.grad(f)(X) == (2.0 if f in (by_method, by_callee, by_module) else 2.0 * X)


def test_one_key_of_many(monkeypatch):
    """No walk: a dict whose other entries, or whose iteration, must not be looked at."""
    many = UntouchableDict({k: Untouchable() for k in range(20_000)})
    dict.__setitem__(many, "a", 3)
    monkeypatch.setitem(globals(), "TABLE", many)
    derivative = s2sad.grad(by_key)
    assert derivative(X) == 3 * X**2
    with compilations() as compiled:
        many[1] = Untouchable()
        many["another"] = Untouchable()
        assert derivative(X) == 3 * X**2
        assert compiled == []
        many["a"] = 2
        assert derivative(X) == 2 * X
        assert len(compiled) <= 1


def calls(function):
    """How many functions a call runs, with those of C."""
    count = 0

    def counted(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("f", [by_key, by_item, by_path, by_attribute, by_method])
def test_a_call_does_as_much_in_a_small_world_as_in_a_large_one(f, monkeypatch):
    counted = []
    for many in (100, 20_000):
        monkeypatch.setitem(globals(), "TABLE", {"a": 2, **{k: [k] for k in range(many)}})
        monkeypatch.setitem(globals(), "ROW", [2, *([k] for k in range(many))])
        monkeypatch.setitem(globals(), "NEST", {"a": [1, Thing(2)], **{k: [k] for k in range(many)}})
        monkeypatch.setattr(HOLDER, "unread_attribute", [[k] for k in range(many)], raising=False)
        derivative = s2sad.grad(f)
        derivative(X)
        derivative(X)
        counted.append(calls(lambda derivative=derivative: derivative(X)))
    assert counted[0] == counted[1]


def warm_calls(function, q):
    """How many functions a call of the gradient runs after the first two."""
    gradient = s2sad.grad(function)
    gradient(q)
    gradient(q)
    return calls(lambda: gradient(q))


def test_methods_that_are_never_called():
    plt = pytest.importorskip("matplotlib.pyplot")

    class Arm:
        def __init__(self, lengths):
            self.lengths = lengths

        def tip(self, q):
            return np.sum(self.lengths * np.cos(np.cumsum(q)))

        def plot(self, q):
            _, axes = plt.subplots()
            axes.plot(np.cumsum(q))

    class Plain:
        def __init__(self, lengths):
            self.lengths = lengths

        def tip(self, q):
            return np.sum(self.lengths * np.cos(np.cumsum(q)))

    def loss(q):
        return (Arm(np.array([1.0, 0.5])).tip(q) - 1.0) ** 2

    def plain_loss(q):
        return (Plain(np.array([1.0, 0.5])).tip(q) - 1.0) ** 2

    q = np.array([0.3, 0.5])
    gradient = s2sad.grad(loss)
    found = gradient(q)
    assert found @ np.ones(2) == pytest.approx(numerical_jvp(loss, (q,), {0: np.ones(2)})[0][0], rel=1e-6)
    assert calls(lambda: gradient(q)) <= 2 * warm_calls(plain_loss, q)
    with compilations() as compiled:
        Arm.plot = lambda self, q: None
        np.testing.assert_array_equal(gradient(q), found)
        np.testing.assert_array_equal(s2sad.grad(loss)(q), found)
    assert compiled == []


def test_a_class_of_a_large_library_in_a_test_of_types():
    axes = pytest.importorskip("matplotlib.axes")
    Axes = axes.Axes

    def drawn(q, ax: Axes = None):
        if ax is not None and isinstance(ax, Axes):
            ax.plot(q)
        return np.sum(q**2)

    def plain(q, ax=None):
        return np.sum(q**2)

    q = np.array([0.3, 0.5])
    gradient = s2sad.grad(drawn)
    np.testing.assert_allclose(gradient(q), 2 * q)
    assert calls(lambda: gradient(q)) <= 2 * warm_calls(plain, q)


def test_a_name_that_a_branch_which_is_not_taken_reads(monkeypatch):
    def f(x):
        if HOLDER.kind == "square":
            return x**2
        return x * NEVER_READ  # noqa: F821

    monkeypatch.setitem(globals(), "NEVER_READ", Untouchable())
    derivative = s2sad.grad(f)
    assert derivative(X) == 2 * X
    with compilations() as compiled:
        monkeypatch.setitem(globals(), "NEVER_READ", Untouchable())
        assert derivative(X) == 2 * X
    assert compiled == []


KNOWN_AGAIN = [n for n in PAIRS if n not in ("lru_cache", "vectorize")]
"""Values that are equal, or do the same, when they are made anew; the others are told apart by their identity."""


@pytest.mark.parametrize("label", KNOWN_AGAIN)
@pytest.mark.parametrize("place", rotating(["global", "attribute"], 0, 0))
def test_an_equal_value_is_put_in_the_place_of_one(label, place, tmp_path):
    pair = PAIRS[label]
    package = f"equal{next(COUNTER)}"
    texts = written(HOLDERS[place], "first()", pair.use, pair.imports, package, REPLACED.format(pair))
    module = import_package(tmp_path, package, texts)
    try:
        derivative = s2sad.grad(module.f)
        try:
            found = derivative(X)
        except s2sad.Error as e:
            pytest.skip(f"refused: {e}")
        assert found == pytest.approx(difference(module.f, X), rel=1e-6)
        with compilations() as compiled:
            module.put(module.first())
            assert derivative(X) == found
            assert s2sad.grad(module.f)(X) == found
        assert compiled == []
    finally:
        forget(package)


def test_functions_made_anew_by_one_factory():
    def made(n, unread):
        def f(x):
            return x**n

        f.unread = unread
        return f

    assert s2sad.grad(made(2, Untouchable()))(X) == 2 * X
    with compilations() as compiled:
        assert s2sad.grad(made(2, Cyclic()))(X) == 2 * X
    assert compiled == []
    assert s2sad.grad(made(3, None))(X) == 3 * X**2


def test_a_counter_that_the_program_keeps():
    """What changes at each call, but is not read by the function, costs no compilation."""
    Color = enum.Enum("Color", "RED BLUE")
    state = types.SimpleNamespace(n=2, calls=0, log=collections.deque(maxlen=10), color=Color.RED)

    def f(x):
        return x**state.n if state.color is Color.RED else x

    derivative = s2sad.grad(f)
    assert derivative(X) == 2 * X
    with compilations() as compiled:
        for _ in range(20):
            state.calls += 1
            state.log.append(derivative(X))
    assert compiled == [] and set(state.log) == {2 * X}
