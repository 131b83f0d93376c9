"""Number by number: whatever works on numbers works on the elements of arrays, broadcast as NumPy does.

(x - m)[i, j]   is   x[i, j] - m[j]        where m has one axis
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.dims import Dim
from s2sad.ir.loop_rule import Array, Elementwise, Loops, Numbers, Places, Term, looped
from s2sad.ir.primitive import Algebra, Primitive, required
from s2sad.ir.types import Type
from s2sad.ir.values import Apply, Constant, Operand, constant, is_int

HEAVY = 8
"""What a function costs that is no operator."""


def cost_of(primitive: Primitive) -> int:
    """What an operation on numbers costs, in additions."""
    if primitive.algebra is Algebra.QUOTIENT:
        return HEAVY // 2
    is_operator = isinstance(primitive.spelling, str) and "**" not in primitive.spelling
    return 1 if primitive.algebra is not None or primitive.light or primitive.compares or is_operator else HEAVY


@looped(Numbers)
def of_numbers(loops: Loops, op: Apply, *terms: Term) -> Term:
    """Any function of numbers."""
    return loops.apply(op.primitive, [number(t) for t in terms], op.static, op.result.hint)


@looped(Elementwise, np.conjugate, np.real, np.imag)
def elementwise(loops: Loops, op: Apply, *terms: Term) -> Term:
    """Any function that works number by number."""
    hint = op.result.hint
    if not op.result.type.is_array:
        return loops.apply(op.primitive, [number(t) for t in terms], op.static, hint)
    shape, places = broadcast(loops, op.result.type, [o.type for o in op.operands], terms)
    terms = tuple(once(loops, t, shape) for t in terms)

    def element(at: Places) -> Operand:
        numbers = [t.element(p(at)) if isinstance(t, Array) else number(t) for t, p in zip(terms, places, strict=True)]
        return loops.apply(op.primitive, _as_of_arrays(loops, terms, numbers), op.static, hint)

    arrays = [t for t in terms if isinstance(t, Array)]
    dtype = op.result.type.dtype
    assert dtype is not None
    return loops.computed(dtype, shape, element, cost_of(op.primitive), *arrays)


def _as_of_arrays(loops: Loops, terms: Sequence[Term], numbers: Sequence[Operand]) -> list[Operand]:
    """Numbers of Python's that are of arrays, such as the index that np.arange is of, in the dtype of these.

    Beside a float32, 2 is a float32, and the 2 of an array of int64 a float64.
    """
    others = {n.type.dtype for n in numbers if n.type.kind != "python" and n.type.dtype is not None}
    found = list(numbers)
    for k, (t, n) in enumerate(zip(terms, numbers, strict=True)):
        if not isinstance(t, Array) or n.type.kind != "python":
            continue
        if any(d.kind != "b" and np.result_type(d, t.dtype) != d for d in others):
            found[k] = loops.apply(required(t.dtype.type), (n,))
    return found


def number(term: Term) -> Operand:
    """The number that a number is, or an array without axes."""
    if isinstance(term, Array) and not term.shape:
        return term.element(())
    if isinstance(term, Array) or not isinstance(term, Operand):
        raise UnsupportedType("an array in the place of a number")
    return term


def once(loops: Loops, term: Term, shape: Places) -> Term:
    """An operand whose elements are read more than once, where it is broadcast, is not computed each time."""
    if not isinstance(term, Array) or not term.shape:
        return term
    pairs = zip(reversed(term.shape), reversed(shape), strict=False)
    repeated = len(term.shape) < len(shape) or any(is_int(n, 1) and not is_int(m, 1) for n, m in pairs)
    return loops.cheap(term) if repeated else term


def broadcast(
    loops: Loops, result: Type, types: Sequence[Type], terms: Sequence[Term]
) -> tuple[Places, list[Callable[[Places], Places]]]:
    """The lengths of a result, and for each operand, where the element is that goes into one of the result."""
    dims = result.shape
    assert dims is not None
    arrays = [(t, term) for t, term in zip(types, terms, strict=True) if isinstance(term, Array)]
    shape = tuple(_length(loops, dims, k, arrays) for k in range(len(dims)))
    return shape, [broadcast_places(loops, t, term, dims, shape) for t, term in zip(types, terms, strict=True)]


def _length(loops: Loops, dims: Sequence[Dim], axis: int, arrays: Sequence[tuple[Type, Array]]) -> Operand:
    dim = dims[axis]
    if isinstance(dim, int):
        return constant(dim)
    behind = len(dims) - axis
    met = [(t.shape[-behind], a.shape[-behind]) for t, a in arrays if t.shape is not None and len(t.shape) >= behind]
    same = [n for d, n in met if d == dim]
    if same:
        return same[0]
    wide = [n for d, n in met if d != 1]
    total = wide[0]
    for n in wide[1:]:
        total = loops.select(loops.call(np.equal, total, 1), n, total)
    return total


def broadcast_places(
    loops: Loops, t: Type, term: Term, dims: Sequence[Dim], shape: Places
) -> Callable[[Places], Places]:
    """Where the element of an operand is that goes into an element of the result."""
    if not isinstance(term, Array) or t.shape is None:
        return lambda at: at
    lead = len(dims) - len(t.shape)
    fixed: list[Operand | None] = []
    for d, n, dim, length in zip(t.shape, term.shape, dims[lead:], shape[lead:], strict=True):
        fixed.append(_step(loops, d, n, dim, length))

    def places(at: Places) -> Places:
        pairs = zip(fixed, at[lead:], strict=True)
        return tuple(i if f is None else f if is_int(f, 0) else loops.multiply(i, f) for f, i in pairs)

    return places


def _step(loops: Loops, dim: Dim, n: Operand, result: Dim, length: Operand) -> Operand | None:
    """0 where an axis is broadcast, None where it is not; a number that is either, where only the run knows."""
    if (
        dim == result
        or n is length
        or (isinstance(n, Constant) and isinstance(length, Constant) and n.value == length.value)
    ):
        return None
    if is_int(n, 1):
        return constant(0)
    one, fits = loops.call(np.equal, n, 1), loops.call(np.equal, n, length)
    loops.guard(loops.call(np.logical_or, one, fits))
    return loops.select(one, constant(0), constant(1))
