"""Loops as functions of their own, where there are many: LLVM takes four times as long for twice as long a function.

    %status = call i32 @"f.part0"(i64 %p0.d0, ptr noalias %v4, double %v9, ptr noalias %a11, ptr %slots, ptr %steps)

What such a function reads has the names that it has where it is called. It returns what kernels return; what the loop
gives is in words at the address before the last two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from s2sad.backends.native.code.control import WRITTEN_OUT, for_loop, written_out
from s2sad.backends.native.code.scope import Scope
from s2sad.backends.native.code.values import Handle, Number, Term
from s2sad.backends.native.code.writer import Writer
from s2sad.ir.rewrite import reads
from s2sad.ir.values import Block, Call, For, Operation, is_loop, walk

MANY = 48
"""How many loops a function may have before it is cut."""


def parts_of(block: Block) -> Iterator[For]:
    """The loops of a block that are to be functions of their own: as large ones as have not too many in them."""
    counts = _counts(block)
    wanted = [block] if sum(counts[op] for op in block.operations) > MANY else []
    while wanted:
        for op in wanted.pop().operations:
            if counts[op] > MANY:
                wanted += op.blocks
            elif counts[op] and isinstance(op, For) and not any(isinstance(o, Call) for o in walk(op.body)):
                yield op


def _counts(block: Block) -> dict[Operation, int]:
    """How many loops each operation is, itself among them, but for those that are written out."""
    found: dict[Operation, int] = {}
    for op in reversed(list(walk(block))):
        inner = sum(found[o] for b in op.blocks for o in b.operations)
        found[op] = inner + (is_loop(op) and written_out(op) > WRITTEN_OUT)
    return found


def part(k: Scope, op: For) -> None:
    """Append a loop as the call of a function; as it is where it carries arrays, or reads what may be one memory."""
    w = k.w
    free = [k.terms[o] for o in dict.fromkeys(reads([op])) if o in k.terms]
    if any(isinstance(k.term(o), Handle) for o in op.initial) or any(map(_varies, free)):
        for_loop(k, op)
        return
    w.counted()
    taken = {x: form for term in free for form, x in _passed(term) if x.startswith("%")}
    signature = [*(f"{form} {x}" for x, form in taken.items()), "ptr %slots", "ptr %steps"]
    with w.apart([*signature, "ptr noalias %found"]) as way:
        for_loop(k, op)
        numbers = [x for x in (k.terms[r] for r in op.results) if isinstance(x, Number)]
        parts = [(x.part, p) for x in numbers for p in x.parts]
        if w.waits and w.depth:
            parts.append(("i1", w.let("load i1, ptr %wrong")))
        for n, (form, x) in enumerate(parts):
            w.do(f"store {form} {x}, ptr {_word('%found', n, w)}")
    found = w.alloca(f"[{max(1, len(parts))} x i64]")
    w.go_on(w.let(f'call i32 @"{way.name}"({", ".join([*signature, f"ptr {found}"])})'), way.statuses)
    given = [w.let(f"load {form}, ptr {_word(found, n, w)}") for n, (form, _) in enumerate(parts)]
    for r, number in zip(op.results, numbers, strict=True):
        own, given = given[: len(number.parts)], given[len(number.parts) :]
        k.terms[r] = replace(number, parts=tuple(own))
    for wrong in given:
        w.leave_later_where(wrong)


def _word(address: str, n: int, w: Writer) -> str:
    return w.let(f"getelementptr i64, ptr {address}, i64 {n}")


def _varies(term: Term) -> bool:
    """Whether only the run knows which memory it is."""
    if isinstance(term, tuple):
        return any(map(_varies, term))
    return isinstance(term, Handle) and term.memory.varies


def _passed(term: Term) -> Iterator[tuple[str, str]]:
    """The types and names of what a term is made of."""
    if isinstance(term, tuple):
        for item in term:
            yield from _passed(item)
    elif isinstance(term, Handle):
        yield from (("ptr noalias", term.pointer), *(("i64", n) for n in term.lengths))
    elif isinstance(term, Number):
        yield from ((term.part, x) for x in term.parts)
