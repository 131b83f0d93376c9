"""The text of a function of LLVM as it grows: lines, blocks, what it declares, and the ways out of it.

What a function has allocated is freed on every way out. The blocks that do so are shared: what frees the memory that
was allocated last goes on to what frees that before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from s2sad.backends.native.code.values import Memory, is_literal
from s2sad.ir.primitive import Primitive
from s2sad.ir.values import Apply


class Library(Protocol):
    """What kernels call outside of themselves."""

    def place(self, name: str) -> str:
        """The text of the address at which that of a function stands: `blas dgemm`."""

    def operation(self, op: Apply) -> str:
        """The name of a function that computes an operation."""

    def misses(self, primitive: Primitive) -> None:
        """Note that a function is called number by number, for which there is no code."""


DONE, LEFT, NO_MEMORY, INTERRUPTED = range(4)
"""What a kernel returns."""
ATTRIBUTES = 'noinline nounwind "prefer-vector-width"="512"'
"""Of kernels: as long vectors as there are, which LLVM by itself does not take on all processors that have them."""
PATIENCE = 1 << 20
"""Steps between two questions whether the program was interrupted."""


@dataclass(frozen=True, slots=True, eq=False)
class Owned:
    """Memory that is to be freed at the end of the block that owns it, and what was allocated before it."""

    memory: Memory
    before: Owned | None


@dataclass(slots=True)
class Part:
    """A function that a kernel calls: its name, and what it may return but that all is done."""

    name: str
    statuses: tuple[int, ...] = ()


class Writer:
    """Appends lines. `hoisted` are those that belong at the start of the function."""

    def __init__(self, name: str, library: Library, fused: bool) -> None:
        self.name = name
        self.library = library
        self.flags = "contract " if fused else ""
        """Of arithmetic on floats."""
        self.lines: list[str] = []
        self.hoisted: list[str] = []
        self.declared: dict[str, str] = {}
        self.called: dict[str, None] = {}
        """The elementary functions that are called."""
        self.globals: list[str] = []
        self.parts: list[str] = []
        """The functions that stand before this one, of it alone."""
        self.block = "start"
        self.owned: Owned | None = None
        self.depth = 0
        """How many loops there are around."""
        self.is_chained = False
        """Whether the next iteration waits for this one, as in a `while`: a branch goes on before its test is known."""
        self.predicate: str | None = None
        """What holds where the operations are wanted that are computed in any case."""
        self._count = 0
        self._ways: dict[tuple[Owned | None, int], str] = {}
        self.waits = False
        """Whether there is a check of which something may wait."""
        self.counts = False
        """Whether there is a count of steps."""
        self.stack = 0
        """How many bytes of arrays are on the stack."""
        self.leaves = 0
        """How many checks there are so far of which something waits."""

    # lines

    def fresh(self, name: str = "") -> str:
        self._count += 1
        return f"{name or 'v'}{self._count}"

    def do(self, line: str) -> None:
        self.lines.append(f"  {line}")

    def let(self, instruction: str) -> str:
        """Append an instruction that gives a value."""
        self._count += 1
        self.lines.append(f"  %v{self._count} = {instruction}")
        return f"%v{self._count}"

    def declare(self, name: str, declaration: str) -> None:
        """Declare a function of another module."""
        self.declared.setdefault(name, declaration)

    def intrinsic(self, name: str, result: str, *arguments: tuple[str, str]) -> str:
        """Call an intrinsic function of LLVM, which needs no declaration."""
        return self.let(f"call {result} @{name}({', '.join(f'{t} {x}' for t, x in arguments)})")

    def alloca(self, form: str, align: int = 8) -> str:
        """Memory on the stack, for as long as the function runs."""
        name = f"%{self.fresh('a')}"
        self.hoisted.append(f"  {name} = alloca {form}, align {align}")
        return name

    # integers

    def product(self, a: str, b: str) -> str:
        if is_literal(a) and is_literal(b):
            return str(int(a) * int(b))
        if "0" in (a, b):
            return "0"
        return b if a == "1" else a if b == "1" else self.let(f"mul nsw i64 {a}, {b}")

    def sum(self, a: str, b: str) -> str:
        if is_literal(a) and is_literal(b):
            return str(int(a) + int(b))
        return b if a == "0" else a if b == "0" else self.let(f"add nsw i64 {a}, {b}")

    def difference(self, a: str, b: str) -> str:
        if is_literal(a) and is_literal(b):
            return str(int(a) - int(b))
        return a if b == "0" else self.let(f"sub nsw i64 {a}, {b}")

    # truths

    def either(self, *truths: str) -> str:
        """Whether one of them holds."""
        found = [t for t in truths if t != "false"]
        if not found:
            return "false"
        result = found[0]
        for t in found[1:]:
            result = self.let(f"or i1 {result}, {t}")
        return result

    def both(self, a: str, b: str) -> str:
        if "false" in (a, b):
            return "false"
        return b if a == "true" else a if b == "true" else self.let(f"and i1 {a}, {b}")

    def negated(self, a: str) -> str:
        known = {"true": "false", "false": "true"}.get(a)
        return known or self.let(f"xor i1 {a}, true")

    # blocks

    def start(self, label: str) -> None:
        """Begin a block."""
        self.lines.append(f"{label}:")
        self.block = label

    def jump(self, label: str, hint: str = "") -> None:
        self.do(f"br label %{label}{hint}")

    def branch(self, holds: str, then: str, orelse: str, hint: str = "") -> None:
        self.do(f"br i1 {holds}, label %{then}, label %{orelse}{hint}")

    # ways out

    def way_out(self, status: int) -> str:
        """The block that frees what there is now, and returns."""
        return self._way(self.owned, status)

    def _way(self, owned: Owned | None, status: int) -> str:
        return self._ways.setdefault((owned, status), f"out{len(self._ways)}")

    def go_on(self, status: str, ways: Sequence[int]) -> None:
        """Go on where what was called has done all; it may have returned one of these instead."""
        if not ways:
            return
        on, (first, *others) = self.fresh("on"), ways
        cases = [f"i32 {s}, label %{self.way_out(s)}" for s in others]
        self.do(
            f"switch i32 {status}, label %{self.way_out(first)} [ {' '.join([f'i32 {DONE}, label %{on}', *cases])} ]"
        )
        self.start(on)

    def leave_where(self, wrong: str, status: int = LEFT) -> None:
        """Go on only where something is not so."""
        if wrong == "false":
            return
        on = self.fresh("on")
        self.branch(wrong, self.way_out(status), on, ", !prof !9000")
        self.start(on)

    def leave_later_where(self, wrong: str) -> None:
        """Leave where something is so: inside loops, not before they end. So they may be vectorised all the same.

        Until then the program computes on, with whatever it has.
        """
        if self.predicate is not None:
            wrong = self.both(wrong, self.predicate)
        if wrong == "false":
            return
        if self.depth == 0:
            self.leave_where(wrong)
            return
        self.leaves += 1
        if not self.waits:
            self.waits = True
            self.hoisted += ["  %wrong = alloca i1", "  store i1 false, ptr %wrong"]
        before = self.let("load i1, ptr %wrong")
        after = self.let(f"or i1 {before}, {wrong}")
        self.do(f"store i1 {after}, ptr %wrong")

    def leave_now(self) -> None:
        """Leave where something waits for it."""
        self.leave_where(self.let("load i1, ptr %wrong"))

    def counted(self) -> None:
        """Have a count of steps."""
        if not self.counts:
            self.counts = True
            self.hoisted += ["  %steps = alloca i64", "  store i64 0, ptr %steps"]

    def count_steps(self, number: str) -> None:
        """Note that a loop has done so many steps."""
        self.counted()
        before = self.let("load i64, ptr %steps")
        self.do(f"store i64 {self.let(f'add i64 {before}, {number}')}, ptr %steps")

    def ask(self) -> None:
        """Ask now and then whether the program was interrupted."""
        self.count_steps("1")
        many = self.let(f"icmp ugt i64 {self.let('load i64, ptr %steps')}, {PATIENCE}")
        ask, on = self.fresh("ask"), self.fresh("on")
        self.branch(many, ask, on, ", !prof !9000")
        self.start(ask)
        self.do("store i64 0, ptr %steps")
        stop = self.let("call i1 @s2sad.interrupted(ptr %slots) nounwind")
        self.branch(stop, self.way_out(INTERRUPTED), on)
        self.start(on)

    # memory

    def own(self, memory: Memory) -> None:
        """Have memory freed at the end of the present block."""
        self.owned = Owned(memory, self.owned)

    def owned_since(self, before: Owned | None) -> list[Memory]:
        """What was allocated since, the last one first."""
        found = []
        owned = self.owned
        while owned is not before:
            assert owned is not None
            found.append(owned.memory)
            owned = owned.before
        return found

    def free(self, pointer: str) -> None:
        self.do(f"call void @s2sad.leave(ptr {pointer})")

    def release(self, before: Owned | None, kept: Sequence[Memory] = ()) -> None:
        """Free what was allocated since, but for what is handed out."""
        for memory in self.owned_since(before):
            if memory.owner is not None and memory not in kept:
                self.free(memory.owner)
        self.owned = before

    @contextmanager
    def chained(self, is_chained: bool) -> Iterator[None]:
        """The body of a loop."""
        outer, self.is_chained = self.is_chained, is_chained
        yield
        self.is_chained = outer

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Inside a loop."""
        self.depth += 1
        yield
        self.depth -= 1

    # functions

    def definition(self, name: str, signature: Sequence[str]) -> str:
        """The function that takes this and does what was appended."""
        self.do(f"ret i32 {DONE}")
        self._finish()
        head = f'define internal i32 @"{name}"({", ".join(signature)}) {ATTRIBUTES} {{'
        return "\n".join([head, "start:", *self.hoisted, *self.lines, "}", ""])

    @contextmanager
    def apart(self, signature: Sequence[str]) -> Iterator[Part]:
        """Append to a function of its own, which takes this."""
        outer = self.lines, self.hoisted, self.block, self.owned, self._ways, self.waits, self.leaves, self.stack
        self.lines, self.hoisted, self.block, self.owned, self._ways, self.waits = [], [], "start", None, {}, False
        made = Part(f"{self.name}.part{len(self.parts)}")
        yield made
        self.parts.append(self.definition(made.name, signature))
        made.statuses = tuple(sorted({status for _, status in self._ways}))
        self.lines, self.hoisted, self.block, self.owned, self._ways, self.waits, self.leaves, self.stack = outer

    def _finish(self) -> None:
        """Append the blocks of the ways out."""
        done: set[tuple[Owned | None, int]] = set()
        while len(done) < len(self._ways):
            for key, label in list(self._ways.items()):
                if key in done:
                    continue
                done.add(key)
                owned, status = key
                self.start(label)
                if owned is None:
                    self.do(f"ret i32 {status}")
                    continue
                if owned.memory.owner is not None:
                    self.free(owned.memory.owner)
                self.jump(self._way(owned.before, status))
