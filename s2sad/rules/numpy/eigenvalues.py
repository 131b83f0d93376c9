"""Eigenvalues and eigenvectors of any square matrix: complex numbers, as in JAX and PyTorch.

M. B. Giles, Collected matrix derivative results for forward and reverse mode AD (2008), section 3.1: with A V = V W and
P = inv(V) A_dot V, w_dot is the diagonal of P, and V moves by V (F * P) but for the factors of its columns. LAPACK
makes columns of length 1 whose largest number is real; what moves is held to that. NumPy gives real arrays where all
eigenvalues of a real matrix are real: a dtype that depends on values. Here they are complex numbers always.

Where eigenvalues coincide, up to rounding, the differences in the denominators are taken as infinite; a matrix without
a basis of eigenvectors has no derivative, and its system is singular.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from s2sad.ir.builder import call
from s2sad.ir.definition import define
from s2sad.ir.primitive import Sample
from s2sad.ir.types import ArrayType, ContainerType, Type, array
from s2sad.rules.contributions import fit
from s2sad.rules.domains import REAL
from s2sad.rules.families import rule
from s2sad.rules.literature import GILES
from s2sad.rules.numpy.contractions import transposed
from s2sad.rules.numpy.linalg import class_of, matrix, real_dtype, regular


def reciprocal_differences(w: Any) -> Any:
    """1 / (w[j] - w[i]) at i and j; 0 where they are equal up to rounding."""
    gaps = np.expand_dims(w, -2) - np.expand_dims(w, -1)
    size = np.expand_dims(np.max(np.abs(w), axis=-1, keepdims=True, initial=0.0), -1)
    equal = np.abs(gaps) <= 4.0 * w.shape[-1] * np.finfo(w.dtype).eps * size
    return np.where(equal, 0.0, 1.0 / np.where(equal, 1.0, gaps))


def _differences_type(w: Type, /) -> Type:
    assert isinstance(w, ArrayType)
    return array(w.dtype, None if w.shape is None else (*w.shape, w.shape[-1]))


def _differences_adjoint(g: Any, y: Any, xs: Any, active: Any) -> tuple[Any, ...]:
    moved = g * y * y
    return (np.sum(moved, axis=-1) - np.sum(moved, axis=-2),)


rule(
    reciprocal_differences,
    _differences_type,
    tangent=lambda y, xs, dots: y * y * (np.expand_dims(dots[0], -1) - np.expand_dims(dots[0], -2)),
    adjoint=_differences_adjoint,
    helper=True,
    samples=lambda rng: [
        Sample((np.array([0.5, 1.5j, 2.0]),)),
        Sample((np.array([[0.5, 1.5], [-2.0, 2.0j]]),)),
    ],
)


def reciprocal_largest(v: Any) -> Any:
    """1 / v at the largest number of each column, the real part of it; 0 elsewhere."""
    rows = np.expand_dims(np.arange(v.shape[-2]), -1)
    largest = rows == np.expand_dims(np.argmax(np.abs(v), axis=-2), -2)
    return np.where(largest, 1.0 / np.where(largest, np.real(v), 1.0), 0.0).astype(np.real(v).dtype)


def _largest_type(v: Type, /) -> Type:
    return array(real_dtype(v.dtype), v.shape)


rule(
    reciprocal_largest,
    _largest_type,
    tangent=lambda y, xs, dots: -(y * y * np.real(dots[0])),
    adjoint=lambda g, y, xs, active: (fit(-(g * y * y), xs[0]),),
    helper=True,
    samples=lambda rng: [Sample((np.array([[3.0, 0.5j], [0.25 + 0.5j, -2.0]]),))],
)


def complex_eig(a: Any) -> Any:
    """Eigenvalues and eigenvectors as complex numbers, also where all of them are real."""
    found = np.linalg.eig(a)
    return type(found)(*(x + 0j for x in found))


def _eig_type(a: Type, /) -> Type:
    _, dtype, shape = matrix("np.linalg.eig", a)
    numbers = None if dtype is None else np.result_type(dtype, np.complex64)
    values, vectors = array(numbers, None if shape is None else shape[:-1]), array(numbers, shape)
    return ContainerType(class_of(np.linalg.eig, np.eye(1)), (0, 1), (values, vectors))


def turned(v: Any, u: Any, held: bool = True) -> Any:
    """What is left of `u` if `v + u` has columns of length 1, and where that is `held` of real largest numbers."""
    longer = np.sum(np.real(np.conj(v) * u), axis=-2, keepdims=True)
    if not held:
        return u - v * longer
    aslant = np.sum(call(reciprocal_largest, v) * np.imag(u), axis=-2, keepdims=True)
    return u - v * (longer + 1j * aslant)


def turned_adjoint(v: Any, g: Any, held: bool = True) -> Any:
    """The adjoint of `u`, by that of what is left of it."""
    along = np.sum(v * g, axis=-2, keepdims=True)
    left = g - np.conj(v) * np.real(along)
    return left - 1j * np.imag(along) * call(reciprocal_largest, v) if held else left


def _eig_tangent(y: Any, xs: Any, dots: Any) -> Any:
    w, v = y
    inverse, moved = np.linalg.inv(v), dots[0] @ v
    w_dot = np.sum(transposed(inverse) * moved, axis=-2)
    return w_dot, turned(v, v @ (call(reciprocal_differences, w) * (inverse @ moved)))


def _eig_adjoint(g: Any, y: Any, xs: Any, active: Any) -> Any:
    w, v = y
    inverse = transposed(np.linalg.inv(v))
    total = None
    if g[0] is not None:
        total = inverse * np.expand_dims(g[0], -2)
    if g[1] is not None:
        inner = call(reciprocal_differences, w) * (transposed(v) @ turned_adjoint(v, g[1]))
        total = inverse @ inner if total is None else total + inverse @ inner
    return (None if total is None else total @ transposed(v),)


def spirals(rng: np.random.Generator) -> list[Sample]:
    """Matrices with eigenvalues that are not real."""
    turn = np.array([[0.5, -2.0, 0.3], [1.5, 0.4, 0.2], [0.1, -0.3, 2.5]])
    return [
        Sample((turn,)),
        Sample((np.stack([turn, turn.T @ turn @ turn]),)),
        Sample((regular(rng, 3, 3) + 1j * REAL(rng, (3, 3)),)),
    ]


rule(
    complex_eig,
    _eig_type,
    tangent=_eig_tangent,
    adjoint=_eig_adjoint,
    aliases=[np.linalg.eig],
    helper=True,
    called_as="eig",
    batched=lambda b: call(complex_eig, b.xs[0]),
    samples=lambda rng: [
        *spirals(rng),
        Sample((np.array([[2.0, 0.5], [0.3, 1.0]]),)),
    ],
    source=GILES,
)
define(np.linalg.eigvals, lambda a: call(complex_eig, a)[0], spirals)
