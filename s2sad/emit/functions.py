"""A planned function as the syntax tree of a Python function.

One statement for each value that is not written into its use; loops and branches as such; what a block yields is
assigned to the variable that receives it, unless it is in that variable already. What is decided stands in its `Plan`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from s2sad.emit.expressions import exception_name, parse
from s2sad.emit.joining import joined
from s2sad.emit.names import split_rows
from s2sad.emit.operations import OperationWriter, starts_for
from s2sad.emit.paragraphs import Paragraphs
from s2sad.emit.plan import Plan
from s2sad.emit.spelling import PYTHON, Spelling
from s2sad.emit.statements import call, negated, plus, stamped, take_place
from s2sad.emit.writer import Comment
from s2sad.errors import NOWHERE
from s2sad.ir.containers import MAKE
from s2sad.ir.primitive import required
from s2sad.ir.primitives.regions import MANAGER, is_try
from s2sad.ir.signature import Parameter
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    Constant,
    For,
    If,
    Operand,
    Operation,
    Value,
    While,
    is_call_of,
    is_int,
)


def write_function(
    plan: Plan, signature: Sequence[Parameter] | None = None, doc: str | None = None, spelling: Spelling = PYTHON
) -> ast.FunctionDef:
    """The definition of a function; without a `signature` it has the parameters of the IR."""
    writer = FunctionWriter(plan, spelling)
    signature = signature or [Parameter(p.hint or "_", p) for p in plan.function.parameters]
    body = writer.body()
    if doc:
        body.insert(0, ast.Expr(ast.Constant(doc)))
    written = ast.FunctionDef(plan.function.name, arguments(plan, signature), body, [], None, None)
    written.plan = plan  # type: ignore[attr-defined]
    return written


def arguments(plan: Plan, signature: Sequence[Parameter]) -> ast.arguments:
    """The parameters of a definition, with their defaults."""
    names: list[ast.arg] = []
    keyword_only: list[ast.arg] = []
    defaults: list[ast.expr] = []
    keyword_defaults: list[ast.expr | None] = []
    for p in signature:
        arg = ast.arg(plan.variables.name(p.value) if p.value is not None else p.name, None)
        default = None if p.default is None else ast.parse(p.default, mode="eval").body
        if p.keyword_only:
            keyword_only.append(arg)
            keyword_defaults.append(default)
            continue
        names.append(arg)
        if default is not None:
            defaults.append(default)
        # Python wants a default for each parameter behind one that has one.
        elif defaults:
            defaults.append(ast.Constant(None))
    return ast.arguments([], names, None, keyword_only, keyword_defaults, None, defaults)


class FunctionWriter(OperationWriter):
    """The statements of one function."""

    def __init__(self, plan: Plan, spelling: Spelling) -> None:
        super().__init__(plan, spelling)
        self.appends: dict[Operand, list[ast.stmt]] = {}
        """What is to be appended to a list as soon as a value is there."""
        self.quoted = ""
        """What the last paragraph of the block that was written last is about."""

    def body(self) -> list[ast.stmt]:
        """The statements of the definition."""
        function = self.plan.function
        body = [self.unpack(p, self.read(p)) for p in function.parameters if p in self.unpacked.items]
        body += self.sweeps(function.body)
        if not (body and isinstance(body[-1], ast.Raise)):
            body.append(stamped(ast.Return(self.read(function.result)), None, [function.result]))
        return joined(body, self.plan.backend.iterates)

    def sweeps(self, block: Block) -> list[ast.stmt]:
        """The body; where a reverse sweep follows the primal, a comment says where each begins."""
        cut = self.plan.reverse_start(block)
        if cut is None:
            return self.block(block)
        forward = self.block(replace(block, operations=block.operations[:cut]))
        reverse = self.block(replace(block, operations=block.operations[cut:]))
        before = [op for op in block.operations[:cut] if self.plan.is_written(op)]
        # in a rule of a solver there is no statement of the user's before
        if not forward or all(op.location == NOWHERE or op.location.is_of_rule for op in before):
            return [*forward, *reverse]
        return [Comment("evaluation trace"), *forward, Comment("adjoint sweep"), *reverse]

    # statements

    def block(self, block: Block) -> list[ast.stmt]:
        paragraphs = Paragraphs(self.plan)
        for op in block.operations:
            if not self.plan.is_written(op):
                continue
            made = self.operation(op)
            for s in made:
                s.at = op.location  # type: ignore[attr-defined]
                stamped(s, op, op.operands)
            raises = bool(made) and isinstance(made[-1], ast.Raise)
            appended = [stamped(s, op, op.results) for r in op.results for s in self.appends_of(r)]
            once = is_call_of(op, MAKE) and len(self.plan.uses.readers.get(op.result, ())) == 1
            made = _appended(made, appended) if once else [*made, *appended]
            paragraphs.add(op, made, self.quoted)
            # Nothing is reached behind a `raise`.
            if raises:
                break
        self.quoted = paragraphs.quoted
        return paragraphs.statements

    def appends_of(self, value: Value) -> Iterator[ast.stmt]:
        """What is appended to lists as soon as a value, or an item of an unpacked tuple, is there."""
        yield from self.appends.pop(value, ())
        if value in self.unpacked.items and value not in self.unpacked.root:
            for item, root in self.unpacked.root.items():
                if root is value:
                    yield from self.appends.pop(item, ())

    def operation(self, op: Operation) -> list[ast.stmt]:
        match op:
            case Apply():
                return self.apply(op)
            case Call():
                return self.assign_call(op)
            case If():
                return self.branch(op)
            case For():
                return self.for_loop(op)
            case While():
                return self.while_loop(op)
            case _:
                assert_never(op)

    # branches and loops

    def branch(self, op: If) -> list[ast.stmt]:
        then, orelse = (self.branch_block(op, b) for b in op.blocks)
        if op.predicate.type is MANAGER:
            return [ast.With([ast.withitem(self.read(op.predicate), None)], then)] if then else []
        if is_try(op):
            return self.attempt(op, then, orelse)
        test = self.read(op.predicate)
        # `else` behind a `break` is only indented text.
        if then and isinstance(then[-1], ast.Break):
            return [ast.If(test, then, []), *orelse]
        if not then and not orelse:
            return []
        if not then:
            return [ast.If(negated(test), orelse, [])]
        return [ast.If(test, then, orelse)]

    def attempt(self, op: If, then: list[ast.stmt], orelse: list[ast.stmt]) -> list[ast.stmt]:
        """`try`: the block, and the handler of its exceptions."""
        if not then:
            return []
        made = self.plan.uses.definition[op.predicate]
        assert isinstance(made, Apply)
        classes = made.static["exceptions"]
        assert isinstance(classes, tuple)
        names = [parse(exception_name(c)) for c in classes]
        caught = names[0] if len(names) == 1 else ast.Tuple(names, ast.Load())
        return [ast.Try(then, [ast.ExceptHandler(caught, None, orelse or [ast.Pass()])], [], [])]

    def branch_block(self, op: If, block: Block) -> list[ast.stmt]:
        without = self.plan.breaking.get(op)
        leave = None if without is None else block.results[without]
        statements = [*self.block(block), *self.assignments(op, self.plan.moves(block, op, without))]
        if isinstance(leave, Constant) and leave.value is True:
            statements.append(ast.Break())
        return statements

    def starts(self, op: For | While) -> list[ast.stmt]:
        """What stands before a loop: the first values of what it carries, empty lists for what it collects."""
        pairs, copies = self.plan.starts(op)
        lists = op.results[len(op.initial) :]
        empty: list[ast.stmt] = [ast.Assign([self.store(r)], ast.List([], ast.Load())) for r in lists]
        first = [*self.assignments(op, pairs, copies)]
        for s in (*first, *empty) if op.about else empty:
            if isinstance(s, ast.Assign) and isinstance(s.value, (ast.Constant, ast.List)):
                s.starts = starts_for(op)  # type: ignore[attr-defined]
        return [*first, *empty]

    def loop_body(self, op: For | While) -> list[ast.stmt]:
        n = len(op.initial)
        rows, collected = split_rows(op.body, op)
        stop = rows[-1] if op.breaks else None
        body: list[ast.stmt] = []
        inside = {r for o in op.body.operations for r in o.results}
        for r, o in zip(op.results[n:], collected, strict=True):
            append = ast.Expr(ast.Call(ast.Attribute(self.read(r), "append", ast.Load()), [self.read(o)], []))
            if o in inside:
                self.appends.setdefault(o, []).append(append)
            else:
                body.append(stamped(append, op, [o]))
        ends = [*self.assignments(op, self.plan.moves(op.body, op))]
        last = self.plan.last_statement(op.body)
        at_end = not ends and last is not None and not any(r in self.appends for r in last.results)
        leaves_inside = stop is not None and at_end and self.plan.breaks_in_branch(op.body, stop)
        body += self.block(op.body) + ends
        if isinstance(stop, Constant):
            body += [ast.Break()] if stop.value else []
        elif stop is not None and not leaves_inside:
            body.append(stamped(ast.If(self.read(stop), [ast.Break()], []), op, [stop]))
        return body or [ast.Pass()]

    def for_loop(self, op: For) -> list[ast.stmt]:
        statements = self.starts(op)
        body = self.indexed_items(op) + self.loop_body(op)
        target, iterator = self.header(op)
        loop = ast.For(target, iterator, body, [], None)
        return [*statements, stamped(loop, op, [op.start, op.stop, op.step, *op.scanned])]

    def header(self, op: For) -> tuple[ast.expr, ast.expr]:
        """The target and the iterator of a loop: `range`, or `zip` with the lists that it scans from their end."""
        used = self.plan.is_read(op.index)
        counter = self.spelling.counter(op, self.read, op.reverse and (used or bool(op.scanned)))
        if not self.plan.backend.iterates:
            return self.store(op.index), counter
        items = [(item, s) for item, s in zip(op.items, op.scanned, strict=True)]
        reversed_lists: list[ast.expr] = [
            self.read(s) if op.is_ascending(k) else call("reversed", [self.read(s)]) for k, (_, s) in enumerate(items)
        ]
        if not used and items:
            targets = [self.targets(i) for i, _ in items]
            if len(items) == 1:
                return targets[0], reversed_lists[0]
            return ast.Tuple(targets, ast.Store()), call("zip", reversed_lists)
        index = self.store(op.index) if used else ast.Name("_", ast.Store())
        if not items:
            return index, counter
        if len(items) == 1 and self.counts(op, items[0][1]):
            return ast.Tuple([index, self.targets(items[0][0])], ast.Store()), call("enumerate", reversed_lists)
        return ast.Tuple([index, *(self.targets(i) for i, _ in items)], ast.Store()), call(
            "zip", [counter, *reversed_lists]
        )

    def counts(self, op: For, sequence: Operand) -> bool:
        """Whether a loop counts what it scans from its start."""
        stop = self.plan.uses.definition.get(op.stop)
        forward = not op.reverse and is_int(op.start, 0) and is_int(op.step, 1) and op.is_ascending(0)
        return forward and is_call_of(stop, required(len)) and stop.operands[0] is sequence

    def indexed_items(self, op: For) -> list[ast.stmt]:
        """The items of the lists that a loop scans which only counts."""
        if self.plan.backend.iterates:
            return []
        number: ast.expr = ast.Name(self.plan.variables.name(op.index), ast.Load())
        step, start = (o.value if isinstance(o, Constant) else None for o in (op.step, op.start))
        if start != 0:
            number = ast.BinOp(number, ast.Sub(), self.read(op.start))
        if step != 1:
            number = ast.BinOp(number, ast.FloorDiv(), self.read(op.step))
        statements: list[ast.stmt] = []
        for k, (item, sequence) in enumerate(zip(op.items, op.scanned, strict=True)):
            place = number
            if op.is_ascending(k) is op.reverse:
                last = plus(ast.Call(ast.Name("len", ast.Load()), [self.read(sequence)], []), -1)
                place = ast.BinOp(last, ast.Sub(), number)
            taken = ast.Subscript(self.read(sequence), place, ast.Load())
            statements.append(ast.Assign([self.targets(item)], taken))
        return statements

    def while_loop(self, op: While) -> list[ast.stmt]:
        statements = self.starts(op)
        test_block = self.block(op.test)
        test = self.read(op.test.results[0])
        body = self.loop_body(op)
        # A test of several statements has no place in the header of a `while`.
        if test_block:
            leave = ast.If(negated(test), [ast.Break()], [])
            stamped(leave, op, op.test.results)
            return [*statements, stamped(ast.While(ast.Constant(True), [*test_block, leave, *body], []), op, ())]
        return [*statements, stamped(ast.While(test, body, []), op, op.test.results)]


def _appended(made: list[ast.stmt], appends: list[ast.stmt]) -> list[ast.stmt]:
    """`xs.append((a, b))` for a tuple that only one list is to hold."""
    match made, appends:
        case [ast.Assign([ast.Name(name)], value)], [ast.Expr(ast.Call(append, [ast.Name(read)]))] if name == read:
            one = ast.Expr(ast.Call(append, [value], []))
            take_place(one, *made, *appends)
            return [one]
    return [*made, *appends]
