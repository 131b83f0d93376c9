"""Objects of scipy.stats: distributions with their parameters, and results that have names.

`norm(mu, sigma)` made in the function is an object of SciPy's class that holds the parameters; made outside it is read.
Its methods are those of the distribution itself. A result, such as that of `linregress`, is a NamedTuple.
"""

from __future__ import annotations

import sys
from types import FunctionType
from typing import Any

import gast
import numpy as np

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend.dependencies import Variable
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import Meaning, meaning
from s2sad.frontend.terms.terms import Record, Term
from s2sad.ir.definition import has_rule
from s2sad.ir.late import when_imported
from s2sad.ir.values import Constant, constant


def _making(distribution: Any, cls: type) -> Meaning:
    """What a call of the distribution itself means."""

    def frozen(lowering: Lowering, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        return Record(cls, {"dist": constant(distribution), "args": tuple(arguments), "kwds": dict(keywords)})

    return frozen


def _parts(lowering: Lowering, frozen: Term) -> tuple[Any, Term, Term]:
    """The distribution, the arguments and the keywords of a frozen one; of one from outside, which has a copy of it."""
    if isinstance(frozen, Record):
        dist = frozen.items["dist"]
        assert isinstance(dist, Constant)
        return dist.value, frozen.items["args"], frozen.items["kwds"]
    assert isinstance(frozen, Constant)
    found: Any = frozen.value
    args, kwds = (lowering.captured_term(Variable(found, n), getattr(found, n, None)) for n in ("args", "kwds"))
    own = getattr(sys.modules["scipy.stats"], getattr(found.dist, "name", None) or "", None)
    return own, args, kwds


def _method(name: str) -> Meaning:
    """What a method of frozen distributions means."""

    def called(lowering: Lowering, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        receiver, *rest = arguments
        own, args, kwds = _parts(lowering, lowering.open(receiver))
        function = getattr(own, name, None)
        if not has_rule(function):
            which = getattr(own, "name", None) or type(own).__name__.removesuffix("_gen")
            lowering.refuse(
                node,
                f"there is no derivative rule for {name} of a frozen distribution {which}",
                "write it with functions that have one",
            )
        more = lowering.open(kwds)
        assert isinstance(more, dict)
        return lowering.call(
            constant(function), [*rest, *lowering.sequence(args, node)], {**more, **keywords}, node, None
        )

    return called


def _result(function: Any, cls: type, text: Any, names: tuple[str, ...]) -> None:
    """A function of vectors whose result is of this class: what the text gives."""

    def called(lowering: Lowering, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        given = {**dict(zip(names, arguments, strict=False)), **keywords}
        name = f"scipy.stats.{function.__name__}"
        if given.keys() != set(names):
            lowering.refuse(node, f"{name} with further arguments", "leave them out", UnsupportedCall)
        vectors = {n: lowering.to_operand(lowering.as_array_term(given[n])) for n in names}
        if any(v.type.rank != 1 for v in vectors.values()):
            lowering.refuse(node, f"{name} of arrays that are no vectors", "call it for each", UnsupportedType)
        items = lowering.sequence(lowering.synthetic(text, dict(vectors), node), node)
        fields: tuple[str, ...] = cls._fields  # type: ignore[attr-defined]
        return Record(cls, dict(zip(fields, items, strict=True)))

    meaning(function)(called)


def _register_results() -> None:
    from s2sad.frontend.library import scipy_in_python as texts

    stats = sys.modules["scipy.stats"]
    private: Any = sys.modules["scipy.stats._stats_py"]
    _result(stats.mode, private.ModeResult, texts.mode_, ("a",))
    _result(stats.pearsonr, private.PearsonRResult, texts.pearsonr_, ("x", "y"))
    _result(stats.linregress, private.LinregressResult, texts.linregress_, ("x", "y"))
    meaning(stats.gaussian_kde)(_kde)
    for name in ("evaluate", "pdf", "logpdf"):
        meaning(getattr(stats.gaussian_kde, name))(_density_of_kde(texts.kde_, name == "logpdf"))


def _kde(lowering: Lowering, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
    """`gaussian_kde(data)`: the data, and how wide the kernels are."""
    given = {**dict(zip(("dataset", "bw_method", "weights"), arguments, strict=False)), **keywords}
    none: Term = constant(None)
    width = given.get("bw_method", none)
    if isinstance(width, Constant) and isinstance(width.value, str):
        if width.value != "scott":
            lowering.refuse(node, f"scipy.stats.gaussian_kde with bw_method={width.value!r}", "give a number")
        width = none
    data = lowering.to_operand(lowering.as_array_term(given["dataset"]))
    if data.type.rank != 1:
        lowering.refuse(
            node, "scipy.stats.gaussian_kde of several variables", "write the sum of the kernels", UnsupportedCall
        )
    weights = given.get("weights", none)
    return Record(sys.modules["scipy.stats"].gaussian_kde, {"dataset": data, "factor": width, "weights": weights})


def _density_of_kde(text: Any, logarithm: bool) -> Meaning:
    def called(lowering: Lowering, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term | None:
        receiver, *rest = arguments
        kde = lowering.open(receiver)
        if not isinstance(kde, Record) or keywords or len(rest) != 1:
            return None
        x = lowering.apply(np.atleast_1d, [lowering.to_operand(lowering.as_array_term(rest[0]))])
        bound = {"data": kde.items["dataset"], "x": x, "factor": kde.items["factor"], "w": kde.items["weights"]}
        found = lowering.synthetic(text, bound, node)
        return lowering.apply(np.log, [lowering.to_operand(found)]) if logarithm else found

    return called


def _register() -> None:
    """Give the distributions their meaning, and all methods of the classes of frozen ones."""
    _register_results()
    one = sys.modules["scipy.stats._distn_infrastructure"]
    several = sys.modules["scipy.stats._multivariate"]
    classes = [c for c in (*vars(one).values(), *vars(several).values()) if isinstance(c, type)]
    frozen = [c for c in classes if issubclass(c, (one.rv_frozen, several.multi_rv_frozen))]
    by_name = {c.__name__: c for c in frozen}
    for distribution in vars(sys.modules["scipy.stats"]).values():
        if isinstance(distribution, one.rv_generic):
            continuous = isinstance(distribution, one.rv_continuous)
            cls = one.rv_continuous_frozen if continuous else one.rv_discrete_frozen
            meaning(distribution)(_making(distribution, cls))
        elif isinstance(distribution, several.multi_rv_generic):
            name = type(distribution).__name__.removesuffix("_gen") + "_frozen"
            meaning(distribution)(_making(distribution, by_name.get(name, several.multi_rv_frozen)))
    methods = {f: n for c in frozen for n, f in vars(c).items() if isinstance(f, FunctionType) and n[0] != "_"}
    for function, name in methods.items():
        meaning(function)(_method(name))


when_imported("scipy.stats.distributions", _register)
