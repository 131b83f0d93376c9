"""Jumps out of the middle become branches: `return`, `break` and `continue` remain only where a branch ends.

Takes the `gast` tree of a function, gives another one that computes the same; expressions are shared, statements new:

    for x in xs:                          returned_ = False
        if x < 0:                         for x in xs:
            continue                          if x < 0:
        total = total + x                         pass
        if total > 9:                         else:
            return x                              total = total + x
    return total                                  if total > 9:
                                                      result_ = x
                                                      returned_ = True
                                                      break
                                          if returned_:
                                              return result_
                                          else:
                                              return total

Statement lists are worked from the back. `rest` is what follows a statement, in its last form. The rest of an `if` that
may jump goes to the end of its branch that goes on. Where there are several such branches, a rest that is only a jump
is copied; another one is kept once, behind a flag that says which jump was taken. An `else` of a loop goes behind the
loop, with a flag that says whether there was a break. Nothing else is ever copied: the size stays linear.

Afterwards, in every function body:

- each path ends in one `return`, last in the body, or in a branch of an `if`, or in a `with`, that is itself last;
- a `break` is the last statement of a loop's body, or of a branch of an `if` that is itself last;
- there is no `continue`, and loops have no `else`.

A `match` becomes branches (`match_patterns.py`), the block of an adjoint a function (`adjoint_blocks.py`). Nested
functions, and what is not in the language, are left as they are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import gast

from s2sad.frontend.reading import adjoint_blocks
from s2sad.frontend.reading.match_patterns import as_branches
from s2sad.frontend.reading.source import deep_recursion
from s2sad.ir.python_trees import children, walk

RETURN, BREAK, CONTINUE = "returned_", "broken_", "continued_"  # the jumps, by the names of their flags
_NONE: frozenset[str] = frozenset()


def desugar(tree: gast.FunctionDef) -> gast.FunctionDef:
    """The function with jumps only at the ends of branches. The given tree is left as it is."""
    with deep_recursion():
        return _Desugar(tree).function()


@dataclass(frozen=True, slots=True)
class _Context:
    """Where a statement stands: in which loop, and what is to be noted when it is left."""

    in_loop: bool = False
    broken: str | None = None  # the flag of a loop that had an `else`
    flagged: bool = False  # is `returned_` set when the loop is left by a return?


@dataclass(slots=True)
class _Desugar:
    tree: gast.FunctionDef
    _taken: set[str] | None = None
    _shared: dict[str, str] = field(default_factory=dict)
    _kinds: dict[int, frozenset[str]] = field(default_factory=dict)
    _jumping: dict[int, gast.AST] = field(default_factory=dict)  # the new ifs and withs that have jumps at their ends
    _finished: dict[int, gast.AST] = field(default_factory=dict)  # loops that were worked already
    _flagged: dict[int, gast.AST] = field(default_factory=dict)  # `return result_` where `returned_` is set
    _kept: list[gast.AST] = field(default_factory=list)  # keeps the ids above unique

    def function(self) -> gast.FunctionDef:
        body = self.block(self.tree.body, _Context(), last=True)
        for end in self.ends(body):
            if not _jump(end):
                at = end[-1] if end else self.tree
                end.append(gast.copy_location(gast.Return(value=gast.copy_location(_constant(None), at)), at))
        return with_fields(self.tree, body=body)

    def block(self, statements: Iterable[gast.AST], context: _Context, last: bool = False) -> list[gast.AST]:
        """The statements in their last form. `last`: nothing follows them in the function."""
        rest: deque[gast.AST] = deque()
        work = list(statements)
        while work:
            statement = work.pop()
            # from the last statement to the first: `rest` is what follows, in its last form, and a jump drops all of
            # it; what a case puts on `work` is looked at again, so every case must come nearer to that form
            match statement:
                case gast.For() | gast.While() if id(statement) not in self._finished:
                    work += self.loop(statement, context)
                case gast.If():
                    rest = deque(self.place_if(statement, list(rest), context, last))
                case gast.With() if adjoint_blocks.is_adjoint(statement):
                    work += self.placed(adjoint_blocks.as_function(statement, self.fresh("adjoint_of_")), statement)
                case gast.With():
                    rest = deque(self.place_with(statement, list(rest), context, last))
                case gast.Try():
                    rest = deque(self.place_try(statement, list(rest), context, last))
                case gast.Match():
                    work += self.placed(as_branches(statement, self.fresh("subject_")), statement)
                case gast.Return() if context.in_loop:
                    rest = deque([*self.leave(statement, context.flagged), _at(gast.Break(), statement)])
                case gast.Break() if context.broken:
                    rest = deque([_assign(context.broken, _constant(True), statement), with_fields(statement)])
                case gast.Return() | gast.Break() | gast.Continue():
                    rest = deque([statement])
                case _:
                    rest.appendleft(statement)
        return list(rest)

    # Branches

    def place_if(self, statement: gast.If, rest: list[gast.AST], context: _Context, last: bool) -> list[gast.AST]:
        last = last and not rest
        body, orelse = self.block(statement.body, context, last), self.block(statement.orelse, context, last)
        branch = with_fields(statement, body=body or [_at(gast.Pass(), statement)], orelse=orelse)
        if not self.jumps(statement):
            return [branch, *rest]
        self._jumping[id(branch)] = branch
        going_on = [end for end in self.ends([branch]) if not _jump(end)]
        if not rest or not going_on:
            return [branch]
        # what follows moves into the branch that goes on; into several only if it is so short that a copy costs
        # nothing
        if len(going_on) == 1 or all(map(_is_short, rest)) and _jump(rest):
            for end in going_on:
                end += [self.copy(jump) for jump in rest] if end is not going_on[-1] else rest
            return [branch]
        return self.escape(branch, rest, context)

    def place_with(self, statement: gast.With, rest: list[gast.AST], context: _Context, last: bool) -> list[gast.AST]:
        """What follows a `with` must not move into it, and is reached too when the manager swallows an exception."""
        inside = last and not rest and not context.in_loop
        block = with_fields(statement, body=self.block(statement.body, context, inside))
        if not self.jumps(statement):
            return [block, *rest]
        self._jumping[id(block)] = block
        return [block] if inside else self.escape(block, rest, context)

    def place_try(self, statement: gast.Try, rest: list[gast.AST], context: _Context, last: bool) -> list[gast.AST]:
        """As `with`; a `finally` stands behind, and once more in front of the exception going on."""
        if statement.finalbody:
            return self.place_finally(statement, rest, context)
        before: list[gast.AST] = []
        if statement.orelse:
            done = self.fresh("completed_")
            body = [*statement.body, _assign(done, _constant(True), statement)]
            behind = _at(gast.If(test=_name(done), body=statement.orelse, orelse=[]), statement)
            # an exception in the `else` is not one of the body: a flag keeps it out of the reach of the handlers
            before = [_assign(done, _constant(False), statement)]
            rest = (
                self.block([behind], context, last and not rest) if not rest else self.block([behind], context) + rest
            )
            statement = with_fields(statement, body=body, orelse=[])
        inside = last and not rest and not context.in_loop
        body = self.block(statement.body, context, inside)
        handlers = [with_fields(h, body=self.block(h.body, context, inside)) for h in statement.handlers]
        block = with_fields(statement, body=body, handlers=handlers)
        if not self.jumps(statement):
            return [*before, block, *rest]
        self._jumping[id(block)] = block
        return [*before, block] if inside else [*before, *self.escape(block, rest, context)]

    def place_finally(self, statement: gast.Try, rest: list[gast.AST], context: _Context) -> list[gast.AST]:
        inner = [with_fields(statement, finalbody=[])] if statement.handlers else statement.body
        # the `finally` in the way of the exception: done, then raised again; that of the ordinary way is put behind
        # below
        again = [*statement.finalbody, _at(gast.Raise(exc=None, cause=None), statement)]
        handler = _at(gast.ExceptHandler(type=_constant(BaseException), name=None, body=again), statement)
        outer = with_fields(statement, body=inner, handlers=[handler], orelse=[], finalbody=[])
        placed = self.place_try(outer, [_at(gast.Pass(), statement), *rest], context, False)
        k = next(k for k, s in enumerate(placed) if isinstance(s, gast.Try))
        return [*placed[: k + 1], *self.block(statement.finalbody, context), *placed[k + 1 :]]

    def placed(self, statements: list[gast.AST], at: gast.AST) -> list[gast.AST]:
        """New statements at the place of another."""
        for s in statements:
            _at(s, at)
        self._kept += statements
        return statements

    def escape(self, region: gast.AST, rest: list[gast.AST], context: _Context) -> list[gast.AST]:
        """`region` without jumps: each sets a flag; the jumps themselves, and else `rest`, come behind."""
        flags: dict[str, str] = {}
        for end in self.ends([region]):
            kind = _jump(end)
            if kind:
                flags.setdefault(kind, self.shared(RETURN) if kind == RETURN else self.fresh(kind))
                jump = end.pop()
                end += self.leave(jump, True) if kind == RETURN else [_assign(flags[kind], _constant(True), jump)]
        # its jumps are gone: its ends are no ends of paths any more
        del self._jumping[id(region)]
        # from the inside out: the branch of the last flag is the first to be asked
        for kind, flag in flags.items():
            taken = self.result(region, flagged=True) if kind == RETURN else _at(_JUMPS[kind](), region)
            branch = _at(gast.If(test=_name(flag), body=[taken], orelse=rest), region)
            self._jumping[id(branch)] = branch
            rest = [branch]
        false = [_assign(flag, _constant(False), region) for flag in flags.values()]
        return [*false, region, *rest]

    def ends(self, statements: list[gast.AST]) -> Iterator[list[gast.AST]]:
        """The lists of statements, each of which is the end of a path; new statements may be put there."""
        stack = [statements]
        while stack:
            end = stack.pop()
            if end and id(end[-1]) in self._jumping:
                node = end[-1]
                stack += [node.orelse] if isinstance(node, gast.If) else []
                stack += [h.body for h in reversed(getattr(node, "handlers", ()))] + [node.body]
            else:
                yield end

    # Loops

    def loop(self, statement: gast.For | gast.While, context: _Context) -> list[gast.AST]:
        """The loop without returns and `else`, with what this needs before and behind it: not yet in its last form."""
        # a test that changes something must run in the body, where what it changes is carried: `while True` with a
        # break
        if isinstance(statement, gast.While) and _changes(statement.test) and not _is_true(statement.test):
            stop = _at(gast.Break(), statement)
            over = gast.UnaryOp(op=gast.Not(), operand=statement.test)
            end = _at(gast.If(test=over, body=[*statement.orelse, stop], orelse=[]), statement)
            body = [end, *statement.body]
            statement = with_fields(statement, test=_at(_constant(True), statement), body=body, orelse=[])
        kinds = _NONE.union(*map(self.jumps, statement.body))
        # it is left by a return only: behind it the return is sure, and needs no flag
        forever = isinstance(statement, gast.While) and _is_true(statement.test) and BREAK not in kinds
        broken = self.fresh(BREAK) if statement.orelse and BREAK in kinds else None
        inner = replace(context, in_loop=True, broken=broken, flagged=not forever)
        body = self.block(statement.body, inner)
        self.drop_continue(body, statement)
        new = with_fields(statement, body=body, orelse=[])
        self._finished[id(new)] = new
        before, behind = [], []
        if RETURN in kinds and forever:
            behind.append(self.result(statement, flagged=False))
        elif RETURN in kinds:
            returned = self.shared(RETURN)
            # in a loop around that has the flag already it is False here: once it is True nothing but leaving follows
            if not context.flagged:
                before.append(_assign(returned, _constant(False), statement))
            behind.append(gast.If(test=_name(returned), body=[self.result(statement, flagged=True)], orelse=[]))
        if broken:
            before.append(_assign(broken, _constant(False), statement))
            behind.append(gast.If(test=gast.UnaryOp(gast.Not(), _name(broken)), body=statement.orelse, orelse=[]))
        else:
            behind += statement.orelse
        self._kept += behind
        return [*before, new, *(node if hasattr(node, "lineno") else _at(node, statement) for node in behind)]

    def drop_continue(self, body: list[gast.AST], loop: gast.AST) -> None:
        for end in list(self.ends(body)):
            if end and isinstance(end[-1], gast.Continue):
                end[-1] = _at(gast.Pass(), end[-1])
                if len(end) > 1:
                    end.pop()

    # Jumps

    def jumps(self, statement: gast.AST) -> frozenset[str]:
        """Which jumps leave a statement of the given tree."""
        known = self._kinds.get(id(statement))
        if known is not None:
            return known
        kinds = frozenset({_jump([statement])} - {""})
        if isinstance(statement, gast.Match):
            kinds = _NONE.union(*(self.jumps(s) for case in statement.cases for s in case.body))
        if isinstance(statement, gast.If | gast.With | gast.For | gast.While | gast.Try):
            kinds = _NONE.union(*map(self.jumps, statement.body))
            inner = [s for h in getattr(statement, "handlers", ()) for s in h.body]
            kinds = kinds.union(*map(self.jumps, [*inner, *getattr(statement, "finalbody", ())]))
            if isinstance(statement, gast.For | gast.While):
                # its breaks and continues are its own
                kinds &= {RETURN}
            kinds = kinds.union(*map(self.jumps, getattr(statement, "orelse", ())))
        self._kinds[id(statement)] = kinds
        # alive as long as its id is a key: Python gives the id of a dead node to a new one
        self._kept.append(statement)
        return kinds

    def leave(self, statement: gast.Return, flagged: bool) -> list[gast.AST]:
        """`result_ = value; returned_ = True`, less what was done further in."""
        result, done = self.shared("result_"), id(statement) in self._flagged
        value = statement.value if statement.value is not None else _at(_constant(None), statement)
        known = isinstance(value, gast.Name) and value.id == result
        keep = [] if known else [_assign(result, value, statement)]
        flag = [_assign(self.shared(RETURN), _constant(True), statement)] if flagged and not done else []
        return keep + flag or [_at(gast.Pass(), statement)]

    def result(self, at: gast.AST, flagged: bool) -> gast.Return:
        node = _at(gast.Return(value=_name(self.shared("result_"))), at)
        if flagged:
            self._flagged[id(node)] = node
        else:
            self._kept.append(node)
        return node

    def copy(self, statement: gast.AST) -> gast.AST:
        new = with_fields(statement)
        if id(statement) in self._flagged:
            self._flagged[id(new)] = new
        return new

    # Names

    def shared(self, name: str) -> str:
        """The function's own `returned_` or `result_`: once they are set, nothing but leaving follows."""
        if name not in self._shared:
            self._shared[name] = self.fresh(name)
        return self._shared[name]

    def fresh(self, name: str) -> str:
        """A name that the function does not use."""
        if self._taken is None:
            self._taken = set(_strings(self.tree))
        new, number = name, 1
        while new in self._taken:
            number += 1
            new = f"{name}{number}"
        self._taken.add(new)
        return new


