"""Functions over NumPy as operations of PyTensor, and so in models of PyMC: gradients go through them, NUTS samples.

A function is one `Op`. Its pullback is the same of s2sad's pullback, its pushforward the same of s2sad's pushforward,
so that both can be differentiated again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op

from s2sad.dispatch.typed import BackendName
from s2sad.errors import ArgumentError
from s2sad.frontend.reading.callables import callable_name
from s2sad.interop.calls import Call, call_of
from s2sad.interop.trees import put_in

UNKNOWN = 2
"""What stands for a length that a graph does not say, where the types of results are found."""


def wrap(fun: Callable[..., Any], *, backend: BackendName | None = None) -> Callable[..., Any]:
    """A function over NumPy as one over variables of PyTensor.

    Args:
        fun: a function that s2sad differentiates. Variables may stand in tuples, lists, dicts and objects of its
            arguments and of its result; integers and strings of Python are part of the function.
        backend: what runs the emitted code; None is plain NumPy.

    Raises:
        ArgumentError: the arguments do not fit the function, or the ranks of its results are not known.

    >>> import numpy as np
    >>> x = pt.dvector("x")
    >>> gradient = pt.grad(wrap(lambda x: np.sum(x**3))(x), x)
    >>> gradient.eval({x: [1.0, 2.0]})
    array([ 3., 12.])
    """

    @functools.wraps(fun)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        call, leaves = call_of(fun, args, kwargs, _is_array, _holds_floats, backend)
        inputs = [pt.as_tensor_variable(a if isinstance(a, Variable) else np.asarray(a)) for a in leaves]
        call, types = _typed(call, inputs)
        return put_in(call.result, _outputs(CallOp(call, types), inputs))

    return wrapped


def _is_array(value: object) -> bool:
    return isinstance(value, (Variable, np.ndarray, np.generic, float, complex))


def _holds_floats(value: Any) -> bool:
    return np.dtype(getattr(value, "dtype", type(value))).kind in "fc"


def _typed(call: Call, inputs: Sequence[Any]) -> tuple[Call, list[Any]]:
    """The call that knows the tree of its result, and the types in that, with lengths where all inputs have some."""
    shapes = [i.type.shape for i in inputs]
    ones = [np.ones([UNKNOWN if n is None else n for n in s], i.dtype) for s, i in zip(shapes, inputs, strict=True)]
    typed, found = call.typed(ones)
    known = found is not None and all(n is not None for s in shapes for n in s)
    if found is None:
        typed, found = call.typed(ones, UNKNOWN)
    if found is None:
        what = f"the ranks of what {callable_name(call.function)} gives are not known by the types of its arguments"
        raise ArgumentError(f"{what}: give it variables whose shapes are known")
    return typed, [pt.TensorType(a.dtype, a.shape if known else (None,) * a.ndim) for a in found]


def _outputs(op: CallOp, inputs: Sequence[Any]) -> list[Any]:
    return list(op.make_node(*inputs).outputs)


class CallOp(Op):
    """A call as PyTensor knows it: its result has these types."""

    def __init__(self, call: Call, types: Sequence[Any]) -> None:
        self.call = call
        self.types = types

    def __str__(self) -> str:
        return f"s2sad.{callable_name(self.call.function)}"

    def make_node(self, *inputs: Any) -> Any:
        return Apply(self, list(inputs), [t() for t in self.types])

    def perform(self, node: Any, inputs: Sequence[Any], output_storage: Sequence[list[Any]]) -> None:
        found, _ = self.call.run(list(map(np.asarray, inputs)))
        for storage, array, t in zip(output_storage, found, self.types, strict=True):
            storage[0] = np.array(array, t.dtype)

    def pullback(self, inputs: Sequence[Any], outputs: Sequence[Any], cotangents: Sequence[Any]) -> list[Any]:
        moved = self.call.moved(range(len(inputs)))
        bars = [
            output.zeros_like() if isinstance(bar.type, DisconnectedType) else bar
            for output, bar, slot in zip(outputs, cotangents, self.call.results, strict=True)
            if slot.inexact
        ]
        op = CallOp(self.call.pullback(moved), [inputs[k].type for k in moved])
        found = dict(zip(moved, _outputs(op, [*inputs, *bars]), strict=True))
        return [found[k] if k in found else disconnected_type() for k in range(len(inputs))]

    def pushforward(self, inputs: Sequence[Any], outputs: Sequence[Any], tangents: Sequence[Any]) -> list[Any]:
        wanted = [k for k, t in enumerate(tangents) if not isinstance(t.type, DisconnectedType)]
        dots = [tangents[k] if k in wanted else inputs[k].zeros_like() for k in self.call.moved(wanted)]
        inexact = [slot.inexact for slot in self.call.results]
        op = CallOp(self.call.pushforward(wanted), [o.type for o, i in zip(outputs, inexact, strict=True) if i])
        found = iter(_outputs(op, [*inputs, *dots]))
        return [next(found) if i else disconnected_type() for i in inexact]

    def L_op(self, inputs: Sequence[Any], outputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The pullback, by the name that it has before PyTensor 3."""
        return self.pullback(inputs, outputs, output_grads)

    def R_op(self, inputs: Sequence[Any], eval_points: Sequence[Any]) -> list[Any]:
        """The pushforward, by the name that it has before PyTensor 3: None is for what is not connected."""
        outputs = self.make_node(*inputs).outputs
        found = self.pushforward(inputs, outputs, [disconnected_type() if t is None else t for t in eval_points])
        return [None if isinstance(v.type, DisconnectedType) else v for v in found]

    def connection_pattern(self, node: Any) -> list[list[bool]]:
        moved = self.call.moved(range(len(node.inputs)))
        return [[k in moved and slot.inexact for slot in self.call.results] for k in range(len(node.inputs))]
