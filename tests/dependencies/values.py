"""Pairs of values that a function can depend on: with either of a pair, the same code has another derivative."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Two values as text, and an expression in `x` and `K` that tells them apart.

    `imports` is what the text needs. `binds`: as attribute of a class, an instance reads it as a method.
    """

    label: str
    first: str
    second: str
    use: str
    imports: str = ""
    binds: bool = False


EITHER = "x * 2.0 if {} else x * 3.0"

POWERS = "def square(t):\n    return t**2\n\n\ndef cube(t):\n    return t**3\n\n\ndef power(t, n):\n    return t**n"

OWN_REPR = "class Own({0}):\n    def __repr__(self):\n        return 'own'"

COLORS = """import enum


def colors(value, base=enum.Enum):
    class Color(base):
        RED = value

    return Color


TWO, THREE = colors(2), colors(3)"""

OBJECTS = """class Thing:
    def __init__(self, n):
        self.n = n

    def scaled(self, t):
        return t * self.n

    def __call__(self, t):
        return t**self.n"""

SLOTS = "class Slots:\n    __slots__ = ('n',)\n\n    def __init__(self, n):\n        self.n = n"

DATA = "import dataclasses\n\n\n@dataclasses.dataclass(frozen=True)\nclass Data:\n    n: int\n    name: str = 'a'"

CLASSES = """class Two:
    n = 2

    @staticmethod
    def s(t):
        return t * 2.0

    @classmethod
    def c(cls, t):
        return t * cls.n


class Three(Two):
    n = 3

    @staticmethod
    def s(t):
        return t * 3.0"""

WRAPPED = """import functools


def twice(g):
    @functools.wraps(g)
    def wrapped(t):
        return 2.0 * g(t)

    return wrapped


@twice
def square(t):
    return t**2


@twice
def cube(t):
    return t**3"""

RULES = """import s2sad


def ruled(factor):
    @s2sad.custom_vjp
    def g(t):
        return t * factor

    g.defvjp(lambda t: (g(t), None), lambda _, g_bar: (g_bar * factor,))
    return g


TWO, THREE = ruled(2.0), ruled(3.0)"""

MODULES = """import types


def module(factor):
    made = types.ModuleType("made")
    made.n = factor
    return made


TWO, THREE = module(2), module(3)"""

NUMBERS = [
    Pair("int", "2", "3", "x * K"),
    Pair("exponent", "2", "3", "x**K"),
    Pair("big int", "2**80", "2**80 + 1", "x * float(K % 1000)"),
    Pair("bool and int", "True", "1", EITHER.format("isinstance(K, bool)")),
    Pair("int and float", "1", "1.0", EITHER.format("isinstance(K, int)")),
    Pair("type of int and float", "1", "1.0", EITHER.format("type(K) is int")),
    Pair("quotient of int and float", "2", "2.0", "x * len(str(7 // K))"),
    Pair("float", "2.0", "3.0", "x * K"),
    Pair("float that is compared", "2.0", "3.0", EITHER.format("K < 2.5")),
    Pair("nan", "float('nan')", "1.0", EITHER.format("K != K")),
    Pair("inf", "float('inf')", "1.0", EITHER.format("math.isinf(K)"), "import math"),
    Pair("sign of zero", "0.0", "-0.0", "x * math.copysign(2.0, K)", "import math"),
    Pair("complex", "1 + 2j", "1 + 3j", "x * K.imag"),
    Pair("None", "None", "2", EITHER.format("K is None")),
    Pair("Fraction", "Fraction(1, 2)", "Fraction(3, 2)", "x * float(K)", "from fractions import Fraction"),
    Pair("Decimal", "Decimal('1.5')", "Decimal('2.5')", "x * float(K)", "from decimal import Decimal"),
    Pair("zeros of a Decimal", "Decimal('1.5')", "Decimal('1.50')", "x * len(str(K))", "from decimal import Decimal"),
    Pair("subclass of int", "Own(2)", "Own(3)", "x * int(K)", OWN_REPR.format("int")),
]

