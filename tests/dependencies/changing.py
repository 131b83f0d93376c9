"""What these tests share: modules that are written and imported, derivatives by differences, counted compilations."""

import contextlib
import importlib
import itertools
import os
import sys
import tempfile
from pathlib import Path

import s2sad
from s2sad.dispatch.derivative import Derivative

X = 1.5
DEEP = os.environ.get("S2SAD_PROFILE") == "deep"
COUNTER = itertools.count(1)


@contextlib.contextmanager
def compilations():
    """How many derivatives were compiled, as the length of a list: each has the name of one."""
    compiled = []
    original = Derivative.compile

    def compile(self, *args, **kwargs):
        compiled.append(self.__name__)
        return original(self, *args, **kwargs)

    Derivative.compile = compile
    try:
        yield compiled
    finally:
        Derivative.compile = original


def rotating(names, k, many):
    """The first of these names, and so many others, which change with `k`; all of them in the deep profile."""
    first, *others = names
    return [*names] if DEEP else [first, *(others[(many * k + j) % len(others)] for j in range(many))]


def write_package(folder, package, texts):
    """A package of modules with these texts in a folder."""
    where = folder / package
    where.mkdir(exist_ok=True)
    for name, text in {"__init__": "", **texts}.items():
        (where / f"{name}.py").write_text(text)


def import_package(folder, package, texts):
    """The module `main` of a package that is written to a folder."""
    write_package(folder, package, texts)
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        return importlib.import_module(f"{package}.main")
    finally:
        sys.path.remove(str(folder))


def forget(package):
    """No module of a package is known any more."""
    for name in [n for n in sys.modules if n.split(".")[0] == package]:
        del sys.modules[name]


def outcome(function, *args):
    """A number, or the name of the error that is raised instead."""
    try:
        return float(function(*args))
    except Exception as e:
        return type(e).__name__


def difference(function, x, *given, h=1e-5):
    """The derivative of a function by central differences, or the name of the error that it raises."""
    found = [outcome(function, at, *given) for at in (x + h, x - h)]
    return next((e for e in found if isinstance(e, str)), None) or (found[0] - found[1]) / (2 * h)


def is_refusal(found):
    """Whether an outcome is an error by which the compiler refuses a function, and not a fault of its own."""
    return found in refusals(s2sad.Error) - {"InternalError", "CacheError"}


def refusals(cls):
    """The names of a class of errors and of all that derive from it."""
    return {cls.__name__}.union(*map(refusals, cls.__subclasses__()))


def close(found, expected):
    """Whether an outcome is the one of differences, but for their error."""
    if isinstance(found, str) or isinstance(expected, str):
        return found == expected
    return abs(found - expected) <= 1e-6 * max(1.0, abs(expected))


@contextlib.contextmanager
def empty_cache():
    """A cache folder in which nothing is, for a while."""
    before = os.environ["S2SAD_CACHE_DIR"]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["S2SAD_CACHE_DIR"] = folder
        try:
            yield
        finally:
            os.environ["S2SAD_CACHE_DIR"] = before


def afresh(texts):
    """What the derivative is for a function that no one has seen before, in an empty folder."""
    package = f"afresh{next(COUNTER)}"
    moved = {n: "#\n" * next(COUNTER) + t for n, t in texts(package).items()}
    with tempfile.TemporaryDirectory() as folder, empty_cache():
        module = import_package(Path(folder), package, moved)
        try:
            return outcome(s2sad.grad(module.f), X, *getattr(module, "given", ()))
        finally:
            forget(package)


def check(derivative, module, texts):
    """The derivative is that of the function as it is now; or it is refused, and that of a function made afresh too."""
    given = getattr(module, "given", ())
    expected = difference(module.f, X, *given)
    found = outcome(derivative, X, *given)
    if not close(found, expected):
        other = afresh(texts)
        assert is_refusal(found) and found == other, f"{found}, not {expected}; made afresh, it is {other}"
