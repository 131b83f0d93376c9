"""A program of loops as Python: numbers in variables, arrays written element by element.

    s = 0.0
    for i in range(x.shape[0]):
        s += np.exp(x[i] - m)

What is read once is written where it is read, if nothing is stored in between. A number that a loop carries is one
variable, as is what a branch gives.
"""

from __future__ import annotations

import ast
import keyword
from collections.abc import Collection, Sequence

import numpy as np

from s2sad.emit.expressions import constant_expression
from s2sad.emit.flat_plan import FlatPlan
from s2sad.emit.modules import Survey, helper_definition
from s2sad.emit.spelling import PYTHON, Spelling
from s2sad.emit.statements import call, counted_down, negated, stamped
from s2sad.emit.writer import Comment, Written, write_located
from s2sad.ir.primitive import Effect
from s2sad.ir.primitives.memory import GUARD, LOAD, STORE
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
    constant,
    is_int,
)

JOINED: dict[object, type[ast.boolop]] = {np.logical_or: ast.Or, np.logical_and: ast.And}

KEYWORDS = {*keyword.kwlist, "np", "math", "min", "max", "abs", "int", "float", "bool", "range", "len", "round"}


def emit_flat(header: Sequence[str], functions: Sequence[Function], spelling: Spelling = PYTHON) -> Written:
    """The text of a module of functions, with its lines, and where the user wrote what they compute."""
    survey = Survey()
    for f in functions:
        survey.block(f.body)
    reserved = {f.name for f in functions} | survey.names() | spelling.helpers.keys()
    definitions: list[ast.stmt] = [FlatWriter(f, reserved, spelling).definition() for f in functions]
    called = {n.id for d in definitions for n in ast.walk(d) if isinstance(n, ast.Name)}
    own = [f for name, f in spelling.helpers.items() if name in called]
    helpers = [helper_definition(f) for f in (*(p.function for p in survey.helpers), *own)]
    comments: list[ast.stmt] = [Comment(line) for line in header]
    definitions = [*helpers, *definitions]
    return write_located(ast.Module([*comments, *survey.imports(definitions), *definitions], []))


