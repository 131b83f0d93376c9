"""The evaluation trace: a function as text, its values numbered v1, v2, ... in the order of the text.

Where a statement assigns a variable its values are called by that (see `trace_names`).

    L(w1: float, w2: float):
        v1 = np.log(w1)
        v2 = w2 * v1
        return v2

Only numbers that may carry derivatives are counted; index arithmetic stands where it is used.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, assert_never

import numpy as np

from s2sad.ir.containers import EXTRACT, INDEX_ADD, MAKE, MAKE_SLICE
from s2sad.ir.object_names import is_spelled, object_name
from s2sad.ir.primitive import Algebra, Effect
from s2sad.ir.rewrite import substitute
from s2sad.ir.trace_names import as_text, is_own, of_element, of_operation
from s2sad.ir.types import ContainerType
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    Constant,
    For,
    Function,
    If,
    Operand,
    Operation,
    Value,
    While,
    applied_in,
    bound_in,
    int_text,
    keys_of,
    makers,
    values_in,
    walk,
)


def names(function: Function) -> dict[Value, str]:
    """The name of each value: the user's own, or v1, v2, ... for those that have none and are traced."""
    inner = _taken_away(function)
    # Names in comments count too: a number must not seem to be the primal value that a comment speaks of.
    taken = {v.hint for v in bound_in(function.body) if v.hint}
    result: dict[Value, str] = {}
    by_statement = names_by_statement(function)
    k = 0
    for v in bound_in(function.body):
        if v.hint is not None:
            result[v] = v.hint
        elif not is_traced(v) or v in inner:
            continue
        elif v in by_statement:
            result[v] = by_statement[v]
        else:
            k += 1
            # A variable of the user's may be called v3: the number is passed over.
            while f"v{k}" in taken:
                k += 1
            result[v] = f"v{k}"
    return result


def names_by_statement(function: Function) -> dict[Value, str]:
    """Names for the unnamed results whose statements assign something."""
    operations = list(walk(function.body))
    made = makers(operations)
    found = ((v, of_operation(op, made)) for op in operations for v in op.results[:1] if v.hint is None)
    return {v: name for v, name in found if name is not None}


def _taken_away(function: Function) -> set[Value]:
    """The negatives of `x[i] -= y`, which is written as it stands."""
    operations = list(walk(function.body))
    read = Counter(o for op in operations for o in values_in(op.operands))
    read.update(r for op in operations for b in op.blocks for r in values_in(b.results))
    calls = [*applied_in(operations)]
    negatives = {op.result for op in calls if op.primitive.algebra is Algebra.NEGATIVE and read[op.result] == 1}
    return negatives.intersection(op.operands[2] for op in calls if op.primitive is INDEX_ADD)


def numbered(function: Function) -> Function:
    """The function with v1, v2, ... as the names of its unnamed values, the names of the trace; `a_i` for `a[i]`.

    What is made to be updated is left to take the name of the result.
    """
    function = _with_elements(function)
    applied = [*applied_in(walk(function.body))]
    unnamed = {op.result for op in applied if op.primitive.zeros}
    unnamed |= {v for op in applied if op.primitive.update for v in values_in(op.operands[:1])}
    table: dict[Operand, Operand] = {
        v: Value(v.type, name, True)
        for v, name in names(function).items()
        if v.hint is None and is_traced(v) and v not in unnamed
    }
    return replace(function, body=substitute(function.body, table))


def _with_elements(function: Function) -> Function:
    """The function with the unnamed elements of arrays called by the array and the place: `gam_j`, `r_kk`, `p_1`."""
    made = makers(walk(function.body))
    found = {op.result: of_element(op, made) for op in made.values() if op.result.hint is None and is_traced(op.result)}
    taken = {v.hint for v in bound_in(function.body)}
    table: dict[Operand, Operand] = {
        v: replace(v, hint=name, loose=True)
        for v, name in found.items()
        if name is not None and name not in taken and isinstance(v, Value)
    }
    return replace(function, body=substitute(function.body, table))


def unnumbered(function: Function) -> Function:
    """The function without the names of the trace: with other operations in it the numbers would be others."""
    table: dict[Operand, Operand] = {
        v: replace(v, hint=None, loose=False) for v in bound_in(function.body) if is_own(v)
    }
    return replace(function, body=substitute(function.body, table))


def is_traced(value: Value) -> bool:
    """Whether an unnamed value gets a line and a number of its own."""
    t = value.type
    return t.is_inexact or t.is_sequence


