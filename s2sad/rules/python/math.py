"""Python's `math`: functions of one number that give a Python float. Their derivatives stay in `math`, so that scalar
code is differentiated into scalar code, without a NumPy call."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np

from s2sad.ir.builder import call, shape_of
from s2sad.ir.primitive import Rule, Sample
from s2sad.ir.types import BOOL, FLOAT, INT, ArrayType, ContainerType, Type, integer, leaves
from s2sad.rules.contributions import cast, fit, type_in
from s2sad.rules.domains import ABOVE_ONE, DIVIDEND, DIVISOR, POSITIVE, REAL, UNIT, Domain
from s2sad.rules.families import constant, elementwise, rule
from s2sad.rules.numpy.reductions import product_of_others
from s2sad.rules.python.arithmetic import HALF, ITSELF, power_by_base, power_by_exponent, scalar_types
from s2sad.rules.roots import with_square


def _real_types(name: str, *types: Type) -> list[ArrayType]:
    numbers = scalar_types(name, *types)
    if any(t.dtype is not None and t.dtype.kind == "c" for t in numbers):
        raise TypeError(f"{name} of a complex number")
    return numbers


def _type_rule(function: Callable[..., Any], arity: int, result: ArrayType) -> Callable[..., Type]:
    name = f"math.{function.__name__}"

    def one(x: Type, /) -> Type:
        _real_types(name, x)
        return result

    def two(x: Type, y: Type, /) -> Type:
        _real_types(name, x, y)
        return result

    return one if arity == 1 else two


def _samples(*domains: Domain) -> Callable[[np.random.Generator], Iterable[Sample]]:
    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        yield Sample(tuple(float(d(rng, ())) for d in domains))
        yield Sample(tuple(d(rng, ())[()] for d in domains))
        yield Sample(tuple(np.array(d(rng, ())) for d in domains))

    return samples


def scalar(
    function: Callable[..., Any],
    *partials: Rule,
    domain: Domain | tuple[Domain, ...] = REAL,
    type_rule: Callable[..., Type] | None = None,
    of_half_square: Sequence[Rule] | None = None,
    on_numbers: Rule | None = None,
) -> None:
    """A function of numbers by its partial derivatives, as in `families.elementwise`."""
    domains = domain if isinstance(domain, tuple) else (domain,) * len(partials)
    type_rule = type_rule or _type_rule(function, len(partials), FLOAT)
    samples = _samples(*domains)
    elementwise(
        function,
        *partials,
        domain=domain,
        type_rule=type_rule,
        samples=samples,
        of_half_square=of_half_square,
        on_numbers=on_numbers,
    )


def _log_type(x: Type, base: Type | None = None, /) -> Type:
    _real_types("math.log", x, *([] if base is None else [base]))
    return FLOAT


def _log_by_base(z: Any, x: Any, base: Any) -> Any:
    return -z / (base * call(math.log, base))


def _log_by_x(z: Any, x: Any, base: Any = None) -> Any:
    return 1.0 / x if base is None else 1.0 / (x * call(math.log, base))


def _log_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield from _samples(POSITIVE)(rng)
    yield from _samples(POSITIVE, ABOVE_ONE)(rng)


LOG_2, LOG_10 = math.log(2.0), math.log(10.0)
DEGREE = math.pi / 180.0
ERF_SLOPE = 2.0 / math.sqrt(math.pi)

# fmt: off

# exponential and logarithmic
scalar(math.exp,       lambda y, x: y)
scalar(math.exp2,      lambda y, x: LOG_2 * y)
scalar(math.expm1,     lambda y, x: y + 1.0)
scalar(math.log2,      lambda y, x: 1.0 / (LOG_2 * x),                   domain=POSITIVE)
scalar(math.log10,     lambda y, x: 1.0 / (LOG_10 * x),                  domain=POSITIVE)
scalar(math.log1p,     lambda y, x: 1.0 / (1.0 + x),                     domain=POSITIVE)
elementwise(math.log,  _log_by_x, _log_by_base, type_rule=_log_type,     samples=_log_samples,
            on_numbers=lambda x, base=None: None if base is None else call(math.log, x) / call(math.log, base))

# powers and roots
scalar(math.pow,       power_by_base, power_by_exponent(math.log),       domain=(POSITIVE, REAL))
scalar(math.sqrt,      lambda y, x: 0.5 / y,                             domain=POSITIVE, of_half_square=HALF)
scalar(math.cbrt,      lambda y, x: 1.0 / (3.0 * y * y))

# trigonometric
scalar(math.sin,       lambda y, x: call(math.cos, x))
scalar(math.cos,       lambda y, x: -call(math.sin, x))
scalar(math.tan,       lambda y, x: 1.0 + y * y,                         domain=UNIT)
scalar(math.asin,      lambda y, x: 1.0 / call(math.sqrt, 1.0 - x * x),  domain=UNIT)
scalar(math.acos,      lambda y, x: -1.0 / call(math.sqrt, 1.0 - x * x), domain=UNIT)
scalar(math.atan,      lambda y, x: 1.0 / (1.0 + x * x))
scalar(math.atan2,     lambda z, y, x: x / (x * x + y * y),              lambda z, y, x: -y / (x * x + y * y))
scalar(math.degrees,   lambda y, x: 1.0 / DEGREE,                        on_numbers=lambda x: x * (180.0 / math.pi))
scalar(math.radians,   lambda y, x: DEGREE,                              on_numbers=lambda x: x * DEGREE)

# hyperbolic
scalar(math.sinh,      lambda y, x: call(math.cosh, x))
scalar(math.cosh,      lambda y, x: call(math.sinh, x))
scalar(math.tanh,      lambda y, x: 1.0 - y * y)
scalar(math.asinh,     lambda y, x: 1.0 / call(math.sqrt, x * x + 1.0))
scalar(math.acosh,     lambda y, x: 1.0 / call(math.sqrt, x * x - 1.0),  domain=ABOVE_ONE)
scalar(math.atanh,     lambda y, x: 1.0 / (1.0 - x * x),                 domain=UNIT)

# special
scalar(math.erf,       lambda y, x: ERF_SLOPE * call(math.exp, -x * x))
scalar(math.erfc,      lambda y, x: -ERF_SLOPE * call(math.exp, -x * x))

# kinks
scalar(math.fabs,      lambda y, x: np.sign(x),                          of_half_square=ITSELF)
scalar(math.copysign,  lambda z, x, y: np.sign(x) * call(math.copysign, 1.0, y), lambda z, x, y: None)
scalar(math.fmod,      lambda z, x, y: 1.0, lambda z, x, y: (z - x) / y, domain=(DIVIDEND, DIVISOR))
scalar(math.remainder, lambda z, x, y: 1.0, lambda z, x, y: (z - x) / y, domain=(DIVIDEND, DIVISOR))

# fmt: on

# of several numbers


def _hypot_type(*coordinates: Type) -> Type:
    _real_types("math.hypot", *coordinates)
    return FLOAT


def _half_hypot_tangent(y: Any, xs: Any, dots: Any) -> Any:
    terms = [x * d for x, d in zip(xs, dots, strict=True) if d is not None]
    return reduce(operator.add, terms) if terms else None


def _half_hypot_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    return tuple(fit(g * x, x) if a else None for x, a in zip(xs, active, strict=True))


def _hypot_tangent(y: Any, xs: Any, dots: Any) -> Any:
    half = _half_hypot_tangent(y, xs, dots)
    return None if half is None else half / (y + (y == 0))


def _hypot_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    return tuple(fit(g * x / (y + (y == 0)), x) if a else None for x, a in zip(xs, active, strict=True))


rule(
    math.hypot,
    _hypot_type,
    tangent=_hypot_tangent,
    adjoint=with_square(_hypot_adjoint, _half_hypot_adjoint),
    half_square=_half_hypot_tangent,
    samples=lambda rng: [Sample(tuple(map(float, REAL(rng, (n,))))) for n in (1, 2, 3)],
    on_numbers=lambda *xs: None if len(xs) == 2 else reduce(np.hypot, xs[1:], np.abs(xs[0])),
)


def _items_type(name: str) -> Callable[..., Type]:
    def type_rule(numbers: Type, /) -> Type:
        if isinstance(numbers, ArrayType) and numbers.rank in (1, None):
            (number,) = _real_types(name, ArrayType(numbers.dtype, (), "numpy"))
            # a truth value times 1 is an integer
            if name == "math.fsum":
                return FLOAT
            return replace(number, dtype=np.dtype(int)) if number.dtype == bool else number
        if not isinstance(numbers, ContainerType):
            raise TypeError(f"{name} of {numbers}: only a list or tuple of numbers")
        types = _real_types(name, *leaves(numbers))
        if name == "math.prod" and all(t.dtype is not None and t.dtype.kind in "bi" for t in types):
            return INT
        return FLOAT if all(t.kind == "python" for t in types) or name == "math.fsum" else ArrayType(None, (), "any")

    return type_rule


def _fsum_tangent(y: Any, xs: Any, dots: Any) -> Any:
    if isinstance(type_in(xs[0]), ArrayType):
        return call(math.fsum, dots[0])
    terms = [d for d in dots[0] or () if d is not None]
    return call(math.fsum, terms) if terms else None


def _fsum_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    if isinstance(type_in(xs[0]), ArrayType):
        return (cast(call(np.full, shape_of(xs[0]), g), type_in(xs[0])),)
    return (tuple(fit(g, x) for x in xs[0]) if active[0] else None,)


def _others(xs: Any, k: int) -> Any:
    """The product of all items but one; right where some are 0."""
    items = list(xs)
    return reduce(operator.mul, [*items[:k], *items[k + 1 :]], 1.0)


def _prod_tangent(y: Any, xs: Any, dots: Any) -> Any:
    # Not the product divided by each factor, which is 0 / 0 where one is 0.
    if isinstance(type_in(xs[0]), ArrayType):
        return np.sum(product_of_others(xs[0], None) * dots[0])
    terms = [d * _others(xs[0], k) for k, d in enumerate(dots[0] or ()) if d is not None]
    return reduce(operator.add, terms) if terms else None


def _prod_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    if isinstance(type_in(xs[0]), ArrayType):
        return (g * product_of_others(xs[0], None),)
    return (tuple(fit(g * _others(xs[0], k), x) for k, x in enumerate(xs[0])) if active[0] else None,)


def _list_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for n in (1, 2, 4):
        yield Sample((list(map(float, REAL(rng, (n,)))),))
        yield Sample((REAL(rng, (n,)),))
    yield Sample(((1.5, 0.0, 2.5),))


rule(math.fsum, _items_type("math.fsum"), tangent=_fsum_tangent, adjoint=_fsum_adjoint, samples=_list_samples)
rule(math.prod, _items_type("math.prod"), tangent=_prod_tangent, adjoint=_prod_adjoint, samples=_list_samples)

# constants


def _whole_type(x: Type, /) -> Type:
    (t,) = _real_types("math.floor", x)
    return integer(t.size)


def _integer_samples(*arguments: int) -> Callable[[np.random.Generator], Iterable[Sample]]:
    return lambda rng: [Sample(arguments)]


def _close_type(a: Type, b: Type, /, *, rel_tol: float = 1e-9, abs_tol: float = 0.0) -> Type:
    return BOOL


def _close_on_numbers(a: Any, b: Any, rel_tol: float = 1e-9, abs_tol: float = 0.0) -> Any:
    near = np.abs(a - b) <= np.maximum(rel_tol * np.maximum(np.abs(a), np.abs(b)), abs_tol)
    finite = np.logical_and(np.isfinite(a), np.isfinite(b))
    return np.logical_or(a == b, np.logical_and(near, finite))


constant(math.floor, _whole_type, samples=_samples(REAL))
constant(math.ceil, _whole_type, samples=_samples(REAL))
constant(math.trunc, _whole_type, samples=lambda rng: [Sample((-1.5,)), Sample((np.float64(1.5),))])
for _test, _numpy in ((math.isnan, np.isnan), (math.isinf, np.isinf), (math.isfinite, np.isfinite)):
    constant(_test, _type_rule(_test, 1, BOOL), samples=_samples(REAL), on_numbers=lambda x, f=_numpy: f(x))
constant(math.isclose, _close_type, samples=_samples(REAL, REAL), on_numbers=_close_on_numbers)
constant(math.factorial, _type_rule(math.factorial, 1, INT), samples=_integer_samples(5))
constant(math.isqrt, _type_rule(math.isqrt, 1, INT), samples=_integer_samples(5))
constant(math.comb, _type_rule(math.comb, 2, INT), samples=_integer_samples(6, 4))
constant(math.gcd, _type_rule(math.gcd, 2, INT), samples=_integer_samples(6, 4))
constant(math.lcm, _type_rule(math.lcm, 2, INT), samples=_integer_samples(6, 4))
