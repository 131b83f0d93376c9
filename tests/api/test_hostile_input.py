"""Every entry of the public API and the command line with wrong and hostile inputs.

Each gives the right value or a clear error: one of s2sad's, or the TypeError or ValueError that Python and NumPy give
for the function itself. No input is changed by a bit, nothing hangs, nothing is an error of the inside.
"""

import copy
import datetime
import decimal
import fractions
import os
import signal
import sys
import threading
import warnings

import numpy as np
import pytest

import s2sad
from s2sad.cli import main
from s2sad.errors import Error, InternalError
from s2sad.frontend import lower
from s2sad.ir import primitive
from s2sad.rules import everything

assert lower, "it fills the tables"
everything()

X = np.array([1.0, 2.0, 3.0])


def square(x, n=2):
    return np.sum(x * x) * n


def doubled(x):
    return 2.0 * x


def product(x, y):
    return np.sum(x * y)


def parts(p):
    return {"a": p["w"] * 2.0, "n": (p["b"], np.sum(p["w"]))}


class NoRepr:
    def __repr__(self):
        raise RuntimeError("no repr")


class NoEq:
    __hash__ = None

    def __eq__(self, other):
        raise RuntimeError("no comparison")


class NoHash:
    def __hash__(self):
        raise RuntimeError("no hash")


class NoAttributes:
    def __getattr__(self, name):
        raise RuntimeError(f"no attribute {name}")


class NoLength:
    def __len__(self):
        raise RuntimeError("no length")


class Index:
    def __index__(self):
        return 0


class ArrayLike:
    def __array__(self, dtype=None, copy=None):
        return np.ones(3)


class OfArrays(np.ndarray):
    pass


def holding_itself():
    found = [1.0]
    found.append(found)
    return found


def dict_holding_itself():
    found = {"b": 1.0}
    found["a"] = found
    return found


def nested(depth=3000):
    found = 1.0
    for _ in range(depth):
        found = [found]
    return found


HOSTILE = {
    "None": None,
    "an int": 3,
    "True": True,
    "a large int": 10**400,
    "a float": 1.5,
    "nan": float("nan"),
    "inf": float("inf"),
    "complex": 1j,
    "Decimal": decimal.Decimal(1),
    "Fraction": fractions.Fraction(1, 2),
    "date": datetime.date(2020, 1, 1),
    "str": "text",
    "a surrogate": "\ud800",
    "a zero in a text": "a\0b",
    "bytes": b"x",
    "memoryview": memoryview(b"a"),
    "object": object(),
    "no repr": NoRepr(),
    "no comparison": NoEq(),
    "no hash": NoHash(),
    "no attributes": NoAttributes(),
    "no length": NoLength(),
    "an index": Index(),
    "like an array": ArrayLike(),
    "list": [1, 2],
    "list of floats": [1.0, 2.0],
    "empty list": [],
    "empty tuple": (),
    "dict": {"a": 1.0},
    "dict of another key": {1: 1.0, (2, 3): 2.0, None: 1.0},
    "set": {1.0},
    "frozenset": frozenset([1]),
    "range": range(3),
    "iterator": iter([1.0]),
    "a list in itself": holding_itself(),
    "a dict in itself": dict_holding_itself(),
    "nested": nested(),
    "module": np,
    "class": int,
    "lock": threading.Lock(),
    "Ellipsis": ...,
    "NotImplemented": NotImplemented,
    "slice": slice(1),
    "exception": ValueError("x"),
    "datetime64": np.datetime64("2020"),
    "objects": np.array([1.0, None], dtype=object),
    "texts": np.array(["a"]),
    "records": np.zeros(2, dtype=[("a", float)]),
    "masked": np.ma.array([1.0, 2.0], mask=[0, 1]),
    "matrix": np.ones((1, 1)).view(np.matrix),
    "subclass": np.ones(3).view(OfArrays),
    "empty": np.zeros(0),
    "rank 0": np.array(2.0),
    "rank 32": np.ones((1,) * 32),
    "two": np.ones(2),
    "long double": np.longdouble(1),
    "half": np.float16(1),
    "halves": np.ones(2, np.float16),
    "big-endian": np.ones(3, ">f8"),
    "read-only": np.broadcast_to(1.0, (3,)),
    "every second": np.ones(6)[::2],
    "backwards": np.ones(3)[::-1],
    "unaligned": np.frombuffer(b"\0" * 25, np.uint8)[1:].view(np.float64),
    "uint8": np.uint8(3),
}

MAKERS = ["grad", "value_and_grad", "jacfwd", "jacrev", "jacobian", "hessian", "hvp", "elementwise_grad", "vmap"]
OPTIONS = ["argnums", "has_aux", "backend", "holomorphic"]


