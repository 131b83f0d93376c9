"""Python syntax trees as text: minimal parentheses, comments, lines of at most 100 columns.

    write(ast.Module([...]))     the text, checked by parsing it back
    Comment("adjoint sweep")     a statement that writes `# adjoint sweep`
    statement.at = location      where the user wrote what it computes

`astunparse.Unparser` gives the walk over the tree; its text for today's Python is wrong in places (`x[1:, None]`) and
has a parenthesis wherever one might be needed, so statements and expressions are written anew here.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from io import StringIO
from typing import Any, NamedTuple

import astunparse

from s2sad.emit.line_wrapping import wrapped
from s2sad.errors import InternalError, Location
from s2sad.ir.values import int_text

WIDTH = 100
INDENT = "    "


class Comment(ast.stmt):
    """A comment on a line of its own."""

    _fields = ("text",)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Line(NamedTuple):
    """A line of the text, and the place in the user's source that it comes from."""

    text: str
    at: Location | None = None
    statement: ast.stmt | None = None
    """The statement of which it is the text, or the head; none for an `else`."""
    definition: ast.FunctionDef | None = None
    """The function that it is in."""


class Written(NamedTuple):
    """The text of a module."""

    text: str
    places: dict[int, Location]
    """For its lines, by number, where the user wrote what they compute."""
    lines: Sequence[Line]


BINARY = {
    ast.Add: ("+", 11),
    ast.Sub: ("-", 11),
    ast.Mult: ("*", 12),
    ast.Div: ("/", 12),
    ast.FloorDiv: ("//", 12),
    ast.Mod: ("%", 12),
    ast.MatMult: ("@", 12),
    ast.Pow: ("**", 14),
    ast.LShift: ("<<", 10),
    ast.RShift: (">>", 10),
    ast.BitAnd: ("&", 9),
    ast.BitXor: ("^", 8),
    ast.BitOr: ("|", 7),
}
UNARY = {ast.USub: ("-", 13), ast.UAdd: ("+", 13), ast.Invert: ("~", 13), ast.Not: ("not ", 5)}
COMPARE = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
ATOM, TEST, TUPLE = 16, 1, 0
"""Precedences: an atom needs no parentheses, a test stands after `=`, a tuple nowhere but at the top."""


