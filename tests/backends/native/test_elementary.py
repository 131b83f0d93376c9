"""The elementary functions, compiled in loops: errors against mpmath, values at the ends, vectors, and their text."""

import ctypes
import itertools
import os
import platform
import shutil
import subprocess

import numpy as np
import pytest

pytest.importorskip("llvmlite")
pytest.importorskip("mpmath")

from mpmath import mp, mpf

from benchmarks.elementary import (
    REFERENCES,
    Compiled,
    Machine,
    error,
    errors,
    loop_text,
    optimised,
    usual,
)
from s2sad.backends.native.elementary import Target, arity, c_text_of, known, logarithms, text_of, words
from s2sad.backends.native.elementary.llvm import Text
from s2sad.backends.native.elementary.translation import translate

DEEP = os.environ.get("S2SAD_PROFILE") == "deep"
COUNT = 5000 if DEEP else 400
BOUND = 1.5
"""The largest error that is allowed, in units in the last place."""
ONLY_ON_X86 = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="vectors of x86")
AVX2 = Machine("x86-64-v3", "+avx2,+fma")
AVX512 = Machine("skylake-avx512", "+avx512f,+fma,-prefer-256-bit")
PLAIN = Machine("x86-64-v2", "-fma,-avx")

SPECIAL = np.array(
    [0.0, 5e-324, 2.2e-308, 1e-300, 1e-9, 0.5, 1.0, 1.5, 2.0, 3.0, 709.0, 746.0, 1e5, 1e15, 1e16, 1e300, 1e308, np.inf]
)
SPECIAL = np.concatenate([SPECIAL, -SPECIAL, [np.nan]])


@pytest.mark.parametrize("name", REFERENCES)
def test_errors_are_below_the_bound(name):
    points, found = errors(name, Compiled(name), np.random.default_rng(7), COUNT)
    worst = found.argmax()
    assert found[worst] <= BOUND, f"{name} of {points[:, worst].tolist()} is wrong by {found[worst]} ulp"


@pytest.mark.parametrize("name", [n for n in REFERENCES if n != "sinc"])
def test_ends_are_those_of_numpy(name):
    """Zeros with their signs, infinities and what is no number; of other numbers SciPy's may be far from exact."""
    pytest.importorskip("scipy")
    columns = [SPECIAL]
    if arity(name) == 2:
        columns = [np.array(c) for c in zip(*itertools.product(SPECIAL, SPECIAL), strict=True)]
    with np.errstate(all="ignore"):
        expected = usual(name)(*columns, out=np.empty(columns[0].size))
    found = Compiled(name)(*columns)
    for *xs, y, e in zip(*columns, found, expected, strict=True):
        if np.isfinite(e) and e != 0.0:
            assert y == pytest.approx(e, rel=1e-11, abs=5e-324), (xs, y, e)
        else:
            same_sign = np.isnan(e) or np.signbit(y) == np.signbit(e)
            assert np.array_equal(y, e, equal_nan=True) and same_sign, (xs, y, e)