def custom(x):
    return x * x


ENTRIES = {
    **{f"{n}(_)": lambda o, n=n: getattr(s2sad, n)(o) for n in MAKERS},
    **{f"grad(f, {n}=_)": lambda o, n=n: s2sad.grad(square, **{n: o})(X) for n in OPTIONS},
    **{f"hessian(f, {n}=_)": lambda o, n=n: s2sad.hessian(square, **{n: o})(X) for n in OPTIONS},
    **{f"jacfwd(f, {n}=_)": lambda o, n=n: s2sad.jacfwd(doubled, **{n: o})(X) for n in OPTIONS},
    **{f"jacrev(f, {n}=_)": lambda o, n=n: s2sad.jacrev(doubled, **{n: o})(X) for n in OPTIONS},
    "grad(f, (0, _))": lambda o: s2sad.grad(product, (0, o))(X, X),
    "vmap(f, in_axes=_)(x, x)": lambda o: s2sad.vmap(product, in_axes=o)(np.ones((3, 2)), np.ones((3, 2))),
    "vmap(f, in_axes=(0, _))": lambda o: s2sad.vmap(product, in_axes=(0, o))(np.ones((3, 2)), np.ones((3, 2))),
    "vmap(f)(dict)": lambda o: s2sad.vmap(parts)({"w": np.ones((3, 2)), "b": o}),
    "vjp(of dict)[1](_)": lambda o: s2sad.vjp(parts, {"w": X, "b": 1.5})[1](o),
    "vjp(of dict)[1](part)": lambda o: s2sad.vjp(parts, {"w": X, "b": 1.5})[1]({"a": X, "n": (o, 1.0)}),
    "jvp(of dict, _)": lambda o: s2sad.jvp(parts, ({"w": X, "b": 1.5},), (o,)),
    "jvp(of dict, part)": lambda o: s2sad.jvp(parts, ({"w": X, "b": 1.5},), ({"w": o, "b": 1.0},)),
    "linearize(of dict)[1](part)": lambda o: s2sad.linearize(parts, {"w": X, "b": 1.5})[1]({"w": X, "b": o}),
    "hvp(of dict)(part)": lambda o: s2sad.hvp(lambda p: np.sum(p["w"] ** 2) * p["b"])(
        {"w": X, "b": 1.5}, {"w": o, "b": 1.0}
    ),
    "grad(f)(_)": lambda o: s2sad.grad(square)(o),
    "grad(f)(x, _)": lambda o: s2sad.grad(product)(X, o),
    "grad(f, 1)(x, _)": lambda o: s2sad.grad(product, 1)(X, o),
    "grad(f).lower(_)": lambda o: s2sad.grad(square).lower(o),
    "jacrev(f)(_)": lambda o: s2sad.jacrev(doubled)(o),
    "hvp(f, argnums=_)": lambda o: s2sad.hvp(square, argnums=o)(X, X),
    "hvp(f)(x, _)": lambda o: s2sad.hvp(square)(X, o),
    "hvp(f)(_, x)": lambda o: s2sad.hvp(square)(o, X),
    "vmap(f, in_axes=_)": lambda o: s2sad.vmap(doubled, in_axes=o)(X),
    "vmap(f, out_axes=_)": lambda o: s2sad.vmap(doubled, out_axes=o)(X),
    "vmap(f)(_)": lambda o: s2sad.vmap(doubled)(o),
    "elementwise_grad(f, argnums=_)": lambda o: s2sad.elementwise_grad(doubled, argnums=o)(X),
    "jvp(_, ...)": lambda o: s2sad.jvp(o, (1.0,), (1.0,)),
    "jvp(f, _, x)": lambda o: s2sad.jvp(square, o, (X,)),
    "jvp(f, x, _)": lambda o: s2sad.jvp(square, (X,), o),
    "jvp(f, x, (_,))": lambda o: s2sad.jvp(square, (X,), (o,)),
    "vjp(_, x)": lambda o: s2sad.vjp(o, 1.0),
    "vjp(f, _)": lambda o: s2sad.vjp(doubled, o),
    "vjp(f, x)[1](_)": lambda o: s2sad.vjp(doubled, X)[1](o),
    "linearize(_, x)": lambda o: s2sad.linearize(o, 1.0),
    "linearize(f, _)": lambda o: s2sad.linearize(doubled, o),
    "linearize(f, x)[1](_)": lambda o: s2sad.linearize(doubled, X)[1](o),
    "trace(_)": lambda o: s2sad.trace(o, 1.0),
    "trace(f, _)": lambda o: s2sad.trace(square, o),
    "check_grads(_)": lambda o: s2sad.check_grads(o, (1.0,)),
    **{
        f"check_grads({n}=_)": lambda o, n=n: s2sad.check_grads(**{"f": square, "args": (X,), n: o})
        for n in ("args", "order", "modes", "atol", "rtol", "seed")
    },
    "checkpoint(_)": s2sad.checkpoint,
    "checkpointed(_)": lambda o: s2sad.checkpointed(o, snapshots=2),
    "checkpointed(snapshots=_)": lambda o: s2sad.checkpointed([1], snapshots=o),
    "stop_gradient(_)": s2sad.stop_gradient,
    "adjoint(_)": lambda o: s2sad.adjoint(o),
    "custom_vjp(_)": s2sad.custom_vjp,
    "custom_jvp(_)": s2sad.custom_jvp,
    "custom_vjp(nondiff_argnums=_)": lambda o: s2sad.custom_vjp(custom, nondiff_argnums=o)(1.0),
    "custom_vjp(f).defvjp(_)": lambda o: s2sad.custom_vjp(custom).defvjp(o, o),
    "custom_jvp(f).defjvp(_)": lambda o: s2sad.custom_jvp(custom).defjvp(o),
    "defvjp(_, ...)": lambda o: s2sad.defvjp(o, lambda g, ans, x: g),
    "defvjp(f, _)": lambda o: s2sad.defvjp(custom, o),
    "defvjp(f, argnums=_)": lambda o: s2sad.defvjp(custom, lambda g, ans, x: g, argnums=o),
    "defvjp(f, result=_)": lambda o: s2sad.defvjp(custom, lambda g, ans, x: g, result=o),
    "defjvp(_, ...)": lambda o: s2sad.defjvp(o, lambda g, ans, x: g),
    "defjvp(f, _)": lambda o: s2sad.defjvp(custom, o),
}
PLAIN = (TypeError, ValueError, OverflowError)
"""What Python and NumPy say of arguments that do not fit the function itself."""