class Writer(astunparse.Unparser):  # type: ignore[misc]
    """Writes one module. Each statement becomes a line of `lines`; expressions are texts with a precedence."""

    def __init__(self, tree: ast.Module) -> None:
        self.f = StringIO()
        self.future_imports: list[str] = []
        self._indent = 0
        self.lines: list[Line] = []
        self.at: Location | None = None
        self.statement: ast.stmt | None = None
        self.definition: ast.FunctionDef | None = None
        self.body(tree.body)

    # statements

    def line(self, text: str) -> None:
        first, *rest = wrapped(text, len(INDENT) * self._indent, WIDTH)
        self.add(INDENT * self._indent + first)
        for r in rest:
            self.add(r)

    def add(self, text: str) -> None:
        """A line as it is."""
        self.lines.append(Line(text, self.at, self.statement, self.definition))

    def body(self, statements: Sequence[ast.stmt]) -> None:
        for s in statements:
            if isinstance(s, ast.FunctionDef) and self._indent == 0 and self.lines:
                self.lines += [Line(""), Line("")]
            outer = self.at, self.statement
            self.at, self.statement = getattr(s, "at", self.at), s
            self.dispatch(s)
            self.at, self.statement = outer

    def block(self, statements: Sequence[ast.stmt]) -> None:
        self._indent += 1
        self.body(statements)
        self._indent -= 1

    def _Comment(self, s: Comment) -> None:
        room = WIDTH - len(INDENT) * self._indent - len("# ")
        text = s.text if len(s.text) <= room else f"{s.text[: room - len(' ...')]} ..."
        self.add(f"{INDENT * self._indent}# {text}")

    def _FunctionDef(self, s: ast.FunctionDef) -> None:
        self.definition = s
        for d in s.decorator_list:
            self.line(f"@{self.text(d)}")
        returns = f" -> {self.text(s.returns)}" if s.returns else ""
        self.line(f"def {s.name}({self.parameters(s.args)}){returns}:")
        self.block(s.body)
        self.definition = None

    def _Return(self, s: ast.Return) -> None:
        self.line("return" if s.value is None else f"return {self.text(s.value, TUPLE)}")

    def _Assign(self, s: ast.Assign) -> None:
        targets = "".join(f"{self.text(t, TUPLE)} = " for t in s.targets)
        self.line(targets + self.text(s.value, TUPLE))

    def _AugAssign(self, s: ast.AugAssign) -> None:
        self.line(f"{self.text(s.target)} {BINARY[type(s.op)][0]}= {self.text(s.value, TUPLE)}")

    def _Delete(self, s: ast.Delete) -> None:
        self.line(f"del {', '.join(map(self.text, s.targets))}")

    def _Expr(self, s: ast.Expr) -> None:
        if isinstance(s.value, ast.Constant) and isinstance(s.value.value, str):
            self.docstring(s.value.value)
        else:
            self.line(self.text(s.value, TUPLE))

    def docstring(self, text: str) -> None:
        if "\\" in text or '"""' in text or text.endswith('"') or not text.isprintable() and "\n" not in text:
            self.line(repr(text))
            return
        first, *rest = f'"""{text}"""'.split("\n")
        # no line of a docstring is an expression that could be broken
        self.add(INDENT * self._indent + first)
        for r in rest:
            self.add(r)

    def _If(self, s: ast.If, word: str = "if") -> None:
        self.statement = s
        self.line(f"{word} {self.text(s.test)}:")
        self.block(s.body)
        if len(s.orelse) == 1 and isinstance(s.orelse[0], ast.If):
            self._If(s.orelse[0], "elif")
        elif s.orelse:
            self.statement = None
            self.line("else:")
            self.block(s.orelse)

    def _For(self, s: ast.For) -> None:
        self.line(f"for {self.text(s.target, TUPLE)} in {self.text(s.iter, TUPLE)}:")
        self.block(s.body)

    def _With(self, s: ast.With) -> None:
        self.line(f"with {', '.join(self.text(i.context_expr) for i in s.items)}:")
        self.block(s.body)

    def _Try(self, s: ast.Try) -> None:
        self.line("try:")
        self.block(s.body)
        for handler in s.handlers:
            assert handler.type is not None
            self.line(f"except {self.text(handler.type)}:")
            self.block(handler.body)

    def _While(self, s: ast.While) -> None:
        self.line(f"while {self.text(s.test)}:")
        self.block(s.body)

    def _Assert(self, s: ast.Assert) -> None:
        self.line(f"assert {self.text(s.test)}" + (f", {self.text(s.msg)}" if s.msg else ""))

    def _Raise(self, s: ast.Raise) -> None:
        self.line(
            "raise" + (f" {self.text(s.exc)}" if s.exc else "") + (f" from {self.text(s.cause)}" if s.cause else "")
        )

    def _Pass(self, s: ast.Pass) -> None:
        self.line("pass")

    def _Break(self, s: ast.Break) -> None:
        self.line("break")

    def _Continue(self, s: ast.Continue) -> None:
        self.line("continue")

    def _Import(self, s: ast.Import) -> None:
        self.line("import " + ", ".join(map(_alias, s.names)))

    def _ImportFrom(self, s: ast.ImportFrom) -> None:
        self.line(f"from {s.module} import " + ", ".join(map(_alias, s.names)))

    def parameters(self, a: ast.arguments) -> str:
        positional = [*a.posonlyargs, *a.args]
        defaults = [None] * (len(positional) - len(a.defaults)) + list(a.defaults)
        parts = [self.parameter(p, d) for p, d in zip(positional, defaults, strict=True)]
        if a.posonlyargs:
            parts.insert(len(a.posonlyargs), "/")
        if a.vararg:
            parts.append(f"*{a.vararg.arg}")
        elif a.kwonlyargs:
            parts.append("*")
        parts += [self.parameter(p, d) for p, d in zip(a.kwonlyargs, a.kw_defaults, strict=True)]
        if a.kwarg:
            parts.append(f"**{a.kwarg.arg}")
        return ", ".join(parts)

    def parameter(self, p: ast.arg, default: ast.expr | None) -> str:
        name = p.arg if p.annotation is None else f"{p.arg}: {self.text(p.annotation)}"
        if default is None:
            return name
        return f"{name}{'=' if p.annotation is None else ' = '}{self.text(default)}"

    # expressions: `text(node, p)` is the text in a place that takes precedence `p` or higher without parentheses

    def text(self, node: ast.AST, level: int = TEST) -> str:
        text, own = self.expression(node)
        return f"({text})" if own < level else text

    def expression(self, node: ast.AST) -> tuple[str, int]:
        method = getattr(self, f"x_{type(node).__name__}", None)
        if method is None:
            return ast.unparse(node), TUPLE
        return method(node)  # type: ignore[no-any-return]

    def x_Name(self, n: ast.Name) -> tuple[str, int]:
        return n.id, ATOM

    def x_Constant(self, n: ast.Constant) -> tuple[str, int]:
        if n.value is ...:
            return "...", ATOM
        if isinstance(n.value, str):
            return _string(n.value), ATOM
        # Of numbers nan alone is not equal to itself.
        if isinstance(n.value, (int, float, complex)) and n.value != n.value:
            raise InternalError("nan has no literal")
        if type(n.value) is int:
            return int_text(n.value), ATOM
        # Nor has infinity a literal, but one that is too large for a double is read as infinity.
        return repr(n.value).replace("inf", "1e309"), ATOM

    def x_BinOp(self, n: ast.BinOp) -> tuple[str, int]:
        symbol, level = BINARY[type(n.op)]
        if symbol == "**":
            # `**` groups to the right, and a sign there needs no parentheses: `x ** -y`.
            return f"{self.text(n.left, level + 1)} ** {self.text(n.right, 13)}", level
        parts: list[str] = []
        while True:  # down the left spine, as long as no parentheses are needed
            parts.append(f" {symbol} {self.text(n.right, level + 1)}")
            left = n.left
            if not isinstance(left, ast.BinOp) or BINARY[type(left.op)][1] != level or level == 14:
                break
            n, symbol = left, BINARY[type(left.op)][0]
        return self.text(n.left, level) + "".join(reversed(parts)), level

    def x_UnaryOp(self, n: ast.UnaryOp) -> tuple[str, int]:
        symbol, level = UNARY[type(n.op)]
        return symbol + self.text(n.operand, level), level

    def x_BoolOp(self, n: ast.BoolOp) -> tuple[str, int]:
        word, level = (" and ", 4) if isinstance(n.op, ast.And) else (" or ", 3)
        return word.join(self.text(v, level + 1) for v in n.values), level

    def x_Compare(self, n: ast.Compare) -> tuple[str, int]:
        rest = [f" {COMPARE[type(o)]} {self.text(c, 7)}" for o, c in zip(n.ops, n.comparators, strict=True)]
        return self.text(n.left, 7) + "".join(rest), 6

    def x_IfExp(self, n: ast.IfExp) -> tuple[str, int]:
        return f"{self.text(n.body, 2)} if {self.text(n.test, 2)} else {self.text(n.orelse, TEST)}", TEST

    def x_Call(self, n: ast.Call) -> tuple[str, int]:
        parts = [self.text(a) for a in n.args]
        parts += [f"{k.arg}={self.text(k.value)}" if k.arg else f"**{self.text(k.value)}" for k in n.keywords]
        # A generator that is the only argument shares the parentheses of the call.
        if len(n.args) == 1 and isinstance(n.args[0], ast.GeneratorExp) and not n.keywords:
            parts = [self.text(n.args[0])[1:-1]]
        return f"{self.text(n.func, 15)}({', '.join(parts)})", 15

    def x_Attribute(self, n: ast.Attribute) -> tuple[str, int]:
        value = self.text(n.value, 15)
        # `1.real` is read as the float `1.` with a name behind it, which is no Python.
        if isinstance(n.value, ast.Constant) and isinstance(n.value.value, int):
            value = f"({value})"
        return f"{value}.{n.attr}", 15

    def x_Subscript(self, n: ast.Subscript) -> tuple[str, int]:
        return f"{self.text(n.value, 15)}[{self.index(n.slice)}]", 15

    def index(self, n: ast.AST) -> str:
        """The text between the brackets of a subscript, the only place where a slice is written with colons."""
        match n:
            case ast.Tuple() if n.elts:
                parts = [self.index(e) if isinstance(e, ast.Slice) else self.text(e) for e in n.elts]
                return ", ".join(parts) + ("," if len(parts) == 1 else "")
            case ast.Slice():
                parts = [self.text(p) if p else "" for p in (n.lower, n.upper)]
                return ":".join([*parts, self.text(n.step)] if n.step else parts)
        return self.text(n)

    def x_Slice(self, n: ast.Slice) -> tuple[str, int]:
        return self.expression(_slice_call(n))

    def x_Tuple(self, n: ast.Tuple) -> tuple[str, int]:
        if not n.elts:
            return "()", ATOM
        if len(n.elts) == 1:
            return f"({self.text(n.elts[0])},)", ATOM
        return ", ".join(self.text(e) for e in n.elts), TUPLE

    def x_List(self, n: ast.List) -> tuple[str, int]:
        return f"[{', '.join(self.text(e) for e in n.elts)}]", ATOM

    def x_Dict(self, n: ast.Dict) -> tuple[str, int]:
        pairs = (
            f"{self.text(k)}: {self.text(v)}" if k else f"**{self.text(v)}"
            for k, v in zip(n.keys, n.values, strict=True)
        )
        return "{" + ", ".join(pairs) + "}", ATOM

    def x_GeneratorExp(self, n: ast.GeneratorExp) -> tuple[str, int]:
        return f"({self.text(n.elt)}{self.generators(n.generators)})", ATOM

    def x_ListComp(self, n: ast.ListComp) -> tuple[str, int]:
        return f"[{self.text(n.elt)}{self.generators(n.generators)}]", ATOM

    def generators(self, generators: Sequence[ast.comprehension]) -> str:
        return "".join(
            f" for {self.text(g.target, TUPLE)} in {self.text(g.iter, 2)}"
            + "".join(f" if {self.text(i, 2)}" for i in g.ifs)
            for g in generators
        )

    def x_Starred(self, n: ast.Starred) -> tuple[str, int]:
        return f"*{self.text(n.value, 7)}", ATOM

    def x_JoinedStr(self, n: ast.JoinedStr) -> tuple[str, int]:
        return ast.unparse(ast.fix_missing_locations(n)), ATOM


