"""Programs of patterns: no derivative that is not zero is missing, for every rule at its samples, and in programs."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from s2sad.differentiate.sparsity import patterns
from s2sad.ir.builder import Builder
from s2sad.ir.primitive import PRIMITIVES, Primitive
from s2sad.ir.sets import Table, counting, numbers_of
from s2sad.ir.signature import Signature
from s2sad.ir.values import Function, Operand, Value
from tests.rules.evaluate import ABSTRACTIONS, evaluate, is_inexact, is_value, leaves, tree_map, value_of
from tests.rules.test_sweep import Case, as_zeros, cases

MOST = 12
"""How many numbers the operands of a case may have: a tangent is taken for each."""


def numbers(x: Any) -> int:
    return sum(np.size(leaf) for leaf in leaves(x) if is_inexact(leaf))


def units(case: Case) -> Any:
    """The tangents of the operands along each number of theirs."""
    count = sum(numbers(x) for x, a in zip(case.operands, case.active, strict=True) if a)
    for k in range(count):
        at = iter(np.eye(count)[k])

        def one(leaf: Any, at: Any = at) -> Any:
            if not is_inexact(leaf):
                return np.zeros_like(leaf)[()]
            unit = np.array([next(at) for _ in range(np.size(leaf))]).reshape(np.shape(leaf))
            return unit.astype(np.result_type(leaf))[()]

        yield [tree_map(one, x) if a else None for x, a in zip(case.operands, case.active, strict=True)]


def dense_pattern(case: Case) -> Any:
    """Where the derivatives of a row are not zero, nor a rounding of zero, column by column."""
    columns = []
    for dots in units(case):
        dot = case.primitive.tangent(case.result, case.operands, dots, **case.static)  # type: ignore[misc]
        columns.append(np.concatenate([np.ravel(v) for v in as_zeros(dot, case.result)]))
    sizes = np.abs(np.stack(columns, axis=1))
    return ~(sizes <= np.finfo(float).eps * np.max(sizes, initial=0.0))


def found_pattern(case: Case, table: Table) -> Any:
    """The pattern that the program of patterns finds."""
    builder, signature = Builder(), Signature()
    values = [Value(ABSTRACTIONS["exact"](signature, x)) if is_value(x) else None for x in case.operands]
    made: list[Operand] = [builder.operand(x) if v is None else v for v, x in zip(values, case.operands, strict=True)]
    result = builder.apply(case.primitive, made, case.static)
    own = [v for v in values if v is not None]
    function = Function("f", builder.block(own, [result]))
    active = [case.active[k] for k, v in enumerate(values) if v is not None]
    program = patterns(function, active, lambda call, given: None)
    env = {v: x for v, x in zip(values, case.operands, strict=True) if v is not None}
    place = iter(range(1, table.count + 1))

    def one(leaf: Any) -> Any:
        if not is_inexact(leaf):
            return np.zeros_like(leaf)[()]
        return np.array([float(next(place)) for _ in range(np.size(leaf))]).reshape(np.shape(leaf))[()]

    seeds = [tree_map(one, x) for x, a in zip(case.operands, case.active, strict=True) if a]
    env |= dict(zip(program.parameters[len(own) :], seeds, strict=True))
    sets = value_of(program.result, evaluate(program.body.operations, env))[1]
    rows = [numbers_of(s).ravel() for s, y in zip(leaves(sets), leaves(case.result), strict=True) if is_inexact(y)]
    lengths, columns = table.expanded(np.concatenate(rows))
    pattern = np.zeros((len(lengths), table.count), dtype=bool)
    pattern[np.repeat(np.arange(len(lengths)), lengths), columns] = True
    return pattern


def is_of_interest(p: Primitive) -> bool:
    """Whether a row has a derivative of its own, and more to it than partial derivatives number by number."""
    own = p.tangent is not None and p.definition is None and p.samples is not None
    return own and (not p.elementwise or p.function in (np.sin, np.multiply, np.maximum, np.where, np.astype))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(n for n, p in PRIMITIVES.items() if is_of_interest(p)))
def test_no_derivative_of_a_row_is_missing(name: str) -> None:
    found = cases(PRIMITIVES[name])
    # functions of matrices have samples that take long, and one rule
    for case in found[:2] if "scipy.linalg" in name or "real_" in name else found:
        count = sum(numbers(x) for x, a in zip(case.operands, case.active, strict=True) if a)
        if not case.is_differentiable or not 0 < count <= MOST:
            continue
        with counting(count) as table, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pattern = found_pattern(case, table)
        missing = dense_pattern(case) & ~pattern
        assert not missing.any(), (name, case.static, np.argwhere(missing))
