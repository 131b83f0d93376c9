"""Branches that a person writes as expressions: `p and q`, `p or q`, `a if p else b`.

if w1 < n:
    v4 = a < 5.0        ->   while w1 < n and a < 5.0:
else:
    v4 = w1 < n

The operations of the branch stand inside the expression, so they are evaluated when the branch is taken, and only then.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from s2sad.emit.inlining import Uses, find_uses, is_expression
from s2sad.ir.primitive import Effect, Primitive
from s2sad.ir.primitives.regions import is_region
from s2sad.ir.rewrite import map_blocks
from s2sad.ir.types import Type
from s2sad.ir.values import Apply, Block, Constant, Function, If, Operand, Operation, Value


def _any_type(*types: Type) -> Type:
    return types[-1]


SAME = Effect.VIEW  # the result is one of the operands
AND = Primitive("and", lambda p, q: p and q, _any_type, effect=SAME, spelling="_0 and _1")
OR = Primitive("or", lambda p, q: p or q, _any_type, effect=SAME, spelling="_0 or _1")
CHOICE = Primitive("if", lambda p, a, b: a if p else b, _any_type, effect=SAME, spelling="_1 if _0 else _2")


@dataclass
class Conditions:
    """A function whose simple branches are expressions; `inside` are the values that must stand inside them."""

    function: Function
    inside: set[Value] = field(default_factory=set)


def find_conditions(function: Function) -> Conditions:
    """The function with conditions as expressions."""
    found = Conditions(function)
    uses = find_uses(function)
    found.function = replace(function, body=_block(function.body, uses, found.inside))
    return found


def _block(block: Block, uses: Uses, inside: set[Value]) -> Block:
    operations: list[Operation] = []
    for op in block.operations:
        op = map_blocks(op, lambda b: _block(b, uses, inside))
        operations += (_condition(op, uses, inside) if isinstance(op, If) else None) or [op]
    return replace(block, operations=tuple(operations))


def _condition(op: If, uses: Uses, inside: set[Value]) -> list[Operation]:
    """The operations that stand for a branch with one result; none where it stays a branch."""
    if len(op.results) != 1 or is_region(op.predicate.type):
        return []
    (result,), (a,), (b,) = op.results, op.then.results, op.orelse.results
    if not op.then.operations and not op.orelse.operations and not _keeps_name(result, a, b):
        return [Apply(CHOICE, (op.predicate, a, b), result, {}, op.location, op.about)]
    # `p and q` gives p where p is False, not just something false: so the other branch must yield p itself, or False.
    if _is_predicate(b, op.predicate, False) and _fits_inside(op.then, uses):
        block, primitive, last = op.then, AND, a
    elif _is_predicate(a, op.predicate, True) and _fits_inside(op.orelse, uses):
        block, primitive, last = op.orelse, OR, b
    else:
        return []
    inside.update(r for o in block.operations for r in o.results)
    return [*block.operations, Apply(primitive, (op.predicate, last), result, {}, op.location, op.about)]


def _keeps_name(result: Value, a: Operand, b: Operand) -> bool:
    """Whether one side leaves a variable as it is, or leaves it undefined."""
    names = {a.hint, b.hint}
    return (result.hint is not None and result.hint in names) or not result.type.is_numeric


def _is_predicate(operand: Operand, predicate: Operand, known: bool) -> bool:
    return operand is predicate or (isinstance(operand, Constant) and operand.value is known and operand.text is None)


def _fits_inside(block: Block, uses: Uses) -> bool:
    """Whether all operations of a block are expressions, each read once, so that they can be written into one."""
    for op in block.operations:
        if not isinstance(op, Apply) or not is_expression(op) or (op.result.hint is not None and not op.result.loose):
            return False
        if len(uses.readers.get(op.result, [])) != 1 or op.result in uses.collected:
            return False
    # More than some operations are no condition that a person would write in one line.
    return 0 < len(block.operations) <= 8