TEXTS = [
    Pair("str", "'a'", "'bb'", "x * len(K)"),
    Pair("str that is compared", "'square'", "'cube'", "x**2 if K == 'square' else x**3"),
    Pair("bytes", "b'a'", "b'b'", "x * K[0]"),
    Pair("bytes and str", "b'a'", "'a'", EITHER.format("isinstance(K, bytes)")),
    Pair("bytearray", "bytearray(b'a')", "bytearray(b'b')", "x * K[0]"),
    Pair("memoryview", "memoryview(b'a')", "memoryview(b'b')", "x * K[0]"),
    Pair("subclass of str", "Own('a')", "Own('b')", EITHER.format("K == 'a'"), OWN_REPR.format("str")),
    Pair("Path", "Path('a')", "Path('bb')", "x * len(str(K))", "from pathlib import Path"),
    Pair(
        "PurePosixPath",
        "PurePosixPath('a')",
        "PurePosixPath('bb')",
        "x * len(K.name)",
        "import pathlib\nfrom pathlib import PurePosixPath",
    ),
    Pair("pattern", "re.compile('a')", "re.compile('b')", EITHER.format("K.match('a')"), "import re"),
    Pair("str of NumPy", "np.str_('a')", "np.str_('b')", EITHER.format("K == 'a'")),
]

TIMES = [
    Pair("date", "datetime.date(2020, 1, 1)", "datetime.date(2021, 1, 1)", "x * K.year", "import datetime"),
    Pair("time", "datetime.time(2)", "datetime.time(3)", "x * K.hour", "import datetime"),
    Pair(
        "datetime",
        "datetime.datetime(2020, 1, 1, 0, 2)",
        "datetime.datetime(2020, 1, 1, 0, 3)",
        "x * K.minute",
        "import datetime",
    ),
    Pair(
        "timedelta", "datetime.timedelta(0, 2)", "datetime.timedelta(0, 3)", "x * K.total_seconds()", "import datetime"
    ),
    Pair(
        "datetime64",
        "np.datetime64('2020-01-01')",
        "np.datetime64('2021-01-01')",
        EITHER.format("K == np.datetime64('2020-01-01')"),
    ),
]

INDICES = [
    Pair("Ellipsis", "...", "0", EITHER.format("K is ...")),
    Pair("Ellipsis as index", "...", "0", "np.sum((x * np.arange(1.0, 5.0))[K])"),
    Pair("slice", "slice(0, 2)", "slice(0, 3)", "np.sum((x * np.ones(4))[K])"),
    Pair("range", "range(2)", "range(3)", "x * len(K)"),
    Pair("step of a range", "range(0, 4, 1)", "range(0, 4, 2)", "x * sum(K)"),
    Pair(
        "tuple as index", "(0, slice(None))", "(slice(None), 0)", "np.sum((x * np.array([[1.0, 2.0], [3.0, 4.0]]))[K])"
    ),
]

