"""Which of scattered points are around a place: what objects of SciPy find, and no derivative is of."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.spatial

from s2sad.ir.dims import new_dim
from s2sad.ir.primitive import Primitive, register
from s2sad.ir.types import Type, array
from s2sad.ir.types import tuple_type as tuple_of


def corners_of(table: Any, at: Any) -> tuple[Any, Any]:
    """The corners of the triangle in which each place is, and whether it is in one."""
    if table.scale is not None:
        at = (at - table.offset) / table.scale
    found = table.tri.find_simplex(at)
    return table.tri.simplices[np.maximum(found, 0)], found >= 0


def nearest_of(table: Any, at: Any) -> Any:
    """The point that is nearest to each place."""
    if table.scale is not None:
        at = (at - table.offset) / table.scale
    return table.tree.query(at)[1]


def neighbors_of(points: Any, at: Any, count: int) -> Any:
    """The points that are nearest to each place."""
    found = scipy.spatial.KDTree(points).query(at, count)[1]
    return np.sort(found.reshape(len(at), -1), axis=1)


def _corners_type(table: Type, at: Type, /) -> Type:
    assert at.shape is not None
    count, dims = at.shape
    corners = dims + 1 if isinstance(dims, int) else new_dim("d")
    return tuple_of(array(np.dtype(np.int32), (count, corners)), array(np.dtype(bool), (count,)))


def _nearest_type(table: Type, at: Type, /) -> Type:
    assert at.shape is not None
    return array(np.dtype(np.int64), at.shape[:1])


def _neighbors_type(points: Type, at: Type, count: Type, /) -> Type:
    assert at.shape is not None
    number = count.size if isinstance(count.size, int) else new_dim("k")
    return array(np.dtype(np.int64), (at.shape[0], number))


register(Primitive("corners_of", corners_of, _corners_type, constant=True, helper=True))
register(Primitive("nearest_of", nearest_of, _nearest_type, constant=True, helper=True))
register(Primitive("neighbors_of", neighbors_of, _neighbors_type, constant=True, helper=True))
