"""Private names, and which object an object is: what Python makes of them, value and both modes."""

import dataclasses
import enum

import numpy as np
import pytest

import s2sad
from tests.against_python import X, check, check_or_refused, programs


class A:
    __factor = 3.0
    __table = {"a": 2.0}

    def __init__(self, x):
        self.__k = x
        self.k__, self.__d__, self.__e_ = 2.0, 3.0, 4.0

    def use(self):
        return np.sum(self.__k * self.__factor) * self.k__ * self.__d__ * self.__e_ * self.__table["a"]

    def nested(self):
        def inner(t):
            return np.sum(t * self.__k)

        f = lambda t: np.sum(self.__k**2) * t  # noqa: E731
        return inner(self.__k) + f(3.0) + sum([v * self.__factor for v in self.__k])

    def local(self):
        __t = self.__k * 2
        for __i in range(3):
            __t = __t * 1.5 + __i
        return np.sum(__t)

    def parameter(self, __a, __b=2.0):
        return np.sum(__a * __b)

    @staticmethod
    def __twice(x):
        return x * 2

    @classmethod
    def __scaled(cls, x):
        return x * cls.__factor

    @property
    def __square(self):
        return self.__k**2

    def members(self):
        return np.sum(self.__twice(self.__k) + self.__scaled(self.__k) + self.__square)

    def changed(self):
        self.__k += 1.0
        self.__z = self.__k * 2
        v = self.__z
        del self.__z
        return np.sum(v) * (2.0 if hasattr(self, "_A__z") else 1.0) + np.sum(v**2)

    def by_text(self):
        return np.sum(self._A__k) * (2.0 if hasattr(self, "__k") else 3.0)

    def recursive(self, n):
        def __go(m):
            return 1.0 if m == 0 else np.sum(self.__k) * __go(m - 1)

        return __go(n)

    def of_globals(self):
        return np.sum(self.__k) * __GLOBAL  # noqa: F821

    def __items(self):
        yield self.__k[0]
        yield self.__k[1] * self.__factor

    def generated(self):
        return sum(self.__items()) + sum(self.__factor * v for v in self.__k)

    def matched(self, v):
        match v:
            case {"a": __a, **__rest}:
                return np.sum(__a * self.__k) * len(__rest)
            case [__first, *__others]:
                return np.sum(__first * self.__k) * len(__others)


_A__GLOBAL = 7.0


class B(A):
    __factor = 5.0

    def __init__(self, x):
        super().__init__(x)
        self.__k = x**2

    def both(self):
        return self.use() + np.sum(self.__k * self.__factor)


class _Leading_:
    __f = 3.0

    def m(self, x):
        self.__v = x
        return np.sum(self.__v * self.__f) * (2.0 if hasattr(self, "_Leading___v") else 1.0)


class __:
    __f = 4.0

    def m(self, x):
        self.__v = x
        return np.sum(self.__v * self.__f) * (2.0 if hasattr(self, "__v") else 1.0)


@dataclasses.dataclass
class Fields:
    __w: np.ndarray
    __c: float = 2.0

    def value(self):
        return np.sum(self.__w**2 * self.__c)


class Slots:
    __slots__ = ("__k", "n")

    def __init__(self, x):
        self.__k, self.n = x, 2

    def value(self):
        return np.sum(self.__k**self.n)


class Outer:
    class Inner:
        def __init__(self, x):
            self.__q = x

        def value(self):
            return np.sum(self.__q**2)

    def __init__(self, x):
        self.__i = Outer.Inner(x)

    def value(self):
        return self.__i.value()


class Operators:
    def __init__(self, x):
        self.__x = x

    def __add__(self, other):
        return Operators(self.__x + other.__x)

    def __call__(self, t):
        return np.sum(self.__x * t)

    def __len__(self):
        return len(self.__x)

    def __getitem__(self, k):
        return self.__x[k]


def local_class():
    class Local:
        __c = 2.0

        def __init__(self, x):
            self.__x = x

        def value(self):
            def deep():
                return self.__c * (lambda: self.__x**2)()

            return np.sum(deep())

    return Local


LOCAL = local_class()
OBJECT = B(np.arange(3.0))


def private_attributes(x):
    return A(x).use() + B(x).both()


def private_in_functions_inside(x):
    return A(x).nested() + A(x).recursive(3)


def private_locals(x):
    return A(x).local()


def private_parameters(x):
    return A(x).parameter(x) + A(x).parameter(x, _A__b=3.0)


def private_methods(x):
    return A(x).members()


def private_attributes_changed(x):
    return A(x.copy()).changed()


def private_names_as_text(x):
    return A(x).by_text()


