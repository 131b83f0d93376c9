"""Roots of polynomials, and the series of numpy.polynomial in powers, Chebyshev, Legendre, Laguerre and Hermite.

A series is linear in its coefficients, and its slope in x is the series of the derivative. A simple root r of p moves
by -p_dot(r) / p'(r) (J. H. Wilkinson, Rounding Errors in Algebraic Processes (1963), chapter 2). NumPy gives real roots
where all of them are real: a dtype that depends on values. Here they are complex numbers always, as eigenvalues are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call, shape_of
from s2sad.ir.definition import define
from s2sad.ir.dims import Shape, dim_sum, new_dim
from s2sad.ir.primitive import NotByRule, Sample, primitive_name
from s2sad.ir.types import Type, array
from s2sad.rules.contributions import fit, spread
from s2sad.rules.domains import POSITIVE, PROBABILITY, REAL, Domain
from s2sad.rules.families import rule
from s2sad.rules.literature import WILKINSON
from s2sad.rules.numpy.calculus import grid
from s2sad.rules.numpy.shaping import known_rank
from s2sad.rules.promotion import array_types, result_dtype

Function = Callable[..., Any]


def coefficients(name: str, c: Type, ranks: tuple[int, ...] = (1,)) -> tuple[Any, Any, Shape]:
    """The dtype of a series, how many coefficients it has, and the lengths of the axes behind."""
    (t,) = array_types(name, [c])
    if t.shape is None:
        raise UnsupportedType(f"{name} of an array whose rank is not known", "annotate it")
    if len(t.shape) not in ranks:
        raise NotByRule(f"{name} of an array of {len(t.shape)} axes", "call it for each series")
    return result_dtype([t], "float"), t.shape[0], t.shape[1:]


def add_roots(roots: Function, value: Function, derivative: Function, basis: Function) -> None:
    """The row of a function that gives roots; the columns of `basis(r, n)` are what the n coefficients belong to."""
    name = primitive_name(roots)

    def type_rule(c: Type, /) -> Type:
        dtype, _, _ = coefficients(name, c)
        # zeros at an end are cut off: how many roots there are depends on the values
        return array(None if dtype is None else np.result_type(dtype, np.complex64), (new_dim("k"),))

    def slope(r: Any, c: Any) -> Any:
        return value(r, call(derivative, c))

    def tangent(r: Any, xs: Any, dots: Any) -> Any:
        return spread(-(value(r, dots[0]) / slope(r, xs[0])), r)

    def adjoint(g: Any, r: Any, xs: Any, active: Any) -> Any:
        return (fit(-(g / slope(r, xs[0])) @ basis(r, shape_of(xs[0])[0]), xs[0]),)

    rule(
        lambda c: roots(c) + 0j,
        type_rule,
        tangent=tangent,
        adjoint=adjoint,
        aliases=[roots],
        name=name,
        spelling=f"{name}(_0) + 0j",
        source=WILKINSON,
        samples=lambda rng: [
            Sample((np.array([1.0, 0.5, 2.0]),)),
            Sample((np.array([0.5, -2.0, 0.3, 1.0]),)),
            Sample((np.array([1.0, 0.5j, 2.0, -1.0]),)),
        ],
    )


add_roots(
    np.roots,
    lambda r, p: call(np.polyval, p, r),
    np.polyder,
    lambda r, n: np.expand_dims(r, -1) ** call(np.arange, n - 1, -1, -1),
)


class Series:
    """The functions of a module of numpy.polynomial, whose names begin with a prefix."""

    def __init__(self, module: Any, prefix: str, weight: Function | None, domain: Domain) -> None:
        self.module, self.prefix = module, prefix
        self.weight, self.domain = weight, domain

    def named(self, name: str) -> Function:
        found: Function = getattr(self.module, self.prefix + name)
        return found

    def value(self, x: Any, c: Any) -> Any:
        return call(self.named("val"), x, c)

    def slope(self, x: Any, c: Any) -> Any:
        return self.value(x, call(self.named("der"), c))

    def basis(self, x: Any, n: Any) -> Any:
        """The first n functions at x, along a last axis."""
        found = call(self.named("vander"), x, n - 1)
        return found[0] if known_rank(x, primitive_name(self.named("vander"))) == 0 else found

    def slopes(self, y: Any, n: Any) -> Any:
        """Their slopes, from the values `y`."""
        return y[..., : call(max, n - 1, 1)] @ call(self.named("der"), call(np.eye, n))

    def add(self) -> None:
        """Enter the rows."""
        self._add_values()
        self._add_basis()
        self._add_linear()
        add_roots(self.named("roots"), self.value, self.named("der"), self.basis)
        self._add_several()
        if self.weight is not None:
            define(self.named("weight"), self.weight, lambda rng: [Sample((self.domain(rng, (3,)),))])

    def _add_values(self) -> None:
        name = primitive_name(self.named("val"))

        def type_rule(x: Type, c: Type, /, tensor: bool = True) -> Type:
            (t,) = array_types(name, [x])
            dtype, _, _ = coefficients(name, c)
            return array(result_dtype([t, array(dtype, ())], "float"), t.shape)

        def tangent(y: Any, xs: Any, dots: Any, tensor: bool = True) -> Any:
            x, c = xs
            terms = [] if dots[1] is None else [self.value(x, dots[1])]
            terms += [] if dots[0] is None else [self.slope(x, c) * dots[0]]
            return spread(sum(terms[1:], terms[0]), y)

        def adjoint(g: Any, y: Any, xs: Any, active: Any, tensor: bool = True) -> Any:
            x, c = xs
            c_bar = None
            if active[1]:
                count = shape_of(c)[0]
                at_one = known_rank(x, name) == 0
                powers = self.basis(x if at_one else np.reshape(x, (-1,)), count)
                c_bar = fit(g * powers if at_one else np.reshape(g, (-1,)) @ powers, c)
            return (fit(g * self.slope(x, c), x) if active[0] else None), c_bar

        rule(
            self.named("val"),
            type_rule,
            tangent=tangent,
            adjoint=adjoint,
            batched=lambda b: call(self.named("val"), b.only_first(), b.xs[1]),
            samples=lambda rng: [
                Sample((REAL(rng, (3,)), REAL(rng, (4,)))),
                Sample((0.7, REAL(rng, (3,)))),
                Sample((REAL(rng, (2, 2)), REAL(rng, (2,)))),
            ],
        )

    def _add_basis(self) -> None:
        name = primitive_name(self.named("vander"))

        def type_rule(x: Type, deg: Type, /) -> Type:
            (t,) = array_types(name, [x])
            count = new_dim("n") if deg.size is None else dim_sum(deg.size, 1)
            return array(result_dtype([t], "float"), None if t.shape is None else (*(t.shape or (1,)), count))

        def along(y: Any, xs: Any) -> Any:
            return self.slopes(y, xs[1] + 1)

        rule(
            self.named("vander"),
            type_rule,
            tangent=lambda y, xs, dots: spread(np.expand_dims(dots[0], -1) * along(y, xs), y),
            adjoint=lambda g, y, xs, active: (fit(np.sum(g * along(y, xs), axis=-1), xs[0]), None),
            batched=lambda b: call(self.named("vander"), b.only_first(), b.xs[1]),
            samples=lambda rng: [Sample((REAL(rng, (3,)), 2)), Sample((REAL(rng, (2, 2)), 1))],
        )

    def _add_linear(self) -> None:
        """The derivative and the integral of a series: matrices, whose columns are those of the unit vectors."""

        der, integral = self.named("der"), self.named("int")

        def derivative_type(c: Type, /, m: int = 1, scl: float = 1) -> Type:
            dtype, n, rest = coefficients(primitive_name(der), c, (1, 2))
            fewer = max(n - m, 1) if isinstance(n, int) else n if m == 0 else new_dim("n")
            return array(dtype, (fewer, *rest))

        def integral_type(c: Type, /, m: int = 1, k: Any = (), lbnd: float = 0, scl: float = 1) -> Type:
            dtype, n, rest = coefficients(primitive_name(integral), c, (1, 2))
            return array(dtype, (dim_sum(n, m), *rest))

        def without(static: dict[str, Any]) -> dict[str, Any]:
            return {k: v for k, v in static.items() if k != "k"}

        def add(function: Function, type_rule: Function, further: dict[str, Any]) -> None:
            def tangent(y: Any, xs: Any, dots: Any, **static: Any) -> Any:
                return call(function, dots[0], **without(static))

            def adjoint(g: Any, y: Any, xs: Any, active: Any, **static: Any) -> Any:
                columns = call(function, call(np.eye, shape_of(xs[0])[0]), **without(static))
                return (fit(np.transpose(columns) @ g, xs[0]),)

            def samples(rng: np.random.Generator) -> Iterable[Sample]:
                yield Sample((REAL(rng, (4,)),))
                yield Sample((REAL(rng, (4,)),), further)
                yield Sample((REAL(rng, (3, 2)),))

            rule(function, type_rule, tangent=tangent, adjoint=adjoint, samples=samples)

        add(der, derivative_type, {"m": 2, "scl": 0.5})
        add(integral, integral_type, {"k": (1.5,), "lbnd": -0.5})

    def _add_several(self) -> None:
        """Series in two variables, and series through given values."""

        def bases(c: Any, *places: Any) -> list[Any]:
            return [self.basis(x, n) for x, n in zip(places, shape_of(c), strict=True)]

        def value2d(x: Any, y: Any, c: Any) -> Any:
            p, q = bases(c, x, y)
            return np.sum(p @ c * q, axis=-1)

        def grid2d(x: Any, y: Any, c: Any) -> Any:
            p, q = bases(c, x, y)
            return p @ c @ np.transpose(q)

        def fitted(x: Any, y: Any, deg: Any, rcond: Any = None, full: bool = False, w: Any = None) -> Any:
            if full or not isinstance(deg, int):
                raise NotByRule(f"{primitive_name(self.named('fit'))} with full or several degrees", "a degree")
            left, right = self.basis(x, deg + 1), y
            if w is not None:
                left, right = left * np.expand_dims(w, -1), right * w
            scale = np.sqrt(np.sum(left * left, axis=0))
            return call(np.linalg.pinv, left / scale) @ right / scale

        for name, expression in (("val2d", value2d), ("grid2d", grid2d)):
            define(
                self.named(name),
                expression,
                lambda rng: [Sample((REAL(rng, (3,)), REAL(rng, (3,)), REAL(rng, (2, 4))))],
                "y c",
                of_complex=False,
            )
        define(
            self.named("fit"),
            fitted,
            lambda rng: [
                Sample((grid(rng, 5), REAL(rng, (5,)), 2)),
                Sample((grid(rng, 5), REAL(rng, (5,)), 1), {"w": POSITIVE(rng, (5,))}),
            ],
            "y w",
            of_complex=False,
        )


def _all() -> Iterable[Series]:
    P = np.polynomial
    yield Series(P.polynomial, "poly", None, REAL)
    yield Series(P.chebyshev, "cheb", lambda x: 1.0 / (np.sqrt(1.0 + x) * np.sqrt(1.0 - x)), PROBABILITY)
    yield Series(P.legendre, "leg", None, REAL)
    yield Series(P.laguerre, "lag", lambda x: np.exp(-x), POSITIVE)
    yield Series(P.hermite, "herm", lambda x: np.exp(-(x**2)), REAL)
    yield Series(P.hermite_e, "herme", lambda x: np.exp(-0.5 * x**2), REAL)


for _series in _all():
    _series.add()
