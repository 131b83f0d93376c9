"""A function of the IR as the syntax tree of a Python function.

One statement for each value that is not written into its use; loops and branches as such; what a block yields is
assigned to the variable that receives it, unless it is in that variable already. Sums and element updates are written
in place where the memory is the function's own and nothing reads the old value later.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from s2sad.emit.comments import Comments
from s2sad.emit.conditions import find_conditions
from s2sad.emit.expressions import constant_expression, expression, fill_statement, parse
from s2sad.emit.inlining import PRODUCTS, SUMS, addends, find_inlined, find_unpacked, find_uses, leaves
from s2sad.emit.names import Variables, split_rows
from s2sad.emit.ownership import Ownership, with_copies
from s2sad.emit.spelling import PYTHON, Spelling
from s2sad.emit.statements import call, copied, exception_name, negated, plus, popped, signed, subtracted
from s2sad.emit.writer import Comment
from s2sad.errors import NOWHERE
from s2sad.ir.containers import EXTRACT, INDEX_ADD, INDEX_SET, MAKE, MEASURES, UNDEFINED
from s2sad.ir.primitive import Effect
from s2sad.ir.primitives.regions import CATCHER, MANAGER
from s2sad.ir.printer import Printer
from s2sad.ir.types import BOTTOM, ArrayType, ContainerType
from s2sad.ir.values import Apply, Block, Call, Constant, For, Function, If, Operand, Operation, Value, While

MAX_ROUNDS = 4
"""How often views are made copies, and the rest decided anew."""

AUGMENTED: dict[str, type[ast.operator]] = {
    "np.add": ast.Add,
    "np.subtract": ast.Sub,
    "np.multiply": ast.Mult,
    "np.divide": ast.Div,
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the emitted function; `value` is None for one that is static. `default` is Python text."""

    name: str
    value: Value | None
    default: str | None = None
    keyword_only: bool = False


