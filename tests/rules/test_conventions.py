"""What the sweep cannot see: kinks and ties, the shape of the operations that a rule writes, symbolic integers."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import s2sad
from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.ir.builder import Builder, Expr
from s2sad.ir.dims import dim_sum, new_dim
from s2sad.ir.primitive import PRIMITIVES, Primitive, lookup
from s2sad.ir.types import FLOAT, FLOAT64, INT, ArrayType, SequenceType, Type, array, integer, tuple_type
from s2sad.ir.values import Apply, Constant, Operand, Value
from tests.rules.evaluate import evaluate, value_of

N = new_dim("n", least=2)
VECTOR = array(np.dtype(float), (N,))


def primitive_of(function: Callable[..., Any]) -> Primitive:
    found = lookup(function)
    assert found is not None
    return found


def adjoint(function: Callable[..., Any], *xs: Any, g: Any = 1.0) -> tuple[Any, ...]:
    """The contributions at numbers."""
    rule = primitive_of(function).adjoint
    assert rule is not None
    return rule(g, function(*xs), xs, [True] * len(xs))  # type: ignore[no-any-return]


def written(function: Callable[..., Any], *operands: Type | float) -> str:
    """The first contribution as text: `g`, `z` (the result), `x` and `y` are named."""
    builder = Builder()
    made: list[Operand] = [
        Value(o, name) if isinstance(o, Type) else builder.operand(o)
        for o, name in zip(operands, ("x", "y", "w"), strict=False)
    ]
    z = builder.apply(primitive_of(function), made, None, "z")
    rule, active = primitive_of(function).adjoint, [isinstance(o, Value) for o in made]
    assert rule is not None
    bars = rule(builder.expr(Value(z.type, "g")), builder.expr(z), [builder.expr(o) for o in made], active)
    definitions = {op.result: op for op in builder.operations if isinstance(op, Apply)}

    def text(o: Operand) -> str:
        if isinstance(o, Constant) or o.hint is not None:
            return repr(o.value) if isinstance(o, Constant) else str(o.hint)
        op = definitions[o]
        spelling, arguments = op.primitive.spelling, [text(p) for p in op.operands]
        if not isinstance(spelling, str):
            return f"{op.primitive.name}({', '.join(arguments)})"
        for k, argument in enumerate(arguments):
            spelling = spelling.replace(f"_{k}", f"({argument})" if " " in argument else argument)
        return spelling

    bar = next(b for b in bars if b is not None)
    assert isinstance(bar, Expr)
    return text(bar.operand)


@pytest.mark.parametrize(
    ("function", "operands", "expected"),
    [
        (np.add, (VECTOR, VECTOR), "g"),
        (np.subtract, (1.0, VECTOR), "-g"),
        (np.multiply, (VECTOR, 2.0), "g * 2.0"),
        (np.divide, (VECTOR, FLOAT), "g * (1.0 / y)"),
        (np.add, (FLOAT, VECTOR), "np.sum(g)"),
        (np.power, (VECTOR, 1), "g"),
        (np.power, (VECTOR, 2), "g * (2.0 * x)"),
        (np.power, (VECTOR, 3), "g * (3.0 * (x ** 2))"),
        (np.power, (VECTOR, 0.5), "g * (0.5 / z)"),
        (np.power, (VECTOR, -1), "g * (-1.0 * (x ** -2))"),
        (np.power, (2.0, VECTOR), "g * (z * np.log(2.0))"),
        (np.power, (VECTOR, INT), "g * (y * (x ** (y - (y != 0))))"),
        (np.exp, (VECTOR,), "g * z"),
        (np.absolute, (VECTOR,), "g * np.sign(x)"),
        (math.sin, (FLOAT,), "g * math.cos(x)"),
        (np.clip, (VECTOR, 0.0, 1.0), "np.where(x == z, g, 0.0)"),
    ],
)
def test_what_is_written(function: Callable[..., Any], operands: tuple[Any, ...], expected: str) -> None:
    assert written(function, *operands) == expected


# kinks and ties


@pytest.mark.parametrize("function", [np.maximum, np.minimum, np.fmax, np.fmin, max, min])
def test_ties_share_the_gradient(function: Callable[..., Any]) -> None:
    assert adjoint(function, 2.0, 2.0) == (0.5, 0.5)
    assert sorted(adjoint(function, 1.0, 2.0)) == [0.0, 1.0]
    assert adjoint(function, np.inf, np.inf) == (0.5, 0.5)


@pytest.mark.parametrize("function", [max, min])
def test_three_share_equally(function: Callable[..., Any]) -> None:
    assert adjoint(function, 2.0, 2.0, 2.0) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert sum(adjoint(function, np.float64(1.0), np.float64(1.0), 2.0)) == 1.0


def test_fmax_ignores_nan() -> None:
    assert adjoint(np.fmax, 1.0, np.nan) == (1.0, 0.0)
    assert adjoint(np.fmin, np.nan, 1.0) == (0.0, 1.0)


@pytest.mark.parametrize("function", [abs, np.absolute, np.fabs, math.fabs])
def test_absolute_value_at_0(function: Callable[..., Any]) -> None:
    assert adjoint(function, 0.0) == (0.0,)


def test_clip_at_a_bound_passes_the_gradient() -> None:
    x = np.array([-1.0, 0.0, 0.5, 1.0, 2.0])
    (bar, low, high) = adjoint(np.clip, x, 0.0, 1.0, g=np.ones(5))
    assert bar.tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]
    assert (low, high) == (1.0, 1.0)


def test_power_at_0() -> None:
    assert adjoint(np.power, 0.0, 2.0) == (0.0, 0.0)
    assert adjoint(np.power, 0.0, 0.0) == (None, 0.0)
    base, exponent = adjoint(np.power, np.zeros(3), np.array([0.0, 1.0, 2.0]), g=np.ones(3))
    assert base.tolist() == [0.0, 1.0, 0.0]
    assert exponent.tolist() == [0.0, 0.0, 0.0]


def test_where_keeps_a_nan_of_the_other_branch_out() -> None:
    x = np.array([0.0, 4.0])
    with np.errstate(all="ignore"):
        (_, _, bar) = adjoint(np.where, x == 0, 0.0, x / 0.0, g=np.array([np.nan, 1.0]))
    assert bar.tolist() == [0.0, 1.0]


def test_sinc_at_0() -> None:
    (zero,) = adjoint(np.sinc, 0.0)
    (near,) = adjoint(np.sinc, 1e-4)
    assert zero == 0.0
    assert near == pytest.approx(-(math.pi**2) / 3.0 * 1e-4, rel=1e-6)


# types


def test_integer_arithmetic_keeps_its_symbolic_value() -> None:
    n = integer(N)
    add, times, over = (primitive_of(f).type_rule for f in (np.add, np.multiply, np.floor_divide))
    assert add(n, integer(1)).size == dim_sum(N, 1)  # type: ignore[attr-defined]
    assert primitive_of(np.subtract).type_rule(n, n).size == 0  # type: ignore[attr-defined]
    assert over(times(integer(2), n), integer(2)).size == N  # type: ignore[attr-defined]
    half, third = over(n, integer(2)), over(n, integer(3))
    assert half == over(n, integer(2)) != third
    shape = primitive_of(np.subtract).type_rule(n, integer(1))
    assert primitive_of(np.zeros).type_rule(shape) == ArrayType(np.dtype(float), (dim_sum(N, -1),), "array")
    assert primitive_of(np.zeros).type_rule(tuple_type(n, integer(3))).shape == (N, 3)  # type: ignore[attr-defined]


def test_python_operators_on_python_numbers() -> None:
    divide, power, less = (primitive_of(f).type_rule for f in (np.divide, np.power, np.less))
    assert divide(INT, INT) == FLOAT
    assert power(integer(2), integer(3)) == integer(8)
    assert power(INT, integer(-1)) == FLOAT
    assert power(INT, INT).dtype is None  # type: ignore[attr-defined]
    assert power(FLOAT, INT) == FLOAT
    assert less(FLOAT, INT).kind == "python"  # type: ignore[attr-defined]
    assert less(FLOAT, FLOAT64).kind == "numpy"  # type: ignore[attr-defined]
    assert primitive_of(np.sqrt).type_rule(INT) == FLOAT64


@pytest.mark.parametrize(
    ("function", "operands"),
    [
        (np.negative, (array(np.dtype(bool), (N,)),)),
        (np.bitwise_and, (VECTOR, VECTOR)),
        (np.sin, (tuple_type(FLOAT),)),
        (math.sin, (VECTOR,)),
        (float, (VECTOR,)),
        (max, (VECTOR, FLOAT)),
        (np.zeros, (FLOAT,)),
        (np.array, (tuple_type(VECTOR, FLOAT),)),
        (np.linspace, (VECTOR, FLOAT)),
    ],
)
def test_operands_that_cannot_be_right(function: Callable[..., Any], operands: tuple[Type, ...]) -> None:
    with pytest.raises((TypeError, ValueError)):
        primitive_of(function).type_rule(*operands)


def test_imag_of_a_number_of_unknown_dtype_is_refused() -> None:
    with pytest.raises(UnsupportedType, match="complex"):
        written(np.imag, ArrayType(None, None, "any"))


# lists of run-time length


def test_array_of_a_list_of_run_time_length() -> None:
    builder = Builder()
    items = Value(SequenceType(FLOAT64, N))
    y = builder.apply(primitive_of(np.array), [items])
    assert y.type == ArrayType(np.dtype(float), (N,), "array")
    g = Value(y.type)
    rule = primitive_of(np.array).adjoint
    assert rule is not None
    (bar,) = rule(builder.expr(g), builder.expr(y), [builder.expr(items)], [True])
    assert bar.type == SequenceType(FLOAT64, N)
    env = evaluate(builder.operations, {items: [1.0, 2.0], g: np.array([3.0, 4.0])})
    assert value_of(bar.operand, env) == [3.0, 4.0]


# arguments by position


@pytest.mark.parametrize("name", sorted(PRIMITIVES))
def test_arguments_stand_where_the_function_has_them(name: str) -> None:
    """What a rule takes by position besides its operands has the place and the name that the function gives it."""
    primitive = PRIMITIVES[name]
    try:
        own = list(inspect.signature(primitive.function).parameters)
    except (TypeError, ValueError):
        return
    for k, (n, p) in enumerate(primitive.called.parameters.items()):
        if primitive.signature.parameters[n].kind is p.POSITIONAL_OR_KEYWORD is p.kind and not primitive.leading:
            assert own[k] == n


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (lambda x: np.sum(np.abs(np.fft.fft(x, 1)) ** 2), lambda x: np.sum(x[:, 0] ** 2)),
        (lambda x: np.sum(np.abs(np.fft.rfft(x, 1)) ** 2), lambda x: np.sum(x[:, 0] ** 2)),
        (lambda x: np.sum(np.fft.ifft(x, 4, 0).real), lambda x: np.sum(x[0])),
    ],
)
def test_a_length_is_no_axis(program: Callable[..., Any], expected: Callable[..., Any]) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4))
    value, gradient = s2sad.value_and_grad(program)(x)
    assert value == pytest.approx(expected(x))
    np.testing.assert_allclose(gradient, s2sad.grad(expected)(x), atol=1e-12)


@pytest.mark.parametrize("call", [lambda x: np.sort(x, 0, None, "field"), lambda x: np.pad(x, 1, extra=0)])
def test_an_argument_that_a_rule_does_not_know_is_refused(call: Callable[..., Any]) -> None:
    with pytest.raises(UnsupportedCall, match="unexpected keyword"):
        s2sad.jacrev(call)(np.ones((2, 3)))
