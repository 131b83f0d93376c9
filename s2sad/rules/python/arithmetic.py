"""Python's arithmetic, and NumPy's: `x + y` and `np.add(x, y)` are one primitive, spelled as the operator.

Python's operators on Python scalars give Python scalars (`1 / 2` is a float); integer arithmetic keeps the symbolic
value of its result, so that `np.zeros(n - 1)` is known to have n - 1 items. Comparisons and logic are constant.
Where two operands tie in `max` or `min` they share the gradient equally, as in JAX; `abs` has derivative 0 at 0.
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

import numpy as np

from s2sad.ir.builder import Expr, call, known_value
from s2sad.ir.dims import Dim, dim_scaled, dim_sum
from s2sad.ir.primitive import Algebra, Rule, Sample, Samples
from s2sad.ir.types import BOOL, COMPLEX, FLOAT, INT, ArrayType, Kind, Type, integer, join, tuple_type
from s2sad.rules.contributions import conjugated, fit, spread
from s2sad.rules.domains import DIVIDEND, DIVISOR, POSITIVE, REAL, elementwise_samples
from s2sad.rules.families import constant, elementwise, rule
from s2sad.rules.promotion import (
    Promotion,
    SizeRule,
    array_types,
    bitwise_dtype,
    elementwise_type,
    operator_type,
    power_dtype,
    product_size,
    quotient_dtype,
    quotient_size,
    size_by,
    truth_dtype,
)

# powers


def power_by_base(z: Any, x: Any, y: Any) -> Any:
    """y * x ** (y - 1); 0 for y = 0, whatever x is."""
    p = known_value(y)
    if p is None:
        # x ** (y - 1) is infinite at x = 0 for y = 0, where the derivative is 0: there the exponent is left as it is,
        # and the factor y makes it 0.
        return y * x ** (y - (y != 0))
    if p == 0:
        return None
    if p in (1, 2):
        return 1.0 if p == 1 else 2.0 * x
    if p == 0.5:
        return 0.5 / z
    # A quotient costs less than another power. Of a positive one it would be 0 / 0 at x = 0.
    return float(p) * z / x if p < 0 and p % 1 else float(p) * x ** (p - 1)


def power_by_exponent(log: Callable[[Any], Any]) -> Callable[[Any, Any, Any], Any]:
    """z * log(x); 0 for x = 0, as in JAX."""

    def partial(z: Any, x: Any, y: Any) -> Any:
        base = known_value(x)
        # At x = 0 the logarithm of 1 is taken: z * 0, where 0 * -inf would be nan.
        return z * call(log, x if base is not None and base > 0 else x + (x == 0))

    return partial


# The slopes of half the square: of a root, of an absolute value, of a power.
HALF: Any = (lambda y, x: 0.5,)
ITSELF: Any = (lambda y, x: conjugated(x),)
HALF_OF_ROOT: Any = (lambda z, x, y: 0.5 if known_value(y) == 0.5 else None, lambda z, x, y: None)

# operators
elementwise(
    np.add,
    lambda z, x, y: 1.0,
    lambda z, x, y: 1.0,
    type_rule=operator_type(np.add, size=dim_sum),
    spelling="_0 + _1",
    analytic=True,
    algebra=Algebra.SUM,
    called_as="sum",
    fold=operator.add,
    light=True,
    aliases=[operator.add],
)
elementwise(
    np.subtract,
    lambda z, x, y: 1.0,
    lambda z, x, y: -1.0,
    type_rule=operator_type(np.subtract, size=lambda a, b: dim_sum(a, b, -1)),
    spelling="_0 - _1",
    analytic=True,
    algebra=Algebra.DIFFERENCE,
    called_as="diff",
    fold=operator.sub,
    light=True,
    aliases=[operator.sub],
)
elementwise(
    np.multiply,
    lambda z, x, y: y,
    lambda z, x, y: x,
    type_rule=operator_type(np.multiply, size=product_size),
    spelling="_0 * _1",
    analytic=True,
    algebra=Algebra.PRODUCT,
    called_as="prod",
    fold=operator.mul,
    light=True,
    aliases=[operator.mul],
)
elementwise(
    np.divide,
    lambda z, x, y: 1.0 / y,
    lambda z, x, y: -z / y,
    type_rule=operator_type(np.divide, quotient_dtype),
    spelling="_0 / _1",
    analytic=True,
    algebra=Algebra.QUOTIENT,
    called_as="ratio",
    fold=operator.truediv,
    light=True,
    aliases=[operator.truediv],
)
_remainder_type = operator_type(np.remainder, size=size_by("%", operator.mod))
elementwise(
    np.remainder,
    lambda z, x, y: 1.0,
    lambda z, x, y: -(x // y),
    type_rule=_remainder_type,
    domain=(DIVIDEND, DIVISOR),
    spelling="_0 % _1",
    fold=operator.mod,
    light=True,
    aliases=[operator.mod],
)


def _power_size(a: Dim, b: Dim) -> Dim | None:
    return a**b if isinstance(a, int) and isinstance(b, int) and b > 0 else None


def _power_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield from elementwise_samples((POSITIVE, REAL), analytic=True)(rng)
    for p in (0, 1, 2, 3, 0.5, -1, 2.5):
        yield Sample((POSITIVE(rng, (3,)), p))
        yield Sample((float(POSITIVE(rng, ())), p))
    for p in (2, 3, -2):
        yield Sample((REAL(rng, (3,)), p))
    yield Sample((REAL(rng, (3,)), np.array([0, 1, 2])))
    yield Sample((np.array([0.0, 0.0, 0.0]), np.array([0, 1, 2])))
    yield Sample((2.0, REAL(rng, (3,))))


elementwise(
    np.power,
    power_by_base,
    power_by_exponent(np.log),
    type_rule=operator_type(np.power, power_dtype, _power_size),
    spelling="_0 ** _1",
    of_half_square=HALF_OF_ROOT,
    samples=_power_samples,
    fold=operator.pow,
    aliases=[operator.pow, builtins.pow],
)
elementwise(
    np.negative,
    lambda y, x: -1.0,
    type_rule=operator_type(np.negative, size=lambda a: dim_scaled(a, -1)),
    spelling="-_0",
    analytic=True,
    algebra=Algebra.NEGATIVE,
    called_as="minus",
    fold=operator.neg,
    light=True,
    aliases=[operator.neg],
)
elementwise(
    np.positive,
    lambda y, x: 1.0,
    type_rule=operator_type(np.positive, size=lambda a: a),
    spelling="+_0",
    analytic=True,
    fold=operator.pos,
    aliases=[operator.pos],
)


def _whole(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.integers(1, 4, shape)


_reals, _integers = elementwise_samples((REAL, REAL)), elementwise_samples((_whole, _whole))

_floor_divide_type = operator_type(np.floor_divide, size=quotient_size)
constant(
    np.floor_divide,
    _floor_divide_type,
    spelling="_0 // _1",
    elementwise=True,
    samples=_reals,
    fold=operator.floordiv,
    light=True,
    aliases=[operator.floordiv],
)


def _comparison(function: np.ufunc, spelling: str, python: Callable[..., Any]) -> None:
    type_rule = operator_type(function, truth_dtype)
    constant(
        function,
        type_rule,
        [python],
        spelling=spelling,
        elementwise=True,
        samples=_reals,
        fold=python,
        compares=True,
    )


def _of_bits(
    function: np.ufunc,
    spelling: str,
    python: Callable[..., Any],
    dtype: Promotion | None = None,
    size: SizeRule | None = None,
    samples: Samples = _integers,
) -> None:
    type_rule = operator_type(function, dtype, size)
    constant(function, type_rule, [python], spelling=spelling, elementwise=True, samples=samples)


_comparison(np.equal, "_0 == _1", operator.eq)
_comparison(np.not_equal, "_0 != _1", operator.ne)
_comparison(np.less, "_0 < _1", operator.lt)
_comparison(np.less_equal, "_0 <= _1", operator.le)
_comparison(np.greater, "_0 > _1", operator.gt)
_comparison(np.greater_equal, "_0 >= _1", operator.ge)
_of_bits(np.bitwise_and, "_0 & _1", operator.and_, bitwise_dtype)
_of_bits(np.bitwise_or, "_0 | _1", operator.or_, bitwise_dtype)
_of_bits(np.bitwise_xor, "_0 ^ _1", operator.xor, bitwise_dtype)
_of_bits(np.left_shift, "_0 << _1", operator.lshift, size=size_by("<<", operator.lshift))
_of_bits(np.right_shift, "_0 >> _1", operator.rshift, size=size_by(">>", operator.rshift))
_of_bits(np.invert, "~_0", operator.invert, samples=elementwise_samples((_whole,)))


def _of_truths(function: np.ufunc, on_numbers: Rule) -> None:
    samples = elementwise_samples((REAL,) * function.nin)
    constant(function, elementwise_type(function), elementwise=True, samples=samples, on_numbers=on_numbers)


_of_truths(np.logical_and, lambda x, y: (x != 0) & (y != 0))
_of_truths(np.logical_or, lambda x, y: (x != 0) | (y != 0))
_of_truths(np.logical_xor, lambda x, y: (x != 0) ^ (y != 0))
_of_truths(np.logical_not, lambda x: x == 0)

# builtins


def _truth_type(x: Type, /) -> Type:
    return BOOL


def _scalar_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for value in (float(REAL(rng, ())), REAL(rng, ())[()], np.array(REAL(rng, ())), np.float32(1.5), 2, True):
        yield Sample((value,))


def scalar_types(name: str, *types: Type) -> list[ArrayType]:
    """The types, each of one number; a rank that is not known must turn out to be 0."""
    arrays = array_types(name, types)
    if any(t.shape for t in arrays):
        own = name.rpartition(".")[2]
        instead = f"; np.{own} takes arrays" if "." in name and hasattr(np, own) else "; take one element, or the sum"
        raise TypeError(f"{name} of an array: {', '.join(map(repr, types))}{instead}")
    return arrays


def _converted(name: str, result: ArrayType) -> Callable[..., Type]:
    def type_rule(x: Type, /) -> Type:
        (t,) = scalar_types(name, x)
        if t.dtype is not None and t.dtype.kind == "c":
            raise TypeError(f"{name}() of a complex number")
        return integer(t.size) if result is INT else result

    return type_rule


def _complex_type(*parts: Type) -> Type:
    if not 1 <= len(parts) <= 2:
        raise TypeError(f"complex() takes a real and an imaginary part, not {len(parts)} arguments")
    scalar_types("complex", *parts)
    return COMPLEX


def _round_type(number: Type, /, ndigits: int | None = None) -> Type:
    (t,) = array_types("round", [number])
    return t if ndigits is not None or t.shape else INT


def _abs_type(x: Type, /) -> Type:
    """Python's `abs`: NumPy's where the operand is NumPy's."""
    (t,) = array_types("abs", [x])
    if t.kind != "python":
        return absolute_type(x)
    dtype = t.dtype if t.dtype is None or t.dtype.kind != "c" else FLOAT.dtype
    size = abs(t.size) if isinstance(t.size, int) else None
    return ArrayType(INT.dtype if dtype == BOOL.dtype else dtype, (), "python", size)


