"""What stands for the values of a program while its text grows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from s2sad.backends.native.code import memory
from s2sad.backends.native.code.conversions import python_integer, truth
from s2sad.backends.native.code.numbers import number_of
from s2sad.backends.native.code.values import Handle, Memory, Number, Term
from s2sad.backends.native.code.writer import Writer
from s2sad.errors import InternalError, UnsupportedType
from s2sad.ir.types import ArrayType, ContainerType
from s2sad.ir.values import Constant, Operand, Operation, Value
from s2sad.loops.memory import Roots


class Scope(ABC):
    """The terms of values, and what appends operations. `escaping` are arrays that leave the iteration they are of."""

    def __init__(self, w: Writer, escaping: frozenset[Value], roots: Roots) -> None:
        self.w = w
        self.escaping = escaping
        self.roots = roots
        """The memory that each array may lie in."""
        self.terms: dict[Operand, Term] = {}
        self.holders: dict[Memory, Value] = {}
        """By memory that is owned, an array in it."""

    @abstractmethod
    def run(self, operations: Sequence[Operation], top: bool = False) -> None:
        """Append operations; `top`: those of the function itself, not of a block in it."""

    def term(self, operand: Operand) -> Term:
        """What stands for an operand."""
        if isinstance(operand, Constant):
            return self._constant(operand)
        if operand not in self.terms:
            raise InternalError(f"{operand!r} is read where it has no value, in a program of loops")
        return self.terms[operand]

    def _constant(self, operand: Constant) -> Term:
        if isinstance(operand.type, ContainerType):
            items = zip(operand.value, operand.type.items, strict=True)  # type: ignore[call-overload]
            return tuple(self._constant(Constant(x, t)) for x, t in items)
        if isinstance(operand.type, ArrayType) and operand.type.rank:
            return memory.known_array(self.w, operand.value)  # type: ignore[arg-type]
        return number_of(operand, {})

    def number(self, operand: Operand) -> Number:
        """The number that an operand is, or an array without axes."""
        found = self.term(operand)
        if isinstance(found, Handle) and not found.lengths:
            return memory.load(self.w, found, ())
        if not isinstance(found, Number):
            raise UnsupportedType(f"{operand.type} as a number in native code", "use one element")
        return found

    def integer(self, operand: Operand) -> Number:
        """An operand that counts."""
        return python_integer(self.w, self.number(operand))

    def truth(self, operand: Operand) -> str:
        """Whether an operand is true."""
        return truth(self.w, self.number(operand))

    def array(self, operand: Operand) -> Handle:
        """The array that an operand is."""
        found = self.term(operand)
        if not isinstance(found, Handle):
            raise UnsupportedType(f"{operand.type} as an array in native code", "use np.array")
        return found

    def bind(self, values: Sequence[Value], terms: Sequence[Term]) -> None:
        """Have terms stand for values."""
        for value, term in zip(values, terms, strict=True):
            self.terms[value] = term
            if isinstance(term, Handle) and term.memory.owner is not None:
                self.holders.setdefault(term.memory, value)

    def may_be(self, memory: Memory, operand: Operand) -> bool:
        """Whether an array may lie in memory that is owned."""
        own, other = (self.roots.get(o) if o is not None else None for o in (self.holders.get(memory), operand))
        return own is None or other is None or not own.isdisjoint(other)
