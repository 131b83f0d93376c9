"""What operations and functions do besides their results: they print, they check what they are given, they raise.

    check(x)                 stays though nobody reads what it gives: it may raise
    print("loss", loss)      stays, and is not done again where its block is

Lattice: `Effects` under the greater of two. A call has those of the function, which its reference says; where functions
call themselves the compiler finds the least fixed point.
"""

from __future__ import annotations

from s2sad.ir.primitive import Effect
from s2sad.ir.primitives.effects import ASSERT, RAISE
from s2sad.ir.types import ArrayType, Type, surely_broadcast
from s2sad.ir.values import Apply, Block, Call, Effects, Operation, given_functions, walk


def effects_of(block: Block) -> Effects:
    """What a block does besides its results."""
    return max((own_effects(op) for op in walk(block)), default=Effects.NONE)


def own_effects(op: Operation) -> Effects:
    """What an operation does besides its results, without what is done in blocks of it."""
    match op:
        case Apply() if op.primitive.draws:
            return Effects.DRAWS
        case Apply() if op.primitive.once or any(f.effects is Effects.ONCE for f in given_functions(op)):
            return Effects.ONCE
        # What a rule of a solver calculates again raises nothing that the solver had not raised before.
        case Apply() if op.location.again and op.primitive in (RAISE, ASSERT):
            return Effects.NONE
        # What a derivative added raises nothing new either.
        case Apply() if op.primitive.effect is Effect.IO or (not (op.about or op.location.again) and _may_raise(op)):
            return Effects.KEPT
        case Call():
            return op.function.effects
    return Effects.NONE


def _may_raise(op: Apply) -> bool:
    """Whether shapes that do not fit would go unnoticed without the operation, one of the primal."""
    types = [o.type for o in op.operands]
    if op.primitive.elementwise:
        return (
            len(types) > 1
            and not op.result.type.is_scalar
            and not surely_broadcast(*types)
            and all(map(_has_rank, types))
        )
    return op.primitive.fits is not None and not op.primitive.fits(*types, **op.static)


def _has_rank(t: Type) -> bool:
    return isinstance(t, ArrayType) and t.shape is not None
