"""Random numbers: what a generator draws is data, drawn once, where the program runs forward.

    z = rng.normal(mu, sigma, size=n)       z_dot = mu_dot + sigma_dot * (z - mu) / sigma

A draw moves with the location and scale of its distribution as the same underlying numbers would have moved it: the
derivative along the path (Glasserman, Monte Carlo Methods in Financial Engineering (2003), section 7.2). It moves with
the shape such that its place in the distribution stays, F(z, a) = u: z_dot = -F_a(z, a) / F_z(z, a) * a_dot (Figurnov,
Mohamed and Mnih, Implicit reparameterization gradients, 2018), whatever the generator rejects on its way. Draws are
never repeated, and the generator is left in the state in which the function leaves it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
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
    name: str,
    parameters: str,
    dtype: type = float,
    shape: Shaped | None = None,
    mixed: bool = False,
    function: Callable[..., Any] | None = None,
    **partials: Partial,
) -> None:
    """A row: the parameters with their defaults, and the partial derivatives of a draw by those that have one.

    Where a draw is `mixed`, a number of it moves with all numbers of its one parameter, of a distribution on a simplex.
    A `function` draws by itself; else `name` is a method of generators.
    """
    defaults = dict(p.partition("=")[::2] for p in parameters.split())
    # `shape` is what the result has too
    partials = {n.rstrip("_"): p for n, p in partials.items()}

    def type_rule(stream: Type, /, *values: Type, names: tuple[str, ...], positional: int) -> Type:
        types = dict(zip(names, values, strict=True))
        found = (shape or drawn_shape)(types)
        of = types.get(TAKEN_FROM.get(name, ""))
        drawn = of.dtype if of is not None and of.rank else np.dtype(dtype)
        return ArrayType(drawn, (), "either") if found == () else array(drawn, found)

    def given(xs: Any, names: tuple[str, ...]) -> Given:
        fixed = {n: float(d) for n, d in defaults.items() if d}
        return {**fixed, **dict(zip(names, xs[1:], strict=True))}

    def partial(parameter: str) -> Partial:
        if parameter not in partials:
            instead = "draw standard numbers, and shift and scale them"
            if parameter == TAKEN_FROM.get(name):
                instead = f"draw places, x[rng.{name}(len(x))]"
            elif function is not None:
                instead = "the inverse distribution function, ppf, of uniform random numbers"
            raise UnsupportedCall(f"a derivative of draws of {name} by {parameter}", instead)
        return partials[parameter]

    def tangent(y: Any, xs: Any, dots: Any, names: tuple[str, ...], positional: int) -> Any:
        p = given(xs, names)
        found = [times(d, partial(n)(y, p)) for n, d in zip(names, dots[1:], strict=True) if d is not None]
        if mixed:
            return found[0] - y * np.sum(found[0], axis=-1, keepdims=True)
        return spread(reduce(add, found), y) if found else None

    def adjoint(g: Any, y: Any, xs: Any, active: Any, names: tuple[str, ...], positional: int) -> Any:
        p = given(xs, names)
        if mixed and g is not None:
            g = g - np.sum(y * g, axis=-1, keepdims=True)
        rows = zip(names, xs[1:], active[1:], strict=True)
        return (None, *(fit(times(g, partial(n)(y, p)), x) if a else None for n, x, a in rows))

    names = (*defaults, "size", *(() if function is None else ("random_state",)))
    add_draw(
        name, names, tuple(partials), type_rule, tangent, adjoint, dtype is int and name not in TAKEN_FROM, function
    )


TAKEN_FROM = {"choice": "a", "permutation": "x"}
"""Of what takes its numbers from an array, or from the integers below one, the parameter which that is."""


def of_scipy(name: str, rvs: Callable[..., Any], shapes: Sequence[str], continuous: bool) -> None:
    """A row for `rvs` of a distribution of SciPy: by its location and scale."""
    parameters = " ".join(f"{s}=" for s in shapes)
    if continuous:
        distribution(name, f"{parameters} loc=0.0 scale=1.0", function=rvs, loc=one, scale=_standardised)
    else:
        distribution(name, f"{parameters} loc=0.0", int, function=rvs)


def drawn_shape(types: Mapping[str, Type]) -> Shape | None:
    """The shape of draws: their size, or that of the parameters together."""
    size = types.get("size", NONE)
    if size == NONE:
        shapes = [t.shape for n, t in types.items() if n not in ("size", "random_state") and t.is_numeric]
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


def of_vectors(name: str) -> Shaped:
    def shape(types: Mapping[str, Type]) -> Shape | None:
        one = types[name].shape if types[name].is_numeric else (len(types[name].keys),)
        many = _of_size(types)
        return None if one is None or many is None else (*many, *one[:1])

    return shape


def one(y: Quantity, p: Given) -> Quantity:
    return 1.0


def _standardised(y: Quantity, p: Given) -> Quantity:
    return (y - p["loc"]) / p["scale"]


def _by_scale(y: Quantity, p: Given) -> Quantity:
    return y / p["scale"]


def _functions() -> Any:
    """The derivatives of SciPy's distribution functions by their shapes."""
    try:
        return importlib.import_module("s2sad.rules.scipy.cumulative")
    except ImportError:
        raise UnsupportedCall("a derivative of draws by a shape, without SciPy", "install SciPy") from None


