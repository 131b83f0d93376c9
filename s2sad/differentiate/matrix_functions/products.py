"""Products of matrices as lists of their factors, however they are spelled.

(V * g) @ V.T              V, diag(g), V'
V @ (g[:, None] * V.T)     V, diag(g), V'
V @ ((V.T @ b) / g)        V, diag(1 / g), V', b
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from s2sad.differentiate.matrix_functions.chains import added_axis
from s2sad.ir.containers import EXTRACT, GETITEM
from s2sad.ir.primitive import Algebra, Layout, lookup
from s2sad.ir.values import Apply, Constant, Operand


@dataclass(frozen=True, slots=True)
class Vectors:
    """The eigenvectors that an operation gives, as columns; or transposed, or conjugated."""

    made: Apply
    value: Operand
    transposed: bool = False
    conjugated: bool = False

    @property
    def is_columns(self) -> bool:
        """Whether they are as they were given."""
        return not self.transposed and not self.conjugated

    @property
    def is_rows(self) -> bool:
        """Whether it is the inverse: the conjugate transpose."""
        return self.transposed and self.conjugated == self.value.type.is_complex


@dataclass(frozen=True, slots=True)
class Diagonal:
    """A diagonal matrix of the numbers of an operand, or of their reciprocals; they lie along one of its axes."""

    value: Operand
    axis: int
    inverse: bool = False


@dataclass(frozen=True, slots=True)
class Other:
    """Any other matrix, or a vector; or the transpose or conjugate of it."""

    value: Operand
    transposed: bool = False
    conjugated: bool = False


Factor: TypeAlias = Vectors | Diagonal | Other


class Products:
    """The factors of the operands of one function. `makers` has the operations that make them."""

    def __init__(self, makers: Mapping[Operand, Apply]) -> None:
        self.makers = makers
        self.known: dict[Operand, list[Factor]] = {}

    def factors(self, operand: Operand) -> list[Factor]:
        """The factors of a product from left to right; what has no eigenvectors in it is one factor."""
        if operand not in self.known:
            found = self.of_operation(self.makers.get(operand), operand)
            has_vectors = found is not None and any(isinstance(f, Vectors) for f in found)
            is_diagonal = found is not None and all(isinstance(f, Diagonal) for f in found)
            self.known[operand] = found if found and (has_vectors or is_diagonal) else [Other(operand)]
        return self.known[operand]

    def of_operation(self, op: Apply | None, operand: Operand) -> list[Factor] | None:
        if op is None or not operand.type.is_numeric or not operand.type.rank:
            return None
        p = op.primitive
        if p is GETITEM:
            return self.of_column(op)
        if p is EXTRACT:
            made = self.makers.get(op.operands[0])
            given = made is not None and made.primitive.diagonalised is not None and op.static["key"] == 1
            return [Vectors(made, operand)] if made is not None and given else None
        if p.contracts and _is_matrix_product(op):
            x, y = op.operands
            return [*self.lying(x, behind=False), *self.lying(y, behind=True)]
        if p is lookup(np.einsum):
            return self.of_einsum(op)
        if p is lookup(np.copy):
            return self.factors(op.operands[0])
        if p is lookup(np.diag) and not op.static and len(op.operands) == 1 and operand.type.rank == 2:
            return [Diagonal(op.operands[0], -1)]
        if p is lookup(np.conjugate):
            return _turned(self.factors(op.operands[0]), conjugated=True)
        if p.layout is Layout.AXES and operand.type.rank == 1:
            return self.factors(op.operands[0])
        if p.layout is Layout.AXES and _transposes(op):
            return _turned(self.of_matrix(op.operands[0]), transposed=True)
        if p.algebra is Algebra.PRODUCT or p.algebra is Algebra.QUOTIENT:
            return self.scaled(op)
        return None

    def of_column(self, op: Apply) -> list[Factor] | None:
        """The factors of a vector, or one for each matrix, as a matrix of one column, or of that as a vector."""
        x, y = op.operands[0].type.shape, op.result.type.shape
        factors = self.factors(op.operands[0])
        if not x or y is None or isinstance(factors[0], Other) or not isinstance(factors[-1], Other):
            return None
        return factors if (added_axis(op) == -2 and y == (*x, 1)) or (_takes_first(op) and x == (*y, 1)) else None

    def of_matrix(self, operand: Operand) -> list[Factor]:
        """The factors of an operand where its last two axes are those of a matrix, not of one vector for each."""
        factors, rank = self.factors(operand), operand.type.rank or 0
        return [Other(operand)] if rank > 1 and _is_of_vectors(factors, rank) else factors

    def lying(self, operand: Operand, behind: bool) -> list[Factor]:
        """The factors of an operand; those of a vector as a column behind a matrix, else as a row."""
        factors = self.of_matrix(operand)
        if operand.type.rank != 1 or len(factors) == 1 or _is_row(factors) != behind:
            return factors
        place = 0 if behind else -1
        rest = factors[1:] if behind else factors[:-1]
        turned = _turned(rest, transposed=True)
        if turned is None:
            return [Other(operand)]
        return [*turned, factors[place]] if behind else [factors[place], *turned]

    def scaled(self, op: Apply) -> list[Factor] | None:
        """The factors of a matrix whose columns, or rows, are multiplied or divided by numbers."""
        x, y = op.operands
        inverse = op.primitive.algebra is Algebra.QUOTIENT
        for matrix, numbers in ((x, y),) if inverse else ((x, y), (y, x)):
            factors = self.factors(matrix)
            if not any(isinstance(f, Vectors) for f in factors) or op.result.type.shape != matrix.type.shape:
                continue
            shape = matrix.type.shape
            scale = numbers.type.shape
            if shape is None or scale is None or len(scale) > len(shape):
                return None
            if not scale:
                return [Diagonal(numbers, -1, inverse), *factors]
            if _is_of_vectors(factors, len(shape)):
                if scale[-1] != shape[-1]:
                    return None
                # A row of numbers is times the matrix to its right, a column times that to its left.
                made = Diagonal(numbers, -1, inverse)
                return [*factors, made] if _is_row(factors) else [made, *factors]
            if len(scale) == 1 or scale[-2] == 1:
                return [*factors, Diagonal(numbers, -1, inverse)] if scale[-1] == shape[-1] else None
            if scale[-1] == 1:
                return [Diagonal(numbers, -2, inverse), *factors] if scale[-2] == shape[-2] else None
            return None
        return None

    def of_einsum(self, op: Apply) -> list[Factor] | None:
        """The factors of `ij,j,kj->ik`, whatever the letters, the order and the leading axes."""
        subscripts = str(op.static["subscripts"]).replace(" ", "")
        inputs, _, output = subscripts.partition("->")
        terms = inputs.split(",")
        lead = output[:-2]
        if len(terms) != 3 or len(output) < 2 or any(not t.startswith(lead) for t in terms):
            return None
        terms = [t.removeprefix(lead) for t in terms]
        place = next((k for k, t in enumerate(terms) if len(t) == 1), None)
        if place is None or sorted(map(len, terms)) != [1, 2, 2]:
            return None
        inner, row, column = terms[place], output[-2], output[-1]
        found: list[Factor] = [Diagonal(op.operands[place], -1)]
        for letter, leading in ((row, True), (column, False)):
            pair = (letter, inner) if leading else (inner, letter)
            k = next((k for k, t in enumerate(terms) if set(t) == set(pair)), None)
            if k is None or len(set(pair)) != 2:
                return None
            factors = self.of_matrix(op.operands[k])
            turned = factors if tuple(terms[k]) == pair else _turned(factors, transposed=True)
            if turned is None:
                return None
            found = [*turned, *found] if leading else [*found, *turned]
        return found


def _is_row(factors: Sequence[Factor]) -> bool:
    """Whether the factors of a vector begin with one, times matrices; else one stands at their end."""
    return isinstance(factors[0], Other) and factors[0].value.type.rank == 1


def _is_matrix_product(op: Apply) -> bool:
    """Whether a contraction is a product of matrices, of stacks of them, or of one of these with a vector."""
    ranks = [o.type.rank or 0 for o in op.operands]
    if ranks[0] > 2 and ranks[1] == 1:
        return True
    return min(ranks) > 0 and (max(ranks) <= 2 or (min(ranks) > 1 and op.result.type.rank == max(ranks)))


def _is_of_vectors(factors: Sequence[Factor], rank: int) -> bool:
    """Whether a product of this rank is a vector, or one for each matrix of a stack."""
    return any(isinstance(f, Vectors) and f.value.type.rank == rank + 1 for f in factors)


def _takes_first(op: Apply) -> bool:
    """Whether an index takes the first number along the last axis: `x[..., 0]`."""
    x, index = op.operands
    rank = x.type.rank
    if not isinstance(index, Constant) or not rank:
        return False
    sample = np.arange(2.0**rank).reshape((2,) * rank)
    try:
        return np.array_equal(op.primitive.run([sample, index.value], op.static), sample[..., 0])
    except (TypeError, IndexError):
        return False


def _turned(factors: Sequence[Factor], transposed: bool = False, conjugated: bool = False) -> list[Factor] | None:
    """The factors of the transpose or the conjugate of a product; None where there is more to it than its factors."""
    found: list[Factor] = []
    for f in factors:
        match f:
            case Vectors() | Other():
                turns = transposed and f.value.type.rank != 1
                flips = conjugated and f.value.type.is_complex
                found.append(replace(f, transposed=f.transposed != turns, conjugated=f.conjugated != flips))
            case Diagonal() if not (conjugated and f.value.type.is_complex):
                found.append(f)
            case _:
                return None
    return found[::-1] if transposed else found


def _transposes(op: Apply) -> bool:
    """Whether an operation exchanges the last two axes, and no others."""
    x, *rest = op.operands
    rank = x.type.rank
    if rank is None or rank < 2 or rest:
        return False
    lengths = tuple(range(2, rank + 2))
    found = op.primitive.run([np.empty(lengths)], op.static)
    return bool(found.shape == (*lengths[:-2], lengths[-1], lengths[-2]))
