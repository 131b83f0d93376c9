"""Histograms, polynomials and comparisons of NumPy, which are small programs: as the text of `in_python` has them."""

from __future__ import annotations

from collections.abc import Callable

import gast
import numpy as np

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend.library import in_python
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import Meaning, meaning
from s2sad.frontend.terms.terms import Slice, Term, is_none, is_static
from s2sad.ir.primitive import primitive_name
from s2sad.ir.values import Constant, Operand, constant


def _array(lowering: Lowering, term: Term) -> Operand:
    return lowering.to_operand(lowering.as_array_term(term))


def _vector(lowering: Lowering, term: Term, name: str, node: gast.AST) -> Operand:
    x = _array(lowering, term)
    if x.type.rank != 1:
        lowering.refuse(node, f"{name} of an array that is no vector", "give a vector", UnsupportedType)
    return x


def _named(names: tuple[str, ...], args: list[Term], kw: dict[str, Term]) -> dict[str, Term]:
    return {**dict(zip(names, args, strict=False)), **kw}


def _flag(lowering: Lowering, term: Term | None, node: gast.AST) -> Constant:
    return constant(term is not None and not is_none(term) and bool(lowering.static(term, node)))


def _close(function: Callable[..., object]) -> Meaning:
    """`np.isclose` and `np.allclose` within what is known at run time only, as their documentation has them."""

    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term | None:
        found = _named(("a", "b", "rtol", "atol", "equal_nan"), args, kw)
        widths = [found.get("rtol", constant(1e-5)), found.get("atol", constant(1e-8))]
        if all(map(is_static, widths)) or "equal_nan" in found or not {"a", "b"} <= found.keys():
            return None
        arrays = [_array(lowering, found[name]) for name in ("a", "b")]
        bound = dict(zip(("a", "b", "rtol", "atol"), [*arrays, *widths], strict=True))
        close = lowering.synthetic(in_python.close_, bound, node)
        return lowering.apply(np.all, [lowering.to_operand(close)]) if function is np.allclose else close

    return handler


meaning(np.isclose, before_rule=True)(_close(np.isclose))
meaning(np.allclose, before_rule=True)(_close(np.allclose))


@meaning(np.histogram)
def _histogram(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """The numbers, or their weights, counted where they fall; the edges move with the least and the greatest number."""
    found = _named(("a", "bins", "range", "density", "weights"), args, kw)
    bins, limits, density, weights = (found.get(k) for k in ("bins", "range", "density", "weights"))
    if isinstance(bins, Constant) and isinstance(bins.value, str):
        lowering.refuse(
            node, "np.histogram with a rule for its bins", "give their number, or the edges", UnsupportedCall
        )
    a = _array(lowering, found["a"])
    if a.type.rank != 1:
        a = lowering.apply(np.ravel, [a])
    count: Term = constant(10) if bins is None or is_none(bins) else bins
    edges = lowering.to_operand(lowering.as_array_term(count))
    bound: dict[str, Term] = {
        "a": a,
        "bins": count,
        "limits": constant(None) if limits is None else limits,
        "w": constant(None) if weights is None or is_none(weights) else _weights(lowering, weights),
        "of_edges": constant(edges.type.rank == 1),
        "density": _flag(lowering, density, node),
    }
    return lowering.synthetic(in_python.histogram_, bound, node)


def _weights(lowering: Lowering, weights: Term) -> Operand:
    return lowering.apply(np.ravel, [_array(lowering, weights)])


@meaning(np.histogram_bin_edges)
def _bin_edges(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    found = _named(("a", "bins", "range", "weights"), args, kw)
    bins = found.get("bins")
    count = 10 if bins is None else lowering.static(bins, node)
    if not isinstance(count, int):
        lowering.refuse(node, "np.histogram_bin_edges with a rule", "give the number of bins", UnsupportedCall)
    a = _array(lowering, found["a"])
    limits = found.get("range") or constant(None)
    return lowering.synthetic(in_python.edges_, {"a": a, "bins": constant(count), "limits": limits}, node)


@meaning(np.histogram2d)
def _histogram2d(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    found = _named(("x", "y", "bins", "range", "density", "weights"), args, kw)
    return _of_pairs(lowering, found["x"], found["y"], found, node)


@meaning(np.histogramdd)
def _histogramdd(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """Of pairs, the rows of a matrix with two columns."""
    found = _named(("sample", "bins", "range", "density", "weights"), args, kw)
    sample = _array(lowering, found["sample"])
    if sample.type.rank != 2:
        lowering.refuse(node, "np.histogramdd of no matrix", "give a matrix of two columns", UnsupportedType)
    none = constant(None)
    x, y = (lowering.part(sample, (Slice(none, none, none), constant(k))) for k in range(2))
    counts, *edges = lowering.sequence(_of_pairs(lowering, x, y, found, node), node)
    return (counts, tuple(edges))


def _of_pairs(lowering: Lowering, x: Term, y: Term, found: dict[str, Term], node: gast.AST) -> Term:
    bins = found.get("bins")
    counts = 10 if bins is None else lowering.static(bins, node)
    nx, ny = (counts, counts) if isinstance(counts, int) else counts
    if not isinstance(nx, int) or not isinstance(ny, int):
        lowering.refuse(node, "a histogram of pairs with given edges", "give the numbers of bins", UnsupportedCall)
    weights = found.get("weights")
    name = primitive_name(np.histogram2d)
    bound: dict[str, Term] = {
        "x": _vector(lowering, x, name, node),
        "y": _vector(lowering, y, name, node),
        "nx": constant(nx),
        "ny": constant(ny),
        "limits": found.get("range") or constant(None),
        "w": constant(None) if weights is None or is_none(weights) else _weights(lowering, weights),
        "density": _flag(lowering, found.get("density"), node),
    }
    return lowering.synthetic(in_python.histogram2d_, bound, node)


@meaning(np.poly)
def _poly(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    roots = _vector(lowering, _named(("seq_of_zeros",), args, kw)["seq_of_zeros"], primitive_name(np.poly), node)
    return lowering.synthetic(in_python.poly_, {"roots": roots}, node)


@meaning(np.polydiv)
def _polydiv(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    found = _named(("u", "v"), args, kw)
    name = primitive_name(np.polydiv)
    return lowering.synthetic(
        in_python.polydiv_, {k: _vector(lowering, found[k], name, node) for k in ("u", "v")}, node
    )


@meaning(np.trim_zeros)
def _trim_zeros(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    found = _named(("filt", "trim", "axis"), args, kw)
    sides = lowering.static(found["trim"], node).lower() if "trim" in found else "fb"
    if not is_none(found.get("axis")):
        lowering.refuse(node, "np.trim_zeros with an axis", "leave it out", UnsupportedCall)
    bound: dict[str, Term] = {
        "filt": _vector(lowering, found["filt"], primitive_name(np.trim_zeros), node),
        "front": constant("f" in sides),
        "back": constant("b" in sides),
    }
    return lowering.synthetic(in_python.trim_zeros_, bound, node)
