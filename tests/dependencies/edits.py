"""Texts of a module before and after an edit that changes the derivative of its function `g`, and ways to reach it."""

from dataclasses import dataclass

HEAD = "import builtins\nimport dataclasses\nimport functools\nimport math\n\nimport numpy as np\n\nimport s2sad\n\n\n"


@dataclass(frozen=True)
class Edit:
    """A text in which `old` or `new` stands for `HERE`."""

    label: str
    text: str
    old: str
    new: str

    @property
    def texts(self):
        return tuple(f"{HEAD}{self.text.replace('HERE', t)}\n" for t in (self.old, self.new))


PLAIN = "def g(t):\n    return HERE"

CALLEE = "def h(t{0}):\n    return {1}\n\n\ndef g(t):\n    return {2}"

TRIED = """def h(t):
    return t * math.sqrt(-1.0)


def g(t):
    try:
        y = t * 2.0
HERE
    return y + z"""

IN_TRY = """        z = h(t)
    except ValueError:
        y = t * 5.0
        z = 0.0"""

IN_ELSE = """    except ValueError:
        y = t * 5.0
        z = 0.0
    else:
        z = h(t)"""

KEYWORDS = """def h(t, a=1, b=1):
    return t**a * b


def g(t):
    return h(t, HERE=2)"""

TABLE = """T = {"a": lambda t: t * HERE}


def g(t):
    return T["a"](t)"""

FACTORY = """def made(n):
    return lambda t: {0}


h = made({1})


def g(t):
    return h(t)"""

CLASS = """class Parent:
    {0}


class C(Parent):
    k = 2


def g(t):
    return {1}"""

PARENTS = """class A:
    k = 2


class B:
    k = 3

    def m(self, t):
        return t * 2.0


class C({0}):
    {1}


def g(t):
    return {2}"""

DECORATED = """def decorated(h):
    @functools.wraps(h)
    def wrapped(t):
        return HERE * h(t)

    return wrapped


@decorated
def g(t):
    return t**2"""

ATTRIBUTE = """def h(t):
    return t


h.k = HERE


def g(t):
    return t * h.k"""

BUILTIN = """builtins.S2SAD_K = HERE


def g(t):
    return t * S2SAD_K"""

SHADOWED = """HERE


def g(t):
    return abs(t)"""

BRANCH = """if HERE:

    def h(t):
        return t * 2.0

else:

    def h(t):
        return t * 3.0


def g(t):
    return h(t)"""

DATA = """@dataclasses.dataclass
class D:
    n: int = HERE


def g(t):
    return t * D().n"""

RULE = """@s2sad.custom_vjp
def h(t):
    return t * HERE


h.defvjp(lambda t: (h(t), None), lambda _, h_bar: (h_bar * HERE,))


def g(t):
    return h(t)"""

METHOD = "def {0}(self, t):\n        return t * HERE"