class TooSlow(BaseException):
    pass


@pytest.fixture
def in_time():
    """Whatever takes more than some seconds hangs."""

    def stop(*_):
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def bits(value):
    """What an argument holds, to the bit."""
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        return (value.shape, value.strides, value.dtype, value.flags.writeable, value.tobytes())
    return None


@pytest.fixture
def no_rules_left():
    before = [(t, dict(t)) for t in (primitive.PRIMITIVES, primitive._BY_FUNCTION)]
    yield
    for table, entries in before:
        table.clear()
        table.update(entries)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_right_or_a_clear_error(entry, in_time, no_rules_left):
    faults = []
    for name, value in HOSTILE.items():
        value = copy.copy(value) if name == "iterator" else value
        before, x = bits(value), X.copy()
        signal.alarm(20)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                entry(value)
        except (InternalError, AssertionError) as e:
            faults.append((name, e))
        except Error as e:
            assert str(e), name
        except PLAIN as e:
            assert str(e), name
        except TooSlow:
            faults.append((name, "hangs"))
        except Exception as e:
            faults.append((name, e))
        finally:
            signal.alarm(0)
        assert bits(value) == before and np.array_equal(X, x), f"{name} was changed"
    assert not faults


# the command line

MODULE = """
import numpy as np
K = 3
def f(x, n=2):
    return np.sum(x * x) * n
def noarg():
    return 1.0
def pair(*xs):
    return xs[0] * xs[1]
class C:
    def m(self, x):
        return x * x
"""
TARGETS = (
    ["", "m14", "m14:", ":f", "m14:f:", "nosuch:f", "m14:nosuch", "m14.py:nosuch", "nosuch.py:f", "m14:K", "m14:noarg"]
    + ["m14:pair", "m14:C", "m14:C.m", "m14:f.x", "broken14.py:f", "fails14.py:f", "exits14.py:f", "latin14.py:f"]
    + ["folder14.py:f", "fifo14.py:f", "empty14.py:f", "../m14:f", "/etc/passwd:f", "os:system", "m14:__class__"]
    + ["m14:f.__call__", "..:f", ".:f", "m14\0:f", "\xe9:f", "m14:\xe9", "-x:f", "s2sad:grad"]
)
ARGNUMS = ["", "5", "-1", "x,", "x,x", "zz", "0,0", ",", "0.5", "1e9", "9" * 30]
SIGNATURES = (
    ["", "floaty", "float64[", "float64[0]", "float64[-1]", "float64[10000000000000]", "object", "object[3]", "str"]
    + ["'a'", "()", "{**x}", "float64[1.5]", "float64[n+1]", "lambda: 1", "x=1", "1,2", "__import__('os')"]
    + ["float64[3][3]", "datetime64", "int8[3]", "(float", "float;float", "\0", "f" * 100_000, "(" * 5000, "nan"]
    + ["V8", "float[...]", "float64[None]", "void[2]", "float64['a']", "U5[2]", "{'a'}", "not float"]
)
AT = ["", "1/0", "x", "np", "__import__('os')", "(", "exit()", "[].x", "lambda: 1", "'a'", "None", "**{}", "raise"] + [
    "open('/nosuch')",
    "1.0)+(2.0",
    "int('9'*5000)",
]
COMMANDS = (
    [[c, t] for c in ("show", "trace", "generate") for t in TARGETS]
    + [["show", "m14:f", "--argnums", a] for a in ARGNUMS]
    + [["check", "m14:f", "--argnums", a] for a in ARGNUMS]
    + [[c, "m14:f", "--signature", s] for c in ("show", "trace") for s in SIGNATURES]
    + [[c, "m14:f", "--at", a] for c in ("show", "trace") for a in AT]
    + [["check", "m14:f", "--order", o] for o in ("0", "-1", "x", "100", "99999999999")]
    + [["generate", "m14:f", "--folder", o] for o in ("m14.py", "/dev/null/x", "/proc/x", "\0")]
    + [["show", "m14:f", "--mode", m] for m in ("nosuch", "itself", "")]
    + [["cache", "--clear", "--older-than", d] for d in ("x", "-1", "nan", "inf", "1e308")]
    + [["cache", "--limit", d] for d in ("x", "-1", "nan", "1.5", "5TB", "")]
    + [[], ["nosuch"], ["generate", "m14:f", "m14:f", "--folder", "twice"]]
)