def print_function(function: Function) -> str:
    """The trace of a function."""
    return Printer(function).text()


class TraceLine(NamedTuple):
    """A line of a trace: the operation that it is of, what it binds, and what it reads."""

    text: str
    op: Operation | None
    bound: tuple[Value, ...] = ()
    read: tuple[Operand, ...] = ()
    heads: bool = False
    """Whether it is the head of a loop or a branch."""


class Printer:
    """Prints one function. Two values of one name are told apart by a suffix."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.made: list[TraceLine] = []
        self.names = _unique({v: as_text(name) for v, name in names(function).items()})
        self.definition: dict[Value, Apply] = {
            op.result: op
            for op in walk(function.body)
            if isinstance(op, Apply) and op.primitive.effect is not Effect.IO
        }

    def text(self) -> str:
        return "\n".join(line.text for line in self.lines())

    def lines(self) -> list[TraceLine]:
        """The lines of the trace, each with the operation that it is of."""
        f = self.function
        parameters = ", ".join(f"{self.names.get(p, '_')}: {p.type}" for p in f.parameters)
        self.made = [TraceLine(f"{f.name}({parameters}):", None, f.parameters)]
        self.block(f.body, 1)
        self.add(f"    return {self.operand(f.result)}", None, (), (f.result,))
        return self.made

    def add(
        self, text: str, op: Operation | None, bound: Sequence[Value], read: Sequence[Operand], heads: bool = False
    ) -> None:
        self.made.append(TraceLine(text, op, tuple(bound), tuple(read), heads))

    def block(self, block: Block, depth: int) -> None:
        for op in block.operations:
            self.operation(op, depth)

    def operation(self, op: Operation, depth: int) -> None:
        pad = "    " * depth
        match op:
            case Apply():
                if op.result in self.names:
                    self.add(f"{pad}{self.names[op.result]} = {self.expression(op)}", op, op.results, op.operands)
                elif op.primitive.effect is Effect.IO:
                    self.add(f"{pad}{self.expression(op)}", op, (), op.operands)
            case Call():
                target = self.names.get(op.result)
                call = f"{op.function.name}({', '.join(map(self.operand, op.operands))})"
                # A call has a line of its own even where its result has no number.
                if target is None:
                    target = self.names[op.result] = f"{op.function.name}_result"
                self.add(f"{pad}{target} = {call}", op, op.results, op.operands)
            case If():
                self.add(f"{pad}if {self.operand(op.predicate)}:", op, (), (op.predicate,), True)
                self.ended_block(op, op.then, depth + 1)
                self.add(f"{pad}else:", op, (), ())
                self.ended_block(op, op.orelse, depth + 1)
            case For():
                self.carry(op, pad)
                bounds = ", ".join(map(self.operand, (op.start, op.stop, op.step)))
                head = f"{pad}for {self.operand(op.index)} in {'reversed ' if op.reverse else ''}range({bounds}):"
                self.add(head, op, (op.index, *op.items), (op.start, op.stop, op.step, *op.scanned), True)
                self.ended_block(op, op.body, depth + 1)
            case While():
                self.carry(op, pad)
                self.add(f"{pad}while:", op, (), (), True)
                self.block(op.test, depth + 1)
                self.add(f"{pad}    test {self.operand(op.test.results[0])}", op, (), op.test.results)
                self.ended_block(op, op.body, depth + 1)
            case _:
                assert_never(op)

    def carry(self, op: For | While, pad: str) -> None:
        for p, i in zip(op.carried, op.initial, strict=True):
            if self.operand(p) != self.operand(i):
                self.add(f"{pad}{self.operand(p)} = {self.operand(i)}", op, (p,), (i,))

    def ended_block(self, op: Operation, block: Block, depth: int) -> None:
        start = len(self.made)
        self.block(block, depth)
        for r, o in zip(op.results, block.results, strict=False):
            if self.operand(r) != self.operand(o):
                self.add(f"{'    ' * depth}{self.operand(r)} = {self.operand(o)}", op, (r,), (o,))
        if len(self.made) == start:
            self.add(f"{'    ' * depth}pass", op, (), ())

    def operand(self, operand: Operand) -> str:
        if isinstance(operand, Constant):
            return operand.text or constant_text(operand.value)
        if operand in self.names:
            return self.names[operand]
        if operand in self.definition:
            return self.expression(self.definition[operand], nested=True)
        return "_"

    def expression(self, op: Apply, nested: bool = False) -> str:
        """`primitive(operands)` as it is spelled; three-address code needs no parentheses but for index arithmetic."""
        text = spell(op, [self.operand(o) for o in op.operands])
        return f"({text})" if nested and re.search(r"^\S+ [-+*/%<>=!&|@]", text) and " " in text else text


def spelling_of(op: Apply) -> str | None:
    """The Python expression over `_0, _1, ...` for an operation; None where it is a call of its name."""
    spelling = op.primitive.spelling
    if callable(spelling):
        return spelling(*(o.type for o in op.operands), **op.static)
    return None if op.static else spelling


def spell(op: Apply, operands: list[str]) -> str:
    """The text of an operation, for traces and comments."""
    primitive = op.primitive
    if primitive is MAKE:
        return _container_text(op, operands)
    if primitive is EXTRACT:
        return f"{operands[0]}[{op.static['key']!r}]"
    if primitive is MAKE_SLICE:
        return ":".join("" if p == "None" else p for p in operands[: 2 if operands[2] == "None" else 3])
    spelling = spelling_of(op)
    if spelling is None:
        static = [f"{k}={constant_text(v)}" for k, v in op.static.items()]
        return f"{primitive.name}({', '.join([*operands, *static])})"
    # `-x ** 2` is the negative of a square.
    if "_0 **" in spelling and operands[0].startswith("-"):
        operands = [f"({operands[0]})", *operands[1:]]
    # Between the brackets of a subscript nothing needs parentheses.
    bare = [o[1:-1] if f"[_{k}]" in spelling and o.startswith("(") else o for k, o in enumerate(operands)]
    return re.sub(r"\b_(\d+)\b", lambda m: bare[int(m[1])], spelling)


def _container_text(op: Apply, operands: list[str]) -> str:
    t = op.result.type
    if t.cls is tuple:
        return f"({', '.join(operands)}{',' if len(operands) == 1 else ''})"
    if t.cls is list:
        return f"[{', '.join(operands)}]"
    keys = keys_of(op)
    if t.cls is dict:
        return "{" + ", ".join(f"{key_text(k)}: {o}" for k, o in zip(keys, operands, strict=True)) + "}"
    name = t.cls.__name__ if isinstance(t, ContainerType) else "make"
    return f"{name}({', '.join(operands)})"


def constant_text(value: object) -> str:
    """A static value as Python text."""
    if value is Ellipsis:
        return "..."
    match value:
        case slice():
            parts = [value.start, value.stop] + [value.step] * (value.step is not None)
            return ":".join("" if p is None else str(p) for p in parts)
        case np.dtype():
            return f"np.{value.name}"
        # Before floats, of which np.float64 is one: its text is that of the Python number.
        case np.generic() if is_spelled(value):
            return constant_text(value.item())
        case float() if not math.isfinite(value):
            return "np.nan" if math.isnan(value) else "np.inf" if value > 0 else "-np.inf"
        case np.ndarray() if is_spelled(value):
            # Only where the plain list would become another dtype is the array written as NumPy does, dtype and all.
            text = constant_text(value.tolist())
            return f"np.array({text})" if np.array(value.tolist()).dtype == value.dtype else f"np.{value!r}"
        case _ if callable(value) and not is_spelled(value) and not isinstance(value, type):
            return object_name(value)
        case _ if callable(value):
            name = getattr(value, "__name__", repr(value))
            return f"np.{name}" if (getattr(value, "__module__", "") or "").split(".")[0] == "numpy" else name
        case tuple():
            return f"({', '.join(map(constant_text, value))}{',' if len(value) == 1 else ''})"
    # By their exact classes: a subclass has a constructor of its own, and its text would make a plain list of it.
    if type(value) is list:
        return f"[{', '.join(map(constant_text, value))}]"
    if type(value) is dict:
        return f"{{{', '.join(f'{key_text(k)}: {constant_text(v)}' for k, v in value.items())}}}"
    if not is_spelled(value):
        return object_name(value)
    return int_text(value) if type(value) is int else repr(value)


def key_text(key: object) -> str:
    """The key of a dict as Python text."""
    return constant_text(key) if is_spelled(key, as_key=True) else object_name(key)


def _unique(table: Mapping[Value, str]) -> dict[Value, str]:
    count: dict[str, int] = {}
    result = {}
    for v, name in table.items():
        count[name] = count.get(name, 0) + 1
        result[v] = name if count[name] == 1 else f"{name}_{count[name]}"
    return result
