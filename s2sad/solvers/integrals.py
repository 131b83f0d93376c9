"""Integrals: the derivative of the integrand under the integral, the limits by Leibniz' rule.

    d/dp of the integral of f(x, p) from a to b = the integral of df/dp + f(b, p) db/dp - f(a, p) da/dp

Integrals over several variables are integrals of integrals, as SciPy computes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import integrate

import s2sad
from s2sad.errors import UnsupportedCall
from s2sad.ir.dims import new_dim
from s2sad.ir.primitive import Primitive, register
from s2sad.ir.solver import Asked, Part, Parts, refused, solver
from s2sad.ir.types import FLOAT, ArrayType, Type, array, tuple_type
from s2sad.solvers import paths
from s2sad.solvers.types import COUNT, TRUTH, length, like, one_number, shaped, unknown

ERROR = Part(FLOAT, constant=True)
"""How exact an integral is."""


# by a rule of points, which is enough where the function is smooth


def kronrod(a: Any, b: Any) -> Any:
    """The 21 places of Gauss and Kronrod in an interval, their weights, and those of Gauss' rule of 10 of them.

    Piessens, de Doncker-Kapenga, Ueberhuber & Kahaner, QUADPACK (1983), the rule QK21.
    """
    x = np.array(
        [
            0.9956571630258081,
            0.9739065285171717,
            0.9301574913557082,
            0.8650633666889845,
            0.7808177265864169,
            0.6794095682990244,
            0.5627571346686047,
            0.4333953941292472,
            0.2943928627014602,
            0.14887433898163122,
        ]
    )
    w = np.array(
        [
            0.011694638867371874,
            0.032558162307964725,
            0.054755896574351995,
            0.07503967481091996,
            0.0931254545836976,
            0.10938715880229764,
            0.12349197626206584,
            0.13470921731147334,
            0.14277593857706009,
            0.1477391049013385,
        ]
    )
    v = np.array(
        [0.06667134430868814, 0.1494513491505806, 0.21908636251598204, 0.26926671930999635, 0.29552422471475287]
    )
    half = 0.5 * (b - a)
    coarse = np.zeros(21)
    coarse[1:10:2] = v
    coarse[11:20:2] = v[::-1]
    weights = np.concatenate((w, np.array([0.1494455540029169]), w[::-1]))
    places = 0.5 * (a + b) + half * np.concatenate((-x, np.array([0.0]), x[::-1]))
    return places, half * weights, half * coarse


def off_by(values: Any, found: Any, weights: Any, coarse: Any) -> Any:
    """By how much the integrals of these values are off, by the other rule, as QUADPACK has it."""
    spread = np.abs(weights) @ np.abs(values - found / np.sum(weights))
    return np.minimum(spread, (200.0 * np.abs(found - coarse @ values)) ** 1.5 / np.sqrt(np.maximum(spread, 1e-300)))


# of numbers


def weighted(f: Any, weight: Any, wvar: Any, x: Any, params: Any) -> Any:
    """The integrand with its weight."""
    value = f(x, *params)
    if weight == "cos":
        return value * np.cos(wvar * x)
    if weight == "sin":
        return value * np.sin(wvar * x)
    if weight == "cauchy":
        return value / (x - wvar)
    return value


def integral_moved(
    f: Any,
    a: Any,
    b: Any,
    epsabs: Any,
    epsrel: Any,
    limit: Any,
    points: Any,
    weight: Any,
    wvar: Any,
    params: Any,
    params_dot: Any,
    a_dot: Any,
    b_dot: Any,
) -> Any:
    """The tangent of an integral."""

    def change(x: Any, *given: Any) -> Any:
        return s2sad.jvp(f, (x, *given), (None, *params_dot))[1]

    moved = 0.0
    if len(params) > 0:
        moved = integrate.quad(
            change,
            a,
            b,
            args=params,
            epsabs=epsabs,
            epsrel=epsrel,
            limit=limit,
            points=points,
            weight=weight,
            wvar=wvar,
        )[0]
    if b_dot is not None:
        moved = moved + weighted(f, weight, wvar, b, params) * b_dot
    if a_dot is not None:
        moved = moved - weighted(f, weight, wvar, a, params) * a_dot
    return moved


def integral_pulled(
    f: Any,
    a: Any,
    b: Any,
    epsabs: Any,
    epsrel: Any,
    limit: Any,
    points: Any,
    weight: Any,
    wvar: Any,
    params: Any,
    g: Any,
) -> Any:
    """The cotangents of what an integral depends on."""

    def change(x: Any, *given: Any) -> Any:
        value, pullback = s2sad.vjp(lambda *given: f(x, *given), *given)
        return paths.joined(pullback(1.0))

    def adapted() -> Any:
        found, error, info = integrate.quad_vec(
            change, a, b, args=params, epsabs=epsabs, epsrel=epsrel, points=points, full_output=True
        )
        if info.status == 1 or info.status == 3:
            raise RuntimeError("scipy.integrate.quad_vec has not converged to the gradient of an integral")
        return found

    bars: Any = ()
    if len(params) == 1 and np.ndim(params[0]) == 0:
        found = integrate.quad(
            s2sad.grad(f, 1),
            a,
            b,
            args=params,
            epsabs=epsabs,
            epsrel=epsrel,
            limit=limit,
            points=points,
            weight=weight,
            wvar=wvar,
        )[0]
        bars = (g * found,)
    elif len(params) > 0 and weight is None:
        enough: Any = False
        found = np.zeros(sum([np.size(p) for p in params]))
        if points is None and abs(a) < np.inf and abs(b) < np.inf:
            places, weights, coarse = kronrod(a, b)
            values = np.array([change(x, *params) for x in places])
            found = weights @ values
            wanted = np.maximum(epsabs, epsrel * np.abs(found))
            enough = np.all(off_by(values, found, weights, coarse) <= wanted)
        if not enough:
            found = adapted()
        bars = paths.parted(g * found, params)
    elif len(params) > 0:
        found = np.zeros(sum([np.size(p) for p in params]))
        for k in range(len(found)):
            found[k] = integrate.quad(
                lambda x, *given: change(x, *given)[k],  # noqa: B023
                a,
                b,
                args=params,
                epsabs=epsabs,
                epsrel=epsrel,
                limit=limit,
                weight=weight,
                wvar=wvar,
            )[0]
        bars = paths.parted(g * found, params)
    return -g * weighted(f, weight, wvar, a, params), g * weighted(f, weight, wvar, b, params), bars


def _by_many(params: Sequence[Type]) -> bool:
    """Whether there is more than one number to differentiate by."""
    return len(params) > 1 or any(t.is_container or t.rank != 0 for t in params)


@solver(
    integrate.quad,
    functions={"func": one_number},
    free="full_output epsabs epsrel limit points weight wopts maxp1 limlst",
    moves="a b",
)
def _quad(asked: Asked) -> Parts:
    if asked.known("complex_func"):
        raise UnsupportedCall("quad with complex_func", "integrate the real and the imaginary part")
    if str(asked.known("weight") or "").startswith("alg") and not {"a", "b"} <= asked.static.keys():
        raise UnsupportedCall("quad with a weight that moves with its limits", "write it into the integrand")
    found = {0: Part(FLOAT, integral_moved, integral_pulled, solves=_by_many), 1: ERROR}
    return Parts(tuple, {**found, 2: unknown("infodict")} if asked.known("full_output") else found)


# of arrays


def vector_moved(
    f: Any,
    a: Any,
    b: Any,
    epsabs: Any,
    epsrel: Any,
    points: Any,
    params: Any,
    params_dot: Any,
    a_dot: Any,
    b_dot: Any,
) -> Any:
    """The tangent of an integral of arrays."""

    def change(x: Any, *given: Any) -> Any:
        return s2sad.jvp(f, (x, *given), (None, *params_dot))[1]

    moved = 0.0
    if len(params) > 0:
        moved = integrate.quad_vec(change, a, b, args=params, epsabs=epsabs, epsrel=epsrel, points=points)[0]
    if b_dot is not None:
        moved = moved + f(b, *params) * b_dot
    if a_dot is not None:
        moved = moved - f(a, *params) * a_dot
    return moved


def vector_pulled(f: Any, a: Any, b: Any, epsabs: Any, epsrel: Any, points: Any, params: Any, g: Any) -> Any:
    """The cotangents of what an integral of arrays depends on."""

    def change(x: Any, *given: Any) -> Any:
        value, pullback = s2sad.vjp(lambda *given: f(x, *given), *given)
        return paths.joined(pullback(g))

    bars: Any = ()
    if len(params) > 0:
        found = integrate.quad_vec(change, a, b, args=params, epsabs=epsabs, epsrel=epsrel, points=points)[0]
        bars = paths.parted(found, params)
    return -np.sum(g * f(a, *params)), np.sum(g * f(b, *params)), bars


@solver(
    integrate.quad_vec,
    functions={"f": one_number},
    free="epsabs epsrel norm cache_size limit workers points quadrature full_output",
    moves="a b",
)
def _quad_vec(asked: Asked) -> Parts:
    found = {0: Part(shaped(asked.results["f"]) if asked.results else FLOAT, vector_moved, vector_pulled), 1: ERROR}
    if asked.known("full_output"):
        info = Parts(SimpleNamespace, {"success": TRUTH, "status": COUNT})
        return Parts(tuple, {**found, 2: info})
    return Parts(tuple, found)


# over several variables: as integrals of integrals


def bound_at(bound: Any, place: Any, given: Any) -> Any:
    """A limit, which may be a function of the variables outside."""
    return bound(*place, *given) if callable(bound) else bound


def double(f: Any, a: Any, b: Any, gfun: Any, hfun: Any, epsabs: Any, epsrel: Any, params: Any) -> Any:
    """An integral over an area."""

    def inner(x: Any) -> Any:
        first, last = bound_at(gfun, (x,), params), bound_at(hfun, (x,), params)
        return integrate.quad(lambda y: f(y, x, *params), first, last, epsabs=epsabs, epsrel=epsrel)[0]

    return integrate.quad(inner, a, b, epsabs=epsabs, epsrel=epsrel)[0]


def _two_numbers(asked: Asked) -> tuple[Type, ...]:
    return FLOAT, FLOAT


@solver(
    integrate.dblquad,
    functions={"func": _two_numbers, "gfun": one_number, "hfun": one_number},
    free="epsabs epsrel",
    moves="a b gfun hfun",
    alone="gfun hfun",
)
def _dblquad(asked: Asked) -> Parts:
    return Parts(tuple, {0: like(FLOAT, double), 1: ERROR})


def triple(
    f: Any,
    a: Any,
    b: Any,
    gfun: Any,
    hfun: Any,
    qfun: Any,
    rfun: Any,
    epsabs: Any,
    epsrel: Any,
    params: Any,
) -> Any:
    """An integral over a body."""

    def middle(y: Any, x: Any) -> Any:
        first, last = bound_at(qfun, (x, y), params), bound_at(rfun, (x, y), params)
        return integrate.quad(lambda z: f(z, y, x, *params), first, last, epsabs=epsabs, epsrel=epsrel)[0]

    def inner(x: Any) -> Any:
        first, last = bound_at(gfun, (x,), params), bound_at(hfun, (x,), params)
        return integrate.quad(lambda y: middle(y, x), first, last, epsabs=epsabs, epsrel=epsrel)[0]

    return integrate.quad(inner, a, b, epsabs=epsabs, epsrel=epsrel)[0]


def _three_numbers(asked: Asked) -> tuple[Type, ...]:
    return FLOAT, FLOAT, FLOAT


@solver(
    integrate.tplquad,
    functions={
        "func": _three_numbers,
        "gfun": one_number,
        "hfun": one_number,
        "qfun": _two_numbers,
        "rfun": _two_numbers,
    },
    free="epsabs epsrel",
    moves="a b gfun hfun qfun rfun",
    alone="gfun hfun qfun rfun",
)
def _tplquad(asked: Asked) -> Parts:
    return Parts(tuple, {0: like(FLOAT, triple), 1: ERROR})


def nested(f: Any, ranges: Any, place: Any, params: Any) -> Any:
    """An integral over ranges, the last of which is the outermost."""
    if len(ranges) == 0:
        return f(*place, *params)
    a, b = ranges[-1]
    return integrate.quad(lambda x: nested(f, ranges[:-1], (x, *place), params), a, b)[0]


def box(f: Any, ranges: Any, params: Any) -> Any:
    """An integral over a box."""
    return nested(f, ranges, (), params)


def _places(asked: Asked) -> tuple[Type, ...]:
    count = length(asked.types["ranges"])
    if not isinstance(count, int):
        raise UnsupportedCall("nquad over ranges whose number is not known", "pass a list of pairs")
    return (FLOAT,) * count


@solver(integrate.nquad, functions={"func": _places}, free="opts full_output", moves="ranges")
def _nquad(asked: Asked) -> Parts:
    if asked.given("opts"):
        raise UnsupportedCall("nquad with opts", "leave them out, or write integrals of integrals with quad")
    found = {0: like(FLOAT, box), 1: ERROR}
    return Parts(tuple, {**found, 2: unknown("dict")} if asked.known("full_output") else found)


# by a rule of few points


def few_points(f: Any, a: Any, b: Any, n: Any, params: Any) -> Any:
    """The sum that `fixed_quad` is."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return 0.5 * (b - a) * np.sum(weights * f(a + 0.5 * (b - a) * (nodes + 1.0), *params), axis=-1)


