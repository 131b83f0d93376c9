"""Functions that are sums over shards of data, one shard in each process of MPI: the sums by `Allreduce`.

    total = value_and_grad(misfit, shard, MPI.COMM_WORLD)      misfit(params, *shard), summed over the processes
    minimize(total, params, jac=True)                          in each process, the same steps in all

The library adds the vectors up as a tree, and gives every process the same sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from mpi4py import MPI

from s2sad.api import gradients
from s2sad.dispatch.typed import BackendName
from s2sad.interop.ravelled import Ravelled
from s2sad.interop.trees import added


def value_and_grad(
    fun: Callable[..., Any],
    shard: Sequence[Any],
    comm: Any = MPI.COMM_WORLD,
    *,
    regulariser: Callable[[Any], Any] | None = None,
    backend: BackendName | None = None,
) -> Callable[[Any], tuple[float, Any]]:
    """The value and the gradient of the sum of `fun(params, *shard)` over the processes, and of `regulariser(params)`.

    Args:
        fun: a function of the parameters and of what one shard holds. The parameters are an array, or a tuple, list,
            dict or object of arrays.
        shard: what this process holds of the data.
        comm: the processes.
        regulariser: a function of the parameters alone, which is added once.
        backend: what runs the emitted code; None is plain NumPy.
    """
    own = gradients.value_and_grad(fun, backend=backend)
    once = None if regulariser is None else gradients.value_and_grad(regulariser, backend=backend)

    def total(params: Any) -> tuple[float, Any]:
        value, gradient = own(params, *shard)
        ravelled = Ravelled(gradient)
        sums = np.concatenate([[value], ravelled.vector])
        comm.Allreduce(MPI.IN_PLACE, sums)
        found = float(sums[0]), ravelled.back(sums[1:])
        return found if once is None else added([found, once(params)])

    return total