def _alias(a: ast.alias) -> str:
    return a.name if a.asname is None else f"{a.name} as {a.asname}"


def _slice_call(n: ast.Slice) -> ast.Call:
    """A slice that stands outside an index: `middle = slice(1, n)`."""
    parts = [ast.Constant(None) if p is None else p for p in (n.lower, n.upper, n.step)]
    return ast.Call(ast.Name("slice", ast.Load()), parts[: 2 if n.step is None else 3], [])


def _string(value: str) -> str:
    text = repr(value)
    return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text and "\\'" not in text else text


def write(tree: ast.Module) -> str:
    """The text of a module. Raises InternalError where it does not parse back to the same tree."""
    return write_located(tree).text


def write_located(tree: ast.Module) -> Written:
    """The text of a module, with its lines, and where the user wrote what they compute."""
    lines = Writer(tree).lines
    text = "\n".join(line.text for line in lines) + "\n"
    try:
        parsed = ast.parse(text)
    except (SyntaxError, RecursionError, MemoryError) as e:
        raise InternalError(f"the emitted text does not parse: {e}\n{text[:2000]}") from e
    if not _same(tree, parsed):
        raise InternalError(f"the emitted text parses to another tree:\n{text[:2000]}")
    return Written(text, {k: line.at for k, line in enumerate(lines, 1) if line.at is not None}, lines)


