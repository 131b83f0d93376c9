"""NumPy's elementwise functions: one partial derivative per operand. `y` (or `z`) is the result.

Conventions at kinks: ties of `maximum` and `minimum` share the gradient equally, as in JAX; `clip` gives all of it to
`x` at a bound; `absolute` has derivative 0 at 0; `sign`, `floor`, `heaviside` and the like are constant. Complex
functions follow JAX: the adjoint is the plain transpose, without conjugation, of the tangent.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.broadcasting import broadcast_shapes
from s2sad.ir.builder import Expr
from s2sad.ir.primitive import Effect, Sample, View
from s2sad.ir.types import BOOL, ArrayType, StaticType, Type, array, promote, tuple_type
from s2sad.rules.contributions import fit, spread, type_in
from s2sad.rules.domains import ABOVE_ONE, DIVIDEND, DIVISOR, POSITIVE, REAL, UNIT, elementwise_samples
from s2sad.rules.families import constant, elementwise, linear, rule
from s2sad.rules.promotion import array_types, elementwise_type, result_dtype
from s2sad.rules.python.arithmetic import HALF, ITSELF, power_by_base, power_by_exponent, share, sign

LOG_2, LOG_10 = math.log(2.0), math.log(10.0)


def _greater_plus(z: Any, x: Any, y: Any, twice: float) -> Any:
    """The greater of two numbers and some more; of two that are equal, infinite ones too, that and `twice`."""
    return np.where(x == y, x + twice, np.maximum(x, y) + z)


def _distance(x: Any, y: Any) -> Any:
    return -np.abs(x - y)


# fmt: off

# exponential and logarithmic
elementwise(np.exp,         lambda y, x: y,                      analytic=True)
elementwise(np.exp2,        lambda y, x: LOG_2 * y)
elementwise(np.expm1,       lambda y, x: y + 1.0)
elementwise(np.log,         lambda y, x: 1.0 / x,                domain=POSITIVE, analytic=True)
elementwise(np.log2,        lambda y, x: 1.0 / (LOG_2 * x),      domain=POSITIVE)
elementwise(np.log10,       lambda y, x: 1.0 / (LOG_10 * x),     domain=POSITIVE)
elementwise(np.log1p,       lambda y, x: 1.0 / (1.0 + x),        domain=POSITIVE)
elementwise(np.logaddexp,   lambda z, x, y: np.exp(x - z),       lambda z, x, y: np.exp(y - z),
            on_numbers=lambda x, y: _greater_plus(np.log1p(np.exp(_distance(x, y))), x, y, LOG_2))
elementwise(np.logaddexp2,  lambda z, x, y: np.exp2(x - z),      lambda z, x, y: np.exp2(y - z),
            on_numbers=lambda x, y: _greater_plus(np.log1p(np.exp2(_distance(x, y))) / LOG_2, x, y, 1.0))

# powers and roots; the roots have derivative inf at 0
elementwise(np.sqrt,        lambda y, x: 0.5 / y,                domain=POSITIVE, analytic=True, of_half_square=HALF)
elementwise(np.cbrt,        lambda y, x: 1.0 / (3.0 * y * y),    ends=True)
elementwise(np.square,      lambda y, x: 2.0 * x,                analytic=True, on_numbers=lambda x: x * x)
elementwise(np.reciprocal,  lambda y, x: -y * y,                 analytic=True, ends=True,
            on_numbers=lambda x: 1.0 / x if x.type.is_inexact else None)
elementwise(np.hypot,       lambda z, x, y: x / (z + (z == 0)),  lambda z, x, y: y / (z + (z == 0)),
            of_half_square=(lambda z, x, y: x, lambda z, x, y: y))
elementwise(np.float_power, power_by_base,                       power_by_exponent(np.log), domain=(POSITIVE, REAL),
            on_numbers=lambda x, y: np.power(x, y))

# trigonometric
elementwise(np.sin,         lambda y, x: np.cos(x),              analytic=True)
elementwise(np.cos,         lambda y, x: -np.sin(x),             analytic=True)
elementwise(np.tan,         lambda y, x: 1.0 + y * y,            domain=UNIT, analytic=True)
elementwise(np.arcsin,      lambda y, x: 1.0 / np.sqrt(1.0 - x * x),     domain=UNIT)
elementwise(np.arccos,      lambda y, x: -1.0 / np.sqrt(1.0 - x * x),    domain=UNIT)
elementwise(np.arctan,      lambda y, x: 1.0 / (1.0 + x * x))
elementwise(np.arctan2,     lambda z, y, x: x / (x * x + y * y), lambda z, y, x: -y / (x * x + y * y), ends=True)
for _angle in (np.deg2rad, np.rad2deg, np.radians, np.degrees):
    _factor = math.pi / 180.0 if _angle in (np.deg2rad, np.radians) else 180.0 / math.pi
    linear(_angle, lambda g, x, f=_angle: f(g), elementwise_type(_angle), samples=elementwise_samples((REAL,)),
           on_numbers=lambda x, f=_factor: x * f)

# hyperbolic
elementwise(np.sinh,        lambda y, x: np.cosh(x),             analytic=True)
elementwise(np.cosh,        lambda y, x: np.sinh(x),             analytic=True)
elementwise(np.tanh,        lambda y, x: 1.0 - y * y,            analytic=True)
elementwise(np.arcsinh,     lambda y, x: 1.0 / np.sqrt(x * x + 1.0))
elementwise(np.arccosh,     lambda y, x: 1.0 / np.sqrt(x * x - 1.0),     domain=ABOVE_ONE)
elementwise(np.arctanh,     lambda y, x: 1.0 / (1.0 - x * x),    domain=UNIT)

# fmt: on


def _sinc_slope(y: Any, x: Any) -> Any:
    """(cos(pi x) - sinc(x)) / x, and its expansion -pi^2 x / 3 at 0: so the second derivative holds there too."""
    # Both sides of `where` are evaluated and differentiated: the denominator must not be 0 on the side that is not
    # taken, or its derivative, nan, would be multiplied by 0 and stay nan.
    slope = (np.cos(math.pi * x) - y) / (x + (x == 0))
    return np.where(x == 0, -(math.pi**2) / 3.0 * x, slope)


elementwise(
    np.sinc,
    _sinc_slope,
    on_numbers=lambda x: np.where(x == 0, 1.0, np.sin(math.pi * x) / (math.pi * x)),
)


def share_of(wins: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    """The derivative of `maximum` or `minimum` by its first operand: 1 where it wins, 0.5 where they tie."""
    return lambda z, x, y: wins(x, y) + 0.5 * (x == y)


# kinks
# fmt: off
elementwise(np.absolute,  sign,                            analytic=True, spelling="np.abs(_0)", of_half_square=ITSELF)
elementwise(np.fabs,      lambda y, x: np.sign(x),         of_half_square=ITSELF)
elementwise(np.maximum,   share_of(operator.gt),           lambda z, x, y: share_of(operator.gt)(z, y, x), light=True)
elementwise(np.minimum,   share_of(operator.lt),           lambda z, x, y: share_of(operator.lt)(z, y, x), light=True)
elementwise(np.fmax,      share,                           lambda z, x, y: share(z, y, x))
elementwise(np.fmin,      share,                           lambda z, x, y: share(z, y, x))
elementwise(np.fmod,      lambda z, x, y: 1.0,             lambda z, x, y: (z - x) / y, domain=(DIVIDEND, DIVISOR))
elementwise(np.copysign,  lambda z, x, y: np.sign(x) * np.copysign(1.0, y), None)
elementwise(np.nextafter, lambda z, x, y: 1.0,             None)
elementwise(np.heaviside, None,                            lambda z, x, y: x == 0,
            on_numbers=lambda x, y: np.where(x > 0, 1.0, np.where(x < 0, 0.0, np.where(x == 0, y, x))))
# fmt: on


def _modf_type(x: Type, /) -> Type:
    part = elementwise_type(np.floor)(x)
    return tuple_type(part, part)


rule(
    np.modf,
    _modf_type,
    tangent=lambda y, xs, dots: None if dots[0] is None else (spread(dots[0], y[0]), None),
    adjoint=lambda g, y, xs, active: (fit(g[0], xs[0]) if active[0] and g[0] is not None else None,),
    samples=elementwise_samples((DIVIDEND,)),
)


def _frexp_type(x: Type, /) -> Type:
    part = elementwise_type(np.floor)(x)
    assert isinstance(part, ArrayType)
    return tuple_type(part, array(np.dtype(np.int32), part.shape))


rule(
    np.frexp,
    _frexp_type,
    tangent=lambda y, xs, dots: None if dots[0] is None else (spread(np.ldexp(dots[0], -y[1]), y[0]), None),
    adjoint=lambda g, y, xs, active: (fit(np.ldexp(g[0], -y[1]), xs[0]) if active[0] and g[0] is not None else None,),
    samples=elementwise_samples((DIVIDEND,)),
)


def _clip_type(a: Type, a_min: Type, a_max: Type, /) -> Type:
    arrays = array_types("np.clip", [t for t in (a, a_min, a_max) if t != StaticType(None)])
    return array(result_dtype(arrays, None), broadcast_shapes(*(t.shape for t in arrays)))


def _clip_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for shape in [(), (4,), (2, 3), (0,)]:
        for bounds in [(-0.5, 0.5), (None, 0.5), (-0.5, None), (0, 1)]:
            yield Sample((REAL(rng, shape)[()], *bounds))
    yield Sample((REAL(rng, (2, 3)), -POSITIVE(rng, (3,)), POSITIVE(rng, (2, 1))))
    yield Sample((REAL(rng, (3,)), -POSITIVE(rng, (2, 3)), POSITIVE(rng, ())[()]))


def _clipped(x: Any, low: Any, high: Any) -> Any:
    above = x if low is None else np.maximum(x, low)
    return above if high is None else np.minimum(above, high)


elementwise(
    np.clip,
    lambda y, x, low, high: x == y,
    lambda y, x, low, high: x < low,
    lambda y, x, low, high: x > high,
    type_rule=_clip_type,
    samples=_clip_samples,
    on_numbers=_clipped,
)

# selection


def _where_type(condition: Type, x: Type, y: Type, /) -> Type:
    arrays = array_types("np.where", [condition, x, y])
    return ArrayType(promote(*arrays[1:]), broadcast_shapes(*(t.shape for t in arrays)), "array")


def _where_tangent(z: Any, xs: Any, dots: Any) -> Any:
    if dots[1] is None and dots[2] is None:
        return None
    # A selection of tangents, not a mask times tangents: what is not selected may be infinite.
    return spread(np.where(xs[0], *(0.0 if d is None else d for d in dots[1:])), z)


def _where_adjoint(g: Any, z: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    condition, x, y = xs
    return (
        None,
        fit(np.where(condition, g, 0.0), x) if active[1] else None,
        fit(np.where(condition, 0.0, g), y) if active[2] else None,
    )


def _where_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for sample in elementwise_samples((REAL, REAL, REAL))(rng):
        condition, x, y = sample.arguments
        yield Sample((condition > 0, x, y))
    yield Sample((np.array([True, False]), REAL(rng, (3, 2)), 0))


rule(np.where, _where_type, tangent=_where_tangent, adjoint=_where_adjoint, samples=_where_samples, elementwise=True)

# complex numbers: `real` and `imag` may be views


def _part_type(x: Type, /) -> Type:
    (t,) = array_types("np.real", [x])
    return ArrayType(result_dtype([t], "real"), t.shape, t.kind)


def _conj_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for shape in [(), (3,), (2, 3)]:
        yield Sample((REAL(rng, shape) + 1j * REAL(rng, shape),))
        yield Sample((REAL(rng, shape),))
    yield Sample((1.5 - 0.5j,))


def is_real(x: Any) -> bool:
    """Whether a number is real, where the derivative depends on it."""
    dtype = type_in(x).dtype
    if dtype is None:
        raise UnsupportedType(
            "the derivative depends on whether this number is complex", "annotate the argument or call the derivative"
        )
    return dtype.kind != "c"  # type: ignore[no-any-return]


def _conj_transpose(g: Any, x: Any) -> Any:
    return g if type_in(x).dtype is not None and is_real(x) else np.conj(g)


linear(np.real, lambda g, x: fit(g, x), _part_type, samples=_conj_samples, effect=Effect.VIEW, view=View.ALWAYS)
linear(
    np.imag,
    lambda g, x: None if is_real(x) else -1j * g,
    _part_type,
    samples=_conj_samples,
    effect=Effect.VIEW,
    view=View.ALWAYS,
)
linear(
    np.conjugate,
    _conj_transpose,
    elementwise_type(np.conjugate),
    spelling="np.conj(_0)",
    samples=_conj_samples,
)


def _angle_type(z: Type, /) -> Type:
    (t,) = array_types("np.angle", [z])
    return array(result_dtype([ArrayType(result_dtype([t], "real"), t.shape, t.kind)], "float"), t.shape)


elementwise(
    np.angle,
    lambda y, z: None if is_real(z) else -1j / z,
    type_rule=_angle_type,
    samples=_conj_samples,
    on_numbers=lambda z: np.arctan2(np.imag(z), np.real(z)),
)


def _nan_to_num_type(
    x: Type, /, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Type:
    (t,) = array_types("np.nan_to_num", [x])
    return array(t.dtype, t.shape)


def _numbers_for(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    if x.dtype.kind != "f":
        return x if x.dtype.kind != "c" else None
    most = float(np.finfo(x.dtype).max)
    high, low = most if posinf is None else posinf, -most if neginf is None else neginf
    return np.where(x != x, nan, np.where(x == math.inf, high, np.where(x == -math.inf, low, x)))


elementwise(np.nan_to_num, lambda y, x: np.isfinite(x), type_rule=_nan_to_num_type, on_numbers=_numbers_for)

# conversions


def _static_dtype(t: Type) -> np.dtype[Any]:
    if not isinstance(t, StaticType):
        raise TypeError(f"{t} is no dtype")
    return np.dtype(t.value)  # type: ignore[call-overload,no-any-return]


def _astype_type(x: Type, dtype: Type, /, *, copy: bool = True) -> Type:
    (t,) = array_types("astype", [x])
    return ArrayType(_static_dtype(dtype), t.shape, t.kind if t.kind in ("array", "numpy") else "any")


def _astype_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for shape in [(), (3,), (2, 3)]:
        yield Sample((REAL(rng, shape), np.float64))
        yield Sample((REAL(rng, shape), np.dtype(np.float32)))
    yield Sample((REAL(rng, (3,)), "int64"))
    yield Sample((REAL(rng, (3,)), np.complex128))
    yield Sample((REAL(rng, (3,)), float), {"copy": False})


def _unless_integer(y: Any, *xs: Any) -> Any:
    """The derivative of a conversion: 1, unless the result is an integer."""
    dtype = y.dtype if isinstance(y, Expr) else np.result_type(y)
    # A conversion to integers is a step function.
    return 1.0 if dtype is None or dtype.kind in "fc" else None


elementwise(
    np.astype,
    _unless_integer,
    None,
    type_rule=_astype_type,
    effect=Effect.VIEW,  # with copy=False
    view=View.BY_TYPE,
    spelling="_0.astype(_1)",
    samples=_astype_samples,
)


def _constructor(scalar: type[np.generic]) -> None:
    """`np.float32(x)`: a NumPy scalar, or an array of that dtype."""
    dtype = np.dtype(scalar)

    def type_rule(x: Type, /) -> Type:
        (t,) = array_types(f"np.{dtype.name}", [x])
        return array(dtype, t.shape)

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        for value in (1.5, 2, np.float64(1.5), POSITIVE(rng, (3,))):
            yield Sample((value,))

    if dtype.kind in "fc":
        elementwise(scalar, lambda y, x: 1.0, type_rule=type_rule, effect=Effect.VIEW, samples=samples)
    else:
        constant(scalar, type_rule, elementwise=True, samples=samples)


SCALARS: tuple[type[np.generic], ...] = (
    *(np.float16, np.float32, np.float64, np.complex64, np.complex128, np.bool),
    *(np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64),
)
for _scalar in SCALARS:
    _constructor(_scalar)

# constants


def _constants(functions: dict[np.ufunc, Callable[..., Any] | None]) -> None:
    for f, on_numbers in functions.items():
        samples = elementwise_samples((REAL,) * f.nin)
        constant(f, elementwise_type(f), elementwise=True, samples=samples, on_numbers=on_numbers)


def _sign_tangent(y: Any, xs: Any, dots: Any) -> Any:
    """The sign of a complex number z is z / |z|: it turns, by what is at right angles to it."""
    # d(z / |z|) = i (z / |z|) Im(conj(z / |z|) dz) / |z|: of what moves z only the part across it turns it.
    return 1j * y * np.imag(np.conj(y) * dots[0]) / _modulus(xs[0])


def _sign_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    return (1j * np.imag(g * y) * np.conj(y) / _modulus(xs[0]),)


def _modulus(x: Any) -> Any:
    """The absolute value, 1 at 0."""
    return np.abs(x) + (x == 0)


def _sign(x: Any) -> Any:
    not_above = np.where(x == 0, 0, x)
    return np.where(x > 0, 1, not_above if x.dtype.kind == "u" else np.where(x < 0, -1, not_above))


_sign_of_complex = rule(
    np.sign,
    elementwise_type(np.sign),
    tangent=_sign_tangent,
    adjoint=_sign_adjoint,
    elementwise=True,
    spelling="np.sign(_0)",
    name="np.sign of complex",
    on_numbers=lambda x: np.where(x == 0, x, x / _modulus(x)),
    samples=lambda rng: [Sample((REAL(rng, shape) + 1j * REAL(rng, shape),)) for shape in [(3,), (2, 3), ()]],
)
constant(
    np.sign,
    elementwise_type(np.sign),
    elementwise=True,
    samples=elementwise_samples((REAL,)),
    of_complex=_sign_of_complex,
    on_numbers=_sign,
)


def of_parts(test: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Whether something holds of a number, or of one of the parts of a complex one."""
    return lambda x: np.logical_or(test(np.real(x)), test(np.imag(x))) if x.type.is_complex else test(x)


