"""What each line of an emitted text is, read off the statements and plans that its writer leaves.

A statement of the text knows the operations that it is of (`emit.statements.stamped`), and its function which value
each name stands for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from s2sad.emit.statements import parts_of
from s2sad.emit.writer import Comment
from s2sad.errors import NOWHERE
from s2sad.ir.containers import EXTRACT
from s2sad.ir.python_trees import walk
from s2sad.ir.trace_names import as_text, derived_of, is_of_trace
from s2sad.ir.types import Type
from s2sad.ir.values import Apply, Block, Operand, Operation, Value, bound_in
from s2sad.view.lines import ADJOINT, HEAD, OTHER, PRIMAL, TANGENT, Line

if TYPE_CHECKING:
    from s2sad.emit.flat_plan import FlatPlan
    from s2sad.emit.plan import Plan
    from s2sad.emit.writer import Line as Emitted

    AnyPlan: TypeAlias = Plan | FlatPlan


def described(emitted: Sequence[Emitted]) -> list[Line]:
    """The lines of a module as its writer left them, each with what it is."""
    scopes: dict[ast.FunctionDef, Scope] = {}
    found: list[Line] = []
    before: ast.stmt | None = None
    for number, e in enumerate(emitted, 1):
        begins = e.statement is None or e.statement is not before
        before = e.statement or before
        if e.definition is None or not hasattr(e.definition, "plan"):
            found.append(Line(number, e.text, e.definition.name if e.definition else "", HEAD, begins=begins))
            continue
        scope = scopes.get(e.definition) or scopes.setdefault(e.definition, Scope(e.definition))
        found.append(scope.placed(scope.line(number, e, begins), e.statement))
    return _with_comments(found)


def _with_comments(lines: Sequence[Line]) -> list[Line]:
    """The lines; comments, and the words between two branches, with the sweep of what stands under them."""
    found: list[Line] = []
    under: list[Line] = []
    for line in reversed(lines):
        if not line.text.lstrip().startswith(COMMENTS) or not line.function:
            if line.sweep == OTHER and line.location != NOWHERE and not line.operations and found:
                line = replace(line, sweep=found[-1].sweep)
            under.append(line)
        else:
            under = under or found[-1:]
            # a quote is of the derivative under it: what that reads of the primal may be calculated in front of it
            first = next((u for u in reversed(under) if u.sweep == ADJOINT), under[-1] if under else line)
            title = line.text.strip("#/ ") in TITLES
            line = replace(line, sweep=first.sweep, location=NOWHERE if title else first.location)
            under = []
        found.append(line)
    return found[::-1]


COMMENTS = ("#", "// ")
"""What comments begin with."""
TITLES = ("evaluation trace", "adjoint sweep")
"""The comments that are no quotes."""


class Scope:
    """One emitted function: what its names stand for, and to which sweep its values belong."""

    def __init__(self, definition: ast.FunctionDef) -> None:
        self.definition = definition
        plan: AnyPlan = definition.plan  # type: ignore[attr-defined]
        self.plan = plan
        self.names: Mapping[Value, str] = plan.named
        self.values: dict[str, Value] = {}
        self.of: dict[str, str] = {}
        self.derived: dict[str, str] = {}
        """The sweeps of the names of adjoints and tangents."""
        for value, name in self.names.items():
            self.values.setdefault(name, value)
            hint = plan.hint_of(value)
            base = derived_of(hint) or ("" if is_of_trace(hint) else hint)
            # `y_2` is the user's y again
            if base.strip("_") and as_text(base) != name:
                self.of.setdefault(name, base)
            sweep = _sweep_of_name(hint)
            if sweep is not None:
                self.derived.setdefault(name, sweep)
        self.of = {name: self.primal_name(base) for name, base in self.of.items()}
        self.sweeps = sweeps_in(plan.function.body)
        self.around = dict(_around(definition))
        self.primal = self.first_sweep()
        self.numbers: dict[ast.stmt, int] = {}
        """Of the statements met so far, the lines that they begin on."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Those that have a value."""
        given = self.definition.args
        return tuple(a.arg for a in (*given.args, *given.kwonlyargs) if a.arg in self.values)

    def primal_name(self, base: str) -> str:
        """The name in the text of a value whose adjoint or tangent is called by this."""
        text = as_text(base)
        return f"{text}_" if text not in self.values and f"{text}_" in self.values else text

    def first_sweep(self) -> set[ast.stmt]:
        """The statements that are of the primal, whatever they calculate: it may take gradients of its own."""
        body = self.definition.body
        cut = next((k for k, s in enumerate(body) if isinstance(s, Comment) and s.text == TITLES[1]), 0)
        last = next((op for s in reversed(body) for op, _ in parts_of(s) if op is not None), None)
        if not cut and last is not None and self.sweeps.get(last) == PRIMAL and not _is_derived(last):
            cut = len(body)
        outer = {*body[:cut]}
        return outer | {s for first in outer for s, _ in _around(first)}

    def placed(self, line: Line, statement: ast.stmt | None) -> Line:
        """A line with the loop or branch that it is in."""
        if statement is None:
            return line
        self.numbers.setdefault(statement, line.number)
        outer, branch = self.around.get(statement, (None, 0))
        within = None if outer is None else self.numbers.get(outer)
        return replace(line, within=within, branch=branch, kind=_kind(statement))

    def line(self, number: int, e: Emitted, begins: bool) -> Line:
        """A line of the function."""
        statement, name = e.statement, self.definition.name
        parts = parts_of(statement)
        if not parts or statement is None:
            sweep = HEAD if statement is self.definition or _is_docstring(statement) else OTHER
            makes = self.parameters if statement is self.definition else ()
            types = {n: self.values[n].type for n in makes}
            of = {n: self.of[n] for n in makes if n in self.of}
            return Line(number, e.text, name, sweep, e.at or NOWHERE, (), makes, (), types, of, begins)
        own = [op for op, _ in parts if op is not None]
        operations = tuple(dict.fromkeys([*own, *(op for _, read in parts for op in self.written_in(read))]))
        made, read = names_made(statement), names_read(statement)
        makes, reads = (tuple(n for n in names if n in self.values) for names in (made, read))
        holds = isinstance(statement, ast.Expr)  # `xs.append(y)`
        types = {n: self.type_of(n, own, holds) for n in makes}
        of = {n: self.of[n] for n in (*makes, *reads) if n in self.of}
        location = next((op.location for op in operations if op.location != NOWHERE), NOWHERE)
        # what is returned is of no sweep, whatever is calculated there
        sweep = self.sweep_of(own, makes) if own else OTHER
        sweep = PRIMAL if sweep == ADJOINT and statement in self.primal else sweep
        made_parts = {n: text for n, text in written_parts(statement).items() if n in makes}
        said = tuple(text for text, base in said_parts(statement) if base in self.values)
        line = Line(number, e.text, name, sweep, location, operations, makes, reads, types, of, begins)
        return replace(line, written=made_parts, said=said)

    def written_in(self, operands: Sequence[Operand]) -> Iterator[Operation]:
        """The operations whose expressions stand for operands, and for theirs."""
        stack = list(operands)
        while stack:
            operand = stack.pop(0)
            op = self.plan.inlined.get(operand) if isinstance(operand, Value) else None
            if op is not None:
                yield op
                stack += op.operands

    def type_of(self, name: str, own: Sequence[Operation], holds: bool) -> Type:
        """The type of what a line makes: of what its own operations give, where these are of that name.

        `holds` says that it is a list that the line adds an item to.
        """
        made = [r for op in own for r in op.results if self.names.get(r) == name]
        if holds:
            made = [v for v, n in self.names.items() if n == name and v.type.is_sequence]
        return next(iter(made), self.values[name]).type

    def sweep_of(self, own: Sequence[Operation], makes: Sequence[str]) -> str:
        """The sweep of a statement, by its operations and by what it makes."""
        found = {self.sweeps.get(op, PRIMAL) for op in own}
        # what a branch hands on is of the sweep of that, not of the branch's
        found |= {self.derived[n] for n in makes if n in self.derived}
        return next((s for s in (ADJOINT, TANGENT) if s in found), PRIMAL)


