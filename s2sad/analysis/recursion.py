"""Which functions of a program call themselves, directly or through others."""

from __future__ import annotations

from collections.abc import Mapping

from s2sad.ir.values import Call, Function, walk


def calls_itself(name: str, functions: Mapping[str, Function]) -> bool:
    """Whether a call of the function may lead to another one of it."""
    seen: set[str] = set()
    work = [name]
    while work:
        function = functions.get(work.pop())
        called = {op.function.name for op in walk(function.body) if isinstance(op, Call)} if function else set()
        if name in called:
            return True
        work += called - seen
        seen |= called
    return False
