"""Primal values that a reverse sweep reads only where a rule makes use of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from s2sad.ir.builder import Builder, Expr
from s2sad.ir.values import Apply, Operand, Value

if TYPE_CHECKING:
    from s2sad.differentiate.reverse.reverse import Reverse


class LazyExpr(Expr):
    """An expression for a primal value that is read only when an operation is built on it."""

    __slots__ = ("_found", "_made", "_primal", "_reverse")

    def __init__(self, builder: Builder, primal: Value, reverse: Reverse, made: Apply | None) -> None:
        self.builder = builder
        self._made = made
        self._primal = primal
        self._reverse = reverse
        self._found: Operand | None = None

    @property
    def operand(self) -> Operand:  # type: ignore[override]
        if self._found is None:
            self._found = self._reverse.read(self.builder, self._primal)
        return self._found

    @property
    def type(self) -> Any:
        return self._primal.type

    @property
    def known(self) -> Any:
        return None

    def __getitem__(self, index: Any) -> Expr:
        if self._made is None:
            return super().__getitem__(index)
        keys = self._made.static["keys"]
        assert isinstance(keys, tuple)
        return self._reverse.primal(self.builder, self._made.operands[keys.index(index)])
