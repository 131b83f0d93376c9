"""Generators of random numbers and their methods, and the functions of `np.random`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import gast
import numpy as np

from s2sad.errors import UnsupportedCall
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import Meaning, MethodCall, meaning, method
from s2sad.frontend.terms.terms import Term
from s2sad.ir.primitives.draws import MAKE_STREAM, SEED, draw_of
from s2sad.ir.values import Operand, constant


def _maker(name: str) -> Meaning:
    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        operands = [lowering.to_operand(a) for a in (*args, *kw.values())]
        return lowering.builder.apply(MAKE_STREAM, operands, {"function": name, "names": tuple(kw)})

    return handler


for _name in (
    "default_rng",
    "Generator",
    "RandomState",
    "PCG64",
    "PCG64DXSM",
    "MT19937",
    "Philox",
    "SFC64",
    "SeedSequence",
):
    meaning(getattr(np.random, _name))(_maker(_name))


@meaning(np.random.seed)
def _seed(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    lowering.builder.apply(SEED, [lowering.to_operand(a) for a in (*args, *kw.values())])
    return constant(None)


def drawn(
    lowering: Lowering, stream: Operand, name: str, args: Sequence[Term], kw: Mapping[str, Term], node: gast.AST
) -> Term:
    """A draw; its arguments by position have the names of the parameters."""
    found = draw_of(name)
    if found is None:
        instead = "draw in front of the function, and pass the numbers"
        lowering.refuse(node, f"{name} of a generator of random numbers", instead, UnsupportedCall)
    if len(args) > len(found.parameters):
        lowering.refuse(node, f"{name} with {len(args)} arguments", "", UnsupportedCall)
    names = (*found.parameters[: len(args)], *kw)
    values = [lowering.to_operand(a) for a in (*args, *kw.values())]
    static = {"names": names, "positional": len(args)}
    return lowering.adopt(lowering.builder.apply(found.primitive, [stream, *values], static))


@method(np.random.Generator)
def _method(lowering: Lowering, call: MethodCall) -> Term:
    stream = lowering.to_operand(call.receiver)
    return drawn(lowering, stream, call.name, call.arguments, call.keywords, call.node)


def _function(name: str) -> Meaning:
    def handler(lowering: Lowering, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        return drawn(lowering, constant(None), name, args, kw, node)

    return handler


_drawing = type(np.random.rand)
for _name in sorted(n for n in dir(np.random) if isinstance(getattr(np.random, n), _drawing)):
    if _name not in ("seed", "get_state", "set_state", "bytes", "default_rng"):
        meaning(getattr(np.random, _name))(_function(_name))
