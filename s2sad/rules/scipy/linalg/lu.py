"""Triangular factors of a matrix: LU and what is solved with them, and L D L' of a symmetric one.

S. F. Walter & L. Lehmann, Algorithmic differentiation of linear algebra functions (2018): with A = P L U and
M = inv(L) P' A_dot inv(U), L_dot is L times what is below the diagonal of M, U_dot the rest of it times U. Which rows
are exchanged is taken not to change. Of a matrix that is not square what is beyond the square part follows from its
factors. Of a symmetric one M = inv(L) A_dot inv(L)': D_dot is the part of M that D has, what is left moves L.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call, rank_of, shape_of
from s2sad.ir.definition import define
from s2sad.ir.primitive import NotByRule, Sample
from s2sad.ir.types import Type, array, tuple_type
from s2sad.rules.contributions import conjugated, fit
from s2sad.rules.domains import REAL
from s2sad.rules.families import constant, rule
from s2sad.rules.literature import WALTER_LEHMANN
from s2sad.rules.numpy.contractions import transposed
from s2sad.rules.numpy.factorisations import folded, is_square, mirrored
from s2sad.rules.numpy.linalg import adjointed, matrix, positive, real_dtype, regular
from s2sad.rules.numpy.shaping import _least, check_rank
from s2sad.rules.promotion import array_types, result_dtype


def _solved(low: Any, x: Any, **form: Any) -> Any:
    return call(linalg.solve_triangular, low, x, **form)


def _from_left(low: Any, x: Any, back: bool = False) -> Any:
    """inv(L) x, or inv(L') x; also of factors in one array."""
    return _solved(low, x, lower=True, unit_diagonal=True, **({"trans": 1} if back else {}))


def _from_right(x: Any, up: Any, back: bool = False) -> Any:
    """x inv(U), or x inv(U')."""
    return transposed(_solved(up, transposed(x), **({} if back else {"trans": 1})))


def _below(x: Any) -> Any:
    return np.tril(x, -1)


# The factors by themselves


def _lu_type(
    a: Type,
    /,
    permute_l: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
) -> Type:
    if permute_l:
        raise NotByRule("scipy.linalg.lu with permute_l")
    _, dtype, shape = matrix("scipy.linalg.lu", a)
    if shape is None or len(shape) > 2:
        raise NotByRule("scipy.linalg.lu of many matrices")
    m, n = shape
    k = _least(m, n)
    order = array(np.dtype(np.int32), (m,)) if p_indices else array(real_dtype(dtype), (m, m))
    return tuple_type(order, array(dtype, (m, k)), array(dtype, (k, n)))


def _in_order(p: Any, x: Any) -> Any:
    """The rows of `x` in the order in which they are factorised."""
    return x[np.argsort(p)] if rank_of(p) == 1 else transposed(p) @ x


def _as_given(p: Any, x: Any) -> Any:
    return x[p] if rank_of(p) == 1 else p @ x


def _lu_tangent(y: Any, xs: Any, dots: Any, **_: Any) -> Any:
    p, low, up = y
    moved = _in_order(p, dots[0])
    if is_square(xs[0]):
        inner = _from_right(_from_left(low, moved), up)
        return None, low @ _below(inner), np.triu(inner) @ up
    k = shape_of(up)[0]
    square, rest, wide = low[:k], low[k:], up[:, k:]
    inner = _from_right(_from_left(square, moved[:k, :k]), up[:, :k])
    l_dot, u_dot = square @ _below(inner), np.triu(inner) @ up[:, :k]
    below = _from_right(moved[k:, :k] - rest @ u_dot, up[:, :k])
    beside = _from_left(square, moved[:k, k:] - l_dot @ wide)
    return None, call(np.concatenate, [l_dot, below]), call(np.concatenate, [u_dot, beside], axis=1)


def _lu_adjoint(g: Any, y: Any, xs: Any, active: Any, **_: Any) -> Any:
    p, low, up = y
    if g[1] is None and g[2] is None:
        return (None,)
    if is_square(xs[0]):
        inner = None if g[1] is None else _below(transposed(low) @ g[1])
        if g[2] is not None:
            part = np.triu(g[2] @ transposed(up))
            inner = part if inner is None else inner + part
        return (_as_given(p, _from_right(_from_left(low, inner, back=True), up, back=True)),)
    l_bar, u_bar = (np.zeros_like(f) if b is None else b for f, b in zip((low, up), g[1:], strict=True))
    k = shape_of(up)[0]
    square, rest, wide = low[:k], low[k:], up[:, k:]
    below = _from_right(l_bar[k:], up[:, :k], back=True)
    beside = _from_left(square, u_bar[:, k:], back=True)
    inner = _below(transposed(square) @ l_bar[:k] - u_bar[:, k:] @ transposed(wide)) + np.triu(
        u_bar[:, :k] @ transposed(up[:, :k]) - transposed(rest) @ l_bar[k:]
    )
    corner = _from_right(_from_left(square, inner, back=True), up[:, :k], back=True)
    nothing = below[:, :1] @ np.zeros_like(wide[:1])
    rows = [
        call(np.concatenate, [corner, beside], axis=1),
        call(np.concatenate, [below, nothing], axis=1),
    ]
    return (_as_given(p, call(np.concatenate, rows)),)


def _pivoted(rng: np.random.Generator, m: int, n: int) -> Any:
    """A matrix of which the rows are exchanged."""
    return regular(rng, m, n)[::-1].copy()


rule(
    linalg.lu,
    _lu_type,
    tangent=_lu_tangent,
    adjoint=_lu_adjoint,
    samples=lambda rng: [
        Sample((_pivoted(rng, 3, 3),)),
        Sample((_pivoted(rng, 3, 3),), {"p_indices": True}),
        Sample((_pivoted(rng, 4, 2),)),
        Sample((_pivoted(rng, 2, 4),)),
    ],
    source=WALTER_LEHMANN,
)


def _lu(
    a: Any, permute_l: bool = False, overwrite_a: bool = False, check_finite: bool = True, p_indices: bool = False
) -> Any:
    check_rank(a, "scipy.linalg.lu", 2)
    p, low, up = call(linalg.lu, a, **({"p_indices": True} if p_indices else {}))
    return (_as_given(p, low), up) if permute_l else (p, low, up)


define(
    linalg.lu, _lu, lambda rng: [Sample((_pivoted(rng, *shape),), {"permute_l": True}) for shape in [(3, 3), (4, 2)]]
)


# Both in one array, and systems


def order_of(piv: Any) -> Any:
    """The order of the rows after the exchanges that LAPACK says it did."""
    order = np.arange(len(piv))
    for row, other in enumerate(piv):
        order[row], order[other] = order[other], order[row]
    return order


constant(
    order_of,
    lambda piv, /: array(np.dtype(np.int64), piv.shape),
    name="order_of",
    helper=True,
    samples=lambda rng: [Sample((np.array([2, 2, 2]),))],
)


def _lu_factor_type(a: Type, /, overwrite_a: bool = False, check_finite: bool = True) -> Type:
    _, dtype, shape = matrix("scipy.linalg.lu_factor", a)
    return tuple_type(array(dtype, shape), array(np.dtype(np.int32), None if shape is None else shape[:1]))


def _lu_factor_tangent(y: Any, xs: Any, dots: Any, **_: Any) -> Any:
    lu, piv = y
    inner = _from_right(_from_left(lu, dots[0][call(order_of, piv)]), lu)
    below = _below(inner)
    # L has ones on its diagonal that the array does not hold.
    return below + _below(lu) @ below + np.triu(inner) @ np.triu(lu), None


def _lu_factor_adjoint(g: Any, y: Any, xs: Any, active: Any, **_: Any) -> Any:
    lu, piv = y
    if g[0] is None:
        return (None,)
    bar = _below(g[0])
    inner = _below(bar + transposed(_below(lu)) @ bar) + np.triu(np.triu(g[0]) @ transposed(np.triu(lu)))
    a_bar = _from_right(_from_left(lu, inner, back=True), lu, back=True)
    return (a_bar[np.argsort(call(order_of, piv))],)


rule(
    linalg.lu_factor,
    _lu_factor_type,
    tangent=_lu_factor_tangent,
    adjoint=_lu_factor_adjoint,
    samples=lambda rng: [Sample((_pivoted(rng, 3, 3),))],
    source=WALTER_LEHMANN,
)


def _lu_solve_type(
    lu_and_piv: Type,
    b: Type,
    /,
    trans: int = 0,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Type:
    lu, _ = lu_and_piv.items
    s, t = array_types("scipy.linalg.lu_solve", [lu, b])
    if trans == 2 and s.is_complex:
        raise NotByRule("scipy.linalg.lu_solve with the conjugate transpose of a complex matrix")
    return array(result_dtype([s, t], "float"), t.shape)


def _times_lower(lu: Any, x: Any, back: bool = False) -> Any:
    """L x, or L' x; the array does not hold the ones on the diagonal of L."""
    below = _below(lu)
    return x + (transposed(below) if back else below) @ x


def _lu_solve_tangent(y: Any, xs: Any, dots: Any, trans: int = 0, **_: Any) -> Any:
    (lu, piv), right = xs[0], dots[1]
    if dots[0] is not None:
        order, lower, upper = call(order_of, piv), _below(dots[0][0]), np.triu(dots[0][0])
        if trans:
            given = y[order]
            moved = transposed(np.triu(lu)) @ (transposed(lower) @ given)
            moved = moved + transposed(upper) @ _times_lower(lu, given, back=True)
        else:
            moved = (lower @ (np.triu(lu) @ y) + _times_lower(lu, upper @ y))[np.argsort(order)]
        right = -moved if right is None else right - moved
    return call(linalg.lu_solve, xs[0], right, **({"trans": 1} if trans else {}))


def _lu_solve_adjoint(g: Any, y: Any, xs: Any, active: Any, trans: int = 0, **_: Any) -> Any:
    (lu, piv), b = xs
    b_bar = call(linalg.lu_solve, xs[0], g, **({} if trans else {"trans": 1}))
    made = None
    if active[0]:
        # A_bar = -b_bar y', which is what L U moves by once its rows are in order.
        first, second = (y, b_bar) if trans else (b_bar, y)
        first = first[call(order_of, piv)]
        lower = _below(_outer(first, np.triu(lu) @ second))
        upper = np.triu(_outer(_times_lower(lu, first, back=True), second))
        made = (fit(-(lower + upper), lu), None)
    return made, fit(b_bar, b) if active[1] else None


def _outer(x: Any, y: Any) -> Any:
    return np.outer(x, y) if rank_of(x) == 1 else x @ transposed(y)


def _lu_solve_samples(rng: np.random.Generator) -> list[Sample]:
    lu, piv = linalg.lu_factor(_pivoted(rng, 3, 3))
    rows = [((3,), {}), ((3, 2), {}), ((3,), {"trans": 1}), ((3, 2), {"trans": 2})]
    return [Sample(((lu, piv), REAL(rng, shape)), row) for shape, row in rows]


rule(
    linalg.lu_solve,
    _lu_solve_type,
    tangent=_lu_solve_tangent,
    adjoint=_lu_solve_adjoint,
    samples=_lu_solve_samples,
)


def _lu_solve(lu_and_piv: Any, b: Any, trans: int = 0, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    lu, piv = lu_and_piv
    if trans == 2:
        return call(linalg.lu_solve, (conjugated(lu), piv), b, trans=1)
    return call(linalg.lu_solve, (lu, piv), b, **({"trans": 1} if trans else {}))


define(linalg.lu_solve, _lu_solve, _lu_solve_samples, "b", lists="lu_and_piv")


# Symmetric ones


def _ldl_type(
    A: Type,
    /,
    lower: bool = True,
    hermitian: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
) -> Type:
    _, dtype, shape = matrix("scipy.linalg.ldl", A)
    if not hermitian and dtype is not None and dtype.kind == "c":
        raise UnsupportedType("scipy.linalg.ldl of a complex matrix with hermitian=False", "use scipy.linalg.lu")
    factor = array(dtype, shape)
    return tuple_type(factor, factor, array(np.dtype(np.int64), None if shape is None else shape[:1]))


def _strict(x: Any, own: Any, lower: bool) -> Any:
    return np.tril(x - own) if lower else np.triu(x - own)


def _of_d(x: Any, d: Any) -> Any:
    """What stands where D has numbers: on the diagonal, and beside it in blocks of two."""
    return np.where(d == 0.0, np.tril(np.triu(x)), x)


def _ldl_tangent(y: Any, xs: Any, dots: Any, lower: bool = True, **_: Any) -> Any:
    low, d, _order = y
    inverse = np.linalg.inv(low)
    inner = inverse @ mirrored(dots[0], lower) @ adjointed(inverse)
    own = _of_d(inner, d)
    return low @ (_strict(inner, own, lower) @ np.linalg.inv(d)), own, None


def _ldl_adjoint(g: Any, y: Any, xs: Any, active: Any, lower: bool = True, **_: Any) -> Any:
    low, d, _order = y
    inner = None if g[1] is None else _of_d(conjugated(g[1]), d)
    if g[0] is not None:
        met = adjointed(low) @ conjugated(g[0]) @ adjointed(np.linalg.inv(d))
        part = _strict(met, _of_d(met, d), lower)
        inner = part if inner is None else inner + part
    if inner is None:
        return (None,)
    inverse = np.linalg.inv(low)
    return (conjugated(folded(adjointed(inverse) @ inner @ inverse, lower)),)


rule(
    linalg.ldl,
    _ldl_type,
    tangent=_ldl_tangent,
    adjoint=_ldl_adjoint,
    samples=lambda rng: [
        Sample((positive(rng, 3, 3),)),
        Sample((positive(rng, 3, 3),), {"lower": False}),
        Sample((np.array([[0.1, 2.0, 0.3], [2.0, 0.2, 0.5], [0.3, 0.5, 4.0]]),)),
    ],
    source=WALTER_LEHMANN,
)
