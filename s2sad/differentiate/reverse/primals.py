"""Primal values that a reverse sweep reads only where a rule makes use of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from s2sad.ir.builder import Builder, Expr
from s2sad.ir.values import Operand, Value


class LazyExpr(Expr):
    """An expression for a primal value that is read only when an operation is built on it.

    `read` appends what the value is read from; `item` gives the items of a container that is made of other values.
    """

    __slots__ = ("_item", "_operand", "_primal", "_read")

    def __init__(
        self,
        builder: Builder,
        primal: Value,
        read: Callable[[Builder, Value], Operand],
        item: Callable[[object], Expr] | None,
    ) -> None:
        self.builder = builder
        self._primal = primal
        self._read = read
        self._item = item
        self._operand: Operand | None = None

    @property
    def operand(self) -> Operand:  # type: ignore[override]
        if self._operand is None:
            self._operand = self._read(self.builder, self._primal)
        return self._operand

    @property
    def type(self) -> Any:
        return self._primal.type

    @property
    def known(self) -> Any:
        return None

    def __getitem__(self, index: Any) -> Expr:
        return super().__getitem__(index) if self._item is None else self._item(index)
