"""The minimal cut against all choices that there are."""

import itertools

import numpy as np
import pytest

from s2sad.differentiate.reverse.cut import Cost, kept_of


def network(rng):
    """Values that are computed of earlier ones, and those of them that are wanted."""
    count = rng.integers(2, 8)
    costs = {}
    for k in range(count):
        of = tuple(int(o) for o in rng.permutation(k)[: rng.integers(0, 4)])
        fixed = not of or rng.random() < 0.2
        keep, again = (int(c) for c in rng.integers(1, 20, 2))
        costs[k] = Cost(keep) if fixed else Cost(keep, again // 2 + 1, of)
    return costs, [int(k) for k in rng.permutation(count)[: rng.integers(1, count + 1)]]


def cost_of(costs, wanted, kept):
    """What it costs to have all that is wanted, where these are kept; None where that cannot be."""
    seen, pending = set(), list(wanted)
    while pending:
        v = pending.pop()
        if v in seen:
            continue
        seen.add(v)
        if v not in kept:
            if costs[v].again is None:
                return None
            pending += costs[v].of
    return sum(costs[v].keep if v in kept else costs[v].again for v in seen)


@pytest.mark.parametrize("seed", range(60))
def test_no_choice_costs_less(seed):
    costs, wanted = network(np.random.default_rng(seed))
    choices = itertools.chain.from_iterable(itertools.combinations(costs, k) for k in range(len(costs) + 1))
    least = min(c for kept in choices if (c := cost_of(costs, wanted, set(kept))) is not None)
    assert cost_of(costs, wanted, kept_of(wanted, costs)) == least


def test_of_choices_that_cost_the_same_the_one_that_computes_least():
    assert kept_of(["y"], {"x": Cost(4), "y": Cost(6, 2, ("x",))}) == {"y"}


def test_a_long_chain():
    count = 5000
    costs = {0: Cost(10)} | {k: Cost(10, 3, (k - 1,)) for k in range(1, count)}
    assert kept_of(range(count), costs) == {0}
