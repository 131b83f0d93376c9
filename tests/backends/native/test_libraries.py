"""What native code calls Python for: operations of libraries, and functions of numbers that SciPy has."""

import contextlib
import gc
import signal
import sys
import threading
import warnings
from functools import partial

import numpy as np
import pytest
import scipy.linalg
import scipy.special

pytest.importorskip("llvmlite")

import s2sad
from s2sad.backends.compiled import Later
from s2sad.backends.native import libraries, machine, special
from s2sad.backends.native.arguments import MANY
from s2sad.backends.native.forms import entry_arguments, entry_result, fitter, form_of
from s2sad.backends.native.objects import Loaded
from s2sad.backends.native.signals import comes_from_a_signal
from s2sad.backends.native.stages import compiled
from s2sad.emit.flat import emit_flat
from s2sad.errors import Unsupported
from s2sad.ir.builder import Builder
from s2sad.ir.primitive import PRIMITIVES
from s2sad.ir.signature import Signature
from s2sad.ir.values import Function
from s2sad.rules import everything
from tests.loops.programs import function_of, leaves
from tests.rules.evaluate import ABSTRACTIONS
from tests.rules.test_sweep import cases

everything()
RNG = np.random.default_rng(5)
X = RNG.uniform(0.5, 2.0, 12)
A = RNG.normal(size=(12, 12)) + 6.0 * np.eye(12)
S = A + A.T
CALLS = 100_000


@pytest.fixture(autouse=True)
def in_native_code(monkeypatch):
    """No program falls back to NumPy's, and none is left for it, unless a test says so."""
    found = []
    call = Later.__call__
    monkeypatch.setattr(Later, "__call__", lambda self, *args: found.append(args) or call(self, *args))
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*is not compiled")
        yield found
    assert not found


# at every sample


def entry_of(function):
    return [(function.name, entry_arguments([p.type for p in function.parameters]), entry_result(function.result.type))]


def program(primitive):
    """A program of all samples that native code does not compute itself, its arguments, and what it gives."""
    builder, signature = Builder(), Signature()
    taken, results, arguments, wanted = [], [], [], []
    for case in cases(primitive):
        try:
            one, given = function_of(
                primitive, case.operands, case.static, partial(ABSTRACTIONS["symbolic"], signature)
            )
            outside = compiled([one], entry_of(one))[-1].outside
        except Unsupported:
            continue
        if any(name.startswith(("call ", "special ")) for name in outside):
            taken += one.parameters
            builder.operations += one.body.operations
            results.append(one.result)
            arguments += given
            wanted.append(case.result)
    return Function("f", builder.block(taken, [builder.tuple(results)])), arguments, wanted


def is_tried(name, primitive):
    """Whether a function may have no code: of numbers NumPy's own have."""
    return name.startswith("scipy.") or (name.startswith(("np.", "math.")) and not primitive.elementwise)


NAMES = sorted(n for n, p in PRIMITIVES.items() if is_tried(n, p) and cases(p))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore")
def test_native_code_of_samples(name):
    function, arguments, wanted = program(PRIMITIVES[name])
    if not wanted:
        return
    loops, _, code = compiled([function], entry_of(function))
    module = {}
    exec(emit_flat([], loops)[0], module)
    effort = machine.Effort(0, unroll=False, interleave=False)
    loaded = Loaded(code, machine.object_code(code.text, effort), module)
    with np.errstate(all="ignore"):
        # some of SciPy's lie column by column
        given = [fitter(form_of(p.type))(a) for p, a in zip(function.parameters, arguments, strict=True)]
        found = loaded.builtin("f", None, None)(*given)
    for a, b in zip(leaves(found), leaves(wanted), strict=True):
        assert isinstance(a, np.ndarray) == isinstance(b, np.ndarray)
        assert np.asarray(a).dtype == np.asarray(b).dtype and np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


# derivatives


def of_fft(x):
    v = np.fft.fft(x)
    return np.sum(np.abs(v) ** 2 * x)


def of_rfft(x):
    return np.sum(np.abs(np.fft.rfft(x, n=8)) ** 2)


def of_solve(a, b):
    return np.sum(np.linalg.solve(a, b) ** 2)


def of_inverse(a):
    return np.sum(np.linalg.inv(a) ** 2) + np.linalg.det(a / 6.0)


