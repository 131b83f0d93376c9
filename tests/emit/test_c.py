"""Derivatives as C: what the text is, that it compiles without a warning, and that it computes what NumPy does."""

import ctypes
import re
import shutil
import subprocess

import numpy as np
import optree
import pytest

from s2sad.compiler.transform import Transform
from s2sad.dispatch.derivative import Derivative
from s2sad.dispatch.embedding import Embedded
from tests.emit import c_programs as programs

COMPILER = shutil.which("cc")
WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror"]
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="there is no cc")
NUMBERS = {"double": ctypes.c_double, "float": ctypes.c_float, "bool": ctypes.c_bool}
DRAW = np.random.default_rng(0)


def drawn(*shape):
    return DRAW.uniform(0.5, 1.5, shape)


def grad(*argnums, value=False):
    return Transform("grad", argnums or (0,), len(argnums) < 2, value)


def jvp(*argnums):
    return Transform("jvp", argnums or (0,), len(argnums) < 2)


CASES = {
    "polynomial": (grad(0, 1, value=True), [1.3, 0.7]),
    "distance": (grad(0, 1, value=True), [drawn(5), drawn(5)]),
    "softplus": (grad(), [drawn(9) - 1.0]),
    "recurrent": (grad(0, 1, value=True), [drawn(4, 5), drawn(5, 5)]),
    "network": (grad(0, 1, value=True), [drawn(3, 4), drawn(4), drawn(6, 3)]),
    "stencil": (grad(), [drawn(9), 0.1, 5]),
    "branches": (grad(value=True), [drawn(12)]),
    "newton": (grad(value=True), [2.0]),
    "leaves_early": (grad(), [drawn(8), 3.0]),
    "gathers": (grad(), [drawn(6), np.array([1, 4, -3])]),
    "growing": (grad(), [drawn(3) + 0.6, 90.0]),
    "listed": (grad(), [drawn(5)]),
    "strided": (grad(), [drawn(7)]),
    "centred": (grad(), [drawn(6, 4)]),
    "outer": (grad(0, 1), [drawn(6), drawn(4)]),
    "turned": (grad(0, 1), [drawn(5, 3), drawn(5, 4)]),
    "piecewise": (grad(), [drawn(9)]),
    "floors": (grad(value=True), [drawn(5), 7]),
    "running": (grad(value=True), [drawn(6)]),
    "joined": (grad(0, 1), [drawn(5), drawn(3)]),
    "singles": (grad(), [drawn(5).astype(np.float32)]),
    "backwards": (grad(), [drawn(8)]),
    "closed": (grad(value=True), [drawn(5)]),
    "weighted": (grad(), [{"b": (1.5, 0.5), "w": drawn(4)}, drawn(4)]),
    "triangle": (grad(), [drawn(5, 5)]),
    "powers": (grad(0, 1), [drawn(5), drawn(5)]),
    "outputs": (jvp(), [drawn(6), drawn(6)]),
}


def sources(name, fixed=()):
    transform, arguments = CASES[name]
    return Embedded(getattr(programs, name), transform, fixed).sources(*arguments)


class Library:
    """The functions of a shared library, called with what Python's are called with, and memory for the results."""

    def __init__(self, folder, texts):
        self.prototypes = {}
        for found in texts:
            name, parameters = re.search(r"^int (\w+)\((.*?)\);", found.h, re.MULTILINE | re.DOTALL).groups()
            self.prototypes[name] = [" ".join(p.split()) for p in parameters.split(",")]
            (folder / f"{name}.c").write_text(found.c, encoding="utf-8")
            (folder / f"{name}.h").write_text(found.h, encoding="utf-8")
        files = [str(folder / f"{name}.c") for name in self.prototypes]
        library = str(folder / "all.so")
        command = [COMPILER, *WARNINGS, "-O1", "-shared", "-fPIC", *files, "-o", library, "-lm"]
        subprocess.run(command, check=True)
        self.library = ctypes.CDLL(library)

    def __call__(self, name, arguments, results):
        """The status, and the results: arrays like those that are expected."""
        forms = iter(self.prototypes[name])
        found = [np.zeros_like(np.asarray(r)) for r in results]
        given, known = [], []
        form = next(forms)
        for leaf in [*optree.tree_leaves(arguments), *found]:
            if isinstance(leaf, np.ndarray):
                array = leaf if any(leaf is f for f in found) else np.ascontiguousarray(leaf)
                known.append(array)
                given.append(array.ctypes.data_as(ctypes.c_void_p))
            else:
                given.append(NUMBERS.get(form.split()[0], ctypes.c_int64)(leaf))
            # lengths that are numbers in the text are not passed
            pointer, form = form.rpartition(" ")[2].lstrip("*"), next(forms, "")
            while match := re.fullmatch(rf"int64_t {pointer}_n(\d)", form):
                given.append(ctypes.c_int64(leaf.shape[int(match[1]) - 1]))
                form = next(forms, "")
        assert not form
        return getattr(self.library, name)(*given), found


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return Library(tmp_path_factory.mktemp("c"), [sources(name) for name in CASES])


def derivative_of(name):
    transform, _ = CASES[name]
    return Embedded(getattr(programs, name), transform).__name__


@needs_compiler
@pytest.mark.parametrize("name", CASES)
def test_computes_what_numpy_does(name, library):
    transform, arguments = CASES[name]
    wanted = optree.tree_leaves(Derivative(getattr(programs, name), transform)(*arguments))
    status, found = library(derivative_of(name), arguments, wanted)
    assert status == 0
    for one, two in zip(found, wanted, strict=True):
        assert np.allclose(one, two, rtol=1e-6 if one.dtype == np.float32 else 1e-12, atol=1e-14), name
