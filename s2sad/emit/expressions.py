"""Operations as Python expressions: the spelling of a primitive with its operands put in."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from types import FunctionType

from s2sad.ir.containers import EXTRACT, MAKE, MAKE_SLICE
from s2sad.ir.object_names import identifier, is_spelled, object_name
from s2sad.ir.primitive import Algebra
from s2sad.ir.printer import constant_text, key_text, spelling_of
from s2sad.ir.types import ContainerType, is_namedtuple
from s2sad.ir.values import Apply, Constant, Operand, keys_of

Read = Callable[[Operand], ast.expr]

_NUMERAL = re.compile(r"\d+(\.\d*)?(e[+-]?\d+)?")


@lru_cache(maxsize=4096)
def parse(text: str) -> ast.expr:
    """The expression of a text; not to be changed."""
    return ast.parse(text, mode="eval").body


def _is_numeral(text: str, value: float) -> bool:
    """Whether a text is the number in digits, and of its class: the most frequent constants need no parser."""
    return _NUMERAL.fullmatch(text) is not None and text.isdigit() == (type(value) is int)


def constant_expression(operand: Constant) -> ast.expr:
    """A constant as the user wrote it, or as its value."""
    value = operand.value
    plain = isinstance(value, (int, float)) and type(value) in (int, float)
    if isinstance(value, (int, float)) and plain and _is_numeral(repr(operand), value):
        return ast.Constant(value)
    if operand.text is not None:
        return parse(operand.text)
    if isinstance(value, type) and not is_spelled(value):
        return parse(object_name(value))
    if isinstance(value, slice):
        return _slice([None if p is None else parse(repr(p)) for p in (value.start, value.stop, value.step)])
    if isinstance(value, (tuple, list)) and any(isinstance(v, slice) or v is Ellipsis for v in value):
        items = [constant_expression(Constant(v, operand.type)) for v in value]
        return ast.Tuple(items, ast.Load()) if isinstance(value, tuple) else ast.List(items, ast.Load())
    # A negative literal is a minus sign and a number in Python's grammar; as one constant it would be printed without
    # the parentheses of `(-2.0) ** x`. Infinity and nan have no literal.
    if isinstance(value, (int, float)) and plain and -math.inf < value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return parse(constant_text(value))


def expression(op: Apply, read: Read) -> ast.expr:
    """The expression of an operation, its operands given by `read`."""
    primitive = op.primitive
    operands = [read(o) for o in op.operands]
    if primitive is MAKE:
        return make_expression(op, operands)
    if primitive is EXTRACT:
        return extract_expression(op.operands[0], operands[0], op.static["key"])
    if primitive is MAKE_SLICE:
        return _slice([None if isinstance(o, ast.Constant) and o.value is None else o for o in operands])
    if primitive.name == "format":
        return _format(op, operands)
    if primitive.name == "picked":
        return ast.Subscript(parse(constant_text(op.static["options"])), operands[0], ast.Load())
    spelling = spelling_of(op)
    if spelling is not None:
        return fill(parse(spelling), _in_reading_order(op, operands))
    function = op.static.get("exception") if primitive.name == "raise" else None
    name = exception_name(function) if isinstance(function, type) else primitive.name
    return _call(op, name, operands)


def exception_name(cls: type) -> str:
    """How an exception class is written: `ValueError`, `np.linalg.LinAlgError`."""
    root, _, module = cls.__module__.partition(".")
    return f"np.{module}.{cls.__name__}" if root == "numpy" else cls.__name__


def _in_reading_order(op: Apply, operands: list[ast.expr]) -> list[ast.expr]:
    """`0.5 * dt * y_bar` for `y_bar * (0.5 * dt)`, an array; the user's own products stay as they are."""
    if (
        op.about
        and op.primitive.algebra is Algebra.PRODUCT
        and op.operands[0].type.rank
        and op.operands[1].type.is_scalar
    ):
        match operands:
            case [ast.Name() | ast.Subscript() as factor, ast.BinOp(op=ast.Mult() | ast.Div()) as product]:
                return [product, factor]
    return operands