class FunctionEmitter(Comments):
    """Emits one function. `reserved` are names of the module that variables must not take."""

    def __init__(
        self,
        function: Function,
        reserved: Iterable[str],
        signature: Sequence[Parameter] | None = None,
        spelling: Spelling = PYTHON,
    ) -> None:
        self.spelling = spelling
        reserved = tuple(reserved)
        self.analyse(function, reserved)
        for _ in range(MAX_ROUNDS):
            seen = self.ownership.views_in_the_way()
            if not seen:
                break
            self.analyse(with_copies(function, seen), reserved)
        function = self.function
        self.signature = signature or [Parameter(p.hint or "_", p) for p in function.parameters]
        self.printer = Printer(function)
        self.primal = {r: p for op in self.uses.block_of for p in op.about for r in p.results}
        self.breaking: dict[If, int] = {}
        """Branches that leave their loop where this result is True."""
        self.appends: dict[Value, list[ast.stmt]] = {}
        """What is to be appended to a list as soon as a value is there."""

    def analyse(self, function: Function, reserved: Sequence[str]) -> None:
        """Decide what is written into its use, which values share a variable, and what may be written in place."""
        conditions = find_conditions(function)
        self.function = function = conditions.function
        self.uses = find_uses(function)
        self.inlined = find_inlined(function, self.uses, conditions.inside)
        self.unpacked = find_unpacked(function, self.uses, self.inlined)
        self.variables = Variables(function, self.uses, self.inlined, self.unpacked, reserved, self.spelling.iterates)
        self.ownership = Ownership(self.variables)

    def emit(self, doc: str | None = None) -> ast.FunctionDef:
        """The function definition."""
        body = [self.unpack(p, self.read(p)) for p in self.function.parameters if p in self.unpacked.items]
        body += self.sweeps(self.function.body)
        if not (body and isinstance(body[-1], ast.Raise)):
            body.append(ast.Return(self.read(self.function.result)))
        if doc:
            body.insert(0, ast.Expr(ast.Constant(doc)))
        return ast.FunctionDef(self.function.name, self.arguments(), body, [], None, None)

    def arguments(self) -> ast.arguments:
        names: list[ast.arg] = []
        keyword_only: list[ast.arg] = []
        defaults: list[ast.expr] = []
        keyword_defaults: list[ast.expr | None] = []
        for p in self.signature:
            arg = ast.arg(self.variables.name(p.value) if p.value is not None else p.name, None)
            default = None if p.default is None else ast.parse(p.default, mode="eval").body
            if p.keyword_only:
                keyword_only.append(arg)
                keyword_defaults.append(default)
                continue
            names.append(arg)
            if default is not None:
                defaults.append(default)
            elif defaults:
                defaults.append(ast.Constant(None))
        return ast.arguments([], names, None, keyword_only, keyword_defaults, None, defaults)

    def sweeps(self, block: Block) -> list[ast.stmt]:
        """The body; where a reverse sweep follows the primal, a comment says where each begins."""
        operations = [op for op in block.operations if not (isinstance(op, Apply) and op.result in self.inlined)]
        first = next((k for k, op in enumerate(operations) if op.about), None)
        if not first or any(not op.about for op in operations[first:]):
            return self.block(block)
        while first > 1 and _takes_cotangent(operations[first - 1]):
            first -= 1
        cut = block.operations.index(operations[first])
        forward = self.block(replace(block, operations=block.operations[:cut]))
        reverse = self.block(replace(block, operations=block.operations[cut:]))
        if not forward or all(op.location == NOWHERE for op in operations[:first]):
            return [*forward, *reverse]
        return [Comment("evaluation trace"), *forward, Comment("adjoint sweep"), *reverse]

    # expressions

    def expression(self, op: Apply) -> ast.expr:
        """The expression of an operation."""
        return self.spelling.expression(op, self.read)

    def read(self, operand: Operand) -> ast.expr:
        """The expression that stands for an operand."""
        if isinstance(operand, Constant):
            return constant_expression(self.spelling.constant(operand))
        op = self.inlined.get(operand)
        if op is not None:
            return self.expression(op)
        if self.is_undefined(operand):
            return constant_expression(self.spelling.placeholder(operand.type))
        return ast.Name(self.variables.name(operand), ast.Load())

    def store(self, value: Value) -> ast.Name:
        return ast.Name(self.variables.name(value), ast.Store())

    # statements

    def block(self, block: Block) -> list[ast.stmt]:
        statements: list[ast.stmt] = []
        for op in block.operations:
            if isinstance(op, Apply) and op.result in self.inlined:
                continue
            made = self.operation(op)
            for s in made:
                s.at = op.location  # type: ignore[attr-defined]
            statements.extend(made)
            for r in op.results:
                statements.extend(self.appends_of(r))
            if made and isinstance(made[-1], ast.Raise):
                break
        return popped(statements)

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
                return self.with_comment(self.apply(op), op)
            case Call():
                return self.with_comment(self.assign_call(op), op)
            case If():
                return self.branch(op)
            case For():
                return self.for_loop(op)
            case While():
                return self.while_loop(op)

    def apply(self, op: Apply) -> list[ast.stmt]:
        if op.primitive is UNDEFINED:
            return []
        if op.primitive.effect is Effect.IO:
            return [self.effect(op)]
        if op.primitive.update is not None:
            return self.update(op)
        if self.unpacked.by(op):
            return []
        if op.result in self.unpacked.items:
            return [self.unpack(op.result, self.expression(op))]
        in_place = self.sum_in_place(op) or self.product_in_place(op)
        if in_place is not None:
            return in_place
        return [ast.Assign([self.store(op.result)], signed(self.expression(op)))]

    def assign_call(self, op: Call) -> list[ast.stmt]:
        arguments = [
            copied(self.read(o), o.type)
            if k in op.function.takes and not self.ownership.may_give_away(op, k)
            else self.read(o)
            for k, o in enumerate(op.operands)
        ]
        call = ast.Call(ast.Name(op.function.name, ast.Load()), arguments, [])
        if op.result in self.unpacked.items:
            return [self.unpack(op.result, call)]
        if op.result not in self.uses.readers:
            return [ast.Expr(call)]
        return [ast.Assign([self.store(op.result)], call)]

    def unpack(self, container: Value, value: ast.expr) -> ast.stmt:
        """A tuple assignment to the items that are read."""
        return ast.Assign([self.targets(container)], value)

    def targets(self, container: Value) -> ast.expr:
        items = self.unpacked.items.get(container)
        if items is None:
            return self.store(container)
        assert isinstance(container.type, ContainerType)
        targets = [self.targets(items[k]) if k in items else ast.Name("_", ast.Store()) for k in container.type.keys]
        return ast.Tuple(targets, ast.Store())

    def effect(self, op: Apply) -> ast.stmt:
        if op.primitive.name == "assert":
            test, *message = [self.read(o) for o in op.operands]
            return ast.Assert(test, message[0] if message else None)
        if op.primitive.name == "raise" and not op.static:
            return ast.Raise(None, None)
        if op.primitive.name == "raise":
            return ast.Raise(expression(op, self.read), None)
        return ast.Expr(expression(op, self.read))

    def update(self, op: Apply) -> list[ast.stmt]:
        """`x[index] += g` in the memory of `x`, or in a copy where that is still needed."""
        base = op.operands[0]
        statements: list[ast.stmt] = []
        if not self.variables.same(base, op.result) and self.ownership.may_take_over(base, op):
            statements.append(ast.Assign([self.store(op.result)], self.read(base)))
        elif not (self.variables.same(base, op.result) and self.ownership.may_overwrite(base, op)):
            statements.append(ast.Assign([self.store(op.result)], copied(self.read(base), base.type)))
        text = op.primitive.update
        if callable(text):
            text = text(*(o.type for o in op.operands))
        assert text is not None
        once = op.primitive is INDEX_ADD and self.meets_once(op.operands[1])
        text = self.spelling.update(text, [o.type for o in op.operands], once)
        target = ast.Name(self.variables.name(op.result), ast.Load())
        values = [self.read(o) for o in op.operands[1:]]
        values[:1] = map(self.spelling.index, values[:1])
        blind = not self.spelling.sees_overlaps
        overlaps = op.primitive is INDEX_SET or (blind and op.primitive is INDEX_ADD)
        taken = self.inlined.get(op.operands[2]) if overlaps and isinstance(op.operands[2], Value) else None
        if overlaps and self.ownership.crosses(op, blind):
            values[1] = copied(values[1], op.operands[2].type)
        elif overlaps and taken is not None and taken.primitive.name == "np.negative":
            part = replace(op, operands=(base, op.operands[1], taken.operands[0]))
            if blind and self.ownership.crosses(part, always=True):
                values[1] = ast.UnaryOp(ast.USub(), copied(self.read(taken.operands[0]), taken.result.type))
        statements.append(subtracted(fill_statement(text, [target, *values])))
        return statements

    def meets_once(self, index: Operand) -> bool:
        """Whether an index of vectors and numbers meets no element twice, because one of the vectors counts from 0."""
        made = self.made_by(index)
        items = made.operands if made is not None and made.primitive is MAKE else (index,)
        flat = all(isinstance(i.type, ArrayType) and (i.type.is_scalar or i.type.rank == 1) for i in items)
        makers = [m for m in map(self.made_by, items) if m is not None]
        return flat and any(m.primitive.name == "np.arange" and len(m.operands) == 1 for m in makers)

    def made_by(self, operand: Operand) -> Apply | None:
        op = self.uses.definition.get(operand) if isinstance(operand, Value) else None
        return op if isinstance(op, Apply) else None

    def sum_in_place(self, op: Apply) -> list[ast.stmt] | None:
        """`x += y` for `x = x + y`, where the types allow it and the memory is the function's own."""
        if op.primitive.name not in SUMS or op.static:
            return None
        x, terms = addends(op, self.inlined)
        if not self.variables.same(x, op.result) or not self.may_add(x, op):
            return None
        later = [y for _, y in terms[1:]]
        seen = self.ownership.aliases(x) if later else set()
        if any(self.variables.same(v, op.result) or v in seen for y in later for v in leaves(y, self.inlined)):
            return None
        if self.is_scalar(x) and len(terms) > 1:
            return None
        statements: list[ast.stmt] = []
        for part, y in terms:
            value = self.read(y)
            if not self.spelling.sees_overlaps and self.ownership.is_part(x, y):
                value = copied(value, y.type)
            statements.append(ast.AugAssign(self.store(op.result), AUGMENTED[part.primitive.name](), value))
            if part is not op:
                self.with_comment(statements, part, deep=False)
        return statements

    def product_in_place(self, op: Apply) -> list[ast.stmt] | None:
        """`x *= y` for `x = x * y` or `x = y * x`, and `x /= y`, under the same conditions."""
        if op.primitive.name not in PRODUCTS or op.static:
            return None
        a, b = op.operands
        for x, y in ((a, b), (b, a)) if op.primitive.name == "np.multiply" else ((a, b),):
            if not self.variables.same(x, op.result) or not self.may_add(x, op):
                continue
            if any(self.variables.same(v, op.result) for v in leaves(y, self.inlined)):
                continue
            value = self.read(y)
            if not self.spelling.sees_overlaps and self.ownership.is_part(x, y):
                value = copied(value, y.type)
            return [ast.AugAssign(self.store(op.result), AUGMENTED[op.primitive.name](), value)]
        return None

    def is_scalar(self, operand: Operand) -> bool:
        return isinstance(operand.type, ArrayType) and operand.type.is_scalar

    def may_add(self, x: Operand, op: Apply) -> bool:
        """Whether an augmented assignment computes the sum: of numbers, or in an array of its own of the same type."""
        t, r = x.type, op.result.type
        assert isinstance(t, ArrayType) and isinstance(r, ArrayType)
        if t.is_scalar and r.is_scalar:
            return True
        array = t.kind == "array" and r.shape == t.shape and r.dtype == t.dtype and t.shape is not None
        return array and self.ownership.may_overwrite(x, op)

    # branches and loops

    def branch(self, op: If) -> list[ast.stmt]:
        then, orelse = (self.branch_block(op, b) for b in op.blocks)
        if op.predicate.type is MANAGER:
            return [ast.With([ast.withitem(self.read(op.predicate), None)], then)] if then else []
        if op.predicate.type is CATCHER:
            return self.attempt(op, then, orelse)
        test = self.read(op.predicate)
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
        made = self.uses.definition[op.predicate]  # type: ignore[index]
        assert isinstance(made, Apply)
        classes = made.static["exceptions"]
        assert isinstance(classes, tuple)
        names = [parse(exception_name(c)) for c in classes]
        caught = names[0] if len(names) == 1 else ast.Tuple(names, ast.Load())
        return [ast.Try(then, [ast.ExceptHandler(caught, None, orelse or [ast.Pass()])], [], [])]

    def branch_block(self, op: If, block: Block) -> list[ast.stmt]:
        rows, targets = list(block.results), list(op.results)
        leave = None
        if op in self.breaking:
            leave = rows.pop(self.breaking[op])
            targets.pop(self.breaking[op])
        statements = self.block(block) + self.moves(block, rows, targets, op)
        if isinstance(leave, Constant) and leave.value is True:
            statements.append(ast.Break())
        return statements

    def moves(
        self, block: Block, sources: Sequence[Operand], targets: Sequence[Value], op: Operation
    ) -> list[ast.stmt]:
        """What a block yields, put into the variables that receive it: all at once where one overwrites another."""
        pairs = []
        for s, t in zip(sources, targets, strict=True):
            if s.type == BOTTOM or (t not in self.uses.readers and not isinstance(op, (For, While))):
                continue
            if self.is_undefined(s):
                if not self.must_bind(t, op):
                    continue
                s = self.spelling.placeholder(s.type)
            if self.variables.same(s, t):
                continue
            pairs.append((t, s))
        return list(self.assignments(pairs))

    def assignments(self, pairs: Sequence[tuple[Value, Operand]], copies: Collection[Value] = ()) -> Iterator[ast.stmt]:
        """The values put into their variables, `copies` as copies: all at once where one overwrites another."""
        targets = [self.variables.name(t) for t, _ in pairs]
        values = [copied(self.read(s), t.type) if t in copies else self.read(s) for t, s in pairs]
        clash = any(
            isinstance(n, ast.Name) and n.id in targets[:k] for k, value in enumerate(values) for n in ast.walk(value)
        )
        if clash:
            stores: list[ast.expr] = [self.store(t) for t, _ in pairs]
            yield ast.Assign([ast.Tuple(stores, ast.Store())], ast.Tuple(values, ast.Load()))
            return
        for (t, _), value in zip(pairs, values, strict=True):
            yield ast.Assign([self.store(t)], value)

    def is_undefined(self, operand: Operand) -> bool:
        op = self.uses.definition.get(operand) if isinstance(operand, Value) else None
        return isinstance(op, Apply) and op.primitive is UNDEFINED

    def must_bind(self, target: Value, op: Operation) -> bool:
        """Whether a name that a branch leaves unbound is read outside a branch, or for the shape of its adjoint."""
        if self.uses.block_of[op] is not self.function.body:
            return True
        readers = self.uses.readers.get(target, [])
        if any(isinstance(r, Block) or self.uses.block_of[r] is self.function.body for r in readers):
            return True
        return self.is_measured(target)

    def is_measured(self, value: Value) -> bool:
        """Whether a zero of the shape of the value, or of an item of it, is made somewhere."""
        readers = [r for r in self.uses.readers.get(value, []) if isinstance(r, Apply)]
        items = (r.result for r in readers if r.primitive is EXTRACT)
        return any(r.primitive.name in MEASURES for r in readers) or any(map(self.is_measured, items))

    def starts(self, op: For | While) -> list[ast.stmt]:
        """What stands before a loop: the first values of what it carries, empty lists for what it collects."""
        copies = {p for p in op.carried if self.ownership.owned(p) and p in self.ownership.copied}
        pairs = [
            (p, self.spelling.placeholder(i.type) if self.is_undefined(i) else i)
            for p, i in zip(op.carried, op.initial, strict=True)
            if not self.variables.same(i, p) or self.is_undefined(i) or p in copies
        ]
        lists = op.results[len(op.initial) :]
        empty: list[ast.stmt] = [ast.Assign([self.store(r)], ast.List([], ast.Load())) for r in lists]
        return [*self.assignments(pairs, copies), *empty]

    def loop_body(self, op: For | While) -> list[ast.stmt]:
        n = len(op.initial)
        rows, collected = split_rows(op.body, op)
        stop = rows[-1] if op.breaks else None
        body: list[ast.stmt] = []
        inside = {r for o in op.body.operations for r in o.results}
        for r, o in zip(op.results[n:], collected, strict=True):
            append = ast.Expr(ast.Call(ast.Attribute(self.read(r), "append", ast.Load()), [self.read(o)], []))
            if isinstance(o, Value) and o in inside:
                self.appends.setdefault(o, []).append(append)
            else:
                body.append(append)
        ends = self.moves(op.body, rows[:n], op.carried, op)
        last = self.last_statement(op.body)
        at_end = not ends and last is not None and not any(r in self.appends for r in last.results)
        leaves_inside = stop is not None and at_end and self.breaks_in_branch(op.body, stop)
        body += self.block(op.body) + ends
        if isinstance(stop, Constant):
            body += [ast.Break()] if stop.value else []
        elif stop is not None and not leaves_inside:
            body.append(ast.If(self.read(stop), [ast.Break()], []))
        return body or [ast.Pass()]

    def last_statement(self, block: Block) -> Operation | None:
        """The last operation of a block that has a statement of its own."""
        written = (o for o in reversed(block.operations) if not (isinstance(o, Apply) and o.result in self.inlined))
        return next(written, None)

    def breaks_in_branch(self, block: Block, stop: Operand) -> bool:
        """Whether a branch at the end of a loop body can leave the loop itself, with `break` where it is decided."""
        if isinstance(stop, Constant):
            return True
        last = self.last_statement(block)
        if not isinstance(last, If) or stop not in last.results or len(self.uses.readers.get(stop, [])) != 1:
            return False
        k = last.results.index(stop)
        before = dict(self.breaking)
        taken = last.blocks[:1] if last.predicate.type is MANAGER else last.blocks
        if all(self.leaves_as_it_is(last, b, k) and self.breaks_in_branch(b, b.results[k]) for b in taken):
            self.breaking[last] = k
            return True
        self.breaking = before
        return False

    def leaves_as_it_is(self, op: If, block: Block, k: int) -> bool:
        """Whether nothing is to be moved behind an inner branch that leaves the loop: it would be passed over."""
        if isinstance(block.results[k], Constant):
            return True
        sources, targets = list(block.results), list(op.results)
        del sources[k], targets[k]
        return not self.moves(block, sources, targets, op)

    def for_loop(self, op: For) -> list[ast.stmt]:
        statements = self.starts(op)
        body = self.indexed_items(op) + self.loop_body(op)
        target, iterator = self.header(op)
        return [*statements, ast.For(target, iterator, body, [], None)]

    def header(self, op: For) -> tuple[ast.expr, ast.expr]:
        """The target and the iterator of a loop: `range`, or `zip` with the lists that it scans from their end."""
        used = self.is_read(op.index)
        counter = self.spelling.counter(op, self.read, op.reverse and (used or bool(op.scanned)))
        if not self.spelling.iterates:
            return self.store(op.index), counter
        items = [(item, s) for item, s in zip(op.items, op.scanned, strict=True)]
        reversed_lists: list[ast.expr] = [
            self.read(s) if op.is_ascending(k) else call("reversed", [self.read(s)]) for k, (_, s) in enumerate(items)
        ]
        if not used and items:
            targets: list[ast.expr] = [self.store(i) for i, _ in items]
            if len(items) == 1:
                return targets[0], reversed_lists[0]
            return ast.Tuple(targets, ast.Store()), call("zip", reversed_lists)
        index = self.store(op.index) if used else ast.Name("_", ast.Store())
        if not items:
            return index, counter
        return ast.Tuple([index, *(self.store(i) for i, _ in items)], ast.Store()), call(
            "zip", [counter, *reversed_lists]
        )

    def indexed_items(self, op: For) -> list[ast.stmt]:
        """The items of the lists that a loop scans which only counts."""
        if self.spelling.iterates:
            return []
        number: ast.expr = ast.Name(self.variables.name(op.index), ast.Load())
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
            statements.append(ast.Assign([self.store(item)], ast.Subscript(self.read(sequence), place, ast.Load())))
        return statements

    def is_read(self, value: Value) -> bool:
        return value in self.uses.readers

    def while_loop(self, op: While) -> list[ast.stmt]:
        statements = self.starts(op)
        test_block = self.block(op.test)
        test = self.read(op.test.results[0])
        body = self.loop_body(op)
        if test_block:
            leave = ast.If(negated(test), [ast.Break()], [])
            return [*statements, ast.While(ast.Constant(True), [*test_block, leave, *body], [])]
        return [*statements, ast.While(test, body, [])]


def _takes_cotangent(op: Operation) -> bool:
    """Whether an operation takes an item of what the reverse sweep is given."""
    container = op.operands[0] if isinstance(op, Apply) and op.primitive is EXTRACT else None
    return isinstance(container, Value) and (container.hint or "").endswith("_bar")
