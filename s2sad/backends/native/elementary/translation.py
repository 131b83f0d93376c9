"""An elementary function, as Python, to the text of a language: each word by word, in the order of the statements.

The types are those of the annotations, and of what is computed from them: float, int and bool, and tuples as results.
What a language calls things is its `Spelling` (`llvm.py`, `c.py`).
"""

from __future__ import annotations

import ast
import linecache
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from typing import NamedTuple, Protocol

from s2sad.backends.native.elementary import words

FLOAT, INT, BOOL = "float", "int", "bool"
Kind = str | tuple[str, ...]
"""The type of a value: a name, or those of the parts of a tuple."""


class Term(NamedTuple):
    """A value: how it is written, and its type."""

    text: str
    kind: str


@dataclass(frozen=True)
class Table:
    """The integers of a constant of a module, from which one is read by its place."""

    name: str
    values: tuple[int, ...]


@dataclass(frozen=True)
class Definition:
    """The text of a function, and what it needs: functions it calls, tables it reads."""

    text: str
    needs: tuple[words.Function | Table, ...]


class Spelling(Protocol):
    """A language, while the text of one function is written."""

    @property
    def for_fused(self) -> tuple[words.Function, ...]:
        """What it calls where a product and a sum are to be rounded once; nothing if the machine does that."""

    def constant(self, value: float) -> Term: ...

    def apply(self, word: str, kind: str, *operands: Term) -> Term:
        """The value of an operation, of a type."""

    def call(self, function: words.Function, kinds: tuple[str, ...], *operands: Term) -> tuple[Term, ...]: ...

    def rare(self, condition: Term, function: words.Function, operands: Sequence[Term], otherwise: Term) -> Term:
        """What a function gives where a condition holds, without a call where it does not."""

    def element(self, table: Table, place: Term) -> Term: ...

    def bind(self, name: str, value: Term) -> Term:
        """A value that has a name in the function."""

    def definition(self, parameters: Sequence[Term], results: Sequence[Term]) -> str:
        """The text of the function, when all has been said."""


BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.LShift: "shl",
    ast.RShift: "shr",
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
WORDS: dict[str, tuple[tuple[str, ...], str]] = {
    "fma": ((FLOAT, FLOAT, FLOAT), FLOAT),
    "fused": ((FLOAT, FLOAT, FLOAT), FLOAT),
    "bits": ((FLOAT,), INT),
    "number": ((INT,), FLOAT),
    "rint": ((FLOAT,), FLOAT),
    "sqrt": ((FLOAT,), FLOAT),
    "abs": ((FLOAT,), FLOAT),
    "copysign": ((FLOAT, FLOAT), FLOAT),
    "float": ((INT,), FLOAT),
    "int": ((FLOAT,), INT),
}
"""The types of operands and result of each word."""


@cache
def _tree(function: words.Function) -> ast.FunctionDef:
    """The function's lines, read as they are; those of the module around it are not."""
    assert isinstance(function, types.FunctionType)
    code = function.__code__
    lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]
    start = next(k for k, line in enumerate(lines) if line.startswith("def "))
    body = takewhile(lambda line: line[:1] in " )\n", lines[start + 1 :])
    (tree,) = ast.parse("".join([lines[start], *body])).body
    assert isinstance(tree, ast.FunctionDef)
    return tree


def _kinds(annotation: ast.expr | None) -> tuple[str, ...]:
    match annotation:
        case ast.Name(name):
            return (name,)
        case ast.Subscript(_, ast.Tuple(elements)):
            return tuple(k for e in elements for k in _kinds(e))
    raise TypeError("a parameter or result without a type")


