"""The lines of the rules of solvers, which nobody wrote: they come from the calls whose derivatives they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from s2sad.ir.values import Call, Operation, given_functions
from s2sad.view.formulas import rule_of
from s2sad.view.lines import HEAD, Line

Data: TypeAlias = dict[str, Any]


def place_rules(lines: Sequence[Line], data: Sequence[Data], keys_of: Callable[[Operation], list[Any]]) -> None:
    """Give the lines of rules the place, the partners and the rule of what calls them."""
    of_rules = _OfRules(lines, data, keys_of)
    for line, made in zip(lines, data, strict=True):
        if line.function in of_rules.functions and made["source"] is None and line.sweep != HEAD and line.text.strip():
            owner = of_rules.owner(line.function)
            if owner is not None and not line.text.lstrip().startswith("#"):
                made.update(source=owner["source"], keys=[*owner["keys"]], rule=made["rule"] or owner["rule"])


class _OfRules:
    """The functions of a text that are of rules, and what calls them."""

    def __init__(self, lines: Sequence[Line], data: Sequence[Data], keys_of: Callable[[Operation], list[Any]]) -> None:
        self.functions = {line.function for line in lines if line.location.is_of_rule}
        self.callers: dict[str, list[tuple[str, Data | None]]] = {}
        """By the name of a function those that call it, each with what is known of the line, if that has a place."""
        for line, made in zip(lines, data, strict=True):
            for name, op in _called(line):
                known = made["source"] is not None and line.function not in self.functions
                if name != line.function:
                    rule = rule_of(op.about[0], "reverse") if op.about else made["rule"]
                    keys = keys_of(op) if op.about else made["keys"]
                    told = {"source": made["source"], "keys": keys, "rule": rule}
                    self.callers.setdefault(name, []).append((line.function, told if known else None))
        self.known: dict[str, Data | None] = {}

    def owner(self, name: str) -> Data | None:
        """What is known of a line with a place by which a function is called, be it through others."""
        if name not in self.known:
            self.known[name] = None
            for caller, told in self.callers.get(name, ()):
                through = self.owner(caller) if told is None and caller in self.functions else None
                self.known[name] = self.known[name] or told or through
        return self.known[name]


def _called(line: Line) -> Iterator[tuple[str, Operation]]:
    """The functions of the module that a line calls, or gives to one that does."""
    for op in line.operations:
        names = [op.function.name] if isinstance(op, Call) else [f.name for f in given_functions(op)]
        yield from ((name, op) for name in names)