def _of_gamma(a: Quantity, z: Quantity) -> Quantity:
    found = _functions()
    return -(found.gamma_by_shape(a, z) / found.gamma_density(a, z))


def _of_beta(a: Quantity, b: Quantity, z: Quantity, first: bool) -> Quantity:
    found = _functions()
    slope = (found.beta_by_first if first else found.beta_by_second)(a, b, z)
    return -(slope / found.beta_density(a, b, z))


def _of_student(n: Quantity, z: Quantity) -> Quantity:
    found = _functions()
    return -(found.student_by_degrees(n, z) / found.student_density(n, z))


def _of_simplex(y: Quantity, p: Given) -> Quantity:
    """How a number of a draw moves with its own parameter, over what is left for the others: its share is beta's."""
    alpha = p["alpha"]
    return _of_beta(alpha, np.sum(alpha) - alpha, y, True) / (1.0 - y)


for _name in ("normal", "laplace", "logistic", "gumbel"):
    distribution(_name, "loc=0.0 scale=1.0", loc=one, scale=_standardised)
for _name in ("exponential", "rayleigh"):
    distribution(_name, "scale=1.0", scale=_by_scale)
distribution(
    "gamma",
    "shape= scale=1.0",
    scale=_by_scale,
    shape_=lambda y, p: p["scale"] * _of_gamma(p["shape"], y / p["scale"]),
)
distribution("standard_gamma", "shape=", shape_=lambda y, p: _of_gamma(p["shape"], y))
distribution("chisquare", "df=", df=lambda y, p: _of_gamma(0.5 * p["df"], 0.5 * y))
distribution("standard_t", "df=", df=lambda y, p: _of_student(p["df"], y))
distribution(
    "beta",
    "a= b=",
    a=lambda y, p: _of_beta(p["a"], p["b"], y, True),
    b=lambda y, p: _of_beta(p["a"], p["b"], y, False),
)
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
distribution("multivariate_normal", "mean= cov=", shape=of_vectors("mean"), mean=one)
for _name in ("standard_normal", "standard_exponential", "standard_cauchy", "random", "random_sample"):
    distribution(_name, "", shape=_of_size)
for _name in ("rand", "randn"):
    distribution(_name, "d0= d1= d2= d3=", shape=_of_lengths)
for _name, _parameters in {
    "f": "dfnum= dfden=",
    "triangular": "left= mode= right=",
    "vonmises": "mu= kappa=",
    "wald": "mean= scale=",
    "noncentral_chisquare": "df= nonc=",
}.items():
    distribution(_name, _parameters)
distribution("dirichlet", "alpha=", shape=of_vectors("alpha"), mixed=True, alpha=_of_simplex)
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
distribution("multinomial", "n= pvals=", int, shape=of_vectors("pvals"))
distribution("choice", "a=", int, shape=_of_size)
distribution("permutation", "x=", int, shape=lambda types: types["x"].shape or (_length(types["x"]),))