def test_sinc_is_zero_at_integers_and_one_at_zero():
    found = Compiled("sinc")([0.0, -0.0, 5e-324, 1.0, -7.0, 2.0**52, 1e300, 1.7e308, np.inf, np.nan])
    assert found.tolist()[:8] == [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert np.isnan(found[8:]).all()


def test_exact_values_are_exact():
    exponents = np.arange(-1074.0, 1024.0)
    assert np.array_equal(Compiled("exp2")(exponents), np.ldexp(1.0, exponents.astype(int)))
    assert np.array_equal(Compiled("log2")(np.ldexp(1.0, exponents.astype(int))), exponents)
    assert np.array_equal(Compiled("log10")(10.0 ** np.arange(23)), np.arange(23.0))
    assert np.array_equal(Compiled("cbrt")(np.arange(200.0) ** 3), np.arange(200.0))
    assert np.array_equal(Compiled("pow")(np.arange(1.0, 100), np.full(99, 3.0)), np.arange(1.0, 100) ** 3)
    scale = np.ldexp(1.0, [0, 600, 1020, -600, -1070])
    assert np.array_equal(Compiled("hypot")(3.0 * scale, 4.0 * scale), 5.0 * scale)


@pytest.mark.parametrize("name", ["exp", "sin", "erf", "pow", "arctan2"])
def test_of_float32_they_are_those_of_float64_rounded(name):
    columns = np.random.default_rng(0).normal(size=(2, 999)).astype(np.float32) * 5.0
    columns = columns[: 2 if name in ("pow", "arctan2") else 1]
    found = Compiled(name + ".f32")(*columns)
    assert found.dtype == np.float32
    assert np.array_equal(found, Compiled(name)(*columns).astype(np.float32), equal_nan=True)


@ONLY_ON_X86
@pytest.mark.parametrize("name", REFERENCES)
def test_without_a_fused_product_they_are_nearly_as_good(name):
    assert not PLAIN.target.fma
    assert "llvm.fma" not in text_of([name], PLAIN.target)
    points, found = errors(name, Compiled(name, PLAIN), np.random.default_rng(2), COUNT // 10)
    worst = found.argmax()
    assert found[worst] <= 2.0, f"{name} of {points[:, worst].tolist()} is wrong by {found[worst]} ulp"


@ONLY_ON_X86
@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("machine, lanes", [(AVX2, 4), (AVX512, 8)], ids=["avx2", "avx512"])
def test_loops_become_loops_over_vectors(name, machine, lanes):
    module, _ = optimised(loop_text(name, machine.target), machine)
    assert f"store <{lanes} x double>" in str(module)


C_LOOP = """
void loop_{name}(double *out, {arrays}, long n) {{
    for (long i = 0; i < n; i++) out[i] = s2sad_{name}({operands});
}}
"""


def c_loop(name):
    places = range(arity(name))
    arrays = ", ".join(f"const double *a{k}" for k in places)
    return C_LOOP.format(name=name, arrays=arrays, operands=", ".join(f"a{k}[i]" for k in places))


@pytest.fixture(scope="module")
def of_c(tmp_path_factory):
    """The library of all functions, compiled from their text in C."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no compiler of C")
    folder = tmp_path_factory.mktemp("c")
    (folder / "all.c").write_text(c_text_of([*REFERENCES, "exp.f32"]) + "".join(map(c_loop, REFERENCES)))
    flags = ["-std=c99", "-O1", "-ffp-contract=off", "-Wall", "-Wno-unused", "-Werror", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, "-o", folder / "all.so", folder / "all.c", "-lm"], check=True)
    return ctypes.CDLL(str(folder / "all.so"))


@pytest.mark.parametrize("name", REFERENCES)
def test_the_text_in_c_is_as_good(name, of_c):
    def compiled(*columns):
        out = np.empty(columns[0].size)
        pointers = [ctypes.c_void_p(np.ascontiguousarray(c).ctypes.data) for c in (out, *columns)]
        of_c[f"loop_{name}"](*pointers, ctypes.c_long(out.size))
        return out

    _, found = errors(name, compiled, np.random.default_rng(5), COUNT // 10)
    assert found.max() <= 2.0


def test_large_angles_among_small_ones():
    """What is rare is computed where it is wanted, in each place of a vector and in what is left of the loop."""
    sin = Compiled("sin")
    for place in range(11):
        x = np.linspace(-3.0, 3.0, 11)
        x[place] = 6381956970095103.0 * 2.0**797
        expected = [mp.sin(mpf(float(v))) for v in x]
        assert max(error(float(y), e) for y, e in zip(sin(x), expected, strict=True)) < BOUND


@pytest.mark.parametrize("name", REFERENCES)
def test_they_run_in_python_as_they_stand(name):
    """Bit by bit: the words mean in Python what they mean in LLVM."""
    reference, function = REFERENCES[name], words.PUBLIC[name]
    columns = [c[:: max(1, c.size // 20)] for c in reference.points(np.random.default_rng(3), 10)]
    compiled = Compiled(name)(*columns)
    assert [function(*map(float, xs)) for xs in zip(*columns, strict=True)] == compiled.tolist()


def test_the_text_has_each_function_once():
    text = text_of(["sin", "sin", "cos", "asin", "arcsin", "exp.f32", "exp"])
    defined = [line.split("(")[0].split()[-1] for line in text.splitlines() if line.startswith("define")]
    assert len(defined) == len(set(defined))
    assert {'@"s2sad.sin"', '@"s2sad.asin"', '@"s2sad.arcsin"', '@"s2sad.exp.f32"', '@"s2sad.exp"'} <= set(defined)
    assert text == text_of(["sin", "sin", "cos", "asin", "arcsin", "exp.f32", "exp"])


def test_names():
    others = ["asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh", "power", "float_power", "exp.f32"]
    assert all(map(known, [*REFERENCES, *others]))
    assert not known("gamma") and not known("exp.f16") and not known("two_sum")


def test_other_names_are_the_same_functions():
    x = np.linspace(-1.0, 1.0, 50)
    assert np.array_equal(Compiled("asin")(x), Compiled("arcsin")(x))
    assert np.array_equal(Compiled("float_power")(x + 2.0, x), Compiled("pow")(x + 2.0, x))


def test_machines():
    assert Target.of("x86_64-unknown-linux-gnu", "+fma,+avx2,-avx512f") == Target(True, (4,))
    assert Target.of("x86_64-pc-windows-msvc", "+fma,+avx512f") == Target(True, (4, 8))
    assert Target.of("x86_64-apple-darwin", "+sse4.2,-fma,-avx") == Target(False, (2,))
    assert Target.of("arm64-apple-darwin", "+neon") == Target(True, (2,))


def mixed(x: float) -> float:
    return x + words_of_int(x)


def words_of_int(x: float) -> int:
    return words.bits(x)


def looping(x: float) -> float:
    for _ in range(3):
        x = x * x
    return x


def called_wrongly(x: float) -> float:
    return logarithms_tail(x, 1)


logarithms_tail = logarithms.tail


@pytest.mark.parametrize("function", [mixed, looping, called_wrongly])
def test_what_is_no_word_of_the_language_is_refused(function):
    with pytest.raises(TypeError):
        translate(function, Text(function, Target()))