CONTAINERS = [
    Pair("tuple", "(2, 5)", "(3, 5)", "x * K[0]"),
    Pair("list", "[2, 5]", "[3, 5]", "x * K[0]"),
    Pair("length of a list", "[1.0, 1.0]", "[1.0, 1.0, 1.0]", "sum(x * k for k in K)"),
    Pair("tuple and list", "(2, 3)", "[2, 3]", EITHER.format("isinstance(K, tuple)")),
    Pair("types in a tuple", "(1, 2)", "(1, 2.0)", "x * len(str(K[1]))"),
    Pair("nested tuples", "((1, (2,)), 5)", "((1, (3,)), 5)", "x * K[0][1][0]"),
    Pair("nested lists", "[[1, [2]], 5]", "[[1, [3]], 5]", "x * K[0][1][0]"),
    Pair("nested dicts", "{'a': {'b': [2]}}", "{'a': {'b': [3]}}", "x * K['a']['b'][0]"),
    Pair("dict", "{'a': 2}", "{'a': 3}", "x * K['a']"),
    Pair("types of keys", "{'1': 2, '2': 1}", "{1: 2, 2: 1}", EITHER.format("'1' in K")),
    Pair("order of a dict", "{'a': 2.0, 'b': 3.0}", "{'b': 3.0, 'a': 2.0}", "x * list(K.values())[0]"),
    Pair("key that is missing", "{'a': 2}", "{}", "x * K.get('a', 3)"),
    Pair("set", "{1}", "{5}", EITHER.format("1 in K")),
    Pair("frozenset", "frozenset([1])", "frozenset([5])", EITHER.format("1 in K")),
    Pair("deque", "deque([2])", "deque([3])", "x * K[0]", "from collections import deque"),
    Pair("ChainMap", "ChainMap({'a': 2})", "ChainMap({'a': 3})", "x * K['a']", "from collections import ChainMap"),
    Pair(
        "MappingProxyType",
        "MappingProxyType({'a': 2})",
        "MappingProxyType({'a': 3})",
        "x * K['a']",
        "from types import MappingProxyType",
    ),
    Pair(
        "order of an OrderedDict",
        "OrderedDict(a=2.0, b=3.0)",
        "OrderedDict(b=3.0, a=2.0)",
        "x * list(K.values())[0]",
        "from collections import OrderedDict",
    ),
    Pair(
        "defaultdict",
        "defaultdict(int, a=2)",
        "defaultdict(int, a=3)",
        "x * K['a']",
        "from collections import defaultdict",
    ),
    Pair(
        "factory of a defaultdict",
        "defaultdict(int, a=2)",
        "defaultdict(float, a=2)",
        EITHER.format("K.default_factory is int"),
        "from collections import defaultdict",
    ),
    Pair("Counter", "Counter('aa')", "Counter('aaa')", "x * K['a']", "from collections import Counter"),
    Pair("array.array", "array('d', [2.0])", "array('d', [3.0])", "x * K[0]", "from array import array"),
    Pair(
        "type code of an array",
        "array('d', [2.0])",
        "array('f', [2.0])",
        EITHER.format("K.typecode == 'd'"),
        "from array import array",
    ),
    Pair(
        "SimpleNamespace",
        "SimpleNamespace(n=2.0)",
        "SimpleNamespace(n=3.0)",
        "x * K.n",
        "from types import SimpleNamespace",
    ),
    Pair(
        "int in a SimpleNamespace",
        "SimpleNamespace(n=2)",
        "SimpleNamespace(n=3)",
        "x**K.n",
        "from types import SimpleNamespace",
    ),
    Pair("Namespace", "Namespace(n=2)", "Namespace(n=3)", "x * K.n", "from argparse import Namespace"),
    Pair(
        "namedtuple",
        "Point(2, 5)",
        "Point(3, 5)",
        "x * K.a",
        "from collections import namedtuple\n\nPoint = namedtuple('Point', 'a b')",
    ),
    Pair(
        "namedtuple and tuple",
        "Point(2, 5)",
        "(2, 5)",
        EITHER.format("isinstance(K, Point)"),
        "from collections import namedtuple\n\nPoint = namedtuple('Point', 'a b')",
    ),
    Pair("functions in a list", "[abs, square]", "[abs, cube]", "K[1](x)", POWERS),
    Pair("functions in a dict", "{'a': {'b': square}}", "{'a': {'b': cube}}", "K['a']['b'](x)", POWERS),
]

