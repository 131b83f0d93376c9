"""Frozen distributions of scipy.stats: `norm(mu, sigma)` is the distribution, with its parameters, for a method to take.

Made in the function it is an object of SciPy's class that holds these; made outside it is read. Its methods are those
of the distribution itself.
"""

from __future__ import annotations

import sys
from types import FunctionType
from typing import Any

import gast

from s2sad.frontend.dependencies import Variable
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import Meaning, meaning
from s2sad.frontend.terms.terms import Constant, Record, Term
from s2sad.ir.definition import has_rule
from s2sad.ir.late import LATE
from s2sad.ir.values import constant


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
    found = frozen.value
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


def _register() -> None:
    """Give the distributions their meaning, and all methods of the classes of frozen ones."""
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


LATE["scipy.stats.distributions"] = _register
