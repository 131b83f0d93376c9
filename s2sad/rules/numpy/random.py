"""Random numbers: what a generator draws is data, drawn once, where the program runs forward.

    z = rng.normal(mu, sigma, size=n)       z_dot = mu_dot + sigma_dot * (z - mu) / sigma

A draw moves with the location and scale of its distribution as the same underlying numbers would have moved it: the
derivative along the path (Glasserman, Monte Carlo Methods in Financial Engineering (2003), section 7.2). Draws are
never repeated, and the generator is left in the state in which the function leaves it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedCall
from s2sad.ir.broadcasting import broadcast_shapes
from s2sad.ir.dims import Dim, Shape, new_dim
from s2sad.ir.primitive import Quantity
from s2sad.ir.primitives.draws import add_draw
from s2sad.ir.types import NONE, ArrayType, Type, array
from s2sad.rules.contributions import fit, spread, times

Given = Mapping[str, Quantity]
Partial = Callable[[Quantity, Given], Quantity]
Shaped = Callable[[Mapping[str, Type]], Shape | None]


def distribution(
    name: str, parameters: str, dtype: type = float, shape: Shaped | None = None, **partials: Partial
) -> None:
    """A row: the parameters with their defaults, and the partial derivatives of a draw by those that have one."""
    defaults = dict(p.partition("=")[::2] for p in parameters.split())

    def type_rule(stream: Type, /, *values: Type, names: tuple[str, ...], positional: int) -> Type:
        types = dict(zip(names, values, strict=True))
        found = (shape or drawn_shape)(types)
        kind = types["a"].dtype if "a" in types and types["a"].rank else None
        drawn = np.dtype(dtype) if kind is None or name != "choice" else kind
        return ArrayType(drawn, (), "either") if found == () else array(drawn, found)

    def given(xs: Any, names: tuple[str, ...]) -> Given:
        fixed = {n: float(d) for n, d in defaults.items() if d}
        return {**fixed, **dict(zip(names, xs[1:], strict=True))}

    def partial(parameter: str) -> Partial:
        if parameter not in partials:
            instead = "draw standard numbers, and shift and scale them"
            raise UnsupportedCall(f"a derivative of draws of {name} by {parameter}", instead)
        return partials[parameter]

    def tangent(y: Any, xs: Any, dots: Any, names: tuple[str, ...], positional: int) -> Any:
        p = given(xs, names)
        found = [times(d, partial(n)(y, p)) for n, d in zip(names, dots[1:], strict=True) if d is not None]
        return spread(reduce(add, found), y) if found else None

    def adjoint(g: Any, y: Any, xs: Any, active: Any, names: tuple[str, ...], positional: int) -> Any:
        p = given(xs, names)
        rows = zip(names, xs[1:], active[1:], strict=True)
        return (None, *(fit(times(g, partial(n)(y, p)), x) if a else None for n, x, a in rows))

    names = (*defaults, "size")
    add_draw(name, names, tuple(partials), type_rule, tangent, adjoint, dtype is int and name != "choice")


def drawn_shape(types: Mapping[str, Type]) -> Shape | None:
    """The shape of draws: their size, or that of the parameters together."""
    size = types.get("size", NONE)
    if size == NONE:
        shapes = [t.shape for n, t in types.items() if n != "size" and t.is_numeric]
        return broadcast_shapes(*shapes) if shapes else ()
    return lengths(size)


def lengths(size: Type) -> Shape | None:
    """The shape that a size says."""
    if size.is_container:
        return tuple(map(_length, size.items))
    return (_length(size),) if size.rank == 0 else None


def _length(t: Type) -> Dim:
    return new_dim("k") if t.size is None else t.size


def _of_size(types: Mapping[str, Type]) -> Shape | None:
    return lengths(types["size"]) if types.get("size", NONE) != NONE else ()


def _of_lengths(types: Mapping[str, Type]) -> Shape | None:
    return tuple(_length(t) for n, t in types.items() if n != "size")


def _of_vectors(name: str) -> Shaped:
    def shape(types: Mapping[str, Type]) -> Shape | None:
        one = types[name].shape if types[name].is_numeric else (len(types[name].keys),)
        many = _of_size(types)
        return None if one is None or many is None else (*many, *one[:1])

    return shape


def _one(y: Quantity, p: Given) -> Quantity:
    return 1.0


def _standardised(y: Quantity, p: Given) -> Quantity:
    return (y - p["loc"]) / p["scale"]


def _by_scale(y: Quantity, p: Given) -> Quantity:
    return y / p["scale"]


for _name in ("normal", "laplace", "logistic", "gumbel"):
    distribution(_name, "loc=0.0 scale=1.0", loc=_one, scale=_standardised)
for _name in ("exponential", "rayleigh"):
    distribution(_name, "scale=1.0", scale=_by_scale)
distribution("gamma", "shape= scale=1.0", scale=_by_scale)
distribution(
    "uniform",
    "low=0.0 high=1.0",
    low=lambda y, p: (p["high"] - y) / (p["high"] - p["low"]),
    high=lambda y, p: (y - p["low"]) / (p["high"] - p["low"]),
)
distribution(
    "lognormal",
    "mean=0.0 sigma=1.0",
    mean=lambda y, p: y,
    sigma=lambda y, p: y * (np.log(y) - p["mean"]) / p["sigma"],
)
distribution("weibull", "a=", a=lambda y, p: -y * np.log(y) / p["a"])
distribution("pareto", "a=", a=lambda y, p: -(1.0 + y) * np.log1p(y) / p["a"])
distribution("power", "a=", a=lambda y, p: y * np.log(y) * -1.0 / p["a"])
distribution("multivariate_normal", "mean= cov=", shape=_of_vectors("mean"), mean=_one)
for _name in ("standard_normal", "standard_exponential", "standard_cauchy", "random", "random_sample"):
    distribution(_name, "", shape=_of_size)
for _name in ("rand", "randn"):
    distribution(_name, "d0= d1= d2= d3=", shape=_of_lengths)
for _name, _parameters in {
    "beta": "a= b=",
    "chisquare": "df=",
    "f": "dfnum= dfden=",
    "standard_gamma": "shape=",
    "standard_t": "df=",
    "triangular": "left= mode= right=",
    "vonmises": "mu= kappa=",
    "wald": "mean= scale=",
    "noncentral_chisquare": "df= nonc=",
}.items():
    distribution(_name, _parameters)
distribution("dirichlet", "alpha=", shape=_of_vectors("alpha"))
for _name, _parameters in {
    "poisson": "lam=1.0",
    "binomial": "n= p=",
    "geometric": "p=",
    "negative_binomial": "n= p=",
    "hypergeometric": "ngood= nbad= nsample=",
    "logseries": "p=",
    "zipf": "a=",
    "integers": "low= high=",
    "randint": "low= high=",
}.items():
    distribution(_name, _parameters, int)
distribution("multinomial", "n= pvals=", int, shape=_of_vectors("pvals"))
distribution("choice", "a=", int, shape=_of_size)
distribution("permutation", "x=", int, shape=lambda types: types["x"].shape or (_length(types["x"]),))
