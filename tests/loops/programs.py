"""Programs of loops for tests: of a function, or of one operation, as SSA and as text, and the text run by Python."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from unittest import mock

import numpy as np
import scipy.linalg
import scipy.special

import s2sad
import s2sad.rules.looping  # noqa: F401  (its rules)
from s2sad.backends.native.runner import NativeRunner
from s2sad.backends.runner import Runner, Unit, Written
from s2sad.emit.flat import emit_flat
from s2sad.ir.builder import Builder
from s2sad.ir.definition import Definition, Given
from s2sad.ir.primitive import Primitive, Sample
from s2sad.ir.values import Function, Operand, Value
from s2sad.ir.verifier import verify
from s2sad.loops import to_loops
from tests.rules.evaluate import is_value

Text = tuple[Function, str]


def text_of(functions: Mapping[str, Function], entry: str) -> Text:
    """The entry as loops, and their text."""
    made = to_loops(functions, entry)
    for f in made:
        verify(f)
    return made[0], emit_flat([], [*made[1:], made[0]])[0]


def loops_of(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    operator: Callable[..., Any] = s2sad.grad,
    **keywords: Any,
) -> Text:
    """What an operator makes of a function for these arguments, as loops; its text takes the leaves of arguments."""
    found: list[tuple[dict[str, Function], str]] = []

    def noted(self: NativeRunner, unit: Unit) -> Written:
        found.append(({f.name: f for f in unit.functions}, unit.entry))
        facts = {"sides": [s.data() for s in self.sides(unit)], "refused": ["not compiled", None]}
        return Runner.write(self, unit)._replace(facts=facts)

    with mock.patch.object(NativeRunner, "write", noted):
        _ = operator(function, backend="native", **keywords).lower(*arguments).source
    return text_of(*found[-1])


def function_of(
    primitive: Primitive, operands: Sequence[Any], static: Mapping[str, object], type_of: Callable[[Any], Any]
) -> tuple[Function, list[Any]]:
    """A function of one operation: of what is no constant in its operands. And the arguments that these are."""
    builder = Builder()
    parameters: list[Value] = []
    arguments: list[Any] = []

    def given(x: Any) -> Operand:
        if not is_value(x):
            return builder.operand(x)
        if isinstance(x, (tuple, list)):
            return builder.make(type(x), range(len(x)), [given(item) for item in x])
        parameters.append(Value(type_of(x), "x"))
        arguments.append(x)
        return parameters[-1]

    result = builder.apply(primitive, [given(x) for x in operands], static)
    return Function("f", builder.block(parameters, [result])), arguments


def function_of_definition(
    definition: Definition, sample: Sample, type_of: Callable[[Any], Any]
) -> tuple[Function, list[Any]]:
    """A function of one call that has a definition."""
    positional, named = definition.takes_operand(sample.arguments, sample.keywords)
    parameters: list[Value] = []
    arguments: list[Any] = []

    def given(x: Any, name: str | None) -> Any:
        if name is not None and isinstance(x, (list, tuple)) and name not in definition.lists:
            x = np.asarray(x)
        if name is None or not is_value(x):
            return x
        parameters.append(Value(type_of(x), "x"))
        arguments.append(x)
        return Given(parameters[-1])

    own = [given(x, n) for x, n in zip(sample.arguments, positional, strict=True)]
    primitive, operands = definition.call(own, {k: given(x, named[k]) for k, x in sample.keywords.items()})
    builder = Builder()
    result = builder.apply(primitive, operands)
    return Function("f", builder.block(parameters, [result])), arguments


def run(made: Text, arguments: Sequence[Any]) -> Any:
    """What the text gives for arguments, which it leaves as they are."""
    function, text = made
    scope: dict[str, Any] = {"scipy": scipy, "math": math, "np": np}
    exec(text, scope)
    given = copy.deepcopy(list(arguments))
    with np.errstate(all="ignore"):
        result = scope[function.name](*(leaf for a in given for leaf in leaves(a)))
    for a, b in zip(leaves(given), leaves(list(arguments)), strict=True):
        np.testing.assert_array_equal(a, b, err_msg="an argument was written into")
    return result


def leaves(x: Any) -> list[Any]:
    """The numbers and arrays of a result or an argument, in order."""
    if isinstance(x, dict):
        return [leaf for item in x.values() for leaf in leaves(item)]
    return [leaf for item in x for leaf in leaves(item)] if isinstance(x, (tuple, list)) else [x]
