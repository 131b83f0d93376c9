"""Which values carry derivatives: those that depend on the active parameters and on which the result depends.

Lattice: sets of values under union. `varied` is forward, `useful` backward; loops are iterated to a fixed point.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from s2sad.ir.types import is_active_type
from s2sad.ir.values import Apply, Block, Call, For, Function, If, Operand, Value, While


def active_values(function: Function, parameters: Iterable[Value]) -> set[Value]:
    """The values between `parameters` and the result of `function` on a differentiable path."""
    # A value carries a derivative where a path leads to it and another from it: the two sets are found apart, and met.
    useful = useful_values(function)
    return {v for v in varied_values(function, parameters) if v in useful}


def varied_values(function: Function, starts: Iterable[Value]) -> set[Value]:
    """The values that a differentiable path leads to from some."""
    varied = set(starts)
    _vary(function.body, varied)
    return varied


def useful_values(function: Function) -> set[Operand]:
    """The values that a differentiable path leads from to the result."""
    useful: set[Operand] = {function.result}
    _use(function.body, useful)
    return useful


def _vary(block: Block, varied: set[Value]) -> None:
    for op in block.operations:
        match op:
            case Apply():
                # Of a step function nothing moves, whatever its operands do: what it gives starts no path.
                if not op.primitive.constant and any(o in varied for o in op.operands):
                    _add(varied, op.result)
            case Call():
                if any(o in varied for o in op.operands):
                    _add(varied, op.result)
            case If():
                for inner in op.blocks:
                    _vary(inner, varied)
                # The branch that is taken is not known here: what may vary by one of the two does.
                for k, result in enumerate(op.results):
                    if op.then.results[k] in varied or op.orelse.results[k] in varied:
                        _add(varied, result)
            case For() | While():
                _vary_loop(op, varied)
            case _:
                assert_never(op)


def _vary_loop(op: For | While, varied: set[Value]) -> None:
    if isinstance(op, For):
        for item, sequence in zip(op.items, op.scanned, strict=True):
            if sequence in varied:
                _add(varied, item)
    # The least fixed point: an iteration may make vary what the next one reads. The set only grows, and news comes to
    # the next round through a carried value alone, so that there are at most as many rounds as these, and one more.
    before = -1
    while before != len(varied):
        before = len(varied)
        for parameter, initial, result in zip(op.carried, op.initial, op.body.results, strict=False):
            if initial in varied or result in varied:
                _add(varied, parameter)
        _vary(op.body, varied)
    for result, inner in zip(op.results, op.body.results, strict=False):
        if inner in varied:
            _add(varied, result)
    # A loop of no iterations gives what it began with: that makes the result vary too.
    for result, parameter in zip(op.results, op.carried, strict=False):
        if parameter in varied:
            _add(varied, result)


def _add(varied: set[Value], value: Value) -> None:
    if is_active_type(value.type):
        varied.add(value)


def _use(block: Block, useful: set[Operand]) -> None:
    for op in reversed(block.operations):
        match op:
            case Apply() | Call():
                # What a step function is given is of no use to it: no path leads through.
                if op.result in useful and not (isinstance(op, Apply) and op.primitive.constant):
                    useful.update(op.operands)
            case If():
                for inner in op.blocks:
                    # The predicate is of no use here: it decides, and has no derivative.
                    useful.update(inner.results[k] for k, r in enumerate(op.results) if r in useful)
                    _use(inner, useful)
            case For() | While():
                _use_loop(op, useful)
            case _:
                assert_never(op)


def _use_loop(op: For | While, useful: set[Operand]) -> None:
    for result, inner in zip(op.results, op.body.results, strict=False):
        if result in useful:
            useful.add(inner)
    for result, parameter in zip(op.results, op.carried, strict=False):
        if result in useful:
            useful.add(parameter)
    # The same backward: what the body needs of the iteration before is useful at the end of that one.
    before = -1
    while before != len(useful):
        before = len(useful)
        _use(op.body, useful)
        for parameter, inner in zip(op.carried, op.body.results, strict=False):
            if parameter in useful:
                useful.add(inner)
    useful.update(i for p, i in zip(op.carried, op.initial, strict=True) if p in useful)
    if isinstance(op, For):
        useful.update(s for p, s in zip(op.items, op.scanned, strict=True) if p in useful)