@pytest.fixture
def strange_folder(tmp_path, monkeypatch):
    (tmp_path / "m14.py").write_text(MODULE)
    (tmp_path / "broken14.py").write_text("def (\n")
    (tmp_path / "fails14.py").write_text("1 / 0\n")
    (tmp_path / "exits14.py").write_text("raise SystemExit\n")
    (tmp_path / "latin14.py").write_bytes(b"# caf\xe9\n")
    (tmp_path / "empty14.py").write_text("")
    (tmp_path / "folder14.py").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "fifo14.py")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in [n for n in sys.modules if n.endswith("14")]:
        del sys.modules[name]


def told(arguments, capsys):
    """What a command that is wrong says; that it says it, and fails; None where it was right."""
    signal.alarm(20)
    try:
        code = main(arguments)
    except SystemExit as e:
        code = e.code
    finally:
        signal.alarm(0)
    err = capsys.readouterr().err
    assert (code == 0) == (not err), (arguments, code, err)
    assert code in (0, 1, 2) and "InternalError" not in err and "Traceback" not in err and "a fault of" not in err
    return err or None


def test_commands(strange_folder, capsys, in_time, cache_folder):
    wrong = [a for a in COMMANDS if told(a, capsys)]
    assert len(wrong) > len(COMMANDS) / 2
    right = ["show", "m14:f"], ["trace", "m14:C"], ["show", "m14:f", "--argnums", "-1"]
    assert told(right[0], capsys) is None


SETTINGS = {
    "latin-1": b"# caf\xe9",
    "malformed": b"[tool",
    "tool": b"tool = 3",
    "s2sad": b"[tool]\ns2sad = 3",
    "generate": b"[tool.s2sad]\ngenerate = 3",
    "targets": b"[tool.s2sad.generate]\ntargets = 3",
    "a number": b"[tool.s2sad.generate]\ntargets = [3]",
    "no target": b"[tool.s2sad.generate]\ntargets = [{}]",
    "target": b"[tool.s2sad.generate]\ntargets = [{target = 3}]",
    "folder": b"[tool.s2sad.generate]\nfolder = 3\ntargets = [{target = 'm14:f'}]",
    "a zero": b"[tool.s2sad.generate]\nfolder = \"a\\u0000\"\ntargets = [{target = 'm14:f'}]",
    "mode": b"[tool.s2sad.generate]\ntargets = [{target = 'm14:f', mode = 'nosuch'}]",
    "argnums": b"[tool.s2sad.generate]\ntargets = [{target = 'm14:f', argnums = [[]]}]",
    "signature": b"[tool.s2sad.generate]\ntargets = [{target = 'm14:f', signature = 3}]",
    "another key": b"[tool.s2sad.generate]\ntargets = [{target = 'm14:f', run = 3}]",
}


@pytest.mark.parametrize("text", SETTINGS.values(), ids=SETTINGS)
def test_settings_of_generate(strange_folder, capsys, in_time, text):
    (strange_folder / "pyproject.toml").write_bytes(text)
    assert told(["generate"], capsys).startswith("error: ")
