"""Rows and columns of sparse arrays: `A[i]` and `A[:, k]` are sparse vectors, added up, multiplied, made dense."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from s2sad.errors import UnsupportedType
from s2sad.ir.primitive import Primitive, register
from s2sad.ir.sparse import LINE, Line, Matrix, UsersCall, method_of_line, op, sparse_type
from s2sad.ir.types import SparseType, array, integer
from s2sad.rules.scipy.sparse.matrices import dense, elements, is_number, same, sums

_PLACES = register(
    Primitive(
        "sparse line places",
        lambda x: x.tocoo().coords[0],
        lambda x, /: array(np.dtype(np.int64), (sparse_type(x).count,)),
        constant=True,
        spelling="_0.tocoo().coords[0]",
        called_as="places",
    )
)


def line_of(given: Any, a: Matrix, number: Any, others: Any, is_row: bool) -> Line:
    """A row of a matrix, at the columns that are left of it, or a column; SciPy gives it."""
    places = op(_PLACES, given)
    fixed = a.values.builder.call(np.full, np.size(places), number)
    along = others[places]
    return Line(given, elements(a, fixed, along) if is_row else elements(a, along, fixed), places)


def line_type(a: Matrix, length: Any, count: Any) -> SparseType:
    """The type of a line."""
    return SparseType(a.type.numbers, (1, length), count, LINE)


def _scaled(users: UsersCall, x: Line, values: Any) -> Line:
    t = replace(sparse_type(x.object.type), numbers=values.dtype or np.dtype(float))
    return Line(users.gives(t), values, x.places)


@method_of_line("toarray", "todense")
def _toarray(users: UsersCall, x: Line) -> Any:
    t = sparse_type(x.object.type)
    given: Any = users.gives(array(t.numbers, t.dims[1:]))
    return same(given, sums(x.values, x.places, np.size(given)))


@method_of_line("sum")
def _sum(users: UsersCall, x: Line) -> Any:
    found = np.sum(x.values)
    return same(users.gives(found.type), found)


@method_of_line("__matmul__", "__rmatmul__", "dot")
def _product(users: UsersCall, x: Line, other: Any) -> Any:
    y = dense(users, other)
    if y.type.rank != 1:
        raise UnsupportedType("a row or column of a sparse array times a matrix", "write A[[i]] @ B")
    found = np.sum(x.values * y[x.places])
    return same(users.gives(found.type), found)


@method_of_line("__mul__", "__rmul__", "multiply")
def _times(users: UsersCall, x: Line, other: Any) -> Line:
    return _scaled(users, x, x.values * (other if is_number(other) else dense(users, other)[x.places]))


@method_of_line("__truediv__")
def _over(users: UsersCall, x: Line, other: Any) -> Line:
    if not is_number(other):
        raise UnsupportedType("a row or column of a sparse array divided by an array", "write x.toarray() / y")
    return _scaled(users, x, x.values / other)


@method_of_line("__neg__")
def _negative(users: UsersCall, x: Line) -> Line:
    return _scaled(users, x, -x.values)


@method_of_line("nnz", "size")
def _count(users: UsersCall, x: Line) -> Any:
    return users.gives(integer(sparse_type(x.object.type).count))


@method_of_line("shape")
def _shape(users: UsersCall, x: Line) -> Any:
    return (op(_LENGTH, x.object),)


_LENGTH = register(
    Primitive(
        "sparse line length",
        lambda x: x.shape[0],
        lambda x, /: integer(sparse_type(x).dims[1]),
        constant=True,
        spelling="_0.shape[0]",
        called_as="length",
    )
)
