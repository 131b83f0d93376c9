"""A function as text from which `ir.parser` reads it again: one operation a line, all that it has said.

    f(x: float64[n], times: int):
        where n >= 2
        total: float64 = for k: int in range(0, times, 1):
            carry sum~ as total: float64 = 0.0
            v1: float64 = np.sum(x)
            v2: float64 = sum * v1
            yield v2
        return total

    name: type          a value, called `name`; `v1, v2, ...` have no name of their own
    name~               a loose one
    name_2 as name      a value whose own name another one has
    carry p = initial   what a loop carries; `scan p = list` what it takes from a list, `scan ascending` from its start
    yield a, b          what a block gives; `break stop` whether its loop is left
    where n >= 2        an integer in the types, by its symbol: what it is not below (`of any sign`: it may be
                        negative), and whether it `varies`

A value known at compile time stands as Python writes it; one that Python cannot write has a name, and stands in
`objects`. Places in the user's source and comments are left out, and what a dimension was derived from.
Without `types` those are left out that follow from the operands.
"""

from __future__ import annotations

import builtins
import keyword
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, assert_never

import numpy as np

from s2sad.ir.containers import EXTRACT, GETITEM, MAKE
from s2sad.ir.dims import ANY_SIGN, Dim, Symbol, is_known
from s2sad.ir.primitive import PRIMITIVES, Primitive
from s2sad.ir.primitives.snapshots import Snapshots
from s2sad.ir.trace_names import as_text
from s2sad.ir.types import (
    ArrayType,
    BottomType,
    ContainerType,
    HandleType,
    KeptType,
    OpaqueType,
    SequenceType,
    SliceType,
    SparseType,
    StaticType,
    TableType,
    Type,
    type_of,
)
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    Constant,
    For,
    Function,
    FunctionRef,
    If,
    Operand,
    Operation,
    Value,
    While,
    bound_in,
)

NAMELESS = re.compile(r"v\d+")
"""How a value without a name is called."""
_TAKEN = frozenset({*dir(builtins), *keyword.kwlist, "np"})
_PAD = "    "


def complete_text(function: Function, objects: dict[str, object] | None = None, types: bool = True) -> str:
    """The function as text. Into `objects` is put what the text only names."""
    return CompleteText(function, {} if objects is None else objects, types).text()


def by_spelling() -> dict[str, Primitive]:
    """The primitives that are written with an operator or a subscript, by their spelling."""
    if len(PRIMITIVES) != _SPELLINGS_OF[0]:
        _SPELLINGS_OF[0] = len(PRIMITIVES)
        spelled = [p for p in PRIMITIVES.values() if isinstance(p.spelling, str) and _OPERATOR.fullmatch(p.spelling)]
        _SPELLINGS.clear()
        for primitive in sorted(spelled, key=lambda p: p.elementwise):
            # the operators are those of arrays: what a library spells with one comes later, and is written by its name
            if primitive.elementwise or str(primitive.spelling) not in _SPELLINGS:
                _SPELLINGS[str(primitive.spelling)] = primitive
    return _SPELLINGS


_OPERATOR = re.compile(r"_0 (?:\*\*|//|<<|>>|[<>=!]=|[-+*/%@&|^<>]) _1|[-+~]_0|_0\[_1\]")
_SPELLINGS: dict[str, Primitive] = {}
_SPELLINGS_OF = [0]
"""Of how many primitives the spellings are known: rules of libraries come late."""