@cache
def signature(function: words.Function) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The types of the parameters and of the results."""
    tree = _tree(function)
    return tuple(k for a in tree.args.args for k in _kinds(a.annotation)), _kinds(tree.returns)


def translate(function: words.Function, spelling: Spelling) -> Definition:
    """The definition of a function in a language."""
    return _Translation(function, spelling).definition()


class _Translation:
    def __init__(self, function: words.Function, spelling: Spelling) -> None:
        assert isinstance(function, types.FunctionType)
        self.tree = _tree(function)
        self.around = function.__globals__
        self.spelling = spelling
        self.known: dict[str, Term] = {}
        self.needs: dict[words.Function | Table, None] = {}

    def definition(self) -> Definition:
        parameters = [Term(a.arg, k) for a in self.tree.args.args for k in _kinds(a.annotation)]
        self.known = {p.text: self.spelling.bind(p.text, Term("", p.kind)) for p in parameters}
        first = list(self.known.values())
        results = tuple(self.statements())
        if tuple(r.kind for r in results) != _kinds(self.tree.returns):
            raise TypeError(f"{self.tree.name}: the result is not of the type that is declared")
        return Definition(self.spelling.definition(first, results), tuple(self.needs))

    def statements(self) -> Iterator[Term]:
        for statement in self.tree.body:
            match statement:
                case ast.Assign([ast.Name(name)], value):
                    self.known[name] = self.spelling.bind(name, self.term(value))
                case ast.Assign([ast.Tuple(targets)], value):
                    for target, term in zip(targets, self.terms(value), strict=True):
                        assert isinstance(target, ast.Name)
                        self.known[target.id] = self.spelling.bind(target.id, term)
                case ast.Return(value):
                    assert value is not None
                    yield from self.terms(value)
                case ast.Expr(ast.Constant()):
                    pass
                case _:
                    raise TypeError(f"{self.tree.name}: {ast.unparse(statement)} is no word of this language")

    def terms(self, expression: ast.expr) -> tuple[Term, ...]:
        """The parts of a tuple; of anything else its value alone."""
        match expression:
            case ast.Tuple(elements):
                return tuple(map(self.term, elements))
            case ast.Call(ast.Name(name), arguments) if name not in WORDS and name != "polynomial":
                function = self.around[name]
                return self.spelling.call(function, signature(function)[1], *self.operands(function, arguments))
            case ast.Call(ast.Name()):
                return (self.called(expression),)
            case ast.Call():
                raise TypeError(f"{self.tree.name}: {ast.unparse(expression)} is no word of this language")
        return (self.term(expression),)

    def operands(self, function: words.Function, arguments: Sequence[ast.expr]) -> list[Term]:
        self.needs[function] = None
        terms = [self.term(a) for a in arguments]
        if tuple(t.kind for t in terms) != signature(function)[0]:
            raise TypeError(f"{self.tree.name}: {function.__name__} of {', '.join(t.kind for t in terms)}")
        return terms

    def term(self, expression: ast.expr) -> Term:
        match expression:
            case ast.Name(name):
                return self.known[name] if name in self.known else self.spelling.constant(self.around[name])
            case ast.Constant(value):
                assert isinstance(value, float | int)
                return self.spelling.constant(value)
            case ast.Call():
                return self.called(expression)
            case ast.BinOp(left, operation, right):
                return self.two(BINARY[type(operation)], self.term(left), self.term(right))
            case ast.UnaryOp(ast.USub(), ast.Constant(float() | int() as value)):
                return self.spelling.constant(-value)
            case ast.UnaryOp(operator, operand):
                return self.one(operator, self.term(operand))
            case ast.BoolOp(operation, values):
                first, *rest = map(self.term, values)
                for each in rest:
                    first = self.two("and" if isinstance(operation, ast.And) else "or", first, each)
                return first
            case ast.Compare(left, [comparison], [right]):
                a, b = alike(self.term(left), self.term(right))
                return self.spelling.apply(COMPARISONS[type(comparison)] + "." + a.kind, BOOL, a, b)
            case ast.IfExp(test, body, otherwise):
                return self.choice(self.term(test), body, self.term(otherwise))
            case ast.Subscript(ast.Name(name), place):
                table = Table(name, self.around[name])
                self.needs[table] = None
                return self.spelling.element(table, self.term(place))
        raise TypeError(f"{self.tree.name}: {ast.unparse(expression)} is no word of this language")

    def called(self, call: ast.Call) -> Term:
        match call:
            case ast.Call(ast.Name("polynomial"), [x, ast.Name(name)]):
                return self.polynomial(self.term(x), [self.spelling.constant(c) for c in self.around[name]])
            case ast.Call(ast.Name(word), arguments) if word in WORDS:
                return self.word(word, *map(self.term, arguments))
        (result,) = self.terms(call)
        return result

    def one(self, operator: ast.unaryop, x: Term) -> Term:
        match operator:
            case ast.USub():
                return self.spelling.apply("neg." + x.kind, x.kind, x)
            case ast.Not():
                return self.spelling.apply("not." + x.kind, x.kind, x)
        raise TypeError(f"{self.tree.name}: {operator} is no word of this language")

    def two(self, word: str, a: Term, b: Term) -> Term:
        alike(a, b)
        return self.spelling.apply(f"{word}.{a.kind}", a.kind, a, b)

    def word(self, word: str, *operands: Term) -> Term:
        kinds, result = WORDS[word]
        if tuple(t.kind for t in operands) != kinds:
            raise TypeError(f"{self.tree.name}: {word} of {', '.join(t.kind for t in operands)}")
        if word == "fused":
            self.needs.update(dict.fromkeys(self.spelling.for_fused))
        return self.spelling.apply(word, result, *operands)

    def choice(self, test: Term, body: ast.expr, otherwise: Term) -> Term:
        match body:
            case ast.Call(ast.Name(name), arguments) if self.around.get(name) in words.RARE:
                function = self.around[name]
                return self.spelling.rare(test, function, self.operands(function, arguments), otherwise)
        term, otherwise = alike(self.term(body), otherwise)
        return self.spelling.apply("choice." + term.kind, term.kind, test, term, otherwise)

    def polynomial(self, x: Term, coefficients: Sequence[Term]) -> Term:
        if len(coefficients) < words.LONG:
            return self.horner("sum", x, coefficients)
        square = self.spelling.bind("square", self.two("mul", x, x))
        odd = self.horner("odd", square, coefficients[1::2])
        return self.word("fma", odd, x, self.horner("even", square, coefficients[::2]))

    def horner(self, name: str, x: Term, coefficients: Sequence[Term]) -> Term:
        value = coefficients[-1]
        for c in coefficients[-2::-1]:
            value = self.spelling.bind(name, self.word("fma", value, x, c))
        return value


def alike(a: Term, b: Term) -> tuple[Term, Term]:
    """Two values, when they are of one type.

    Raises:
        TypeError: they are not; nothing is converted unsaid.
    """
    if a.kind != b.kind:
        raise TypeError(f"{a.text} is of type {a.kind}, {b.text} of type {b.kind}")
    return a, b


Translate = Callable[[words.Function], Definition]
"""What gives the definition of a function in a language: `translate` with one chosen."""


def closure(functions: Sequence[words.Function], translated: Translate) -> dict[words.Function | Table, str]:
    """These functions and all that they need, each before what needs it; of tables the text is left open."""
    texts: dict[words.Function | Table, str] = {}

    def visit(item: words.Function | Table) -> None:
        if item in texts:
            return
        if isinstance(item, Table):
            texts[item] = ""
            return
        definition = translated(item)
        for need in definition.needs:
            visit(need)
        texts[item] = definition.text

    for function in functions:
        visit(function)
    return texts