absolute_type = elementwise_type(np.absolute)


def sign(y: Any, x: Any) -> Any:
    """The derivative of |x|: its direction, 0 at 0."""
    dtype = x.dtype if isinstance(x, Expr) else np.result_type(x)
    if dtype is not None and dtype.kind == "c":
        # The direction of a complex number z is z / |z|; its conjugate, as adjoints are plain transposes here.
        return np.conj(x) / (y + (y == 0))
    return np.sign(x)


def _divmod_type(x: Type, y: Type, /) -> Type:
    return tuple_type(_floor_divide_type(x, y), _remainder_type(x, y))


def _divmod_tangent(y: Any, xs: Any, dots: Any) -> Any:
    quotient, remainder = y
    x_dot, d_dot = dots
    if d_dot is None:
        return (None, x_dot if x_dot is None else spread(x_dot, remainder))
    return (None, spread(-(quotient * d_dot) if x_dot is None else x_dot - quotient * d_dot, remainder))


def _divmod_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    if g[1] is None:
        return None, None
    return (fit(g[1], xs[0]) if active[0] else None, fit(-(g[1] * y[0]), xs[1]) if active[1] else None)


elementwise(
    builtins.abs,
    sign,
    type_rule=_abs_type,
    analytic=True,
    light=True,
    of_half_square=ITSELF,
    aliases=[operator.abs],
)
elementwise(builtins.float, lambda y, x: 1.0, type_rule=_converted("float", FLOAT), samples=_scalar_samples)
elementwise(
    builtins.complex,
    lambda z, x, y=None: 1.0,
    lambda z, x, y: 1j,
    type_rule=_complex_type,
    samples=lambda rng: [
        Sample((1.5,)),
        Sample((1.5, np.float64(0.5))),
        Sample((1.5 + 0.5j,)),
        Sample((1.0 + 2.0j, 0.5)),
    ],
)
rule(
    builtins.divmod,
    _divmod_type,
    tangent=_divmod_tangent,
    adjoint=_divmod_adjoint,
    samples=elementwise_samples((DIVIDEND, DIVISOR)),
    aliases=[np.divmod],
)
constant(builtins.int, _converted("int", INT), samples=_scalar_samples)
constant(builtins.bool, _truth_type, samples=_scalar_samples)
constant(operator.not_, _truth_type, spelling="not _0", samples=_scalar_samples)
constant(
    builtins.round,
    _round_type,
    samples=lambda rng: [Sample((2.6,)), Sample((np.float64(2.6),)), Sample((2.64,), {"ndigits": 1}), Sample((7,))],
)


