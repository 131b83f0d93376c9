"""Convolutions: sums over where two arrays, one of them turned around, lie on each other."""

from __future__ import annotations

import numpy as np

from s2sad.ir.loop_rule import Array, Loops, Places, Term, looped
from s2sad.ir.values import Apply, Operand, constant
from s2sad.rules.looping.elementwise import number
from s2sad.rules.looping.reductions import COSTLY
from s2sad.rules.looping.shaping import of_number


def _row(loops: Loops, term: Term) -> Array:
    x = term if isinstance(term, Array) else of_number(number(term))
    return loops.cheap(x if x.shape else loops.view(x, [constant(1)], lambda at: ()))


@looped(np.convolve, "scipy.signal.convolve")
def convolve(loops: Loops, op: Apply, a: Term, v: Term) -> Term:
    """`out[k]` is the sum of `a[j] * v[k - j]`, over all j for which both are there."""
    one, two = _row(loops, a), _row(loops, v)
    dtype = op.result.type.dtype
    assert dtype is not None
    for n in (*one.shape, *two.shape):
        loops.guard(loops.call(np.greater, n, 0))
    pairs = list(zip(one.shape, two.shape, strict=True))
    shape = [loops.subtract(loops.add(m, n), 1) for m, n in pairs]

    def element(at: Places) -> Operand:
        first = [
            loops.call(max, loops.subtract(i, loops.subtract(n, 1)), 0) for i, (_, n) in zip(at, pairs, strict=True)
        ]
        ends = [loops.call(min, loops.add(i, 1), m) for i, (m, _) in zip(at, pairs, strict=True)]

        def term(k: Places) -> Operand:
            j = tuple(loops.add(f, i) for f, i in zip(first, k, strict=True))
            other = tuple(loops.subtract(i, p) for i, p in zip(at, j, strict=True))
            return loops.call(np.multiply, one.element(j), two.element(other))

        lengths = [loops.subtract(e, f) for e, f in zip(ends, first, strict=True)]
        return loops.total(lengths, constant(dtype.type(0)), term, len(at), op.result.hint)

    return loops.computed(dtype, shape, element, COSTLY, one, two)


@looped(np.correlate)
def correlate(loops: Loops, op: Apply, a: Term, v: Term) -> Term:
    """`out[k]` is the sum of `a[k + j] * conj(v[j])`, where all of v is there."""
    one, two = _row(loops, a), _row(loops, v)
    dtype = op.result.type.dtype
    assert dtype is not None and one.rank == two.rank == 1
    (m,), (n,) = one.shape, two.shape
    loops.guard(loops.call(np.greater, n, 0))
    loops.guard(loops.call(np.greater_equal, m, n))

    def element(at: Places) -> Operand:
        def term(j: Places) -> Operand:
            factor = two.element(j)
            factor = loops.call(np.conjugate, factor) if two.dtype.kind == "c" else factor
            return loops.call(np.multiply, one.element((loops.add(at[0], j[0]),)), factor)

        return loops.total([n], constant(dtype.type(0)), term, 1, op.result.hint)

    return loops.computed(dtype, [loops.add(loops.subtract(m, n), 1)], element, COSTLY, one, two)