EDITS = [
    Edit("constant", PLAIN, "t * 2.0", "t * 3.0"),
    Edit("type of a constant", PLAIN, "t * len(str(1))", "t * len(str(1.0))"),
    Edit("bool as constant", PLAIN, "t * len(str(1))", "t * len(str(True))"),
    Edit("sign of zero", PLAIN, "t * math.copysign(2.0, 0.0)", "t * math.copysign(2.0, -0.0)"),
    Edit("types in a tuple", PLAIN, "t * len(str((1, 2)[1]))", "t * len(str((1, 2.0)[1]))"),
    Edit("str and bytes", PLAIN, "t * len(str('a'))", "t * len(str(b'a'))"),
    Edit("set of constants", PLAIN, "t * (2.0 if 1 in {1, 2} else 3.0)", "t * (2.0 if 1 in {5, 2} else 3.0)"),
    Edit("operator", PLAIN, "t * 2.0", "t + 2.0"),
    Edit("comparison", PLAIN, "t * 2.0 if t < 9.0 else t", "t * 2.0 if t > 9.0 else t"),
    Edit("name that is called", PLAIN, "math.sin(t)", "math.cos(t)"),
    Edit("attribute of a module", PLAIN, "np.sin(t)", "np.cos(t)"),
    Edit("name of a keyword", KEYWORDS, "a", "b"),
    Edit("default of a callee", CALLEE.format(", n=HERE", "t * n", "h(t)"), "2", "3"),
    Edit("keyword default of a callee", CALLEE.format(", *, n=HERE", "t * n", "h(t)"), "2", "3"),
    Edit("type of a default", CALLEE.format(", n=HERE", "t * len(str(n))", "h(t)"), "1", "1.0"),
    Edit("callee", CALLEE.format("", "t * HERE", "h(t)"), "2.0", "3.0"),
    Edit("callee in a list", CALLEE.format("", "t * HERE", "[h][0](t)"), "2.0", "3.0"),
    Edit("item of a result", CALLEE.format("", "t * HERE, t", "h(t)[0]"), "2.0", "3.0"),
    Edit("lambda in a dict", TABLE, "2.0", "3.0"),
    Edit("inner function", PLAIN, "(lambda s: s * 2.0)(t)", "(lambda s: s * 3.0)(t)"),
    Edit("comprehension", PLAIN, "sum([t * k for k in (1, 2)])", "sum([t * k for k in (1, 3)])"),
    Edit("variable of a factory", FACTORY.format("t * n", "HERE"), "2.0", "3.0"),
    Edit("body of a factory", FACTORY.format("HERE", "2"), "t * n", "t**n"),
    Edit("decorator", DECORATED, "2.0", "3.0"),
    Edit("property", CLASS.format("p = property(lambda self: HERE)", "t * C().p"), "2.0", "3.0"),
    Edit("static method", CLASS.format("s = staticmethod(lambda t: t * HERE)", "C.s(t)"), "2.0", "3.0"),
    Edit("class method", CLASS.format("c = classmethod(lambda cls, t: t * HERE)", "C.c(t)"), "2.0", "3.0"),
    Edit("method of a parent", CLASS.format(METHOD.format("m"), "C().m(t)"), "2.0", "3.0"),
    Edit("operator of a class", CLASS.format(METHOD.format("__mul__"), "C() * t"), "2.0", "3.0"),
    Edit("initialiser", CLASS.format("def __init__(self):\n        self.n = HERE", "t * C().n"), "2", "3"),
    Edit("attribute of a class", CLASS.format("n = HERE", "t**C.n"), "2", "3"),
    Edit("method that hides a parent's", PARENTS.format("A, B", "HERE", "C().m(t)"), "k = 2", "m = lambda self, t: t"),
    Edit("order of parents", PARENTS.format("HERE", "n = 1", "t * C().k"), "A, B", "B, A"),
    Edit("attribute of a function", ATTRIBUTE, "2", "3"),
    Edit("constant of a builtin name", BUILTIN, "2", "3"),
    Edit("builtin that is shadowed", SHADOWED, "", "def abs(t):\n    return t * 3.0"),
    Edit("branch at import", BRANCH, "True", "False"),
    Edit("dataclass", DATA, "2", "3"),
    Edit("range of a try", TRIED, IN_TRY, IN_ELSE),
    Edit("caught exception", TRIED, IN_TRY, IN_TRY.replace("ValueError", "KeyError")),
    Edit("rule", RULE, "2.0", "3.0"),
    Edit("derivative in a function", CALLEE.format("", "t**HERE", "s2sad.grad(h)(t)"), "2", "3"),
]

MODULE = "import PACKAGE.other as m\n\n\n{0}def f(x):\n    return {1}\n"

WAYS = {
    "dotted": "import PACKAGE.other\n\n\ndef f(x):\n    return PACKAGE.other.g(x)\n",
    "module": MODULE.format("", "m.g(x)"),
    "getattr": MODULE.format("", "getattr(m, 'g')(x)"),
    "dict of modules": MODULE.format("T = {'m': m}\n\n\n", "T['m'].g(x)"),
    "list of modules": MODULE.format("T = [m]\n\n\n", "T[0].g(x)"),
    "attribute": MODULE.format("class A:\n    m = m\n\n\n", "A.m.g(x)"),
    "derivative": "import s2sad\n" + MODULE.format("", "s2sad.value_and_grad(m.g)(x)[0]"),
    "itself": "from PACKAGE.other import g as f\n",
    "name": "from PACKAGE.other import g\n\n\ndef f(x):\n    return g(x)\n",
}

RELOADED = [n for n in WAYS if n not in ("itself", "name")]
"""Those that see another `g` after the module is executed again."""