def of_eigenvalues(a):
    w, v = np.linalg.eigh(a)
    return np.sum(w**3) + np.sum((v**2) @ w)


def of_factors(a):
    q, r = np.linalg.qr(a)
    return np.sum(np.abs(r)) + np.sum(q[0] ** 3)


def of_triangle(a, b):
    c = scipy.linalg.cholesky(a @ a.T, lower=True)
    return np.sum(scipy.linalg.solve_triangular(c, b, lower=True) ** 2)


def of_order(x):
    s = np.sort(x)
    return np.sum(s * x[np.argsort(x)] * np.arange(len(x)))


def of_numbers(x):
    total = 0.0
    for k in range(len(x)):
        if x[k] > 1.0:
            total = total + scipy.special.gammaln(x[k]) * scipy.special.beta(x[k], 2.0)
    return total


def of_bessel(x):
    return np.sum(scipy.special.j0(x) * scipy.special.iv(1.5, x))


def in_a_loop(x):
    for _ in range(3):
        x = np.real(np.fft.ifft(np.fft.fft(x) * 0.9)) + np.sort(x)
    return np.sum(x * x)


def in_a_branch(x):
    y = np.sort(x) if x[0] > 1.0 else np.fft.fft(x).real
    return np.sum(y * x)


DERIVED = [
    *((f, (X,)) for f in (of_fft, of_rfft, of_order, of_numbers, of_bessel, in_a_loop, in_a_branch)),
    *((f, (A, X)) for f in (of_solve, of_triangle)),
    (of_inverse, (A,)),
    (of_eigenvalues, (S,)),
    (of_factors, (A,)),
]
OPERATORS = {
    "value_and_grad": lambda f, args, b: s2sad.value_and_grad(f, backend=b)(*args),
    "jvp": lambda f, args, b: s2sad.jvp(f, args, [np.cos(a) for a in args], backend=b),
    "vjp": lambda f, args, b: _pulled(s2sad.vjp(f, *args, backend=b)),
    "vmap": lambda f, args, b: s2sad.vmap(s2sad.grad(f), backend=b)(*[np.stack([a, 1.1 * a]) for a in args]),
    "jit": lambda f, args, b: s2sad.jit(f, backend=b)(*args) if b else f(*args),
}


def _pulled(pair):
    value, pull = pair
    return value, pull(np.float64(1.5)), pull(np.float64(-0.5))


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize(("f", "args"), DERIVED, ids=lambda v: getattr(v, "__name__", ""))
def test_native_code_of_derivatives(f, args, operator):
    before = [a.copy() for a in args]
    found, expected = (OPERATORS[operator](f, args, b) for b in ("native", None))
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    for a, b in zip(args, before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_text_shows_the_call():
    assert "v = np.fft.fft(x)" in s2sad.grad(of_fft, backend="native").lower(X).source


# results


def test_what_a_library_gives_is_given_on():
    for f, x in [
        (np.linalg.eigh, S),
        (np.linalg.svd, A),
        (np.linalg.qr, A),
        (np.linalg.slogdet, A),
        (np.linalg.det, A),
        (np.sort, X > 1.0),
        (np.argsort, X),
        (np.fft.fft, X.astype(np.complex64)),
        (np.unique, np.array([3, 1, 3, 2])),
    ]:
        expected = f(x)
        found = s2sad.jit(lambda x, f=f: f(x), backend="native")(x)
        assert type(found) is type(expected)
        for a, b in zip(leaves(found), leaves(expected), strict=True):
            assert type(a) is type(b) and a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=1e-13)
            assert not isinstance(a, np.ndarray) or (a.flags.owndata and a.flags.writeable)


def test_what_lies_in_another_way_is_copied():
    # LAPACK gives columns
    found = s2sad.jit(lambda a, b: scipy.linalg.solve_triangular(a, b), backend="native")(A, A)
    expected = scipy.linalg.solve_triangular(A, A)
    assert found.flags.c_contiguous and not expected.flags.c_contiguous
    np.testing.assert_allclose(found, expected)


# what goes wrong


