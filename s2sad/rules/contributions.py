"""What a rule gives, in the shape and dtype of what it belongs to: a part of an adjoint, or a tangent.

fit(c, x)       a contribution to the adjoint of x: summed over the axes along which x was repeated
spread(c, y)    a tangent of y: repeated where broadcasting repeated it
cast(c, t)      float32 stays float32, and what belongs to a real number is real
"""

from __future__ import annotations

from typing import Any

import numpy as np

from s2sad.ir.builder import Expr, call, known_value, shape_of
from s2sad.ir.containers import FIT
from s2sad.ir.dims import Shape, may_be_one
from s2sad.ir.doubt import has_its_dtype
from s2sad.ir.types import ArrayType, ContainerType, Type, type_of


def times(g: Any, partial: Any) -> Any:
    """`g * partial`, without the multiplication where the partial is 1 or -1."""
    known = known_value(partial)
    # A multiplication by 1 would be left for the optimiser to find, and would round nothing: it is not written at all.
    if known == 1:
        return g
    if known == -1:
        return -g
    return g * partial


def type_in(x: Any) -> Any:
    """The type of an expression or of a number."""
    return x.type if isinstance(x, Expr) else type_of(x)


def conjugated(x: Any) -> Any:
    """The conjugate of what is known to be complex."""
    dtype = x.dtype if isinstance(x, Expr) else np.result_type(x)
    return np.conj(x) if dtype is not None and dtype.kind == "c" else x


def fit(c: Any, x: Any) -> Any:
    """A contribution to the adjoint of `x` in the shape and dtype of `x`: what broadcasting repeated is summed."""
    t = type_in(x)
    if not t.is_numeric:
        return c
    c = _unbroadcast_expr(c, x, t) if isinstance(c, Expr) else unbroadcast(c, x)
    return cast(c[()] if t.is_scalar and isinstance(c, Expr) and c.type.kind == "array" else c, t)


def unbroadcast(g: Any, x: Any) -> Any:
    """Sum `g` over the axes along which `x` was repeated to get the shape of `g`."""
    shape = np.shape(x)
    if np.shape(g) == shape:
        return g
    lead = np.ndim(g) - len(shape)
    axes = tuple(k for k in range(np.ndim(g)) if k < lead or (shape[k - lead] == 1 and np.shape(g)[k] != 1))
    return np.sum(g, axis=axes).reshape(shape)[()] if axes else g


def _unbroadcast_expr(c: Any, x: Any, x_type: ArrayType) -> Any:
    c_shape, x_shape = c.type.shape, x_type.shape
    if c_shape == ():
        return c  # broadcasting never lowers the rank
    if x_shape == ():
        return np.sum(c)
    # Which axes were repeated is seen at run time only, by a helper that does nothing where there is none.
    if c_shape is None or x_shape is None:
        return call(unbroadcast, c, x)
    lead, kept = _repeated_axes(c_shape, x_shape)
    if kept is None:
        return call(unbroadcast, c, x)
    if lead:
        c = np.sum(c, axis=lead[0] if len(lead) == 1 else lead)
    return np.sum(c, axis=kept[0] if len(kept) == 1 else kept, keepdims=True) if kept else c


def _repeated_axes(c: Shape, x: Shape) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    """The leading axes of `c` that `x` has not, and the axes of `x` that were repeated; None where that is unknown."""
    lead = len(c) - len(x)
    pairs = list(zip(c[lead:], x, strict=True))
    # A length that may turn out to be 1 may or may not have been repeated.
    if any(m != n != 1 and may_be_one(n) for m, n in pairs):
        return (), None
    return tuple(range(lead)), tuple(k for k, (m, n) in enumerate(pairs) if n == 1 and m != 1)


def cast(c: Any, t: Type) -> Any:
    """A number or expression in the dtype of `t`: float32 stays float32, what belongs to a real number is real."""
    own = type_in(c)
    if t.dtype is None or own.dtype is None or t.dtype.kind not in "fc":
        return c
    if own.dtype == t.dtype and has_its_dtype(own):
        return c
    # A real number moves along the real axis alone: the imaginary part of its adjoint is nothing to it.
    if t.dtype.kind == "f" and own.dtype.kind == "c":
        return cast(np.real(c), t)
    # Python's numbers are weak in promotion: they take the precision of what they meet.
    if "python" in (t.kind, own.kind):
        return c
    if own.rank is None:  # a number has no `astype`
        return call(np.asarray, c, dtype=t.dtype)
    return call(t.dtype.type, c) if own.is_scalar or own.rank == 0 else np.astype(c, t.dtype)


def real_part(x: Any) -> Any:
    """The real part of what is known to be complex."""
    dtype = x.dtype if isinstance(x, Expr) else np.result_type(x)
    return np.real(x) if dtype is not None and dtype.kind == "c" else x


def real_where(c: Any, x: Any) -> Any:
    """A tangent of `x`, or a contribution to its adjoint: what belongs to real numbers is real, in containers too."""
    if isinstance(c, (tuple, list)):
        t = x.type if isinstance(x, Expr) else x
        items = t.items if isinstance(t, ContainerType) else x
        return tuple(real_where(i, e) for i, e in zip(c, items, strict=True))
    t = x if isinstance(x, Type) else type_in(x)
    real = t.dtype is not None and t.dtype.kind == "f"
    return real_part(c) if c is not None and real else c


def spread(c: Any, y: Any) -> Any:
    """A tangent in the shape and dtype of `y`, repeated where broadcasting repeated it."""
    t = type_in(y)
    return cast(c if t.shape == () or _is_whole(type_in(c).shape, t.shape) else np.broadcast_to(c, shape_of(y)), t)


def _is_whole(c: Shape | None, y: Shape | None) -> bool:
    """Whether nothing of what was broadcast to the shape of `y` was repeated: a length that is not 1 never is."""
    if c is None or y is None or len(c) != len(y):
        return False
    return all(m == n or not may_be_one(m) for m, n in zip(c, y, strict=True))


def unbroadcast_type(g: Type, x: Type, /) -> Type:
    return ArrayType(g.dtype, x.shape, "array" if x.shape else "any")


def repeat_like(y: Any, xs: Any, dots: Any) -> Any:
    return None if dots[0] is None else call(unbroadcast, dots[0], xs[1])


FIT.append(fit)
