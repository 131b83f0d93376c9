"""Trees of numbers and arrays as vectors, for those that know vectors alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from s2sad.errors import ArgumentError
from s2sad.ir.trees import flatten, is_number, mapped, ravel_pytree


class Ravelled:
    """A tree of numbers and arrays as one vector of float64, and vectors as such trees."""

    def __init__(self, like: Any) -> None:
        floats = mapped(_in_float64, like)
        self.vector, self._unravel = ravel_pytree(floats)
        if not self.vector.size:
            raise ArgumentError("there are no numbers to make a vector of")

    def __call__(self, tree: Any) -> np.ndarray:
        """The vector of a tree like this."""
        return np.asarray(ravel_pytree(tree)[0], float)

    def back(self, vector: Any) -> Any:
        """The tree of a vector."""
        return self._unravel(np.asarray(vector, float))

    def matrix(self, jacobian: Any, rows: int) -> np.ndarray:
        """The columns of a Jacobian by such a tree, side by side."""
        return np.concatenate([np.reshape(b, (rows, -1)) for b in flatten(jacobian)[0] if is_number(b)], axis=1)


def _in_float64(leaf: Any) -> Any:
    if not is_number(leaf):
        return leaf
    return np.asarray(leaf, float) if isinstance(leaf, np.ndarray) else float(leaf)