def write_statement(tree: ast.stmt) -> str:
    """The text of a simple statement, on one line."""
    return ast.unparse(ast.fix_missing_locations(tree))


def write_expression(node: ast.expr) -> str:
    """The text of one expression."""
    return Writer(ast.Module([], [])).text(node, TUPLE)


def _same(a: Any, b: Any) -> bool:
    """Whether two trees are equal, comments and positions aside."""
    stack = [(a, b)]
    while stack:
        x, y = stack.pop()
        cls: type = type(x)
        if cls is list:
            x = [s for s in x if type(s) is not Comment]
            if type(y) is not list or len(x) != len(y):
                return False
            stack += zip(x, y, strict=True)
            continue
        if cls is ast.Slice and type(y) is ast.Call:
            x, cls = _slice_call(x), ast.Call
        if cls is not type(y):
            return False
        if issubclass(cls, ast.AST):
            for field in _compared(cls):
                stack.append((getattr(x, field, None), getattr(y, field, None)))
        elif x != y:
            return False
    return True


def _compared(cls: type) -> tuple[str, ...]:
    """The fields of a node that say something: not whether it is loaded or stored, nor types in comments."""
    if cls not in _COMPARED:
        _COMPARED[cls] = tuple(f for f in getattr(cls, "_fields", ()) if f not in _IGNORED)
    return _COMPARED[cls]


_COMPARED: dict[type, tuple[str, ...]] = {}
_IGNORED = frozenset({"ctx", "kind", "type_comment", "type_ignores", "type_params"})