# the greatest and the least of some numbers


def share(z: Any, x: Any, y: Any) -> Any:
    """The derivative of the result `z`, one of `x` and `y`, by `x`: 1 where it is `x`, 0.5 where they tie."""
    # By the result, not by `x > y`: with a nan in it the result is an operand for `fmax`, and the other has no share.
    return (x == z) - 0.5 * (x == y)


def _one_of(types: list[ArrayType]) -> np.dtype[Any] | None:
    """The dtype of one of the numbers, whichever it is; an integer among floats counts as a float."""
    dtypes = {t.dtype for t in types}
    # The value decides which class comes out; arithmetic on it makes a float of an integer anyhow.
    if FLOAT.dtype in dtypes:
        dtypes -= {INT.dtype, BOOL.dtype}
    if len(dtypes) == 1:
        return dtypes.pop()
    found: Type = types[0]
    for t in types[1:]:
        found = join(found, t) or found
    return found.dtype


def _extremum_type(name: str, extremum: Callable[..., int]) -> Callable[..., Type]:
    def type_rule(*operands: Type) -> Type:
        numbers = scalar_types(name, *operands)
        if len(numbers) < 2:
            raise TypeError(f"{name}() of {len(numbers)} numbers")
        known = [t.size for t in numbers if isinstance(t.size, int)]
        size = extremum(known) if len(known) == len(numbers) else None
        shape = None if any(t.shape is None for t in numbers) else ()
        kinds = {t.kind for t in numbers}
        kind: Kind = "any"
        if shape == () and kinds <= {"python", "numpy", "either"}:
            kind = kinds.pop() if len(kinds) == 1 else "either"
        return ArrayType(_one_of(numbers), shape, kind, size)

    return type_rule


def _shares(z: Any, xs: Any) -> list[Any]:
    """What each operand has of the gradient: an equal share where several are the result."""
    if len(xs) == 2:
        return [share(z, *xs), share(z, *reversed(xs))]
    ties = reduce(operator.add, [1.0 * (x == z) for x in xs])
    return [(x == z) / ties for x in xs]


def _extremum_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for n in (2, 3, 4):
        yield Sample(tuple(map(float, REAL(rng, (n,)))))
        yield Sample(tuple(REAL(rng, (n,))))
    yield Sample((0.5, np.float64(1.5), 2.5))


def _extremum_tangent(z: Any, xs: Any, dots: Any) -> Any:
    terms = [d * s for d, s in zip(dots, _shares(z, xs), strict=True) if d is not None]
    return spread(reduce(operator.add, terms), z) if terms else None


def _extremum_adjoint(g: Any, z: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    return tuple(fit(g * s, x) if a else None for s, x, a in zip(_shares(z, xs), xs, active, strict=True))


for _name, _function in (("max", max), ("min", min)):
    rule(
        _function,
        _extremum_type(_name, _function),
        tangent=_extremum_tangent,
        adjoint=_extremum_adjoint,
        samples=_extremum_samples,
        light=True,
    )
