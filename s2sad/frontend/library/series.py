"""Objects of numpy.polynomial: a series with its coefficients, the interval it is of, and that of its functions.

p = Chebyshev(c)         an object of NumPy's class that holds the coefficients, the domain and the window
p(x)                     chebval(x, c), where the domain is the window
p.deriv()                Chebyshev(chebder(c))
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

import gast
import numpy as np
from numpy.polynomial._polybase import ABCPolyBase

from s2sad.errors import UnsupportedCall
from s2sad.frontend.dependencies import Variable
from s2sad.frontend.library import in_python
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import meaning
from s2sad.frontend.terms.terms import Record, Term, is_none
from s2sad.ir.values import Constant, Operand, constant

MODULES = {
    np.polynomial.Polynomial: (np.polynomial.polynomial, "poly"),
    np.polynomial.Chebyshev: (np.polynomial.chebyshev, "cheb"),
    np.polynomial.Legendre: (np.polynomial.legendre, "leg"),
    np.polynomial.Laguerre: (np.polynomial.laguerre, "lag"),
    np.polynomial.Hermite: (np.polynomial.hermite, "herm"),
    np.polynomial.HermiteE: (np.polynomial.hermite_e, "herme"),
}


def _array(lowering: Lowering, term: Term) -> Operand:
    return lowering.to_operand(lowering.as_array_term(term))


def _function(cls: Any, name: str) -> Term:
    module, prefix = MODULES[cls]
    return constant(getattr(module, prefix + name))


def _ends(lowering: Lowering, term: Term | None, cls: Any, name: str, node: gast.AST) -> Term:
    """The two ends of an interval, those of the class where none is given."""
    if term is None or is_none(term):
        return tuple(constant(float(e)) for e in getattr(cls, name))
    low, high = lowering.sequence(term, node)
    return (low, high)


def _maker(cls: Any) -> Any:
    def made(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        found = {**dict(zip(("coef", "domain", "window", "symbol"), args, strict=False)), **kw}
        domain, window = (_ends(lowering, found.get(n), cls, n, node) for n in ("domain", "window"))
        found.get("symbol")
        return _series(cls, _array(lowering, found["coef"]), domain, window)

    return made


def _series(cls: Any, coef: Term, domain: Term, window: Term) -> Record:
    return Record(cls, {"coef": coef, "domain": domain, "window": window})


def _parts(lowering: Lowering, term: Term, node: gast.AST) -> Record | None:
    """A series by what it holds; one that was made outside is read."""
    opened = lowering.open(term)
    if isinstance(opened, Record) and issubclass(opened.cls, ABCPolyBase):
        return opened
    if not isinstance(opened, Constant) or not isinstance(opened.value, ABCPolyBase):
        return None
    found: Any = opened.value
    coef = lowering.captured_term(Variable(found, "coef"), found.coef)
    domain, window = (tuple(constant(float(e)) for e in getattr(found, n)) for n in ("domain", "window"))
    return _series(type(found), coef, domain, window)


def _alike(one: Any, other: Any) -> bool:
    """Whether two intervals are known to be the same."""
    pairs = [(p, q) for p, q in zip(one, other, strict=True) if isinstance(p, Constant) and isinstance(q, Constant)]
    return len(pairs) == len(one) and all(p.value == q.value for p, q in pairs)


def _mapped(lowering: Lowering, x: Term, old: Term, new: Term, node: gast.AST) -> Term:
    """A place of one interval as that of another."""
    (a, b), (c, d) = (lowering.sequence(t, node) for t in (old, new))
    if _alike((a, b), (c, d)):
        return x
    return lowering.synthetic(in_python.mapped_, {"x": _array(lowering, x), "a": a, "b": b, "c": c, "d": d}, node)


def _stretch(lowering: Lowering, series: Record, node: gast.AST) -> Term:
    """By how much the window is longer than the domain."""
    (a, b), (c, d) = (lowering.sequence(series.items[n], node) for n in ("domain", "window"))
    if _alike((a, b), (c, d)):
        return constant(1.0)
    return lowering.synthetic(in_python.stretch_, {"a": a, "b": b, "c": c, "d": d}, node)


def _named(names: str, args: list[Term], kw: dict[str, Term]) -> dict[str, Term]:
    return {**dict(zip(names.split(), args, strict=False)), **kw}


@meaning(ABCPolyBase.__call__)
def _value(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term | None:
    series = _parts(lowering, args[0], node)
    if series is None:
        return None
    x = _mapped(lowering, args[1], series.items["domain"], series.items["window"], node)
    return lowering.call(_function(series.cls, "val"), [x, series.items["coef"]], {}, node, None)


@meaning(ABCPolyBase.deriv)
def _derivative(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term | None:
    series = _parts(lowering, args[0], node)
    if series is None:
        return None
    m = _named("m", args[1:], kw).get("m", constant(1))
    found = lowering.call(_function(series.cls, "der"), [series.items["coef"], m], {}, node, None)
    return _rescaled(lowering, series, found, m, node, divided=False)


def _rescaled(lowering: Lowering, series: Record, found: Term, m: Term, node: gast.AST, divided: bool) -> Record:
    """A derivative or integral by the place in the window as one by that in the domain."""
    stretch = _stretch(lowering, series, node)
    if not (isinstance(stretch, Constant) and stretch.value == 1.0):
        factor = lowering.apply(np.power, [lowering.to_operand(stretch), constant(float(lowering.static(m, node)))])
        found = lowering.apply(np.divide if divided else np.multiply, [lowering.to_operand(found), factor])
    return _series(series.cls, found, series.items["domain"], series.items["window"])


@meaning(ABCPolyBase.integ)
def _integral(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term | None:
    series = _parts(lowering, args[0], node)
    given = _named("m k lbnd", args[1:], kw)
    if series is None:
        return None
    m, k, low = (given.get(n) for n in ("m", "k", "lbnd"))
    if m is not None and lowering.static(m, node) != 1:
        lowering.refuse(node, "the integral of a series, several times", "call integ once for each", UnsupportedCall)
    more = {} if low is None or is_none(low) else {"lbnd": low}
    if more:
        more["lbnd"] = _mapped(lowering, more["lbnd"], series.items["domain"], series.items["window"], node)
    if k is not None and not is_none(k):
        lowering.refuse(node, "the integral of a series with a constant", "add the constant", UnsupportedCall)
    found = lowering.call(_function(series.cls, "int"), [series.items["coef"]], more, node, None)
    return _rescaled(lowering, series, found, constant(1), node, divided=True)


@meaning(ABCPolyBase.roots)
def _roots(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term | None:
    series = _parts(lowering, args[0], node)
    if series is None:
        return None
    found = lowering.call(_function(series.cls, "roots"), [series.items["coef"]], {}, node, None)
    return _mapped(lowering, found, series.items["window"], series.items["domain"], node)


@meaning(ABCPolyBase.degree)
def _degree(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term | None:
    series = _parts(lowering, args[0], node)
    if series is None:
        return None
    count = lowering.apply(len, [_array(lowering, series.items["coef"])])
    return lowering.apply(np.subtract, [count, constant(1)])


@meaning(vars(ABCPolyBase)["fit"].__func__)
def _fit(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term | None:
    """`Chebyshev.fit(x, y, deg)`: of the interval of the places, or that which is given."""
    cls: Any = args[0].value if isinstance(args[0], Constant) else None
    given = _named("x y deg domain rcond full w window symbol", args[1:], kw)
    window = _ends(lowering, given.get("window"), cls, "window", node)
    x, domain = _array(lowering, given["x"]), given.get("domain")
    if domain is None or is_none(domain):
        domain = (lowering.apply(np.min, [x]), lowering.apply(np.max, [x]))
    more: dict[str, Term] = {n: given[n] for n in ("rcond", "full", "w") if n in given}
    places = _mapped(lowering, x, domain, window, node)
    coef = lowering.call(_function(cls, "fit"), [places, given["y"], given["deg"]], more, node, None)
    return _series(cls, coef, domain, window)


def _arithmetic(name: str, text: Any, function: Any) -> None:
    """An operator: of two series of the same kind by a text, of one and a number by a function of its coefficients."""

    def called(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term | None:
        own, other = _parts(lowering, args[0], node), _parts(lowering, args[1], node)
        if own is None:
            return None
        domain, window = own.items["domain"], own.items["window"]
        if other is None:
            if function is None:
                lowering.refuse(node, "a series and a number", "write it with coefficients", UnsupportedCall)
            coef = lowering.apply(function, [_array(lowering, own.items["coef"]), _array(lowering, args[1])])
            return _series(own.cls, coef, domain, window)
        alike = own.cls is other.cls and all(_alike(own.items[n], other.items[n]) for n in ("domain", "window"))
        if not alike or text is None or (name in ("__mul__", "__rmul__") and own.cls is not np.polynomial.Polynomial):
            lowering.refuse(node, f"{name} of two series", "compute with their values", UnsupportedCall)
        coefs = [_array(lowering, s.items["coef"]) for s in (own, other)]
        return _series(own.cls, lowering.synthetic(text, dict(zip("ab", coefs, strict=True)), node), domain, window)

    operator = getattr(ABCPolyBase, name)
    assert isinstance(operator, FunctionType)
    meaning(operator)(called)


for _name, _text, _of_number in (
    ("__add__", in_python.added_, None),
    ("__sub__", in_python.subtracted_, None),
    ("__mul__", in_python.convolved_, np.multiply),
    ("__rmul__", in_python.convolved_, np.multiply),
    ("__truediv__", None, np.divide),
):
    _arithmetic(_name, _text, _of_number)
for _cls in MODULES:
    meaning(_cls)(_maker(_cls))
