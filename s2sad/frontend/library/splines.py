"""Functions of scipy.interpolate that are an object made and asked at once, as SciPy has them itself.

splev(x, (t, c, k))              BSpline(t, c, k)(x)
griddata(points, values, xi)     LinearNDInterpolator(points, values)(xi)
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

import gast
import numpy as np

from s2sad.errors import UnsupportedCall
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import meaning
from s2sad.frontend.terms.terms import Term
from s2sad.ir.late import when_imported
from s2sad.ir.values import Constant, constant

Text = Callable[..., Any]


def splev_(x: Any, spline: Any, der: Any, ext: Any) -> Any:
    """Where a spline ends it goes on, is zero, or stays."""
    if ext == 1:
        t, k = spline.t, spline.k
        return np.where((x >= t[k]) & (x <= t[-k - 1]), spline(x, der), 0.0)
    if ext == 3:
        t, k = spline.t, spline.k
        return spline(np.clip(x, t[k], t[-k - 1]), der)
    return spline(x, der)


def splint_(a: Any, b: Any, spline: Any) -> Any:
    """The integral of a spline that is zero outside."""
    return spline.integrate(a, b, False)


def splder_(spline: Any, n: Any) -> Any:
    """A derivative, as a tuple again."""
    found = spline.derivative(n)
    return found.t, found.c, found.k


def splantider_(spline: Any, n: Any) -> Any:
    """An antiderivative, as a tuple again."""
    found = spline.antiderivative(n)
    return found.t, found.c, found.k


def polynomial_(curve: Any, x: Any, der: Any) -> Any:
    """The value of a polynomial, or of its derivative."""
    return curve(x) if der == 0 else curve.derivative(x, der)


def pchip_(curve: Any, x: Any, der: Any) -> Any:
    """The value of a piecewise polynomial, or of its derivative."""
    return curve(x, der)


def scattered_(table: Any, xi: Any) -> Any:
    """The values of a table."""
    return table(xi)


def _named(function: Any, arguments: list[Term], keywords: dict[str, Term], node: gast.AST, lowering: Lowering) -> Any:
    """The arguments of a call by the names of the parameters, with the defaults."""
    signature = inspect.signature(function)
    try:
        given = signature.bind(*arguments, **keywords).arguments
    except TypeError as e:
        lowering.refuse(node, f"scipy.interpolate.{function.__name__}: {e}", "", UnsupportedCall)
    parameters = signature.parameters.values()
    return {**{p.name: constant(p.default) for p in parameters if p.default is not p.empty}, **given}


def _is_list(lowering: Lowering, coefficients: Term) -> bool:
    """Whether coefficients are those of a curve: a list of arrays."""
    t = lowering.to_operand(coefficients).type
    return t.is_container and any(i.rank != 0 for i in t.items)


def _of_spline(function: Any, text: Text, names: tuple[str, ...]) -> None:
    """A function of a spline that is given as a tuple, or as an object."""

    def called(lowering: Lowering, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        given = _named(function, arguments, keywords, node, lowering)
        ext = given.get("ext")
        if ext is not None and not (isinstance(ext, Constant) and ext.value in (0, 1, 3)):
            lowering.refuse(node, "scipy.interpolate.splev with this ext", "give 0, 1 or 3", UnsupportedCall)
        bound = {n: lowering.as_array_term(given[n]) for n in names}
        if lowering.library_object(given["tck"]) is not None:
            return lowering.synthetic(text, {**bound, "spline": given["tck"]}, node)
        parts = lowering.sequence(given["tck"], node)
        if len(parts) != 3:
            lowering.refuse(node, f"scipy.interpolate.{function.__name__} of no (t, c, k)", "", UnsupportedCall)
        t, c, k = parts
        columns = lowering.sequence(c, node) if _is_list(lowering, c) else None
        if columns is not None and text in (splder_, splantider_):
            lowering.refuse(
                node, f"scipy.interpolate.{function.__name__} of a curve", "take its columns", UnsupportedCall
            )
        made = constant(sys.modules["scipy.interpolate"].BSpline)
        splines = [lowering.call(made, [t, column, k], {}, node, None) for column in columns or [c]]
        found = [lowering.synthetic(text, {**bound, "spline": spline}, node) for spline in splines]
        return found[0] if columns is None else lowering.new(list, found)

    meaning(function)(called)


def _of_object(function: Any, text: Text, cls: type, own: str, names: tuple[str, ...]) -> None:
    """A function that makes an object of a class, of the arguments `own`, and asks it for values."""

    def called(lowering: Lowering, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        given = _named(function, arguments, keywords, node, lowering)
        made = lowering.call(constant(cls), [given[n] for n in own.split()], {}, node, None)
        return lowering.synthetic(text, {"curve": made, **{n: given[n] for n in names}}, node)

    meaning(function)(called)


def _griddata(lowering: Lowering, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
    """`griddata(points, values, xi)`: a table of scattered points."""
    module: Any = sys.modules["scipy.interpolate"]
    given = _named(module.griddata, arguments, keywords, node, lowering)
    method, points = given["method"], lowering.to_operand(lowering.as_array_term(given["points"]))
    line = points.type.rank == 1
    known = ("linear", "nearest", "cubic") if line else ("linear", "nearest")
    if not isinstance(method, Constant) or method.value not in known:
        shown = "scipy.interpolate.griddata of another method than linear or nearest"
        lowering.refuse(node, shown, "use one of these", UnsupportedCall)
    if line:
        outside = constant("extrapolate") if method.value == "nearest" else given["fill_value"]
        further = {"kind": method, "axis": constant(0), "bounds_error": constant(False), "fill_value": outside}
        table = lowering.call(constant(module.interp1d), [points, given["values"]], further, node, None)
        return lowering.synthetic(scattered_, {"table": table, "xi": given["xi"]}, node)
    further = {"rescale": given["rescale"]}
    if method.value == "linear":
        further["fill_value"] = given["fill_value"]
    cls = module.LinearNDInterpolator if method.value == "linear" else module.NearestNDInterpolator
    table = lowering.call(constant(cls), [given["points"], given["values"]], further, node, None)
    return lowering.synthetic(scattered_, {"table": table, "xi": given["xi"]}, node)


def _register() -> None:
    module: Any = sys.modules["scipy.interpolate"]
    _of_spline(module.splev, splev_, ("x", "der", "ext"))
    _of_spline(module.splint, splint_, ("a", "b"))
    _of_spline(module.splder, splder_, ("n",))
    _of_spline(module.splantider, splantider_, ("n",))
    _of_object(module.krogh_interpolate, polynomial_, module.KroghInterpolator, "xi yi axis", ("x", "der"))
    _of_object(module.barycentric_interpolate, polynomial_, module.BarycentricInterpolator, "xi yi axis", ("x", "der"))
    _of_object(module.pchip_interpolate, pchip_, module.PchipInterpolator, "xi yi axis", ("x", "der"))
    meaning(module.griddata)(_griddata)


when_imported("scipy.interpolate", _register)
