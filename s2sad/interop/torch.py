"""Functions over NumPy as functions over torch tensors: `backward`, `torch.func` and `gradcheck` go through them.

A function is one `torch.autograd.Function`. Its backward is the same of s2sad's pullback, its `jvp` the same of s2sad's
pushforward, so that both can be differentiated again; its `vmap` is the same of the function of many examples.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from s2sad.dispatch.typed import BackendName
from s2sad.errors import ArgumentError
from s2sad.interop.calls import Call, call_of
from s2sad.interop.trees import put_in


def wrap(fun: Callable[..., Any], *, backend: BackendName | None = None) -> Callable[..., Any]:
    """A function over NumPy as one over torch tensors.

    Args:
        fun: a function that s2sad differentiates. Tensors may stand in tuples, lists, dicts and objects of its
            arguments and of its result; integers and strings of Python are part of the function.
        backend: what runs the emitted code; None is plain NumPy.

    Numbers are computed on the processor; results are on the device of the first tensor.

    Raises:
        ArgumentError: the arguments do not fit the function.

    >>> import numpy as np
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> wrap(lambda x: np.sum(x**3))(x).backward()
    >>> x.grad
    tensor([ 3., 12.])
    """

    @functools.wraps(fun)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        call, leaves = call_of(fun, args, kwargs, _is_array, _holds_floats, backend)
        # by way of NumPy: torch would take a number of Python for a float32
        tensors = [a if isinstance(a, torch.Tensor) else torch.as_tensor(np.asarray(a)) for a in leaves]
        found, call = _applied(call, tensors)
        return put_in(call.result, found)

    return wrapped


def _is_array(value: object) -> bool:
    return isinstance(value, (torch.Tensor, np.ndarray, np.generic, float, complex))


def _holds_floats(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return bool(value.is_floating_point() or value.is_complex())
    return bool(np.asarray(value).dtype.kind in "fc")


class _Run:
    """A call on its way through torch: when it has run it knows the tree of its result."""

    def __init__(self, call: Call) -> None:
        self.call = call


def _applied(call: Call, tensors: Sequence[torch.Tensor]) -> tuple[list[torch.Tensor], Call]:
    run = _Run(call)
    found = _Function.apply(run, *tensors)
    return list(found), run.call


def _array(tensor: torch.Tensor) -> np.ndarray:
    if tensor.dtype is torch.bfloat16:
        raise ArgumentError("a tensor of bfloat16, which NumPy does not have: pass x.float()")
    return np.asarray(tensor.detach().cpu().resolve_conj().resolve_neg().numpy())


class _Function(torch.autograd.Function):
    """A call as torch knows it."""

    @staticmethod
    def forward(run: _Run, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        found, run.call = run.call.run(list(map(_array, tensors)))
        device = next((t.device for t in tensors), None)
        # what the function gives may be memory of its arguments
        return tuple(torch.tensor(a, device=device) for a in found)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[torch.Tensor, ...]) -> None:
        run, *tensors = inputs
        ctx.call = run.call
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)
        ctx.mark_non_differentiable(*(t for t in output if not _holds_floats(t)))

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> tuple[torch.Tensor | None, ...]:
        tensors = ctx.saved_tensors  # once: where a checkpoint makes them anew, it does so for one look
        wanted = [k for k, needed in enumerate(ctx.needs_input_grad[1:]) if needed]
        bars = [_conjugate(c) for c, floats in zip(cotangents, _inexact_results(ctx.call), strict=True) if floats]
        found, _ = _applied(ctx.call.pullback(wanted), [*tensors, *bars])
        by_operand = dict(zip(ctx.call.moved(wanted), map(_conjugate, found), strict=True))
        return None, *(by_operand.get(k) if k in wanted else None for k in range(len(tensors)))

    @staticmethod
    def jvp(ctx: Any, _: None, *tangents: torch.Tensor | None) -> tuple[torch.Tensor | None, ...]:
        tensors = ctx.saved_tensors
        wanted = [k for k, t in enumerate(tangents) if t is not None]
        dots = [_or_zero(tangents[k], tensors[k]) for k in ctx.call.moved(wanted)]
        found = iter(_applied(ctx.call.pushforward(wanted), [*tensors, *dots])[0])
        return tuple(next(found) if floats else None for floats in _inexact_results(ctx.call))

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], run: _Run, *tensors: torch.Tensor) -> tuple[Any, Any]:
        dims = in_dims[1:]
        first = [t if d is None else t.movedim(d, 0) for t, d in zip(tensors, dims, strict=True)]
        found, batched = _applied(run.call.batched([d is not None for d in dims]), first)
        run.call = run.call.known_by(batched)
        return tuple(found), (0,) * len(found)


def _conjugate(cotangent: torch.Tensor) -> torch.Tensor:
    """A cotangent of torch's, which is the conjugate of JAX's and s2sad's, as one of these, or back."""
    return cotangent.conj() if cotangent.is_complex() else cotangent


def _or_zero(tangent: torch.Tensor | None, like: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(like) if tangent is None else tangent


def _inexact_results(call: Call) -> list[bool]:
    return [slot.inexact for slot in call.results]
