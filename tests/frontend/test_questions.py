"""What a program asks about the types of its values is answered at compile time: no branch stays of it."""

import numpy as np
import pytest

import s2sad
from s2sad.errors import UnsupportedType

X = np.array([0.5, -1.5, 2.0])


def by_rank(x):
    return x[0] ** 2 if np.ndim(x) == 1 else x**3


def of_complex(x):
    return np.sum(np.abs(x) ** 2) if np.iscomplexobj(x) else np.sum(x**3)


def of_real(x):
    return np.sum(x**3) if np.isrealobj(x) else np.sum(np.abs(x))


def of_scalars(x):
    if np.isscalar(x):
        return x**2
    return np.sum(x**3)


def by_dtype(x):
    if np.issubdtype(np.asarray(x).dtype, np.floating) and np.can_cast(np.asarray(x).dtype, float):
        return np.sum(x**3)
    return np.sum(x)


def by_result(x):
    if np.result_type(x, 1.0) in (np.float32, np.float64):
        return np.sum(x**3)
    return np.sum(2.0 * x)


def scaled(x, by):
    factor = by(x) if callable(by) else by
    return np.sum(x * factor)


def called(x):
    return scaled(x, lambda y: y**2) + scaled(x, 3.0)


@pytest.mark.parametrize(
    "x", [X, 1.5, X.astype(np.float32), np.float64(0.5)], ids=["array", "float", "single", "scalar"]
)
@pytest.mark.parametrize("program", [by_rank, of_complex, of_real, of_scalars, by_dtype, by_result, called])
def test_questions_about_types(program, x):
    value, gradient = s2sad.value_and_grad(program)(x)
    assert value == pytest.approx(program(x), rel=1e-6)
    s2sad.check_grads(program, (x,))
    assert np.shape(gradient) == np.shape(x)
    if program is not of_scalars or not isinstance(x, np.generic):
        lines = s2sad.grad(program).lower(x).source.splitlines()
        assert not any("if " in line.replace(" if np.", " if ") for line in lines if line.lstrip()[:1] != "#")


def test_of_complex_numbers():
    z = X + 1j
    for program in (of_complex, of_real):
        assert s2sad.value_and_grad(program)(z)[0] == pytest.approx(program(z))


def looked_up(x, found):
    return np.sum(x) if np.busday_count(found, found) == np.float64 else np.sum(2.0 * x)


def test_what_a_function_gives_is_not_taken_to_differ():
    """A value of unknown kind and a class: whether they are equal is not known at compile time."""
    with pytest.raises(UnsupportedType, match="np.equal"):
        s2sad.grad(looked_up)(X, 3)