def _around(s: ast.stmt) -> Iterator[tuple[ast.stmt, tuple[ast.stmt, int]]]:
    """For each statement in one: the statement around it, and in which block of that it is."""
    blocks = [getattr(s, "body", ()), getattr(s, "orelse", ()), *(h.body for h in getattr(s, "handlers", ()))]
    for branch, block in enumerate(blocks):
        for inner in block:
            yield inner, (s, min(branch, 1))
            yield from _around(inner)


def _kind(s: ast.stmt) -> str:
    match s:
        case ast.FunctionDef():
            return "function"
        case ast.For() | ast.While():
            return "loop"
        case ast.If() | ast.With() | ast.Try():
            return "branch"
        case ast.Return():
            return "return"
    return "" if isinstance(s, Comment) or _is_docstring(s) else "statement"


def sweeps_in(body: Block) -> dict[Operation, str]:
    """The sweep of each operation of a function."""
    found: dict[Operation, str] = {}
    of_value: dict[Operand, str] = {v: s for v in bound_in(body) if (s := _sweep_of_name(v.hint)) is not None}
    _sweeps_in(body, found, of_value)
    return found


def _sweeps_in(block: Block, found: dict[Operation, str], of_value: dict[Operand, str]) -> None:
    for op in block.operations:
        sweep = ADJOINT if op.about else next(filter(None, (_sweep_of_name(r.hint) for r in op.results)), None)
        if sweep is None and not op.blocks and not _is_named_part(op):
            # what is calculated of a tangent is one, whether it has a name or not
            read = [of_value[o] for o in op.operands if o in of_value]
            sweep = next((s for s in (ADJOINT, TANGENT) if s in read), None)
        if op.blocks and not op.about:
            sweep = PRIMAL
        found[op] = sweep or PRIMAL
        if sweep in (ADJOINT, TANGENT):
            for r in op.results:
                of_value.setdefault(r, sweep)
        for inner in op.blocks:
            _sweeps_in(inner, found, of_value)


