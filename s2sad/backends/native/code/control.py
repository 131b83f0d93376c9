"""Loops and branches: blocks that are joined by phis. Loops carry numbers, and sometimes arrays.

A loop is long where it holds another one that may go on for long, or has no end known before: it asks now and then
whether it was interrupted, by how many steps were done since. Loops that may be vectorised do not ask.

Memory that an iteration allocates is freed at its end, unless it is carried on; then what was carried before is freed,
unless that is carried on as well. Which it is can be known at run time only: `a = larger if full else a`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from s2sad.backends.native.code.conversions import converted
from s2sad.backends.native.code.instructions import selected
from s2sad.backends.native.code.numbers import is_cheap
from s2sad.backends.native.code.scope import Scope
from s2sad.backends.native.code.values import (
    INT,
    Handle,
    Memory,
    Number,
    Term,
    is_literal,
    limit_of,
    literal,
)
from s2sad.backends.native.code.writer import Owned, Writer
from s2sad.errors import UnsupportedType
from s2sad.ir.containers import EXTRACT
from s2sad.ir.primitives.memory import ALLOCATE, is_of_library
from s2sad.ir.types import BOTTOM, ArrayType, Type
from s2sad.ir.values import Apply, Block, Call, Constant, For, If, Operand, Operation, While, walk

SHORT = 64
"""Iterations after which a loop is not asked whether it was interrupted."""
CHEAP = 8
"""Operations that are computed on both sides of a branch, if they cost little."""
WRITTEN_OUT = 256
"""Operations as which a loop of a few iterations is written out."""


# what is joined where ways meet


@dataclass(frozen=True, slots=True)
class Form:
    """The parts of a term: their types, and what is made of them."""

    types: tuple[str, ...]
    made: Callable[[Sequence[str], str | None], Term]
    parts: Callable[[Term], tuple[str, ...]]
    owns: bool = False
    """Whether it may be memory that is to be freed."""


def form_of(t: Type, sample: Term) -> Form:
    """The form of a value of that type; a sample tells arrays from numbers."""
    if sample is None:
        return Form((), lambda parts, owner: None, lambda term: ())
    if isinstance(sample, Handle):
        return _form_of_array(t, sample)
    if isinstance(sample, Number) and isinstance(t, ArrayType) and t.dtype is not None:
        dtype = t.dtype
        count = 2 if dtype.kind == "c" else 1
        part = literal(0, dtype).part
        return Form(
            (part,) * count,
            lambda parts, owner: Number(tuple(parts), dtype, limit_of(dtype)),
            lambda term: term.parts if isinstance(term, Number) else ("poison",) * count,
        )
    raise UnsupportedType(f"{t} in a loop of native code", "carry numbers and arrays")


def _form_of_array(t: Type, sample: Handle) -> Form:
    shape = t.shape
    assert shape is not None
    known = [str(d) if isinstance(d, int) else None for d in shape]
    open_ones = [k for k, d in enumerate(known) if d is None]

    def made(parts: Sequence[str], owner: str | None) -> Term:
        lengths = list(known)
        for k, part in zip(open_ones, parts[1:], strict=True):
            lengths[k] = part
        return Handle(parts[0], tuple(d for d in lengths if d is not None), sample.dtype, Memory(owner, True))

    def parts(term: Term) -> tuple[str, ...]:
        if not isinstance(term, Handle):
            return ("poison",) * (1 + len(open_ones))
        return (term.pointer, *(term.lengths[k] for k in open_ones))

    return Form(("ptr", *("i64" for _ in open_ones)), made, parts, True)


def _as_given(w: Writer, term: Term, t: Type) -> Term:
    """A number in the dtype of the value that it becomes."""
    if isinstance(term, Number) and isinstance(t, ArrayType) and t.dtype is not None:
        return converted(w, term, t.dtype)
    return term


def _phi(w: Writer, form: str, ways: Iterable[tuple[str, str]]) -> str:
    return w.let(f"phi {form} {', '.join(f'[ {x}, %{block} ]' for x, block in ways)}")


# branches


def branch(k: Scope, op: If) -> None:
    w = k.w
    predicate = k.truth(op.predicate)
    if predicate in ("true", "false"):
        block = op.then if predicate == "true" else op.orelse
        k.run(block.operations)
        k.bind(op.results, [_as_given(w, k.term(o), r.type) for o, r in zip(block.results, op.results, strict=True)])
    elif _is_selection(op) and not w.is_chained:
        _select(k, op, predicate)
    else:
        _branch(k, op, predicate)


def _is_selection(op: If) -> bool:
    """Whether both sides are computed in any case: little, that does nothing else."""
    inner = [o for b in op.blocks for o in b.operations]
    numbers = all(r.type.is_numeric and not r.type.rank for r in op.results)
    return (
        bool(op.results)
        and numbers
        and len(inner) <= CHEAP
        and all(isinstance(o, Apply) and is_cheap(o.primitive) for o in inner)
        and not any(o.type == BOTTOM for b in op.blocks for o in b.results)
    )


def _select(k: Scope, op: If, predicate: str) -> None:
    w = k.w
    outer = w.predicate
    sides: list[list[Term]] = []
    for block, holds in ((op.then, predicate), (op.orelse, w.negated(predicate) if op.orelse.operations else "true")):
        w.predicate = holds if outer is None else w.both(outer, holds)
        k.run(block.operations)
        w.predicate = outer
        sides.append([_as_given(w, k.term(o), r.type) for o, r in zip(block.results, op.results, strict=True)])
    found: list[Term] = []
    for a, b in zip(*sides, strict=True):
        if not isinstance(a, Number) or not isinstance(b, Number):
            raise UnsupportedType("an array without axes in a branch of native code", "use a number")
        found.append(selected(w, predicate, a, b))
    k.bind(op.results, found)


def _branch(k: Scope, op: If, predicate: str) -> None:
    w = k.w
    labels = [w.fresh("then"), w.fresh("else")]
    end = w.fresh("end")
    w.branch(predicate, labels[0], labels[1])
    sides: list[tuple[str, list[Term], list[str]]] = []
    before = w.owned
    for label, block in zip(labels, op.blocks, strict=True):
        w.start(label)
        k.run(block.operations)
        terms = [_as_given(w, k.term(o), r.type) for o, r in zip(block.results, op.results, strict=True)]
        owners = _handed_out(k, terms, before, block.results)
        sides.append((w.block, terms, owners))
        w.jump(end)
    w.start(end)
    found: list[Term] = []
    for n, r in enumerate(op.results):
        sample = next((t for t in (sides[0][1][n], sides[1][1][n]) if t is not None), None)
        form = form_of(r.type, sample)
        both = zip(*(form.parts(terms[n]) for _, terms, _ in sides), strict=True)
        parts = [
            _phi(w, t, zip(pair, (b for b, _, _ in sides), strict=True))
            for t, pair in zip(form.types, both, strict=True)
        ]
        ways = [(owners[n], b) for b, _, owners in sides]
        owner = _phi(w, "ptr", ways) if any(o != "null" for o, _ in ways) else None
        found.append(form.made(parts, owner))
    _take(w, found)
    k.bind(op.results, found)


def _take(w: Writer, terms: Iterable[Term]) -> None:
    """Own what a block has handed out."""
    for term in terms:
        if isinstance(term, Handle) and term.memory.owner is not None:
            w.own(term.memory)


def _handed_out(k: Scope, terms: Sequence[Term], before: Owned | None, results: Sequence[Operand]) -> list[str]:
    """Free what a block has allocated, but for what it gives; for each of that the pointer that is to be freed."""
    w = k.w
    owned = w.owned_since(before)
    kept: list[Memory] = []
    owners: list[str] = []
    for term in terms:
        memory = term.memory if isinstance(term, Handle) else None
        if memory is not None and memory.owner is not None and memory in owned and memory not in kept:
            kept.append(memory)
            owners.append(memory.owner)
        else:
            owners.append("null")
    if any(isinstance(t, Handle) and t.memory.varies for t in terms):
        for memory in owned:
            if memory.owner is not None and memory not in kept:
                varying = [t if isinstance(t, Handle) and t.memory.varies else None for t in terms]
                _give_away(k, memory, varying, owners, results)
                kept.append(memory)
    w.release(before, kept)
    return owners


def _give_away(k: Scope, memory: Memory, terms: Sequence[Term], owners: list[str], results: Sequence[Operand]) -> None:
    """Have the first of the results, which are these terms, that is this memory own it; where none is, it is freed."""
    w, owner, taken = k.w, memory.owner, "false"
    for n, (term, operand) in enumerate(zip(terms, results, strict=True)):
        if isinstance(term, Handle) and k.may_be(memory, operand):
            same = w.let(f"icmp eq ptr {term.pointer}, {owner}")
            first = w.both(same, w.negated(taken))
            owners[n] = w.let(f"select i1 {first}, ptr {owner}, ptr {owners[n]}")
            taken = w.either(taken, same)
    w.free(w.let(f"select i1 {taken}, ptr null, ptr {owner}"))


# loops


def _may_make(op: Apply) -> bool:
    """Whether what an operation gives may be new memory: of a library it may be in a tuple that is taken apart."""
    return op.primitive is ALLOCATE or op.primitive is EXTRACT or is_of_library(op)


class Loop:
    """A loop while it is written: the phis at its head, and what its iterations end with."""

    def __init__(self, k: Scope, op: For | While) -> None:
        self.k, self.w, self.op = k, k.w, op
        self.initial = [_as_given(k.w, k.term(o), v.type) for o, v in zip(op.initial, op.carried, strict=True)]
        self.forms = [form_of(v.type, x) for v, x in zip(op.carried, self.initial, strict=True)]
        self.before = self.w.owned
        self.owns = any(f.owns for f in self.forms) and any(
            isinstance(o, Call) or (isinstance(o, Apply) and o.result in k.escaping and _may_make(o))
            for b in op.blocks
            for o in walk(b)
        )
        self.entry = self.w.block
        self.head, self.exit = self.w.fresh("head"), self.w.fresh("exit")
        self.ends: list[tuple[str, list[str]]] = []
        """From where the exit is reached, and with what."""
        self.lines: list[tuple[int, str, str]] = []
        """Where the phis stand, their types, and what they are at first."""
        self.phis: list[str] = []
        self.carried: list[Term] = []
        self.inner = self.before
        self.leaves = self.w.leaves
        self.is_long = isinstance(op, While) or any(is_lasting(o) for o in walk(op.body))

    # what is carried

    def begin(self, counts: bool = False) -> list[Term]:
        """Start the head; the terms that are carried. They are owned by the loop, until it hands them on."""
        w = self.w
        w.jump(self.head)
        w.start(self.head)
        if counts:
            self.phi("i64", "0")
        for form, x in zip(self.forms, self.initial, strict=True):
            parts = [self.phi(t, p) for t, p in zip(form.types, form.parts(x), strict=True)]
            owner = self.phi("ptr", "null") if form.owns and self.owns else None
            self.carried.append(form.made(parts, owner))
        _take(w, self.carried)
        self.inner = w.owned
        return self.carried

    def phi(self, form: str, first: str) -> str:
        """A phi whose second value is known at the end."""
        name = self.w.let("phi")
        self.lines.append((len(self.w.lines) - 1, form, first))
        self.phis.append(name)
        return name

    def parts(self, terms: Sequence[Term]) -> list[str]:
        """What is carried on at the end of an iteration."""
        w = self.w
        given = [_as_given(w, x, v.type) for x, v in zip(terms, self.op.carried, strict=True)]
        owners = self._owners(given)
        found: list[str] = []
        for n, (form, x) in enumerate(zip(self.forms, given, strict=True)):
            found += form.parts(x)
            if form.owns and self.owns:
                found.append(owners[n])
        return found

    def _owners(self, terms: Sequence[Term]) -> list[str]:
        """For each array that is carried on, what is to be freed; what is not carried on is freed now."""
        w = self.w
        results = self.op.blocks[-1].results[: len(terms)]
        owners = _handed_out(self.k, terms, self.inner, results)
        for x in self.carried:
            if isinstance(x, Handle) and x.memory.owner is not None:
                _give_away(self.k, x.memory, terms, owners, results)
        w.owned = self.before
        return owners

    # ends

    def leave(self, parts: list[str]) -> None:
        """Note that the present block goes to the exit."""
        self.ends.append((self.w.block, parts))

    def again(self, parts: Sequence[str], hint: str = "") -> None:
        """Go to the head."""
        w = self.w
        for (line, form, first), name, last in zip(self.lines, self.phis, parts, strict=True):
            w.lines[line] = f"  {name} = phi {form} [ {first}, %{self.entry} ], [ {last}, %{w.block} ]"
        w.jump(self.head, hint)

    def finish(self, skip: int = 0) -> None:
        """Start the exit, and bind the results; the first phis may be those of the index."""
        w = self.w
        w.start(self.exit)
        w.owned = self.before
        types = [form for _, form, _ in self.lines][skip:]
        columns = zip(*(parts[skip:] for _, parts in self.ends), strict=True) if types else ()
        if len(self.ends) == 1:
            parts = self.ends[0][1][skip:]
        else:
            blocks = [b for b, _ in self.ends]
            parts = [_phi(w, t, zip(c, blocks, strict=True)) for t, c in zip(types, columns, strict=True)]
        found: list[Term] = []
        for form in self.forms:
            own, parts = parts[: len(form.types)], parts[len(form.types) :]
            owner = parts.pop(0) if form.owns and self.owns else None
            found.append(form.made(own, owner))
        _take(w, found)
        self.k.bind(self.op.results, found)
        if w.depth == 0 and w.leaves > self.leaves:
            w.leave_now()


def is_lasting(op: Operation) -> bool:
    """Whether it is a loop that may go on for long."""
    if isinstance(op, While):
        return True
    if not isinstance(op, For):
        return False
    ends = [o.value if isinstance(o, Constant) else None for o in (op.start, op.stop)]
    if any(type(e) is not int for e in ends) or abs(ends[1] - ends[0]) > SHORT:  # type: ignore[operator]
        return True
    return any(map(is_lasting, op.body.operations))


def written_out(op: Operation) -> int:
    """The operations of the text in which all loops are written out; more than any where one has no known end."""
    if isinstance(op, While):
        return WRITTEN_OUT + 1
    count = sum(written_out(o) for b in op.blocks for o in b.operations) if isinstance(op, (For, If)) else 1
    if not isinstance(op, For):
        return count
    start, stop, step = (o.value if isinstance(o, Constant) else None for o in (op.start, op.stop, op.step))
    if not (isinstance(start, int) and isinstance(stop, int) and isinstance(step, int) and step):
        return WRITTEN_OUT + 1
    return count * len(range(start, stop, step))


def while_loop(k: Scope, op: While) -> None:
    w = k.w
    loop = Loop(k, op)
    with w.deeper():
        terms = loop.begin()
        k.bind(op.test.parameters, terms)
        k.run(op.test.operations)
        holds = k.truth(op.test.results[0])
        w.release(loop.inner)
        body = w.fresh("body")
        w.branch(holds, body, loop.exit)
        loop.leave(list(loop.phis))
        w.start(body)
        k.bind(op.body.parameters, terms)
        with w.chained(True):
            k.run(op.body.operations)
        _end(k, loop, op, op.body)
    loop.finish()


def _end(k: Scope, loop: Loop, op: For | While, body: Block, index: Callable[[], list[str]] = list) -> None:
    """The end of an iteration: what is carried on, to the exit where the loop breaks."""
    w = k.w
    count = len(op.carried)
    if isinstance(op, While) and w.leaves > loop.leaves:
        # what is computed of wrong numbers may never end
        w.leave_now()
    if loop.is_long:
        w.ask()
    stop = k.truth(body.results[-1]) if op.breaks else ""
    parts = loop.parts([k.term(o) for o in body.results[:count]])
    if op.breaks:
        on = w.fresh("on")
        w.branch(stop, loop.exit, on)
        loop.leave(["poison", *parts] if isinstance(op, For) else parts)
        w.start(on)
    loop.again([*index(), *parts], ", !llvm.loop !9002" if written_out(op) <= WRITTEN_OUT else "")


@dataclass(frozen=True, slots=True)
class Range:
    """The indices of a loop: `first`, then others `stride` further, `count` of them."""

    first: str
    stride: str
    count: str
    limit: int


def for_loop(k: Scope, op: For) -> None:
    w = k.w
    if op.scanned or len(op.body.results) > len(op.initial) + op.breaks:
        raise UnsupportedType("lists in a loop of native code", "use arrays")
    over = _range(k, op)
    loop = Loop(k, op)
    with w.deeper():
        terms = loop.begin(counts=True)
        counter = loop.phis[0]
        body = w.fresh("body")
        w.branch(w.let(f"icmp slt i64 {counter}, {over.count}"), body, loop.exit)
        loop.leave(list(loop.phis))
        w.start(body)
        index = w.sum(over.first, w.product(counter, over.stride))
        k.bind(op.body.parameters, [Number((index,), INT, over.limit, True), *terms])
        with w.chained(False):
            k.run(op.body.operations)
        _end(k, loop, op, op.body, lambda: [w.let(f"add nuw nsw i64 {counter}, 1")])
    loop.finish(skip=1)
    if w.depth and not loop.is_long:
        w.count_steps(over.count)


def _range(k: Scope, op: For) -> Range:
    """The indices, in the order in which they come."""
    w = k.w
    start, stop, step = (k.integer(o) for o in (op.start, op.stop, op.step))
    limit = max(start.limit, stop.limit)
    if step.text in ("1", "-1"):
        stride = int(step.text)
        distance = w.difference(stop.text, start.text) if stride == 1 else w.difference(start.text, stop.text)
        count = _natural(w, distance)
    else:
        if not is_literal(step.text):
            w.leave_where(w.let(f"icmp eq i64 {step.text}, 0"))
        count = _steps(w, start.text, stop.text, step.text)
    if not op.reverse:
        return Range(start.text, step.text, count, limit)
    last = w.sum(start.text, w.product(w.difference(count, "1"), step.text))
    return Range(last, w.difference("0", step.text), count, limit)


def _natural(w: Writer, distance: str) -> str:
    if is_literal(distance):
        return str(max(0, int(distance)))
    return w.intrinsic("llvm.smax.i64", "i64", ("i64", distance), ("i64", "0"))


def _steps(w: Writer, start: str, stop: str, step: str) -> str:
    """How many steps lead from the start to the stop or beyond it; the distance may be one without a sign."""
    if all(map(is_literal, (start, stop, step))):
        return str(len(range(int(start), int(stop), int(step))))
    up = w.let(f"icmp sgt i64 {step}, 0") if not is_literal(step) else "true" if int(step) > 0 else "false"

    def pick(a: str, b: str) -> str:
        return a if up == "true" else b if up == "false" else w.let(f"select i1 {up}, i64 {a}, i64 {b}")

    low, high = pick(start, stop), pick(stop, start)
    size = pick(step, str(-int(step)) if is_literal(step) else w.let(f"sub i64 0, {step}"))
    some = w.let(f"icmp slt i64 {low}, {high}")
    before = w.let(f"sub i64 {w.let(f'sub i64 {high}, {low}')}, 1")
    count = w.let(f"add i64 {w.let(f'udiv i64 {before}, {size}')}, 1")
    return w.let(f"select i1 {some}, i64 {count}, i64 0")