class FlatWriter(FlatPlan):
    """The definition of one function of loops."""

    def __init__(self, function: Function, reserved: Collection[str] = (), spelling: Spelling = PYTHON) -> None:
        super().__init__(function, {*KEYWORDS, *reserved})
        self.spelling = spelling

    def definition(self) -> ast.FunctionDef:
        function = self.function
        body = self.block(function.body)
        body.append(stamped(ast.Return(self.read(function.result)), None, [function.result]))
        if function.doc:
            body.insert(0, ast.Expr(ast.Constant(function.doc)))
        arguments = [ast.arg(self.name(p), None) for p in function.parameters]
        parameters = ast.arguments([], arguments, None, [], [], None, [])
        written = ast.FunctionDef(function.name, parameters, body, [], None, None)
        written.plan = self  # type: ignore[attr-defined]
        return written

    # expressions

    def read(self, operand: Operand) -> ast.expr:
        if isinstance(operand, Constant):
            return constant_expression(_plain(operand))
        if operand in self.inlined:
            return self.expression(self.inlined[operand])
        return ast.Name(self.name(operand), ast.Load())

    def expression(self, op: Apply) -> ast.expr:
        operands = [self.read(o) for o in op.operands]
        if op.primitive is LOAD or op.primitive is STORE:
            return _element(operands[0], operands[1:], ast.Load())
        if op.primitive.function is np.where:
            return ast.IfExp(operands[0], operands[1], operands[2])
        joined = JOINED.get(op.primitive.function)
        if joined is not None and all(o.type.dtype == bool for o in op.operands):
            return ast.BoolOp(joined(), operands)
        return self.spelling.expression(op, self.read)

    # statements

    def block(self, block: Block) -> list[ast.stmt]:
        self.choose(block)
        made: list[ast.stmt] = []
        for op in block.operations:
            begin, quote = len(made), self.quote_of(op)
            new = quote and quote != self.quoted
            if new:
                self.quoted = quote
            statements = self.operation(op)
            for s in statements:
                s.at = op.location  # type: ignore[attr-defined]
                stamped(s, op, op.operands)
            made += statements
            if new and statements:
                made.insert(begin, Comment(quote))
        return made

    def operation(self, op: Operation) -> list[ast.stmt]:
        match op:
            case Apply():
                return self.apply(op)
            case If():
                return self.branch(op)
            case For():
                return [*self.starts(op.initial, op.body.parameters[1:]), self.counted(op)]
            case While():
                return [*self.starts(op.initial, op.body.parameters), self.conditional(op)]
            case Call():
                return [self.called(op)]

    def apply(self, op: Apply) -> list[ast.stmt]:
        if op.result in self.inlined or self.is_item(op):
            return []
        if op.primitive is GUARD:
            return [ast.Assert(self.read(op.operands[0]), None)]
        if op.primitive is STORE:
            return [self.store(op)]
        if op.primitive.effect is Effect.IO:
            return [ast.Expr(self.library(op))]
        return [ast.Assign([ast.Name(self.name(op.result), ast.Store())], self.expression(op))]

    def called(self, op: Call) -> ast.stmt:
        """`v, x_bar = f(x)`."""
        made = call(op.function.name, [self.read(o) for o in op.operands])
        items = self.items.get(op.result)
        if items is None:
            return ast.Assign([ast.Name(self.name(op.result), ast.Store())], made)
        targets: list[ast.expr] = [
            ast.Name(self.name(items[k]) if k in items else "_", ast.Store()) for k in op.result.type.keys
        ]
        return ast.Assign([ast.Tuple(targets, ast.Store())], made)

    def store(self, op: Apply) -> ast.stmt:
        """`a[i] = v`, or `a[i] += v` for what adds to the element."""
        array, *places = (self.read(o) for o in op.operands[:-1])
        target = _element(array, places, ast.Store())
        return _augmented(target, self.read(op.operands[-1]))

    def library(self, op: Apply) -> ast.expr:
        """`np.dot(a.T, b, out=c)`."""
        arrays = [self.read(o) for o in op.operands]
        turned = op.static.get("turned", ())
        assert isinstance(turned, tuple)
        for k, flag in enumerate(turned):
            arrays[k] = ast.Attribute(arrays[k], "T", ast.Load()) if flag else arrays[k]
        function = ast.Attribute(ast.Name("np", ast.Load()), str(op.static["function"]), ast.Load())
        return ast.Call(function, arrays[:-1], [ast.keyword("out", arrays[-1])])

    def assigned(self, targets: Sequence[Value], sources: Sequence[Operand]) -> list[ast.stmt]:
        """What is handed on, put into the variables that receive it."""
        pairs = [(self.name(t), self.read(s)) for t, s in zip(targets, sources, strict=True)]
        pairs = [(n, e) for n, e in pairs if not (isinstance(e, ast.Name) and e.id == n)]
        written = [n for n, _ in pairs]
        clash = any(
            isinstance(node, ast.Name) and node.id in written[:k]
            for k, (_, e) in enumerate(pairs)
            for node in ast.walk(e)
        )
        if clash:
            names: list[ast.expr] = [ast.Name(n, ast.Store()) for n in written]
            return [ast.Assign([ast.Tuple(names, ast.Store())], ast.Tuple([e for _, e in pairs], ast.Load()))]
        return [_augmented(ast.Name(n, ast.Store()), e) for n, e in pairs]

    def starts(self, initial: Sequence[Operand], parameters: Sequence[Value]) -> list[ast.stmt]:
        return self.assigned(parameters, initial)

    def counted(self, op: For) -> ast.stmt:
        start, stop, step = (self.read(o) for o in (op.start, op.stop, op.step))
        if op.reverse:
            counter = counted_down(start, stop, step)
        elif is_int(op.step, 1):
            counter = call("range", [stop] if is_int(op.start, 0) else [start, stop])
        else:
            counter = call("range", [start, stop, step])
        body = [*self.block(op.body), *self.ends(op)]
        index = op.index if self.reads[op.index] else None
        target = ast.Name(self.name(index) if index is not None else "_", ast.Store())
        return ast.For(target, counter, body or [ast.Pass()], [])

    def ends(self, op: For | While) -> list[ast.stmt]:
        carried = op.carried
        statements = self.assigned(carried, op.body.results[: len(carried)])
        if op.breaks:
            stop = op.body.results[-1]
            statements.append(ast.If(self.read(stop), [ast.Break()], []))
        return statements

    def conditional(self, op: While) -> ast.stmt:
        tested = self.block(op.test)
        test = self.read(op.test.results[0])
        body = [*self.block(op.body), *self.ends(op)]
        if tested:
            leave = ast.If(negated(test), [ast.Break()], [])
            return ast.While(ast.Constant(True), [*tested, leave, *body], [])
        return ast.While(test, body or [ast.Pass()], [])

    def branch(self, op: If) -> list[ast.stmt]:
        then = [*self.block(op.then), *self.assigned(op.results, op.then.results)]
        orelse = [*self.block(op.orelse), *self.assigned(op.results, op.orelse.results)]
        test = self.read(op.predicate)
        if not then and not orelse:
            return []
        return [ast.If(test, then, orelse)] if then else [ast.If(negated(test), orelse, [])]


def _element(array: ast.expr, places: Sequence[ast.expr], context: ast.expr_context) -> ast.expr:
    index = places[0] if len(places) == 1 else ast.Tuple(list(places), ast.Load())
    return ast.Subscript(array, index, context)


def _augmented(target: ast.expr, value: ast.expr) -> ast.stmt:
    """An assignment, `x += y` for `x = x + y`."""
    adds = isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Add, ast.Sub, ast.Mult, ast.Div))
    if adds and isinstance(value, ast.BinOp) and ast.unparse(value.left) == ast.unparse(target):
        return ast.AugAssign(target, value.op, value.right)  # type: ignore[arg-type]
    return ast.Assign([target], value)


def _plain(operand: Constant) -> Constant:
    """A number as it is written: one of NumPy's as one of Python's, a name of the user's as what it stands for."""
    value = operand.value
    return constant(value.item() if isinstance(value, np.generic) else value)
