"""What rules have in common: elementwise functions give partial derivatives, linear ones their transpose.

    elementwise(np.sin,      lambda y, x: np.cos(x))
    elementwise(np.multiply, lambda z, x, y: y, lambda z, x, y: x)
    linear(np.transpose,     lambda g, x, axes=None: np.transpose(g, axes and np.argsort(axes)), type_rule)
    constant(np.floor, ...)
    rule(np.linalg.inv, type_rule, tangent=..., adjoint=...)

The families add what every member needs: unbroadcasting of contributions, the dtype of the operand, the sum over
operands.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache, reduce
from typing import Any

import numpy as np

from s2sad.ir.builder import Expr, call, known_value, shape_of
from s2sad.ir.containers import FIT
from s2sad.ir.dims import (
    ANY_SIGN,
    Dim,
    Shape,
    Size,
    broadcast_shapes,
    derived_dim,
    dim_scaled,
    dim_sum,
    may_be_negative,
    may_be_one,
)
from s2sad.ir.primitive import Effect, Primitive, Rule, Sample, Samples, primitive_name, register
from s2sad.ir.types import ArrayType, ContainerType, Type, array, promote, type_of

Domain = Callable[[np.random.Generator, tuple[int, ...]], Any]


def REAL(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Any number, none near a kink at 0."""
    return rng.uniform(0.2, 2.0, shape) * rng.choice([-1.0, 1.0], shape)