def test_an_exception_is_raised_at_the_line_of_the_user(in_native_code):
    gradient = s2sad.grad(of_solve, backend="native")
    expected = gradient(A, X)
    for _ in range(3):
        with pytest.raises(np.linalg.LinAlgError, match="Singular") as raised:
            gradient(np.zeros_like(A), X)
        line = of_solve.__code__.co_firstlineno + 1
        assert any(f'test_libraries.py", line {line}' in note for note in raised.value.__notes__)
        assert len(in_native_code) == 1
        in_native_code.clear()
    np.testing.assert_array_equal(gradient(A, X), expected)


class Ended(BaseException):
    pass


CALLED = []
GIVES = {"twice": lambda x: 2.0 * x}


def boxed(x):
    CALLED.append(x)
    return eval("GIVES['twice'](x)")


s2sad.defvjp(boxed, lambda ans, x: lambda g: 2.0 * g, result=lambda x: x)


def of_a_box(x):
    return np.sum(boxed(x * x) * x)


@pytest.fixture
def box(monkeypatch):
    """The derivative of a function that calls what nobody knows, and what is called then."""
    gradient = s2sad.grad(of_a_box, backend="native")
    np.testing.assert_allclose(gradient(X), s2sad.grad(of_a_box)(X))
    CALLED.clear()
    yield gradient
    CALLED.clear()


def ended(x):
    raise Ended


def test_what_is_no_exception_goes_out(box, monkeypatch):
    monkeypatch.setitem(GIVES, "twice", ended)
    with pytest.raises(Ended):
        box(X)
    # the program of NumPy does not run
    assert len(CALLED) == 1
    monkeypatch.undo()
    np.testing.assert_allclose(box(X), s2sad.grad(of_a_box)(X))


class Alarm(Exception):
    pass


def ring(*args):
    raise Alarm


class Ringing:
    def __call__(self, *args):
        ring()

    def ring(self, *args):
        ring()


@pytest.mark.parametrize(
    "handler", [ring, partial(ring, 1), Ringing(), Ringing().ring], ids=["function", "partial", "object", "method"]
)
def test_what_a_signal_raises_goes_out(box, monkeypatch, handler):
    before = signal.signal(signal.SIGINT, handler)
    try:
        monkeypatch.setitem(GIVES, "twice", lambda x: signal.raise_signal(signal.SIGINT))
        with pytest.raises(Alarm):
            box(X)
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(CALLED) == 1


def test_what_comes_from_a_signal(monkeypatch):
    try:
        ring()
    except Alarm as e:
        found = e.__traceback__
    assert not comes_from_a_signal(found)
    before = signal.signal(signal.SIGINT, ring)
    try:
        assert comes_from_a_signal(found)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(comes_from_a_signal(found)))
        thread.start()
        thread.join()
        assert answers == [False]
    finally:
        signal.signal(signal.SIGINT, before)


OTHER = {
    "another dtype": lambda x: (2.0 * x).astype(np.float32),
    "other bytes": lambda x: (2.0 * x).astype(">f8"),
    "another length": lambda x: (2.0 * x)[:1],
    "another rank": lambda x: (2.0 * x)[None],
    "another class": lambda x: np.ma.masked_array(2.0 * x),
    "no array": lambda x: (2.0 * x).tolist(),
    "nothing": lambda x: None,
}


@pytest.mark.parametrize("name", OTHER)
def test_what_was_not_promised_is_left_to_numpy(box, monkeypatch, in_native_code, name):
    monkeypatch.setitem(GIVES, "twice", OTHER[name])
    found, expected = (_ends_with(lambda g=g: g(X)) for g in (box, s2sad.grad(of_a_box)))
    assert found == expected
    assert len(in_native_code) == 1
    in_native_code.clear()


def _ends_with(call):
    try:
        return str(call())
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def test_a_function_that_is_not_known_may_keep_what_it_gets(box):
    for k in range(3):
        box(X + k)
    gc.collect()
    np.random.default_rng(0).normal(size=(100, 12))
    for k, x in enumerate(CALLED):
        np.testing.assert_array_equal(x, (X + k) ** 2)


def test_views_of_arguments_are_copied(box, monkeypatch):
    monkeypatch.setitem(GIVES, "twice", lambda x: x[::-1])
    np.testing.assert_allclose(box(X), s2sad.grad(of_a_box)(X))


# nothing is left behind


