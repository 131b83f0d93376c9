"""Numbers of a sample: the functions of `statistics`, by the sums that `math.fsum` has exactly."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import gast

from s2sad.errors import UnsupportedCall
from s2sad.frontend.library import in_python
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import Meaning, meaning
from s2sad.frontend.terms.terms import Term


def _of_data(text: Callable[..., object]) -> Meaning:
    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        data, *more = [*args, *kw.values()]
        if more:
            what = f"statistics.{text.__name__.rstrip('_')} of more than data"
            lowering.refuse(node, what, "give the data alone", UnsupportedCall)
        return lowering.synthetic(text, {"data": lowering.as_argument(data)}, node)

    return handler


meaning(statistics.mean, statistics.fmean)(_of_data(in_python.mean_))
meaning(statistics.median)(_of_data(in_python.median_))
meaning(statistics.pvariance)(_of_data(in_python.pvariance_))
meaning(statistics.variance)(_of_data(in_python.variance_))
meaning(statistics.pstdev)(_of_data(in_python.pstdev_))
meaning(statistics.stdev)(_of_data(in_python.stdev_))
