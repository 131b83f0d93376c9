"""Functions of symmetric matrices, claimed as such: `(V * f(w)) @ V.T`, where `w, V = np.linalg.eigh(A)`.

Through V their derivative would be lost where eigenvalues are equal, and be rounding errors where they are close. So
the product that is such a function gets a claim behind it, an operation with the derivative of f(A) (see
`ir.matrix_functions`). What is not recognised has the derivative of its parts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from s2sad.analysis.activity import active_values
from s2sad.differentiate.matrix_functions.chains import Callees, Chain, NoChain
from s2sad.differentiate.matrix_functions.products import Diagonal, Factor, Other, Products, Vectors
from s2sad.ir.builder import Builder, Expr
from s2sad.ir.containers import EXTRACT, GETITEM
from s2sad.ir.matrix_functions import function_of_matrix
from s2sad.ir.primitive import required
from s2sad.ir.rewrite import map_blocks
from s2sad.ir.values import Apply, Block, Function, Operand, Operation, Value, applied_in, is_call_of, makers, walk


def claimed_functions(function: Function, active: Sequence[bool], callees: Callees) -> Function:
    """The function with a claim behind each product that is a function of a matrix by which there is a derivative."""
    if not any(op.primitive.diagonalised for op in applied_in(walk(function.body))):
        return function
    inputs = [p for p, a in zip(function.parameters, active, strict=True) if a]
    recognition = Recognition(function, active_values(function, inputs), callees)
    return replace(function, body=recognition.block(function.body))


def subject(op: Operation, made: Mapping[Operand, Operation]) -> Operation:
    """What the derivative of an operation is said to be of: of a claim, the product that it stands behind."""
    if not is_call_of(op, required(function_of_matrix)):
        return op
    product = made[op.operands[0]]
    assert isinstance(product, Apply)
    return replace(product, result=op.result)


@dataclass(frozen=True, slots=True)
class Found:
    """A product `V diag(..) V'`, and what stands on one side of it."""

    vectors: Vectors
    diagonals: list[Diagonal]
    side: str = ""
    beside: Other | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """The numbers of a diagonal: what they are, their derivatives by the eigenvalues, and by other numbers."""

    value: Expr
    slope: Expr | None
    partials: dict[Operand, Expr]

    def inverse(self) -> Scale:
        """Their reciprocals."""
        value = 1.0 / self.value
        moved = -value * value
        slope = None if self.slope is None else moved * self.slope
        return Scale(value, slope, {x: moved * p for x, p in self.partials.items()})


class Recognition:
    """The search through one function, with the operations that make its values, and the values with derivatives."""

    def __init__(self, function: Function, active: Collection[Operand], callees: Callees) -> None:
        self.active, self.callees = active, callees
        self.made: dict[Operand, Operation] = {r: op for op in walk(function.body) for r in op.results}
        self.products = Products(makers(walk(function.body)))

    def block(self, block: Block) -> Block:
        operations = [new for op in block.operations for new in self.operation(map_blocks(op, self.block))]
        return replace(block, operations=tuple(operations))

    def operation(self, op: Operation) -> list[Operation]:
        if not isinstance(op, Apply) or op.result not in self.active or op.primitive is GETITEM:
            return [op]
        found = product_of(self.products.factors(op.result))
        if found is None or found.vectors.made.operands[0] not in self.active:
            return [op]
        try:
            builder = self.claimed(op, found)
        except NoChain:
            return [op]
        # A further product with it is one of the function, not of its factors.
        self.products.known[op.result] = [Other(op.result)]
        return builder.operations

    def claimed(self, op: Apply, found: Found) -> Builder:
        """The operation and the claim behind it.

        Raises:
            NoChain: it is no function of the matrix.
        """
        builder = Builder(op.location, op.about)
        made, v = found.vectors.made, found.vectors.value
        assert made.primitive.diagonalised is not None
        chains = [self.chain(made, d) for d in found.diagonals]
        w = next((w for c in chains for w in c.eigenvalues), None)
        if w is None or any(c.root.type.rank and not c.depends for c in chains):
            raise NoChain
        scales = [self.scale(c, d.inverse, builder) for c, d in zip(chains, found.diagonals, strict=True)]
        g = reduce(times, scales)
        slope = builder.call(np.zeros_like, builder.expr(w)) if g.slope is None else g.slope
        rest = [] if found.beside is None else [operand_of(found.beside, op.result.type.rank, builder)]
        for number, partial in g.partials.items():
            rest += [number, spread(partial, w)]
        product = Value(op.result.type)
        builder.operations.insert(0, replace(op, result=product))
        operands = [product, made.operands[0], w, v, spread(g.value, w), spread(slope, w), *rest]
        static = {"lower": made.primitive.diagonalised(**made.static), "side": found.side}
        claim = builder.apply(required(function_of_matrix), operands, static)
        builder.rename(claim, op.result)
        return builder

    def chain(self, made: Apply, diagonal: Diagonal) -> Chain:
        def is_base(x: Operand) -> bool:
            op = self.products.makers.get(x)
            of = op is not None and op.primitive is EXTRACT and op.static["key"] == 0
            return of and op is not None and self.products.makers.get(op.operands[0]) is made

        return Chain(self.made, self.callees, is_base, diagonal.value, diagonal.axis)

    def scale(self, chain: Chain, inverse: bool, builder: Builder) -> Scale:
        """The numbers of a diagonal along the last axis, as those of the eigenvalues are."""
        partials: dict[Operand, Expr] = {}
        for x in chain.numbers:
            if x not in self.active:
                continue
            if x.type.is_complex or (x.type.rank and (chain.is_widened or chain.axis != -1)):
                raise NoChain
            partial = chain.slope(builder, [x])
            if partial is not None:
                partials[x] = chain.along_last(partial)
        slope = chain.slope(builder, chain.eigenvalues)
        value = chain.along_last(builder.expr(chain.root))
        found = Scale(value, None if slope is None else chain.along_last(slope), partials)
        return found.inverse() if inverse else found


def product_of(factors: Sequence[Factor]) -> Found | None:
    """A function of a matrix as a product, alone or with a factor before or behind it."""
    # one number for all may stand anywhere
    free = [f for f in factors if isinstance(f, Diagonal) and not f.value.type.rank]
    factors = [f for f in factors if f not in free]
    places = [k for k, f in enumerate(factors) if isinstance(f, Vectors)]
    if len(places) != 2:
        return None
    v, vh = (factors[k] for k in places)
    inner, outer = factors[places[0] + 1 : places[1]], [*factors[: places[0]], *factors[places[1] + 1 :]]
    assert isinstance(v, Vectors) and isinstance(vh, Vectors)
    if v.made is not vh.made or not v.is_columns or not vh.is_rows:
        return None
    diagonals, beside = [f for f in inner if isinstance(f, Diagonal)], [f for f in outer if isinstance(f, Other)]
    if not diagonals or len(diagonals) < len(inner) or len(beside) < len(outer) or len(beside) > 1:
        return None
    return Found(
        v, [*free, *diagonals], ("left" if places[0] else "right") if beside else "", beside[0] if beside else None
    )


def operand_of(factor: Other, rank: int | None, builder: Builder) -> Operand:
    """What stands beside a function, as a factor of a product of this rank: a vector where that is one."""
    found, own = builder.expr(factor.value), factor.value.type.rank
    if rank is None or own is None:
        raise NoChain
    if factor.transposed:
        found = found.T if own == 2 else builder.call(np.swapaxes, found, -1, -2)
    if own == 1 and rank > 1:
        found = found[..., None]
    if own > rank:
        found = found[..., 0]
    return builder.call(np.conj, found).operand if factor.conjugated else found.operand


def times(a: Scale, b: Scale) -> Scale:
    """The product of two diagonals."""
    partials = {
        x: total(
            a.partials[x] * b.value if x in a.partials else None, b.partials[x] * a.value if x in b.partials else None
        )
        for x in (*a.partials, *b.partials)
    }
    slope = total(None if a.slope is None else a.slope * b.value, None if b.slope is None else b.slope * a.value)
    return Scale(a.value * b.value, slope, {x: p for x, p in partials.items() if p is not None})


def total(a: Expr | None, b: Expr | None) -> Expr | None:
    return b if a is None else a if b is None else a + b


def spread(x: Expr, w: Operand) -> Operand:
    """Numbers for the eigenvalues, one for each of them."""
    if x.type.shape == w.type.shape is not None:
        return x.operand
    return x.builder.call(np.broadcast_to, x, x.builder.expr(w).shape).operand
