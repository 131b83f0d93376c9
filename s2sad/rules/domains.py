"""Where functions are tested: the numbers that an operand may be, and the shapes that operands may have together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from s2sad.ir.primitive import Sample, Samples

Domain = Callable[[np.random.Generator, tuple[int, ...]], Any]


def REAL(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Any number, none near a kink at 0."""
    return rng.uniform(0.2, 2.0, shape) * rng.choice([-1.0, 1.0], shape)


def POSITIVE(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.uniform(0.3, 2.5, shape)


def UNIT(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Between -1 and 1, both excluded."""
    return rng.uniform(0.1, 0.9, shape) * rng.choice([-1.0, 1.0], shape)


def PROBABILITY(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Between 0 and 1."""
    return rng.uniform(0.1, 0.9, shape)


def ORDER(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Small integers."""
    return rng.integers(0, 4, shape)


def ABOVE_ONE(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.uniform(1.2, 3.0, shape)


def DIVIDEND(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Such that a division by a DIVISOR has a remainder far from 0."""
    return rng.uniform(2.35, 2.6, shape) * rng.choice([-1.0, 1.0], shape)


def DIVISOR(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.uniform(0.95, 1.05, shape) * rng.choice([-1.0, 1.0], shape)


def elementwise_samples(domains: tuple[Domain, ...], analytic: bool = False) -> Samples:
    """Scalars, equal shapes, and every way in which one operand broadcasts against the others; 0-d and empty arrays."""
    n = len(domains)

    def samples(rng: np.random.Generator) -> Iterable[Sample]:
        shapes: list[tuple[tuple[int, ...], ...]] = [(shape,) * n for shape in [(), (4,), (2, 3), (0, 2)]]
        if n > 1:
            shapes += [
                tuple(small if i == k else (2, 3) for i in range(n))
                for k in range(n)
                for small in [(), (3,), (1, 3), (2, 1)]
            ]
        for row in shapes:
            yield Sample(tuple(d(rng, shape)[()] for d, shape in zip(domains, row, strict=True)))
        yield Sample(tuple(np.asarray(d(rng, ())).item() for d in domains))
        yield Sample(tuple(np.array(d(rng, ())) for d in domains))
        if analytic:
            yield Sample(tuple(d(rng, (3,)) + 1j * d(rng, (3,)) for d in domains))
            if n > 1:
                yield Sample((domains[0](rng, (3,)), *(d(rng, (2, 3)) + 1j * d(rng, (2, 3)) for d in domains[1:])))

    return samples
