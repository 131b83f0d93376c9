"""The names of the functions of a module: without the numbers that tell apart forms which are not in it.

power_2_forward(x, n)        ->  power_forward(x, n)         where no other form of power is emitted
v1 = power_2(x, n - 1)       ->  v1 = power(x, n - 1)        in a comment
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from s2sad.ir.primitives.snapshots import ADVANCED, SILENCED
from s2sad.ir.rewrite import renamed
from s2sad.ir.values import (
    Apply,
    Block,
    Call,
    For,
    Function,
    If,
    Operation,
    Value,
    While,
    applied_in,
    bound_in,
    given_functions,
    walk,
)

STEPPED = (ADVANCED, SILENCED)
"""What is given the name of a function that it calls: the step of a loop."""


def reachable(functions: Mapping[str, Function], entries: Iterable[str]) -> list[Function]:
    """The functions that the entries of a module call, these included, callees first."""
    order: dict[str, Function] = {}
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen:
            return
        # Before its callees: functions may call one another in a circle.
        seen.add(name)
        for op in walk(functions[name].body):
            if isinstance(op, Call):
                visit(op.function.name)
            elif isinstance(op, Apply) and op.primitive in STEPPED:
                visit(str(op.static["step"]))
            for given in given_functions(op):
                visit(given.name)
        order[name] = functions[name]

    for name in entries:
        visit(name)
    return list(order.values())


def stepped(functions: Iterable[Function]) -> set[str]:
    """The functions that are called by another name than that of a call: the steps of loops with snapshots."""
    operations = (op for f in functions for op in applied_in(walk(f.body)))
    return {str(op.static["step"]) for op in operations if op.primitive in STEPPED}


def plainly_named(
    functions: Sequence[Function], fixed: Collection[str], bases: Mapping[str, str], others: Collection[str] = ()
) -> list[Function]:
    """The functions of a module under plain names, but for those whose names are `fixed`.

    `bases` has, by each name with a number, the one without it; `others` are further names in the module.
    """
    if not bases:
        return list(functions)
    emitted = [f.name for f in functions]
    taken, table = {*emitted, *others}, {}
    for name in emitted:
        # The first of several forms takes the plain name; the others keep their numbers.
        plain = plain_name(name, bases)
        if name not in fixed and plain not in taken:
            table[name] = plain
            taken.add(plain)
    names = {name: table.get(name, name) for name in emitted}
    return [Naming(names, bases).function(f) for f in functions]


def plain_name(name: str, bases: Mapping[str, str]) -> str:
    """A name without its numbers: also those in the middle, `f_2_forward`."""
    found = [n for n in bases if name == n or name.startswith(n + "_")]
    if not found:
        return name
    # The longest: a function of the user's may itself be called `power_2`, and its forms `power_2_...`.
    longest = max(found, key=len)
    return plain_name(bases[longest] + name[len(longest) :], bases)


class Naming:
    """New names for the functions that operations call, and that comments speak of."""

    def __init__(self, names: Mapping[str, str], bases: Mapping[str, str]) -> None:
        self.names = names
        self.bases = bases
        self.known: dict[Operation, Operation] = {}

    def function(self, function: Function) -> Function:
        """A function under its new name, with the new names in its body and in the names of its residuals."""
        made = replace(function, name=self.names[function.name], body=self.block(function.body))
        hints = {v: (h, v.loose) for v in bound_in(made.body) if (h := self.hint(v)) is not None and h != v.hint}
        return renamed(made, hints) if hints else made

    def hint(self, value: Value) -> str | None:
        """The name of a value: residuals have that of the function which they are of."""
        if value.hint is None or "_residuals" not in value.hint:
            return value.hint
        owner, _, rest = value.hint.partition("_residuals")
        return f"{self.names.get(owner) or plain_name(owner, self.bases)}_residuals{rest}"

    def new_name(self, name: str) -> str:
        """The new name of a function; of one that comments alone speak of the plain one."""
        return self.names.get(name) or plain_name(name, self.bases)

    def block(self, block: Block) -> Block:
        return replace(block, operations=tuple(map(self.operation, block.operations)))

    def operation(self, op: Operation) -> Operation:
        """An operation with the new names; the same one for the same one."""
        if op not in self.known:
            new: Operation = replace(op, about=tuple(map(self.operation, op.about))) if op.about else op
            match new:
                case Call():
                    new = replace(new, function=replace(new.function, name=self.new_name(new.function.name)))
                case Apply() if given_functions(new):
                    given = tuple(replace(f, name=self.new_name(f.name)) for f in given_functions(new))
                    new = replace(new, static={**new.static, "functions": given})
                case If():
                    new = replace(new, then=self.block(new.then), orelse=self.block(new.orelse))
                case For():
                    new = replace(new, body=self.block(new.body))
                case While():
                    new = replace(new, test=self.block(new.test), body=self.block(new.body))
                case _:
                    pass
            # Comments speak of operations of the primal by identity: one operation must become one operation.
            self.known[op] = new
        return self.known[op]
