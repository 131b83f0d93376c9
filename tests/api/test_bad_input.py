"""What cannot be differentiated is refused with a clear error, and the arguments stay as they were."""

import functools
import importlib
import math
import re
import sys

import numpy as np
import pytest

import s2sad
from s2sad.errors import (
    ArgumentError,
    NonScalarOutput,
    NotDifferentiable,
    SourceUnavailable,
    StaleSource,
    Unsupported,
    UnsupportedCall,
    UnsupportedSyntax,
    UnsupportedType,
)

X = np.array([1.0, 2.0, 3.0])


def stores_through_a_copy_or_view(x):
    y = (x * np.ones((3, 3)).T).reshape(3, 3)
    z = y.reshape(-1)
    y[0, 0] = 1.0
    return np.sum(z)


def stores_into_a_part_of_one_of_two(x):
    z = 2.0 * x
    y = x[1:] if x[0] > 0.0 else z
    y[0] = 1.0
    return np.sum(z)


async def waits(x):
    return x


def yields(x):
    yield x


def tries(x):
    try:
        return x / 0.0
    except ZeroDivisionError:
        return x
    except ValueError:
        return -x


def opens(x):
    return float(open("file").read()) * x


def unknown_numpy(x):
    return np.poly1d(x)(0.5)


def unknown_name(x):
    return x * undefined_name  # noqa: F821


def vector(x):
    return 2.0 * x


def pair(x):
    return x, x


def integer_result(x):
    return 3


def ok(x, n=2):
    return np.sum(x) * n


REFUSED = [
    (stores_through_a_copy_or_view, UnsupportedType, "np.sum\\(z\\)"),
    (stores_into_a_part_of_one_of_two, UnsupportedType, "y\\[0\\] = 1.0"),
    (tries, UnsupportedSyntax, "several handlers"),
    (opens, UnsupportedCall, "open"),
    (unknown_numpy, UnsupportedCall, "poly1d"),
    (unknown_name, Unsupported, "undefined_name"),
]


@pytest.mark.parametrize("f, kind, text", REFUSED, ids=lambda v: getattr(v, "__name__", None))
@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_refused_with_line_and_caret(f, kind, text, mode):
    x = X.copy()
    with pytest.raises(s2sad.Error) as caught:
        s2sad.grad(f)(x) if mode == "rev" else s2sad.jvp(f, (x,), (x,))
    error = caught.value
    errors = getattr(error, "errors", (error,))
    assert any(isinstance(e, kind) for e in errors), error
    message = str(error)
    assert re.search(text, message)
    assert "test_bad_input.py:" in message
    assert "^" in message
    np.testing.assert_array_equal(x, X)


NOT_YET = [
    "a = np.zeros(2)\n    np.multiply.at(a, [0], x)\n    return np.sum(a)",
    "import no_such_module as m; return m.approx(x)",
    "class A:\n        pass\n    return x",
    "try:\n        y = 1 / x\n    except ValueError:\n        y = x\n    except OSError:\n        y = x\n    return y",
    "with open('file') as f:\n        return x * x",
    "def g():\n        yield x\n    return next(g())",
    "xs = [x]\n    ys = [x] if x > 1 else xs\n    ys.append(x)\n    return x * len(xs)",
    "return state.missing",
]


@pytest.mark.parametrize("body", NOT_YET)
def test_what_the_language_page_calls_not_yet_is_refused(body):
    import linecache

    source, file = f"def f(x):\n    {body}\n", f"<not yet {NOT_YET.index(body)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    space = {"np": np}
    exec(compile(source, file, "exec"), space)
    with pytest.raises(s2sad.Error, match="not yet \\d") as caught:
        s2sad.grad(space["f"])(2.0)
    assert "^" in str(caught.value)


@pytest.mark.parametrize("f", [waits, yields])
def test_coroutines_and_generators_are_refused(f):
    with pytest.raises(s2sad.Error, match="async|yield|generator"):
        s2sad.grad(f)(1.0)


def test_all_findings_of_a_function_come_together():
    def several(x):

        x = math.sin(x)

        class A:
            pass

        names = locals()
        return 0.0 * len(names)

    with pytest.raises(s2sad.Error) as caught:
        s2sad.grad(several)(1.0)
    assert len(getattr(caught.value, "errors", ())) >= 2


@pytest.mark.parametrize("f", [functools.reduce, np.fromiter])
def test_functions_without_source(f):
    with pytest.raises((SourceUnavailable, UnsupportedCall, ArgumentError)) as caught:
        s2sad.grad(f)(1.0)
    assert f.__name__ in str(caught.value)


def test_function_of_exec_without_source():
    space = {}
    exec("def f(x):\n    return x * x\n", space)
    with pytest.raises(SourceUnavailable, match="f"):
        s2sad.grad(space["f"])(1.0)