class CompleteText:
    """Writes one function."""

    def __init__(self, function: Function, objects: dict[str, object], types: bool) -> None:
        self.function = function
        self.objects = objects
        self.types = types
        self.names = _names(function)
        self.taken = _TAKEN.union(self.names.values())
        self.symbols: dict[Symbol, str] = {}
        self.lines: list[str] = []

    def text(self) -> str:
        f = self.function
        parameters = [self.bound(p, known=False) for p in f.parameters]
        self.block(f.body, 1)
        end = f"{_PAD}return {', '.join(map(self.operand, f.body.results))}"
        return "\n".join([f"{f.name}({', '.join(parameters)}):", *self.head(), *self.lines, end])

    def head(self) -> Iterable[str]:
        f = self.function
        if f.doc is not None:
            yield f"{_PAD}doc {f.doc!r}"
        if f.takes:
            yield f"{_PAD}takes {', '.join(map(str, f.takes))}"
        for symbol, name in self.symbols.items():
            least = f" >= {symbol.least}" if symbol.least else ""
            least = " of any sign" if symbol.least == ANY_SIGN else least
            called = "" if name == symbol.name else f" as {symbol.name}"
            varies = " varies" if symbol.varies else ""
            if least or called or varies:
                yield f"{_PAD}where {name}{called}{least}{varies}"

    # operations

    def block(self, block: Block, depth: int) -> None:
        for op in block.operations:
            self.operation(op, depth)

    def operation(self, op: Operation, depth: int) -> None:
        match op:
            case Apply():
                self.line(depth, f"{self.bound(op.result)} = {self.applied(op)}")
            case Call():
                self.line(depth, f"{self.bound(op.result, known=False)} = {self.call(op)}")
            case If():
                self.line(depth, f"{self.results(op)}if {self.operand(op.predicate)}:")
                self.ended(op.then, depth + 1)
                self.line(depth, "else:")
                self.ended(op.orelse, depth + 1)
            case For():
                self.loop(op, depth)
            case While():
                self.line(depth, f"{self.results(op)}while:")
                self.carried(op.test.parameters, op.initial, depth + 1)
                self.ended(op.test, depth + 1)
                self.line(depth, "do:")
                self.carried(op.body.parameters, op.initial, depth + 1)
                self.ended(op.body, depth + 1, op.breaks)
            case _:
                assert_never(op)

    def loop(self, op: For, depth: int) -> None:
        bounds = ", ".join(map(self.operand, (op.start, op.stop, op.step)))
        snapshots = "" if op.snapshots is None else f", snapshots {op.snapshots}"
        over = f"{self.bound(op.index)} in {'reversed ' if op.reverse else ''}range({bounds}){snapshots}"
        self.line(depth, f"{self.results(op)}for {over}:")
        self.carried(op.carried, op.initial, depth + 1)
        for k, (item, scanned) in enumerate(zip(op.items, op.scanned, strict=True)):
            ascending = "ascending " if op.is_ascending(k) else ""
            self.line(depth + 1, f"scan {ascending}{self.bound(item)} = {self.operand(scanned)}")
        self.ended(op.body, depth + 1, op.breaks)

    def carried(self, parameters: Sequence[Value], initial: Sequence[Operand], depth: int) -> None:
        for p, o in zip(parameters, initial, strict=True):
            self.line(depth, f"carry {self.bound(p)} = {self.operand(o)}")

    def ended(self, block: Block, depth: int, breaks: bool = False) -> None:
        self.block(block, depth)
        results = [*map(self.operand, block.results)]
        # Of a loop that breaks the last result is the decision, and has a line of its own.
        stop = results.pop() if breaks else None
        self.line(depth, f"yield {', '.join(results)}".rstrip())
        if stop is not None:
            self.line(depth, f"break {stop}")

    def line(self, depth: int, text: str) -> None:
        self.lines.append(f"{_PAD * depth}{text}")

    def results(self, op: If | For | While) -> str:
        return f"{', '.join(map(self.bound, op.results))} = " if op.results else ""

    def bound(self, value: Value, known: bool = True) -> str:
        """A value where it is bound; its type is `known` where it follows from the operands."""
        name = self.names[value]
        own = None if NAMELESS.fullmatch(name) else name
        called = "" if own == value.hint else f" as {value.hint}"
        type_ = "" if known and not self.types else f": {self.type(value.type)}"
        return f"{name}{'~' if value.loose else ''}{called}{type_}"

    def call(self, op: Call) -> str:
        f: FunctionRef = op.function
        own = " own" if f.own else ""
        takes = f" takes {', '.join(map(str, f.takes))}" if f.takes else ""
        result = "" if f.result == op.result.type else f" -> {self.type(f.result)}"
        effects = f" {f.effects.name.lower()}" if f.effects else ""
        return f"call {f.name}({', '.join(map(self.operand, op.operands))}){effects}{own}{takes}{result}"

    def applied(self, op: Apply) -> str:
        operands = [*map(self.operand, op.operands)]
        short = self.container(op, operands)
        if short is not None:
            return short
        spelling = op.primitive.spelling
        # Only where the spelling leads back to this primitive and no other: the text has to be read again.
        if not op.static and isinstance(spelling, str) and by_spelling().get(spelling) is op.primitive:
            simple = [o if re.match(r"[\w(\[]", o) else f"({o})" for o in operands]
            return re.sub(r"\b_(\d)\b", lambda m: simple[int(m[1])], spelling)
        static = [f"{k}={self.literal(v)}" for k, v in op.static.items()]
        return f"{self.primitive(op.primitive)}({', '.join([*operands, *static])})"

    def container(self, op: Apply, operands: list[str]) -> str | None:
        """`(a, b)`, `[a, b]` and `x[0]`; None for other operations, and for containers of other kinds."""
        of_items = [o for o in op.operands if o.type.is_container]
        # An index into a container that is known only at run time would read as the item of a known key.
        if op.primitive is GETITEM and of_items[:1] == [op.operands[0]]:
            return f"getitem({', '.join(operands)})"
        if (
            op.primitive is EXTRACT
            and isinstance(op.operands[0], Value)
            and type(key := op.static["key"]) in (int, str)
        ):
            return f"{operands[0]}[{key!r}]"
        if op.primitive is MAKE and op.static["keys"] == tuple(range(len(operands))):
            if op.static["cls"] is tuple:
                return f"({', '.join(operands)}{',' if len(operands) == 1 else ''})"
            if op.static["cls"] is list:
                return f"[{', '.join(operands)}]"
        return None

    def primitive(self, primitive: Primitive) -> str:
        if PRIMITIVES.get(primitive.name) is not primitive:
            return self.named(primitive, primitive.name)
        dotted = re.fullmatch(r"\w+(\.\w+)*", primitive.name) and not keyword.iskeyword(primitive.name)
        return primitive.name if dotted else f"primitive({primitive.name!r})"

    # operands and what is static

    def operand(self, operand: Operand) -> str:
        if isinstance(operand, Value):
            return self.names[operand]
        text = self.literal(operand.value)
        more = [] if _same_type(operand) else [f"type={self.type(operand.type)}"]
        more += [] if operand.text is None else [f"text={operand.text!r}"]
        return f"constant({', '.join([text, *more])})" if more else text

    def literal(self, value: Any) -> str:
        """A value known at compile time, as Python writes it or by a name."""
        cls = type(value)
        if value is None or value is Ellipsis or cls in (bool, int, str, bytes):
            return "..." if value is Ellipsis else repr(value)
        if cls is float:
            return repr(value) if math.isfinite(value) else f"float({str(value)!r})"
        if cls is complex:
            return f"complex({self.literal(value.real)}, {self.literal(value.imag)})"
        if cls is tuple:
            return f"({', '.join(map(self.literal, value))}{',' if len(value) == 1 else ''})"
        if cls is list:
            return f"[{', '.join(map(self.literal, value))}]"
        if cls is dict:
            return f"{{{', '.join(f'{self.literal(k)}: {self.literal(v)}' for k, v in value.items())}}}"
        if cls is slice:
            return f"slice({', '.join(map(self.literal, (value.start, value.stop, value.step)))})"
        if isinstance(value, np.generic) and value.dtype.kind in "biufc" and value.dtype == np.dtype(cls.__name__):
            return f"np.{cls.__name__}({self.literal(value.item())})"
        if isinstance(value, np.dtype):
            return f"np.dtype({value.str!r})"
        if isinstance(value, Type):
            return f"type_({self.type(value)})"
        name = getattr(value, "__name__", cls.__name__)
        if getattr(builtins, name, None) is value and not name.startswith("__"):
            return str(name)
        return f"np.{name}" if getattr(np, name, None) is value else self.named(value, name)

    def named(self, value: object, name: str) -> str:
        """The name of something that Python cannot write."""
        # By identity: two objects may be equal, and two functions never are.
        for known, other in self.objects.items():
            if other is value:
                return known
        base = re.sub(r"\W+", "_", name).strip("_") or "object"
        self.objects[_free(f"{base}_" if NAMELESS.fullmatch(base) else base, self.taken | self.objects.keys())] = value
        return next(reversed(self.objects))

    # types

    def type(self, t: Type) -> str:
        match t:
            case ArrayType():
                return self.array(t)
            case ContainerType() if t.cls in (tuple, list):
                return f"{t.cls.__name__}[{', '.join(map(self.type, t.items)) or '()'}]"
            case ContainerType():
                items = (f"{self.literal(k)}: {self.type(i)}" for k, i in zip(t.keys, t.items, strict=True))
                return f"{self.literal(t.cls)}[{', '.join(items) or '()'}]"
            case SequenceType():
                return f"sequence[{self.type(t.item)}, {self.dim(t.length)}]"
            case TableType():
                return f"table[{self.type(t.key)}]"
            case SliceType():
                return f"slice[{', '.join('None' if p is None else self.type(p) for p in (t.start, t.stop, t.step))}]"
            case SparseType():
                kind = ", True" if t.is_spmatrix else ""
                return f"sparse({t.numbers.name}[{', '.join(map(self.dim, (*t.dims, t.count)))}], {t.format!r}{kind})"
            case HandleType():
                return f"handle({self.literal(t.value)})"
            case StaticType():
                return f"static({self.literal(t.value)})"
            case Snapshots():
                return f"snapshots({t.name!r}, {self.type(t.item)})"
            case KeptType():
                return f"kept({t.name!r})"
            case OpaqueType():
                return f"opaque({t.name!r})"
            case BottomType():
                return "bottom"
        raise TypeError(t)

    def array(self, t: ArrayType) -> str:
        plain = "number" if t.dtype is None else t.dtype.name
        if t.dtype is not None and np.dtype(plain) != t.dtype:
            plain = repr(t.dtype.str)
        python = plain.rstrip("0123456789")
        if t.shape is None:
            kind, text = "any", f"{plain}[...]"
        elif t.shape:
            kind, text = "array", f"{plain}[{', '.join(map(self.dim, t.shape))}]"
        elif t.kind == "python" and t.dtype is not None and PYTHON.get(python) == t.dtype:
            kind, text = "python", python
        elif t.kind == "array":
            kind, text = "array", f"{plain}[()]"
        else:
            kind, text = "python" if plain == "bool" else "numpy", plain
        size = [] if t.size is None else [f"size={self.dim(t.size)}"]
        size += ["doubtful=True"] if t.doubtful else []
        size += [] if kind == t.kind and not t.doubtful else [f"kind={t.kind!r}"]
        if kind != t.kind or t.doubtful:
            return f"typed({', '.join([text, *size])})"
        return f"{text}({size[0][5:]})" if size else text

    def dim(self, d: Dim) -> str:
        if is_known(d):
            return str(d)
        # Sorted, as a set has another order in each process.
        terms = sorted((self.symbol(s), c) for s, c in d.terms)
        text = "+".join([s if c == 1 else f"{c}*{s}" for s, c in terms] + [str(d.offset)] * bool(d.offset))
        return text.replace("+-", "-")

    def symbol(self, symbol: Symbol) -> str:
        if symbol not in self.symbols:
            base = re.sub(r"\W+", "_", symbol.name).strip("_") or "n"
            self.symbols[symbol] = _free(base, frozenset(self.symbols.values()))
        return self.symbols[symbol]


PYTHON = {"bool": np.dtype(bool), "int": np.dtype(np.int64), "float": np.dtype(float), "complex": np.dtype(complex)}
"""The dtypes of Python's own numbers, by the names of these."""


def _same_type(operand: Constant) -> bool:
    own = type_of(operand.value)
    return own == operand.type and type(own) is type(operand.type)


def _names(function: Function) -> dict[Value, str]:
    """A name for each value, different from all others."""
    names: dict[Value, str] = {}
    taken = set(_TAKEN)
    for value in bound_in(function.body):
        if value not in names and value.hint is not None and value.hint.isidentifier():
            base = f"{value.hint}_" if NAMELESS.fullmatch(value.hint) else as_text(value.hint)
            names[value] = _free(base, taken)
            taken.add(names[value])
    k = 0
    # The numbers last: no name of a variable is of their form, as those that are get an underscore.
    for value in bound_in(function.body):
        if value not in names:
            k += 1
            names[value] = f"v{k}"
    return names


def _free(base: str, taken: frozenset[str] | set[str]) -> str:
    name, k = base, 1
    while name in taken:
        k += 1
        name = f"{base}_{k}"
    return name