NUMPY = [
    Pair("structured dtype", "np.dtype([('a', 'f8')])", "np.dtype([('b', 'f8')])", EITHER.format("'a' in K.names")),
    Pair("byte order", "np.dtype('>f8')", "np.dtype('<f8')", EITHER.format("K.byteorder == '>'")),
    Pair("dtype", "np.dtype('f4')", "np.dtype('f8')", "x * K.itemsize"),
    Pair("types of scalars", "np.float32(1.5)", "np.float64(1.5)", EITHER.format("isinstance(K, np.float32)")),
    Pair("dtypes of scalars", "np.float32(1.5)", "np.float64(1.5)", EITHER.format("K.dtype == np.float32")),
    Pair("float64", "np.float64(2.0)", "np.float64(3.0)", "x * K"),
    Pair("int64", "np.int64(2)", "np.int64(3)", "x * K"),
    Pair("bool of NumPy", "np.True_", "np.False_", EITHER.format("K")),
    Pair("array", "np.array([1.0, 2.0])", "np.array([1.0, 3.0])", "np.sum(x * K)"),
    Pair("array of int", "np.array([1, 2])", "np.array([1, 3])", "np.sum(x * K)"),
    Pair("shape", "np.ones(2)", "np.ones(3)", "np.sum(x * K)"),
    Pair("rank", "np.ones((2, 2))", "np.ones(4)", EITHER.format("K.ndim == 2")),
    Pair("dtype of an array", "np.ones(2)", "np.ones(2, int)", EITHER.format("K.dtype == np.float64")),
    Pair("mask", "np.array([True, False])", "np.array([True, True])", "np.sum((x * np.ones(2))[K])"),
    Pair("array of str", "np.array(['a', 'b'])", "np.array(['c', 'b'])", EITHER.format("K[0] == 'a'")),
    Pair("array of objects", "np.array([2, 'a'], object)", "np.array([3, 'a'], object)", "x * K[0]"),
    Pair("ufunc", "np.sin", "np.cos", "K(x)"),
    Pair("ufunc of two", "np.multiply", "np.add", "K(x, 5.0)"),
    Pair("ufunc of SciPy", "special.gamma", "special.gammaln", "K(x)", "from scipy import special"),
    Pair("function of NumPy", "np.sum", "np.prod", "K(x * np.array([1.0, 2.0]))", binds=True),
    Pair("vectorize", "np.vectorize(square)", "np.vectorize(cube)", "K(x)", POWERS),
]

TYPES = [
    Pair("generic alias", "list[int]", "list[float]", EITHER.format("K == list[int]")),
    Pair("union", "int | str", "int | float", EITHER.format("K == int | str")),
    Pair("type", "int", "str", EITHER.format("K is int")),
    Pair("type of an instance", "int", "float", EITHER.format("isinstance(2, K)")),
    Pair(
        "Enum",
        "Color.RED",
        "Color.BLUE",
        "x * K.value",
        "import enum\n\n\nclass Color(enum.Enum):\n    RED = 2\n    BLUE = 3",
    ),
    Pair(
        "Enum that is compared",
        "Color.RED",
        "Color.BLUE",
        EITHER.format("K is Color.RED"),
        "import enum\n\n\nclass Color(enum.Enum):\n    RED = 2\n    BLUE = 3",
    ),
    Pair("Enums of one name", "TWO.RED", "THREE.RED", "x * K.value", COLORS),
    Pair(
        "IntEnum",
        "Color.RED",
        "Color.BLUE",
        "x * K",
        "import enum\n\n\nclass Color(enum.IntEnum):\n    RED = 2\n    BLUE = 3",
    ),
    Pair(
        "Flag",
        "Right.R | Right.W",
        "Right.R",
        EITHER.format("Right.W in K"),
        "import enum\n\n\nclass Right(enum.Flag):\n    R = 1\n    W = 2",
    ),
    Pair("class", "Two", "Three", "x * K.n", CLASSES),
    Pair("class that is called", "Two", "Three", "x * K().n", CLASSES),
    Pair("object", "Thing(2)", "Thing(3)", "x * K.n", OBJECTS),
    Pair("exponent in an object", "Thing(2)", "Thing(3)", "x**K.n", OBJECTS),
    Pair("float in an object", "Thing(2.0)", "Thing(3.0)", "x * K.n", OBJECTS),
    Pair("str in an object", "Thing('a')", "Thing('bb')", "x * len(K.n)", OBJECTS),
    Pair("object with slots", "Slots(2)", "Slots(3)", "x * K.n", SLOTS),
    Pair("frozen dataclass", "Data(2)", "Data(3)", "x * K.n", DATA),
    Pair("exception", "ValueError(2)", "ValueError(3)", "x * K.args[0]"),
    Pair("sentinel", "FIRST", "SECOND", EITHER.format("K is FIRST"), "FIRST, SECOND = object(), object()"),
    Pair("module", "TWO", "THREE", "x * K.n", MODULES),
    Pair("module of the library", "math", "cmath", EITHER.format("K.__name__ == 'math'"), "import cmath\nimport math"),
    Pair(
        "function of a module",
        "math",
        "module",
        "K.sqrt(x)",
        "import math\nimport types\n\n\ndef sqrt(t):\n"
        "    return t * 3.0\n\n\nmodule = types.ModuleType('module')\nmodule.sqrt = sqrt",
    ),
]

