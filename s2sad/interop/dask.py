"""Functions that are sums over shards of data, on the workers of dask: values and gradients, added up as a tree.

    total = value_and_grad(misfit, shards, client)      misfit(params, *shard), summed over the shards
    value, gradient = total(params)                     one task a shard, then sums of a few at a time

A shard is a future: what a worker has loaded. Where a worker dies, dask loads its shards anew on another one, and
computes what was lost again; so shards are made by tasks (`load_shards`), not sent from here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from distributed import Client, Future

from s2sad.api import gradients
from s2sad.dispatch.typed import BackendName
from s2sad.errors import ArgumentError
from s2sad.interop.trees import added


def load_shards(client: Client, load: Callable[..., Any], count: int, *args: Any) -> list[Future[Any]]:
    """The shards `load(0, *args)`, `load(1, *args)`, ..., tuples of arrays, loaded on the workers and kept there."""
    return [client.submit(load, k, *args) for k in range(count)]


class Summed:
    """What `value_and_grad` gives: a function of the parameters, like any other for a minimiser."""

    def __init__(
        self,
        derivative: Callable[..., Any],
        shards: Sequence[Future[Any]],
        client: Client,
        once: Callable[[Any], Any] | None,
        fan_in: int,
    ) -> None:
        self.derivative, self.shards, self.client, self.once, self.fan_in = derivative, shards, client, once, fan_in

    def submit(self, params: Any) -> Future[Any]:
        """The sum over the shards as a future, without what is added once."""
        # a derivative is pure, but dask would have to look at all parameters to know a call again
        parts = [self.client.submit(_on_shard, self.derivative, params, shard, pure=False) for shard in self.shards]
        while len(parts) > 1:
            groups = [parts[k : k + self.fan_in] for k in range(0, len(parts), self.fan_in)]
            parts = [self.client.submit(added, group, pure=False) for group in groups]
        return parts[0]

    def __call__(self, params: Any) -> Any:
        total = self.submit(params)
        here = None if self.once is None else self.once(params)
        found = total.result()
        return found if here is None else added([found, here])


def value_and_grad(
    fun: Callable[..., Any],
    shards: Sequence[Future[Any]],
    client: Client,
    *,
    regulariser: Callable[[Any], Any] | None = None,
    fan_in: int = 8,
    backend: BackendName | None = None,
) -> Summed:
    """The value and the gradient of `sum(fun(params, *shard) for shard in shards) + regulariser(params)`.

    Args:
        fun: a function of the parameters and of what one shard holds. The parameters are an array, or a tuple, list,
            dict or object of arrays.
        shards: futures of tuples, as `load_shards` gives them.
        client: the client of the cluster that has them.
        regulariser: a function of the parameters alone, which is added once.
        fan_in: how many sums are added up in one task: a tree of `log(shards) / log(fan_in)` levels.
        backend: what runs the emitted code; None is plain NumPy.

    Raises:
        ArgumentError: there are no shards.
    """
    if not shards:
        raise ArgumentError("there are no shards to add up")
    once = None if regulariser is None else gradients.value_and_grad(regulariser, backend=backend)
    return Summed(gradients.value_and_grad(fun, backend=backend), shards, client, once, max(fan_in, 2))


def _on_shard(derivative: Callable[..., Any], params: Any, shard: Sequence[Any]) -> Any:
    return derivative(params, *shard)
