"""s2sad's own functions inside a function that is differentiated: what is stopped, marked, or done to an adjoint."""

from __future__ import annotations

import gast

from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import meaning
from s2sad.frontend.terms.terms import Checkpointed, Closure, Range, Term
from s2sad.ir.marks import checkpointed
from s2sad.ir.user_rules import adjoint, stop_gradient


@meaning(stop_gradient, before_rule=True)
def _stop_gradient(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    (term,) = (*args, *kw.values())
    return lowering.stopped(term)


@meaning(adjoint)
def _adjoint(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    if len(args) != 2 or not isinstance(args[1], Closure):
        lowering.refuse(node, "adjoint in another form", "write `with s2sad.adjoint(x) as x_bar:`, x being a variable")
    return lowering.with_adjoint(args[0], args[1], node)


@meaning(checkpointed)
def _marked(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    """The range of a marked loop in a function that is differentiated."""
    most = lowering.static(kw["snapshots"], node) if "snapshots" in kw else None
    if not isinstance(most, int) or most < 1:
        lowering.refuse(node, "checkpointed without a number of snapshots", "checkpointed(range(n), snapshots=10)")
    if len(args) != 1 or not isinstance(args[0], Range):
        lowering.refuse(node, "checkpointed of something that is no range", "loop over range(len(xs)), and read xs[t]")
    return Checkpointed(args[0], most)