FUNCTIONS = [
    Pair("function", "square", "cube", "K(x)", POWERS, binds=True),
    Pair("lambda", "lambda t: t * 2.0", "lambda t: t * 3.0", "K(x)", binds=True),
    Pair("closure", "scaled(2.0)", "scaled(3.0)", "K(x)", "def scaled(n):\n    return lambda t: t * n", binds=True),
    Pair("power in a closure", "power(2)", "power(3)", "K(x)", "def power(n):\n    return lambda t: t**n", binds=True),
    Pair("builtin", "abs", "float", "K(-x)"),
    Pair("builtin of two", "max", "min", "K(x, 2.0 * x)"),
    Pair("function of math", "math.sin", "math.cos", "K(x)", "import math"),
    Pair("operator", "operator.mul", "operator.add", "K(x, 5.0)", "import operator"),
    Pair("itemgetter", "operator.itemgetter(0)", "operator.itemgetter(1)", "K((x, 2.0 * x))", "import operator"),
    Pair(
        "attrgetter", "operator.attrgetter('real')", "operator.attrgetter('imag')", "x * K(2 + 3j)", "import operator"
    ),
    Pair(
        "function of a partial",
        "functools.partial(square)",
        "functools.partial(cube)",
        "K(x)",
        f"import functools\n\n\n{POWERS}",
    ),
    Pair(
        "argument of a partial",
        "functools.partial(power, 2.0)",
        "functools.partial(power, 3.0)",
        "K(x)",
        f"import functools\n\n\n{POWERS}",
    ),
    Pair(
        "keyword of a partial",
        "functools.partial(power, n=2)",
        "functools.partial(power, n=3)",
        "K(x)",
        f"import functools\n\n\n{POWERS}",
    ),
    Pair("bound method", "Thing(2).scaled", "Thing(3).scaled", "K(x)", OBJECTS),
    Pair("bound method of a str", "'abc'.count", "'aab'.count", "x * (1 + K('a'))"),
    Pair("static method", "Two.s", "Three.s", "K(x)", CLASSES, binds=True),
    Pair("class method", "Two.c", "Three.c", "K(x)", CLASSES),
    Pair(
        "lru_cache",
        "functools.lru_cache(square)",
        "functools.lru_cache(cube)",
        "x * K(3.0)",
        f"import functools\n\n\n{POWERS}",
        binds=True,
    ),
    Pair("callable object", "Thing(2)", "Thing(3)", "K(x)", OBJECTS),
    Pair("wrapped function", "square", "cube", "K(x)", WRAPPED, binds=True),
    Pair("derivative", "s2sad.grad(square)", "s2sad.grad(cube)", "K(x)", f"import s2sad\n\n\n{POWERS}", binds=True),
    Pair("custom rule", "TWO", "THREE", "K(x)", RULES, binds=True),
]


@dataclass(frozen=True)
class Change:
    """A value as text, a statement that changes it in place, and an expression that tells before from after."""

    label: str
    value: str
    statement: str
    use: str
    imports: str = ""
    binds: bool = False


PARENTS = """class Parent:
    n = 2

    @property
    def p(self):
        return self.n

    def scaled(self, t):
        return t * self.n

    @staticmethod
    def s(t):
        return t * 2.0


class Child(Parent):
    def __call__(self, t):
        return t * 2.0


class Other:
    n = 3"""

MUTABLE = "import dataclasses\n\n\n@dataclasses.dataclass\nclass Data:\n    n: int = 2\n    name: str = 'a'"

ORDINARY = """def scaled(t, n=2, *, m=1):
    return t * n * m


def closure(n):
    return lambda t: t**n


def tripled(t, n=2, *, m=1):
    return t * 3.0 * n * m


scaled.n = 2"""

