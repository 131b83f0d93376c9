"""What the two modes share: the types of tangents and adjoints, zeros, sums, names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedCall
from s2sad.ir.builder import Builder
from s2sad.ir.primitive import Primitive, lookup, register
from s2sad.ir.structure import MAKE
from s2sad.ir.types import (
    ArrayType,
    ContainerType,
    SequenceType,
    StaticType,
    Type,
    is_active_type,
)
from s2sad.ir.values import Apply, Constant, Operand, Value, constant

Names = Mapping[Value, str]
"""The name of each primal value: the user's own, or v1, v2, ..."""

Path = tuple[object, ...]


def tangent_type(t: Type) -> Type:
    """The type of a tangent or adjoint: the same, but a Python float may be NumPy's."""
    match t:
        case ArrayType(kind="python"):
            return ArrayType(t.dtype, (), "numpy")
        case ContainerType():
            return ContainerType(t.cls, t.keys, tuple(map(tangent_type, t.items)))
        case SequenceType():
            return SequenceType(tangent_type(t.item), t.length)
    return t


def leaf_paths(t: Type) -> Iterator[tuple[Path, Type]]:
    """The paths to the differentiable leaves of a type, with their types."""
    if isinstance(t, ContainerType):
        for key, item in zip(t.keys, t.items, strict=True):
            yield from (((key, *path), leaf) for path, leaf in leaf_paths(item))
    elif is_active_type(t):
        yield (), t


def pick(builder: Builder, container: Operand, *path: object) -> Operand:
    """The item of a container at a path, through containers that were just made."""
    for key in path:
        container = builder.extract(container, key)
    return container


def zero(builder: Builder, operand: Operand) -> Operand:
    """The zero adjoint or tangent of an operand."""
    t = operand.type
    match t:
        case ArrayType():
            if t.is_scalar or isinstance(operand, Constant):
                return constant(0.0) if t.dtype is None or t.dtype.kind != "c" else constant(0j)
            return builder.apply(_rule(np.zeros_like), (operand,))
        case ContainerType():
            items = [zero(builder, builder.extract(operand, key)) for key in t.keys]
            return builder.apply(MAKE, items, {"cls": t.cls, "keys": t.keys})
        case SequenceType():
            return builder.apply(ZERO_ITEMS, (operand,))
        case StaticType():
            return operand
    return constant(None)


def conform(builder: Builder, operand: Operand, t: Type) -> Operand:
    """A tangent or adjoint in the precision of its primal, where it came out as a plain Python number."""
    if isinstance(t, ContainerType) and isinstance(operand, Value):
        items = [builder.extract(operand, key) for key in t.keys]
        made = [conform(builder, i, item) for i, item in zip(items, t.items, strict=True)]
        return operand if made == items else builder.make(t.cls, t.keys, made)
    own = operand.type
    if not isinstance(t, ArrayType) or not isinstance(own, ArrayType) or t.dtype is None or t.kind == "python":
        return operand
    if own.kind == "python" and t.dtype != np.float64 and t.dtype.kind in "fc":
        return builder.call(t.dtype.type, builder.expr(operand)).operand
    return operand


def add(builder: Builder, a: Operand, b: Operand) -> Operand:
    """The sum of two adjoints of one value."""
    t = a.type
    match t:
        case ContainerType():
            items = [add(builder, builder.extract(a, k), builder.extract(b, k)) for k in t.keys]
            return builder.apply(MAKE, items, {"cls": t.cls, "keys": t.keys})
        case SequenceType():
            return builder.apply(ADD_ITEMS, (a, b))
        case StaticType():
            return a
    return builder.apply(_rule(np.add), (a, b))


def as_dots(builder: Builder, operand: Operand, dot: Operand | None) -> Any:
    """The tangent of an operand for a rule: an expression, or a tuple of them for a container."""
    if dot is None:
        return None
    if isinstance(operand.type, ContainerType):
        return tuple(
            builder.expr(builder.extract(dot, k)) if is_active_type(operand.type[k]) else None
            for k in operand.type.keys
        )
    return builder.expr(dot)


def check_rule(op: Apply, rule: Callable[..., Any] | None) -> None:
    """Refuse an active operation without a rule."""
    if rule is None and op.primitive.name not in ("make", "extract"):
        raise UnsupportedCall(
            f"{op.primitive.name} has no derivative rule for this mode",
            "pass constants to it, or give its rule",
            op.location,
        )


def _rule(function: Callable[..., Any]) -> Primitive:
    primitive = lookup(function)
    assert primitive is not None, function
    return primitive


def add_items(a: Any, b: Any) -> Any:
    """The sums of the items of two lists."""
    return [x + y for x, y in zip(a, b, strict=True)]


def zero_items(a: Any) -> Any:
    """A zero for each item of a list."""
    return [np.zeros_like(x) for x in a]


def reversed_items(a: Any) -> Any:
    """A list from its last item to its first."""
    return a[::-1]


ADD_ITEMS = register(
    Primitive(
        "add_items",
        add_items,
        lambda a, b, /: a,
        tangent=lambda y, xs, dots: dots[0] if dots[1] is None else dots[1] if dots[0] is None else _sum_items(*dots),
        adjoint=lambda g, y, xs, active: (g if active[0] else None, g if active[1] else None),
        helper=True,
    )
)
REVERSED_ITEMS: Primitive = register(
    Primitive(
        "reversed_items",
        reversed_items,
        lambda a, /: a,
        tangent=lambda y, xs, dots: _reversed(dots[0]),
        adjoint=lambda g, y, xs, active: (_reversed(g),),
        helper=True,
    )
)
ZERO_ITEMS = register(Primitive("zero_items", zero_items, lambda a, /: a, constant=True, helper=True))


def _reversed(a: Any) -> Any:
    return a.builder.expr(a.builder.apply(REVERSED_ITEMS, (a.operand,)))


def _sum_items(a: Any, b: Any) -> Any:
    return a.builder.expr(a.builder.apply(ADD_ITEMS, (a.operand, b.operand)))
