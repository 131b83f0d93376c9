"""Loops, and pieces of long straight-line code, as functions of their own: for twice as long a function LLVM takes four
times as long.

    %status = call i32 @"f.part0"(i64 %p0.d0, ptr noalias %v4, double %v9, ptr %slots, ptr %steps, ptr noalias %found)

What such a function reads has the names that it has where it is called. It returns what kernels return; what it gives
is in words at the last address. Another piece reads it there: the function around them has no thousand values at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from s2sad.backends.native.code.control import WRITTEN_OUT, for_loop, written_out
from s2sad.backends.native.code.scope import Scope
from s2sad.backends.native.code.values import Handle, Number, Term
from s2sad.backends.native.code.writer import Writer
from s2sad.ir.primitives.memory import INTO, is_of_library
from s2sad.ir.rewrite import reads
from s2sad.ir.values import Apply, Block, Call, For, Operand, Operation, Value, is_loop, walk

MANY = 48
"""How many loops a function may have before it is cut."""
LONG = 800
"""How many operations a function may have outside of loops before they are cut."""
PIECE = 200
"""How many of them are in a piece."""


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
    free = [k.terms[o] for o in dict.fromkeys(reads([op])) if o in k.terms]
    if any(isinstance(k.term(o), Handle) for o in op.initial) or any(map(_varies, free)):
        for_loop(k, op)
        return
    words = _apart(k, free, {}, lambda: for_loop(k, op), op.results)
    for r in op.results:
        if r in words:
            k.terms[r] = words[r].loaded(k.w)


@dataclass(frozen=True)
class Words:
    """Where a number is that a part gave."""

    address: str
    first: int
    number: Number

    def loaded(self, w: Writer) -> Number:
        places = enumerate(self.number.parts, self.first)
        parts = [w.let(f"load {self.number.part}, ptr {_word(self.address, n, w)}") for n, _ in places]
        return replace(self.number, parts=tuple(parts))


def _apart(
    k: Scope, free: Iterable[Term], given: Mapping[Value, Words], append: Callable[[], None], results: Iterable[Value]
) -> dict[Value, Words]:
    """Append a call of a function of what is appended: where it leaves the numbers among the results.

    It reads these terms, and what other parts have given.
    """
    w = k.w
    w.counted()
    taken = {x: form for term in free for form, x in _passed(term) if x.startswith("%")}
    taken |= {words.address: "ptr noalias" for words in given.values()}
    signature = [*(f"{form} {x}" for x, form in taken.items()), "ptr %slots", "ptr %steps"]
    found: dict[Value, Words] = {}
    address, count = f"%{w.fresh('a')}", 0
    with w.apart([*signature, "ptr noalias %found"]) as way:
        k.terms.update((value, words.loaded(w)) for value, words in given.items())
        append()
        for r in results:
            number = k.terms.get(r)
            if isinstance(number, Number) and any(x.startswith("%") for x in number.parts):
                found[r] = Words(address, count, number)
                for x in number.parts:
                    w.do(f"store {number.part} {x}, ptr {_word('%found', count, w)}")
                    count += 1
        waits = w.waits and w.depth
        if waits:
            w.do(f"store i1 {w.let('load i1, ptr %wrong')}, ptr {_word('%found', count, w)}")
    w.hoisted.append(f"  {address} = alloca [{max(1, count + 1)} x i64], align 8")
    w.go_on(w.let(f'call i32 @"{way.name}"({", ".join([*signature, f"ptr {address}"])})'), way.statuses)
    if waits:
        w.leave_later_where(w.let(f"load i1, ptr {_word(address, count, w)}"))
    return found


def in_pieces(k: Scope, block: Block) -> None:
    """Append the operations of a function: straight-line code in pieces, where there is much of it."""
    pieces = [*_pieces(block)]
    if sum(_size(op) for ops in pieces if ops[1:] for op in ops) < LONG:
        k.run(block.operations, top=True)
        return
    cut = [len(ops) > 1 for ops in pieces]
    readers: dict[Operand, set[int]] = {}
    for n, ops in enumerate(pieces):
        for o in reads(ops):
            readers.setdefault(o, set()).add(n if cut[n] else len(pieces))
    for o in block.results:
        readers.setdefault(o, set()).add(len(pieces))
    words: dict[Value, Words] = {}
    for n, ops in enumerate(pieces):
        free = [o for o in dict.fromkeys(reads(ops)) if o in words or o in k.terms]
        terms = [k.terms[o] for o in free if o not in words]
        if not cut[n] or any(map(_varies, terms)):
            k.terms.update((o, words[o].loaded(k.w)) for o in free if isinstance(o, Value) and o in words)
            k.run(ops, top=True)
            continue
        before = {o: words[o] for o in free if isinstance(o, Value) and o in words}
        around: dict[Operand, Term] = {o: k.terms[o] for o in before if o in k.terms}
        made = [r for op in ops for r in op.results if readers.get(r, set()) - {n}]
        found = _apart(k, terms, before, partial(k.run, ops), made)
        for o in before:
            del k.terms[o]
        k.terms.update(around)
        for r, where in found.items():
            del k.terms[r]
            words[r] = where
    k.terms.update((o, words[o].loaded(k.w)) for o in block.results if isinstance(o, Value) and o in words)


def _pieces(block: Block) -> Iterator[list[Operation]]:
    """The operations of a block: those on numbers alone in pieces, each other one for itself."""
    piece: list[Operation] = []
    size = 0
    for op in block.operations:
        if not _is_on_numbers(op):
            if piece:
                yield piece
            yield [op]
            piece, size = [], 0
            continue
        piece.append(op)
        size += _size(op)
        if size > PIECE:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _size(op: Operation) -> int:
    return 1 + sum(1 for b in op.blocks for _ in walk(b))


def _is_on_numbers(op: Operation) -> bool:
    """Whether an operation, with the blocks in it, gives numbers, and makes no memory."""
    inner = (op, *(o for b in op.blocks for o in walk(b)))
    return all(
        not any(r.type.is_array or r.type.is_container for r in o.results)
        and not is_loop(o)
        and not isinstance(o, Call)
        and not (isinstance(o, Apply) and (o.primitive is INTO or is_of_library(o)))
        for o in inner
    )


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
