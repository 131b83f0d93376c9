"""Where nan comes from: the line of the derivative and of the user's function that `check_nan` names."""

import inspect
import math
import threading

import numpy as np
import pytest

import s2sad
from s2sad.errors import ArgumentError, NotFinite

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def length(x):
    return np.sqrt(np.sum(x * x))


def entropy(p):
    logs = np.log(p)
    return -np.sum(p * logs)


def masked(x):
    return np.sum(np.where(x > 0.0, np.log(x), 0.0))


def inverses(a):
    b = np.zeros_like(a)
    for i in range(len(a)):
        b[i] = 1.0 / a[i]
    return np.sum(b)


def distances(x):
    return length(x) + length(x - 1.0)


def raised(x, depth):
    return np.log(x - 1.0) if depth == 0 else raised(x, depth - 1) * 2.0


def line_in(function, text):
    lines, first = inspect.getsourcelines(function)
    return first + next(k for k, line in enumerate(lines) if text in line)


ZERO = np.zeros(2)
CASES = {
    "adjoint": (length, (ZERO,), "adjoint", "np.sqrt", "nan"),
    "primal": (entropy, (np.array([0.5, 0.0]),), "primal", "np.log", "inf"),
    "loop": (inverses, (np.array([1.0, 0.0, 2.0]),), "primal", "b[i] =", "inf"),
    "callee": (distances, (ZERO,), "adjoint", None, "nan"),
    "recursion": (raised, (0.5, 3), "primal", "np.log", "nan"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_line_is_named(case):
    function, arguments, sweep, text, found = CASES[case]
    with pytest.raises(NotFinite) as caught:
        s2sad.check_nan(function)(*arguments)
    error = caught.value
    assert (error.found, error.line.sweep) == (found, sweep)
    if text is not None:
        assert error.line.line == line_in(function, text) and error.line.file == __file__
    assert f'File "{__file__}", line {error.line.line}' in str(error)
    # with what went in the line makes just that
    assert all(np.isfinite(v).all() for v in error.inputs.values())
    assert isinstance(error, FloatingPointError) and isinstance(error, s2sad.Error)


def test_the_values_that_went_in_are_told():
    with pytest.raises(NotFinite) as caught:
        s2sad.check_nan(s2sad.grad(inverses))(np.array([1.0, 2.0, 0.0]))
    assert caught.value.inputs == {"i": 2, "a[i]": 0.0}
    assert "for the 3rd time, at i = 2" in str(caught.value)


def test_what_an_inf_becomes_is_told():
    with pytest.raises(NotFinite, match=r"makes inf of finite numbers(?s:.*)makes nan of that") as caught:
        s2sad.check_nan(s2sad.grad(entropy))(np.array([0.5, 0.0]))
    assert caught.value.found == "inf"


def test_finite_results_are_handed_on():
    x = np.array([3.0, 4.0])
    value, gradient = s2sad.check_nan(length)(x)
    assert value == 5.0 and gradient.tolist() == [0.6, 0.8]
    np.testing.assert_array_equal(s2sad.check_nan(s2sad.hessian(length))(x), s2sad.hessian(length)(x))
    np.testing.assert_array_equal(s2sad.check_nan(s2sad.hvp(length))(x, x), s2sad.hvp(length)(x, x))


def test_a_nan_that_does_not_reach_the_result_is_none():
    """`np.log` of a negative number is one; the mask leaves it out, forward and backward."""
    x = np.array([1.0, -1.0])
    value, gradient = s2sad.check_nan(masked)(x)
    assert value == 0.0 and gradient.tolist() == [1.0, 0.0]


def test_the_origin_is_that_of_the_result():
    """Two lines make nan: the first is masked, and not the one to be named."""

    def both(x):
        hidden = np.where(x > 0.0, np.log(x), 0.0)
        return np.sum(hidden) + np.sum(np.sqrt(x))

    with pytest.raises(NotFinite) as caught:
        s2sad.check_nan(both)(np.array([1.0, -1.0]))
    assert caught.value.line.line == line_in(both, "np.sqrt")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_argument_that_is_bad_is_said_as_such(bad):
    with pytest.raises(NotFinite, match="the argument x holds") as caught:
        s2sad.check_nan(s2sad.grad(length))(np.array([1.0, bad]))
    assert caught.value.line is None


def test_missing_data_that_is_left_out_is_allowed():
    def fit(a, data):
        return np.nansum((a - data) ** 2)

    data = np.array([1.0, np.nan, 3.0])
    value, gradient = s2sad.check_nan(fit)(1.5, data)
    assert value == pytest.approx(2.5) and gradient == pytest.approx(-2.0)


def test_derivatives_of_all_kinds():
    bad = np.array([0.5, 0.0])
    calls = {
        "grad": lambda: s2sad.grad(entropy)(bad),
        "hessian": lambda: s2sad.hessian(entropy)(bad),
        "hvp": lambda: s2sad.hvp(entropy)(bad, np.ones(2)),
        "jacfwd": lambda: s2sad.jacfwd(entropy)(bad),
        "jvp": lambda: s2sad.jvp(entropy, (bad,), (np.ones(2),)),
        "vjp": lambda: s2sad.vjp(length, ZERO)[1](1.0),
        "linearize": lambda: s2sad.linearize(length, ZERO)[1](np.ones(2)),
        "vmap": lambda: s2sad.vmap(s2sad.grad(entropy))(np.stack([bad, bad + 1.0])),
        "jit": lambda: s2sad.jit(entropy)(bad),
        "native": lambda: s2sad.grad(entropy, backend="native")(bad),
    }
    for name, call in calls.items():
        call()
        with s2sad.debug_nans(), pytest.raises(NotFinite) as caught:
            call()
        assert caught.value.line is not None and caught.value.line.file == __file__, name


def test_an_inf_is_one_where_it_is_asked_for():
    df = s2sad.grad(inverses)
    bad = np.array([1.0, 0.0])
    with s2sad.debug_nans():
        assert df(bad)[1] == -np.inf
    with s2sad.debug_nans(infs=True), pytest.raises(NotFinite):
        df(bad)


def test_the_block_ends():
    df, native = s2sad.grad(length), s2sad.grad(length, backend="native")
    for _ in range(9):
        native(np.ones(2))
    for _ in range(2):
        with pytest.raises(NotFinite), s2sad.debug_nans():
            native(ZERO)
        with s2sad.debug_nans(), s2sad.debug_nans(), pytest.raises(NotFinite):
            df(ZERO)
        assert np.isnan(df(ZERO)).all() and np.isnan(native(ZERO)).all()
        assert native(np.array([3.0, 4.0])).tolist() == [0.6, 0.8]


def test_other_threads_are_as_ever():
    found = []

    def other():
        found.append(s2sad.grad(length)(ZERO))

    with s2sad.debug_nans():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert np.isnan(found[0]).all()


def test_classes_and_containers():
    from dataclasses import dataclass

    @dataclass
    class Model:
        scale: float
        weights: np.ndarray

    def loss(model, x):
        return np.sqrt(np.sum(model.weights * x)) * model.scale

    with pytest.raises(NotFinite) as caught:
        s2sad.check_nan(s2sad.grad(loss))(Model(2.0, np.zeros(2)), np.ones(2))
    assert caught.value.line.sweep == "adjoint"


def test_a_solver():
    import scipy.integrate

    def grown(a):
        def rhs(t, y):
            return -a * y

        y = scipy.integrate.solve_ivp(rhs, (0.0, 1.0), np.array([1.0]), rtol=1e-8, atol=1e-8).y[0, -1]
        return np.sqrt(y - y)

    # the adjoint equation refuses to start at nan
    with pytest.raises(ValueError, match="must be finite"):
        s2sad.grad(grown)(0.7)
    with pytest.raises(NotFinite) as caught:
        s2sad.check_nan(s2sad.grad(grown))(0.7)
    assert "which raised ValueError" in str(caught.value)
    assert caught.value.line.line == line_in(grown, "np.sqrt")


def test_no_function_is_refused():
    with pytest.raises(ArgumentError):
        s2sad.check_nan(3.0)


def divided(x):
    total = 0.0
    for i in range(3):
        total = total * total + x / (i - 1.0)
    return total


def logarithm(x):
    y = 2.0 * x
    return y * math.log(y)


@pytest.mark.parametrize(
    ("function", "x", "error", "made", "text"),
    [
        (divided, 1.0, ZeroDivisionError, "i = 1", "total = total * total + x / (i - 1.0)"),
        (logarithm, -1.0, ValueError, "y = -2", "return y * math.log(y)"),
        (lambda x: math.exp(x) ** 2, 1e3, OverflowError, "x = 1000", "math.exp(x)"),
    ],
)
@pytest.mark.parametrize("within", [False, True])
def test_what_python_raises_in_place_of_nan_and_inf_has_a_place(function, x, error, made, text, within):
    with pytest.raises(error) as caught:
        if within:
            with s2sad.debug_nans():
                s2sad.grad(function)(x)
        else:
            s2sad.check_nan(function)(x)
    note = caught.value.__notes__[0]
    assert "in the evaluation of the function, raises it:" in note
    assert made in note and text in note and __file__ in note


def refusing(x):
    if x < 0.0:
        raise ValueError("no negative numbers")
    return x


def test_what_the_function_raises_itself_is_left_alone():
    with pytest.raises(ValueError, match="no negative") as caught:
        s2sad.check_nan(refusing)(-1.0)
    assert not any("raises it" in note for note in getattr(caught.value, "__notes__", ()))
