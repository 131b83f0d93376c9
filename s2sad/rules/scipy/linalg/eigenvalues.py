"""Eigenvalues and eigenvectors of scipy.linalg: of one matrix, of one to another, and some of them.

M. B. Giles, Collected matrix derivative results for forward and reverse mode AD (2008), section 3.1, with a second
matrix: A V = B V diag(w), where V' B V = I if both are symmetric. Where some of the eigenvectors are asked for, these
move along all of them, which the derivative computes. The vectors of two matrices that are not symmetric have length 1,
and are defined up to a factor of modulus 1 where they are complex.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
from scipy import linalg

from s2sad.errors import UnsupportedType
from s2sad.ir.builder import call
from s2sad.ir.definition import define
from s2sad.ir.dims import Dim, dim_sum, new_dim
from s2sad.ir.primitive import NotByRule, Sample
from s2sad.ir.types import Type, array, tuple_type
from s2sad.rules.contributions import conjugated, type_in
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.literature import GILES
from s2sad.rules.numpy import eigenvalues, factorisations
from s2sad.rules.numpy.contractions import transposed
from s2sad.rules.numpy.factorisations import folded, mirrored, reciprocal_gaps
from s2sad.rules.numpy.linalg import adjointed, matrix, positive, real_dtype, regular
from s2sad.rules.numpy.shaping import check_rank
from s2sad.rules.numpy.statistics import keywords
from s2sad.rules.promotion import array_types, result_dtype

# Symmetric matrices


def _eigh_type(
    a: Type,
    /,
    b: None = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
) -> Type:
    if b is not None or eigvals_only:
        raise NotByRule("scipy.linalg.eigh of two matrices, or without vectors")
    values, vectors = factorisations.eigh_type(a).items
    return tuple_type(values, vectors)


rule(
    linalg.eigh,
    _eigh_type,
    tangent=lambda y, xs, dots, lower=True, **_: factorisations.eigh_tangent(y, xs, dots, "L" if lower else "U"),
    adjoint=lambda g, y, xs, active, lower=True, **_: factorisations.eigh_adjoint(
        g, y, xs, active, "L" if lower else "U"
    ),
    diagonalised=lambda lower=True, **_: lower,
    samples=lambda rng: [
        Sample((np.diag([1.0, 3.0, 6.0]) + 0.1 * positive(rng, 3, 3),), row) for row in ({}, {"lower": False})
    ],
    source=GILES,
)


def eigh_of_some(a: Any, b: Any, among: Any, lower: bool = True) -> Any:
    """The eigenvalues and eigenvectors of `a` to `b`, where that is given, from a first number to a last one."""
    return linalg.eigh(a, b, lower=lower, subset_by_index=among)


def _of_some_type(a: Type, b: Type, among: Type, /, lower: bool = True) -> Type:
    _, _, shape = matrix("scipy.linalg.eigh", a)
    dtype = result_dtype(array_types("scipy.linalg.eigh", [a, b] if b.is_numeric else [a]), "float")
    if shape is None:
        return tuple_type(array(real_dtype(dtype), None), array(dtype, None))
    count = count_of(among, shape[-1])
    return tuple_type(array(real_dtype(dtype), (count,)), array(dtype, (shape[0], count)))


def count_of(among: Type, n: Dim) -> Dim:
    """How many eigenvalues there are from a first number to a last one."""
    if not among.is_container:
        return n
    first, last = (i.size for i in among.items)
    return new_dim() if first is None or last is None else dim_sum(dim_sum(last, first, -1), 1)


def _is_given(x: Any) -> bool:
    return bool(type_in(x).is_numeric or type_in(x).is_container)


def _of_some_spelling(a: Type, b: Type, among: Type, /, lower: bool = True) -> str:
    parts = ["_0", "_1" if b.is_numeric else "", "" if lower else "lower=False"]
    parts.append("subset_by_index=_2" if among.is_container else "")
    return f"scipy.linalg.eigh({', '.join(p for p in parts if p)})"


def columns(x: Any, among: Any) -> Any:
    """The columns that belong to the eigenvalues that were asked for."""
    return x[:, among[0] : among[1] + 1] if _is_given(among) else x


def _basis(y: Any, xs: Any, lower: bool) -> tuple[Any, Any]:
    """1 / (w[j] - w[i]) for all w[i], and those w[j] that were asked for, and all vectors."""
    a, b, among = xs
    if not _is_given(among):
        w, u = y
    elif _is_given(b):
        w, u = call(eigh_of_some, a, b, None, **({} if lower else {"lower": False}))
    else:
        w, u = call(linalg.eigh, a, **({} if lower else {"lower": False}))
    return columns(call(reciprocal_gaps, w), among), u


def _of_some_tangent(y: Any, xs: Any, dots: Any, lower: bool = True) -> Any:
    w, v = y
    gaps, u = _basis(y, xs, lower)
    b_dot = None if dots[1] is None else mirrored(dots[1], lower) @ v
    # What A V moves by where B V diag(w) does not.
    moved = None if dots[0] is None else mirrored(dots[0], lower) @ v
    if b_dot is not None:
        moved = -(b_dot * w) if moved is None else moved - b_dot * w
    inner = gaps * (adjointed(u) @ moved)
    # V' B V stays what it is: along themselves vectors move by half of what B does.
    if b_dot is not None:
        inner = np.where(gaps == 0.0, -0.5 * (adjointed(u) @ b_dot), inner)
    return np.sum(conjugated(v) * moved, axis=0), u @ inner


def _of_some_adjoint(g: Any, y: Any, xs: Any, active: Any, lower: bool = True) -> Any:
    w, v = y
    total, own = (None if g[0] is None else v * g[0]), None
    if g[1] is not None:
        gaps, u = _basis(y, xs, lower)
        met = adjointed(u) @ conjugated(g[1])
        total = u @ (gaps * met) if total is None else total + u @ (gaps * met)
        own = 0.5 * (u @ np.where(gaps == 0.0, met, 0.0)) if active[1] else None
    if total is None:
        return None, None, None
    a_bar = conjugated(folded(total @ adjointed(v), lower)) if active[0] else None
    if not active[1]:
        return a_bar, None, None
    moved = total * w if own is None else total * w + own
    return a_bar, conjugated(folded(-(moved @ adjointed(v)), lower)), None


def _of_some_samples(rng: np.random.Generator) -> list[Sample]:
    a, b = np.diag([1.0, 3.0, 6.0, 9.0]) + 0.1 * positive(rng, 4, 4), positive(rng, 4, 4)
    return [
        Sample((a, b, None)),
        Sample((a, b, None), {"lower": False}),
        Sample((a, b, (1, 2))),
        Sample((a, None, (2, 3))),
        Sample((a, None, (0, 1)), {"lower": False}),
    ]


rule(
    eigh_of_some,
    _of_some_type,
    tangent=_of_some_tangent,
    adjoint=_of_some_adjoint,
    name="scipy.linalg.eigh (of some)",
    spelling=_of_some_spelling,
    samples=_of_some_samples,
    source=GILES,
)


def _eigh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,  # noqa: A002  (SciPy's name)
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: Any = None,
) -> Any:
    if type != 1:
        raise UnsupportedType(f"scipy.linalg.eigh with type={type}", "write it as a problem of type 1")
    if subset_by_value is not None:
        raise UnsupportedType("scipy.linalg.eigh with subset_by_value", "use subset_by_index")
    check_rank(a, "scipy.linalg.eigh", 2)
    own = {} if lower else {"lower": False}
    if b is None and subset_by_index is None:
        found = call(linalg.eigh, a, **own)
    else:
        found = call(eigh_of_some, a, b, subset_by_index, **own)
    return found[0] if eigvals_only else found


def _eigvalsh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,  # noqa: A002  (SciPy's name)
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: Any = None,
) -> Any:
    of_values = keywords(subset_by_index=subset_by_index, subset_by_value=subset_by_value)
    return _eigh(a, b, lower=lower, type=type, eigvals_only=True, **of_values)


def _pairs(rng: np.random.Generator) -> list[Sample]:
    a = np.diag([1.0, 3.0, 6.0]) + 0.1 * positive(rng, 3, 3)
    return [Sample((a, positive(rng, 3, 3))), Sample((a,), {"subset_by_index": [1, 2]})]


define(
    linalg.eigh,
    _eigh,
    lambda rng: [Sample((positive(rng, 3, 3),), {"eigvals_only": True}), *_pairs(rng)],
    "b subset_by_index",
    lists="subset_by_index",
)
define(
    linalg.eigvalsh,
    _eigvalsh,
    lambda rng: [Sample((positive(rng, 3, 3),)), *_pairs(rng)],
    "b subset_by_index",
    lists="subset_by_index",
)


# Any matrices


def eig_in_complex(a: Any, b: Any = None) -> Any:
    """Eigenvalues and eigenvectors of `a`, to `b` where that is given, as complex numbers, whatever they are."""
    w, v = scipy.linalg.eig(a, b)
    return w, v + 0j


def _eig_type(a: Type, b: Type | None = None, /) -> Type:
    _, _, shape = matrix("scipy.linalg.eig", a)
    dtype = result_dtype(array_types("scipy.linalg.eig", [a] if b is None else [a, b]), "float")
    dtype = None if dtype is None else np.result_type(dtype, np.complex64)
    return tuple_type(array(dtype, None if shape is None else shape[:-1]), array(dtype, shape))


def _stretched(v: Any, b: Any = None) -> Any:
    return v if b is None else b @ v


def _eig_tangent(y: Any, xs: Any, dots: Any) -> Any:
    w, v = y
    # A V = B V diag(w), so inv(B V) (A_dot V - B_dot V diag(w)) has w_dot on its diagonal.
    moved: Any = None if dots[0] is None else dots[0] @ v
    if dots[1:] and dots[1] is not None:
        stretched = (dots[1] @ v) * w
        moved = -stretched if moved is None else moved - stretched
    inner = np.linalg.solve(_stretched(v, *xs[1:]), moved)
    u = v @ (call(eigenvalues.reciprocal_differences, w) * inner)
    return np.diag(inner), eigenvalues.turned(v, u, len(xs) == 1)


def _eig_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    w, v = y
    total = None if g[0] is None else np.diag(g[0])
    if g[1] is not None:
        met = transposed(v) @ eigenvalues.turned_adjoint(v, g[1], len(xs) == 1)
        inner = call(eigenvalues.reciprocal_differences, w) * met
        total = inner if total is None else total + inner
    if total is None:
        return tuple(None for _ in xs)
    left = np.linalg.solve(transposed(_stretched(v, *xs[1:])), total)
    a_bar = left @ transposed(v) if active[0] else None
    return (a_bar, *(-((left * w) @ transposed(v)) if moves else None for moves in active[1:]))


rule(
    eig_in_complex,
    _eig_type,
    tangent=_eig_tangent,
    adjoint=_eig_adjoint,
    helper=True,
    called_as="eig",
    source=GILES,
    samples=lambda rng: [
        *(s for s in eigenvalues.spirals(rng) if s.arguments[0].ndim == 2),
        Sample((np.diag([3.0, 1.0]) + 0.1 * REAL(rng, (2, 2)), regular(rng, 2, 2))),
    ],
)


def _turn(rng: np.random.Generator) -> list[Sample]:
    turn = np.array([[0.5, -2.0], [1.5, 0.4]])
    return [Sample((turn,)), Sample((turn, np.diag([2.0, 1.0])))]


def _eig(
    a: Any,
    b: Any = None,
    left: bool = False,
    right: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:
    if left or homogeneous_eigvals:
        what = "left=True" if left else "homogeneous_eigvals=True"
        raise UnsupportedType(f"scipy.linalg.eig with {what}", "take those of the transposed matrix" if left else "")
    check_rank(a, "scipy.linalg.eig", 2)
    found = call(eig_in_complex, a) if b is None else call(eig_in_complex, a, b)
    return found if right else found[0]


define(linalg.eig, _eig, _turn, "b")
define(
    linalg.eigvals,
    lambda a, b=None, overwrite_a=False, check_finite=True: _eig(a, b, right=False),
    _turn,
    "b",
)
