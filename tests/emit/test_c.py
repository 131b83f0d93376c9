"""Derivatives as C: what the text is, that it compiles without a warning, and that it computes what NumPy does."""

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import optree
import pytest

from s2sad.compiler.transform import Transform
from s2sad.dispatch.derivative import Derivative
from s2sad.dispatch.embedding import Embedded
from s2sad.errors import ArgumentError, Unsupported
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
    "chooses": (grad(), [drawn(7)]),
    "outputs": (jvp(), [drawn(6), drawn(6)]),
}


def sources(name, fixed=()):
    transform, arguments = CASES[name]
    return Embedded(getattr(programs, name), transform, fixed).sources(*arguments)


class Library:
    """The functions of a shared library, called with what Python's are called with, and memory for the results."""

    def __init__(self, folder, texts, *options):
        self.prototypes = {}
        for found in texts:
            name, parameters = re.search(r"^int (\w+)\((.*?)\);", found.h, re.MULTILINE | re.DOTALL).groups()
            self.prototypes[name] = [" ".join(p.split()) for p in parameters.split(",")]
            (folder / f"{name}.c").write_text(found.c, encoding="utf-8")
            (folder / f"{name}.h").write_text(found.h, encoding="utf-8")
        files = [str(folder / f"{name}.c") for name in self.prototypes]
        library = str(folder / "all.so")
        command = [COMPILER, *WARNINGS, "-O1", "-shared", "-fPIC", *options, *files, "-o", library, "-lm"]
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


GOLDEN = Path(__file__).parents[1] / "golden" / "emitted"


@pytest.mark.parametrize("name", ["distance", "branches"])
def test_the_text_is_the_golden_one(name, golden_update):
    found = sources(name)
    for text, end in ((found.c, "c"), (found.h, "h")):
        path = GOLDEN / f"{derivative_of(name)}.{end}"
        if golden_update:
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text


@needs_compiler
def test_leaves_where_python_raises(library):
    wanted = [np.zeros(()), np.zeros(()), np.zeros(())]
    assert library("polynomial_value_and_grad", [1.3, 0.0], wanted)[0] == 1
    assert library("polynomial_value_and_grad", [1.3, 0.5], wanted)[0] == 0
    assert library("polynomial_value_and_grad", [np.inf, 0.5], wanted)[0] == 1, "math.sin(inf) raises"
    x = drawn(6)
    for k, status in ((4, 0), (5, 1), (-6, 0), (-7, 1), (2**63 - 1, 1)):
        assert library("gathers_grad", [x, np.array([1, k])], [x])[0] == status, k


@needs_compiler
def test_lengths_that_do_not_fit_are_refused(library):
    x = drawn(5)
    status, found = library("distance_value_and_grad", [x, drawn(4)], [np.zeros(()), x, x])
    assert status == 1 and not any(np.any(a) for a in found)


@needs_compiler
def test_lengths_are_variables(library):
    for n in (2, 3, 2500):
        x, y = drawn(n), drawn(n)
        status, (value, x_bar, _) = library("distance_value_and_grad", [x, y], [np.zeros(()), x, y])
        far = np.sqrt(np.sum((x - y) ** 2))
        assert status == 0
        assert np.allclose(value, far, rtol=1e-14) and np.allclose(x_bar, (x - y) / far, rtol=1e-13)


def test_lengths_of_the_signature_are_numbers():
    assert "i < 5;" in sources("closed", (5,)).c and "x_n1" not in sources("closed", (5,)).c
    assert "i < x_n1;" in sources("closed").c and "i < 5;" not in sources("closed").c


def test_results_are_called_after_the_arguments():
    assert "double *value, double *x_bar, double *y_bar);" in sources("distance").h.replace("\n       ", "")
    assert "double *p_b_0_bar" in sources("weighted").h and "double *p_w_bar" in sources("weighted").h


def test_the_statements_of_the_user_are_comments():
    assert "// total -= math.exp(x[i])" in sources("branches").c


@pytest.mark.parametrize(
    ("function", "arguments", "line"),
    [
        (programs.solves, [drawn(3, 3), drawn(3)], "y = np.linalg.solve(a, b)"),
        (programs.selects, [drawn(5), drawn(5)], "return x[x > 1.0] * 2.0"),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_place(function, arguments, line):
    with pytest.raises(Unsupported) as e:
        Embedded(function, jvp() if function is programs.selects else grad()).sources(*arguments)
    assert line in str(e.value)


class Memory:
    """A library whose `malloc` fails at the call of a number, and which counts what is not freed."""

    TEXT = """
#include <stdint.h>
#include <stdlib.h>
#undef malloc
#undef free
void *malloc(size_t);
void free(void *);
int64_t calls, fails, live;
void *counted_malloc(size_t n) { if (++calls == fails) return NULL; live++; return malloc(n); }
void counted_free(void *p) { live -= p != NULL; free(p); }
"""

    def __init__(self, folder, found):
        (folder / "memory.c").write_text(self.TEXT, encoding="utf-8")
        self.own = Library(folder, found, "-Dmalloc=counted_malloc", "-Dfree=counted_free", folder / "memory.c")

    def __call__(self, name, arguments, results, fails=0):
        for word, value in (("calls", 0), ("fails", fails)):
            ctypes.c_int64.in_dll(self.own.library, word).value = value
        status, _ = self.own(name, arguments, results)
        assert ctypes.c_int64.in_dll(self.own.library, "live").value == 0
        return status, ctypes.c_int64.in_dll(self.own.library, "calls").value


@needs_compiler
def test_all_memory_is_freed_on_every_way_out(tmp_path):
    memory = Memory(tmp_path, [sources("newton"), sources("recurrent"), sources("leaves_early")])
    number = np.zeros(())
    x, w = CASES["recurrent"][1]
    calls = [
        ("newton_value_and_grad", [2.0], [number, number]),
        ("recurrent_value_and_grad", [x, w], [number, x, w]),
        ("leaves_early_grad", CASES["leaves_early"][1], [drawn(8)]),
    ]
    for call in calls:
        status, count = memory(*call)
        assert status == 0 and count > 0
        for k in range(1, count + 1):
            assert memory(*call, fails=k)[0] == 2
    # in the second iteration Python divides by 0
    assert memory("newton_value_and_grad", [-1.0], [number, number])[0] == 1


@needs_compiler
def test_reads_names_of_c_as_names_of_the_user(tmp_path):
    found = Embedded(programs.names_of_c, grad(0, 1)).sources(drawn(4), 2.0)
    double, restrict = drawn(4), 3.0
    status, (one, two) = Library(tmp_path, [found])("names_of_c_grad", [double, restrict], [double, np.zeros(())])
    assert status == 0
    assert np.allclose(one, restrict * np.cos(double)) and np.allclose(two, np.sum(np.sin(double)))


def test_a_derivative_in_c_is_not_called_here():
    derivative = Embedded(programs.polynomial, grad())
    with pytest.raises(ArgumentError, match="compile it"):
        derivative(1.0, 2.0)
