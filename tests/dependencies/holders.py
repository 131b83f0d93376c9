"""Places that a function `f` can read a value from, as the text of a module; `put` puts another value there."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Holder:
    """The text of a module around a place: `BODY` is an expression that reads it as `read`, `VALUE` what it holds.

    Where `other` is given, it is the text of a module `other` of the same package, which has the value.
    """

    read: str
    text: str
    other: str = ""


ATTRIBUTE = """class Holder:
    pass


HOLDER = Holder()
HOLDER.K = VALUE


def f(x):
    return BODY


def put(value):
    HOLDER.K = value"""

ITEM = """HOLDER = {0}


def f(x):
    return BODY


def put(value):
    HOLDER[1] = value"""

CLOSURE = """def around(K):
    def f(x):
        return BODY

    def put(value):
        {0}

    return f, put


f, put = around(VALUE)"""

DEFAULT = """def {name}(x, {star}K=VALUE):
    return BODY


def put(value):
    {name}.{attribute} = {value}"""

CALL = "\n\n\ndef f(x):\n    return g(x)"

CLASS_ATTRIBUTE = """class Holder:
    K = VALUE


HOLDER = Holder()


def f(x):
    return BODY


def put(value):
    Holder.K = value"""

GLOBAL = """K = VALUE


def {name}(x):
    return BODY


def put(value):
    global K
    K = value"""

MODULE = """{0}


def f(x):
    return BODY


def put(value):
    PACKAGE.other.K = value"""

ARGUMENT = """given = (VALUE,)


def f(x, K):
    return BODY


def put(value):
    global given
    given = (value,)"""

METHOD = """class Holder:
    def __init__(self, K):
        self.K = K

    def method(self, x):
        return BODY


HOLDER = Holder(VALUE)
f = HOLDER.method


def put(value):
    HOLDER.K = value"""

NESTED = """class Holder:
    pass


HOLDER = {"a": [1, Holder()]}
HOLDER["a"][1].K = VALUE


def f(x):
    return BODY


def put(value):
    HOLDER["a"][1].K = value"""

POSITIONAL = {"star": "", "attribute": "__defaults__", "value": "(value,)"}
KEYWORD = {"star": "*, ", "attribute": "__kwdefaults__", "value": '{"K": value}'}

HOLDERS = {
    "global": Holder("K", GLOBAL.format(name="f")),
    "closure": Holder("K", CLOSURE.format("nonlocal K\n        K = value")),
    "default": Holder("K", DEFAULT.format(name="f", **POSITIONAL)),
    "keyword default": Holder("K", DEFAULT.format(name="f", **KEYWORD)),
    "attribute": Holder("HOLDER.K", ATTRIBUTE),
    "class": Holder("Holder.K", CLASS_ATTRIBUTE),
    "dict": Holder("HOLDER[1]", ITEM.format("{1: VALUE, 2: None}")),
    "list": Holder("HOLDER[1]", ITEM.format("[None, VALUE]")),
    "module": Holder("other.K", MODULE.format("import PACKAGE.other\nimport PACKAGE.other as other"), "K = VALUE"),
    "dotted": Holder("PACKAGE.other.K", MODULE.format("import PACKAGE.other"), "K = VALUE"),
    "argument": Holder("K", ARGUMENT),
    "cell": Holder("K", CLOSURE.format("f.__closure__[0].cell_contents = value")),
    "global of a callee": Holder("K", GLOBAL.format(name="g") + CALL),
    "default of a callee": Holder("K", DEFAULT.format(name="g", **POSITIONAL) + CALL),
    "keyword default of a callee": Holder("K", DEFAULT.format(name="g", **KEYWORD) + CALL),
    "instance": Holder("HOLDER.K", CLASS_ATTRIBUTE),
    "method": Holder("self.K", METHOD),
    "nested": Holder('HOLDER["a"][1].K', NESTED),
}


REPLACED = "def first():\n    return {0.first}\n\n\ndef second():\n    return {0.second}\n\n\n"
"""Both values of a pair, each made anew by a function."""


def written(holder, value, use, imports, package, extra=""):
    """The texts of the modules of a package, by name: a place that holds a value, and a function that reads it."""
    body = re.sub(r"\bK\b", lambda _: holder.read, use)
    head = f"import numpy as np\n{imports}\n\n\n"
    own = f"from {package}.other import *\n\n\n" if holder.other else head
    text = (own + extra + holder.text).replace("VALUE", value).replace("BODY", body).replace("PACKAGE", package)
    return {"main": text + "\n", **({"other": head + extra + f"K = {value}\n"} if holder.other else {})}