def _is_named_part(op: Operation) -> bool:
    """Whether an operation takes a value with a name out of what a function gives, maybe beside its tangent."""
    return isinstance(op, Apply) and op.primitive is EXTRACT and op.result.hint is not None


def _is_derived(op: Operation) -> bool:
    """Whether an operation gives an adjoint or a tangent."""
    return any(_sweep_of_name(r.hint) for r in op.results)


def _sweep_of_name(hint: str | None) -> str | None:
    """The sweep that a value of this name belongs to, if it is an adjoint or a tangent."""
    base = None if hint is None else derived_of(hint)
    if base is None or hint is None:
        return None
    return ADJOINT if "_bar" in hint[len(base) :] else TANGENT


def _is_docstring(s: ast.stmt | None) -> bool:
    return isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) and isinstance(s.value.value, str)


# names


def heads(s: ast.stmt) -> Iterator[ast.AST]:
    """The parts of a statement that stand on its own lines: not the statements in it."""
    for name, value in ast.iter_fields(s):
        if name in ("body", "orelse", "handlers", "finalbody"):
            continue
        yield from (v for v in (value if isinstance(value, list) else [value]) if isinstance(v, ast.AST))


def names_made(s: ast.stmt) -> tuple[str, ...]:
    """The names that a statement binds, and those whose memory it changes: `x[i] = y`, `xs.append(y)`."""
    found: dict[str, None] = {}
    match s:
        case ast.Assign(targets):
            for t in targets:
                found.update(_bound(t))
        case ast.AugAssign(target) | ast.For(target):
            found.update(_bound(target))
        case ast.Delete(targets):
            for t in targets:
                found.update(_bound(t))
        case ast.Expr(ast.Call(ast.Attribute(receiver), arguments)):
            # `xs.append(y)`, and `np.add.at(x, i, y)`, whose first argument is what is changed
            base = _base(receiver)
            place = base if base not in (None, "np") else _base(arguments[0]) if arguments else None
            found.update({place: None} if place else {})
    found.pop("_", None)
    return tuple(found)


def written_parts(s: ast.stmt) -> dict[str, str]:
    """The parts of arrays and lists that a statement writes, by the names of these: `x[1:]`, `kept[-1]`."""
    found: dict[str, str] = {}
    match s:
        case ast.Assign() | ast.AugAssign():
            targets = s.targets if isinstance(s, ast.Assign) else [s.target]
            flat = [e for t in targets for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
            for t in flat:
                base = _base(t)
                if base is not None and isinstance(t, ast.Subscript):
                    found[base] = ast.unparse(t)
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(name), "append"))):
            found[name] = f"{name}[-1]"
        case ast.Expr(ast.Call(ast.Attribute(), [ast.Name(name) as array, index, *_])):
            found[name] = ast.unparse(ast.Subscript(array, index, ast.Load()))
    return found


def said_parts(s: ast.stmt) -> Iterator[tuple[str, str]]:
    """What the expression of a statement is of: names, and parts of what has a name; each with that name."""
    seen: set[str] = set()
    for part in heads(s):
        for text, base in _said(part, isinstance(s, ast.AugAssign)):
            if text not in seen:
                seen.add(text)
                yield text, base


def _said(node: ast.AST, updates: bool) -> Iterator[tuple[str, str]]:
    stored = isinstance(getattr(node, "ctx", None), ast.Store) and not updates
    match node:
        case ast.Name(name) if not stored:
            yield name, name
        case ast.Subscript(value, index) if (base := _base(value)) is not None and not _calls(node):
            if not stored:
                yield ast.unparse(node), base
            yield from _said(index, updates)
        case _:
            for inner in ast.iter_child_nodes(node):
                yield from _said(inner, updates)


def _calls(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Call) for n in walk(node))


def _bound(target: ast.expr) -> dict[str, None]:
    if isinstance(target, (ast.Tuple, ast.List)):
        return {n: None for e in target.elts for n in _bound(e)}
    base = _base(target)
    return {} if base is None else {base: None}


def _base(place: ast.expr) -> str | None:
    """The name of what a place is in: `x` of `x[i].T`."""
    while isinstance(place, (ast.Subscript, ast.Attribute, ast.Starred)):
        place = place.value
    return place.id if isinstance(place, ast.Name) else None


def names_read(s: ast.stmt) -> tuple[str, ...]:
    """The names that a statement reads on its own lines."""
    found: dict[str, None] = {}
    for part in heads(s):
        for n in walk(part):
            if isinstance(n, ast.Name) and not (isinstance(n.ctx, ast.Store) and not isinstance(s, ast.AugAssign)):
                found[n.id] = None
    return tuple(found)
