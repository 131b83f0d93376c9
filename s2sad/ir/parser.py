"""From the text of a function back to the function: what `ir.complete_text` writes, and what a person would.

    f(x: float64[n]):
        y = np.sin(x) * 2.0
        return y

A type that is left out follows from the operands, and an operation may stand inside another one. A name that is bound
again, in another block, is the same value. Names that Python does not know are looked up in `objects`.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np

from s2sad.ir.complete_text import NAMELESS, PYTHON, by_spelling
from s2sad.ir.containers import EXTRACT, MAKE
from s2sad.ir.dims import ANY_SIGN, Dim, Size, Symbol, dim_product, dim_scaled, dim_sum, new_dim
from s2sad.ir.late import load_late
from s2sad.ir.primitive import PRIMITIVES, Primitive
from s2sad.ir.primitives.snapshots import Snapshots
from s2sad.ir.types import (
    BOTTOM,
    INT,
    ArrayType,
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
    integer,
    join,
    one_item,
    type_of,
)
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    Constant,
    Effects,
    For,
    Function,
    FunctionRef,
    If,
    Operand,
    Operation,
    Value,
    While,
)


class BadText(ValueError):
    """A line of a text is no line of a function."""

    def __init__(self, what: str, line: Line | None = None) -> None:
        super().__init__(what if line is None else f"line {line.number}: {what}\n    {line.text}")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number, from 1, how deep it stands, and its text."""

    number: int
    depth: int
    text: str


def parse(text: str, objects: Mapping[str, object] | None = None) -> Function:
    """The function of a text."""
    # A text may name any primitive: those of libraries are registered when they are first met.
    load_late()
    parser = Parser(_lines(text), objects or {})
    try:
        return parser.function()
    except BadText:
        raise
    except Exception as e:  # of a type rule, of Python's own parser, or of a name that is not there
        raise BadText(f"{type(e).__name__}: {e}", parser.line) from e


