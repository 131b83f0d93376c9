"""Trees of numbers and arrays as vectors, for those that know vectors alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from s2sad.errors import ArgumentError
from s2sad.interop.calls import is_number
from s2sad.interop.trees import put_in, taken_apart


class Ravelled:
    """A tree of numbers and arrays as one vector, and vectors as such trees."""

    def __init__(self, like: Any) -> None:
        self.tree, arrays = taken_apart(like, is_number, is_number)
        if not arrays:
            raise ArgumentError("there are no numbers to make a vector of")
        self.shapes = [np.shape(a) for a in arrays]
        self.vector = self(like)
        self._plain = isinstance(like, np.ndarray) and like.ndim == 1

    def __call__(self, tree: Any) -> np.ndarray:
        """The vector of a tree like this."""
        if isinstance(tree, np.ndarray) and tree.ndim == 1:
            return np.asarray(tree, float)
        return np.concatenate([np.ravel(a) for a in taken_apart(tree, is_number, is_number)[1]], dtype=float)

    def back(self, vector: np.ndarray) -> Any:
        """The tree of a vector."""
        if self._plain:
            return vector
        ends = np.cumsum([int(np.prod(s)) for s in self.shapes])
        parts = np.split(vector, ends[:-1])
        given = [p.reshape(s) if s else float(p[0]) for p, s in zip(parts, self.shapes, strict=True)]
        return put_in(self.tree, given)

    def matrix(self, jacobian: Any, rows: int) -> np.ndarray:
        """The columns of a Jacobian by such a tree, side by side."""
        if self._plain:
            return np.asarray(jacobian).reshape(rows, -1)
        _, blocks = taken_apart(jacobian, is_number, is_number)
        return np.concatenate([np.reshape(b, (rows, -1)) for b in blocks], axis=1)
