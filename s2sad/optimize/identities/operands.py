"""What the identities ask of operands."""

from __future__ import annotations

from typing import TypeGuard

import numpy as np

from s2sad.ir.doubt import has_its_dtype
from s2sad.ir.types import Type, same_dtype
from s2sad.ir.values import Apply, Constant, Operand, Operation, Value


def is_number(operand: Operand, value: float) -> bool:
    """A literal Python number, not a named constant."""
    return (
        isinstance(operand, Constant)
        and type(operand.value) in (int, float)
        and operand.value == value
        and operand.text is None
    )


def is_literal(operand: Operand) -> bool:
    """A Python number that has no name."""
    return isinstance(operand, Constant) and type(operand.value) in (int, float) and operand.text is None


def is_inexact(operand: Operand) -> bool:
    """Whether an operand holds floating or complex numbers: those do not wrap around."""
    return operand.type.is_inexact


def same_type(a: Type, b: Type) -> bool:
    """The same dtype and shape; a Python float serves where NumPy's is expected."""
    if a == b:
        return True
    if a.is_numeric and b.is_numeric and (not has_its_dtype(b) or has_its_dtype(a)):
        alike = same_dtype(a.dtype, b.dtype) and a.shape is not None and a.shape == b.shape
        return alike and a.is_scalar == b.is_scalar
    return False


def operand_key(o: Operand) -> object:
    return (type(o.value), frozen(o.value), o.text) if isinstance(o, Constant) else o


def frozen(v: object) -> object:
    """A constant as a key, which is equal only to that of the same constant."""
    match v:
        # Slices have no hash before Python 3.12.
        case slice():
            return ("slice", v.start, v.stop, v.step)
        case list() | tuple():
            return (type(v), tuple(map(frozen, v)))
        # By their digits: 0.0 equals -0.0 but is another number, and nan is the same one as nan.
        case float():
            return repr(v)
    return v


def is_unnamed(operand: Operand) -> TypeGuard[Value]:
    """Whether a value may go, as no name of the user's stands for it: that of an adjoint is the compiler's own."""
    return isinstance(operand, Value) and (operand.hint is None or operand.loose or operand.hint.endswith("_bar"))


def shape_of(operand: Operand) -> object:
    return operand.type.shape


def is_zeros(op: Operation | None) -> bool:
    """Whether an operation makes zeros: the adjoint's own, no array of the user's that is filled with numbers."""
    if not isinstance(op, Apply):
        return False
    return op.primitive.zeros and (op.primitive.measures or is_unnamed(op.result))


def dtype_of(operand: Operand) -> np.dtype[np.generic] | None:
    return operand.type.dtype
