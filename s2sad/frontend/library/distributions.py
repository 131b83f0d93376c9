"""Objects of scipy.stats: distributions with their parameters, and results that have names.

`norm(mu, sigma)` made in the function is an object of SciPy's class that holds the parameters; made outside it is read.
Its methods are those of the distribution itself. A result, such as that of `linregress`, is a NamedTuple.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from types import FunctionType
from typing import Any

import gast
import numpy as np

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.frontend.dependencies import Variable
from s2sad.frontend.library.random import drawn
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import Meaning, meaning
from s2sad.frontend.terms.terms import Record, Term, is_none
from s2sad.ir.definition import has_rule
from s2sad.ir.late import when_imported
from s2sad.ir.primitives.draws import draw_of
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
        draw = draw_of(f"scipy.stats.{getattr(own, 'name', 'multivariate_normal')}.rvs") if name == "rvs" else None
        if draw is not None:
            # by name: the parameters of the distribution stand first
            keywords = {**dict(zip(("size", "random_state"), rest, strict=False)), **keywords}
            rest = []
        if not has_rule(function) and draw is None:
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


def _drawing(name: str) -> Meaning:
    """`rvs` of a distribution: a draw."""

    def called(lowering: Lowering, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        return drawn(lowering, constant(None), name, arguments, keywords, node)

    return called


def _result(
    function: Any,
    cls: Any,
    text: Any,
    names: str,
    numbers: str = "",
    options: Mapping[str, object] | None = None,
    left_out: str = "",
) -> None:
    """A function of vectors whose result is of this class: what the text gives.

    `numbers` are parameters that are numbers, `options` are those that are known, with what they are where not given;
    vectors that may be `left_out` are None there.
    """

    def called(lowering: Lowering, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
        places = list(inspect.signature(function).parameters)
        given = {**dict(zip(places, arguments, strict=False)), **keywords}
        name = f"scipy.stats.{function.__name__}"
        wanted = {*names.split(), *numbers.split()}
        if given.keys() - (options or {}).keys() | {*left_out.split()} != wanted | {*left_out.split()}:
            lowering.refuse(node, f"{name} with further arguments", "leave them out", UnsupportedCall)
        vectors = [n for n in names.split() if n in given and not is_none(given[n])]
        values = {n: lowering.to_operand(lowering.as_array_term(given[n])) for n in vectors}
        if any(v.type.rank != 1 for v in values.values()):
            lowering.refuse(node, f"{name} of arrays that are no vectors", "call it for each", UnsupportedType)
        none = dict.fromkeys(left_out.split(), constant(None))
        bound: dict[str, Term] = {**none, **values, **{n: given[n] for n in numbers.split()}}
        for option, default in (options or {}).items():
            bound[option] = constant(lowering.static(given[option], node) if option in given else default)
        items = lowering.sequence(lowering.synthetic(text, bound, node), node)
        fields: tuple[str, ...] = cls._fields
        return Record(cls, dict(zip(fields, items, strict=True)))

    meaning(function)(called)


def _register_results() -> None:
    from s2sad.frontend.library import scipy_in_python as texts

    stats = sys.modules["scipy.stats"]
    private = _private()
    _result(stats.mode, private.ModeResult, texts.mode_, "a")
    _result(stats.pearsonr, private.PearsonRResult, texts.pearsonr_, "x y")
    _result(stats.linregress, private.LinregressResult, texts.linregress_, "x y")
    student = private.TtestResult
    _result(stats.ttest_1samp, student, texts.ttest_1samp_, "a", "popmean", {"alternative": "two-sided"})
    _result(stats.ttest_rel, student, texts.ttest_rel_, "a b", options={"alternative": "two-sided"})
    _result(stats.ttest_ind, student, texts.ttest_ind_, "a b", options={"equal_var": True, "alternative": "two-sided"})
    _result(stats.jarque_bera, private.SignificanceResult, texts.jarque_bera_, "x")
    divergence = {"ddof": 0}
    _result(stats.chisquare, private.Power_divergenceResult, texts.chisquare_, "f_obs f_exp", "", divergence, "f_exp")
    _result(stats.describe, private.DescribeResult, texts.describe_, "a", options={"ddof": 1})
    meaning(stats.f_oneway)(_of_groups)
    meaning(stats.gaussian_kde)(_kde)
    for name in ("evaluate", "pdf", "logpdf"):
        meaning(getattr(stats.gaussian_kde, name))(_density_of_kde(texts.kde_, name == "logpdf"))


def _of_groups(lowering: Lowering, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
    """`f_oneway(a, b, c)`: all samples one behind the other, with the number of the sample of each."""
    samples = [lowering.to_operand(lowering.as_array_term(a)) for a in arguments]
    if keywords or any(s.type.rank != 1 for s in samples):
        lowering.refuse(node, "scipy.stats.f_oneway of other than vectors", "call it for each", UnsupportedCall)
    groups = lowering.new(list, list(samples))
    from s2sad.frontend.library import scipy_in_python as texts

    found = lowering.sequence(lowering.synthetic(texts.f_oneway_, {"samples": groups}, node), node)
    return Record(_private().F_onewayResult, dict(zip(("statistic", "pvalue"), found, strict=True)))


def _private() -> Any:
    return sys.modules["scipy.stats._stats_py"]


def _kde(lowering: Lowering, arguments: list[Term], keywords: dict[str, Term], node: gast.AST) -> Term:
    """`gaussian_kde(data)`: the data, and how wide the kernels are."""
    given = {**dict(zip(("dataset", "bw_method", "weights"), arguments, strict=False)), **keywords}
    none: Term = constant(None)
    width = given.get("bw_method", none)
    if isinstance(width, Constant) and isinstance(width.value, str):
        if width.value not in ("scott", "silverman"):
            lowering.refuse(node, f"scipy.stats.gaussian_kde with bw_method={width.value!r}", "give a number")
        width = none if width.value == "scott" else width
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
    for name, distribution in vars(sys.modules["scipy.stats"]).items():
        own = f"scipy.stats.{name}.rvs"
        if draw_of(own) is not None:
            meaning(distribution.rvs)(_drawing(own))
    methods = {f: n for c in frozen for n, f in vars(c).items() if isinstance(f, FunctionType) and n[0] != "_"}
    for function, name in methods.items():
        meaning(function)(_method(name))


when_imported("scipy.stats.distributions", _register)
