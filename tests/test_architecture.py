"""The layers of the package, its imports without a circle, and the sizes of its modules."""

import ast
import subprocess
import sys
import warnings

import pytest

from s2sad.frontend.lower import FunctionLowering
from s2sad.frontend.lowering import Lowering
from tests.structure import ROOT, circles, graph, modules

MODULES = modules()
MANY_LINES = 800


def test_imports_point_down():
    pytest.importorskip("importlinter", reason="it is of the extra lint")
    command = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_circles_are_found():
    edges = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": {"e"}, "e": {"f"}, "f": {"d"}, "g": {"a"}}
    assert sorted(map(sorted, circles(edges))) == [["b", "c"], ["d", "e", "f"]]


def test_imports_have_no_circle():
    """Imports of types count: two modules that need each other's types lack a third one, or are one idea."""
    assert not [sorted(c) for c in circles(graph(MODULES))]


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.name)
def test_modules_say_what_they_are(module):
    assert ast.get_docstring(ast.parse(module.text)), "a module begins with what it takes, what it gives and the idea"


@pytest.mark.filterwarnings("default:.* lines:UserWarning")
def test_modules_are_one_idea():
    """A remark, no failure: a module this long may have two."""
    for module in MODULES:
        if module.lines > MANY_LINES:
            warnings.warn(f"{module.name} has {module.lines} lines", stacklevel=1)


def test_every_service_of_the_lowering_is_provided():
    """`locating` would make of a method that is missing something that is not supported: a gap would be silent."""
    declared = Lowering.__abstractmethods__
    assert declared, "no service is declared"
    assert not FunctionLowering.__abstractmethods__
    assert all(getattr(FunctionLowering, n) is not getattr(Lowering, n) for n in declared)


HEAVY = {
    "s2sad.compiler.pipeline",
    "s2sad.frontend.lower",
    "s2sad.rules.numpy",
    "gast",
    "llvmlite",
    "optree",
    "numba",
    "scipy",
}


def test_importing_reads_nothing_that_only_compiling_needs():
    script = "import sys, numpy, s2sad; s2sad.grad(lambda x: x * x); print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "s2sad.dispatch.derivative" in done.stdout.split()
    assert not HEAVY & set(done.stdout.split())


def test_rules_are_read_when_a_function_of_a_library_is_met():
    script = "import numpy as np, s2sad; print(s2sad.grad(np.sin)(0.0), s2sad.vjp(np.square, 3.0)[1](1.0))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1.0", "(6.0,)"]
