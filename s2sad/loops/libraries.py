"""What has no loops of its own: an operation as it is, on arrays in memory; what it gives is new memory.

v = np.sort(x * x)   ->   for i in range(n): w[i] = x[i] * x[i]
                          v = np.sort(w)
"""

from __future__ import annotations

from s2sad.errors import UnsupportedCall, UnsupportedType
from s2sad.ir.loop_rule import Array, Cut, Loops, Term, leaves
from s2sad.ir.primitive import Effect
from s2sad.ir.types import ContainerType, Type
from s2sad.ir.values import Apply, Operand, Value


def by_library(loops: Loops, op: Apply, *terms: Term) -> Term:
    """The operation itself, its arrays stored."""
    is_view = op.effect is Effect.VIEW
    lists = any(o.type.is_sequence for o in op.operands)
    if op.effect is Effect.IO or lists or (is_view and not op.result.type.is_numeric):
        raise UnsupportedCall(f"{op.primitive.name} in a program of loops")
    operands = [_handed(loops, o.type, t) for o, t in zip(op.operands, terms, strict=True)]
    result = Value(op.result.type, op.result.hint)
    loops.builder.operations.append(
        Apply(op.primitive, tuple(operands), result, op.static, loops.builder.location, loops.builder.about)
    )
    if is_view and result.type.is_array:
        # it may be memory of an operand: what is read later is a copy
        roots = frozenset[Value]().union(*(a.memory for t in terms for a in leaves(t) if isinstance(a, Array)))
        return loops.fresh(loops.held(result, roots=roots), op.result.hint)
    return _taken(loops, result, op.result.type)


def _handed(loops: Loops, t: Type, term: Term) -> Operand:
    """What the library is given: handles and numbers, and the containers of these."""
    if isinstance(t, ContainerType) and issubclass(t.cls, (tuple, list)) and isinstance(term, tuple):
        items = [_handed(loops, i, part) for i, part in zip(t.items, term, strict=True)]
        return loops.builder.make(t.cls, t.keys, items)
    if isinstance(term, Array):
        handle = loops.stored(term).handle
        assert handle is not None
        return handle
    if not isinstance(term, Operand) or isinstance(term, Cut):
        raise UnsupportedType(f"{t} for a function of a library")
    return term


def _taken(loops: Loops, made: Operand, t: Type) -> Term:
    """What the library gives."""
    if isinstance(t, ContainerType):
        return tuple(_taken(loops, loops.builder.extract(made, k), i) for k, i in zip(t.keys, t.items, strict=True))
    if t.is_scalar or t.is_static:
        return made
    if not isinstance(made, Value) or t.shape is None or t.dtype is None:
        raise UnsupportedType(f"{t} of a function of a library")
    return loops.held(made)
