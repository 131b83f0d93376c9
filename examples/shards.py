"""A logistic regression fitted to data in shards, on the processes of a cluster of dask.

    python examples/shards.py [shards] [rows of each] [workers]

The misfit is a sum over all rows, and so is its gradient: each worker computes both for the shards that it has loaded,
the sums are added up as a tree, and the regulariser is added once, where the minimiser runs. The emitted gradient
travels with the task; nothing of it knows of shards.
"""

import sys
import time

import numpy as np

FEATURES = 40


def load(k, rows=20_000):
    """The shard number k: it would be read from a file that all workers see."""
    rng = np.random.default_rng(k)
    x = rng.normal(size=(rows, FEATURES))
    weights = np.sin(np.arange(FEATURES))
    labels = rng.random(rows) < 1.0 / (1.0 + np.exp(-(x @ weights)))
    return x, labels.astype(float)


def logistic_loss(params, x, labels):
    """The negative log-likelihood of the labels of one shard."""
    score = x @ params["weights"] + params["bias"]
    return np.sum(np.logaddexp(0.0, score) - labels * score)


def penalty(params):
    return 0.5 * np.sum(params["weights"] ** 2)


def fitted(client, shards):
    """What minimises the misfit of all shards, and how many times they were passed."""
    from s2sad.interop.dask import value_and_grad  # here: the derivative alone needs no dask
    from s2sad.interop.scipy import minimize

    total = value_and_grad(logistic_loss, shards, client, regulariser=penalty)
    start = {"weights": np.zeros(FEATURES), "bias": 0.0}
    return minimize(total, start, method="L-BFGS-B", jac=True)


def main(count=16, rows=20_000, workers=2):
    from distributed import Client, LocalCluster, wait

    from s2sad.interop.dask import load_shards

    with LocalCluster(workers, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        shards = load_shards(client, load, count, rows)
        wait(shards)
        start = time.perf_counter()
        found = fitted(client, shards)
        seconds = time.perf_counter() - start
    error, passes = np.max(np.abs(found.x["weights"] - np.sin(np.arange(FEATURES)))), found.nfev
    print(f"{count} shards of {rows} rows, {workers} processes: {passes} passes, largest error {error:.3f}")
    print(f"{1e3 * seconds / passes:.0f} ms a pass", file=sys.stderr)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
