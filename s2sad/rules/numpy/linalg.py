"""Linear algebra: solve, inv, det, norms.

M. B. Giles, Collected matrix derivative results for forward and reverse mode AD (2008). The matrices may have leading
batch axes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.broadcasting import broadcast_shapes
from s2sad.ir.builder import call, rank_of
from s2sad.ir.dims import Shape
from s2sad.ir.primitive import NotByRule, Sample
from s2sad.ir.types import ArrayType, ContainerType, Type, array
from s2sad.rules.contributions import conjugated, fit
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.literature import GILES
from s2sad.rules.numpy.contractions import products_fit, transposed
from s2sad.rules.numpy.reductions import expanded, nonzero, reduced_shape
from s2sad.rules.promotion import array_types, result_dtype
from s2sad.rules.python.arithmetic import sign
from s2sad.rules.roots import with_square


def matrix(name: str, a: Type) -> tuple[ArrayType, Any, Shape | None]:
    """The operand, the dtype of the results, the shape."""
    (t,) = array_types(name, [a])
    if t.shape is not None and len(t.shape) < 2:
        raise ValueError(f"{name} needs a matrix, not an array of {len(t.shape)} dimensions")
    return t, result_dtype([t], "float"), t.shape


def regular(rng: np.random.Generator, *shape: int) -> Any:
    """A well-conditioned matrix, or a batch of them."""
    return REAL(rng, shape) + 3.0 * np.eye(shape[-2], shape[-1])


def positive(rng: np.random.Generator, *shape: int) -> Any:
    """A symmetric positive definite matrix."""
    a = REAL(rng, shape)
    return a @ np.swapaxes(a, -1, -2) + 2.0 * np.eye(shape[-1])


def positive_samples(rng: np.random.Generator) -> list[Sample]:
    return [Sample((positive(rng, *shape),)) for shape in [(3, 3), (2, 3, 3)]]


def adjointed(x: Any) -> Any:
    """The conjugate transpose: `x.T` for a real matrix."""
    return conjugated(transposed(x))


def is_complex(x: Any) -> bool:
    return conjugated(x) is not x


def real_dtype(dtype: Any) -> Any:
    return None if dtype is None else np.zeros(0, dtype).real.dtype


# solve, inv, det


def _solve_type(a: Type, b: Type, /) -> Type:
    t, _, shape = matrix("np.linalg.solve", a)
    (s,) = array_types("np.linalg.solve", [b])
    dtype = result_dtype([t, s], "float")
    if shape is None or s.shape is None:
        return array(dtype, None)
    if len(s.shape) == 1:
        return array(dtype, (*shape[:-2], *s.shape))
    batch = broadcast_shapes(shape[:-2], s.shape[:-2])
    assert batch is not None
    return array(dtype, (*batch, *s.shape[-2:]))


def _is_vector(b: Any) -> bool:
    """NumPy 2: the right-hand side is a vector only where it has one dimension."""
    rank = rank_of(b)
    if rank is None:
        raise UnsupportedType("the derivative of np.linalg.solve needs the ranks of its operands", "annotate them")
    return rank == 1


def _times(a: Any, y: Any, vector: bool) -> Any:
    """`a @ y`; for many matrices `y` is a vector for each of them where the right-hand side is one."""
    return (a @ y[..., None])[..., 0] if vector and rank_of(a) != 2 else a @ y


def _solved(a: Any, g: Any, vector: bool) -> Any:
    return np.linalg.solve(a, g[..., None])[..., 0] if vector and rank_of(a) != 2 else np.linalg.solve(a, g)


def _solve_tangent(y: Any, xs: Any, dots: Any) -> Any:
    a, b = xs
    right, vector = dots[1], _is_vector(b)
    if dots[0] is not None:
        # A y = b, so A_dot y + A y_dot = b_dot: one more system with the same matrix (Giles).
        moved = _times(dots[0], y, vector)
        right = -moved if right is None else right - moved
        return _solved(a, right, vector)
    return np.linalg.solve(a, right)


def _solve_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    a, b = xs
    vector = _is_vector(b)
    # b_bar = inv(A)' y_bar, A_bar = -b_bar y' (Giles).
    b_bar = _solved(transposed(a), g, vector)
    if not active[0]:
        return (None, fit(b_bar, b))
    if vector:
        outer = np.outer(b_bar, y) if rank_of(a) == 2 else b_bar[..., None] * y[..., None, :]
    else:
        outer = b_bar @ transposed(y)
    return (fit(-outer, a), fit(b_bar, b) if active[1] else None)


rule(
    np.linalg.solve,
    _solve_type,
    tangent=_solve_tangent,
    adjoint=_solve_adjoint,
    fits=products_fit,
    samples=lambda rng: [
        Sample((regular(rng, 3, 3), REAL(rng, (3,)))),
        Sample((regular(rng, 3, 3), REAL(rng, (3, 2)))),
        Sample((regular(rng, 2, 3, 3), REAL(rng, (2, 3, 2)))),
        Sample((regular(rng, 2, 3, 3), REAL(rng, (3, 2)))),
        Sample((regular(rng, 3, 3), REAL(rng, (2, 3, 2)))),
        Sample((regular(rng, 2, 3, 3), REAL(rng, (3,)))),
    ],
    source=GILES,
)


def _inv_type(a: Type, /) -> Type:
    _, dtype, shape = matrix("np.linalg.inv", a)
    return array(dtype, shape)


rule(
    np.linalg.inv,
    _inv_type,
    tangent=lambda y, xs, dots: -(y @ dots[0] @ y),
    adjoint=lambda g, y, xs, active: (-(transposed(y) @ g @ transposed(y)),),
    samples=lambda rng: [Sample((regular(rng, 3, 3),)), Sample((regular(rng, 2, 3, 3),))],
    source=GILES,
)


def _det_type(a: Type, /) -> Type:
    _, dtype, shape = matrix("np.linalg.det", a)
    return array(dtype, None if shape is None else shape[:-2])


def _inverse_transposed(a: Any) -> Any:
    return transposed(np.linalg.inv(a))


def _lifted(g: Any, a: Any) -> Any:
    """A number for each matrix, in the rank of the matrices."""
    return g if rank_of(a) == 2 else np.expand_dims(g, (-1, -2))


def cofactors(a: Any) -> Any:
    """The derivative of np.linalg.det(a) by a, also where that is 0."""
    y = np.linalg.det(a)
    if np.all(y != 0.0):
        return np.expand_dims(y, (-1, -2)) * np.swapaxes(np.linalg.inv(a), -1, -2)
    u, s, vh = np.linalg.svd(a)
    others = np.where(np.eye(a.shape[-1]) == 1.0, 1.0, np.expand_dims(s, -2))
    parts = np.prod(others, axis=-1) * np.expand_dims(np.linalg.det(u) * np.linalg.det(vh), -1)
    return np.conj((u * np.expand_dims(np.conj(parts), -2)) @ vh)


def cofactors_along(a: Any, e: Any) -> Any:
    """The derivative of the cofactors of a in the direction e."""
    u, s, vh = np.linalg.svd(a)
    n = a.shape[-1]
    rows, columns = np.eye(n)[:, None, :], np.eye(n)[None, :, :]
    others = np.where((rows == 1.0) | (columns == 1.0), 1.0, np.expand_dims(s, (-2, -3)))
    pairs = np.where(np.eye(n) == 1.0, 0.0, np.prod(others, axis=-1))
    moved = np.swapaxes(np.conj(u), -1, -2) @ e @ np.conj(np.swapaxes(vh, -1, -2))
    own = np.expand_dims(np.sum(pairs * np.expand_dims(np.diagonal(moved, 0, -2, -1), -2), axis=-1), -2)
    inner = np.where(np.eye(n) == 1.0, own, -pairs * np.swapaxes(moved, -1, -2))
    turned = np.expand_dims(np.linalg.det(u) * np.linalg.det(vh), (-1, -2))
    return turned * (np.conj(u) @ inner @ np.conj(vh))


def _like_matrix(a: Type, *others: Type) -> Type:
    _, _, shape = matrix("np.linalg.det", a)
    return array(result_dtype(array_types("np.linalg.det", [a, *others]), "float"), shape)


def _of_cofactors(a: Any, e: Any) -> Any:
    return call(cofactors_along, a, e)


def _cofactors_along_twice(a: Any, e: Any, f: Any) -> Any:
    """The derivative of the cofactors of a in two directions, where the matrix is regular."""
    x = _inverse_transposed(a)
    ex, fx = transposed(e) @ x, transposed(f) @ x
    one, two, both = (_lifted(np.trace(m, axis1=-2, axis2=-1), a) for m in (ex, fx, ex @ fx))
    return _lifted(np.linalg.det(a), a) * (x @ (ex @ fx + fx @ ex - one * fx - two * ex) + (one * two - both) * x)


def _along_tangent(y: Any, xs: Any, dots: Any) -> Any:
    a, e = xs
    moved = None if dots[1] is None else _of_cofactors(a, dots[1])
    if dots[0] is None:
        return moved
    turned = _cofactors_along_twice(a, e, dots[0])
    return turned if moved is None else turned + moved


def _along_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    # The derivatives of a number are symmetric in their directions.
    a, e = xs
    return (_cofactors_along_twice(a, e, g) if active[0] else None, _of_cofactors(a, g) if active[1] else None)


def _square_samples(rng: np.random.Generator) -> list[Sample]:
    """Regular matrices, and matrices of which the determinant is 0."""
    singular = np.array([[1.0, 2.0], [2.0, 4.0]])
    return [
        Sample((regular(rng, 3, 3),)),
        Sample((regular(rng, 2, 3, 3),)),
        Sample((regular(rng, 1, 1),)),
        Sample((singular,)),
        Sample((np.stack([singular, np.eye(2), np.zeros((2, 2))]),)),
        Sample((np.diag([0.0, 0.0, 2.0]),)),
    ]


rule(
    np.linalg.det,
    _det_type,
    tangent=lambda y, xs, dots: np.sum(call(cofactors, xs[0]) * dots[0], axis=(-2, -1)),
    adjoint=lambda g, y, xs, active: (_lifted(g, xs[0]) * call(cofactors, xs[0]),),
    samples=_square_samples,
    source=GILES,
)
rule(
    cofactors,
    lambda a, /: _like_matrix(a),
    tangent=lambda y, xs, dots: _of_cofactors(xs[0], dots[0]),
    adjoint=lambda g, y, xs, active: (_of_cofactors(xs[0], g),),
    helper=True,
    samples=_square_samples,
)
rule(
    cofactors_along,
    lambda a, e, /: _like_matrix(a, e),
    tangent=_along_tangent,
    adjoint=_along_adjoint,
    helper=True,
    samples=lambda rng: [
        Sample((regular(rng, *shape), REAL(rng, shape))) for shape in [(3, 3), (2, 3, 3), (2, 2), (1, 1)]
    ],
)


def _slogdet_type(a: Type, /) -> Type:
    _, dtype, shape = matrix("np.linalg.slogdet", a)
    sign, logarithm = (array(d, None if shape is None else shape[:-2]) for d in (dtype, real_dtype(dtype)))
    return ContainerType(class_of(np.linalg.slogdet, np.eye(1)), (0, 1), (sign, logarithm))


def class_of(function: Callable[..., Any], *arguments: Any) -> type:
    return type(function(*arguments))


def _slogdet_tangent(y: Any, xs: Any, dots: Any) -> Any:
    # Jacobi's formula: d log det A = tr(inv(A) dA). Its imaginary part turns the sign, its real part is the
    # logarithm's.
    grown = np.sum(_inverse_transposed(xs[0]) * dots[0], axis=(-2, -1))
    return (y[0] * (1j * np.imag(grown)) if is_complex(grown) else None, grown)


def _slogdet_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    """The sign of a complex determinant turns by the imaginary part of what its logarithm grows by."""
    total = g[1]
    if g[0] is not None and is_complex(xs[0]):
        turned = 1j * np.imag(g[0] * y[0])
        total = turned if total is None else total + turned
    return (None if total is None else _lifted(total, xs[0]) * _inverse_transposed(xs[0]),)


rule(
    np.linalg.slogdet,
    _slogdet_type,
    tangent=_slogdet_tangent,
    adjoint=_slogdet_adjoint,
    samples=lambda rng: [
        Sample((regular(rng, 3, 3),)),
        Sample((regular(rng, 2, 3, 3),)),
        Sample((regular(rng, 3, 3) + 1j * REAL(rng, (3, 3)),)),
    ],
    source=GILES,
)


# norms


def _norm_type(x: Type, /, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Type:
    (t,) = array_types("np.linalg.norm", [x])
    if t.shape is not None and _norm_kind(len(t.shape), ord, axis) is None:
        raise NotByRule(f"np.linalg.norm with ord={ord!r}")
    dtype = result_dtype([t], "float")
    return array(real_dtype(dtype), reduced_shape(t.shape, axis, keepdims))


def _norm_kind(rank: int | None, ord: Any, axis: Any) -> str | None:
    """Which norm is meant: "2" (also Frobenius) or "1"; None for others."""
    count = rank if axis is None else len(axis) if isinstance(axis, tuple) else 1
    if ord is None or (ord == "fro" and count == 2) or (ord == 2 and count == 1):
        return "2"
    if count == 1 and ord == 1:
        return "1"
    return None


def _is_sum_of_moduli(x: Any, ord: Any, axis: Any) -> bool:
    kind = _norm_kind(rank_of(x), ord, axis)
    if kind is None:
        raise UnsupportedType(f"np.linalg.norm with ord={ord!r} of an array of unknown rank", "annotate the argument")
    return kind == "1"


def _norm_tangent(y: Any, xs: Any, dots: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if _is_sum_of_moduli(xs[0], ord, axis):
        return np.sum(sign(np.abs(xs[0]), xs[0]) * dots[0], **_along(axis, keepdims))
    return _sum_of_products(xs[0], dots[0], axis, keepdims) / nonzero(y)


def _sum_of_products(x: Any, dot: Any, axis: Any, keepdims: bool) -> Any:
    # Of a complex number the conjugate, as the tangent is the real part.
    return np.sum(conjugated(x) * dot, **_along(axis, keepdims))


def _along(axis: Any, keepdims: bool) -> dict[str, Any]:
    return {**({} if axis is None else {"axis": axis}), **({"keepdims": True} if keepdims else {})}


def _norm_adjoint(
    g: Any, y: Any, xs: Any, active: Any, ord: Any = None, axis: Any = None, keepdims: bool = False
) -> Any:
    if _is_sum_of_moduli(xs[0], ord, axis):
        return (expanded(g, xs[0], axis, keepdims) * sign(np.abs(xs[0]), xs[0]),)
    # At 0, where the norm is least, the derivative is 0: a subgradient.
    return (expanded(g / nonzero(y), xs[0], axis, keepdims) * conjugated(xs[0]),)


def _half_square_tangent(y: Any, xs: Any, dots: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    return None if _is_sum_of_moduli(xs[0], ord, axis) else _sum_of_products(xs[0], dots[0], axis, keepdims)


def _half_square_adjoint(
    g: Any, y: Any, xs: Any, active: Any, ord: Any = None, axis: Any = None, keepdims: bool = False
) -> Any:
    if _is_sum_of_moduli(xs[0], ord, axis):
        return None
    return (expanded(g, xs[0], axis, keepdims) * conjugated(xs[0]),)


rule(
    np.linalg.norm,
    _norm_type,
    tangent=_norm_tangent,
    adjoint=with_square(_norm_adjoint, _half_square_adjoint),
    half_square=_half_square_tangent,
    samples=lambda rng: [
        Sample((REAL(rng, (3,)),)),
        Sample((REAL(rng, (2, 3)),)),
        Sample((REAL(rng, (2, 3)),), {"axis": 1}),
        Sample((REAL(rng, (2, 3)),), {"axis": 0, "keepdims": True}),
        Sample((REAL(rng, (3,)), 1)),
        Sample((REAL(rng, (3,)), 2)),
        Sample((REAL(rng, (2, 3)), "fro")),
    ],
)