def private_globals(x):
    return A(x).of_globals()


def private_generators(x):
    return A(x).generated()


def private_in_patterns(x):
    return A(x).matched({"a": 2.0, "b": 1}) + A(x).matched([3.0, 1, 2])


def private_underscores(x):
    return _Leading_().m(x) + __().m(x)


def private_fields(x):
    return Fields(x).value() + Fields(x, _Fields__c=3.0).value()


def private_slots(x):
    return Slots(x).value()


def private_of_inner_class(x):
    return Outer(x).value()


def private_in_operators(x):
    o = Operators(x) + Operators(x * 2)
    return o(x) * len(o) + o[1]


def private_of_local_class(x):
    return LOCAL(x).value()


def private_outside(x):
    return np.sum(x) * OBJECT.both()


def private_not_outside_a_class(x):
    a = A(x)
    a.__k = 100.0
    return a.use() + a.__k


@pytest.mark.parametrize("f", programs(globals(), "private_"))
def test_private_names(f):
    check(f)


@pytest.mark.parametrize("given", [Slots(np.ones(3)), Fields(np.ones(3)), Outer(np.ones(3))])
def test_private_names_of_an_argument(given):
    _, got = s2sad.value_and_grad(lambda x, o: np.sum(x) * o.value())(X, given)
    np.testing.assert_allclose(got, given.value() * np.ones_like(X))
    got = s2sad.grad(lambda o: o.value())(given)
    name = {Slots: "_Slots__k", Fields: "_Fields__w"}.get(type(given))
    if name is not None:
        np.testing.assert_allclose(getattr(got, name), 2.0 * (2.0 if type(given) is Fields else 1.0) * np.ones(3))


# which object it is


class Mode(enum.Enum):
    FIRST = 1
    SECOND = 2

    @property
    def factor(self):
        return 2.0 * self.value


class Pair(enum.Enum):
    P = (1.0, 2.0)
    Q = (3.0, 4.0)

    def __init__(self, u, v):
        self.u, self.v = u, v


class Switch(enum.Flag):
    R = 1
    W = 2


class Plain:
    def __init__(self, k):
        self.k = k


class Nothing:
    pass


class ByKey(Plain):
    def __eq__(self, other):
        return isinstance(other, ByKey) and self.k == other.k

    def __hash__(self):
        return hash(self.k)


@dataclasses.dataclass(frozen=True)
class Point:
    k: float
    mode: Mode = Mode.FIRST
    note: str = dataclasses.field(default="", compare=False)


@dataclasses.dataclass(eq=False)
class Bare:
    k: float


P0, P1, MISSING, SENTINEL, D0, B0, E0 = Plain(1.0), Plain(1.0), Nothing(), object(), Point(1.0), Bare(1.0), ByKey(1.0)


def scaled(x, c):
    return np.sum(x) * (2.0 if c else 3.0)


TESTS = {
    "is": lambda x, a, b: scaled(x, a is b),
    "is not": lambda x, a, b: scaled(x, a is not b),
    "==": lambda x, a, b: scaled(x, a == b),
    "!=": lambda x, a, b: scaled(x, a != b),
    "in tuple": lambda x, a, b: scaled(x, a in (None, b)),
    "not in list": lambda x, a, b: scaled(x, a not in [b]),
    "is P0": lambda x, a, b: scaled(x, a is P0),
    "== D0": lambda x, a, b: scaled(x, a == D0),
    "in globals": lambda x, a, b: scaled(x, a in (P0, MISSING, D0, E0)),
    "is MISSING": lambda x, a, b: scaled(x, a is MISSING or b is MISSING),
    "of one": lambda x, a, b: scaled(x, a is a and a == a),
    "in containers": lambda x, a, b: scaled(x, [a, b][0] is {"k": (a, b)}["k"][0]),
    "with new": lambda x, a, b: scaled(x, Plain(1.0) is a or Plain(1.0) == b or [a] is [b]),  # noqa: F632
    "is None": lambda x, a, b: scaled(x, a is None or b is not None),
    "as key": lambda x, a, b: scaled(x, {P0: 1, None: 2, Mode.FIRST: 3, D0: 4}.get(a, 5) in (1, 4)),
}
VALUES = {
    "enum": (Mode.FIRST, Mode.FIRST),
    "two enums": (Mode.FIRST, Mode.SECOND),
    "flag": (Switch.R | Switch.W, Switch.R | Switch.W),
    "object": (P0, P0),
    "two objects": (P1, P0),
    "without attributes": (MISSING, Nothing()),
    "sentinel": (SENTINEL, SENTINEL),
    "dataclasses": (Point(1.0), D0),
    "one dataclass": (D0, D0),
    "another dataclass": (Point(1.0, Mode.SECOND), Point(1.0, note="b")),
    "without eq": (B0, B0),
    "two without eq": (B0, Bare(1.0)),
    "with its own eq": (ByKey(1.0), E0),
    "with another": (ByKey(2.0), E0),
    "object and none": (None, P0),
    "two classes": (Mode.FIRST, P0),
}


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("test", TESTS)
def test_objects_keep_their_identity(test, values):
    f = TESTS[test]
    a, b = VALUES[values]
    for given in ((a, b), (b, a)):
        # the reference may not copy what is asked for its identity
        want = f(X, *given)
        value, gradient = s2sad.value_and_grad(f)(X, *given)
        assert value == want
        np.testing.assert_allclose(gradient, np.full(X.shape, want / np.sum(X)), rtol=1e-12)
        _, dot = s2sad.jvp(f, (X, *given), (np.ones_like(X), None, None))
        np.testing.assert_allclose(dot, X.size * want / np.sum(X), rtol=1e-12)