is_infinite = of_parts(lambda x: np.abs(x) == math.inf)
_constants(dict.fromkeys([np.floor, np.ceil, np.rint, np.trunc, np.signbit]))
_constants(
    {
        np.spacing: lambda x: np.nextafter(x, np.copysign(math.inf, x)) - x,
        np.isnan: lambda x: x != x,
        np.isinf: is_infinite,
        np.isfinite: lambda x: np.logical_not(np.logical_or(x != x, is_infinite(x))),
    }
)


def _same_type(x: Type, /) -> Type:
    (t,) = array_types("np.fix", [x])
    return array(t.dtype, t.shape)


def _round_type(a: Type, /, decimals: int = 0) -> Type:
    return _same_type(a)


def _is_close_type(a: Type, b: Type, /, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Type:
    return array(BOOL.dtype, broadcast_shapes(*(t.shape for t in array_types("np.isclose", [a, b]))))


def _all_close_type(a: Type, b: Type, /, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Type:
    return BOOL


def _is_type(x: Type, /) -> Type:
    (t,) = array_types("np.isreal", [x])
    return array(BOOL.dtype, t.shape)


def _rounded(x: Any, decimals: int = 0) -> Any:
    if x.dtype.kind != "f":
        return x if decimals >= 0 and x.dtype.kind in "iu" else None
    scale = 10.0 ** abs(decimals)
    if decimals == 0:
        return np.rint(x)
    return np.rint(x * scale) / scale if decimals > 0 else np.rint(x / scale) * scale


def close_to(x: Any, y: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether two numbers are equal but for a little: infinite ones if they are equal."""
    near = np.logical_and(np.abs(x - y) <= atol + rtol * np.abs(y), np.isfinite(y))
    equal = np.logical_or(near, x == y)
    return np.logical_or(equal, np.logical_and(x != x, y != y)) if equal_nan else equal


_pairs, _singles = elementwise_samples((REAL, REAL)), elementwise_samples((REAL,))

constant(np.fix, _same_type, elementwise=True, samples=_singles, on_numbers=lambda x: np.trunc(x))
constant(np.round, _round_type, elementwise=True, samples=_singles, aliases=[np.around], on_numbers=_rounded)
constant(np.isclose, _is_close_type, elementwise=True, samples=_pairs, on_numbers=close_to)
constant(np.allclose, _all_close_type, samples=_pairs)
constant(np.isposinf, _is_type, elementwise=True, samples=_singles, on_numbers=lambda x: x == math.inf)
constant(np.isneginf, _is_type, elementwise=True, samples=_singles, on_numbers=lambda x: x == -math.inf)
