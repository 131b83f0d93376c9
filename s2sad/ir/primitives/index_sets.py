"""The operations of a program of patterns: functions of `ir.sets`, on arrays of sets in the place of tangents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from s2sad.ir import sets
from s2sad.ir.broadcasting import broadcast_shapes
from s2sad.ir.primitive import PRIMITIVES, Primitive, register
from s2sad.ir.types import Type, array
from s2sad.ir.values import Apply, Operand

FLOAT = np.dtype(float)


def _register(function: Callable[..., Any], type_rule: Callable[..., Type]) -> Primitive:
    return register(Primitive(f"s2sad.ir.sets.{function.__name__}", function, type_rule))


def _along_type(x: Type, /, axis: Any = None, keepdims: bool = False) -> Type:
    return PRIMITIVES["np.sum"].result_type((x,), {"axis": axis, "keepdims": keepdims})


def _product_type(a: Type, b: Type, /, left: bool) -> Type:
    return PRIMITIVES["np.matmul"].result_type((a, b), {})


def _through_type(name: str, flags: Sequence[bool], *operands: Type, numbers: str | None = None, **static: Any) -> Type:
    return PRIMITIVES[name].result_type(operands, static)


UNION = _register(sets.union, lambda *arrays, over=0: array(FLOAT, broadcast_shapes(*(t.shape for t in arrays))))
UNION_ALONG = _register(sets.union_along, _along_type)
PRODUCT = _register(sets.product, _product_type)
ADDED_AT = _register(sets.added_at, lambda x, index, more, /: x)
EVERYWHERE = _register(sets.everywhere, lambda like, /, *arrays: like)
THROUGH = _register(sets.through, _through_type)


def measured(op: Apply) -> Sequence[Operand]:
    """The operands of which the shape alone counts for what an operation gives."""
    static: Any = op.static
    match op.primitive:
        case p if p is UNION:
            return op.operands[len(op.operands) - static.get("over", 0) :]
        case p if p is EVERYWHERE:
            return op.operands[:1]
        case p if p is PRODUCT:
            return (op.operands[1 if static["left"] else 0],)
        case p if p is THROUGH:
            factors = (o for o, f in zip(op.operands, static["flags"], strict=True) if not f)
            return [o for o in factors if o.type.dtype is not None and o.type.dtype.kind in "fc"]
        case p if p.measures or p.blank:
            return op.operands
    return ()