def _points(asked: Asked) -> tuple[Type, ...]:
    count = new_dim("n") if asked.given("n") and "n" not in asked.static else asked.known("n", 5)
    return (array(np.dtype(float), (count,)),)


@solver(integrate.fixed_quad, functions={"func": _points}, free="n", moves="a b")
def _fixed_quad(asked: Asked) -> Parts:
    found = asked.results["func"]
    assert isinstance(found, ArrayType) and found.shape is not None
    value = like(array(np.dtype(float), found.shape[:-1]) if found.shape[1:] else FLOAT, few_points)
    return Parts(tuple, {0: value, 1: unknown("None")})


def _gauss(n: Type, /) -> Type:
    nodes = array(np.dtype(float), (new_dim("n"),))
    return tuple_type(nodes, nodes)


register(
    Primitive(
        "leggauss",
        np.polynomial.legendre.leggauss,
        _gauss,
        constant=True,
        spelling="np.polynomial.legendre.leggauss(_0)",
    )
)


for _name, _instead in {
    "cubature": "integrals of integrals with scipy.integrate.quad, or nquad",
    "nsum": "a loop over the terms that count",
    "qmc_quad": "the mean over points that you draw before",
    "tanhsinh": "scipy.integrate.quad, which takes singularities at the ends",
}.items():
    if hasattr(integrate, _name):
        refused(getattr(integrate, _name), instead=f"write {_instead}")
