"""The systems: how each turns a problem into a call that gives value and gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import s2sad

Prepared = Callable[[], Any]
"""A call of value and gradient with its arguments bound."""


def with_numpy(problem: Any) -> Prepared:
    """The function alone."""
    f, arguments = problem.make(np), problem.arguments()
    return lambda: f(*arguments)


def with_s2sad(problem: Any) -> Prepared:
    df, arguments = s2sad.value_and_grad(problem.make(np)), problem.arguments()
    return lambda: df(*arguments)


def with_autograd(problem: Any) -> Prepared:
    import autograd
    import autograd.numpy as anp

    df, arguments = autograd.value_and_grad(problem.make(anp)), problem.arguments()
    return lambda: df(*arguments)


def _jax(problem: Any, compiled: bool) -> Prepared:
    import jax

    jax.config.update("jax_enable_x64", True)
    df = jax.value_and_grad(problem.make(jax.numpy))
    arguments = problem.arguments()
    static = tuple(k for k, a in enumerate(arguments) if isinstance(a, int))
    if compiled:
        df = jax.jit(df, static_argnums=static)
    moved = [a if k in static else jax.tree.map(jax.numpy.asarray, a) for k, a in enumerate(arguments)]
    return lambda: jax.block_until_ready(df(*moved))


def with_jax_jit(problem: Any) -> Prepared:
    return _jax(problem, True)


def with_jax_eager(problem: Any) -> Prepared:
    return _jax(problem, False)


def with_torch(problem: Any) -> Prepared:
    import torch

    torch.set_num_threads(1)
    f = problem.make(_Torch(torch))

    def moved(x: Any, leaf: bool) -> Any:
        if isinstance(x, (tuple, list)):
            return type(x)(moved(i, leaf) for i in x)
        if isinstance(x, int):
            return x
        return torch.tensor(np.asarray(x, float), requires_grad=leaf)

    def leaves(x: Any) -> list[Any]:
        return [leaf for i in x for leaf in leaves(i)] if isinstance(x, (tuple, list)) else [x]

    arguments = [moved(a, k == 0) for k, a in enumerate(problem.arguments())]
    parameters = leaves(arguments[0])

    def run() -> Any:
        value = f(*arguments)
        return value, torch.autograd.grad(value, parameters)

    return run


class _Torch:
    """NumPy's names for what the problems call."""

    def __init__(self, torch: Any) -> None:
        self.linalg = torch.linalg
        self.log, self.sqrt, self.exp, self.tanh = torch.log, torch.sqrt, torch.exp, torch.tanh
        self.sum, self.reshape = torch.sum, torch.reshape


SYSTEMS: dict[str, Callable[[Any], Prepared]] = {
    "s2sad": with_s2sad,
    "autograd": with_autograd,
    "JAX jit": with_jax_jit,
    "JAX eager": with_jax_eager,
    "PyTorch": with_torch,
}
