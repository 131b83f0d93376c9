"""Functions that call themselves and give one real number: a call hands over its own gradient, in place of residuals.

    v1, x_grad = power_value_and_grad(k - 1, x)          # v1 = power(k - 1, x)
    ...
    x_bar = v1_bar * x_grad                              # v1 = power(k - 1, x)

The residuals of a recursion are a tree as large as that of its calls; gradients are as large as the arguments, and at
any time there are only those of the calls on the way to the present one.
"""

from __future__ import annotations

from collections.abc import Sequence

from s2sad.differentiate.reverse.pairs import PairOf
from s2sad.differentiate.reverse.sweeps import gradient
from s2sad.differentiate.tangents import leaf_paths
from s2sad.ir.backend import NUMPY, Backend
from s2sad.ir.builder import Builder
from s2sad.ir.values import Function


def has_local_gradient(function: Function, active: Sequence[bool]) -> bool:
    """Whether the adjoints of the active parameters are multiples of one gradient: the result is one real number."""
    # The chain rule for one number: x_bar = y_bar * dy/dx, and dy/dx is known when the call returns. With two results a
    # call would have to hand over a Jacobian. A complex result is two numbers.
    t = function.result.type
    if t.shape != () or t.dtype is None or t.dtype.kind != "f":
        return False
    inputs = [p for p, a in zip(function.parameters, active, strict=True) if a]
    return all(leaf.is_numeric for p in inputs for _, leaf in leaf_paths(p.type))


def local_gradient(
    function: Function, active: Sequence[bool], pair_of: PairOf, name: str, backend: Backend = NUMPY
) -> Function:
    """`f_value_and_grad(*parameters) -> (value, *gradients)`."""
    made = gradient(function, active, pair_of, name, True, asked=range(sum(active)), backend=backend)
    builder = Builder()
    builder.operations = list(made.body.operations)
    value, bars = (builder.extract(made.result, k) for k in (0, 1))
    items = [value, *(builder.extract(bars, k) for k in range(sum(active)))]
    final = builder.tuple(items)
    return Function(name, builder.block(made.parameters, [final]), made.doc)
