"""What the two modes share: the types of tangents and adjoints, zeros, sums, names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import numpy as np

from s2sad.errors import UnsupportedCall
from s2sad.ir.builder import Builder, Expr
from s2sad.ir.containers import EXTRACT, MAKE
from s2sad.ir.doubt import has_its_dtype
from s2sad.ir.types import ArrayType, ContainerType, SequenceType, Type, is_active_type
from s2sad.ir.unruled import refusal_of
from s2sad.ir.user_rules import BlackBox
from s2sad.ir.values import Apply, Constant, Operand, Value, constant

Names = Mapping[Value, str]
"""The name of each primal value: the user's own, or v1, v2, ..."""

Path = tuple[object, ...]


def tangent_type(t: Type) -> Type:
    """The type of a tangent or adjoint: the same, but a Python float may be NumPy's, an array of no axes a number."""
    match t:
        case ArrayType(kind="python" | "either"):
            return ArrayType(t.dtype, (), "numpy", doubtful=t.doubtful)
        case ArrayType(kind="array", shape=()):
            return ArrayType(t.dtype, (), "any", doubtful=t.doubtful)
        case ContainerType():
            return ContainerType(t.cls, t.keys, tuple(map(tangent_type, t.items)))
        case SequenceType():
            return SequenceType(tangent_type(t.item), t.length)
    return t


def leaf_paths(t: Type) -> Iterator[tuple[Path, Type]]:
    """The paths to the differentiable leaves of a type, with their types."""
    if t.is_container:
        for key, item in zip(t.keys, t.items, strict=True):
            yield from (((key, *path), leaf) for path, leaf in leaf_paths(item))
    elif is_active_type(t):
        yield (), t


def pick(builder: Builder, container: Operand, *path: object) -> Operand:
    """The item of a container at a path, through containers that were just made."""
    for key in path:
        container = builder.extract(container, key)
    return container


def conform(builder: Builder, operand: Operand, t: Type) -> Operand:
    """A tangent or adjoint in the dtypes of its primal."""
    if isinstance(t, ContainerType) and isinstance(operand, Value):
        items = [builder.extract(operand, key) for key in t.keys]
        made = [conform(builder, i, item) for i, item in zip(items, t.items, strict=True)]
        # Where no item changed the container is handed on, and what was taken out of it is dead code.
        return operand if made == items else builder.make(t.cls, t.keys, made)
    return in_dtype(builder, operand, t)


def in_dtype(builder: Builder, bar: Operand, t: Type) -> Operand:
    """A tangent or cotangent in the dtype of its primal; containers as they are."""
    own = bar.type
    if not own.is_numeric or not t.is_numeric:
        return bar
    if t.dtype is None or own.dtype is None or (own.dtype == t.dtype and has_its_dtype(own)):
        return bar
    # A Python float has the bits of a float64: there is nothing to convert.
    if own.kind == "python" and own.dtype.kind == "f" and t.dtype == np.float64:
        return bar
    if isinstance(bar, Constant) and isinstance(bar.value, (bool, int)) and t.dtype == np.float64:
        return constant(float(bar.value))
    if t.kind == "python" and not has_its_dtype(own) and own.dtype.kind == t.dtype.kind:
        return bar
    if own.rank is None and t.dtype.kind in "fc":  # a number has no `astype`
        return builder.call(np.asarray, builder.expr(bar), dtype=t.dtype).operand
    # A number is converted by a call of its dtype: `np.astype` takes arrays alone.
    if own.is_scalar or own.rank == 0:
        return builder.call(t.dtype.type, builder.expr(bar)).operand
    return builder.call(np.astype, builder.expr(bar), t.dtype).operand


def in_own_dtype(builder: Builder, bar: Operand, t: Type) -> Operand:
    """A contribution in the dtype of what it belongs to; Python's numbers take that of what they meet."""
    weak = t.kind == "python" or bar.type.kind == "python"
    inexact = t.dtype is not None and t.dtype.kind in "fc"
    return bar if weak or not inexact else in_dtype(builder, bar, t)


Differential: TypeAlias = Expr | tuple[Expr | None, ...] | None
"""The tangent or adjoint of a value for a rule: of a container one for each item, None where it is zero."""


def as_dots(builder: Builder, operand: Operand, dot: Operand | None) -> Differential:
    """The tangent of an operand for a rule: an expression, or a tuple of them for a container."""
    if dot is None:
        return None
    if isinstance(operand.type, ContainerType):
        return tuple(
            builder.expr(builder.extract(dot, k)) if is_active_type(operand.type[k]) else None
            for k in operand.type.keys
        )
    return builder.expr(dot)


def check_rule(op: Apply, rule: Callable[..., object] | None) -> None:
    """Refuse an active operation without a rule."""
    if rule is None and op.primitive not in (MAKE, EXTRACT):
        why = op.primitive.why if isinstance(op.primitive, BlackBox) else None
        if why is not None:
            raise type(why)(why.what, why.instead, op.location)
        known = refusal_of(op.primitive.function)
        raise UnsupportedCall(
            f"{op.primitive.name} has no derivative rule for this mode" + (f": {known.why}" if known else ""),
            known.instead if known else "pass constants to it, or give its rule",
            op.location,
        )
