"""Python's builtins and the classes of containers, as the lowering meets them in a call.

Each handler takes the lowering, the arguments as terms, and the node; it gives a term.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gast
import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.frontend.terms import (
    Enumerate,
    Range,
    Record,
    Reversed,
    Term,
    Zip,
    is_static,
    static_value,
    to_operand,
)
from s2sad.ir.effects import PRINT
from s2sad.ir.types import ArrayType, ContainerType, SequenceType, StaticType, Type
from s2sad.ir.values import Constant, Operand, Value, constant

if TYPE_CHECKING:
    from s2sad.frontend.expressions import Expressions

Handler = Callable[["Expressions", list[Term], dict[str, Term], gast.AST], Term]


def _range(lo: Expressions, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    parts = [to_operand(lo.builder, a) for a in args]
    start, stop, step = (constant(0), parts[0], constant(1)) if len(parts) == 1 else (*parts, constant(1))[:3]
    return Range(start, stop, step)


def _len(lo: Expressions, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    term = lo.open(args[0])
    if isinstance(term, (tuple, list, dict)):
        return constant(len(term))
    if isinstance(term, Record):
        return constant(len(term.items))
    if is_static(term):
        return constant(len(static_value(term)))
    return lo.apply(len, [to_operand(lo.builder, term)])


def _enumerate(lo: Expressions, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    start = kw.get("start", args[1] if len(args) > 1 else constant(0))
    return Enumerate(args[0], to_operand(lo.builder, start))


def _zip(lo: Expressions, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    return Zip(tuple(args))


def _print(lo: Expressions, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    static = {k: lo.static(v, node) for k, v in kw.items()}
    return lo.builder.apply(PRINT, [to_operand(lo.builder, a) for a in args], static)


def _tuple(lo: Expressions, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    return tuple(lo.sequence(args[0], node)) if args else ()


def _list(lo: Expressions, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    return lo.sequence(args[0], node) if args else []


def _dict(lo: Expressions, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    base = lo.open(args[0]) if args else {}
    if isinstance(base, (tuple, list)):
        base = {lo.static(k, node): v for k, v in (lo.sequence(pair, node) for pair in base)}
    if not isinstance(base, dict):
        lo.refuse(node, "dict() of this", "", UnsupportedType)
    return {**base, **kw}


def _sum(lo: Expressions, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    start = kw.get("start", args[1] if len(args) > 1 else None)
    term = lo.open(args[0])
    if isinstance(term, (Value, Constant)) and isinstance(term.type, ArrayType):
        if term.type.rank is None:
            lo.refuse(node, "sum() of an array of unknown rank", "use np.sum", UnsupportedType)
        total: Term = lo.builder.apply(_primitive(np.sum), [term], {"axis": 0} if (term.type.rank or 0) > 1 else {})
        return total if start is None else lo.apply(np.add, [to_operand(lo.builder, t) for t in (start, total)])
    items = lo.sequence(term, node)
    if start is None:
        if not items:
            return constant(0)
        total, items = items[0], items[1:]
    else:
        total = start
    for item in items:
        total = lo.apply(np.add, [to_operand(lo.builder, t) for t in (total, item)])
    return total


def _extremum(function: Callable[..., Any], reduction: Callable[..., Any]) -> Handler:
    def handler(lo: Expressions, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        if kw:
            lo.refuse(node, f"{function.__name__} with keywords", "leave them out", UnsupportedType)
        if len(args) == 1:
            term = lo.open(args[0])
            if isinstance(term, (Value, Constant)) and isinstance(term.type, ArrayType):
                return lo.apply(reduction, [term])
            args = lo.sequence(term, node)
        operands = [to_operand(lo.builder, a) for a in args]
        if all(isinstance(o, Constant) for o in operands):
            return constant(function(*(o.value for o in operands)))  # type: ignore[union-attr]
        return operands[0] if len(operands) == 1 else lo.apply(function, operands)

    return handler


def _isinstance(lo: Expressions, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    classes = lo.static(args[1], node)
    classes = classes if isinstance(classes, tuple) else (classes,)
    return constant(any(issubclass(_class_of(lo, args[0], node), c) for c in classes))


def _class_of(lo: Expressions, term: Term, node: gast.AST) -> type:
    """The class of the object that a term stands for; an error where the signature does not settle it."""
    if isinstance(term, (tuple, list, dict)):
        return type(term)
    if isinstance(term, Record):
        return term.cls
    if isinstance(term, Constant):
        return type(term.value)
    t: Type | None = term.type if isinstance(term, Value) else None
    if isinstance(t, ContainerType):
        return t.cls
    if isinstance(t, ArrayType) and t.kind == "array":
        return np.ndarray
    if isinstance(t, ArrayType) and t.dtype is not None and t.kind != "any":
        python = {"b": bool, "i": int, "f": float, "c": complex}
        return python[t.dtype.kind] if t.kind == "python" else t.dtype.type
    lo.refuse(node, "the class of this object is not known at compile time", "", UnsupportedType)


def _type(lo: Expressions, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    return constant(_class_of(lo, args[0], node))


def _hasattr(lo: Expressions, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    name = lo.static(args[1], node)
    if isinstance(args[0], Record):
        return constant(name in args[0].items)
    return constant(hasattr(_class_of(lo, args[0], node), name))


def _reversed(lo: Expressions, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
    term = lo.open(args[0])
    return list(reversed(term)) if isinstance(term, (tuple, list)) else Reversed(term)


def _all_any(test_all: bool, function: Callable[..., Any]) -> Handler:
    def handler(lo: Expressions, args: list[Term], kw: dict[str, Term], node: gast.AST) -> Term:
        term = lo.open(args[0])
        if isinstance(term, (Value, Constant)) and isinstance(term.type, ArrayType):
            return lo.apply(function, [term])
        items = lo.sequence(term, node)
        result: Term = constant(test_all)
        for item in reversed(items):
            sides = (lambda r=result: r, lambda i=item: i)
            then, orelse = sides if test_all else reversed(sides)
            result = lo.choose(item, then, orelse, node)
        return result

    return handler


HANDLERS: dict[Any, Handler] = {
    range: _range,
    len: _len,
    enumerate: _enumerate,
    zip: _zip,
    print: _print,
    tuple: _tuple,
    list: _list,
    dict: _dict,
    sum: _sum,
    max: _extremum(max, np.max),
    min: _extremum(min, np.min),
    isinstance: _isinstance,
    type: _type,
    hasattr: _hasattr,
    reversed: _reversed,
    all: _all_any(True, np.all),
    any: _all_any(False, np.any),
}


def _primitive(function: Callable[..., Any]) -> Any:
    from s2sad.ir.primitive import lookup

    primitive = lookup(function)
    assert primitive is not None
    return primitive


PURE: frozenset[Any] = frozenset(
    (abs, bool, bytes, callable, chr, complex, divmod, float, format, frozenset, getattr, hash, int, issubclass)
    + (np.dtype, oct, hex, bin, ord, pow, repr, round, set, slice, sorted, str)
)
"""Functions without effect, which are called at compile time where all their arguments are known."""


def evaluates_at_compile_time(function: Any) -> bool:
    """Whether a function may be called at compile time."""
    return is_hashable(function) and function in PURE


def is_hashable(x: Any) -> bool:
    """Whether an object can be looked up in a table."""
    try:
        hash(x)
    except TypeError:
        return False
    return True


def is_static_type(operand: Operand) -> bool:
    return isinstance(operand.type, StaticType)


def is_sequence(term: Term) -> bool:
    return isinstance(term, Value) and isinstance(term.type, SequenceType)