def test_another_object_is_another_program():
    f = TESTS["is P0"]
    derivative = s2sad.grad(f)
    given = [P0, P1, Plain(1.0), P0, ByKey(1.0)]
    assert [derivative(X, a, None)[0] for a in given] == [2.0, 3.0, 3.0, 2.0, 3.0]


def test_attributes_of_an_object_that_is_known_are_read_anew():
    def f(x, p):
        return np.sum(x) * p.k if p is P1 else 0.0

    derivative = s2sad.grad(f)
    before = derivative(X, P1)
    P1.k = 5.0
    try:
        np.testing.assert_allclose((before[0], derivative(X, P1)[0]), (1.0, 5.0))
    finally:
        P1.k = 1.0


def test_the_object_that_is_differentiated_by_is_no_constant():
    def f(p, x):
        return p.k * x if p is P0 else x

    with pytest.raises(s2sad.errors.Unsupported, match="must be known, and its numbers vary"):
        s2sad.grad(f)(P0, 2.0)
    with pytest.raises(s2sad.errors.Unsupported, match="must be known, and its numbers vary"):
        s2sad.vmap(lambda p, x: x if p is P0 else p.k)(Plain(np.arange(3.0)), np.ones(3))


def same_by_default(x, m=MISSING, p=P0, e=Mode.SECOND):
    return scaled(x, m is MISSING) * scaled(x, p == P0) * e.factor


def same_by_keyword(x):
    return same_by_default(x, e=Mode.FIRST) + same_by_default(x, Nothing())


def same_members(x):
    total = 0.0
    for m in Mode:
        total += np.sum(x) * (2.0 if m is Mode.FIRST else m.value)
    return total * Pair.Q.u + Pair["P"].v


def same_in_match(x, c=Point(1.0, Mode.SECOND)):  # noqa: B008
    match c:
        case Point(k=k, mode=Mode.SECOND):
            return np.sum(x) * k
        case _:
            return scaled(x, True)


def same_when_merged(x):
    m = Mode.FIRST
    for i in range(3):
        if x[0] > 0.1 * i:
            m = Mode.SECOND
    return scaled(x, m is Mode.SECOND)


def same_of_lists_here(x):
    a = [x[0]]
    b, c = a, [x[0]]
    return scaled(x, a is b and a is not c)


WEIGHTS = np.arange(4.0)


def same_of_arrays_made(x):
    a, b = x * 2.0, x * 2.0
    return scaled(a, a is b) + scaled(b, a is not x) * scaled(x, x * 1.0 is x)


def same_of_arrays_by_name(x):
    a = x
    b = c = np.zeros(4)
    b[0] = x[1]
    return scaled(x, a is x) * scaled(c, b is c) + scaled(b, b is not a)


def same_of_arrays_changed_in_place(x):
    a = x * 2.0
    b = a
    a += 1.0
    c = b
    c = c + 1.0
    return scaled(a, a is b) * scaled(c, c is b)


def same_of_arrays_copied(x):
    a = x.copy()
    return scaled(x, a is x) + scaled(a, np.array(x) is x)


def same_of_parts(x):
    part, rest = x[1:], x[:]
    m = x[x > 0]
    return scaled(part, part is x) + scaled(rest, rest is x) + scaled(x.T, x.T is x) + scaled(m, m is x)


def same_of_arrays_outside(x):
    a = WEIGHTS * x
    return scaled(a, a is WEIGHTS) + scaled(x, WEIGHTS is WEIGHTS)