_JUMPS = {BREAK: gast.Break, CONTINUE: gast.Continue}


def _jump(statements: list[gast.AST]) -> str:
    """The kind of jump that the statements end in; empty where they go on."""
    end = statements[-1] if statements else None
    if isinstance(end, gast.Return):
        return RETURN
    return BREAK if isinstance(end, gast.Break) else CONTINUE if isinstance(end, gast.Continue) else ""


def _is_short(statement: gast.AST) -> bool:
    """Is it a jump, or an assignment, that two branches may both end in?"""
    if isinstance(statement, gast.Break | gast.Continue):
        return True
    simple = isinstance(statement, gast.Return | gast.Assign)
    return simple and (statement.value is None or isinstance(statement.value, gast.Name | gast.Constant))


def _is_true(test: gast.AST) -> bool:
    return isinstance(test, gast.Constant) and bool(test.value)


def _changes(test: gast.AST) -> bool:
    """Whether a condition may bind a name, or change a list: it is then a statement of the loop's body."""
    methods = {n.func.attr for n in walk(test) if isinstance(n, gast.Call) and isinstance(n.func, gast.Attribute)}
    return "pop" in methods or any(isinstance(n, gast.NamedExpr) for n in walk(test))


def _strings(tree: gast.AST) -> Iterator[str]:
    """Every name in a tree, and every other word that could be one."""
    for node in walk(tree):
        for _, value in gast.iter_fields(node):
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str):
                    yield item


# New nodes


def _name(name: str) -> gast.Name:
    return gast.Name(id=name, ctx=gast.Load(), annotation=None, type_comment=None)


def assigned_at(name: str, value: object, at: gast.AST) -> gast.Assign:
    """`name = value`, at the place of a node."""
    return _assign(name, _constant(value), at)


def _constant(value: object) -> gast.Constant:
    return gast.Constant(value=value, kind=None)


def _assign(name: str, value: gast.AST, at: gast.AST) -> gast.Assign:
    target = gast.Name(id=name, ctx=gast.Store(), annotation=None, type_comment=None)
    return _at(gast.Assign(targets=[target], value=value, type_comment=None), at)


def _at(node: gast.AST, at: gast.AST) -> gast.AST:
    """The node at the place of another; and so with what is inside it and has no place yet."""
    stack = [node]
    while stack:
        new = stack.pop()
        if not hasattr(new, "lineno"):
            gast.copy_location(new, at)
            stack += children(new)
    return node


def with_fields(node: gast.AST, **fields: object) -> gast.AST:
    """A copy of one node with some fields replaced."""
    old = {name: getattr(node, name) for name in node._fields if hasattr(node, name)}
    return gast.copy_location(type(node)(**(old | fields)), node)