def POSITIVE(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.uniform(0.3, 2.5, shape)


def UNIT(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Between -1 and 1, both excluded."""
    return rng.uniform(0.1, 0.9, shape) * rng.choice([-1.0, 1.0], shape)


def ABOVE_ONE(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.uniform(1.2, 3.0, shape)


def DIVIDEND(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Such that a division by a DIVISOR has a remainder far from 0."""
    return rng.uniform(2.35, 2.6, shape) * rng.choice([-1.0, 1.0], shape)


def DIVISOR(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.uniform(0.95, 1.05, shape) * rng.choice([-1.0, 1.0], shape)


# Types


def elementwise_type(function: Callable[..., Any], result: str | None = None, arity: int = 1) -> Callable[..., Type]:
    """The type rule of a ufunc-like function: shapes broadcast, dtypes as NumPy promotes them.

    Python's operators on Python scalars give Python scalars; functions of NumPy give NumPy's. `result` and `arity` are
    for functions that are no ufuncs (see `result_dtype`).
    """
    name = primitive_name(function)
    python = name in PYTHON_OPERATORS

    def rule(*types: Type) -> Type:
        arrays = array_types(name, types)
        if python and all(t.kind == "python" for t in arrays):
            return ArrayType(python_dtype(name, arrays), (), "python", size_of(name, arrays))
        dtype = ufunc_dtype(function, arrays) if isinstance(function, np.ufunc) else result_dtype(arrays, result)
        found = array(dtype, broadcast_shapes(*(t.shape for t in arrays)))
        return _of_scalars(found, name, arrays) if python and found.shape == () else found

    return with_arity(rule, function.nin if isinstance(function, np.ufunc) else arity)


def _of_scalars(found: ArrayType, name: str, types: list[ArrayType]) -> ArrayType:
    """The result of an operator on scalars, some of them NumPy's; a Python complex may swallow NumPy's float64."""
    numpy = any(t.kind in ("numpy", "array") for t in types) and not any(
        t.kind == "python" and t.dtype == _DTYPES["c"] for t in types
    )
    return replace(found, kind="numpy" if numpy else "any", size=size_of(name, types))


def with_arity(rule: Callable[..., Type], arity: int) -> Callable[..., Type]:
    """The type rule with that many positional parameters: a wrong number of operands is a TypeError of the call."""
    if arity == 1:
        return lambda x, /: rule(x)
    if arity == 2:
        return lambda x, y, /: rule(x, y)
    return lambda x, y, z, /: rule(x, y, z)


def array_types(name: str, types: Iterable[Type]) -> list[ArrayType]:
    """The types, all of them arrays or numbers."""
    arrays = [t for t in types if isinstance(t, ArrayType)]
    if len(arrays) != len(list(types)):
        raise TypeError(f"{name} of {', '.join(map(repr, types))}")
    return arrays


_COMPARISONS = {"np.equal", "np.not_equal", "np.less", "np.less_equal", "np.greater", "np.greater_equal"}
_BITWISE = {"np.bitwise_and", "np.bitwise_or", "np.bitwise_xor", "np.invert", "np.left_shift", "np.right_shift"}
_ARITHMETIC = {"np.add", "np.subtract", "np.multiply", "np.divide", "np.floor_divide", "np.remainder", "np.power"}
PYTHON_OPERATORS = _ARITHMETIC | {"np.negative", "np.positive"} | _COMPARISONS | _BITWISE
"""The functions that stand for Python's operators too."""

_DTYPES = {"b": np.dtype(bool), "i": np.dtype(np.int64), "f": np.dtype(np.float64), "c": np.dtype(np.complex128)}


def python_dtype(name: str, types: list[ArrayType]) -> np.dtype[Any] | None:
    """What Python's operator gives for Python scalars; None where an integer power may be an int or a float."""
    if name in _COMPARISONS:
        return _DTYPES["b"]
    if any(t.dtype is None for t in types):
        return None
    kinds = "".join(t.dtype.kind for t in types if t.dtype is not None)
    highest = max(kinds, key="bifc".index)
    if name == "np.divide" and highest in "bi":
        return _DTYPES["f"]
    if highest == "b":
        return _DTYPES["b" if name in ("np.bitwise_and", "np.bitwise_or", "np.bitwise_xor") else "i"]
    if name == "np.power" and highest == "i" and kinds[1] == "i":
        exponent = types[1].size
        if isinstance(exponent, int) and exponent < 0:
            return _DTYPES["f"]
        return None if may_be_negative(exponent) else _DTYPES["i"]
    return _DTYPES[highest]


def size_of(name: str, types: list[ArrayType]) -> Dim | None:
    """The symbolic value of integer arithmetic: `n - 1` for the length of `np.zeros(n - 1)`."""
    sizes = [t.size for t in types if t.size is not None and t.dtype == _DTYPES["i"]]
    if name not in SIZES or len(sizes) != len(types):
        return None
    return SIZES[name](*sizes)


def _product(a: Dim, b: Dim) -> Dim | None:
    if isinstance(b, int):
        return dim_scaled(a, b)
    return dim_scaled(b, a) if isinstance(a, int) else _derived("*", a, b)


def _quotient(a: Dim, b: Dim) -> Dim | None:
    """`a // b`: linear where it is exact for whatever the symbols stand for."""
    if b == 0:
        return None
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    if isinstance(a, int) or not isinstance(b, int) or any(c % b for _, c in a.terms):
        return _derived("//", a, b)
    return Size(frozenset((s, c // b) for s, c in a.terms), a.offset // b)


def _derived(name: str, a: Dim, b: Dim) -> Dim:
    """What a function of integers gives, all of which are not below 0 where neither operand is."""
    return derived_dim(name, a, b, least=ANY_SIGN if may_be_negative(a) or may_be_negative(b) else 0)


def _of_numbers(name: str, function: Callable[[int, int], int]) -> Callable[[Dim, Dim], Dim | None]:
    def size(a: Dim, b: Dim) -> Dim | None:
        if isinstance(a, int) and isinstance(b, int):
            return function(a, b) if b > 0 else None
        return _derived(name, a, b)

    return size


SIZES: dict[str, Callable[..., Dim | None]] = {
    "np.add": dim_sum,
    "np.subtract": lambda a, b: dim_sum(a, b, -1),
    "np.multiply": _product,
    "np.negative": lambda a: dim_scaled(a, -1),
    "np.positive": lambda a: a,
    "np.floor_divide": _quotient,
    "np.remainder": _of_numbers("%", operator.mod),
    "np.power": lambda a, b: a**b if isinstance(a, int) and isinstance(b, int) and b > 0 else None,
    "np.right_shift": _of_numbers(">>", operator.rshift),
    "np.left_shift": _of_numbers("<<", operator.lshift),
}


def ufunc_dtype(function: np.ufunc, types: list[ArrayType]) -> np.dtype[Any] | None:
    """NumPy's own answer; None where an operand's dtype is not known, unless the result is a bool in any case."""
    if any(t.dtype is None for t in types):
        return _DTYPES["b"] if function.types[1].endswith("?") else None
    return for_either_kind(lambda ts: _resolve(function, tuple(map(_weak, ts))), types)


def for_either_kind(
    promotion: Callable[[list[ArrayType]], np.dtype[Any] | None], types: list[ArrayType]
) -> np.dtype[Any] | None:
    """The promoted dtype; None where it depends on whether an operand is a Python scalar, which is not known."""
    dtype = promotion(types)
    doubtful = [t.kind == "any" and not t.shape and t.dtype in _DTYPES.values() for t in types]
    if any(doubtful) and len(types) > 1:
        weak = [replace(t, shape=(), kind="python") if d else t for t, d in zip(types, doubtful, strict=True)]
        return dtype if promotion(weak) == dtype else None
    return dtype


_PYTHON_CLASSES: dict[str, type] = {"i": int, "f": float, "c": complex}


def _weak(t: ArrayType) -> np.dtype[Any] | type | None:
    return t.dtype if t.kind != "python" or t.dtype is None else _PYTHON_CLASSES.get(t.dtype.kind, t.dtype)


@cache
def _resolve(function: np.ufunc, operands: tuple[Any, ...]) -> np.dtype[Any]:
    return function.resolve_dtypes((*operands, *(None,) * function.nout))[function.nin]


def result_dtype(types: list[ArrayType], result: str | None) -> np.dtype[Any] | None:
    """`result`: "float" (integers become float64), "bool", "real" (complex becomes its float), None (as promoted)."""
    if result == "bool":
        return _DTYPES["b"]
    dtype = for_either_kind(lambda ts: promote(*ts), types)
    if dtype is None or result is None:
        return dtype
    if dtype.kind in "biu" and result == "float":
        return _DTYPES["f"]
    if dtype.kind == "c" and result == "real":
        return np.dtype(f"f{dtype.itemsize // 2}")
    return dtype


# Contributions


def times(g: Any, partial: Any) -> Any:
    """`g * partial`, without the multiplication where the partial is 1 or -1."""
    known = known_value(partial)
    if known == 1:
        return g
    if known == -1:
        return -g
    return g * partial


def type_in(x: Any) -> Any:
    """The type of an expression or of a number."""
    return x.type if isinstance(x, Expr) else type_of(x)


def conjugated(x: Any) -> Any:
    """The conjugate of what is known to be complex."""
    dtype = x.dtype if isinstance(x, Expr) else np.result_type(x)
    return np.conj(x) if dtype is not None and dtype.kind == "c" else x


def fit(c: Any, x: Any) -> Any:
    """A contribution to the adjoint of `x` in the shape and dtype of `x`: what broadcasting repeated is summed."""
    t = type_in(x)
    if not isinstance(t, ArrayType):
        return c
    c = _unbroadcast_expr(c, x, t) if isinstance(c, Expr) else unbroadcast(c, x)
    return cast(c[()] if t.is_scalar and isinstance(c, Expr) and c.type.kind == "array" else c, t)


def unbroadcast(g: Any, x: Any) -> Any:
    """Sum `g` over the axes along which `x` was repeated to get the shape of `g`."""
    shape = np.shape(x)
    if np.shape(g) == shape:
        return g
    lead = np.ndim(g) - len(shape)
    axes = tuple(k for k in range(np.ndim(g)) if k < lead or (shape[k - lead] == 1 and np.shape(g)[k] != 1))
    return np.sum(g, axis=axes).reshape(shape)[()] if axes else g


def _unbroadcast_expr(c: Any, x: Any, x_type: ArrayType) -> Any:
    c_shape, x_shape = c.type.shape, x_type.shape
    if c_shape == ():
        return c  # broadcasting never lowers the rank
    if x_shape == ():
        return np.sum(c)
    if c_shape is None or x_shape is None:
        return call(unbroadcast, c, x)
    lead, kept = _repeated_axes(c_shape, x_shape)
    if kept is None:
        return call(unbroadcast, c, x)
    if lead:
        c = np.sum(c, axis=lead[0] if len(lead) == 1 else lead)
    return np.sum(c, axis=kept[0] if len(kept) == 1 else kept, keepdims=True) if kept else c


def _repeated_axes(c: Shape, x: Shape) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    """The leading axes of `c` that `x` has not, and the axes of `x` that were repeated; None where that is unknown."""
    lead = len(c) - len(x)
    pairs = list(zip(c[lead:], x, strict=True))
    if any(m != n != 1 and may_be_one(n) for m, n in pairs):
        return (), None
    return tuple(range(lead)), tuple(k for k, (m, n) in enumerate(pairs) if n == 1 and m != 1)


def cast(c: Any, t: ArrayType) -> Any:
    """A number or expression in the dtype of `t`: float32 stays float32, what belongs to a real number is real."""
    own = type_in(c)
    assert isinstance(own, ArrayType)
    if t.dtype is None or own.dtype is None or own.dtype == t.dtype or t.dtype.kind not in "fc":
        return c
    if t.dtype.kind == "f" and own.dtype.kind == "c":
        return cast(np.real(c), t)
    if "python" in (t.kind, own.kind):
        return c
    return call(t.dtype.type, c) if own.is_scalar or own.rank == 0 else np.astype(c, t.dtype)


def real_part(x: Any) -> Any:
    """The real part of what is known to be complex."""
    dtype = x.dtype if isinstance(x, Expr) else np.result_type(x)
    return np.real(x) if dtype is not None and dtype.kind == "c" else x


def real_where(c: Any, x: Any) -> Any:
    """A tangent of `x`, or a contribution to its adjoint: what belongs to real numbers is real, in containers too."""
    if isinstance(c, (tuple, list)):
        t = x.type if isinstance(x, Expr) else x
        items = t.items if isinstance(t, ContainerType) else x
        return tuple(real_where(i, e) for i, e in zip(c, items, strict=True))
    t = x if isinstance(x, Type) else type_in(x)
    real = isinstance(t, ArrayType) and t.dtype is not None and t.dtype.kind == "f"
    return real_part(c) if c is not None and real else c


def spread(c: Any, y: Any) -> Any:
    """A tangent in the shape and dtype of `y`, repeated where broadcasting repeated it."""
    t = type_in(y)
    assert isinstance(t, ArrayType)
    shape = type_in(c).shape
    return cast(c if t.shape == () or shape == t.shape is not None else np.broadcast_to(c, shape_of(y)), t)


def of_array(method: str, otherwise: str) -> Callable[..., str | None]:
    """A spelling as a method of arrays; a number may be Python's, which has none. With keywords it is a call."""

    def spelling(a: Type, *rest: Type, **static: object) -> str | None:
        if static:
            return None
        return otherwise if isinstance(a, ArrayType) and (a.is_scalar or a.rank == 0) else method

    return spelling


# Families


def elementwise(
    function: Callable[..., Any],
    *partials: Callable[..., Any] | None,
    domain: Domain | tuple[Domain, ...] = REAL,
    analytic: bool = False,
    result: str | None = "float",
    spelling: str | Callable[..., str | None] | None = None,
    type_rule: Callable[..., Type] | None = None,
    effect: Effect = Effect.FRESH,
    samples: Samples | None = None,
    aliases: Iterable[Callable[..., Any]] = (),
) -> Primitive:
    """A function of numbers that acts on arrays by broadcasting: one partial derivative per operand, None for zero.

    A partial is called as `partial(y, *operands)`, `y` being the result; its contribution is `g * partial`. It may
    give None for zero. `analytic`: the partials hold for complex numbers too. `result` is for functions that are no
    ufuncs.
    """
    arity = len(partials)

    def term(factor: Any, partial: Callable[..., Any] | None, y: Any, xs: Any) -> Any:
        slope = None if factor is None or partial is None else partial(y, *xs)
        return None if slope is None else times(factor, slope)

    def tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
        products = [term(d, p, y, xs) for d, p in zip(dots, partials, strict=False)]
        summands = [p for p in products if p is not None]
        return spread(reduce(operator.add, summands), y) if summands else None

    def adjoint(g: Any, y: Any, xs: Any, active: Any, **static: Any) -> tuple[Any, ...]:
        products = [term(g if a else None, p, y, xs) for a, p in zip(active, partials, strict=False)]
        return tuple(None if c is None else fit(c, x) for c, x in zip(products, xs, strict=True))

    domains = domain if isinstance(domain, tuple) else (domain,) * arity
    return register(
        Primitive(
            primitive_name(function),
            function,
            type_rule or elementwise_type(function, result, arity),
            tangent,
            adjoint,
            effect=effect,
            elementwise=True,
            spelling=spelling,
            samples=samples or elementwise_samples(domains, analytic),
        ),
        *aliases,
    )


def elementwise_samples(domains: tuple[Domain, ...], analytic: bool = False) -> Samples:
    """Scalars, equal shapes, and every way in which one operand broadcasts against the others; 0-d and empty arrays."""
    n = len(domains)

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        shapes: list[tuple[tuple[int, ...], ...]] = [(shape,) * n for shape in [(), (4,), (2, 3), (0, 2)]]
        if n > 1:
            shapes += [
                tuple(small if i == k else (2, 3) for i in range(n))
                for k in range(n)
                for small in [(), (3,), (1, 3), (2, 1)]
            ]
        for row in shapes:
            yield Sample(tuple(d(rng, shape)[()] for d, shape in zip(domains, row, strict=True)))
        yield Sample(tuple(np.asarray(d(rng, ())).item() for d in domains))
        yield Sample(tuple(np.array(d(rng, ())) for d in domains))
        if analytic:
            yield Sample(tuple(d(rng, (3,)) + 1j * d(rng, (3,)) for d in domains))
            if n > 1:
                yield Sample((domains[0](rng, (3,)), *(d(rng, (2, 3)) + 1j * d(rng, (2, 3)) for d in domains[1:])))

    return samples


def linear(
    function: Callable[..., Any],
    transpose: Callable[..., Any],
    type_rule: Callable[..., Type],
    effect: Effect = Effect.FRESH,
    spelling: str | Callable[..., str | None] | None = None,
    samples: Samples | None = None,
    elementwise: bool = False,
    aliases: Iterable[Callable[..., Any]] = (),
) -> Primitive:
    """A function linear in its first operand; the other operands are integers, indices, shapes.

    `transpose(g, *operands, **static)` gives the adjoint; the tangent is the function itself.
    """

    def tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
        return None if dots[0] is None else call(function, dots[0], *xs[1:], **static)

    def adjoint(g: Any, y: Any, xs: Any, active: Any, **static: Any) -> tuple[Any, ...]:
        return (transpose(g, *xs, **static) if active[0] else None, *(None for _ in xs[1:]))

    return register(
        Primitive(
            primitive_name(function),
            function,
            type_rule,
            tangent,
            adjoint,
            effect=effect,
            elementwise=elementwise,
            spelling=spelling,
            samples=samples,
        ),
        *aliases,
    )


def constant(
    function: Callable[..., Any],
    type_rule: Callable[..., Type],
    spelling: str | Callable[..., str | None] | None = None,
    effect: Effect = Effect.FRESH,
    elementwise: bool = False,
    samples: Samples | None = None,
    aliases: Iterable[Callable[..., Any]] = (),
    name: str | None = None,
    of_complex: Primitive | None = None,
) -> Primitive:
    """A function whose derivative is zero wherever it has one; where an operand is complex, it is another one."""
    return register(
        Primitive(
            name or primitive_name(function),
            function,
            type_rule,
            constant=True,
            effect=effect,
            spelling=spelling,
            elementwise=elementwise,
            samples=samples,
            of_complex=of_complex,
        ),
        *aliases,
    )


def rule(
    function: Callable[..., Any],
    type_rule: Callable[..., Type],
    tangent: Rule | None = None,
    adjoint: Rule | None = None,
    effect: Effect = Effect.FRESH,
    spelling: str | Callable[..., str | None] | None = None,
    samples: Samples | None = None,
    elementwise: bool = False,
    aliases: Iterable[Callable[..., Any]] = (),
    helper: bool = False,
    fits: Callable[..., bool] | None = None,
    name: str | None = None,
    copies: Callable[..., bool] | None = None,
) -> Primitive:
    """A function with a tangent and an adjoint of its own; where numbers are real, their real parts are taken."""

    def real_tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
        assert tangent is not None
        return real_where(tangent(y, xs, dots, **static), y)

    def real_adjoint(g: Any, y: Any, xs: Any, active: Any, **static: Any) -> tuple[Any, ...]:
        assert adjoint is not None
        contributions = adjoint(g, y, xs, active, **static)
        return tuple(real_where(c, x) for c, x in zip(contributions, xs, strict=True))

    return register(
        Primitive(
            name or (function.__name__ if helper else primitive_name(function)),
            function,
            type_rule,
            tangent and real_tangent,
            adjoint and real_adjoint,
            effect=effect,
            elementwise=elementwise,
            spelling=spelling,
            samples=samples,
            helper=helper,
            fits=fits,
            copies=copies,
        ),
        *aliases,
    )


def _unbroadcast_type(g: Type, x: Type, /) -> Type:
    assert isinstance(g, ArrayType) and isinstance(x, ArrayType)
    return ArrayType(g.dtype, x.shape, "array" if x.shape else "any")


def _repeat_like(y: Any, xs: Any, dots: Any) -> Any:
    return None if dots[0] is None else call(unbroadcast, dots[0], xs[1])


FIT.append(fit)
rule(
    unbroadcast,
    _unbroadcast_type,
    tangent=_repeat_like,
    adjoint=lambda g, y, xs, active: (np.broadcast_to(g, shape_of(xs[0])) if active[0] else None, None),
    effect=Effect.VIEW,  # `g` itself where there is nothing to sum
    samples=lambda rng: [
        Sample((REAL(rng, (2, 3)), REAL(rng, shape))) for shape in [(2, 3), (3,), (1, 3), (2, 1), (1, 1), ()]
    ],
    helper=True,
)
