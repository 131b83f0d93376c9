"""Functions of symmetric matrices: the derivative of `F = (V * g) @ V'`, where `w, V = eigh(A)` and g = f(w).

Yu. L. Daleckii & S. G. Krein (1965): F_dot = V (D * V' A_dot V) V', where D are the divided differences of f, (g[j] -
g[i]) / (w[j] - w[i]), which are f'(w[i]) where w[j] = w[i]. They stay what they are where eigenvalues meet, as F does,
while the derivative of V alone has no limit there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from s2sad.ir.builder import call, rank_of
from s2sad.ir.matrix_functions import function_of_matrix
from s2sad.ir.primitive import Sample
from s2sad.ir.types import ArrayType, Type, array
from s2sad.rules.contributions import conjugated, fit
from s2sad.rules.families import rule
from s2sad.rules.literature import DALECKII_KREIN
from s2sad.rules.numpy.contractions import transposed
from s2sad.rules.numpy.factorisations import folded, mirrored
from s2sad.rules.numpy.linalg import adjointed


def distinct_gaps(w: Any, g: Any, slope: Any) -> Any:
    """1 / (w[j] - w[i]) at i and j; 0 where the mean of both slopes is as good as the quotient of differences of g."""
    gaps = np.expand_dims(w, -2) - np.expand_dims(w, -1)
    rises = np.expand_dims(g, -2) - np.expand_dims(g, -1)
    means = 0.5 * (np.expand_dims(slope, -2) + np.expand_dims(slope, -1))
    # what rounding makes of the difference: the quotient is not known better than that
    sizes = 4.0 * np.finfo(w.dtype).eps * (np.abs(g) + np.abs(w * slope))
    noise = np.expand_dims(sizes, -2) + np.expand_dims(sizes, -1)
    near = (gaps == 0.0) | (np.abs(means * gaps - rises) <= noise)
    return np.where(near, 0.0, 1.0 / np.where(near, 1.0, gaps)).astype(w.dtype)


def _gaps_type(w: Type, g: Type, slope: Type, /) -> Type:
    assert isinstance(w, ArrayType)
    return array(w.dtype, None if w.shape is None else (*w.shape, w.shape[-1]))


def _gaps_adjoint(h: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    moved = h * y * y
    return (np.sum(moved, axis=-1) - np.sum(moved, axis=-2) if active[0] else None, None, None)


def _gaps_tangent(y: Any, xs: Any, dots: Any) -> Any:
    return None if dots[0] is None else y * y * (np.expand_dims(dots[0], -1) - np.expand_dims(dots[0], -2))


rule(
    distinct_gaps,
    _gaps_type,
    tangent=_gaps_tangent,
    adjoint=_gaps_adjoint,
    helper=True,
    samples=lambda rng: [
        Sample((w, np.sqrt(w), 0.5 / np.sqrt(w)))
        for w in (np.array([0.5, 1.5, 2.0]), np.array([[0.5, 1.5], [1.0, 2.0]]))
    ],
)


def _divided_differences(w: Any, g: Any, slope: Any) -> Any:
    gaps = call(distinct_gaps, w, g, slope)
    rises = np.expand_dims(g, -2) - np.expand_dims(g, -1)
    return np.where(gaps == 0.0, 0.5 * (np.expand_dims(slope, -2) + np.expand_dims(slope, -1)), gaps * rises)


def _type(
    y: Type, a: Type, w: Type, v: Type, g: Type, slope: Type, /, *rest: Type, lower: bool = True, side: str = ""
) -> Type:
    return y


def _parts(side: str, given: Any) -> tuple[Any, list[tuple[Any, Any]]]:
    """Of operands or what belongs to them: that of what stands beside the function, and the pairs that follow."""
    pairs = given[7:] if side else given[6:]
    return (given[6] if side else None), list(zip(pairs[::2], pairs[1::2], strict=True))


def _of_rows(g: Any, x: Any) -> Any:
    """The rows of a matrix, or the numbers of a vector, times those of `g`."""
    return g * x if rank_of(x) == 1 else np.expand_dims(g, -1) * x


def _of_columns(g: Any, x: Any) -> Any:
    """The columns of a matrix, or the numbers of a vector, times those of `g`."""
    return x * g if rank_of(g) == 1 else x * np.expand_dims(g, -2)


def _for_each(x: Any, v: Any) -> Any:
    """The sum of matrices that belong to one `v`."""
    ranks = rank_of(x), rank_of(v)
    assert ranks[0] is not None and ranks[1] is not None
    return np.sum(x, axis=tuple(range(ranks[0] - ranks[1]))) if ranks[0] > ranks[1] else x


def _plus(x: Any, y: Any) -> Any:
    return y if x is None else x + y


def _tangent(y: Any, xs: Any, dots: Any, lower: bool = True, side: str = "") -> Any:
    _, _, w, v, g, slope = xs[:6]
    (beside, pairs), (beside_dot, pair_dots) = _parts(side, xs), _parts(side, dots)
    vh = adjointed(v)
    # F_dot = V M V', where M is D * V' A_dot V, and has on its diagonal by how much g moves besides.
    before, behind = beside @ v if side == "left" else v, vh @ beside if side == "right" else vh
    moved = None
    if dots[1] is not None:
        moved = (_divided_differences(w, g, slope) * (vh @ mirrored(dots[1], lower) @ v)) @ behind
    for (_, partial), (dot, _) in zip(pairs, pair_dots, strict=True):
        if dot is not None:
            moved = _plus(moved, _of_rows(partial * dot, behind))
    if side == "right" and beside_dot is not None:
        moved = _plus(moved, _of_rows(g, vh @ beside_dot))
    total = None if moved is None else before @ moved
    if side == "left" and beside_dot is not None:
        total = _plus(total, _of_columns(g, beside_dot @ v) @ vh)
    return total


def _adjoint(h: Any, y: Any, xs: Any, active: Any, lower: bool = True, side: str = "") -> tuple[Any, ...]:
    _, _, w, v, g, slope = xs[:6]
    (beside, pairs), (moves, moving) = _parts(side, xs), _parts(side, active)
    vh, bar = adjointed(v), conjugated(h)
    # V' F_bar V, where F_bar is y_bar b' or b' y_bar, as a product of two matrices or vectors.
    first = _adjoint_of(beside @ v) if side == "left" else vh @ bar
    second = bar @ v if side == "left" else _adjoint_of(vh @ beside) if side == "right" else v
    vectors = rank_of(first) == 1
    contributions: list[Any] = [None] * len(xs)
    if active[1]:
        inner = _for_each(np.outer(first, second) if vectors else first @ second, v)
        moved = v @ (conjugated(_divided_differences(w, g, slope)) * inner) @ vh
        contributions[1] = conjugated(folded(moved, lower))
    if side and moves:
        factor = conjugated(g)
        moved = v @ _of_rows(factor, first) if side == "right" else _of_columns(factor, second) @ vh
        contributions[6] = fit(conjugated(moved), beside)
    if any(asked for asked, _ in moving):
        diagonal = first * second if vectors else np.sum(first * transposed(second), axis=-1)
        places = range(7 if side else 6, len(xs), 2)
        for k, (x, partial), (asked, _) in zip(places, pairs, moving, strict=True):
            contributions[k] = fit(conjugated(diagonal) * partial, x) if asked else None
    return tuple(contributions)


def _adjoint_of(x: Any) -> Any:
    """The conjugate of a vector, the conjugate transpose of a matrix."""
    return conjugated(x) if rank_of(x) == 1 else adjointed(x)


def _spelling(y: Type, *rest: Type, **static: object) -> str:
    return "_0"


rule(
    function_of_matrix,
    _type,
    tangent=_tangent,
    adjoint=_adjoint,
    name="function_of_matrix",
    spelling=_spelling,
    source=DALECKII_KREIN,
)
