"""Arguments that say how a function of NumPy is to compute: written out, or left out where they change nothing.

np.exp(x, dtype=np.float32)        np.exp(x.astype(np.float32))    np.exp(x) where x holds such numbers
np.any(x, where=m)                 np.any(np.where(m, x, False))
np.ravel(a, order="F")             np.ravel(a.T)
np.einsum(a, [0, 1], b, [1])       np.einsum("ab,b", a, b)

What takes another computation has a definition (`rules/numpy/keywords.py`): `np.sum(x, where=m, initial=c)`.
"""

from __future__ import annotations

import inspect
import string
from collections.abc import Callable
from typing import Any

import gast
import numpy as np

from s2sad.errors import UnsupportedCall
from s2sad.frontend.lowering import Lowering
from s2sad.frontend.meanings import Rewritten, keyword, keywords_known
from s2sad.frontend.terms.terms import Term, is_none, is_static_object
from s2sad.ir.primitive import Primitive
from s2sad.ir.values import Constant, constant

Arguments = tuple[list[Term], dict[str, Term]]

LAID_OUT: frozenset[object] = frozenset(
    (np.copy, np.array, np.asarray, np.astype, np.zeros, np.ones, np.full, np.empty)
    + (np.zeros_like, np.ones_like, np.full_like, np.empty_like)
)
"""The functions whose `order` is that of memory, and of no number."""
NEUTRAL: dict[object, bool] = {np.any: False, np.all: True}


def plainly(
    lowering: Lowering, primitive: Primitive, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
) -> Term | None:
    """The call without the arguments that its rule does not know; None where there are none, or one has a meaning."""
    if primitive.function is np.einsum and arguments and not _is_text(lowering, arguments[0]):
        return lowering.call_primitive(primitive, _with_subscripts(lowering, arguments, node), keywords, node, None)
    named = _by_name(primitive, arguments)
    if named is not None:
        arguments, more = named
        keywords = {k: v for k, v in {**more, **keywords}.items() if k != "out" or not is_none(v)}
        return lowering.call_primitive(primitive, arguments, keywords, node, None)
    unknown = {k: v for k, v in keywords.items() if k not in primitive.called.parameters}
    if not unknown or not arguments:
        return None
    rest = {k: v for k, v in keywords.items() if k not in unknown}
    afterwards: list[Callable[[Term], Term]] = []
    for key, meaning in keywords_known():
        if key in unknown:
            rewritten = meaning(lowering, primitive, arguments, {**rest, **unknown}, node)
            if rewritten is None:
                return None
            arguments = rewritten.arguments
            del unknown[key]
            if rewritten.after is not None:
                afterwards.append(rewritten.after)
    if unknown:
        return None
    result = lowering.call_primitive(primitive, arguments, rest, node, None)
    for after in afterwards:
        result = after(result)
    return result


def _by_name(primitive: Primitive, arguments: list[Term]) -> Arguments | None:
    """Arguments by position that the rule takes by name, or does not know; None where there are none."""
    parameters = primitive.called.parameters.values()
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    count = sum(p.kind is not p.KEYWORD_ONLY for p in parameters)
    if len(arguments) <= count:
        return None
    try:
        own = list(inspect.signature(primitive.function).parameters)
    except (TypeError, ValueError):  # it has no signature
        return None
    if len(own) < len(arguments):
        return None
    return arguments[:count], dict(zip(own[count:], arguments[count:], strict=False))


@keyword("subok", "casting")
def _without_effect(
    lowering: Lowering, primitive: Primitive, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
) -> Rewritten:
    return Rewritten(arguments)


@keyword("dtype")
def _dtype(
    lowering: Lowering, primitive: Primitive, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
) -> Rewritten | None:
    if is_none(keywords["dtype"]):
        return Rewritten(arguments)
    dtype = np.dtype(lowering.static(keywords["dtype"], node))
    if dtype.kind not in "fc":
        return None
    if isinstance(primitive.function, np.ufunc):
        return Rewritten([_cast(lowering, a, dtype, node) for a in arguments])
    return None


def _cast(lowering: Lowering, term: Term, dtype: np.dtype[Any], node: gast.AST) -> Term:
    operand = lowering.to_operand(lowering.as_array_term(term))
    t = operand.type
    if t.is_numeric and t.dtype == dtype:
        return operand
    if t.is_numeric and (t.is_scalar or t.rank == 0):
        return lowering.apply_to(dtype.type, [operand], node)
    return lowering.apply_to(np.astype, [operand, constant(dtype)], node)


@keyword("order")
def _order(
    lowering: Lowering, primitive: Primitive, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
) -> Rewritten | None:
    order = lowering.static(keywords["order"], node)
    if primitive.function in LAID_OUT or isinstance(primitive.function, np.ufunc) or order == "C":
        return Rewritten(arguments)
    if order != "F" or primitive.function not in (np.ravel, np.reshape):
        return None

    def turned(term: Term) -> Term:
        return lowering.apply_to(np.transpose, [term], node)

    if primitive.function is np.ravel:
        return Rewritten([turned(arguments[0])])
    shape = lowering.open(arguments[1])
    backwards = tuple(reversed(shape)) if isinstance(shape, (tuple, list)) else shape
    return Rewritten([turned(arguments[0]), backwards], turned)


@keyword("where")
def _where(
    lowering: Lowering, primitive: Primitive, arguments: list[Term], keywords: dict[str, Term], node: gast.AST
) -> Rewritten | None:
    mask = keywords["where"]
    if isinstance(mask, Constant) and mask.value is True:
        return Rewritten(arguments)
    if isinstance(primitive.function, np.ufunc):
        name = primitive.name
        lowering.refuse(node, f"{name} with where= leaves elements unset", "give out= as well", UnsupportedCall)
    if primitive.function not in NEUTRAL:
        return None
    neutral = constant(NEUTRAL[primitive.function])
    return Rewritten([lowering.apply_to(np.where, [mask, arguments[0], neutral], node), *arguments[1:]])


def _is_text(lowering: Lowering, term: Term) -> bool:
    return is_static_object(term) and isinstance(term.value, str)


def _with_subscripts(lowering: Lowering, arguments: list[Term], node: gast.AST) -> list[Term]:
    """`einsum(a, [0, 1], b, [1, 2], [0, 2])`: the labels as text, before the operands."""

    def labels(term: Term) -> str:
        found = [lowering.static(k, node) for k in lowering.sequence(term, node)]
        return "".join("..." if k is Ellipsis else string.ascii_letters[k] for k in found)

    count = len(arguments) // 2
    text = ",".join(labels(arguments[2 * k + 1]) for k in range(count))
    if len(arguments) % 2:
        text += f"->{labels(arguments[-1])}"
    return [constant(text), *arguments[: 2 * count : 2]]