def _call(op: Apply, name: str, operands: list[ast.expr]) -> ast.expr:
    """A call: static parameters that come first stay in front, the others are keywords."""
    parameters = list(op.primitive.signature.parameters.values())
    leading = []
    for p in parameters:
        if p.kind is not p.POSITIONAL_OR_KEYWORD or p.default is not p.empty or p.name not in op.static:
            break
        leading.append(p.name)
    first = [parse(constant_text(op.static[n])) for n in leading]
    keywords = [
        ast.keyword(k, parse(constant_text(v))) for k, v in op.static.items() if k not in leading and k != "exception"
    ]
    return ast.Call(parse(name), [*first, *operands], keywords)


def fill(template: ast.AST, operands: Sequence[ast.expr]) -> ast.expr:
    """A copy of the template with `_0`, `_1`, ... replaced."""
    if isinstance(template, ast.Name) and template.id[0] == "_" and template.id[1:].isdigit():
        return operands[int(template.id[1:])]
    fields = {}
    for name, value in ast.iter_fields(template):
        if isinstance(value, ast.AST):
            value = fill(value, operands)
        elif isinstance(value, list):
            value = [fill(v, operands) if isinstance(v, ast.AST) else v for v in value]
        fields[name] = value
    return type(template)(**fields)  # type: ignore[return-value]


def fill_statement(text: str, operands: Sequence[ast.expr]) -> ast.stmt:
    """A statement from a template such as `_0[_1] += _2`."""
    template = _parse_statement(text)
    return fill(template, operands)  # type: ignore[return-value]


@lru_cache(maxsize=64)
def _parse_statement(text: str) -> ast.stmt:
    return ast.parse(text).body[0]


def make_expression(op: Apply, items: list[ast.expr]) -> ast.expr:
    """A container display, or a call of its class."""
    cls, keys = op.static["cls"], keys_of(op)
    assert isinstance(cls, type)
    if cls is tuple:
        return ast.Tuple(items, ast.Load())
    if cls is list:
        return ast.List(items, ast.Load())
    if cls is dict:
        return ast.Dict([parse(key_text(k)) for k in keys], items)
    name = ast.Name(identifier(cls.__name__), ast.Load())
    if not needs_helper(cls, keys):
        return ast.Call(name, items, [])
    attributes = [ast.keyword(str(k), i) for k, i in zip(keys, items, strict=True)]
    return ast.Call(ast.Name("make_object", ast.Load()), [name], attributes)


def needs_helper(cls: type, keys: tuple[object, ...]) -> bool:
    """Whether an object cannot be made by a call of its class with its attributes in order."""
    if cls in (tuple, list, dict) or is_namedtuple(cls):
        return False
    if not is_dataclass(cls) or hasattr(cls, "__post_init__"):
        return True
    init = vars(cls).get("__init__")
    generated = isinstance(init, FunctionType) and init.__code__.co_filename == "<string>"
    return not generated or [f.name for f in fields(cls) if f.init and not f.kw_only] != list(keys)


def extract_expression(container: Operand, text: ast.expr, key: object) -> ast.expr:
    """`c[key]`, or `c.key` for a NamedTuple or dataclass."""
    t = container.type
    assert isinstance(t, ContainerType)
    if t.cls in (tuple, list, dict):
        return ast.Subscript(text, parse(key_text(key)), ast.Load())
    name = t.cls._fields[key] if is_namedtuple(t.cls) else key  # type: ignore[attr-defined]
    return ast.Attribute(text, str(name), ast.Load())


def _slice(parts: Sequence[ast.expr | None]) -> ast.expr:
    return ast.Slice(*parts)


def _format(op: Apply, operands: list[ast.expr]) -> ast.expr:
    parts = op.static["parts"]
    assert isinstance(parts, tuple)
    values: list[ast.expr] = []
    rest = iter(operands)
    for part in parts:
        if isinstance(part, str):
            values.append(ast.Constant(part))
        else:
            conversion, spec = part
            inner = ast.JoinedStr([ast.Constant(spec)]) if spec else None
            values.append(ast.FormattedValue(next(rest), conversion, inner))
    return ast.JoinedStr(values)