CHANGES = [
    Change("item of a list", "[2, 5]", "K[0] = 3", "x * K[0]"),
    Change("append", "[2.0]", "K.append(1.0)", "sum(x * k for k in K)"),
    Change("reverse", "[2, 3]", "K.reverse()", "x**K[0]"),
    Change("clear", "[2, 3]", "K.clear()", "x * (3 + len(K))"),
    Change("type of an item", "[1]", "K[0] = 1.0", "x * len(str(K[0]))"),
    Change("list in a tuple", "(1, [2])", "K[1][0] = 3", "x**K[1][0]"),
    Change("list in a list", "[1, [[2]]]", "K[1][0][0] = 3", "x * K[1][0][0]"),
    Change("item of a dict", "{'a': 2}", "K['a'] = 3", "x * K['a']"),
    Change("key that comes", "{}", "K['a'] = 2", "x * K.get('a', 3)"),
    Change("key that goes", "{'a': 1}", "del K['a']", EITHER.format("'a' in K")),
    Change("order of keys", "{'a': 2.0, 'b': 3.0}", "K['a'] = K.pop('a')", "x * list(K.values())[0]"),
    Change("dict in a dict", "{'a': {'b': 2}}", "K['a']['b'] = 3", "x * K['a']['b']"),
    Change("function in a dict", "{'a': square}", "K['a'] = cube", "K['a'](x)", POWERS),
    Change("set", "{1}", "K.clear()", EITHER.format("1 in K")),
    Change("set in a dict", "{'a': {1}}", "K['a'].remove(1)", EITHER.format("1 in K['a']")),
    Change("deque", "deque([2])", "K.appendleft(3)", "x * K[0]", "from collections import deque"),
    Change("bytearray", "bytearray(b'a')", "K[0] = 98", "x * K[0]"),
    Change("memory of a bytearray", "memoryview(bytearray(b'a'))", "K.obj[0] = 98", "x * K[0]"),
    Change("array.array", "array('d', [2.0])", "K[0] = 3.0", "x * K[0]", "from array import array"),
    Change("SimpleNamespace", "SimpleNamespace(n=2)", "K.n = 3", "x**K.n", "from types import SimpleNamespace"),
    Change(
        "SimpleNamespace in another",
        "SimpleNamespace(n=SimpleNamespace(m=2))",
        "K.n.m = 3",
        "x * K.n.m",
        "from types import SimpleNamespace",
    ),
    Change("Namespace", "Namespace(n=2)", "K.n = 3", "x * K.n", "from argparse import Namespace"),
    Change(
        "order of an OrderedDict",
        "OrderedDict(a=2.0, b=3.0)",
        "K.move_to_end('a')",
        "x * list(K.values())[0]",
        "from collections import OrderedDict",
    ),
    Change("Counter", "Counter('aa')", "K.update('a')", "x * K['a']", "from collections import Counter"),
    Change("defaultdict", "defaultdict(int, a=2)", "K['a'] = 3", "x * K['a']", "from collections import defaultdict"),
    Change(
        "map of a ChainMap",
        "ChainMap({'a': 2})",
        "K.maps[0]['a'] = 3",
        "x * K['a']",
        "from collections import ChainMap",
    ),
    Change(
        "dict behind a MappingProxyType",
        "MappingProxyType(INNER)",
        "INNER['a'] = 3",
        "x * K['a']",
        "from types import MappingProxyType\n\nINNER = {'a': 2}",
    ),
    Change("array", "np.array([1.0, 2.0])", "K[1] = 3.0", "np.sum(x * K)"),
    Change("array of int", "np.array([1, 2])", "K[1] = 3", "np.sum(x**K)"),
    Change("array of str", "np.array(['a', 'b'])", "K[0] = 'c'", EITHER.format("K[0] == 'a'")),
    Change("attribute", "Thing(2)", "K.n = 3", "x * K.n", OBJECTS),
    Change("exponent as attribute", "Thing(2)", "K.n = 3", "x**K.n", OBJECTS),
    Change("attribute that a method reads", "Thing(2)", "K.n = 3", "K.scaled(x)", OBJECTS),
    Change("attribute that a call reads", "Thing(2)", "K.n = 3", "K(x)", OBJECTS),
    Change("object of a bound method", "Thing(2).scaled", "K.__self__.n = 3", "K(x)", OBJECTS),
    Change("object in a list", "[Thing(2)]", "K[0].n = 3", "x**K[0].n", OBJECTS),
    Change("attribute in slots", "Slots(2)", "K.n = 3", "x * K.n", SLOTS),
    Change("dataclass", "Data()", "K.n = 3", "x**K.n", MUTABLE),
    Change("attribute that comes", "Data()", "K.m = 3", EITHER.format("hasattr(K, 'm')"), MUTABLE),
    Change(
        "attribute that goes",
        "Data()",
        "del K.name",
        EITHER.format("hasattr(K, 'name')"),
        "class Data:\n    def __init__(self):\n        self.name = 'a'",
    ),
    Change("dict of an object", "Data()", "K.__dict__.update(n=3)", "x * K.n", MUTABLE),
    Change("class of an object", "Parent()", "K.__class__ = Other", "x * K.n", PARENTS),
    Change("attribute beside that of the class", "Parent()", "K.n = 3", "x * K.n", PARENTS),
    Change("attribute beside a method", "Parent()", "K.scaled = lambda t: t * 3.0", "K.scaled(x)", PARENTS),
    Change("attribute of the class", "Parent()", "Parent.n = 3", "x * K.n", PARENTS),
    Change("attribute of the class of a parent", "Child()", "Parent.n = 3", "x * K.n", PARENTS),
    Change("attribute that hides a parent's", "Child()", "Child.n = 3", "x * K.n", PARENTS),
    Change("method", "Parent()", "Parent.scaled = lambda self, t: t * 3.0", "K.scaled(x)", PARENTS),
    Change("method of a parent", "Child()", "Parent.scaled = lambda self, t: t * 3.0", "K.scaled(x)", PARENTS),
    Change("method that hides a parent's", "Child()", "Child.scaled = lambda self, t: t * 3.0", "K.scaled(x)", PARENTS),
    Change("property", "Parent()", "Parent.p = property(lambda self: 3)", "x * K.p", PARENTS),
    Change("static method", "Parent()", "Parent.s = staticmethod(lambda t: t * 3.0)", "K.s(x)", PARENTS),
    Change("static method of a class", "Parent", "K.s = staticmethod(lambda t: t * 3.0)", "K.s(x)", PARENTS),
    Change("call of a class", "Child()", "Child.__call__ = lambda self, t: t * 3.0", "K(x)", PARENTS),
    Change("class", "Parent", "K.n = 3", "x * K.n", PARENTS),
    Change("bases", "Child", "K.__bases__ = (Other,)", "x * K.n", PARENTS),
    Change("defaults", "scaled", "K.__defaults__ = (3,)", "K(x)", ORDINARY, binds=True),
    Change("keyword defaults", "scaled", "K.__kwdefaults__ = {'m': 3}", "K(x)", ORDINARY, binds=True),
    Change("item of the keyword defaults", "scaled", "K.__kwdefaults__['m'] = 3", "K(x)", ORDINARY, binds=True),
    Change("code", "scaled", "K.__code__ = tripled.__code__", "K(x)", ORDINARY, binds=True),
    Change("attribute of a function", "scaled", "K.n = 3", "x * K.n", ORDINARY, binds=True),
    Change("cell of a closure", "closure(2)", "K.__closure__[0].cell_contents = 3", "K(x)", ORDINARY, binds=True),
    Change(
        "keyword of a partial",
        "functools.partial(scaled, n=2)",
        "K.keywords['n'] = 3",
        "K(x)",
        f"import functools\n\n\n{ORDINARY}",
    ),
    Change("attribute of a module", "TWO", "K.n = 3", "x * K.n", MODULES),
    Change("arguments of an exception", "ValueError(2)", "K.args = (3,)", "x * K.args[0]"),
]

PAIRS = {p.label: p for p in [*NUMBERS, *TEXTS, *TIMES, *INDICES, *CONTAINERS, *NUMPY, *TYPES, *FUNCTIONS]}