@pytest.mark.parametrize(
    ("f", "args", "calls"),
    [
        (lambda x: np.sum(np.sort(x)), (X,), CALLS),
        (lambda x: np.sort(x), (X,), CALLS // 10),
        (of_eigenvalues, (S,), CALLS // 20),
        (of_solve, (np.zeros((12, 12)), X), CALLS // 100),
        (of_a_box, (X,), CALLS // 10),
    ],
    ids=["numbers", "arrays", "tuples", "exceptions", "boxes"],
)
def test_calls_leave_nothing_behind(f, args, calls, in_native_code):
    compiled = s2sad.jit(f, backend="native")

    def many(count):
        for _ in range(count):
            with contextlib.suppress(np.linalg.LinAlgError):
                compiled(*args)
            CALLED.clear()
            in_native_code.clear()

    many(1000)
    gc.collect()
    watched = (*args, np.dtype(float), np.ndarray, None, np.float64)
    before, blocks = list(map(sys.getrefcount, watched)), sys.getallocatedblocks()
    many(calls)
    gc.collect()
    assert all(abs(sys.getrefcount(o) - n) < 20 for o, n in zip(watched, before, strict=True))
    assert abs(sys.getallocatedblocks() - blocks) < 200


# threads


@pytest.mark.parametrize("length", [12, 2 * MANY], ids=["held", "let go"])
def test_threads(length):
    compiled = s2sad.value_and_grad(in_a_loop, backend="native")
    rows = [RNG.normal(size=length) for _ in range(4)]
    expected = [s2sad.value_and_grad(in_a_loop)(x) for x in rows]
    found = [None] * len(rows)

    def work(k):
        for _ in range(20):
            found[k] = compiled(rows[k])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(rows))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)


# functions of numbers


def test_functions_of_numbers_are_those_of_scipy(monkeypatch):
    monkeypatch.setattr(libraries.Libraries, "operation", None)
    x = RNG.uniform(0.5, 5.0, 500)
    for f in (scipy.special.gammaln, scipy.special.j1, scipy.special.psi):
        for dtype in (np.float64, np.float32):
            given = x.astype(dtype)
            found = s2sad.jit(lambda x, f=f: f(x), backend="native")(given)
            assert found.dtype == dtype
            np.testing.assert_array_equal(found, f(given))


def test_forms_of_functions():
    name, dtypes = special.form_of(scipy.special.gammaln, [float])
    assert name == "gammaln double (double, int __pyx_skip_dispatch)" and dtypes == (np.float64,) * 2
    assert special.form_of(scipy.special.erfinv, [np.dtype(np.float32)])[1] == (np.float32,) * 2
    assert special.form_of(scipy.special.kn, [int, float])[1][0].kind == "i"
    assert special.form_of(scipy.special.gammaln, [complex]) is None
    assert special.form_of(np.sin, [float]) is None and special.form_of(len, [float]) is None
    assert special.address_of(name)
    for other in ("gammaln float (float, int __pyx_skip_dispatch)", "no_such double (double)"):
        with pytest.raises(RuntimeError, match=r"scipy\.special has no"):
            special.address_of(other)


def test_what_has_no_code_for_numbers_is_left_to_its_library(monkeypatch):
    monkeypatch.setattr(special, "form_of", lambda *args: None)
    compiled = s2sad.jit(lambda x: np.sum(scipy.special.psi(x * 2.0) * x), backend="native")
    np.testing.assert_allclose(compiled(X), np.sum(scipy.special.psi(X * 2.0) * X))
    # one call for the array, not one for each number
    assert "= scipy.special.psi(" in compiled.lower(X).source


def test_numbers_in_a_loop_of_the_user(monkeypatch):
    monkeypatch.setattr(special, "form_of", lambda *args: None)
    compiled = s2sad.value_and_grad(of_numbers, backend="native")
    for a, b in zip(compiled(X), s2sad.value_and_grad(of_numbers)(X), strict=True):
        np.testing.assert_allclose(a, b)


ORDER = 1


def of_a_constant(x):
    return np.sum(scipy.special.polygamma(ORDER, x) * x)


def test_constants_of_the_user():
    for a, b in zip(
        s2sad.value_and_grad(of_a_constant, backend="native")(X), s2sad.value_and_grad(of_a_constant)(X), strict=True
    ):
        np.testing.assert_allclose(a, b)
