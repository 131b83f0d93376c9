"""Code that a function depends on is replaced within a process: a module is executed again, names come and go."""

import builtins
import importlib
import linecache
import sys

import pytest

import s2sad
from tests.dependencies.changing import COUNTER, X, check, forget, import_package, rotating, write_package
from tests.dependencies.edits import EDITS, RELOADED, WAYS


@pytest.fixture(autouse=True)
def names_as_they_were(monkeypatch):
    """No bytecode is written, which could be taken for that of an edit in the same second; no builtin name is left."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield
    for name in [n for n in vars(builtins) if n.startswith("S2SAD")]:
        delattr(builtins, name)


def edits():
    for k, edit in enumerate(EDITS):
        for name in rotating(RELOADED, k, 1):
            yield pytest.param(edit, name, id=f"{edit.label}-{name}")


@pytest.mark.parametrize("edit, way", list(edits()))
def test_a_module_is_edited_and_reloaded(edit, way, tmp_path, cache_folder):
    package = f"edited{next(COUNTER)}"
    first, second = ({"main": WAYS[way].replace("PACKAGE", package), "other": t} for t in edit.texts)
    module = import_package(tmp_path, package, first)
    derivative = s2sad.grad(module.f)
    check(derivative, module, lambda p: replaced(first, package, p))
    for texts in (second, first):
        write_package(tmp_path, package, texts)
        linecache.checkcache()
        importlib.reload(sys.modules[f"{package}.other"])
        check(derivative, module, lambda p, texts=texts: replaced(texts, package, p))
    forget(package)


def replaced(texts, package, other):
    return {n: t.replace(package, other) for n, t in texts.items()}


def test_a_global_comes_to_hide_a_builtin_and_goes(tmp_path, cache_folder):
    package = f"hidden{next(COUNTER)}"
    text = "import math\n\n\ndef f(x):\n    return abs(-x) + x\n\n\ndef triple(t):\n    return t * 3.0\n"
    module = import_package(tmp_path, package, {"main": text})
    derivative = s2sad.grad(module.f)
    assert derivative(X) == 2.0
    for _ in range(2):
        module.abs = module.triple
        assert derivative(X) == -2.0
        del module.abs
        assert derivative(X) == 2.0
    forget(package)


def test_a_builtin_is_replaced(tmp_path, cache_folder, monkeypatch):
    package = f"replaced{next(COUNTER)}"
    text = "def f(x):\n    return S2SAD_G(x)\n\n\n"
    text += "def double(t):\n    return t * 2.0\n\n\ndef triple(t):\n    return t * 3.0\n"
    module = import_package(tmp_path, package, {"main": text})
    derivative = s2sad.grad(module.f)
    for function, expected in [(module.double, 2.0), (module.triple, 3.0), (module.double, 2.0)]:
        monkeypatch.setattr(builtins, "S2SAD_G", function, raising=False)
        assert derivative(X) == expected
    forget(package)