def test_file_changed_after_import(tmp_path, monkeypatch):
    file = tmp_path / "changing_module.py"
    file.write_text("def f(x):\n    return x * x\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module = importlib.import_module("changing_module")
    file.write_text("def f(x):\n    return x * x * x\n")
    with pytest.raises(StaleSource, match="changing_module.py"):
        s2sad.grad(module.f)(2.0)
    importlib.invalidate_caches()
    module = importlib.reload(module)
    assert s2sad.grad(module.f)(2.0) == 12.0


@pytest.mark.parametrize("x", [3, np.arange(3), True, "text", None, [1, 2], np.array(["a"]), np.ma.array([1.0, 2.0])])
def test_an_argument_without_floats_has_no_gradient(x):
    with pytest.raises(NotDifferentiable, match="'x'"):
        s2sad.grad(ok)(x)


@pytest.mark.parametrize("f", [vector, pair, integer_result])
def test_grad_needs_a_scalar_result(f):
    with pytest.raises(NonScalarOutput, match=f.__name__):
        s2sad.grad(f)(X)


@pytest.mark.parametrize("argnums", [5, -3, "z", (0, 0), (0, "x"), (), 1.5, True, None])
def test_wrong_argnums(argnums):
    with pytest.raises(ArgumentError, match="argnums"):
        s2sad.grad(ok, argnums)


def test_unknown_backend():
    with pytest.raises(ArgumentError, match="backend"):
        s2sad.grad(ok, backend="fortran")


def test_what_is_no_function():
    with pytest.raises(ArgumentError, match="function"):
        s2sad.grad(3.0)


@pytest.mark.parametrize("args", [(), (X, 2, 3)])
def test_wrong_number_of_arguments_is_the_functions_own_error(args):
    with pytest.raises(TypeError):
        s2sad.grad(ok)(*args)


def test_has_aux_needs_a_pair():
    with pytest.raises(NonScalarOutput, match="has_aux"):
        s2sad.grad(ok, has_aux=True)(X)


def test_an_array_is_unpacked_with_pythons_check():
    def f(p):
        a, b, c = p
        return a * b + c * c

    np.testing.assert_array_equal(s2sad.grad(f)(X), [2.0, 1.0, 6.0])
    for wrong in (np.ones(2), np.ones(4)):
        with pytest.raises(ValueError, match="unpack"):
            s2sad.grad(f)(wrong)


def test_nan_goes_through():
    x = np.array([1.0, np.nan])
    np.testing.assert_array_equal(s2sad.grad(lambda x: np.sum(x * x))(x), [2.0, np.nan])
    assert np.isnan(s2sad.grad(lambda x: np.sqrt(x))(float("nan")))


def test_the_primals_exception_is_its_own():
    def f(x):
        if x > 1.0:
            raise ValueError(f"too large: {x}")
        assert x > -1.0, "too small"
        return x * x

    assert s2sad.grad(f)(0.5) == 1.0
    with pytest.raises(ValueError, match="too large: 2.0"):
        s2sad.grad(f)(2.0)
    with pytest.raises(AssertionError, match="too small"):
        s2sad.grad(f)(-3.0)
    with pytest.raises(ZeroDivisionError):
        s2sad.grad(lambda x: x / 0)(1.0)


MISFITS = [
    (lambda x, y: np.sum(x @ y), (2, 3), (2, 3)),
    (lambda x, y: np.sum(x + y), (3,), (4,)),
    (lambda x, y: x.dot(y), (3,), (4,)),
    (lambda x, y: np.inner(x, y), (3,), (4,)),
    (lambda x, y: np.einsum("i,i->", x, y), (3,), (4,)),
    (lambda x, y: np.sum(np.tensordot(x, y, axes=1)), (2, 3), (2, 3)),
    (lambda x, y: np.sum(np.concatenate([x, y], axis=1)), (2, 3), (3, 3)),
    (lambda x, y: np.sum(np.stack([x, y])), (3,), (4,)),
    (lambda x, y: np.sum(np.where(x > 0, x, y)), (3,), (4,)),
    (lambda x, y: np.sum(np.linalg.solve(x, y)), (3, 3), (4,)),
    (lambda x, y: np.sum(x.reshape(2, 2) * y), (3,), (1,)),
]


@pytest.mark.parametrize("f, m, n", MISFITS)
@pytest.mark.parametrize("argnums", [0, 1])
def test_shapes_that_do_not_fit_are_refused_as_numpy_does(f, m, n, argnums):
    with pytest.raises((ValueError, s2sad.Error)):
        s2sad.grad(f, argnums)(np.ones(m), np.ones(n))


def test_functions_of_any_number_of_arguments():
    def total(*xs):
        return sum(x * x for x in xs)

    def options(x, **kw):
        return x * kw["k"] ** 2

    assert s2sad.grad(total)(1.0, 2.0) == 2.0
    assert s2sad.grad(total, argnums=(0, 2))(1.0, 2.0, 3.0) == (2.0, 6.0)
    assert s2sad.grad(options)(1.0, k=3.0) == 9.0
    assert s2sad.jvp(total, (1.0, 2.0), (0.0, 1.0)) == (5.0, 4.0)
    assert s2sad.vjp(total, 1.0, 2.0)[1](1.0) == (2.0, 4.0)
    with pytest.raises(ArgumentError, match="3"):
        s2sad.grad(total, argnums=3)(1.0, 2.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: s2sad.vmap(lambda x, y: x * y, in_axes={"x": 0, "y": None})(np.ones(3), 2.0),
            r"\{'x': 0, 'y': None\} has",
        ),
        (lambda: s2sad.vmap(lambda x: x * x, out_axes=1)(np.ones(3)), "out_axes 1 of a result with 1 axes"),
        (lambda: s2sad.vmap(lambda x: (x, x), out_axes=(0, -3))(np.ones((3, 2))), "out_axes -3 of a result with 2"),
        (lambda: s2sad.defvjp(lambda x: x), "no rule is given for <function"),
    ],
)
def test_axes_and_rules_that_do_not_fit_are_told(call, message):
    with pytest.raises(s2sad.errors.ArgumentError, match=message):
        call()