def _lines(text: str) -> list[Line]:
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        content = line.strip()
        if content and not content.startswith("#"):
            indent = len(line) - len(line.lstrip())
            lines.append(Line(number, indent // 4, content))
            if indent % 4:
                raise BadText("four spaces for each block", lines[-1])
    if not lines:
        raise BadText("no function")
    return lines


class Parser:
    """Reads one function, line by line."""

    def __init__(self, lines: Sequence[Line], objects: Mapping[str, object]) -> None:
        self.lines = lines
        self.at = 0
        self.line = lines[0]
        self.objects = objects
        self.values: dict[str, Value] = {}
        self.symbols: dict[str, Symbol] = {}
        self.operations: list[Operation] = []

    def fail(self, what: str) -> NoReturn:
        raise BadText(what, self.line)

    # lines

    def next(self, depth: int, pattern: str) -> re.Match[str] | None:
        """The next line, if it stands this deep and has this form."""
        if self.at == len(self.lines) or self.lines[self.at].depth != depth:
            return None
        match = re.fullmatch(pattern, self.lines[self.at].text)
        if match is not None:
            self.line = self.lines[self.at]
            self.at += 1
        return match

    def required(self, depth: int, pattern: str, what: str) -> re.Match[str]:
        match = self.next(depth, pattern)
        if match is None:
            if self.at == len(self.lines):
                self.fail(f"{what} is missing at the end")
            self.line = self.lines[self.at]
            self.fail(f"{what} expected")
        return match

    def function(self) -> Function:
        head = self.required(0, r"(\w+)\((.*)\):", "the head of a function")
        first = self.line
        doc: str | None = None
        takes: tuple[int, ...] = ()
        while match := self.next(1, r"(doc|takes|where) (.*)"):
            if match[1] == "doc":
                doc = ast.literal_eval(match[2])
            elif match[1] == "takes":
                takes = _integers(match[2])
            else:
                self.where(match[2])
        self.line = first
        bound = tuple(map(self.bind, _split(head[2])))
        operations = self.block(1)
        # What the results are made of may need operations itself, as a container does: they come behind the others.
        self.operations = list(operations)
        results = self.operands(self.required(1, r"return (.*)", "`return`")[1])
        if self.at < len(self.lines):
            self.line = self.lines[self.at]
            self.fail("a line behind the end of the function")
        return Function(head[1], Block(bound, tuple(self.operations), results), doc, takes)

    def where(self, text: str) -> None:
        match = re.fullmatch(r"(\w+)(?: as (\S+))?(?: >= (-?\d+)|( of any sign))?( varies)?", text)
        if match is None:
            self.fail("`where n as name >= least varies`, or `of any sign`, expected")
        name, called, least, signed, varies = match.groups()
        self.symbols[name] = Symbol(called or name, ANY_SIGN if signed else int(least or 0), varies is not None)

    def block(self, depth: int) -> tuple[Operation, ...]:
        """The operations of a block, up to the line that ends it."""
        # To read an operand may append operations: they belong to the innermost block that is open.
        outer, self.operations = self.operations, []
        while self.at < len(self.lines) and not re.match(r"(yield|break|return)\b", self.lines[self.at].text):
            self.operation(depth)
        operations, self.operations = self.operations, outer
        return tuple(operations)

    def ended(self, depth: int) -> tuple[tuple[Operation, ...], tuple[Operand, ...], bool]:
        """The operations of a block, what it gives, and whether its last result is that its loop is left."""
        operations = list(self.block(depth))
        # As in a function: what the yielded operands need goes to the end of the block.
        outer, self.operations = self.operations, operations
        match = self.required(depth, r"yield ?(.*)", "`yield`")
        results = self.operands(match[1])
        stop = self.next(depth, r"break (.+)")
        if stop is not None:
            results = (*results, *self.operands(stop[1]))
        self.operations = outer
        return tuple(operations), results, stop is not None

    def operation(self, depth: int) -> None:
        line = self.required(depth, r".*", "an operation of this block")[0]
        parts = _split(line, " = ")
        left, right = (_split(parts[0]), parts[1]) if len(parts) == 2 else ([], line)
        if match := re.fullmatch(r"if (.*):", right):
            self.branch(left, match[1], depth)
        elif match := re.fullmatch(r"for (.*) in (reversed )?range\((.*)\)(?:, snapshots (\d+))?:", right):
            self.loop(left, match, depth)
        elif right == "while:":
            self.repeat(left, depth)
        elif match := re.fullmatch(
            r"call (\w+)\((.*)\)( kept| once)?( own)?(?: takes ([\d, ]+?))?(?: -> (.*))?", right
        ):
            self.call(left, match)
        elif len(left) > 1:
            self.fail("one result expected")
        else:
            self.apply(_expression(right), left[0] if left else None)

    def branch(self, left: Sequence[str], predicate: str, depth: int) -> None:
        condition = self.operand(_expression(predicate))
        head = self.line
        then_operations, then, _ = self.ended(depth + 1)
        self.required(depth, r"else:", "`else:`")
        else_operations, orelse, _ = self.ended(depth + 1)
        self.line = head
        # What is wrong with the results is reported at the line that names them, the head of the branch.
        # The type of a result is not in the text where it follows from what the branches give.
        types = [_joined(a.type, b.type) for a, b in zip(then, orelse, strict=True)]
        results = self.bind_all(left, types)
        blocks = Block((), then_operations, then), Block((), else_operations, orelse)
        self.operations.append(If(condition, *blocks, results))

    def loop(self, left: Sequence[str], head: re.Match[str], depth: int) -> None:
        line = self.line
        start, stop, step = self.operands(head[3])
        index = self.bind(head[1], integer(new_dim("i", ANY_SIGN)))
        carried, initial = self.carry(depth + 1)
        items, scanned, ascending = [], [], []
        while match := self.next(depth + 1, r"scan (ascending )?(.*) = (.*)"):
            scanned.append(self.operand(_expression(match[3])))
            ascending.append(match[1] is not None)
            kind = scanned[-1].type
            items.append(self.bind(match[2], one_item(kind.item) if isinstance(kind, SequenceType) else None))
        operations, given, breaks = self.ended(depth + 1)
        self.line = line
        # One length for all lists that a loop collects: each has an item an iteration.
        length = new_dim("k")
        collected = [SequenceType(o.type, length) for o in given[len(carried) : len(given) - breaks]]
        results = self.bind_all(left, [*(p.type for p in carried), *collected])
        self.operations.append(
            For(
                start,
                stop,
                step,
                initial,
                tuple(scanned),
                Block((index, *carried, *items), operations, given),
                results,
                head[2] is not None,
                breaks,
                ascending=tuple(ascending) if any(ascending) else (),
                snapshots=None if head[4] is None else int(head[4]),
            )
        )

    def carry(self, depth: int) -> tuple[tuple[Value, ...], tuple[Operand, ...]]:
        """What a loop carries, and from what it starts."""
        parameters, initial = [], []
        while match := self.next(depth, r"carry (.*) = (.*)"):
            initial.append(self.operand(_expression(match[2])))
            parameters.append(self.bind(match[1], _general(initial[-1])))
        return tuple(parameters), tuple(initial)

    def repeat(self, left: Sequence[str], depth: int) -> None:
        line = self.line
        tested, initial = self.carry(depth + 1)
        test = Block(tested, *self.ended(depth + 1)[:2])
        self.required(depth, r"do:", "`do:`")
        carried, _ = self.carry(depth + 1)
        operations, given, breaks = self.ended(depth + 1)
        self.line = line
        collected = [SequenceType(o.type, new_dim("k")) for o in given[len(initial) : len(given) - breaks]]
        results = self.bind_all(left, [*(p.type for p in tested), *collected])
        self.operations.append(While(initial, test, Block(carried or tested, operations, given), results, breaks))

    def call(self, left: Sequence[str], match: re.Match[str]) -> None:
        operands = self.operands(match[2])
        if len(left) != 1:
            self.fail("a call has one result")
        result = self.bind(left[0])
        effects = Effects[match[3].strip().upper()] if match[3] else Effects.NONE
        takes = _integers(match[5]) if match[5] else ()
        returned = self.type(_expression(match[6])) if match[6] else result.type
        reference = FunctionRef(match[1], returned, match[4] is not None, takes, effects)
        self.operations.append(Call(reference, operands, result))

    # values

    def bind_all(self, texts: Sequence[str], types: Sequence[Type]) -> tuple[Value, ...]:
        if len(texts) != len(types):
            self.fail(f"{len(texts)} results for {len(types)}")
        return tuple(map(self.bind, texts, types))

    def bind(self, text: str, known: Type | None = None) -> Value:
        """The value that `name~ as hint: type` speaks of."""
        match = re.fullmatch(r"(\w+)(~)?(?: as ([^:]+?))?(?:: (.*))?", text.strip())
        if match is None:
            self.fail(f"{text!r} is no name")
        name, loose, called, annotation = match.groups()
        declared = None if annotation is None else self.type(_expression(annotation))
        type_ = known if declared is None or declared == known else declared
        before = self.values.get(name)
        if type_ is None and before is None:
            self.fail(f"the type of {name} is missing")
        if before is not None:
            if declared is not None and declared != before.type:
                self.fail(f"{name} has the type {before.type}")
            return before
        hint = None if NAMELESS.fullmatch(name) else name
        assert type_ is not None
        self.values[name] = Value(type_, {None: hint, "None": None}.get(called, called), loose is not None)
        return self.values[name]

    def operands(self, text: str) -> tuple[Operand, ...]:
        return tuple(self.operand(_expression(t)) for t in _split(text))

    def operand(self, node: ast.expr) -> Operand:
        """A value, something known at compile time, or the result of an operation that stands here."""
        if isinstance(node, ast.Name) and node.id in self.values:
            return self.values[node.id]
        if isinstance(node, ast.Call) and _dotted(node.func) == "constant":
            more = {k.arg: k.value for k in node.keywords}
            value = self.literal(node.args[0])
            type_ = self.type(more["type"]) if "type" in more else type_of(value)
            return Constant(value, type_, ast.literal_eval(more["text"]) if "text" in more else None)
        if self.is_operation(node):
            return self.apply(node)
        value = self.literal(node)
        return Constant(value, type_of(value))

    def is_operation(self, node: ast.expr) -> bool:
        if isinstance(node, ast.UnaryOp):
            return not isinstance(node.operand, ast.Constant)
        if isinstance(node, (ast.Tuple, ast.List)):
            return any(isinstance(n, ast.Name) and n.id in self.values for n in ast.walk(node))
        literal = isinstance(node, ast.Call) and _dotted(node.func) in _LITERALS and not self.reads(node)
        return isinstance(node, (ast.BinOp, ast.Compare, ast.Subscript, ast.Call)) and not literal

    def reads(self, node: ast.expr) -> bool:
        return any(isinstance(n, ast.Name) and n.id in self.values for n in ast.walk(node))

    def apply(self, node: ast.expr, bound: str | None = None) -> Value:
        """Append the operation of an expression."""
        primitive, nodes, static = self.applied(node)
        operands = tuple(map(self.operand, nodes))
        try:
            known = primitive.result_type([o.type for o in operands], static)
        except Exception:
            # A type that is written out is taken at its word: the text may hold what a pass has made, beyond what a
            # rule types.
            if bound is None or ":" not in bound:
                raise
            known = None
        result = Value(known or BOTTOM) if bound is None else self.bind(bound, known)
        self.operations.append(Apply(primitive, operands, result, static))
        return result

    def applied(self, node: ast.expr) -> tuple[Primitive, Sequence[ast.expr], dict[str, object]]:
        """What an expression applies, to what, and what is static."""
        match node:
            case ast.Call():
                primitive = self.primitive(node.func)
                return primitive, node.args, {str(k.arg): self.literal(k.value) for k in node.keywords}
            case ast.Tuple() | ast.List():
                cls = tuple if isinstance(node, ast.Tuple) else list
                return MAKE, node.elts, {"cls": cls, "keys": tuple(range(len(node.elts)))}
            case ast.Subscript(slice=ast.Constant() as key) if self.is_container(node.value):
                return EXTRACT, [node.value], {"key": key.value}
        spelling, operands = _spelling(node)
        primitive_of = by_spelling().get(spelling)
        if primitive_of is None:
            self.fail(f"{ast.unparse(node)} is no operation")
        return primitive_of, operands, {}

    def is_container(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and isinstance(getattr(self.values.get(node.id), "type", None), ContainerType)

    def primitive(self, node: ast.expr) -> Primitive:
        if isinstance(node, ast.Call):
            return PRIMITIVES[ast.literal_eval(node.args[0])]
        name = _dotted(node)
        found = self.objects.get(name, PRIMITIVES.get(name))
        if not isinstance(found, Primitive):
            self.fail(f"there is no primitive {name}")
        return found

    # what is static

    def literal(self, node: ast.expr) -> object:
        """A value known at compile time."""
        match node:
            case ast.Constant():
                return node.value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() | complex() as number)):
                return -number
            case ast.Tuple():
                return tuple(map(self.literal, node.elts))
            case ast.List():
                return [*map(self.literal, node.elts)]
            case ast.Dict():
                keys = (k for k in node.keys if k is not None)
                return {self.literal(k): self.literal(v) for k, v in zip(keys, node.values, strict=True)}
            case ast.Call() if _dotted(node.func) == "type_":
                return self.type(node.args[0])
            case ast.Call() if _dotted(node.func) in _LITERALS:
                return self.known(node.func)(*map(self.literal, node.args))
            case ast.Name() | ast.Attribute():
                return self.known(node)
        self.fail(f"{ast.unparse(node)} is nothing that is known at compile time")

    def known(self, node: ast.expr) -> Any:
        name = _dotted(node)
        if name in self.objects:
            return self.objects[name]
        base, _, attribute = name.rpartition(".")
        found = getattr(np if base == "np" else builtins, attribute or name, None)
        if found is None or base not in ("", "np"):
            self.fail(f"{name} is not bound")
        return found

    # types

    def type(self, node: ast.expr) -> Type:
        match node:
            case ast.Name(id="bottom"):
                return BOTTOM
            case ast.Name() | ast.Constant():
                return _scalar(_word(node))
            case ast.Call(func=ast.Name(id=word), args=args, keywords=keywords) if word in _TYPES:
                return _TYPES[word](self, args, {str(k.arg): k.value for k in keywords})
            case ast.Call(func=func, args=[size]):
                t = self.type(func)
                assert isinstance(t, ArrayType)
                return replace(t, size=self.dim(size))
            case ast.Subscript(value=value, slice=index):
                return self.subscripted(value, index.elts if isinstance(index, ast.Tuple) else [index])
        self.fail(f"{ast.unparse(node)} is no type")

    def subscripted(self, value: ast.expr, items: Sequence[ast.expr]) -> Type:
        word = _word(value)
        if word == "sequence":
            return SequenceType(self.type(items[0]), self.dim(items[1]))
        if word == "table":
            return TableType(self.type(items[0]))
        if word == "slice":
            parts = [None if _is_none(i) else self.type(i) for i in items]
            return SliceType(*parts)  # type: ignore[arg-type]
        if word in ("tuple", "list"):
            types = tuple(map(self.type, items))
            return ContainerType({"tuple": tuple, "list": list}[word], tuple(range(len(types))), types)
        if word in self.objects or word == "dict":
            pairs = [i for i in items if isinstance(i, ast.Slice) and i.lower is not None and i.upper is not None]
            keys = tuple(self.literal(i.lower) for i in pairs if i.lower is not None)
            types = tuple(self.type(i.upper) for i in pairs if i.upper is not None)
            return ContainerType(self.known(value), keys, types)
        dtype = None if word == "number" else np.dtype(word)
        if isinstance(items[0] if items else None, ast.Constant) and getattr(items[0], "value", 0) is Ellipsis:
            return ArrayType(dtype, None, "any")
        return ArrayType(dtype, tuple(map(self.dim, items)), "array")

    def dim(self, node: ast.expr) -> Dim:
        """A linear expression over symbols."""
        match node:
            case ast.Constant(value=int() as number):
                return number
            case ast.Name(id=name):
                symbol = self.symbols.setdefault(name, Symbol(name))
                return Size(frozenset({(symbol, 1)}))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return dim_scaled(self.dim(operand), -1)
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
                return dim_sum(self.dim(left), self.dim(right), -1 if isinstance(op, ast.Sub) else 1)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return dim_product([self.dim(left), self.dim(right)])
        self.fail(f"{ast.unparse(node)} is no dimension")

    def typed(self, args: Sequence[ast.expr], keywords: Mapping[str, ast.expr]) -> Type:
        """An array of another kind than its text says."""
        t = self.type(args[0])
        assert t.is_numeric
        size = self.dim(keywords["size"]) if "size" in keywords else t.size
        return ArrayType(t.dtype, t.shape, ast.literal_eval(keywords["kind"]), size, "doubtful" in keywords)

    def sparse(self, numbers: ast.expr, format: ast.expr, *is_spmatrix: ast.expr) -> Type:
        """A sparse matrix."""
        t = self.type(numbers)
        assert t.dtype is not None and t.shape is not None
        m, n, count = t.shape
        return SparseType(t.dtype, (m, n), count, ast.literal_eval(format), bool(is_spmatrix))


_TypeReader = Callable[[Parser, Sequence[ast.expr], Mapping[str, ast.expr]], Type]
_TYPES: dict[str, _TypeReader] = {
    "typed": Parser.typed,
    "static": lambda parser, args, _: StaticType(parser.literal(args[0])),
    "handle": lambda parser, args, _: HandleType(parser.literal(args[0])),
    "kept": lambda parser, args, _: KeptType(ast.literal_eval(args[0])),
    "opaque": lambda parser, args, _: OpaqueType(ast.literal_eval(args[0])),
    "sparse": lambda parser, args, _: parser.sparse(*args),
    "snapshots": lambda parser, args, _: Snapshots(ast.literal_eval(args[0]), parser.type(args[1])),
}
"""The types that are written as calls."""

_NUMPY = ("bool", *(f"{k}{n}" for k, ns in {"int": (8, 16, 32, 64), "float": (16, 32, 64)}.items() for n in ns))
_NUMPY += ("uint8", "uint16", "uint32", "uint64", "complex64", "complex128", "longdouble", "clongdouble")
_LITERALS = {"float", "complex", "slice", "type_", "np.dtype", *(f"np.{name}" for name in _NUMPY)}
"""What is called to write down a value known at compile time."""


def _expression(text: str) -> ast.expr:
    return ast.parse(text.strip(), mode="eval").body


def _split(text: str, by: str = ",") -> list[str]:
    """The parts of a text between separators outside brackets and strings."""
    parts, depth, start, quote = [], 0, 0, ""
    k = 0
    while k < len(text):
        c = text[k]
        if quote:
            k += c == "\\"
            quote = "" if c == quote else quote
        elif c in "'\"":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif depth == 0 and text.startswith(by, k):
            parts.append(text[start:k].strip())
            start = k + len(by)
        k += 1
    last = text[start:].strip()
    return [*parts, last] if last or parts else []


def _integers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _dotted(node: ast.expr) -> str:
    return ast.unparse(node)


def _word(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ast.unparse(node)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _scalar(word: str) -> ArrayType:
    if word in PYTHON:
        return ArrayType(PYTHON[word], (), "python")
    return ArrayType(None if word == "number" else np.dtype(word), (), "numpy")


def _spelling(node: ast.expr) -> tuple[str, list[ast.expr]]:
    """An expression of operators as a spelling over `_0, _1`, and its operands."""
    first, second = ast.Name("_0"), ast.Name("_1")
    match node:
        case ast.BinOp(left, op, right):
            return ast.unparse(ast.BinOp(first, op, second)), [left, right]
        case ast.UnaryOp(op, operand):
            return ast.unparse(ast.UnaryOp(op, first)), [operand]
        case ast.Compare(left, [comparison], [right]):
            return ast.unparse(ast.Compare(first, [comparison], [second])), [left, right]
        case ast.Subscript(value, index):
            return "_0[_1]", [value, index]
    return ast.unparse(node), []


def _general(operand: Operand) -> Type:
    """The type of what a loop carries from an operand on: the value of an integer does not stay."""
    t = operand.type
    return INT if isinstance(operand, Constant) and t.is_numeric and type(operand.value) is int else t


def _joined(a: Type, b: Type) -> Type:
    return a if a == b else join(a, b) or a