def same_in_lists(x):
    parts = [x, x * 2.0, x * 3.0]
    return sum([scaled(p, p is x) for p in parts]) * scaled(x, parts[1] is parts[2])


def same_of_array_given_back(x):
    def same(v):
        return v

    def other(v):
        return v * 1.0

    return scaled(x, same(x) is x) + scaled(x, other(x) is x)


def asks(v, w):
    return np.sum(v) * (2.0 if v is w else 3.0)


def same_asked_by_a_callee(x):
    y = x * 2.0
    return asks(x, x) + asks(x, y) * asks(y, y)


def same_of_out(x):
    b = np.zeros(4)
    a = np.add(x, 1.0, out=b)
    return scaled(b, a is b)


@pytest.mark.parametrize("f", programs(globals(), "same_"))
def test_identity_inside(f):
    check(f)


class Node:
    def __init__(self, v, following=None):
        self.v, self.following = v, following


def unknown_in_a_chain(x):
    last = Node(x[1])
    n, total = Node(x[0], last), 0.0
    while n is not None:
        total = total + n.v * (2.0 if n is last else 1.0)
        n = n.following
    return total


def unknown_lists(x, a=[1.0], b=[1.0]):  # noqa: B006
    return scaled(x, a is b)


def unknown_when_merged(x):
    a, b = [x[0]], [x[1]]
    c = a if x[0] > 0 else b
    return scaled(x, c is a)


def unknown_of_two_parts(x):
    a, b = x[:2], x[:2]
    c = a
    return scaled(x, a is b) + scaled(x, a is c)


def unknown_of_repeated(x):
    parts = [x * 2.0] * 2
    return scaled(x, parts[0] is parts[1])


def unknown_of_arrays_merged(x):
    a = x * 2.0
    b = a if x[0] > 0 else x
    return scaled(x, b is a)


def unknown_of_arrays_merged_by_statement(x):
    a = x
    if x[0] > 0:
        a = x * 2.0
    return scaled(x, a is x)


def unknown_of_arrays_in_loop(x):
    previous, total = x, 0.0
    for k in range(3):
        now = previous * 2.0 if k != 1 else previous
        total += scaled(now, now is previous)
        previous = now
    return total


def unknown_of_arrays_that_a_loop_leaves(x):
    first = last = x * 2.0
    for k in range(3):
        if x[k] > 1.0:
            last = first
        elif x[k] < 0.0:
            last = first * 3.0
    return scaled(last, last is first)


def unknown_of_what_may_be_the_array(x):
    return scaled(x, np.asarray(x) is x) + scaled(x, np.atleast_1d(x) is x) + scaled(x, np.squeeze(x) is x)


def unknown_of_real_parts(x):
    return scaled(x, x.real is x) + scaled(x, np.ascontiguousarray(x) is x)


def unknown_of_items_of_tuples(x):
    def both(v):
        w = v * 2.0
        return w, w

    a, b = both(x)
    return scaled(x, a is b)


def unknown_of_stopped(x):
    return scaled(x, s2sad.stop_gradient(x) is x)


def unknown_of_two_outside(x):
    return scaled(x, WEIGHTS is OTHER) + scaled(x, WEIGHTS is ALIAS) + scaled(x, x is WEIGHTS)


OTHER, ALIAS = np.arange(4.0), WEIGHTS


@pytest.mark.parametrize("f", programs(globals(), "unknown_"))
def test_identity_that_is_not_known_is_refused(f):
    check_or_refused(f)


def test_arguments_that_may_be_one_array_are_refused():
    def f(x, y):
        return np.sum(x) * (2.0 if x is y else 3.0)

    with pytest.raises(s2sad.errors.UnsupportedType, match=r"test_names_and_identity.py:\d+: `is` between arrays") as e:
        s2sad.grad(f)(X, X)
    assert "np.shares_memory" in str(e.value)


def attribute_of_a_part(x):
    return np.sum(x) * (2.0 if x[1:].base is x else 3.0)


def attribute_that_is_missing(x):
    return np.sum(x) * (2.0 if (x * 2.0).missing is None else 3.0)


def attribute_of_a_number(x):
    return np.sum(x) * (2.0 if x[0].missing else 3.0)


def attribute_of_flags(x):
    return np.sum(x) * (2.0 if x.flags.c_contiguous else 3.0)


@pytest.mark.parametrize("f", programs(globals(), "attribute_"))
def test_what_is_no_method_is_no_object(f):
    with pytest.raises(s2sad.errors.UnsupportedType, match=r"test_names_and_identity.py:\d+: .*attribute") as e:
        s2sad.grad(f)(X)
    assert "can be read" in str(e.value)
