"""Small lengths of the call that compiles, as numbers: their loops are written out, their arrays are local.

points: float64[n1, n2]   ->   float64[n1, 3]        where n2 is 3 in this call; calls with other lengths compile anew
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from s2sad.ir.call_lengths import asking, equal
from s2sad.ir.dims import Dim, Size, Symbol, derivation, renewed, substitute_dim
from s2sad.ir.rewrite import substitute
from s2sad.ir.types import substitute as substitute_type
from s2sad.ir.types import symbols
from s2sad.ir.values import For, Function, Operand, bound_in, is_loop, walk

SMALL = 8
"""The greatest length that is a number in the text."""


def is_small(length: int) -> bool:
    """Whether a length is a number in the text, where nobody says which ones are."""
    return 0 <= length <= SMALL


def with_small_lengths(function: Function, fixed: Callable[[int], bool] = is_small) -> Function:
    """The function for arguments of which `fixed` lengths are those of the call that compiles."""
    # in the order of their names: what is noted first stands first in the text
    met = {s: None for p in function.parameters for s in sorted(symbols(p.type), key=lambda s: (len(s.name), s.name))}
    calls = {s.call: None for s in met if s.call is not None}
    with asking(calls):
        known: dict[Symbol, Dim] = {s: s.value for s in met if s.value is not None and _is_fixed(s, fixed)}
    if not known:
        return function
    known |= _indices(function, known)
    table: dict[Operand, Operand] = {}
    for v in bound_in(function.body):
        t = substitute_type(v.type, known)
        if t != v.type:
            table[v] = replace(v, type=t)
    return replace(function, body=substitute(function.body, table))


def settled(function: Function, program: Iterable[Function]) -> set[Symbol]:
    """The symbols of lengths that are the same all along: those of the arguments, but for what a loop changes.

    What has another length in each iteration is of one type in all, and so is its adjoint in another function.
    """
    given = {s for p in function.parameters for s in symbols(p.type)}
    loops = (op for f in program for op in walk(f.body) if is_loop(op))
    return given - {s for op in loops for p, r in zip(op.carried, op.body.results, strict=False) for s in _other(p, r)}


def _other(one: Operand, two: Operand) -> set[Symbol]:
    """The symbols of a type, where another one has other lengths."""
    return set() if one.type == two.type else symbols(one.type) - symbols(two.type)


def _indices(function: Function, known: Mapping[Symbol, Dim]) -> dict[Symbol, Dim]:
    """The indices of loops that are known to be below one of these lengths: they are below the number now."""
    found: dict[Symbol, Dim] = {}
    for op in walk(function.body):
        for s in symbols(op.index.type) if isinstance(op, For) else ():
            most = None if s.most is None else substitute_dim(s.most, {**known, **found})
            if most != s.most:
                found[s] = renewed(s, most)
    return found


def _is_fixed(s: Symbol, fixed: Callable[[int], bool]) -> bool:
    """Whether a length is fixed in the call that compiles, which is noted then."""
    if s.value is None or not fixed(s.value) or derivation(s)[0]:
        return False
    return equal(Size(frozenset({(s, 1)})), s.value)
